/* What C++ alone has. The other order of the two headers. */
#include <criterion/calltrace.h>
#include <criterion/criterion.h>
#include <string>
namespace ns { int f(int) { return 0; } int f(const std::string &) { return 1; } }
struct K { int m(int) const { return 1; } virtual int w() { return 2; } static void s() {} virtual ~K() {} };
template <class T> T tpl(T t) { return t; }
enum class E : unsigned char { A, B };
Test(a, b)
{
	std::string s = "x"; K k;
	cr_assert_called(cr_overload(int(int), ns::f)); cr_assert_called(&K::m); cr_assert_called(&K::w); cr_assert_called(K::s); cr_assert_called(tpl<int>);
	cr_assert_called(cr_call(cr_overload(int(const std::string &), ns::f), s)); cr_assert_called(cr_call("ns::f(int)", 3, E::A, nullptr, &k, 'c', L'x'));
	cr_assert_called(cr_call(&K::m, cr_any, 3));
}
