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
#include "runtime/thread.h"

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
	atomic_store(&known->ready, 1);
}
