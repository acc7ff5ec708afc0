/*
 * criterion/calltrace.h - assertions on the calls that a test really made: nothing is mocked.
 *
 *     #include <criterion/criterion.h>
 *     #include <criterion/calltrace.h>
 *
 *     Test(net, retries)
 *     {
 *             net_open("db", 80);
 *             cr_assert_called(open_socket);
 *             cr_assert_called_with(send_syn, 3, cr_any, cr_gt(0));
 *             cr_expect_call_order(open_socket, cr_times(send_syn, 3), cr_call("close_socket", 3));
 *     }
 *
 * The code under test is compiled with -g -finstrument-functions, the test program linked with
 * `pkg-config --libs calltrace-criterion`. C11 and later, C++11 and later. docs/assertions.md is
 * the long version of this page.
 *
 * Every cr_assert_X has a twin cr_expect_X: the first ends the test when it fails, the second lets it go
 * on. Both are expressions of type bool, and take a message (a literal format and its arguments) behind
 * their last parameter; those whose parameters are a list take cr_because("format", ...) as its last element.
 * Passed and failed ones are counted and reported by Criterion as its own.
 *
 * What counts. Calls in the test's body, on all threads, that were entered before the assertion; not
 * those of fixtures (cr_in_phase()), nor the body itself. In a theory, those of the present
 * iteration. A call counts from the moment that it is entered, whether it has returned or not.
 *
 * No assertion passes because its question makes no sense. A function that does not exist or cannot be
 * seen (not instrumented, recording off) fails with the reason, and close names; an argument that
 * could not be recorded fails as `inconclusive`. Arguments are recorded by value at the call's entry,
 * as soon as the program contains an assertion that asks for some, unless CALLTRACE_CAPTURE_ARGS is
 * false.
 *
 * Ownership. Patterns and matchers are values to be used at once, or kept in a variable until the test
 * ends; nothing has to be freed. Strings and memory that are handed in are copied, but for cr_capture()'s
 * target and cr_satisfies()'s data.
 *
 * Threads. Everything here may be called from any thread of the test's process at any time, also while
 * others make calls: an assertion sees all that was recorded before it began. A fatal one that fails on
 * another thread than the test's cannot end the test, and does not: it is reported, and says so. In a
 * forked child no assertion can be made: it says so on standard error and counts as failed. Nothing here
 * is async-signal-safe. errno is kept.
 *
 * All of it since 0.2.
 */
#ifndef CRITERION_CALLTRACE_H_
#define CRITERION_CALLTRACE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
# include <tuple>
# include <type_traits>
extern "C" {
#endif

/* --- types --- */

/* Which calls are meant; an element of a list of calls. Made by the words below. */
typedef struct calltrace_pattern *cr_call_pattern;
/* What a value has to be. */
typedef struct calltrace_matcher *cr_value_matcher;
/* How often. */
typedef struct calltrace_times *cr_call_times;
/* A moment: see cr_calls_mark(). */
typedef struct { uint64_t time; } cr_mark;
/* A call that was found: see cr_nth_call(). */
typedef struct calltrace_call cr_call_info;
/* A recorded value: see cr_satisfies(). */
typedef struct calltrace_value cr_call_value;
/* See cr_because(). */
typedef struct calltrace_reason *cr_call_reason;

enum cr_call_thread {
	CR_TEST_THREAD = 1, /* the one that runs the test's body */
	CR_OTHER_THREADS = 2
};

enum cr_call_phase {
	CR_SETUP = 1 << 2, /* .init and the suite's .init */
	CR_BODY = 1 << 3,
	CR_TEARDOWN = 1 << 4, /* .fini and the suite's .fini; no assertion that runs before them sees any */
	CR_STARTUP = 1 << 1 /* constructors, before the set-up */
};

/* --- which calls ---

   A pattern is one of

     f, &f            calls of that function. C++: &K::method (not virtual), a function template's instance
     "name"           by name, as the debug information has it: static functions, too. "file.c:name" tells static
                      functions of one name apart; "ns::f" is every overload of f, "ns::f(int)" that one;
                      with `*` or `?` in it a pattern over all these names: "net_*"
     cr_call(P, ...)  and the others here, which narrow a pattern and can be nested

   One that means no function which can be observed fails its assertion, whatever that asks. */

/* cr_call(P, matchers...): with these arguments, one matcher for each parameter; none: called without any.
   Of a variadic function, the named ones; of a member function, those that the source writes: cr_arg("this", m). */
#define cr_call(...) CALLTRACE_CALL(__VA_ARGS__)
/* cr_overload(int(int), ns::f): C++: one of several functions of a name; cr_overload(int (K::*)(int) const, &K::m). */
#define cr_overload(signature, f) static_cast<typename ::calltrace_detail::overload<signature>::type>(f)
/* Calls that have returned a value that matches. */
#define cr_returning(P, m) calltrace_returning(&calltrace_values, CALLTRACE_P(P), CALLTRACE_M(m))
/* Called by `caller` (a pattern) itself; or while it was open. */
#define cr_from(P, caller) calltrace_from(CALLTRACE_P(P), CALLTRACE_P(caller))
#define cr_within(P, ancestor) calltrace_within(CALLTRACE_P(P), CALLTRACE_P(ancestor))
/* On CR_TEST_THREAD or CR_OTHER_THREADS. */
#define cr_on_thread(P, thread) calltrace_on_thread(CALLTRACE_P(P), (thread))
/* Entered behind a mark. */
#define cr_since(P, mark) calltrace_since(CALLTRACE_P(P), (mark))
/* The nth of the calls that match, from 1; from the end, from -1. */
#define cr_nth(P, n) calltrace_nth(CALLTRACE_P(P), (n))
/* In these phases (CR_SETUP | CR_BODY ...), instead of the body alone. */
#define cr_in_phase(P, phases) calltrace_in_phase(CALLTRACE_P(P), (unsigned) (phases))

/* --- elements of lists: patterns, and --- */

/* P so many times in a row: an int, cr_at_least(n), cr_at_most(n), cr_between(a, b). */
#define cr_times(P, n) calltrace_repeated(CALLTRACE_P(P), CALLTRACE_T(n))
/* P once or not at all. */
#define cr_opt(P) calltrace_repeated(CALLTRACE_P(P), calltrace_times(0, 1))
/* These, in any order. */
#define cr_unordered(...) calltrace_unordered(CALLTRACE_PS(__VA_ARGS__), CALLTRACE_NO_P)
/* cr_assert_call_sequence(): any calls of the functions named. */
#define cr_gap calltrace_gap()
/* Not between its neighbours. */
#define cr_never(P) calltrace_never(CALLTRACE_P(P))
/* Last in a list of calls or matchers: the message. */
#define cr_because(...) calltrace_because(__VA_ARGS__)

/* How often. */
#define cr_at_least(n) calltrace_times((n), -1)
#define cr_at_most(n) calltrace_times(0, (n))
#define cr_between(a, b) calltrace_times((a), (b))

/* --- what a value has to be ---

   A plain value is a matcher: equal to it. It is converted as if it were passed to the parameter: 0.1 matches a
   float that was given 0.1f, -1 a uint32_t of 4294967295; 300 for a uint8_t is an error. A plain char * compares
   the text, any other pointer the address. C++: so is a std::vector, array, span, deque, initializer_list, tuple, pair or optional of
   such values. */

#define cr_any calltrace_any()   /* whatever it is */
#define cr_rest calltrace_rest() /* last: whatever the arguments from here on are */
/* By the parameter's name, in any order, instead of by position. */
#define cr_arg(name, m) calltrace_named((name), CALLTRACE_M(m))

#define cr_eq(v) calltrace_compare(CALLTRACE_EQ, CALLTRACE_M(v))
#define cr_ne(v) calltrace_compare(CALLTRACE_NE, CALLTRACE_M(v))
#define cr_lt(v) calltrace_compare(CALLTRACE_LT, CALLTRACE_M(v))
#define cr_le(v) calltrace_compare(CALLTRACE_LE, CALLTRACE_M(v))
#define cr_gt(v) calltrace_compare(CALLTRACE_GT, CALLTRACE_M(v))
#define cr_ge(v) calltrace_compare(CALLTRACE_GE, CALLTRACE_M(v))
#define cr_zero calltrace_compare(CALLTRACE_EQ, CALLTRACE_M(0))
#define cr_in(...) calltrace_any_of(CALLTRACE_MS(__VA_ARGS__), CALLTRACE_NO_M)
#define cr_flags(bits) calltrace_compare(CALLTRACE_FLAGS, CALLTRACE_M(bits)) /* all of these are set */
#define cr_mask(mask, v) calltrace_compare2(CALLTRACE_MASK, CALLTRACE_M(mask), CALLTRACE_M(v)) /* value & mask == v */
#define cr_epsilon_eq(x, eps) calltrace_compare2(CALLTRACE_EPSILON, CALLTRACE_M(x), CALLTRACE_M(eps))
#define cr_ulp_eq(x, n) calltrace_compare2(CALLTRACE_ULP, CALLTRACE_M(x), CALLTRACE_M(n))
#define cr_nan calltrace_nan()
/* An enumerator, or several ("READ|WRITE"), by name, where its definition cannot be included. */
#define cr_enum(name) calltrace_word(name)

#define cr_str(s) calltrace_string(CALLTRACE_STRING, (s), -1)
#define cr_str_n(s, n) calltrace_string(CALLTRACE_STRING, (s), (long) (n)) /* n bytes, NULs too */
#define cr_str_prefix(s) calltrace_string(CALLTRACE_PREFIX, (s), -1)
#define cr_str_suffix(s) calltrace_string(CALLTRACE_SUFFIX, (s), -1)
#define cr_str_contains(s) calltrace_string(CALLTRACE_CONTAINS, (s), -1)
#define cr_str_match(glob) calltrace_string(CALLTRACE_GLOB, (glob), -1)
#define cr_str_re(ere) calltrace_string(CALLTRACE_REGEX, (ere), -1) /* POSIX extended, found anywhere */

#define cr_ptr(p) calltrace_pointer(p) /* the address, of char * too */
#define cr_null calltrace_null(false)
#define cr_not_null calltrace_null(true)
#define cr_fn(f) calltrace_function_value(CALLTRACE_P(f)) /* a pointer to this function, or to one of that name */
#define cr_same_as(name) calltrace_same_as(name)          /* as that argument of the same call */

#define cr_deref(m) calltrace_deref(CALLTRACE_M(m))       /* what it points to */
#define cr_bytes(p, n) calltrace_bytes((p), (n))          /* what it points to begins with these */
#define cr_elems(...) calltrace_elements(CALLTRACE_MS(__VA_ARGS__), CALLTRACE_NO_M) /* an array, cr_rest last for more */
/* A structure, or a pointer to one: cr_fields(cr_field("x", 1), cr_field("y", cr_gt(0))). One field alone will do. */
#define cr_field(name, m) calltrace_field((name), CALLTRACE_M(m))
#define cr_fields(...) calltrace_fields(CALLTRACE_MS(__VA_ARGS__), CALLTRACE_NO_M)
/* What the argument points to when the call ends. */
#define cr_after(m) calltrace_after(CALLTRACE_M(m))

#define cr_all_of(...) calltrace_all_of(CALLTRACE_MS(__VA_ARGS__), CALLTRACE_NO_M)
#define cr_any_of(...) calltrace_any_of(CALLTRACE_MS(__VA_ARGS__), CALLTRACE_NO_M)
#define cr_not(m) calltrace_not(CALLTRACE_M(m))
/* bool pred(const cr_call_value *value, void *data): read it with cr_value_*(). Calls that it makes do not count. */
#define cr_satisfies(pred, data) calltrace_satisfies((pred), (data))
/* Matches anything, and once the whole call matches puts the value into *target: an integer, float, double,
   bool, or const char * (whose text lives until the test ends). Where several calls match, it is not said whose:
   cr_assert_nth_called_with() is about one. */
#define cr_capture(target) CALLTRACE_CAPTURE(target)

/* --- assertions --- */

/* At least one call matches; none; exactly one; so many (an int, cr_at_least(n), cr_at_most(n), cr_between(a, b)). */
#define cr_assert_called(...) CALLTRACE_1(CALLTRACE_FATAL, CALLTRACE_CALLED, "cr_assert_called(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_called(...) CALLTRACE_1(0, CALLTRACE_CALLED, "cr_expect_called(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_not_called(...) CALLTRACE_1(CALLTRACE_FATAL, CALLTRACE_NOT_CALLED, "cr_assert_not_called(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_not_called(...) CALLTRACE_1(0, CALLTRACE_NOT_CALLED, "cr_expect_not_called(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_called_once(...) CALLTRACE_1(CALLTRACE_FATAL, CALLTRACE_ONCE, "cr_assert_called_once(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_called_once(...) CALLTRACE_1(0, CALLTRACE_ONCE, "cr_expect_called_once(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_called_times(...) CALLTRACE_1T(CALLTRACE_FATAL, CALLTRACE_TIMES, "cr_assert_called_times(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_called_times(...) CALLTRACE_1T(0, CALLTRACE_TIMES, "cr_expect_called_times(" #__VA_ARGS__ ")", __VA_ARGS__)

/* (P, matchers...): a call with these arguments; every call, and there is one; the last one. */
#define cr_assert_called_with(...) CALLTRACE_WITH(CALLTRACE_FATAL, CALLTRACE_CALLED, 0, "cr_assert_called_with(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_called_with(...) CALLTRACE_WITH(0, CALLTRACE_CALLED, 0, "cr_expect_called_with(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_always_called_with(...) CALLTRACE_WITH(CALLTRACE_FATAL, CALLTRACE_ALWAYS, 0, "cr_assert_always_called_with(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_always_called_with(...) CALLTRACE_WITH(0, CALLTRACE_ALWAYS, 0, "cr_expect_always_called_with(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_last_called_with(...) CALLTRACE_WITH(CALLTRACE_FATAL, CALLTRACE_NTH, -1, "cr_assert_last_called_with(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_last_called_with(...) CALLTRACE_WITH(0, CALLTRACE_NTH, -1, "cr_expect_last_called_with(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (P, n, matchers...): the nth call, from 1; from the end, from -1. */
#define cr_assert_nth_called_with(...) CALLTRACE_NTH_WITH(CALLTRACE_FATAL, "cr_assert_nth_called_with(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_nth_called_with(...) CALLTRACE_NTH_WITH(0, "cr_expect_nth_called_with(" #__VA_ARGS__ ")", __VA_ARGS__)

/* (P, m): a call has returned a value that matches; every call that has returned, and there is one; the last one. */
#define cr_assert_returned(...) CALLTRACE_1M(CALLTRACE_FATAL, CALLTRACE_CALLED, 0, "cr_assert_returned(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_returned(...) CALLTRACE_1M(0, CALLTRACE_CALLED, 0, "cr_expect_returned(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_always_returned(...) CALLTRACE_1M(CALLTRACE_FATAL, CALLTRACE_ALWAYS, 0, "cr_assert_always_returned(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_always_returned(...) CALLTRACE_1M(0, CALLTRACE_ALWAYS, 0, "cr_expect_always_returned(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_last_returned(...) CALLTRACE_1M(CALLTRACE_FATAL, CALLTRACE_NTH, -1, "cr_assert_last_returned(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_last_returned(...) CALLTRACE_1M(0, CALLTRACE_NTH, -1, "cr_expect_last_returned(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (P, n, m): the nth call. */
#define cr_assert_nth_returned(...) CALLTRACE_1NM(CALLTRACE_FATAL, CALLTRACE_NTH, "cr_assert_nth_returned(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_nth_returned(...) CALLTRACE_1NM(0, CALLTRACE_NTH, "cr_expect_nth_returned(" #__VA_ARGS__ ")", __VA_ARGS__)

/* (P, Q): both were called, and the first P was entered before (after) the first Q. cr_nth() names another one. */
#define cr_assert_called_before(...) CALLTRACE_2(CALLTRACE_FATAL, CALLTRACE_BEFORE, "cr_assert_called_before(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_called_before(...) CALLTRACE_2(0, CALLTRACE_BEFORE, "cr_expect_called_before(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_called_after(...) CALLTRACE_2(CALLTRACE_FATAL, CALLTRACE_LATER, "cr_assert_called_after(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_called_after(...) CALLTRACE_2(0, CALLTRACE_LATER, "cr_expect_called_after(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (P, Q): somewhere P and then Q were called by the same call, with no call recorded between them. */
#define cr_assert_called_immediately_before(...) CALLTRACE_2(CALLTRACE_FATAL, CALLTRACE_NEXT, "cr_assert_called_immediately_before(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_called_immediately_before(...) CALLTRACE_2(0, CALLTRACE_NEXT, "cr_expect_called_immediately_before(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (P, Q): the first P was over before the first Q was entered. */
#define cr_assert_finished_before(...) CALLTRACE_2(CALLTRACE_FATAL, CALLTRACE_FINISHED, "cr_assert_finished_before(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_finished_before(...) CALLTRACE_2(0, CALLTRACE_FINISHED, "cr_expect_finished_before(" #__VA_ARGS__ ")", __VA_ARGS__)

/* (list...): entered in this order; anything may come in between. */
#define cr_assert_call_order(...) CALLTRACE_LIST(CALLTRACE_FATAL, CALLTRACE_ORDER, "cr_assert_call_order(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_call_order(...) CALLTRACE_LIST(0, CALLTRACE_ORDER, "cr_expect_call_order(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (list...): of the functions named in it there are these calls, in this order, and no others. */
#define cr_assert_call_sequence(...) CALLTRACE_LIST(CALLTRACE_FATAL, CALLTRACE_SEQUENCE, "cr_assert_call_sequence(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_call_sequence(...) CALLTRACE_LIST(0, CALLTRACE_SEQUENCE, "cr_expect_call_sequence(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (F, list...): what the one call of F (cr_nth() for one of several) called itself is this, exactly. */
#define cr_assert_calls_of(...) CALLTRACE_LIST(CALLTRACE_FATAL, CALLTRACE_CALLS_OF, "cr_assert_calls_of(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_calls_of(...) CALLTRACE_LIST(0, CALLTRACE_CALLS_OF, "cr_expect_calls_of(" #__VA_ARGS__ ")", __VA_ARGS__)

/* (P, caller): every call that matches was made by that caller, and there is one. */
#define cr_assert_called_from(...) CALLTRACE_2(CALLTRACE_FATAL, CALLTRACE_FROM, "cr_assert_called_from(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_called_from(...) CALLTRACE_2(0, CALLTRACE_FROM, "cr_expect_called_from(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (P, n): never were more than n calls that match open at once on one thread. */
#define cr_assert_max_depth(...) CALLTRACE_1T(CALLTRACE_FATAL, CALLTRACE_DEPTH, "cr_assert_max_depth(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_max_depth(...) CALLTRACE_1T(0, CALLTRACE_DEPTH, "cr_expect_max_depth(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (P...): no call was made but these. */
#define cr_assert_only_called(...) CALLTRACE_LIST(CALLTRACE_FATAL, CALLTRACE_ONLY, "cr_assert_only_called(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_only_called(...) CALLTRACE_LIST(0, CALLTRACE_ONLY, "cr_expect_only_called(" #__VA_ARGS__ ")", __VA_ARGS__)
/* (): every call was matched by an assertion before that asked for it (not by one that asked for none). */
#define cr_assert_no_other_calls(...) CALLTRACE_0(CALLTRACE_FATAL, CALLTRACE_NO_OTHER, "cr_assert_no_other_calls(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_no_other_calls(...) CALLTRACE_0(0, CALLTRACE_NO_OTHER, "cr_expect_no_other_calls(" #__VA_ARGS__ ")", __VA_ARGS__)

/* (P, n): will have been called so often when the test's body ends: declared up front, verified then, unless
   the body is left early. Always true. Not fatal when it fails. */
#define cr_will_call(...) CALLTRACE_KEPT_1T(0, CALLTRACE_WILL, "cr_will_call(" #__VA_ARGS__ ")", __VA_ARGS__)

/* --- reading --- */

/* How many calls match. Where that cannot be said (an unknown function), the test fails, and it is 0. */
#define cr_call_count(P) calltrace_number((calltrace_begin(), calltrace_count(__FILE__, __LINE__, CALLTRACE_P(P))))
/* The nth call that matches, from 1; from the end, from -1. NULL: there is none. Lives until the test ends. */
#define cr_nth_call(P, n) calltrace_nth_call(&calltrace_values, __FILE__, __LINE__, CALLTRACE_P(P), (n))

/* An argument of a call, by name; what the call returned. One that is not there, was not recorded or is of
   another kind fails the test (non-fatally), and is 0 or NULL. Text lives until the test ends; NULs in it end it. */
#define cr_arg_i64(call, name) calltrace_get(__FILE__, __LINE__, (call), (name), CALLTRACE_AS_I64)->i64
#define cr_arg_u64(call, name) calltrace_get(__FILE__, __LINE__, (call), (name), CALLTRACE_AS_U64)->u64
#define cr_arg_dbl(call, name) calltrace_get(__FILE__, __LINE__, (call), (name), CALLTRACE_AS_DBL)->dbl
#define cr_arg_str(call, name) calltrace_get(__FILE__, __LINE__, (call), (name), CALLTRACE_AS_STR)->str
#define cr_arg_ptr(call, name) calltrace_get(__FILE__, __LINE__, (call), (name), CALLTRACE_AS_PTR)->ptr
#define cr_ret_i64(call) calltrace_get(__FILE__, __LINE__, (call), NULL, CALLTRACE_AS_I64)->i64
#define cr_ret_u64(call) calltrace_get(__FILE__, __LINE__, (call), NULL, CALLTRACE_AS_U64)->u64
#define cr_ret_dbl(call) calltrace_get(__FILE__, __LINE__, (call), NULL, CALLTRACE_AS_DBL)->dbl
#define cr_ret_str(call) calltrace_get(__FILE__, __LINE__, (call), NULL, CALLTRACE_AS_STR)->str
#define cr_ret_ptr(call) calltrace_get(__FILE__, __LINE__, (call), NULL, CALLTRACE_AS_PTR)->ptr

/* In a predicate of cr_satisfies(): the value, as far as it is of that kind; else 0 or NULL. */
#define cr_value_i64(value) calltrace_value_get((value), CALLTRACE_AS_I64)->i64
#define cr_value_u64(value) calltrace_value_get((value), CALLTRACE_AS_U64)->u64
#define cr_value_dbl(value) calltrace_value_get((value), CALLTRACE_AS_DBL)->dbl
#define cr_value_str(value) calltrace_value_get((value), CALLTRACE_AS_STR)->str
#define cr_value_ptr(value) calltrace_value_get((value), CALLTRACE_AS_PTR)->ptr

/* --- windows --- */

/* A moment, for cr_since(). */
#define cr_calls_mark() calltrace_mark_now()
/* From now on only calls that are entered later count, for all assertions of the test. */
#define cr_calls_reset() calltrace_reset()

/* ---------------------------------------------------------------- nobody's business from here on */

enum calltrace_what {
	CALLTRACE_CALLED, CALLTRACE_NOT_CALLED, CALLTRACE_ONCE, CALLTRACE_TIMES, CALLTRACE_ALWAYS, CALLTRACE_NTH,
	CALLTRACE_BEFORE, CALLTRACE_LATER, CALLTRACE_NEXT, CALLTRACE_FINISHED, CALLTRACE_ORDER, CALLTRACE_SEQUENCE,
	CALLTRACE_CALLS_OF, CALLTRACE_FROM, CALLTRACE_DEPTH, CALLTRACE_ONLY, CALLTRACE_NO_OTHER, CALLTRACE_WILL
};
enum calltrace_how { CALLTRACE_FATAL = 1 };
enum calltrace_comparison {
	CALLTRACE_EQ, CALLTRACE_NE, CALLTRACE_LT, CALLTRACE_LE, CALLTRACE_GT, CALLTRACE_GE, CALLTRACE_FLAGS,
	CALLTRACE_MASK, CALLTRACE_EPSILON, CALLTRACE_ULP
};
enum calltrace_text {
	CALLTRACE_STRING, CALLTRACE_PREFIX, CALLTRACE_SUFFIX, CALLTRACE_CONTAINS, CALLTRACE_GLOB, CALLTRACE_REGEX
};
enum calltrace_kind { CALLTRACE_AS_I64, CALLTRACE_AS_U64, CALLTRACE_AS_DBL, CALLTRACE_AS_STR, CALLTRACE_AS_PTR };
enum calltrace_target {
	CALLTRACE_INTO_BOOL, CALLTRACE_INTO_SIGNED, CALLTRACE_INTO_UNSIGNED, CALLTRACE_INTO_FLOAT, CALLTRACE_INTO_STRING,
	CALLTRACE_INTO_POINTER
};
union calltrace_result {
	int64_t i64;
	uint64_t u64;
	double dbl;
	const char *str;
	const void *ptr;
};

#pragma GCC visibility push(default)

/* Whoever refers to it has values recorded: its archive member has a constructor that asks for them. */
extern const char calltrace_values;

#define CALLTRACE_PRINTF(at, first) __attribute__((format(printf, at, first)))

/* Before the words of an assertion: what they make is forgotten with it. */
void calltrace_begin(void);
/* What they are given. They let every assertion begin with a name, as new/assert.h wants it of its own. */
bool calltrace_passed(bool passed);
unsigned calltrace_number(unsigned number);
/* The first parameter is there because the function goes by `...`, whatever its type. */
cr_call_pattern calltrace_pattern(int unused, cr_call_pattern pattern);
cr_call_pattern calltrace_pattern_reason(int unused, cr_call_reason reason);
cr_call_pattern calltrace_pattern_name(int unused, const char *name);
cr_call_pattern calltrace_pattern_function(int unused, ...);
cr_call_pattern calltrace_pattern_virtual(void);
cr_call_pattern calltrace_call(const char *values, cr_call_pattern pattern, ...);
cr_call_pattern calltrace_returning(const char *values, cr_call_pattern pattern, cr_value_matcher m);
cr_call_pattern calltrace_from(cr_call_pattern pattern, cr_call_pattern caller);
cr_call_pattern calltrace_within(cr_call_pattern pattern, cr_call_pattern ancestor);
cr_call_pattern calltrace_on_thread(cr_call_pattern pattern, enum cr_call_thread thread);
cr_call_pattern calltrace_since(cr_call_pattern pattern, cr_mark mark);
cr_call_pattern calltrace_nth(cr_call_pattern pattern, int n);
cr_call_pattern calltrace_in_phase(cr_call_pattern pattern, unsigned phases);
cr_call_pattern calltrace_repeated(cr_call_pattern pattern, cr_call_times times);
cr_call_pattern calltrace_unordered(cr_call_pattern first, ...);
cr_call_pattern calltrace_gap(void);
cr_call_pattern calltrace_never(cr_call_pattern pattern);
CALLTRACE_PRINTF(1, 2) cr_call_reason calltrace_because(const char *format, ...);
cr_call_times calltrace_times(long least, long most);
cr_call_times calltrace_times_same(cr_call_times times);
cr_call_times calltrace_times_exactly(long n);

cr_value_matcher calltrace_matcher(cr_value_matcher m);
cr_value_matcher calltrace_matcher_reason(cr_call_reason reason);
cr_value_matcher calltrace_matcher_bool(bool value);
cr_value_matcher calltrace_matcher_char(char value);
cr_value_matcher calltrace_matcher_signed(long long value);
cr_value_matcher calltrace_matcher_unsigned(unsigned long long value);
cr_value_matcher calltrace_matcher_float(long double value);
cr_value_matcher calltrace_matcher_string(const char *value);
cr_value_matcher calltrace_matcher_pointer(const volatile void *value);
cr_value_matcher calltrace_any(void);
cr_value_matcher calltrace_rest(void);
cr_value_matcher calltrace_named(const char *name, cr_value_matcher m);
cr_value_matcher calltrace_compare(enum calltrace_comparison how, cr_value_matcher operand);
cr_value_matcher calltrace_compare2(enum calltrace_comparison how, cr_value_matcher a, cr_value_matcher b);
cr_value_matcher calltrace_nan(void);
cr_value_matcher calltrace_word(const char *name);
cr_value_matcher calltrace_string(enum calltrace_text how, const char *text, long length);
cr_value_matcher calltrace_pointer(const volatile void *p);
cr_value_matcher calltrace_null(bool negated);
cr_value_matcher calltrace_function_value(cr_call_pattern function);
cr_value_matcher calltrace_same_as(const char *name);
cr_value_matcher calltrace_deref(cr_value_matcher m);
cr_value_matcher calltrace_bytes(const void *bytes, size_t size);
cr_value_matcher calltrace_elements(cr_value_matcher first, ...);
cr_value_matcher calltrace_sequence(void);
void calltrace_append(cr_value_matcher sequence, cr_value_matcher element);
cr_value_matcher calltrace_field(const char *name, cr_value_matcher m);
cr_value_matcher calltrace_fields(cr_value_matcher first, ...);
cr_value_matcher calltrace_after(cr_value_matcher m);
cr_value_matcher calltrace_all_of(cr_value_matcher first, ...);
cr_value_matcher calltrace_any_of(cr_value_matcher first, ...);
cr_value_matcher calltrace_not(cr_value_matcher m);
cr_value_matcher calltrace_satisfies(bool (*predicate)(const cr_call_value *value, void *data), void *data);
cr_value_matcher calltrace_capture(void *target, enum calltrace_target kind, size_t size);

CALLTRACE_PRINTF(9, 10)
bool calltrace_check(int how, enum calltrace_what what, const char *file, unsigned line, const char *text,
                     cr_call_pattern p, cr_call_pattern q, cr_call_times times, const char *format, ...);
CALLTRACE_PRINTF(8, 9)
bool calltrace_check_nth(int how, enum calltrace_what what, const char *file, unsigned line, const char *text,
                         cr_call_pattern p, int n, const char *format, ...);
bool calltrace_check_with(int how, enum calltrace_what what, const char *file, unsigned line, const char *text,
                          const char *values, int n, cr_call_pattern p, ...);
bool calltrace_check_list(int how, enum calltrace_what what, const char *file, unsigned line, const char *text,
                          cr_call_pattern first, ...);
unsigned calltrace_count(const char *file, unsigned line, cr_call_pattern p);
const cr_call_info *calltrace_nth_call(const char *values, const char *file, unsigned line, cr_call_pattern p, int n);
const union calltrace_result *calltrace_get(const char *file, unsigned line, const cr_call_info *call, const char *name,
                                            enum calltrace_kind kind);
const union calltrace_result *calltrace_value_get(const cr_call_value *value, enum calltrace_kind kind);
cr_mark calltrace_mark_now(void);
void calltrace_reset(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

/* Arguments counted, up to 40; the first ones; those behind them; each of them handed to a macro. */
#define CALLTRACE_CAT(a, b) CALLTRACE_CAT_(a, b)
#define CALLTRACE_CAT_(a, b) a##b
#define CALLTRACE_COUNT(...) \
	CALLTRACE_COUNT_(__VA_ARGS__, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, \
	                 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define CALLTRACE_COUNT_(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, \
                         a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, \
                         a40, n, ...) n
#define CALLTRACE_IS_1(...) \
	CALLTRACE_COUNT_(__VA_ARGS__, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, \
	                 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 0)
#define CALLTRACE_IS_2(...) \
	CALLTRACE_COUNT_(__VA_ARGS__, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, \
	                 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 0, 0)
#define CALLTRACE_IS_3(...) \
	CALLTRACE_COUNT_(__VA_ARGS__, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, \
	                 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 0, 0, 0)
#define CALLTRACE_ARG1(...) CALLTRACE_ARG1_(__VA_ARGS__, 0)
#define CALLTRACE_ARG1_(a, ...) a
#define CALLTRACE_ARG2(...) CALLTRACE_ARG2_(__VA_ARGS__, 0)
#define CALLTRACE_ARG2_(a, b, ...) b
#define CALLTRACE_ARG3(...) CALLTRACE_ARG3_(__VA_ARGS__, 0)
#define CALLTRACE_ARG3_(a, b, c, ...) c

/* The message behind so many parameters. The "x" stands for a message that is not there. */
#define CALLTRACE_BEHIND1(...) CALLTRACE_CAT(CALLTRACE_BEHIND1_, CALLTRACE_IS_1(__VA_ARGS__))(__VA_ARGS__)
#define CALLTRACE_BEHIND1_1(a) "x"
#define CALLTRACE_BEHIND1_2(a, ...) "x" __VA_ARGS__
#define CALLTRACE_BEHIND2(...) CALLTRACE_CAT(CALLTRACE_BEHIND2_, CALLTRACE_IS_2(__VA_ARGS__))(__VA_ARGS__)
#define CALLTRACE_BEHIND2_1(a, b) "x"
#define CALLTRACE_BEHIND2_2(a, b, ...) "x" __VA_ARGS__
#define CALLTRACE_BEHIND3(...) CALLTRACE_CAT(CALLTRACE_BEHIND3_, CALLTRACE_IS_3(__VA_ARGS__))(__VA_ARGS__)
#define CALLTRACE_BEHIND3_1(a, b, c) "x"
#define CALLTRACE_BEHIND3_2(a, b, c, ...) "x" __VA_ARGS__

#define CALLTRACE_NO_P ((cr_call_pattern) NULL)
#define CALLTRACE_NO_M ((cr_value_matcher) NULL)
#define CALLTRACE_NO_T ((cr_call_times) NULL)

#define CALLTRACE_0(how, what, text, ...) \
	calltrace_passed((calltrace_begin(), calltrace_check(how, what, __FILE__, __LINE__, text, CALLTRACE_NO_P, CALLTRACE_NO_P, \
	                                    CALLTRACE_NO_T, "x" __VA_ARGS__)))
#define CALLTRACE_1(how, what, text, ...) \
	calltrace_passed((calltrace_begin(), \
	 calltrace_check(how, what, __FILE__, __LINE__, text, CALLTRACE_P(CALLTRACE_ARG1(__VA_ARGS__)), CALLTRACE_NO_P, \
	                 CALLTRACE_NO_T, CALLTRACE_BEHIND1(__VA_ARGS__))))
#define CALLTRACE_1T(...) calltrace_passed((calltrace_begin(), CALLTRACE_KEPT_1T(__VA_ARGS__)))
#define CALLTRACE_KEPT_1T(how, what, text, ...) \
	calltrace_check(how, what, __FILE__, __LINE__, text, CALLTRACE_P(CALLTRACE_ARG1(__VA_ARGS__)), CALLTRACE_NO_P, \
	                CALLTRACE_T(CALLTRACE_ARG2(__VA_ARGS__)), CALLTRACE_BEHIND2(__VA_ARGS__))
#define CALLTRACE_2(how, what, text, ...) \
	calltrace_passed((calltrace_begin(), \
	 calltrace_check(how, what, __FILE__, __LINE__, text, CALLTRACE_P(CALLTRACE_ARG1(__VA_ARGS__)), \
	                 CALLTRACE_P(CALLTRACE_ARG2(__VA_ARGS__)), CALLTRACE_NO_T, CALLTRACE_BEHIND2(__VA_ARGS__))))
#define CALLTRACE_1M(how, what, n, text, ...) \
	calltrace_passed((calltrace_begin(), calltrace_check_nth(how, what, __FILE__, __LINE__, text, \
	                    cr_returning(CALLTRACE_ARG1(__VA_ARGS__), CALLTRACE_ARG2(__VA_ARGS__)), n, \
	                    CALLTRACE_BEHIND2(__VA_ARGS__))))
#define CALLTRACE_1NM(how, what, text, ...) \
	calltrace_passed((calltrace_begin(), calltrace_check_nth(how, what, __FILE__, __LINE__, text, \
	                    cr_returning(CALLTRACE_ARG1(__VA_ARGS__), CALLTRACE_ARG3(__VA_ARGS__)), \
	                    CALLTRACE_ARG2(__VA_ARGS__), CALLTRACE_BEHIND3(__VA_ARGS__))))
#define CALLTRACE_LIST(how, what, text, ...) \
	calltrace_passed((calltrace_begin(), \
	 calltrace_check_list(how, what, __FILE__, __LINE__, text, CALLTRACE_PS(__VA_ARGS__), CALLTRACE_NO_P)))
#define CALLTRACE_CALL(...) CALLTRACE_CAT(CALLTRACE_CALL_, CALLTRACE_IS_1(__VA_ARGS__))(__VA_ARGS__)
#define CALLTRACE_CALL_1(P) calltrace_call(&calltrace_values, CALLTRACE_P(P), CALLTRACE_NO_M)
#define CALLTRACE_CALL_2(P, ...) calltrace_call(&calltrace_values, CALLTRACE_P(P), CALLTRACE_MS(__VA_ARGS__), CALLTRACE_NO_M)
#define CALLTRACE_WITH(how, what, n, text, ...) \
	CALLTRACE_CAT(CALLTRACE_WITH_, CALLTRACE_IS_1(__VA_ARGS__))(how, what, n, text, __VA_ARGS__)
#define CALLTRACE_WITH_1(how, what, n, text, P) \
	calltrace_passed((calltrace_begin(), calltrace_check_with(how, what, __FILE__, __LINE__, text, &calltrace_values, n, CALLTRACE_P(P), \
	                                         CALLTRACE_NO_M)))
#define CALLTRACE_WITH_2(how, what, n, text, P, ...) \
	calltrace_passed((calltrace_begin(), calltrace_check_with(how, what, __FILE__, __LINE__, text, &calltrace_values, n, CALLTRACE_P(P), \
	                                         CALLTRACE_MS(__VA_ARGS__), CALLTRACE_NO_M)))
#define CALLTRACE_NTH_WITH(how, text, ...) \
	CALLTRACE_CAT(CALLTRACE_NTH_WITH_, CALLTRACE_IS_2(__VA_ARGS__))(how, text, __VA_ARGS__)
#define CALLTRACE_NTH_WITH_1(how, text, P, n) CALLTRACE_WITH_1(how, CALLTRACE_NTH, n, text, P)
#define CALLTRACE_NTH_WITH_2(how, text, P, n, ...) CALLTRACE_WITH_2(how, CALLTRACE_NTH, n, text, P, __VA_ARGS__)

#define CALLTRACE_PS(...) CALLTRACE_CAT(CALLTRACE_PS_, CALLTRACE_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define CALLTRACE_PS_1(a) CALLTRACE_P(a)
#define CALLTRACE_PS_2(a, ...) CALLTRACE_P(a), CALLTRACE_PS_1(__VA_ARGS__)
#define CALLTRACE_PS_3(a, ...) CALLTRACE_P(a), CALLTRACE_PS_2(__VA_ARGS__)
#define CALLTRACE_PS_4(a, ...) CALLTRACE_P(a), CALLTRACE_PS_3(__VA_ARGS__)
#define CALLTRACE_PS_5(a, ...) CALLTRACE_P(a), CALLTRACE_PS_4(__VA_ARGS__)
#define CALLTRACE_PS_6(a, ...) CALLTRACE_P(a), CALLTRACE_PS_5(__VA_ARGS__)
#define CALLTRACE_PS_7(a, ...) CALLTRACE_P(a), CALLTRACE_PS_6(__VA_ARGS__)
#define CALLTRACE_PS_8(a, ...) CALLTRACE_P(a), CALLTRACE_PS_7(__VA_ARGS__)
#define CALLTRACE_PS_9(a, ...) CALLTRACE_P(a), CALLTRACE_PS_8(__VA_ARGS__)
#define CALLTRACE_PS_10(a, ...) CALLTRACE_P(a), CALLTRACE_PS_9(__VA_ARGS__)
#define CALLTRACE_PS_11(a, ...) CALLTRACE_P(a), CALLTRACE_PS_10(__VA_ARGS__)
#define CALLTRACE_PS_12(a, ...) CALLTRACE_P(a), CALLTRACE_PS_11(__VA_ARGS__)
#define CALLTRACE_PS_13(a, ...) CALLTRACE_P(a), CALLTRACE_PS_12(__VA_ARGS__)
#define CALLTRACE_PS_14(a, ...) CALLTRACE_P(a), CALLTRACE_PS_13(__VA_ARGS__)
#define CALLTRACE_PS_15(a, ...) CALLTRACE_P(a), CALLTRACE_PS_14(__VA_ARGS__)
#define CALLTRACE_PS_16(a, ...) CALLTRACE_P(a), CALLTRACE_PS_15(__VA_ARGS__)
#define CALLTRACE_PS_17(a, ...) CALLTRACE_P(a), CALLTRACE_PS_16(__VA_ARGS__)
#define CALLTRACE_PS_18(a, ...) CALLTRACE_P(a), CALLTRACE_PS_17(__VA_ARGS__)
#define CALLTRACE_PS_19(a, ...) CALLTRACE_P(a), CALLTRACE_PS_18(__VA_ARGS__)
#define CALLTRACE_PS_20(a, ...) CALLTRACE_P(a), CALLTRACE_PS_19(__VA_ARGS__)
#define CALLTRACE_PS_21(a, ...) CALLTRACE_P(a), CALLTRACE_PS_20(__VA_ARGS__)
#define CALLTRACE_PS_22(a, ...) CALLTRACE_P(a), CALLTRACE_PS_21(__VA_ARGS__)
#define CALLTRACE_PS_23(a, ...) CALLTRACE_P(a), CALLTRACE_PS_22(__VA_ARGS__)
#define CALLTRACE_PS_24(a, ...) CALLTRACE_P(a), CALLTRACE_PS_23(__VA_ARGS__)
#define CALLTRACE_PS_25(a, ...) CALLTRACE_P(a), CALLTRACE_PS_24(__VA_ARGS__)
#define CALLTRACE_PS_26(a, ...) CALLTRACE_P(a), CALLTRACE_PS_25(__VA_ARGS__)
#define CALLTRACE_PS_27(a, ...) CALLTRACE_P(a), CALLTRACE_PS_26(__VA_ARGS__)
#define CALLTRACE_PS_28(a, ...) CALLTRACE_P(a), CALLTRACE_PS_27(__VA_ARGS__)
#define CALLTRACE_PS_29(a, ...) CALLTRACE_P(a), CALLTRACE_PS_28(__VA_ARGS__)
#define CALLTRACE_PS_30(a, ...) CALLTRACE_P(a), CALLTRACE_PS_29(__VA_ARGS__)
#define CALLTRACE_PS_31(a, ...) CALLTRACE_P(a), CALLTRACE_PS_30(__VA_ARGS__)
#define CALLTRACE_PS_32(a, ...) CALLTRACE_P(a), CALLTRACE_PS_31(__VA_ARGS__)
#define CALLTRACE_PS_33(a, ...) CALLTRACE_P(a), CALLTRACE_PS_32(__VA_ARGS__)
#define CALLTRACE_PS_34(a, ...) CALLTRACE_P(a), CALLTRACE_PS_33(__VA_ARGS__)
#define CALLTRACE_PS_35(a, ...) CALLTRACE_P(a), CALLTRACE_PS_34(__VA_ARGS__)
#define CALLTRACE_PS_36(a, ...) CALLTRACE_P(a), CALLTRACE_PS_35(__VA_ARGS__)
#define CALLTRACE_PS_37(a, ...) CALLTRACE_P(a), CALLTRACE_PS_36(__VA_ARGS__)
#define CALLTRACE_PS_38(a, ...) CALLTRACE_P(a), CALLTRACE_PS_37(__VA_ARGS__)
#define CALLTRACE_PS_39(a, ...) CALLTRACE_P(a), CALLTRACE_PS_38(__VA_ARGS__)
#define CALLTRACE_PS_40(a, ...) CALLTRACE_P(a), CALLTRACE_PS_39(__VA_ARGS__)
#define CALLTRACE_MS(...) CALLTRACE_CAT(CALLTRACE_MS_, CALLTRACE_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define CALLTRACE_MS_1(a) CALLTRACE_M(a)
#define CALLTRACE_MS_2(a, ...) CALLTRACE_M(a), CALLTRACE_MS_1(__VA_ARGS__)
#define CALLTRACE_MS_3(a, ...) CALLTRACE_M(a), CALLTRACE_MS_2(__VA_ARGS__)
#define CALLTRACE_MS_4(a, ...) CALLTRACE_M(a), CALLTRACE_MS_3(__VA_ARGS__)
#define CALLTRACE_MS_5(a, ...) CALLTRACE_M(a), CALLTRACE_MS_4(__VA_ARGS__)
#define CALLTRACE_MS_6(a, ...) CALLTRACE_M(a), CALLTRACE_MS_5(__VA_ARGS__)
#define CALLTRACE_MS_7(a, ...) CALLTRACE_M(a), CALLTRACE_MS_6(__VA_ARGS__)
#define CALLTRACE_MS_8(a, ...) CALLTRACE_M(a), CALLTRACE_MS_7(__VA_ARGS__)
#define CALLTRACE_MS_9(a, ...) CALLTRACE_M(a), CALLTRACE_MS_8(__VA_ARGS__)
#define CALLTRACE_MS_10(a, ...) CALLTRACE_M(a), CALLTRACE_MS_9(__VA_ARGS__)
#define CALLTRACE_MS_11(a, ...) CALLTRACE_M(a), CALLTRACE_MS_10(__VA_ARGS__)
#define CALLTRACE_MS_12(a, ...) CALLTRACE_M(a), CALLTRACE_MS_11(__VA_ARGS__)
#define CALLTRACE_MS_13(a, ...) CALLTRACE_M(a), CALLTRACE_MS_12(__VA_ARGS__)
#define CALLTRACE_MS_14(a, ...) CALLTRACE_M(a), CALLTRACE_MS_13(__VA_ARGS__)
#define CALLTRACE_MS_15(a, ...) CALLTRACE_M(a), CALLTRACE_MS_14(__VA_ARGS__)
#define CALLTRACE_MS_16(a, ...) CALLTRACE_M(a), CALLTRACE_MS_15(__VA_ARGS__)
#define CALLTRACE_MS_17(a, ...) CALLTRACE_M(a), CALLTRACE_MS_16(__VA_ARGS__)
#define CALLTRACE_MS_18(a, ...) CALLTRACE_M(a), CALLTRACE_MS_17(__VA_ARGS__)
#define CALLTRACE_MS_19(a, ...) CALLTRACE_M(a), CALLTRACE_MS_18(__VA_ARGS__)
#define CALLTRACE_MS_20(a, ...) CALLTRACE_M(a), CALLTRACE_MS_19(__VA_ARGS__)
#define CALLTRACE_MS_21(a, ...) CALLTRACE_M(a), CALLTRACE_MS_20(__VA_ARGS__)
#define CALLTRACE_MS_22(a, ...) CALLTRACE_M(a), CALLTRACE_MS_21(__VA_ARGS__)
#define CALLTRACE_MS_23(a, ...) CALLTRACE_M(a), CALLTRACE_MS_22(__VA_ARGS__)
#define CALLTRACE_MS_24(a, ...) CALLTRACE_M(a), CALLTRACE_MS_23(__VA_ARGS__)
#define CALLTRACE_MS_25(a, ...) CALLTRACE_M(a), CALLTRACE_MS_24(__VA_ARGS__)
#define CALLTRACE_MS_26(a, ...) CALLTRACE_M(a), CALLTRACE_MS_25(__VA_ARGS__)
#define CALLTRACE_MS_27(a, ...) CALLTRACE_M(a), CALLTRACE_MS_26(__VA_ARGS__)
#define CALLTRACE_MS_28(a, ...) CALLTRACE_M(a), CALLTRACE_MS_27(__VA_ARGS__)
#define CALLTRACE_MS_29(a, ...) CALLTRACE_M(a), CALLTRACE_MS_28(__VA_ARGS__)
#define CALLTRACE_MS_30(a, ...) CALLTRACE_M(a), CALLTRACE_MS_29(__VA_ARGS__)
#define CALLTRACE_MS_31(a, ...) CALLTRACE_M(a), CALLTRACE_MS_30(__VA_ARGS__)
#define CALLTRACE_MS_32(a, ...) CALLTRACE_M(a), CALLTRACE_MS_31(__VA_ARGS__)
#define CALLTRACE_MS_33(a, ...) CALLTRACE_M(a), CALLTRACE_MS_32(__VA_ARGS__)
#define CALLTRACE_MS_34(a, ...) CALLTRACE_M(a), CALLTRACE_MS_33(__VA_ARGS__)
#define CALLTRACE_MS_35(a, ...) CALLTRACE_M(a), CALLTRACE_MS_34(__VA_ARGS__)
#define CALLTRACE_MS_36(a, ...) CALLTRACE_M(a), CALLTRACE_MS_35(__VA_ARGS__)
#define CALLTRACE_MS_37(a, ...) CALLTRACE_M(a), CALLTRACE_MS_36(__VA_ARGS__)
#define CALLTRACE_MS_38(a, ...) CALLTRACE_M(a), CALLTRACE_MS_37(__VA_ARGS__)
#define CALLTRACE_MS_39(a, ...) CALLTRACE_M(a), CALLTRACE_MS_38(__VA_ARGS__)
#define CALLTRACE_MS_40(a, ...) CALLTRACE_M(a), CALLTRACE_MS_39(__VA_ARGS__)

#ifndef __cplusplus

# define CALLTRACE_P(x) \
	_Generic((x), \
	         cr_call_pattern: calltrace_pattern, \
	         char *: calltrace_pattern_name, \
	         const char *: calltrace_pattern_name, \
	         cr_call_reason: calltrace_pattern_reason, \
	         default: calltrace_pattern_function)(0, x)
# define CALLTRACE_T(x) _Generic((x), cr_call_times: calltrace_times_same, default: calltrace_times_exactly)(x)
# define CALLTRACE_M(x) \
	_Generic((x), \
	         cr_value_matcher: calltrace_matcher, \
	         cr_call_reason: calltrace_matcher_reason, \
	         _Bool: calltrace_matcher_bool, \
	         char: calltrace_matcher_char, \
	         signed char: calltrace_matcher_signed, \
	         short: calltrace_matcher_signed, \
	         int: calltrace_matcher_signed, \
	         long: calltrace_matcher_signed, \
	         long long: calltrace_matcher_signed, \
	         unsigned char: calltrace_matcher_unsigned, \
	         unsigned short: calltrace_matcher_unsigned, \
	         unsigned: calltrace_matcher_unsigned, \
	         unsigned long: calltrace_matcher_unsigned, \
	         unsigned long long: calltrace_matcher_unsigned, \
	         float: calltrace_matcher_float, \
	         double: calltrace_matcher_float, \
	         long double: calltrace_matcher_float, \
	         char *: calltrace_matcher_string, \
	         const char *: calltrace_matcher_string, \
	         default: calltrace_matcher_pointer)(x)
# define CALLTRACE_CAPTURE(target) \
	calltrace_capture((void *) (target), \
	                  _Generic(*(target), \
	                           _Bool: CALLTRACE_INTO_BOOL, \
	                           char: CALLTRACE_INTO_SIGNED, \
	                           signed char: CALLTRACE_INTO_SIGNED, \
	                           short: CALLTRACE_INTO_SIGNED, \
	                           int: CALLTRACE_INTO_SIGNED, \
	                           long: CALLTRACE_INTO_SIGNED, \
	                           long long: CALLTRACE_INTO_SIGNED, \
	                           unsigned char: CALLTRACE_INTO_UNSIGNED, \
	                           unsigned short: CALLTRACE_INTO_UNSIGNED, \
	                           unsigned: CALLTRACE_INTO_UNSIGNED, \
	                           unsigned long: CALLTRACE_INTO_UNSIGNED, \
	                           unsigned long long: CALLTRACE_INTO_UNSIGNED, \
	                           float: CALLTRACE_INTO_FLOAT, \
	                           double: CALLTRACE_INTO_FLOAT, \
	                           char *: CALLTRACE_INTO_STRING, \
	                           const char *: CALLTRACE_INTO_STRING, \
	                           default: CALLTRACE_INTO_POINTER), \
	                  sizeof *(target))

#else

/* Compiled with the test, and not to be in its trace. */
# define CALLTRACE_INLINE inline __attribute__((no_instrument_function))

namespace calltrace_detail {

template <class T> struct overload { typedef T *type; };
template <class T> struct overload<T *> { typedef T *type; };
template <class T, class K> struct overload<T K::*> { typedef T K::*type; };

CALLTRACE_INLINE cr_call_pattern pattern(cr_call_pattern p) { return p; }
CALLTRACE_INLINE cr_call_pattern pattern(const char *name) { return calltrace_pattern_name(0, name); }
CALLTRACE_INLINE cr_call_pattern pattern(cr_call_reason reason) { return calltrace_pattern_reason(0, reason); }
template <class F>
CALLTRACE_INLINE typename std::enable_if<std::is_function<F>::value, cr_call_pattern>::type pattern(F *function)
{
	return calltrace_pattern_function(0, reinterpret_cast<void (*)()>(function));
}
/* The Itanium C++ ABI, 2.3: the function's address, or 1 plus an offset in the table of virtual functions. */
template <class R, class K>
CALLTRACE_INLINE typename std::enable_if<std::is_function<R>::value, cr_call_pattern>::type pattern(R K::*member)
{
	union {
		R K::*pointer;
		uintptr_t words[2];
		void (*function)();
	} u;
	u.words[0] = u.words[1] = 0;
	u.pointer = member;
	return u.words[0] & 1 ? calltrace_pattern_virtual() : calltrace_pattern_function(0, u.function);
}

CALLTRACE_INLINE cr_call_times times(cr_call_times n) { return n; }
template <class T>
CALLTRACE_INLINE typename std::enable_if<std::is_integral<T>::value, cr_call_times>::type times(T n)
{
	return calltrace_times_exactly(static_cast<long>(n));
}

CALLTRACE_INLINE cr_value_matcher matcher(cr_value_matcher m) { return m; }
CALLTRACE_INLINE cr_value_matcher matcher(cr_call_reason reason) { return calltrace_matcher_reason(reason); }
CALLTRACE_INLINE cr_value_matcher matcher(bool value) { return calltrace_matcher_bool(value); }
CALLTRACE_INLINE cr_value_matcher matcher(char value) { return calltrace_matcher_char(value); }
CALLTRACE_INLINE cr_value_matcher matcher(const char *value) { return calltrace_matcher_string(value); }
CALLTRACE_INLINE cr_value_matcher matcher(char *value) { return calltrace_matcher_string(value); }
CALLTRACE_INLINE cr_value_matcher matcher(decltype(nullptr)) { return calltrace_null(false); }
template <class T>
CALLTRACE_INLINE typename std::enable_if<(std::is_integral<T>::value || std::is_enum<T>::value)
                                             && (T(-1) < T(0)), cr_value_matcher>::type matcher(T value)
{
	return calltrace_matcher_signed(static_cast<long long>(value));
}
template <class T>
CALLTRACE_INLINE typename std::enable_if<(std::is_integral<T>::value || std::is_enum<T>::value)
                                             && !(T(-1) < T(0)), cr_value_matcher>::type matcher(T value)
{
	return calltrace_matcher_unsigned(static_cast<unsigned long long>(value));
}
template <class T>
CALLTRACE_INLINE typename std::enable_if<std::is_floating_point<T>::value, cr_value_matcher>::type matcher(T value)
{
	return calltrace_matcher_float(value);
}
template <class T>
CALLTRACE_INLINE typename std::enable_if<!std::is_function<T>::value, cr_value_matcher>::type matcher(T *value)
{
	return calltrace_matcher_pointer(value);
}
/* Of a class: text, or what is in it, as traces show it. The first of these that it fits. */
template <class T>
CALLTRACE_INLINE typename std::enable_if<std::is_class<T>::value || std::is_union<T>::value, cr_value_matcher>::type
matcher(const T &value);

template <int n> struct choice : choice<n - 1> {};
template <> struct choice<0> {};
template <class T> struct is_value {
	typedef typename std::decay<T>::type type;
	static const bool value = std::is_arithmetic<type>::value || std::is_enum<type>::value || std::is_pointer<type>::value;
};
template <class T> using if_text = typename std::enable_if<std::is_convertible<T, const char *>::value>::type *;

template <class T>
CALLTRACE_INLINE auto object(const T &value, choice<10>, if_text<decltype(value.c_str())> = nullptr)
	-> decltype(value.size(), cr_value_matcher())
{
	return calltrace_string(CALLTRACE_STRING, value.c_str(), static_cast<long>(value.size()));
}
template <class T>
CALLTRACE_INLINE auto object(const T &value, choice<9>, if_text<decltype(value.data())> = nullptr)
	-> decltype(value.substr(0), cr_value_matcher())
{
	return calltrace_string(CALLTRACE_STRING, value.data(), static_cast<long>(value.size()));
}
template <class T>
CALLTRACE_INLINE cr_value_matcher object(const T &value, choice<8>, if_text<decltype(value.c_str())> = nullptr)
{
	return calltrace_matcher_string(value.c_str());
}
template <class T> CALLTRACE_INLINE auto object(const T &value, choice<7>) -> decltype(*value, value.has_value(), cr_value_matcher())
{
	return value.has_value() ? matcher(*value) : calltrace_null(false);
}
template <class T> CALLTRACE_INLINE auto object(const T &value, choice<6>) -> decltype(value.first, value.second, cr_value_matcher())
{
	return calltrace_fields(calltrace_field("first", matcher(value.first)), calltrace_field("second", matcher(value.second)),
	                        CALLTRACE_NO_M);
}
/* Without iterators, whose functions are instrumented with the test. */
template <class T>
CALLTRACE_INLINE auto object(const T &value, choice<5>) -> decltype(value.begin(), *value.data(), value.size(), cr_value_matcher())
{
	cr_value_matcher list = calltrace_sequence();
	auto elements = value.data();

	for (size_t i = 0, size = value.size(); i < size; i++)
		calltrace_append(list, matcher(elements[i]));
	return list;
}
template <class T>
CALLTRACE_INLINE auto object(const T &value, choice<4>) -> decltype(value.begin() != value.end(), cr_value_matcher())
{
	cr_value_matcher list = calltrace_sequence();
	auto end = value.end();

	for (auto at = value.begin(); at != end; ++at)
		calltrace_append(list, matcher(*at));
	return list;
}
template <size_t n, class T> struct tuple {
	static CALLTRACE_INLINE void append(cr_value_matcher list, const T &value)
	{
		tuple<n - 1, T>::append(list, value);
		calltrace_append(list, matcher(std::get<n - 1>(value)));
	}
};
template <class T> struct tuple<0, T> {
	static CALLTRACE_INLINE void append(cr_value_matcher, const T &) {}
};
template <class T>
CALLTRACE_INLINE auto object(const T &value, choice<3>) -> decltype(std::tuple_size<T>::value, cr_value_matcher())
{
	cr_value_matcher list = calltrace_sequence();

	tuple<std::tuple_size<T>::value, T>::append(list, value);
	return list;
}
/* A pointer that owns. */
template <class T>
CALLTRACE_INLINE auto object(const T &value, choice<2>) -> decltype(value.operator->(), value.get(), cr_value_matcher())
{
	return matcher(value.get());
}
/* What becomes a value by itself. */
template <class T>
CALLTRACE_INLINE auto object(const T &value, choice<1>)
	-> typename std::enable_if<is_value<decltype(+value)>::value && !std::is_function<
	                               typename std::remove_pointer<decltype(+value)>::type>::value, cr_value_matcher>::type
{
	return matcher(+value);
}
template <class T> CALLTRACE_INLINE cr_value_matcher object(const T &, choice<0>)
{
	static_assert(sizeof(T) == 0, "an object of this type is no plain value: "
	                              "write cr_field(name, value), cr_fields(...) or cr_elems(...)");
	return calltrace_any();
}
template <class T>
CALLTRACE_INLINE typename std::enable_if<std::is_class<T>::value || std::is_union<T>::value, cr_value_matcher>::type
matcher(const T &value)
{
	return object(value, choice<10>());
}

template <class T> CALLTRACE_INLINE cr_value_matcher capture(T *target)
{
	return calltrace_capture(target, std::is_same<T, bool>::value ? CALLTRACE_INTO_BOOL
	                                 : std::is_floating_point<T>::value ? CALLTRACE_INTO_FLOAT
	                                 : std::is_pointer<T>::value ? CALLTRACE_INTO_POINTER
	                                 : std::is_signed<T>::value ? CALLTRACE_INTO_SIGNED : CALLTRACE_INTO_UNSIGNED,
	                         sizeof *target);
}
CALLTRACE_INLINE cr_value_matcher capture(const char **target)
{
	return calltrace_capture(target, CALLTRACE_INTO_STRING, sizeof *target);
}

}

# define CALLTRACE_P(x) ::calltrace_detail::pattern(x)
# define CALLTRACE_T(x) ::calltrace_detail::times(x)
# define CALLTRACE_M(x) ::calltrace_detail::matcher(x)
# define CALLTRACE_CAPTURE(target) ::calltrace_detail::capture(target)

#endif

#endif
