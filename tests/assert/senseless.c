/*
 * Questions that make no sense, of functions that are called and of some that are not: none of them may pass, whatever
 * it asks, and with optimisation as without. `sound`: what looks like it, and passes.
 */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

enum mode { READ = 1, WRITE = 2, SYNC = 4 };
struct range { unsigned short from, to; };
struct options { enum mode mode; unsigned level : 3; const char *name; struct range range; };

__attribute__((noinline)) static int set(const struct options *options, enum mode mode, size_t count)
{
	return options ? (int) (options->level + mode + count) : -1;
}

__attribute__((noinline)) static void unused(const struct options *options, unsigned char byte, const char *text)
{
	set(options, (enum mode) byte, text[0]);
}

static const struct options given = { SYNC, 3, "given", { 1, 2 } };

static void act(void)
{
	set(&given, WRITE, 2);
	set(NULL, READ, 0);
	if (given.level == 7)
		unused(&given, 1, "x");
}

#define SENSELESS(...) cr_assert_not(cr_expect_not_called(__VA_ARGS__))

Test(senseless, all)
{
	act();
	SENSELESS(cr_call(set, cr_any, cr_enum("WRIT"), cr_any));
	SENSELESS(cr_call(set, cr_any, cr_enum("READ|WRIT"), cr_any));
	SENSELESS(cr_call(set, cr_field("mod", 1), cr_rest));
	SENSELESS(cr_call(set, cr_field("level", 8), cr_rest));
	SENSELESS(cr_call(set, cr_field("range.from", 70000), cr_rest));
	SENSELESS(cr_call(set, cr_field("mode", cr_enum("SYNK")), cr_rest));
	SENSELESS(cr_call(set, cr_any, cr_any, 1.5));
	SENSELESS(cr_call(set, cr_any, cr_mask(3, 8), cr_any));
	SENSELESS(cr_call(set, cr_any, cr_nan, cr_any));
	SENSELESS(cr_returning(set, "text"));
	SENSELESS(cr_call(unused, cr_any, 300, cr_any));
	SENSELESS(cr_call(unused, cr_any, "a", cr_any));
	SENSELESS(cr_call(unused, cr_any, cr_any, 7));
	SENSELESS(cr_call(unused, cr_any, cr_any, cr_str_re("[")));
	SENSELESS(cr_call(unused, cr_field("range", cr_field("middle", 1)), cr_rest));
	SENSELESS(cr_returning(unused, 1));
}

Test(sound, all)
{
	act();
	cr_assert_not_called(cr_call(set, cr_any, cr_enum("SYNC"), cr_any));
	cr_assert_not_called(cr_call(set, cr_any, cr_flags(8), cr_any));
	cr_assert_not_called(cr_call(set, cr_any, cr_any, -1));
	cr_assert_not_called(cr_call(set, cr_any, cr_any, cr_ge(3)));
	cr_assert_not_called(cr_call(set, cr_any, cr_any, cr_lt(0)));
	cr_assert_called_once(cr_call(set, 0, cr_rest));
	cr_assert_called_once(cr_call(set, cr_null, cr_enum("READ"), cr_any));
	cr_assert_not_called(cr_call(unused, 0, 255, "x"));
	cr_assert_not_called(cr_call(unused, cr_field("level", 7), cr_lt(1), 0));
	cr_assert_not_called(cr_call(unused, cr_field("name", "x"), cr_any, cr_bytes("x", 1)));
}
