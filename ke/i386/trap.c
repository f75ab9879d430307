/* SPDX-License-Identifier: MIT */
/*
 * Processor exceptions.  A page fault goes to mm; what is left over, and every
 * other exception, becomes an NT exception of the program (ke/exception.c) or,
 * if the kernel itself caused it, a bugcheck.
 *
 * The one kernel fault that is expected is in the copying of user memory: the
 * exception table names those instructions and where to go on.  Which
 * instruction is privileged and other decoding is in decode.c.
 */
#include "ke/i386/kii386.h"

#define PF_PRESENT     0x01 /* page-fault error code: the page is there */
#define PF_WRITE       0x02
#define PF_USER        0x04
#define PF_INSTRUCTION 0x10
#define DR6_BREAKPOINTS 0x0Fu
#define DR6_FIXED       0xFFFF0FF0u

extern const struct {
    ULONG Eip;
    ULONG FixUp;
} KiExceptionTableStart[], KiExceptionTableEnd[];

static BOOLEAN KiFixUp(PKTRAP_FRAME TrapFrame)
{
    typeof(&KiExceptionTableStart[0]) Entry;

    for (Entry = KiExceptionTableStart; Entry < KiExceptionTableEnd; Entry++) {
        if (Entry->Eip == TrapFrame->Eip) {
            TrapFrame->Eip = Entry->FixUp;
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- To the program --------------------------------------------------------------- */

static void KiRaiseAt(PKTRAP_FRAME TrapFrame, ULONG_PTR Address, NTSTATUS Code, ULONG Count,
    ULONG_PTR First, ULONG_PTR Second, ULONG_PTR Third)
{
    EXCEPTION_RECORD Record = {
        .ExceptionCode = Code,
        .ExceptionAddress = (PVOID)Address,
        .NumberParameters = Count,
        .ExceptionInformation = {First, Second, Third},
    };

    KiDispatchException(
        &Record, TrapFrame, KiIsUserFrame(TrapFrame) ? UserMode : KernelMode, TRUE);
}

static void KiRaise(PKTRAP_FRAME TrapFrame, NTSTATUS Code, ULONG Count, ULONG_PTR First,
    ULONG_PTR Second)
{
    KiRaiseAt(TrapFrame, TrapFrame->Eip, Code, Count, First, Second, 0);
}

static void KiTrapUnexpected(PKTRAP_FRAME TrapFrame, ULONG Vector)
{
    KiSetBugCheckFrame(TrapFrame->Eip, TrapFrame->Ebp);
    KeBugCheckEx(UNEXPECTED_KERNEL_MODE_TRAP, Vector, TrapFrame->Eip, TrapFrame->ErrCode, 0);
}

/* ---- Page faults ---------------------------------------------------------------------- */

static ULONG KiAccessKind(ULONG ErrorCode)
{
    if (ErrorCode & PF_INSTRUCTION) {
        return 8;
    }
    return (ErrorCode & PF_WRITE) ? 1 : 0;
}

static ULONG KiFaultBugCheck(ULONG ErrorCode)
{
    if (!(ErrorCode & PF_PRESENT)) {
        return PAGE_FAULT_IN_NONPAGED_AREA;
    }
    if (ErrorCode & PF_INSTRUCTION) {
        return ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY;
    }
    return (ErrorCode & PF_WRITE) ? ATTEMPTED_WRITE_TO_READONLY_MEMORY
                                  : PAGE_FAULT_IN_NONPAGED_AREA;
}

static void KiKernelPageFault(PKTRAP_FRAME TrapFrame, ULONG_PTR Address, NTSTATUS Status)
{
    if (KiFixUp(TrapFrame)) {
        return;
    }
    KiSetBugCheckFrame(TrapFrame->Eip, TrapFrame->Ebp);
    if (KeGetCurrentIrql() >= DISPATCH_LEVEL) {
        KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, Address, KeGetCurrentIrql(),
            KiAccessKind(TrapFrame->ErrCode), TrapFrame->Eip);
    }
    KeBugCheckEx(KiFaultBugCheck(TrapFrame->ErrCode), Address, KiAccessKind(TrapFrame->ErrCode),
        TrapFrame->Eip, (__force ULONG)Status);
}

static void KiPageFault(PKTRAP_FRAME TrapFrame, ULONG_PTR Address)
{
    BOOLEAN User = KiIsUserFrame(TrapFrame);
    NTSTATUS Status = STATUS_ACCESS_VIOLATION;

    if (KiBugCheckActive) { /* its stack walk reads what may not be there */
        KiKernelPageFault(TrapFrame, Address, Status);
        return;
    }
    if (KeGetCurrentIrql() < DISPATCH_LEVEL && !KiInShortSection()) {
        Status = MmAccessFault(
            TrapFrame->ErrCode, (PVOID)Address, User ? UserMode : KernelMode, TrapFrame);
    } else {
        KiSetBugCheckFrame(TrapFrame->Eip, TrapFrame->Ebp);
        KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, Address, KeGetCurrentIrql(),
            KiAccessKind(TrapFrame->ErrCode), TrapFrame->Eip);
    }
    if (NT_SUCCESS(Status)) {
        return;
    }
    if (User) {
        KiRaise(TrapFrame, Status, 2, KiAccessKind(TrapFrame->ErrCode), Address);
    } else {
        KiKernelPageFault(TrapFrame, Address, Status);
    }
}

/* ---- Debug exceptions --------------------------------------------------------------------- */

/* In the kernel: a breakpoint of the program's on data that the kernel copies.  Goes on. */
static void KiDebugTrap(PKTRAP_FRAME TrapFrame, ULONG Dr6)
{
    if (!KiIsUserFrame(TrapFrame)) {
        TrapFrame->EFlags &= ~(ULONG)EFLAGS_TF;
        return;
    }
    KeGetCurrentThread()->Dr[KiDr6] = Dr6 & ~DR6_FIXED;
    TrapFrame->EFlags &= ~(ULONG)EFLAGS_TF;
    KiRaise(TrapFrame, STATUS_SINGLE_STEP, 0, 0, 0);
}

/* ---- All of them ------------------------------------------------------------------------------ */

/* Where a breakpoint was hit is where the program goes on.  Service 0 is the breakpoint. */
static void KiBreakpoint(PKTRAP_FRAME TrapFrame, ULONG Service)
{
    KiRaiseAt(TrapFrame, TrapFrame->Eip, STATUS_BREAKPOINT, 3, Service, TrapFrame->Ecx,
        TrapFrame->Edx);
}

static void KiFloatingFault(PKTRAP_FRAME TrapFrame, ULONG Vector)
{
    ULONG_PTR Detail;
    NTSTATUS Code;

    if (Vector == 0x10) {
        Code = KiDecodeX87Fault(&Detail);
        KiRaiseAt(TrapFrame, Detail, Code, 1, 0, 0, 0);
    } else {
        Code = KiDecodeSseFault(&Detail);
        KiRaise(TrapFrame, Code, 2, 0, Detail);
    }
}

/* A program's exception that is neither page fault nor debugging. */
static void KiUserTrap(PKTRAP_FRAME TrapFrame, ULONG Vector)
{
    switch (Vector) {
    case 0x00:
        KiRaise(TrapFrame, KiDecodeDivideError(TrapFrame), 0, 0, 0);
        break;
    case 0x03:
        TrapFrame->Eip--; /* at the int3, as debuggers expect it */
        KiBreakpoint(TrapFrame, 0);
        break;
    case 0x04: /* by its address the INTO, but behind it the program goes on */
        KiRaiseAt(TrapFrame, TrapFrame->Eip - 1, STATUS_INTEGER_OVERFLOW, 0, 0, 0, 0);
        break;
    case 0x05:
        KiRaise(TrapFrame, STATUS_ARRAY_BOUNDS_EXCEEDED, 0, 0, 0);
        break;
    case 0x06:
        KiRaise(TrapFrame, KiDecodeInvalidOpcode(TrapFrame), 0, 0, 0);
        break;
    case 0x07:
        if (!KiLoadNpxState()) {
            KiRaise(TrapFrame, STATUS_ILLEGAL_INSTRUCTION, 0, 0, 0);
        }
        break;
    case 0x0D:
        if (KiIsPrivilegedInstruction(TrapFrame)) {
            KiRaise(TrapFrame, STATUS_PRIVILEGED_INSTRUCTION, 0, 0, 0);
            break;
        }
        KiRaise(TrapFrame, STATUS_ACCESS_VIOLATION, 2, 0, (ULONG_PTR)-1);
        break;
    case 0x10:
    case 0x13:
        KiFloatingFault(TrapFrame, Vector);
        break;
    case 0x11:
        KiRaise(TrapFrame, STATUS_DATATYPE_MISALIGNMENT, 0, 0, 0);
        break;
    case 0x12:
        KiTrapUnexpected(TrapFrame, Vector); /* the machine is broken, whoever ran */
        break;
    case 0x2D: /* no debugger: a breakpoint behind it */
        KiBreakpoint(TrapFrame, TrapFrame->Eax);
        break;
    default: /* segments */
        KiRaise(TrapFrame, STATUS_ACCESS_VIOLATION, 2, 0, (ULONG_PTR)-1);
        break;
    }
}

/*
 * KiTrap - trap.S calls it with interrupts off, as the gate left them.
 *
 * They go on again, if they were on, once the registers that the next exception
 * would overwrite have been read.
 */
void KiTrap(PKTRAP_FRAME TrapFrame, ULONG Vector)
{
    ULONG_PTR Address = KiReadcr2();
    ULONG Dr6 = 0;

    if (Vector == 0x01) {
        Dr6 = KiReaddr6();
        KiWritedr6(DR6_FIXED);
    } else if (Vector == 0x10) {
        KiFlushNpxError(KeGetCurrentThread());
    }
    if (TrapFrame->EFlags & EFLAGS_IF) {
        KiEnableInterrupts();
    }
    if (Vector == 0x0E) {
        KiPageFault(TrapFrame, Address);
    } else if (Vector == 0x01) {
        KiDebugTrap(TrapFrame, Dr6);
    } else if (KiIsUserFrame(TrapFrame)) {
        KiUserTrap(TrapFrame, Vector);
    } else if (!KiFixUp(TrapFrame)) {
        KiTrapUnexpected(TrapFrame, Vector);
    }
}
