/* Values of calls: arguments, what was returned, what changed; reasons; damage. */
#include "values_text.h"

static uint32_t int_type(struct call_image *c)
{
	return image_type(c, CT_TYPE_SIGNED, "int", 4, CT_NONE);
}

static uint32_t string_type(struct call_image *c)
{
	return image_type(c, CT_TYPE_POINTER, "char *", 8, image_type(c, CT_TYPE_CHAR, "char", 1, CT_NONE));
}

Test(trace_value_calls, several_arguments_and_a_result)
{
	struct call_image c;
	uint32_t i;

	image_begin(&c);
	i = int_type(&c);
	image_argument(&c, "a", i, &(int){ 1 }, 4);
	image_argument(&c, "", i, &(int){ 2 }, 4);
	image_returns(&c, i, CT_RETURN_RAX, &(int){ -3 }, 4);
	c.x.plans[0].flags = CT_PLAN_VARIADIC;
	expect_values(&c, "[{\"name\":\"a\",\"type\":\"int\",\"value\":1},{\"name\":\"\",\"type\":\"int\",\"value\":2}]"
	                  " variadic -> {\"type\":\"int\",\"value\":-3}");
}

Test(trace_value_calls, no_arguments_no_result)
{
	struct call_image c;

	image_begin(&c);
	c.enter.missing = true;
	expect_values(&c, "[]");
}

Test(trace_value_calls, how_a_value_was_had)
{
	static const struct { uint8_t how; const char *word; } hows[] = {
		{ CT_HOW_ENTRY, "entry" }, { CT_HOW_CALLER, "caller" }, { CT_HOW_CONSTANT, "constant" } };
	struct call_image c;
	char expected[256];
	uint32_t i;

	image_begin(&c);
	i = int_type(&c);
	for (size_t n = 0; n < sizeof hows / sizeof *hows; n++) {
		c.args = c.enter.fixed_words = 0;
		image_argument(&c, "k", i, &(int){ 3 }, 4)->how = hows[n].how;
		snprintf(expected, sizeof expected,
		         "[{\"name\":\"k\",\"type\":\"int\",\"value\":3,\"how\":\"%s\"}]", hows[n].word);
		expect_values(&c, expected);
	}
}

Test(trace_value_calls, a_value_from_the_caller)
{
	struct call_image c;
	uint32_t s, i;

	image_begin(&c);
	s = string_type(&c);
	i = int_type(&c);
	image_argument(&c, "s", s, &(uint64_t){ 0x1000 }, 8)->how = CT_HOW_CALLER;
	image_argument(&c, "n", i, &(int){ -3 }, 4)->how = CT_HOW_CALLER;
	image_follow(&c, CT_OP_STRING, 0, 0, 0, 0, 1);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, "from there", 10);
	expect_values(&c, "[{\"name\":\"s\",\"type\":\"char *\",\"value\":\"from there\",\"address\":\"0x1000\",\"how\":\"caller\"},"
	                  "{\"name\":\"n\",\"type\":\"int\",\"value\":-3,\"how\":\"caller\"}]");
}

Test(trace_value_calls, a_call_site_that_does_not_tell)
{
	struct call_image c;
	uint32_t s, i;

	image_begin(&c);
	s = string_type(&c);
	i = int_type(&c);
	image_argument(&c, "s", s, &(uint64_t){ 0 }, 8)->how = CT_HOW_CALLER;
	image_argument(&c, "n", i, &(int){ 5 }, 4)->how = CT_HOW_CALLER;
	image_argument(&c, "k", i, &(int){ 6 }, 4);
	image_out(&c, image_follow(&c, CT_OP_STRING, 0, 0, 0, 0, 1));
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, CT_BLOCK_UNKNOWN, "", 0);
	expect_values(&c, "[{\"name\":\"s\",\"type\":\"char *\",\"unavailable\":\"overwritten\"},"
	                  "{\"name\":\"n\",\"type\":\"int\",\"value\":5,\"how\":\"caller\"},"
	                  "{\"name\":\"k\",\"type\":\"int\",\"value\":6}]");
}

Test(trace_value_calls, a_computed_value)
{
	struct call_image c;
	struct ct_plan_arg *a;

	image_begin(&c);
	memcpy(c.x.expressions, (uint8_t[]){ 0x70, 5, 0x71, 0, 0x22, 0x9f, 0 }, 7); /* w0 + 5 + w1 */
	a = image_argument(&c, "k", int_type(&c), (uint64_t[]){ 10, 100 }, 16);
	a->how = CT_HOW_COMPUTED, a->words = 2, a->size = 4;
	expect_values(&c, "[{\"name\":\"k\",\"type\":\"int\",\"value\":115,\"how\":\"computed\"}]");
	c.x.expressions[4] = 0x1b; /* divided by zero */
	c.enter.fixed[1] = 0;
	expect_values(&c, "[{\"name\":\"k\",\"type\":\"int\",\"truncated\":true,\"how\":\"computed\"}]");
}

/* pitfall: 44 */
Test(trace_value_calls, reasons)
{
	static const struct { uint8_t how; const char *reason; } hows[] = {
		{ CT_HOW_OPTIMISED_OUT, "optimised out" }, { CT_HOW_OVERWRITTEN, "overwritten" },
		{ CT_HOW_PARTIAL, "partly optimised out" }, { CT_HOW_UNSUPPORTED, "unsupported location" },
		{ CT_HOW_NO_DEBUG, "no debug information" }, { CT_HOW_TOO_LARGE, "too large" },
		{ CT_HOW_EXCLUDED, "excluded" }, { CT_HOW_NOT_RETURNED, "not returned" },
		{ CT_HOW_UNWINDING, "unwinding" }, { CT_HOW_INLINED, "inlined" }, { CT_HOW_TAIL, "tail jump" },
		{ CT_HOW_SHADOW_STACK, "shadow stack" }, { CT_HOW_UNREADABLE, "unreadable" },
		{ CT_HOW_NO_ROOM, "no room" } };
	char expected[512];

	cr_assert_eq(sizeof hows / sizeof *hows, CT_HOWS - CT_HOW_UNAVAILABLE);
	for (size_t n = 0; n < sizeof hows / sizeof *hows; n++) {
		struct call_image c;
		uint32_t i;

		image_begin(&c);
		c.serial = (uint8_t) (2 * n);
		i = int_type(&c);
		image_lost_argument(&c, "u", i, hows[n].how);
		image_returns(&c, i, CT_RETURN_RAX, &(int){ 0 }, 4);
		c.exit.how = hows[n].how;
		snprintf(expected, sizeof expected,
		         "[{\"name\":\"u\",\"type\":\"int\",\"unavailable\":\"%s\"}]"
		         " -> {\"type\":\"int\",\"unavailable\":\"%s\"}", hows[n].reason, hows[n].reason);
		expect_values(&c, expected);
		image_argument(&c, "k", i, &(int){ 1 }, 4);
		c.enter.how = hows[n].how;
		c.exit.missing = true;
		snprintf(expected, sizeof expected, "why %s", hows[n].reason);
		expect_values(&c, expected);
	}
}

Test(trace_value_calls, calls_that_did_not_return)
{
	static const char *const ends[] = { "unwound", "open" };
	struct call_image c;
	char expected[256];
	uint32_t i;

	image_begin(&c);
	i = int_type(&c);
	image_argument(&c, "a", i, &(int){ 1 }, 4);
	image_returns(&c, i, CT_RETURN_RAX, &(int){ 0 }, 4);
	for (size_t n = 0; n < 2; n++) {
		c.jumps = n == 0;
		c.stays = n == 1;
		snprintf(expected, sizeof expected, "[{\"name\":\"a\",\"type\":\"int\",\"value\":1}]"
		         " -> {\"type\":\"int\",\"unavailable\":\"%s\"}", ends[n]);
		expect_values(&c, expected);
	}
}

Test(trace_value_calls, excluded_and_redacted)
{
	struct call_image c;
	uint32_t s, i;

	image_begin(&c);
	s = string_type(&c);
	i = int_type(&c);
	image_argument(&c, "pw", s, &(uint64_t){ 0 }, 8);
	image_argument(&c, "x", i, &(int){ 0 }, 4);
	image_follow(&c, CT_OP_STRING, 0, 0, 0, 0, 1);
	image_returns(&c, i, CT_RETURN_RAX, &(int){ 0 }, 4);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, CT_BLOCK_REDACTED, "\x3f\x2a\x9c\0\1\2\3\4", 8);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 1, CT_BLOCK_EXCLUDED, "", 0);
	payload_block(&c.exit, CT_BLOCK_WHOLE, 0, CT_BLOCK_REDACTED | CT_BLOCK_OF_RETURN, "\1\2\3\4\5\6\7\x8", 8);
	expect_values(&c, "[{\"name\":\"pw\",\"type\":\"char *\",\"redacted\":\"3f2a9c0001020304\"},"
	                  "{\"name\":\"x\",\"type\":\"int\",\"unavailable\":\"excluded\"}]"
	                  " -> {\"type\":\"int\",\"redacted\":\"0102030405060708\"}");
}

/* A structure that is passed and returned in memory. */
Test(trace_value_calls, indirect)
{
	struct call_image c;
	uint32_t s, p;

	image_begin(&c);
	p = string_type(&c);
	s = image_type(&c, CT_TYPE_STRUCT, "S", 8, CT_NONE);
	image_member(&c, s, "p", p, 0);
	image_argument(&c, "s", s, &(uint64_t){ 0x1000 }, 8)->flags = CT_ARG_INDIRECT;
	image_follow(&c, CT_OP_BYTES, 0, 0, 0, 0, 8);
	image_follow(&c, CT_OP_STRING, 0, 1, 0, 0, 1);
	image_returns(&c, s, CT_RETURN_MEMORY, &(uint64_t){ 0x2000 }, 8);
	image_follow(&c, CT_OP_BYTES, UINT16_MAX, 0, 0, 0, 8);
	image_follow(&c, CT_OP_STRING, UINT16_MAX, 1, 0, 0, 1);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, &(uint64_t){ 0x3000 }, 8);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 1, 0, "in", 2);
	payload_block(&c.exit, CT_BLOCK_WHOLE, 0, CT_BLOCK_OF_RETURN, &(uint64_t){ 0x4000 }, 8);
	payload_block(&c.exit, CT_BLOCK_WHOLE, 1, CT_BLOCK_OF_RETURN, "out", 3);
	expect_values(&c, "[{\"name\":\"s\",\"type\":\"S\",\"value\":{\"p\":\"in\"}}]"
	                  " -> {\"type\":\"S\",\"value\":{\"p\":\"out\"}}");
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_BAD, 0, 0, "", 0);
	c.exit.missing = true;
	expect_values(&c, "[{\"name\":\"s\",\"type\":\"S\",\"unreadable\":true}]");
}

Test(trace_value_calls, arguments_afterwards)
{
	struct call_image c;
	uint32_t s, i, buf;

	image_begin(&c);
	s = string_type(&c);
	i = int_type(&c);
	image_argument(&c, "fd", i, &(int){ 3 }, 4);
	image_argument(&c, "buf", s, &(uint64_t){ 0x1000 }, 8)->how = CT_HOW_ENTRY;
	buf = image_follow(&c, CT_OP_STRING, 1, 0, 8, 0, 1);
	image_out(&c, buf);
	payload_block(&c.enter, CT_BLOCK_WHOLE, buf, 0, "old", 3);
	payload_block(&c.exit, CT_BLOCK_CUT, buf, 0, "GET / HT", 8);
	expect_values(&c, "[{\"name\":\"fd\",\"type\":\"int\",\"value\":3},"
	                  "{\"name\":\"buf\",\"type\":\"char *\",\"value\":\"old\",\"address\":\"0x1000\",\"how\":\"entry\"}]"
	                  " after [{\"name\":\"buf\",\"value\":\"GET / HT\",\"address\":\"0x1000\",\"truncated\":true}]");
	c.exit.block_words = 0;
	payload_block(&c.exit, CT_BLOCK_WHOLE, buf, 0, "old", 3);
	expect_values(&c, "[{\"name\":\"fd\",\"type\":\"int\",\"value\":3},"
	                  "{\"name\":\"buf\",\"type\":\"char *\",\"value\":\"old\",\"address\":\"0x1000\",\"how\":\"entry\"}]");
}

Test(trace_value_calls, another_index_tells_nothing)
{
	struct call_image c;
	uint32_t i;

	image_begin(&c);
	i = int_type(&c);
	image_argument(&c, "a", i, &(int){ 1 }, 4);
	image_returns(&c, i, CT_RETURN_RAX, &(int){ 2 }, 4);
	c.recorder_hash++;
	expect_values(&c, "why index differs from the recorder's"
	                  " -> {\"unavailable\":\"index differs from the recorder's\"}");
	c.recorder_hash = 0; /* none were captured, whatever is there */
	expect_values(&c, "");
}

Test(trace_value_calls, an_unsupported_result)
{
	struct call_image c;

	image_begin(&c);
	image_argument(&c, "a", int_type(&c), &(int){ 1 }, 4);
	image_returns(&c, int_type(&c), CT_RETURN_UNSUPPORTED, "", 0);
	expect_values(&c, "[{\"name\":\"a\",\"type\":\"int\",\"value\":1}]"
	                  " -> {\"type\":\"int\",\"unavailable\":\"unsupported location\"}");
}

/* --- damage --- */

Test(trace_value_calls, payloads_that_are_too_short)
{
	struct call_image c;
	uint32_t i;

	image_begin(&c);
	i = int_type(&c);
	image_argument(&c, "a", i, &(int){ 1 }, 4);
	image_argument(&c, "b", i, &(int){ 1 }, 4);
	image_returns(&c, i, CT_RETURN_RAX, &(int){ 2 }, 4);
	image_save_index(&c, temporary("cache"));
	for (uint32_t words = 0; words < 3; words++) {
		uint64_t payload[3] = { 2, 1, 1 };
		struct raw_writer w;
		struct ct_trace *t;
		char *found;

		image_raw_begin(&w, &c);
		raw_record(&w, 0, CT_ENTER_VALUES, 1, 10);
		raw_extended(&w, 0, CT_VALUES, payload, words, 10);
		raw_record(&w, 0, CT_EXIT_VALUES, 1, 20);
		raw_extended(&w, 0, CT_VALUES, payload, words ? words - 1 : 0, 20);
		t = save_and_open(&w);
		found = values_text(t);
		cr_assert_str_eq(found, "why no room -> {\"type\":\"int\",\"unavailable\":\"no room\"}", "%s", found);
		free(found);
		ct_trace_close(t);
	}
}

static void structure_in_itself(struct call_image *c, uint32_t size)
{
	uint32_t s = image_type(c, CT_TYPE_STRUCT, "struct s", size, CT_NONE);
	char bytes[64] = "";

	for (int n = 0; n < 40; n++)
		image_member(c, s, n % 2 ? "" : "m", s, 0);
	image_argument(c, "a", s, bytes, size ? size : 1);
}

/* 40 members, each of them such a structure again: it ends all the same. */
Test(trace_value_calls, types_that_contain_themselves, .timeout = 20)
{
	for (int empty = 0; empty < 2; empty++) {
		struct call_image c;
		struct ct_trace *t;
		char *found;

		image_begin(&c);
		c.serial = (uint8_t) (10 * empty);
		structure_in_itself(&c, empty ? 0 : 64);
		image_save_index(&c, temporary("cache"));
		t = image_trace(&c);
		found = values_text(t);
		cr_assert_gt(strlen(found), 10);
		cr_assert_lt(strlen(found), 1 << 20);
		free(found);
		ct_trace_close(t);
	}
}

/* Whatever a payload holds: every byte of one changed, every length. */
Test(trace_value_calls, any_payload_is_borne, .timeout = 120)
{
	struct call_image c;
	uint32_t s, v, i, size;
	uint64_t whole[2048];

	image_begin(&c);
	i = int_type(&c);
	s = string_type(&c);
	v = image_type(&c, CT_TYPE_STD_VECTOR, "std::vector<int>", 24, i);
	image_argument(&c, "s", s, &(uint64_t){ 0x1000 }, 8);
	image_argument(&c, "v", v, (uint64_t[]){ 0x2000, 0x2008, 0x2008 }, 24);
	image_out(&c, image_follow(&c, CT_OP_STRING, 0, 0, 0, 0, 1));
	image_follow(&c, CT_OP_RANGE, 1, 0, 8, 16, 4);
	image_returns(&c, i, CT_RETURN_RAX, &(int){ 2 }, 4);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, "text", 4);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 1, 0, (int[]){ 1, 2 }, 8);
	image_save_index(&c, temporary("cache"));
	size = payload_words(&c.enter, whole);
	for (uint32_t at = 0; at < 8 * size; at++) {
		struct raw_writer w;
		struct ct_trace *t;

		image_raw_begin(&w, &c);
		for (int n = 0; n < 11; n++) {
			uint64_t words[2048];
			uint32_t count = n < 10 ? size : at / 8;

			memcpy(words, whole, sizeof words);
			((uint8_t *) words)[at] ^= (uint8_t) (n < 8 ? 1 << n : n == 8 ? 0xff : 0);
			raw_record(&w, 0, CT_ENTER_VALUES, 1, 10 + 2 * (unsigned) n);
			raw_extended(&w, 0, CT_VALUES, words, count, 10 + 2 * (unsigned) n);
			raw_record(&w, 0, CT_EXIT_VALUES, 1, 11 + 2 * (unsigned) n);
			raw_extended(&w, 0, CT_VALUES, words, count, 11 + 2 * (unsigned) n);
		}
		t = save_and_open(&w);
		free(values_text(t));
		cr_assert_eq(ct_trace_meta(t)->damaged, 0);
		ct_trace_close(t);
	}
}

/* --- records --- */

enum { F = 1 };

static void records_begin(struct raw_writer *w, struct call_image *c)
{
	image_begin(c);
	image_argument(c, "a", int_type(c), &(int){ 7 }, 4);
	image_save_index(c, temporary("cache"));
	image_raw_begin(w, c);
}

static void expect_records(struct raw_writer *w, const char *calls, const char *values, uint64_t damaged)
{
	struct ct_trace *t = save_and_open(w);
	char *found = values_text(t);

	expect_calls(t, 0, calls);
	cr_assert_str_eq(found, values, "%s", found);
	cr_assert_eq(ct_trace_meta(t)->damaged, damaged, "%llu", (unsigned long long) ct_trace_meta(t)->damaged);
	free(found);
	ct_trace_close(t);
}

#define SEVEN "[{\"name\":\"a\",\"type\":\"int\",\"value\":7}]"

Test(trace_value_calls, zeros_at_the_end_of_a_chunk)
{
	struct call_image c;
	struct raw_writer w;

	records_begin(&w, &c);
	raw_record(&w, 0, CT_ENTER_VALUES, F, 10);
	raw_extended(&w, 0, CT_VALUES, (uint64_t[]){ 1, 0 }, 2, 10);
	expect_records(&w, "f\nopen\n", "[{\"name\":\"a\",\"type\":\"int\",\"value\":0}]", 0);
}

/* pitfall: 30 */
Test(trace_value_calls, a_writer_that_died)
{
	for (int how = 0; how < 3; how++) {
		struct call_image c;
		struct raw_writer w;

		records_begin(&w, &c);
		raw_record(&w, 0, CT_ENTER_VALUES, F, 10);
		if (how == 1)
			raw_extended(&w, 0, CT_PENDING, (uint64_t[]){ 1, 7 }, 2, 10);
		if (how == 2)
			raw_word(&w, 0, 0), raw_exit(&w, 0, F, 20);
		expect_records(&w, how == 2 ? "f\n" : "f\nopen\n", "", 0);
	}
}

Test(trace_value_calls, values_without_a_call_and_calls_without_values)
{
	struct call_image c;
	struct raw_writer w;

	records_begin(&w, &c);
	raw_record(&w, 0, CT_ENTER_VALUES, F, 10);
	raw_record(&w, 0, CT_EXIT_VALUES, F, 20);
	raw_extended(&w, 0, CT_NOTE, "a note, 16 bytes", 2, 30);
	raw_extended(&w, 0, CT_VALUES, (uint64_t[]){ 1, 7 }, 2, 40);
	raw_record(&w, 0, CT_ENTER_VALUES, F, 50);
	raw_extended(&w, 0, CT_VALUES, (uint64_t[]){ 1, 7 }, 2, 50);
	raw_exit(&w, 0, F, 60);
	expect_records(&w, "f\n[note a note, 16 bytes]\nf\n", SEVEN, 3);
}

Test(trace_value_calls, of_calls_that_are_dropped)
{
	struct call_image c;
	struct raw_writer w;

	records_begin(&w, &c);
	raw_record(&w, 0, CT_ENTER_VALUES, 9, 10); /* no such row */
	raw_extended(&w, 0, CT_VALUES, (uint64_t[]){ 1, 8 }, 2, 10);
	raw_record(&w, 0, CT_EXIT_VALUES, F, 20); /* not open */
	raw_extended(&w, 0, CT_VALUES, (uint64_t[]){ 1, 8 }, 2, 20);
	raw_record(&w, 0, CT_ENTER_VALUES, F, 50);
	raw_extended(&w, 0, CT_VALUES, (uint64_t[]){ 1, 7 }, 2, 50);
	raw_exit(&w, 0, F, 60);
	expect_records(&w, "f\n", SEVEN, 2);
}

/* The word behind it is no record, whatever it looks like; nor is it where the writer died in it. */
Test(trace_value_calls, one_word)
{
	for (int row = 0; row < 3; row++) {
		struct call_image c;
		struct raw_writer w;

		records_begin(&w, &c);
		raw_record(&w, 0, CT_ENTER_VALUES, F, 10);
		raw_extended(&w, 0, CT_VALUES, (uint64_t[]){ 1, 7 }, 2, 10);
		raw_record(&w, 0, CT_EXIT_WORD, row == 2 ? 9 : row == 1 ? F : 0, 20); /* 9: no such row */
		raw_word(&w, 0, ct_record(CT_ENTER, F, RAW_BEGIN + 20));
		raw_exit(&w, 0, F, row == 1 ? 30 : 20);
		expect_records(&w, "f\n", SEVEN, row == 0 ? 0 : 1);
	}
}

/* A chunk ends in the middle of the record: the file was cut there. */
Test(trace_value_calls, cut_off_at_the_end)
{
	struct call_image c;
	struct raw_writer w;

	records_begin(&w, &c);
	raw_record(&w, 0, CT_ENTER_VALUES, F, 10);
	raw_word(&w, 0, ct_record(CT_EXTENDED, ct_extended_id(CT_VALUES, 600), RAW_BEGIN + 10));
	raw_word(&w, 0, 1);
	raw_word(&w, 0, 7);
	expect_records(&w, "f\nopen\n", "", 1);
}

/* Where records are missing, calls are still matched with their values. */
Test(trace_value_calls, with_losses)
{
	struct call_image c;
	struct raw_writer w;

	records_begin(&w, &c);
	w.session.lost[CT_LOST_NO_SPACE] = 1;
	for (unsigned n = 0; n < 2; n++) {
		raw_record(&w, 0, CT_ENTER_VALUES, F, 10 + n);
		raw_extended(&w, 0, CT_VALUES, (uint64_t[]){ 1, 7 }, 2, 10 + n);
	}
	raw_exit(&w, 0, F, 60);
	expect_records(&w, "f\nunseen\nf\n", SEVEN SEVEN, 0);
}
