/* value_scalar.c - numbers, characters and text as JSON. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/value_type.h"

/* --- integers --- */

void ct_value_integer(struct ct_text *out, unsigned __int128 magnitude, bool negative)
{
	bool quoted = magnitude > 1ull << 53;
	char digits[48];
	size_t at = sizeof digits;

	if (quoted)
		digits[--at] = '"';
	for (; magnitude > UINT64_MAX; magnitude /= 10)
		digits[--at] = (char) ('0' + (unsigned) (magnitude % 10));
	for (uint64_t rest = (uint64_t) magnitude; ; rest /= 10) {
		digits[--at] = (char) ('0' + rest % 10);
		if (rest < 10)
			break;
	}
	if (negative)
		digits[--at] = '-';
	if (quoted)
		digits[--at] = '"';
	ct_text_add_n(out, digits + at, sizeof digits - at);
}

void ct_value_signed(struct ct_text *out, __int128 value)
{
	unsigned __int128 bits = (unsigned __int128) value;

	ct_value_integer(out, value < 0 ? -bits : bits, value < 0);
}

static char *put_hex(char *to, uint8_t byte)
{
	*to++ = "0123456789abcdef"[byte >> 4];
	*to++ = "0123456789abcdef"[byte & 15];
	return to;
}

void ct_value_address(struct ct_text *out, uint64_t address)
{
	char text[20], *at = text + sizeof text;

	*--at = '"';
	do
		*--at = "0123456789abcdef"[address & 15];
	while (address >>= 4);
	*--at = 'x';
	*--at = '0';
	*--at = '"';
	ct_text_add_n(out, at, (size_t) (text + sizeof text - at));
}

void ct_value_hex(struct ct_text *out, const uint8_t *bytes, uint32_t count)
{
	char *to = ct_text_reserve(out, 2 * (size_t) count + 2);

	*to++ = '"';
	for (uint32_t i = 0; i < count; i++)
		to = put_hex(to, bytes[i]);
	*to++ = '"';
	*to = '\0';
	out->length += 2 * (size_t) count + 2;
}

/* --- floating point --- */

/* JSON has no word for these. */
static bool add_unusual(struct ct_text *out, bool nan, bool infinite, bool negative)
{
	if (!nan && !infinite)
		return false;
	ct_text_add(out, nan ? "\"nan\"" : negative ? "\"-inf\"" : "\"inf\"");
	return true;
}

/* Numbers without a fraction are the most, and quickly written. */
static bool add_whole(struct ct_text *out, double x)
{
	if (!(fabs(x) < 1e15) || x != (double) (int64_t) x || (x == 0 && signbit(x)))
		return false;
	ct_value_signed(out, (int64_t) x);
	return true;
}

/*
 * What has up to six decimals, which most numbers do, without printf(). m and the power of ten are exact, so
 * m divided by it is the nearest double to that text, and no shorter text was found before.
 */
static bool add_decimals(struct ct_text *out, double x)
{
	uint64_t scale = 10;

	if (fabs(x) < 1e-3)
		return false;
	for (int decimals = 1; decimals <= 6; decimals++, scale *= 10) {
		double m = fabs(x) * (double) scale;
		char text[8];
		uint64_t rest;

		if (m >= 1e15)
			return false;
		if (m != (double) (uint64_t) m || m / (double) scale != fabs(x))
			continue;
		rest = (uint64_t) m % scale;
		for (int i = decimals; i-- > 0; rest /= 10)
			text[i] = (char) ('0' + rest % 10);
		if (x < 0)
			ct_text_add_char(out, '-');
		ct_text_add_u64(out, (uint64_t) m / scale);
		ct_text_add_char(out, '.');
		ct_text_add_n(out, text, (size_t) decimals);
		return true;
	}
	return false;
}

/*
 * With 15 digits every shorter text is found too, as zeros at the end are not written; but tiny
 * numbers have fewer that count.
 */
static void add_double(struct ct_text *out, double x)
{
	char text[40];

	if (add_unusual(out, isnan(x), isinf(x), signbit(x)) || add_whole(out, x)
	    || add_decimals(out, x))
		return;
	for (int digits = fabs(x) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	ct_text_add(out, text);
}

static void add_float(struct ct_text *out, float x)
{
	char text[40];

	if (add_unusual(out, isnan(x), isinf(x), signbit(x)) || add_whole(out, (double) x))
		return;
	for (int digits = fabsf(x) < FLT_MIN ? 1 : 6; digits <= 9; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, (double) x);
		if (strtof(text, NULL) == x)
			break;
	}
	ct_text_add(out, text);
}

/* x87's: 64 bits of fraction, the highest of them 1 unless it is tiny; else it is no number. */
static void add_extended(struct ct_text *out, const uint8_t *bytes)
{
	long double x = 0;
	uint16_t exponent;
	char text[64];

	memcpy(&x, bytes, 10);
	memcpy(&exponent, bytes + 8, 2);
	if ((exponent & 0x7fff) && !(bytes[7] & 0x80)) {
		ct_text_add(out, "\"nan\"");
		return;
	}
	if (add_unusual(out, isnan(x), isinf(x), signbit(x)))
		return;
	if ((long double) (double) x == x) {
		add_double(out, (double) x);
		return;
	}
	for (int digits = 18; digits <= 21; digits++) {
		snprintf(text, sizeof text, "\"%.*Lg\"", digits, x);
		if (strtold(text + 1, NULL) == x)
			break;
	}
	ct_text_add(out, text);
}

/* glibc has these whatever the compiler, but does not declare them for clang 14. */
#ifdef __clang__
int strfromf128(char *to, size_t size, const char *format, __float128 x);
__float128 strtof128(const char *text, char **end);
#endif

static void add_quad(struct ct_text *out, const uint8_t *bytes)
{
	__float128 x;
	char text[64] = "\"", format[16];

	memcpy(&x, bytes, sizeof x);
	if (add_unusual(out, x != x, x - x != 0 && x == x, (bytes[15] & 0x80) != 0))
		return;
	if ((__float128) (double) x == x) {
		add_double(out, (double) x);
		return;
	}
	for (int digits = 33; digits <= 36; digits++) {
		snprintf(format, sizeof format, "%%.%dg", digits);
		strfromf128(text + 1, sizeof text - 2, format, x);
		if (strtof128(text + 1, NULL) == x)
			break;
	}
	strcat(text, "\"");
	ct_text_add(out, text);
}

bool ct_value_float(struct ct_text *out, const uint8_t *bytes, uint32_t size, bool quad)
{
	double d;
	float f;

	switch (size) {
	case 4:
		memcpy(&f, bytes, 4);
		add_float(out, f);
		return true;
	case 8:
		memcpy(&d, bytes, 8);
		add_double(out, d);
		return true;
	case 16:
		if (quad)
			add_quad(out, bytes);
		else
			add_extended(out, bytes);
		return true;
	default:
		return false;
	}
}

/* --- text --- */

static bool is_plain(const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (bytes[i] < 0x20 || bytes[i] > 0x7e || bytes[i] == '"' || bytes[i] == '\\')
			return false;
	return true;
}

bool ct_value_utf8(struct ct_text *out, const uint8_t *bytes, uint32_t count)
{
	char *to;

	if (!is_plain(bytes, count))
		return ct_text_add_json_n(out, (const char *) bytes, count);
	to = ct_text_reserve(out, (size_t) count + 2);
	to[0] = '"';
	memcpy(to + 1, bytes, count);
	to[count + 1] = '"';
	to[count + 2] = '\0';
	out->length += (size_t) count + 2;
	return true;
}

static uint32_t character_at(const uint8_t *bytes, uint32_t size)
{
	uint32_t c = 0;

	memcpy(&c, bytes, size);
	return c;
}

/* UTF-8 of a code point; returns its length, 0: it is none. */
static uint32_t encode(uint32_t c, uint8_t to[4])
{
	if ((c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0;
	if (c < 0x80) {
		to[0] = (uint8_t) c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (uint8_t) (0xc0 | c >> 6);
		to[1] = (uint8_t) (0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (uint8_t) (0xe0 | c >> 12);
		to[1] = (uint8_t) (0x80 | (c >> 6 & 0x3f));
		to[2] = (uint8_t) (0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (uint8_t) (0xf0 | c >> 18);
	to[1] = (uint8_t) (0x80 | (c >> 12 & 0x3f));
	to[2] = (uint8_t) (0x80 | (c >> 6 & 0x3f));
	to[3] = (uint8_t) (0x80 | (c & 0x3f));
	return 4;
}

bool ct_value_wide(struct ct_text *out, const uint8_t *bytes, uint32_t count, uint32_t size, bool *ended)
{
	struct ct_text text = {0};
	bool right = true;

	*ended = false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t c = character_at(bytes + i * size, size), low, n;
		uint8_t code[4];

		if (c == 0) {
			*ended = true;
			break;
		}
		if (size == 2 && c >= 0xd800 && c < 0xdc00 && i + 1 < count) {
			low = character_at(bytes + (i + 1) * size, size);
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i++;
			}
		}
		n = encode(c, code);
		right = right && n;
		ct_text_add_n(&text, n ? (const char *) code : "\xef\xbf\xbd", n ? n : 3);
	}
	ct_value_utf8(out, (const uint8_t *) (text.data ? text.data : ""), (uint32_t) text.length);
	ct_text_deinit(&text);
	return right;
}
