/* Port "bare": no peripherals. A debugger or an emulator stops at ts_begin to write inputs and at ts_end to read outputs. */
#include "../port.h"

void ts_begin(void) {
    __asm__ volatile("" ::: "memory");
}

void ts_end(int32_t status) {
    __asm__ volatile("" : : "r"(status) : "memory");
}

void ts_fault(uint32_t cause) {
    for (;;) {
        __asm__ volatile("" : : "r"(cause) : "memory");
    }
}
