/* masks.c - for each type of returns.h its name and which of its bits are not padding. By gcc, which can tell. */
#include <stdio.h>
#include <string.h>

#include "returns.h"

#ifdef __cplusplus
template <class T> static void clear(T *p)
{
	if constexpr (__is_trivially_copyable(T))
		__builtin_clear_padding(p);
	else if constexpr (__is_polymorphic(T))
		memset((void *) p, 0, sizeof(void *)); /* the pointer to its table is no value */
}
#else
#define clear(p) __builtin_clear_padding(p)
#endif

static void show(const char *name, const void *bytes, size_t size)
{
	printf("%s ", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *) bytes)[i]);
	puts(" ");
}

#ifdef __cplusplus
template <class T> struct plain { typedef T stored; };
template <class T> struct plain<T &> { typedef T *stored; };
#define STORED(type) plain<type>::stored
#else
#define STORED(type) type
#endif

#define MASK(name, type) \
	{ \
		union both { STORED(type) value; unsigned char bytes[sizeof(STORED(type))]; both_members } mask; \
		memset((void *) &mask, 0xff, sizeof mask); \
		clear(&mask.value); \
		show(#name, &mask, sizeof mask); \
	}
#ifdef __cplusplus
#define both_members both() {} ~both() {}
#else
#define both_members
#endif

#ifdef __cplusplus
virtual_one::~virtual_one() {}
int with_virtual::f() { return 1; }
#endif

int main(void)
{
	TYPES(MASK)
	return 0;
}
