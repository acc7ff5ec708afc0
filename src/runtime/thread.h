/*
 * thread.h - HOT. What the hooks keep for one thread, and the recorder as a whole.
 *
 * Who may touch what: everything in `struct ct_thread` belongs to its thread alone. A
 * signal handler of that thread may run between any two instructions of a hook and call
 * hooks itself; the orders noted at each field keep that harmless. Whatever is not one
 * short straight line (a new row, a full chunk, a new thread) runs with all signals
 * blocked.
 *
 * fork: both structures lie in memory that the kernel wipes in the child
 * (MADV_WIPEONFORK, Linux 4.14), so that a child, however it was made, finds `top` NULL
 * and begins a recording of its own. A vfork child shares the memory and is, to us, its
 * parent's thread. Where a signal handler forks, the child returns from it to the hook that was interrupted, which has
 * the wiped state in its hands: that is made fit for it to come to its end, and for nothing else (ct_thread_forked()).
 */
#ifndef CT_RUNTIME_THREAD_H
#define CT_RUNTIME_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "format/raw.h"
#include "runtime/cfi.h"
#include "runtime/file.h"
#include "runtime/limit.h"

#define ct_likely(x) __builtin_expect(!!(x), 1)
#define ct_unlikely(x) __builtin_expect(!!(x), 0)
#define CT_COLD __attribute__((cold, noinline))

/*
 * An open call. `cfa` is the canonical frame address of its machine frame, `sp` the stack
 * pointer at the enter hook's call instruction; the frame lies between. The stack grows
 * down, so a frame whose sp is below the cfa of a call that begins now is gone: it was left
 * by a jump. Inlined instances share the machine frame, hence the cfa, of their caller.
 *
 * A push fills the frame above `top`, then moves `top`; a handler in between may do the same, so
 * then it looks whether the frame is still its own. A pop writes its record, moves `top`, then
 * clears sp. So a handler sees whole frames, or at worst one whose sp is 0: incomplete, neither
 * dead nor anybody's caller. A handler that never returns, because it jumps, leaves whole ones.
 *
 * `settled` says that no record of this call is half written: it is set behind the store of
 * its enter record, and cleared before the slot of its exit record is reserved; above `top` it is
 * 0. A handler that must make room sees by it whether it interrupted such a store: see chunk.c.
 *
 * A call that is counted and not recorded is silent: the lowest bit of its `sp`, which is 0 otherwise, is
 * set. So its exit hook does not take the straight path.
 *
 * Where values are captured, `capture` says how, and `saved` where the thread's kept bytes were
 * when the call began (values.h). Else `capture` is NULL. `returning`: the function's return address
 * is exchanged; of its machine frame only that is left, and sp points to it.
 */
struct ct_frame {
	uint64_t sp;
	uint64_t cfa;
	uint64_t function;
	uint64_t key; /* ct_key() of its hook */
	uint64_t site;
	uint32_t record; /* CT_ENTER of its row, without the time */
	uint8_t settled;
	uint8_t returning;
	uint16_t reserved;
	const struct ct_capture *capture;
	uint64_t saved;
};
_Static_assert(sizeof(struct ct_frame) == 64, "a cache line");

#define CT_SILENT_SP 1u
static inline bool ct_is_silent(const struct ct_frame *f)
{
	return f->sp & CT_SILENT_SP;
}

/* An address and its key tell each other; the key's low bits are as good as random. */
#define CT_KEY 0x9e3779b97f4a7c15ull
static inline uint64_t ct_key(uint64_t address)
{
	return address * CT_KEY;
}
static inline uint64_t ct_key_address(uint64_t key)
{
	return key * 0xf1de83e19937733dull; /* its inverse, modulo 2^64 */
}

/*
 * A row of the call table as the hook finds it. Never changes once `hook` is set, but for one thing: when a
 * binary that the call has to do with was unloaded, `hook` becomes CT_UNLOADED, whichever thread did it. No thread can be
 * looking for such a call then. `key` still says which hook it was.
 */
#define CT_UNLOADED 1u
struct ct_slot {
	uint64_t callee, hook, site; /* hook 0: free */
	uint64_t caller;             /* its key */
	uint64_t key;                /* of `hook` */
	struct ct_call_row *row;
	uint32_t record; /* CT_ENTER of the row, without the time */
	int32_t cfa_offset;
	uint8_t cfa_base; /* enum ct_cfa_base */
	uint8_t shape;    /* CT_INLINED | CT_ODD | CT_SILENT; 0 for nearly all */
	uint8_t reserved[2];
	uint32_t capture; /* number in ct_captures; 0: none */
};
_Static_assert(sizeof(struct ct_slot) == 64, "a cache line");
#define CT_INLINED 1u
#define CT_ODD     2u /* its CFA lies in memory */
#define CT_SILENT  4u /* the call is counted and not recorded */

/* The hash table of a thread. A new one is made when it must grow: one pointer tells where
 * it is and how large, so that a handler that grows it cannot tear them apart. */
struct ct_slots {
	uint64_t mask; /* of a slot's offset behind `slot`, in bytes */
	struct ct_slots *older; /* that it was grown from */
	uint64_t reserved[6];
	struct ct_slot slot[];
};

/* What the text around a hook says of its machine frame. */
struct ct_hook_facts {
	uint64_t hook;
	struct ct_cfa cfa;
	bool inlined;
};

#ifndef CT_FACTS /* a test makes it 1: then all are in each other's place */
#define CT_FACTS 256
#endif
struct ct_exit_fact {
	uint64_t hook;
	const struct ct_held *held; /* where the returned value is at the hook (values.h); NULL: not there yet */
	int32_t cfa_offset;
	uint8_t cfa_base; /* enum ct_cfa_base */
	uint8_t why;      /* enum ct_how: why the returned value cannot be had; CT_HOW_PLAIN: it can */
	uint8_t reserved[10];
};
_Static_assert(sizeof(struct ct_exit_fact) == 32, "two do not share a cache line badly");

/* Of a call table; as many as CT_MAX_ROWS need. */
#define CT_SEGMENTS 40

struct ct_thread {
	struct ct_frame *top; /* frames[0] is a sentinel; NULL: not this process's, begin anew */
	char *cursor;         /* next free slot; moved by one xadd, past the end when full */
	uint64_t last;        /* full counter: of a record not long ago, see CT_ERA */
	struct ct_slots *slots;
	struct ct_frame *limit; /* the last frame there is */

	/* Cold from here. */
	struct ct_frame *frames;
	char *end;                /* of the window */
	struct ct_extent *window; /* the chunk being filled; records begin behind it; NULL: there is none */
	struct ct_extent *region; /* the first of the chunks mapped in a row */
	uint64_t region_size;     /* in bytes */
	uint64_t region_offset;   /* in the file */
	uint32_t left_behind;     /* times they were left to an interrupted hook */
	bool cramped;             /* there was no room for more of them */
	bool stopped;             /* the limit is reached: records go to `scratch`, which nobody reads */
	bool silences;            /* some call of its was silent */
	bool entering;            /* the record that room is made for is that of the innermost call's beginning */
	struct ct_extent *scratch;
	char name[16];            /* the thread's */
	uint32_t index, tid;
	uint32_t pauses;  /* of the recorder, as seen by this thread */
	uint32_t rows;    /* next number */
	uint32_t segment_end; /* first number that the newest segment does not hold */
	uint32_t segments;
	uint32_t slots_used;
	uint32_t ending; /* rounds of thread-data destructors seen */
	char *signal_stack; /* kept for the next owner; NULL: none was needed */
	struct ct_extent *segment;
	struct ct_extent *mapped[CT_SEGMENTS]; /* all of them, as far as there is room */
	struct ct_call_row *lost_row; /* row 0 */
	size_t frames_size;
	struct ct_thread *next_free;
	struct ct_thread *next; /* of all */
	uint32_t generation;
	struct ct_parking *parking; /* parked.h; NULL: nothing was parked yet */
	struct ct_hook_facts facts[CT_FACTS]; /* direct-mapped: what ct_hook_facts() found */

	/* Where values are captured (values.h). */
	char *kept;            /* what frames need again at their exit; NULL: nothing yet */
	uint64_t kept_used;    /* bytes of it */
	uint32_t captures_of;  /* for which ct_values_generation its slots know their captures */
	struct ct_exit_fact exits[CT_FACTS]; /* direct-mapped: what ct_exit_class_of() found */
};

struct ct_known_module {
	uint64_t low, high, bias;
	uint64_t identity; /* of what was loaded there: path, build-id, and more */
	uint64_t frames;   /* where its unwind table is */
	uint32_t first;    /* epoch */
	_Atomic uint32_t gone; /* the epoch that began when it was unloaded; 0: it is there */
	uint64_t offset; /* of its extent in the file; 0: could not be written */
	_Atomic uint32_t flags;
	_Atomic uint32_t ready;
	_Atomic uint32_t planned; /* its plans were opened, or could not be */
};
#define CT_KNOWN_MODULES 256

enum ct_state { CT_STATE_NONE, CT_STATE_STARTING, CT_STATE_ON, CT_STATE_OFF };

/* The recorder: one per process. */
struct ct_recorder {
	_Atomic int state;
	_Atomic uint32_t pauses;
	uint32_t generation;
	struct ct_session *session;
	struct ct_extent *header;
	_Atomic uint32_t modules;
	_Atomic uint32_t epoch; /* see format/raw.h */
	_Atomic bool clocking;  /* a thread is at work on session->last; with signals blocked */
	struct ct_known_module module[CT_KNOWN_MODULES];
	_Atomic uint32_t forgetting; /* threads that look at the slots of others */
	_Atomic(struct ct_thread *) free_threads;
	_Atomic(struct ct_thread *) threads;
	dev_t device;
	ino_t inode;
	struct ct_ring ring;
	char path[CT_PATH_SIZE];
};

extern struct ct_recorder *ct_recorder; /* NULL before the first use; never moves */
extern __thread struct ct_thread *ct_self __attribute__((tls_model("initial-exec")));

/* Read by the hooks' first instruction (arch/): 0 leaves them empty, 2 asks for values too. */
extern int ct_on;
/* What it is while recording. */
int ct_on_level(void);

static inline uint64_t ct_ticks(void)
{
	uint64_t low, high; /* the upper halves come out 0 */

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return high << 32 | low;
}

/*
 * Records bear the low 40 bits of the counter. Whenever its bits above CT_ERA change, a
 * CT_TIME record comes first (every minute or two): so no step in between is too long to be told, and
 * the straight path need not keep the time of the last record.
 */
#define CT_ERA (CT_TIME_BITS - 2)

/* --- thread.c --- */
/* This thread's state, made if it must be; NULL: this call cannot be recorded. */
struct ct_thread *ct_thread_begin(void);
void ct_thread_forget_all(void);
/* fork() is about to return in the child. */
void ct_thread_forked(void);
/* These are not wiped, since a hook may yet need them. */
void ct_thread_remember_slots(struct ct_slots *slots);
static inline struct ct_thread *ct_thread_now(void)
{
	struct ct_thread *t = ct_self;

	return ct_likely(t && t->top) ? t : ct_thread_begin();
}

/* --- hook.c --- */
/* How many recorded calls are open, `f` the innermost. */
uint32_t ct_recorded_depth(const struct ct_thread *t, const struct ct_frame *f);

/* --- chunk.c: all with signals blocked --- */
/* Windows lie at multiples of this in memory, so a slot's address says whether it is one. */
#ifndef CT_CHUNK_SIZE /* a test makes it smaller */
#define CT_CHUNK_SIZE (64u * 1024u)
#endif
static inline bool ct_is_full(const char *slot)
{
	return ((uint64_t) slot & (CT_CHUNK_SIZE - sizeof(struct ct_extent))) == 0;
}
/* The first chunk of a thread that begins; it may have none, because of the limit. False: no memory. */
bool ct_chunk_begin(struct ct_thread *t);
/* The thread ends. */
void ct_chunk_end(struct ct_thread *t);
/* The same for several, all in one chunk; NULL: there is never room for so many. */
uint64_t *ct_chunk_words(struct ct_thread *t, uint32_t words, uint64_t now,
                         const struct ct_frame *inner);
/* A slot for one word at `now`, behind what had to come before it. `inner` is the innermost call
 * but for the one whose record this is. */
uint64_t *ct_chunk_slot(struct ct_thread *t, uint64_t now, const struct ct_frame *inner);
void ct_chunk_extended(struct ct_thread *t, enum ct_extended kind, const void *payload,
                       uint32_t words);

/* --- table.c: with signals blocked --- */
bool ct_table_begin(struct ct_thread *t);
struct ct_slot *ct_table_find(struct ct_thread *t, uint64_t callee, uint64_t site, uint64_t hook,
                              uint64_t caller);
/* The thread has ended, or not begun. */
void ct_table_end(struct ct_thread *t);
/* Slots look for their captures anew; those of a thread that is `stopped` have none. */
void ct_table_capture(struct ct_thread *t);
/* Nothing in this part of memory is what it was. Called for any thread, by any thread. */
void ct_table_forget(struct ct_thread *t, uint64_t low, uint64_t high);

/* --- module.c --- */
void ct_module_note(uint64_t address, uint32_t flags);
/* Something may have been unloaded. Keeps errno. */
void ct_modules_unloaded(void);
/* ct_table_forget() of all that was. */
void ct_modules_forget(struct ct_thread *t);
/* Whether what is now at this address is what was there in that epoch. */
bool ct_module_is_same(uint64_t address, uint32_t epoch);
/* Opens the index of the binary that `address` lies in, before any call in it is seen. */
void ct_module_prepare(uint64_t address);

/* --- facts.c --- */
/* Of an enter hook of `function`, or of an exit hook. Async-signal-safe. */
struct ct_hook_facts ct_hook_facts(struct ct_thread *t, uint64_t function, uint64_t hook);

/* --- session.c --- */
bool ct_session_begin(void); /* signals blocked */
void ct_session_lose(enum ct_loss what, uint64_t count);
void ct_session_clock(void);

/* --- system.c --- */
uint64_t ct_signals_block(void);
void ct_signals_restore(uint64_t old);
void *ct_pages(size_t size); /* anonymous, zeroed, not reserved; NULL */
/* In one write, so that lines of several processes do not mix. No signal comes of it. */
struct iovec;
bool ct_write_line(int fd, const struct iovec *parts, int count, size_t size);
/* One line on standard error, "calltrace: " before it. Callers see to it that it is said once. */
void ct_say(const char *first, const char *second, const char *third);
void ct_debug(const char *first, const char *second, const char *third);
/* Appends to a bounded, always terminated string; false when it was cut. */
bool ct_append(char *to, size_t size, const char *more);
bool ct_append_number(char *to, size_t size, uint64_t number);

#endif
