#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "report/query.h"
#include "test_report_fixture.h"

static const struct ct_output_options all = { .uncovered = UINT32_MAX, .everything = true };

static void contains(const char *text, const char *part)
{
	cr_expect(strstr(text, part), "not in it: %s\n%s", part, text);
}

static void lacks(const char *text, const char *part)
{
	cr_expect(!strstr(text, part), "should not be in it: %s\n%s", part, text);
}

static char *print(const char *format, struct ct_output_options options)
{
	struct ct_coverage *model = fixture_model(NULL);
	char *text = fixture_print(model, format, options);

	ct_coverage_free(model);
	return text;
}

Test(report_text, it_says_what_is_covered_and_what_is_not)
{
	char *text = print("text", all);

	contains(text, "Call coverage of 2 tests (1 passed, 1 crashed), 19 calls\n");
	contains(text, "  functions               3 of         4   75.0%  ");
	contains(text, "  call sites              2 of         5   40.0%  ");
	contains(text, "  app.c:30: unused\n");
	contains(text, "  app.c:11: parse -> helper\n");
	contains(text, "  app.c:31: unused -> add\n");
	contains(text, "1 of functions outside (libc and others)");
	contains(text, "1 trace ends by a crash");
	free(text);
}

Test(report_text, lists_stop_at_their_limit_and_say_so)
{
	char *text = print("text", (struct ct_output_options){ .uncovered = 1 });

	contains(text, "Calls never made by functions that ran: 2\n");
	contains(text, "  ... 1 more; --uncovered lists all\n");
	lacks(text, "helper -> unused");
	contains(text, "Calls never made in functions that never ran: 1; see --uncovered\n");
	lacks(text, "app.c:31");
	free(text);
}

Test(report_text, nothing_is_wider_than_the_page)
{
	char *text = print("text", all);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		cr_expect_leq(strlen(line), 80, "%s", line);
	free(text);
}

Test(report_text, long_names_are_cut_if_they_have_to_fit)
{
	struct ct_output_options options = all;
	struct ct_coverage *model = fixture_model(NULL);
	char *text;

	fixture_function(model, "helper")->name =
		"a_function_with_a_name_that_alone_takes_more_columns_than_any_page_has_for_it";
	text = fixture_print(model, "text", options);
	contains(text, "any_page_has_for_it -> unused\n");
	free(text);
	options.fit = true;
	text = fixture_print(model, "text", options);
	contains(text, "  app.c:21: a_function_with_a_name_that_alone_takes_more_columns_th... -> unused\n");
	ct_coverage_free(model);
	free(text);
}

Test(report_text, colour_is_there_only_if_asked_for)
{
	struct ct_output_options options = all;
	char *plain = print("text", options), *coloured;

	options.colour = true;
	coloured = print("text", options);
	lacks(plain, "\033");
	contains(coloured, "\033[31m");
	free(plain);
	free(coloured);
}

Test(report_text, tests_have_a_line_each)
{
	struct ct_output_options options = all;
	char *text;

	options.per_test = true;
	text = print("text", options);
	contains(text, "suite::one ");
	contains(text, "crashed ");
	free(text);
}

Test(report_text, a_suite_that_is_all_test_code_is_told_what_to_do)
{
	char *exclude[] = { "*app.c", "*lib.c" };
	struct ct_coverage *model = fixture_model(
		&(struct ct_merge_options){ .exclude = exclude, .exclude_count = 2 });
	char *text = fixture_print(model, "text", all);

	contains(text, "--include and --exclude leave nothing to count");
	lacks(text, "all of the code is in files that define tests");
	free(text);
	model->functions_out[CT_OUT_FILTER] = 0; /* as if that code were not there at all */
	text = fixture_print(model, "text", all);
	contains(text, "all of the code is in files that define tests; --with-tests");
	lacks(text, "leave nothing to count");
	ct_coverage_free(model);
	free(text);
}

Test(report_text, what_is_not_known_is_said)
{
	static const struct ct_trace_module old[] = { { "/bin/app", "0ld", 0, NULL, false },
		                                      { "/bin/libadd.so", "b1", 0, NULL, false } };
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;
	char *text;

	fixture_begin(&trace, "s", "t", -1, CT_STATUS_PASSED);
	fixture_call(&trace, PARSE, ADD, PARSE_ADD, 1, NULL);
	fixture_enter(&trace, PARSE, 1);
	trace.view.modules = old;
	trace.meta.damaged = 1;
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	text = fixture_print(model, "text", all);
	contains(text, "/bin/app: was rebuilt\n"
	               "    1 of its functions were called, of how many is unknown; ");
	contains(text, "trace.json: s::t: 1 damaged pieces skipped\n");
	ct_coverage_free(model);
	free(text);
}

Test(report_json, it_is_json_and_has_the_totals)
{
	char *text = print("json", all);
	cJSON *json = cJSON_Parse(text), *sites;

	cr_assert_not_null(json, "%s", text);
	sites = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "totals"), "call_sites");
	cr_expect_eq(cJSON_GetObjectItem(sites, "covered")->valueint, 2);
	cr_expect_eq(cJSON_GetObjectItem(sites, "total")->valueint, 5);
	cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "functions")), 9);
	cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "call_sites")), 10);
	cJSON_Delete(json);
	free(text);
}

Test(report_json, it_is_the_same_each_time)
{
	char *first = print("json", all), *second = print("json", all);

	cr_expect_str_eq(first, second);
	free(first);
	free(second);
}

/* Names that would break a tracefile: two that become equal, and one with a line end. */
static bool open_odd(const char *path, const char *build_id, struct ct_index *out,
                     struct ct_error *err)
{
	static const char strings[] = "\0f(int, char)\0f(int; char)\0bad\nname\0/src/odd.cc";
	static const struct ct_index_file file = { 36, 0 };
	static const struct ct_index_function functions[] = {
		{ .name = 1, .line = 10, .flags = CT_FUNCTION_INSTRUMENTED },
		{ .name = 14, .line = 11, .flags = CT_FUNCTION_INSTRUMENTED },
		{ .name = 27, .line = 12, .flags = CT_FUNCTION_INSTRUMENTED },
	};
	static struct ct_index_header header = { .files = { .count = 1 }, .functions = { .count = 3 } };

	(void) path, (void) build_id, (void) err;
	*out = (struct ct_index){ .header = &header, .strings = strings, .files = &file,
		                  .functions = functions };
	return true;
}

Test(report_lcov, names_cannot_break_the_format)
{
	struct ct_index_source source = { open_odd, fixture_indexes.close };
	struct ct_merge *merge = ct_merge_new(&source);
	struct ct_coverage *model;
	char *text;

	cr_assert(ct_merge_binary(merge, "/bin/odd", NULL));
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	text = fixture_print(model, "lcov", all);
	contains(text, "SF:/src/odd.cc\nFN:10,f(int; char)\nFN:11,f(int; char)@11\nFN:12,bad?name\n");
	contains(text, "FNF:3\nFNH:0\n");
	ct_coverage_free(model);
	free(text);
}

Test(report_lcov, call_sites_are_branches)
{
	char *text = print("lcov", all);

	contains(text, "SF:/src/app.c\nFN:10,parse\nFN:20,helper\nFN:30,unused\n"
	               "FNDA:3,parse\nFNDA:7,helper\nFNDA:0,unused\nFNF:3\nFNH:2\n");
	contains(text, "BRDA:11,0,0,3\nBRDA:11,1,0,0\nBRDA:12,0,0,2\nBRDA:21,0,0,0\n"
	               "BRDA:31,0,0,-\nBRF:5\nBRH:2\n");
	lacks(text, "test_app.c");
	lacks(text, "/usr/include");
	free(text);
}

Test(report_lcov, a_call_that_was_made_counts_whoever_seems_to_have_made_it)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	struct fixture_trace trace;
	struct ct_coverage *model;
	char *text;

	fixture_begin(&trace, "s", "t", -1, CT_STATUS_PASSED);
	fixture_call(&trace, PARSE, HELPER, PARSE_HELPER, 3, NULL);
	ct_merge_view(merge, &trace.view);
	model = ct_merge_finish(merge, &(struct ct_merge_options){0});
	text = fixture_print(model, "lcov", all);
	contains(text, "FNDA:0,parse\n");
	contains(text, "BRDA:11,0,0,3\nBRDA:11,1,0,-\n");
	ct_coverage_free(model);
	free(text);
}

Test(report_lcov, indirect_sites_are_there_if_asked_for)
{
	struct ct_output_options options = all;
	char *text;

	options.lcov_calls = CT_LCOV_ALL;
	text = print("lcov", options);
	contains(text, "BRDA:14,0,0,5\n");
	contains(text, "BRF:6\nBRH:3\n");
	free(text);
	options.lcov_calls = CT_LCOV_NONE;
	text = print("lcov", options);
	lacks(text, "BR");
	contains(text, "FNF:3\n");
	free(text);
}

static char *ask(const char *pattern, bool json, uint32_t *found)
{
	struct ct_coverage *model = fixture_model(NULL);
	struct ct_output_options options = { .width = 80 };
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	*found = ct_query_tests(model, pattern, json, &options, to);
	fclose(to);
	ct_coverage_free(model);
	return text;
}

Test(report_query, the_tests_of_a_function)
{
	uint32_t found;
	char *text = ask("parse", false, &found);

	cr_expect_eq(found, 1);
	cr_expect_str_eq(text, "parse  app.c:10\n"
	                       "  3 calls in 2 tests\n"
	                       "               2  suite::one\n"
	                       "               1  suite::two  (crashed)\n");
	free(text);
}

Test(report_query, a_function_that_no_test_reaches)
{
	uint32_t found;
	char *text = ask("unused", false, &found);

	cr_expect_eq(found, 0);
	cr_expect_str_eq(text, "unused  app.c:30\n  never called\n");
	free(text);
}

Test(report_query, globs_and_json)
{
	uint32_t found;
	char *text = ask("[ap]*", true, &found);
	cJSON *json = cJSON_Parse(text);

	cr_expect_eq(found, 2, "parse and add, not plain");
	cr_assert_eq(cJSON_GetArraySize(json), 3);
	cJSON_Delete(json);
	free(text);
}

Test(report_query, callers_and_callees)
{
	struct ct_coverage *model = fixture_model(NULL);
	struct ct_output_options options = { .width = 80 };
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	cr_expect_eq(ct_query_function(model, "helper", &options, to), 1);
	fclose(to);
	contains(text, "               3  parse  app.c:10\n");
	contains(text, "               4  add  lib.c:5  (through libc.so.6)\n");
	contains(text, "               0  unused  app.c:30\n");
	free(text);
	ct_coverage_free(model);
}
