/* SPDX-License-Identifier: MIT */
/*
 * The system services that give up the processor for a while.
 */
#include "ke.h"
#include "mm.h"
#include "nt/native.h"

NTSTATUS NTAPI NtDelayExecution(BOOLEAN Alertable, LARGE_INTEGER __user *DelayInterval)
{
    LARGE_INTEGER Interval;
    NTSTATUS Status = MmCopyFromUser(&Interval, DelayInterval, sizeof(Interval));

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return KeDelayExecutionThread(KeGetPreviousMode(), Alertable, &Interval);
}

NTSTATUS NTAPI NtYieldExecution(void)
{
    return KeYieldExecution();
}
