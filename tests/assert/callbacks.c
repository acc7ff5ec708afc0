/* Functions that are named as values: those that there are not, and those that there are. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

#include "callbacks.h"

static void on_event(int x)
{
	(void) x;
}

static void on_error(int x)
{
	(void) x;
}

static void helper(int x)
{
	(void) x;
}

struct operations {
	callback *call;
	int n;
};

__attribute__((noinline)) static void with(callback *call, int n)
{
	call(n);
}

__attribute__((noinline)) static void use(const struct operations *o)
{
	o->call(o->n);
}

__attribute__((noinline)) static callback *get(int n)
{
	return n ? on_event : on_error;
}

static void act(void)
{
	struct operations o = { on_event, 4 };

	with(on_event, 1);
	with(helper, 2);
	with(other(), 3);
	use(&o);
	get(1);
}

#define SENSELESS(...) cr_assert_not(cr_expect_not_called(__VA_ARGS__))

Test(callbacks, misspelt)
{
	act();
	SENSELESS(cr_call(with, cr_fn("on_evnt"), cr_any));
	SENSELESS(cr_call(use, cr_field("call", cr_fn("on_evnt"))));
	SENSELESS(cr_returning(get, cr_fn("on_evnt")));
	SENSELESS(cr_call(with, cr_not(cr_any_of(cr_null, cr_fn("on_evnt"))), cr_any));
	SENSELESS(cr_call("wi*", cr_fn("on_evnt"), cr_any));
	SENSELESS(cr_within("on_event", cr_call(with, cr_fn("on_evnt"), cr_any)));
	SENSELESS(cr_call(with, cr_fn("mine.c:helper"), cr_any));
	SENSELESS(cr_call(with, cr_fn("helper"), cr_any));
	SENSELESS(cr_call(with, cr_fn(cr_call("on_event", 1)), cr_any));
}

Test(callbacks, right)
{
	act();
	cr_assert_called_with(with, cr_fn("on_event"), 1);
	cr_assert_called_once(cr_call(with, cr_fn("on_*"), cr_any));
	cr_assert_called_once(cr_call(with, cr_fn(on_event), cr_any));
	cr_assert_called_with(with, cr_fn("callbacks.c:helper"), 2);
	cr_assert_called_with(with, cr_fn("callbacks_other.c:helper"), 3);
	cr_assert_not_called(cr_call(with, cr_fn("callbacks_other.c:helper"), 2));
	cr_assert_not_called(cr_call(with, cr_fn("on_error"), cr_any));
	cr_assert_called_with(use, cr_field("call", cr_fn("on_event")));
	cr_assert_returned(get, cr_fn("on_event"));
}
