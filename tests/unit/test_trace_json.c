/* JSON traces: what was written is read back, and damaged ones are told apart from foreign. */
#include "trace_text.h"

enum { MAIN = 1, F = 2, G = 3 };

static void begin(struct raw_writer *w)
{
	raw_begin(w);
	raw_row(w, 0, 0x10100, 0x10110, 0x7000, 0);
	raw_row(w, 0, 0x10200, 0x10210, 0x10120, 0x10110);
	raw_row(w, 0, 0x10300, 0x10310, 0x7fff0010, 0x10210);
	raw_module(w, 1, "/lib/lib\"quoted\".so", 0x7fff0000, 0x7fff1000, 0);
}

/* One of everything. */
static void fill(struct raw_writer *w)
{
	begin(w);
	w->session.role = CT_ROLE_WORKER;
	snprintf(w->session.suite, sizeof w->session.suite, "suite");
	snprintf(w->session.test, sizeof w->session.test, "test");
	snprintf(w->session.test_file, sizeof w->session.test_file, "dir/\xff\xc3\xa9.c");
	w->session.test_line = 12;
	w->session.lost[CT_LOST_DEPTH] = 7;
	raw_row(w, 1, 0x10200, 0x10210, 0x7000, 0);
	raw_extended_word(w, 0, CT_PHASE, CT_PHASE_BODY, 1);
	raw_enter(w, 0, MAIN, 10);
	raw_extended_word(w, 0, CT_THEORY, 0x10200, 11);
	for (unsigned i = 0; i < 2; i++) {
		raw_enter(w, 0, F, 20 + 100 * i);
		raw_extended(w, 0, CT_NOTE, "tab\tand \"quotes\"", 2, 25 + 100 * i);
		raw_enter(w, 0, G, 30 + 100 * i);
		raw_extended_word(w, 0, CT_FAILURE, i, 35 + 100 * i);
		raw_record(w, 0, CT_UNWIND_TO, 1, 40 + 100 * i);
	}
	raw_extended_word(w, 0, CT_THEORY, 0, 300);
	raw_extended(w, 0, CT_PAUSE, NULL, 0, 310);
	raw_enter(w, 1, 1, 50);
	raw_exit(w, 1, 1, 5000000000);
}

static struct ct_trace *convert(struct ct_trace *raw, int pretty, uint32_t max_depth)
{
	const struct ct_json_options options = { .pretty = pretty, .max_depth = max_depth };
	struct ct_error err;

	cr_assert(ct_trace_write_json(raw, &options, temporary("x.json"), &err), "%s", err.text);
	return open_trace(temporary("x.json"));
}

static void expect_same_calls(struct ct_trace *a, struct ct_trace *b)
{
	size_t n, m;

	ct_trace_threads(a, &n);
	ct_trace_threads(b, &m);
	cr_assert_eq(n, m);
	for (size_t i = n; i-- > 0;) { /* not in the order of the file */
		char *x = trace_text(a, (uint32_t) i, true, true), *y = trace_text(b, (uint32_t) i, true, true);

		cr_assert_str_eq(x, y, "raw:\n%sJSON:\n%s", x, y);
		free(x);
		free(y);
	}
}

static void expect_same_summary(struct ct_trace *a, struct ct_trace *b)
{
	size_t n, m;
	const struct ct_trace_function *f = ct_trace_functions(a, &n), *g = ct_trace_functions(b, &m);
	const struct ct_trace_pair *p, *q;

	cr_assert_eq(n, m);
	for (size_t i = 0; i < n; i++) {
		cr_assert_str_eq(f[i].name, g[i].name);
		cr_assert(f[i].calls == g[i].calls && f[i].address == g[i].address
		          && f[i].module == g[i].module);
	}
	p = ct_trace_pairs(a, &n);
	q = ct_trace_pairs(b, &m);
	cr_assert_eq(n, m);
	for (size_t i = 0; i < n; i++) {
		cr_assert(p[i].caller == q[i].caller && p[i].callee == q[i].callee
		          && p[i].calls == q[i].calls && !p[i].through == !q[i].through);
		if (p[i].through)
			cr_assert_str_eq(p[i].through, q[i].through);
	}
}

Test(trace_json, comes_back_as_it_was)
{
	for (int pretty = 0; pretty < 2; pretty++) {
		struct ct_trace *raw, *json;
		struct raw_writer w;
		const struct ct_trace_meta *m;

		fill(&w);
		raw = save_and_open(&w);
		ct_trace_test(raw)->status = CT_STATUS_CRASHED;
		ct_trace_test(raw)->signal = 11;
		ct_trace_test(raw)->parameter = 3;
		json = convert(raw, pretty, 0);
		expect_same_calls(raw, json);
		expect_same_summary(raw, json);
		m = ct_trace_meta(json);
		cr_assert_eq(m->realtime, 1700000000123456789ull);
		cr_assert_eq(m->duration, 5000000000);
		cr_assert_eq(m->lost[CT_LOST_DEPTH], 7);
		cr_assert_eq(m->pid, 100);
		cr_assert_eq(m->role, CT_ROLE_WORKER);
		cr_assert_not(m->complete);
		cr_assert_eq(m->damaged, 0);
		cr_assert_str_eq(ct_trace_test(json)->suite, "suite");
		cr_assert_str_eq(ct_trace_test(json)->file, "dir/\xef\xbf\xbd\xc3\xa9.c");
		cr_assert_eq(ct_trace_test(json)->line, 12);
		cr_assert_eq(ct_trace_test(json)->status, CT_STATUS_CRASHED);
		cr_assert_eq(ct_trace_test(json)->signal, 11);
		cr_assert_eq(ct_trace_test(json)->parameter, 3);
		cr_assert_null(ct_trace_session(json));
		ct_trace_close(raw);
		ct_trace_close(json);
	}
}

Test(trace_json, a_depth_limit_cuts_the_tree_only)
{
	struct ct_trace *raw, *json;
	struct raw_writer w;

	begin(&w);
	raw_enter(&w, 0, MAIN, 10);
	for (unsigned i = 0; i < 3; i++) {
		raw_enter(&w, 0, F, 20 + 10 * i);
		raw_enter(&w, 0, G, 21 + 10 * i);
		raw_exit(&w, 0, G, 22 + 10 * i);
		raw_extended_word(&w, 0, CT_FAILURE, 0, 22 + 10 * i);
		raw_exit(&w, 0, F, 23 + 10 * i);
	}
	raw_exit(&w, 0, MAIN, 90);
	raw = save_and_open(&w);
	json = convert(raw, 1, 2);
	expect_calls(json, 0, "app+0x100\n"
	                      "  app+0x200\n    [failure not fatal]\n  end cut 1\n"
	                      "  app+0x200\n    [failure not fatal]\n  end cut 1\n"
	                      "  app+0x200\n    [failure not fatal]\n  end cut 1\n");
	expect_same_summary(raw, json);
	cr_assert_eq(ct_trace_meta(json)->truncated, 3);
	cr_assert_eq(ct_trace_meta(json)->total_calls, 7);
	ct_trace_close(json);
	json = convert(raw, 0, 1);
	expect_calls(json, 0, "app+0x100\n"
	                      "  [failure not fatal]\n  [failure not fatal]\n  [failure not fatal]\n"
	                      "end cut 6\n");
	ct_trace_close(json);
	ct_trace_close(raw);
}

/* Deeper than any stack of ours, on disk and in memory. */
Test(trace_json, depth_has_no_limit)
{
	const unsigned depth = 200000;
	struct ct_trace *raw, *json;
	struct raw_writer w;
	char *found;

	begin(&w);
	for (unsigned i = 0; i < depth; i++)
		raw_enter(&w, 0, MAIN, i);
	for (unsigned i = 0; i < depth; i++)
		raw_exit(&w, 0, MAIN, depth + i);
	w.session.max_depth = UINT32_MAX;
	raw = save_and_open(&w);
	json = convert(raw, 1, 0);
	cr_assert_eq(ct_trace_meta(json)->truncated, 0);
	found = NULL;
	{
		struct ct_error err = { .text = "" };
		const struct ct_walker nothing = {0};

		cr_assert(ct_trace_walk(json, 0, &nothing, NULL, &err), "%s", err.text);
	}
	free(found);
	ct_trace_close(json);
	ct_trace_close(raw);
}

static bool stop_at_once(const struct ct_trace_call *call, void *user)
{
	(void) call;
	++*(int *) user;
	return false;
}

Test(trace_json, a_callback_may_stop_the_walk)
{
	const struct ct_walker walker = { .enter = stop_at_once, .leave = stop_at_once };
	struct ct_trace *traces[2];
	struct raw_writer w;

	fill(&w);
	traces[0] = save_and_open(&w);
	traces[1] = convert(traces[0], 1, 0);
	for (int i = 0; i < 2; i++) {
		int calls = 0;

		cr_assert(ct_trace_walk(traces[i], 0, &walker, &calls, NULL));
		cr_assert_eq(calls, 1);
		cr_assert_not(ct_trace_walk(traces[i], 2, &walker, &calls, NULL));
		ct_trace_close(traces[i]);
	}
}

/* Cut anywhere: refused with one line, or opened with what is whole, and marked. */
Test(trace_json, cut_short)
{
	struct raw_writer w;
	struct ct_trace *raw;
	struct ct_bytes whole;
	struct ct_error err;
	size_t opened = 0, refused = 0;

	fill(&w);
	raw = save_and_open(&w);
	ct_trace_close(convert(raw, 0, 0));
	ct_trace_close(raw);
	cr_assert(ct_file_map(temporary("x.json"), &whole, &err));
	for (size_t size = 1; size + 1 < whole.size; size += 7) {
		struct ct_trace *t = NULL;

		cr_assert(ct_file_replace(temporary("cut.json"), whole.data, size, 0600, &err));
		if (ct_trace_open(temporary("cut.json"), NULL, &t, &err)) {
			const struct ct_walker nothing = {0};

			cr_assert_not(ct_trace_meta(t)->complete);
			cr_assert_eq(ct_trace_meta(t)->damaged, 1);
			for (uint32_t i = 0; i < 2; i++)
				if (!ct_trace_walk(t, i, &nothing, NULL, &err))
					cr_assert(strstr(err.text, "cut.json: byte "), "%s", err.text);
			ct_trace_close(t);
			opened++;
		} else {
			cr_assert(strstr(err.text, "cut.json: "), "%s", err.text);
			cr_assert(err.code == CT_EDAMAGED || err.code == CT_ENOTRACE);
			refused++;
		}
	}
	cr_assert_gt(opened, 50);
	cr_assert_gt(refused, 50);
	ct_file_unmap(&whole);
}

static enum ct_code open_text(const char *text)
{
	struct ct_error err = { .code = CT_OK };
	struct ct_trace *t = NULL;

	cr_assert(ct_file_replace(temporary("x.json"), text, strlen(text), 0600, &err));
	if (ct_trace_open(temporary("x.json"), NULL, &t, &err))
		ct_trace_close(t);
	return err.code;
}

#define SUMMARY "\"summary\":{\"functions\":[{\"id\":0,\"function\":\"f\",\"calls\":1}]"

Test(trace_json, what_is_no_trace)
{
	cr_assert_eq(open_text("{}"), CT_ENOTRACE);
	cr_assert_eq(open_text("{"), CT_ENOTRACE);
	cr_assert_eq(open_text("{\"metadata\":{\"version\":\"abc\"}}"), CT_ENOTRACE);
	cr_assert_eq(open_text("{\"metadata\":{\"total_calls\":1}," SUMMARY "}}"), CT_ENOTRACE);
	cr_assert_eq(open_text("{\"metadata\":{\"version\":\"1.0.0\"}," SUMMARY "}}"), CT_EVERSION);
	cr_assert_eq(open_text("{\"metadata\":{\"version\":\"0.9\"}}"), CT_EDAMAGED);
	cr_assert_eq(open_text("{\"metadata\":{\"version\":\"0.9\"}," SUMMARY "}}"), CT_OK);
	cr_assert_eq(open_text("{\"metadata\":{\"version\":\"0.9\"}," SUMMARY
	                       ",\"call_pairs\":[{\"caller_id\":0,\"callee_id\":1,\"calls\":1}]}}"),
	             CT_EDAMAGED);
	cr_assert_eq(open_text("{\"metadata\":{\"version\":\"0.9\"}," SUMMARY
	                       ",\"call_pairs\":[{\"caller_id\":0}]}}"),
	             CT_EDAMAGED);
}

/* What another program wrote: other order of keys, white space, keys of a later version. */
Test(trace_json, rewritten_by_others)
{
	const char *text =
		"\xef\xbb\xbf \n{ \"call_trees\" : {\"7\": {\"calls\": [ {\"address\": \"0xAf\", \"children\": "
		"[ { \"children\": [], \"end_time\": 6.0, \"id\": 0, \"start_time\": 5, \"x\": [1, {\"]\": \"}\\\"\"}]}],"
		" \"end_time\": 1e1, \"id\": 1, \"start_time\": 4, \"phase\": \"nonsense\" } ], \"later\": null}},\n"
		"\"later\": [[{}], -1.5e3, true, \"\\u00e9\\ud83d\\ude00\\\"\"],"
		"\"metadata\": {\"version\": \"0.1.0\", \"threads\": 1},"
		"\"summary\": {\"functions\": [{\"function\": \"\\u00e9\\ud83d\\ude00\\ud800\\/\", \"calls\": 18446744073709551615},"
		"{\"function\": \"\\u0067\", \"calls\": 1}], \"threads\": [{\"thread_id\": 7, \"calls\": 2}]}}";
	struct ct_trace *t;
	size_t count;
	char *found;

	cr_assert_eq(open_text(text), CT_OK);
	t = open_trace(temporary("x.json"));
	cr_assert_str_eq(ct_trace_functions(t, &count)[0].name, "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd/");
	cr_assert_eq(ct_trace_functions(t, &count)[0].calls, UINT64_MAX);
	cr_assert_eq(ct_trace_meta(t)->damaged, 0);
	found = trace_text(t, 0, true, false);
	cr_assert_str_eq(found, "g @4\n  \xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd/ @5\n  end @6\nend @10\n", "%s", found);
	free(found);
	ct_trace_close(t);
}

Test(trace_json, calls_that_make_no_sense)
{
	static const char *const calls[] = {
		"[{\"id\":1,\"start_time\":0,\"children\":[]}]",             /* no such function */
		"[{\"id\":0,\"start_time\":0,\"site\":0,\"children\":[]}]", /* no such site */
		"[{\"id\":0,\"children\":[]}]", "[[]]", "[1]", "[{\"id\":0,\"start_time\":0,\"children\":[}]",
		"[{\"id\":0,\"start_time\":0 \"children\":[]}]", "[{\"id\":0,\"start_time\":0,\"children\":[]}",
	};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const struct ct_walker nothing = {0};
		struct ct_text text = {0};
		struct ct_error err = { .text = "" };
		struct ct_trace *t;

		ct_text_addf(&text,
		             "{\"metadata\":{\"version\":\"0.9\"}," SUMMARY
		             ",\"threads\":[{\"thread_id\":1,\"calls\":1}]},\"call_trees\":{\"1\":{\"calls\":%s}}}",
		             calls[i]);
		cr_assert_eq(open_text(text.data), CT_OK, "%s", calls[i]);
		t = open_trace(temporary("x.json"));
		cr_assert_not(ct_trace_walk(t, 0, &nothing, NULL, &err), "%s", calls[i]);
		cr_assert_eq(err.code, CT_EDAMAGED);
		ct_trace_close(t);
		ct_text_deinit(&text);
	}
}

Test(trace_json, cannot_be_written)
{
	struct raw_writer w;
	struct ct_trace *t;
	struct ct_error err = { .code = CT_OK };

	fill(&w);
	t = save_and_open(&w);
	cr_assert_not(ct_trace_write_json(t, NULL, "/no/such/folder/x.json", &err));
	cr_assert_eq(err.code, CT_EIO);
	cr_assert(strstr(err.text, "/no/such/folder/x.json"));
	cr_assert_not(ct_trace_write_json(t, NULL, "/tmp", &err));
	cr_assert(strstr(err.text, "is a directory"), "%s", err.text);
	ct_trace_close(t);
}
