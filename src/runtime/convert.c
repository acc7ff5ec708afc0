#include "runtime/convert.h"

#include <unistd.h>

#include "runtime/kernel.h"
#include "runtime/session.h"
#include "runtime/settings.h"
#include "runtime/thread.h"
#include "runtime/tool.h"

static bool convert(const char *what)
{
	char pid_text[16] = "";
	char *argv[] = { (char *) "calltrace", (char *) "json", (char *) "--finish", pid_text,
		         (char *) what, NULL };

	ct_append_number(pid_text, sizeof pid_text, (uint64_t) ct_getpid());
	return ct_tool_run(argv) >= 0;
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
