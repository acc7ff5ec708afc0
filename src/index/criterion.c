/*
 * criterion.c - which functions are Criterion tests, and which are Criterion's own.
 *
 * The facts are in the binary: section cr_tst holds pointers to `struct
 * criterion_test`, whose third word is the generated trampoline; the trampoline hands
 * the body to criterion_internal_test_main(); the body of a theory, generated too,
 * hands the theory to cr_theory_main(). Names are looked at where that fails.
 */
#include "index/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Words of struct criterion_test (Criterion 2.3 and 2.4). */
enum { TEST_NAME = 0, TEST_CATEGORY = 8, TEST_FUNCTION = 16 };

static void mark_test(struct ct_build *b, uint32_t function)
{
	struct ct_function *f = &b->functions.items[function];

	f->flags |= CT_FUNCTION_TEST;
	if (f->file != CT_NONE)
		b->files.items[f->file].tests = true;
}

/* The functions by their symbols; made when first asked for. */
static uint32_t function_with_symbol(const struct ct_build *b, struct ct_map *symbols,
                                     const char *symbol)
{
	uint32_t function = CT_NONE;

	for (uint32_t i = 0; symbols->count == 0 && i < b->functions.count; i++) {
		const char *linkage = b->functions.items[i].linkage;

		ct_map_add(symbols, linkage, strlen(linkage), i, NULL);
	}
	ct_map_find(symbols, symbol, strlen(symbol), &function);
	return function;
}

static const char *string_through(const struct ct_build *b, uint64_t address)
{
	uint64_t string;

	return ct_elf_pointer_at(&b->elf, address, &string) ? ct_elf_string_at(&b->elf, string)
	                                                    : NULL;
}

/* Where the trampoline could not be read: the body by its name. */
static void mark_by_name(struct ct_build *b, struct ct_map *symbols, uint64_t test)
{
	const char *category = string_through(b, test + TEST_CATEGORY);
	const char *name = string_through(b, test + TEST_NAME);
	struct ct_text symbol = {0};
	uint32_t function;

	if (!category || !name)
		return;
	ct_text_addf(&symbol, "%s_%s_impl", category, name);
	function = function_with_symbol(b, symbols, symbol.data);
	if (function != CT_NONE)
		mark_test(b, function);
	ct_text_deinit(&symbol);
}

/* The function that `call` passes as an argument, or CT_NONE. */
static uint32_t passed(const struct ct_build *b, const struct ct_call *call, int argument)
{
	const struct ct_value *v = &call->arguments[argument];
	uint64_t address = v->value;

	if (v->kind == CT_VALUE_UNKNOWN
	    || (v->kind == CT_VALUE_LOADED && !ct_elf_pointer_at(&b->elf, v->value, &address)))
		return CT_NONE;
	return ct_function_entered(b, address);
}

/* What the calls of `name` in functions with `flag` pass: bodies[caller] = passed. */
static void find_passed(struct ct_build *b, uint8_t which, uint32_t flag, int argument,
                        uint32_t *bodies)
{
	for (uint32_t i = 0; i < b->calls.count; i++) {
		const struct ct_call *call = &b->calls.items[i];
		uint32_t caller = b->bodies.items[call->body].function;

		if (b->callees.items[call->callee].criterion == which
		    && b->functions.items[caller].flags & flag)
			bodies[caller] = passed(b, call, argument);
	}
}

static void mark_trampolines(struct ct_build *b, const Elf64_Shdr *section, uint32_t *bodies)
{
	struct ct_map symbols = {0};

	for (uint64_t at = 0; section->sh_size - at >= 8; at += 8) {
		uint64_t test, address;
		uint32_t function;

		if (!ct_elf_pointer_at(&b->elf, section->sh_addr + at, &test)
		    || !ct_elf_pointer_at(&b->elf, test + TEST_FUNCTION, &address))
			continue;
		function = ct_function_entered(b, address);
		if (function != CT_NONE)
			b->functions.items[function].flags |= CT_FUNCTION_PLUMBING;
	}
	find_passed(b, CT_CRITERION_MAIN, CT_FUNCTION_PLUMBING, 0, bodies);
	for (uint64_t at = 0; section->sh_size - at >= 8; at += 8) {
		uint64_t test, address;
		uint32_t function = CT_NONE;

		if (!ct_elf_pointer_at(&b->elf, section->sh_addr + at, &test))
			continue;
		if (ct_elf_pointer_at(&b->elf, test + TEST_FUNCTION, &address))
			function = ct_function_entered(b, address);
		if (function != CT_NONE && bodies[function] != CT_NONE)
			mark_test(b, bodies[function]);
		else
			mark_by_name(b, &symbols, test);
	}
	ct_map_deinit(&symbols);
}

/* The generated body of a theory is plumbing, the theory is the test. */
static void mark_theories(struct ct_build *b, uint32_t *bodies)
{
	find_passed(b, CT_CRITERION_THEORY, CT_FUNCTION_TEST, 2, bodies);
	for (uint32_t i = 0; i < b->functions.count; i++) {
		struct ct_function *f = &b->functions.items[i];

		if (f->flags & CT_FUNCTION_TEST && bodies[i] != CT_NONE) {
			f->flags ^= CT_FUNCTION_TEST | CT_FUNCTION_PLUMBING;
			mark_test(b, bodies[i]);
		}
	}
}

static void mark_headers(struct ct_build *b)
{
	for (uint32_t i = 0; i < b->functions.count; i++) {
		struct ct_function *f = &b->functions.items[i];

		if (strncmp(f->name, "criterion::", 11) == 0
		    || (f->file != CT_NONE
		        && strstr(b->files.items[f->file].path, "/include/criterion/")))
			f->flags |= CT_FUNCTION_PLUMBING;
	}
}

void ct_find_tests(struct ct_build *b)
{
	const Elf64_Shdr *section = ct_elf_section(&b->elf, "cr_tst");
	size_t size = (b->functions.count + 1) * sizeof(uint32_t);
	ct_auto_free uint32_t *bodies = ct_alloc(size);

	if (!section || section->sh_size > b->elf.file.size)
		return;
	b->criterion = true;
	mark_headers(b);
	memset(bodies, 0xff, size);
	mark_trampolines(b, section, bodies);
	memset(bodies, 0xff, size);
	mark_theories(b, bodies);
}
