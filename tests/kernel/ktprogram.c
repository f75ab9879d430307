/* SPDX-License-Identifier: MIT */
/*
 * Running programs from the in-kernel suite, and the list of those in tests/user
 * that are tests of their own.  They print their own results, indented.
 */
#include "nt/native.h"
#include "tests/kernel/ktprogram.h"

#define KT_PROGRAM_TIMEOUT (3 * KT_LONG)
#define KT_SMSS            L"\\SystemRoot\\system32\\smss.exe"

NTSTATUS KtRunProgram(PCWSTR Path, PCWSTR CommandLine, NTSTATUS *ExitStatus)
{
    PEPROCESS Process;
    NTSTATUS Status = PsLaunchProgram(Path, CommandLine, &Process);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = KtWait(Process, KT_PROGRAM_TIMEOUT);
    *ExitStatus = Process->ExitStatus;
    ObDereferenceObject(Process);
    return Status == STATUS_TIMEOUT ? STATUS_UNSUCCESSFUL : Status;
}

void KtEndProcess(PEPROCESS Process, NTSTATUS ExitStatus)
{
    HANDLE Handle;

    if (ok_status(ObOpenObjectByPointer(Process, 0, PROCESS_TERMINATE, PsProcessType, KernelMode,
                      &Handle), STATUS_SUCCESS)) {
        (void)!NT_SUCCESS(NtTerminateProcess(Handle, ExitStatus));
        (void)ObCloseHandle(Handle, KernelMode);
        ok_status(KtWait(Process, KT_PROGRAM_TIMEOUT), STATUS_SUCCESS);
    }
}

/* tests/user/ktap.h: checks made in the high word, failures in the low one. */
static void KtJudgeProgram(NTSTATUS ExitStatus)
{
    ULONG Result = (__force ULONG)ExitStatus;

    ok(Result >> 16 != 0 && (Result & 0xFFFF) == 0, "the program made %u checks, %u failed (%s)",
        Result >> 16, Result & 0xFFFF, RtlNtStatusName(ExitStatus));
}

void KtRunNativeTestWith(PCWSTR Path, PCWSTR CommandLine)
{
    NTSTATUS ExitStatus = STATUS_PENDING;

    if (ok_status(KtRunProgram(Path, CommandLine, &ExitStatus), STATUS_SUCCESS)) {
        KtJudgeProgram(ExitStatus);
    }
}

void KtRunNativeTest(PCWSTR Path)
{
    KtRunNativeTestWith(Path, Path);
}

void KtRunWin32Test(PCWSTR Program)
{
    WCHAR CommandLine[128] = L"smss.exe ";
    UNICODE_STRING Line = {.Buffer = CommandLine, .MaximumLength = sizeof(CommandLine)};
    NTSTATUS ExitStatus = STATUS_PENDING;

    Line.Length = 9 * sizeof(WCHAR);
    if (!ok_status(RtlAppendUnicodeToString(&Line, Program), STATUS_SUCCESS)) {
        return;
    }
    if (ok_status(KtRunProgram(KT_SMSS, CommandLine, &ExitStatus), STATUS_SUCCESS)) {
        KtJudgeProgram(ExitStatus);
    }
}
