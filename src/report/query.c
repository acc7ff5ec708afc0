#include "report/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/glob.h"
#include "report/text.h"

static bool matches(const struct ct_cover_function *function, const char *pattern)
{
	const char *parameters = strchr(function->name, '(');
	ct_auto_free char *bare = NULL;

	if (strcmp(pattern, function->name) == 0 || ct_glob(pattern, function->name))
		return true;
	if (!parameters || parameters == function->name)
		return false;
	bare = ct_strdup(function->name);
	bare[parameters - function->name] = '\0';
	return ct_glob(pattern, bare);
}

uint32_t ct_query_known(const struct ct_coverage *model, const char *pattern)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < model->function_count; i++)
		n += matches(&model->functions[i], pattern);
	return n;
}

static void print_title(const struct ct_page *page, uint32_t row)
{
	const struct ct_cover_function *f = &page->model->functions[row];

	ct_page_print(page, CT_BOLD, "%s", f->name);
	fputs("  ", page->to);
	ct_page_place(page, f->file, f->line);
	if (f->left_out)
		ct_page_print(page, CT_DIM, "  (not counted: %s)", ct_left_out_text(f->left_out));
	fputc('\n', page->to);
}

static void print_tests(const struct ct_page *page, const struct ct_hits *hits, uint64_t *calls)
{
	const struct ct_coverage *model = page->model;

	ct_cover_tests(model, hits, calls);
	for (uint32_t i = 0; i < model->test_count; i++) {
		const struct ct_cover_test *t = &model->tests[i];

		if (calls[i] == 0)
			continue;
		fprintf(page->to, "%16s  %s", ct_number(calls[i]).text, t->name);
		if (t->suite && t->status != CT_STATUS_PASSED && t->status != CT_STATUS_UNKNOWN)
			ct_page_print(page, CT_POOR, "  (%s)", ct_status_name(t->status));
		fputc('\n', page->to);
	}
}

static void print_reached(const struct ct_page *page, const struct ct_cover_function *function,
                          uint64_t *calls)
{
	const struct ct_hits *hits = &function->hits;
	uint32_t tests = ct_cover_tests(page->model, hits, calls);

	if (!(function->flags & CT_FUNCTION_INSTRUMENTED))
		ct_page_print(page, CT_DIM, "  its calls cannot be seen\n");
	else if (tests)
		fprintf(page->to, "  %s call%s in %s test%s\n", ct_number(hits->calls).text,
		        hits->calls == 1 ? "" : "s", ct_number(tests).text, tests == 1 ? "" : "s");
	else
		ct_page_print(page, CT_POOR, "  never called\n");
}

static void json_tests(const struct ct_coverage *model, uint32_t row, const uint64_t *calls,
                       struct ct_text *out)
{
	const struct ct_cover_function *f = &model->functions[row];
	const char *between = "";

	ct_text_add(out, "{\"function\":");
	ct_text_add_json(out, f->name);
	ct_text_add(out, ",\"file\":");
	ct_text_add_json(out, model->files[f->file].name);
	ct_text_addf(out, ",\"line\":%u,\"calls\":%llu,\"tests\":[", f->line,
	             (unsigned long long) f->hits.calls);
	for (uint32_t i = 0; i < model->test_count; i++)
		if (calls[i]) {
			ct_text_addf(out, "%s{\"name\":", between);
			ct_text_add_json(out, model->tests[i].name);
			ct_text_addf(out, ",\"calls\":%llu}", (unsigned long long) calls[i]);
			between = ",";
		}
	ct_text_add(out, "]}");
}

uint32_t ct_query_tests(const struct ct_coverage *model, const char *pattern, bool json,
                        const struct ct_output_options *options, FILE *to)
{
	struct ct_page page = ct_page_of(model, options, to);
	ct_auto_free uint64_t *calls = ct_calloc(model->test_count + 1ull, sizeof *calls);
	struct ct_text text = {0};
	uint32_t found = 0, reached = 0;

	for (uint32_t i = 0; i < model->function_count; i++) {
		const struct ct_cover_function *f = &model->functions[i];

		if (!matches(f, pattern))
			continue;
		if (ct_cover_tests(model, &f->hits, calls))
			reached++;
		if (json) {
			ct_text_add(&text, found++ ? ",\n  " : "\n  ");
			json_tests(model, i, calls, &text);
			continue;
		}
		if (found++)
			fputc('\n', to);
		print_title(&page, i);
		print_reached(&page, f, calls);
		print_tests(&page, &f->hits, calls);
	}
	if (json)
		fprintf(to, "[%s\n]\n", text.data ? text.data : "");
	ct_text_deinit(&text);
	return reached;
}

/* A line of callers or callees: how often, where it is defined, and what is special about it. */
static void print_pair(const struct ct_page *page, const struct ct_cover_pair *pair, uint32_t other)
{
	const struct ct_cover_function *f = &page->model->functions[other];
	bool counts = pair->left_out == CT_COUNTED && !pair->callbacks.calls;
	bool seen = f->flags & CT_FUNCTION_INSTRUMENTED;

	ct_page_print(page, counts && !ct_covered(&pair->hits) ? CT_POOR : CT_PLAIN, "%16s",
	              seen ? ct_number(pair->hits.calls + pair->callbacks.calls).text : "?");
	fprintf(page->to, "  %s  ", f->name);
	ct_page_place(page, f->file, f->line);
	if (!seen)
		ct_page_print(page, CT_DIM, "  (not instrumented)");
	else if (pair->callbacks.calls)
		ct_page_print(page, CT_DIM, "  (through %s)", pair->through);
	else if (!pair->is_static)
		ct_page_print(page, CT_DIM, "  (observed only)");
	fputc('\n', page->to);
}

/* Pairs with the function on one side; the other side is what is told. */
static void print_pairs(const struct ct_page *page, const char *title, uint32_t row, bool callers)
{
	const struct ct_coverage *model = page->model;
	bool any = false;

	for (uint32_t i = 0; i < model->pair_count; i++) {
		const struct ct_cover_pair *pair = &model->pairs[i];

		if ((callers ? pair->callee : pair->caller) != row)
			continue;
		if (!any)
			ct_page_print(page, CT_BOLD, "  %s\n", title);
		any = true;
		print_pair(page, pair, callers ? pair->caller : pair->callee);
	}
}

uint32_t ct_query_function(const struct ct_coverage *model, const char *pattern,
                           const struct ct_output_options *options, FILE *to)
{
	struct ct_page page = ct_page_of(model, options, to);
	ct_auto_free uint64_t *calls = ct_calloc(model->test_count + 1ull, sizeof *calls);
	uint32_t found = 0, reached = 0;

	for (uint32_t i = 0; i < model->function_count; i++) {
		const struct ct_hits *hits = &model->functions[i].hits;

		if (!matches(&model->functions[i], pattern))
			continue;
		if (found++)
			fputc('\n', to);
		print_title(&page, i);
		print_reached(&page, &model->functions[i], calls);
		print_pairs(&page, "Called by", i, true);
		print_pairs(&page, "Calls", i, false);
		if (ct_covered(hits)) {
			reached++;
			ct_page_print(&page, CT_BOLD, "  Tests\n");
			print_tests(&page, hits, calls);
		}
	}
	return reached;
}
