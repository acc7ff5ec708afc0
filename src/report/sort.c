/*
 * sort.c - puts the model in its order, the same whatever order the traces came in, and
 * lets rows refer to each other by their new numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/merge_private.h"

/* Every comparison sees what its rows refer to already sorted, so that numbers are order enough. */
#define BY(a, b) \
	do { \
		if ((a) != (b)) \
			return (a) < (b) ? -1 : 1; \
	} while (0)

static int by_file(const void *left, const void *right)
{
	const struct ct_cover_file *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int by_function(const void *left, const void *right)
{
	const struct ct_cover_function *a = left, *b = right;
	int names;

	BY(a->file, b->file);
	BY(a->line, b->line);
	names = strcmp(a->name, b->name);
	if (names)
		return names;
	BY(a->module, b->module);
	return 0;
}

static int by_pair(const void *left, const void *right)
{
	const struct ct_cover_pair *a = left, *b = right;

	BY(a->caller, b->caller);
	BY(a->callee, b->callee);
	return 0;
}

static int by_site(const void *left, const void *right)
{
	const struct ct_cover_site *a = left, *b = right;
	int names;

	BY(a->file, b->file);
	BY(a->line, b->line);
	BY(a->column, b->column);
	BY(a->caller, b->caller);
	names = strcmp(a->callee_name, b->callee_name);
	if (names)
		return names;
	BY(a->ordinal, b->ordinal);
	return 0;
}

static int by_target(const void *left, const void *right)
{
	const struct ct_cover_target *a = left, *b = right;

	BY(a->site, b->site);
	BY(a->callee, b->callee);
	return 0;
}

static int by_test(const void *left, const void *right)
{
	const struct ct_cover_test *a = left, *b = right;
	const char *x = a->suite ? a->suite : "", *y = b->suite ? b->suite : "";
	int names;

	BY(!a->suite, !b->suite); /* programs behind tests */
	names = strcmp(x, y);
	if (!names && a->test && b->test)
		names = strcmp(a->test, b->test);
	if (names)
		return names;
	BY(a->parameter, b->parameter);
	names = strcmp(a->name, b->name);
	if (names)
		return names;
	return strcmp(a->program ? a->program : "", b->program ? b->program : "");
}

typedef int (*compare)(const void *left, const void *right);

struct order {
	const char *items;
	size_t size;
	compare by;
};

static int by_order(const void *left, const void *right, void *user)
{
	const struct order *order = user;
	uint32_t a = *(const uint32_t *) left, b = *(const uint32_t *) right;
	int c = order->by(order->items + a * order->size, order->items + b * order->size);

	return c ? c : a < b ? -1 : a > b;
}

/* Sorts an array; returns where each row went: new number by old. The caller frees it. */
static uint32_t *sort(void *items, uint32_t count, size_t size, compare by)
{
	struct order order = { items, size, by };
	uint32_t *rows = ct_alloc((count + 1ull) * sizeof *rows);
	uint32_t *moved = ct_alloc((count + 1ull) * sizeof *moved);
	char *sorted = ct_alloc(count * size + 1);

	for (uint32_t i = 0; i < count; i++)
		rows[i] = i;
	qsort_r(rows, count, sizeof *rows, by_order, &order);
	for (uint32_t i = 0; i < count; i++) {
		moved[rows[i]] = i;
		memcpy(sorted + i * size, (char *) items + rows[i] * size, size);
	}
	if (count)
		memcpy(items, sorted, count * size);
	free(sorted);
	free(rows);
	return moved;
}

static void sort_files(struct ct_coverage *model)
{
	ct_auto_free uint32_t *moved =
		sort(model->files, model->file_count, sizeof *model->files, by_file);

	for (uint32_t i = 0; i < model->function_count; i++)
		model->functions[i].file = moved[model->functions[i].file];
	for (uint32_t i = 0; i < model->site_count; i++)
		model->sites[i].file = moved[model->sites[i].file];
}

static void sort_functions(struct ct_coverage *model)
{
	ct_auto_free uint32_t *moved = sort(model->functions, model->function_count,
	                                    sizeof *model->functions, by_function);

	for (uint32_t i = 0; i < model->pair_count; i++) {
		model->pairs[i].caller = moved[model->pairs[i].caller];
		model->pairs[i].callee = moved[model->pairs[i].callee];
	}
	for (uint32_t i = 0; i < model->site_count; i++) {
		struct ct_cover_site *site = &model->sites[i];

		site->caller = moved[site->caller];
		if (site->callee != CT_NONE)
			site->callee = moved[site->callee];
	}
	for (uint32_t i = 0; i < model->target_count; i++)
		model->targets[i].callee = moved[model->targets[i].callee];
}

static void sort_sites(struct ct_coverage *model)
{
	ct_auto_free uint32_t *moved =
		sort(model->sites, model->site_count, sizeof *model->sites, by_site);

	for (uint32_t i = 0; i < model->target_count; i++)
		model->targets[i].site = moved[model->targets[i].site];
	if (model->target_count)
		qsort(model->targets, model->target_count, sizeof *model->targets, by_target);
	for (uint32_t i = model->target_count; i-- > 0;) {
		struct ct_cover_site *site = &model->sites[model->targets[i].site];

		site->targets = i;
		site->target_count++;
	}
}

/* Tests of two programs with one name get the program's behind it. */
static void name_tests(struct ct_coverage *model)
{
	bool again = false;

	for (uint32_t i = 0; i < model->test_count; i++) {
		struct ct_cover_test *test = &model->tests[i];
		bool same = i + 1 < model->test_count
		            && strcmp(test->name, model->tests[i + 1].name) == 0;

		if ((same || again) && test->program && test->suite)
			test->name = ct_arena_printf(&model->arena, "%s (%s)", test->name,
			                             ct_basename(test->program));
		again = same;
	}
}

static void sort_tests(struct ct_coverage *model)
{
	ct_auto_free uint32_t *moved =
		sort(model->tests, model->test_count, sizeof *model->tests, by_test);

	for (uint32_t i = 0; i < model->trace_count; i++)
		model->traces[i].test = moved[model->traces[i].test];
	name_tests(model);
}

void ct_coverage_sort(struct ct_coverage *model)
{
	sort_files(model);
	sort_functions(model);
	free(sort(model->pairs, model->pair_count, sizeof *model->pairs, by_pair));
	sort_sites(model);
	sort_tests(model);
}
