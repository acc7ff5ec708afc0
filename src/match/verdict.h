/*
 * verdict.h - assertions about calls, each with its answer and what is to be said. These are the
 * engine's entry points: the macros of <criterion/calltrace.h> and the statements of expectation
 * files are calls of these.
 *
 * Every function fills a verdict and returns whether it is met. The message is there unless it is
 * met; its first line stands alone; it has no newline at its end; it is the same for the same
 * calls, and not longer than the style allows.
 *
 * A *matching* is one series of assertions over one process's calls: it has the window that patterns
 * without their own go by, and remembers what positive assertions matched
 * (ct_assert_no_other_calls()). Not thread-safe.
 */
#ifndef CT_MATCH_VERDICT_H
#define CT_MATCH_VERDICT_H

#include "match/names.h"
#include "match/pattern.h"

enum ct_verdict_kind {
	CT_VERDICT_MET,
	CT_VERDICT_UNMET,
	CT_VERDICT_INCONCLUSIVE, /* it hangs on something that was not recorded: a failure */
	CT_VERDICT_ERROR,        /* the question makes no sense: a name, an arity, a type: a failure */
};

struct ct_verdict {
	enum ct_verdict_kind kind;
	struct ct_text message; /* the caller's to deinit */
	const char *where; /* ct_element.where of the element of a list that is not met, if it is one; or NULL */
};
void ct_verdict_deinit(struct ct_verdict *verdict);

struct ct_matching {
	struct ct_calls *calls;
	struct ct_style style;
	uint32_t phases;    /* bits 1 << enum ct_phase. 0: body and program */
	uint32_t iteration; /* of a theory: only this one; 0: all */
	uint64_t since;     /* calls that were entered before do not count; 0: all */
	uint64_t until;     /* nor those entered later; 0: all */
	enum ct_thread_choice thread; /* for patterns that do not say */
	uint32_t thread_number;
	const struct ct_bindings *bound; /* variables that have values already; or NULL */
	/* Private. */
	uint8_t **verified; /* by thread: a bit for each call that a positive assertion matched */
	uint32_t *verified_size;
	uint32_t verified_threads;
	struct ct_verified_all *verified_all; /* and all calls of a function in a thread */
	size_t verified_all_count;
	uint64_t marks;     /* how often there was something new in these */
	struct ct_answered *answered; /* see remembered.h */
	uint32_t answered_count, answered_next;
};

/* The window is the whole; set the members to narrow it. */
void ct_matching_init(struct ct_matching *m, struct ct_calls *calls, const struct ct_style *style);
void ct_matching_deinit(struct ct_matching *m);

/* --- counting --- */

/* Between `least` and `most` calls match (UINT32_MAX: no limit): called, not_called, called_once, ... */
bool ct_assert_called(struct ct_matching *m, const struct ct_pattern *p, uint32_t least, uint32_t most,
                      struct ct_verdict *v);
/* Every call of the function, narrowed by all but arguments and returned value, matches; there is one. */
bool ct_assert_always(struct ct_matching *m, const struct ct_pattern *p, struct ct_verdict *v);
/* The nth call of the function matches; negative: from the end. */
bool ct_assert_nth(struct ct_matching *m, const struct ct_pattern *p, int n, struct ct_verdict *v);
/* How many calls match. UINT32_MAX and a verdict if that cannot be said. */
uint32_t ct_count_calls(struct ct_matching *m, const struct ct_pattern *p, struct ct_verdict *v);
/* The nth call that matches, or CT_NO_CALL (then v says why, unless there are just not so many). */
struct ct_call_id ct_find_call(struct ct_matching *m, const struct ct_pattern *p, int n, struct ct_verdict *v);

/* --- order --- */

/* Both were called, and the first of `p` was entered before the first of `q`. */
bool ct_assert_before(struct ct_matching *m, const struct ct_pattern *p, const struct ct_pattern *q,
                      struct ct_verdict *v);
/* Somewhere a `p` is the sibling just before a `q`. */
bool ct_assert_immediately_before(struct ct_matching *m, const struct ct_pattern *p,
                                  const struct ct_pattern *q, struct ct_verdict *v);
/* Both were called, and the first `p` was left before the first `q` was entered. */
bool ct_assert_finished_before(struct ct_matching *m, const struct ct_pattern *p,
                               const struct ct_pattern *q, struct ct_verdict *v);
/* These, in this order; anything may come between. */
bool ct_assert_order(struct ct_matching *m, const struct ct_element *list, size_t count, struct ct_verdict *v);
/* The calls of all functions named in the list are these and no others. */
bool ct_assert_sequence(struct ct_matching *m, const struct ct_element *list, size_t count,
                        struct ct_verdict *v);
/* What the one call that matches `caller` called directly is this list exactly. */
bool ct_assert_calls_of(struct ct_matching *m, const struct ct_pattern *caller,
                        const struct ct_element *list, size_t count, struct ct_verdict *v);

/*
 * What all of these and the blocks of expectation files are made of. Variables are bound by the first
 * match and equal afterwards, within a list and from one list to the next.
 */
struct ct_variables {
	struct ct_binding *items;
	size_t count;
	struct ct_arena arena;
};
void ct_variables_deinit(struct ct_variables *variables);

struct ct_list {
	const struct ct_element *items;
	size_t count;
	bool exact; /* else anything may lie between */
	/* Exact: these functions' calls count, beside those that the list names. */
	const struct ct_pattern *const *projected;
	size_t projected_count;
	/*
	 * Only what was called by one call that matches: by any of them, or with `children` by the only one, and
	 * directly, whatever function it is.
	 */
	const struct ct_pattern *within;
	bool children;
	struct ct_variables *variables; /* or NULL */
};
bool ct_assert_list(struct ct_matching *m, const struct ct_list *list, struct ct_verdict *v);

/* --- structure --- */

/* Every call that matches `p` was made by `caller`; there is one. */
bool ct_assert_called_from(struct ct_matching *m, const struct ct_pattern *p,
                           const struct ct_pattern *caller, struct ct_verdict *v);
/* Never more than `most` calls that match were open at once on one thread. */
bool ct_assert_max_depth(struct ct_matching *m, const struct ct_pattern *p, uint32_t most,
                         struct ct_verdict *v);
/* No call but these. */
bool ct_assert_only_called(struct ct_matching *m, const struct ct_pattern *const *patterns, size_t count,
                           struct ct_verdict *v);
/* Every call was matched by a positive assertion before (called, nth, order, ...). */
bool ct_assert_no_other_calls(struct ct_matching *m, struct ct_verdict *v);

/* --- values of a call --- */

/* Of a call that was found, allocated in `arena`; false: `why`. */
bool ct_call_arguments(const struct ct_calls *calls, struct ct_call_id id, struct ct_arena *arena,
                       struct ct_datum *out, const char **why);
bool ct_call_returned(const struct ct_calls *calls, struct ct_call_id id, struct ct_arena *arena,
                      struct ct_datum *out, const char **why);
bool ct_call_after(const struct ct_calls *calls, struct ct_call_id id, struct ct_arena *arena,
                   struct ct_datum *out, const char **why);
/* send_syn(fd = 3, flags = SYN) -> -1 */
void ct_call_show(const struct ct_calls *calls, struct ct_call_id id, const struct ct_style *style,
                  struct ct_text *out);

#endif
