/*
 * Criterion's verdicts. Every row was seen with Criterion 2.4.1: its own report said the same
 * of a test that ends like this.
 */
#include <signal.h>

#include "trace_text.h"

#define EXITED(code) ((code) << 8)
#define NO_LINE -1

struct outcome {
	const char *what;
	enum ct_phase phase;
	enum ct_ended ended;
	int status; /* as the runner saw it */
	uint32_t failures, late_failures;
	int expected_signal, expected_exit;
	double timeout;
	enum ct_status verdict;
	const char *left;
};

static const struct outcome outcomes[] = {
	{ "returns", CT_PHASE_SHUTDOWN, CT_ENDED_RETURNED, 0, .verdict = CT_STATUS_PASSED, .left = "returned" },
	{ "cr_assert fails", CT_PHASE_SHUTDOWN, CT_ENDED_ASSERTION, 0, .failures = 1,
	  .verdict = CT_STATUS_FAILED, .left = "assertion" },
	{ "cr_expect fails", CT_PHASE_SHUTDOWN, CT_ENDED_RETURNED, 0, .failures = 2,
	  .verdict = CT_STATUS_FAILED, .left = "returned" },
	{ "cr_skip_test", CT_PHASE_BODY, CT_ENDED_SKIP, 0, .verdict = CT_STATUS_SKIPPED, .left = "skip" },
	{ "cr_skip_test in .init", CT_PHASE_SETUP, CT_ENDED_SKIP, 0, .verdict = CT_STATUS_SKIPPED,
	  .left = "skip" },
	{ "cr_skip_test after a failure", CT_PHASE_BODY, CT_ENDED_SKIP, 0, .failures = 1,
	  .verdict = CT_STATUS_FAILED, .left = "skip" },
	{ "exit(0)", CT_PHASE_BODY, CT_ENDED_EXIT, 0, .verdict = CT_STATUS_PASSED, .left = "exit" },
	{ "exit(3)", CT_PHASE_BODY, CT_ENDED_EXIT, EXITED(3), .verdict = CT_STATUS_FAILED, .left = "exit" },
	{ "exit(3), expected", CT_PHASE_BODY, CT_ENDED_EXIT, EXITED(3), .expected_exit = 3,
	  .verdict = CT_STATUS_PASSED, .left = "exit" },
	{ "returns, exit(3) expected", CT_PHASE_SHUTDOWN, CT_ENDED_RETURNED, 0, .expected_exit = 3,
	  .verdict = CT_STATUS_FAILED, .left = "returned" },
	{ "_exit(0)", CT_PHASE_BODY, CT_ENDED_UNKNOWN, 0, .verdict = CT_STATUS_PASSED, .left = "exit" },
	{ "_exit(4)", CT_PHASE_BODY, CT_ENDED_UNKNOWN, EXITED(4), .verdict = CT_STATUS_FAILED,
	  .left = "exit" },
	{ "exit(0) in .init", CT_PHASE_SETUP, CT_ENDED_EXIT, 0, .verdict = CT_STATUS_CRASHED,
	  .left = "exit" },
	{ "SIGSEGV", CT_PHASE_BODY, CT_ENDED_UNKNOWN, SIGSEGV, .verdict = CT_STATUS_CRASHED,
	  .left = "signal" },
	{ "SIGSEGV with a core", CT_PHASE_BODY, CT_ENDED_UNKNOWN, SIGSEGV | 0x80,
	  .verdict = CT_STATUS_CRASHED, .left = "signal" },
	{ "SIGSEGV, expected", CT_PHASE_BODY, CT_ENDED_UNKNOWN, SIGSEGV, .expected_signal = SIGSEGV,
	  .verdict = CT_STATUS_PASSED, .left = "signal" },
	{ "SIGABRT, SIGSEGV expected", CT_PHASE_BODY, CT_ENDED_UNKNOWN, SIGABRT,
	  .expected_signal = SIGSEGV, .verdict = CT_STATUS_FAILED, .left = "signal" },
	{ "SIGSEGV, expected, after a failure", CT_PHASE_BODY, CT_ENDED_UNKNOWN, SIGSEGV, .failures = 1,
	  .expected_signal = SIGSEGV, .verdict = CT_STATUS_FAILED, .left = "signal" },
	{ "returns, SIGSEGV expected", CT_PHASE_SHUTDOWN, CT_ENDED_RETURNED, 0,
	  .expected_signal = SIGSEGV, .verdict = CT_STATUS_FAILED, .left = "returned" },
	{ "SIGSEGV in .init", CT_PHASE_SETUP, CT_ENDED_UNKNOWN, SIGSEGV, .verdict = CT_STATUS_CRASHED,
	  .left = "signal" },
	{ "SIGSEGV in .fini", CT_PHASE_TEARDOWN, CT_ENDED_RETURNED, SIGSEGV,
	  .verdict = CT_STATUS_PASSED, .left = "returned" },
	{ "SIGSEGV in .fini after a failure", CT_PHASE_TEARDOWN, CT_ENDED_RETURNED, SIGSEGV,
	  .failures = 1, .verdict = CT_STATUS_FAILED, .left = "returned" },
	{ "exit(2) in .fini", CT_PHASE_TEARDOWN, CT_ENDED_RETURNED, EXITED(2),
	  .verdict = CT_STATUS_PASSED, .left = "returned" },
	{ "cr_assert fails in .fini", CT_PHASE_SHUTDOWN, CT_ENDED_RETURNED, 0, .late_failures = 1,
	  .verdict = CT_STATUS_PASSED, .left = "returned" },
	{ "timeout", CT_PHASE_BODY, CT_ENDED_UNKNOWN, SIGPROF, .timeout = 1,
	  .verdict = CT_STATUS_TIMED_OUT, .left = "signal" },
	{ "timeout in .fini", CT_PHASE_TEARDOWN, CT_ENDED_RETURNED, SIGPROF, .timeout = 1,
	  .verdict = CT_STATUS_TIMED_OUT, .left = "returned" },
	{ "SIGPROF without a timeout", CT_PHASE_BODY, CT_ENDED_UNKNOWN, SIGPROF,
	  .verdict = CT_STATUS_CRASHED, .left = "signal" },
	{ "SIGKILL", CT_PHASE_BODY, CT_ENDED_UNKNOWN, SIGKILL, .verdict = CT_STATUS_CRASHED,
	  .left = "killed" },
	{ "a C++ exception", CT_PHASE_BODY, CT_ENDED_EXCEPTION, 0, .verdict = CT_STATUS_FAILED,
	  .left = "exception" },
	{ "killed with its runner", CT_PHASE_BODY, CT_ENDED_UNKNOWN, NO_LINE,
	  .verdict = CT_STATUS_UNKNOWN, .left = "killed" },
};

static void begin_test(struct raw_writer *w, const char *test, uint32_t pid, uint32_t ordinal)
{
	raw_begin(w);
	w->session.role = CT_ROLE_WORKER;
	w->session.pid = pid;
	w->session.ordinal = ordinal;
	w->session.phase = CT_PHASE_SHUTDOWN;
	w->session.ended = CT_ENDED_RETURNED;
	snprintf(w->session.suite, sizeof w->session.suite, "suite");
	snprintf(w->session.test, sizeof w->session.test, "%s", test);
}

static void write_line(const char *name, const char *line)
{
	FILE *file = fopen(temporary(name), "a");

	cr_assert(file && fputs(line, file) >= 0 && fclose(file) == 0);
}

static struct ct_trace *save_as(struct raw_writer *w, const char *name)
{
	raw_save(w, temporary(name));
	return open_trace(temporary(name));
}

Test(trace_results, verdicts)
{
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
		const struct outcome *o = &outcomes[i];
		const struct ct_trace_test *test;
		struct ct_trace *t;
		struct raw_writer w;
		char line[64];

		begin_test(&w, "test", 1000 + (uint32_t) i, 1);
		w.session.phase = o->phase;
		w.session.ended = o->ended;
		w.session.closed = o->status == 0 && o->phase == CT_PHASE_SHUTDOWN;
		w.session.failures = o->failures + o->late_failures;
		w.session.expected_signal = o->expected_signal;
		w.session.expected_exit = o->expected_exit;
		w.session.timeout = o->timeout;
		raw_extended_word(&w, 0, CT_PHASE, CT_PHASE_BODY, 1);
		if (o->failures)
			raw_extended_word(&w, 0, CT_FAILURE, 0, 2);
		raw_extended_word(&w, 0, CT_PHASE, CT_PHASE_TEARDOWN, 3);
		if (o->late_failures)
			raw_extended_word(&w, 0, CT_FAILURE, 1, 4);
		t = save_as(&w, "x.ct");
		snprintf(line, sizeof line, "%zu 0 %d\n", 1000 + i, o->status);
		write_line(CT_RESULTS_NAME, o->status == NO_LINE ? "" : line);
		ct_results_apply(temporary("."), &t, 1);
		test = ct_trace_test(t);
		cr_expect_str_eq(ct_status_name(test->status), ct_status_name(o->verdict),
		                 "%s: %s, should be %s", o->what, ct_status_name(test->status),
		                 ct_status_name(o->verdict));
		cr_expect(test->ended && strcmp(test->ended, o->left) == 0, "%s: ended %s, should be %s",
		          o->what, test->ended, o->left);
		if (o->status != NO_LINE) {
			cr_expect_eq(test->signal, o->status & 0x7f, "%s", o->what);
			cr_expect_eq(test->exit_status, o->status & 0x7f ? -1 : o->status >> 8, "%s", o->what);
		}
		ct_trace_close(t);
	}
}

/* pitfall: 24 */
Test(trace_results, parameters_by_rank)
{
	struct ct_trace *traces[3];
	struct raw_writer w;
	const uint32_t ordinals[] = { 9, 4, 12 }; /* 7 is not given, but lies beside them */
	const int32_t expected[] = { 2, 0, 3 };

	for (int i = 0; i < 4; i++) {
		char name[16];

		begin_test(&w, "test", 50 + (uint32_t) i, i < 3 ? ordinals[i] : 7);
		w.session.parameterized = 1;
		snprintf(name, sizeof name, "%d.ct", i);
		if (i < 3)
			traces[i] = save_as(&w, name);
		else
			raw_save(&w, temporary(name));
	}
	begin_test(&w, "test", 60, 5); /* of another run */
	w.session.parameterized = 1;
	w.session.ppid = 1;
	raw_save(&w, temporary("other.ct"));
	ct_results_apply(temporary("."), traces, 3);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(ct_trace_test(traces[i])->parameter, expected[i]);
		ct_trace_close(traces[i]);
	}
}

/* In a long run the system gives a number twice. */
Test(trace_results, the_nth_end_is_the_nth_process_s)
{
	struct ct_trace *traces[2];
	struct raw_writer w;

	for (uint32_t i = 0; i < 2; i++) {
		begin_test(&w, i ? "first" : "second", 77, 2 - i);
		w.session.phase = CT_PHASE_BODY;
		w.session.ended = CT_ENDED_UNKNOWN;
		traces[i] = save_as(&w, i ? "first.ct" : "second.ct");
	}
	write_line(CT_RESULTS_NAME, "77 0 11\n77 0 0\n");
	ct_results_apply(temporary("."), traces, 2);
	cr_assert_eq(ct_trace_test(traces[1])->status, CT_STATUS_CRASHED);
	cr_assert_eq(ct_trace_test(traces[0])->status, CT_STATUS_PASSED);
	ct_trace_close(traces[0]);
	ct_trace_close(traces[1]);
}

Test(trace_results, source_files_and_children)
{
	struct ct_trace *traces[2];
	struct raw_writer w;

	begin_test(&w, "test", 77, 1);
	w.session.failures = 1;
	raw_extended_word(&w, 0, CT_FAILURE, 0, 2);
	traces[0] = save_as(&w, "a.ct");
	begin_test(&w, "test", 78, 1);
	w.session.parent_pid_trace = 77;
	w.session.ended = CT_ENDED_UNKNOWN;
	w.session.exit_known = 1;
	w.session.exit_status = EXITED(5);
	traces[1] = save_as(&w, "b.ct");
	write_line(CT_RESULTS_NAME, "garbage\n77 0 0\n78 0 11\n77 0");
	write_line(CT_TESTS_NAME, "3\tsuite\tother\twrong.c\n4\tsuite\ttest\tdir/right.c\n5\tsuite");
	ct_results_apply(temporary("."), traces, 2);
	cr_assert_eq(ct_trace_test(traces[0])->status, CT_STATUS_FAILED);
	cr_assert_str_eq(ct_trace_test(traces[0])->file, "dir/right.c");
	cr_assert_eq(ct_trace_test(traces[1])->status, CT_STATUS_FAILED, "it shares the test's");
	cr_assert_eq(ct_trace_test(traces[1])->exit_status, 5);
	cr_assert_str_eq(ct_trace_test(traces[1])->ended, "exit");
	cr_assert_str_eq(ct_trace_test(traces[1])->file, "dir/right.c");
	ct_trace_close(traces[0]);
	ct_trace_close(traces[1]);
}
