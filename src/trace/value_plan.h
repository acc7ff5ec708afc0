/* value_plan.h - plans made ready: what is the same in every call is rendered once. */
#ifndef CT_TRACE_VALUE_PLAN_H
#define CT_TRACE_VALUE_PLAN_H

#include "base/map.h"
#include "trace/value_type.h"

struct ct_ready_arg {
	const char *text; /* {"name":"n","type":"int" and then ,"value": of an integer; or ,"unavailable" */
	uint32_t name_length, head_length, length; /* to behind each of the three */
	uint8_t integer; /* plainly one of so many bytes, 8 at most; 0: no */
	bool is_signed;
	bool out; /* what it points to is followed again at the exit */
};

struct ct_ready {
	const struct ct_index *index;
	const struct ct_plan *plan; /* NULL: ... */
	const char *why;            /* ... this is why */
	struct ct_ready_arg *args;
	struct ct_followers followers, return_followers;
	const char *return_head; /* {"type":"int" */
	uint32_t return_length;
};

struct ct_ready_plans {
	struct ct_map known; /* plan -> its place in `items` */
	struct ct_ready **items;
	uint32_t count;
	struct ct_arena arena;
};

/* Of the enter hook at this address of the process. Never NULL. */
const struct ct_ready *ct_ready_plan(struct ct_ready_plans *plans, const struct ct_raw *raw,
                                     uint64_t hook, uint32_t epoch);
void ct_ready_plans_deinit(struct ct_ready_plans *plans);

#endif
