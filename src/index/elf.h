/*
 * elf.h - an ELF file of this machine, mapped: its text, symbols, relocations and
 * notes. Reads the file itself, checks every offset, and needs no library for it.
 */
#ifndef CT_INDEX_ELF_H
#define CT_INDEX_ELF_H

#include <elf.h>

#include "base/file.h"

/* Text, or the slots that calls go through. Addresses as in the file. */
struct ct_region {
	uint64_t low, high;
	const char *name; /* of the section; "" if there are none */
};

struct ct_symbol {
	uint64_t address, size;
	const char *name; /* without "@version" only if the file has it so */
	uint32_t group;   /* local symbols of one object file have one number, from 1; else 0 */
	uint8_t type;     /* STT_* */
	uint8_t binding;  /* STB_* */
};

/* A relocation that stores a word. */
struct ct_reloc {
	uint64_t slot;
	const char *name; /* of the symbol, or NULL */
	uint64_t value;   /* where it points, as far as the file tells; 0: to another module */
	uint32_t type;    /* R_X86_64_* */
};

struct ct_elf {
	char *path;
	struct ct_bytes file;
	const Elf64_Ehdr *header;
	const Elf64_Phdr *segments;
	const Elf64_Shdr *sections; /* NULL: none */
	size_t segment_count, section_count;
	const char *section_names;
	size_t section_names_size;
	uint8_t build_id[32];
	size_t build_id_size;
	struct ct_region *text, *slots;
	size_t text_count, slot_count;
	struct ct_symbol *symbols; /* defined ones with a name, by address; both tables */
	size_t symbol_count;
	bool has_symtab;
	bool joined; /* clang's -flto made one object of several units */
	struct ct_reloc *relocs; /* by slot */
	size_t reloc_count;
};

/* The order of symbols, for qsort() and bsearch(): by address, then by name. */
int ct_symbol_order(const void *a, const void *b);

/* CT_ENOTRACE: not an ELF executable or shared library of this machine. */
bool ct_elf_open(const char *path, struct ct_elf *elf, struct ct_error *err);
void ct_elf_close(struct ct_elf *elf);

/* A hash of the whole file, for one without a build-id. */
enum { CT_CONTENT_ID_SIZE = 16 };
void ct_elf_content_id(const struct ct_elf *elf, uint8_t id[CT_CONTENT_ID_SIZE]);

/* The section of that name with content in the file, or NULL. */
const Elf64_Shdr *ct_elf_section(const struct ct_elf *elf, const char *name);
const char *ct_elf_section_name(const struct ct_elf *elf, const Elf64_Shdr *section);
/* The content of a section; size 0 if it is not (wholly) in the file. */
struct ct_bytes ct_elf_content(const struct ct_elf *elf, const Elf64_Shdr *section);
/* What the file has at an address, up to the end of its segment; NULL: nothing. */
const uint8_t *ct_elf_at(const struct ct_elf *elf, uint64_t address, size_t *left);
/* The text region that covers an address, or NULL. */
const struct ct_region *ct_elf_text_at(const struct ct_elf *elf, uint64_t address);
bool ct_elf_is_slot(const struct ct_elf *elf, uint64_t address);
const struct ct_reloc *ct_elf_reloc_at(const struct ct_elf *elf, uint64_t slot);
/* The pointer stored at an address, as the loader will have it (less the bias). */
bool ct_elf_pointer_at(const struct ct_elf *elf, uint64_t address, uint64_t *value);
/* The string at an address, or NULL. */
const char *ct_elf_string_at(const struct ct_elf *elf, uint64_t address);
/* An entry of PT_DYNAMIC: the nth with that tag, from 0. */
bool ct_elf_dynamic(const struct ct_elf *elf, int64_t tag, size_t n, uint64_t *value);
/* The string that DT_NEEDED and the like mean, or NULL. */
const char *ct_elf_dynamic_string(const struct ct_elf *elf, uint64_t offset);
/* Whether it is a shared library: a static PIE is none, though it looks like one. */
bool ct_elf_is_library(const struct ct_elf *elf);
const Elf64_Phdr *ct_elf_segment(const struct ct_elf *elf, uint32_t type);

#endif
