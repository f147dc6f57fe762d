/* Another type for the same values, from bool: y[i] = 1 where the byte x[i] is not 0, else 0.
 * x [n]; y [n] of type target: 0 float32, 1 int8, 2 uint8, 3 int16, 4 int32, 5 int64, 6 bool. */
#include "ts_cast.h"

void ts_cast_bool(const uint8_t *x, void *y, int32_t n, int32_t target) {
    for (int32_t i = 0; i < n; i++) {
        ts_store_integer(y, i, target, x[i] != 0u ? 1 : 0);
    }
}
