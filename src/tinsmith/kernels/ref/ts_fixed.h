/* Fixed-point scaling of int8 networks: x * factor with factor = multiplier * 2^(shift - 31),
 * multiplier 0 or 2^30..2^31-1, shift -31..30.
 *
 * Sources: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
 * Inference", CVPR 2018, section 2.2; gemmlowp, doc/quantization.md; ONNX operator QuantizeLinear. */
/* mutant: "(mask >> 1) + (high < 0 ? 1 : 0)" -> "(mask >> 1)" */
/* mutant: "((int64_t)1 << 30)" -> "((int64_t)1 << 29)" */
/* mutant: "product + ((int64_t)1 << (total - 1))" -> "product" */
/* mutant: "rest > 0.5f ||" -> "rest >= 0.5f ||" */
/* mutant: "shift > 0 ? shift : 0" -> "0" */
/* mutant: "whole & 1" -> "1" */
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

/* Rounded once: floor(x * factor + 1/2) in 64 bits, saturated to int32. */
static inline int32_t ts_scale_single(int32_t x, int32_t multiplier, int32_t shift) {
    int32_t total = 31 - shift;
    int64_t product = (int64_t)x * multiplier;
    return ts_saturate((product + ((int64_t)1 << (total - 1))) >> total);
}

/* float32(x) * float32(factor), clamped to +-1024, to the nearest integer, halves to even. */
static inline int32_t ts_scale_onnx(int32_t x, int32_t multiplier, int32_t shift) {
    float factor = ts_f32((float)multiplier * ts_power_of_two(shift - 31));
    float t = ts_f32((float)x * factor);
    t = t > -1024.0f ? t : -1024.0f;
    t = t < 1024.0f ? t : 1024.0f;
    int32_t whole = (int32_t)t;
    float rest = t - (float)whole;
    int32_t odd = whole & 1;
    whole += rest > 0.5f || (rest == 0.5f && odd) ? 1 : 0;
    whole -= rest < -0.5f || (rest == -0.5f && odd) ? 1 : 0;
    return whole;
}

#endif
