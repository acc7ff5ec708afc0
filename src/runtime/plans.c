#include "runtime/plans.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/choice.h"
#include "runtime/kernel.h"
#include "runtime/seam.h"
#include "runtime/settings.h"
#include "runtime/tool.h"
#include "runtime/values.h"

#define MAX_PLANS    256
#define MAX_SEGMENTS 8
#define MAX_CAPTURES (1u << 20)
#define ARENA        (256u << 10)

struct segment {
	uint64_t low, high;
};

/* A loaded binary, with its index or without. */
struct plans {
	uint64_t low, high, bias;
	uint8_t build_id[32];
	size_t build_id_size;
	struct segment segments[MAX_SEGMENTS];
	unsigned segment_count;
	bool stays; /* never unloaded */
	_Atomic bool gone;
	struct ct_index index;        /* header NULL: there is none */
	_Atomic(uint32_t) *captures;  /* by plan: a number in ct_captures; 0: not made */
	_Atomic(const struct ct_held *) *held; /* by exit value; NULL: not made */
	_Atomic bool ready;
};

static struct plans known[MAX_PLANS];
static _Atomic uint32_t known_count;

struct ct_capture **ct_captures;
static _Atomic uint32_t capture_count = 1;
static _Atomic(struct ct_capture *) all_captures;

/* --- memory that is never given back --- */

struct arena {
	char *at, *end;
};
static struct arena arena;
static atomic_flag arena_taken = ATOMIC_FLAG_INIT;

/*
 * With signals blocked. The holder is a few instructions long; a child forked by another thread at
 * that instant would find it taken for ever, so the wait is bounded, and the arena given up.
 */
static void *take(size_t size)
{
	void *found = NULL;

	size = (size + 15) & ~(size_t) 15;
	for (int i = 0; atomic_flag_test_and_set(&arena_taken); i++) {
		if (i == 1000)
			return ct_pages(size);
		syscall(SYS_sched_yield);
	}
	if ((size_t)(arena.end - arena.at) < size) {
		size_t fresh = size > ARENA ? size : ARENA;
		char *pages = ct_pages(fresh);

		if (pages)
			arena = (struct arena){ pages, pages + fresh };
	}
	if ((size_t)(arena.end - arena.at) >= size) {
		found = arena.at;
		arena.at += size;
	}
	atomic_flag_clear(&arena_taken);
	return found;
}

/* --- captures --- */

static uint32_t words_of(uint32_t bytes)
{
	return (bytes + 7) / 8;
}

/* The most bytes that following a pointer can give. */
static uint32_t most_of(const struct ct_plan_op *op)
{
	return op->op == CT_OP_BYTES ? op->size : ct_settings.string_length;
}

/* How many pointers away the operation's bytes are. The elements of a vector or a span are as near as itself. */
static uint32_t depth_of(const struct ct_plan_op *ops, uint32_t number)
{
	uint32_t depth = 1;

	while (ops[number].base) {
		number = ops[number].base - 1u;
		depth += ops[number].op != CT_OP_RANGE && ops[number].op != CT_OP_COUNTED;
	}
	return depth;
}

/* Whether what it follows is the value itself, which is passed or returned by its address. */
static bool is_value_itself(const struct ct_index *x, const struct ct_plan *plan,
                            const struct ct_plan_op *op)
{
	const struct ct_plan_arg *a;

	if (op->base || op->op != CT_OP_BYTES)
		return false;
	if (op->argument == UINT16_MAX)
		return plan->return_class[0] == CT_RETURN_MEMORY && op->at == 0;
	a = &x->plan_args[plan->args + op->argument];
	return a->flags & CT_ARG_INDIRECT && a->at == op->at;
}

/*
 * Looks at the operations that follow pointers: which of them are wanted, by bit, and adds up
 * the words that they take. `outs_only`: of those that are followed again at the exit.
 */
static uint32_t choose_followers(const struct ct_index *x, const struct ct_plan *plan,
                                 const struct ct_plan_op *ops, uint32_t first, uint32_t count,
                                 bool outs_only, uint32_t *words)
{
	uint32_t wanted = 0;

	for (uint32_t i = first; i < count; i++) {
		const struct ct_plan_op *op = &ops[i];

		if (outs_only && !(op->flags & CT_OP_F_OUT))
			continue;
		if (depth_of(ops, i) > ct_settings.value_depth && !is_value_itself(x, plan, op))
			continue;
		wanted |= 1u << (i - first);
		*words += 1 + words_of(most_of(op));
	}
	return wanted;
}

static void choose(struct ct_capture *c)
{
	uint32_t args = c->plan->arg_count, excluded = 0, marked = 0;

	for (uint32_t i = 0; i <= args; i++) {
		const char *name = i < args ? c->strings + c->args[i].name : NULL;
		enum ct_mark mark = ct_choose(c->function, name);

		atomic_store(&c->marks[i], (uint8_t) mark);
		marked += mark != CT_KEPT;
		excluded += mark == CT_EXCLUDED;
	}
	atomic_store(&c->marked, marked > 0);
	atomic_store(&c->off, excluded == args + 1);
	atomic_store(&c->quick, !marked && c->simple && c->vectors <= CT_QUICK_VECTORS);
	atomic_store(&c->quick_exit, !marked && c->simple_exit);
}

static void look_at_return(struct ct_capture *c)
{
	const struct ct_plan *plan = c->plan;

	c->returns = plan->return_fixed > 0;
	for (uint32_t i = 0; i < 4; i++) {
		uint8_t part = plan->return_class[i];

		c->returns = c->returns && part != CT_RETURN_UNSUPPORTED;
		c->x87 |= part == CT_RETURN_ST0 || part == CT_RETURN_ST1;
		if (part)
			c->return_parts = (uint8_t) (i + 1);
	}
}

static uint32_t bounded(uint32_t words)
{
	uint32_t most = ct_settings.call_bytes / 8, half = CT_CHUNK_SIZE / 16;

	words = words < most ? words : most;
	return words < half ? words : half;
}

/* With the parameter that its block of marks needs: 2 words for each argument that may have one. */
static void find_room(const struct ct_index *x, struct ct_capture *c)
{
	const struct ct_plan *plan = c->plan;
	uint32_t marks = 2 * (plan->arg_count + 1), words = marks, again = marks;
	uint32_t outs;

	c->wanted = choose_followers(x, plan, c->ops, c->copies, plan->op_count, false, &words);
	outs = choose_followers(x, plan, c->ops, c->copies, plan->op_count, true, &again);
	c->return_wanted = choose_followers(x, plan, c->return_ops, 0, plan->return_op_count, false,
	                                    &again);
	c->room = 2 + words_of(plan->fixed) + bounded(words);
	c->exit_room = 2 + words_of(plan->return_fixed) + bounded(again);
	c->saved = outs ? (plan->fixed + 7) & ~7u : 0;
}

/* What most calls are, and has a path of its own. */
static void find_simple(struct ct_capture *c)
{
	const uint8_t *class = c->plan->return_class;

	c->simple = !c->wanted && !c->other_count && !c->saved && !c->plan->callers
	            && 2 + c->plan->fixed / 8 < CT_CHUNK_SIZE / 16;
	c->pending = ct_record(CT_EXTENDED, ct_extended_id(CT_PENDING, c->plan->fixed / 8), 0);
	c->announced = ct_record(CT_EXTENDED, ct_extended_id(CT_VALUES, c->plan->fixed / 8),
	                         ct_values_head(c->plan->fixed / 8, CT_HOW_PLAIN, 0));
	c->simple_exit = c->returns && c->return_parts == 1 && !c->return_wanted && !c->saved
	                 && (class[0] == CT_RETURN_RAX || class[0] == CT_RETURN_XMM0);
	c->returned = class[0] == CT_RETURN_RAX ? offsetof(struct ct_returned, rax)
	                                        : offsetof(struct ct_returned, xmm);
}

/* False: it is no move. */
static bool make_move(const struct ct_plan_op *op, struct ct_move *out)
{
	uint32_t self = offsetof(struct ct_registers, self) / 8;

	if (op->size > 8 || op->at % 8 || (op->op != CT_OP_REGISTER && op->op != CT_OP_FRAME)
	    || op->offset < INT32_MIN || op->offset > INT32_MAX || op->reg == CT_REG_NONE)
		return false;
	*out = (struct ct_move){
		.mask = op->size == 8 ? UINT64_MAX : (1ull << 8 * op->size) - 1,
		.to = (uint16_t) (op->at / 8),
		.offset = (int32_t) op->offset,
	};
	if (op->op == CT_OP_FRAME) {
		out->base = op->reg == CT_REG_CFA ? offsetof(struct ct_registers, cfa) / 8 : op->reg;
	} else {
		out->base = (uint16_t) self;
		out->offset += op->reg < 16 ? 8 * op->reg
		                            : (int32_t) offsetof(struct ct_registers, xmm) + 16 * (op->reg - 17);
	}
	return true;
}

/* Two operations may fill one word: then neither is a move, which would clear the other's bytes. */
static bool shares_word(const struct ct_capture *c, uint32_t number)
{
	uint32_t word = c->ops[number].at / 8;

	for (uint32_t i = number > 8 ? number - 8 : 0; i < c->copies && i <= number + 8; i++)
		if (i != number && c->ops[i].at / 8 <= word
		    && (c->ops[i].at + c->ops[i].size - 1) / 8 >= word)
			return true;
	return false;
}

static void count_vectors(struct ct_capture *c)
{
	for (uint32_t i = 0; i < c->copies; i++)
		if (c->ops[i].op == CT_OP_REGISTER && c->ops[i].reg >= 17 && c->ops[i].reg - 16 > c->vectors)
			c->vectors = (uint8_t) (c->ops[i].reg - 16);
}

static bool sort_copies(struct ct_capture *c)
{
	struct ct_move *moves = take(c->copies * sizeof *moves);
	uint16_t *others = take(c->copies * sizeof *others);

	if (!moves || !others)
		return false;
	for (uint32_t i = 0; i < c->copies; i++)
		if (!shares_word(c, i) && make_move(&c->ops[i], &moves[c->move_count]))
			c->move_count++;
		else
			others[c->other_count++] = (uint16_t) i;
	c->moves = moves;
	c->others = others;
	return true;
}

/* Numbers of ct_plan.kept as DWARF has them. */
static const uint8_t kept_registers[6] = { 3, 6, 12, 13, 14, 15 };

/* What a register of those that calls keep had at entry. */
static void pass_kept(const struct ct_plan *plan, uint8_t number, struct ct_passed *out)
{
	if (plan->kept[number] == CT_KEPT_REGISTER) {
		out->base = offsetof(struct ct_registers, self) / 8;
		out->offset = 8 * kept_registers[number];
	} else {
		out->base = plan->cfa_reg;
		out->offset = plan->cfa_offset + plan->kept[number];
	}
}

/* False: the callee has no longer what the site's value is made of. */
static bool make_passed(const struct ct_capture *c, const struct ct_index_site_value *v,
                        struct ct_passed *out)
{
	const uint16_t self = offsetof(struct ct_registers, self) / 8;
	const struct ct_plan_arg *a = &c->args[v->argument];
	const struct ct_plan *plan = c->plan;

	*out = (struct ct_passed){
		.mask = a->size >= 8 ? UINT64_MAX : (1ull << 8 * a->size) - 1, .number = v->number,
		.to = (uint16_t) (a->at / 8), .base = CT_NO_BASE, .argument = v->argument };
	switch (v->kind) {
	case CT_SITE_VALUE_CONSTANT: return true;
	case CT_SITE_VALUE_ADDRESS: out->number += (int64_t) c->bias; return true;
	case CT_SITE_VALUE_LIVE:
		out->base = self;
		out->offset = 8 * v->reg;
		return true;
	case CT_SITE_VALUE_STACK:
		out->base = self;
		out->offset = 8 * plan->cfa_reg;
		out->number += plan->cfa_offset;
		return true;
	case CT_SITE_VALUE_MEMORY:
		out->base = plan->cfa_reg;
		out->offset = plan->cfa_offset + (int32_t) v->number;
		out->number = 0;
		return true;
	default:
		pass_kept(plan, v->reg, out);
		return plan->kept[v->reg] != CT_KEPT_NOWHERE;
	}
}

/* Of each argument that only the caller has: what the call site tells of it, or that it does not. */
static bool ask_caller(const struct plans *p, uint32_t plan, struct ct_capture *c)
{
	const struct ct_index_site_value *v, *end;
	struct ct_passed *passed = take(c->plan->callers * sizeof *passed);
	uint16_t *unknown = take(c->plan->callers * sizeof *unknown);

	if (!passed || !unknown)
		return false;
	end = p->index.site_values + p->index.header->site_values.count;
	v = c->site ? ct_index_site_value_at(&p->index, c->site - p->bias, plan) : NULL;
	for (uint32_t i = 0; i < c->plan->arg_count; i++) {
		if (c->args[i].how != CT_HOW_CALLER)
			continue;
		while (v && v < end && v->site == c->site - p->bias && v->plan == plan && v->argument < i)
			v++;
		if (v && v < end && v->site == c->site - p->bias && v->plan == plan && v->argument == i
		    && make_passed(c, v, &passed[c->passed_count]))
			c->passed_count++;
		else
			unknown[c->unknown_count++] = (uint16_t) i;
	}
	c->passed = passed;
	c->unknown = unknown;
	return true;
}

static struct ct_capture *make_capture(const struct plans *p, const struct ct_index_hook *hook,
                                       uint64_t site)
{
	const struct ct_index *x = &p->index;
	const struct ct_plan *plan = &x->plans[hook->plan];
	struct ct_capture *c = take(sizeof *c + plan->arg_count + 1);

	if (!c)
		return NULL;
	*c = (struct ct_capture){
		.plan = plan, .ops = x->plan_ops + plan->ops, .bias = p->bias,
		.return_ops = x->plan_ops + plan->return_ops,
		.function = ct_index_string(x, x->functions[hook->function].name),
		.args = x->plan_args + plan->args, .strings = x->strings,
		.marks = (_Atomic uint8_t *) (c + 1),
	};
	while (c->copies < plan->op_count && c->ops[c->copies].op < CT_OP_STRING)
		c->copies++;
	if (!sort_copies(c))
		return NULL;
	count_vectors(c);
	c->site = site;
	if (plan->callers && !ask_caller(p, hook->plan, c))
		return NULL;
	c->followers = plan->op_count - c->copies;
	c->return_followers = plan->return_op_count;
	look_at_return(c);
	find_room(x, c);
	find_simple(c);
	choose(c);
	return c;
}

/* One room is left for what a fork in another thread, or a second maker of the same, takes twice. */
static uint32_t register_capture(struct ct_capture *c)
{
	uint32_t number = atomic_fetch_add(&capture_count, 1);

	if (number >= MAX_CAPTURES) {
		atomic_store(&capture_count, MAX_CAPTURES);
		return 0;
	}
	ct_captures[number] = c;
	c->next = atomic_load(&all_captures);
	while (!atomic_compare_exchange_weak(&all_captures, &c->next, c))
		;
	return number;
}

static const struct plans *plans_at(uint64_t address)
{
	uint32_t count = atomic_load(&known_count);

	for (uint32_t i = count < MAX_PLANS ? count : MAX_PLANS; i-- > 0;)
		if (atomic_load(&known[i].ready) && !atomic_load(&known[i].gone) && address >= known[i].low
		    && address < known[i].high)
			return &known[i];
	return NULL;
}

static const struct ct_index_hook *hook_at(const struct plans *p, uint64_t hook)
{
	return p && p->index.header ? ct_index_hook_at(&p->index, hook - p->bias) : NULL;
}

bool ct_plans_wanted(void)
{
	return ct_values_wanted || ct_settings.exclude || ct_settings.only;
}

bool ct_plans_exclude(uint64_t hook)
{
	const struct plans *p = plans_at(hook);
	const struct ct_index_hook *found = hook_at(p, hook);
	const struct ct_index_function *f;

	if (!found || (!ct_settings.exclude && !ct_settings.only))
		return false;
	f = &p->index.functions[found->function];
	return ct_choice_excludes(ct_index_string(&p->index, f->name),
	                          f->file == CT_NONE ? NULL : ct_index_string(&p->index, p->index.files[f->file].name));
}

/* Only where the caller is asked are there several captures of one plan. */
static uint64_t site_that_matters(const struct plans *p, const struct ct_index_hook *hook, uint64_t site)
{
	if (!p->index.plans[hook->plan].callers || site < p->low || site >= p->high
	    || !ct_index_site_value_at(&p->index, site - p->bias, hook->plan))
		return 0;
	return site;
}

uint32_t ct_capture_find(uint64_t hook, uint64_t site)
{
	const struct plans *p = plans_at(hook);
	const struct ct_index_hook *found = hook_at(p, hook);
	uint32_t number, first;
	struct ct_capture *c;

	if (!found || found->exit || found->plan == CT_NONE || !p->captures || !ct_captures)
		return 0;
	site = site_that_matters(p, found, site);
	first = atomic_load(&p->captures[found->plan]);
	for (number = first; number; number = ct_captures[number]->sibling)
		if (ct_captures[number]->site == site)
			return number;
	c = make_capture(p, found, site);
	if (!c)
		return 0;
	c->sibling = first;
	number = register_capture(c);
	/* Another maker at the same time: one of the two is not found again, and made again. */
	if (number)
		atomic_store(&p->captures[found->plan], number);
	return number;
}

void ct_captures_choose(void)
{
	for (struct ct_capture *c = atomic_load(&all_captures); c; c = c->next)
		choose(c);
}

/* Why not, by what the index says of the exit hook. */
static uint8_t reason_of(uint8_t exit_class)
{
	static const uint8_t reasons[] = {
		[CT_EXIT_UNKNOWN] = CT_HOW_UNSUPPORTED, [CT_EXIT_PLAIN] = CT_HOW_PLAIN,
		[CT_EXIT_UNWINDING] = CT_HOW_UNWINDING, [CT_EXIT_INLINED] = CT_HOW_INLINED,
		[CT_EXIT_TAIL] = CT_HOW_TAIL, [CT_EXIT_EMPTY] = CT_HOW_OPTIMISED_OUT,
	};

	return exit_class < sizeof reasons ? reasons[exit_class] : (uint8_t) CT_HOW_UNSUPPORTED;
}

/* Word numbers of struct ct_kept_registers, by DWARF's of the registers. */
static uint16_t kept_word(uint8_t reg)
{
	static const uint8_t words[16] = {
		[3] = offsetof(struct ct_kept_registers, rbx) / 8, [CT_REG_RBP] = offsetof(struct ct_kept_registers, rbp) / 8,
		[12] = offsetof(struct ct_kept_registers, r12) / 8, [13] = offsetof(struct ct_kept_registers, r13) / 8,
		[14] = offsetof(struct ct_kept_registers, r14) / 8, [15] = offsetof(struct ct_kept_registers, r15) / 8,
	};

	return words[reg & 15];
}

/* A register's own bytes are found through the address of all, so that there is one kind of look-up. */
static struct ct_held_part held_part(const struct ct_exit_part *p)
{
	static const uint8_t to[] = {
		[CT_RETURN_RAX] = offsetof(struct ct_returned, rax) / 8, [CT_RETURN_MEMORY] = offsetof(struct ct_returned, rax) / 8,
		[CT_RETURN_RDX] = offsetof(struct ct_returned, rdx) / 8, [CT_RETURN_XMM0] = offsetof(struct ct_returned, xmm) / 8,
		[CT_RETURN_XMM0_HIGH] = offsetof(struct ct_returned, xmm) / 8 + 1,
		[CT_RETURN_XMM1] = offsetof(struct ct_returned, xmm) / 8 + 2,
	};
	struct ct_held_part part = {
		.mask = p->size == 8 ? UINT64_MAX : (1ull << 8 * p->size) - 1, .to = to[p->to],
	};

	if (p->kind == CT_EXIT_PART_NUMBER) {
		part.base = CT_HELD_NUMBER;
		part.number = p->offset;
	} else if (p->kind == CT_EXIT_PART_FRAME) {
		part.base = offsetof(struct ct_kept_registers, cfa) / 8;
		part.offset = p->offset;
	} else {
		part.base = offsetof(struct ct_kept_registers, self) / 8;
		part.offset = 8 * kept_word(p->reg);
	}
	return part;
}

/* Made once; two makers at the same time make the same. NULL: there is none, or no memory. */
static const struct ct_held *held_of(const struct plans *p, const struct ct_index_hook *hook)
{
	const struct ct_held *found;
	struct ct_held *fresh;

	if (hook->plan == CT_NONE || !p->held || hook->depth || hook->exit_class != CT_EXIT_PLAIN)
		return NULL;
	found = atomic_load(&p->held[hook->plan]);
	if (found)
		return found;
	fresh = take(sizeof *fresh);
	if (!fresh)
		return NULL;
	fresh->count = 0;
	for (unsigned i = 0; i < 4; i++)
		if (p->index.exit_values[hook->plan].parts[i].kind != CT_EXIT_PART_NONE)
			fresh->parts[fresh->count++] = held_part(&p->index.exit_values[hook->plan].parts[i]);
	atomic_store(&p->held[hook->plan], fresh);
	return fresh;
}

CT_COLD void ct_exit_look(struct ct_thread *t, uint64_t function, uint64_t hook,
                          struct ct_exit_fact *fact)
{
	struct ct_exit_fact *slot = ct_exit_slot(t, hook);
	const struct plans *p = plans_at(hook);
	const struct ct_index_hook *found = hook_at(p, hook);
	struct ct_hook_facts facts = ct_hook_facts(t, function, hook);
	uint64_t old = ct_signals_block();

	*fact = (struct ct_exit_fact){
		.hook = hook, .cfa_offset = facts.cfa.offset, .cfa_base = facts.cfa.base,
		.why = found && found->exit ? reason_of(found->exit_class) : (uint8_t) CT_HOW_UNSUPPORTED,
	};
	if (found && found->exit && found->depth)
		fact->why = CT_HOW_INLINED;
	if (fact->why == CT_HOW_PLAIN)
		fact->held = held_of(p, found);
	*slot = *fact;
	ct_signals_restore(old);
}

/* --- indexes --- */

static void find_segments(struct plans *p)
{
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *) p->low;
	const Elf64_Phdr *phdr = (const Elf64_Phdr *) (p->low + ehdr->e_phoff);

	if (memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0 || ehdr->e_phentsize != sizeof *phdr
	    || ehdr->e_phoff + ehdr->e_phnum * sizeof *phdr > CT_PAGE)
		return;
	for (unsigned i = 0; i < ehdr->e_phnum && p->segment_count < MAX_SEGMENTS; i++)
		if (phdr[i].p_type == PT_LOAD && phdr[i].p_flags & PF_R)
			p->segments[p->segment_count++] = (struct segment){
				p->bias + phdr[i].p_vaddr,
				p->bias + phdr[i].p_vaddr + phdr[i].p_memsz };
}

bool ct_plans_segment(uint64_t address, uint64_t *low, uint64_t *high, bool *stays)
{
	const struct plans *p = plans_at(address);
	struct dl_find_object object;

	if (!p)
		return false;
	if (!p->stays && (_dl_find_object((void *) address, &object) != 0
	                  || (uint64_t) object.dlfo_map_start != p->low))
		return false; /* unloaded since */
	for (unsigned i = 0; i < p->segment_count; i++)
		if (address >= p->segments[i].low && address < p->segments[i].high) {
			*low = p->segments[i].low;
			*high = p->segments[i].high;
			*stays = p->stays;
			return true;
		}
	return false;
}

/* Where the cache has it. */
static bool name_index(char *to, size_t size, const uint8_t *build_id, size_t build_id_size)
{
	static const char digits[] = "0123456789abcdef";
	char hex[65];

	for (size_t i = 0; i < build_id_size; i++) {
		hex[2 * i] = digits[build_id[i] >> 4];
		hex[2 * i + 1] = digits[build_id[i] & 15];
	}
	hex[2 * build_id_size] = '\0';
	to[0] = '\0';
	return build_id_size && ct_settings.cache[0] && ct_append(to, size, ct_settings.cache)
	       && ct_append(to, size, "/") && ct_append(to, size, hex)
	       && ct_append(to, size, ".ctidx");
}

/* Only what is ours, or root's, and nobody else may write: its numbers say where to copy from. */
static bool is_trusted(const struct stat *st)
{
	return S_ISREG(st->st_mode) && !(st->st_mode & (S_IWGRP | S_IWOTH))
	       && (st->st_uid == (uid_t) syscall(SYS_geteuid) || st->st_uid == 0);
}

static bool map_index(const char *path, struct ct_index *out)
{
	int fd = ct_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0);
	struct stat st;
	void *data;

	if (fd < 0)
		return false;
	data = ct_fstat(fd, &st) == 0 && is_trusted(&st) && st.st_size > 0
	               ? ct_mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
	               : MAP_FAILED;
	ct_close(fd);
	if (data == MAP_FAILED)
		return false;
	if (ct_index_use(data, (size_t) st.st_size, out))
		return true;
	ct_munmap(data, (size_t) st.st_size);
	return false;
}

static bool make_index(const char *binary)
{
	char *argv[] = { (char *) "calltrace", (char *) "index", (char *) "--quiet", (char *) "--",
		         (char *) binary, NULL };

	return ct_tool_run(argv) == 0;
}

bool calltrace_seam_index(const char *binary, const uint8_t *build_id, size_t build_id_size, bool make,
                          char *to, size_t size)
{
	return name_index(to, size, build_id, build_id_size)
	       && (ct_access(to, R_OK) == 0 || (make && make_index(binary) && ct_access(to, R_OK) == 0));
}

static void open_index(struct plans *p, const char *path)
{
	char name[CT_PATH_SIZE];

	if (!ct_captures)
		ct_captures = ct_pages(MAX_CAPTURES * sizeof *ct_captures);
	if (!ct_captures || !name_index(name, sizeof name, p->build_id, p->build_id_size))
		return;
	if (!map_index(name, &p->index) && (!make_index(path) || !map_index(name, &p->index))) {
		ct_debug(path, ": no index; its values are not captured", "");
		return;
	}
	if (p->index.header->build_id_size != p->build_id_size
	    || memcmp(p->index.header->build_id, p->build_id, p->build_id_size) != 0) {
		p->index.header = NULL;
		return;
	}
	p->captures = ct_pages((p->index.header->plans.count + 1) * sizeof *p->captures);
	p->held = ct_pages((p->index.header->exit_values.count + 1) * sizeof *p->held);
}

static uint64_t hash_of(const struct plans *p)
{
	return p->index.header && p->captures ? p->index.header->plans_hash : 0;
}

/* The same one as was there before, unloaded in the meantime. */
static struct plans *come_back(uint64_t low, uint64_t high, const struct ct_module *module)
{
	uint32_t count = atomic_load(&known_count);

	for (uint32_t i = 0; i < (count < MAX_PLANS ? count : MAX_PLANS); i++) {
		struct plans *p = &known[i];

		if (atomic_load(&p->gone) && p->low == low && p->high == high && p->build_id_size
		    && p->build_id_size == module->build_id_size
		    && memcmp(p->build_id, module->build_id, module->build_id_size) == 0)
			return p;
	}
	return NULL;
}

uint64_t ct_plans_open(uint64_t low, uint64_t high, bool stays, const struct ct_module *module)
{
	const struct plans *same = plans_at(low);
	struct plans *p = come_back(low, high, module);
	uint32_t number;

	if (same && same->low == low && same->high == high && same->build_id_size == module->build_id_size
	    && memcmp(same->build_id, module->build_id, module->build_id_size) == 0)
		return hash_of(same);
	if (p) {
		atomic_store(&p->gone, false);
		return hash_of(p);
	}
	number = atomic_fetch_add(&known_count, 1);
	if (number >= MAX_PLANS) {
		atomic_store(&known_count, MAX_PLANS);
		return 0;
	}
	p = &known[number];
	p->low = low;
	p->high = high;
	p->stays = stays;
	p->bias = module->bias;
	p->build_id_size = module->build_id_size;
	memcpy(p->build_id, module->build_id, module->build_id_size);
	find_segments(p);
	open_index(p, module->path);
	atomic_store(&p->ready, true);
	return hash_of(p);
}

void ct_plans_unloaded(uint64_t low, uint64_t high)
{
	uint32_t count = atomic_load(&known_count);

	for (uint32_t i = 0; i < (count < MAX_PLANS ? count : MAX_PLANS); i++)
		if (atomic_load(&known[i].ready) && known[i].low < high && low < known[i].high)
			atomic_store(&known[i].gone, true);
}

/* --- before main() --- */

struct dynamic {
	const Elf64_Sym *symbols;
	const char *strings;
	uint32_t undefined; /* symbols from 1 up to this are not defined here */
};

static uint64_t pointer_of(const struct dl_phdr_info *info, uint64_t value)
{
	return value < info->dlpi_addr ? info->dlpi_addr + value : value; /* relocated, but in the vDSO */
}

/* DT_GNU_HASH has the defined symbols only, and they come last. */
static bool read_dynamic(const struct dl_phdr_info *info, struct dynamic *out)
{
	*out = (struct dynamic){0};
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Dyn *d;

		if (info->dlpi_phdr[i].p_type != PT_DYNAMIC)
			continue;
		d = (const Elf64_Dyn *) (info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		for (; d->d_tag != DT_NULL; d++) {
			uint64_t at = pointer_of(info, d->d_un.d_ptr);

			if (d->d_tag == DT_SYMTAB)
				out->symbols = (const Elf64_Sym *) at;
			else if (d->d_tag == DT_STRTAB)
				out->strings = (const char *) at;
			else if (d->d_tag == DT_GNU_HASH)
				out->undefined = ((const uint32_t *) at)[1];
			else if (d->d_tag == DT_HASH && !out->undefined)
				out->undefined = ((const uint32_t *) at)[1];
		}
	}
	return out->symbols && out->strings;
}

static bool calls_the_hooks(const struct dl_phdr_info *info)
{
	struct dynamic d;

	if (!read_dynamic(info, &d))
		return false;
	for (uint32_t i = 1; i < d.undefined; i++)
		if (strcmp(d.strings + d.symbols[i].st_name, "__cyg_profile_func_enter") == 0)
			return true;
	return false;
}

/* A hook call's place is not known yet; any address of the text tells the binary. */
static int prepare_one(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void) size;
	(void) unused;
	if (calls_the_hooks(info))
		for (unsigned i = 0; i < info->dlpi_phnum; i++)
			if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
				ct_module_prepare(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
				break;
			}
	return 0;
}

void ct_plans_prepare(void)
{
	int saved = errno;

	dl_iterate_phdr(prepare_one, NULL);
	errno = saved;
}
