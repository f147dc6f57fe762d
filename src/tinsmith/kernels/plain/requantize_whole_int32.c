/* Requantisation of int32 to int32 by a factor of at most one: h = floor((x * m + e) / 2^31), then
 * floor((h + (h < 0 ? s : 0) + half) / 2^bits), with e, s, m as in ts_plain.h (twice is 2 * e), half 2^(bits-1), or 0 where bits
 * is 0. x, y [n]; y may be x. */
#include "ts_plain.h"

void ts_plain_requantize_whole_int32(const int32_t *x, int32_t *y, int32_t n, int32_t m, int32_t bits, int32_t twice,
                                     int32_t sign, int32_t half) {
    const int64_t e = (int64_t)((uint32_t)twice >> 1);
    for (int32_t i = 0; i < n; i++) {
        int32_t h = (int32_t)(((int64_t)x[i] * m + e) >> 31);
        int64_t rounded = (int64_t)h + half + (ts_plain_negative(h) & sign);
        y[i] = (int32_t)(rounded >> bits);
    }
}
