/* Mean along one axis, float32: the sum in order of index, divided by the length.
 * x [outer][length][inner] -> y [outer][inner]; length < 2^24. */
#include "ts_float.h"

void ts_reduce_mean_float32(const float *x, float *y, int32_t outer, int32_t length, int32_t inner) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const float *column = x + o * length * inner + i;
            float sum = column[0];
            for (int32_t k = 1; k < length; k++) {
                sum += column[k * inner];
            }
            y[o * inner + i] = ts_div(sum, (float)length);
        }
    }
}
