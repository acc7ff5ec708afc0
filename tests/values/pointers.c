/* Pointers of all kinds; argv[1] says what to do. Prints what it gets to see of it itself. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

struct person { const char *name; int age; };
struct list { struct list *next; int value; };

static int looks;
static char page[8192] __attribute__((aligned(4096)));

/* Whatever is there is read, as far as the compiler knows. */
static inline __attribute__((no_instrument_function, always_inline)) void look(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
	__atomic_fetch_add(&looks, p != NULL, __ATOMIC_RELAXED);
}

NOINLINE void text(const char *s) { look(s); }
NOINLINE void number(const long *p) { look(p); }
NOINLINE void person(const struct person *p) { look(p); }
NOINLINE void list(const struct list *p) { look(p); }
NOINLINE void fill(char *to, int n) { memset(to, 'x', (size_t) n); to[n] = '\0'; }
NOINLINE int parse(const char *s, int *to, struct person *who) { *to = atoi(s); who->age = *to + 1; return *to > 0; }
NOINLINE const char *name_of(int n) { return n ? "one" : NULL; }
NOINLINE struct person make(const char *name, int age) { struct person p = { name, age }; return p; }
NOINLINE char *bad_pointer(int n) { return (char *) (uintptr_t) (8 + n); }
NOINLINE int login(const char *user, const char *password, int pin) { return (int) strlen(user) + (int) strlen(password) + pin; }
NOINLINE long secret(long n) { return n * 7; }

static void texts(void)
{
	char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *heap = strdup("on the heap"), *large = malloc(1 << 20);
	char local[] = "on the stack", *gone;

	text("a literal");
	text(local);
	text(heap);
	strcpy(large, "mapped by malloc");
	text(large);
	text("");
	text(NULL);
	text((char *) 8);
	text((char *) 0x4141414141414140);
	text((char *) UINTPTR_MAX);
	munmap(two + 4096, 4096);
	memcpy(two + 4091, "cut!!", 5);
	text(two + 4091);
	text(two + 4096);
	munmap(two, 4096);
	text(two);
	memset(large, 'l', 1000);
	large[1000] = '\0';
	text(large);
	text("\x01\xff\xc3\xa9");
	gone = heap;
	free(heap);
	free(large);
	(void) gone;
}

static void others(void)
{
	long numbers[] = { 1234567890123, 2 };
	struct person p = { "Ada", 36 }, q = { (char *) 16, 1 };
	struct list c = { NULL, 3 }, b = { &c, 2 }, a = { &b, 1 };
	int n = -1;
	char buffer[16] = "before";

	number(numbers);
	number((long *) (void *) ((char *) numbers + 1));
	number((long *) 0x10);
	person(&p);
	person(&q);
	list(&a);
	fill(buffer, 5);
	parse("42", &n, &p);
	name_of(1);
	name_of(0);
	make("Bob", 7);
	bad_pointer(1);
}

static void guarded(void)
{
	strcpy(page, "in a page of the program's");
	text(page);
	mprotect(page, 4096, PROT_NONE);
	text(page);
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
	text(page);
}

static void secrets(void)
{
	char again[] = "xyzzy-plugh";

	login("alice", "xyzzy-plugh", 4711);
	login("bob", again, 4711);
	login("carol", "other-word-here", 4712);
	secret(0x1122334455667788);
	secret(0x1122334455667788);
}

static void *in_thread(void *unused)
{
	(void) unused;
	texts();
	others();
	return NULL;
}

/* The heap grows and shrinks under the recorder's hands. */
static void *churn(void *unused)
{
	for (int i = 0; i < 2000; i++) {
		char *p = malloc(200000 + (size_t) i);

		memset(p, 'h', 100);
		p[100] = '\0';
		text(p);
		free(p);
		text(p);
	}
	return unused;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pthread_t thread[4];

	if (strcmp(what, "texts") == 0)
		texts();
	if (strcmp(what, "others") == 0)
		others();
	if (strcmp(what, "guarded") == 0)
		guarded();
	if (strcmp(what, "secrets") == 0)
		secrets();
	if (strcmp(what, "thread") == 0 && pthread_create(thread, NULL, in_thread, NULL) == 0)
		pthread_join(thread[0], NULL);
	if (strcmp(what, "churn") == 0) {
		for (int i = 0; i < 4; i++)
			pthread_create(&thread[i], NULL, churn, NULL);
		for (int i = 0; i < 4; i++)
			pthread_join(thread[i], NULL);
	}
	printf("%d\n", looks);
	return 0;
}
