/* Product along one axis, float32, from the first element on in order of index. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_prod_float32(const float *x, float *y, int32_t outer, int32_t length, int32_t inner) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const float *column = x + o * length * inner + i;
            float product = column[0];
            for (int32_t k = 1; k < length; k++) {
                product = ts_f32(product * column[k * inner]);
            }
            y[o * inner + i] = product;
        }
    }
}
