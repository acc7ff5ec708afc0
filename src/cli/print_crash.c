#include "cli/print_crash.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/setting.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/show_name.h"
#include "cli/show_tree.h"
#include "cli/show_value.h"
#include "report/text.h"
#include "trace/crash.h"

#define SHORT_REPORTS 5
#define SHORT_THREADS 4
#define SHORT_INNER   12
#define SHORT_OUTER   4
#define COLUMN        60 /* where places begin */
#define VALUE_WIDTH   40

struct print {
	FILE *out;
	struct ct_trace *trace;
	const struct ct_crash_report *report;
	const struct ct_crash_style *style;
	struct ct_show_style colours;
	struct ct_text line;
};

/* Text of a file that anybody may have written: nothing that moves a cursor. */
static void add_visible(struct ct_text *to, const char *text)
{
	for (; text && *text; text++) {
		bool control = (unsigned char) *text < 0x20 || *text == 0x7f
		               || ((unsigned char) *text == 0xc2 && (unsigned char) text[1] < 0xa0);

		ct_text_add_char(to, control ? '?' : *text);
	}
}

static const char *begin(const struct print *p, enum ct_show_colour colour)
{
	return ct_show_begin(&p->colours, colour);
}

static const char *end(const struct print *p, enum ct_show_colour colour)
{
	return ct_show_end(&p->colours, colour);
}

static void put_line(struct print *p)
{
	fprintf(p->out, "%s\n", p->line.data ? p->line.data : "");
	ct_text_clear(&p->line);
}

/* --- what happened --- */

static void add_title(struct print *p)
{
	const struct ct_trace_test *test = ct_trace_test(p->trace);
	const struct ct_trace_meta *meta = ct_trace_meta(p->trace);
	struct ct_text *to = &p->line;

	if (p->style->titled)
		return;
	ct_text_add(to, begin(p, CT_SHOW_BOLD));
	if (test->suite) {
		add_visible(to, test->suite);
		ct_text_add(to, "::");
		add_visible(to, test->name);
		if (test->parameter >= 0)
			ct_text_addf(to, " [%d]", test->parameter);
	} else {
		add_visible(to, meta->executable && meta->executable[0] ? ct_basename(meta->executable) : "?");
	}
	ct_text_add(to, end(p, CT_SHOW_BOLD));
	ct_text_addf(to, " (pid %u) ", meta->pid);
}

static const char *access_word(const char *access)
{
	static const char *const words[][2] = { { "read", "reading" }, { "write", "writing to" },
		                                { "execute", "executing" } };

	for (int i = 0; access && i < 3; i++)
		if (strcmp(access, words[i][0]) == 0)
			return words[i][1];
	return "at";
}

static void add_address(struct print *p)
{
	const struct ct_crash_report *r = p->report;

	ct_text_addf(&p->line, ", %s 0x%llx", access_word(r->access), (unsigned long long) r->address);
	if (r->lies_in) {
		ct_text_add(&p->line, ": ");
		add_visible(&p->line, r->lies_in);
	}
}

static void put_event(struct print *p)
{
	const struct ct_crash_report *r = p->report;
	bool plain = r->lies_in && r->cause && strcmp(r->cause, "nothing is mapped there") == 0;
	const char *verb = r->timeout ? "timed out" : r->fault || r->signal == 6 ? "crashed" : "was ended";

	add_title(p);
	ct_text_addf(&p->line, "%s%s: ", begin(p, CT_SHOW_RED), r->expected ? "ended as expected" : verb);
	add_visible(&p->line, r->name);
	ct_text_add(&p->line, end(p, CT_SHOW_RED));
	if (r->has_address && r->fault)
		add_address(p);
	if (r->cause && !plain) {
		ct_text_add(&p->line, r->has_address ? "; " : ", ");
		add_visible(&p->line, r->cause);
	}
	put_line(p);
	if (r->again)
		fputs("  the record of it is not complete: the recorder itself was hit by a signal\n", p->out);
}

/* --- stacks --- */

static unsigned width_of(const struct ct_text *line)
{
	return ct_show_width(line->data ? line->data : "");
}

static void add_place(struct print *p, const struct ct_crash_frame *f)
{
	const char *dim = begin(p, CT_SHOW_DIM);

	for (unsigned at = width_of(&p->line); at < COLUMN; at++)
		ct_text_add_char(&p->line, ' ');
	ct_text_add(&p->line, "  ");
	ct_text_add(&p->line, dim);
	if (f->file) {
		add_visible(&p->line, ct_basename(f->file));
		if (f->line)
			ct_text_addf(&p->line, ":%u", f->line);
	}
	if (f->module && f->id == CT_NO_ROW) {
		ct_text_add(&p->line, f->file ? " in " : "in ");
		add_visible(&p->line, ct_basename(f->module));
	}
	ct_text_add(&p->line, end(p, CT_SHOW_DIM));
}

static void add_call(struct print *p, const struct ct_crash_frame *f)
{
	const struct ct_show_values values = { .unicode = p->style->unicode, .addresses = true,
		                               .width = p->style->full ? 0 : VALUE_WIDTH };
	struct ct_text name = {0};

	if (f->arguments && !p->style->no_values) {
		ct_show_bare_name(&name, f->function, p->style->full ? 0 : COLUMN);
		add_visible(&p->line, name.data);
		ct_show_arguments(&p->line, &values, f->function, f->arguments, NULL, f->variadic);
	} else {
		ct_show_name(&name, f->function, p->style->full ? 0 : COLUMN);
		add_visible(&p->line, name.data);
	}
	ct_text_deinit(&name);
}

static void put_frame(struct print *p, const struct ct_crash_frame *f)
{
	ct_text_add(&p->line, "    ");
	if (!f->function)
		ct_text_addf(&p->line, "0x%llx", (unsigned long long) f->address);
	else if (f->id != CT_NO_ROW)
		add_call(p, f);
	else {
		add_visible(&p->line, f->function);
		ct_text_addf(&p->line, "+0x%llx", (unsigned long long) f->offset);
	}
	if (f->file || (f->module && f->id == CT_NO_ROW))
		add_place(p, f);
	put_line(p);
	if (f->through) {
		ct_text_add(&p->line, "      (calls through ");
		add_visible(&p->line, f->through);
		ct_text_add_char(&p->line, ')');
		put_line(p);
	}
	if (f->gap)
		fputs("    ... what lies between is not known\n", p->out);
}

static void put_omitted(struct print *p, uint64_t count)
{
	if (count)
		fprintf(p->out, "    ... %llu more call%s ...\n", (unsigned long long) count,
		        count == 1 ? "" : "s");
}

static void put_stack(struct print *p, const struct ct_crash_stack *t)
{
	bool cut = !p->style->full && t->count > SHORT_INNER + SHORT_OUTER;
	uint64_t omitted = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (t->omitted && i == t->omitted_at)
			omitted += t->omitted;
		if (cut && i >= SHORT_INNER && i < t->count - SHORT_OUTER) {
			omitted++;
			continue;
		}
		put_omitted(p, omitted);
		omitted = 0;
		put_frame(p, &t->frames[i]);
	}
	if (t->count == 0)
		fputs("    in no recorded call\n", p->out);
}

static bool equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Where threads do the same, one of them speaks for all. */
static bool same_stack(const struct ct_crash_stack *a, const struct ct_crash_stack *b)
{
	if (!equal(a->state, b->state) || !equal(a->call, b->call) || a->count != b->count
	    || a->omitted != b->omitted)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct ct_crash_frame *f = &a->frames[i], *g = &b->frames[i];

		if (!equal(f->function, g->function) || f->line != g->line || f->address != g->address
		    || !equal(f->arguments, g->arguments))
			return false;
	}
	return true;
}

static void put_thread_title(struct print *p, const struct ct_crash_stack *t, size_t more)
{
	ct_text_addf(&p->line, "  %sthread %u", begin(p, CT_SHOW_BOLD), t->tid);
	if (t->name) {
		ct_text_add_char(&p->line, ' ');
		add_visible(&p->line, t->name);
	}
	ct_text_add(&p->line, end(p, CT_SHOW_BOLD));
	if (more)
		ct_text_addf(&p->line, " and %zu more, all", more);
	if (t->state) {
		ct_text_add(&p->line, more ? " " : ", ");
		add_visible(&p->line, t->state);
	}
	if (t->call) {
		ct_text_add(&p->line, " in the system call ");
		add_visible(&p->line, t->call);
	}
	ct_text_add_char(&p->line, ':');
	put_line(p);
}

static bool has_calls(const struct ct_crash_stack *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->frames[i].id != CT_NO_ROW)
			return true;
	return false;
}

struct telling {
	bool *told;
	size_t shown, hidden;
};

/* Thread number `i`, and with it those that do the same. */
static void put_thread(struct print *p, size_t i, struct telling *t)
{
	const struct ct_crash_report *r = p->report;
	size_t more = 0;

	t->told[i] = true;
	for (size_t j = i + 1; i > 0 && j < r->thread_count; j++)
		if (!t->told[j] && same_stack(&r->threads[i], &r->threads[j])) {
			t->told[j] = true;
			more++;
		}
	if (!p->style->full && t->shown >= SHORT_THREADS) {
		t->hidden += 1 + more;
		return;
	}
	put_thread_title(p, &r->threads[i], more);
	put_stack(p, &r->threads[i]);
	t->shown++;
}

/* First the one that the signal came to, then those in recorded calls. The others are a library's. */
static void put_threads(struct print *p)
{
	const struct ct_crash_report *r = p->report;
	bool *told = ct_calloc(r->thread_count + 1, sizeof *told);
	struct telling t = { .told = told };

	for (size_t i = 0; i < r->thread_count; i++)
		if (!told[i] && (i == 0 || has_calls(&r->threads[i])))
			put_thread(p, i, &t);
	for (size_t i = 0; i < r->thread_count; i++)
		if (!told[i] && p->style->full)
			put_thread(p, i, &t);
		else if (!told[i])
			t.hidden++;
	if (r->threads_seen > r->thread_count)
		t.hidden += r->threads_seen - r->thread_count;
	if (t.hidden)
		fprintf(p->out, "  and %zu more thread%s\n", t.hidden, t.hidden == 1 ? "" : "s");
	free(told);
}

static void put_registers(struct print *p)
{
	static const int order[CT_CRASH_REGISTERS] = { 0, 3, 2, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
		                                       15, 16, 17 };

	if (!p->report->has_registers)
		return;
	fprintf(p->out, "  %sregisters:%s\n", begin(p, CT_SHOW_BOLD), end(p, CT_SHOW_BOLD));
	for (int i = 0; i < CT_CRASH_REGISTERS; i++)
		fprintf(p->out, "%s%-6s 0x%016llx%s", i % 3 ? "  " : "    ", ct_crash_register_name(order[i]),
		        (unsigned long long) p->report->registers[order[i]], i % 3 == 2 ? "\n" : "");
}

bool ct_print_crash(FILE *out, struct ct_trace *trace, const struct ct_crash_style *style)
{
	struct print p = { .out = out, .trace = trace, .report = ct_trace_crash(trace), .style = style,
		           .colours = { .colour = style->colour } };

	if (!p.report)
		return false;
	put_event(&p);
	put_threads(&p);
	if (style->full)
		put_registers(&p);
	ct_text_deinit(&p.line);
	return true;
}

bool ct_is_crash(struct ct_trace *trace)
{
	const struct ct_crash_report *r = ct_trace_crash(trace);

	return r && !r->expected;
}

bool ct_wants_crashes(bool otherwise)
{
	const char *value = getenv("CALLTRACE_CRASH_REPORT");
	bool wanted;

	if (!value || !*value)
		return otherwise;
	if (ct_setting_bool(value, &wanted))
		return wanted;
	ct_warn("CALLTRACE_CRASH_REPORT: '%s' is neither true nor false; using %s", value, otherwise ? "true" : "false");
	return otherwise;
}

void ct_print_crashes(struct ct_trace **traces, size_t count, const char *where)
{
	struct ct_crash_style style = { .colour = ct_use_colour(STDERR_FILENO) };
	size_t printed = 0, more = 0;

	setlocale(LC_CTYPE, "");
	style.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	for (size_t i = 0; i < count; i++) {
		if (!ct_is_crash(traces[i]))
			continue;
		if (printed == SHORT_REPORTS)
			more++;
		else if (ct_print_crash(stderr, traces[i], &style))
			printed++;
	}
	if (more)
		fprintf(stderr, "and %zu more that ended by a signal\n", more);
	if (printed && where) {
		struct ct_text path = {0};

		ct_text_add_shell(&path, ct_from_here(where));
		fprintf(stderr, "more of it%s: calltrace show %s\n", printed > 1 ? ", and of the others" : "",
		        path.data);
		ct_text_deinit(&path);
	}
	fflush(stderr);
}
