/*
 * automaton.h - a list of elements against calls in order, by all ways at once: a list that can be
 * matched is matched, whichever element would take a call first.
 *
 * States are (how many elements are behind us, how often the one at hand matched, what variables
 * are bound to). A call is one step for each state; what differs in nothing that matters later is
 * one state, and a state from which nothing can be done that another one, further on, cannot is dropped. So
 * a list without `never`, `unordered` and variables keeps one state through a million calls.
 *
 * Two kinds. *Loose*: anything may lie between two elements but what a NEVER there forbids.
 * *Exact*: every call is an element's, but where there is a GAP.
 */
#ifndef CT_MATCH_AUTOMATON_H
#define CT_MATCH_AUTOMATON_H

#include "match/query.h"

enum { CT_GROUP_MOST = 16 }; /* items of an unordered group */

/* An element that takes calls; those that do not are properties of the gap before it. */
struct ct_step {
	const struct ct_element *element;
	struct ct_query *queries; /* one, or one for each item of a group */
	size_t query_count;
	uint32_t least, most;     /* of a group: of its items */
	bool next;
};

struct ct_gap {
	struct ct_query *never;
	const struct ct_element **elements; /* of those */
	size_t count;
	bool allowed; /* exact: any calls may lie here */
};

struct ct_automaton {
	struct ct_matching *m;
	struct ct_step *steps;
	struct ct_gap *gaps; /* one before each step, and one behind the last */
	size_t count;
	bool exact;
};

/* False: the verdict says what is wrong with the list. */
bool ct_automaton_init(struct ct_automaton *a, struct ct_matching *m, const struct ct_element *list,
                       size_t count, bool exact, struct ct_verdict *v);
void ct_automaton_deinit(struct ct_automaton *a);

/* All functions that the list names. */
void ct_automaton_functions(const struct ct_automaton *a, struct ct_functions *out);

/* Which step took which call. */
struct ct_taken {
	struct ct_call_id call;
	size_t event; /* its place among the calls */
	uint32_t step;
};

struct ct_run {
	bool matched;
	bool error;              /* the verdict has it */
	struct ct_taken *taken;  /* of the match, or of the way that came furthest */
	size_t taken_count;
	size_t stuck;            /* the step that it did not get behind; the number of steps: at the end */
	size_t failed_at;        /* exact: the call that fits nowhere; the number of calls: more were to come */
	struct ct_call_id unknown; /* a call of which it cannot be said whether it is an element's */
	struct ct_call_id forbidden; /* loose: one that a NEVER forbids, last seen */
	size_t forbidden_gap;
	struct ct_binding *bound; /* of the match; values live until deinit */
	size_t bound_count;
	struct ct_arena arena;
};

/* `bound` (which may be NULL) are the variables that have values already. */
void ct_automaton_run(const struct ct_automaton *a, const struct ct_call_list *events,
                      const struct ct_bindings *bound, struct ct_run *run, struct ct_verdict *v);
void ct_run_deinit(struct ct_run *run);

/* The wanted element, as in the list: "send_syn(fd=3) x3". */
void ct_step_show(const struct ct_step *step, const struct ct_style *style, struct ct_text *out);

#endif
