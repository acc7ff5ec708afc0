#include "cli/timeout.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/finish.h"

#define MOMENT  10 /* ms between two looks */
#define PATIENCE 2000 /* ms for what was asked to end */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

static void pause_for(unsigned ms)
{
	const struct timespec ts = { .tv_nsec = ms * 1000000l };

	nanosleep(&ts, NULL);
}

/* False: not in that time. */
static bool has_ended(pid_t command, int *status, uint64_t ms)
{
	uint64_t end = now_ms() + ms;

	for (;;) {
		pid_t pid = waitpid(command, status, WNOHANG);

		if (pid == command || (pid < 0 && errno != EINTR))
			return true;
		if (now_ms() >= end)
			return false;
		pause_for(MOMENT);
	}
}

/* Whether the process of a trace is still the one that wrote it: numbers come again. */
static bool is_alive(const struct ct_session *s)
{
	char link[40], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%u/exe", s->pid);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	return n > 0 && strncmp(path, s->executable, sizeof s->executable) == 0;
}

/* Whether it is a raw trace of this user's. */
static bool is_own(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

/* Sends to all traced processes of the run but `command`; returns how many there are. `signal` 0: only counts. */
static size_t send_to_others(const char *directory, const char *run, pid_t command, int signal)
{
	static struct ct_session session;
	DIR *dir = opendir(directory);
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir))) {
		struct ct_text path = {0};

		ct_text_addf(&path, "%s/%s", directory, entry->d_name);
		if (is_own(path.data) && ct_read_session(path.data, &session)
		    && strncmp(session.run, run, sizeof session.run) == 0 && session.pid != (uint32_t) command
		    && session.pid > 1 && is_alive(&session))
			count += kill((pid_t) session.pid, signal) == 0;
		ct_text_deinit(&path);
	}
	if (dir)
		closedir(dir);
	return count;
}

/* What the command started, then itself; then by force. */
static void end_all(pid_t command, int *status, const char *directory, const char *run)
{
	bool ended = false;

	if (send_to_others(directory, run, command, SIGTERM))
		for (int ms = 0; ms < PATIENCE && send_to_others(directory, run, command, 0); ms += MOMENT)
			pause_for(MOMENT);
	kill(command, SIGTERM);
	ended = has_ended(command, status, PATIENCE);
	send_to_others(directory, run, command, SIGKILL);
	if (ended)
		return;
	kill(command, SIGKILL);
	while (waitpid(command, status, 0) < 0 && errno == EINTR)
		;
}

bool ct_wait_for(pid_t command, int *status, unsigned seconds, const char *directory, const char *run)
{
	if (seconds == 0) {
		while (waitpid(command, status, 0) < 0 && errno == EINTR)
			;
		return true;
	}
	if (has_ended(command, status, seconds * 1000ull))
		return true;
	end_all(command, status, directory, run);
	return false;
}
