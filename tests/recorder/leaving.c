/* Ways out of calls, and stacks that are no usual ones: argv[1] says which. What it prints must be the same when traced. */
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define PLAIN __attribute__((no_instrument_function))
#define KEEP  __attribute__((noinline))

static sigjmp_buf back;
static volatile int sink;

KEEP int leaf(int number)
{
	sink += number;
	return number + 1;
}

/* Behind everything else: must be main()'s own, with its leaf() below it. */
KEEP void afterwards(void)
{
	leaf(sink);
}

/* --- a handler on another stack, left by a jump --- */

KEEP static void on_signal(int signal)
{
	leaf(signal);
	siglongjmp(back, 1);
}

KEEP void raises(int depth)
{
	if (depth > 0)
		raises(depth - 1);
	else
		raise(SIGUSR1);
	__asm__ volatile("" ::: "memory");
}

KEEP static void jumps(bool other_stack)
{
	static char stack[1 << 16];
	stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = other_stack ? SA_ONSTACK : 0 };
	volatile int times = 0;

	sigaltstack(&other, NULL);
	sigaction(SIGUSR1, &action, NULL);
	while (times < 3)
		if (sigsetjmp(back, 1) == 0)
			raises(3);
		else
			times += leaf(0);
	printf("jumped %d times\n", times);
}

/* --- coroutines --- */

static ucontext_t main_context, contexts[2];

KEEP static int produce(int coroutine, int number)
{
	leaf(number);
	swapcontext(&contexts[coroutine], &main_context);
	return leaf(number);
}

KEEP static void coroutine(int number)
{
	for (int i = 0; i < 5; i++)
		sink += produce(number, i);
}

KEEP static void switches(void)
{
	/* One above, one below the stack of main(): neither order may look like a jump. */
	static char low[1 << 16];
	volatile size_t size = 1 << 16; /* else clang makes it part of the frame: above what the hook sees of that */
	char *high = alloca(size);
	int switched = 0;

	for (int i = 0; i < 2; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = i ? high : low;
		contexts[i].uc_stack.ss_size = 1 << 16;
		contexts[i].uc_link = &main_context;
		makecontext(&contexts[i], (void (*)(void)) coroutine, 1, i);
	}
	for (int round = 0; round < 6; round++)
		for (int i = 0; i < 2; i++) {
			leaf(i);
			swapcontext(&main_context, &contexts[i]);
			switched++;
		}
	printf("switched %d times\n", switched);
}

/* Each of three goes to the next one, which lies anywhere; the thread's own stack is one of them. */
static ucontext_t ring[3];

KEEP static int passes_on(int number, int levels)
{
	int sum = leaf(number);

	if (levels > 0)
		sum += passes_on(number, levels - 1);
	else
		swapcontext(&ring[number], &ring[(number + 1) % 3]);
	return sum + leaf(levels);
}

KEEP static void goes_round(int number)
{
	for (int i = 0; i < 4; i++)
		sink += passes_on(number, i);
}

KEEP static void *in_a_ring(void *none)
{
	static char low[1 << 16];
	char *high = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 1; i < 3; i++) {
		getcontext(&ring[i]);
		ring[i].uc_stack.ss_sp = i == 1 ? high : low;
		ring[i].uc_stack.ss_size = 1 << 16;
		ring[i].uc_link = &ring[(i + 1) % 3];
		makecontext(&ring[i], (void (*)(void)) goes_round, 1, i);
	}
	goes_round(0);
	return none;
}

KEEP static void rings(void)
{
	pthread_t thread;

	in_a_ring(NULL);
	for (int i = 0; i < 2; i++) {
		pthread_create(&thread, NULL, in_a_ring, NULL);
		pthread_join(thread, NULL);
	}
}

/* --- tail calls, functions that are not instrumented --- */

KEEP int callee(int number)
{
	return leaf(number) + 1;
}

KEEP PLAIN int hidden(int number)
{
	return callee(number * 2); /* a jump, when optimised */
}

KEEP PLAIN int hidden_too(int number)
{
	return hidden(number) + 1;
}

KEEP int calls_hidden(int number)
{
	int sum = hidden(number);

	return sum + hidden_too(number);
}

KEEP int returns_hidden(int number)
{
	return hidden(number); /* the exit hook comes between, or did before */
}

/* --- a stack pointer that moves --- */

KEEP int takes_stack(int size)
{
	char *room = alloca((size_t) size);
	int sum = 0;

	memset(room, size, (size_t) size);
	for (int i = 0; i < 3; i++) {
		char more[(size_t)(i * 500 + 1)];

		memset(more, i, sizeof more);
		sum += leaf(more[0] + room[size - 1]);
		room = alloca(300);
		memset(room, i, 300);
		size = 300;
	}
	return sum + (sum < 100000 && size < 0 ? takes_stack(size) : 0);
}

/* --- functions that never return --- */

KEEP static void __attribute__((noreturn)) never(int number)
{
	leaf(number);
	siglongjmp(back, number);
}

KEEP PLAIN void between(int number)
{
	never(number);
}

KEEP static void calls_never(void)
{
	for (volatile int i = 1; i < 4; i++)
		if (sigsetjmp(back, 0) == 0)
			between(i);
	leaf(0);
}

/* --- cancellation --- */

struct note {
	int *to;
	int value;
};

static void unwound(void *argument)
{
	struct note *note = argument;

	*note->to += leaf(note->value) - 1;
}

KEEP int waits(int depth, int *total)
{
	struct note note = { total, 1 };
	int result = 0;

	pthread_cleanup_push(unwound, &note);
	if (depth > 0)
		result = waits(depth - 1, total) + 1;
	else
		for (;;) {
			pthread_testcancel();
			leaf(0);
			usleep(10);
		}
	pthread_cleanup_pop(0);
	return result;
}

static int totals[8];

KEEP static void *run(void *number)
{
	waits(4, &totals[(long) number]);
	return NULL;
}

KEEP static void cancels(void)
{
	pthread_t threads[8];
	int sum = 0;

	for (long i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, run, (void *) i);
	for (int i = 0; i < 8; i++) {
		pthread_cancel(threads[i]);
		pthread_join(threads[i], NULL);
	}
	for (int i = 0; i < 8; i++)
		sum += totals[i];
	printf("%s\n", sum == 40 || sum < 40 ? "unwound" : "too often");
}

/* --- ends --- */

KEEP static void at_the_end(void)
{
	leaf(1);
	if (write(STDOUT_FILENO, "the end\n", 8) < 0)
		leaf(2);
}

KEEP static void ends_quickly(int depth)
{
	if (depth > 0)
		ends_quickly(depth - 1);
	at_quick_exit(at_the_end);
	quick_exit(6);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "jumps") == 0)
		jumps(false);
	else if (strcmp(what, "altstack") == 0)
		jumps(true);
	else if (strcmp(what, "rings") == 0)
		rings();
	else if (strcmp(what, "coroutines") == 0)
		switches();
	else if (strcmp(what, "tails") == 0)
		printf("%d\n", calls_hidden(1) + returns_hidden(2));
	else if (strcmp(what, "alloca") == 0)
		printf("%d\n", takes_stack(100) + takes_stack(50));
	else if (strcmp(what, "never") == 0)
		calls_never();
	else if (strcmp(what, "cancels") == 0)
		cancels();
	else if (strcmp(what, "quick_exit") == 0)
		ends_quickly(2);
	afterwards();
	return 0;
}
