/* The index: opening it, whatever the file holds; looking things up; the cache; what it is made with. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/x86_64/decode.h"
#include "base/file.h"
#include "base/text.h"
#include "format/index.h"
#include "index/build.h"
#include "index/index.h"
#include "index_image.h"

static char folder[] = "/tmp/calltrace-test-XXXXXX";

static void make_folder(void)
{
	cr_assert(mkdtemp(folder));
	setenv("CALLTRACE_CACHE", folder, 1);
}

static void remove_folder(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", folder);
	cr_expect_eq(system(command), 0);
}

static const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static const char *write_file(const char *name, const void *bytes, size_t size)
{
	const char *path = in_folder(name);
	struct ct_error err;

	cr_assert(ct_file_replace(path, bytes, size, 0600, &err), "%s", err.text);
	return path;
}

static enum ct_code open_code(const void *bytes, size_t size)
{
	struct ct_error err = {0};
	struct ct_index x;

	if (ct_index_open(write_file("x.ctidx", bytes, size), false, &x, &err)) {
		ct_index_close(&x);
		return CT_OK;
	}
	cr_assert(strstr(err.text, "x.ctidx: ") && !strchr(err.text, '\n'), "%s", err.text);
	return err.code;
}

TestSuite(index_format, .init = make_folder, .fini = remove_folder);

Test(index_format, finds_hooks_sites_and_functions_by_address)
{
	struct image i = index_image();
	struct ct_index x;
	struct ct_error err;

	cr_assert(ct_index_open(write_file("x.ctidx", &i, sizeof i), true, &x, &err), "%s", err.text);
	cr_expect_eq(ct_index_hook_at(&x, 0x1008), &x.hooks[0]);
	cr_expect_eq(ct_index_hook_at(&x, 0x1118), &x.hooks[3]);
	cr_expect_null(ct_index_hook_at(&x, 0x1009));
	cr_expect_null(ct_index_hook_at(&x, UINT64_MAX));
	cr_expect_eq(ct_index_site_at(&x, 0x1020), &x.sites[1]);
	cr_expect_null(ct_index_site_at(&x, 0x1000));
	cr_expect_eq(ct_index_function_at(&x, 0x1000), &x.functions[0]);
	cr_expect_eq(ct_index_function_at(&x, 0x103f), &x.functions[0]);
	cr_expect_null(ct_index_function_at(&x, 0x1040), "a range ends before its high address");
	cr_expect_eq(ct_index_function_at(&x, 0x1080), &x.functions[1], "a second range");
	cr_expect_null(ct_index_function_at(&x, 0xfff));
	cr_expect_null(ct_index_function_at(&x, UINT64_MAX));
	cr_expect_str_eq(ct_index_string(&x, x.functions[1].name), "helper");
	follow_index(&x);
	ct_index_close(&x);
	cr_expect_null(ct_index_hook_at(&x, 0x1008), "closed: nothing is found");
	cr_expect_null(ct_index_site_at(&x, 0x1020));
	cr_expect_null(ct_index_function_at(&x, 0x1000));
}

Test(index_format, says_what_a_file_is_instead)
{
	struct image i = index_image();

	cr_expect_eq(open_code("", 0), CT_ENOTRACE, "empty");
	cr_expect_eq(open_code("#!/bin/sh\necho no\n", 18), CT_ENOTRACE, "foreign");
	cr_expect_eq(open_code(&i, 8), CT_ENOTRACE, "nothing but the magic");
	i.header.version++;
	cr_expect_eq(open_code(&i, sizeof i), CT_EVERSION, "newer");
	cr_expect_eq(open_code(&i, 16), CT_EVERSION, "newer, and cut short");
	i.header.version = 0;
	cr_expect_eq(open_code(&i, sizeof i), CT_EVERSION, "older");
}

/* Who makes an index, and cannot read it, is told of the binary: removing the index changes nothing. */
Test(index_format, one_that_was_just_made_is_sound)
{
	struct image i = index_image();
	const char *path = write_file("made.ctidx", &i, sizeof i);
	struct ct_index x;
	struct ct_error err;

	cr_assert(ct_index_open_made("./program", path, &x, &err), "%s", err.text);
	ct_index_close(&x);
	path = write_file("made.ctidx", &i, sizeof i - 1);
	cr_assert_not(ct_index_open_made("./program", path, &x, &err));
	cr_expect_eq(err.code, CT_EDAMAGED);
	cr_expect(strncmp(err.text, "./program: no index can be made of it", 37) == 0 && !strchr(err.text, '\n'), "%s", err.text);
	cr_expect_null(strstr(err.text, "remove it"), "%s", err.text);
	cr_expect(access(path, F_OK) != 0, "it is still there");
	cr_assert_not(ct_index_open_made("./program", path, &x, &err));
	cr_expect_eq(err.code, CT_EIO, "%s", err.text);
}

Test(index_format, refuses_what_is_no_file)
{
	struct ct_error err;
	struct ct_index x;

	cr_expect_not(ct_index_open(in_folder("missing"), false, &x, &err));
	cr_expect_eq(err.code, CT_EIO);
	cr_expect_not(ct_index_open(folder, false, &x, &err));
	cr_expect(strstr(err.text, "is a directory"), "%s", err.text);
	cr_expect_not(ct_index_open("/dev/null", false, &x, &err));
	cr_expect(strstr(err.text, "not a regular file"), "%s", err.text);
	cr_expect_not(ct_index_open("/dev/null", false, &x, NULL), "an error need not be asked for");
}

Test(index_format, trusts_only_what_others_cannot_write)
{
	struct image i = index_image();
	const char *path = write_file("x.ctidx", &i, sizeof i);
	struct ct_error err;
	struct ct_index x;

	cr_assert_eq(chmod(path, 0622), 0);
	cr_expect_not(ct_index_open(path, true, &x, &err));
	cr_expect(strstr(err.text, "others may write it"), "%s", err.text);
	cr_expect(ct_index_open(path, false, &x, &err));
	ct_index_close(&x);
	cr_assert_eq(chmod(path, 0600), 0);
	cr_assert_eq(symlink("x.ctidx", in_folder("link")), 0);
	cr_expect_not(ct_index_open(in_folder("link"), true, &x, &err), "a link is not followed");
}

Test(index_format, refuses_every_truncation)
{
	struct image i = index_image();

	for (size_t size = 12; size < sizeof i; size++)
		cr_assert_eq(open_code(&i, size), CT_EDAMAGED, "%zu bytes", size);
	cr_expect_eq(open_code(&i, sizeof i), CT_OK);
}

Test(index_format, survives_every_changed_byte)
{
	struct image whole = index_image();
	unsigned refused = 0;

	for (size_t at = 0; at < sizeof whole; at++)
		for (int bit = 0; bit < 9; bit++) {
			struct image i = whole;
			struct ct_index x;

			((uint8_t *) &i)[at] ^= bit == 8 ? 0xff : (uint8_t) (1u << bit);
			if (ct_index_open(write_file("x.ctidx", &i, sizeof i), false, &x, NULL)) {
				follow_index(&x);
				ct_index_close(&x);
			} else {
				refused++;
			}
		}
	cr_expect_gt(refused, sizeof whole, "most changes are noticed: %u", refused);
}

/* One reference of each kind out of bounds, and each order broken. */
Test(index_format, refuses_rows_that_lead_nowhere)
{
	static const struct { size_t at, size; uint64_t value; const char *what; } changes[] = {
		{ offsetof(struct image, header.file_size), 8, 1, "size of the file" },
		{ offsetof(struct image, header.build_id_size), 4, 33, "size of the build-id" },
		{ offsetof(struct image, header.text_low), 8, 0x3000, "text" },
		{ offsetof(struct image, header.binary), 4, sizeof image_strings, "binary" },
		{ offsetof(struct image, header.strings.count), 4, 0, "no strings" },
		{ offsetof(struct image, header.strings.count), 4, sizeof image_strings - 1, "open string" },
		{ offsetof(struct image, header.sites.offset), 8, UINT64_MAX - 7, "offset" },
		{ offsetof(struct image, header.sites.offset), 8, 0, "table over the header" },
		{ offsetof(struct image, header.sites.offset), 8, offsetof(struct image, sites) + 4, "alignment" },
		{ offsetof(struct image, header.sites.count), 4, UINT32_MAX, "count" },
		{ offsetof(struct image, header.sites.row_size), 4, 48, "size of rows" },
		{ offsetof(struct image, header.reserved_tables[0].count), 4, 1, "reserved table" },
		{ offsetof(struct image, files[0].name), 4, sizeof image_strings, "name of a file" },
		{ offsetof(struct image, units[0].file), 4, 1, "file of a unit" },
		{ offsetof(struct image, units[0].producer), 4, UINT32_MAX, "producer" },
		{ offsetof(struct image, functions[1].name), 4, sizeof image_strings, "name" },
		{ offsetof(struct image, functions[1].linkage), 4, sizeof image_strings, "linkage" },
		{ offsetof(struct image, functions[1].file), 4, 1, "file of a function" },
		{ offsetof(struct image, functions[1].unit), 4, 1, "unit" },
		{ offsetof(struct image, functions[1].size), 8, UINT64_MAX, "end of a function" },
		{ offsetof(struct image, functions[1].sites), 4, 2, "number of sites" },
		{ offsetof(struct image, ranges[1].low), 8, 0x103f, "overlapping ranges" },
		{ offsetof(struct image, ranges[1].high), 8, 0x1080, "empty range" },
		{ offsetof(struct image, ranges[1].function), 4, 2, "function of a range" },
		{ offsetof(struct image, hooks[1].address), 8, 0x1008, "order of hooks" },
		{ offsetof(struct image, hooks[1].function), 4, CT_NONE, "function of a hook" },
		{ offsetof(struct image, hooks[1].outer), 4, 2, "outer function of a hook" },
		{ offsetof(struct image, hooks[1].site), 4, 3, "site of a hook" },
		{ offsetof(struct image, hooks[1].exit), 1, 2, "kind of a hook" },
		{ offsetof(struct image, sites[1].address), 8, 0x1010, "order of sites" },
		{ offsetof(struct image, sites[1].caller), 4, 2, "caller" },
		{ offsetof(struct image, sites[1].outer), 4, CT_NONE, "outer function of a site" },
		{ offsetof(struct image, sites[1].callee), 4, 2, "callee" },
		{ offsetof(struct image, sites[1].callee_name), 4, sizeof image_strings, "name of a callee" },
		{ offsetof(struct image, sites[1].file), 4, 1, "file of a site" },
		{ offsetof(struct image, sites[1].kind), 1, CT_SITE_INLINED + 1, "kind of a site" },
	};

	for (size_t n = 0; n < sizeof changes / sizeof *changes; n++) {
		struct image i = index_image();

		memcpy((char *) &i + changes[n].at, &changes[n].value, changes[n].size);
		cr_expect_eq(open_code(&i, sizeof i), CT_EDAMAGED, "%s", changes[n].what);
	}
}

/* --- where indexes are cached --- */

static const uint8_t id[] = { 0x01, 0xab, 0xff };

static const char *cache_path(const char *own, const char *xdg, const char *home)
{
	static char path[64];
	static const char *const names[] = { "CALLTRACE_CACHE", "XDG_CACHE_HOME", "HOME" };
	const char *values[] = { own, xdg, home };

	for (int i = 0; i < 3; i++)
		if (values[i])
			setenv(names[i], values[i], 1);
		else
			unsetenv(names[i]);
	return ct_index_cache_path(id, sizeof id, path, sizeof path) ? path : NULL;
}

Test(index_cache, is_where_the_environment_says)
{
	char temporary[64];

	snprintf(temporary, sizeof temporary, "/tmp/calltrace-%u/01abff.ctidx", (unsigned) geteuid());
	cr_expect_str_eq(cache_path("/c", "/x", "/h"), "/c/01abff.ctidx");
	cr_expect_str_eq(cache_path("", "/x", "/h"), "/x/calltrace/01abff.ctidx");
	cr_expect_str_eq(cache_path(NULL, "relative", "/h"), "/h/.cache/calltrace/01abff.ctidx");
	cr_expect_str_eq(cache_path(NULL, NULL, NULL), temporary);
	cr_expect_null(cache_path("/a-directory-whose-name-is-too-long-for-the-buffer-of-this-test", NULL, NULL));
	cr_expect_not(ct_index_cache_path(id, 0, temporary, sizeof temporary), "no build-id: no name");
}

static const char *const self = "/proc/self/exe";

/* The files in a directory. */
static size_t files_in(const char *path)
{
	ct_auto_file list = NULL;
	char command[128], line[256];
	size_t count = 0;

	snprintf(command, sizeof command, "ls -A %s", path);
	list = popen(command, "r");
	while (fgets(line, sizeof line, list))
		count++;
	pclose(list);
	list = NULL;
	return count;
}

Test(index_cache, keeps_an_index_and_finds_it_again, .init = make_folder, .fini = remove_folder)
{
	struct ct_index first, second;
	struct ct_error err;
	uint8_t build_id[32];
	size_t size;

	cr_assert(ct_elf_build_id(self, build_id, &size, &err), "%s", err.text);
	cr_assert_gt(size, 0);
	cr_assert(ct_index_get(self, NULL, 0, &first, &err), "%s", err.text);
	cr_expect_eq(files_in(folder), 1, "the index, and no temporary");
	cr_expect(ct_index_get(NULL, build_id, size, &second, &err), "the binary is not needed: %s", err.text);
	cr_expect_eq(first.size, second.size);
	cr_expect_eq(memcmp(first.header, second.header, first.size), 0);
	ct_index_close(&first);
	ct_index_close(&second);
	build_id[0] ^= 1;
	cr_expect_not(ct_index_get(self, build_id, size, &first, &err));
	cr_expect_eq(err.code, CT_EMISMATCH, "%s", err.text);
	cr_expect_not(ct_index_get(NULL, build_id, size, &first, &err));
}

/* pitfall: 45 */
Test(index_cache, makes_a_damaged_index_anew, .init = make_folder, .fini = remove_folder)
{
	struct ct_index x;
	struct ct_error err;
	char path[256];

	cr_assert(ct_index_make_cached("/bin/true", path, sizeof path, &err), "%s", err.text);
	cr_assert_eq(truncate(path, 100), 0);
	cr_expect(ct_index_get("/bin/true", NULL, 0, &x, &err), "%s", err.text);
	ct_index_close(&x);
	cr_expect(ct_index_open(path, true, &x, &err), "%s", err.text);
	ct_index_close(&x);
	cr_assert_eq(chmod(path, 0666), 0);
	cr_expect(ct_index_get("/bin/true", NULL, 0, &x, &err), "others could have written it: %s", err.text);
	ct_index_close(&x);
}

Test(index_cache, is_not_needed, .init = make_folder, .fini = remove_folder)
{
	struct ct_index x;
	struct ct_error err;
	char path[256];

	setenv("TMPDIR", folder, 1);
	write_file("file", "", 0);
	setenv("CALLTRACE_CACHE", in_folder("file"), 1);
	cr_expect(ct_index_get("/bin/true", NULL, 0, &x, &err), "a file is in its place: %s", err.text);
	ct_index_close(&x);
	cr_expect_not(ct_index_make_cached("/bin/true", path, sizeof path, &err));
	cr_assert_eq(mkdir(in_folder("open"), 0700), 0);
	cr_assert_eq(chmod(in_folder("open"), 0777), 0);
	setenv("CALLTRACE_CACHE", in_folder("open"), 1);
	cr_expect(ct_index_get("/bin/true", NULL, 0, &x, &err), "everybody may write it: %s", err.text);
	ct_index_close(&x);
	cr_expect_eq(files_in(in_folder("open")), 0);
	cr_expect_eq(files_in(folder), 2, "no temporary stays");
}

/* --- hostile binaries --- */

TestSuite(index_damage, .init = make_folder, .fini = remove_folder, .timeout = 120);

static bool make_of(const void *bytes, size_t size, struct ct_error *err)
{
	char output[128];
	struct ct_index x;
	bool made;

	snprintf(output, sizeof output, "%s/made.ctidx", folder);
	made = ct_index_make(write_file("binary", bytes, size), output, err);
	if (made) {
		cr_assert(ct_index_open(output, false, &x, err), "%s", err->text);
		follow_index(&x);
		ct_index_close(&x);
	}
	return made;
}

Test(index_damage, says_what_is_no_binary)
{
	struct ct_error err;
	uint8_t header[64] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };

	cr_expect_not(make_of("", 0, &err));
	cr_expect_eq(err.code, CT_ENOTRACE);
	cr_expect_not(make_of("#!/bin/sh\n", 10, &err));
	cr_expect(strstr(err.text, "is not an ELF file"), "%s", err.text);
	cr_expect_not(make_of(header, sizeof header, &err));
	cr_expect(strstr(err.text, "is not an ELF file of x86-64"), "%s", err.text);
	header[4] = 2;
	header[18] = 62;
	header[16] = 1;
	cr_expect_not(make_of(header, sizeof header, &err), "an object file");
	cr_expect(strstr(err.text, "neither a program nor a shared library"), "%s", err.text);
	header[16] = 3;
	cr_expect(make_of(header, sizeof header, &err), "nothing is in it, and that is no error: %s", err.text);
}

Test(index_damage, survives_truncated_binaries)
{
	struct ct_bytes whole;
	struct ct_error err;

	cr_assert(ct_file_map("/bin/true", &whole, &err), "%s", err.text);
	for (size_t size = 0; size < whole.size; size += size < 1024 ? 8 : 509)
		make_of(whole.data, size, &err);
	ct_file_unmap(&whole);
}

Test(index_damage, survives_changed_binaries)
{
	struct ct_bytes whole;
	struct ct_error err;
	uint8_t *copy;
	uint64_t random = 1;

	cr_assert(ct_file_map("/bin/true", &whole, &err), "%s", err.text);
	copy = ct_alloc(whole.size);
	for (int round = 0; round < 400; round++) {
		memcpy(copy, whole.data, whole.size);
		for (int change = 0; change < 16; change++) {
			size_t at;

			random = random * 6364136223846793005u + 1442695040888963407u;
			at = (random >> 33) % (change % 2 ? whole.size : 1024);
			if (at > 18) /* else it is no ELF file at all, mostly */
				copy[at] = (uint8_t) (random >> 20);
		}
		/* The section headers lie at the end. */
		random = random * 6364136223846793005u + 1442695040888963407u;
		copy[whole.size - 1 - (random >> 33) % 1900] = (uint8_t) (random >> 20);
		make_of(copy, whole.size, &err);
	}
	free(copy);
	ct_file_unmap(&whole);
}

/* --- names --- */

struct stem {
	char symbol[32];
	size_t length;
	bool part;
};

ParameterizedTestParameters(index_names, clones_lose_their_suffix)
{
	static struct stem stems[] = {
		{ "plain", 5, false }, { "", 0, false }, { "a.constprop.0", 1, false },
		{ "a.isra.0.part.0", 1, true }, { "a.cold", 1, true }, { "a.part.0.cold", 1, true },
		{ "a.constprop.0.cold", 1, true }, { "a.lto_priv.12", 1, false }, { "a.llvm.123", 1, false },
		{ "nested.0", 8, false }, { "a.coldly", 8, false }, { "a.b.cold", 3, true },
		{ "versioned@@V1", 9, false }, { ".hidden", 7, false }, { "_Z1fv.cold.1", 5, true },
	};

	return cr_make_param_array(struct stem, stems, sizeof stems / sizeof *stems);
}

/* pitfall: 36 */
ParameterizedTest(struct stem *s, index_names, clones_lose_their_suffix)
{
	bool part;

	cr_expect_eq(ct_symbol_stem(s->symbol, &part), s->length, "%s", s->symbol);
	cr_expect_eq(part, s->part, "%s", s->symbol);
}

Test(index_names, cxx_names_are_as_in_the_source)
{
	struct ct_build b = {0};

	cr_expect_str_eq(ct_demangle(&b, "_ZN4area7largestIiEET_RKSt6vectorIS1_SaIS1_EE"),
	                 "int area::largest<int>(std::vector<int, std::allocator<int> > const&)");
	cr_expect_str_eq(ct_demangle(&b, "_ZL3addii.constprop.0"), "add(int, int)");
	cr_expect_str_eq(ct_demangle(&b, "plain"), "plain");
	cr_expect_str_eq(ct_demangle(&b, "_Z"), "_Z");
	ct_arena_deinit(&b.arena);
}

/* --- decoding --- */

struct code {
	const char *what;
	uint8_t bytes[24];
	size_t size;
	uint64_t target;
	uint8_t how;
	bool call;
};

/* At 0x1000. */
static const struct code codes[] = {
	{ "call rel32", { 0xe8, 0x10, 0, 0, 0 }, 5, 0x1015, CT_TARGET_ADDRESS, true },
	{ "addr32 call, as ld relaxes", { 0x67, 0xe8, 0x10, 0, 0, 0 }, 6, 0x1016, CT_TARGET_ADDRESS, true },
	{ "bnd call", { 0xf2, 0xe8, 0x10, 0, 0, 0 }, 6, 0x1016, CT_TARGET_ADDRESS, true },
	{ "call *x(%rip)", { 0xff, 0x15, 0x10, 0, 0, 0 }, 6, 0x1016, CT_TARGET_SLOT, true },
	{ "call *x", { 0xff, 0x14, 0x25, 0x10, 0x20, 0, 0 }, 7, 0x2010, CT_TARGET_SLOT, true },
	{ "call *%fs:x", { 0x64, 0xff, 0x14, 0x25, 0x10, 0x20, 0, 0 }, 8, 0, CT_TARGET_POINTER, true },
	{ "call *%rax", { 0xff, 0xd0 }, 2, 0, CT_TARGET_POINTER, true },
	{ "call *8(%rax)", { 0xff, 0x50, 8 }, 3, 0, CT_TARGET_POINTER, true },
	{ "call *x(,%rax,8)", { 0xff, 0x14, 0xc5, 0x10, 0x20, 0, 0 }, 7, 0, CT_TARGET_POINTER, true },
	{ "jmp rel32 out", { 0xe9, 0x10, 0, 0, 0 }, 5, 0x1015, CT_TARGET_ADDRESS, false },
	{ "jne rel32 out", { 0x0f, 0x85, 0x10, 0, 0, 0 }, 6, 0x1016, CT_TARGET_ADDRESS, false },
	{ "jmp *x(%rip)", { 0xff, 0x25, 0x10, 0, 0, 0 }, 6, 0x1016, CT_TARGET_SLOT, false },
};

Test(index_decode, tells_where_calls_go)
{
	struct ct_decoder d = {0};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		const struct code *c = &codes[i];

		ct_decode(&d, c->bytes, c->size, 0x1000);
		cr_assert_eq(d.branch_count, 1, "%s", c->what);
		cr_expect_eq(d.branches[0].target, c->target, "%s: %llx", c->what,
		             (unsigned long long) d.branches[0].target);
		cr_expect_eq(d.branches[0].how, c->how, "%s", c->what);
		cr_expect_eq(d.branches[0].call, c->call, "%s", c->what);
		cr_expect_eq(d.branches[0].next, 0x1000 + c->size, "%s", c->what);
	}
	ct_decoder_deinit(&d);
}

Test(index_decode, leaves_out_jumps_that_stay_inside_and_steps_over_garbage)
{
	static const uint8_t bytes[] = { 0xeb, 0x00, 0x06, 0x74, 0xfb, 0xff, 0xe0, 0xe8, 0, 0, 0, 0, 0xe8, 1 };
	struct ct_decoder d = {0};

	ct_decode(&d, bytes, sizeof bytes, 0x1000);
	cr_expect_eq(d.branch_count, 1);
	cr_expect_eq(d.branches[0].next, 0x100c);
	ct_decode(&d, bytes, 0, 0x1000);
	cr_expect_eq(d.branch_count, 0);
	ct_decoder_deinit(&d);
}

struct argument {
	const char *what;
	uint8_t bytes[32];
	size_t size;
	enum ct_value_kind kind;
	uint64_t value;
};

/* At 0x1000; what rdi holds at the last call. */
static const struct argument arguments[] = {
	{ "lea x(%rip), %rdi", { 0x48, 0x8d, 0x3d, 0x10, 0, 0, 0, 0xe8 }, 12, CT_VALUE_CONSTANT, 0x1017 },
	{ "mov $x, %edi", { 0xbf, 0x10, 0x20, 0, 0, 0xe8 }, 10, CT_VALUE_CONSTANT, 0x2010 },
	{ "mov x(%rip), %rdi", { 0x48, 0x8b, 0x3d, 0x10, 0, 0, 0, 0xe8 }, 12, CT_VALUE_LOADED, 0x1017 },
	{ "by way of rbx, across a call", { 0x48, 0x8d, 0x1d, 0x10, 0, 0, 0, 0xe8, 0, 1, 0, 0,
	                                    0x48, 0x89, 0xdf, 0xe8 }, 20, CT_VALUE_CONSTANT, 0x1017 },
	{ "rdi across a call", { 0x48, 0x8d, 0x3d, 0x10, 0, 0, 0, 0xe8, 0, 1, 0, 0, 0xe8 }, 17,
	  CT_VALUE_UNKNOWN, 0 },
	{ "overwritten", { 0x48, 0x8d, 0x3d, 0x10, 0, 0, 0, 0x31, 0xff, 0xe8 }, 14, CT_VALUE_UNKNOWN, 0 },
	{ "nothing before it", { 0xe8 }, 5, CT_VALUE_UNKNOWN, 0 },
	/* je 1; mov $2, %edi; jmp 2; 1: mov $2, %edi; 2: call */
	{ "the same on both ways", { 0x74, 0x07, 0xbf, 2, 0, 0, 0, 0xeb, 0x05, 0xbf, 2, 0, 0, 0, 0xe8 }, 19,
	  CT_VALUE_CONSTANT, 2 },
	{ "different on two ways", { 0x74, 0x07, 0xbf, 2, 0, 0, 0, 0xeb, 0x05, 0xbf, 3, 0, 0, 0, 0xe8 }, 19,
	  CT_VALUE_UNKNOWN, 0 },
	/* mov $2, %edi; 1: dec %ecx; jne 1; call */
	{ "around a loop", { 0xbf, 2, 0, 0, 0, 0xff, 0xc9, 0x75, 0xfc, 0xe8 }, 14, CT_VALUE_CONSTANT, 2 },
	/* mov $2, %edi; je 1; ret; nop; 1: call */
	{ "padding behind a ret", { 0xbf, 2, 0, 0, 0, 0x74, 0x02, 0xc3, 0x90, 0xe8 }, 14, CT_VALUE_CONSTANT, 2 },
};

Test(index_decode, finds_what_a_call_is_given)
{
	struct ct_decoder d = {0};

	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
		const struct argument *a = &arguments[i];
		struct ct_value value;

		ct_decode(&d, a->bytes, a->size, 0x1000);
		cr_assert_gt(d.branch_count, 0, "%s", a->what);
		value = ct_decode_argument(&d, &d.branches[d.branch_count - 1], CT_ARGUMENT_1);
		cr_expect_eq(value.kind, a->kind, "%s: %d", a->what, value.kind);
		if (a->kind != CT_VALUE_UNKNOWN)
			cr_expect_eq(value.value, a->value, "%s: %llx", a->what,
			             (unsigned long long) value.value);
	}
	ct_decoder_deinit(&d);
}

Test(index_decode, finds_what_a_register_calls)
{
	/* mov x(%rip), %rbx; call *%rbx; call *%rbx; call *%r12 */
	static const uint8_t bytes[] = { 0x48, 0x8b, 0x1d, 0x10, 0, 0, 0, 0xff, 0xd3, 0xff, 0xd3, 0x41, 0xff, 0xd4 };
	struct ct_decoder d = {0};

	ct_decode(&d, bytes, sizeof bytes, 0x1000);
	cr_assert_eq(d.branch_count, 3);
	for (int i = 0; i < 2; i++) {
		struct ct_value value = ct_decode_pointer(&d, &d.branches[i]);

		cr_expect_eq(value.kind, CT_VALUE_LOADED);
		cr_expect_eq(value.value, 0x1017);
	}
	cr_expect_eq(d.branches[2].reg, 12);
	cr_expect_eq(ct_decode_pointer(&d, &d.branches[2]).kind, CT_VALUE_UNKNOWN);
	ct_decoder_deinit(&d);
}

Test(index_decode, sees_through_stubs)
{
	static const uint8_t plain[] = { 0xff, 0x25, 0x10, 0, 0, 0, 0x68, 0, 0, 0, 0 };
	static const uint8_t cet[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0x10, 0, 0, 0 };
	static const uint8_t lazy[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x68, 0, 0, 0, 0 };
	uint64_t slot;

	cr_expect(ct_decode_stub(plain, sizeof plain, 0x1000, &slot) && slot == 0x1016);
	cr_expect(ct_decode_stub(cet, sizeof cet, 0x1000, &slot) && slot == 0x101b);
	cr_expect_not(ct_decode_stub(lazy, sizeof lazy, 0x1000, &slot));
	cr_expect_not(ct_decode_stub(plain, 3, 0x1000, &slot));
}
