/* Another type for the same values, from int16: y[i] = x[i], see ts_cast.h.
 * x [n]; y [n] of type target: 0 float32, 1 int8, 2 uint8, 3 int16, 4 int32, 5 int64, 6 bool. */
#include "ts_cast.h"

void ts_cast_int16(const int16_t *x, void *y, int32_t n, int32_t target) {
#include "ts_cast.inc"
}
