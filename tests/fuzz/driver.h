/*
 * driver.h - a main() for fuzzers where libFuzzer is not at hand.
 *
 *     fuzz_x FILE...                    gives each file to the fuzzer: replays a crash
 *     fuzz_x -n 10000 -s 7 [FILE...]    so many mutations of the files (or of what the fuzzer
 *                                       itself begins with), from that seed on
 *
 * A run is a function of its seed. Before each input the seed that leads to it is kept in
 * `fuzz_seed`, and a crash prints it.
 *
 * With libFuzzer (`ninja fuzz`), compile with -DFUZZ_LIBFUZZER: then FUZZ_BEGIN=DIR writes what the fuzzer itself begins with
 * into a directory, and ends.
 */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* The `n`th input that the fuzzer begins with; false: there are not so many. */
static bool fuzz_begin(unsigned n, struct ct_text *input);

#ifdef FUZZ_LIBFUZZER

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *directory = getenv("FUZZ_BEGIN");
	struct ct_text input = {0};

	(void) argc, (void) argv;
	for (unsigned n = 0; directory && fuzz_begin(n, &input); n++) {
		struct ct_text path = {0};
		FILE *file;

		ct_text_addf(&path, "%s/begin%u", directory, n);
		file = fopen(path.data, "w");
		if (!file || fwrite(input.data, input.length, 1, file) != 1 || fclose(file) != 0) {
			perror(path.data);
			exit(2);
		}
		ct_text_deinit(&path);
		ct_text_deinit(&input);
	}
	if (directory)
		exit(0);
	return 0;
}

#else

static uint64_t fuzz_seed, fuzz_state;

static uint64_t fuzz_random(void)
{
	fuzz_state += 0x9e3779b97f4a7c15ull;
	uint64_t z = fuzz_state;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint64_t fuzz_below(uint64_t n)
{
	return n ? fuzz_random() % n : 0;
}

static void fuzz_mutate_once(struct ct_text *t)
{
	static const uint64_t nasty[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff,
		                          1ull << 62, INT64_MAX, UINT64_MAX, 4096, 1u << 21 };
	size_t at = fuzz_below(t->length), n = 1 + fuzz_below(16), from;
	uint64_t value = nasty[fuzz_below(sizeof nasty / sizeof *nasty)];

	if (t->length < 64)
		return;
	switch (fuzz_below(8)) {
	case 0: /* a bit */
		t->data[at] ^= (char) (1 << fuzz_below(8));
		break;
	case 1: /* a byte */
		t->data[at] = (char) fuzz_random();
		break;
	case 2: /* an aligned number */
		at &= ~(size_t) 7;
		n = (size_t) 1 << fuzz_below(4);
		if (at + n <= t->length)
			memcpy(t->data + at, &value, n);
		break;
	case 3: /* a number a little larger or smaller */
		at &= ~(size_t) 3;
		if (at < t->length)
			t->data[at] = (char) (t->data[at] + (int) fuzz_below(9) - 4);
		break;
	case 4: /* a piece of it over another */
		from = fuzz_below(t->length - n);
		if (at + n <= t->length)
			memmove(t->data + at, t->data + from, n);
		break;
	case 5: /* a piece left out */
		if (at + n < t->length) {
			memmove(t->data + at, t->data + at + n, t->length - at - n);
			t->length -= n;
		}
		break;
	case 6: /* a page over another, or a piece twice */
		from = fuzz_below(t->length) & ~(size_t) 4095;
		at &= ~(size_t) 4095;
		n = 4096;
		if (from + n <= t->length && at + n <= t->length)
			memmove(t->data + at, t->data + from, n);
		break;
	default: /* cut short, seldom */
		if (fuzz_below(8) == 0)
			t->length = at;
		break;
	}
}

static void fuzz_crashed(int signal)
{
	char text[96];
	int n = snprintf(text, sizeof text, "fuzz: signal %d; to see it again: -s %llu -n 1\n", signal,
	                 (unsigned long long) fuzz_seed);

	if (write(STDERR_FILENO, text, (size_t) n) < 0)
		_exit(2);
	_exit(1);
}

static void fuzz_mutate(struct ct_text *corpus, size_t count, uint64_t seed)
{
	struct ct_text input = {0};
	const struct ct_text *from;

	fuzz_state = fuzz_seed = seed;
	from = &corpus[fuzz_below(count)];
	ct_text_add_n(&input, from->data, from->length);
	for (uint64_t n = 1 + fuzz_below(12); n > 0; n--)
		fuzz_mutate_once(&input);
	/* A copy of exactly that size, so that one byte too far is seen. */
	uint8_t *exact = ct_alloc(input.length + !input.length);

	if (input.length)
		memcpy(exact, input.data, input.length);
	LLVMFuzzerTestOneInput(exact, input.length);
	free(exact);
	ct_text_deinit(&input);
}

int main(int argc, char **argv)
{
	struct ct_text *corpus = NULL;
	uint64_t runs = 0, seed = 1;
	size_t count = 0;
	int c;

	signal(SIGABRT, fuzz_crashed);
	signal(SIGALRM, fuzz_crashed);
	while ((c = getopt(argc, argv, "n:s:")) != -1)
		*(c == 'n' ? &runs : c == 's' ? &seed : (exit(2), &runs)) = strtoull(optarg, NULL, 10);
	for (int i = optind; i < argc || i == optind; i++) {
		struct ct_bytes bytes;
		struct ct_error err;

		if (i == argc)
			break;
		if (!ct_file_map(argv[i], &bytes, &err)) {
			fprintf(stderr, "%s\n", err.text);
			return 2;
		}
		corpus = ct_realloc(corpus, (count + 1) * sizeof *corpus);
		corpus[count] = (struct ct_text){0};
		ct_text_add_n(&corpus[count++], (const char *) bytes.data, bytes.size);
		ct_file_unmap(&bytes);
	}
	for (unsigned n = 0; optind == argc; n++) {
		struct ct_text text = {0};

		if (!fuzz_begin(n, &text))
			break;
		corpus = ct_realloc(corpus, (count + 1) * sizeof *corpus);
		corpus[count++] = text;
	}
	for (size_t i = 0; i < count; i++)
		LLVMFuzzerTestOneInput((const uint8_t *) corpus[i].data, corpus[i].length);
	for (uint64_t i = 0; i < runs; i++) {
		alarm(20); /* an input that takes longer is a finding, too */
		fuzz_mutate(corpus, count, seed + i);
	}
	printf("%zu inputs and %llu mutations from seed %llu on\n", count, (unsigned long long) runs,
	       (unsigned long long) seed);
	for (size_t i = 0; i < count; i++)
		ct_text_deinit(&corpus[i]);
	free(corpus);
	return 0;
}

#endif
#endif
