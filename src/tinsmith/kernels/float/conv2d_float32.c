/* Convolution over NHWC, float32, and what follows it (ts_float_finish). Four places are made at a time, from x itself where the
 * windows of all lie inside it and are runs of it, else from copies in columns [4][kernel_y * kernel_x * depth], zeros where a
 * window hangs over the border: they change no sum, as no weight is infinite or NaN and no bias is -0. w: four rows interleaved,
 * those that are left one by one, group by group, of `out` results each. x [batch][height][width][groups * depth], b
 * [groups * out], y [batch][rows][across][groups * out]. */
#include "ts_float_block.h"
#include "ts_inside.h"

enum { TS_FLOAT_PLACES = 4, TS_FLOAT_TOGETHER = 4 };

/* Where a window is: its picture, at the first channel of its group, and its first row and column. */
typedef struct {
    const float *picture;
    int32_t from_y, from_x;
} ts_float_place;

/* Sizes of windows and pictures. */
typedef struct {
    int32_t height, width, channels, depth, kernel_y, kernel_x, dilation_y, dilation_x;
} ts_float_window;

#if TS_FLOAT_ASSEMBLER

/* Copies so many. */
TS_FLOAT_NAKED static void ts_float_copy(
    float *to TS_FLOAT_GIVEN, const float *from TS_FLOAT_GIVEN, int32_t n TS_FLOAT_GIVEN) {
    __asm__(".syntax unified\n push {r4, r5, r6, r7, r8, r9, r10, lr}\n subs r2, #8\n blt 2f\n"
            "1: ldmia r1!, {r3, r4, r5, r6, r7, r8, r9, r10}\n stmia r0!, {r3, r4, r5, r6, r7, r8, r9, r10}\n"
            "subs r2, #8\n bge 1b\n"
            "2: adds r2, #8\n beq 4f\n"
            "3: ldr r3, [r1], #4\n str r3, [r0], #4\n subs r2, #1\n bne 3b\n"
            "4: pop {r4, r5, r6, r7, r8, r9, r10, pc}\n");
}

#endif

static inline float *ts_float_copied(float *to, const float *from, int32_t n) {
#if TS_FLOAT_ASSEMBLER
    ts_float_copy(to, from, n);
#else
    for (int32_t i = 0; i < n; i++) {
        to[i] = from[i];
    }
#endif
    return to + n;
}

static inline float *ts_float_zeros(float *to, int32_t n) {
    for (const float *end = to + n; to != end;) {
        *to++ = 0.0f;
    }
    return to;
}

/* A window, its places inside x of a row of the kernel in one run where they lie together. */
static void ts_float_gather(float *to, const ts_float_place *at, const ts_float_window *window) {
    int32_t along = window->kernel_x;
    int32_t before = 0;
    if (at->from_x < 0 || at->from_x + (along - 1) * window->dilation_x >= window->width) {
        before = ts_inside(at->from_x, along, window->dilation_x, window->width, &along);
    }
    int32_t step = window->dilation_x * window->channels;
    int32_t together = step == window->depth ? along : 1;
    for (int32_t ky = 0; ky < window->kernel_y; ky++) {
        int32_t py = at->from_y + ky * window->dilation_y;
        int32_t outside = py < 0 || py >= window->height ? 1 : 0;
        const float *from = at->picture + (py * window->width + at->from_x) * window->channels + before * step;
        int32_t left = outside != 0 ? window->kernel_x : before;
        to = ts_float_zeros(to, left * window->depth);
        for (int32_t k = 0; k < along && outside == 0; k += together, from += step) {
            to = ts_float_copied(to, from, together * window->depth);
        }
        int32_t right = outside != 0 ? 0 : window->kernel_x - before - along;
        to = ts_float_zeros(to, right * window->depth);
    }
}

/* Four columns of x, each runs of so many floats, gap bytes apart, and where their results go: blocks of four, from bias on. The
 * assembler knows this order. */
typedef struct {
    const float *x[TS_FLOAT_PLACES];
    float *y[TS_FLOAT_PLACES];
    int32_t runs, length, gap, blocks;
    const float *bias;
} ts_float_tile;

#if TS_FLOAT_ASSEMBLER

#define TS_FLOAT_COLUMN(value, a, b, c, d) \
    "vmul.f32 s20, " #value ", s16\n vmul.f32 s21, " #value ", s17\n vmul.f32 s22, " #value ", s18\n vmul.f32 s23, " #value ", s19\n" \
    "vadd.f32 " #a ", " #a ", s20\n vadd.f32 " #b ", " #b ", s21\n vadd.f32 " #c ", " #c ", s22\n vadd.f32 " #d ", " #d ", s23\n"
#define TS_FLOAT_DEPTH(x0, x1, x2, x3) \
    "vldmia r4!, {s16, s17, s18, s19}\n" TS_FLOAT_COLUMN(x0, s0, s1, s2, s3) TS_FLOAT_COLUMN(x1, s4, s5, s6, s7) \
    TS_FLOAT_COLUMN(x2, s8, s9, s10, s11) TS_FLOAT_COLUMN(x3, s12, s13, s14, s15)

#define TS_FLOAT_DEPTHS \
    "vldmia r0!, {s24, s25}\n vldmia r1!, {s26, s27}\n vldmia r2!, {s28, s29}\n vldmia r3!, {s30, s31}\n" \
    TS_FLOAT_DEPTH(s24, s26, s28, s30) TS_FLOAT_DEPTH(s25, s27, s29, s31)
#if defined(__OPTIMIZE_SIZE__)
#define TS_FLOAT_ENTERED
#define TS_FLOAT_UNROLLED
#else
#define TS_FLOAT_ENTERED \
    "and r12, r9, #3\n adds r9, #3\n lsrs r9, r9, #2\n cmp r12, #2\n beq 8f\n bhi 7f\n cmp r12, #1\n beq 9f\n"
#define TS_FLOAT_UNROLLED "7: " TS_FLOAT_DEPTHS "8: " TS_FLOAT_DEPTHS "9: " TS_FLOAT_DEPTHS
#endif

/* All blocks of a tile. r0-r3 x, r4 w, r5 tile, r6 bias, r7 blocks, r8 runs, r9 pairs of a run, r10 gap, r11 length. */
TS_FLOAT_NAKED static void ts_float_blocks(const float *w TS_FLOAT_GIVEN, ts_float_tile *tile TS_FLOAT_GIVEN) {
    __asm__(".syntax unified\n push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
            "vpush {s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26, s27, s28, s29, s30, s31}\n"
            "mov r4, r0\n mov r5, r1\n ldrd r7, r6, [r5, #44]\n"
            "1: ldm r5, {r0, r1, r2, r3}\n ldr r8, [r5, #32]\n ldrd r11, r10, [r5, #36]\n"
            "vldmia r6, {s0, s1, s2, s3}\n vldmia r6, {s4, s5, s6, s7}\n vldmia r6, {s8, s9, s10, s11}\n"
            "vldmia r6!, {s12, s13, s14, s15}\n"
            "2: lsrs r9, r11, #1\n beq 4f\n" TS_FLOAT_ENTERED
            "3: " TS_FLOAT_DEPTHS TS_FLOAT_UNROLLED "subs r9, #1\n bne 3b\n"
            "4: tst r11, #1\n beq 5f\n"
            "vldmia r0!, {s24}\n vldmia r1!, {s26}\n vldmia r2!, {s28}\n vldmia r3!, {s30}\n"
            TS_FLOAT_DEPTH(s24, s26, s28, s30)
            "5: subs r8, #1\n beq 6f\n"
            "add r0, r10\n add r1, r10\n add r2, r10\n add r3, r10\n b 2b\n"
            "6: add r9, r5, #16\n ldm r9, {r0, r1, r2, r3}\n"
            "vstmia r0!, {s0, s1, s2, s3}\n vstmia r1!, {s4, s5, s6, s7}\n"
            "vstmia r2!, {s8, s9, s10, s11}\n vstmia r3!, {s12, s13, s14, s15}\n"
            "stm r9, {r0, r1, r2, r3}\n subs r7, #1\n bne 1b\n"
            "vpop {s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26, s27, s28, s29, s30, s31}\n"
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

#endif

/* One result of a column: its weights lie `apart` floats from each other. */
static inline float ts_float_of_runs(const float *x, const float *w, float sum, const ts_float_tile *tile, int32_t apart) {
    for (int32_t run = 0; run < tile->runs; run++, x += tile->length + tile->gap / 4) {
        for (int32_t k = 0; k < tile->length; k++, w += apart) {
            sum += ts_f32(x[k] * *w);
        }
    }
    return sum;
}

/* A tile's results: those of whole blocks, then those that are left. */
static void ts_float_tiled(const float *w, ts_float_tile *tile, int32_t out) {
    int32_t depth = tile->runs * tile->length;
#if TS_FLOAT_ASSEMBLER
    if (tile->blocks > 0) {
        ts_float_blocks(w, tile);
    }
#else
    for (int32_t o = 0; o < TS_FLOAT_TOGETHER * tile->blocks; o++) {
        const float *own = w + o / TS_FLOAT_TOGETHER * TS_FLOAT_TOGETHER * depth + o % TS_FLOAT_TOGETHER;
        for (int32_t k = 0; k < TS_FLOAT_PLACES; k++) {
            *tile->y[k]++ = ts_float_of_runs(tile->x[k], own, tile->bias[o], tile, TS_FLOAT_TOGETHER);
        }
    }
#endif
    for (int32_t o = TS_FLOAT_TOGETHER * tile->blocks; o < out; o++) {
        for (int32_t k = 0; k < TS_FLOAT_PLACES; k++) {
            *tile->y[k]++ = ts_float_of_runs(tile->x[k], w + o * depth, tile->bias[o], tile, 1);
        }
    }
}

/* How windows follow one another: in rows of so many, then from row to row, then from picture to picture. */
typedef struct {
    int32_t rows, across, stride_y, stride_x, top, left, picture;
} ts_float_walk;

static inline void ts_float_next(ts_float_place *at, int32_t *row, int32_t *column, const ts_float_walk *walk) {
    at->from_x += walk->stride_x;
    if (++*column == walk->across) {
        *column = 0;
        at->from_x = -walk->left;
        at->from_y += walk->stride_y;
        if (++*row == walk->rows) {
            *row = 0;
            at->from_y = -walk->top;
            at->picture += walk->picture;
        }
    }
}

void ts_float_conv2d_float32(
    const float *x, const float *w, const float *b, float *y, void *columns,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups, int32_t follows,
    float least, float most) {
    ts_float_window window = {height, width, channels, channels / groups, kernel_y, kernel_x, dilation_y, dilation_x};
    int32_t run = kernel_x * window.depth, depth = kernel_y * run;
    int32_t last_y = height - 1 - (kernel_y - 1) * dilation_y, last_x = width - kernel_x;
    int32_t places = batch * rows * across;
    const ts_float_walk next = {rows, across, stride_y, stride_x, top, left, height * width * channels};
    int32_t direct = groups == 1 && dilation_x == 1 ? 1 : 0, step = stride_x * channels;
    for (int32_t group = 0; group < groups; group++, w += out * depth) {
        ts_float_place at = {x + group * window.depth, -top, -left};
        float *to = y + group * out;
        int32_t row = 0, column = 0;
        for (int32_t left_over = places; left_over > 0; left_over -= TS_FLOAT_PLACES) {
            ts_float_tile tile;
            tile.blocks = out / TS_FLOAT_TOGETHER;
            tile.bias = b + group * out;
            int32_t behind = at.from_x + (TS_FLOAT_PLACES - 1) * stride_x;
            if (direct && column + TS_FLOAT_PLACES <= across && at.from_y >= 0 && at.from_y <= last_y && at.from_x >= 0 && behind <= last_x) {
                const float *from = at.picture + (at.from_y * width + at.from_x) * channels;
                tile.runs = kernel_y;
                tile.length = run;
                tile.gap = 4 * (dilation_y * width * channels - run);
                for (int32_t k = 0; k < TS_FLOAT_PLACES; k++, from += step, to += groups * out) {
                    tile.x[k] = from;
                    tile.y[k] = to;
                }
                column += TS_FLOAT_PLACES - 1;
                at.from_x = behind;
                ts_float_next(&at, &row, &column, &next);
            } else {
                float *copy = columns;
                tile.runs = 1;
                tile.length = depth;
                tile.gap = 0;
                for (int32_t k = 0; k < TS_FLOAT_PLACES; k++) {
                    if (k < left_over) {
                        ts_float_gather(copy, &at, &window);
                        ts_float_next(&at, &row, &column, &next);
                        tile.x[k] = copy;
                        tile.y[k] = to;
                        copy += depth;
                        to += groups * out;
                    } else { /* the last one is made again in place of those that are none */
                        tile.x[k] = tile.x[k - 1];
                        tile.y[k] = tile.y[k - 1];
                    }
                }
            }
            ts_float_tiled(w, &tile, out);
        }
    }
    ts_float_finish(y, places * groups * out, follows, least, most);
}
