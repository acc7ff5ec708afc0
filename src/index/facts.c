/* facts.c - what decides whether a binary can be traced, besides how it was compiled. */
#include "index/index.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "index/elf.h"

static bool needs(const struct ct_elf *elf, const char *library)
{
	uint64_t offset;

	for (size_t n = 0; ct_elf_dynamic(elf, DT_NEEDED, n, &offset); n++) {
		const char *name = ct_elf_dynamic_string(elf, offset);

		if (name && strncmp(name, library, strlen(library)) == 0)
			return true;
	}
	return false;
}

static bool defines(const struct ct_elf *elf, const char *name)
{
	for (size_t i = 0; i < elf->symbol_count; i++)
		if (strcmp(elf->symbols[i].name, name) == 0)
			return true;
	return false;
}

static bool privileged(const char *binary)
{
	struct stat st;

	return (stat(binary, &st) == 0 && st.st_mode & (S_ISUID | S_ISGID))
	       || getxattr(binary, "security.capability", NULL, 0) > 0;
}

static uint32_t tests(const struct ct_elf *elf)
{
	const Elf64_Shdr *section = ct_elf_section(elf, "cr_tst");
	uint32_t count = 0;
	uint64_t test;

	if (!section || section->sh_size > elf->file.size)
		return 0;
	for (uint64_t at = 0; section->sh_size - at >= 8; at += 8)
		count += ct_elf_pointer_at(elf, section->sh_addr + at, &test);
	return count;
}

bool ct_binary_look(const char *binary, struct ct_binary_facts *facts, struct ct_error *err)
{
	struct ct_elf elf;

	*facts = (struct ct_binary_facts){0};
	if (!ct_elf_open(binary, &elf, err))
		return false;
	facts->library = ct_elf_is_library(&elf);
	facts->dynamic = facts->library || ct_elf_segment(&elf, PT_INTERP);
	facts->privileged = privileged(binary);
	facts->linked = needs(&elf, "libcalltrace.so");
	facts->own_hooks = defines(&elf, "__cyg_profile_func_enter");
	facts->own_are_ours = facts->own_hooks && defines(&elf, "calltrace_version");
	if (defines(&elf, "criterion_run_all_tests"))
		facts->criterion = CT_CRITERION_STATIC;
	else if (needs(&elf, "libcriterion.so"))
		facts->criterion = CT_CRITERION_SHARED;
	facts->seam = defines(&elf, "__wrap_criterion_internal_test_main");
	facts->tests = tests(&elf);
	ct_elf_close(&elf);
	return true;
}
