/* Largest value along one axis, float32. x [outer][length][inner] -> y [outer][inner].
 * The first element is replaced where a later one is larger: a NaN in the first place stays, later ones are passed over. */
#include "ts_kernel.h"

void ts_reduce_max_float32(const float *x, float *y, int32_t outer, int32_t length, int32_t inner) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const float *column = x + o * length * inner + i;
            float best = column[0];
            for (int32_t k = 1; k < length; k++) {
                best = column[k * inner] > best ? column[k * inner] : best;
            }
            y[o * inner + i] = best;
        }
    }
}
