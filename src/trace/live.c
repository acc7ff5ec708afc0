/*
 * live.c - extents of a file that grows: found, told apart, copied. See live.h.
 *
 * An extent stays where it is, but a chunk that is mapped is used again: its header then bears another
 * `seq`, or another thread. So a thread's chunk number n is looked for by what the headers said when
 * last looked at, and the header is read again behind each copy. Of two copies the one with
 * more records counts, as in a finished file: a chunk is cleared only once it stands in the file.
 */
#include "trace/live.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/text.h"

#define MAX_THREADS 65536u
#define PIECE       2048u /* words that are copied at a time */
#define PEEK        64u   /* words that are looked at to see whether there is anything new */
#define TRIES       8     /* how often something that moves is looked for again */

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

/* Room for one more item behind `count`. */
static void *grow(void *items, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room ? *room * 2 : 16;
	return ct_realloc(items, *room * size);
}

static bool read_at(const struct ct_live *live, void *to, size_t size, uint64_t offset)
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

static bool read_head(const struct ct_live *live, uint64_t offset, struct ct_extent *head)
{
	return read_at(live, head, sizeof *head, offset) && head->magic == CT_EXTENT_MAGIC
	       && head->size >= CT_PAGE && head->size % CT_PAGE == 0;
}

/* --- threads --- */

static struct live_thread *thread_of(struct ct_live *live, const struct ct_extent *head)
{
	struct live_thread *t;
	uint32_t number = head->thread;

	if (number >= MAX_THREADS || live->thread_count == MAX_THREADS)
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
	if (!thread_of(live, head))
		return;
	live->extents = grow(live->extents, live->extent_count, &live->extent_room,
	                     sizeof *live->extents);
	live->extents[live->extent_count] = (struct extent){
		.offset = offset, .size = head->size, .thread = head->thread, .seq = head->seq, .kind = head->kind };
	note_copy(live, live->extent_count++);
}

static void add_segment(struct ct_live *live, uint64_t offset, const struct ct_extent *head)
{
	struct live_thread *t = thread_of(live, head);
	uint32_t at;

	if (!t)
		return;
	t->segments = ct_realloc(t->segments, (t->segment_count + 1) * sizeof *t->segments);
	for (at = t->segment_count++; at > 0 && t->segments[at - 1].first > head->first; at--)
		t->segments[at] = t->segments[at - 1];
	t->segments[at] = (struct segment){ offset, head->first, 0,
		                            (head->size - sizeof *head) / sizeof(struct ct_call_row) };
}

static bool same_module(const struct ct_raw_module *a, const struct ct_module *b)
{
	return a->low == b->low && a->high == b->high && a->bias == b->bias
	       && a->build_id_size == b->build_id_size
	       && memcmp(a->build_id, b->build_id, a->build_id_size) == 0;
}

static void add_module(struct ct_live *live, uint64_t offset)
{
	struct ct_extent head;
	struct ct_module disk;
	struct ct_raw_module m;
	size_t i;

	if (!read_at(live, &head, sizeof head, offset) || !read_at(live, &disk, sizeof disk, offset + sizeof(struct ct_extent))
	    || disk.build_id_size > sizeof disk.build_id)
		return;
	disk.path[sizeof disk.path - 1] = '\0';
	for (i = 0; i < live->raw.module_count && !same_module(&live->raw.modules[i], &disk);)
		i++;
	if (i == live->raw.module_count) {
		m = (struct ct_raw_module){ .path = ct_arena_strdup(&live->trace.arena, disk.path),
			                    .build_id_size = disk.build_id_size, .bias = disk.bias,
			                    .low = disk.low, .high = disk.high, .flags = disk.flags,
			                    .plans_hash = disk.plans_hash,
			                    .first = head.seq, .gone = head.count };
		memcpy(m.build_id, disk.build_id, disk.build_id_size);
		ct_live_add_module(live, &m);
	}
	live->module_at[i] = offset;
}

/* Something was unloaded, or has come back, before a new row was made. */
static void update_epochs(struct ct_live *live)
{
	for (size_t i = 0; i < live->raw.module_count; i++) {
		struct ct_extent head;

		if (live->module_at[i] && read_at(live, &head, sizeof head, live->module_at[i]))
			live->raw.modules[i].gone = head.count;
	}
}

/* That calls are seen in it, and by what plans values are captured, may be written later than the rest. */
static void update_modules(struct ct_live *live)
{
	for (size_t i = 0; i < live->raw.module_count; i++) {
		struct ct_raw_module *m = &live->raw.modules[i];
		struct ct_module disk;

		if (!live->module_at[i] || (m->flags & CT_MODULE_HOOKS && m->plans_hash)
		    || !read_at(live, &disk, offsetof(struct ct_module, path),
		                live->module_at[i] + sizeof(struct ct_extent)))
			continue;
		m->plans_hash = disk.plans_hash;
		if (disk.flags & ~m->flags & CT_MODULE_HOOKS) {
			m->flags |= disk.flags;
			live->resolver.module(live->resolver.user, m);
		}
	}
}

void ct_live_add_module(struct ct_live *live, const struct ct_raw_module *module)
{
	struct ct_raw *raw = &live->raw;
	size_t i = raw->module_count++;

	raw->modules = ct_realloc(raw->modules, (i + 1) * sizeof *raw->modules);
	raw->modules[i] = *module;
	raw->modules[i].row = (uint32_t) i;
	live->module_at = ct_realloc(live->module_at, (i + 1) * sizeof *live->module_at);
	live->module_at[i] = 0;
	live->resolver.module(live->resolver.user, &raw->modules[i]);
	ct_raw_sort_modules(raw);
}

static uint64_t take_extent(struct ct_live *live, uint64_t offset, const struct ct_extent *head)
{
	switch (head->kind) {
	case CT_EXTENT_MODULE:
		add_module(live, offset);
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
	live->holes = grow(live->holes, live->hole_count, &live->hole_room, sizeof *live->holes);
	live->holes[live->hole_count++] = (struct hole){ offset, end };
}

/* Takes the extents in [offset, end); what has none yet becomes holes. */
static void scan(struct ct_live *live, uint64_t offset, uint64_t end)
{
	uint64_t hole = offset;
	struct ct_extent head;

	while (offset < end) {
		if (!read_head(live, offset, &head) || head.size > end - offset) {
			offset += CT_PAGE;
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

	if (!read_head(live, e->offset, &head)
	    || (head.kind != CT_EXTENT_WINDOW && head.kind != CT_EXTENT_DATA))
		return;
	e->kind = head.kind;
	e->settled = is_settled(live, e);
	if (head.thread == e->thread && head.seq == e->seq)
		return;
	e->thread = head.thread;
	e->seq = head.seq;
	e->settled = false;
	if (thread_of(live, &head))
		note_copy(live, number);
}

/* Once a limit has been reached, even what was settled is written again. */
static void look_at_headers(struct ct_live *live)
{
	uint64_t written_over = 0;
	bool all;

	read_at(live, &written_over, sizeof written_over,
	        sizeof(struct ct_extent) + offsetof(struct ct_session, lost[CT_LOST_LIMIT]));
	all = written_over != live->written_over;
	live->written_over = written_over;
	for (uint32_t i = 0; i < live->extent_count; i++)
		if (all || !live->extents[i].settled)
			look_at_header(live, i);
}

/* All that is in the file now. */
static void look_around(struct ct_live *live)
{
	uint32_t holes = live->hole_count;
	struct hole *old = live->holes;
	struct stat st;
	uint64_t size;

	if (fstat(live->fd, &st) < 0)
		return;
	size = (uint64_t) st.st_size & ~(uint64_t)(CT_PAGE - 1);
	live->holes = NULL;
	live->hole_count = live->hole_room = 0;
	for (uint32_t i = 0; i < holes; i++)
		scan(live, old[i].offset, old[i].end);
	free(old);
	look_at_headers(live);
	if (size > live->scanned) {
		uint64_t from = live->scanned;

		live->scanned = size;
		scan(live, from, size);
	}
}

/* --- rows --- */

static void take_rows(struct ct_live *live, struct live_thread *t, struct segment *g, uint32_t count)
{
	uint32_t end = g->first + count;

	if (end > t->row_room) {
		uint32_t room = t->row_room ? t->row_room : 64;

		while (room < end)
			room *= 2;
		t->raw->rows = ct_realloc(t->raw->rows, room * sizeof *t->raw->rows);
		t->row_room = room;
	}
	for (uint32_t i = t->raw->row_count; i < end; i++)
		t->raw->rows[i] = (struct ct_row){ .function = CT_NO_ROW, .site = CT_NO_ROW };
	for (uint32_t i = g->seen; i < count; i++) {
		struct ct_row *row = &t->raw->rows[g->first + i];
		struct ct_call_row disk;

		if (!read_at(live, &disk, sizeof disk,
		             g->offset + sizeof(struct ct_extent) + i * sizeof disk))
			return;
		*row = (struct ct_row){ .callee = disk.callee, .hook = disk.hook,
			                .site_address = disk.site, .caller = disk.caller,
			                .epoch = (uint32_t)(disk.flags >> CT_ROW_EPOCH),
			                .excluded = disk.flags & CT_ROW_EXCLUDED,
			                .function = CT_NO_ROW, .site = CT_NO_ROW };
		g->seen = i + 1;
		if (row->epoch)
			update_epochs(live);
		if (end > t->raw->row_count)
			t->raw->row_count = end;
		if (row->callee || g->first + i == 0)
			live->resolver.row(live->resolver.user, (uint32_t)(t->raw - live->raw.threads), row);
	}
}

/* A row is counted before a record bears its number: read behind the records, the table has them all. */
static void update_rows(struct ct_live *live, struct live_thread *t)
{
	struct ct_extent head;

	for (uint32_t i = 0; i < t->segment_count; i++) {
		struct segment *g = &t->segments[i];

		if (g->seen == g->room || g->first >= CT_MAX_ROWS || !read_head(live, g->offset, &head))
			continue;
		if (head.count > g->room)
			head.count = (uint32_t) g->room;
		if (head.count > CT_MAX_ROWS - g->first)
			head.count = CT_MAX_ROWS - g->first;
		if (head.count > g->seen)
			take_rows(live, t, g, head.count);
	}
	t->stream.rows = t->raw->rows;
	t->stream.row_count = t->raw->row_count;
}

/* --- chunks --- */

static bool is_extended(uint64_t word, enum ct_extended kind)
{
	return ct_record_kind(word) == CT_EXTENDED && (ct_record_id(word) & 0xff) == kind;
}

/* A look at words before the stream gets them. */
struct look {
	bool final;      /* nobody writes into the chunk any more, or it is the asker's own */
	uint64_t now;    /* records made later do not count; 0: all do */
	uint64_t ticks;  /* of the last record */
	uint32_t rows;   /* they bear numbers below that */
	bool has_values;
};

/* How many words a record takes; 0: it is not complete. `rest`: words that follow in the chunk. */
static size_t record_size(const uint64_t *record, size_t rest, const struct look *look)
{
	enum ct_kind kind = ct_record_kind(record[0]);
	bool values = kind == CT_ENTER_VALUES || kind == CT_EXIT_VALUES;
	uint64_t announced = !values ? record[0] : rest ? record[1] : 0;

	if (kind == CT_EXIT_WORD)
		return ct_record_id(record[0]) || look->final ? 2 : 0;
	if (!values && kind != CT_EXTENDED)
		return 1;
	if (announced == 0)
		return look->final ? 1 : 0;
	if (is_extended(announced, CT_PENDING) && !look->final)
		return 0;
	return 1u + values + (ct_record_id(announced) >> 8);
}

static void look_at(const uint64_t *record, size_t rest, struct look *look)
{
	enum ct_kind kind = ct_record_kind(record[0]);

	look->has_values |= kind == CT_ENTER_VALUES || kind == CT_EXIT_VALUES || kind == CT_EXIT_WORD;
	if (kind != CT_EXTENDED && kind != CT_UNWIND_TO && ct_record_id(record[0]) >= look->rows)
		look->rows = ct_record_id(record[0]) + 1;
	if (is_extended(record[0], CT_OPEN))
		look->rows = CT_MAX_ROWS; /* whichever it names */
	if (is_extended(record[0], CT_TIME) && rest && record[1] > look->ticks)
		look->ticks = record[1];
}

/*
 * Up to where the records are complete, from `at` on. A slot that is still empty may be filled
 * later, unless the time had to be told behind it.
 */
static size_t settled(const uint64_t *words, size_t at, size_t count, size_t room, struct look *look)
{
	while (at < count) {
		uint64_t ticks;
		size_t size;

		if (words[at] == 0) {
			if (!look->final && !(at + 1 < room && is_extended(words[at + 1], CT_TIME)))
				break;
			at++;
			continue;
		}
		ticks = is_extended(words[at], CT_VALUES) ? look->ticks : ct_stream_ticks(look->ticks, words[at]);
		size = record_size(words + at, room - at - 1, look);
		if (size == 0 || (look->now && ticks > look->now))
			break;
		look->ticks = ticks;
		look_at(words + at, room - at - 1, look);
		at += size;
	}
	return at < room ? at : room;
}

/* A copy of a chunk in the making. */
struct copy {
	uint64_t *words;
	size_t room, from; /* what is before `from` is there already */
	size_t high;       /* what is behind is 0 */
	size_t count;      /* up to behind the last that is not */
	uint16_t kind;     /* of the extent */
};

/* Reads on until nothing more comes. False: the extent does not have the chunk (any more). */
static bool copy_words(struct ct_live *live, uint32_t number, const struct live_thread *t, struct copy *c)
{
	const struct extent *e = &live->extents[number];
	size_t have = (e->size - sizeof(struct ct_extent)) / sizeof *c->words;
	struct ct_extent head;

	c->count = c->from;
	if (have > c->room)
		have = c->room;
	for (size_t at = c->from, step = PEEK; at < have; at += step, step = PIECE) {
		size_t before = c->count, size = step < have - at ? step : have - at;

		if (c->high < at + size)
			c->high = at + size;
		if (!read_at(live, c->words + at, size * sizeof *c->words,
		             e->offset + sizeof head + at * sizeof *c->words))
			return false;
		for (size_t i = at; i < at + size; i++)
			if (c->words[i])
				c->count = i + 1;
		if (c->count == before)
			break;
	}
	if (c->high > c->count) /* a record may end in zeros, so that the stream has got more than that */
		memset(c->words + c->count, 0, (c->high - c->count) * sizeof *c->words);
	c->high = c->count;
	if (!read_head(live, e->offset, &head) || head.thread != t->number || head.seq != t->seq)
		return false;
	c->kind = head.kind;
	return true;
}

static size_t count_records(const uint64_t *words, size_t from, size_t to)
{
	size_t n = 0;

	for (; from < to; from++)
		n += words[from] != 0;
	return n;
}

static bool has_more(const struct copy *a, const struct copy *b)
{
	return count_records(a->words, a->from, a->count) > count_records(b->words, b->from, b->count);
}

/* The best copy there is of the thread's present chunk, in t->words. */
static bool copy_best(struct ct_live *live, struct live_thread *t, struct copy *best)
{
	const struct copies *c = t->seq < t->seq_count ? &t->by_seq[t->seq] : NULL;
	bool found;

	*best = (struct copy){ .words = t->words, .room = t->room, .from = t->taken, .high = t->high,
		               .count = t->taken };
	found = c && c->extent[0] && copy_words(live, c->extent[0] - 1, t, best);
	if (c && c->extent[1]) {
		struct copy other = *best;

		other.words = ct_calloc(t->room, sizeof *other.words);
		other.high = 0;
		if (copy_words(live, c->extent[1] - 1, t, &other) && (!found || has_more(&other, best))) {
			memcpy(t->words + t->taken, other.words + t->taken,
			       (t->room - t->taken) * sizeof *t->words);
			best->count = best->high = other.count;
			best->kind = other.kind;
			found = true;
		}
		free(other.words);
	}
	t->high = best->high;
	return found;
}

static bool has_newer(const struct live_thread *t, uint32_t *next)
{
	for (uint32_t seq = t->seq + 1; seq < t->seq_count; seq++)
		if (t->by_seq[seq].extent[0]) {
			*next = seq;
			return true;
		}
	return false;
}

static void make_room(const struct ct_live *live, struct live_thread *t)
{
	const struct copies *c = t->seq < t->seq_count ? &t->by_seq[t->seq] : NULL;
	size_t room = 8192;

	for (int i = 0; c && i < 2 && c->extent[i]; i++) {
		size_t words = (live->extents[c->extent[i] - 1].size - sizeof(struct ct_extent))
		               / sizeof(uint64_t);

		room = words > room ? words : room;
	}
	if (t->words && t->room >= room)
		return;
	t->words = ct_realloc(t->words, room * sizeof *t->words);
	memset(t->words + t->room, 0, (room - t->room) * sizeof *t->words);
	if (t->reading) { /* it grew under the stream's eyes: cannot be, but for a damaged header */
		t->raw->chunks[t->raw->chunk_count - 1].words = t->words;
		t->stream.at = t->stream.end = t->stream.limit = t->words + t->taken;
	}
	t->room = room;
}

/* The stream gets the words up to `end`. */
static void give(struct live_thread *t, size_t end, uint64_t start)
{
	struct ct_raw_thread *raw = t->raw;

	if (!t->reading) {
		raw->chunks = grow(raw->chunks, (uint32_t) raw->chunk_count, &t->chunk_room,
		                   sizeof *raw->chunks);
		raw->chunks[raw->chunk_count++] = (struct ct_chunk){ .words = t->words, .count = end,
			                                             .room = t->room, .start = start,
			                                             .gap = t->gap };
		t->reading = true;
		t->gap = false;
	} else {
		raw->chunks[raw->chunk_count - 1].count = end;
		t->stream.end = t->words + end;
	}
	t->taken = end;
}

/* The present chunk is done with, or not to be had. */
static void advance(struct ct_live *live, struct live_thread *t, uint32_t next)
{
	uint32_t missing = next - t->seq - t->reading;

	t->gap |= missing > 0;
	live->gaps += missing;
	t->seq = next;
	if (t->has_values) {
		live->kept = grow(live->kept, live->kept_count, &live->kept_room, sizeof *live->kept);
		live->kept[live->kept_count++] = t->words;
		t->words = NULL;
		t->room = t->high = 0;
	} else if (t->high) {
		memset(t->words, 0, t->high * sizeof *t->words);
		t->high = 0;
	}
	t->reading = t->has_values = false;
	t->taken = 0;
}

/* Of the present chunk. */
static uint64_t start_of(struct ct_live *live, const struct live_thread *t)
{
	const struct copies *c = &t->by_seq[t->seq];
	struct ct_extent head;

	for (int i = 0; i < 2 && c->extent[i]; i++)
		if (read_head(live, live->extents[c->extent[i] - 1].offset, &head)
		    && head.thread == t->number && head.seq == t->seq)
			return head.start_time;
	return 0;
}

/* Copies what there is of the present chunk; false: it is nowhere. */
static bool copy_present(struct ct_live *live, struct live_thread *t, bool own, struct copy *copy)
{
	make_room(live, t);
	if (!copy_best(live, t, copy))
		return false;
	/* Again, so that what is behind a record's first word is as new as that. */
	return own || copy->count == copy->from || copy_best(live, t, copy);
}

/* Gives the stream what is complete of it; false: nothing is. */
static bool take_settled(struct ct_live *live, struct live_thread *t, const struct copy *copy,
                         struct look *look)
{
	uint64_t start = t->reading ? 0 : start_of(live, t);
	size_t end;

	look->ticks = start > t->ticks ? start : t->ticks;
	end = settled(t->words, t->taken, copy->count, t->room, look);
	if (end == t->taken)
		return false;
	t->ticks = look->ticks;
	t->has_values |= look->has_values;
	if (look->rows > t->raw->row_count)
		update_rows(live, t);
	give(t, end, start);
	return true;
}

/* More words for the stream. */
static bool take_more(struct ct_live *live, struct live_thread *t)
{
	bool own = t->tid == (uint32_t) live->self;

	for (int looked = 0; looked < TRIES;) {
		uint32_t next = 0;
		bool newer = has_newer(t, &next);
		struct look look = { .final = own || newer, .now = own ? 0 : live->now };
		struct copy copy;

		if (!copy_present(live, t, own, &copy)) {
			if (looked++) { /* it was not found, and the headers are as they are now */
				if (!newer)
					return false;
				if (looked > TRIES / 2) {
					advance(live, t, next);
					looked = 0;
				}
				sched_yield();
			}
			look_around(live);
			continue;
		}
		if (take_settled(live, t, &copy, &look))
			return true;
		if (copy.count > t->taken) /* the rest is too new, or half written */
			return false;
		if (newer) {
			advance(live, t, next);
			looked = 0;
		} else if (copy.kind == CT_EXTENT_DATA && !looked++) {
			look_around(live); /* it is full, so there is another one */
		} else {
			return false;
		}
	}
	return false;
}

static bool feed(struct ct_stream *s)
{
	struct live_thread *t = (struct live_thread *) s; /* its first member */

	return take_more(s->live, t);
}

/* --- rounds --- */

static bool open_file(struct ct_live *live, struct ct_error *err)
{
	struct stat st;

	live->fd = open(live->trace.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (live->fd < 0)
		return ct_fail(err, CT_EIO, "%s: %s", live->trace.path, strerror(errno));
	if (fstat(live->fd, &st) == 0
	    && (!live->known || (st.st_dev == live->device && st.st_ino == live->inode))) {
		live->known = true;
		live->device = st.st_dev;
		live->inode = st.st_ino;
		return true;
	}
	close(live->fd);
	live->fd = -1;
	return ct_fail(err, CT_EIO, "%s: is another file than before", live->trace.path);
}

static bool read_session(struct ct_live *live, struct ct_error *err)
{
	struct ct_session *s = &live->raw.session;

	if (!read_at(live, s, sizeof *s, sizeof(struct ct_extent))
	    || memcmp(s->magic, CT_RAW_MAGIC, sizeof s->magic) != 0)
		return ct_fail(err, CT_ENOTRACE, "%s: is not a trace", live->trace.path);
	if (s->version != CT_RAW_VERSION)
		return ct_fail(err, CT_EVERSION, "%s: a raw trace of format %u, this library reads format %u",
		               live->trace.path, s->version, CT_RAW_VERSION);
	return true;
}

bool ct_live_open(const char *path, const struct ct_live_resolver *resolver, struct ct_live **out,
                  struct ct_error *err)
{
	struct ct_live *live = ct_calloc(1, sizeof *live);

	live->fd = -1;
	live->resolver = *resolver;
	live->trace.path = ct_arena_strdup(&live->trace.arena, path);
	live->trace.raw = &live->raw;
	live->raw.threads = ct_calloc(MAX_THREADS, sizeof *live->raw.threads);
	live->scanned = CT_SESSION_SIZE;
	ct_raw_sort_modules(&live->raw);
	if (!open_file(live, err) || !read_session(live, err)) {
		ct_live_close(live);
		return false;
	}
	live->raw.session.append = 0; /* nothing was looked at yet */
	ct_live_rest(live);
	*out = live;
	return true;
}

bool ct_live_refresh(struct ct_live *live, struct ct_error *err)
{
	uint64_t append = live->raw.session.append;

	live->now = __rdtsc();
	live->self = gettid();
	if (live->fd < 0 && !open_file(live, err))
		return false;
	if (!read_session(live, err))
		return false;
	if (live->raw.session.append != append)
		look_around(live);
	update_modules(live);
	/* Functions whose calls have no records are told by their rows alone. */
	for (uint32_t i = 0; i < live->thread_count; i++)
		update_rows(live, live->threads[i]);
	return true;
}

void ct_live_rest(struct ct_live *live)
{
	if (live->fd >= 0)
		close(live->fd);
	live->fd = -1;
}

uint32_t ct_live_threads(const struct ct_live *live)
{
	return live->thread_count;
}

uint32_t ct_live_tid(const struct ct_live *live, uint32_t thread)
{
	return live->threads[thread]->tid;
}

const char *ct_live_thread_name(const struct ct_live *live, uint32_t thread)
{
	return live->threads[thread]->name[0] ? live->threads[thread]->name : NULL;
}

const struct ct_stream *ct_live_stream(const struct ct_live *live, uint32_t thread)
{
	return &live->threads[thread]->stream;
}

const struct ct_trace *ct_live_trace(const struct ct_live *live)
{
	return &live->trace;
}

uint64_t ct_live_lost(const struct ct_live *live)
{
	uint64_t lost = live->gaps;

	for (int i = 0; i < CT_LOSSES; i++)
		lost += i == CT_LOST_EXITS ? 0 : live->raw.session.lost[i];
	return lost;
}

enum ct_event ct_live_next(struct ct_live *live, uint32_t thread)
{
	struct live_thread *t = live->threads[thread];
	struct ct_raw *raw = &live->raw;
	enum ct_event event;

	t->stream.feed = feed;
	t->stream.live = live;
	while ((event = ct_stream_next(&t->stream)) == CT_EVENT_MARK) {
		if (t->stream.mark != CT_PHASE || t->tid != raw->session.pid)
			continue;
		raw->steps = ct_realloc(raw->steps, (raw->step_count + 1) * sizeof *raw->steps);
		raw->steps[raw->step_count++] = (struct ct_phase_step){ t->stream.ticks, t->stream.phase };
	}
	return event;
}

void ct_live_close(struct ct_live *live)
{
	if (!live)
		return;
	for (uint32_t i = 0; i < live->thread_count; i++) {
		struct live_thread *t = live->threads[i];

		ct_stream_deinit(&t->stream);
		free(t->words);
		free(t->segments);
		free(t->by_seq);
		free(t->raw->rows);
		free(t->raw->chunks);
		free(t);
	}
	for (uint32_t i = 0; i < live->kept_count; i++)
		free(live->kept[i]);
	ct_live_rest(live);
	free(live->kept);
	free(live->module_at);
	free(live->threads);
	free(live->by_number);
	free(live->extents);
	free(live->holes);
	free(live->raw.threads);
	free(live->raw.modules);
	free(live->raw.by_low);
	free(live->raw.steps);
	ct_arena_deinit(&live->trace.arena);
	free(live);
}
