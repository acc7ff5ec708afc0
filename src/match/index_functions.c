#include "match/index_functions.h"

static const char *why_unseen(const struct ct_index *x, const struct ct_index_function *f)
{
	if (f->flags & CT_FUNCTION_INSTRUMENTED)
		return NULL;
	if (!(x->header->flags & CT_INDEX_INSTRUMENTED))
		return "nothing in its binary was compiled with -finstrument-functions";
	return "it was not compiled with -finstrument-functions, or is excluded by an attribute";
}

void ct_calls_add_index(struct ct_calls *calls, const struct ct_index *index, uint32_t module, uint64_t bias,
                        struct ct_map *known, uint32_t *rows)
{
	for (uint32_t i = 0; i < index->header->functions.count; i++) {
		const struct ct_index_function *f = &index->functions[i];
		const struct ct_index_file *file = f->file != CT_NONE ? &index->files[f->file] : NULL;
		struct ct_function_id id = { f->address, module, 0 };
		struct ct_calls_function function = {
			.name = ct_index_string(index, f->name),
			.file = file ? ct_index_string(index, file->name) : NULL,
			.line = f->line,
			.module = module,
			.address = f->address ? f->address + bias : 0,
			.unseen = why_unseen(index, f),
			.is_static = f->flags & CT_FUNCTION_STATIC,
			.is_test = f->flags & CT_FUNCTION_TEST,
			/* What the system's headers have inline is nobody's test subject. */
			.plumbing = f->flags & (CT_FUNCTION_PLUMBING | CT_FUNCTION_ARTIFICIAL)
			            || (file && file->flags & CT_FILE_SYSTEM),
		};
		uint32_t row = calls->function_count;
		bool added = true;

		if (f->address)
			row = ct_map_add(known, &id, sizeof id, row, &added);
		if (added)
			ct_calls_add_function(calls, &function);
		else
			calls->functions[row].plumbing |= function.plumbing; /* a saved trace knows no system's headers */
		if (rows)
			rows[i] = row;
	}
}

uint32_t ct_index_plan_of(const struct ct_index *index, uint64_t address)
{
	for (uint32_t i = 0; i < index->header->hooks.count; i++) {
		const struct ct_index_hook *h = &index->hooks[i];

		if (!h->exit && h->plan != CT_NONE && index->functions[h->function].address == address)
			return h->plan;
	}
	return CT_NONE;
}
