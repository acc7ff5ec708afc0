/*
 * clock.c - ticks -> ns.
 *
 * The time-stamp counter runs at one rate as long as the machine is up; two pairs of
 * (ticks, ns) tell it. The session has one of its beginning and some taken later. If they
 * reach as far as the records nearly, they are exact enough (a pair is read within 100 ns),
 * and they give the same times whenever the trace is read. If not (the process was killed),
 * a pair taken now is better, unless the machine was rebooted in between.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "trace/internal.h"

static bool same_boot(const struct ct_session *session)
{
	char id[sizeof session->boot_id] = "";
	ct_auto_file file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || !fgets(id, sizeof id, file))
		return false;
	id[strcspn(id, "\n")] = '\0';
	return id[0] && strcmp(id, session->boot_id) == 0;
}

static bool take_pair(struct ct_clock *now)
{
#if defined(__x86_64__)
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		return false;
	now->ticks = __rdtsc();
	now->monotonic = (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
	return true;
#else
	(void) now;
	return false;
#endif
}

/* ns per tick from `begin` to `later`, scaled; 0: that pair says nothing. */
static uint64_t scale_of(const struct ct_clock *begin, const struct ct_clock *later)
{
	unsigned __int128 scale;

	if (later->ticks <= begin->ticks || later->monotonic <= begin->monotonic)
		return 0;
	scale = (unsigned __int128)(later->monotonic - begin->monotonic) << CT_SCALE_BITS;
	scale += later->ticks - begin->ticks - 1; /* up: 26 ticks of 10 ns are not 9 */
	scale /= later->ticks - begin->ticks;
	/* Counters run at 10 MHz to 100 GHz: anything else is a torn or foreign pair. */
	if (scale < (1ull << CT_SCALE_BITS) / 100 || scale > 100ull << CT_SCALE_BITS)
		return 0;
	return (uint64_t) scale;
}

void ct_timebase_init(struct ct_timebase *base, const struct ct_session *session, uint64_t last,
                      const struct ct_clock *now)
{
	const struct ct_clock *begin = &session->begin, *best = NULL;
	struct ct_clock taken;

	for (int i = 0; i < 2; i++)
		if (scale_of(begin, &session->last[i])
		    && (!best || session->last[i].ticks > best->ticks))
			best = &session->last[i];
	if (!now && (!best || last > best->ticks)
	    && (!best || last - begin->ticks > 4 * (best->ticks - begin->ticks))
	    && session->boot_id[0] && same_boot(session) && take_pair(&taken))
		now = &taken;
	if (now && scale_of(begin, now))
		best = now;
	base->begin = begin->ticks;
	base->scale = best ? scale_of(begin, best) : 1ull << CT_SCALE_BITS;
}
