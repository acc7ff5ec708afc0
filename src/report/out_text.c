/* out_text.c - the report on a terminal: totals, files, what is not covered, what is left out. */
#include "report/text.h"

/* Columns of one metric in the table of files: "12/14  85.7%". */
struct column {
	const char *title;
	size_t offset; /* of the ratio in struct ct_totals */
	int covered, total;
};

static struct ct_count ratio(const struct ct_totals *totals, const struct column *column)
{
	return *(const struct ct_count *) ((const char *) totals + column->offset);
}

static int digits(uint64_t number)
{
	int n = 1;

	for (; number >= 10; number /= 10)
		n++;
	return n;
}

static uint32_t column_width(const struct column *column)
{
	return (uint32_t) (column->covered + 1 + column->total) + 7;
}

static void print_row(const struct ct_page *page, const char *name, uint32_t name_width,
                      const struct ct_totals *totals, const struct column *columns, size_t count)
{
	fputs("  ", page->to);
	ct_page_path(page, name, name_width);
	for (size_t i = 0; i < count; i++) {
		struct ct_count value = ratio(totals, &columns[i]);

		if (value.total == 0) {
			ct_page_print(page, CT_DIM, "  %*s", (int) column_width(&columns[i]), "-");
			continue;
		}
		fprintf(page->to, "  %*llu/%-*llu", columns[i].covered,
		        (unsigned long long) value.covered, columns[i].total,
		        (unsigned long long) value.total);
		ct_page_print(page, ct_page_style(value), " %6s", ct_percent(value).text);
	}
	fputc('\n', page->to);
}

static bool has_totals(const struct ct_totals *totals)
{
	return totals->functions.total || totals->pairs.total || totals->sites.total
	       || totals->indirect.total;
}

static void print_files(const struct ct_page *page)
{
	const struct ct_coverage *model = page->model;
	struct column columns[] = {
		{ "functions", offsetof(struct ct_totals, functions), 0, 0 },
		{ "call pairs", offsetof(struct ct_totals, pairs), 0, 0 },
		{ "call sites", offsetof(struct ct_totals, sites), 0, 0 },
	};
	size_t count = sizeof columns / sizeof *columns;
	uint32_t name_width = page->width - 2;

	for (size_t i = 0; i < count; i++) {
		columns[i].covered = digits(ratio(&model->totals, &columns[i]).covered);
		columns[i].total = digits(ratio(&model->totals, &columns[i]).total);
		if (columns[i].covered + columns[i].total < 5)
			columns[i].covered = 5 - columns[i].total;
		name_width -= column_width(&columns[i]) + 2;
	}
	if (name_width > page->width || name_width < 20)
		name_width = 20; /* better too wide than without a name */
	fputs("\n  ", page->to);
	ct_page_print(page, CT_BOLD, "%-*s", (int) name_width, "file");
	for (size_t i = 0; i < count; i++)
		ct_page_print(page, CT_BOLD, "  %*s", (int) column_width(&columns[i]),
		              columns[i].title);
	fputc('\n', page->to);
	for (uint32_t i = 0; i < model->file_count; i++)
		if (has_totals(&model->files[i].totals))
			print_row(page, model->files[i].shown, name_width,
			          &model->files[i].totals, columns, count);
}

void ct_out_text(const struct ct_coverage *model, const struct ct_output_options *options,
                 FILE *to)
{
	struct ct_page page = ct_page_of(model, options, to);

	ct_page_head(&page);
	fputc('\n', to);
	ct_page_totals(&page);
	if (has_totals(&model->totals))
		print_files(&page);
	if (options->per_test)
		ct_page_tests(&page);
	ct_page_uncovered(&page, options);
	ct_page_left_out(&page);
	ct_page_notes(&page);
}
