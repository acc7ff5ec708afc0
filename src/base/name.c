#include "base/name.h"

#include <stdbool.h>
#include <string.h>

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

size_t ct_name_operator(const char *name, size_t at)
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

size_t ct_name_behind_bracket(const char *name, size_t at)
{
	int depth = 0;

	for (; name[at]; at++) {
		size_t skip = ct_name_operator(name, at);

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

size_t ct_name_parameters(const char *name)
{
	size_t found = strlen(name);

	for (size_t at = 0; name[at];) {
		size_t skip = ct_name_operator(name, at);

		if (skip) {
			at += skip;
		} else if (name[at] == '<' || name[at] == '{' || name[at] == '[') {
			at = ct_name_behind_bracket(name, at);
		} else if (name[at] == '(') {
			if (strncmp(name + at, "(anonymous", 10) != 0)
				found = at;
			at = ct_name_behind_bracket(name, at);
		} else {
			at++;
		}
	}
	return found;
}

void ct_name_drop_return_type(char *name)
{
	size_t parameters = ct_name_parameters(name), begin = 0;

	for (size_t at = 0; at < parameters && name[at];) {
		if (ct_name_operator(name, at))
			break; /* "operator new", "operator bool" */
		if (name[at] == '<' || name[at] == '{' || name[at] == '[' || name[at] == '(') {
			at = ct_name_behind_bracket(name, at);
		} else if (name[at++] == ' ') {
			begin = at;
		}
	}
	memmove(name, name + begin, strlen(name + begin) + 1);
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

void ct_name_simplify(char *name)
{
	replace(name, "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
	        "std::string");
	replace(name, "std::__cxx11::", "std::");
}
