/*
 * matcher_number.c - numbers of any type. Equality converts what is expected to the type, as a call
 * would; orders compare the numbers as they are, since `> -1` means that of an unsigned one, too.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "match/matcher_private.h"

static struct ct_number integer(__int128 value, bool is_unsigned)
{
	bool negative = !is_unsigned && value < 0;

	return (struct ct_number){ .negative = negative,
		                   .magnitude = negative ? -(unsigned __int128) value
		                                         : (unsigned __int128) value };
}

bool ct_number_of_datum(const struct ct_datum *d, struct ct_number *out)
{
	if (d->kind == CT_DATUM_FLOAT)
		*out = (struct ct_number){ .is_float = true, .real = d->real };
	else if (d->kind == CT_DATUM_INTEGER || d->kind == CT_DATUM_BOOL
	         || (d->kind == CT_DATUM_WORD && d->has_number))
		*out = integer(d->integer, !d->is_signed);
	else
		return false;
	return true;
}

bool ct_number_of_operand(const struct ct_operand *o, struct ct_number *out)
{
	if (o->kind == CT_OPERAND_FLOAT)
		*out = (struct ct_number){ .is_float = true, .real = o->real };
	else if (o->kind == CT_OPERAND_INTEGER || o->kind == CT_OPERAND_CHAR)
		*out = integer(o->integer, o->is_unsigned);
	else if (o->kind == CT_OPERAND_WORD && (strcmp(o->text, "true") == 0 || strcmp(o->text, "false") == 0))
		*out = integer(o->text[0] == 't', true);
	else
		return false;
	return true;
}

static long double real_of(const struct ct_number *n)
{
	if (n->is_float)
		return n->real;
	return n->negative ? -(long double) n->magnitude : (long double) n->magnitude;
}

int ct_number_compare(const struct ct_number *a, const struct ct_number *b)
{
	if (a->is_float || b->is_float) {
		long double x = real_of(a), y = real_of(b);

		return isnan(x) || isnan(y) ? 2 : x < y ? -1 : x > y;
	}
	if (a->magnitude == 0 && b->magnitude == 0)
		return 0;
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	if (a->magnitude == b->magnitude)
		return 0;
	return (a->magnitude < b->magnitude) != a->negative ? -1 : 1;
}

/* --- conversion --- */

static bool to_integer(struct ct_number *n)
{
	long double x = n->real;

	if (!n->is_float)
		return true;
	if (!(fabsl(x) < 0x1p127L) || x != truncl(x))
		return false;
	*n = integer((__int128) x, false);
	return true;
}

/* -1 is the greatest of an unsigned type, and 0xffffffff the -1 of an int; 300 is nothing to a byte. */
static bool wrap(struct ct_number *n, unsigned bits, bool is_signed)
{
	unsigned __int128 half = (unsigned __int128) 1 << (bits - 1);
	unsigned __int128 most = half - 1 + half; /* 2^bits - 1 */

	if (n->negative ? n->magnitude > half : n->magnitude > most)
		return false;
	if (n->negative && !is_signed && n->magnitude) {
		n->magnitude = most - n->magnitude + 1;
		n->negative = false;
	} else if (!n->negative && is_signed && n->magnitude >= half) {
		n->magnitude = most - n->magnitude + 1;
		n->negative = true;
	}
	return true;
}

static void round_to(struct ct_number *n, unsigned size)
{
	long double x = real_of(n);

	n->is_float = true;
	n->real = size == 4 ? (long double) (float) x : size == 16 ? x : (long double) (double) x;
}

bool ct_number_convert(struct ct_number *n, const struct ct_datum *d)
{
	if (d->kind == CT_DATUM_FLOAT || d->type_class == CT_CLASS_FLOAT) {
		round_to(n, d->size);
		return true;
	}
	if (d->type_class == CT_CLASS_BOOL) {
		*n = integer(real_of(n) != 0, true);
		return true;
	}
	if (!to_integer(n))
		return d->type_class == CT_CLASS_UNKNOWN;
	if (d->size == 0 || d->size > 16 || d->type_class == CT_CLASS_UNKNOWN)
		return true;
	return wrap(n, d->bits ? d->bits : 8u * d->size, d->is_signed);
}

/* --- the kinds that want a number --- */

static enum ct_answer outcome(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d, bool yes)
{
	return yes ? CT_ANSWER_YES : ct_differs(t, m, d);
}

static enum ct_answer test_order(const struct ct_test *t, const struct ct_matcher *m,
                                 const struct ct_datum *d, const struct ct_number *n)
{
	struct ct_number low, high;
	int a, b = 0;

	if (!ct_number_of_operand(&m->a, &low)
	    || (m->kind == CT_MATCH_RANGE && !ct_number_of_operand(&m->b, &high)))
		return ct_because(t, CT_ANSWER_NEVER, "only numbers have an order");
	if (d->kind == CT_DATUM_FLOAT && low.is_float)
		round_to(&low, d->size);
	a = ct_number_compare(n, &low);
	if (m->kind == CT_MATCH_RANGE)
		b = ct_number_compare(n, &high);
	switch (m->kind) {
	case CT_MATCH_LT: return outcome(t, m, d, a == -1);
	case CT_MATCH_LE: return outcome(t, m, d, a == -1 || a == 0);
	case CT_MATCH_GT: return outcome(t, m, d, a == 1);
	case CT_MATCH_GE: return outcome(t, m, d, a == 1 || a == 0);
	default: return outcome(t, m, d, (a == 0 || a == 1) && (b == 0 || b == -1));
	}
}

static enum ct_answer test_bits(const struct ct_test *t, const struct ct_matcher *m,
                                const struct ct_datum *d, const struct ct_number *n)
{
	unsigned __int128 bits = n->negative ? -n->magnitude : n->magnitude, mask, value;
	struct ct_number a, b = {0};

	if (n->is_float || !ct_number_of_operand(&m->a, &a)
	    || (m->kind == CT_MATCH_MASK && !ct_number_of_operand(&m->b, &b)) || a.is_float || b.is_float)
		return ct_because(t, CT_ANSWER_NEVER, "only integers have bits");
	mask = a.negative ? -a.magnitude : a.magnitude;
	value = b.negative ? -b.magnitude : b.magnitude;
	if (d->size && d->size < 16) {
		unsigned __int128 width = ((unsigned __int128) 1 << 8 * d->size) - 1;

		bits &= width;
		mask &= a.negative ? width : ~(unsigned __int128) 0;
		value &= b.negative ? width : ~(unsigned __int128) 0;
	}
	if (m->kind == CT_MATCH_MASK && (value & ~mask))
		return ct_because(t, CT_ANSWER_NEVER, "bits are expected that the mask leaves out");
	return outcome(t, m, d, (bits & mask) == (m->kind == CT_MATCH_MASK ? value : mask));
}

static int64_t ulp_place(int64_t bits, int64_t sign_bit)
{
	return bits & sign_bit ? sign_bit - bits : bits; /* -0.0 and 0.0 have one place */
}

/* How many representable numbers lie between two; UINT64_MAX: it cannot be said. */
static uint64_t ulps(long double x, long double y, unsigned size)
{
	int64_t a = 0, b = 0;

	if (isnan(x) || isnan(y))
		return UINT64_MAX;
	if (size == 4) {
		float f = (float) x, g = (float) y;
		int32_t i, j;

		memcpy(&i, &f, 4);
		memcpy(&j, &g, 4);
		a = ulp_place(i, INT32_MIN);
		b = ulp_place(j, INT32_MIN);
	} else {
		double f = (double) x, g = (double) y;

		memcpy(&a, &f, 8);
		memcpy(&b, &g, 8);
		a = ulp_place(a, INT64_MIN);
		b = ulp_place(b, INT64_MIN);
	}
	return a > b ? (uint64_t) a - (uint64_t) b : (uint64_t) b - (uint64_t) a;
}

static enum ct_answer test_near(const struct ct_test *t, const struct ct_matcher *m,
                                const struct ct_datum *d, const struct ct_number *n)
{
	struct ct_number a, b;

	if (m->kind == CT_MATCH_NAN && !n->is_float)
		return ct_because(t, CT_ANSWER_NEVER, "only floating point has a value that is no number");
	if (m->kind == CT_MATCH_NAN)
		return outcome(t, m, d, isnan(real_of(n)));
	if (!ct_number_of_operand(&m->a, &a) || !ct_number_of_operand(&m->b, &b))
		return ct_because(t, CT_ANSWER_NEVER, "only numbers are near each other");
	if (m->kind == CT_MATCH_ULP)
		return outcome(t, m, d, ulps(real_of(n), real_of(&a), d->size) <= (uint64_t) b.magnitude);
	return outcome(t, m, d, fabsl(real_of(n) - real_of(&a)) <= real_of(&b));
}

/* Names of bits, of a number that has no name itself: of none of them, where the numbers of names are not known, if it is 0. */
static enum ct_answer test_named_bits(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	int64_t bits;

	if (d->enumerators && ct_enumerators_number(d->enumerators, m->a.text, &bits))
		return outcome(t, m, d, ((uint64_t) d->integer & (uint64_t) bits) == (uint64_t) bits);
	if (d->integer == 0)
		return ct_differs(t, m, d);
	return ct_because(t, CT_ANSWER_INCONCLUSIVE, "this trace has no number for %s", m->a.text);
}

enum ct_answer ct_test_number(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	struct ct_number n;

	if (m->kind == CT_MATCH_FLAGS && m->a.kind == CT_OPERAND_WORD && !ct_are_enumerators(t, d, m->a.text))
		return CT_ANSWER_NEVER;
	if (m->kind == CT_MATCH_FLAGS && m->a.kind == CT_OPERAND_WORD && d->kind == CT_DATUM_WORD)
		return outcome(t, m, d, ct_words_include(d->text, m->a.text));
	if (m->kind == CT_MATCH_FLAGS && m->a.kind == CT_OPERAND_WORD && d->kind == CT_DATUM_INTEGER && !d->is_specimen
	    && (d->type_class == CT_CLASS_ENUM || d->type_class == CT_CLASS_UNKNOWN))
		return test_named_bits(t, m, d);
	if (!ct_number_of_datum(d, &n)) {
		if (ct_is_empty(d))
			return ct_differs(t, m, d);
		if (d->kind == CT_DATUM_WORD)
			return ct_because(t, CT_ANSWER_INCONCLUSIVE, "this trace has no number for %s", d->text);
		if (d->kind == CT_DATUM_NULL || d->kind == CT_DATUM_ADDRESS || d->type_class != CT_CLASS_UNKNOWN)
			return ct_because(t, CT_ANSWER_NEVER, "it is not a number");
		return ct_differs(t, m, d);
	}
	switch (m->kind) {
	case CT_MATCH_FLAGS: case CT_MATCH_MASK: return test_bits(t, m, d, &n);
	case CT_MATCH_EPSILON: case CT_MATCH_ULP: case CT_MATCH_NAN: return test_near(t, m, d, &n);
	default: return test_order(t, m, d, &n);
	}
}
