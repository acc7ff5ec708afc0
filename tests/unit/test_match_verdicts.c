/*
 * Every assertion, met and not, over a few calls: what is said is tests/check/verdicts.out. Where it is
 * something else, that is left in ./verdicts.out.
 */
#include "match_calls.h"

#include <stdlib.h>

#include "base/file.h"

#define INT(n, v) "[{\"name\":\"" n "\",\"type\":\"int\",\"is\":\"s4\",\"value\":" #v "}]"
#define RETURNED(v) "{\"type\":\"int\",\"is\":\"s4\",\"value\":" #v "}"

/*
 * test { net_open { open_socket(port=80) -> 3, retry { send(n=1) -> -1, log, send(n=2) -> -1, log, send(n=3) -> 0 },
 * close(fd=3) } } and on another thread: worker { send(n=9) }
 */
static void make(struct made *m)
{
	made_begin(m, "test", "net_open", "open_socket", "retry", "send", "log_msg", "close_socket", "worker", "abort_all",
	           "walk", NULL);
	m->calls.functions[0].is_test = true;
	m->calls.functions[8].unseen = "it was not compiled with -finstrument-functions";
	made_enter(m, "test", NULL);
	made_enter(m, "net_open", INT("attempts", 3));
	made_call(m, "open_socket", INT("port", 80), RETURNED(3));
	made_enter(m, "retry", NULL);
	made_call(m, "send", INT("n", 1), RETURNED(-1));
	made_call(m, "log_msg", NULL, NULL);
	made_call(m, "send", INT("n", 2), RETURNED(-1));
	made_call(m, "log_msg", NULL, NULL);
	made_call(m, "send", INT("n", 3), RETURNED(0));
	made_leave(m, RETURNED(0));
	made_call(m, "close_socket", INT("fd", 3), NULL);
	made_leave(m, RETURNED(0));
	m->phase = CT_PHASE_TEARDOWN;
	made_call(m, "close_socket", INT("fd", 4), NULL);
	m->phase = CT_PHASE_BODY;
	made_enter(m, "walk", INT("n", 0));
	made_enter(m, "walk", INT("n", 1));
	made_enter(m, "walk", INT("n", 2));
	made_leave(m, NULL);
	made_leave(m, NULL);
	made_leave(m, NULL);
	m->thread = ct_calls_add_thread(&m->calls, 101, "pool", false);
	made_enter(m, "worker", NULL);
	made_call(m, "send", INT("n", 9), "{\"type\":\"int\",\"unavailable\":\"inlined\"}");
}

struct record {
	struct made made;
	struct ct_matching m;
	struct ct_text out;
};

static void note(struct record *r, const char *title, bool met, struct ct_verdict *v)
{
	static const char *const kinds[] = { "met", "UNMET", "INCONCLUSIVE", "ERROR" };

	cr_expect_eq(met, v->kind == CT_VERDICT_MET, "%s", title);
	cr_expect_eq(met, !v->message.length, "%s", title);
	ct_text_addf(&r->out, "=== %s: %s\n", title, kinds[v->kind]);
	if (v->message.length)
		ct_text_addf(&r->out, "%s\n", v->message.data);
	cr_expect(!v->message.length || v->message.data[v->message.length - 1] != '\n');
	ct_verdict_deinit(v);
	*v = (struct ct_verdict){0};
}

#define NOTE(call) note(&r, #call, call, &v)
#define P(...) (&(struct ct_pattern){ __VA_ARGS__ })
#define F(f) P(.name = f)
#define EQ(v) (&(struct ct_matcher){ .kind = CT_MATCH_EQ, .a = { .kind = CT_OPERAND_INTEGER, .integer = v } })
#define WITH(f, v) P(.name = f, .has_arguments = true, .arguments = EQ(v), .argument_count = 1)
#define M (&r.m)

static void counting(struct record *record)
{
	struct ct_verdict v = {0};
#define r (*record)
	NOTE(ct_assert_called(M, F("send"), 1, UINT32_MAX, &v));
	NOTE(ct_assert_called(M, F("send"), 4, 4, &v));
	NOTE(ct_assert_called(M, F("send"), 0, 0, &v));
	NOTE(ct_assert_called(M, F("close_socket"), 1, 1, &v));
	NOTE(ct_assert_called(M, F("close_socket"), 2, 2, &v));
	NOTE(ct_assert_called(M, P(.name = "close_socket", .phases = 1u << CT_PHASE_TEARDOWN), 1, 1, &v));
	NOTE(ct_assert_called(M, WITH("send", 2), 1, 1, &v));
	NOTE(ct_assert_called(M, WITH("send", 7), 1, UINT32_MAX, &v));
	NOTE(ct_assert_called(M, WITH("send", 7), 2, 3, &v));
	NOTE(ct_assert_called(M, WITH("send", 2), 0, 0, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .returned = EQ(-1), .thread = CT_THREAD_TEST), 2, 2, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .returned = EQ(-1)), 2, 2, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .returned = EQ(5), .thread = CT_THREAD_TEST), 1, 1, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .from = F("worker")), 1, 1, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .from = F("net_open")), 1, 1, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .within = F("net_open")), 3, 3, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .nth = 2), 1, 1, &v));
	NOTE(ct_assert_called(M, P(.name = "worker", .returned = EQ(0)), 1, 1, &v));
	NOTE(ct_assert_called(M, P(.address = 0x1040), 4, 4, &v));
	NOTE(ct_assert_called(M, P(.address = 0x9999, .source = "&other"), 1, 1, &v));
	NOTE(ct_assert_called(M, F("sned"), 1, 1, &v));
	NOTE(ct_assert_called(M, F("abort_all"), 0, 0, &v));
	NOTE(ct_assert_called(M, F("*_socket"), 2, 2, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .has_arguments = true), 1, 1, &v));
	NOTE(ct_assert_called(M, P(.name = "walk", .since = 25), 0, 0, &v));
	NOTE(ct_assert_always(M, P(.name = "log_msg", .from = F("retry")), &v));
	NOTE(ct_assert_always(M, WITH("send", 2), &v));
	NOTE(ct_assert_always(M, F("abort_all"), &v));
	NOTE(ct_assert_nth(M, WITH("send", 2), 2, &v));
	NOTE(ct_assert_nth(M, WITH("send", 9), -1, &v));
	NOTE(ct_assert_nth(M, WITH("send", 2), 1, &v));
	NOTE(ct_assert_nth(M, WITH("send", 2), 7, &v));
	NOTE(ct_assert_nth(M, WITH("send", 2), 0, &v));
#undef r
}

static void order(struct record *record)
{
	struct ct_verdict v = {0};
#define r (*record)
	NOTE(ct_assert_called(M, P(.name = "send", .nth = 9), 1, 1, &v));
	NOTE(ct_assert_called(M, P(.name = "send", .nth = -2, .from = F("worker")), 1, 1, &v));
	NOTE(ct_assert_before(M, F("open_socket"), F("send"), &v));
	NOTE(ct_assert_before(M, F("close_socket"), F("send"), &v));
	NOTE(ct_assert_before(M, F("worker"), WITH("send", 7), &v));
	NOTE(ct_assert_immediately_before(M, F("log_msg"), F("send"), &v));
	NOTE(ct_assert_immediately_before(M, F("open_socket"), F("send"), &v));
	NOTE(ct_assert_immediately_before(M, F("open_socket"), F("close_socket"), &v));
	NOTE(ct_assert_finished_before(M, F("retry"), F("close_socket"), &v));
	NOTE(ct_assert_finished_before(M, F("retry"), F("send"), &v));
	NOTE(ct_assert_finished_before(M, F("net_open"), F("worker"), &v));
	{
		struct ct_element list[] = { { .pattern = F("open_socket") }, { .pattern = F("send"), .least = 3, .most = 3 },
			                     { .kind = CT_ELEMENT_NEVER, .pattern = F("log_msg") },
			                     { .pattern = F("close_socket") } };

		NOTE(ct_assert_order(M, list, 4, &v));
		list[2].pattern = F("worker");
		list[3].pattern = F("open_socket");
		NOTE(ct_assert_order(M, list, 4, &v));
		list[1] = (struct ct_element){ .kind = CT_ELEMENT_NEVER, .pattern = WITH("send", 3) };
		list[2] = (struct ct_element){ .pattern = F("close_socket") };
		NOTE(ct_assert_order(M, list, 3, &v));
		NOTE(ct_assert_order(M, list + 1, 2, &v));
		list[2] = (struct ct_element){ .pattern = WITH("close_socket", 5) };
		NOTE(ct_assert_order(M, list, 3, &v));
		list[1] = (struct ct_element){ .pattern = F("send"), .least = 3, .most = 3 };
		list[2] = (struct ct_element){ .kind = CT_ELEMENT_NEXT, .pattern = F("send") };
		NOTE(ct_assert_order(M, list, 3, &v));
		list[1] = (struct ct_element){ .pattern = F("retry") };
		list[2] = (struct ct_element){ .pattern = F("close_socket") };
		NOTE(ct_assert_sequence(M, list, 3, &v));
		NOTE(ct_assert_sequence(M, list, 2, &v));
		list[2] = (struct ct_element){ .pattern = WITH("close_socket", 5) };
		NOTE(ct_assert_sequence(M, list, 3, &v));
		NOTE(ct_assert_calls_of(M, F("net_open"), list, 3, &v));
		list[2] = (struct ct_element){ .pattern = F("close_socket") };
		NOTE(ct_assert_calls_of(M, F("net_open"), list, 3, &v));
		NOTE(ct_assert_calls_of(M, F("send"), list, 3, &v));
		NOTE(ct_assert_calls_of(M, P(.name = "send", .nth = 1), NULL, 0, &v));
		NOTE(ct_assert_calls_of(M, F("sned"), list, 3, &v));
	}
#undef r
}

static void shape(struct record *record)
{
	struct ct_verdict v = {0};
#define r (*record)
	NOTE(ct_assert_called_from(M, F("log_msg"), F("retry"), &v));
	NOTE(ct_assert_called_from(M, F("send"), F("retry"), &v));
	NOTE(ct_assert_called_from(M, WITH("send", 7), F("retry"), &v));
	NOTE(ct_assert_max_depth(M, F("walk"), 3, &v));
	NOTE(ct_assert_max_depth(M, F("walk"), 2, &v));
	{
		const struct ct_pattern *some[] = { F("net_*"), F("send"), F("retry"), F("log_msg"), F("*_socket") };
		const struct ct_pattern *all[] = { F("*") };

		NOTE(ct_assert_only_called(M, some, 5, &v));
		NOTE(ct_assert_only_called(M, all, 1, &v));
	}
	NOTE(ct_assert_no_other_calls(M, &v));
	NOTE(ct_assert_called(M, F("*"), 1, UINT32_MAX, &v));
	NOTE(ct_assert_no_other_calls(M, &v));
	r.made.calls.incomplete = "the disk was full";
	NOTE(ct_assert_called(M, F("send"), 4, 4, &v));
	NOTE(ct_assert_called(M, F("send"), 5, 5, &v));
	NOTE(ct_assert_called(M, F("send"), 1, 3, &v));
	NOTE(ct_assert_no_other_calls(M, &v));
#undef r
}

/* Without `"` and `\`, and not longer than asked for. */
static void style(struct record *record)
{
	struct ct_verdict v = {0};
#define r (*record)
	r.m.style.plain = true;
	made_call(&r.made, "log_msg", "[{\"name\":\"t\",\"type\":\"char *\",\"value\":\"a\\\"\\\\\\n'\\u0001\xc3\xa9\",\"address\":\"0x1\"}]", NULL);
	NOTE(ct_assert_called(M, F("log_msg"), 0, 0, &v));
	r.m.style.limit = 150;
	NOTE(ct_assert_called(M, F("send"), 0, 0, &v));
	r.m.style.limit = 0;
	r.m.style.calls = 2;
	NOTE(ct_assert_called(M, F("send"), 0, 0, &v));
#undef r
}

static void compare(const struct ct_text *out)
{
	struct ct_text path = {0};
	struct ct_bytes expected = {0};
	struct ct_error err;
	bool same;

	ct_text_addf(&path, "%s/tests/check/verdicts.out", getenv("ROOT") ? getenv("ROOT") : ".");
	same = ct_file_map(path.data, &expected, &err) && expected.size == out->length
	       && memcmp(expected.data, out->data, out->length) == 0;
	if (!same)
		ct_file_replace("verdicts.out", out->data, out->length, 0600, &err);
	cr_assert(same, "diff %s verdicts.out", path.data);
	ct_file_unmap(&expected);
	ct_text_deinit(&path);
}

Test(match_verdicts, all_of_them)
{
	struct record r = {0};

	make(&r.made);
	ct_matching_init(&r.m, &r.made.calls, NULL);
	counting(&r);
	order(&r);
	ct_matching_deinit(&r.m);
	ct_matching_init(&r.m, &r.made.calls, NULL);
	shape(&r);
	style(&r);
	compare(&r.out);
	ct_matching_deinit(&r.m);
	ct_text_deinit(&r.out);
	made_end(&r.made);
}

/* Where not all functions are known, one that a value shows is one. */
Test(match_verdicts, functions_that_only_values_show)
{
	struct made m;
	struct ct_matching matching;
	struct ct_verdict v = {0};
	static const struct ct_matcher shown = { .kind = CT_MATCH_FUNCTION, .a = { .kind = CT_OPERAND_FUNCTION, .text = "on_event" } },
	                               other = { .kind = CT_MATCH_FUNCTION, .a = { .kind = CT_OPERAND_FUNCTION, .text = "on_error" } };
	struct ct_pattern p = { .name = "with", .has_arguments = true, .arguments = &shown, .argument_count = 1 };

	made_begin(&m, "with", NULL);
	m.calls.unknown_functions = "there is no index";
	made_call(&m, "with", "[{\"name\":\"cb\",\"type\":\"callback *\",\"value\":\"on_event\",\"address\":\"0x10\"}]", NULL);
	ct_matching_init(&matching, &m.calls, NULL);
	cr_expect(ct_assert_called(&matching, &p, 1, 1, &v));
	p.arguments = &other;
	cr_expect_not(ct_assert_called(&matching, &p, 0, 0, &v));
	cr_expect_eq(v.kind, CT_VERDICT_ERROR);
	cr_expect_str_eq(v.message.data, "what is asked of with: there is no function on_error among those that were called, "
	                                 "and others are not known: there is no index");
	ct_verdict_deinit(&v);
	ct_matching_deinit(&matching);
	made_end(&m);
}
