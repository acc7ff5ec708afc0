/* Structures with bytes behind their members, which clang does not pass; and names that do not end with their own parameters. */
#define KEEP __attribute__((noinline))

struct text { const char *p; int n; };
struct measure { double d; char c; };
struct pair { int a; char c; };
struct shorts { long a; short b; char c; };
struct letters { long a; char c[5]; };
struct inner { char c; int n; };
struct within { inner i; short s; };

KEEP int of_text(text s) { return s.n + s.p[0]; }
KEEP int of_measure(measure s) { return (int) s.d + s.c; }
KEEP int of_pair(pair s) { return s.a + s.c; }
KEEP int of_shorts(shorts s) { return (int) s.a + s.b + s.c; }
KEEP int of_letters(letters s) { return (int) s.a + s.c[0] + s.c[4]; }
KEEP int of_within(within s) { return s.i.c + s.i.n + s.s; }

KEEP int one(char c) { return c; }
template <class T> KEEP int (*chosen(T which, int n))(char) { return which + n ? one : 0; }
template <class T> KEEP int (&table(T which))[3] { static int all[3]; return all[0] = which, all; }
struct k { int m(char c) { return c; } };
template <class T> KEEP int (k::*method(T which, char c))(char) { return which + c ? &k::m : 0; }
typedef int (*function)(char);
struct convert {
	int n;
	KEEP operator function() { return n ? one : 0; }
};

int main(int argc, char **argv)
{
	convert c = { 5 };
	function converted = c;

	return of_text({ argv[0] ? "abc" : 0, 2 }) + of_measure({ 1.5, 'm' }) + of_pair({ 4, 'p' }) + of_shorts({ 6, 7, 's' })
	       + of_letters({ 9, "abcd" }) + of_within({ { 'w', 11 }, 12 }) + chosen(13, 14)('o') + table(16)[1]
	       + (method(17, 'm') == 0) + converted(argc);
}
