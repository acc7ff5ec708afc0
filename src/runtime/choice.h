/*
 * choice.h - which values the user wants, by function and parameter.
 *
 * A list of patterns, separated by commas or spaces that are not inside of parentheses or
 * angle brackets. Each is "FUNCTION" or "FUNCTION:PARAMETER", globs with * and ?; the returned
 * value is the parameter "return". A function is matched by its name, with or without
 * the parameters that C++ adds. "FUNCTION" means all of its parameters and the returned value.
 *
 *     only     nothing else is captured          CALLTRACE_ARGS_ONLY
 *     except   these are not captured            CALLTRACE_ARGS_EXCEPT
 *     redact   a keyed hash stands for them      CALLTRACE_REDACT
 */
#ifndef CT_RUNTIME_CHOICE_H
#define CT_RUNTIME_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

enum ct_mark { CT_KEPT = 0, CT_EXCLUDED = 1, CT_REDACTED = 2 };

/* `parameter` NULL: the returned value. Async-signal-safe. */
enum ct_mark ct_choose(const char *function, const char *parameter);

/* Replaces one of the lists: 'o'nly, 'e'xcept, 'r'edact. The caller keeps `patterns`. NULL: none. */
void ct_choice_set(char list, const char *patterns);

#endif
