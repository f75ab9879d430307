/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of Win32 threads after ntdll's initialisation.
 *
 * The creator's CONTEXT brings the routine in EAX and the parameter (of a
 * process: the PEB) in EBX.  EBP = 0 and a zero return address end every
 * backtrace here.  Neither routine returns.
 */
        .text
        .globl _BaseProcessStartThunk@0
_BaseProcessStartThunk@0:
        xorl    %ebp, %ebp
        pushl   %eax                    /* the image's entry */
        pushl   $0
        jmp     _BaseProcessStart@4

        .globl _BaseThreadStartThunk@0
_BaseThreadStartThunk@0:
        xorl    %ebp, %ebp
        pushl   %ebx                    /* parameter */
        pushl   %eax                    /* routine */
        pushl   $0
        jmp     _BaseThreadStart@8
