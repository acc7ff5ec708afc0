/*
 * criterion.c - the seam to Criterion: which test this process runs, in which phase it is,
 * how its code was left; and in the runner, what became of each process.
 *
 * Criterion 2.3.2 to 2.4.3. The trampoline that Test() generates calls three functions by
 * name, from the test's binary: criterion_internal_test_setup(), _main(), _teardown(). A
 * preloaded (or earlier linked) library defines them first; with a static libcriterion the
 * linker's --wrap does the same (criterion-ext/). Both end up here; where both are there, one
 * of them only passes on: see calltrace_seam_attach().
 *
 * A worker is a fresh execve of the test binary. `criterion_current_test` names the test in
 * it; file and description point into the runner and must not be followed, so the runner
 * leaves a list (CT_TESTS_NAME). Which parameter a worker has, Criterion does not say: the
 * runner numbers its forks through the environment. Programs that a test starts find there
 * which test that was.
 */
#include <criterion/hooks.h>
#include <criterion/internal/ordered-set.h>
#include <criterion/types.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "runtime/convert.h"
#include "runtime/interpose.h"
#include "runtime/kernel.h"
#include "runtime/seam.h"
#include "runtime/session.h"
#include "runtime/settings.h"
#include "runtime/thread.h"

static bool is_runner, is_worker;
bool ct_seam_linked;
static pid_t seam_pid; /* the process that all this is about; not its children */

/* --- the runner --- */

/*
 * Nine digits, '/', the runner's pid. Where a test has begun it makes the '/' a ':', in place: what has that in its environment was
 * started by a test, whatever lies in between.
 */
static char ordinal_entry[sizeof CT_ORDINAL_VARIABLE "=000000000/4294967295"] = CT_ORDINAL_VARIABLE "=000000000";
#define ORDINAL_DIGITS 9
static char directory[CT_PATH_SIZE];

static void count_fork(void)
{
	char *digit = ordinal_entry + sizeof CT_ORDINAL_VARIABLE "=" - 1 + ORDINAL_DIGITS - 1;

	/* The entry is in the environment already: counting up its digits in place needs no
	 * allocation, and the child copies it before its execve. */
	if (ct_getpid() != seam_pid)
		return;
	for (; *digit >= '0' && *digit <= '9'; digit--) {
		if (*digit != '9') {
			++*digit;
			return;
		}
		*digit = '0';
	}
}

static void become_runner(void)
{
	if (is_runner || is_worker || !ct_settings.enabled)
		return;
	is_runner = true;
	seam_pid = ct_getpid();
	ct_append(ordinal_entry, sizeof ordinal_entry, "/");
	ct_append_number(ordinal_entry, sizeof ordinal_entry, (uint64_t) seam_pid);
	putenv(ordinal_entry);
	pthread_atfork(count_fork, NULL, NULL);
	/* Now, once, and not in every worker: where the traces go, or that they cannot. */
	if (!ct_session_directory(directory, sizeof directory) || ct_access(directory, W_OK | X_OK) < 0)
		ct_session_complain(directory);
}

bool ct_criterion_is_runner(void)
{
	return is_runner && ct_getpid() == seam_pid;
}

static bool add_line(const char *name, const char *line)
{
	char path[CT_PATH_SIZE];
	size_t size = strlen(line);
	struct iovec whole = { (void *) line, size };
	bool ok = false;
	int fd;

	path[0] = '\0';
	ct_append(path, sizeof path, directory);
	if (!ct_append(path, sizeof path, name))
		return false;
	fd = ct_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd >= 0) {
		ok = ct_write_line(fd, &whole, 1, size);
		ct_close(fd);
	}
	return ok;
}

/* BoxFort reaps its workers with waitpid(pid, &status, WNOHANG), in libcriterion. */
void ct_seam_reaped(pid_t pid, int status)
{
	char line[64] = "";
	int saved = errno;

	if (!ct_criterion_is_runner() || pid <= 0 || (!WIFEXITED(status) && !WIFSIGNALED(status)))
		return;
	ct_append_number(line, sizeof line, (uint64_t) pid);
	ct_append(line, sizeof line, " 0 ");
	ct_append_number(line, sizeof line, (uint64_t)(unsigned) status);
	ct_append(line, sizeof line, "\n");
	add_line(CT_RESULTS_NAME, line);
	errno = saved;
}

static void list_test(const struct criterion_test *test)
{
	char line[3 * CT_NAME_SIZE + CT_PATH_SIZE] = "";

	if (!test->data || !test->data->file_)
		return;
	ct_append_number(line, sizeof line, test->data->line_);
	ct_append(line, sizeof line, "\t");
	ct_append(line, sizeof line, test->category);
	ct_append(line, sizeof line, "\t");
	ct_append(line, sizeof line, test->name);
	ct_append(line, sizeof line, "\t");
	ct_append(line, sizeof line, test->data->file_);
	if (ct_append(line, sizeof line, "\n"))
		add_line(CT_TESTS_NAME, line);
}

static void list_tests(struct criterion_test_set *set)
{
	int saved = errno;

	if (ct_criterion_is_runner())
		FOREACH_SET(struct criterion_suite_set *suite, set->suites)
			if (suite->tests)
				FOREACH_SET(struct criterion_test *test, suite->tests)
					list_test(test);
	errno = saved;
}

/* What ReportHook(PRE_ALL) makes, without its exported function. */
__attribute__((section("cr_pra"), used)) static f_report_hook list_hook =
	(f_report_hook) (void (*)(void)) list_tests;

/* --- the worker --- */

static struct {
	bool known;
	uint32_t test_line, parameterized;
	int32_t expected_signal, expected_exit;
	unsigned char timeout[sizeof(double)]; /* no floating point in the runtime */
	char suite[CT_NAME_SIZE], test[CT_NAME_SIZE];
} identity;

static void (*body)(void);
static void (*at_end)(void); /* of the body */
static uint32_t phase_now = CT_PHASE_STARTUP; /* for children: they do not see our session */

static struct ct_session *session(void)
{
	struct ct_recorder *r = ct_recorder;

	return r && atomic_load(&r->state) == CT_STATE_ON && ct_getpid() == seam_pid ? r->session
	                                                                          : NULL;
}

static uint64_t read_digits(const char **at)
{
	uint64_t number = 0;

	for (; **at >= '0' && **at <= '9'; ++*at)
		number = number * 10 + (uint64_t)(**at - '0');
	return number;
}

/* Which process of the runner this is, or which one a program was started by. */
void ct_criterion_number(struct ct_session *s)
{
	const char *at = ct_getenv(CT_ORDINAL_VARIABLE);
	uint64_t ordinal = at ? read_digits(&at) : 0;

	if (s->role == CT_ROLE_WORKER) {
		s->ordinal = (uint32_t) ordinal;
	} else if (s->role == CT_ROLE_PROGRAM && at && *at == ':') {
		at++;
		s->ordinal = (uint32_t) ordinal;
		s->runner = (uint32_t) read_digits(&at);
	}
}

/* What is started from here on is started by this test. */
static void mark_environment(void)
{
	char *at = (char *) ct_getenv(CT_ORDINAL_VARIABLE);

	if (at && strnlen(at, ORDINAL_DIGITS + 1) > ORDINAL_DIGITS && at[ORDINAL_DIGITS] == '/')
		at[ORDINAL_DIGITS] = ':';
}

/* A child that a test forks is tied to the test by this, and has its own trace. */
void ct_criterion_identify(struct ct_session *s)
{
	if (!identity.known)
		return;
	s->phase = phase_now;
	memcpy(s->suite, identity.suite, sizeof s->suite);
	memcpy(s->test, identity.test, sizeof s->test);
	memcpy(&s->timeout, identity.timeout, sizeof s->timeout);
	s->test_line = identity.test_line;
	s->parameterized = identity.parameterized;
	s->expected_signal = identity.expected_signal;
	s->expected_exit = identity.expected_exit;
}

static void learn(const struct criterion_test *test)
{
	const struct criterion_test_extra_data *data = test->data;

	ct_append(identity.suite, sizeof identity.suite, test->category);
	ct_append(identity.test, sizeof identity.test, test->name);
	if (data) {
		identity.test_line = data->line_;
		identity.parameterized = data->param_ != NULL; /* not to be called: the runner's */
		identity.expected_signal = data->signal;
		identity.expected_exit = data->exit_code;
		memcpy(identity.timeout, &data->timeout, sizeof identity.timeout);
	}
	identity.known = true;
}

static void set_phase(uint64_t phase)
{
	struct ct_session *s = session();

	phase_now = (uint32_t) phase;
	if (!s)
		return;
	s->phase = phase_now;
	ct_mark(CT_PHASE, &phase, 1);
}

static void set_ended(enum ct_ended how)
{
	struct ct_session *s = session();

	if (s && s->ended == CT_ENDED_UNKNOWN)
		s->ended = how;
}

void calltrace_seam_setup(void (*real)(void), const struct criterion_test *test)
{
	if (!is_worker || !test) {
		real();
		return;
	}
	seam_pid = ct_getpid();
	learn(test);
	mark_environment();
	/* A test has a trace even if it calls nothing. */
	if (ct_on && ct_thread_now() && session())
		ct_criterion_identify(session());
	set_phase(CT_PHASE_SETUP);
	real();
}

/* Two thunks, because the real function calls what it is given in one of two ways. */
static void run_plain(void)
{
	set_phase(CT_PHASE_BODY);
	body();
	if (at_end)
		at_end();
	set_ended(CT_ENDED_RETURNED);
}

static void run_with_parameter(void *parameter)
{
	set_phase(CT_PHASE_BODY);
	((void (*)(void *)) body)(parameter);
	if (at_end)
		at_end();
	set_ended(CT_ENDED_RETURNED);
}

void calltrace_seam_main(void (*real)(void (*)(void)), const struct criterion_test *test,
                         void (*function)(void))
{
	if (!is_worker || !test) {
		real(function);
		return;
	}
	body = function;
	real(test->data && test->data->param_ ? (void (*)(void)) run_with_parameter : run_plain);
	set_ended(CT_ENDED_ASSERTION); /* unless the thunk came back */
}

bool calltrace_seam_at_end(void (*verify)(void))
{
	if (!identity.known || phase_now > CT_PHASE_BODY || ct_getpid() != seam_pid)
		return false;
	at_end = verify;
	return true;
}

void calltrace_seam_teardown(void (*real)(void))
{
	set_phase(CT_PHASE_TEARDOWN);
	real();
	set_phase(CT_PHASE_SHUTDOWN);
}

void calltrace_seam_failure(bool fatal)
{
	struct ct_session *s = session();
	uint64_t payload = fatal;

	if (!s)
		return;
	__atomic_fetch_add(fatal ? &s->fatal_failures : &s->failures, 1, __ATOMIC_RELAXED);
	ct_mark(CT_FAILURE, &payload, 1);
}

void calltrace_seam_theory(void (*real)(struct criterion_datapoints *, size_t, void (*)(void)),
                           struct criterion_datapoints *points, size_t count,
                           void (*function)(void))
{
	struct ct_session *s = session();
	uint64_t address = (uint64_t) (uintptr_t) function, none = 0;

	if (s) {
		s->theory = 1;
		ct_mark(CT_THEORY, &address, 1);
	}
	real(points, count, function);
	if (s)
		ct_mark(CT_THEORY, &none, 1);
}

/* A skip or an exception. Where it comes out of the tear-down, Criterion's verdict is made by
 * it all the same, whatever the body did. exit() follows. */
void calltrace_seam_ended(int how)
{
	struct ct_session *s = session();

	if (s)
		s->ended = (enum ct_ended) how;
	set_phase(CT_PHASE_SHUTDOWN);
}

void ct_criterion_at_exit(void)
{
	struct ct_session *s = session();

	if (s && is_worker && (s->phase == CT_PHASE_SETUP || s->phase == CT_PHASE_BODY)
	    && s->ended == CT_ENDED_UNKNOWN)
		s->ended = CT_ENDED_EXIT;
}

static void attach(void)
{
	if (ct_settings.worker)
		is_worker = true;
	else
		become_runner();
}

bool calltrace_seam_attach(void (*real_main)(void (*)(void)))
{
	/* Where the linked seam's way on leads through our own definitions (libcriterion is shared,
	 * and we come first), these see the tests in shared libraries too, and do the work. */
	ct_seam_linked = real_main != ct_own_test_main;
	attach();
	return ct_seam_linked;
}

void ct_criterion_at_load(void)
{
	if (dlsym(RTLD_DEFAULT, "criterion_run_all_tests"))
		attach();
}
