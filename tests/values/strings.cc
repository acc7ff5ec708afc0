/*
 * What JSON writes as strings and what only looks like it, within others: enumerators, functions, characters, large
 * numbers, addresses; text that looks like a number or an address; types whose names tell nothing, or the wrong thing.
 */
#include <math.h>

#include <string>
#include <vector>

#define CALLED __attribute__((noinline, used)) long
#define USE(x) __asm__ volatile("" : : "r"(&x) : "memory")

enum color { RED, GREEN };
enum class mode { ON, OFF };
typedef std::string name_of;
typedef unsigned long charge;

static int twice(int n) { return 2 * n; }

struct all {
	color kind;
	const char *name;
	char letter;
	wchar_t wide;
	mode modes[3];
	int (*call)(int);
	unsigned long big;
	double none;
	void *where;
	std::string number;
	_Complex double complex;
	struct { color kind; const char *text; } inner;
};

CALLED whole(const all *a) { USE(a); return 0; }
CALLED plain(const name_of &word, charge large, mode m) { USE(word); USE(large); USE(m); return 0; }
CALLED many(const std::vector<mode> &modes, const std::vector<std::string> &texts) { USE(modes); USE(texts); return 0; }
__attribute__((noinline)) mode returned(mode m) { return m == mode::ON ? mode::OFF : mode::ON; }

int main()
{
	all a = { GREEN, "0x10", 'q', L'w', { mode::OFF, mode::ON, mode::ON }, twice, 18446744073709551615ul, NAN, (void *) 16,
		  "18446744073709551615", {}, { RED, "-12345678901234567890" } };

	__real__ a.complex = NAN;
	__imag__ a.complex = 1;
	return (int) (whole(&a) + plain("word", ~0ul, mode::OFF) + many({ mode::ON, mode::OFF }, { "ON", "0xff" }))
	       + (returned(mode::ON) == mode::ON);
}
