/* calc.h - a little of everything that a call graph has: recursion, tables of functions, callbacks, an inline function. */
#ifndef CALC_H
#define CALC_H

#ifdef __cplusplus
extern "C" {
#endif

int evaluate(const char *text);
void sort_results(int *values, int count);
int apply_all(int (*change)(int), int *values, int count);
int even(unsigned n);
int odd(unsigned n);
int never(int n);

/* In both files that include it: one function all the same. */
static inline int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

#ifdef __cplusplus
}
#endif

#endif
