#include "match/query.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/declared.h"
#include "match/remembered.h"

/* --- verdicts --- */

void ct_verdict_deinit(struct ct_verdict *verdict)
{
	ct_text_deinit(&verdict->message);
}

bool ct_say(struct ct_verdict *v, enum ct_verdict_kind kind, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	v->kind = kind;
	ct_text_clear(&v->message);
	ct_text_add(&v->message, text ? text : format);
	free(text);
	return false;
}

bool ct_met(struct ct_verdict *v)
{
	v->kind = CT_VERDICT_MET;
	ct_text_clear(&v->message);
	return true;
}

bool ct_absent(struct ct_matching *m, struct ct_verdict *v)
{
	if (!m->calls->incomplete)
		return ct_met(v);
	return ct_say(v, CT_VERDICT_INCONCLUSIVE, "that there are no more calls is not known: %s",
	              m->calls->incomplete);
}

void ct_say_missing(const struct ct_matching *m, struct ct_verdict *v)
{
	if (!m->calls->incomplete)
		return;
	v->kind = CT_VERDICT_INCONCLUSIVE;
	ct_text_addf(&v->message, "\n  inconclusive, as calls may be missing: %s", m->calls->incomplete);
}

/* --- matchings --- */

void ct_matching_init(struct ct_matching *m, struct ct_calls *calls, const struct ct_style *style)
{
	*m = (struct ct_matching){ .calls = calls };
	if (style)
		m->style = *style;
}

void ct_matching_deinit(struct ct_matching *m)
{
	for (uint32_t i = 0; i < m->verified_threads; i++)
		free(m->verified[i]);
	free(m->verified);
	free(m->verified_size);
	free(m->verified_all);
	ct_remembered_deinit(m);
	*m = (struct ct_matching){0};
}

void ct_mark_verified(struct ct_matching *m, struct ct_call_id id)
{
	if (id.thread >= m->verified_threads) {
		uint32_t count = m->calls->thread_count;

		m->verified = ct_realloc(m->verified, count * sizeof *m->verified);
		m->verified_size = ct_realloc(m->verified_size, count * sizeof *m->verified_size);
		for (; m->verified_threads < count; m->verified_threads++) {
			m->verified[m->verified_threads] = NULL;
			m->verified_size[m->verified_threads] = 0;
		}
	}
	if (id.number / 8 >= m->verified_size[id.thread]) {
		uint32_t old = m->verified_size[id.thread], size = m->calls->threads[id.thread].count / 8 + 1;

		m->verified[id.thread] = ct_realloc(m->verified[id.thread], size);
		memset(m->verified[id.thread] + old, 0, size - old);
		m->verified_size[id.thread] = size;
	}
	m->marks += !(m->verified[id.thread][id.number / 8] >> id.number % 8 & 1);
	m->verified[id.thread][id.number / 8] |= (uint8_t) (1 << id.number % 8);
}

static bool is_among_all(const struct ct_matching *m, struct ct_call_id id)
{
	uint32_t function = ct_call_function(m->calls, id), phase = ct_call_at(m->calls, id)->phase;

	for (size_t i = 0; i < m->verified_all_count; i++) {
		const struct ct_verified_all *all = &m->verified_all[i];

		if (all->function == function && all->thread == id.thread && id.number < all->before
		    && (all->phases >> phase & 1))
			return true;
	}
	return false;
}

bool ct_is_verified(const struct ct_matching *m, struct ct_call_id id)
{
	if (id.thread < m->verified_threads && id.number / 8 < m->verified_size[id.thread]
	    && (m->verified[id.thread][id.number / 8] >> id.number % 8 & 1))
		return true;
	return is_among_all(m, id);
}

/* --- patterns made ready --- */

static struct ct_query *inner(struct ct_matching *m, const struct ct_pattern *p, struct ct_verdict *v, bool *ok)
{
	struct ct_query *q;

	if (!p || !*ok)
		return NULL;
	q = ct_calloc(1, sizeof *q);
	*ok = ct_query_init(q, m, p, v);
	return q;
}

static enum ct_answer because(struct ct_match *match, enum ct_answer answer, int part, const char *format, ...)
{
	char text[512];
	va_list args;

	if (!match)
		return answer;
	match->part = part;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	ct_text_clear(&match->reason);
	ct_text_add(&match->reason, text);
	return answer;
}

static bool asks_nothing(const struct ct_matcher *m)
{
	return m->kind == CT_MATCH_ANY || m->kind == CT_MATCH_REST || (m->kind == CT_MATCH_NAMED && asks_nothing(m->items));
}

static const char *rest_word(const struct ct_matching *m)
{
	return m->style.rest ? m->style.rest : "'...'";
}

/* Whether something may be asked of a call of these functions at all. */
static bool check_arguments(const struct ct_matching *m, const struct ct_pattern *p, struct ct_verdict *v)
{
	for (size_t i = 0; i < p->argument_count; i++)
		if (p->arguments[i].kind == CT_MATCH_REST && i + 1 < p->argument_count)
			return ct_say(v, CT_VERDICT_ERROR, "nothing can come behind %s in the arguments of %s", rest_word(m),
			              p->name ? p->name : p->source);
	return true;
}

static const struct ct_datum *argument_named(const struct ct_datum *arguments, const char *name, int *number);
static enum ct_answer test_arity(const struct ct_query *q, const struct ct_datum *arguments, size_t first,
                                 struct ct_match *match);

static enum ct_answer test_list(const struct ct_query *q, const struct ct_datum *arguments, size_t first,
                                const struct ct_match_context *context, struct ct_match *match);

static size_t first_written(const struct ct_datum *arguments)
{
	return arguments->count && arguments->items[0].name && strcmp(arguments->items[0].name, "this") == 0;
}

/* What is asked of the returned value: NEVER, or anything else. */
static enum ct_answer test_declared_returned(const struct ct_query *q, const struct ct_declared *declared,
                                             struct ct_match *match)
{
	const struct ct_match_context context = { .calls = q->m->calls, .arguments = &declared->parameters };
	struct ct_text reason = {0};
	enum ct_answer answer;

	if (asks_nothing(q->p->returned))
		return CT_ANSWER_YES;
	if (declared->returns_nothing)
		return because(match, CT_ANSWER_NEVER, CT_PART_RETURNED, "it returns nothing");
	answer = ct_matcher_test(q->p->returned, &declared->returned, &context, &q->m->style, &reason);
	if (answer == CT_ANSWER_NEVER)
		because(match, answer, CT_PART_RETURNED, "what it returns: %s", reason.data);
	ct_text_deinit(&reason);
	return answer;
}

/* As a call would be asked, but of a function that may never have been called. */
static bool check_declared(const struct ct_query *q, const struct ct_declared *declared, struct ct_verdict *v)
{
	const struct ct_datum *parameters = &declared->parameters;
	const struct ct_match_context context = { .calls = q->m->calls, .arguments = parameters };
	size_t first = first_written(parameters);
	struct ct_match match = {0};
	enum ct_answer answer = CT_ANSWER_YES;
	int number;

	for (size_t i = 0; q->p->has_arguments && i < q->p->argument_count; i++)
		if (q->p->arguments[i].kind == CT_MATCH_NAMED
		    && !argument_named(parameters, q->p->arguments[i].text, &number)) {
			ct_say(v, CT_VERDICT_ERROR, "%s has no parameter %s", ct_query_name(q), q->p->arguments[i].text);
			answer = CT_ANSWER_NEVER;
			break;
		}
	if (answer == CT_ANSWER_YES) {
		if (q->p->has_arguments)
			answer = test_arity(q, parameters, first, &match);
		if (answer == CT_ANSWER_YES && q->p->has_arguments)
			answer = test_list(q, parameters, first, &context, &match);
		if (answer != CT_ANSWER_NEVER && q->p->returned)
			answer = test_declared_returned(q, declared, &match);
		if (answer == CT_ANSWER_NEVER)
			ct_say(v, CT_VERDICT_ERROR, "what is asked of %s can never be: %s", ct_query_name(q), match.reason.data);
	}
	if (answer == CT_ANSWER_NEVER) {
		ct_text_add(&v->message, "\n  it is     ");
		ct_signature_show(q->m, q->functions.rows[0], parameters, &v->message);
	}
	ct_text_deinit(&match.reason);
	return answer != CT_ANSWER_NEVER;
}

static bool check_signature(struct ct_query *q, struct ct_verdict *v)
{
	const struct ct_calls *calls = q->m->calls;
	struct ct_declared *declared = ct_arena_alloc(&q->arena, sizeof *declared);

	if ((!q->p->has_arguments && !q->p->returned) || q->is_glob || !calls->source.declared
	    || !calls->source.declared(calls->source.user, calls, q->functions.rows[0], &q->arena, declared))
		return true;
	q->declared = declared;
	q->p = ct_declared_dress(calls, declared, q->p, &q->arena);
	return check_declared(q, declared, v);
}

static struct ct_call_id find_nth(struct ct_query *q);

bool ct_query_init(struct ct_query *q, struct ct_matching *m, const struct ct_pattern *p, struct ct_verdict *v)
{
	struct ct_text problem = {0};
	bool ok = true;

	*q = (struct ct_query){ .m = m, .p = p, .the_nth = CT_NO_CALL };
	if (!ct_resolve(m->calls, p, &q->functions, &problem))
		ok = ct_say(v, CT_VERDICT_ERROR, "%s", problem.data);
	ct_text_deinit(&problem);
	q->is_glob = q->functions.count > 1;
	ok = ok && check_arguments(m, p, v);
	q->from = inner(m, p->from, v, &ok);
	q->within = inner(m, p->within, v, &ok);
	ok = ok && check_signature(q, v) && ct_query_check_names(q, v);
	q->plain = !p->has_arguments && !p->returned && !p->from && !p->within;
	if (ok && p->nth)
		q->the_nth = find_nth(q);
	return ok;
}

static void free_inner(struct ct_query *q)
{
	if (!q)
		return;
	ct_query_deinit(q);
	free(q);
}

void ct_query_deinit(struct ct_query *q)
{
	ct_functions_deinit(&q->functions);
	free_inner(q->from);
	free_inner(q->within);
	q->from = q->within = NULL;
	ct_arena_deinit(&q->arena);
}

const char *ct_query_name(const struct ct_query *q)
{
	if (q->p->source)
		return q->p->source;
	return q->p->name ? q->p->name : q->m->calls->functions[q->functions.rows[0]].name;
}

bool ct_query_has_function(const struct ct_query *q, uint32_t function)
{
	size_t low = 0, high = q->functions.count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (q->functions.rows[middle] == function)
			return true;
		if (q->functions.rows[middle] < function)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* --- one call tested --- */

/* A call around it, which has its own arguments. */
static enum ct_answer test_other(const struct ct_query *q, struct ct_call_id id, const struct ct_bindings *bound)
{
	struct ct_view_of_call view;
	enum ct_answer answer;

	if (!ct_query_has_function(q, ct_call_function(q->m->calls, id)))
		return CT_ANSWER_NO;
	if (q->plain)
		return CT_ANSWER_YES;
	ct_view_init(&view, q->m->calls);
	answer = ct_query_test(q, id, &view, bound, NULL, NULL);
	ct_view_deinit(&view);
	return answer;
}

static enum ct_answer test_around(const struct ct_query *q, struct ct_call_id id, const struct ct_bindings *bound)
{
	struct ct_call_id parent = ct_call_parent(q->m->calls, id);
	enum ct_answer from = CT_ANSWER_YES, within = CT_ANSWER_YES;

	if (q->from)
		from = parent.number == CT_NO_NUMBER ? CT_ANSWER_NO : test_other(q->from, parent, bound);
	if (q->within) {
		within = CT_ANSWER_NO;
		for (; parent.number != CT_NO_NUMBER && within == CT_ANSWER_NO;
		     parent = ct_call_parent(q->m->calls, parent))
			within = test_other(q->within, parent, bound);
	}
	return from == CT_ANSWER_YES ? within : from;
}

static const struct ct_datum *argument_named(const struct ct_datum *arguments, const char *name, int *number)
{
	size_t length = strcspn(name, ".");

	for (size_t i = 0; i < arguments->count; i++)
		if (arguments->items[i].name && strlen(arguments->items[i].name) == length
		    && memcmp(arguments->items[i].name, name, length) == 0) {
			*number = (int) i;
			return &arguments->items[i];
		}
	return NULL;
}

static void list_parameters(const struct ct_datum *arguments, size_t first, struct ct_text *out)
{
	for (size_t i = first; i < arguments->count; i++)
		ct_text_addf(out, "%s%s", i > first ? ", " : "", arguments->items[i].name ? arguments->items[i].name : "?");
}

/* How many arguments are given by place. */
static size_t positional(const struct ct_pattern *p)
{
	size_t count = 0;

	while (count < p->argument_count && p->arguments[count].kind != CT_MATCH_NAMED
	       && p->arguments[count].kind != CT_MATCH_REST)
		count++;
	return count;
}

/*
 * Named ones may be fewer than there are: who names them says which he means. `this` is not counted, nor are
 * the unnamed arguments of variadic functions, which nobody recorded.
 */
static enum ct_answer test_arity(const struct ct_query *q, const struct ct_datum *arguments, size_t first,
                                 struct ct_match *match)
{
	const struct ct_pattern *p = q->p;
	size_t given = positional(p), taken = arguments->count - first;
	struct ct_text names = {0};
	enum ct_answer answer = CT_ANSWER_YES;

	if (given > taken || (given < taken && given == p->argument_count)) {
		list_parameters(arguments, first, &names);
		answer = because(match, CT_ANSWER_NEVER, CT_PART_ALL, "it has %zu argument%s (%s), and %zu %s given%s%s%s",
		                 taken, taken == 1 ? "" : "s", names.data ? names.data : "", given,
		                 given == 1 ? "is" : "are",
		                 given < taken ? "; write " : "", given < taken ? rest_word(q->m) : "",
		                 given < taken ? " for whatever others there are" : "");
		ct_text_deinit(&names);
	}
	return answer;
}

/* Which datum a matcher of the list is for; NULL: there is none. */
static const struct ct_datum *subject(const struct ct_datum *arguments, size_t first, const struct ct_matcher *m,
                                      size_t place, int *number)
{
	if (m->kind == CT_MATCH_NAMED)
		return argument_named(arguments, m->text, number);
	*number = (int) (first + place);
	return &arguments->items[first + place];
}

static enum ct_answer worse(enum ct_answer a, enum ct_answer b)
{
	static const int rank[] = { [CT_ANSWER_YES] = 0, [CT_ANSWER_INCONCLUSIVE] = 1, [CT_ANSWER_NO] = 2,
		                    [CT_ANSWER_NEVER] = 3 };

	return rank[a] >= rank[b] ? a : b;
}

/* "opt.mode" is the member of an argument. */
static enum ct_answer test_argument(const struct ct_query *q, const struct ct_matcher *m,
                                    const struct ct_datum *d, const struct ct_match_context *context,
                                    struct ct_text *reason)
{
	const char *member = m->kind == CT_MATCH_NAMED ? strchr(m->text, '.') : NULL;
	struct ct_matcher copy = *m;

	if (!member)
		return ct_matcher_test(m->kind == CT_MATCH_NAMED ? m->items : m, d, context, &q->m->style, reason);
	copy.text = member + 1;
	return ct_matcher_test(&copy, d, context, &q->m->style, reason);
}

static enum ct_answer test_list(const struct ct_query *q, const struct ct_datum *arguments, size_t first,
                                const struct ct_match_context *context, struct ct_match *match)
{
	enum ct_answer all = CT_ANSWER_YES;
	struct ct_text reason = {0};

	for (size_t i = 0; i < q->p->argument_count; i++) {
		const struct ct_matcher *m = &q->p->arguments[i];
		const struct ct_datum *d;
		enum ct_answer one;
		int number = CT_PART_ALL;

		if (m->kind == CT_MATCH_REST)
			break;
		ct_text_clear(&reason);
		d = subject(arguments, first, m, i, &number);
		if (!d) {
			struct ct_text names = {0};

			list_parameters(arguments, first, &names);
			all = because(match, CT_ANSWER_NEVER, CT_PART_ALL, "it has no parameter %s, but %s", m->text,
			              names.data ? names.data : "none");
			ct_text_deinit(&names);
			break;
		}
		one = test_argument(q, m, d, context, match ? &reason : NULL);
		if (match && one == CT_ANSWER_YES)
			match->right++;
		if (one == CT_ANSWER_YES || worse(one, all) == all)
			continue;
		all = because(match, one, number, "%s%s%s%s", one == CT_ANSWER_NO ? "" : "argument ",
		              one == CT_ANSWER_NO ? "" : d->name ? d->name : "?", one == CT_ANSWER_NO ? "" : ": ",
		              reason.data ? reason.data : "");
		if (!match && all == CT_ANSWER_NO)
			break;
	}
	ct_text_deinit(&reason);
	return all;
}

/* The values of the call at hand, with what is known of their types. */
static const struct ct_datum *known_values(const struct ct_query *q, struct ct_view_of_call *view, enum ct_values_kind kind)
{
	struct ct_datum *values = ct_view_values(view, kind) ? &view->values[kind] : NULL;

	if (!values || !q->declared)
		return values;
	if (kind == CT_VALUES_RETURNED)
		ct_declared_teach(&q->declared->returned, values);
	for (size_t i = 0; kind != CT_VALUES_RETURNED && i < values->count; i++) {
		int number;
		const struct ct_datum *of = values->items[i].name
		                                    ? argument_named(&q->declared->parameters, values->items[i].name, &number) : NULL;

		if (of)
			ct_declared_teach(of, &values->items[i]);
	}
	return values;
}

static enum ct_answer test_arguments(const struct ct_query *q, struct ct_view_of_call *view,
                                     const struct ct_bindings *bound, struct ct_fresh *fresh,
                                     struct ct_match *match)
{
	const struct ct_datum *arguments = known_values(q, view, CT_VALUES_ARGUMENTS);
	struct ct_match_context context = { .calls = q->m->calls, .arguments = arguments, .bound = bound,
		                            .fresh = fresh };
	size_t first;
	enum ct_answer arity;

	if (!arguments) {
		for (size_t i = 0; i < q->p->argument_count; i++)
			if (!asks_nothing(&q->p->arguments[i]))
				return because(match, CT_ANSWER_INCONCLUSIVE, CT_PART_ALL, "its arguments are not known: %s",
				               view->why[CT_VALUES_ARGUMENTS]);
		return CT_ANSWER_YES;
	}
	first = first_written(arguments);
	arity = test_arity(q, arguments, first, match);
	if (arity != CT_ANSWER_YES)
		return arity;
	context.after = known_values(q, view, CT_VALUES_AFTER);
	return test_list(q, arguments, first, &context, match);
}

static enum ct_answer test_returned(const struct ct_query *q, struct ct_view_of_call *view,
                                    const struct ct_bindings *bound, struct ct_fresh *fresh,
                                    struct ct_match *match)
{
	static const char *const how[] = { [CT_STATE_ACTIVE] = "it has not returned yet",
		                           [CT_STATE_UNWOUND] = "it did not return: it was left by longjmp or an exception",
		                           [CT_STATE_THREW] = "it did not return: it was left by an exception" };
	const struct ct_call *call = ct_call_at(q->m->calls, view->id);
	const struct ct_datum *returned;
	struct ct_match_context context = { .calls = q->m->calls, .bound = bound, .fresh = fresh };
	struct ct_text reason = {0};
	enum ct_answer answer;

	if (call->state == CT_STATE_UNSEEN)
		return because(match, CT_ANSWER_INCONCLUSIVE, CT_PART_RETURNED, "its end was not recorded");
	if (call->state != CT_STATE_RETURNED)
		return because(match, CT_ANSWER_NO, CT_PART_RETURNED, "%s", how[call->state]);
	if (asks_nothing(q->p->returned))
		return CT_ANSWER_YES;
	returned = known_values(q, view, CT_VALUES_RETURNED);
	if (!returned)
		return because(match, strcmp(view->why[CT_VALUES_RETURNED], "void") == 0 ? CT_ANSWER_NEVER
		                                                                         : CT_ANSWER_INCONCLUSIVE,
		               CT_PART_RETURNED, strcmp(view->why[CT_VALUES_RETURNED], "void") == 0
		                                         ? "it returns nothing" : "what it returned is not known: %s",
		               view->why[CT_VALUES_RETURNED]);
	context.arguments = ct_view_values(view, CT_VALUES_ARGUMENTS);
	answer = ct_matcher_test(q->p->returned, returned, &context, &q->m->style, match ? &reason : NULL);
	if (match && answer == CT_ANSWER_YES)
		match->right++;
	else if (answer != CT_ANSWER_YES)
		because(match, answer, CT_PART_RETURNED, "%s%s", answer == CT_ANSWER_NO ? "" : "what it returned: ",
		        reason.data ? reason.data : "");
	ct_text_deinit(&reason);
	return answer;
}

enum ct_answer ct_query_test_place(const struct ct_query *q, struct ct_call_id id)
{
	return q->from || q->within ? test_around(q, id, NULL) : CT_ANSWER_YES;
}

/* The worst of the parts, and, if that is asked for, the reason of that one. */
static enum ct_answer test_parts(const struct ct_query *q, struct ct_view_of_call *view,
                                 const struct ct_bindings *bound, struct ct_fresh *fresh,
                                 struct ct_match *match)
{
	enum ct_answer around = CT_ANSWER_YES, arguments = CT_ANSWER_YES, returned = CT_ANSWER_YES;
	struct ct_match second = { .part = CT_PART_NONE };

	if (q->from || q->within)
		around = test_around(q, view->id, bound);
	if (around == CT_ANSWER_NO && !match)
		return around;
	if (q->p->has_arguments)
		arguments = test_arguments(q, view, bound, fresh, match);
	if (arguments == CT_ANSWER_NEVER || (arguments == CT_ANSWER_NO && !match))
		return arguments;
	if (q->p->returned)
		returned = test_returned(q, view, bound, fresh, match ? &second : NULL);
	if (match) {
		match->right += second.right;
		if (returned != CT_ANSWER_YES && worse(returned, arguments) != arguments)
			because(match, returned, CT_PART_RETURNED, "%s", second.reason.data);
		if (around != CT_ANSWER_YES && worse(arguments, returned) == CT_ANSWER_YES)
			because(match, around, CT_PART_CALLER, "it was called from elsewhere");
		match->right += around == CT_ANSWER_YES;
		ct_text_deinit(&second.reason);
	}
	return worse(worse(around, arguments), returned);
}

enum ct_answer ct_query_test(const struct ct_query *q, struct ct_call_id id, struct ct_view_of_call *view,
                             const struct ct_bindings *bound, struct ct_fresh *fresh,
                             struct ct_match *match)
{
	enum ct_answer answer;

	if (match)
		*match = (struct ct_match){ .part = CT_PART_NONE };
	if (q->p->nth && !ct_call_same(q->the_nth, id))
		return because(match, CT_ANSWER_NO, CT_PART_ALL, "it is another call");
	if (q->plain)
		return CT_ANSWER_YES;
	if (!bound)
		bound = q->m->bound;
	ct_view_at(view, id);
	answer = test_parts(q, view, bound, fresh, match);
	if (answer == CT_ANSWER_NEVER && q->is_glob)
		answer = CT_ANSWER_NO; /* of this function; others may be what is meant */
	if (match)
		match->answer = answer;
	return answer;
}

/* Of those that match without regard to the number. */
static struct ct_call_id find_nth(struct ct_query *q)
{
	struct ct_pattern all = *q->p;
	struct ct_query any = *q;
	struct ct_call_list calls = {0};
	struct ct_call_id found = CT_NO_CALL;
	struct ct_view_of_call view;
	size_t kept = 0;

	all.nth = 0;
	any.p = &all;
	ct_gather(&any, &calls);
	ct_view_init(&view, q->m->calls);
	for (size_t i = 0; i < calls.count; i++)
		if (ct_query_test(&any, calls.items[i], &view, NULL, NULL, NULL) == CT_ANSWER_YES)
			calls.items[kept++] = calls.items[i];
	ct_view_deinit(&view);
	if (q->p->nth > 0 && (size_t) q->p->nth <= kept)
		found = calls.items[q->p->nth - 1];
	else if (q->p->nth < 0 && (size_t) -(long) q->p->nth <= kept)
		found = calls.items[kept - (size_t) -(long) q->p->nth];
	ct_call_list_deinit(&calls);
	return found;
}

/* --- capture --- */

static void capture(const struct ct_matcher *m, const struct ct_datum *d)
{
	if (m->kind == CT_MATCH_CAPTURE && m->predicate)
		m->predicate(d, m->user);
	if (m->kind == CT_MATCH_ALL || m->kind == CT_MATCH_IN || m->kind == CT_MATCH_DEREF)
		for (size_t i = 0; i < m->count; i++)
			capture(&m->items[i], d);
}

void ct_query_capture(const struct ct_query *q, struct ct_call_id id, struct ct_view_of_call *view)
{
	const struct ct_datum *values;

	ct_view_at(view, id);
	if (q->p->returned && (values = ct_view_values(view, CT_VALUES_RETURNED)))
		capture(q->p->returned, values);
	if (!q->p->has_arguments || !(values = ct_view_values(view, CT_VALUES_ARGUMENTS)))
		return;
	for (size_t i = 0; i < q->p->argument_count; i++) {
		const struct ct_matcher *m = &q->p->arguments[i];
		size_t first = first_written(values);
		int number;
		const struct ct_datum *d;

		if (m->kind == CT_MATCH_REST || (m->kind != CT_MATCH_NAMED && first + i >= values->count))
			break;
		d = subject(values, first, m, i, &number);
		if (d)
			capture(m->kind == CT_MATCH_NAMED ? m->items : m, d);
	}
}
