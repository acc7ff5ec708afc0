/* write.c - the rows in their final order, the strings, the file. */
#include "index/build.h"

#include <stdlib.h>
#include <string.h>

#include <calltrace/calltrace.h>

#include "base/text.h"
#include "index/values.h"
#include "index/writer.h"

uint32_t ct_write_string(struct ct_writer *w, const char *s)
{
	size_t length = s ? strlen(s) : 0;
	bool added;
	uint32_t at;

	if (length == 0)
		return 0;
	at = ct_map_add(&w->string_map, s, length, (uint32_t) w->strings.length, &added);
	if (added)
		ct_text_add_n(&w->strings, s, length + 1);
	return at;
}

/* --- the order of functions: by address, those without text last, by name --- */

static _Thread_local const struct ct_function *sorted; /* qsort() has no argument for it */

static int by_address(const void *a, const void *b)
{
	const struct ct_function *x = &sorted[*(const uint32_t *) a];
	const struct ct_function *y = &sorted[*(const uint32_t *) b];
	uint64_t p = x->address ? x->address : UINT64_MAX, q = y->address ? y->address : UINT64_MAX;
	int c;

	if (p != q)
		return p < q ? -1 : 1;
	c = strcmp(x->name, y->name);
	return c ? c : (x > y) - (x < y);
}

/* Functions without text stay only if a hook or a site is theirs. */
static void mark_used(struct ct_build *b)
{
	for (uint32_t i = 0; i < b->hooks.count; i++)
		b->functions.items[b->hooks.items[i].function].used = true;
	for (uint32_t i = 0; i < b->sites.count; i++)
		b->functions.items[b->sites.items[i].row.caller].used = true;
}

static void order_functions(struct ct_writer *w)
{
	struct ct_build *b = w->b;

	mark_used(b);
	w->order = ct_alloc((b->functions.count + 1) * sizeof *w->order);
	for (uint32_t i = 0; i < b->functions.count; i++) {
		b->functions.items[i].row = CT_NONE;
		if (b->functions.items[i].used)
			w->order[w->rows++] = i;
	}
	sorted = b->functions.items;
	qsort(w->order, w->rows, sizeof *w->order, by_address);
	for (uint32_t i = 0; i < w->rows; i++)
		b->functions.items[w->order[i]].row = i;
}

static uint32_t row_of(const struct ct_writer *w, uint32_t function)
{
	return function == CT_NONE ? CT_NONE : w->b->functions.items[function].row;
}

/* --- tables --- */

struct ct_table ct_write_begin(struct ct_writer *w, uint32_t count, size_t row_size)
{
	while (w->out.length % 8)
		ct_text_add_char(&w->out, '\0');
	return (struct ct_table){ w->out.length, count, (uint32_t) row_size };
}

void ct_write_row(struct ct_writer *w, const void *row, size_t size)
{
	ct_text_add_n(&w->out, row, size);
}

static bool is_system(const char *path)
{
	static const char *const folders[] = { "/usr/include/", "/usr/lib/", "/usr/local/include/" };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			return true;
	return false;
}

static struct ct_table write_files(struct ct_writer *w)
{
	struct ct_build *b = w->b;
	struct ct_table table = ct_write_begin(w, b->files.count, sizeof(struct ct_index_file));

	for (uint32_t i = 0; i < b->files.count; i++) {
		struct ct_index_file row = { .name = ct_write_string(w, b->files.items[i].path) };

		if (is_system(b->files.items[i].path))
			row.flags |= CT_FILE_SYSTEM;
		if (b->files.items[i].tests)
			row.flags |= CT_FILE_TESTS;
		ct_write_row(w, &row, sizeof row);
	}
	return table;
}

static struct ct_table write_units(struct ct_writer *w)
{
	struct ct_build *b = w->b;
	struct ct_table table = ct_write_begin(w, b->units.count, sizeof(struct ct_index_unit));

	for (uint32_t i = 0; i < b->units.count; i++) {
		const struct ct_unit *u = &b->units.items[i];
		struct ct_index_unit row = {
			.file = u->file, .producer = ct_write_string(w, u->producer),
			.functions = u->functions, .instrumented = u->instrumented,
			.flags = u->flags, .language = u->language,
		};

		ct_write_row(w, &row, sizeof row);
	}
	return table;
}

static struct ct_table write_functions(struct ct_writer *w)
{
	struct ct_table table = ct_write_begin(w, w->rows, sizeof(struct ct_index_function));

	for (uint32_t i = 0; i < w->rows; i++) {
		const struct ct_function *f = &w->b->functions.items[w->order[i]];
		struct ct_index_function row = {
			.address = f->address, .size = f->size,
			.name = ct_write_string(w, f->name), .linkage = ct_write_string(w, f->linkage),
			.file = f->file, .line = f->line, .end_line = f->end_line,
			.unit = f->unit, .flags = f->flags, .sites = f->sites,
		};

		ct_write_row(w, &row, sizeof row);
	}
	return table;
}

/* Neighbours of one function become one range. */
static struct ct_table write_ranges(struct ct_writer *w)
{
	struct ct_build *b = w->b;
	struct ct_table table = ct_write_begin(w, 0, sizeof(struct ct_index_range));

	for (uint32_t i = 0; i < b->spans.count; i++) {
		const struct ct_span *s = &b->spans.items[i];
		struct ct_index_range row = {
			.low = s->low, .high = s->high,
			.function = row_of(w, b->bodies.items[s->body].function),
		};

		while (i + 1 < b->spans.count && b->spans.items[i + 1].low == row.high
		       && row_of(w, b->bodies.items[b->spans.items[i + 1].body].function)
		                  == row.function)
			row.high = b->spans.items[++i].high;
		ct_write_row(w, &row, sizeof row);
		table.count++;
	}
	return table;
}

/* The row of sites at an address, which is there. */
static uint32_t site_at(const struct ct_build *b, uint64_t address)
{
	uint32_t low = 0, high = b->sites.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (b->sites.items[middle].row.address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct ct_table write_hooks(struct ct_writer *w)
{
	struct ct_build *b = w->b;
	struct ct_table table = ct_write_begin(w, b->hooks.count, sizeof(struct ct_index_hook));

	for (uint32_t i = 0; i < b->hooks.count; i++) {
		const struct ct_hook *h = &b->hooks.items[i];
		struct ct_index_hook row = {
			.address = h->address, .function = row_of(w, h->function),
			.outer = row_of(w, b->bodies.items[h->body].function), .site = CT_NONE,
			.depth = h->depth, .exit = h->exit, .tail = h->tail,
			.plan = b->values->hook_plans.items[i],
			.exit_class = b->values->exit_classes.items[i],
		};

		if (!h->exit && h->depth > 0)
			row.site = site_at(b, h->address);
		ct_write_row(w, &row, sizeof row);
	}
	return table;
}

static struct ct_table write_sites(struct ct_writer *w)
{
	struct ct_build *b = w->b;
	struct ct_table table = ct_write_begin(w, b->sites.count, sizeof(struct ct_index_site));

	for (uint32_t i = 0; i < b->sites.count; i++) {
		struct ct_index_site row = b->sites.items[i].row;

		row.caller = row_of(w, row.caller);
		row.outer = row_of(w, row.outer);
		row.callee = row_of(w, row.callee);
		row.callee_name = row.kind == CT_SITE_EXTERNAL ? ct_write_string(w, b->sites.items[i].name) : 0;
		ct_write_row(w, &row, sizeof row);
	}
	return table;
}

/* --- the header --- */

static uint32_t flags_of(const struct ct_build *b)
{
	uint32_t flags = 0;

	if (b->units.count)
		flags |= CT_INDEX_HAS_DWARF;
	if (b->elf.has_symtab || b->debug_elf.has_symtab)
		flags |= CT_INDEX_HAS_SYMTAB;
	if (b->hooks.count)
		flags |= CT_INDEX_INSTRUMENTED;
	if (ct_elf_is_library(&b->elf))
		flags |= CT_INDEX_SHARED;
	if (b->criterion)
		flags |= CT_INDEX_CRITERION;
	if (b->split_missing)
		flags |= CT_INDEX_SPLIT_MISSING;
	if (b->own_hooks)
		flags |= CT_INDEX_OWN_HOOKS;
	return flags;
}

static void identify(const struct ct_build *b, struct ct_index_header *h)
{
	h->build_id_size = (uint32_t) b->elf.build_id_size;
	if (h->build_id_size)
		memcpy(h->build_id, b->elf.build_id, h->build_id_size);
	else
		ct_elf_content_id(&b->elf, h->build_id);
	for (size_t i = 0; i < b->elf.text_count; i++) {
		if (i == 0 || b->elf.text[i].low < h->text_low)
			h->text_low = b->elf.text[i].low;
		if (b->elf.text[i].high > h->text_high)
			h->text_high = b->elf.text[i].high;
	}
}

static uint64_t hash_of(const struct ct_writer *w, const struct ct_table *table, uint64_t seed)
{
	return ct_hash(w->out.data + table->offset, (size_t) table->count * table->row_size, seed);
}

static uint64_t hash_plans(const struct ct_writer *w, const struct ct_index_header *h)
{
	const struct ct_table *tables[] = { &h->hooks, &h->types, &h->members, &h->enumerators, &h->plans,
		                            &h->plan_args, &h->plan_ops, &h->expressions, &h->site_values };
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		hash = hash_of(w, tables[i], hash);
	return hash ? hash : 1;
}

static void write_all(struct ct_writer *w)
{
	struct ct_index_header h = { .magic = CT_INDEX_MAGIC, .version = CT_INDEX_VERSION };
	struct ct_build *b = w->b;

	h.size = sizeof h;
	h.flags = flags_of(b);
	identify(b, &h);
	ct_text_add_char(&w->strings, '\0'); /* offset 0 is "" */
	ct_text_add_n(&w->out, (const char *) &h, sizeof h);
	h.files = write_files(w);
	h.units = write_units(w);
	h.functions = write_functions(w);
	h.ranges = write_ranges(w);
	h.hooks = write_hooks(w);
	h.sites = write_sites(w);
	ct_write_values(w, &h);
	/* Behind all others, which so do not depend on where the binary lies. */
	h.binary = ct_write_string(w, b->elf.path);
	h.debug_file = ct_write_string(w, b->debug_elf.path);
	h.tool = ct_write_string(w, "calltrace " CALLTRACE_VERSION);
	h.strings = ct_write_begin(w, (uint32_t) w->strings.length, 1);
	ct_text_add_n(&w->out, w->strings.data, w->strings.length);
	h.plans_hash = hash_plans(w, &h);
	h.file_size = w->out.length;
	memcpy(w->out.data, &h, sizeof h);
}

bool ct_build_write(struct ct_build *b, const char *path, struct ct_error *err)
{
	struct ct_writer w = { .b = b };
	bool ok;

	order_functions(&w);
	write_all(&w);
	ok = ct_file_replace(path, w.out.data, w.out.length, 0644, err);
	ct_text_deinit(&w.out);
	ct_text_deinit(&w.strings);
	ct_map_deinit(&w.string_map);
	free(w.order);
	return ok;
}
