/* Recorded values against expected ones: both are given as text, as traces and expectation files have them. */
#include <criterion/criterion.h>
#include <string.h>

#include "match/expectation.h"

struct line {
	const char *value;    /* members of an argument, behind its name */
	const char *expected; /* as in f(EXPECTED) */
	enum ct_answer answer;
	const char *reason; /* part of it; NULL: not looked at */
};

#define YES CT_ANSWER_YES
#define NO CT_ANSWER_NO
#define UNKNOWN CT_ANSWER_INCONCLUSIVE
#define NEVER CT_ANSWER_NEVER
#define S4 "\"type\":\"int\",\"is\":\"s4\",\"value\":"
#define U4 "\"type\":\"uint32_t\",\"is\":\"u4\",\"value\":"
#define U1 "\"type\":\"uint8_t\",\"is\":\"u1\",\"value\":"
#define F4 "\"type\":\"float\",\"is\":\"f4\",\"value\":"
#define F8 "\"type\":\"double\",\"is\":\"f8\",\"value\":"
#define STR "\"type\":\"const char *\",\"is\":\"p8\",\"address\":\"0x1000\",\"value\":"
#define FLAGS "\"type\":\"enum f\",\"is\":\"E4\",\"number\":18,\"value\":\"ACK|NODELAY\""

static void hold(const struct line *lines, size_t count)
{
	static const struct ct_style style = { .addresses = true };

	for (size_t i = 0; i < count; i++) {
		struct ct_text json = {0}, text = {0}, problems = {0}, reason = {0};
		struct ct_expect_file file;
		struct ct_arena arena = {0};
		struct ct_datum arguments;
		struct ct_match_context context = { .arguments = &arguments };
		const struct ct_matcher *m;
		enum ct_answer answer;

		ct_text_addf(&json, "[{\"name\":\"n\",%s}]", lines[i].value);
		ct_text_addf(&text, "test t::t\ncount f(%s) 1\nend\n", lines[i].expected);
		cr_assert(ct_expect_parse("x.expect", text.data, text.length, &file, &problems), "%s: %s",
		          lines[i].expected, problems.data);
		cr_assert(ct_datum_arguments(json.data, &arena, &arguments), "%s", json.data);
		m = file.blocks[0].statements[0].pattern->arguments;
		answer = ct_matcher_test(m, &arguments.items[0], &context, &style, &reason);
		cr_expect_eq(answer, lines[i].answer, "%s and %s: %d, expected %d (%s)", lines[i].value, lines[i].expected,
		             (int) answer, (int) lines[i].answer, reason.data ? reason.data : "");
		if (lines[i].reason)
			cr_expect(reason.data && strstr(reason.data, lines[i].reason), "%s and %s: '%s' is not in '%s'",
			          lines[i].value, lines[i].expected, lines[i].reason, reason.data ? reason.data : "");
		cr_expect((answer == YES) == !reason.length, "%s and %s: %s", lines[i].value, lines[i].expected,
		          reason.data ? reason.data : "no reason");
		ct_text_deinit(&json);
		ct_text_deinit(&text);
		ct_text_deinit(&problems);
		ct_text_deinit(&reason);
		ct_expect_deinit(&file);
		ct_arena_deinit(&arena);
	}
}

#define HOLD(lines) hold(lines, sizeof(lines) / sizeof *(lines))

Test(match_matchers, integers)
{
	static const struct line lines[] = {
		{ S4 "3", "3", YES, NULL },
		{ S4 "3", "4", NO, "expected 4, got 3" },
		{ S4 "-1", "-1", YES, NULL },
		{ S4 "-1", "0xffffffff", YES, NULL },
		{ S4 "-1", "4294967295", YES, NULL },
		{ S4 "0", "4294967296", NEVER, "cannot have that value" },
		{ U4 "4294967295", "-1", YES, NULL },
		{ U4 "4294967294", "-1", NO, NULL },
		{ U1 "255", "-1", YES, NULL },
		{ U1 "44", "300", NEVER, "uint8_t" },
		{ U1 "44", "< 300", YES, NULL },
		{ U4 "0", "> -1", YES, NULL },
		{ S4 "3", "2..3", YES, NULL },
		{ S4 "4", "2..3", NO, "expected 2..3, got 4" },
		{ S4 "4", "!= 4", NO, "expected != 4, got 4" },
		{ S4 "4", "3 or 4 or 5", YES, NULL },
		{ S4 "6", "3 or 4 or 5", NO, "expected 3 or 4 or 5, got 6" },
		{ S4 "6", "not 5", YES, NULL },
		{ S4 "6", "6.0", YES, NULL },
		{ S4 "6", "6.5", NEVER, NULL },
		{ S4 "6", "< 6.5", YES, NULL },
		{ S4 "6", "\"6\"", NEVER, "a string is expected" },
		{ S4 "6", "SIX", NEVER, "no macros" },
		{ S4 "6", "NULL", NEVER, "not a pointer" },
		{ S4 "6", "bits 4", YES, NULL },
		{ S4 "6", "bits 5", NO, NULL },
		{ S4 "6", "_", YES, NULL },
		{ "\"type\":\"int\",\"unavailable\":\"optimised out\"", "6", UNKNOWN, "not available: optimised out" },
		{ "\"type\":\"int\",\"unavailable\":\"optimised out\"", "_", YES, NULL },
		{ "\"type\":\"int\",\"redacted\":\"00ff\"", "6", UNKNOWN, "redacted" },
		{ "\"type\":\"__int128\",\"is\":\"s16\",\"value\":\"-170141183460469231731687303715884105728\"",
		  "-170141183460469231731687303715884105728", YES, NULL },
		{ "\"type\":\"unsigned __int128\",\"is\":\"u16\",\"value\":\"340282366920938463463374607431768211455\"",
		  "340282366920938463463374607431768211455", YES, NULL },
		{ "\"type\":\"unsigned __int128\",\"is\":\"u16\",\"value\":\"340282366920938463463374607431768211455\"",
		  "-1", YES, NULL },
		{ "\"type\":\"bool\",\"is\":\"b1\",\"value\":true", "true", YES, NULL },
		{ "\"type\":\"bool\",\"is\":\"b1\",\"value\":true", "1", YES, NULL },
		{ "\"type\":\"bool\",\"is\":\"b1\",\"value\":false", "true", NO, "expected true, got false" },
		{ "\"type\":\"char\",\"is\":\"c1\",\"number\":120,\"value\":\"x\"", "'x'", YES, NULL },
		{ "\"type\":\"char\",\"is\":\"c1\",\"number\":120,\"value\":\"x\"", "120", YES, NULL },
		{ "\"type\":\"char\",\"is\":\"c1\",\"number\":120,\"value\":\"x\"", "\"x\"", NEVER, "one character" },
		/* A saved trace says the type's name only. */
		{ "\"type\":\"unsigned int\",\"value\":4294967295", "-1", YES, NULL },
		{ "\"type\":\"my_id\",\"value\":4294967295", "-1", NO, NULL },
		{ "\"type\":\"my_id\",\"value\":\"18446744073709551615\"", "18446744073709551615", YES, NULL },
	};

	HOLD(lines);
}

Test(match_matchers, floating_point)
{
	static const struct line lines[] = {
		{ F4 "0.1", "0.1", YES, NULL },
		{ F8 "0.1", "0.1", YES, NULL },
		{ F8 "0.10000000149011612", "0.1", NO, NULL },
		{ F8 "3.05", "3 +- 0.1", YES, NULL },
		{ F8 "3.2", "3 +- 0.1", NO, "expected 3 +- 0.1, got 3.2" },
		{ F8 "\"nan\"", "nan", YES, NULL },
		{ F8 "\"nan\"", "0", NO, NULL },
		{ F8 "\"nan\"", "> 0", NO, NULL },
		{ F8 "\"-inf\"", "-inf", YES, NULL },
		{ F8 "\"inf\"", "inf", YES, NULL },
		{ F8 "2", "2", YES, NULL },
		{ F8 "2", "1.5..2.5", YES, NULL },
		{ "\"type\":\"real\",\"value\":0.1", "0.1", YES, NULL },
	};

	HOLD(lines);
}

Test(match_matchers, text)
{
	static const struct line lines[] = {
		{ STR "\"GET /\"", "\"GET /\"", YES, NULL },
		{ STR "\"GET /\"", "\"GET\"", NO, "expected \"GET\", got \"GET /\"" },
		{ STR "\"GET /\"", "~\"GET*\"", YES, NULL },
		{ STR "\"GET /\"", "~/^P/", NO, "expected ~/^P/, got \"GET /\"" },
		{ STR "\"GET /\"", "~/^GET \\//", YES, NULL },
		{ STR "\"GET /\"", "NULL", NO, NULL },
		{ STR "\"GET /\"", "!= NULL", YES, NULL },
		{ STR "null", "\"GET\"", NO, "expected \"GET\", got NULL" },
		{ STR "null", "NULL", YES, NULL },
		{ STR "\"GET /\"", "*'G'", YES, NULL },
		{ STR "\"GE\",\"truncated\":true", "\"GE\"", NO, NULL },
		{ STR "\"GE\",\"truncated\":true", "\"GET\"", UNKNOWN, "only the first 2 bytes" },
		{ STR "\"GE\",\"truncated\":true", "\"PUT\"", NO, NULL },
		{ STR "\"\xc3\xa9\"", "\"\xc3\xa9\"", YES, NULL },
		{ STR "\"\\ufffd\",\"bytes\":\"ff\"", "\"\\xff\"", YES, NULL },
		{ "\"type\":\"const char *\",\"is\":\"p8\",\"address\":\"0x10\",\"unreadable\":true", "\"x\"", UNKNOWN, NULL },
		{ "\"type\":\"void *\",\"is\":\"p8\",\"address\":\"0x10\"", "\"x\"", NEVER, "not known to be text" },
		{ "\"type\":\"std::string\",\"is\":\"t32\",\"value\":\"abc\"", "\"abc\"", YES, NULL },
		{ "\"type\":\"std::string\",\"value\":\"abc\"", "\"abc\"", YES, NULL },
		{ "\"type\":\"char [8]\",\"value\":\"abc\"", "\"abc\"", YES, NULL },
	};

	HOLD(lines);
}

Test(match_matchers, enumerations)
{
	static const struct line lines[] = {
		{ FLAGS, "ACK|NODELAY", YES, NULL },
		{ FLAGS, "NODELAY|ACK", YES, NULL },
		{ FLAGS, "ACK", NO, "expected ACK, got ACK|NODELAY (0x12)" },
		{ FLAGS, "bits ACK", YES, NULL },
		{ FLAGS, "bits SYN", NO, NULL },
		{ FLAGS, "18", YES, NULL },
		{ FLAGS, "bits 16", YES, NULL },
		{ FLAGS, "0x12", YES, NULL },
		{ FLAGS, "\"ACK\"", NEVER, NULL },
		{ "\"type\":\"enum f\",\"value\":\"ACK|NODELAY\"", "NODELAY|ACK", YES, NULL },
		{ "\"type\":\"enum f\",\"value\":\"ACK|NODELAY\"", "18", UNKNOWN, "write the name" },
		{ "\"type\":\"flags\",\"value\":\"ACK\"", "ACK", YES, NULL },
		{ "\"type\":\"Color\",\"is\":\"E4\",\"number\":0,\"value\":\"Color::RED\"", "RED", YES, NULL },
		{ "\"type\":\"Color\",\"is\":\"E4\",\"number\":0,\"value\":\"Color::RED\"", "Color::RED", YES, NULL },
		{ "\"type\":\"Color\",\"is\":\"E4\",\"number\":0,\"value\":\"Color::RED\"", "Color::BLUE", NO, NULL },
	};

	HOLD(lines);
}

Test(match_matchers, structures_pointers_arrays)
{
#define POINT "\"type\":\"struct p *\",\"is\":\"p8\",\"address\":\"0x1000\",\"value\":{\"value\":{\"x\":{\"value\":1,\"is\":\"s4\"}," \
	      "\"s\":{\"value\":\"abc\",\"is\":\"p8\",\"address\":\"0x2000\"},\"in\":{\"value\":{\"y\":{\"value\":2,\"is\":\"u1\"}},\"is\":\"o4\"}},\"is\":\"o16\"}"
#define SAVED "\"type\":\"struct p *\",\"address\":\"0x1000\",\"value\":{\"x\":1,\"s\":\"abc\",\"in\":{\"y\":2},\"t\":{\"value\":\"aa\",\"truncated\":true}}"
	static const struct line lines[] = {
		{ POINT, "{x = 1}", YES, NULL },
		{ POINT, "{x = 1, s = \"abc\", ...}", YES, NULL },
		{ POINT, "{in.y = 2}", YES, NULL },
		{ POINT, "{in = {y = 300}}", NEVER, "in in: in y: its type" },
		{ POINT, "{x = 2}", NO, "in x: expected 2, got 1" },
		{ POINT, "{z = 2}", NEVER, "it has no member z, but x, s, in" },
		{ POINT, "*{x = 1}", YES, NULL },
		{ POINT, "{s = NULL}", NO, NULL },
		{ POINT, "NULL", NO, NULL },
		{ POINT, "3", NEVER, NULL },
		{ SAVED, "{x = 1, in.y = 2, s = \"abc\"}", YES, NULL },
		{ SAVED, "{t = \"aab\"}", UNKNOWN, NULL },
		{ SAVED, "{t = ~\"a*\"}", UNKNOWN, NULL },
		{ "\"type\":\"struct p *\",\"is\":\"p8\",\"value\":null", "{x = 1}", NO, "it is NULL" },
		{ "\"type\":\"struct p *\",\"is\":\"p8\",\"address\":\"0x10\",\"unreadable\":true", "{x = 1}", UNKNOWN, "could not be read" },
		{ "\"type\":\"int *\",\"is\":\"p8\",\"address\":\"0x10\",\"value\":{\"value\":7,\"is\":\"s4\"}", "*7", YES, NULL },
		{ "\"type\":\"int *\",\"is\":\"p8\",\"address\":\"0x10\",\"value\":{\"value\":7,\"is\":\"s4\"}", "*8", NO, "expected 8, got 7" },
		{ "\"type\":\"int *\",\"address\":\"0x10\",\"value\":7", "*7", YES, NULL },
		{ S4 "7", "*7", NEVER, "not a pointer" },
		{ "\"type\":\"int [3]\",\"is\":\"a12\",\"value\":[{\"value\":1,\"is\":\"s4\"},{\"value\":2,\"is\":\"s4\"}]", "[1, 2]", YES, NULL },
		{ "\"type\":\"int [3]\",\"value\":[1,2,3]", "[1, ...]", YES, NULL },
		{ "\"type\":\"int [3]\",\"value\":[1,2,3]", "[1, 2]", NO, "it has 3 elements, expected 2" },
		{ "\"type\":\"int [3]\",\"value\":[1,2,3],\"truncated\":true", "[1, 2, 3]", UNKNOWN, NULL },
		{ "\"type\":\"int [3]\",\"value\":[1,2,3],\"truncated\":true", "[1, 3, 3]", NO, NULL },
		{ "\"type\":\"void (*)(int)\",\"is\":\"F8\",\"address\":\"0x10\",\"value\":\"on_event\"", "@on_event", YES, NULL },
		{ "\"type\":\"void (*)(int)\",\"is\":\"F8\",\"address\":\"0x10\",\"value\":\"on_event\"", "@on_error", NO, NULL },
		{ "\"type\":\"void (*)(int)\",\"value\":\"on_event\",\"address\":\"0x10\"", "@on_event", YES, NULL },
		{ "\"type\":\"void (*)(int)\",\"is\":\"F8\",\"value\":null", "NULL", YES, NULL },
		{ "\"type\":\"int &\",\"is\":\"r8\",\"address\":\"0x10\",\"value\":{\"value\":7,\"is\":\"s4\"}", "7", YES, NULL },
	};

	HOLD(lines);
}

/* What a stranger's file has for a value must not be taken for what the recorder says of types. */
#define NO_E1 "\"type\":\"std::optional<Color>\",\"is\":\"n2\",\"optional\":true,\"value\":null"
#define SOME_E1 "\"type\":\"std::optional<Color>\",\"is\":\"e4\",\"optional\":true,\"number\":0,\"value\":\"RED\""
#define SAVED_NO "\"type\":\"const std::optional<int> &\",\"value\":null"

/* An empty one is no 0, and one that has a value may be asked whether it is empty. */
Test(match_matchers, optional)
{
	static const struct line lines[] = {
		{ NO_E1, "0", NO, "expected 0, got NULL" },
		{ NO_E1, "RED", NO, "expected RED, got NULL" },
		{ NO_E1, "< 3", NO, NULL },
		{ NO_E1, "\"x\"", NO, NULL },
		{ NO_E1, "NULL", YES, NULL },
		{ NO_E1, "not NULL", NO, NULL },
		{ NO_E1, "*0", NO, "it is NULL" },
		{ SOME_E1, "0", YES, NULL },
		{ SOME_E1, "RED", YES, NULL },
		{ SOME_E1, "*RED", YES, NULL },
		{ SOME_E1, "NULL", NO, "expected NULL, got RED" },
		{ SOME_E1, "not NULL", YES, NULL },
		{ SAVED_NO, "0", NO, "expected 0, got NULL" },
		{ SAVED_NO, "NULL", YES, NULL },
		{ "\"type\":\"std::optional<int>\",\"value\":0", "0", YES, NULL },
		{ "\"type\":\"std::optional<int>\",\"value\":0", "NULL", NO, NULL },
		{ "\"type\":\"int *\",\"value\":null", "0", YES, NULL },
		{ "\"type\":\"struct o\",\"is\":\"o8\",\"value\":{\"optional\":{\"is\":\"s4\",\"value\":1}}", "{optional = 1}", YES, NULL },
		{ "\"type\":\"struct o\",\"value\":{\"optional\":1}", "{optional = 1}", YES, NULL },
	};

	HOLD(lines);
}

Test(match_matchers, members_called_like_ours)
{
	static const struct line lines[] = {
		{ "\"type\":\"struct s\",\"value\":{\"is\":1,\"value\":3,\"number\":5}", "{is = 1, value = 3, number = 5}", YES, NULL },
		{ "\"type\":\"struct s\",\"value\":{\"in\":{\"value\":3,\"address\":4}}", "{in.value = 3}", YES, NULL },
		{ "\"type\":\"struct s\",\"value\":{\"in\":{\"type\":3,\"unavailable\":\"x\"}}", "{in.type = 3}", YES, NULL },
	};

	HOLD(lines);
}
