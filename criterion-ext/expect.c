#include "expect.h"

#include <errno.h>

#include "process.h"

static struct expectation *first, **last = &first;
static char taken;

static void lock(void)
{
	while (__atomic_test_and_set(&taken, __ATOMIC_ACQUIRE))
		;
}

static void unlock(void)
{
	__atomic_clear(&taken, __ATOMIC_RELEASE);
}

/* In the order in which they were declared. */
static void verify(void)
{
	int saved = errno;

	for (;;) {
		struct ct_text explanation = {0};
		struct expectation *e;

		lock();
		e = first;
		first = e ? e->next : NULL;
		last = first ? last : &first;
		unlock();
		if (!e)
			break;
		if (expect_decide(e, &explanation))
			report_passed(&e->at);
		else
			report_failed(&e->at, e->message, explanation.data);
		ct_text_deinit(&explanation);
	}
	errno = saved;
}

bool expect_later(const struct report_place *at, cr_call_pattern pattern, cr_call_times times, const char *message)
{
	struct expectation *e;

	if (process_is_child() || !process_at_end(verify))
		return false;
	e = word_room(sizeof *e);
	*e = (struct expectation){ .at = *at, .pattern = pattern, .times = times, .message = message };
	e->at.fatal = false;
	lock();
	*last = e;
	last = &e->next;
	unlock();
	return true;
}
