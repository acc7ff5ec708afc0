/*
 * values.h - HOT. Arguments at the enter hook, returned values behind the exit hook, both by
 * plan (format/plan.h): this side copies bytes and knows no types.
 *
 * A returned value is not where the calling convention puts it when the exit hook runs; it is
 * when the function has returned. Where the index knows from which place it will be copied, it is taken
 * from there, and the call ends at the hook. Elsewhere the exit hook exchanges the function's return address
 * for ct_return_stub (arch/), which notes the registers and goes on to where the function
 * would have returned. Only the function's epilogue runs in between: the index says for
 * which exit hooks that is so. What was exchanged is kept in thread-local memory, not in
 * the thread's state: a child forked by a signal handler in that window must find it.
 *
 * Until then the call stays open, and its record of exit is written by the stub. Of its machine frame
 * only the return address is left, so that is where its frame says it is (`returning`).
 *
 * Records are written where they are to be read, in the mapped chunk: as many words are
 * reserved as it can take at most, and what was not needed is given back, unless a signal handler has
 * reserved behind it in the meantime. What is redacted never gets there in plain text.
 */
#ifndef CT_RUNTIME_VALUES_H
#define CT_RUNTIME_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "format/plan.h"
#include "runtime/thread.h"

/* As arch/x86_64/values.S writes it: general registers by DWARF's numbers, rsp as at the call. */
struct ct_registers {
	uint64_t general[16];
	uint8_t xmm[16][16];
	uint64_t cfa;  /* these two: whoever calls ct_values_enter(); see struct ct_move */
	uint64_t self; /* the address of this */
};
_Static_assert(sizeof(struct ct_registers) == 400, "values.S");

/*
 * What the exit hook's entry writes down: the registers that a function keeps, and the stack pointer at
 * the hook's call. `cfa`, and the address of this, are whoever asks what is held.
 */
struct ct_kept_registers {
	uint64_t rbx, rbp, rsp, r12, r13, r14, r15;
	uint64_t cfa, self;
};
_Static_assert(sizeof(struct ct_kept_registers) == 72, "values.S");

/*
 * A part of a returned value that is at hand when the exit hook is called (format/plan.h, ct_exit_value):
 * `number`, plus the word at `offset` from the one in word `base` of ct_kept_registers, if `base` is not
 * CT_HELD_NUMBER; the bytes that do not count masked away. `to`: word of struct ct_returned.
 */
struct ct_held_part {
	uint64_t mask;
	int64_t number;
	int32_t offset;
	uint16_t base, to;
};
#define CT_HELD_NUMBER UINT16_MAX
struct ct_held {
	uint32_t count;
	struct ct_held_part parts[4];
};

static inline uint64_t ct_held_word(const struct ct_held_part *p, const struct ct_kept_registers *r)
{
	uint64_t word = 0;

	if (p->base != CT_HELD_NUMBER)
		__builtin_memcpy(&word, (const char *) ((const uint64_t *) r)[p->base] + p->offset, sizeof word);
	return (word + (uint64_t) p->number) & p->mask;
}

/* As the return stub writes it. */
struct ct_returned {
	uint64_t rax, rdx;
	uint8_t xmm[2][16];
};

/* Whether to capture; changes while the program runs. And how often the choice has changed. */
extern bool ct_values_wanted;
extern uint32_t ct_values_generation;

struct ct_capture;

/*
 * The record of a call that begins. `f`: its frame, complete but for the record; `record` as in
 * the frame. False: there is no room for values; nothing was written.
 */
bool ct_values_enter(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *capture, uint32_t record,
                     const struct ct_registers *registers, uint64_t now);
/* The record of its end. `returned` NULL: `why` there is no returned value. */
bool ct_values_exit(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *capture, uint32_t record,
                    const struct ct_returned *returned, enum ct_how why, uint64_t sp, uint64_t now);

/* What the processor and the kernel allow; called once, early. */
void ct_values_begin(void);

/* --- return addresses that were exchanged --- */

/* More than one at a time only where signal handlers interrupt each other's epilogues. */
#define CT_WAITING 16
struct ct_waiting {
	uint64_t cfa, address; /* address 0: free */
};
extern __thread struct ct_waiting ct_waiting[CT_WAITING] __attribute__((tls_model("initial-exec")));
extern bool ct_has_shadow_stack;

static inline uint64_t *ct_return_slot(uint64_t cfa)
{
	return (uint64_t *) (cfa - 8);
}

/*
 * False: it is not free. In one instruction: a handler may come at any instant, take one for itself, and switch to another stack
 * before it gives it back. Until its `cfa` is there, nobody looks for it.
 */
static inline bool ct_waiting_take(struct ct_waiting *w, uint64_t cfa, uint64_t address)
{
	uint64_t before = 0;

	__asm__ volatile("cmpxchgq %2, %1" : "+a"(before), "+m"(w->address) : "r"(address) : "cc", "memory");
	if (ct_unlikely(before != 0))
		return false;
	w->cfa = cfa;
	return true;
}

/* Why the value cannot be had behind the exit hook; CT_HOW_PLAIN: it can, in the machine frame `*out`, and waits. */
enum ct_how ct_values_refuse(struct ct_thread *t, const struct ct_frame *f, const struct ct_capture *c,
                             struct ct_exit_fact fact, uint64_t sp, uint64_t rbp, uint64_t *out);
uint64_t ct_values_awaited_slowly(uint64_t cfa);

/* Room for what the frame needs again at its exit; kept until ct_values_forget(). */
void ct_values_keep(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *c);
static inline void ct_values_forget(struct ct_thread *t, struct ct_frame *f)
{
	if (f->capture) {
		t->kept_used = f->saved;
		f->capture = NULL;
	}
}

/*
 * Words in the window; NULL: there is no room for them, or the time needs a word first. The cursor
 * never goes past the window's end by more than a word: ct_is_full() would not see it.
 */
static inline uint64_t *ct_values_reserve(struct ct_thread *t, uint32_t words, uint64_t now)
{
	uint64_t bytes = (uint64_t) words * sizeof(uint64_t);
	char *slot = t->cursor, *found;

	if (ct_unlikely((now ^ t->last) >> CT_ERA))
		return NULL;
	do {
		if (ct_unlikely(ct_is_full(slot))
		    || ct_unlikely(((uint64_t) slot ^ (uint64_t)(slot + bytes - 1)) >= CT_CHUNK_SIZE))
			return NULL;
		found = slot;
		/* Not locked: only a handler of this thread can interfere. */
		__asm__ volatile("cmpxchgq %2, %1"
		                 : "+a"(found), "+m"(t->cursor)
		                 : "r"(slot + bytes)
		                 : "cc", "memory");
	} while (ct_unlikely(found != slot) && (slot = found));
	return (uint64_t *) slot;
}

/*
 * A record of values: the call's word, a word that announces `words` more. Until the second
 * word is written again, a reader steps over what is there.
 */
static inline void ct_values_begin_record(uint64_t *to, uint32_t record, uint64_t now, uint32_t words)
{
	uint64_t time = now << (64 - CT_TIME_BITS);

	to[1] = time | ct_record(CT_EXTENDED, ct_extended_id(CT_PENDING, words), 0);
	__asm__ volatile("" ::: "memory");
	to[0] = time | record;
	__asm__ volatile("" ::: "memory");
}
static inline void ct_values_end_record(uint64_t *to, uint32_t words, uint32_t head)
{
	__asm__ volatile("" ::: "memory");
	to[1] = ct_record(CT_EXTENDED, ct_extended_id(CT_VALUES, words), head);
	__asm__ volatile("" ::: "memory");
}
/* All that most calls return, in two words. */
static inline void ct_values_exit_word(uint64_t *to, uint32_t record, uint64_t now, uint64_t word)
{
	uint64_t time = now << (64 - CT_TIME_BITS);

	to[0] = time | CT_EXIT_WORD;
	__asm__ volatile("" ::: "memory");
	to[1] = word;
	__asm__ volatile("" ::: "memory");
	to[0] = time | record;
	__asm__ volatile("" ::: "memory");
}

/* --- hook.c: what values.S calls --- */
void ct_enter_values(uint64_t function, uint64_t site, uint64_t hook,
                     struct ct_registers *registers);
void ct_exit_values(uint64_t function, uint64_t site, uint64_t hook, struct ct_kept_registers *registers);
uint64_t ct_return(const struct ct_returned *returned, uint64_t cfa);

/* --- arch/x86_64/values.S --- */
void ct_return_stub(void);
void ct_peek_x87(void *to, int both);
void ct_save_vectors(struct ct_registers *to, unsigned count);
uint64_t ct_shadow_stack(void);

#endif
