/* SPDX-License-Identifier: MIT */
/*
 * Semaphores: the signal state is the count, and each wait that succeeds takes
 * one from it.
 */
#include "ke/ki.h"

void KeInitializeSemaphore(PKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    Semaphore->Header.Type = SemaphoreObject;
    Semaphore->Header.Absolute = 0;
    Semaphore->Header.Size = sizeof(KSEMAPHORE) / sizeof(ULONG);
    Semaphore->Header.Inserted = 0;
    Semaphore->Header.SignalState = Count;
    InitializeListHead(&Semaphore->Header.WaitListHead);
    Semaphore->Limit = Limit;
}

NTSTATUS KeReleaseSemaphore(
    PKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait, PLONG Previous)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Old = Semaphore->Header.SignalState;

    /* Also refuses negative adjustments; no overflow, as Old <= Limit. */
    if (Adjustment < 0 || Adjustment > Semaphore->Limit - Old) {
        KiUnlockDispatcher(OldIrql);
        return STATUS_SEMAPHORE_LIMIT_EXCEEDED;
    }
    Semaphore->Header.SignalState = Old + Adjustment;
    if (Old == 0 && !IsListEmpty(&Semaphore->Header.WaitListHead)) {
        KiWaitTest(&Semaphore->Header, Increment);
    }
    KiUnlockDispatcherOrWait(OldIrql, Wait);
    if (Previous != NULL) {
        *Previous = Old;
    }
    return STATUS_SUCCESS;
}
