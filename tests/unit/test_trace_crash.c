/* Reports of crashes out of raw traces that are whole, and out of such as are not. */
#include "trace/crash.h"
#include "trace_text.h"

enum { MAIN = 1, F = 2 };

static void begin(struct raw_writer *w)
{
	raw_begin(w);
	raw_row(w, 0, 0x10100, 0x10110, 0x7000, 0);
	raw_row(w, 0, 0x10200, 0x10210, 0x10120, 0x10110);
	raw_row(w, 1, 0x10200, 0x10210, 0x7000, 0);
	raw_enter(w, 0, MAIN, 10);
	raw_enter(w, 0, F, 20);
	raw_exit(w, 0, F, 30);
	raw_enter(w, 0, F, 40);
	raw_enter(w, 1, MAIN, 50);
}

static const char *lies_in(uint64_t address)
{
	static char text[200];
	struct raw_crash crash;
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_crash(&w, address, 60, &crash);
	t = save_and_open(&w);
	snprintf(text, sizeof text, "%s", ct_trace_crash(t)->lies_in);
	ct_trace_close(t);
	return text;
}

/* pitfall: 30 */
Test(trace_crash, threads_and_open_calls)
{
	const struct ct_crash_report *r;
	struct raw_crash crash;
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	raw_crash(&w, 0x18, 60, &crash);
	t = save_and_open(&w);
	r = ct_trace_crash(t);
	cr_assert_eq(r->signal, 11);
	cr_assert_str_eq(r->name, "SIGSEGV");
	cr_assert_str_eq(r->access, "write");
	cr_assert_str_eq(r->lies_in, "24 bytes behind a null pointer");
	cr_assert_eq(r->time, 60);
	cr_assert_eq(r->registers[16], 0x10230);
	cr_assert(!r->expected && r->fault);
	cr_assert_eq(r->thread_count, 2);
	cr_assert_eq(r->threads[0].tid, 100);
	cr_assert_eq(r->threads[0].count, 3); /* a machine frame that nothing tells of, and two calls */
	cr_assert_str_eq(r->threads[0].frames[1].function, "app+0x200");
	cr_assert_str_eq(r->threads[0].frames[2].function, "app+0x100");
	cr_assert_str_eq(r->threads[1].call, "pause");
	cr_assert_str_eq(r->threads[1].state, "waiting");
	cr_assert_str_eq(r->threads[1].frames[1].function, "app+0x200");
	cr_assert(!ct_trace_meta(t)->complete);
	ct_trace_close(t);
}

Test(trace_crash, what_the_address_lies_in)
{
	cr_expect_str_eq(lies_in(0), "a null pointer");
	cr_expect_str_eq(lies_in(-4ull), "4 bytes before a null pointer");
	cr_expect_str_eq(lies_in(0x30ff8), "the guard page below the stack of thread 101");
	cr_expect_str_eq(lies_in(0x31200), "the stack of thread 101");
	cr_expect_str_eq(lies_in(0x50000), "the heap");
	cr_expect_str_eq(lies_in(0x60000), "0 bytes behind the end of the heap");
	cr_expect_str_eq(lies_in(0x70010), "memory of malloc() or mmap(), which is read-only");
	cr_expect_str_eq(lies_in(0x10500), "code of /no/such/app");
	cr_expect_str_eq(lies_in(0x7effffffff00), "below the end of the stack of thread 100 (app)");
	cr_expect_str_eq(lies_in(0x400000000000), "unmapped: freed memory, or never a valid address");
	cr_expect_str_eq(lies_in(0xdead000000000000), "an address that no process can have");
}

/* Nothing in the extent is believed: what makes no sense is not there. */
Test(trace_crash, extents_that_make_no_sense)
{
	static const uint64_t wrong[] = { 0, 1, 4095, 4097, 1ull << 32, 1ull << 63, ~0ull };

	for (size_t field = 0; field < sizeof(struct ct_crash_head) + sizeof(struct ct_crash_thread); field += 8)
		for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
			const struct ct_crash_report *r;
			struct raw_crash crash;
			struct raw_writer w;
			struct ct_trace *t;
			size_t at;

			begin(&w);
			at = raw_crash(&w, 0x50000, 60, &crash);
			memcpy(w.file.data + at + sizeof(struct ct_extent) + field, &wrong[i], 8);
			t = save_and_open(&w);
			r = ct_trace_crash(t);
			cr_assert_eq(r->signal, 11);
			cr_assert_leq(r->thread_count, 4096);
			ct_trace_close(t);
		}
}

/* The process had no room for more than the session's part. */
Test(trace_crash, without_an_extent)
{
	const struct ct_crash_report *r;
	struct raw_crash crash;
	struct raw_writer w;
	struct ct_trace *t;
	size_t at;

	begin(&w);
	at = raw_crash(&w, 0x50000, 60, &crash);
	memset(w.file.data + at, 0, sizeof(struct ct_extent));
	w.session.crash.extent = 0;
	t = save_and_open(&w);
	r = ct_trace_crash(t);
	cr_assert_eq(r->thread_count, 2);
	cr_assert_eq(r->threads[0].tid, 100);
	cr_assert_eq(r->threads[0].count, 2);
	cr_assert_null(r->lies_in);
	ct_trace_close(t);
}

Test(trace_crash, none)
{
	struct raw_writer w;
	struct ct_trace *t;

	begin(&w);
	t = save_and_open(&w);
	cr_assert_null(ct_trace_crash(t));
	ct_trace_close(t);
}
