#include "trace/value_plan.h"

#include <stdlib.h>

#include "trace/value.h"
#include "trace/value_strings.h"

static const char *const reasons[CT_HOWS] = {
	[CT_HOW_OPTIMISED_OUT] = "optimised out", [CT_HOW_OVERWRITTEN] = "overwritten",
	[CT_HOW_PARTIAL] = "partly optimised out", [CT_HOW_UNSUPPORTED] = "unsupported location",
	[CT_HOW_NO_DEBUG] = "no debug information", [CT_HOW_TOO_LARGE] = "too large",
	[CT_HOW_EXCLUDED] = "excluded", [CT_HOW_NOT_RETURNED] = "not returned",
	[CT_HOW_UNWINDING] = "unwinding", [CT_HOW_INLINED] = "inlined", [CT_HOW_TAIL] = "tail jump",
	[CT_HOW_SHADOW_STACK] = "shadow stack", [CT_HOW_UNREADABLE] = "unreadable",
	[CT_HOW_NO_ROOM] = "no room",
};

const char *ct_how_reason(uint8_t how)
{
	return how < CT_HOWS ? reasons[how] : NULL;
}

static const char *type_name(const struct ct_index *x, uint32_t type)
{
	return type == CT_NONE ? "" : ct_index_string(x, x->types[type].name);
}

/* Of which nothing need be said but itself: see value_strings.h. */
static bool is_integer(const struct ct_index *x, const struct ct_plan_arg *a, const struct ct_index_type *t)
{
	static const char large[] = "18446744073709551615";
	const char *name = type_name(x, a->type);

	return !ct_string_misleads((struct ct_span){ name, strlen(name) }, false,
	                           (struct ct_span){ large, strlen(large) }, CT_STRING_NUMBER)
	       && t && a->how == CT_HOW_PLAIN && !(a->flags & CT_ARG_INDIRECT) && t->size <= 8
	       && t->size <= a->size && (t->kind == CT_TYPE_SIGNED || t->kind == CT_TYPE_UNSIGNED);
}

static void render_arg(struct ct_text *text, const struct ct_index *x, const struct ct_plan_arg *a,
                       struct ct_ready_arg *arg)
{
	const struct ct_index_type *t = ct_value_type(x, a->type);

	ct_text_add(text, "{\"name\":");
	ct_text_add_json(text, ct_index_string(x, a->name));
	arg->name_length = (uint32_t) text->length;
	ct_text_add(text, ",\"type\":");
	ct_text_add_json(text, type_name(x, a->type));
	arg->head_length = (uint32_t) text->length;
	if (a->how >= CT_HOW_UNAVAILABLE) {
		ct_text_addf(text, ",\"unavailable\":\"%s\"}", ct_how_reason(a->how));
	} else if (a->type == CT_NONE) {
		ct_text_addf(text, ",\"unavailable\":\"%s\"}", ct_how_reason(CT_HOW_NO_DEBUG));
	} else if (is_integer(x, a, t)) {
		ct_text_add(text, ",\"value\":");
		arg->integer = (uint8_t) t->size;
		arg->is_signed = t->kind == CT_TYPE_SIGNED;
	}
	arg->length = (uint32_t) text->length;
}

static void ready_arg(struct ct_ready_plans *plans, const struct ct_ready *r, uint32_t number,
                      struct ct_ready_arg *arg)
{
	struct ct_text text = {0};

	render_arg(&text, r->index, &r->index->plan_args[r->plan->args + number], arg);
	arg->text = ct_arena_strndup(&plans->arena, text.data, text.length);
	for (unsigned i = 0; i < r->followers.count; i++)
		arg->out |= r->followers.items[i].out && r->followers.items[i].argument == number;
	ct_text_deinit(&text);
}

static struct ct_ready *make_ready(struct ct_ready_plans *plans, const struct ct_index *x,
                                   const struct ct_plan *p)
{
	struct ct_ready *r = ct_arena_alloc(&plans->arena, sizeof *r);
	struct ct_text text = {0};

	*r = (struct ct_ready){ .index = x, .plan = p };
	ct_followers_init(&r->followers, x->plan_ops + p->ops, p->op_count);
	ct_followers_init(&r->return_followers, x->plan_ops + p->return_ops, p->return_op_count);
	r->args = ct_arena_alloc(&plans->arena, (p->arg_count + 1) * sizeof *r->args);
	for (uint32_t i = 0; i < p->arg_count; i++)
		ready_arg(plans, r, i, &r->args[i]);
	ct_text_add(&text, "{\"type\":");
	ct_text_add_json(&text, type_name(x, p->return_type));
	r->return_head = ct_arena_strndup(&plans->arena, text.data, text.length);
	r->return_length = (uint32_t) text.length;
	ct_text_deinit(&text);
	return r;
}

/* Rows of one hook share their plan. */
static const struct ct_ready *ready_plan(struct ct_ready_plans *plans, const struct ct_index *x,
                                         const struct ct_plan *p)
{
	bool added;
	uint32_t at = ct_map_add(&plans->known, &p, sizeof p, plans->count, &added);

	if (added) {
		if ((plans->count & (plans->count - 1)) == 0)
			plans->items = ct_realloc(plans->items, (plans->count ? plans->count * 2 : 1)
			                                                * sizeof *plans->items);
		plans->items[plans->count++] = make_ready(plans, x, p);
	}
	return plans->items[at];
}

const struct ct_ready *ct_ready_plan(struct ct_ready_plans *plans, const struct ct_raw *raw,
                                     uint64_t hook, uint32_t epoch)
{
	static const struct ct_ready no_index = { .why = "no index" };
	static const struct ct_ready other_index = { .why = "index differs from the recorder's" };
	static const struct ct_ready no_plan = { .why = "no debug information" };
	const struct ct_raw_module *m = ct_raw_module_at(raw, hook, epoch, true);
	const struct ct_index_hook *h;

	if (!m || !m->index)
		return &no_index;
	if (m->plans_hash != m->index->header->plans_hash)
		return &other_index;
	h = ct_index_hook_at(m->index, hook - m->bias);
	return h && h->plan != CT_NONE ? ready_plan(plans, m->index, &m->index->plans[h->plan]) : &no_plan;
}

void ct_ready_plans_deinit(struct ct_ready_plans *plans)
{
	free(plans->items);
	ct_map_deinit(&plans->known);
	ct_arena_deinit(&plans->arena);
}
