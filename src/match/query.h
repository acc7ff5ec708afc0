/*
 * query.h - a pattern made ready: its names resolved, and calls tested against it. And what the files
 * behind verdict.h share.
 *
 *     query.c           patterns made ready; one call tested
 *     query_names.c     the functions that are named in them as values
 *     declared.c        what may be asked of a function at all, by the types of its parameters
 *     view.c            the values of one call, decoded once
 *     gather.c          the calls of some functions in the order of their entry
 *     verdict_count.c   counting; verdict_order.c two calls; verdict_list.c lists of them;
 *     verdict_shape.c   callers, depth, everything else
 *     automaton.c       lists of calls matched against calls
 *     message.c         calls and patterns as lines of a message
 */
#ifndef CT_MATCH_QUERY_H
#define CT_MATCH_QUERY_H

#include "match/verdict.h"

/* --- the values of one call --- */

struct ct_view_of_call {
	const struct ct_calls *calls;
	struct ct_call_id id;
	struct ct_arena arena;
	struct ct_text scratch;
	bool looked[3]; /* by enum ct_values_kind */
	bool has[3];
	const char *why[3];
	struct ct_datum values[3];
};

void ct_view_init(struct ct_view_of_call *view, const struct ct_calls *calls);
void ct_view_deinit(struct ct_view_of_call *view);
/* Turns to another call; does nothing if it is the same. */
void ct_view_at(struct ct_view_of_call *view, struct ct_call_id id);
/* NULL: there are none, and view->why[kind] says why. */
const struct ct_datum *ct_view_values(struct ct_view_of_call *view, enum ct_values_kind kind);

/* --- one pattern --- */

struct ct_query {
	struct ct_matching *m;
	const struct ct_pattern *p; /* a copy of it, dressed (declared.h), where the function is known */
	struct ct_arena arena;      /* that it is in */
	struct ct_functions functions;
	struct ct_declared *declared; /* what is known of the one function that it means, or NULL */
	struct ct_query *from, *within; /* or NULL */
	bool plain;     /* nothing of a call is asked but its function */
	bool is_glob;   /* types and arity may fit some of the functions only */
	struct ct_call_id the_nth; /* if p->nth: the call that is meant, or CT_NO_CALL */
};

/* False: the verdict says what is wrong with the pattern. */
bool ct_query_init(struct ct_query *q, struct ct_matching *m, const struct ct_pattern *p,
                   struct ct_verdict *v);
void ct_query_deinit(struct ct_query *q);
/* That the functions which its matchers name are there; else the verdict says which is not. */
bool ct_query_check_names(const struct ct_query *q, struct ct_verdict *v);
bool ct_query_has_function(const struct ct_query *q, uint32_t function);

/* Which part of a call does not match. */
enum { CT_PART_NONE = -1, CT_PART_RETURNED = -2, CT_PART_CALLER = -3, CT_PART_ALL = -4 };
struct ct_match {
	enum ct_answer answer;
	int part;              /* number of the argument, or as above */
	unsigned right;        /* how much of it matches, for the nearest */
	struct ct_text reason; /* empty unless asked for */
};

/*
 * Tests one call of one of the functions. `match` (which may be NULL) has reason and part then.
 * Whether the call is in the window is for ct_query_in_window() to say.
 */
enum ct_answer ct_query_test(const struct ct_query *q, struct ct_call_id id, struct ct_view_of_call *view,
                             const struct ct_bindings *bound, struct ct_fresh *fresh,
                             struct ct_match *match);
/* The same without arguments and returned value. */
enum ct_answer ct_query_test_place(const struct ct_query *q, struct ct_call_id id);
bool ct_query_in_window(const struct ct_query *q, struct ct_call_id id);
/* Calls the functions of CAPTUREs in it with the values of this call. */
void ct_query_capture(const struct ct_query *q, struct ct_call_id id, struct ct_view_of_call *view);

/* --- calls in order --- */

struct ct_call_list {
	struct ct_call_id *items;
	size_t count, capacity;
};
void ct_call_list_add(struct ct_call_list *list, struct ct_call_id id);
void ct_call_list_deinit(struct ct_call_list *list);

/* Appends all calls of the query's functions in its window. */
void ct_gather(const struct ct_query *q, struct ct_call_list *out);
/* Appends all calls of the window of these functions, or (NULL) of all that are no test's body. */
void ct_gather_functions(const struct ct_matching *m, const struct ct_functions *functions,
                         struct ct_call_list *out);
/* How many ct_gather() would find, where that is known without looking at them. */
bool ct_gather_count(const struct ct_query *q, uint64_t *count);

/* --- what was matched --- */

struct ct_verified_all {
	uint32_t thread, function, before, phases; /* numbers below, in these phases */
};

void ct_mark_verified(struct ct_matching *m, struct ct_call_id id);
/* All that ct_gather_count() counts. */
void ct_mark_all_verified(const struct ct_query *q);
bool ct_is_verified(const struct ct_matching *m, struct ct_call_id id);

/* Each sets kind, begins the message, and is false. */
__attribute__((format(printf, 3, 4)))
bool ct_say(struct ct_verdict *v, enum ct_verdict_kind kind, const char *format, ...);
bool ct_met(struct ct_verdict *v);
/* What the verdict is if nothing more is known: UNMET, or INCONCLUSIVE where calls may be missing. */
bool ct_absent(struct ct_matching *m, struct ct_verdict *v);

/* What is not met because calls are missing may be met: then the verdict becomes INCONCLUSIVE. */
void ct_say_missing(const struct ct_matching *m, struct ct_verdict *v);

/* --- lines of a message --- */

/* "  wanted   send_syn(fd=3)", with the names of the parameters that `like` has. */
void ct_say_wanted(const struct ct_query *q, struct ct_call_id like, const char *label, struct ct_verdict *v);
/* The nearest of the calls, the argument that is different marked, and some others. */
void ct_say_nearest(const struct ct_query *q, const struct ct_call_list *calls, struct ct_verdict *v);
/* "  #1 f(x=1) -> 2   from g net.c:12", for a dozen of them. `mark`: this one with an arrow. */
void ct_say_calls(const struct ct_matching *m, const struct ct_call_list *calls, struct ct_call_id mark,
                  struct ct_verdict *v);
/* send_syn(int fd, int flags) */
void ct_signature_show(const struct ct_matching *m, uint32_t function, const struct ct_datum *parameters,
                       struct ct_text *out);
/* A function's name without its parameters. */
void ct_bare_name_show(const char *name, const struct ct_style *style, struct ct_text *out);
/* A hint, if these are of several threads and their order was asked for. */
void ct_say_threads(const struct ct_call_list *calls, struct ct_verdict *v);
/* One call behind `prefix`, and its callers if `stack`. */
void ct_say_call(const struct ct_matching *m, struct ct_call_id id, const char *prefix, bool stack,
                 struct ct_verdict *v);
/* Cuts a message that grew too long. */
void ct_say_done(const struct ct_matching *m, struct ct_verdict *v);
/* f or &f, as it was written. */
const char *ct_query_name(const struct ct_query *q);

#endif
