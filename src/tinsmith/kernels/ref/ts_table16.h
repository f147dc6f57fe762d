/* The logistic function (tanh 0) or hyperbolic tangent (tanh 1) of int16, scale 2^-15, from a table with a straight line
 * between two entries. Source: TensorFlow Lite, lite/kernels/internal/reference/integer_ops/logistic.h and tanh.h. */
#ifndef TS_TABLE16_H
#define TS_TABLE16_H

#include "ts_kernel.h"

/* x is brought to the table's steps: (x * multiplier + half) >> shift, multiplier 1..32767, shift 0..31; table [256],
 * 65536 / (1 + e^(-i / 24)) - 32768. */
static inline int16_t ts_table16(int32_t x, const int16_t *table, int32_t multiplier, int32_t shift, int32_t tanh) {
    int32_t bits = tanh ? 8 : 9;
    int64_t half = ((int64_t)1 << shift) >> 1;
    int32_t steps = (int32_t)(((int64_t)x * multiplier + half) >> shift);
    int32_t size = steps < 0 ? -steps : steps;
    int32_t at = size >> bits;
    int32_t line = tanh ? 0xFFFF * (1 << 8) : 0x7FFF * (1 << 10);
    if (at < 255) {
        int32_t low = table[at] + 32768;
        line = low * (1 << bits) + (size & ((1 << bits) - 1)) * (table[at + 1] - table[at]);
    }
    if (tanh) {
        line = steps >= 0 ? line - (1 << 23) + 128 : (1 << 23) - line + 127;
        return (int16_t)(line >> 8);
    }
    line = steps >= 0 ? line + 512 : (1 << 25) - line + 511;
    return (int16_t)(line >> 10);
}

#endif
