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

/* Clamped before it is rounded, as both ends are whole; halves away from zero. */
static inline int32_t ts_float_whole(float t, int32_t lowest) {
    int32_t fixed = ts_clamp(ts_float_sixteenth(t), lowest * 65536, 127 * 65536);
    return (fixed + 0x8000 + (fixed >> 31)) >> 16;
}

void ts_float_quantize_rows_float32(const float *x, const float *scales, int16_t *y, int32_t rows, int32_t n,
                                    int32_t lowest) {
    for (int32_t r = 0; r < rows; r++, scales += 3) {
        float inverse = scales[1];
        float zero = scales[2];
        zero = zero > -128.0f ? zero : (zero != zero ? 0.0f : -128.0f);
        zero = zero < 127.0f ? zero : 127.0f;
        int32_t less = (int32_t)zero;
        const int16_t *end = y + n;
        while (zero == 0.0f && y != end) {
            *y++ = (int16_t)ts_float_whole(ts_f32(*x++ * inverse), lowest);
        }
        while (y != end) {
            float t = ts_f32(*x++ * inverse) + zero;
            *y++ = (int16_t)(ts_float_whole(t == t ? t : zero, lowest) - less);
        }
    }
}
