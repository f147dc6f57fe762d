/* What the recurrent layers share: sums of products in order, activations by number. */
#ifndef TS_RECURRENT_H
#define TS_RECURRENT_H

#include "ts_float.h"

/* sum + x[0] * w[0] + ... + x[n - 1] * w[n - 1], added in this order. */
static inline float ts_more(float sum, const float *x, const float *w, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        sum += ts_f32(x[i] * w[i]);
    }
    return sum;
}

/* 0 sigmoid, 1 tanh, 2 relu, 3 hard sigmoid of slope 0.2, 4 of slope 1/6, 5 x itself. If clip is above 0, x is first
 * brought to -clip..clip. */
static inline float ts_activation(float x, int32_t kind, float clip) {
    if (clip > 0.0f) {
        x = x < -clip ? -clip : (x > clip ? clip : x);
    }
    if (kind == 0) {
        return ts_sigmoid(x);
    }
    if (kind == 1) {
        return ts_tanh(x);
    }
    if (kind == 2) {
        return x > 0.0f ? x : 0.0f;
    }
    if (kind == 5) {
        return x;
    }
    float y = ts_f32(kind == 3 ? x * 0.2f : x * 0.166666667f) + 0.5f;
    y = y > 0.0f ? y : 0.0f;
    return y < 1.0f ? y : 1.0f;
}

#endif
