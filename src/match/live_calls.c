#include "match/live_calls.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "match/declared.h"
#include "match/index_functions.h"
#include "trace/live.h"
#include "trace/value.h"

enum { HIDDEN_PHASE = CT_PHASE_PROGRAM }; /* of no window of a test's */

/* What was the matching's own: see ct_live_calls_hide(). */
struct span {
	pid_t tid;
	uint64_t begin, end;
};

/* A binary, and where its functions are among the calls'. */
struct module {
	struct ct_index index;
	bool indexed;
	uint64_t bias;
	uint32_t *rows; /* of the index's functions */
};

struct live_thread {
	uint32_t *places; /* by row of its call table; CT_NO_ROW: not asked for yet */
	uint32_t place_count;
	struct ct_value_writer *values;
	uint32_t value_rows; /* as many as there were when it was made */
	uint32_t phase;      /* of the outermost call that is open */
};

struct ct_live_calls {
	struct ct_calls calls;
	struct ct_live *live;
	struct ct_live_calls_options options;
	struct module **modules; /* as the trace has them; never moved */
	uint32_t module_count;
	struct live_thread *threads;
	uint32_t thread_count;
	struct ct_map known, places, bare; /* ct_calls_add_index(); (function, module, site) -> place; address -> function */
	struct span *spans;
	uint32_t span_count;
	uint64_t hidden_until; /* the end of the last of them */
	bool listed; /* the binaries of the process */
};

/* --- binaries --- */

/* Also when it turned out that calls are seen in one that is known. */
static void know_module(void *user, struct ct_raw_module *m)
{
	struct ct_live_calls *lc = user;
	bool needed = m->flags & CT_MODULE_HOOKS;
	struct module *mine;

	if (m->row >= lc->module_count) {
		lc->modules = ct_realloc(lc->modules, (m->row + 1) * sizeof(struct module *));
		lc->modules[lc->module_count++] = ct_calloc(1, sizeof *mine);
	}
	mine = lc->modules[m->row];
	if (mine->indexed || !lc->options.open_index(m->path, m->build_id, m->build_id_size, needed,
	                                             &mine->index)) {
		if (!mine->indexed && needed && !lc->calls.unknown_functions) {
			lc->calls.version++;
			lc->calls.unknown_functions = ct_arena_printf(&lc->calls.arena,
				"%s has no index: run 'calltrace index %s' once", m->path, m->path);
		}
		return;
	}
	mine->indexed = true;
	m->index = &mine->index;
	mine->bias = m->bias;
	mine->rows = ct_calloc(mine->index.header->functions.count + 1u, sizeof *mine->rows);
	ct_calls_add_index(&lc->calls, &mine->index, m->row, m->bias, &lc->known, mine->rows);
}

static void read_build_id(const struct dl_phdr_info *info, struct ct_raw_module *m)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const unsigned char *at = (const unsigned char *) (info->dlpi_addr + p->p_vaddr);
		const unsigned char *end = at + p->p_memsz;

		while (p->p_type == PT_NOTE && (size_t)(end - at) > sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const ElfW(Nhdr) *) at;
			const unsigned char *name = at + sizeof *note;
			const unsigned char *desc = name + ((note->n_namesz + 3) & ~3u);

			if (desc > end || note->n_descsz > (size_t)(end - desc))
				break;
			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4
			    && note->n_descsz <= sizeof m->build_id && memcmp(name, "GNU", 4) == 0) {
				memcpy(m->build_id, desc, note->n_descsz);
				m->build_id_size = note->n_descsz;
			}
			at = desc + ((note->n_descsz + 3) & ~3u);
		}
	}
}

static bool is_known(const struct ct_raw *raw, uint64_t bias, uint64_t low, uint64_t high)
{
	for (size_t i = 0; i < raw->module_count; i++)
		if (raw->modules[i].bias == bias && raw->modules[i].low < high && raw->modules[i].high > low)
			return true;
	return false;
}

struct listing {
	struct ct_live_calls *lc;
	struct ct_raw_module *found;
	uint32_t count;
};

/* Under the loader's lock: only notes what there is. */
static int list_one(struct dl_phdr_info *info, size_t size, void *user)
{
	struct listing *list = user;
	struct ct_raw_module m = { .bias = info->dlpi_addr, .low = UINT64_MAX };

	(void) size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uint64_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		m.low = low < m.low ? low : m.low;
		m.high = low + info->dlpi_phdr[i].p_memsz;
	}
	if (m.low >= m.high || (info->dlpi_name[0] && info->dlpi_name[0] != '/'))
		return 0; /* the vdso */
	read_build_id(info, &m);
	m.path = ct_arena_strdup(&list->lc->calls.arena,
	                         info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe");
	list->found = ct_realloc(list->found, (list->count + 1) * sizeof m);
	list->found[list->count++] = m;
	return 0;
}

/* Binaries that are loaded, of which no call was seen yet, as far as they have an index. */
static void list_modules(struct ct_live_calls *lc)
{
	const struct ct_raw *raw = ct_live_trace(lc->live)->raw;
	struct listing list = { .lc = lc };

	dl_iterate_phdr(list_one, &list);
	for (uint32_t i = 0; i < list.count; i++)
		if (!is_known(raw, list.found[i].bias, list.found[i].low, list.found[i].high))
			ct_live_add_module(lc->live, &list.found[i]);
	free(list.found);
}

/* --- rows --- */

static uint32_t bare_function(struct ct_live_calls *lc, uint64_t address, const struct ct_raw_module *m)
{
	bool added;
	uint32_t at = ct_map_add(&lc->bare, &address, sizeof address, lc->calls.function_count, &added);

	if (added)
		ct_calls_add_function(&lc->calls, &(struct ct_calls_function){
			.name = ct_arena_printf(&lc->calls.arena, "%s+0x%llx", m ? ct_basename(m->path) : "?",
			                        (unsigned long long) (m ? address - m->bias : address)),
			.module = m ? m->row : CT_NO_ROW, .address = address });
	return at;
}

static uint32_t function_of(struct ct_live_calls *lc, const struct ct_row *row)
{
	const struct ct_raw_module *m;
	uint32_t function = ct_raw_function_of(ct_live_trace(lc->live)->raw, row->hook, row->callee,
	                                       row->epoch, &m);

	if (function != CT_NONE)
		return lc->modules[m->row]->rows[function];
	return bare_function(lc, row->callee, m);
}

static bool is_plumbing(const struct ct_raw_module *m, uint32_t function)
{
	return m && m->index && function != CT_NONE
	       && m->index->functions[function].flags & CT_FUNCTION_PLUMBING;
}

static void know_row(void *user, uint32_t thread, struct ct_row *row)
{
	struct ct_live_calls *lc = user;
	const struct ct_raw_module *m;
	uint32_t function;

	(void) thread;
	function = ct_raw_function_of(ct_live_trace(lc->live)->raw, row->hook, row->callee,
	                                       row->epoch, &m);
	row->hidden = is_plumbing(m, function);
	lc->calls.version++;
	if (row->excluded && row->callee)
		lc->calls.functions[function_of(lc, row)].unseen =
			"it is excluded (CALLTRACE_EXCLUDE, CALLTRACE_ONLY, --exclude, --only): they are only counted";
	row->function = 0;
	row->plain = !row->hidden;
}

static uint32_t new_place(struct ct_live_calls *lc, const struct ct_row *row)
{
	const struct ct_raw *raw = ct_live_trace(lc->live)->raw;
	const struct ct_raw_module *m = NULL;
	const struct ct_index_site *site = row->site_address ? ct_raw_site_of(raw, row, &m) : NULL;
	uint64_t key[3] = { function_of(lc, row), 0, row->site_address };
	bool added;
	uint32_t at;

	if (site) {
		key[1] = m->row + 1u;
		key[2] = (uint64_t)(site - m->index->sites);
	}
	at = ct_map_add(&lc->places, key, sizeof key, lc->calls.place_count, &added);
	if (added)
		ct_calls_add_place(&lc->calls, &(struct ct_calls_place){
			.function = (uint32_t) key[0],
			.file = site && site->file != CT_NONE
			            ? ct_index_string(m->index, m->index->files[site->file].name) : NULL,
			.line = site ? site->line : 0,
			.through = !site && row->site_address && row->caller
			               ? ct_raw_through(raw, row->site_address, row->epoch) : NULL });
	return at;
}

static void make_place(struct ct_live_calls *lc, struct live_thread *t, uint32_t row, const struct ct_row *rows)
{
	if (row >= t->place_count) {
		uint32_t count = t->place_count ? t->place_count : 64;

		while (count <= row)
			count *= 2;
		t->places = ct_realloc(t->places, count * sizeof *t->places);
		for (uint32_t i = t->place_count; i < count; i++)
			t->places[i] = CT_NO_ROW;
		t->place_count = count;
	}
	t->places[row] = new_place(lc, &rows[row]);
}

static inline uint32_t place_of(struct ct_live_calls *lc, struct live_thread *t, uint32_t row,
                                const struct ct_row *rows)
{
	if (__builtin_expect(row >= t->place_count || t->places[row] == CT_NO_ROW, 0))
		make_place(lc, t, row, rows);
	return t->places[row];
}

/* --- events --- */

/*
 * What leads back to a call's values: the address of its record, which the values are behind; or, where
 * there are none, its row and a 1 (an address has none there).
 */
static uint64_t value_word(const struct ct_stream *s)
{
	struct ct_payload p = ct_stream_values(s);

	if (!p.words)
		return (uint64_t) s->row << 1 | 1;
	return (uint64_t) (uintptr_t) (p.words - (ct_record_kind(p.words[-1]) == CT_EXIT_WORD ? 1 : 2));
}

static bool is_hidden(const struct ct_live_calls *lc, uint32_t thread, uint64_t ticks)
{
	pid_t tid = (pid_t) ct_live_tid(lc->live, thread);

	for (uint32_t i = 0; i < lc->span_count; i++)
		if (lc->spans[i].tid == tid && ticks >= lc->spans[i].begin && ticks <= lc->spans[i].end)
			return true;
	return false;
}

static enum ct_call_state state_of(enum ct_call_end end)
{
	return end == CT_CALL_RETURNED ? CT_STATE_RETURNED : end == CT_CALL_UNWOUND ? CT_STATE_UNWOUND
	       : end == CT_CALL_OPEN ? CT_STATE_ACTIVE : CT_STATE_UNSEEN;
}

static uint32_t phase_of(const struct ct_live_calls *lc, uint32_t thread, uint64_t ticks)
{
	return ticks <= lc->hidden_until && is_hidden(lc, thread, ticks) ? HIDDEN_PHASE : lc->threads[thread].phase;
}

static void enter(struct ct_live_calls *lc, uint32_t thread, const struct ct_stream *s, bool values)
{
	struct live_thread *t = &lc->threads[thread];
	uint32_t number;

	if (s->level == 0)
		t->phase = ct_stream_phase(s);
	if (s->continued) {
		ct_calls_continue(&lc->calls, thread, place_of(lc, t, s->row, s->rows), s->ticks, s->left);
		return;
	}
	number = ct_calls_enter(&lc->calls, thread, place_of(lc, t, s->row, s->rows), s->ticks,
	                        phase_of(lc, thread, s->ticks), s->iteration);
	if (values)
		ct_calls_values(&lc->calls, (struct ct_call_id){ thread, number }, 0, value_word(s));
}

static void leave(struct ct_live_calls *lc, uint32_t thread, const struct ct_stream *s, bool values)
{
	uint32_t open = ct_calls_open(&lc->calls, thread);

	if (values && open != CT_NO_NUMBER)
		ct_calls_values(&lc->calls, (struct ct_call_id){ thread, open }, 1, value_word(s));
	ct_calls_leave(&lc->calls, thread, state_of(s->ended), s->ticks);
}

static void add_threads(struct ct_live_calls *lc)
{
	const struct ct_session *session = &ct_live_trace(lc->live)->raw->session;

	for (uint32_t i = lc->thread_count; i < ct_live_threads(lc->live); i++) {
		uint32_t tid = ct_live_tid(lc->live, i);
		const char *name = ct_live_thread_name(lc->live, i);

		lc->threads = ct_realloc(lc->threads, (i + 1) * sizeof *lc->threads);
		lc->threads[i] = (struct live_thread){0};
		ct_calls_add_thread(&lc->calls, tid, name ? ct_arena_strdup(&lc->calls.arena, name) : NULL,
		                    tid == session->pid);
		lc->thread_count = i + 1;
	}
}

/* Calls without values, of which there may be millions. */
static void read_plain(struct ct_live_calls *lc, uint32_t thread)
{
	struct ct_stream *s = ct_live_stream(lc->live, thread);
	struct live_thread *t = &lc->threads[thread];
	enum ct_event event;
	struct ct_run run;

	ct_run_begin(&run, s);
	while ((event = ct_run_next(&run)) != CT_EVENT_END) {
		if (event == CT_EVENT_LEAVE) {
			ct_calls_leave(&lc->calls, thread, CT_STATE_RETURNED, run.ticks);
			continue;
		}
		if (run.visible == 1) { /* none around it */
			s->ticks = run.ticks;
			t->phase = ct_stream_phase(s);
		}
		ct_calls_enter(&lc->calls, thread, place_of(lc, t, run.row, run.rows), run.ticks,
		               phase_of(lc, thread, run.ticks), s->iteration);
	}
	ct_run_end(&run);
}

static void read_thread(struct ct_live_calls *lc, uint32_t thread)
{
	const struct ct_stream *s = ct_live_stream(lc->live, thread);
	bool values = ct_live_trace(lc->live)->raw->session.capture_args;
	enum ct_event event;

	while ((event = ct_live_next(lc->live, thread)) != CT_EVENT_END) {
		if (event == CT_EVENT_ENTER)
			enter(lc, thread, s, values);
		else
			leave(lc, thread, s, values);
		if (!values)
			read_plain(lc, thread);
	}
}

/* The test's thread first: it knows the phases. */
static void read_all(struct ct_live_calls *lc)
{
	const struct ct_session *session = &ct_live_trace(lc->live)->raw->session;

	add_threads(lc);
	for (int others = 0; others < 2; others++)
		for (uint32_t i = 0; i < lc->thread_count; i++)
			if ((ct_live_tid(lc->live, i) != session->pid) == others)
				read_thread(lc, i);
	lc->span_count = 0;
	lc->hidden_until = 0;
}

static void note_losses(struct ct_live_calls *lc)
{
	uint64_t lost = ct_live_lost(lc->live);
	uint32_t reason = ct_live_trace(lc->live)->raw->session.stop_errno;

	if (lc->calls.incomplete || !(lost || reason))
		return;
	lc->calls.version++;
	if (reason)
		lc->calls.incomplete = ct_arena_printf(&lc->calls.arena, "recording stopped: %s",
		                                       strerror((int) reason));
	else if (ct_live_trace(lc->live)->raw->session.lost[CT_LOST_LIMIT])
		lc->calls.incomplete = "the trace reached its limit (CALLTRACE_MAX_SIZE, --max-size)";
	else
		lc->calls.incomplete = ct_arena_printf(&lc->calls.arena, "records were lost (%llu)",
		                                       (unsigned long long) lost);
}

/* --- values --- */

static struct ct_value_writer *writer_of(struct ct_live_calls *lc, uint32_t thread)
{
	struct live_thread *t = &lc->threads[thread];
	uint32_t rows = ct_live_trace(lc->live)->raw->threads[thread].row_count;

	if (!t->values || t->value_rows != rows) {
		ct_value_writer_free(t->values);
		t->values = ct_value_writer_new(ct_live_trace(lc->live), thread);
		ct_value_writer_typed(t->values);
		t->value_rows = rows;
	}
	return t->values;
}

/* The row of a value word, and the values behind it. */
static uint32_t read_word(uint64_t word, struct ct_payload *p)
{
	const uint64_t *record = (const uint64_t *) (uintptr_t) word;

	*p = (struct ct_payload){ NULL, 0, 0 };
	if (word & 1)
		return (uint32_t)(word >> 1);
	if (ct_record_kind(record[0]) == CT_EXIT_WORD)
		*p = (struct ct_payload){ record + 1, 1, ct_values_head(1, CT_HOW_PLAIN, 0) };
	else
		*p = (struct ct_payload){ record + 2, ct_record_id(record[1]) >> 8,
			                  (uint32_t) ct_record_time(record[1]) };
	return ct_record_id(record[0]);
}

static const char *arguments(struct ct_value_writer *w, uint32_t row, struct ct_payload enter,
                             struct ct_text *scratch, const char **why)
{
	*why = NULL;
	if (ct_value_arguments(w, row, enter, scratch, why))
		return scratch->data;
	if (!*why)
		*why = "its values were not recorded";
	return NULL;
}

static const char *values_of(void *user, const struct ct_calls *calls, struct ct_call_id id,
                             enum ct_values_kind kind, struct ct_text *scratch, const char **why)
{
	struct ct_live_calls *lc = user;
	uint64_t first = ct_calls_value(calls, id, 0), last = ct_calls_value(calls, id, 1);
	const struct ct_call *call = ct_call_at(calls, id);
	struct ct_value_writer *w = writer_of(lc, id.thread);
	struct ct_payload enter, exit = { NULL, 0, 0 };
	uint32_t row;

	ct_text_clear(scratch);
	if (!first) {
		*why = "values were not recorded then (CALLTRACE_CAPTURE_ARGS is false, or "
		       "calltrace_capture_args() switched them off)";
		return NULL;
	}
	row = read_word(first, &enter);
	if (last)
		read_word(last, &exit);
	if (kind == CT_VALUES_ARGUMENTS)
		return arguments(w, row, enter, scratch, why);
	if (kind == CT_VALUES_AFTER) {
		*why = "it was not recorded what the call changed";
		return ct_value_after(w, row, enter, exit, scratch) ? scratch->data : NULL;
	}
	*why = call->state == CT_STATE_RETURNED ? "void" : "it has not returned";
	return ct_value_return(w, row, call->state == CT_STATE_RETURNED ? CT_CALL_RETURNED : CT_CALL_OPEN,
	                       exit, scratch)
	               ? scratch->data : NULL;
}

static bool declared(void *user, const struct ct_calls *calls, uint32_t function, struct ct_arena *arena,
                     struct ct_declared *out)
{
	const struct ct_calls_function *f = &calls->functions[function];
	struct ct_live_calls *lc = user;
	const struct module *m = f->module < lc->module_count ? lc->modules[f->module] : NULL;

	return m && m->indexed && f->address && ct_declared_of(&m->index, f->address - m->bias, arena, out);
}

/* --- the whole --- */

bool ct_live_calls_open(const char *path, const struct ct_live_calls_options *options,
                        struct ct_live_calls **out, struct ct_error *err)
{
	struct ct_live_calls *lc = ct_calloc(1, sizeof *lc);
	const struct ct_calls_source source = { .user = lc, .values = values_of, .declared = declared };
	const struct ct_live_resolver resolver = { know_row, know_module, lc };

	lc->options = *options;
	ct_calls_init(&lc->calls, &source);
	if (!ct_live_open(path, &resolver, &lc->live, err)) {
		ct_live_calls_close(lc);
		return false;
	}
	*out = lc;
	return true;
}

bool ct_live_calls_refresh(struct ct_live_calls *lc, struct ct_error *err)
{
	if (!ct_live_refresh(lc->live, err))
		return false;
	read_all(lc);
	ct_live_rest(lc->live);
	if (!lc->listed)
		list_modules(lc);
	lc->listed = true;
	note_losses(lc);
	return true;
}

struct ct_calls *ct_live_calls_get(struct ct_live_calls *lc)
{
	return &lc->calls;
}

uint32_t ct_live_calls_thread(const struct ct_live_calls *lc, pid_t tid)
{
	for (uint32_t i = lc->thread_count; i-- > 0;)
		if ((pid_t) ct_live_tid(lc->live, i) == tid)
			return i;
	return UINT32_MAX;
}

uint32_t ct_live_calls_iteration(const struct ct_live_calls *lc)
{
	const struct ct_session *session = &ct_live_trace(lc->live)->raw->session;
	uint32_t thread = ct_live_calls_thread(lc, (pid_t) session->pid);

	return thread == UINT32_MAX ? 0 : ct_live_stream(lc->live, thread)->iteration;
}

void ct_live_calls_hide(struct ct_live_calls *lc, pid_t tid, uint64_t begin, uint64_t end)
{
	lc->spans = ct_realloc(lc->spans, (lc->span_count + 1) * sizeof *lc->spans);
	lc->spans[lc->span_count++] = (struct span){ tid, begin, end };
	lc->hidden_until = end > lc->hidden_until ? end : lc->hidden_until;
}

void ct_live_calls_close(struct ct_live_calls *lc)
{
	if (!lc)
		return;
	for (uint32_t i = 0; i < lc->thread_count; i++) {
		ct_value_writer_free(lc->threads[i].values);
		free(lc->threads[i].places);
	}
	ct_live_close(lc->live);
	for (uint32_t i = 0; i < lc->module_count; i++) {
		if (lc->modules[i]->indexed)
			ct_index_close(&lc->modules[i]->index);
		free(lc->modules[i]->rows);
		free(lc->modules[i]);
	}
	free(lc->modules);
	free(lc->threads);
	free(lc->spans);
	ct_map_deinit(&lc->known);
	ct_map_deinit(&lc->places);
	ct_map_deinit(&lc->bare);
	ct_calls_deinit(&lc->calls);
	free(lc);
}
