/* Tests that change what a recorder might lean on: directory, descriptors, environment, handlers, limits. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 9000 /* more than a chunk of the trace holds */

int code(int number)
{
	return number + 1;
}

static int (*volatile call)(int) = code;

static void call_often(void)
{
	for (int i = 0; i < MANY; i++)
		call(i);
}

Test(surroundings, chdir)
{
	call_often();
	cr_assert_eq(chdir("/"), 0);
	call_often();
}

Test(surroundings, clearenv)
{
	call_often();
	clearenv();
	call_often();
}

Test(surroundings, closed_descriptors)
{
	call_often();
	for (int fd = 10; fd < 100; fd++)
		close(fd);
	call_often();
}

Test(surroundings, no_more_descriptors)
{
	struct rlimit none = { 3, 3 };

	call_often();
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	call_often();
}

Test(surroundings, ignored_children)
{
	pid_t child;

	signal(SIGCHLD, SIG_IGN);
	call_often();
	child = fork();
	if (child == 0)
		_exit(3);
	cr_assert_eq(waitpid(child, NULL, 0), -1);
}

Test(surroundings, runs_a_program)
{
	cr_assert_eq(system("/bin/true"), 0);
	call_often();
}

static void on_profile(int signal)
{
	(void) signal;
	call(1);
}

Test(surroundings, handles_sigprof)
{
	signal(SIGPROF, on_profile);
	raise(SIGPROF);
	call_often();
}

Test(surroundings, little_memory)
{
	struct rlimit less = { 0, 0 };

	cr_assert_eq(getrlimit(RLIMIT_AS, &less), 0);
	call_often();
	less.rlim_cur = 64 << 20;
	cr_assert_eq(setrlimit(RLIMIT_AS, &less), 0);
	call_often();
}
