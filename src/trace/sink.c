#include "trace/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		data += n;
		size -= (size_t) n;
	}
	return 0;
}

static void begin_buffer(struct ct_sink *sink)
{
	unsigned which = sink->filling % CT_SINK_BUFFERS;

	if (!sink->buffer[which])
		sink->buffer[which] = ct_alloc(CT_SINK_BUFFER);
	sink->at = sink->buffer[which];
	sink->limit = sink->at + CT_SINK_BUFFER;
}

void ct_sink_init(struct ct_sink *sink, int fd)
{
	*sink = (struct ct_sink){ .fd = fd, .lock = PTHREAD_MUTEX_INITIALIZER,
		                  .changed = PTHREAD_COND_INITIALIZER };
	begin_buffer(sink);
}

static void write_one(struct ct_sink *sink, const char *data, size_t size)
{
	int error = sink->error ? 0 : write_all(sink->fd, data, size);

	if (error)
		sink->error = error;
}

static void *writer_main(void *user)
{
	struct ct_sink *sink = user;

	pthread_mutex_lock(&sink->lock);
	for (;;) {
		unsigned which = sink->writing % CT_SINK_BUFFERS;

		if (sink->writing == sink->filling) {
			if (sink->done)
				break;
			pthread_cond_wait(&sink->changed, &sink->lock);
			continue;
		}
		pthread_mutex_unlock(&sink->lock);
		write_one(sink, sink->buffer[which], sink->size[which]);
		pthread_mutex_lock(&sink->lock);
		sink->writing++;
		pthread_cond_signal(&sink->changed);
	}
	pthread_mutex_unlock(&sink->lock);
	return NULL;
}

/* Hands the full buffer over, and waits for an empty one. */
static void hand_over(struct ct_sink *sink, size_t size)
{
	pthread_mutex_lock(&sink->lock);
	sink->size[sink->filling % CT_SINK_BUFFERS] = size;
	sink->filling++;
	pthread_cond_signal(&sink->changed);
	while (sink->filling - sink->writing == CT_SINK_BUFFERS)
		pthread_cond_wait(&sink->changed, &sink->lock);
	pthread_mutex_unlock(&sink->lock);
}

void ct_sink_flush(struct ct_sink *sink)
{
	char *buffer = sink->buffer[sink->filling % CT_SINK_BUFFERS];
	size_t size = (size_t)(sink->at - buffer);

	if (!sink->threaded)
		sink->threaded = pthread_create(&sink->writer, NULL, writer_main, sink) == 0;
	if (sink->threaded)
		hand_over(sink, size);
	else
		write_one(sink, buffer, size);
	begin_buffer(sink);
}

void ct_sink_add(struct ct_sink *sink, const char *bytes, size_t n)
{
	while (n) {
		size_t room = (size_t)(sink->limit - sink->at), take = n < room ? n : room;

		memcpy(sink->at, bytes, take);
		sink->at += take;
		bytes += take;
		n -= take;
		if (sink->at == sink->limit)
			ct_sink_flush(sink);
	}
}

int ct_sink_finish(struct ct_sink *sink)
{
	char *buffer = sink->buffer[sink->filling % CT_SINK_BUFFERS];

	if (sink->threaded) {
		hand_over(sink, (size_t)(sink->at - buffer));
		pthread_mutex_lock(&sink->lock);
		sink->done = true;
		pthread_cond_signal(&sink->changed);
		pthread_mutex_unlock(&sink->lock);
		pthread_join(sink->writer, NULL);
	} else {
		write_one(sink, buffer, (size_t)(sink->at - buffer));
	}
	for (unsigned i = 0; i < CT_SINK_BUFFERS; i++)
		free(sink->buffer[i]);
	return sink->error;
}
