/*
 * unwind.c - bodies of which neither debug information nor symbols tell: a stripped
 * binary still has its unwind table, and in it where each function begins and ends.
 * Their names are their addresses.
 */
#include "index/build.h"

#include <stdlib.h>
#include <string.h>

/* Encodings of .eh_frame_hdr as all linkers write it. */
enum { TABLE_ENCODING = 0x3b /* relative to its section, signed 32 bits */ };

struct entry { /* of the table in .eh_frame_hdr, relative to it */
	int32_t begin, record;
};

static int32_t signed_at(const uint8_t *bytes)
{
	int32_t value;

	memcpy(&value, bytes, sizeof value);
	return value;
}

/* The size that an unwind record says its function has; 0: in another encoding than the usual. */
static uint32_t size_of(const struct ct_build *b, uint64_t record, uint64_t begin)
{
	size_t left;
	const uint8_t *at = ct_elf_at(&b->elf, record, &left);

	if (!at || left < 16 || record + 8 + (uint64_t) (int64_t) signed_at(at + 8) != begin)
		return 0;
	return (uint32_t) signed_at(at + 12);
}

static void add_body(struct ct_build *b, uint64_t begin, uint64_t end)
{
	uint32_t function = ct_append(&b->functions);
	struct ct_function *f = &b->functions.items[function];

	f->name = ct_arena_printf(&b->arena, "0x%llx", (unsigned long long) begin);
	f->linkage = "";
	f->file = f->unit = CT_NONE;
	f->flags = CT_FUNCTION_NO_DEBUG;
	ct_span_add(b, ct_body_add(b, function, CT_NONE, begin), begin, end);
}

void ct_unwind_walk(struct ct_build *b)
{
	const Elf64_Phdr *header = ct_elf_segment(&b->elf, PT_GNU_EH_FRAME);
	CT_ARRAY(struct ct_span) found = {0};
	const uint8_t *table;
	size_t left;
	uint32_t count;

	table = header ? ct_elf_at(&b->elf, header->p_vaddr, &left) : NULL;
	if (!table || left < 12 || table[0] != 1 || table[3] != TABLE_ENCODING)
		return;
	count = (uint32_t) signed_at(table + 8);
	if (count > (left - 12) / sizeof(struct entry))
		return;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *entry = table + 12 + i * sizeof(struct entry);
		uint64_t begin = header->p_vaddr + (uint64_t) (int64_t) signed_at(entry);
		uint64_t record = header->p_vaddr + (uint64_t) (int64_t) signed_at(entry + 4);
		const struct ct_region *text = ct_elf_text_at(&b->elf, begin);
		uint32_t size = size_of(b, record, begin);

		if (text && size && strncmp(text->name, ".plt", 4) != 0 && !ct_span_at(b, begin))
			*ct_push(&found) =
				(struct ct_span){ begin, begin + size, CT_NONE };
	}
	for (uint32_t i = 0; i < found.count; i++)
		add_body(b, found.items[i].low, found.items[i].high);
	free(found.items);
}
