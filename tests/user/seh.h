/* SPDX-License-Identifier: MIT */
/*
 * An SEH frame by hand, with a handler that notes what it is told and lets the
 * program go on elsewhere: what __try would be, for tests of what is beneath it.
 */
#pragma once
#include "tests/user/ktap.h"

#ifndef EXCEPTION_UNWINDING
#define EXCEPTION_UNWINDING   0x02
#define EXCEPTION_EXIT_UNWIND 0x04
#endif
#ifndef EXCEPTION_NESTED_CALL
#define EXCEPTION_NESTED_CALL 0x10
#endif

/* The head of a frame is what FS:0 points to; the rest is for our handler. */
typedef struct _TEST_FRAME {
    EXCEPTION_REGISTRATION_RECORD Registration;
    ULONG Resume; /* where to go on */
    NTSTATUS Code;
    ULONG_PTR Address;
    ULONG_PTR Information[2];
    ULONG Calls;
    ULONG UnwindCalls;
} TEST_FRAME;

static inline void PushFrame(TEST_FRAME *Frame, PEXCEPTION_ROUTINE Handler)
{
    PTEB Teb = NtCurrentTeb();

    RtlZeroMemory(Frame, sizeof(*Frame));
    Frame->Registration.Handler = Handler;
    Frame->Registration.Next = (PVOID)Teb->NtTib.ExceptionList;
    Teb->NtTib.ExceptionList = (PVOID)&Frame->Registration;
}

static inline void PopFrame(TEST_FRAME *Frame)
{
    NtCurrentTeb()->NtTib.ExceptionList = (PVOID)Frame->Registration.Next;
}

static inline void Note(TEST_FRAME *Frame, const EXCEPTION_RECORD *Record)
{
    Frame->Calls++;
    Frame->Code = (NTSTATUS)Record->ExceptionCode;
    Frame->Address = (ULONG_PTR)Record->ExceptionAddress;
    Frame->Information[0] = Record->ExceptionInformation[0];
    Frame->Information[1] = Record->ExceptionInformation[1];
}

static inline EXCEPTION_DISPOSITION NTAPI HandlerThatResumes(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    TEST_FRAME *Frame = Establisher;

    UNREFERENCED_PARAMETER(Dispatcher);
    if ((Record->ExceptionFlags & EXCEPTION_UNWINDING) != 0) {
        Frame->UnwindCalls++;
        return ExceptionContinueSearch;
    }
    Note(Frame, Record);
    Context->Eip = Frame->Resume;
    return ExceptionContinueExecution;
}
