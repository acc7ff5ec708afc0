/* live.c - rounds of reading a trace that is being written: see live.h. */
#include "trace/live_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/text.h"

static bool open_file(struct ct_live *live, struct ct_error *err)
{
	struct stat st;

	live->fd = open(live->trace.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (live->fd < 0)
		return ct_fail(err, CT_EIO, "%s: %s", live->trace.path, strerror(errno));
	if (fstat(live->fd, &st) == 0
	    && (!live->known || (st.st_dev == live->device && st.st_ino == live->inode))) {
		live->known = true;
		live->device = st.st_dev;
		live->inode = st.st_ino;
		return true;
	}
	close(live->fd);
	live->fd = -1;
	return ct_fail(err, CT_EIO, "%s: is another file than before", live->trace.path);
}

static bool read_session(struct ct_live *live, struct ct_error *err)
{
	struct ct_session *s = &live->raw.session;

	if (!ct_live_read_at(live, s, sizeof *s, sizeof(struct ct_extent))
	    || memcmp(s->magic, CT_RAW_MAGIC, sizeof s->magic) != 0)
		return ct_fail(err, CT_ENOTRACE, "%s: is not a trace", live->trace.path);
	if (s->version != CT_RAW_VERSION)
		return ct_fail(err, CT_EVERSION, "%s: a raw trace of format %u, this library reads format %u",
		               live->trace.path, s->version, CT_RAW_VERSION);
	return true;
}

bool ct_live_open(const char *path, const struct ct_live_resolver *resolver, struct ct_live **out,
                  struct ct_error *err)
{
	struct ct_live *live = ct_calloc(1, sizeof *live);

	live->fd = -1;
	live->resolver = *resolver;
	live->trace.path = ct_arena_strdup(&live->trace.arena, path);
	live->trace.raw = &live->raw;
	live->raw.threads = ct_calloc(CT_LIVE_THREADS, sizeof *live->raw.threads);
	live->scanned = CT_SESSION_SIZE;
	ct_raw_sort_modules(&live->raw);
	if (!open_file(live, err) || !read_session(live, err)) {
		ct_live_close(live);
		return false;
	}
	live->raw.session.append = 0; /* nothing was looked at yet */
	ct_live_rest(live);
	*out = live;
	return true;
}

bool ct_live_refresh(struct ct_live *live, struct ct_error *err)
{
	uint64_t append = live->raw.session.append;

	live->now = __rdtsc();
	live->self = gettid();
	if (live->fd < 0 && !open_file(live, err))
		return false;
	if (!read_session(live, err))
		return false;
	if (live->raw.session.append != append || ct_live_has_grown(live))
		ct_live_look_around(live);
	ct_live_update_modules(live);
	/* Functions whose calls have no records are told by their rows alone. */
	for (uint32_t i = 0; i < live->thread_count; i++)
		ct_live_update_rows(live, live->threads[i]);
	return true;
}

void ct_live_rest(struct ct_live *live)
{
	if (live->fd >= 0)
		close(live->fd);
	live->fd = -1;
}

uint32_t ct_live_threads(const struct ct_live *live)
{
	return live->thread_count;
}

uint32_t ct_live_tid(const struct ct_live *live, uint32_t thread)
{
	return live->threads[thread]->tid;
}

const char *ct_live_thread_name(const struct ct_live *live, uint32_t thread)
{
	return live->threads[thread]->name[0] ? live->threads[thread]->name : NULL;
}

struct ct_stream *ct_live_stream(const struct ct_live *live, uint32_t thread)
{
	return &live->threads[thread]->stream;
}

const struct ct_trace *ct_live_trace(const struct ct_live *live)
{
	return &live->trace;
}

uint64_t ct_live_lost(const struct ct_live *live)
{
	uint64_t lost = live->gaps;

	/* Chunks that a limit let go may have been read before; those that were not are gaps. */
	for (int i = 0; i < CT_LOSSES; i++)
		if (i != CT_LOST_EXITS
		    && (i != CT_LOST_LIMIT || live->raw.session.keep != CT_KEEP_NEWEST))
			lost += live->raw.session.lost[i];
	return lost;
}

enum ct_event ct_live_next(struct ct_live *live, uint32_t thread)
{
	struct live_thread *t = live->threads[thread];
	struct ct_raw *raw = &live->raw;
	enum ct_event event;

	t->stream.feed = ct_live_feed;
	t->stream.live = live;
	while ((event = ct_stream_next(&t->stream)) == CT_EVENT_MARK) {
		if (t->stream.mark != CT_PHASE || t->tid != raw->session.pid)
			continue;
		raw->steps = ct_realloc(raw->steps, (raw->step_count + 1) * sizeof *raw->steps);
		raw->steps[raw->step_count++] = (struct ct_phase_step){ t->stream.ticks, t->stream.phase };
	}
	return event;
}

void ct_live_close(struct ct_live *live)
{
	if (!live)
		return;
	for (uint32_t i = 0; i < live->thread_count; i++) {
		struct live_thread *t = live->threads[i];

		ct_stream_deinit(&t->stream);
		free(t->words);
		free(t->segments);
		free(t->by_seq);
		free(t->raw->rows);
		free(t->raw->chunks);
		free(t);
	}
	for (uint32_t i = 0; i < live->kept_count; i++)
		free(live->kept[i]);
	ct_live_rest(live);
	free(live->kept);
	free(live->module_at);
	free(live->threads);
	free(live->by_number);
	free(live->extents);
	free(live->holes);
	free(live->raw.threads);
	free(live->raw.modules);
	free(live->raw.by_low);
	free(live->raw.steps);
	ct_arena_deinit(&live->trace.arena);
	free(live);
}
