/* parked.c - see parked.h. Nothing here is on the way of a call that begins and ends in its turn. */
#include "runtime/parked.h"

#include "runtime/kernel.h"
#include "runtime/memory.h"
#include "runtime/plans.h"

#define barrier() __asm__ volatile("" ::: "memory")

#define MOST 8192         /* calls parked of one thread; the oldest go */
#define MOST_AT_ONCE 1024 /* and readers take no more (trace/stream.c) */
#define FEW 256           /* that are not yet looked through for those that are gone */
#define BLOCK 512         /* bytes of a stack that are asked for at once; a page has several */
#define FAR (1u << 20)    /* what a function takes of the stack behind its prologue is less */

/*
 * `batch`: what was parked at once, outermost first, has one number; `left`: when. `sp` 0: nothing, or it came back. `capture`: how
 * its end is captured, if that takes nothing that was kept since its beginning; in the choice `captures_of`.
 */
struct parked {
	uint64_t sp, cfa, function, key, site, left;
	const struct ct_capture *capture;
	uint32_t record, batch, captures_of, reserved;
};

/* Used with signals blocked. Most of what jumps leave is gone for good, and is thrown out now and then. */
struct ct_parking {
	uint32_t count, full; /* of `calls`: when it is to be looked through */
	uint32_t batches;
	uint64_t seen[16]; /* bits of the functions that are there, by their addresses: most are not */
	uint32_t newest[1024]; /* while it is looked through: number + 1 of the call that was parked last, by where its frame is */
	uint64_t block[BLOCK / 8];
	uint64_t record[2 + (MOST_AT_ONCE + 2) / 3]; /* CT_BACK: a coroutine's stack may be small */
	struct parked calls[MOST]; /* in the order in which they were left, the outermost first */
};

/* A copy of some stack, for one search: another thread may unmap it at any time. */
struct probe {
	uint64_t number; /* of BLOCK bytes of memory */
	bool there;
};

static uint64_t *seen_word(struct ct_parking *p, uint64_t function)
{
	return &p->seen[function >> 10 & 15];
}

static uint64_t seen_bit(uint64_t function)
{
	return 1ull << (function >> 4 & 63);
}

static bool may_be_parked(struct ct_parking *p, uint64_t function)
{
	return p && *seen_word(p, function) & seen_bit(function);
}

static bool is_on_stack(struct ct_parking *p, struct probe *probe, const struct parked *one)
{
	uint64_t slot = one->cfa - 8;

	if (slot & 7)
		return false;
	if (slot / BLOCK != probe->number) {
		probe->number = slot / BLOCK;
		probe->there = ct_memory_ask(p->block, slot / BLOCK * BLOCK, BLOCK) == BLOCK;
	}
	return probe->there && p->block[slot % BLOCK / 8] == one->site;
}

/* Of two calls of one hook in one place, the one that was parked first is gone. (Others may be instances that are inlined there.) */
static void find_reused(struct ct_parking *p)
{
	ct_zero(p->newest, sizeof p->newest);
	for (uint32_t i = p->count; i-- > 0;) {
		struct parked *one = &p->calls[i];
		uint64_t mixed = one->cfa ^ one->key;
		uint32_t *newest = &p->newest[(mixed ^ mixed >> 14) >> 4 & 1023];

		if (!one->sp)
			continue;
		if (*newest && p->calls[*newest - 1].cfa == one->cfa && p->calls[*newest - 1].key == one->key)
			one->sp = 0;
		else if (!*newest)
			*newest = i + 1;
	}
}

static void throw_out(struct ct_parking *p)
{
	struct probe probe = { UINT64_MAX, false };
	uint32_t left = 0;

	find_reused(p);
	for (int i = 0; i < 16; i++)
		p->seen[i] = 0;
	for (uint32_t i = 0; i < p->count; i++) {
		const struct parked *one = &p->calls[i];

		if (!one->sp || !is_on_stack(p, &probe, one))
			continue;
		*seen_word(p, one->function) |= seen_bit(one->function);
		if (i != left)
			p->calls[left] = *one;
		left++;
	}
	p->count = left;
}

static void make_room(struct ct_parking *p, uint32_t count)
{
	if (p->count + count <= p->full)
		return;
	throw_out(p);
	if (p->count + count > MOST) {
		uint32_t gone = p->count + count - MOST + MOST / 8;

		gone = gone < p->count ? gone : p->count;
		ct_copy(p->calls, p->calls + gone, (p->count - gone) * sizeof *p->calls);
		p->count -= gone;
	}
	p->full = 2 * (p->count + count) + FEW;
	p->full = p->full < MOST ? p->full : MOST;
}

void ct_parked_add(struct ct_thread *t, const struct ct_frame *keep, uint64_t now)
{
	uint64_t count = (uint64_t)(t->top - keep);
	const struct ct_frame *from;
	struct ct_parking *p;

	if (!t->parking)
		t->parking = ct_pages(sizeof *t->parking);
	p = t->parking;
	if (!p)
		return;
	count = count < MOST_AT_ONCE ? count : MOST_AT_ONCE;
	from = t->top - count + 1;
	make_room(p, (uint32_t) count);
	p->batches++;
	for (uint64_t i = 0; i < count; i++) {
		if (!from[i].sp || from[i].returning) /* of which the return address is exchanged */
			continue;
		p->calls[p->count++] = (struct parked){
			.sp = from[i].sp, .cfa = from[i].cfa, .function = from[i].function, .key = from[i].key,
			.site = from[i].site, .record = from[i].record, .left = now, .batch = p->batches,
			.capture = from[i].capture && !from[i].capture->saved ? from[i].capture : NULL,
			.captures_of = t->captures_of };
		*seen_word(p, from[i].function) |= seen_bit(from[i].function);
	}
}

void ct_parked_forget(struct ct_thread *t)
{
	if (t->parking)
		t->parking->count = 0;
}

static void open_again(struct ct_thread *t, const struct parked *p)
{
	struct ct_frame *f = t->top + 1;

	f->capture = p->captures_of == t->captures_of ? p->capture : NULL;
	f->saved = t->kept_used;
	f->sp = p->sp;
	f->cfa = p->cfa;
	f->function = p->function;
	f->key = p->key;
	f->site = p->site;
	f->record = p->record;
	barrier();
	t->top = f;
	f->settled = 1;
}

/* Says which calls are open again, but for those that are not recorded. */
static void record_return(struct ct_thread *t, uint32_t first, uint32_t last)
{
	struct ct_parking *p = t->parking;
	uint64_t *words = p->record, count = 0;

	for (uint32_t i = first; i <= last; i++) {
		uint64_t row = p->calls[i].record >> 3;

		if (p->calls[i].sp & CT_SILENT_SP)
			continue;
		words[2 + count / 3] = (count % 3 ? words[2 + count / 3] : 0) | row << count % 3 * CT_ID_BITS;
		count++;
	}
	words[0] = count;
	words[1] = p->calls[last].left;
	if (count)
		ct_chunk_extended(t, CT_BACK, words, (uint32_t)(2 + (count + 2) / 3));
}

/*
 * The call, and those around it as far as their stacks have them. What was parked above it stays: it may be on another
 * stack, where its turn comes later.
 */
static struct ct_frame *come_back(struct ct_thread *t, struct probe *probe, uint32_t number)
{
	struct ct_parking *p = t->parking;
	struct parked *calls = p->calls;
	uint32_t first = number;

	while (first > 0 && calls[first - 1].batch == calls[number].batch && calls[first - 1].sp
	       && is_on_stack(p, probe, &calls[first - 1]))
		first--;
	if (t->top + (number - first) + 1 >= t->limit)
		return NULL;
	record_return(t, first, number);
	for (uint32_t i = first; i <= number; i++) {
		open_again(t, &calls[i]);
		calls[i].sp = 0;
	}
	return t->top;
}

static bool ends(struct ct_parking *p, struct probe *probe, const struct parked *one, uint64_t function,
                 uint64_t site, uint64_t cfa)
{
	return one->sp && one->function == function && one->cfa == cfa && one->site == site && is_on_stack(p, probe, one);
}

static bool calls(struct ct_parking *p, struct probe *probe, const struct parked *one, uint64_t text,
                  uint64_t cfa, uint64_t caller_cfa)
{
	return one->function == text && one->sp >= cfa && one->sp - cfa < FAR && (!caller_cfa || one->cfa == caller_cfa)
	       && is_on_stack(p, probe, one);
}

/* With signals blocked from the first look on: a handler may park others in the same place, or open the same call. */
struct ct_frame *ct_parked_exit(struct ct_thread *t, uint64_t function, uint64_t site, uint64_t cfa)
{
	struct ct_parking *p = t->parking;
	struct ct_frame *found = NULL;
	struct probe probe = { UINT64_MAX, false };
	uint64_t old;

	if (!may_be_parked(p, function))
		return NULL;
	old = ct_signals_block();
	for (uint32_t i = p->count; i-- > 0;)
		if (ends(p, &probe, &p->calls[i], function, site, cfa)) {
			found = come_back(t, &probe, i);
			break;
		}
	ct_signals_restore(old);
	return found;
}

void ct_parked_enter(struct ct_thread *t, uint64_t text, uint64_t cfa, uint64_t caller_cfa)
{
	struct ct_parking *p = t->parking;
	struct probe probe = { UINT64_MAX, false };
	uint64_t old;

	if (!may_be_parked(p, text))
		return;
	old = ct_signals_block();
	for (uint32_t i = p->count; i-- > 0;)
		if (calls(p, &probe, &p->calls[i], text, cfa, caller_cfa)) {
			come_back(t, &probe, i);
			break;
		}
	ct_signals_restore(old);
}
