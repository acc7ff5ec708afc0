/*
 * sandbox.c - a filter that kills for process_vm_readv(), or has it return an error: set up by the program
 * itself (own), or by the one that starts it (exec COMMAND...).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SILENT __attribute__((no_instrument_function))

SILENT static void forbid(const char *how)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, strcmp(how, "kill") == 0 ? SECCOMP_RET_KILL_PROCESS
		                          : strcmp(how, "trap") == 0 ? SECCOMP_RET_TRAP : SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
		perror("seccomp");
		exit(77);
	}
}

__attribute__((noinline)) int text(const char *s)
{
	return s != NULL;
}

int main(int argc, char **argv)
{
	char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (strcmp(argv[1], "exec") == 0) {
		forbid(argv[2]);
		execv(argv[3], argv + 3);
		return 3;
	}
	munmap(page + 4096, 4096);
	strcpy(page, "in a mapping");
	text(page);
	if (strcmp(argv[1], "own") == 0)
		forbid(argv[2]);
	text(page);
	text(page + 4096);
	text((char *) 16);
	munmap(page, 4096);
	text(page);
	return page == MAP_FAILED;
}
