/*
 * choice.h - which calls the user wants recorded, and which values of them.
 */
#ifndef CT_RUNTIME_CHOICE_H
#define CT_RUNTIME_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "format/choice.h"

enum ct_mark { CT_KEPT = 0, CT_EXCLUDED = 1, CT_REDACTED = 2 };

/* `parameter` NULL: the returned value. Async-signal-safe. */
enum ct_mark ct_choose(const char *function, const char *parameter);

/* Whether calls of the function are counted only: `exclude`, `only`. `file` NULL: not known. */
bool ct_choice_excludes(const char *function, const char *file);

/* Replaces one of the lists. The caller keeps `patterns`. NULL: none. */
void ct_choice_set(enum ct_choice_list list, const char *patterns);

/* Writes lists and limits into the trace, if there is one. */
void ct_choice_note(void);

#endif
