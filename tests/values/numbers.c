/* Numbers that JSON has as strings. */
#include <stdint.h>
struct sums { uint64_t big; int64_t small; const char *name; };
typedef const char *text_t;
__attribute__((noinline)) void numbers(uint64_t *p, struct sums s, text_t t, text_t u) { __asm__ volatile("" ::"r"(p), "r"(&s), "r"(t), "r"(u)); }

int main(void)
{
	uint64_t n = 144115192898386692u;

	numbers(&n, (struct sums){ UINT64_MAX, -9007199254740993, "9007199254740992" }, "12", "007");
	return 0;
}
