/* Start-up for Cortex-M (Armv6-M, Armv7-M, Armv8-M): vector table, FPU, .data and .bss. The vector table is the first thing in
 * flash; the core itself loads SP from entry 0 and PC from entry 1 (Armv7-M Architecture Reference Manual, DDI 0403, B1.5.5). */
#include "../port.h"

extern uint32_t ts_stack_top[];
extern const uint32_t ts_data_load[];
extern uint32_t ts_data_begin[];
extern uint32_t ts_data_end[];
extern uint32_t ts_bss_begin[];
extern uint32_t ts_bss_end[];

void ts_start(void);
void ts_exception(void);

typedef union {
    void (*handler)(void);
    uint32_t *stack;
    uint32_t reserved;
} ts_vector;

extern const ts_vector ts_vectors[16];
__attribute__((section(".vectors"), used)) const ts_vector ts_vectors[16] = {
    {.stack = ts_stack_top}, {.handler = ts_start},     {.handler = ts_exception}, {.handler = ts_exception},
    {.handler = ts_exception}, {.handler = ts_exception}, {.handler = ts_exception}, {.handler = ts_exception},
    {.reserved = 0},           {.reserved = 0},           {.reserved = 0},           {.handler = ts_exception},
    {.handler = ts_exception}, {.reserved = 0},           {.handler = ts_exception}, {.handler = ts_exception},
};

void ts_exception(void) {
    uint32_t number;
    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
    ts_fault(number);
}

#if defined(__clang__)
__attribute__((minsize))
#endif
void ts_start(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    /* Full access to coprocessors 10 and 11, then the barriers that the architecture asks for (DDI 0403, B3.2.20). */
    volatile uint32_t *cpacr = (volatile uint32_t *)0xE000ED88u;
    *cpacr |= 0xFu << 20;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
#if defined(__ARM_FEATURE_MVE)
    /* CCR.LOB: low-overhead loops keep their cached branch (Armv8-M Architecture Reference Manual, DDI 0553, CCR). */
    volatile uint32_t *ccr = (volatile uint32_t *)0xE000ED14u;
    *ccr |= 1u << 19;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    const uint32_t *from = ts_data_load;
    for (uint32_t *to = ts_data_begin; to < ts_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = ts_bss_begin; to < ts_bss_end; to++) {
        *to = 0;
    }
    ts_main();
}
