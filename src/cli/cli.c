#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <calltrace/calltrace.h>

#include "base/setting.h"
#include "base/text.h"
#include "base/utf8.h"
#include "format/raw.h"

/* A line of text in which there may be names of files, functions and what not: nothing in it commands a terminal. */
static void complain(const char *what, const char *format, va_list args)
{
	struct ct_text line = {0};
	char *text = NULL;

	fflush(stdout);
	ct_text_add(&line, what);
	if (vasprintf(&text, format, args) >= 0)
		ct_utf8_add_visible(&line, text);
	ct_text_add_char(&line, '\n');
	fputs(line.data, stderr);
	ct_text_deinit(&line);
	free(text);
}

int ct_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain("calltrace: ", format, args);
	va_end(args);
	return CT_EXIT_FAILED;
}

int ct_complain_error(const struct ct_error *err)
{
	return ct_complain("%s", err->text);
}

void ct_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain("calltrace: warning: ", format, args);
	va_end(args);
}

static void print_help(const struct ct_command *self)
{
	fputs(self->help, stdout);
	if (fflush(stdout) != 0)
		exit(ct_complain("standard output: cannot write it: %s", strerror(errno)));
}

/* "-o --quiet": the next option is no value; a number may have a sign, and "-" is standard output. */
static bool is_option(const char *word)
{
	return word[0] == '-' && (word[1] == '-' || ((word[1] | 32) >= 'a' && (word[1] | 32) <= 'z'));
}

int ct_getopt(const struct ct_command *self, int argc, char **argv, const char *shorts,
              const struct option *longs)
{
	int at = optind ? optind : 1;
	int c;

	while (*shorts != '+' && argv[at] && (argv[at][0] != '-' || !argv[at][1])) /* operands that it will pass over */
		at++;
	opterr = 0;
	c = getopt_long(argc, argv, shorts, longs, NULL);
	if (c == 'h') {
		print_help(self);
		exit(CT_EXIT_OK);
	}
	if (c == '?' || c == ':') {
		const char *word = argv[at] ? argv[at] : "";
		const char *why = "unknown option";

		for (const struct option *l = longs; l->name; l++)
			if (strncmp(word, "--", 2) == 0
			    && strncmp(word + 2, l->name, strcspn(word + 2, "=")) == 0)
				why = l->has_arg == required_argument ? "missing value for"
				                                       : "no value goes with";
		if (optopt && strchr(shorts, optopt) && strncmp(word, "--", 2) != 0)
			why = "missing value for";
		ct_complain("%s: %s '%s'; see 'calltrace %s --help'", self->name, why, word,
		            self->name);
		return '?';
	}
	if (c != -1 && optarg && optarg == argv[optind - 1] && is_option(optarg)) {
		ct_complain("%s: missing value for '%s'; see 'calltrace %s --help'", self->name, argv[at],
		            self->name);
		return '?';
	}
	if (c != -1 && optarg && !*optarg) {
		ct_complain("%s: an empty value for '%.*s'; see 'calltrace %s --help'", self->name,
		            (int) strcspn(argv[at], "="), argv[at], self->name);
		return '?';
	}
	return c;
}

bool ct_parse_number(const char *option, const char *text, uint64_t low, uint64_t high,
                     uint64_t *out)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (end == text || *end || errno || text[0] == '-' || value < low || value > high) {
		ct_complain("%s: '%s' is not a number from %llu to %llu", option, text,
		            (unsigned long long) low, (unsigned long long) high);
		return false;
	}
	*out = value;
	return true;
}

bool ct_parse_size(const char *option, const char *text, uint64_t low, uint64_t *out)
{
	if (ct_setting_size(text, out) && (*out == 0 || *out >= low))
		return true;
	ct_complain("%s: '%s' is not 0 or a size from %lluK, such as 50M or 2G", option, text,
	            (unsigned long long) low / 1024);
	return false;
}

bool ct_parse_keep(const char *text, uint32_t *keep)
{
	*keep = strcmp(text, "oldest") == 0 ? CT_KEEP_OLDEST : CT_KEEP_NEWEST;
	if (*keep == CT_KEEP_OLDEST || strcmp(text, "newest") == 0)
		return true;
	ct_complain("--keep: '%s' is neither oldest nor newest", text);
	return false;
}

static void add_path(struct ct_paths *paths, char *path)
{
	paths->items = ct_realloc(paths->items, (paths->count + 1) * sizeof *paths->items);
	paths->items[paths->count++] = path;
}

bool ct_spares(const char *output, const struct ct_paths *inputs, const char *what)
{
	struct stat out, in;

	if (!output || strcmp(output, "-") == 0 || stat(output, &out) < 0)
		return true;
	for (size_t i = 0; i < inputs->count; i++)
		if (stat(inputs->items[i], &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
			ct_complain("%s: is %s; give the output another name", output, what);
			return false;
		}
	return true;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool add_directory(struct ct_paths *paths, const char *path, unsigned depth,
                          struct ct_error *err)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool ok = true;

	if (!dir)
		return ct_fail(err, CT_EIO, "%s: %s", path, strerror(errno));
	while (ok && (entry = readdir(dir))) {
		struct ct_text name = {0};
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		ct_text_addf(&name, "%s%s%s", path, ends_with(path, "/") ? "" : "/", entry->d_name);
		if (lstat(name.data, &st) < 0) {
			ct_text_deinit(&name);
		} else if (S_ISDIR(st.st_mode)) {
			ok = depth >= 16 || add_directory(paths, name.data, depth + 1, err);
			ct_text_deinit(&name);
		} else if (S_ISREG(st.st_mode)
		           && (ends_with(name.data, ".ct") || ends_with(name.data, ".json"))) {
			add_path(paths, name.data);
		} else {
			ct_text_deinit(&name);
		}
	}
	closedir(dir);
	return ok;
}

bool ct_paths_add(struct ct_paths *paths, const char *path, struct ct_error *err)
{
	size_t first = paths->count, kept;
	struct stat st;

	if (!*path)
		return ct_fail(err, CT_EIO, "an empty file name was given");
	if (stat(path, &st) < 0)
		return ct_fail(err, CT_EIO, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode)) {
		add_path(paths, ct_strdup(path));
		return true;
	}
	if (!add_directory(paths, path, 0, err))
		return false;
	if (paths->count == first)
		return ct_fail(err, CT_EIO, "%s: no traces (*.json, *.ct) in this directory", path);
	qsort(paths->items + first, paths->count - first, sizeof *paths->items, by_name);
	kept = first;
	for (size_t i = first; i < paths->count; i++) {
		char *item = paths->items[i];
		size_t n = strlen(item);
		bool twin = false;

		/* "a.ct" sorts before "a.json": look ahead for the twin. */
		if (ends_with(item, ".ct"))
			for (size_t j = i + 1; j < paths->count && !twin; j++) {
				if (strncmp(paths->items[j], item, n - 2) != 0)
					break;
				twin = strcmp(paths->items[j] + n - 2, "json") == 0;
			}
		if (twin)
			free(item);
		else
			paths->items[kept++] = item;
	}
	paths->count = kept;
	return true;
}

void ct_paths_push(struct ct_paths *paths, const char *path)
{
	add_path(paths, ct_strdup(path));
}

void ct_paths_deinit(struct ct_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
	*paths = (struct ct_paths){0};
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}

void ct_progress_begin(struct ct_progress *progress, const char *what, size_t total)
{
	/* Quick work shows nothing: the first line comes after half a second. */
	*progress = (struct ct_progress){ .what = what, .total = total };
	progress->next = isatty(STDERR_FILENO) ? now() + 500000000u : UINT64_MAX;
}

void ct_progress_at(struct ct_progress *progress, size_t done)
{
	uint64_t t;

	if (progress->next == UINT64_MAX || (t = now()) < progress->next)
		return;
	progress->next = t + 100000000u;
	progress->shown = true;
	fprintf(stderr, "\r\033[K%s %zu/%zu", progress->what, done, progress->total);
}

void ct_progress_end(struct ct_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

bool ct_use_colour(int fd)
{
	const char *term = getenv("TERM");
	const char *no = getenv("NO_COLOR");

	return isatty(fd) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

bool ct_parse_color(const char *when, bool *colour)
{
	bool automatic = strcmp(when, "auto") == 0;

	*colour = strcmp(when, "always") == 0 || (automatic && ct_use_colour(STDOUT_FILENO));
	if (*colour || automatic || strcmp(when, "never") == 0)
		return true;
	ct_complain("--color: '%s' is none of auto, always, never", when);
	return false;
}
