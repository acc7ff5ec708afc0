/* report.c - `calltrace report`: many traces, one coverage. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "report/query.h"
#include "report/report.h"

enum {
	OPTION_TEXT = 256, /* OPTION_TEXT + n is the nth row of ct_outputs */
	OPTION_JSON,
	OPTION_LCOV,
	OPTION_UNCOVERED,
	OPTION_WITH_TESTS,
	OPTION_INCLUDE,
	OPTION_EXCLUDE,
	OPTION_TESTS_OF,
	OPTION_FUNCTION,
	OPTION_PER_TEST,
	OPTION_ROOT,
	OPTION_BINARY,
	OPTION_LCOV_CALLS,
	OPTION_UNDER, /* + 0 functions, 1 pairs, 2 sites */
	OPTION_UNDER_PAIRS,
	OPTION_UNDER_SITES,
};

enum { GATES = 3, OUTPUTS = 3, DEFAULT_UNCOVERED = 20 };

struct request {
	const struct ct_output *format;
	const char *path;           /* of `format` */
	const char *extra[OUTPUTS]; /* files of further outputs, by row of ct_outputs */
	const char *tests_of, *function;
	double gates[GATES]; /* percent; negative: none */
	struct ct_output_options output;
	struct ct_merge_options merge;
	struct ct_paths binaries, includes, excludes, traces;
	size_t failed;
};

static bool parse_percent(const char *option, const char *text, double *out)
{
	char *end;
	double value = strtod(text, &end);

	/* Written so that a NaN fails, too. */
	if (end == text || *end || !(value >= 0 && value <= 100)) {
		ct_complain("%s: '%s' is not a percentage from 0 to 100", option, text);
		return false;
	}
	*out = value;
	return true;
}

static bool parse_format(struct request *r, const char *name)
{
	r->format = ct_output_find(name);
	if (r->format)
		return true;
	ct_complain("--format: '%s' is not one of text, json, lcov", name);
	return false;
}

static bool parse_lcov_calls(struct request *r, const char *name)
{
	static const char *const names[] = { "branch", "all", "none" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0) {
			r->output.lcov_calls = (enum ct_lcov_calls) i;
			return true;
		}
	ct_complain("--lcov-calls: '%s' is not one of branch, all, none", name);
	return false;
}

static bool parse_uncovered(struct request *r, const char *text)
{
	uint64_t value = UINT32_MAX;

	if (text && !ct_parse_number("--uncovered", text, 0, UINT32_MAX, &value))
		return false;
	r->output.uncovered = (uint32_t) value;
	r->output.everything = true;
	return true;
}

static bool parse_option(struct request *r, int c)
{
	static const char *const gates[] = { "--fail-under-functions", "--fail-under-pairs",
		                             "--fail-under-sites" };

	switch (c) {
	case 'f':
		return parse_format(r, optarg);
	case 'o':
		r->path = optarg;
		return true;
	case OPTION_TEXT:
	case OPTION_JSON:
	case OPTION_LCOV:
		r->extra[c - OPTION_TEXT] = optarg;
		return true;
	case OPTION_UNCOVERED:
		return parse_uncovered(r, optarg);
	case OPTION_WITH_TESTS:
		r->merge.with_tests = true;
		return true;
	case OPTION_INCLUDE:
		ct_paths_push(&r->includes, optarg);
		return true;
	case OPTION_EXCLUDE:
		ct_paths_push(&r->excludes, optarg);
		return true;
	case OPTION_TESTS_OF:
		r->tests_of = optarg;
		return true;
	case OPTION_FUNCTION:
		r->function = optarg;
		return true;
	case OPTION_PER_TEST:
		r->output.per_test = true;
		return true;
	case OPTION_ROOT:
		r->merge.root = optarg;
		return true;
	case OPTION_BINARY:
		ct_paths_push(&r->binaries, optarg);
		return true;
	case OPTION_LCOV_CALLS:
		return parse_lcov_calls(r, optarg);
	case OPTION_UNDER:
	case OPTION_UNDER_PAIRS:
	case OPTION_UNDER_SITES:
		return parse_percent(gates[c - OPTION_UNDER], optarg,
		                     &r->gates[c - OPTION_UNDER]);
	default:
		return false;
	}
}

static bool parse_options(const struct ct_command *self, int argc, char **argv, struct request *r)
{
	static const struct option longs[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ "text", required_argument, NULL, OPTION_TEXT },
		{ "json", required_argument, NULL, OPTION_JSON },
		{ "lcov", required_argument, NULL, OPTION_LCOV },
		{ "uncovered", optional_argument, NULL, OPTION_UNCOVERED },
		{ "with-tests", no_argument, NULL, OPTION_WITH_TESTS },
		{ "include", required_argument, NULL, OPTION_INCLUDE },
		{ "exclude", required_argument, NULL, OPTION_EXCLUDE },
		{ "tests-of", required_argument, NULL, OPTION_TESTS_OF },
		{ "function", required_argument, NULL, OPTION_FUNCTION },
		{ "per-test", no_argument, NULL, OPTION_PER_TEST },
		{ "root", required_argument, NULL, OPTION_ROOT },
		{ "binary", required_argument, NULL, OPTION_BINARY },
		{ "lcov-calls", required_argument, NULL, OPTION_LCOV_CALLS },
		{ "fail-under-functions", required_argument, NULL, OPTION_UNDER },
		{ "fail-under-pairs", required_argument, NULL, OPTION_UNDER_PAIRS },
		{ "fail-under-sites", required_argument, NULL, OPTION_UNDER_SITES },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = ct_getopt(self, argc, argv, "+f:o:h", longs)) != -1)
		if (!parse_option(r, c))
			return false;
	if (r->tests_of && r->function) {
		ct_complain("report: --tests-of and --function are two questions; ask one at a time");
		return false;
	}
	if (optind == argc && r->binaries.count == 0) {
		ct_complain("report: no traces given; name trace files or the directory they are "
		            "in");
		return false;
	}
	return true;
}

static bool find_traces(struct request *r, char **names)
{
	struct ct_error err;

	for (; *names; names++)
		if (!ct_paths_add(&r->traces, *names, &err)) {
			if ((*names)[0] == '-')
				ct_complain("%s: no such file; options go before the traces", *names);
			else
				ct_complain_error(&err);
			r->failed++;
		}
	return r->traces.count > 0 || r->binaries.count > 0;
}

struct watch {
	struct ct_progress progress;
};

static void on_progress(size_t done, void *user)
{
	ct_progress_at(&((struct watch *) user)->progress, done);
}

static void on_failure(const struct ct_error *err, void *user)
{
	ct_progress_end(&((struct watch *) user)->progress);
	ct_complain_error(err);
}

static struct ct_coverage *load(struct request *r)
{
	struct ct_merge *merge = ct_merge_new(&ct_index_cache);
	struct watch user;
	struct ct_load_watch watch = { on_progress, on_failure, &user };
	size_t bad = 0;

	for (size_t i = 0; i < r->binaries.count; i++) {
		struct ct_error err;

		if (!ct_merge_binary(merge, r->binaries.items[i], &err)) {
			ct_complain_error(&err);
			bad++;
		}
	}
	ct_progress_begin(&user.progress, "reading traces", r->traces.count);
	bad += ct_report_load(merge, r->traces.items, r->traces.count, &watch);
	ct_progress_end(&user.progress);
	r->failed += bad;
	if (bad == r->traces.count + r->binaries.count) {
		ct_merge_free(merge);
		return NULL;
	}
	return ct_merge_finish(merge, &r->merge);
}

static void look_at_terminal(const char *path, struct ct_output_options *options)
{
	struct winsize size;

	options->width = 80;
	options->fit = strcmp(path, "-") == 0 && isatty(STDOUT_FILENO);
	options->colour = options->fit && ct_use_colour(STDOUT_FILENO);
	if (options->fit && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 60)
		options->width = size.ws_col < 120 ? size.ws_col : 120;
}

/* A tracefile has room only for what has a source file. */
static void warn_of_sourceless(const struct ct_coverage *model, const struct ct_output *output)
{
	if (output->write != ct_out_lcov)
		return;
	for (uint32_t i = 0; i < model->file_count; i++) {
		const struct ct_totals *t = &model->files[i].totals;

		if (!model->files[i].name[0] && (t->functions.total || t->sites.total))
			ct_warn("%llu functions and %llu call sites have no source file and are "
			        "not in the tracefile",
			        (unsigned long long) t->functions.total,
			        (unsigned long long) t->sites.total);
	}
}

static bool write_output(struct request *r, const struct ct_coverage *model,
                         const struct ct_output *output, const char *path, bool *found)
{
	struct ct_output_file file;
	struct ct_error err;

	if (!ct_output_open(&file, path, 0666, &err)) {
		ct_complain_error(&err);
		return false;
	}
	look_at_terminal(path, &r->output);
	if (found && r->tests_of)
		*found = ct_query_tests(model, r->tests_of, output->write == ct_out_json,
		                        &r->output, file.file) > 0;
	else if (found && r->function)
		*found = ct_query_function(model, r->function, &r->output, file.file) > 0;
	else
		output->write(model, &r->output, file.file);
	if (!ct_output_finish(&file, &err)) {
		ct_complain_error(&err);
		return false;
	}
	warn_of_sourceless(model, output);
	return true;
}

static bool write_outputs(struct request *r, const struct ct_coverage *model, bool *found)
{
	bool ok = write_output(r, model, r->format, r->path, found);

	for (size_t i = 0; i < OUTPUTS; i++)
		if (r->extra[i] && !write_output(r, model, &ct_outputs[i], r->extra[i], NULL))
			ok = false;
	return ok;
}

static bool pass_gates(const struct request *r, const struct ct_coverage *model)
{
	const struct {
		const char *name;
		struct ct_count count;
	} gates[GATES] = {
		{ "functions", model->totals.functions },
		{ "call pairs", model->totals.pairs },
		{ "call sites", model->totals.sites },
	};
	bool ok = true;

	for (size_t i = 0; i < GATES; i++) {
		struct ct_count count = gates[i].count;

		if (r->gates[i] < 0
		    || (count.total
		        && (double) count.covered * 100 >= r->gates[i] * (double) count.total))
			continue;
		ok = false;
		if (count.total)
			ct_complain("%s: %s covered (%llu of %llu), at least %g%% wanted",
			            gates[i].name, ct_percent(count).text,
			            (unsigned long long) count.covered,
			            (unsigned long long) count.total, r->gates[i]);
		else
			ct_complain("%s: there are none to count, at least %g%% covered wanted",
			            gates[i].name, r->gates[i]);
	}
	return ok;
}

static int report(struct request *r, char **names)
{
	struct ct_coverage *model;
	const char *pattern = r->tests_of ? r->tests_of : r->function;
	bool found = true, ok;
	int status;

	if (!find_traces(r, names) || !ct_spares(r->path, &r->traces, "one of the traces"))
		return CT_EXIT_FAILED;
	for (size_t i = 0; i < OUTPUTS; i++)
		if (!ct_spares(r->extra[i], &r->traces, "one of the traces"))
			return CT_EXIT_FAILED;
	r->merge.include = r->includes.items;
	r->merge.include_count = r->includes.count;
	r->merge.exclude = r->excludes.items;
	r->merge.exclude_count = r->excludes.count;
	model = load(r);
	if (!model)
		return CT_EXIT_FAILED;
	ok = write_outputs(r, model, &found) && r->failed == 0;
	if (pattern && !found && ct_query_known(model, pattern) == 0)
		ct_complain("%s: no function of that name", pattern);
	status = pass_gates(r, model) && found ? CT_EXIT_OK : CT_EXIT_NO;
	ct_coverage_free(model);
	return ok ? status : CT_EXIT_FAILED;
}

static int run(const struct ct_command *self, int argc, char **argv)
{
	struct request r = { .format = ct_output_find("text"), .path = "-",
		             .gates = { -1, -1, -1 },
		             .output = { .uncovered = DEFAULT_UNCOVERED } };
	int status = CT_EXIT_FAILED;

	if (parse_options(self, argc, argv, &r))
		status = report(&r, argv + optind);
	ct_paths_deinit(&r.binaries);
	ct_paths_deinit(&r.includes);
	ct_paths_deinit(&r.excludes);
	ct_paths_deinit(&r.traces);
	return status;
}

const struct ct_command ct_cmd_report = {
	.name = "report",
	.summary = "merges traces and shows what they cover",
	.help =
		"usage: calltrace report [OPTION]... TRACE|DIRECTORY...\n"
		"\n"
		"Merges traces, JSON or raw, and shows which functions, call pairs and call\n"
		"sites of the traced binaries they cover, which not, and which tests reach what.\n"
		"\n"
		"What to write:\n"
		"  -f, --format FORMAT    text (default), json, lcov\n"
		"  -o, --output FILE      write it there instead of to standard output\n"
		"      --text FILE, --json FILE, --lcov FILE\n"
		"                         write this one, too\n"
		"      --uncovered[=N]    list all, or N, of what is not covered (default: the\n"
		"                         first 20, without calls in functions that never ran)\n"
		"      --per-test         a line for each test\n"
		"      --lcov-calls KIND  what becomes a branch: branch (call sites, default),\n"
		"                         all (indirect ones, too), none\n"
		"\n"
		"What to count:\n"
		"      --include GLOB     only code in these source files; may be repeated\n"
		"      --exclude GLOB     but not in these\n"
		"      --with-tests       code in files that define tests, too\n"
		"      --binary FILE      this binary, too, reached by a trace or not\n"
		"      --root DIR         show paths from here (default: where you are, if the\n"
		"                         code is below it, else what all have in common)\n"
		"\n"
		"What to ask:\n"
		"      --tests-of NAME    which tests reach a function (a name or a glob)\n"
		"      --function NAME    its callers, callees and tests\n"
		"      --fail-under-functions P, --fail-under-pairs P, --fail-under-sites P\n"
		"                         exit 1 if less than P percent of them are covered\n"
		"\n"
		"Exit status: 0 done; 1 a limit was missed, or no test reaches the function;\n"
		"2 a file could not be read or written (the report has the others).\n",
	.run = run,
};
