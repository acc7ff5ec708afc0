/* matcher_equal.c - whether a value is the one that was expected. */
#include <string.h>

#include "match/matcher_private.h"
#include "match/names.h"

static enum ct_answer outcome(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d, bool yes)
{
	return yes ? CT_ANSWER_YES : ct_differs(t, m, d);
}

/* --- what is expected, by its kind --- */

static enum ct_answer equal_number(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	struct ct_number wanted, got;

	if (!ct_number_of_operand(&m->a, &wanted))
		return CT_ANSWER_NO;
	if (ct_is_empty(d))
		return ct_differs(t, m, d);
	if (d->kind == CT_DATUM_NULL || (d->kind == CT_DATUM_ADDRESS && !d->truncated && !d->unreadable)) {
		if (!wanted.is_float && (d->kind == CT_DATUM_NULL || wanted.magnitude == 0))
			return outcome(t, m, d, d->kind == CT_DATUM_NULL && wanted.magnitude == 0);
		return ct_because(t, CT_ANSWER_NEVER, "a number is expected, and it is a pointer");
	}
	if (d->kind == CT_DATUM_ADDRESS)
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "what it points to was not recorded");
	if (!ct_number_of_datum(d, &got)) {
		if (d->kind == CT_DATUM_WORD && d->type_class != CT_CLASS_FUNCTION)
			return ct_because(t, CT_ANSWER_INCONCLUSIVE,
			                  "this trace has the name %s for it and no number: write the name", d->text);
		if (d->type_class == CT_CLASS_UNKNOWN || (d->is_pointer && !wanted.is_float && wanted.magnitude == 0))
			return ct_differs(t, m, d); /* 0 is NULL, and of C++ NULL is 0 */
		return ct_because(t, CT_ANSWER_NEVER, "a number is expected, and it is none");
	}
	if (!ct_number_convert(&wanted, d))
		return ct_because(t, CT_ANSWER_NEVER, "its type%s%s%s cannot have that value", d->type ? " (" : "",
		                  d->type ? d->type : "", d->type ? ")" : "");
	return outcome(t, m, d, ct_number_compare(&got, &wanted) == 0);
}

static size_t count_words(const char *words)
{
	size_t count = 1;

	for (; *words; words++)
		count += *words == '|';
	return count;
}

static bool is_enumerator(const struct ct_enumerators *e, const char *word)
{
	for (size_t i = 0; i < e->count; i++)
		if (ct_words_include(e->items[i].name, word))
			return true;
	return false;
}

static void list_enumerators(const struct ct_enumerators *e, struct ct_text *out)
{
	for (size_t i = 0; i < e->count && i < 12; i++)
		ct_text_addf(out, "%s%s", i ? ", " : "", e->items[i].name);
	if (e->count > 12)
		ct_text_addf(out, " and %zu more", e->count - 12);
}

bool ct_are_enumerators(const struct ct_test *t, const struct ct_datum *d, const char *words)
{
	const struct ct_enumerators *e = d->enumerators;
	bool known = true;

	for (const char *w = words; e && e->count && known; w++) {
		size_t length = strcspn(w, "|");
		struct ct_text word = {0}, names = {0};

		ct_text_add_n(&word, w, length);
		known = is_enumerator(e, word.data ? word.data : "");
		if (!known) {
			list_enumerators(e, &names);
			ct_because(t, CT_ANSWER_NEVER, "%s is no enumerator of %s: %s", word.data, d->type ? d->type : "its type",
			           names.data);
		}
		ct_text_deinit(&names);
		ct_text_deinit(&word);
		w += length;
		if (!*w)
			break;
	}
	return known;
}

static enum ct_answer equal_word(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	const char *word = m->a.text;
	struct ct_number n;
	int64_t number;

	if (ct_is_empty(d))
		return ct_differs(t, m, d);
	if (!ct_are_enumerators(t, d, word))
		return CT_ANSWER_NEVER;
	if (ct_number_of_operand(&m->a, &n) && ct_number_of_datum(d, &n)
	    && (d->type_class == CT_CLASS_BOOL || d->kind == CT_DATUM_BOOL || d->kind == CT_DATUM_INTEGER))
		return equal_number(t, m, d);
	if (d->kind == CT_DATUM_WORD || (d->kind == CT_DATUM_STRING && d->type_class == CT_CLASS_UNKNOWN)
	    || d->kind == CT_DATUM_FLOAT)
		return outcome(t, m, d, count_words(d->text) == count_words(word)
		                                && ct_words_include(d->text, word));
	if (d->kind == CT_DATUM_INTEGER && (d->type_class == CT_CLASS_ENUM || d->type_class == CT_CLASS_UNKNOWN)) {
		if (d->enumerators && !d->is_specimen && ct_enumerators_number(d->enumerators, word, &number))
			return outcome(t, m, d, (int64_t) d->integer == number);
		return ct_differs(t, m, d);
	}
	return ct_because(t, CT_ANSWER_NEVER, "a name is expected, and it is %s",
	                  d->kind == CT_DATUM_STRING    ? "a string: that is written in quotes"
	                  : d->kind == CT_DATUM_INTEGER ? "a number (debug information has no macros)"
	                                                : "of another kind");
}

/* What a std::function calls is known by its name alone; it has an address of its own. */
static enum ct_answer equal_called(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	const struct ct_calls *calls = t->context ? t->context->calls : NULL;
	const char *name = NULL;
	unsigned same = 0;

	for (uint32_t i = 0; calls && i < calls->function_count; i++) {
		if (calls->functions[i].address == m->a.address)
			name = calls->functions[i].name;
		same += strcmp(calls->functions[i].name, d->text) == 0;
	}
	if (!name || (strcmp(name, d->text) == 0 && same > 1))
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "which function it calls is not known, but its name: %s", d->text);
	return outcome(t, m, d, strcmp(name, d->text) == 0);
}

static enum ct_answer equal_function(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	enum ct_answer means;

	if (d->kind == CT_DATUM_NULL)
		return ct_differs(t, m, d);
	if (m->a.address && d->kind == CT_DATUM_WORD && d->type_class == CT_CLASS_ENUM && d->type && strstr(d->type, "function<"))
		return equal_called(t, m, d);
	if (m->a.address && d->has_address)
		return outcome(t, m, d, m->a.address == d->address);
	if (d->kind == CT_DATUM_ADDRESS)
		return m->a.text && d->type_class == CT_CLASS_FUNCTION
		               ? ct_differs(t, m, d)
		               : ct_because(t, CT_ANSWER_INCONCLUSIVE, "which function it points to is not known");
	if (!m->a.text || (d->kind != CT_DATUM_WORD && d->kind != CT_DATUM_STRING))
		return ct_because(t, CT_ANSWER_NEVER, "a function is expected, and it is no pointer to one");
	means = ct_name_means(t->context ? t->context->calls : NULL, m->a.text, d->text, d->has_address ? d->address : 0);
	if (means == CT_ANSWER_INCONCLUSIVE)
		return ct_because(t, means, "of which file the %s is that it points to was not recorded", d->text);
	return outcome(t, m, d, means == CT_ANSWER_YES);
}

static enum ct_answer equal_address(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	if (d->kind == CT_DATUM_NULL)
		return outcome(t, m, d, m->a.address == 0);
	if (d->has_address)
		return outcome(t, m, d, m->a.address == d->address);
	if (d->kind == CT_DATUM_INTEGER && d->size == 8)
		return outcome(t, m, d, (uint64_t) d->integer == m->a.address);
	if (d->type_class == CT_CLASS_UNKNOWN || d->is_pointer)
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "its address was not recorded");
	return ct_because(t, CT_ANSWER_NEVER, "an address is expected, and it is no pointer");
}

enum ct_answer ct_test_equal(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	switch (m->a.kind) {
	case CT_OPERAND_INTEGER: case CT_OPERAND_FLOAT: case CT_OPERAND_CHAR: return equal_number(t, m, d);
	case CT_OPERAND_STRING: return ct_test_text(t, m, d);
	case CT_OPERAND_ADDRESS: return equal_address(t, m, d);
	case CT_OPERAND_WORD: return equal_word(t, m, d);
	case CT_OPERAND_FUNCTION: return equal_function(t, m, d);
	default: return ct_because(t, CT_ANSWER_NEVER, "nothing is expected");
	}
}

/* --- two recorded values --- */

static bool equal_items(const struct ct_datum *a, const struct ct_datum *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!ct_datum_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}

/* Pointers are equal if they are the same; what they led to may have changed in between. */
bool ct_datum_equal(const struct ct_datum *a, const struct ct_datum *b)
{
	struct ct_number x, y;
	bool strings = a->kind == CT_DATUM_STRING && b->kind == CT_DATUM_STRING;

	if (!strings && a->is_pointer && b->is_pointer && a->has_address && b->has_address)
		return a->address == b->address;
	if (ct_number_of_datum(a, &x) && ct_number_of_datum(b, &y))
		return ct_number_compare(&x, &y) == 0;
	if (a->kind != b->kind || a->kind == CT_DATUM_NONE)
		return false;
	switch (a->kind) {
	case CT_DATUM_STRING: case CT_DATUM_WORD:
		return a->length == b->length && memcmp(a->text, b->text, a->length) == 0
		       && !a->truncated && !b->truncated;
	case CT_DATUM_ADDRESS: return a->address == b->address;
	case CT_DATUM_OBJECT: case CT_DATUM_ARRAY: return equal_items(a, b);
	default: return true; /* NULL */
	}
}
