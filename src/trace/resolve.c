/*
 * resolve.c - call tables + indexes -> functions, pairs, sites.
 *
 * Every thread's rows, keyed by addresses of this process, are summed up by what they
 * mean in the source; then everything is put in an order that does not depend on
 * addresses or on who came first, so that equal runs give equal files.
 */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "trace/internal.h"

/* Functions while they are collected, in order of discovery. */
struct resolver {
	struct ct_trace *trace;
	struct ct_raw *raw;
	struct ct_map functions, hooks, pairs, sites, texts;
	size_t function_room, pair_room, site_room;
};

/* Room for one more item behind `count`. */
static void *grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room * 2 + 64;
	return ct_realloc(items, *room * size);
}

/* --- modules --- */

static struct ct_raw_module *module_at(const struct resolver *r, uint64_t address, uint32_t epoch)
{
	return ct_raw_module_at(r->raw, address, epoch, false);
}

static int by_path(const void *a, const void *b)
{
	const struct ct_raw_module *x = *(struct ct_raw_module *const *) a;
	const struct ct_raw_module *y = *(struct ct_raw_module *const *) b;
	int order = strcmp(x->path, y->path);

	if (order == 0)
		order = memcmp(x->build_id, y->build_id, sizeof x->build_id);
	if (order == 0)
		order = x->low < y->low ? -1 : x->low > y->low;
	return order ? order : x < y ? -1 : x > y;
}

static void add_module(struct ct_trace *trace, struct ct_raw_module *m)
{
	struct ct_trace_module *out = &trace->modules[trace->module_count];

	m->row = (uint32_t) trace->module_count++;
	out->path = m->path;
	out->bias = m->bias;
	out->index_error = m->index_error;
	out->indexed = m->index;
	for (uint32_t i = 0; i < m->build_id_size; i++) {
		out->build_id[2 * i] = "0123456789abcdef"[m->build_id[i] >> 4];
		out->build_id[2 * i + 1] = "0123456789abcdef"[m->build_id[i] & 15];
	}
}

/* The modules that have hooks, each once: the executable first, then by path. */
static void list_modules(struct resolver *r)
{
	struct ct_raw *raw = r->raw;
	size_t n = raw->module_count;
	struct ct_raw_module **order = ct_calloc(n + 1, sizeof *order);

	r->trace->modules = ct_arena_alloc(&r->trace->arena, (n + 1) * sizeof *r->trace->modules);
	for (size_t i = 0; i < n; i++)
		order[i] = &raw->modules[i];
	qsort(order, n, sizeof *order, by_path);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++) {
			bool main = strcmp(order[i]->path, raw->session.executable) == 0;

			if (!(order[i]->flags & CT_MODULE_HOOKS) || main == (pass == 1))
				continue;
			if (i > 0 && ct_raw_same_module(order[i], order[i - 1]))
				order[i]->row = order[i - 1]->row;
			if (order[i]->row == CT_NO_ROW)
				add_module(r->trace, order[i]);
		}
	free(order);
}

static void open_indexes(struct resolver *r, bool make)
{
	for (size_t i = 0; i < r->raw->module_count; i++) {
		struct ct_raw_module *m = &r->raw->modules[i];

		if (m->flags & CT_MODULE_HOOKS)
			m->index = ct_indexes_get(m->path, m->build_id, m->build_id_size, make,
			                          &m->index_error);
	}
}

static void begin_modules(struct resolver *r, const struct ct_trace_options *options)
{
	struct ct_raw *raw = r->raw;

	ct_raw_sort_modules(raw);
	/* A writer that was killed may not have come to say so. */
	for (size_t t = 0; t < r->trace->thread_count; t++)
		for (uint32_t i = 0; i < raw->threads[t].row_count; i++) {
			const struct ct_row *row = &raw->threads[t].rows[i];
			struct ct_raw_module *m = module_at(r, row->hook, row->epoch);

			if (m)
				m->flags |= CT_MODULE_HOOKS;
		}
	open_indexes(r, !options || !options->no_index_make);
	list_modules(r);
}

/* --- functions --- */

static uint32_t add_function(struct resolver *r, const struct ct_trace_function *f)
{
	struct ct_trace *trace = r->trace;

	trace->functions = grow(trace->functions, trace->function_count, &r->function_room,
	                        sizeof *f);
	trace->functions[trace->function_count] = *f;
	return (uint32_t) trace->function_count++;
}

static uint32_t intern_function(struct resolver *r, uint32_t module, uint64_t kind, uint64_t what,
                                bool *added)
{
	uint64_t key[3] = { module, kind, what };

	return ct_map_add(&r->functions, key, sizeof key, (uint32_t) r->trace->function_count, added);
}

static const char *file_name(const struct ct_index *index, uint32_t file)
{
	return file == CT_NONE ? NULL : ct_index_string(index, index->files[file].name);
}

static uint32_t indexed_function(struct resolver *r, const struct ct_raw_module *m, uint32_t row)
{
	const struct ct_index_function *f = &m->index->functions[row];
	bool added;
	uint32_t id = intern_function(r, m->row, 1, row, &added);

	if (added)
		add_function(r, &(struct ct_trace_function){
			.name = ct_index_string(m->index, f->name),
			.file = file_name(m->index, f->file),
			.line = f->line, .module = m->row, .address = f->address,
			.flags = f->flags });
	return id;
}

/* Known by address only. */
static uint32_t bare_function(struct resolver *r, uint64_t address, uint32_t epoch)
{
	const struct ct_raw_module *m = module_at(r, address, epoch);
	uint64_t in_file = m ? address - m->bias : address;
	uint32_t module = m && m->row != CT_NO_ROW ? m->row : CT_NO_ROW;
	bool added;
	uint32_t id = intern_function(r, module, 0, in_file, &added);

	if (added)
		add_function(r, &(struct ct_trace_function){
			.name = m ? ct_arena_printf(&r->trace->arena, "%s+0x%llx",
			                            ct_basename(m->path),
			                            (unsigned long long) in_file)
			          : ct_arena_printf(&r->trace->arena, "0x%llx",
			                            (unsigned long long) in_file),
			.module = module, .address = in_file, .flags = CT_FUNCTION_NO_DEBUG });
	return id;
}

/* Calls that found no room in the table: something was called, nobody knows what. */
static uint32_t unknown_function(struct resolver *r)
{
	bool added;
	uint32_t id = intern_function(r, CT_NO_ROW, 2, 0, &added);

	if (added)
		add_function(r, &(struct ct_trace_function){ .name = "?", .module = CT_NO_ROW });
	return id;
}

static uint32_t find_function(struct resolver *r, uint64_t hook, uint64_t callee, uint32_t epoch)
{
	const struct ct_raw_module *m;
	uint32_t row = ct_raw_function_of(r->raw, hook, callee, epoch, &m);

	if (row != CT_NONE)
		return indexed_function(r, m, row);
	return callee ? bare_function(r, callee, epoch) : CT_NO_ROW;
}

/* What is known of hooks: by hook, epoch and callee; by hook and epoch; and by hook alone, what came last. */
static void find_functions(struct resolver *r, struct ct_raw_thread *t)
{
	for (uint32_t i = 0; i < t->row_count; i++) {
		struct ct_row *row = &t->rows[i];
		uint64_t key[3] = { row->hook, row->epoch, row->callee };
		uint32_t id;

		if (row->callee == 0) {
			if (i == 0 && (row->count || r->raw->session.lost[CT_LOST_ROWS]))
				row->function = unknown_function(r);
			continue;
		}
		if (!ct_map_find(&r->hooks, key, sizeof key, &id)) {
			id = find_function(r, row->hook, row->callee, row->epoch);
			ct_map_add(&r->hooks, key, sizeof key, id, NULL);
			ct_map_add(&r->hooks, key, 2 * sizeof key[0], id, NULL);
			ct_map_add(&r->hooks, key, sizeof key[0], id, NULL);
		}
		row->function = id;
	}
}

/* The function that an enter hook reports; CT_NO_ROW: not known. Its own row may be of an earlier epoch. */
static uint32_t caller_of(struct resolver *r, uint64_t hook, uint32_t epoch)
{
	uint64_t key[2] = { hook, epoch };
	uint32_t id;

	if (ct_map_find(&r->hooks, key, sizeof key, &id))
		return id;
	id = find_function(r, hook, 0, epoch);
	if (id == CT_NO_ROW && !ct_map_find(&r->hooks, &hook, sizeof hook, &id))
		id = CT_NO_ROW;
	ct_map_add(&r->hooks, key, sizeof key, id, NULL);
	return id;
}

static bool is_hidden(const struct resolver *r, uint32_t function)
{
	return r->trace->functions[function].flags & CT_FUNCTION_PLUMBING;
}

/* --- sites and pairs --- */

static const char *keep_text(struct resolver *r, const char *text, uint32_t *id)
{
	*id = ct_map_add(&r->texts, text, strlen(text), r->texts.count + 1, NULL);
	return text;
}

static void add_pair(struct resolver *r, uint32_t caller, uint32_t callee, const char *through,
                     uint64_t calls)
{
	struct ct_trace *trace = r->trace;
	uint32_t key[3] = { caller, callee, 0 }, at;
	bool added;

	if (through)
		keep_text(r, through, &key[2]);
	at = ct_map_add(&r->pairs, key, sizeof key, (uint32_t) trace->pair_count, &added);
	if (added) {
		trace->pairs = grow(trace->pairs, trace->pair_count, &r->pair_room,
		                    sizeof *trace->pairs);
		trace->pairs[trace->pair_count++] = (struct ct_trace_pair){
			.caller = caller, .callee = callee, .through = through };
	}
	trace->pairs[at].calls += calls;
}

static uint32_t add_site(struct resolver *r, const struct ct_raw_module *m,
                         const struct ct_index_site *site, uint32_t caller, uint32_t callee,
                         uint64_t calls)
{
	struct ct_trace *trace = r->trace;
	uint64_t key[2] = { (uint64_t) m->row << 32 | (uint64_t)(site - m->index->sites),
		            (uint64_t) caller << 32 | callee };
	uint32_t at;
	bool added;

	at = ct_map_add(&r->sites, key, sizeof key, (uint32_t) trace->site_count, &added);
	if (added) {
		trace->sites = grow(trace->sites, trace->site_count, &r->site_room,
		                    sizeof *trace->sites);
		trace->sites[trace->site_count++] = (struct ct_trace_site){
			.caller = caller, .callee = callee, .file = file_name(m->index, site->file),
			.line = site->line, .column = site->column, .ordinal = site->ordinal,
			.module = m->row, .address = site->address };
	}
	trace->sites[at].calls += calls;
	return at;
}

static void mark_excluded(struct resolver *r)
{
	for (size_t t = 0; t < r->trace->thread_count; t++)
		for (uint32_t i = 0; i < r->raw->threads[t].row_count; i++) {
			const struct ct_row *row = &r->raw->threads[t].rows[i];

			if (row->excluded && row->function != CT_NO_ROW)
				r->trace->functions[row->function].excluded = true;
		}
}

static void take_row(struct resolver *r, struct ct_row *row)
{
	const struct ct_raw_module *m = NULL;
	const struct ct_index_site *site;
	uint32_t caller = row->caller ? caller_of(r, row->caller, row->epoch) : CT_NO_ROW;

	row->hidden = is_hidden(r, row->function);
	if (row->hidden)
		return;
	r->trace->functions[row->function].calls += row->count;
	r->trace->meta.total_calls += row->count;
	r->trace->meta.excluded += row->excluded ? row->count : 0;
	site = row->site_address ? ct_raw_site_of(r->raw, row, &m) : NULL;
	if (site && site->caller != CT_NONE) {
		uint32_t makes = indexed_function(r, m, site->caller);

		if (!is_hidden(r, makes))
			row->site = add_site(r, m, site, makes, row->function, row->count);
	}
	if (caller == CT_NO_ROW || is_hidden(r, caller))
		return;
	if (r->trace->functions[caller].excluded)
		row->excluded_caller = r->trace->functions[caller].name;
	if (!site && row->site_address)
		row->through = ct_raw_through(r->raw, row->site_address, row->epoch);
	add_pair(r, caller, row->function, row->through, row->count);
}

/* --- order --- */

static int compare_text(const char *a, const char *b)
{
	if (!a || !b)
		return !a - !b; /* what is not known comes last */
	return strcmp(a, b);
}

#define BY(x, y)                                                                                \
	if ((x) != (y))                                                                         \
	return (x) < (y) ? -1 : 1

static int function_order(const void *a, const void *b, void *functions)
{
	const struct ct_trace_function *all = functions;
	const struct ct_trace_function *x = &all[*(const uint32_t *) a], *y = &all[*(const uint32_t *) b];
	int order = compare_text(x->file, y->file);

	if (order)
		return order;
	BY(x->line, y->line);
	order = strcmp(x->name, y->name);
	if (order)
		return order;
	BY(x->module, y->module);
	BY(x->address, y->address);
	return 0;
}

static int pair_order(const void *a, const void *b)
{
	const struct ct_trace_pair *x = a, *y = b;

	BY(x->caller, y->caller);
	BY(x->callee, y->callee);
	if (!x->through || !y->through)
		return !!x->through - !!y->through; /* direct calls first */
	return strcmp(x->through, y->through);
}

static int site_order(const void *a, const void *b, void *sites)
{
	const struct ct_trace_site *all = sites;
	const struct ct_trace_site *x = &all[*(const uint32_t *) a], *y = &all[*(const uint32_t *) b];
	int order;

	BY(x->caller, y->caller);
	BY(x->callee, y->callee);
	order = compare_text(x->file, y->file);
	if (order)
		return order;
	BY(x->line, y->line);
	BY(x->column, y->column);
	BY(x->ordinal, y->ordinal);
	BY(x->module, y->module);
	BY(x->address, y->address);
	return 0;
}

static uint32_t *count_up(size_t count)
{
	uint32_t *order = ct_alloc((count + 1) * sizeof *order);

	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t) i;
	return order;
}

/* Sorts functions, drops the hidden ones; returns the new number of each old one. */
static uint32_t *sort_functions(struct ct_trace *trace)
{
	size_t n = trace->function_count, kept = 0;
	uint32_t *order = count_up(n), *place = ct_alloc((n + 1) * sizeof *place);
	struct ct_trace_function *sorted;

	sorted = ct_arena_alloc(&trace->arena, (n + 1) * sizeof *sorted);
	qsort_r(order, n, sizeof *order, function_order, trace->functions);
	for (size_t i = 0; i < n; i++) {
		const struct ct_trace_function *f = &trace->functions[order[i]];

		place[order[i]] = CT_NO_ROW;
		if (f->flags & CT_FUNCTION_PLUMBING)
			continue;
		place[order[i]] = (uint32_t) kept;
		sorted[kept++] = *f;
	}
	free(order);
	free(trace->functions);
	trace->functions = sorted;
	trace->function_count = kept;
	return place;
}

static void sort_pairs(struct ct_trace *trace, const uint32_t *place)
{
	size_t n = trace->pair_count;
	struct ct_trace_pair *sorted = ct_arena_alloc(&trace->arena, (n + 1) * sizeof *sorted);

	for (size_t i = 0; i < n; i++) {
		sorted[i] = trace->pairs[i];
		sorted[i].caller = place[sorted[i].caller];
		sorted[i].callee = place[sorted[i].callee];
	}
	qsort(sorted, n, sizeof *sorted, pair_order);
	free(trace->pairs);
	trace->pairs = sorted;
}

static uint32_t *sort_sites(struct ct_trace *trace, const uint32_t *place)
{
	size_t n = trace->site_count;
	uint32_t *order = count_up(n), *where = ct_alloc((n + 1) * sizeof *where);
	struct ct_trace_site *sorted = ct_arena_alloc(&trace->arena, (n + 1) * sizeof *sorted);

	for (size_t i = 0; i < n; i++) {
		trace->sites[i].caller = place[trace->sites[i].caller];
		trace->sites[i].callee = place[trace->sites[i].callee];
	}
	qsort_r(order, n, sizeof *order, site_order, trace->sites);
	for (size_t i = 0; i < n; i++) {
		where[order[i]] = (uint32_t) i;
		sorted[i] = trace->sites[order[i]];
	}
	free(order);
	free(trace->sites);
	trace->sites = sorted;
	return where;
}

static void settle(struct ct_trace *trace)
{
	uint32_t *place = sort_functions(trace), *where;

	sort_pairs(trace, place);
	where = sort_sites(trace, place);
	for (size_t t = 0; t < trace->thread_count; t++)
		for (uint32_t i = 0; i < trace->raw->threads[t].row_count; i++) {
			struct ct_row *row = &trace->raw->threads[t].rows[i];

			if (row->function != CT_NO_ROW)
				row->function = place[row->function];
			row->plain = row->function != CT_NO_ROW;
			if (row->site != CT_NO_ROW)
				row->site = where[row->site];
		}
	free(place);
	free(where);
}

void ct_raw_resolve(struct ct_trace *trace, const struct ct_trace_options *options)
{
	struct resolver r = { .trace = trace, .raw = trace->raw };

	begin_modules(&r, options);
	for (size_t t = 0; t < trace->thread_count; t++)
		find_functions(&r, &trace->raw->threads[t]);
	mark_excluded(&r);
	for (size_t t = 0; t < trace->thread_count; t++)
		for (uint32_t i = 0; i < trace->raw->threads[t].row_count; i++)
			if (trace->raw->threads[t].rows[i].function != CT_NO_ROW)
				take_row(&r, &trace->raw->threads[t].rows[i]);
	settle(trace);
	ct_map_deinit(&r.functions);
	ct_map_deinit(&r.hooks);
	ct_map_deinit(&r.pairs);
	ct_map_deinit(&r.sites);
	ct_map_deinit(&r.texts);
}
