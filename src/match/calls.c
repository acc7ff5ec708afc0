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
	free(t->values);
}

void ct_calls_deinit(struct ct_calls *calls)
{
	for (uint32_t i = 0; i < calls->thread_count; i++)
		deinit_thread(&calls->threads[i]);
	free(calls->functions);
	free(calls->places);
	free(calls->threads);
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
	calls->threads = grow(calls->threads, calls->thread_count, &calls->thread_capacity,
	                      sizeof *calls->threads);
	calls->threads[calls->thread_count] = (struct ct_calls_thread){
		.tid = tid, .name = name, .is_test = is_test, .open = CT_NO_NUMBER };
	return calls->thread_count++;
}

/*
 * A million calls are 40 MB: pages that the kernel moves when the table grows, and as large as it
 * has them, for half of the time would go into copying and into faults.
 */
static void grow_calls(struct ct_calls_thread *t)
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

static struct ct_calls_chain *chain_of(struct ct_calls_thread *t, uint32_t function, uint32_t function_count)
{
	if (function >= t->chain_count) {
		uint32_t count = function_count > 2 * t->chain_count ? function_count : 2 * t->chain_count;

		t->chains = ct_realloc(t->chains, count * sizeof *t->chains);
		for (uint32_t i = t->chain_count; i < count; i++)
			t->chains[i] = (struct ct_calls_chain){ .last = CT_NO_NUMBER };
		t->chain_count = count;
	}
	return &t->chains[function];
}

uint32_t ct_calls_enter(struct ct_calls *calls, uint32_t thread, uint32_t place, uint64_t time,
                        uint32_t phase, uint32_t iteration)
{
	struct ct_calls_thread *t = &calls->threads[thread];
	struct ct_calls_chain *chain = chain_of(t, calls->places[place].function, calls->function_count);
	uint32_t number = t->count;

	if (__builtin_expect(number == t->capacity, 0))
		grow_calls(t);
	t->calls[number] = (struct ct_call){
		.start = time, .place = place, .parent = t->open, .last = CT_NO_NUMBER,
		.previous = chain->last, .iteration = iteration & 0xffffff, .phase = phase & 15,
		.state = CT_STATE_ACTIVE };
	chain->last = number;
	chain->by_phase[phase < CT_PHASES ? phase : CT_PHASE_PROGRAM]++;
	t->open = number;
	t->count++;
	return number;
}

void ct_calls_leave(struct ct_calls *calls, uint32_t thread, enum ct_call_state state, uint64_t time)
{
	struct ct_calls_thread *t = &calls->threads[thread];
	struct ct_call *call;

	if (t->open == CT_NO_NUMBER)
		return;
	call = &t->calls[t->open];
	call->end = time;
	call->state = (uint32_t) state & 15;
	call->last = t->count - 1;
	t->open = call->parent;
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
	if (a.thread == b.thread)
		return first->last < b.number;
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
