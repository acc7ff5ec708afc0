/*
 * siphash.h - SipHash-2-4 (Aumasson, Bernstein, 2012): a keyed hash of 64 bits, fed piece by piece.
 * Without the key nobody can tell what was hashed, nor try candidates.
 */
#ifndef CT_RUNTIME_SIPHASH_H
#define CT_RUNTIME_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct ct_siphash {
	uint64_t v[4];
	uint64_t tail; /* bytes that do not make a word yet */
	uint64_t length;
};

void ct_siphash_begin(struct ct_siphash *h, const uint64_t key[2]);
void ct_siphash_add(struct ct_siphash *h, const void *bytes, size_t size);
uint64_t ct_siphash_end(struct ct_siphash *h);

#endif
