/* SPDX-License-Identifier: MIT */
/*
 * A user APC's way into the program: what was going on there is saved on the
 * user stack as a CONTEXT, and the trap frame is aimed at ntdll's
 * KiUserApcDispatcher, which calls the routine and returns by NtContinue.
 */
#include "ke/i386/kii386.h"

/* What KiUserApcDispatcher finds at ESP. */
typedef struct _KUSER_APC_FRAME {
    PVOID NormalRoutine;
    PVOID NormalContext;
    PVOID SystemArgument1;
    PVOID SystemArgument2;
    CONTEXT Context;
} KUSER_APC_FRAME;

/* The end of a process waits, which APC_LEVEL, where APCs are prepared, would not allow. */
static void KiRaiseBadStack(PKTRAP_FRAME TrapFrame, ULONG_PTR Address)
{
    KIRQL Irql = KeGetCurrentIrql();
    EXCEPTION_RECORD Record = {
        .ExceptionCode = STATUS_ACCESS_VIOLATION,
        .ExceptionAddress = (PVOID)(ULONG_PTR)TrapFrame->Eip,
        .NumberParameters = 2,
        .ExceptionInformation = {1, Address},
    };

    KeLowerIrql(PASSIVE_LEVEL);
    KiDispatchException(&Record, TrapFrame, UserMode, TRUE);
    (void)KeRaiseIrqlTo(Irql);
}

void KiInitializeUserApc(PKTRAP_FRAME TrapFrame, PVOID NormalRoutine, PVOID NormalContext,
    PVOID SystemArgument1, PVOID SystemArgument2)
{
    const ULONG Registers = offsetof(KUSER_APC_FRAME, Context.SegGs); /* all of CONTEXT_FULL */
    KUSER_APC_FRAME Frame; /* what lies before them is neither filled nor written */
    ULONG_PTR Stack = (TrapFrame->HardwareEsp & ~(ULONG_PTR)3) - sizeof(Frame);

    if (KeUserApcDispatcher == NULL) {
        return;
    }
    /* Without FPU state, which nobody changes meanwhile but the program itself. */
    Frame.NormalRoutine = NormalRoutine;
    Frame.NormalContext = NormalContext;
    Frame.SystemArgument1 = SystemArgument1;
    Frame.SystemArgument2 = SystemArgument2;
    Frame.Context.ContextFlags = CONTEXT_FULL;
    KeContextFromTrapFrame(TrapFrame, &Frame.Context);
    if (!KiWriteUser((void __user *)Stack, &Frame, offsetof(KUSER_APC_FRAME, Context.Dr0)) ||
        !KiWriteUser((void __user *)(Stack + Registers), (PUCHAR)&Frame + Registers,
            offsetof(KUSER_APC_FRAME, Context.ExtendedRegisters) - Registers)) {
        KiRaiseBadStack(TrapFrame, Stack);
        return;
    }
    TrapFrame->HardwareEsp = Stack;
    TrapFrame->Eip = (ULONG)(ULONG_PTR)KeUserApcDispatcher;
    TrapFrame->SegCs = KGDT_R3_CODE | RPL_MASK;
    TrapFrame->HardwareSegSs = KGDT_R3_DATA | RPL_MASK;
    TrapFrame->SegDs = TrapFrame->SegEs = KGDT_R3_DATA | RPL_MASK;
    TrapFrame->SegFs = KGDT_R3_TEB | RPL_MASK;
    TrapFrame->EFlags = EFLAGS_IF | EFLAGS_FIXED;
    KeTrace(TracePspUserApc, TraceP(NormalRoutine), TraceP(NormalContext));
}
