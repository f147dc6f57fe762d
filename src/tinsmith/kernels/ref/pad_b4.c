/* More places along one axis, elements of 4 bytes: y[o][k][i] = x[o][k - before][i], or the value where that lies
 * outside x. x [outer][length][inner] -> y [outer][before + length + after][inner]. The value is given by its bits. */
/* mutant: "k < before + length" -> "k < length" */
#include "ts_kernel.h"

void ts_pad_b4(const uint32_t *x, uint32_t *y, int32_t outer, int32_t length, int32_t inner, int32_t before, int32_t after,
                int32_t value) {
    int32_t longer = before + length + after;
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t k = 0; k < longer; k++) {
            for (int32_t i = 0; i < inner; i++) {
                int32_t inside = k >= before && k < before + length;
                y[(o * longer + k) * inner + i] = inside ? x[(o * length + k - before) * inner + i] : (uint32_t)value;
            }
        }
    }
}
