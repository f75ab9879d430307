/* SPDX-License-Identifier: MIT */
/*
 * The instructions of faults.exe and what each must raise.  A case is a little
 * function in assembly: what comes before, the instruction, what comes after,
 * with a label at each, so that a handler knows where to resume.
 *
 * Segment limits and null selectors are not among them: QEMU checks neither when
 * it translates.
 */
#pragma once
#include "tests/user/seh.h"

#define ANY_VALUE 0xA5A5A5A5u

typedef struct _FAULT_CASE {
    PCSTR Name;
    const UCHAR *Code, *Fault, *End;
    NTSTATUS Status;
    ULONG Parameters;
    ULONG_PTR Information[3];
    ULONG_PTR Address;    /* ExceptionAddress; 0: Fault */
    ULONG_PTR ContextEip; /* 0: the same */
} FAULT_CASE;

#define CODE(Name, Before, Instruction, After)                                                 \
    __asm__(".text\n_" #Name ": " Before "\n_" #Name "At: " Instruction "\n_" #Name            \
            "End: " After "\n\tret\n");                                                        \
    extern const UCHAR Name[] __asm__("_" #Name);                                              \
    extern const UCHAR Name##At[] __asm__("_" #Name "At");                                     \
    extern const UCHAR Name##End[] __asm__("_" #Name "End");

#define ROW(Name, Status, ...) {#Name, Name, Name##At, Name##End, Status, __VA_ARGS__}
#define PLAIN(Name, Status) ROW(Name, Status, 0, {0}, 0, 0)
#define PRIVILEGED(Name) PLAIN(Name, STATUS_PRIVILEGED_INSTRUCTION)
#define VIOLATION(Name, Access, At) ROW(Name, STATUS_ACCESS_VIOLATION, 2, {Access, At}, 0, 0)
#define PROTECTION(Name) VIOLATION(Name, 0, (ULONG_PTR)-1)

static ULONG Zero[4] __attribute__((used));
static volatile LONG Limits[2] __attribute__((used)) = {1, 5};
static UCHAR DataCode[16] __attribute__((used));

/* Division */
CODE(DivideByZero, "movl $5, %eax\n\txorl %edx, %edx\n\txorl %ecx, %ecx", "divl %ecx", "")
CODE(DivideByZeroByte, "movl $5, %eax\n\tmovl $0x55, %ecx", "divb %ch", "")
CODE(DivideByZeroWord, "movl $5, %eax\n\tmovl $0x50000, %ecx\n\txorl %edx, %edx", "divw %cx", "")
CODE(DivideByZeroMemory, "xorl %edx, %edx\n\tmovl $1, %ecx", "idivl _Zero(,%ecx,4)", "")
CODE(DivideByZeroAam, "movl $5, %eax", ".byte 0xD4, 0", "")
CODE(DivideOverflow, "movl $0x80000000, %eax\n\tcltd\n\tmovl $-1, %ecx", "idivl %ecx", "")
CODE(DivideOverflowByte, "movl $0x1000, %eax\n\tmovl $0x100, %ecx", "divb %ch", "")
CODE(DivideOverflowStack, "movl $7, %edx\n\tpushl $3", "divl (%esp)", "popl %ecx")
CODE(DivideOverflowSib, "movl $7, %edx\n\tpushl $3\n\tmovl %esp, %ebx\n\tmovl $2, %esi",
    "divl -8(%ebx,%esi,4)", "popl %ecx")
CODE(DivideOverflowTeb, "movl $-1, %edx", "divl %fs:0x18", "")
CODE(OverflowTrap, "movb $0x7F, %al\n\taddb $1, %al", "into", "")
CODE(Bounds, "movl $6, %eax", "boundl %eax, _Limits", "")

/* Debugging */
CODE(Breakpoint, "movl $0x11, %ecx\n\tmovl $0x22, %edx", "int3", "")
CODE(LongBreakpoint, "", ".byte 0xCD, 3", "")
CODE(DebugService, "movl $1, %eax\n\tmovl $0x11, %ecx\n\tmovl $0x22, %edx", "int $0x2d", "")

/* No instruction */
CODE(InvalidOpcode, "", "ud2", "")
CODE(InvalidOpcodeLong, "", ".byte 0x0F, 0xFF, 0xC0", "")
CODE(LockedNop, "", ".byte 0xF0, 0x90", "")
CODE(LockedLate, "", ".byte 0x66, 0xF0, 0x0F, 0x0B", "")

/* The kernel's instructions */
CODE(Halt, "", "hlt", "")
CODE(DisableInterrupts, "", "cli", "")
CODE(EnableInterrupts, "", "sti", "")
CODE(InByte, "", "inb $0x60, %al", "")
CODE(OutLong, "movl $0xF4, %edx", "outl %eax, %dx", "")
CODE(OutString, "movl $0xF4, %edx\n\tmovl $4, %ecx\n\tmovl $_Zero, %esi", "rep outsb", "")
CODE(ReadControl, "", "movl %cr0, %eax", "")
CODE(WriteControl, "", "movl %eax, %cr3", "")
CODE(WriteDebug, "", "movl %eax, %dr7", "")
CODE(LoadGdt, "", "lgdt _Zero", "")
CODE(LoadTask, "movl $0x28, %eax", "ltr %ax", "")
CODE(Invalidate, "", "invlpg _Zero", "")
CODE(WriteBack, "", "wbinvd", "")
CODE(ReadMsr, "movl $0x174, %ecx", "rdmsr", "")
CODE(ClearTs, "", "clts", "")

/* Memory */
CODE(ReadNull, "", "movl 0x10, %eax", "")
CODE(WriteNull, "", "movl %eax, 0x10", "")
CODE(WriteReadOnly, "", "movl %eax, 0x7FFE0000", "")
CODE(ReadKernel, "", "movl 0x80101000, %eax", "")
CODE(WriteKernel, "", "movl %eax, 0xC0300000", "")
CODE(ReadLast, "", "movl 0xFFFFFFFC, %eax", "")
CODE(ReadGap, "", "movl 0x7FFF0000, %eax", "")
CODE(JumpToNull, "movl $0x20, %eax", "call *%eax", "")
CODE(JumpToKernel, "movl $0x80101000, %eax", "call *%eax", "")
CODE(JumpToData, "movl $_DataCode, %eax", "call *%eax", "")

/* Segments and gates */
CODE(KernelData, "pushl %ds\n\tmovl $0x10, %eax", "movw %ax, %ds", "popl %ds")
CODE(NoDescriptor, "pushl %ds\n\tmovl $0x7FFB, %eax", "movw %ax, %ds", "popl %ds")
CODE(TaskSegment, "pushl %ds\n\tmovl $0x2B, %eax", "movw %ax, %ds", "popl %ds")
CODE(NullStack, "xorl %eax, %eax", "movw %ax, %ss", "")
CODE(FarJump, "", "ljmp $8, $0x80101000", "")
CODE(SoftwareInterrupt, "", "int $0x80", "")
CODE(ClockInterrupt, "", "int $0xD1", "")
CODE(DivideInterrupt, "", "int $0", "")
CODE(FaultInterrupt, "", "int $0x0E", "")
CODE(TooLong, "", ".fill 15, 1, 0x66\n\tnop", "")

/* In runs of the same status; the first of each run is also tried without handler. */
static FAULT_CASE FaultCases[] = {
    PLAIN(DivideByZero, STATUS_INTEGER_DIVIDE_BY_ZERO),
    PLAIN(DivideByZeroByte, STATUS_INTEGER_DIVIDE_BY_ZERO),
    PLAIN(DivideByZeroWord, STATUS_INTEGER_DIVIDE_BY_ZERO),
    PLAIN(DivideByZeroMemory, STATUS_INTEGER_DIVIDE_BY_ZERO),
    PLAIN(DivideByZeroAam, STATUS_INTEGER_DIVIDE_BY_ZERO),
    PLAIN(DivideOverflow, STATUS_INTEGER_OVERFLOW),
    PLAIN(DivideOverflowByte, STATUS_INTEGER_OVERFLOW),
    PLAIN(DivideOverflowStack, STATUS_INTEGER_OVERFLOW),
    PLAIN(DivideOverflowSib, STATUS_INTEGER_OVERFLOW),
    PLAIN(DivideOverflowTeb, STATUS_INTEGER_OVERFLOW),
    ROW(OverflowTrap, STATUS_INTEGER_OVERFLOW, 0, {0}, 0, (ULONG_PTR)OverflowTrapEnd),
    PLAIN(Bounds, STATUS_ARRAY_BOUNDS_EXCEEDED),
    ROW(Breakpoint, STATUS_BREAKPOINT, 3, {0, 0x11, 0x22}, 0, 0),
    ROW(LongBreakpoint, STATUS_BREAKPOINT, 3, {0, ANY_VALUE, ANY_VALUE},
        (ULONG_PTR)LongBreakpointAt + 1, 0),
    ROW(DebugService, STATUS_BREAKPOINT, 3, {1, 0x11, 0x22}, (ULONG_PTR)DebugServiceEnd, 0),
    PLAIN(InvalidOpcode, STATUS_ILLEGAL_INSTRUCTION),
    PLAIN(InvalidOpcodeLong, STATUS_ILLEGAL_INSTRUCTION),
    PLAIN(LockedNop, STATUS_INVALID_LOCK_SEQUENCE),
    PLAIN(LockedLate, STATUS_INVALID_LOCK_SEQUENCE),
    PRIVILEGED(Halt),
    PRIVILEGED(DisableInterrupts),
    PRIVILEGED(EnableInterrupts),
    PRIVILEGED(InByte),
    PRIVILEGED(OutLong),
    PRIVILEGED(OutString),
    PRIVILEGED(ReadControl),
    PRIVILEGED(WriteControl),
    PRIVILEGED(WriteDebug),
    PRIVILEGED(LoadGdt),
    PRIVILEGED(LoadTask),
    PRIVILEGED(Invalidate),
    PRIVILEGED(WriteBack),
    PRIVILEGED(ReadMsr),
    PRIVILEGED(ClearTs),
    VIOLATION(ReadNull, 0, 0x10),
    VIOLATION(WriteNull, 1, 0x10),
    VIOLATION(WriteReadOnly, 1, 0x7FFE0000),
    VIOLATION(ReadKernel, 0, 0x80101000),
    VIOLATION(WriteKernel, 1, 0xC0300000),
    VIOLATION(ReadLast, 0, 0xFFFFFFFC),
    VIOLATION(ReadGap, 0, 0x7FFF0000),
    ROW(JumpToNull, STATUS_ACCESS_VIOLATION, 2, {ANY_VALUE, 0x20}, 0x20, 0),
    ROW(JumpToKernel, STATUS_ACCESS_VIOLATION, 2, {ANY_VALUE, 0x80101000}, 0x80101000, 0),
    ROW(JumpToData, STATUS_ACCESS_VIOLATION, 2, {8, (ULONG_PTR)DataCode}, (ULONG_PTR)DataCode, 0),
    PROTECTION(KernelData),
    PROTECTION(NoDescriptor),
    PROTECTION(TaskSegment),
    PROTECTION(NullStack),
    PROTECTION(FarJump),
    PROTECTION(SoftwareInterrupt),
    PROTECTION(ClockInterrupt),
    PROTECTION(DivideInterrupt),
    PROTECTION(FaultInterrupt),
    PROTECTION(TooLong),
};
#define FaultCaseCount ARRAYSIZE(FaultCases)
