/* functions.c - the rows that everything else refers to: files, functions, bodies, spans. */
#include "index/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void ct_array_grow(void **items, uint32_t count, uint32_t *capacity, size_t size)
{
	if (count == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 64;
		*items = ct_realloc(*items, (size_t) *capacity * size);
	}
	memset((char *) *items + count * size, 0, size);
}

uint32_t ct_file_add(struct ct_build *b, const char *path)
{
	ct_auto_free char *clean = ct_path_clean(path);
	bool added;
	uint32_t file = ct_map_add(&b->file_map, clean, strlen(clean), b->files.count, &added);

	if (added) {
		ct_append(&b->files);
		b->files.items[file].path = ct_arena_strdup(&b->arena, clean);
	}
	return file;
}

uint32_t ct_function_add(struct ct_build *b, const char *name, const char *linkage,
                         uint32_t file, uint32_t line)
{
	size_t length = strlen(name);
	ct_auto_free char *key = ct_alloc(length + 1 + 8);
	struct ct_function *f;
	uint32_t function;
	bool added;

	memcpy(key, name, length + 1);
	memcpy(key + length + 1, &file, 4);
	memcpy(key + length + 5, &line, 4);
	function = ct_map_add(&b->function_map, key, length + 9, b->functions.count, &added);
	if (!added)
		return function;
	ct_append(&b->functions);
	f = &b->functions.items[function];
	*f = (struct ct_function){
		.name = name, .linkage = linkage, .file = file, .line = line, .unit = CT_NONE,
	};
	return function;
}

uint32_t ct_body_add(struct ct_build *b, uint32_t function, uint32_t unit, uint64_t entry)
{
	const struct ct_symbol *symbol = ct_symbol_at(b, entry);
	uint32_t body = ct_append(&b->bodies);
	struct ct_body *new = &b->bodies.items[body];

	new->function = function;
	new->unit = unit;
	new->entry = entry;
	if (symbol)
		ct_symbol_stem(symbol->name, &new->part);
	return body;
}

void ct_span_add(struct ct_build *b, uint32_t body, uint64_t low, uint64_t high)
{
	uint32_t span = ct_append(&b->spans);

	b->spans.items[span] = (struct ct_span){ low, high, body };
}

static int by_low(const void *a, const void *b)
{
	const struct ct_span *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return (x->body > y->body) - (x->body < y->body);
}

/*
 * The linker leaves the debug information of a section that it dropped, with an
 * address of 0, 1 or -1; and what it folded has two owners for one address.
 */
void ct_sort_spans(struct ct_build *b)
{
	uint32_t kept = 0;
	uint64_t end = 0;

	if (b->spans.count)
		qsort(b->spans.items, b->spans.count, sizeof *b->spans.items, by_low);
	for (uint32_t i = 0; i < b->spans.count; i++) {
		struct ct_span s = b->spans.items[i];
		const struct ct_region *text = ct_elf_text_at(&b->elf, s.low);

		if (!text)
			continue;
		if (s.high > text->high)
			s.high = text->high;
		if (s.low < end)
			s.low = end;
		if (s.low >= s.high)
			continue;
		end = s.high;
		b->spans.items[kept++] = s;
	}
	b->spans.count = kept;
}

const struct ct_span *ct_span_at(const struct ct_build *b, uint64_t address)
{
	uint32_t low = 0, high = b->spans.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (b->spans.items[middle].high <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == b->spans.count || b->spans.items[low].low > address)
		return NULL;
	return &b->spans.items[low];
}

/* Whether a body is the one to name as its function's: no clone, and no deleting destructor. */
static bool is_main(const struct ct_build *b, const struct ct_body *body)
{
	const struct ct_symbol *symbol = ct_symbol_at(b, body->entry);
	bool part;

	if (!symbol)
		return !body->part;
	return !body->part && symbol->name[ct_symbol_stem(symbol->name, &part)] == '\0'
	       && !strstr(symbol->name, "D0Ev");
}

/* The symbol that a body has: gcc's name for a constructor in the debug information is none. */
static const char *linkage_at(struct ct_build *b, const struct ct_function *f)
{
	const struct ct_symbol *symbol = ct_symbol_at(b, f->address);
	bool part;

	if (!symbol || ct_symbol_is(b, f->address, f->linkage))
		return f->linkage;
	return ct_arena_strndup(&b->arena, symbol->name, ct_symbol_stem(symbol->name, &part));
}

static void settle(struct ct_build *b, const struct ct_span *span)
{
	const struct ct_body *body = &b->bodies.items[span->body];
	struct ct_function *f = &b->functions.items[body->function];

	f->used = true;
	f->address = body->entry >= span->low && body->entry < span->high ? body->entry : span->low;
	f->size = span->high - f->address;
	f->linkage = linkage_at(b, f);
	if (body->unit != CT_NONE)
		f->unit = body->unit;
}

void ct_settle_functions(struct ct_build *b)
{
	ct_auto_free bool *settled = ct_calloc(b->functions.count + 1, sizeof *settled);

	for (uint32_t i = 0; i < b->spans.count; i++) {
		const struct ct_span *span = &b->spans.items[i];
		const struct ct_body *body = &b->bodies.items[span->body];
		bool main = is_main(b, body);

		if (span->low != body->entry || settled[body->function]
		    || (b->functions.items[body->function].used && !main))
			continue;
		settled[body->function] = main;
		settle(b, span);
	}
	for (uint32_t i = 0; i < b->spans.count; i++) /* those that are not entered where they begin */
		if (!b->functions.items[b->bodies.items[b->spans.items[i].body].function].used)
			settle(b, &b->spans.items[i]);
}
