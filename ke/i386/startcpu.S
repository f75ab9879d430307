/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of every processor but the one that boots.
 *
 * KiStartCode is copied to KI_START_PAGE, where the processor begins in real mode
 * with CS = KI_START_PAGE / 16.  It goes to protected mode, and to paging with the
 * tables boot/entry.S used, which map low memory where it is; then it is in the
 * high half, takes the kernel's tables and the stack of its idle thread, and calls
 * KiProcessorMain (processors.c).  One processor at a time is here.
 */
#include "ke/i386/offsets.h"

#define KERNEL_BASE 0x80000000
#define LOW(symbol) ((symbol) - KERNEL_BASE)
#define COPIED(symbol) (KI_START_PAGE + (symbol) - KiStartCode)

#define CR0_PE       0x00000001
#define CR0_WP_PG    0x80010000
#define CR0_NO_CACHE 0x60000000 /* CD and NW, as INIT leaves them */
#define CR4_PAE      0x20
#define MSR_EFER     0xC0000080
#define EFER_NXE     0x800
#define HAL_CPU_NX   4 /* inc/hal.h */

        .section .rodata
        .global KiStartCode, KiStartCodeEnd
        .code16
KiStartCode:
        cli
        cld
        movw    %cs, %ax
        movw    %ax, %ds
        lgdtl   KiStartGdtr - KiStartCode
        movl    %cr0, %eax
        andl    $~CR0_NO_CACHE, %eax
        orl     $CR0_PE, %eax
        movl    %eax, %cr0
        ljmpl   $0x08, $COPIED(KiStartProtected)

        .code32
KiStartProtected:
        movl    $0x10, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        testl   $HAL_CPU_NX, LOW(HalCpuFeatures)
        jz      1f
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $EFER_NXE, %eax
        wrmsr
1:      movl    %cr4, %eax
        orl     $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $LOW(KiEarlyPointers), %eax
        movl    %eax, %cr3
        movl    %cr0, %eax
        orl     $CR0_WP_PG, %eax
        movl    %eax, %cr0
        movl    $KiStartHigh, %eax
        jmp     *%eax

        .balign 8
KiStartGdt:                             /* null, code, data: flat */
        .quad   0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
KiStartGdtr:
        .word   . - KiStartGdt - 1
        .long   COPIED(KiStartGdt)
KiStartCodeEnd:

        .text
        .type   KiStartHigh, @function
KiStartHigh:
        movl    KiStartDirectoryTable, %eax
        movl    %eax, %cr3
        movl    KiStartStack, %esp
        xorl    %ebp, %ebp              /* backtraces end here */
        call    KiProcessorMain
        ud2                             /* it does not return */
        .size   KiStartHigh, . - KiStartHigh

        .section .note.GNU-stack, "", @progbits
