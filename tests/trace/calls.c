/* One of everything that a tree can show, the same in every run. */
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

static jmp_buf out;

static int add(int a, int b)
{
	return a + b;
}

static int compare(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

static void deep(int n)
{
	if (n == 0)
		longjmp(out, 1);
	deep(n - 1);
}

static int factorial(int n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

static void *thread(void *unused)
{
	add(1, 2);
	return unused;
}

int main(void)
{
	int values[] = { 2, 1 };
	pthread_t id;

	qsort(values, 2, sizeof *values, compare);
	for (int i = 0; i < 3; i++)
		add(i, i);
	if (!setjmp(out))
		deep(2);
	pthread_create(&id, NULL, thread, NULL);
	pthread_join(id, NULL);
	factorial(3);
	exit(0);
}
