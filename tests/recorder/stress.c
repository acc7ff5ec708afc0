/*
 * stress.c - what the generated functions of test_stress.py run in: threads, jumps, deep recursion and a timer's
 * signals. Counts by itself who called whom, without hooks, and prints it: the trace must say the same.
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
	GENERATED = 30,
	OUTSIDE = GENERATED, HANDLER, HANDLER_LEAF, DEEP, THREAD, MAIN, COMPARE, TOUCH, SINK, TINY, TWO_TINY,
	FUNCTIONS
};

static const char *const names[FUNCTIONS] = {
	"f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", "f15", "f16",
	"f17", "f18", "f19", "f20", "f21", "f22", "f23", "f24", "f25", "f26", "f27", "f28", "f29",
	[OUTSIDE] = "-", [HANDLER] = "on_alarm", [HANDLER_LEAF] = "alarm_leaf", [DEEP] = "deep",
	[THREAD] = "run_thread", [MAIN] = "main", [COMPARE] = "compare", [TOUCH] = "touch", [SINK] = "sink",
	[TINY] = "tiny", [TWO_TINY] = "two_tiny",
};

static uint64_t entered[FUNCTIONS], left[FUNCTIONS], pairs[FUNCTIONS][FUNCTIONS];

struct jump {
	jmp_buf buf;
	struct jump *outer;
};

static __thread volatile int current = OUTSIDE;
static __thread struct jump *volatile innermost;
static __thread volatile int budget;

#define COUNT(what) __atomic_fetch_add(&(what), 1, __ATOMIC_RELAXED)

#define BEGIN(number)                                            \
	const int self = number, caller = current;               \
	COUNT(entered[self]);                                    \
	COUNT(pairs[caller][self]);                              \
	current = self;                                          \
	budget--

#define END                                                      \
	do {                                                     \
		COUNT(left[self]);                               \
		current = caller;                                \
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
		innermost = here.outer;                          \
	} while (0)

#define THROW                                                    \
	do {                                                     \
		if (innermost)                                   \
			longjmp(innermost->buf, 1);              \
	} while (0)

typedef int function(int depth, int x);

static function *const functions[GENERATED];

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

#include "functions.h" /* generated: f0 to f29, and functions[] */

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

/* Now and then long enough to fill every chunk that there is. */
static void on_alarm(int signal)
{
	static int often;
	int x = signal;
	BEGIN(HANDLER);
	for (int n = __atomic_fetch_add(&often, 1, __ATOMIC_RELAXED) % 64 == 63 ? 40000 : 3; n > 0; n--)
		x = alarm_leaf(x);
	END;
}

static PLAIN void go(int seed, int calls)
{
	const int self = current;

	budget = calls;
	for (int round = 0; budget > 0; round++)
		CATCH(functions[(unsigned) (seed + round) % GENERATED](12, seed * 7919 + round));
}

static void *run_thread(void *seed)
{
	BEGIN(THREAD);
	go((int) (intptr_t) seed, 30000);
	END;
	return NULL;
}

static PLAIN void set_timer(int microseconds)
{
	struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* A signal may come when a call has begun for the hook and not yet for us: who called its handler is not compared. */
static PLAIN void print(void)
{
	for (int i = 0; i < FUNCTIONS; i++) {
		if (entered[i])
			printf("calls %s %llu %llu\n", names[i], (unsigned long long) entered[i],
			       (unsigned long long) left[i]);
		for (int j = 0; j < FUNCTIONS; j++)
			if (pairs[i][j] && j != HANDLER)
				printf("pair %s %s %llu\n", names[i], names[j], (unsigned long long) pairs[i][j]);
	}
}

int main(void)
{
	struct sigaction action;
	pthread_t threads[3];
	BEGIN(MAIN);

	memset(&action, 0, sizeof action);
	action.sa_handler = on_alarm;
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	set_timer(211);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, run_thread, (void *) (intptr_t) (i + 2));
	go(1, 100000);
	for (int i = 0; i < 4; i++)
		CATCH(deep(20000, i & 1));
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	set_timer(0);
	END;
	print();
	return 0;
}
