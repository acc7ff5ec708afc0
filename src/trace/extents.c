/*
 * extents.c - a raw file -> session, modules, call tables, chunks in order.
 *
 * The file may be anything: cut short, full of holes, overwritten, made to harm. Each
 * header is copied before it is believed; what is allocated is bounded by the size of
 * the file. See format/raw.h for what is valid.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "trace/internal.h"

/* What is kept of an extent's header. */
struct extent {
	uint64_t offset, size, start;
	uint32_t thread, seq, first, count, tid;
	uint16_t kind;
	bool last;    /* CT_CHUNK_LAST */
	bool clipped; /* its size reaches beyond the end of the file */
	char name[16];
};

struct scan {
	const uint8_t *data;
	size_t size;
	int fd;
	struct extent *extents;
	size_t count, capacity;
	struct ct_trace *trace;
	struct ct_raw *raw;
	struct ct_arena *arena;
	uint64_t spare_rows; /* how many missing rows may still be made up for */
};

static bool read_header(const struct scan *scan, uint64_t offset, struct ct_extent *head)
{
	memcpy(head, scan->data + offset, sizeof *head);
	return head->magic == CT_EXTENT_MAGIC;
}

static bool size_makes_sense(const struct ct_extent *head)
{
	return head->size >= CT_PAGE && head->size % CT_PAGE == 0;
}

/* Where an extent that claims to reach beyond the file really ends: at the next one. */
static uint64_t clip(const struct scan *scan, uint64_t offset)
{
	struct ct_extent head;

	for (uint64_t at = offset + CT_PAGE; at + sizeof head <= scan->size; at += CT_PAGE)
		if (read_header(scan, at, &head) && size_makes_sense(&head))
			return at - offset;
	return scan->size - offset;
}

static void copy_text(char *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	to[size - 1] = '\0';
}

static void keep_session(struct scan *scan, const struct extent *e)
{
	struct ct_session *s = &scan->raw->session;
	uint64_t have = e->size - sizeof(struct ct_extent);

	if (scan->raw->has_session) {
		scan->raw->damaged++;
		return;
	}
	memset(s, 0, sizeof *s);
	memcpy(s, scan->data + e->offset + sizeof(struct ct_extent),
	       have < sizeof *s ? have : sizeof *s);
	if (memcmp(s->magic, CT_RAW_MAGIC, sizeof s->magic) != 0 || have < sizeof *s)
		scan->raw->damaged++;
	if (memcmp(s->magic, CT_RAW_MAGIC, sizeof s->magic) != 0) {
		memset(s, 0, sizeof *s);
		return;
	}
#define END(field) s->field[sizeof s->field - 1] = '\0'
	END(suite), END(test), END(test_file), END(executable), END(directory), END(boot_id);
	END(output), END(run), END(tool);
#undef END
	scan->raw->has_session = true;
}

/* A program that loads "./plugin.so" is told "/here/./plugin.so". What ".." means only the links know. */
static char *plain_path(struct scan *scan, const char *path)
{
	ct_auto_free char *clean = ct_path_clean(path);

	return ct_arena_strdup(scan->arena, strstr(path, "/../") ? path : clean);
}

static void keep_module(struct scan *scan, const struct extent *e)
{
	struct ct_raw *raw = scan->raw;
	struct ct_raw_module *m;
	struct ct_module disk;
	char path[sizeof disk.path];

	memcpy(&disk, scan->data + e->offset + sizeof(struct ct_extent), sizeof disk);
	copy_text(path, disk.path, sizeof path);
	if (disk.build_id_size > sizeof disk.build_id || disk.low > disk.high || !path[0]) {
		raw->damaged++;
		return;
	}
	raw->modules = ct_realloc(raw->modules, (raw->module_count + 1) * sizeof *raw->modules);
	m = &raw->modules[raw->module_count++];
	*m = (struct ct_raw_module){ .path = plain_path(scan, path),
		                     .build_id_size = disk.build_id_size,
		                     .bias = disk.bias, .low = disk.low, .high = disk.high,
		                     .flags = disk.flags, .plans_hash = disk.plans_hash,
		                     .first = e->seq, .gone = e->count, .row = CT_NO_ROW };
	memcpy(m->build_id, disk.build_id, disk.build_id_size);
}

static void keep_extent(struct scan *scan, const struct extent *e)
{
	if (scan->count == scan->capacity) {
		scan->capacity = scan->capacity ? scan->capacity * 2 : 64;
		scan->extents = ct_realloc(scan->extents, scan->capacity * sizeof *scan->extents);
	}
	scan->extents[scan->count++] = *e;
}

/* Takes the extent at `offset`; returns how far to go on. */
static uint64_t take_extent(struct scan *scan, uint64_t offset, const struct ct_extent *head)
{
	struct extent e = { .offset = offset, .size = head->size, .start = head->start_time,
		            .thread = head->thread, .seq = head->seq, .first = head->first,
		            .count = head->count, .tid = head->tid, .kind = head->kind,
		            .last = head->flags & CT_CHUNK_LAST };

	if (!size_makes_sense(head)) {
		scan->raw->damaged++;
		return CT_PAGE;
	}
	copy_text(e.name, head->thread_name, sizeof e.name);
	if (e.size > scan->size - offset) {
		e.size = clip(scan, offset);
		e.clipped = true;
	}
	switch (e.kind) {
	case CT_EXTENT_SESSION:
		keep_session(scan, &e);
		break;
	case CT_EXTENT_MODULE:
		if (e.size >= CT_PAGE)
			keep_module(scan, &e);
		else
			scan->raw->damaged++;
		break;
	case CT_EXTENT_CRASH:
		scan->raw->crash = (struct ct_bytes){ scan->data + offset, e.size };
		break;
	case CT_EXTENT_CHOICE:
		if (!ct_choice_keep(scan->trace, scan->data + offset + sizeof *head, e.size - sizeof *head))
			scan->raw->damaged++;
		break;
	case CT_EXTENT_CALLS:
	case CT_EXTENT_WINDOW:
	case CT_EXTENT_DATA:
		keep_extent(scan, &e);
		break;
	default: /* a later version's */
		break;
	}
	return (e.size + CT_PAGE - 1) & ~(uint64_t)(CT_PAGE - 1);
}

/* The next page that is not in a hole of the file. */
static uint64_t behind_hole(const struct scan *scan, uint64_t offset)
{
	off_t data = scan->fd < 0 ? -1 : lseek(scan->fd, (off_t) offset, SEEK_DATA);

	if (data < 0)
		return scan->fd >= 0 && errno == ENXIO ? scan->size : offset;
	return (uint64_t) data & ~(uint64_t)(CT_PAGE - 1);
}

static void scan_file(struct scan *scan)
{
	struct ct_extent head;
	bool in_damage = false;
	uint64_t zeros = 0;

	for (uint64_t at = 0; at < scan->size && scan->size - at >= sizeof head;) {
		if (read_header(scan, at, &head)) {
			at += take_extent(scan, at, &head);
			in_damage = false;
			zeros = 0;
			continue;
		}
		if (head.magic != 0) {
			scan->raw->damaged += !in_damage;
			in_damage = true;
			zeros = 0;
		} else if (++zeros % 64 == 0) {
			uint64_t data = behind_hole(scan, at);

			if (data > at) {
				at = data;
				continue;
			}
		}
		at += CT_PAGE;
	}
}

static int by_thread(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;
	bool x_rows = x->kind == CT_EXTENT_CALLS, y_rows = y->kind == CT_EXTENT_CALLS;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x_rows != y_rows)
		return x_rows ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->offset < y->offset ? -1 : 1;
}

/* The number that the first row behind this segment has. */
static uint64_t segment_end(const struct extent *e)
{
	return e->first + (e->size - sizeof(struct ct_extent)) / sizeof(struct ct_call_row);
}

/*
 * Whether the segment's rows may be put at its `first`. Rows that are missing before it
 * (its predecessor is damaged) are left empty, within reason.
 */
static bool segment_fits(struct scan *scan, const struct extent *e, uint64_t have)
{
	if (e->first < have || e->first >= CT_MAX_ROWS || e->first - have > scan->spare_rows)
		return false;
	scan->spare_rows -= e->first - have;
	return true;
}

static void read_rows(struct scan *scan, struct ct_raw_thread *t, const struct extent *e,
                      uint64_t have)
{
	const uint8_t *from = scan->data + e->offset + sizeof(struct ct_extent);
	uint64_t room = segment_end(e) - e->first, count = e->count;

	if (count > room || count > CT_MAX_ROWS - e->first) {
		scan->raw->damaged++;
		count = room < CT_MAX_ROWS - e->first ? room : CT_MAX_ROWS - e->first;
	}
	t->rows = ct_realloc(t->rows, (e->first + count + 1) * sizeof *t->rows);
	if (e->first > have)
		memset(t->rows + have, 0, (e->first - have) * sizeof *t->rows);
	for (uint64_t i = 0; i < count; i++) {
		struct ct_call_row disk;

		memcpy(&disk, from + i * sizeof disk, sizeof disk);
		t->rows[e->first + i] = (struct ct_row){
			.callee = disk.callee, .hook = disk.hook, .site_address = disk.site,
			.caller = disk.caller, .count = disk.count,
			.excluded = disk.flags & CT_ROW_EXCLUDED,
			.epoch = (uint32_t)(disk.flags >> CT_ROW_EPOCH) };
	}
	t->row_count = e->first + (uint32_t) count;
}

static void take_tables(struct scan *scan, struct ct_raw_thread *t, const struct extent *e,
                        size_t count)
{
	uint64_t end = 0;

	for (size_t i = 0; i < count; i++) {
		if (e[i].clipped || e[i].first != end)
			scan->raw->damaged++;
		if (e[i].size <= sizeof(struct ct_extent) || !segment_fits(scan, &e[i], t->row_count))
			continue;
		read_rows(scan, t, &e[i], t->row_count);
		end = segment_end(&e[i]);
	}
	if (!t->rows)
		t->rows = ct_alloc(sizeof *t->rows);
	for (uint32_t i = 0; i < t->row_count; i++)
		t->rows[i].function = t->rows[i].site = CT_NO_ROW;
	t->rows[t->row_count] = (struct ct_row){ .function = CT_NO_ROW, .site = CT_NO_ROW, .hidden = true };
}

static struct ct_chunk chunk_of(const struct scan *scan, const struct extent *e)
{
	uint64_t bytes = e->size < sizeof(struct ct_extent) ? 0 : e->size - sizeof(struct ct_extent);
	struct ct_chunk c = {
		.words = (const uint64_t *) (scan->data + e->offset + sizeof(struct ct_extent)),
		.count = bytes / sizeof(uint64_t),
		.room = bytes / sizeof(uint64_t),
		.start = e->start,
		.last = e->last,
	};

	while (c.count && c.words[c.count - 1] == 0)
		c.count--;
	return c;
}

static size_t records(const struct ct_chunk *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->words[i] != 0;
	return n;
}

/* Of extents that bear the same `seq`, the chunk with more records. */
static struct ct_chunk best_of(struct scan *scan, const struct extent *e, size_t count)
{
	struct ct_chunk best = chunk_of(scan, e);
	bool clipped = e->clipped;

	for (size_t i = 1; i < count; i++) {
		struct ct_chunk other = chunk_of(scan, &e[i]);

		if (records(&other) > records(&best)) {
			best = other;
			clipped = e[i].clipped;
		}
	}
	scan->raw->damaged += clipped;
	return best;
}

/* A chunk that was written out, whose copy has been overwritten since. */
static bool is_cleared(const struct scan *scan, const struct ct_chunk *c, const struct extent *e)
{
	return c->count == 0 && e->kind == CT_EXTENT_DATA && scan->raw->session.lost[CT_LOST_LIMIT];
}

static void take_chunks(struct scan *scan, struct ct_raw_thread *t, const struct extent *e,
                        size_t count)
{
	uint64_t next = 0;

	t->chunks = ct_calloc(count ? count : 1, sizeof *t->chunks);
	for (size_t i = 0, same; i < count; i += same) {
		struct ct_chunk *c = &t->chunks[t->chunk_count];

		for (same = 1; i + same < count && e[i + same].seq == e[i].seq;)
			same++;
		*c = best_of(scan, &e[i], same);
		if (is_cleared(scan, c, &e[i]))
			continue;
		t->stopped |= c->last;
		if (e[i].seq != next) {
			t->gaps += e[i].seq - next;
			c->gap = true;
		}
		next = (uint64_t) e[i].seq + 1;
		t->chunk_count += c->count > 0 || c->gap;
	}
	if (count == 0 && scan->raw->session.lost[CT_LOST_LIMIT])
		t->stopped = true;
}

/* The thread's last known name and tid. */
static void name_thread(struct ct_trace *trace, const struct extent *e, size_t count)
{
	struct ct_trace_thread *t = &trace->threads[trace->thread_count];
	const char *name = "";

	t->index = e->thread;
	for (size_t i = 0; i < count; i++) {
		if (e[i].tid)
			t->tid = e[i].tid;
		if (e[i].name[0])
			name = e[i].name;
	}
	t->name = name[0] ? ct_arena_strdup(&trace->arena, name) : NULL;
}

static void take_threads(struct ct_trace *trace, struct scan *scan)
{
	size_t threads = 0;

	if (scan->count)
		qsort(scan->extents, scan->count, sizeof *scan->extents, by_thread);
	for (size_t i = 0; i < scan->count; i++)
		threads += i == 0 || scan->extents[i].thread != scan->extents[i - 1].thread;
	trace->threads = ct_arena_alloc(&trace->arena, threads * sizeof *trace->threads + 1);
	scan->raw->threads = ct_calloc(threads + 1, sizeof *scan->raw->threads);
	for (size_t i = 0, same; i < scan->count; i += same) {
		struct ct_raw_thread *t = &scan->raw->threads[scan->raw->thread_count];
		const struct extent *e = &scan->extents[i];
		size_t rows = 0;

		for (same = 0; i + same < scan->count && e[same].thread == e->thread; same++)
			rows += e[same].kind == CT_EXTENT_CALLS;
		take_tables(scan, t, e, rows);
		take_chunks(scan, t, e + rows, same - rows);
		name_thread(trace, e, same);
		trace->thread_count = ++scan->raw->thread_count;
	}
}

bool ct_raw_scan(struct ct_trace *trace, struct ct_error *err)
{
	struct ct_raw *raw = trace->raw;
	ct_auto_fd fd = open(trace->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct scan scan = { .data = raw->bytes.data, .size = raw->bytes.size, .fd = fd,
		             .trace = trace, .raw = raw, .arena = &trace->arena, .spare_rows = CT_MAX_ROWS };

	if (raw->bytes.size >= sizeof(struct ct_extent))
		scan_file(&scan);
	if (raw->has_session && raw->session.version != CT_RAW_VERSION) {
		free(scan.extents);
		return ct_fail(err, CT_EVERSION,
		               "%s: a raw trace of format %u, this calltrace reads format %u; use the one that recorded it",
		               trace->path, raw->session.version, CT_RAW_VERSION);
	}
	if (!raw->has_session && scan.count == 0) {
		free(scan.extents);
		return ct_fail(err, CT_ENOTRACE, "%s: is not a trace", trace->path);
	}
	/* The file is shorter than its writer left it; one that was killed left it like that. */
	raw->damaged += !raw->has_session
	                || (raw->session.closed && raw->session.append > raw->bytes.size);
	take_threads(trace, &scan);
	free(scan.extents);
	return true;
}
