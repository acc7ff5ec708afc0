/*
 * unmatched.c - patterns that chose nothing. A misspelled one of --redact has hidden nothing, and
 * a trace does not look like it: so it is said, even with --quiet.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/finish.h"
#include "format/choice.h"

void ct_unmatched_add(struct ct_unmatched *u, const struct ct_trace *trace)
{
	const struct ct_trace_meta *meta = ct_trace_meta(trace);

	for (size_t i = 0; i < meta->pattern_count; i++) {
		const struct ct_trace_pattern *p = &meta->patterns[i];
		struct ct_text key = {0};
		uint32_t at;
		bool added;

		ct_text_addf(&key, "%c%s", 'a' + p->list, p->text);
		at = ct_map_add(&u->map, key.data, key.length, u->count, &added);
		ct_text_deinit(&key);
		if (added) {
			u->items = ct_realloc(u->items, (u->count + 1) * sizeof *u->items);
			u->items[u->count++] = (struct ct_trace_pattern){ p->list, true, ct_strdup(p->text) };
		}
		u->items[at].unmatched &= p->unmatched;
	}
}

/* A trace may be somebody else's: nothing in it speaks to the terminal. */
static void say(const char *list, const char *pattern, const char *what)
{
	ct_auto_free char *plain = ct_strdup(pattern);

	for (char *at = plain; *at; at++)
		if ((unsigned char) *at < 0x20 || *at == 0x7f)
			*at = '?';
	ct_warn("%s '%s': no function or parameter of that name in what was traced: %s", list, plain, what);
}

void ct_unmatched_warn(const struct ct_unmatched *u)
{
	static const char *const lists[] = { "args-only", "args-except", "redact" };
	static const char *const what[] = { "nothing is captured by it", "nothing is left out by it",
		                            "NOTHING IS REDACTED by it" };

	for (unsigned list = 0; list < CT_CHOICE_LISTS; list++)
		for (uint32_t i = 0; i < u->count; i++)
			if (u->items[i].list == list && u->items[i].unmatched)
				say(lists[list], u->items[i].text, what[list]);
}

void ct_unmatched_deinit(struct ct_unmatched *u)
{
	for (uint32_t i = 0; i < u->count; i++)
		free((char *) u->items[i].text);
	free(u->items);
	ct_map_deinit(&u->map);
	*u = (struct ct_unmatched){0};
}
