#include "cli/show_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"

#define ELLIPSIS "..."

unsigned ct_show_width(const char *text)
{
	unsigned width = 0;

	for (; *text; text++)
		width += ((unsigned char) *text & 0xc0) != 0x80;
	return width;
}

static void empty_bracket(char *name, size_t at)
{
	size_t end = ct_name_behind_bracket(name, at), n = sizeof ELLIPSIS - 1;

	if (end < at + n + 2)
		return;
	memcpy(name + at + 1, ELLIPSIS, n);
	memmove(name + at + 1 + n, name + end - 1, strlen(name + end - 1) + 1);
}

static void empty_templates(char *name)
{
	for (size_t at = 0; name[at];) {
		size_t skip = ct_name_operator(name, at);

		if (!skip && name[at] == '<')
			empty_bracket(name, at);
		at += skip ? skip : 1;
	}
}

/* All but the parameters. */
static void shorten(char *text, unsigned width)
{
	ct_name_simplify(text);
	if (ct_show_width(text) > width)
		ct_name_drop_return_type(text);
	if (ct_show_width(text) > width)
		empty_templates(text);
}

void ct_show_name(struct ct_text *out, const char *name, unsigned width)
{
	char *text;

	if (!strchr(name, '(')) {
		ct_text_add(out, name);
		ct_text_add(out, "()");
		return;
	}
	text = ct_strdup(name);
	if (width)
		shorten(text, width);
	if (width && ct_show_width(text) > width && text[ct_name_parameters(text)])
		empty_bracket(text, ct_name_parameters(text));
	ct_text_add(out, text);
	free(text);
}

void ct_show_bare_name(struct ct_text *out, const char *name, unsigned width)
{
	char *text;

	if (!strchr(name, '(')) {
		ct_text_add(out, name);
		return;
	}
	text = ct_strdup(name);
	text[ct_name_parameters(text)] = '\0';
	if (width)
		shorten(text, width);
	ct_text_add(out, text);
	free(text);
}
