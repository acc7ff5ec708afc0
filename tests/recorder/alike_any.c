/* alike_any.c - see alike.h. Nothing here counts what alike.cc counts: how often it is called, time decides. */
#define _GNU_SOURCE
#include "alike.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PLAIN __attribute__((no_instrument_function))
#define KEEP  __attribute__((noinline))
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static __thread sigjmp_buf *place;

KEEP static int idle(int n)
{
	return n + 1;
}

KEEP static int busy(int n)
{
	return n > 0 ? busy(n - 1) + 1 : idle(n);
}

KEEP static void busy_void(int n)
{
	if (n > 0)
		busy_void(n - 1);
	else
		idle(n);
}

static void on_tick(int signal)
{
	(void) signal;
	busy(4);
	busy_void(3);
}

static void on_time(int signal)
{
	(void) signal;
	busy(2);
	if (place)
		siglongjmp(*place, 1);
}

/* For this thread alone, and set by set_timer(); neither fork() nor exec() hands it on. */
static PLAIN timer_t make_timer(int signal, void (*handler)(int))
{
	struct sigaction action;
	struct sigevent event;
	timer_t made;

	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	action.sa_flags = SA_RESTART;
	sigaction(signal, &action, NULL);
	memset(&event, 0, sizeof event);
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = signal;
	event.sigev_notify_thread_id = (pid_t) syscall(SYS_gettid);
	timer_create(CLOCK_MONOTONIC, &event, &made);
	return made;
}

static PLAIN void set_timer(timer_t timer, unsigned microseconds, unsigned again)
{
	struct itimerspec when = { { 0, again * 1000L }, { 0, microseconds * 1000L } };

	timer_settime(timer, 0, &when, NULL);
}

PLAIN void tick_every(unsigned microseconds)
{
	static timer_t ticking;
	static int is_ticking;

	if (is_ticking)
		timer_delete(ticking);
	is_ticking = microseconds != 0;
	if (is_ticking) {
		ticking = make_timer(SIGALRM, on_tick);
		set_timer(ticking, microseconds, microseconds);
	}
}

/* Where it takes long, most of the time is slept, so that traces stay small. */
static PLAIN void rest(int round)
{
	if (round > 100)
		usleep(200);
}

KEEP void until_jump(unsigned microseconds)
{
	sigjmp_buf here;
	timer_t once = make_timer(SIGRTMIN + 3, on_time);

	if (sigsetjmp(here, 1) == 0) {
		place = &here;
		set_timer(once, microseconds, 0);
		for (int round = 0;; round++) {
			busy(6);
			busy_void(5);
			rest(round / 10);
		}
	}
	place = NULL;
	timer_delete(once);
	idle(1);
}

KEEP void until(volatile int *stop)
{
	for (int round = 0; !*stop; round++) {
		busy(9);
		busy_void(2);
		rest(round);
	}
}

KEEP void *until_cancelled(void *began)
{
	int old;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	__atomic_store_n((int *) began, 1, __ATOMIC_SEQ_CST);
	for (int round = 0;; round++) {
		busy(7);
		busy_void(4);
		rest(round);
	}
	return NULL;
}

static PLAIN KEEP int hidden(int levels, int (*last)(int))
{
	return levels & 1 ? last(levels) : tail(levels - 1, last);
}

KEEP int tail(int levels, int (*last)(int))
{
	return levels > 0 ? hidden(levels - 1, last) : last(levels);
}
