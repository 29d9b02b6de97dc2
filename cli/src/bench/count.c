/* A plugin for QEMU's TCG that counts executed instructions and prints the sum at the end.
   The prototypes are those of QEMU's plugin API version 1, whose header Debian does not package. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
enum { INLINE_ADD_U64, NO_REGISTERS = 0, MOST_PROCESSORS = 64, LINE = 64 };

/* qemu_info_t. */
struct info {
    const char *target;
    struct { int least, current; } version;
    bool is_system;
    struct { int processors, most; } system;
};

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

/* Of each processor, which run at the same time. */
static struct { _Alignas(LINE) uint64_t count; } counts[MOST_PROCESSORS];

static void executed(unsigned processor, void *instructions)
{
    counts[processor % MOST_PROCESSORS].count += (uintptr_t)instructions;
}

static void translated(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, executed, NO_REGISTERS, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

/* Quicker, where there is but one processor. */
static void translated_alone(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &counts[0].count, qemu_plugin_tb_n_insns(block));
}

static void finished(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    uint64_t total = 0;

    for (int processor = 0; processor < MOST_PROCESSORS; processor++)
        total += counts[processor].count;
    fprintf(stderr, "instructions %llu\n", (unsigned long long)total);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const struct info *info, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, info->system.most > 1 ? translated : translated_alone);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
