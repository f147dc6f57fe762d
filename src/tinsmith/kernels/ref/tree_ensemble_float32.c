/* Decision trees, float32: y[r][c] = start[c], and then tree by tree the values of the leaf that row r ends in are added.
 *
 * values [rows][width], x [batch][features], nodes [count][2] and the walk as in ts_tree.h, trees [trees][3] (first node or -1,
 * first leaf, first column), leaves: row of values of each leaf, unless `direct`, where leaf and row are the same. */
#include "ts_tree.h"

void ts_tree_ensemble_float32(const float *values, const float *x, const int32_t *nodes, const int32_t *trees,
                              const int16_t *leaves, const float *start, float *y, int32_t batch, int32_t features,
                              int32_t count, int32_t number, int32_t width, int32_t columns, int32_t direct) {
    for (int32_t r = 0; r < batch; r++) {
        float *out = y + r * columns;
        for (int32_t c = 0; c < columns; c++) {
            out[c] = start[c];
        }
        for (int32_t t = 0; t < number; t++) {
            const int32_t *tree = trees + 3 * t;
            int32_t leaf = tree[1];
            if (tree[0] >= 0) {
                leaf = ts_tree_leaf(x + r * features, nodes, count, tree[0], leaf);
            }
            const float *row = values + (direct ? leaf : (int32_t)(uint16_t)leaves[leaf]) * width;
            for (int32_t i = 0; i < width; i++) {
                out[tree[2] + i] += row[i];
            }
        }
    }
}
