/* More places before and after x along up to four axes, elements of 1 byte, all with the value, which is given by its
 * bits. x [d0][d1][d2][d3] -> y [b0 + d0 + a0]...[b3 + d3 + a3]. A row of y is some of the value, a row of x, more of the
 * value; or, outside of x, the value alone. */
#include "ts_kernel.h"

void ts_pad_b1(const uint8_t *x, uint8_t *y, int32_t d0, int32_t d1, int32_t d2, int32_t d3, int32_t b0, int32_t b1,
                int32_t b2, int32_t b3, int32_t a0, int32_t a1, int32_t a2, int32_t a3, int32_t value) {
    uint8_t fill = (uint8_t)value;
    int32_t wide = b3 + d3 + a3;
    for (int32_t i = -b0; i < d0 + a0; i++)
    for (int32_t j = -b1; j < d1 + a1; j++)
    for (int32_t k = -b2; k < d2 + a2; k++) {
        int32_t inside = i >= 0 && i < d0 && j >= 0 && j < d1 && k >= 0 && k < d2;
        int32_t start = inside ? b3 : wide, end = inside ? b3 + d3 : wide, h = 0;
        while (h < start) {
            y[h++] = fill;
        }
        while (h < end) {
            y[h++] = *x++;
        }
        while (h < wide) {
            y[h++] = fill;
        }
        y += wide;
    }
}
