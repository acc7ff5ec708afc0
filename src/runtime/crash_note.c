/*
 * crash_note.c - the record of a crash: see struct ct_crash and the CRASH extent in format/raw.h.
 *
 * First what needs nothing, into the session, which is mapped. Then what needs a descriptor, room on the
 * disk and /proc. Everything is read by asking the kernel, which fails where a load would fault; a
 * thread is not stopped, so what it is doing may be a moment old.
 */
#include "runtime/crash.h"

#include <errno.h>
#include <string.h>
#include <sys/ucontext.h>

#include "runtime/kernel.h"
#include "runtime/memory.h"
#include "runtime/thread.h"

#define MAX_THREADS   1024u
#define MAX_STACKS    256u
#define OWN_STACK     (32u * 1024u)
#define OTHER_STACK   (8u * 1024u)
#define BELOW_STACK   64 /* pages */
#define MAPS_ROOM     (128u * 1024u)
#define MAPS_A_THREAD 2048u

/* --- the session's part --- */

static const int order[16] = { /* by DWARF's numbers */
	REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

static void note_signal(struct ct_crash *c, int signal, const siginfo_t *info,
                        const ucontext_t *context)
{
	const greg_t *general = context->uc_mcontext.gregs;

	_Static_assert(sizeof c->info == sizeof *info, "on disk");
	c->time = ct_ticks();
	c->tid = (uint32_t) syscall(SYS_gettid);
	memcpy(c->info, info, sizeof c->info);
	for (int i = 0; i < 16; i++)
		c->registers[i] = (uint64_t) general[order[i]];
	c->pc = (uint64_t) general[REG_RIP];
	c->eflags = (uint64_t) general[REG_EFL];
	c->trap = (uint64_t) general[REG_TRAPNO];
	c->trap_error = (uint64_t) general[REG_ERR];
	c->trap_address = (uint64_t) general[REG_CR2];
	c->state = CT_CRASH_BEGUN;
	__atomic_store_n(&c->signal, (uint32_t) signal, __ATOMIC_RELEASE);
}

/* --- /proc/self/task --- */

static size_t read_text(const char *path, char *to, size_t size)
{
	int fd = ct_open(path, O_RDONLY | O_CLOEXEC, 0);
	ssize_t n = fd < 0 ? 0 : ct_read(fd, to, size - 1);

	if (fd >= 0)
		ct_close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t) n : 0;
}

static size_t read_of_thread(uint32_t tid, const char *file, char *to, size_t size)
{
	char path[64] = "/proc/self/task/";

	ct_append_number(path, sizeof path, tid);
	ct_append(path, sizeof path, file);
	return read_text(path, to, size);
}

/* Steps over a number, "-1" and "0x7f" too; false: there is none. */
static bool take_number(const char **at, uint64_t *number)
{
	const char *p = *at + strspn(*at, " ");
	bool minus = *p == '-', hex;

	*number = 0;
	p += minus;
	hex = p[0] == '0' && p[1] == 'x';
	p += hex ? 2 : 0;
	for (*at = p;; p++) {
		uint64_t digit = *p >= '0' && *p <= '9' ? (uint64_t)(*p - '0')
		                 : hex && *p >= 'a' && *p <= 'f' ? (uint64_t)(*p - 'a' + 10) : 16;

		if (digit == 16)
			break;
		*number = *number * (hex ? 16 : 10) + digit;
	}
	*number = minus ? -*number : *number;
	minus = p > *at;
	*at = p;
	return minus;
}

/* "202 0x7f.. (six of them) SP PC", "-1 SP PC", or "running". */
static void read_call(struct ct_crash_thread *row)
{
	char text[256];
	const char *at = text;
	uint64_t call;

	row->call = CT_CRASH_RUNNING;
	if (!read_of_thread(row->tid, "/syscall", text, sizeof text) || !take_number(&at, &call))
		return;
	for (int i = 0; (int64_t) call >= 0 && i < 6; i++)
		if (!take_number(&at, &row->arguments[i]))
			return;
	if (take_number(&at, &row->sp) && take_number(&at, &row->pc))
		row->call = (int64_t) call;
}

static void read_state(struct ct_crash_thread *row)
{
	char text[512];
	const char *end;
	size_t n = read_of_thread(row->tid, "/comm", row->name, sizeof row->name);

	if (n && row->name[n - 1] == '\n')
		row->name[n - 1] = '\0';
	read_of_thread(row->tid, "/stat", text, sizeof text);
	end = strrchr(text, ')'); /* behind the name, which may hold anything */
	row->state = end && end[1] ? (unsigned char) end[2] : 0;
}

/* Calls `take` with the number of each thread but this one; returns how many there are. */
static uint32_t for_threads(void (*take)(uint32_t tid, void *user), void *user)
{
	struct { uint64_t inode, offset; uint16_t size; uint8_t type; char name[]; } *entry;
	int fd = ct_open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	uint32_t count = 0, self = (uint32_t) syscall(SYS_gettid);
	_Alignas(8) char room[2048];
	uint64_t tid;
	long n;

	while (fd >= 0 && (n = syscall(SYS_getdents64, fd, room, sizeof room)) > 0)
		for (long at = 0; at < n; at += entry->size) {
			const char *name;

			entry = (void *) (room + at);
			name = entry->name;
			if (!take_number(&name, &tid) || tid == self)
				continue;
			count++;
			if (take)
				take((uint32_t) tid, user);
		}
	if (fd >= 0)
		ct_close(fd);
	return count;
}

/* --- the extent --- */

struct note {
	struct ct_extent *extent;
	struct ct_crash_head *head;
	struct ct_crash_thread *rows;
	uint64_t at; /* where the next piece of a stack goes */
	uint32_t stacks;
};

/* The recorder's state of a thread stays mapped whatever the thread does. */
static uint64_t frame_of(uint32_t tid)
{
	for (struct ct_thread *t = atomic_load(&ct_recorder->threads); t; t = t->next) {
		const struct ct_frame *top = t->top;

		if (t->tid != tid || !top)
			continue;
		while (top > t->frames && (!top->sp || ct_is_silent(top)))
			top--;
		return top > t->frames ? top->cfa : 0;
	}
	return 0;
}

static void copy_stack(struct note *note, struct ct_crash_thread *row, size_t size)
{
	char *to = (char *) note->extent + note->at;
	uint64_t from = row->sp;

	if (!row->sp || note->at + size > note->extent->size)
		return;
	row->stack_at = note->at;
	note->at += size;
	/* Where the stack has ended, its pointer is below what there is. */
	for (int pages = 0; pages < BELOW_STACK && !row->stack_size; pages++) {
		row->stack = from;
		row->stack_size = ct_memory_ask(to, from, size);
		from = (from | (CT_PAGE - 1)) + 1;
	}
}

static void note_thread(uint32_t tid, void *user)
{
	struct note *note = user;
	struct ct_crash_thread *row = &note->rows[note->head->threads];

	if (note->head->threads == note->head->thread_room)
		return;
	row->tid = tid;
	row->frame = frame_of(tid);
	read_call(row);
	read_state(row);
	if (note->stacks++ < MAX_STACKS)
		copy_stack(note, row, OTHER_STACK);
	__atomic_store_n(&note->head->threads, note->head->threads + 1, __ATOMIC_RELEASE);
}

static void note_self(struct note *note, const struct ct_crash *crash)
{
	struct ct_crash_thread *row = &note->rows[0];

	row->tid = crash->tid;
	row->call = CT_CRASH_RUNNING;
	row->sp = crash->registers[7];
	row->pc = crash->pc;
	row->frame = frame_of(row->tid);
	read_state(row);
	copy_stack(note, row, OWN_STACK);
	__atomic_store_n(&note->head->threads, 1, __ATOMIC_RELEASE);
}

static void note_maps(struct note *note)
{
	char *to = (char *) note->extent + note->head->maps_at;
	int fd = ct_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	ssize_t n;

	while (fd >= 0 && note->head->maps_size < note->head->maps_room
	       && (n = ct_read(fd, to + note->head->maps_size,
	                       note->head->maps_room - note->head->maps_size)) > 0)
		note->head->maps_size += (uint64_t) n;
	if (fd >= 0)
		ct_close(fd);
}

static uint64_t whole_pages(uint64_t size)
{
	return (size + CT_PAGE - 1) & ~(uint64_t)(CT_PAGE - 1);
}

/* Lays the extent out for that many other threads. */
static bool begin(struct note *note, struct ct_crash *crash, uint32_t others)
{
	uint32_t rows = others + 8 < MAX_THREADS ? others + 8 : MAX_THREADS; /* more may come */
	uint32_t stacks = rows < MAX_STACKS ? rows : MAX_STACKS;
	uint64_t head = sizeof(struct ct_extent) + sizeof(struct ct_crash_head)
	                + rows * sizeof(struct ct_crash_thread);
	uint64_t maps = whole_pages(head), room = MAPS_ROOM + (uint64_t) rows * MAPS_A_THREAD;
	uint64_t size = maps + whole_pages(room) + OWN_STACK + stacks * OTHER_STACK;
	uint64_t offset;
	int error;

	note->extent = ct_file_try(size, &offset, &error);
	if (!note->extent)
		return false;
	note->head = (struct ct_crash_head *) (note->extent + 1);
	note->rows = (struct ct_crash_thread *) (note->head + 1);
	note->at = maps + whole_pages(room);
	note->head->thread_room = rows;
	note->head->threads_seen = others + 1;
	note->head->memory = (uint64_t) note->extent;
	note->head->maps_at = maps;
	note->head->maps_room = whole_pages(room);
	note->extent->kind = CT_EXTENT_CRASH;
	note->extent->size = size;
	note->extent->tid = crash->tid;
	__atomic_store_n(&note->extent->magic, CT_EXTENT_MAGIC, __ATOMIC_RELEASE);
	crash->extent = offset;
	return true;
}

void ct_crash_note(int signal, const siginfo_t *info, const ucontext_t *context)
{
	struct ct_crash *crash = &ct_recorder->session->crash;
	struct note note = {0};
	uint32_t others;

	note_signal(crash, signal, info, context);
	ct_session_clock();
	others = for_threads(NULL, NULL);
	if (!begin(&note, crash, others))
		return;
	/* The map first: it is of the moment that the fault belongs to. */
	note_maps(&note);
	note_self(&note, crash);
	for_threads(note_thread, &note);
	crash->state = CT_CRASH_WHOLE;
}
