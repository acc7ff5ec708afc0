#include "runtime/choice.h"

#include <stddef.h>
#include <string.h>

#include "runtime/settings.h"

#define RETURN "return"

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

/* The length of a C++ name up to its parameters: the last group in parentheses. */
static size_t bare_length(const char *name)
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
	       || is_match(pattern, size, function, bare_length(function));
}

static bool is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\n';
}

/* The next pattern; its length in `size`. NULL: that was all. */
static const char *next_pattern(const char **list, size_t *size)
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

static bool is_listed(const char *list, const char *function, const char *parameter)
{
	const char *pattern;
	size_t size;

	while ((pattern = next_pattern(&list, &size))) {
		size_t colon = find_colon(pattern, size);
		size_t names = colon == SIZE_MAX ? size : colon;

		if (is_function(pattern, names, function)
		    && (colon == SIZE_MAX
		        || is_match(pattern + colon + 1, size - colon - 1, parameter, strlen(parameter))))
			return true;
	}
	return false;
}

enum ct_mark ct_choose(const char *function, const char *parameter)
{
	const struct ct_settings *s = &ct_settings;
	const char *name = parameter ? parameter : RETURN;

	if (s->redact && is_listed(s->redact, function, name))
		return CT_REDACTED;
	if (s->args_only && !is_listed(s->args_only, function, name))
		return CT_EXCLUDED;
	return s->args_except && is_listed(s->args_except, function, name) ? CT_EXCLUDED : CT_KEPT;
}

void ct_choice_set(char list, const char *patterns)
{
	const char **which = list == 'o' ? &ct_settings.args_only
	                     : list == 'e' ? &ct_settings.args_except : &ct_settings.redact;

	__atomic_store_n(which, patterns, __ATOMIC_RELEASE);
}
