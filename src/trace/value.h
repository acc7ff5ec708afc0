/*
 * value.h - what was recorded of the values of calls, as JSON (docs/json-trace.md says of what
 * shape): a payload, the plan by which it was captured, and the index's types.
 *
 * One writer serves one thread of a raw trace. What is the same in every call of a plan (names,
 * types) is rendered when the first of them comes; a call then costs its values. Nothing is
 * allocated but room in the text.
 *
 * Values are believed only if the index that was found is the one that the recorder had
 * (plans_hash): with another, bytes would be taken for what they are not.
 */
#ifndef CT_TRACE_VALUE_H
#define CT_TRACE_VALUE_H

#include "base/text.h"
#include "trace/stream.h"

struct ct_value_writer;

struct ct_value_writer *ct_value_writer_new(const struct ct_trace *trace, uint32_t thread);
void ct_value_writer_free(struct ct_value_writer *w);

/*
 * From now on typed, for those who compare: beside every value, also within others, is what its type is,
 * `"is":"u4"` (a letter of ct_type_letter(), and its size), and beside the name of an enumerator and
 * beside a character, its `number`. What is in a std::optional, and an empty one, is `"optional":true`.
 * Every value within another one is an object; so is what a pointer leads to.
 */
void ct_value_writer_typed(struct ct_value_writer *w);

/*
 * Each appends a JSON value, or nothing and is false. `row` is the call's, `enter` and `exit`
 * are the payloads of its two records.
 *
 * The array of arguments: where they were recorded, and where that needs no record (there are
 * none, or none can be had). `*why`: why there is nothing though something was recorded, or NULL.
 */
bool ct_value_arguments(struct ct_value_writer *w, uint32_t row, struct ct_payload enter,
                        struct ct_text *out, const char **why);
bool ct_value_return(struct ct_value_writer *w, uint32_t row, enum ct_call_end ended,
                     struct ct_payload exit, struct ct_text *out);
/* The arguments that point to something that the call changed. */
bool ct_value_after(struct ct_value_writer *w, uint32_t row, struct ct_payload enter,
                    struct ct_payload exit, struct ct_text *out);
bool ct_value_variadic(struct ct_value_writer *w, uint32_t row);

/* Whether the recorder captured values at all. */
bool ct_values_captured(const struct ct_trace *trace);

/*
 * s signed, u unsigned, c character, w wide character, b bool, f float, x complex, e signed and E unsigned
 * enumeration, p pointer, r reference, F pointer to a function, m pointer to a member, o structure or union,
 * a array, t string of C++, v vector of C++, n optional, k word (what else is one: 5ms), ? any other.
 */
char ct_type_letter(const struct ct_index *x, const struct ct_index_type *t);

/* "optimised out": of the reasons among enum ct_how; NULL: of the others. */
const char *ct_how_reason(uint8_t how);

#endif
