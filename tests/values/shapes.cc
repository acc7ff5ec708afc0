/*
 * More of libstdc++'s types. Each function is to be shown as the lines above it say, call by call. What has a
 * std::string in it is for gcc: clang 14 cannot link that, instrumented.
 */
#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <variant>
#include <vector>
#if __cplusplus >= 202002L
#include <span>
#endif

/* Not static: of those, clang changes the parameters when it optimises, and what is not proven is said to be unavailable. */
#define CALLED __attribute__((noinline, used)) long
#define USE(x) __asm__ volatile("" : : "r"(&x) : "memory")
static volatile long zero;

using namespace std::chrono_literals;

enum color { RED, GREEN };
struct nothing { };
struct point { int x, y; };
struct bad { bad() { } bad(const bad &) { throw 1; } };

// expect: arrays(a=[1, 2, 3], none=[], words=["one", NULL], points=[{x=1, y=2}])
CALLED arrays(const std::array<int, 3> &a, const std::array<int, 0> &none, const std::array<const char *, 2> &words,
              const std::array<point, 1> &points)
{
	USE(a); USE(none); USE(words); USE(points);
	return zero;
}

// expect: tuples(t=[1, "x", {}, 2.5, GREEN], none=[], nested=[[1, 2], {x=3, y=4}], pair={first='c', second=RED})
CALLED tuples(const std::tuple<int, const char *, nothing, double, color> &t, const std::tuple<> &none,
              const std::tuple<std::tuple<int, int>, point> &nested, const std::pair<char, color> &pair)
{
	USE(t); USE(none); USE(nested); USE(pair);
	return zero;
}

// expect: lists(n=[1, 2, 3], words=["a", "b"], none=[])
CALLED lists(std::initializer_list<int> n, std::initializer_list<const char *> words, std::initializer_list<point> none)
{
	USE(n); USE(words); USE(none);
	return zero;
}

// expect: deques(d=[], words=["a", "b"])
// expect: deques(d=[1, 2, 3], words=["a", "b"])
// expect: deques(d=[-2, -1, 0, 1, 2, 3], words=["a", "b"])
// expect: deques(d=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]..., words=["a", "b"])
CALLED deques(const std::deque<int> &d, const std::deque<const char *> &words)
{
	USE(d); USE(words);
	return zero;
}

// expect: variants(v=7)
// expect: variants(v="text")
// expect: variants(v=2.5)
// expect: variants(v=monostate)
// expect: variants(v=GREEN)
// expect: variants(v={x=1, y=2})
// expect: variants(v=[1, 2])
CALLED variants(const std::variant<int, const char *, double, std::monostate, color, point, std::vector<short>> &v)
{
	USE(v);
	return zero;
}

// expect: valueless(v=valueless)
CALLED valueless(const std::variant<int, bad> &v)
{
	USE(v);
	return zero;
}

// expect: small(v=3.5, d=1500ms, f=0.25s)
CALLED small(std::variant<int, float> v, std::chrono::milliseconds d, std::chrono::duration<double> f)
{
	USE(v); USE(d); USE(f);
	return zero;
}

// expect: durations(ns=1ns, us=-2us, s=3s, min=4min, h=5h, odd={__r=6})
CALLED durations(std::chrono::nanoseconds ns, std::chrono::microseconds us, std::chrono::seconds s, std::chrono::minutes min,
                 std::chrono::hours h, std::chrono::duration<int, std::ratio<1, 30>> odd)
{
	USE(ns); USE(us); USE(s); USE(min); USE(h); USE(odd);
	return zero;
}

typedef std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds> in_seconds;
typedef std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<int, std::ratio<86400>>> in_days;

// expect: times(t=2001-09-09T01:46:40.123000000Z, s=1969-12-31T23:59:59Z, d=2000-02-29, steady=5ns)
// expect: times(t=1969-12-31T23:59:59.999999999Z, s=99999999999999s, d=0001-01-01, steady=-1ns)
CALLED times(std::chrono::system_clock::time_point t, in_seconds s, in_days d, std::chrono::steady_clock::time_point steady)
{
	USE(t); USE(s); USE(d); USE(steady);
	return zero;
}

CALLED twice(long n) { return 2 * n + zero; }
struct adder {
	long by;
	long operator()(long n) const { return n + by + zero; }
};
struct large {
	long by[5];
	long operator()(long n) const { return n + by[0] + zero; }
};

// expect: functions(f=NULL)
// expect: functions(f=twice(long))
// expect: functions(f=adder)
// expect: functions(f=large)
CALLED functions(const std::function<long(long)> &f)
{
	USE(f);
	return f ? f(zero) * 0 : zero;
}

// expect: atomics(n=3, b=true, s="text", d=2.5, e=GREEN, flag=false)
CALLED atomics(const std::atomic<int> &n, const std::atomic<bool> &b, const std::atomic<const char *> &s,
               const std::atomic<double> &d, const std::atomic<color> &e, const std::atomic_flag &flag)
{
	USE(n); USE(b); USE(s); USE(d); USE(e); USE(flag);
	return zero;
}

// expect: bits(b=00000101, large=0000000000000000000000000000000000000000000000000000000000000000010010, v=[true, false, true], none=[])
CALLED bits(std::bitset<8> b, const std::bitset<70> &large, const std::vector<bool> &v, const std::vector<bool> &none)
{
	USE(b); USE(large); USE(v); USE(none);
	return zero;
}

static void close_point(point *p) { delete p; }

// expect: pointers(weak=7, gone=expired, none=NULL, unique={x=1, y=2}, ref=8)
CALLED pointers(const std::weak_ptr<int> &weak, const std::weak_ptr<int> &gone, const std::weak_ptr<int> &none,
                const std::unique_ptr<point, void (*)(point *)> &unique, std::reference_wrapper<int> ref)
{
	USE(weak); USE(gone); USE(none); USE(unique); USE(ref);
	return zero;
}

// expect: others(c=[1, 2], m=unlocked, v=[[5]])
// expect: others(c=[1, 2], m=locked, v=[[5]])
CALLED others(std::complex<double> c, const std::mutex &m, const std::vector<std::array<int, 1>> &v)
{
	USE(c); USE(m); USE(v);
	return zero;
}

struct all {
	std::array<color, 2> colors;
	std::variant<int, color> v;
	std::chrono::seconds wait;
	std::tuple<char, long> t;
	std::function<long(long)> call;
	std::deque<int> queue;
};

// expect: within(a={colors=[GREEN, RED], v=RED, wait=3s, t=['c', 18], call=twice(long), queue=[4]})
CALLED within(const all &a)
{
	USE(a);
	return zero;
}

#if __cplusplus >= 202002L
// expect[c++20]: spans(s=[1, 2, 3], two=[4, 5], text="abc")
CALLED spans(std::span<int> s, std::span<const short, 2> two, std::span<const char> text)
{
	USE(s); USE(two); USE(text);
	return zero;
}

// expect[c++20]: more_spans(words=["x", "y"], none=[])
CALLED more_spans(std::span<const char *const> words, std::span<int> none)
{
	USE(words); USE(none);
	return zero;
}
#endif

#ifndef __clang__
// expect[gcc]: strings(a=["one", "two, and longer than sixteen"], t=["three", 3], v="four, and longer than sixteen", d=["five"])
// expect[gcc]: strings(a=["one", "two, and longer than sixteen"], t=["three", 3], v="s", d=["five"])
// expect[gcc]: strings(a=["one", "two, and longer than sixteen"], t=["three", 3], v=["in a vector"], d=["five"])
CALLED strings(const std::array<std::string, 2> &a, const std::tuple<std::string, int> &t,
               const std::variant<std::string, const char *, std::vector<std::string>> &v, const std::deque<std::string> &d)
{
	USE(a); USE(t); USE(v); USE(d);
	return zero;
}
#endif

static long call_deques()
{
	std::deque<int> d, many;
	std::deque<const char *> words = { "a", "b" };
	long sum = deques(d, words);

	d = { 1, 2, 3 };
	sum += deques(d, words);
	for (int i : { 0, -1, -2 })
		d.push_front(i);
	sum += deques(d, words);
	for (int i = 0; i < 300; i++)
		many.push_back(i);
	return sum + deques(many, words);
}

static long call_variants()
{
	std::variant<int, bad> v = 1;
	long sum = variants(7) + variants("text") + variants(2.5) + variants(std::monostate()) + variants(GREEN)
	           + variants(point{ 1, 2 }) + variants(std::vector<short>{ 1, 2 });

	try {
		v = bad();
		v.emplace<bad>(bad());
	} catch (int) {
	}
	return sum + valueless(v) + small(3.5f, 1500ms, std::chrono::duration<double>(0.25));
}

static long call_pointers()
{
	auto seven = std::make_shared<int>(7);
	std::weak_ptr<int> weak = seven, gone = std::make_shared<int>(8);
	std::unique_ptr<point, void (*)(point *)> unique(new point{ 1, 2 }, close_point);
	int eight = 8;

	return pointers(weak, gone, {}, unique, eight);
}

static long call_others()
{
	std::atomic<int> n{ 3 };
	std::atomic<bool> b{ true };
	std::atomic<const char *> s{ "text" };
	std::atomic<double> d{ 2.5 };
	std::atomic<color> e{ GREEN };
	std::atomic_flag flag = ATOMIC_FLAG_INIT;
	std::mutex m;
	long sum = atomics(n, b, s, d, e, flag) + others({ 1, 2 }, m, { { 5 } });

	m.lock();
	sum += others({ 1, 2 }, m, { { 5 } });
	m.unlock();
	return sum + bits(5, 18, { true, false, true }, {});
}

int main()
{
	using namespace std::chrono;
	long sum = arrays({ 1, 2, 3 }, {}, { "one", nullptr }, { point{ 1, 2 } });

	sum += tuples({ 1, "x", {}, 2.5, GREEN }, {}, { { 1, 2 }, { 3, 4 } }, { 'c', RED });
	sum += lists({ 1, 2, 3 }, { "a", "b" }, {}) + call_deques() + call_variants();
	sum += durations(1ns, -2us, 3s, 4min, 5h, duration<int, std::ratio<1, 30>>(6));
	sum += times(system_clock::time_point(1000000000123ms), in_seconds(-1s), in_days(in_days::duration(11016)),
	             steady_clock::time_point(5ns));
	sum += times(system_clock::time_point(-1ns), in_seconds(99999999999999s), in_days(in_days::duration(-719162)),
	             steady_clock::time_point(-1ns));
	sum += functions(nullptr) + functions(twice) + functions(adder{ 1 }) + functions(large{ { 1 } });
	sum += call_pointers() + call_others();
	sum += within({ { GREEN, RED }, RED, 3s, { 'c', 18 }, twice, { 4 } });
#if __cplusplus >= 202002L
	int numbers[] = { 1, 2, 3 };
	short two[] = { 4, 5 };
	const char text[] = { 'a', 'b', 'c' }, *words[] = { "x", "y" };

	sum += spans(numbers, std::span<const short, 2>(two), text);
	sum += more_spans(words, {});
#endif
#ifndef __clang__
	const std::array<std::string, 2> a = { "one", "two, and longer than sixteen" };

	sum += strings(a, { "three", 3 }, "four, and longer than sixteen" + std::string(), { "five" });
	sum += strings(a, { "three", 3 }, "s", { "five" });
	sum += strings(a, { "three", 3 }, std::vector<std::string>{ "in a vector" }, { "five" });
#endif
	return sum != 0;
}
