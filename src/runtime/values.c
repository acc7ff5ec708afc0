#include "runtime/values.h"

#include <stddef.h>

#include "runtime/choice.h"
#include "runtime/kernel.h"
#include "runtime/memory.h"
#include "runtime/plans.h"
#include "runtime/settings.h"
#include "runtime/siphash.h"

#define barrier() __asm__ volatile("" ::: "memory")

#define KEPT_BYTES   (32u << 20) /* of address space; used as touched */
#define HIDDEN_FIXED 512         /* the largest fixed part of which something can be redacted */

bool ct_values_wanted;
uint32_t ct_values_generation = 1;

/* A record in the making. */
struct draft {
	struct ct_thread *t;
	uint64_t *words, *end; /* what was reserved */
	uint64_t *at;          /* what comes next */
	uint64_t sp;
	uint8_t flags;         /* CT_VALUES_* */
	const uint8_t *blocks[CT_FOLLOWERS]; /* the bytes that each follower gave; NULL: none */
	uint32_t sizes[CT_FOLLOWERS];
};

/* --- the words --- */

static CT_COLD uint64_t *reserve_slowly(struct ct_thread *t, uint32_t words, uint32_t record,
                                        uint64_t now, const struct ct_frame *inner)
{
	uint64_t old = ct_signals_block(), *found;

	t->entering = (record & 7) == CT_ENTER_VALUES;
	found = ct_chunk_words(t, words, now, inner);
	ct_signals_restore(old);
	return found;
}

static inline uint64_t *reserve(struct ct_thread *t, uint32_t words, uint32_t record, uint64_t now,
                                const struct ct_frame *inner)
{
	uint64_t *found = ct_values_reserve(t, words, now);

	return found ? found : reserve_slowly(t, words, record, now, inner);
}

static inline void give_back(struct draft *d)
{
	char *end = (char *) d->end;

	__asm__ volatile("cmpxchgq %2, %1"
	                 : "+a"(end), "+m"(d->t->cursor)
	                 : "r"((char *) d->at)
	                 : "cc", "memory");
}

static inline bool begin(struct draft *d, struct ct_thread *t, uint64_t sp, uint32_t words, uint32_t record,
                  uint64_t now, const struct ct_frame *inner)
{
	uint64_t *at = reserve(t, words, record, now, inner);

	if (!at)
		return false;
	d->t = t;
	d->sp = sp;
	d->words = at;
	d->end = at + words;
	d->at = at + 2;
	d->flags = 0;
	ct_values_begin_record(at, record, now, words - 2);
	return true;
}

static inline void finish(struct draft *d, uint32_t fixed_words, uint8_t how)
{
	ct_values_end_record(d->words, (uint32_t)(d->at - d->words) - 2,
	                     ct_values_head(fixed_words, how, d->flags));
	give_back(d);
}

/* --- copying --- */

static inline void copy(uint8_t *to, const uint8_t *from, size_t size)
{
	switch (size) {
	case 8: __builtin_memcpy(to, from, 8); break;
	case 4: __builtin_memcpy(to, from, 4); break;
	case 16:
		__builtin_memcpy(to, from, 8);
		__builtin_memcpy(to + 8, from + 8, 8);
		break;
	case 1: *to = *from; break;
	case 2: __builtin_memcpy(to, from, 2); break;
	default: ct_copy(to, from, size);
	}
}

static inline uint64_t base_of(const struct ct_plan_op *op, const struct ct_registers *r, uint64_t cfa,
                               uint64_t bias)
{
	return op->reg == CT_REG_NONE ? bias : op->reg == CT_REG_CFA ? cfa : r->general[op->reg & 15];
}

static inline void run_copy(const struct ct_plan_op *op, const struct ct_registers *r, uint64_t cfa,
                            uint64_t bias, uint8_t *to)
{
	uint64_t number[2] = {0};

	switch (op->op) {
	case CT_OP_REGISTER:
		copy(to, (op->reg < 16 ? (const uint8_t *) &r->general[op->reg] : r->xmm[op->reg - 17])
		             + op->offset, op->size);
		return;
	case CT_OP_FRAME:
		copy(to, (const uint8_t *) (base_of(op, r, cfa, bias) + (uint64_t) op->offset), op->size);
		return;
	case CT_OP_VALUE:
		number[0] = base_of(op, r, cfa, bias) + (uint64_t) op->offset;
		break;
	default:
		number[0] = (uint64_t) op->offset;
	}
	copy(to, (const uint8_t *) number, op->size);
}

/* The fixed part of a call of which nothing is hidden. */
static inline void fill_fixed(const struct ct_capture *c, const struct ct_registers *r, uint64_t *to)
{
	ct_moves_run(c, (const uint64_t *) r, to);
	for (uint32_t i = 0; ct_unlikely(i < c->other_count); i++) {
		const struct ct_plan_op *op = &c->ops[c->others[i]];

		run_copy(op, r, r->cfa, c->bias, (uint8_t *) to + op->at);
	}
}

/* What the caller is asked for; of an argument that is not kept only if `all`. */
static void fill_passed(const struct ct_capture *c, const struct ct_registers *r, uint64_t *to, bool all)
{
	for (uint32_t i = 0; i < c->passed_count; i++) {
		const struct ct_passed *p = &c->passed[i];
		uint64_t word = (uint64_t) p->number;

		if (!all && atomic_load(&c->marks[p->argument]) != CT_KEPT)
			continue;
		if (p->base != CT_NO_BASE) {
			uint64_t base = ((const uint64_t *) r)[p->base];

			word += *(const uint64_t *) (base + (uint64_t)(int64_t) p->offset);
		}
		to[p->to] = word & p->mask;
	}
}

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	__builtin_memcpy(&word, bytes, sizeof word);
	return word;
}

/* --- following --- */

/* What a follower asks for: `size` bytes at `from`. False: nothing. */
struct wish {
	uint64_t from, size;
	bool string, cut;
};

static inline bool wish_of(const struct ct_plan_op *op, const uint8_t *base, uint32_t base_size,
                    struct wish *w)
{
	uint64_t most = ct_settings.string_length, extra;

	*w = (struct wish){ .size = most, .string = op->op == CT_OP_STRING };
	if (op->at + 8 > base_size)
		return false;
	w->from = word_at(base + op->at);
	if (!w->from)
		return false;
	if (op->op == CT_OP_BYTES) {
		w->size = op->size;
		return true;
	}
	if (op->op == CT_OP_STRING)
		return true;
	if (op->extra + 8 > base_size)
		return false;
	extra = word_at(base + op->extra);
	if (op->op == CT_OP_RANGE)
		extra = extra >= w->from ? extra - w->from : 0;
	else
		extra = extra > UINT64_MAX / op->size ? UINT64_MAX : extra * op->size;
	w->cut = extra > most;
	w->size = w->cut ? most / op->size * op->size : extra;
	return true;
}

static void put_zeros(uint8_t *to, uint64_t size)
{
	while (size % 8)
		to[size++] = 0;
}

/* The block of one follower. */
static inline void put_block(struct draft *d, const struct ct_plan_op *op, uint32_t number, uint8_t flags,
                      const uint8_t *base, uint32_t base_size, uint32_t slot)
{
	uint64_t room = (uint64_t)(d->end - d->at) * 8, n;
	enum ct_block_status status = CT_BLOCK_WHOLE;
	uint8_t *to = (uint8_t *) (d->at + 1);
	struct wish w;
	bool ended;

	if (!wish_of(op, base, base_size, &w))
		return;
	if (room < 16) {
		d->flags |= CT_VALUES_LIMITED;
		return;
	}
	if (w.size > room - 8) {
		w.size = room - 8;
		w.cut = true;
		d->flags |= CT_VALUES_LIMITED;
	}
	if (w.string) {
		n = ct_memory_string(d->t, d->sp, (char *) to, w.from, w.size, &ended);
		status = ended ? CT_BLOCK_WHOLE : n == w.size ? CT_BLOCK_CUT : CT_BLOCK_PART;
	} else {
		n = ct_memory_read(d->t, d->sp, to, w.from, w.size);
		status = n < w.size ? CT_BLOCK_PART : w.cut ? CT_BLOCK_CUT : CT_BLOCK_WHOLE;
	}
	if (n == 0 && status == CT_BLOCK_PART)
		status = CT_BLOCK_BAD;
	put_zeros(to, n);
	*d->at = ct_block(status, number, flags, (uint32_t) n);
	d->blocks[slot] = to;
	d->sizes[slot] = (uint32_t) n;
	d->at += 1 + (n + 7) / 8;
}

/* Whether an operation is to be run at all: the user may not want its argument. */
static inline bool is_kept(const struct ct_capture *c, const struct ct_plan_op *op)
{
	uint32_t mark = op->argument == UINT16_MAX ? c->plan->arg_count : op->argument;

	return !atomic_load_explicit(&c->marked, memory_order_relaxed)
	       || atomic_load_explicit(&c->marks[mark], memory_order_relaxed) == CT_KEPT;
}

/* Operations `first` to `count` of a list, those of `wanted`. `outs`: only such. */
static void follow(struct draft *d, const struct ct_capture *c, const struct ct_plan_op *ops,
                   uint32_t first, uint32_t count, uint32_t wanted, uint8_t flags, bool outs,
                   const uint8_t *fixed, uint32_t fixed_size)
{
	for (uint32_t i = first; i < count; i++) {
		const struct ct_plan_op *op = &ops[i];
		uint32_t slot = i - first, base = op->base - 1u - first;

		d->blocks[slot] = NULL;
		if (!(wanted >> slot & 1) || (outs && !(op->flags & CT_OP_F_OUT)) || !is_kept(c, op))
			continue;
		if (!op->base)
			put_block(d, op, i, flags, fixed, fixed_size, slot);
		else if (base < slot && d->blocks[base])
			put_block(d, op, i, flags, d->blocks[base], d->sizes[base], slot);
	}
}

/* --- what the user does not want to see --- */

static void put_mark(struct draft *d, uint32_t number, uint8_t flags, const uint64_t *hash)
{
	if (d->end - d->at < 2) {
		d->flags |= CT_VALUES_LIMITED;
		return;
	}
	*d->at++ = ct_block(CT_BLOCK_WHOLE, number, flags, hash ? 8 : 0);
	if (hash)
		*d->at++ = *hash;
}

static void hash_pointee(struct draft *d, struct ct_siphash *h, const struct ct_plan_op *op,
                         const uint8_t *base, uint32_t base_size)
{
	uint8_t bytes[CT_PLAN_VALUE_MAX];
	struct wish w;
	uint64_t done = 0, n;
	bool ended = false;

	if (!wish_of(op, base, base_size, &w))
		return;
	for (; done < w.size && !ended; done += n) {
		uint64_t want = w.size - done < sizeof bytes ? w.size - done : sizeof bytes;

		if (w.string)
			n = ct_memory_string(d->t, d->sp, (char *) bytes, w.from + done, want, &ended);
		else
			n = ct_memory_read(d->t, d->sp, bytes, w.from + done, want);
		ct_siphash_add(h, bytes, n);
		if (n < want)
			break;
	}
	ct_zero(bytes, sizeof bytes);
}

/* A value and what it points to, the pointers themselves left out: they differ from run to run. */
static uint64_t hash_of(struct draft *d, const struct ct_plan_op *ops, uint32_t first, uint32_t count,
                        uint16_t argument, uint8_t *bytes, uint32_t at, uint32_t size, uint32_t whole)
{
	struct ct_siphash h;

	ct_siphash_begin(&h, ct_settings.redact_key);
	for (uint32_t i = first; i < count; i++)
		if (ops[i].argument == argument && !ops[i].base)
			hash_pointee(d, &h, &ops[i], bytes, whole);
	for (uint32_t i = first; i < count; i++)
		if (ops[i].argument == argument && !ops[i].base && ops[i].at >= at
		    && ops[i].at + 8 <= at + size)
			ct_zero(bytes + ops[i].at, 8);
	ct_siphash_add(&h, bytes + at, size);
	return ct_siphash_end(&h);
}

static uint32_t size_of(const struct ct_plan_arg *a)
{
	return a->how == CT_HOW_COMPUTED ? 8u * a->words : a->flags & CT_ARG_INDIRECT ? 8u : a->size;
}

static bool is_unknown(const struct ct_capture *c, uint32_t argument)
{
	for (uint32_t i = 0; i < c->unknown_count; i++)
		if (c->unknown[i] == argument)
			return true;
	return false;
}

/* The marks' blocks, and the values of the others in `fixed`. `outs`: only what is followed again. */
static void hide(struct draft *d, const struct ct_capture *c, uint8_t *bytes, bool outs)
{
	const struct ct_plan *plan = c->plan;

	for (uint32_t i = 0; i < plan->arg_count; i++) {
		const struct ct_plan_arg *a = &c->args[i];
		uint8_t mark = atomic_load(&c->marks[i]);
		bool can_hash = plan->fixed <= HIDDEN_FIXED && a->how < CT_HOW_UNAVAILABLE
		                && !is_unknown(c, i);
		uint64_t hash;

		if (mark == CT_KEPT || (outs && mark != CT_REDACTED))
			continue;
		if (mark == CT_REDACTED && can_hash) {
			hash = hash_of(d, c->ops, c->copies, plan->op_count, (uint16_t) i, bytes, a->at,
			               size_of(a), plan->fixed);
			put_mark(d, i, CT_BLOCK_REDACTED, &hash);
		} else {
			put_mark(d, i, CT_BLOCK_EXCLUDED, NULL);
		}
	}
}

static CT_COLD void copy_hiding(struct draft *d, const struct ct_capture *c,
                                const struct ct_registers *r, uint64_t cfa, uint8_t *fixed)
{
	uint8_t bytes[HIDDEN_FIXED] __attribute__((aligned(8)));
	bool fits = c->plan->fixed <= sizeof bytes;

	for (uint32_t i = 0; i < c->copies; i++) {
		const struct ct_plan_op *op = &c->ops[i];

		if (is_kept(c, op))
			run_copy(op, r, cfa, c->bias, fixed + op->at);
		if (fits)
			run_copy(op, r, cfa, c->bias, bytes + op->at);
	}
	if (fits)
		fill_passed(c, r, (uint64_t *) bytes, true);
	fill_passed(c, r, (uint64_t *) fixed, false);
	hide(d, c, bytes, false);
	ct_zero(bytes, sizeof bytes);
}

static inline void fill_all(const struct ct_capture *c, const struct ct_registers *r, uint64_t *to)
{
	fill_fixed(c, r, to);
	if (ct_unlikely(c->passed_count))
		fill_passed(c, r, to, true);
}

/* --- kept for the exit --- */

void ct_values_keep(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *c)
{
	f->saved = t->kept_used;
	f->capture = c;
	barrier();
	if (!c->saved)
		return;
	if (ct_unlikely(!t->kept)) {
		uint64_t old = ct_signals_block();

		if (!t->kept)
			t->kept = ct_pages(KEPT_BYTES);
		ct_signals_restore(old);
	}
	t->kept_used += c->saved;
}

/* NULL: there was no room. */
static uint8_t *kept_of(const struct ct_thread *t, const struct ct_frame *f, const struct ct_capture *c)
{
	uint64_t at = f->saved;

	if (!c->saved || !t->kept || at + c->saved > KEPT_BYTES)
		return NULL;
	return (uint8_t *) t->kept + at;
}

/* --- enter --- */

bool ct_values_enter(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *c, uint32_t record,
                     const struct ct_registers *r, uint64_t now)
{
	uint32_t words = c->plan->fixed / 8;
	uint8_t *fixed, *kept;
	struct draft d;

	if (!begin(&d, t, r->general[CT_REG_RSP], c->room, record + CT_ENTER_VALUES - CT_ENTER, now,
	           f - 1))
		return false;
	fixed = (uint8_t *) d.at;
	d.at += words;
	if (ct_unlikely(atomic_load_explicit(&c->marked, memory_order_relaxed)))
		copy_hiding(&d, c, r, r->cfa, fixed);
	else
		fill_all(c, r, (uint64_t *) fixed);
	for (uint32_t i = 0; i < c->unknown_count; i++)
		put_mark(&d, c->unknown[i], CT_BLOCK_UNKNOWN, NULL);
	if (c->wanted)
		follow(&d, c, c->ops, c->copies, c->plan->op_count, c->wanted, 0, false, fixed,
		       c->plan->fixed);
	kept = kept_of(t, f, c);
	if (kept) /* also what is hidden: it is not in the file */
		fill_all(c, r, (uint64_t *) kept);
	finish(&d, words, CT_HOW_PLAIN);
	return true;
}

/* --- exit --- */

/* The returned bytes, gathered from where the psABI puts them. */
static void gather(const struct ct_capture *c, const struct ct_returned *r, uint8_t *to)
{
	uint8_t x87[32];

	if (c->x87)
		ct_peek_x87(x87, c->plan->return_class[0] == CT_RETURN_ST1
		                     || c->plan->return_class[1] == CT_RETURN_ST1
		                     || c->plan->return_class[2] == CT_RETURN_ST1);
	for (uint32_t i = 0; i < c->return_parts; i++) {
		uint8_t *part = to + 8 * i;

		switch (c->plan->return_class[i]) {
		case CT_RETURN_RAX: case CT_RETURN_MEMORY:
			copy(part, (const uint8_t *) &r->rax, 8);
			break;
		case CT_RETURN_RDX: copy(part, (const uint8_t *) &r->rdx, 8); break;
		case CT_RETURN_XMM0: copy(part, r->xmm[0], 8); break;
		case CT_RETURN_XMM1: copy(part, r->xmm[1], 8); break;
		case CT_RETURN_XMM0_HIGH: copy(part, r->xmm[0] + 8, 8); break;
		case CT_RETURN_ST0: /* 10 bytes count; the rest is padding */
			ct_copy(part, x87, 10);
			ct_zero(part + 10, 6);
			break;
		case CT_RETURN_ST1:
			ct_copy(part, x87 + 16, 10);
			ct_zero(part + 10, 6);
			break;
		default: break;
		}
	}
}

static CT_COLD void hide_returned(struct draft *d, const struct ct_capture *c,
                                  const struct ct_returned *r)
{
	const struct ct_plan *plan = c->plan;
	uint8_t bytes[40];
	uint64_t hash;

	if (atomic_load(&c->marks[plan->arg_count]) == CT_EXCLUDED) {
		put_mark(d, 0, CT_BLOCK_EXCLUDED | CT_BLOCK_OF_RETURN, NULL);
		return;
	}
	gather(c, r, bytes);
	hash = hash_of(d, c->return_ops, 0, plan->return_op_count, UINT16_MAX, bytes, 0,
	               plan->return_fixed, plan->return_fixed);
	put_mark(d, 0, CT_BLOCK_REDACTED | CT_BLOCK_OF_RETURN, &hash);
	ct_zero(bytes, sizeof bytes);
}

static CT_COLD void hide_again(struct draft *d, const struct ct_capture *c, const uint8_t *kept)
{
	uint8_t bytes[HIDDEN_FIXED];

	if (c->plan->fixed > sizeof bytes)
		return;
	ct_copy(bytes, kept, c->plan->fixed);
	hide(d, c, bytes, true);
	ct_zero(bytes, sizeof bytes);
}

bool ct_values_exit(struct ct_thread *t, struct ct_frame *f, const struct ct_capture *c, uint32_t record,
                    const struct ct_returned *r, enum ct_how why, uint64_t sp, uint64_t now)
{
	const struct ct_plan *plan = c->plan;
	bool marked = atomic_load_explicit(&c->marked, memory_order_relaxed);
	bool shown = r && (!marked || atomic_load(&c->marks[plan->arg_count]) == CT_KEPT);
	uint32_t words = shown ? plan->return_fixed / 8 : 0;
	uint8_t *fixed, *kept = kept_of(t, f, c);
	struct draft d;

	if (!begin(&d, t, sp, c->exit_room, record + CT_EXIT_VALUES - CT_ENTER, now, f - 1))
		return false;
	fixed = (uint8_t *) d.at;
	d.at += words;
	if (shown)
		gather(c, r, fixed);
	else if (r)
		hide_returned(&d, c, r);
	if (kept && marked)
		hide_again(&d, c, kept);
	if (kept)
		follow(&d, c, c->ops, c->copies, plan->op_count, c->wanted, 0, true, kept, plan->fixed);
	if (c->saved && !kept)
		d.flags |= CT_VALUES_LIMITED;
	if (shown && c->return_wanted)
		follow(&d, c, c->return_ops, 0, plan->return_op_count, c->return_wanted,
		       CT_BLOCK_OF_RETURN, false, fixed, plan->return_fixed);
	finish(&d, words, r ? CT_HOW_PLAIN : why);
	return true;
}

/* --- the return address --- */

__thread struct ct_waiting ct_waiting[CT_WAITING] __attribute__((tls_model("initial-exec")));

/* Left by a jump of a signal handler out of the epilogue, if the slot holds something else by now. */
static bool is_stale(const struct ct_thread *t, const struct ct_waiting *w, uint64_t sp)
{
	uint64_t now = 0;

	return ct_memory_read(t, sp, &now, w->cfa - 8, sizeof now) != sizeof now
	       || now != (uint64_t) ct_return_stub;
}

/* With signals blocked. */
static bool take_waiting(const struct ct_thread *t, uint64_t cfa, uint64_t address, uint64_t sp)
{
	struct ct_waiting *stale = NULL;

	for (int i = 0; i < CT_WAITING && !stale; i++)
		if (ct_waiting[i].address && ct_waiting[i].cfa == cfa)
			stale = &ct_waiting[i]; /* the one before it in that place was left */
	for (int i = 0; i < CT_WAITING && !stale; i++)
		if (ct_waiting_take(&ct_waiting[i], cfa, address))
			return true;
	for (int i = 0; i < CT_WAITING && !stale; i++)
		if (ct_waiting[i].cfa && is_stale(t, &ct_waiting[i], sp))
			stale = &ct_waiting[i];
	if (stale)
		*stale = (struct ct_waiting){ .cfa = cfa, .address = address };
	return stale != NULL;
}

bool ct_has_shadow_stack;

void ct_values_begin(void)
{
	ct_has_shadow_stack = ct_shadow_stack() != 0;
}

enum ct_how ct_values_refuse(struct ct_thread *t, const struct ct_frame *f, const struct ct_capture *c,
                             struct ct_exit_fact fact, uint64_t sp, uint64_t rbp, uint64_t *out)
{
	struct ct_cfa rule = { .base = fact.cfa_base, .offset = fact.cfa_offset };
	uint64_t cfa, address, old;
	bool taken;

	if (!c->returns || fact.why != CT_HOW_PLAIN)
		return c->returns ? (enum ct_how) fact.why : CT_HOW_UNSUPPORTED;
	/* A piece that was split off leaves through its own frame, and the function is not at its end. */
	cfa = ct_cfa_value(&rule, sp, rbp);
	if (cfa != f->cfa || (address = *ct_return_slot(cfa)) != f->site)
		return CT_HOW_UNSUPPORTED;
	if (ct_has_shadow_stack)
		return CT_HOW_SHADOW_STACK;
	old = ct_signals_block();
	taken = take_waiting(t, cfa, address, sp);
	ct_signals_restore(old);
	*out = cfa;
	return taken ? CT_HOW_PLAIN : CT_HOW_NO_ROOM;
}

uint64_t ct_values_awaited_slowly(uint64_t cfa)
{
	for (int i = 0; i < CT_WAITING; i++)
		if (ct_waiting[i].address && ct_waiting[i].cfa == cfa) {
			uint64_t address = ct_waiting[i].address;

			ct_waiting[i].cfa = 0;
			barrier();
			ct_waiting[i].address = 0;
			return address;
		}
	__builtin_trap(); /* nobody else knows where to go on */
}
