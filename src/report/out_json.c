/*
 * out_json.c - everything, for programs. docs/coverage.md lists the keys. One line for
 * each thing, so that two reports can be compared with diff, and so that only one line
 * at a time is a cJSON tree: a tree of all would be a hundred times the file.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include <calltrace/calltrace.h>

#include "base/text.h"
#include "report/output.h"

struct writer {
	const struct ct_coverage *model;
	FILE *to;
	uint64_t *calls; /* scratch, a number a test */
	struct ct_text text;
};

/* cJSON passes bytes on that are not UTF-8, and prints large numbers rounded. */
static void add_string(cJSON *object, const char *key, const char *string)
{
	struct ct_text text = {0};

	if (!string) {
		cJSON_AddNullToObject(object, key);
		return;
	}
	ct_text_add_json(&text, string);
	cJSON_AddRawToObject(object, key, text.data);
	ct_text_deinit(&text);
}

static void add_number(cJSON *object, const char *key, uint64_t number)
{
	struct ct_text text = {0};

	ct_text_add_u64(&text, number);
	cJSON_AddRawToObject(object, key, text.data);
	ct_text_deinit(&text);
}

static void add_row(cJSON *object, const char *key, uint32_t row)
{
	if (row == CT_NONE)
		cJSON_AddNullToObject(object, key);
	else
		add_number(object, key, row);
}

static void add_place(const struct writer *w, cJSON *object, uint32_t file, uint32_t line)
{
	const char *name = w->model->files[file].name;

	add_string(object, "file", name[0] ? name : NULL);
	add_number(object, "line", line);
}

/* A function's name, and its row, because names need not be unique. */
static void add_function(const struct writer *w, cJSON *object, const char *key,
                         const char *row_key, uint32_t row)
{
	add_string(object, key, row == CT_NONE ? NULL : w->model->functions[row].name);
	add_row(object, row_key, row);
}

static void add_count(cJSON *object, const char *key, struct ct_count count)
{
	cJSON *ratio = cJSON_AddObjectToObject(object, key);

	add_number(ratio, "covered", count.covered);
	add_number(ratio, "total", count.total);
	if (count.total)
		cJSON_AddNumberToObject(ratio, "percent",
		                        strtod(ct_percent(count).text, NULL));
	else
		cJSON_AddNullToObject(ratio, "percent");
}

static void add_totals(cJSON *object, const struct ct_totals *totals)
{
	add_count(object, "functions", totals->functions);
	add_count(object, "call_pairs", totals->pairs);
	add_count(object, "call_sites", totals->sites);
	add_count(object, "indirect_sites", totals->indirect);
	add_number(object, "indirect_targets", totals->targets);
}

/* [[test, calls], ...] as rows of "tests". */
static void add_hits(struct writer *w, cJSON *object, const struct ct_hits *hits)
{
	ct_text_clear(&w->text);
	ct_text_add_char(&w->text, '[');
	if (ct_cover_tests(w->model, hits, w->calls))
		for (uint32_t i = 0; i < w->model->test_count; i++) {
			if (w->calls[i] == 0)
				continue;
			ct_text_add(&w->text, w->text.length > 1 ? ",[" : "[");
			ct_text_add_u64(&w->text, i);
			ct_text_add_char(&w->text, ',');
			ct_text_add_u64(&w->text, w->calls[i]);
			ct_text_add_char(&w->text, ']');
		}
	ct_text_add_char(&w->text, ']');
	cJSON_AddRawToObject(object, "tests", w->text.data);
}

static void print(struct writer *w, cJSON *object, const char *before)
{
	char *text = cJSON_PrintUnformatted(object);

	if (!text)
		ct_alloc(SIZE_MAX); /* out of memory ends the program, as everywhere */
	fputs(before, w->to);
	fputs(text, w->to);
	cJSON_free(text);
	cJSON_Delete(object);
}

/* A list of the document: `make` gives the object of one row. */
static void print_list(struct writer *w, const char *key, uint32_t count,
                       cJSON *(*make)(struct writer *w, uint32_t row))
{
	fprintf(w->to, ",\n\"%s\": [", key);
	for (uint32_t i = 0; i < count; i++)
		print(w, make(w, i), i ? ",\n  " : "\n  ");
	fputs(count ? "\n]" : "]", w->to);
}

static void add_left_out(cJSON *object, enum ct_left_out reason)
{
	if (reason != CT_COUNTED)
		cJSON_AddStringToObject(object, "left_out", ct_left_out_key(reason));
}

static cJSON *make_module(struct writer *w, uint32_t row)
{
	const struct ct_cover_module *m = &w->model->modules[row];
	cJSON *object = cJSON_CreateObject();

	add_string(object, "path", m->path);
	add_string(object, "build_id", m->build_id[0] ? m->build_id : NULL);
	cJSON_AddBoolToObject(object, "known", !m->problem);
	if (m->problem) {
		add_string(object, "problem", m->problem);
		add_number(object, "functions_called", m->functions);
	}
	return object;
}

static cJSON *make_test(struct writer *w, uint32_t row)
{
	const struct ct_cover_test *t = &w->model->tests[row];
	cJSON *object = cJSON_CreateObject();

	add_string(object, "name", t->name);
	add_string(object, "program", t->program);
	add_string(object, "suite", t->suite);
	add_string(object, "test", t->test);
	add_row(object, "parameter", t->parameter < 0 ? CT_NONE : (uint32_t) t->parameter);
	add_string(object, "file", t->file);
	add_number(object, "line", t->line);
	add_string(object, "status", t->suite ? ct_status_name(t->status) : NULL);
	add_string(object, "ended", t->ended);
	add_number(object, "traces", t->traces);
	add_number(object, "calls", t->calls);
	add_number(object, "functions", t->functions);
	add_number(object, "functions_only_here", t->only);
	add_number(object, "call_pairs", t->pairs);
	add_number(object, "call_sites", t->sites);
	return object;
}

static cJSON *make_trace(struct writer *w, uint32_t row)
{
	const struct ct_cover_trace *t = &w->model->traces[row];
	cJSON *object = cJSON_CreateObject();

	add_string(object, "path", t->path);
	add_number(object, "test", t->test);
	cJSON_AddBoolToObject(object, "complete", t->complete);
	if (t->problem)
		add_string(object, "problem", t->problem);
	return object;
}

static cJSON *make_file(struct writer *w, uint32_t row)
{
	const struct ct_cover_file *f = &w->model->files[row];
	cJSON *object = cJSON_CreateObject();

	add_string(object, "file", f->name[0] ? f->name : NULL);
	add_string(object, "shown", f->shown);
	add_totals(object, &f->totals);
	return object;
}

static cJSON *make_function(struct writer *w, uint32_t row)
{
	const struct ct_cover_function *f = &w->model->functions[row];
	cJSON *object = cJSON_CreateObject();

	add_string(object, "function", f->name);
	add_place(w, object, f->file, f->line);
	add_number(object, "calls", f->hits.calls);
	add_left_out(object, f->left_out);
	add_hits(w, object, &f->hits);
	return object;
}

static cJSON *make_pair(struct writer *w, uint32_t row)
{
	const struct ct_cover_pair *p = &w->model->pairs[row];
	cJSON *object = cJSON_CreateObject();

	add_function(w, object, "caller", "caller_row", p->caller);
	add_function(w, object, "callee", "callee_row", p->callee);
	add_number(object, "calls", p->hits.calls);
	cJSON_AddBoolToObject(object, "in_code", p->is_static);
	if (p->callbacks.calls) {
		add_number(object, "callbacks", p->callbacks.calls);
		add_string(object, "through", p->through);
	}
	add_left_out(object, p->left_out);
	add_hits(w, object, &p->hits);
	return object;
}

static void add_targets(struct writer *w, cJSON *object, const struct ct_cover_site *site)
{
	ct_text_clear(&w->text);
	for (uint32_t i = 0; i < site->target_count; i++) {
		const struct ct_cover_target *target = &w->model->targets[site->targets + i];

		ct_text_addf(&w->text, "%s[%u,%llu]", i ? "," : "[", target->callee,
		             (unsigned long long) target->calls);
	}
	ct_text_add(&w->text, site->target_count ? "]" : "[]");
	cJSON_AddRawToObject(object, "targets", w->text.data);
}

static cJSON *make_site(struct writer *w, uint32_t row)
{
	const struct ct_cover_site *s = &w->model->sites[row];
	cJSON *object = cJSON_CreateObject();

	add_place(w, object, s->file, s->line);
	add_number(object, "column", s->column);
	add_number(object, "ordinal", s->ordinal);
	add_function(w, object, "caller", "caller_row", s->caller);
	add_function(w, object, "callee", "callee_row", s->callee);
	if (s->callee == CT_NONE && s->callee_name[0])
		add_string(object, "callee_name", s->callee_name);
	cJSON_AddStringToObject(object, "kind", ct_site_kind_name(s));
	add_number(object, "calls", s->hits.calls);
	if (s->kind == CT_SITE_INDIRECT || s->target_count)
		add_targets(w, object, s);
	add_left_out(object, s->left_out);
	add_hits(w, object, &s->hits);
	return object;
}

static void add_reasons(cJSON *object, const char *key, const uint64_t *counts)
{
	cJSON *reasons = cJSON_AddObjectToObject(object, key);

	for (int i = CT_COUNTED + 1; i < CT_OUT_REASONS; i++)
		if (counts[i])
			add_number(reasons, ct_left_out_key((enum ct_left_out) i), counts[i]);
}

static cJSON *make_left_out(const struct ct_coverage *model)
{
	cJSON *object = cJSON_CreateObject();

	add_reasons(object, "functions", model->functions_out);
	add_reasons(object, "call_pairs", model->pairs_out);
	add_reasons(object, "call_sites", model->sites_out);
	add_reasons(object, "indirect_sites", model->indirect_out);
	return object;
}

void ct_out_json(const struct ct_coverage *model, const struct ct_output_options *options,
                 FILE *to)
{
	struct writer w = { .model = model, .to = to };
	cJSON *totals = cJSON_CreateObject();

	(void) options;
	w.calls = ct_calloc(model->test_count + 1ull, sizeof *w.calls);
	fprintf(to, "{\n\"report\": \"calltrace\",\n\"version\": \"%s\",\n\"calls\": %llu,\n"
	            "\"duplicates\": %u",
	        CALLTRACE_VERSION, (unsigned long long) model->calls, model->duplicates);
	add_totals(totals, &model->totals);
	print(&w, totals, ",\n\"totals\": ");
	print(&w, make_left_out(model), ",\n\"left_out\": ");
	print_list(&w, "modules", model->module_count, make_module);
	print_list(&w, "tests", model->test_count, make_test);
	print_list(&w, "traces", model->trace_count, make_trace);
	print_list(&w, "files", model->file_count, make_file);
	print_list(&w, "functions", model->function_count, make_function);
	print_list(&w, "call_pairs", model->pair_count, make_pair);
	print_list(&w, "call_sites", model->site_count, make_site);
	fputs("\n}\n", to);
	ct_text_deinit(&w.text);
	free(w.calls);
}
