#include "match/trace_calls.h"

#include <stdlib.h>
#include <string.h>

#include "match/declared.h"
#include "match/index_functions.h"

/* The values of one call, as text of the arena. */
struct kept {
	const char *arguments, *why, *returned, *after;
	bool went_on; /* having been switched away: what the arguments were then is not known */
};

struct ct_trace_calls {
	struct ct_trace *trace;
	struct ct_calls calls;
	struct ct_map functions, places;
	uint32_t *rows;  /* of calls.functions, by the trace's */
	bool *wanted;    /* by the trace's functions */
	struct ct_arena arena; /* of values */
	uint32_t thread; /* that is being walked */
};

/* --- values --- */

static const char *no_arguments(const struct ct_trace_calls *tc, const struct kept *k)
{
	if (k && k->why)
		return k->why;
	if (!ct_trace_meta(tc->trace)->capture_args)
		return "values were not recorded: record with 'calltrace run --args'";
	return "not recorded";
}

static const char *values(void *user, const struct ct_calls *calls, struct ct_call_id id,
                          enum ct_values_kind kind, struct ct_text *scratch, const char **why)
{
	const struct ct_trace_calls *tc = user;
	const struct kept *k = (const struct kept *) (uintptr_t) ct_calls_value(calls, id, 0);

	(void) scratch;
	*why = no_arguments(tc, k);
	if (!k)
		return NULL;
	if (kind == CT_VALUES_ARGUMENTS)
		return k->arguments;
	if (kind == CT_VALUES_AFTER && k->went_on) {
		*why = "it was switched away in between";
		return NULL;
	}
	if (kind == CT_VALUES_AFTER)
		return k->after || !k->arguments || ct_call_at(calls, id)->state != CT_STATE_RETURNED ? k->after : "[]";
	if (!k->returned && k->arguments && ct_call_at(calls, id)->state == CT_STATE_RETURNED)
		*why = "void";
	return k->returned;
}

static bool declared(void *user, const struct ct_calls *calls, uint32_t function, struct ct_arena *arena,
                     struct ct_declared *out)
{
	const struct ct_trace_calls *tc = user;
	const struct ct_calls_function *f = &calls->functions[function];
	const struct ct_index *index;
	const char *why;

	if (f->module == CT_NO_ROW)
		return false;
	index = ct_trace_index(tc->trace, f->module, &why);
	return index && ct_declared_of(index, f->address, arena, out);
}

/* --- functions --- */

static void add_function(struct ct_trace_calls *tc, const struct ct_trace_function *f, uint32_t *row)
{
	struct ct_function_id id = { f->address, f->module, 0 };
	struct ct_calls_function function = {
		.name = f->name, .file = f->file, .line = f->line, .module = f->module, .address = f->address,
		.unseen = f->excluded ? "it was excluded when they were recorded" : NULL,
		.not_here = f->excluded ? f->calls : 0,
		.is_static = f->flags & CT_FUNCTION_STATIC, .is_test = f->flags & CT_FUNCTION_TEST,
		.plumbing = f->flags & (CT_FUNCTION_PLUMBING | CT_FUNCTION_ARTIFICIAL),
	};
	bool added = true;

	*row = tc->calls.function_count;
	if (f->address && f->module != CT_NO_ROW)
		*row = ct_map_add(&tc->functions, &id, sizeof id, tc->calls.function_count, &added);
	if (added)
		ct_calls_add_function(&tc->calls, &function);
}

static void add_functions(struct ct_trace_calls *tc, const struct ct_trace_calls_options *options)
{
	size_t count;
	const struct ct_trace_function *functions = ct_trace_functions(tc->trace, &count);

	tc->rows = ct_calloc(count + 1, sizeof *tc->rows);
	tc->wanted = ct_calloc(count + 1, sizeof *tc->wanted);
	for (size_t i = 0; i < count; i++) {
		add_function(tc, &functions[i], &tc->rows[i]);
		tc->wanted[i] = !options || !options->wanted
		                || options->wanted(&tc->calls.functions[tc->rows[i]], options->user);
	}
}

static void add_indexes(struct ct_trace_calls *tc)
{
	size_t count;
	const struct ct_trace_module *modules = ct_trace_modules(tc->trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		const char *why = NULL;
		const struct ct_index *index = ct_trace_index(tc->trace, i, &why);

		if (index)
			ct_calls_add_index(&tc->calls, index, i, 0, &tc->functions, NULL);
		else if (!tc->calls.unknown_functions)
			tc->calls.unknown_functions = ct_arena_strdup(&tc->calls.arena, why ? why : modules[i].path);
	}
}

/* --- calls --- */

static uint32_t place_of(struct ct_trace_calls *tc, const struct ct_trace_call *call)
{
	struct {
		const char *through;
		uint32_t function, site;
	} key = { call->through, call->function, call->site };
	struct ct_calls_place place = { .function = tc->rows[call->function], .through = call->through };
	size_t count;
	bool added;
	uint32_t row = ct_map_add(&tc->places, &key, sizeof key, tc->calls.place_count, &added);

	if (added && call->site != CT_NO_ROW) {
		const struct ct_trace_site *site = &ct_trace_sites(tc->trace, &count)[call->site];

		place.file = site->file;
		place.line = site->line;
	}
	if (added)
		ct_calls_add_place(&tc->calls, &place);
	return row;
}

static const char *keep(struct ct_trace_calls *tc, const char *text)
{
	return text ? ct_arena_strdup(&tc->arena, text) : NULL;
}

static struct kept *kept_of(struct ct_trace_calls *tc, struct ct_call_id id)
{
	struct kept *k = (struct kept *) (uintptr_t) ct_calls_value(&tc->calls, id, 0);

	if (!k) {
		k = ct_arena_alloc(&tc->arena, sizeof *k);
		ct_calls_values(&tc->calls, id, 0, (uint64_t) (uintptr_t) k);
	}
	return k;
}

static bool on_enter(const struct ct_trace_call *call, void *user)
{
	struct ct_trace_calls *tc = user;
	struct ct_call_id id = { tc->thread, 0 };

	if (call->continued) {
		id.number = ct_calls_continue(&tc->calls, tc->thread, place_of(tc, call), call->start, call->left);
		if (id.number != CT_NO_NUMBER && ct_calls_value(&tc->calls, id, 0))
			kept_of(tc, id)->went_on = true;
		return true;
	}
	id.number = ct_calls_enter(&tc->calls, tc->thread, place_of(tc, call), call->start, call->phase,
	                           call->iteration);
	if (call->arguments || call->arguments_unavailable) {
		struct kept *k = kept_of(tc, id);

		k->arguments = keep(tc, call->arguments);
		k->why = keep(tc, call->arguments_unavailable);
	}
	return true;
}

static bool on_leave(const struct ct_trace_call *call, void *user)
{
	static const enum ct_call_state states[] = { [CT_CALL_RETURNED] = CT_STATE_RETURNED,
		                                     [CT_CALL_UNWOUND] = CT_STATE_UNWOUND,
		                                     [CT_CALL_OPEN] = CT_STATE_ACTIVE,
		                                     [CT_CALL_UNSEEN] = CT_STATE_UNSEEN,
		                                     [CT_CALL_SWITCHED] = CT_STATE_UNSEEN };
	struct ct_trace_calls *tc = user;
	struct ct_call_id id = { tc->thread, ct_calls_open(&tc->calls, tc->thread) };

	if (id.number != CT_NO_NUMBER
	    && (call->return_value || call->arguments_after || (call->continued && ct_calls_value(&tc->calls, id, 0)))) {
		struct kept *k = kept_of(tc, id);

		k->returned = keep(tc, call->return_value);
		k->after = keep(tc, call->arguments_after);
	}
	ct_calls_leave(&tc->calls, tc->thread, states[call->ended], call->end);
	return true;
}

static bool walk(struct ct_trace_calls *tc, struct ct_error *err)
{
	const struct ct_walker walker = { .enter = on_enter, .leave = on_leave, .values = true,
		                          .values_of = tc->wanted, .typed = true };
	size_t count;
	const struct ct_trace_thread *threads = ct_trace_threads(tc->trace, &count);
	const struct ct_trace_meta *meta = ct_trace_meta(tc->trace);

	for (uint32_t i = 0; i < count; i++) {
		tc->thread = ct_calls_add_thread(&tc->calls, threads[i].tid, threads[i].name,
		                                 meta->pid ? threads[i].tid == meta->pid : i == 0);
		if (!ct_trace_walk(tc->trace, i, &walker, tc, err))
			return false;
	}
	return true;
}

/* What was recorded but is not in here. That a process ended early is not of that kind. */
static void note_losses(struct ct_trace_calls *tc)
{
	const struct ct_trace_meta *meta = ct_trace_meta(tc->trace);
	struct ct_text text = {0};

	if (meta->stopped)
		ct_text_addf(&text, ", recording ended early: %s", meta->stopped);
	if (meta->damaged)
		ct_text_addf(&text, ", the trace is damaged");
	if (meta->truncated)
		ct_text_addf(&text, ", %llu call%s left out of the trace%s", (unsigned long long) meta->truncated,
		             meta->truncated == 1 ? " was" : "s were", meta->cut ? "" : ", as too deep");
	for (int i = 0; i < CT_LOSSES; i++)
		if (meta->lost[i] && i != CT_LOST_EXITS)
			ct_text_addf(&text, ", lost: %s: %llu", ct_loss_name(i), (unsigned long long) meta->lost[i]);
	if (text.length)
		tc->calls.incomplete = ct_arena_strdup(&tc->calls.arena, text.data + 2);
	ct_text_deinit(&text);
}

struct ct_trace_calls *ct_trace_calls_new(struct ct_trace *trace, const struct ct_trace_calls_options *options,
                                          struct ct_error *err)
{
	struct ct_trace_calls *tc = ct_calloc(1, sizeof *tc);

	tc->trace = trace;
	ct_calls_init(&tc->calls, &(struct ct_calls_source){ tc, values, declared });
	add_functions(tc, options);
	add_indexes(tc);
	note_losses(tc);
	if (walk(tc, err))
		return tc;
	ct_trace_calls_free(tc);
	return NULL;
}

void ct_trace_calls_free(struct ct_trace_calls *tc)
{
	if (!tc)
		return;
	ct_calls_deinit(&tc->calls);
	ct_map_deinit(&tc->functions);
	ct_map_deinit(&tc->places);
	ct_arena_deinit(&tc->arena);
	free(tc->rows);
	free(tc->wanted);
	free(tc);
}

struct ct_calls *ct_trace_calls_get(struct ct_trace_calls *tc)
{
	return &tc->calls;
}
