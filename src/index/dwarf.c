/* dwarf.c - walks the debug information once: units, bodies, inlined instances. */
#include "index/build.h"

#include <dwarf.h>
#include <string.h>

#include "base/text.h"

#define DEEPEST 256 /* nesting of scopes */

/* Where the walk is. */
struct place {
	uint32_t unit, body, instance;
	unsigned level;
	uint16_t depth; /* of inlining */
};

static const char *string_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static bool flag_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	bool flag = false;

	return dwarf_formflag(dwarf_attr_integrate(die, name, &attribute), &flag) == 0 && flag;
}

/* --- files --- */

static const struct ct_unit *unit_of(const struct ct_build *b, const Dwarf_CU *cu)
{
	for (uint32_t i = 0; i < b->units.count; i++)
		if (b->units.items[i].die.cu == cu)
			return &b->units.items[i];
	return NULL;
}

/* A split unit has no compilation directory of its own: its skeleton has. */
static uint32_t add_file(struct ct_build *b, const char *path, const Dwarf_CU *cu)
{
	struct ct_text text = {0};
	const struct ct_unit *unit;
	uint32_t file;

	if (path[0] != '/' && (unit = unit_of(b, cu))) {
		Dwarf_Die die = unit->line_die;
		const char *directory = string_of(&die, DW_AT_comp_dir);

		if (directory)
			ct_text_addf(&text, "%s/", directory);
	}
	ct_text_add(&text, path);
	file = ct_file_add(b, text.data);
	ct_text_deinit(&text);
	return file;
}

static uint32_t numbered_file(struct ct_build *b, Dwarf_CU *cu, Dwarf_Word number)
{
	Dwarf_Half version = 0;
	Dwarf_Die die;
	Dwarf_Files *files;
	const char *path;
	size_t count;

	if (dwarf_cu_info(cu, &version, NULL, &die, NULL, NULL, NULL, NULL) != 0
	    || (number == 0 && version < 5) /* before version 5: "not known" */
	    || dwarf_getsrcfiles(&die, &files, &count) != 0 || number >= count)
		return CT_NONE;
	path = dwarf_filesrc(files, number, NULL, NULL);
	return path && *path ? add_file(b, path, cu) : CT_NONE;
}

uint32_t ct_dwarf_numbered_file(struct ct_build *b, Dwarf_CU *cu, uint64_t number)
{
	struct { Dwarf_CU *cu; uint64_t number; } key = { cu, number };
	uint32_t file;

	if (ct_map_find(&b->unit_file_map, &key, sizeof key, &file))
		return file;
	file = numbered_file(b, cu, number);
	ct_map_add(&b->unit_file_map, &key, sizeof key, file, NULL);
	return file;
}

uint32_t ct_dwarf_file(struct ct_build *b, Dwarf_Attribute *attribute)
{
	Dwarf_Word number;

	if (!attribute || dwarf_formudata(attribute, &number) != 0)
		return CT_NONE;
	return ct_dwarf_numbered_file(b, attribute->cu, number);
}

/* --- functions --- */

/* What an instance or a clone is one of. */
static void go_to_origin(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die next;

	for (int i = 0; i < 16; i++) {
		if (!dwarf_attr(die, DW_AT_abstract_origin, &attribute)
		    || !dwarf_formref_die(&attribute, &next))
			return;
		*die = next;
	}
}

static const char *linkage_of(Dwarf_Die *die)
{
	const char *name = string_of(die, DW_AT_linkage_name);

	return name ? name : string_of(die, DW_AT_MIPS_linkage_name);
}

/* The name as people write it, and the symbol. gcc gives local C++ functions no linkage name. */
static const char *name_of(struct ct_build *b, Dwarf_Die *origin, uint64_t entry,
                           const char **linkage)
{
	const struct ct_symbol *symbol = entry ? ct_symbol_at(b, entry) : NULL;
	const char *name = string_of(origin, DW_AT_name);

	*linkage = linkage_of(origin);
	if (!*linkage && symbol && strncmp(symbol->name, "_Z", 2) == 0)
		*linkage = symbol->name;
	if (*linkage && strncmp(*linkage, "_Z", 2) == 0)
		return ct_demangle(b, *linkage);
	if (!name)
		name = *linkage ? *linkage : symbol ? symbol->name : "?";
	if (!*linkage)
		*linkage = name;
	return name;
}

/* gcc calls the body of a lambda artificial too: it is the programmer's. */
static bool is_made_by_compiler(Dwarf_Die *origin)
{
	const char *name = string_of(origin, DW_AT_name);

	return flag_of(origin, DW_AT_artificial) && !(name && strcmp(name, "operator()") == 0);
}

uint32_t ct_dwarf_function(struct ct_build *b, Dwarf_Die *die, uint32_t unit, uint64_t entry)
{
	Dwarf_Die origin = *die;
	Dwarf_Attribute attribute;
	const char *name, *linkage;
	struct ct_function *f;
	uint32_t function, file;
	int line = 0;

	go_to_origin(&origin);
	if (ct_map_find(&b->die_map, &origin.addr, sizeof origin.addr, &function))
		return function;
	name = name_of(b, &origin, entry, &linkage);
	file = ct_dwarf_file(b, dwarf_attr_integrate(&origin, DW_AT_decl_file, &attribute));
	dwarf_decl_line(&origin, &line);
	function = ct_function_add(b, name, linkage, file, line > 0 ? (uint32_t) line : 0);
	f = &b->functions.items[function];
	if (f->unit == CT_NONE)
		f->unit = unit;
	if (!flag_of(&origin, DW_AT_external))
		f->flags |= CT_FUNCTION_STATIC;
	if (is_made_by_compiler(&origin) || strncmp(name, "_GLOBAL__", 9) == 0)
		f->flags |= CT_FUNCTION_ARTIFICIAL;
	ct_map_add(&b->die_map, &origin.addr, sizeof origin.addr, function, NULL);
	return function;
}

uint32_t ct_instance_function(struct ct_build *b, uint32_t instance)
{
	struct ct_instance *i = &b->instances.items[instance];

	if (i->function == CT_NONE)
		i->function = ct_dwarf_function(b, &i->die, b->bodies.items[i->body].unit, 0);
	return i->function;
}

/* --- the walk --- */

/* Where a subprogram's code begins: the entry is not always the lowest address. */
static uint64_t entry_of(Dwarf_Die *die, uint64_t first)
{
	Dwarf_Attribute attribute;
	Dwarf_Addr address;

	if (dwarf_attr(die, DW_AT_entry_pc, &attribute) && dwarf_formaddr(&attribute, &address) == 0)
		return address;
	return first;
}

/* clang says nowhere how it optimised, but describes calls only when it does. */
static void note_optimised(struct ct_unit *unit, Dwarf_Die *die)
{
	if (strncmp(unit->producer, "GNU ", 4) != 0
	    && (dwarf_hasattr(die, DW_AT_call_all_calls)
	        || dwarf_hasattr(die, DW_AT_GNU_all_call_sites)))
		unit->flags |= CT_UNIT_OPTIMISED;
}

/*
 * The next range of a DIE, as dwarf_ranges() has it; each takes a byte of the file at least. `base`
 * is to be kept from one to the next: those of DWARF 4 are relative to it.
 */
static ptrdiff_t next_range(struct ct_build *b, Dwarf_Die *die, ptrdiff_t at, Dwarf_Addr *base,
                            Dwarf_Addr *low, Dwarf_Addr *high)
{
	if (b->ranges_left == 0 || (at == 0 && !ct_ranges_are_sound(b->lists, die)))
		return 0;
	b->ranges_left--;
	return dwarf_ranges(die, at, base, low, high);
}

/*
 * Begins a body. False: its text has an owner already. The linker (bfd) lets the
 * debug information of all copies of an inline function point to the copy it kept.
 */
static bool begin_body(struct ct_build *b, Dwarf_Die *die, struct place *place, uint64_t low)
{
	uint64_t entry = entry_of(die, low);
	bool added;

	ct_map_add(&b->entry_map, &entry, sizeof entry, b->bodies.count, &added);
	if (!added)
		return false;
	note_optimised(&b->units.items[place->unit], die);
	place->body = ct_body_add(b, ct_dwarf_function(b, die, place->unit, entry), place->unit,
	                          entry);
	b->bodies.items[place->body].die = *die;
	return true;
}

static void enter_body(struct ct_build *b, Dwarf_Die *die, struct place *place)
{
	Dwarf_Addr base = 0, low, high;
	ptrdiff_t at = 0;

	place->body = place->instance = CT_NONE;
	place->depth = 0;
	while ((at = next_range(b, die, at, &base, &low, &high)) > 0) {
		if (low >= high || !ct_elf_text_at(&b->elf, low))
			continue;
		if (place->body == CT_NONE && !begin_body(b, die, place, low))
			return;
		ct_span_add(b, place->body, low, high);
	}
}

static void enter_instance(struct ct_build *b, Dwarf_Die *die, struct place *place)
{
	uint32_t instance = ct_append(&b->instances);
	Dwarf_Addr base = 0, low, high;
	ptrdiff_t at = 0;

	if (place->depth < UINT16_MAX)
		place->depth++;
	b->instances.items[instance] = (struct ct_instance){
		.die = *die, .body = place->body, .parent = place->instance,
		.function = CT_NONE, .depth = place->depth,
	};
	place->instance = instance;
	while ((at = next_range(b, die, at, &base, &low, &high)) > 0) {
		if (low < high) {
			uint32_t range = ct_append(&b->instance_ranges);

			b->instance_ranges.items[range] =
				(struct ct_instance_range){ low, high, instance };
		}
	}
}

/* Enters a scope; false: there are no bodies below it. */
static bool enter(struct ct_build *b, Dwarf_Die *die, struct place *place)
{
	bool is_c = b->units.items[place->unit].is_c;

	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		enter_body(b, die, place);
		return place->body != CT_NONE || (!is_c && !dwarf_hasattr(die, DW_AT_declaration)
		                                  && !dwarf_hasattr(die, DW_AT_low_pc));
	case DW_TAG_inlined_subroutine:
		if (place->body == CT_NONE)
			return false;
		enter_instance(b, die, place);
		return true;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
	case DW_TAG_namespace:
	case DW_TAG_module:
		return true;
	case DW_TAG_structure_type: /* the member functions of a local class are in it */
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		return !is_c;
	default:
		return false;
	}
}

static void walk_children(struct ct_build *b, Dwarf_Die *parent, struct place place)
{
	Dwarf_Die die;

	if (place.level++ == DEEPEST || dwarf_child(parent, &die) != 0)
		return;
	do {
		struct place inner = place;

		if (enter(b, &die, &inner))
			walk_children(b, &die, inner);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* --- units --- */

static bool is_c(int language)
{
	return language == DW_LANG_C89 || language == DW_LANG_C || language == DW_LANG_C99
	       || language == DW_LANG_C11;
}

/* gcc writes its options into the producer, clang 14 does not. */
static uint32_t unit_flags(const char *producer)
{
	uint32_t flags = 0;

	for (const char *at = producer; (at = strstr(at, " -O")); at += 3)
		flags = at[3] == '0' ? 0 : CT_UNIT_OPTIMISED;
	if (strstr(producer, " -flto") || strstr(producer, "GIMPLE"))
		flags |= CT_UNIT_LTO;
	return flags;
}

static void add_unit(struct ct_build *b, Dwarf_Die *skeleton, Dwarf_Die *split, uint32_t version)
{
	uint32_t unit = ct_append(&b->units);
	struct ct_unit *u = &b->units.items[unit];
	const char *producer, *name;
	int language;

	u->line_die = *skeleton;
	u->die = split ? *split : *skeleton;
	producer = string_of(&u->die, DW_AT_producer);
	u->producer = producer ? producer : "";
	language = dwarf_srclang(&u->die);
	u->language = language > 0 ? (uint32_t) language : 0;
	u->flags = unit_flags(u->producer) | (version & 255) << 8;
	u->is_c = is_c(language) && !(u->flags & CT_UNIT_LTO);
	name = string_of(&u->die, DW_AT_name);
	u->file = name && *name ? add_file(b, name, u->die.cu) : CT_NONE;
}

static void list_units(struct ct_build *b)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, split;
	Dwarf_Half version;
	uint8_t type;

	while (dwarf_get_units(b->dwarf, cu, &cu, &version, &type, &die, &split) == 0) {
		bool has_split = type == DW_UT_skeleton && dwarf_tag(&split) == DW_TAG_compile_unit;

		if (type == DW_UT_skeleton && !has_split)
			b->split_missing++;
		if (dwarf_tag(&die) == DW_TAG_compile_unit
		    || dwarf_tag(&die) == DW_TAG_skeleton_unit)
			add_unit(b, &die, has_split ? &split : NULL, version);
	}
}

void ct_dwarf_walk(struct ct_build *b)
{
	if (!b->dwarf)
		return;
	list_units(b);
	b->ranges_left = (4u << 20) + b->elf.file.size + b->debug_elf.file.size;
	b->lists[0].left = b->lists[1].left = 4 * b->ranges_left;
	for (uint32_t i = 0; i < b->units.count; i++) {
		struct place place = { .unit = i, .body = CT_NONE, .instance = CT_NONE };
		Dwarf_Die die = b->units.items[i].die;

		walk_children(b, &die, place);
	}
}
