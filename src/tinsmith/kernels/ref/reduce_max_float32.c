/* Largest value along one axis, float32. x [outer][length][inner] -> y [outer][inner].
 * The first element is replaced where a later one is larger: a NaN in the first place stays, later ones are passed over. */
#include "ts_kernel.h"

void ts_reduce_max_float32(const float *x, float *y, int32_t outer, int32_t length, int32_t inner) {
    typedef float value_type;
    typedef float result_type;
#define TS_NEXT(best, x) ((x) > (best) ? (x) : (best))
#define TS_RESULT(best) (best)
#include "ts_reduce.inc"
}
