/* A function of int8 by its table: y[i] = table[128 + x[i]], bytes. x, y [n], table [256]. y may be x. */
#include "ts_kernel.h"

void ts_lookup_int8(const int8_t *x, const void *table, void *y, int32_t n) {
    const uint8_t *entries = (const uint8_t *)table;
    uint8_t *to = (uint8_t *)y;
    for (int32_t i = 0; i < n; i++) {
        to[i] = entries[x[i] + 128];
    }
}
