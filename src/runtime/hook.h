/* hook.h - HOT. What the stubs in arch/ call; see hooks.S for the arguments. */
#ifndef CT_RUNTIME_HOOK_H
#define CT_RUNTIME_HOOK_H

#include <stdint.h>

void ct_enter(uint64_t function, uint64_t site, uint64_t hook, uint64_t sp, uint64_t rbp);
void ct_exit(uint64_t function, uint64_t site, uint64_t hook, uint64_t sp, uint64_t rbp);

/*
 * What the call table is laid out by: an offset in its slots, to be masked. Call sites are some bytes
 * apart, slots 64; the caller's key makes one caller's calls fall elsewhere than another's.
 */
static inline uint64_t ct_slot_offset(uint64_t site, uint64_t hook, uint64_t caller)
{
	return (hook + site * 8) ^ caller;
}

#endif
