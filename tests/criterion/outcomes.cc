// The ways that only C++ has. Expected: test_outcomes.py.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <criterion/theories.h>
#include <stdexcept>
#include <string>
#include <thread>

extern "C" int twice(int number);

namespace exceptional {

struct counter {
	int *count;
	explicit counter(int *which) : count(which) { twice(1); }
	~counter() { ++*count; }
};

static int counted;

__attribute__((noinline)) static void throws(int depth)
{
	counter here(&counted);

	if (twice(depth) == 0)
		throw std::runtime_error("thrown");
	throws(depth - 1);
}

} // namespace exceptional

using exceptional::throws;

static void throwing()
{
	throws(1);
}

static void init()
{
	twice(3);
}

Test(exceptions, leave_the_body)
{
	throws(2);
}

Test(exceptions, without_a_message)
{
	twice(1);
	throw 17;
}

Test(exceptions, are_caught)
{
	try {
		throws(2);
	} catch (const std::runtime_error &) {
		twice(4);
	}
	twice(5);
	cr_assert_eq(exceptional::counted, 3);
}

Test(exceptions, are_expected)
{
	cr_assert_throw(throws(1), std::runtime_error);
	cr_assert(throw(std::runtime_error, throws(1)));
	twice(4);
}

Test(exceptions, fail_to_come)
{
	cr_expect_throw(twice(1), std::runtime_error);
	twice(4);
}

Test(exceptions, leave_init, .init = throwing, .fini = init)
{
	twice(4);
}

Test(exceptions, leave_fini, .init = init, .fini = throwing)
{
	twice(4);
}

Test(exceptions, leave_a_thread)
{
	std::thread(throws, 1).join();
}

Test(cxx, passes, .init = init, .fini = init)
{
	cr_assert(eq(std::string(twice(2), 'x'), std::string("xxxx")));
}

Test(cxx, fails)
{
	cr_assert(eq(std::string(twice(2), 'x'), std::string("xxx")));
}

Test(cxx, lambda)
{
	auto add = [](int a, int b) { return twice(a) + b; };

	cr_assert_eq(add(1, 2), 4);
}

ParameterizedTestParameters(cxx, parameters)
{
	static criterion::parameters<int> values = { 1, 1, 2 };

	return values;
}

ParameterizedTest(int *value, cxx, parameters)
{
	cr_assert_eq(twice(*value), 2);
}
