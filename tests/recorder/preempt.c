/*
 * preempt.c - threads of its own making: a timer's handler switches between stacks, whatever instruction it interrupts, and comes back
 * to it when the others have had their turn.
 *
 *     preempt SWITCHES
 *
 * Prints how often leaf() was called.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#define PLAIN __attribute__((no_instrument_function))
#define KEEP  __attribute__((noinline))

enum { TASKS = 5, MICROSECONDS = 80, STACK = 1 << 16 };

static struct task {
	ucontext_t context;
	jmp_buf back;
	volatile int done;
	char stack[STACK];
} tasks[TASKS];

static volatile int now, stop;
static int switches;
static long leaves;

KEEP static int leaf(int a)
{
	__asm__ volatile("incq %0" : "+m"(leaves) : : "cc"); /* whole to a handler */
	return a + 1;
}

/* With values: what it is given, what it fills, what it returns. */
KEEP static char *first_of(const char *text, char *out)
{
	out[0] = text[0];
	out[1] = '\0';
	leaf(0);
	return out;
}

KEEP static int recurse(int n)
{
	char room[8];

	return first_of("text", room)[0] + (n > 0 ? recurse(n - 1) + leaf(n) : leaf(n));
}

KEEP static double scale(double a, float b)
{
	return leaf((int) a) * b;
}

KEEP static void last(int n);

/* Both end in a jump to the exit hook, when optimised. */
KEEP static void other(int n)
{
	leaf(n);
	if (n > 0)
		last(n - 1);
}

KEEP static void last(int n)
{
	leaf(n);
	if (n > 0)
		other(n - 1);
}

KEEP static void dive(struct task *t, int n)
{
	if (n == 0)
		longjmp(t->back, 1);
	dive(t, n - 1);
	leaf(n);
}

KEEP static void jump(struct task *t)
{
	if (setjmp(t->back) == 0)
		dive(t, 8);
	leaf(1);
}

KEEP static double work(struct task *t, int round)
{
	last(round % 5);
	jump(t);
	return recurse(round % 20) + scale(round, 2.5f);
}

static PLAIN void mask(int how)
{
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(how, &alarm, NULL);
}

/* To the next one that is not done. */
static PLAIN void switch_tasks(void)
{
	int from = now;

	do
		now = (now + 1) % TASKS;
	while (tasks[now].done && now != from);
	if (now != from)
		swapcontext(&tasks[from].context, &tasks[now].context);
}

static PLAIN void run(int number)
{
	mask(SIG_UNBLOCK);
	for (int round = 0; !stop; round++)
		work(&tasks[number], round);
	mask(SIG_BLOCK);
	if (number) {
		tasks[number].done = 1;
		switch_tasks();
	}
	for (int i = 1; i < TASKS; i++)
		while (!tasks[i].done)
			switch_tasks();
}

static PLAIN void set_timer(int microseconds)
{
	struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_alarm(int signal)
{
	leaf(signal);
	if (--switches == 0) {
		stop = 1;
		set_timer(0);
	}
	switch_tasks();
	leaf(signal);
}

PLAIN int main(int argc, char **argv)
{
	struct sigaction action;

	switches = argc > 1 ? (int) strtol(argv[1], NULL, 10) : 100;
	memset(&action, 0, sizeof action);
	action.sa_handler = on_alarm;
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	mask(SIG_BLOCK);
	for (int i = 1; i < TASKS; i++) {
		getcontext(&tasks[i].context);
		tasks[i].context.uc_stack.ss_sp = tasks[i].stack;
		tasks[i].context.uc_stack.ss_size = STACK;
		makecontext(&tasks[i].context, (void (*)(void)) run, 1, i);
	}
	set_timer(MICROSECONDS);
	run(0);
	printf("%ld\n", leaves);
	return 0;
}
