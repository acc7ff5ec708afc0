/* Raw traces: what is whole is read as it was recorded. */
#include "trace_text.h"

enum { MAIN = 1, F = 2, G = 3 };

/* main calls f and g; f calls g. */
static void begin(struct raw_writer *w)
{
	raw_begin(w);
	raw_row(w, 0, 0x10100, 0x10110, 0x7000, 0);
	raw_row(w, 0, 0x10200, 0x10210, 0x10120, 0x10110);
	raw_row(w, 0, 0x10300, 0x10310, 0x10220, 0x10210);
}

Test(trace_raw, calls_in_one_window)
{
	struct raw_writer w;
	struct ct_trace *t;
	char *found;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	raw_enter(&w, 0, G, 30);
	raw_exit(&w, 0, G, 40);
	raw_exit(&w, 0, F, 50);
	raw_exit(&w, 0, MAIN, 60);
	t = save_and_open(&w);
	found = trace_text(t, 0, true, false);
	cr_assert_str_eq(found, "app+0x100 @10\n"
	                        "  app+0x200 @20\n"
	                        "    app+0x300 @30\n"
	                        "    end @40\n"
	                        "  end @50\n"
	                        "end @60\n");
	free(found);
	cr_assert_eq(ct_trace_meta(t)->total_calls, 3);
	cr_assert_eq(ct_trace_meta(t)->duration, 60);
	cr_assert(ct_trace_meta(t)->complete);
	ct_trace_close(t);
}

Test(trace_raw, chunks_are_put_in_order)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	raw_chunk(&w, 0, CT_EXTENT_DATA, false);
	raw_exit(&w, 0, F, 30);
	raw_chunk(&w, 0, CT_EXTENT_DATA, false);
	raw_exit(&w, 0, MAIN, 40);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  app+0x200\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

/* The writer died between writing a chunk out and clearing its window, or in the middle. */
Test(trace_raw, of_two_copies_the_fuller_one_counts)
{
	for (int data_is_cut = 0; data_is_cut < 2; data_is_cut++) {
		struct raw_writer w;
		struct ct_trace *t;
		size_t data;

		begin(&w);
		raw_enter(&w, 0, MAIN, 10);
		raw_enter(&w, 0, F, 20);
		raw_exit(&w, 0, F, 30);
		data = raw_chunk(&w, 0, CT_EXTENT_DATA, true);
		if (data_is_cut)
			memset(w.file.data + data + sizeof(struct ct_extent) + 8, 0, 16);
		else
			w.threads[0].word_count = 0; /* the window is cleared, its seq is old */
		raw_chunk(&w, 0, CT_EXTENT_WINDOW, false);
		t = save_and_open(&w);
		expect_calls(t, 0, "app+0x100\n  app+0x200\nopen\n");
		cr_assert_eq(ct_trace_meta(t)->damaged, 0);
		ct_trace_close(t);
	}
}

/* pitfall: 30 */
Test(trace_raw, slots_never_written_are_skipped)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_word(&w, 0, 0);
	raw_enter(&w, 0, F, 20);
	raw_word(&w, 0, 0);
	raw_extended_word(&w, 0, CT_PENDING, 0xdeadbeef, 25);
	raw_exit(&w, 0, F, 30);
	raw_exit(&w, 0, MAIN, 40);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  app+0x200\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

Test(trace_raw, time_goes_on_when_its_low_bits_wrap)
{
	const uint64_t wrap = 1ull << CT_TIME_BITS;
	struct raw_writer w;
	struct ct_trace *t;
	char *found, expected[256];

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, wrap / 3);
	raw_exit(&w, 0, F, wrap / 3 * 2);
	raw_enter(&w, 0, F, wrap + 5);
	raw_exit(&w, 0, F, wrap + 6);
	raw_extended_word(&w, 0, CT_TIME, RAW_BEGIN + 7 * wrap, 7 * wrap);
	raw_exit(&w, 0, MAIN, 7 * wrap + 1);
	t = save_and_open(&w);
	found = trace_text(t, 0, true, false);
	snprintf(expected, sizeof expected,
	         "app+0x100 @10\n  app+0x200 @%llu\n  end @%llu\n  app+0x200 @%llu\n  end @%llu\n"
	         "end @%llu\n",
	         wrap / 3 + 0ull, wrap / 3 * 2 + 0ull, wrap + 5ull, wrap + 6ull, 7 * wrap + 1ull);
	cr_assert_str_eq(found, expected, "%s", found);
	free(found);
	ct_trace_close(t);
}

/* A signal handler's record, behind the one it interrupted, may bear an earlier time. */
Test(trace_raw, time_never_goes_back)
{
	struct raw_writer w;
	struct ct_trace *t;
	char *found;

	begin(&w);
	raw_enter(&w, 0, MAIN, 100);
	raw_enter(&w, 0, F, 90);
	raw_exit(&w, 0, F, 95);
	raw_exit(&w, 0, MAIN, 120);
	t = save_and_open(&w);
	found = trace_text(t, 0, true, false);
	cr_assert_str_eq(found, "app+0x100 @100\n  app+0x200 @100\n  end @100\nend @120\n");
	free(found);
	ct_trace_close(t);
}

Test(trace_raw, ticks_are_not_nanoseconds)
{
	struct raw_writer w;
	struct ct_trace *t;
	char *found;

	begin(&w);
	w.session.last[1] = (struct ct_clock){ RAW_BEGIN + 2600000, RAW_BEGIN + 1000000 };
	w.session.last[0] = (struct ct_clock){ RAW_BEGIN + 260, 0 }; /* torn */
	raw_enter(&w, 0, MAIN, 26);
	raw_exit(&w, 0, MAIN, 2600);
	t = save_and_open(&w);
	found = trace_text(t, 0, true, false);
	cr_assert_str_eq(found, "app+0x100 @10\nend @1000\n", "%s", found);
	free(found);
	ct_trace_close(t);
}

/* pitfall: 1 */
Test(trace_raw, frames_left_by_a_jump)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	raw_enter(&w, 0, G, 30);
	raw_record(&w, 0, CT_UNWIND_TO, 1, 40);
	raw_enter(&w, 0, F, 50);
	raw_exit(&w, 0, F, 60);
	raw_record(&w, 0, CT_UNWIND_TO, 5, 70); /* more than are open: does nothing */
	raw_exit(&w, 0, MAIN, 80);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n"
	                   "  app+0x200\n"
	                   "    app+0x300\n"
	                   "    unwound\n"
	                   "  unwound\n"
	                   "  app+0x200\n");
	ct_trace_close(t);
}

/* In a handler that interrupted the hook of G before its record was written, and one that interrupted it behind. */
Test(trace_raw, frames_left_by_a_jump_within_a_handler)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	raw_enter(&w, 0, F, 30);
	raw_record(&w, 0, CT_UNWIND_TO, CT_UNWIND_BY | 1, 40);
	raw_exit(&w, 0, F, 50);
	raw_enter(&w, 0, G, 60);
	raw_enter(&w, 0, F, 70);
	raw_enter(&w, 0, F, 80);
	raw_record(&w, 0, CT_UNWIND_TO, CT_UNWIND_BY | 2, 90);
	raw_exit(&w, 0, G, 100);
	raw_record(&w, 0, CT_UNWIND_TO, CT_UNWIND_BY | 9, 110); /* more than are open: all of them */
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n"
	                   "  app+0x200\n"
	                   "    app+0x200\n"
	                   "    unwound\n"
	                   "  app+0x300\n"
	                   "    app+0x200\n"
	                   "      app+0x200\n"
	                   "      unwound\n"
	                   "    unwound\n"
	                   "unwound\n");
	ct_trace_close(t);
}

Test(trace_raw, calls_that_ended_while_recording_was_off)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	raw_extended(&w, 0, CT_PAUSE, NULL, 0, 30);
	raw_extended(&w, 0, CT_RESUME, NULL, 0, 90);
	raw_record(&w, 0, CT_UNWIND_TO, 1, 91);
	raw_exit(&w, 0, MAIN, 100);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n"
	                   "  app+0x200\n"
	                   "    [pause]\n"
	                   "    [resume]\n"
	                   "  unseen\n");
	ct_trace_close(t);
}

Test(trace_raw, notes_and_failures)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_extended(&w, 0, CT_NOTE, "a note, 16 bytes", 2, 20);
	raw_extended_word(&w, 0, CT_FAILURE, 0, 30);
	raw_exit(&w, 0, MAIN, 40);
	raw_extended_word(&w, 0, CT_FAILURE, 1, 50);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n"
	                   "  [note a note, 16 bytes]\n"
	                   "  [failure not fatal]\n"
	                   "[failure fatal]\n");
	ct_trace_close(t);
}

/* A payload of zeros at the end of a chunk cannot be told from what was never written. */
Test(trace_raw, a_record_that_ends_in_zeros)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_extended_word(&w, 0, CT_FAILURE, 0, 30);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  [failure not fatal]\nopen\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

/* A chunk that begins where no call is open. */
Test(trace_raw, no_open_calls_at_the_end_of_a_chunk)
{
	const uint64_t none[2] = {0};
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_exit(&w, 0, MAIN, 20);
	raw_chunk(&w, 0, CT_EXTENT_DATA, 0);
	raw_extended(&w, 0, CT_OPEN, none, 2, 30);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

/* Calls `rows`, left at `left`, are open again. */
static void back(struct raw_writer *w, uint64_t count, uint64_t left, uint64_t rows, uint64_t time)
{
	const uint64_t words[3] = { count, RAW_BEGIN + left, rows };

	raw_extended(w, 0, CT_BACK, words, 3, time);
}

static const uint64_t f_and_g = F | (uint64_t) G << CT_ID_BITS;

/* Left by a switch to another stack, and come back to: twice, the second time not whole. */
Test(trace_raw, calls_that_go_on)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	raw_enter(&w, 0, G, 30);
	raw_record(&w, 0, CT_UNWIND_TO, 1, 40);
	back(&w, 2, 40, f_and_g, 50);
	raw_exit(&w, 0, G, 60);
	raw_enter(&w, 0, G, 70);
	raw_record(&w, 0, CT_UNWIND_TO, 1, 80);
	back(&w, 1, 80, F, 90);
	raw_exit(&w, 0, F, 100);
	raw_exit(&w, 0, MAIN, 110);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n"
	                   "  app+0x200\n    app+0x300\n    switched\n  switched\n"
	                   "  app+0x200 continued\n    app+0x300 continued\n    app+0x300\n    unwound\n  switched\n"
	                   "  app+0x200 continued\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	cr_assert_eq(ct_trace_meta(t)->total_calls, 4);
	ct_trace_close(t);
}

/* More rows than there is room for, none, or rows that are not there. */
Test(trace_raw, calls_that_go_on_damaged)
{
	static const struct {
		uint64_t count, rows;
		const char *expected;
		unsigned damaged;
	} cases[] = {
		{ 0, F, "app+0x100\n", 1 },
		{ 4, f_and_g, "app+0x100\n", 1 },
		{ UINT64_MAX, F, "app+0x100\n", 1 },
		{ 1, 77, "app+0x100\n", 0 },
		{ 3, f_and_g, "app+0x100\n  app+0x200 continued\n    app+0x300 continued\n    unwound\n  unwound\n", 0 },
	};

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct raw_writer w;
		struct ct_trace *t;

		begin(&w);
		raw_enter(&w, 0, MAIN, 10);
		back(&w, cases[i].count, 5, cases[i].rows, 20);
		raw_record(&w, 0, CT_UNWIND_TO, 1, 30);
		raw_exit(&w, 0, MAIN, 40);
		t = save_and_open(&w);
		expect_calls(t, 0, cases[i].expected);
		cr_assert_eq(ct_trace_meta(t)->damaged, cases[i].damaged, "%u: %llu", i,
		             (unsigned long long) ct_trace_meta(t)->damaged);
		ct_trace_close(t);
	}
}

/* The record is the last one of its chunk, and ends in zeros. */
Test(trace_raw, calls_that_go_on_at_the_end_of_a_chunk)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, F, 20);
	raw_record(&w, 0, CT_UNWIND_TO, 0, 40);
	back(&w, 1, 40, F, 50);
	raw_chunk(&w, 0, CT_EXTENT_DATA, false);
	raw_exit(&w, 0, F, 60);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x200\nswitched\napp+0x200 continued\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

/* pitfall: 32 */
Test(trace_raw, a_library_in_the_place_of_another)
{
	static const struct {
		const char *path;
		uint32_t first, gone;
	} libraries[] = { { "/lib/one.so", 0, 1 }, { "/lib/two.so", 1, 3 }, { "/lib/four.so", 4, 0 } };
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	for (int i = 0; i < 3; i++) {
		struct ct_module m = { .bias = 0x30000, .low = 0x30000, .high = 0x40000, .flags = CT_MODULE_HOOKS };

		snprintf(m.path, sizeof m.path, "%s", libraries[i].path);
		raw_extent(&w, (struct ct_extent){ .kind = CT_EXTENT_MODULE, .seq = libraries[i].first,
		                                   .count = libraries[i].gone }, &m, sizeof m);
	}
	for (uint64_t epoch = 0; epoch < 5; epoch++) {
		uint32_t row = raw_row(&w, 0, 0x30100, 0x30110, 0x10120, 0x10110);

		w.threads[0].rows[row].flags = epoch << CT_ROW_EPOCH;
		raw_enter(&w, 0, row, 10 + epoch * 10);
		raw_exit(&w, 0, row, 15 + epoch * 10);
	}
	t = save_and_open(&w);
	expect_calls(t, 0, "one.so+0x100\ntwo.so+0x100\ntwo.so+0x100\n0x30100\nfour.so+0x100\n");
	ct_trace_close(t);
}

Test(trace_raw, iterations_of_a_theory)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_enter(&w, 0, F, 1);
	raw_exit(&w, 0, F, 2);
	raw_enter(&w, 0, MAIN, 3);
	raw_extended_word(&w, 0, CT_THEORY, 0x10200, 10);
	for (unsigned i = 0; i < 2; i++) {
		raw_enter(&w, 0, F, 20 + 10 * i);
		raw_enter(&w, 0, G, 21 + 10 * i);
		raw_exit(&w, 0, G, 22 + 10 * i);
		raw_exit(&w, 0, F, 23 + 10 * i);
	}
	raw_extended_word(&w, 0, CT_THEORY, 0, 50);
	raw_enter(&w, 0, F, 60);
	raw_exit(&w, 0, F, 61);
	raw_exit(&w, 0, MAIN, 62);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x200\n"
	                   "app+0x100\n"
	                   "  app+0x200 #1\n    app+0x300 #1\n"
	                   "  app+0x200 #2\n    app+0x300 #2\n"
	                   "  app+0x200\n");
	ct_trace_close(t);
}

/* A thread that is not told goes by the main thread's phase. */
Test(trace_raw, phases)
{
	struct raw_writer w;
	struct ct_trace *t;
	char *found;

	begin(&w);
	w.session.role = CT_ROLE_WORKER;
	snprintf(w.session.suite, sizeof w.session.suite, "s");
	raw_row(&w, 1, 0x10200, 0x10210, 0x7000, 0);
	raw_enter(&w, 0, MAIN, 10);
	raw_exit(&w, 0, MAIN, 11);
	raw_extended_word(&w, 0, CT_PHASE, CT_PHASE_BODY, 20);
	raw_enter(&w, 0, MAIN, 21);
	raw_exit(&w, 0, MAIN, 22);
	raw_extended_word(&w, 0, CT_PHASE, CT_PHASE_TEARDOWN, 30);
	for (unsigned time = 15; time < 40; time += 10) {
		raw_enter(&w, 1, 1, time);
		raw_exit(&w, 1, 1, time + 1);
	}
	t = save_and_open(&w);
	found = trace_text(t, 0, false, true);
	cr_assert_str_eq(found, "app+0x100 startup\napp+0x100 body\n");
	free(found);
	found = trace_text(t, 1, false, true);
	cr_assert_str_eq(found, "app+0x200 startup\napp+0x200 body\napp+0x200 teardown\n");
	free(found);
	ct_trace_close(t);
}

Test(trace_raw, the_summary_adds_up_all_threads)
{
	struct raw_writer w;
	struct ct_trace *t;
	const struct ct_trace_function *f;
	const struct ct_trace_pair *p;
	size_t count;

	begin(&w);
	raw_row(&w, 0, 0x10200, 0x10210, 0x7fff0010, 0x10110); /* f by way of a library */
	raw_row(&w, 1, 0x10200, 0x10210, 0x10120, 0x10110);
	raw_row(&w, 1, 0x10300, 0x10318, 0x10220, 0x10210); /* g by another hook: inlined */
	raw_module(&w, 1, "/lib/libc.so.6", 0x7fff0000, 0x7fff1000, 0);
	w.threads[0].rows[MAIN].count = 1;
	w.threads[0].rows[F].count = 10;
	w.threads[0].rows[G].count = 100;
	w.threads[0].rows[4].count = 1000;
	w.threads[1].rows[1].count = 5;
	w.threads[1].rows[2].count = 7;
	t = save_and_open(&w);
	f = ct_trace_functions(t, &count);
	cr_assert_eq(count, 3);
	cr_assert_str_eq(f[1].name, "app+0x200");
	cr_assert_eq(f[1].calls, 1015);
	cr_assert_eq(f[2].calls, 107);
	cr_assert_eq(f[2].address, 0x300);
	cr_assert_eq(ct_trace_meta(t)->total_calls, 1123);
	p = ct_trace_pairs(t, &count);
	cr_assert_eq(count, 3);
	cr_assert(p[0].caller == 0 && p[0].callee == 1 && p[0].calls == 15 && !p[0].through);
	cr_assert(p[1].caller == 0 && p[1].callee == 1 && p[1].calls == 1000);
	cr_assert_str_eq(p[1].through, "libc.so.6");
	cr_assert(p[2].caller == 1 && p[2].callee == 2 && p[2].calls == 107);
	ct_trace_modules(t, &count);
	cr_assert_eq(count, 1, "a module that has call sites only is none that was traced");
	ct_trace_close(t);
}

Test(trace_raw, calls_without_room_in_the_table)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	w.session.lost[CT_LOST_ROWS] = 1;
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, 0, 20);
	raw_exit(&w, 0, 0, 30);
	raw_exit(&w, 0, MAIN, 40);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  ?\n");
	cr_assert_not(ct_trace_meta(t)->complete);
	ct_trace_close(t);
}

Test(trace_raw, a_glance_tells_the_same_metadata)
{
	const struct ct_trace_options options = { .summary_only = true };
	struct raw_writer w;
	struct ct_trace *t, *whole;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	raw_exit(&w, 0, F, 300);
	raw_chunk(&w, 0, CT_EXTENT_DATA, false);
	raw_extended(&w, 0, CT_NOTE, "x\0\0\0\0\0\0\0", 1, 400);
	raw_exit(&w, 0, MAIN, 500);
	whole = save_and_open(&w);
	cr_assert(ct_trace_open(temporary("x.ct"), &options, &t, NULL));
	cr_assert_eq(ct_trace_meta(t)->duration, 500);
	cr_assert_eq(ct_trace_meta(t)->duration, ct_trace_meta(whole)->duration);
	cr_assert_eq(ct_trace_meta(t)->total_calls, 2);
	cr_assert_eq(ct_trace_meta(t)->complete, ct_trace_meta(whole)->complete);
	ct_trace_close(t);
	ct_trace_close(whole);
}
