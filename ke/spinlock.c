/* SPDX-License-Identifier: MIT */
/*
 * Spin locks.  On one processor raising IRQL would do; the lock word is what
 * keeps the others out.
 *
 * Debug builds keep the levels of the locks a processor holds in its KPRCB and
 * stop at the first acquisition against the order of inc/locks.h, whether or not
 * it would have met its deadlock this time.
 */
#include "ke/ki.h"

void KeInitializeSpinLock(PKSPIN_LOCK Lock, LOCK_LEVEL Level)
{
    Lock->Lock = 0;
    Lock->Level = (UCHAR)Level;
}

/* The slow half of KiTakeLock: somebody else holds it. */
void KiSpin(PKSPIN_LOCK Lock, ULONG Mark)
{
    do {
        if (Lock->Lock == Mark) {
            KeBugCheckEx(NASCENT_LOCK_ORDER, (ULONG_PTR)Lock, Lock->Level, Lock->Level,
                (ULONG_PTR)__builtin_return_address(0));
        }
        while (Lock->Lock != 0) {
            __builtin_ia32_pause();
        }
    } while (InterlockedCompareExchange(&Lock->Lock, Mark, 0) != 0);
}

#ifndef NDEBUG

/* Bugcheck parameters: the lock, its level, the level held, the caller. */
void KiNoteSpinLockAcquire(PKSPIN_LOCK Lock, PVOID Caller)
{
    PKPRCB Prcb = KiCurrentPrcb();
    ULONG Held = Prcb->HeldSpinLocks;
    UCHAR Highest = Held != 0 ? Prcb->HeldLevels[Held - 1] : LockLevelConsole;

    if (Lock->Level <= Highest || Held == KI_LOCK_STACK) {
        KeBugCheckEx(
            NASCENT_LOCK_ORDER, (ULONG_PTR)Lock, Lock->Level, Highest, (ULONG_PTR)Caller);
    }
    Prcb->HeldLevels[Held] = Lock->Level;
    Prcb->HeldSpinLocks = Held + 1;
}

/* Locks may be released in any order; the rest stays sorted. */
void KiNoteSpinLockRelease(PKSPIN_LOCK Lock)
{
    PKPRCB Prcb = KiCurrentPrcb();
    ULONG Held = Prcb->HeldSpinLocks;
    ULONG i = Held;

    while (i != 0 && Prcb->HeldLevels[i - 1] != Lock->Level) {
        i--;
    }
    ASSERT(i != 0);
    for (; i < Held; i++) {
        Prcb->HeldLevels[i - 1] = Prcb->HeldLevels[i];
    }
    Prcb->HeldSpinLocks = Held - 1;
}

#endif

KIRQL KeAcquireSpinLock(PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = KeGetCurrentIrql();

    if (OldIrql < DISPATCH_LEVEL) {
        KiSetIrql(DISPATCH_LEVEL);
    }
    KiNoteSpinLockAcquire(Lock, __builtin_return_address(0));
    KiTakeLock(Lock);
    return OldIrql;
}

void KeReleaseSpinLock(PKSPIN_LOCK Lock, KIRQL OldIrql)
{
    ASSERT(Lock->Lock == KiLockMark());
    KiDropLock(Lock);
    KiNoteSpinLockRelease(Lock);
    if (KeGetCurrentIrql() == DISPATCH_LEVEL) {
        KiLowerFromDispatchLevel(OldIrql);
    }
}

/* The caller is at DISPATCH_LEVEL or has disabled interrupts. */
void KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK Lock)
{
    KiNoteSpinLockAcquire(Lock, __builtin_return_address(0));
    KiTakeLock(Lock);
}

void KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK Lock)
{
    ASSERT(Lock->Lock == KiLockMark());
    KiDropLock(Lock);
    KiNoteSpinLockRelease(Lock);
}

/* ---- Short locks: in line in a release build (inc/ke.h) ---------------------------- */

#ifdef NDEBUG

void KeSpinShortLock(PKSPIN_LOCK Lock)
{
    do {
        __builtin_ia32_pause();
    } while (Lock->Lock != 0 || InterlockedExchange(&Lock->Lock, 1) != 0);
}

#else

void KeEnterShortSection(void)
{
    ASSERT_IRQL_AT_MOST(APC_LEVEL);
    ASSERT(KeDisableInterrupts()); /* they are not nested */
}

void KeLeaveShortSection(void)
{
    ASSERT(!KeDisableInterrupts() && KiCurrentPrcb()->HeldSpinLocks == 0);
    KiEnableInterrupts();
}

void KeAcquireShortLock(PKSPIN_LOCK Lock)
{
    KeEnterShortSection();
    KiNoteSpinLockAcquire(Lock, __builtin_return_address(0));
    KiTakeLock(Lock);
}

void KeReleaseShortLock(PKSPIN_LOCK Lock)
{
    ASSERT(Lock->Lock == KiLockMark());
    KiDropLock(Lock);
    KiNoteSpinLockRelease(Lock);
    KeLeaveShortSection();
}

#endif
