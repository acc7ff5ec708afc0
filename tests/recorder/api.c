/* Everything of <calltrace/calltrace.h>; argv[1] says what to do with it. */
#include <calltrace/calltrace.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) int first(int number)
{
	return number + 1;
}

__attribute__((noinline)) int second(int number)
{
	return first(number) + 1;
}

__attribute__((noinline)) int third(int number)
{
	return number + 1;
}

static void report(const char *when)
{
	const char *path = calltrace_path();

	printf("%s: %s, %s\n", when, calltrace_is_recording() ? "recording" : "not recording",
	       path ? access(path, R_OK) == 0 ? "a trace" : "a path without a trace" : "no path");
	fflush(stdout);
}

static void *in_thread(void *unused)
{
	(void) unused;
	third(0);
	calltrace_mark("in a thread");
	return NULL;
}

static void pauses(void)
{
	pthread_t thread;

	first(0);
	calltrace_pause();
	report("paused");
	second(0);
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
	calltrace_pause();
	calltrace_resume();
	report("resumed");
	second(0);
	calltrace_resume();
	second(0);
}

static void marks(void)
{
	char text[300];

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	calltrace_mark(NULL);
	calltrace_mark("");
	calltrace_mark("a note");
	first(0);
	calltrace_mark("\xc3\xa4 \"quoted\" \\ \n \xff");
	calltrace_mark(text);
}

static void again(void)
{
	first(0);
	calltrace_cleanup();
	report("after the first");
	second(0);
	calltrace_cleanup();
	if (!calltrace_init())
		printf("no second recording\n");
	report("in the second");
	third(0);
	third(0);
}

static void keeps_errno(void)
{
	errno = 77;
	calltrace_mark("x");
	calltrace_pause();
	calltrace_resume();
	calltrace_is_recording();
	calltrace_path();
	if (errno != 77)
		printf("errno became %d\n", errno);
	calltrace_init();
	if (errno != 77)
		printf("errno became %d in calltrace_init()\n", errno);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(calltrace_version(), CALLTRACE_VERSION) != 0)
		printf("version %s\n", calltrace_version());
	report("at first");
	if (strcmp(what, "pauses") == 0)
		pauses();
	else if (strcmp(what, "marks") == 0)
		marks();
	else if (strcmp(what, "again") == 0)
		again();
	else if (strcmp(what, "errno") == 0)
		keeps_errno();
	else if (strcmp(what, "cleanup") == 0)
		calltrace_cleanup();
	report("at last");
	return 0;
}
