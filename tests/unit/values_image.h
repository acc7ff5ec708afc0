/*
 * values_image.h - calls with values, made by hand: an index of one function f with a plan, and
 * the payloads of its records.
 *
 *     struct call_image c;
 *     image_begin(&c);
 *     uint32_t type = image_type(&c, CT_TYPE_SIGNED, "int", 4, CT_NONE);
 *     image_argument(&c, "n", type, &(int){ 3 }, 4);
 *     image_save_index(&c, folder);
 *
 * An argument takes its place in the fixed part of the payload with its bytes; blocks come as
 * they are added. The module lies at 0x10000.
 */
#ifndef VALUES_IMAGE_H
#define VALUES_IMAGE_H

#include <assert.h>
#include <sys/stat.h>

#include "format/index.h"
#include "raw_writer.h"

#define IMAGE_HASH 0x1234567890abcdefull
#define IMAGE_ROOM 96

struct values_index {
	struct ct_index_header header;
	struct ct_index_function functions[2];
	struct ct_index_range ranges[2];
	struct ct_index_hook hooks[1];
	struct ct_index_type types[IMAGE_ROOM];
	struct ct_index_member members[IMAGE_ROOM];
	struct ct_index_enumerator enumerators[IMAGE_ROOM];
	struct ct_plan plans[1];
	_Alignas(8) struct ct_plan_arg args[IMAGE_ROOM];
	struct ct_plan_op ops[IMAGE_ROOM];
	uint8_t expressions[64];
	char strings[4096];
};

struct payload_image {
	uint64_t fixed[64];
	uint32_t fixed_words;
	uint64_t blocks[1024];
	uint32_t block_words;
	uint8_t how;
	bool missing; /* no such record: the call's is a plain one */
};

struct call_image {
	struct values_index x;
	uint32_t string_size, types, members, enumerators, args, ops, return_ops;
	struct ct_plan_op returned[16]; /* operations of the returned value */
	struct payload_image enter, exit;
	uint64_t recorder_hash;
	uint8_t serial;
	bool jumps, stays; /* the call is left by a jump; it stays open */
};

static inline uint32_t image_string(struct call_image *c, const char *text)
{
	uint32_t at = c->string_size;

	if (!text[0])
		return 0;
	memcpy(c->x.strings + at, text, strlen(text) + 1);
	c->string_size += (uint32_t) strlen(text) + 1;
	assert(c->string_size < sizeof c->x.strings);
	return at;
}

static inline void image_begin(struct call_image *c)
{
	struct values_index *x = &c->x;

	memset(c, 0, sizeof *c);
	c->string_size = 1;
	c->recorder_hash = IMAGE_HASH;
	x->functions[0] = (struct ct_index_function){ .address = 0x100, .size = 0x40, .file = CT_NONE,
		.unit = CT_NONE, .flags = CT_FUNCTION_INSTRUMENTED, .name = image_string(c, "f") };
	x->functions[1] = (struct ct_index_function){ .address = 0x200, .size = 0x40, .file = CT_NONE,
		.unit = CT_NONE, .name = image_string(c, "twice") };
	x->ranges[0] = (struct ct_index_range){ .low = 0x100, .high = 0x140, .function = 0 };
	x->ranges[1] = (struct ct_index_range){ .low = 0x200, .high = 0x240, .function = 1 };
	x->hooks[0] = (struct ct_index_hook){ .address = 0x110, .site = CT_NONE, .plan = 0 };
	x->plans[0].return_type = CT_NONE;
	c->exit.missing = true;
}

static inline uint32_t image_type(struct call_image *c, uint8_t kind, const char *name, uint32_t size,
                                  uint32_t target)
{
	c->x.types[c->types] = (struct ct_index_type){ .kind = kind, .name = image_string(c, name),
	                                               .size = size, .target = target };
	return c->types++;
}

/* Members, enumerators and elements follow the type that has them. */
static inline struct ct_index_member *image_member(struct call_image *c, uint32_t type, const char *name,
                                                   uint32_t of, uint32_t offset)
{
	struct ct_index_type *t = &c->x.types[type];

	if (t->count++ == 0)
		t->first = c->members;
	c->x.members[c->members] = (struct ct_index_member){ .name = image_string(c, name), .type = of,
	                                                     .offset = offset };
	return &c->x.members[c->members++];
}

static inline void image_enumerator(struct call_image *c, uint32_t type, const char *name, uint64_t value)
{
	struct ct_index_type *t = &c->x.types[type];

	if (t->count++ == 0)
		t->first = c->enumerators;
	c->x.enumerators[c->enumerators++] =
		(struct ct_index_enumerator){ .name = image_string(c, name), .value = value };
}

static inline void payload_fixed(struct payload_image *p, const void *bytes, uint32_t size)
{
	memcpy(&p->fixed[p->fixed_words], bytes, size);
	p->fixed_words += (size + 7) / 8;
}

static inline void payload_block(struct payload_image *p, enum ct_block_status status, uint32_t number,
                                 uint8_t flags, const void *bytes, uint32_t size)
{
	p->blocks[p->block_words++] = ct_block(status, number, flags, size);
	memcpy(&p->blocks[p->block_words], bytes, size);
	p->block_words += (size + 7) / 8;
	p->missing = false;
}

static inline struct ct_plan_arg *image_argument(struct call_image *c, const char *name, uint32_t type,
                                                 const void *bytes, uint32_t size)
{
	struct ct_plan_arg *a = &c->x.args[c->args++];

	*a = (struct ct_plan_arg){ .name = image_string(c, name), .type = type,
	                           .at = 8 * c->enter.fixed_words, .size = size };
	payload_fixed(&c->enter, bytes, size);
	return a;
}

static inline void image_lost_argument(struct call_image *c, const char *name, uint32_t type, uint8_t how)
{
	c->x.args[c->args++] = (struct ct_plan_arg){ .name = image_string(c, name), .type = type, .how = how };
}

/* An operation that follows a pointer; returns its number. */
static inline uint32_t image_follow(struct call_image *c, uint8_t op, uint16_t argument, uint16_t base,
                                    uint32_t at, uint32_t extra, uint32_t size)
{
	struct ct_plan_op *to = argument == UINT16_MAX ? &c->returned[c->return_ops++] : &c->x.ops[c->ops++];

	*to = (struct ct_plan_op){ .op = op, .argument = argument, .base = base, .at = at, .extra = extra,
	                           .size = size };
	return argument == UINT16_MAX ? c->return_ops - 1 : c->ops - 1;
}

static inline void image_out(struct call_image *c, uint32_t op)
{
	c->x.ops[op].flags = CT_OP_F_OUT;
	c->x.plans[0].out_ops++;
}

static inline void image_returns(struct call_image *c, uint32_t type, uint8_t part, const void *bytes,
                                 uint32_t size)
{
	struct ct_plan *p = &c->x.plans[0];

	p->return_type = type;
	p->return_fixed = (size + 7) / 8 * 8;
	p->return_class[0] = part;
	payload_fixed(&c->exit, bytes, size);
	c->exit.missing = false;
}

/* --- files --- */

#define VALUES_TABLE(field, n) \
	{ offsetof(struct values_index, field), n, sizeof(((struct values_index *) 0)->field[0]) }

/* Into the folder, which becomes the cache. */
static inline void image_save_index(struct call_image *c, const char *folder)
{
	struct values_index *x = &c->x;
	struct ct_plan *p = &x->plans[0];
	char path[512];
	FILE *file;

	c->serial++; /* an index is opened but once in a process */
	p->arg_count = c->args;
	p->op_count = c->ops;
	p->fixed = 8 * c->enter.fixed_words;
	p->callers = 0;
	for (uint32_t i = 0; i < c->args; i++)
		p->callers += x->args[i].how == CT_HOW_CALLER;
	for (int i = 0; i < 6; i++)
		p->kept[i] = CT_KEPT_REGISTER;
	p->cfa_reg = CT_REG_NONE;
	p->return_ops = c->ops;
	p->return_op_count = c->return_ops;
	memcpy(&x->ops[c->ops], c->returned, sizeof c->returned);
	x->header = (struct ct_index_header){
		.magic = CT_INDEX_MAGIC, .version = CT_INDEX_VERSION, .size = sizeof x->header,
		.file_size = sizeof *x, .build_id_size = 4, .build_id = { 0xaa, 0xbb, 0xcc, c->serial },
		.flags = CT_INDEX_HAS_DWARF | CT_INDEX_INSTRUMENTED, .text_high = 0x1000,
		.plans_hash = IMAGE_HASH, .strings = VALUES_TABLE(strings, sizeof x->strings),
		.functions = VALUES_TABLE(functions, 2), .ranges = VALUES_TABLE(ranges, 2),
		.hooks = VALUES_TABLE(hooks, 1), .types = VALUES_TABLE(types, c->types),
		.members = VALUES_TABLE(members, c->members),
		.enumerators = VALUES_TABLE(enumerators, c->enumerators), .plans = VALUES_TABLE(plans, 1),
		.plan_args = VALUES_TABLE(args, c->args),
		.plan_ops = VALUES_TABLE(ops, c->ops + c->return_ops),
		.expressions = VALUES_TABLE(expressions, sizeof x->expressions),
	};
	setenv("CALLTRACE_CACHE", folder, 1);
	mkdir(folder, 0700);
	if (!ct_index_cache_path(x->header.build_id, 4, path, sizeof path) || !(file = fopen(path, "wb"))
	    || fwrite(x, sizeof *x, 1, file) != 1 || fclose(file) != 0) {
		perror(folder);
		exit(2);
	}
	chmod(path, 0600);
}

static inline uint32_t payload_words(const struct payload_image *p, uint64_t words[2048])
{
	words[0] = ct_values_head(p->how ? 0 : p->fixed_words, p->how, 0);
	memcpy(words + 1, p->fixed, 8 * p->fixed_words);
	memcpy(words + 1 + (p->how ? 0 : p->fixed_words), p->blocks, 8 * p->block_words);
	return 1 + (p->how ? 0 : p->fixed_words) + p->block_words;
}

/* Whether the recorder has a short way to say it: CT_EXIT_WORD. */
static inline bool is_one_word(const struct payload_image *p)
{
	return !p->missing && p->how == CT_HOW_PLAIN && p->fixed_words == 1 && p->block_words == 0;
}

static inline void image_record(struct raw_writer *w, const struct payload_image *p, enum ct_kind kind,
                                uint64_t time)
{
	uint64_t words[2048];

	if (kind == CT_EXIT_WORD) {
		raw_record(w, 0, kind, 1, time);
		raw_word(w, 0, p->fixed[0]);
		return;
	}
	raw_record(w, 0, p->missing ? kind == CT_ENTER_VALUES ? CT_ENTER : CT_EXIT : kind, 1, time);
	if (!p->missing)
		raw_extended(w, 0, CT_VALUES, words, payload_words(p, words), time);
}

/* A trace that belongs to the index: its module has the build-id and the plans' hash. */
static inline void image_raw_begin(struct raw_writer *w, const struct call_image *c)
{
	struct ct_module *m;

	raw_begin(w);
	m = (struct ct_module *) (w->file.data + CT_SESSION_SIZE + sizeof(struct ct_extent));
	m->build_id_size = 4;
	memcpy(m->build_id, c->x.header.build_id, 4);
	m->plans_hash = c->recorder_hash;
	raw_row(w, 0, 0x10100, 0x10110, 0x7000, 0);
}

#endif
