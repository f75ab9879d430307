/* SPDX-License-Identifier: MIT */
/*
 * The two questions about time that are system services.  Most programs read
 * KUSER_SHARED_DATA instead, without a system call.
 */
#include "ex/exp.h"

LARGE_INTEGER ExpBootTime; /* system time at interrupt time 0 */

void ExpInitTime(void)
{
    KeQuerySystemTime(&ExpBootTime);
    ExpBootTime.QuadPart -= (LONGLONG)KeQueryInterruptTime();
}

NTSTATUS NTAPI NtQuerySystemTime(LARGE_INTEGER __user *SystemTime)
{
    LARGE_INTEGER Time;

    KeQuerySystemTime(&Time);
    return MmCopyToUser(SystemTime, &Time, sizeof(Time));
}

NTSTATUS NTAPI NtQueryPerformanceCounter(
    LARGE_INTEGER __user *PerformanceCounter, LARGE_INTEGER __user *PerformanceFrequency)
{
    ULONGLONG Frequency;
    ULONGLONG Counter = KeQueryPerformanceCounter(&Frequency);
    NTSTATUS Status = MmCopyToUser(PerformanceCounter, &Counter, sizeof(Counter));

    return NT_SUCCESS(Status) && PerformanceFrequency != NULL
        ? MmCopyToUser(PerformanceFrequency, &Frequency, sizeof(Frequency))
        : Status;
}
