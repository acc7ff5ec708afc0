/* settings.h - the environment, as <calltrace/calltrace.h> documents it. */
#ifndef CT_RUNTIME_SETTINGS_H
#define CT_RUNTIME_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "format/raw.h"

struct ct_settings {
	bool read; /* once per process image */
	bool enabled, capture_args, debug, pretty_json;
	bool signals; /* notes what signal ends the process (crash.h) */
	bool worker; /* a Criterion test's process */
	bool under_run; /* `calltrace run` is above us and converts */
	uint32_t max_depth;
	uint64_t max_size, max_calls; /* 0: any number */
	enum ct_keep keep;
	const char *output; /* NULL: the default */
	uint32_t string_length, value_depth, call_bytes; /* limits of what is captured */
	const char *args_only, *args_except, *redact;    /* patterns (choice.h), or NULL */
	const char *exclude, *only;                      /* likewise, of calls */
	uint64_t redact_key[2];
	char cache[CT_PATH_SIZE]; /* the directory of indexes; "": none */
};
extern struct ct_settings ct_settings;

void ct_settings_read(void);
/* The program has assertions on values: they are captured unless the environment says no. */
void ct_settings_ask_values(void);
/* Something is to be redacted: there must be a key. */
void ct_settings_need_key(void);

#endif
