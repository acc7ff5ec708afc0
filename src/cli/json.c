/*
 * json.c - `calltrace json`: raw traces into JSON, many at once, on all cores.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/finish.h"
#include "cli/print_crash.h"
#include "trace/trace.h"

enum { OPTION_COMPACT = 256, OPTION_PRETTY, OPTION_REMOVE_RAW, OPTION_MAX_DEPTH, OPTION_MAX_CALLS,
       OPTION_FINISH };

static const char help[] =
	"usage: calltrace json [OPTION]... TRACE|DIRECTORY...\n"
	"\n"
	"Turns raw traces (.ct) into JSON. 'x.ct' becomes 'x.json' beside it, unless -o says\n"
	"otherwise. A trace that cannot be read is reported, and the others are converted.\n"
	"\n"
	"  -o, --output FILE   write to FILE; '-' is standard output. For several traces: the\n"
	"                      directory to write them into\n"
	"      --pretty        one call a line, indented (the default, unless the recorded program\n"
	"                      ran with CALLTRACE_PRETTY_JSON=false)\n"
	"      --compact       everything on one line\n"
	"      --max-depth N   leave out of the trees what is deeper; the summary counts it all the\n"
	"                      same (default: what CALLTRACE_MAX_DEPTH was)\n"
	"      --max-calls N   leave out of the trees what is beyond N calls (0: nothing), the oldest,\n"
	"                      or the newest if they were recorded with CALLTRACE_KEEP=oldest\n"
	"                      (default: what CALLTRACE_MAX_CALLS was, 10000000)\n"
	"      --remove-raw    remove each raw trace once its JSON is written whole\n"
	"  -h, --help          print this\n"
	"\n"
	"Exit status: 0 all converted, 2 something could not be.\n";

struct request {
	struct ct_json_options json;
	const char *output;
	bool remove_raw;
	uint64_t finish; /* process, or 0 */
	struct ct_paths paths;
};

struct job {
	const char *path;
	struct ct_trace *trace; /* NULL: could not be opened, or is not wanted */
	char *target;
	struct ct_text warnings; /* lines */
	struct ct_error err;
	bool failed;
};

struct batch {
	const struct request *request;
	struct job *jobs;
	size_t count;
	void (*step)(struct batch *batch, struct job *job);
	atomic_size_t next, done;
	struct ct_progress *progress;
	bool into_directory;
};

/* --- all cores --- */

static void *work(void *user)
{
	struct batch *b = user;
	size_t i;

	while ((i = atomic_fetch_add(&b->next, 1)) < b->count) {
		b->step(b, &b->jobs[i]);
		atomic_fetch_add(&b->done, 1);
	}
	return NULL;
}

static size_t cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t) CPU_COUNT(&set) : 1;
}

/* Does `step` for every job; this thread works too, and shows the progress. */
static void for_all(struct batch *b, void (*step)(struct batch *batch, struct job *job))
{
	size_t wanted = cores(), helpers = 0, i;
	pthread_t threads[64];

	b->step = step;
	atomic_store(&b->next, 0);
	atomic_store(&b->done, 0);
	wanted = wanted > b->count ? b->count : wanted;
	while (helpers + 1 < wanted && helpers < 64
	       && pthread_create(&threads[helpers], NULL, work, b) == 0)
		helpers++;
	while ((i = atomic_fetch_add(&b->next, 1)) < b->count) {
		step(b, &b->jobs[i]);
		ct_progress_at(b->progress, atomic_fetch_add(&b->done, 1) + 1);
	}
	while (helpers > 0)
		pthread_join(threads[--helpers], NULL);
}

/* --- reading --- */

static void open_one(struct batch *b, struct job *job)
{
	(void) b;
	if (!ct_trace_open(job->path, NULL, &job->trace, &job->err)) {
		job->failed = true;
	} else if (!ct_trace_session(job->trace)) {
		job->failed = true;
		ct_fail(&job->err, CT_EUSAGE, "%s: is a JSON trace already", job->path);
		ct_trace_close(job->trace);
		job->trace = NULL;
	}
}

static char *directory_of(const char *path)
{
	size_t n = (size_t)(ct_basename(path) - path);
	struct ct_text text = {0};

	ct_text_add_n(&text, n ? path : "./", n ? n : 2);
	return text.data;
}

/* Traces in one directory belong to one run. */
static void apply_results(struct batch *b)
{
	struct ct_trace **traces = ct_calloc(b->count + 1, sizeof *traces);
	bool *seen = ct_calloc(b->count + 1, sizeof *seen);

	for (size_t i = 0; i < b->count; i++) {
		ct_auto_free char *directory = seen[i] ? NULL : directory_of(b->jobs[i].path);
		size_t n = directory ? strlen(directory) : 0, count = 0;

		for (size_t j = directory ? i : b->count; j < b->count; j++) {
			const char *path = b->jobs[j].path;

			if (seen[j] || !b->jobs[j].trace)
				continue;
			if (ct_basename(path) == path ? strcmp(directory, "./") != 0
			                              : strncmp(path, directory, n) != 0
			                                        || ct_basename(path) != path + n)
				continue;
			seen[j] = true;
			traces[count++] = b->jobs[j].trace;
		}
		if (count)
			ct_results_apply(directory, traces, count);
	}
	free(traces);
	free(seen);
}

/* --- naming --- */

static bool is_directory(const char *path)
{
	size_t n = strlen(path);
	struct stat st;

	return (n && path[n - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

/* "dir/" + the raw trace's name with its ending changed. */
static void add_stem(struct ct_text *text, const char *path)
{
	const char *name = ct_basename(path);
	size_t n = strlen(name);

	ct_text_add_n(text, name, n > 3 && strcmp(name + n - 3, ".ct") == 0 ? n - 3 : n);
}

static void name_target(const struct batch *b, struct job *job, struct ct_map *taken)
{
	const char *output = b->request->output;
	struct ct_text text = {0};
	size_t stem;
	bool fresh;

	if (output && !b->into_directory) {
		job->target = ct_strdup(output);
		return;
	}
	if (output)
		ct_text_addf(&text, "%s%s", output, output[strlen(output) - 1] == '/' ? "" : "/");
	else
		ct_text_add_n(&text, job->path, (size_t)(ct_basename(job->path) - job->path));
	add_stem(&text, job->path);
	stem = text.length;
	for (unsigned n = 2;; n++) { /* the same name from two directories */
		ct_text_add(&text, ".json");
		ct_map_add(taken, text.data, text.length, 0, &fresh);
		if (fresh)
			break;
		text.length = stem;
		ct_text_addf(&text, "-%u", n);
	}
	job->target = text.data;
}

/* --- writing --- */

static void note_damage(struct job *job)
{
	const struct ct_trace_meta *meta = ct_trace_meta(job->trace);
	size_t count;
	const struct ct_trace_module *modules = ct_trace_modules(job->trace, &count);

	for (size_t i = 0; i < count; i++)
		if (modules[i].index_error)
			ct_text_addf(&job->warnings, "%s%s\n",
			             modules[i].indexed ? "" : "names are missing: ",
			             modules[i].index_error);
	if (meta->damaged)
		ct_text_addf(&job->warnings,
		             "%s: damaged: what made no sense or is cut off was skipped (%llu)\n",
		             job->path, (unsigned long long) meta->damaged);
	if (meta->lost[CT_LOST_LIMIT] || meta->cut)
		ct_text_addf(&job->warnings, "%s: reached its limit: %llu of %llu calls are counted but not in the trees\n",
		             job->path,
		             (unsigned long long) (meta->lost[CT_LOST_LIMIT] + (meta->cut ? meta->truncated : 0)),
		             (unsigned long long) meta->total_calls);
	if (meta->stopped)
		ct_text_addf(&job->warnings, "%s: recording ended before the program did: %s\n",
		             job->path, meta->stopped);
}

static void write_one(struct batch *b, struct job *job)
{
	if (!job->trace)
		return;
	if (!ct_trace_write_json(job->trace, &b->request->json, job->target, &job->err)) {
		job->failed = true;
	} else {
		note_damage(job);
		if (b->request->remove_raw && unlink(job->path) < 0) {
			job->failed = true;
			ct_fail(&job->err, CT_EIO, "%s: cannot remove it: %s", job->path,
			        strerror(errno));
		}
	}
	ct_trace_close(job->trace);
	job->trace = NULL;
}

/* What is missing is missing for the same reason in all traces of a binary: once is enough. */
static void say_warnings(struct ct_map *said, char *lines)
{
	while (lines && *lines) {
		size_t n = strcspn(lines, "\n");
		bool fresh;

		ct_map_add(said, lines, n, 0, &fresh);
		if (fresh)
			ct_warn("%.*s", (int) n, lines);
		lines += n + (lines[n] == '\n');
	}
}

static size_t report(struct batch *b)
{
	struct ct_map said = {0};
	size_t failed = 0;

	for (size_t i = 0; i < b->count; i++) {
		say_warnings(&said, b->jobs[i].warnings.data);
		if (b->jobs[i].failed)
			ct_complain_error(&b->jobs[i].err);
		failed += b->jobs[i].failed;
	}
	ct_map_deinit(&said);
	return failed;
}

static size_t convert(const struct request *r)
{
	struct ct_progress progress;
	struct batch b = { .request = r, .count = r->paths.count, .progress = &progress };
	struct ct_unmatched unmatched = {0};
	struct ct_map taken = {0};
	size_t failed;

	b.jobs = ct_calloc(b.count + 1, sizeof *b.jobs);
	b.into_directory = r->output && strcmp(r->output, "-") != 0 && is_directory(r->output);
	for (size_t i = 0; i < b.count; i++)
		b.jobs[i].path = r->paths.items[i];
	ct_progress_begin(&progress, "reading traces", b.count);
	for_all(&b, open_one);
	apply_results(&b);
	for (size_t i = 0; i < b.count; i++)
		if (b.jobs[i].trace) {
			name_target(&b, &b.jobs[i], &taken);
			ct_unmatched_add(&unmatched, b.jobs[i].trace);
		}
	progress.what = "writing JSON";
	for_all(&b, write_one);
	ct_progress_end(&progress);
	failed = report(&b);
	ct_unmatched_warn(&unmatched);
	ct_unmatched_deinit(&unmatched);
	for (size_t i = 0; i < b.count; i++) {
		free(b.jobs[i].target);
		ct_text_deinit(&b.jobs[i].warnings);
	}
	free(b.jobs);
	ct_map_deinit(&taken);
	return failed;
}


static bool parse_options(const struct ct_command *self, int argc, char **argv, struct request *r)
{
	static const struct option longs[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "compact", no_argument, NULL, OPTION_COMPACT },
		{ "pretty", no_argument, NULL, OPTION_PRETTY },
		{ "max-depth", required_argument, NULL, OPTION_MAX_DEPTH },
		{ "max-calls", required_argument, NULL, OPTION_MAX_CALLS },
		{ "remove-raw", no_argument, NULL, OPTION_REMOVE_RAW },
		/* What libcalltrace.so says at the end of a process; not for people. */
		{ "finish", required_argument, NULL, OPTION_FINISH },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	uint64_t number;
	int c;

	while ((c = ct_getopt(self, argc, argv, "o:h", longs)) != -1) {
		switch (c) {
		case 'o':
			r->output = optarg;
			break;
		case OPTION_COMPACT:
			r->json.pretty = 0;
			break;
		case OPTION_PRETTY:
			r->json.pretty = 1;
			break;
		case OPTION_MAX_DEPTH:
			if (!ct_parse_number("--max-depth", optarg, 1, 1000000, &number))
				return false;
			r->json.max_depth = (uint32_t) number;
			break;
		case OPTION_MAX_CALLS:
			if (!ct_parse_number("--max-calls", optarg, 0, 1000000000, &number))
				return false;
			r->json.max_calls = (int64_t) number;
			break;
		case OPTION_REMOVE_RAW:
			r->remove_raw = true;
			break;
		case OPTION_FINISH:
			if (!ct_parse_number("--finish", optarg, 1, INT32_MAX, &r->finish))
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

static bool is_json(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".json") == 0;
}

/* A directory stands for the raw traces in it; what is JSON already needs nothing. */
static bool add_operand(struct request *r, const char *operand)
{
	struct ct_paths found = {0};
	struct ct_error err;

	if (!ct_paths_add(&found, operand, &err)) {
		ct_complain_error(&err);
		return false;
	}
	for (size_t i = 0; i < found.count; i++)
		if (strcmp(found.items[i], operand) == 0 || !is_json(found.items[i]))
			ct_paths_add(&r->paths, found.items[i], &err);
	ct_paths_deinit(&found);
	return true;
}

static bool check_output(const struct request *r)
{
	struct ct_error err;

	if (!r->output || r->paths.count < 2)
		return true;
	if (strcmp(r->output, "-") == 0) {
		ct_complain("json: -o - takes one trace, %zu were given", r->paths.count);
		return false;
	}
	if (!ct_make_directory(r->output, &err)) {
		ct_complain_error(&err);
		return false;
	}
	return true;
}

/* The end of a process without `calltrace run` above it. */
static int finish(uint64_t pid, const char *what)
{
	struct ct_finish f = { .directory = what, .pid = (uint32_t) pid,
		               .crashes = ct_wants_crashes(false),
		               .exclude = getenv("CALLTRACE_EXCLUDE"), .only = getenv("CALLTRACE_ONLY") };
	struct ct_error err;
	size_t failed;

	if (!is_directory(what))
		return ct_finish_file(what);
	if (!ct_finish(&f, &err))
		return ct_complain_error(&err);
	failed = f.failed;
	ct_unmatched_warn(&f.unmatched);
	ct_finish_deinit(&f);
	return failed ? CT_EXIT_FAILED : CT_EXIT_OK;
}

static int run(const struct ct_command *self, int argc, char **argv)
{
	struct request r = { .json = { .pretty = -1, .max_calls = -1 } };
	size_t failed = 0;

	if (!parse_options(self, argc, argv, &r))
		return CT_EXIT_FAILED;
	if (optind == argc)
		return ct_complain("json: no trace given; see 'calltrace json --help'");
	if (r.finish)
		return finish(r.finish, argv[optind]);
	for (int i = optind; i < argc; i++)
		failed += !add_operand(&r, argv[i]);
	failed += check_output(&r) ? convert(&r) : 1;
	ct_paths_deinit(&r.paths);
	return failed ? CT_EXIT_FAILED : CT_EXIT_OK;
}

const struct ct_command ct_cmd_json = {
	.name = "json",
	.summary = "turn raw traces into JSON",
	.help = help,
	.run = run,
};
