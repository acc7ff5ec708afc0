/* index_image.h - an index made by hand, and a reader that follows everything in one. */
#ifndef INDEX_IMAGE_H
#define INDEX_IMAGE_H

#include <stddef.h>
#include <string.h>

#include "format/index.h"

static const char image_strings[] = "\0main\0helper\0puts\0/src/main.c\0gcc";
enum { S_MAIN = 1, S_HELPER = 6, S_PUTS = 13, S_FILE = 18, S_GCC = 30 };

struct image {
	struct ct_index_header header;
	struct ct_index_file files[1];
	struct ct_index_unit units[1];
	struct ct_index_function functions[2];
	struct ct_index_range ranges[3];
	struct ct_index_hook hooks[4];
	struct ct_index_site sites[3];
	char strings[sizeof image_strings];
};

#define TABLE(member) { offsetof(struct image, member), \
                        sizeof(((struct image *) 0)->member) / sizeof(((struct image *) 0)->member[0]), \
                        sizeof(((struct image *) 0)->member[0]) }

static inline struct image index_image(void)
{
	struct image i = {
		.header = {
			.magic = CT_INDEX_MAGIC, .version = CT_INDEX_VERSION,
			.size = sizeof i.header, .file_size = sizeof i,
			.build_id_size = 4, .build_id = { 1, 2, 3, 4 },
			.flags = CT_INDEX_HAS_DWARF | CT_INDEX_INSTRUMENTED,
			.text_low = 0x1000, .text_high = 0x2000,
			.binary = S_FILE, .tool = S_GCC,
			.strings = TABLE(strings), .files = TABLE(files), .units = TABLE(units),
			.functions = TABLE(functions), .ranges = TABLE(ranges),
			.hooks = TABLE(hooks), .sites = TABLE(sites),
		},
		.files = { { .name = S_FILE } },
		.units = { { .file = 0, .producer = S_GCC, .functions = 2, .instrumented = 2 } },
		.functions = {
			{ .address = 0x1000, .size = 0x40, .name = S_MAIN, .linkage = S_MAIN, .line = 3,
			  .flags = CT_FUNCTION_INSTRUMENTED, .sites = 2 },
			{ .address = 0x1100, .size = 0x20, .name = S_HELPER, .linkage = S_HELPER,
			  .line = 1, .flags = CT_FUNCTION_INSTRUMENTED, .sites = 1 },
		},
		.ranges = { { .low = 0x1000, .high = 0x1040, .function = 0 },
		            { .low = 0x1080, .high = 0x1090, .function = 1 },
		            { .low = 0x1100, .high = 0x1120, .function = 1 } },
		.hooks = { { .address = 0x1008, .function = 0, .outer = 0, .site = CT_NONE, .plan = CT_NONE },
		           { .address = 0x1030, .function = 0, .outer = 0, .site = CT_NONE, .plan = CT_NONE, .exit = 1 },
		           { .address = 0x1108, .function = 1, .outer = 1, .site = CT_NONE, .plan = CT_NONE },
		           { .address = 0x1118, .function = 1, .outer = 1, .site = CT_NONE, .plan = CT_NONE, .exit = 1,
		             .tail = 1 } },
		.sites = { { .address = 0x1010, .caller = 0, .outer = 0, .callee = 1, .file = 0, .line = 4 },
		           { .address = 0x1020, .caller = 0, .outer = 0, .callee = CT_NONE,
		             .file = 0, .line = 5, .kind = CT_SITE_INDIRECT },
		           { .address = 0x1110, .caller = 1, .outer = 1, .callee = CT_NONE,
		             .callee_name = S_PUTS, .file = CT_NONE, .kind = CT_SITE_EXTERNAL } },
	};

	memcpy(i.strings, image_strings, sizeof image_strings);
	return i;
}

/* Follows everything that ct_index_open() vouches for. */
static inline uint64_t follow_index(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;
	uint64_t sum = strlen(ct_index_string(x, h->binary)) + strlen(ct_index_string(x, h->tool))
	               + strlen(ct_index_string(x, h->debug_file));

	for (uint32_t i = 0; i < h->files.count; i++)
		sum += strlen(ct_index_string(x, x->files[i].name));
	for (uint32_t i = 0; i < h->units.count; i++)
		sum += strlen(ct_index_string(x, x->units[i].producer));
	for (uint32_t i = 0; i < h->functions.count; i++) {
		sum += strlen(ct_index_string(x, x->functions[i].name));
		sum += strlen(ct_index_string(x, x->functions[i].linkage));
		if (x->functions[i].file != CT_NONE)
			sum += x->files[x->functions[i].file].flags;
		if (x->functions[i].unit != CT_NONE)
			sum += x->units[x->functions[i].unit].flags;
	}
	for (uint32_t i = 0; i < h->ranges.count; i++)
		sum += x->functions[x->ranges[i].function].line;
	for (uint32_t i = 0; i < h->hooks.count; i++) {
		sum += x->functions[x->hooks[i].function].line + x->functions[x->hooks[i].outer].line;
		if (x->hooks[i].site != CT_NONE)
			sum += x->sites[x->hooks[i].site].line;
		sum += ct_index_hook_at(x, x->hooks[i].address)->exit;
	}
	for (uint32_t i = 0; i < h->sites.count; i++) {
		sum += x->functions[x->sites[i].caller].line + x->functions[x->sites[i].outer].line;
		sum += strlen(ct_index_string(x, x->sites[i].callee_name));
		if (x->sites[i].callee != CT_NONE)
			sum += x->functions[x->sites[i].callee].line;
		if (x->sites[i].file != CT_NONE)
			sum += x->files[x->sites[i].file].flags;
		sum += ct_index_site_at(x, x->sites[i].address)->line;
	}
	for (uint32_t i = 0; i < h->site_values.count; i++) {
		const struct ct_index_site_value *v = &x->site_values[i];

		sum += x->plan_args[x->plans[v->plan].args + v->argument].at;
		if (v->kind == CT_SITE_VALUE_REGISTER)
			sum += x->plans[v->plan].kept[v->reg] % 2u;
		sum += ct_index_site_value_at(x, v->site, v->plan)->argument;
	}
	return sum;
}

#endif
