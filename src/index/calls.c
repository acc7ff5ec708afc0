/*
 * calls.c - decodes all bodies: which calls and jumps they hold, where those go, and
 * in which inlined instance they are.
 */
#include "index/build.h"

#include <stdlib.h>
#include <string.h>

static const char *const hook_names[] = {
	[CT_HOOK_ENTER] = "__cyg_profile_func_enter",
	[CT_HOOK_EXIT] = "__cyg_profile_func_exit",
};

uint32_t ct_function_entered(const struct ct_build *b, uint64_t address)
{
	const struct ct_span *span = ct_span_at(b, address);

	if (!span || b->bodies.items[span->body].entry != address)
		return CT_NONE;
	return b->bodies.items[span->body].function;
}

/* --- where a call goes --- */

static bool has_name(const struct ct_build *b, const struct ct_callee *c, const char *name)
{
	if (c->name)
		return strcmp(c->name, name) == 0;
	return c->address && ct_symbol_is(b, c->address, name);
}

/* libc.a has both hooks at one address. */
static uint8_t hook_kind(const struct ct_build *b, const struct ct_callee *c)
{
	bool enter = has_name(b, c, hook_names[CT_HOOK_ENTER]);
	bool exit = has_name(b, c, hook_names[CT_HOOK_EXIT]);

	return enter && exit ? CT_HOOK_EITHER : enter ? CT_HOOK_ENTER : exit ? CT_HOOK_EXIT : 0;
}

/*
 * What a call through a slot reaches. Relocations of the loader's own kinds, and
 * slots in the GOT, are calls of a name or of a fixed function; anything else is a
 * pointer variable.
 */
static bool through_slot(const struct ct_build *b, uint64_t slot, struct ct_callee *c)
{
	const struct ct_reloc *reloc = ct_elf_reloc_at(&b->elf, slot);
	const struct ct_symbol *resolver;
	uint64_t value;

	if (reloc && (reloc->type == R_X86_64_JUMP_SLOT || reloc->type == R_X86_64_GLOB_DAT)) {
		*c = (struct ct_callee){ .address = reloc->value, .name = reloc->name,
		                         .kind = CT_SITE_EXTERNAL };
		return reloc->name && *reloc->name;
	}
	if (reloc && reloc->type == R_X86_64_IRELATIVE) {
		resolver = ct_symbol_at(b, reloc->value);
		*c = (struct ct_callee){ .name = resolver ? resolver->name : NULL,
		                         .kind = CT_SITE_EXTERNAL };
		return resolver != NULL;
	}
	if (!ct_elf_is_slot(&b->elf, slot) || !ct_elf_pointer_at(&b->elf, slot, &value)
	    || !ct_elf_text_at(&b->elf, value))
		return false;
	*c = (struct ct_callee){ .address = value, .kind = CT_SITE_DIRECT };
	return true;
}

static struct ct_callee resolve(const struct ct_build *b, uint8_t how, uint64_t target)
{
	struct ct_callee c = { .kind = CT_SITE_INDIRECT };
	const uint8_t *bytes;
	uint64_t slot;
	size_t left;

	if (how == CT_TARGET_SLOT && !through_slot(b, target, &c))
		return (struct ct_callee){ .kind = CT_SITE_INDIRECT };
	if (how == CT_TARGET_ADDRESS) {
		c = (struct ct_callee){ .address = target, .kind = CT_SITE_DIRECT };
		bytes = ct_span_at(b, target) ? NULL : ct_elf_at(&b->elf, target, &left);
		if (bytes && ct_decode_stub(bytes, left, target, &slot)
		    && !through_slot(b, slot, &c))
			c = (struct ct_callee){ .address = target, .kind = CT_SITE_DIRECT };
	}
	c.hook = hook_kind(b, &c);
	/* By the second names where libcalltrace-criterion is linked in. */
	if (has_name(b, &c, "criterion_internal_test_main")
	    || has_name(b, &c, "__wrap_criterion_internal_test_main"))
		c.criterion = CT_CRITERION_MAIN;
	else if (has_name(b, &c, "cr_theory_main") || has_name(b, &c, "__wrap_cr_theory_main"))
		c.criterion = CT_CRITERION_THEORY;
	return c;
}

static uint32_t callee_of(struct ct_build *b, const struct ct_branch *branch)
{
	struct { uint64_t target, how; } key = { branch->target, branch->how };
	uint32_t callee;
	bool added;

	callee = ct_map_add(&b->callee_map, &key, sizeof key, b->callees.count, &added);
	if (added) {
		ct_append(&b->callees);
		b->callees.items[callee] = resolve(b, branch->how, branch->target);
	}
	return callee;
}

/* --- the calls of one span --- */

static void add_call(struct ct_build *b, struct ct_decoder *decoder,
                     const struct ct_branch *branch, uint32_t body)
{
	uint32_t callee = callee_of(b, branch);
	struct ct_call *call = ct_push(&b->calls);

	*call = (struct ct_call){
		.address = branch->next, .body = body, .instance = CT_NONE,
		.callee = callee, .jump = !branch->call,
		.length = (uint8_t) (branch->next - branch->address),
	};
	if (b->callees.items[callee].hook || b->callees.items[callee].criterion)
		for (int i = 0; i < 3; i++)
			call->arguments[i] = ct_decode_argument(decoder, branch, i);
}

/* A jump is a call of another function if it goes to one's entry, or out of this file. */
static bool is_tail_call(struct ct_build *b, const struct ct_branch *branch, uint32_t body)
{
	const struct ct_callee *c;
	uint32_t function, callee;

	if (branch->how == CT_TARGET_ADDRESS && ct_span_at(b, branch->target)) {
		function = ct_function_entered(b, branch->target);
		return function != CT_NONE && function != b->bodies.items[body].function;
	}
	callee = callee_of(b, branch);
	c = &b->callees.items[callee];
	return c->kind == CT_SITE_EXTERNAL || c->hook;
}

/*
 * A call through a register that holds a fixed address: how gcc calls one function
 * several times with -fno-plt, and every function with -mcmodel=large.
 */
static void see_through_register(const struct ct_build *b, struct ct_decoder *decoder,
                                 struct ct_branch *branch)
{
	struct ct_value value = ct_decode_pointer(decoder, branch);
	struct ct_callee callee;

	if (value.kind == CT_VALUE_CONSTANT && ct_elf_text_at(&b->elf, value.value))
		branch->how = CT_TARGET_ADDRESS;
	else if (value.kind == CT_VALUE_LOADED && through_slot(b, value.value, &callee))
		branch->how = CT_TARGET_SLOT;
	else
		return;
	branch->target = value.value;
}

/* A call or jump into the middle of a body, from another one; or a call from that one itself. */
static void note_open(struct ct_build *b, const struct ct_branch *branch, uint32_t body)
{
	const struct ct_span *to = branch->how == CT_TARGET_ADDRESS ? ct_span_at(b, branch->target) : NULL;

	if (to && (branch->call || to->body != body) && b->bodies.items[to->body].entry != branch->target)
		b->bodies.items[to->body].open = true;
}

static void decode_span(struct ct_build *b, struct ct_decoder *decoder,
                        const struct ct_span *span)
{
	size_t left;
	const uint8_t *bytes = ct_elf_at(&b->elf, span->low, &left);

	if (!bytes)
		return;
	if (left > span->high - span->low)
		left = span->high - span->low;
	ct_decode(decoder, bytes, left, span->low);
	b->bodies.items[span->body].open |= decoder->open;
	for (uint32_t i = 0; i < decoder->branch_count; i++) {
		struct ct_branch *branch = &decoder->branches[i];

		note_open(b, branch, span->body);
		if (branch->call && branch->reg >= 0)
			see_through_register(b, decoder, branch);
		if (branch->call || is_tail_call(b, branch, span->body))
			add_call(b, decoder, branch, span->body);
	}
}

/* --- inlined instances --- */

static int by_low_then_depth(const void *a, const void *b)
{
	const struct ct_instance_range *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	if (x->high != y->high)
		return x->high > y->high ? -1 : 1;
	return (x->instance > y->instance) - (x->instance < y->instance);
}

/*
 * Gives every call the innermost instance that covers it: one pass over both lists,
 * with the instances that are open on a stack.
 */
static void place_calls(struct ct_build *b)
{
	CT_ARRAY(uint32_t) open = {0};
	struct ct_instance_range *ranges = b->instance_ranges.items;
	uint32_t next = 0;

	if (b->instance_ranges.count == 0)
		return;
	qsort(ranges, b->instance_ranges.count, sizeof *ranges, by_low_then_depth);
	for (uint32_t i = 0; i < b->calls.count; i++) {
		struct ct_call *call = &b->calls.items[i];
		uint64_t at = call->address - 1;

		for (; next < b->instance_ranges.count && ranges[next].low <= at; next++) {
			uint32_t top = ct_append(&open);

			open.items[top] = next;
		}
		while (open.count && ranges[open.items[open.count - 1]].high <= at)
			open.count--;
		if (open.count) {
			uint32_t instance = ranges[open.items[open.count - 1]].instance;

			if (b->instances.items[instance].body == call->body)
				call->instance = instance;
		}
	}
	free(open.items);
}

void ct_find_calls(struct ct_build *b)
{
	struct ct_decoder decoder = {0};

	for (uint32_t i = 0; i < b->spans.count; i++)
		decode_span(b, &decoder, &b->spans.items[i]);
	ct_decoder_deinit(&decoder);
	place_calls(b);
}
