/*
 * dying.c - ends in the way that its arguments say: WHAT [thread]. Each way has functions of its own around
 * it, so that a report can be told from another.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define PLAIN __attribute__((no_instrument_function))

volatile int sink, zero;
static const char *volatile constant = "constant";

/* --- ways to die --- */

__attribute__((noinline)) static void read_null(const char *from)
{
	sink = *(const volatile char *) from;
}

__attribute__((noinline)) static void write_to(char *to)
{
	*(volatile char *) to = 1;
}

__attribute__((noinline)) static void divide(int by)
{
	sink = sink / by;
}

__attribute__((noinline)) static void run_nonsense(void)
{
	__asm__ volatile("ud2");
}

__attribute__((noinline)) static void breakpoint(void)
{
	__asm__ volatile("int3");
}

__attribute__((noinline)) static void behind_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	read_null(map + 100);
}

__attribute__((noinline)) static int recurse(int n)
{
	volatile char room[200];

	room[0] = (char) n;
	return n < 0 ? 0 : recurse(n + 1) + room[0];
}

__attribute__((noinline)) static int measure(const char *text)
{
	return (int) strlen(text);
}

__attribute__((noinline)) static void call(void (*function)(void))
{
	function();
	sink++;
}

static int compare(const void *a, const void *b)
{
	read_null((const char *) 24);
	return *(const int *) a - *(const int *) b;
}

__attribute__((noinline)) static void sort(void)
{
	int numbers[3] = { 3, 1, 2 };

	qsort(numbers, 3, sizeof *numbers, compare);
}

__attribute__((noinline)) static void send_to_self(int signal)
{
	raise(signal);
}

__attribute__((noinline)) static void give_up(void)
{
	abort();
}

/* --- addresses --- */

static char *address_of(const char *what)
{
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (strcmp(what, "constant") == 0)
		return (char *) constant;
	if (strcmp(what, "code") == 0)
		return (char *) divide;
	if (strcmp(what, "read-only") == 0) {
		mprotect(pages, 4096, PROT_READ);
		return pages + 5;
	}
	if (strcmp(what, "forbidden") == 0) {
		mprotect(pages + 4096, 4096, PROT_NONE);
		return pages + 4096 + 5;
	}
	if (strcmp(what, "unmapped") == 0) {
		munmap(pages, 3 * 4096);
		return pages + 5;
	}
	if (strcmp(what, "high") == 0)
		return (char *) 0xdead000000000000ull;
	if (strcmp(what, "negative") == 0)
		return (char *) -8;
	return (char *) 8;
}

static void die(const char *what)
{
	static const struct { const char *name; int signal; } signals[] = {
		{ "SIGSEGV", SIGSEGV }, { "SIGBUS", SIGBUS }, { "SIGILL", SIGILL }, { "SIGFPE", SIGFPE },
		{ "SIGTRAP", SIGTRAP }, { "SIGSYS", SIGSYS }, { "SIGABRT", SIGABRT }, { "SIGQUIT", SIGQUIT },
		{ "SIGXCPU", SIGXCPU }, { "SIGXFSZ", SIGXFSZ }, { "SIGINT", SIGINT }, { "SIGTERM", SIGTERM },
		{ "SIGHUP", SIGHUP }, { "SIGALRM", SIGALRM }, { "SIGVTALRM", SIGVTALRM },
		{ "SIGPROF", SIGPROF }, { "SIGUSR1", SIGUSR1 }, { "SIGUSR2", SIGUSR2 },
		{ "SIGPIPE", SIGPIPE }, { "SIGIO", SIGIO }, { "SIGPWR", SIGPWR }, { "SIGSTKFLT", SIGSTKFLT }, { "SIGKILL", SIGKILL },
	};

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (strcmp(what, signals[i].name) == 0)
			send_to_self(signals[i].signal);
	if (strcmp(what, "null") == 0)
		read_null(NULL);
	if (strncmp(what, "write:", 6) == 0)
		write_to(address_of(what + 6));
	if (strcmp(what, "divide") == 0)
		divide(zero);
	if (strcmp(what, "nonsense") == 0)
		run_nonsense();
	if (strcmp(what, "breakpoint") == 0)
		breakpoint();
	if (strcmp(what, "file") == 0)
		behind_file("short-file");
	if (strcmp(what, "recurse") == 0)
		sink = recurse(0);
	if (strcmp(what, "strlen") == 0)
		sink = measure((const char *) 16);
	if (strcmp(what, "call-null") == 0)
		call(NULL);
	if (strcmp(what, "sort") == 0)
		sort();
	if (strcmp(what, "abort") == 0)
		give_up();
	if (strcmp(what, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(what, "alarm") == 0) {
		const struct itimerval soon = { .it_value = { .tv_usec = 20000 } };

		setitimer(ITIMER_REAL, &soon, NULL);
		for (;;)
			pause();
	}
}

/* Returns once all other threads are in pause(). */
PLAIN static void wait_for_others(int count)
{
	char path[280], line[16];
	struct dirent *entry;
	int paused = 0;
	DIR *dir;

	while (paused < count) {
		paused = 0;
		dir = opendir("/proc/self/task");
		while (dir && (entry = readdir(dir))) {
			FILE *file;

			snprintf(path, sizeof path, "/proc/self/task/%s/syscall", entry->d_name);
			file = fopen(path, "r");
			paused += file && fgets(line, sizeof line, file) && atoi(line) == SYS_pause;
			if (file)
				fclose(file);
		}
		closedir(dir);
	}
}

static void *in_thread(void *what)
{
	die(what);
	return NULL;
}

static void *wait_in_thread(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	const char *where = argc > 2 ? argv[2] : "";
	int waiting = atoi(where);
	pthread_t thread;

	for (int i = 0; i < waiting; i++)
		pthread_create(&thread, NULL, wait_in_thread, NULL);
	wait_for_others(waiting);
	if (strcmp(where, "thread") != 0) {
		die(argv[1]);
		return 0;
	}
	pthread_create(&thread, NULL, in_thread, argv[1]);
	pthread_join(thread, NULL);
	return 0;
}
