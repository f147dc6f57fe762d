/* Fully connected layer over one row, float32, and what follows it (ts_float_finish; bounds are no NaN). x [depth], w as in
 * ts_float_columns.h, b [out], y [out]. */
#include "ts_float_columns.h"

#if TS_FLOAT_ASSEMBLER

#define TS_FLOAT_EIGHT(value) "vldmia r1!, {s8, s9, s10, s11, s12, s13, s14, s15}\n" \
    TS_FLOAT_TERMS(value, s8, s9, s10, s11, s0, s1, s2, s3) TS_FLOAT_TERMS(value, s12, s13, s14, s15, s4, s5, s6, s7)
#define TS_FLOAT_TERM "vldmia r4!, {s16}\n vldmia r1!, {s8}\n vmul.f32 s8, s8, s16\n vadd.f32 s0, s0, s8\n"
/* Over x from r4 on, so many times as r7 says. */
#if defined(__OPTIMIZE_SIZE__)
#define TS_FLOAT_EIGHTS "mov r6, r7\n 11: vldmia r4!, {s16}\n" TS_FLOAT_EIGHT(s16) "subs r6, #1\n bne 11b\n"
#define TS_FLOAT_TERMS_OF_ONE "mov r6, r7\n 13: " TS_FLOAT_TERM "subs r6, #1\n bne 13b\n"
#else
#define TS_FLOAT_EIGHTS \
    "lsrs r6, r7, #1\n beq 12f\n" \
    "11: vldmia r4!, {s16, s17}\n" TS_FLOAT_EIGHT(s16) TS_FLOAT_EIGHT(s17) "subs r6, #1\n bne 11b\n" \
    "12: tst r7, #1\n beq 13f\n vldmia r4!, {s16}\n" TS_FLOAT_EIGHT(s16) "13:\n"
#define TS_FLOAT_TERMS_OF_ONE \
    "lsrs r6, r7, #1\n beq 15f\n" \
    "14: vldmia r4!, {s16, s17}\n vldmia r1!, {s8, s9}\n vmul.f32 s8, s8, s16\n vmul.f32 s9, s9, s17\n" \
    "vadd.f32 s0, s0, s8\n vadd.f32 s0, s0, s9\n subs r6, #1\n bne 14b\n" \
    "15: tst r7, #1\n beq 16f\n" TS_FLOAT_TERM "16:\n"
#endif

TS_FLOAT_NAKED void ts_float_dense_row_float32(
    const float *x, const float *w, const float *b, float *y, int32_t depth, int32_t out, int32_t follows, float least, float most);
#pragma GCC diagnostic ignored "-Wunused-parameter"

#endif

void ts_float_dense_row_float32(
    const float *x, const float *w, const float *b, float *y, int32_t depth, int32_t out, int32_t follows, float least, float most) {
#if TS_FLOAT_ASSEMBLER
    /* r0 x, r1 w, r2 b, r3 y, r4 in x, r5 results that are left, r6 counts, r7 depth, lr y's begin, s18 and s19 the bounds. */
    __asm__(".syntax unified\n push {r4, r5, r6, r7, lr}\n vpush {s16, s17, s18, s19}\n"
            "ldrd r7, r5, [sp, #36]\n vmov.f32 s18, s0\n vmov.f32 s19, s1\n"
            "mov lr, r3\n subs r5, #8\n blt 2f\n"
            "1: vldmia r2!, {s0, s1, s2, s3, s4, s5, s6, s7}\n mov r4, r0\n" TS_FLOAT_EIGHTS
            "vstmia r3!, {s0, s1, s2, s3, s4, s5, s6, s7}\n subs r5, #8\n bge 1b\n"
            "2: adds r5, #8\n beq 4f\n"
            "3: vldmia r2!, {s0}\n mov r4, r0\n" TS_FLOAT_TERMS_OF_ONE
            "vstmia r3!, {s0}\n subs r5, #1\n bne 3b\n"
            "4: ldr r5, [sp, #44]\n mov r12, #0x7F800000\n subs r5, #1\n blt 7f\n bgt 6f\n"
            "5: ldr r0, [lr]\n" TS_FLOAT_RECTIFIED(r0) "str r0, [lr], #4\n cmp lr, r3\n bne 5b\n b 7f\n"
            "6: vldr s0, [lr]\n vcmp.f32 s0, s18\n vmrs APSR_nzcv, fpscr\n it mi\n vmovmi.f32 s0, s18\n"
            "vcmp.f32 s0, s19\n vmrs APSR_nzcv, fpscr\n it gt\n vmovgt.f32 s0, s19\n vstmia lr!, {s0}\n cmp lr, r3\n bne 6b\n"
            "7: vpop {s16, s17, s18, s19}\n pop {r4, r5, r6, r7, pc}\n");
#else
    ts_float_two(x, x, w, b, y, 0, depth, out);
    ts_float_finish(y, out, follows, least, most);
#endif
}
