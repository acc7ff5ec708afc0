/*
 * values.c - what a test program gets that asks for arguments or returned values anywhere. The
 * header's words for them refer to `calltrace_values`: that pulls this file out of the archive, and its
 * constructor has values recorded from the start, in the workers and, for the indexes to be there in
 * time, in the runner. CALLTRACE_CAPTURE_ARGS=false overrules it. Other programs pay nothing.
 */
#include <criterion/calltrace.h>

#include "runtime/seam.h"

#pragma weak calltrace_seam_want_values /* a program that is linked without the recorder: see process.c */

const char calltrace_values = 1;

/* Before the program's own constructors, whose calls are recorded. */
__attribute__((constructor(102))) static void want_values(void)
{
	if (calltrace_seam_want_values)
		calltrace_seam_want_values();
}
