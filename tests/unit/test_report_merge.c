#include <criterion/criterion.h>
#include <string.h>

#include "test_report_fixture.h"

static void equal(struct ct_count count, uint64_t covered, uint64_t total, const char *what)
{
	cr_expect(count.covered == covered && count.total == total,
	          "%s: %llu of %llu, expected %llu of %llu", what,
	          (unsigned long long) count.covered, (unsigned long long) count.total,
	          (unsigned long long) covered, (unsigned long long) total);
}

Test(report_merge, totals_are_what_can_be_counted_by_hand)
{
	struct ct_coverage *model = fixture_model(NULL);

	/* parse, helper and add of parse, helper, unused, add */
	equal(model->totals.functions, 3, 4, "functions");
	/* parse-helper and parse-add, not helper-unused and unused-add */
	equal(model->totals.pairs, 2, 4, "call pairs");
	/* the first helper on line 11 and add on line 12, of those two and lines 11 (again), 21, 31 */
	equal(model->totals.sites, 2, 5, "call sites");
	equal(model->totals.indirect, 1, 1, "indirect sites");
	cr_expect_eq(model->totals.targets, 1);
	cr_expect_eq(model->calls, 19);
	ct_coverage_free(model);
}

Test(report_merge, what_is_left_out_is_counted_too)
{
	struct ct_coverage *model = fixture_model(NULL);

	cr_expect_eq(model->functions_out[CT_OUT_NOT_INSTRUMENTED], 1);
	cr_expect_eq(model->functions_out[CT_OUT_TESTS], 1);
	cr_expect_eq(model->functions_out[CT_OUT_PLUMBING], 1);
	cr_expect_eq(model->functions_out[CT_OUT_SYSTEM], 1);
	cr_expect_eq(model->functions_out[CT_OUT_ARTIFICIAL], 1);
	cr_expect_eq(model->sites_out[CT_OUT_EXTERNAL], 1);
	cr_expect_eq(model->sites_out[CT_OUT_NOT_INSTRUMENTED], 1);
	cr_expect_eq(model->sites_out[CT_OUT_SYSTEM], 1);
	cr_expect_eq(model->sites_out[CT_OUT_TESTS], 1);
	cr_expect_eq(model->pairs_out[CT_OUT_OBSERVED], 1, "add to helper, through libc");
	ct_coverage_free(model);
}

Test(report_merge, nothing_is_in_neither)
{
	struct ct_coverage *model = fixture_model(NULL);
	uint64_t functions = 0, pairs = 0, sites = 0;

	for (int i = 0; i < CT_OUT_REASONS; i++) {
		functions += model->functions_out[i];
		pairs += model->pairs_out[i];
		sites += model->sites_out[i] + model->indirect_out[i];
	}
	cr_expect_eq(functions, model->function_count);
	cr_expect_eq(pairs, model->pair_count);
	cr_expect_eq(sites, model->site_count);
	cr_expect_eq(model->functions_out[CT_COUNTED], model->totals.functions.total);
	cr_expect_eq(model->pairs_out[CT_COUNTED], model->totals.pairs.total);
	cr_expect_eq(model->sites_out[CT_COUNTED], model->totals.sites.total);
	cr_expect_eq(model->indirect_out[CT_COUNTED], model->totals.indirect.total);
	ct_coverage_free(model);
}

Test(report_merge, totals_of_files_add_up)
{
	struct ct_coverage *model = fixture_model(NULL);
	struct ct_count functions = {0}, pairs = {0}, sites = {0};

	for (uint32_t i = 0; i < model->file_count; i++) {
		functions.total += model->files[i].totals.functions.total;
		functions.covered += model->files[i].totals.functions.covered;
		pairs.total += model->files[i].totals.pairs.total;
		sites.total += model->files[i].totals.sites.total;
	}
	cr_expect_eq(functions.total, model->totals.functions.total);
	cr_expect_eq(functions.covered, model->totals.functions.covered);
	cr_expect_eq(pairs.total, model->totals.pairs.total);
	cr_expect_eq(sites.total, model->totals.sites.total);
	ct_coverage_free(model);
}

Test(report_merge, a_name_of_another_binary_is_its_function)
{
	struct ct_coverage *model = fixture_model(NULL);
	struct ct_cover_site *site = fixture_site(model, 12, 0);

	cr_assert_neq(site->callee, CT_NONE);
	cr_expect_str_eq(model->functions[site->callee].name, "add");
	cr_expect_eq(site->hits.calls, 2);
	cr_expect_eq(fixture_site(model, 13, 0)->callee, CT_NONE, "printf is nobody's here");
	ct_coverage_free(model);
}

Test(report_merge, callbacks_do_not_cover_a_pair)
{
	struct ct_coverage *model = fixture_model(NULL);
	struct ct_cover_pair *pair = fixture_pair(model, "add", "helper");

	cr_expect_eq(pair->hits.calls, 0);
	cr_expect_eq(pair->callbacks.calls, 4);
	cr_expect_str_eq(pair->through, "libc.so.6");
	cr_expect_eq(pair->left_out, CT_OUT_OBSERVED);
	ct_coverage_free(model);
}

Test(report_merge, an_indirect_site_remembers_whom_it_called)
{
	struct ct_coverage *model = fixture_model(NULL);
	struct ct_cover_site *site = fixture_site(model, 14, 0);

	cr_assert_eq(site->target_count, 1);
	cr_expect_str_eq(model->functions[model->targets[site->targets].callee].name, "add");
	cr_expect_eq(model->targets[site->targets].calls, 5);
	ct_coverage_free(model);
}

Test(report_merge, a_direct_site_that_reached_another_function_is_not_covered_by_it)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;

	fixture_begin(&trace, "s", "tail_call", -1, CT_STATUS_PASSED);
	fixture_call(&trace, PARSE, UNUSED, PARSE_HELPER, 1, NULL);
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	cr_expect_eq(fixture_site(model, 11, 0)->hits.calls, 0);
	cr_expect_eq(fixture_site(model, 11, 0)->target_count, 1);
	ct_coverage_free(model);
}

Test(report_merge, tests_are_known_by_what_they_reached)
{
	struct ct_coverage *model = fixture_model(NULL);
	uint64_t calls[2];

	cr_assert_eq(model->test_count, 2);
	cr_expect_str_eq(model->tests[0].name, "suite::one");
	cr_expect_eq(model->tests[1].status, CT_STATUS_CRASHED);
	cr_expect_eq(ct_cover_tests(model, &fixture_function(model, "parse")->hits, calls), 2);
	cr_expect_eq(calls[0], 2);
	cr_expect_eq(calls[1], 1);
	cr_expect_eq(ct_cover_tests(model, &fixture_function(model, "unused")->hits, calls), 0);
	cr_expect_eq(model->tests[0].functions, 3, "parse, helper, add");
	cr_expect_eq(model->tests[0].sites, 2);
	ct_coverage_free(model);
}

static struct ct_merge *merge_named(const char *executable, int32_t parameter,
                                    struct ct_merge *merge)
{
	struct fixture_trace trace;

	fixture_begin(&trace, "s", "t", parameter, CT_STATUS_PASSED);
	trace.meta.executable = executable;
	fixture_enter(&trace, PARSE, 1);
	ct_merge_view(merge, &trace.view);
	return merge;
}

Test(report_merge, a_test_is_one_however_many_traces_it_left)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct ct_coverage *model;

	merge_named("/bin/app", -1, merge);
	merge_named("/bin/app", -1, merge);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	cr_assert_eq(model->test_count, 1);
	cr_expect_eq(model->tests[0].traces, 2);
	cr_expect_eq(model->tests[0].functions, 1);
	ct_coverage_free(model);
}

Test(report_merge, parameters_and_programs_tell_tests_apart)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct ct_coverage *model;

	merge_named("/bin/app", 1, merge);
	merge_named("/bin/app", 0, merge);
	merge_named("/bin/other", 0, merge);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	cr_assert_eq(model->test_count, 3);
	cr_expect_str_eq(model->tests[0].name, "s::t[0] (app)");
	cr_expect_str_eq(model->tests[1].name, "s::t[0] (other)");
	cr_expect_str_eq(model->tests[2].name, "s::t[1]");
	ct_coverage_free(model);
}

Test(report_merge, without_an_index_what_was_seen_counts_as_seen_and_no_more)
{
	static const struct ct_trace_module old[] = { { "/bin/app", "0ld", 0, NULL, false },
		                                      { "/bin/libadd.so", "b1", 0, NULL, false } };
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;

	fixture_begin(&trace, "s", "t", -1, CT_STATUS_PASSED);
	fixture_call(&trace, PARSE, ADD, PARSE_ADD, 1, NULL);
	fixture_enter(&trace, PARSE, 1);
	trace.view.modules = old;
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	equal(model->totals.functions, 1, 1, "functions: add alone has an index");
	cr_expect_eq(fixture_function(model, "parse")->left_out, CT_OUT_UNKNOWN);
	cr_expect_eq(fixture_function(model, "parse")->hits.calls, 1);
	cr_expect_str_eq(model->modules[0].problem, "/bin/app: was rebuilt");
	cr_expect_geq(model->modules[0].functions, 1);
	ct_coverage_free(model);
}

Test(report_merge, traces_of_an_old_and_a_new_build_meet_at_the_source)
{
	static const struct ct_trace_module old[] = { { "/bin/app", "0ld", 0, NULL, false },
		                                      { "/bin/libadd.so", "b1", 0, NULL, false } };
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;

	fixture_begin(&trace, "s", "old", -1, CT_STATUS_PASSED);
	fixture_enter(&trace, UNUSED, 7);
	trace.view.modules = old;
	ct_merge_view(merge, &trace.view);
	fixture_begin(&trace, "s", "new", -1, CT_STATUS_PASSED);
	fixture_enter(&trace, PARSE, 1);
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	equal(model->totals.functions, 2, 4, "functions");
	cr_expect_eq(fixture_function(model, "unused")->hits.calls, 7);
	ct_coverage_free(model);
}

Test(report_merge, test_code_counts_if_asked)
{
	struct ct_coverage *model = fixture_model(&(struct ct_merge_options){ .with_tests = true });

	equal(model->totals.functions, 4, 5, "functions");
	equal(model->totals.sites, 3, 6, "call sites");
	cr_expect_eq(model->functions_out[CT_OUT_TESTS], 0);
	cr_expect_eq(model->functions_out[CT_OUT_PLUMBING], 1);
	ct_coverage_free(model);
}

Test(report_merge, filters_take_files_by_full_or_short_path)
{
	char *exclude[] = { "lib.c" }, *include[] = { "/src/*" };
	struct ct_coverage *model = fixture_model(&(struct ct_merge_options){
		.include = include, .include_count = 1, .exclude = exclude, .exclude_count = 1 });

	equal(model->totals.functions, 2, 3, "functions");
	equal(model->totals.sites, 2, 5, "call sites: a call of an excluded function is made here");
	cr_expect_eq(model->functions_out[CT_OUT_FILTER], 1);
	ct_coverage_free(model);
}

Test(report_merge, paths_are_shortened_by_what_they_have_in_common)
{
	struct ct_coverage *model = fixture_model(NULL);

	cr_expect_str_eq(model->files[fixture_function(model, "parse")->file].shown, "app.c");
	cr_expect_str_eq(model->files[fixture_function(model, "sysinline")->file].shown,
	                 "/usr/include/inline.h");
	ct_coverage_free(model);
	model = fixture_model(&(struct ct_merge_options){ .root = "/" });
	cr_expect_str_eq(model->files[fixture_function(model, "parse")->file].shown, "/src/app.c");
	ct_coverage_free(model);
}

Test(report_merge, percentages_are_cut)
{
	cr_expect_str_eq(ct_percent((struct ct_count){ 9999, 10000 }).text, "99.9%");
	cr_expect_str_eq(ct_percent((struct ct_count){ 1, 3 }).text, "33.3%");
	cr_expect_str_eq(ct_percent((struct ct_count){ 1, 100000 }).text, "0.0%");
	cr_expect_str_eq(ct_percent((struct ct_count){ 5, 5 }).text, "100%");
	cr_expect_str_eq(ct_percent((struct ct_count){ 0, 0 }).text, "-");
	cr_expect_str_eq(ct_percent((struct ct_count){ UINT64_MAX - 1, UINT64_MAX }).text, "99.9%");
}

Test(report_merge, no_traces_make_an_empty_model)
{
	struct ct_coverage *model =
		ct_merge_finish(ct_merge_new(&fixture_indexes), &(struct ct_merge_options){0});

	cr_expect_eq(model->function_count, 0);
	equal(model->totals.sites, 0, 0, "call sites");
	ct_coverage_free(model);
}

Test(report_merge, what_is_no_test_is_a_program)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;

	fixture_begin(&trace, NULL, NULL, -1, CT_STATUS_UNKNOWN);
	trace.meta.role = CT_ROLE_RUNNER;
	ct_merge_view(merge, &trace.view);
	trace.meta.role = CT_ROLE_PROGRAM;
	ct_merge_view(merge, &trace.view);
	fixture_begin(&trace, "z", "last", -1, CT_STATUS_PASSED);
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	cr_assert_eq(model->test_count, 3);
	cr_expect_str_eq(model->tests[0].name, "z::last", "tests come first");
	cr_expect_str_eq(model->tests[1].name, "app");
	cr_expect_str_eq(model->tests[2].name, "app (runner)");
	ct_coverage_free(model);
}

Test(report_merge, the_worst_end_of_a_test_is_its_end)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	const enum ct_status ends[] = { CT_STATUS_UNKNOWN, CT_STATUS_FAILED, CT_STATUS_PASSED };
	struct fixture_trace trace;
	struct ct_coverage *model;

	for (int i = 0; i < 3; i++) {
		fixture_begin(&trace, "s", "t", -1, ends[i]);
		ct_merge_view(merge, &trace.view);
	}
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	cr_assert_eq(model->test_count, 1);
	cr_expect_eq(model->tests[0].status, CT_STATUS_FAILED);
	ct_coverage_free(model);
}

Test(report_merge, what_a_trace_lost_is_kept_by_trace)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;

	fixture_begin(&trace, "s", "t", -1, CT_STATUS_PASSED);
	trace.meta.complete = false;
	trace.meta.stopped = "No space left on device";
	trace.meta.damaged = 2;
	trace.meta.lost[CT_LOST_ROWS] = 12;
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	cr_assert_not_null(model->traces[0].problem);
	cr_expect_str_eq(model->traces[0].problem,
	                 "recording stopped: No space left on device; 2 damaged pieces skipped; "
	                 "lost 12 calls without a name, the call table was full");
	ct_coverage_free(model);
}

Test(report_merge, a_binary_counts_without_any_trace)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct ct_coverage *model;

	cr_assert(ct_merge_binary(merge, "/bin/app", NULL));
	cr_assert(ct_merge_binary(merge, "/bin/libadd.so", NULL));
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	equal(model->totals.functions, 0, 4, "functions");
	equal(model->totals.sites, 0, 5, "call sites, those into the library included");
	ct_coverage_free(model);
}

Test(report_merge, a_name_of_a_binary_that_was_elsewhere_is_external)
{
	static const struct ct_trace_module app[] = { { "/bin/app", "a1", 0, NULL, false } };
	static const struct ct_trace_module lib[] = { { "/bin/libadd.so", "b1", 0, NULL, false } };
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;

	fixture_begin(&trace, "s", "t", -1, CT_STATUS_PASSED);
	trace.view.module_count = 1;
	trace.view.function_count = 0;
	trace.view.modules = app;
	ct_merge_view(merge, &trace.view);
	trace.view.modules = lib;
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	equal(model->totals.functions, 0, 4, "functions of both");
	equal(model->totals.sites, 0, 3, "call sites, not those of add");
	cr_expect_eq(model->sites_out[CT_OUT_EXTERNAL], 3, "add twice, and printf");
	ct_coverage_free(model);
}

Test(report_merge, a_trace_given_twice_counts_once)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;

	fixture_begin(&trace, "s", "t", -1, CT_STATUS_PASSED);
	fixture_enter(&trace, PARSE, 3);
	trace.meta.realtime = 1000;
	trace.meta.pid = 7;
	ct_merge_view(merge, &trace.view);
	ct_merge_view(merge, &trace.view);
	trace.meta.pid = 8;
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	cr_expect_eq(model->trace_count, 2);
	cr_expect_eq(model->duplicates, 1);
	cr_expect_eq(fixture_function(model, "parse")->hits.calls, 6);
	ct_coverage_free(model);
}
