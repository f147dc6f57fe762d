/* Routines of float32 arithmetic for cores without an FPU whose stock versions hold absolute addresses (look-up tables), which a
 * module binary must not. Operands and results are the bits of the floats. Names and results: Run-time ABI for the Arm Architecture
 * (IHI 0043, section 4.1.2) and the GCC internals manual, "Routines for floating point emulation" (RISC-V). */
#include <stdint.h>

static int is_nan(uint32_t x) {
    return (x & 0x7FFFFFFFu) > 0x7F800000u;
}

static int unordered(uint32_t a, uint32_t b) {
    return is_nan(a) || is_nan(b);
}

/* An integer that is ordered as the floats are; both zeros become 0. */
static int32_t rank(uint32_t x) {
    int32_t magnitude = (int32_t)(x & 0x7FFFFFFFu);
    return (x >> 31) != 0 ? -magnitude : magnitude;
}

#if defined(__arm__)

int __aeabi_fcmpeq(uint32_t a, uint32_t b);
int __aeabi_fcmplt(uint32_t a, uint32_t b);
int __aeabi_fcmple(uint32_t a, uint32_t b);
int __aeabi_fcmpge(uint32_t a, uint32_t b);
int __aeabi_fcmpgt(uint32_t a, uint32_t b);
int __aeabi_fcmpun(uint32_t a, uint32_t b);

int __aeabi_fcmpun(uint32_t a, uint32_t b) {
    return unordered(a, b);
}

int __aeabi_fcmpeq(uint32_t a, uint32_t b) {
    return !unordered(a, b) && rank(a) == rank(b);
}

int __aeabi_fcmplt(uint32_t a, uint32_t b) {
    return !unordered(a, b) && rank(a) < rank(b);
}

int __aeabi_fcmple(uint32_t a, uint32_t b) {
    return !unordered(a, b) && rank(a) <= rank(b);
}

int __aeabi_fcmpge(uint32_t a, uint32_t b) {
    return __aeabi_fcmple(b, a);
}

int __aeabi_fcmpgt(uint32_t a, uint32_t b) {
    return __aeabi_fcmplt(b, a);
}

#else

int __unordsf2(uint32_t a, uint32_t b);
int __eqsf2(uint32_t a, uint32_t b);
int __nesf2(uint32_t a, uint32_t b);
int __ltsf2(uint32_t a, uint32_t b);
int __lesf2(uint32_t a, uint32_t b);
int __gtsf2(uint32_t a, uint32_t b);
int __gesf2(uint32_t a, uint32_t b);
uint32_t __floatsisf(int32_t x);
uint32_t __floatunsisf(uint32_t x);

/* -1, 0 or 1; `nan` where the operands are not ordered. */
static int compare(uint32_t a, uint32_t b, int nan) {
    if (unordered(a, b)) {
        return nan;
    }
    return rank(a) < rank(b) ? -1 : rank(a) > rank(b);
}

int __unordsf2(uint32_t a, uint32_t b) {
    return unordered(a, b);
}

int __eqsf2(uint32_t a, uint32_t b) {
    return compare(a, b, 1);
}

int __nesf2(uint32_t a, uint32_t b) {
    return compare(a, b, 1);
}

int __ltsf2(uint32_t a, uint32_t b) {
    return compare(a, b, 1);
}

int __lesf2(uint32_t a, uint32_t b) {
    return compare(a, b, 1);
}

int __gtsf2(uint32_t a, uint32_t b) {
    return compare(a, b, -1);
}

int __gesf2(uint32_t a, uint32_t b) {
    return compare(a, b, -1);
}

/* Round to nearest, ties to even; a carry out of the mantissa steps the exponent by itself. */
uint32_t __floatunsisf(uint32_t x) {
    uint32_t exponent = 158;
    if (x == 0) {
        return 0;
    }
    while ((x >> 31) == 0) {
        x <<= 1;
        exponent--;
    }
    uint32_t bits = (exponent << 23) + ((x & 0x7FFFFFFFu) >> 8);
    uint32_t rest = x & 0xFFu;
    return bits + (rest > 0x80u || (rest == 0x80u && (bits & 1u) != 0));
}

uint32_t __floatsisf(int32_t x) {
    return x < 0 ? __floatunsisf(0u - (uint32_t)x) | 0x80000000u : __floatunsisf((uint32_t)x);
}

#endif
