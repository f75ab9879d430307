/* SPDX-License-Identifier: MIT */
/*
 * Structured exception handling: raising, and offering an exception to handlers.
 *
 * Order: vectored handlers, then the SEH chain from FS:0 outwards, then the hook
 * of RtlSetUnhandledExceptionFilter.  The chain lives on the user's stack, which
 * may be damaged: each frame is checked before it is touched, and a chain longer
 * than its stack could hold is a circle.
 *
 * Next: unwind.c; the entry from the kernel is KiUserExceptionDispatcher.
 */
#include "user/ntdll/ntdllp.h"

#ifndef EXCEPTION_STACK_INVALID
#define EXCEPTION_STACK_INVALID 0x08
#define EXCEPTION_NESTED_CALL   0x10
#endif

static PRTL_UNHANDLED_EXCEPTION_FILTER RtlpUnhandledFilter;

VOID NTAPI RtlSetUnhandledExceptionFilter(PRTL_UNHANDLED_EXCEPTION_FILTER Filter)
{
    RtlpUnhandledFilter = Filter;
}

/* Raises Status, not continuable, caused by the exception Cause. */
DECLSPEC_NORETURN VOID RtlpRaiseNested(NTSTATUS Status, PEXCEPTION_RECORD Cause)
{
    EXCEPTION_RECORD Record = {
        .ExceptionCode = Status,
        .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
        .ExceptionRecord = Cause,
    };

    RtlRaiseException(&Record);
    /* Only a handler that continues all the same gets here. */
    for (;;) {
        (void)NtTerminateProcess(NtCurrentProcess(), Status);
    }
}

DECLSPEC_NORETURN VOID NTAPI RtlRaiseStatus(NTSTATUS Status)
{
    RtlpRaiseNested(Status, NULL);
}

/*
 * RtlpRaise - the C half of RtlRaiseException; Context is the caller's.
 *
 * A debugger must see the first chance, so with one the kernel dispatches;
 * without, the way through the kernel is saved, as on NT.
 */
DECLSPEC_NORETURN VOID NTAPI RtlpRaise(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    NTSTATUS Status;

    Record->ExceptionAddress = (PVOID)Context->Eip;
    if (NtCurrentPeb()->BeingDebugged) {
        Status = NtRaiseException(Record, Context, TRUE);
    } else if (RtlDispatchException(Record, Context)) {
        Status = NtContinue(Context, FALSE);
    } else {
        Status = NtRaiseException(Record, Context, FALSE);
    }
    for (;;) {
        (void)NtTerminateProcess(NtCurrentProcess(), Status);
    }
}

/* Called by the kernel to raise TEB.ExceptionCode in the middle of a system call's return. */
NTSTATUS NTAPI KiRaiseUserExceptionDispatcher(VOID);

NTSTATUS NTAPI KiRaiseUserExceptionDispatcher(VOID)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = NtCurrentTeb()->ExceptionCode};

    RtlRaiseException(&Record);
    return Record.ExceptionCode;
}

/*
 * RtlpIsFrameValid - may this registration be read and its handler be called?
 *
 * Inside the stack and aligned; its handler is not on the stack, where only an
 * overflowing buffer would have put it.
 */
BOOLEAN RtlpIsFrameValid(PEXCEPTION_REGISTRATION_RECORD Frame)
{
    ULONG_PTR Address = (ULONG_PTR)Frame;
    ULONG_PTR Limit = (ULONG_PTR)NtCurrentTeb()->NtTib.StackLimit;
    ULONG_PTR Base = (ULONG_PTR)NtCurrentTeb()->NtTib.StackBase;
    ULONG_PTR Handler;

    if (Address < Limit || Address > Base - sizeof(*Frame) || (Address & 3) != 0) {
        return FALSE;
    }
    Handler = (ULONG_PTR)Frame->Handler;
    return Handler < Limit || Handler >= Base;
}

/* More registrations than this do not fit into the stack. */
static ULONG RtlpMaximumFrames(VOID)
{
    PNT_TIB Tib = &NtCurrentTeb()->NtTib;

    return (ULONG)((PUCHAR)Tib->StackBase - (PUCHAR)Tib->StackLimit)
        / sizeof(EXCEPTION_REGISTRATION_RECORD);
}

/* Guard around a handler during dispatch: a second exception in it is a nested one. */
static EXCEPTION_DISPOSITION __cdecl RtlpDispatchGuard(
    PEXCEPTION_RECORD Record, PVOID Frame, PCONTEXT Context, PVOID DispatcherContext)
{
    UNREFERENCED_PARAMETER(Context);
    if ((Record->ExceptionFlags & (EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND)) != 0) {
        return ExceptionContinueSearch;
    }
    *(PEXCEPTION_REGISTRATION_RECORD *)DispatcherContext = ((PRTLP_GUARD_FRAME)Frame)->Frame;
    return ExceptionNestedException;
}

/*
 * RtlpWalkChain - offer the exception to each handler of the SEH chain.
 *
 * Returns TRUE if one continues.  While the walk is inside the frames that an
 * unfinished earlier dispatch had reached (up to Nested), handlers are told so
 * by EXCEPTION_NESTED_CALL.
 */
static BOOLEAN RtlpWalkChain(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    PEXCEPTION_REGISTRATION_RECORD Frame = NtCurrentTeb()->NtTib.ExceptionList;
    PEXCEPTION_REGISTRATION_RECORD Nested = NULL, Inner = NULL;
    ULONG Left = RtlpMaximumFrames();

    for (; Frame != RTLP_CHAIN_END; Frame = Frame->Next) {
        if (!RtlpIsFrameValid(Frame) || Left-- == 0) {
            Record->ExceptionFlags |= EXCEPTION_STACK_INVALID;
            return FALSE;
        }
        EXCEPTION_DISPOSITION Disposition = RtlpExecuteHandler(
            Record, Frame, Context, &Inner, Frame->Handler, RtlpDispatchGuard);
        if (Frame == Nested) {
            Record->ExceptionFlags &= ~EXCEPTION_NESTED_CALL;
            Nested = NULL;
        }
        switch (Disposition) {
        case ExceptionContinueExecution:
            if ((Record->ExceptionFlags & EXCEPTION_NONCONTINUABLE) != 0) {
                RtlpRaiseNested(STATUS_NONCONTINUABLE_EXCEPTION, Record);
            }
            return TRUE;
        case ExceptionContinueSearch:
            break;
        case ExceptionNestedException:
            Record->ExceptionFlags |= EXCEPTION_NESTED_CALL;
            if (Inner > Nested) {
                Nested = Inner;
            }
            break;
        default:
            RtlpRaiseNested(STATUS_INVALID_DISPOSITION, Record);
        }
    }
    return FALSE;
}

/*
 * RtlDispatchException - find a handler for Record.
 *
 * TRUE: go on with Context, which the handler may have changed.  A handler that
 * wants to unwind does not return here at all.
 */
BOOLEAN NTAPI RtlDispatchException(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    EXCEPTION_POINTERS Pointers = {Record, Context};

    if (RtlpCallVectoredHandlers(Record, Context) || RtlpWalkChain(Record, Context)) {
        return TRUE;
    }
    return RtlpUnhandledFilter != NULL
        && RtlpUnhandledFilter(&Pointers) == EXCEPTION_CONTINUE_EXECUTION;
}
