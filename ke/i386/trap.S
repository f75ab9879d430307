/* SPDX-License-Identifier: MIT */
/*
 * The ways into the kernel other than system calls: a stub for each processor
 * exception and each hardware interrupt, and the one way out of all of them.
 *
 * A stub completes the trap frame and calls KiTrap (trap.c) or KiInterrupt
 * (interrupt.c).  On the way to user mode KiServiceExit2 delivers user APCs and
 * checks that nothing is left raised or held.  System calls are in syscall.S.
 */
#include "ke/i386/trapmacros.h"

        .section .text.trap, "ax"

/* ---- Exceptions --------------------------------------------------------------- */

.macro TRAP vector
        .balign 16
        .global KiTrap\vector
        .type   KiTrap\vector, @function
KiTrap\vector:
        CFI_TRAP
        PUSH_VALUE $0
        ENTER_TRAP
        pushl   $0x\vector
        jmp     KiTrapCommon
        .cfi_endproc
        .size   KiTrap\vector, . - KiTrap\vector
.endm

.macro TRAP_WITH_CODE vector
        .balign 16
        .global KiTrap\vector
        .type   KiTrap\vector, @function
KiTrap\vector:
        CFI_TRAP 4
        ENTER_TRAP
        pushl   $0x\vector
        jmp     KiTrapCommon
        .cfi_endproc
        .size   KiTrap\vector, . - KiTrap\vector
.endm

        TRAP 00 /* divide */
        /* 01, debug: below */
        TRAP 03 /* breakpoint */
        TRAP 04 /* overflow */
        TRAP 05 /* bounds */
        TRAP 06 /* invalid opcode */
        TRAP 07 /* device not available */
        /* 02 and 08, NMI and double fault: task gates */
        TRAP 09 /* coprocessor overrun */
        TRAP_WITH_CODE 0A /* invalid TSS */
        TRAP_WITH_CODE 0B /* segment not present */
        TRAP_WITH_CODE 0C /* stack */
        TRAP_WITH_CODE 0D /* general protection */
        TRAP_WITH_CODE 0E /* page fault */
        TRAP 0F /* spurious */
        TRAP 10 /* x87 */
        TRAP_WITH_CODE 11 /* alignment */
        TRAP 12 /* machine check */
        TRAP 13 /* SSE */
        TRAP 2D /* a debugger's services */

/*
 * Debug.  SYSENTER does not clear TF, so a program that single-steps over it traps
 * on the kernel's first instruction, on the scratch words below the TSS's Esp0.
 * Go on behind it, at the entry that puts TF into the trap frame instead.
 */
        .balign 16
        .global KiTrap01
        .type   KiTrap01, @function
KiTrap01:
        CFI_TRAP
        cmpl    $KiFastCallEntry, (%esp)
        je      1f
        PUSH_VALUE $0
        ENTER_TRAP
        pushl   $1
        jmp     KiTrapCommon
        .cfi_endproc
1:      movl    $KiFastCallEntryStepped, (%esp)
        andl    $~EFLAGS_TF, 8(%esp)
        pushl   %eax
        xorl    %eax, %eax
        movl    %eax, %dr6
        popl    %eax
        iret
        .size   KiTrap01, . - KiTrap01

/* The vector is pushed. */
        .type   KiTrapCommon, @function
KiTrapCommon:
        CFI_FRAME
        pushl   %ebp
        call    KiTrap
        jmp     KiExitTrap
        .cfi_endproc
        .size   KiTrapCommon, . - KiTrapCommon

/* ---- Hardware interrupts ---------------------------------------------------------- */

/*
 * Vectors 30 to FF, eight bytes each: the vector less 80 as ErrCode, because a
 * small number makes a short push.
 */
        .balign 16
        .global KiInterruptStubs
KiInterruptStubs:
        .set    vector, 0x30
        .rept   0x100 - 0x30
        .balign 8
        pushl   $(vector - 0x80)
        jmp     KiInterruptCommon
        .set    vector, vector + 1
        .endr

        .type   KiInterruptCommon, @function
KiInterruptCommon:
        CFI_TRAP 4
        ENTER_TRAP
        pushl   %ebp
        call    KiInterrupt
        .cfi_endproc
        .size   KiInterruptCommon, . - KiInterruptCommon
        /* falls through */

/* ---- Ways out ------------------------------------------------------------------------ */

        .type   KiExitTrap, @function
KiExitTrap:
        CFI_FRAME
        cli
        testb   $3, TsSegCs(%ebp)
        jnz     KiExitToUser
        LEAVE_TRAP
        .cfi_endproc
        .size   KiExitTrap, . - KiExitTrap

/* void KiServiceExit2(PKTRAP_FRAME TrapFrame): out, with every register from the frame. */
        .balign 16
        .global KiServiceExit2
        .type   KiServiceExit2, @function
KiServiceExit2:
        movl    4(%esp), %ebp
        .size   KiServiceExit2, . - KiServiceExit2

/* EBP = frame. */
        .global KiExitToUser
        .type   KiExitToUser, @function
KiExitToUser:
        CFI_FRAME
        movl    %ebp, %esp
1:      cli
        movl    %fs:PcCurrentThread, %esi
        cmpb    $0, ThUserApcPending(%esi)
        jne     2f
        cmpb    $0, %fs:PcIrql
        jne     3f
        CHECK_NOTHING_HELD %esi, 3f
        LEAVE_TRAP
2:      pushl   %ebp
        call    KiDeliverUserApcs
        movl    %ebp, %esp
        jmp     1b
3:      pushl   %ebp
        call    KiBadExitToUser
        ud2                             /* a return address of this function's, for the stack */
        .cfi_endproc
        .size   KiExitToUser, . - KiExitToUser
