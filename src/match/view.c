/* view.c - the values of one call, decoded when they are asked for and only once. */
#include <stdlib.h>

#include "match/query.h"

void ct_view_init(struct ct_view_of_call *view, const struct ct_calls *calls)
{
	*view = (struct ct_view_of_call){ .calls = calls, .id = CT_NO_CALL };
}

void ct_view_deinit(struct ct_view_of_call *view)
{
	ct_arena_deinit(&view->arena);
	ct_text_deinit(&view->scratch);
}

void ct_view_at(struct ct_view_of_call *view, struct ct_call_id id)
{
	if (ct_call_same(view->id, id))
		return;
	ct_arena_deinit(&view->arena);
	view->arena = (struct ct_arena){0};
	view->id = id;
	for (int i = 0; i < 3; i++)
		view->looked[i] = view->has[i] = false;
}

static bool decode(const struct ct_calls *calls, struct ct_call_id id, enum ct_values_kind kind,
                   struct ct_text *scratch, struct ct_arena *arena, struct ct_datum *out, const char **why)
{
	const char *json;

	*why = NULL;
	if (!calls->source.values) {
		*why = "values were not recorded";
		return false;
	}
	ct_text_clear(scratch);
	json = calls->source.values(calls->source.user, calls, id, kind, scratch, why);
	if (!json) {
		if (!*why)
			*why = "not recorded";
		return false;
	}
	if (kind == CT_VALUES_RETURNED ? ct_datum_returned(json, arena, out) : ct_datum_arguments(json, arena, out))
		return true;
	*why = "damaged";
	return false;
}

const struct ct_datum *ct_view_values(struct ct_view_of_call *view, enum ct_values_kind kind)
{
	if (!view->looked[kind]) {
		view->looked[kind] = true;
		view->has[kind] = decode(view->calls, view->id, kind, &view->scratch, &view->arena,
		                         &view->values[kind], &view->why[kind]);
	}
	return view->has[kind] ? &view->values[kind] : NULL;
}

/* --- for those who want to keep them --- */

static bool once(const struct ct_calls *calls, struct ct_call_id id, enum ct_values_kind kind,
                 struct ct_arena *arena, struct ct_datum *out, const char **why)
{
	struct ct_text scratch = {0};
	bool ok = decode(calls, id, kind, &scratch, arena, out, why);

	ct_text_deinit(&scratch);
	return ok;
}

bool ct_call_arguments(const struct ct_calls *calls, struct ct_call_id id, struct ct_arena *arena,
                       struct ct_datum *out, const char **why)
{
	return once(calls, id, CT_VALUES_ARGUMENTS, arena, out, why);
}

bool ct_call_returned(const struct ct_calls *calls, struct ct_call_id id, struct ct_arena *arena,
                      struct ct_datum *out, const char **why)
{
	return once(calls, id, CT_VALUES_RETURNED, arena, out, why);
}

bool ct_call_after(const struct ct_calls *calls, struct ct_call_id id, struct ct_arena *arena,
                   struct ct_datum *out, const char **why)
{
	return once(calls, id, CT_VALUES_AFTER, arena, out, why);
}
