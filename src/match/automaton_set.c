/* automaton_set.c - sets of states; the ways by which they were reached; variables. */
#include <stdlib.h>
#include <string.h>

#include "match/automaton_run.h"

/* --- sets --- */

static uint64_t hash_of(const struct ct_state *s)
{
	struct {
		uint64_t low, high;
		uint32_t step, gap, bound, thread, number, zero;
	} key = { (uint64_t) s->counts, (uint64_t) (s->counts >> 64), s->step, s->gap, s->bound, s->last.thread,
		  s->last.number, 0 };

	return ct_hash(&key, sizeof key, 0);
}

static bool same(const struct ct_state *a, const struct ct_state *b)
{
	return a->step == b->step && a->gap == b->gap && a->counts == b->counts && a->bound == b->bound
	       && ct_call_same(a->last, b->last);
}

static void grow(struct ct_states *set)
{
	set->capacity = set->capacity ? set->capacity * 2 : 16;
	set->items = ct_realloc(set->items, set->capacity * sizeof *set->items);
	free(set->slots);
	set->slot_count = set->capacity * 4;
	set->slots = ct_calloc(set->slot_count, sizeof *set->slots);
	for (size_t i = 0; i < set->count; i++) {
		size_t at = hash_of(&set->items[i]) & (set->slot_count - 1);

		while (set->slots[at])
			at = (at + 1) & (set->slot_count - 1);
		set->slots[at] = (uint32_t) i + 1;
	}
}

bool ct_states_add(struct ct_running *r, struct ct_states *set, const struct ct_state *state)
{
	size_t at;

	if (set->count == CT_STATES_MOST) {
		if (!r->run->error)
			ct_say(r->v, CT_VERDICT_ERROR,
			       "there are too many ways to match this list (more than %d at once): make it narrower",
			       CT_STATES_MOST);
		r->run->error = true;
		return false;
	}
	if (set->count == set->capacity)
		grow(set);
	for (at = hash_of(state) & (set->slot_count - 1); set->slots[at]; at = (at + 1) & (set->slot_count - 1))
		if (same(&set->items[set->slots[at] - 1], state))
			return false;
	set->slots[at] = (uint32_t) set->count + 1;
	set->items[set->count++] = *state;
	return true;
}

void ct_states_clear(struct ct_states *set)
{
	for (size_t i = 0; i < set->count; i++) {
		size_t at = hash_of(&set->items[i]) & (set->slot_count - 1);

		for (; set->slots[at]; at = (at + 1) & (set->slot_count - 1))
			set->slots[at] = 0;
	}
	set->count = 0;
}

void ct_states_deinit(struct ct_states *set)
{
	free(set->items);
	free(set->slots);
}

/* --- ways --- */

uint32_t ct_way_add(struct ct_running *r, size_t event, uint32_t step, uint32_t before)
{
	if (r->way_count == r->way_capacity) {
		r->way_capacity = r->way_capacity ? r->way_capacity * 2 : 64;
		r->ways = ct_realloc(r->ways, r->way_capacity * sizeof *r->ways);
	}
	r->ways[r->way_count] = (struct ct_way){ event, step, before };
	return (uint32_t) r->way_count++;
}

void ct_way_tell(struct ct_running *r, uint32_t way)
{
	size_t count = 0, at;

	for (uint32_t w = way; w != CT_NO_WAY; w = r->ways[w].before)
		count++;
	r->run->taken = ct_calloc(count + 1, sizeof *r->run->taken);
	r->run->taken_count = at = count;
	for (uint32_t w = way; w != CT_NO_WAY; w = r->ways[w].before)
		r->run->taken[--at] = (struct ct_taken){ r->events->items[r->ways[w].event], r->ways[w].event,
			                                 r->ways[w].step };
}

/* --- variables --- */

static const struct ct_binding *find(const struct ct_bound_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i].name, name) == 0)
			return &set->items[i];
	return NULL;
}

static bool same_bound(const struct ct_bound_set *a, const struct ct_bound_set *old, const struct ct_fresh *fresh)
{
	if (a->count != old->count + fresh->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct ct_binding *b = find(old, a->items[i].name);

		for (size_t j = 0; !b && j < fresh->count; j++)
			if (strcmp(fresh->items[j].name, a->items[i].name) == 0)
				b = &fresh->items[j];
		if (!b || !ct_datum_equal(b->value, a->items[i].value))
			return false;
	}
	return true;
}

uint32_t ct_bound_with(struct ct_running *r, uint32_t bound, const struct ct_fresh *fresh)
{
	struct ct_bound_set *set;

	if (!fresh->count)
		return bound;
	for (size_t i = 0; i < r->bound_count; i++)
		if (same_bound(&r->bound[i], &r->bound[bound], fresh))
			return (uint32_t) i;
	if (r->bound_count == CT_BINDINGS_MOST) {
		if (!r->run->error)
			ct_say(r->v, CT_VERDICT_ERROR,
			       "%s could be any of more than %d values: make what binds it narrower", fresh->items[0].name,
			       CT_BINDINGS_MOST);
		r->run->error = true;
		return bound;
	}
	r->bound = ct_realloc(r->bound, (r->bound_count + 1) * sizeof *r->bound);
	set = &r->bound[r->bound_count];
	set->count = r->bound[bound].count + fresh->count;
	set->items = ct_arena_alloc(&r->run->arena, set->count * sizeof *set->items);
	for (size_t i = 0; i < r->bound[bound].count; i++)
		set->items[i] = r->bound[bound].items[i];
	for (size_t i = 0; i < fresh->count; i++) {
		struct ct_datum *value = ct_arena_alloc(&r->run->arena, sizeof *value);

		*value = ct_datum_copy(&r->run->arena, fresh->items[i].value);
		set->items[r->bound[bound].count + i] = (struct ct_binding){ fresh->items[i].name, value };
	}
	return (uint32_t) r->bound_count++;
}
