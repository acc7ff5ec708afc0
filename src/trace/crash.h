/*
 * crash.h - what ended a process by a signal, and where every thread was: from the record that the
 * process made (format/raw.h), its open calls and the binaries, or out of a JSON trace.
 */
#ifndef CT_TRACE_CRASH_H
#define CT_TRACE_CRASH_H

#include "trace/trace.h"

/* Of a thread's stack: a recorded call, or a machine frame that the unwind tables tell of. */
struct ct_crash_frame {
	const char *function; /* NULL: not known */
	uint32_t id;          /* row of functions; CT_NO_ROW: it is no recorded call */
	uint32_t line;        /* where it stands; 0: not known */
	const char *file;     /* or NULL */
	const char *module;   /* path of the binary, or NULL */
	uint64_t address;     /* of the instruction, or what it returns to; 0: not known */
	uint64_t offset;      /* of that in `function`, where it is no recorded call */
	const char *through;  /* see ct_trace_pair: between it and the call inside of it */
	const char *arguments; /* JSON, as in struct ct_trace_call; NULL: none */
	const char *arguments_unavailable;
	bool variadic;
	bool gap; /* frames between it and the next one outwards are not known */
};

struct ct_crash_stack {
	uint32_t tid;
	const char *name;  /* or NULL */
	const char *state; /* "running", "waiting" ...; NULL: not known */
	const char *call;  /* the system call that it is in; NULL: in none, or not known */
	uint64_t call_arguments[6];
	struct ct_crash_frame *frames; /* innermost first */
	size_t count;
	size_t omitted_at; /* `omitted` calls are left out before this one */
	uint64_t omitted;
};

struct ct_crash_report {
	int signal;
	const char *name;  /* "SIGSEGV" */
	const char *cause; /* in words; NULL: not known */
	bool expected;     /* a Criterion test was to end like that */
	bool timeout;      /* Criterion ended it: it took too long */
	bool fault;        /* an instruction raised it; else somebody sent it, or is not known */
	bool again;        /* the recorder's handler did not come to its end */
	uint32_t sender;   /* process, or 0 */
	const char *access; /* read write execute, or NULL */
	bool has_address;
	uint64_t address;
	const char *lies_in; /* NULL: not known */
	uint32_t tid;        /* that it came to; 0: not known */
	uint64_t time;       /* ns since the beginning; 0: not known */
	bool has_registers;
	uint64_t registers[18]; /* ct_crash_register_name() */
	struct ct_crash_stack *threads; /* the one it came to first */
	size_t thread_count;
	uint32_t threads_seen; /* that the process had; more than there are where they were too many */
};

#define CT_CRASH_REGISTERS 18
const char *ct_crash_register_name(int number);

/*
 * NULL: no signal ended the process, as far as is known. What Criterion's runner knows is to be
 * applied before (ct_results_apply). Belongs to the trace.
 */
const struct ct_crash_report *ct_trace_crash(struct ct_trace *trace);

#endif
