/*
 * results.c - Criterion's verdict on each test of a run, from what its process wrote of
 * itself (the session) and what the runner saw of its end (the results file).
 *
 * The rules are Criterion's own (2.4: src/core/client.c, stats.c), state by state: its
 * CS_SETUP is our STARTUP and SETUP, CS_MAIN is BODY, CS_TEARDOWN is TEARDOWN, CS_END is
 * SHUTDOWN. The verdict falls when the body is left; what comes later changes nothing,
 * but for a timeout in the tear-down.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/map.h"
#include "base/text.h"
#include "trace/internal.h"

struct line {
	uint32_t pid, ordinal;
	int status;
};

/* A test's process, of those given or only found beside them. */
struct worker {
	struct ct_session session; /* of a found one, only what ranks need */
	struct ct_trace *trace;    /* NULL: only found */
	const struct line *line;
};

struct results {
	const char *directory;
	struct line *lines;
	size_t line_count;
	struct worker **workers;
	size_t worker_count;
	bool has_file;
};

/* --- the runner's files --- */

static char *path_in(const char *directory, const char *name)
{
	struct ct_text path = {0};
	size_t n = strlen(directory);

	ct_text_addf(&path, "%s%s%s", directory, n && directory[n - 1] != '/' ? "/" : "", name);
	return path.data;
}

static FILE *open_in(const char *directory, const char *name)
{
	ct_auto_free char *path = path_in(directory, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fdopen(fd, "r");
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void read_results(struct results *r)
{
	ct_auto_file file = open_in(r->directory, CT_RESULTS_NAME);
	struct line line = {0};
	char text[128];

	r->has_file = file != NULL;
	while (file && fgets(text, sizeof text, file)) {
		/* A line that is cut short has no newline: its writer died in it. */
		if (!strchr(text, '\n')
		    || sscanf(text, "%u %u %d", &line.pid, &line.ordinal, &line.status) != 3)
			continue;
		r->lines = ct_realloc(r->lines, (r->line_count + 1) * sizeof *r->lines);
		r->lines[r->line_count++] = line;
	}
}

static size_t test_key(char *key, size_t size, const char *suite, const char *test)
{
	int n = snprintf(key, size, "%s\t%s", suite, test);

	return n > 0 && (size_t) n < size ? (size_t) n : 0;
}

/* The source files of the tests, as the runner knows them. */
static void read_files(struct results *r)
{
	ct_auto_file file = open_in(r->directory, CT_TESTS_NAME);
	char text[CT_PATH_SIZE + 3 * CT_NAME_SIZE];
	struct ct_map wanted = {0};

	if (!file)
		return;
	for (size_t i = 0; i < r->worker_count; i++) {
		const struct ct_session *s = &r->workers[i]->session;
		char key[2 * CT_NAME_SIZE + 2];
		size_t n = test_key(key, sizeof key, s->suite, s->test);
		uint32_t at;

		/* Workers of one test are chained through their rank in the list. */
		if (n && !ct_map_find(&wanted, key, n, &at))
			ct_map_add(&wanted, key, n, (uint32_t) i, NULL);
	}
	while (fgets(text, sizeof text, file)) {
		char *suite = strchr(text, '\t');
		char *test = suite ? strchr(suite + 1, '\t') : NULL;
		char *path = test ? strchr(test + 1, '\t') : NULL;
		uint32_t first;

		if (!path || !strchr(path, '\n')
		    || !ct_map_find(&wanted, suite + 1, (size_t)(path - suite - 1), &first))
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		for (size_t i = first; i < r->worker_count; i++) {
			struct ct_trace *trace = r->workers[i]->trace;

			if (trace && !trace->test.file && path[0]
			    && strcmp(r->workers[i]->session.suite, r->workers[first]->session.suite) == 0
			    && strcmp(r->workers[i]->session.test, r->workers[first]->session.test) == 0)
				trace->test.file = ct_arena_strdup(&trace->arena, path);
		}
	}
	ct_map_deinit(&wanted);
}

/* --- parameters --- */

static int by_test(const void *a, const void *b)
{
	const struct worker *x = *(struct worker *const *) a, *y = *(struct worker *const *) b;
	int order;

	order = strcmp(x->session.run, y->session.run);
	if (!order && x->session.ppid != y->session.ppid)
		order = x->session.ppid < y->session.ppid ? -1 : 1;
	if (!order)
		order = strcmp(x->session.suite, y->session.suite);
	if (!order)
		order = strcmp(x->session.test, y->session.test);
	if (!order && x->session.ordinal != y->session.ordinal)
		order = x->session.ordinal < y->session.ordinal ? -1 : 1;
	return order;
}

static bool same_test(const struct ct_session *a, const struct ct_session *b)
{
	return a->ppid == b->ppid && strcmp(a->run, b->run) == 0
	       && strcmp(a->suite, b->suite) == 0 && strcmp(a->test, b->test) == 0;
}

/* The rank of its ordinal among the processes of one test. */
static void rank_parameters(struct results *r)
{
	int32_t rank = 0;

	for (size_t i = 0; i < r->worker_count; i++) {
		const struct ct_session *s = &r->workers[i]->session;
		const struct ct_session *before = i ? &r->workers[i - 1]->session : NULL;

		if (!before || !same_test(before, s))
			rank = 0;
		else if (before->ordinal != s->ordinal)
			rank++;
		if (r->workers[i]->trace && s->parameterized && s->ordinal)
			r->workers[i]->trace->test.parameter = rank;
	}
}

/* --- verdicts --- */

static bool is_signalled(const struct line *line)
{
	return line && WIFSIGNALED(line->status);
}

/* Assertions that failed before the body was left: later ones do not count. */
static uint32_t failures(struct ct_trace *trace)
{
	struct ct_raw *raw = trace->raw;
	uint64_t all = (uint64_t) raw->session.failures + raw->session.fatal_failures;

	if (all && raw->session.phase >= CT_PHASE_TEARDOWN) {
		ct_raw_need_look(trace);
		all -= all < raw->late_failures ? all : raw->late_failures;
	}
	return all > 0;
}

static enum ct_status verdict(struct ct_trace *trace, const struct line *line)
{
	const struct ct_session *s = &trace->raw->session;
	bool failed = failures(trace) > 0;
	int code = line && WIFEXITED(line->status) ? WEXITSTATUS(line->status)
	                                           : WEXITSTATUS(s->exit_status);

	if (s->ended == CT_ENDED_EXCEPTION)
		return CT_STATUS_FAILED;
	if (is_signalled(line) && WTERMSIG(line->status) == SIGPROF && s->timeout > 0
	    && s->phase < CT_PHASE_SHUTDOWN)
		return CT_STATUS_TIMED_OUT;
	failed |= is_signalled(line) && s->phase == CT_PHASE_BODY
	                  ? WTERMSIG(line->status) != s->expected_signal
	                  : s->expected_signal != 0;
	if (s->ended == CT_ENDED_SKIP)
		return failed || s->expected_exit ? CT_STATUS_FAILED : CT_STATUS_SKIPPED;
	if (s->phase >= CT_PHASE_TEARDOWN)
		return failed || s->expected_exit ? CT_STATUS_FAILED : CT_STATUS_PASSED;
	if (!line && !(s->closed && s->exit_known))
		return CT_STATUS_UNKNOWN;
	if (s->phase < CT_PHASE_BODY)
		return CT_STATUS_CRASHED;
	if (!is_signalled(line))
		return failed || code != s->expected_exit ? CT_STATUS_FAILED : CT_STATUS_PASSED;
	if (!s->expected_signal)
		return CT_STATUS_CRASHED;
	return failed || s->expected_exit ? CT_STATUS_FAILED : CT_STATUS_PASSED;
}

static void judge(const struct results *r, struct worker *w)
{
	struct ct_trace_test *test = &w->trace->test;
	const struct ct_session *s = &w->session;

	test->status = verdict(w->trace, w->line);
	if (w->line) {
		bool signalled = is_signalled(w->line);

		test->signal = signalled ? WTERMSIG(w->line->status) : 0;
		test->exit_status = signalled ? -1 : WEXITSTATUS(w->line->status);
		if (!test->ended)
			test->ended = !signalled ? "exit" : test->signal == SIGKILL ? "killed" : "signal";
	} else if (!test->ended && s->exit_known) {
		test->ended = "exit";
	} else if (!test->ended && r->has_file && !s->closed) {
		test->ended = "killed"; /* nobody lived to see it */
	}
}

/* --- processes --- */

static void add_worker(struct results *r, const struct ct_session *session,
                       struct ct_trace *trace)
{
	struct worker *w = ct_calloc(1, sizeof *w);

	w->session = *session;
	w->trace = trace;
	r->workers = ct_realloc(r->workers, (r->worker_count + 1) * sizeof(struct worker *));
	r->workers[r->worker_count++] = w;
}

/* A process that a test forked is no worker: it shares the test's verdict. */
static bool is_child(const struct ct_session *s)
{
	return s->parent_pid_trace != 0;
}

static bool is_given(const char *path, struct ct_trace **traces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ct_basename(traces[i]->path), ct_basename(path)) == 0)
			return true;
	return false;
}

static void find_one(struct results *r, const char *path)
{
	struct ct_extent head;
	struct ct_session *s = ct_calloc(1, sizeof *s);
	ct_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && pread(fd, &head, sizeof head, 0) == (ssize_t) sizeof head
	    && head.magic == CT_EXTENT_MAGIC
	    && pread(fd, s, sizeof *s, sizeof head) == (ssize_t) sizeof *s
	    && memcmp(s->magic, CT_RAW_MAGIC, sizeof s->magic) == 0
	    && s->version == CT_RAW_VERSION) {
		s->suite[CT_NAME_SIZE - 1] = s->test[CT_NAME_SIZE - 1] = s->run[sizeof s->run - 1] = '\0';
		if (s->suite[0] && !is_child(s))
			add_worker(r, s, NULL);
	}
	free(s);
}

/* Ranks need all processes of a test, also those whose traces were not given. */
static void find_others(struct results *r, struct ct_trace **traces, size_t count)
{
	struct dirent *entry;
	bool needed = false;
	DIR *dir;

	for (size_t i = 0; i < r->worker_count; i++)
		needed |= r->workers[i]->session.parameterized != 0;
	dir = needed ? opendir(r->directory) : NULL;
	while (dir && (entry = readdir(dir))) {
		size_t n = strlen(entry->d_name);
		char *path;

		if (n < 4 || strcmp(entry->d_name + n - 3, ".ct") != 0
		    || is_given(entry->d_name, traces, count))
			continue;
		path = path_in(r->directory, entry->d_name);
		find_one(r, path);
		free(path);
	}
	if (dir)
		closedir(dir);
}

static int by_pid(const void *a, const void *b)
{
	const struct ct_session *x = &(*(struct worker *const *) a)->session;
	const struct ct_session *y = &(*(struct worker *const *) b)->session;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

/* A long run uses numbers of processes again: the nth end is that of the nth process. */
static void match_lines(struct results *r)
{
	qsort(r->workers, r->worker_count, sizeof *r->workers, by_pid);
	for (size_t j = 0; j < r->line_count; j++) {
		size_t low = 0, high = r->worker_count;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (r->workers[middle]->session.pid < r->lines[j].pid)
				low = middle + 1;
			else
				high = middle;
		}
		while (low < r->worker_count && r->workers[low]->session.pid == r->lines[j].pid
		       && r->workers[low]->line)
			low++;
		if (low < r->worker_count && r->workers[low]->session.pid == r->lines[j].pid)
			r->workers[low]->line = &r->lines[j];
	}
}

static void adopt(struct results *r, struct ct_trace *child)
{
	uint64_t parent = child->raw->session.parent_pid_trace;

	if (!child->test.ended && child->raw->session.exit_known)
		child->test.ended = "exit";
	for (size_t i = 0; i < r->worker_count; i++) {
		struct ct_trace *trace = r->workers[i]->trace;

		if (!trace || trace->raw->session.pid != parent
		    || strcmp(trace->raw->session.test, child->raw->session.test) != 0)
			continue;
		child->test.status = trace->test.status;
		child->test.parameter = trace->test.parameter;
		child->test.file = child->test.file ? child->test.file
		                   : trace->test.file ? ct_arena_strdup(&child->arena, trace->test.file)
		                                      : NULL;
	}
}

/* Of a process whose number was used again, the one that was there when the program began. */
static struct ct_trace *started_by(const struct results *r, const struct ct_session *s)
{
	struct ct_trace *found = NULL;

	for (size_t i = 0; i < r->worker_count; i++) {
		const struct ct_session *test = &r->workers[i]->session;

		if (r->workers[i]->trace && test->ppid == s->runner && test->ordinal == s->ordinal
		    && strcmp(test->run, s->run) == 0 && strncmp(test->boot_id, s->boot_id, sizeof s->boot_id) == 0
		    && test->begin.monotonic <= s->begin.monotonic
		    && (!found || test->begin.monotonic > found->raw->session.begin.monotonic))
			found = r->workers[i]->trace;
	}
	return found;
}

/* A program that a test started, itself or through others: it is not the test, but belongs to it. */
static void tie(struct ct_trace *program, const struct ct_trace *test)
{
	struct ct_trace_test *to = &program->test;
	struct ct_arena *arena = &program->arena;

	to->suite = ct_arena_strdup(arena, test->test.suite);
	to->name = ct_arena_strdup(arena, test->test.name ? test->test.name : "");
	to->file = test->test.file ? ct_arena_strdup(arena, test->test.file) : NULL;
	to->executable = ct_arena_strdup(arena, test->meta.executable ? test->meta.executable : "");
	to->line = test->test.line;
	to->parameter = test->test.parameter;
	to->status = test->test.status;
	if (!to->ended && program->raw->session.exit_known)
		to->ended = "exit";
}

void ct_results_apply(const char *directory, struct ct_trace **traces, size_t count)
{
	struct results r = { .directory = directory };

	for (size_t i = 0; i < count; i++)
		if (traces[i]->raw && traces[i]->test.suite && !is_child(&traces[i]->raw->session))
			add_worker(&r, &traces[i]->raw->session, traces[i]);
	if (r.worker_count) {
		read_results(&r);
		find_others(&r, traces, count);
		qsort(r.workers, r.worker_count, sizeof *r.workers, by_test);
		rank_parameters(&r);
		read_files(&r);
		match_lines(&r);
	}
	for (size_t i = 0; i < r.worker_count; i++)
		if (r.workers[i]->trace)
			judge(&r, r.workers[i]);
	for (size_t i = 0; i < count; i++)
		if (traces[i]->raw && traces[i]->test.suite && is_child(&traces[i]->raw->session))
			adopt(&r, traces[i]);
	for (size_t i = 0; i < count; i++) {
		struct ct_trace *test = traces[i]->raw && traces[i]->raw->session.runner && !traces[i]->test.suite
		                                ? started_by(&r, &traces[i]->raw->session) : NULL;

		if (test)
			tie(traces[i], test);
	}
	for (size_t i = 0; i < r.worker_count; i++)
		free(r.workers[i]);
	free(r.workers);
	free(r.lines);
}

/* --- families --- */

/*
 * Whether `a` made `b`, or `b` is what `a` became by exec(): 2. The last one that was recorded among those that made it,
 * where `b` was forked by one that was not: 1. A pid may also be another one's, used again.
 */
static int kinship(const struct ct_session *a, const struct ct_session *b)
{
	/* One that was forked, and forked `b` before it called anything itself. */
	bool sibling = a->parent_pid_trace && a->parent_pid_trace == b->parent_pid_trace;

	if (a == b || (a->begin.monotonic > b->begin.monotonic && !sibling)
	    || strncmp(a->boot_id, b->boot_id, sizeof a->boot_id) != 0)
		return 0;
	/* The clock ticks a hundred times a second: short processes may begin in one. */
	if (a->pid == b->pid)
		return !b->parent_pid_trace && !a->exit_known && a->started == b->started && a->started ? 2 : 0;
	return a->pid == b->ppid ? 2 : b->parent_pid_trace && a->pid == b->parent_pid_trace;
}

/* Of several, the last one: which is what it was made by, after an exec() or two. */
static const struct ct_trace *parent_of(struct ct_trace *const *traces, size_t count, size_t child)
{
	const struct ct_session *b = &traces[child]->raw->session;
	const struct ct_trace *found = NULL;
	int nearest = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ct_session *a = traces[i]->raw ? &traces[i]->raw->session : NULL;
		int near = a ? kinship(a, b) : 0;

		if (near > nearest || (near && near == nearest
		                       && a->begin.monotonic > found->raw->session.begin.monotonic)) {
			found = traces[i];
			nearest = near;
		}
	}
	return found;
}

void ct_results_link(struct ct_trace **traces, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct ct_trace *parent = traces[i]->raw ? parent_of(traces, count, i) : NULL;

		for (size_t j = 0; parent && j < count; j++)
			if (traces[j] == parent)
				traces[i]->meta.parent_trace =
					ct_arena_strdup(&traces[i]->arena, ct_basename(names[j]));
	}
}
