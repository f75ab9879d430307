/* SPDX-License-Identifier: MIT */
/*
 * A kernel that plays a part, to test the test runner: it prints TEXT on the
 * first serial port and then does what PART says.  For tests/tools/actors.py.
 *
 *   PART_EXIT  leaves QEMU with STATUS (of isa-debug-exit)
 *   PART_HANG  spins with interrupts off
 *   PART_RESET makes a triple fault
 */
        .text
        .balign 4
        .long   0x1BADB002, 0, -0x1BADB002 /* the Multiboot header */
        .globl  _start
_start: movl    $Text, %esi
        movw    $0x3F8, %dx
0:      lodsb
        testb   %al, %al
        jz      1f
        outb    %al, %dx
        jmp     0b
1:
#if defined(PART_EXIT)
        movb    $STATUS, %al
        outb    %al, $0xF4
#elif defined(PART_RESET)
        lidt    NoTable
        int3
#endif
2:      jmp     2b

        .section .rodata
Text:   .asciz  TEXT
NoTable:
        .word   0
        .long   0
