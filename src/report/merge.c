#include "report/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "index/index.h"
#include "report/merge_private.h"

static bool parse_hex(const char *hex, uint8_t out[32], size_t *size)
{
	size_t n = strlen(hex);

	if (n % 2 || n > 64 || strspn(hex, "0123456789abcdefABCDEF") != n)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		char pair[3] = { hex[i], hex[i + 1], '\0' };

		out[i / 2] = (uint8_t) strtoul(pair, NULL, 16);
	}
	*size = n / 2;
	return true;
}

static bool cache_open(const char *path, const char *build_id, struct ct_index *out,
                       struct ct_error *err)
{
	uint8_t id[32];
	size_t size = 0;

	if (build_id && !parse_hex(build_id, id, &size))
		return ct_fail(err, CT_EDAMAGED, "%s: build-id '%s' is not one", path, build_id);
	return ct_index_get(path, size ? id : NULL, size, out, err);
}

const struct ct_index_source ct_index_cache = { cache_open, ct_index_close };

struct ct_merge *ct_merge_new(const struct ct_index_source *source)
{
	struct ct_merge *merge = ct_calloc(1, sizeof *merge);

	merge->coverage = ct_calloc(1, sizeof *merge->coverage);
	merge->source = *source;
	merge->coverage->close_index = source->close;
	return merge;
}

void ct_merge_free(struct ct_merge *merge)
{
	if (!merge)
		return;
	for (uint32_t i = 0; merge->coverage && i < merge->coverage->module_count; i++) {
		free(merge->modules[i].functions);
		free(merge->modules[i].sites);
	}
	free(merge->modules);
	ct_map_deinit(&merge->file_map);
	ct_map_deinit(&merge->function_map);
	ct_map_deinit(&merge->pair_map);
	ct_map_deinit(&merge->site_map);
	ct_map_deinit(&merge->target_map);
	ct_map_deinit(&merge->test_map);
	ct_map_deinit(&merge->module_map);
	ct_map_deinit(&merge->trace_map);
	ct_map_deinit(&merge->together);
	ct_text_deinit(&merge->key);
	ct_coverage_free(merge->coverage);
	free(merge);
}

uint32_t ct_merge_pair(struct ct_merge *merge, uint32_t caller, uint32_t callee)
{
	struct ct_coverage *model = merge->coverage;
	uint32_t key[2] = { caller, callee };
	bool added;
	uint32_t row = ct_map_add(&merge->pair_map, key, sizeof key, model->pair_count, &added);

	if (added) {
		model->pairs = ct_grow(model->pairs, model->pair_count, sizeof *model->pairs);
		model->pairs[model->pair_count++] =
			(struct ct_cover_pair){ .caller = caller, .callee = callee };
	}
	return row;
}

static void add_target(struct ct_merge *merge, uint32_t site, uint32_t callee, uint64_t calls)
{
	struct ct_coverage *model = merge->coverage;
	uint32_t key[2] = { site, callee };
	bool added;
	uint32_t row =
		ct_map_add(&merge->target_map, key, sizeof key, model->target_count, &added);

	if (added) {
		model->targets =
			ct_grow(model->targets, model->target_count, sizeof *model->targets);
		model->targets[model->target_count++] =
			(struct ct_cover_target){ site, callee, 0 };
	}
	model->targets[row].calls += calls;
}

/* How much a status says: of two traces of one test the worse one counts. */
static int weight(enum ct_status status)
{
	static const int weights[] = {
		[CT_STATUS_UNKNOWN] = 0, [CT_STATUS_SKIPPED] = 1,   [CT_STATUS_PASSED] = 2,
		[CT_STATUS_FAILED] = 3,  [CT_STATUS_TIMED_OUT] = 4, [CT_STATUS_CRASHED] = 5,
	};

	return weights[status];
}

static char *test_name(struct ct_arena *arena, const struct ct_trace_view *view)
{
	const struct ct_trace_test *test = view->test;
	const char *program = view->meta->executable ? view->meta->executable : view->path;

	if (!test->suite)
		return ct_arena_printf(arena, "%s%s", ct_basename(program),
		                       view->meta->role == CT_ROLE_RUNNER ? " (runner)" : "");
	if (test->parameter >= 0)
		return ct_arena_printf(arena, "%s::%s[%d]", test->suite, test->name,
		                       test->parameter);
	return ct_arena_printf(arena, "%s::%s", test->suite, test->name);
}

static char *copy(struct ct_arena *arena, const char *string)
{
	return string ? ct_arena_strdup(arena, string) : NULL;
}

static uint32_t add_test(struct ct_merge *merge, const struct ct_trace_view *view)
{
	struct ct_coverage *model = merge->coverage;
	const struct ct_trace_test *test = view->test;
	const char *program = test->executable ? test->executable : view->meta->executable;
	char *name = test_name(&model->arena, view);
	struct ct_cover_test *row;
	uint32_t number;
	bool added;

	/* Two programs may each have a test of that name: they are two tests. */
	ct_text_clear(&merge->key);
	ct_text_add_n(&merge->key, name, strlen(name) + 1);
	ct_text_add_char(&merge->key, test->suite ? 't' : 'p');
	if (test->suite && program)
		ct_text_add(&merge->key, ct_basename(program));
	number = ct_map_add(&merge->test_map, merge->key.data, merge->key.length,
	                    model->test_count, &added);
	if (added) {
		model->tests = ct_grow(model->tests, model->test_count, sizeof *model->tests);
		model->tests[model->test_count++] = (struct ct_cover_test){
			.name = ct_merge_printable(&model->arena, name),
			.suite = copy(&model->arena, test->suite),
			.test = copy(&model->arena, test->name),
			.program = copy(&model->arena, program),
			.file = copy(&model->arena, test->file),
			.line = test->line,
			.parameter = test->parameter,
		};
	}
	row = &model->tests[number];
	if (row->traces++ == 0 || weight(test->status) > weight(row->status)) {
		row->status = test->status;
		row->ended = copy(&model->arena, test->ended);
		row->signal = test->signal;
	}
	row->calls += view->meta->total_calls;
	return number;
}

/* What a trace is missing. Ending early by violence is none: what was called is there. */
static char *trace_problem(struct ct_arena *arena, const struct ct_trace_meta *meta)
{
	static const char *const what[CT_LOSSES] = {
		[CT_LOST_NO_SPACE] = "words, no space on the disk",
		[CT_LOST_IO] = "words, its file could not be written",
		[CT_LOST_NO_MEMORY] = "calls, no memory for a thread",
		[CT_LOST_ROWS] = "calls without a name, the call table was full",
		[CT_LOST_REENTRY] = "calls, made while the recorder was at work",
		[CT_LOST_START] = "calls, made while the recording was being started",
	};
	struct ct_text text = {0};
	char *problem = NULL;

	if (meta->stopped)
		ct_text_addf(&text, "; recording stopped: %s", meta->stopped);
	if (meta->damaged)
		ct_text_addf(&text, "; %llu damaged pieces skipped",
		             (unsigned long long) meta->damaged);
	for (size_t i = 0; i < CT_LOSSES; i++)
		if (meta->lost[i] && what[i])
			ct_text_addf(&text, "; lost %llu %s", (unsigned long long) meta->lost[i],
			             what[i]);
	if (text.length)
		problem = ct_merge_printable(arena, text.data + 2);
	ct_text_deinit(&text);
	return problem;
}

static uint32_t add_trace(struct ct_merge *merge, const struct ct_trace_view *view)
{
	struct ct_coverage *model = merge->coverage;
	uint32_t test = add_test(merge, view);

	model->traces = ct_grow(model->traces, model->trace_count, sizeof *model->traces);
	model->traces[model->trace_count] = (struct ct_cover_trace){
		.path = copy(&model->arena, view->path),
		.test = test,
		.complete = view->meta->complete,
		.limited = view->meta->lost[CT_LOST_LIMIT] > 0,
		.problem = trace_problem(&model->arena, view->meta),
	};
	model->calls += view->meta->total_calls;
	return model->trace_count++;
}

static uint32_t *add_modules(struct ct_merge *merge, const struct ct_trace_view *view)
{
	uint32_t *modules = ct_alloc((view->module_count + 1) * sizeof *modules);

	for (size_t i = 0; i < view->module_count; i++)
		modules[i] = ct_merge_module(merge, view->modules[i].path,
		                             view->modules[i].build_id);
	ct_merge_together(merge, modules, view->module_count);
	return modules;
}

static uint32_t *add_functions(struct ct_merge *merge, const struct ct_trace_view *view,
                               const uint32_t *modules, uint32_t trace)
{
	uint32_t *rows = ct_alloc((view->function_count + 1) * sizeof *rows);

	for (size_t i = 0; i < view->function_count; i++) {
		const struct ct_trace_function *f = &view->functions[i];
		struct ct_function_key key = {
			.name = f->name,
			.file = f->file,
			.line = f->line,
			.flags = f->flags | (f->calls ? CT_FUNCTION_INSTRUMENTED : 0),
			.module = f->module == CT_NO_ROW ? CT_NONE : modules[f->module],
			.address = f->address,
		};

		rows[i] = ct_merge_function(merge, &key);
		ct_hits_add(&merge->coverage->functions[rows[i]].hits, trace, f->calls);
	}
	return rows;
}

static void add_pairs(struct ct_merge *merge, const struct ct_trace_view *view,
                      const uint32_t *functions, uint32_t trace)
{
	for (size_t i = 0; i < view->pair_count; i++) {
		const struct ct_trace_pair *p = &view->pairs[i];
		struct ct_cover_pair *pair;
		uint32_t row;

		if (p->caller == CT_NO_ROW || p->callee == CT_NO_ROW)
			continue; /* the first call on a thread: nobody's call */
		row = ct_merge_pair(merge, functions[p->caller], functions[p->callee]);
		pair = &merge->coverage->pairs[row]; /* found first, for adding it may move them */
		ct_hits_add(p->through ? &pair->callbacks : &pair->hits, trace, p->calls);
		if (p->through && !pair->through)
			pair->through = copy(&merge->coverage->arena, p->through);
	}
}

/* The row of a trace's site: by its address in the index, else by what the trace says. */
static uint32_t find_site(struct ct_merge *merge, const struct ct_trace_site *s,
                          const uint32_t *modules, uint32_t caller, uint32_t callee)
{
	struct ct_coverage *model = merge->coverage;
	const struct ct_cover_function *to = &model->functions[callee];
	uint32_t module = s->module == CT_NO_ROW ? CT_NONE : modules[s->module];

	if (module != CT_NONE && !model->modules[module].problem) {
		const struct ct_index *index = &model->indexes[module];
		const struct ct_index_site *row = ct_index_site_at(index, s->address);

		if (row)
			return merge->modules[module].sites[row - index->sites];
	}
	struct ct_site_key key = {
		.callee_name = to->linkage[0] ? to->linkage : to->name,
		.file = s->file,
		.caller = caller,
		.callee = callee,
		.line = s->line,
		.column = (uint16_t) s->column,
		.ordinal = (uint16_t) s->ordinal,
		.kind = CT_SITE_DIRECT,
	};
	return ct_merge_site(merge, &key);
}

static bool expected(const struct ct_cover_site *site, uint32_t callee,
                     const struct ct_cover_function *function)
{
	if (site->callee != CT_NONE)
		return site->callee == callee;
	return strcmp(site->callee_name, function->linkage) == 0
	       || (!function->linkage[0] && strcmp(site->callee_name, function->name) == 0);
}

static void add_sites(struct ct_merge *merge, const struct ct_trace_view *view,
                      const uint32_t *modules, const uint32_t *functions, uint32_t trace)
{
	struct ct_coverage *model = merge->coverage;

	for (size_t i = 0; i < view->site_count; i++) {
		const struct ct_trace_site *s = &view->sites[i];
		uint32_t caller, callee, row;

		if (s->caller == CT_NO_ROW || s->callee == CT_NO_ROW)
			continue;
		caller = functions[s->caller];
		callee = functions[s->callee];
		row = find_site(merge, s, modules, caller, callee);
		if (model->sites[row].kind == CT_SITE_INDIRECT) {
			ct_hits_add(&model->sites[row].hits, trace, s->calls);
			add_target(merge, row, callee, s->calls);
		} else if (expected(&model->sites[row], callee, &model->functions[callee])) {
			ct_hits_add(&model->sites[row].hits, trace, s->calls);
		} else {
			/* A tail call, a wrapper or interposition: seen, but not the call that is written there. */
			add_target(merge, row, callee, s->calls);
		}
	}
}

/* A trace that was given twice, as raw and as JSON for one, is one: no process begins twice at once. */
static bool is_new(struct ct_merge *merge, const struct ct_trace_meta *meta)
{
	uint64_t key[2] = { meta->realtime, meta->pid };
	bool added = true;

	if (meta->realtime)
		ct_map_add(&merge->trace_map, key, sizeof key, 0, &added);
	return added;
}

void ct_merge_view(struct ct_merge *merge, const struct ct_trace_view *view)
{
	uint32_t trace;

	if (!is_new(merge, view->meta)) {
		merge->coverage->duplicates++;
		return;
	}
	trace = add_trace(merge, view);
	ct_auto_free uint32_t *modules = add_modules(merge, view);
	ct_auto_free uint32_t *functions = add_functions(merge, view, modules, trace);

	add_pairs(merge, view, functions, trace);
	add_sites(merge, view, modules, functions, trace);
}

void ct_merge_trace(struct ct_merge *merge, const char *path, struct ct_trace *trace)
{
	struct ct_trace_view view = {
		.path = path,
		.meta = ct_trace_meta(trace),
		.test = ct_trace_test(trace),
	};

	view.modules = ct_trace_modules(trace, &view.module_count);
	view.functions = ct_trace_functions(trace, &view.function_count);
	view.pairs = ct_trace_pairs(trace, &view.pair_count);
	view.sites = ct_trace_sites(trace, &view.site_count);
	ct_merge_view(merge, &view);
}

struct ct_coverage *ct_merge_finish(struct ct_merge *merge,
                                    const struct ct_merge_options *options)
{
	struct ct_coverage *model = merge->coverage;

	ct_merge_resolve(merge);
	ct_coverage_classify(model, options);
	ct_coverage_sort(model);
	ct_coverage_sum(model);
	for (uint32_t i = 0; i < model->module_count; i++) {
		free(merge->modules[i].functions);
		free(merge->modules[i].sites);
	}
	merge->coverage = NULL;
	ct_merge_free(merge);
	return model;
}
