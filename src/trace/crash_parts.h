/*
 * crash_parts.h - what the files of the crash report share.
 *
 *     crash.c         the report, the open calls
 *     crash_image.c   the process's memory: its map, what is in it, machine frames
 *     crash_words.c   signals, causes and system calls in words
 */
#ifndef CT_TRACE_CRASH_PARTS_H
#define CT_TRACE_CRASH_PARTS_H

#include "trace/crash.h"
#include "trace/internal.h"

/* --- crash_words.c --- */
const char *ct_signal_name(struct ct_arena *arena, int signal);
/* Of what siginfo and context say; fills cause, fault, sender, access, address. */
void ct_crash_tell(struct ct_arena *arena, const struct ct_session *session,
                   struct ct_crash_report *report);
const char *ct_system_call_name(struct ct_arena *arena, int64_t number);
const char *ct_thread_state(uint32_t state);

/* --- crash_image.c --- */
struct ct_crash_image;
struct ct_crash_image *ct_crash_image_new(struct ct_trace *trace);
void ct_crash_image_free(struct ct_crash_image *image);
/* The rows of the CRASH extent, copied. */
const struct ct_crash_thread *ct_crash_image_threads(const struct ct_crash_image *image, size_t *count,
                                                     uint32_t *seen);
/* In words; `*overflow`: it is where the crashed thread's stack has its end. NULL: not known. */
const char *ct_crash_place(struct ct_crash_image *image, uint64_t address, bool *overflow);
/*
 * The machine frames of a thread, innermost first, down to the one of its innermost recorded call (`hook`:
 * of that, 0: none), which is the last where `*joined`; else it was not reached.
 */
size_t ct_crash_machine(struct ct_crash_image *image, size_t thread, uint64_t hook,
                        struct ct_crash_frame *frames, size_t room, bool *joined);

#endif
