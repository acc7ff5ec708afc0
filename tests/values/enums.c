/* Enumerations that are sets of flags, and such that only look so. */
enum mode { READ = 1, WRITE = 2 };
enum color { RED, GREEN, BLUE };
enum kind { FIRST = 1, SECOND, THIRD, FOURTH };
enum open { NONE, APPEND = 8, CREATE = 64, BOTH = 72 };

__attribute__((noinline)) void modes(enum mode a, enum mode b, enum mode c) { __asm__ volatile("" ::"r"(a), "r"(b), "r"(c)); }
__attribute__((noinline)) void counted(enum color a, enum kind b) { __asm__ volatile("" ::"r"(a), "r"(b)); }
__attribute__((noinline)) void opens(enum open a, enum open b) { __asm__ volatile("" ::"r"(a), "r"(b)); }

int main(void)
{
	modes(READ | WRITE, WRITE, 0);
	counted(3, 5);
	opens(APPEND | 1, BOTH);
	return 0;
}
