/*
 * file.c - the trace file: pieces of it mapped, others written.
 *
 * No descriptor stays open: the program may close all it finds, or count them. The file
 * is opened by its name for each piece, and must then be the very file that was made.
 * Everything here runs with signals blocked, which also turns the SIGXFSZ of a file-size
 * limit into a pending signal that can be taken back.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/file.h"
#include "runtime/kernel.h"
#include "runtime/thread.h"

static int open_file(void)
{
	struct ct_recorder *r = ct_recorder;
	int fd = ct_open(r->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return -1;
	if (ct_fstat(fd, &st) < 0 || st.st_dev != r->device || st.st_ino != r->inode) {
		ct_close(fd);
		errno = ESTALE;
		return -1;
	}
	return fd;
}

#define XFSZ (1ull << (SIGXFSZ - 1))

static bool is_pending(void)
{
	return (ct_sigpending() & XFSZ) != 0;
}

/* Takes back the SIGXFSZ that a write of ours raised, unless one was pending before. */
static void take_back(bool was_pending)
{
	if (!was_pending && is_pending())
		ct_sigtake(XFSZ);
}

uint64_t ct_file_reserve(size_t size)
{
	return __atomic_fetch_add(&ct_recorder->session->append, size, __ATOMIC_RELAXED);
}

/* Returns how many bytes could not be written, the last ones; `error` says why. */
static size_t write_at(int fd, uint64_t offset, const char *bytes, size_t size, int *error)
{
	bool was_pending = is_pending();

	*error = 0;
	while (size && !*error) {
		const struct iovec part = { (void *) bytes, size };
		ssize_t n = ct_pwritev(fd, &part, 1, offset);

		if (n > 0) {
			bytes += n;
			offset += (uint64_t) n;
			size -= (size_t) n;
		} else if (n == 0 || errno != EINTR) {
			*error = n == 0 ? ENOSPC : errno;
		}
	}
	if (size)
		take_back(was_pending);
	return size;
}

size_t ct_file_put(uint64_t offset, const void *bytes, size_t size, int *error)
{
	int saved = errno, fd = open_file();
	size_t left = size;

	if (fd >= 0) {
		left = write_at(fd, offset, bytes, size, error);
		ct_close(fd);
	} else {
		*error = errno;
	}
	errno = saved;
	return left;
}

bool ct_file_write(uint64_t offset, const void *head, size_t head_size, const void *body,
                   size_t body_size, int *error)
{
	return ct_file_put(offset, head, head_size, error) == 0
	       && (!body_size || ct_file_put(offset + head_size, body, body_size, error) == 0);
}

static const struct ct_extent nothing = { .magic = CT_EXTENT_MAGIC, .kind = CT_EXTENT_FREE };

size_t ct_file_replace(uint64_t offset, const void *bytes, size_t size, int *error)
{
	const char *from = bytes;
	struct ct_extent head = nothing;
	int saved = errno, fd = open_file();
	size_t left = size;

	head.size = size;
	*error = fd < 0 ? errno : 0;
	if (fd >= 0 && write_at(fd, offset, (const char *) &head, sizeof head, error) == 0
	    && write_at(fd, offset + CT_PAGE, from + CT_PAGE, size - CT_PAGE, error) == 0)
		left = write_at(fd, offset, from, CT_PAGE, error);
	if (fd >= 0)
		ct_close(fd);
	errno = saved;
	return left;
}

/*
 * A hole that is mapped kills its writer with SIGBUS when the disk is full, so the room is taken
 * first, by writing zeros. That leaves the pages in the cache, in large folios where the file
 * system has them, and fallocate() does not: page faults on them cost a fifth.
 */
static int take_room(int fd, uint64_t offset, size_t size)
{
	static const char zeros[CT_PAGE];
	struct iovec parts[32];
	size_t done = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		parts[i] = (struct iovec){ (void *) zeros, sizeof zeros };
	while (done < size) {
		size_t pages = (size - done) / sizeof zeros;
		size_t count = sizeof parts / sizeof *parts;
		ssize_t n = ct_pwritev(fd, parts, (int)(pages < count ? pages : count),
		                       offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t) sizeof zeros)
			return n < 0 ? errno : ENOSPC;
		done += (size_t) n & ~(sizeof zeros - 1);
	}
	return 0;
}

/* Windows end at multiples of CT_CHUNK_SIZE in memory; other pieces anywhere. `fd` -1: of no file. */
static void *map_window(int fd, uint64_t offset, size_t size)
{
	size_t room_size = 2 * ((size + CT_CHUNK_SIZE - 1) & ~(size_t)(CT_CHUNK_SIZE - 1));
	char *room = ct_mmap(NULL, room_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	                     -1, 0);
	char *end = (char *) ((uint64_t)(room + room_size) & ~(uint64_t)(CT_CHUNK_SIZE - 1));
	char *at = end - size;
	void *memory;
	int saved;

	if (room == MAP_FAILED)
		return MAP_FAILED;
	memory = ct_mmap(at, size, PROT_READ | PROT_WRITE,
	                 MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED), fd, offset);
	saved = errno;
	if (memory == MAP_FAILED) {
		ct_munmap(room, room_size);
	} else {
		if (at > room)
			ct_munmap(room, (size_t)(at - room));
		if (end < room + room_size)
			ct_munmap(end, (size_t)(room + room_size - end));
	}
	errno = saved;
	return memory;
}

static void *map_piece(int fd, uint64_t offset, size_t size, bool window)
{
	return window ? map_window(fd, offset, size)
	              : ct_mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

void *ct_file_scratch(void)
{
	void *memory = map_window(-1, 0, CT_CHUNK_SIZE);

	return memory == MAP_FAILED ? NULL : memory;
}

static void *map_room(int fd, uint64_t offset, size_t size, bool window, int *error)
{
	bool was_pending = is_pending();
	void *memory;

	*error = take_room(fd, offset, size);
	if (*error) {
		take_back(was_pending);
		return NULL;
	}
	memory = map_piece(fd, offset, size, window);
	if (memory != MAP_FAILED)
		return memory;
	*error = errno;
	return NULL;
}

void *ct_file_map(int fd, uint64_t offset, size_t size, int *error)
{
	return map_room(fd, offset, size, false, error);
}

static void *make_piece(size_t size, uint64_t *offset, bool window, int *error)
{
	int fd = open_file();
	void *memory;

	if (fd < 0) {
		*error = errno;
		return NULL;
	}
	*offset = ct_file_reserve(size);
	memory = map_room(fd, *offset, size, window, error);
	ct_close(fd);
	return memory;
}

void *ct_file_try(size_t size, uint64_t *offset, int *error)
{
	return make_piece(size, offset, false, error);
}

void *ct_file_window(size_t size, uint64_t *offset, int *error)
{
	return make_piece(size, offset, true, error);
}

void *ct_file_take_over(uint64_t offset, size_t size, int *error)
{
	bool was_pending = is_pending();
	struct ct_extent head = nothing;
	int fd = open_file();
	void *memory;

	head.size = size;
	if (fd < 0) {
		*error = errno;
		return NULL;
	}
	write_at(fd, offset, (const char *) &head, sizeof head, error);
	/* Chunks at the end of the file may have been written in part. */
	if (!*error)
		*error = take_room(fd, offset + CT_PAGE, size - CT_PAGE);
	memory = *error ? MAP_FAILED : map_window(fd, offset, size);
	if (memory == MAP_FAILED && !*error)
		*error = errno;
	take_back(was_pending);
	ct_close(fd);
	if (*error)
		return NULL;
	ct_zero((struct ct_extent *) memory + 1, CT_PAGE - sizeof head);
	return memory;
}

void ct_file_stop(int error)
{
	if (!ct_recorder->session->stop_errno)
		ct_recorder->session->stop_errno = (uint32_t) error;
}

void *ct_file_piece(size_t size, uint64_t *offset)
{
	int saved = errno, error;
	void *memory = make_piece(size, offset, false, &error);

	if (!memory)
		ct_file_stop(error);
	errno = saved;
	return memory;
}
