#include "cli/show_name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ELLIPSIS "..."

unsigned ct_show_width(const char *text)
{
	unsigned width = 0;

	for (; *text; text++)
		width += ((unsigned char) *text & 0xc0) != 0x80;
	return width;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* What an operator's name takes behind "operator" at `at`: "<<", "()", " new"; 0: it is none. */
static size_t operator_at(const char *name, size_t at)
{
	static const char word[] = "operator";
	size_t n = sizeof word - 1;

	if (strncmp(name + at, word, n) != 0 || (at && is_word(name[at - 1])) || is_word(name[at + n]))
		return 0;
	if (strncmp(name + at + n, "()", 2) == 0 || strncmp(name + at + n, "[]", 2) == 0)
		return n + 2;
	while (name[at + n] && strchr("<>=!+-*/%&|^~,", name[at + n]))
		n++;
	return n;
}

/* Behind the bracket that closes the one at `at`; the end of the name if none does. */
static size_t behind_bracket(const char *name, size_t at)
{
	int depth = 0;

	for (; name[at]; at++) {
		size_t skip = operator_at(name, at);

		if (skip) {
			at += skip - 1;
			continue;
		}
		if (strchr("(<{[", name[at]))
			depth++;
		else if (strchr(")>}]", name[at]) && !(name[at] == '>' && at && name[at - 1] == '-')
		         && --depth == 0)
			return at + 1;
	}
	return at;
}

/* Replaces all of `from` by `to`, which is not longer. */
static void replace(char *text, const char *from, const char *to)
{
	size_t n = strlen(from), m = strlen(to);

	for (char *at = text; (at = strstr(at, from)); at += m) {
		memcpy(at, to, m);
		memmove(at + m, at + n, strlen(at + n) + 1);
	}
}

/* Where the parameters begin: the last "(" outside of brackets; the length if there is none. */
static size_t parameters_at(const char *name)
{
	size_t found = strlen(name);

	for (size_t at = 0; name[at];) {
		size_t skip = operator_at(name, at);

		if (skip) {
			at += skip;
		} else if (name[at] == '<' || name[at] == '{' || name[at] == '[') {
			at = behind_bracket(name, at);
		} else if (name[at] == '(') {
			if (strncmp(name + at, "(anonymous", 10) != 0)
				found = at;
			at = behind_bracket(name, at);
		} else {
			at++;
		}
	}
	return found;
}

/* Instances of templates are printed with their return type. */
static void drop_return_type(char *name)
{
	size_t parameters = parameters_at(name), begin = 0;

	for (size_t at = 0; at < parameters && name[at];) {
		if (operator_at(name, at))
			break; /* "operator new", "operator bool" */
		if (name[at] == '<' || name[at] == '{' || name[at] == '[' || name[at] == '(') {
			at = behind_bracket(name, at);
		} else if (name[at++] == ' ') {
			begin = at;
		}
	}
	memmove(name, name + begin, strlen(name + begin) + 1);
}

static void empty_bracket(char *name, size_t at)
{
	size_t end = behind_bracket(name, at), n = sizeof ELLIPSIS - 1;

	if (end < at + n + 2)
		return;
	memcpy(name + at + 1, ELLIPSIS, n);
	memmove(name + at + 1 + n, name + end - 1, strlen(name + end - 1) + 1);
}

static void empty_templates(char *name)
{
	for (size_t at = 0; name[at];) {
		size_t skip = operator_at(name, at);

		if (!skip && name[at] == '<')
			empty_bracket(name, at);
		at += skip ? skip : 1;
	}
}

/* All but the parameters. */
static void shorten(char *text, unsigned width)
{
	replace(text, "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
	        "std::string");
	replace(text, "std::__cxx11::", "std::");
	if (ct_show_width(text) > width)
		drop_return_type(text);
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
	if (width && ct_show_width(text) > width && text[parameters_at(text)])
		empty_bracket(text, parameters_at(text));
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
	text[parameters_at(text)] = '\0';
	if (width)
		shorten(text, width);
	ct_text_add(out, text);
	free(text);
}
