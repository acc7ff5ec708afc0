/* live_tables.c - modules and rows of call tables of a trace that is being written: see live.h. */
#include "trace/live_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* --- modules --- */

static bool same_module(const struct ct_raw_module *a, const struct ct_module *b)
{
	return a->low == b->low && a->high == b->high && a->bias == b->bias
	       && a->build_id_size == b->build_id_size
	       && memcmp(a->build_id, b->build_id, a->build_id_size) == 0;
}

void ct_live_read_module(struct ct_live *live, uint64_t offset)
{
	struct ct_extent head;
	struct ct_module disk;
	struct ct_raw_module m;
	size_t i;

	if (!ct_live_read_at(live, &head, sizeof head, offset) || !ct_live_read_at(live, &disk, sizeof disk, offset + sizeof(struct ct_extent))
	    || disk.build_id_size > sizeof disk.build_id)
		return;
	disk.path[sizeof disk.path - 1] = '\0';
	for (i = 0; i < live->raw.module_count && !same_module(&live->raw.modules[i], &disk);)
		i++;
	if (i == live->raw.module_count) {
		m = (struct ct_raw_module){ .path = ct_arena_strdup(&live->trace.arena, disk.path),
			                    .build_id_size = disk.build_id_size, .bias = disk.bias,
			                    .low = disk.low, .high = disk.high, .flags = disk.flags,
			                    .plans_hash = disk.plans_hash,
			                    .first = head.seq, .gone = head.count };
		memcpy(m.build_id, disk.build_id, disk.build_id_size);
		ct_live_add_module(live, &m);
	}
	live->module_at[i] = offset;
}

/* Something was unloaded, or has come back, before a new row was made. */
static void update_epochs(struct ct_live *live)
{
	for (size_t i = 0; i < live->raw.module_count; i++) {
		struct ct_extent head;

		if (live->module_at[i] && ct_live_read_at(live, &head, sizeof head, live->module_at[i]))
			live->raw.modules[i].gone = head.count;
	}
}

/* That calls are seen in it, and by what plans values are captured, may be written later than the rest. */
void ct_live_update_modules(struct ct_live *live)
{
	for (size_t i = 0; i < live->raw.module_count; i++) {
		struct ct_raw_module *m = &live->raw.modules[i];
		struct ct_module disk;

		if (!live->module_at[i] || (m->flags & CT_MODULE_HOOKS && m->plans_hash)
		    || !ct_live_read_at(live, &disk, offsetof(struct ct_module, path),
		                live->module_at[i] + sizeof(struct ct_extent)))
			continue;
		m->plans_hash = disk.plans_hash;
		if (disk.flags & ~m->flags & CT_MODULE_HOOKS) {
			m->flags |= disk.flags;
			live->resolver.module(live->resolver.user, m);
		}
	}
}

void ct_live_add_module(struct ct_live *live, const struct ct_raw_module *module)
{
	struct ct_raw *raw = &live->raw;
	size_t i = raw->module_count++;

	raw->modules = ct_realloc(raw->modules, (i + 1) * sizeof *raw->modules);
	raw->modules[i] = *module;
	raw->modules[i].row = (uint32_t) i;
	live->module_at = ct_realloc(live->module_at, (i + 1) * sizeof *live->module_at);
	live->module_at[i] = 0;
	live->resolver.module(live->resolver.user, &raw->modules[i]);
	ct_raw_sort_modules(raw);
}

/* --- rows --- */

static void take_rows(struct ct_live *live, struct live_thread *t, struct segment *g, uint32_t count)
{
	uint32_t end = g->first + count;

	if (end > t->row_room) {
		uint32_t room = t->row_room ? t->row_room : 64;

		while (room < end)
			room *= 2;
		t->raw->rows = ct_realloc(t->raw->rows, room * sizeof *t->raw->rows);
		t->row_room = room;
	}
	for (uint32_t i = t->raw->row_count; i < end; i++)
		t->raw->rows[i] = (struct ct_row){ .function = CT_NO_ROW, .site = CT_NO_ROW };
	for (uint32_t i = g->seen; i < count; i++) {
		struct ct_row *row = &t->raw->rows[g->first + i];
		struct ct_call_row disk;

		if (!ct_live_read_at(live, &disk, sizeof disk,
		             g->offset + sizeof(struct ct_extent) + i * sizeof disk))
			return;
		*row = (struct ct_row){ .callee = disk.callee, .hook = disk.hook,
			                .site_address = disk.site, .caller = disk.caller,
			                .epoch = (uint32_t)(disk.flags >> CT_ROW_EPOCH),
			                .excluded = disk.flags & CT_ROW_EXCLUDED,
			                .function = CT_NO_ROW, .site = CT_NO_ROW };
		g->seen = i + 1;
		if (row->epoch)
			update_epochs(live);
		if (end > t->raw->row_count)
			t->raw->row_count = end;
		if (row->callee || g->first + i == 0)
			live->resolver.row(live->resolver.user, (uint32_t)(t->raw - live->raw.threads), row);
	}
}

/* A row is counted before a record bears its number: read behind the records, the table has them all. */
void ct_live_update_rows(struct ct_live *live, struct live_thread *t)
{
	struct ct_extent head;

	for (uint32_t i = 0; i < t->segment_count; i++) {
		struct segment *g = &t->segments[i];

		if (g->seen == g->room || g->first >= CT_MAX_ROWS || !ct_live_read_head(live, g->offset, &head))
			continue;
		if (head.count > g->room)
			head.count = (uint32_t) g->room;
		if (head.count > CT_MAX_ROWS - g->first)
			head.count = CT_MAX_ROWS - g->first;
		if (head.count > g->seen)
			take_rows(live, t, g, head.count);
	}
	t->stream.rows = t->raw->rows;
	t->stream.row_count = t->raw->row_count;
}
