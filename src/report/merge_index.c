/* merge_index.c - the static half of a merge: what the indexes say could be called. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "report/merge_private.h"

static void key_string(struct ct_text *key, const char *string)
{
	ct_text_add_n(key, string, strlen(string) + 1);
}

static void key_number(struct ct_text *key, uint64_t number)
{
	ct_text_add_n(key, (const char *) &number, sizeof number);
}

char *ct_merge_printable(struct ct_arena *arena, const char *name)
{
	return ct_arena_strdup(arena, ct_shown(name));
}

uint32_t ct_merge_file(struct ct_merge *merge, const char *name, uint32_t flags)
{
	struct ct_coverage *model = merge->coverage;
	const char *text = name ? name : "";
	bool added;
	uint32_t row = ct_map_add(&merge->file_map, text, strlen(text) + 1, model->file_count,
	                          &added);

	if (added) {
		model->files = ct_grow(model->files, model->file_count, sizeof *model->files);
		model->files[model->file_count++] = (struct ct_cover_file){
			.name = ct_merge_printable(&model->arena, text),
		};
	}
	model->files[row].flags |= flags;
	return row;
}

/* Learns from another view of the same function. */
static void update_function(struct ct_coverage *model, struct ct_cover_function *function,
                            const struct ct_function_key *key)
{
	function->flags |= key->flags;
	function->indexed |= key->indexed;
	if (!function->linkage[0] && key->linkage && key->linkage[0])
		function->linkage = ct_arena_strdup(&model->arena, key->linkage);
	if (function->module == CT_NONE)
		function->module = key->module;
}

uint32_t ct_merge_function(struct ct_merge *merge, const struct ct_function_key *key)
{
	struct ct_coverage *model = merge->coverage;
	bool added, sourced = key->file && key->file[0];
	uint32_t file = ct_merge_file(merge, sourced ? key->file : NULL, key->file_flags);
	uint32_t row;

	ct_text_clear(&merge->key);
	key_string(&merge->key, sourced ? key->file : "");
	key_string(&merge->key, key->name);
	key_number(&merge->key, sourced ? key->line : key->address);
	key_number(&merge->key, sourced ? CT_NONE : key->module);
	row = ct_map_add(&merge->function_map, merge->key.data, merge->key.length,
	                 model->function_count, &added);
	if (added) {
		model->functions =
			ct_grow(model->functions, model->function_count, sizeof *model->functions);
		model->functions[model->function_count++] = (struct ct_cover_function){
			.name = ct_merge_printable(&model->arena, key->name),
			.linkage = "",
			.file = file,
			.line = key->line,
			.module = key->module,
		};
	}
	update_function(model, &model->functions[row], key);
	return row;
}

uint32_t ct_merge_site(struct ct_merge *merge, const struct ct_site_key *key)
{
	struct ct_coverage *model = merge->coverage;
	struct ct_cover_site *site;
	/* Calls that the optimiser merged have no line of their own: they are in their caller's file. */
	bool sourced = key->file && key->file[0];
	uint32_t file = sourced ? ct_merge_file(merge, key->file, key->file_flags)
	                        : model->functions[key->caller].file;
	uint32_t row;
	bool added;

	ct_text_clear(&merge->key);
	key_string(&merge->key, sourced ? key->file : "");
	key_string(&merge->key, key->callee_name);
	key_number(&merge->key, key->caller);
	key_number(&merge->key, key->line);
	key_number(&merge->key, key->ordinal);
	row = ct_map_add(&merge->site_map, merge->key.data, merge->key.length,
	                 model->site_count, &added);
	if (added) {
		model->sites = ct_grow(model->sites, model->site_count, sizeof *model->sites);
		model->sites[model->site_count++] = (struct ct_cover_site){
			.caller = key->caller,
			.callee = CT_NONE,
			.callee_name = ct_arena_strdup(&model->arena, key->callee_name),
			.file = file,
			.line = key->line,
			.column = key->column,
			.ordinal = key->ordinal,
			.kind = key->kind,
		};
	}
	site = &model->sites[row];
	if (key->indexed && !site->indexed) {
		site->kind = key->kind;
		site->indexed = site->jump = true;
	}
	/* Another body of the caller, or another build, may have a call there. */
	if (key->indexed)
		site->jump &= key->jump;
	if (site->callee == CT_NONE)
		site->callee = key->callee;
	return row;
}

static void add_functions(struct ct_merge *merge, uint32_t module)
{
	const struct ct_index *index = &merge->coverage->indexes[module];
	uint32_t count = index->header->functions.count;
	uint32_t *rows = ct_alloc((count + 1ull) * sizeof *rows);

	for (uint32_t i = 0; i < count; i++) {
		const struct ct_index_function *f = &index->functions[i];
		const struct ct_index_file *file = f->file == CT_NONE ? NULL : &index->files[f->file];
		struct ct_function_key key = {
			.name = ct_index_string(index, f->name),
			.linkage = ct_index_string(index, f->linkage),
			.file = file ? ct_index_string(index, file->name) : NULL,
			.line = f->line,
			.flags = f->flags,
			.file_flags = file ? file->flags : 0,
			.module = module,
			.address = f->address,
			.indexed = true,
		};

		rows[i] = ct_merge_function(merge, &key);
	}
	merge->modules[module].functions = rows;
}

static void add_sites(struct ct_merge *merge, uint32_t module)
{
	struct ct_coverage *model = merge->coverage;
	const struct ct_index *index = &model->indexes[module];
	const uint32_t *functions = merge->modules[module].functions;
	uint32_t count = index->header->sites.count;
	uint32_t *rows = ct_alloc((count + 1ull) * sizeof *rows);

	for (uint32_t i = 0; i < count; i++) {
		const struct ct_index_site *s = &index->sites[i];
		const struct ct_index_file *file = s->file == CT_NONE ? NULL : &index->files[s->file];
		/* A piece that the compiler split off has no enter hook: nothing would ever say it ran. */
		uint32_t callee = s->callee == CT_NONE || s->flags & CT_SITE_PART ? CT_NONE
		                                                                  : functions[s->callee];
		struct ct_site_key key = {
			.callee_name = ct_index_string(index, s->callee_name),
			.file = file ? ct_index_string(index, file->name) : NULL,
			.caller = functions[s->caller],
			.callee = callee,
			.line = s->line,
			.file_flags = file ? file->flags : 0,
			.column = s->column,
			.ordinal = s->ordinal,
			.kind = s->kind,
			.indexed = true,
			.jump = s->flags & CT_SITE_TAIL,
		};

		if (!key.callee_name[0] && callee != CT_NONE)
			key.callee_name = model->functions[callee].linkage[0]
			                          ? model->functions[callee].linkage
			                          : model->functions[callee].name;
		rows[i] = ct_merge_site(merge, &key);
	}
	merge->modules[module].sites = rows;
}

static const char *open_index(struct ct_merge *merge, const char *path, const char *build_id,
                              struct ct_index *out)
{
	struct ct_error err;

	if (merge->source.open(path, build_id, out, &err))
		return NULL;
	memset(out, 0, sizeof *out);
	return ct_arena_strdup(&merge->coverage->arena, err.text);
}

uint32_t ct_merge_module(struct ct_merge *merge, const char *path, const char *build_id)
{
	struct ct_coverage *model = merge->coverage;
	struct ct_cover_module *module;
	uint32_t row;
	bool added;

	/* One build of a binary is one module, wherever it was copied to. */
	ct_text_clear(&merge->key);
	key_string(&merge->key, build_id && build_id[0] ? build_id : path);
	row = ct_map_add(&merge->module_map, merge->key.data, merge->key.length,
	                 model->module_count, &added);
	if (!added)
		return row;
	model->modules = ct_grow(model->modules, row, sizeof *model->modules);
	model->indexes = ct_grow(model->indexes, row, sizeof *model->indexes);
	merge->modules = ct_grow(merge->modules, row, sizeof *merge->modules);
	model->module_count++;
	merge->modules[row] = (struct ct_merge_module){0};
	module = &model->modules[row];
	*module = (struct ct_cover_module){
		.path = ct_arena_strdup(&model->arena, path),
		.build_id = ct_arena_strdup(&model->arena, build_id ? build_id : ""),
	};
	module->problem = open_index(merge, path, build_id, &model->indexes[row]);
	if (!module->problem) {
		module->index_flags = model->indexes[row].header->flags;
		add_functions(merge, row);
		add_sites(merge, row);
	}
	return row;
}

static void hex(char *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
	out[2 * size] = '\0';
}

bool ct_merge_binary(struct ct_merge *merge, const char *path, struct ct_error *err)
{
	struct ct_index index;
	char build_id[65];
	uint32_t row;

	/* Opened once for its identity, and again, cheaply, under it: traces may have it already. */
	if (!merge->source.open(path, NULL, &index, err))
		return false;
	hex(build_id, index.header->build_id,
	    index.header->build_id_size <= 32 ? index.header->build_id_size : 0);
	merge->source.close(&index);
	row = ct_merge_module(merge, path, build_id);
	if (merge->coverage->modules[row].problem)
		return ct_fail(err, CT_ENOINFO, "%s", merge->coverage->modules[row].problem);
	merge->modules[row].binary = true;
	return true;
}

void ct_merge_together(struct ct_merge *merge, const uint32_t *modules, size_t count)
{
	bool added;

	/* Most traces of a suite have the same modules: the whole row of them is a key, too. */
	if (count < 2)
		return;
	if (count > 2) {
		ct_map_add(&merge->together, modules, count * sizeof *modules, 0, &added);
		if (!added)
			return;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			uint32_t key[2] = { modules[i], modules[j] };

			if (i != j)
				ct_map_add(&merge->together, key, sizeof key, 0, NULL);
		}
}

/*
 * Which function a name means in a program is the dynamic linker's business; here,
 * the module's own first, then those of modules that were in one process with it.
 */
struct definition {
	uint32_t module, function, next;
};

struct definitions {
	struct definition *rows;
	uint32_t count;
	struct ct_map map; /* symbol -> first row */
};

static void collect(struct definitions *all, const struct ct_merge *merge)
{
	const struct ct_coverage *model = merge->coverage;

	for (uint32_t m = 0; m < model->module_count; m++) {
		const struct ct_index *index = &model->indexes[m];

		for (uint32_t i = 0; !model->modules[m].problem
		                     && i < index->header->functions.count; i++) {
			const struct ct_index_function *f = &index->functions[i];
			const char *name = ct_index_string(index, f->linkage);
			uint32_t head;

			if (!f->address || !name[0] || f->flags & CT_FUNCTION_STATIC)
				continue;
			all->rows = ct_grow(all->rows, all->count, sizeof *all->rows);
			all->rows[all->count] =
				(struct definition){ m, merge->modules[m].functions[i], CT_NONE };
			head = ct_map_add(&all->map, name, strlen(name), all->count, NULL);
			if (head != all->count) {
				all->rows[all->count].next = all->rows[head].next;
				all->rows[head].next = all->count;
			}
			all->count++;
		}
	}
}

static bool loaded_with(const struct ct_merge *merge, uint32_t module, uint32_t other)
{
	uint32_t key[2] = { module, other };

	return merge->modules[module].binary || merge->modules[other].binary
	       || ct_map_find(&merge->together, key, sizeof key, NULL);
}

static uint32_t define(const struct definitions *all, const struct ct_merge *merge,
                       uint32_t module, const char *name)
{
	const struct definition *found = NULL;
	uint32_t at;

	if (!ct_map_find(&all->map, name, strlen(name), &at))
		return CT_NONE;
	for (; at != CT_NONE; at = all->rows[at].next) {
		const struct definition *d = &all->rows[at];

		if (d->module == module)
			return d->function;
		if (loaded_with(merge, module, d->module) && (!found || d->module < found->module))
			found = d;
	}
	return found ? found->function : CT_NONE;
}

static void resolve_module(struct ct_merge *merge, uint32_t module,
                           const struct definitions *all)
{
	struct ct_coverage *model = merge->coverage;
	const struct ct_index *index = &model->indexes[module];

	for (uint32_t i = 0; i < index->header->sites.count; i++) {
		struct ct_cover_site *site = &model->sites[merge->modules[module].sites[i]];

		if (index->sites[i].kind == CT_SITE_EXTERNAL && site->callee == CT_NONE)
			site->callee = define(all, merge, module, site->callee_name);
	}
}

/* The calls that the code itself names are the pairs that could be covered. */
static void add_static_pairs(struct ct_merge *merge)
{
	struct ct_coverage *model = merge->coverage;

	for (uint32_t i = 0; i < model->site_count; i++) {
		const struct ct_cover_site *site = &model->sites[i];

		uint32_t pair;

		if (!site->indexed || site->callee == CT_NONE)
			continue;
		pair = ct_merge_pair(merge, site->caller, site->callee);
		if (site->jump)
			model->pairs[pair].jumps = true;
		else
			model->pairs[pair].is_static = true;
	}
}

void ct_merge_resolve(struct ct_merge *merge)
{
	struct definitions all = {0};

	collect(&all, merge);
	for (uint32_t m = 0; m < merge->coverage->module_count; m++)
		if (!merge->coverage->modules[m].problem)
			resolve_module(merge, m, &all);
	add_static_pairs(merge);
	free(all.rows);
	ct_map_deinit(&all.map);
}
