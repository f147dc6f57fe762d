/* Start-up for RV32: stack pointer, trap vector, .data, .bss, then main. Symbols come from the linker script. */
    .section .vectors, "ax"
    .globl _start
    .type _start, @function
_start:
    la sp, ts_stack_top
    la t0, ts_trap
    csrw mtvec, t0
    la t0, ts_data_load
    la t1, ts_data_begin
    la t2, ts_data_end
1:  bgeu t1, t2, 2f
    lw t3, 0(t0)
    sw t3, 0(t1)
    addi t0, t0, 4
    addi t1, t1, 4
    j 1b
2:  la t1, ts_bss_begin
    la t2, ts_bss_end
3:  bgeu t1, t2, 4f
    sw zero, 0(t1)
    addi t1, t1, 4
    j 3b
4:  call ts_main
5:  j 5b
    .size _start, . - _start

    .section .text.ts_trap, "ax"
    .balign 4
    .type ts_trap, @function
ts_trap:
    csrr a0, mcause
    call ts_fault
1:  j 1b
    .size ts_trap, . - ts_trap
