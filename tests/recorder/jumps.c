/* What the hooks must leave as it is, and frames that are left without their exit hook. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf back;
static int *volatile nowhere;

__attribute__((noinline)) int leaf(int number)
{
	return number + 1;
}

__attribute__((noinline)) int deep(int depth)
{
	int below = depth ? deep(depth - 1) : 0;

	__asm__ volatile("" ::: "memory");
	return below + 1;
}

__attribute__((noinline)) static void on_segv(int signal)
{
	leaf(signal);
	siglongjmp(back, 1);
}

__attribute__((noinline)) void crash(int depth)
{
	if (depth)
		crash(depth - 1);
	else
		*nowhere = 1;
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void jumps_from_handlers(void)
{
	struct sigaction action = { .sa_handler = on_segv };
	volatile int times = 0;

	sigaction(SIGSEGV, &action, NULL);
	while (times < 3)
		if (sigsetjmp(back, 1) == 0)
			crash(4);
		else
			times += leaf(0);
	printf("jumped %d times\n", times);
}

__attribute__((noinline)) static void jump(int depth)
{
	if (depth)
		jump(depth - 1);
	else
		siglongjmp(back, 1);
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void jumps(void)
{
	volatile int times = 0;

	while (times < 3)
		if (sigsetjmp(back, 0) == 0)
			jump(5);
		else
			times += leaf(0);
	printf("jumped %d times\n", times);
}

#pragma GCC diagnostic ignored "-Wreturn-type"
__attribute__((noinline)) int forgets(int number)
{
	leaf(number);
}

static void keeps_errno(void)
{
	for (int i = 1; i < 20; i++) {
		errno = i;
		leaf(i);
		if (errno != i)
			printf("errno %d became %d\n", i, errno);
	}
}

static volatile int ticks;

static void on_alarm(int signal)
{
	ticks = leaf(ticks + signal - signal);
}

/* Handlers that call instrumented code come in at any instruction. */
static void is_interrupted(void)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { { 0, 0 }, { 0, 0 } };
	long sum = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 300000; i++)
		sum += leaf(i);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("sum %ld, interrupted %s\n", sum, ticks > 0 ? "yes" : "no");
}

static char stack[1 << 16];

static void on_overflow(int signal)
{
	leaf(signal);
	printf("overflow\n");
	fflush(stdout);
	_exit(11);
}

/* Until the stack ends; the handler runs on another. */
static void overflows(void)
{
	stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_handler = on_overflow, .sa_flags = SA_ONSTACK };

	sigaltstack(&other, NULL);
	sigaction(SIGSEGV, &action, NULL);
	deep(1 << 30);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "deep") == 0)
		printf("%d\n", deep(atoi(argv[2])));
	else if (strcmp(what, "handlers") == 0)
		jumps_from_handlers();
	else if (strcmp(what, "jumps") == 0)
		jumps();
	else if (strcmp(what, "forgets") == 0)
		printf("%d\n", forgets(41));
	else if (strcmp(what, "errno") == 0)
		keeps_errno();
	else if (strcmp(what, "interrupted") == 0)
		is_interrupted();
	else if (strcmp(what, "overflows") == 0)
		overflows();
	return 0;
}
