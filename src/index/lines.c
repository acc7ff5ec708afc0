/* lines.c - where calls are and functions end, from the line tables; and unit totals. */
#include "index/build.h"

#include <dwarf.h>
#include <stdlib.h>

/* --- calls --- */

struct position {
	uint32_t file, line;
	uint16_t column;
};

/* What the line table of a unit says of an address; false: nothing. */
static bool position_at(struct ct_build *b, uint32_t unit, uint64_t address,
                        struct position *out)
{
	Dwarf_Line *line;
	Dwarf_Files *files;
	size_t file;
	int number;

	if (unit == CT_NONE)
		return false;
	line = dwarf_getsrc_die(&b->units.items[unit].line_die, address);
	if (!line || dwarf_lineno(line, &number) != 0 || number <= 0
	    || dwarf_line_file(line, &files, &file) != 0)
		return false;
	out->file = ct_dwarf_numbered_file(b, b->units.items[unit].line_die.cu, file);
	out->line = (uint32_t) number;
	if (dwarf_linecol(line, &number) != 0 || number < 0 || number > UINT16_MAX)
		number = 0;
	out->column = (uint16_t) number;
	return true;
}

static void place_call(struct ct_build *b, struct ct_site *site)
{
	struct position position;

	if (!position_at(b, b->bodies.items[site->body].unit, site->at, &position))
		return;
	site->row.file = position.file;
	site->row.line = position.line;
	site->row.column = position.column;
}

/* gcc does not say where a lambda is: its first line does. */
static void place_functions(struct ct_build *b)
{
	for (uint32_t i = 0; i < b->bodies.count; i++) {
		const struct ct_body *body = &b->bodies.items[i];
		struct ct_function *f = &b->functions.items[body->function];
		struct position position;

		if (f->file == CT_NONE && f->line == 0 && f->address == body->entry
		    && position_at(b, body->unit, body->entry, &position)) {
			f->file = position.file;
			f->line = position.line;
		}
	}
}

static uint32_t number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0
	    || value > UINT32_MAX)
		return 0;
	return (uint32_t) value;
}

static void place_inlined(struct ct_build *b, struct ct_site *site)
{
	const struct ct_hook *hook = site->hook;
	Dwarf_Attribute attribute;
	Dwarf_Die *die;
	uint32_t column;

	if (hook->instance == CT_NONE)
		return;
	die = &b->instances.items[hook->instance].die;
	site->row.line = number_of(die, DW_AT_call_line);
	column = number_of(die, DW_AT_call_column);
	site->row.column = column <= UINT16_MAX ? (uint16_t) column : 0;
	if (site->row.line)
		site->row.file = ct_dwarf_file(b, dwarf_attr(die, DW_AT_call_file, &attribute));
}

/* --- where functions end --- */

struct cover { /* the outermost inlined instances, by address */
	CT_ARRAY(struct ct_instance_range) ranges;
};

static int by_low(const void *a, const void *b)
{
	const struct ct_instance_range *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

static void make_cover(const struct ct_build *b, struct cover *cover)
{
	for (uint32_t i = 0; i < b->instance_ranges.count; i++) {
		const struct ct_instance_range *r = &b->instance_ranges.items[i];

		if (b->instances.items[r->instance].depth == 1)
			*ct_push(&cover->ranges) = *r;
	}
	if (cover->ranges.count)
		qsort(cover->ranges.items, cover->ranges.count, sizeof *cover->ranges.items,
		      by_low);
}

static bool is_inlined(const struct cover *cover, uint64_t address)
{
	uint32_t low = 0, high = cover->ranges.count;

	while (low < high) { /* the first that begins behind it */
		uint32_t middle = low + (high - low) / 2;

		if (cover->ranges.items[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && address < cover->ranges.items[low - 1].high;
}

static void see_line(struct ct_build *b, const struct ct_unit *unit, Dwarf_Line *line,
                     const struct cover *cover)
{
	const struct ct_span *span;
	struct ct_function *f;
	Dwarf_Addr address;
	Dwarf_Files *files;
	bool end;
	size_t file;
	int number;

	if (dwarf_lineaddr(line, &address) != 0 || dwarf_lineendsequence(line, &end) != 0 || end
	    || dwarf_lineno(line, &number) != 0 || dwarf_line_file(line, &files, &file) != 0)
		return;
	span = ct_span_at(b, address);
	if (!span)
		return;
	f = &b->functions.items[b->bodies.items[span->body].function];
	if (number > 0 && (uint32_t) number > f->end_line && (uint32_t) number >= f->line
	    && f->line && !is_inlined(cover, address)
	    && ct_dwarf_numbered_file(b, unit->line_die.cu, file) == f->file)
		f->end_line = (uint32_t) number;
}

static void find_ends(struct ct_build *b)
{
	struct cover cover = {0};

	make_cover(b, &cover);
	for (uint32_t i = 0; i < b->units.count; i++) {
		struct ct_unit *unit = &b->units.items[i];
		Dwarf_Lines *lines;
		size_t count;

		if (unit->instrumented == 0
		    || dwarf_getsrclines(&unit->line_die, &lines, &count) != 0)
			continue;
		for (size_t n = 0; n < count; n++)
			see_line(b, unit, dwarf_onesrcline(lines, n), &cover);
	}
	free(cover.ranges.items);
}

static void count_units(struct ct_build *b)
{
	for (uint32_t i = 0; i < b->functions.count; i++) {
		const struct ct_function *f = &b->functions.items[i];
		bool instrumented = f->flags & CT_FUNCTION_INSTRUMENTED;

		if (f->unit == CT_NONE || !f->used || f->address == 0
		    || (f->flags & CT_FUNCTION_ARTIFICIAL && !instrumented))
			continue;
		b->units.items[f->unit].functions++;
		b->units.items[f->unit].instrumented += instrumented;
	}
}

void ct_find_lines(struct ct_build *b)
{
	count_units(b);
	place_functions(b);
	for (uint32_t i = 0; i < b->sites.count; i++) {
		struct ct_site *site = &b->sites.items[i];

		if (site->hook)
			place_inlined(b, site);
		else
			place_call(b, site);
	}
	find_ends(b);
}
