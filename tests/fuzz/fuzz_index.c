/*
 * fuzz_index.c - any bytes as an index: opened, and everything in it followed; and as a
 * binary: its index is made, and must be one that opens. FUZZ_BINARY: those to begin with, with colons
 * between them.
 */
#include "../unit/index_image.h"
#include "driver.h"
#include "index/index.h"
#include "through_file.h"

static void as_index(const char *path)
{
	struct ct_index index;

	if (!ct_index_open(path, false, &index, NULL))
		return;
	follow_index(&index);
	ct_index_close(&index);
}

static void as_binary(const char *path)
{
	struct ct_index index;
	struct ct_error err;

	if (ct_index_make_temporary(path, &index, &err)) {
		follow_index(&index);
		ct_index_close(&index);
	} else if (err.code == CT_EDAMAGED) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = fuzz_file(data, size, path);

	as_index(path);
	if (size > 4 && memcmp(data, "\177ELF", 4) == 0)
		as_binary(path);
	close(fd);
	return 0;
}

/* The `n`th of FUZZ_BINARY, in `path`. */
static bool binary_to_begin_with(unsigned n, char *path, size_t size)
{
	const char *at = getenv("FUZZ_BINARY");

	for (; at && n; n--) {
		at = strchr(at, ':');
		at = at ? at + 1 : NULL;
	}
	return at && snprintf(path, size, "%.*s", (int) strcspn(at, ":"), at) < (int) size;
}

static bool fuzz_begin(unsigned n, struct ct_text *input)
{
	struct image image = index_image();
	struct ct_bytes bytes;
	char path[4096] = "/bin/true";

	if (n == 0) {
		ct_text_add_n(input, (const char *) &image, sizeof image);
		return true;
	}
	if (n > 1 && !binary_to_begin_with(n - 2, path, sizeof path))
		return false;
	if (ct_file_map(path, &bytes, NULL)) {
		ct_text_add_n(input, (const char *) bytes.data, bytes.size);
		ct_file_unmap(&bytes);
	}
	return true;
}
