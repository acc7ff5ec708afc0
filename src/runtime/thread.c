/*
 * thread.c - a thread's state: made at its first hook, given back when it ends.
 *
 * Thread-data destructors run in rounds (PTHREAD_DESTRUCTOR_ITERATIONS, 4 in glibc), and
 * the program's may call instrumented code: ours waits until the last round. A hook
 * after that makes a new state, which is then lost to reuse; nothing else.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "runtime/crash.h"
#include "runtime/kernel.h"
#include "runtime/parked.h"
#include "runtime/thread.h"
#include "runtime/values.h"

__thread struct ct_thread *ct_self __attribute__((tls_model("initial-exec")));
static __thread bool beginning __attribute__((tls_model("initial-exec")));

/* Of `ct_self`, for ct_thread_forked(). */
static __thread struct {
	struct ct_frame *frames, *limit;
	struct ct_slots *slots;
	struct ct_call_row *lost_row;
} remembered __attribute__((tls_model("initial-exec")));

static pthread_key_t key;
static _Atomic bool have_key;

/* Deep recursion reaches 170,000 frames in 8 MiB of stack; memory is used as touched. */
static const size_t frame_counts[] = { 256u << 10, 16u << 10, 1u << 10 };

static void give_back(struct ct_thread *t)
{
	struct ct_thread *first = atomic_load(&ct_recorder->free_threads);

	do
		t->next_free = first;
	while (!atomic_compare_exchange_weak(&ct_recorder->free_threads, &first, t));
}

/*
 * Takes the whole list and puts the rest back: taking one alone would be open to the
 * classic mistake of a list whose first element went and came back (ABA).
 */
static struct ct_thread *take_free(void)
{
	struct ct_thread *t = atomic_exchange(&ct_recorder->free_threads, NULL);
	struct ct_thread *rest = t ? t->next_free : NULL;

	while (rest) {
		struct ct_thread *next = rest->next_free;

		give_back(rest);
		rest = next;
	}
	return t;
}

static void end_thread(void *value)
{
	struct ct_thread *t = value;
	uint64_t old;

	if (t != ct_self || !t->top || t->generation != ct_recorder->generation)
		return; /* a forked child's, or one of a recording that ended */
	if (++t->ending < 3 && pthread_setspecific(key, t) == 0)
		return;
	old = ct_signals_block();
	ct_chunk_end(t);
	ct_table_end(t);
	/* Calls that pthread_exit() left open: frames above the sentinel are 0 for the next owner. */
	ct_zero(t->frames + 1, (size_t)((char *) (t->top + 1) - (char *) (t->frames + 1)));
	ct_parked_forget(t);
	t->top = NULL;
	ct_self = NULL;
	ct_crash_thread_end(t);
	give_back(t);
	ct_signals_restore(old);
}

static bool make_frames(struct ct_thread *t)
{
	for (unsigned i = 0; i < sizeof frame_counts / sizeof *frame_counts; i++) {
		t->frames_size = frame_counts[i] * sizeof *t->frames;
		t->frames = ct_pages(t->frames_size);
		if (t->frames) {
			t->limit = t->frames + frame_counts[i] - 1;
			t->frames[0].sp = t->frames[0].cfa = ~0ull;
			return true;
		}
	}
	return false;
}

static struct ct_thread *make_thread(void)
{
	struct ct_thread *t = ct_pages(sizeof *t);

	if (!t)
		return NULL;
	ct_madvise(t, sizeof *t, MADV_WIPEONFORK);
	if (!make_frames(t)) {
		ct_munmap(t, sizeof *t);
		return NULL;
	}
	t->next = atomic_load(&ct_recorder->threads);
	while (!atomic_compare_exchange_weak(&ct_recorder->threads, &t->next, t))
		;
	return t;
}

/* Makes a new or reused state speak for the calling thread. */
static bool adopt(struct ct_thread *t)
{
	int saved = errno;

	t->index = __atomic_fetch_add(&ct_recorder->session->threads, 1, __ATOMIC_RELAXED);
	t->tid = (uint32_t) syscall(SYS_gettid);
	t->pauses = atomic_load(&ct_recorder->pauses);
	t->generation = ct_recorder->generation;
	t->ending = 0;
	t->rows = t->segment_end = t->segments = t->slots_used = 0;
	t->kept_used = 0;
	t->captures_of = ct_values_generation;
	syscall(SYS_prctl, PR_GET_NAME, t->name, 0, 0, 0);
	if (!ct_table_begin(t) || !ct_chunk_begin(t)) {
		ct_table_end(t);
		return false;
	}
	__atomic_store_n(&t->top, t->frames, __ATOMIC_RELEASE);
	errno = saved;
	return true;
}

static struct ct_thread *begin(void)
{
	struct ct_thread *t;
	uint64_t phase;

	if (!ct_session_begin())
		return NULL;
	if (!atomic_exchange(&have_key, true) && pthread_key_create(&key, end_thread) != 0)
		atomic_store(&have_key, false);
	t = take_free();
	if (!t)
		t = make_thread();
	if (!t || !adopt(t)) {
		if (t)
			give_back(t);
		ct_session_lose(CT_LOST_NO_MEMORY, 1);
		return NULL;
	}
	ct_self = t;
	remembered.frames = t->frames;
	remembered.limit = t->limit;
	remembered.slots = t->slots;
	remembered.lost_row = t->lost_row;
	ct_crash_thread_begin(t);
	/* A child that a Criterion test forked begins in the middle of it, and so does another recording. */
	phase = ct_recorder->session->phase;
	if (t->index == 0 && phase > CT_PHASE_STARTUP)
		ct_chunk_extended(t, CT_PHASE, &phase, 1);
	/* glibc keeps the first 32 keys in the thread itself: no malloc. Where the program made
	 * more before us, this may call its malloc, whose hooks find `beginning` set. */
	if (atomic_load(&have_key))
		pthread_setspecific(key, t);
	return t;
}

CT_COLD struct ct_thread *ct_thread_begin(void)
{
	struct ct_thread *t;
	int saved = errno;
	uint64_t old;

	if (beginning) { /* our own work called instrumented code: an allocator, say */
		ct_session_lose(CT_LOST_REENTRY, 1);
		return NULL;
	}
	old = ct_signals_block();
	beginning = true;
	t = begin();
	beginning = false;
	ct_signals_restore(old);
	errno = saved;
	return t;
}

void ct_thread_remember_slots(struct ct_slots *slots)
{
	remembered.slots = slots;
}

/*
 * What the interrupted hook yet writes goes where nobody reads it, but for the count of its call, which
 * is the parent's, too. No hook that begins after this uses the state.
 */
void ct_thread_forked(void)
{
	struct ct_thread *t = ct_self;
	struct ct_frame *top = remembered.frames;

	if (!t || t->top || !top)
		return;
	while (top < remembered.limit && top[1].sp)
		top++;
	t->frames = remembered.frames;
	t->limit = remembered.limit;
	t->slots = remembered.slots;
	t->lost_row = remembered.lost_row;
	t->rows = CT_MAX_ROWS; /* no new ones */
	t->stopped = true;
	t->top = top;
	ct_self = NULL;
}

void ct_thread_forget_all(void)
{
	for (struct ct_thread *t = atomic_load(&ct_recorder->threads); t; t = t->next)
		t->top = NULL;
	atomic_store(&ct_recorder->threads, NULL);
	atomic_store(&ct_recorder->free_threads, NULL);
}
