/*
 * table.c - a thread's call table: a row on disk for every distinct call, and a hash
 * table in memory to find it by.
 *
 * The hash table grows by being copied; the old one stays mapped, because the hook that
 * a signal handler interrupted may be reading it. Together the old ones are as large as
 * the newest.
 *
 * What is unloaded takes its slots with it: another library may come to the same addresses, with
 * other functions there. If the same one comes back, its slots do, too.
 */
#include <string.h>
#include <sys/mman.h>

#include "runtime/hook.h"
#include "runtime/kernel.h"
#include "runtime/plans.h"
#include "runtime/thread.h"
#include "runtime/values.h"

#define FIRST_SLOTS 512
#define MAX_SEGMENT (4u << 20)

static size_t segment_size(uint32_t number)
{
	size_t size = (size_t) CT_PAGE << number;

	return number > 10 || size > MAX_SEGMENT ? MAX_SEGMENT : size;
}

static bool add_segment(struct ct_thread *t)
{
	size_t size = segment_size(t->segments);
	uint64_t offset;
	struct ct_extent *segment = ct_file_piece(size, &offset);

	if (!segment)
		return false;
	segment->kind = CT_EXTENT_CALLS;
	segment->size = size;
	segment->thread = t->index;
	segment->tid = t->tid;
	segment->seq = t->segments;
	segment->first = t->segment_end;
	ct_copy(segment->thread_name, t->name, sizeof segment->thread_name);
	__atomic_store_n(&segment->magic, CT_EXTENT_MAGIC, __ATOMIC_RELEASE);
	if (t->segments < CT_SEGMENTS)
		t->mapped[t->segments] = segment;
	t->segment = segment;
	t->segments++;
	t->segment_end += (uint32_t)((size - sizeof *segment) / sizeof(struct ct_call_row));
	return true;
}

static struct ct_slot *probe(struct ct_slots *slots, uint64_t callee, uint64_t site, uint64_t hook,
                             uint64_t caller)
{
	uint64_t at = ct_slot_offset(site, hook, caller);

	for (;; at += sizeof *slots->slot) {
		struct ct_slot *slot = &slots->slot[(at & slots->mask) / sizeof *slots->slot];

		if (!slot->hook
		    || (slot->hook == hook && slot->site == site && slot->caller == caller
		        && slot->callee == callee))
			return slot;
	}
}

static uint64_t count_slots(const struct ct_slots *slots)
{
	return slots ? slots->mask / sizeof *slots->slot + 1 : 0;
}

/* How many of the slots may be used: few while that is cheap, so that most are in their first place. */
static uint64_t room_in(uint64_t count)
{
	return count / (count <= 1u << 14 ? 8 : count <= 1u << 20 ? 4 : 2);
}

/* Where a slot of another table, which is not in this one, goes. */
static struct ct_slot *free_slot(struct ct_slots *slots, const struct ct_slot *of)
{
	uint64_t at = ct_slot_offset(of->site, ct_key_address(of->key), of->caller);

	while (slots->slot[(at & slots->mask) / sizeof *slots->slot].hook)
		at += sizeof *slots->slot;
	return &slots->slot[(at & slots->mask) / sizeof *slots->slot];
}

static bool make_slots(struct ct_thread *t, uint64_t count)
{
	struct ct_slots *old = t->slots, *fresh = ct_pages(sizeof *fresh + count * sizeof *fresh->slot);
	uint32_t epoch = atomic_load(&ct_recorder->epoch);

	if (!fresh)
		return false;
	fresh->mask = (count - 1) * sizeof *fresh->slot;
	fresh->older = old;
	for (size_t i = 0; i < count_slots(old); i++) {
		const struct ct_slot *slot = &old->slot[i];

		if (slot->hook)
			*free_slot(fresh, slot) = *slot;
	}
	__atomic_store_n(&t->slots, fresh, __ATOMIC_SEQ_CST);
	if (t == ct_self)
		ct_thread_remember_slots(fresh);
	/* Who unloads something forgets it in the slots that it sees: that may have been the old ones. */
	if (atomic_load(&ct_recorder->epoch) != epoch)
		ct_modules_forget(t);
	return true;
}

static struct ct_call_row *row_at(struct ct_thread *t, uint32_t number)
{
	return (struct ct_call_row *) (t->segment + 1) + (number - t->segment->first);
}

bool ct_table_begin(struct ct_thread *t)
{
	if (!add_segment(t) || !make_slots(t, FIRST_SLOTS))
		return false;
	t->lost_row = row_at(t, 0);
	t->rows = 1;
	t->segment->count = 1;
	return true;
}

void ct_table_end(struct ct_thread *t)
{
	struct ct_slots *slots = __atomic_exchange_n(&t->slots, NULL, __ATOMIC_SEQ_CST), *older;

	for (uint32_t i = 0; i < t->segments && i < CT_SEGMENTS; i++)
		ct_munmap(t->mapped[i], segment_size(i));
	/* Whoever begins to forget after this finds no slots; if somebody is at it, they stay mapped. */
	for (; slots && !atomic_load(&ct_recorder->forgetting); slots = older) {
		older = slots->older;
		ct_munmap(slots, sizeof *slots + count_slots(slots) * sizeof *slots->slot);
	}
	t->segment = NULL;
	t->segments = 0;
}

static void describe(struct ct_slot *slot, struct ct_hook_facts facts, uint32_t row)
{
	slot->record = (uint32_t) ct_record(CT_ENTER, row, 0);
	slot->shape = (facts.inlined ? CT_INLINED : 0) | (facts.cfa.base == CT_CFA_DEREF ? CT_ODD : 0)
	              | (ct_plans_exclude(facts.hook) ? CT_SILENT : 0);
	slot->cfa_base = facts.cfa.base;
	slot->cfa_offset = facts.cfa.offset;
}

static bool lies_in(const struct ct_slot *slot, uint64_t low, uint64_t high)
{
	const uint64_t addresses[] = { slot->callee, slot->hook, slot->site, ct_key_address(slot->caller) };

	for (unsigned i = 0; i < 4; i++)
		if (addresses[i] >= low && addresses[i] < high)
			return true;
	return false;
}

void ct_table_forget(struct ct_thread *t, uint64_t low, uint64_t high)
{
	struct ct_slots *slots = __atomic_load_n(&t->slots, __ATOMIC_SEQ_CST);

	for (size_t i = 0; i < count_slots(slots); i++) {
		struct ct_slot *slot = &slots->slot[i];

		if (__atomic_load_n(&slot->hook, __ATOMIC_ACQUIRE) > CT_UNLOADED && lies_in(slot, low, high))
			__atomic_store_n(&slot->hook, CT_UNLOADED, __ATOMIC_RELEASE);
	}
	/* Its own thread may be about to replace one of these: then that is looked for once more. */
	for (size_t i = 0; i < CT_FACTS; i++)
		if (t->facts[i].hook >= low && t->facts[i].hook < high)
			__atomic_store_n(&t->facts[i].hook, 0, __ATOMIC_RELAXED);
	for (size_t i = 0; i < CT_FACTS; i++)
		if (t->exits[i].hook >= low && t->exits[i].hook < high)
			__atomic_store_n(&t->exits[i].hook, 0, __ATOMIC_RELAXED);
}

static bool is_same(const struct ct_slot *slot, uint64_t callee, uint64_t site, uint64_t hook, uint64_t caller)
{
	uint32_t epoch = (uint32_t)(slot->row->flags >> CT_ROW_EPOCH);

	return slot->hook == CT_UNLOADED && slot->key == ct_key(hook) && slot->site == site
	       && slot->caller == caller && slot->callee == callee && ct_module_is_same(hook, epoch)
	       && ct_module_is_same(callee, epoch) && ct_module_is_same(site, epoch)
	       && ct_module_is_same(ct_key_address(caller), epoch);
}

/* The slot of a call that was unloaded and is loaded again, or NULL. */
static struct ct_slot *come_back(struct ct_slots *slots, uint64_t callee, uint64_t site, uint64_t hook,
                                 uint64_t caller)
{
	uint64_t at = ct_slot_offset(site, hook, caller);

	for (;; at += sizeof *slots->slot) {
		struct ct_slot *slot = &slots->slot[(at & slots->mask) / sizeof *slots->slot];

		if (!slot->hook)
			return NULL;
		if (is_same(slot, callee, site, hook, caller))
			return slot;
	}
}

static bool wants_values(const struct ct_thread *t, const struct ct_slot *slot)
{
	return ct_values_wanted && !t->stopped && !(slot->shape & CT_SILENT);
}

void ct_table_capture(struct ct_thread *t)
{
	for (size_t i = 0; i < count_slots(t->slots); i++) {
		struct ct_slot *slot = &t->slots->slot[i];

		if (slot->hook <= CT_UNLOADED)
			continue;
		if (t->stopped) {
			slot->capture = 0;
		} else if (wants_values(t, slot)) {
			ct_module_note(slot->hook, CT_MODULE_HOOKS);
			slot->capture = ct_capture_find(slot->hook, slot->site);
		}
	}
}

/* Where calls go for which there is no row. Its `hook` is 0, so it is never found. */
static struct ct_slot *lost_slot(struct ct_thread *t, uint64_t callee, uint64_t hook)
{
	static __thread struct ct_slot lost __attribute__((tls_model("initial-exec")));

	ct_session_lose(CT_LOST_ROWS, 1);
	lost = (struct ct_slot){ .row = t->lost_row, .key = ct_key(hook) };
	describe(&lost, ct_hook_facts(t, callee, hook), 0);
	return &lost;
}

struct ct_slot *ct_table_find(struct ct_thread *t, uint64_t callee, uint64_t site, uint64_t hook,
                              uint64_t caller)
{
	struct ct_slot *slot = probe(t->slots, callee, site, hook, caller);
	uint64_t count = count_slots(t->slots);
	struct ct_call_row *row;

	if (slot->hook)
		return slot;
	if (t->rows >= CT_MAX_ROWS)
		return lost_slot(t, callee, hook);
	ct_module_note(hook, CT_MODULE_HOOKS);
	ct_module_note(site, 0);
	if (atomic_load(&ct_recorder->epoch)) {
		slot = come_back(t->slots, callee, site, hook, caller);
		if (slot) {
			slot->capture = ct_values_wanted && !t->stopped ? ct_capture_find(hook, site) : 0;
			__atomic_store_n(&slot->hook, hook, __ATOMIC_RELEASE);
			return slot;
		}
		slot = probe(t->slots, callee, site, hook, caller);
	}
	if (t->slots_used >= room_in(count)) {
		if (count > CT_MAX_ROWS || !make_slots(t, count * 2))
			return lost_slot(t, callee, hook);
		slot = probe(t->slots, callee, site, hook, caller);
	}
	if (t->rows >= t->segment_end && !add_segment(t))
		return lost_slot(t, callee, hook);

	ct_session_clock();
	row = row_at(t, t->rows);
	*row = (struct ct_call_row){ .callee = callee, .hook = hook, .site = site,
		                     .caller = ct_key_address(caller) };
	slot->key = ct_key(hook);
	slot->caller = caller;
	describe(slot, ct_hook_facts(t, callee, hook), t->rows);
	row->flags = (uint64_t) atomic_load(&ct_recorder->epoch) << CT_ROW_EPOCH
	             | (slot->shape & CT_INLINED ? CT_ROW_INLINED : 0)
	             | (slot->shape & CT_SILENT ? CT_ROW_EXCLUDED : 0);
	slot->row = row;
	slot->capture = wants_values(t, slot) ? ct_capture_find(hook, site) : 0;
	slot->callee = callee;
	slot->site = site;
	__atomic_store_n(&slot->hook, hook, __ATOMIC_RELEASE);
	t->rows++;
	t->slots_used++;
	__atomic_store_n(&t->segment->count, t->rows - t->segment->first, __ATOMIC_RELEASE);
	return slot;
}
