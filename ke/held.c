/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: what every processor and thread holds, and by whose doing, so that
 * the checks of lock order, waits and returns to user mode stop at the first
 * mistake, whether or not it would have met its deadlock this time, and the
 * bugcheck names both sides.
 *
 * A processor holds spin locks, a thread guarded mutexes.  Only their owner looks
 * at the records, so they need no lock.
 */
#include "ke/ki.h"

#ifndef NDEBUG

static PCSTR KiLockName(ULONG Level)
{
    static const PCSTR Names[LockLevelMax] = {
        "(not initialized)",
#define LOCK_LEVEL(Id, Name) Name,
#include "locks.def"
#undef LOCK_LEVEL
    };

    return Level < LockLevelMax ? Names[Level] : "(no lock)";
}

/* ---- The records -------------------------------------------------------------------- */

static ULONG KiHighestLevel(const KHELD_LOCKS *Held)
{
    return Held->Count != 0 ? Held->Locks[Held->Count - 1].Level : LockLevelNone;
}

static void KiRemember(PKHELD_LOCKS Held, PVOID Lock, ULONG Level, PVOID Caller)
{
    Held->Locks[Held->Count].Lock = Lock;
    Held->Locks[Held->Count].Caller = Caller;
    Held->Locks[Held->Count].Level = Level;
    Held->Count++;
}

/* Locks may be released in any order; the rest stays sorted.  FALSE: it is not held. */
static BOOLEAN KiForget(PKHELD_LOCKS Held, PVOID Lock)
{
    ULONG i = 0;

    while (i < Held->Count && Held->Locks[i].Lock != Lock) {
        i++;
    }
    if (i == Held->Count) {
        return FALSE;
    }
    for (Held->Count--; i < Held->Count; i++) {
        Held->Locks[i] = Held->Locks[i + 1];
    }
    return TRUE;
}

/* ---- The checks ----------------------------------------------------------------------- */

/* All these bugchecks have: the lock, its level, the highest level held, the caller. */
static void KiCheckOrder(const KHELD_LOCKS *Held, PVOID Lock, ULONG Level, ULONG Highest,
    KIRQL LowestIrql, KIRQL HighestIrql, PVOID Caller)
{
    KIRQL Irql = KeGetCurrentIrql();

    if (Level <= Highest || Held->Count == KE_MAXIMUM_HELD_LOCKS || Irql < LowestIrql ||
        Irql > HighestIrql) {
        KeBugCheckEx(NASCENT_LOCK_ORDER, (ULONG_PTR)Lock, Level, Highest, (ULONG_PTR)Caller);
    }
}

/* Before it is taken. */
static void KiNoteLock(PKSPIN_LOCK Lock, KIRQL LowestIrql, KIRQL HighestIrql, PVOID Caller)
{
    PKHELD_LOCKS Held = &KiCurrentPrcb()->HeldSpinLocks;
    ULONG Highest = Held->Count != 0 ? KiHighestLevel(Held) : LOCK_LEVEL_LAST_MUTEX;

    if (Lock->Lock == KiLockMark()) {
        KeBugCheckEx(SPIN_LOCK_ALREADY_OWNED, (ULONG_PTR)Lock, Lock->Level, Highest,
            (ULONG_PTR)Caller);
    }
    KiCheckOrder(Held, Lock, Lock->Level, Highest, LowestIrql, HighestIrql, Caller);
    KiRemember(Held, Lock, Lock->Level, Caller);
}

/* Caller NULL: the caller of this routine. */
void KiNoteSpinLockAcquire(PKSPIN_LOCK Lock, PVOID Caller)
{
    KiNoteLock(Lock, DISPATCH_LEVEL, DISPATCH_LEVEL,
        Caller != NULL ? Caller : __builtin_return_address(0));
}

void KiNoteShortLockAcquire(PKSPIN_LOCK Lock, PVOID Caller)
{
    KiNoteLock(Lock, PASSIVE_LEVEL, DISPATCH_LEVEL, Caller);
}

/* Before it is let go. */
void KiNoteSpinLockRelease(PKSPIN_LOCK Lock, PVOID Caller)
{
    PKHELD_LOCKS Held = &KiCurrentPrcb()->HeldSpinLocks;

    if (Lock->Lock != KiLockMark() || !KiForget(Held, Lock)) {
        KeBugCheckEx(SPIN_LOCK_NOT_OWNED, (ULONG_PTR)Lock, Lock->Level, KiHighestLevel(Held),
            (ULONG_PTR)(Caller != NULL ? Caller : __builtin_return_address(0)));
    }
}

void KiNoteMutexAcquire(PKGUARDED_MUTEX Mutex, PKTHREAD Thread, PVOID Caller)
{
    PKHELD_LOCKS Held = &Thread->HeldMutexes;
    ULONG Highest = KiHighestLevel(Held);

    if (Mutex->Owner == Thread) {
        KeBugCheckEx(MUTEX_ALREADY_OWNED, (ULONG_PTR)Mutex, Mutex->Level, Highest,
            (ULONG_PTR)Caller);
    }
    KiCheckOrder(Held, Mutex, Mutex->Level, Highest, PASSIVE_LEVEL, APC_LEVEL, Caller);
    KiRemember(Held, Mutex, Mutex->Level, Caller);
}

void KiNoteMutexRelease(PKGUARDED_MUTEX Mutex, PKTHREAD Thread, PVOID Caller)
{
    PKHELD_LOCKS Held = &Thread->HeldMutexes;

    if (Mutex->Owner != Thread || !KiForget(Held, Mutex)) {
        KeBugCheckEx(THREAD_NOT_MUTEX_OWNER, (ULONG_PTR)Mutex, Mutex->Level,
            KiHighestLevel(Held), (ULONG_PTR)Caller);
    }
}

/* A critical or guarded region begins. */
void KiNoteRegion(PKTHREAD Thread, PVOID Caller)
{
    if (Thread->KernelApcDisable == 0 && Thread->SpecialApcDisable == 0) {
        Thread->ApcsDisabledBy = Caller;
    }
}

/*
 * A wait that could block is wrong at DISPATCH_LEVEL or in a short section, even if
 * this time it need not.  After KeSetEvent(..., Wait = TRUE) the level before that
 * call counts.
 */
void KiNoteWait(PKTHREAD Thread, PVOID Object, const LARGE_INTEGER *Timeout, PVOID Caller)
{
    KIRQL Irql = Thread->WaitNext ? Thread->WaitIrql : KeGetCurrentIrql();

    if ((Irql >= DISPATCH_LEVEL || KiInShortSection()) && (Timeout == NULL || Timeout->QuadPart != 0)) {
        KeBugCheckEx(ATTEMPTED_SWITCH_FROM_DPC, (ULONG_PTR)Thread, (ULONG_PTR)Object, Irql,
            (ULONG_PTR)Caller);
    }
}

/* ---- In a bugcheck --------------------------------------------------------------------- */

static void KiPrintHeldLocks(const KHELD_LOCKS *Held)
{
    for (ULONG i = 0; i < Held->Count && i < KE_MAXIMUM_HELD_LOCKS; i++) {
        KiPrintLockUse("held:   ", (ULONG_PTR)Held->Locks[i].Lock, Held->Locks[i].Level,
            (ULONG_PTR)Held->Locks[i].Caller);
    }
}

void KiPrintLockUse(PCSTR Label, ULONG_PTR Lock, ULONG Level, ULONG_PTR Caller)
{
    KePrint("  %s  %s lock %08x, level %u, ", Label, KiLockName(Level), Lock, Level);
    KiPrintPlace("by", Caller, 1);
}

/* Why the level is raised or interrupts are off, what is held, who has disabled APCs. */
void KiPrintHeld(void)
{
    PKPRCB Prcb = KiCurrentPrcb();
    PKTHREAD Thread = KeGetCurrentThread();

    KiPrintHeldLocks(&Prcb->HeldSpinLocks);
    if (KiInShortSection()) {
        KiPrintPlace("  short:    interrupts off by", (ULONG_PTR)KeGetPcr()->ShortSectionBy, 1);
    }
    if (KeGetCurrentIrql() >= DISPATCH_LEVEL) {
        if (Prcb->DpcRoutine != NULL) {
            KiPrintPlace("  DPC:     ", (ULONG_PTR)Prcb->DpcRoutine, 0);
        } else if (Prcb->HeldSpinLocks.Count == 0 && Prcb->RaisedBy != NULL) {
            KiPrintPlace("  IRQL:     last raised by", (ULONG_PTR)Prcb->RaisedBy, 1);
        }
    }
    if (Thread == NULL) {
        return;
    }
    KiPrintHeldLocks(&Thread->HeldMutexes);
    if (KeGetCurrentIrql() < DISPATCH_LEVEL && Thread->HeldMutexes.Count == 0 &&
        KeAreApcsDisabled()) {
        KiPrintPlace("  APCs:     disabled by", (ULONG_PTR)Thread->ApcsDisabledBy, 1);
    }
}

#endif
