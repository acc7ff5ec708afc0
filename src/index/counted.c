/*
 * counted.c - buffers: a pointer to void or to characters whose next parameter is a number
 * that is called a size. So many bytes are followed, and no more: what is behind them is not the
 * call's business, be there a NUL or not.
 */
#include <string.h>

#include "index/follow.h"

static const struct ct_type *bare(const struct ct_build *b, uint32_t type)
{
	type = ct_type_bare(b, type);
	return type == CT_NONE ? NULL : &b->values->types.items[type];
}

static bool is_buffer(const struct ct_build *b, uint32_t type, bool *text)
{
	const struct ct_type *t = bare(b, type), *target;

	if (!t || t->row.kind != CT_TYPE_POINTER)
		return false;
	target = bare(b, t->row.target);
	*text = target && strcmp(target->name, "char") == 0;
	return !target || target->row.kind == CT_TYPE_VOID
	       || (target->row.kind == CT_TYPE_CHAR && target->row.size == 1);
}

/* Behind a `char *`, which is a string as a rule, only what can be nothing but its length. */
static bool is_size_name(const char *name, bool text)
{
	static const char *const names[] = {
		"len", "length", "nbyte", "nbytes", "buflen", "n", "size", "count", "nmemb", "bufsize",
	};
	static const char *const ends[] = { "_len", "_length", "_size", "_count" };
	size_t length = strlen(name);

	for (size_t i = 0; i < (text ? 5 : sizeof names / sizeof *names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < (text ? 2 : sizeof ends / sizeof *ends); i++)
		if (length > strlen(ends[i]) && strcmp(name + length - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* The one operation that copies an argument of 4 bytes, or NULL. */
static const struct ct_plan_op *only_copy(const struct ct_values *v, const struct ct_plan *plan,
                                          uint16_t argument)
{
	const struct ct_plan_op *found = NULL;

	for (uint32_t i = plan->ops; i < v->ops.count; i++)
		if (v->ops.items[i].argument == argument && v->ops.items[i].op < CT_OP_STRING) {
			if (found)
				return NULL;
			found = &v->ops.items[i];
		}
	return found && found->size == 4 ? found : NULL;
}

/* Another copy of it, with zeros behind: 8 bytes at the end of the fixed part. */
static bool widen(struct ct_values *v, struct ct_plan *plan, uint16_t argument, uint32_t *at)
{
	const struct ct_plan_op *from = only_copy(v, plan, argument);
	struct ct_plan_op copy;

	if (!from || plan->fixed + 8 > CT_PLAN_FIXED_MAX)
		return false;
	copy = *from;
	copy.at = *at = plan->fixed;
	*ct_add(&v->ops) = copy;
	*ct_add(&v->ops) = (struct ct_plan_op){ .op = CT_OP_CONSTANT, .argument = argument, .at = *at + 4,
	                                        .size = 4 };
	plan->fixed += 8;
	return true;
}

bool ct_find_count(struct ct_build *b, struct ct_plan *plan, uint32_t number, uint32_t *at)
{
	struct ct_values *v = b->values;
	const struct ct_planned_arg *buffer = &v->args.items[plan->args + number], *count = buffer + 1;
	const struct ct_type *t;
	bool text;

	if (number + 1 >= plan->arg_count || buffer->row.how >= CT_HOW_COMPUTED
	    || buffer->row.flags & CT_ARG_INDIRECT || !is_buffer(b, buffer->row.type, &text)
	    || count->row.how >= CT_HOW_COMPUTED
	    || count->row.how == CT_HOW_CALLER /* it may not be there in some calls */
	    || count->row.flags & CT_ARG_INDIRECT
	    || !is_size_name(count->name, text))
		return false;
	t = bare(b, count->row.type);
	if (!t || (t->row.kind != CT_TYPE_SIGNED && t->row.kind != CT_TYPE_UNSIGNED))
		return false;
	*at = count->row.at;
	return count->row.size == 8 || (count->row.size == 4 && widen(v, plan, (uint16_t) (number + 1), at));
}
