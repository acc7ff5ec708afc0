/*
 * write.c - the JSON document: metadata and summary, then the call trees (tree.c).
 * What each key means: docs/json-trace.md, docs/trace.schema.json.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <calltrace/calltrace.h>

#include "base/map.h"
#include "base/text.h"
#include "format/choice.h"
#include "trace/crash.h"
#include "trace/tree.h"

/*
 * Metadata and summary are small and built in memory. Pretty: one member a line, but what
 * lies deeper than two levels stays on the line of what holds it.
 */
struct doc {
	struct ct_text text;
	bool pretty, first;
	unsigned depth, lines; /* values open; deepest one that has lines of its own */
};

static void add_line(struct doc *d, unsigned depth)
{
	ct_text_add_n(&d->text, "\n        ", 1 + 2 * depth); /* at most 4 */
}

/* Names and paths are many, and plain nearly always. */
static void add_string(struct ct_text *text, const char *string)
{
	size_t n = 0;
	char *to;

	while (string[n] >= 0x20 && string[n] < 0x7f && string[n] != '"' && string[n] != '\\')
		n++;
	if (string[n]) {
		ct_text_add_json(text, string);
		return;
	}
	to = ct_text_reserve(text, n + 2);
	to[0] = '"';
	memcpy(to + 1, string, n);
	to[n + 1] = '"';
	to[n + 2] = '\0';
	text->length += n + 2;
}

static void begin_value(struct doc *d, const char *key)
{
	if (!d->first)
		ct_text_add(&d->text, d->pretty && d->depth > d->lines ? ", " : ",");
	if (d->pretty && d->depth > 0 && d->depth <= d->lines)
		add_line(d, d->depth);
	d->first = false;
	if (key) {
		add_string(&d->text, key);
		ct_text_add(&d->text, d->pretty ? ": " : ":");
	}
}

static void open_value(struct doc *d, const char *key, char bracket)
{
	begin_value(d, key);
	ct_text_add_char(&d->text, bracket);
	d->depth++;
	d->first = true;
}

static void close_value(struct doc *d, char bracket)
{
	if (d->pretty && d->depth <= d->lines && !d->first)
		add_line(d, d->depth - 1);
	d->depth--;
	ct_text_add_char(&d->text, bracket);
	d->first = false;
}

static void put_text(struct doc *d, const char *key, const char *value)
{
	begin_value(d, key);
	if (value)
		add_string(&d->text, value);
	else
		ct_text_add(&d->text, "null");
}

/* Nothing where nothing is known. */
static void put_known(struct doc *d, const char *key, const char *value)
{
	if (value && value[0])
		put_text(d, key, value);
}

static void put_number(struct doc *d, const char *key, uint64_t value)
{
	begin_value(d, key);
	ct_text_add_u64(&d->text, value);
}

static void put_bool(struct doc *d, const char *key, bool value)
{
	begin_value(d, key);
	ct_text_add(&d->text, value ? "true" : "false");
}

static void put_address(struct doc *d, const char *key, uint64_t address)
{
	char text[20], *at = text + sizeof text;

	*--at = '"';
	do
		*--at = "0123456789abcdef"[address & 15];
	while (address >>= 4);
	*--at = 'x';
	*--at = '0';
	*--at = '"';
	begin_value(d, key);
	ct_text_add_n(&d->text, at, (size_t)(text + sizeof text - at));
}

/* --- metadata --- */

static void put_timestamp(struct doc *d, uint64_t realtime)
{
	time_t seconds = (time_t)(realtime / 1000000000u);
	struct tm tm;
	char text[64];
	size_t n;

	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof tm);
	n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof text - n, ".%09uZ", (unsigned) (realtime % 1000000000u));
	put_text(d, "timestamp", text);
}

static void put_test(struct doc *d, const struct ct_trace_test *test)
{
	if (!test->suite)
		return;
	open_value(d, "test", '{');
	put_text(d, "suite", test->suite);
	put_text(d, "name", test->name ? test->name : "");
	put_known(d, "file", test->file);
	if (test->line)
		put_number(d, "line", test->line);
	if (test->parameter >= 0)
		put_number(d, "parameter", (uint64_t) test->parameter);
	else
		put_text(d, "parameter", NULL);
	put_text(d, "status", ct_status_name(test->status));
	put_known(d, "ended", test->ended);
	if (test->signal)
		put_number(d, "signal", (uint64_t) test->signal);
	else if (test->exit_status >= 0)
		put_number(d, "exit_status", (uint64_t) test->exit_status);
	put_known(d, "executable", test->executable);
	close_value(d, '}');
}

static void put_modules(struct doc *d, const struct ct_trace *trace)
{
	open_value(d, "modules", '[');
	for (size_t i = 0; i < trace->module_count; i++) {
		const struct ct_trace_module *m = &trace->modules[i];

		open_value(d, NULL, '{');
		put_text(d, "path", m->path);
		put_known(d, "build_id", m->build_id);
		put_address(d, "bias", m->bias);
		put_known(d, "index_error", m->index_error);
		close_value(d, '}');
	}
	close_value(d, ']');
}

static void put_lost(struct doc *d, const struct ct_trace_meta *meta)
{
	open_value(d, "lost", '{');
	for (int i = 0; i < CT_LOSSES; i++)
		if (meta->lost[i])
			put_number(d, ct_loss_names[i], meta->lost[i]);
	close_value(d, '}');
}

static const char *build_id_of(const struct ct_trace *trace)
{
	for (size_t i = 0; i < trace->module_count; i++)
		if (strcmp(trace->modules[i].path, trace->meta.executable) == 0)
			return trace->modules[i].build_id;
	return NULL;
}

/* Those that were reached. */
static void put_limits(struct doc *d, const struct ct_trace_meta *meta)
{
	bool size = meta->lost[CT_LOST_LIMIT] && meta->max_size, calls = meta->max_calls && meta->cut;

	if (size)
		put_number(d, "max_size", meta->max_size);
	if (calls)
		put_number(d, "max_calls", meta->max_calls);
	if (size || calls)
		put_text(d, "keep", ct_keep_names[meta->keep]);
}

static bool is_in_list(const struct ct_trace_pattern *p, unsigned list, bool unmatched)
{
	return p->list == list && (p->unmatched || !unmatched);
}

/* The user's lists, or only those patterns that mean nothing. */
static void put_patterns(struct doc *d, const struct ct_trace_meta *meta, bool unmatched)
{
	for (unsigned list = 0; list < CT_CHOICE_LISTS; list++) {
		bool any = false;

		for (size_t i = 0; i < meta->pattern_count; i++) {
			if (!is_in_list(&meta->patterns[i], list, unmatched))
				continue;
			if (!any)
				open_value(d, ct_choice_names[list], '[');
			any = true;
			put_text(d, NULL, meta->patterns[i].text);
		}
		if (any)
			close_value(d, ']');
	}
}

static void put_flags(struct doc *d, const struct ct_trace_meta *meta, uint32_t max_depth)
{
	open_value(d, "flags", '{');
	put_bool(d, "capture_args", meta->capture_args);
	put_number(d, "max_depth", max_depth);
	put_limits(d, meta);
	if (meta->has_limits) {
		put_number(d, "string_length", meta->string_length);
		put_number(d, "value_depth", meta->value_depth);
		put_number(d, "call_bytes", meta->call_bytes);
	}
	put_patterns(d, meta, false);
	close_value(d, '}');
}

static void put_unmatched(struct doc *d, const struct ct_trace_meta *meta)
{
	bool any = false;

	for (size_t i = 0; i < meta->pattern_count; i++)
		any |= meta->patterns[i].unmatched;
	if (!any)
		return;
	open_value(d, "unmatched_patterns", '{');
	put_patterns(d, meta, true);
	close_value(d, '}');
}

static void put_metadata(struct doc *d, const struct ct_trace *trace, uint32_t max_depth)
{
	const struct ct_trace_meta *meta = &trace->meta;

	open_value(d, "metadata", '{');
	put_text(d, "version", CALLTRACE_VERSION); /* of the format, hence of the writer */
	put_timestamp(d, meta->realtime);
	put_number(d, "total_calls", meta->total_calls);
	put_number(d, "threads", trace->thread_count);
	put_number(d, "duration", meta->duration);
	put_known(d, "executable", meta->executable);
	put_known(d, "build_id", build_id_of(trace));
	put_known(d, "directory", meta->directory);
	put_number(d, "pid", meta->pid);
	put_number(d, "parent_pid", meta->parent_pid);
	put_known(d, "parent_trace", meta->parent_trace);
	put_text(d, "role", ct_role_names[meta->role]);
	put_test(d, &trace->test);
	put_flags(d, meta, max_depth);
	put_unmatched(d, meta);
	put_bool(d, "complete", meta->complete);
	put_lost(d, meta);
	put_number(d, "damaged", meta->damaged);
	put_number(d, "truncated_calls", meta->truncated);
	if (meta->excluded)
		put_number(d, "excluded_calls", meta->excluded);
	put_known(d, "stopped", meta->stopped);
	put_modules(d, trace);
	if (trace->crash) {
		begin_value(d, "crash");
		ct_crash_write(&d->text, trace->crash, d->pretty);
	}
	close_value(d, '}');
}

/* --- summary --- */

static void put_functions(struct doc *d, const struct ct_trace *trace)
{
	open_value(d, "functions", '[');
	for (size_t i = 0; i < trace->function_count; i++) {
		const struct ct_trace_function *f = &trace->functions[i];

		open_value(d, NULL, '{');
		put_number(d, "id", i);
		put_text(d, "function", f->name);
		put_known(d, "file", f->file);
		if (f->line)
			put_number(d, "line", f->line);
		if (f->module != CT_NO_ROW)
			put_number(d, "module", f->module);
		if (f->address)
			put_address(d, "address", f->address);
		if (f->flags & CT_FUNCTION_TEST)
			put_bool(d, "test", true);
		if (f->excluded)
			put_bool(d, "excluded", true);
		if (f->flags & CT_FUNCTION_ARTIFICIAL)
			put_bool(d, "artificial", true);
		put_number(d, "calls", f->calls);
		close_value(d, '}');
	}
	close_value(d, ']');
}

static void put_pairs(struct doc *d, const struct ct_trace *trace)
{
	open_value(d, "call_pairs", '[');
	for (size_t i = 0; i < trace->pair_count; i++) {
		const struct ct_trace_pair *p = &trace->pairs[i];

		open_value(d, NULL, '{');
		put_text(d, "caller", trace->functions[p->caller].name);
		put_text(d, "callee", trace->functions[p->callee].name);
		put_number(d, "caller_id", p->caller);
		put_number(d, "callee_id", p->callee);
		put_known(d, "through", p->through);
		put_number(d, "calls", p->calls);
		close_value(d, '}');
	}
	close_value(d, ']');
}

static void put_sites(struct doc *d, const struct ct_trace *trace)
{
	open_value(d, "call_sites", '[');
	for (size_t i = 0; i < trace->site_count; i++) {
		const struct ct_trace_site *s = &trace->sites[i];

		open_value(d, NULL, '{');
		put_text(d, "caller", trace->functions[s->caller].name);
		put_text(d, "callee", trace->functions[s->callee].name);
		put_number(d, "caller_id", s->caller);
		put_number(d, "callee_id", s->callee);
		put_known(d, "file", s->file);
		if (s->line)
			put_number(d, "line", s->line);
		if (s->column)
			put_number(d, "column", s->column);
		put_number(d, "ordinal", s->ordinal);
		put_number(d, "module", s->module);
		put_address(d, "address", s->address);
		put_number(d, "calls", s->calls);
		close_value(d, '}');
	}
	close_value(d, ']');
}

static void put_threads(struct doc *d, const struct ct_trace *trace)
{
	open_value(d, "threads", '[');
	for (size_t i = 0; i < trace->thread_count; i++) {
		open_value(d, NULL, '{');
		put_number(d, "thread_id", trace->threads[i].tid);
		put_known(d, "name", trace->threads[i].name);
		put_number(d, "calls", trace->threads[i].calls);
		close_value(d, '}');
	}
	close_value(d, ']');
}

static void put_summary(struct doc *d, const struct ct_trace *trace)
{
	d->lines = 3;
	open_value(d, "summary", '{');
	put_functions(d, trace);
	put_pairs(d, trace);
	put_sites(d, trace);
	put_threads(d, trace);
	close_value(d, '}');
}

/* --- call trees --- */

/* Keys must differ; the system may have given one number to two threads, one by one. */
static char *thread_key(struct ct_map *seen, uint32_t tid, uint32_t thread)
{
	struct ct_text key = {0};
	bool added;

	ct_text_add_u64(&key, tid);
	ct_map_add(seen, key.data, key.length, 0, &added);
	if (!added)
		ct_text_addf(&key, ".%u", thread);
	return key.data;
}

static void flush(struct doc *d, struct ct_sink *sink)
{
	ct_sink_add(sink, d->text.data, d->text.length);
	ct_text_clear(&d->text);
}

static void write_thread(struct doc *d, struct ct_sink *sink, const struct ct_trace *trace,
                         uint32_t thread, const struct ct_tree_part *part, struct ct_map *seen)
{
	ct_auto_free char *key = thread_key(seen, trace->threads[thread].tid, thread);

	open_value(d, key, '{');
	put_number(d, "thread_id", trace->threads[thread].tid);
	put_known(d, "name", trace->threads[thread].name);
	begin_value(d, NULL);
	flush(d, sink);
	ct_tree_write(trace, thread, part, d->pretty, sink);
	close_value(d, '}');
}

static int write_document(const struct ct_trace *trace, uint32_t max_depth,
                          const struct ct_tree_part *parts, bool pretty, int fd)
{
	struct doc d = { .pretty = pretty, .first = true, .lines = 2 };
	struct ct_map seen = {0};
	struct ct_sink sink;

	ct_sink_init(&sink, fd);
	open_value(&d, NULL, '{');
	put_metadata(&d, trace, max_depth);
	put_summary(&d, trace);
	open_value(&d, "call_trees", '{');
	for (size_t i = 0; i < trace->thread_count; i++)
		write_thread(&d, &sink, trace, (uint32_t) i, &parts[i], &seen);
	close_value(&d, '}');
	close_value(&d, '}');
	ct_text_add_char(&d.text, '\n');
	flush(&d, &sink);
	ct_text_deinit(&d.text);
	ct_map_deinit(&seen);
	return ct_sink_finish(&sink);
}

bool ct_trace_write_json(struct ct_trace *trace, const struct ct_json_options *options,
                         const char *path, struct ct_error *err)
{
	struct ct_output_file out;
	ct_auto_free struct ct_tree_part *parts = NULL;
	uint32_t max_depth;
	bool pretty;
	int error;

	if (!trace->raw)
		return ct_fail(err, CT_EUSAGE, "%s: is a JSON trace already", trace->path);
	ct_raw_need_look(trace);
	if (!ct_output_check(path, false, err) || !ct_output_spares(path, "{\"metadata\":", "a JSON trace", err))
		return false;
	ct_trace_crash(trace);
	max_depth = options && options->max_depth ? options->max_depth : trace->meta.max_depth;
	max_depth = max_depth ? max_depth : UINT32_MAX;
	pretty = options && options->pretty >= 0 ? options->pretty == 1
	                                         : trace->raw->session.pretty_json != 0;
	if (options && options->max_calls >= 0)
		trace->meta.max_calls = (uint64_t) options->max_calls;
	parts = ct_calloc(trace->thread_count + 1, sizeof *parts);
	trace->meta.truncated = ct_tree_share(trace, max_depth, trace->meta.max_calls, parts);
	trace->meta.cut = false;
	for (size_t i = 0; i < trace->thread_count; i++)
		trace->meta.cut |= parts[i].cut;
	if (!ct_output_open(&out, path, 0600, err))
		return false;
	fflush(out.file);
	error = write_document(trace, max_depth, parts, pretty, fileno(out.file));
	if (!error)
		return ct_output_finish(&out, err);
	ct_output_abandon(&out);
	return ct_fail(err, CT_EIO, "%s: cannot write it: %s",
	               strcmp(path, "-") == 0 ? "standard output" : path, strerror(error));
}
