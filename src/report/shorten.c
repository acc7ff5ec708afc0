/* shorten.c - paths as people want to read them: from the root of their sources. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/merge_private.h"

static bool below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 && path[n] == '/' && path[n + 1];
}

/* How long the directory is that both have in common, without its slash. */
static size_t common(const char *path, const char *directory, size_t n)
{
	size_t i = 0, slash = 0;

	for (; i < n && path[i] == directory[i]; i++)
		if (path[i] == '/')
			slash = i;
	return i == n && path[i] == '/' ? n : slash;
}

static bool is_counted(const struct ct_coverage *model, const bool *counted, uint32_t file)
{
	return counted[file] && model->files[file].name[0] == '/';
}

static char *common_directory(const struct ct_coverage *model, const bool *counted)
{
	char *directory = NULL;
	size_t n = 0;

	for (uint32_t i = 0; i < model->file_count; i++) {
		const char *path = model->files[i].name;

		if (!is_counted(model, counted, i))
			continue;
		if (!directory) {
			directory = ct_strdup(path);
			n = (size_t) (ct_basename(path) - path) - 1;
		}
		n = common(path, directory, n);
		directory[n] = '\0';
	}
	return directory ? directory : ct_strdup("");
}

static char *find_root(const struct ct_coverage *model, const bool *counted)
{
	char *here = getcwd(NULL, 0);

	for (uint32_t i = 0; here && i < model->file_count; i++)
		if (is_counted(model, counted, i) && below(model->files[i].name, here))
			return here;
	free(here);
	return common_directory(model, counted);
}

void ct_coverage_shorten(struct ct_coverage *model, const char *given)
{
	ct_auto_free bool *counted = ct_calloc(model->file_count + 1ull, sizeof *counted);
	ct_auto_free char *real = given ? realpath(given, NULL) : NULL;
	ct_auto_free char *root = NULL;

	for (uint32_t i = 0; i < model->function_count; i++)
		if (model->functions[i].left_out == CT_COUNTED
		    || model->functions[i].left_out == CT_OUT_UNKNOWN)
			counted[model->functions[i].file] = true;
	if (given)
		root = real ? ct_strdup(real) : ct_path_clean(given);
	else
		root = find_root(model, counted);
	for (uint32_t i = 0; i < model->file_count; i++) {
		struct ct_cover_file *file = &model->files[i];

		file->shown = file->name;
		if (!file->name[0])
			file->shown = "(no source line)";
		else if (root[0] && below(file->name, root))
			file->shown += strlen(root) + 1;
	}
}
