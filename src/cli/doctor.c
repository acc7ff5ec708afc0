/*
 * doctor.c - `calltrace doctor`: is a binary built so that it can be traced? One line
 * for each thing that matters; under what is wrong, one line with what to change.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "format/index.h"
#include "index/index.h"

static const char help[] =
	"usage: calltrace doctor [OPTION]... BINARY...\n"
	"\n"
	"Tells whether a program or shared library is built so that its calls can be traced:\n"
	"whether it is instrumented and which of its files are not, what its debug information\n"
	"gives, whether its hooks can reach calltrace, and whether its Criterion tests can be told\n"
	"apart. Under what is wrong it says what to change.\n"
	"\n"
	"  -a, --all   name all files that are not instrumented (default: the first 8)\n"
	"  -h, --help  this text\n"
	"\n"
	"Marks: ok, no (change it), note (it works, but knows less).\n"
	"Exit status 0: all is well; 1: there is a \"no\"; 2: a BINARY could not be looked at.\n";

enum mark { OK, NOTE, NO };

struct finding {
	enum mark mark;
	const char *topic;
	char *text, *advice; /* advice: or NULL */
	char **files;        /* named below it */
	size_t file_count;
};

struct report {
	const struct ct_index *index;
	struct ct_binary_facts facts;
	struct finding findings[16];
	size_t count;
};

__attribute__((format(printf, 4, 5)))
static struct finding *find(struct report *r, enum mark mark, const char *topic,
                            const char *format, ...)
{
	struct finding *f = &r->findings[r->count++];
	va_list args;

	*f = (struct finding){ .mark = mark, .topic = topic };
	va_start(args, format);
	if (vasprintf(&f->text, format, args) < 0)
		f->text = ct_strdup("");
	va_end(args);
	return f;
}

__attribute__((format(printf, 2, 3)))
static void advise(struct finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&f->advice, format, args) < 0)
		f->advice = NULL;
	va_end(args);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* --- instrumented --- */

#define LANGUAGE_ASSEMBLER 0x8001u /* DW_LANG_Mips_Assembler */

/* The file, as seen from here. */
static char *short_name(const char *path)
{
	ct_auto_free char *here = getcwd(NULL, 0);
	size_t n = here ? strlen(here) : 0;

	if (n > 1 && strncmp(path, here, n) == 0 && path[n] == '/')
		return ct_strdup(path + n + 1);
	return ct_strdup(path);
}

/* calltrace's own code, where it is linked in. */
static bool is_calltrace(const struct report *r, const struct ct_index_function *f)
{
	const char *symbol = ct_index_string(r->index, f->linkage);

	return (r->facts.seam && strncmp(symbol, "__wrap_cr", 9) == 0)
	       || (r->facts.own_are_ours && (strncmp(symbol, "ct_", 3) == 0
	                                     || strncmp(symbol, "calltrace_", 10) == 0));
}

/* Which units are the user's: a flag for each. */
static bool *users_units(const struct report *r)
{
	const struct ct_index *x = r->index;
	bool *users = ct_calloc((size_t) x->header->units.count + 1, sizeof *users);

	for (uint32_t i = 0; i < x->header->units.count; i++) {
		const struct ct_index_unit *u = &x->units[i];

		users[i] = u->language != LANGUAGE_ASSEMBLER && u->functions > 0
		           && (u->file == CT_NONE || !(x->files[u->file].flags & CT_FILE_SYSTEM));
	}
	for (uint32_t i = 0; i < x->header->functions.count; i++)
		if (x->functions[i].unit != CT_NONE && is_calltrace(r, &x->functions[i]))
			users[x->functions[i].unit] = false;
	return users;
}

static void name_file(struct finding *f, const struct ct_index *x, const struct ct_index_unit *u)
{
	const char *name = u->file == CT_NONE ? "?" : ct_index_string(x, x->files[u->file].name);

	f->files = ct_realloc(f->files, (f->file_count + 1) * sizeof *f->files);
	f->files[f->file_count++] = short_name(name);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The files of which no function calls the hooks. gcc records its options, clang does not. */
static void check_files(struct report *r, const bool *users)
{
	const struct ct_index *x = r->index;
	struct finding *f = NULL;
	bool excluded = true;

	for (uint32_t i = 0; i < x->header->units.count; i++) {
		const struct ct_index_unit *u = &x->units[i];

		if (!users[i] || u->instrumented)
			continue;
		if (!f)
			f = find(r, NO, "files", "%s", "");
		if (!strstr(ct_index_string(x, u->producer), "-finstrument-functions"))
			excluded = false;
		name_file(f, x, u);
	}
	if (!f)
		return;
	qsort(f->files, f->file_count, sizeof *f->files, by_text);
	free(f->text);
	if (asprintf(&f->text, "%zu file%s with code that is not instrumented:", f->file_count,
	             plural(f->file_count)) < 0)
		f->text = ct_strdup("");
	if (excluded)
		advise(f, "nothing, if -finstrument-functions-exclude-file-list or an attribute "
		          "left them out on purpose");
	else
		advise(f, "compile %s with -finstrument-functions too",
		       f->file_count == 1 ? "it" : "them");
	if (excluded)
		f->mark = NOTE;
}

static void check_instrumented(struct report *r)
{
	const struct ct_index *x = r->index;
	ct_auto_free bool *users = users_units(r);
	uint32_t functions = 0, instrumented = 0;

	for (uint32_t i = 0; i < x->header->functions.count; i++) {
		uint32_t flags = x->functions[i].flags, unit = x->functions[i].unit;

		if (unit != CT_NONE && !users[unit])
			continue;
		instrumented += flags & CT_FUNCTION_INSTRUMENTED;
		if (x->functions[i].address && !(flags & CT_FUNCTION_ARTIFICIAL))
			functions += !(flags & CT_FUNCTION_NO_DEBUG)
			             || flags & CT_FUNCTION_INSTRUMENTED;
	}
	if (!(x->header->flags & CT_INDEX_INSTRUMENTED)) {
		advise(find(r, NO, "instrumented", "no function calls the hooks, so there is nothing "
		                                   "to trace"),
		       "compile it with -g -finstrument-functions");
		return;
	}
	find(r, OK, "instrumented", "%u of %u function%s, %u call site%s", instrumented,
	     functions > instrumented ? functions : instrumented, plural(functions),
	     x->header->sites.count, plural(x->header->sites.count));
	check_files(r, users);
}

/* --- debug information --- */

/* "GNU C17 12.2.0 -mtune=... -O2" -> "gcc 12.2.0 -O2"; "Debian clang version 14.0.6" -> "clang 14.0.6" */
static void compiler_name(const char *producer, char *out, size_t size)
{
	const char *clang = strstr(producer, "clang version "), *level = NULL;
	const char *version = NULL;

	if (strncmp(producer, "GNU ", 4) == 0 && (version = strchr(producer + 4, ' '))) {
		version++;
		for (const char *at = producer; (at = strstr(at, " -O")); at += 3)
			level = at + 1;
		snprintf(out, size, "gcc %.*s%s%.*s", (int) strcspn(version, " "), version,
		         level ? " " : "", level ? (int) strcspn(level, " ") : 0, level ? level : "");
	} else if (clang) {
		clang += strlen("clang version ");
		snprintf(out, size, "clang %.*s", (int) strcspn(clang, " "), clang);
	} else {
		snprintf(out, size, "%.*s", (int) strcspn(producer, "-"), producer);
	}
}

/* The compilers of the instrumented units, each once; false: there are none. */
static bool list_compilers(const struct ct_index *x, struct ct_text *out)
{
	char name[80];

	for (uint32_t i = 0; i < x->header->units.count; i++) {
		if (!x->units[i].instrumented)
			continue;
		compiler_name(ct_index_string(x, x->units[i].producer), name, sizeof name);
		if (out->data && strstr(out->data, name))
			continue;
		ct_text_addf(out, "%s%s", out->length ? ", " : "", name);
	}
	return out->length > 0;
}

static void check_optimised(struct report *r)
{
	const struct ct_index *x = r->index;
	uint32_t optimised = 0, units = 0;

	for (uint32_t i = 0; i < x->header->units.count; i++) {
		units += x->units[i].instrumented > 0;
		optimised += x->units[i].instrumented && x->units[i].flags & CT_UNIT_OPTIMISED;
	}
	if (optimised)
		advise(find(r, NOTE, "optimised", "%s: some values are gone, and removed calls cannot be "
		                                  "covered",
		            optimised == units ? "all of it" : "some files"),
		       "compile with -O0 for the full picture");
}

static void check_debug(struct report *r)
{
	const struct ct_index *x = r->index;
	const char *file = ct_index_string(x, x->header->debug_file);
	uint32_t flags = x->header->flags, without = 0, oldest = 0, newest = 0;
	struct ct_text compilers = {0};

	if (!(flags & CT_INDEX_HAS_DWARF)) {
		advise(find(r, NO, "debug information",
		            flags & CT_INDEX_HAS_SYMTAB
		                    ? "none: names are those of the symbols, files and lines are unknown"
		                    : "none, and stripped: most functions have no name"),
		       flags & CT_INDEX_HAS_SYMTAB ? "compile it with -g"
		                                   : "compile it with -g, and do not strip it");
		return;
	}
	for (uint32_t i = 0; i < x->header->units.count; i++) {
		uint32_t version = CT_UNIT_DWARF(x->units[i].flags);

		oldest = !oldest || version < oldest ? version : oldest;
		newest = version > newest ? version : newest;
	}
	for (uint32_t i = 0; i < x->header->functions.count; i++)
		without += (x->functions[i].flags & (CT_FUNCTION_NO_DEBUG | CT_FUNCTION_INSTRUMENTED))
		           == (CT_FUNCTION_NO_DEBUG | CT_FUNCTION_INSTRUMENTED);
	list_compilers(x, &compilers);
	if (oldest == newest)
		find(r, OK, "debug information", "DWARF %u%s%s%s%s", newest,
		     compilers.length ? " from " : "", compilers.length ? compilers.data : "",
		     *file ? ", in " : "", file);
	else
		find(r, OK, "debug information", "DWARF %u to %u%s%s%s%s", oldest, newest,
		     compilers.length ? " from " : "", compilers.length ? compilers.data : "",
		     *file ? ", in " : "", file);
	ct_text_deinit(&compilers);
	if (flags & CT_INDEX_SPLIT_MISSING)
		advise(find(r, NO, "debug information", ".dwo files are missing: files and lines are "
		                                        "unknown there"),
		       "keep the .dwo files where the compiler put them, or compile without "
		       "-gsplit-dwarf");
	else if (without)
		advise(find(r, NO, "debug information", "missing for %u instrumented function%s",
		            without, plural(without)),
		       "compile all files with -g");
	check_optimised(r);
}

/* --- the rest --- */

static void check_hooks(struct report *r)
{
	const struct ct_binary_facts *f = &r->facts;

	if (f->own_are_ours)
		find(r, OK, "hooks", "libcalltrace is linked into it");
	else if (f->own_hooks && !f->dynamic)
		advise(find(r, NO, "hooks", "it is linked statically, so its calls end in libc's empty "
		                            "hooks"),
		       "link it dynamically (without -static), or link libcalltrace.a into it");
	else if (f->own_hooks)
		advise(find(r, NO, "hooks", "it defines __cyg_profile_func_enter itself, so its calls "
		                            "never reach calltrace"),
		       "leave that definition out of the binary");
	else if (!f->dynamic)
		advise(find(r, NO, "hooks", "it is linked statically: nothing can be preloaded"),
		       "link it dynamically (without -static), or link libcalltrace.a into it");
	else if (f->privileged && !f->linked)
		advise(find(r, NO, "hooks", "it runs with privileges (set-user-id or capabilities): "
		                            "nothing is preloaded"),
		       "trace a copy of it, which has none");
	else if (f->linked)
		find(r, OK, "hooks", "it is linked with libcalltrace");
	else if (f->library)
		find(r, OK, "hooks", "traced in programs that run under 'calltrace run'");
	else
		find(r, OK, "hooks", "traced under 'calltrace run', or with libcalltrace.so preloaded");
}

static void check_build_id(struct report *r)
{
	const struct ct_index_header *h = r->index->header;
	char hex[65] = "";

	for (uint32_t i = 0; i < h->build_id_size; i++)
		snprintf(hex + 2 * i, 3, "%02x", h->build_id[i]);
	if (h->build_id_size)
		find(r, OK, "build-id", "%s", hex);
	else
		advise(find(r, NOTE, "build-id", "none: a trace cannot tell whether the binary was "
		                                 "rebuilt since"),
		       "link with -Wl,--build-id");
}

static void check_criterion(struct report *r)
{
	const struct ct_binary_facts *f = &r->facts;

	if (!f->tests) {
		if (f->criterion != CT_CRITERION_NOT_USED)
			find(r, NOTE, "Criterion", "linked, but there are no tests in it");
		return;
	}
	if (f->criterion == CT_CRITERION_STATIC && !f->seam)
		advise(find(r, NO, "Criterion", "%u test%s, but libcriterion is static: they cannot be "
		                                "told apart", f->tests, plural(f->tests)),
		       "link with $(pkg-config --libs calltrace-criterion), or with the shared "
		       "libcriterion");
	else
		find(r, OK, "Criterion", "%u test%s; libcriterion is %s", f->tests, plural(f->tests),
		     f->criterion == CT_CRITERION_STATIC ? "static, with calltrace's seam" : "shared");
}

/* --- the page --- */

static void print_files(const struct finding *f, bool all)
{
	size_t shown = all || f->file_count <= 9 ? f->file_count : 8;

	for (size_t i = 0; i < shown; i++)
		printf("%*s%s\n", 27, "", ct_shown(f->files[i]));
	if (shown < f->file_count)
		printf("%*sand %zu more (--all names them)\n", 27, "", f->file_count - shown);
}

static void print_report(const char *binary, const struct report *r, bool all)
{
	static const struct { const char *word, *colour; } marks[] = {
		[OK] = { "ok", "\033[32m" }, [NOTE] = { "note", "\033[33m" }, [NO] = { "no", "\033[31m" },
	};
	bool colour = ct_use_colour(STDOUT_FILENO);
	size_t wrong = 0;

	for (size_t i = 0; i < r->count; i++)
		wrong += r->findings[i].mark == NO;
	if (wrong)
		printf("%s: %zu thing%s to change\n", ct_shown(binary), wrong, plural(wrong));
	else
		printf("%s: ready to be traced\n", ct_shown(binary));
	for (size_t i = 0; i < r->count; i++) {
		const struct finding *f = &r->findings[i];

		printf("  %s%-4s%s  %-17s  %s\n", colour ? marks[f->mark].colour : "",
		       marks[f->mark].word, colour ? "\033[0m" : "", f->topic, ct_shown(f->text));
		print_files(f, all);
		if (f->advice)
			printf("%*s-> %s\n", 27, "", ct_shown(f->advice));
	}
}

static int verdict(const struct report *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->findings[i].mark == NO)
			return CT_EXIT_NO;
	return CT_EXIT_OK;
}

static void free_report(struct report *r)
{
	for (size_t i = 0; i < r->count; i++) {
		for (size_t n = 0; n < r->findings[i].file_count; n++)
			free(r->findings[i].files[n]);
		free(r->findings[i].files);
		free(r->findings[i].text);
		free(r->findings[i].advice);
	}
}

static int look(const char *binary, bool all)
{
	struct ct_index index;
	struct ct_error err;
	struct report r = { .index = &index };
	int status;

	if (!ct_binary_look(binary, &r.facts, &err)
	    || !ct_index_make_temporary(binary, &index, &err))
		return ct_complain_error(&err);
	check_instrumented(&r);
	check_debug(&r);
	check_hooks(&r);
	check_build_id(&r);
	check_criterion(&r);
	print_report(binary, &r, all);
	status = verdict(&r);
	free_report(&r);
	ct_index_close(&index);
	return status;
}

static int run(const struct ct_command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, status = CT_EXIT_OK;
	bool all = false;

	while ((option = ct_getopt(self, argc, argv, "ah", longs)) != -1) {
		if (option == '?')
			return CT_EXIT_FAILED;
		all = true;
	}
	if (optind == argc)
		return ct_complain("doctor: no binary was given; see 'calltrace doctor --help'");
	for (int i = optind; i < argc; i++) {
		int one = look(argv[i], all);

		if (i + 1 < argc)
			putchar('\n');
		if (one > status)
			status = one;
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		return ct_complain("standard output: cannot write it");
	return status;
}

const struct ct_command ct_cmd_doctor = {
	.name = "doctor",
	.summary = "tell whether a binary is built so that it can be traced",
	.help = help,
	.run = run,
};
