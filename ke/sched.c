/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: which ready thread runs.  Each processor has 32 ready queues, a
 * bit for each that is not empty, and one thread standing by (NextThread) that
 * has been chosen over the running one but not yet been switched to.
 *
 * A thread leaves the processor only in KiSwapThreadTo, which is reached by
 * waiting, yielding, ending, and by being preempted or reaching the end of its
 * quantum in the DISPATCH_LEVEL interrupt.  The dispatcher lock is held through
 * the switch; KiFinishSwitch, on the other side, releases it.
 *
 * Next: priority.c (what moves a thread between the queues), wait.c.
 */
#include "ke/ki.h"
#include "boot.h"

KSPIN_LOCK KiDispatcherLock = KSPIN_LOCK_INITIALIZER(LockLevelDispatcher);
PKPRCB KiProcessorBlock[MAXIMUM_PROCESSORS];
KE_UPPER_ROUTINES KeUpperRoutines;

void KiInitializeReadyQueues(PKPRCB Prcb)
{
    Prcb->ReadySummary = 0;
    for (ULONG i = 0; i < KI_READY_QUEUES; i++) {
        InitializeListHead(&Prcb->DispatcherReadyListHead[i]);
    }
}

/* The thread's ideal processor when its affinity allows, else the first allowed. */
static PKPRCB KiSelectProcessor(PKTHREAD Thread)
{
    KAFFINITY Allowed = Thread->Affinity & KeActiveProcessors;

    if (Allowed >> Thread->IdealProcessor & 1) {
        return KiProcessorBlock[Thread->IdealProcessor];
    }
    return KiProcessorBlock[__builtin_ctz(Allowed)];
}

/*
 * Prcb has got a NextThread.  On this processor whoever unlocks the dispatcher
 * sees it; another one finds the interrupt at its next change of IRQL or tick.
 */
static void KiRequestSwitch(PKPRCB Prcb)
{
    if (Prcb != KiCurrentPrcb()) {
        PKPCR Pcr = CONTAINING_RECORD(Prcb, KPCR, PrcbData);
        InterlockedOr(&Pcr->SoftwareInterrupts, KI_SOFTWARE_INTERRUPT(DISPATCH_LEVEL));
    }
}

FORCEINLINE void KiQueueReadyThread(PKPRCB Prcb, PKTHREAD Thread, BOOLEAN AtHead)
{
    PLIST_ENTRY Queue = &Prcb->DispatcherReadyListHead[(UCHAR)Thread->Priority];

    Thread->State = Ready;
    Thread->NextProcessor = Prcb->Number;
    if (AtHead) {
        InsertHeadList(Queue, &Thread->WaitListEntry);
    } else {
        InsertTailList(Queue, &Thread->WaitListEntry);
    }
    Prcb->ReadySummary |= 1u << Thread->Priority;
}

void KiDequeueReadyThread(PKPRCB Prcb, PKTHREAD Thread, KPRIORITY Priority)
{
    if (RemoveEntryList(&Thread->WaitListEntry)) {
        Prcb->ReadySummary &= ~(1u << Priority);
    }
}

static void KiStandBy(PKPRCB Prcb, PKTHREAD Thread)
{
    Thread->State = Standby;
    Thread->NextProcessor = Prcb->Number;
    Prcb->NextThread = Thread;
    KiRequestSwitch(Prcb);
}

/* Thread may run: stands by if it is better than what its processor does now. */
void KiReadyThread(PKTHREAD Thread)
{
    PKPRCB Prcb = KiSelectProcessor(Thread);
    PKTHREAD Next = Prcb->NextThread;

    if (Next != NULL) {
        if (Thread->Priority <= Next->Priority) {
            KiQueueReadyThread(Prcb, Thread, FALSE);
            return;
        }
        KiQueueReadyThread(Prcb, Next, TRUE);
        KiStandBy(Prcb, Thread);
    } else if (Thread->Priority > Prcb->CurrentThread->Priority) {
        KiStandBy(Prcb, Thread);
    } else {
        KiQueueReadyThread(Prcb, Thread, FALSE);
    }
}

/* The first thread of the highest queue; ReadySummary is not zero. */
static PKTHREAD KiTakeHighestReady(PKPRCB Prcb)
{
    KPRIORITY Highest = 31 - __builtin_clz(Prcb->ReadySummary);
    PKTHREAD Thread = CONTAINING_RECORD(
        Prcb->DispatcherReadyListHead[Highest].Flink, KTHREAD, WaitListEntry);

    KiDequeueReadyThread(Prcb, Thread, Highest);
    return Thread;
}

/* After the running thread's priority fell: is there a better one now? */
void KiCheckPreemption(PKPRCB Prcb)
{
    if (Prcb->NextThread == NULL && Prcb->ReadySummary != 0 &&
        31 - __builtin_clz(Prcb->ReadySummary) > Prcb->CurrentThread->Priority) {
        KiStandBy(Prcb, KiTakeHighestReady(Prcb));
    }
}

PKTHREAD KiSelectNextThread(PKPRCB Prcb)
{
    PKTHREAD Thread = Prcb->NextThread;

    if (Thread != NULL) {
        Prcb->NextThread = NULL;
        return Thread;
    }
    return Prcb->ReadySummary != 0 ? KiTakeHighestReady(Prcb) : Prcb->IdleThread;
}

void KiSwapThreadTo(PKTHREAD Next)
{
    PKTHREAD Thread = KeGetCurrentThread();

    ASSERT(Next != Thread);
    ASSERT(KiCurrentPrcb()->HeldSpinLocks <= 1); /* the dispatcher lock alone */
    Next->State = Running;
    if (__builtin_expect(KeBootOptions.Trace == TraceLevelFull, 0)) {
        KeTrace(TraceContextSwitch, TraceP(Thread), TraceP(Next));
    }
    KiSwapContext(Thread, Next);
}

void KiSwapThread(void)
{
    KiSwapThreadTo(KiSelectNextThread(KiCurrentPrcb()));
}

/*
 * Runs on the stack of the thread that was switched to.  If the one before has
 * ended, its stack is not in use from here on, and the reaper may have it.
 */
void KiFinishSwitch(KIRQL OldIrql)
{
    PKPRCB Prcb = KiCurrentPrcb();
    PKTHREAD Dead = Prcb->DeadThread;

    Prcb->DeadThread = NULL;
    if (Prcb->CurrentThread->ApcState.KernelApcPending) {
        KiPendSoftwareInterrupt(APC_LEVEL);
    }
    KiUnlockDispatcherFromDpcLevel();
    if (__builtin_expect(Dead != NULL, 0)) {
        KeUpperRoutines.ReapThread(Dead);
    }
    KiLowerFromDispatchLevel(OldIrql);
}

void KiBeginThread(void)
{
    KiFinishSwitch(APC_LEVEL);
}

/*
 * The running thread gives way to NextThread.  It goes to the head of its queue:
 * it has not had its turn.  The idle thread is in no queue.
 */
static void KiPreemptThread(PKPRCB Prcb)
{
    PKTHREAD Thread = Prcb->CurrentThread;

    if (Thread != Prcb->IdleThread) {
        KiQueueReadyThread(Prcb, Thread, TRUE);
    }
    KiSwapThread();
}

void KiUnlockDispatcherAndSwitch(KIRQL OldIrql)
{
    if (OldIrql >= DISPATCH_LEVEL) {
        KiPendSoftwareInterrupt(DISPATCH_LEVEL);
        KiUnlockDispatcherFromDpcLevel();
        return;
    }
    KiPreemptThread(KiCurrentPrcb());
    KiFinishSwitch(OldIrql);
}

/* The running thread has used up its quantum: its equals have their turn. */
void KiQuantumEnd(void)
{
    PKPRCB Prcb = KiCurrentPrcb();
    PKTHREAD Thread = Prcb->CurrentThread;

    KiLockDispatcherAtDpcLevel();
    Prcb->QuantumEnd = FALSE;
    if (Thread->Quantum <= 0 && Thread != Prcb->IdleThread) {
        Thread->Quantum = Thread->QuantumReset;
        Thread->Priority = (CCHAR)KiComputeDecayedPriority(Thread);
        if (Prcb->NextThread != NULL || Prcb->ReadySummary >> Thread->Priority != 0) {
            PKTHREAD Next = KiSelectNextThread(Prcb);
            KiQueueReadyThread(Prcb, Thread, FALSE);
            KiSwapThreadTo(Next);
        }
    }
    KiFinishSwitch(DISPATCH_LEVEL);
}

void KiDispatchInterrupt(void)
{
    PKPRCB Prcb = KiCurrentPrcb();

    KiRetireDpcList(Prcb);
    if (Prcb->QuantumEnd) {
        KiQuantumEnd();
        Prcb = KiCurrentPrcb();
    }
    if (Prcb->NextThread != NULL) {
        KiLockDispatcherAtDpcLevel();
        if (Prcb->NextThread != NULL) {
            KiPreemptThread(Prcb);
        }
        KiFinishSwitch(DISPATCH_LEVEL);
    }
}

/* Any other ready thread of this processor runs, even one of lower priority. */
NTSTATUS KeYieldExecution(void)
{
    PKTHREAD Thread = KeGetCurrentThread();
    KIRQL OldIrql = KiLockDispatcher();
    PKPRCB Prcb = KiCurrentPrcb();
    PKTHREAD Next;

    if ((Prcb->ReadySummary == 0 && Prcb->NextThread == NULL) || Thread == Prcb->IdleThread) {
        KiUnlockDispatcher(OldIrql);
        return STATUS_NO_YIELD_PERFORMED;
    }
    Next = KiSelectNextThread(Prcb);
    Thread->Quantum = Thread->QuantumReset;
    Thread->Priority = (CCHAR)KiComputeDecayedPriority(Thread);
    KiQueueReadyThread(Prcb, Thread, FALSE);
    KiSwapThreadTo(Next);
    KiFinishSwitch(OldIrql);
    return STATUS_SUCCESS;
}
