/* SPDX-License-Identifier: MIT */
/*
 * Priorities and affinity: what moves a thread between the ready queues.
 *
 * A thread has a base priority, relative to its process's, and a current one that a
 * completed wait may boost above it; at each quantum end that goes down by one, until
 * the base is reached.  A starved thread's boost ends at once: PriorityDecrement goes
 * down with the one.  Nothing is boosted into 16..31, and nothing there decays.
 */
#include "ke/ki.h"

/* Dispatcher lock held. */
void KiSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    PKPRCB Prcb = KiProcessorBlock[Thread->NextProcessor];
    KPRIORITY Old = Thread->Priority;

    ASSERT(Priority >= LOW_PRIORITY && Priority <= HIGH_PRIORITY);
    if (Priority == Old) {
        return;
    }
    Thread->Priority = (CCHAR)Priority;
    if (KiTraceScheduling) {
        KeTrace(TraceThreadPriority, TraceP(Thread), (ULONG)Priority);
    }
    switch (Thread->State) {
    case Ready:
        KiDequeueReadyThread(Prcb, Thread, Old);
        KiReadyThread(Thread);
        break;
    case Standby:
        Prcb->NextThread = NULL; /* first who is next without this thread */
        KiCheckPreemption(Prcb);
        KiReadyThread(Thread);
        break;
    case Running:
        KiCheckPreemption(Prcb);
        break;
    default:
        break; /* it counts when the thread becomes ready */
    }
}

/* Sets the current priority, with a full quantum; the base stays.  Returns the old one. */
KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    KIRQL OldIrql = KiLockDispatcher();
    KPRIORITY Old = Thread->Priority;

    Thread->PriorityDecrement = 0;
    Thread->Quantum = Thread->QuantumReset;
    KiSetPriorityThread(Thread, Priority);
    KiUnlockDispatcher(OldIrql);
    return Old;
}

KPRIORITY KeQueryPriorityThread(PKTHREAD Thread)
{
    return Thread->Priority;
}

/*
 * The base priority of a thread whose process has Base: never out of the half,
 * 1..15 or 16..31, that the process is in.
 */
static KPRIORITY KiClampPriority(KPRIORITY Base, LONG Increment, CCHAR Saturation)
{
    KPRIORITY Low = Base >= LOW_REALTIME_PRIORITY ? LOW_REALTIME_PRIORITY : LOW_PRIORITY + 1;
    KPRIORITY High = Base >= LOW_REALTIME_PRIORITY ? HIGH_PRIORITY : LOW_REALTIME_PRIORITY - 1;
    KPRIORITY Priority = Base + Increment;

    if (Saturation != 0) {
        return Saturation > 0 ? High : Low;
    }
    return Priority < Low ? Low : Priority > High ? High : Priority;
}

static void KiSetBasePriorityThread(PKTHREAD Thread, KPRIORITY Base)
{
    Thread->BasePriority = (CCHAR)Base;
    Thread->PriorityDecrement = 0;
    Thread->Quantum = Thread->QuantumReset;
    KiSetPriorityThread(Thread, Base);
}

static LONG KiQueryBaseIncrement(PKTHREAD Thread)
{
    if (Thread->Saturation != 0) {
        return Thread->Saturation * KI_SATURATING_INCREMENT;
    }
    return Thread->BasePriority - Thread->Process->BasePriority;
}

LONG KeQueryBasePriorityThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Increment = KiQueryBaseIncrement(Thread);

    KiUnlockDispatcher(OldIrql);
    return Increment;
}

/* Increment is relative to the process, +-15 saturates.  Returns the old one. */
LONG KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Old = KiQueryBaseIncrement(Thread);

    Thread->Saturation = 0;
    if (Increment >= KI_SATURATING_INCREMENT) {
        Thread->Saturation = 1;
    } else if (Increment <= -KI_SATURATING_INCREMENT) {
        Thread->Saturation = -1;
    }
    KiSetBasePriorityThread(
        Thread, KiClampPriority(Thread->Process->BasePriority, Increment, Thread->Saturation));
    KiUnlockDispatcher(OldIrql);
    return Old;
}

/*
 * A system thread that has been put into the real-time half, beside its base, has
 * nothing to do with its process's: all need the reaper and the balance-set manager.
 */
static BOOLEAN KiHasOwnPriority(PKTHREAD Thread)
{
    return Thread->SystemThread && Thread->Priority >= LOW_REALTIME_PRIORITY &&
           Thread->BasePriority < LOW_REALTIME_PRIORITY;
}

/* Moves the process's threads by as much as its base priority.  Returns the old one. */
KPRIORITY KeSetPriorityProcess(PKPROCESS Process, KPRIORITY BasePriority)
{
    KIRQL OldIrql = KiLockDispatcher();
    KPRIORITY Old = Process->BasePriority;
    PLIST_ENTRY Entry;

    Process->BasePriority = (CCHAR)BasePriority;
    for (Entry = Process->ThreadListHead.Flink; Entry != &Process->ThreadListHead;
         Entry = Entry->Flink) {
        PKTHREAD Thread = CONTAINING_RECORD(Entry, KTHREAD, ThreadListEntry);
        LONG Increment = Thread->BasePriority - Old;
        if (!KiHasOwnPriority(Thread)) {
            KiSetBasePriorityThread(
                Thread, KiClampPriority(BasePriority, Increment, Thread->Saturation));
        }
    }
    KiUnlockDispatcher(OldIrql);
    return Old;
}

/* ---- Boosts ------------------------------------------------------------------------- */

BOOLEAN KeSetDisableBoostThread(PKTHREAD Thread, BOOLEAN Disable)
{
    KIRQL OldIrql = KiLockDispatcher();
    BOOLEAN Old = Thread->DisableBoost;

    Thread->DisableBoost = Disable;
    KiUnlockDispatcher(OldIrql);
    return Old;
}

BOOLEAN KeSetDisableBoostProcess(PKPROCESS Process, BOOLEAN Disable)
{
    KIRQL OldIrql = KiLockDispatcher();
    BOOLEAN Old = Process->DisableBoost;
    PLIST_ENTRY Entry;

    Process->DisableBoost = Disable;
    for (Entry = Process->ThreadListHead.Flink; Entry != &Process->ThreadListHead;
         Entry = Entry->Flink) {
        CONTAINING_RECORD(Entry, KTHREAD, ThreadListEntry)->DisableBoost = Disable;
    }
    KiUnlockDispatcher(OldIrql);
    return Old;
}

/* ---- Processors --------------------------------------------------------------------- */

/* A hint: where the thread goes when all processors it may use do something equal. */
UCHAR KeSetIdealProcessorThread(PKTHREAD Thread, ULONG Processor)
{
    KIRQL OldIrql = KiLockDispatcher();
    UCHAR Old = Thread->IdealProcessor;

    if (Processor < KeNumberProcessors) {
        Thread->IdealProcessor = (UCHAR)Processor;
    }
    KiUnlockDispatcher(OldIrql);
    return Old;
}

/* A thread that is where it may not be any more moves.  Dispatcher lock held. */
static void KiMoveThread(PKTHREAD Thread)
{
    PKPRCB Prcb = KiProcessorBlock[Thread->NextProcessor];

    if (Thread->State == Ready) {
        KiDequeueReadyThread(Prcb, Thread, Thread->Priority);
        KiReadyThread(Thread);
    } else if (Thread->State == Standby && !(Thread->Affinity & Prcb->SetMember)) {
        Prcb->NextThread = NULL; /* first who is next, or whom it displaces elsewhere is */
        KiCheckPreemption(Prcb);
        KiReadyThread(Thread);
    } else if (Thread->State == Running) {
        KiCheckPreemption(Prcb);
    }
}

static void KiSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity)
{
    Thread->Affinity = Affinity;
    Thread->UserAffinity = Affinity;
    KiMoveThread(Thread);
}

/* Takes effect at once.  Returns the old mask. */
KAFFINITY KeSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity)
{
    KIRQL OldIrql = KiLockDispatcher();
    KAFFINITY Old = Thread->Affinity;

    ASSERT((Affinity & KeActiveProcessors) != 0);
    KiSetAffinityThread(Thread, Affinity);
    KiUnlockDispatcher(OldIrql);
    return Old;
}

KAFFINITY KeSetAffinityProcess(PKPROCESS Process, KAFFINITY Affinity)
{
    KIRQL OldIrql = KiLockDispatcher();
    KAFFINITY Old = Process->Affinity;
    PLIST_ENTRY Entry;

    ASSERT((Affinity & KeActiveProcessors) != 0);
    Process->Affinity = Affinity;
    for (Entry = Process->ThreadListHead.Flink; Entry != &Process->ThreadListHead;
         Entry = Entry->Flink) {
        KiSetAffinityThread(CONTAINING_RECORD(Entry, KTHREAD, ThreadListEntry), Affinity);
    }
    KiUnlockDispatcher(OldIrql);
    return Old;
}
