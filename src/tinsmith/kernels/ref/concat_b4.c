/* Joins two tensors along one axis, elements of 4 bytes: each outer step of y is a's and then b's.
 * a [outer][a_size], b [outer][b_size] -> y [outer][a_size + b_size]. */
#include "ts_kernel.h"

void ts_concat_b4(const uint32_t *a, const uint32_t *b, uint32_t *y, int32_t outer, int32_t a_size, int32_t b_size) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < a_size; i++) {
            y[o * (a_size + b_size) + i] = a[o * a_size + i];
        }
        for (int32_t i = 0; i < b_size; i++) {
            y[o * (a_size + b_size) + a_size + i] = b[o * b_size + i];
        }
    }
}
