/* plans.c - a capture plan for every enter hook: its function's parameters, and where they are. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "index/callers.h"
#include "index/follow.h"
#include "index/places.h"
#include "index/cfi_check.h"

enum { MOST_PARAMETERS = 256 };

struct parameter {
	Dwarf_Die die; /* with the location; addr NULL: there is none */
	const void *root; /* what it is an instance of */
	uint32_t type;
	const char *name;
	bool artificial;
};

/* What is known of a hook before types are. */
struct draft {
	uint32_t hook;
	uint32_t first, count; /* parameters */
	uint32_t return_type;
	uint32_t flags; /* CT_PLAN_* */
	bool unprototyped;
	bool unoptimised;
	bool gnu; /* compiled by gcc */
	bool complete; /* no parameter is missing, and none too many */
	bool phantom; /* see is_phantom() */
	bool foreign; /* of another calling convention */
};

struct planner {
	struct ct_build *b;
	CT_ARRAY(struct parameter) parameters;
	CT_ARRAY(struct draft) drafts;
	bool *entered; /* bodies whose own enter hook was met */
};

static bool flag(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	bool value = false;

	return dwarf_formflag(dwarf_attr_integrate(die, name, &attribute), &value) == 0 && value;
}

/* --- parameters of a function --- */

static Dwarf_Die root_of(const Dwarf_Die *die)
{
	Dwarf_Die root = *die, next;
	Dwarf_Attribute attribute;

	for (int i = 0; i < 16 && dwarf_attr(&root, DW_AT_abstract_origin, &attribute)
	                && dwarf_formref_die(&attribute, &next); i++)
		root = next;
	return root;
}

/* gcc's constructors and destructors name one that only what they have in common (C4, at -Os) is passed. */
static bool is_phantom(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));

	return name && strcmp(name, "__in_chrg") == 0 && flag(die, DW_AT_artificial);
}

static void add_parameter(struct planner *p, Dwarf_Die *die, bool has_location)
{
	uint32_t made = ct_append(&p->parameters);
	struct parameter *new = &p->parameters.items[made];
	Dwarf_Attribute attribute;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));

	if (has_location)
		new->die = *die;
	new->root = root_of(die).addr;
	new->name = name ? name : "";
	new->artificial = flag(die, DW_AT_artificial);
	new->type = ct_type_of(p->b, die, 0);
}

/* In order of the declaration. `has_location`: the DIEs are those of a body. */
static void list_parameters(struct planner *p, Dwarf_Die *parent, bool has_location, int level,
                            struct draft *d)
{
	Dwarf_Die child;

	if (level > 2 || dwarf_child(parent, &child) != 0)
		return;
	do {
		switch (dwarf_tag(&child)) {
		case DW_TAG_formal_parameter:
			d->phantom |= is_phantom(&child);
			if (d->count < MOST_PARAMETERS && !is_phantom(&child)) {
				add_parameter(p, &child, has_location);
				d->count++;
			}
			break;
		case DW_TAG_GNU_formal_parameter_pack: list_parameters(p, &child, has_location, level + 1, d); break;
		case DW_TAG_unspecified_parameters: d->flags |= CT_PLAN_VARIADIC; break;
		default: break;
		}
	} while (dwarf_siblingof(&child, &child) == 0);
}

/* Gives the parameters of an abstract function the locations of one instance of it. */
static void place_parameters(struct planner *p, Dwarf_Die *parent, int level, const struct draft *d)
{
	Dwarf_Die child;

	if (level > 2 || dwarf_child(parent, &child) != 0)
		return;
	do {
		const void *root;

		if (dwarf_tag(&child) == DW_TAG_GNU_formal_parameter_pack)
			place_parameters(p, &child, level + 1, d);
		if (dwarf_tag(&child) != DW_TAG_formal_parameter)
			continue;
		root = root_of(&child).addr;
		for (uint32_t i = 0; i < d->count; i++)
			if (p->parameters.items[d->first + i].root == root)
				p->parameters.items[d->first + i].die = child;
	} while (dwarf_siblingof(&child, &child) == 0);
}

/* --- drafts --- */

/* An instance of the function in that body: a joined hook reports it without being in one. */
static bool any_instance(struct ct_build *b, const struct ct_hook *h, Dwarf_Die *die)
{
	for (uint32_t i = 0; i < b->instances.count; i++)
		if (b->instances.items[i].body == h->body && ct_instance_function(b, i) == h->function) {
			*die = root_of(&b->instances.items[i].die);
			return true;
		}
	return false;
}

/* The DIE of what the hook reports. */
static bool die_of(struct ct_build *b, const struct ct_hook *h, Dwarf_Die *die)
{
	if (h->instance != CT_NONE)
		*die = b->instances.items[h->instance].die;
	else if (h->depth == 0)
		*die = b->bodies.items[h->body].die;
	else
		return any_instance(b, h, die);
	return die->addr != NULL;
}

/* The bracket that `close` closes, in [from, close); NULL: none. `*commas` are those directly in it. */
static const char *open_of(const char *from, const char *close, int *commas)
{
	int depth = 0;

	*commas = 0;
	for (const char *at = close; at >= from; at--) {
		depth += *at == ')' || *at == '>' || *at == ']' || *at == '}';
		depth -= *at == '(' || *at == '<' || *at == '[' || *at == '{';
		*commas += depth == 1 && *at == ',';
		if (depth == 0)
			return at;
	}
	return NULL;
}

static bool is_pointer_to_member(const char *open)
{
	const char *star = strstr(open, "::*");

	return star && star < open + 1 + strcspn(open + 1, "(),") && star[3] && !strchr("(),", star[3]);
}

/* `int (*f(char))(long)`: in the brackets is a name with its own parameters, what is behind is of what that returns. */
static bool is_declarator(const char *open, bool behind)
{
	return open[1] == '*' || open[1] == '&' || (behind && is_pointer_to_member(open));
}

/* How many parameters a demangled name has; -1: it is C's and says nothing of them; -2: not understood. */
static int named_parameters(const char *name)
{
	const char *from = name, *to = name + strlen(name), *close, *open, *before;
	int commas, unused;

	for (;;) {
		for (close = to; close > from && close[-1] != ')';)
			close--;
		if (close == from)
			return from == name ? -1 : -2;
		close--;
		open = open_of(from, close, &commas);
		if (!open)
			return -2;
		before = open > from && open[-1] == ')' ? open_of(from, open - 1, &unused) : NULL;
		if (is_declarator(open, false)) {
			from = open + 1;
			to = close;
		} else if (before && is_declarator(before, true)) {
			from = before + 1;
			to = open - 1;
		} else {
			break;
		}
	}
	if (close == open + 1)
		return 0;
	return commas + 1 - (close - open >= 4 && strncmp(close - 3, "...", 3) == 0);
}

/*
 * clang 14 leaves out what is passed by reference and not used: the others' registers shift. And of a class with
 * virtual bases, gcc's complete constructor has a parameter (__vtt_parm) that it is not passed.
 */
static bool is_complete(const struct planner *p, uint32_t function, const struct draft *d)
{
	int named = named_parameters(p->b->functions.items[function].name), here = 0, made = 0;

	for (uint32_t i = 0; i < d->count; i++) {
		const struct parameter *one = &p->parameters.items[d->first + i];
		/* clang says so of all parameters of an inherited constructor, which have no names. */
		bool artificial = one->artificial && (d->gnu || *one->name);

		here += !artificial;
		made += artificial;
	}
	if (made > 1 || (d->phantom && here > 0))
		return false;
	return named == -1 || named == here;
}

static void draft_hook(struct planner *p, uint32_t hook)
{
	const struct ct_hook *h = &p->b->hooks.items[hook];
	const struct ct_body *body = &p->b->bodies.items[h->body];
	struct draft d = { .hook = hook, .first = p->parameters.count };
	Dwarf_Die die, root;

	if (!die_of(p->b, h, &die))
		return;
	/* A second one would be an inlined call of itself that nothing tells apart: other values. Never seen. */
	if (h->depth == 0 && p->entered[h->body])
		return;
	p->entered[h->body] |= h->depth == 0;
	root = root_of(&die);
	list_parameters(p, &root, root.addr == die.addr && h->depth == 0, 0, &d);
	if (root.addr != die.addr)
		place_parameters(p, &die, 0, &d);
	d.return_type = ct_type_of(p->b, &die, 0);
	d.flags |= flag(&die, DW_AT_noreturn) ? CT_PLAN_NORETURN : 0;
	d.unprototyped = ct_die_is_c(p->b, &root) && !flag(&root, DW_AT_prototyped);
	d.gnu = body->unit != CT_NONE && strncmp(p->b->units.items[body->unit].producer, "GNU ", 4) == 0;
	d.complete = is_complete(p, h->function, &d);
	d.foreign = dwarf_attr_integrate(&die, DW_AT_calling_convention, &(Dwarf_Attribute){0}) != NULL;
	d.unoptimised = body->unit != CT_NONE && !(p->b->units.items[body->unit].flags & CT_UNIT_OPTIMISED);
	*ct_add(&p->drafts) = d;
}

/* --- plans --- */

static uint32_t size_of(const struct ct_build *b, uint32_t type)
{
	type = ct_type_bare(b, type);
	return type == CT_NONE ? 0 : b->values->types.items[type].row.size;
}

static void place_ops(struct ct_build *b, const struct ct_found *found, uint32_t at, uint16_t argument)
{
	for (uint32_t i = 0; i < found->op_count; i++) {
		struct ct_plan_op op = found->ops[i];

		op.at += at;
		op.argument = argument;
		*ct_add(&b->values->ops) = op;
	}
}

/* What a parameter takes of the fixed part. */
static uint32_t room_of(const struct ct_found *found)
{
	if (found->how == CT_HOW_COMPUTED)
		return 8 * found->words;
	return found->indirect ? 8 : (found->size + 7) & ~7u;
}

/*
 * Whether a parameter that stands before `die` is where it is said to be: one that a clone has not any
 * more stands behind those that it has.
 */
static bool is_taken(const struct planner *p, const struct draft *d, struct ct_view *view, Dwarf_Die *die)
{
	uint64_t entry = p->b->bodies.items[view->hook->body].entry;
	Dwarf_Attribute attribute;
	struct ct_location mine, other;

	if (!dwarf_attr(die, DW_AT_location, &attribute)
	    || !ct_location_at(&attribute, entry, &view->frame, &mine) || mine.count == 0)
		return false;
	for (uint32_t i = 0; i < d->count; i++) {
		Dwarf_Die from = p->parameters.items[d->first + i].die;

		if (!from.addr || dwarf_dieoffset(&from) >= dwarf_dieoffset(die)
		    || !dwarf_attr(&from, DW_AT_location, &attribute)
		    || !ct_location_at(&attribute, entry, &view->frame, &other) || other.count == 0)
			continue;
		if (other.pieces[0].kind == mine.pieces[0].kind && other.pieces[0].reg == mine.pieces[0].reg
		    && other.pieces[0].offset == mine.pieces[0].offset
		    && mine.pieces[0].kind >= CT_PLACE_REGISTER && mine.pieces[0].kind <= CT_PLACE_MEMORY)
			return true;
	}
	return false;
}

static void plan_parameter(struct ct_view *view, const struct parameter *from, uint16_t number,
                           const struct ct_abi_place *abi, struct ct_plan *plan)
{
	struct ct_build *b = view->b;
	struct ct_found found = { .how = CT_HOW_OPTIMISED_OUT };
	struct ct_planned_arg *arg = ct_add(&b->values->args);
	Dwarf_Die die = from->die;

	if (die.addr && !view->taken) /* if not, an instance has no such parameter: a clone without it */
		ct_find_parameter(view, &die, from->type, size_of(b, from->type), abi, &found);
	if (die.addr && !view->taken && plan->fixed + 8 <= CT_PLAN_FIXED_MAX
	    && ct_callers_tell(view, plan, number, size_of(b, from->type), abi, &found))
		plan->callers++;
	if (found.how < CT_HOW_UNAVAILABLE && plan->fixed + room_of(&found) > CT_PLAN_FIXED_MAX)
		found = (struct ct_found){ .how = CT_HOW_TOO_LARGE };
	arg->name = from->name;
	arg->row = (struct ct_plan_arg){ .type = from->type, .how = found.how, .size = found.size };
	arg->row.flags = from->artificial ? CT_ARG_ARTIFICIAL : 0;
	if (found.how >= CT_HOW_UNAVAILABLE) {
		arg->row.size = 0;
		return;
	}
	arg->row.flags |= found.indirect ? CT_ARG_INDIRECT : 0;
	arg->row.at = plan->fixed;
	if (found.how == CT_HOW_COMPUTED) {
		arg->row.expression = found.expression;
		arg->row.words = (uint16_t) found.words;
	}
	place_ops(b, &found, plan->fixed, number);
	plan->fixed += room_of(&found);
}

static void follow_arguments(struct ct_build *b, struct ct_plan *plan)
{
	struct ct_follow f = { .b = b, .first = plan->ops, .may_change = true };
	uint32_t counts[MOST_PARAMETERS];

	for (uint32_t i = 0; i < plan->arg_count; i++) /* all copies come before what follows */
		if (!ct_find_count(b, plan, i, &counts[i]))
			counts[i] = CT_NONE;
	for (uint32_t i = 0; i < plan->arg_count; i++) {
		const struct ct_plan_arg *arg = &b->values->args.items[plan->args + i].row;

		if (arg->how >= CT_HOW_COMPUTED)
			continue; /* nothing to follow in registers of an expression */
		if (arg->flags & CT_ARG_INDIRECT)
			ct_follow_indirect(&f, arg->type, (uint16_t) i, arg->at);
		else if (counts[i] != CT_NONE)
			ct_follow_counted(&f, arg->type, (uint16_t) i, arg->at, counts[i]);
		else
			ct_follow_value(&f, arg->type, (uint16_t) i, arg->at);
	}
	ct_follow_deeper(&f);
}

static void plan_return(struct ct_build *b, uint32_t type, bool foreign, struct ct_plan *plan)
{
	struct ct_follow f = { .b = b, .first = b->values->ops.count };

	plan->return_type = type;
	plan->return_ops = f.first;
	ct_abi_return(b, type, plan);
	if (foreign && plan->return_fixed) {
		memset(plan->return_class, CT_RETURN_NOTHING, sizeof plan->return_class);
		plan->return_class[0] = CT_RETURN_UNSUPPORTED;
		plan->return_fixed = 0;
	}
	if (plan->return_class[0] == CT_RETURN_MEMORY)
		ct_follow_indirect(&f, type, UINT16_MAX, 0);
	else if (plan->return_fixed)
		ct_follow_value(&f, type, UINT16_MAX, 0);
	ct_follow_deeper(&f);
	plan->return_op_count = b->values->ops.count - f.first;
}

/*
 * Whether its unit would say so if it were optimised: clang does by describing calls, from DWARF 4 on.
 */
static bool is_announced(const struct planner *p, const struct draft *d)
{
	uint32_t unit = p->b->bodies.items[p->b->hooks.items[d->hook].body].unit;

	return !d->gnu && unit != CT_NONE && CT_UNIT_DWARF(p->b->units.items[unit].flags) >= 4;
}

/*
 * At -O0 no parameter has a list of locations, but with clang those that are passed by hidden reference (seen with
 * 14); and optimisation is not always announced.
 */
static bool has_list(const struct planner *p, const struct draft *d)
{
	bool announced = is_announced(p, d);

	for (uint32_t i = 0; i < d->count; i++) {
		Dwarf_Die die = p->parameters.items[d->first + i].die;
		Dwarf_Attribute attribute;

		if (die.addr && !(announced && ct_is_by_memory(p->b, p->parameters.items[d->first + i].type))
		    && dwarf_attr(&die, DW_AT_location, &attribute)
		    && (dwarf_whatform(&attribute) == DW_FORM_sec_offset
		        || dwarf_whatform(&attribute) == DW_FORM_loclistx))
			return true;
	}
	return false;
}

/* Whether it may have been given other parameters than its source says. */
static bool is_clone(const struct ct_symbol *symbol)
{
	bool part;

	return symbol->name[ct_symbol_stem(symbol->name, &part)] || strchr(symbol->name + 1, '.');
}

/*
 * Whether parameters are where the psABI puts them: nothing was optimised, or others may
 * call it by its name (gcc gives a function that it changed another name, clang does not, but
 * for the pieces of a coroutine, at -O0, too); and the debug information does not say otherwise of any.
 */
static bool abi_holds(const struct planner *p, const struct draft *d, struct ct_view *view)
{
	const struct ct_body *body = &p->b->bodies.items[view->hook->body];
	const struct ct_symbol *symbol = ct_symbol_at(p->b, body->entry);
	struct ct_abi abi;

	if (d->foreign || !d->complete || !view->entry)
		return false;
	if (symbol && is_clone(symbol))
		return false;
	if ((!d->unoptimised || has_list(p, d)) && (!symbol || (symbol->binding == STB_LOCAL && !d->gnu)))
		return false;
	ct_abi_begin(p->b, d->return_type, &abi);
	for (uint32_t i = 0; i < d->count; i++) {
		const struct parameter *from = &p->parameters.items[d->first + i];
		struct ct_abi_place place = ct_abi_next(p->b, from->type, &abi);
		Dwarf_Die die = from->die;

		if (die.addr && ct_contradicts_abi(view, &die, &place))
			return false;
	}
	return true;
}

static void plan_draft(struct planner *p, const struct draft *d)
{
	struct ct_build *b = p->b;
	struct ct_values *v = b->values;
	struct ct_plan plan = { .args = v->args.count, .arg_count = d->count, .ops = v->ops.count,
	                        .flags = d->flags };
	const struct ct_symbol *symbol = ct_symbol_at(b, b->bodies.items[b->hooks.items[d->hook].body].entry);
	struct ct_view view;
	struct ct_abi abi;

	ct_view_begin(b, &b->hooks.items[d->hook], &view);
	view.clone = !symbol || is_clone(symbol);
	ct_kept_at(&view, &plan);
	view.unprototyped = d->unprototyped;
	view.gnu = d->gnu;
	view.only_constants = b->hooks.items[d->hook].depth > 0 && !d->gnu;
	view.abi_holds = abi_holds(p, d, &view);
	view.only_used = !d->gnu && !d->unoptimised;
	view.optimised = !d->unoptimised || (d->gnu && has_list(p, d));
	view.known = view.optimised && ct_callers_know(b, b->hooks.items[d->hook].body);
	ct_abi_begin(b, d->return_type, &abi);
	for (uint32_t i = 0; i < d->count; i++) {
		const struct parameter *from = &p->parameters.items[d->first + i];
		struct ct_abi_place place = ct_abi_next(b, from->type, &abi);

		Dwarf_Die die = from->die;

		view.taken = view.clone && die.addr && is_taken(p, d, &view, &die);
		plan_parameter(&view, from, (uint16_t) i, &place, &plan);
	}
	follow_arguments(b, &plan);
	plan.op_count = v->ops.count - plan.ops;
	for (uint32_t i = 0; i < plan.op_count; i++)
		plan.out_ops += v->ops.items[plan.ops + i].flags & CT_OP_F_OUT;
	plan_return(b, d->return_type, d->foreign, &plan);
	v->hook_plans.items[d->hook] = ct_append(&v->plans);
	v->plans.items[v->plans.count - 1] = plan;
}

/* libdw wants the file by a handle of libelf. And how much of lists is read: whole binaries need a hundredth of it. */
static void open_tables(struct ct_build *b)
{
	struct ct_values *v = b->values;

	elf_version(EV_CURRENT);
	v->lists.left = (64u << 20) + 64 * (uint64_t) (b->elf.file.size + b->debug_elf.file.size);
	v->elf = elf_memory((char *) (uintptr_t) b->elf.file.data, b->elf.file.size);
	v->cfi = ct_cfi_open(v->elf);
	v->debug_cfi = ct_cfi_of_debug(b->dwarf);
}

void ct_make_plans(struct ct_build *b)
{
	struct planner p = { .b = b };
	struct ct_values *v = b->values = ct_calloc(1, sizeof *b->values);

	for (uint32_t i = 0; i < b->hooks.count; i++) {
		*ct_add(&v->hook_plans) = CT_NONE;
		ct_append(&v->exit_classes);
	}
	if (!b->dwarf || !b->hooks.count)
		return;
	open_tables(b);
	p.entered = ct_calloc((size_t) b->bodies.count + 1, sizeof *p.entered);
	for (uint32_t i = 0; i < b->hooks.count; i++)
		if (!b->hooks.items[i].exit)
			draft_hook(&p, i);
	ct_types_fill(b);
	ct_types_settle(b);
	for (uint32_t i = 0; i < p.drafts.count; i++)
		plan_draft(&p, &p.drafts.items[i]);
	ct_callers_settle(b);
	ct_types_merge(b);
	free(p.parameters.items);
	free(p.drafts.items);
	free(p.entered);
}

void ct_values_deinit(struct ct_build *b)
{
	struct ct_values *v = b->values;

	if (!v)
		return;
	free(v->types.items);
	free(v->members.items);
	free(v->enumerators.items);
	free(v->plans.items);
	free(v->args.items);
	free(v->ops.items);
	free(v->hook_plans.items);
	free(v->exit_classes.items);
	free(v->site_values.items);
	free(v->exit_values.items);
	ct_map_deinit(&v->exit_map);
	ct_callers_free(v->callers);
	free(v->known);
	free(v->definitions.items);
	free(v->scopes.items);
	for (unsigned i = 0; i < CT_LEVELS; i++)
		free(v->waiting[i].items);
	ct_text_deinit(&v->expressions);
	ct_map_deinit(&v->type_map);
	ct_map_deinit(&v->definition_map);
	ct_map_deinit(&v->scope_map);
	if (v->cfi)
		dwarf_cfi_end(v->cfi);
	elf_end(v->elf);
	free(v);
	b->values = NULL;
}
