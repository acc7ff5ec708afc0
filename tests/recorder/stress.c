/*
 * stress.c - what the generated functions of test_stress.py run in: threads, jumps, deep recursion and a timer's
 * signals. Counts by itself who called whom, and how deep, without hooks, and prints it: the trace must say the same.
 *
 *     stress PROGRAM SEED CALLS DEPTH FLOOD MICROSECONDS
 *
 * PROGRAM is one of those that were generated. CALLS bounds what main() does, and each thread does a third of it; DEPTH is that
 * of the deep recursion, FLOOD the calls that now and then a signal's handler makes, MICROSECONDS the time between signals.
 */
#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define PLAIN __attribute__((no_instrument_function))
enum {
	GENERATED = 30, /* in each program */
	OUTSIDE = GENERATED * PROGRAMS, HANDLER, HANDLER_LEAF, DEEP, THREAD, MAIN, COMPARE, TOUCH, SINK, TINY, TWO_TINY,
	FUNCTIONS
};

static const char *const names[FUNCTIONS - OUTSIDE] = {
	[OUTSIDE - OUTSIDE] = "-", [HANDLER - OUTSIDE] = "on_alarm", [HANDLER_LEAF - OUTSIDE] = "alarm_leaf", [DEEP - OUTSIDE] = "deep",
	[THREAD - OUTSIDE] = "run_thread", [MAIN - OUTSIDE] = "main", [COMPARE - OUTSIDE] = "compare", [TOUCH - OUTSIDE] = "touch", [SINK - OUTSIDE] = "sink",
	[TINY - OUTSIDE] = "tiny", [TWO_TINY - OUTSIDE] = "two_tiny",
};

static uint64_t entered[FUNCTIONS], left[FUNCTIONS], depths[FUNCTIONS], pairs[FUNCTIONS][FUNCTIONS];

struct jump {
	jmp_buf buf;
	struct jump *outer;
};

static __thread volatile int current = OUTSIDE, level; /* calls that are open */
static __thread struct jump *volatile innermost;
static __thread volatile int budget;

#define COUNT(what) __atomic_fetch_add(&(what), 1, __ATOMIC_RELAXED)

#define BEGIN(number)                                            \
	const int self = number, caller = current, outer = level; \
	COUNT(entered[self]);                                    \
	__atomic_fetch_add(&depths[self], level = outer + 1, __ATOMIC_RELAXED); \
	COUNT(pairs[caller][self]);                              \
	current = self;                                          \
	budget--

#define END                                                      \
	do {                                                     \
		COUNT(left[self]);                               \
		current = caller;                                \
		level = outer;                                   \
	} while (0)

/* Runs `statement`, and goes on behind it when something in it jumps. */
#define CATCH(statement)                                         \
	do {                                                     \
		struct jump here;                                \
		here.outer = innermost;                          \
		if (setjmp(here.buf) == 0) {                     \
			innermost = &here;                       \
			statement;                               \
		}                                                \
		current = self;                                  \
		level = outer + 1;                               \
		innermost = here.outer;                          \
	} while (0)

#define THROW                                                    \
	do {                                                     \
		if (innermost)                                   \
			longjmp(innermost->buf, 1);              \
	} while (0)

typedef int function(int depth, int x);

static function *const *functions; /* of the program that is run */

static int compare(const void *a, const void *b)
{
	BEGIN(COMPARE);
	END;
	return (*(const int *) a > *(const int *) b) - (*(const int *) a < *(const int *) b);
}

__attribute__((noinline)) static int touch(int x)
{
	BEGIN(TOUCH);
	END;
	return x;
}

/* A compiler that optimises ends this by a jump to the exit hook. */
__attribute__((noinline)) static void sink(int depth, int *x)
{
	BEGIN(SINK);
	*x = functions[(unsigned) *x % GENERATED](depth, *x);
	END;
}

/* Inlined even without optimisation. */
static inline __attribute__((always_inline)) int tiny(int x)
{
	BEGIN(TINY);
	END;
	return x ^ 5;
}

static inline __attribute__((always_inline)) int two_tiny(int x)
{
	BEGIN(TWO_TINY);
	x = tiny(tiny(x) + 1);
	END;
	return x;
}

#include "functions.h" /* generated: f0, f1, ..., and programs[][] */

static int deep(int n, int jump)
{
	int x = 0;
	BEGIN(DEEP);
	if (n > 0)
		x = deep(n - 1, jump) + 1;
	else if (jump)
		THROW;
	END;
	return x;
}

static int alarm_leaf(int x)
{
	BEGIN(HANDLER_LEAF);
	END;
	return x + 1;
}

static int flood;

/* Now and then long enough to fill every chunk that there is. */
static void on_alarm(int signal)
{
	static int often;
	int x = signal;
	BEGIN(HANDLER);
	for (int n = __atomic_fetch_add(&often, 1, __ATOMIC_RELAXED) % 64 == 63 ? flood : 3; n > 0; n--)
		x = alarm_leaf(x);
	END;
}

static PLAIN void go(int start, int most)
{
	const int self = current, outer = level - 1;

	budget = most;
	for (int round = 0; budget > 0; round++)
		CATCH(functions[(unsigned) (start + round) % GENERATED](12, start * 7919 + round));
}

static int seed, calls;

static void *run_thread(void *number)
{
	BEGIN(THREAD);
	go(seed + (int) (intptr_t) number, calls / 3);
	END;
	return NULL;
}

static PLAIN void set_timer(int microseconds)
{
	struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* One of the last four that were asked for. */
static PLAIN const char *name(int number)
{
	static char text[4][16];
	static unsigned next;

	if (number >= OUTSIDE)
		return names[number - OUTSIDE];
	snprintf(text[++next % 4], sizeof *text, "f%d", number);
	return text[next % 4];
}

/* A signal may come when a call has begun for the hook and not yet for us: who called its handler, and how deep, is not compared. */
static PLAIN void print(void)
{
	for (int i = 0; i < FUNCTIONS; i++) {
		if (entered[i])
			printf("calls %s %llu %llu %llu\n", name(i), (unsigned long long) entered[i],
			       (unsigned long long) left[i], (unsigned long long) depths[i]);
		for (int j = 0; j < FUNCTIONS; j++)
			if (pairs[i][j] && j != HANDLER)
				printf("pair %s %s %llu\n", name(i), name(j), (unsigned long long) pairs[i][j]);
	}
}

/* Not atoi(): <stdlib.h> has a body for it, which clang instruments. */
static PLAIN int number_of(const char *text)
{
	return (int) strtol(text, NULL, 10);
}

int main(int argc, char **argv)
{
	struct sigaction action;
	pthread_t threads[3];
	BEGIN(MAIN);

	if (argc != 7)
		return 2;
	functions = programs[number_of(argv[1])];
	seed = number_of(argv[2]);
	calls = number_of(argv[3]);
	flood = number_of(argv[5]);
	memset(&action, 0, sizeof action);
	action.sa_handler = on_alarm;
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	set_timer(number_of(argv[6]));
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, run_thread, (void *) (intptr_t) (i + 1));
	go(seed, calls);
	for (int i = 0; i < 4; i++)
		CATCH(deep(number_of(argv[4]), i & 1));
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	set_timer(0);
	END;
	print();
	return 0;
}
