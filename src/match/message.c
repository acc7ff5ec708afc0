/*
 * message.c - calls and patterns as lines of a message. Every line stands two spaces in; what has to be
 * compared is written one under the other; nothing depends on addresses unless they were asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "match/query.h"
#include "match/show.h"

enum { LIMIT = 16 << 10, CALLS = 12, COLUMN = 46, STACK = 8, LOOKED_AT = 20000 };

static size_t most_calls(const struct ct_matching *m)
{
	return m->style.calls ? m->style.calls : CALLS;
}

/* --- calls --- */

/* Where the parts of a call are in the text. */
struct spots {
	size_t begin[32], end[32], returned, returned_end;
};

/* A name without its parameters: those that were given stand there. */
void ct_bare_name_show(const char *name, const struct ct_style *style, struct ct_text *out)
{
	char *text = ct_strdup(name);

	if (strchr(text, '(')) {
		ct_name_drop_return_type(text);
		text[ct_name_parameters(text)] = '\0';
	}
	ct_text_show_name(text, style, out);
	free(text);
}

/* What the pattern asks of argument number `i`; NULL: nothing. */
static const struct ct_matcher *asked_of(const struct ct_pattern *p, const struct ct_datum *arguments, size_t i)
{
	size_t first = arguments->count && arguments->items[0].name && strcmp(arguments->items[0].name, "this") == 0;
	const char *name = arguments->items[i].name;

	for (size_t k = 0; k < p->argument_count; k++) {
		const struct ct_matcher *m = &p->arguments[k];

		if (m->kind == CT_MATCH_REST)
			break;
		if (m->kind == CT_MATCH_NAMED ? name && strncmp(m->text, name, strcspn(m->text, ".")) == 0
		                                        && name[strcspn(m->text, ".")] == '\0' : first + k == i)
			return m->kind == CT_MATCH_ANY ? NULL : m;
	}
	return NULL;
}

/*
 * Where calls are held against a pattern, what it does not ask for is short, and what it asks for by its address is
 * shown by that: who reads looks for the difference.
 */
static void add_argument(const struct ct_datum *d, const struct ct_matcher *asked, bool held, const struct ct_style *style,
                         struct ct_text *out)
{
	enum { SHORT = 24 };
	size_t begin = out->length;

	if (asked && d->is_pointer && d->has_address && d->kind != CT_DATUM_STRING && d->type_class != CT_CLASS_FUNCTION
	    && (asked->kind == CT_MATCH_ADDRESS || (asked->kind == CT_MATCH_EQ && asked->a.kind == CT_OPERAND_ADDRESS))) {
		ct_address_show(d->address, style, out);
		return;
	}
	ct_datum_show(d, style, out);
	if (!held || asked || out->length - begin <= SHORT || (d->kind != CT_DATUM_OBJECT && d->kind != CT_DATUM_ARRAY))
		return;
	out->length = begin;
	ct_text_add(out, d->kind == CT_DATUM_OBJECT ? "{...}" : "[...]");
}

static void add_arguments(struct ct_view_of_call *view, const struct ct_pattern *held, const struct ct_style *style,
                          struct spots *spots, struct ct_text *out)
{
	const struct ct_datum *arguments = ct_view_values(view, CT_VALUES_ARGUMENTS);

	ct_text_add_char(out, '(');
	for (size_t i = 0; arguments && i < arguments->count; i++) {
		ct_text_add(out, i ? ", " : "");
		if (spots && i < 32)
			spots->begin[i] = out->length;
		if (arguments->items[i].name) {
			ct_text_show_name(arguments->items[i].name, style, out);
			ct_text_add_char(out, '=');
		}
		add_argument(&arguments->items[i], held ? asked_of(held, arguments, i) : NULL, held, style, out);
		if (spots && i < 32)
			spots->end[i] = out->length;
	}
	ct_text_add_char(out, ')');
}

static void add_returned(struct ct_view_of_call *view, const struct ct_style *style, struct spots *spots,
                         struct ct_text *out)
{
	static const char *const states[] = { [CT_STATE_ACTIVE] = "(not returned yet)",
		                              [CT_STATE_UNWOUND] = "(left by a jump or an exception)",
		                              [CT_STATE_THREW] = "(threw)",
		                              [CT_STATE_UNSEEN] = "(its end was not recorded)" };
	const struct ct_call *call = ct_call_at(view->calls, view->id);
	const struct ct_datum *returned = ct_view_values(view, CT_VALUES_RETURNED);
	size_t begin = out->length + 1;

	if (call->state != CT_STATE_RETURNED) {
		ct_text_addf(out, " %s", states[call->state]);
	} else if (returned) {
		ct_text_add(out, " -> ");
		begin = out->length;
		ct_datum_show(returned, style, out);
	} else {
		begin = out->length;
	}
	if (spots) {
		spots->returned = begin;
		spots->returned_end = out->length;
	}
}

/* `held`: the pattern that it is held against, or NULL. */
static void add_call(struct ct_view_of_call *view, const struct ct_pattern *held, const struct ct_style *style,
                     struct spots *spots, struct ct_text *out)
{
	ct_bare_name_show(view->calls->functions[ct_call_function(view->calls, view->id)].name, style, out);
	add_arguments(view, held, style, spots, out);
	add_returned(view, style, spots, out);
}

void ct_call_show(const struct ct_calls *calls, struct ct_call_id id, const struct ct_style *style,
                  struct ct_text *out)
{
	struct ct_view_of_call view;

	ct_view_init(&view, calls);
	ct_view_at(&view, id);
	add_call(&view, NULL, style, NULL, out);
	ct_view_deinit(&view);
}

/* "connect_retry  net.c:97": who called it, and where. */
static void add_origin(const struct ct_matching *m, struct ct_call_id id, struct ct_text *out)
{
	const struct ct_calls_place *place = ct_call_place(m->calls, id);
	struct ct_call_id parent = ct_call_parent(m->calls, id);
	const char *space = "";

	if (parent.number != CT_NO_NUMBER) {
		const struct ct_calls_function *f = &m->calls->functions[ct_call_function(m->calls, parent)];

		if (f->is_test)
			ct_text_add(out, "the test");
		else
			ct_bare_name_show(f->name, &m->style, out);
		space = " ";
	}
	if (place->file) {
		ct_text_add(out, space);
		ct_text_show_name(ct_basename(place->file), &m->style, out);
		ct_text_addf(out, ":%u", place->line);
	}
	if (place->through) {
		ct_text_addf(out, "%sthrough ", *space || place->file ? " " : "");
		ct_text_show_name(place->through, &m->style, out);
	}
}

static void pad(struct ct_text *out, size_t line, size_t column)
{
	while (out->length - line < column)
		ct_text_add_char(out, ' ');
}

static bool several_threads(const struct ct_call_list *calls)
{
	for (size_t i = 1; i < calls->count; i++)
		if (calls->items[i].thread != calls->items[0].thread)
			return true;
	return false;
}

/* The rest of a call's line: from where, and on which thread if that is not the same for all. */
static void add_behind(const struct ct_matching *m, struct ct_call_id id, const char *number, bool threads,
                       size_t line, struct ct_text *out)
{
	size_t begin;

	pad(out, line, COLUMN - 2);
	ct_text_add(out, "  ");
	begin = out->length;
	ct_text_add(out, number);
	if (threads)
		ct_text_addf(out, "%sthread %u", *number ? ", " : "", id.thread + 1);
	ct_text_add(out, out->length > begin ? ", from " : "from ");
	begin = out->length;
	add_origin(m, id, out);
	if (out->length == begin)
		out->length -= begin >= 7 && memcmp(out->data + begin - 7, ", from ", 7) == 0 ? 7 : 5;
	while (out->length > line && out->data[out->length - 1] == ' ')
		out->length--;
	out->data[out->length] = '\0';
}

void ct_say_call(const struct ct_matching *m, struct ct_call_id id, const char *prefix, bool stack,
                 struct ct_verdict *v)
{
	struct ct_text *out = &v->message;
	size_t line;

	ct_text_add_char(out, '\n');
	line = out->length;
	ct_text_addf(out, "  %s", prefix);
	ct_call_show(m->calls, id, &m->style, out);
	add_behind(m, id, "", false, line, out);
	for (int i = 0; stack && i < STACK; i++) {
		struct ct_call_id parent = ct_call_parent(m->calls, id);

		if (parent.number == CT_NO_NUMBER)
			break;
		id = parent;
		if (ct_call_parent(m->calls, id).number == CT_NO_NUMBER)
			break; /* its origin is nothing that the line above does not say */
		ct_text_add(out, "\n       <- ");
		line = out->length;
		ct_bare_name_show(m->calls->functions[ct_call_function(m->calls, id)].name, &m->style, out);
		add_behind(m, id, "", false, line - 10, out);
	}
}

/* Which of the list are shown: all, or the first ones and those around the marked one. */
static bool is_shown(size_t i, size_t count, size_t most, size_t marked)
{
	if (count <= most || i < most / 2)
		return true;
	if (marked == SIZE_MAX || marked < most / 2)
		return i < most;
	return i + most / 4 >= marked && i <= marked + most / 4 - 1;
}

void ct_say_calls(const struct ct_matching *m, const struct ct_call_list *calls, struct ct_call_id mark,
                  struct ct_verdict *v)
{
	size_t marked = SIZE_MAX, left_out = 0;
	bool threads = several_threads(calls);
	struct ct_text *out = &v->message;

	for (size_t i = 0; i < calls->count; i++)
		if (ct_call_same(calls->items[i], mark))
			marked = i;
	for (size_t i = 0; i < calls->count; i++) {
		size_t line;

		if (!is_shown(i, calls->count, most_calls(m), marked)) {
			left_out++;
			continue;
		}
		if (left_out && marked != SIZE_MAX && i <= marked) {
			ct_text_addf(out, "\n     (%zu more)", left_out);
			left_out = 0;
		}
		ct_text_add_char(out, '\n');
		line = out->length;
		ct_text_addf(out, i == marked ? "  > #%zu " : "    #%zu ", i + 1);
		ct_call_show(m->calls, calls->items[i], &m->style, out);
		add_behind(m, calls->items[i], "", threads, line, out);
	}
	if (left_out)
		ct_text_addf(out, "\n    and %zu more", left_out);
}

void ct_say_threads(const struct ct_call_list *calls, struct ct_verdict *v)
{
	if (several_threads(calls))
		ct_text_add(&v->message, "\n  the order between threads is that of their time stamps; "
		                         "an order within each is asked for by thread");
}

/* --- patterns --- */

static const struct ct_datum *named(const struct ct_datum *arguments, size_t i)
{
	return arguments && i < arguments->count && arguments->items[i].name ? &arguments->items[i] : NULL;
}

static void add_matcher(const struct ct_matcher *m, const struct ct_datum *parameter, const struct ct_style *style,
                        struct ct_text *out)
{
	static const char comparisons[] = "<>!&";
	struct ct_text value = {0};

	ct_matcher_show(m->kind == CT_MATCH_NAMED && !m->source ? m->items : m, style, &value);
	if (m->kind == CT_MATCH_NAMED && !m->source)
		ct_text_show_name(m->text, style, out);
	else if (parameter)
		ct_text_show_name(parameter->name, style, out);
	if ((m->kind == CT_MATCH_NAMED && !m->source) || parameter)
		ct_text_add(out, value.data && strchr(comparisons, value.data[0]) ? " " : "=");
	ct_text_add(out, value.data ? value.data : "");
	ct_text_deinit(&value);
}

static bool asks_nothing(const struct ct_matcher *m)
{
	return m->kind == CT_MATCH_ANY || m->kind == CT_MATCH_REST;
}

static void show_pattern(const struct ct_pattern *p, const char *name, const struct ct_datum *arguments,
                         const struct ct_style *style, struct ct_text *out)
{
	size_t first = arguments && arguments->count && arguments->items[0].name
	               && strcmp(arguments->items[0].name, "this") == 0;

	ct_text_show_name(name, style, out);
	if (p->has_arguments) {
		ct_text_add_char(out, '(');
		for (size_t i = 0; i < p->argument_count; i++) {
			ct_text_add(out, i ? ", " : "");
			add_matcher(&p->arguments[i], asks_nothing(&p->arguments[i]) ? NULL : named(arguments, first + i),
			            style, out);
		}
		ct_text_add_char(out, ')');
	}
	if (p->returned) {
		ct_text_add(out, " -> ");
		ct_matcher_show(p->returned, style, out);
	}
	if (p->nth)
		ct_text_addf(out, ", number %d", p->nth);
	if (p->from) {
		ct_text_add(out, ", from ");
		ct_pattern_show(p->from, style, out);
	}
	if (p->within) {
		ct_text_add(out, ", within ");
		ct_pattern_show(p->within, style, out);
	}
}

void ct_pattern_show(const struct ct_pattern *p, const struct ct_style *style, struct ct_text *out)
{
	show_pattern(p, p->source ? p->source : p->name ? p->name : "?", NULL, style, out);
}

void ct_say_wanted(const struct ct_query *q, struct ct_call_id like, const char *label, struct ct_verdict *v)
{
	struct ct_view_of_call view;

	ct_view_init(&view, q->m->calls);
	if (like.number != CT_NO_NUMBER)
		ct_view_at(&view, like);
	ct_text_addf(&v->message, "\n  %s", label);
	show_pattern(q->p, ct_query_name(q), like.number != CT_NO_NUMBER ? ct_view_values(&view, CT_VALUES_ARGUMENTS) : NULL,
	             &q->m->style, &v->message);
	ct_view_deinit(&view);
}

void ct_signature_show(const struct ct_matching *m, uint32_t function, const struct ct_datum *parameters,
                       struct ct_text *out)
{
	ct_bare_name_show(m->calls->functions[function].name, &m->style, out);
	ct_text_add_char(out, '(');
	for (size_t i = 0; i < parameters->count; i++) {
		const struct ct_datum *d = &parameters->items[i];
		bool leads = d->type && d->type[0] && d->type[strlen(d->type) - 1] == '*';

		ct_text_add(out, i ? ", " : "");
		ct_text_show_name(d->type ? d->type : "?", &m->style, out);
		ct_text_add(out, leads ? "" : " ");
		ct_text_show_name(d->name ? d->name : "?", &m->style, out);
	}
	ct_text_add_char(out, ')');
}

/* --- the nearest --- */

/* Of the first calls: who has more has seen enough. */
static size_t nearest(const struct ct_query *q, const struct ct_call_list *calls, struct ct_view_of_call *view,
                      struct ct_match *best)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < calls->count && i < LOOKED_AT; i++) {
		struct ct_match match;

		ct_query_test(q, calls->items[i], view, NULL, NULL, &match);
		if (found == SIZE_MAX || match.right > best->right) {
			ct_text_deinit(&best->reason);
			*best = match;
			found = i;
		} else {
			ct_text_deinit(&match.reason);
		}
	}
	return found;
}

/* Which of all calls it is, from 1; some lists have only some of them. */
static size_t place_of(const struct ct_call_list *all, struct ct_call_id id, size_t otherwise)
{
	for (size_t i = 0; i < all->count; i++)
		if (ct_call_same(all->items[i], id))
			return i + 1;
	return otherwise + 1;
}

/* A line of ^^^^ under what is different, and why. */
static void add_marker(const struct spots *spots, const struct ct_match *match, size_t line, struct ct_text *out)
{
	size_t begin = line, end = line;

	if (match->part >= 0 && match->part < 32 && spots->end[match->part]) {
		begin = spots->begin[match->part];
		end = spots->end[match->part];
	} else if (match->part == CT_PART_RETURNED) {
		begin = spots->returned;
		end = spots->returned_end;
	}
	if (!match->reason.length)
		return;
	ct_text_add_char(out, '\n');
	if (begin == line) {
		ct_text_addf(out, "           %s", match->reason.data);
		return;
	}
	for (size_t i = line; i < begin; i++)
		ct_text_add_char(out, ' ');
	for (size_t i = begin; i < end || i == begin; i++)
		ct_text_add_char(out, '^');
	ct_text_addf(out, " %s", match->reason.data);
}

static void say_others(const struct ct_query *q, const struct ct_call_list *calls, const struct ct_call_list *all,
                       size_t but, struct ct_view_of_call *view, struct ct_verdict *v)
{
	struct ct_text *out = &v->message;
	bool threads = several_threads(calls);
	size_t shown = 1, i;

	for (i = 0; i < calls->count && shown < most_calls(q->m); i++) {
		size_t line = out->length + 1;
		char number[32];

		if (i == but)
			continue;
		ct_text_addf(out, "\n  %s", shown == 1 ? "also     " : "         ");
		ct_view_at(view, calls->items[i]);
		add_call(view, q->p, &q->m->style, NULL, out);
		snprintf(number, sizeof number, "call %zu", place_of(all, calls->items[i], i));
		add_behind(q->m, calls->items[i], number, threads, line, out);
		shown++;
	}
	if (shown < calls->count)
		ct_text_addf(out, "\n           and %zu more", calls->count - shown);
}

void ct_say_nearest(const struct ct_query *q, const struct ct_call_list *calls, struct ct_verdict *v)
{
	struct ct_match best = {0};
	struct ct_view_of_call view;
	struct spots spots = {0};
	struct ct_text *out = &v->message;
	struct ct_call_list all = {0};
	size_t found, line;
	char number[64];

	ct_view_init(&view, q->m->calls);
	found = nearest(q, calls, &view, &best);
	if (found != SIZE_MAX) {
		ct_say_wanted(q, calls->items[found], "wanted   ", v);
		ct_view_at(&view, calls->items[found]);
		line = out->length + 1;
		ct_text_add(out, "\n  nearest  ");
		add_call(&view, q->p, &q->m->style, &spots, out);
		ct_gather(q, &all);
		snprintf(number, sizeof number, "call %zu of %zu", place_of(&all, calls->items[found], found), all.count);
		add_behind(q->m, calls->items[found], number, several_threads(calls), line, out);
		add_marker(&spots, &best, line, out);
		say_others(q, calls, &all, found, &view, v);
	} else {
		ct_say_wanted(q, CT_NO_CALL, "wanted   ", v);
	}
	ct_text_deinit(&best.reason);
	ct_call_list_deinit(&all);
	ct_view_deinit(&view);
}

/* --- bounds --- */

void ct_say_done(const struct ct_matching *m, struct ct_verdict *v)
{
	size_t limit = m->style.limit ? m->style.limit : LIMIT;
	struct ct_text *out = &v->message;

	if (out->length <= limit)
		return;
	out->length = limit > 16 ? limit - 16 : 0;
	while (out->length && ((unsigned char) out->data[out->length] & 0xc0) == 0x80)
		out->length--;
	out->data[out->length] = '\0';
	ct_text_add(out, "\n    ...");
}
