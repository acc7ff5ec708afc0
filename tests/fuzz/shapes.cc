// What C++ and optimisation add to debug information, in few bytes: the fuzzers' programs are made of it.
namespace box {
struct Base {
	virtual ~Base() = default;
	virtual long area(int scale) const { return scale; }
	unsigned kind : 3, rest : 5;
};
template <typename T, int N> struct Row : Base {
	T cells[N] = {};
	T &at(int i) { return cells[i % N]; }
	long area(int scale) const override { return scale * (N + static_cast<long>(cells[0])); }
};
enum class Color : unsigned char { red, green = 4 };
} // namespace box

union Word {
	long number;
	double real;
	const char *text;
};

static inline int add(int a, int b) { return a > b ? a + b : a - 2 * b; }

long apply(long (*f)(int, Word), int n, box::Color color)
{
	Word w = { n };
	long sum = static_cast<long>(color);

	for (int i = 0; i < n; i++) {
		sum += f(i, w);
		if (__builtin_expect(sum == 77, 0))
			throw add(i, n);
		w.number = add(w.number, i);
	}
	return sum;
}

long use(box::Row<short, 5> &row, const box::Base *base, double x, __int128 wide)
{
	auto each = [](int i, Word w) { return w.number * i; };

	row.at(2) = static_cast<short>(x);
	try {
		return apply(each, row.at(3), box::Color::green) + base->area(4) + static_cast<long>(wide);
	} catch (int e) {
		return add(e, row.at(1));
	}
}

int main(int argc, char **)
{
	box::Row<short, 5> row;

	return static_cast<int>(use(row, &row, argc, argc)) & 1;
}
