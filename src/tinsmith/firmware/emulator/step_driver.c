/* Calls functions of a linked image one by one, on the machine of QEMU that stands in for a Cortex-M55 (ports/start/thumb.c starts it).
 * The machine does not have the board's memories, so the image is executed in Non-secure state, where the machine has memory at
 * the addresses of the board's flash: it is executed byte for byte as it is linked. Its RAM lies elsewhere, as far as addresses are
 * multiples of 16 MiB; a step gets it as an argument. This program is Secure, out of reach, and a memory protection unit ends every
 * access outside the board's memories, and every write outside the RAM that the image owns. Twin: bench/step_driver.py.
 *
 * calls.bin, little-endian words: a ts_header, then per call a ts_call and all bytes of arena and state before it. done.bin: per call
 * all bytes of arena and state after it and a ts_done; at the end, or at a fault, a ts_fault_record. */
#include "ports/port.h"

#define TS_MAGIC 0x31435354u /* "TSC1" */
#define TS_MOST 8u

typedef struct {
    uint32_t address, nbytes;
} ts_span;

typedef struct {
    uint32_t magic, call_count, red_count, paint; /* paint: address of as many bytes as the stack has */
    ts_span flash, ram, owned, stack, arena, state, red[TS_MOST];
} ts_header;

typedef struct {
    uint32_t function, first, second; /* address and arguments */
    uint32_t odd;                     /* which paint; bit 1: state stays as the call before left it */
} ts_call;

typedef struct {
    uint32_t depth, outside, result; /* bytes of stack; whether red bytes were written; what the function returned */
} ts_done;

typedef struct {
    uint32_t calls, cause, pc, address, status; /* cause 0: none */
} ts_fault_record;

#define TS_REGISTER(address) (*(volatile uint32_t *)(address))

uint32_t ts_called(uint32_t function, uint32_t first, uint32_t second, uint32_t stack);
int32_t ts_semihosting(uint32_t operation, const void *block);

static ts_header header;
static uint32_t calls_file, done_file, calls_done;

/* Arm, Semihosting for AArch32 and AArch64, section 6: SYS_OPEN, SYS_WRITE, SYS_READ, SYS_CLOSE, SYS_EXIT_EXTENDED. */
enum { TS_OPEN = 1, TS_CLOSE = 2, TS_WRITE = 5, TS_READ = 6, TS_EXIT = 0x20 };

/* ts_called keeps what a callee keeps in any case; the callee has a stack of its own and returns to ts_back. From ts_enter, which is
 * one instruction, to ts_back the emulator's plug-in counts. */
__asm__(".syntax unified\n.text\n.thumb\n"
        ".globl ts_semihosting\n.type ts_semihosting, %function\n.thumb_func\n"
        "ts_semihosting:\n"
        "bkpt 0xab\n"
        "bx lr\n"
        ".globl ts_called\n.type ts_called, %function\n.thumb_func\n"
        "ts_called:\n"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n"
        "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "msr msp_ns, r3\n"
        "mov r3, r0\nmov r0, r1\nmov r1, r2\n"
        "b ts_enter\n"
        ".globl ts_enter\n.type ts_enter, %function\n.thumb_func\n"
        "ts_enter:\n"
        "blxns r3\n"
        ".globl ts_back\n.type ts_back, %function\n.thumb_func\n"
        "ts_back:\n"
        "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, r12, pc}\n");

static void leave(uint32_t cause, uint32_t pc, uint32_t address, uint32_t status) {
    const ts_fault_record record = {calls_done, cause, pc, address, status};
    const uint32_t block[3] = {done_file, (uint32_t)&record, sizeof record};
    const uint32_t end[2] = {0x20026u, cause}; /* ADP_Stopped_ApplicationExit */
    ts_semihosting(TS_WRITE, block);
    ts_semihosting(TS_CLOSE, &done_file);
    ts_semihosting(TS_EXIT, end);
    for (;;) {
    }
}

/* A fault of the image is one of this program: its own are off, so they all become this one. */
void ts_fault(uint32_t cause) {
    uint32_t sp;
    __asm__ volatile("mrs %0, msp_ns" : "=r"(sp));
    uint32_t inside = sp - header.owned.address;
    uint32_t pc = inside + 32 <= header.owned.nbytes ? *(const uint32_t *)(sp + 24) : 0;
    leave(cause, pc, TS_REGISTER(0xE002ED34u), TS_REGISTER(0xE002ED28u)); /* MMFAR and CFSR, Non-secure */
}

static uint32_t opened(const char *name, uint32_t mode, uint32_t length) {
    const uint32_t block[3] = {(uint32_t)name, mode, length};
    return (uint32_t)ts_semihosting(TS_OPEN, block);
}

static void moved(uint32_t operation, uint32_t file, const void *at, uint32_t nbytes) {
    const uint32_t block[3] = {file, (uint32_t)at, nbytes};
    if (nbytes > 0 && ts_semihosting(operation, block) != 0) {
        leave(0x10u, 0, 0, operation);
    }
}

/* Armv8-M Architecture Reference Manual, DDI 0553: RBAR, RLAR; 32 bytes are the least. Of access: 2 read-only, 3 without execution. */
static void region(uint32_t number, uint32_t begin, uint32_t end, uint32_t access) {
    if (begin < end) {
        TS_REGISTER(0xE002ED98u) = number;
        TS_REGISTER(0xE002ED9Cu) = begin | access;
        TS_REGISTER(0xE002EDA0u) = (end - 32) | 1u;
    }
}

/* The machine's memory that the image has: let Non-secure state have it (Arm DAI 0547: the protection controller of DDR4 at
 * 0x57002000, its memory at 0x60000000; BLK_CFG, BLK_IDX and BLK_LUT as in Arm DDI 0571, memory protection controller). */
static void give(ts_span memory) {
    uint32_t block = 1u << ((TS_REGISTER(0x57002014u) & 0xFu) + 5);
    uint32_t word = 32 * block;
    uint32_t end = (memory.address + memory.nbytes - 0x60000000u + word - 1) / word;
    for (uint32_t k = (memory.address - 0x60000000u) / word; k < end; k++) {
        TS_REGISTER(0x57002018u) = k;
        TS_REGISTER(0x5700201Cu) = 0xFFFFFFFFu;
    }
}

static void set_up(void) {
    give(header.flash);
    give(header.ram);
    TS_REGISTER(0xE000EDD0u) = 2;                    /* SAU_CTRL: the machine alone says what is Secure */
    TS_REGISTER(0xE000ED8Cu) |= 0xC00u;              /* NSACR: the FPU too */
    TS_REGISTER(0xE002ED88u) |= 0xFu << 20;          /* CPACR, Non-secure */
    TS_REGISTER(0xE002ED14u) |= 1u << 19;            /* CCR, Non-secure: low-overhead loops */
    TS_REGISTER(0xE002EDC0u) = 0xFFu;                /* MAIR0: memory, not devices */
    uint32_t begin = header.owned.address, end = begin + header.owned.nbytes;
    region(0, header.flash.address, header.flash.address + header.flash.nbytes, 2u << 1);
    region(1, header.ram.address, begin, 3u | 2u << 1);
    region(2, begin, end, 1u);
    region(3, end, header.ram.address + header.ram.nbytes, 1u | 2u << 1);
    TS_REGISTER(0xE002ED94u) = 1; /* MPU_CTRL: nothing else is open */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

static void paint(uint32_t odd) {
    const uint32_t *from = (const uint32_t *)header.paint;
    volatile uint32_t *to = (volatile uint32_t *)header.stack.address;
    for (uint32_t i = 0; i < header.stack.nbytes / 4; i++) {
        to[i] = from[i];
    }
    for (uint32_t i = 0; i < header.red_count; i++) {
        volatile uint8_t *red = (volatile uint8_t *)header.red[i].address;
        for (uint32_t k = 0; k < header.red[i].nbytes; k++) {
            red[k] = odd ? 0x5A : 0xA5;
        }
    }
}

/* Bytes below the top of the stack that lost their paint; a multiple of 8. */
static uint32_t depth(void) {
    const uint32_t *was = (const uint32_t *)header.paint;
    const volatile uint32_t *is = (const volatile uint32_t *)header.stack.address;
    uint32_t at = 0;
    while (at < header.stack.nbytes / 4 && is[at] == was[at]) {
        at++;
    }
    return (header.stack.nbytes - 4 * at + 7) & ~7u;
}

static uint32_t outside(uint32_t odd) {
    for (uint32_t i = 0; i < header.red_count; i++) {
        const volatile uint8_t *red = (const volatile uint8_t *)header.red[i].address;
        for (uint32_t k = 0; k < header.red[i].nbytes; k++) {
            if (red[k] != (odd ? 0x5A : 0xA5)) {
                return 1;
            }
        }
    }
    return 0;
}

static void next(void) {
    ts_call call = {0, 0, 0, 0};
    ts_done done;
    moved(TS_READ, calls_file, &call, sizeof call);
    moved(TS_READ, calls_file, (const void *)header.arena.address, header.arena.nbytes);
    if ((call.odd & 2u) == 0) {
        moved(TS_READ, calls_file, (const void *)header.state.address, header.state.nbytes);
    }
    paint(call.odd & 1u);
    done.result = ts_called(call.function, call.first, call.second, header.stack.address + header.stack.nbytes);
    done.depth = depth();
    done.outside = outside(call.odd & 1u);
    moved(TS_WRITE, done_file, (const void *)header.arena.address, header.arena.nbytes);
    moved(TS_WRITE, done_file, (const void *)header.state.address, header.state.nbytes);
    moved(TS_WRITE, done_file, &done, sizeof done);
    calls_done++;
}

void ts_main(void) {
    done_file = opened("done.bin", 5, 8);
    calls_file = opened("calls.bin", 1, 9);
    moved(TS_READ, calls_file, &header, sizeof header);
    if (header.magic != TS_MAGIC || header.red_count > TS_MOST) {
        leave(0x10u, 0, 0, header.magic);
    }
    set_up();
    while (calls_done < header.call_count) {
        next();
    }
    leave(0, 0, 0, 0);
}
