/* Requantisation of int32 sums to int8 as ts_plain.h defines it, but for sums of any size: y[i] = clamp(round(x[i] * factor) +
 * zero), factor = m * 2^(-31 - n), n 2..31. factors: m, n - 1, for each of `channels` channels, i mod channels. x, y [n]; y may
 * begin where x does. */
#include "ts_plain.h"

void ts_plain_requantize_int32(const int32_t *x, const int32_t *factors, int8_t *y, int32_t n, int32_t channels,
                               int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
    const int64_t half = (int64_t)((uint32_t)twice >> 1);
    const int32_t *const end = factors + 2 * channels;
    const int32_t *row = factors;
    for (int32_t i = 0; i < n; i++) {
        int32_t h = (int32_t)(((int64_t)x[i] * row[0] + half) >> 31);
        h += ts_plain_negative(h) & sign;
        int32_t above = ((h >> row[1]) + base) >> 1;
        above &= ~ts_plain_negative(above);
        int32_t below = span - above;
        below &= ~ts_plain_negative(below);
        y[i] = (int8_t)(high - below);
        row += 2;
        row = row == end ? factors : row;
    }
}
