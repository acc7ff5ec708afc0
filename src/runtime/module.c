/*
 * module.c - which binary an address lies in.
 *
 * _dl_find_object() (glibc 2.35) takes no lock and may be called in a signal handler,
 * in a constructor, and while another thread is in dlopen(): dl_iterate_phdr() may not.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#include "runtime/kernel.h"
#include "runtime/plans.h"
#include "runtime/thread.h"
#include "runtime/values.h"

static void read_build_id(const struct dl_find_object *object, struct ct_module *module)
{
	const unsigned char *start = object->dlfo_map_start;
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *) start;
	const Elf64_Phdr *phdr;

	/* The first segment holds the ELF header in every binary that ld, gold or lld made. */
	if (memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0
	    || ehdr->e_phentsize != sizeof *phdr
	    || ehdr->e_phoff + ehdr->e_phnum * sizeof *phdr > CT_PAGE)
		return;
	phdr = (const Elf64_Phdr *) (start + ehdr->e_phoff);
	for (unsigned i = 0; i < ehdr->e_phnum; i++) {
		const unsigned char *at, *end;

		if (phdr[i].p_type != PT_NOTE)
			continue;
		at = (const unsigned char *) (module->bias + phdr[i].p_vaddr);
		end = at + phdr[i].p_memsz;
		while (end - at >= (ptrdiff_t) sizeof(Elf64_Nhdr)) {
			const Elf64_Nhdr *note = (const Elf64_Nhdr *) at;
			const unsigned char *name = at + sizeof *note;
			const unsigned char *desc = name + ((note->n_namesz + 3) & ~3u);

			if (desc > end || note->n_descsz > (size_t)(end - desc))
				break;
			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4
			    && memcmp(name, "GNU", 4) == 0
			    && note->n_descsz <= sizeof module->build_id) {
				memcpy(module->build_id, desc, note->n_descsz);
				module->build_id_size = note->n_descsz;
				return;
			}
			at = desc + ((note->n_descsz + 3) & ~3u);
		}
	}
}

static void read_path(const struct dl_find_object *object, struct ct_module *module)
{
	const char *name = object->dlfo_link_map ? object->dlfo_link_map->l_name : "";
	const char *from = name;

	if (!*name)
		from = ct_recorder->session->executable;
	else if (*name != '/' && strchr(name, '/')) {
		/* Loaded by a relative name; the directory may have changed since, but
		 * that is the best there is. */
		ct_append(module->path, sizeof module->path, ct_recorder->session->directory);
		ct_append(module->path, sizeof module->path, "/");
	}
	ct_append(module->path, sizeof module->path, from);
}

static void write_module(struct ct_known_module *known, uint32_t index,
                         const struct dl_find_object *object)
{
	struct {
		struct ct_extent head;
		struct ct_module module;
	} *page = ct_pages(sizeof *page); /* too large for the stack of a signal handler */
	int error;

	if (!page)
		return;
	page->head.magic = CT_EXTENT_MAGIC;
	page->head.kind = CT_EXTENT_MODULE;
	page->head.size = sizeof *page;
	page->head.thread = index;
	page->head.seq = known->first;
	page->module.bias = known->bias;
	page->module.low = known->low;
	page->module.high = known->high;
	page->module.flags = atomic_load(&known->flags);
	read_path(object, &page->module);
	read_build_id(object, &page->module);
	known->offset = ct_file_reserve(sizeof *page);
	if (!ct_file_write(known->offset, page, sizeof *page, NULL, 0, &error))
		known->offset = 0;
	ct_munmap(page, sizeof *page);
}

static void set_flags(struct ct_known_module *known, uint32_t flags)
{
	uint32_t now = atomic_fetch_or(&known->flags, flags) | flags;
	int error;

	if (known->offset)
		ct_file_write(known->offset + sizeof(struct ct_extent)
		                  + offsetof(struct ct_module, flags),
		              &now, sizeof now, NULL, 0, &error);
}

static uint64_t open_plans(const struct dl_find_object *object, const struct ct_module *module)
{
	bool stays = object->dlfo_link_map && !object->dlfo_link_map->l_name[0];

	return ct_plans_open((uint64_t) object->dlfo_map_start, (uint64_t) object->dlfo_map_end, stays,
	                     module);
}

/* As read_path(), but with no recording yet to ask. */
static void name_loaded(const struct dl_find_object *object, struct ct_module *module)
{
	const char *name = object->dlfo_link_map ? object->dlfo_link_map->l_name : "";

	if (!*name)
		ct_readlink("/proc/self/exe", module->path, sizeof module->path - 1);
	else
		ct_append(module->path, sizeof module->path, name);
}

void ct_module_prepare(uint64_t address)
{
	struct dl_find_object object;
	struct ct_module *module = ct_pages(sizeof *module);

	if (module && _dl_find_object((void *) address, &object) == 0) {
		module->bias = object.dlfo_link_map ? object.dlfo_link_map->l_addr : 0;
		name_loaded(&object, module);
		read_build_id(&object, module);
		open_plans(&object, module);
	}
	if (module)
		ct_munmap(module, sizeof *module);
}

/* Values are wanted of its calls. What plans they are captured by stands in the file. */
static void note_plans(struct ct_known_module *known)
{
	struct dl_find_object object;
	struct ct_module *module;
	int error;

	if (atomic_exchange(&known->planned, 1))
		return;
	module = ct_pages(sizeof *module);
	if (module && _dl_find_object((void *) known->low, &object) == 0) {
		module->bias = known->bias;
		read_path(&object, module);
		read_build_id(&object, module);
		module->plans_hash = open_plans(&object, module);
		if (known->offset && module->plans_hash)
			ct_file_write(known->offset + sizeof(struct ct_extent)
			                  + offsetof(struct ct_module, plans_hash),
			              &module->plans_hash, sizeof module->plans_hash, NULL, 0, &error);
	}
	if (module)
		ct_munmap(module, sizeof *module);
}

/* --- what comes and goes --- */

static void hash(uint64_t *to, const void *bytes, size_t size)
{
	for (const unsigned char *at = bytes; size-- > 0; at++)
		*to = (*to ^ *at) * 0x100000001b3ull;
}

/* Two libraries that take the same place, one after the other, differ in this. */
static uint64_t identity_of(const struct dl_find_object *object)
{
	struct ct_module *module = ct_pages(sizeof *module);
	const char *name = object->dlfo_link_map ? object->dlfo_link_map->l_name : "";
	uint64_t frames = (uint64_t) object->dlfo_eh_frame - (uint64_t) object->dlfo_map_start;
	uint64_t found = 0xcbf29ce484222325ull;

	hash(&found, name, strlen(name));
	hash(&found, &frames, sizeof frames);
	if (module) {
		module->bias = object->dlfo_link_map ? object->dlfo_link_map->l_addr : 0;
		read_build_id(object, module);
		hash(&found, module->build_id, module->build_id_size);
		ct_munmap(module, sizeof *module);
	}
	return found;
}

static bool is_loaded(const struct ct_known_module *known)
{
	struct dl_find_object object;

	return _dl_find_object((void *) known->low, &object) == 0
	       && (uint64_t) object.dlfo_map_start == known->low && (uint64_t) object.dlfo_map_end == known->high
	       && identity_of(&object) == known->identity;
}

static uint32_t known_modules(void)
{
	uint32_t count = atomic_load(&ct_recorder->modules);

	return count < CT_KNOWN_MODULES ? count : CT_KNOWN_MODULES;
}

/* With the number of the epoch that begins without it; 0: it has come back. */
static void set_gone(struct ct_known_module *known, uint32_t epoch)
{
	int error;

	atomic_store(&known->gone, epoch);
	atomic_store(&known->planned, 0);
	if (known->offset)
		ct_file_write(known->offset + offsetof(struct ct_extent, count), &epoch, sizeof epoch, NULL, 0,
		              &error);
}

void ct_modules_forget(struct ct_thread *t)
{
	for (uint32_t i = 0; i < known_modules(); i++)
		if (atomic_load(&ct_recorder->module[i].gone))
			ct_table_forget(t, ct_recorder->module[i].low, ct_recorder->module[i].high);
}

/* The epoch comes first: who grows a table, and so may copy what is forgotten here, looks at it behind that. */
static void forget(struct ct_known_module *known)
{
	set_gone(known, atomic_fetch_add(&ct_recorder->epoch, 1) + 1);
	atomic_fetch_add(&ct_recorder->forgetting, 1);
	for (struct ct_thread *t = atomic_load(&ct_recorder->threads); t; t = t->next)
		ct_table_forget(t, known->low, known->high);
	atomic_fetch_sub(&ct_recorder->forgetting, 1);
	ct_plans_unloaded(known->low, known->high);
	__atomic_fetch_add(&ct_values_generation, 1, __ATOMIC_ACQ_REL);
}

/*
 * dlclose() has returned. Another thread may have loaded something else to the same place since:
 * then it is not the same there.
 */
void ct_modules_unloaded(void)
{
	struct ct_recorder *r = ct_recorder;
	int saved = errno;
	uint64_t old;

	if (!r || atomic_load(&r->state) != CT_STATE_ON)
		return;
	old = ct_signals_block();
	for (uint32_t i = 0; i < known_modules(); i++)
		if (atomic_load(&r->module[i].ready) && !atomic_load(&r->module[i].gone)
		    && !is_loaded(&r->module[i]))
			forget(&r->module[i]);
	ct_signals_restore(old);
	errno = saved;
}

/* What was at the address in that epoch, or NULL. Of several, what came last. */
static const struct ct_known_module *known_at(uint64_t address, uint32_t epoch)
{
	const struct ct_known_module *found = NULL;

	for (uint32_t i = 0; i < known_modules(); i++) {
		const struct ct_known_module *m = &ct_recorder->module[i];
		uint32_t gone = atomic_load(&m->gone);

		if (atomic_load(&m->ready) && address >= m->low && address < m->high && m->first <= epoch
		    && (!gone || epoch < gone) && (!found || m->first >= found->first))
			found = m;
	}
	return found;
}

bool ct_module_is_same(uint64_t address, uint32_t epoch)
{
	return known_at(address, epoch) == known_at(address, atomic_load(&ct_recorder->epoch));
}

/* One that was unloaded, and is there again. */
static bool has_come_back(const struct dl_find_object *object)
{
	uint64_t identity = identity_of(object);

	for (uint32_t i = 0; i < known_modules(); i++) {
		struct ct_known_module *known = &ct_recorder->module[i];

		if (atomic_load(&known->gone) && known->low == (uint64_t) object->dlfo_map_start
		    && known->high == (uint64_t) object->dlfo_map_end && known->identity == identity) {
			set_gone(known, 0);
			return true;
		}
	}
	return false;
}

static bool is_known(uint64_t address, uint32_t flags)
{
	struct dl_find_object object;

	for (uint32_t i = 0; i < known_modules(); i++) {
		struct ct_known_module *known = &ct_recorder->module[i];

		if (!atomic_load(&known->ready) || atomic_load(&known->gone) || address < known->low
		    || address >= known->high)
			continue;
		/* Where dlclose() was not ours: in a namespace of its own, or found past us. */
		if (_dl_find_object((void *) known->low, &object) != 0
		    || (uint64_t) object.dlfo_eh_frame != known->frames) {
			forget(known);
			continue;
		}
		if ((atomic_load(&known->flags) & flags) != flags)
			set_flags(known, flags);
		if (ct_plans_wanted() && flags & CT_MODULE_HOOKS)
			note_plans(known);
		return true;
	}
	return false;
}

/*
 * Two threads that meet a module at the same moment may both write it: two equal extents
 * do no harm.
 */
void ct_module_note(uint64_t address, uint32_t flags)
{
	struct ct_recorder *r = ct_recorder;
	struct dl_find_object object;
	struct ct_known_module *known;
	uint32_t count;

	if (is_known(address, flags) || !address || _dl_find_object((void *) (address - 1), &object) != 0)
		return;
	if (atomic_load(&r->epoch) && has_come_back(&object)) {
		is_known(address, flags);
		return;
	}
	count = atomic_fetch_add(&r->modules, 1);
	if (count >= CT_KNOWN_MODULES) {
		atomic_store(&r->modules, CT_KNOWN_MODULES);
		return;
	}
	known = &r->module[count];
	known->low = (uint64_t) object.dlfo_map_start;
	known->high = (uint64_t) object.dlfo_map_end;
	known->bias = object.dlfo_link_map ? object.dlfo_link_map->l_addr : 0;
	known->identity = identity_of(&object);
	known->frames = (uint64_t) object.dlfo_eh_frame;
	known->first = atomic_load(&r->epoch);
	atomic_store(&known->flags, flags);
	write_module(known, count, &object);
	__atomic_fetch_add(&r->session->modules, 1, __ATOMIC_RELAXED); /* two threads may be here */
	if (ct_plans_wanted() && flags & CT_MODULE_HOOKS)
		note_plans(known);
	atomic_store(&known->ready, 1);
}
