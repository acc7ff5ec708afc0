#include "match/calls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void ct_calls_init(struct ct_calls *calls, const struct ct_calls_source *source)
{
	*calls = (struct ct_calls){0};
	if (source)
		calls->source = *source;
}

static void deinit_thread(struct ct_calls_thread *t)
{
	if (t->calls)
		munmap(t->calls, t->capacity * sizeof *t->calls);
	free(t->chains);
	free(t->steps);
	free(t->values);
}

void ct_calls_deinit(struct ct_calls *calls)
{
	for (uint32_t i = 0; i < calls->thread_count; i++)
		deinit_thread(&calls->threads[i]);
	free(calls->functions);
	free(calls->places);
	free(calls->threads);
	free(calls->left_calls);
	ct_map_deinit(&calls->left);
	ct_arena_deinit(&calls->arena);
	*calls = (struct ct_calls){0};
}

/* Room for one more row of `size` bytes. */
static void *grow(void *rows, uint32_t count, uint32_t *capacity, size_t size)
{
	if (count < *capacity)
		return rows;
	*capacity = *capacity ? *capacity * 2 : 64;
	return ct_realloc(rows, *capacity * size);
}

uint32_t ct_calls_add_function(struct ct_calls *calls, const struct ct_calls_function *function)
{
	calls->version++;
	calls->functions = grow(calls->functions, calls->function_count, &calls->function_capacity,
	                        sizeof *calls->functions);
	calls->functions[calls->function_count] = *function;
	return calls->function_count++;
}

uint32_t ct_calls_add_place(struct ct_calls *calls, const struct ct_calls_place *place)
{
	calls->places = grow(calls->places, calls->place_count, &calls->place_capacity, sizeof *calls->places);
	calls->places[calls->place_count] = *place;
	return calls->place_count++;
}

uint32_t ct_calls_add_thread(struct ct_calls *calls, uint32_t tid, const char *name, bool is_test)
{
	calls->version++;
	calls->threads = grow(calls->threads, calls->thread_count, &calls->thread_capacity,
	                      sizeof *calls->threads);
	calls->threads[calls->thread_count] = (struct ct_calls_thread){
		.tid = tid, .name = name, .is_test = is_test, .open = CT_NO_NUMBER };
	return calls->thread_count++;
}

/*
 * A million calls are 32 MB: pages that the kernel moves when the table grows, and as large as it
 * has them, for half of the time would go into copying and into faults.
 */
void ct_calls_grow(struct ct_calls_thread *t)
{
	uint32_t capacity = t->capacity ? t->capacity * 2 : 4096;
	void *calls = t->capacity ? mremap(t->calls, t->capacity * sizeof *t->calls,
	                                   capacity * sizeof *t->calls, MREMAP_MAYMOVE)
	                          : mmap(NULL, capacity * sizeof *t->calls, PROT_READ | PROT_WRITE,
	                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (calls == MAP_FAILED)
		ct_alloc(SIZE_MAX); /* ends the program as everything that finds no memory does */
	madvise(calls, capacity * sizeof *t->calls, MADV_HUGEPAGE);
	t->calls = calls;
	t->capacity = capacity;
}

void ct_calls_grow_chains(struct ct_calls *calls, struct ct_calls_thread *t)
{
	uint32_t count = calls->function_count > 2 * t->chain_count ? calls->function_count : 2 * t->chain_count;

	t->chains = ct_realloc(t->chains, count * sizeof *t->chains);
	for (uint32_t i = t->chain_count; i < count; i++)
		t->chains[i] = (struct ct_calls_chain){ .last = CT_NO_NUMBER };
	t->chain_count = count;
}

void ct_calls_step(struct ct_calls_thread *t, uint32_t iteration)
{
	if ((t->step_count & (t->step_count - 1)) == 0)
		t->steps = ct_realloc(t->steps, (t->step_count ? t->step_count * 2 : 1) * sizeof *t->steps);
	t->steps[t->step_count++] = (struct ct_calls_step){ t->count, iteration };
	t->iteration = iteration;
}

/* --- calls that go on --- */

/* They are left the innermost first, and go on the outermost first: a stack, where a function calls itself. */
struct left_key {
	uint64_t end;
	uint32_t place, thread;
};

void ct_calls_left(struct ct_calls *calls, uint32_t thread, uint32_t number)
{
	struct ct_calls_thread *t = &calls->threads[thread];
	const struct ct_call *part = &t->calls[number];
	const struct left_key key = { part->end, part->place, thread };
	uint32_t at;
	bool added;

	if (part->phase == CT_NO_PHASE) {
		number = part->previous;
		if (number == CT_NO_NUMBER)
			return;
		t->calls[number].end = part->end;
		t->calls[number].state = part->state;
	}
	if (part->state == CT_STATE_RETURNED)
		return;
	calls->left_calls = grow(calls->left_calls, calls->left_count + 1, &calls->left_capacity, sizeof *calls->left_calls);
	at = ct_map_add(&calls->left, &key, sizeof key, calls->left_count, &added);
	if (added) {
		calls->left_calls[calls->left_count++] = (struct ct_calls_left){ number, CT_NO_NUMBER };
	} else {
		calls->left_calls[calls->left_count] = calls->left_calls[at];
		calls->left_calls[at] = (struct ct_calls_left){ number, calls->left_count++ };
	}
}

static uint32_t take_left(struct ct_calls *calls, const struct left_key *key)
{
	uint32_t at, number;
	struct ct_calls_left *outermost;

	if (!key->end || !ct_map_find(&calls->left, key, sizeof *key, &at))
		return CT_NO_NUMBER;
	outermost = &calls->left_calls[at];
	number = outermost->number;
	if (outermost->inner == CT_NO_NUMBER)
		outermost->number = CT_NO_NUMBER; /* all of them go on */
	else
		*outermost = calls->left_calls[outermost->inner];
	return number;
}

uint32_t ct_calls_continue(struct ct_calls *calls, uint32_t thread, uint32_t place, uint64_t time, uint64_t left)
{
	struct ct_calls_thread *t = &calls->threads[thread];
	uint32_t call = take_left(calls, &(struct left_key){ left, place, thread });

	if (t->count == t->capacity)
		ct_calls_grow(t);
	if (call != CT_NO_NUMBER) {
		t->calls[call].state = CT_STATE_ACTIVE;
		t->calls[call].end = 0;
	}
	t->calls[t->count] = (struct ct_call){
		.start = time, .phase = CT_NO_PHASE, .state = CT_STATE_ACTIVE, .place = place, .parent = t->open,
		.last = CT_NO_NUMBER, .previous = call };
	t->open = t->count++;
	calls->version++;
	return call;
}

uint32_t ct_call_iteration(const struct ct_calls *calls, struct ct_call_id id)
{
	const struct ct_calls_thread *t = &calls->threads[id.thread];
	uint32_t low = 0, high = t->step_count; /* the last step up to the call lies before `high` */

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (t->steps[middle].number <= id.number)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? t->steps[low - 1].iteration : 0;
}

void ct_calls_values(struct ct_calls *calls, struct ct_call_id id, int end, uint64_t word)
{
	struct ct_calls_thread *t = &calls->threads[id.thread];

	if (id.number >= t->values_capacity) {
		uint32_t capacity = t->values_capacity ? t->values_capacity : 256;

		while (capacity <= id.number)
			capacity *= 2;
		t->values = ct_realloc(t->values, capacity * sizeof *t->values);
		memset(t->values + t->values_capacity, 0,
		       (capacity - t->values_capacity) * sizeof *t->values);
		t->values_capacity = capacity;
	}
	t->values[id.number][end] = word;
}

bool ct_call_before(const struct ct_calls *calls, struct ct_call_id a, struct ct_call_id b)
{
	uint64_t start_a = ct_call_at(calls, a)->start, start_b = ct_call_at(calls, b)->start;

	if (a.thread == b.thread)
		return a.number < b.number;
	return start_a != start_b ? start_a < start_b : a.thread < b.thread;
}

bool ct_call_finished_before(const struct ct_calls *calls, struct ct_call_id a, struct ct_call_id b)
{
	const struct ct_call *first = ct_call_at(calls, a);

	if (first->state == CT_STATE_ACTIVE)
		return false;
	if (a.thread == b.thread) /* by time, too: it may have gone on */
		return first->last < b.number && first->end <= ct_call_at(calls, b)->start;
	return first->end < ct_call_at(calls, b)->start;
}

struct ct_call_id ct_call_previous(const struct ct_calls *calls, struct ct_call_id id)
{
	const struct ct_calls_thread *t = &calls->threads[id.thread];
	uint32_t parent = t->calls[id.number].parent, number = id.number;

	if (number == 0 || number - 1 == parent)
		return CT_NO_CALL;
	for (number--; t->calls[number].parent != parent; number = t->calls[number].parent)
		;
	return (struct ct_call_id){ id.thread, number };
}
