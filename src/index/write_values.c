/* write_values.c - the tables of types and plans: merged types get their final rows. */
#include <stdlib.h>

#include "index/values.h"
#include "index/writer.h"

struct tables {
	struct ct_writer *w;
	struct ct_values *v;
	uint32_t *chosen; /* row of types in the file -> type */
};

static uint32_t final(const struct ct_values *v, uint32_t type)
{
	return type == CT_NONE ? CT_NONE : v->types.items[type].merged;
}

static bool has_members(const struct ct_type *t)
{
	return t->row.kind == CT_TYPE_STRUCT || t->row.kind == CT_TYPE_UNION;
}

/* One of each kind of equals: the first. */
static void choose(struct tables *t)
{
	t->chosen = ct_alloc(((size_t) t->v->merged_count + 1) * sizeof *t->chosen);
	for (uint32_t i = t->v->types.count; i-- > 0;)
		t->chosen[t->v->types.items[i].merged] = i;
}

static struct ct_table write_types(struct tables *t)
{
	struct ct_table table = ct_write_begin(t->w, t->v->merged_count, sizeof(struct ct_index_type));
	uint32_t members = 0, enumerators = 0;

	for (uint32_t i = 0; i < t->v->merged_count; i++) {
		const struct ct_type *type = &t->v->types.items[t->chosen[i]];
		struct ct_index_type row = type->row;

		row.name = ct_write_string(t->w, type->name);
		row.target = final(t->v, row.target);
		if (has_members(type)) {
			row.first = members;
			members += row.count;
		} else if (row.kind == CT_TYPE_ENUM) {
			row.first = enumerators;
			enumerators += row.count;
		}
		ct_write_row(t->w, &row, sizeof row);
	}
	return table;
}

static struct ct_table write_members(struct tables *t)
{
	struct ct_table table = ct_write_begin(t->w, 0, sizeof(struct ct_index_member));

	for (uint32_t i = 0; i < t->v->merged_count; i++) {
		const struct ct_type *type = &t->v->types.items[t->chosen[i]];

		for (uint32_t m = 0; has_members(type) && m < type->row.count; m++) {
			const struct ct_type_member *member = &t->v->members.items[type->row.first + m];
			struct ct_index_member row = member->row;

			row.name = ct_write_string(t->w, member->name);
			row.type = final(t->v, row.type);
			ct_write_row(t->w, &row, sizeof row);
			table.count++;
		}
	}
	return table;
}

static struct ct_table write_enumerators(struct tables *t)
{
	struct ct_table table = ct_write_begin(t->w, 0, sizeof(struct ct_index_enumerator));

	for (uint32_t i = 0; i < t->v->merged_count; i++) {
		const struct ct_type *type = &t->v->types.items[t->chosen[i]];

		for (uint32_t e = 0; type->row.kind == CT_TYPE_ENUM && e < type->row.count; e++) {
			const struct ct_type_enumerator *from = &t->v->enumerators.items[type->row.first + e];
			struct ct_index_enumerator row = { .value = from->value };

			row.name = ct_write_string(t->w, from->name);
			ct_write_row(t->w, &row, sizeof row);
			table.count++;
		}
	}
	return table;
}

static struct ct_table write_plans(struct tables *t)
{
	struct ct_table table = ct_write_begin(t->w, t->v->plans.count, sizeof(struct ct_plan));

	for (uint32_t i = 0; i < t->v->plans.count; i++) {
		struct ct_plan row = t->v->plans.items[i];

		row.return_type = final(t->v, row.return_type);
		ct_write_row(t->w, &row, sizeof row);
	}
	return table;
}

static struct ct_table write_args(struct tables *t)
{
	struct ct_table table = ct_write_begin(t->w, t->v->args.count, sizeof(struct ct_plan_arg));

	for (uint32_t i = 0; i < t->v->args.count; i++) {
		struct ct_plan_arg row = t->v->args.items[i].row;

		row.name = ct_write_string(t->w, t->v->args.items[i].name);
		row.type = final(t->v, row.type);
		ct_write_row(t->w, &row, sizeof row);
	}
	return table;
}

void ct_write_values(struct ct_writer *w, struct ct_index_header *h)
{
	struct tables t = { .w = w, .v = w->b->values };

	choose(&t);
	h->types = write_types(&t);
	h->members = write_members(&t);
	h->enumerators = write_enumerators(&t);
	h->plans = write_plans(&t);
	h->plan_args = write_args(&t);
	h->plan_ops = ct_write_begin(w, t.v->ops.count, sizeof(struct ct_plan_op));
	ct_write_row(w, t.v->ops.items, t.v->ops.count * sizeof(struct ct_plan_op));
	h->expressions = ct_write_begin(w, (uint32_t) t.v->expressions.length, 1);
	ct_write_row(w, t.v->expressions.data, t.v->expressions.length);
	h->site_values = ct_write_begin(w, t.v->site_values.count, sizeof(struct ct_index_site_value));
	ct_write_row(w, t.v->site_values.items, t.v->site_values.count * sizeof(struct ct_index_site_value));
	h->exit_values = ct_write_begin(w, t.v->exit_values.count, sizeof(struct ct_exit_value));
	ct_write_row(w, t.v->exit_values.items, t.v->exit_values.count * sizeof(struct ct_exit_value));
	free(t.chosen);
}
