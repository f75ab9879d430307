/* SPDX-License-Identifier: MIT */
/*
 * The end of threads and processes, as they wish it and as others do.
 *
 * ExitProcess is a protocol: first no other thread may run any more, then DLLs
 * are told, then csrss, and only then does the kernel end the caller.
 */
#include "user/kernel32/base.h"

VOID WINAPI ExitProcess(UINT ExitCode)
{
    (void)NtTerminateProcess(NULL, (NTSTATUS)ExitCode); /* the others */
    (void)LdrShutdownProcess();
    BasepTellCsrOfExit(ExitCode);
    for (;;) {
        (void)NtTerminateProcess(NtCurrentProcess(), (NTSTATUS)ExitCode);
    }
}

BOOL WINAPI TerminateProcess(HANDLE Process, UINT ExitCode)
{
    if (Process == NULL) { /* to NT: all other threads of the caller */
        RtlSetLastWin32Error(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    return BaseResult(NtTerminateProcess(Process, (NTSTATUS)ExitCode));
}

/* The last thread takes the process with it. */
VOID WINAPI ExitThread(DWORD ExitCode)
{
    ULONG LastThread = FALSE;
    NTSTATUS Status = NtQueryInformationThread(
        NtCurrentThread(), ThreadAmILastThread, &LastThread, sizeof(LastThread), NULL);

    if (NT_SUCCESS(Status) && LastThread) {
        ExitProcess(ExitCode);
    }
    LdrShutdownThread();
    NtCurrentTeb()->FreeStackOnTermination = TRUE; /* the kernel does it: we stand on it */
    for (;;) {
        (void)NtTerminateThread(NULL, (NTSTATUS)ExitCode);
    }
}

BOOL WINAPI TerminateThread(HANDLE Thread, DWORD ExitCode)
{
    if (Thread == NULL) { /* to NT: the caller */
        RtlSetLastWin32Error(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    return BaseResult(NtTerminateThread(Thread, (NTSTATUS)ExitCode));
}
