/* Static functions and families of them, by name; who called whom. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

static int parse_digit(char c) { return c - '0'; }
static int parse_sign(char c) { return c == '-' ? -1 : 1; }

int parse(const char *text)
{
	return parse_sign(text[0]) * parse_digit(text[1]);
}

Test(by_name, of_static_functions)
{
	parse("-7");
	cr_assert_called_once("parse_sign");
	cr_assert_called_times("parse_*", 2);
	cr_assert_called("by_name.c:parse_digit");
	cr_assert_called_from("parse_digit", parse);
	cr_assert_called(cr_within("parse_sign", cr_call(parse, "-7")));
}

Test(by_name, fails)
{
	parse("-7");
	cr_assert_not_called("parse_digits"); /* never called, indeed; but there is no such function */
}
