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

/* --- one of several spellings --- */

/* Without the argument `, std::allocator<...>` and the like, of whatever type. */
static void drop_default(char *name, const char *argument)
{
	for (char *at = name; (at = strstr(at, argument));) {
		size_t bracket = (size_t) (at - name) + strlen(argument) - 1;

		memmove(at, name + ct_name_behind_bracket(name, bracket), strlen(name + ct_name_behind_bracket(name, bracket)) + 1);
	}
}

static bool begins_const(const char *name, size_t at)
{
	return strncmp(name + at, "const ", 6) == 0 && (at == 0 || strchr("(<, ", name[at - 1]));
}

/* Behind the type that begins at `at`: before what makes it a pointer or a reference, and blanks before that. */
static size_t behind_type(const char *name, size_t at)
{
	size_t begin = at;

	while (name[at] && !strchr("*&,)>(", name[at]))
		at = name[at] == '<' || name[at] == '{' ? ct_name_behind_bracket(name, at) : at + 1;
	while (at > begin && name[at - 1] == ' ')
		at--;
	return at;
}

static void move_const(char *name)
{
	for (size_t at = 0; name[at]; at++) {
		size_t end;

		if (!begins_const(name, at) || (end = behind_type(name, at + 6)) == at + 6)
			continue;
		memmove(name + at, name + at + 6, end - at - 6);
		memcpy(name + end - 6, " const", 6);
	}
}

void ct_name_canonical(char *name)
{
	ct_name_simplify(name);
	drop_default(name, ", std::allocator<");
	drop_default(name, ", std::char_traits<");
	drop_default(name, ", std::default_delete<");
	drop_default(name, ", std::less<");
	drop_default(name, ", std::hash<");
	drop_default(name, ", std::equal_to<");
	replace(name, "std::basic_string_view<char >", "std::string_view");
	replace(name, "std::basic_string_view<char>", "std::string_view");
	move_const(name);
}
