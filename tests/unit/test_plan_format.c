/* test_plan_format.c - that an index with damaged types or plans is refused. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/index.h"

static const char strings[] = "\0x\0struct s\0int\0char *";

struct image {
	struct ct_index_header header;
	struct ct_index_type types[4];
	struct ct_index_member members[2];
	struct ct_index_enumerator enumerators[2];
	struct ct_plan plans[1];
	_Alignas(8) struct ct_plan_arg args[3];
	struct ct_plan_op ops[5];
	struct ct_index_site_value site_values[6];
	struct ct_exit_value exit_values[2];
	uint8_t expressions[8];
	char strings[24];
};

#define TABLE(field) \
	{ offsetof(struct image, field), sizeof((struct image *) 0)->field / sizeof(*((struct image *) 0)->field), \
	  sizeof(*((struct image *) 0)->field) }

static struct image image(void)
{
	struct image i = {
		.header = {
			.version = CT_INDEX_VERSION, .size = sizeof i.header, .file_size = sizeof i,
			.strings = TABLE(strings), .types = TABLE(types), .members = TABLE(members),
			.enumerators = TABLE(enumerators), .plans = TABLE(plans), .plan_args = TABLE(args),
			.plan_ops = TABLE(ops), .expressions = TABLE(expressions),
			.site_values = TABLE(site_values), .exit_values = TABLE(exit_values),
		},
		.types = {
			{ .kind = CT_TYPE_SIGNED, .size = 4, .target = CT_NONE, .name = 12 },
			{ .kind = CT_TYPE_STRUCT, .size = 16, .target = CT_NONE, .first = 0, .count = 2 },
			{ .kind = CT_TYPE_POINTER, .size = 8, .target = 1 },
			{ .kind = CT_TYPE_ARRAY, .size = 16, .target = 0, .count = 4 },
		},
		.members = { { .name = 1, .type = 2, .offset = 0 },
		             { .name = 1, .type = 0, .offset = 12, .bit_size = 3, .bit_offset = 29 } },
		.plans = { { .arg_count = 3, .op_count = 4, .fixed = 24, .return_type = 2, .return_ops = 4,
		             .return_op_count = 1, .return_fixed = 8, .return_class = { CT_RETURN_RAX },
		             .out_ops = 1, .callers = 1,
		             .kept = { CT_KEPT_REGISTER, CT_KEPT_NOWHERE, -16, -24, CT_KEPT_REGISTER,
		                       CT_KEPT_NOWHERE }, .cfa_reg = CT_REG_RSP, .cfa_offset = 40 } },
		.args = { { .name = 1, .type = 2, .at = 0, .size = 8 },
		          { .name = 1, .type = 0, .at = 8, .size = 4 },
		          { .name = 1, .type = 0, .at = 16, .size = 4, .how = CT_HOW_CALLER } },
		.ops = {
			{ .op = CT_OP_REGISTER, .reg = 3, .at = 0, .size = 8, .argument = 0 },
			{ .op = CT_OP_FRAME, .reg = CT_REG_RSP, .offset = 24, .at = 8, .size = 4, .argument = 1 },
			{ .op = CT_OP_BYTES, .at = 0, .size = 16, .flags = CT_OP_F_OUT },
			{ .op = CT_OP_STRING, .base = 3, .at = 8, .size = 1 },
			{ .op = CT_OP_BYTES, .at = 0, .size = 16, .argument = UINT16_MAX },
		},
		.site_values = {
			{ .site = 0x1010, .argument = 2, .number = -1 },
			{ .site = 0x1020, .argument = 2, .kind = CT_SITE_VALUE_REGISTER, .reg = 5, .number = 8 },
			{ .site = 0x1030, .argument = 2, .number = 5 },
			{ .site = 0x1040, .argument = 2, .kind = CT_SITE_VALUE_LIVE, .reg = 0, .number = -8 },
			{ .site = 0x1050, .argument = 2, .kind = CT_SITE_VALUE_STACK, .number = 64 },
			{ .site = 0x1060, .argument = 2, .kind = CT_SITE_VALUE_MEMORY, .number = 8 },
		},
		.exit_values = {
			{ { { CT_EXIT_PART_REGISTER, 3, 4, CT_RETURN_RAX, 0 } } },
			{ { { CT_EXIT_PART_FRAME, 0, 8, CT_RETURN_XMM0, -32 }, { CT_EXIT_PART_NUMBER, 0, 1, CT_RETURN_XMM0_HIGH, -1 } } },
		},
	};

	memcpy(i.header.magic, CT_INDEX_MAGIC, sizeof i.header.magic);
	memcpy(i.strings, strings, sizeof strings);
	return i;
}

static int open_code(const struct image *i)
{
	struct ct_error err = {0};
	struct ct_index x;
	char name[32]; /* tests run side by side */
	bool ok;
	int fd;

	snprintf(name, sizeof name, "plan%d.ctidx", (int) getpid());
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert_eq(write(fd, i, sizeof *i), (ssize_t) sizeof *i);
	close(fd);
	ok = ct_index_open(name, false, &x, &err);
	if (ok)
		ct_index_close(&x);
	unlink(name);
	return ok ? CT_OK : (int) err.code;
}

Test(plan_format, is_taken)
{
	struct image i = image();

	cr_assert_eq(open_code(&i), CT_OK);
}

Test(plan_format, values_of_a_site)
{
	struct image i = image();
	struct ct_index x;

	cr_assert(ct_index_use(&i, sizeof i, &x));
	cr_expect_eq(ct_index_site_value_at(&x, 0x1010, 0), &x.site_values[0]);
	cr_expect_eq(ct_index_site_value_at(&x, 0x1020, 0), &x.site_values[1]);
	cr_expect_eq(ct_index_site_value_at(&x, 0x1030, 0), &x.site_values[2]);
	cr_expect_null(ct_index_site_value_at(&x, 0x1020, 1), "another plan");
	cr_expect_null(ct_index_site_value_at(&x, 0x101f, 0));
	cr_expect_null(ct_index_site_value_at(&x, 0, 0));
	cr_expect_null(ct_index_site_value_at(&x, UINT64_MAX, 0));
	x.header = NULL;
	cr_expect_null(ct_index_site_value_at(&x, 0x1010, 0), "closed");
}

Test(plan_format, damage_is_refused)
{
	static const struct { size_t at, size; uint64_t value; const char *what; } changes[] = {
		{ offsetof(struct image, types[0].name), 4, 24, "name of a type" },
		{ offsetof(struct image, types[0].kind), 1, CT_TYPE_KINDS, "kind" },
		{ offsetof(struct image, types[0].size), 4, 17, "size of a number" },
		{ offsetof(struct image, types[1].first), 4, 1, "members" },
		{ offsetof(struct image, types[1].count), 4, UINT32_MAX, "number of members" },
		{ offsetof(struct image, types[1].size), 4, 15, "member outside" },
		{ offsetof(struct image, types[2].target), 4, 4, "target" },
		{ offsetof(struct image, types[3].count), 4, 5, "elements outside" },
		{ offsetof(struct image, types[3].target), 4, CT_NONE, "array of nothing" },
		{ offsetof(struct image, members[0].type), 4, CT_NONE, "type of a member" },
		{ offsetof(struct image, members[1].bit_offset), 1, 30, "bits outside" },
		{ offsetof(struct image, enumerators[1].name), 4, 24, "name of an enumerator" },
		{ offsetof(struct image, plans[0].args), 4, 1, "arguments" },
		{ offsetof(struct image, plans[0].op_count), 4, 6, "operations" },
		{ offsetof(struct image, plans[0].fixed), 4, 8, "fixed part" },
		{ offsetof(struct image, plans[0].callers), 4, 2, "arguments from callers" },
		{ offsetof(struct image, plans[0].kept[2]), 4, (uint32_t) -8, "over the return address" },
		{ offsetof(struct image, plans[0].kept[2]), 4, 1, "in the caller's frame" },
		{ offsetof(struct image, plans[0].kept[3]), 4, (uint32_t) INT32_MIN + 1, "far away" },
		{ offsetof(struct image, plans[0].cfa_reg), 1, 3, "the frame address by rbx" },
		{ offsetof(struct image, plans[0].cfa_reg), 1, CT_REG_NONE, "no frame address, and used" },
		{ offsetof(struct image, plans[0].cfa_offset), 4, (1 << 28) + 1, "a frame address far away" },
		{ offsetof(struct image, args[2].how), 1, CT_HOW_PLAIN, "not from its callers" },
		{ offsetof(struct image, args[2].flags), 1, CT_ARG_INDIRECT, "indirect, from callers" },
		{ offsetof(struct image, args[2].size), 4, 9, "too large for callers" },
		{ offsetof(struct image, args[2].at), 4, 17, "from callers, outside" },
		{ offsetof(struct image, ops[1].argument), 2, 2, "copied and from callers" },
		{ offsetof(struct image, site_values[1].plan), 4, 1, "plan of a site's value" },
		{ offsetof(struct image, site_values[1].argument), 2, 1, "argument that is not from callers" },
		{ offsetof(struct image, site_values[1].argument), 2, 3, "argument of a site's value" },
		{ offsetof(struct image, site_values[1].kind), 1, CT_SITE_VALUE_KINDS, "kind of a site's value" },
		{ offsetof(struct image, site_values[1].reg), 1, 6, "register of a site's value" },
		{ offsetof(struct image, site_values[0].reg), 1, 1, "register of a constant" },
		{ offsetof(struct image, site_values[3].reg), 1, 4, "live, but an argument of the hook" },
		{ offsetof(struct image, site_values[3].reg), 1, 7, "live, but the stack pointer" },
		{ offsetof(struct image, site_values[3].reg), 1, 11, "live, but the linkage table's" },
		{ offsetof(struct image, site_values[3].reg), 1, 16, "live, and no register" },
		{ offsetof(struct image, site_values[4].reg), 1, 1, "register of an address on the stack" },
		{ offsetof(struct image, site_values[5].number), 8, (uint64_t) -8, "below the caller's frame" },
		{ offsetof(struct image, site_values[5].number), 8, CT_SITE_VALUE_FAR, "above any frame" },
		{ offsetof(struct image, site_values[1].site), 8, 0x1010, "one argument twice" },
		{ offsetof(struct image, site_values[1].site), 8, 0x100f, "order of sites' values" },
		{ offsetof(struct image, exit_values[0].parts[0].kind), 1, CT_EXIT_PART_NUMBER + 1, "kind of a held value" },
		{ offsetof(struct image, exit_values[0].parts[0].reg), 1, 0, "rax, at an exit hook" },
		{ offsetof(struct image, exit_values[0].parts[0].reg), 1, 16, "no register, at an exit hook" },
		{ offsetof(struct image, exit_values[0].parts[0].size), 1, 0, "none of a held value" },
		{ offsetof(struct image, exit_values[0].parts[0].size), 1, 9, "too much of a held value" },
		{ offsetof(struct image, exit_values[0].parts[0].to), 1, CT_RETURN_NOTHING, "held for nothing" },
		{ offsetof(struct image, exit_values[0].parts[0].to), 1, CT_RETURN_ST0, "held for the x87 stack" },
		{ offsetof(struct image, exit_values[0].parts[0].to), 1, CT_RETURN_UNSUPPORTED, "held for who knows" },
		{ offsetof(struct image, exit_values[1].parts[0].offset), 4, 1 << 20, "held far above" },
		{ offsetof(struct image, exit_values[1].parts[0].offset), 4, (uint32_t) -(1 << 28), "held far below" },
		{ offsetof(struct image, plans[0].fixed), 4, 20, "its padding" },
		{ offsetof(struct image, plans[0].fixed), 4, 1 << 20, "its size" },
		{ offsetof(struct image, plans[0].return_type), 4, 4, "return type" },
		{ offsetof(struct image, plans[0].return_fixed), 4, 0, "returned bytes" },
		{ offsetof(struct image, plans[0].return_fixed), 4, 40, "too many returned bytes" },
		{ offsetof(struct image, plans[0].return_class), 1, CT_RETURN_UNSUPPORTED + 1, "return class" },
		{ offsetof(struct image, plans[0].return_class), 1, CT_RETURN_ST0, "16 bytes in 8" },
		{ offsetof(struct image, plans[0].out_ops), 4, 2, "number of out operations" },
		{ offsetof(struct image, args[0].type), 4, 4, "type of an argument" },
		{ offsetof(struct image, args[0].how), 1, CT_HOWS, "how" },
		{ offsetof(struct image, args[1].at), 4, 21, "argument outside" },
		{ offsetof(struct image, ops[0].op), 1, 0, "operation" },
		{ offsetof(struct image, ops[0].reg), 1, 5, "rdi" },
		{ offsetof(struct image, ops[0].reg), 1, 16, "no register" },
		{ offsetof(struct image, ops[0].offset), 8, 1, "past the register" },
		{ offsetof(struct image, ops[0].offset), 8, UINT64_MAX, "before the register" },
		{ offsetof(struct image, ops[0].at), 4, 17, "operation outside" },
		{ offsetof(struct image, ops[0].at), 4, UINT32_MAX, "operation far outside" },
		{ offsetof(struct image, ops[0].argument), 2, 3, "argument of an operation" },
		{ offsetof(struct image, ops[0].flags), 1, CT_OP_F_OUT, "out of a copy" },
		{ offsetof(struct image, ops[1].reg), 1, 0, "frame at rax" },
		{ offsetof(struct image, ops[1].size), 4, 0, "nothing" },
		{ offsetof(struct image, ops[2].base), 2, 3, "follows itself" },
		{ offsetof(struct image, ops[2].base), 2, 1, "follows in a copy" },
		{ offsetof(struct image, ops[2].size), 4, 257, "too large" },
		{ offsetof(struct image, ops[2].at), 4, 17, "pointer outside" },
		{ offsetof(struct image, ops[3].at), 4, 9, "pointer outside of the pointee" },
		{ offsetof(struct image, ops[3].op), 1, CT_OP_COUNTED + 100, "no operation" },
		{ offsetof(struct image, ops[4].op), 1, CT_OP_REGISTER, "copies what is returned" },
		{ offsetof(struct image, expressions[7]), 1, 1, "open expression" },
	};

	for (size_t n = 0; n < sizeof changes / sizeof *changes; n++) {
		struct image i = image();

		memcpy((char *) &i + changes[n].at, &changes[n].value, changes[n].size);
		cr_expect_eq(open_code(&i), CT_EDAMAGED, "%s", changes[n].what);
	}
}

Test(plan_format, survives_every_changed_byte)
{
	struct image whole = image();

	for (size_t at = 0; at < sizeof whole; at++)
		for (int bit = 0; bit < 9; bit++) {
			struct image i = whole;

			((uint8_t *) &i)[at] ^= bit == 8 ? 0xff : (uint8_t) (1u << bit);
			open_code(&i);
		}
}
