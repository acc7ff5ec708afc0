#include "trace/value.h"

#include <stdlib.h>
#include <string.h>

#include "trace/expression.h"
#include "trace/value_plan.h"
#include "trace/value_strings.h"

enum { MOST_VALUES = 4096 }; /* written of one call */

struct ct_value_writer {
	const struct ct_trace *trace;
	const struct ct_raw_thread *thread;
	const struct ct_ready **rows; /* by row; NULL: not looked yet */
	struct ct_ready_plans plans;
	bool typed;
	struct ct_text strings; /* of the value under way */
};

/* --- writers --- */

static inline const struct ct_ready *plan_of(struct ct_value_writer *w, uint32_t row)
{
	if (__builtin_expect(!w->rows[row], 0))
		w->rows[row] = ct_ready_plan(&w->plans, w->trace->raw, w->thread->rows[row].hook,
		                           w->thread->rows[row].epoch);
	return w->rows[row];
}

bool ct_values_captured(const struct ct_trace *trace)
{
	for (size_t i = 0; i < trace->raw->module_count; i++)
		if (trace->raw->modules[i].plans_hash)
			return true;
	return false;
}

struct ct_value_writer *ct_value_writer_new(const struct ct_trace *trace, uint32_t thread)
{
	struct ct_value_writer *w = ct_calloc(1, sizeof *w);

	w->trace = trace;
	w->thread = &trace->raw->threads[thread];
	w->rows = ct_calloc(w->thread->row_count + 1, sizeof *w->rows);
	return w;
}

void ct_value_writer_typed(struct ct_value_writer *w)
{
	w->typed = true;
}

void ct_value_writer_free(struct ct_value_writer *w)
{
	if (!w)
		return;
	free(w->rows);
	ct_ready_plans_deinit(&w->plans);
	ct_text_deinit(&w->strings);
	free(w);
}

/* --- arguments --- */

/* A call in the making. */
struct call {
	const struct ct_ready *ready;
	struct ct_values_read read; /* of the payload with the fixed part */
	struct ct_value_block blocks[CT_PLAN_FOLLOW_MAX];
	struct ct_view view;
};

static void begin_call(struct ct_value_writer *w, const struct ct_ready *r,
                       const struct ct_followers *followers, struct call *c)
{
	c->ready = r;
	c->view = (struct ct_view){ .index = r->index, .raw = w->trace->raw, .followers = followers,
	                            .blocks = c->blocks, .budget = MOST_VALUES, .typed = w->typed,
	                            .strings = &w->strings };
}

static void add_unavailable(struct ct_text *out, const char *reason)
{
	ct_text_add(out, ",\"unavailable\":\"");
	ct_text_add(out, reason);
	ct_text_add(out, "\"}");
}

static void add_hidden(struct ct_text *out, enum ct_hidden hidden, const uint8_t hash[8])
{
	if (hidden == CT_HIDDEN_EXCLUDED) {
		add_unavailable(out, ct_how_reason(CT_HOW_EXCLUDED));
		return;
	}
	ct_text_add(out, ",\"redacted\":");
	ct_value_hex(out, hash, 8);
	ct_text_add_char(out, '}');
}

static bool computed(const struct ct_index *x, const struct ct_plan_arg *a, struct ct_spot spot,
                     uint64_t *result)
{
	uint64_t words[32];
	uint32_t count = a->words < 32 ? a->words : 32;

	if (spot.size < 8 * count)
		return false;
	memcpy(words, spot.bytes, 8 * count);
	return ct_expression_value(x->expressions + a->expression,
	                           x->header->expressions.count - a->expression, words, count, result);
}

/*
 * Writes what an indirect value's address leads to: the value is the block of the operation
 * that copies it.
 */
static bool indirect(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *remarks,
                     struct ct_text *out)
{
	for (unsigned i = 0; i < v->followers->count; i++) {
		const struct ct_follower *f = &v->followers->items[i];
		const struct ct_value_block *b = &v->blocks[i];
		uint64_t address = 0;

		if (f->base != 0 || f->at != spot.at || f->op != CT_OP_BYTES)
			continue;
		remarks->unreadable = b->status == CT_BLOCK_BAD || b->status == CT_BLOCK_PART;
		remarks->truncated = b->status == CT_BLOCK_CUT || !b->status;
		if (!b->status || b->status == CT_BLOCK_BAD)
			return false;
		memcpy(&address, spot.bytes, spot.size < 8 ? spot.size : 8);
		spot = (struct ct_spot){ b->data, b->size, f->number + 1u, 0, address };
		return ct_value_write(v, type, spot, remarks, out);
	}
	remarks->truncated = true;
	return false;
}

static bool write_value(struct call *c, const struct ct_plan_arg *a, struct ct_remarks *remarks,
                        struct ct_text *out)
{
	struct ct_spot spot = { .at = a->at };
	uint64_t result;

	if (a->at > c->read.fixed_size) {
		remarks->truncated = true;
		return false;
	}
	spot.bytes = c->read.fixed + a->at;
	spot.size = c->read.fixed_size - a->at;
	if (a->how == CT_HOW_COMPUTED) {
		if (!computed(c->ready->index, a, spot, &result)) {
			remarks->truncated = true;
			return false;
		}
		spot = (struct ct_spot){ (const uint8_t *) &result, a->size, CT_BASE_NONE, 0, 0 };
	} else if (a->flags & CT_ARG_INDIRECT) {
		return indirect(&c->view, a->type, spot, remarks, out);
	} else if (a->size < spot.size) {
		spot.size = a->size;
	}
	return ct_value_write(&c->view, a->type, spot, remarks, out);
}

static void begin_value(struct call *c, struct ct_text *out)
{
	ct_text_clear(c->view.strings);
	c->view.misleading = false;
	ct_text_add_n(out, ",\"value\":", 9);
}

/*
 * The remarks, and what the strings in the value are, if that must be said. `before`: where the comma before
 * the value is, which is taken back if there is none.
 */
static void end_value(struct call *c, uint32_t type, size_t before, bool there, const struct ct_remarks *remarks,
                      struct ct_text *out)
{
	size_t start = before + 9;
	bool misleading = c->view.misleading;

	if (!there)
		out->length = before;
	else if (out->data[start] == '"' && !c->view.typed && c->view.strings->length == 1) {
		const char *name = ct_index_string(c->ready->index, c->ready->index->types[type].name);
		struct ct_span text = { out->data + start + 1, out->length - start - 2 };

		misleading = ct_string_misleads((struct ct_span){ name, strlen(name) }, remarks->has_address, text,
		                                c->view.strings->data[0]);
	}
	if (there && misleading) {
		ct_text_add(out, ",\"strings\":\"");
		ct_text_add_n(out, c->view.strings->data, c->view.strings->length);
		ct_text_add_char(out, '"');
	}
	ct_remarks_write(remarks, out);
}

/* The value and what is said of it, behind the argument's name. */
static void write_known(struct call *c, const struct ct_plan_arg *a, struct ct_text *out)
{
	struct ct_remarks remarks = {0};
	size_t before = out->length;
	bool there;

	begin_value(c, out);
	there = write_value(c, a, &remarks, out);
	end_value(c, a->type, before, there, &remarks, out);
}

/* The most there are, by the shortest way. */
static void write_integer(const struct call *c, const struct ct_ready_arg *arg,
                          const struct ct_plan_arg *a, struct ct_text *out)
{
	unsigned unused = 64 - 8 * arg->integer;
	uint64_t bits = 0;

	memcpy(&bits, c->read.fixed + a->at, arg->integer);
	ct_text_add_n(out, arg->text, arg->length);
	if (arg->is_signed)
		ct_value_signed(out, (int64_t) (bits << unused) >> unused);
	else
		ct_value_integer(out, bits, false);
	ct_text_add_char(out, '}');
}

static void write_argument(struct call *c, uint32_t number, struct ct_text *out)
{
	static const char *const ends[CT_HOW_UNAVAILABLE] = {
		[CT_HOW_PLAIN] = "}", [CT_HOW_ENTRY] = ",\"how\":\"entry\"}",
		[CT_HOW_CALLER] = ",\"how\":\"caller\"}", [CT_HOW_CONSTANT] = ",\"how\":\"constant\"}",
		[CT_HOW_COMPUTED] = ",\"how\":\"computed\"}",
	};
	const struct ct_ready_arg *arg = &c->ready->args[number];
	const struct ct_plan_arg *a = &c->ready->index->plan_args[c->ready->plan->args + number];
	enum ct_hidden hidden = CT_HIDDEN_NOT;
	uint8_t hash[8];

	if (c->read.rest < c->read.end)
		hidden = ct_values_hidden(&c->read, number, hash);
	if (hidden) {
		ct_text_add_n(out, arg->text, arg->head_length);
		add_hidden(out, hidden, hash);
	} else if (a->how >= CT_HOW_UNAVAILABLE || a->type == CT_NONE) {
		ct_text_add_n(out, arg->text, arg->length);
	} else if (a->how == CT_HOW_CALLER && ct_values_unknown(&c->read, number)) {
		ct_text_add_n(out, arg->text, arg->head_length);
		add_unavailable(out, ct_how_reason(CT_HOW_OVERWRITTEN));
	} else if (arg->integer && !c->view.typed) {
		write_integer(c, arg, a, out);
	} else {
		ct_text_add_n(out, arg->text, arg->head_length);
		write_known(c, a, out);
		ct_text_add(out, ends[a->how]);
	}
}

/* Opens the payload of an enter record; false: what the plan says is not in there. */
static bool read_enter(struct call *c, struct ct_payload enter)
{
	const struct ct_plan *plan = c->ready->plan;

	c->read = ct_values_open(enter);
	if (c->read.how != CT_HOW_PLAIN)
		return false;
	if (c->read.fixed_size < plan->fixed)
		c->read.how = CT_HOW_NO_ROOM;
	return c->read.how == CT_HOW_PLAIN;
}

bool ct_value_arguments(struct ct_value_writer *w, uint32_t row, struct ct_payload enter,
                        struct ct_text *out, const char **why)
{
	const struct ct_ready *r = plan_of(w, row);
	struct call c;

	*why = NULL;
	if (!r->plan || (!enter.words && r->plan->fixed)) {
		*why = enter.words ? r->why : NULL;
		return false;
	}
	if (r->plan->arg_count == 0) {
		ct_text_add(out, "[]");
		return true;
	}
	begin_call(w, r, &r->followers, &c);
	if (!read_enter(&c, enter) && r->plan->fixed) {
		*why = ct_how_reason(c.read.how) ? ct_how_reason(c.read.how) : "damaged";
		return false;
	}
	ct_values_blocks(&c.read, &r->followers, 0, c.blocks);
	for (uint32_t i = 0; i < r->plan->arg_count; i++) {
		ct_text_add_char(out, i ? ',' : '[');
		write_argument(&c, i, out);
	}
	ct_text_add_char(out, ']');
	return true;
}

bool ct_value_variadic(struct ct_value_writer *w, uint32_t row)
{
	const struct ct_ready *r = plan_of(w, row);

	return r->plan && r->plan->flags & CT_PLAN_VARIADIC;
}

/* --- what a call left behind --- */

static bool write_returned(struct call *c, struct ct_remarks *remarks, struct ct_text *out)
{
	const struct ct_plan *plan = c->ready->plan;
	struct ct_spot spot = { c->read.fixed, c->read.fixed_size, 0, 0, 0 };

	if (plan->return_class[0] == CT_RETURN_MEMORY)
		return indirect(&c->view, plan->return_type, spot, remarks, out);
	return ct_value_write(&c->view, plan->return_type, spot, remarks, out);
}

static void write_return(struct call *c, struct ct_text *out)
{
	struct ct_remarks remarks = {0};
	size_t before = out->length;
	bool there;

	begin_value(c, out);
	there = write_returned(c, &remarks, out);
	end_value(c, c->ready->plan->return_type, before, there, &remarks, out);
	ct_text_add_char(out, '}');
}

/* Why there is no value in the payload; NULL: there is one. */
static const char *no_return(const struct call *c)
{
	const struct ct_plan *plan = c->ready->plan;

	if (c->read.how != CT_HOW_PLAIN)
		return ct_how_reason(c->read.how) ? ct_how_reason(c->read.how) : "damaged";
	if (c->read.fixed_size >= plan->return_fixed && plan->return_fixed)
		return NULL;
	for (int i = 0; i < 4; i++)
		if (plan->return_class[i] == CT_RETURN_UNSUPPORTED)
			return ct_how_reason(CT_HOW_UNSUPPORTED);
	return ct_how_reason(CT_HOW_NO_ROOM);
}

static bool left_early(const struct ct_ready *r, enum ct_call_end ended, struct ct_text *out)
{
	if (!r->plan)
		return false;
	ct_text_add_n(out, r->return_head, r->return_length);
	add_unavailable(out, ct_call_end_name(ended));
	return true;
}

bool ct_value_return(struct ct_value_writer *w, uint32_t row, enum ct_call_end ended,
                     struct ct_payload exit, struct ct_text *out)
{
	const struct ct_ready *r = plan_of(w, row);
	enum ct_hidden hidden;
	uint8_t hash[8];
	struct call c;

	if (r->plan && r->plan->return_type == CT_NONE)
		return false;
	if (ended != CT_CALL_RETURNED)
		return left_early(r, ended, out);
	if (!exit.words)
		return false;
	if (!r->plan) {
		ct_text_add(out, "{\"unavailable\":\"");
		ct_text_add(out, r->why);
		ct_text_add(out, "\"}");
		return true;
	}
	begin_call(w, r, &r->return_followers, &c);
	c.read = ct_values_open(exit);
	ct_values_blocks(&c.read, &r->return_followers, CT_BLOCK_OF_RETURN, c.blocks);
	ct_text_add_n(out, r->return_head, r->return_length);
	hidden = ct_values_hidden(&c.read, CT_NONE, hash);
	if (hidden)
		add_hidden(out, hidden, hash);
	else if (no_return(&c))
		add_unavailable(out, no_return(&c));
	else
		write_return(&c, out);
	return true;
}

/* --- arguments afterwards --- */

/* Whether one of the operations of this argument found something else than before. */
static bool changed(const struct ct_ready *r, uint32_t argument, const struct ct_value_block *before,
                    const struct ct_value_block *after)
{
	for (unsigned i = 0; i < r->followers.count; i++) {
		const struct ct_follower *f = &r->followers.items[i];

		if (f->argument != argument || !f->out || !after[i].status || !before[i].status)
			continue; /* where one is not known, nothing is */
		if (before[i].status != after[i].status || before[i].size != after[i].size
		    || memcmp(before[i].data, after[i].data, after[i].size) != 0)
			return true;
	}
	return false;
}

bool ct_value_after(struct ct_value_writer *w, uint32_t row, struct ct_payload enter,
                    struct ct_payload exit, struct ct_text *out)
{
	const struct ct_ready *r = plan_of(w, row);
	struct ct_value_block before[CT_PLAN_FOLLOW_MAX];
	struct ct_values_read left;
	bool any = false;
	uint8_t hash[8];
	struct call c;

	if (!r->plan || !r->plan->out_ops || !enter.words || !exit.words)
		return false;
	begin_call(w, r, &r->followers, &c);
	left = ct_values_open(exit);
	if (left.rest == left.end || !read_enter(&c, enter))
		return false;
	ct_values_blocks(&c.read, &r->followers, 0, before);
	ct_values_blocks(&left, &r->followers, 0, c.blocks);
	for (uint32_t i = 0; i < r->plan->arg_count; i++) {
		const struct ct_plan_arg *a = &r->index->plan_args[r->plan->args + i];

		if (!r->args[i].out || a->how >= CT_HOW_UNAVAILABLE || a->type == CT_NONE
		    || (a->how == CT_HOW_CALLER && ct_values_unknown(&c.read, i))
		    || !changed(r, i, before, c.blocks)
		    || ct_values_hidden(&c.read, i, hash) != CT_HIDDEN_NOT)
			continue;
		ct_text_add_char(out, any ? ',' : '[');
		ct_text_add_n(out, r->args[i].text, r->args[i].name_length);
		write_known(&c, a, out);
		ct_text_add_char(out, '}');
		any = true;
	}
	if (any)
		ct_text_add_char(out, ']');
	return any;
}
