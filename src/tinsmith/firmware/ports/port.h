/* What start-up, main and a port know of each other. Symbols in lower case with ts_ come from here or from the linker script. */
#ifndef TS_PORT_H
#define TS_PORT_H

#include <stddef.h>
#include <stdint.h>

extern uint8_t ts_arena[]; /* activations, inputs and outputs of the model */

/* main.c */
void ts_main(void);  /* never returns */
void ts_reset(void); /* resets the model's states */

/* the port */
void ts_begin(void);           /* called before each run: a port may write inputs into the arena */
void ts_end(int32_t status);   /* called after each run: a port may read outputs */
void ts_fault(uint32_t cause); /* called by exception handlers; must not return */

#endif
