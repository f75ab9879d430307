/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel enters user mode on its own account: to deliver an APC and to
 * dispatch an exception.  It finds these by name when it maps ntdll.  Nothing has
 * called them: they never return, but go back by NtContinue.
 *
 * Also the first instruction of a native thread.
 * Next: LdrInitializeThunk (ldr/init.c), RtlDispatchException (exception.c).
 */
#include "user/ntdll/asmdefs.h"

    .cfi_sections .debug_frame
    .text

/*
 * KiUserApcDispatcher - on the stack: NormalRoutine, its three arguments, CONTEXT.
 *
 * A new thread's first user instruction is here, with LdrInitializeThunk, the
 * next function, as the routine.  EDI holds the CONTEXT meanwhile, which the
 * unwind table uses to let a backtrace continue in the interrupted code.  (NT
 * also installs an SEH frame here; without one a handler of the interrupted code
 * sees the APC's exceptions just the same.)
 */
Function _KiUserApcDispatcher@16
    .cfi_signal_frame
    .cfi_def_cfa %esp, 16
    .cfi_offset %eip, CONTEXT_EIP
    .cfi_offset %esp, CONTEXT_ESP
    .cfi_offset %ebp, CONTEXT_EBP
    .cfi_offset %ebx, CONTEXT_EBX
    .cfi_offset %esi, CONTEXT_ESI
    .cfi_offset %edi, CONTEXT_EDI
    leal 16(%esp), %edi
    .cfi_def_cfa %edi, 0
    popl %eax
    call *%eax      /* stdcall: pops its arguments, LdrInitializeThunk one more */
    movl %edi, %esp /* so the CONTEXT would be written over */
    pushl $1   /* TestAlert: deliver the next APC, if any */
    pushl %edi
    call _NtContinue@8
    pushl %eax
    call _RtlRaiseStatus@4
    int3
    .cfi_endproc

/*
 * LdrInitializeThunk(NormalContext, NtdllBase, Unused) - the loader's APC routine.
 *
 * The kernel does not know where on the stack the CONTEXT will lie, so it is here
 * that the first argument becomes its address: behind the return address and the
 * three arguments.
 */
Function _LdrInitializeThunk@12
    leal 16(%esp), %eax
    movl %eax, 4(%esp)
    jmp _LdrpInit@12
    .cfi_endproc

/*
 * KiUserExceptionDispatcher - on the stack: PEXCEPTION_RECORD, PCONTEXT.
 *
 * Handlers get the first chance.  When they repaired the cause the CONTEXT goes
 * on; when none wants it the kernel hears of it again, as second chance.
 */
Function _KiUserExceptionDispatcher@8
    .cfi_signal_frame
    cld
    movl (%esp), %ebx
    movl 4(%esp), %esi
    .cfi_def_cfa %esi, 0
    .cfi_offset %eip, CONTEXT_EIP
    .cfi_offset %esp, CONTEXT_ESP
    .cfi_offset %ebp, CONTEXT_EBP
    .cfi_offset %ebx, CONTEXT_EBX
    .cfi_offset %esi, CONTEXT_ESI
    .cfi_offset %edi, CONTEXT_EDI
    pushl %esi
    pushl %ebx
    call _RtlDispatchException@8
    testb %al, %al
    jz 1f
    pushl $0
    pushl %esi
    call _NtContinue@8
    jmp 2f
1:
    pushl $0
    pushl %esi
    pushl %ebx
    call _NtRaiseException@12
2:
    pushl %eax
    call _RtlRaiseStatus@4
    int3
    .cfi_endproc

/* KiUserCallbackDispatcher - win32k's way to call user32; there is none here. */
Function _KiUserCallbackDispatcher@12
    .cfi_undefined %eip
    pushl $STATUS_NOT_IMPLEMENTED_VALUE
    call _RtlRaiseStatus@4
    int3
    .cfi_endproc

/* RtlUserThreadStart - EAX: routine, EBX: its parameter; the outermost frame. */
Function _RtlUserThreadStart@0
    .cfi_undefined %eip
    xorl %ebp, %ebp
    pushl %ebx
    pushl %eax
    call _RtlpUserThreadStart@8
    int3
    .cfi_endproc
