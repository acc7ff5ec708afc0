// C++: virtual functions, templates, constructors, lambdas, exceptions, the library's own templates.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace shapes {

struct Shape {
	explicit Shape(int size) : size(size) { count(1); }
	virtual ~Shape() { count(-1); }
	virtual int area() const = 0;
	int scaled(int by) const { return area() * by; }
	static int count(int by) { return alive += by; }
	static int alive;
	int size;
};

int Shape::alive;

struct Square : Shape {
	using Shape::Shape;
	int area() const override { return size * size; }
};

struct Line : Shape {
	Line() : Shape(3) {}
	Line(const Line &from) : Shape(from.size) {}
	int area() const override { return 0; }
	Line operator+(const Line &other) const { Line sum(*this); sum.size += other.size; return sum; }
};

}  // namespace shapes

namespace {

template <typename T> T larger(T a, T b) { return a > b ? a : b; }

template <int N> struct Power { static int of(int x) { return x * Power<N - 1>::of(x); } };
template <> struct Power<0> { static int of(int) { return 1; } };

int overloaded(int n) { return n; }
int overloaded(double n) { return int(n) * 2; }
int overloaded(const char *) { return 3; }

struct Guard {
	explicit Guard(int &n) : n(n) {}
	~Guard() { n++; }
	int &n;
};

void thrower(int n)
{
	if (n == 0)
		throw std::runtime_error("bottom");
	thrower(n - 1);
}

int exceptions()
{
	int cleaned = 0;

	for (int i = 0; i < 3; i++) {
		try {
			Guard guard(cleaned);
			thrower(i);
		} catch (const std::exception &) {
			overloaded(i);
		}
	}
	return cleaned;
}

int lambdas()
{
	int base = 10;
	auto plus = [base](int n) { return overloaded(n) + base; };
	std::function<int(int)> stored = plus;

	return plus(1) + stored(2) + stored(3);
}

int library()
{
	std::vector<int> numbers{5, 2, 8, 1, 9, 3};
	std::map<std::string, int> names;

	std::sort(numbers.begin(), numbers.end(), [](int a, int b) { return larger(a, b) == b && a != b; });
	for (int n : numbers)
		names["key" + std::to_string(n % 3)] += n;
	return names["key1"] + int(names.size());
}

struct Early {
	Early() { overloaded("early"); }
	~Early() { overloaded("late"); }
} early;

int once()
{
	static Early local;
	return overloaded(1);
}

}  // namespace

int main()
{
	using namespace shapes;
	int total = 0;
	std::unique_ptr<Shape> square(new Square(4));
	Line line;

	total += square->scaled(2) + line.scaled(3) + (line + line).size;
	total += larger(1, 2) + int(larger(1.5, 2.5)) + larger<long>(3, 4) + Power<5>::of(2);
	total += overloaded(1) + overloaded(2.5) + overloaded("x");
	total += exceptions() + lambdas() + library() + once() + once();
	std::printf("%d\n", total);
	return 0;
}
