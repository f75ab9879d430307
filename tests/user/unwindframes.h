/* SPDX-License-Identifier: MIT */
/*
 * The chain of frames that unwind.exe dispatches and unwinds through, and the log of
 * whom was told what.
 */
#pragma once
#include "tests/user/seh.h"

#define FRAMES        4
#define SOFTWARE_CODE ((NTSTATUS)0xE0001234)
#define FLAGS_UNWIND  (EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND)

/* What handlers were told: frame number, and U for unwinding, N for nested. */
static CHAR Log[64];
static ULONG Logged;

/* Frames[0] is the innermost: it has the lowest address, as on any stack. */
static TEST_FRAME *Frames;

static ULONG NoteCall(const EXCEPTION_RECORD *Record, const VOID *Establisher)
{
    ULONG Number = (ULONG)((const TEST_FRAME *)Establisher - Frames);

    if (Logged + 4 < sizeof(Log)) {
        Log[Logged++] = (CHAR)('0' + Number);
        if (Record->ExceptionFlags & EXCEPTION_UNWINDING) {
            Log[Logged++] = (Record->ExceptionFlags & EXCEPTION_EXIT_UNWIND) ? 'X' : 'U';
        }
        if (Record->ExceptionFlags & EXCEPTION_NESTED_CALL) {
            Log[Logged++] = 'N';
        }
        Log[Logged] = '\0';
    }
    return Number;
}

static void ExpectLog(PCSTR Expected, PCSTR Name)
{
    BOOLEAN Same = strlen(Expected) == Logged && memcmp(Expected, Log, Logged) == 0;

    (void)KtapCheck(Same, "%s", Name);
    if (!Same) {
        KtapPrint("    # got %s, expected %s\n", Log, Expected);
    }
    Logged = 0;
    Log[0] = '\0';
}

static EXCEPTION_DISPOSITION NTAPI Search(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    return ExceptionContinueSearch;
}

/* Ends the exception in this frame; does not return to who dispatches. */
static EXCEPTION_DISPOSITION NTAPI UnwindToMe(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    TEST_FRAME *Frame = Establisher;

    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    if (Record->ExceptionFlags & EXCEPTION_UNWINDING) {
        return ExceptionContinueSearch;
    }
    Note(Frame, Record);
    if (Record->ExceptionRecord != NULL) {
        Frame->Information[0] = (ULONG_PTR)Record->ExceptionRecord->ExceptionCode;
    }
    RtlUnwind(Frame, NULL, Record, NULL);
    Context->Eip = Frame->Resume;
    (void)NtContinue(Context, FALSE);
    return ExceptionContinueSearch;
}

static EXCEPTION_DISPOSITION NTAPI ContinueAlways(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    return ExceptionContinueExecution;
}

/* The registers of the program, which are those of the exception's CONTEXT. */
static CONTEXT Home;

static void LinkFrames(TEST_FRAME *First, PEXCEPTION_ROUTINE Last)
{
    ULONG i;

    Frames = First;
    for (i = FRAMES; i-- > 0;) {
        PushFrame(&Frames[i], i == FRAMES - 1 ? Last : Search);
    }
}

static void UnlinkFrames(void)
{
    NtCurrentTeb()->NtTib.ExceptionList = (PVOID)Frames[FRAMES - 1].Registration.Next;
}

/* Faults; whoever unwinds goes on behind the instruction. */
#define FAULT()                                                                                \
    __asm__ volatile("movl $1f, %0\n\tmovl $1f, %1\n\tmovl $1f, %2\n\tmovl $1f, %3\n\tud2\n1:" \
                     : "=m"(Frames[0].Resume), "=m"(Frames[1].Resume), "=m"(Frames[2].Resume), \
                     "=m"(Frames[3].Resume)                                                    \
                     :                                                                         \
                     : "eax", "ecx", "edx", "cc", "memory")

static void ExpectTop(ULONG Number)
{
    (void)KtapCheck((PVOID)NtCurrentTeb()->NtTib.ExceptionList == (PVOID)&Frames[Number],
        "the frames inside are gone");
}
