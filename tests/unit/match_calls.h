/*
 * match_calls.h - calls for matching, made up: functions by name, values as JSON.
 *
 *     struct made m;
 *     made_begin(&m, "open_socket", "close_socket", NULL);
 *     made_enter(&m, "open_socket", "[{\"name\":\"port\",\"type\":\"int\",\"value\":80}]");
 *     made_leave(&m, "{\"type\":\"int\",\"value\":3}");
 */
#ifndef MATCH_CALLS_H
#define MATCH_CALLS_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <string.h>

#include "match/verdict.h"

struct made {
	struct ct_calls calls;
	struct ct_arena arena;
	uint32_t thread;
	uint32_t phase;
	uint64_t time;
};

static inline const char *made_values(void *user, const struct ct_calls *calls, struct ct_call_id id,
                                      enum ct_values_kind kind, struct ct_text *scratch, const char **why)
{
	(void) user;
	(void) scratch;
	*why = "not recorded";
	if (kind == CT_VALUES_AFTER)
		return NULL;
	return (const char *) (uintptr_t) ct_calls_value(calls, id, kind == CT_VALUES_RETURNED);
}

__attribute__((sentinel)) static inline void made_begin(struct made *m, ...)
{
	va_list names;
	const char *name;
	uint32_t line = 10;

	*m = (struct made){ .phase = CT_PHASE_BODY };
	ct_calls_init(&m->calls, &(struct ct_calls_source){ m, made_values, NULL });
	va_start(names, m);
	while ((name = va_arg(names, const char *))) {
		struct ct_calls_function f = { .name = name, .file = "/src/net.c", .line = line,
			                       .address = 0x1000 + 16 * m->calls.function_count };
		struct ct_calls_place place = { .file = "/src/net.c", .line = line };

		place.function = ct_calls_add_function(&m->calls, &f);
		ct_calls_add_place(&m->calls, &place); /* of the same row */
		line += 10;
	}
	va_end(names);
	ct_calls_add_thread(&m->calls, 100, "tests", true);
}

static inline void made_end(struct made *m)
{
	ct_calls_deinit(&m->calls);
	ct_arena_deinit(&m->arena);
}

static inline uint32_t made_function(const struct made *m, const char *name)
{
	for (uint32_t i = 0; i < m->calls.function_count; i++)
		if (strcmp(m->calls.functions[i].name, name) == 0)
			return i;
	cr_assert_fail("no function %s in the test", name);
	return 0;
}

static inline struct ct_call_id made_enter(struct made *m, const char *name, const char *arguments)
{
	struct ct_call_id id = { m->thread, 0 };

	id.number = ct_calls_enter(&m->calls, m->thread, made_function(m, name), ++m->time, m->phase, 0);
	if (arguments)
		ct_calls_values(&m->calls, id, 0, (uint64_t) (uintptr_t) arguments);
	return id;
}

static inline void made_leave(struct made *m, const char *returned)
{
	struct ct_call_id id = { m->thread, m->calls.threads[m->thread].open };

	if (returned)
		ct_calls_values(&m->calls, id, 1, (uint64_t) (uintptr_t) returned);
	ct_calls_leave(&m->calls, m->thread, CT_STATE_RETURNED, ++m->time);
}

/* A call that calls nothing. */
static inline struct ct_call_id made_call(struct made *m, const char *name, const char *arguments, const char *returned)
{
	struct ct_call_id id = made_enter(m, name, arguments);

	made_leave(m, returned);
	return id;
}

/* f(n=VALUE) with an int; the text lives as long as the calls. */
static inline struct ct_call_id made_int(struct made *m, const char *name, int value)
{
	return made_call(m, name, ct_arena_printf(&m->arena, "[{\"name\":\"n\",\"type\":\"int\",\"value\":%d,\"is\":\"s4\"}]", value),
	                 NULL);
}

#endif
