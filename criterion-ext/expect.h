/* expect.h - what a test said up front that it would call: cr_will_call(). Verified at the end of its body. */
#ifndef CT_CRITERION_EXPECT_H
#define CT_CRITERION_EXPECT_H

#include "base/text.h"
#include "report.h"
#include "words.h"

struct expectation {
	struct report_place at;
	cr_call_pattern pattern;
	cr_call_times times;
	const char *message;
	uint64_t since;
	struct expectation *next;
};

/* False: the end will not be seen. The words live on. */
bool expect_later(const struct report_place *at, cr_call_pattern pattern, cr_call_times times, const char *message);
/* assert.c */
bool expect_decide(const struct expectation *e, struct ct_text *explanation);

#endif
