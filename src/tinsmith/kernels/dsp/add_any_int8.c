/* Sum, int8, of tensors with scales of their own: x and b times factors first and second of 2^-29, plus middle of 2^-21, less 2^-21 where that is
 * negative, plus end of 2^-21, rounded down, within low and high. x, b, y [n]; y may be x or b. See ts_dsp_add.h. */
#include "ts_dsp_add.h"

#if TS_DSP_ASSEMBLY
/* Fours of elements. */
TS_NAKED void ts_add_fours(TS_GIVEN const int8_t *x, TS_GIVEN const int8_t *b, TS_GIVEN int8_t *y, TS_GIVEN const ts_adding *a) {
    __asm__(
        "push {r3-r11, lr}\n\t"
        TS_ADD_SUMS
        "add r3, r3, r3, asr #31\n\t"
        "add r4, r4, r4, asr #31\n\t"
        "add lr, lr, lr, asr #31\n\t"
        "add r5, r5, r5, asr #31\n\t"
        "ldr r6, [sp]\n\t"
        "ldr r7, [r6, #24]\n\t"
        "add r3, r3, r7\n\t"
        "add r4, r4, r7\n\t"
        "add lr, lr, r7\n\t"
        "add r5, r5, r7\n\t"
        "ssat r3, #8, r3, asr #21\n\t"
        "ssat lr, #8, lr, asr #21\n\t"
        "ssat r4, #8, r4, asr #21\n\t"
        "ssat r5, #8, r5, asr #21\n\t"
        "bfi r3, lr, #8, #8\n\t"
        "bfi r3, r4, #16, #8\n\t"
        "bfi r3, r5, #24, #8\n\t"
        "ldrd r6, r7, [r6, #16]\n\t"
        "ssub8 r4, r3, r6\n\t"
        "sel r3, r3, r6\n\t"
        "ssub8 r4, r7, r3\n\t"
        "sel r3, r3, r7\n\t"
        "str r3, [r2], #4\n\t"
        "subs r11, r11, #1\n\t"
        "bne 1b\n\t"
        "pop {r3-r11, pc}");
}
#endif

void ts_dsp_add_any_int8(
    const int8_t *x, const int8_t *b, int8_t *y, int32_t n, int32_t first, int32_t second, int32_t middle, int32_t end, int32_t low, int32_t high) {
    const ts_adding a = {first, second, middle, n >> 2, (uint32_t)(low & 255) * 0x01010101u, (uint32_t)(high & 255) * 0x01010101u, end};
#if TS_DSP_ASSEMBLY
    if (a.fours > 0) {
        ts_add_fours(x, b, y, &a);
    }
    ts_added_rest(x, b, y, n & ~3, n, &a, 1);
#else
    ts_added_rest(x, b, y, 0, n, &a, 1);
#endif
}
