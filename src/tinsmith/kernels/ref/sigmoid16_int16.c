/* The logistic function (tanh 0) or hyperbolic tangent (tanh 1) of int16, scale 2^-15, from a table with a straight
 * line between two entries. x is brought to the table's steps: (x * multiplier + half) >> shift.
 * x, y [n]; table [256], 65536 / (1 + e^(-i / 24)) - 32768; multiplier 1..32767, shift 0..31. y may be x.
 * Source: TensorFlow Lite, lite/kernels/internal/reference/integer_ops/logistic.h and tanh.h. */
/* mutant: "(1 << 25) - line + 511" -> "(1 << 25) - line + 512" */
#include "ts_kernel.h"

void ts_sigmoid16_int16(const int16_t *x, const int16_t *table, int16_t *y, int32_t n,
                        int32_t multiplier, int32_t shift, int32_t tanh) {
    int32_t bits = tanh ? 8 : 9;
    for (int32_t i = 0; i < n; i++) {
        int64_t half = ((int64_t)1 << shift) >> 1;
        int32_t steps = (int32_t)(((int64_t)x[i] * multiplier + half) >> shift);
        int32_t size = steps < 0 ? -steps : steps;
        int32_t at = size >> bits;
        int32_t line = tanh ? 0xFFFF * (1 << 8) : 0x7FFF * (1 << 10);
        if (at < 255) {
            int32_t low = table[at] + 32768;
            line = low * (1 << bits) + (size & ((1 << bits) - 1)) * (table[at + 1] - table[at]);
        }
        if (tanh) {
            line = steps >= 0 ? line - (1 << 23) + 128 : (1 << 23) - line + 127;
            y[i] = (int16_t)(line >> 8);
        } else {
            line = steps >= 0 ? line + 512 : (1 << 25) - line + 511;
            y[i] = (int16_t)(line >> 10);
        }
    }
}
