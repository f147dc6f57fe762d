/* Joins two tensors along one axis. a [outer][a_bytes], b [outer][b_bytes], y [outer][a_bytes + b_bytes]. */
#include "ts_dsp_copy.h"

void ts_dsp_concat_bytes(const void *a, const void *b, void *y, int32_t outer, int32_t a_bytes, int32_t b_bytes) {
    const uint8_t *first = a;
    const uint8_t *second = b;
    uint8_t *to = y;
    for (int32_t o = 0; o < outer; o++) {
        ts_bytes_copied(to, first, a_bytes);
        ts_bytes_copied(to + a_bytes, second, b_bytes);
        first += a_bytes;
        second += b_bytes;
        to += a_bytes + b_bytes;
    }
}
