/* A function of one byte by its table: y[i] = table[x[i]]. x, y [n], table [256]; y may be x. */
#include "ts_dsp.h"

#if TS_DSP_ASSEMBLY
/* r0: x, r1: table, r2: y, r3: how many fours, at least one. */
TS_NAKED void ts_fours_looked_up(
    TS_GIVEN const uint8_t *x, TS_GIVEN const uint8_t *table, TS_GIVEN uint8_t *y, TS_GIVEN int32_t fours) {
    __asm__(
        "push {r4-r7}\n"
        "1:\n\t"
        "ldrb r4, [r0]\n\tldrb r5, [r0, #1]\n\tldrb r6, [r0, #2]\n\tldrb r7, [r0, #3]\n\t"
        "ldrb r4, [r1, r4]\n\tldrb r5, [r1, r5]\n\tldrb r6, [r1, r6]\n\tldrb r7, [r1, r7]\n\t"
        "adds r0, r0, #4\n\t"
        "strb r4, [r2]\n\tstrb r5, [r2, #1]\n\tstrb r6, [r2, #2]\n\tstrb r7, [r2, #3]\n\t"
        "adds r2, r2, #4\n\t"
        "subs r3, r3, #1\n\t"
        "bne 1b\n\t"
        "pop {r4-r7}\n\t"
        "bx lr");
}
#endif

void ts_dsp_lookup_bytes(const void *x, const void *table, void *y, int32_t n) {
    const uint8_t *from = x;
    const uint8_t *entries = table;
    uint8_t *to = y;
    int32_t done = 0;
#if TS_DSP_ASSEMBLY
    if (n >= 4) {
        done = n & ~3;
        ts_fours_looked_up(from, entries, to, n >> 2);
    }
#endif
    for (int32_t i = done; i < n; i++) {
        to[i] = entries[from[i]];
    }
}
