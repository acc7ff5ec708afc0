#include <criterion/criterion.h>

#include "report/hits.h"

Test(report_hits, a_list_gives_back_what_was_added)
{
	struct ct_hits hits = {0};
	struct ct_hits_at at = {0};
	const uint64_t calls[] = { 1, 127, 128, 1ull << 40, UINT64_MAX / 4 };

	for (uint32_t i = 0; i < 5; i++)
		ct_hits_add(&hits, i * 1000, calls[i]);
	cr_assert_eq(hits.traces, 5);
	for (uint32_t i = 0; i < 5; i++) {
		cr_assert(ct_hits_next(&hits, &at));
		cr_assert_eq(at.trace, i * 1000);
		cr_assert_eq(at.calls, calls[i]);
	}
	cr_assert(!ct_hits_next(&hits, &at));
	ct_hits_deinit(&hits);
}

Test(report_hits, one_trace_is_one_entry)
{
	struct ct_hits hits = {0};
	struct ct_hits_at at = {0};

	for (int i = 0; i < 1000; i++)
		ct_hits_add(&hits, 7, 100);
	ct_hits_add(&hits, 8, 1);
	cr_assert_eq(hits.traces, 2);
	cr_assert_eq(hits.calls, 100001);
	cr_assert(ct_hits_next(&hits, &at));
	cr_assert_eq(at.trace, 7);
	cr_assert_eq(at.calls, 100000);
	cr_assert(ct_hits_next(&hits, &at));
	cr_assert_eq(at.trace, 8);
	ct_hits_deinit(&hits);
}

Test(report_hits, no_calls_are_no_entry)
{
	struct ct_hits hits = {0};

	ct_hits_add(&hits, 0, 0);
	cr_assert_eq(hits.traces, 0);
	cr_assert_null(hits.data);
}

Test(report_hits, a_sum_that_is_too_large_stays_at_the_end)
{
	struct ct_hits hits = {0};

	ct_hits_add(&hits, 0, UINT64_MAX);
	ct_hits_add(&hits, 0, 5);
	ct_hits_add(&hits, 1, 5);
	cr_assert_eq(hits.calls, UINT64_MAX);
	ct_hits_deinit(&hits);
}

Test(report_hits, an_entry_takes_two_bytes)
{
	struct ct_hits hits = {0};

	for (uint32_t i = 0; i < 1000; i++)
		ct_hits_add(&hits, i, 10);
	cr_assert_eq(hits.length, 2000);
	ct_hits_deinit(&hits);
}
