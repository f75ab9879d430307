/* SPDX-License-Identifier: MIT */
/*
 * Guarded mutexes: the locks that may be waited for.  A free one costs two
 * atomic instructions.  The owner is in a guarded region: no APC of any kind
 * reaches it, so it is not suspended or ended while it holds the lock.
 *
 * A release hands the mutex to nobody.  It wakes a waiter, which tries again against
 * whoever comes by: if each release gave it away, two threads that use a mutex often
 * would wait at every acquisition once they have met.  One waiter at a time is woken
 * and on its way; as long as it is, releases leave the others alone.
 *
 * Debug builds check the order of inc/locks.def at every acquisition (held.c).
 */
#include "ke/ki.h"

void KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex, LOCK_LEVEL Level)
{
    Mutex->Count = GUARDED_MUTEX_FREE;
    Mutex->Owner = NULL;
    KeInitializeEvent(&Mutex->Gate, SynchronizationEvent, FALSE);
    Mutex->Level = (UCHAR)Level;
}

/*
 * Woken is the bit that this thread has been woken with: it goes when the thread
 * takes the mutex or waits again.  Either way the owner, which may be this thread,
 * finds Count not zero at its release if there is anybody to wake.
 */
static __attribute__((noinline)) void KiWaitForMutex(PKGUARDED_MUTEX Mutex)
{
    LONG Woken = 0;

    for (;;) {
        LONG Old = Mutex->Count;
        LONG Change = Old & GUARDED_MUTEX_FREE ? -GUARDED_MUTEX_FREE : GUARDED_MUTEX_WAITER;

        if (InterlockedCompareExchange(&Mutex->Count, Old + Change - Woken, Old) != Old) {
            continue;
        }
        if (Old & GUARDED_MUTEX_FREE) {
            return;
        }
        NTSTATUS Status =
            KeWaitForSingleObject(&Mutex->Gate, Executive, KernelMode, FALSE, NULL);
        ASSERT(Status == STATUS_SUCCESS);
        (void)Status;
        Woken = GUARDED_MUTEX_WOKEN;
    }
}

/* The mutex was freed.  If somebody has taken it since, that one's release does this. */
static __attribute__((noinline)) void KiWakeMutexWaiter(PKGUARDED_MUTEX Mutex)
{
    LONG Old = Mutex->Count;

    while (Old >= GUARDED_MUTEX_WAITER &&
           (Old & (GUARDED_MUTEX_FREE | GUARDED_MUTEX_WOKEN)) == GUARDED_MUTEX_FREE) {
        LONG New = Old - GUARDED_MUTEX_WAITER + GUARDED_MUTEX_WOKEN;
        LONG Seen = InterlockedCompareExchange(&Mutex->Count, New, Old);

        if (Seen == Old) {
            KeSetEvent(&Mutex->Gate, 0, FALSE);
            return;
        }
        Old = Seen;
    }
}

/* IRQL: at most APC_LEVEL. */
void KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KiNoteRegion(Thread, __builtin_return_address(0));
    Thread->SpecialApcDisable--;
    KiNoteMutexAcquire(Mutex, Thread, __builtin_return_address(0));
    if (!(InterlockedAnd(&Mutex->Count, ~GUARDED_MUTEX_FREE) & GUARDED_MUTEX_FREE)) {
        KiWaitForMutex(Mutex);
    }
    Mutex->Owner = Thread;
}

void KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KiNoteMutexRelease(Mutex, Thread, __builtin_return_address(0));
    Mutex->Owner = NULL;
    if (InterlockedExchangeAdd(&Mutex->Count, GUARDED_MUTEX_FREE) != 0) {
        KiWakeMutexWaiter(Mutex);
    }
    KeLeaveGuardedRegion();
}

BOOLEAN KeIsGuardedMutexOwned(PKGUARDED_MUTEX Mutex)
{
    return Mutex->Owner == KeGetCurrentThread();
}
