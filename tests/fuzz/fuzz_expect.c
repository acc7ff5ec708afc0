/*
 * fuzz_expect.c - any bytes as an expectation file: read, and what could be read held against a few calls.
 */
#include "driver.h"
#include "match/expectation.h"

/* main { open(host="db", port=80) -> 3, send(fd=3, flags=SYN|ACK) -> -1 twice, close(fd=3) } */
static const char *values(void *user, const struct ct_calls *calls, struct ct_call_id id,
                          enum ct_values_kind kind, struct ct_text *scratch, const char **why)
{
	(void) user;
	(void) scratch;
	*why = "not recorded";
	if (kind == CT_VALUES_AFTER)
		return NULL;
	return (const char *) (uintptr_t) ct_calls_value(calls, id, kind == CT_VALUES_RETURNED);
}

static void add(struct ct_calls *calls, const char *name, const char *arguments, const char *returned)
{
	struct ct_calls_function f = { .name = name, .file = "/n.c", .line = 3, .address = 1 };
	struct ct_call_id id = { 0, 0 };
	uint32_t row = 0;

	while (row < calls->function_count && strcmp(calls->functions[row].name, name) != 0)
		row++;
	if (row == calls->function_count) {
		ct_calls_add_function(calls, &f);
		ct_calls_add_place(calls, &(struct ct_calls_place){ .function = row, .file = "/n.c", .line = 9 });
	}
	id.number = ct_calls_enter(calls, 0, row, calls->threads[0].count, CT_PHASE_BODY, 0);
	ct_calls_values(calls, id, 0, (uint64_t) (uintptr_t) arguments);
	ct_calls_values(calls, id, 1, (uint64_t) (uintptr_t) returned);
	if (returned)
		ct_calls_leave(calls, 0, CT_STATE_RETURNED, calls->threads[0].count);
}

static void make(struct ct_calls *calls)
{
	ct_calls_init(calls, &(struct ct_calls_source){ NULL, values, NULL });
	ct_calls_add_thread(calls, 1, "t", true);
	add(calls, "main", "[]", NULL);
	add(calls, "open",
	    "[{\"name\":\"host\",\"type\":\"const char *\",\"value\":\"db\",\"address\":\"0x10\"},"
	    "{\"name\":\"port\",\"type\":\"int\",\"value\":80}]", "{\"type\":\"int\",\"value\":3}");
	for (int i = 0; i < 3; i++)
		add(calls, i == 2 ? "close" : "send",
		    i == 2 ? "[{\"name\":\"fd\",\"type\":\"int\",\"value\":3}]"
		           : "[{\"name\":\"fd\",\"type\":\"int\",\"value\":3},{\"name\":\"p\",\"type\":\"struct p *\",\"value\":"
		             "{\"x\":[1,2],\"f\":\"SYN|ACK\"},\"address\":\"0x20\"}]",
		    "{\"type\":\"int\",\"value\":-1}");
}

static void tell(const struct ct_expect_result *result, void *user)
{
	const struct ct_verdict *v = &result->verdict;

	(void) user;
	if (!result->skipped && v->kind != CT_VERDICT_MET && (!v->message.length || v->message.length > 16 << 10))
		abort();
}

/* Values come from files, too: whatever is in there is taken for a value, and shown. */
static void as_values(const uint8_t *data, size_t size)
{
	static const struct ct_style style = { .plain = true };
	struct ct_arena arena = {0};
	struct ct_text text = {0}, shown = {0};
	struct ct_datum datum;

	ct_text_add_n(&text, (const char *) data, size);
	if (ct_datum_arguments(text.data, &arena, &datum) || ct_datum_returned(text.data, &arena, &datum))
		ct_datum_show(&datum, &style, &shown);
	if (shown.length && (strpbrk(shown.data, "\"\\\n") || shown.length > 1000))
		abort();
	ct_text_deinit(&text);
	ct_text_deinit(&shown);
	ct_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ct_style style = { .plain = true };
	struct ct_text problems = {0};
	struct ct_expect_file file;
	struct ct_calls calls;
	bool ok;

	as_values(data, size);
	ok = ct_expect_parse("f", (const char *) data, size, &file, &problems);

	if (ok == (problems.length > 0)) /* what is wrong is said, and nothing else is */
		abort();
	make(&calls);
	for (size_t i = 0; ok && i < file.block_count; i++)
		ct_expect_run(&file.blocks[i], &calls, &style, tell, NULL);
	ct_calls_deinit(&calls);
	ct_expect_deinit(&file);
	ct_text_deinit(&problems);
	return 0;
}

static const char *const begins[] = {
	"test s::*, t::u[2] except s::x optional on each\n"
	"    call open(\"db\", 80) -> $fd  # a comment\n"
	"    next send($fd, {x = [1, ...], f = SYN|ACK}) -> -1 x2..3 from main\n"
	"    not  close(1)\n"
	"    unordered\n        call send(fd = $fd, ...) ?\n        call close($fd) x*\n    end\n"
	"end\n",
	"test t::u\n"
	"    within main\n        call open(~\"d*\", 70..90)\n        call close(not 2 or 3)\n    end\n"
	"    exact open, close\n        call open(host != NULL, port > 1)\n        gap\n        call close\n    end\n"
	"    count send(_, *{x = _}) 2\n    count open == close\n    count send(fd = 0x3, p.x = [1, 2]) 1..\n"
	"    depth main <= 1\n    never send(3 +- 0.5, ...)\n    always open(~/^d.$/, 80)\n    only main, open, send, close\n"
	"end\n",
	"test t::u\n    call \"open\"('\\x41', -2.5e3) -> nan in any\n    call n.c:send(@close, after \"a\\n\\\"\")\n"
	"    call s*(bits A|B, 340282366920938463463374607431768211455)\nend\n"
	"program main\n    count open <= 3\n    count close >= 1\nend\n",
	"[{\"name\":\"a\",\"type\":\"struct p *\",\"is\":\"p8\",\"address\":\"0x1000\",\"value\":{\"value\":{\"x\":{\"value\":1,"
	"\"is\":\"s4\"},\"s\":{\"value\":\"a\\u0001\\\"\\ud83d\\ude00\",\"is\":\"p8\",\"truncated\":true}},\"is\":\"o16\"}},"
	"{\"name\":\"f\",\"type\":\"enum f\",\"is\":\"E4\",\"number\":18,\"value\":\"A|B\"},{\"name\":\"c\",\"type\":\"char\",\"is\":"
	"\"c1\",\"number\":-1,\"value\":\"\\ufffd\",\"bytes\":\"ff\"},{\"name\":\"u\",\"type\":\"int\",\"unavailable\":\"overwritten\"},"
	"{\"name\":\"v\",\"type\":\"int [2]\",\"value\":[[1,2.5e3],[{\"value\":3,\"unreadable\":true},null,true]]}]",
};

static bool fuzz_begin(unsigned n, struct ct_text *input)
{
	if (n >= sizeof begins / sizeof *begins)
		return false;
	ct_text_add(input, begins[n]);
	return true;
}
