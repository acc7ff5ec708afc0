/* coverage.c - what counts and what is left out, and the sums. docs/coverage.md in code. */
#include "report/coverage.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/glob.h"
#include "report/merge_private.h"

static const struct {
	const char *key, *text;
} reasons[CT_OUT_REASONS] = {
	[CT_COUNTED] = { "counted", "counted" },
	[CT_OUT_UNKNOWN] = { "no_index", "in binaries without an index" },
	[CT_OUT_NO_DEBUG] = { "no_debug", "in start-up code and foreign objects" },
	[CT_OUT_NOT_INSTRUMENTED] = { "not_instrumented", "not instrumented" },
	[CT_OUT_PLUMBING] = { "plumbing", "of Criterion's plumbing" },
	[CT_OUT_ARTIFICIAL] = { "artificial", "made by the compiler" },
	[CT_OUT_SYSTEM] = { "system", "in system headers" },
	[CT_OUT_TESTS] = { "test_code", "in test files" },
	[CT_OUT_FILTER] = { "filtered", "by --include and --exclude" },
	[CT_OUT_EXTERNAL] = { "external", "external" },
	[CT_OUT_JUMP] = { "tail_jump", "made by a jump (tail calls)" },
	[CT_OUT_OBSERVED] = { "observed_only", "observed only" },
};

const char *ct_left_out_key(enum ct_left_out reason)
{
	return reasons[reason].key;
}

const char *ct_left_out_text(enum ct_left_out reason)
{
	return reasons[reason].text;
}

const char *ct_site_kind_name(const struct ct_cover_site *site)
{
	static const char *const names[] = {
		[CT_SITE_DIRECT] = "direct",
		[CT_SITE_EXTERNAL] = "external",
		[CT_SITE_INDIRECT] = "indirect",
		[CT_SITE_INLINED] = "inlined",
	};

	if (!site->indexed || site->kind >= sizeof names / sizeof *names)
		return "observed";
	return names[site->kind];
}

struct ct_percent ct_percent(struct ct_count count)
{
	struct ct_percent percent = { "-" };
	uint64_t tenths;

	if (count.total == 0)
		return percent;
	tenths = (uint64_t) ((unsigned __int128) count.covered * 1000 / count.total);
	if (tenths >= 1000)
		snprintf(percent.text, sizeof percent.text, "100%%");
	else
		snprintf(percent.text, sizeof percent.text, "%u.%u%%", (unsigned) tenths / 10,
		         (unsigned) tenths % 10);
	return percent;
}

static enum ct_left_out file_reason(const struct ct_cover_file *file, bool with_tests)
{
	if (file->flags & CT_FILE_SYSTEM)
		return CT_OUT_SYSTEM;
	if (file->flags & CT_FILE_TESTS && !with_tests)
		return CT_OUT_TESTS;
	return file->filtered ? CT_OUT_FILTER : CT_COUNTED;
}

/* What in a function itself keeps it, or a call of it, out. */
static enum ct_left_out kind_reason(const struct ct_cover_function *function)
{
	if (!(function->flags & CT_FUNCTION_INSTRUMENTED))
		return function->flags & CT_FUNCTION_NO_DEBUG ? CT_OUT_NO_DEBUG
		                                              : CT_OUT_NOT_INSTRUMENTED;
	if (function->flags & CT_FUNCTION_PLUMBING)
		return CT_OUT_PLUMBING;
	return function->flags & CT_FUNCTION_ARTIFICIAL ? CT_OUT_ARTIFICIAL : CT_COUNTED;
}

static enum ct_left_out function_reason(const struct ct_coverage *model,
                                        const struct ct_cover_function *function,
                                        bool with_tests)
{
	enum ct_left_out reason = function->indexed ? kind_reason(function) : CT_OUT_UNKNOWN;

	if (reason == CT_COUNTED && function->flags & CT_FUNCTION_TEST && !with_tests)
		return CT_OUT_TESTS;
	return reason ? reason : file_reason(&model->files[function->file], with_tests);
}

/* Why a call of this function is none to be counted, whoever makes it. */
static enum ct_left_out callee_reason(const struct ct_coverage *model,
                                      const struct ct_cover_function *callee)
{
	if (kind_reason(callee))
		return kind_reason(callee);
	return model->files[callee->file].flags & CT_FILE_SYSTEM ? CT_OUT_SYSTEM : CT_COUNTED;
}

static enum ct_left_out site_reason(const struct ct_coverage *model,
                                    const struct ct_cover_site *site, bool with_tests)
{
	enum ct_left_out reason = model->functions[site->caller].left_out;

	if (reason)
		return reason;
	if (!site->indexed)
		return CT_OUT_OBSERVED;
	reason = file_reason(&model->files[site->file], with_tests);
	if (reason || site->kind == CT_SITE_INDIRECT)
		return reason;
	if (site->callee == CT_NONE)
		return site->kind == CT_SITE_EXTERNAL ? CT_OUT_EXTERNAL : CT_OUT_NOT_INSTRUMENTED;
	reason = callee_reason(model, &model->functions[site->callee]);
	return !reason && site->jump ? CT_OUT_JUMP : reason;
}

static enum ct_left_out pair_reason(const struct ct_coverage *model,
                                    const struct ct_cover_pair *pair)
{
	enum ct_left_out reason = model->functions[pair->caller].left_out;

	if (!reason)
		reason = callee_reason(model, &model->functions[pair->callee]);
	if (reason || pair->is_static)
		return reason;
	return pair->jumps && !ct_covered(&pair->hits) ? CT_OUT_JUMP : CT_OUT_OBSERVED;
}

static bool matches(char *const *patterns, size_t count, const struct ct_cover_file *file)
{
	for (size_t i = 0; i < count; i++)
		if (ct_glob(patterns[i], file->name) || ct_glob(patterns[i], file->shown))
			return true;
	return false;
}

static void filter_files(struct ct_coverage *model, const struct ct_merge_options *options)
{
	for (uint32_t i = 0; i < model->file_count; i++) {
		struct ct_cover_file *file = &model->files[i];

		file->filtered = (options->include_count
		                  && !matches(options->include, options->include_count, file))
		                 || matches(options->exclude, options->exclude_count, file);
	}
}

void ct_coverage_classify(struct ct_coverage *model, const struct ct_merge_options *options)
{
	bool tests = options->with_tests;

	/* Paths are shortened by what would count without the filters, which match short paths too. */
	for (uint32_t i = 0; i < model->function_count; i++)
		model->functions[i].left_out =
			function_reason(model, &model->functions[i], tests);
	ct_coverage_shorten(model, options->root);
	filter_files(model, options);
	for (uint32_t i = 0; i < model->function_count; i++)
		model->functions[i].left_out =
			function_reason(model, &model->functions[i], tests);
	for (uint32_t i = 0; i < model->site_count; i++)
		model->sites[i].left_out = site_reason(model, &model->sites[i], tests);
	for (uint32_t i = 0; i < model->pair_count; i++)
		model->pairs[i].left_out = pair_reason(model, &model->pairs[i]);
}

static void count_one(struct ct_count *all, struct ct_count *of_file, bool covered)
{
	all->total++;
	of_file->total++;
	all->covered += covered;
	of_file->covered += covered;
}

static void sum_functions(struct ct_coverage *model)
{
	for (uint32_t i = 0; i < model->function_count; i++) {
		const struct ct_cover_function *f = &model->functions[i];

		model->functions_out[f->left_out]++;
		if (f->left_out == CT_COUNTED)
			count_one(&model->totals.functions,
			          &model->files[f->file].totals.functions, ct_covered(&f->hits));
		if (f->left_out == CT_OUT_UNKNOWN && f->module != CT_NONE && ct_covered(&f->hits))
			model->modules[f->module].functions++;
	}
}

static void sum_pairs(struct ct_coverage *model)
{
	for (uint32_t i = 0; i < model->pair_count; i++) {
		const struct ct_cover_pair *p = &model->pairs[i];
		struct ct_cover_file *file = &model->files[model->functions[p->caller].file];

		model->pairs_out[p->left_out]++;
		if (p->left_out == CT_COUNTED)
			count_one(&model->totals.pairs, &file->totals.pairs, ct_covered(&p->hits));
	}
}

static void sum_sites(struct ct_coverage *model)
{
	for (uint32_t i = 0; i < model->site_count; i++) {
		const struct ct_cover_site *s = &model->sites[i];
		struct ct_totals *file = &model->files[s->file].totals;

		if (s->kind != CT_SITE_INDIRECT) {
			model->sites_out[s->left_out]++;
			if (s->left_out == CT_COUNTED)
				count_one(&model->totals.sites, &file->sites,
				          ct_covered(&s->hits));
			continue;
		}
		model->indirect_out[s->left_out]++;
		if (s->left_out != CT_COUNTED)
			continue;
		count_one(&model->totals.indirect, &file->indirect, ct_covered(&s->hits));
		model->totals.targets += s->target_count;
		file->targets += s->target_count;
	}
}

/* Adds one to what `field` points at, in every test that is behind the hits. */
struct attribution {
	struct ct_coverage *model;
	uint32_t *stamps; /* per test: the last thing it was counted for */
	uint32_t stamp;
};

static uint32_t attribute(struct attribution *at, const struct ct_hits *hits, size_t field)
{
	struct ct_hits_at walk = {0};
	uint32_t tests = 0, test = CT_NONE;

	at->stamp++;
	while (ct_hits_next(hits, &walk)) {
		uint32_t row = at->model->traces[walk.trace].test;

		if (at->stamps[row] == at->stamp)
			continue;
		at->stamps[row] = at->stamp;
		++*(uint32_t *) ((char *) &at->model->tests[row] + field);
		test = row;
		tests++;
	}
	return tests == 1 ? test : CT_NONE;
}

static void sum_tests(struct ct_coverage *model)
{
	struct attribution at = { model, ct_calloc(model->test_count + 1ull, sizeof(uint32_t)), 0 };

	for (uint32_t i = 0; i < model->function_count; i++)
		if (model->functions[i].left_out == CT_COUNTED) {
			uint32_t only = attribute(&at, &model->functions[i].hits,
			                          offsetof(struct ct_cover_test, functions));
			if (only != CT_NONE)
				model->tests[only].only++;
		}
	for (uint32_t i = 0; i < model->pair_count; i++)
		if (model->pairs[i].left_out == CT_COUNTED)
			attribute(&at, &model->pairs[i].hits,
			          offsetof(struct ct_cover_test, pairs));
	for (uint32_t i = 0; i < model->site_count; i++)
		if (model->sites[i].left_out == CT_COUNTED
		    && model->sites[i].kind != CT_SITE_INDIRECT)
			attribute(&at, &model->sites[i].hits,
			          offsetof(struct ct_cover_test, sites));
	free(at.stamps);
}

void ct_coverage_sum(struct ct_coverage *model)
{
	sum_functions(model);
	sum_pairs(model);
	sum_sites(model);
	sum_tests(model);
}

uint32_t ct_cover_tests(const struct ct_coverage *model, const struct ct_hits *hits,
                        uint64_t *calls)
{
	struct ct_hits_at walk = {0};
	uint32_t tests = 0;

	for (uint32_t i = 0; i < model->test_count; i++)
		calls[i] = 0;
	while (ct_hits_next(hits, &walk)) {
		uint64_t *of_test = &calls[model->traces[walk.trace].test];

		tests += *of_test == 0;
		*of_test += walk.calls;
	}
	return tests;
}

void ct_coverage_free(struct ct_coverage *model)
{
	if (!model)
		return;
	for (uint32_t i = 0; i < model->function_count; i++)
		ct_hits_deinit(&model->functions[i].hits);
	for (uint32_t i = 0; i < model->pair_count; i++) {
		ct_hits_deinit(&model->pairs[i].hits);
		ct_hits_deinit(&model->pairs[i].callbacks);
	}
	for (uint32_t i = 0; i < model->site_count; i++)
		ct_hits_deinit(&model->sites[i].hits);
	for (uint32_t i = 0; i < model->module_count; i++)
		if (!model->modules[i].problem)
			model->close_index(&model->indexes[i]);
	free(model->files);
	free(model->functions);
	free(model->pairs);
	free(model->sites);
	free(model->targets);
	free(model->tests);
	free(model->traces);
	free(model->modules);
	free(model->indexes);
	ct_arena_deinit(&model->arena);
	free(model);
}
