/*
 * fuzz_raw.c - any bytes as a raw trace: opened, walked, converted; and what was converted
 * is read back, must be whole, and must tell of the same calls.
 */
#include "../unit/raw_writer.h"
#include "driver.h"
#include "through_file.h"
#include "trace/trace.h"

struct sum {
	uint64_t calls, depth, hash;
	int64_t open;
};

static bool on_enter(const struct ct_trace_call *call, void *user)
{
	struct sum *s = user;

	if (call->depth != s->open++)
		abort();
	s->calls++;
	s->hash = s->hash * 31 + call->function + call->start + call->phase * 7;
	return true;
}

static bool on_leave(const struct ct_trace_call *call, void *user)
{
	struct sum *s = user;

	if (--s->open != call->depth)
		abort();
	s->hash = s->hash * 31 + call->end + (uint64_t) call->ended;
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
	const struct ct_walker walker = { on_enter, on_leave, on_mark, false };
	struct sum sum = {0};

	if (!ct_trace_walk(trace, thread, &walker, &sum, NULL) || sum.open != 0)
		abort();
	return sum;
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
	for (uint32_t i = 0; i < n && i < 64; i++) {
		struct sum a = walk(raw, i), b = walk(json, i);

		if (a.calls != b.calls || (a.hash != b.hash && !ct_trace_session(raw)->theory))
			abort();
	}
	ct_trace_close(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ct_trace_options options = { .no_index_make = true, .summary_only = size % 4 == 0 };
	const struct ct_json_options write = { .max_depth = UINT32_MAX, .pretty = size % 2 };
	char path[64], json_path[64];
	int fd = fuzz_file(data, size, path);
	struct ct_trace *trace;

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
			raw_record(w, 0, CT_UNWIND_TO, 1, t + 2);
		else
			raw_exit(w, 0, 3, t + 2), raw_exit(w, 0, 2, t + 3);
		if (i % 7 == 0)
			raw_extended(w, 0, CT_NOTE, "a note, 16 bytes", 2, t + 4);
		if (i % 9 == 0)
			raw_extended_word(w, 0, CT_FAILURE, i & 1, t + 5);
		if (i % 10 == 9)
			raw_chunk(w, 0, CT_EXTENT_DATA, i == 39);
	}
	raw_extended(w, 0, CT_PAUSE, NULL, 0, 5000);
	raw_extended(w, 0, CT_RESUME, NULL, 0, 5001);
	raw_extended_word(w, 0, CT_TIME, RAW_BEGIN + (1ull << 42), 1ull << 42);
	raw_exit(w, 0, 1, (1ull << 42) + 1);
	raw_enter(w, 1, 1, 50);
}

static bool fuzz_begin(unsigned n, struct ct_text *input)
{
	struct raw_writer *w;

	if (n >= 4)
		return false;
	w = ct_calloc(1, sizeof *w);
	raw_begin(w);
	if (n & 1) {
		w->session.role = CT_ROLE_WORKER;
		memcpy(w->session.suite, "s", 2);
		w->session.lost[CT_LOST_ROWS] = 1;
	}
	if (n & 2)
		w->session.lost[CT_LOST_NO_SPACE] = 1;
	fill(w);
	raw_end(w);
	ct_text_add_n(input, w->file.data, w->file.length);
	ct_text_deinit(&w->file);
	for (unsigned i = 0; i < RAW_THREADS; i++)
		free(w->threads[i].words);
	free(w);
	return true;
}
