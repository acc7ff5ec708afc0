/* text.h - what the pages for people are made of: colours, columns, lists. */
#ifndef CT_REPORT_TEXT_H
#define CT_REPORT_TEXT_H

#include "base/text.h"
#include "report/output.h"

struct ct_page {
	FILE *to;
	bool colour, fit;
	uint32_t width;
	const struct ct_coverage *model;
};

enum ct_style { CT_PLAIN, CT_BOLD, CT_DIM, CT_GOOD, CT_FAIR, CT_POOR };
/* printf in a style. */
__attribute__((format(printf, 3, 4)))
void ct_page_print(const struct ct_page *page, enum ct_style style, const char *format, ...);
/* How good a ratio looks. */
enum ct_style ct_page_style(struct ct_count count);

/* "1,234,567". */
struct ct_number {
	char text[28];
};
struct ct_number ct_number(uint64_t number);

struct ct_page ct_page_of(const struct ct_coverage *model, const struct ct_output_options *options,
                          FILE *to);

/* `name` in `width` columns, cut at its left ("...ser/parse.c") or its right end ("parse_a..."). */
void ct_page_path(const struct ct_page *page, const char *name, uint32_t width);
void ct_page_name(const struct ct_page *page, const char *name, uint32_t width);
/* "PLACE: name" or, with `callee`, "PLACE: name -> callee", indented and without a line end. */
void ct_page_item(const struct ct_page *page, uint32_t file, uint32_t line, const char *name,
                  const char *callee);

/*
 * A line "  title   a, b, c", folded at the page's width, each fold below the first
 * phrase. Phrases are added with "%s" and a comma of their own.
 */
struct ct_phrases {
	struct ct_text text; /* NUL-separated */
	uint32_t count;
};
__attribute__((format(printf, 2, 3)))
void ct_phrases_add(struct ct_phrases *phrases, const char *format, ...);
/* Prints and empties them; nothing if there is none. */
void ct_page_phrases(const struct ct_page *page, const char *title, uint32_t indent,
                     struct ct_phrases *phrases);

/* "src/a.c:12", without the line if it is not known. */
void ct_page_place(const struct ct_page *page, uint32_t file, uint32_t line);
void ct_add_place(struct ct_text *text, const struct ct_coverage *model, uint32_t file,
                  uint32_t line);

/* A path as it would be typed from the current directory: a part of `path`. */
const char *ct_from_here(const char *path);

/* What is called at a site, for people: a name, or "(a pointer)". */
const char *ct_callee_text(const struct ct_coverage *model, const struct ct_cover_site *site);

/* "24 tests (22 passed, 2 failed), 10,240 calls", and the four ratios below it. */
void ct_page_head(const struct ct_page *page);
void ct_page_totals(const struct ct_page *page);

/* Whether there is nothing to count but test code, which is left out. */
bool ct_only_tests(const struct ct_coverage *model);

/* text_lists.c */
void ct_page_uncovered(const struct ct_page *page, const struct ct_output_options *options);
void ct_page_left_out(const struct ct_page *page);
void ct_page_notes(const struct ct_page *page);
void ct_page_tests(const struct ct_page *page);

#endif
