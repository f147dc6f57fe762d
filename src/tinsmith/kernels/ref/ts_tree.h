/* Walk down one binary decision tree in pre-order: node i is (bits of its float32 threshold, word), and the word is
 * feature << 20 | flags | nodes to skip. To the left the next node follows, to the right the one behind those skipped;
 * a tree has one leaf more than nodes, so leaves are counted along and need no nodes of their own.
 *
 * x goes left where x <= threshold; NaN (and, with TS_TREE_ZERO, what lies within 1e-35 of zero) where TS_TREE_MISSING
 * is set. Whatever the words hold, the walk moves forward and ends after `count` nodes. */
#ifndef TS_TREE_H
#define TS_TREE_H

#include "ts_float.h"

#define TS_TREE_MISSING 0x80000u
#define TS_TREE_RIGHT_LEAF 0x40000u
#define TS_TREE_ZERO 0x20000u
#define TS_TREE_SKIP 0x1FFFFu

/* The leaf that features x end in, for a tree whose first node is `node` and whose first leaf is `leaf`. */
static inline int32_t ts_tree_leaf(const float *x, const int32_t *nodes, int32_t count, int32_t node, int32_t leaf) {
    while (node < count) {
        float threshold = ts_float_of((uint32_t)nodes[2 * node]);
        uint32_t word = (uint32_t)nodes[2 * node + 1];
        float value = x[word >> 20];
        float size = value < 0.0f ? -value : value;
        int32_t left = value <= threshold;
        if (value != value || ((word & TS_TREE_ZERO) != 0u && size <= 1e-35f)) {
            left = (word & TS_TREE_MISSING) != 0u;
        }
        int32_t skip = (int32_t)(word & TS_TREE_SKIP);
        if (left) {
            if (skip == 1) {
                break;
            }
            node++;
        } else {
            leaf += skip;
            if ((word & TS_TREE_RIGHT_LEAF) != 0u) {
                break;
            }
            node += skip;
        }
    }
    return leaf;
}

#endif
