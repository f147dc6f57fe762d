/* Sum, int8, of tensors with scales of their own: x and b times factors first and second of 2^-29, plus end of 2^-21, rounded down, saturated.
 * x, b, y [n]; y may be x or b. See ts_dsp_add.h. */
#include "ts_dsp_add.h"

#if TS_DSP_ASSEMBLY
/* Fours of elements. */
TS_NAKED void ts_add_fours(TS_GIVEN const int8_t *x, TS_GIVEN const int8_t *b, TS_GIVEN int8_t *y, TS_GIVEN const ts_adding *a) {
    __asm__(
        "push {r4-r11, lr}\n\t"
        TS_ADD_SUMS
        "ssat r3, #8, r3, asr #21\n\t"
        "ssat lr, #8, lr, asr #21\n\t"
        "ssat r4, #8, r4, asr #21\n\t"
        "ssat r5, #8, r5, asr #21\n\t"
        "strb lr, [r2, #1]\n\t"
        "strb r4, [r2, #2]\n\t"
        "strb r5, [r2, #3]\n\t"
        "strb r3, [r2], #4\n\t"
        "subs r11, r11, #1\n\t"
        "bne 1b\n\t"
        "pop {r4-r11, pc}");
}
#endif

void ts_dsp_add_int8(const int8_t *x, const int8_t *b, int8_t *y, int32_t n, int32_t first, int32_t second, int32_t end) {
    const ts_adding a = {first, second, end, n >> 2, 0x80808080u, 0x7F7F7F7Fu, 0};
#if TS_DSP_ASSEMBLY
    if (a.fours > 0) {
        ts_add_fours(x, b, y, &a);
    }
    ts_added_rest(x, b, y, n & ~3, n, &a, 0);
#else
    ts_added_rest(x, b, y, 0, n, &a, 0);
#endif
}
