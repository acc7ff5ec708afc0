/*
 * stepped.c - what step.c runs: work() makes calls of every kind between two int3, and is interrupted everywhere by a
 * handler that makes calls too.
 *
 *     stepped N           the handler makes N calls, and returns
 *     stepped N jump      and jumps back, until what is called there was interrupted everywhere
 *     stepped N hop       and jumps within itself, and returns
 *     stepped N fork      and returns twice, since it forks: the child has a trace of its own, and must come to its end
 *     stepped N high      and returns, but is on an alternate stack, which lies higher than the one of work()
 *     stepped N far M     and returns; instead of work(), M jumps over many calls are made, the thread's first among them
 *
 * Prints how often each function was entered and left.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PLAIN __attribute__((no_instrument_function))
#define BODY  __attribute__((noinline)) static

enum { LEAF, PAIR, DIVE, DEEP, JUMP, LAST, INSIDE, WORK, BRIEF, HANDLE, AFTER, FAR, HOP, PLUNGE, FUNCTIONS };
static const char *const names[] = { "leaf", "pair",  "dive", "deep",  "jump", "last", "inside",
	                             "work", "brief", "handle", "after", "far",  "hop",  "plunge" };
enum { FAR_CALLS = 90 };
static volatile long entered[FUNCTIONS], left[FUNCTIONS];
static volatile int sink, calls, jumps, hops, forks, is_child, round;
static jmp_buf back, hopped;
static sigjmp_buf out;

static inline PLAIN __attribute__((always_inline)) void at(int place)
{
	if (!is_child)
		__asm__ volatile("int3" : : "a"(place) : "memory");
}

BODY int leaf(int a)
{
	entered[LEAF]++;
	sink += a;
	left[LEAF]++;
	return a;
}

BODY int pair(int a)
{
	int b;

	entered[PAIR]++;
	b = leaf(a) + leaf(a + 1);
	left[PAIR]++;
	return b;
}

BODY int dive(int n)
{
	int a = 0;

	entered[DIVE]++;
	if (n > 0)
		a = dive(n - 1);
	else if (n < 0)
		longjmp(back, 1);
	left[DIVE]++;
	return a;
}

BODY void jump(void)
{
	entered[JUMP]++;
	if (setjmp(back) == 0)
		dive(-1);
	left[JUMP]++;
}

/* Ends in a jump to the exit hook, when optimised. */
BODY void last(int a)
{
	entered[LAST]++;
	sink += leaf(a);
	left[LAST]++;
}

static inline __attribute__((always_inline)) int inside(int a)
{
	int b;

	entered[INSIDE]++;
	b = leaf(a) * 2;
	left[INSIDE]++;
	return b;
}

BODY int work(int a)
{
	entered[WORK]++;
	a += pair(a) + inside(a);
	last(a);
	a += dive(3);
	jump();
	a += inside(a + 1);
	left[WORK]++;
	return a;
}

/* The same in short, for as many times as there are instructions. */
BODY int brief(int a)
{
	entered[BRIEF]++;
	last(inside(a));
	if (a > 5)
		jump();
	left[BRIEF]++;
	return a;
}

BODY int deep(int n)
{
	volatile char room[64];

	entered[DEEP]++;
	room[n % 64] = 1;
	if (n > 0)
		sink += deep(n - 1) + room[n % 64];
	else
		longjmp(back, 1);
	left[DEEP]++;
	return n;
}

/*
 * More calls than the stack holds that a signal takes for itself: so to a handler some of them are gone, and others look alive.
 * What the jump has left is known to be gone at the call behind it.
 */
BODY void far(int n)
{
	entered[FAR]++;
	if (setjmp(back) == 0)
		deep(n);
	at(4);
	leaf(n);
	at(5);
	left[FAR]++;
}

/* Not interrupted any more: what it calls must be recorded as its own. */
BODY void after(void)
{
	entered[AFTER]++;
	for (int i = 0; i < 100; i++)
		pair(i);
	work(1);
	left[AFTER]++;
}

BODY void handle(int n)
{
	entered[HANDLE]++;
	while (n-- > 0)
		leaf(n);
	left[HANDLE]++;
}

BODY void plunge(int n)
{
	entered[PLUNGE]++;
	if (n > 0)
		plunge(n - 1);
	else
		longjmp(hopped, 1);
	left[PLUNGE]++;
}

BODY void hop(void)
{
	entered[HOP]++;
	if (setjmp(hopped) == 0)
		plunge(2);
	leaf(0);
	left[HOP]++;
}

static PLAIN void be_two(void)
{
	pid_t child = fork();
	int status = 0;

	is_child = child == 0;
	if (!is_child && (waitpid(child, &status, 0) != child || status != 0)) {
		fprintf(stderr, "stepped: the child ended with wait status %#x\n", (unsigned) status);
		exit(4);
	}
}

static PLAIN void on_signal(int signal)
{
	(void) signal;
	if (forks)
		be_two();
	handle(calls);
	if (hops)
		hop();
	at(3);
	if (jumps)
		siglongjmp(out, 1);
}

/* Under the eyes of step.c. */
static PLAIN void be_interrupted(void)
{
	at(1);
	sigsetjmp(out, 1);
	if (jumps)
		brief(++round % 2 ? 4 : 6);
	else
		work(4);
	at(2);
	after();
	if (is_child)
		_exit(0);
}

static struct {
	char lower[1 << 18], higher[1 << 18];
} stacks;

static PLAIN void be_interrupted_below(void)
{
	const stack_t higher = { .ss_sp = stacks.higher, .ss_size = sizeof stacks.higher };
	ucontext_t here, there;

	sigaltstack(&higher, NULL);
	getcontext(&there);
	there.uc_stack.ss_sp = stacks.lower;
	there.uc_stack.ss_size = sizeof stacks.lower;
	there.uc_link = &here;
	makecontext(&there, be_interrupted, 0);
	swapcontext(&here, &there);
}

static PLAIN void print(void)
{
	for (int i = 0; i < FUNCTIONS; i++)
		if (entered[i])
			printf("%s %ld %ld\n", names[i], entered[i], left[i]);
}

PLAIN int main(int argc, char **argv)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	action.sa_flags = SA_ONSTACK;
	calls = argc > 1 ? (int) strtol(argv[1], NULL, 10) : 1;
	sigaction(SIGUSR1, &action, NULL);
	if (argc > 3) {
		pair(1);
		at(1);
		at(5);
		for (int i = 0; i < (int) strtol(argv[3], NULL, 10); i++)
			far(FAR_CALLS + i % 3);
		at(2);
		print();
		return 0;
	}
	for (int i = 0; i < 3; i++) { /* now everything is known */
		work(i);
		brief(7);
	}
	jumps = argc > 2 && strcmp(argv[2], "jump") == 0;
	hops = argc > 2 && strcmp(argv[2], "hop") == 0;
	forks = argc > 2 && strcmp(argv[2], "fork") == 0;
	if (argc > 2 && strcmp(argv[2], "high") == 0)
		be_interrupted_below();
	else
		be_interrupted();
	print();
	return 0;
}
