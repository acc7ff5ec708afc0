/*
 * cli.h - what the subcommands share: one table of commands, one way to parse
 * options, one way to fail. Exit status: 0 done, 1 the answer is "no", 2 could not
 * do it.
 */
#ifndef CT_CLI_CLI_H
#define CT_CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <calltrace/error.h>

enum { CT_EXIT_OK = 0, CT_EXIT_NO = 1, CT_EXIT_FAILED = 2 };

/*
 * A subcommand. `run` gets argv[0] = its own name and returns the exit status.
 * `help` is printed whole for --help; its first line is "usage: calltrace NAME ...".
 */
struct ct_command {
	const char *name;
	const char *summary; /* one line for `calltrace --help` */
	const char *help;
	int (*run)(const struct ct_command *self, int argc, char **argv);
};

extern const struct ct_command ct_cmd_run, ct_cmd_index, ct_cmd_json, ct_cmd_show, ct_cmd_report,
	ct_cmd_doctor, ct_cmd_check;

/*
 * getopt_long() with this project's messages: "calltrace NAME: unknown option '--x';
 * see 'calltrace NAME --help'". Returns the option's value, -1 at the end, or '?' after
 * saying what is wrong (the caller returns CT_EXIT_FAILED). Handles --help and --version
 * itself by printing to standard output and exiting 0. Begin every `shorts` with "+" to
 * stop at the first operand.
 */
int ct_getopt(const struct ct_command *self, int argc, char **argv, const char *shorts,
              const struct option *longs);

/* One line on standard error, "calltrace: " before it; returns CT_EXIT_FAILED. */
__attribute__((format(printf, 1, 2)))
int ct_complain(const char *format, ...);
/* The same for a filled error. */
int ct_complain_error(const struct ct_error *err);
/* The same for something that was said and got over; returns nothing. */
__attribute__((format(printf, 1, 2)))
void ct_warn(const char *format, ...);

/* Numbers as option values: complains and returns false unless low <= value <= high. */
bool ct_parse_number(const char *option, const char *text, uint64_t low, uint64_t high,
                     uint64_t *out);

/* The same for a size: bytes, or K, M, G, T. 0, or from `low` on. */
bool ct_parse_size(const char *option, const char *text, uint64_t low, uint64_t *out);
/* "oldest" or "newest". */
bool ct_parse_keep(const char *text, uint32_t *keep);

/*
 * Files named on a command line, directories opened: all "*.json" and "*.ct" below
 * them, sorted, JSON preferred where both hold one trace ("a.json" and "a.ct").
 */
struct ct_paths {
	char **items;
	size_t count;
};
bool ct_paths_add(struct ct_paths *paths, const char *path, struct ct_error *err);
/* As it is, whether there is such a file or not. */
void ct_paths_push(struct ct_paths *paths, const char *path);
void ct_paths_deinit(struct ct_paths *paths);
/*
 * Whether writing to `output` (NULL, "-": standard output) leaves these alone. One that is among what is read
 * is a slip of the hand, and is complained of.
 */
bool ct_spares(const char *output, const struct ct_paths *inputs, const char *what);

/* Progress on a terminal, nothing elsewhere: "converting 12/340". Erased when done. */
struct ct_progress {
	const char *what;
	size_t total;
	uint64_t next; /* ns; not more than ten times a second */
	bool shown;
};
void ct_progress_begin(struct ct_progress *progress, const char *what, size_t total);
void ct_progress_at(struct ct_progress *progress, size_t done);
void ct_progress_end(struct ct_progress *progress);

/* auto, always, never; auto: whether standard output wants it. Complains of others. */
bool ct_parse_color(const char *when, bool *colour);
/* Whether to use colour on this descriptor: a terminal, NO_COLOR not set, TERM not dumb. */
bool ct_use_colour(int fd);

#endif
