/* SPDX-License-Identifier: MIT */
/*
 * The balance-set manager, a system thread that wakes up once a second.  NT's also
 * takes memory from processes and swaps kernel stacks out; ours does the one thing
 * that is left without paging: it sees to it that no thread starves.
 *
 * A thread that has been ready for four seconds without being given a processor gets
 * priority 15 and twice its quantum; at the end of that it is back at its base.  So
 * one that holds what a more important thread waits for gets on, however busy the
 * processors are.  Threads of real-time priority starve whom they like.
 *
 * One pass is short, however many threads are ready: on each processor it looks at 16
 * and boosts 10, and the next pass goes on where it stopped.
 *
 * Next: priority.c.
 */
#include "ke/ki.h"

#define KI_BALANCE_PERIOD   1000     /* ms */
#define KI_STARVATION_TIME  40000000 /* 100 ns */
#define KI_STARVED_PRIORITY (LOW_REALTIME_PRIORITY - 1)
#define KI_STARVED_QUANTA   2
#define KI_SCAN_THREADS     16
#define KI_SCAN_BOOSTS      10

/* A pass over one processor's queues. */
typedef struct _KI_SCAN {
    PKPRCB Prcb;
    ULONG Now;     /* tick count */
    ULONG Threads; /* that may still be looked at */
    ULONG Boosts;  /* that may still be given */
} KI_SCAN, *PKI_SCAN;

/* The decrement takes it back to the base at the end of this quantum. */
static void KiBoostStarvedThread(PKTHREAD Thread)
{
    KPRIORITY Boost = KI_STARVED_PRIORITY - Thread->BasePriority;

    if (KiTraceScheduling) {
        KeTrace(TraceStarved, TraceP(Thread), (ULONG)Thread->Priority);
    }
    Thread->PriorityDecrement = (CCHAR)(Boost > 0 ? Boost : 0);
    Thread->Quantum = (CCHAR)(KI_STARVED_QUANTA * Thread->QuantumReset);
    KiSetPriorityThread(Thread, KI_STARVED_PRIORITY);
}

/*
 * One queue.  A boost takes the thread out and may put another one, which it has
 * displaced, at a queue's head; what follows in this queue stays.
 */
static void KiScanQueue(PKI_SCAN Scan, ULONG Priority)
{
    PLIST_ENTRY Head = &Scan->Prcb->DispatcherReadyListHead[Priority];
    PLIST_ENTRY Entry = Head->Flink;

    while (Entry != Head && Scan->Threads != 0 && Scan->Boosts != 0) {
        PKTHREAD Thread = CONTAINING_RECORD(Entry, KTHREAD, WaitListEntry);

        Entry = Entry->Flink;
        Scan->Threads--;
        if (Scan->Now - Thread->WaitTime >= KI_STARVATION_TIME / KeMaximumIncrement) {
            Scan->Boosts--;
            KiBoostStarvedThread(Thread);
        }
    }
}

/*
 * The queues below KI_STARVED_PRIORITY, each once, from QueueIndex upwards and round.
 * In a queue the oldest are in front.  So if there were no boosts left, this queue may
 * have more to boost; if it was only that enough threads had been looked at, the next
 * one is more promising.
 */
static void KiScanProcessor(PKPRCB Prcb)
{
    KI_SCAN Scan = {Prcb, KiQueryLowTickCount(), KI_SCAN_THREADS, KI_SCAN_BOOSTS};

    for (ULONG i = 1; i < KI_STARVED_PRIORITY && Scan.Threads != 0; i++) {
        KiScanQueue(&Scan, Prcb->QueueIndex + 1);
        if (Scan.Boosts == 0) {
            break;
        }
        Prcb->QueueIndex = (Prcb->QueueIndex + 1) % (KI_STARVED_PRIORITY - 1);
    }
}

void KiScanReadyQueues(void)
{
    KIRQL OldIrql = KiLockDispatcher();

    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        KiScanProcessor(KiProcessorBlock[i]);
    }
    KiUnlockDispatcher(OldIrql);
}

/* More important than whom it helps. */
void KeBalanceSetManager(PVOID Context)
{
    LARGE_INTEGER DueTime = {.QuadPart = -10000ll * KI_BALANCE_PERIOD};
    static KTIMER Timer;

    UNREFERENCED_PARAMETER(Context);
    (void)KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
    KeInitializeTimer(&Timer, SynchronizationTimer);
    (void)KeSetTimer(&Timer, DueTime, KI_BALANCE_PERIOD, NULL);
    for (;;) {
        (void)KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL);
        KiScanReadyQueues();
    }
}
