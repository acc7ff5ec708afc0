/* With what arguments: values, text, fields of structures, whatever is behind a pointer. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

struct point { int x, y; };

void draw(const char *color, struct point from, const struct point *to, double width)
{
	(void) color, (void) from, (void) to, (void) width;
}

static void draw_line(void)
{
	struct point end = { 30, 40 };

	draw("light blue", (struct point){ 0, 0 }, &end, 0.1);
	end.x = 99; /* arguments are recorded when the call is made */
}

Test(arguments, of_a_line)
{
	draw_line();
	cr_assert_called_with(draw, "light blue", cr_any, cr_deref(cr_field("x", 30)), 0.1);
	cr_assert_called_with(draw, cr_str_suffix("blue"), cr_fields(cr_field("x", 0), cr_field("y", 0)), cr_rest);
	cr_assert_called(cr_call(draw, cr_arg("width", cr_lt(0.5))));
}

Test(arguments, fails)
{
	draw_line();
	cr_assert_called_with(draw, cr_str_contains("green"), cr_rest);
}
