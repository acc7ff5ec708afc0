/*
 * step.c - runs a program instruction by instruction, and sends it SIGUSR1 before each one that lies in the recorder.
 *
 *     step RANGES LIBRARY PROGRAM [ARGUMENT]...
 *
 * LIBRARY is preloaded. RANGES is "all", or "LOW-HIGH,LOW-HIGH...": then only at instructions at these addresses of the
 * library, in hexadecimal, and only at the first coming to each.
 *
 * The program says by int3, with a number in eax, where it is: 1: step from here on; 2: no longer; 3: at the end of its
 * handler, which runs at full speed; 4: step up to one signal, and go on at full speed; 5: at full speed without one. Prints how many
 * signals were sent, and at how many different instructions.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 65536

static pid_t pid;
static uint64_t base, low, high; /* of the library: where it is loaded, and its text */
static uint64_t places[MOST];
static unsigned place_count, sent;

static void die(const char *what)
{
	perror(what);
	kill(pid, SIGKILL);
	exit(2);
}

/* Lets the program run until it stops, and passes other signals on. Returns eax at an int3, or -1 after a step. */
static int go(int how, int signal, struct user_regs_struct *regs)
{
	for (;;) {
		siginfo_t info;
		int status;

		if (ptrace(how, pid, 0, signal) < 0 || waitpid(pid, &status, 0) < 0)
			die("ptrace");
		if (!WIFSTOPPED(status)) {
			fprintf(stderr, "step: the program ended with wait status %#x\n", status);
			exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
		}
		signal = WSTOPSIG(status);
		if (signal != SIGTRAP)
			continue;
		if (ptrace(PTRACE_GETSIGINFO, pid, 0, &info) < 0 || ptrace(PTRACE_GETREGS, pid, 0, regs) < 0)
			die("ptrace");
		return info.si_code == SI_KERNEL ? (int) regs->rax : -1;
	}
}

static void find_library(const char *library)
{
	char path[64], line[512], access[8], name[256];
	uint64_t from, to, offset;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	while (maps && fgets(line, sizeof line, maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %255s", &from, &to, access, &offset,
		           name) == 5 && access[2] == 'x' && strcmp(name, library) == 0) {
			base = from - offset; /* the linker gives text its offset in the file as address */
			low = from;
			high = to;
		}
	if (!high) {
		fprintf(stderr, "step: %s is not loaded\n", library);
		kill(pid, SIGKILL);
		exit(2);
	}
	fclose(maps);
}

/* Whether a signal shall be sent at this place. */
static int is_chosen(uint64_t place, const char *ranges)
{
	int all = strcmp(ranges, "all") == 0, within = all;
	uint64_t from, to;
	int length;

	if (place < low || place >= high)
		return 0;
	while (!all && sscanf(ranges, "%" SCNx64 "-%" SCNx64 "%n", &from, &to, &length) == 2) {
		within |= place - base >= from && place - base < to;
		ranges += length + (ranges[length] == ',');
	}
	for (unsigned i = 0; i < place_count && within; i++)
		if (places[i] == place)
			return all;
	if (within && place_count < MOST)
		places[place_count++] = place;
	return within;
}

int main(int argc, char **argv)
{
	struct user_regs_struct regs, at;
	cpu_set_t one;
	int code, once = 0, how = PTRACE_SINGLESTEP;

	if (argc < 4)
		return 2;
	CPU_ZERO(&one); /* together on one: each step is a switch from one to the other */
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	pid = fork();
	if (pid == 0) {
		setenv("LD_PRELOAD", argv[2], 1);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(argv[3], argv + 3);
		_exit(2);
	}
	waitpid(pid, &code, 0);
	while (go(PTRACE_CONT, 0, &regs) != 1)
		;
	find_library(argv[2]);
	for (;;) {
		code = go(how, 0, &regs);
		if (code == 2)
			break;
		if (code == 4 || code == 5) {
			how = code == 4 ? PTRACE_SINGLESTEP : PTRACE_CONT;
			once = 1;
		}
		if (code >= 0 || !is_chosen(regs.rip, argv[1]))
			continue;
		at = regs;
		sent++;
		code = go(PTRACE_CONT, SIGUSR1, &regs);
		/* Back to where it was interrupted, or, if signals were blocked there, out of the block. A handler that
		 * jumps gets to where it is above. */
		while (code == 3 || (code == -1 && regs.rsp < at.rsp))
			code = go(PTRACE_SINGLESTEP, 0, &regs);
		if (code == 2)
			break;
		if (once)
			how = PTRACE_CONT;
	}
	printf("%u signals at %u instructions\n", sent, place_count);
	fflush(stdout);
	go(PTRACE_CONT, 0, &regs);
	return 3; /* not reached: go() exits with the program's status */
}
