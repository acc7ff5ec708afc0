#include "runtime/settings.h"

#include <string.h>
#include <strings.h>

#include "runtime/kernel.h"
#include "runtime/session.h"
#include "runtime/thread.h"

struct ct_settings ct_settings;

/* calltrace_init() reads them again; what was wrong the first time has been said. */
static void complain(const char *line, const char *what, const char *fallback)
{
	if (!ct_settings.read)
		ct_say(line, what, fallback);
}

static bool read_bool(const char *name, bool fallback)
{
	static const char *const yes[] = { "true", "1", "yes", "on" };
	static const char *const no[] = { "false", "0", "no", "off" };
	const char *value = ct_getenv(name);
	char line[160] = "";

	if (!value || !*value)
		return fallback;
	for (unsigned i = 0; i < 4; i++) {
		if (strcasecmp(value, yes[i]) == 0)
			return true;
		if (strcasecmp(value, no[i]) == 0)
			return false;
	}
	ct_append(line, sizeof line, name);
	ct_append(line, sizeof line, ": '");
	ct_append(line, sizeof line, value);
	complain(line, "' is neither true nor false; using ", fallback ? "true" : "false");
	return fallback;
}

static uint32_t read_number(const char *name, uint32_t low, uint32_t high, uint32_t fallback)
{
	const char *value = ct_getenv(name);
	char line[160] = "", range[64] = "";
	uint64_t number = 0;
	const char *at = value;

	if (!value || !*value)
		return fallback;
	for (; *at >= '0' && *at <= '9' && number <= high; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	if (*at == '\0' && number >= low && number <= high)
		return (uint32_t) number;
	ct_append(line, sizeof line, name);
	ct_append(line, sizeof line, ": '");
	ct_append(line, sizeof line, value);
	ct_append(range, sizeof range, "' is not a number from ");
	ct_append_number(range, sizeof range, low);
	ct_append(range, sizeof range, " to ");
	ct_append_number(range, sizeof range, high);
	ct_append(line, sizeof line, range);
	range[0] = '\0';
	ct_append_number(range, sizeof range, fallback);
	complain(line, "; using ", range);
	return fallback;
}

void ct_settings_read(void)
{
	const char *output = ct_getenv("CALLTRACE_OUTPUT");

	ct_settings.worker = ct_is_worker_process();
	ct_settings.debug = read_bool("CALLTRACE_DEBUG", false);
	ct_settings.enabled = read_bool("CALLTRACE_ENABLED", true);
	ct_settings.capture_args = read_bool("CALLTRACE_CAPTURE_ARGS", false);
	ct_settings.pretty_json = read_bool("CALLTRACE_PRETTY_JSON", true);
	ct_settings.max_depth = read_number("CALLTRACE_MAX_DEPTH", 1, 1000000, 100);
	ct_settings.output = output && *output ? output : NULL;
	ct_settings.under_run = ct_getenv("CALLTRACE_RUN") != NULL;
	ct_settings.read = true;
}
