/* read_crash.c - metadata.crash of a JSON trace, back. What it does not have stays unknown. */
#include "trace/read_fields.h"

#include "trace/crash.h"

/* The value as it stands in the file. */
static const char *raw_value(struct ct_trace *trace)
{
	struct ct_pull *p = &trace->json->pull;
	size_t begin;

	if (ct_pull_peek(p) != '[') {
		ct_pull_skip(p);
		return NULL;
	}
	begin = p->at;
	ct_pull_skip(p);
	return p->failed ? NULL : ct_arena_strndup(&trace->arena, p->data + begin, p->at - begin);
}

static bool read_place(struct ct_trace *trace, struct ct_crash_frame *f, struct ct_span key)
{
	struct ct_pull *p = &trace->json->pull;

	if (ct_span_is(key, "function"))
		f->function = ct_json_text(trace);
	else if (ct_span_is(key, "id"))
		f->id = ct_json_number32(p);
	else if (ct_span_is(key, "file"))
		f->file = ct_json_text(trace);
	else if (ct_span_is(key, "line"))
		f->line = ct_json_number32(p);
	else if (ct_span_is(key, "module"))
		f->module = ct_json_text(trace);
	else if (ct_span_is(key, "address"))
		f->address = ct_json_address(p);
	else if (ct_span_is(key, "offset"))
		f->offset = ct_pull_number(p);
	else
		return false;
	return true;
}

static void read_frame(struct ct_trace *trace, struct ct_crash_stack *stack)
{
	struct ct_crash_frame *f = &stack->frames[stack->count];
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	*f = (struct ct_crash_frame){ .id = CT_NO_ROW };
	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (read_place(trace, f, key))
			continue;
		if (ct_span_is(key, "through"))
			f->through = ct_json_text(trace);
		else if (ct_span_is(key, "arguments"))
			f->arguments = raw_value(trace);
		else if (ct_span_is(key, "arguments_unavailable"))
			f->arguments_unavailable = ct_json_text(trace);
		else if (ct_span_is(key, "variadic"))
			f->variadic = ct_pull_bool(p);
		else if (ct_span_is(key, "gap"))
			f->gap = ct_pull_bool(p);
		else if (ct_span_is(key, "omitted")) {
			stack->omitted = ct_pull_number(p);
			stack->omitted_at = stack->count;
		} else
			ct_pull_skip(p);
	}
}

static void read_stack(struct ct_trace *trace, struct ct_crash_stack *stack)
{
	struct ct_pull *p = &trace->json->pull;

	if (!ct_pull_open(p, '['))
		return;
	while (ct_pull_element(p)) {
		stack->frames = ct_json_grow(trace, stack->frames, stack->count, sizeof *stack->frames);
		read_frame(trace, stack);
		stack->count++;
	}
}

static void read_call_arguments(struct ct_trace *trace, struct ct_crash_stack *stack)
{
	struct ct_pull *p = &trace->json->pull;
	size_t i = 0;

	if (!ct_pull_open(p, '['))
		return;
	while (ct_pull_element(p)) {
		uint64_t value = ct_json_address(p);

		if (i < 6)
			stack->call_arguments[i++] = value;
	}
}

static void read_thread(struct ct_trace *trace, struct ct_crash_stack *stack)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	*stack = (struct ct_crash_stack){0};
	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "thread_id"))
			stack->tid = ct_json_number32(p);
		else if (ct_span_is(key, "name"))
			stack->name = ct_json_text(trace);
		else if (ct_span_is(key, "state"))
			stack->state = ct_json_text(trace);
		else if (ct_span_is(key, "system_call"))
			stack->call = ct_json_text(trace);
		else if (ct_span_is(key, "system_call_arguments"))
			read_call_arguments(trace, stack);
		else if (ct_span_is(key, "stack"))
			read_stack(trace, stack);
		else
			ct_pull_skip(p);
	}
}

static void read_threads(struct ct_trace *trace, struct ct_crash_report *r)
{
	struct ct_pull *p = &trace->json->pull;

	if (!ct_pull_open(p, '['))
		return;
	while (ct_pull_element(p)) {
		r->threads = ct_json_grow(trace, r->threads, r->thread_count, sizeof *r->threads);
		read_thread(trace, &r->threads[r->thread_count++]);
	}
}

static void read_registers(struct ct_trace *trace, struct ct_crash_report *r)
{
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	r->has_registers = true;
	while (ct_pull_key(p, &key)) {
		int i = 0;

		while (i < CT_CRASH_REGISTERS && !ct_span_is(key, ct_crash_register_name(i)))
			i++;
		if (i < CT_CRASH_REGISTERS)
			r->registers[i] = ct_json_address(p);
		else
			ct_pull_skip(p);
	}
}

static bool read_signal(struct ct_trace *trace, struct ct_crash_report *r, struct ct_span key)
{
	struct ct_pull *p = &trace->json->pull;

	if (ct_span_is(key, "signal"))
		r->signal = (int) (ct_json_number32(p) & 127);
	else if (ct_span_is(key, "name"))
		r->name = ct_json_text(trace);
	else if (ct_span_is(key, "cause"))
		r->cause = ct_json_text(trace);
	else if (ct_span_is(key, "expected"))
		r->expected = ct_pull_bool(p);
	else if (ct_span_is(key, "timeout"))
		r->timeout = ct_pull_bool(p);
	else if (ct_span_is(key, "fault"))
		r->fault = ct_pull_bool(p);
	else if (ct_span_is(key, "incomplete"))
		r->again = ct_pull_bool(p);
	else if (ct_span_is(key, "sender"))
		r->sender = ct_json_number32(p);
	else if (ct_span_is(key, "access"))
		r->access = ct_json_text(trace);
	else
		return false;
	return true;
}

void ct_json_read_crash(struct ct_trace *trace)
{
	struct ct_crash_report *r = ct_arena_alloc(&trace->arena, sizeof *r);
	struct ct_pull *p = &trace->json->pull;
	struct ct_span key;

	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (read_signal(trace, r, key))
			continue;
		if (ct_span_is(key, "address")) {
			r->address = ct_json_address(p);
			r->has_address = true;
		} else if (ct_span_is(key, "lies_in"))
			r->lies_in = ct_json_text(trace);
		else if (ct_span_is(key, "thread_id"))
			r->tid = ct_json_number32(p);
		else if (ct_span_is(key, "time"))
			r->time = ct_pull_number(p);
		else if (ct_span_is(key, "registers"))
			read_registers(trace, r);
		else if (ct_span_is(key, "threads_seen"))
			r->threads_seen = ct_json_number32(p);
		else if (ct_span_is(key, "threads"))
			read_threads(trace, r);
		else
			ct_pull_skip(p);
	}
	if (!r->name)
		r->name = "a signal";
	trace->crash = r;
}
