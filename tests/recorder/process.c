/* What a process does to itself and to others: argv[1] says which. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 30000 /* calls: several chunks of the trace */

extern char **environ;
static char *self;

__attribute__((noinline)) int leaf(int number)
{
	return number + 1;
}

__attribute__((noinline)) int many(int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += leaf(i);
	return sum;
}

static void say(const char *what, int number)
{
	printf("%s %d\n", what, number);
	fflush(stdout);
}

static void wait_for(pid_t child)
{
	int status = -1;

	if (waitpid(child, &status, 0) < 0)
		say("waitpid", errno);
	say("child", status);
}

static int do_fork(void)
{
	pid_t child = fork();

	many(3);
	if (child == 0) {
		many(5);
		say("in the child", leaf(0));
		exit(7);
	}
	wait_for(child);
	return 0;
}

static int do_fork_quick(void)
{
	pid_t child = fork();

	if (child == 0) {
		many(5);
		_exit(7);
	}
	wait_for(child);
	return 0;
}

static int do_fork_twice(void)
{
	pid_t child = fork();

	if (child == 0) {
		pid_t grandchild = fork();

		leaf(0);
		if (grandchild == 0) {
			leaf(0);
			exit(8);
		}
		wait_for(grandchild);
		exit(7);
	}
	wait_for(child);
	return 0;
}

static int do_fork_silent(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(7); /* calls nothing instrumented */
	wait_for(child);
	return leaf(0);
}

static int do_clone(void)
{
	pid_t child = (pid_t) syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (child == 0) {
		many(7);
		_exit(3);
	}
	leaf(0);
	wait_for(child);
	return leaf(0) - 1;
}

static volatile int stopped;

static void *brief(void *unused)
{
	many(100);
	return unused;
}

/* Threads that begin and end, fill chunks, and are often within a system call of the recorder. */
static void *busy(void *unused)
{
	pthread_t thread;

	while (!stopped) {
		many(300);
		if (pthread_create(&thread, NULL, brief, NULL) == 0)
			pthread_join(thread, NULL);
	}
	return unused;
}

static int do_fork_threads(void)
{
	pthread_t threads[2];
	int good = 0;

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, busy, NULL);
	for (int i = 0; i < 15; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			many(1000);
			_exit(5);
		}
		good += waitpid(child, &status, 0) == child && status == 5 << 8;
	}
	stopped = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	say("good children", good);
	return 0;
}

static int do_vfork(void)
{
	pid_t child = vfork();

	if (child == 0) {
		execl(self, self, "ends", "3", (char *) NULL);
		_exit(127);
	}
	wait_for(child);
	return 0;
}

static int do_vfork_calls(void)
{
	pid_t child = vfork();

	if (child == 0) {
		many(10);
		execl("/bin/true", "true", (char *) NULL);
		_exit(127);
	}
	many(10);
	wait_for(child);
	return 0;
}

static int do_spawn(void)
{
	char *argv[] = { self, (char *) "ends", (char *) "4", NULL };
	pid_t child;

	if (posix_spawn(&child, self, NULL, NULL, argv, environ) == 0)
		wait_for(child);
	return 0;
}

static int do_exec(void)
{
	many(10);
	execl(self, self, "ends", "5", (char *) NULL);
	return 1;
}

static int do_exec_often(int times)
{
	char text[16];

	leaf(0);
	if (times == 0)
		return 6;
	snprintf(text, sizeof text, "%d", times - 1);
	execl(self, self, "exec_often", text, (char *) NULL);
	return 1;
}

static int do_system(void)
{
	say("system", system("/bin/true; exec /bin/echo from a shell"));
	return leaf(0) - 1;
}

static void *exit_here(void *unused)
{
	(void) unused;
	many(10);
	exit(9);
}

static int do_exit_in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exit_here, NULL);
	pthread_join(thread, NULL);
	return 1;
}

static void *live_on(void *unused)
{
	(void) unused;
	usleep(50000);
	many(10);
	say("outlives main", leaf(0));
	return NULL;
}

static int do_pthread_exit(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, live_on, NULL);
	many(10);
	pthread_exit(NULL);
}

static int do_close_all(void)
{
	many(MANY);
	if (close_range(3, ~0u, 0) < 0)
		return 1;
	many(MANY);
	say("first free", open("/dev/null", O_RDONLY)); /* the recorder holds none */
	return 0;
}

/* What is opened behind close_range() gets the numbers that others had. */
static int do_reuses(void)
{
	char text[8] = "";
	int fds[8], same = 0;

	many(MANY);
	close_range(3, ~0u, 0);
	for (int i = 0; i < 8; i++)
		fds[i] = open("reused", O_RDWR | O_CREAT | O_TRUNC, 0600);
	many(MANY);
	for (int i = 0; i < 8; i++)
		same += fds[i] == 3 + i && pwrite(fds[i], "mine", 4, 0) == 4 && pread(fds[i], text, 8, 0) == 4;
	say("same", same);
	say("bytes", (int) lseek(fds[7], 0, SEEK_END));
	return 0;
}

/* No address space is left, and malloc() says so. */
static int do_no_memory(void)
{
	struct rlimit limit = { 1, 1 };
	int count = 0;

	many(10);
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		return 1;
	while (count < 100 && malloc(1 << 20))
		count++;
	say("allocated", count);
	many(MANY);
	say("still here", 0);
	return 0;
}

static int do_close_standard(void)
{
	many(10);
	close_range(0, 2, 0);
	many(MANY);
	return open("/dev/null", O_RDONLY);
}

static int do_chdir(void)
{
	many(MANY);
	if (chdir("/") < 0)
		return 1;
	many(MANY);
	return 0;
}

static int do_sigchld(void)
{
	pid_t child;

	signal(SIGCHLD, SIG_IGN);
	child = fork();
	if (child == 0)
		_exit(1);
	many(10);
	say("waitpid", waitpid(child, NULL, 0) < 0 ? errno : 0);
	return 0;
}

static int do_fsize(void)
{
	struct rlimit limit = { 600 << 10, 600 << 10 };

	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	many(20 * MANY);
	say("still here", leaf(0));
	return 0;
}

static volatile int hits;

static void on_xfsz(int signal)
{
	(void) signal;
	hits++;
}

/* The program's own SIGXFSZ arrives, ours do not. */
static int do_fsize_own(void)
{
	struct rlimit limit = { 600 << 10, 600 << 10 };
	static char data[700 << 10];
	int fd = open("own", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	signal(SIGXFSZ, on_xfsz);
	if (fd < 0 || setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	many(20 * MANY);
	say("ours", hits);
	say("written", (int) write(fd, data, sizeof data));
	say("written", (int) write(fd, data, 1));
	say("theirs", hits);
	return 0;
}

static int do_nofile(void)
{
	struct rlimit none = { 0, 0 };

	many(10);
	if (setrlimit(RLIMIT_NOFILE, &none) < 0)
		return 1;
	many(MANY);
	say("still here", leaf(0));
	return 0;
}

/* The trace's name leads nowhere any more. */
static int do_chroot(void)
{
	many(10);
	if (mkdir("jail", 0700) < 0 || chroot("jail") < 0 || chdir("/") < 0)
		return 98;
	many(MANY);
	say("still here", leaf(0));
	return 0;
}

/* Nor to a file that this user may open. */
static int do_setuid(void)
{
	pid_t child;

	many(10);
	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 98;
	many(MANY);
	child = fork();
	if (child == 0) {
		many(5);
		exit(3);
	}
	wait_for(child);
	return 0;
}

static int do_umask(void)
{
	pid_t child = fork();

	many(10);
	if (child == 0)
		exit(0);
	wait_for(child);
	return 0;
}

static int do_daemon(void)
{
	if (fork() == 0) {
		if (setsid() < 0)
			_exit(1);
		usleep(200000);
		many(20);
		exit(0);
	}
	return many(3) - 6;
}

static int do_forever(void)
{
	leaf(0);
	say("started", 0);
	while (leaf(0))
		many(1000);
	return 1;
}

static int do_segfault(void)
{
	volatile char *nowhere = NULL;

	many(10);
	*nowhere = 1;
	return 0;
}

static void on_term(int signal)
{
	say("handled", signal);
	leaf(signal);
	exit(17);
}

static int do_handles_term(void)
{
	signal(SIGTERM, on_term);
	signal(SIGINT, on_term);
	leaf(0);
	say("started", 0);
	while (leaf(0))
		many(1000);
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	static const struct {
		const char *name;
		int (*function)(void);
	} table[] = {
		{ "fork", do_fork }, { "fork_quick", do_fork_quick }, { "fork_twice", do_fork_twice },
		{ "fork_silent", do_fork_silent }, { "clone", do_clone }, { "fork_threads", do_fork_threads }, { "vfork", do_vfork }, { "vfork_calls", do_vfork_calls },
		{ "spawn", do_spawn }, { "exec", do_exec }, { "system", do_system },
		{ "exit_in_thread", do_exit_in_thread }, { "pthread_exit", do_pthread_exit },
		{ "close_all", do_close_all }, { "close_standard", do_close_standard }, { "chdir", do_chdir }, { "reuses", do_reuses },
		{ "no_memory", do_no_memory },
		{ "sigchld", do_sigchld }, { "fsize", do_fsize }, { "fsize_own", do_fsize_own },
		{ "nofile", do_nofile }, { "umask", do_umask }, { "chroot", do_chroot }, { "setuid", do_setuid }, { "daemon", do_daemon },
		{ "forever", do_forever }, { "segfault", do_segfault }, { "handles_term", do_handles_term },
	};

	self = argv[0];
	setvbuf(stdout, NULL, _IONBF, 0);
	if (strcmp(what, "ends") == 0)
		return leaf(atoi(argv[2]));
	if (strcmp(what, "quick") == 0) {
		leaf(0);
		_exit(atoi(argv[2]));
	}
	if (strcmp(what, "raise") == 0) {
		leaf(0);
		raise(atoi(argv[2]));
	}
	if (strcmp(what, "many") == 0)
		return many(atoi(argv[2])) < 0;
	if (strcmp(what, "exec_often") == 0)
		return do_exec_often(atoi(argv[2]));
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strcmp(what, table[i].name) == 0)
			return table[i].function();
	return 99;
}
