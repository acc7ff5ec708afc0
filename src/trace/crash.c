/* crash.c - the report of a crash: the record's, the open calls', and what lies between them. */
#include "trace/crash.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trace/crash_parts.h"
#include "trace/value.h"

#define INNER 96 /* calls of a stack that are told: so many of the innermost ... */
#define OUTER 32 /* ... and of the outermost */
#define MACHINE 48

struct open_call {
	uint32_t row;
	struct ct_payload values;
};

/* The calls that are open when a thread's records end, outermost first. */
static struct open_call *open_calls(const struct ct_trace *trace, uint32_t thread, size_t *count)
{
	struct open_call *calls = NULL;
	size_t capacity = 0;
	enum ct_event event;
	struct ct_stream s;

	*count = 0;
	ct_stream_init(&s, trace, thread);
	while ((event = ct_stream_next(&s)) != CT_EVENT_END) {
		if (event == CT_EVENT_LEAVE && s.ended == CT_CALL_OPEN) {
			*count = s.level + 1;
			break;
		}
		if (event != CT_EVENT_ENTER)
			continue;
		if (s.level == capacity) {
			capacity = capacity ? capacity * 2 : 64;
			calls = ct_realloc(calls, capacity * sizeof *calls);
		}
		calls[s.level] = (struct open_call){ s.row, ct_stream_values(&s) };
	}
	ct_stream_deinit(&s);
	return calls;
}

static const char *module_path(const struct ct_trace *trace, uint32_t module)
{
	return module == CT_NO_ROW ? NULL : trace->modules[module].path;
}

struct stack_writer {
	struct ct_trace *trace;
	uint32_t thread;
	const struct ct_row *rows;
	const struct open_call *calls;
	size_t count;
	struct ct_value_writer *values; /* NULL: none were captured */
};

/* The i-th of the open calls, standing where the next one inside was called. */
static struct ct_crash_frame call_frame(const struct stack_writer *w, size_t i)
{
	struct ct_trace *trace = w->trace;
	const struct ct_row *row = &w->rows[w->calls[i].row];
	const struct ct_trace_function *f = &trace->functions[row->function];
	struct ct_crash_frame frame = { .function = f->name, .id = row->function,
		                        .module = module_path(trace, f->module) };
	struct ct_text text = {0};

	if (i + 1 < w->count) {
		const struct ct_row *inner = &w->rows[w->calls[i + 1].row];

		/* The place in an excluded caller is not one in this call. */
		frame.through = inner->excluded_caller ? inner->excluded_caller : inner->through;
		if (inner->site != CT_NO_ROW && !inner->excluded_caller) {
			frame.file = trace->sites[inner->site].file;
			frame.line = trace->sites[inner->site].line;
		}
		frame.address = inner->excluded_caller ? 0 : inner->site_address;
	}
	if (w->values && ct_value_arguments(w->values, w->calls[i].row, w->calls[i].values, &text,
	                                    &frame.arguments_unavailable)) {
		frame.arguments = ct_arena_strdup(&trace->arena, text.data);
		frame.variadic = ct_value_variadic(w->values, w->calls[i].row);
	}
	ct_text_deinit(&text);
	return frame;
}

static void add_calls(const struct stack_writer *w, struct ct_crash_stack *stack)
{
	bool cut = w->count > INNER + OUTER;

	for (size_t i = w->count; i-- > 0;) {
		if (cut && i == w->count - INNER - 1) {
			stack->omitted = w->count - INNER - OUTER;
			stack->omitted_at = stack->count;
			i = OUTER - 1;
		}
		stack->frames[stack->count++] = call_frame(w, i);
	}
}

/* Machine frames inside of the innermost recorded call; where they meet it, it stands there. */
static void join(struct ct_crash_stack *stack, const struct ct_crash_frame *machine, size_t count, bool joined)
{
	struct ct_crash_frame *call;

	if (joined)
		count--;
	memcpy(stack->frames, machine, count * sizeof *machine);
	stack->count = count;
	call = &stack->frames[count];
	if (!joined) {
		if (count)
			call[-1].gap = true;
		return;
	}
	call->file = machine[count].file;
	call->line = machine[count].line;
	call->address = machine[count].address;
}

/* The last thread of that number that was recorded, once; CT_NO_ROW: none. */
static uint32_t take_recorded(const struct ct_trace *trace, uint32_t tid, bool *taken)
{
	for (size_t i = trace->thread_count; i-- > 0;)
		if (trace->threads[i].tid == tid && !taken[i]) {
			taken[i] = true;
			return (uint32_t) i;
		}
	return CT_NO_ROW;
}

/* `row`: of the CRASH extent, SIZE_MAX: none. `thread`: of the trace, or CT_NO_ROW. */
static void fill_stack(struct ct_trace *trace, struct ct_crash_image *image, size_t row, uint32_t thread,
                       struct ct_crash_stack *stack)
{
	struct stack_writer w = { .trace = trace, .thread = thread };
	struct ct_crash_frame machine[MACHINE];
	struct open_call *calls = NULL;
	bool joined = false;
	size_t count = 0, told;

	if (thread != CT_NO_ROW) {
		w.calls = calls = open_calls(trace, thread, &w.count);
		w.rows = trace->raw->threads[thread].rows;
		if (w.count && ct_values_captured(trace))
			w.values = ct_value_writer_new(trace, thread);
	}
	if (row != SIZE_MAX)
		count = ct_crash_machine(image, row, w.count ? w.rows[calls[w.count - 1].row].hook : 0,
		                         machine, MACHINE, &joined);
	told = w.count > INNER + OUTER ? INNER + OUTER : w.count;
	stack->frames = ct_arena_alloc(&trace->arena, (count + told + 1) * sizeof *stack->frames);
	/* First the calls, to have the innermost one's place. */
	stack->count = joined ? count - 1 : count;
	add_calls(&w, stack);
	told = stack->count;
	join(stack, machine, count, joined);
	stack->count = told;
	if (!joined && count && !w.count)
		stack->frames[count - 1].gap = false;
	ct_value_writer_free(w.values);
	free(calls);
}

static void name_stack(struct ct_trace *trace, const struct ct_crash_thread *t, struct ct_crash_stack *stack)
{
	stack->tid = t->tid;
	stack->name = t->name[0] ? ct_arena_strdup(&trace->arena, t->name) : NULL;
	stack->state = t->tid == trace->raw->session.crash.tid ? NULL : ct_thread_state(t->state);
	if (t->call >= 0) {
		stack->call = ct_system_call_name(&trace->arena, t->call);
		memcpy(stack->call_arguments, t->arguments, sizeof t->arguments);
	}
}

/* Where the process could not say which threads it had: those that were recorded, and have open calls. */
static void fill_recorded(struct ct_trace *trace, struct ct_crash_image *image, struct ct_crash_report *report)
{
	report->threads = ct_arena_alloc(&trace->arena, (trace->thread_count + 1) * sizeof *report->threads);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < trace->thread_count; i++) {
			struct ct_crash_stack *stack = &report->threads[report->thread_count];
			const struct ct_trace_thread *t = &trace->threads[i];

			if ((t->tid == report->tid) == (pass == 1))
				continue;
			*stack = (struct ct_crash_stack){ .tid = t->tid, .name = t->name };
			fill_stack(trace, image, SIZE_MAX, (uint32_t) i, stack);
			report->thread_count += stack->count > 0 || pass == 0;
		}
	report->threads_seen = (uint32_t) report->thread_count;
}

static void fill_threads(struct ct_trace *trace, struct ct_crash_image *image, struct ct_crash_report *report)
{
	size_t count;
	const struct ct_crash_thread *rows = ct_crash_image_threads(image, &count, &report->threads_seen);
	bool *taken;

	if (!count) {
		fill_recorded(trace, image, report);
		return;
	}
	taken = ct_calloc(trace->thread_count + 1, sizeof *taken);
	report->threads = ct_arena_alloc(&trace->arena, count * sizeof *report->threads);
	report->thread_count = count;
	for (size_t i = 0; i < count; i++) {
		name_stack(trace, &rows[i], &report->threads[i]);
		/* Its calls are known to have ended: they are another thread's, that had its number. */
		fill_stack(trace, image, i, rows[i].frame ? take_recorded(trace, rows[i].tid, taken) : CT_NO_ROW,
		           &report->threads[i]);
	}
	free(taken);
}

static void fill_record(struct ct_trace *trace, struct ct_crash_image *image, struct ct_crash_report *report)
{
	const struct ct_crash *crash = &trace->raw->session.crash;
	bool overflow = false;

	report->tid = crash->tid;
	report->time = ct_ns(&trace->raw->timebase, crash->time);
	report->again = crash->flags & CT_CRASH_AGAIN;
	report->has_registers = true;
	memcpy(report->registers, crash->registers, sizeof crash->registers);
	report->registers[16] = crash->pc;
	report->registers[17] = crash->eflags;
	ct_crash_tell(&trace->arena, &trace->raw->session, report);
	if (report->has_address && (report->signal == SIGSEGV || report->signal == SIGBUS))
		report->lies_in = ct_crash_place(image, report->address, &overflow);
	if (overflow)
		report->cause = "the stack is full (endless recursion, or large local variables)";
}

static struct ct_crash_report *make(struct ct_trace *trace)
{
	const struct ct_session *s = &trace->raw->session;
	int signal = s->crash.signal ? (int) s->crash.signal : trace->test.signal;
	struct ct_crash_report *report;
	struct ct_crash_image *image;

	if (signal <= 0 || signal > 64)
		return NULL;
	report = ct_arena_alloc(&trace->arena, sizeof *report);
	report->signal = signal;
	report->name = ct_signal_name(&trace->arena, signal);
	report->expected = s->expected_signal == signal;
	report->timeout = trace->test.status == CT_STATUS_TIMED_OUT;
	image = ct_crash_image_new(trace);
	if (s->crash.signal)
		fill_record(trace, image, report);
	if (report->timeout)
		report->cause = ct_arena_printf(&trace->arena, "it took longer than its %g s", s->timeout);
	fill_threads(trace, image, report);
	ct_crash_image_free(image);
	return report;
}

const struct ct_crash_report *ct_trace_crash(struct ct_trace *trace)
{
	if (!trace->looked_for_crash && trace->raw)
		trace->crash = make(trace);
	trace->looked_for_crash = true;
	return trace->crash;
}
