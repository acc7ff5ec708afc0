/* build.c - the steps that make an index, in their order. */
#include "index/build.h"

#include <stdlib.h>

#include "index/index.h"
#include "index/values.h"

bool ct_build_open(struct ct_build *b, const char *binary, struct ct_error *err)
{
	*b = (struct ct_build){ .dwarf_fd = -1 };
	return ct_elf_open(binary, &b->elf, err);
}

void ct_build_run(struct ct_build *b)
{
	ct_debug_open(b);
	ct_dwarf_walk(b);
	ct_sort_spans(b);
	ct_symbols_walk(b);
	ct_sort_spans(b);
	if (!b->elf.has_symtab && !b->debug_elf.has_symtab) {
		ct_unwind_walk(b);
		ct_sort_spans(b);
	}
	ct_settle_functions(b);
	ct_find_calls(b);
	ct_find_hooks(b);
	ct_find_sites(b);
	ct_find_tests(b);
	ct_find_lines(b);
	ct_number_sites(b);
	ct_make_plans(b);
	ct_class_exits(b);
}

void ct_build_close(struct ct_build *b)
{
	ct_values_deinit(b);
	ct_debug_close(b);
	free(b->files.items);
	free(b->units.items);
	free(b->functions.items);
	free(b->bodies.items);
	free(b->spans.items);
	free(b->instances.items);
	free(b->instance_ranges.items);
	free(b->callees.items);
	free(b->calls.items);
	free(b->hooks.items);
	free(b->sites.items);
	ct_map_deinit(&b->file_map);
	ct_map_deinit(&b->unit_file_map);
	ct_map_deinit(&b->function_map);
	ct_map_deinit(&b->entry_map);
	ct_map_deinit(&b->die_map);
	ct_map_deinit(&b->callee_map);
	ct_elf_close(&b->elf);
	ct_arena_deinit(&b->arena);
}

bool ct_index_make(const char *binary, const char *path, struct ct_error *err)
{
	struct ct_build b;
	bool ok;

	if (!ct_build_open(&b, binary, err))
		return false;
	ct_build_run(&b);
	ok = ct_build_write(&b, path, err);
	ct_build_close(&b);
	return ok;
}
