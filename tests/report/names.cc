// Names with everything that a tracefile's format, or a page in HTML, could stumble over.
#include <functional>
#include <map>
#include <string>

namespace geometry {
struct Point {
	double x, y;
	Point(double a, double b) : x(a), y(b) {}
	Point operator+(const Point &other) const { return Point(x + other.x, y + other.y); }
	bool operator<(const Point &other) const { return x < other.x || (x == other.x && y < other.y); }
	virtual double size() const { return x * x + y * y; }
	virtual ~Point() {}
};
struct Far : Point {
	Far() : Point(1e6, 1e6) {}
	double size() const override { return 1e12; }
};
static double scale(double value, double factor) { return value * factor; }
static int scale(int value, int factor) { return value * factor; }
template <typename T, typename U> static T convert(U value) { return static_cast<T>(value); }
}

namespace {
int hidden(const std::map<std::string, int> &map) { return static_cast<int>(map.size()); }
}

template <int N> static int unused() { return N + hidden({}); }
int never() { return unused<3>(); }

int main()
{
	geometry::Far far;
	geometry::Point sum = geometry::Point(1, 2) + far;
	const geometry::Point &view = far;
	std::map<std::string, int> map;
	auto lambda = [&](int n, int m) { return n + m + hidden(map); };
	std::function<int(int, int)> held = lambda;

	map["a,b"] = geometry::scale(2, 3);
	if (sum < view)
		map["<c>"] = geometry::convert<int, double>(view.size());
	return held(1, 2) + static_cast<int>(geometry::scale(0.0, 1.0)) == 5 ? 0 : 1;
}
