#include "own_memory.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#define HEAD     16u          /* before what is handed out: its size, and 8 bytes of nothing */
#define SMALLEST 32u          /* with the head */
#define CLASSES  12u          /* powers of two up to LARGEST */
#define LARGEST  (SMALLEST << (CLASSES - 1))
#define CHUNK    (256u << 10)
#define PAGE     4096u

struct piece {
	size_t size; /* all of it */
	struct piece *next; /* while it is free */
};

static struct piece *spare[CLASSES];
static char *chunk, *chunk_end;
static atomic_flag taken = ATOMIC_FLAG_INIT;

static void lock(void)
{
	while (atomic_flag_test_and_set(&taken))
		sched_yield();
}

static void *pages(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static struct piece *cut(unsigned number)
{
	size_t size = (size_t) SMALLEST << number;
	struct piece *p = spare[number];

	if (p) {
		spare[number] = p->next;
		return p;
	}
	if ((size_t)(chunk_end - chunk) < size) {
		chunk = pages(CHUNK);
		chunk_end = chunk ? chunk + CHUNK : NULL;
		if (!chunk)
			return NULL;
	}
	p = (struct piece *) chunk;
	chunk += size;
	p->size = size;
	return p;
}

void *ct_own_malloc(size_t size)
{
	struct piece *p = NULL;
	unsigned number = 0;

	if (size > SIZE_MAX - HEAD - PAGE)
		return NULL;
	size += HEAD;
	if (size > LARGEST) {
		size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
		p = pages(size);
		if (p)
			p->size = size;
	} else {
		while ((size_t) SMALLEST << number < size)
			number++;
		lock();
		p = cut(number);
		atomic_flag_clear(&taken);
	}
	return p ? (char *) p + HEAD : NULL;
}

void *ct_own_calloc(size_t count, size_t size)
{
	void *memory;

	if (size && count > SIZE_MAX / size)
		return NULL;
	memory = ct_own_malloc(count * size);
	if (memory && count * size + HEAD <= LARGEST) /* fresh pages are 0 */
		memset(memory, 0, count * size);
	return memory;
}

void ct_own_free(void *memory)
{
	struct piece *p = (struct piece *) ((char *) memory - HEAD);
	unsigned number = 0;

	if (!memory)
		return;
	if (p->size > LARGEST) {
		munmap(p, p->size);
		return;
	}
	while ((size_t) SMALLEST << number < p->size)
		number++;
	lock();
	p->next = spare[number];
	spare[number] = p;
	atomic_flag_clear(&taken);
}

void *ct_own_realloc(void *old, size_t size)
{
	struct piece *p = (struct piece *) ((char *) old - HEAD);
	void *fresh;

	if (!old)
		return ct_own_malloc(size);
	if (size <= p->size - HEAD && size > p->size / 4)
		return old;
	if (p->size > LARGEST && size > LARGEST && size <= SIZE_MAX - HEAD - PAGE) {
		size_t whole = (size + HEAD + PAGE - 1) & ~(size_t)(PAGE - 1);

		p = mremap(p, p->size, whole, MREMAP_MAYMOVE);
		if (p == MAP_FAILED)
			return NULL;
		p->size = whole;
		return (char *) p + HEAD;
	}
	fresh = ct_own_malloc(size);
	if (fresh) {
		memcpy(fresh, old, size < p->size - HEAD ? size : p->size - HEAD);
		ct_own_free(old);
	}
	return fresh;
}

char *ct_own_strdup(const char *string)
{
	size_t size = strlen(string) + 1;
	char *copy = ct_own_malloc(size);

	return copy ? memcpy(copy, string, size) : NULL;
}

int ct_own_vasprintf(char **out, const char *format, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*out = length < 0 ? NULL : ct_own_malloc((size_t) length + 1);
	return *out ? vsnprintf(*out, (size_t) length + 1, format, args) : -1;
}
