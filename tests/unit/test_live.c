/*
 * The live reader (trace/live.h), beside a writer that goes on at any instant: between two rounds, and between any two reads of
 * one round. Every call that was recorded before a round must be in what it gives, each once, in order; or be said to be lost,
 * where a limit let it go. All instants behind all stores: CT_TIMES=1 and --filter 'live/?*'
 */
#include "live_script.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <x86intrin.h>

#include "trace/live.h"

/* --- the reader's reads --- */

/* What is done at the instant before each of them. Also where it lets others go on. */
static void (*at_instant)(void);

ssize_t pread(int fd, void *to, size_t size, off_t at)
{
	if (at_instant)
		at_instant();
	return syscall(SYS_pread64, fd, to, size, at);
}

int sched_yield(void)
{
	if (at_instant)
		at_instant();
	return 0;
}

/* --- a reading --- */

struct reading {
	struct scene scene;
	struct ct_live *live;
	enum ct_keep keep;
	uint32_t read[CHUNKS]; /* calls, by chunk */
	uint32_t last;         /* chunk that the last one was of */
	uint32_t open;
};

static struct {
	struct reading *reading;
	size_t instants, at, stores; /* at which the writer goes on, by how many */
} now;

static void take_instant(void)
{
	if (now.instants++ == now.at)
		for (size_t i = 0; i < now.stores; i++)
			step(&now.reading->scene);
}

static void know_row(void *user, uint32_t thread, struct ct_row *row)
{
	(void) user;
	(void) thread;
	row->function = 0;
	row->plain = true;
}

static void know_module(void *user, struct ct_raw_module *module)
{
	(void) user;
	(void) module;
}

static void take(struct reading *r, enum ct_event event, const struct ct_stream *s)
{
	uint32_t chunk = s->row - FIRST_ROW;

	if (s->row == MAIN_ROW) /* may be closed and opened again where something is missing */
		return;
	if (chunk >= CHUNKS || chunk < r->last || (event == CT_EVENT_ENTER ? r->open != 0 : r->open != s->row))
		cr_assert_fail("chunk %u behind %u, %u is open: event %d", chunk, r->last, r->open, event);
	r->last = chunk;
	r->open = event == CT_EVENT_ENTER ? s->row : 0;
	r->read[chunk] += event == CT_EVENT_LEAVE;
}

static void read_all(struct reading *r)
{
	struct ct_error err;
	enum ct_event event;

	cr_assert(ct_live_refresh(r->live, &err), "%s", err.text);
	for (uint32_t i = 0; i < ct_live_threads(r->live); i++)
		while ((event = ct_live_next(r->live, i)) != CT_EVENT_END)
			take(r, event, ct_live_stream(r->live, i));
	ct_live_rest(r->live);
}

/* Where in a trial it is. */
struct place {
	const char *round;
	size_t done, at, stores;
};

static void fail(const struct reading *r, const struct place *p, uint32_t chunk, const char *what)
{
	cr_assert_fail("%s, %zu stores before, %zu more at read %zu, %zu in all: chunk %u: %u of %u calls are there: %s", p->round,
	               p->done, p->stores, p->at, r->scene.done, chunk, r->read[chunk], r->scene.recorded[chunk], what);
}

/* A round, and what must be true of it. */
static void check_round(struct reading *r, const struct place *p)
{
	bool missing = false, all = true;
	uint32_t before[CHUNKS];

	memcpy(before, r->scene.recorded, sizeof before);
	read_all(r);
	for (uint32_t i = 0; i < CHUNKS; i++) {
		if (r->read[i] > r->scene.recorded[i])
			fail(r, p, i, "more than were made");
		if (r->read[i] < before[i] && !r->scene.script->newest)
			fail(r, p, i, "too few");
		missing |= r->read[i] < before[i];
		all &= r->read[i] == r->scene.recorded[i];
	}
	if (r->keep == CT_KEEP_NEWEST && missing && !ct_live_lost(r->live))
		fail(r, p, 0, "calls are missing, and that is not said");
	if (r->keep == CT_KEEP_NEWEST && all && ct_live_lost(r->live))
		fail(r, p, 0, "all is there, and is said not to be");
}

/* A file of the test's own: others run beside it. */
static const char *file_name(void)
{
	static char name[32];

	snprintf(name, sizeof name, "live.%d.ct", (int) getpid());
	return name;
}

static int open_file(void)
{
	int fd = open(file_name(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	return fd;
}

static void open_reading(struct reading *r, const struct script *script, int fd, enum ct_keep keep)
{
	const struct ct_live_resolver resolver = { know_row, know_module, NULL };
	struct ct_error err;

	*r = (struct reading){ .keep = keep };
	begin_scene(&r->scene, script, fd, keep);
	cr_assert(ct_live_open(file_name(), &resolver, &r->live, &err), "%s", err.text);
}

/*
 * The reader comes when `done` stores are done, perhaps after it was there before (`early`), and the writer does so many
 * more at one instant of its round. Then a quiet round, then the rest of the script and another. Returns the instants that
 * there were.
 */
static size_t try(const struct script *script, int fd, enum ct_keep keep, size_t early, size_t done, size_t at, size_t stores)
{
	struct place place = { "the round before", early, 0, 0 };
	struct reading r;

	open_reading(&r, script, fd, keep);
	while (early != SIZE_MAX && r.scene.done < early && step(&r.scene))
		;
	if (early != SIZE_MAX)
		check_round(&r, &place);
	while (r.scene.done < done && step(&r.scene))
		;
	now.reading = &r;
	now.instants = 0;
	now.at = at;
	now.stores = stores;
	at_instant = take_instant;
	place = (struct place){ "the round", done, at, stores };
	check_round(&r, &place);
	at_instant = NULL;
	place.round = "the round behind it";
	check_round(&r, &place);
	while (step(&r.scene))
		;
	place.round = "the last round";
	check_round(&r, &place);
	ct_live_close(r.live);
	return now.instants;
}

static const size_t bursts[] = { 1, 6, STORES };

/* A step through the stores: with CT_TIMES, as the targets for long runs have it, all of them. */
static size_t stride(void)
{
#ifdef __SANITIZE_ADDRESS__
	return getenv("CT_TIMES") ? 1 : 41;
#else
	return getenv("CT_TIMES") ? 1 : 7;
#endif
}

/* At every instant of every round; `early`: so many stores before it the reader was there. */
static void try_all(const struct script *script, enum ct_keep keep, size_t early)
{
	int fd = open_file();
	size_t next = stride();

	mallopt(M_MMAP_THRESHOLD, 1 << 20); /* room for 65,536 threads is not to be cleared each time */
	for (size_t b = 0; b < sizeof bursts / sizeof *bursts; b++)
		for (size_t done = b * 2 % next; done <= script->count; done += next)
			for (size_t at = 0, instants = 1; at < instants; at++)
				instants = try(script, fd, keep, early && early <= done ? done - early : SIZE_MAX, done, at,
				               bursts[b]);
	close(fd);
}

/* --- scripts --- */

/* One chunk that is used again, and written behind what there is. */
static void make_one(struct script *s)
{
	begin_script(s, false, 1);
	for (int i = 0; i < 3; i++) {
		fill(s);
		write_out(s, FIRST_CHUNK, 1, 0);
	}
	call(s, 2);
}

/* From one chunk to a row of two, which are filled in turn and written out at once. */
static void make_row(struct script *s)
{
	uint64_t row;

	begin_script(s, false, 1);
	fill(s);
	row = move_on(s, 2);
	for (int i = 0; i < 2; i++) {
		fill(s);
		next_of_row(s);
		fill(s);
		write_out(s, row, 2, 0);
	}
	call(s, 2);
}

/* The newest calls stay: the third chunk that is full takes the place of the first. */
static void make_newest(struct script *s)
{
	uint64_t places[2];

	begin_script(s, true, 1);
	for (int i = 0; i < 5; i++) {
		fill(s);
		if (i < 2)
			places[i] = write_out(s, FIRST_CHUNK, 1, 0);
		else
			write_out(s, FIRST_CHUNK, 1, places[i % 2]);
	}
	call(s, 2);
}

static void make_oldest(struct script *s)
{
	begin_script(s, false, 1);
	fill(s);
	write_out(s, FIRST_CHUNK, 1, 0);
	fill(s);
	stop(s);
}

/*
 * It gets what another one left of its chunk, so that nothing is reserved when it begins there, after its table was. Whatever was
 * there when the reader came before.
 */
Test(live, a_thread_that_begins)
{
	int fd = open_file();
	struct script s = { .end = FIRST_CHUNK, .start = 1, .late_table = true };

	reserve(&s, CHUNK);
	add_store(&s, ZERO, FIRST_CHUNK, CT_PAGE);
	add_store(&s, ZERO, FIRST_CHUNK + CT_PAGE, CT_PAGE);
	add_to_session(&s, offsetof(struct ct_session, append), CT_PAGE);
	SET_MEMBER(&s, TABLE, magic, CT_EXTENT_MAGIC);
	begin_chunk(&s, FIRST_CHUNK, 0);
	call(&s, 2);
	call(&s, 2);
	for (size_t early = 0; early <= s.count; early++)
		for (size_t done = early; done <= s.count; done++)
			try(&s, fd, CT_KEEP_NEWEST, early, done, 0, 0);
	close(fd);
}

Test(live, a_chunk_that_is_used_again)
{
	struct script s;

	make_one(&s);
	try_all(&s, CT_KEEP_NEWEST, 0);
}

Test(live, a_chunk_that_is_used_again_and_was_read_before)
{
	struct script s;

	make_one(&s);
	try_all(&s, CT_KEEP_NEWEST, 25);
}

Test(live, a_row_of_chunks)
{
	struct script s;

	make_row(&s);
	try_all(&s, CT_KEEP_NEWEST, 0);
}

Test(live, a_row_of_chunks_that_was_read_before)
{
	struct script s;

	make_row(&s);
	try_all(&s, CT_KEEP_NEWEST, 18); /* the first one half full, then half written */
}

Test(live, the_newest_calls)
{
	struct script s;

	make_newest(&s);
	try_all(&s, CT_KEEP_NEWEST, 0);
}

Test(live, the_newest_calls_some_of_which_were_read_before)
{
	struct script s;

	make_newest(&s);
	try_all(&s, CT_KEEP_NEWEST, 40);
}

Test(live, the_oldest_calls)
{
	struct script s;

	make_oldest(&s);
	try_all(&s, CT_KEEP_OLDEST, 0);
}

/* A record that was made after the round began ends it. */
Test(live, nothing_of_later)
{
	struct script s;
	struct reading r;
	int fd = open_file();

	begin_script(&s, false, __rdtsc());
	call(&s, 3);
	call(&s, 2);
	open_reading(&r, &s, fd, CT_KEEP_NEWEST);
	while (r.scene.done + 1 < s.count)
		step(&r.scene);
	r.scene.time = __rdtsc() + (1ull << 38);
	step(&r.scene);
	read_all(&r);
	cr_assert_eq(r.read[0], 3);
	ct_live_close(r.live);
	close(fd);
}
