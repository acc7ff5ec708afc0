/* A function of a header: every file that includes it has its own copy. */
#ifndef SHAPES_H
#define SHAPES_H

static inline int twice(int x)
{
	return 2 * x;
}

#ifdef __cplusplus
extern "C"
#endif
int other(int x);

#endif
