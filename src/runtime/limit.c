#include "runtime/limit.h"

#include <string.h>

#include "runtime/thread.h"

#define CLAIMED 1u
#define PIECES 16 /* that the budget is at least cut in */

/* The values of a call have to find room in it. */
static uint64_t least_chunk(void)
{
	return ct_recorder->session->capture_args ? 4 * CT_PAGE : CT_PAGE;
}

void ct_limit_begin(void)
{
	struct ct_session *s = ct_recorder->session;
	struct ct_ring *ring = &ct_recorder->ring;
	uint64_t chunk = s->max_size / PIECES & ~(uint64_t)(CT_PAGE - 1);

	memset(ring, 0, sizeof *ring);
	ring->chunk = CT_CHUNK_SIZE;
	ring->max_size = s->max_size;
	if (!s->max_size)
		return;
	if (chunk < least_chunk())
		chunk = least_chunk();
	if (chunk < CT_CHUNK_SIZE)
		ring->chunk = (uint32_t) chunk;
	if (s->keep != CT_KEEP_NEWEST)
		return;
	ring->room = s->max_size / ring->chunk + 1;
	ring->places = ct_pages(ring->room * sizeof *ring->places);
	ring->newest = ring->places != NULL;
	if (!ring->newest) /* no memory */
		s->keep = CT_KEEP_OLDEST;
}

bool ct_limit_take(uint64_t size)
{
	struct ct_session *s = ct_recorder->session;
	uint64_t before = __atomic_fetch_add(&s->chunks, size, __ATOMIC_RELAXED);

	if (!ct_recorder->ring.max_size || before + size <= ct_recorder->ring.max_size)
		return true;
	ct_limit_give_back(size);
	return false;
}

void ct_limit_give_back(uint64_t size)
{
	__atomic_fetch_sub(&ct_recorder->session->chunks, size, __ATOMIC_RELAXED);
}

bool ct_limit_take_window(uint64_t size)
{
	struct ct_ring *ring = &ct_recorder->ring;
	uint64_t before;

	if (!ring->newest)
		return true;
	before = atomic_fetch_add(&ring->windows, size);
	if (before == 0 || before + size <= ring->max_size / 2)
		return true;
	atomic_fetch_sub(&ring->windows, size);
	return false;
}

void ct_ring_add(uint64_t offset)
{
	struct ct_ring *ring = &ct_recorder->ring;
	uint64_t place;

	if (!ring->newest)
		return;
	place = atomic_fetch_add(&ring->count, 1);
	if (place < ring->room)
		atomic_store(&ring->places[place], offset);
}

uint64_t ct_ring_claim(void)
{
	struct ct_ring *ring = &ct_recorder->ring;
	uint64_t count = atomic_load(&ring->count);

	if (!ring->newest || !count)
		return CT_NO_PLACE;
	if (count > ring->room)
		count = ring->room;
	for (uint64_t tries = 2 * count; tries-- > 0;) {
		uint64_t place = atomic_fetch_add(&ring->next, 1) % count;
		uint64_t offset = atomic_load(&ring->places[place]);

		if (offset && !(offset & CLAIMED)
		    && atomic_compare_exchange_strong(&ring->places[place], &offset, offset | CLAIMED))
			return place;
	}
	return CT_NO_PLACE;
}

uint64_t ct_ring_offset(uint64_t place)
{
	return atomic_load(&ct_recorder->ring.places[place]) & ~(uint64_t) CLAIMED;
}

void ct_ring_release(uint64_t place)
{
	atomic_fetch_and(&ct_recorder->ring.places[place], ~(uint64_t) CLAIMED);
}
