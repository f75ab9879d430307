/* SPDX-License-Identifier: MIT */
/*
 * Exceptions.  However one begins, as a processor trap or by NtRaiseException, it
 * comes to KiDispatchException.  A program's is written to its own stack and the
 * program is sent to KiUserExceptionDispatcher in ntdll, which looks for a
 * handler and comes back by NtContinue, or by NtRaiseException when there is none.
 * That second chance is the exception port's, and then the process ends.
 */
#include "ke/ki.h"
#include "nt/native.h"

#define KI_EXCEPTION_INTERNAL 0x10000000u /* the bit of a code that is the kernel's own */

/* What KiUserExceptionDispatcher finds at ESP. */
typedef struct _KUSER_EXCEPTION_FRAME {
    PEXCEPTION_RECORD RecordPointer; /* user addresses of the two below */
    PCONTEXT ContextPointer;
    EXCEPTION_RECORD Record;
    CONTEXT Context;
} KUSER_EXCEPTION_FRAME;

/* FPU state goes along only if the thread has any: it is most of the structure. */
static SIZE_T KiBuildExceptionFrame(
    KUSER_EXCEPTION_FRAME *Frame, const EXCEPTION_RECORD *Record, PKTRAP_FRAME TrapFrame)
{
    SIZE_T Length = offsetof(KUSER_EXCEPTION_FRAME, Context.ExtendedRegisters);

    memset(&Frame->Context, 0, offsetof(CONTEXT, ExtendedRegisters));
    Frame->Record = *Record;
    Frame->Context.ContextFlags = CONTEXT_FULL | CONTEXT_DEBUG_REGISTERS;
    if (KiThreadUsesNpx(KeGetCurrentThread())) {
        Frame->Context.ContextFlags |= CONTEXT_FLOATING_POINT | CONTEXT_EXTENDED_REGISTERS;
        Length = sizeof(*Frame);
    }
    KeContextFromTrapFrame(TrapFrame, &Frame->Context);
    return Length;
}

/* FALSE: the stack does not take it. */
static BOOLEAN KiSendToProgram(PEXCEPTION_RECORD Record, PKTRAP_FRAME TrapFrame)
{
    KUSER_EXCEPTION_FRAME Frame;
    SIZE_T Length = KiBuildExceptionFrame(&Frame, Record, TrapFrame);
    ULONG_PTR Stack = (TrapFrame->HardwareEsp & ~(ULONG_PTR)3) - sizeof(Frame);

    Frame.RecordPointer = (PVOID)(Stack + offsetof(KUSER_EXCEPTION_FRAME, Record));
    Frame.ContextPointer = (PVOID)(Stack + offsetof(KUSER_EXCEPTION_FRAME, Context));
    if (KeUserExceptionDispatcher == NULL) {
        return FALSE;
    }
    if (!KiWriteUser((void __user *)Stack, &Frame, Length)) {
        /* If this was the stack's last guard page it is open now: that is the news. */
        Frame.Record.ExceptionCode = STATUS_STACK_OVERFLOW;
        Frame.Record.NumberParameters = 0;
        if (!KiWriteUser((void __user *)Stack, &Frame, Length)) {
            return FALSE;
        }
    }
    TrapFrame->HardwareEsp = (ULONG)Stack;
    TrapFrame->Eip = (ULONG)(ULONG_PTR)KeUserExceptionDispatcher;
    TrapFrame->SegCs = KGDT_R3_CODE | RPL_MASK;
    TrapFrame->HardwareSegSs = KGDT_R3_DATA | RPL_MASK;
    TrapFrame->SegDs = TrapFrame->SegEs = KGDT_R3_DATA | RPL_MASK;
    TrapFrame->SegFs = KGDT_R3_TEB | RPL_MASK;
    TrapFrame->EFlags = EFLAGS_INTERRUPT_MASK | 2; /* bit 1 is always set */
    return TRUE;
}

/*
 * KiDispatchException - the one road of every exception.
 *
 * Returns when the trap frame says where the program goes on; does not return
 * when nobody handles it.  IRQL: below DISPATCH_LEVEL for user mode.
 */
void KiDispatchException(PEXCEPTION_RECORD Record, PKTRAP_FRAME TrapFrame,
    KPROCESSOR_MODE PreviousMode, BOOLEAN FirstChance)
{
    if (PreviousMode == KernelMode) {
        KiSetBugCheckFrame(TrapFrame->Eip, TrapFrame->Ebp);
        KeBugCheckEx(KMODE_EXCEPTION_NOT_HANDLED, (__force ULONG)Record->ExceptionCode,
            (ULONG_PTR)Record->ExceptionAddress, Record->ExceptionInformation[0],
            Record->ExceptionInformation[1]);
    }
    KeTrace(TraceUserException, (__force ULONG)Record->ExceptionCode,
        TraceP(Record->ExceptionAddress));
    if (FirstChance && KiSendToProgram(Record, TrapFrame)) {
        return;
    }
    if (KeUpperRoutines.ForwardException == NULL || !KeUpperRoutines.ForwardException(Record)) {
        KeUpperRoutines.TerminateProcess(Record->ExceptionCode);
    }
}

/* ---- System services ---------------------------------------------------------------- */

/*
 * The frame that the current system call leaves by; the call is over for the
 * chain of frames, because the frame is about to be another's.
 */
static PKTRAP_FRAME KiTakeServiceFrame(PKTHREAD Thread)
{
    PKTRAP_FRAME TrapFrame = Thread->TrapFrame;

    KiCompleteFrame(TrapFrame);
    Thread->TrapFrame = (PKTRAP_FRAME)(ULONG_PTR)TrapFrame->Edx;
    TrapFrame->Edx = 0;
    return TrapFrame;
}

/* Both for user mode only: the kernel has no exceptions to continue from. */
static NTSTATUS KiCaptureContext(PCONTEXT Context, CONTEXT __user *UserContext)
{
    if (KeGetPreviousMode() != UserMode) {
        return STATUS_INVALID_PARAMETER;
    }
    /* Its first member, without asking what may be NULL for a member's address. */
    if (!KiReadUser(&Context->ContextFlags, UserContext, sizeof(Context->ContextFlags))) {
        return STATUS_ACCESS_VIOLATION;
    }
    ULONG Start = KeContextStart(Context->ContextFlags);
    ULONG End = KeContextEnd(Context->ContextFlags);

    return KiReadUser((PUCHAR)Context + Start, (UCHAR __user *)UserContext + Start, End - Start)
               ? STATUS_SUCCESS
               : STATUS_ACCESS_VIOLATION;
}

/*
 * NtContinue - go on in user mode with other registers.
 *
 * Returns only to say that Context cannot be read.  TestAlert: user APCs that
 * wait are delivered first.
 */
NTSTATUS NTAPI NtContinue(CONTEXT __user *Context, BOOLEAN TestAlert)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PKTRAP_FRAME TrapFrame;
    CONTEXT Captured;
    NTSTATUS Status = KiCaptureContext(&Captured, Context);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    TrapFrame = KiTakeServiceFrame(Thread);
    KeContextToTrapFrame(TrapFrame, &Captured);
    if (TestAlert) {
        (void)KeTestAlertThread(UserMode);
    }
    KiServiceExit2(TrapFrame);
}

/*
 * NtRaiseException - an exception that software raises, with the registers it
 * shall appear to come from.  Returns only to say that a pointer is bad.
 */
NTSTATUS NTAPI NtRaiseException(
    EXCEPTION_RECORD __user *ExceptionRecord, CONTEXT __user *Context, BOOLEAN FirstChance)
{
    PKTRAP_FRAME TrapFrame;
    EXCEPTION_RECORD Record;
    CONTEXT Captured;
    NTSTATUS Status = KiCaptureContext(&Captured, Context);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (!KiReadUser(&Record, ExceptionRecord, sizeof(Record))) {
        return STATUS_ACCESS_VIOLATION;
    }
    if (Record.NumberParameters > EXCEPTION_MAXIMUM_PARAMETERS) {
        return STATUS_INVALID_PARAMETER;
    }
    Record.ExceptionCode =
        (__force NTSTATUS)((__force ULONG)Record.ExceptionCode & ~KI_EXCEPTION_INTERNAL);
    TrapFrame = KiTakeServiceFrame(KeGetCurrentThread());
    KeContextToTrapFrame(TrapFrame, &Captured);
    KiDispatchException(&Record, TrapFrame, UserMode, FirstChance);
    KiServiceExit2(TrapFrame);
}
