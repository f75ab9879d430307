/* SPDX-License-Identifier: MIT */
/*
 * Guarded mutexes: the locks that may be waited for.  A free one costs two
 * atomic instructions; a contended one is handed over through its gate, so that
 * the waiters come in order.  The owner is in a guarded region: no APC of any
 * kind reaches it, so it is not suspended or ended while it holds the lock.
 *
 * Debug builds check the order of inc/locks.def at every acquisition (held.c).
 */
#include "ke/ki.h"

void KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex, LOCK_LEVEL Level)
{
    Mutex->Count = 1;
    Mutex->Owner = NULL;
    KeInitializeEvent(&Mutex->Gate, SynchronizationEvent, FALSE);
    Mutex->Level = (UCHAR)Level;
}

/* IRQL: at most APC_LEVEL. */
void KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KiNoteRegion(Thread, __builtin_return_address(0));
    Thread->SpecialApcDisable--;
    KiNoteMutexAcquire(Mutex, Thread, __builtin_return_address(0));
    if (InterlockedDecrement(&Mutex->Count) != 0) {
        NTSTATUS Status =
            KeWaitForSingleObject(&Mutex->Gate, Executive, KernelMode, FALSE, NULL);
        ASSERT(Status == STATUS_SUCCESS);
        (void)Status;
    }
    Mutex->Owner = Thread;
}

void KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KiNoteMutexRelease(Mutex, Thread, __builtin_return_address(0));
    Mutex->Owner = NULL;
    if (InterlockedIncrement(&Mutex->Count) <= 0) {
        KeSetEvent(&Mutex->Gate, 0, FALSE);
    }
    KeLeaveGuardedRegion();
}

BOOLEAN KeIsGuardedMutexOwned(PKGUARDED_MUTEX Mutex)
{
    return Mutex->Owner == KeGetCurrentThread();
}
