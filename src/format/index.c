/*
 * index.c - opening an index, checking all of it once, and looking things up.
 * Libc only, no allocation: also linked into the traced process.
 */
#include "format/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct ct_table) == 16, "on disk");
_Static_assert(sizeof(struct ct_index_header) == 424, "on disk");
_Static_assert(sizeof(struct ct_index_file) == 8, "on disk");
_Static_assert(sizeof(struct ct_index_unit) == 24, "on disk");
_Static_assert(sizeof(struct ct_index_function) == 48, "on disk");
_Static_assert(sizeof(struct ct_index_range) == 24, "on disk");
_Static_assert(sizeof(struct ct_index_hook) == 32, "on disk");
_Static_assert(sizeof(struct ct_index_site) == 40, "on disk");
_Static_assert(sizeof(struct ct_index_site_value) == 24, "on disk");

static bool header_fits(const struct ct_index_header *h, size_t size)
{
	return h->size == sizeof *h && h->file_size == size && h->build_id_size <= sizeof h->build_id
	       && h->text_low <= h->text_high;
}

static bool table_fits(const struct ct_table *table, size_t row_size, size_t size)
{
	if (table->count == 0)
		return table->row_size == row_size || table->row_size == 0;
	return table->row_size == row_size && table->offset % 8 == 0
	       && table->offset >= sizeof(struct ct_index_header) && table->offset <= size
	       && table->count <= (size - table->offset) / row_size;
}

static bool tables_fit(const struct ct_index_header *h, size_t size)
{
	for (size_t i = 0; i < sizeof h->reserved_tables / sizeof *h->reserved_tables; i++) {
		const struct ct_table *t = &h->reserved_tables[i];

		if (t->count && (!t->row_size || !table_fits(t, t->row_size, size)))
			return false;
	}
	return table_fits(&h->strings, 1, size) && h->strings.count > 0
	       && table_fits(&h->files, sizeof(struct ct_index_file), size)
	       && table_fits(&h->units, sizeof(struct ct_index_unit), size)
	       && table_fits(&h->functions, sizeof(struct ct_index_function), size)
	       && table_fits(&h->ranges, sizeof(struct ct_index_range), size)
	       && table_fits(&h->hooks, sizeof(struct ct_index_hook), size)
	       && table_fits(&h->sites, sizeof(struct ct_index_site), size)
	       && table_fits(&h->types, sizeof(struct ct_index_type), size)
	       && table_fits(&h->members, sizeof(struct ct_index_member), size)
	       && table_fits(&h->enumerators, sizeof(struct ct_index_enumerator), size)
	       && table_fits(&h->plans, sizeof(struct ct_plan), size)
	       && table_fits(&h->plan_args, sizeof(struct ct_plan_arg), size)
	       && table_fits(&h->plan_ops, sizeof(struct ct_plan_op), size)
	       && table_fits(&h->expressions, 1, size)
	       && table_fits(&h->site_values, sizeof(struct ct_index_site_value), size)
	       && table_fits(&h->exit_values, sizeof(struct ct_exit_value), size);
}

/* Row references: one that must be there, and one that may be CT_NONE. */
static bool row(uint32_t reference, const struct ct_table *table)
{
	return reference < table->count;
}
static bool row_or_none(uint32_t reference, const struct ct_table *table)
{
	return reference == CT_NONE || row(reference, table);
}

/* Strings are NUL-terminated because the table is: its last byte is checked to be NUL. */
static bool strings_valid(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;

	return x->strings[0] == '\0' && x->strings[h->strings.count - 1] == '\0'
	       && row(h->binary, &h->strings) && row(h->debug_file, &h->strings)
	       && row(h->tool, &h->strings);
}

static bool files_valid(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;

	for (uint32_t i = 0; i < h->files.count; i++)
		if (!row(x->files[i].name, &h->strings))
			return false;
	for (uint32_t i = 0; i < h->units.count; i++) {
		const struct ct_index_unit *u = &x->units[i];

		if (!row_or_none(u->file, &h->files) || !row(u->producer, &h->strings)
		    || u->instrumented > u->functions)
			return false;
	}
	return true;
}

static bool functions_valid(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;
	uint64_t sites = 0;

	for (uint32_t i = 0; i < h->functions.count; i++) {
		const struct ct_index_function *f = &x->functions[i];

		if (!row(f->name, &h->strings) || !row(f->linkage, &h->strings)
		    || !row_or_none(f->file, &h->files) || !row_or_none(f->unit, &h->units)
		    || f->size > UINT64_MAX - f->address)
			return false;
		sites += f->sites;
	}
	return sites == h->sites.count;
}

static bool ranges_valid(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;
	uint64_t end = 0;

	for (uint32_t i = 0; i < h->ranges.count; i++) {
		const struct ct_index_range *r = &x->ranges[i];

		if (r->low < end || r->low >= r->high || !row(r->function, &h->functions))
			return false;
		end = r->high;
	}
	return true;
}

static bool hooks_valid(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;

	for (uint32_t i = 0; i < h->hooks.count; i++) {
		const struct ct_index_hook *k = &x->hooks[i];

		if ((i > 0 && k->address <= k[-1].address) || !row(k->function, &h->functions)
		    || !row(k->outer, &h->functions) || !row_or_none(k->site, &h->sites)
		    || k->exit > 1 || k->tail > 1 || k->exit_class > CT_EXIT_EMPTY
		    || !row_or_none(k->plan, k->exit ? &h->exit_values : &h->plans))
			return false;
	}
	return true;
}

static bool sites_valid(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;

	for (uint32_t i = 0; i < h->sites.count; i++) {
		const struct ct_index_site *s = &x->sites[i];

		if ((i > 0 && s->address <= s[-1].address) || !row(s->caller, &h->functions)
		    || !row(s->outer, &h->functions) || !row_or_none(s->callee, &h->functions)
		    || !row(s->callee_name, &h->strings) || !row_or_none(s->file, &h->files)
		    || s->kind > CT_SITE_INLINED)
			return false;
	}
	return true;
}

static const void *table_at(const uint8_t *data, const struct ct_table *table)
{
	return data + (table->count ? table->offset : 0);
}

static void point_into(struct ct_index *x, const uint8_t *data, size_t size)
{
	const struct ct_index_header *h = (const void *) data;

	*x = (struct ct_index){
		.header = h,
		.strings = table_at(data, &h->strings),
		.files = table_at(data, &h->files),
		.units = table_at(data, &h->units),
		.functions = table_at(data, &h->functions),
		.ranges = table_at(data, &h->ranges),
		.hooks = table_at(data, &h->hooks),
		.sites = table_at(data, &h->sites),
		.types = table_at(data, &h->types),
		.members = table_at(data, &h->members),
		.enumerators = table_at(data, &h->enumerators),
		.plans = table_at(data, &h->plans),
		.plan_args = table_at(data, &h->plan_args),
		.plan_ops = table_at(data, &h->plan_ops),
		.expressions = table_at(data, &h->expressions),
		.site_values = table_at(data, &h->site_values),
		.exit_values = table_at(data, &h->exit_values),
		.size = size,
	};
}

static bool check(const char *path, const uint8_t *data, size_t size, struct ct_index *x,
                  struct ct_error *err)
{
	const struct ct_index_header *h = (const void *) data;

	if (size < sizeof h->magic + sizeof h->version
	    || memcmp(h->magic, CT_INDEX_MAGIC, sizeof h->magic) != 0)
		return ct_fail(err, CT_ENOTRACE, "%s: is not an index of calltrace", path);
	if (h->version != CT_INDEX_VERSION)
		return ct_fail(err, CT_EVERSION,
		               "%s: is an index of version %u, version %u was expected; remove it",
		               path, (unsigned) h->version, (unsigned) CT_INDEX_VERSION);
	if (size < sizeof *h || !header_fits(h, size) || !tables_fit(h, size))
		return ct_fail(err, CT_EDAMAGED, "%s: the index is damaged or cut short; remove it",
		               path);
	point_into(x, data, size);
	if (!strings_valid(x) || !files_valid(x) || !functions_valid(x) || !ranges_valid(x)
	    || !hooks_valid(x) || !sites_valid(x) || !ct_index_plans_valid(x))
		return ct_fail(err, CT_EDAMAGED, "%s: the index is damaged; remove it", path);
	return true;
}

static bool trusted(const char *path, const struct stat *st, struct ct_error *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return ct_fail(err, CT_EIO, "%s: belongs to another user, it is not used", path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return ct_fail(err, CT_EIO, "%s: others may write it, it is not used", path);
	return true;
}

static bool open_checked(int fd, const char *path, bool trusted_only, struct ct_index *out,
                         struct ct_error *err)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) < 0)
		return ct_fail(err, CT_EIO, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return ct_fail(err, CT_EIO, "%s: is a directory, an index was expected", path);
	if (!S_ISREG(st.st_mode))
		return ct_fail(err, CT_EIO, "%s: is not a regular file", path);
	if (trusted_only && !trusted(path, &st, err))
		return false;
	if (st.st_size == 0)
		return ct_fail(err, CT_ENOTRACE, "%s: is empty, not an index of calltrace", path);
	data = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return ct_fail(err, CT_EIO, "%s: cannot map it: %s", path, strerror(errno));
	if (check(path, data, (size_t) st.st_size, out, err))
		return true;
	munmap(data, (size_t) st.st_size);
	return false;
}

bool ct_index_open(const char *path, bool trusted_only, struct ct_index *out,
                   struct ct_error *err)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (trusted_only ? O_NOFOLLOW : 0);
	int fd = open(path, flags);
	bool ok;

	*out = (struct ct_index){0};
	if (fd < 0)
		return ct_fail(err, CT_EIO, "%s: %s", path, strerror(errno));
	ok = open_checked(fd, path, trusted_only, out, err);
	close(fd);
	if (!ok)
		*out = (struct ct_index){0};
	return ok;
}

bool ct_index_use(const void *data, size_t size, struct ct_index *out)
{
	if (check("", data, size, out, NULL))
		return true;
	*out = (struct ct_index){0};
	return false;
}

void ct_index_close(struct ct_index *index)
{
	if (index->header)
		munmap((void *) index->header, index->size);
	*index = (struct ct_index){0};
}

const char *ct_index_shortfall(uint32_t flags)
{
	if (flags & CT_INDEX_HAS_DWARF)
		return NULL;
	if (flags & CT_INDEX_HAS_SYMTAB)
		return "has no debug information, so names are those of its symbols, and files, lines "
		       "and values are not known: compile it with -g";
	return "is stripped, so functions that it does not export are named by their addresses, and "
	       "files, lines and values are not known: compile it with -g, and do not strip it";
}

_Static_assert(offsetof(struct ct_index_hook, address) == 0 && offsetof(struct ct_index_site, address) == 0
               && offsetof(struct ct_index_site_value, site) == 0, "row_at()");

/* The first row of a table that is sorted by the 64-bit number it begins with, if that is `key`. */
static const void *row_at(const void *rows, size_t row_size, size_t count, uint64_t key)
{
	const char *base = rows;
	size_t low = 0, high = count;
	uint64_t found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		memcpy(&found, base + middle * row_size, sizeof found);
		if (found < key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count)
		return NULL;
	memcpy(&found, base + low * row_size, sizeof found);
	return found == key ? base + low * row_size : NULL;
}

const struct ct_index_hook *ct_index_hook_at(const struct ct_index *index, uint64_t address)
{
	return index->header ? row_at(index->hooks, sizeof *index->hooks, index->header->hooks.count, address)
	                     : NULL;
}

const struct ct_index_site *ct_index_site_at(const struct ct_index *index, uint64_t address)
{
	return index->header ? row_at(index->sites, sizeof *index->sites, index->header->sites.count, address)
	                     : NULL;
}

const struct ct_index_site_value *ct_index_site_value_at(const struct ct_index *index,
                                                         uint64_t site, uint32_t plan)
{
	const struct ct_index_site_value *v =
		index->header ? row_at(index->site_values, sizeof *v, index->header->site_values.count, site)
		              : NULL;

	return v && (plan == CT_NONE || v->plan == plan) ? v : NULL;
}

const struct ct_index_function *ct_index_function_at(const struct ct_index *index,
                                                     uint64_t address)
{
	size_t low = 0, high = index->header ? index->header->ranges.count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->ranges[middle].high <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!index->header || low == index->header->ranges.count
	    || index->ranges[low].low > address)
		return NULL;
	return &index->functions[index->ranges[low].function];
}

/* The directory of the cache; false if it does not fit. */
static bool cache_directory(char *out, size_t size)
{
	const char *own = getenv("CALLTRACE_CACHE");
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int n;

	if (own && *own)
		n = snprintf(out, size, "%s", own);
	else if (xdg && *xdg == '/') /* the XDG specification: relative paths are ignored */
		n = snprintf(out, size, "%s/calltrace", xdg);
	else if (home && *home == '/')
		n = snprintf(out, size, "%s/.cache/calltrace", home);
	else
		n = snprintf(out, size, "/tmp/calltrace-%lu", (unsigned long) geteuid());
	return n >= 0 && (size_t) n < size;
}

bool ct_index_cache_path(const uint8_t *build_id, size_t build_id_size, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef", suffix[] = ".ctidx";
	size_t at;

	if (build_id_size == 0 || !cache_directory(out, size))
		return false;
	at = strlen(out);
	if (size - at < 1 + 2 * build_id_size + sizeof suffix)
		return false;
	out[at++] = '/';
	for (size_t i = 0; i < build_id_size; i++) {
		out[at++] = hex[build_id[i] >> 4];
		out[at++] = hex[build_id[i] & 15];
	}
	memcpy(out + at, suffix, sizeof suffix);
	return true;
}
