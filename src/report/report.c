#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/grow.h"
#include "report/text.h"

/*
 * What became of a test is not in its own raw trace but in the results file of its
 * directory, which speaks of all of them together: they stay open until the next
 * directory, or until they take too much memory. What a cut may cost is little: a child
 * that a test forked may miss the parameter of a parent on the other side.
 */
enum { BATCH_BYTES = 64 << 20 };

struct batch {
	struct ct_merge *merge;
	size_t bytes; /* that the open ones take, roughly */
	char *directory; /* "" when empty */
	struct ct_trace **traces;
	const char **paths;
	uint32_t count;
};

static void batch_flush(struct batch *batch)
{
	if (batch->count)
		ct_results_apply(batch->directory, batch->traces, batch->count);
	for (uint32_t i = 0; i < batch->count; i++) {
		ct_merge_trace(batch->merge, batch->paths[i], batch->traces[i]);
		ct_trace_close(batch->traces[i]);
	}
	batch->count = 0;
	batch->bytes = 0;
	free(batch->directory);
	batch->directory = NULL;
}

static char *directory_of(const char *path)
{
	size_t n = (size_t) (ct_basename(path) - path);
	char *directory = ct_strdup(n ? path : ".");

	if (n)
		directory[n > 1 ? n - 1 : 1] = '\0';
	return directory;
}

static size_t trace_bytes(const struct ct_trace *trace)
{
	size_t functions, pairs, sites;

	ct_trace_functions(trace, &functions);
	ct_trace_pairs(trace, &pairs);
	ct_trace_sites(trace, &sites);
	/* Its mapped call table has about as many rows as it has sites, twice. */
	return 32768 + functions * sizeof(struct ct_trace_function)
	       + pairs * sizeof(struct ct_trace_pair)
	       + sites * (sizeof(struct ct_trace_site) + 3 * sizeof(struct ct_call_row));
}

static void batch_add(struct batch *batch, const char *path, struct ct_trace *trace)
{
	char *directory = directory_of(path);

	if (batch->directory
	    && (batch->bytes > BATCH_BYTES || strcmp(directory, batch->directory) != 0))
		batch_flush(batch);
	batch->bytes += trace_bytes(trace);
	if (batch->directory)
		free(directory);
	else
		batch->directory = directory;
	batch->traces = ct_grow(batch->traces, batch->count, sizeof *batch->traces);
	batch->paths = ct_grow(batch->paths, batch->count, sizeof *batch->paths);
	batch->traces[batch->count] = trace;
	batch->paths[batch->count++] = path;
}

size_t ct_report_load(struct ct_merge *merge, char *const *paths, size_t count,
                      const struct ct_load_watch *watch)
{
	struct ct_trace_options options = { .summary_only = true };
	struct batch raw = { .merge = merge };
	size_t failed = 0;

	for (size_t i = 0; i < count; i++) {
		struct ct_trace *trace;
		struct ct_error err;

		if (watch->progress)
			watch->progress(i, watch->user);
		if (!ct_trace_open(paths[i], &options, &trace, &err)) {
			watch->failed(&err, watch->user);
			failed++;
		} else if (ct_trace_session(trace)) {
			batch_add(&raw, paths[i], trace);
		} else {
			ct_merge_trace(merge, paths[i], trace);
			ct_trace_close(trace);
		}
	}
	batch_flush(&raw);
	free(raw.traces);
	free(raw.paths);
	return failed;
}

static void keep_error(const struct ct_error *err, void *user)
{
	struct ct_error *last = user;

	if (last)
		*last = *err;
}

/* Files by share of call sites made, least first; with equal shares the larger file. */
static bool is_worse(const struct ct_count *a, const struct ct_count *b)
{
	unsigned __int128 left = (unsigned __int128) a->covered * b->total;
	unsigned __int128 right = (unsigned __int128) b->covered * a->total;

	return left != right ? left < right : a->total > b->total;
}

static void print_least(const struct ct_page *page)
{
	enum { SHOWN = 3 };
	const struct ct_coverage *model = page->model;
	uint32_t least[SHOWN], count = 0;
	struct ct_phrases phrases = {0};

	for (uint32_t i = 0; i < model->file_count; i++) {
		const struct ct_count *sites = &model->files[i].totals.sites;
		uint32_t at = count;

		if (sites->covered == sites->total || !model->files[i].name[0])
			continue;
		while (at > 0 && is_worse(sites, &model->files[least[at - 1]].totals.sites))
			at--;
		if (at == SHOWN)
			continue;
		count += count < SHOWN;
		memmove(least + at + 1, least + at, (count - at - 1) * sizeof *least);
		least[at] = i;
	}
	for (uint32_t i = 0; i < count; i++)
		ct_phrases_add(&phrases, "%s %s%s", model->files[least[i]].shown,
		               ct_percent(model->files[least[i]].totals.sites).text,
		               i + 1 == count ? " of the call sites" : "");
	ct_page_phrases(page, "least covered", 18, &phrases);
}

static void print_unknown(const struct ct_page *page)
{
	const struct ct_coverage *model = page->model;
	uint32_t unknown = 0;

	for (uint32_t i = 0; i < model->module_count; i++)
		unknown += model->modules[i].problem != NULL;
	if (unknown)
		fprintf(page->to, "  %u of %u binaries without an index: their totals are "
		                  "unknown\n",
		        unknown, model->module_count);
}

static void print_hint(const struct ct_page *page, const char *more)
{
	struct ct_count functions = page->model->totals.functions;
	uint64_t never = functions.total - functions.covered;

	if (never)
		fprintf(page->to, "  %s function%s never called; see: calltrace report %s\n",
		        ct_number(never).text, never == 1 ? " was" : "s were", more);
	else
		fprintf(page->to, "  every function was called; see: calltrace report %s\n", more);
}

bool ct_report_print_summary(char *const *paths, size_t count, const char *more, bool colour,
                             FILE *to, struct ct_error *err)
{
	struct ct_merge *merge = ct_merge_new(&ct_index_cache);
	struct ct_load_watch watch = { .failed = keep_error, .user = err };
	struct ct_merge_options options = {0};
	struct ct_page page = { .to = to, .colour = colour, .width = 80 };
	struct ct_coverage *model;
	struct ct_text word = {0};

	if (count == 0 || ct_report_load(merge, paths, count, &watch) == count) {
		ct_merge_free(merge);
		return count > 0 || ct_fail(err, CT_ENOTRACE, "no traces");
	}
	model = ct_merge_finish(merge, &options);
	page.model = model;
	ct_page_head(&page);
	ct_page_totals(&page);
	print_unknown(&page);
	print_least(&page);
	ct_text_add_shell(&word, ct_from_here(more));
	if (ct_only_tests(model))
		fprintf(to, "  all of it is test code; see: calltrace report --with-tests %s\n",
		        word.data);
	else if (model->totals.functions.total)
		print_hint(&page, word.data);
	ct_text_deinit(&word);
	ct_coverage_free(model);
	return true;
}
