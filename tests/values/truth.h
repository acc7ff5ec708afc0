/* truth.h - what a function itself says its parameters are, against what its plan gives. */
#ifndef TRUTH_H
#define TRUTH_H
#include <stdint.h>
#include <string.h>
#ifdef __cplusplus
extern "C" {
#endif
/* Parameter number `which` of the function entered last has these bytes. */
void truth(int which, int size, uint64_t low, uint64_t high) __attribute__((no_instrument_function));
void truth_begin(const char *path) __attribute__((no_instrument_function));
void truth_use(const void *p) __attribute__((no_instrument_function));
extern volatile uint64_t truth_zero;
#ifdef __cplusplus
}
#endif
/* Where the recorder itself is tried, functions also say that they were entered; truth.c then has no hooks. */
#ifdef TRUTH_RECORDED
#define ENTERED(number) truth(2000 + (number), 0, 0, 0)
#else
#define ENTERED(number) ((void) 0)
#endif
#define TELL(which, parameter) \
	do { \
		uint64_t words_[4] = {0}; \
		memcpy(words_, &(parameter), sizeof(parameter) < 16 ? sizeof(parameter) : 16); \
		truth(which, sizeof(parameter) < 16 ? (int) sizeof(parameter) : 16, words_[0], words_[1]); \
	} while (0)
#endif
