#include "runtime/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/setting.h"
#include "runtime/kernel.h"
#include "runtime/session.h"
#include "runtime/thread.h"

struct ct_settings ct_settings;
static bool values_asked;

/* calltrace_init() reads them again; what was wrong the first time has been said. */
static void complain(const char *line, const char *what, const char *fallback)
{
	if (!ct_settings.read)
		ct_say(line, what, fallback);
}

static void quote(char *line, size_t size, const char *name, const char *value)
{
	ct_append(line, size, name);
	ct_append(line, size, ": '");
	ct_append(line, size, value);
}

static bool read_bool(const char *name, bool fallback)
{
	const char *value = ct_getenv(name);
	char line[160] = "";
	bool wanted;

	if (!value || !*value)
		return fallback;
	if (ct_setting_bool(value, &wanted))
		return wanted;
	quote(line, sizeof line, name, value);
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
	quote(line, sizeof line, name, value);
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

#define CT_MAX_SIZE (1ull << 30)

/* 0: any. */
static uint64_t read_size(void)
{
	static const char name[] = "CALLTRACE_MAX_SIZE";
	const char *value = ct_getenv(name);
	char line[160] = "";
	uint64_t size;

	if (!value || !*value)
		return CT_MAX_SIZE;
	if (ct_setting_size(value, &size) && (size == 0 || size >= CT_LEAST_SIZE))
		return size;
	quote(line, sizeof line, name, value);
	complain(line, "' is not 0 or a size from 16K, such as 50M or 2G", "; using 1G");
	return CT_MAX_SIZE;
}

static enum ct_keep read_keep(void)
{
	static const char name[] = "CALLTRACE_KEEP";
	const char *value = ct_getenv(name);
	char line[160] = "";

	if (!value || !*value || strcmp(value, "newest") == 0)
		return CT_KEEP_NEWEST;
	if (strcmp(value, "oldest") == 0)
		return CT_KEEP_OLDEST;
	quote(line, sizeof line, name, value);
	complain(line, "' is neither oldest nor newest; using ", "newest");
	return CT_KEEP_NEWEST;
}

static void read_limits(void)
{
	ct_settings.max_size = read_size();
	ct_settings.max_calls = read_number("CALLTRACE_MAX_CALLS", 0, 1000000000, 10000000);
	ct_settings.keep = read_keep();
}

static const char *read_text(const char *name)
{
	const char *value = ct_getenv(name);

	return value && *value ? value : NULL;
}

/* As ct_index_cache_path() has it, without what a test program may have faked. */
static void find_cache(char *to, size_t size)
{
	const char *own = read_text("CALLTRACE_CACHE"), *xdg = read_text("XDG_CACHE_HOME");
	const char *home = read_text("HOME");
	bool fits;

	to[0] = '\0';
	if (own) {
		fits = ct_append(to, size, own);
	} else if (xdg && *xdg == '/') {
		fits = ct_append(to, size, xdg) && ct_append(to, size, "/calltrace");
	} else if (home && *home == '/') {
		fits = ct_append(to, size, home) && ct_append(to, size, "/.cache/calltrace");
	} else {
		fits = ct_append(to, size, "/tmp/calltrace-")
		       && ct_append_number(to, size, (uint64_t) syscall(SYS_geteuid));
	}
	if (!fits)
		to[0] = '\0';
}

static bool read_hex(const char *text, uint64_t key[2])
{
	key[0] = key[1] = 0;
	for (int i = 0; i < 32; i++) {
		char c = text[i];
		uint64_t digit = c >= '0' && c <= '9' ? (uint64_t)(c - '0')
		                 : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a' + 10) : 16;

		if (digit == 16)
			return false;
		key[i / 16] = key[i / 16] << 4 | digit;
	}
	return text[32] == '\0';
}

/*
 * Equal values are to be equal in all traces of a run: `calltrace run` gives its processes one
 * key. Else this process makes one, and hands it on to those that it starts.
 */
static void read_key(uint64_t key[2])
{
	static const char name[] = "CALLTRACE_REDACT_KEY", hex[] = "0123456789abcdef";
	const char *value = read_text(name);
	char text[33] = "";

	if (value && read_hex(value, key))
		return;
	if (value)
		complain(name, ": not 32 hexadecimal digits in lower case; using ", "a random key");
	syscall(SYS_getrandom, key, 2 * sizeof *key, 0);
	for (int i = 0; i < 32; i++)
		text[i] = hex[key[i / 16] >> (60 - i % 16 * 4) & 15];
	setenv(name, text, 1);
}

static void read_choice(void)
{
	ct_settings.capture_args = read_bool("CALLTRACE_CAPTURE_ARGS", values_asked);
	ct_settings.string_length = read_number("CALLTRACE_STRING_LENGTH", 1, 4096, 128);
	ct_settings.value_depth = read_number("CALLTRACE_VALUE_DEPTH", 0, 8, 2);
	ct_settings.call_bytes = read_number("CALLTRACE_CALL_BYTES", 64, 16384, 2048);
	ct_settings.args_only = read_text("CALLTRACE_ARGS_ONLY");
	ct_settings.args_except = read_text("CALLTRACE_ARGS_EXCEPT");
	ct_settings.redact = read_text("CALLTRACE_REDACT");
	ct_settings.exclude = read_text("CALLTRACE_EXCLUDE");
	ct_settings.only = read_text("CALLTRACE_ONLY");
	if (ct_settings.redact)
		read_key(ct_settings.redact_key);
	find_cache(ct_settings.cache, sizeof ct_settings.cache);
}

void ct_settings_read(void)
{
	const char *output = ct_getenv("CALLTRACE_OUTPUT");

	ct_settings.worker = ct_is_worker_process();
	ct_settings.debug = read_bool("CALLTRACE_DEBUG", false);
	ct_settings.enabled = read_bool("CALLTRACE_ENABLED", true);
	ct_settings.signals = read_bool("CALLTRACE_SIGNALS", true);
	read_choice();
	ct_settings.pretty_json = read_bool("CALLTRACE_PRETTY_JSON", true);
	ct_settings.max_depth = read_number("CALLTRACE_MAX_DEPTH", 1, 1000000, 100);
	read_limits();
	ct_settings.output = output && *output ? output : NULL;
	ct_settings.under_run = ct_getenv("CALLTRACE_RUN") != NULL;
	ct_settings.read = true;
}

void ct_settings_ask_values(void)
{
	values_asked = true;
	if (ct_settings.read)
		ct_settings.capture_args = read_bool("CALLTRACE_CAPTURE_ARGS", true);
}

void ct_settings_need_key(void)
{
	if (!ct_settings.redact_key[0] && !ct_settings.redact_key[1])
		read_key(ct_settings.redact_key);
}
