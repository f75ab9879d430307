/* SPDX-License-Identifier: MIT */
/*
 * System calls.  EAX is the service number; the arguments lie on the user stack,
 * at EDX for INT 2E and at EDX + 8 for SYSENTER (above two return addresses).
 *
 * Both entries build a trap frame, copy the arguments to the kernel stack and
 * call the service of the thread's table.  INT 2E saves and restores everything
 * that a program can see; SYSENTER is the fast one, whose instructions count:
 *
 *   SYSENTER's frame is a lean one.  EFLAGS.IF clear in it, which no other user
 *   frame has, says that only SS ESP EFLAGS CS EIP and EBP EBX ESI EDI are
 *   there.  Whoever wants the rest calls KiCompleteFrame (context.c), which sets
 *   IF; the thread then leaves by IRET with what the frame says.
 *
 * While a thread is in user mode its PreviousMode is UserMode and its TrapFrame
 * NULL; only an INT 2E from the kernel finds them different, and puts them back.
 */
#include "ke/i386/trapmacros.h"

        .section .text.trap, "ax"

/*
 * Calls the service: EAX number, EDX + \above arguments, EBX thread, EBP frame.
 * Leaves the status in EAX and goes on at \done, the label behind it, with EBX and
 * EBP as they were.
 */
.macro CALL_SERVICE above, done
        movl    ThServiceTable(%ebx), %edi
        cmpl    SdLimit(%edi), %eax
        jae     KiOtherTable\@
KiHaveService\@:
        movl    SdNumber(%edi), %ecx
        movl    SdBase(%edi), %esi
        movzbl  (%ecx, %eax), %ecx      /* bytes of arguments */
        movl    (%esi, %eax, 4), %eax
#ifndef NDEBUG
        movl    %eax, TsDbgEip(%ebp)    /* for KiBadExitToUser */
#endif
        testl   %ecx, %ecx
        jz      KiHaveArguments\@
        leal    \above(%edx), %esi
        subl    %ecx, %esp
        movl    %esp, %edi
        cmpl    $KI_USER_PROBE_ADDRESS, %esi
        jae     KiHighArguments\@
KiCopyArguments\@:
        shrl    $2, %ecx
        USER_ACCESS_BEGIN
KiCopyWords\@:
        rep movsl
        USER_ACCESS_END
        ON_FAULT KiCopyWords\@, KiBadArguments\@
KiHaveArguments\@:
        call    *%eax                   /* comes back to \done, which is next */

        /* Off the straight road: */
        .subsection 1
KiTraceService\@:
        pushl   %edx
        pushl   %eax
        leal    \above(%edx), %ecx
        pushl   %ecx
        pushl   %eax
        call    KiTraceSystemCall
        addl    $8, %esp
        popl    %eax
        popl    %edx
        movl    $KeServiceDescriptorTable, %edi
        cmpl    SdLimit(%edi), %eax
        jb      KiHaveService\@
        jmp     KiOtherNumber\@
KiOtherTable\@:
        cmpb    $0, KiTraceServices     /* then every thread's table is an empty one */
        jne     KiTraceService\@
KiOtherNumber\@:
        andl    $KI_SERVICE_NUMBER_MASK, %eax /* what is above says nothing */
        cmpl    SdLimit(%edi), %eax
        jb      KiHaveService\@
        movl    %eax, %ecx
        shrl    $KI_SERVICE_TABLE_SHIFT, %ecx
        cmpl    $1, %ecx
        jne     KiNoService\@
        addl    $12, %edi               /* KeServiceDescriptorTable[1] */
        andl    $KI_SERVICE_INDEX_MASK, %eax
        cmpl    SdLimit(%edi), %eax
        jb      KiHaveService\@
KiNoService\@:
        movl    $0xC000001C, %eax       /* STATUS_INVALID_SYSTEM_SERVICE */
        jmp     \done
KiHighArguments\@:
        testb   $3, TsSegCs(%ebp)       /* the kernel's own are up there */
        jz      KiCopyArguments\@
KiBadArguments\@:
        USER_ACCESS_END
        movl    $0xC0000005, %eax       /* STATUS_ACCESS_VIOLATION */
        jmp     \done
        .subsection 0
.endm

/* ---- SYSENTER ------------------------------------------------------------------- */

/*
 * Entered with ESP = &TSS.Esp0, EDX = user ESP, interrupts off, and the program's
 * DS, ES and flags, of which none can be trusted.
 */
        .balign 64
        .global KiFastCallEntry
        .type   KiFastCallEntry, @function
KiFastCallEntry:
        .cfi_startproc
        .cfi_undefined eip
        movl    (%esp), %esp
        pushl   $FLAT_DS
        pushl   %edx
        pushfl                          /* IF is clear: a lean frame */
        pushl   $USER_CS
        pushl   %ss:0xFFDF0304          /* KUSER_SHARED_DATA.SystemCallReturn */
        pushl   $0
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushl   $KERNEL_FS
        popl    %fs
        movl    $FLAT_DS, %ecx
        movl    %ecx, %ds
        movl    %ecx, %es
        movl    %fs:PcCurrentThread, %ebx
        subl    $TsEdi, %esp            /* the rest of the frame, not filled in */
        movl    %esp, %ebp
        .cfi_endproc
        CFI_FRAME
        .cfi_undefined eax
        .cfi_undefined ecx
        .cfi_undefined edx
        movl    %ebp, ThTrapFrame(%ebx)
        pushl   $EFLAGS_IF | EFLAGS_FIXED
        popfl                           /* interrupts on; DF, NT, AC off */
        CALL_SERVICE 8, KiFastCallExit

KiFastCallExit:
        cli
        movb    %fs:PcIrql, %cl
        orb     ThUserApcPending(%ebx), %cl
        jnz     KiFastCallExitFull
        CHECK_NOTHING_HELD %ebx, KiFastCallExitFull
        testb   $EFLAGS_IF >> 8, TsEFlags + 1(%ebp)
        jnz     KiServiceExitFull       /* somebody has completed the frame */
        movl    $0, ThTrapFrame(%ebx)
        pushl   $USER_FS
        popl    %fs
        movl    TsEdi(%ebp), %edi
        movl    TsEsi(%ebp), %esi
        movl    TsEbx(%ebp), %ebx
        movl    TsEip(%ebp), %edx
        movl    TsHardwareEsp(%ebp), %ecx
        pushl   TsEFlags(%ebp)
        popfl
        movl    TsEbp(%ebp), %ebp
        sti                             /* takes effect after the next instruction */
        sysexit

KiFastCallExitFull:
        pushl   %eax
        pushl   %ebp
        call    KiCompleteFrame
        addl    $4, %esp
        popl    %eax
        jmp     KiServiceExitFull
        .cfi_endproc
        .size   KiFastCallEntry, . - KiFastCallEntry

/*
 * From KiTrap01: the program single-steps over SYSENTER.  What INT 2E would have
 * pushed, and there on: IRET restores TF.
 */
        .global KiFastCallEntryStepped
        .type   KiFastCallEntryStepped, @function
KiFastCallEntryStepped:
        movl    (%esp), %esp
        pushl   $FLAT_DS
        pushl   %edx
        pushfl
        orl     $EFLAGS_TF | EFLAGS_IF, (%esp)
        pushl   $USER_CS
        pushl   %ss:0xFFDF0304
        addl    $8, %edx
        jmp     KiSystemService
        .size   KiFastCallEntryStepped, . - KiFastCallEntryStepped

/* Out through KiExitToUser with status EAX; the frame is complete. */
        .type   KiServiceExitFull, @function
KiServiceExitFull:
        CFI_FRAME
        movl    %eax, TsEax(%ebp)
        xorl    %eax, %eax
        xchgl   %eax, TsEdx(%ebp)       /* where the older frame's address is */
        movl    %eax, ThTrapFrame(%ebx)
        jmp     KiExitToUser
        .cfi_endproc
        .size   KiServiceExitFull, . - KiServiceExitFull

/* ---- INT 2E -------------------------------------------------------------------------- */

        .balign 64
        .global KiSystemService
        .type   KiSystemService, @function
KiSystemService:
        CFI_TRAP
        PUSH_VALUE $0
        PUSH    ebp
        PUSH    ebx
        PUSH    esi
        PUSH    edi
        PUSH_VALUE %fs
        PUSH_VALUE $KERNEL_FS
        popl    %fs
        .cfi_adjust_cfa_offset -4
        movl    %fs:PcCurrentThread, %ebx
        subl    $4, %esp
        .cfi_adjust_cfa_offset 4
        movzbl  %ss:ThPreviousMode(%ebx), %esi
        PUSH_VALUE %esi
        PUSH    eax
        PUSH    ecx
        PUSH_VALUE %ss:ThTrapFrame(%ebx) /* in the Edx slot: the older frame */
        PUSH_VALUE %ds
        PUSH_VALUE %es
        PUSH_VALUE %gs
        subl    $TsBelowRegisters, %esp
        movl    %esp, %ebp
        CFI_FRAME_RULES
        movl    $FLAT_DS, %ecx
        movl    %ecx, %ds
        movl    %ecx, %es
        movl    %ebp, ThTrapFrame(%ebx)
        movb    TsSegCs(%ebp), %cl
        andb    $1, %cl
        movb    %cl, ThPreviousMode(%ebx)
        pushl   $EFLAGS_IF | EFLAGS_FIXED
        popfl
        CALL_SERVICE 0, KiSystemServiceExit

KiSystemServiceExit:
        cli
        testb   $3, TsSegCs(%ebp)
        jz      1f
        cmpb    $0, ThUserApcPending(%ebx)
        jne     KiServiceExitFull
        cmpb    $0, %fs:PcIrql
        jne     KiServiceExitFull
        CHECK_NOTHING_HELD %ebx, KiServiceExitFull
        jmp     2f
1:      movb    TsPreviousPreviousMode(%ebp), %cl
        movb    %cl, ThPreviousMode(%ebx)
2:      movl    TsEdx(%ebp), %ecx
        movl    %ecx, ThTrapFrame(%ebx)
        leal    TsBelowRegisters(%ebp), %esp
        popl    %gs
        popl    %es
        popl    %ds
        popl    %edx                    /* not the program's: undefined after a call */
        popl    %ecx
        addl    $12, %esp
        popl    %fs
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        addl    $4, %esp
        iret
        .cfi_endproc
        .size   KiSystemService, . - KiSystemService
