#include "index/image.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "index/build.h"
#include "index/cfi_check.h"

struct ct_image {
	struct ct_build build; /* of it: elf, dwarf */
	int fd;
	Elf *elf;       /* for the unwind table */
	Dwarf_CFI *cfi;       /* .eh_frame */
	Dwarf_CFI *debug_cfi; /* .debug_frame */
	bool looked_for_debug, looked_for_debug_cfi;
};

struct ct_image *ct_image_open(const char *path)
{
	struct ct_image *image = ct_calloc(1, sizeof *image);
	struct stat st;

	/* The path is out of a file that anybody may have written: not even opened is what is no file. */
	image->fd = stat(path, &st) == 0 && S_ISREG(st.st_mode)
	                    ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	if (image->fd < 0 || fstat(image->fd, &st) < 0 || !S_ISREG(st.st_mode)
	    || !ct_elf_open(path, &image->build.elf, NULL)) {
		if (image->fd >= 0)
			close(image->fd);
		free(image);
		return NULL;
	}
	elf_version(EV_CURRENT);
	image->elf = elf_begin(image->fd, ELF_C_READ_MMAP, NULL);
	image->cfi = ct_cfi_open(image->elf);
	return image;
}

void ct_image_close(struct ct_image *image)
{
	if (!image)
		return;
	dwarf_cfi_end(image->cfi);
	elf_end(image->elf);
	if (image->looked_for_debug)
		ct_debug_close(&image->build);
	ct_elf_close(&image->build.elf);
	close(image->fd);
	ct_arena_deinit(&image->build.arena);
	free(image);
}

const uint8_t *ct_image_build_id(const struct ct_image *image, size_t *size)
{
	*size = image->build.elf.build_id_size;
	return *size ? image->build.elf.build_id : NULL;
}

bool ct_image_bias(const struct ct_image *image, uint64_t start, uint64_t offset, uint64_t *bias)
{
	const struct ct_elf *elf = &image->build.elf;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *p = &elf->segments[i];
		uint64_t page = p->p_offset & ~(uint64_t) 4095;

		if (p->p_type != PT_LOAD || offset < page || offset - page >= p->p_filesz + 4096)
			continue;
		*bias = start - (p->p_vaddr & ~(uint64_t) 4095) - (offset - page);
		return true;
	}
	return false;
}

/* --- names and lines --- */

static Dwarf *dwarf_of(struct ct_image *image)
{
	if (!image->looked_for_debug)
		ct_debug_open(&image->build);
	image->looked_for_debug = true;
	return image->build.dwarf;
}

static Dwarf_CFI *debug_cfi_of(struct ct_image *image)
{
	if (!image->looked_for_debug_cfi)
		image->debug_cfi = ct_cfi_of_debug(dwarf_of(image));
	image->looked_for_debug_cfi = true;
	return image->debug_cfi;
}

static const struct ct_symbol *symbol_in(const struct ct_elf *elf, uint64_t address)
{
	const struct ct_symbol *best = NULL;
	size_t low = 0, high = elf->symbol_count;

	while (low < high) { /* the first behind it */
		size_t middle = low + (high - low) / 2;

		if (elf->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t tries = 16; low-- > 0 && tries-- > 0 && !best;) {
		const struct ct_symbol *s = &elf->symbols[low];

		if ((s->type == STT_FUNC || s->type == STT_OBJECT || s->type == STT_GNU_IFUNC)
		    && address - s->address < s->size)
			best = s;
	}
	if (!best)
		return NULL;
	/* Of several names for one place, the one for the program: global, and not with underscores. */
	for (const struct ct_symbol *s = best; s >= elf->symbols && s->address == best->address; s--)
		if (s->size == best->size && s->type == best->type
		    && (s->name[0] != '_') > (best->name[0] != '_'))
			best = s;
	return best;
}

const char *ct_image_symbol(struct ct_image *image, uint64_t address, uint64_t *offset)
{
	const struct ct_symbol *symbol = symbol_in(&image->build.elf, address);

	/* A stripped library's own functions are in its debug file only. */
	if (!symbol && dwarf_of(image) && image->build.debug_elf.path)
		symbol = symbol_in(&image->build.debug_elf, address);
	if (!symbol)
		return NULL;
	*offset = address - symbol->address;
	return ct_demangle(&image->build, symbol->name);
}

/* A relative name, made absolute by where the compiler ran. */
static const char *full_name(struct ct_image *image, Dwarf_Die *unit, const char *name)
{
	Dwarf_Attribute attribute;
	const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	ct_auto_free char *joined = NULL, *clean = NULL;
	struct ct_text text = {0};

	if (name[0] != '/' && folder)
		ct_text_addf(&text, "%s/", folder);
	ct_text_add(&text, name);
	joined = text.data;
	clean = ct_path_clean(joined);
	return ct_arena_strdup(&image->build.arena, clean);
}

static bool covers(Dwarf_Die *unit, uint64_t address)
{
	return ct_ranges_are_sound(NULL, unit) && dwarf_haspc(unit, address) == 1;
}

bool ct_image_line(struct ct_image *image, uint64_t address, const char **file, uint32_t *line)
{
	Dwarf *dwarf = dwarf_of(image);
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, sub;

	while (dwarf && dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, &sub) == 0) {
		Dwarf_Die *full = dwarf_tag(&die) == DW_TAG_skeleton_unit ? &sub : &die;
		Dwarf_Line *found;
		const char *name;
		int number;

		if (!covers(&die, address) && (full == &die || !covers(full, address)))
			continue;
		found = dwarf_getsrc_die(&die, address);
		name = found ? dwarf_linesrc(found, NULL, NULL) : NULL;
		if (!name || dwarf_lineno(found, &number) != 0 || number <= 0)
			return false;
		*file = full_name(image, &die, name);
		*line = (uint32_t) number;
		return true;
	}
	return false;
}

/* --- one step outwards --- */

struct evaluation {
	struct ct_machine *frame;
	ct_image_read read;
	void *user;
	uint64_t stack[32];
	size_t depth;
	bool failed;
};

static void push(struct evaluation *e, uint64_t value)
{
	if (e->depth == sizeof e->stack / sizeof *e->stack)
		e->failed = true;
	else
		e->stack[e->depth++] = value;
}

static uint64_t pop(struct evaluation *e)
{
	if (e->depth == 0) {
		e->failed = true;
		return 0;
	}
	return e->stack[--e->depth];
}

static void push_register(struct evaluation *e, uint64_t number, uint64_t offset)
{
	if (number > CT_MACHINE_PC || !(e->frame->known >> number & 1))
		e->failed = true;
	else
		push(e, e->frame->at[number] + offset);
}

static void dereference(struct evaluation *e)
{
	uint64_t value = 0;

	if (!e->read(e->user, pop(e), &value, sizeof value))
		e->failed = true;
	push(e, value);
}

static void combine(struct evaluation *e, uint8_t atom)
{
	uint64_t b = pop(e), a = pop(e);

	switch (atom) {
	case DW_OP_plus: push(e, a + b); break;
	case DW_OP_minus: push(e, a - b); break;
	case DW_OP_and: push(e, a & b); break;
	case DW_OP_or: push(e, a | b); break;
	case DW_OP_mul: push(e, a * b); break;
	case DW_OP_shl: push(e, b < 64 ? a << b : 0); break;
	case DW_OP_shr: push(e, b < 64 ? a >> b : 0); break;
	case DW_OP_ge: push(e, (int64_t) a >= (int64_t) b); break;
	case DW_OP_gt: push(e, (int64_t) a > (int64_t) b); break;
	case DW_OP_le: push(e, (int64_t) a <= (int64_t) b); break;
	case DW_OP_lt: push(e, (int64_t) a < (int64_t) b); break;
	case DW_OP_eq: push(e, a == b); break;
	case DW_OP_ne: push(e, a != b); break;
	default: e->failed = true;
	}
}

static void operate(struct evaluation *e, const Dwarf_Op *op)
{
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		push_register(e, op->atom - DW_OP_breg0, op->number);
	else if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31)
		push(e, op->atom - DW_OP_lit0);
	else if (op->atom >= DW_OP_const1u && op->atom <= DW_OP_consts)
		push(e, op->number);
	else if (op->atom == DW_OP_bregx)
		push_register(e, op->number, op->number2);
	else if (op->atom == DW_OP_call_frame_cfa)
		push(e, e->frame->cfa);
	else if (op->atom == DW_OP_plus_uconst)
		push(e, pop(e) + op->number);
	else if (op->atom == DW_OP_deref)
		dereference(e);
	else
		combine(e, op->atom);
}

/* `initial`: what is on the stack already; false: the expression needs what is not known. */
static bool evaluate(struct evaluation *e, const Dwarf_Op *ops, size_t count, uint64_t *value)
{
	for (size_t i = 0; i < count && !e->failed; i++)
		operate(e, &ops[i]);
	*value = pop(e);
	return !e->failed;
}

static struct evaluation with(struct ct_machine *frame, ct_image_read read, void *user)
{
	return (struct evaluation){ .frame = frame, .read = read, .user = user };
}

/* The register as it was in the caller; false: not known there. */
static bool restore(Dwarf_Frame *rules, int number, struct ct_machine *frame, ct_image_read read,
                    void *user, uint64_t *value)
{
	struct evaluation e = with(frame, read, user);
	Dwarf_Op space[3], *ops;
	size_t count;
	bool is_value;

	if (dwarf_frame_register(rules, number, space, &ops, &count) != 0)
		return false;
	if (count == 0) { /* undefined, or the same as here, which a return address cannot be */
		*value = frame->at[number];
		return ops != NULL && number != CT_MACHINE_PC && (frame->known >> number & 1);
	}
	is_value = ops[count - 1].atom == DW_OP_stack_value;
	if (count == 1 && ops[0].atom == DW_OP_regx) {
		push_register(&e, ops[0].number, 0);
		*value = pop(&e);
		return !e.failed;
	}
	return evaluate(&e, ops, count - is_value, value)
	       && (is_value || read(user, *value, value, sizeof *value));
}

static bool apply(Dwarf_Frame *rules, struct ct_machine *frame, ct_image_read read, void *user)
{
	struct evaluation e = with(frame, read, user);
	struct ct_machine caller = {0};
	bool is_signal;
	Dwarf_Op *ops;
	size_t count;
	int pc = dwarf_frame_info(rules, NULL, NULL, &is_signal);

	frame->cfa = 0;
	if (pc < 0 || pc > CT_MACHINE_PC || dwarf_frame_cfa(rules, &ops, &count) != 0
	    || !evaluate(&e, ops, count, &frame->cfa))
		return false;
	for (int i = 0; i <= CT_MACHINE_PC; i++)
		if (restore(rules, i, frame, read, user, &caller.at[i]))
			caller.known |= 1u << i;
	if (!(caller.known >> pc & 1))
		return false;
	caller.at[CT_MACHINE_PC] = caller.at[pc];
	caller.known |= 1u << CT_MACHINE_PC;
	if (!is_signal) { /* else its rules say where it is */
		caller.at[7] = frame->cfa;
		caller.known |= 1u << 7;
	}
	caller.is_call = !is_signal;
	caller.cfa = frame->cfa;
	*frame = caller;
	return true;
}

bool ct_image_step(struct ct_image *image, uint64_t bias, struct ct_machine *frame, ct_image_read read,
                   void *user)
{
	uint64_t pc = frame->at[CT_MACHINE_PC] - bias - frame->is_call;
	Dwarf_CFI *cfi;
	Dwarf_Frame *rules = NULL;
	bool ok = false;

	frame->cfa = 0;
	if (!image->cfi || dwarf_cfi_addrframe(image->cfi, pc, &rules) != 0) {
		cfi = debug_cfi_of(image);
		if (!cfi || dwarf_cfi_addrframe(cfi, pc, &rules) != 0)
			return false;
	}
	ok = apply(rules, frame, read, user);
	free(rules);
	return ok;
}
