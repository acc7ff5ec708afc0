/* settings.h - the environment, as <calltrace/calltrace.h> documents it. */
#ifndef CT_RUNTIME_SETTINGS_H
#define CT_RUNTIME_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct ct_settings {
	bool read; /* once per process image */
	bool enabled, capture_args, debug, pretty_json;
	bool worker; /* a Criterion test's process */
	bool under_run; /* `calltrace run` is above us and converts */
	uint32_t max_depth;
	const char *output; /* NULL: the default */
};
extern struct ct_settings ct_settings;

void ct_settings_read(void);

#endif
