/*
 * chunk.c - the trace file: pieces of it mapped, chunks written out when full.
 *
 * No descriptor stays open: the program may close all it finds, or count them. The file
 * is opened by its name for each piece, and must then be the very file that was made.
 * Everything here runs with signals blocked, which also turns the SIGXFSZ of a file-size
 * limit into a pending signal that can be taken back.
 *
 * A thread begins with one chunk mapped. One that goes on to fill it maps a row of them, fills
 * these one by one, and writes them out in one call: per byte that costs half as much, and a test that
 * makes a few thousand calls takes no more room on the disk.
 *
 * A signal handler may find the chunks full when the hook that it interrupted has reserved a
 * slot in them and not yet filled it (`settled` in thread.h). The chunks are then not reused but
 * left as they are, mapped, and the thread goes on in others: the hook's late store reaches its slot.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

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
static size_t write_bytes(uint64_t offset, const char *bytes, size_t size, int *error)
{
	bool was_pending = is_pending();
	int fd = open_file();

	*error = 0;
	if (fd < 0) {
		*error = errno;
		return size;
	}
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
	ct_close(fd);
	return size;
}

bool ct_file_write(uint64_t offset, const void *head, size_t head_size, const void *body,
                   size_t body_size, int *error)
{
	int saved = errno;
	size_t left = write_bytes(offset, head, head_size, error);

	if (left == 0 && body_size)
		left = write_bytes(offset + head_size, body, body_size, error);
	errno = saved;
	return left == 0;
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

/* Windows lie at multiples of CT_CHUNK_SIZE in memory; other pieces anywhere. */
static void *map_piece(int fd, uint64_t offset, size_t size)
{
	size_t align = size % CT_CHUNK_SIZE ? 0 : CT_CHUNK_SIZE;
	char *room = NULL, *at = NULL;
	void *memory;

	if (align) {
		room = ct_mmap(NULL, size + align, PROT_NONE,
		               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (room == MAP_FAILED)
			return MAP_FAILED;
		at = (char *) (((uint64_t) room + align - 1) & ~(uint64_t)(align - 1));
	}
	memory = ct_mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | (align ? MAP_FIXED : 0), fd,
	                 offset);
	if (align) {
		int saved = errno;

		if (memory == MAP_FAILED) {
			ct_munmap(room, size + align);
		} else {
			if (at > room)
				ct_munmap(room, (size_t)(at - room));
			if (at < room + align)
				ct_munmap(at + size, (size_t)(room + align - at));
		}
		errno = saved;
	}
	return memory;
}

void *ct_file_map(int fd, uint64_t offset, size_t size, int *error)
{
	bool was_pending = is_pending();
	void *memory;

	*error = take_room(fd, offset, size);
	if (*error) {
		take_back(was_pending);
		return NULL;
	}
	memory = map_piece(fd, offset, size);
	if (memory != MAP_FAILED)
		return memory;
	*error = errno;
	return NULL;
}

void *ct_file_try(size_t size, uint64_t *offset, int *error)
{
	int fd = open_file();
	void *memory;

	if (fd < 0) {
		*error = errno;
		return NULL;
	}
	*offset = ct_file_reserve(size);
	memory = ct_file_map(fd, *offset, size, error);
	ct_close(fd);
	return memory;
}

static void stop(int error)
{
	if (!ct_recorder->session->stop_errno)
		ct_recorder->session->stop_errno = (uint32_t) error;
}

void *ct_file_piece(size_t size, uint64_t *offset)
{
	int saved = errno, error;
	void *memory = ct_file_try(size, offset, &error);

	if (!memory)
		stop(error);
	errno = saved;
	return memory;
}

static enum ct_loss loss_of(int error)
{
	return error == ENOSPC || error == EFBIG || error == EDQUOT ? CT_LOST_NO_SPACE : CT_LOST_IO;
}

#define MANY_CHUNKS 8 /* in a row, once a thread has shown that it calls much */
#define FEW_CHUNKS  8 /* that it fills one at a time before that */
#define PATIENCE   16 /* how often a thread's chunks are left to one interrupted hook */

static struct ct_extent *chunk_at(struct ct_extent *region, uint32_t number)
{
	return (struct ct_extent *) ((char *) region + number * (size_t) CT_CHUNK_SIZE);
}

/* The bytes of records in the window. */
static size_t used_of(const struct ct_thread *t)
{
	const char *begin = (const char *) (t->window + 1);

	return (size_t)((t->cursor < t->end ? t->cursor : t->end) - begin);
}

/* The chunk's records are all zero. Its header may be zero too, or of an earlier use. */
static void begin_chunk(struct ct_thread *t, struct ct_extent *chunk, uint32_t seq, uint64_t now)
{
	chunk->kind = CT_EXTENT_WINDOW;
	chunk->size = CT_CHUNK_SIZE;
	chunk->start_time = now;
	chunk->thread = t->window->thread;
	chunk->tid = t->window->tid;
	ct_copy(chunk->thread_name, t->window->thread_name, sizeof chunk->thread_name);
	__atomic_store_n(&chunk->seq, seq, __ATOMIC_RELEASE);
	__atomic_store_n(&chunk->magic, CT_EXTENT_MAGIC, __ATOMIC_RELEASE);
	t->window = chunk;
	t->last = now;
	t->end = (char *) chunk + CT_CHUNK_SIZE;
	t->cursor = (char *) (chunk + 1);
}

static struct ct_extent *region_of(const struct ct_thread *t)
{
	return t->region ? t->region : t->window;
}

static uint32_t chunks_of(const struct ct_thread *t)
{
	return t->region ? t->chunks : 1;
}

/* Writes out what there is, clears it, and begins at the first chunk. */
static void write_out(struct ct_thread *t, uint64_t now)
{
	struct ct_extent *region = region_of(t);
	uint32_t before = (uint32_t)((char *) t->window - (char *) region) / CT_CHUNK_SIZE;
	uint32_t next = t->window->seq + (used_of(t) > 0);
	size_t used = used_of(t), size = before * (size_t) CT_CHUNK_SIZE, left;
	int error;

	if (used) {
		/* The rest of the last page is zero, and is written with it. */
		t->window->size = (sizeof *region + used + CT_PAGE - 1) & ~(uint64_t)(CT_PAGE - 1);
		t->window->kind = CT_EXTENT_DATA;
		size += t->window->size;
	}
	left = size ? write_bytes(ct_file_reserve(size), (char *) region, size, &error) : 0;
	if (left) {
		ct_session_lose(loss_of(error), left / sizeof(uint64_t));
		stop(error);
	}
	for (uint32_t i = 0; i < before; i++)
		ct_zero(chunk_at(region, i) + 1, CT_CHUNK_SIZE - sizeof *region);
	ct_zero(t->window + 1, used);
	/* The order tells a reader which of the two copies to take: see raw.h. */
	begin_chunk(t, region, next, now);
	ct_session_clock();
}

void ct_chunk_flush(struct ct_thread *t)
{
	int saved = errno;

	write_out(t, ct_ticks());
	errno = saved;
}

/*
 * Whether a hook that was interrupted has a slot that it will yet fill. `inner`: the
 * innermost call that is not the present hook's own.
 */
static bool is_interrupting(const struct ct_thread *t, const struct ct_frame *inner)
{
	for (; inner > t->frames; inner--)
		if (!inner->settled)
			return true;
	return false;
}

/* Goes on in new chunks, and leaves the old ones as they are. */
static bool move_on(struct ct_thread *t, uint32_t chunks, uint64_t now, bool unmap)
{
	struct ct_extent *old = region_of(t), *region;
	size_t old_size = chunks_of(t) * (size_t) CT_CHUNK_SIZE;
	uint64_t offset;
	int error;

	region = ct_file_try(chunks * (size_t) CT_CHUNK_SIZE, &offset, &error);
	if (!region)
		return false;
	t->window->kind = CT_EXTENT_DATA;
	begin_chunk(t, region, t->window->seq + 1, now);
	t->region = region;
	t->chunks = chunks;
	if (unmap)
		ct_munmap(old, old_size);
	return true;
}

/* The last chunk there is has been filled. */
static void renew(struct ct_thread *t, uint64_t now, const struct ct_frame *inner)
{
	if (is_interrupting(t, inner)) {
		/* The hook may also never come back, because the handler jumped out of it. */
		if (t->left_behind < PATIENCE && move_on(t, chunks_of(t), now, false)) {
			t->left_behind++;
			return;
		}
	} else {
		t->left_behind = 0;
		if (chunks_of(t) < MANY_CHUNKS && t->window->seq + 1 >= FEW_CHUNKS && !t->cramped) {
			if (move_on(t, MANY_CHUNKS, now, true))
				return;
			t->cramped = true;
		}
	}
	write_out(t, now);
}

/* The window is full. `inner`: see is_interrupting(). */
static void make_room(struct ct_thread *t, uint64_t now, const struct ct_frame *inner)
{
	struct ct_extent *next = chunk_at(t->window, 1);
	int saved = errno;

	if (next < chunk_at(region_of(t), chunks_of(t))) {
		t->window->kind = CT_EXTENT_DATA; /* as good as written out */
		begin_chunk(t, next, t->window->seq + 1, now);
	} else {
		renew(t, now, inner);
	}
	errno = saved;
}

static uint64_t *take_words(struct ct_thread *t, uint32_t words, uint64_t now,
                            const struct ct_frame *inner)
{
	char *slot = t->cursor;

	if (slot > t->end || (size_t)(t->end - slot) < words * sizeof(uint64_t)) {
		make_room(t, now, inner);
		slot = t->cursor;
	}
	t->cursor = slot + words * sizeof(uint64_t);
	return (uint64_t *) slot;
}

static void put_extended(struct ct_thread *t, enum ct_extended kind, uint64_t now,
                         const void *payload, uint32_t words, const struct ct_frame *inner)
{
	uint64_t *slot = take_words(t, 1 + words, now, inner);

	slot[0] = ct_record(CT_EXTENDED, ct_extended_id(CT_PENDING, words), now);
	__asm__ volatile("" ::: "memory");
	ct_copy(slot + 1, payload, words * sizeof(uint64_t));
	__asm__ volatile("" ::: "memory");
	slot[0] = ct_record(CT_EXTENDED, ct_extended_id(kind, words), now);
}

/* A counter that went back (another CPU's, an instant behind) is no new era. */
static void note_era(struct ct_thread *t, uint64_t now, const struct ct_frame *inner)
{
	if (now > t->last && (now ^ t->last) >> CT_ERA) {
		put_extended(t, CT_TIME, now, &now, 1, inner);
		t->last = now;
	}
}

uint64_t *ct_chunk_slot(struct ct_thread *t, uint64_t now, const struct ct_frame *inner)
{
	note_era(t, now, inner);
	return take_words(t, 1, now, inner);
}

uint64_t *ct_chunk_words(struct ct_thread *t, uint32_t words, uint64_t now,
                         const struct ct_frame *inner)
{
	if (words > (CT_CHUNK_SIZE - sizeof(struct ct_extent)) / sizeof(uint64_t))
		return NULL;
	note_era(t, now, inner);
	return take_words(t, words, now, inner);
}

void ct_chunk_extended(struct ct_thread *t, enum ct_extended kind, const void *payload,
                       uint32_t words)
{
	uint64_t now = ct_ticks();

	note_era(t, now, t->top);
	put_extended(t, kind, now, payload, words, t->top);
}
