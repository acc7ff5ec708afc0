/* Counts do not depend on how the threads' calls interleave. */
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 5, ROUNDS = 200 };

static int leaf(int n)
{
	return n + 1;
}

static int tree(int n)
{
	return n ? tree(n - 1) + tree(n - 1) : leaf(n);
}

static void *work(void *arg)
{
	long sum = 0;

	for (int i = 0; i < ROUNDS; i++)
		sum += leaf(i) + tree((int) (long) arg);
	return (void *) sum;
}

int main(void)
{
	pthread_t threads[THREADS];
	long total = 0;
	void *sum;

	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *) i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &sum);
		total += (long) sum;
	}
	printf("%ld\n", total);
	return 0;
}
