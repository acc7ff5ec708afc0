/*
 * calls.h - the calls of one process as matchers see them, wherever they come from: a trace
 * that is still being recorded in this process, or a saved one. The engine reads them and never
 * asks where they are from.
 *
 * Who has the records (an *adapter*; trace_calls.h is the one for saved traces) adds functions,
 * places and threads as it learns of them, and then each thread's calls in the order in which they
 * were entered and left:
 *
 *     ct_calls_enter(calls, thread, place, time, phase, iteration);
 *     ct_calls_leave(calls, thread, CT_STATE_RETURNED, time);
 *
 * That may go on at any time; matchers see what is there when they are asked. What has been read
 * is never read again, so that an assertion costs the calls since the last one and those of the
 * functions that it names.
 *
 * A call is named by its thread and its number in it, from 0, in the order of entry. So a call's
 * descendants are the numbers behind it up to `last`, and P is immediately before its sibling Q
 * if Q's number is P's `last` + 1.
 *
 * Order between threads: by `start`; where that is equal by thread, then by number. The clock is the
 * adapter's, any unit, one for all threads, never going back in one thread.
 */
#ifndef CT_MATCH_CALLS_H
#define CT_MATCH_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "format/raw.h"

#define CT_NO_NUMBER UINT32_MAX

enum ct_call_state {
	CT_STATE_ACTIVE,   /* not left yet, or when the records ended */
	CT_STATE_RETURNED,
	CT_STATE_UNWOUND,  /* left by longjmp, or by an exception that ran no exit hook */
	CT_STATE_THREW,    /* left by an exception, as far as that is known */
	CT_STATE_UNSEEN,   /* its end was not recorded */
};

/*
 * What stands where a call goes on that was left before, as its stack was switched to (ct_calls_continue()): a *part* of it. What it calls
 * now has it as caller, but it is no call itself, and no pattern means it. How it ends, the call ends: its `previous` is the call.
 */
#define CT_NO_PHASE 7
_Static_assert(CT_NO_PHASE >= CT_PHASES, "none of them");

/* Half a cache line: of a million calls, what their pages cost is a third of all that is done with them. */
struct ct_call {
	uint64_t start : 61;
	uint64_t phase : 3; /* enum ct_phase (format/raw.h), or CT_NO_PHASE */
	uint64_t end : 61;  /* 0 while active */
	uint64_t state : 3; /* enum ct_call_state */
	uint32_t place;  /* row of places: which function, from where */
	uint32_t parent; /* number in this thread, or CT_NO_NUMBER */
	uint32_t last;   /* number of its last descendant before it was switched away, its own if it has none; CT_NO_NUMBER while active */
	uint32_t previous; /* the call of the same function in this thread before it, or CT_NO_NUMBER */
};
_Static_assert(sizeof(struct ct_call) == 32, "half a cache line");

/* From call `number` on, in one thread, calls are of this iteration of a theory (from 1; 0: of none). */
struct ct_calls_step {
	uint32_t number, iteration;
};

struct ct_call_id {
	uint32_t thread, number;
};
#define CT_NO_CALL ((struct ct_call_id){ UINT32_MAX, CT_NO_NUMBER })

/* A function that is known, called or not. All strings live as long as the calls. */
struct ct_calls_function {
	const char *name;    /* as in the source; C++ qualified, with parameters: "ns::f(int)" */
	const char *file;    /* or NULL */
	uint32_t line;
	uint32_t module;     /* the adapter's number of the binary; with `address` the identity */
	uint64_t address;    /* what a pointer to it has in the process that asks; 0: it has none */
	const char *unseen;  /* why its calls cannot be seen ("it was not compiled with
	                        -finstrument-functions"); NULL: they can */
	uint64_t not_here;   /* calls that were made, but are not in here, as `unseen` says: no pattern
	                        that means this function can be answered, not even one that means others too */
	bool is_static, is_test; /* is_test: a test's body, which is no call to matchers unless it is named */
	bool plumbing;       /* Criterion's, or a constructor of its headers: likewise */
};

/* A function and where it was called from: one row for all such calls of all threads. */
struct ct_calls_place {
	uint32_t function;
	const char *file;    /* of the call, or NULL */
	uint32_t line;
	const char *through; /* code in between that is not instrumented, or NULL */
};

/* One function's calls in one thread, from the last one by ct_call.previous. */
struct ct_calls_chain {
	uint32_t last; /* number, or CT_NO_NUMBER */
	uint32_t by_phase[CT_PHASES]; /* how many */
};

struct ct_calls_thread {
	uint32_t tid;
	const char *name;    /* or NULL */
	bool is_test;        /* the one that runs the test's body; of a program: its first */
	struct ct_call *calls;
	uint32_t count, capacity;
	uint32_t open;       /* number of the innermost call that is active, or CT_NO_NUMBER */
	uint32_t iteration;  /* of the newest call */
	struct ct_calls_step *steps; /* in order; before the first one: of none */
	uint32_t step_count;
	struct ct_calls_chain *chains; /* by function, `chain_count` of them */
	uint32_t chain_count;
	uint64_t (*values)[2]; /* by number: see ct_calls_values(); NULL: no call has any */
	uint32_t values_capacity;
};

/* --- what the adapter tells when it is asked --- */

enum ct_values_kind { CT_VALUES_ARGUMENTS, CT_VALUES_RETURNED, CT_VALUES_AFTER };

struct ct_calls;
struct ct_declared;

struct ct_calls_source {
	void *user;
	/*
	 * The values of a call as docs/json-trace.md has them: an array for arguments and what they
	 * were afterwards, an object for what was returned. NULL: there is nothing, and `*why` says why
	 * ("values were not recorded: run with --args"; for a function that returns nothing "void").
	 * The text may use `scratch` and need not live longer than that.
	 */
	const char *(*values)(void *user, const struct ct_calls *calls, struct ct_call_id id,
	                      enum ct_values_kind kind, struct ct_text *scratch, const char **why);
	/* What a function takes and returns (declared.h), called or not. False (or no callback): not known. */
	bool (*declared)(void *user, const struct ct_calls *calls, uint32_t function, struct ct_arena *arena,
	                 struct ct_declared *out);
};

struct ct_calls {
	struct ct_calls_function *functions;
	struct ct_calls_place *places;
	struct ct_calls_thread *threads;
	uint32_t function_count, place_count, thread_count;
	uint32_t function_capacity, place_capacity, thread_capacity;
	struct ct_calls_source source;
	/* Another one after everything that was added: what was found holds as long as it is the same. */
	uint64_t version;
	struct ct_map left; /* (place, thread, end) -> of left_calls: the outermost that was left then */
	struct ct_calls_left {
		uint32_t number, inner; /* the call; the next one in, or CT_NO_NUMBER */
	} *left_calls;
	uint32_t left_count, left_capacity;
	/*
	 * Why there may be calls that are not here, for every answer that rests on their absence:
	 * "the trace is cut short: killed by SIGSEGV", "records were lost". NULL: all are here.
	 */
	const char *incomplete;
	/*
	 * Why there may be functions that are not here ("./tests: no index"): then a name that is not
	 * found may be right, and is an error all the same. NULL: all are here.
	 */
	const char *unknown_functions;
	struct ct_arena arena; /* for strings of the adapter's */
};

void ct_calls_init(struct ct_calls *calls, const struct ct_calls_source *source);
void ct_calls_deinit(struct ct_calls *calls);

/* Each returns the row. Strings are not copied. */
uint32_t ct_calls_add_function(struct ct_calls *calls, const struct ct_calls_function *function);
uint32_t ct_calls_add_place(struct ct_calls *calls, const struct ct_calls_place *place);
uint32_t ct_calls_add_thread(struct ct_calls *calls, uint32_t tid, const char *name, bool is_test);

/* The call is the newest of the thread; returns its number. */
static inline uint32_t ct_calls_enter(struct ct_calls *calls, uint32_t thread, uint32_t place, uint64_t time,
                                      uint32_t phase, uint32_t iteration);
/*
 * A call goes on that was left at the time `left` (0: not known), the outermost first; it ends by ct_calls_leave(). Returns the call,
 * which has not returned any more, or CT_NO_NUMBER: it is not known which.
 */
uint32_t ct_calls_continue(struct ct_calls *calls, uint32_t thread, uint32_t place, uint64_t time, uint64_t left);
/* The innermost call that is active in the thread, by its first part. CT_NO_NUMBER: none, or it is not known. */
static inline uint32_t ct_calls_open(const struct ct_calls *calls, uint32_t thread);
/* Of the innermost call that is active in the thread; there is one. */
static inline void ct_calls_leave(struct ct_calls *calls, uint32_t thread, enum ct_call_state state, uint64_t time);
/*
 * Two words of the adapter's for the values of a call, to find them by: at its entry and at its end.
 * They come back by ct_calls_value(). 0: none.
 */
void ct_calls_values(struct ct_calls *calls, struct ct_call_id id, int end, uint64_t word);

static inline uint64_t ct_calls_value(const struct ct_calls *calls, struct ct_call_id id, int end)
{
	const struct ct_calls_thread *t = &calls->threads[id.thread];

	return id.number < t->values_capacity ? t->values[id.number][end] : 0;
}

/* The iteration of a theory that a call belongs to; 0: none. */
uint32_t ct_call_iteration(const struct ct_calls *calls, struct ct_call_id id);

static inline bool ct_call_same(struct ct_call_id a, struct ct_call_id b)
{
	return a.thread == b.thread && a.number == b.number;
}

static inline const struct ct_call *ct_call_at(const struct ct_calls *calls, struct ct_call_id id)
{
	return &calls->threads[id.thread].calls[id.number];
}

static inline const struct ct_calls_place *ct_call_place(const struct ct_calls *calls, struct ct_call_id id)
{
	return &calls->places[ct_call_at(calls, id)->place];
}

static inline uint32_t ct_call_function(const struct ct_calls *calls, struct ct_call_id id)
{
	return ct_call_place(calls, id)->function;
}

/* The caller, or CT_NO_CALL. */
static inline struct ct_call_id ct_call_parent(const struct ct_calls *calls, struct ct_call_id id)
{
	uint32_t parent = ct_call_at(calls, id)->parent;

	return parent == CT_NO_NUMBER ? CT_NO_CALL : (struct ct_call_id){ id.thread, parent };
}

/* Whether `id` was called, directly or not, by `ancestor`. */
static inline bool ct_call_within(const struct ct_calls *calls, struct ct_call_id id, struct ct_call_id ancestor)
{
	return id.thread == ancestor.thread && id.number > ancestor.number
	       && id.number <= ct_call_at(calls, ancestor)->last;
}

/* Whether `a` was entered before `b`. */
bool ct_call_before(const struct ct_calls *calls, struct ct_call_id a, struct ct_call_id b);
/* Whether `a` had returned (was left, however) before `b` was entered. */
bool ct_call_finished_before(const struct ct_calls *calls, struct ct_call_id a, struct ct_call_id b);
/* The sibling that was called just before it, with nothing recorded in between, or CT_NO_CALL. */
struct ct_call_id ct_call_previous(const struct ct_calls *calls, struct ct_call_id id);

/* --- what is done for every call --- */

/* Room for one more call, for the chain of a function, and a step. */
void ct_calls_grow(struct ct_calls_thread *t);
void ct_calls_grow_chains(struct ct_calls *calls, struct ct_calls_thread *t);
void ct_calls_step(struct ct_calls_thread *t, uint32_t iteration);

/* What left a call without returning may have switched its stack: then it goes on. And what a part's end is. */
void ct_calls_left(struct ct_calls *calls, uint32_t thread, uint32_t number);

static inline uint32_t ct_calls_open(const struct ct_calls *calls, uint32_t thread)
{
	const struct ct_calls_thread *t = &calls->threads[thread];

	return t->open == CT_NO_NUMBER || t->calls[t->open].phase != CT_NO_PHASE ? t->open : t->calls[t->open].previous;
}

static inline uint32_t ct_calls_enter(struct ct_calls *calls, uint32_t thread, uint32_t place, uint64_t time,
                                      uint32_t phase, uint32_t iteration)
{
	struct ct_calls_thread *t = &calls->threads[thread];
	uint32_t number = t->count, function = calls->places[place].function;
	struct ct_calls_chain *chain;

	if (__builtin_expect(number == t->capacity, 0))
		ct_calls_grow(t);
	if (__builtin_expect(function >= t->chain_count, 0))
		ct_calls_grow_chains(calls, t);
	if (__builtin_expect(iteration != t->iteration, 0))
		ct_calls_step(t, iteration);
	chain = &t->chains[function];
	t->calls[number] = (struct ct_call){
		.start = time, .phase = phase & 7, .state = CT_STATE_ACTIVE, .place = place, .parent = t->open,
		.last = CT_NO_NUMBER, .previous = chain->last };
	chain->last = number;
	chain->by_phase[phase < CT_PHASES ? phase : CT_PHASE_PROGRAM]++;
	t->open = number;
	t->count++;
	calls->version++;
	return number;
}

static inline void ct_calls_leave(struct ct_calls *calls, uint32_t thread, enum ct_call_state state, uint64_t time)
{
	struct ct_calls_thread *t = &calls->threads[thread];
	struct ct_call *call;

	if (t->open == CT_NO_NUMBER)
		return;
	call = &t->calls[t->open];
	call->end = time;
	call->state = (uint64_t) state & 7;
	call->last = t->count - 1;
	if (__builtin_expect(state != CT_STATE_RETURNED || call->phase == CT_NO_PHASE, 0))
		ct_calls_left(calls, thread, t->open);
	t->open = call->parent;
	calls->version++;
}

#endif
