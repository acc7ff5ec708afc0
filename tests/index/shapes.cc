// The same for C++. Ends with 0 if it computed what it should.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "shapes.h"

namespace area {

struct Shape {
	virtual ~Shape() = default;
	virtual double size() const = 0;
};

struct Named {
	explicit Named(std::string n) : name(std::move(n)) {}
	virtual ~Named() {}
	virtual const std::string &label() const { return name; }
	std::string name;
};

// Two bases: the second one's virtual functions are reached through thunks.
struct Square : Shape, Named {
	explicit Square(double s) : Named("square"), side(s) {}
	double size() const override { return side * side; }
	const std::string &label() const override { return name; }
	double side;
};

// A virtual base: its constructors differ, and there are two.
struct Root { int id = 1; };
struct Left : virtual Root { Left() { id += 1; } };
struct Right : virtual Root { Right() { id += 2; } };
struct Both : Left, Right { Both() { id += 4; } };

template <typename T> T largest(const std::vector<T> &all)
{
	T best = all.front();

	for (const T &one : all)
		if (best < one)
			best = one;
	return best;
}

} // namespace area

namespace {

int hidden(int x)
{
	return x - 1;
}

struct Counter {
	int value = 0;
	Counter &operator+=(int x) { value += x; return *this; }
	static int made() { return 1; }
};

} // namespace

extern "C" int plain(int x)
{
	return x + 1;
}

static int risky(int x)
{
	std::string text = "risky";

	if (x > 2)
		throw std::runtime_error(text);
	return static_cast<int>(text.size());
}

static int guarded(int x)
{
	try {
		return risky(x);
	} catch (const std::exception &e) {
		return -hidden(1 + plain(static_cast<int>(std::string(e.what()).size())));
	}
}

int overloaded(int x) { return x; }
int overloaded(const std::string &s) { return static_cast<int>(s.size()); }

int main()
{
	std::vector<int> numbers = { 3, 1, 2 };
	std::map<std::string, int> counts;
	auto add = [&counts](const std::string &key, int n) { return counts[key] += n; };
	std::function<int(int)> twofold = [](int x) { return twice(x); };
	struct Local { int go(int x) { return plain(x); } } local;

	std::sort(numbers.begin(), numbers.end(), [](int a, int b) { return a > b; });
	std::unique_ptr<area::Shape> shape = std::make_unique<area::Square>(2);
	const area::Named &named = dynamic_cast<area::Square &>(*shape);
	Counter counter;
	counter += add("a", 1) + add("a", 2);
	area::Both both;
	bool right = numbers[0] == 3 && area::largest(numbers) == 3 && area::largest<std::string>({ "a", "b" }) == "b"
	             && shape->size() == 4 && named.label() == "square" && counter.value == 4 && both.id == 8
	             && twofold(2) == 4 && local.go(1) == 2 && guarded(1) == 5 && guarded(3) == -6
	             && overloaded(1) == 1 && overloaded("ab") == 2 && Counter::made() == 1 && other(1) == 3;

	return right ? 0 : 1;
}
