#include "index/elf.h"

#include <errno.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"

static bool in_file(const struct ct_elf *elf, uint64_t offset, uint64_t size)
{
	return offset <= elf->file.size && size <= elf->file.size - offset;
}

static bool read_header(struct ct_elf *elf, struct ct_error *err)
{
	const Elf64_Ehdr *h = (const void *) elf->file.data;

	if (elf->file.size < SELFMAG || memcmp(elf->file.data, ELFMAG, SELFMAG) != 0)
		return ct_fail(err, CT_ENOTRACE, "%s: is not an ELF file", elf->path);
	if (elf->file.size < sizeof *h || h->e_ident[EI_CLASS] != ELFCLASS64
	    || h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64)
		return ct_fail(err, CT_ENOTRACE, "%s: is not an ELF file of x86-64", elf->path);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return ct_fail(err, CT_ENOTRACE,
		               "%s: is an ELF file, but neither a program nor a shared library",
		               elf->path);
	elf->header = h;
	return true;
}

static void read_segments(struct ct_elf *elf)
{
	const Elf64_Ehdr *h = elf->header;

	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phoff % 8 != 0
	    || !in_file(elf, h->e_phoff, (uint64_t) h->e_phnum * sizeof(Elf64_Phdr)))
		return;
	elf->segments = (const void *) (elf->file.data + h->e_phoff);
	elf->segment_count = h->e_phnum;
}

static void read_sections(struct ct_elf *elf)
{
	const Elf64_Ehdr *h = elf->header;
	const Elf64_Shdr *first;
	uint64_t count = h->e_shnum, names = h->e_shstrndx;
	struct ct_bytes content;

	if (h->e_shoff == 0 || h->e_shentsize != sizeof *first || h->e_shoff % 8 != 0
	    || !in_file(elf, h->e_shoff, sizeof *first))
		return;
	first = (const void *) (elf->file.data + h->e_shoff);
	if (count == 0)
		count = first->sh_size;
	if (names == SHN_XINDEX)
		names = first->sh_link;
	if (count > elf->file.size / sizeof *first
	    || !in_file(elf, h->e_shoff, count * sizeof *first))
		return;
	elf->sections = first;
	elf->section_count = count;
	if (names >= count)
		return;
	content = ct_elf_content(elf, &first[names]);
	if (content.size && content.data[content.size - 1] == '\0') {
		elf->section_names = (const char *) content.data;
		elf->section_names_size = content.size;
	}
}

struct ct_bytes ct_elf_content(const struct ct_elf *elf, const Elf64_Shdr *section)
{
	if (!section || section->sh_type == SHT_NOBITS
	    || !in_file(elf, section->sh_offset, section->sh_size))
		return (struct ct_bytes){0};
	return (struct ct_bytes){ elf->file.data + section->sh_offset, section->sh_size };
}

const char *ct_elf_section_name(const struct ct_elf *elf, const Elf64_Shdr *section)
{
	if (section->sh_name >= elf->section_names_size)
		return "";
	return elf->section_names + section->sh_name;
}

const Elf64_Shdr *ct_elf_section(const struct ct_elf *elf, const char *name)
{
	for (size_t i = 0; i < elf->section_count; i++)
		if (elf->sections[i].sh_type != SHT_NOBITS
		    && strcmp(ct_elf_section_name(elf, &elf->sections[i]), name) == 0)
			return &elf->sections[i];
	return NULL;
}

const Elf64_Phdr *ct_elf_segment(const struct ct_elf *elf, uint32_t type)
{
	for (size_t i = 0; i < elf->segment_count; i++)
		if (elf->segments[i].p_type == type)
			return &elf->segments[i];
	return NULL;
}

static void add_region(struct ct_region **regions, size_t *count, uint64_t low, uint64_t size,
                       const char *name)
{
	if (size == 0 || low + size < low)
		return;
	*regions = ct_realloc(*regions, (*count + 1) * sizeof **regions);
	(*regions)[(*count)++] = (struct ct_region){ low, low + size, name };
}

static int by_low(const void *a, const void *b)
{
	const struct ct_region *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

/* By address, and disjoint: the first of two that overlap wins. Returns how many are left. */
static size_t sort_regions(struct ct_region *regions, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(regions, count, sizeof *regions, by_low);
	for (size_t i = 0; i < count; i++) {
		if (kept && regions[i].low < regions[kept - 1].high)
			regions[i].low = regions[kept - 1].high;
		if (regions[i].low < regions[i].high)
			regions[kept++] = regions[i];
	}
	return kept;
}

/* Sections tell text from stubs; a file without them has only its segments. */
static void read_regions(struct ct_elf *elf)
{
	for (size_t i = 0; i < elf->section_count; i++) {
		const Elf64_Shdr *s = &elf->sections[i];
		const char *name = ct_elf_section_name(elf, s);

		if (!(s->sh_flags & SHF_ALLOC) || s->sh_flags & SHF_TLS)
			continue;
		if (s->sh_flags & SHF_EXECINSTR)
			add_region(&elf->text, &elf->text_count, s->sh_addr, s->sh_size, name);
		else if (strncmp(name, ".got", 4) == 0)
			add_region(&elf->slots, &elf->slot_count, s->sh_addr, s->sh_size, name);
	}
	for (size_t i = 0; i < elf->segment_count && elf->section_count == 0; i++)
		if (elf->segments[i].p_type == PT_LOAD && elf->segments[i].p_flags & PF_X)
			add_region(&elf->text, &elf->text_count, elf->segments[i].p_vaddr,
			           elf->segments[i].p_filesz, "");
	elf->text_count = sort_regions(elf->text, elf->text_count);
	elf->slot_count = sort_regions(elf->slots, elf->slot_count);
}

static const struct ct_region *region_at(const struct ct_region *regions, size_t count,
                                         uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (regions[middle].high <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && regions[low].low <= address ? &regions[low] : NULL;
}

const struct ct_region *ct_elf_text_at(const struct ct_elf *elf, uint64_t address)
{
	return region_at(elf->text, elf->text_count, address);
}

bool ct_elf_is_slot(const struct ct_elf *elf, uint64_t address)
{
	return region_at(elf->slots, elf->slot_count, address) != NULL;
}

const uint8_t *ct_elf_at(const struct ct_elf *elf, uint64_t address, size_t *left)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *p = &elf->segments[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr
		    && address - p->p_vaddr < p->p_filesz
		    && in_file(elf, p->p_offset, p->p_filesz)) {
			*left = p->p_filesz - (address - p->p_vaddr);
			return elf->file.data + p->p_offset + (address - p->p_vaddr);
		}
	}
	return NULL;
}

const char *ct_elf_string_at(const struct ct_elf *elf, uint64_t address)
{
	size_t left;
	const uint8_t *at = ct_elf_at(elf, address, &left);

	return at && memchr(at, '\0', left) ? (const char *) at : NULL;
}

/* --- notes --- */

static bool note_build_id(struct ct_elf *elf, const uint8_t *at, size_t size, size_t align)
{
	align = align == 8 ? 8 : 4;
	while (size >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		size_t name, desc;

		memcpy(&n, at, sizeof n);
		name = sizeof n;
		desc = name + (((size_t) n.n_namesz + align - 1) & ~(align - 1));
		if (desc > size || n.n_descsz > size - desc)
			return false;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4
		    && memcmp(at + name, "GNU", 4) == 0 && n.n_descsz > 0) {
			elf->build_id_size = n.n_descsz < sizeof elf->build_id
			                             ? n.n_descsz : sizeof elf->build_id;
			memcpy(elf->build_id, at + desc, elf->build_id_size);
			return true;
		}
		desc += ((size_t) n.n_descsz + align - 1) & ~(align - 1);
		if (desc >= size)
			return false;
		at += desc;
		size -= desc;
	}
	return false;
}

static void read_build_id(struct ct_elf *elf)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *p = &elf->segments[i];

		if (p->p_type == PT_NOTE && in_file(elf, p->p_offset, p->p_filesz)
		    && note_build_id(elf, elf->file.data + p->p_offset, p->p_filesz, p->p_align))
			return;
	}
	for (size_t i = 0; i < elf->section_count; i++) {
		struct ct_bytes content = ct_elf_content(elf, &elf->sections[i]);

		if (elf->sections[i].sh_type == SHT_NOTE
		    && note_build_id(elf, content.data, content.size,
		                     elf->sections[i].sh_addralign))
			return;
	}
}

/* --- symbols --- */

struct symbol_table {
	const Elf64_Sym *rows;
	size_t count;
	const char *strings;
	size_t strings_size;
};

static struct symbol_table symbol_table(const struct ct_elf *elf, const Elf64_Shdr *section)
{
	struct ct_bytes rows = ct_elf_content(elf, section), strings = {0};
	struct symbol_table t = {0};

	if (!section || section->sh_link >= elf->section_count || section->sh_offset % 8 != 0)
		return t;
	strings = ct_elf_content(elf, &elf->sections[section->sh_link]);
	if (strings.size == 0 || strings.data[strings.size - 1] != '\0')
		return t;
	t.rows = (const void *) rows.data;
	t.count = rows.size / sizeof *t.rows;
	t.strings = (const char *) strings.data;
	t.strings_size = strings.size;
	return t;
}

static const char *symbol_name(const struct symbol_table *t, size_t row)
{
	if (row >= t->count || t->rows[row].st_name >= t->strings_size)
		return "";
	return t->strings + t->rows[row].st_name;
}

static const Elf64_Shdr *section_of_type(const struct ct_elf *elf, uint32_t type)
{
	for (size_t i = 0; i < elf->section_count; i++)
		if (elf->sections[i].sh_type == type)
			return &elf->sections[i];
	return NULL;
}

static void add_symbols(struct ct_elf *elf, const struct symbol_table *t)
{
	uint32_t group = 0;

	elf->symbols = ct_realloc(elf->symbols,
	                          (elf->symbol_count + t->count) * sizeof *elf->symbols);
	for (size_t i = 0; i < t->count; i++) {
		const Elf64_Sym *s = &t->rows[i];
		uint8_t binding = ELF64_ST_BIND(s->st_info);

		if (ELF64_ST_TYPE(s->st_info) == STT_FILE) {
			group++;
			elf->joined |= strcmp(symbol_name(t, i), "ld-temp.o") == 0; /* LLVM's name for it */
		}
		if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS
		    || ELF64_ST_TYPE(s->st_info) == STT_FILE
		    || ELF64_ST_TYPE(s->st_info) == STT_SECTION
		    || ELF64_ST_TYPE(s->st_info) == STT_TLS || *symbol_name(t, i) == '\0')
			continue;
		elf->symbols[elf->symbol_count++] = (struct ct_symbol){
			.address = s->st_value,
			.size = s->st_size,
			.name = symbol_name(t, i),
			.group = binding == STB_LOCAL ? group : 0,
			.type = ELF64_ST_TYPE(s->st_info),
			.binding = binding,
		};
	}
}

int ct_symbol_order(const void *a, const void *b)
{
	const struct ct_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void read_symbols(struct ct_elf *elf)
{
	struct symbol_table t = symbol_table(elf, section_of_type(elf, SHT_SYMTAB));

	elf->has_symtab = t.count > 1;
	add_symbols(elf, &t);
	t = symbol_table(elf, section_of_type(elf, SHT_DYNSYM));
	add_symbols(elf, &t);
	if (elf->symbol_count)
		qsort(elf->symbols, elf->symbol_count, sizeof *elf->symbols, ct_symbol_order);
}

/* --- relocations --- */

static void add_relocs(struct ct_elf *elf, const Elf64_Shdr *section)
{
	struct ct_bytes content = ct_elf_content(elf, section);
	size_t count = content.size / sizeof(Elf64_Rela);
	struct symbol_table t = {0};

	if (section->sh_link < elf->section_count)
		t = symbol_table(elf, &elf->sections[section->sh_link]);
	elf->relocs = ct_realloc(elf->relocs,
	                         (elf->reloc_count + count) * sizeof *elf->relocs);
	for (size_t i = 0; i < count; i++) {
		struct ct_reloc *out = &elf->relocs[elf->reloc_count++];
		Elf64_Rela r;
		size_t row;

		memcpy(&r, content.data + i * sizeof r, sizeof r);
		row = ELF64_R_SYM(r.r_info);
		*out = (struct ct_reloc){ .slot = r.r_offset, .type = ELF64_R_TYPE(r.r_info) };
		if (row > 0 && row < t.count) {
			out->name = symbol_name(&t, row);
			if (t.rows[row].st_shndx != SHN_UNDEF)
				out->value = t.rows[row].st_value + (uint64_t) r.r_addend;
		} else {
			out->value = (uint64_t) r.r_addend;
		}
	}
}

static int by_slot(const void *a, const void *b)
{
	const struct ct_reloc *x = a, *y = b;

	return (x->slot > y->slot) - (x->slot < y->slot);
}

static void read_relocs(struct ct_elf *elf)
{
	for (size_t i = 0; i < elf->section_count; i++)
		if (elf->sections[i].sh_type == SHT_RELA
		    && elf->sections[i].sh_flags & SHF_ALLOC)
			add_relocs(elf, &elf->sections[i]);
	if (elf->reloc_count)
		qsort(elf->relocs, elf->reloc_count, sizeof *elf->relocs, by_slot);
}

const struct ct_reloc *ct_elf_reloc_at(const struct ct_elf *elf, uint64_t slot)
{
	struct ct_reloc key = { .slot = slot };

	if (elf->reloc_count == 0)
		return NULL;
	return bsearch(&key, elf->relocs, elf->reloc_count, sizeof key, by_slot);
}

bool ct_elf_pointer_at(const struct ct_elf *elf, uint64_t address, uint64_t *value)
{
	const struct ct_reloc *reloc = ct_elf_reloc_at(elf, address);
	const uint8_t *at;
	size_t left;

	if (reloc) {
		*value = reloc->value;
		return reloc->value != 0;
	}
	at = ct_elf_at(elf, address, &left);
	if (!at || left < sizeof *value)
		return false;
	memcpy(value, at, sizeof *value);
	return *value != 0;
}

/* --- PT_DYNAMIC --- */

bool ct_elf_dynamic(const struct ct_elf *elf, int64_t tag, size_t n, uint64_t *value)
{
	const Elf64_Phdr *p = ct_elf_segment(elf, PT_DYNAMIC);

	if (!p || !in_file(elf, p->p_offset, p->p_filesz))
		return false;
	for (size_t at = 0; p->p_filesz - at >= sizeof(Elf64_Dyn); at += sizeof(Elf64_Dyn)) {
		Elf64_Dyn d;

		memcpy(&d, elf->file.data + p->p_offset + at, sizeof d);
		if (d.d_tag == DT_NULL)
			return false;
		if (d.d_tag == tag && n-- == 0) {
			*value = d.d_un.d_val;
			return true;
		}
	}
	return false;
}

const char *ct_elf_dynamic_string(const struct ct_elf *elf, uint64_t offset)
{
	uint64_t strings;

	if (!ct_elf_dynamic(elf, DT_STRTAB, 0, &strings))
		return NULL;
	return ct_elf_string_at(elf, strings + offset);
}

bool ct_elf_is_library(const struct ct_elf *elf)
{
	uint64_t flags = 0;

	return elf->header->e_type == ET_DYN && !ct_elf_segment(elf, PT_INTERP)
	       && !(ct_elf_dynamic(elf, DT_FLAGS_1, 0, &flags) && flags & DF_1_PIE);
}

void ct_elf_content_id(const struct ct_elf *elf, uint8_t id[CT_CONTENT_ID_SIZE])
{
	for (uint64_t half = 0; half < 2; half++) {
		uint64_t hash = ct_hash(elf->file.data, elf->file.size, half);

		memcpy(id + half * sizeof hash, &hash, sizeof hash);
	}
}

bool ct_elf_open(const char *path, struct ct_elf *elf, struct ct_error *err)
{
	*elf = (struct ct_elf){0};
	if (!ct_file_map(path, &elf->file, err))
		return false;
	elf->path = realpath(path, NULL);
	if (!elf->path)
		elf->path = ct_strdup(path);
	if (!read_header(elf, err)) {
		ct_elf_close(elf);
		return false;
	}
	read_segments(elf);
	read_sections(elf);
	read_regions(elf);
	read_build_id(elf);
	read_symbols(elf);
	read_relocs(elf);
	return true;
}

void ct_elf_close(struct ct_elf *elf)
{
	ct_file_unmap(&elf->file);
	free(elf->path);
	free(elf->text);
	free(elf->slots);
	free(elf->symbols);
	free(elf->relocs);
	*elf = (struct ct_elf){0};
}
