/* Elements picked by strides, each of 4 bytes: y[a][b]...[h] = x[at + a * s0 + b * s1 + ... + h * s7].
 * d0..d7: lengths of y's axes; s0..s7: steps in x, in elements. Every element read lies in x. */
#include "ts_kernel.h"

void ts_strided_b4(const uint32_t *x, uint32_t *y, int32_t at, int32_t d0, int32_t d1, int32_t d2, int32_t d3, int32_t d4,
                int32_t d5, int32_t d6, int32_t d7, int32_t s0, int32_t s1, int32_t s2, int32_t s3, int32_t s4,
                int32_t s5, int32_t s6, int32_t s7) {
#include "ts_strided.inc"
}
