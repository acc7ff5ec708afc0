/*
 * fuzz_dwarf.c - any bytes as the debug information, the unwind table and the text of a
 * program: its index is made, and must be one that opens. FUZZ_BINARY is the program, or several with colons between them. An
 * input is what is in those sections, one after the other; one that ends in "#1" is for the second program, and so on.
 */
#include <elf.h>
#include <sys/resource.h>

#include "../unit/index_image.h"
#include "driver.h"
#include "index/index.h"
#include "through_file.h"

enum { MOST_PROGRAMS = 10 };

struct programs {
	struct ct_bytes items[MOST_PROGRAMS];
	unsigned count;
};

static const struct programs *programs(void)
{
	static struct programs all;
	char *paths = getenv("FUZZ_BINARY"), *path, *rest = NULL;
	struct ct_error err = { .text = "not set" };

	if (all.count)
		return &all;
	paths = ct_strdup(paths ? paths : "");
	for (path = strtok_r(paths, ":", &rest); path && all.count < MOST_PROGRAMS; path = strtok_r(NULL, ":", &rest))
		if (!ct_file_map(path, &all.items[all.count++], &err))
			all.count = 0, rest = NULL;
	free(paths);
	if (!all.count) {
		fprintf(stderr, "FUZZ_BINARY: %s\n", err.text);
		exit(2);
	}
	return &all;
}

static bool is_wanted(const char *name)
{
	return strncmp(name, ".debug_", 7) == 0 || strcmp(name, ".eh_frame") == 0 || strcmp(name, ".text") == 0;
}

/* Calls `each` with every wanted section, and last with the table that is searched for those of .eh_frame. */
static void for_each_section(const uint8_t *elf, void (*each)(const uint8_t *elf, const Elf64_Shdr *s, void *user), void *user)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *) elf;
	const Elf64_Shdr *sections = (const Elf64_Shdr *) (elf + header->e_shoff), *search = NULL;
	const char *names = (const char *) elf + sections[header->e_shstrndx].sh_offset;

	for (int i = 0; i < header->e_shnum; i++) {
		const char *name = names + sections[i].sh_name;

		if (strcmp(name, ".eh_frame_hdr") == 0)
			search = &sections[i];
		else if (sections[i].sh_type != SHT_NOBITS && is_wanted(name))
			each(elf, &sections[i], user);
	}
	if (search)
		each(elf, search, user);
}

static void append(const uint8_t *elf, const Elf64_Shdr *s, void *user)
{
	ct_text_add_n(user, (const char *) elf + s->sh_offset, s->sh_size);
}

static bool fuzz_begin(unsigned n, struct ct_text *input)
{
	if (n >= programs()->count)
		return false;
	for_each_section(programs()->items[n].data, append, input);
	if (n)
		ct_text_addf(input, "#%u", n);
	return true;
}

/* Takes its end off an input. */
static struct ct_bytes program_of(const uint8_t *data, size_t *size)
{
	unsigned n = *size >= 2 && data[*size - 2] == '#' ? data[*size - 1] - '0' : 0;

	if (n == 0 || n >= programs()->count)
		return programs()->items[0];
	*size -= 2;
	return programs()->items[n];
}

struct patch {
	uint8_t *elf;
	const uint8_t *data;
	size_t left;
};

static void overwrite(const uint8_t *elf, const Elf64_Shdr *s, void *user)
{
	struct patch *p = user;
	size_t n = s->sh_size < p->left ? s->sh_size : p->left;

	(void) elf;
	memcpy(p->elf + s->sh_offset, p->data, n);
	p->data += n;
	p->left -= n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ct_bytes whole = program_of(data, &size);
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
