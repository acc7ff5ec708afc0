/* parked.c - see parked.h. Nothing here is on the way of a call that begins and ends in its turn. */
#include "runtime/parked.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/plans.h"

#define barrier() __asm__ volatile("" ::: "memory")

#define MOST 1024 /* calls parked of one thread; the oldest go */
#define MOST_AT_ONCE 64
#define FAR (1u << 20) /* what a function takes of the stack behind its prologue is less */

/*
 * `batch`: what was parked at once, outermost first, has one number; `left`: when. `sp` 0: nothing, or it came back. `capture`: how
 * its end is captured, if that takes nothing that was kept since its beginning; in the choice `captures_of`.
 */
struct parked {
	uint64_t sp, cfa, function, key, site, left;
	const struct ct_capture *capture;
	uint32_t record, batch, captures_of, reserved;
};

struct ct_parking {
	uint64_t next; /* ever parked */
	uint64_t seen[16]; /* bits of the functions that ever were, by their addresses: most never are */
	struct parked calls[MOST];
};

static struct parked *at(struct ct_parking *p, uint64_t number)
{
	return &p->calls[number % MOST];
}

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

void ct_parked_add(struct ct_thread *t, const struct ct_frame *keep, uint64_t now)
{
	uint64_t count = (uint64_t)(t->top - keep), first;
	const struct ct_frame *from;

	if (!t->parking)
		t->parking = ct_pages(sizeof *t->parking);
	if (!t->parking)
		return;
	count = count < MOST_AT_ONCE ? count : MOST_AT_ONCE;
	from = t->top - count + 1;
	/* As with records: a handler that comes in between parks behind these. */
	first = count;
	__asm__ volatile("xaddq %0, %1" : "+r"(first), "+m"(t->parking->next) : : "cc", "memory");
	for (uint64_t i = 0; i < count; i++) {
		struct parked *to = at(t->parking, first + i);

		to->sp = 0;
		barrier();
		to->cfa = from[i].cfa;
		to->function = from[i].function;
		to->key = from[i].key;
		to->site = from[i].site;
		to->record = from[i].record;
		to->left = now;
		to->capture = from[i].capture && !from[i].capture->saved ? from[i].capture : NULL;
		to->captures_of = t->captures_of;
		to->batch = (uint32_t) first;
		__asm__ volatile("orq %1, %0" : "+m"(*seen_word(t->parking, to->function)) : "r"(seen_bit(to->function)) : "cc");
		barrier();
		to->sp = from[i].returning ? 0 : from[i].sp; /* of which the return address is exchanged */
	}
}

void ct_parked_forget(struct ct_thread *t)
{
	if (t->parking)
		t->parking->next = 0;
}

/* rt_sigprocmask() reads a set before it looks at `how`, and refuses that: so it only says whether there is anything. */
static bool is_on_stack(const struct parked *p)
{
	uint64_t slot = p->cfa - 8;
	int saved = errno;
	bool ok;

	if (slot & 7)
		return false;
	syscall(SYS_rt_sigprocmask, -1, slot, NULL, 8);
	ok = errno == EINVAL;
	errno = saved;
	return ok && *(const uint64_t *) slot == p->site;
}

/* The oldest number that is still there. */
static uint64_t oldest(const struct ct_parking *p)
{
	return p->next > MOST ? p->next - MOST : 0;
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
static void record_return(struct ct_thread *t, uint64_t first, uint64_t last)
{
	uint64_t words[2 + (MOST_AT_ONCE + 2) / 3] = {0};

	words[1] = at(t->parking, last)->left;
	for (uint64_t i = first; i <= last; i++) {
		const struct parked *p = at(t->parking, i);

		if (p->sp & CT_SILENT_SP)
			continue;
		words[2 + words[0] / 3] |= (uint64_t)(p->record >> 3) << words[0] % 3 * CT_ID_BITS;
		words[0]++;
	}
	if (words[0])
		ct_chunk_extended(t, CT_BACK, words, (uint32_t)(2 + (words[0] + 2) / 3));
}

/*
 * The call, and those around it as far as their stacks have them. What was parked above it stays: it may be on another
 * stack, where its turn comes later.
 */
static struct ct_frame *come_back(struct ct_thread *t, uint64_t number)
{
	struct ct_parking *p = t->parking;
	uint32_t batch = at(p, number)->batch;
	uint64_t first = number;

	while (first > oldest(p) && at(p, first - 1)->batch == batch && at(p, first - 1)->sp && is_on_stack(at(p, first - 1)))
		first--;
	if (t->top + (number - first) + 1 >= t->limit)
		return NULL;
	record_return(t, first, number);
	for (uint64_t i = first; i <= number; i++) {
		open_again(t, at(p, i));
		at(p, i)->sp = 0;
	}
	return t->top;
}

static bool ends(const struct parked *one, uint64_t function, uint64_t site, uint64_t cfa)
{
	return one->sp && one->function == function && one->cfa == cfa && one->site == site && is_on_stack(one);
}

static bool calls(const struct parked *one, uint64_t text, uint64_t cfa, uint64_t caller_cfa)
{
	return one->function == text && one->sp >= cfa && one->sp - cfa < FAR && (!caller_cfa || one->cfa == caller_cfa)
	       && is_on_stack(one);
}

/* With signals blocked from the first look on: a handler may park others in the same place, or open the same call. */
struct ct_frame *ct_parked_exit(struct ct_thread *t, uint64_t function, uint64_t site, uint64_t cfa)
{
	struct ct_parking *p = t->parking;
	struct ct_frame *found = NULL;
	uint64_t old;

	if (!may_be_parked(p, function))
		return NULL;
	old = ct_signals_block();
	for (uint64_t i = p->next; i-- > oldest(p);)
		if (ends(at(p, i), function, site, cfa)) {
			found = come_back(t, i);
			break;
		}
	ct_signals_restore(old);
	return found;
}

void ct_parked_enter(struct ct_thread *t, uint64_t text, uint64_t cfa, uint64_t caller_cfa)
{
	struct ct_parking *p = t->parking;
	uint64_t old;

	if (!may_be_parked(p, text))
		return;
	old = ct_signals_block();
	for (uint64_t i = p->next; i-- > oldest(p);)
		if (calls(at(p, i), text, cfa, caller_cfa)) {
			come_back(t, i);
			break;
		}
	ct_signals_restore(old);
}
