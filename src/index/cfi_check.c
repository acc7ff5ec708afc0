#include "index/cfi_check.h"

#include <dwarf.h>
#include <string.h>

#include "index/reader.h"

enum {
	MOST_REGISTER = 1023, /* the psABI numbers 130 */
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

struct table {
	const unsigned char *ident;
	Elf_Data *data;
	bool eh;
};

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

	if (dwarf_next_cfi(t->ident, t->data, t->eh, fde->CIE_pointer, &next, &of) != 0 || !dwarf_cfi_cie_p(&of)
	    || !address_encoding(&of.cie, &encoding))
		return false;
	skip_encoded(&r, encoding);
	skip_encoded(&r, encoding & 7);
	if (of.cie.augmentation[0] == 'z')
		ct_read_skip(&r, ct_read_leb(&r));
	return !r.bad && is_sound(r.at, r.end);
}

static bool is_table_sound(const struct table *t)
{
	Dwarf_Off at = 0, next;
	Dwarf_CFI_Entry entry;
	int end;

	for (; (end = dwarf_next_cfi(t->ident, t->data, t->eh, at, &next, &entry)) == 0; at = next) {
		bool sound = dwarf_cfi_cie_p(&entry)
		             ? entry.cie.return_address_register <= MOST_REGISTER
		               && is_sound(entry.cie.initial_instructions, entry.cie.initial_instructions_end)
		             : is_fde_sound(t, &entry.fde);

		if (!sound || next <= at)
			return false;
	}
	return end == 1;
}

/* Also where there is none. */
static bool is_section_sound(Elf *elf, const char *name, bool eh)
{
	struct table t = { .ident = (const unsigned char *) elf_getident(elf, NULL), .eh = eh };
	size_t names;

	if (!t.ident || elf_getshdrstrndx(elf, &names) != 0)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr header;
		const char *found;

		if (!gelf_getshdr(scn, &header) || !(found = elf_strptr(elf, names, header.sh_name)) || strcmp(found, name) != 0
		    || header.sh_type == SHT_NOBITS)
			continue;
		t.data = elf_getdata(scn, NULL);
		if (!t.data || (t.data->d_size && !is_table_sound(&t)))
			return false;
	}
	return true;
}

Dwarf_CFI *ct_cfi_open(Elf *elf)
{
	return elf && is_section_sound(elf, ".eh_frame", true) ? dwarf_getcfi_elf(elf) : NULL;
}

Dwarf_CFI *ct_cfi_of_debug(Dwarf *dwarf)
{
	Elf *elf = dwarf ? dwarf_getelf(dwarf) : NULL;

	return elf && is_section_sound(elf, ".debug_frame", false) ? dwarf_getcfi(dwarf) : NULL;
}
