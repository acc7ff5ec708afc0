#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "match/matcher_private.h"

/* --- reasons --- */

enum ct_answer ct_because(const struct ct_test *t, enum ct_answer answer, const char *format, ...)
{
	char text[512];
	va_list args;

	if (!t->reason || t->reason->length)
		return answer;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	ct_text_show_name(text, t->style, t->reason);
	return answer;
}

enum ct_answer ct_unknown(const struct ct_test *t, const struct ct_datum *d)
{
	return ct_because(t, CT_ANSWER_INCONCLUSIVE, "its value is not available: %s",
	                  d->why ? d->why : "not recorded");
}

/* "SYN (0x2)": who compares bits wants to see them. */
static void add_number_of(const struct ct_datum *d, struct ct_text *out)
{
	if (d->kind == CT_DATUM_WORD && d->has_number)
		ct_text_addf(out, " (0x%llx)", (unsigned long long) d->integer);
}

enum ct_answer ct_differs(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	struct ct_text wanted = {0}, got = {0};

	if (!t->reason || t->reason->length || d->is_specimen)
		return CT_ANSWER_NO;
	ct_matcher_show(m, t->style, &wanted);
	if (m->a.kind == CT_OPERAND_ADDRESS && d->is_pointer && d->has_address)
		ct_address_show(d->address, t->style, &got); /* and not what is there */
	else
		ct_datum_show(d, t->style, &got);
	if (strcmp(wanted.data, got.data) == 0 && d->type && m->a.kind != CT_OPERAND_ADDRESS)
		ct_text_addf(t->reason, "they are written alike, but it is of type %s", d->type);
	else
		ct_text_addf(t->reason, "expected %s, got %s", wanted.data, got.data);
	add_number_of(d, t->reason);
	ct_text_deinit(&wanted);
	ct_text_deinit(&got);
	return CT_ANSWER_NO;
}

/* --- kinds that hold others --- */

/* NEVER is said whatever else there is: it is the question that is wrong. */
static enum ct_answer test_all(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	enum ct_answer all = CT_ANSWER_YES;

	for (size_t i = 0; i < m->count; i++) {
		enum ct_answer one = ct_test(t, &m->items[i], d);

		if (one == CT_ANSWER_NEVER)
			return one;
		if (one == CT_ANSWER_NO || (one == CT_ANSWER_INCONCLUSIVE && all == CT_ANSWER_YES))
			all = one;
	}
	return all;
}

static enum ct_answer test_any_of(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	struct ct_text reason = {0}, unclear = {0};
	struct ct_test quiet = { t->context, t->style, &reason };
	enum ct_answer any = CT_ANSWER_NO;

	for (size_t i = 0; i < m->count && any != CT_ANSWER_NEVER; i++) {
		enum ct_answer one;

		ct_text_clear(&reason);
		one = ct_test(&quiet, &m->items[i], d);
		if (one == CT_ANSWER_NO || (one == CT_ANSWER_INCONCLUSIVE && any != CT_ANSWER_NO))
			continue;
		any = one;
		ct_text_clear(&unclear);
		ct_text_add(&unclear, reason.length ? reason.data : "");
	}
	if (any == CT_ANSWER_NO)
		ct_differs(t, m, d);
	else if (any != CT_ANSWER_YES && unclear.length)
		ct_because(t, any, "%s", unclear.data);
	ct_text_deinit(&reason);
	ct_text_deinit(&unclear);
	return any;
}

/* The opposite of what a test says, as far as it says yes or no. */
static enum ct_answer opposite(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d,
                               enum ct_answer (*test)(const struct ct_test *t, const struct ct_matcher *m,
                                                      const struct ct_datum *d))
{
	struct ct_text reason = {0};
	struct ct_test quiet = { t->context, t->style, &reason };
	enum ct_answer answer = test(&quiet, m, d);

	if (answer == CT_ANSWER_YES)
		answer = ct_differs(t, m, d);
	else if (answer == CT_ANSWER_NO)
		answer = CT_ANSWER_YES;
	else if (reason.length)
		ct_because(t, answer, "%s", reason.data);
	ct_text_deinit(&reason);
	return answer;
}

static enum ct_answer test_item(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	return ct_test(t, &m->items[0], d);
}

static enum ct_answer test_deref(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	struct ct_datum pointee = *d;

	if (d->kind == CT_DATUM_NULL)
		return ct_because(t, CT_ANSWER_NO, "it is NULL");
	if (d->kind == CT_DATUM_ADDRESS && d->type && strstr(d->type, "void *"))
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "a %s does not say what it points to", d->type);
	if (d->kind == CT_DATUM_ADDRESS)
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "what it points to %s",
		                  d->unreadable ? "could not be read" : "was not recorded");
	if (!d->is_pointer && !d->is_optional && d->type_class != CT_CLASS_UNKNOWN)
		return ct_because(t, CT_ANSWER_NEVER, "it is not a pointer");
	pointee.is_pointer = pointee.has_address = pointee.is_optional = false;
	if (d->kind == CT_DATUM_STRING && m->items[0].a.kind != CT_OPERAND_STRING) {
		pointee.kind = CT_DATUM_INTEGER; /* *s is the first character */
		pointee.type_class = CT_CLASS_CHAR;
		pointee.size = 1;
		pointee.is_signed = true;
		pointee.integer = d->length ? d->text[0] : 0;
		pointee.has_number = true;
	}
	return ct_test(t, &m->items[0], &pointee);
}

/* --- structures --- */

static enum ct_answer no_member(const struct ct_test *t, const struct ct_datum *d, const char *name, size_t length)
{
	struct ct_text names = {0};
	enum ct_answer answer;

	if (d->truncated)
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "member %.*s was not recorded", (int) length, name);
	for (size_t i = 0; i < d->count && i < 12; i++)
		ct_text_addf(&names, "%s%s", i ? ", " : "", d->items[i].name ? d->items[i].name : "?");
	answer = ct_because(t, CT_ANSWER_NEVER, "it has no member %.*s, but %s", (int) length, name,
	                    names.length ? names.data : "none");
	ct_text_deinit(&names);
	return answer;
}

/* "a.b" is b of a. */
static enum ct_answer test_member(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	const char *name = m->text;

	for (;;) {
		size_t length = strcspn(name, ".");
		const struct ct_datum *found;

		if (d->kind == CT_DATUM_NULL)
			return ct_because(t, CT_ANSWER_NO, "it is NULL");
		if (d->kind == CT_DATUM_NONE)
			return ct_unknown(t, d);
		if (d->kind == CT_DATUM_ADDRESS)
			return ct_because(t, CT_ANSWER_INCONCLUSIVE, "what it points to %s",
			                  d->unreadable ? "could not be read" : "was not recorded");
		if (d->kind != CT_DATUM_OBJECT)
			return ct_because(t, CT_ANSWER_NEVER, "it is not a structure");
		found = ct_datum_member(d, name, length);
		if (!found)
			return no_member(t, d, name, length);
		d = found;
		if (!name[length])
			return ct_test(t, &m->items[0], d);
		name += length + 1;
	}
}

static enum ct_answer test_fields(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	enum ct_answer all = CT_ANSWER_YES;

	if (m->count == 0 && d->kind == CT_DATUM_NULL)
		return ct_because(t, CT_ANSWER_NO, "it is NULL");
	for (size_t i = 0; i < m->count; i++) {
		struct ct_text reason = {0};
		struct ct_test inner = { t->context, t->style, &reason };
		enum ct_answer one = test_member(&inner, &m->items[i], d);

		if (one != CT_ANSWER_YES && (all == CT_ANSWER_YES || one == CT_ANSWER_NEVER || one == CT_ANSWER_NO)) {
			if (t->reason)
				ct_text_clear(t->reason);
			ct_because(t, one, "in %s: %s", m->items[i].text, reason.data ? reason.data : "");
			all = one;
		}
		ct_text_deinit(&reason);
		if (all == CT_ANSWER_NEVER)
			break;
	}
	return all;
}

/* --- other values --- */

static enum ct_answer test_same_as(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	const struct ct_datum *arguments = t->context ? t->context->arguments : NULL, *other = NULL;

	for (size_t i = 0; arguments && i < arguments->count; i++)
		if (arguments->items[i].name && strcmp(arguments->items[i].name, m->text) == 0)
			other = &arguments->items[i];
	if (!other)
		return ct_because(t, CT_ANSWER_NEVER, "there is no argument %s", m->text);
	if (other->kind == CT_DATUM_NONE)
		return ct_unknown(t, other);
	return ct_datum_equal(d, other) ? CT_ANSWER_YES : ct_differs(t, m, d);
}

static const struct ct_datum *find_binding(const struct ct_binding *items, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(items[i].name, name) == 0)
			return items[i].value;
	return NULL;
}

static enum ct_answer test_bound(const struct ct_test *t, const struct ct_matcher *m,
                                 const struct ct_datum *bound, const struct ct_datum *d)
{
	struct ct_text value = {0};

	if (ct_datum_equal(bound, d))
		return CT_ANSWER_YES;
	ct_datum_show(bound, t->style, &value);
	ct_text_add(&value, ", got ");
	ct_datum_show(d, t->style, &value);
	ct_because(t, CT_ANSWER_NO, "expected %s, which is %s", m->text, value.data);
	ct_text_deinit(&value);
	return CT_ANSWER_NO;
}

static enum ct_answer test_variable(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	const struct ct_bindings *bound = t->context ? t->context->bound : NULL;
	struct ct_fresh *fresh = t->context && !d->is_specimen ? t->context->fresh : NULL;
	const struct ct_datum *value = bound ? find_binding(bound->items, bound->count, m->text) : NULL;

	if (!value && fresh)
		value = find_binding(fresh->items, fresh->count, m->text);
	if (value)
		return test_bound(t, m, value, d);
	if (fresh && fresh->count < CT_FRESH_MOST)
		fresh->items[fresh->count++] = (struct ct_binding){ m->text, d };
	return CT_ANSWER_YES;
}

static enum ct_answer test_after(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	const struct ct_datum *after = t->context ? t->context->after : NULL;
	struct ct_text reason = {0};
	struct ct_test inner = { t->context, t->style, &reason };
	enum ct_answer answer;

	if (d->is_specimen)
		return ct_test(t, &m->items[0], d);
	if (!after)
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "what it was afterwards was not recorded");
	for (size_t i = 0; i < after->count; i++)
		if (d->name && after->items[i].name && strcmp(after->items[i].name, d->name) == 0)
			d = &after->items[i];
	answer = ct_test(&inner, &m->items[0], d);
	if (reason.length)
		ct_because(t, answer, "afterwards: %s", reason.data);
	ct_text_deinit(&reason);
	return answer;
}

/* --- any --- */

static enum ct_answer test_null(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	bool null = d->kind == CT_DATUM_NULL;

	if (!null && !d->is_optional && !d->is_pointer && !d->has_address && d->type_class != CT_CLASS_UNKNOWN
	    && d->type_class != CT_CLASS_STRING)
		return ct_because(t, CT_ANSWER_NEVER, "it is not a pointer");
	return null == (m->kind == CT_MATCH_NULL) ? CT_ANSWER_YES : ct_differs(t, m, d);
}

static enum ct_answer test_operand(const struct ct_test *t, const struct ct_matcher *m,
                                   const struct ct_datum *d, enum ct_operand_kind kind)
{
	struct ct_matcher copy = *m;

	copy.a.kind = kind;
	return ct_test_equal(t, &copy, d);
}

enum ct_answer ct_test(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	switch (m->kind) {
	case CT_MATCH_ANY: case CT_MATCH_REST: return CT_ANSWER_YES;
	case CT_MATCH_ALL: return test_all(t, m, d);
	case CT_MATCH_IN: return test_any_of(t, m, d);
	case CT_MATCH_NOT: return opposite(t, m, d, test_item);
	case CT_MATCH_AFTER: return test_after(t, m, d);
	default: break;
	}
	if (d->kind == CT_DATUM_NONE && !(m->kind == CT_MATCH_BYTES && d->text))
		return ct_unknown(t, d);
	switch (m->kind) {
	case CT_MATCH_NAMED: return test_member(t, m, d);
	case CT_MATCH_EQ: return ct_test_equal(t, m, d);
	case CT_MATCH_NE: return opposite(t, m, d, ct_test_equal);
	case CT_MATCH_STRING: case CT_MATCH_PREFIX: case CT_MATCH_SUFFIX: case CT_MATCH_CONTAINS:
	case CT_MATCH_GLOB: case CT_MATCH_REGEX: case CT_MATCH_BYTES: return ct_test_text(t, m, d);
	case CT_MATCH_ADDRESS: return test_operand(t, m, d, CT_OPERAND_ADDRESS);
	case CT_MATCH_FUNCTION: return test_operand(t, m, d, CT_OPERAND_FUNCTION);
	case CT_MATCH_NULL: case CT_MATCH_NOT_NULL: return test_null(t, m, d);
	case CT_MATCH_SAME_AS: return test_same_as(t, m, d);
	case CT_MATCH_DEREF: return test_deref(t, m, d);
	case CT_MATCH_ELEMENTS: return ct_test_elements(t, m, d);
	case CT_MATCH_FIELDS: return test_fields(t, m, d);
	case CT_MATCH_PREDICATE:
		if (d->is_specimen)
			return CT_ANSWER_YES;
		return m->predicate(d, m->user) ? CT_ANSWER_YES : ct_differs(t, m, d);
	case CT_MATCH_CAPTURE: return CT_ANSWER_YES;
	case CT_MATCH_VARIABLE: return test_variable(t, m, d);
	default: return ct_test_number(t, m, d);
	}
}

enum ct_answer ct_matcher_test(const struct ct_matcher *m, const struct ct_datum *datum,
                               const struct ct_match_context *context, const struct ct_style *style,
                               struct ct_text *reason)
{
	struct ct_test t = { context, style, reason };

	return ct_test(&t, m, datum);
}

void ct_matcher_variables(const struct ct_matcher *m, void (*found)(const char *name, void *user), void *user)
{
	if (m->kind == CT_MATCH_VARIABLE)
		found(m->text, user);
	for (size_t i = 0; i < m->count; i++)
		ct_matcher_variables(&m->items[i], found, user);
}
