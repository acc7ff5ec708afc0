/* Raw traces that are not whole: what can be saved is saved, what is wrong is said. */
#include "format/choice.h"
#include "trace_text.h"

enum { MAIN = 1, F = 2 };

static void begin(struct raw_writer *w)
{
	raw_begin(w);
	raw_row(w, 0, 0x10100, 0x10110, 0x7000, 0);
	raw_row(w, 0, 0x10200, 0x10210, 0x10120, 0x10110);
}

static struct ct_error open_error(const char *path)
{
	struct ct_error err = { .code = CT_OK };
	struct ct_trace *trace = NULL;

	cr_assert_not(ct_trace_open(path, NULL, &trace, &err));
	cr_assert(strstr(err.text, path), "the file is not named in: %s", err.text);
	cr_assert_not(strchr(err.text, '\n'));
	return err;
}

static const char *write_file(const char *name, const void *bytes, size_t size)
{
	const char *path = temporary(name);
	struct ct_error err;

	cr_assert(ct_file_replace(path, bytes, size, 0600, &err), "%s", err.text);
	return path;
}

Test(trace_damage, what_is_no_trace)
{
	char zeros[8192] = "";

	cr_assert_eq(open_error("/no/such/file.ct").code, CT_EIO);
	cr_assert_eq(open_error("/tmp").code, CT_EIO);
	cr_assert_eq(open_error(write_file("empty", "", 0)).code, CT_ENOTRACE);
	cr_assert_eq(open_error(write_file("text", "hello, world\n", 13)).code, CT_ENOTRACE);
	cr_assert_eq(open_error(write_file("zeros", zeros, sizeof zeros)).code, CT_ENOTRACE);
}

Test(trace_damage, another_version)
{
	struct raw_writer w;

	begin(&w);
	w.session.version = CT_RAW_VERSION + 1;
	raw_save(&w, temporary("x.ct"));
	cr_assert_eq(open_error(temporary("x.ct")).code, CT_EVERSION);
}

Test(trace_damage, an_unknown_extent_is_skipped)
{
	struct raw_writer w;
	struct ct_trace *t;
	char payload[6000];

	begin(&w);
	memset(payload, 0xff, sizeof payload);
	raw_extent(&w, (struct ct_extent){ .kind = 77 }, payload, sizeof payload);
	raw_enter(&w, 0, MAIN, 10);
	raw_exit(&w, 0, MAIN, 20);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

Test(trace_damage, a_missing_chunk_closes_what_was_open)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	raw_chunk(&w, 0, CT_EXTENT_DATA, false);
	w.threads[0].seq++;
	raw_enter(&w, 0, F, 60); /* in main, which was open all the time */
	raw_exit(&w, 0, F, 70);
	raw_exit(&w, 0, MAIN, 80);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  app+0x200\n  unseen\nunseen\n[missing]\napp+0x200\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 1);
	cr_assert_not(ct_trace_meta(t)->complete);
	cr_assert_eq(ct_trace_meta(t)->total_calls, 3, "counts do not depend on records");
	ct_trace_close(t);
}

Test(trace_damage, a_file_that_is_cut_short)
{
	struct raw_writer w;
	struct ct_error err;
	size_t size;

	begin(&w);
	raw_tables(&w);
	w.no_rows = true;
	raw_enter(&w, 0, MAIN, 10);
	for (unsigned i = 0; i < 2000; i++) {
		raw_enter(&w, 0, F, 20 + 2 * i);
		raw_exit(&w, 0, F, 21 + 2 * i);
	}
	raw_end(&w);
	for (size = 1; size < w.file.length; size += 509) {
		struct ct_trace *t = NULL;

		write_file("x.ct", w.file.data, size);
		if (ct_trace_open(temporary("x.ct"), NULL, &t, &err)) {
			cr_assert_not(ct_trace_meta(t)->complete);
			for (size_t i = 0, n = (ct_trace_threads(t, &n), n); i < n; i++)
				free(trace_text(t, (uint32_t) i, true, true));
		}
		ct_trace_close(t);
	}
	ct_text_deinit(&w.file);
	free(w.threads[0].words);
}

Test(trace_damage, without_its_session)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	w.no_session = true;
	raw_enter(&w, 0, MAIN, 10);
	raw_exit(&w, 0, MAIN, 20);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n");
	cr_assert_gt(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

Test(trace_damage, records_that_make_no_sense)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_exit(&w, 0, F, 5);           /* nothing is open */
	raw_enter(&w, 0, MAIN, 10);
	raw_record(&w, 0, CT_ENTER, 50, 20); /* no such row */
	raw_record(&w, 0, (enum ct_kind) 0, 3, 25); /* no such kind */
	raw_enter(&w, 0, F, 30);
	raw_exit(&w, 0, MAIN, 40);       /* f is open in it */
	raw_extended_word(&w, 0, CT_PHASE, 99, 50);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  app+0x200\n  unseen\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 5);
	ct_trace_close(t);
}

Test(trace_damage, sizes_meant_to_harm)
{
	static const uint64_t sizes[] = { 1, 4095, 1ull << 32, 1ull << 62, UINT64_MAX - 4095, 0 };

	for (size_t i = 0; sizes[i]; i++) {
		struct raw_writer w;
		struct ct_trace *t;
		size_t at;
		uint64_t zero = 0;

		begin(&w);
		at = raw_extent(&w, (struct ct_extent){ .kind = CT_EXTENT_DATA, .thread = 3 }, &zero, 8);
		memcpy(w.file.data + at + offsetof(struct ct_extent, size), &sizes[i], 8);
		raw_enter(&w, 0, MAIN, 10);
		raw_exit(&w, 0, MAIN, 20);
		t = save_and_open(&w);
		expect_calls(t, 0, "app+0x100\n");
		cr_assert_gt(ct_trace_meta(t)->damaged, 0);
		ct_trace_close(t);
	}
}

/* Thousands of threads that each claim the last row: no more memory than the file is worth. */
Test(trace_damage, numbers_meant_to_harm)
{
	struct raw_writer w;
	struct ct_trace *t;
	struct ct_call_row row = { 0x10100, 0x10110, 0, 0, UINT64_MAX, 0 };

	begin(&w);
	for (uint32_t i = 0; i < 2000; i++)
		raw_extent(&w, (struct ct_extent){ .kind = CT_EXTENT_CALLS, .thread = UINT32_MAX - i,
			                           .first = CT_MAX_ROWS - 1, .count = UINT32_MAX,
			                           .seq = UINT32_MAX },
		           &row, sizeof row);
	t = save_and_open(&w);
	cr_assert_gt(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

Test(trace_damage, choices)
{
	static const char *const good[3] = { NULL, "a:b, c(int, int)", "" }, *const lists[3] = { "only", "x", NULL };
	static const uint32_t sizes[][3] = { { 5, 2, UINT32_MAX }, { 4, 0, 0 }, { UINT32_MAX, 0, 0 }, { 5, 4096, 0 }, { 0 } };
	const struct ct_trace_meta *meta;
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_choice(&w, good, NULL);
	for (size_t i = 0; sizes[i][0]; i++)
		raw_choice(&w, lists, sizes[i]);
	t = save_and_open(&w);
	meta = ct_trace_meta(t);
	cr_assert_eq(meta->damaged, 4);
	cr_assert_eq(meta->call_bytes, 2048);
	cr_assert_eq(meta->pattern_count, 4);
	cr_assert_str_eq(meta->patterns[1].text, "c(int, int)");
	cr_assert_eq(meta->patterns[1].list, CT_CHOICE_EXCEPT);
	cr_assert_str_eq(meta->patterns[2].text, "only");
	cr_assert_not(meta->patterns[0].unmatched, "nothing is known of it without an index");
	ct_trace_close(t);
}

Test(trace_damage, a_sparse_file_of_a_terabyte, .timeout = 20)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_exit(&w, 0, MAIN, 20);
	raw_save(&w, temporary("x.ct"));
	if (truncate(temporary("x.ct"), (off_t) 1 << 40) < 0)
		cr_skip_test("no such files here");
	t = open_trace(temporary("x.ct"));
	expect_calls(t, 0, "app+0x100\n");
	ct_trace_close(t);
}
