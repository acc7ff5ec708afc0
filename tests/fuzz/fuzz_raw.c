/*
 * fuzz_raw.c - any bytes as a raw trace: opened, walked, converted; and what was converted
 * is read back, must be whole, and must tell of the same calls and the same values.
 */
#include "../unit/values_image.h"
#include "base/map.h"
#include "driver.h"
#include "through_file.h"
#include "trace/crash.h"
#include "trace/trace.h"

struct sum {
	uint64_t calls, depth, hash;
	int64_t open;
};

static void add_text(struct sum *s, const char *text)
{
	if (text)
		s->hash = ct_hash(text, strlen(text), s->hash);
}

static bool on_enter(const struct ct_trace_call *call, void *user)
{
	struct sum *s = user;

	if (call->depth != s->open++)
		abort();
	s->calls += !call->continued;
	s->hash = s->hash * 31 + call->function + call->start + call->phase * 7 + call->variadic
	          + call->unseen * 11u + call->continued * 13u;
	add_text(s, call->arguments);
	add_text(s, call->arguments_unavailable);
	return true;
}

static bool on_leave(const struct ct_trace_call *call, void *user)
{
	struct sum *s = user;

	if (--s->open != call->depth)
		abort();
	s->hash = s->hash * 31 + call->end + (uint64_t) call->ended;
	add_text(s, call->return_value);
	add_text(s, call->arguments_after);
	return true;
}

static bool on_mark(enum ct_extended kind, uint64_t time, const char *text, uint32_t depth,
                    void *user)
{
	struct sum *s = user;

	if (depth != s->open)
		abort();
	s->hash = s->hash * 31 + (uint64_t) kind + time;
	if (text && (unsigned char) text[0] < 0x80) /* what is not UTF-8 does not come back */
		s->hash += (unsigned char) text[0];
	return true;
}

static struct sum walk(struct ct_trace *trace, uint32_t thread)
{
	const struct ct_walker walker = { on_enter, on_leave, on_mark, true, NULL };
	struct sum sum = {0};

	if (!ct_trace_walk(trace, thread, &walker, &sum, NULL) || sum.open != 0)
		abort();
	return sum;
}

static void compare_crashes(const struct ct_crash_report *a, const struct ct_crash_report *b)
{
	if (!a != !b)
		abort();
	if (a && (a->signal != b->signal || a->thread_count != b->thread_count || a->address != b->address
	          || !a->lies_in != !b->lies_in || memcmp(a->registers, b->registers, sizeof a->registers)))
		abort();
	for (size_t i = 0; a && i < a->thread_count; i++)
		if (a->threads[i].count != b->threads[i].count || a->threads[i].omitted != b->threads[i].omitted)
			abort();
}

static void compare(struct ct_trace *raw, const char *json_path)
{
	struct ct_trace *json;
	struct ct_error err;
	size_t n, m;

	if (!ct_trace_open(json_path, NULL, &json, &err)) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	ct_trace_threads(raw, &n);
	ct_trace_threads(json, &m);
	if (n != m || ct_trace_meta(raw)->damaged != ct_trace_meta(json)->damaged)
		abort();
	compare_crashes(ct_trace_crash(raw), ct_trace_crash(json));
	for (uint32_t i = 0; i < n && i < 64; i++) {
		struct sum a = walk(raw, i), b = walk(json, i);

		if (a.calls != b.calls || (a.hash != b.hash && !ct_trace_session(raw)->theory))
			abort();
	}
	ct_trace_close(json);
}

/* A part of the trees: whole in itself, and as large as it says. */
static void write_part(struct ct_trace *raw, const char *json_path, size_t size)
{
	const struct ct_json_options part = { .max_depth = 1 + size % 5, .max_calls = 1 + (int64_t)(size % 11) };
	uint64_t calls = 0, all = 0;
	struct ct_trace *json;
	size_t n;

	if (!ct_trace_write_json(raw, &part, json_path, NULL) || !ct_trace_open(json_path, NULL, &json, NULL))
		abort();
	ct_trace_threads(json, &n);
	for (uint32_t i = 0; i < n; i++) {
		calls += walk(json, i).calls;
		all += ct_trace_threads(raw, &n)[i].calls;
	}
	if (calls + ct_trace_meta(json)->truncated != all)
		abort();
	ct_trace_close(json);
}

/* --- values --- */

static struct call_image image;
static char cache[] = "/tmp/fuzz-cache-XXXXXX";

static void remove_cache(void)
{
	char path[512];

	if (ct_index_cache_path(image.x.header.build_id, 4, path, sizeof path))
		unlink(path);
	rmdir(cache);
}

/* f(struct s by value, char *out, vector, reference, number) with something for everybody. */
static void make_image(void)
{
	struct call_image *c = &image;
	uint32_t i, ch, string, s, v;

	if (c->args)
		return;
	image_begin(c);
	i = image_type(c, CT_TYPE_SIGNED, "int", 4, CT_NONE);
	ch = image_type(c, CT_TYPE_CHAR, "char", 1, CT_NONE);
	string = image_type(c, CT_TYPE_POINTER, "char *", 8, ch);
	s = image_type(c, CT_TYPE_STRUCT, "struct s", 24, CT_NONE);
	image_member(c, s, "n", i, 0);
	image_member(c, s, "bits", i, 4)->bit_size = 5;
	image_member(c, s, "name", string, 8);
	image_member(c, s, "d", image_type(c, CT_TYPE_FLOAT, "double", 8, CT_NONE), 16);
	v = image_type(c, CT_TYPE_STD_VECTOR, "std::vector<int>", 24, i);
	image_argument(c, "s", s, (uint64_t[]){ 7, 0x1000, 0x3ff8000000000000 }, 24);
	image_argument(c, "out", string, &(uint64_t){ 0x2000 }, 8);
	image_argument(c, "v", v, (uint64_t[]){ 0x3000, 0x3008, 0x3010 }, 24);
	image_argument(c, "r", image_type(c, CT_TYPE_REFERENCE, "s &", 8, s), &(uint64_t){ 0x4000 }, 8);
	image_argument(c, "x", i, &(int){ -1 }, 4);
	image_follow(c, CT_OP_STRING, 0, 0, 8, 0, 1);
	image_out(c, image_follow(c, CT_OP_STRING, 1, 0, 24, 0, 1));
	image_follow(c, CT_OP_RANGE, 2, 0, 32, 40, 4);
	image_follow(c, CT_OP_BYTES, 3, 0, 56, 0, 24);
	image_follow(c, CT_OP_STRING, 3, 4, 8, 0, 1);
	image_returns(c, string, CT_RETURN_RAX, &(uint64_t){ 0x5000 }, 8);
	image_follow(c, CT_OP_STRING, UINT16_MAX, 0, 0, 0, 1);
	payload_block(&c->enter, CT_BLOCK_WHOLE, 0, 0, "abc\xff", 4);
	payload_block(&c->enter, CT_BLOCK_CUT, 1, 0, "before", 6);
	payload_block(&c->enter, CT_BLOCK_WHOLE, 2, 0, (int[]){ 1, 2 }, 8);
	payload_block(&c->enter, CT_BLOCK_WHOLE, 3, 0, (uint64_t[]){ 8, 0x1000, 0 }, 24);
	payload_block(&c->enter, CT_BLOCK_BAD, 4, 0, "", 0);
	payload_block(&c->exit, CT_BLOCK_WHOLE, 1, 0, "after", 5);
	payload_block(&c->exit, CT_BLOCK_WHOLE, 0, CT_BLOCK_OF_RETURN, "returned", 8);
	if (!mkdtemp(cache))
		abort();
	image_save_index(c, cache);
	atexit(remove_cache);
}

static void fill_values(struct raw_writer *w)
{
	raw_choice(w, (const char *const[]){ NULL, "values:a, nobody", "*:b" }, NULL);
	for (unsigned i = 0; i < 20; i++) {
		image_record(w, &image.enter, CT_ENTER_VALUES, 10 * i);
		if (i % 5 == 4)
			raw_record(w, 0, CT_UNWIND_TO, 0, 10 * i + 5);
		else if (i % 7 != 6)
			image_record(w, &image.exit, i % 3 == 1 ? CT_EXIT_WORD : CT_EXIT_VALUES, 10 * i + 5);
		if (i % 6 == 5)
			raw_chunk(w, 0, CT_EXTENT_DATA, false);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ct_trace_options options = { .no_index_make = true, .summary_only = size % 4 == 0 };
	const struct ct_json_options write = { .max_depth = UINT32_MAX, .pretty = size % 2 };
	char path[64], json_path[64];
	int fd = fuzz_file(data, size, path);
	struct ct_trace *trace;

	make_image();

	if (ct_trace_open(path, &options, &trace, NULL)) {
		ct_results_apply("/no/such/folder", &trace, 1);
		if (ct_trace_session(trace)) {
			char folder[] = "/tmp/fuzz-XXXXXX";

			if (!mkdtemp(folder))
				abort();
			snprintf(json_path, sizeof json_path, "%s/x.json", folder);
			if (!ct_trace_write_json(trace, &write, json_path, NULL))
				abort();
			compare(trace, json_path);
			write_part(trace, json_path, size);
			unlink(json_path);
			rmdir(folder);
		}
		ct_trace_close(trace);
	}
	close(fd);
	return 0;
}

/* Something of everything. */
static void fill(struct raw_writer *w)
{
	raw_row(w, 0, 0x10100, 0x10110, 0x7000, 0);
	raw_row(w, 0, 0x10200, 0x10210, 0x10120, 0x10110);
	raw_row(w, 0, 0x10300, 0x10310, 0x7fff0010, 0x10210);
	raw_row(w, 1, 0x10200, 0x10210, 0x7000, 0);
	raw_module(w, 1, "/lib/libc.so.6", 0x7fff0000, 0x7fff1000, 0);
	raw_extended_word(w, 0, CT_PHASE, CT_PHASE_BODY, 5);
	raw_enter(w, 0, 1, 10);
	for (unsigned i = 0; i < 40; i++) {
		uint64_t t = 20 + 100 * i;

		raw_enter(w, 0, 2, t);
		raw_enter(w, 0, 3, t + 1);
		if (i % 5 == 0)
			raw_record(w, 0, CT_UNWIND_TO, i % 10 ? 1 : CT_UNWIND_BY | 2, t + 2);
		if (i % 10 == 5) {
			const uint64_t back[3] = { 2, RAW_BEGIN + t + 2, 2 | 3ull << CT_ID_BITS };

			raw_extended(w, 0, CT_BACK, back, 3, t + 3);
			raw_exit(w, 0, 3, t + 4);
			raw_record(w, 0, CT_UNWIND_TO, 1, t + 5);
		} else if (i % 5)
			raw_exit(w, 0, 3, t + 2), raw_exit(w, 0, 2, t + 3);
		if (i % 7 == 0)
			raw_extended(w, 0, CT_NOTE, "a note, 16 bytes", 2, t + 4);
		if (i % 9 == 0)
			raw_extended_word(w, 0, CT_FAILURE, i & 1, t + 5);
		if (i % 10 == 9)
			raw_chunk(w, 0, CT_EXTENT_DATA, i == 39);
	}
	raw_choice(w, (const char *const[]){ "f*", "*:x,y(int)", "h:return" }, NULL);
	raw_extended(w, 0, CT_PAUSE, NULL, 0, 5000);
	raw_extended(w, 0, CT_RESUME, NULL, 0, 5001);
	raw_extended_word(w, 0, CT_TIME, RAW_BEGIN + (1ull << 42), 1ull << 42);
	raw_exit(w, 0, 1, (1ull << 42) + 1);
	raw_enter(w, 1, 1, 50);
}

static void ring_open(struct raw_writer *w, const uint32_t *rows, uint16_t outer, uint16_t inner, uint32_t depth,
                      uint64_t time)
{
	uint64_t words[8] = {0};
	struct ct_open open = { .depth = depth, .outer = outer, .inner = inner, .phase = CT_PHASE_BODY };

	memcpy(words, &open, sizeof open);
	for (unsigned i = 0; i < (unsigned) outer + inner; i++)
		words[2 + i / 3] |= (uint64_t) rows[i] << i % 3 * CT_ID_BITS;
	raw_extended(w, 0, CT_OPEN, words, 2 + (uint32_t)(outer + inner + 2) / 3, time);
}

/* What a recorder with a limit leaves: late numbers, a gap, room that was being written, excluded calls. */
static void fill_ring(struct raw_writer *w, bool oldest)
{
	raw_row(w, 0, 0x10100, 0x10110, 0x7000, 0);
	raw_row(w, 0, 0x10200, 0x10210, 0x10120, 0x10110);
	raw_row(w, 0, 0x10300, 0x10310, 0x10220, 0x10210);
	raw_row(w, 0, 0x10400, 0x10410, 0x10320, 0x10310);
	w->threads[0].rows[3].flags = CT_ROW_EXCLUDED;
	for (unsigned i = 1; i < 5; i++)
		w->threads[0].rows[i].count = 1000;
	w->session.max_size = 65536;
	w->session.keep = oldest ? CT_KEEP_OLDEST : CT_KEEP_NEWEST;
	w->session.lost[CT_LOST_LIMIT] = 3;
	w->threads[0].seq = oldest ? 0 : 7;
	for (unsigned i = 0; i < 30; i++) {
		uint64_t t = 100 + 10 * i;

		if (i % 10 == 0 && !oldest)
			ring_open(w, (const uint32_t[]){ 1, 2, 4 }, i == 10, 2, i == 10 ? 5000 : 2, t);
		raw_enter(w, 0, i % 3 ? 2 : 4, t);
		raw_exit(w, 0, i % 3 ? 2 : 4, t + 1);
		if (i == 25)
			raw_record(w, 0, CT_UNWIND_TO, 1, t + 2);
		if (i % 10 == 9) {
			size_t at = raw_chunk(w, 0, CT_EXTENT_DATA, false);

			if (i == 29 && oldest)
				((struct ct_extent *) (w->file.data + at))->flags = CT_CHUNK_LAST;
			w->threads[0].seq += i == 19 && !oldest;
		}
	}
	raw_extent(w, (struct ct_extent){ .kind = CT_EXTENT_FREE }, "rest", 4);
	raw_row(w, 1, 0x10100, 0x10110, 0x7000, 0);
}

static bool fuzz_begin(unsigned n, struct ct_text *input)
{
	struct raw_writer *w;

	if (n >= 12)
		return false;
	make_image();
	w = ct_calloc(1, sizeof *w);
	if (n & 4)
		image_raw_begin(w, &image);
	else
		raw_begin(w);
	if (n & 1) {
		w->session.role = CT_ROLE_WORKER;
		memcpy(w->session.suite, "s", 2);
		w->session.lost[CT_LOST_ROWS] = 1;
	}
	if (n & 2) {
		struct raw_crash crash;

		w->session.lost[CT_LOST_NO_SPACE] = 1;
		raw_crash(w, n & 1 ? 0x30ff8 : 0x70010, 3000, &crash);
	}
	if (n & 8)
		fill_ring(w, n & 1);
	else if (n & 4)
		fill_values(w);
	else
		fill(w);
	raw_end(w);
	ct_text_add_n(input, w->file.data, w->file.length);
	ct_text_deinit(&w->file);
	for (unsigned i = 0; i < RAW_THREADS; i++)
		free(w->threads[i].words);
	free(w);
	return true;
}
