#include "report/output.h"

#include <string.h>

const struct ct_output ct_outputs[] = {
	{ "text", "a summary for people", ct_out_text },
	{ "json", "everything, for programs", ct_out_json },
	{ "lcov", "a tracefile for lcov and genhtml", ct_out_lcov },
	{ 0 },
};

const struct ct_output *ct_output_find(const char *name)
{
	for (const struct ct_output *output = ct_outputs; output->name; output++)
		if (strcmp(output->name, name) == 0)
			return output;
	return NULL;
}
