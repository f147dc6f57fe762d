/* Index of the smallest value along one axis, float32; of equal ones the first, or the last.
 * The first element is replaced where a later one is better: a NaN in the first place stays, later ones are passed over.
 * x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_argmin_float32(const float *x, int64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t last) {
    typedef float value_type;
#define TS_BETTER(x, best) ((x) < (best))
#include "ts_argbest.inc"
}
