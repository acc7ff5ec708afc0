#include "cli/print_plans.h"

#include <stdio.h>

#include "base/utf8.h"
#include "trace/value.h"

static const char *const hows[CT_HOW_UNAVAILABLE] = {
	[CT_HOW_PLAIN] = "", [CT_HOW_ENTRY] = " (as entered)", [CT_HOW_CALLER] = " (from the caller)",
	[CT_HOW_CONSTANT] = " (constant)", [CT_HOW_COMPUTED] = " (computed)",
};

const char *ct_exit_class_name(uint8_t class)
{
	static const char *const names[] = {
		[CT_EXIT_UNKNOWN] = "unknown", [CT_EXIT_PLAIN] = "plain", [CT_EXIT_UNWINDING] = "unwinding",
		[CT_EXIT_INLINED] = "inlined", [CT_EXIT_TAIL] = "tail", [CT_EXIT_EMPTY] = "empty",
	};

	return names[class];
}

static const char *type_name(const struct ct_index *x, uint32_t type)
{
	return type == CT_NONE ? "void" : ct_index_string(x, x->types[type].name);
}

static void print_register(uint8_t reg)
{
	static const char *const names[] = {
		"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12",
		"r13", "r14", "r15",
	};

	if (reg < 16)
		fputs(names[reg], stdout);
	else if (reg == CT_REG_CFA || reg == CT_REG_NONE)
		fputs(reg == CT_REG_CFA ? "cfa" : "file", stdout);
	else
		printf("xmm%u", reg - 17u);
}

void ct_print_exit_value(const struct ct_exit_value *value)
{
	for (unsigned i = 0; i < 4; i++) {
		const struct ct_exit_part *p = &value->parts[i];

		if (p->kind == CT_EXIT_PART_NONE)
			continue;
		fputs(i == 0 ? ", held in " : ", ", stdout);
		if (p->kind == CT_EXIT_PART_REGISTER)
			print_register(p->reg);
		else
			printf(p->kind == CT_EXIT_PART_FRAME ? "[cfa%+d]" : "%d", p->offset);
		printf(" %u", p->size);
	}
}

static void print_copy(const struct ct_plan_op *op)
{
	switch (op->op) {
	case CT_OP_REGISTER:
		print_register(op->reg);
		if (op->offset)
			printf(" from byte %lld", (long long) op->offset);
		break;
	case CT_OP_FRAME: case CT_OP_VALUE:
		fputs(op->op == CT_OP_FRAME ? "[" : "", stdout);
		print_register(op->reg);
		printf("%+lld%s", (long long) op->offset, op->op == CT_OP_FRAME ? "]" : "");
		break;
	default:
		printf("%lld", (long long) op->offset);
	}
	printf(" %u", op->size);
}

static void print_follow(const struct ct_plan_op *op, uint32_t number)
{
	static const char *const words[] = { "string", "bytes", "counted", "range" };

	printf("            %u: %s", number, words[op->op - CT_OP_STRING]);
	if (op->op != CT_OP_STRING)
		printf(" of %u", op->size);
	printf(" at %u", op->at);
	if (op->base)
		printf(" of %u", op->base - 1u);
	if (op->op >= CT_OP_COUNTED)
		printf(" up to %u", op->extra);
	puts(op->flags & CT_OP_F_OUT ? ", out" : "");
}

/* Of a number that an operation wants as 8 bytes: behind all arguments. */
static bool is_second_copy(const struct ct_plan_arg *a, const struct ct_plan_op *op)
{
	return a->size == 4 && (op->at < a->at || op->at >= a->at + 8);
}

static void print_arg(const struct ct_index *x, const struct ct_plan *plan, uint32_t number)
{
	const struct ct_plan_arg *a = &x->plan_args[plan->args + number];
	const struct ct_plan_op *ops = &x->plan_ops[plan->ops];
	const char *comma = "";

	printf("        %s %s: ", ct_shown(type_name(x, a->type)), ct_shown(ct_index_string(x, a->name)));
	if (a->how >= CT_HOW_UNAVAILABLE) {
		printf("unavailable: %s\n", ct_how_reason(a->how));
		return;
	}
	for (uint32_t i = 0; i < plan->op_count; i++)
		if (ops[i].argument == number && ops[i].op < CT_OP_STRING && !is_second_copy(a, &ops[i])) {
			fputs(comma, stdout);
			print_copy(&ops[i]);
			comma = ", ";
		}
	printf("%s%s\n", a->flags & CT_ARG_INDIRECT ? " indirect" : "", hows[a->how]);
	for (uint32_t i = 0; i < plan->op_count; i++)
		if (ops[i].argument == number && ops[i].op >= CT_OP_STRING)
			print_follow(&ops[i], i);
}

static const char *const kept_names[6] = { "rbx", "rbp", "r12", "r13", "r14", "r15" };

static void print_kept(const struct ct_plan *plan)
{
	fputs("        kept:", stdout);
	for (int i = 0; i < 6; i++)
		if (plan->kept[i] == CT_KEPT_REGISTER)
			printf(" %s", kept_names[i]);
		else if (plan->kept[i] != CT_KEPT_NOWHERE)
			printf(" %s at [cfa%+d]", kept_names[i], plan->kept[i]);
	if (plan->cfa_reg != CT_REG_NONE)
		printf(", cfa %s%+d", plan->cfa_reg == CT_REG_RSP ? "rsp" : "rbp", plan->cfa_offset);
	putchar('\n');
}

static void print_site_value(const struct ct_index_site_value *v)
{
	long long number = (long long) v->number;

	switch (v->kind) {
	case CT_SITE_VALUE_REGISTER: printf("%s%+lld\n", kept_names[v->reg], number); break;
	case CT_SITE_VALUE_LIVE:
		print_register(v->reg);
		printf("%+lld at the hook\n", number);
		break;
	case CT_SITE_VALUE_STACK: printf("cfa%+lld\n", number); break;
	case CT_SITE_VALUE_MEMORY: printf("[cfa%+lld]\n", number); break;
	case CT_SITE_VALUE_ADDRESS: printf("0x%llx of the file\n", (unsigned long long) number); break;
	default: printf("%lld\n", number);
	}
}

void ct_print_site_values(const struct ct_index *x, uint64_t site)
{
	const struct ct_index_site_value *end = x->site_values + x->header->site_values.count;
	const struct ct_index_site_value *v = ct_index_site_value_at(x, site, CT_NONE);

	for (; v && v < end && v->site == site; v++) {
		printf("        passes %s: ",
		       ct_shown(ct_index_string(x, x->plan_args[x->plans[v->plan].args + v->argument].name)));
		print_site_value(v);
	}
}

void ct_print_plan(const struct ct_index *x, const struct ct_plan *plan)
{
	static const char *const parts[] = {
		"", " rax", " rdx", " xmm0", " xmm1", " st0", " st1", " memory", " xmm0-high", " unsupported",
	};

	for (uint32_t i = 0; i < plan->arg_count; i++)
		print_arg(x, plan, i);
	if (plan->flags & CT_PLAN_VARIADIC)
		puts("        ...");
	if (plan->callers)
		print_kept(plan);
	printf("        -> %s", ct_shown(type_name(x, plan->return_type)));
	for (int i = 0; i < 4; i++)
		fputs(parts[plan->return_class[i]], stdout);
	puts(plan->flags & CT_PLAN_NORETURN ? " never" : "");
	for (uint32_t i = 0; i < plan->return_op_count; i++)
		print_follow(&x->plan_ops[plan->return_ops + i], i);
}

static void print_members(const struct ct_index *x, const struct ct_index_type *t)
{
	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_member *m = &x->members[t->first + i];

		printf("    %u %s %s", m->offset, ct_shown(type_name(x, m->type)), ct_shown(ct_index_string(x, m->name)));
		if (m->bit_size)
			printf(" : %u at bit %u", m->bit_size, m->bit_offset);
		puts(m->flags & CT_MEMBER_BASE ? " base" : "");
	}
}

static void print_enumerators(const struct ct_index *x, const struct ct_index_type *t)
{
	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_enumerator *e = &x->enumerators[t->first + i];

		printf("    %s = %lld\n", ct_shown(ct_index_string(x, e->name)), (long long) e->value);
	}
}

void ct_print_types(const struct ct_index *x)
{
	static const char *const kinds[] = {
		"unknown", "void", "signed", "unsigned", "char", "wide char", "bool", "float", "complex",
		"enum", "pointer", "reference", "member pointer", "method pointer", "function", "struct",
		"union", "array", "vector", "alias", "std::string", "std::string_view", "std::vector",
		"std::unique_ptr", "std::optional",
	};
	static const struct { uint8_t flag; const char *word; } words[] = {
		{ CT_TYPE_F_CONST, "const" }, { CT_TYPE_F_FLAGS, "flags" }, { CT_TYPE_F_QUAD, "quad" },
		{ CT_TYPE_F_VOLATILE, "volatile" }, { CT_TYPE_F_BY_MEMORY, "by memory" },
		{ CT_TYPE_F_OPAQUE, "opaque" },
	};

	for (uint32_t i = 0; i < x->header->types.count; i++) {
		const struct ct_index_type *t = &x->types[i];

		printf("%stype %u %s: %s, %u bytes", i ? "" : "\n", i, ct_shown(ct_index_string(x, t->name)),
		       kinds[t->kind], t->size);
		if (t->target != CT_NONE)
			printf(", of %u", t->target);
		if (t->kind == CT_TYPE_ARRAY || t->kind == CT_TYPE_VECTOR)
			printf(" times %u", t->count);
		for (size_t w = 0; w < sizeof words / sizeof *words; w++)
			if (t->flags & words[w].flag)
				printf(", %s", words[w].word);
		putchar('\n');
		if (t->kind == CT_TYPE_STRUCT || t->kind == CT_TYPE_UNION)
			print_members(x, t);
		else if (t->kind == CT_TYPE_ENUM)
			print_enumerators(x, t);
	}
}

static void print_counts(const char *what, const uint32_t counts[CT_HOWS])
{
	static const char *const available[] = { "plain", "as entered", "from callers", "constant", "computed" };
	uint32_t total = 0, lost = 0;

	for (int i = 0; i < CT_HOWS; i++) {
		total += counts[i];
		lost += i >= CT_HOW_UNAVAILABLE ? counts[i] : 0;
	}
	printf("parameters %s %u", what, total);
	for (int i = 0; i < CT_HOW_UNAVAILABLE; i++)
		if (counts[i])
			printf(", %u %s", counts[i], available[i]);
	if (lost)
		printf(", %u unavailable", lost);
	for (int i = CT_HOW_UNAVAILABLE, n = 0; i < CT_HOWS; i++)
		if (counts[i])
			printf("%s%u %s", n++ ? ", " : ": ", counts[i], ct_how_reason((uint8_t) i));
	putchar('\n');
}

void ct_print_plan_counts(const struct ct_index *x)
{
	uint32_t counts[2][CT_HOWS] = {0};

	for (uint32_t i = 0; i < x->header->hooks.count; i++) {
		const struct ct_index_hook *k = &x->hooks[i];

		if (k->exit || k->plan == CT_NONE) /* an exit hook's is one of another table */
			continue;
		for (uint32_t a = 0; a < x->plans[k->plan].arg_count; a++)
			counts[k->depth > 0][x->plan_args[x->plans[k->plan].args + a].how]++;
	}
	print_counts("out-of-line", counts[0]);
	print_counts("inlined", counts[1]);
}
