/*
 * show.c - `calltrace show`: traces as readable trees.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/glob.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/print_crash.h"
#include "cli/show_tree.h"
#include "trace/crash.h"

enum { OPTION_PLAIN = 256, OPTION_FOLD, OPTION_NO_FOLD, OPTION_COLOR, OPTION_TIMES, OPTION_PHASE,
       OPTION_THREAD, OPTION_NO_SYSTEM, OPTION_FULL_NAMES, OPTION_NO_ARGS };

static const char help[] =
	"usage: calltrace show [OPTION]... TRACE|DIRECTORY...\n"
	"\n"
	"Prints traces, raw (.ct) or JSON, as trees: what was called, with which arguments, what it\n"
	"returned, how long it took, and where the call was made.\n"
	"\n"
	"  -t, --test GLOB      only tests whose 'suite::name' matches, or whose name does\n"
	"  -f, --function GLOB  only the calls of matching functions, with what they called and\n"
	"                       the way to them\n"
	"  -d, --depth N        not more than N levels (counted from the matching functions)\n"
	"      --thread N       only the thread of this number, from 0, or of this system's number\n"
	"      --phase PHASE    only startup, setup, body, teardown or shutdown of tests\n"
	"      --no-system      without functions of system headers (libstdc++'s templates); what they\n"
	"                       call moves up a level\n"
	"      --full-names     C++ names of any length, not shortened to the width of the terminal\n"
	"      --no-args        neither arguments nor returned values\n"
	"      --times          when each call began, too: in ms since recording did\n"
	"      --no-fold        print equal neighbours one by one instead of once with a count\n"
	"      --plain          indented names and values and nothing else, unfolded: for comparing\n"
	"      --fold           fold with --plain, too\n"
	"      --color WHEN     auto, always or never\n"
	"  -h, --help           print this\n"
	"\n"
	"Exit status: 0 shown, 1 nothing matches, 2 a trace could not be read.\n";

struct request {
	struct ct_show_style style;
	struct ct_show_filter filter;
	const char *test;
	uint64_t thread; /* UINT64_MAX: all */
	bool thread_found;
	struct ct_paths paths;
	uint64_t shown, headers;
	size_t failed;
};

/* --- options --- */

static bool parse_phase(const char *name, uint32_t *phase)
{
	for (*phase = 0; *phase < CT_PHASES; ++*phase)
		if (strcmp(name, ct_phase_name(*phase)) == 0)
			return true;
	ct_complain("--phase: '%s' is none of program, startup, setup, body, teardown, shutdown", name);
	return false;
}

static bool take_option(struct request *r, int c)
{
	uint64_t number;

	switch (c) {
	case 't':
		r->test = optarg;
		return true;
	case 'f':
		r->filter.function = optarg;
		return true;
	case 'd':
		if (!ct_parse_number("--depth", optarg, 1, 1000000, &number))
			return false;
		r->filter.depth = (uint32_t) number;
		return true;
	case OPTION_THREAD:
		return ct_parse_number("--thread", optarg, 0, UINT32_MAX, &r->thread);
	case OPTION_PHASE:
		return parse_phase(optarg, &r->filter.phase);
	case OPTION_NO_SYSTEM:
		r->filter.no_system = true;
		return true;
	case OPTION_FULL_NAMES:
		r->style.full_names = true;
		return true;
	case OPTION_NO_ARGS:
		r->style.no_values = true;
		return true;
	case OPTION_TIMES:
		r->style.times = true;
		return true;
	case OPTION_FOLD:
	case OPTION_NO_FOLD:
		r->style.fold = c == OPTION_FOLD;
		return true;
	case OPTION_PLAIN:
		r->style.plain = true;
		r->style.fold = false;
		return true;
	case OPTION_COLOR:
		return ct_parse_color(optarg, &r->style.colour);
	default:
		return false;
	}
}

static bool parse_options(const struct ct_command *self, int argc, char **argv, struct request *r)
{
	static const struct option longs[] = {
		{ "test", required_argument, NULL, 't' },
		{ "function", required_argument, NULL, 'f' },
		{ "depth", required_argument, NULL, 'd' },
		{ "thread", required_argument, NULL, OPTION_THREAD },
		{ "phase", required_argument, NULL, OPTION_PHASE },
		{ "no-system", no_argument, NULL, OPTION_NO_SYSTEM },
		{ "full-names", no_argument, NULL, OPTION_FULL_NAMES },
		{ "no-args", no_argument, NULL, OPTION_NO_ARGS },
		{ "times", no_argument, NULL, OPTION_TIMES },
		{ "fold", no_argument, NULL, OPTION_FOLD },
		{ "no-fold", no_argument, NULL, OPTION_NO_FOLD },
		{ "plain", no_argument, NULL, OPTION_PLAIN },
		{ "color", required_argument, NULL, OPTION_COLOR },
		{ "colour", required_argument, NULL, OPTION_COLOR },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = ct_getopt(self, argc, argv, "t:f:d:h", longs)) != -1)
		if (!take_option(r, c))
			return false;
	return true;
}

/* Durations stand where half of the terminal ends, but not too far from short names. */
static unsigned choose_column(void)
{
	struct winsize size;
	unsigned width = 100;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	return width < 72 ? 30 : width > 116 ? 66 : width * 55 / 100;
}

static void choose_style(struct ct_show_style *style)
{
	setlocale(LC_ALL, "");
	style->unicode = !style->plain && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	setlocale(LC_NUMERIC, "C");
	style->column = choose_column();
	if (style->plain)
		style->colour = false;
}

/* --- what is asked for --- */

static bool test_matches(const char *glob, const struct ct_trace_test *test)
{
	struct ct_text name = {0};
	bool matches;

	if (!test->suite)
		return false;
	ct_text_addf(&name, "%s::%s", test->suite, test->name);
	matches = ct_glob(glob, name.data) || ct_glob(glob, test->name);
	name.data[strlen(test->suite)] = '/'; /* as in Criterion's --filter */
	memmove(name.data + strlen(test->suite) + 1, name.data + strlen(test->suite) + 2,
	        strlen(test->name) + 1);
	matches = matches || ct_glob(glob, name.data);
	ct_text_deinit(&name);
	return matches;
}

static bool thread_matches(const struct request *r, const struct ct_trace_thread *threads,
                           size_t count, size_t at)
{
	bool is_row = r->thread < count;

	return r->thread == UINT64_MAX || (is_row ? at == r->thread : threads[at].tid == r->thread);
}

/* --- the header of a trace --- */

static const char *grouped(char *text, size_t size, uint64_t number)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long) number);
	size_t at = 0;

	for (int i = 0; i < n && at + 2 < size; i++) {
		if (i && (n - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

static void print_status(const struct request *r, const struct ct_trace_test *test)
{
	static const enum ct_show_colour colours[] = {
		[CT_STATUS_UNKNOWN] = CT_SHOW_YELLOW, [CT_STATUS_PASSED] = CT_SHOW_GREEN,
		[CT_STATUS_FAILED] = CT_SHOW_RED,     [CT_STATUS_SKIPPED] = CT_SHOW_YELLOW,
		[CT_STATUS_CRASHED] = CT_SHOW_RED,    [CT_STATUS_TIMED_OUT] = CT_SHOW_RED,
	};
	const char *name = test->status == CT_STATUS_TIMED_OUT ? "timed out" : ct_status_name(test->status);
	const char *signal = test->signal ? sigabbrev_np(test->signal) : NULL;

	if (test->status != CT_STATUS_UNKNOWN)
		printf("  %s%s%s", ct_show_begin(&r->style, colours[test->status]), name,
		       ct_show_end(&r->style, colours[test->status]));
	if (signal)
		printf(" (SIG%s)", signal);
	else if (test->signal)
		printf(" (signal %d)", test->signal);
	else if (test->exit_status > 0)
		printf(" (exit status %d)", test->exit_status);
	if (test->ended && strcmp(test->ended, "returned") != 0 && strcmp(test->ended, "signal") != 0)
		printf(", left by %s", ct_shown(test->ended));
}

static void print_losses(const struct request *r, const struct ct_trace_meta *meta)
{
	const char *begin = ct_show_begin(&r->style, CT_SHOW_YELLOW);
	const char *end = ct_show_end(&r->style, CT_SHOW_YELLOW);

	if (meta->stopped)
		printf("  %srecording ended before the program did: %s%s\n", begin, ct_shown(meta->stopped), end);
	if (meta->damaged)
		printf("  %sdamaged: what made no sense or is cut off was skipped (%llu)%s\n", begin,
		       (unsigned long long) meta->damaged, end);
	if (meta->excluded)
		printf("  %llu calls are of functions that were to be left out\n", (unsigned long long) meta->excluded);
	if (meta->lost[CT_LOST_LIMIT])
		printf("  %s%llu calls are missing below, the %s ones: the trace reached its size limit%s\n", begin,
		       (unsigned long long) meta->lost[CT_LOST_LIMIT],
		       meta->keep == CT_KEEP_OLDEST ? "newest" : "oldest", end);
	for (int i = 0; i < CT_LOSSES; i++)
		if (meta->lost[i] && i != CT_LOST_LIMIT)
			printf("  %slost: %s: %llu%s\n", begin, ct_loss_name(i),
			       (unsigned long long) meta->lost[i], end);
	if (meta->cut)
		printf("  %s%llu calls were left out of this trace, which has %llu at most: the deepest, and the %s ones%s\n",
		       begin, (unsigned long long) meta->truncated,
		       (unsigned long long) meta->max_calls,
		       meta->keep == CT_KEEP_OLDEST ? "newest" : "oldest", end);
	else if (meta->truncated)
		printf("  %s%llu calls deeper than %u levels were left out of this trace%s\n", begin,
		       (unsigned long long) meta->truncated, meta->max_depth, end);
}

static void print_title(const struct request *r, const struct ct_trace_meta *meta,
                        const struct ct_trace_test *test)
{
	fputs(ct_show_begin(&r->style, CT_SHOW_BOLD), stdout);
	if (test->suite)
		printf("%s::%s", ct_shown(test->suite), ct_shown(test->name));
	else
		printf("%s", meta->executable && meta->executable[0] ? ct_shown(ct_basename(meta->executable)) : "?");
	if (test->suite && test->parameter >= 0)
		printf(" [%d]", test->parameter);
	fputs(ct_show_end(&r->style, CT_SHOW_BOLD), stdout);
}

static void print_crash(const struct request *r, struct ct_trace *trace)
{
	const struct ct_crash_style style = { .colour = r->style.colour, .unicode = r->style.unicode,
		                              .full = true, .titled = true,
		                              .no_values = r->style.no_values };

	if (ct_trace_crash(trace) && r->thread == UINT64_MAX && !r->filter.function)
		ct_print_crash(stdout, trace, &style);
}

static void print_header(struct request *r, struct ct_trace *trace)
{
	const struct ct_trace_meta *meta = ct_trace_meta(trace);
	const struct ct_trace_test *test = ct_trace_test(trace);
	const char *dot = r->style.unicode ? "\302\267" : "-";
	char number[32], duration[24];
	size_t threads;

	if (r->headers++)
		putchar('\n');
	print_title(r, meta, test);
	if (test->suite)
		print_status(r, test);
	ct_trace_threads(trace, &threads);
	printf("  %s%s call%s", ct_show_begin(&r->style, CT_SHOW_DIM),
	       grouped(number, sizeof number, meta->total_calls), meta->total_calls == 1 ? "" : "s");
	if (threads > 1)
		printf(" %s %zu threads", dot, threads);
	printf(" %s %s", dot, ct_show_duration(duration, meta->duration, r->style.unicode));
	if (test->suite && test->file)
		printf(" %s %s:%u", dot, ct_shown(ct_basename(test->file)), test->line);
	else if (!test->suite)
		printf(" %s pid %u", dot, meta->pid);
	if (meta->parent_trace)
		printf(" %s from %s", dot, ct_shown(meta->parent_trace));
	printf("%s\n", ct_show_end(&r->style, CT_SHOW_DIM));
	print_losses(r, meta);
	print_crash(r, trace);
}

static void print_thread(const struct request *r, const struct ct_trace_thread *thread)
{
	printf("%sthread %u%s%s:%s\n", ct_show_begin(&r->style, CT_SHOW_DIM), thread->tid,
	       thread->name ? " " : "", thread->name ? ct_shown(thread->name) : "",
	       ct_show_end(&r->style, CT_SHOW_DIM));
}

/* --- a trace --- */

static void show_trace(struct request *r, struct ct_trace *trace)
{
	const struct ct_trace_thread *threads;
	size_t count;

	threads = ct_trace_threads(trace, &count);
	if (!r->style.plain)
		print_header(r, trace);
	for (size_t i = 0; i < count; i++) {
		struct ct_error err;
		uint64_t shown = 0;

		if (!thread_matches(r, threads, count, i))
			continue;
		r->thread_found = true;
		if (count > 1 && !r->style.plain)
			print_thread(r, &threads[i]);
		if (!ct_show_thread(trace, (uint32_t) i, &r->style, &r->filter, stdout, &shown, &err)) {
			ct_complain_error(&err);
			r->failed++;
		}
		r->shown += shown;
	}
}

static void show_path(struct request *r, const char *path)
{
	struct ct_trace *trace;
	struct ct_error err;

	if (!ct_trace_open(path, NULL, &trace, &err)) {
		ct_complain_error(&err);
		r->failed++;
		return;
	}
	if (ct_trace_session(trace)) {
		const char *name = ct_basename(path);
		struct ct_text directory = {0};

		ct_text_add_n(&directory, path, (size_t)(name - path));
		ct_results_apply(directory.length ? directory.data : ".", &trace, 1);
		ct_text_deinit(&directory);
	}
	if (!r->test || test_matches(r->test, ct_trace_test(trace)))
		show_trace(r, trace);
	ct_trace_close(trace);
}

static int finish(const struct request *r)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (errno == EPIPE)
			return CT_EXIT_OK;
		return ct_complain("standard output: cannot write it: %s", strerror(errno));
	}
	if (r->failed)
		return CT_EXIT_FAILED;
	if (r->test && !r->headers && !r->shown) {
		ct_complain("show: no test matches '%s'", r->test);
		return CT_EXIT_NO;
	}
	if (r->thread != UINT64_MAX && !r->thread_found) {
		ct_complain("show: no thread %llu", (unsigned long long) r->thread);
		return CT_EXIT_NO;
	}
	if (r->filter.function && !r->shown) {
		ct_complain("show: no call of a function that matches '%s'", r->filter.function);
		return CT_EXIT_NO;
	}
	return CT_EXIT_OK;
}

static int run(const struct ct_command *self, int argc, char **argv)
{
	struct request r = { .style = { .fold = true, .colour = ct_use_colour(STDOUT_FILENO) },
		             .filter = { .depth = UINT32_MAX, .phase = UINT32_MAX },
		             .thread = UINT64_MAX };

	if (!parse_options(self, argc, argv, &r))
		return CT_EXIT_FAILED;
	if (optind == argc)
		return ct_complain("show: no trace given; see 'calltrace show --help'");
	choose_style(&r.style);
	for (int i = optind; i < argc; i++) {
		struct ct_error err;

		if (!ct_paths_add(&r.paths, argv[i], &err)) {
			ct_complain_error(&err);
			r.failed++;
		}
	}
	for (size_t i = 0; i < r.paths.count && !ferror(stdout); i++)
		show_path(&r, r.paths.items[i]);
	ct_paths_deinit(&r.paths);
	return finish(&r);
}

const struct ct_command ct_cmd_show = {
	.name = "show",
	.summary = "print traces as trees",
	.help = help,
	.run = run,
};
