/* Structures whose members are called like what is said beside a value. Each call is to be shown as the line above it says. */
#include <stdbool.h>

#define CALLED __attribute__((noinline)) static int

struct cut { int value; bool truncated; };
struct cut_not { int value; bool truncated; int more; };
struct raw { const char *bytes; };
struct place { void *address; };
struct whole { const char *value; struct { bool unreadable; }; struct cut inner[2]; };

// expect: direct(c={value=1, truncated=true}, n={value=2, truncated=true, more=3}) -> 1
CALLED direct(struct cut c, struct cut_not n)
{
	return c.value + n.value > 2;
}

// expect: pointed(c={value=4, truncated=false}) -> {value=5, truncated=true}
__attribute__((noinline)) static struct cut pointed(const struct cut *c)
{
	struct cut next = { c->value + 1, !c->truncated };

	return next;
}

// expect: others(r={bytes="text"}, p={address=NULL}) -> 0
CALLED others(struct raw r, struct place p)
{
	return r.bytes == p.address;
}

// expect: within(w={value="out", unreadable=true, inner=[{value=6, truncated=true}, {value=7, truncated=false}]}) -> 13
CALLED within(const struct whole *w)
{
	return w->inner[0].value + w->inner[1].value;
}

int main(void)
{
	const struct whole w = { "out", { true }, { { 6, true }, { 7, false } } };
	const struct cut c = { 1, true }, d = { 4, false };
	const struct cut_not n = { 2, true, 3 };

	return !(direct(c, n) && pointed(&d).truncated && !others((struct raw){ "text" }, (struct place){ 0 }) && within(&w));
}
