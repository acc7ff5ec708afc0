#include "format/choice.h"

#include <stdint.h>
#include <string.h>

/* fnmatch() may call malloc. */
static bool is_match(const char *pattern, size_t pattern_size, const char *text, size_t size)
{
	size_t p = 0, t = 0, star = SIZE_MAX, back = 0;

	while (t < size) {
		if (p < pattern_size && pattern[p] == '*') {
			star = p++;
			back = t;
		} else if (p < pattern_size && (pattern[p] == '?' || pattern[p] == text[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++back;
		} else {
			return false;
		}
	}
	while (p < pattern_size && pattern[p] == '*')
		p++;
	return p == pattern_size;
}

size_t ct_choice_bare(const char *name)
{
	size_t size = strlen(name), at = size;
	int depth = 0;

	while (at > 0 && name[at - 1] != ')')
		at--;
	while (at > 0) {
		at--;
		depth += name[at] == ')';
		depth -= name[at] == '(';
		if (depth == 0)
			return at;
	}
	return size;
}

static bool is_function(const char *pattern, size_t size, const char *function)
{
	return is_match(pattern, size, function, strlen(function))
	       || is_match(pattern, size, function, ct_choice_bare(function));
}

static bool is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\n';
}

const char *ct_choice_next(const char **list, size_t *size)
{
	const char *at = *list, *begin;
	int depth = 0;

	while (is_separator(*at))
		at++;
	begin = at;
	for (; *at && (depth > 0 || !is_separator(*at)); at++) {
		depth += *at == '(' || *at == '<';
		depth -= (*at == ')' || *at == '>') && depth > 0;
	}
	*size = (size_t)(at - begin);
	*list = at;
	return *size ? begin : NULL;
}

/* Where ":PARAMETER" begins; a colon of "::" is none. SIZE_MAX: there is no such thing. */
static size_t find_colon(const char *pattern, size_t size)
{
	for (size_t i = size; i-- > 0;) {
		if (pattern[i] == ')' || pattern[i] == '>')
			return SIZE_MAX;
		if (pattern[i] != ':')
			continue;
		return i == 0 || pattern[i - 1] != ':' ? i : SIZE_MAX;
	}
	return SIZE_MAX;
}

bool ct_choice_matches_function(const char *pattern, size_t size, const char *function)
{
	size_t colon = find_colon(pattern, size);

	return is_function(pattern, colon == SIZE_MAX ? size : colon, function);
}

bool ct_choice_matches_parameter(const char *pattern, size_t size, const char *parameter)
{
	size_t colon = find_colon(pattern, size);

	return colon == SIZE_MAX
	       || is_match(pattern + colon + 1, size - colon - 1, parameter, strlen(parameter));
}

static bool is_file(const char *pattern, size_t size, const char *file)
{
	if (!memchr(pattern, '/', size) && !memchr(pattern, '.', size))
		return false;
	if (is_match(pattern, size, file, strlen(file)))
		return true;
	while (*pattern != '/' && (file = strchr(file, '/'))) {
		file++;
		if (is_match(pattern, size, file, strlen(file)))
			return true;
	}
	return false;
}

bool ct_choice_selects_one(const char *pattern, size_t size, const char *function, const char *file)
{
	return is_function(pattern, size, function) || (file && is_file(pattern, size, file));
}

bool ct_choice_selects(const char *list, const char *function, const char *file)
{
	const char *pattern;
	size_t size;

	while ((pattern = ct_choice_next(&list, &size)))
		if (ct_choice_selects_one(pattern, size, function, file))
			return true;
	return false;
}
