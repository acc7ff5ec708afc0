/*
 * fuzz_dwarf.c - any bytes as the debug information, the unwind table and the text of a
 * program: its index is made, and must be one that opens. FUZZ_BINARY is the program; an input is
 * what is in those sections, one after the other.
 */
#include <elf.h>
#include <sys/resource.h>

#include "../unit/index_image.h"
#include "driver.h"
#include "index/index.h"
#include "through_file.h"

static struct ct_bytes program(void)
{
	static struct ct_bytes bytes;
	const char *path = getenv("FUZZ_BINARY");
	struct ct_error err;

	if (!bytes.data && (!path || !ct_file_map(path, &bytes, &err))) {
		fprintf(stderr, "FUZZ_BINARY: %s\n", path ? err.text : "not set");
		exit(2);
	}
	return bytes;
}

static bool is_wanted(const char *name)
{
	return strncmp(name, ".debug_", 7) == 0 || strcmp(name, ".eh_frame") == 0 || strcmp(name, ".text") == 0;
}

/* Calls `each` with every wanted section. */
static void for_each_section(const uint8_t *elf, void (*each)(const Elf64_Shdr *s, void *user), void *user)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *) elf;
	const Elf64_Shdr *sections = (const Elf64_Shdr *) (elf + header->e_shoff);
	const char *names = (const char *) elf + sections[header->e_shstrndx].sh_offset;

	for (int i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type != SHT_NOBITS && is_wanted(names + sections[i].sh_name))
			each(&sections[i], user);
}

static void append(const Elf64_Shdr *s, void *user)
{
	ct_text_add_n(user, (const char *) program().data + s->sh_offset, s->sh_size);
}

static bool fuzz_begin(unsigned n, struct ct_text *input)
{
	if (n == 0)
		for_each_section(program().data, append, input);
	return n == 0;
}

struct patch {
	uint8_t *elf;
	const uint8_t *data;
	size_t left;
};

static void overwrite(const Elf64_Shdr *s, void *user)
{
	struct patch *p = user;
	size_t n = s->sh_size < p->left ? s->sh_size : p->left;

	memcpy(p->elf + s->sh_offset, p->data, n);
	p->data += n;
	p->left -= n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ct_bytes whole = program();
	uint8_t *elf = ct_alloc(whole.size);
	struct patch patch = { elf, data, size };
	struct ct_index index;
	struct ct_error err;
	char path[64];
	int fd;

	memcpy(elf, whole.data, whole.size);
	for_each_section(whole.data, overwrite, &patch);
	fd = fuzz_file(elf, whole.size, path);
	if (ct_index_make_temporary(path, &index, &err)) {
		follow_index(&index);
		ct_index_close(&index);
	} else {
		FILE *kept = fopen("damaged", "wb");

		if (kept && fwrite(elf, whole.size, 1, kept) == 1)
			fprintf(stderr, "%s (see the file damaged)\n", err.text), fclose(kept);
		abort();
	}
	close(fd);
	free(elf);
	return 0;
}
