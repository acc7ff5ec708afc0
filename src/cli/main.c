/* main.c - `calltrace`: finds the subcommand. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <calltrace/calltrace.h>

#include "cli/cli.h"

static const struct ct_command *const commands[] = {
	&ct_cmd_run, &ct_cmd_show, &ct_cmd_report, &ct_cmd_check, &ct_cmd_json, &ct_cmd_index, &ct_cmd_doctor,
};

static int written(FILE *to)
{
	return ferror(to) || fflush(to) != 0
	               ? ct_complain("standard output: cannot write it: %s", strerror(errno))
	               : CT_EXIT_OK;
}

static int usage(FILE *to)
{
	fputs("usage: calltrace COMMAND [OPTION]...\n"
	      "\n"
	      "Records and shows what C and C++ code really called while it was tested.\n"
	      "Compile the code with -g -finstrument-functions, then:\n"
	      "\n"
	      "    calltrace run -- ./tests\n"
	      "\n"
	      "Commands:\n",
	      to);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "'calltrace COMMAND --help' tells the options of one command.\n",
	      to);
	return written(to);
}

static const struct ct_command *find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	return ct_complain("unknown command '%s'; see 'calltrace --help'", name);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct ct_command *command;

	if (!name) {
		usage(stderr);
		return CT_EXIT_FAILED;
	}
	if (strcmp(name, "help") == 0 && argc > 2) {
		command = find(argv[2]);
		if (command)
			fputs(command->help, stdout);
		return command ? written(stdout) : unknown(argv[2]);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
		return usage(stdout);
	if (strcmp(name, "--version") == 0) {
		puts("calltrace " CALLTRACE_VERSION);
		return written(stdout);
	}
	command = find(name);
	return command ? command->run(command, argc - 1, argv + 1) : unknown(name);
}
