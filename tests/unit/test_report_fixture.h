/*
 * A small program that was never compiled, as indexes and traces in memory:
 *
 *     /src/app.c      parse (10) helper (20) unused (30) plain (50, not instrumented)
 *     /src/lib.c      add (5), in libadd.so
 *     /src/test_app.c a test (8), which is test code
 *     /usr/include/inline.h  sysinline (3)
 *
 * What calls what is in test_report_fixture.c. A test describes its traces by calls of
 * fixture_call(); which functions they were is enough, the fixture knows the rest.
 */
#ifndef TEST_REPORT_FIXTURE_H
#define TEST_REPORT_FIXTURE_H

#include "report/merge.h"
#include "report/output.h"

/* Addresses of the call sites of `app`, to be named in fixture_call(). */
enum {
	PARSE_HELPER = 0x1011, /* app.c:11, twice on the line */
	PARSE_HELPER_2,
	PARSE_ADD,       /* app.c:12, into libadd.so */
	PARSE_PRINTF,    /* app.c:13, external */
	PARSE_POINTER,   /* app.c:14, indirect */
	PARSE_SYSINLINE, /* app.c:15 */
	PARSE_PLAIN,     /* app.c:16 */
	HELPER_UNUSED,   /* app.c:21 */
	UNUSED_ADD,      /* app.c:31 */
	TEST_PARSE,      /* test_app.c:9 */
};

/* The functions, as rows of the index of `app`; ADD is the only one of `libadd.so`. */
enum { PARSE, HELPER, UNUSED, PLAIN, TEST, PLUMBING, SYSINLINE, ARTIFICIAL, APP_FUNCTIONS, ADD = 100 };

struct fixture_trace {
	struct ct_trace_meta meta;
	struct ct_trace_test test;
	struct ct_trace_function functions[16];
	struct ct_trace_pair pairs[32];
	struct ct_trace_site sites[32];
	struct ct_trace_view view;
};

extern const struct ct_index_source fixture_indexes;

/* A trace of `app` and libadd.so. suite NULL: of the program itself. */
void fixture_begin(struct fixture_trace *trace, const char *suite, const char *test,
                   int32_t parameter, enum ct_status status);
/* `calls` calls of a function; from a caller at a site; `site` 0: without one. */
void fixture_enter(struct fixture_trace *trace, int function, uint64_t calls);
void fixture_call(struct fixture_trace *trace, int caller, int callee, uint64_t site,
                  uint64_t calls, const char *through);

/* Rows of a finished model by name; fails the test if there is none. */
struct ct_cover_function *fixture_function(struct ct_coverage *model, const char *name);
struct ct_cover_pair *fixture_pair(struct ct_coverage *model, const char *caller,
                                   const char *callee);
/* The nth call site of a line of app.c. */
struct ct_cover_site *fixture_site(struct ct_coverage *model, uint32_t line, unsigned nth);

/* What an output prints, to be freed. */
char *fixture_print(const struct ct_coverage *model, const char *format,
                    struct ct_output_options options);

/* Two traces that most tests start from: suite::one and suite::two, merged. */
struct ct_coverage *fixture_model(const struct ct_merge_options *options);

#endif
