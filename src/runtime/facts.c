/*
 * facts.c - what is known of a hook by its address: how to find its machine frame, and
 * whether it is an inlined instance's, that is, whether the text around it begins
 * elsewhere than at the function that it names.
 */
#include "runtime/thread.h"

#define barrier() __asm__ volatile("" ::: "memory")

/* Without an unwind table: the enter hook is near the beginning, and nothing on the stack. */
static struct ct_hook_facts guess(uint64_t function, uint64_t hook)
{
	return (struct ct_hook_facts){
		.hook = hook,
		.cfa = { .base = CT_CFA_SP, .offset = 8 },
		.inlined = !(hook > function && hook - function < 4096),
	};
}

/*
 * Whether the text from `start` on calls, before `hook`, what the call at `hook` calls. A
 * function may be inlined into itself; its own enter hook is then the first of them, since
 * the block that a function begins with begins with it. Two forms: call rel32 (E8), and
 * call *rel32(%rip) (FF 15, -fno-plt); a chance match of 32 bits of displacement is no worry.
 */
static bool is_called_before(uint64_t start, uint64_t hook)
{
	int32_t displacement;
	const uint8_t *end = (const uint8_t *) hook - 4, *from = (const uint8_t *) start;
	uint8_t before = end[-1];

	__builtin_memcpy(&displacement, end, sizeof displacement);
	if ((uint64_t) end - start < 6)
		return false;
	for (const uint8_t *at = from + 1; at + 4 < end; at++) {
		int32_t other;

		if (at[-1] != before)
			continue;
		__builtin_memcpy(&other, at, sizeof other);
		if ((int64_t) other + (int64_t) (uint64_t) at
		    == (int64_t) displacement + (int64_t) (uint64_t) end)
			return true;
	}
	return false;
}

struct ct_hook_facts ct_hook_facts(struct ct_thread *t, uint64_t function, uint64_t hook)
{
	struct ct_hook_facts *slot = &t->facts[(hook ^ hook >> 7) % CT_FACTS];
	struct ct_hook_facts facts = *slot;
	uint64_t old;

	/* The key is read first and last: a handler in between may put another's in there, or this one in another's place. */
	barrier();
	if (facts.hook == hook && slot->hook == hook)
		return facts;
	facts = guess(function, hook);
	{
		struct ct_cfa cfa = ct_cfi_find(hook - 1);

		if (cfa.start)
			facts.inlined = cfa.start != function || is_called_before(function, hook);
		if (cfa.known)
			facts.cfa = cfa;
	}
	old = ct_signals_block();
	*slot = facts;
	ct_signals_restore(old);
	return facts;
}
