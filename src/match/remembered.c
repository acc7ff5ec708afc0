#include "match/remembered.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_ANSWERS = 64,
	MOST_KEY = 4096, /* bytes; longer ones are not kept */
};

struct ct_answered {
	uint64_t version, number;
	char *key, *message;
	size_t key_size, message_size;
	enum ct_verdict_kind kind;
};

/* --- keys --- */

static void add_bytes(struct ct_key *key, const void *bytes, size_t size)
{
	if (key->bytes.length + size > MOST_KEY)
		key->none = true;
	else
		ct_text_add_n(&key->bytes, bytes, size);
}

void ct_key_number(struct ct_key *key, uint64_t number)
{
	add_bytes(key, &number, sizeof number);
}

static void add_string(struct ct_key *key, const char *text)
{
	ct_key_number(key, text ? strlen(text) + 1 : 0);
	if (text)
		add_bytes(key, text, strlen(text));
}

static void add_operand(struct ct_key *key, const struct ct_operand *o)
{
	char real[64];

	ct_key_number(key, (uint64_t) o->kind << 1 | o->is_unsigned);
	if (o->kind == CT_OPERAND_NONE)
		return;
	add_bytes(key, &o->integer, sizeof o->integer);
	snprintf(real, sizeof real, "%La", o->real); /* its bytes have gaps */
	add_string(key, real);
	ct_key_number(key, o->address);
	ct_key_number(key, o->text != NULL);
	ct_key_number(key, o->length);
	if (!o->text)
		return;
	if (o->kind == CT_OPERAND_STRING)
		add_bytes(key, o->text, o->length);
	else
		add_string(key, o->text);
}

/* These do not count it. */
static bool has_one(enum ct_matcher_kind kind)
{
	return kind == CT_MATCH_NAMED || kind == CT_MATCH_DEREF || kind == CT_MATCH_NOT || kind == CT_MATCH_AFTER;
}

static void add_matcher(struct ct_key *key, const struct ct_matcher *m)
{
	if (m->predicate)
		key->none = true;
	ct_key_number(key, m->kind);
	add_operand(key, &m->a);
	add_operand(key, &m->b);
	add_string(key, m->text);
	add_string(key, m->source);
	ct_key_number(key, m->count);
	for (size_t i = 0; i < (has_one(m->kind) ? 1 : m->count) && !key->none; i++)
		add_matcher(key, &m->items[i]);
}

void ct_key_pattern(struct ct_key *key, const struct ct_pattern *p)
{
	ct_key_number(key, p != NULL);
	if (!p)
		return;
	add_string(key, p->name);
	ct_key_number(key, p->address);
	add_string(key, p->source);
	ct_key_number(key, p->has_arguments);
	ct_key_number(key, p->argument_count);
	for (size_t i = 0; p->has_arguments && i < p->argument_count && !key->none; i++)
		add_matcher(key, &p->arguments[i]);
	ct_key_number(key, p->returned != NULL);
	if (p->returned)
		add_matcher(key, p->returned);
	ct_key_pattern(key, p->from);
	ct_key_pattern(key, p->within);
	ct_key_number(key, p->thread);
	ct_key_number(key, p->thread_number);
	ct_key_number(key, p->phases);
	ct_key_number(key, p->since);
	ct_key_number(key, (uint64_t) (int64_t) p->nth);
}

void ct_key_elements(struct ct_key *key, const struct ct_element *list, size_t count)
{
	ct_key_number(key, count);
	for (size_t i = 0; i < count && !key->none; i++) {
		ct_key_number(key, list[i].kind);
		ct_key_pattern(key, list[i].pattern);
		ct_key_number(key, (uint64_t) list[i].least << 32 | list[i].most);
		add_string(key, list[i].where);
		ct_key_elements(key, list[i].items, list[i].count);
	}
}

void ct_key_deinit(struct ct_key *key)
{
	ct_text_deinit(&key->bytes);
}

/* --- answers --- */

/* The window is part of the question. */
static void whole_key(const struct ct_matching *m, const struct ct_key *key, struct ct_key *whole)
{
	ct_key_number(whole, (uint64_t) m->phases << 32 | m->iteration);
	ct_key_number(whole, m->since);
	ct_key_number(whole, m->until);
	ct_key_number(whole, (uint64_t) m->thread << 32 | m->thread_number);
	whole->none |= key->none || m->bound;
	if (key->bytes.length)
		add_bytes(whole, key->bytes.data, key->bytes.length);
}

static struct ct_answered *find(const struct ct_matching *m, const struct ct_key *whole)
{
	for (uint32_t i = 0; i < m->answered_count; i++) {
		struct ct_answered *a = &m->answered[i];

		if (a->key_size == whole->bytes.length && memcmp(a->key, whole->bytes.data, a->key_size) == 0)
			return a;
	}
	return NULL;
}

bool ct_remembered(const struct ct_matching *m, const struct ct_key *key, struct ct_verdict *v, uint64_t *number)
{
	const struct ct_answered *a;
	struct ct_key whole = {0};

	whole_key(m, key, &whole);
	a = whole.none ? NULL : find(m, &whole);
	ct_key_deinit(&whole);
	if (!a || a->version != m->calls->version)
		return false;
	v->kind = a->kind;
	v->where = NULL;
	ct_text_clear(&v->message);
	if (a->message_size)
		ct_text_add_n(&v->message, a->message, a->message_size);
	*number = a->number;
	return true;
}

static void forget(struct ct_answered *a)
{
	free(a->key);
	free(a->message);
	*a = (struct ct_answered){0};
}

static char *copy_of(const struct ct_text *text)
{
	char *copy = ct_alloc(text->length + 1);

	memcpy(copy, text->length ? text->data : "", text->length);
	return copy;
}

void ct_remember(struct ct_matching *m, const struct ct_key *key, const struct ct_verdict *v, uint64_t number)
{
	struct ct_key whole = {0};
	struct ct_answered *a;

	whole_key(m, key, &whole);
	if (!whole.none && !v->where) {
		if (!m->answered)
			m->answered = ct_calloc(MOST_ANSWERS, sizeof *m->answered);
		a = find(m, &whole);
		if (!a)
			a = &m->answered[m->answered_next++ % MOST_ANSWERS];
		if (m->answered_count < MOST_ANSWERS && m->answered_count < m->answered_next)
			m->answered_count = m->answered_next;
		forget(a);
		*a = (struct ct_answered){ .version = m->calls->version, .number = number, .kind = v->kind,
			                   .key = copy_of(&whole.bytes), .key_size = whole.bytes.length,
			                   .message = copy_of(&v->message), .message_size = v->message.length };
	}
	ct_key_deinit(&whole);
}

void ct_remembered_deinit(struct ct_matching *m)
{
	for (uint32_t i = 0; i < m->answered_count; i++)
		forget(&m->answered[i]);
	free(m->answered);
}
