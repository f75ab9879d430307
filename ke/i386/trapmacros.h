/* SPDX-License-Identifier: MIT */
/*
 * Macros of the assembly that enters and leaves the kernel.
 *
 * A KTRAP_FRAME is built by pushes from the top: the processor (or SYSENTER's
 * entry) supplies SS ESP EFLAGS CS EIP, the rest follows here.  In the kernel EBP
 * points to it, FS is the KPCR and DS = ES = 23, flat, as user mode has them.
 *
 * The call-frame information makes a debugger's backtrace go through the frame
 * to what was interrupted, user program or kernel.  Its CFA is the address past
 * EFLAGS; where the interrupted ESP is depends on the ring in CS.
 */
#pragma once
#include "ke/i386/offsets.h"

        .cfi_sections .debug_frame

#define KERNEL_FS 0x30
#define USER_FS   0x3B
#define USER_CS   0x1B
#define FLAT_DS   0x23

#define DWARF_EFLAGS 9 /* clang does not know it by name */

/* ESP = (CS & 3) ? *CFA : CFA, with the CFA on the expression's stack:
   dup, lit8, minus, deref, lit3, and, bra +3, skip +1, deref */
.macro CFI_INTERRUPTED_ESP
        .cfi_escape 0x16, 4, 13, 0x12, 0x38, 0x1c, 0x06, 0x33, 0x1a, 0x28, 3, 0, 0x2f, 1, 0, 0x06
.endm

/* At the first instruction of a handler: only the processor has pushed, and \extra bytes. */
.macro CFI_TRAP extra=0
        .cfi_startproc
        .cfi_signal_frame
        .cfi_def_cfa esp, 12 + \extra
        .cfi_offset eip, -12
        .cfi_offset cs, -8
        .cfi_offset DWARF_EFLAGS, -4
        CFI_INTERRUPTED_ESP
.endm

/* Code that runs with EBP = trap frame. */
.macro CFI_FRAME
        .cfi_startproc
        .cfi_signal_frame
        CFI_FRAME_RULES
        .cfi_offset eip, TsEip - TsHardwareEsp
        .cfi_offset cs, TsSegCs - TsHardwareEsp
        .cfi_offset DWARF_EFLAGS, TsEFlags - TsHardwareEsp
        CFI_INTERRUPTED_ESP
.endm

.macro CFI_FRAME_RULES
        .cfi_def_cfa ebp, TsHardwareEsp
        .cfi_offset ebp, TsEbp - TsHardwareEsp
        .cfi_offset ebx, TsEbx - TsHardwareEsp
        .cfi_offset esi, TsEsi - TsHardwareEsp
        .cfi_offset edi, TsEdi - TsHardwareEsp
        .cfi_offset eax, TsEax - TsHardwareEsp
        .cfi_offset ecx, TsEcx - TsHardwareEsp
        .cfi_offset edx, TsEdx - TsHardwareEsp
.endm

.macro PUSH register
        pushl   %\register
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset \register, 0
.endm

.macro PUSH_VALUE value
        pushl   \value
        .cfi_adjust_cfa_offset 4
.endm

/* ErrCode is pushed: the rest of the frame.  Clears DF, AC and NT, leaves IF clear. */
.macro ENTER_TRAP
        PUSH    ebp
        PUSH    ebx
        PUSH    esi
        PUSH    edi
        PUSH_VALUE %fs
        subl    $8, %esp                /* ExceptionList, PreviousPreviousMode: unused */
        .cfi_adjust_cfa_offset 8
        PUSH    eax
        PUSH    ecx
        PUSH    edx
        PUSH_VALUE %ds
        PUSH_VALUE %es
        PUSH_VALUE %gs
        subl    $TsBelowRegisters, %esp
        movl    %esp, %ebp
        CFI_FRAME_RULES
#ifndef NDEBUG
        movl    $0, TsDbgEip(%ebp)      /* no system service */
#endif
        movl    $KERNEL_FS, %eax
        movl    %eax, %fs
        movl    $FLAT_DS, %eax
        movl    %eax, %ds
        movl    %eax, %es
        pushl   $EFLAGS_FIXED
        popfl
.endm

/* To \bad if \thread enters user mode with a lock, APCs disabled, or attached. */
.macro CHECK_NOTHING_HELD thread, bad
#ifndef NDEBUG
        cmpl    $0, ThApcDisable(\thread)
        jne     \bad
        cmpb    $0, ThApcStateIndex(\thread)
        jne     \bad
        cmpl    $0, %fs:PcShortSectionBy
        jne     \bad
#endif
.endm

/* EBP = frame, interrupts off: all registers back, and away. */
.macro LEAVE_TRAP
        leal    TsBelowRegisters(%ebp), %esp
        popl    %gs
        popl    %es
        popl    %ds
        popl    %edx
        popl    %ecx
        popl    %eax
        addl    $8, %esp
        popl    %fs
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        addl    $4, %esp
        iret
.endm

/*
 * Opens and closes the kernel's window on user memory.  Three-byte no-operations
 * that KiEnableSmap turns into STAC and CLAC on a processor that has them.
 */
.macro USER_ACCESS_BEGIN
771:    .byte   0x8D, 0x76, 0x00        /* leal 0(%esi), %esi */
        .pushsection __smap, "a"
        .long   771b, 0xCB010F          /* stac */
        .popsection
.endm

.macro USER_ACCESS_END
772:    .byte   0x8D, 0x76, 0x00
        .pushsection __smap, "a"
        .long   772b, 0xCA010F          /* clac */
        .popsection
.endm

/* A fault at label \from in kernel mode continues at \to. */
.macro ON_FAULT from, to
        .pushsection __ex_table, "a"
        .long   \from, \to
        .popsection
.endm
