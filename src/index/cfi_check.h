/*
 * cfi_check.h - a binary's unwind tables, opened by libdw once they were looked through. libdw 0.188 makes room for any register that an
 * instruction names: a damaged table would have it take gigabytes. One that names a register beyond those that there can
 * be is as good as none. So is one that leads to bytes beside its entries, which were not looked through.
 */
#ifndef CT_INDEX_CFI_CHECK_H
#define CT_INDEX_CFI_CHECK_H

#include <elfutils/libdw.h>

/* By .eh_frame; to be ended by dwarf_cfi_end(). NULL: there is none, or it is damaged. */
Dwarf_CFI *ct_cfi_open(Elf *elf);

/* By .debug_frame; libdw's own. To be asked for once a binary: it is looked through each time. */
Dwarf_CFI *ct_cfi_of_debug(Dwarf *dwarf);

#endif
