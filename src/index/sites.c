/*
 * sites.c - the calls that instrumented functions make: what coverage is counted over.
 *
 * A call belongs to the innermost inlined instance around it that has an enter hook
 * of its own, else to the body: that is the caller as the trace will show it.
 */
#include "index/build.h"

#include <stdlib.h>
#include <string.h>

/* The caller; false if nothing instrumented is around the call. */
static bool caller_of(struct ct_build *b, uint32_t body, uint32_t instance,
                      struct ct_site *site)
{
	for (; instance != CT_NONE; instance = b->instances.items[instance].parent)
		if (b->instances.items[instance].hooked) {
			site->instance = instance;
			site->row.caller = ct_instance_function(b, instance);
			return true;
		}
	site->instance = CT_NONE;
	site->row.caller = b->bodies.items[body].function;
	return b->bodies.items[body].counted;
}

static void add_site(struct ct_build *b, struct ct_site *site)
{
	site->row.outer = b->bodies.items[site->body].function;
	site->row.file = CT_NONE;
	*ct_push(&b->sites) = *site;
}

static void add_call_site(struct ct_build *b, const struct ct_call *call)
{
	const struct ct_callee *c = &b->callees.items[call->callee];
	struct ct_site site = {
		.row = { .address = call->address, .kind = c->kind, .callee = CT_NONE },
		.body = call->body,
		.at = call->address - 1,
		.name = c->name,
	};
	const struct ct_span *span = c->address ? ct_span_at(b, c->address) : NULL;

	if (!caller_of(b, call->body, call->instance, &site))
		return;
	if (span) {
		const struct ct_body *target = &b->bodies.items[span->body];

		site.row.callee = target->function;
		if (!target->hooked
		    && b->functions.items[target->function].flags & CT_FUNCTION_INSTRUMENTED)
			site.row.flags |= CT_SITE_PART;
	}
	if (call->jump)
		site.row.flags |= CT_SITE_TAIL;
	add_site(b, &site);
}

static void add_inlined_site(struct ct_build *b, const struct ct_hook *hook)
{
	struct ct_site site = {
		.row = { .address = hook->address, .kind = CT_SITE_INLINED,
		         .callee = hook->function },
		.body = hook->body,
		.at = hook->address - 1,
		.hook = hook,
	};
	uint32_t around = CT_NONE;

	if (hook->instance != CT_NONE)
		around = b->instances.items[hook->instance].parent;
	caller_of(b, hook->body, around, &site);
	add_site(b, &site);
}

static int by_address(const void *a, const void *b)
{
	const struct ct_site *x = a, *y = b;

	return (x->row.address > y->row.address) - (x->row.address < y->row.address);
}

void ct_find_sites(struct ct_build *b)
{
	for (uint32_t i = 0; i < b->calls.count; i++)
		if (b->callees.items[b->calls.items[i].callee].hook == CT_HOOK_NONE)
			add_call_site(b, &b->calls.items[i]);
	for (uint32_t i = 0; i < b->hooks.count; i++)
		if (!b->hooks.items[i].exit && b->hooks.items[i].depth > 0)
			add_inlined_site(b, &b->hooks.items[i]);
	if (b->sites.count)
		qsort(b->sites.items, b->sites.count, sizeof *b->sites.items, by_address);
	for (uint32_t i = 0; i < b->sites.count; i++)
		b->functions.items[b->sites.items[i].row.caller].sites++;
}

/* --- ordinals --- */

/* A site's place in the source, as far as lines go. */
struct place {
	uint32_t body, instance, caller, file, line, callee;
	const char *name;
};

void ct_number_sites(struct ct_build *b)
{
	struct ct_map seen = {0}; /* place -> number in `counts` */
	CT_ARRAY(uint32_t) counts = {0};

	for (uint32_t i = 0; i < b->sites.count; i++) {
		struct ct_site *s = &b->sites.items[i];
		struct place place = {
			s->body, s->instance, s->row.caller, s->row.file, s->row.line,
			s->row.callee, s->name,
		};
		uint32_t at = ct_map_add(&seen, &place, sizeof place, counts.count, NULL);

		if (at == counts.count)
			ct_append(&counts);
		s->row.ordinal = (uint16_t) (counts.items[at] < UINT16_MAX ? counts.items[at]
		                                                           : UINT16_MAX);
		counts.items[at]++;
	}
	free(counts.items);
	ct_map_deinit(&seen);
}
