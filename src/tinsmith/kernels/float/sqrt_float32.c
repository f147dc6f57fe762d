/* Square root, float32, to nearest even; NaN below zero. x, y [n]. y may be x. */
#include "ts_float.h"

/* The FPU's own: IEEE 754 says that it is rounded as the reference rounds it. */
static inline float ts_float_root(float x) {
#if defined(__arm__) && defined(__ARM_FP)
    float y;
    __asm__("vsqrt.f32 %0, %1" : "=t"(y) : "t"(x));
    return y;
#elif defined(__SSE__)
    float y;
    __asm__("sqrtss %1, %0" : "=x"(y) : "x"(x));
    return y;
#elif defined(__aarch64__)
    float y;
    __asm__("fsqrt %s0, %s1" : "=w"(y) : "w"(x));
    return y;
#else
    return ts_sqrt(x);
#endif
}

void ts_float_sqrt_float32(const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_float_root(x[i]);
    }
}
