#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>
#include <x86intrin.h>

#include <calltrace/calltrace.h>

#include "base/text.h"
#include "match/live_calls.h"
#include "runtime/seam.h"

/*
 * A program may be linked without the recorder, and get it from `calltrace run` or LD_PRELOAD: or not
 * at all, which is then said.
 */
#pragma weak calltrace_path
#pragma weak calltrace_is_recording
#pragma weak calltrace_seam_index
#pragma weak calltrace_seam_at_end

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t owner;      /* thread that holds it, or 0 */
static char *owner_at;   /* where on its stack it was taken */
static uint64_t began;   /* when */
static unsigned refused; /* assertions of its holder that were not let in */
static pid_t home;       /* the process that the test runs in */
static struct ct_live_calls *live;
static struct ct_matching matching;
static char *path;       /* of the trace that `live` reads */
static uint64_t since;

/* fork() copies all of this; only a new program has it anew. */
__attribute__((constructor)) static void note_home(void)
{
	home = getpid();
}

bool process_is_child(void)
{
	return getpid() != home;
}

bool process_is_test_thread(void)
{
	return gettid() == getpid();
}

uint64_t process_now(void)
{
	return __rdtsc();
}

void process_reset(void)
{
	__atomic_store_n(&since, process_now(), __ATOMIC_RELAXED);
}

bool process_at_end(void (*verify)(void))
{
	return calltrace_seam_at_end && calltrace_seam_at_end(verify);
}

/* --- the trace --- */

static bool open_index(const char *binary, const uint8_t *build_id, size_t build_id_size, bool needed,
                       struct ct_index *out)
{
	char file[4096];

	return calltrace_seam_index
	       && calltrace_seam_index(binary, build_id, build_id_size, needed, file, sizeof file)
	       && ct_index_open(file, true, out, NULL);
}

static bool open_trace(const char *now, struct ct_text *problem)
{
	static const struct ct_live_calls_options options = { open_index };
	static const struct ct_style style = { .plain = true, .addresses = true, .rest = "cr_rest" };
	struct ct_error err = { .code = CT_OK };

	if (path && strcmp(path, now) == 0)
		return true;
	if (live) { /* calltrace_cleanup(), calltrace_init(): another recording */
		ct_matching_deinit(&matching);
		ct_live_calls_close(live);
		live = NULL;
		free(path);
		path = NULL;
	}
	if (!ct_live_calls_open(now, &options, &live, &err)) {
		ct_text_addf(problem, "the calls of this test cannot be read: %s", err.text);
		return false;
	}
	ct_matching_init(&matching, ct_live_calls_get(live), &style);
	matching.phases = 1u << CT_PHASE_BODY;
	path = ct_strdup(now);
	return true;
}

/* The trace that is being recorded, or was until recording was paused. */
static const char *present_trace(struct ct_text *problem)
{
	const char *now = calltrace_path ? calltrace_path() : NULL;

	if (!calltrace_path)
		ct_text_add(problem, "no calls are recorded: the program is neither linked with 'pkg-config --libs "
		                     "calltrace-criterion' nor run by 'calltrace run'");
	else if (!now && !path)
		ct_text_add(problem, "no calls are recorded: CALLTRACE_ENABLED is false, recording is paused, or the "
		                     "trace could not be written (then that was said on standard error)");
	return now ? now : path;
}

static bool read_on(struct ct_text *problem)
{
	const char *now = present_trace(problem);
	struct ct_error err = { .code = CT_OK };

	if (!now || !open_trace(now, problem))
		return false;
	if (!ct_live_calls_refresh(live, &err)) {
		ct_text_addf(problem, "the calls of this test cannot be read: %s", err.text);
		return false;
	}
	matching.since = __atomic_load_n(&since, __ATOMIC_RELAXED);
	matching.iteration = ct_live_calls_iteration(live);
	return true;
}

/* --- one at a time --- */

/*
 * A predicate that jumps out of an assertion (it fails one of Criterion's, fatally) leaves the lock
 * taken; that is the case where its holder comes again from nearer the stack's beginning.
 */
static bool take_lock(const char *here)
{
	pid_t self = gettid();

	if (__atomic_load_n(&owner, __ATOMIC_RELAXED) == self)
		return here > owner_at;
	pthread_mutex_lock(&lock);
	__atomic_store_n(&owner, self, __ATOMIC_RELAXED);
	return true;
}

struct ct_matching *process_begin(struct ct_text *problem)
{
	char *here = __builtin_frame_address(0);

	if (process_is_child()) {
		ct_text_add(problem, "no assertion can be made in a forked child: Criterion would take it for the test");
		return NULL;
	}
	if (!take_lock(here)) {
		refused++;
		ct_text_add(problem, "an assertion on calls cannot be made within another one's predicate");
		return NULL;
	}
	owner_at = here;
	refused = 0;
	began = process_now();
	return read_on(problem) ? &matching : NULL;
}

void process_end(void)
{
	if (process_is_child())
		return;
	if (refused) {
		refused--;
		return;
	}
	/* Whatever was called in between, by a predicate or for memory, is no call of the test's. */
	if (live)
		ct_live_calls_hide(live, owner, began, process_now());
	__atomic_store_n(&owner, 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
}
