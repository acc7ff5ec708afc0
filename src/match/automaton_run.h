/*
 * automaton_run.h - the states of a running automaton.
 *
 *     automaton.c      lists made ready
 *     automaton_run.c  one call, all states
 *     automaton_set.c  sets of states; the ways by which they were reached; variables
 */
#ifndef CT_MATCH_AUTOMATON_RUN_H
#define CT_MATCH_AUTOMATON_RUN_H

#include "match/automaton.h"

enum { CT_STATES_MOST = 4096, CT_BINDINGS_MOST = 1024 };
#define CT_NO_WAY UINT32_MAX

/* How often each item of a group matched, 8 bits each; of a single call, how often it did. */
typedef unsigned __int128 ct_counts;

struct ct_state {
	uint32_t step;  /* elements behind us */
	uint32_t gap;   /* the first of the gaps that we are in: elements may have been passed over */
	ct_counts counts;
	uint32_t bound; /* row of bindings */
	uint32_t way;   /* row of ways: what was taken until here */
	struct ct_call_id last; /* taken last, where a NEXT may come */
};

struct ct_states {
	struct ct_state *items;
	size_t count, capacity;
	uint32_t *slots; /* hash of what makes a state -> row + 1 */
	size_t slot_count;
};

struct ct_way {
	size_t event;
	uint32_t step;
	uint32_t before; /* row, or CT_NO_WAY */
};

struct ct_bound_set {
	struct ct_binding *items;
	size_t count;
};

struct ct_running {
	const struct ct_automaton *a;
	const struct ct_call_list *events;
	struct ct_run *run;
	struct ct_verdict *v;
	struct ct_view_of_call view;
	struct ct_states now, then;
	struct ct_way *ways;
	size_t way_count, way_capacity;
	struct ct_bound_set *bound;
	size_t bound_count;
	struct ct_state furthest;
	size_t dead_end; /* exact: the event at which the last state died */
};

/* Whether it is new. False also when there are too many: run->error then. */
bool ct_states_add(struct ct_running *r, struct ct_states *set, const struct ct_state *state);
void ct_states_clear(struct ct_states *set);
void ct_states_deinit(struct ct_states *set);

uint32_t ct_way_add(struct ct_running *r, size_t event, uint32_t step, uint32_t before);
/* Leaves the way in run->taken. */
void ct_way_tell(struct ct_running *r, uint32_t way);

/* The row of what is bound and these in addition. */
uint32_t ct_bound_with(struct ct_running *r, uint32_t bound, const struct ct_fresh *fresh);

#endif
