/* A function of int16 from a table of 513 points, one per 128 steps of x, with a straight line between two of them.
 * x, y [n]; table [513]. y may be x. Source: TensorFlow Lite, lite/kernels/internal/common.h, LUTLookup of int16. */
#include "ts_kernel.h"

void ts_lookup16_int16(const int16_t *x, const int16_t *table, int16_t *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        int32_t at = (x[i] + 32768) >> 7;
        int32_t share = (x[i] + 32768) & 127;
        int32_t line = (table[at + 1] - table[at]) * share + 64;
        y[i] = (int16_t)(table[at] + (line >> 7));
    }
}
