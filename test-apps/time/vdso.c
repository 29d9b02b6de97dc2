// The vDSO: present, an ELF object with the functions Linux exports, in step with the calls.
#include "../test.h"
#include <elf.h>
#include <sys/auxv.h>

static void *look_up(const char *wanted)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Phdr *segments = (const Elf64_Phdr *)(const void *)((const char *)header + header->e_phoff);
	const char *base = NULL, *strings = NULL;
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const uint32_t *hash = NULL, *gnu = NULL;

	for (int i = 0; i < header->e_phnum; i++) {
		if (segments[i].p_type == PT_LOAD && !base)
			base = (const char *)header + segments[i].p_offset - segments[i].p_vaddr;
		if (segments[i].p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)(const void *)((const char *)header + segments[i].p_offset);
	}
	for (; dynamic && dynamic->d_tag; dynamic++) {
		const char *at = base + dynamic->d_un.d_ptr;
		if (dynamic->d_tag == DT_STRTAB)
			strings = at;
		else if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const Elf64_Sym *)(const void *)at;
		else if (dynamic->d_tag == DT_HASH)
			hash = (const uint32_t *)(const void *)at;
		else if (dynamic->d_tag == DT_GNU_HASH)
			gnu = (const uint32_t *)(const void *)at;
	}
	if (!strings || !symbols || (!hash && !gnu))
		return NULL;
	uint32_t count = hash ? hash[1] : 64;
	for (uint32_t i = 1; i < count; i++) {
		if ((const char *)&symbols[i + 1] > strings && strings > (const char *)symbols)
			break;
		if (symbols[i].st_shndx != 0 && strcmp(strings + symbols[i].st_name, wanted) == 0)
			return (void *)(uintptr_t)(base + symbols[i].st_value);
	}
	return NULL;
}

int main(void)
{
	if (getauxval(AT_SYSINFO_EHDR) == 0) {
		say("no vDSO");
		return 0;
	}
	static const char *names[] = { "__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time", "__vdso_getcpu", "__vdso_clock_getres" };
	for (int i = 0; i < COUNT(names); i++)
		say("%s: %s", names[i], look_up(names[i]) ? "found" : "missing");
	int (*get)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))(uintptr_t)look_up("__vdso_clock_gettime");
	if (get) {
		struct timespec before, inside, after;
		int ordered = 1;
		for (int i = 0; i < 1000; i++) {
			SYS(clock_gettime, CLOCK_MONOTONIC, &before);
			get(CLOCK_MONOTONIC, &inside);
			SYS(clock_gettime, CLOCK_MONOTONIC, &after);
			long long a = before.tv_sec * 1000000000LL + before.tv_nsec, b = inside.tv_sec * 1000000000LL + inside.tv_nsec,
				  c = after.tv_sec * 1000000000LL + after.tv_nsec;
			ordered = ordered && a <= b && b <= c;
		}
		SHOW(ordered);
		SHOW(get(CLOCK_THREAD_CPUTIME_ID, &inside));
		SHOW(get(99, &inside) != 0);
	}
	return 0;
}
