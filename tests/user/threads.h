/* SPDX-License-Identifier: MIT */
/*
 * Threads of a native test program: started, waited for, and judged by how they end.
 */
#pragma once
#include "tests/user/ktap.h"

static inline HANDLE StartThread(
    PUSER_THREAD_START_ROUTINE Routine, PVOID Parameter, BOOLEAN Suspended)
{
    HANDLE Thread = NULL;

    (void)KtapStatus(RtlCreateUserThread(NtCurrentProcess(), NULL, Suspended, 0, 0, 0, Routine,
                         Parameter, &Thread, NULL),
        STATUS_SUCCESS, "a thread");
    return Thread;
}

/* Closes the handle.  A thread that takes longer than half a minute hangs. */
static inline void ExpectEnd(HANDLE Thread, NTSTATUS Status, PCSTR Name)
{
    THREAD_BASIC_INFORMATION Information = {.ExitStatus = STATUS_PENDING};
    LARGE_INTEGER Timeout = {.QuadPart = -300000000LL};

    (void)KtapStatus(NtWaitForSingleObject(Thread, FALSE, &Timeout), STATUS_SUCCESS, "its end");
    (void)NtQueryInformationThread(
        Thread, ThreadBasicInformation, &Information, sizeof(Information), NULL);
    (void)KtapStatus(Information.ExitStatus, Status, Name);
    (void)NtClose(Thread);
}
