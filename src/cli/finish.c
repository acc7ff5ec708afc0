#include "cli/finish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "cli/advice.h"
#include "cli/cli.h"
#include "cli/print_crash.h"
#include "trace/trace.h"

struct item {
	char *raw, *json;
	struct ct_trace *trace;
	uint64_t forked_by; /* a traced process, or 0 */
	uint64_t begin;     /* CLOCK_MONOTONIC */
	uint32_t pid, parent;
	bool related; /* to the process whose end it is */
	bool ok;
};

struct items {
	struct item *items;
	size_t count;
};

static bool is_raw(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && strcmp(name + n - 3, ".ct") == 0;
}

bool ct_read_session(const char *path, struct ct_session *session)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	ct_auto_file file = fd < 0 ? NULL : fdopen(fd, "r");
	struct ct_extent head;

	if (fd >= 0 && !file)
		close(fd);
	return file && fread(&head, sizeof head, 1, file) == 1 && head.magic == CT_EXTENT_MAGIC
	       && head.kind == CT_EXTENT_SESSION
	       && fread(session, sizeof *session, 1, file) == 1
	       && memcmp(session->magic, CT_RAW_MAGIC, sizeof session->magic) == 0;
}

static bool is_of_run(const struct ct_finish *finish, const struct ct_session *session)
{
	return !finish->run || strncmp(session->run, finish->run, sizeof session->run) == 0;
}

/* Where others may write, only what is this user's was recorded for him. */
static bool is_foreign(const char *directory, const char *path)
{
	struct stat around, st;

	return stat(directory, &around) == 0
	       && (around.st_mode & (S_IWGRP | S_IWOTH) || (around.st_uid != geteuid() && around.st_uid != 0))
	       && (lstat(path, &st) < 0 || st.st_uid != geteuid());
}

static bool collect(struct ct_finish *finish, struct items *list, struct ct_error *err)
{
	static struct ct_session session;
	DIR *dir = opendir(finish->directory);
	struct dirent *entry;

	if (!dir)
		return ct_fail(err, CT_EIO, "%s: %s", finish->directory, strerror(errno));
	while ((entry = readdir(dir))) {
		struct ct_text path = {0};

		if (!is_raw(entry->d_name))
			continue;
		ct_text_addf(&path, "%s/%s", finish->directory, entry->d_name);
		if (is_foreign(finish->directory, path.data) || !ct_read_session(path.data, &session)
		    || !is_of_run(finish, &session)) {
			ct_text_deinit(&path);
			continue;
		}
		list->items = ct_realloc(list->items, (list->count + 1) * sizeof *list->items);
		list->items[list->count++] = (struct item){
			.raw = path.data, .pid = session.pid, .parent = session.ppid,
			.forked_by = session.parent_pid_trace, .begin = session.begin.monotonic };
	}
	closedir(dir);
	return true;
}

static bool is_related(const struct ct_finish *finish, const struct items *list,
                       const struct item *item)
{
	if (item->pid == finish->pid || item->parent == finish->pid
	    || item->forked_by == finish->pid)
		return true;
	for (size_t i = 0; i < list->count; i++) {
		const struct item *other = &list->items[i];

		if (other->related && other->begin <= item->begin
		    && (other->pid == item->parent || other->pid == item->forked_by))
			return true;
	}
	return false;
}

/* Leaves only a process, its children, and theirs, in the list. */
static void keep_family(const struct ct_finish *finish, struct items *list)
{
	size_t kept = 0;
	bool grows = finish->pid != 0;

	while (grows) {
		grows = false;
		for (size_t i = 0; i < list->count; i++) {
			struct item *item = &list->items[i];

			if (!item->related && is_related(finish, list, item))
				item->related = grows = true;
		}
	}
	for (size_t i = 0; i < list->count; i++) {
		if (!finish->pid || list->items[i].related)
			list->items[kept++] = list->items[i];
		else
			free(list->items[i].raw);
	}
	list->count = kept;
}

/* Runner or program first, then workers as they were started, then what they forked. */
static int by_age(const void *a, const void *b)
{
	const struct ct_session *s = ct_trace_session(((const struct item *) a)->trace);
	const struct ct_session *t = ct_trace_session(((const struct item *) b)->trace);

	if (s->ordinal != t->ordinal)
		return s->ordinal < t->ordinal ? -1 : 1;
	if (s->begin.monotonic != t->begin.monotonic)
		return s->begin.monotonic < t->begin.monotonic ? -1 : 1;
	return s->pid < t->pid ? -1 : s->pid > t->pid;
}

static void add_safe(struct ct_text *name, const char *part)
{
	for (; *part; part++) {
		bool plain = (*part >= 'a' && *part <= 'z') || (*part >= 'A' && *part <= 'Z')
		             || (*part >= '0' && *part <= '9') || strchr("_-+", *part)
		             || (unsigned char) *part >= 0x80;

		ct_text_add_char(name, plain ? *part : '_');
	}
}

/* A file name may have 255 bytes; what does not fit is told apart by a hash. */
static void bound(struct ct_text *name)
{
	uint64_t hash = ct_hash(name->data, name->length, 0);

	if (name->length <= 200)
		return;
	name->length = 180;
	ct_text_addf(name, "~%016llx", (unsigned long long) hash);
}

static char *name_of(const struct item *item, struct ct_map *taken)
{
	const struct ct_trace_test *test = ct_trace_test(item->trace);
	const struct ct_session *session = ct_trace_session(item->trace);
	struct ct_text name = {0};
	size_t stem;
	bool fresh;

	if (test->suite && !test->executable) {
		add_safe(&name, test->suite);
		ct_text_add_char(&name, '.');
		add_safe(&name, test->name);
		if (test->parameter >= 0)
			ct_text_addf(&name, ".%d", test->parameter);
	} else {
		add_safe(&name, ct_basename(ct_trace_meta(item->trace)->executable));
	}
	if (session->parent_pid_trace)
		ct_text_add(&name, ".child");
	bound(&name);
	stem = name.length;
	ct_map_add(taken, name.data, name.length, 1, &fresh);
	for (unsigned n = 2; !fresh; n++) {
		name.length = stem;
		ct_text_addf(&name, ".%u", n);
		ct_map_add(taken, name.data, name.length, 1, &fresh);
	}
	ct_text_add(&name, ".json");
	return name.data;
}

/* Names the traces, and says in each of them whose process made its own. */
static void name_all(const struct ct_finish *finish, struct items *list)
{
	struct ct_trace **traces = ct_calloc(list->count, sizeof *traces);
	char **names = ct_calloc(list->count, sizeof *names);
	struct ct_map taken = {0};

	for (size_t i = 0; i < list->count; i++) {
		struct ct_text path = {0};
		char *name = name_of(&list->items[i], &taken);

		ct_text_addf(&path, "%s/%s", finish->directory, name);
		free(name);
		names[i] = list->items[i].json = path.data;
		traces[i] = list->items[i].trace;
	}
	ct_results_link(traces, names, list->count);
	ct_map_deinit(&taken);
	free(traces);
	free(names);
}

struct work {
	struct items *list;
	_Atomic size_t next, done;
};

static void *convert(void *user)
{
	static const struct ct_json_options options = { .pretty = -1, .max_calls = -1 };
	struct work *work = user;
	size_t i;

	while ((i = atomic_fetch_add(&work->next, 1)) < work->list->count) {
		struct item *item = &work->list->items[i];
		struct ct_error err;

		item->ok = ct_trace_write_json(item->trace, &options, item->json, &err);
		if (!item->ok)
			ct_complain_error(&err);
		atomic_fetch_add(&work->done, 1);
	}
	return NULL;
}

static void convert_all(const struct ct_finish *finish, struct items *list)
{
	struct work work = { .list = list };
	struct ct_progress progress;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t threads = cores > 1 ? (size_t) cores : 1, started = 0;
	pthread_t ids[64];

	if (threads > list->count)
		threads = list->count;
	for (; started < threads && started < 64; started++)
		if (pthread_create(&ids[started], NULL, convert, &work) != 0)
			break;
	if (started == 0)
		convert(&work);
	ct_progress_begin(&progress, "writing traces", list->count);
	while (finish->progress && atomic_load(&work.done) < list->count
	       && isatty(STDERR_FILENO)) {
		ct_progress_at(&progress, atomic_load(&work.done));
		usleep(20000);
	}
	for (size_t i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	ct_progress_end(&progress);
}

static void open_all(const struct ct_finish *finish, struct items *list)
{
	struct ct_trace_options options = {0};
	struct ct_progress progress;
	size_t kept = 0;

	ct_progress_begin(&progress, "reading traces", list->count);
	for (size_t i = 0; i < list->count; i++) {
		struct item *item = &list->items[i];
		struct ct_error err;

		if (finish->progress)
			ct_progress_at(&progress, i);
		if (ct_trace_open(item->raw, &options, &item->trace, &err)) {
			list->items[kept++] = *item;
		} else {
			ct_complain_error(&err);
			free(item->raw);
		}
	}
	ct_progress_end(&progress);
	list->count = kept;
}

void ct_warn_of_names(struct ct_map *said, const struct ct_trace *trace)
{
	size_t count;
	const struct ct_trace_module *modules = ct_trace_modules(trace, &count);

	for (size_t i = 0; i < count; i++) {
		const char *why = modules[i].index_error;
		bool fresh;

		if (!why)
			continue;
		ct_map_add(said, why, strlen(why), 0, &fresh);
		if (fresh)
			ct_warn("%s%s", modules[i].indexed ? "" : "names are missing: ", why);
	}
}

/* What ended one recording, a full disk say, ended others of the run too. */
static void warn(struct ct_map *said, const struct ct_trace *trace, const char *json)
{
	const char *why = ct_trace_meta(trace)->stopped;
	bool fresh = false;

	ct_warn_of_names(said, trace);
	if (why)
		ct_map_add(said, why, strlen(why), 0, &fresh);
	if (fresh)
		ct_warn("%s: recording ended before the program did: %s", json, why);
}

/* Criterion's functions are found by name; a static libcriterion, or one linked before us, is not. */
static void warn_of_tests(const struct items *list)
{
	size_t workers = 0, named = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct ct_session *s = ct_trace_session(list->items[i].trace);

		workers += s->role == CT_ROLE_WORKER;
		named += s->suite[0] != '\0';
	}
	if (workers && !named)
		ct_warn("the tests have no names: Criterion's functions were called past the recorder; "
		        "link the tests as 'pkg-config --libs calltrace-criterion' says");
}

/* "x.ct" for "x.json": readers of a directory then know that the two are one trace. */
static void keep(const struct item *item)
{
	struct ct_text twin = {0};

	ct_text_add_n(&twin, item->json, strlen(item->json) - strlen(".json"));
	ct_text_add(&twin, ".ct");
	if (rename(item->raw, twin.data) < 0)
		ct_warn("%s: cannot rename it: %s", item->raw, strerror(errno));
	ct_text_deinit(&twin);
}

static void keep_or_remove(struct ct_finish *finish, struct item *item)
{
	if (item->ok) {
		if (finish->keep_raw)
			keep(item);
		else
			unlink(item->raw);
		finish->written[finish->count++] = item->json;
		item->json = NULL;
	}
	ct_trace_close(item->trace);
	free(item->raw);
	free(item->json);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static void remove_in(const char *directory, const char *name)
{
	struct ct_text path = {0};

	ct_text_addf(&path, "%s/%s", directory, name);
	unlink(path.data);
	ct_text_deinit(&path);
}

/*
 * What runners noted of their tests: as long as a raw trace is there it may be needed, and
 * afterwards would be taken for the next run's.
 */
static void remove_notes(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	bool needed = dir == NULL;

	while (!needed && (entry = readdir(dir)))
		needed = is_raw(entry->d_name);
	if (dir)
		closedir(dir);
	if (needed)
		return;
	remove_in(directory, CT_RESULTS_NAME);
	remove_in(directory, CT_TESTS_NAME);
}

/*
 * A signal that the process itself could not note: SIGKILL, or a default that libc restored. Of several
 * programs in one process (exec) the last.
 */
static void tell_end(const struct ct_finish *finish, const struct items *list)
{
	for (size_t i = list->count; finish->dead_signal && i-- > 0;)
		if (list->items[i].pid == finish->dead) {
			ct_trace_test(list->items[i].trace)->signal = finish->dead_signal;
			break;
		}
}

static void report_crashes(const struct ct_finish *finish, const struct items *list)
{
	struct ct_trace **traces = ct_calloc(list->count, sizeof *traces);

	for (size_t i = 0; i < list->count; i++)
		traces[i] = list->items[i].trace;
	ct_print_crashes(traces, list->count, finish->directory);
	free(traces);
}

static void say_choice(const struct ct_finish *finish, struct ct_trace *const *traces, size_t count)
{
	ct_check_patterns(traces, count, finish->advise ? "--exclude" : "CALLTRACE_EXCLUDE", finish->exclude);
	ct_check_patterns(traces, count, finish->advise ? "--only" : "CALLTRACE_ONLY", finish->only);
	ct_advise(traces, count, finish->exclude, finish->advise);
}

bool ct_finish(struct ct_finish *finish, struct ct_error *err)
{
	struct items list = {0};
	struct ct_map said = {0};

	finish->written = NULL;
	finish->count = finish->found = finish->failed = 0;
	if (!collect(finish, &list, err))
		return false;
	keep_family(finish, &list);
	finish->found = list.count;
	if (list.count) {
		struct ct_trace **traces = ct_calloc(list.count, sizeof *traces);

		open_all(finish, &list);
		qsort(list.items, list.count, sizeof *list.items, by_age);
		for (size_t i = 0; i < list.count; i++)
			traces[i] = list.items[i].trace;
		ct_results_apply(finish->directory, traces, list.count);
		tell_end(finish, &list);
		name_all(finish, &list);
		convert_all(finish, &list);
		for (size_t i = 0; i < list.count; i++) {
			warn(&said, list.items[i].trace, list.items[i].json);
			ct_unmatched_add(&finish->unmatched, list.items[i].trace);
		}
		warn_of_tests(&list);
		if (finish->crashes)
			report_crashes(finish, &list);
		ct_map_deinit(&said);
		say_choice(finish, traces, list.count);
		free(traces);
	}
	finish->written = ct_calloc(list.count + 1, sizeof *finish->written);
	for (size_t i = 0; i < list.count; i++)
		keep_or_remove(finish, &list.items[i]);
	free(list.items);
	remove_notes(finish->directory);
	finish->failed = finish->found - finish->count;
	qsort(finish->written, finish->count, sizeof *finish->written, by_name);
	return true;
}

void ct_finish_deinit(struct ct_finish *finish)
{
	for (size_t i = 0; i < finish->count; i++)
		free(finish->written[i]);
	free(finish->written);
	finish->written = NULL;
	finish->count = 0;
	ct_unmatched_deinit(&finish->unmatched);
}

/* Whether an older process is still at work on a raw trace with the same output. */
static bool is_shared(const struct ct_session *session, const char *raw)
{
	ct_auto_free char *directory = ct_strdup(raw);
	const char *stem = ct_basename(session->output);
	struct dirent *entry;
	bool shared = false;
	DIR *dir;

	directory[ct_basename(raw) - raw] = '\0';
	dir = opendir(*directory ? directory : ".");
	while (!shared && dir && (entry = readdir(dir))) {
		ct_auto_free struct ct_session *other = ct_alloc(sizeof *other);
		struct ct_text path = {0};

		if (!is_raw(entry->d_name) || strncmp(entry->d_name, stem, strlen(stem)) != 0
		    || strcmp(entry->d_name, ct_basename(raw)) == 0)
			continue;
		ct_text_addf(&path, "%s%s", directory, entry->d_name);
		shared = ct_read_session(path.data, other) && strncmp(other->output, session->output, sizeof other->output) == 0
		         && strncmp(other->boot_id, session->boot_id, sizeof other->boot_id) == 0
		         && other->begin.monotonic < session->begin.monotonic
		         && other->pid != session->pid && kill((pid_t) other->pid, 0) == 0;
		ct_text_deinit(&path);
	}
	if (dir)
		closedir(dir);
	return shared;
}

/* Or one has written there since this one began. */
static bool was_shared(const struct ct_session *session)
{
	struct stat st;

	return session->recording <= 1 && lstat(session->output, &st) == 0 && S_ISREG(st.st_mode)
	       && (uint64_t) st.st_mtim.tv_sec * 1000000000u + (uint64_t) st.st_mtim.tv_nsec
	                  > session->realtime;
}

/*
 * "trace.json"; a child's, or of a process while another writes there too:
 * "trace.<pid>.json"; the second recording of one process: "trace.2.json". In a directory:
 * the raw trace's name.
 */
static char *output_of(const struct ct_session *session, const char *raw)
{
	struct ct_text path = {0};
	size_t n = strnlen(session->output, sizeof session->output);
	bool json = n > 5 && strncmp(session->output + n - 5, ".json", 5) == 0;

	if (n && session->output[n - 1] == '/') {
		ct_text_add_n(&path, raw, strlen(raw) - (is_raw(raw) ? 3 : 0));
		ct_text_add(&path, ".json");
		return path.data;
	}
	ct_text_add_n(&path, session->output, json ? n - 5 : n);
	if (session->parent_pid_trace || is_shared(session, raw) || was_shared(session))
		ct_text_addf(&path, ".%u", session->pid);
	if (session->recording > 1)
		ct_text_addf(&path, ".%u", session->recording);
	if (json)
		ct_text_add(&path, ".json");
	return path.data;
}

int ct_finish_file(const char *raw)
{
	const struct ct_json_options options = { .pretty = -1, .max_calls = -1 };
	struct ct_trace_options open_options = {0};
	ct_auto_free char *json = NULL;
	struct ct_unmatched unmatched = {0};
	struct ct_map said = {0};
	struct ct_trace *trace;
	struct ct_error err;
	bool ok;

	if (!ct_trace_open(raw, &open_options, &trace, &err))
		return ct_complain_error(&err);
	json = output_of(ct_trace_session(trace), raw);
	ok = ct_trace_write_json(trace, &options, json, &err);
	if (ok) {
		const struct ct_finish choice = { .exclude = getenv("CALLTRACE_EXCLUDE"),
			                          .only = getenv("CALLTRACE_ONLY") };

		warn(&said, trace, json);
		say_choice(&choice, &trace, 1);
	}
	if (ok && ct_wants_crashes(true))
		ct_print_crashes(&trace, 1, json);
	ct_unmatched_add(&unmatched, trace);
	ct_unmatched_warn(&unmatched);
	ct_unmatched_deinit(&unmatched);
	ct_map_deinit(&said);
	ct_trace_close(trace);
	if (!ok)
		return ct_complain_error(&err);
	unlink(raw);
	return CT_EXIT_OK;
}
