/*
 * coroutines.c - primes by a row of filters, each a coroutine of libpcl that asks the one before it for the next number; and a
 * tree that is walked by one. Prints how often each function was entered and left, too.
 *
 *     coroutines HOW_MANY STACK_SIZE
 */
#include <pcl.h>
#include <stdio.h>
#include <stdlib.h>

#define PLAIN __attribute__((no_instrument_function))
#define OURS  __attribute__((noinline)) static
enum { NUMBERS, FILTER, ASK, HAND_OVER, WALK, WALK_ALL, PRIMES, TREE, KINDS };
static const char *const names[] = { "numbers", "filter", "ask", "hand_over", "walk", "walk_all", "primes", "tree" };
static long entered[KINDS], left[KINDS];

struct stage {
	coroutine_t coroutine;
	struct stage *before;
	int prime, number; /* what it handed over last */
};

static int stack_size;

/* Goes on in the coroutine that asks; comes back when that one asks again. */
OURS void hand_over(struct stage *stage, int number)
{
	entered[HAND_OVER]++;
	stage->number = number;
	co_resume();
	left[HAND_OVER]++;
}

OURS int ask(struct stage *stage)
{
	entered[ASK]++;
	co_call(stage->coroutine);
	left[ASK]++;
	return stage->number;
}

OURS void numbers(void *data)
{
	entered[NUMBERS]++;
	for (int i = 2;; i++)
		hand_over(data, i);
}

OURS void filter(void *data)
{
	struct stage *stage = data;

	entered[FILTER]++;
	for (;;) {
		int number = ask(stage->before);

		if (number % stage->prime)
			hand_over(stage, number);
	}
}

static PLAIN struct stage *make(void (*function)(void *), struct stage *before, int prime)
{
	struct stage *stage = calloc(1, sizeof *stage);

	stage->before = before;
	stage->prime = prime;
	stage->coroutine = co_create(function, stage, NULL, stack_size);
	if (!stage->coroutine)
		exit(2);
	return stage;
}

OURS int primes(int how_many)
{
	struct stage *last = make(numbers, NULL, 0);
	int prime = 0;

	entered[PRIMES]++;
	for (int i = 0; i < how_many; i++) {
		prime = ask(last);
		printf("%d ", prime);
		last = make(filter, last, prime);
	}
	printf("\n");
	left[PRIMES]++;
	return prime;
}

/* Stops at each leaf, however deep. */
OURS int walk(struct stage *stage, int depth, int number)
{
	int sum = number;

	entered[WALK]++;
	if (depth == 0)
		hand_over(stage, number);
	else
		sum = walk(stage, depth - 1, 2 * number) + walk(stage, depth - 1, 2 * number + 1);
	left[WALK]++;
	return sum;
}

OURS void walk_all(void *data)
{
	struct stage *stage = data;

	entered[WALK_ALL]++;
	printf("walked: %d\n", walk(stage, 5, 1));
	stage->number = 0;
	left[WALK_ALL]++;
}

OURS int tree(void)
{
	struct stage *stages[3];
	int sum = 0;

	entered[TREE]++;
	for (int i = 0; i < 3; i++)
		stages[i] = make(walk_all, NULL, 0);
	for (int turn = 0; turn < 33; turn++) /* in turns */
		for (int i = 0; i < 3; i++)
			sum += ask(stages[i]);
	left[TREE]++;
	return sum;
}

PLAIN int main(int argc, char **argv)
{
	stack_size = argc == 3 ? (int) strtol(argv[2], NULL, 10) : 16384;
	if (co_thread_init() < 0)
		return 2;
	printf("last prime: %d\n", primes(argc > 1 ? (int) strtol(argv[1], NULL, 10) : 20));
	printf("leaves: %d\n", tree());
	for (int i = 0; i < KINDS; i++)
		printf("%s %ld %ld\n", names[i], entered[i], left[i]);
	return 0;
}
