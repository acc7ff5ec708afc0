// C++: overloads, member functions, templates.
#include <criterion/criterion.h>
#include <criterion/calltrace.h>
#include <string>

namespace log {
void write(int) { }
void write(const std::string &) { }
}

struct account {
	int balance = 0;
	void pay(int amount) { balance += amount; log::write(amount); }
};

template <class T> T twice(T value) { return value + value; }

Test(overloads, of_log)
{
	account a;

	a.pay(twice(21));
	log::write(std::string("done"));
	cr_assert_called_with(&account::pay, 42);
	cr_assert_called_with(cr_overload(void(int), log::write), 42);
	cr_assert_called_with(cr_overload(void(const std::string &), log::write), "done");
	cr_assert_called_times("log::write", 2);
	cr_assert_returned(twice<int>, 42);
}

Test(overloads, fails)
{
	account a;

	a.pay(twice(21));
	cr_assert_called_with(&account::pay, cr_gt(100));
}
