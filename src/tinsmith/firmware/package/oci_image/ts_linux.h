/* The little of Linux that a program without libc needs: start, read, write, exit. Numbers of the calls: Linux, syscall_64.tbl
 * (x86_64) and asm-generic/unistd.h (aarch64); registers: man 2 syscall. */
#ifndef TS_LINUX_H
#define TS_LINUX_H

#include <stddef.h>
#include <stdint.h>

int ts_main(long count, char **arguments);
__attribute__((noreturn, used)) void ts_enter(const long *stack);

#if defined(__x86_64__)
#define TS_READ 0
#define TS_WRITE 1
#define TS_EXIT 60

__asm__(".globl _start\n_start:\n    xor %ebp, %ebp\n    mov %rsp, %rdi\n    and $-16, %rsp\n    call ts_enter\n");

static inline long ts_call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
#define TS_READ 63
#define TS_WRITE 64
#define TS_EXIT 93

__asm__(".globl _start\n_start:\n    mov x29, xzr\n    mov x30, xzr\n    mov x0, sp\n    bl ts_enter\n");

static inline long ts_call(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
#else
#error "tinsmith: no Linux calls are known for this processor"
#endif

#define TS_INTERRUPTED (-4)

/* Reads until `bytes` are there or the input ends; returns how many, or a negative error. */
static inline long ts_read(void *to, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
        long n = ts_call(TS_READ, 0, (long)(uintptr_t)((char *)to + done), (long)(bytes - done));
        if (n == 0) {
            break;
        }
        if (n < 0 && n != TS_INTERRUPTED) {
            return n;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return (long)done;
}

/* Writes all of it; returns 0, or a negative error. */
static inline long ts_write(int file, const void *from, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
        long n = ts_call(TS_WRITE, file, (long)(uintptr_t)((const char *)from + done), (long)(bytes - done));
        if (n < 0 && n != TS_INTERRUPTED) {
            return n;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* The stack at the start of a program: number of arguments, then pointers to them. */
void ts_enter(const long *stack) {
    int code = ts_main(stack[0], (char **)(uintptr_t)(stack + 1));
    for (;;) {
        ts_call(TS_EXIT, code, 0, 0);
    }
}

#endif
