/* starts.c - a suite whose tests start programs: itself, which is then no suite, in each of the ways there are. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *program(void)
{
	return getenv("STARTED");
}

static void wait_for(pid_t child)
{
	int status;

	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
}

static void spawn(const char *word)
{
	char *argv[] = { (char *) "started", (char *) word, NULL };
	pid_t child;

	cr_assert_eq(posix_spawn(&child, program(), NULL, NULL, argv, environ), 0);
	wait_for(child);
}

Test(starts, spawns)
{
	spawn("spawned");
	spawn("forks");
}

Test(starts, by_a_shell)
{
	char command[4200];

	snprintf(command, sizeof command, "%s by_a_shell; %s by_a_shell", program(), program());
	cr_assert_eq(system(command), 0);
}

Test(starts, forks_and_executes)
{
	pid_t child = fork();

	if (child == 0) {
		execl(program(), "started", "executed", NULL);
		_exit(127);
	}
	wait_for(child);
}

Test(starts, executes, .exit_code = 0)
{
	execl(program(), "started", "instead", NULL);
}

Test(starts, fails)
{
	spawn("of_a_failure");
	cr_assert(0);
}

ParameterizedTestParameters(starts, each)
{
	static int numbers[] = { 1, 2 };

	return cr_make_param_array(int, numbers, 2);
}

ParameterizedTest(int *number, starts, each)
{
	char word[16];

	snprintf(word, sizeof word, "number%d", *number);
	spawn(word);
}
