/* write_crash.c - the report of a crash as JSON: metadata.crash of docs/json-trace.md. */
#include "trace/tree.h"

#include <string.h>

#include "base/text.h"
#include "trace/crash.h"

struct writer {
	struct ct_text *text;
	bool pretty, first;
};

static void key(struct writer *w, const char *name)
{
	if (!w->first)
		ct_text_add(w->text, w->pretty ? ", " : ",");
	w->first = false;
	ct_text_addf(w->text, "\"%s\":%s", name, w->pretty ? " " : "");
}

static void open_value(struct writer *w, char bracket)
{
	ct_text_add_char(w->text, bracket);
	w->first = true;
}

static void close_value(struct writer *w, char bracket)
{
	ct_text_add_char(w->text, bracket);
	w->first = false;
}

/* An element of an array, on a line of its own. */
static void element(struct writer *w, unsigned depth)
{
	if (!w->first)
		ct_text_add_char(w->text, ',');
	if (w->pretty)
		ct_text_addf(w->text, "\n%*s", (int) (2 * depth), "");
	open_value(w, '{');
}

static void put_text(struct writer *w, const char *name, const char *value)
{
	if (!value)
		return;
	key(w, name);
	ct_text_add_json(w->text, value);
}

static void put_number(struct writer *w, const char *name, uint64_t value)
{
	key(w, name);
	ct_text_add_u64(w->text, value);
}

static void put_flag(struct writer *w, const char *name, bool value)
{
	if (!value)
		return;
	key(w, name);
	ct_text_add(w->text, "true");
}

static void put_address(struct writer *w, const char *name, uint64_t value)
{
	key(w, name);
	ct_text_addf(w->text, "\"0x%llx\"", (unsigned long long) value);
}

static void put_frame(struct writer *w, const struct ct_crash_frame *f)
{
	put_text(w, "function", f->function);
	if (f->id != CT_NO_ROW)
		put_number(w, "id", f->id);
	put_text(w, "file", f->file);
	if (f->line)
		put_number(w, "line", f->line);
	put_text(w, "module", f->module);
	if (f->address)
		put_address(w, "address", f->address);
	if (f->function && f->id == CT_NO_ROW)
		put_number(w, "offset", f->offset);
	put_text(w, "through", f->through);
	if (f->arguments) {
		key(w, "arguments");
		ct_text_add(w->text, f->arguments);
	}
	put_text(w, "arguments_unavailable", f->arguments_unavailable);
	put_flag(w, "variadic", f->variadic);
	put_flag(w, "gap", f->gap);
}

static void put_thread(struct writer *w, const struct ct_crash_stack *t)
{
	put_number(w, "thread_id", t->tid);
	put_text(w, "name", t->name);
	put_text(w, "state", t->state);
	put_text(w, "system_call", t->call);
	if (t->call) {
		key(w, "system_call_arguments");
		open_value(w, '[');
		for (int i = 0; i < 6; i++)
			ct_text_addf(w->text, "%s\"0x%llx\"", i == 0 ? "" : w->pretty ? ", " : ",",
			             (unsigned long long) t->call_arguments[i]);
		close_value(w, ']');
	}
	key(w, "stack");
	open_value(w, '[');
	for (size_t i = 0; i < t->count; i++) {
		element(w, 5);
		if (t->omitted && i == t->omitted_at)
			put_number(w, "omitted", t->omitted);
		put_frame(w, &t->frames[i]);
		close_value(w, '}');
	}
	close_value(w, ']');
}

static void put_registers(struct writer *w, const struct ct_crash_report *r)
{
	if (!r->has_registers)
		return;
	key(w, "registers");
	open_value(w, '{');
	for (int i = 0; i < CT_CRASH_REGISTERS; i++)
		put_address(w, ct_crash_register_name(i), r->registers[i]);
	close_value(w, '}');
}

void ct_crash_write(struct ct_text *text, const struct ct_crash_report *r, bool pretty)
{
	struct writer w = { .text = text, .pretty = pretty };

	open_value(&w, '{');
	put_number(&w, "signal", (uint64_t) r->signal);
	put_text(&w, "name", r->name);
	put_text(&w, "cause", r->cause);
	key(&w, "expected");
	ct_text_add(text, r->expected ? "true" : "false");
	put_flag(&w, "timeout", r->timeout);
	put_flag(&w, "fault", r->fault);
	put_flag(&w, "incomplete", r->again);
	if (r->sender)
		put_number(&w, "sender", r->sender);
	put_text(&w, "access", r->access);
	if (r->has_address)
		put_address(&w, "address", r->address);
	put_text(&w, "lies_in", r->lies_in);
	if (r->tid)
		put_number(&w, "thread_id", r->tid);
	if (r->time)
		put_number(&w, "time", r->time);
	put_registers(&w, r);
	put_number(&w, "threads_seen", r->threads_seen);
	key(&w, "threads");
	open_value(&w, '[');
	for (size_t i = 0; i < r->thread_count; i++) {
		element(&w, 4);
		put_thread(&w, &r->threads[i]);
		close_value(&w, '}');
	}
	close_value(&w, ']');
	close_value(&w, '}');
}
