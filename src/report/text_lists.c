/* text_lists.c - the lists of the report for people. */
#include <string.h>

#include "base/utf8.h"
#include "report/text.h"

/* A list with a limit: what is behind it is only counted. */
struct list {
	const struct ct_page *page;
	uint32_t limit, lines;
	uint64_t hidden;
};

/* Whether there is room for a line, which stands for so many things. */
static bool list_next(struct list *list, uint32_t things)
{
	if (list->lines < list->limit) {
		list->lines++;
		return true;
	}
	list->hidden += things;
	return false;
}

static void list_end(const struct list *list)
{
	if (list->hidden)
		ct_page_print(list->page, CT_DIM, "  ... %s more; --uncovered lists all\n",
		              ct_number(list->hidden).text);
}

static void print_functions(const struct ct_page *page, uint32_t limit)
{
	const struct ct_coverage *model = page->model;
	struct ct_count total = model->totals.functions;
	struct list list = { page, limit, 0, 0 };

	if (total.covered == total.total)
		return;
	ct_page_print(page, CT_BOLD, "\nFunctions never called: %s of %s\n",
	              ct_number(total.total - total.covered).text, ct_number(total.total).text);
	for (uint32_t i = 0; i < model->function_count; i++) {
		const struct ct_cover_function *f = &model->functions[i];

		if (f->left_out || ct_covered(&f->hits) || !list_next(&list, 1))
			continue;
		ct_page_item(page, f->file, f->line, f->name, NULL);
		fputc('\n', page->to);
	}
	list_end(&list);
}

static void print_site(const struct ct_page *page, const struct ct_cover_site *site, uint32_t times)
{
	ct_page_item(page, site->file, site->line, page->model->functions[site->caller].name,
	             ct_callee_text(page->model, site));
	if (times > 1)
		ct_page_print(page, CT_DIM, "  (%u times)", times);
	fputc('\n', page->to);
}

/*
 * Three kinds of call sites without a call. That those in functions that never ran made
 * none follows. Of an indirect one it is not known: what it called may not be instrumented.
 */
enum missed { MISSED, MISSED_WITH_CALLER, MISSED_INDIRECT };

static bool is_missed(const struct ct_coverage *model, const struct ct_cover_site *site,
                      enum missed kind)
{
	if (site->left_out != CT_COUNTED || ct_covered(&site->hits))
		return false;
	if (!ct_covered(&model->functions[site->caller].hits))
		return kind == MISSED_WITH_CALLER;
	return kind == (site->kind == CT_SITE_INDIRECT ? MISSED_INDIRECT : MISSED);
}

static uint32_t count_missed(const struct ct_coverage *model, enum missed kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < model->site_count; i++)
		n += is_missed(model, &model->sites[i], kind);
	return n;
}

static bool reads_alike(const struct ct_cover_site *a, const struct ct_cover_site *b)
{
	return a->file == b->file && a->line == b->line && a->caller == b->caller
	       && a->callee == b->callee && strcmp(a->callee_name, b->callee_name) == 0;
}

/* Sites that would read alike are next to each other, and share a line. */
static void print_sites(const struct ct_page *page, uint32_t limit, enum missed kind)
{
	const struct ct_coverage *model = page->model;
	const struct ct_cover_site *last = NULL;
	struct list list = { page, limit, 0, 0 };
	uint32_t times = 0;

	for (uint32_t i = 0; i < model->site_count; i++) {
		const struct ct_cover_site *site = &model->sites[i];

		if (!is_missed(model, site, kind))
			continue;
		if (last && !reads_alike(last, site)) {
			if (list_next(&list, times))
				print_site(page, last, times);
			times = 0;
		}
		last = site;
		times++;
	}
	if (last && list_next(&list, times))
		print_site(page, last, times);
	list_end(&list);
}

static void print_calls(const struct ct_page *page, const struct ct_output_options *options)
{
	static const char *const titles[] = {
		[MISSED] = "Calls never made by functions that ran",
		[MISSED_WITH_CALLER] = "Calls never made in functions that never ran",
		[MISSED_INDIRECT] = "Indirect calls not seen to reach instrumented code",
	};

	for (enum missed kind = MISSED; kind <= MISSED_INDIRECT; kind++) {
		uint32_t n = count_missed(page->model, kind);
		bool listed = kind == MISSED || options->everything;

		if (!n)
			continue;
		ct_page_print(page, CT_BOLD, "\n%s: %s%s\n", titles[kind], ct_number(n).text,
		              listed ? "" : "; see --uncovered");
		if (listed)
			print_sites(page, options->uncovered, kind);
	}
}

void ct_page_uncovered(const struct ct_page *page, const struct ct_output_options *options)
{
	if (options->uncovered == 0)
		return;
	print_functions(page, options->uncovered);
	print_calls(page, options);
}

static void add_reasons(struct ct_phrases *phrases, const uint64_t *counts,
                        const char *const *texts)
{
	for (int reason = CT_COUNTED + 1; reason < CT_OUT_REASONS; reason++)
		if (counts[reason])
			ct_phrases_add(phrases, "%s %s%s", ct_number(counts[reason]).text,
			               texts[reason] ? texts[reason] : ct_left_out_text(reason),
			               reason == CT_OUT_TESTS ? " (--with-tests)" : "");
}

void ct_page_left_out(const struct ct_page *page)
{
	static const char *const for_functions[CT_OUT_REASONS] = {0};
	static const char *const for_sites[CT_OUT_REASONS] = {
		[CT_OUT_NO_DEBUG] = "of functions in start-up code and foreign objects",
		[CT_OUT_NOT_INSTRUMENTED] = "of functions not instrumented",
		[CT_OUT_PLUMBING] = "of Criterion's plumbing",
		[CT_OUT_ARTIFICIAL] = "of functions made by the compiler",
		[CT_OUT_EXTERNAL] = "of functions outside (libc and others)",
		[CT_OUT_OBSERVED] = "seen where none was expected",
	};
	static const char *const for_pairs[CT_OUT_REASONS] = {
		[CT_OUT_NO_DEBUG] = "with functions in start-up code and foreign objects",
		[CT_OUT_NOT_INSTRUMENTED] = "with functions not instrumented",
		[CT_OUT_PLUMBING] = "with Criterion's plumbing",
		[CT_OUT_ARTIFICIAL] = "with functions made by the compiler",
		[CT_OUT_OBSERVED] = "only seen at run time (pointers, callbacks)",
	};
	const struct ct_coverage *model = page->model;
	struct ct_phrases functions = {0}, pairs = {0}, sites = {0}, indirect = {0};

	add_reasons(&functions, model->functions_out, for_functions);
	add_reasons(&pairs, model->pairs_out, for_pairs);
	add_reasons(&sites, model->sites_out, for_sites);
	add_reasons(&indirect, model->indirect_out, for_sites);
	if (functions.count + pairs.count + sites.count + indirect.count)
		ct_page_print(page, CT_BOLD, "\nLeft out of these figures\n");
	ct_page_phrases(page, "functions", 18, &functions);
	ct_page_phrases(page, "call pairs", 18, &pairs);
	ct_page_phrases(page, "call sites", 18, &sites);
	ct_page_phrases(page, "indirect sites", 18, &indirect);
}

/* A heading before the first note only. */
static void note(const struct ct_page *page, bool *any)
{
	if (!*any)
		ct_page_print(page, CT_BOLD, "\nNotes\n");
	*any = true;
	fputs("  ", page->to);
}

/* A suite in one file is all test code, and nothing is left to count. */
static void note_nothing(const struct ct_page *page, bool *any)
{
	if (page->model->totals.functions.total)
		return;
	if (ct_only_tests(page->model)) {
		note(page, any);
		fprintf(page->to, "all of the code is in files that define tests; "
		                  "--with-tests counts those, too\n");
	} else if (page->model->functions_out[CT_OUT_FILTER]) {
		note(page, any);
		fprintf(page->to, "--include and --exclude leave nothing to count\n");
	}
}

static void note_modules(const struct ct_page *page, bool *any)
{
	const struct ct_coverage *model = page->model;

	for (uint32_t i = 0; i < model->module_count; i++) {
		const struct ct_cover_module *m = &model->modules[i];
		const char *shortfall = ct_index_shortfall(m->index_flags);

		if (m->problem) {
			note(page, any);
			fprintf(page->to, "%s\n", ct_shown(ct_from_here(m->problem)));
			fprintf(page->to, "    %s of its functions were called, of how many is "
			                  "unknown; run the tests again\n",
			        ct_number(m->functions).text);
		} else if (shortfall) {
			note(page, any);
			fprintf(page->to, "%s: %s\n", ct_shown(ct_from_here(m->path)), shortfall);
		}
	}
}

static void note_traces(const struct ct_page *page, bool *any)
{
	const struct ct_coverage *model = page->model;
	uint32_t early = 0, limited = 0;

	for (uint32_t i = 0; i < model->trace_count; i++) {
		const struct ct_cover_trace *t = &model->traces[i];

		early += !t->complete && !t->problem && !t->limited;
		limited += t->limited;
		if (!t->problem)
			continue;
		note(page, any);
		fprintf(page->to, "%s: %s: %s\n", ct_shown(ct_from_here(t->path)), model->tests[t->test].name, t->problem);
	}
	if (early) {
		note(page, any);
		fprintf(page->to, "%s trace%s by a crash, a signal or _exit; all calls until "
		                  "then are counted\n",
		        ct_number(early).text, early == 1 ? " ends" : "s end");
	}
	if (limited) {
		note(page, any);
		fprintf(page->to, "%s trace%s its size limit; all calls are counted\n",
		        ct_number(limited).text, limited == 1 ? " reached" : "s reached");
	}
}

static void note_duplicates(const struct ct_page *page, bool *any)
{
	uint32_t n = page->model->duplicates;

	if (!n)
		return;
	note(page, any);
	fprintf(page->to, "%s trace%s given twice, as raw and as JSON maybe; each counts once\n",
	        ct_number(n).text, n == 1 ? " was" : "s were");
}

void ct_page_notes(const struct ct_page *page)
{
	bool any = false;

	note_nothing(page, &any);
	note_modules(page, &any);
	note_traces(page, &any);
	note_duplicates(page, &any);
}

static uint32_t calls_width(const struct ct_coverage *model)
{
	uint32_t width = 5;

	for (uint32_t i = 0; i < model->test_count; i++) {
		uint32_t n = (uint32_t) strlen(ct_number(model->tests[i].calls).text);

		width = n > width ? n : width;
	}
	return width;
}

void ct_page_tests(const struct ct_page *page)
{
	const struct ct_coverage *model = page->model;
	int calls = (int) calls_width(model);
	uint32_t width = page->width - 2 - 11 - (uint32_t) calls - 11 - 6 - 7;

	fputs("\n  ", page->to);
	ct_page_print(page, CT_BOLD, "%-*s %-9s %*s%11s%6s%7s\n", (int) width, "test", "status",
	              calls, "calls", "functions", "only", "sites");
	for (uint32_t i = 0; i < model->test_count; i++) {
		const struct ct_cover_test *t = &model->tests[i];
		bool bad = t->status >= CT_STATUS_FAILED && t->status != CT_STATUS_SKIPPED;

		fputs("  ", page->to);
		ct_page_name(page, t->name, width);
		ct_page_print(page, bad ? CT_POOR : CT_PLAIN, " %-9s",
		              t->suite ? ct_status_name(t->status) : "-");
		fprintf(page->to, " %*s%11u%6u%7u\n", calls, ct_number(t->calls).text,
		        t->functions, t->only, t->sites);
	}
	ct_page_print(page, CT_DIM, "  only: functions that no other test reached\n");
}
