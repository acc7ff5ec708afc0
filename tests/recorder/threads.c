/* Hundreds of threads, few at a time, each with calls of its own count; some end by pthread_exit or are cancelled. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_key_t key;

__attribute__((noinline)) int leaf(int number)
{
	return number + 1;
}

/* Thread-data destructors call instrumented code too. */
static void destroy(void *value)
{
	leaf((int) (long) value);
}

static void *run(void *argument)
{
	long number = (long) argument;

	pthread_setspecific(key, (void *) (number + 1));
	for (long i = 0; i < number; i++)
		leaf((int) i);
	if (number % 3 == 1)
		pthread_exit(NULL);
	while (number % 3 == 2) {
		pthread_testcancel();
		usleep(100);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t threads[10];

	pthread_key_create(&key, destroy);
	for (int i = 0; i < count; i += 10) {
		for (int j = 0; j < 10; j++)
			if (pthread_create(&threads[j], NULL, run, (void *) (long) (i + j)) != 0)
				return 1;
		for (int j = 0; j < 10; j++) {
			if ((i + j) % 3 == 2)
				pthread_cancel(threads[j]);
			pthread_join(threads[j], NULL);
		}
	}
	printf("%d threads\n", count);
	return 0;
}
