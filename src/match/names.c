#include "match/names.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"

enum { CANDIDATES = 4 };

/* --- what a name says --- */

/* A name, taken apart: "parser.c:helper" has a file. */
struct wanted {
	const char *file; /* NULL: any */
	size_t file_length;
	const char *name;
	bool glob, parameters;
};

static const char *single_colon(const char *name)
{
	for (const char *c = name; *c && *c != '(' && *c != '<'; c++) {
		if (c[0] == ':' && c[1] == ':')
			c++;
		else if (c[0] == ':')
			return c;
	}
	return NULL;
}

static struct wanted take_apart(const char *name)
{
	const char *colon = single_colon(name);
	struct wanted w = { .name = name };

	if (colon) {
		w.file = name;
		w.file_length = (size_t) (colon - name);
		w.name = colon + 1;
	}
	w.parameters = w.name[ct_name_parameters(w.name)] != '\0';
	w.glob = strpbrk(w.name, "*?") != NULL && !w.parameters && !strstr(w.name, "operator");
	return w;
}

/* The end of a path: "parser.c" is src/parser.c, and not my_parser.c. */
static bool file_matches(const struct wanted *w, const char *file)
{
	size_t length = file ? strlen(file) : 0;

	if (!w->file)
		return true;
	if (length < w->file_length || memcmp(file + length - w->file_length, w->file, w->file_length) != 0)
		return false;
	return length == w->file_length || file[length - w->file_length - 1] == '/';
}

/* Equal, but for spaces: nobody knows where the demangler has them. */
static bool same_spelling(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a == ' ')
			a++;
		while (*b == ' ')
			b++;
		if (*a != *b || !*a)
			return *a == *b;
	}
}

/* As people write it: no return type, no ABI tags, std::string called that. To be freed. */
static char *plain_name(const char *full)
{
	char *name = ct_strdup(full), *tag, *end;

	ct_name_simplify(name);
	ct_name_drop_return_type(name);
	while ((tag = strstr(name, "[abi:")) && (end = strchr(tag, ']')))
		memmove(tag, end + 1, strlen(end + 1) + 1);
	return name;
}

/* "f() const" is f(), unless both are asked for apart. */
static bool same_but_qualifiers(const char *wanted, char *name)
{
	size_t parameters = ct_name_parameters(name), end;

	if (!name[parameters])
		return false;
	end = ct_name_behind_bracket(name, parameters);
	if (!name[end])
		return false;
	name[end] = '\0';
	return same_spelling(wanted, name);
}

/* Names of templates, with and without what is between their last angle brackets. */
static bool bare_matches(const struct wanted *w, char *bare)
{
	size_t length = strlen(bare);

	if (w->glob ? fnmatch(w->name, bare, 0) == 0 : same_spelling(w->name, bare))
		return true;
	if (!length || bare[length - 1] != '>' || strstr(bare, "operator"))
		return false;
	for (size_t at = 0; bare[at]; at++)
		if (bare[at] == '<' && ct_name_behind_bracket(bare, at) == length) {
			bare[at] = '\0';
			return w->glob ? fnmatch(w->name, bare, 0) == 0 : same_spelling(w->name, bare);
		} else if (bare[at] == '<') {
			at = ct_name_behind_bracket(bare, at) - 1;
		}
	return false;
}

/* Whether the first word of the name is in there at all: most functions are done with by that. */
static bool has_first_word(const struct wanted *w, const char *full)
{
	return w->glob || strstr(w->name, "__cxx11") || memmem(full, strlen(full), w->name, strcspn(w->name, " <("));
}

/* A pattern is held against what the demangler writes; a name against however else it may be written. */
static bool cxx_matches(const struct wanted *w, const char *full)
{
	struct wanted canonical = *w;
	char *name, *wanted;
	bool matches;

	if (!has_first_word(w, full))
		return false;
	name = plain_name(full);
	canonical.name = wanted = ct_strdup(w->name);
	if (!w->glob) {
		ct_name_canonical(name);
		ct_name_canonical(wanted);
	}
	matches = same_spelling(wanted, name) || (w->parameters && same_but_qualifiers(wanted, name));
	if (!matches && !w->parameters) {
		name[ct_name_parameters(name)] = '\0';
		matches = bare_matches(&canonical, name);
	}
	free(name);
	free(wanted);
	return matches;
}

/* ns::f is what everybody calls ns::(anonymous namespace)::f. */
static bool anonymous_matches(const struct wanted *w, const char *full)
{
	static const char words[] = "(anonymous namespace)::";
	char *name, *at;
	bool matches;

	if (!strstr(full, words) || strstr(w->name, words))
		return false;
	name = ct_strdup(full);
	while ((at = strstr(name, words)))
		memmove(at, at + sizeof words - 1, strlen(at + sizeof words - 1) + 1);
	matches = cxx_matches(w, name);
	free(name);
	return matches;
}

static bool matches(const struct wanted *w, const struct ct_calls_function *function)
{
	const char *name = function->name;

	if (!file_matches(w, function->file))
		return false;
	if (strcmp(w->name, name) == 0)
		return true;
	if (strchr(name, '('))
		return cxx_matches(w, name) || anonymous_matches(w, name);
	return w->glob && fnmatch(w->name, name, 0) == 0;
}

bool ct_name_matches(const char *name, const struct ct_calls_function *function)
{
	struct wanted w = take_apart(name);

	return matches(&w, function);
}

enum ct_answer ct_name_means(const struct ct_calls *calls, const char *name, const char *value, uint64_t address)
{
	struct wanted w = take_apart(name), bare = w;
	uint32_t yes = 0, no = 0;

	bare.file = NULL;
	if (!matches(&bare, &(struct ct_calls_function){ .name = value }))
		return CT_ANSWER_NO;
	for (uint32_t i = 0; w.file && calls && i < calls->function_count; i++) {
		const struct ct_calls_function *f = &calls->functions[i];

		if (strcmp(f->name, value) != 0)
			continue;
		if (address && f->address == address)
			return file_matches(&w, f->file) ? CT_ANSWER_YES : CT_ANSWER_NO;
		if (file_matches(&w, f->file))
			yes++;
		else
			no++;
	}
	return !w.file || (yes && !no) ? CT_ANSWER_YES : yes ? CT_ANSWER_INCONCLUSIVE : CT_ANSWER_NO;
}

/* --- close spellings --- */

/* Edits from one to the other, up to a limit. */
static unsigned distance(const char *a, const char *b, unsigned limit)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned row[96];

	if (n >= sizeof row / sizeof *row - 1 || m >= sizeof row / sizeof *row - 1
	    || (n > m ? n - m : m - n) > limit)
		return limit + 1;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned) j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0], best = row[0] = (unsigned) i;

		for (size_t j = 1; j <= m; j++) {
			unsigned cost = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
			best = cost < best ? cost : best;
		}
		if (best > limit)
			return limit + 1;
	}
	return row[m];
}

/* How far a function's name is from what was asked for; UINT32_MAX: not close. */
static unsigned remoteness(const char *wanted, const struct ct_calls_function *f)
{
	unsigned limit = strlen(wanted) < 4 ? 1 : strlen(wanted) < 8 ? 2 : 3, found;
	char *bare = plain_name(f->name);
	bool scoped = strstr(bare, "::") != NULL;

	bare[ct_name_parameters(bare)] = '\0';
	found = distance(wanted, bare, limit);
	for (const char *c = bare; found > limit && (c = strstr(c, "::")); c += 2) {
		unsigned within = 1 + distance(wanted, c + 2, limit); /* some of its scopes left out */

		found = within < found ? within : found;
		if (within <= limit + 1)
			break;
	}
	if (found > limit + scoped)
		found = strlen(wanted) >= 4 && strstr(bare, wanted) ? limit + 2 : UINT32_MAX;
	free(bare);
	return found;
}

struct candidate {
	uint32_t row;
	unsigned remoteness;
};

static void add_place(const struct ct_calls_function *f, struct ct_text *out)
{
	char *name = plain_name(f->name);

	ct_text_add(out, name);
	free(name);
	if (f->file)
		ct_text_addf(out, " (%s%s)", ct_basename(f->file), f->is_static ? ", static" : "");
}

static void add_close_names(const struct ct_calls *calls, const char *name, struct ct_text *out)
{
	struct wanted w = take_apart(name);
	char *bare = plain_name(w.name);
	struct candidate best[CANDIDATES];
	size_t count = 0;

	bare[ct_name_parameters(bare)] = '\0'; /* whose parameters are others may be what is meant */

	for (uint32_t i = 0; i < calls->function_count; i++) {
		struct candidate c = { i, remoteness(bare, &calls->functions[i]) };
		size_t at = count;

		if (c.remoteness == UINT32_MAX || calls->functions[i].plumbing)
			continue;
		while (at > 0 && best[at - 1].remoteness > c.remoteness) {
			if (at < CANDIDATES)
				best[at] = best[at - 1];
			at--;
		}
		if (at < CANDIDATES)
			best[at] = c;
		count += count < CANDIDATES;
	}
	for (size_t i = 0; i < count; i++) {
		ct_text_add(out, i ? ", " : "\n  close names: ");
		add_place(&calls->functions[best[i].row], out);
	}
	free(bare);
}

/* --- resolution --- */

static void add_row(struct ct_functions *out, uint32_t row)
{
	if ((out->count & (out->count - 1)) == 0)
		out->rows = ct_realloc(out->rows, (out->count ? 2 * out->count : 1) * sizeof *out->rows);
	out->rows[out->count++] = row;
}

void ct_functions_deinit(struct ct_functions *functions)
{
	free(functions->rows);
	*functions = (struct ct_functions){0};
}

static bool unknown(const struct ct_calls *calls, const char *name, struct ct_text *problem)
{
	ct_text_addf(problem, "there is no function %s", name);
	if (calls->unknown_functions)
		ct_text_addf(problem, " among those that were called, and others are not known: %s",
		             calls->unknown_functions);
	add_close_names(calls, name, problem);
	if (!strchr(problem->data, '\n') && !calls->unknown_functions)
		ct_text_add(problem, ": it is in no binary that calls were recorded in");
	return false;
}

/* Several static functions of one name: whoever means all of them writes a glob. */
static bool ambiguous(const struct ct_calls *calls, const char *name, const struct ct_functions *found,
                      struct ct_text *problem)
{
	const struct ct_calls_function *first = &calls->functions[found->rows[0]];
	bool differ = false;

	for (size_t i = 1; i < found->count; i++) {
		const struct ct_calls_function *f = &calls->functions[found->rows[i]];

		differ |= strcmp(f->name, first->name) == 0
		          && strcmp(f->file ? f->file : "", first->file ? first->file : "") != 0;
	}
	if (!differ)
		return false;
	ct_text_addf(problem, "%s is more than one function: write which", name);
	for (size_t i = 0; i < found->count && i < 8; i++) {
		const struct ct_calls_function *f = &calls->functions[found->rows[i]];

		ct_text_addf(problem, "\n  %s:%s", f->file ? ct_basename(f->file) : "?", f->name);
	}
	return true;
}

static bool observable(const struct ct_calls *calls, const struct ct_functions *found, struct ct_text *problem)
{
	const struct ct_calls_function *f = NULL;
	bool seen = false;

	for (size_t i = 0; i < found->count; i++) {
		f = &calls->functions[found->rows[i]];
		if (f->not_here) {
			ct_text_addf(problem, "%llu call%s of %s cannot be seen: %s", (unsigned long long) f->not_here,
			             f->not_here == 1 ? "" : "s", f->name, f->unseen);
			return false;
		}
		seen |= !f->unseen;
	}
	if (!seen)
		ct_text_addf(problem, "calls of %s cannot be seen: %s", f->name, f->unseen);
	return seen;
}

/*
 * What is in the binary without debug information and hooks is nobody's test subject: inner functions of
 * libraries that are linked in, this one's among them. Unless there is nothing else of that name.
 */
static void drop_foreign(const struct ct_calls *calls, struct ct_functions *found)
{
	size_t kept = 0;

	for (size_t i = 0; i < found->count; i++) {
		const struct ct_calls_function *f = &calls->functions[found->rows[i]];

		if (f->file || !f->unseen || f->not_here)
			found->rows[kept++] = found->rows[i];
	}
	if (kept)
		found->count = kept;
}

/* All that the name means. */
static struct wanted find(const struct ct_calls *calls, const char *name, struct ct_functions *out)
{
	struct wanted w = take_apart(name);

	for (uint32_t i = 0; i < calls->function_count; i++)
		if (matches(&w, &calls->functions[i])
		    && !(w.glob && (calls->functions[i].plumbing || calls->functions[i].is_test)))
			add_row(out, i);
	return w;
}

/* Those at one address: the linker may have made one of them. */
static bool find_address(const struct ct_calls *calls, const struct ct_pattern *pattern, struct ct_functions *out,
                         struct ct_text *problem)
{
	for (uint32_t i = 0; pattern->address && i < calls->function_count; i++)
		if (calls->functions[i].address == pattern->address)
			add_row(out, i);
	if (out->count == 0)
		ct_text_addf(problem, "%s is no function that is known from debug information",
		             pattern->source ? pattern->source : "the address");
	return out->count;
}

bool ct_resolve(const struct ct_calls *calls, const struct ct_pattern *pattern,
                struct ct_functions *out, struct ct_text *problem)
{
	struct wanted w = { .glob = true };

	*out = (struct ct_functions){0};
	if (pattern->name)
		w = find(calls, pattern->name, out);
	else if (!find_address(calls, pattern, out, problem))
		return false;
	if (out->count == 0)
		return unknown(calls, pattern->name, problem);
	drop_foreign(calls, out);
	if (!w.glob && !w.file && ambiguous(calls, pattern->name, out, problem))
		return false;
	return observable(calls, out, problem);
}

/* "main::{lambda(int)#1}", "Doubler": what has such an operator(). */
static bool is_callable(const struct ct_calls *calls, const char *name)
{
	struct ct_functions found = {0};
	struct ct_text call = {0};
	bool is;

	ct_text_addf(&call, "%s::operator()", name);
	find(calls, call.data, &found);
	is = found.count;
	ct_functions_deinit(&found);
	ct_text_deinit(&call);
	return is;
}

bool ct_resolve_value(const struct ct_calls *calls, const char *name, struct ct_text *problem)
{
	struct ct_functions found = {0};
	struct wanted w = find(calls, name, &found);
	bool ok = found.count || is_callable(calls, name);

	if (!ok)
		unknown(calls, name, problem);
	if (found.count) {
		drop_foreign(calls, &found);
		ok = w.glob || w.file || !ambiguous(calls, name, &found, problem);
	}
	ct_functions_deinit(&found);
	return ok;
}
