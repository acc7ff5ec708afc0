/* Raw traces that reached their size limit, and ones with functions that are counted only. */
#include "trace_text.h"

enum { MAIN = 1, F = 2, G = 3 };

static void begin(struct raw_writer *w, enum ct_keep keep)
{
	raw_begin(w);
	raw_row(w, 0, 0x10100, 0x10110, 0x7000, 0);
	raw_row(w, 0, 0x10200, 0x10210, 0x10120, 0x10110);
	raw_row(w, 0, 0x10300, 0x10310, 0x10220, 0x10210);
	w->session.max_size = 65536;
	w->session.keep = keep;
	w->session.lost[CT_LOST_LIMIT] = 1;
}

/* The calls that are open where a chunk begins. */
static void add_open(struct raw_writer *w, uint32_t depth, const uint32_t *rows, uint16_t outer, uint16_t inner)
{
	uint64_t words[16] = {0};
	struct ct_open open = { .depth = depth, .outer = outer, .inner = inner };

	memcpy(words, &open, sizeof open);
	for (unsigned i = 0; i < (unsigned) outer + inner; i++)
		words[2 + i / 3] |= (uint64_t) rows[i] << i % 3 * CT_ID_BITS;
	raw_extended(w, 0, CT_OPEN, words, 2 + ((uint32_t) outer + inner + 2) / 3, 5);
}

static bool count_unseen(const struct ct_trace_call *call, void *user)
{
	*(unsigned *) user += call->unseen;
	return true;
}

static unsigned unseen_in(struct ct_trace *t)
{
	static const struct ct_walker walker = { .enter = count_unseen };
	unsigned unseen = 0;

	cr_assert(ct_trace_walk(t, 0, &walker, &unseen, NULL));
	return unseen;
}

Test(trace_limit, the_newest_calls_have_their_callers)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w, CT_KEEP_NEWEST);
	w.threads[0].seq = 3;
	add_open(&w, 2, (uint32_t[]){ MAIN, F }, 0, 2);
	raw_enter(&w, 0, G, 10);
	raw_exit(&w, 0, G, 20);
	raw_exit(&w, 0, F, 30);
	raw_enter(&w, 0, F, 40);
	raw_exit(&w, 0, F, 50);
	raw_exit(&w, 0, MAIN, 60);
	w.threads[0].rows[MAIN].count = 1;
	w.threads[0].rows[F].count = 100;
	w.threads[0].rows[G].count = 200;
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  app+0x200\n    [missing]\n    app+0x300\n  app+0x200\n");
	cr_assert_eq(unseen_in(t), 2);
	cr_assert_eq(ct_trace_meta(t)->total_calls, 301);
	cr_assert_eq(ct_trace_meta(t)->lost[CT_LOST_LIMIT], 301 - 4);
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	cr_assert_not(ct_trace_meta(t)->complete);
	ct_trace_close(t);
}

Test(trace_limit, a_chunk_that_goes_on_says_nothing_new)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w, CT_KEEP_NEWEST);
	w.session.lost[CT_LOST_LIMIT] = 0;
	raw_enter(&w, 0, MAIN, 10);
	raw_chunk(&w, 0, CT_EXTENT_DATA, false);
	add_open(&w, 1, (uint32_t[]){ MAIN }, 0, 1);
	raw_exit(&w, 0, MAIN, 20);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n");
	cr_assert(ct_trace_meta(t)->complete);
	ct_trace_close(t);
}

Test(trace_limit, calls_that_are_known_to_be_open_and_no_more)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w, CT_KEEP_NEWEST);
	w.threads[0].seq = 9;
	add_open(&w, 5000, (uint32_t[]){ MAIN, F, F }, 1, 2);
	raw_exit(&w, 0, F, 10);
	raw_exit(&w, 0, F, 11);
	raw_exit(&w, 0, G, 12); /* one of the 4997 in between */
	raw_enter(&w, 0, G, 13);
	raw_exit(&w, 0, G, 14);
	raw_record(&w, 0, CT_UNWIND_TO, 1, 15);
	raw_exit(&w, 0, MAIN, 16);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  app+0x200\n    app+0x200\n      [missing]\n  app+0x300\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

Test(trace_limit, what_makes_no_sense_is_not_opened)
{
	static const struct {
		uint32_t depth;
		uint16_t outer, inner;
	} wrong[] = { { 1, 1, 1 }, { 3000000000u, 0, 1 }, { 60000, 0, 60000 } };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct ct_open open = { .depth = wrong[i].depth, .outer = wrong[i].outer, .inner = wrong[i].inner };
		struct raw_writer w;
		struct ct_trace *t;

		begin(&w, CT_KEEP_NEWEST);
		w.threads[0].seq = 1;
		raw_extended(&w, 0, CT_OPEN, &open, 2, 5);
		raw_enter(&w, 0, MAIN, 10);
		raw_exit(&w, 0, MAIN, 20);
		t = save_and_open(&w);
		expect_calls(t, 0, "[missing]\napp+0x100\n");
		cr_assert_eq(ct_trace_meta(t)->damaged, 1);
		ct_trace_close(t);
	}
}

Test(trace_limit, the_oldest_calls_and_then_none)
{
	struct raw_writer w;
	struct ct_trace *t;
	size_t at;

	begin(&w, CT_KEEP_OLDEST);
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, F, 20);
	at = raw_chunk(&w, 0, CT_EXTENT_DATA, false);
	((struct ct_extent *) (w.file.data + at))->flags = CT_CHUNK_LAST;
	w.threads[0].rows[G].count = 70;
	raw_row(&w, 1, 0x10200, 0x10210, 0x7000, 0); /* a thread that had no chunk at all */
	w.threads[1].rows[1].count = 30;
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  app+0x200\n    [missing]\n  unseen\nunseen\n");
	expect_calls(t, 1, "[missing]\n");
	cr_assert_eq(ct_trace_meta(t)->lost[CT_LOST_LIMIT], 100);
	ct_trace_close(t);
}

Test(trace_limit, room_that_was_being_written)
{
	struct raw_writer w;
	struct ct_trace *t;
	uint64_t junk[1000];

	begin(&w, CT_KEEP_NEWEST);
	memset(junk, 0x1a, sizeof junk);
	raw_extent(&w, (struct ct_extent){ .kind = CT_EXTENT_FREE }, junk, sizeof junk);
	/* Cleared, its copy overwritten since. */
	raw_enter(&w, 0, MAIN, 5);
	w.threads[0].words[0] = 0;
	raw_chunk(&w, 0, CT_EXTENT_DATA, false);
	w.threads[0].seq = 40;
	raw_enter(&w, 0, MAIN, 10);
	raw_exit(&w, 0, MAIN, 20);
	t = save_and_open(&w);
	expect_calls(t, 0, "[missing]\napp+0x100\n");
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	ct_trace_close(t);
}

Test(trace_limit, excluded_calls_are_counted_and_name_who_called)
{
	struct raw_writer w;
	struct ct_trace *t;
	size_t count;

	begin(&w, CT_KEEP_NEWEST);
	w.session.lost[CT_LOST_LIMIT] = 0;
	w.threads[0].rows[F].flags = CT_ROW_EXCLUDED;
	w.threads[0].rows[F].count = 8;
	raw_enter(&w, 0, MAIN, 10);
	raw_enter(&w, 0, G, 20);
	raw_exit(&w, 0, G, 30);
	raw_exit(&w, 0, MAIN, 40);
	t = save_and_open(&w);
	expect_calls(t, 0, "app+0x100\n  app+0x300\n");
	cr_assert_eq(ct_trace_meta(t)->excluded, 8);
	cr_assert_eq(ct_trace_meta(t)->total_calls, 10);
	cr_assert(ct_trace_meta(t)->complete);
	ct_trace_pairs(t, &count);
	cr_assert_eq(count, 2);
	cr_assert_eq(ct_trace_pairs(t, &count)[0].calls, 8);
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(ct_trace_functions(t, &count)[i].excluded, i == 1);
	ct_trace_close(t);
}
