/* Rows of float32 to steps of 8 bits less their zero point (ts_rows.h). x [rows][n], scales [rows][3] = step, inverse, zero
 * point (-128..127), y [rows][n]; lowest -128 or -127. */
#include "ts_float.h"

/* x * 2^16 towards zero, saturated; NaN gives 0. What is cut off cannot reach a half. */
static inline int32_t ts_float_sixteenth(float x) {
#if defined(__arm__) && defined(__ARM_FP)
    __asm__("vcvt.s32.f32 %0, %0, #16" : "+t"(x));
    return (int32_t)ts_bits_of(x);
#else
    x = x > -32767.0f ? x : (x != x ? 0.0f : -32767.0f);
    x = x < 32767.0f ? x : 32767.0f;
    return (int32_t)ts_f32(x * 65536.0f);
#endif
}

void ts_float_quantize_rows_float32(const float *x, const float *scales, int16_t *y, int32_t rows, int32_t n,
                                    int32_t lowest) {
    for (int32_t r = 0; r < rows; r++, scales += 3) {
        float inverse = scales[1];
        float zero = scales[2];
        zero = zero > -128.0f ? zero : (zero != zero ? 0.0f : -128.0f);
        zero = zero < 127.0f ? zero : 127.0f;
        int32_t less = (int32_t)zero;
        for (const int16_t *end = y + n; y != end;) {
            float t = ts_f32(*x++ * inverse) + zero;
            t = t == t ? t : zero;
            /* clamped before it is rounded: both ends are whole */
            int32_t whole = ts_clamp(ts_float_sixteenth(t), lowest * 65536, 127 * 65536);
            whole = (whole + 0x8000 + (whole >> 31)) >> 16; /* halves away from zero */
            *y++ = (int16_t)(whole - less);
        }
    }
}
