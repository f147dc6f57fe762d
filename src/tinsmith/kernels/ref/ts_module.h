/* What generated modules use: marks of step functions, sections, and a byte copy that needs no libc. */
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

/* For functions that do little more than call: clang makes them as small as it can, and what several have in common, such as the
 * numbers that layers of the same shape give their kernel, a function of its own. It costs a word or
 * two of stack, which the kernels of cores with the DSP extension save elsewhere, those of others do not. Not for RISC-V: there clang 22
 * reaches such a function by a jump that overwrites t1, which it may use. */
#if defined(__clang__) && defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)
#define TS_SMALL __attribute__((minsize))
#else
#define TS_SMALL
#endif

/* Where constants and kernels lie, where the linker script knows better places than .rodata and .text. Give the name of a section
 * to the compiler, without quotes, for all files of the module:
 *   -DTS_WEIGHTS_SECTION=.ext_flash    constants and initial contents of states, e.g. in external flash
 *   -DTS_HOT_SECTION=.itcm             kernels, where nearly all time is spent, e.g. in tightly coupled memory
 *   -DTS_ARENA_SECTION=.dtcm           what is declared with <NAME>_ARENA(symbol) of the public header
 * The linker script places the section; start-up code copies it there where the memory is volatile. */
#define TS_SECTION(...) __attribute__((section(TS_SECTION_TEXT(__VA_ARGS__))))
#define TS_SECTION_TEXT(...) #__VA_ARGS__

#if defined(TS_WEIGHTS_SECTION)
#define TS_WEIGHTS TS_SECTION(TS_WEIGHTS_SECTION)
#else
#define TS_WEIGHTS
#endif

#if defined(TS_HOT_SECTION)
#define TS_HOT TS_SECTION(TS_HOT_SECTION)
#else
#define TS_HOT
#endif

/* Copies bytes forwards; the ranges do not overlap. */
static inline void ts_copy(uint8_t *to, const uint8_t *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}

#endif
