/* Counts instructions between the entry of `run` and the entry of `end`, per case, inside QEMU. Plugin API 1 (QEMU 4.2 .. 8.x); the
 * header is not packaged anywhere, so the few prototypes stand here (docs/devel/tcg-plugins.rst of QEMU).
 * Arguments: run=<hex address>,end=<hex address>,out=<file of u64 counts>. */
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_info;
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);

/* libc of the QEMU process */
extern void *fopen(const char *, const char *);
extern size_t fwrite(const void *, size_t, size_t, void *);
extern int fclose(void *);
extern void *malloc(size_t);
extern void *realloc(void *, size_t);
extern int strncmp(const char *, const char *, size_t);
extern unsigned long long strtoull(const char *, char **, int);

typedef struct {
    uint64_t address;
    uint64_t instructions;
} block;

static uint64_t run_address, end_address, current, *counts;
static size_t count_n, count_capacity;
static int active;
static const char *out_path;

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

static void executed(unsigned cpu, void *data) {
    const block *b = data;
    (void)cpu;
    if (b->address == run_address) {
        active = 1;
        current = 0;
    } else if (active && b->address == end_address) {
        active = 0;
        if (count_n == count_capacity) {
            count_capacity = count_capacity ? 2 * count_capacity : 64;
            counts = realloc(counts, count_capacity * sizeof *counts);
        }
        counts[count_n++] = current;
    }
    if (active) {
        current += b->instructions;
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    block *b = malloc(sizeof *b);
    (void)id;
    b->address = qemu_plugin_tb_vaddr(tb);
    b->instructions = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, b);
}

static void leave(qemu_plugin_id_t id, void *data) {
    void *f = fopen(out_path, "wb");
    (void)id;
    (void)data;
    if (f) {
        fwrite(counts, sizeof *counts, count_n, f);
        fclose(f);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "run=", 4) == 0) {
            run_address = strtoull(argv[i] + 4, NULL, 16);
        } else if (strncmp(argv[i], "end=", 4) == 0) {
            end_address = strtoull(argv[i] + 4, NULL, 16);
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out_path = argv[i] + 4;
        }
    }
    if (!run_address || !end_address || !out_path) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, leave, NULL);
    return 0;
}
