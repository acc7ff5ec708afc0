/*
 * Functions and values of C++ as a person writes them: overloads of members, types in either spelling, what the standard
 * library has. Everything passes. `met`: so do all tests of this file.
 */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shop {

enum class color { red, green, blue };

struct item {
	std::string name;
	long cents;
};

class cart {
public:
	void add(const item &one, std::optional<color> wrapped = {});
	void add(const std::string &name, long cents);
	long total() const;
	long total(int percent) const;
	void deliver(std::string_view address, const std::vector<int> &days);
	static int count(const char *const *names);

private:
	std::vector<item> items;
};

namespace {

int logged(const std::string &text)
{
	return (int) text.size();
}

}

void cart::add(const item &one, std::optional<color> wrapped)
{
	logged(one.name);
	items.push_back(one);
	(void) wrapped;
}

void cart::add(const std::string &name, long cents)
{
	add(item{ name, cents });
}

long cart::total() const
{
	long sum = 0;

	for (const item &one : items)
		sum += one.cents;
	return sum;
}

long cart::total(int percent) const
{
	return total() * percent / 100;
}

void cart::deliver(std::string_view address, const std::vector<int> &days)
{
	(void) address;
	(void) days;
}

int cart::count(const char *const *names)
{
	return names[0] ? 1 : 0;
}

}

using shop::cart;
using shop::color;
using shop::item;

static void act()
{
	const char *none[] = { nullptr };
	cart c;

	c.add("pear", 250);
	c.add(item{ "plum", 199 }, color::blue);
	c.total();
	c.total(50);
	c.deliver("Main Street", { 1, 2 });
	cart::count(none);
}

Test(met, overloads)
{
	act();
	cr_assert_called_once(cr_overload(void (cart::*)(const std::string &, long), &cart::add));
	cr_assert_called_times(cr_overload(void (cart::*)(const item &, std::optional<color>), &cart::add), 2);
	cr_assert_called_times(cr_overload(long (cart::*)() const, &cart::total), 2);
	cr_assert_called_with(cr_overload(long (cart::*)(int) const, &cart::total), 50);
	cr_assert_called_once(cr_overload(int (*)(const char *const *), cart::count));
	cr_assert_called_once(cr_overload(int(const char *const *), cart::count));
}

Test(met, spellings)
{
	act();
	cr_assert_called_once("shop::cart::add(const std::string &, long)");
	cr_assert_called_once("shop::cart::add(std::string const&, long)");
	cr_assert_called_times("shop::cart::add(const shop::item&, std::optional<shop::color>)", 2);
	cr_assert_called_once("shop::cart::deliver(std::string_view, const std::vector<int>&)");
	cr_assert_called_once("shop::cart::deliver(std::basic_string_view<char, std::char_traits<char> >, "
	                      "std::vector<int, std::allocator<int> > const&)");
	cr_assert_called_once("shop::cart::count(const char *const *)");
	cr_assert_called_once("shop::cart::count(char const* const*)");
	cr_assert_called_times("shop::logged", 2);
	cr_assert_called_times("shop::(anonymous namespace)::logged", 2);
	cr_assert_called_times("shop::logged(const std::string &)", 2);
}

Test(met, optional)
{
	const char *const add = "shop::cart::add(const shop::item&, std::optional<shop::color>)";

	act();
	cr_assert_called_once(cr_call(add, cr_any, color::blue));
	cr_assert_called_once(cr_call(add, cr_any, cr_enum("blue")));
	cr_assert_called_once(cr_call(add, cr_any, cr_null));
	cr_assert_called_once(cr_call(add, cr_any, cr_not_null));
	cr_assert_called_once(cr_call(add, cr_any, cr_deref(color::blue)));
	cr_assert_not_called(cr_call(add, cr_any, color::red));
}

Test(met, strings)
{
	act();
	cr_assert_called_with("shop::cart::add(const std::string&, long)", "pear", 250);
	cr_assert_called_with("shop::cart::add(const shop::item&, std::optional<shop::color>)", cr_field("name", "plum"), cr_any);
	cr_assert_called_with(&cart::deliver, "Main Street", cr_elems(1, 2));
}
