/* SPDX-License-Identifier: MIT */
/*
 * A test program that starts itself, to see what ends a process: "NAME.exe 12"
 * runs the twelfth such thing.
 */
#pragma once
#include "tests/user/ktap.h"

#define CHILD_TIMEOUT (-300000000LL) /* 30 s */

static inline NTSTATUS StartChild(PCWSTR Path, PCWSTR Line, PRTL_USER_PROCESS_INFORMATION Child)
{
    UNICODE_STRING NtImage, Image, CommandLine;
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    NTSTATUS Status;

    RtlInitUnicodeString(&NtImage, Path);
    RtlInitUnicodeString(&Image, Path + 4); /* without \??\ */
    RtlInitUnicodeString(&CommandLine, Line);
    Status = RtlCreateProcessParameters(
        &Parameters, &Image, NULL, NULL, &CommandLine, NULL, NULL, NULL, NULL, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlCreateUserProcess(
        &NtImage, OBJ_CASE_INSENSITIVE, Parameters, NULL, NULL, NULL, FALSE, NULL, NULL, Child);
    (void)RtlDestroyProcessParameters(Parameters);
    return Status;
}

static inline void FormatWide(PWSTR Wide, ULONG Count, PCSTR Format, PCSTR Name, ULONG Number)
{
    CHAR Narrow[64];

    (void)RtlStringFormat(Narrow, sizeof(Narrow), Format, Name, Number);
    (void)RtlMultiByteToUnicodeN(Wide, Count * sizeof(WCHAR), NULL, Narrow, strlen(Narrow) + 1);
}

/* The child's exit status, or why there is none. */
static inline NTSTATUS RunChild(PCSTR Name, ULONG Number)
{
    PROCESS_BASIC_INFORMATION Information = {.ExitStatus = STATUS_PENDING};
    LARGE_INTEGER Timeout = {.QuadPart = CHILD_TIMEOUT};
    RTL_USER_PROCESS_INFORMATION Child;
    WCHAR Path[64], Line[64];
    NTSTATUS Status;

    FormatWide(Path, ARRAYSIZE(Path), "\\??\\C:\\tests\\%s.exe", Name, 0);
    FormatWide(Line, ARRAYSIZE(Line), "%s %02lu", Name, Number);
    Status = StartChild(Path, Line, &Child);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    (void)NtResumeThread(Child.ThreadHandle, NULL);
    Status = NtWaitForSingleObject(Child.ProcessHandle, FALSE, &Timeout);
    if (Status == STATUS_TIMEOUT) {
        (void)NtTerminateProcess(Child.ProcessHandle, STATUS_TIMEOUT);
        (void)NtWaitForSingleObject(Child.ProcessHandle, FALSE, NULL);
    }
    (void)NtQueryInformationProcess(
        Child.ProcessHandle, ProcessBasicInformation, &Information, sizeof(Information), NULL);
    (void)NtClose(Child.ThreadHandle);
    (void)NtClose(Child.ProcessHandle);
    return Information.ExitStatus;
}

/* TRUE in a child: its number is at the end of the command line. */
static inline BOOLEAN IsTestChild(PULONG Number)
{
    PUNICODE_STRING Line = &NtCurrentPeb()->ProcessParameters->CommandLine;
    const WCHAR *End = Line->Buffer + Line->Length / sizeof(WCHAR);

    if (Line->Length < 4 * sizeof(WCHAR) || End[-3] != L' ') {
        return FALSE;
    }
    *Number = (ULONG)(End[-2] - L'0') * 10 + (ULONG)(End[-1] - L'0');
    return TRUE;
}
