/* A host of slots on a Cortex-M4: refuses damaged ones, runs the self-test by way of the good one; its exit code is 0 or where
 * it failed. */
#include "mixed.h"
#include "selftest/mixed_selftest.h"
#include "ts_slot.h"

extern const uint8_t mixed_slot[];

static MIXED_ARENA(arena);
static MIXED_STATE(state);
static struct {
    __attribute__((aligned(16))) uint8_t bytes[65536];
} copy;

void start(void);

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {(void (*)(void))0x20400000, start};

/* Semihosting (Arm, Semihosting for AArch32 and AArch64): operation in r0, argument in r1. */
static void host_call(uint32_t number, const void *argument) {
    register uint32_t r0 __asm__("r0") = number;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void fresh(uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        copy.bytes[i] = mixed_slot[i];
    }
}

/* The answer for a copy with one changed byte. */
static ts_slot_answer damaged(uint32_t length, uint32_t at) {
    fresh(length);
    copy.bytes[at] ^= 0x40u;
    return ts_slot_check(copy.bytes, length);
}

static int check(void) {
    uint32_t length = ts_slot_head(mixed_slot)->length;
    if (ts_slot_check(mixed_slot, length) != TS_SLOT_USABLE || length > sizeof copy.bytes - 64) {
        return 1;
    }
    if (ts_slot_head(mixed_slot)->arena_bytes != MIXED_ARENA_BYTES || ts_slot_head(mixed_slot)->align != MIXED_ALIGN) {
        return 2;
    }
    if (damaged(length, 0) != TS_SLOT_EMPTY || damaged(length, 4) != TS_SLOT_OTHER_ABI || damaged(length, 8) != TS_SLOT_OTHER_CORE ||
        damaged(length, 26) != TS_SLOT_BAD_LENGTH || damaged(length, 40) != TS_SLOT_DAMAGED ||
        damaged(length, length - 1) != TS_SLOT_DAMAGED || damaged(length, 60) != TS_SLOT_DAMAGED) {
        return 3;
    }
    fresh(length);
    if (ts_slot_check(copy.bytes + 4, length) != TS_SLOT_MISALIGNED || ts_slot_check(copy.bytes, length - 1) != TS_SLOT_BAD_LENGTH ||
        ts_slot_check(copy.bytes, 8) != TS_SLOT_EMPTY) {
        return 4;
    }
    ((ts_slot_header *)(void *)copy.bytes)->run = 2;
    ((ts_slot_header *)(void *)copy.bytes)->crc = ts_slot_crc(copy.bytes, length);
    if (ts_slot_check(copy.bytes, length) != TS_SLOT_BAD_ENTRY) {
        return 5;
    }
    if (mixed_selftest(arena, state, NULL) != 0) {
        return 6;
    }
    fresh(length);
    ts_slot_reset(copy.bytes, state);
    for (int32_t step = 0; step < MIXED_STEPS; step++) {
        if (ts_slot_run_step(copy.bytes, arena, state, step) != (step + 1) % MIXED_STEPS) {
            return 7;
        }
    }
    return 0;
}

void start(void) {
    uint32_t block[2];
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* the FPU, CPACR (Armv7-M Architecture Reference Manual, B3.2.20) */
    __asm__ volatile("dsb\n isb");
    block[0] = 0x20026u; /* ADP_Stopped_ApplicationExit */
    block[1] = (uint32_t)check();
    host_call(0x20, block); /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}
