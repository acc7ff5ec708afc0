/* Types of libstdc++, as a person would write them; what is made of nodes has its size only. */
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#define CALLED __attribute__((noinline, used)) long
static volatile long zero;
#define USE(x) __asm__ volatile("" : : "r"(&x) : "memory")

struct person {
	std::string name, note;
	int age;
};

CALLED strings(const std::vector<std::string> &v) { USE(v); return zero; }
CALLED by_value(std::vector<std::string> v) { USE(v); return zero; }
CALLED texts(const std::vector<const char *> &v) { USE(v); return zero; }
CALLED wide(const std::wstring &s, std::u16string_view view) { USE(s); USE(view); return zero; }
CALLED sized(const std::map<int, std::string> &m, const std::set<int> &s, const std::unordered_map<int, int> &u, const std::list<int> &l)
{
	USE(m); USE(s); USE(u); USE(l);
	return zero;
}
CALLED shared(const std::shared_ptr<int> &p, std::shared_ptr<person> none) { USE(p); USE(none); return zero; }
CALLED people(const person &p, const std::vector<person> &v) { USE(p); USE(v); return zero; }
CALLED pairs(std::pair<int, const char *> p) { USE(p); return zero; }

int main()
{
	std::vector<std::string> words = { "one", "", "a string that is too long to be within itself", "four" };
	person ada = { "Ada", "mathematician, and the first programmer", 36 };

	return (int) (strings(words) + by_value(words) + strings({}) + texts({ "x", nullptr, "z" }) + wide(L"w\u00efde", u"view")
	              + sized({ { 1, "a" }, { 2, "b" } }, { 5 }, { { 1, 2 } }, {}) + shared(std::make_shared<int>(7), nullptr)
	              + people(ada, { ada }) + pairs({ 3, "three" }));
}
