/* merge_private.h - what merge.c, merge_index.c and finish.c share. Nobody else includes it. */
#ifndef CT_REPORT_MERGE_PRIVATE_H
#define CT_REPORT_MERGE_PRIVATE_H

#include "base/map.h"
#include "report/grow.h"
#include "report/merge.h"

struct ct_merge_module {
	uint32_t *functions; /* rows of the model, by row of the index */
	uint32_t *sites;
	bool binary; /* named by the user: taken as loaded by every program */
};

struct ct_merge {
	struct ct_coverage *coverage;
	struct ct_index_source source;
	struct ct_merge_module *modules; /* beside coverage->modules */
	struct ct_map file_map, function_map, pair_map, site_map, target_map, test_map, module_map,
		trace_map;
	struct ct_map together; /* (module, module): seen in one process */
	struct ct_text key;
};

/* A function as an index or a trace has it. */
struct ct_function_key {
	const char *name, *linkage, *file; /* linkage, file: or NULL */
	uint32_t line, flags, file_flags, module;
	uint64_t address;
	bool indexed;
};
uint32_t ct_merge_function(struct ct_merge *merge, const struct ct_function_key *key);

struct ct_site_key {
	const char *callee_name, *file;
	uint32_t caller, callee, line, file_flags;
	uint16_t column, ordinal;
	uint8_t kind;
	bool indexed, jump;
};
uint32_t ct_merge_site(struct ct_merge *merge, const struct ct_site_key *key);

/* A name as it may be printed: a control character in one is somebody's mischief. */
char *ct_merge_printable(struct ct_arena *arena, const char *name);
/* `name` may be NULL: things without a source line share one row. */
uint32_t ct_merge_file(struct ct_merge *merge, const char *name, uint32_t flags);
uint32_t ct_merge_pair(struct ct_merge *merge, uint32_t caller, uint32_t callee);
uint32_t ct_merge_module(struct ct_merge *merge, const char *path, const char *build_id);
void ct_merge_together(struct ct_merge *merge, const uint32_t *modules, size_t count);

/* Finishing, in this order. */
void ct_merge_resolve(struct ct_merge *merge);
void ct_coverage_classify(struct ct_coverage *coverage, const struct ct_merge_options *options);
void ct_coverage_sort(struct ct_coverage *coverage);
void ct_coverage_sum(struct ct_coverage *coverage);

/* Fills in file->shown; `root` NULL: the working directory if code is below it, else what is common. */
void ct_coverage_shorten(struct ct_coverage *coverage, const char *root);

#endif
