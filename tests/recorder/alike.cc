/*
 * alike.cc - does what the numbers say that come from a seed: calls, jumps, exceptions, handlers, threads, coroutines, processes,
 * plug-ins, in any order and each within others; and ends in one of many ways. What it prints depends on the seed
 * alone, so it must be the same, in the same order, with and without the recorder (test_alike.py). Each process counts the calls
 * of leaf() in a file that they share, ALIKE_COUNTS: the trace must say the same, whatever the process came to.
 *
 *     alike SEED STEPS [PLUG-IN...]
 */
#include "alike.h"

#include <alloca.h>
#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

extern char **environ;
static char **plug_ins;
static int plug_in_count;
static const char *self;
static int steps_wanted;

/* A process's place in the file. */
struct counted {
	uint64_t pid, leaves;
};
#define MOST_PROCESSES 512
static counted *all_counted, *mine;

/* Each thread and process has its own numbers, which follow from those of who made it. */
struct numbers {
	uint64_t state;

	unsigned below(unsigned n)
	{
		state += 0x9e3779b97f4a7c15ull;
		uint64_t z = state;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
		z = (z ^ z >> 27) * 0x94d049bb133111ebull;
		return (unsigned) ((z ^ z >> 31) % n);
	}
};

static __thread numbers *rng;
static __thread int depth;
static __thread sigjmp_buf *target; /* the innermost place to jump to */
static __thread long total;

KEEP static void say(const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	int n = std::vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (write(STDOUT_FILENO, text, (size_t) n) != n)
		_exit(99);
}

/* A process begins: main(), or a child that fork() made. */
__attribute__((no_instrument_function)) static void count_mine()
{
	uint64_t nobody = 0, pid = (uint64_t) getpid();

	for (mine = all_counted; mine && mine < all_counted + MOST_PROCESSES - 1; mine++, nobody = 0)
		if (__atomic_compare_exchange_n(&mine->pid, &nobody, pid, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return;
}

__attribute__((no_instrument_function)) static void begin_counting()
{
	const char *path = getenv("ALIKE_COUNTS");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd >= 0) {
		if (ftruncate(fd, MOST_PROCESSES * sizeof *mine) != 0)
			_exit(98);
		all_counted = (counted *) mmap(nullptr, MOST_PROCESSES * sizeof *mine, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (all_counted == MAP_FAILED)
			_exit(98);
		count_mine();
	}
}

KEEP static int step();

KEEP static int steps(int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += step();
	return sum;
}

/* --- calls --- */

KEEP static int leaf(int number)
{
	total += number;
	if (mine)
		__atomic_fetch_add(&mine->leaves, 1, __ATOMIC_RELAXED);
	return number + 1;
}

KEEP static int recurse(int n)
{
	return n > 0 ? recurse(n - 1) + 1 : leaf(1);
}

KEEP static double floating(double a, float b, long double c)
{
	return leaf((int) a) + a * b + (double) c;
}

struct pair {
	long a, b;
};
struct large {
	int numbers[20];
};

KEEP static pair two(long a, long b)
{
	return { leaf((int) a), b };
}

KEEP static large many(int n)
{
	large l = {};

	for (int i = 0; i < 20; i++)
		l.numbers[i] = leaf(n + i);
	return l;
}

static int compare(const void *a, const void *b)
{
	return leaf(*(const int *) a) - leaf(*(const int *) b);
}

KEEP static int sorts()
{
	int numbers[16];

	for (int &n : numbers)
		n = (int) rng->below(100);
	qsort(numbers, 16, sizeof *numbers, compare);
	return numbers[0] + numbers[15];
}

KEEP static int takes_stack()
{
	unsigned size = 1 + rng->below(3000);
	char *room = (char *) alloca(size);

	memset(room, 3, size);
	return room[size - 1] + steps(1) + room[0];
}

/* --- jumps and exceptions --- */

KEEP static int catches_jump()
{
	sigjmp_buf here, *outer = target;
	volatile int before = depth;

	if (sigsetjmp(here, 1) == 0) {
		target = &here;
		int sum = steps(2);
		target = outer;
		return sum;
	}
	target = outer;
	depth = before;
	return leaf(7);
}

KEEP static int jumps()
{
	if (target && rng->below(2))
		siglongjmp(*target, 1);
	return leaf(3);
}

KEEP static void sets_context(ucontext_t *to, int levels)
{
	leaf(levels);
	if (levels > 0)
		sets_context(to, levels - 1);
	else
		setcontext(to);
}

KEEP static int comes_back()
{
	ucontext_t here;
	volatile unsigned often = rng->below(4);
	unsigned levels = rng->below(9);

	getcontext(&here);
	if (often > 0) {
		often = often - 1;
		sets_context(&here, (int) levels);
	}
	return leaf((int) levels);
}

/* A handler jumps, whatever instruction it interrupts. */
KEEP static int is_interrupted()
{
	until_jump(1 + rng->below(300));
	return leaf(2);
}

KEEP static int jumps_into()
{
	return tail(1 + (int) rng->below(9), leaf);
}

struct guard {
	KEEP guard() { leaf(1); }
	KEEP ~guard() { leaf(-1); }
};

/* No jump passes the exceptions or the destructors here: that would not be defined. */
KEEP static int throws(int levels, int what)
{
	guard here;

	if (levels > 0)
		return throws(levels - 1, what) + 1;
	if (what == 0)
		throw std::runtime_error("thrown");
	if (what == 1)
		throw 5;
	return leaf(what);
}

KEEP static int catches()
{
	try {
		return throws((int) rng->below(6), (int) rng->below(3));
	} catch (const std::exception &) {
		return leaf(11);
	} catch (int number) {
		return leaf(number);
	}
}

/* --- signals --- */

static void on_signal(int)
{
	int saved = depth;

	depth = 100; /* what it does is not nested again */
	leaf(2);
	recurse(5);
	depth = saved;
}

static void on_jump(int)
{
	leaf(1);
	if (target)
		siglongjmp(*target, 1);
}

KEEP static int handles()
{
	struct sigaction action = {}, before;
	static char stack[1 << 15];
	stack_t other = {};
	bool jump = rng->below(2);

	action.sa_handler = jump ? on_jump : on_signal;
	if (rng->below(2) && gettid() == getpid()) {
		other.ss_sp = stack;
		other.ss_size = sizeof stack;
		sigaltstack(&other, nullptr);
		action.sa_flags = SA_ONSTACK;
	}
	sigaction(jump ? SIGUSR2 : SIGUSR1, &action, &before);
	raise(jump ? SIGUSR2 : SIGUSR1);
	return leaf(4);
}

/* --- threads --- */

struct thread_args {
	numbers own;
	long total;
	int how;
};

KEEP static void *run(void *argument)
{
	auto *a = (thread_args *) argument;

	rng = &a->own;
	depth = 3;
	recurse(10);
	for (int i = 0; i < 3; i++)
		leaf(step());
	a->total = total;
	if (a->how == 1)
		pthread_exit(nullptr);
	return nullptr;
}

KEEP static int threads()
{
	thread_args args[3];
	pthread_t ids[3];
	long sum = 0;

	for (int i = 0; i < 3; i++) {
		args[i] = { { rng->state + (unsigned) i * 1000003u }, 0, (int) rng->below(3) };
		pthread_create(&ids[i], nullptr, run, &args[i]);
		pthread_join(ids[i], nullptr); /* one after the other: what they print has an order */
		sum += args[i].total;
	}
	return (int) (sum & 0xff);
}

KEEP static void *is_cancelled(void *levels)
{
	guard here;

	if ((intptr_t) levels > 0)
		return is_cancelled((void *) ((intptr_t) levels - 1));
	for (;;)
		pause();
	return nullptr;
}

/* At a cancellation point, through destructors; or at any instruction. */
KEEP static int cancels()
{
	bool anywhere = rng->below(2);
	volatile int began = 0;
	pthread_t id;
	void *result = nullptr;

	if (anywhere) {
		pthread_create(&id, nullptr, until_cancelled, (void *) &began);
		while (!began)
			sched_yield();
		usleep(rng->below(200));
	} else {
		pthread_create(&id, nullptr, is_cancelled, (void *) (intptr_t) rng->below(5));
	}
	pthread_cancel(id);
	pthread_join(id, &result);
	return leaf(result == PTHREAD_CANCELED);
}

/* --- coroutines --- */

static ucontext_t outside, inside, beside;

KEEP static int weaves(int levels, ucontext_t *from, ucontext_t *to)
{
	int sum = leaf(levels);

	if (levels > 0)
		sum += weaves(levels - 1, from, to);
	else
		swapcontext(from, to);
	return sum + recurse(levels);
}

static void coroutine()
{
	for (int i = 0; i < 5; i++)
		weaves(i, &inside, i & 1 ? &beside : &outside);
}

static void other()
{
	for (int i = 0;; i++)
		weaves(i % 4, &beside, i % 3 ? &outside : &inside);
}

static void make_coroutine(ucontext_t *made, void (*function)(), char *stack, size_t size)
{
	getcontext(made);
	made->uc_stack.ss_sp = stack;
	made->uc_stack.ss_size = size;
	made->uc_link = &outside;
	makecontext(made, function, 0);
}

KEEP static int switches()
{
	static char stack[1 << 16];
	char *on_ours = (char *) alloca(1 << 16);
	bool first = rng->below(2);

	make_coroutine(&inside, coroutine, first ? stack : on_ours, 1 << 16);
	make_coroutine(&beside, other, first ? on_ours : stack, 1 << 16);
	for (int i = 0; i < 4; i++) {
		leaf(i);
		swapcontext(&outside, &inside);
	}
	return leaf(1);
}

/* --- processes --- */

[[noreturn]] KEEP static void ends();

KEEP static int waits(pid_t child)
{
	int status = -1;

	if (waitpid(child, &status, 0) != child)
		return 0;
	say("child %d\n", status);
	return leaf(status & 0xff);
}

KEEP static void *run_beside(void *stop)
{
	until((volatile int *) stop);
	return nullptr;
}

/* Other threads are in the middle of calls while this one forks. */
KEEP static int forks()
{
	unsigned beside = rng->below(2) * rng->below(3);
	volatile int stop = 0;
	pthread_t ids[2];

	for (unsigned i = 0; i < beside; i++)
		pthread_create(&ids[i], nullptr, run_beside, (void *) &stop);
	pid_t child = fork();
	if (child == 0) {
		count_mine();
		rng->state ^= 12345;
		depth = 3;
		target = nullptr;
		say("forked %d\n", leaf(step()));
		ends();
	}
	stop = 1;
	for (unsigned i = 0; i < beside; i++)
		pthread_join(ids[i], nullptr);
	return waits(child);
}

KEEP static int spawns()
{
	std::string seed = std::to_string(rng->below(1000));
	const char *argv[] = { self, seed.c_str(), "0", nullptr }; /* which begins no others */
	pid_t child;

	if (rng->below(2)) {
		child = vfork();
		if (child == 0) {
			execv(self, (char **) argv);
			_exit(127);
		}
	} else if (posix_spawn(&child, self, nullptr, nullptr, (char **) argv, environ) != 0) {
		return 1;
	}
	return waits(child);
}

/* --- surroundings --- */

KEEP static int plugs()
{
	if (plug_in_count == 0)
		return leaf(1);
	void *handle = dlopen(plug_ins[rng->below((unsigned) plug_in_count)], RTLD_NOW);
	auto plugin = handle ? (int (*)(int (*)(int), int)) dlsym(handle, "plugin") : nullptr;

	if (!plugin)
		return leaf(2);
	int sum = plugin(leaf, (int) rng->below(50));
	if (rng->below(4))
		dlclose(handle);
	return sum;
}

KEEP static int surroundings()
{
	switch (rng->below(4)) {
	case 0:
		close_range(5, ~0u, 0);
		return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0;
	case 1:
		return chdir(rng->below(2) ? "/" : "/tmp") == 0;
	case 2:
		setenv("ALIKE", "value", 1);
		return getenv("ALIKE") != nullptr;
	default:
		umask(rng->below(64));
		return leaf(5);
	}
}

KEEP static int step()
{
	static int (*const all[])() = { sorts, takes_stack, catches_jump, jumps, catches, handles, threads, switches, forks, spawns,
		                        plugs, surroundings, cancels, comes_back, is_interrupted, jumps_into };
	const unsigned others = sizeof all / sizeof *all;
	unsigned what = rng->below(others + 4);
	int sum = 0;

	/* Not too many processes and threads, and none by those. */
	if (depth > 2 && ((what >= 6 && what <= 9) || what == 12))
		what = others;
	if (depth > 6)
		return leaf((int) what);
	depth++;
	if (what < others)
		sum = all[what]();
	else if (what == others)
		sum = recurse((int) rng->below(200));
	else if (what == others + 1)
		sum = (int) floating(rng->below(9), 2.5f, 1.25L) + (int) two(1, 2).a;
	else if (what == others + 2)
		sum = many((int) rng->below(9)).numbers[7];
	else
		sum = steps(2);
	depth--;
	return sum;
}

KEEP static void at_the_end()
{
	leaf(1);
	say("at the end\n");
}

[[noreturn]] KEEP static void ends()
{
	static const int fatal[] = { SIGTERM, SIGKILL, SIGABRT, SIGUSR1, SIGSEGV, SIGPIPE };
	unsigned how = rng->below(12);

	say("ends %u %ld\n", how, total);
	switch (how) {
	case 0:
		_exit(3);
	case 1:
		at_quick_exit(at_the_end);
		quick_exit(4);
	case 2:
		abort();
	case 3: {
		int number = fatal[rng->below(6)];
		signal(number, SIG_DFL);
		raise(number);
		break;
	}
	case 4:
		throws(3, 0);
		break;
	case 5:
		*(volatile int *) nullptr = 1;
		break;
	case 6:
		if (steps_wanted > 0) { /* what begins by this ends otherwise */
			std::string seed = std::to_string(rng->below(1000));
			const char *argv[] = { self, seed.c_str(), "0", nullptr };
			execv(self, (char **) argv);
		}
		break;
	default:
		break;
	}
	exit((int) rng->below(100));
}

int main(int argc, char **argv)
{
	numbers own = { argc > 1 ? strtoull(argv[1], nullptr, 10) : 1 };
	int count = argc > 2 ? atoi(argv[2]) : 1;

	self = argv[0];
	plug_ins = argv + 3;
	plug_in_count = argc > 3 ? argc - 3 : 0;
	rng = &own;
	steps_wanted = count;
	begin_counting();
	atexit(at_the_end);
	if (own.below(3) == 0)
		tick_every(50 + own.below(400));
	leaf(recurse(count));
	for (int i = 0; i < count; i++) {
		depth = 0;
		say("step %d: %d\n", i, step());
	}
	if (own.below(8) == 0)
		pthread_exit(nullptr);
	ends();
}
