/*
 * raw.h - the raw trace (.ct), byte for byte.
 *
 * What it must bear. It is written by the traced process itself, with no lock, no
 * allocation and no help from anybody, and read after that process ended in any
 * way whatever, SIGKILL between two instructions included. It survives the death
 * of the process, not the loss of power.
 *
 * Layout. A file is a row of extents, each starting at a multiple of 4096 bytes
 * with a `struct ct_extent` (128 bytes). All numbers are little-endian; addresses
 * are the process's own.
 *
 *     SESSION   the first extent, mapped by the writer: who, when, how it ended,
 *               every loss. `append` says where the next extent goes; it is only
 *               a hint, the reader scans.
 *     MODULE    one binary in which hooks were called: path, build-id, load bias. Another may have taken its
 *               place when it was unloaded: `seq` and `count` of the extent's header say in which epochs it was there.
 *     CALLS     a segment of one thread's call table, mapped: a row for every
 *               distinct (callee, hook, call site, caller), with its exact count.
 *               Rows are numbered on from segment to segment, in order of `seq`;
 *               row 0 is reserved for calls that could not be tabled.
 *     WINDOW    the chunk that a thread is filling, mapped, and reused. A thread that calls
 *               much has several mapped in a row; those it has filled already are DATA.
 *     DATA      a full chunk. The header is the window's of that time.
 *     CHOICE    which values are captured from then on, and within what limits.
 *     CRASH     what the process was like when a signal ended it; at most one. The
 *               signal itself is in the session.
 *     FREE      room that is being written anew, or a chunk that is being cleared, as it stands
 *               elsewhere by now; nothing is in it.
 *
 * Records. A chunk is a row of 64-bit words behind its header; a record is one
 * word, or one word and the payload words that its length announces.
 *
 *     bits 0-2    kind (enum ct_kind); a word of 0 is no record
 *     bits 3-23   id: a row of the thread's call table, or see the kind
 *     bits 24-63  time: the low 40 bits of the time-stamp counter
 *
 * Validity. A slot is reserved first and written second, so that a signal handler
 * between the two, calling hooks itself, appends behind it. A word is written in
 * one store, hence is whole or 0. A longer record is written as CT_EXTENDED with
 * CT_PENDING and its final length, then its payload, then its first word again.
 * So: walk a chunk word by word; skip zero words (a slot reserved by a process that
 * died there); stop at the end of the chunk. A window is zeroed before its `seq`
 * moves on; if a DATA and a WINDOW extent of one thread bear the same `seq`, the
 * one with more records is right (the writer died between writing the chunk out
 * and clearing it, or in the middle of writing it out).
 *
 * Time. Within a thread records are in order of time, but for a signal handler's in
 * the middle of a hook, which may seem earlier than the record before them: a reader
 * takes a step back (a difference of 2^39 or more, modulo 2^40) for no step at all.
 * Before the bits above 38 of the counter change, at the latest where a step forward
 * exceeds 2^39 ticks, a CT_TIME record with the full counter comes first. Every chunk header has the full counter of its beginning. `clock` in the session ties the counter to
 * CLOCK_MONOTONIC and CLOCK_REALTIME.
 *
 * Epochs. Whenever binaries have been unloaded, a new epoch of the process begins, from 0. A row of a call table
 * has the number of the one in which it was made, in the upper half of its flags; its addresses are those of the modules
 * that were there then. Of several, that one which came last. (Earlier versions wrote zeros: one epoch.)
 *
 * Lost. `lost` in the session counts what is missing and why. If all is 0, and
 * `seq` has no gap in any thread, then every call is there.
 *
 * Limit. Chunks take at most `max_size` bytes of the file; the other extents are beside that.
 * CT_KEEP_OLDEST: a thread that finds no room writes no more, and says so in its last chunk
 * (CT_CHUNK_LAST), or has no chunk at all. CT_KEEP_NEWEST: the room of the oldest chunks is written
 * again, first as FREE, so `seq` begins late, or has gaps; and each chunk begins with CT_OPEN, so
 * that a reader who has not seen the ones before knows where in the tree it is. Counts in
 * the call table go on in any case. `lost[CT_LOST_LIMIT]` is not 0 once something went.
 */
#ifndef CT_FORMAT_RAW_H
#define CT_FORMAT_RAW_H

#include <stdint.h>

#define CT_RAW_MAGIC "calltrc\n"
#define CT_RAW_VERSION 2

#define CT_PAGE 4096u
#define CT_EXTENT_MAGIC 0x31785443u /* "CTx1" */

enum ct_extent_kind {
	CT_EXTENT_SESSION = 1,
	CT_EXTENT_MODULE = 2,
	CT_EXTENT_CALLS = 3,
	CT_EXTENT_WINDOW = 4,
	CT_EXTENT_DATA = 5,
	CT_EXTENT_CRASH = 6,
	CT_EXTENT_FREE = 7,
	CT_EXTENT_CHOICE = 8,
};

struct ct_extent {
	uint32_t magic;
	uint16_t kind; /* a reader skips, by size, a kind that it does not know */
	uint16_t flags;      /* chunks: CT_CHUNK_* */
	uint64_t size;       /* of the whole extent, a multiple of CT_PAGE */
	uint64_t start_time; /* full counter when the chunk was begun; else 0 */
	uint32_t thread;     /* index of the thread from 0; modules: number from 0 */
	uint32_t seq;        /* chunks and call segments: from 0, per thread; modules: first epoch */
	uint32_t first;      /* CALLS: number of the first row */
	uint32_t count;      /* CALLS: rows in use (grows; a row is written before it is counted);
	                        MODULE: the epoch that began without it, 0: it is there */
	uint32_t tid;        /* of the thread */
	uint32_t reserved2;
	char thread_name[16];
	uint64_t reserved3[8];
};
_Static_assert(sizeof(struct ct_extent) == 128, "on disk");

#define CT_CHUNK_LAST 1u /* the limit was reached behind it: what the thread did then is not there */

/* A row of the call table. All four addresses together are its key. */
struct ct_call_row {
	uint64_t callee; /* the hook's first argument: the function's address */
	uint64_t hook;   /* return address of the enter hook: tells inlined instances apart */
	uint64_t site;   /* the hook's second argument: return address in the caller */
	uint64_t caller; /* `hook` of the call open around it on this thread, or 0 */
	uint64_t count;  /* calls entered */
	uint64_t flags;
};
_Static_assert(sizeof(struct ct_call_row) == 48, "on disk");

#define CT_ROW_INLINED 1u  /* the hook is an inlined instance's */
#define CT_ROW_EXCLUDED 2u /* its calls are counted and have no records; those of its callees stand where its own would */
#define CT_ROW_EPOCH   32 /* the bits from here on */

enum ct_kind {
	CT_ENTER = 1,    /* id: row */
	CT_EXIT = 2,     /* id: row of the call that ends, always the innermost open one */
	CT_UNWIND_TO = 3, /* id: how many calls of this thread are still open; those above were left without their exit
	                     hook (see CT_BACK). Where fewer are open, it does nothing. With CT_UNWIND_BY: how many
	                     were left */
	CT_EXTENDED = 4, /* id: low 8 bits enum ct_extended, high 13 bits payload words */
	CT_ENTER_VALUES = 5, /* as ENTER and EXIT; right behind is the CT_VALUES record of the call's */
	CT_EXIT_VALUES = 6,  /* arguments, or of what it returned (CT_PENDING: its writer died in it) */
	CT_EXIT_WORD = 7,    /* as EXIT; the next word is all of the returned value, whatever it looks like.
	                        id 0: the writer died in it; the next word is nothing */
};

enum ct_extended {
	CT_PENDING = 0, /* its writer died in it */
	CT_TIME = 1,    /* 1 word: the full counter */
	CT_PHASE = 2,   /* 1 word: enum ct_phase that begins on this thread */
	CT_THEORY = 3,  /* 1 word: address of the theory's function; 0: the theory ended */
	CT_PAUSE = 4,   /* calltrace_pause() was called here */
	CT_RESUME = 5,  /* recording was off on this thread until here, 0 words. Calls that an
	                   UNWIND_TO right behind it closes ended unseen: not by a jump */
	CT_FAILURE = 6, /* an assertion failed here; 1 word: 1 fatal, 0 not */
	CT_NOTE = 7,    /* text of calltrace_mark(), NUL-padded */
	CT_VALUES = 8,  /* belongs to the record before it, whose time it has; instead of a time, the head of
	                   the values: format/plan.h says what is in it */
	CT_OPEN = 9,    /* the calls that are open here, struct ct_open; first in its chunk */
	CT_MISSING = 10, /* never in a file: what a reader tells of where records are missing */
	CT_BACK = 11,    /* calls that an UNWIND_TO closed are open again, as their stack was switched to: a word, how many,
	                    a word, the full counter of the UNWIND_TO, then their rows as behind struct ct_open, the
	                    outermost first. They end as all calls do */
};

/*
 * The payload of CT_OPEN. Of very many open calls the innermost ones are there and some of the
 * outermost ones; in each word behind this, three rows, 21 bits each, from the lowest bits on.
 */
struct ct_open {
	uint32_t depth;        /* calls open */
	uint16_t outer, inner; /* how many rows there are, from the outermost on, of both kinds */
	uint32_t phase;        /* enum ct_phase of the process */
	uint32_t reserved;
};
_Static_assert(sizeof(struct ct_open) == 16, "two words");

/*
 * Of an UNWIND_TO, in a signal's handler which interrupted the hook of a call that goes on: nobody can tell whether that one has its record
 * already.
 */
#define CT_UNWIND_BY (1u << 20)

#define CT_ID_BITS 21
#define CT_MAX_ROWS (1u << CT_ID_BITS)
#define CT_TIME_BITS 40
#define CT_TIME_MASK ((1ull << CT_TIME_BITS) - 1)
#define CT_MAX_PAYLOAD ((1u << 13) - 1) /* words */

static inline uint64_t ct_record(enum ct_kind kind, uint32_t id, uint64_t time)
{
	return (uint64_t) kind | (uint64_t) id << 3 | time << (64 - CT_TIME_BITS);
}
static inline enum ct_kind ct_record_kind(uint64_t word)
{
	return (enum ct_kind)(word & 7);
}
static inline uint32_t ct_record_id(uint64_t word)
{
	return (uint32_t)(word >> 3) & (CT_MAX_ROWS - 1);
}
static inline uint64_t ct_record_time(uint64_t word)
{
	return word >> (64 - CT_TIME_BITS);
}
static inline uint32_t ct_extended_id(enum ct_extended sub, uint32_t words)
{
	return (uint32_t) sub | words << 8;
}

/* Which part of a Criterion test's process a call belongs to. */
enum ct_phase {
	CT_PHASE_PROGRAM = 0,  /* no test: a program, a runner */
	CT_PHASE_STARTUP = 1,  /* a worker before the test's set-up: constructors */
	CT_PHASE_SETUP = 2,
	CT_PHASE_BODY = 3,
	CT_PHASE_TEARDOWN = 4,
	CT_PHASE_SHUTDOWN = 5, /* behind the tear-down: destructors */
	CT_PHASES
};

/* How the test's code was left, as far as the process itself could tell. */
enum ct_ended {
	CT_ENDED_UNKNOWN = 0, /* still open: killed, crashed, or running */
	CT_ENDED_RETURNED = 1,
	CT_ENDED_ASSERTION = 2, /* a fatal assertion left it by longjmp */
	CT_ENDED_SKIP = 3,
	CT_ENDED_EXIT = 4,      /* exit() was called in it */
	CT_ENDED_EXCEPTION = 5, /* a C++ exception left it */
	CT_ENDED_QUICK_EXIT = 6, /* _exit(), quick_exit() */
};

enum ct_role {
	CT_ROLE_PROGRAM = 0,
	CT_ROLE_RUNNER = 1, /* a Criterion runner */
	CT_ROLE_WORKER = 2, /* the process of one Criterion test */
};

enum ct_loss {
	CT_LOST_NO_SPACE = 0,  /* words that found no room on the disk, file-size limit included */
	CT_LOST_IO = 1,        /* words lost because the file could not be opened again */
	CT_LOST_NO_MEMORY = 2, /* calls of threads for which no memory could be had */
	CT_LOST_ROWS = 3,      /* calls recorded under row 0: the table was full */
	CT_LOST_DEPTH = 4,     /* calls deeper than the shadow stack reaches: counted, not recorded */
	CT_LOST_EXITS = 5,     /* exits without an enter: paused, started in mid-call */
	CT_LOST_REENTRY = 6,   /* calls made while the recorder itself was at work */
	CT_LOST_LIMIT = 7,     /* chunks that went because of the limit; readers know how many calls that is */
	CT_LOST_START = 8,     /* calls made while another thread was starting the recording, for too long */
	CT_LOSSES = 12
};

/* Which calls stay when the limit is reached. */
enum ct_keep { CT_KEEP_NEWEST = 0, CT_KEEP_OLDEST = 1 };
#define CT_LEAST_SIZE 16384u /* for `max_size` */

struct ct_clock {
	uint64_t ticks;     /* time-stamp counter ... */
	uint64_t monotonic; /* ... and CLOCK_MONOTONIC at the same instant, ns */
};

enum ct_crash_state {
	CT_CRASH_NONE = 0,
	CT_CRASH_BEGUN = 1, /* its writer died in it, or did not come to its end */
	CT_CRASH_WHOLE = 2,
};

/* What signal ended the process, if the recorder's handler was there. All zero: none did. */
struct ct_crash {
	uint32_t state;  /* enum ct_crash_state: of `extent`; the rest is there before */
	uint32_t signal; /* 0: none */
	uint32_t tid;
	uint32_t flags;      /* CT_CRASH_* */
	uint64_t time;       /* full counter */
	uint64_t extent;     /* where the CRASH extent is in the file; 0: there was no room for one */
	uint8_t info[128];   /* siginfo_t, as the kernel gave it */
	uint64_t registers[16]; /* by DWARF's numbers: rax rdx rcx rbx rsi rdi rbp rsp r8 ... */
	uint64_t pc, eflags;
	uint64_t trap, trap_error, trap_address; /* as in a signal's context: number, code, cr2 */
};
#define CT_CRASH_AGAIN 1u /* the handler itself was hit by a signal */

#define CT_PATH_SIZE 1024
#define CT_NAME_SIZE 256

/* The payload of the SESSION extent, mapped for as long as the process lives. */
struct ct_session {
	char magic[8]; /* CT_RAW_MAGIC */
	uint32_t version;
	uint32_t header_size; /* sizeof(struct ct_session) */
	uint64_t append;      /* where the next extent goes (an atomic counter) */
	uint32_t pid, ppid;
	uint32_t role;     /* enum ct_role */
	uint32_t threads;  /* how many threads were seen (an atomic counter) */
	uint32_t modules;  /* likewise */
	uint32_t cpu_flags; /* reserved */
	uint64_t realtime;  /* CLOCK_REALTIME at `begin`, ns */
	struct ct_clock begin;
	struct ct_clock last[2]; /* pairs taken now and then; the later valid one counts */
	uint64_t lost[CT_LOSSES];
	uint32_t stop_errno; /* why recording stopped before the process did, or 0 */
	uint32_t closed;     /* 1: the process ended in an orderly way and said so */
	int32_t exit_status; /* as waitpid() reports it to the parent; valid if exit_known */
	uint32_t exit_known;

	/* Settings in force. */
	uint32_t capture_args;
	uint32_t max_depth;
	uint32_t pretty_json;
	uint32_t recording; /* which of this process image, from 1: calltrace_init() begins another */

	/* The Criterion test; empty suite: none. */
	uint32_t ordinal;   /* nth process that the runner started, from 1; 0: not known; of a program, see `runner` */
	uint32_t phase;     /* enum ct_phase, as now */
	uint32_t ended;     /* enum ct_ended */
	uint32_t test_line; /* 0: not known */
	uint32_t parameterized;
	uint32_t theory; /* iterations are in the records */
	uint32_t fatal_failures;
	uint32_t failures; /* non-fatal */
	int32_t expected_signal;
	int32_t expected_exit;
	double timeout; /* seconds; 0: none */
	uint64_t parent_pid_trace; /* pid of the traced process that forked this one, or 0 */
	char suite[CT_NAME_SIZE];
	char test[CT_NAME_SIZE];
	char test_file[CT_PATH_SIZE]; /* empty: not known */
	char executable[CT_PATH_SIZE];
	char directory[CT_PATH_SIZE]; /* working directory at the beginning */
	char boot_id[40];
	char output[CT_PATH_SIZE]; /* the JSON file or the directory (with '/') that was asked for */
	char run[40]; /* names the `calltrace run` above this process; "": none */
	char tool[64]; /* version of the library that recorded */
	struct ct_crash crash;

	uint64_t max_size; /* bytes that chunks may take in the file; 0: any number */
	uint64_t chunks;   /* bytes that they take (an atomic counter) */
	uint64_t max_calls; /* for the JSON trace; 0: any number */
	uint32_t keep;     /* enum ct_keep */
	uint32_t runner;   /* pid of the runner whose `ordinal`th process, a test, started this program; 0: none did */
	uint64_t started; /* of the process, which outlasts exec(): clock ticks since the machine's start; 0: not known */
};
#define CT_SESSION_SIZE (2u * CT_PAGE)
_Static_assert(sizeof(struct ct_extent) + sizeof(struct ct_session) <= CT_SESSION_SIZE, "on disk");

/* The payload of a MODULE extent. */
struct ct_module {
	uint64_t bias; /* what the loader added to the addresses in the file */
	uint64_t low, high; /* the addresses it takes, high exclusive */
	uint32_t build_id_size; /* 0: it has none */
	uint8_t build_id[32];
	uint32_t flags; /* CT_MODULE_* */
	uint64_t plans_hash; /* of the index by which values were captured; 0: none were */
	char path[CT_PAGE - 128 - 3 * 8 - 4 - 32 - 4 - 8];
};
_Static_assert(sizeof(struct ct_extent) + sizeof(struct ct_module) == CT_PAGE, "on disk");

/* The payload of a CHOICE extent: this, then the lists of patterns (format/choice.h) in order. */
struct ct_choice_head {
	uint32_t string_length, value_depth, call_bytes;
	uint32_t list_sizes[3]; /* bytes, the NUL included; 0: there is no such list */
};

/*
 * The payload of the CRASH extent: this head, then `thread_room` rows, then at `maps_at` the text of
 * /proc/self/maps as it was then, then pieces of stacks. Offsets are from the extent's beginning.
 */
struct ct_crash_head {
	uint32_t threads;     /* rows in use: a row is written before it is counted */
	uint32_t thread_room;
	uint32_t threads_seen; /* that the process had */
	uint32_t reserved;
	uint64_t memory;      /* where this extent is mapped: that was free before */
	uint64_t maps_at, maps_room;
	uint64_t maps_size;   /* bytes of it that are there; less than all where `maps_room` is full */
};

/* A thread; the one that the signal came to is the first. */
struct ct_crash_thread {
	uint32_t tid;
	uint32_t state;       /* of /proc/self/task/TID/stat: 'R', 'S', 'D' ...; 0: not known */
	int64_t call;         /* number of the system call it is in; CT_CRASH_NO_CALL; CT_CRASH_RUNNING */
	uint64_t arguments[6]; /* of that */
	uint64_t sp, pc;      /* 0: not known */
	uint64_t stack, stack_size, stack_at; /* what is copied: address, bytes, and where it is */
	char name[16];
	uint64_t frame; /* canonical frame address of its innermost open call; 0: not known */
};
#define CT_CRASH_NO_CALL (-1) /* stopped, but in none */
#define CT_CRASH_RUNNING (-2) /* or not known */
_Static_assert(sizeof(struct ct_crash_head) == 48 && sizeof(struct ct_crash_thread) == 128, "on disk");

#define CT_MODULE_HOOKS 1u /* hooks were called in it; else only call sites lie in it */

/*
 * What a Criterion runner learns of its workers, one line per process in the file
 * `CT_RESULTS_NAME` of the trace directory: "pid ordinal status\n", decimal, status
 * as waitpid() gave it. Written with O_APPEND.
 */
#define CT_RESULTS_NAME "workers.txt"

/*
 * The runner's tests, one line each, in the same directory: "line\tsuite\ttest\tfile\n", file
 * as __FILE__ gave it. The workers cannot read it out of their own memory.
 */
#define CT_TESTS_NAME "tests.txt"

#endif
