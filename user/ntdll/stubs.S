/* SPDX-License-Identifier: MIT */
/*
 * System-call stubs, one for each line of inc/syscalls.def.
 *
 * A stub puts its number in EAX and calls through the pointer that the kernel
 * keeps at 7FFE0300 of the shared page: KiFastSystemCall where the processor has
 * SYSENTER, else KiIntSystemCall.  With the two return addresses (of the stub and
 * of its caller) on the stack the arguments are at ESP+8.
 *
 * The unwind tables let gdb's bt cross from the kernel into the caller.
 * Next: KiSystemService in ke/i386/.
 */

#define SYSTEM_CALL_POINTER 0x7FFE0300 /* KUSER_SHARED_DATA.SystemCall */

#include "user/ntdll/asmdefs.h"

    .cfi_sections .debug_frame
    .text
    .altmacro

    .set ServiceNumber, 0

/* %(...) makes digits of an expression: the symbol must be Name@bytes. */
.macro SystemService Name, Arguments
    SystemServiceStub \Name, %(\Arguments * 4)
.endm

.macro SystemServiceStub Name, Bytes
    .globl _\Name\()@\Bytes
    .def _\Name\()@\Bytes; .scl 2; .type 32; .endef
    .p2align 4
_\Name\()@\Bytes:
    .cfi_startproc
    movl $ServiceNumber, %eax
    movl $SYSTEM_CALL_POINTER, %edx
    call *(%edx)
    ret $\Bytes
    .cfi_endproc
    .set ServiceNumber, ServiceNumber + 1
.endm

#define SYSTEM_SERVICE(Name, Arguments) SystemService Name, Arguments
#include "syscalls.def"

/* SYSENTER saves nothing: the kernel takes ESP from EDX and returns to the ret below. */
Function _KiFastSystemCall@0
    movl %esp, %edx
    sysenter
    .cfi_endproc

Function _KiFastSystemCallRet@0
    ret
    .cfi_endproc

/* INT 2E: EDX points at the arguments themselves. */
Function _KiIntSystemCall@0
    leal 8(%esp), %edx
    int $0x2E
    ret
    .cfi_endproc
