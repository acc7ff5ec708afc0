/*
 * show_tree.h - calls as lines for people: collected from a walk, equal neighbours folded,
 * printed with guides. Memory is that of the lines shown, not of the trace.
 */
#ifndef CT_CLI_SHOW_TREE_H
#define CT_CLI_SHOW_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "trace/trace.h"

struct ct_show_style {
	bool plain;   /* indented names only */
	bool unicode, colour, times, fold, full_names;
	bool no_values; /* neither arguments nor what was returned */
	unsigned column; /* where durations and places begin */
};

struct ct_show_filter {
	const char *function; /* glob, or NULL */
	uint32_t depth;       /* levels to show; UINT32_MAX: all */
	uint32_t phase;       /* enum ct_phase, or UINT32_MAX */
	bool no_system;       /* functions of system headers: what they call moves up a level */
};

/*
 * Prints the calls of one thread. `*shown` gets how many calls that were. False: the trace
 * could not be read to its end; what was read is printed.
 */
bool ct_show_thread(struct ct_trace *trace, uint32_t thread, const struct ct_show_style *style,
                    const struct ct_show_filter *filter, FILE *out, uint64_t *shown,
                    struct ct_error *err);

/* "12.3 ms", in `text` of at least 24 bytes. */
const char *ct_show_duration(char *text, uint64_t ns, bool unicode);

enum ct_show_colour { CT_SHOW_NONE, CT_SHOW_DIM, CT_SHOW_BOLD, CT_SHOW_RED, CT_SHOW_GREEN,
	              CT_SHOW_YELLOW };
const char *ct_show_begin(const struct ct_show_style *style, enum ct_show_colour colour);
const char *ct_show_end(const struct ct_show_style *style, enum ct_show_colour colour);

#endif
