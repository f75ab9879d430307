/* SPDX-License-Identifier: MIT */
/*
 * Guarded mutexes: the locks that may be waited for.  A free one costs two
 * atomic instructions; a contended one is handed over through its gate, so that
 * the waiters come in order.  The owner is in a guarded region: no APC of any
 * kind reaches it, so it is not suspended or ended while it holds the lock.
 *
 * Debug builds check the levels of inc/locks.h against those the thread holds.
 */
#include "ke/ki.h"

#ifdef NDEBUG
#define KiNoteMutexAcquire(Mutex, Thread, Caller) ((void)(Thread))
#define KiNoteMutexRelease(Mutex, Thread)         ((void)(Thread))
#else

/* Bugcheck parameters: the mutex, its level, the level held, the caller. */
static void KiNoteMutexAcquire(PKGUARDED_MUTEX Mutex, PKTHREAD Thread, PVOID Caller)
{
    ULONG Held = Thread->HeldLocks;
    PKPRCB Prcb = KiCurrentPrcb();
    UCHAR Highest = Held != 0 ? Thread->HeldLevels[Held - 1] : LockLevelNone;

    if (KeGetCurrentIrql() >= DISPATCH_LEVEL && Prcb->HeldSpinLocks != 0) {
        Highest = Prcb->HeldLevels[Prcb->HeldSpinLocks - 1];
    }
    if (Mutex->Level <= Highest || Held == KI_LOCK_STACK) {
        KeBugCheckEx(
            NASCENT_LOCK_ORDER, (ULONG_PTR)Mutex, Mutex->Level, Highest, (ULONG_PTR)Caller);
    }
    Thread->HeldLevels[Held] = Mutex->Level;
    Thread->HeldLocks = Held + 1;
}

static void KiNoteMutexRelease(PKGUARDED_MUTEX Mutex, PKTHREAD Thread)
{
    ULONG Held = Thread->HeldLocks;
    ULONG i = Held;

    while (i != 0 && Thread->HeldLevels[i - 1] != Mutex->Level) {
        i--;
    }
    ASSERT(i != 0);
    for (; i < Held; i++) {
        Thread->HeldLevels[i - 1] = Thread->HeldLevels[i];
    }
    Thread->HeldLocks = Held - 1;
}

#endif

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

    ASSERT_IRQL_AT_MOST(APC_LEVEL);
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

    ASSERT(Mutex->Owner == Thread);
    Mutex->Owner = NULL;
    KiNoteMutexRelease(Mutex, Thread);
    if (InterlockedIncrement(&Mutex->Count) <= 0) {
        KeSetEvent(&Mutex->Gate, 0, FALSE);
    }
    KeLeaveGuardedRegion();
}

BOOLEAN KeIsGuardedMutexOwned(PKGUARDED_MUTEX Mutex)
{
    return Mutex->Owner == KeGetCurrentThread();
}
