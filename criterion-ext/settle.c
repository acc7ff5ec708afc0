#include "settle.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <unistd.h>

#include "base/file.h"
#include "base/name.h"
#include "base/text.h"
#include "words.h"

static const struct ct_calls_function *by_address(const struct ct_calls *calls, uint64_t address)
{
	for (uint32_t i = 0; i < calls->function_count; i++)
		if (calls->functions[i].address == address)
			return &calls->functions[i];
	return NULL;
}

static const struct ct_calls_function *by_name(const struct ct_calls *calls, const char *name)
{
	for (uint32_t i = 0; i < calls->function_count; i++)
		if (strcmp(calls->functions[i].name, name) == 0)
			return &calls->functions[i];
	return NULL;
}

static void make_known(struct ct_calls *calls, const char *name, uint64_t address)
{
	char program[PATH_MAX] = "";
	struct link_map *map = NULL;
	Dl_info info = {0};
	const char *file = dladdr1((void *) (uintptr_t) address, &info, (void **) &map, RTLD_DL_LINKMAP)
	                           ? info.dli_fname : "?";

	/* Of the program itself that is argv[0], which Criterion's runner gives its workers a word for. */
	if (map && !*map->l_name && readlink("/proc/self/exe", program, sizeof program - 1) > 0)
		file = program;
	ct_calls_add_function(calls, &(struct ct_calls_function){
		.name = ct_arena_strdup(&calls->arena, name), .module = UINT32_MAX, .address = address,
		.plumbing = true,
		.unseen = ct_arena_printf(&calls->arena, "%s, which it is in, was not compiled with "
		                          "-finstrument-functions", ct_basename(file)) });
}

static void settle_address(struct ct_calls *calls, struct ct_pattern *p)
{
	const struct ct_calls_function *f = by_address(calls, p->address);
	Dl_info info;

	if (!f && dladdr((void *) (uintptr_t) p->address, &info)) {
		/* dladdr() names a stub by what it leads to; and a function that is chosen at load time not at all. */
		f = info.dli_sname && (uint64_t) (uintptr_t) info.dli_saddr == p->address
		            ? by_name(calls, info.dli_sname) : NULL;
		if (f && f->address)
			p->address = f->address;
		else
			make_known(calls, info.dli_sname ? info.dli_sname : "this function", p->address);
		f = by_address(calls, p->address);
	}
	if (f && !p->source) {
		char *name = word_text(f->name, strlen(f->name));

		ct_name_drop_return_type(name);
		name[ct_name_parameters(name)] = '\0';
		p->source = name;
	}
}

static void settle_name(struct ct_calls *calls, const char *name)
{
	void *found;
	Dl_info info;

	if (strpbrk(name, "*?:(<") || by_name(calls, name))
		return;
	found = dlsym(RTLD_DEFAULT, name);
	if (found && dladdr(found, &info))
		make_known(calls, name, (uint64_t) (uintptr_t) found);
}

/* Patterns are ours: words.h. */
void settle_pattern(struct ct_calls *calls, const struct ct_pattern *pattern)
{
	if (!pattern)
		return;
	if (pattern->name)
		settle_name(calls, pattern->name);
	else
		settle_address(calls, (struct ct_pattern *) pattern);
	settle_pattern(calls, pattern->from);
	settle_pattern(calls, pattern->within);
}

void settle_elements(struct ct_calls *calls, const struct ct_element *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].kind == CT_ELEMENT_UNORDERED)
			settle_elements(calls, list[i].items, list[i].count);
		else if (list[i].kind != CT_ELEMENT_GAP)
			settle_pattern(calls, list[i].pattern);
	}
}
