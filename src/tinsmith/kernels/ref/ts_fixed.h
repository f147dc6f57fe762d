/* Fixed-point scaling of int8 networks: x * factor with factor = multiplier * 2^(shift - 31),
 * multiplier 0 or 2^30..2^31-1, shift -31..30.
 *
 * Sources: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
 * Inference", CVPR 2018, section 2.2; gemmlowp, doc/quantization.md; ONNX operator QuantizeLinear;
 * TensorFlow Lite, lite/kernels/internal/common.cc (sums of 64 bits). */
#ifndef TS_FIXED_H
#define TS_FIXED_H

#include "ts_float.h"

static inline int32_t ts_saturate(int64_t x) {
    return x < INT32_MIN ? INT32_MIN : (x > INT32_MAX ? INT32_MAX : (int32_t)x);
}

/* Rounded twice: the high product to nearest (halves upwards), then the right shift (halves away from zero). A left
 * shift comes first and saturates. */
static inline int32_t ts_scale_double(int32_t x, int32_t multiplier, int32_t shift) {
    int32_t left = shift > 0 ? shift : 0;
    int32_t right = shift > 0 ? 0 : -shift;
    int64_t shifted = ts_saturate((int64_t)x * ((int64_t)1 << left));
    int32_t high = ts_saturate((shifted * multiplier + ((int64_t)1 << 30)) >> 31);
    int64_t mask = ((int64_t)1 << right) - 1;
    int64_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
    return (int32_t)((int64_t)high >> right) + (((int64_t)high & mask) > threshold ? 1 : 0);
}

/* float32(x) * float32(factor), clamped to +-2^20, to the nearest integer, halves to even. */
static inline int32_t ts_scale_onnx(int32_t x, int32_t multiplier, int32_t shift) {
    float factor = ts_f32((float)multiplier * ts_power_of_two(shift - 31));
    float t = ts_f32((float)x * factor);
    t = t > -1048576.0f ? t : -1048576.0f;
    t = t < 1048576.0f ? t : 1048576.0f;
    int32_t whole = (int32_t)t;
    float rest = t - (float)whole;
    int32_t odd = whole & 1;
    whole += rest > 0.5f || (rest == 0.5f && odd) ? 1 : 0;
    whole -= rest < -0.5f || (rest == -0.5f && odd) ? 1 : 0;
    return whole;
}

/* Rounded once, saturated to int32: floor(x * factor + 1/2) in 64 bits for an int32 x; with `wide` of a 64-bit x, saturated to
 * +-2^47, times the multiplier's upper 16 bits, shift -31..14. */
static inline int32_t ts_scale_once(int64_t x, int32_t multiplier, int32_t shift, int32_t wide) {
    int64_t most = (int64_t)1 << 47;
    int32_t total = 31 - shift;
    if (wide) {
        multiplier = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
        total -= 16;
        x = x < -most ? -most : (x > most ? most : x);
    }
    int64_t product = x * multiplier;
    return ts_saturate((product + ((int64_t)1 << (total - 1))) >> total);
}

/* x beyond int32, saturated to +-2^47, rounded once, in two parts: floor(x * factor + 1/2), saturated to int32. */
static inline int32_t ts_scale_far(int64_t x, int32_t multiplier, int32_t shift) {
    int64_t most = (int64_t)1 << 47;
    int32_t total = 31 - shift;
    if (total < 17) {
        return multiplier == 0 ? 0 : (x < 0 ? INT32_MIN : INT32_MAX);
    }
    x = x < -most ? -most : (x > most ? most : x);
    int64_t lower = (x & 0xFFFF) * multiplier + ((int64_t)1 << (total - 1));
    return ts_saturate(((x >> 16) * multiplier + (lower >> 16)) >> (total - 16));
}

/* clamp(round(x * factor) + zero, low, high); rounding 0: double, 1: single, 2: onnx, 3: wide16;
 * double and onnx of x saturated to int32. */
static inline int32_t ts_requantized(int64_t x, int32_t multiplier, int32_t shift, int32_t zero, int32_t low,
                                     int32_t high, int32_t rounding) {
    int64_t y;
    if ((rounding & 1) != 0) {
        int32_t far = rounding == 1 && x != ts_saturate(x) ? 1 : 0;
        y = far ? ts_scale_far(x, multiplier, shift) : ts_scale_once(x, multiplier, shift, rounding >> 1);
    } else if (rounding == 0) {
        y = ts_scale_double(ts_saturate(x), multiplier, shift);
    } else {
        y = ts_scale_onnx(ts_saturate(x), multiplier, shift);
    }
    return ts_clamp(ts_saturate(y + zero), low, high);
}

/* Writes element i of y, an array of little-endian integers of so many bytes each (1, 2 or 4), byte by byte: y may lie in
 * the memory of an operand of another type. */
static inline void ts_store(uint8_t *y, int32_t i, int32_t value, int32_t bytes) {
    uint8_t *to = y + i * bytes;
    to[0] = (uint8_t)value;
    if (bytes > 1) {
        to[1] = (uint8_t)((uint32_t)value >> 8);
    }
    if (bytes > 2) {
        to[2] = (uint8_t)((uint32_t)value >> 16);
        to[3] = (uint8_t)((uint32_t)value >> 24);
    }
}

#endif
