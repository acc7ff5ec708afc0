/*
 * choice.h - which calls the user wants recorded, and which values of them.
 *
 * A list of patterns, separated by commas or spaces that are not inside of parentheses or
 * angle brackets. Each is "FUNCTION" or "FUNCTION:PARAMETER", globs with * and ?; the returned
 * value is the parameter "return". A function is matched by its name, with or without
 * the parameters that C++ adds. "FUNCTION" means all of its parameters and the returned value.
 *
 *     only     nothing else is captured          CALLTRACE_ARGS_ONLY
 *     except   these are not captured            CALLTRACE_ARGS_EXCEPT
 *     redact   a keyed hash stands for them      CALLTRACE_REDACT
 *
 * Calls are chosen in the same way, without parameters. A pattern with a slash or a dot in it may also be
 * a file: its path, or what that ends in behind a slash.
 *
 *     exclude  these are counted only            CALLTRACE_EXCLUDE
 *     only     all others are                    CALLTRACE_ONLY
 *
 * The recorder chooses by them; a reader asks which of them matched nothing. No call of libc here but
 * those that are safe in a signal handler.
 */
#ifndef CT_FORMAT_CHOICE_H
#define CT_FORMAT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

enum ct_choice_list { CT_CHOICE_ONLY, CT_CHOICE_EXCEPT, CT_CHOICE_REDACT, CT_CHOICE_LISTS };
#define CT_CHOICE_RETURN "return"

/* The next pattern of a list; its length in `size`. NULL: that was all. */
const char *ct_choice_next(const char **list, size_t *size);
/* Both of them together: the pattern means this parameter of this function. */
bool ct_choice_matches_function(const char *pattern, size_t size, const char *function);
bool ct_choice_matches_parameter(const char *pattern, size_t size, const char *parameter);


/* --- of calls --- */

/* The length of a C++ name up to its parameters: the last group in parentheses. */
size_t ct_choice_bare(const char *function);
/* The pattern means the function, or its file (or NULL). */
bool ct_choice_selects_one(const char *pattern, size_t size, const char *function, const char *file);
/* One of the patterns does. */
bool ct_choice_selects(const char *list, const char *function, const char *file);

#endif
