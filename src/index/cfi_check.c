#include "index/cfi_check.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "index/debug_name.h"
#include "index/reader.h"

enum {
	MOST_REGISTER = 1023, /* the psABI numbers 130 */
	MOST_LETTERS = 16,    /* of an augmentation, with its end: "zPLR" are all that compilers write */
};

static void expect_register(struct ct_reader *r)
{
	if (ct_read_leb(r) > MOST_REGISTER)
		r->bad = true;
}

/* A pointer as LSB 5.0, 10.5.1, has it encoded. */
static void skip_encoded(struct ct_reader *r, uint8_t encoding)
{
	switch (encoding & 7) {
	case DW_EH_PE_absptr: case DW_EH_PE_udata8: ct_read_skip(r, 8); break;
	case DW_EH_PE_udata2: ct_read_skip(r, 2); break;
	case DW_EH_PE_udata4: ct_read_skip(r, 4); break;
	case DW_EH_PE_uleb128: ct_read_leb(r); break;
	default: r->bad = true;
	}
}

/* --- instructions (DWARF 5, 6.4.2 and 7.24; GNU's) --- */

static void check_instruction(struct ct_reader *r, uint8_t op)
{
	switch (op) {
	case DW_CFA_nop: case DW_CFA_remember_state: case DW_CFA_restore_state: case DW_CFA_GNU_window_save:
		return;
	case DW_CFA_set_loc: ct_read_skip(r, 8); return;
	case DW_CFA_advance_loc1: ct_read_skip(r, 1); return;
	case DW_CFA_advance_loc2: ct_read_skip(r, 2); return;
	case DW_CFA_advance_loc4: ct_read_skip(r, 4); return;
	case DW_CFA_MIPS_advance_loc8: ct_read_skip(r, 8); return;
	case DW_CFA_def_cfa_offset: case DW_CFA_def_cfa_offset_sf: case DW_CFA_GNU_args_size: ct_read_leb(r); return;
	case DW_CFA_def_cfa_register: case DW_CFA_restore_extended: case DW_CFA_undefined: case DW_CFA_same_value:
		expect_register(r);
		return;
	case DW_CFA_offset_extended: case DW_CFA_offset_extended_sf: case DW_CFA_def_cfa: case DW_CFA_def_cfa_sf:
	case DW_CFA_val_offset: case DW_CFA_val_offset_sf: case DW_CFA_GNU_negative_offset_extended:
		expect_register(r);
		ct_read_leb(r);
		return;
	case DW_CFA_register:
		expect_register(r);
		expect_register(r);
		return;
	case DW_CFA_def_cfa_expression: ct_read_skip(r, ct_read_leb(r)); return;
	case DW_CFA_expression: case DW_CFA_val_expression:
		expect_register(r);
		ct_read_skip(r, ct_read_leb(r));
		return;
	default:
		r->bad = true;
	}
}

static bool is_sound(const uint8_t *at, const uint8_t *end)
{
	struct ct_reader r = { at, end, at > end };

	while (!r.bad && r.at < r.end) {
		uint8_t op = *r.at++;

		if ((op & 0xc0) == DW_CFA_offset)
			ct_read_leb(&r);
		else if (!(op & 0xc0)) /* the others have their register, or their step, in themselves */
			check_instruction(&r, op);
	}
	return !r.bad;
}

/* --- tables --- */

struct offsets { /* ascending */
	uint64_t *items;
	size_t count, capacity;
};

struct table {
	const unsigned char *ident;
	Elf_Data *data;
	uint64_t address;
	bool eh;
	struct offsets cies, fdes;
};

static void add_offset(struct offsets *o, uint64_t offset)
{
	if (o->count == o->capacity) {
		o->capacity = o->capacity ? 2 * o->capacity : 64;
		o->items = ct_realloc(o->items, o->capacity * sizeof *o->items);
	}
	o->items[o->count++] = offset;
}

static int by_offset(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

	return x < y ? -1 : x > y;
}

/* Elsewhere in the section bytes may look like an entry, too, which nobody has looked through. */
static bool has_offset(const struct offsets *o, uint64_t offset)
{
	return o->count && bsearch(&offset, o->items, o->count, sizeof *o->items, by_offset);
}

/* Of a CIE, if it is one: libdw reads a byte or more for each letter, wherever the section ends. */
static bool has_few_letters(const struct table *t, uint64_t at)
{
	struct ct_reader r = { t->data->d_buf, (const uint8_t *) t->data->d_buf + t->data->d_size, false };
	uint32_t length;
	size_t left;

	ct_read_skip(&r, at);
	if (r.end - r.at < 4)
		return false;
	memcpy(&length, r.at, sizeof length);
	ct_read_skip(&r, length == UINT32_MAX ? 20 : 8); /* and what it is */
	ct_read_skip(&r, 1);
	left = (size_t) (r.end - r.at);
	return r.bad || memchr(r.at, '\0', left < MOST_LETTERS ? left : MOST_LETTERS);
}

/* The encoding of addresses is somewhere among what the letters behind `z` say. */
static bool address_encoding(const Dwarf_CIE *cie, uint8_t *encoding)
{
	struct ct_reader r = { cie->augmentation_data, cie->augmentation_data + cie->augmentation_data_size, false };

	*encoding = DW_EH_PE_absptr;
	if (cie->augmentation[0] != 'z')
		return cie->augmentation[0] == '\0';
	for (const char *letter = cie->augmentation + 1; *letter && !r.bad; letter++) {
		uint8_t byte = r.at < r.end ? *r.at : 0;

		if (*letter == 'R') {
			*encoding = byte;
			ct_read_skip(&r, 1);
		} else if (*letter == 'L') {
			ct_read_skip(&r, 1);
		} else if (*letter == 'P') {
			ct_read_skip(&r, 1);
			skip_encoded(&r, byte);
		} else if (*letter != 'S' && *letter != 'B') {
			return false;
		}
	}
	return !r.bad;
}

/* libdw runs these only with those of their CIE; they are looked at with what it says of where they begin. */
static bool is_fde_sound(const struct table *t, const Dwarf_FDE *fde)
{
	struct ct_reader r = { fde->start, fde->end, fde->start > fde->end };
	Dwarf_CFI_Entry of;
	Dwarf_Off next;
	uint8_t encoding;

	if (!has_offset(&t->cies, fde->CIE_pointer)
	    || dwarf_next_cfi(t->ident, t->data, t->eh, fde->CIE_pointer, &next, &of) != 0 || !dwarf_cfi_cie_p(&of)
	    || !address_encoding(&of.cie, &encoding))
		return false;
	skip_encoded(&r, encoding);
	skip_encoded(&r, encoding & 7);
	if (of.cie.augmentation[0] == 'z')
		ct_read_skip(&r, ct_read_leb(&r));
	return !r.bad && is_sound(r.at, r.end);
}

static bool is_cie_sound(const Dwarf_CIE *cie)
{
	return cie->return_address_register <= MOST_REGISTER && is_sound(cie->initial_instructions, cie->initial_instructions_end);
}

/* Lists all entries, and looks through the CIEs. */
static bool list_entries(struct table *t)
{
	Dwarf_Off at = 0, next = 0;
	Dwarf_CFI_Entry entry;
	int end = 0;

	for (;; at = next) {
		if (t->data->d_size >= 4 && at <= t->data->d_size - 4 && !has_few_letters(t, at))
			return false;
		end = dwarf_next_cfi(t->ident, t->data, t->eh, at, &next, &entry);
		if (end != 0)
			return end == 1;
		if (next <= at || (dwarf_cfi_cie_p(&entry) && !is_cie_sound(&entry.cie)))
			return false;
		add_offset(dwarf_cfi_cie_p(&entry) ? &t->cies : &t->fdes, at);
	}
}

static bool is_table_sound(struct table *t)
{
	Dwarf_CFI_Entry entry;
	Dwarf_Off next;

	if (!list_entries(t))
		return false;
	for (size_t i = 0; i < t->fdes.count; i++)
		if (dwarf_next_cfi(t->ident, t->data, t->eh, t->fdes.items[i], &next, &entry) != 0
		    || !is_fde_sound(t, &entry.fde))
			return false;
	return true;
}

/* The table that libdw searches leads to entries: in .eh_frame_hdr, as all linkers write it, if it comes before .eh_frame. */
static bool is_search_table_sound(const struct table *t, const Elf_Data *data, uint64_t address)
{
	static const uint8_t usual[] = { 1, DW_EH_PE_pcrel | DW_EH_PE_sdata4, DW_EH_PE_udata4, DW_EH_PE_datarel | DW_EH_PE_sdata4 };
	const uint8_t *bytes = data->d_buf;
	uint32_t count;

	if (data->d_size >= 4 && (bytes[2] == DW_EH_PE_omit || bytes[3] == DW_EH_PE_omit))
		return true; /* there is none */
	if (data->d_size < 12 || memcmp(bytes, usual, sizeof usual) != 0)
		return false;
	memcpy(&count, bytes + 8, sizeof count);
	if (count > (data->d_size - 12) / 8)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		int32_t to;

		memcpy(&to, bytes + 12 + 8 * (size_t) i + 4, sizeof to);
		if (!has_offset(&t->fdes, address + (uint64_t) (int64_t) to - t->address))
			return false;
	}
	return true;
}

/* --- sections --- */

struct section {
	Elf_Data *data;
	uint64_t address;
};

/* Of that name, with content. */
static bool is_wanted(Elf *elf, size_t names, Elf_Scn *scn, const char *wanted, struct section *out)
{
	bool debug = wanted[0] != '.';
	GElf_Shdr header;
	const char *name = gelf_getshdr(scn, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;

	if (!name || header.sh_type == SHT_NOBITS || !(debug ? ct_is_debug_name(name, wanted) : strcmp(name, wanted) == 0))
		return false;
	*out = (struct section){ elf_getdata(scn, NULL), header.sh_addr };
	return true;
}

/* All sections of that name; how many there are goes to `count`. */
static bool are_sections_sound(Elf *elf, const char *wanted, bool eh, unsigned *count)
{
	struct section found, search = {0};
	bool sound = true;
	size_t names;

	*count = 0;
	if (!elf_getident(elf, NULL) || elf_getshdrstrndx(elf, &names) != 0)
		return false;
	for (Elf_Scn *scn = NULL; sound && (scn = elf_nextscn(elf, scn));) {
		if (eh && is_wanted(elf, names, scn, ".eh_frame_hdr", &search))
			continue;
		if (!is_wanted(elf, names, scn, wanted, &found))
			continue;
		struct table t = { .ident = (const unsigned char *) elf_getident(elf, NULL), .data = found.data,
		                   .address = found.address, .eh = eh };

		sound = t.data && (!t.data->d_size || is_table_sound(&t)) && (!search.data || is_search_table_sound(&t, search.data, search.address));
		free(t.cies.items);
		free(t.fdes.items);
		++*count;
	}
	return sound;
}

/* Without that section libdw takes what a segment says, up to the end of the file. */
Dwarf_CFI *ct_cfi_open(Elf *elf)
{
	unsigned count;

	return elf && are_sections_sound(elf, ".eh_frame", true, &count) && count ? dwarf_getcfi_elf(elf) : NULL;
}

Dwarf_CFI *ct_cfi_of_debug(Dwarf *dwarf)
{
	Elf *elf = dwarf ? dwarf_getelf(dwarf) : NULL;
	unsigned count;

	return elf && are_sections_sound(elf, "frame", false, &count) && count ? dwarf_getcfi(dwarf) : NULL;
}
