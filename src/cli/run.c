/*
 * run.c - `calltrace run`: sets a command up to be traced, lives through whatever its end is,
 * and turns what it left into JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/setting.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/finish.h"
#include "cli/print_crash.h"
#include "cli/timeout.h"
#include "format/raw.h"
#include "report/report.h"

static const char help[] =
	"usage: calltrace run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	"\n"
	"Runs COMMAND with its calls recorded, writes one JSON trace per test (under Criterion)\n"
	"or per process, and prints what they cover. COMMAND behaves as without us, and its exit\n"
	"status is ours (128 + N when signal N ended it).\n"
	"\n"
	"  -o, --output DIR    where the traces go (default: COMMAND's name + \".calltrace\");\n"
	"                      the traces of an earlier run there are replaced\n"
	"      --max-depth N   cut deeper calls from the trees (default 100); counts and\n"
	"                      coverage are of all calls\n"
	"      --max-size SIZE of the recorded calls of one process, on the disk: 50M, 2G (default 1G;\n"
	"                      0: any). Beyond it the oldest calls go; counts and coverage stay exact\n"
	"      --max-calls N   in the trees of one process, as JSON (default 10000000; 0: any)\n"
	"      --keep oldest   beyond these limits the newest calls go, instead of the oldest\n"
	"  -x, --exclude LIST  count calls of these functions, and leave them out of the trees: names\n"
	"                      with * and ?, or files ('src/vendor/*'), separated by commas\n"
	"      --only LIST     likewise of all but these\n"
	"      --compact       JSON without white space\n"
	"      --keep-raw      keep the raw traces (.ct) beside the JSON\n"
	"  -a, --args          with arguments and return values\n"
	"      --args-only LIST, --args-except LIST\n"
	"                      with those of these functions or parameters only, or of all others:\n"
	"                      FUNCTION or FUNCTION:PARAMETER, separated by commas, with * and ?;\n"
	"                      the returned value is the parameter \"return\"\n"
	"      --redact LIST   a keyed hash instead of these values: equal ones stay equal\n"
	"      --string-length N, --value-depth N, --call-bytes N\n"
	"                      limits: bytes of a string or an array (default 128), pointers\n"
	"                      followed in a row (2), bytes that one call's pointers lead to (2048)\n"
	"      --timeout N     end COMMAND, and all that it started, after N seconds, and report where\n"
	"                      each thread was; exit status 124\n"
	"  -q, --quiet         no summary and no reports of crashes at the end\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status 2 when COMMAND succeeded but a trace could not be written, or nothing\n"
	"was run; 124 when --timeout ended it; 126 or 127 when it could not be started.\n";

#define MANIFEST ".calltrace-files"

struct options {
	const char *output, *max_depth, *max_size, *max_calls, *keep, *exclude, *select;
	const char *only, *except, *redact, *string_length, *value_depth, *call_bytes;
	uint64_t timeout; /* seconds; 0: none */
	bool compact, keep_raw, quiet, args;
};

static bool parse_value_option(int c, struct options *o)
{
	uint64_t number;

	switch (c) {
	case 'O': o->only = optarg; break;
	case 'E': o->except = optarg; break;
	case 'R': o->redact = optarg; break;
	case 'S': o->string_length = optarg; break;
	case 'D': o->value_depth = optarg; break;
	case 'B': o->call_bytes = optarg; break;
	case 'a': break;
	default: return false;
	}
	o->args = true;
	return (c != 'S' || ct_parse_number("--string-length", optarg, 1, 4096, &number))
	       && (c != 'D' || ct_parse_number("--value-depth", optarg, 0, 8, &number))
	       && (c != 'B' || ct_parse_number("--call-bytes", optarg, 64, 16384, &number));
}

static bool parse_limit_option(int c, struct options *o)
{
	uint64_t number;
	uint32_t keep;

	switch (c) {
	case 'd':
		o->max_depth = optarg;
		return ct_parse_number("--max-depth", optarg, 1, 1000000, &number);
	case 's':
		o->max_size = optarg;
		return ct_parse_size("--max-size", optarg, CT_LEAST_SIZE, &number);
	case 'n':
		o->max_calls = optarg;
		return ct_parse_number("--max-calls", optarg, 0, 1000000000, &number);
	default:
		o->keep = optarg;
		return ct_parse_keep(optarg, &keep);
	}
}

static bool parse(const struct ct_command *self, int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "max-depth", required_argument, NULL, 'd' },
		{ "max-size", required_argument, NULL, 's' },
		{ "max-calls", required_argument, NULL, 'n' },
		{ "keep", required_argument, NULL, 'K' },
		{ "exclude", required_argument, NULL, 'x' },
		{ "only", required_argument, NULL, 'y' },
		{ "compact", no_argument, NULL, 'c' },
		{ "keep-raw", no_argument, NULL, 'k' },
		{ "args", no_argument, NULL, 'a' },
		{ "args-only", required_argument, NULL, 'O' },
		{ "args-except", required_argument, NULL, 'E' },
		{ "redact", required_argument, NULL, 'R' },
		{ "string-length", required_argument, NULL, 'S' },
		{ "value-depth", required_argument, NULL, 'D' },
		{ "call-bytes", required_argument, NULL, 'B' },
		{ "timeout", required_argument, NULL, 't' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = ct_getopt(self, argc, argv, "+o:ax:qh", longs)) != -1) {
		switch (c) {
		case 'o': o->output = optarg; break;
		case 'x': o->exclude = optarg; break;
		case 't':
			if (!ct_parse_number("--timeout", optarg, 1, 10000000, &o->timeout))
				return false;
			break;
		case 'y': o->select = optarg; break;
		case 'c': o->compact = true; break;
		case 'k': o->keep_raw = true; break;
		case 'q': o->quiet = true; break;
		case 'd':
		case 's':
		case 'n':
		case 'K':
			if (!parse_limit_option(c, o))
				return false;
			break;
		default:
			if (!parse_value_option(c, o))
				return false;
		}
	}
	if (optind >= argc || !*argv[optind]) {
		ct_complain("run: %s command was given; see 'calltrace run --help'",
		            optind >= argc ? "no" : "an empty");
		return false;
	}
	return true;
}

/* The recorder: beside this program (a build folder), or installed with it. */
static bool find_library(char *path, size_t size)
{
	static const char *const places[] = { "libcalltrace.so.0", "../lib/libcalltrace.so.0",
		                              "../lib/x86_64-linux-gnu/libcalltrace.so.0" };
	const char *named = getenv("CALLTRACE_LIBRARY");
	char self[PATH_MAX];
	ssize_t n;

	if (named && *named) {
		if (realpath(named, path) && access(path, R_OK) == 0)
			return true;
		ct_complain("CALLTRACE_LIBRARY: %s: %s", named, strerror(errno));
		return false;
	}
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct ct_text at = {0};
		bool found;

		ct_text_addf(&at, "%.*s/%s", (int) (ct_basename(self) - self), self, places[i]);
		found = size >= PATH_MAX && realpath(at.data, path);
		ct_text_deinit(&at);
		if (found)
			return true;
	}
	ct_complain("libcalltrace.so.0: not found beside calltrace or in ../lib; "
	            "set CALLTRACE_LIBRARY to its path");
	return false;
}

static char *join(const char *directory, const char *name)
{
	struct ct_text path = {0};

	ct_text_addf(&path, "%s/%s", directory, name);
	return path.data;
}

static void remove_in(const char *directory, const char *name)
{
	ct_auto_free char *path = join(directory, name);

	unlink(path);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

/* What the last run wrote here, by its own list: nothing else is touched. */
static void remove_earlier(const char *directory)
{
	ct_auto_free char *manifest = join(directory, MANIFEST);
	ct_auto_free char *line = NULL;
	ct_auto_file file = fopen(manifest, "re");
	size_t size = 0;
	ssize_t n;

	while (file && (n = getline(&line, &size, file)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strchr(line, '/') && (ends_with(line, ".json") || ends_with(line, ".ct")))
			remove_in(directory, line);
	}
	unlink(manifest);
}

static void write_manifest(const struct ct_finish *finish)
{
	ct_auto_free char *manifest = join(finish->directory, MANIFEST);
	struct ct_text names = {0};
	struct ct_error err;

	for (size_t i = 0; i < finish->count; i++) {
		const char *name = ct_basename(finish->written[i]);

		ct_text_addf(&names, "%s\n", name);
		if (finish->keep_raw)
			ct_text_addf(&names, "%.*s.ct\n", (int) (strlen(name) - 5), name);
	}
	if (names.length && !ct_file_replace(manifest, names.data, names.length, 0600, &err))
		ct_warn("%s", err.text);
	ct_text_deinit(&names);
}

/* As much as the recorder asks for first. An access() that says yes knows nothing of full disks. */
static bool has_room(const char *directory)
{
	ct_auto_free char *probe = join(directory, ".calltrace-probe");
	ct_auto_fd fd = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error = fd < 0 ? errno : posix_fallocate(fd, 0, 65536);

	if (fd >= 0)
		unlink(probe);
	errno = error;
	return error == 0;
}

/* Two runs would replace each other's traces: the directory is locked, and stays so until we end. */
static bool lock(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static bool can_be_used(const char *directory, const char *name)
{
	/* The recorder adds a file's name, and has PATH_MAX for both. */
	if (strlen(directory) + NAME_MAX >= PATH_MAX)
		errno = ENAMETOOLONG;
	else if (has_room(directory)) {
		if (lock(directory))
			return true;
		ct_complain("%s: another 'calltrace run' writes there; name another directory with "
		            "--output", name);
		return false;
	}
	ct_complain("%s: no traces can be written there: %s", name, strerror(errno));
	return false;
}

/* `made`: whether there was none. */
static char *prepare_directory(const struct options *o, const char *command, bool *made)
{
	struct ct_text name = {0};
	struct ct_error err;
	char *absolute;

	if (o->output)
		ct_text_add(&name, o->output);
	else
		ct_text_addf(&name, "%s.calltrace", ct_basename(command));
	*made = access(name.data, F_OK) < 0;
	if (!ct_make_directory(name.data, &err)) {
		ct_complain_error(&err);
		ct_text_deinit(&name);
		return NULL;
	}
	absolute = realpath(name.data, NULL);
	if (!absolute || !can_be_used(absolute, name.data)) {
		if (!absolute)
			ct_complain("%s: no traces can be written there: %s", name.data,
			            strerror(errno));
		if (*made)
			rmdir(name.data);
		free(absolute);
		absolute = NULL;
	}
	ct_text_deinit(&name);
	return absolute;
}

/* The dynamic linker knows no way to write them in LD_PRELOAD. */
static bool can_be_preloaded(const char *library)
{
	if (!strpbrk(library, " :"))
		return true;
	ct_complain("%s: cannot be preloaded: there is a space or a colon in its path", library);
	return false;
}

/* Equal values are to be equal in all traces of the run; who wants it of several runs sets the key. */
static void set_key(void)
{
	uint64_t key[2];
	char text[33];

	if (getenv("CALLTRACE_REDACT_KEY") || getrandom(key, sizeof key, 0) != sizeof key)
		return;
	snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long) key[0],
	         (unsigned long long) key[1]);
	setenv("CALLTRACE_REDACT_KEY", text, 1);
}

static void set_options(const struct options *o)
{
	const struct {
		const char *name, *value;
	} variables[] = {
		{ "CALLTRACE_MAX_DEPTH", o->max_depth },
		{ "CALLTRACE_MAX_SIZE", o->max_size },
		{ "CALLTRACE_MAX_CALLS", o->max_calls },
		{ "CALLTRACE_KEEP", o->keep },
		{ "CALLTRACE_EXCLUDE", o->exclude },
		{ "CALLTRACE_ONLY", o->select },
		{ "CALLTRACE_PRETTY_JSON", o->compact ? "false" : NULL },
		{ "CALLTRACE_CAPTURE_ARGS", o->args ? "true" : NULL },
		{ "CALLTRACE_ARGS_ONLY", o->only },
		{ "CALLTRACE_ARGS_EXCEPT", o->except },
		{ "CALLTRACE_REDACT", o->redact },
		{ "CALLTRACE_STRING_LENGTH", o->string_length },
		{ "CALLTRACE_VALUE_DEPTH", o->value_depth },
		{ "CALLTRACE_CALL_BYTES", o->call_bytes },
	};

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		if (variables[i].value)
			setenv(variables[i].name, variables[i].value, 1);
	if (getenv("CALLTRACE_REDACT"))
		set_key();
}

static void set_environment(const struct options *o, const char *library, const char *directory,
                            const char *run)
{
	const char *preload = getenv("LD_PRELOAD"), *asan = getenv("ASAN_OPTIONS");
	struct ct_text value = {0};

	ct_text_addf(&value, "%s%s%s", library, preload && *preload ? ":" : "",
	             preload && *preload ? preload : "");
	setenv("LD_PRELOAD", value.data, 1);
	ct_text_clear(&value);
	ct_text_addf(&value, "%s/", directory);
	setenv("CALLTRACE_OUTPUT", value.data, 1);
	setenv("CALLTRACE_RUN", run, 1);
	/* gcc's shared ASan refuses to start behind another preloaded library. The order does no
	 * harm: the recorder defines nothing that ASan intercepts but waitpid(), and passes on. */
	ct_text_clear(&value);
	ct_text_addf(&value, "%s%sverify_asan_link_order=0", asan && *asan ? asan : "",
	             asan && *asan ? ":" : "");
	setenv("ASAN_OPTIONS", value.data, 1);
	set_options(o);
	ct_text_deinit(&value);
}

static pid_t command_pid;
static uint32_t dead;   /* what it was ... */
static int dead_signal; /* ... and the signal that ended it, or 0 */
static bool timed_out;

static void pass_on(int signal)
{
	int saved = errno;

	if (command_pid > 0)
		kill(command_pid, signal);
	errno = saved;
}

/*
 * A terminal sends its interrupt to the command as well as to us: we stay, and write what there
 * is. What is sent to us alone is passed on.
 */
static const struct {
	int signal;
	void (*handler)(int);
} staying[] = {
	{ SIGINT, SIG_IGN }, { SIGQUIT, SIG_IGN }, { SIGTERM, pass_on },
	{ SIGHUP, pass_on }, { SIGUSR1, pass_on }, { SIGUSR2, pass_on },
};
#define STAYING (sizeof staying / sizeof *staying)

struct signals {
	struct sigaction actions[STAYING];
	sigset_t mask;
};

/* Leaves the signals blocked, until there is a command to pass them on to. */
static void stay(struct signals *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < STAYING; i++)
		sigaddset(&set, staying[i].signal);
	sigprocmask(SIG_BLOCK, &set, &before->mask);
	for (size_t i = 0; i < STAYING; i++) {
		struct sigaction action = { .sa_handler = staying[i].handler, .sa_flags = SA_RESTART };

		sigaction(staying[i].signal, &action, &before->actions[i]);
	}
}

/* As it was for us: for the command, and again once that has ended. */
static void go(const struct signals *before)
{
	for (size_t i = 0; i < STAYING; i++)
		sigaction(staying[i].signal, &before->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* The command's status as a shell tells it, or -1: not started, which was said. */
static int run_command(char **argv, const struct options *o, const char *library,
                       const char *directory, const char *run)
{
	int failure[2], error = 0, status;
	struct signals before;

	if (pipe2(failure, O_CLOEXEC) < 0) {
		ct_complain("cannot make a pipe: %s", strerror(errno));
		return -1;
	}
	fflush(NULL);
	stay(&before);
	command_pid = fork();
	if (command_pid == 0) {
		go(&before);
		set_environment(o, library, directory, run);
		execvp(argv[0], argv);
		error = errno;
		if (write(failure[1], &error, sizeof error) < 0)
			_exit(127);
		_exit(error == ENOENT ? 127 : 126);
	}
	sigprocmask(SIG_SETMASK, &before.mask, NULL);
	signal(SIGPIPE, SIG_IGN); /* nobody may read the summary */
	close(failure[1]);
	if (command_pid < 0) {
		close(failure[0]);
		ct_complain("cannot start a process: %s", strerror(errno));
		return -1;
	}
	if (read(failure[0], &error, sizeof error) != sizeof error)
		error = 0;
	close(failure[0]);
	if (!error)
		remove_earlier(directory);
	timed_out = !ct_wait_for(command_pid, &status, error ? 0 : (unsigned) o->timeout, directory, run);
	dead = (uint32_t) command_pid;
	dead_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	command_pid = 0;
	go(&before);
	if (error) {
		ct_complain("%s: cannot run it: %s", argv[0], strerror(error));
		return -1 - (error == ENOENT ? 127 : 126);
	}
	if (timed_out) {
		ct_warn("%s: ended, for it ran longer than %u s", argv[0], (unsigned) o->timeout);
		return 124;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void say_nothing_came(const char *command)
{
	const char *enabled = getenv("CALLTRACE_ENABLED");
	bool on = true;

	if (enabled && ct_setting_bool(enabled, &on) && !on) {
		ct_warn("no call was recorded: CALLTRACE_ENABLED is '%s'", enabled);
		return;
	}
	ct_warn("no call was recorded: %s was not built with -finstrument-functions, or does not "
	        "load the recorder; 'calltrace doctor' on the binary says which", command);
}

static int finish(const struct options *o, const char *directory, const char *run,
                  const char *command)
{
	struct ct_finish f = { .directory = directory, .run = run, .keep_raw = o->keep_raw,
		               .progress = true, .crashes = ct_wants_crashes(true) && !o->quiet, .advise = true,
		               .exclude = o->exclude ? o->exclude : getenv("CALLTRACE_EXCLUDE"),
		               .only = o->select ? o->select : getenv("CALLTRACE_ONLY"),
		               .dead = dead, .dead_signal = dead_signal };
	struct ct_error err;
	int status = CT_EXIT_OK;

	if (!ct_finish(&f, &err))
		return ct_complain_error(&err);
	write_manifest(&f);
	if (f.failed)
		status = CT_EXIT_FAILED;
	if (!f.found && !has_room(directory))
		status = ct_complain("%s: no trace was written there: %s", directory, strerror(errno));
	else if (!f.found)
		say_nothing_came(command);
	else if (!o->quiet && f.count)
		ct_report_print_summary(f.written, f.count, directory, ct_use_colour(STDERR_FILENO),
		                        stderr, NULL);
	ct_unmatched_warn(&f.unmatched);
	ct_finish_deinit(&f);
	return status;
}

static int run(const struct ct_command *self, int argc, char **argv)
{
	struct options o = {0};
	char library[PATH_MAX], id[40];
	int status, finished;
	bool made;

	if (!parse(self, argc, argv, &o))
		return CT_EXIT_FAILED;
	argv += optind;
	if (!find_library(library, sizeof library) || !can_be_preloaded(library))
		return CT_EXIT_FAILED;
	ct_auto_free char *directory = prepare_directory(&o, argv[0], &made);
	if (!directory)
		return CT_EXIT_FAILED;
	remove_in(directory, CT_RESULTS_NAME); /* of a run that did not come to its end */
	remove_in(directory, CT_TESTS_NAME);
	snprintf(id, sizeof id, "%ld-%lld", (long) getpid(), (long long) time(NULL));
	status = run_command(argv, &o, library, directory, id);
	if (status < 0 && made)
		rmdir(directory);
	if (status < -1)
		return -1 - status;
	if (status < 0)
		return CT_EXIT_FAILED;
	finished = finish(&o, directory, id, argv[0]);
	return status ? status : finished;
}

const struct ct_command ct_cmd_run = {
	.name = "run",
	.summary = "run a command with its calls recorded",
	.help = help,
	.run = run,
};
