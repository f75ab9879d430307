/* SPDX-License-Identifier: MIT */
/*
 * Waiting: for objects, for time.
 */
#include "user/kernel32/base.h"

/* A wait's status is already Win32's value; only errors need translation. */
static DWORD BasepWaitResult(NTSTATUS Status)
{
    if (NT_SUCCESS(Status)) {
        return (DWORD)Status;
    }
    (void)BaseSetLastNTError(Status);
    return WAIT_FAILED;
}

DWORD WINAPI WaitForSingleObjectEx(HANDLE Handle, DWORD Milliseconds, BOOL Alertable)
{
    LARGE_INTEGER Timeout;
    NTSTATUS Status;

    do {
        Status = NtWaitForSingleObject(
            Handle, (BOOLEAN)Alertable, BaseFormatTimeout(&Timeout, Milliseconds));
    } while (Alertable && Status == STATUS_ALERTED);
    return BasepWaitResult(Status);
}

DWORD WINAPI WaitForSingleObject(HANDLE Handle, DWORD Milliseconds)
{
    return WaitForSingleObjectEx(Handle, Milliseconds, FALSE);
}

DWORD WINAPI WaitForMultipleObjectsEx(
    DWORD Count, CONST HANDLE *Handles, BOOL All, DWORD Milliseconds, BOOL Alertable)
{
    LARGE_INTEGER Timeout;
    NTSTATUS Status;

    do {
        Status = NtWaitForMultipleObjects(Count, (HANDLE *)Handles, All ? WaitAll : WaitAny,
            (BOOLEAN)Alertable, BaseFormatTimeout(&Timeout, Milliseconds));
    } while (Alertable && Status == STATUS_ALERTED);
    return BasepWaitResult(Status);
}

DWORD WINAPI WaitForMultipleObjects(
    DWORD Count, CONST HANDLE *Handles, BOOL All, DWORD Milliseconds)
{
    return WaitForMultipleObjectsEx(Count, Handles, All, Milliseconds, FALSE);
}

DWORD WINAPI SleepEx(DWORD Milliseconds, BOOL Alertable)
{
    LARGE_INTEGER Forever = {.QuadPart = INT64_MIN};
    LARGE_INTEGER Timeout;
    PLARGE_INTEGER Interval = BaseFormatTimeout(&Timeout, Milliseconds);
    NTSTATUS Status;

    do {
        Status = NtDelayExecution((BOOLEAN)Alertable, Interval != NULL ? Interval : &Forever);
    } while (Alertable && Status == STATUS_ALERTED);
    return Status == STATUS_USER_APC ? WAIT_IO_COMPLETION : 0;
}

VOID WINAPI Sleep(DWORD Milliseconds)
{
    (void)SleepEx(Milliseconds, FALSE);
}
