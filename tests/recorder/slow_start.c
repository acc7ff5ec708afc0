/*
 * slow_start.c DELAY - the recording's file takes long to be made: a supervisor holds back the call that makes it for so many
 * milliseconds. Meanwhile another thread calls what is instrumented, and must do so once more when that is done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PLAIN __attribute__((no_instrument_function))

static int listener;
static long delay;
static pthread_barrier_t both;
static _Atomic int held;

PLAIN static void *supervise(void *unused)
{
	struct seccomp_notif asked = { 0 };
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	const struct timespec pause = { delay / 1000, delay % 1000 * 1000000 };

	while (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		if (errno != EINTR)
			return NULL;
	held = 1;
	nanosleep(&pause, NULL);
	answer.id = asked.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	return unused;
}

/* Of threads that begin later, and of this one: openat() with O_EXCL. */
PLAIN static int watch(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_EXCL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

__attribute__((noinline)) int starter(int a)
{
	return a + 1;
}

__attribute__((noinline)) int other(int a)
{
	return a + 2;
}

PLAIN static void *call_other(void *number)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	long a = 0;

	while (!held)
		nanosleep(&moment, NULL);
	a += other((int) (long) number);
	pthread_barrier_wait(&both);
	a += other((int) (long) number);
	return (void *) a;
}

PLAIN int main(int argc, char **argv)
{
	pthread_t supervisor, caller;
	int a;

	delay = argc > 1 ? atol(argv[1]) : 0;
	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&caller, NULL, call_other, NULL);
	listener = watch();
	if (listener < 0) {
		perror("seccomp");
		return 77;
	}
	/* What it does itself is no openat(). */
	pthread_create(&supervisor, NULL, supervise, NULL);
	if (!delay)
		held = 1;
	a = starter(1);
	pthread_barrier_wait(&both);
	pthread_join(caller, NULL);
	printf("%d\n", a);
	return 0;
}
