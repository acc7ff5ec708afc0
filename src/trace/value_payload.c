/* value_payload.c - the payload of a CT_VALUES record (format/plan.h), taken apart. */
#include <string.h>

#include "trace/value_type.h"

void ct_followers_init(struct ct_followers *f, const struct ct_plan_op *ops, uint32_t count)
{
	f->count = 0;
	for (uint32_t i = 0; i < count && f->count < CT_PLAN_FOLLOW_MAX; i++)
		if (ops[i].op >= CT_OP_STRING)
			f->items[f->count++] = (struct ct_follower){
				.number = (uint16_t) i, .base = ops[i].base, .argument = ops[i].argument,
				.op = ops[i].op, .out = ops[i].flags & CT_OP_F_OUT,
				.at = ops[i].at, .size = ops[i].size };
}

struct ct_values_read ct_values_open(struct ct_payload payload)
{
	struct ct_values_read v = { .fixed = (const uint8_t *) payload.words, .how = CT_HOW_NO_ROOM };
	uint32_t fixed = ct_values_words(payload.head);

	v.rest = v.end = payload.words;
	if (!payload.words || fixed > payload.count)
		return v;
	v.how = ct_values_how(payload.head);
	v.fixed_size = 8 * fixed;
	v.rest = payload.words + fixed;
	v.end = payload.words + payload.count;
	return v;
}

/* The block at `at`, and where the next one is; NULL: there are no more. */
static const uint64_t *next_block(const uint64_t *at, const uint64_t *end, uint64_t *word,
                                  struct ct_value_block *block)
{
	*word = at < end ? *at : 0;
	if (*word == 0 || ct_block_size(*word) > 8 * (uint64_t) (end - at - 1))
		return NULL;
	*block = (struct ct_value_block){ (const uint8_t *) (at + 1), ct_block_size(*word),
	                                  (uint8_t) ct_block_status(*word) };
	return at + 1 + (block->size + 7u) / 8;
}

void ct_values_blocks(const struct ct_values_read *v, const struct ct_followers *f, uint8_t flags,
                      struct ct_value_block blocks[CT_PLAN_FOLLOW_MAX])
{
	struct ct_value_block block;
	uint64_t word;

	for (unsigned i = 0; i < f->count; i++)
		blocks[i].status = 0;
	for (const uint64_t *at = v->rest; (at = next_block(at, v->end, &word, &block));) {
		if (ct_block_flags(word) != flags)
			continue;
		for (unsigned i = 0; i < f->count; i++)
			if (f->items[i].number == ct_block_number(word))
				blocks[i] = block;
	}
}

enum ct_hidden ct_values_hidden(const struct ct_values_read *v, uint32_t argument, uint8_t hash[8])
{
	struct ct_value_block block;
	uint64_t word;

	for (const uint64_t *at = v->rest; (at = next_block(at, v->end, &word, &block));) {
		uint8_t flags = ct_block_flags(word);

		if (!(flags & (CT_BLOCK_REDACTED | CT_BLOCK_EXCLUDED))
		    || (flags & CT_BLOCK_OF_RETURN ? argument != CT_NONE
		                                   : ct_block_number(word) != argument))
			continue;
		if (flags & CT_BLOCK_EXCLUDED || block.size != 8)
			return CT_HIDDEN_EXCLUDED;
		memcpy(hash, block.data, 8);
		return CT_HIDDEN_REDACTED;
	}
	return CT_HIDDEN_NOT;
}

bool ct_values_unknown(const struct ct_values_read *v, uint32_t argument)
{
	struct ct_value_block block;
	uint64_t word;

	for (const uint64_t *at = v->rest; (at = next_block(at, v->end, &word, &block));)
		if (ct_block_flags(word) & CT_BLOCK_UNKNOWN && ct_block_number(word) == argument)
			return true;
	return false;
}
