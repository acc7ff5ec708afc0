/*
 * error.h - how every fallible call of CallTrace's libraries reports.
 *
 * A function that can fail returns bool (or a pointer) and takes a
 * `struct ct_error *` last. On failure it fills it, once, with a code and one
 * line of text that names the file or option, says what is wrong and, where
 * there is something to do, what to do. The caller owns the struct; nothing is
 * allocated, nothing is thread-local, nothing goes stale. NULL is allowed: the
 * text is then dropped.
 */
#ifndef CALLTRACE_ERROR_H
#define CALLTRACE_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A code exists only for what a caller branches on. Since 0.1. */
enum ct_code {
	CT_OK = 0,
	CT_EIO,       /* the operating system refused; errno's text is in the line */
	CT_ENOTRACE,  /* not a trace, index or JSON trace of ours */
	CT_EVERSION,  /* made by another version of the format */
	CT_EDAMAGED,  /* ours, but nothing in it could be saved */
	CT_ENOINFO,   /* the binary lacks what was asked for (symbols, debug information) */
	CT_EMISMATCH, /* build-ids differ: the binary was rebuilt */
	CT_ENOMEM,
	CT_EUSAGE,    /* an option or a value of one */
};

struct ct_error {
	enum ct_code code;
	char text[512];
};

/*
 * Fills `err` (which may be NULL) and returns false, so that a failing path is
 * one statement: `return ct_fail(err, CT_EIO, "%s: %s", path, strerror(errno));`
 * A text that does not fit is cut. Keeps errno. Thread-safe. Since 0.1.
 */
__attribute__((format(printf, 3, 4)))
bool ct_fail(struct ct_error *err, enum ct_code code, const char *format, ...);

#ifdef __cplusplus
}
#endif
#endif
