/* SPDX-License-Identifier: MIT */
/*
 * The parts of exception handling that C cannot say: taking the caller's
 * registers, and calling a handler with a guard frame of its own around it.
 *
 * Next: exception.c, which does the rest.
 */
#include "user/ntdll/asmdefs.h"

    .cfi_sections .debug_frame
    .text

/*
 * RtlCaptureContext(PCONTEXT) - the registers as they are when this returns.
 *
 * All but EAX, which is 0 there.  Preserves every register but EAX, so that
 * callers can capture their own state before they use any.
 */
Function _RtlCaptureContext@4
    pushfl
    .cfi_adjust_cfa_offset 4
    movl 8(%esp), %eax
    movl %edi, CONTEXT_EDI(%eax)
    movl %esi, CONTEXT_ESI(%eax)
    movl %ebx, CONTEXT_EBX(%eax)
    movl %edx, CONTEXT_EDX(%eax)
    movl %ecx, CONTEXT_ECX(%eax)
    movl $0, CONTEXT_EAX(%eax)
    movl %ebp, CONTEXT_EBP(%eax)
    movl $CONTEXT_FULL_VALUE, CONTEXT_FLAGS(%eax)
    movl $0, CONTEXT_SEG_GS(%eax)
    movl $0, CONTEXT_SEG_FS(%eax)
    movl $0, CONTEXT_SEG_ES(%eax)
    movl $0, CONTEXT_SEG_DS(%eax)
    movl $0, CONTEXT_SEG_CS(%eax)
    movl $0, CONTEXT_SEG_SS(%eax)
    movw %gs, CONTEXT_SEG_GS(%eax)
    movw %fs, CONTEXT_SEG_FS(%eax)
    movw %es, CONTEXT_SEG_ES(%eax)
    movw %ds, CONTEXT_SEG_DS(%eax)
    movw %cs, CONTEXT_SEG_CS(%eax)
    movw %ss, CONTEXT_SEG_SS(%eax)
    popl CONTEXT_EFLAGS(%eax)
    .cfi_adjust_cfa_offset -4
    pushl %ecx
    movl 4(%esp), %ecx
    movl %ecx, CONTEXT_EIP(%eax)
    leal 12(%esp), %ecx /* past the saved ECX, the return address, the argument */
    movl %ecx, CONTEXT_ESP(%eax)
    popl %ecx
    xorl %eax, %eax
    ret $4
    .cfi_endproc

/*
 * RtlRaiseException(PEXCEPTION_RECORD) - with the caller's state as the CONTEXT.
 *
 * If a handler continues, this returns to the caller.
 */
Function _RtlRaiseException@4
    pushl %ebp
    .cfi_adjust_cfa_offset 4
    .cfi_offset %ebp, -8
    movl %esp, %ebp
    .cfi_def_cfa_register %ebp
    subl $CONTEXT_SIZE, %esp
    pushl %esp
    call _RtlCaptureContext@4
    movl (%ebp), %eax
    movl %eax, CONTEXT_EBP(%esp)
    movl 4(%ebp), %eax
    movl %eax, CONTEXT_EIP(%esp)
    leal 12(%ebp), %eax
    movl %eax, CONTEXT_ESP(%esp)
    movl %esp, %eax
    pushl %eax
    pushl 8(%ebp)
    call _RtlpRaise@8
    int3
    .cfi_endproc

/*
 * RtlUnwind(TargetFrame, TargetIp, Record, ReturnValue) - see RtlpUnwind.
 *
 * As on NT for x86, it returns to its caller, with ReturnValue in EAX; TargetIp,
 * which every caller sets to that same place, is not looked at.
 */
Function _RtlUnwind@16
    pushl %ebp
    .cfi_adjust_cfa_offset 4
    .cfi_offset %ebp, -8
    movl %esp, %ebp
    .cfi_def_cfa_register %ebp
    subl $CONTEXT_SIZE, %esp
    pushl %esp
    call _RtlCaptureContext@4
    movl (%ebp), %eax
    movl %eax, CONTEXT_EBP(%esp)
    movl 4(%ebp), %eax
    movl %eax, CONTEXT_EIP(%esp)
    leal 24(%ebp), %eax
    movl %eax, CONTEXT_ESP(%esp)
    movl 20(%ebp), %eax
    movl %eax, CONTEXT_EAX(%esp)
    movl %esp, %eax
    pushl %eax
    pushl 4(%ebp)
    pushl 16(%ebp)
    pushl 8(%ebp)
    call _RtlpUnwind@16
    movl 20(%ebp), %eax
    leave
    .cfi_def_cfa %esp, 4
    ret $16
    .cfi_endproc

/*
 * RtlpExecuteHandler(Record, Frame, Context, DispatcherContext, Handler, Guard)
 *
 * Calls Handler with a registration of Guard around it, followed by Frame as in
 * RTLP_GUARD_FRAME: an exception or unwind inside Handler meets Guard, which
 * tells whose handler it was.  Handlers are cdecl, but ESP is taken back from
 * EBP so that a stdcall one does no harm.
 */
Function _RtlpExecuteHandler@24
    pushl %ebp
    .cfi_adjust_cfa_offset 4
    .cfi_offset %ebp, -8
    movl %esp, %ebp
    .cfi_def_cfa_register %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    .cfi_offset %ebx, -12
    .cfi_offset %esi, -16
    .cfi_offset %edi, -20
    pushl 12(%ebp)
    pushl 28(%ebp)
    pushl %fs:0
    movl %esp, %fs:0
    pushl 20(%ebp)
    pushl 16(%ebp)
    pushl 12(%ebp)
    pushl 8(%ebp)
    call *24(%ebp)
    leal -24(%ebp), %esp
    popl %fs:0
    addl $8, %esp
    popl %edi
    popl %esi
    popl %ebx
    leave
    .cfi_def_cfa %esp, 4
    ret $24
    .cfi_endproc
