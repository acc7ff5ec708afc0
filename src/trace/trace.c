/*
 * trace.c - opens a trace of either kind, and hands out what is in it.
 */
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trace/internal.h"

const char *const ct_loss_names[CT_LOSSES] = {
	[CT_LOST_NO_SPACE] = "no_space",   [CT_LOST_IO] = "io",
	[CT_LOST_NO_MEMORY] = "no_memory", [CT_LOST_ROWS] = "rows",
	[CT_LOST_DEPTH] = "depth",         [CT_LOST_EXITS] = "exits",
	[CT_LOST_REENTRY] = "reentry",     [CT_LOST_LIMIT] = "size_limit",
	[CT_LOST_START] = "start",         [9] = "other9",
	[10] = "other10",                  [11] = "other11",
};

const char *const ct_role_names[3] = {
	[CT_ROLE_PROGRAM] = "program",
	[CT_ROLE_RUNNER] = "runner",
	[CT_ROLE_WORKER] = "worker",
};

const char *const ct_keep_names[2] = { [CT_KEEP_NEWEST] = "newest", [CT_KEEP_OLDEST] = "oldest" };

const char *ct_status_name(enum ct_status status)
{
	static const char *const names[] = {
		[CT_STATUS_UNKNOWN] = "unknown", [CT_STATUS_PASSED] = "passed",
		[CT_STATUS_FAILED] = "failed",   [CT_STATUS_SKIPPED] = "skipped",
		[CT_STATUS_CRASHED] = "crashed", [CT_STATUS_TIMED_OUT] = "timed_out",
	};

	return (unsigned) status < sizeof names / sizeof *names ? names[status] : "unknown";
}

const char *ct_phase_name(uint32_t phase)
{
	static const char *const names[CT_PHASES] = {
		[CT_PHASE_PROGRAM] = "program", [CT_PHASE_STARTUP] = "startup",
		[CT_PHASE_SETUP] = "setup",     [CT_PHASE_BODY] = "body",
		[CT_PHASE_TEARDOWN] = "teardown", [CT_PHASE_SHUTDOWN] = "shutdown",
	};

	return phase < CT_PHASES ? names[phase] : "program";
}

const char *ct_loss_name(int loss)
{
	return loss >= 0 && loss < CT_LOSSES ? ct_loss_names[loss] : "other";
}

/* The first byte that is not white space, behind a byte-order mark; -1: none. */
static int first_byte(const struct ct_bytes *bytes)
{
	size_t i = bytes->size >= 3 && memcmp(bytes->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (i < bytes->size && i < 4096 && memchr(" \t\r\n", bytes->data[i], 4))
		i++;
	return i < bytes->size ? bytes->data[i] : -1;
}

static bool open_either(struct ct_trace *trace, const struct ct_trace_options *options,
                        struct ct_error *err)
{
	struct ct_bytes bytes;

	if (!ct_file_map(trace->path, &bytes, err))
		return false;
	if (bytes.size == 0)
		return ct_fail(err, CT_ENOTRACE, "%s: is empty, not a trace", trace->path);
	if (first_byte(&bytes) == '{') {
		trace->json = ct_json_new(bytes);
		return ct_json_open(trace, options, err);
	}
	trace->raw = ct_calloc(1, sizeof *trace->raw);
	trace->raw->bytes = bytes;
	return ct_raw_open(trace, options, err);
}

bool ct_trace_open(const char *path, const struct ct_trace_options *options, struct ct_trace **out,
                   struct ct_error *err)
{
	struct ct_trace *trace = ct_calloc(1, sizeof *trace);

	trace->path = ct_arena_strdup(&trace->arena, path);
	if (!open_either(trace, options, err)) {
		ct_trace_close(trace);
		return false;
	}
	*out = trace;
	return true;
}

void ct_trace_close(struct ct_trace *trace)
{
	if (!trace)
		return;
	if (trace->raw)
		ct_raw_close(trace->raw);
	if (trace->json)
		ct_json_close(trace->json);
	ct_arena_deinit(&trace->arena);
	free(trace);
}

const struct ct_trace_meta *ct_trace_meta(const struct ct_trace *trace)
{
	return &trace->meta;
}

struct ct_trace_test *ct_trace_test(struct ct_trace *trace)
{
	return &trace->test;
}

const struct ct_trace_module *ct_trace_modules(const struct ct_trace *trace, size_t *count)
{
	*count = trace->module_count;
	return trace->modules;
}

static const struct ct_index *raw_index(const struct ct_trace *trace, uint32_t module, const char **why)
{
	for (size_t i = 0; i < trace->raw->module_count; i++)
		if (trace->raw->modules[i].row == module) {
			*why = trace->raw->modules[i].index_error;
			return trace->raw->modules[i].index;
		}
	return NULL;
}

static size_t parse_build_id(const char *hex, uint8_t out[32])
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n && i < 32; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		out[i] = (uint8_t) strtoul(pair, NULL, 16);
	}
	return n < 32 ? n : 32;
}

const struct ct_index *ct_trace_index(const struct ct_trace *trace, uint32_t module, const char **why)
{
	uint8_t id[32];
	size_t size;

	*why = NULL;
	if (trace->raw)
		return raw_index(trace, module, why);
	size = parse_build_id(trace->modules[module].build_id, id);
	return ct_indexes_get(trace->modules[module].path, id, size, true, why);
}

const struct ct_trace_function *ct_trace_functions(const struct ct_trace *trace, size_t *count)
{
	*count = trace->function_count;
	return trace->functions;
}

const struct ct_trace_pair *ct_trace_pairs(const struct ct_trace *trace, size_t *count)
{
	*count = trace->pair_count;
	return trace->pairs;
}

const struct ct_trace_site *ct_trace_sites(const struct ct_trace *trace, size_t *count)
{
	*count = trace->site_count;
	return trace->sites;
}

const struct ct_trace_thread *ct_trace_threads(const struct ct_trace *trace, size_t *count)
{
	*count = trace->thread_count;
	return trace->threads;
}

static bool index_knows(const struct ct_index *index,
                        bool (*is_it)(const char *function, const char *file, void *user), void *user)
{
	for (uint32_t i = 0; i < index->header->functions.count; i++) {
		const struct ct_index_function *f = &index->functions[i];
		const char *file = f->file == CT_NONE ? NULL : ct_index_string(index, index->files[f->file].name);

		if ((f->flags & CT_FUNCTION_INSTRUMENTED) && is_it(ct_index_string(index, f->name), file, user))
			return true;
	}
	return false;
}

bool ct_trace_knows(const struct ct_trace *trace,
                    bool (*is_it)(const char *function, const char *file, void *user), void *user)
{
	for (size_t i = 0; i < trace->function_count; i++)
		if (is_it(trace->functions[i].name, trace->functions[i].file, user))
			return true;
	for (size_t i = 0; trace->raw && i < trace->raw->module_count; i++)
		if (trace->raw->modules[i].index && index_knows(trace->raw->modules[i].index, is_it, user))
			return true;
	return false;
}

const struct ct_session *ct_trace_session(const struct ct_trace *trace)
{
	return trace->raw ? &trace->raw->session : NULL;
}

bool ct_trace_walk(struct ct_trace *trace, uint32_t thread, const struct ct_walker *walker,
                   void *user, struct ct_error *err)
{
	if (thread >= trace->thread_count)
		return ct_fail(err, CT_EUSAGE, "%s: there is no thread %u; it has %zu",
		               trace->path, thread, trace->thread_count);
	if (trace->json)
		return ct_json_walk(trace, thread, walker, user, err);
	return ct_raw_walk(trace, thread, walker, user);
}
