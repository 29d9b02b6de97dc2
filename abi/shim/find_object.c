/* _dl_find_object(3), by which gcc's unwinder finds the tables of the code at an address where it was
   built for a glibc that has it. Becomes part of musl's libc.a. A program is one object here. */

#include <elf.h>
#include <features.h>
#include <link.h>
#include <stddef.h>

struct dl_find_object {
	unsigned long long flags;
	void *map_start, *map_end;
	struct link_map *link_map;
	void *eh_frame;
	unsigned long long reserved[7];
};

struct search {
	size_t address;
	struct dl_find_object *result;
};

static int find(struct dl_phdr_info *object, size_t size, void *argument)
{
	struct search *search = argument;
	struct dl_find_object *result = search->result;
	int is_found = 0;

	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		size_t start = object->dlpi_addr + header->p_vaddr;
		if (header->p_type == PT_GNU_EH_FRAME)
			result->eh_frame = (void *)start;
		if (header->p_type == PT_LOAD && search->address - start < header->p_memsz) {
			result->map_start = (void *)start;
			result->map_end = (void *)(start + header->p_memsz);
			is_found = 1;
		}
	}
	return is_found && result->eh_frame;
}

/* Returns 0, or -1 where no code of the program is. */
int _dl_find_object(void *address, struct dl_find_object *result)
{
	struct search search = {(size_t)address, result};

	*result = (struct dl_find_object){0};
	return dl_iterate_phdr(find, &search) ? 0 : -1;
}
