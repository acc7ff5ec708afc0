/*
 * out_lcov.c - a tracefile as every lcov since 1.13 reads it, and whose totals are ours:
 *
 *     FN, FNDA   the counted functions. lcov tells functions of one file apart by name
 *                only, and ends a name at a comma: names are rewritten and made unique.
 *     BRDA       the counted call sites: block = which call site of the line, branch 0;
 *                taken is "-" where the caller never ran, else how often the call was
 *                made. With CT_LCOV_ALL the indirect sites too.
 *     DA         the first line of every function and every line with a call site, and
 *                no other: "lines" here are those, not the lines of the file.
 *
 * lcov 2 wants a DA for the line of every FN, and the same order in every section of a file.
 */
#include <stdlib.h>

#include "base/map.h"
#include "report/grow.h"
#include "report/output.h"

struct line {
	uint32_t line, row; /* `row` of a site, and order among equal lines */
	uint64_t calls;
};

struct lines {
	struct line *items;
	uint32_t count;
};

struct section {
	const struct ct_coverage *model;
	FILE *to;
	uint32_t file;
	enum ct_lcov_calls calls;
	uint32_t functions[2], sites[2]; /* rows of this file: first, and one behind */
	struct lines lines;
};

/* A line that is not known at all becomes the first one: lcov has no word for it. */
static uint32_t line_of(uint32_t line)
{
	return line ? line : 1;
}

static void add_line(struct lines *lines, uint32_t line, uint64_t calls)
{
	lines->items = ct_grow(lines->items, lines->count, sizeof *lines->items);
	lines->items[lines->count++] = (struct line){ line, 0, calls };
}

static int by_line(const void *left, const void *right)
{
	const struct line *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static bool has_function(const struct section *s, uint32_t row)
{
	return s->model->functions[row].left_out == CT_COUNTED;
}

static bool has_site(const struct section *s, uint32_t row)
{
	const struct ct_cover_site *site = &s->model->sites[row];

	return site->left_out == CT_COUNTED && s->calls != CT_LCOV_NONE
	       && (s->calls == CT_LCOV_ALL || site->kind != CT_SITE_INDIRECT);
}

/* The name in FN and FNDA: without a comma, and no other function's of this file. */
static const char *lcov_name(struct ct_map *names, struct ct_text *text,
                             const struct ct_cover_function *function)
{
	bool added;
	size_t length;

	ct_text_clear(text);
	ct_text_add(text, function->name[0] ? function->name : "?");
	for (char *c = text->data; *c; c++)
		if (*c == ',')
			*c = ';';
	length = text->length;
	ct_map_add(names, text->data, text->length, 0, &added);
	for (unsigned n = 0; !added; n++) {
		text->data[text->length = length] = '\0';
		ct_text_addf(text, "@%u", function->line);
		if (n > 0)
			ct_text_addf(text, ".%u", n);
		ct_map_add(names, text->data, text->length, 0, &added);
	}
	return text->data;
}

static void write_functions(struct section *s)
{
	struct ct_map names = {0};
	struct ct_text name = {0}, counts = {0};
	uint32_t found = 0, hit = 0;

	for (uint32_t i = s->functions[0]; i < s->functions[1]; i++) {
		const struct ct_cover_function *f = &s->model->functions[i];

		if (!has_function(s, i))
			continue;
		lcov_name(&names, &name, f);
		fprintf(s->to, "FN:%u,%s\n", line_of(f->line), name.data);
		ct_text_addf(&counts, "FNDA:%llu,%s\n", (unsigned long long) f->hits.calls,
		             name.data);
		add_line(&s->lines, line_of(f->line), f->hits.calls);
		found++;
		hit += ct_covered(&f->hits);
	}
	if (counts.length)
		fputs(counts.data, s->to);
	fprintf(s->to, "FNF:%u\nFNH:%u\n", found, hit);
	ct_map_deinit(&names);
	ct_text_deinit(&name);
	ct_text_deinit(&counts);
}

/* The line of a site; one that has none goes to its caller's. */
static uint32_t site_line(const struct section *s, const struct ct_cover_site *site)
{
	return line_of(site->line ? site->line : s->model->functions[site->caller].line);
}

/* In the order of lines, which is that of the rows but for sites without one. */
static struct line *order_sites(const struct section *s, uint32_t *count)
{
	struct line *order = NULL;

	*count = 0;
	for (uint32_t i = s->sites[0]; i < s->sites[1]; i++)
		if (has_site(s, i)) {
			order = ct_grow(order, *count, sizeof *order);
			order[(*count)++] = (struct line){
				site_line(s, &s->model->sites[i]), i, 0 };
		}
	if (*count)
		qsort(order, *count, sizeof *order, by_line);
	return order;
}

static void write_sites(struct section *s)
{
	uint32_t found, hit = 0, line = 0, block = 0;
	struct line *order = order_sites(s, &found);

	for (uint32_t i = 0; i < found; i++) {
		const struct ct_cover_site *site = &s->model->sites[order[i].row];

		block = order[i].line == line ? block + 1 : 0;
		line = order[i].line;
		/* Optimisers let functions share a call: it may be made without the caller that it has here. */
		if (ct_covered(&site->hits) || ct_covered(&s->model->functions[site->caller].hits))
			fprintf(s->to, "BRDA:%u,%u,0,%llu\n", line, block,
			        (unsigned long long) site->hits.calls);
		else
			fprintf(s->to, "BRDA:%u,%u,0,-\n", line, block);
		add_line(&s->lines, line, site->hits.calls);
		hit += ct_covered(&site->hits);
	}
	if (found)
		fprintf(s->to, "BRF:%u\nBRH:%u\n", found, hit);
	free(order);
}

/* A line's count is that of the call on it that was made most often. */
static void write_lines(struct section *s)
{
	struct line *items = s->lines.items;
	uint32_t found = 0, hit = 0;

	if (s->lines.count)
		qsort(items, s->lines.count, sizeof *items, by_line);
	for (uint32_t i = 0; i < s->lines.count; found++) {
		uint32_t line = items[i].line;
		uint64_t calls = 0;

		for (; i < s->lines.count && items[i].line == line; i++)
			calls = items[i].calls > calls ? items[i].calls : calls;
		fprintf(s->to, "DA:%u,%llu\n", line, (unsigned long long) calls);
		hit += calls > 0;
	}
	fprintf(s->to, "LF:%u\nLH:%u\n", found, hit);
}

static bool has_any(const struct section *s)
{
	for (uint32_t i = s->functions[0]; i < s->functions[1]; i++)
		if (has_function(s, i))
			return true;
	for (uint32_t i = s->sites[0]; i < s->sites[1]; i++)
		if (has_site(s, i))
			return true;
	return false;
}

static void write_section(struct section *s)
{
	fprintf(s->to, "TN:\nSF:%s\n", s->model->files[s->file].name);
	write_functions(s);
	write_sites(s);
	write_lines(s);
	fputs("end_of_record\n", s->to);
}

void ct_out_lcov(const struct ct_coverage *model, const struct ct_output_options *options,
                 FILE *to)
{
	uint32_t function = 0, site = 0;

	for (uint32_t file = 0; file < model->file_count; file++) {
		struct section s = { .model = model, .to = to, .file = file,
			             .calls = options->lcov_calls };

		s.functions[0] = function;
		while (function < model->function_count && model->functions[function].file == file)
			function++;
		s.functions[1] = function;
		s.sites[0] = site;
		while (site < model->site_count && model->sites[site].file == file)
			site++;
		s.sites[1] = site;
		/* What has no source file cannot be in a tracefile; the caller says how much that is. */
		if (model->files[file].name[0] && has_any(&s))
			write_section(&s);
		free(s.lines.items);
	}
}
