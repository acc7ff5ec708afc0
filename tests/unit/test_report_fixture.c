#include "test_report_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct function {
	const char *name;
	uint32_t file, line, flags;
};

enum { APP_C, LIB_C, TEST_C, INLINE_H, FILES };
static const char *const files[FILES] = { "/src/app.c", "/src/lib.c", "/src/test_app.c",
	                                  "/usr/include/inline.h" };
static const uint32_t file_flags[FILES] = { [TEST_C] = CT_FILE_TESTS, [INLINE_H] = CT_FILE_SYSTEM };

#define INSTRUMENTED CT_FUNCTION_INSTRUMENTED
static const struct function app[APP_FUNCTIONS] = {
	[PARSE] = { "parse", APP_C, 10, INSTRUMENTED },
	[HELPER] = { "helper", APP_C, 20, INSTRUMENTED | CT_FUNCTION_STATIC },
	[UNUSED] = { "unused", APP_C, 30, INSTRUMENTED },
	[PLAIN] = { "plain", APP_C, 50, 0 },
	[TEST] = { "suite_one_impl", TEST_C, 8, INSTRUMENTED | CT_FUNCTION_TEST },
	[PLUMBING] = { "suite_one_jmp", TEST_C, 8, INSTRUMENTED | CT_FUNCTION_PLUMBING },
	[SYSINLINE] = { "sysinline", INLINE_H, 3, INSTRUMENTED },
	[ARTIFICIAL] = { "_GLOBAL__sub_I_x", APP_C, 60, INSTRUMENTED | CT_FUNCTION_ARTIFICIAL },
};
static const struct function lib = { "add", LIB_C, 5, INSTRUMENTED };

struct site {
	uint64_t address;
	int caller, callee; /* -1: none */
	const char *name;
	uint32_t file, line;
	uint16_t ordinal;
	uint8_t kind;
};

static const struct site app_sites[] = {
	{ PARSE_HELPER, PARSE, HELPER, "", APP_C, 11, 0, CT_SITE_DIRECT },
	{ PARSE_HELPER_2, PARSE, HELPER, "", APP_C, 11, 1, CT_SITE_DIRECT },
	{ PARSE_ADD, PARSE, -1, "add", APP_C, 12, 0, CT_SITE_EXTERNAL },
	{ PARSE_PRINTF, PARSE, -1, "printf", APP_C, 13, 0, CT_SITE_EXTERNAL },
	{ PARSE_POINTER, PARSE, -1, "", APP_C, 14, 0, CT_SITE_INDIRECT },
	{ PARSE_SYSINLINE, PARSE, SYSINLINE, "", APP_C, 15, 0, CT_SITE_INLINED },
	{ PARSE_PLAIN, PARSE, PLAIN, "", APP_C, 16, 0, CT_SITE_DIRECT },
	{ HELPER_UNUSED, HELPER, UNUSED, "", APP_C, 21, 0, CT_SITE_DIRECT },
	{ UNUSED_ADD, UNUSED, -1, "add", APP_C, 31, 0, CT_SITE_EXTERNAL },
	{ TEST_PARSE, TEST, PARSE, "", TEST_C, 9, 0, CT_SITE_DIRECT },
};
enum { APP_SITES = sizeof app_sites / sizeof *app_sites };

/* An index in memory; what it points to is static, so that nothing needs closing. */
struct tables {
	struct ct_index_header header;
	char strings[1024];
	uint32_t string_size;
	struct ct_index_file files[FILES];
	struct ct_index_function functions[APP_FUNCTIONS];
	struct ct_index_site sites[APP_SITES];
};

static uint32_t string(struct tables *t, const char *text)
{
	uint32_t at = t->string_size ? t->string_size : 1;

	if (!text[0])
		return 0;
	strcpy(t->strings + at, text);
	t->string_size = at + (uint32_t) strlen(text) + 1;
	return at;
}

static void add_function(struct tables *t, const struct function *f)
{
	uint32_t row = t->header.functions.count++;

	t->functions[row] = (struct ct_index_function){
		.address = 0x100 * (row + 1ull), .name = string(t, f->name),
		.linkage = string(t, f->name), .file = f->file, .line = f->line,
		.unit = CT_NONE, .flags = f->flags,
	};
}

static void add_site(struct tables *t, const struct site *s)
{
	t->sites[t->header.sites.count++] = (struct ct_index_site){
		.address = s->address, .caller = (uint32_t) s->caller,
		.outer = (uint32_t) s->caller,
		.callee = s->callee < 0 ? CT_NONE : (uint32_t) s->callee,
		.callee_name = string(t, s->name), .file = s->file, .line = s->line,
		.ordinal = s->ordinal, .kind = s->kind,
	};
}

static void make(struct tables *t, struct ct_index *out)
{
	for (uint32_t i = 0; i < FILES; i++)
		t->files[i] = (struct ct_index_file){ string(t, files[i]), file_flags[i] };
	t->header.files.count = FILES;
	t->header.flags = CT_INDEX_HAS_DWARF | CT_INDEX_INSTRUMENTED;
	*out = (struct ct_index){ .header = &t->header, .strings = t->strings, .files = t->files,
		                  .functions = t->functions, .sites = t->sites };
}

static bool open_index(const char *path, const char *build_id, struct ct_index *out,
                       struct ct_error *err)
{
	static struct tables tables[2];
	bool is_lib = strcmp(path, "/bin/libadd.so") == 0;
	struct tables *t = &tables[is_lib];

	if (build_id && strcmp(build_id, "0ld") == 0)
		return ct_fail(err, CT_EMISMATCH, "%s: was rebuilt", path);
	memset(t, 0, sizeof *t);
	if (is_lib) {
		add_function(t, &lib);
	} else {
		for (size_t i = 0; i < APP_FUNCTIONS; i++)
			add_function(t, &app[i]);
		for (size_t i = 0; i < APP_SITES; i++)
			add_site(t, &app_sites[i]);
	}
	make(t, out);
	return true;
}

static void close_index(struct ct_index *index)
{
	(void) index;
}

const struct ct_index_source fixture_indexes = { open_index, close_index };

static const struct ct_trace_module modules[] = { { "/bin/app", "a1", 0, NULL, false },
	                                          { "/bin/libadd.so", "b1", 0, NULL, false } };

void fixture_begin(struct fixture_trace *trace, const char *suite, const char *test,
                   int32_t parameter, enum ct_status status)
{
	*trace = (struct fixture_trace){
		.meta = { .executable = "/bin/app", .complete = true },
		.test = { .suite = suite, .name = test, .parameter = parameter, .status = status },
	};
	for (uint32_t i = 0; i <= APP_FUNCTIONS; i++) {
		const struct function *f = i < APP_FUNCTIONS ? &app[i] : &lib;

		trace->functions[i] = (struct ct_trace_function){
			.name = f->name, .file = files[f->file], .line = f->line,
			.module = i == APP_FUNCTIONS,
			.address = 0x100 * (i == APP_FUNCTIONS ? 1 : i + 1ull), .flags = f->flags,
		};
	}
	trace->view = (struct ct_trace_view){
		.path = "trace.json", .meta = &trace->meta, .test = &trace->test,
		.modules = modules, .functions = trace->functions, .pairs = trace->pairs,
		.sites = trace->sites, .module_count = 2, .function_count = APP_FUNCTIONS + 1,
	};
}

static uint32_t row(int function)
{
	return function == ADD ? APP_FUNCTIONS : (uint32_t) function;
}

void fixture_enter(struct fixture_trace *trace, int function, uint64_t calls)
{
	trace->functions[row(function)].calls += calls;
	trace->meta.total_calls += calls;
}

void fixture_call(struct fixture_trace *trace, int caller, int callee, uint64_t site,
                  uint64_t calls, const char *through)
{
	fixture_enter(trace, callee, calls);
	trace->pairs[trace->view.pair_count++] =
		(struct ct_trace_pair){ row(caller), row(callee), calls, through };
	if (site)
		trace->sites[trace->view.site_count++] = (struct ct_trace_site){
			.caller = row(caller), .callee = row(callee), .module = 0,
			.address = site, .calls = calls,
		};
}

struct ct_cover_function *fixture_function(struct ct_coverage *model, const char *name)
{
	for (uint32_t i = 0; i < model->function_count; i++)
		if (strcmp(model->functions[i].name, name) == 0)
			return &model->functions[i];
	cr_assert_fail("no function %s", name);
	abort();
}

struct ct_cover_pair *fixture_pair(struct ct_coverage *model, const char *caller,
                                   const char *callee)
{
	for (uint32_t i = 0; i < model->pair_count; i++)
		if (strcmp(model->functions[model->pairs[i].caller].name, caller) == 0
		    && strcmp(model->functions[model->pairs[i].callee].name, callee) == 0)
			return &model->pairs[i];
	cr_assert_fail("no call pair %s, %s", caller, callee);
	abort();
}

struct ct_cover_site *fixture_site(struct ct_coverage *model, uint32_t line, unsigned nth)
{
	for (uint32_t i = 0; i < model->site_count; i++)
		if (strcmp(model->files[model->sites[i].file].name, files[APP_C]) == 0
		    && model->sites[i].line == line && nth-- == 0)
			return &model->sites[i];
	cr_assert_fail("no call site on line %u", line);
	abort();
}

char *fixture_print(const struct ct_coverage *model, const char *format,
                    struct ct_output_options options)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	options.width = 80;
	ct_output_find(format)->write(model, &options, to);
	fclose(to);
	return text;
}

struct ct_coverage *fixture_model(const struct ct_merge_options *options)
{
	struct ct_merge *merge = ct_merge_new(&fixture_indexes);
	static const struct ct_merge_options none;
	struct fixture_trace one, two;

	fixture_begin(&one, "suite", "one", -1, CT_STATUS_PASSED);
	fixture_enter(&one, TEST, 1);
	fixture_call(&one, TEST, PARSE, TEST_PARSE, 2, NULL);
	fixture_call(&one, PARSE, HELPER, PARSE_HELPER, 3, NULL);
	fixture_call(&one, PARSE, ADD, PARSE_ADD, 2, NULL);
	ct_merge_view(merge, &one.view);
	fixture_begin(&two, "suite", "two", -1, CT_STATUS_CRASHED);
	fixture_call(&two, TEST, PARSE, 0, 1, NULL);
	fixture_call(&two, PARSE, ADD, PARSE_POINTER, 5, NULL);
	fixture_call(&two, PARSE, SYSINLINE, PARSE_SYSINLINE, 1, NULL);
	fixture_call(&two, ADD, HELPER, 0, 4, "libc.so.6");
	two.meta.complete = false;
	ct_merge_view(merge, &two.view);
	return ct_merge_finish(merge, options ? options : &none);
}
