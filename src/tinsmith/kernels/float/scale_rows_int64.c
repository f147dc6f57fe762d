/* Sums of rows back to float32: y[r][i] = x[r][i] * (step of r * factor[c]) + bias[c], c = i mod channels, x saturated to
 * int32. x [rows][n], scales [rows][3] = step, ..., factor [factors], bias [channels], y [rows][n]; channels divides n,
 * factors is 1 or channels. */
#include "ts_kernel.h"

/* The low half where the high one is its sign, else the end of int32 on that side. The barrier keeps a compiler from making
 * comparisons of 64 bits of it. */
static inline int32_t ts_float_saturated(int64_t x) {
    int32_t low = (int32_t)((uint64_t)x & 0xFFFFFFFFu);
    int32_t high = (int32_t)(x >> 32);
    __asm__("" : "+r"(low), "+r"(high));
    return high == low >> 31 ? low : (high >> 31) ^ INT32_MAX;
}

void ts_float_scale_rows_int64(const int64_t *x, const float *scales, const float *factor, const float *bias, float *y,
                               int32_t rows, int32_t n, int32_t channels, int32_t factors) {
    int32_t on = factors > 1 ? 1 : 0;
    for (int32_t r = 0; r < rows; r++, scales += 3) {
        float step = scales[0];
        for (int32_t done = 0; done < n; done += channels) {
            const float *own = factor;
            for (int32_t c = 0; c < channels; c++, own += on) {
                float scaled = ts_f32((float)ts_float_saturated(*x++) * ts_f32(step * *own));
                *y++ = scaled + bias[c];
            }
        }
    }
}
