/*
 * Plug-ins come and go, again and again, mostly to the same place, while other threads call. -DNAME=one: a plug-in, with
 * functions of its own. Else the host: `reload ROUNDS PLUG-IN...` calls each as often as ROUNDS says. In the environment,
 * HOW=deepbind, nodelete or namespace: how they are loaded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
typedef int function(int number);

#ifdef NAME
#define JOIN2(a, b) a##b
#define JOIN(a, b)  JOIN2(a, b)

#ifdef LONGER /* so that its functions are elsewhere, and have larger frames */
KEEP int JOIN(NAME, _first)(int number)
{
	volatile int many[LONGER] = { number };

	return many[number / 1000] + 1;
}
#endif

KEEP int JOIN(NAME, _inner)(function *callback, int number)
{
	return callback(number) + 1;
}

int plugin(function *callback, int number);

int plugin(function *callback, int number)
{
#ifdef LONGER
	number += JOIN(NAME, _first)(number) - number - 1;
#endif
	return JOIN(NAME, _inner)(callback, number);
}

#else
static _Atomic int stopped;

KEEP int called_back(int number)
{
	return number + 1;
}

KEEP static int deep(int depth)
{
	return depth > 0 ? deep(depth - 1) + 1 : 0;
}

static void *busy(void *unused)
{
	for (int i = 0; !stopped; i++) {
		deep(3);
		if (i % 20 == 0)
			usleep(500);
	}
	return unused;
}

static void *load(const char *path)
{
	const char *how = getenv("HOW");

	if (how && strcmp(how, "namespace") == 0)
		return dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
	return dlopen(path, RTLD_NOW | (how && strcmp(how, "deepbind") == 0 ? RTLD_DEEPBIND : 0)
	                            | (how && strcmp(how, "nodelete") == 0 ? RTLD_NODELETE : 0));
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t threads[2];
	long sum = 0;

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, busy, NULL);
	for (int round = 0; round < rounds; round++)
		for (int i = 2; i < argc; i++) {
			void *handle = load(argv[i]);
			int (*plugin)(function *, int) = handle ? (int (*)(function *, int)) dlsym(handle, "plugin") : NULL;

			if (!plugin)
				return 1;
			sum += plugin(called_back, i);
			dlclose(handle);
		}
	stopped = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%ld\n", sum);
	return 0;
}
#endif
