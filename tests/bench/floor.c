/*
 * floor.c - the least that a timed record can cost: 16 bytes {function, rdtsc} per hook, into a ring of
 * 1 MiB of the thread's own. Nothing is kept. With -DWRITE, each full ring is written to a file.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING (1u << 20)
#define HOT __attribute__((tls_model("initial-exec")))

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

struct record {
	uint64_t function, time;
};

static __thread struct record *at HOT, *end HOT;

/* The first record of an empty ring, at `at`. */
__attribute__((cold, noinline)) static void begin(void)
{
	if (end) {
#ifdef WRITE
		static __thread int fd HOT;

		if (!fd)
			fd = open("floor.out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (write(fd, end - RING / sizeof *end, RING) != RING)
			_exit(4);
#endif
	} else {
		at = mmap(NULL, RING, PROT_READ | PROT_WRITE,
		          MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (at == MAP_FAILED)
			_exit(4);
		end = at + RING / sizeof *at;
	}
	at = end - RING / sizeof *at;
}

static inline void store(void *function)
{
	struct record *record;
	uint32_t low, high;

	if (__builtin_expect(at == end, 0))
		begin();
	record = at++;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	record->function = (uint64_t) function;
	record->time = (uint64_t) high << 32 | low;
}

void __cyg_profile_func_enter(void *function, void *site)
{
	(void) site;
	store(function);
}

void __cyg_profile_func_exit(void *function, void *site)
{
	(void) site;
	store(function);
}
