#include "report/text.h"

#include <stdarg.h>
#include <string.h>

#include "base/file.h"

void ct_page_print(const struct ct_page *page, enum ct_style style, const char *format, ...)
{
	static const char *const codes[] = {
		[CT_PLAIN] = "", [CT_BOLD] = "\033[1m", [CT_DIM] = "\033[2m",
		[CT_GOOD] = "\033[32m", [CT_FAIR] = "\033[33m", [CT_POOR] = "\033[31m",
	};
	bool coloured = page->colour && style != CT_PLAIN;
	va_list args;

	if (coloured)
		fputs(codes[style], page->to);
	va_start(args, format);
	vfprintf(page->to, format, args);
	va_end(args);
	if (coloured)
		fputs("\033[0m", page->to);
}

enum ct_style ct_page_style(struct ct_count count)
{
	if (count.total == 0)
		return CT_DIM;
	if (count.covered * 10 >= count.total * 8)
		return CT_GOOD;
	return count.covered * 2 >= count.total ? CT_FAIR : CT_POOR;
}

struct ct_number ct_number(uint64_t number)
{
	struct ct_number out;
	char digits[24];
	size_t n = (size_t) snprintf(digits, sizeof digits, "%llu", (unsigned long long) number);
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			out.text[at++] = ',';
		out.text[at++] = digits[i];
	}
	out.text[at] = '\0';
	return out;
}

/* Columns of a string, and back: bytes that go on a UTF-8 sequence take none. */
static bool continues(char c)
{
	return ((unsigned char) c & 0xc0) == 0x80;
}

static uint32_t columns(const char *string)
{
	uint32_t n = 0;

	for (; *string; string++)
		n += !continues(*string);
	return n;
}

static void pad(const struct ct_page *page, uint32_t from, uint32_t to)
{
	if (from < to)
		fprintf(page->to, "%*s", (int) (to - from), "");
}

void ct_page_path(const struct ct_page *page, const char *name, uint32_t width)
{
	uint32_t n = columns(name), cut = n > width ? n - width + 3 : 0;

	if (cut)
		fputs("...", page->to);
	for (; cut; cut--)
		for (name++; continues(*name); name++)
			;
	fputs(name, page->to);
	pad(page, n, width);
}

void ct_page_name(const struct ct_page *page, const char *name, uint32_t width)
{
	uint32_t n = columns(name), left = n > width ? width - 3 : n;

	for (; left || continues(*name); name++) {
		left -= !continues(*name);
		fputc(*name, page->to);
	}
	if (n > width)
		fputs("...", page->to);
	pad(page, n, width);
}

/* Without the padding; a width of 0 is no limit. */
static void print_cut(const struct ct_page *page, const char *name, uint32_t width)
{
	uint32_t n = columns(name);

	if (width && n > width)
		ct_page_name(page, name, width);
	else
		fputs(name, page->to);
}

void ct_page_item(const struct ct_page *page, uint32_t file, uint32_t line, const char *name,
                  const char *callee)
{
	enum { LEAST = 12 };
	struct ct_text place = {0};
	uint32_t first = columns(name), second = callee ? columns(callee) : 0;
	uint32_t room, half;

	ct_add_place(&place, page->model, file, line);
	fprintf(page->to, "  %s: ", place.data);
	room = columns(place.data) + 4 + (callee ? 4 : 0);
	room = page->width > room + 2 * LEAST ? page->width - room : 2 * LEAST;
	ct_text_deinit(&place);
	if (page->fit && first + second > room) {
		half = callee ? room / 2 : room;
		if (first <= half)
			second = room - first;
		else if (second <= half)
			first = room - second;
		else
			first = second = half;
	}
	print_cut(page, name, first);
	if (callee) {
		fputs(" -> ", page->to);
		print_cut(page, callee, second);
	}
}

struct ct_page ct_page_of(const struct ct_coverage *model, const struct ct_output_options *options,
                          FILE *to)
{
	return (struct ct_page){ .to = to, .colour = options->colour, .fit = options->fit,
		                 .width = options->width, .model = model };
}

void ct_phrases_add(struct ct_phrases *phrases, const char *format, ...)
{
	va_list args;
	char phrase[512];

	va_start(args, format);
	vsnprintf(phrase, sizeof phrase, format, args);
	va_end(args);
	ct_text_add_n(&phrases->text, phrase, strlen(phrase) + 1);
	phrases->count++;
}

void ct_page_phrases(const struct ct_page *page, const char *title, uint32_t indent,
                     struct ct_phrases *phrases)
{
	const char *phrase = phrases->text.data;
	uint32_t column = indent;

	if (phrases->count)
		fprintf(page->to, "  %-*s", (int) indent - 2, title);
	for (uint32_t i = 0; i < phrases->count; i++, phrase += strlen(phrase) + 1) {
		uint32_t n = columns(phrase) + (i + 1 < phrases->count);

		if (i > 0 && column + 1 + n > page->width) {
			fprintf(page->to, "\n%*s", (int) indent, "");
			column = indent;
		} else if (i > 0) {
			fputc(' ', page->to);
			column++;
		}
		fprintf(page->to, "%s%s", phrase, i + 1 < phrases->count ? "," : "\n");
		column += n;
	}
	ct_text_deinit(&phrases->text);
	phrases->count = 0;
}

void ct_add_place(struct ct_text *text, const struct ct_coverage *model, uint32_t file,
                  uint32_t line)
{
	ct_text_add(text, model->files[file].shown);
	if (line)
		ct_text_addf(text, ":%u", line);
}

void ct_page_place(const struct ct_page *page, uint32_t file, uint32_t line)
{
	fputs(page->model->files[file].shown, page->to);
	if (line)
		fprintf(page->to, ":%u", line);
}

const char *ct_from_here(const char *path)
{
	ct_auto_free char *here = getcwd(NULL, 0);
	size_t n = here ? strlen(here) : 0;
	bool below = n && strncmp(path, here, n) == 0 && path[n] == '/' && path[n + 1];

	return below ? path + n + 1 : path;
}

const char *ct_callee_text(const struct ct_coverage *model, const struct ct_cover_site *site)
{
	if (site->callee != CT_NONE)
		return model->functions[site->callee].name;
	return site->kind == CT_SITE_INDIRECT ? "(a pointer)" : site->callee_name;
}

static void add_statuses(struct ct_text *text, const struct ct_coverage *model)
{
	static const enum ct_status order[] = { CT_STATUS_PASSED, CT_STATUS_FAILED,
		                                CT_STATUS_CRASHED, CT_STATUS_TIMED_OUT,
		                                CT_STATUS_SKIPPED, CT_STATUS_UNKNOWN };
	static const char *const words[] = {
		[CT_STATUS_PASSED] = "passed",    [CT_STATUS_FAILED] = "failed",
		[CT_STATUS_CRASHED] = "crashed",  [CT_STATUS_TIMED_OUT] = "timed out",
		[CT_STATUS_SKIPPED] = "skipped",  [CT_STATUS_UNKNOWN] = "of unknown end",
	};
	const char *between = "";

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		uint32_t n = 0;

		for (uint32_t t = 0; t < model->test_count; t++)
			n += model->tests[t].suite && model->tests[t].status == order[i];
		if (n == 0)
			continue;
		ct_text_addf(text, "%s%s %s", between, ct_number(n).text, words[order[i]]);
		between = ", ";
	}
}

static void add_plural(struct ct_text *text, uint64_t n, const char *what)
{
	ct_text_addf(text, "%s %s%s", ct_number(n).text, what, n == 1 ? "" : "s");
}

void ct_page_head(const struct ct_page *page)
{
	static const char title[] = "Call coverage of ";
	const struct ct_coverage *model = page->model;
	struct ct_text head = {0}, rest = {0}, ends = {0};
	uint32_t tests = 0;

	for (uint32_t i = 0; i < model->test_count; i++)
		tests += model->tests[i].suite != NULL;
	if (tests) {
		add_plural(&head, tests, "test");
		add_statuses(&ends, model);
	}
	if (model->test_count - tests) {
		ct_text_add(&rest, tests ? " and " : "");
		add_plural(&rest, model->test_count - tests, "program");
	}
	ct_text_add(&rest, model->test_count ? ", " : "nothing, ");
	add_plural(&rest, model->calls, "call");
	ct_page_print(page, CT_BOLD, "%s%s", title, head.length ? head.data : "");
	if (ends.length && sizeof title + head.length + ends.length + rest.length + 2 <= page->width)
		fprintf(page->to, " (%s)%s\n", ends.data, rest.data);
	else if (ends.length)
		fprintf(page->to, "%s\n  %s\n", rest.data, ends.data);
	else
		fprintf(page->to, "%s\n", rest.data);
	ct_text_deinit(&head);
	ct_text_deinit(&rest);
	ct_text_deinit(&ends);
}

static void print_bar(const struct ct_page *page, struct ct_count count)
{
	enum { WIDTH = 24 };
	char bar[WIDTH + 1];
	uint64_t filled = count.total ? count.covered * WIDTH / count.total : 0;

	/* Not one step without coverage, not the last without all of it. */
	if (filled == 0 && count.covered)
		filled = 1;
	memset(bar, '.', WIDTH);
	memset(bar, '#', (size_t) filled);
	bar[WIDTH] = '\0';
	ct_page_print(page, ct_page_style(count), "%.*s", (int) filled, bar);
	ct_page_print(page, CT_DIM, "%s", bar + filled);
}

/* `unknown`: seen where totals are not known. */
static void print_total(const struct ct_page *page, const char *what, struct ct_count count,
                        uint64_t targets, uint64_t unknown)
{
	fprintf(page->to, "  %-16s", what);
	if (count.total == 0 && unknown) {
		fprintf(page->to, "%9s of %9s\n", ct_number(unknown).text, "?");
		return;
	}
	if (count.total == 0) {
		ct_page_print(page, CT_DIM, "%9s\n", "none");
		return;
	}
	fprintf(page->to, "%9s of %9s  ", ct_number(count.covered).text,
	        ct_number(count.total).text);
	ct_page_print(page, ct_page_style(count), "%6s", ct_percent(count).text);
	fputs("  ", page->to);
	print_bar(page, count);
	fputc('\n', page->to);
	if (targets)
		fprintf(page->to, "  %-16s%9s callee%s seen there; those not instrumented cannot be\n",
		        "", ct_number(targets).text, targets == 1 ? "" : "s");
}

void ct_page_totals(const struct ct_page *page)
{
	const struct ct_coverage *model = page->model;
	const struct ct_totals *totals = &model->totals;

	print_total(page, "functions", totals->functions, 0,
	            model->functions_out[CT_OUT_UNKNOWN]);
	print_total(page, "call pairs", totals->pairs, 0, model->pairs_out[CT_OUT_UNKNOWN]);
	print_total(page, "call sites", totals->sites, 0, model->sites_out[CT_OUT_UNKNOWN]);
	if (totals->indirect.total)
		print_total(page, "indirect sites", totals->indirect, totals->targets, 0);
}

bool ct_only_tests(const struct ct_coverage *model)
{
	return model->totals.functions.total == 0 && model->functions_out[CT_OUT_TESTS] > 0
	       && model->functions_out[CT_OUT_FILTER] == 0;
}
