#include "report.h"

#include <criterion/abort.h>
#include <criterion/event.h>
#include <criterion/internal/assert.h>
#include <criterion/options.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "process.h"

/* Criterion before 2.4.2 writes both into its JSON as they are. */
static void make_plain(char *text)
{
	for (; *text; text++)
		*text = *text == '"' ? '\'' : *text == '\\' ? '/' : *text;
}

static void send(const struct report_place *at, bool passed, const char *message)
{
	struct criterion_assert_stats stats = { .message = message, .passed = passed, .line = at->line,
		                                .file = at->file };

	criterion_send_assert(&stats);
}

void report_passed(const struct report_place *at)
{
	if (criterion_options.full_stats) {
		char *text = ct_strdup(at->text ? at->text : "");

		make_plain(text);
		send(at, true, text);
		free(text);
	}
	cri_asserts_passed_incr();
}

/* In a forked child, where a word to the runner would hang it. */
static void say_in_child(const struct report_place *at, const char *explanation)
{
	struct ct_text line = {0};

	ct_text_addf(&line, "calltrace: %s:%u: %s\n", at->file, at->line, explanation);
	if (write(STDERR_FILENO, line.data, line.length) < 0 || at->fatal)
		_exit(1);
	ct_text_deinit(&line);
}

void report_failed(const struct report_place *at, const char *message, const char *explanation)
{
	bool fatal = at->fatal && process_is_test_thread();
	struct ct_text text = {0};

	if (process_is_child()) {
		say_in_child(at, explanation);
		return;
	}
	if (message && *message)
		ct_text_addf(&text, "%s\n", message);
	ct_text_add(&text, explanation);
	if (at->fatal && !fatal)
		ct_text_add(&text, "\n  (asserted on another thread than the test's, which goes on)");
	send(at, false, text.data);
	ct_text_deinit(&text);
	if (fatal)
		criterion_abort_test();
	else
		criterion_continue_test();
}
