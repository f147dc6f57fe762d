/* Counts instructions between the entry of `run` and the entry of `end`, per case, inside QEMU. Plugin API 1 (QEMU 4.2 .. 8.x); the
 * header is not packaged anywhere, so the few prototypes stand here (docs/devel/tcg-plugins.rst of QEMU).
 * Arguments: run=<hex address>,end=<hex address>,steps=<hex addresses of the steps, each with a colon behind it>,out=<file of
 * u64 counts: per case that of all, then of each step>. What comes before the first step belongs to it. Where blocks=<file> is given:
 * which blocks were executed, u64 each: what was entered first behind `run`, address, bytes; some more than once. */
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
extern void *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const void *);
extern size_t qemu_plugin_insn_size(const void *);

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
    uint64_t nbytes;
    uint64_t seen; /* the function in which it was written down last */
} block;

static uint64_t run_address, end_address, *counts, *current, *steps;
static size_t count_n, count_capacity, step_n, entered;
static int active;
static const char *out_path, *blocks_path;
static uint64_t *covered, function;
static size_t covered_n, covered_capacity;

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

/* Room for the counts of one more case, all zero. */
static void begin(void) {
    size_t wanted = count_n + step_n + 1;
    if (wanted > count_capacity) {
        count_capacity = 2 * wanted;
        counts = realloc(counts, count_capacity * sizeof *counts);
    }
    current = counts + count_n;
    for (size_t i = 0; i <= step_n; i++) {
        current[i] = 0;
    }
    entered = 0;
    function = 0;
    active = 1;
}

/* Once in a row for each function. */
static void cover(block *b) {
    if (b->address == run_address) {
        return;
    }
    if (!function) {
        function = b->address;
    }
    if (b->seen != function) {
        if (covered_n + 3 > covered_capacity) {
            covered_capacity = 2 * covered_n + 3072;
            covered = realloc(covered, covered_capacity * sizeof *covered);
        }
        covered[covered_n++] = b->seen = function;
        covered[covered_n++] = b->address;
        covered[covered_n++] = b->nbytes;
    }
}

static void executed(unsigned cpu, void *data) {
    block *b = data;
    (void)cpu;
    if (b->address == run_address) {
        begin();
    } else if (active && b->address == end_address) {
        active = 0;
        count_n += step_n + 1;
    }
    if (active) {
        if (blocks_path) {
            cover(b);
        }
        if (entered < step_n && b->address == steps[entered]) {
            entered++;
        }
        current[0] += b->instructions;
        if (step_n) {
            current[entered ? entered : 1] += b->instructions;
        }
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    block *b = malloc(sizeof *b);
    (void)id;
    b->address = qemu_plugin_tb_vaddr(tb);
    b->instructions = qemu_plugin_tb_n_insns(tb);
    const void *last = qemu_plugin_tb_get_insn(tb, b->instructions - 1);
    b->nbytes = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last) - b->address;
    b->seen = 0;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, b);
}

static void write_down(const char *path, const uint64_t *words, size_t n) {
    void *f = path ? fopen(path, "wb") : NULL;
    if (f) {
        fwrite(words, sizeof *words, n, f);
        fclose(f);
    }
}

static void leave(qemu_plugin_id_t id, void *data) {
    (void)id;
    (void)data;
    write_down(out_path, counts, count_n);
    write_down(blocks_path, covered, covered_n);
}

/* Hexadecimal numbers, each with a colon behind it. */
static void read_steps(char *text) {
    for (char *at = text; *at; at++) {
        step_n += *at == ':';
    }
    steps = malloc((step_n + 1) * sizeof *steps);
    for (size_t i = 0; i < step_n; i++) {
        steps[i] = strtoull(text, &text, 16);
        text++;
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "run=", 4) == 0) {
            run_address = strtoull(argv[i] + 4, NULL, 16);
        } else if (strncmp(argv[i], "end=", 4) == 0) {
            end_address = strtoull(argv[i] + 4, NULL, 16);
        } else if (strncmp(argv[i], "steps=", 6) == 0) {
            read_steps(argv[i] + 6);
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out_path = argv[i] + 4;
        } else if (strncmp(argv[i], "blocks=", 7) == 0) {
            blocks_path = argv[i] + 7;
        }
    }
    if (!run_address || !end_address || !out_path) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, leave, NULL);
    return 0;
}
