/* check.c - `calltrace check`: expectation files against saved traces. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/check_results.h"
#include "cli/check_suggest.h"
#include "cli/cli.h"
#include "match/show.h"
#include "match/trace_calls.h"

enum { OPTION_JSON = 256, OPTION_COLOR, OPTION_SUGGEST };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_JUNIT };

static const char help[] =
	"usage: calltrace check -e FILE [OPTION]... TRACE|DIRECTORY...\n"
	"       calltrace check --suggest [OPTION]... TRACE|DIRECTORY...\n"
	"\n"
	"Holds expectation files against traces, raw (.ct) or JSON: which calls each test is to make, with\n"
	"which values, in which order. What is not met is printed with the nearest call.\n"
	"\n"
	"    test net::retry                        # suite::name, with * and ?; [n] for a parameter\n"
	"        call  open_socket(_, 80) -> $fd    # later than the one before\n"
	"        call  send_syn($fd, ...) -> -1 x3\n"
	"        not   abort_connection             # not between its neighbours\n"
	"        next  close_socket($fd)            # immediately behind, as a sibling\n"
	"        count send_syn 3..5\n"
	"        never panic\n"
	"    end\n"
	"\n"
	"  -e, --expect FILE    a file of expectations; may be given several times\n"
	"      --suggest        write a file of expectations of what did happen, to begin with\n"
	"  -f, --format FORMAT  text, json or junit\n"
	"      --json           the same as --format json\n"
	"  -o, --output FILE    write there and not to standard output\n"
	"  -v, --verbose        print what is met, too\n"
	"  -q, --quiet          print nothing; the exit status tells\n"
	"      --color WHEN     auto, always or never\n"
	"  -h, --help           print this\n"
	"\n"
	"docs/expectations.md has the whole language. Values are known if they were recorded ('calltrace run\n"
	"--args').\n"
	"\n"
	"Exit status: 0 all is met, 1 something is not, 2 a file is wrong, or a trace: also an expectation of a\n"
	"test that has no trace, or of a function that there is not.\n";

struct request {
	struct ct_paths expected, traces;
	enum format format;
	const char *output;
	bool verbose, quiet, colour, suggest;
	struct ct_expect_file *files;
	size_t file_count;
	struct ct_check_results results;
	struct ct_text tests; /* names of the traces, for what is stale */
	size_t failed;
};

/* --- options --- */

static bool parse_format(const char *name, enum format *format)
{
	static const char *const names[] = { "text", "json", "junit" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0) {
			*format = (enum format) i;
			return true;
		}
	ct_complain("--format: '%s' is not one of text, json, junit", name);
	return false;
}

static bool take_option(struct request *r, int c)
{
	switch (c) {
	case 'e': ct_paths_push(&r->expected, optarg); return true;
	case 'f': return parse_format(optarg, &r->format);
	case OPTION_JSON: r->format = FORMAT_JSON; return true;
	case 'o': r->output = optarg; return true;
	case 'v': r->verbose = true; return true;
	case 'q': r->quiet = true; return true;
	case OPTION_SUGGEST: r->suggest = true; return true;
	case OPTION_COLOR: return ct_parse_color(optarg, &r->colour);
	default: return false;
	}
}

static bool parse_options(const struct ct_command *self, int argc, char **argv, struct request *r)
{
	static const struct option longs[] = {
		{ "expect", required_argument, NULL, 'e' },
		{ "suggest", no_argument, NULL, OPTION_SUGGEST },
		{ "format", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "output", required_argument, NULL, 'o' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "color", required_argument, NULL, OPTION_COLOR },
		{ "colour", required_argument, NULL, OPTION_COLOR },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = ct_getopt(self, argc, argv, "e:f:o:vqh", longs)) != -1)
		if (!take_option(r, c))
			return false;
	if (r->suggest ? r->expected.count > 0 : r->expected.count == 0) {
		ct_complain(r->suggest ? "check: --suggest writes expectations, and -e reads them: one at a time"
		                       : "check: no expectations given: -e FILE, or --suggest to begin with some");
		return false;
	}
	if (optind == argc) {
		ct_complain("check: no traces given; name trace files or the directory they are in");
		return false;
	}
	return true;
}

/* --- files --- */

static bool read_files(struct request *r)
{
	struct ct_text problems = {0};
	bool ok = true;

	r->files = ct_calloc(r->expected.count + 1, sizeof *r->files);
	for (; r->file_count < r->expected.count; r->file_count++)
		ok = ct_expect_read(r->expected.items[r->file_count], &r->files[r->file_count], &problems) && ok;
	if (problems.length)
		fputs(problems.data, stderr);
	ct_text_deinit(&problems);
	return ok;
}

static bool find_traces(struct request *r, char **names)
{
	struct ct_error err;

	for (; *names; names++)
		if (!ct_paths_add(&r->traces, *names, &err)) {
			ct_complain_error(&err);
			r->failed++;
		}
	return r->traces.count > 0;
}

/* --- one trace --- */

static const char *test_name(struct ct_arena *arena, const struct ct_trace_test *test, const struct ct_trace_meta *meta)
{
	if (!test->suite || test->executable)
		return ct_arena_strdup(arena, meta->executable ? ct_basename(meta->executable) : "?");
	if (test->parameter >= 0)
		return ct_arena_printf(arena, "%s::%s[%d]", test->suite, test->name, test->parameter);
	return ct_arena_printf(arena, "%s::%s", test->suite, test->name);
}

/* How the process came to an end that it had not meant; NULL: it had. */
static const char *cut_short(struct ct_arena *arena, const struct ct_trace_test *test)
{
	const char *signal = test->signal ? sigabbrev_np(test->signal) : NULL;
	bool own = !test->executable; /* else the status is of the test that started the program */

	if (own && test->status == CT_STATUS_TIMED_OUT)
		return "timed out";
	if (!(own && test->status == CT_STATUS_CRASHED) && !test->signal)
		return test->ended && strcmp(test->ended, "killed") == 0 ? "killed" : NULL;
	if (signal)
		return ct_arena_printf(arena, "SIG%s", signal);
	return test->signal ? ct_arena_printf(arena, "signal %d", test->signal) : "crashed";
}

/* The one that is held against a trace just now. */
struct checking {
	struct request *r;
	const struct ct_expect_file *file;
	const char *test, *trace, *cut;
};

/* Whatever is in a file, what is printed of it moves no cursor, and is UTF-8. */
static const char *visible(struct ct_arena *arena, const char *text)
{
	static const struct ct_style style = { .plain = false };
	struct ct_text shown = {0};
	const char *result;

	ct_text_show_name(text, &style, &shown);
	result = ct_arena_strndup(arena, shown.data ? shown.data : "", shown.length);
	ct_text_deinit(&shown);
	return result;
}

/* Without a comment behind it: a '#' within quotes is none. */
static const char *first_line(struct ct_arena *arena, const char *text)
{
	size_t end = 0;
	char quote = 0;

	for (; text[end] && text[end] != '\n' && !(text[end] == '#' && !quote); end++) {
		if (quote && text[end] == '\\' && text[end + 1])
			end++;
		else if (quote ? text[end] == quote : text[end] == '"' || text[end] == '\'')
			quote = quote ? 0 : text[end];
	}
	while (end && (text[end - 1] == ' ' || text[end - 1] == '\t'))
		end--;
	return visible(arena, ct_arena_strndup(arena, text, end));
}

static void on_result(const struct ct_expect_result *found, void *user)
{
	static const enum ct_check_status statuses[] = {
		[CT_VERDICT_MET] = CT_CHECK_MET, [CT_VERDICT_UNMET] = CT_CHECK_UNMET,
		[CT_VERDICT_INCONCLUSIVE] = CT_CHECK_INCONCLUSIVE, [CT_VERDICT_ERROR] = CT_CHECK_ERROR };
	const struct checking *c = user;
	struct ct_arena *arena = &c->r->results.arena;
	const struct ct_text *message = &found->verdict.message;
	struct ct_check_result result = {
		.file = c->file->path, .line = found->line, .statement = first_line(arena, found->statement->text),
		.test = c->test, .trace = c->trace, .cut = c->cut,
		.thread = found->thread ? ct_arena_strdup(arena, found->thread) : NULL,
		.status = found->skipped ? CT_CHECK_SKIPPED : statuses[found->verdict.kind],
		.message = message->length ? ct_arena_strdup(arena, message->data) : "",
	};

	ct_check_add(&c->r->results, &result);
}

static bool is_selected(const struct ct_expect_block *block, struct ct_trace *trace)
{
	const struct ct_trace_test *test = ct_trace_test(trace);
	const struct ct_trace_meta *meta = ct_trace_meta(trace);

	if (!test->suite && meta->role == CT_ROLE_RUNNER)
		return false;
	if (test->executable) /* a program that the test started */
		return ct_expect_selects(block, NULL, NULL, -1, meta->executable ? meta->executable : "");
	return ct_expect_selects(block, test->suite, test->name, test->parameter, meta->executable ? meta->executable : "");
}

static bool is_wanted(const struct request *r, struct ct_trace *trace)
{
	for (size_t i = 0; i < r->file_count; i++)
		for (size_t j = 0; j < r->files[i].block_count; j++)
			if (is_selected(&r->files[i].blocks[j], trace))
				return true;
	return false;
}

/* Whether a function is named anywhere: then messages may show its values. */
struct naming {
	const struct ct_calls_function *function;
	bool found;
};

static void compare_name(const struct ct_pattern *p, void *user)
{
	struct naming *naming = user;

	naming->found |= ct_name_matches(p->name, naming->function);
	if (p->from)
		compare_name(p->from, user);
	if (p->within)
		compare_name(p->within, user);
}

static bool is_named(const struct ct_calls_function *function, void *user)
{
	const struct request *r = user;
	struct naming naming = { function, false };

	for (size_t i = 0; i < r->file_count && !naming.found; i++)
		ct_expect_patterns(&r->files[i], compare_name, &naming);
	return naming.found;
}

static void run_blocks(struct request *r, const char *path, struct ct_trace *trace, struct ct_calls *calls)
{
	static const struct ct_style style = { .addresses = true };
	struct ct_arena *arena = &r->results.arena;
	struct checking c = { .r = r, .test = test_name(arena, ct_trace_test(trace), ct_trace_meta(trace)),
		              .trace = ct_arena_strdup(arena, path), .cut = cut_short(arena, ct_trace_test(trace)) };

	r->results.traces++;
	r->results.cut += c.cut != NULL;
	for (size_t i = 0; i < r->file_count; i++)
		for (size_t j = 0; j < r->files[i].block_count; j++) {
			struct ct_expect_block *block = &r->files[i].blocks[j];

			if (!is_selected(block, trace))
				continue;
			c.file = &r->files[i];
			block->traces++;
			ct_expect_run(block, calls, &style, on_result, &c);
		}
}

static bool open_trace(const char *path, bool summary_only, struct ct_trace **trace, struct ct_error *err)
{
	struct ct_trace_options options = { .summary_only = summary_only };
	struct ct_text directory = {0};

	if (!ct_trace_open(path, &options, trace, err))
		return false;
	if (ct_trace_session(*trace)) {
		ct_text_add_n(&directory, path, (size_t) (ct_basename(path) - path));
		ct_results_apply(directory.length ? directory.data : ".", trace, 1);
		ct_text_deinit(&directory);
	}
	return true;
}

/* "only F" names those whose calls are not told of. */
static bool tells_of_others(const struct request *r, struct ct_trace *trace)
{
	for (size_t i = 0; i < r->file_count; i++)
		for (size_t j = 0; j < r->files[i].block_count; j++) {
			const struct ct_expect_block *block = &r->files[i].blocks[j];

			for (size_t k = 0; k < block->statement_count; k++)
				if (block->statements[k].kind == CT_EXPECT_ONLY && is_selected(block, trace))
					return true;
		}
	return false;
}

static bool check_calls(struct request *r, const char *path, struct ct_error *err)
{
	struct ct_trace_calls_options options = { .wanted = is_named, .user = r };
	struct ct_trace_calls *tc;
	struct ct_trace *trace;

	if (!open_trace(path, false, &trace, err))
		return false;
	if (tells_of_others(r, trace))
		options.wanted = NULL;
	tc = ct_trace_calls_new(trace, &options, err);
	if (tc)
		run_blocks(r, path, trace, ct_trace_calls_get(tc));
	ct_trace_calls_free(tc);
	ct_trace_close(trace);
	return tc != NULL;
}

/* Most traces of a large suite are of no interest: what they are of is looked at first. */
static void check_trace(struct request *r, const char *path)
{
	struct ct_trace *trace;
	struct ct_error err;
	bool wanted;

	if (!open_trace(path, true, &trace, &err)) {
		ct_complain_error(&err);
		r->failed++;
		return;
	}
	wanted = is_wanted(r, trace);
	if (ct_trace_meta(trace)->role != CT_ROLE_RUNNER || ct_trace_test(trace)->suite) {
		struct ct_arena arena = {0};

		ct_text_addf(&r->tests, "%s%s", r->tests.length ? "\n" : "",
		             test_name(&arena, ct_trace_test(trace), ct_trace_meta(trace)));
		ct_arena_deinit(&arena);
		r->results.other_traces += !wanted;
	}
	ct_trace_close(trace);
	if (wanted && !check_calls(r, path, &err)) {
		ct_complain_error(&err);
		r->failed++;
	}
}

/* --- what is stale --- */

/* The first few traces there are. */
static const char *some_tests(struct request *r)
{
	struct ct_text text = {0};
	const char *at = r->tests.data ? r->tests.data : "", *result;
	size_t count = 0;

	for (; *at && count < 6; count++) {
		size_t n = strcspn(at, "\n");

		ct_text_add(&text, count ? ", " : "");
		ct_text_add_n(&text, at, n);
		at += n + (at[n] == '\n');
	}
	if (*at)
		ct_text_add(&text, ", ...");
	result = ct_arena_strdup(&r->results.arena, text.data ? text.data : "");
	ct_text_deinit(&text);
	return result;
}

static void find_stale(struct request *r)
{
	for (size_t i = 0; i < r->file_count; i++)
		for (size_t j = 0; j < r->files[i].block_count; j++) {
			const struct ct_expect_block *block = &r->files[i].blocks[j];

			if (!block->traces && !block->optional)
				ct_check_add_stale(&r->results,
				                   &(struct ct_check_stale){ r->files[i].path, block->line,
				                                             visible(&r->results.arena, block->title),
				                                             some_tests(r), block->is_program });
		}
}

/* --- the end --- */

/* What people write by hand, and what took a run to get, is not written over. */
static bool spares_files(const struct request *r)
{
	struct stat st;

	if (r->suggest && r->output && stat(r->output, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		ct_complain("%s: is there already, and suggestions do not replace it; give another name", r->output);
		return false;
	}
	return ct_spares(r->output, &r->expected, "one of the files of expectations")
	       && ct_spares(r->output, &r->traces, "one of the traces");
}

static bool write_output(struct request *r)
{
	struct ct_output_file file;
	struct ct_error err;

	if (r->quiet)
		return true;
	if (!ct_output_open(&file, r->output ? r->output : "-", 0666, &err)) {
		ct_complain_error(&err);
		return false;
	}
	if (r->format == FORMAT_JSON)
		ct_check_json(&r->results, file.file);
	else if (r->format == FORMAT_JUNIT)
		ct_check_junit(&r->results, file.file);
	else
		ct_check_text(&r->results, r->verbose, r->colour && !r->output, file.file);
	if (!ct_output_finish(&file, &err)) {
		ct_complain_error(&err);
		return false;
	}
	return true;
}

static int check(struct request *r)
{
	struct ct_progress progress;

	ct_progress_begin(&progress, "checking", r->traces.count);
	for (size_t i = 0; i < r->traces.count; i++) {
		ct_progress_at(&progress, i);
		check_trace(r, r->traces.items[i]);
	}
	ct_progress_end(&progress);
	find_stale(r);
	if (!write_output(r) || r->failed || r->results.stale_count || r->results.counts[CT_CHECK_ERROR])
		return CT_EXIT_FAILED;
	return r->results.counts[CT_CHECK_UNMET] || r->results.counts[CT_CHECK_INCONCLUSIVE] ? CT_EXIT_NO : CT_EXIT_OK;
}

static int suggest(struct request *r)
{
	struct ct_output_file file;
	struct ct_error err;
	size_t failed = r->failed;

	if (!ct_output_open(&file, r->output ? r->output : "-", 0666, &err))
		return ct_complain_error(&err);
	for (size_t i = 0; i < r->traces.count; i++) {
		struct ct_trace *trace;

		if (!open_trace(r->traces.items[i], false, &trace, &err)) {
			ct_complain_error(&err);
			failed++;
			continue;
		}
		if (!ct_suggest(trace, file.file, &err)) {
			ct_complain_error(&err);
			failed++;
		}
		ct_trace_close(trace);
	}
	if (!ct_output_finish(&file, &err))
		return ct_complain_error(&err);
	return failed ? CT_EXIT_FAILED : CT_EXIT_OK;
}

static int run(const struct ct_command *self, int argc, char **argv)
{
	struct request r = { .colour = ct_use_colour(STDOUT_FILENO) };
	int status = CT_EXIT_FAILED;

	if (parse_options(self, argc, argv, &r) && read_files(&r) && find_traces(&r, argv + optind) && spares_files(&r))
		status = r.suggest ? suggest(&r) : check(&r);
	for (size_t i = 0; i < r.file_count; i++)
		ct_expect_deinit(&r.files[i]);
	free(r.files);
	ct_paths_deinit(&r.expected);
	ct_paths_deinit(&r.traces);
	ct_check_results_deinit(&r.results);
	ct_text_deinit(&r.tests);
	return status;
}

const struct ct_command ct_cmd_check = {
	.name = "check",
	.summary = "hold expectation files against traces",
	.help = help,
	.run = run,
};
