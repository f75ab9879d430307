/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: which ready thread runs, and where.  Each processor has 32 ready
 * queues, a bit for each that is not empty, and one thread standing by (NextThread)
 * that has been chosen over the running one but not yet been switched to.
 *
 * No thread waits in a queue while a processor that it may use does something less
 * important.  Two sides see to that: a thread that becomes ready goes to where the
 * least important thing is done (KiPlaceThread), and a processor that looks for a
 * thread looks into all queues (KiTakeReady).
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
BOOLEAN KiTraceScheduling;

/* After the start the number does not change: it may be kept in a register. */
FORCEINLINE BOOLEAN KiIsUniprocessor(void)
{
    return *(const UCHAR *)&KeNumberProcessors == 1;
}

void KiInitializeReadyQueues(PKPRCB Prcb)
{
    Prcb->ReadySummary = 0;
    for (ULONG i = 0; i < KI_READY_QUEUES; i++) {
        InitializeListHead(&Prcb->DispatcherReadyListHead[i]);
    }
}

/* What a processor does or is about to do; the idle thread is below every priority. */
FORCEINLINE KPRIORITY KiProcessorPriority(PKPRCB Prcb)
{
    PKTHREAD Next = Prcb->NextThread;

    return Next != NULL ? Next->Priority : Prcb->CurrentThread->Priority;
}

/*
 * Of the processors that Thread may use the one that does the least important
 * thing; of equals its ideal one, then the one it ran on.  An idle one is such.
 */
static PKPRCB KiSearchProcessor(PKTHREAD Thread)
{
    KAFFINITY Allowed = Thread->Affinity & KeActiveProcessors;
    PKPRCB Best = KiProcessorBlock[__builtin_ctz(Allowed)];
    KPRIORITY Lowest = KiProcessorPriority(Best);

    for (ULONG i = 0; i < MAXIMUM_PROCESSORS && Allowed >> i != 0; i++) {
        PKPRCB Prcb = KiProcessorBlock[i];

        if (Allowed >> i & 1) {
            KPRIORITY Priority = KiProcessorPriority(Prcb);

            if (Priority < Lowest ||
                (Priority == Lowest && Best->Number != Thread->IdealProcessor &&
                    (i == Thread->IdealProcessor || i == Thread->NextProcessor))) {
                Best = Prcb;
                Lowest = Priority;
            }
        }
    }
    return Best;
}

FORCEINLINE PKPRCB KiSelectProcessor(PKTHREAD Thread)
{
    return KiIsUniprocessor() ? KiProcessorBlock[0] : KiSearchProcessor(Thread);
}

/*
 * Prcb has got a NextThread.  On this processor whoever unlocks the dispatcher
 * sees it; another one is told.
 */
static void KiRequestSwitch(PKPRCB Prcb)
{
    if (Prcb != KiCurrentPrcb()) {
        KiRequestRemoteInterrupt(Prcb, DISPATCH_LEVEL);
    }
}

/* The idle thread counts as priority 0, which no other thread has. */
static __attribute__((cold, noinline)) void KiTraceState(
    TRACE_EVENT_ID Event, PKTHREAD Thread, ULONG Argument)
{
    ULONG Priority = Thread->Priority > LOW_PRIORITY ? (ULONG)Thread->Priority : LOW_PRIORITY;

    KeTrace(Event, TraceP(Thread), Priority, Argument);
}

FORCEINLINE void KiNoteState(TRACE_EVENT_ID Event, PKTHREAD Thread, ULONG Argument)
{
    if (__builtin_expect(KiTraceScheduling, FALSE)) {
        KiTraceState(Event, Thread, Argument);
    }
}

/* Of a set that is not empty; gcc's own makes more of it. */
FORCEINLINE KPRIORITY KiHighestBit(ULONG Set)
{
    KPRIORITY Bit;

    __asm__("bsrl %1, %0" : "=r"(Bit) : "rm"(Set) : "cc");
    return Bit;
}

/* |= 1u << Priority and &= ~(1u << Priority) as the one instruction that each is. */
FORCEINLINE void KiSetSummaryBit(PKPRCB Prcb, KPRIORITY Priority)
{
    ULONG Summary = Prcb->ReadySummary;

    __asm__("btsl %1, %0" : "+r"(Summary) : "r"(Priority) : "cc");
    Prcb->ReadySummary = Summary;
}

FORCEINLINE void KiClearSummaryBit(PKPRCB Prcb, KPRIORITY Priority)
{
    ULONG Summary = Prcb->ReadySummary;

    __asm__("btrl %1, %0" : "+r"(Summary) : "r"(Priority) : "cc");
    Prcb->ReadySummary = Summary;
}

/* Prcb is the thread's NextProcessor, which with one processor nobody needs to say. */
FORCEINLINE void KiQueueReadyThread(PKPRCB Prcb, PKTHREAD Thread, BOOLEAN AtHead)
{
    PLIST_ENTRY Queue;

    KiNoteState(TraceThreadReady, Thread, Thread->Affinity);
    Thread->State = Ready;
    Thread->WaitTime = KiQueryLowTickCount();
    KiSetSummaryBit(Prcb, Thread->Priority);
    Queue = &Prcb->DispatcherReadyListHead[(UCHAR)Thread->Priority];
    __asm__("" : "+r"(Queue)); /* or gcc finds the queue anew at each use */
    if (AtHead) {
        InsertHeadList(Queue, &Thread->WaitListEntry);
    } else {
        InsertTailList(Queue, &Thread->WaitListEntry);
    }
}

void KiDequeueReadyThread(PKPRCB Prcb, PKTHREAD Thread, KPRIORITY Priority)
{
    if (RemoveEntryList(&Thread->WaitListEntry)) {
        KiClearSummaryBit(Prcb, Priority);
    }
}

static void KiStandBy(PKPRCB Prcb, PKTHREAD Thread)
{
    KiNoteState(TraceThreadStandby, Thread, Prcb->Number);
    Thread->State = Standby;
    Thread->NextProcessor = Prcb->Number;
    Prcb->NextThread = Thread;
    KiRequestSwitch(Prcb);
}

/*
 * Thread, which runs nowhere or is about to leave, stands by if some processor does
 * something less important, or waits in the queue of one.  AtHead: it has not had its
 * turn.  The thread it displaces is placed in turn; each is less important than the
 * one before, so that ends.
 */
static __attribute__((noinline)) void KiPlaceThread(PKTHREAD Thread, BOOLEAN AtHead)
{
    for (;;) {
        PKPRCB Prcb = KiSelectProcessor(Thread);
        PKTHREAD Next = Prcb->NextThread;

        if (Thread->Priority <= KiProcessorPriority(Prcb)) {
            Thread->NextProcessor = Prcb->Number;
            KiQueueReadyThread(Prcb, Thread, AtHead);
            return;
        }
        KiStandBy(Prcb, Thread);
        if (Next == NULL || Next == Prcb->IdleThread) {
            return;
        }
        Thread = Next;
        AtHead = TRUE;
    }
}

/* The running thread gives way and queues for its next turn, behind its equals. */
FORCEINLINE void KiQueueUp(PKPRCB Prcb, PKTHREAD Thread)
{
    if (KiIsUniprocessor()) {
        KiQueueReadyThread(Prcb, Thread, FALSE); /* nowhere is less important work done */
    } else {
        KiPlaceThread(Thread, FALSE);
    }
}

/* What one processor needs is done at once: most waits end here. */
void KiReadyThread(PKTHREAD Thread)
{
    PKPRCB Prcb = KiProcessorBlock[0];

    if (!KiIsUniprocessor() || Prcb->NextThread != NULL) {
        KiPlaceThread(Thread, FALSE);
    } else if (Thread->Priority > Prcb->CurrentThread->Priority) {
        KiStandBy(Prcb, Thread);
    } else {
        KiQueueReadyThread(Prcb, Thread, FALSE);
    }
}

/* ---- Who runs next ------------------------------------------------------------------- */

/* The most important thread in Prcb's queues, of Minimum or more, that Member may run. */
static PKTHREAD KiFindAllowed(PKPRCB Prcb, KAFFINITY Member, KPRIORITY Minimum)
{
    ULONG Summary = Prcb->ReadySummary >> Minimum << Minimum;

    while (Summary != 0) {
        ULONG Highest = 31u - (ULONG)__builtin_clz(Summary);
        PLIST_ENTRY Head = &Prcb->DispatcherReadyListHead[Highest];

        for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
            PKTHREAD Thread = CONTAINING_RECORD(Entry, KTHREAD, WaitListEntry);

            if (Thread->Affinity & Member) {
                return Thread;
            }
        }
        Summary &= ~(1u << Highest);
    }
    return NULL;
}

/* Takes a thread from another processor's queue; NULL: none that is so important. */
static __attribute__((noinline)) PKTHREAD KiPullThread(PKPRCB Prcb, KPRIORITY Minimum)
{
    PKTHREAD Best = NULL;

    for (ULONG i = 0; i < KeNumberProcessors && Minimum <= HIGH_PRIORITY; i++) {
        PKPRCB Other = KiProcessorBlock[i];
        PKTHREAD Thread =
            Other == Prcb ? NULL : KiFindAllowed(Other, Prcb->SetMember, Minimum);

        if (Thread != NULL) {
            Best = Thread;
            Minimum = Thread->Priority + 1;
        }
    }
    if (Best != NULL) {
        KiDequeueReadyThread(KiProcessorBlock[Best->NextProcessor], Best, Best->Priority);
        Best->NextProcessor = Prcb->Number;
    }
    return Best;
}

/* The first thread of one of the processor's queues, which is not empty. */
FORCEINLINE PKTHREAD KiTakeOwn(PKPRCB Prcb, KPRIORITY Priority)
{
    PKTHREAD Thread = CONTAINING_RECORD(
        Prcb->DispatcherReadyListHead[Priority].Flink, KTHREAD, WaitListEntry);

    KiDequeueReadyThread(Prcb, Thread, Priority);
    return Thread;
}

/*
 * Takes the most important ready thread of Minimum or more; of equals, those of the
 * processor's own queues.  NULL: there is none.
 */
FORCEINLINE PKTHREAD KiTakeReady(PKPRCB Prcb, KPRIORITY Minimum)
{
    ULONG Summary = Prcb->ReadySummary;
    KPRIORITY Own = Summary != 0 ? KiHighestBit(Summary) : KI_IDLE_PRIORITY;

    if (!KiIsUniprocessor()) {
        PKTHREAD Thread = KiPullThread(Prcb, Own >= Minimum ? Own + 1 : Minimum);

        if (Thread != NULL) {
            return Thread;
        }
    }
    return Own >= Minimum ? KiTakeOwn(Prcb, Own) : NULL;
}

void KiCheckPreemption(PKPRCB Prcb)
{
    PKTHREAD Thread = Prcb->CurrentThread;
    BOOLEAN Allowed = (Thread->Affinity & Prcb->SetMember) != 0;
    PKTHREAD Next = Prcb->NextThread;

    if (Next != NULL && (!Allowed || Next->Priority >= Thread->Priority)) {
        return;
    }
    if (Next != NULL) { /* what it was to give way to is no longer better */
        Prcb->NextThread = NULL;
        if (Next != Prcb->IdleThread) {
            KiPlaceThread(Next, TRUE);
        }
    }
    if (Allowed && Thread->Priority == HIGH_PRIORITY) {
        return; /* nothing is more important */
    }
    Next = KiTakeReady(Prcb, Allowed ? Thread->Priority + 1 : LOW_PRIORITY);
    if (Next == NULL && !Allowed) {
        Next = Prcb->IdleThread;
    }
    if (Next != NULL) {
        KiStandBy(Prcb, Next);
    }
}

/* NextThread, or the best that is ready and at least as important as Minimum, or NULL. */
FORCEINLINE PKTHREAD KiSelectNextThread(PKPRCB Prcb, KPRIORITY Minimum)
{
    PKTHREAD Thread = Prcb->NextThread;

    if (Thread != NULL) {
        Prcb->NextThread = NULL;
        return Thread;
    }
    return KiTakeReady(Prcb, Minimum);
}

void KiSwapThreadTo(PKTHREAD Current, PKTHREAD Next)
{
    ASSERT(Next != Current);
    ASSERT(KiCurrentPrcb()->HeldSpinLocks.Count <= 1); /* the dispatcher lock alone */
    Next->State = Running;
    KiNoteState(TraceContextSwitch, Next, TraceP(Current));
    KiSwapContext(Current, Next);
}

void KiSwapThread(PKTHREAD Current)
{
    PKPRCB Prcb = KiCurrentPrcb();
    PKTHREAD Next = KiSelectNextThread(Prcb, LOW_PRIORITY);

    KiSwapThreadTo(Current, Next != NULL ? Next : Prcb->IdleThread);
}

/* A thread stands by again, or the one before has ended, which is returned. */
static __attribute__((cold, noinline)) PKTHREAD KiNoticeSwitch(PKPRCB Prcb)
{
    PKTHREAD Dead = Prcb->DeadThread;

    Prcb->DeadThread = NULL;
    if (Prcb->NextThread != NULL) {
        KiPendSoftwareInterrupt(DISPATCH_LEVEL);
    }
    return Dead;
}

/*
 * Runs on the stack of the thread that was switched to.  If the one before has
 * ended, its stack is not in use from here on, and is freed here.
 */
void KiFinishSwitch(PKTHREAD Current, KIRQL OldIrql)
{
    PKPRCB Prcb = KiCurrentPrcb();
    PKTHREAD Dead = NULL;

    if (Current->ApcState.KernelApcPending) {
        KiPendSoftwareInterrupt(APC_LEVEL);
    }
    if (__builtin_expect((ULONG_PTR)Prcb->NextThread | (ULONG_PTR)Prcb->DeadThread, 0)) {
        Dead = KiNoticeSwitch(Prcb);
    }
    KiUnlockDispatcherFromDpcLevel();
    if (__builtin_expect(Dead != NULL, 0)) {
        KeUpperRoutines.ReapThread(Dead);
    }
    KiLowerFromDispatchLevel(OldIrql);
}

void KiBeginThread(void)
{
    KiFinishSwitch(KeGetCurrentThread(), APC_LEVEL);
}

/*
 * The running thread gives way to NextThread.  Another processor may take it up at
 * once; it must not have left its stack before, and has not: that other one needs
 * the dispatcher lock, which goes with the switch.  The idle thread is in no queue.
 */
static void KiPreemptThread(PKPRCB Prcb)
{
    PKTHREAD Thread = Prcb->CurrentThread;

    if (Thread == Prcb->NextThread) {
        Prcb->NextThread = NULL; /* the idle thread, which runs already */
        return;
    }
    if (Thread != Prcb->IdleThread) {
        KiPlaceThread(Thread, TRUE);
    }
    KiSwapThread(Thread);
}

void KiUnlockDispatcherAndSwitch(KIRQL OldIrql)
{
    if (OldIrql >= DISPATCH_LEVEL) {
        KiPendSoftwareInterrupt(DISPATCH_LEVEL);
        KiUnlockDispatcherFromDpcLevel();
        return;
    }
    KiPreemptThread(KiCurrentPrcb());
    KiFinishSwitch(KeGetCurrentThread(), OldIrql);
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
        if (KiTraceScheduling) {
            KeTraceShort(TraceQuantumEnd, TraceP(Thread), (ULONG)Thread->Priority);
        }
        PKTHREAD Next = KiSelectNextThread(Prcb, Thread->Priority);
        if (Next != NULL) {
            KiQueueUp(Prcb, Thread);
            KiSwapThreadTo(Thread, Next);
        }
    }
    KiFinishSwitch(Thread, DISPATCH_LEVEL);
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
        KiFinishSwitch(KeGetCurrentThread(), DISPATCH_LEVEL);
    }
}

/*
 * The thread that has yielded to Next stands by for another processor.  Whom it has
 * displaced there is ready now and may be more important than Next: then it is better.
 * It stands by while Next is placed, which would take this processor otherwise.
 */
static __attribute__((noinline)) PKTHREAD KiReconsiderNext(PKPRCB Prcb, PKTHREAD Next)
{
    PKTHREAD Better = KiTakeReady(Prcb, Next->Priority + 1);

    if (Better == NULL) {
        return Next;
    }
    if (Next != Prcb->IdleThread) {
        Prcb->NextThread = Better;
        KiPlaceThread(Next, TRUE);
        Prcb->NextThread = NULL;
    }
    return Better;
}

/* Any other ready thread that may use this processor runs, even one of lower priority. */
NTSTATUS KeYieldExecution(void)
{
    PKTHREAD Thread = KeGetCurrentThread();
    KIRQL OldIrql = KiLockDispatcher();
    PKPRCB Prcb = KiCurrentPrcb();
    PKTHREAD Next = Thread == Prcb->IdleThread ? NULL : KiSelectNextThread(Prcb, LOW_PRIORITY);

    if (Next == NULL) {
        KiUnlockDispatcher(OldIrql);
        return STATUS_NO_YIELD_PERFORMED;
    }
    Thread->Quantum = Thread->QuantumReset;
    KiDecayPriority(Thread);
    KiNoteState(TraceThreadYield, Thread, TraceP(Next));
    KiQueueUp(Prcb, Thread);
    if (!KiIsUniprocessor() && Thread->State == Standby) {
        Next = KiReconsiderNext(Prcb, Next);
    }
    KiSwapThreadTo(Thread, Next);
    KiFinishSwitch(Thread, OldIrql);
    return STATUS_SUCCESS;
}
