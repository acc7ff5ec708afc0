/* Containers as plain values: what is shown as an array is expected as one, whatever holds it. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

enum class color { red, green };
struct point {
	int x, y;
};

/* The value is used: clang leaves out of its debug information what is not. */
static volatile size_t sum;
#define TAKES(name, ...) __attribute__((noinline)) static void name(__VA_ARGS__ v) { __asm__ volatile("" : : "r"(&v)); sum = __LINE__; }

TAKES(by_value, std::vector<int>)
TAKES(by_reference, const std::vector<int> &)
TAKES(by_pointer, const std::vector<int> *)
TAKES(bytes, const std::vector<unsigned char> &)
TAKES(texts, const std::vector<std::string> &)
TAKES(colors, const std::vector<color> &)
TAKES(points, const std::vector<point> &)
TAKES(bools, const std::vector<bool> &)
TAKES(fixed, const std::array<double, 2> &)
TAKES(queue, const std::deque<long> &)
TAKES(listed, std::initializer_list<short>)
TAKES(pair, const std::pair<int, std::string> &)
TAKES(tuple, const std::tuple<int, std::string, double> &)
TAKES(maybe, std::optional<int>)
TAKES(view, std::string_view)
TAKES(owned, const std::unique_ptr<int> &)
TAKES(by_key, const std::map<int, int> &)
TAKES(function, const std::function<void(std::deque<long>)> &)
struct called {
	void operator()(std::deque<long> q) const { queue(q); }
};
TAKES(uncalled, const std::vector<int> &)

__attribute__((noinline)) static std::vector<int> returned()
{
	return { 7, 8 };
}

static const std::vector<int> numbers = { 1, 2, 3 };
static const std::unique_ptr<int> owner(new int(7));

static void act()
{
	by_value(numbers);
	by_reference(numbers);
	by_reference({});
	by_pointer(&numbers);
	bytes({ 1, 0, 255 });
	texts({ "a", "b" });
	colors({ color::green, color::red });
	points({ { 1, 2 }, { 3, 4 } });
	bools({ true, false });
	fixed({ 0.1, 2 });
	queue({ 5, 6 });
	listed({ 1, 2 });
	pair({ 1, "one" });
	tuple(std::make_tuple(1, std::string("one"), 0.5));
	maybe(3);
	maybe(std::nullopt);
	view("ab\0c");
	owned(owner);
	by_key({ { 1, 2 } });
	function(queue);
	function(called());
	returned();
	if (sum == 1)
		uncalled(numbers);
}

Test(containers, plain)
{
	typedef std::vector<int> ints;

	act();
	cr_assert_called_with(by_value, numbers);
	cr_assert_called_with(by_reference, numbers);
	cr_assert_called_with(by_reference, ints());
	cr_assert_called_with(by_reference, (std::array<int, 3>{ { 1, 2, 3 } }));
	cr_assert_not_called(cr_call(by_reference, (ints{ 1, 2 })));
	cr_assert_not_called(cr_call(by_reference, (ints{ 1, 2, 3, 4 })));
	cr_assert_not_called(cr_call(by_reference, (ints{ 1, 2, 4 })));
	cr_assert_called_once(cr_call(by_reference, cr_ne(numbers)));
	cr_assert_called_times(cr_call(by_reference, cr_in(numbers, ints())), 2);
	cr_assert_called_with(by_pointer, cr_deref(numbers));
	cr_assert_called_with(by_pointer, &numbers);
	cr_assert_called_with(bytes, (std::vector<unsigned char>{ 1, 0, 255 }));
	cr_assert_called_with(texts, (std::vector<std::string>{ "a", "b" }));
	cr_assert_called_with(texts, (std::vector<const char *>{ "a", "b" }));
	cr_assert_called_with(colors, (std::vector<color>{ color::green, color::red }));
	cr_assert_called_with(points, cr_elems(cr_field("x", 1), cr_fields(cr_field("x", 3), cr_field("y", 4))));
	cr_assert_called_with(bools, (std::vector<bool>{ true, false }));
	cr_assert_called_with(fixed, (std::array<double, 2>{ { 0.1, 2 } }));
	cr_assert_called_with(queue, (std::deque<long>{ 5, 6 }));
	cr_assert_called_with(listed, (ints{ 1, 2 }));
	cr_assert_called_with(pair, std::make_pair(1, "one"));
	cr_assert_called_with(tuple, std::make_tuple(1, "one", 0.5));
	cr_assert_called_with(maybe, std::optional<int>(3));
	cr_assert_called_with(maybe, std::optional<int>());
	cr_assert_called_with(view, std::string_view("ab"));
	cr_assert_called_with(owned, owner);
	cr_assert_called_with(by_key, cr_field("size", 1));
	cr_assert_returned(returned, (ints{ 7, 8 }));
	cr_assert_called_once(cr_call(function, cr_fn(queue)));
	cr_assert_called_once(cr_call(function, cr_fn("queue")));
	cr_assert_not_called(cr_call(function, cr_fn(listed)));
	cr_assert_called_once(cr_call(function, cr_fn("called")));
}

Test(containers, large)
{
	const std::vector<int> many(1000, 1);

	act();
	cr_assert(cr_expect_not_called(cr_call(by_reference, many)));
	cr_assert_called_with(by_reference, many);
}

#define SENSELESS(...) cr_assert_not(cr_expect_not_called(__VA_ARGS__))

Test(containers, senseless)
{
	act();
	SENSELESS(cr_call(uncalled, 7));
	SENSELESS(cr_call(uncalled, "text"));
	SENSELESS(cr_call(uncalled, (std::vector<std::string>{ "a" })));
	SENSELESS(cr_call(uncalled, (std::vector<double>{ 1, 1.5 })));
	SENSELESS(cr_call(by_key, (std::map<int, int>{ { 1, 2 } })));
	SENSELESS(cr_call(bytes, (std::vector<int>{ 1, 300 })));
	SENSELESS(cr_call(function, cr_fn("caled")));
}
