#include "runtime/choice.h"

#include <stddef.h>
#include <string.h>

#include "runtime/kernel.h"
#include "runtime/settings.h"
#include "runtime/thread.h"

static bool is_listed(const char *list, const char *function, const char *parameter)
{
	const char *pattern;
	size_t size;

	while ((pattern = ct_choice_next(&list, &size)))
		if (ct_choice_matches_function(pattern, size, function)
		    && ct_choice_matches_parameter(pattern, size, parameter))
			return true;
	return false;
}

enum ct_mark ct_choose(const char *function, const char *parameter)
{
	const struct ct_settings *s = &ct_settings;
	const char *name = parameter ? parameter : CT_CHOICE_RETURN;

	if (s->redact && is_listed(s->redact, function, name))
		return CT_REDACTED;
	if (s->args_only && !is_listed(s->args_only, function, name))
		return CT_EXCLUDED;
	return s->args_except && is_listed(s->args_except, function, name) ? CT_EXCLUDED : CT_KEPT;
}

bool ct_choice_excludes(const char *function, const char *file)
{
	const struct ct_settings *s = &ct_settings;

	return (s->only && !ct_choice_selects(s->only, function, file))
	       || (s->exclude && ct_choice_selects(s->exclude, function, file));
}

static const char **list_of(unsigned list)
{
	return list == CT_CHOICE_ONLY ? &ct_settings.args_only
	       : list == CT_CHOICE_EXCEPT ? &ct_settings.args_except : &ct_settings.redact;
}

void ct_choice_set(enum ct_choice_list list, const char *patterns)
{
	__atomic_store_n(list_of(list), patterns, __ATOMIC_RELEASE);
}

void ct_choice_note(void)
{
	struct ct_choice_head head = { ct_settings.string_length, ct_settings.value_depth,
		                       ct_settings.call_bytes, {0} };
	size_t size = sizeof(struct ct_extent) + sizeof head;
	struct ct_extent *extent;
	char *at;
	int error;

	if (!ct_recorder || !ct_recorder->session)
		return;
	for (unsigned i = 0; i < CT_CHOICE_LISTS; i++) {
		const char *list = *list_of(i);

		head.list_sizes[i] = list ? (uint32_t) strlen(list) + 1 : 0;
		size += head.list_sizes[i];
	}
	size = (size + CT_PAGE - 1) & ~(size_t)(CT_PAGE - 1);
	extent = ct_pages(size);
	if (!extent)
		return;
	*extent = (struct ct_extent){ .magic = CT_EXTENT_MAGIC, .kind = CT_EXTENT_CHOICE, .size = size };
	at = memcpy(extent + 1, &head, sizeof head);
	at += sizeof head;
	for (unsigned i = 0; i < CT_CHOICE_LISTS; at += head.list_sizes[i++])
		if (head.list_sizes[i])
			memcpy(at, *list_of(i), head.list_sizes[i]);
	ct_file_write(ct_file_reserve(size), extent, size, NULL, 0, &error);
	ct_munmap(extent, size);
}
