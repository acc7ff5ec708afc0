#include "runtime/siphash.h"

static inline uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void round_of(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void compress(struct ct_siphash *h, uint64_t word)
{
	h->v[3] ^= word;
	round_of(h->v);
	round_of(h->v);
	h->v[0] ^= word;
}

void ct_siphash_begin(struct ct_siphash *h, const uint64_t key[2])
{
	*h = (struct ct_siphash){ .v = { key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
		                         key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull } };
}

void ct_siphash_add(struct ct_siphash *h, const void *bytes, size_t size)
{
	const volatile uint8_t *from = bytes;

	for (size_t i = 0; i < size; i++) {
		unsigned at = h->length++ % 8;

		h->tail |= (uint64_t) from[i] << (8 * at);
		if (at == 7) {
			compress(h, h->tail);
			h->tail = 0;
		}
	}
}

uint64_t ct_siphash_end(struct ct_siphash *h)
{
	compress(h, h->tail | h->length << 56);
	h->v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_of(h->v);
	return h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}
