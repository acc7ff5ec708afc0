#include "index/lists.h"

#include <dwarf.h>
#include <gelf.h>
#include <string.h>

#include "index/debug_name.h"
#include "index/reader.h"

/* A place that may be added to any pointer: libdw compares the sum with the section's end. */
#define FARTHEST ((uint64_t) 1 << 62)

/* What lists an attribute can be in. */
struct unit {
	Dwarf_Die die;
	Dwarf_Half version;
	uint8_t address_size, offset_size;
};

struct kind { /* of lists in DWARF 5 */
	const char *section;
	unsigned base; /* the attribute that says where the table of a unit's lists is */
};
static const struct kind locations = { "loclists", DW_AT_loclists_base }, ranges = { "rnglists", DW_AT_rnglists_base };

/* --- the section --- */

/* The one that libdw takes: where several may be meant, none. */
static bool find_section(Dwarf_CU *cu, const char *wanted, struct ct_reader *out)
{
	Elf *elf = dwarf_getelf(dwarf_cu_getdwarf(cu));
	bool found = false;
	size_t names;

	if (!elf || elf_getshdrstrndx(elf, &names) != 0)
		return false;
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr header;
		const char *name = gelf_getshdr(scn, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
		Elf_Data *data;

		if (!name || header.sh_type == SHT_NOBITS || (header.sh_flags & SHF_GROUP) || !ct_is_debug_name(name, wanted)
		    || !(data = elf_getdata(scn, NULL)) || !data->d_buf || !data->d_size)
			continue;
		if (found)
			return false;
		*out = (struct ct_reader){ data->d_buf, (const uint8_t *) data->d_buf + data->d_size, false };
		found = true;
	}
	return found;
}

static bool find_again(struct ct_lists *lists, Dwarf_CU *cu, const char *wanted, struct ct_reader *out)
{
	Dwarf *dwarf = dwarf_cu_getdwarf(cu);

	if (lists->of != dwarf) {
		if (!find_section(cu, wanted, out))
			*out = (struct ct_reader){0};
		*lists = (struct ct_lists){ dwarf, out->at, out->end, lists->left };
	}
	*out = (struct ct_reader){ lists->begin, lists->end, false };
	return lists->begin != NULL;
}

/* What was read of a list, from `begin` on. */
static void note_read(uint64_t *left, const uint8_t *begin, const uint8_t *end)
{
	uint64_t read = (uint64_t) (end - begin);

	*left -= read < *left ? read : *left;
}

/* --- where a list begins --- */

static uint64_t read_number(struct ct_reader *r, unsigned size)
{
	const uint8_t *at = r->at;
	uint64_t number = 0;

	ct_read_skip(r, size);
	if (!r->bad)
		memcpy(&number, at, size);
	return number;
}

/* Behind the first header of a section, as libdw has it, which is where the numbers begin if a unit does not say. */
static uint64_t first_table(struct ct_reader section)
{
	struct ct_reader r = section;
	uint64_t length = read_number(&r, 4), version, address_size, segment_size, count;
	unsigned offset_size = 4;

	if (length == UINT32_MAX) {
		length = read_number(&r, 8);
		offset_size = 8;
	}
	if (r.bad || length < 8 || length > (uint64_t) (r.end - r.at))
		return 0;
	version = read_number(&r, 2);
	address_size = read_number(&r, 1);
	segment_size = read_number(&r, 1);
	count = read_number(&r, 4);
	if (r.bad || version != 5 || (address_size != 4 && address_size != 8) || segment_size || !count
	    || length - 8 < (uint32_t) count * offset_size)
		return 0;
	return (uint64_t) (r.at - section.at);
}

/* Of a list that is named by number: the unit has a table of their offsets. */
static bool find_numbered(const struct unit *unit, const struct kind *kind, struct ct_reader section, uint64_t number,
                          uint64_t *offset)
{
	struct ct_reader r = section;
	Dwarf_Die die = unit->die;
	Dwarf_Attribute attribute;
	Dwarf_Word base;

	if (unit->version < 5 || number > UINT32_MAX)
		return false;
	if (!dwarf_attr(&die, kind->base, &attribute) || dwarf_formudata(&attribute, &base) != 0 || !base)
		base = first_table(section);
	ct_read_skip(&r, base);
	ct_read_skip(&r, number * unit->offset_size);
	*offset = read_number(&r, unit->offset_size) + base;
	return !r.bad;
}

/* What an attribute names: its section from there on. `out` has all of the section. */
static bool find_list(Dwarf_Attribute *attribute, const struct unit *unit, const struct kind *kind, struct ct_reader *out)
{
	unsigned form = dwarf_whatform(attribute);
	Dwarf_Word number;
	uint64_t offset;

	if (dwarf_formudata(attribute, &number) != 0)
		return false;
	offset = number;
	if ((form == DW_FORM_loclistx || form == DW_FORM_rnglistx) && !find_numbered(unit, kind, *out, number, &offset))
		return false;
	ct_read_skip(out, offset);
	return !out->bad && out->at < out->end;
}

static bool unit_of(const Dwarf_Attribute *attribute, struct unit *out)
{
	return attribute->cu
	       && dwarf_cu_info(attribute->cu, &out->version, NULL, &out->die, NULL, NULL, &out->address_size, &out->offset_size) == 0;
}

/* --- locations --- */

/* What stands before an entry's expression; false: it has none. */
static bool skip_head(struct ct_reader *r, uint8_t kind, uint8_t address_size)
{
	switch (kind) {
	case DW_LLE_base_addressx: ct_read_leb(r); return false;
	case DW_LLE_base_address: ct_read_skip(r, address_size); return false;
	case DW_LLE_startx_endx: case DW_LLE_startx_length: case DW_LLE_offset_pair: ct_read_leb(r); ct_read_leb(r); return true;
	case DW_LLE_default_location: return true;
	case DW_LLE_start_end: ct_read_skip(r, 2u * address_size); return true;
	case DW_LLE_start_length: ct_read_skip(r, address_size); ct_read_leb(r); return true;
	default: r->bad = true; return false; /* the end, or what libdw does not know either */
	}
}

/* Up to its end every expression lies in the section. */
static bool is_whole(struct ct_reader r, uint8_t address_size, uint64_t *left)
{
	const uint8_t *begin = r.at;
	uint8_t kind = DW_LLE_default_location;

	while (!r.bad && r.at < r.end && kind != DW_LLE_end_of_list && (uint64_t) (r.at - begin) < *left) {
		kind = *r.at++;
		if (kind != DW_LLE_end_of_list && skip_head(&r, kind, address_size) && !r.bad)
			ct_read_skip(&r, ct_read_leb(&r));
	}
	note_read(left, begin, r.at);
	return !r.bad && kind == DW_LLE_end_of_list;
}

static bool is_block(unsigned form)
{
	return form == DW_FORM_exprloc || form == DW_FORM_block || form == DW_FORM_block1 || form == DW_FORM_block2
	       || form == DW_FORM_block4;
}

/* Before DWARF 5 where a list begins is all that can be wrong: units of DWARF 3 may say it in any form. */
static bool begins_near(Dwarf_Attribute *attribute)
{
	Dwarf_Word offset;

	return dwarf_whatform(attribute) != DW_FORM_loclistx && dwarf_formudata(attribute, &offset) == 0 && offset < FARTHEST;
}

bool ct_locations_are_sound(struct ct_lists *lists, Dwarf_Attribute *attribute)
{
	struct ct_reader list;
	struct unit unit;

	if (is_block(dwarf_whatform(attribute)))
		return true;
	if (!unit_of(attribute, &unit))
		return false;
	if (unit.version < 5)
		return begins_near(attribute);
	return find_again(lists, attribute->cu, locations.section, &list) && find_list(attribute, &unit, &locations, &list)
	       && is_whole(list, unit.address_size, &lists->left);
}

/* --- ranges --- */

static void skip_range(struct ct_reader *r, uint8_t kind, uint8_t address_size)
{
	switch (kind) {
	case DW_RLE_base_addressx: ct_read_leb(r); return;
	case DW_RLE_startx_endx: case DW_RLE_startx_length: case DW_RLE_offset_pair: ct_read_leb(r); ct_read_leb(r); return;
	case DW_RLE_base_address: ct_read_skip(r, address_size); return;
	case DW_RLE_start_end: ct_read_skip(r, 2u * address_size); return;
	case DW_RLE_start_length: ct_read_skip(r, address_size); ct_read_leb(r); return;
	default: r->bad = true; /* the end, or what libdw does not know either */
	}
}

/* To the list's end, or to where libdw ends too. */
static void read_ranges(struct ct_reader r, const struct unit *unit, uint64_t *left)
{
	const uint8_t *begin = r.at;
	uint64_t low, high;

	while (!r.bad && r.at < r.end && (uint64_t) (r.at - begin) < *left) {
		if (unit->version >= 5) {
			uint8_t kind = *r.at++;

			skip_range(&r, kind, unit->address_size);
			continue;
		}
		low = read_number(&r, unit->address_size);
		high = read_number(&r, unit->address_size);
		r.bad |= !low && !high;
	}
	note_read(left, begin, r.at);
}

/*
 * Their entries have no lengths, and tables of offsets of four bytes lead to no place that libdw does not check. Those of a split unit of
 * DWARF 4 are in another file.
 */
bool ct_ranges_are_sound(struct ct_lists lists[2], Dwarf_Die *die)
{
	const char *names[] = { ranges.section, "ranges" };
	struct ct_reader list;
	Dwarf_Attribute attribute;
	struct unit unit;
	bool must_be, old;

	if (!dwarf_attr(die, DW_AT_ranges, &attribute))
		return true;
	if (!unit_of(&attribute, &unit))
		return false;
	old = unit.version < 5;
	must_be = unit.offset_size == 8 && dwarf_whatform(&attribute) == DW_FORM_rnglistx;
	if (!lists && !must_be)
		return true;
	if (!(lists ? find_again(&lists[old], attribute.cu, names[old], &list) : find_section(attribute.cu, names[old], &list))
	    || !find_list(&attribute, &unit, &ranges, &list))
		return !must_be;
	if (lists)
		read_ranges(list, &unit, &lists[old].left);
	return !lists || lists[old].left;
}
