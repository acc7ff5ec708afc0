/* room.c - memory for words: pieces in a row, for each thread, given back to a mark. */
#include "words.h"

#include <stdio.h>

#include "base/text.h"

#define BLOCK 16384u

struct block {
	struct block *before;
	size_t size, used;
	_Alignas(16) char bytes[];
};

/* Where the room was at calltrace_begin(). */
struct place {
	struct block *block;
	size_t used;
};

static __thread struct block *newest;
static __thread struct place marks[16]; /* of assertions within each other's parameters */
static __thread unsigned depth;

void *word_room(size_t size)
{
	struct block *b = newest;
	char *room;

	size = (size + 15) & ~(size_t) 15;
	if (!b || b->size - b->used < size) {
		size_t whole = size > BLOCK ? size : BLOCK;

		b = ct_alloc(sizeof *b + whole);
		*b = (struct block){ .before = newest, .size = whole };
		newest = b;
	}
	room = b->bytes + b->used;
	b->used += size;
	return memset(room, 0, size);
}

char *word_text(const char *text, size_t length)
{
	char *copy = word_room(length + 1);

	return memcpy(copy, text, length);
}

char *word_printf(const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = word_room((length < 0 ? 0 : (size_t) length) + 1);
	if (length >= 0)
		vsnprintf(text, (size_t) length + 1, format, args);
	return text;
}

void calltrace_begin(void)
{
	if (depth < sizeof marks / sizeof *marks)
		marks[depth] = (struct place){ newest, newest ? newest->used : 0 };
	depth++;
}

void word_forget(void)
{
	if (depth == 0)
		return;
	if (--depth >= sizeof marks / sizeof *marks)
		return;
	while (newest != marks[depth].block) {
		struct block *gone = newest;

		newest = gone->before;
		free(gone);
	}
	if (newest)
		newest->used = marks[depth].used;
}
