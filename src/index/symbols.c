/* symbols.c - bodies of which only the symbol table tells, and names for addresses. */
#include "index/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool is_function(const struct ct_symbol *s)
{
	return s->type == STT_FUNC || s->type == STT_GNU_IFUNC;
}

/* Clones last, then global before weak before local, then the first by name. */
static int rank(const struct ct_symbol *s)
{
	static const int bindings[] = { [STB_LOCAL] = 2, [STB_GLOBAL] = 0, [STB_WEAK] = 1 };
	bool part;
	bool clone = s->name[ct_symbol_stem(s->name, &part)] == '.';

	return clone * 8 + part * 4 + (s->binding <= STB_WEAK ? bindings[s->binding] : 0);
}

static const struct ct_symbol *better(const struct ct_symbol *a, const struct ct_symbol *b)
{
	return !a || (b && rank(b) < rank(a)) ? b : a;
}

/* The first of the symbols at or behind an address. */
static size_t first_at(const struct ct_elf *elf, uint64_t address)
{
	size_t low = 0, high = elf->symbol_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (elf->symbols[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#define MOST_ALIASES 256 /* names of one address that are compared; folding makes thousands */

static const struct ct_symbol *best_at(const struct ct_elf *elf, uint64_t address)
{
	const struct ct_symbol *best = NULL;
	size_t first = first_at(elf, address);

	for (size_t i = first; i < elf->symbol_count && elf->symbols[i].address == address
	                       && i - first < MOST_ALIASES; i++)
		if (is_function(&elf->symbols[i]))
			best = better(best, &elf->symbols[i]);
	return best;
}

const struct ct_symbol *ct_symbol_at(const struct ct_build *b, uint64_t address)
{
	return better(best_at(&b->elf, address), best_at(&b->debug_elf, address));
}

static bool is_at(const struct ct_elf *elf, uint64_t address, const char *name)
{
	struct ct_symbol key = { .address = address, .name = name };

	return elf->symbol_count
	       && bsearch(&key, elf->symbols, elf->symbol_count, sizeof key, ct_symbol_order);
}

bool ct_symbol_is(const struct ct_build *b, uint64_t address, const char *name)
{
	return is_at(&b->elf, address, name) || is_at(&b->debug_elf, address, name);
}

bool ct_defines(const struct ct_build *b, const char *name)
{
	for (size_t i = 0; i < b->elf.symbol_count; i++)
		if (is_function(&b->elf.symbols[i]) && strcmp(b->elf.symbols[i].name, name) == 0)
			return true;
	return false;
}

/* --- bodies --- */

struct walk {
	struct ct_build *b;
	const struct ct_elf *elf;
	struct ct_map names;     /* group, name -> number of the symbol */
	struct ct_map functions; /* group, stem -> function */
	CT_ARRAY(struct ct_span) found; /* kept apart: the spans known so far stay sorted */
};

/* A key of a group and a name; the caller frees it. */
static char *key_of(uint32_t group, const char *name, size_t length)
{
	char *key = ct_alloc(sizeof group + length);

	memcpy(key, &group, sizeof group);
	memcpy(key + sizeof group, name, length);
	return key;
}

static void list_names(struct walk *w)
{
	for (uint32_t i = 0; i < w->elf->symbol_count; i++) {
		const struct ct_symbol *s = &w->elf->symbols[i];
		size_t length = strcspn(s->name, "@");

		if (is_function(s)) {
			ct_auto_free char *key = key_of(s->group, s->name, length);

			ct_map_add(&w->names, key, sizeof s->group + length, i, NULL);
		}
	}
}

static const struct ct_symbol *named(const struct walk *w, uint32_t group, const char *name,
                                     size_t length)
{
	ct_auto_free char *key = key_of(group, name, length);
	uint32_t i;

	return ct_map_find(&w->names, key, sizeof group + length, &i) ? &w->elf->symbols[i] : NULL;
}

/* What a clone is one of, or `s` itself. A clone is local; its original may be global. */
static const struct ct_symbol *original_of(const struct walk *w, const struct ct_symbol *s,
                                           size_t stem)
{
	const struct ct_symbol *original = NULL;

	if (s->name[stem] == '.')
		original = named(w, s->group, s->name, stem);
	if (!original && s->name[stem] == '.')
		original = named(w, 0, s->name, stem);
	return original ? original : s;
}

static uint32_t add_function(struct walk *w, const struct ct_symbol *s, uint32_t group,
                             size_t stem)
{
	ct_auto_free char *key = key_of(group, s->name, stem);
	struct ct_build *b = w->b;
	struct ct_function *f;
	uint32_t function;
	bool added;

	function = ct_map_add(&w->functions, key, sizeof group + stem, b->functions.count, &added);
	if (!added)
		return function;
	ct_append(&b->functions);
	f = &b->functions.items[function];
	f->linkage = ct_arena_strndup(&b->arena, s->name, stem);
	f->name = ct_demangle(b, f->linkage);
	f->file = f->unit = CT_NONE;
	f->flags = CT_FUNCTION_NO_DEBUG;
	if (group != 0)
		f->flags |= CT_FUNCTION_STATIC;
	if (strncmp(f->name, "_GLOBAL__", 9) == 0)
		f->flags |= CT_FUNCTION_ARTIFICIAL;
	return function;
}

/* gcc's DWARF 4 leaves out the pieces (.cold) of functions that it describes. */
static uint32_t add_body(struct walk *w, const struct ct_symbol *s)
{
	bool part;
	size_t stem = ct_symbol_stem(s->name, &part);
	const struct ct_symbol *original = original_of(w, s, stem);
	const struct ct_span *span = ct_span_at(w->b, original->address);

	if (span && original != s) {
		const struct ct_body *body = &w->b->bodies.items[span->body];

		return ct_body_add(w->b, body->function, body->unit, s->address);
	}
	return ct_body_add(w->b, add_function(w, s, original->group, stem), CT_NONE, s->address);
}

/* Where a function's text ends: symbols of assembler code may have no size. */
static uint64_t end_of(const struct ct_build *b, const struct ct_elf *elf, size_t i,
                       const struct ct_region *text)
{
	const struct ct_symbol *s = &elf->symbols[i];
	uint64_t end = s->size ? s->address + s->size : text->high;
	uint32_t low = 0, high = b->spans.count;

	for (size_t next = i + 1; s->size == 0 && next < elf->symbol_count; next++)
		if (elf->symbols[next].address > s->address) {
			if (elf->symbols[next].address < end)
				end = elf->symbols[next].address;
			break;
		}
	while (low < high) { /* the first span behind it */
		uint32_t middle = low + (high - low) / 2;

		if (b->spans.items[middle].low <= s->address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < b->spans.count && b->spans.items[low].low < end ? b->spans.items[low].low : end;
}

static bool is_stub_section(const char *name)
{
	return strncmp(name, ".plt", 4) == 0;
}

static void add_bodies(struct walk *w)
{
	struct ct_build *b = w->b;
	const struct ct_elf *elf = w->elf;

	for (size_t i = 0; i < elf->symbol_count; i++) {
		uint64_t address = elf->symbols[i].address;
		const struct ct_region *text = ct_elf_text_at(&b->elf, address);
		const struct ct_symbol *s;
		uint32_t span;

		if (!text || is_stub_section(text->name) || ct_span_at(b, address)
		    || (i > 0 && elf->symbols[i - 1].address == address)
		    || !(s = best_at(elf, address)))
			continue;
		span = ct_append(&w->found);
		w->found.items[span] = (struct ct_span){
			.low = s->address,
			.high = end_of(b, elf, (size_t) (s - elf->symbols), text),
			.body = add_body(w, s),
		};
	}
}

void ct_symbols_walk(struct ct_build *b)
{
	struct walk w = { .b = b, .elf = b->debug_elf.has_symtab ? &b->debug_elf : &b->elf };

	list_names(&w);
	add_bodies(&w);
	for (uint32_t i = 0; i < w.found.count; i++)
		ct_span_add(b, w.found.items[i].body, w.found.items[i].low, w.found.items[i].high);
	free(w.found.items);
	ct_map_deinit(&w.names);
	ct_map_deinit(&w.functions);
}
