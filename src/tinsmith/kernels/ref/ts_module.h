/* What generated modules use: marks of step functions, and a byte copy that needs no libc. */
#ifndef TS_MODULE_H
#define TS_MODULE_H

#include <stddef.h>
#include <stdint.h>

/* A step is one node of the graph. It has external linkage and is never inlined, cloned or folded, so that a
 * debugger, an emulator or a test can watch its entry, attribute instructions to it and call it by itself.
 * TS_EXPORT also makes it visible outside a shared object that hides symbols by default. */
#if defined(TS_EXPORT)
#define TS_VISIBLE __attribute__((visibility("default")))
#else
#define TS_VISIBLE
#endif

#ifndef TS_STEP
#if defined(__clang__)
#define TS_STEP __attribute__((noinline, used)) TS_VISIBLE
#elif defined(__GNUC__)
#define TS_STEP __attribute__((noipa)) TS_VISIBLE
#else
#define TS_STEP
#endif
#endif

/* Copies bytes forwards; the ranges do not overlap. */
static inline void ts_copy(uint8_t *to, const uint8_t *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}

#endif
