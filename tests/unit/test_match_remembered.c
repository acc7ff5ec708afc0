/* Answers that are given again without being found again: only to the very same question, over the very same calls. */
#include "match_calls.h"

#include "match/remembered.h"

#define INTEGER(v) { .kind = CT_OPERAND_INTEGER, .integer = v }
#define MATCHER(...) (&(const struct ct_matcher){ __VA_ARGS__ })
#define EQ(v) MATCHER(.kind = CT_MATCH_EQ, .a = INTEGER(v))
#define P(...) { .name = "f", __VA_ARGS__ }
#define WITH(m) P(.has_arguments = true, .argument_count = 1, .arguments = m)

static bool yes(const struct ct_datum *datum, void *user)
{
	(void) datum;
	(void) user;
	return true;
}

static const struct ct_pattern inner = { .name = "g" }, other_inner = { .name = "h" };

/* Each is another question than every other. */
static const struct ct_pattern patterns[] = {
	P(),
	{ .name = "g" },
	{ .address = 0x1000 },
	{ .address = 0x1010 },
	P(.source = "&f"),
	P(.has_arguments = true),
	WITH(EQ(1)),
	WITH(EQ(2)),
	WITH(MATCHER(.kind = CT_MATCH_EQ, .a = INTEGER(1), .source = "ONE")),
	WITH(MATCHER(.kind = CT_MATCH_EQ, .a = { .kind = CT_OPERAND_INTEGER, .integer = 1, .is_unsigned = true })),
	WITH(MATCHER(.kind = CT_MATCH_EQ, .a = INTEGER((__int128) 1 << 64 | 1))),
	WITH(MATCHER(.kind = CT_MATCH_NE, .a = INTEGER(1))),
	WITH(MATCHER(.kind = CT_MATCH_RANGE, .a = INTEGER(1), .b = INTEGER(2))),
	WITH(MATCHER(.kind = CT_MATCH_RANGE, .a = INTEGER(1), .b = INTEGER(3))),
	WITH(MATCHER(.kind = CT_MATCH_EQ, .a = { .kind = CT_OPERAND_FLOAT, .real = 0.5 })),
	WITH(MATCHER(.kind = CT_MATCH_EQ, .a = { .kind = CT_OPERAND_FLOAT, .real = 0.25 })),
	WITH(MATCHER(.kind = CT_MATCH_ADDRESS, .a = { .kind = CT_OPERAND_ADDRESS, .address = 1 })),
	WITH(MATCHER(.kind = CT_MATCH_ADDRESS, .a = { .kind = CT_OPERAND_ADDRESS, .address = 2 })),
	WITH(MATCHER(.kind = CT_MATCH_STRING, .a = { .kind = CT_OPERAND_STRING, .text = "a\0b", .length = 3 })),
	WITH(MATCHER(.kind = CT_MATCH_STRING, .a = { .kind = CT_OPERAND_STRING, .text = "a\0c", .length = 3 })),
	WITH(MATCHER(.kind = CT_MATCH_STRING, .a = { .kind = CT_OPERAND_STRING, .text = "a\0c", .length = 2 })),
	WITH(MATCHER(.kind = CT_MATCH_EQ, .a = { .kind = CT_OPERAND_WORD, .text = "A" })),
	WITH(MATCHER(.kind = CT_MATCH_EQ, .a = { .kind = CT_OPERAND_WORD, .text = "B" })),
	WITH(MATCHER(.kind = CT_MATCH_NAMED, .text = "n", .items = EQ(1))),
	WITH(MATCHER(.kind = CT_MATCH_NAMED, .text = "n", .items = EQ(2))),
	WITH(MATCHER(.kind = CT_MATCH_NAMED, .text = "m", .items = EQ(2))),
	WITH(MATCHER(.kind = CT_MATCH_DEREF, .items = EQ(1))),
	WITH(MATCHER(.kind = CT_MATCH_AFTER, .items = EQ(1))),
	WITH(MATCHER(.kind = CT_MATCH_NOT, .items = EQ(1))),
	WITH(MATCHER(.kind = CT_MATCH_IN, .count = 1, .items = EQ(1))),
	WITH(MATCHER(.kind = CT_MATCH_IN, .items = EQ(1))), /* none */
	WITH(MATCHER(.kind = CT_MATCH_ELEMENTS, .count = 1, .items = EQ(1))),
	P(.returned = EQ(1)),
	P(.returned = EQ(2)),
	P(.from = &inner),
	P(.from = &other_inner),
	P(.within = &inner),
	P(.thread = CT_THREAD_TEST),
	P(.thread = CT_THREAD_NUMBER, .thread_number = 1),
	P(.thread = CT_THREAD_NUMBER, .thread_number = 2),
	P(.phases = 1u << CT_PHASE_SETUP),
	P(.since = 1),
	P(.nth = 1),
	P(.nth = -1),
};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

struct asked {
	struct made made;
	struct ct_matching m;
};

static void begin(struct asked *a)
{
	made_begin(&a->made, "f", "g", "h", NULL);
	ct_matching_init(&a->m, &a->made.calls, NULL);
}

static void end(struct asked *a)
{
	ct_matching_deinit(&a->m);
	made_end(&a->made);
}

static void keep_key(struct asked *a, struct ct_key *key, uint64_t number, const char *message)
{
	struct ct_verdict v = { .kind = message ? CT_VERDICT_UNMET : CT_VERDICT_MET };

	if (message)
		ct_text_add(&v.message, message);
	ct_remember(&a->m, key, &v, number);
	ct_key_deinit(key);
	ct_verdict_deinit(&v);
}

static void keep(struct asked *a, const struct ct_pattern *p, uint64_t number, const char *message)
{
	struct ct_key key = {0};

	ct_key_pattern(&key, p);
	keep_key(a, &key, number, message);
}

/* The number, or -1: it must be found out. */
static int64_t recall(struct asked *a, const struct ct_pattern *p, const char *message)
{
	struct ct_key key = {0};
	struct ct_verdict v = {0};
	uint64_t number = 0;
	bool found;

	ct_key_pattern(&key, p);
	found = ct_remembered(&a->m, &key, &v, &number);
	if (found) {
		cr_expect_eq(v.kind, message ? CT_VERDICT_UNMET : CT_VERDICT_MET);
		cr_expect_str_eq(v.message.data ? v.message.data : "", message ? message : "");
	}
	ct_key_deinit(&key);
	ct_verdict_deinit(&v);
	return found ? (int64_t) number : -1;
}

Test(match_remembered, every_question_has_its_own_answer)
{
	struct asked a;

	begin(&a);
	for (int i = 0; i < PATTERNS; i++) {
		cr_expect_eq(recall(&a, &patterns[i], NULL), -1, "pattern %d was asked before", i);
		keep(&a, &patterns[i], (uint64_t) i, NULL);
	}
	for (int i = 0; i < PATTERNS; i++)
		cr_expect_eq(recall(&a, &patterns[i], NULL), i, "pattern %d", i);
	end(&a);
}

Test(match_remembered, an_equal_question_in_other_memory_is_the_same)
{
	char name[] = "f", text[] = "a\0b";
	const struct ct_matcher again = { .kind = CT_MATCH_STRING,
		                          .a = { .kind = CT_OPERAND_STRING, .text = text, .length = 3 } };
	const struct ct_pattern p = { .name = name, .has_arguments = true, .argument_count = 1, .arguments = &again };
	struct asked a;

	begin(&a);
	keep(&a, &patterns[18], 18, "no");
	cr_expect_eq(recall(&a, &p, "no"), 18);
	text[2] = 'c';
	cr_expect_eq(recall(&a, &p, "no"), -1);
	end(&a);
}

Test(match_remembered, whatever_is_new_ends_it)
{
	struct asked a;

	begin(&a);
	keep(&a, patterns, 1, "no");
	cr_expect_eq(recall(&a, patterns, "no"), 1);
	made_enter(&a.made, "h", NULL);
	cr_expect_eq(recall(&a, patterns, "no"), -1, "a call");
	keep(&a, patterns, 2, NULL);
	cr_expect_eq(recall(&a, patterns, NULL), 2);
	made_leave(&a.made, NULL);
	cr_expect_eq(recall(&a, patterns, NULL), -1, "its end");
	keep(&a, patterns, 3, NULL);
	ct_calls_add_function(&a.made.calls, &(struct ct_calls_function){ .name = "i" });
	cr_expect_eq(recall(&a, patterns, NULL), -1, "a function");
	keep(&a, patterns, 4, NULL);
	ct_calls_add_thread(&a.made.calls, 1, NULL, false);
	cr_expect_eq(recall(&a, patterns, NULL), -1, "a thread");
	end(&a);
}

Test(match_remembered, the_window_is_part_of_the_question)
{
	struct asked a;

	begin(&a);
	keep(&a, patterns, 1, NULL);
	a.m.since = 5;
	cr_expect_eq(recall(&a, patterns, NULL), -1);
	keep(&a, patterns, 2, NULL);
	a.m.until = 5;
	cr_expect_eq(recall(&a, patterns, NULL), -1);
	a.m.until = 0;
	a.m.iteration = 1;
	cr_expect_eq(recall(&a, patterns, NULL), -1);
	a.m.iteration = 0;
	a.m.phases = 1u << CT_PHASE_SETUP;
	cr_expect_eq(recall(&a, patterns, NULL), -1);
	a.m.phases = 0;
	a.m.thread = CT_THREAD_TEST;
	cr_expect_eq(recall(&a, patterns, NULL), -1);
	a.m.thread = CT_THREAD_ANY;
	cr_expect_eq(recall(&a, patterns, NULL), 2);
	a.m.since = 0;
	cr_expect_eq(recall(&a, patterns, NULL), 1);
	end(&a);
}

Test(match_remembered, what_asks_the_user_is_asked_each_time)
{
	const struct ct_matcher asks = { .kind = CT_MATCH_PREDICATE, .predicate = yes };
	const struct ct_matcher around = { .kind = CT_MATCH_NOT, .items = &asks };
	const struct ct_pattern p = WITH(&around), within = P(.within = &p);
	const struct ct_bindings bound = {0};
	struct asked a;

	begin(&a);
	keep(&a, &p, 1, NULL);
	cr_expect_eq(recall(&a, &p, NULL), -1);
	keep(&a, &within, 1, NULL);
	cr_expect_eq(recall(&a, &within, NULL), -1);
	a.m.bound = &bound;
	keep(&a, patterns, 1, NULL);
	cr_expect_eq(recall(&a, patterns, NULL), -1, "what variables are bound to is not in the key");
	end(&a);
}

Test(match_remembered, the_newest_few_are_kept)
{
	char *name = ct_alloc(5001);
	struct ct_pattern p = { .name = name };
	struct asked a;

	memset(name, 'x', 5000);
	name[5000] = '\0';
	begin(&a);
	keep(&a, &p, 1, NULL);
	cr_expect_eq(recall(&a, &p, NULL), -1, "a name of 5000 letters");
	for (int i = 0; i < 200; i++)
		keep(&a, &(struct ct_pattern){ .name = "f", .since = (uint64_t) i }, (uint64_t) i, "no");
	for (int i = 0; i < 200; i++)
		cr_expect_eq(recall(&a, &(struct ct_pattern){ .name = "f", .since = (uint64_t) i }, "no"), i < 136 ? -1 : i);
	free(name);
	end(&a);
}

Test(match_remembered, lists)
{
	const struct ct_pattern f = P(), g = { .name = "g" };
	const struct ct_element calls[2] = { { .pattern = &f }, { .pattern = &g } };
	const struct ct_element lists[][2] = {
		{ { .pattern = &f }, { .pattern = &g } },
		{ { .pattern = &g }, { .pattern = &f } },
		{ { .pattern = &f, .least = 1, .most = 2 }, { .pattern = &g } },
		{ { .pattern = &f, .least = 2, .most = 2 }, { .pattern = &g } },
		{ { .pattern = &f, .kind = CT_ELEMENT_NEVER }, { .pattern = &g } },
		{ { .kind = CT_ELEMENT_UNORDERED, .items = calls, .count = 2 }, { .pattern = &g } },
		{ { .kind = CT_ELEMENT_UNORDERED, .items = calls, .count = 1 }, { .pattern = &g } },
	};
	struct ct_verdict v = {0};
	uint64_t number;
	struct asked a;

	begin(&a);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
			struct ct_key key = {0};

			ct_key_elements(&key, lists[i], 2);
			cr_expect_eq(ct_remembered(&a.m, &key, &v, &number), round, "list %zu", i);
			if (round) {
				cr_expect_eq(number, i);
				ct_key_deinit(&key);
			} else {
				keep_key(&a, &key, i, NULL);
			}
		}
	ct_verdict_deinit(&v);
	end(&a);
}
