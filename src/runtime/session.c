/*
 * session.c - one recording: the trace file made, named, headed; its end.
 *
 * Begins with the first hook, not with the constructor: helper processes that inherit
 * LD_PRELOAD but call nothing instrumented leave no file.
 */
#include "runtime/session.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <calltrace/calltrace.h>

#include "runtime/choice.h"
#include "runtime/convert.h"
#include "runtime/crash.h"
#include "runtime/interpose.h"
#include "runtime/kernel.h"
#include "runtime/memory.h"
#include "runtime/plans.h"
#include "runtime/seam.h"
#include "runtime/settings.h"
#include "runtime/thread.h"
#include "runtime/values.h"

struct ct_recorder *ct_recorder;
int ct_on = 1;

int ct_on_level(void)
{
	return ct_values_wanted ? 2 : 1;
}

/* Not wiped on fork: tells a child who its parent was. */
static pid_t recorder_pid;

/* Lost before there was a session to say so. */
static _Atomic uint64_t lost_early[CT_LOSSES];

void ct_session_lose(enum ct_loss what, uint64_t count)
{
	struct ct_recorder *r = ct_recorder;

	if (r && atomic_load(&r->state) == CT_STATE_ON)
		__atomic_fetch_add(&r->session->lost[what], count, __ATOMIC_RELAXED);
	else if (r && atomic_load(&r->state) != CT_STATE_OFF)
		atomic_fetch_add(&lost_early[what], count);
}

static void settle_losses(void)
{
	for (unsigned what = 0; what < CT_LOSSES; what++)
		if (atomic_load(&lost_early[what]))
			ct_session_lose(what, atomic_exchange(&lost_early[what], 0));
}

static struct ct_clock read_clock(void)
{
	return (struct ct_clock){ .ticks = ct_ticks(), .monotonic = ct_clock_ns(CLOCK_MONOTONIC) };
}

/*
 * Two pairs in turn: a kill in the middle of one leaves the other. One thread at a time, or a pair could be of one's ticks
 * and another's time; who finds another at it need not do it too. With signals blocked.
 */
void ct_session_clock(void)
{
	struct ct_session *s = ct_recorder->session;
	struct ct_clock now;
	unsigned older;

	if (atomic_exchange(&ct_recorder->clocking, true))
		return;
	now = read_clock();
	older = s->last[0].monotonic > s->last[1].monotonic;
	s->last[older].monotonic = 0;
	__asm__ volatile("" ::: "memory");
	s->last[older].ticks = now.ticks;
	__asm__ volatile("" ::: "memory");
	s->last[older].monotonic = now.monotonic;
	atomic_store(&ct_recorder->clocking, false);
}

static bool read_file(const char *path, char *to, size_t size)
{
	int fd = ct_open(path, O_RDONLY | O_CLOEXEC, 0);
	ssize_t n;

	if (fd < 0)
		return false;
	n = ct_read(fd, to, size - 1);
	ct_close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool ct_is_worker_process(void)
{
	char argv0[32] = "";

	/* BXFI_MAP alone is inherited by programs that a test starts; the one-word argv of
	 * BoxFort's workers is not. */
	return ct_getenv("BXFI_MAP") && read_file("/proc/self/cmdline", argv0, sizeof argv0)
	       && strcmp(argv0, "boxfort-worker") == 0;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return ct_stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void make_absolute(char *to, size_t size, const char *path, const char *directory)
{
	to[0] = '\0';
	if (path[0] != '/') {
		ct_append(to, size, directory);
		ct_append(to, size, "/");
	}
	ct_append(to, size, path);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * Where the JSON goes (`session->output`, with '/' at its end if it is a directory), and
 * the beginning of the raw file's name beside or in it.
 */
static bool name_output(struct ct_session *s, char *stem, size_t size)
{
	bool criterion = s->role != CT_ROLE_PROGRAM;
	const char *wanted = ct_settings.output, *name = base_name(s->executable);
	char fallback[CT_PATH_SIZE] = "";
	bool directory, fits = true;

	s->output[0] = '\0';
	if (!wanted) {
		ct_append(fallback, sizeof fallback, name);
		ct_append(fallback, sizeof fallback, criterion ? ".calltrace/" : ".json");
		wanted = fallback;
	}
	make_absolute(s->output, sizeof s->output, wanted, s->directory);
	directory = criterion || wanted[strlen(wanted) - 1] == '/' || is_directory(s->output);
	stem[0] = '\0';
	if (directory) {
		if (s->output[strlen(s->output) - 1] != '/')
			fits = ct_append(s->output, sizeof s->output, "/");
		if (ct_mkdir(s->output, 0700) < 0 && errno != EEXIST)
			return false;
		fits = fits && ct_append(stem, size, s->output) && ct_append(stem, size, name);
	} else {
		fits = ct_append(stem, size, s->output);
	}
	if (!fits || strlen(stem) + 32 > size) {
		errno = ENAMETOOLONG;
		return false;
	}
	return true;
}

/* "<stem>.<pid>[.<n>].ct": n when the pid had a trace before (exec, or pid reuse). */
static int make_file(char *path, size_t size, const char *stem)
{
	for (unsigned n = 0; n < 1000; n++) {
		int fd;

		path[0] = '\0';
		ct_append(path, size, stem);
		ct_append(path, size, ".");
		ct_append_number(path, size, (uint64_t) ct_getpid());
		if (n) {
			ct_append(path, size, ".");
			ct_append_number(path, size, n);
		}
		ct_append(path, size, ".ct");
		fd = ct_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static bool map_header(struct ct_recorder *r, int fd)
{
	struct stat st;

	if (ct_fstat(fd, &st) < 0)
		return false;
	r->device = st.st_dev;
	r->inode = st.st_ino;
	r->header = ct_file_map(fd, 0, CT_SESSION_SIZE, &errno);
	if (!r->header)
		return false;
	r->session = (struct ct_session *) (r->header + 1);
	return true;
}

static void locate(struct ct_session *s)
{
	ssize_t n = ct_readlink("/proc/self/exe", s->executable, sizeof s->executable - 1);

	s->executable[n > 0 ? n : 0] = '\0';
	if (syscall(SYS_getcwd, s->directory, sizeof s->directory) < 0 || s->directory[0] != '/')
		ct_append(s->directory, sizeof s->directory, "/");
}

/* The 22nd word of the file; the second one is the program's name in parentheses, and may be anything. */
static uint64_t read_start(void)
{
	char text[512];
	const char *at = read_file("/proc/self/stat", text, sizeof text) ? strrchr(text, ')') : NULL;
	uint64_t number = 0;

	for (int word = 2; at && word < 22; word++)
		at = strchr(at + 1, ' ');
	for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	return number;
}

static void describe(struct ct_session *s)
{
	const char *run = ct_getenv("CALLTRACE_RUN");

	s->pid = (uint32_t) ct_getpid();
	s->ppid = (uint32_t) ct_getppid();
	s->started = read_start();
	locate(s);
	ct_append(s->run, sizeof s->run, run ? run : "");
	if (read_file("/proc/sys/kernel/random/boot_id", s->boot_id, sizeof s->boot_id))
		s->boot_id[strcspn(s->boot_id, "\n")] = '\0';
	if (recorder_pid && recorder_pid != (pid_t) s->pid)
		s->parent_pid_trace = (uint64_t) recorder_pid;
	s->role = ct_settings.worker ? CT_ROLE_WORKER
	          : ct_criterion_is_runner() ? CT_ROLE_RUNNER : CT_ROLE_PROGRAM;
	if (s->role == CT_ROLE_WORKER)
		s->phase = CT_PHASE_STARTUP;
	ct_criterion_number(s);
	ct_criterion_identify(s);
	s->capture_args = ct_settings.capture_args;
	s->max_depth = ct_settings.max_depth;
	s->pretty_json = ct_settings.pretty_json;
	s->max_size = ct_settings.max_size;
	s->max_calls = ct_settings.max_calls;
	s->keep = ct_settings.keep;
}

void ct_session_complain(const char *output)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;
	const char *why = strerrordesc_np(errno); /* strerror() wants a locale */

	if (!atomic_flag_test_and_set(&said))
		ct_say(output, ": no trace can be written there: ", why ? why : "unknown error");
}

/* Too large for a small stack; one user at a time: the starter, or the runner's main thread. */
static struct ct_session fresh;

bool ct_session_directory(char *to, size_t size)
{
	char stem[CT_PATH_SIZE];
	bool ok;

	memset(&fresh, 0, sizeof fresh);
	locate(&fresh);
	fresh.role = CT_ROLE_RUNNER;
	ok = name_output(&fresh, stem, sizeof stem);
	to[0] = '\0';
	return ct_append(to, size, fresh.output) && ok;
}

static bool start(struct ct_recorder *r)
{
	char stem[CT_PATH_SIZE];
	bool ok = false;
	int fd, saved;

	memset(&fresh, 0, sizeof fresh);
	describe(&fresh);
	fd = name_output(&fresh, stem, sizeof stem) ? make_file(r->path, sizeof r->path, stem) : -1;
	if (fd >= 0) {
		ok = map_header(r, fd);
		saved = errno;
		ct_close(fd);
		if (!ok)
			ct_unlink(r->path);
		errno = saved;
	}
	if (!ok) {
		ct_session_complain(fresh.output);
		return false;
	}
	*r->session = fresh;
	r->session->version = CT_RAW_VERSION;
	r->session->recording = r->generation;
	r->session->header_size = sizeof *r->session;
	r->session->append = CT_SESSION_SIZE;
	r->session->realtime = ct_clock_ns(CLOCK_REALTIME);
	r->session->begin = read_clock();
	r->session->last[0] = r->session->begin;
	ct_limit_begin();
	memcpy(r->session->tool, CALLTRACE_VERSION, sizeof CALLTRACE_VERSION);
	r->header->kind = CT_EXTENT_SESSION;
	r->header->size = CT_SESSION_SIZE;
	memcpy(r->session->magic, CT_RAW_MAGIC, sizeof r->session->magic);
	__atomic_store_n(&r->header->magic, CT_EXTENT_MAGIC, __ATOMIC_RELEASE);
	if (ct_values_wanted)
		ct_choice_note();
	recorder_pid = ct_getpid();
	ct_debug("recording into ", r->path, "");
	return true;
}

/* The recorder's own memory, made once; wiped by the kernel in a forked child. */
static struct ct_recorder *recorder(void)
{
	struct ct_recorder *r = __atomic_load_n(&ct_recorder, __ATOMIC_ACQUIRE), *other = NULL;

	if (r)
		return r;
	r = ct_pages(sizeof *r);
	if (!r)
		return NULL;
	ct_madvise(r, sizeof *r, MADV_WIPEONFORK);
	if (!__atomic_compare_exchange_n(&ct_recorder, &other, r, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_ACQUIRE)) {
		ct_munmap(r, sizeof *r);
		r = other;
	}
	return r;
}

#define PATIENCE 1000000000 /* ns */

/*
 * Another thread is at it: most often for less than a millisecond, but the disk may be slow, and that thread may be waiting
 * for a processor. Yields at first; false: it takes too long, and calls are lost rather than more time.
 */
static bool wait_for_start(struct ct_recorder *r)
{
	const struct timespec moment = { .tv_nsec = 100000 };
	uint64_t begin = ct_clock_ns(CLOCK_MONOTONIC);

	for (unsigned i = 0; atomic_load(&r->state) == CT_STATE_STARTING; i++) {
		if (i < 100) {
			syscall(SYS_sched_yield);
		} else {
			syscall(SYS_nanosleep, &moment, NULL);
			if (ct_clock_ns(CLOCK_MONOTONIC) - begin > PATIENCE)
				return false;
		}
	}
	return true;
}

bool ct_session_begin(void)
{
	struct ct_recorder *r = recorder();
	int expected = CT_STATE_NONE;

	if (!r)
		return false;
	if (atomic_compare_exchange_strong(&r->state, &expected, CT_STATE_STARTING)) {
		if (!ct_settings.read)
			ct_settings_read();
		r->generation++;
		if (ct_settings.enabled && start(r)) {
			atomic_store(&r->state, CT_STATE_ON);
			ct_crash_begin();
		} else {
			ct_on = 0;
			atomic_store(&r->state, CT_STATE_OFF);
		}
	} else if (!wait_for_start(r)) {
		ct_session_lose(CT_LOST_START, 1);
	}
	if (atomic_load(&r->state) != CT_STATE_ON)
		return false;
	settle_losses();
	return true;
}

void ct_session_end(int status, bool known)
{
	struct ct_recorder *r = ct_recorder;
	uint64_t old = ct_signals_block();

	if (r && atomic_load(&r->state) == CT_STATE_ON) {
		struct ct_session *s = r->session;

		if (known && !s->exit_known) {
			s->exit_status = (status & 0xff) << 8;
			s->exit_known = 1;
		}
		ct_session_clock();
		s->closed = 1;
	}
	ct_signals_restore(old);
}

static void at_exit(int status, void *unused)
{
	struct ct_recorder *r = ct_recorder;

	(void) unused;
	if (r && atomic_load(&r->state) == CT_STATE_ON) {
		ct_criterion_at_exit();
		ct_session_end(status, true);
	}
	ct_convert_at_exit();
}

static void begin_values(void)
{
	ct_memory_begin();
	ct_values_begin();
}

/*
 * Registered before the program's own handlers, so run behind them; and on_exit() is the
 * one way to learn the status. A child that forks inherits it.
 */
__attribute__((constructor)) static void at_load(void)
{
	int saved = errno;

	ct_settings_read();
	ct_values_wanted = ct_settings.capture_args;
	if (ct_values_wanted)
		begin_values();
	ct_on = ct_settings.enabled ? ct_on_level() : 0;
	if (ct_settings.enabled && ct_plans_wanted() && !ct_settings.worker)
		ct_plans_prepare();
	on_exit(at_exit, NULL);
	pthread_atfork(NULL, NULL, ct_thread_forked);
	ct_interpose_signals_at_load();
	ct_criterion_at_load();
	errno = saved;
}

static void switch_values(bool on)
{
	__atomic_store_n(&ct_values_wanted, on, __ATOMIC_RELEASE);
	__atomic_fetch_add(&ct_values_generation, 1, __ATOMIC_ACQ_REL);
	if (ct_recorder && ct_recorder->session && on) {
		ct_recorder->session->capture_args = 1;
		ct_choice_note();
	}
	if (ct_on)
		__atomic_store_n(&ct_on, ct_on_level(), __ATOMIC_RELEASE);
}

void calltrace_seam_want_values(void)
{
	int saved = errno;

	ct_settings_ask_values();
	/* Linked statically, we may be called before at_load(), which then does the rest. */
	if (ct_settings.read && ct_settings.enabled && ct_settings.capture_args && !ct_values_wanted) {
		begin_values();
		if (!ct_settings.worker)
			ct_plans_prepare();
		switch_values(true);
	}
	errno = saved;
}

/* --- the public calls --- */

const char *calltrace_version(void)
{
	return CALLTRACE_VERSION;
}

bool calltrace_init(void)
{
	struct ct_recorder *r = recorder();
	int expected = CT_STATE_OFF;

	if (!r)
		return false;
	if (atomic_load(&r->state) == CT_STATE_OFF) {
		ct_settings_read();
		atomic_compare_exchange_strong(&r->state, &expected, CT_STATE_NONE);
	}
	ct_on = ct_on_level();
	return ct_thread_now() != NULL;
}

void calltrace_cleanup(void)
{
	struct ct_recorder *r = ct_recorder;
	int saved = errno;

	if (!r || atomic_load(&r->state) != CT_STATE_ON)
		return;
	ct_on = 0;
	ct_session_end(0, false);
	ct_convert_at_exit();
	atomic_store(&r->state, CT_STATE_OFF);
	ct_thread_forget_all();
	ct_munmap(r->header, CT_SESSION_SIZE);
	r->header = NULL;
	r->session = NULL;
	atomic_store(&r->modules, 0);
	memset(r->module, 0, sizeof r->module);
	errno = saved;
}

bool calltrace_is_recording(void)
{
	return ct_recorder && atomic_load(&ct_recorder->state) == CT_STATE_ON && ct_on;
}

void ct_mark(enum ct_extended kind, const void *payload, uint32_t words)
{
	struct ct_thread *t = ct_thread_now();
	int saved = errno;
	uint64_t old;

	if (!t)
		return;
	old = ct_signals_block();
	ct_chunk_extended(t, kind, payload, words);
	ct_signals_restore(old);
	errno = saved;
}

void calltrace_pause(void)
{
	if (!calltrace_is_recording())
		return;
	ct_mark(CT_PAUSE, NULL, 0);
	__atomic_store_n(&ct_on, 0, __ATOMIC_RELEASE);
}

void calltrace_resume(void)
{
	struct ct_recorder *r = ct_recorder;

	if (!r || atomic_load(&r->state) != CT_STATE_ON || ct_on)
		return;
	atomic_fetch_add(&r->pauses, 1);
	__atomic_store_n(&ct_on, ct_on_level(), __ATOMIC_RELEASE);
}

void calltrace_mark(const char *text)
{
	char copy[256] = "";

	if (!text || !calltrace_is_recording())
		return;
	ct_append(copy, sizeof copy, text);
	ct_mark(CT_NOTE, copy, (uint32_t)((strlen(copy) + 8) / 8));
}

bool calltrace_capture_args(bool on)
{
	bool before = __atomic_load_n(&ct_values_wanted, __ATOMIC_ACQUIRE);

	if (before == on)
		return before;
	if (on) {
		begin_values();
		ct_plans_prepare();
	}
	switch_values(on);
	return before;
}

/* The list is kept for as long as the process lives: a hook may be reading the one before. */
static bool set_choice(enum ct_choice_list list, const char *patterns)
{
	char *copy = NULL;

	if (patterns && *patterns) {
		copy = ct_pages(strlen(patterns) + 1);
		if (!copy)
			return false;
		memcpy(copy, patterns, strlen(patterns) + 1);
	}
	if (list == CT_CHOICE_REDACT)
		ct_settings_need_key();
	ct_choice_set(list, copy);
	ct_captures_choose();
	if (__atomic_load_n(&ct_values_wanted, __ATOMIC_ACQUIRE))
		ct_choice_note();
	return true;
}

bool calltrace_args_only(const char *patterns)
{
	return set_choice(CT_CHOICE_ONLY, patterns);
}

bool calltrace_args_except(const char *patterns)
{
	return set_choice(CT_CHOICE_EXCEPT, patterns);
}

bool calltrace_redact(const char *patterns)
{
	return set_choice(CT_CHOICE_REDACT, patterns);
}

const char *calltrace_path(void)
{
	return calltrace_is_recording() ? ct_recorder->path : NULL;
}
