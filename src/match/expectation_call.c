/* expectation_call.c - calls of expectation files -> patterns. */
#include <string.h>

#include "match/expectation_parse.h"

/* Letters of names, globs, paths, C++: all but what ends a name. What else a name has, quotes take. */
static bool is_name(const struct ct_scan *s)
{
	char c = *s->at;

	if (s->at >= s->end)
		return false;
	return ct_scan_is_word(c) || c == ':' || c == '*' || c == '?' || c == '/' || c == '~' || c == '.'
	       || (c == '-' && s->at[1] != '>') || (unsigned char) c >= 0x80;
}

const char *ct_scan_function(struct ct_scan *s)
{
	const char *begin, *text;
	size_t length;

	ct_scan_space(s);
	begin = s->at;
	if (s->at < s->end && *s->at == '"') {
		text = ct_scan_string(s, &length);
		if (text && (length == 0 || strlen(text) != length)) {
			ct_scan_problem(s, begin, "this is no function's name");
			return NULL;
		}
		return text;
	}
	while (is_name(s))
		s->at++;
	if (s->at == begin || (*begin >= '0' && *begin <= '9')) {
		s->at = begin;
		ct_scan_expected(s, "a function's name");
		return NULL;
	}
	return ct_arena_strndup(s->arena, begin, (size_t) (s->at - begin));
}

static bool arguments(struct ct_scan *s, struct ct_pattern *p)
{
	bool was_named = false;

	if (s->at == s->end || *s->at != '(')
		return true;
	s->at++;
	p->has_arguments = true;
	if (!ct_scan_list(s, ')', false, &p->arguments, &p->argument_count))
		return false;
	for (size_t i = 0; i < p->argument_count; i++) {
		bool is_named = p->arguments[i].kind == CT_MATCH_NAMED;

		if (was_named && !is_named && p->arguments[i].kind != CT_MATCH_REST)
			return ct_scan_problem(s, s->at, "behind an argument with a name all others have names");
		was_named |= is_named;
	}
	return true;
}

static bool returned(struct ct_scan *s, struct ct_pattern *p)
{
	struct ct_matcher value, *copy;

	if (!ct_scan_sign(s, "->"))
		return true;
	if (!ct_scan_value(s, &value))
		return false;
	copy = ct_arena_alloc(s->arena, sizeof *copy);
	*copy = value;
	p->returned = copy;
	return true;
}

static bool phase(struct ct_scan *s, struct ct_pattern *p)
{
	static const struct {
		const char *word;
		uint32_t phases;
	} words[] = { { "setup", 1u << CT_PHASE_SETUP }, { "body", 1u << CT_PHASE_BODY },
		      { "teardown", 1u << CT_PHASE_TEARDOWN }, { "startup", 1u << CT_PHASE_STARTUP },
		      { "shutdown", 1u << CT_PHASE_SHUTDOWN }, { "any", (1u << CT_PHASES) - 1 } };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (ct_scan_word(s, words[i].word)) {
			p->phases |= words[i].phases;
			return true;
		}
	return ct_scan_expected(s, "setup, body, teardown, startup, shutdown or any");
}

/* A call that is no more than a name and arguments: behind "from" and "within". */
static const struct ct_pattern *around(struct ct_scan *s)
{
	struct ct_pattern *p = ct_arena_alloc(s->arena, sizeof *p);

	p->name = ct_scan_function(s);
	return p->name && arguments(s, p) ? p : NULL;
}

static bool suffix(struct ct_scan *s, struct ct_pattern *p, bool *more)
{
	*more = true;
	if (ct_scan_word(s, "from"))
		return (p->from = around(s)) != NULL;
	if (ct_scan_word(s, "within"))
		return (p->within = around(s)) != NULL;
	if (ct_scan_word(s, "in"))
		return phase(s, p);
	*more = false;
	return true;
}

const struct ct_pattern *ct_scan_call(struct ct_scan *s)
{
	struct ct_pattern *p = ct_arena_alloc(s->arena, sizeof *p);
	bool more = true;

	p->name = ct_scan_function(s);
	if (!p->name || !arguments(s, p) || !returned(s, p))
		return NULL;
	while (more)
		if (!suffix(s, p, &more))
			return NULL;
	return p;
}

bool ct_scan_times(struct ct_scan *s, uint32_t *least, uint32_t *most)
{
	*least = *most = 1;
	if (ct_scan_sign(s, "?")) {
		*least = 0;
		return true;
	}
	if (!ct_scan_sees(s, "x"))
		return true;
	if (ct_scan_sign(s, "x*")) {
		*least = 0;
		*most = UINT32_MAX;
		return true;
	}
	s->at++;
	if (!ct_scan_count(s, CT_EXPECT_TIMES_MOST, "a number or '*' behind 'x'", least))
		return false;
	*most = *least;
	if (!ct_scan_sign(s, ".."))
		return *least > 0 || ct_scan_problem(s, s->at, "x0 is not asked for with 'call': write 'never' or 'not'");
	*most = UINT32_MAX;
	if (s->at < s->end && *s->at >= '0' && *s->at <= '9'
	    && !ct_scan_count(s, CT_EXPECT_TIMES_MOST, "a number", most))
		return false;
	return *most >= *least ? true : ct_scan_problem(s, s->at, "%u..%u: the second number is smaller", *least, *most);
}
