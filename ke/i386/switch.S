/* SPDX-License-Identifier: MIT */
/*
 * Changing the thread that a processor runs, and the first instructions of a new
 * one.  The stack that KiSwapContext leaves behind is a KSWITCH_FRAME; for a new
 * thread startup.c has laid one out that returns to KiThreadStartup.
 */
#include "ke/i386/trapmacros.h"

        .text

/*
 * void KiSwapContext(PKTHREAD Old, PKTHREAD New)
 *
 * The arguments come in EAX and EDX; ESI = Old, EDI = New from then on.  The processor
 * takes interrupts throughout: at each instruction the stack is a whole one, and none
 * looks at the rest.
 */
        .balign 16
        .global KiSwapContext
        .type   KiSwapContext, @function
KiSwapContext:
        .cfi_startproc
        PUSH    ebp
        PUSH    ebx
        PUSH    esi
        PUSH    edi
        movl    %eax, %esi
        movl    %edx, %edi
        movb    ThNpxState(%esi), %al
        andb    $KiNpxLoaded, %al
        orb     ThDebugActive(%esi), %al
        orb     ThDebugActive(%edi), %al
        jnz     2f
1:      movl    %esp, ThKernelStack(%esi)
        movl    ThKernelStack(%edi), %esp
        movl    %edi, %fs:PcCurrentThread
        incl    ThContextSwitches(%edi)

        movl    %fs:PcTss, %edx
        movl    ThInitialStack(%edi), %eax
        subl    $KI_ESP0_FROM_TOP, %eax
        movl    %eax, TssEsp0(%edx)

        movl    %fs:PcGdt, %ecx         /* the descriptor of selector 38: the TEB */
        movl    ThTeb(%edi), %eax
        movw    %ax, 0x38 + 2(%ecx)
        shrl    $16, %eax
        movb    %al, 0x38 + 4(%ecx)
        movb    %ah, 0x38 + 7(%ecx)

        movl    ThApcProcess(%edi), %eax
        movl    ThApcProcess(%esi), %ecx
        cmpl    %eax, %ecx
        jne     3f
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        ret

2:      pushl   %edi
        pushl   %esi
        call    KiSwapExtendedState
        addl    $8, %esp
        jmp     1b

3:      movl    %fs:PcSetMember, %ebx   /* EAX = new process, ECX = old */
        lock orl %ebx, PrActiveProcessors(%eax)
        movl    PrDirectoryTableBase(%eax), %eax
        movl    %eax, %cr3
        movl    %eax, TssFaultCr3(%edx)
        movl    %eax, TssNmiCr3(%edx)
        notl    %ebx
        lock andl %ebx, PrActiveProcessors(%ecx)
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        ret
        .cfi_endproc
        .size   KiSwapContext, . - KiSwapContext

/*
 * A new thread's first instruction, at DISPATCH_LEVEL with the dispatcher lock held.
 * The stack is a KSTART_FRAME: SystemRoutine, StartRoutine, StartContext,
 * UserThread; behind it, for a user thread, its trap frame.
 */
        .section .text.trap, "ax"
        .global KiThreadStartup
        .type   KiThreadStartup, @function
KiThreadStartup:
        .cfi_startproc
        .cfi_undefined eip              /* the bottom of the stack */
        xorl    %ebp, %ebp
        call    KiBeginThread           /* to APC_LEVEL */
        call    KiTraceThreadStart
        popl    %eax
        call    *%eax                   /* SystemRoutine(StartRoutine, StartContext) */
        addl    $8, %esp
        popl    %eax
        testl   %eax, %eax
        jz      1f
        movl    %esp, %ebp
        jmp     KiExitToUser
1:      call    KiNoUserContext
        .cfi_endproc
        .size   KiThreadStartup, . - KiThreadStartup
