/*
 * sink.h - bytes on their way into a file: large buffers, filled by one thread and, once
 * the first is full, written by another.
 */
#ifndef CT_TRACE_SINK_H
#define CT_TRACE_SINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_SINK_BUFFER (256u << 10) /* stays in the second-level cache */
#define CT_SINK_BUFFERS 3

struct ct_sink {
	char *at, *limit; /* where the next byte goes; the end of the buffer */
	char *buffer[CT_SINK_BUFFERS];
	size_t size[CT_SINK_BUFFERS]; /* of what waits to be written */
	int fd;
	unsigned filling, writing; /* counted on, modulo the number of buffers */
	bool threaded, done;
	int error; /* errno of the first write that failed; what follows is dropped */
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

void ct_sink_init(struct ct_sink *sink, int fd);
/* Writes what is left; returns 0 or errno. */
int ct_sink_finish(struct ct_sink *sink);
void ct_sink_flush(struct ct_sink *sink);

/* Room for `n` bytes, at most CT_SINK_BUFFER. */
static inline char *ct_sink_room(struct ct_sink *sink, size_t n)
{
	if (__builtin_expect((size_t)(sink->limit - sink->at) < n, 0))
		ct_sink_flush(sink);
	return sink->at;
}

void ct_sink_add(struct ct_sink *sink, const char *bytes, size_t n); /* any n */

#endif
