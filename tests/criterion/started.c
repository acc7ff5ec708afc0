/* started.c - what the tests of starts.c start. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int work(void)
{
	return 0;
}

int main(int argc, char **argv)
{
	int child = argc > 1 && strcmp(argv[1], "forks") == 0 ? fork() : -1;

	if (child > 0)
		waitpid(child, NULL, 0);
	return work();
}
