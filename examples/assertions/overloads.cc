// C++: overloads, member functions, templates.
#include <criterion/criterion.h>
#include <criterion/calltrace.h>
#include <string>

namespace journal {
void write(int) { }
void write(const std::string &) { }
}

struct account {
	int balance = 0;
	void pay(int amount) { balance += amount; journal::write(amount); }
};

template <class T> T twice(T value) { return value + value; }

Test(overloads, of_the_journal)
{
	account a;

	a.pay(twice(21));
	journal::write(std::string("done"));
	cr_assert_called_with(&account::pay, 42);
	cr_assert_called_with(cr_overload(void(int), journal::write), 42);
	cr_assert_called_with(cr_overload(void(const std::string &), journal::write), "done");
	cr_assert_called_times("journal::write", 2);
	cr_assert_returned(twice<int>, 42);
}

Test(overloads, fails)
{
	account a;

	a.pay(twice(21));
	cr_assert_called_with(&account::pay, cr_gt(100));
}
