/*
 * live_extents.c - extents of a file that grows: found, told apart, copied. See live.h.
 *
 * An extent stays where it is, but a chunk that is mapped is used again: its header then bears another
 * `seq`, or another thread. So a thread's chunk number n is looked for by what the headers said when
 * last looked at, and the header is read again behind each copy. Of two copies the one with
 * more records counts, as in a finished file: a chunk is cleared only once it stands in the file.
 */
#include "trace/live_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

void *ct_live_grow(void *items, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room ? *room * 2 : 16;
	return ct_realloc(items, *room * size);
}

bool ct_live_read_at(const struct ct_live *live, void *to, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t n = pread(live->fd, to, size, (off_t) offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to = (char *) to + n;
		offset += (uint64_t) n;
		size -= (size_t) n;
	}
	return true;
}

bool ct_live_read_head(const struct ct_live *live, uint64_t offset, struct ct_extent *head)
{
	return ct_live_read_at(live, head, sizeof *head, offset) && head->magic == CT_EXTENT_MAGIC
	       && head->size >= CT_PAGE && head->size % CT_PAGE == 0;
}

/* --- threads --- */

struct live_thread *ct_live_thread_of(struct ct_live *live, const struct ct_extent *head)
{
	struct live_thread *t;
	uint32_t number = head->thread;

	if (number >= CT_LIVE_THREADS || live->thread_count == CT_LIVE_THREADS)
		return NULL;
	if (number >= live->number_room) {
		uint32_t room = live->number_room ? live->number_room : 16;

		while (room <= number)
			room *= 2;
		live->by_number = ct_realloc(live->by_number, room * sizeof(struct live_thread *));
		memset(live->by_number + live->number_room, 0,
		       (room - live->number_room) * sizeof(struct live_thread *));
		live->number_room = room;
	}
	t = live->by_number[number];
	if (!t) {
		t = live->by_number[number] = ct_calloc(1, sizeof *t);
		t->number = number;
		t->raw = &live->raw.threads[live->thread_count];
		live->threads = ct_realloc(live->threads, (live->thread_count + 1) * sizeof *live->threads);
		ct_stream_init(&t->stream, &live->trace, live->thread_count);
		live->threads[live->thread_count++] = t;
		live->raw.thread_count = live->trace.thread_count = live->thread_count;
	}
	if (head->tid)
		t->tid = head->tid;
	if (head->thread_name[0]) {
		memcpy(t->name, head->thread_name, sizeof t->name);
		t->name[sizeof t->name - 1] = '\0';
	}
	return t;
}

static struct live_thread *owner(const struct ct_live *live, const struct extent *e)
{
	return e->thread < live->number_room ? live->by_number[e->thread] : NULL;
}

/* --- extents --- */

static void note_copy(struct ct_live *live, uint32_t number)
{
	const struct extent *e = &live->extents[number];
	struct live_thread *t = owner(live, e);
	struct copies *c;

	if (!t || e->seq > CT_MAX_ROWS * 64u)
		return;
	if (e->seq >= t->seq_count) {
		uint32_t count = t->seq_count ? t->seq_count : 4;

		while (count <= e->seq)
			count *= 2;
		t->by_seq = ct_realloc(t->by_seq, count * sizeof *t->by_seq);
		memset(t->by_seq + t->seq_count, 0, (count - t->seq_count) * sizeof *t->by_seq);
		t->seq_count = count;
	}
	t->newest = e->seq > t->newest ? e->seq : t->newest;
	c = &t->by_seq[e->seq];
	if (c->extent[0] != number + 1) {
		c->extent[1] = c->extent[0];
		c->extent[0] = number + 1;
	}
}

static void add_chunk(struct ct_live *live, uint64_t offset, const struct ct_extent *head)
{
	if (!ct_live_thread_of(live, head))
		return;
	live->extents = ct_live_grow(live->extents, live->extent_count, &live->extent_room,
	                     sizeof *live->extents);
	live->extents[live->extent_count] = (struct extent){
		.offset = offset, .size = head->size, .thread = head->thread, .seq = head->seq, .kind = head->kind };
	note_copy(live, live->extent_count++);
}

static void add_segment(struct ct_live *live, uint64_t offset, const struct ct_extent *head)
{
	struct live_thread *t = ct_live_thread_of(live, head);
	uint32_t at;

	if (!t)
		return;
	t->segments = ct_realloc(t->segments, (t->segment_count + 1) * sizeof *t->segments);
	for (at = t->segment_count++; at > 0 && t->segments[at - 1].first > head->first; at--)
		t->segments[at] = t->segments[at - 1];
	t->segments[at] = (struct segment){ offset, head->first, 0,
		                            (head->size - sizeof *head) / sizeof(struct ct_call_row) };
}

static uint64_t take_extent(struct ct_live *live, uint64_t offset, const struct ct_extent *head)
{
	switch (head->kind) {
	case CT_EXTENT_MODULE:
		ct_live_read_module(live, offset);
		break;
	case CT_EXTENT_CALLS:
		add_segment(live, offset, head);
		break;
	case CT_EXTENT_WINDOW:
	case CT_EXTENT_DATA:
		add_chunk(live, offset, head);
		break;
	default:
		break;
	}
	return offset + head->size;
}

static void add_hole(struct ct_live *live, uint64_t offset, uint64_t end)
{
	live->holes = ct_live_grow(live->holes, live->hole_count, &live->hole_room, sizeof *live->holes);
	live->holes[live->hole_count++] = (struct hole){ offset, end };
}

/* Takes the extents in [offset, end); what has none yet becomes holes. */
static void scan(struct ct_live *live, uint64_t offset, uint64_t end)
{
	uint64_t hole = offset;
	struct ct_extent head;

	while (offset < end) {
		if (!ct_live_read_head(live, offset, &head) || head.size > end - offset) {
			offset += CT_PAGE;
			continue;
		}
		if (head.kind == CT_EXTENT_FREE) { /* for now */
			offset += head.size;
			continue;
		}
		if (offset > hole)
			add_hole(live, hole, offset);
		offset = hole = take_extent(live, offset, &head);
	}
	if (offset > hole)
		add_hole(live, hole, offset);
}

/*
 * Chunks that a thread has mapped in a row are few, and filled in turn: what it left so far behind is no
 * chunk that it has mapped, or one that it does not use any more.
 */
#define FAR_BEHIND 32

static bool is_settled(const struct ct_live *live, const struct extent *e)
{
	const struct live_thread *t = owner(live, e);

	return t && e->kind == CT_EXTENT_DATA && t->newest > e->seq + FAR_BEHIND;
}

static void look_at_header(struct ct_live *live, uint32_t number)
{
	struct extent *e = &live->extents[number];
	struct ct_extent head;

	if (!ct_live_read_head(live, e->offset, &head)
	    || (head.kind != CT_EXTENT_WINDOW && head.kind != CT_EXTENT_DATA))
		return;
	e->kind = head.kind;
	e->settled = is_settled(live, e);
	if (head.thread == e->thread && head.seq == e->seq)
		return;
	e->thread = head.thread;
	e->seq = head.seq;
	e->settled = false;
	if (ct_live_thread_of(live, &head))
		note_copy(live, number);
}

/* Once a limit has been reached, even what was settled is written again. */
static void look_at_headers(struct ct_live *live)
{
	uint64_t written_over = 0;
	bool all;

	ct_live_read_at(live, &written_over, sizeof written_over,
	        sizeof(struct ct_extent) + offsetof(struct ct_session, lost[CT_LOST_LIMIT]));
	all = written_over != live->written_over;
	live->written_over = written_over;
	for (uint32_t i = 0; i < live->extent_count; i++)
		if (all || !live->extents[i].settled)
			look_at_header(live, i);
}

#define MANY_PAGES 2048u /* of holes that are looked through for each assertion */

bool ct_live_has_grown(const struct ct_live *live)
{
	uint64_t pages = 0;
	struct ct_extent head;

	for (uint32_t i = 0; i < live->hole_count; i++) {
		const struct hole *h = &live->holes[i];

		/* Chunks in a row that are not begun yet are holes for long; anything else begins where the hole does. */
		for (uint64_t at = h->offset; at < h->end && (at == h->offset || pages < MANY_PAGES); at += CT_PAGE) {
			pages++;
			if (ct_live_read_head(live, at, &head) && head.kind != CT_EXTENT_FREE)
				return true;
		}
	}
	return false;
}

/* All that is in the file now. */
void ct_live_look_around(struct ct_live *live)
{
	struct hole *old;
	struct stat st;
	uint32_t holes;
	uint64_t size;

	if (fstat(live->fd, &st) < 0)
		return;
	size = (uint64_t) st.st_size & ~(uint64_t)(CT_PAGE - 1);
	if (size > live->scanned) {
		add_hole(live, live->scanned, size);
		live->scanned = size;
	}
	holes = live->hole_count;
	old = live->holes;
	live->holes = NULL;
	live->hole_count = live->hole_room = 0;
	for (uint32_t i = 0; i < holes; i++) {
		uint64_t from = old[i].offset;

		/* The file may have ended in the middle of an extent: its two halves lie side by side. */
		while (i + 1 < holes && old[i + 1].offset == old[i].end)
			i++;
		scan(live, from, old[i].end);
	}
	free(old);
	look_at_headers(live);
}
