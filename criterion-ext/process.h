/*
 * process.h - the calls of this process: opened with the first assertion, read on by each. One at a time.
 */
#ifndef CT_CRITERION_PROCESS_H
#define CT_CRITERION_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "match/verdict.h"

/*
 * All that was recorded until now, in the window of the test. NULL: that cannot be had, and `problem` has why.
 * process_end() comes next, if it can be had or not.
 */
struct ct_matching *process_begin(struct ct_text *problem);
void process_end(void);

/* The counter that calls are timed by. */
uint64_t process_now(void);
/* From now on calls count. */
void process_reset(void);
/* Whether this is a child that the test forked. Its failures are nobody's at Criterion's. */
bool process_is_child(void);
bool process_is_test_thread(void);
/* `verify` is called at the end of the test's body. False: that end will not be seen. */
bool process_at_end(void (*verify)(void));

#endif
