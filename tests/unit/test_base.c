/* src/base: text, arena, map, files. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/map.h"
#include "base/name.h"
#include "base/text.h"

static const char *in_folder(const char *name)
{
	static char folder[256], path[512];
	const char *where = getenv("CT_TEST_TMP");

	if (!folder[0]) {
		snprintf(folder, sizeof folder, "%s/base-XXXXXX", where ? where : "/tmp");
		cr_assert(mkdtemp(folder));
	}
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

Test(base_text, grows)
{
	struct ct_text text = {0};

	for (unsigned i = 0; i < 1000; i++) {
		ct_text_add_u64(&text, i % 10);
		ct_text_add_char(&text, ',');
	}
	cr_assert_eq(text.length, 2000);
	cr_assert_eq(strlen(text.data), 2000);
	ct_text_clear(&text);
	cr_assert_str_eq(text.data, "");
	ct_text_addf(&text, "%s %d %s", "a", 12, "b");
	ct_text_add_u64(&text, UINT64_MAX);
	cr_assert_str_eq(text.data, "a 12 b18446744073709551615");
	ct_text_deinit(&text);
	cr_assert_null(text.data);
}

Test(base_text, json)
{
	static const struct {
		const char *bytes, *json;
	} strings[] = {
		{ "", "\"\"" }, { "a\"b\\c", "\"a\\\"b\\\\c\"" }, { "\n\t\r\x01\x7f", "\"\\n\\t\\r\\u0001\\u007f\"" },
		{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"" },
		{ "\xff", "\"\\ufffd\"" }, { "\xc3", "\"\\ufffd\"" }, { "\xc0\x80", "\"\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, { "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },
	};

	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
		struct ct_text text = {0};

		ct_text_add_json(&text, strings[i].bytes);
		cr_expect_str_eq(text.data, strings[i].json);
		ct_text_deinit(&text);
	}
}

Test(base_text, shell)
{
	static const char *const words[][2] = {
		{ "traces/1.d", "traces/1.d" }, { "a b", "'a b'" }, { "-x", "./-x" }, { "", "''" },
		{ "it's", "'it'\\''s'" }, { "n\xc3\xa4h", "n\xc3\xa4h" }, { "a\nb'\\", "$'a\\012b\\'\\\\'" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct ct_text text = {0};

		ct_text_add_shell(&text, words[i][0]);
		cr_expect_str_eq(text.data, words[i][1]);
		ct_text_deinit(&text);
	}
}

Test(base_arena, keeps_what_it_gave)
{
	struct ct_arena arena = {0};
	char *strings[2000];

	for (unsigned i = 0; i < 2000; i++)
		strings[i] = ct_arena_printf(&arena, "%u%*s", i, (int) (i % 97), "");
	for (unsigned i = 0; i < 2000; i++) {
		cr_assert_eq((unsigned) atoi(strings[i]), i);
		cr_assert_eq((uintptr_t) strings[i] % 16, 0);
	}
	cr_assert_str_eq(ct_arena_strndup(&arena, "abcdef", 3), "abc");
	cr_assert_eq(((char *) ct_arena_alloc(&arena, 3 << 20))[(3 << 20) - 1], 0);
	ct_arena_deinit(&arena);
	cr_assert_null(arena.last);
}

Test(base_map, finds_what_was_added)
{
	struct ct_map map = {0};
	uint32_t value;
	bool added;

	cr_assert_not(ct_map_find(&map, "x", 1, NULL));
	for (uint32_t i = 0; i < 10000; i++) {
		cr_assert_eq(ct_map_add(&map, &i, sizeof i, i * 3, &added), i * 3);
		cr_assert(added);
	}
	for (uint32_t i = 0; i < 10000; i++) {
		cr_assert_eq(ct_map_add(&map, &i, sizeof i, 7, &added), i * 3);
		cr_assert_not(added);
		cr_assert(ct_map_find(&map, &i, sizeof i, &value));
		cr_assert_eq(value, i * 3);
	}
	cr_assert_eq(map.count, 10000);
	cr_assert_not(ct_map_find(&map, "x", 1, NULL));
	cr_assert_eq(ct_map_add(&map, "", 0, 5, NULL), 5);
	cr_assert(ct_map_find(&map, "", 0, &value) && value == 5);
	ct_map_deinit(&map);
}

Test(base_file, clean_paths)
{
	static const char *const paths[][2] = {
		{ "/a/b", "/a/b" }, { "/a//b/./c/", "/a/b/c" }, { "/a/../b", "/b" }, { "/..", "/" }, { "/", "/" },
		{ "", "." }, { "./a", "a" }, { "a/..", "." }, { "../a", "../a" }, { "a/../../b", "../b" },
		{ "../../a", "../../a" }, { "/a/b/../../c", "/c" }, { "...", "..." }, { "a/.../..", "a" },
	};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char *clean = ct_path_clean(paths[i][0]);

		cr_expect_str_eq(clean, paths[i][1], "%s: %s", paths[i][0], clean);
		free(clean);
	}
	cr_assert_str_eq(ct_basename("/a/b.c"), "b.c");
	cr_assert_str_eq(ct_basename("b.c"), "b.c");
	cr_assert_str_eq(ct_basename("a/"), "");
}

Test(base_file, replaced_whole_or_not_at_all)
{
	struct ct_error err;
	struct ct_bytes bytes;

	cr_assert(ct_file_replace(in_folder("x"), "one", 3, 0600, &err));
	cr_assert(ct_file_replace(in_folder("x"), "second", 6, 0600, &err));
	cr_assert(ct_file_map(in_folder("x"), &bytes, &err));
	cr_assert(bytes.size == 6 && memcmp(bytes.data, "second", 6) == 0);
	ct_file_unmap(&bytes);
	cr_assert_null(bytes.data);
	cr_assert_not(ct_file_replace("/no/such/folder/x", "one", 3, 0600, &err));
	cr_assert_eq(err.code, CT_EIO);
	cr_assert(ct_file_replace(in_folder("empty"), "", 0, 0600, &err));
	cr_assert(ct_file_map(in_folder("empty"), &bytes, &err));
	cr_assert(bytes.size == 0 && !bytes.data);
	cr_assert_not(ct_file_map(in_folder("."), &bytes, &err));
	cr_assert_not(ct_file_map("/dev/null", &bytes, &err));
}

Test(base_file, streamed_output)
{
	struct ct_output_file out;
	struct ct_error err;
	struct ct_bytes bytes;

	cr_assert(ct_output_open(&out, in_folder("x"), 0600, &err));
	fputs("half", out.file);
	cr_assert_neq(access(in_folder("x"), F_OK), 0, "not there before it is finished");
	ct_output_abandon(&out);
	cr_assert(ct_output_open(&out, in_folder("x"), 0600, &err));
	fputs("whole", out.file);
	cr_assert(ct_output_finish(&out, &err));
	cr_assert(ct_file_map(in_folder("x"), &bytes, &err));
	cr_assert(bytes.size == 5 && memcmp(bytes.data, "whole", 5) == 0);
	ct_file_unmap(&bytes);
	cr_assert_not(ct_output_open(&out, in_folder("."), 0600, &err));
}

Test(base_file, output_never_goes_into_a_program)
{
	struct ct_output_file out;
	struct ct_error err;

	cr_assert(ct_file_replace(in_folder("program"), "\177ELF\2\1\1", 7, 0700, &err));
	cr_expect_not(ct_output_open(&out, in_folder("program"), 0600, &err));
	cr_expect(strstr(err.text, "program: is a binary"));
	cr_expect_not(ct_output_open(&out, "", 0600, &err));
	cr_expect_str_eq(err.text, "an empty file name was given");
}

Test(base_file, output_into_a_pipe_waits_for_nobody, .timeout = 10)
{
	struct ct_output_file out;
	struct ct_error err;

	cr_assert_eq(mkfifo(in_folder("pipe"), 0600), 0);
	cr_expect_not(ct_output_open(&out, in_folder("pipe"), 0600, &err));
	cr_expect(strstr(err.text, "pipe: "));
}

Test(base_file, directories)
{
	struct ct_error err;
	struct stat st;

	cr_assert(ct_make_directory(in_folder("a/b//c/"), &err), "%s", err.text);
	cr_assert(stat(in_folder("a/b/c"), &st) == 0 && S_ISDIR(st.st_mode));
	cr_assert(ct_make_directory(in_folder("a/b"), &err));
	cr_assert(ct_file_replace(in_folder("file"), "", 0, 0600, &err));
	cr_assert_not(ct_make_directory(in_folder("file"), &err));
	cr_assert_not(ct_make_directory(in_folder("file/x"), &err));
	cr_assert(strstr(err.text, "file"));
}

Test(base_error, is_one_line_that_fits)
{
	struct ct_error err;
	char large[2000];

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	errno = ENOENT;
	cr_assert_not(ct_fail(&err, CT_EIO, "%s", large));
	cr_assert_eq(strlen(err.text), sizeof err.text - 1);
	cr_assert_eq(errno, ENOENT);
	cr_assert_not(ct_fail(NULL, CT_EIO, "%s", large));
}

Test(base_name, canonical)
{
	static const char *const names[][2] = {
		{ "f(const std::string&, long)", "f(std::string const&, long)" },
		{ "f(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&)",
		  "f(std::string const&)" },
		{ "f(const std::vector<const int *, std::allocator<const int *> >&)", "f(std::vector<int const * > const&)" },
		{ "f(const char *const *, const unsigned long)", "f(char const *const *, unsigned long const)" },
		{ "f(std::map<int, const k, std::less<int>, std::allocator<std::pair<int const, k> > >)",
		  "f(std::map<int, k const >)" },
		{ "K::operator<(const K&) const", "K::operator<(K const&) const" },
		{ "f(std::basic_string_view<char, std::char_traits<char> >)", "f(std::string_view)" },
		{ "reconst (int)", "reconst (int)" }, { "const ", "const " }, { "f(const ", "f(const " },
		{ "f(const , const &)", "f(const , const &)" }, { "f(const a", "f(a const" },
		{ "f(, std::allocator<", "f(" }, { "", "" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *name = strdup(names[i][0]);

		ct_name_canonical(name);
		cr_expect_str_eq(name, names[i][1], "%s: %s", names[i][0], name);
		ct_name_canonical(name);
		cr_expect_str_eq(name, names[i][1], "%s, again: %s", names[i][0], name);
		free(name);
	}
}

Test(base_glob, patterns)
{
	cr_assert(ct_glob("*", ""));
	cr_assert(ct_glob("a/*", "a/b/c"));
	cr_assert(ct_glob("a?[x-z]", "abz"));
	cr_assert_not(ct_glob("a", "ab"));
}
