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

/*
 * Two threads that meet a module at the same moment may both write it: two equal extents
 * do no harm.
 */
void ct_module_note(uint64_t address, uint32_t flags)
{
	struct ct_recorder *r = ct_recorder;
	uint32_t count = atomic_load(&r->modules);
	struct dl_find_object object;
	struct ct_known_module *known;

	if (count > CT_KNOWN_MODULES)
		count = CT_KNOWN_MODULES;
	for (uint32_t i = 0; i < count; i++) {
		known = &r->module[i];
		if (atomic_load(&known->ready) && address >= known->low && address < known->high) {
			if ((atomic_load(&known->flags) & flags) != flags)
				set_flags(known, flags);
			if (ct_values_wanted && flags & CT_MODULE_HOOKS)
				note_plans(known);
			return;
		}
	}
	if (!address || _dl_find_object((void *) (address - 1), &object) != 0)
		return;
	count = atomic_fetch_add(&r->modules, 1);
	if (count >= CT_KNOWN_MODULES) {
		atomic_store(&r->modules, CT_KNOWN_MODULES);
		return;
	}
	known = &r->module[count];
	known->low = (uint64_t) object.dlfo_map_start;
	known->high = (uint64_t) object.dlfo_map_end;
	known->bias = object.dlfo_link_map ? object.dlfo_link_map->l_addr : 0;
	atomic_store(&known->flags, flags);
	write_module(known, count, &object);
	r->session->modules = count + 1;
	if (ct_values_wanted && flags & CT_MODULE_HOOKS)
		note_plans(known);
	atomic_store(&known->ready, 1);
}
