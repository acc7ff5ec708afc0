/*
 * raw.c - opens a raw trace: all but its calls.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <calltrace/calltrace.h>

#include "base/text.h"
#include "trace/internal.h"

static const char *text_or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static const char *const ended_names[] = {
	[CT_ENDED_RETURNED] = "returned",
	[CT_ENDED_ASSERTION] = "assertion",
	[CT_ENDED_SKIP] = "skip",
	[CT_ENDED_EXIT] = "exit",
	[CT_ENDED_EXCEPTION] = "exception",
	[CT_ENDED_QUICK_EXIT] = "exit",
};

static void fill_test(struct ct_trace *trace)
{
	const struct ct_session *s = &trace->raw->session;
	struct ct_trace_test *test = &trace->test;

	*test = (struct ct_trace_test){ .parameter = -1, .exit_status = -1 };
	if (!s->suite[0])
		return;
	test->suite = s->suite;
	test->name = s->test;
	test->file = text_or_null(s->test_file);
	test->line = s->test_line;
	if (s->ended < sizeof ended_names / sizeof *ended_names)
		test->ended = ended_names[s->ended];
	if (s->exit_known)
		test->exit_status = WIFEXITED(s->exit_status) ? WEXITSTATUS(s->exit_status) : -1;
}

static uint64_t last_record(const struct ct_raw *raw)
{
	uint64_t last = 0;

	for (size_t i = 0; i < raw->thread_count; i++)
		last = raw->threads[i].last > last ? raw->threads[i].last : last;
	return last;
}

/* What the tables say, when nobody looks at the records. */
static void count_calls(struct ct_trace *trace)
{
	for (size_t i = 0; i < trace->thread_count; i++) {
		const struct ct_raw_thread *t = &trace->raw->threads[i];

		for (uint32_t row = 0; row < t->row_count; row++)
			if (t->rows[row].plain)
				trace->threads[i].calls += t->rows[row].count;
	}
}

/* Counted, but not in the records: by how many the table is ahead. */
static uint64_t count_missing(const struct ct_trace *trace)
{
	uint64_t seen = trace->meta.lost[CT_LOST_DEPTH] + trace->meta.excluded;

	for (size_t i = 0; i < trace->thread_count; i++)
		seen += trace->raw->threads[i].seen;
	return trace->meta.total_calls > seen ? trace->meta.total_calls - seen : 0;
}

static void fill_limit(struct ct_trace *trace)
{
	const struct ct_session *s = &trace->raw->session;
	struct ct_trace_meta *meta = &trace->meta;

	meta->max_size = s->max_size;
	meta->max_calls = s->max_calls;
	meta->keep = s->keep == CT_KEEP_OLDEST ? CT_KEEP_OLDEST : CT_KEEP_NEWEST;
	if (!s->lost[CT_LOST_LIMIT])
		return;
	meta->lost[CT_LOST_LIMIT] = count_missing(trace);
}

static void fill_meta(struct ct_trace *trace)
{
	struct ct_raw *raw = trace->raw;
	const struct ct_session *s = &raw->session;
	struct ct_trace_meta *meta = &trace->meta;
	uint64_t lost = 0, gaps = 0;

	meta->version = s->tool[0] ? s->tool : CALLTRACE_VERSION;
	meta->executable = s->executable;
	meta->directory = s->directory;
	meta->pid = s->pid;
	meta->parent_pid = s->ppid;
	meta->role = s->role <= CT_ROLE_WORKER ? s->role : CT_ROLE_PROGRAM;
	meta->realtime = s->realtime;
	meta->max_depth = s->max_depth;
	meta->capture_args = s->capture_args != 0;
	meta->stopped = s->stop_errno ? strerrordesc_np((int) s->stop_errno) : NULL;
	if (s->stop_errno && !meta->stopped)
		meta->stopped = ct_arena_printf(&trace->arena, "error %u", s->stop_errno);
	for (size_t i = 0; i < trace->thread_count; i++)
		gaps += raw->threads[i].gaps;
	for (int i = 0; i < CT_LOSSES; i++)
		lost |= meta->lost[i] = s->lost[i];
	meta->duration = ct_ns(&raw->timebase, last_record(raw));
	meta->damaged = raw->damaged + raw->record_damage;
	/* Chunks that the writer knows it could not write are counted there. */
	if (!raw->words_lost && !s->lost[CT_LOST_LIMIT])
		meta->damaged += gaps;
	fill_limit(trace);
	meta->complete = raw->has_session && s->closed && !lost && !gaps && !meta->damaged
	                 && !s->stop_errno;
}

bool ct_raw_open(struct ct_trace *trace, const struct ct_trace_options *options,
                 struct ct_error *err)
{
	struct ct_raw *raw = trace->raw;

	if (!ct_raw_scan(trace, err))
		return false;
	raw->words_lost = raw->session.lost[CT_LOST_NO_SPACE] || raw->session.lost[CT_LOST_IO];
	ct_raw_find_last(raw);
	ct_timebase_init(&raw->timebase, &raw->session, last_record(raw), options ? options->now : NULL);
	ct_raw_resolve(trace, options);
	ct_choice_match(trace);
	/* What a limit took can only be told from what is there. */
	if (options && options->summary_only && !raw->session.lost[CT_LOST_LIMIT])
		count_calls(trace);
	else
		ct_raw_look(trace);
	fill_test(trace);
	fill_meta(trace);
	/* Many may be open at a time: what was looked at need not stay in memory until the walk. */
	madvise((void *) raw->bytes.data, raw->bytes.size, MADV_DONTNEED);
	return true;
}

void ct_raw_need_look(struct ct_trace *trace)
{
	struct ct_raw *raw = trace->raw;

	if (raw->thread_count == 0 || raw->threads[0].looked)
		return;
	ct_raw_look(trace);
	fill_meta(trace);
}

void ct_raw_close(struct ct_raw *raw)
{
	size_t threads = raw->thread_count;

	for (size_t i = 0; i < threads; i++) {
		free(raw->threads[i].rows);
		free(raw->threads[i].left);
		free(raw->threads[i].chunks);
	}
	free(raw->threads);
	free(raw->modules);
	free(raw->by_low);
	free(raw->steps);
	ct_file_unmap(&raw->bytes);
	free(raw);
}
