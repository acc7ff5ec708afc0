#include "words.h"

static cr_value_matcher word(enum ct_matcher_kind kind)
{
	cr_value_matcher m = word_room(sizeof *m);

	m->m.kind = kind;
	return m;
}

static cr_value_matcher equal(struct ct_operand operand)
{
	cr_value_matcher m = word(CT_MATCH_EQ);

	m->m.a = operand;
	return m;
}

cr_value_matcher calltrace_matcher(cr_value_matcher m)
{
	return m;
}

cr_value_matcher calltrace_matcher_reason(cr_call_reason reason)
{
	cr_value_matcher m = word(CT_MATCH_ANY);

	m->reason = reason->text;
	return m;
}

cr_value_matcher calltrace_matcher_bool(bool value)
{
	return equal((struct ct_operand){ .kind = CT_OPERAND_WORD, .text = value ? "true" : "false",
		                          .length = value ? 4 : 5 });
}

cr_value_matcher calltrace_matcher_char(char value)
{
	return equal((struct ct_operand){ .kind = CT_OPERAND_CHAR, .integer = value });
}

cr_value_matcher calltrace_matcher_signed(long long value)
{
	return equal((struct ct_operand){ .kind = CT_OPERAND_INTEGER, .integer = value });
}

cr_value_matcher calltrace_matcher_unsigned(unsigned long long value)
{
	return equal((struct ct_operand){ .kind = CT_OPERAND_INTEGER, .is_unsigned = true, .integer = value });
}

cr_value_matcher calltrace_matcher_float(long double value)
{
	return equal((struct ct_operand){ .kind = CT_OPERAND_FLOAT, .real = value });
}

static struct ct_operand text_operand(const char *text, size_t length)
{
	return (struct ct_operand){ .kind = CT_OPERAND_STRING, .text = word_text(text, length),
		                    .length = length };
}

cr_value_matcher calltrace_matcher_string(const char *value)
{
	return value ? equal(text_operand(value, strlen(value))) : word(CT_MATCH_NULL);
}

cr_value_matcher calltrace_matcher_pointer(const volatile void *value)
{
	if (!value)
		return word(CT_MATCH_NULL);
	return equal((struct ct_operand){ .kind = CT_OPERAND_ADDRESS, .address = (uint64_t) (uintptr_t) value });
}

cr_value_matcher calltrace_any(void)
{
	return word(CT_MATCH_ANY);
}

cr_value_matcher calltrace_rest(void)
{
	return word(CT_MATCH_REST);
}

static cr_value_matcher around(enum ct_matcher_kind kind, cr_value_matcher inner)
{
	cr_value_matcher m = word(kind);

	m->m.items = &inner->m;
	m->m.count = 1;
	return m;
}

cr_value_matcher calltrace_named(const char *name, cr_value_matcher inner)
{
	cr_value_matcher m = around(CT_MATCH_NAMED, inner);

	m->m.text = word_text(name, strlen(name));
	return m;
}

/* Where the operand is a matcher of its own, "not equal" and its like are about what that says. */
static bool is_value(cr_value_matcher m)
{
	return m->m.kind == CT_MATCH_EQ;
}

cr_value_matcher calltrace_compare(enum calltrace_comparison how, cr_value_matcher operand)
{
	static const enum ct_matcher_kind kinds[] = {
		[CALLTRACE_EQ] = CT_MATCH_EQ, [CALLTRACE_NE] = CT_MATCH_NE, [CALLTRACE_LT] = CT_MATCH_LT,
		[CALLTRACE_LE] = CT_MATCH_LE, [CALLTRACE_GT] = CT_MATCH_GT, [CALLTRACE_GE] = CT_MATCH_GE,
		[CALLTRACE_FLAGS] = CT_MATCH_FLAGS,
	};
	cr_value_matcher m;

	if (how == CALLTRACE_EQ)
		return operand;
	if (!is_value(operand))
		return how == CALLTRACE_NE ? around(CT_MATCH_NOT, operand) : operand;
	m = word(kinds[how]);
	m->m.a = operand->m.a;
	return m;
}

cr_value_matcher calltrace_compare2(enum calltrace_comparison how, cr_value_matcher a, cr_value_matcher b)
{
	cr_value_matcher m = word(how == CALLTRACE_MASK ? CT_MATCH_MASK
	                          : how == CALLTRACE_ULP ? CT_MATCH_ULP : CT_MATCH_EPSILON);

	m->m.a = a->m.a;
	m->m.b = b->m.a;
	return m;
}

cr_value_matcher calltrace_nan(void)
{
	return word(CT_MATCH_NAN);
}

cr_value_matcher calltrace_word(const char *name)
{
	struct ct_operand operand = text_operand(name, strlen(name));

	operand.kind = CT_OPERAND_WORD;
	return equal(operand);
}

cr_value_matcher calltrace_string(enum calltrace_text how, const char *text, long length)
{
	static const enum ct_matcher_kind kinds[] = {
		[CALLTRACE_STRING] = CT_MATCH_STRING, [CALLTRACE_PREFIX] = CT_MATCH_PREFIX,
		[CALLTRACE_SUFFIX] = CT_MATCH_SUFFIX, [CALLTRACE_CONTAINS] = CT_MATCH_CONTAINS,
		[CALLTRACE_GLOB] = CT_MATCH_GLOB, [CALLTRACE_REGEX] = CT_MATCH_REGEX,
	};
	cr_value_matcher m;

	if (!text)
		return word(CT_MATCH_NULL);
	m = word(kinds[how]);
	m->m.a = text_operand(text, length < 0 ? strlen(text) : (size_t) length);
	return m;
}

cr_value_matcher calltrace_pointer(const volatile void *p)
{
	cr_value_matcher m = word(CT_MATCH_ADDRESS);

	m->m.a = (struct ct_operand){ .kind = CT_OPERAND_ADDRESS, .address = (uint64_t) (uintptr_t) p };
	return m;
}

cr_value_matcher calltrace_null(bool negated)
{
	return word(negated ? CT_MATCH_NOT_NULL : CT_MATCH_NULL);
}

/* Calls of it cannot be told apart by a pointer to it: a pattern that is narrowed is none. */
static bool is_function(const struct calltrace_pattern *p)
{
	return p->kind == WORD_PATTERN && !p->pattern.has_arguments && !p->pattern.returned && !p->pattern.from && !p->pattern.within
	       && !p->pattern.thread && !p->pattern.phases && !p->pattern.since && !p->pattern.nth;
}

cr_value_matcher calltrace_function_value(cr_call_pattern function)
{
	cr_value_matcher m = word(CT_MATCH_FUNCTION);

	m->m.a.kind = CT_OPERAND_FUNCTION;
	if (!is_function(function))
		return m;
	m->m.a.text = function->pattern.name;
	m->m.a.length = function->pattern.name ? strlen(function->pattern.name) : 0;
	m->m.a.address = function->pattern.address;
	return m;
}

cr_value_matcher calltrace_same_as(const char *name)
{
	cr_value_matcher m = word(CT_MATCH_SAME_AS);

	m->m.text = word_text(name, strlen(name));
	return m;
}

cr_value_matcher calltrace_deref(cr_value_matcher m)
{
	return around(CT_MATCH_DEREF, m);
}

cr_value_matcher calltrace_after(cr_value_matcher m)
{
	return around(CT_MATCH_AFTER, m);
}

cr_value_matcher calltrace_not(cr_value_matcher m)
{
	return around(CT_MATCH_NOT, m);
}

cr_value_matcher calltrace_bytes(const void *bytes, size_t size)
{
	cr_value_matcher m = word(CT_MATCH_BYTES);

	m->m.a = text_operand(bytes, size);
	return m;
}

cr_value_matcher calltrace_field(const char *name, cr_value_matcher inner)
{
	return around(CT_MATCH_FIELDS, calltrace_named(name, inner));
}

size_t word_matchers(cr_value_matcher first, va_list rest, const struct ct_matcher **out, const char **reason)
{
	struct ct_matcher *items;
	size_t count = 0;
	va_list again;

	va_copy(again, rest);
	for (cr_value_matcher m = first; m; m = va_arg(again, cr_value_matcher))
		count++;
	va_end(again);
	items = word_room((count + 1) * sizeof *items);
	count = 0;
	for (cr_value_matcher m = first; m; m = va_arg(rest, cr_value_matcher)) {
		if (m->reason && reason)
			*reason = m->reason;
		else if (!m->reason)
			items[count++] = m->m;
	}
	*out = items;
	return count;
}

static cr_value_matcher list(enum ct_matcher_kind kind, cr_value_matcher first, va_list rest)
{
	cr_value_matcher m = word(kind);

	m->m.count = word_matchers(first, rest, &m->m.items, NULL);
	return m;
}

#define LIST(name, kind)                                             \
	cr_value_matcher name(cr_value_matcher first, ...)           \
	{                                                            \
		cr_value_matcher m;                                  \
		va_list rest;                                        \
	                                                             \
		va_start(rest, first);                               \
		m = list(kind, first, rest);                         \
		va_end(rest);                                        \
		return m;                                            \
	}

LIST(calltrace_elements, CT_MATCH_ELEMENTS)
LIST(calltrace_all_of, CT_MATCH_ALL)
LIST(calltrace_any_of, CT_MATCH_IN)

cr_value_matcher calltrace_sequence(void)
{
	return word(CT_MATCH_ELEMENTS);
}

/* Room is for a power of two. */
void calltrace_append(cr_value_matcher sequence, cr_value_matcher element)
{
	size_t count = sequence->m.count;
	struct ct_matcher *items = (struct ct_matcher *) (uintptr_t) sequence->m.items;

	if ((count & (count - 1)) == 0) {
		items = word_room((count ? 2 * count : 1) * sizeof *items);
		for (size_t i = 0; i < count; i++)
			items[i] = sequence->m.items[i];
		sequence->m.items = items;
	}
	items[count] = element->m;
	sequence->m.count++;
}

/* cr_fields(cr_field(...), ...): each of them is one of a single field. */
cr_value_matcher calltrace_fields(cr_value_matcher first, ...)
{
	const struct ct_matcher *items;
	struct ct_matcher *fields;
	cr_value_matcher m = word(CT_MATCH_FIELDS);
	va_list rest;

	va_start(rest, first);
	m->m.count = word_matchers(first, rest, &items, NULL);
	va_end(rest);
	fields = word_room((m->m.count + 1) * sizeof *fields);
	for (size_t i = 0; i < m->m.count; i++)
		fields[i] = items[i].kind == CT_MATCH_FIELDS && items[i].count == 1 ? items[i].items[0] : items[i];
	m->m.items = fields;
	return m;
}
