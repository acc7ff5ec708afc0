/*
 * debug.c - finds the debug information: in the binary itself, by its build-id or by
 * its .gnu_debuglink. No network: debuginfod is not asked.
 */
#include "index/build.h"

#include <fcntl.h>
#include <string.h>

#include "base/text.h"

#define DEBUG_ROOT "/usr/lib/debug"

static bool has_debug(const struct ct_elf *elf)
{
	return ct_elf_section(elf, ".debug_info") || ct_elf_section(elf, ".zdebug_info");
}

static bool open_dwarf(struct ct_build *b, const char *path)
{
	b->dwarf_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (b->dwarf_fd >= 0)
		b->dwarf = dwarf_begin(b->dwarf_fd, DWARF_C_READ);
	return b->dwarf != NULL;
}

/* The checksum of .gnu_debuglink (zlib's CRC-32). */
static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
	uint32_t table[256], crc = UINT32_MAX;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
		table[i] = c;
	}
	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
	return ~crc;
}

/* Whether `path` is the debug file of the binary: the same build-id, else the checksum. */
static bool try_file(struct ct_build *b, const char *path, const uint32_t *crc)
{
	struct ct_elf *d = &b->debug_elf;

	if (!ct_elf_open(path, d, NULL))
		return false;
	if (d->build_id_size == b->elf.build_id_size
	    && (d->build_id_size ? memcmp(d->build_id, b->elf.build_id, d->build_id_size) == 0
	                         : crc && crc32_of(d->file.data, d->file.size) == *crc)
	    && (!has_debug(d) || open_dwarf(b, path)))
		return true;
	ct_elf_close(d);
	return false;
}

static bool find_by_build_id(struct ct_build *b)
{
	struct ct_text path = {0};
	bool found;

	if (b->elf.build_id_size < 2)
		return false;
	ct_text_addf(&path, DEBUG_ROOT "/.build-id/%02x/", b->elf.build_id[0]);
	for (size_t i = 1; i < b->elf.build_id_size; i++)
		ct_text_addf(&path, "%02x", b->elf.build_id[i]);
	ct_text_add(&path, ".debug");
	found = try_file(b, path.data, NULL);
	ct_text_deinit(&path);
	return found;
}

static bool find_by_link(struct ct_build *b)
{
	struct ct_bytes link = ct_elf_content(&b->elf, ct_elf_section(&b->elf, ".gnu_debuglink"));
	const char *path = b->elf.path;
	static const char *const places[][2] = { { "", "" }, { "", ".debug/" }, { DEBUG_ROOT, "" } };
	const char *name = (const char *) link.data;
	bool found = false;
	uint32_t crc;
	size_t at;

	if (link.size < 8 || !memchr(name, '\0', link.size) || strchr(name, '/'))
		return false;
	at = (strlen(name) + 1 + 3) & ~(size_t) 3;
	if (at + 4 > link.size)
		return false;
	memcpy(&crc, link.data + at, 4);
	for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
		int folder = (int) (ct_basename(path) - path);
		struct ct_text place = {0};

		ct_text_addf(&place, "%s%.*s%s%s", places[i][0], folder, path, places[i][1], name);
		found = strcmp(place.data, path) != 0 && try_file(b, place.data, &crc);
		ct_text_deinit(&place);
	}
	return found;
}

void ct_debug_open(struct ct_build *b)
{
	b->dwarf_fd = -1;
	if (has_debug(&b->elf) && open_dwarf(b, b->elf.path))
		return;
	if (!find_by_build_id(b))
		find_by_link(b);
}

void ct_debug_close(struct ct_build *b)
{
	dwarf_end(b->dwarf);
	if (b->dwarf_fd >= 0)
		close(b->dwarf_fd);
	if (b->debug_elf.path)
		ct_elf_close(&b->debug_elf);
}
