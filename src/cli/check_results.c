#include "cli/check_results.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *ct_check_status_name(enum ct_check_status status)
{
	static const char *const names[CT_CHECK_STATUSES] = { "met", "unmet", "inconclusive", "error", "skipped" };

	return names[status];
}

void ct_check_add(struct ct_check_results *results, const struct ct_check_result *result)
{
	if ((results->count & (results->count - 1)) == 0)
		results->items = ct_realloc(results->items, (results->count ? 2 * results->count : 1) * sizeof *results->items);
	results->items[results->count++] = *result;
	results->counts[result->status]++;
}

void ct_check_add_stale(struct ct_check_results *results, const struct ct_check_stale *stale)
{
	results->stale = ct_realloc(results->stale, (results->stale_count + 1) * sizeof *results->stale);
	results->stale[results->stale_count++] = *stale;
}

void ct_check_results_deinit(struct ct_check_results *results)
{
	free(results->items);
	free(results->stale);
	ct_arena_deinit(&results->arena);
	*results = (struct ct_check_results){0};
}

/* --- text --- */

/* Of tests in which the same statement failed in the same way the first one speaks for all. */
static void fold(struct ct_check_results *results)
{
	for (size_t i = 0; i < results->count; i++)
		results->items[i].times = 1;
	for (size_t i = 0; i < results->count; i++) {
		struct ct_check_result *first = &results->items[i];

		if (!first->times || first->status == CT_CHECK_MET || first->status == CT_CHECK_SKIPPED)
			continue;
		for (size_t j = i + 1; j < results->count; j++) {
			struct ct_check_result *r = &results->items[j];

			if (r->times == 1 && r->line == first->line && r->status == first->status
			    && strcmp(r->file, first->file) == 0 && strcmp(r->message, first->message) == 0) {
				first->times++;
				r->times = 0;
			}
		}
	}
}

static const char *colour_of(enum ct_check_status status)
{
	static const char *const colours[CT_CHECK_STATUSES] = { "\033[32m", "\033[31m", "\033[33m", "\033[31m", "\033[2m" };

	return colours[status];
}

/* Before the message, where that does not say it itself. */
static const char *prefix_of(const struct ct_check_result *r)
{
	if (r->status == CT_CHECK_ERROR)
		return "error: ";
	if (r->status != CT_CHECK_INCONCLUSIVE
	    || memmem(r->message, strcspn(r->message, "\n"), "inconclusive", strlen("inconclusive")))
		return "";
	return "inconclusive: ";
}

static void print_result(const struct ct_check_result *r, bool colour, FILE *out)
{
	const char *begin = colour ? colour_of(r->status) : "", *end = colour ? "\033[0m" : "";

	if (r->status == CT_CHECK_MET || r->status == CT_CHECK_SKIPPED) {
		fprintf(out, "%s:%u: %s: %s%s%s: %s\n", r->file, r->line, r->test, begin,
		        ct_check_status_name(r->status), end, r->statement);
		return;
	}
	fprintf(out, "%s:%u: %s", r->file, r->line, r->test);
	if (r->times > 1)
		fprintf(out, " and %u more", r->times - 1);
	if (r->thread)
		fprintf(out, ", %s", r->thread);
	fprintf(out, ": %s%s%s%s\n", begin, prefix_of(r), r->message, end);
	if (r->cut)
		fprintf(out, "  the trace ends early (%s): it was checked up to there\n", r->cut);
	fputc('\n', out);
}

static void print_stale(const struct ct_check_stale *s, FILE *out)
{
	fprintf(out, "%s:%u: error: there is no trace of a %s that matches '%s'\n", s->file, s->line,
	        s->is_program ? "program" : "test", s->title);
	if (s->close[0])
		fprintf(out, "  traces there are: %s\n", s->close);
	fputs("  (write 'optional' behind it if it need not run)\n\n", out);
}

static void add_count(struct ct_text *text, size_t count, const char *what)
{
	if (count)
		ct_text_addf(text, ", %zu %s", count, what);
}

static void print_summary(const struct ct_check_results *r, FILE *out)
{
	struct ct_text text = {0};

	ct_text_addf(&text, "%zu of %zu expectation%s met in %zu trace%s", r->counts[CT_CHECK_MET], r->count,
	             r->count == 1 ? "" : "s", r->traces, r->traces == 1 ? "" : "s");
	add_count(&text, r->counts[CT_CHECK_UNMET], "not met");
	add_count(&text, r->counts[CT_CHECK_INCONCLUSIVE], "inconclusive");
	add_count(&text, r->counts[CT_CHECK_ERROR] + r->stale_count, r->counts[CT_CHECK_ERROR] + r->stale_count == 1 ? "error" : "errors");
	add_count(&text, r->counts[CT_CHECK_SKIPPED], "not looked at");
	if (r->cut)
		ct_text_addf(&text, "; %zu trace%s early", r->cut, r->cut == 1 ? " ends" : "s end");
	if (r->other_traces)
		ct_text_addf(&text, "; nothing is expected of %zu other%s", r->other_traces, r->other_traces == 1 ? "" : "s");
	fprintf(out, "%s\n", text.data);
	ct_text_deinit(&text);
}

void ct_check_text(struct ct_check_results *results, bool verbose, bool colour, FILE *out)
{
	fold(results);
	for (size_t i = 0; i < results->count; i++) {
		const struct ct_check_result *r = &results->items[i];

		if (r->times && (verbose || (r->status != CT_CHECK_MET && r->status != CT_CHECK_SKIPPED)))
			print_result(r, colour, out);
	}
	for (size_t i = 0; i < results->stale_count; i++)
		print_stale(&results->stale[i], out);
	print_summary(results, out);
}

/* --- JSON --- */

static void add_member(struct ct_text *text, const char *key, const char *value)
{
	if (!value)
		return;
	ct_text_addf(text, ",\"%s\":", key);
	ct_text_add_json(text, value);
}

void ct_check_json(const struct ct_check_results *results, FILE *out)
{
	struct ct_text text = {0};

	ct_text_addf(&text, "{\"summary\":{\"expectations\":%zu,\"traces\":%zu,\"cut_short\":%zu,\"stale\":%zu", results->count,
	             results->traces, results->cut, results->stale_count);
	for (int i = 0; i < CT_CHECK_STATUSES; i++)
		ct_text_addf(&text, ",\"%s\":%zu", ct_check_status_name((enum ct_check_status) i), results->counts[i]);
	ct_text_add(&text, "},\n\"results\":[");
	for (size_t i = 0; i < results->count; i++) {
		const struct ct_check_result *r = &results->items[i];

		ct_text_addf(&text, "%s\n{\"status\":\"%s\",\"line\":%u", i ? "," : "", ct_check_status_name(r->status), r->line);
		add_member(&text, "file", r->file);
		add_member(&text, "statement", r->statement);
		add_member(&text, "test", r->test);
		add_member(&text, "trace", r->trace);
		add_member(&text, "thread", r->thread);
		add_member(&text, "cut_short", r->cut);
		add_member(&text, "message", r->message[0] ? r->message : NULL);
		ct_text_add_char(&text, '}');
	}
	ct_text_add(&text, "],\n\"stale\":[");
	for (size_t i = 0; i < results->stale_count; i++) {
		ct_text_addf(&text, "%s\n{\"line\":%u", i ? "," : "", results->stale[i].line);
		add_member(&text, "file", results->stale[i].file);
		add_member(&text, "tests", results->stale[i].title);
		ct_text_add_char(&text, '}');
	}
	ct_text_add(&text, "]}\n");
	fwrite(text.data, 1, text.length, out);
	ct_text_deinit(&text);
}

/* --- JUnit --- */

/* What XML 1.0 cannot have at all is left out. */
static void add_xml(struct ct_text *text, const char *string)
{
	for (const unsigned char *c = (const unsigned char *) string; *c; c++) {
		if (*c == '<')
			ct_text_add(text, "&lt;");
		else if (*c == '>')
			ct_text_add(text, "&gt;");
		else if (*c == '&')
			ct_text_add(text, "&amp;");
		else if (*c == '"')
			ct_text_add(text, "&quot;");
		else if (*c == '\n')
			ct_text_add(text, "&#10;");
		else if (*c >= 0x20 || *c == '\t')
			ct_text_add_char(text, (char) *c);
	}
}

static void add_attribute(struct ct_text *text, const char *name, const char *value)
{
	ct_text_addf(text, " %s=\"", name);
	add_xml(text, value);
	ct_text_add_char(text, '"');
}

static void add_case(struct ct_text *text, const struct ct_check_result *r)
{
	struct ct_text name = {0};

	ct_text_addf(&name, "%s:%u: %s", r->file, r->line, r->statement);
	ct_text_add(text, "  <testcase");
	add_attribute(text, "classname", r->test);
	add_attribute(text, "name", name.data);
	ct_text_deinit(&name);
	if (r->status == CT_CHECK_MET) {
		ct_text_add(text, "/>\n");
	} else if (r->status == CT_CHECK_SKIPPED) {
		ct_text_add(text, "><skipped/></testcase>\n");
	} else {
		const char *element = r->status == CT_CHECK_ERROR ? "error" : "failure";
		char *first = strndup(r->message, strcspn(r->message, "\n"));

		ct_text_addf(text, "><%s", element);
		add_attribute(text, "message", first ? first : "");
		ct_text_add_char(text, '>');
		add_xml(text, r->message);
		ct_text_addf(text, "</%s></testcase>\n", element);
		free(first);
	}
}

void ct_check_junit(const struct ct_check_results *results, FILE *out)
{
	struct ct_text text = {0};

	ct_text_addf(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	                    "<testsuite name=\"calltrace check\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
	             results->count + results->stale_count,
	             results->counts[CT_CHECK_UNMET] + results->counts[CT_CHECK_INCONCLUSIVE],
	             results->counts[CT_CHECK_ERROR] + results->stale_count, results->counts[CT_CHECK_SKIPPED]);
	for (size_t i = 0; i < results->count; i++)
		add_case(&text, &results->items[i]);
	for (size_t i = 0; i < results->stale_count; i++)
		add_case(&text, &(struct ct_check_result){ .file = results->stale[i].file, .line = results->stale[i].line,
		                                           .statement = results->stale[i].title,
		                                           .test = results->stale[i].title, .status = CT_CHECK_ERROR,
		                                           .message = "there is no trace of such a test" });
	ct_text_add(&text, "</testsuite>\n</testsuites>\n");
	fwrite(text.data, 1, text.length, out);
	ct_text_deinit(&text);
}
