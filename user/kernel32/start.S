/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of Win32 threads after ntdll's initialisation.
 *
 * The creator's CONTEXT brings the routine in EAX and the parameter (of a
 * process: the PEB) in EBX.  EBP = 0 and the unwind table end every backtrace
 * here.  Neither routine returns.
 */
#include "user/ntdll/asmdefs.h"

        .cfi_sections .debug_frame
        .text

Function _BaseProcessStartThunk@0
        .cfi_undefined %eip
        xorl    %ebp, %ebp
        pushl   %eax                    /* the image's entry */
        call    _BaseProcessStart@4
        int3
        .cfi_endproc

Function _BaseThreadStartThunk@0
        .cfi_undefined %eip
        xorl    %ebp, %ebp
        pushl   %ebx                    /* parameter */
        pushl   %eax                    /* routine */
        call    _BaseThreadStart@8
        int3
        .cfi_endproc
