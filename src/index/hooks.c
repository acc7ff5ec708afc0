/*
 * hooks.c - which function each hook reports.
 *
 * Two witnesses. The operand: the address that is loaded for the hook's first
 * argument. The debug information: the inlined instance that covers the hook. The
 * operand is what the traced process sees, so it decides where it can be found and
 * has a function; it cannot be found where it comes through a branch, and has no
 * function here where it lies in another module (C++: an inlined copy of a template
 * that another library instantiates).
 */
#include "index/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

/* The instance around `instance`, or itself, that is one of `function`; or CT_NONE. */
static uint32_t instance_of(struct ct_build *b, uint32_t instance, uint32_t function)
{
	for (; instance != CT_NONE; instance = b->instances.items[instance].parent)
		if (ct_instance_function(b, instance) == function)
			return instance;
	return CT_NONE;
}

/*
 * The function with that symbol, which has no text in this file. The instance knows
 * better what it is one of: a constructor has several symbols.
 */
static uint32_t function_by_symbol(struct ct_build *b, uint32_t instance, const char *symbol)
{
	const char *name = ct_demangle(b, symbol);
	uint32_t function;

	for (uint32_t i = instance; i != CT_NONE; i = b->instances.items[i].parent) {
		function = ct_instance_function(b, i);
		if (strcmp(b->functions.items[function].linkage, symbol) == 0
		    || strcmp(b->functions.items[function].name, name) == 0)
			return function;
	}
	if (instance != CT_NONE)
		return CT_NONE;
	function = ct_function_add(b, name, symbol, CT_NONE, 0);
	if (!b->functions.items[function].address)
		b->functions.items[function].flags |= CT_FUNCTION_NO_DEBUG;
	return function;
}

/* The function whose address the hook is given, or CT_NONE. */
static uint32_t function_of_operand(struct ct_build *b, const struct ct_call *call)
{
	const struct ct_value *v = &call->arguments[0];
	const struct ct_reloc *reloc;
	uint64_t address = v->value;

	if (v->kind == CT_VALUE_UNKNOWN)
		return CT_NONE;
	if (v->kind == CT_VALUE_LOADED) {
		reloc = ct_elf_reloc_at(&b->elf, v->value);
		if (reloc && reloc->name && !reloc->value)
			return function_by_symbol(b, call->instance, reloc->name);
		if (!ct_elf_pointer_at(&b->elf, v->value, &address))
			return CT_NONE;
	}
	return ct_function_entered(b, address);
}

/* False: an enter hook of which nothing tells whose it is. The trace has the address it was given. */
static bool choose(struct ct_build *b, const struct ct_call *call, struct ct_hook *hook)
{
	uint32_t outer = b->bodies.items[call->body].function;
	uint32_t function = function_of_operand(b, call);
	uint32_t covering = call->instance == CT_NONE ? outer
	                                              : ct_instance_function(b, call->instance);

	if (function == CT_NONE && !hook->exit
	    && b->functions.items[outer].flags & CT_FUNCTION_NO_DEBUG) {
		b->counts.lost++;
		return false;
	}
	if (function == CT_NONE) {
		b->counts.by_debug++;
		hook->function = covering;
		hook->instance = call->instance;
	} else {
		b->counts.by_operand++;
		b->counts.disagree += function != covering;
		hook->function = function;
		hook->instance = instance_of(b, call->instance, function);
	}
	if (hook->instance != CT_NONE)
		hook->depth = b->instances.items[hook->instance].depth;
	else if (hook->function != outer)
		hook->depth = call->instance == CT_NONE
		                      ? 1 : b->instances.items[call->instance].depth + 1;
	return true;
}

static void add_hook(struct ct_build *b, const struct ct_call *call, uint8_t kind)
{
	struct ct_hook hook = {
		.address = call->address,
		.call = call->address - call->length,
		.body = call->body,
		.exit = kind == CT_HOOK_EXIT,
		.tail = call->jump,
	};
	struct ct_body *body = &b->bodies.items[call->body];

	if (!choose(b, call, &hook))
		return;
	if (kind == CT_HOOK_EITHER) /* the two cannot be told apart: the first is the enter hook */
		hook.exit = hook.instance != CT_NONE ? b->instances.items[hook.instance].hooked
		                                     : body->hooked;
	*ct_push(&b->hooks) = hook;
	if (hook.exit)
		return;
	b->functions.items[hook.function].flags |= CT_FUNCTION_INSTRUMENTED;
	if (hook.instance != CT_NONE)
		b->instances.items[hook.instance].hooked = true;
	else if (hook.depth == 0)
		body->hooked = true;
}

/*
 * clang joins what two instances of one function begin with: the hook then belongs to
 * no instance, and all those that have no hook of their own are entered through it.
 */
static void share_hooks(struct ct_build *b)
{
	struct ct_map shared = {0};

	for (uint32_t i = 0; i < b->hooks.count; i++) {
		const struct ct_hook *h = &b->hooks.items[i];
		uint32_t key[2] = { h->body, h->function };

		if (h->exit || h->depth == 0 || h->instance != CT_NONE)
			continue;
		b->bodies.items[h->body].merged = true;
		ct_map_add(&shared, key, sizeof key, 0, NULL);
	}
	for (uint32_t i = 0; i < b->instances.count && shared.count; i++) {
		struct ct_instance *in = &b->instances.items[i];
		uint32_t key[2] = { in->body, CT_NONE };

		if (in->hooked || !b->bodies.items[in->body].merged)
			continue;
		key[1] = ct_instance_function(b, i);
		in->hooked = ct_map_find(&shared, key, sizeof key, NULL);
	}
	ct_map_deinit(&shared);
}

/* --- functions that only a symbol tells of --- */

/* Added by function_by_symbol(): nothing else is known of it. */
static bool is_by_symbol(const struct ct_function *f)
{
	return f->file == CT_NONE && !f->address && !f->used && f->flags & CT_FUNCTION_NO_DEBUG;
}

/* By name, the function with debug information that other binaries may define, too; CT_NONE: there are several. */
static void name_described(struct ct_build *b, struct ct_map *by_name, uint32_t *found)
{
	for (uint32_t i = 0; i < b->functions.count; i++) {
		const struct ct_function *f = &b->functions.items[i];
		uint32_t at;
		bool added;

		if (f->file == CT_NONE || f->flags & CT_FUNCTION_STATIC)
			continue;
		at = ct_map_add(by_name, f->name, strlen(f->name), i, &added);
		found[at] = added ? i : CT_NONE;
	}
}

/*
 * In what the compiler made without describing it, gcc's virtual thunks, an inlined destructor is told by its symbol
 * alone. Where it is described elsewhere in this file, it is that function, and no other.
 */
static void join_symbols(struct ct_build *b)
{
	ct_auto_free uint32_t *found = ct_calloc(b->functions.count + 1, sizeof *found);
	struct ct_map by_name = {0};

	name_described(b, &by_name, found);
	for (uint32_t i = 0; i < b->hooks.count; i++) {
		struct ct_hook *h = &b->hooks.items[i];
		struct ct_function *f = &b->functions.items[h->function];
		uint32_t at;

		if (!is_by_symbol(f) || !ct_map_find(&by_name, f->name, strlen(f->name), &at) || found[at] == CT_NONE)
			continue;
		f->flags &= ~CT_FUNCTION_INSTRUMENTED;
		h->function = found[at];
		b->functions.items[found[at]].flags |= CT_FUNCTION_INSTRUMENTED;
	}
	ct_map_deinit(&by_name);
}

void ct_find_hooks(struct ct_build *b)
{
	b->own_hooks = ct_defines(b, "__cyg_profile_func_enter");
	for (uint32_t i = 0; i < b->calls.count; i++) {
		uint8_t kind = b->callees.items[b->calls.items[i].callee].hook;

		if (kind != CT_HOOK_NONE)
			add_hook(b, &b->calls.items[i], kind);
	}
	join_symbols(b);
	share_hooks(b);
	/* A piece that was split off an instrumented function makes calls in its name. */
	for (uint32_t i = 0; i < b->bodies.count; i++) {
		struct ct_body *body = &b->bodies.items[i];

		body->counted = body->hooked
		                || (body->part && b->functions.items[body->function].flags
		                                          & CT_FUNCTION_INSTRUMENTED);
	}
}
