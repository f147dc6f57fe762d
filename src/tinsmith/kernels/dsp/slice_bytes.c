/* Takes a run along one axis. x [outer][length], from byte start on, y [outer][bytes]. */
#include "ts_dsp_copy.h"

void ts_dsp_slice_bytes(const void *x, void *y, int32_t outer, int32_t length, int32_t start, int32_t bytes) {
    const uint8_t *from = (const uint8_t *)x + start;
    uint8_t *to = y;
    for (int32_t o = 0; o < outer; o++) {
        ts_bytes_copied(to, from, bytes);
        from += length;
        to += bytes;
    }
}
