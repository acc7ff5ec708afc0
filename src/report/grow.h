/* grow.h - arrays that grow by one. */
#ifndef CT_REPORT_GROW_H
#define CT_REPORT_GROW_H

#include "base/text.h"

/* Room for one more item in an array that has no capacity field: it doubles at powers of two. */
static inline void *ct_grow(void *items, uint32_t count, size_t size)
{
	if (count & (count - 1))
		return items;
	return ct_realloc(items, (count ? (size_t) count * 2 : 1) * size);
}

#endif
