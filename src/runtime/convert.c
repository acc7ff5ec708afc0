#include "runtime/convert.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/kernel.h"
#include "runtime/session.h"
#include "runtime/settings.h"
#include "runtime/thread.h"

extern char **environ;

/* "<where this library is>/<relative>", if it can be executed. */
static bool beside_library(char *path, size_t size, const char *relative)
{
	Dl_info info;
	char *slash;

	path[0] = '\0';
	if (!dladdr((void *) ct_convert_at_exit, &info) || !info.dli_fname
	    || !ct_append(path, size, info.dli_fname))
		return false;
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	slash[1] = '\0';
	return ct_append(path, size, relative) && ct_access(path, X_OK) == 0;
}

static bool find_program(char *path, size_t size)
{
	const char *named = ct_getenv("CALLTRACE_PROGRAM");

	if (named && *named) {
		path[0] = '\0';
		return ct_append(path, size, named) && ct_access(path, X_OK) == 0;
	}
	/* In a build folder; installed as lib/ and bin/, or lib/<triplet>/ and bin/. */
	if (beside_library(path, size, "calltrace") || beside_library(path, size, "../bin/calltrace")
	    || beside_library(path, size, "../../bin/calltrace"))
		return true;
	path[0] = '\0';
	return ct_append(path, size, "calltrace"); /* along PATH */
}

static bool is_ours(const char *entry)
{
	static const char *const names[] = { "LD_PRELOAD=", "CALLTRACE_", "BXFI_MAP=" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return strncmp(entry, "CALLTRACE_CACHE=", 16) != 0;
	return false;
}

/* The environment without what would trace the converter, or make it believe it is a worker. */
static char **clean_environment(void)
{
	size_t count = 0, kept = 0;
	char **env;

	while (environ && environ[count])
		count++;
	env = ct_pages((count + 1) * sizeof *env);
	for (size_t i = 0; env && i < count; i++)
		if (!is_ours(environ[i]))
			env[kept++] = environ[i];
	return env;
}

static bool convert(const char *what)
{
	char program[PATH_MAX], pid_text[16] = "";
	char *argv[] = { (char *) "calltrace", (char *) "json", (char *) "--finish", pid_text,
		         (char *) what, NULL };
	char **env = clean_environment();
	int status = 0;
	pid_t pid;

	ct_append_number(pid_text, sizeof pid_text, (uint64_t) ct_getpid());
	if (!env || !find_program(program, sizeof program)
	    || posix_spawnp(&pid, program, NULL, NULL, argv, env) != 0)
		return false;
	/* Not waitpid(): that is our own, and this is no worker. */
	while (wait4(pid, &status, 0, NULL) < 0)
		if (errno != EINTR)
			return true; /* the program ignores SIGCHLD: nobody can know */
	return WIFEXITED(status) && WEXITSTATUS(status) != 127;
}

void ct_convert_at_exit(void)
{
	const struct ct_recorder *r = ct_recorder;
	bool recorded = r && atomic_load(&r->state) == CT_STATE_ON;
	static atomic_flag said = ATOMIC_FLAG_INIT;
	char directory[CT_PATH_SIZE];
	const char *what = directory;

	if (ct_settings.under_run || !ct_settings.enabled)
		return;
	if (!ct_criterion_is_runner()) {
		if (!recorded || r->session->role == CT_ROLE_WORKER)
			return; /* a worker's runner does it, for all of them together */
		what = r->path;
	} else if (!ct_session_directory(directory, sizeof directory)
	           || ct_access(directory, W_OK | X_OK) < 0) {
		return; /* said when the runner began */
	}
	if (!convert(what) && !atomic_flag_test_and_set(&said))
		ct_say(what, ": raw traces are kept; 'calltrace json' turns them into JSON", NULL);
}
