/* index.c - `calltrace index`: makes the index of a binary, and prints it for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/print_plans.h"
#include "format/index.h"
#include "index/index.h"

static const char help[] =
	"usage: calltrace index [OPTION]... BINARY...\n"
	"\n"
	"Makes the index of a program or shared library that was compiled with\n"
	"-g -finstrument-functions: its functions, their files and lines, and all calls that they\n"
	"make. Puts it into the cache, and prints where; if the cache has one already, it is made\n"
	"anew. Not needed before 'calltrace run', which does it itself.\n"
	"\n"
	"  -o, --output FILE  write the index to FILE instead (one BINARY)\n"
	"  -p, --print        print what the index holds, as text, instead of its path\n"
	"  -q, --quiet        print nothing; only errors\n"
	"  -h, --help         this text\n"
	"\n"
	"The cache is $CALLTRACE_CACHE, else $XDG_CACHE_HOME/calltrace, else ~/.cache/calltrace.\n"
	"Exit status 0: done; 2: an index could not be made.\n";

/* --- --print --- */

/* Rows of a table by the function they belong to: items[first[f]] to items[first[f + 1]]. */
struct by_function {
	uint32_t *first, *items;
};

static struct by_function group(const struct ct_index *x, uint32_t count,
                                uint32_t (*function)(const struct ct_index *, uint32_t))
{
	uint32_t functions = x->header->functions.count;
	struct by_function g = {
		.first = ct_calloc((size_t) functions + 2, sizeof *g.first),
		.items = ct_calloc((size_t) count + 1, sizeof *g.items),
	};

	for (uint32_t i = 0; i < count; i++)
		g.first[function(x, i) + 2]++;
	for (uint32_t i = 2; i < functions + 2; i++)
		g.first[i] += g.first[i - 1];
	for (uint32_t i = 0; i < count; i++)
		g.items[g.first[function(x, i) + 1]++] = i;
	return g;
}

static uint32_t of_hook(const struct ct_index *x, uint32_t i)
{
	return x->hooks[i].function;
}
static uint32_t of_site(const struct ct_index *x, uint32_t i)
{
	return x->sites[i].caller;
}

static const char *file_name(const struct ct_index *x, uint32_t file)
{
	return file == CT_NONE ? "?" : ct_index_string(x, x->files[file].name);
}

static void print_header(const struct ct_index *x)
{
	static const struct { uint32_t flag; const char *there, *missing; } facts[] = {
		{ CT_INDEX_HAS_DWARF, "debug information", "no debug information" },
		{ CT_INDEX_HAS_SYMTAB, "symbol table", "no symbol table" },
		{ CT_INDEX_INSTRUMENTED, "instrumented", "not instrumented" },
		{ CT_INDEX_SHARED, "shared library", "program" },
		{ CT_INDEX_CRITERION, "Criterion tests", NULL },
		{ CT_INDEX_OWN_HOOKS, "hooks of its own", NULL },
		{ CT_INDEX_SPLIT_MISSING, ".dwo files missing", NULL },
	};
	const struct ct_index_header *h = x->header;
	const char *debug_file = ct_index_string(x, h->debug_file);

	printf("binary %s\n%s ", ct_shown(ct_index_string(x, h->binary)),
	       h->build_id_size ? "build-id" : "content");
	for (uint32_t i = 0; i < (h->build_id_size ? h->build_id_size : 16); i++)
		printf("%02x", h->build_id[i]);
	if (*debug_file)
		printf("\ndebug file %s", debug_file);
	for (size_t i = 0, n = 0; i < sizeof facts / sizeof *facts; i++) {
		const char *fact = h->flags & facts[i].flag ? facts[i].there : facts[i].missing;

		if (fact)
			printf("%s%s", n++ ? ", " : "\nfacts ", fact);
	}
	printf("\ncounts %u functions, %u hooks, %u call sites\n", h->functions.count,
	       h->hooks.count, h->sites.count);
}

static void print_function(const struct ct_index *x, const struct ct_index_function *f)
{
	static const struct { uint32_t flag; const char *word; } words[] = {
		{ CT_FUNCTION_INSTRUMENTED, "instrumented" }, { CT_FUNCTION_STATIC, "static" },
		{ CT_FUNCTION_TEST, "test" }, { CT_FUNCTION_PLUMBING, "plumbing" },
		{ CT_FUNCTION_NO_DEBUG, "no-debug" }, { CT_FUNCTION_ARTIFICIAL, "artificial" },
	};

	printf("\n%s\n    at %s:%u-%u", ct_shown(ct_index_string(x, f->name)), ct_shown(file_name(x, f->file)), f->line,
	       f->end_line);
	if (f->address)
		printf(" 0x%llx+%llu", (unsigned long long) f->address, (unsigned long long) f->size);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (f->flags & words[i].flag)
			printf(" %s", words[i].word);
	putchar('\n');
}

static void print_hook(const struct ct_index *x, const struct ct_index_hook *k)
{
	printf("    %s 0x%llx", k->exit ? "exit" : "enter", (unsigned long long) k->address);
	if (k->depth)
		printf(" inlined %u deep in %s", k->depth,
		       ct_shown(ct_index_string(x, x->functions[k->outer].name)));
	if (k->exit)
		printf(" %s", ct_exit_class_name(k->exit_class));
	if (k->exit && k->plan != CT_NONE)
		ct_print_exit_value(&x->exit_values[k->plan]);
	puts(k->tail ? " by a jump" : "");
	if (!k->exit && k->plan != CT_NONE)
		ct_print_plan(x, &x->plans[k->plan]);
}

static void print_site(const struct ct_index *x, const struct ct_index_site *s)
{
	static const char *const kinds[] = {
		[CT_SITE_DIRECT] = "direct", [CT_SITE_EXTERNAL] = "external",
		[CT_SITE_INDIRECT] = "indirect", [CT_SITE_INLINED] = "inlined",
	};
	const char *callee = s->kind == CT_SITE_EXTERNAL ? ct_index_string(x, s->callee_name)
	                     : s->callee != CT_NONE
	                             ? ct_index_string(x, x->functions[s->callee].name) : "?";

	printf("    call 0x%llx %s:%u:%u %s %s", (unsigned long long) s->address,
	       s->file == CT_NONE ? "?" : ct_basename(ct_shown(file_name(x, s->file))), s->line, s->column,
	       kinds[s->kind], callee);
	if (s->ordinal)
		printf(" #%u", s->ordinal + 1u);
	if (s->outer != s->caller)
		printf(" in %s", ct_shown(ct_index_string(x, x->functions[s->outer].name)));
	if (s->kind == CT_SITE_EXTERNAL && s->callee != CT_NONE)
		printf(" of this file");
	puts(s->flags & CT_SITE_TAIL ? " by a jump" : s->flags & CT_SITE_PART ? " part" : "");
	ct_print_site_values(x, s->address);
}

static void print_index(const struct ct_index *x)
{
	struct by_function hooks = group(x, x->header->hooks.count, of_hook);
	struct by_function sites = group(x, x->header->sites.count, of_site);

	print_header(x);
	ct_print_plan_counts(x);
	for (uint32_t f = 0; f < x->header->functions.count; f++) {
		print_function(x, &x->functions[f]);
		for (uint32_t i = hooks.first[f]; i < hooks.first[f + 1]; i++)
			print_hook(x, &x->hooks[hooks.items[i]]);
		for (uint32_t i = sites.first[f]; i < sites.first[f + 1]; i++)
			print_site(x, &x->sites[sites.items[i]]);
	}
	ct_print_types(x);
	free(hooks.first);
	free(hooks.items);
	free(sites.first);
	free(sites.items);
}

/* --- the command --- */

static void warn(const char *binary, const struct ct_index *x)
{
	uint32_t flags = x->header->flags;
	const char *shortfall = ct_index_shortfall(flags);

	if (!(flags & CT_INDEX_INSTRUMENTED))
		ct_warn("%s: is not instrumented, nothing in it will be traced: compile with "
		        "-finstrument-functions", binary);
	if (shortfall)
		ct_warn("%s: %s", binary, shortfall);
	if (flags & CT_INDEX_SPLIT_MISSING)
		ct_warn("%s: .dwo files of it are missing, so names are those of its symbols there",
		        binary);
}

enum printing { PRINT_PATH, PRINT_INDEX, PRINT_NOTHING };

static bool make_one(const char *binary, const char *output, enum printing print,
                     struct ct_error *err)
{
	struct ct_index index;
	char cached[4096];
	const char *path = output ? output : cached;

	if (output && (!ct_output_check(output, true, err)
	               || !ct_output_spares(output, "ctindex", "an index", err)))
		return false;
	if (output ? !ct_index_make(binary, output, err)
	           : !ct_index_make_cached(binary, cached, sizeof cached, err))
		return false;
	if (!ct_index_open_made(binary, path, &index, err))
		return false;
	if (print != PRINT_NOTHING)
		warn(binary, &index);
	if (print == PRINT_INDEX)
		print_index(&index);
	else if (print == PRINT_PATH)
		puts(path);
	ct_index_close(&index);
	return true;
}

static int run(const struct ct_command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "print", no_argument, NULL, 'p' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *output = NULL;
	struct ct_error err;
	enum printing print = PRINT_PATH;
	int option, status = CT_EXIT_OK;

	while ((option = ct_getopt(self, argc, argv, "o:pqh", longs)) != -1) {
		if (option == '?')
			return CT_EXIT_FAILED;
		if (option == 'o')
			output = optarg;
		else
			print = option == 'p' ? PRINT_INDEX : PRINT_NOTHING;
	}
	if (optind == argc)
		return ct_complain("index: no binary was given; see 'calltrace index --help'");
	if (output && argc - optind > 1)
		return ct_complain("index: --output goes with one binary only");
	for (int i = optind; i < argc; i++)
		if (!make_one(argv[i], output, print, &err))
			status = ct_complain_error(&err);
	if (fflush(stdout) != 0 || ferror(stdout))
		return ct_complain("standard output: cannot write it");
	return status;
}

const struct ct_command ct_cmd_index = {
	.name = "index",
	.summary = "make the index of a binary: its functions and calls",
	.help = help,
	.run = run,
};
