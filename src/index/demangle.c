#include "index/build.h"

#include <stdlib.h>
#include <string.h>

/* Of the C++ runtime; <cxxabi.h> is for C++ only. */
char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status);

/* Longer names are kept as they are: demangling may take a multiple of their length. */
#define LONGEST 8192

/* What gcc and clang append to the names of clones, and of pieces split off. */
static const struct {
	const char *suffix;
	bool part;
} suffixes[] = {
	{ "constprop", false }, { "isra", false }, { "lto_priv", false }, { "llvm", false },
	{ "localalias", false }, { "clone", false },
	{ "part", true }, { "cold", true }, { "__part", true },
};

static size_t suffix_length(const char *at, bool *part)
{
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		size_t n = strlen(suffixes[i].suffix);

		if (strncmp(at + 1, suffixes[i].suffix, n) == 0
		    && (at[1 + n] == '.' || at[1 + n] == '\0')) {
			*part |= suffixes[i].part;
			n++;
			while (at[n] == '.' && at[n + 1] >= '0' && at[n + 1] <= '9')
				n += 1 + strspn(at + n + 1, "0123456789");
			return n;
		}
	}
	return 0;
}

/* Whether everything from `at` (a dot) on is such suffixes. */
static bool all_suffixes(const char *at, bool *part)
{
	while (*at == '.') {
		size_t n = suffix_length(at, part);

		if (n == 0)
			return false;
		at += n;
	}
	return *at == '\0' || *at == '@';
}

size_t ct_symbol_stem(const char *symbol, bool *part)
{
	size_t length = strcspn(symbol, "@");

	*part = false;
	for (size_t at = 1; at < length; at++) {
		bool is_part = false;

		if (symbol[at] == '.' && all_suffixes(symbol + at, &is_part)) {
			*part = is_part;
			return at;
		}
	}
	return length;
}

const char *ct_demangle(struct ct_build *b, const char *symbol)
{
	char *plain, *name;
	bool part;
	size_t stem;

	if (symbol[0] != '_' || symbol[1] != 'Z' || strlen(symbol) > LONGEST)
		return symbol;
	stem = ct_symbol_stem(symbol, &part);
	symbol = ct_arena_strndup(&b->arena, symbol, stem);
	plain = __cxa_demangle(symbol, NULL, NULL, NULL);
	if (!plain)
		return symbol;
	name = ct_arena_strdup(&b->arena, plain);
	free(plain);
	return name;
}
