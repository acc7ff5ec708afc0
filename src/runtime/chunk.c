/*
 * chunk.c - chunks of records: begun, filled, written out when full. With signals blocked.
 *
 * A thread begins with one chunk mapped. One that goes on to fill it maps a row of them, fills
 * these one by one, and writes them out in one call: per byte that costs half as much, and a test that
 * makes a few thousand calls takes no more room on the disk. What a thread leaves of its chunk when it
 * ends is the next one's.
 *
 * A signal handler may find the chunks full when the hook that it interrupted has reserved a
 * slot in them and not yet filled it (`settled` in thread.h). The chunks are then not reused but
 * left as they are, mapped, and the thread goes on in others: the hook's late store reaches its slot.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/kernel.h"
#include "runtime/thread.h"

static enum ct_loss loss_of(int error)
{
	return error == ENOSPC || error == EFBIG || error == EDQUOT ? CT_LOST_NO_SPACE : CT_LOST_IO;
}

#define MANY_CHUNKS 8 /* in a row, once a thread has shown that it calls much */
#define FEW_CHUNKS  8 /* that it fills one at a time before that */
#define PATIENCE   24 /* how often a thread's chunks are left to one interrupted hook */
#define MANY_SHARE 16 /* part of the budget that the row may be */

/* The bytes of records in the window. */
static size_t used_of(const struct ct_thread *t)
{
	const char *begin = (const char *) (t->window + 1);

	return (size_t)((t->cursor < t->end ? t->cursor : t->end) - begin);
}

/* Windows end at multiples of CT_CHUNK_SIZE, wherever they begin. */
static char *end_of(const struct ct_extent *chunk)
{
	return (char *) (((uint64_t) chunk & ~(uint64_t)(CT_CHUNK_SIZE - 1)) + CT_CHUNK_SIZE);
}

static size_t whole_pages(size_t size)
{
	return (size + CT_PAGE - 1) & ~(size_t)(CT_PAGE - 1);
}

/* --- the calls that are open --- */

/* Of them, so many bytes may be noted at a chunk's beginning. */
static size_t open_room(size_t chunk)
{
	return chunk / 16;
}

static uint32_t most_open(const struct ct_thread *t)
{
	return (uint32_t)(open_room((size_t)(t->end - t->cursor)) / sizeof(uint64_t)) * 3 - 9;
}

static uint32_t row_of(const struct ct_frame *f)
{
	return ct_record_id(f->record);
}

/* The outermost and the innermost ones, three rows in a word. */
static void list_open(const struct ct_thread *t, const struct ct_frame *top, const struct ct_open *open,
                      uint64_t *to)
{
	uint32_t listed = (uint32_t) open->outer + open->inner, between = open->depth - listed, i = 0;

	for (const struct ct_frame *f = t->frames + 1; f <= top && i < listed; f++) {
		if (i == open->outer && between && !t->silences) {
			f += between;
			between = 0;
		}
		if (ct_is_silent(f))
			continue;
		if (i == open->outer && between) {
			between--;
			continue;
		}
		to[i / 3] |= (uint64_t) row_of(f) << i % 3 * CT_ID_BITS;
		i++;
	}
}

/* For a reader who has not seen the chunks before this one. */
static void put_open(struct ct_thread *t, uint64_t now)
{
	const struct ct_frame *top = t->top - t->entering;
	uint32_t depth = ct_recorded_depth(t, top), most = most_open(t);
	uint32_t listed = depth < most ? depth : most, outer = depth == listed ? 0 : listed / 4;
	struct ct_open open = { .depth = depth, .outer = (uint16_t) outer,
		                .inner = (uint16_t)(listed - outer),
		                .phase = ct_recorder->session->phase };
	uint32_t words = 2 + (listed + 2) / 3;
	uint64_t *slot = (uint64_t *) t->cursor;

	t->cursor += (1 + words) * sizeof *slot;
	slot[0] = ct_record(CT_EXTENDED, ct_extended_id(CT_PENDING, words), now);
	__asm__ volatile("" ::: "memory");
	ct_copy(slot + 1, &open, sizeof open);
	list_open(t, top, &open, slot + 3);
	__asm__ volatile("" ::: "memory");
	slot[0] = ct_record(CT_EXTENDED, ct_extended_id(CT_OPEN, words), now);
}

/* --- chunks --- */

/* The chunk's records are all zero. Its header may be zero too, or of an earlier use. */
static void begin_chunk(struct ct_thread *t, struct ct_extent *chunk, uint32_t seq, uint64_t now)
{
	t->window = chunk;
	t->last = now;
	t->end = end_of(chunk);
	t->cursor = (char *) (chunk + 1);
	chunk->flags = 0;
	chunk->size = (uint64_t)(t->end - (char *) chunk);
	chunk->start_time = now;
	chunk->thread = t->index;
	chunk->tid = t->tid;
	ct_copy(chunk->thread_name, t->name, sizeof chunk->thread_name);
	/* The kind behind the number: whoever reads the file meanwhile takes no cleared chunk for the one before. */
	__atomic_store_n(&chunk->seq, seq, __ATOMIC_RELEASE);
	__atomic_store_n(&chunk->kind, CT_EXTENT_WINDOW, __ATOMIC_RELEASE);
	__atomic_store_n(&chunk->magic, CT_EXTENT_MAGIC, __ATOMIC_RELEASE);
	if (seq > 0 && ct_recorder->ring.newest)
		put_open(t, now);
}

static void lose_words(size_t bytes, int error)
{
	ct_session_lose(loss_of(error), bytes / sizeof(uint64_t));
	ct_file_stop(error);
}

/* Behind all that the file has. The chunks' places may be used again. */
static void write_behind(const char *from, size_t size)
{
	uint32_t chunk = ct_recorder->ring.chunk;
	uint64_t offset = ct_file_reserve(size);
	int error;
	size_t left = ct_file_put(offset, from, size, &error);

	if (left)
		lose_words(left, error);
	for (uint64_t at = 0; at + chunk <= size; at += chunk)
		ct_ring_add(offset + at);
}

/* In the place of an older chunk. */
static void write_over(const char *from, size_t size)
{
	uint64_t place = ct_ring_claim();
	size_t left;
	int error;

	ct_session_lose(CT_LOST_LIMIT, 1);
	if (place == CT_NO_PLACE)
		return;
	left = ct_file_replace(ct_ring_offset(place), from, size, &error);
	if (left)
		lose_words(left, error);
	ct_ring_release(place);
}

/* False: there is no room for it, and what there is in the file is to stay. */
static bool put_out(const char *from, size_t size)
{
	const struct ct_ring *ring = &ct_recorder->ring;

	if (ring->newest) /* places are of one size; what is behind is zero */
		size = (size + ring->chunk - 1) / ring->chunk * ring->chunk;
	if (ct_limit_take(size)) {
		write_behind(from, size);
		return true;
	}
	for (; ring->newest && size > 0; size -= ring->chunk, from += ring->chunk)
		write_over(from, ring->chunk);
	return ring->newest;
}

/* Records go on where nobody reads them: so the hooks need not know. */
static void begin_scratch(struct ct_thread *t)
{
	t->end = end_of(t->scratch);
	t->cursor = (char *) (t->scratch + 1);
}

static void stop_thread(struct ct_thread *t)
{
	if (t->window)
		t->window->flags |= CT_CHUNK_LAST;
	t->stopped = true;
	ct_session_lose(CT_LOST_LIMIT, 1);
	if (t->slots)
		ct_table_capture(t);
	begin_scratch(t);
}

static bool make_scratch(struct ct_thread *t)
{
	if (!t->scratch)
		t->scratch = ct_file_scratch();
	return t->scratch != NULL;
}

/*
 * All but the first one's header. A header goes behind its records: who is killed in the middle leaves no records without
 * one, which would be taken for damage.
 */
static void clear_chunks(char *begin, size_t end)
{
	size_t head = sizeof(struct ct_extent);

	/* First of all they are no chunks any more: an assertion may be copying them. */
	for (size_t at = 0; at < end; at += CT_CHUNK_SIZE)
		__atomic_store_n(&((struct ct_extent *) (begin + at))->kind, CT_EXTENT_FREE, __ATOMIC_RELEASE);

	for (size_t at = 0; at < end; at += CT_CHUNK_SIZE) {
		size_t size = end - at < CT_CHUNK_SIZE ? end - at : CT_CHUNK_SIZE;

		if (size > head)
			ct_zero(begin + at + head, size - head);
		if (at)
			ct_zero(begin + at, head);
	}
}

/* Writes out what there is, clears it, and begins at the first chunk. */
static void write_out(struct ct_thread *t, uint64_t now)
{
	char *begin = (char *) t->region;
	size_t used = used_of(t), size = (size_t)((char *) t->window - begin), end = size;
	uint32_t next = t->window->seq + (used > 0);

	if (used) {
		/* The rest of the last page is zero, and is written with it. */
		t->window->size = whole_pages(sizeof *t->window + used);
		t->window->kind = CT_EXTENT_DATA;
		size += t->window->size;
		end += sizeof *t->window + used;
	}
	if (size && !put_out(begin, size) && make_scratch(t)) {
		stop_thread(t);
		return;
	}
	clear_chunks(begin, end);
	/* The order tells a reader which of the two copies to take: see raw.h. */
	begin_chunk(t, t->region, next, now);
	ct_session_clock();
}

/*
 * Whether a hook that was interrupted has a slot that it will yet fill. `inner`: the
 * innermost call that is not the present hook's own.
 */
static bool is_interrupting(const struct ct_thread *t, const struct ct_frame *inner)
{
	for (; inner > t->frames; inner--)
		if (!inner->settled)
			return true;
	return false;
}

/* A row of chunks in the file, mapped. NULL: no room, or the limit; `error` is 0 then. */
static struct ct_extent *make_chunks(size_t size, uint64_t *offset, int *error)
{
	struct ct_extent *found;

	*error = 0;
	if (!ct_limit_take_window(size) || !ct_limit_take(size))
		return NULL;
	found = ct_file_window(size, offset, error);
	if (!found)
		ct_limit_give_back(size);
	return found;
}

/*
 * Goes on in new chunks, and leaves the old ones as they are: mapped, too, since a hook may yet come back to them that cannot be
 * seen here, where a handler of the program's switches between stacks. `done`: all that is known to use them is done.
 */
static bool move_on(struct ct_thread *t, size_t size, uint64_t now, bool done)
{
	struct ct_extent *region;
	uint64_t offset;
	int error;

	region = make_chunks(size, &offset, &error);
	if (!region)
		return false;
	t->window->kind = CT_EXTENT_DATA;
	if (done)
		ct_ring_add(t->region_offset);
	begin_chunk(t, region, t->window->seq + 1, now);
	t->region = region;
	t->region_size = size;
	t->region_offset = offset;
	return true;
}

static bool wants_many(const struct ct_thread *t)
{
	size_t many = MANY_CHUNKS * (size_t) CT_CHUNK_SIZE;
	uint64_t max_size = ct_recorder->ring.max_size;

	return t->region_size < many && t->window->seq + 1 >= FEW_CHUNKS && !t->cramped
	       && (!max_size || many <= max_size / MANY_SHARE);
}

/* The last chunk there is has been filled. */
static void renew(struct ct_thread *t, uint64_t now, const struct ct_frame *inner)
{
	if (is_interrupting(t, inner)) {
		/* The hook may also never come back, because the handler jumped out of it. */
		if (t->left_behind < PATIENCE && move_on(t, t->region_size, now, false)) {
			t->left_behind++;
			return;
		}
	} else {
		t->left_behind = 0;
		if (wants_many(t)) {
			if (move_on(t, MANY_CHUNKS * (size_t) CT_CHUNK_SIZE, now, true))
				return;
			t->cramped = true;
		}
	}
	write_out(t, now);
}

/* The window is full. `inner`: see is_interrupting(). */
static void make_room(struct ct_thread *t, uint64_t now, const struct ct_frame *inner)
{
	struct ct_extent *next = (struct ct_extent *) t->end;
	int saved = errno;

	if (t->stopped && make_scratch(t)) { /* a forked child has none yet */
		begin_scratch(t);
	} else if (t->end < (char *) t->region + t->region_size) {
		t->window->kind = CT_EXTENT_DATA; /* as good as written out */
		begin_chunk(t, next, t->window->seq + 1, now);
	} else {
		renew(t, now, inner);
	}
	errno = saved;
}

static uint64_t *take_words(struct ct_thread *t, uint32_t words, uint64_t now,
                            const struct ct_frame *inner)
{
	char *slot = t->cursor;

	if (slot > t->end || (size_t)(t->end - slot) < words * sizeof(uint64_t)) {
		make_room(t, now, inner);
		slot = t->cursor;
	}
	t->cursor = slot + words * sizeof(uint64_t);
	return (uint64_t *) slot;
}

static void put_extended(struct ct_thread *t, enum ct_extended kind, uint64_t now,
                         const void *payload, uint32_t words, const struct ct_frame *inner)
{
	uint64_t *slot = take_words(t, 1 + words, now, inner);

	slot[0] = ct_record(CT_EXTENDED, ct_extended_id(CT_PENDING, words), now);
	__asm__ volatile("" ::: "memory");
	ct_copy(slot + 1, payload, words * sizeof(uint64_t));
	__asm__ volatile("" ::: "memory");
	slot[0] = ct_record(CT_EXTENDED, ct_extended_id(kind, words), now);
}

/* A counter that went back (another CPU's, an instant behind) is no new era. */
static void note_era(struct ct_thread *t, uint64_t now, const struct ct_frame *inner)
{
	if (now > t->last && (now ^ t->last) >> CT_ERA) {
		put_extended(t, CT_TIME, now, &now, 1, inner);
		t->last = now;
	}
}

uint64_t *ct_chunk_slot(struct ct_thread *t, uint64_t now, const struct ct_frame *inner)
{
	note_era(t, now, inner);
	return take_words(t, 1, now, inner);
}

uint64_t *ct_chunk_words(struct ct_thread *t, uint32_t words, uint64_t now,
                         const struct ct_frame *inner)
{
	if (words > (ct_recorder->ring.chunk - sizeof(struct ct_extent) - open_room(ct_recorder->ring.chunk)) / sizeof(uint64_t))
		return NULL;
	note_era(t, now, inner);
	return take_words(t, words, now, inner);
}

void ct_chunk_extended(struct ct_thread *t, enum ct_extended kind, const void *payload,
                       uint32_t words)
{
	uint64_t now = ct_ticks();

	t->entering = false;
	note_era(t, now, t->top);
	put_extended(t, kind, now, payload, words, t->top);
}

/* The place of an older chunk, which stays claimed. */
static struct ct_extent *take_over(size_t size, uint64_t *offset, int *error)
{
	uint64_t place = ct_ring_claim();
	struct ct_extent *found;

	if (place == CT_NO_PLACE)
		return NULL;
	ct_session_lose(CT_LOST_LIMIT, 1);
	*offset = ct_ring_offset(place);
	found = ct_file_take_over(*offset, size, error);
	if (!found)
		ct_ring_release(place);
	return found;
}

static struct ct_extent *make_window(size_t size, uint64_t *offset, int *error)
{
	*error = 0;
	if (!ct_limit_take_window(size))
		return NULL;
	return ct_limit_take(size) ? ct_file_window(size, offset, error)
	                           : take_over(size, offset, error);
}

/* False: not for the limit's sake. */
static bool find_window(struct ct_thread *t)
{
	int error;

	t->region_size = ct_recorder->ring.chunk;
	t->region = t->window = make_window(t->region_size, &t->region_offset, &error);
	if (error)
		ct_file_stop(error);
	return t->region || (!error && make_scratch(t));
}

bool ct_chunk_begin(struct ct_thread *t)
{
	int saved = errno;
	bool ok = t->window || find_window(t);

	t->stopped = false;
	t->entering = false;
	t->left_behind = 0;
	if (ok && t->window) {
		begin_chunk(t, t->window, 0, ct_ticks());
	} else if (ok) {
		t->last = ct_ticks();
		stop_thread(t);
	}
	errno = saved;
	return ok;
}

/*
 * What is left of the window, in pages, is the next thread's: so a few calls take a page of the file,
 * and no system call.
 */
void ct_chunk_end(struct ct_thread *t)
{
	size_t size = t->window ? whole_pages(sizeof *t->window + used_of(t)) : 0;
	int saved = errno;

	if (t->stopped) {
		if (t->region)
			ct_munmap(t->region, t->region_size);
		t->region = t->window = NULL;
	} else if (used_of(t) == 0) {
		/* Nothing is in it. */
	} else if ((char *) t->window + size < t->end) {
		t->window->size = size;
		t->window->kind = CT_EXTENT_DATA;
		t->window = (struct ct_extent *) ((char *) t->window + size);
		t->cursor = (char *) (t->window + 1);
	} else {
		t->entering = false;
		write_out(t, ct_ticks());
		if (t->stopped)
			ct_chunk_end(t);
	}
	errno = saved;
}
