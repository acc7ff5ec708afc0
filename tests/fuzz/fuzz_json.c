/*
 * fuzz_json.c - any bytes as a JSON trace: opened, and walked as far as it goes.
 */
#include "driver.h"
#include "through_file.h"
#include "trace/trace.h"

static bool on_enter(const struct ct_trace_call *call, void *user)
{
	if (call->depth != (*(uint32_t *) user)++)
		abort();
	return true;
}

static bool on_leave(const struct ct_trace_call *call, void *user)
{
	if (call->depth != --*(uint32_t *) user)
		abort();
	return true;
}

static bool on_mark(enum ct_extended kind, uint64_t time, const char *text, uint32_t depth,
                    void *user)
{
	(void) kind;
	(void) time;
	if (depth != *(uint32_t *) user || (text && strlen(text) > 1u << 30))
		abort();
	return true;
}

/* Rows refer to rows that are there: that is what open promises. */
static void follow(struct ct_trace *trace)
{
	size_t functions, sites, pairs, modules;
	const struct ct_trace_function *f = ct_trace_functions(trace, &functions);
	const struct ct_trace_site *s = ct_trace_sites(trace, &sites);
	const struct ct_trace_pair *p = ct_trace_pairs(trace, &pairs);

	ct_trace_modules(trace, &modules);
	for (size_t i = 0; i < functions; i++)
		if (!f[i].name || (f[i].module != CT_NO_ROW && f[i].module >= modules))
			abort();
	for (size_t i = 0; i < sites; i++)
		if (s[i].caller >= functions || s[i].callee >= functions)
			abort();
	for (size_t i = 0; i < pairs; i++)
		if (p[i].caller >= functions || p[i].callee >= functions)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ct_walker walker = { on_enter, on_leave, on_mark, false, NULL };
	struct ct_trace *trace;
	struct ct_error err = { .text = "" };
	char path[64];
	int fd = fuzz_file(data, size, path);

	if (ct_trace_open(path, NULL, &trace, &err)) {
		size_t threads;

		follow(trace);
		ct_trace_threads(trace, &threads);
		for (uint32_t i = 0; i < threads && i < 64; i++) {
			uint32_t depth = 0;

			if (!ct_trace_walk(trace, i, &walker, &depth, &err) && !err.text[0])
				abort();
			if (depth != 0)
				abort();
		}
		ct_trace_close(trace);
	} else if (!err.text[0]) {
		abort();
	}
	close(fd);
	return 0;
}

static const char *const begins[] = {
	"{\"metadata\":{\"version\":\"0.1.0\",\"timestamp\":\"2026-11-23T04:16:07.738059771Z\",\"total_calls\":3,"
	"\"pid\":7058,\"role\":\"worker\",\"test\":{\"suite\":\"s\",\"name\":\"t\",\"parameter\":null,\"status\":"
	"\"passed\",\"ended\":\"returned\"},\"flags\":{\"capture_args\":false,\"max_depth\":100},\"complete\":true,"
	"\"lost\":{\"depth\":3},\"damaged\":0,\"modules\":[{\"path\":\"/a\\u00e9\\ud83d\\ude00\",\"build_id\":\"c8\"}]},"
	"\"summary\":{\"functions\":[{\"id\":0,\"function\":\"add\",\"file\":\"p.c\",\"line\":6,\"module\":0,"
	"\"address\":\"0x11b9\",\"calls\":2},{\"id\":1,\"function\":\"main\",\"calls\":1}],\"call_pairs\":"
	"[{\"caller\":\"main\",\"callee\":\"add\",\"caller_id\":1,\"callee_id\":0,\"through\":\"libc\",\"calls\":2}],"
	"\"call_sites\":[{\"caller_id\":1,\"callee_id\":0,\"file\":\"p.c\",\"line\":8,\"module\":0,\"address\":\"0x1\","
	"\"ordinal\":0,\"calls\":2}],\"threads\":[{\"thread_id\":1,\"calls\":3},{\"thread_id\":1,\"calls\":0}]},"
	"\"call_trees\":{\"1\":{\"thread_id\":1,\"marks\":[{\"kind\":\"note\",\"text\":\"x\",\"time\":3,\"depth\":1,"
	"\"calls_before\":2},{\"kind\":\"failure\",\"fatal\":true,\"time\":9,\"depth\":0,\"calls_before\":3}],\"calls\":"
	"[{\"function\":\"main\",\"id\":1,\"address\":\"0x55\",\"start_time\":1,\"phase\":\"body\",\"children\":"
	"[{\"function\":\"add\",\"id\":0,\"address\":\"0x44\",\"site\":0,\"start_time\":2,\"children\":[],\"end_time\":3},"
	"{\"function\":\"add\",\"id\":0,\"address\":\"0x44\",\"through\":\"libc\",\"start_time\":4,\"children\":[],"
	"\"end_time\":5,\"ended\":\"unwound\",\"truncated\":3}],\"end_time\":6}]},\"1.1\":{\"calls\":[]}}}",
	"{\"call_trees\":{\"7\":{\"calls\":[{\"children\":[{\"children\":[],\"end_time\":6.0,\"id\":0,\"start_time\":5}],"
	"\"id\":1,\"start_time\":4}]}},\"summary\":{\"functions\":[{\"function\":\"a\"},{\"function\":\"b\"}],"
	"\"threads\":[{\"thread_id\":7}]},\"metadata\":{\"version\":\"0.1\"},\"x\":[1,[2,{\"y\":\"}\"}],-1e5,true,null]}",
};

static bool fuzz_begin(unsigned n, struct ct_text *input)
{
	if (n >= sizeof begins / sizeof *begins)
		return false;
	ct_text_add(input, begins[n]);
	return true;
}
