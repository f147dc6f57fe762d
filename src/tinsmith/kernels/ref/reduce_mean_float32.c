/* Mean along one axis, float32: the sum in order of index, divided by the length.
 * x [outer][length][inner] -> y [outer][inner]; length < 2^24. */
#include "ts_float.h"

void ts_reduce_mean_float32(const float *x, float *y, int32_t outer, int32_t length, int32_t inner) {
    typedef float value_type;
    typedef float result_type;
#define TS_NEXT(sum, x) ((sum) + (x))
#define TS_RESULT(sum) ts_div(sum, (float)length)
#include "ts_reduce.inc"
}
