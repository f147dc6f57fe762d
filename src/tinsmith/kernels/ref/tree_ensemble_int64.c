/* Decision trees, binary64 as bits: y[r][c] = (start[c] + the values of the leaves that row r ends in, tree by tree) / divisor.
 *
 * values [rows][width], x [batch][features], nodes [count][2] and the walk as in ts_tree.h, trees [trees][3] (first node or -1,
 * first leaf, first column), leaves: row of values of each leaf, unless `direct`, where leaf and row are the same. The divisor
 * comes in two words; it is above zero. */
#include "ts_double.h"
#include "ts_tree.h"

void ts_tree_ensemble_int64(const int64_t *values, const float *x, const int32_t *nodes, const int32_t *trees,
                            const int16_t *leaves, const int64_t *start, int64_t *y, int32_t batch, int32_t features,
                            int32_t count, int32_t number, int32_t width, int32_t columns, int32_t direct,
                            int32_t divisor_high, int32_t divisor_low) {
    uint64_t divisor = (uint64_t)(uint32_t)divisor_high << 32 | (uint32_t)divisor_low;
    for (int32_t r = 0; r < batch; r++) {
        int64_t *out = y + r * columns;
        for (int32_t c = 0; c < columns; c++) {
            out[c] = start[c];
        }
        for (int32_t t = 0; t < number; t++) {
            const int32_t *tree = trees + 3 * t;
            int32_t leaf = tree[1];
            if (tree[0] >= 0) {
                leaf = ts_tree_leaf(x + r * features, nodes, count, tree[0], leaf);
            }
            const int64_t *row = values + (direct ? leaf : (int32_t)(uint16_t)leaves[leaf]) * width;
            for (int32_t i = 0; i < width; i++) {
                int64_t *sum = out + tree[2] + i;
                *sum = (int64_t)ts_double_add((uint64_t)*sum, (uint64_t)row[i]);
            }
        }
        for (int32_t c = 0; c < columns; c++) {
            out[c] = (int64_t)ts_double_div((uint64_t)out[c], divisor);
        }
    }
}
