/*
 * live_private.h - what the files of live.h share.
 *
 *     live.c          rounds; what others ask
 *     live_extents.c  what is where in a file that grows
 *     live_tables.c   modules and call tables
 *     live_chunks.c   chunks, copied as far as they are complete
 */
#ifndef CT_TRACE_LIVE_PRIVATE_H
#define CT_TRACE_LIVE_PRIVATE_H

#include <stddef.h>
#include <sys/types.h>

#include "trace/live.h"

#define CT_LIVE_THREADS 65536u

struct extent {
	uint64_t offset, size;
	uint32_t thread, seq; /* as its header last said */
	uint16_t kind;
	bool settled;         /* nobody will write into it any more, while there is room in the file */
};

/* Where a chunk may be: in the file, and in the memory that it was filled in. */
struct copies {
	uint32_t extent[2]; /* numbers + 1, the newest first; 0: none */
};

/* Pages in which no extent began yet. */
struct hole {
	uint64_t offset, end;
};

struct segment {
	uint64_t offset;
	uint32_t first, seen; /* rows */
	uint64_t room;
};

struct live_thread {
	struct ct_stream stream;
	struct ct_raw_thread *raw;
	uint32_t number; /* in the file */
	uint32_t tid;
	char name[16];
	uint32_t row_room;
	uint32_t chunk_room;
	struct segment *segments;
	uint32_t segment_count;
	struct copies *by_seq;
	uint32_t seq_count; /* numbers from 0 that `by_seq` has */
	uint32_t newest;    /* of all chunks that were seen */
	uint32_t seq;       /* of the chunk that is being read */
	bool reading;       /* the last of raw->chunks is that one */
	bool has_values;    /* in it, so that its copy must stay */
	bool gap;           /* before it */
	uint64_t *words;    /* the copy */
	size_t room, taken; /* words of it; those that the stream has got */
	size_t high;        /* behind it they are 0 */
	uint64_t ticks;     /* of the last of those taken */
};

struct ct_live {
	struct ct_trace trace;
	struct ct_live_resolver resolver;
	struct ct_raw raw;
	int fd;
	bool known; /* device and inode are */
	dev_t device;
	ino_t inode;
	pid_t self; /* the thread that asks */
	uint64_t now; /* ticks when the round began */
	uint64_t scanned; /* how far */
	struct extent *extents;
	uint32_t extent_count, extent_room;
	struct hole *holes;
	uint32_t hole_count, hole_room;
	struct live_thread **by_number; /* of the file's threads */
	uint32_t number_room;
	struct live_thread **threads;
	uint32_t thread_count;
	uint64_t *module_at; /* offsets, of those of raw.modules that are in the file; else 0 */
	uint64_t **kept;     /* copies of chunks with values */
	uint32_t kept_count, kept_room;
	uint64_t gaps;
	uint64_t written_over; /* lost[CT_LOST_LIMIT] when headers were last looked at */
};

/* --- live_extents.c --- */

/* Room for one more item behind `count`. */
void *ct_live_grow(void *items, uint32_t count, uint32_t *room, size_t size);
bool ct_live_read_at(const struct ct_live *live, void *to, size_t size, uint64_t offset);
bool ct_live_read_head(const struct ct_live *live, uint64_t offset, struct ct_extent *head);
/* The thread that a chunk or a segment is of, new if need be; NULL: there are too many. */
struct live_thread *ct_live_thread_of(struct ct_live *live, const struct ct_extent *head);
/* Whether an extent has begun in what was only reserved when it was last looked at. */
bool ct_live_has_grown(const struct ct_live *live);
/* Takes in all that is in the file now. */
void ct_live_look_around(struct ct_live *live);

/* --- live_tables.c --- */

void ct_live_read_module(struct ct_live *live, uint64_t offset);
void ct_live_update_modules(struct ct_live *live);
void ct_live_update_rows(struct ct_live *live, struct live_thread *t);

/* --- live_chunks.c --- */

/* For ct_stream.feed, of a struct live_thread. */
bool ct_live_feed(struct ct_stream *s);

#endif
