/*
 * alike.h - what alike.cc has in C: where the compiler makes no clean-ups, a call may be left at any instruction, by a handler
 * that jumps or by an asynchronous cancellation.
 */
#ifndef ALIKE_H
#define ALIKE_H

#ifdef __cplusplus
extern "C" {
#endif

/* A timer's handler runs in this thread every so many microseconds, until 0 is said. */
void tick_every(unsigned microseconds);
/* Calls, until a timer's handler jumps out of them, so many microseconds later. */
void until_jump(unsigned microseconds);
/* Calls, until `*stop`; or for ever. */
void until(volatile int *stop);
/* Ends the thread that calls, as soon as another one cancels it; never returns. */
void *until_cancelled(void *began);
/* Jumps to the function it calls, or is not seen at all; which of it depends on the compiler. */
int tail(int levels, int (*last)(int));

#ifdef __cplusplus
}
#endif
#endif
