/* SPDX-License-Identifier: MIT */
/*
 * Unwinding: before execution goes on in an outer frame, each handler inside it
 * is called once more to clean up, and its registration is taken off the chain.
 *
 * RtlUnwind itself is in seh.S; it captures the caller's registers.
 */
#include "user/ntdll/ntdllp.h"

#ifndef EXCEPTION_UNWINDING
#define EXCEPTION_UNWINDING   0x02
#define EXCEPTION_EXIT_UNWIND 0x04
#endif

/*
 * Guard around a handler during an unwind.  A second unwind that runs into it
 * has to take over from the first: it goes on behind the frame whose handler
 * was being called.
 */
static EXCEPTION_DISPOSITION __cdecl RtlpUnwindGuard(
    PEXCEPTION_RECORD Record, PVOID Frame, PCONTEXT Context, PVOID DispatcherContext)
{
    UNREFERENCED_PARAMETER(Context);
    if ((Record->ExceptionFlags & (EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND)) == 0) {
        return ExceptionContinueSearch;
    }
    *(PEXCEPTION_REGISTRATION_RECORD *)DispatcherContext = ((PRTLP_GUARD_FRAME)Frame)->Frame;
    return ExceptionCollidedUnwind;
}

/* Calls one handler to clean up; returns the next frame to unwind. */
static PEXCEPTION_REGISTRATION_RECORD RtlpUnwindFrame(
    PEXCEPTION_REGISTRATION_RECORD Frame, PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    PEXCEPTION_REGISTRATION_RECORD Collided = NULL;

    switch (RtlpExecuteHandler(
        Record, Frame, Context, &Collided, Frame->Handler, RtlpUnwindGuard)) {
    case ExceptionContinueSearch:
        return Frame->Next;
    case ExceptionCollidedUnwind:
        return Collided->Next;
    default:
        RtlpRaiseNested(STATUS_INVALID_DISPOSITION, Record);
    }
}

/*
 * RtlpUnwind - unwind all frames inside TargetFrame, or all with NULL (exit).
 *
 * Record NULL makes one of STATUS_UNWIND at ReturnAddress.  Damaged chains raise
 * STATUS_BAD_STACK, a TargetFrame that is not on it STATUS_INVALID_UNWIND_TARGET.
 */
VOID NTAPI RtlpUnwind(PEXCEPTION_REGISTRATION_RECORD TargetFrame, PEXCEPTION_RECORD Record,
    PVOID ReturnAddress, PCONTEXT Context)
{
    EXCEPTION_RECORD Own = {
        .ExceptionCode = STATUS_UNWIND,
        .ExceptionAddress = ReturnAddress,
    };
    PEXCEPTION_REGISTRATION_RECORD Frame = NtCurrentTeb()->NtTib.ExceptionList;

    if (Record == NULL) {
        Record = &Own;
    }
    Record->ExceptionFlags |= EXCEPTION_UNWINDING;
    if (TargetFrame == NULL) {
        Record->ExceptionFlags |= EXCEPTION_EXIT_UNWIND;
    }
    while (Frame != RTLP_CHAIN_END && Frame != TargetFrame) {
        if (TargetFrame != NULL && Frame > TargetFrame) {
            RtlpRaiseNested(STATUS_INVALID_UNWIND_TARGET, Record);
        }
        if (!RtlpIsFrameValid(Frame)) {
            RtlpRaiseNested(STATUS_BAD_STACK, Record);
        }
        PEXCEPTION_REGISTRATION_RECORD Next = RtlpUnwindFrame(Frame, Record, Context);
        if (Next <= Frame) {
            RtlpRaiseNested(STATUS_BAD_STACK, Record);
        }
        Frame = Next;
        NtCurrentTeb()->NtTib.ExceptionList = Frame;
    }
}
