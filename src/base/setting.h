/*
 * setting.h - settings as the recorder reads them from the environment, and the program from its
 * options: both must understand the same. No malloc, no stdio.
 */
#ifndef CT_BASE_SETTING_H
#define CT_BASE_SETTING_H

#include <stdbool.h>
#include <stdint.h>

/* true, 1, yes, on, or false, 0, no, off, in whatever case. False: it is no such thing. */
bool ct_setting_bool(const char *text, bool *out);

/* A number, and K, M, G or T behind it for the powers of 1024. False: it is no such thing. */
bool ct_setting_size(const char *text, uint64_t *out);

#endif
