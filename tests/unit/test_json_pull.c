/* The JSON reader's tokens. */
#include <criterion/criterion.h>

#include "trace/pull.h"

static struct ct_pull pull_of(const char *text)
{
	return (struct ct_pull){ .data = text, .size = strlen(text) };
}

Test(json_pull, numbers)
{
	static const struct {
		const char *text;
		uint64_t value;
	} numbers[] = {
		{ "0", 0 }, { "18446744073709551615", UINT64_MAX }, { "9007199254740993", 9007199254740993 },
		{ "18446744073709551616", UINT64_MAX }, { "1e3", 1000 }, { "2.5e1", 25 }, { "-7", 0 },
		{ "1e999", UINT64_MAX }, { "null", 0 }, { "\"5\"", 0 }, { "[5]", 0 },
		{ "00000000000000000000000000000000000000000000000000000000000000000000000000009", 9 },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct ct_pull p = pull_of(numbers[i].text);

		cr_expect_eq(ct_pull_number(&p), numbers[i].value, "%s", numbers[i].text);
		cr_expect_not(p.failed);
		cr_expect_eq(p.at, p.size, "%s", numbers[i].text);
	}
}

Test(json_pull, strings)
{
	static const struct {
		const char *text, *value;
	} strings[] = {
		{ "\"\"", "" }, { "\"a\\\"b\\\\\"", "a\"b\\" }, { "\"\\b\\f\\n\\r\\t\\/\"", "\b\f\n\r\t/" },
		{ "\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\"\\ud83d\\u0041 \\ude00 \\u0000\"", "\xef\xbf\xbd" "A \xef\xbf\xbd \xef\xbf\xbd" },
		{ "12", NULL }, { "{\"a\":[\"]\"]}", NULL },
	};
	static const char *const wrong[] = { "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"" };
	struct ct_arena arena = {0};

	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
		struct ct_pull p = pull_of(strings[i].text);
		const char *value = ct_pull_string(&p, &arena);

		cr_expect(strings[i].value ? value && strcmp(value, strings[i].value) == 0 : !value, "%s",
		          strings[i].text);
		cr_expect_eq(p.at, p.size);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct ct_pull p = pull_of(wrong[i]);

		cr_expect_null(ct_pull_string(&p, &arena), "%s", wrong[i]);
		cr_expect(p.failed && p.what, "%s", wrong[i]);
	}
	ct_arena_deinit(&arena);
}

Test(json_pull, objects)
{
	struct ct_pull p = pull_of(" { \"a\" : [ 1 , 2,3 ] ,\"b\\u0063\":{},\"d\":[[],{\"x\":\"}\"}],\"e\":true}");
	struct ct_span key;
	uint64_t sum = 0;
	unsigned keys = 0;
	bool e = false;

	cr_assert(ct_pull_open(&p, '{'));
	while (ct_pull_key(&p, &key)) {
		keys++;
		if (ct_span_is(key, "a")) {
			cr_assert(ct_pull_open(&p, '['));
			while (ct_pull_element(&p))
				sum += ct_pull_number(&p);
		} else if (ct_span_is(key, "bc")) {
			cr_assert_not(ct_pull_open(&p, '['), "an object is no array, and is skipped");
		} else if (ct_span_is(key, "e")) {
			e = ct_pull_bool(&p);
		} else {
			cr_assert(ct_span_is(key, "d"));
			ct_pull_skip(&p);
		}
	}
	cr_assert_not(p.failed);
	cr_assert_eq(p.at, p.size);
	cr_assert_eq(keys, 4);
	cr_assert_eq(sum, 6);
	cr_assert(e);
	ct_pull_deinit(&p);
}

/* The first thing that is wrong ends every loop. */
Test(json_pull, what_is_wrong)
{
	static const char *const wrong[] = { "", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{a:1}",
		                             "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":}", "{\"a\":[}",
		                             "{\"a\":nul}", "{\"a\":\"x}", "{1:2}", "{\"a\":{\"b\":[1,2}" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct ct_pull p = pull_of(wrong[i]);
		struct ct_span key;
		unsigned rounds = 0;

		ct_pull_open(&p, '{');
		while (ct_pull_key(&p, &key) && ++rounds < 10)
			ct_pull_skip(&p);
		cr_expect(p.failed, "%s", wrong[i]);
		cr_expect_lt(rounds, 10);
		ct_pull_deinit(&p);
	}
}
