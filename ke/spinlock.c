/* SPDX-License-Identifier: MIT */
/*
 * Spin locks.  On one processor raising IRQL would do; the lock word is what
 * keeps the others out.
 *
 * Debug builds check the order of inc/locks.def at every acquisition (held.c).
 */
#include "ke/ki.h"

void KeInitializeSpinLock(PKSPIN_LOCK Lock, LOCK_LEVEL Level)
{
    Lock->Lock = 0;
    Lock->Level = (UCHAR)Level;
}

/* The slow half of KiTakeLock: somebody else holds it.  On one processor nobody can. */
void KiSpin(PKSPIN_LOCK Lock, ULONG Mark)
{
    ULONG Turns = 0;

    if (KeNumberProcessors == 1) {
        KeBugCheckEx(SPIN_LOCK_ALREADY_OWNED, (ULONG_PTR)Lock, Lock->Level, Lock->Level,
            (ULONG_PTR)__builtin_return_address(0));
    }
    do {
        while (Lock->Lock != 0) {
            KiRelax(&Turns);
        }
    } while (InterlockedCompareExchange(&Lock->Lock, Mark, 0) != 0);
}

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
    KiNoteSpinLockRelease(Lock, __builtin_return_address(0));
    KiDropLock(Lock);
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
    KiNoteSpinLockRelease(Lock, __builtin_return_address(0));
    KiDropLock(Lock);
}

/* ---- Short locks: in line in a release build (inc/ke.h) ---------------------------- */

#ifdef NDEBUG

void KeSpinShortLock(PKSPIN_LOCK Lock)
{
    KiSpin(Lock, 1);
}

#else

void KeEnterShortSection(void)
{
    BOOLEAN Enabled = KeDisableInterrupts();

    ASSERT_IRQL_AT_MOST(DISPATCH_LEVEL);
    ASSERT(Enabled); /* they are not nested */
    KeGetPcr()->ShortSectionBy = __builtin_return_address(0);
}

void KeLeaveShortSection(void)
{
    BOOLEAN Enabled = KeDisableInterrupts();

    ASSERT(!Enabled);
    KeGetPcr()->ShortSectionBy = NULL;
    KiEnableInterrupts();
}

void KeAcquireShortLockInSection(PKSPIN_LOCK Lock)
{
    KiNoteShortLockAcquire(Lock, __builtin_return_address(0));
    KiTakeLock(Lock);
}

void KeAcquireShortLock(PKSPIN_LOCK Lock)
{
    KeEnterShortSection();
    KeGetPcr()->ShortSectionBy = __builtin_return_address(0);
    KiNoteShortLockAcquire(Lock, __builtin_return_address(0));
    KiTakeLock(Lock);
}

void KeReleaseShortLock(PKSPIN_LOCK Lock)
{
    KiNoteSpinLockRelease(Lock, __builtin_return_address(0));
    KiDropLock(Lock);
    KeLeaveShortSection();
}

#endif
