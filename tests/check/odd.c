/* Tests that end badly, in threads, in fixtures, by parameters. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <pthread.h>
#include <stdlib.h>

void prepare(void)
{
}

void work(int n)
{
	(void) n;
}

int half(int n)
{
	if (n % 2)
		abort();
	work(n);
	return n / 2;
}

static void setup(void)
{
	prepare();
}

Test(odd, crashes, .init = setup)
{
	half(4);
	half(3);
	half(8);
}

static void *run(void *n)
{
	work(*(int *) n);
	work(*(int *) n + 1);
	return NULL;
}

Test(odd, threads)
{
	int numbers[] = { 10, 20 };
	pthread_t thread;

	work(1);
	for (int i = 0; i < 2; i++) { /* one after the other: they have their numbers by their first calls */
		pthread_create(&thread, NULL, run, &numbers[i]);
		pthread_join(thread, NULL);
	}
	work(2);
}

ParameterizedTestParameters(odd, parameters)
{
	static int values[] = { 2, 4, 6 };

	return cr_make_param_array(int, values, 3);
}

ParameterizedTest(int *value, odd, parameters)
{
	half(*value);
}
