/* places.c - what an address of the traced process means, by its modules and their indexes. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trace/internal.h"

static int by_low(const void *a, const void *b)
{
	const struct ct_raw_module *x = *(struct ct_raw_module *const *) a;
	const struct ct_raw_module *y = *(struct ct_raw_module *const *) b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x < y ? -1 : x > y;
}

void ct_raw_sort_modules(struct ct_raw *raw)
{
	free(raw->by_low);
	raw->by_low = ct_calloc(raw->module_count + 1, sizeof *raw->by_low);
	for (size_t i = 0; i < raw->module_count; i++)
		raw->by_low[i] = &raw->modules[i];
	qsort(raw->by_low, raw->module_count, sizeof *raw->by_low, by_low);
}

static bool is_there(const struct ct_raw_module *m, uint64_t address, uint32_t epoch)
{
	return address >= m->low && address < m->high && m->first <= epoch && (!m->gone || epoch < m->gone);
}

/* Those before `at` in the table that may reach as far as one there: they may overlap, if not much. */
#define NEIGHBOURS 8

struct ct_raw_module *ct_raw_module_at(const struct ct_raw *raw, uint64_t address, uint32_t epoch, bool hook)
{
	struct ct_raw_module *last = NULL;
	size_t low = 0, high = raw->module_count;
	uint64_t before = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (raw->by_low[middle]->low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* All that begin at the same place count once: there may be a new one in each epoch. */
	for (size_t i = low, tries = NEIGHBOURS; i-- > 0;) {
		struct ct_raw_module *m = raw->by_low[i];

		if (i + 1 < low && m->low != before && --tries == 0)
			break;
		before = m->low;
		if (!is_there(m, address, epoch) || (last && m->first < last->first))
			continue;
		if (!last || m->first > last->first
		    || (hook && m->index && ct_index_hook_at(m->index, address - m->bias)
		        && !(last->index && ct_index_hook_at(last->index, address - last->bias))))
			last = m;
	}
	return last;
}

bool ct_raw_same_module(const struct ct_raw_module *a, const struct ct_raw_module *b)
{
	return strcmp(a->path, b->path) == 0 && a->build_id_size == b->build_id_size
	       && memcmp(a->build_id, b->build_id, a->build_id_size) == 0;
}

struct ct_raw_module *ct_raw_module_only(const struct ct_raw *raw, uint64_t address)
{
	struct ct_raw_module *only = NULL;

	for (size_t i = 0; i < raw->module_count && raw->by_low[i]->low <= address; i++) {
		struct ct_raw_module *m = raw->by_low[i];

		if (address >= m->high)
			continue;
		if (only && (m->bias != only->bias || !ct_raw_same_module(m, only)))
			return NULL;
		only = m;
	}
	return only;
}

uint32_t ct_raw_function_of(const struct ct_raw *raw, uint64_t hook, uint64_t callee, uint32_t epoch,
                            const struct ct_raw_module **module)
{
	const struct ct_raw_module *m = ct_raw_module_at(raw, hook, epoch, true);
	const struct ct_index_hook *h = NULL;
	const struct ct_index_function *f;

	*module = m;
	if (m && m->index)
		h = ct_index_hook_at(m->index, hook - m->bias);
	if (h && h->function != CT_NONE)
		return h->function;
	*module = m = ct_raw_module_at(raw, callee, epoch, false);
	if (!callee || !m || !m->index)
		return CT_NONE;
	f = ct_index_function_at(m->index, callee - m->bias);
	return f && f->address == callee - m->bias ? (uint32_t)(f - m->index->functions) : CT_NONE;
}

const struct ct_index_site *ct_raw_site_of(const struct ct_raw *raw, const struct ct_row *row,
                                           const struct ct_raw_module **module)
{
	const struct ct_raw_module *m = ct_raw_module_at(raw, row->hook, row->epoch, true);
	const struct ct_index_hook *h = NULL;

	if (m && m->index)
		h = ct_index_hook_at(m->index, row->hook - m->bias);
	if (!h || h->depth == 0) {
		m = ct_raw_module_at(raw, row->site_address, row->epoch, false);
		*module = m;
		return m && m->index && m->row != CT_NO_ROW
		               ? ct_index_site_at(m->index, row->site_address - m->bias)
		               : NULL;
	}
	*module = m;
	return h->site == CT_NONE ? NULL : &m->index->sites[h->site];
}

const char *ct_raw_through(const struct ct_raw *raw, uint64_t site, uint32_t epoch)
{
	const struct ct_raw_module *m = ct_raw_module_at(raw, site - 1, epoch, false);
	const struct ct_index_function *f;

	if (!m)
		return "?";
	if ((m->flags & CT_MODULE_HOOKS) && !m->index)
		return NULL;
	f = m->index ? ct_index_function_at(m->index, site - 1 - m->bias) : NULL;
	return f ? ct_index_string(m->index, f->name) : ct_basename(m->path);
}
