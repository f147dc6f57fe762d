/* More places before and after x along up to four axes, elements of 2 bytes, all with the value, which is given by its
 * bits. x [d0][d1][d2][d3] -> y [b0 + d0 + a0]...[b3 + d3 + a3]. A row of y is some of the value, a row of x, more of the
 * value; or, outside of x, the value alone. */
#include "ts_kernel.h"

void ts_pad_b2(const uint16_t *x, uint16_t *y, int32_t d0, int32_t d1, int32_t d2, int32_t d3, int32_t b0, int32_t b1,
                int32_t b2, int32_t b3, int32_t a0, int32_t a1, int32_t a2, int32_t a3, int32_t value) {
    uint16_t fill = (uint16_t)value;
#include "ts_pad.inc"
}
