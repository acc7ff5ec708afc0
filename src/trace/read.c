/*
 * read.c - opens a JSON trace: metadata and summary, and no farther. The call trees, which
 * may be a thousand times larger, are left to reread.c.
 */
#include "format/choice.h"
#include "trace/read_fields.h"

#include <stdlib.h>
#include <time.h>

#include <calltrace/calltrace.h>

struct ct_json *ct_json_new(struct ct_bytes bytes)
{
	struct ct_json *json = ct_calloc(1, sizeof *json);

	json->bytes = bytes;
	json->pull.data = (const char *) bytes.data;
	json->pull.size = bytes.size;
	if (bytes.size >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0)
		json->pull.at = 3;
	return json;
}

void ct_json_close(struct ct_json *json)
{
	ct_pull_deinit(&json->pull);
	ct_map_deinit(&json->texts);
	free(json->text_list);
	free(json->thread_at);
	ct_file_unmap(&json->bytes);
	free(json);
}

bool ct_json_damaged(const struct ct_trace *trace, struct ct_error *err)
{
	return ct_fail(err, CT_EDAMAGED, "%s: byte %zu: %s; the trace is damaged", trace->path,
	               trace->json->pull.at, trace->json->pull.what);
}

/* --- pieces --- */

/* The number of a word in a table, or `otherwise`. */
static uint32_t word(struct ct_pull *p, const char *(*name)(uint32_t), uint32_t count,
                     uint32_t otherwise)
{
	struct ct_span raw = ct_pull_raw_string(p);

	for (uint32_t i = 0; i < count; i++)
		if (ct_span_is(raw, name(i)))
			return i;
	return otherwise;
}

static const char *status_name(uint32_t i)
{
	return ct_status_name((enum ct_status) i);
}

static const char *role_name(uint32_t i)
{
	return ct_role_names[i];
}

static const char *keep_name(uint32_t i)
{
	return ct_keep_names[i];
}

static uint64_t timestamp(struct ct_pull *p)
{
	struct ct_span raw = ct_pull_raw_string(p);
	char copy[64];
	struct tm tm = {0};
	unsigned nanoseconds = 0;
	const char *rest;

	if (raw.length >= sizeof copy)
		return 0;
	memcpy(copy, raw.data, raw.length);
	copy[raw.length] = '\0';
	rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || tm.tm_year < 70)
		return 0;
	if (*rest == '.')
		for (unsigned unit = 100000000; *++rest >= '0' && *rest <= '9'; unit /= 10)
			nanoseconds += unit * (unsigned) (*rest - '0');
	return (uint64_t) timegm(&tm) * 1000000000u + nanoseconds;
}

/* --- metadata --- */

static void read_test(struct ct_trace *trace)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_trace_test *t = &trace->test;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "suite"))
			t->suite = ct_json_text(trace);
		else if (ct_span_is(key, "name"))
			t->name = ct_json_text(trace);
		else if (ct_span_is(key, "file"))
			t->file = ct_json_text(trace);
		else if (ct_span_is(key, "line"))
			t->line = ct_json_number32(p);
		else if (ct_span_is(key, "parameter") && ct_pull_peek(p) != 'n')
			t->parameter = (int32_t)(ct_json_number32(p) & INT32_MAX);
		else if (ct_span_is(key, "status"))
			t->status = (enum ct_status) word(p, status_name, CT_STATUS_TIMED_OUT + 1,
			                                  CT_STATUS_UNKNOWN);
		else if (ct_span_is(key, "ended"))
			t->ended = ct_json_text(trace);
		else if (ct_span_is(key, "signal"))
			t->signal = (int) (ct_json_number32(p) & 0x7f);
		else if (ct_span_is(key, "exit_status"))
			t->exit_status = (int) (ct_json_number32(p) & 0xff);
		else if (ct_span_is(key, "executable"))
			t->executable = ct_json_text(trace);
		else
			ct_pull_skip(p);
	}
	if (t->suite && !t->name)
		t->name = "";
}

static bool read_patterns(struct ct_trace *trace, struct ct_span key, bool unmatched)
{
	struct ct_pull *p = &trace->json->pull;
	unsigned list = 0;

	while (list < CT_CHOICE_LISTS && !ct_span_is(key, ct_choice_names[list]))
		list++;
	if (list == CT_CHOICE_LISTS)
		return false;
	if (ct_pull_open(p, '['))
		while (ct_pull_element(p)) {
			const char *pattern = ct_json_text(trace);

			if (pattern)
				ct_choice_add(trace, list, pattern, strlen(pattern), unmatched);
		}
	return true;
}

static void read_unmatched(struct ct_trace *trace)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key))
		if (!read_patterns(trace, key, true))
			ct_pull_skip(p);
}

static bool read_limit(struct ct_trace *trace, struct ct_span key)
{
	struct ct_trace_meta *m = &trace->meta;
	uint32_t *limit = ct_span_is(key, "string_length") ? &m->string_length
	                  : ct_span_is(key, "value_depth") ? &m->value_depth
	                  : ct_span_is(key, "call_bytes") ? &m->call_bytes : NULL;

	if (limit) {
		*limit = ct_json_number32(&trace->json->pull);
		m->has_limits = true;
	}
	return limit != NULL;
}

static void read_flags(struct ct_trace *trace)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "capture_args"))
			trace->meta.capture_args = ct_pull_bool(p);
		else if (ct_span_is(key, "max_depth"))
			trace->meta.max_depth = ct_json_number32(p);
		else if (ct_span_is(key, "max_size"))
			trace->meta.max_size = ct_pull_number(p);
		else if (ct_span_is(key, "max_calls"))
			trace->meta.cut = (trace->meta.max_calls = ct_pull_number(p)) != 0;
		else if (ct_span_is(key, "keep"))
			trace->meta.keep = (enum ct_keep) word(p, keep_name, 2, CT_KEEP_NEWEST);
		else if (!read_limit(trace, key) && !read_patterns(trace, key, false))
			ct_pull_skip(p);
	}
}

static void read_lost(struct ct_trace *trace)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		int which = 0;

		while (which < CT_LOSSES && !ct_span_is(key, ct_loss_names[which]))
			which++;
		if (which < CT_LOSSES)
			trace->meta.lost[which] = ct_pull_number(p);
		else
			ct_pull_skip(p);
	}
}

static void read_module(struct ct_trace *trace, struct ct_trace_module *m)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	m->path = "";
	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "path")) {
			const char *path = ct_json_text(trace);

			m->path = path ? path : "";
		} else if (ct_span_is(key, "build_id")) {
			struct ct_span id = ct_pull_raw_string(p);

			memcpy(m->build_id, id.data, id.length < 65 ? id.length : 0);
		} else if (ct_span_is(key, "index_error")) {
			m->index_error = ct_json_text(trace);
		} else {
			ct_pull_skip(p);
		}
	}
}

static void read_modules(struct ct_trace *trace)
{
	struct ct_pull *p = &trace->json->pull;

	if (!ct_pull_open(p, '['))
		return;
	while (ct_pull_element(p)) {
		trace->modules = ct_json_grow(trace, trace->modules, trace->module_count,
		                      sizeof *trace->modules);
		read_module(trace, &trace->modules[trace->module_count++]);
	}
}

/* What concerns the process. */
static bool read_process(struct ct_trace *trace, struct ct_span key)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_trace_meta *m = &trace->meta;

	if (ct_span_is(key, "version"))
		m->version = ct_json_text(trace);
	else if (ct_span_is(key, "timestamp"))
		m->realtime = timestamp(p);
	else if (ct_span_is(key, "executable"))
		m->executable = ct_json_text(trace);
	else if (ct_span_is(key, "directory"))
		m->directory = ct_json_text(trace);
	else if (ct_span_is(key, "pid"))
		m->pid = ct_json_number32(p);
	else if (ct_span_is(key, "parent_pid"))
		m->parent_pid = ct_json_number32(p);
	else if (ct_span_is(key, "parent_trace"))
		m->parent_trace = ct_json_text(trace);
	else if (ct_span_is(key, "role"))
		m->role = word(p, role_name, 3, CT_ROLE_PROGRAM);
	else
		return false;
	return true;
}

static void read_metadata(struct ct_trace *trace)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_trace_meta *m = &trace->meta;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (read_process(trace, key))
			continue;
		if (ct_span_is(key, "total_calls"))
			m->total_calls = ct_pull_number(p);
		else if (ct_span_is(key, "duration"))
			m->duration = ct_pull_number(p);
		else if (ct_span_is(key, "test"))
			read_test(trace);
		else if (ct_span_is(key, "flags"))
			read_flags(trace);
		else if (ct_span_is(key, "unmatched_patterns"))
			read_unmatched(trace);
		else if (ct_span_is(key, "complete"))
			m->complete = ct_pull_bool(p);
		else if (ct_span_is(key, "lost"))
			read_lost(trace);
		else if (ct_span_is(key, "damaged"))
			m->damaged = ct_pull_number(p);
		else if (ct_span_is(key, "excluded_calls"))
			trace->meta.excluded = ct_pull_number(p);
		else if (ct_span_is(key, "truncated_calls"))
			m->truncated = ct_pull_number(p);
		else if (ct_span_is(key, "stopped"))
			m->stopped = ct_json_text(trace);
		else if (ct_span_is(key, "modules"))
			read_modules(trace);
		else if (ct_span_is(key, "crash"))
			ct_json_read_crash(trace);
		else
			ct_pull_skip(p);
	}
}

/* --- summary --- */

static void read_function(struct ct_trace *trace, size_t number)
{
	struct ct_trace_function *f = &trace->functions[number];
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	*f = (struct ct_trace_function){ .module = CT_NO_ROW };
	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "id")) {
			if (ct_pull_number(p) != number)
				ct_pull_fail(p, "the ids of the functions are not 0, 1, 2 ...");
		} else if (ct_span_is(key, "function")) {
			f->name = ct_json_text(trace);
		} else if (ct_span_is(key, "file")) {
			f->file = ct_json_text(trace);
		} else if (ct_span_is(key, "line")) {
			f->line = ct_json_number32(p);
		} else if (ct_span_is(key, "module")) {
			f->module = ct_json_number32(p);
		} else if (ct_span_is(key, "address")) {
			f->address = ct_json_address(p);
		} else if (ct_span_is(key, "calls")) {
			f->calls = ct_pull_number(p);
		} else if (ct_span_is(key, "excluded")) {
			f->excluded = ct_pull_bool(p);
		} else if (ct_span_is(key, "test")) {
			f->flags |= ct_pull_bool(p) ? CT_FUNCTION_TEST : 0;
		} else if (ct_span_is(key, "artificial")) {
			f->flags |= ct_pull_bool(p) ? CT_FUNCTION_ARTIFICIAL : 0;
		} else {
			ct_pull_skip(p);
		}
	}
}

static void read_pair(struct ct_trace *trace, struct ct_trace_pair *pair)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	*pair = (struct ct_trace_pair){ .caller = CT_NO_ROW, .callee = CT_NO_ROW };
	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "caller_id"))
			pair->caller = ct_json_number32(p);
		else if (ct_span_is(key, "callee_id"))
			pair->callee = ct_json_number32(p);
		else if (ct_span_is(key, "through"))
			pair->through = ct_json_text(trace);
		else if (ct_span_is(key, "calls"))
			pair->calls = ct_pull_number(p);
		else
			ct_pull_skip(p);
	}
}

static void read_site(struct ct_trace *trace, struct ct_trace_site *s)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	*s = (struct ct_trace_site){ .caller = CT_NO_ROW, .callee = CT_NO_ROW, .module = CT_NO_ROW };
	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "caller_id"))
			s->caller = ct_json_number32(p);
		else if (ct_span_is(key, "callee_id"))
			s->callee = ct_json_number32(p);
		else if (ct_span_is(key, "file"))
			s->file = ct_json_text(trace);
		else if (ct_span_is(key, "line"))
			s->line = ct_json_number32(p);
		else if (ct_span_is(key, "column"))
			s->column = ct_json_number32(p);
		else if (ct_span_is(key, "ordinal"))
			s->ordinal = ct_json_number32(p);
		else if (ct_span_is(key, "module"))
			s->module = ct_json_number32(p);
		else if (ct_span_is(key, "address"))
			s->address = ct_json_address(p);
		else if (ct_span_is(key, "calls"))
			s->calls = ct_pull_number(p);
		else
			ct_pull_skip(p);
	}
}

static void read_thread(struct ct_trace *trace, struct ct_trace_thread *t)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "thread_id"))
			t->tid = ct_json_number32(p);
		else if (ct_span_is(key, "name"))
			t->name = ct_json_text(trace);
		else if (ct_span_is(key, "calls"))
			t->calls = ct_pull_number(p);
		else
			ct_pull_skip(p);
	}
}

#define READ_LIST(trace, items, read)                                                           \
	do {                                                                                    \
		if (!ct_pull_open(&(trace)->json->pull, '['))                                   \
			break;                                                                  \
		while (ct_pull_element(&(trace)->json->pull)) {                                 \
			(trace)->items##s = ct_json_grow(trace, (trace)->items##s, (trace)->items##_count, \
			                         sizeof *(trace)->items##s);                    \
			read;                                                                   \
			(trace)->items##_count++;                                               \
		}                                                                               \
	} while (0)

static void read_summary(struct ct_trace *trace)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "functions"))
			READ_LIST(trace, function, read_function(trace, trace->function_count));
		else if (ct_span_is(key, "call_pairs"))
			READ_LIST(trace, pair, read_pair(trace, &trace->pairs[trace->pair_count]));
		else if (ct_span_is(key, "call_sites"))
			READ_LIST(trace, site, read_site(trace, &trace->sites[trace->site_count]));
		else if (ct_span_is(key, "threads"))
			READ_LIST(trace, thread, read_thread(trace, &trace->threads[trace->thread_count]));
		else
			ct_pull_skip(p);
	}
}

/* Rows refer to rows: after this they may be followed without looking. */
static bool check(struct ct_trace *trace)
{
	size_t functions = trace->function_count;
	bool ok = true;

	for (size_t i = 0; i < functions; i++) {
		ok = ok && trace->functions[i].name;
		if (trace->functions[i].module >= trace->module_count)
			trace->functions[i].module = CT_NO_ROW;
	}
	for (size_t i = 0; i < trace->pair_count; i++)
		ok = ok && trace->pairs[i].caller < functions && trace->pairs[i].callee < functions;
	for (size_t i = 0; i < trace->site_count; i++) {
		ok = ok && trace->sites[i].caller < functions && trace->sites[i].callee < functions;
		if (trace->sites[i].module >= trace->module_count)
			trace->sites[i].module = CT_NO_ROW;
	}
	for (size_t i = 0; i < trace->thread_count; i++)
		trace->threads[i].index = (uint32_t) i;
	return ok;
}

/* --- whole --- */

/*
 * Whether the file ends as one of ours does: "}" for the document, the trees, and the last
 * thread (or "{}" where there is none). Inside the trees this never stands.
 */
static bool ends_whole(const struct ct_json *json)
{
	char last[3] = "";
	size_t found = 0, at = json->bytes.size;

	while (at > json->trees && found < 3) {
		char c = (char) json->bytes.data[--at];

		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			last[found++] = c;
	}
	return found == 3 && last[0] == '}' && last[1] == '}' && (last[2] == '}' || last[2] == '{');
}

static bool version_fits(struct ct_trace *trace, struct ct_error *err)
{
	char *end;
	unsigned long major = strtoul(trace->meta.version, &end, 10);

	if (end == trace->meta.version || *end != '.')
		return ct_fail(err, CT_ENOTRACE, "%s: is JSON, but not a trace of ours", trace->path);
	if (major > CALLTRACE_VERSION_MAJOR)
		return ct_fail(err, CT_EVERSION,
		               "%s: written by calltrace %s, this is %s; use a newer one",
		               trace->path, trace->meta.version, CALLTRACE_VERSION);
	return true;
}

static bool read_document(struct ct_trace *trace, struct ct_error *err)
{
	struct ct_pull *p = &trace->json->pull;
	bool metadata = false, summary = false, ahead = false;
	struct ct_span key;

	ct_pull_open(p, '{');
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "metadata")) {
			read_metadata(trace);
			metadata = !p->failed && trace->meta.version;
			if (metadata && !version_fits(trace, err))
				return false;
		} else if (ct_span_is(key, "summary")) {
			read_summary(trace);
			summary = !p->failed;
		} else if (ct_span_is(key, "call_trees")) {
			ct_pull_peek(p);
			trace->json->trees = p->at;
			ahead = metadata && summary;
			if (ahead)
				break;
			ct_pull_skip(p);
		} else {
			ct_pull_skip(p);
		}
	}
	/* Cut off within the metadata, whose first word is the version, it is ours all the same. */
	if (!metadata && !(p->failed && trace->meta.version))
		return ct_fail(err, CT_ENOTRACE, "%s: is JSON, but not a trace of ours", trace->path);
	if (!summary && !p->failed)
		ct_pull_fail(p, "there is no summary");
	if (!summary)
		return ct_json_damaged(trace, err);
	if (!check(trace)) {
		p->what = "the summary contradicts itself";
		return ct_json_damaged(trace, err);
	}
	/* The trees are behind, and cut off: all but them is whole. */
	if (p->failed || !trace->json->trees || (ahead && !ends_whole(trace->json))) {
		trace->meta.damaged++;
		trace->meta.complete = false;
	}
	p->failed = false;
	return true;
}

bool ct_json_open(struct ct_trace *trace, const struct ct_trace_options *options,
                  struct ct_error *err)
{
	(void) options;
	trace->test.parameter = trace->test.exit_status = -1;
	trace->meta.executable = trace->meta.directory = "";
	if (!read_document(trace, err))
		return false;
	if (!trace->meta.executable)
		trace->meta.executable = "";
	if (!trace->meta.directory)
		trace->meta.directory = "";
	return true;
}
