/* Elements picked by strides, each of 8 bytes: y[a][b]...[h] = x[at + a * s0 + b * s1 + ... + h * s7].
 * d0..d7: lengths of y's axes; s0..s7: steps in x, in elements. Every element read lies in x. */
#include "ts_kernel.h"

void ts_strided_b8(const uint64_t *x, uint64_t *y, int32_t at, int32_t d0, int32_t d1, int32_t d2, int32_t d3, int32_t d4,
                int32_t d5, int32_t d6, int32_t d7, int32_t s0, int32_t s1, int32_t s2, int32_t s3, int32_t s4,
                int32_t s5, int32_t s6, int32_t s7) {
    for (int32_t a = 0; a < d0; a++)
    for (int32_t b = 0; b < d1; b++)
    for (int32_t c = 0; c < d2; c++)
    for (int32_t d = 0; d < d3; d++)
    for (int32_t e = 0; e < d4; e++)
    for (int32_t f = 0; f < d5; f++)
    for (int32_t g = 0; g < d6; g++) {
        int32_t row = at + a * s0 + b * s1 + c * s2 + d * s3 + e * s4 + f * s5 + g * s6;
        for (int32_t h = 0; h < d7; h++) {
            *y++ = x[row + h * s7];
        }
    }
}
