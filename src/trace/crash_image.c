/*
 * crash_image.c - the memory of a process as it was when a signal ended it: the map and the tops of the
 * stacks out of the CRASH extent, what the binaries have at an address, and the frames in between.
 *
 * The extent is somebody's file: every offset is checked. A binary that is not the one that was
 * mapped (another build-id, where the trace has it; another inode) tells nothing.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/map.h"
#include "base/text.h"
#include "index/image.h"
#include "trace/crash_parts.h"

struct area { /* a line of the map */
	uint64_t start, end, offset, inode;
	unsigned major, minor;
	char permissions[5];
	const char *path; /* "" */
	struct ct_image *image;
	bool looked;
	uint64_t bias;
};

struct ct_crash_image {
	struct ct_trace *trace;
	struct ct_crash_thread *threads;
	size_t thread_count;
	uint32_t threads_seen;
	struct area *areas;
	size_t area_count;
	struct { const char *path; struct ct_image *image; } *opened;
	size_t opened_count;
	struct ct_map told; /* address, and whether it is a return address -> number in `frames` */
	struct ct_crash_frame *frames;
};

/* --- reading the extent --- */

#define MOST_THREADS 4096 /* writers stop before */

/* `own`: where the extent itself was mapped, when all was over. */
static void add_area(struct ct_crash_image *image, const char *line, size_t length, uint64_t own)
{
	char *text = ct_arena_strndup(&image->trace->arena, line, length);
	struct area a = {0};
	int path = 0;

	if (sscanf(text, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &a.start, &a.end,
	           a.permissions, &a.offset, &a.major, &a.minor, &a.inode, &path) < 7
	    || !path || a.start >= a.end || a.start == own || strlen(a.permissions) != 4
	    || (image->area_count && a.start < image->areas[image->area_count - 1].end))
		return;
	a.path = text + path;
	if ((image->area_count & (image->area_count - 1)) == 0)
		image->areas = ct_realloc(image->areas, (image->area_count ? image->area_count * 2 : 1)
		                                                * sizeof *image->areas);
	image->areas[image->area_count++] = a;
}

static void read_map(struct ct_crash_image *image, const char *text, size_t size, uint64_t own)
{
	const char *end;

	for (; size && (end = memchr(text, '\n', size)); text = end + 1) { /* a last line may be cut */
		add_area(image, text, (size_t)(end - text), own);
		size -= (size_t)(end - text) + 1;
	}
}

static void read_extent(struct ct_crash_image *image)
{
	const struct ct_bytes *bytes = &image->trace->raw->crash;
	const size_t head_end = sizeof(struct ct_extent) + sizeof(struct ct_crash_head);
	struct ct_crash_head head;
	size_t room;

	if (bytes->size < head_end)
		return;
	memcpy(&head, bytes->data + sizeof(struct ct_extent), sizeof head);
	room = (bytes->size - head_end) / sizeof *image->threads;
	image->thread_count = head.threads < room ? head.threads : room;
	image->thread_count = image->thread_count < MOST_THREADS ? image->thread_count : MOST_THREADS;
	image->threads_seen = head.threads_seen;
	image->threads = ct_calloc(image->thread_count + 1, sizeof *image->threads);
	memcpy(image->threads, bytes->data + head_end, image->thread_count * sizeof *image->threads);
	for (size_t i = 0; i < image->thread_count; i++) {
		struct ct_crash_thread *t = &image->threads[i];

		t->name[sizeof t->name - 1] = '\0';
		if (t->stack_at > bytes->size || t->stack_size > bytes->size - t->stack_at)
			t->stack_size = t->stack_at = 0;
	}
	if (head.maps_at < bytes->size) {
		size_t left = bytes->size - head.maps_at;

		read_map(image, (const char *) bytes->data + head.maps_at,
		         head.maps_size < left ? head.maps_size : left, head.memory);
	}
}

struct ct_crash_image *ct_crash_image_new(struct ct_trace *trace)
{
	struct ct_crash_image *image = ct_calloc(1, sizeof *image);

	image->trace = trace;
	read_extent(image);
	return image;
}

void ct_crash_image_free(struct ct_crash_image *image)
{
	for (size_t i = 0; i < image->opened_count; i++)
		ct_image_close(image->opened[i].image);
	ct_map_deinit(&image->told);
	free(image->frames);
	free(image->opened);
	free(image->areas);
	free(image->threads);
	free(image);
}

const struct ct_crash_thread *ct_crash_image_threads(const struct ct_crash_image *image, size_t *count,
                                                     uint32_t *seen)
{
	*count = image->thread_count;
	*seen = image->threads_seen;
	return image->threads;
}

/* --- the map --- */

/* The last area that begins at or before an address; SIZE_MAX: none. */
static size_t area_before(const struct ct_crash_image *image, uint64_t address)
{
	size_t low = 0, high = image->area_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->areas[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

static struct area *area_at(const struct ct_crash_image *image, uint64_t address)
{
	size_t i = area_before(image, address);

	return i != SIZE_MAX && address < image->areas[i].end ? &image->areas[i] : NULL;
}

/* --- the binaries --- */

/* Whether the file is still what was mapped, as far as can be told. */
static bool is_same(const struct ct_crash_image *image, const struct area *a, struct ct_image *opened)
{
	const struct ct_raw *raw = image->trace->raw;
	const uint8_t *id;
	struct stat st;
	size_t size;

	id = ct_image_build_id(opened, &size);
	for (size_t i = 0; i < raw->module_count; i++) {
		const struct ct_raw_module *m = &raw->modules[i];

		if (m->build_id_size && a->start >= m->low && a->start < m->high)
			return size == m->build_id_size && memcmp(id, m->build_id, size) == 0;
	}
	return stat(a->path, &st) == 0
	       && (st.st_ino == a->inode || st.st_dev != makedev(a->major, a->minor));
}

static struct ct_image *open_image(struct ct_crash_image *image, const struct area *a)
{
	struct ct_image *opened;

	for (size_t i = 0; i < image->opened_count; i++)
		if (strcmp(image->opened[i].path, a->path) == 0)
			return image->opened[i].image;
	opened = ct_image_open(a->path);
	if (opened && !is_same(image, a, opened)) {
		ct_image_close(opened);
		opened = NULL;
	}
	image->opened = ct_realloc(image->opened, (image->opened_count + 1) * sizeof *image->opened);
	image->opened[image->opened_count].path = a->path;
	image->opened[image->opened_count++].image = opened;
	return opened;
}

/* The binary that an area is mapped from, with `bias` set; or NULL. */
static struct ct_image *image_of(struct ct_crash_image *image, struct area *a)
{
	if (!a->looked) {
		a->looked = true;
		a->image = a->path[0] == '/' ? open_image(image, a) : NULL;
		if (a->image && !ct_image_bias(a->image, a->start, a->offset, &a->bias))
			a->image = NULL;
	}
	return a->image;
}

/* --- what lies at an address --- */

#define NULL_PAGES 65536u /* nothing is ever mapped there (vm.mmap_min_addr) */
#define NEAR       65536u
#define HIGHEST    0x800000000000ull

static const char *thread_title(const struct ct_crash_image *image, const struct ct_crash_thread *t)
{
	return ct_arena_printf(&image->trace->arena, "thread %u%s%s%s", t->tid, t->name[0] ? " (" : "",
	                       t->name, t->name[0] ? ")" : "");
}

/* The thread whose stack that is; NULL: nobody's. */
static const struct ct_crash_thread *thread_on(const struct ct_crash_image *image, const struct area *a)
{
	for (size_t i = 0; i < image->thread_count; i++)
		if (image->threads[i].sp >= a->start && image->threads[i].sp < a->end)
			return &image->threads[i];
	return NULL;
}

static const char *in_binary(struct ct_crash_image *image, struct area *a, uint64_t address)
{
	const char *what = a->permissions[2] == 'x' ? "code" : a->permissions[1] == 'w' ? "data"
	                   : a->permissions[0] == 'r' ? "read-only data" : "no part that may be used";
	struct ct_image *file = image_of(image, a);
	uint64_t offset = 0;
	const char *symbol = file ? ct_image_symbol(file, address - a->bias, &offset) : NULL;

	if (!symbol)
		return ct_arena_printf(&image->trace->arena, "%s of %s", what, a->path);
	if (!offset)
		return ct_arena_printf(&image->trace->arena, "%s, %s of %s", symbol, what, a->path);
	return ct_arena_printf(&image->trace->arena, "%s+0x%llx, %s of %s", symbol,
	                       (unsigned long long) offset, what, a->path);
}

static const char *area_name(const struct ct_crash_image *image, const struct area *a)
{
	const struct ct_crash_thread *t = thread_on(image, a);

	if (t)
		return ct_arena_printf(&image->trace->arena, "the stack of %s", thread_title(image, t));
	if (strcmp(a->path, "[heap]") == 0)
		return "the heap";
	if (strcmp(a->path, "[stack]") == 0)
		return "the stack of the main thread";
	if (a->path[0])
		return a->path;
	return "memory of malloc() or mmap()";
}

/* The same of the one whose stack ends at a guard page; it may stand in that already. */
static const struct ct_crash_thread *thread_above(const struct ct_crash_image *image, const struct area *guard,
                                                  const struct area *next)
{
	const struct ct_crash_thread *t = thread_on(image, next);

	if (t || next->permissions[1] != 'w')
		return t;
	t = thread_on(image, guard);
	return t && next->start - t->sp <= NEAR ? t : NULL;
}

static const char *in_area(struct ct_crash_image *image, size_t i, uint64_t address, bool *overflow)
{
	struct area *a = &image->areas[i], *next = i + 1 < image->area_count ? a + 1 : NULL;
	bool denied = a->permissions[0] == '-' && a->permissions[1] == '-' && a->permissions[2] == '-';
	const struct ct_crash_thread *t;
	const char *name;

	if (denied && next && next->start == a->end && (t = thread_above(image, a, next))) {
		*overflow = t == image->threads;
		return ct_arena_printf(&image->trace->arena, "the guard page below the stack of %s",
		                       thread_title(image, t));
	}
	if (a->path[0] == '/')
		return in_binary(image, a, address);
	name = area_name(image, a);
	if (denied)
		return ct_arena_printf(&image->trace->arena, "%s that may not be used (PROT_NONE)", name);
	if (a->permissions[1] != 'w')
		return ct_arena_printf(&image->trace->arena, "%s, which is read-only", name);
	return name;
}

/* Whether it is in what a stack would have grown into: near the stack pointer, below its area. */
static const struct ct_crash_thread *stack_above(const struct ct_crash_image *image, uint64_t address,
                                                 const struct area *next)
{
	const struct ct_crash_thread *t = next ? thread_on(image, next) : NULL;

	if (!t && next && image->thread_count) {
		t = image->threads; /* its stack pointer itself is beyond the end */
		if (t->sp >= next->start || next->start - t->sp > 16 * NEAR
		    || strcmp(next->path, "[stack]") != 0)
			t = NULL;
	}
	return t && next->start - address <= 16 * NEAR && address + 16 * NEAR >= t->sp ? t : NULL;
}

static const char *in_nothing(struct ct_crash_image *image, size_t before, uint64_t address, bool *overflow)
{
	const struct area *a = before == SIZE_MAX ? NULL : &image->areas[before];
	const struct area *next = before + 1 < image->area_count ? &image->areas[before + 1] : NULL;
	const struct ct_crash_thread *t = stack_above(image, address, next);
	struct ct_arena *arena = &image->trace->arena;

	if (t) {
		*overflow = t == image->threads;
		return ct_arena_printf(arena, "below the end of the stack of %s", thread_title(image, t));
	}
	if (a && address - a->end < NEAR)
		return ct_arena_printf(arena, "%llu bytes behind the end of %s",
		                       (unsigned long long) (address - a->end), area_name(image, a));
	if (next && next->start - address <= NEAR)
		return ct_arena_printf(arena, "%llu bytes before %s",
		                       (unsigned long long) (next->start - address), area_name(image, next));
	return "unmapped: freed memory, or never a valid address";
}

const char *ct_crash_place(struct ct_crash_image *image, uint64_t address, bool *overflow)
{
	struct ct_arena *arena = &image->trace->arena;
	size_t before = area_before(image, address);

	*overflow = false;
	if (address == 0)
		return "a null pointer";
	if (address < NULL_PAGES)
		return ct_arena_printf(arena, "%llu bytes behind a null pointer", (unsigned long long) address);
	if (-address < NULL_PAGES)
		return ct_arena_printf(arena, "%llu bytes before a null pointer", (unsigned long long) -address);
	if (address >= HIGHEST)
		return "an address that no process can have";
	if (!image->area_count)
		return NULL;
	if (before != SIZE_MAX && address < image->areas[before].end)
		return in_area(image, before, address, overflow);
	return in_nothing(image, before, address, overflow);
}

/* --- machine frames --- */

struct stack {
	const uint8_t *bytes;
	uint64_t start, size;
};

static bool read_stack(void *user, uint64_t address, void *to, size_t size)
{
	const struct stack *s = user;

	if (address < s->start || address - s->start > s->size || size > s->size - (address - s->start))
		return false;
	memcpy(to, s->bytes + (address - s->start), size);
	return true;
}

static struct ct_machine begin(const struct ct_crash_image *image, size_t thread)
{
	const struct ct_crash *crash = &image->trace->raw->session.crash;
	const struct ct_crash_thread *t = &image->threads[thread];
	struct ct_machine m = { .known = 1u << 7 | 1u << CT_MACHINE_PC };

	if (t->tid == crash->tid) {
		memcpy(m.at, crash->registers, sizeof crash->registers);
		m.known = (1u << 17) - 1;
		m.is_call = crash->trap == 3; /* int3: it stands behind the instruction */
	}
	m.at[7] = t->sp;
	m.at[CT_MACHINE_PC] = t->pc;
	return m;
}

/* Tells of one frame; the instruction's own address for looking up, not what it returns to. */
static struct ct_crash_frame tell(struct ct_crash_image *image, struct area *a, uint64_t pc, bool is_call)
{
	struct ct_crash_frame f = { .id = CT_NO_ROW, .address = pc };
	struct ct_image *file = a ? image_of(image, a) : NULL;
	const char *name, *source;

	if (!a)
		return f;
	f.module = a->path[0] ? a->path : NULL;
	if (!file)
		return f;
	name = ct_image_symbol(file, pc - a->bias - is_call, &f.offset);
	if (name) {
		f.function = ct_arena_strdup(&image->trace->arena, name);
		f.offset += is_call;
	}
	if (ct_image_line(file, pc - a->bias - is_call, &source, &f.line))
		f.file = ct_arena_strdup(&image->trace->arena, source);
	return f;
}

/* The same, once for all threads that stand there. */
static struct ct_crash_frame tell_once(struct ct_crash_image *image, struct area *a, uint64_t pc, bool is_call)
{
	uint64_t key[2] = { pc, is_call };
	uint32_t count = image->told.count, at;
	bool added;

	at = ct_map_add(&image->told, key, sizeof key, count, &added);
	if (added) {
		if ((count & (count - 1)) == 0)
			image->frames = ct_realloc(image->frames, (count ? 2 * count : 1) * sizeof *image->frames);
		image->frames[at] = tell(image, a, pc, is_call);
	}
	return image->frames[at];
}

/* Whether that is the machine frame that the innermost recorded call is in. */
static bool is_recorded(const struct ct_crash_image *image, uint64_t pc, uint64_t cfa, uint64_t wanted,
                        uint64_t hook)
{
	const struct ct_raw_module *m = ct_raw_module_at(image->trace->raw, hook, CT_LAST_EPOCH, true);
	const struct ct_index_function *f;
	const struct ct_index_hook *h;

	if (!m || !m->index || pc < m->low || pc >= m->high)
		return false;
	h = ct_index_hook_at(m->index, hook - m->bias);
	f = ct_index_function_at(m->index, pc - m->bias);
	if (!h || !f || h->outer == CT_NONE || (uint32_t)(f - m->index->functions) != h->outer)
		return false;
	return !cfa || !wanted || cfa == wanted;
}

size_t ct_crash_machine(struct ct_crash_image *image, size_t thread, uint64_t hook,
                        struct ct_crash_frame *frames, size_t room, bool *joined)
{
	const struct ct_crash_thread *t = &image->threads[thread];
	struct stack stack = { image->trace->raw->crash.data + t->stack_at, t->stack, t->stack_size };
	struct ct_machine m = begin(image, thread);
	size_t count = 0;

	*joined = false;
	while ((t->pc || t->tid == image->trace->raw->session.crash.tid) && count < room) {
		uint64_t pc = m.at[CT_MACHINE_PC], sp = m.at[7];
		bool is_call = m.is_call, stepped;
		struct area *a = area_at(image, pc - is_call);
		struct ct_image *file = a ? image_of(image, a) : NULL;

		stepped = file && ct_image_step(file, a->bias, &m, read_stack, &stack);
		frames[count++] = tell_once(image, a, pc, is_call);
		if (hook && is_recorded(image, pc - is_call, m.cfa, t->frame, hook)) {
			*joined = true;
			return count;
		}
		/* A call of what is no function: the return address is on top of the stack. */
		if (!stepped && count == 1 && !a && (m.known >> 7 & 1)
		    && read_stack(&stack, sp, &m.at[CT_MACHINE_PC], 8)) {
			m.at[7] = sp + 8;
			m.is_call = stepped = true;
		}
		if (!stepped || !m.at[CT_MACHINE_PC] || m.at[7] <= sp)
			break;
		if (hook && t->frame && m.cfa > t->frame)
			break; /* past it: it is not to be found */
	}
	return count;
}
