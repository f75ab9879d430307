/* SPDX-License-Identifier: MIT */
/*
 * The signalling side of waits: an object has become signalled; which threads
 * does that wake, and what does their waking do to the object?  The waiting side
 * is wait.c.  Everything here runs under the dispatcher lock.
 */
#include "ke/ki.h"

/* STATUS_MUTANT_LIMIT_EXCEEDED: its owner has it as often as can be counted. */
static NTSTATUS KiAcquireMutant(PKMUTANT Mutant, PKTHREAD Thread)
{
    if (Mutant->Header.SignalState == MINLONG) {
        return STATUS_MUTANT_LIMIT_EXCEEDED;
    }
    if (--Mutant->Header.SignalState != 0) {
        return STATUS_SUCCESS; /* once more by its owner */
    }
    Mutant->OwnerThread = Thread;
    Thread->KernelApcDisable -= Mutant->ApcDisable;
    InsertTailList(&Thread->MutantListHead, &Mutant->MutantListEntry);
    if (Mutant->Abandoned) {
        Mutant->Abandoned = FALSE;
        return STATUS_ABANDONED;
    }
    return STATUS_SUCCESS;
}

NTSTATUS KiSatisfyWait(PDISPATCHER_HEADER Object, PKTHREAD Thread)
{
    switch (Object->Type) {
    case MutantObject:
        return KiAcquireMutant((PKMUTANT)Object, Thread);
    case SemaphoreObject:
        Object->SignalState--;
        break;
    case EventSynchronizationObject:
    case TimerSynchronizationObject:
        Object->SignalState = 0;
        break;
    default:
        break; /* stays signalled */
    }
    return STATUS_SUCCESS;
}

/* The next block of a wait for all; its timer is not among the objects. */
static PKWAIT_BLOCK KiNextObjectBlock(PKWAIT_BLOCK Block)
{
    Block = Block->NextWaitBlock;
    return Block->WaitType == WaitAll ? Block : Block->NextWaitBlock;
}

/* Satisfies the wait for all that First belongs to, if it can be. */
static BOOLEAN KiSatisfyWaitAll(PKWAIT_BLOCK First, PLONG_PTR WaitStatus)
{
    PKTHREAD Thread = First->Thread;
    PKWAIT_BLOCK Block = First;
    NTSTATUS Status = STATUS_SUCCESS;

    do {
        if (!KiIsSignaled(Block->Object, Thread)) {
            return FALSE;
        }
        Block = KiNextObjectBlock(Block);
    } while (Block != First);
    do {
        Status |= KiSatisfyWait(Block->Object, Thread);
        Block = KiNextObjectBlock(Block);
    } while (Block != First);
    *WaitStatus = (__force LONG_PTR)Status;
    return TRUE;
}

void KiWaitTest(PDISPATCHER_HEADER Object, KPRIORITY Increment)
{
    PLIST_ENTRY Head = &Object->WaitListHead;
    PLIST_ENTRY Entry = Head->Flink;

    while (Object->SignalState > 0 && Entry != Head) {
        PKWAIT_BLOCK Block = CONTAINING_RECORD(Entry, KWAIT_BLOCK, WaitListEntry);
        LONG_PTR Status;
        if (Block->WaitType == WaitAny) {
            Status = Block->WaitKey | (__force LONG_PTR)KiSatisfyWait(Object, Block->Thread);
        } else if (!KiSatisfyWaitAll(Block, &Status)) {
            Entry = Entry->Flink;
            continue;
        }
        KiUnwaitThread(Block->Thread, Status, Increment);
        Entry = Head->Flink; /* the thread may have waited here more than once */
    }
}

/*
 * A completed wait costs a little quantum, but not those who are nearly real-time; an
 * increment lifts the priority above the base; a starved thread's is at the top already.
 */
static void KiAdjustAfterWait(PKTHREAD Thread, KPRIORITY Increment)
{
    KPRIORITY Boosted = Thread->BasePriority + Increment;

    if (Thread->Priority >= LOW_REALTIME_PRIORITY) {
        Thread->Quantum = Thread->QuantumReset;
        return;
    }
    if (Thread->BasePriority >= KI_TIME_CRITICAL_BOUND) {
        Thread->Quantum = Thread->QuantumReset;
    } else {
        Thread->Quantum -= KI_WAIT_QUANTUM;
    }
    if (Thread->Quantum <= 0) {
        Thread->Quantum = Thread->QuantumReset;
        Thread->Priority = (CCHAR)KiComputeDecayedPriority(Thread);
    }
    if (Boosted >= LOW_REALTIME_PRIORITY) {
        Boosted = LOW_REALTIME_PRIORITY - 1;
    }
    if (Boosted > Thread->Priority && !Thread->DisableBoost) {
        Thread->Priority = (CCHAR)Boosted;
    }
}

void KiUnwaitThread(PKTHREAD Thread, LONG_PTR Status, KPRIORITY Increment)
{
    PKWAIT_BLOCK Block = Thread->WaitBlockList;

    ASSERT(Thread->State == Waiting);
    do {
        (void)RemoveEntryList(&Block->WaitListEntry);
        Block = Block->NextWaitBlock;
    } while (Block != Thread->WaitBlockList);
    if (Thread->Timer.Header.Inserted) {
        KiRemoveTimer(&Thread->Timer);
    }
    if (Thread->Queue != NULL) {
        Thread->Queue->CurrentCount++;
    }
    Thread->WaitStatus = Status;
    KiAdjustAfterWait(Thread, Increment);
    KiReadyThread(Thread);
}
