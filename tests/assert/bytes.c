/* Elements of what is recorded as text: bytes behind a pointer, which the next argument counts, or nobody does. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

struct packet {
	unsigned char raw[4];
	char tag[4];
};

static volatile int sum;

__attribute__((noinline)) static void write_bytes(const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sum += bytes[i];
}

__attribute__((noinline)) static void write_on(const unsigned char *bytes, const char *to)
{
	sum += bytes[0] + to[0];
}

__attribute__((noinline)) static void write_text(const char *text)
{
	sum += text[0];
}

__attribute__((noinline)) static void write_signed(const signed char *bytes)
{
	sum += bytes[0];
}

__attribute__((noinline)) static void write_wide(const wchar_t *text)
{
	sum += (int) text[0];
}

__attribute__((noinline)) static void write_packet(const struct packet *packet)
{
	sum += packet->raw[0];
}

static void act(void)
{
	static const unsigned char bytes[] = { 1, 200, 0, 255 };
	static const struct packet packet = { { 1, 0, 2, 200 }, "ab" };

	write_bytes(bytes, 4);
	write_on(bytes, "disk");
	write_text("ab");
	write_signed((const signed char *) bytes);
	write_wide(L"a\u00e9");
	write_packet(&packet);
}

Test(bytes, met)
{
	act();
	cr_assert_called_with(write_bytes, cr_elems(1, 200, 0, 255), 4);
	cr_assert_called_with(write_bytes, cr_elems(1, cr_gt(127), cr_rest), 4);
	cr_assert_not_called(cr_call(write_bytes, cr_elems(1, 200, 0), cr_any));
	cr_assert_not_called(cr_call(write_bytes, cr_elems(1, 200, 0, 255, 0), cr_any));
	cr_assert_not_called(cr_call(write_bytes, cr_elems(1, 200, 0, 255, 0, cr_rest), cr_any));
	cr_assert_called_with(write_on, cr_elems(1, 200, 0, cr_rest), "disk");
	cr_assert_called_with(write_bytes, cr_bytes("\1\310", 2), 4);
	cr_assert_not_called(cr_call(write_bytes, cr_elems(1, 2, cr_rest), cr_any));
	cr_assert_not_called(cr_call(write_bytes, cr_elems(1, 200, 7, cr_rest), cr_any));
	cr_assert_called_with(write_text, cr_elems('a', 98, 0, cr_rest));
	cr_assert_called_with(write_signed, cr_elems(1, -56, cr_rest));
	cr_assert_called_with(write_signed, cr_elems(1, cr_lt(0), cr_rest));
	cr_assert_called_with(write_wide, cr_elems('a', 0xe9, 0, cr_rest));
	cr_assert_called_with(write_packet, cr_field("raw", cr_elems(1, 0, 2, 200)));
	cr_assert_called_with(write_packet, cr_field("tag", cr_elems('a', 'b', cr_rest)));
}

/* Behind a NUL nothing is recorded. */
Test(bytes, inconclusive)
{
	act();
	cr_assert_not(cr_expect_called(cr_call(write_on, cr_elems(1, 200, 0, 255, cr_rest), cr_any)));
	cr_assert_not(cr_expect_not_called(cr_call(write_on, cr_elems(1, 200, 0, 255, cr_rest), cr_any)));
}

Test(bytes, senseless)
{
	act();
	cr_assert_not(cr_expect_not_called(cr_call(write_on, cr_elems(1, 200), cr_any)));
	cr_assert_not(cr_expect_not_called(cr_call(write_bytes, cr_elems(1, 300, cr_rest), cr_any)));
	cr_assert_not(cr_expect_not_called(cr_call(write_text, cr_elems("a", cr_rest))));
	cr_assert_not(cr_expect_not_called(cr_call(write_packet, cr_field("tag", cr_elems('a', 'b')))));
}
