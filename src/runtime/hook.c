/*
 * hook.c - HOT. A call begins, a call ends.
 *
 * Budget of the straight path: one look-up in a hash table that is nearly always hit at
 * once, one push or pop, one rdtsc, one 8-byte store. No libc, no lock, no branch that is
 * taken; whatever does not fit is a tail call, so hardly a register is saved.
 *
 * The rdtsc costs as much as all the rest and hides most of it, but waits for what is before
 * it: so it comes as soon as the call is known, and no load that can be later is earlier.
 */
#include "runtime/hook.h"

#include "runtime/interpose.h"
#include "runtime/parked.h"
#include "runtime/plans.h"
#include "runtime/thread.h"
#include "runtime/values.h"

#define barrier() __asm__ volatile("" ::: "memory")
#define CT_ASIDE  __attribute__((noinline))

static inline char *reserve(struct ct_thread *t, uint64_t bytes)
{
	/* Not locked: only a signal handler of this very thread can interfere, and one
	 * instruction is whole to it. */
	__asm__ volatile("xaddq %0, %1" : "+r"(bytes), "+m"(t->cursor) : : "cc", "memory");
	return (char *) bytes;
}

/* What a record has besides its time, as ct_record() lays it out. */
static inline uint32_t untimed(enum ct_kind kind, uint32_t id)
{
	return (uint32_t) kind | id << 3;
}

/* False: append_slow() must do it. */
static inline bool append(struct ct_thread *t, uint32_t record, uint64_t now)
{
	char *slot = reserve(t, sizeof(uint64_t));

	if (ct_unlikely(ct_is_full(slot)) || ct_unlikely((now ^ t->last) >> CT_ERA))
		return false;
	*(uint64_t *) slot = now << (64 - CT_TIME_BITS) | record;
	return true;
}

/* The slot that append() reserved stays empty. `inner`: the innermost call but for the record's. */
static CT_COLD void append_slow(struct ct_thread *t, uint32_t record, uint64_t now,
                                struct ct_frame *inner)
{
	uint64_t old = ct_signals_block();

	t->entering = (record & 7) == CT_ENTER;
	*ct_chunk_slot(t, now, inner) = now << (64 - CT_TIME_BITS) | record;
	ct_signals_restore(old);
}

static inline struct ct_slot *slot_at(struct ct_slots *slots, uint64_t offset)
{
	return (struct ct_slot *) ((char *) slots->slot + (offset & slots->mask));
}

static inline bool is_slot(const struct ct_slot *slot, uint64_t callee, uint64_t site,
                           uint64_t hook, uint64_t caller)
{
	return slot->hook == hook && slot->site == site && slot->caller == caller
	       && slot->callee == callee;
}

/* The innermost complete frame at or below `f`; the sentinel is one. */
static inline struct ct_frame *complete(struct ct_frame *f)
{
	while (!f->sp)
		f--;
	return f;
}

uint32_t ct_recorded_depth(const struct ct_thread *t, const struct ct_frame *f)
{
	uint32_t depth = (uint32_t)(f - t->frames);

	if (t->silences)
		for (; f > t->frames; f--)
			depth -= ct_is_silent(f);
	return depth;
}

static CT_COLD void note_resume(struct ct_thread *t)
{
	uint64_t old = ct_signals_block();

	t->pauses = atomic_load(&ct_recorder->pauses);
	ct_chunk_extended(t, CT_RESUME, NULL, 0);
	ct_signals_restore(old);
}

static inline void clear(struct ct_thread *t, struct ct_frame *f)
{
	f->sp = 0;
	f->settled = 0;
	f->returning = 0;
	ct_values_forget(t, f);
}

/* Whether the hook of a call that is kept was interrupted by the handler that this is in: its record may be there or not. */
static bool is_unsettled(const struct ct_thread *t, const struct ct_frame *keep)
{
	while (keep > t->frames && keep->settled)
		keep--;
	return keep > t->frames;
}

/* What an UNWIND_TO says: how many calls stay, or else how many go, if all of these have their records. */
static uint32_t unwinding(const struct ct_thread *t, const struct ct_frame *keep)
{
	const struct ct_frame *f = t->top;
	uint32_t going = 0;

	for (; f > keep && f->settled; f--)
		going += !ct_is_silent(f);
	return f == keep && ct_has_handlers() && is_unsettled(t, keep) ? CT_UNWIND_BY | going : ct_recorded_depth(t, keep);
}

/*
 * Drops the frames above `keep`: they were left without their exit hook. With signals blocked: a handler that came in between would
 * drop frames itself, or jump out of here when half of it is done. One that came just before may have done it all.
 */
static void unwind_to(struct ct_thread *t, struct ct_frame *keep)
{
	struct ct_frame *top;
	uint64_t old, now;

	if (t->top == keep)
		return;
	old = ct_signals_block();
	if (ct_unlikely(t->pauses != atomic_load_explicit(&ct_recorder->pauses, memory_order_relaxed)))
		note_resume(t);
	top = t->top;
	if (top > keep) {
		uint32_t record = untimed(CT_UNWIND_TO, unwinding(t, keep));

		now = ct_ticks();
		ct_parked_add(t, keep, now);
		if (!append(t, record, now))
			append_slow(t, record, now, top);
		t->top = keep;
		barrier();
		for (; top > keep; top--)
			clear(t, top);
	}
	ct_signals_restore(old);
}

/*
 * Whether the innermost open call may be the caller of one that begins now. An inlined
 * instance below itself is either recursion, or was left by a jump and begins again.
 */
static inline bool is_caller(const struct ct_frame *top, const struct ct_slot *slot, uint64_t cfa)
{
	if (slot->shape & CT_INLINED)
		return top->sp && top->cfa >= cfa && slot->caller != slot->key;
	return top->sp >= cfa;
}

static struct ct_hook_facts facts_of(struct ct_thread *t, const struct ct_frame *f)
{
	return ct_hook_facts(t, f->function, ct_key_address(f->key));
}

/* Whether the machine frame that `f` is in belongs to an instrumented function. */
static bool is_in_body(struct ct_thread *t, struct ct_frame *f)
{
	for (uint64_t cfa = f->cfa; f->cfa == cfa; f = complete(f - 1))
		if (!facts_of(t, f).inlined)
			return true;
	return false;
}

#define NEAR 64 /* frames that are looked through for a call's true caller */

/*
 * The innermost call in the function that the call site lies in, if it is one of ours: what
 * is above it was left by a jump even if it looks alive, which it does when the function took
 * more stack (alloca(), arguments) after the jump came back to it. `f` where that cannot be
 * told: then the site is a library's, or calls may be missing.
 */
static struct ct_frame *caller_by_site(struct ct_thread *t, uint64_t site, struct ct_frame *f)
{
	uint64_t text = ct_hook_facts(t, 0, site).cfa.start;
	struct ct_frame *g = f;

	if (!text || f == t->limit || atomic_load(&ct_recorder->pauses))
		return f;
	for (int i = 0; i < NEAR && g > t->frames; i++, g = complete(g - 1))
		if (facts_of(t, g).cfa.start == text)
			return is_in_body(t, g) ? g : f;
	return f;
}

/*
 * The canonical frame address of the machine frame that a call was made from, where the unwind
 * table gives it by the stack pointer, which at the call was the callee's `cfa`. Else 0.
 */
static uint64_t cfa_of_caller(struct ct_thread *t, uint64_t site, uint64_t cfa)
{
	struct ct_cfa caller = ct_hook_facts(t, 0, site).cfa;

	return caller.start && caller.known && caller.base == CT_CFA_SP
	               ? cfa + (uint64_t)(int64_t) caller.offset : 0;
}

/*
 * An out-of-line body has just made its machine frame: what lies below the caller's is gone.
 * Where that is not known, what lies below its own.
 */
static struct ct_frame *settle_body(struct ct_thread *t, uint64_t site, uint64_t cfa)
{
	uint64_t caller_cfa = cfa_of_caller(t, site, cfa);
	struct ct_frame *keep = t->top, *f, *caller;

	for (f = complete(keep); caller_cfa ? f->cfa < caller_cfa : f->sp < cfa; f = complete(keep))
		keep = f - 1;
	if (caller_cfa)
		return keep;
	caller = caller_by_site(t, site, f);
	return caller == f ? keep : caller;
}

/*
 * An inlined instance leaves the others in its machine frame be, but for itself, which cannot
 * be open twice.
 */
static struct ct_frame *settle_instance(struct ct_thread *t, uint64_t hook, uint64_t cfa)
{
	struct ct_frame *keep = t->top, *f;

	for (f = complete(keep); f->cfa < cfa; f = complete(keep))
		keep = f - 1;
	for (; f->cfa == cfa; f = complete(f - 1))
		if (f->key == ct_key(hook))
			keep = f - 1;
	return keep;
}

/* As cfa_of_caller(), also where both have a frame pointer: the callee's points to where the caller's is kept. */
static uint64_t cfa_of_any_caller(struct ct_thread *t, uint64_t site, uint64_t cfa, const struct ct_cfa *own, uint64_t rbp)
{
	struct ct_cfa caller = ct_hook_facts(t, 0, site).cfa;

	if (own->base == CT_CFA_RBP && own->offset == 16 && rbp + 16 == cfa && caller.known && caller.base == CT_CFA_RBP)
		return *(const uint64_t *) rbp + (uint64_t)(int64_t) caller.offset;
	return cfa_of_caller(t, site, cfa);
}

/* The innermost open call in that machine frame, of the function that begins at `text`. */
static struct ct_frame *find_open(struct ct_thread *t, uint64_t text, uint64_t cfa)
{
	struct ct_frame *f = complete(t->top);

	for (int i = 0; i < NEAR && f > t->frames; i++, f = complete(f - 1))
		if (f->cfa == cfa && facts_of(t, f).cfa.start == text)
			return f;
	return NULL;
}

/*
 * A call from a function that is not the innermost open call's: where stacks were switched, its own call is further out, or
 * was parked.
 */
static void settle_switch(struct ct_thread *t, uint64_t site, uint64_t cfa, const struct ct_cfa *own, uint64_t rbp)
{
	uint64_t text = t->parking ? ct_hook_facts(t, 0, site).cfa.start : 0, caller_cfa;
	struct ct_frame *f = complete(t->top);

	if (!text || (f > t->frames && facts_of(t, f).cfa.start == text))
		return;
	caller_cfa = cfa_of_any_caller(t, site, cfa, own, rbp);
	f = caller_cfa ? find_open(t, text, caller_cfa) : NULL;
	if (f)
		unwind_to(t, f);
	else
		ct_parked_enter(t, text, cfa, caller_cfa);
}

/* The open call that ends by an exit hook in that machine frame, wherever it is on the shadow stack, or parked. */
static struct ct_frame *find_switched(struct ct_thread *t, uint64_t function, uint64_t site, uint64_t cfa)
{
	struct ct_frame *f = complete(t->top);

	for (int i = 0; t->parking && i < NEAR && f > t->frames; i++, f = complete(f - 1))
		if (f->cfa == cfa && f->function == function && f->site == site) {
			unwind_to(t, f);
			return f;
		}
	return ct_parked_exit(t, function, site, cfa);
}

/*
 * Handlers may run on an alternate stack, which may lie higher than what they interrupt. To a call on it, nothing elsewhere is gone;
 * to a call elsewhere, all on it are, since a jump has left them.
 */
struct alternate {
	uint64_t low, high;
	bool is_on; /* the present call */
};

static bool is_between(const struct alternate *a, const struct ct_frame *f)
{
	return f->sp >= a->low && f->sp < a->high;
}

/* Where there is none, nothing is in it. */
static struct alternate find_alternate(struct ct_thread *t, uint64_t sp)
{
	struct alternate a = {0};
	struct ct_frame *f = t->top;

	if (!ct_alternate_stack(&a.low, &a.high))
		return (struct alternate){0};
	a.is_on = sp >= a.low && sp < a.high;
	if (!a.is_on && is_between(&a, f)) {
		while (is_between(&a, f))
			f--;
		unwind_to(t, f);
	}
	return a;
}

/* `keep`, or the innermost call above it that is not on the stack that the present one is on. */
static struct ct_frame *keep_others(struct ct_thread *t, const struct alternate *a, struct ct_frame *keep)
{
	struct ct_frame *f = t->top;

	if (!a->is_on)
		return keep;
	while (f > keep && is_between(a, f))
		f--;
	return f;
}

static CT_COLD struct ct_slot *find_slow(struct ct_thread *t, uint64_t function, uint64_t site,
                                         uint64_t hook, uint64_t sp, uint64_t rbp)
{
	struct ct_hook_facts facts = ct_hook_facts(t, function, hook);
	uint64_t cfa = ct_cfa_value(&facts.cfa, sp, rbp), old;
	struct alternate a = find_alternate(t, sp);
	struct ct_slot *slot;

	/* First who is still there, then the look-up: the caller is part of the key. */
	unwind_to(t, keep_others(t, &a, facts.inlined ? settle_instance(t, hook, cfa) : settle_body(t, site, cfa)));
	if (!facts.inlined && !a.is_on)
		settle_switch(t, site, cfa, &facts.cfa, rbp);
	old = ct_signals_block();
	slot = ct_table_find(t, function, site, hook, complete(t->top)->key);
	ct_signals_restore(old);
	return slot;
}

static inline uint64_t cfa_of(const struct ct_slot *slot, uint64_t sp, uint64_t rbp)
{
	return (slot->cfa_base == CT_CFA_SP ? sp : rbp) + (uint64_t)(int64_t) slot->cfa_offset;
}

static inline uint64_t any_cfa_of(const struct ct_slot *slot, uint64_t sp, uint64_t rbp)
{
	uint64_t cfa = cfa_of(slot, sp, rbp);

	return slot->cfa_base == CT_CFA_DEREF ? *(const uint64_t *) cfa : cfa;
}

static CT_COLD void lose_deep(void)
{
	ct_session_lose(CT_LOST_DEPTH, 1);
}

static CT_COLD void push_slow(struct ct_thread *t, struct ct_frame *f, const struct ct_slot *slot,
                              uint64_t now)
{
	append_slow(t, slot->record, now, f - 1);
	f->settled = 1;
	slot->row->count++;
}

static inline void fill(struct ct_frame *f, const struct ct_slot *slot, uint64_t function,
                        uint64_t site, uint64_t cfa)
{
	f->function = function;
	f->key = slot->key;
	f->site = site;
	f->record = slot->record;
	f->cfa = cfa;
}

/* The frame above the top becomes that of a call, complete but for its record. */
static inline void open_frame(struct ct_thread *t, struct ct_frame *f, const struct ct_slot *slot,
                              uint64_t function, uint64_t site, uint64_t sp, uint64_t cfa)
{
	f->capture = NULL; /* what it last held may be of a call that ended while no values were wanted */
	f->sp = sp;
	barrier();
	fill(f, slot, function, site, cfa);
	barrier();
	t->top = f;
	barrier();
	/* A handler that came in between has used this frame, and left it cleared. */
	if (ct_unlikely(f->sp != sp)) {
		fill(f, slot, function, site, cfa);
		barrier();
		f->sp = sp;
	}
}

static inline void push(struct ct_thread *t, struct ct_frame *f, const struct ct_slot *slot,
                        uint64_t function, uint64_t site, uint64_t sp, uint64_t cfa)
{
	uint64_t now = ct_ticks();

	if (ct_unlikely(f > t->limit)) {
		slot->row->count++;
		lose_deep();
		return;
	}
	open_frame(t, f, slot, function, site, sp, cfa);
	if (ct_unlikely(!append(t, slot->record, now))) {
		push_slow(t, f, slot, now);
		return;
	}
	barrier();
	f->settled = 1;
	slot->row->count++;
}

/* As push(), of a call that is counted and not recorded. */
static CT_ASIDE void push_silent(struct ct_thread *t, struct ct_frame *f, const struct ct_slot *slot,
                                 uint64_t function, uint64_t site, uint64_t sp, uint64_t cfa)
{
	slot->row->count++;
	if (f > t->limit) {
		lose_deep();
		return;
	}
	t->silences = true;
	open_frame(t, f, slot, function, site, sp | CT_SILENT_SP, cfa);
	barrier();
	f->settled = 1;
}

/* Wherever it is, and new if need be; a caller that is gone is dropped. */
static inline struct ct_slot *find_any(struct ct_thread *t, uint64_t function, uint64_t site,
                                       uint64_t hook, uint64_t sp, uint64_t rbp, uint64_t *cfa)
{
	uint64_t caller = t->top->key, offset = ct_slot_offset(site, hook, caller);
	struct ct_slots *slots = t->slots;
	struct ct_slot *slot;

	*cfa = 0;
	for (slot = slot_at(slots, offset); slot->hook; slot = slot_at(slots, offset)) {
		if (is_slot(slot, function, site, hook, caller)) {
			*cfa = any_cfa_of(slot, sp, rbp);
			break;
		}
		offset += sizeof *slot;
	}
	if (!slot->hook || !is_caller(t->top, slot, *cfa)) {
		slot = find_slow(t, function, site, hook, sp, rbp);
		*cfa = any_cfa_of(slot, sp, rbp);
	}
	return slot;
}

/* All cases: no state yet, a key that is not in its first place, or new, a caller that is gone. */
static CT_ASIDE void enter_any(uint64_t function, uint64_t site, uint64_t hook, uint64_t sp,
                               uint64_t rbp)
{
	struct ct_thread *t = ct_thread_now();
	struct ct_slot *slot;
	uint64_t cfa;

	if (!t)
		return;
	slot = find_any(t, function, site, hook, sp, rbp, &cfa);
	if (slot->shape & CT_SILENT)
		push_silent(t, t->top + 1, slot, function, site, sp, cfa);
	else
		push(t, t->top + 1, slot, function, site, sp, cfa);
}

/*
 * The slots know of their captures since another choice than the present one; and calls may have
 * ended without giving back what was kept for their exit.
 */
static CT_COLD void renew_captures(struct ct_thread *t)
{
	uint64_t old = ct_signals_block();
	const struct ct_frame *f = t->top;

	while (f > t->frames && !f->capture)
		f--;
	t->kept_used = f > t->frames ? f->saved + f->capture->saved : 0;
	t->captures_of = ct_values_generation;
	ct_table_capture(t);
	ct_signals_restore(old);
}

/* ct_values_enter() where nothing is to be done but moves. */
static inline bool enter_simply(struct ct_thread *t, const struct ct_frame *f,
                                const struct ct_capture *c, const struct ct_registers *r, uint64_t now)
{
	uint32_t words = c->plan->fixed / 8;
	uint64_t *to;

	if (!words) /* the plan says all there is to say */
		return append(t, f->record, now);
	to = ct_values_reserve(t, 2 + words, now);
	if (ct_unlikely(!to))
		return false;
	now <<= 64 - CT_TIME_BITS;
	to[1] = now | c->pending;
	barrier();
	to[0] = now | (f->record + CT_ENTER_VALUES - CT_ENTER);
	barrier();
	ct_moves_run(c, (const uint64_t *) r, to + 2);
	barrier();
	to[1] = c->announced;
	return true;
}

/* ct_values_exit() where there is nothing but one register. Row 0's is no such record. */
static inline bool exit_simply(struct ct_thread *t, uint32_t record, const struct ct_capture *c,
                               const struct ct_returned *returned, uint64_t now)
{
	uint64_t *to, word;

	if (ct_unlikely(record == CT_ENTER) || ct_unlikely(!(to = ct_values_reserve(t, 2, now))))
		return false;
	__builtin_memcpy(&word, (const char *) returned + c->returned, sizeof word);
	ct_values_exit_word(to, record + CT_EXIT_WORD - CT_ENTER, now, word);
	return true;
}

/* The record of a call whose frame is there, wherever it finds room. */
static CT_ASIDE void enter_values_late(struct ct_thread *t, struct ct_frame *f, const struct ct_slot *slot,
                                       const struct ct_capture *capture,
                                       const struct ct_registers *registers, uint64_t now)
{
	ct_values_keep(t, f, capture);
	if (ct_unlikely(!ct_values_enter(t, f, capture, slot->record, registers, now))) {
		ct_values_forget(t, f);
		append_slow(t, slot->record, now, f - 1);
	}
	barrier();
	f->settled = 1;
	slot->row->count++;
}

/* As push(), and what the call was given. */
static void push_values(struct ct_thread *t, const struct ct_slot *slot, uint64_t function,
                               uint64_t site, uint64_t cfa, struct ct_registers *registers)
{
	const struct ct_capture *capture = ct_captures[slot->capture];
	uint64_t sp = registers->general[CT_REG_RSP], now = ct_ticks();
	struct ct_frame *f = t->top + 1;

	if (!capture || f > t->limit
	    || atomic_load_explicit(&capture->off, memory_order_relaxed)) {
		push(t, f, slot, function, site, sp, cfa);
		return;
	}
	open_frame(t, f, slot, function, site, sp, cfa);
	registers->cfa = cfa;
	registers->self = (uint64_t) registers;
	enter_values_late(t, f, slot, capture, registers, now);
}

/* What may call libc, which uses vector registers: so these are saved first. */
static CT_ASIDE void enter_values_any(uint64_t function, uint64_t site, uint64_t hook,
                                      struct ct_registers *registers)
{
	uint64_t sp = registers->general[CT_REG_RSP], rbp = registers->general[CT_REG_RBP], cfa;
	struct ct_thread *t;
	struct ct_slot *slot;

	ct_save_vectors(registers, 16);
	t = ct_thread_now();
	if (!t)
		return;
	if (t->captures_of != ct_values_generation)
		renew_captures(t);
	slot = find_any(t, function, site, hook, sp, rbp, &cfa);
	if (slot->shape & CT_SILENT)
		push_silent(t, t->top + 1, slot, function, site, sp, cfa);
	else if (slot->capture)
		push_values(t, slot, function, site, cfa, registers);
	else
		push(t, t->top + 1, slot, function, site, sp, cfa);
}

/* Where the caller is the innermost call: with values, or without. */
static CT_ASIDE void enter_values_found(struct ct_thread *t, const struct ct_slot *slot, uint64_t function,
                                        uint64_t site, uint64_t cfa, struct ct_registers *registers)
{
	const struct ct_capture *capture = ct_captures[slot->capture];

	if (!capture) {
		push(t, t->top + 1, slot, function, site, registers->general[CT_REG_RSP], cfa);
		return;
	}
	if (capture->vectors)
		ct_save_vectors(registers, capture->vectors);
	push_values(t, slot, function, site, cfa, registers);
}

/* No call and no vector registers in C: so the straight path is a leaf. */
static inline void save_vectors(struct ct_registers *to, unsigned count)
{
	__asm__ volatile("movups %%xmm0, %0" : "=m"(to->xmm[0]));
	if (count > 1)
		__asm__ volatile("movups %%xmm1, 16(%1)\n\tmovups %%xmm2, 32(%1)\n\t"
		                 "movups %%xmm3, 48(%1)\n\tmovups %%xmm4, 64(%1)\n\t"
		                 "movups %%xmm5, 80(%1)\n\tmovups %%xmm6, 96(%1)\n\t"
		                 "movups %%xmm7, 112(%1)"
		                 : "=m"(to->xmm) : "r"(to->xmm));
}

void ct_enter_values(uint64_t function, uint64_t site, uint64_t hook,
                     struct ct_registers *registers)
{
	uint64_t sp = registers->general[CT_REG_RSP], rbp = registers->general[CT_REG_RBP], cfa;
	struct ct_thread *t = ct_self;
	const struct ct_capture *capture;
	struct ct_frame *top, *f;
	struct ct_slot *slot;
	uint64_t now;

	if (ct_unlikely(!t) || ct_unlikely(!(top = t->top))
	    || ct_unlikely(t->captures_of != ct_values_generation))
		goto any;
	slot = slot_at(t->slots, ct_slot_offset(site, hook, top->key));
	cfa = cfa_of(slot, sp, rbp);
	if (ct_unlikely(!is_slot(slot, function, site, hook, top->key)) || ct_unlikely(slot->shape)
	    || ct_unlikely(top->sp < cfa))
		goto any;
	capture = ct_captures[slot->capture];
	f = top + 1;
	if (ct_unlikely(!capture) || ct_unlikely(!atomic_load_explicit(&capture->quick, memory_order_relaxed))
	    || ct_unlikely(f > t->limit)) {
		enter_values_found(t, slot, function, site, cfa, registers);
		return;
	}
	now = ct_ticks();
	if (capture->vectors)
		save_vectors(registers, capture->vectors);
	open_frame(t, f, slot, function, site, sp, cfa);
	registers->cfa = cfa;
	registers->self = (uint64_t) registers;
	f->saved = t->kept_used;
	f->capture = capture;
	if (ct_unlikely(!enter_simply(t, f, capture, registers, now))) {
		enter_values_late(t, f, slot, capture, registers, now);
		return;
	}
	barrier();
	f->settled = 1;
	slot->row->count++;
	return;
any:
	enter_values_any(function, site, hook, registers);
}

void ct_enter(uint64_t function, uint64_t site, uint64_t hook, uint64_t sp, uint64_t rbp)
{
	struct ct_thread *t = ct_self;
	struct ct_frame *top;
	struct ct_slot *slot;
	uint64_t cfa;

	if (ct_unlikely(!t) || ct_unlikely(!(top = t->top)))
		goto any;
	slot = slot_at(t->slots, ct_slot_offset(site, hook, top->key));
	if (ct_unlikely(!is_slot(slot, function, site, hook, top->key)))
		goto any;
	cfa = cfa_of(slot, sp, rbp);
	if (ct_likely(slot->shape == 0)) {
		if (ct_unlikely(top->sp < cfa))
			goto any;
	} else if (slot->shape != CT_INLINED || !is_caller(top, slot, cfa)) {
		goto any;
	}
	push(t, top + 1, slot, function, site, sp, cfa);
	return;
any:
	enter_any(function, site, hook, sp, rbp);
}

static inline void drop(struct ct_thread *t, struct ct_frame *f)
{
	t->top = f - 1;
	barrier();
	f->sp = 0;
}

static CT_COLD void pop_slow(struct ct_thread *t, struct ct_frame *f, uint64_t now)
{
	append_slow(t, f->record + CT_EXIT - CT_ENTER, now, f - 1);
	drop(t, f);
}

static inline void pop(struct ct_thread *t, struct ct_frame *f)
{
	uint64_t now = ct_ticks();

	f->settled = 0;
	barrier();
	if (ct_unlikely(!append(t, f->record + CT_EXIT - CT_ENTER, now))) {
		pop_slow(t, f, now);
		return;
	}
	drop(t, f);
}

/*
 * The open call that an exit hook in the machine frame `cfa` speaks of. Frames below it are
 * gone; in it, inlined instances may have been left by a jump.
 */
static struct ct_frame *find_frame(const struct ct_thread *t, uint64_t function, uint64_t site,
                                   uint64_t cfa)
{
	struct ct_frame *f = t->top;

	while (!f->sp || f->cfa < cfa)
		f--;
	while (!f->sp || (f->cfa == cfa && f->function != function))
		f--;
	if (f == t->frames || f->function != function)
		return NULL;
	if (f->cfa == cfa)
		return f;
	/*
	 * A piece that gcc split off (f.part.0) leaves through its own machine frame. Only if
	 * nothing else can be meant: not when calls above are missing from the shadow stack,
	 * and not in recursion, unless the call site agrees.
	 */
	return f != t->limit && (f->site == site || f[-1].function != function) ? f : NULL;
}

/*
 * Where the stack pointer is not where the innermost call's enter hook had it: the call that
 * ends, now the innermost one. NULL: none that is known; counted.
 */
static struct ct_frame *settle_exit(struct ct_thread *t, uint64_t function, uint64_t site,
                                    uint64_t hook, uint64_t sp, uint64_t rbp)
{
	/* Reached by a jump (gcc -O2 does so at the end of void functions): the machine frame is
	 * gone already, and the stack pointer is where it began. */
	struct ct_frame *f = t->top;
	uint64_t cfa = sp;

	if (hook != site) {
		struct ct_hook_facts facts = ct_hook_facts(t, function, hook);

		cfa = ct_cfa_value(&facts.cfa, sp, rbp);
	}
	if (f->function != function || f->cfa != cfa || !f->sp) {
		struct ct_frame *switched = NULL;

		find_alternate(t, sp);
		f = find_frame(t, function, site, cfa);
		if (!f || f->cfa != cfa)
			switched = find_switched(t, function, site, cfa);
		if (switched)
			return switched;
		if (!f) {
			ct_session_lose(CT_LOST_EXITS, 1);
			return NULL;
		}
		unwind_to(t, f);
	}
	return f;
}

/* Where its exit hook finds the innermost call as its enter hook left it. */
static inline bool is_silent_exit(const struct ct_frame *f, uint64_t function, uint64_t sp)
{
	return f->function == function && f->sp == (sp | CT_SILENT_SP);
}

static inline void drop_silent(struct ct_thread *t, struct ct_frame *f)
{
	f->settled = 0;
	barrier();
	drop(t, f);
}

static CT_ASIDE void exit_any(uint64_t function, uint64_t site, uint64_t hook, uint64_t sp,
                              uint64_t rbp)
{
	struct ct_thread *t = ct_self;
	struct ct_frame *f = t ? t->top : NULL; /* the process may have been forked since ct_exit() */

	if (!f)
		return;
	if (!is_silent_exit(f, function, sp))
		f = settle_exit(t, function, site, hook, sp, rbp);
	if (f && ct_is_silent(f))
		drop_silent(t, f);
	else if (f)
		pop(t, f);
}

void ct_exit(uint64_t function, uint64_t site, uint64_t hook, uint64_t sp, uint64_t rbp)
{
	struct ct_thread *t = ct_self;
	struct ct_frame *top;

	if (ct_unlikely(!t) || ct_unlikely(!(top = t->top)))
		return;
	if (ct_unlikely(top->function != function) || ct_unlikely(top->sp != sp)) {
		exit_any(function, site, hook, sp, rbp);
		return;
	}
	pop(t, top);
}

/* Its call ends, with these values. `c`: its capture, which the frame may have lost meanwhile (await()). */
static inline void pop_values(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *c,
                              const struct ct_returned *returned, enum ct_how why, uint64_t sp)
{
	uint64_t now = ct_ticks();
	uint32_t record = f->record;

	f->settled = 0;
	barrier();
	if (!(ct_likely(returned != NULL)
	      && ct_likely(atomic_load_explicit(&c->quick_exit, memory_order_relaxed))
	      && ct_likely(exit_simply(t, record, c, returned, now)))
	    && ct_unlikely(!ct_values_exit(t, f, c, record, returned, why, sp, now)))
		append_slow(t, record + CT_EXIT - CT_ENTER, now, f - 1);
	ct_values_forget(t, f);
	f->returning = 0;
	drop(t, f);
}

static CT_ASIDE void pop_without(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *c, enum ct_how why,
                                 uint64_t sp)
{
	pop_values(t, f, c, NULL, why, sp);
}

/*
 * Whether the returned value is at hand already, at the exit hook that `fact` is of. Only in the machine
 * frame that the call began in: a piece that was split off leaves through its own.
 */
static inline bool is_held(const struct ct_frame *f, const struct ct_capture *c, const struct ct_exit_fact *fact,
                           struct ct_kept_registers *r)
{
	r->cfa = (fact->cfa_base == CT_CFA_SP ? r->rsp : r->rbp) + (uint64_t)(int64_t) fact->cfa_offset;
	r->self = (uint64_t) r;
	return ct_likely(fact->held != NULL) && ct_likely(r->cfa == f->cfa)
	       && ct_likely(*ct_return_slot(r->cfa) == f->site) && ct_likely(c->returns);
}

static inline void pop_held(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *c,
                            const struct ct_held *held, const struct ct_kept_registers *r)
{
	struct ct_returned returned;
	uint64_t *words = (uint64_t *) &returned;

	for (uint32_t i = 0; i < held->count; i++)
		words[held->parts[i].to] = ct_held_word(&held->parts[i], r);
	pop_values(t, f, c, &returned, CT_HOW_PLAIN, r->rsp);
}

/*
 * Exchanges the return address, if the value can be had behind the exit hook that `fact` is of;
 * else `*why` says why not.
 *
 * What is exchanged is this very machine frame's, whatever has become of `f`: where a signal's handler switches between stacks,
 * other calls have been in that frame since.
 */
static inline bool await(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *c, struct ct_exit_fact fact,
                         const struct ct_kept_registers *r, enum ct_how *why)
{
	uint64_t cfa = r->cfa, address;

	if (ct_unlikely(fact.why != CT_HOW_PLAIN) || ct_unlikely(cfa != f->cfa)
	    || ct_unlikely((address = *ct_return_slot(cfa)) != f->site) || ct_unlikely(!c->returns)
	    || ct_unlikely(ct_has_shadow_stack) || ct_unlikely(!ct_waiting_take(&ct_waiting[0], cfa, address))) {
		*why = ct_values_refuse(t, f, c, fact, r->rsp, r->rbp, &cfa);
		if (*why != CT_HOW_PLAIN)
			return false;
	}
	f->sp = cfa - 8;
	f->returning = 1;
	barrier();
	*ct_return_slot(cfa) = (uint64_t) ct_return_stub;
	return true;
}

/* The machine frame's own return address, taken back. */
static inline uint64_t awaited(uint64_t cfa)
{
	struct ct_waiting *w = &ct_waiting[0];
	uint64_t address = w->address;

	if (ct_unlikely(w->cfa != cfa) || ct_unlikely(!address))
		return ct_values_awaited_slowly(cfa);
	w->cfa = 0;
	barrier();
	w->address = 0;
	return address;
}

static CT_ASIDE void exit_values_any(uint64_t function, uint64_t site, uint64_t hook,
                                     struct ct_kept_registers *registers)
{
	struct ct_thread *t = ct_self;
	struct ct_frame *f = t ? t->top : NULL; /* as in exit_any() */
	uint64_t sp = registers->rsp;
	enum ct_how why = CT_HOW_PLAIN;
	const struct ct_capture *c;
	struct ct_exit_fact fact;

	if (!f)
		return;
	if (ct_unlikely(f->function != function) || ct_unlikely(f->sp != sp)) {
		if (!is_silent_exit(f, function, sp))
			f = settle_exit(t, function, site, hook, sp, registers->rbp);
		if (!f)
			return;
		if (ct_is_silent(f)) {
			drop_silent(t, f);
			return;
		}
	}
	c = f->capture;
	if (!c) {
		pop(t, f);
		return;
	}
	if (c->plan->return_type == CT_NONE) {
		if (c->saved) {
			pop_without(t, f, c, why, sp);
		} else {
			ct_values_forget(t, f);
			pop(t, f);
		}
		return;
	}
	fact = ct_exit_fact_of(t, function, hook);
	if (is_held(f, c, &fact, registers))
		pop_held(t, f, c, fact.held, registers);
	else if (!await(t, f, c, fact, registers, &why))
		pop_without(t, f, c, why, sp);
}

/* The straight path: a word that is held. */
void ct_exit_values(uint64_t function, uint64_t site, uint64_t hook, struct ct_kept_registers *registers)
{
	struct ct_thread *t = ct_self;
	const struct ct_exit_fact *slot;
	const struct ct_capture *c;
	struct ct_exit_fact fact;
	struct ct_frame *f;
	uint64_t now, *to;
	uint32_t record;

	if (ct_unlikely(!t) || ct_unlikely(!(f = t->top)))
		return;
	if (ct_unlikely(f->function != function) || ct_unlikely(f->sp != registers->rsp)
	    || ct_unlikely(!(c = f->capture))
	    || ct_unlikely(!atomic_load_explicit(&c->quick_exit, memory_order_relaxed))
	    || ct_unlikely((record = f->record) == CT_ENTER))
		goto any;
	slot = ct_exit_slot(t, hook);
	if (ct_unlikely(slot->hook != hook))
		goto any;
	barrier(); /* as in ct_exit_fact_of() */
	fact.held = slot->held;
	fact.cfa_base = slot->cfa_base;
	fact.cfa_offset = slot->cfa_offset;
	barrier();
	if (ct_unlikely(slot->hook != hook) || ct_unlikely(!is_held(f, c, &fact, registers)))
		goto any;
	now = ct_ticks();
	f->settled = 0;
	barrier();
	to = ct_values_reserve(t, 2, now);
	if (ct_unlikely(!to))
		goto any;
	ct_values_exit_word(to, record + CT_EXIT_WORD - CT_ENTER, now, ct_held_word(&fact.held->parts[0], registers));
	t->kept_used = f->saved;
	f->capture = NULL;
	drop(t, f);
	return;
any:
	exit_values_any(function, site, hook, registers);
}

/*
 * A function has returned to the stub. Returns where it would have gone. Its call is no longer
 * known where recording was begun anew in the meantime, or the process was forked.
 */
uint64_t ct_return(const struct ct_returned *returned, uint64_t cfa)
{
	uint64_t address = awaited(cfa);
	const struct ct_capture *c;
	struct ct_thread *t = ct_self;
	struct ct_frame *f;

	if (ct_unlikely(!t) || ct_unlikely(!t->top))
		return address;
	for (f = t->top; ct_unlikely(!f->sp) || ct_unlikely(f->cfa < cfa); f--)
		;
	if (ct_unlikely(f == t->frames) || ct_unlikely(f->cfa != cfa) || ct_unlikely(!f->returning))
		return address;
	if (ct_unlikely(f != t->top))
		unwind_to(t, f);
	c = f->capture;
	if (ct_likely(c != NULL))
		pop_values(t, f, c, returned, CT_HOW_PLAIN, cfa);
	return address;
}
