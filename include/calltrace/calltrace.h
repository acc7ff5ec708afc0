/*
 * calltrace.h - what a traced program may say to its recorder.
 *
 * Nothing here is needed to be traced: `calltrace run -- ./program`, or preloading
 * libcalltrace.so, does everything. Link with `pkg-config --libs calltrace` to use it.
 *
 * Unless a call says otherwise it may be called from any thread, at any time after
 * the program's own constructors began, any number of times; it is async-signal-safe,
 * keeps errno, allocates nothing with malloc and never aborts. All of it since 0.1.
 *
 * Environment, read once when recording begins. An unusable value is said once on
 * standard error, and the default is used.
 *
 *     CALLTRACE_OUTPUT        the JSON file to write; a name that ends in '/', an
 *                             existing directory, and always under Criterion: the
 *                             directory to write one file per process or test into.
 *                             Default "{executable}.json"; under Criterion
 *                             "{executable}.calltrace/"
 *                             A process that is not the first to write a file
 *                             "trace.json" puts its pid in ("trace.4711.json"), a
 *                             recording that is not its process's first its number
 *     CALLTRACE_CAPTURE_ARGS  true or false; default false: arguments and returned values
 *     CALLTRACE_ARGS_ONLY, CALLTRACE_ARGS_EXCEPT, CALLTRACE_REDACT
 *                             patterns "function" or "function:parameter", separated by
 *                             commas; default none: capture no others, not these, and
 *                             a keyed hash instead of the value
 *     CALLTRACE_REDACT_KEY    32 hexadecimal digits; default random for each run
 *     CALLTRACE_STRING_LENGTH 1 to 4096; default 128: bytes of a string or an array
 *     CALLTRACE_VALUE_DEPTH   0 to 8; default 2: how many pointers are followed in a row
 *     CALLTRACE_CALL_BYTES    64 to 16384; default 2048: bytes of all that a call's
 *                             pointers lead to
 *     CALLTRACE_MAX_DEPTH     1 to 1000000; default 100: deeper calls are counted in
 *                             the summary and cut from the JSON tree only
 *     CALLTRACE_MAX_SIZE      bytes, or with K, M, G, T behind the number; from 16K; 0: any;
 *                             default 1G: what the recorded calls of one process take on
 *                             the disk. Counts are exact in any case
 *     CALLTRACE_MAX_CALLS     0 (any number) to 1000000000; default 10000000: calls in a
 *                             JSON tree
 *     CALLTRACE_KEEP          newest or oldest; default newest: which calls stay where one
 *                             of these is reached
 *     CALLTRACE_EXCLUDE, CALLTRACE_ONLY
 *                             patterns of functions or files, separated by commas; default
 *                             none: calls of these, or of all others, are counted and not
 *                             recorded
 *     CALLTRACE_SIGNALS       true or false; default true: notes what signal ends the process,
 *                             and where its threads were (docs/crash.md). The program's
 *                             own handlers are left alone in any case
 *     CALLTRACE_CRASH_REPORT  true or false: whether that is printed on standard error, too.
 *                             Default true; under Criterion, where no `calltrace run` is above, false
 *     CALLTRACE_DEBUG         true or false; default false: says on standard error what
 *                             the recorder does
 *     CALLTRACE_PRETTY_JSON   true or false; default true
 *     CALLTRACE_ENABLED       true or false; default true: false leaves the hooks empty
 */
#ifndef CALLTRACE_CALLTRACE_H
#define CALLTRACE_CALLTRACE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define CALLTRACE_VERSION_MAJOR 0
#define CALLTRACE_VERSION_MINOR 1
#define CALLTRACE_VERSION_PATCH 0
#define CALLTRACE_VERSION "0.1.0"

/* The version of the library that is loaded, as CALLTRACE_VERSION. Static storage. */
const char *calltrace_version(void);

/*
 * Begins recording now, if it did not begin yet (it begins by itself with the first
 * call of an instrumented function), or anew after calltrace_cleanup(). Returns
 * false when it cannot: the reason was said once on standard error, or CALLTRACE_ENABLED
 * is false. Not async-signal-safe.
 */
bool calltrace_init(void);

/*
 * Ends recording, marks the trace as complete and lets the JSON be written, as the end
 * of the process does. The hooks are empty from then on, until calltrace_init().
 * Not async-signal-safe; the caller sees to it that no other thread is in
 * instrumented code, else that thread's last calls stay open in the trace.
 */
void calltrace_cleanup(void);

/* Whether calls are being recorded now, on any thread. */
bool calltrace_is_recording(void);

/*
 * Stops recording calls on all threads, and goes on. Calls are counted nowhere in
 * between. Pairs do not nest. A call that was entered while off is not in the trace.
 */
void calltrace_pause(void);
void calltrace_resume(void);

/*
 * Puts a note into the calling thread's trace, at this point. At most 255 bytes of
 * `text` are kept. NULL does nothing.
 */
void calltrace_mark(const char *text);

/*
 * Whether values are captured: the arguments of calls, what they point to, and what is returned.
 * Applies to calls that begin afterwards, on all threads. Returns what it was.
 * Not async-signal-safe: it may run `calltrace index` for binaries that have no index yet.
 */
bool calltrace_capture_args(bool on);

/*
 * Of which functions and parameters: lists of patterns as CALLTRACE_ARGS_ONLY, _ARGS_EXCEPT and
 * _REDACT have them (docs/values.md), which they replace; the text is copied; NULL or "": no
 * list. They apply to calls that begin afterwards. False: no memory. Not async-signal-safe.
 */
bool calltrace_args_only(const char *patterns);
bool calltrace_args_except(const char *patterns);
bool calltrace_redact(const char *patterns);

/*
 * The raw trace's path, or NULL when nothing is being recorded. Valid until
 * calltrace_cleanup().
 */
const char *calltrace_path(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
