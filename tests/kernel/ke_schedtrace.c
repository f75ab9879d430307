/* SPDX-License-Identifier: MIT */
/*
 * The scheduler judged by its own trace: threads of mixed priorities and affinities
 * wait, signal, yield and change each other's priority and affinity; then all
 * processors' records are replayed in the order of their numbers (schedcheck.c).  That
 * the judge does see what is wrong; and that equals take turns.
 */
#include "ke/ki.h"
#include "tests/kernel/kt.h"
#include "tests/kernel/schedcheck.h"

#define KT_THREADS 10
#define KT_STEPS   16
#define KT_ROUNDS  30 /* what is recorded in one fits into a ring */

typedef struct _KT_MIX {
    KEVENT Go;
    KEVENT Events[KT_THREADS];
    PETHREAD Threads[KT_THREADS];
    volatile ULONG Next; /* number of the next thread to begin */
    ULONG Seed;
} KT_MIX;

static ULONG KtNext(PULONG Seed)
{
    *Seed = *Seed * 1664525u + 1013904223u;
    return *Seed >> 16;
}

/* Any processors, at least one of those there are. */
static KAFFINITY KtSomeProcessors(PULONG Seed)
{
    KAFFINITY Affinity = KtNext(Seed) & KeActiveProcessors;

    return Affinity != 0 ? Affinity : KeActiveProcessors;
}

static void KtMixStep(KT_MIX *Mix, ULONG Self, PULONG Seed)
{
    ULONG Other = KtNext(Seed) % KT_THREADS;

    switch (KtNext(Seed) % 8) {
    case 0:
    case 1:
        (void)KtWait(&Mix->Events[Self], 10); /* in vain or not */
        break;
    case 2:
    case 3:
        (void)KeSetEvent(&Mix->Events[Other], (KPRIORITY)(KtNext(Seed) % 3), FALSE);
        break;
    case 4:
        (void)KeYieldExecution();
        break;
    case 5:
        (void)KeSetPriorityThread(&Mix->Threads[Other]->Tcb, (KPRIORITY)(6 + KtNext(Seed) % 16));
        break;
    case 6:
        (void)KeSetAffinityThread(&Mix->Threads[Other]->Tcb, KtSomeProcessors(Seed));
        break;
    default:
        for (volatile ULONG i = KtNext(Seed); i != 0; i--) {
        }
        break;
    }
}

static void KtMixThread(PVOID Context)
{
    KT_MIX *Mix = Context;
    ULONG Self = (ULONG)InterlockedIncrement((volatile LONG *)&Mix->Next) - 1;
    ULONG Seed = Mix->Seed + Self * 7919;

    ok_status(KtWait(&Mix->Go, KT_LONG), STATUS_SUCCESS);
    for (ULONG i = 0; i < KT_STEPS; i++) {
        KtMixStep(Mix, Self, &Seed);
    }
}

/* One round: returns the number of the first record and of the one after the last. */
static void KtMixRound(ULONG Seed, PULONG First, PULONG End)
{
    static KT_MIX Mix;

    Mix = (KT_MIX){.Seed = Seed};
    KeInitializeEvent(&Mix.Go, NotificationEvent, FALSE);
    for (ULONG i = 0; i < KT_THREADS; i++) {
        KeInitializeEvent(&Mix.Events[i], SynchronizationEvent, FALSE);
        Mix.Threads[i] = KtStartThread(KtMixThread, &Mix);
        (void)KeSetPriorityThread(&Mix.Threads[i]->Tcb, (KPRIORITY)(6 + i));
    }
    for (ULONG i = 0; i < KT_THREADS; i++) {
        ok(KtAwaitState(Mix.Threads[i], Waiting), "it waits for the others");
    }
    *First = KeTraceSequence();
    KeTraceScheduling(TRUE);
    (void)KeSetEvent(&Mix.Go, 0, FALSE);
    for (ULONG i = 0; i < KT_THREADS; i++) { /* none may go while another could change it */
        ok_status(KtWait(Mix.Threads[i], KT_LONG), STATUS_SUCCESS);
    }
    for (ULONG i = 0; i < KT_THREADS; i++) {
        KtJoinThread(Mix.Threads[i]);
    }
    KeTraceScheduling(FALSE);
    *End = KeTraceSequence();
}

/*
 * The records from *Sequence on; FALSE: lost.  One whose number has been given out but
 * that another processor is still writing is there in a moment.
 */
static BOOLEAN KtReadNext(PULONG Sequence, TRACE_VALUES *Values, KT_SCHED_EVENT *Event)
{
    TRACE_RECORD Records[TRACE_MAX_RECORDS];
    ULONG Count;

    for (ULONG Tries = 0; !KeTraceRead(*Sequence, Records, ARRAYSIZE(Records), &Count); Tries++) {
        if (Tries == 100) {
            return FALSE;
        }
        KtSleep(1);
    }
    *Sequence += Count;
    KeTraceDecode(Records, Values);
    *Event = (KT_SCHED_EVENT){Records[0].Event, Records[0].CpuIrql >> 5, Values->Arguments[0],
        Values->Arguments[1], Values->Arguments[2]};
    return TRUE;
}

static BOOLEAN KtReplay(KT_SCHED *Sched, ULONG First, ULONG End)
{
    KT_SCHED_EVENT Event;
    TRACE_VALUES Values;
    PCSTR Wrong = NULL;
    ULONG At = First;

    KtSchedBegin(Sched);
    while (Wrong == NULL && First != End) {
        At = First;
        if (!KtReadNext(&First, &Values, &Event)) {
            return ok(FALSE, "record %u of %u is lost", At, End);
        }
        Wrong = KtSchedReplay(Sched, &Event);
    }
    return Wrong == NULL ||
           ok(FALSE, "record %u: %s: processor %u, thread %x of priority %u; %x of %u is ready", At,
               Wrong, Event.Processor, Event.Thread, Event.Priority, Sched->Better,
               Sched->BetterPriority);
}

START_TEST(ke_sched_order, "scheduler: no thread runs while a more important one is ready for there")
{
    static KT_SCHED Sched;
    ULONG Switches = 0, Chances = 0;
    ULONG First, End;

    if (KeBootOptions.TraceRecords != 8192) {
        KtSkip("a round may not fit into the rings"); /* what is lost cannot be judged */
        return;
    }
    for (ULONG i = 0; i < KT_ROUNDS; i++) {
        KtMixRound(i * 104729 + 1, &First, &End);
        if (!KtReplay(&Sched, First, End)) {
            break;
        }
        Switches += Sched.Switches;
        Chances += Sched.Chances;
    }
    ok(Switches > KT_ROUNDS * KT_THREADS, "switches: %u", Switches);
    ok(Chances > KT_ROUNDS, "at a switch somebody was ready: %u", Chances);
}

/* ---- The judge judged ---------------------------------------------------------------- */

#define KT_READY(Thread, Priority, Affinity) {TraceThreadReady, 0, Thread, Priority, Affinity}
#define KT_STANDBY(Thread, Priority, Cpu)    {TraceThreadStandby, 0, Thread, Priority, Cpu}
#define KT_PRIORITY(Thread, Priority)        {TraceThreadPriority, 0, Thread, Priority, 0}
#define KT_YIELD(Thread, Priority)           {TraceThreadYield, 0, Thread, Priority, 0}
#define KT_SWITCH(Cpu, From, To, Priority)   {TraceContextSwitch, Cpu, To, Priority, From}
#define KT_IDLE 99

/* Threads are 1, 2, 3; the last record of each is the one that is right or wrong. */
static const struct {
    BOOLEAN Right;
    KT_SCHED_EVENT Events[8];
} KtSequences[] = {
    {TRUE, {KT_READY(1, 8, 1), KT_READY(2, 9, 1), KT_SWITCH(0, 3, 2, 9)}},
    {FALSE, {KT_READY(1, 8, 1), KT_READY(2, 9, 1), KT_SWITCH(0, 3, 1, 8)}},
    {FALSE, {KT_READY(1, 8, 1), KT_SWITCH(0, 3, KT_IDLE, 0)}},
    /* The other one may not run there, or is chosen for elsewhere. */
    {TRUE, {KT_READY(1, 8, 1), KT_READY(2, 9, 2), KT_SWITCH(0, 3, 1, 8)}},
    {FALSE, {KT_READY(1, 8, 1), KT_READY(2, 9, 3), KT_SWITCH(0, 3, 1, 8)}},
    {TRUE, {KT_READY(1, 8, 1), KT_STANDBY(2, 9, 1), KT_SWITCH(0, 3, 1, 8)}},
    {FALSE, {KT_STANDBY(2, 9, 1), KT_SWITCH(0, 3, 2, 9)}},
    {FALSE, {KT_READY(1, 8, 2), KT_SWITCH(0, 3, 1, 8)}},
    {FALSE, {KT_STANDBY(1, 9, 0), KT_READY(2, 9, 1), KT_SWITCH(0, 3, 2, 9)}},
    /* Priorities change. */
    {TRUE, {KT_READY(1, 8, 1), KT_READY(2, 9, 1), KT_PRIORITY(2, 8), KT_SWITCH(0, 3, 1, 8)}},
    {FALSE, {KT_READY(1, 8, 1), KT_READY(2, 8, 1), KT_PRIORITY(2, 9), KT_SWITCH(0, 3, 1, 8)}},
    {FALSE, {KT_READY(1, 8, 1), KT_SWITCH(0, 3, 1, 9)}},
    /* Another processor goes on with something less important. */
    {TRUE, {KT_SWITCH(1, 3, 1, 8), KT_READY(2, 8, 2), KT_SWITCH(0, 4, 5, 8)}},
    {FALSE, {KT_SWITCH(1, 3, 1, 8), KT_READY(2, 9, 2), KT_SWITCH(0, 4, 5, 8)}},
    {FALSE, {KT_SWITCH(1, 3, 1, 8), KT_READY(2, 8, 2), KT_PRIORITY(1, 7), KT_SWITCH(0, 4, 5, 8)}},
    /* Who has yielded counts again when a thread is taken from a queue, not before. */
    {TRUE, {KT_SWITCH(0, 3, 1, 9), KT_READY(2, 8, 1), KT_YIELD(1, 9), KT_READY(1, 9, 1),
               KT_SWITCH(0, 1, 2, 8)}},
    {FALSE, {KT_SWITCH(0, 3, 1, 9), KT_READY(2, 8, 1), KT_READY(1, 9, 1), KT_SWITCH(0, 1, 2, 8)}},
    {FALSE, {KT_SWITCH(0, 3, 1, 9), KT_READY(2, 8, 1), KT_READY(3, 7, 1), KT_YIELD(1, 9),
                KT_READY(1, 9, 1), KT_SWITCH(0, 1, 2, 8), KT_SWITCH(0, 2, 3, 7)}},
    /* A yielding thread finds a processor, and whom it displaces is ready. */
    {FALSE, {KT_SWITCH(0, 3, 1, 14), KT_READY(2, 11, 3), KT_STANDBY(4, 12, 1), KT_YIELD(1, 14),
                KT_STANDBY(1, 14, 1), KT_READY(4, 12, 3), KT_SWITCH(0, 1, 2, 11)}},
    /* Nobody runs twice, or without having been made ready. */
    {FALSE, {KT_READY(1, 8, 3), KT_SWITCH(0, 3, 1, 8), KT_SWITCH(1, 4, 1, 8)}},
    {FALSE, {KT_READY(2, 8, 3), KT_SWITCH(0, 1, 2, 8), KT_SWITCH(1, 3, 1, 8)}},
};

START_TEST(ke_sched_judge, "scheduler: the judge of its trace rejects what is wrong, and only that")
{
    static KT_SCHED Sched;

    for (ULONG i = 0; i < ARRAYSIZE(KtSequences); i++) {
        const KT_SCHED_EVENT *Event = KtSequences[i].Events;
        PCSTR Wrong = NULL;

        KtSchedBegin(&Sched);
        for (; Event->Thread != 0; Event++) {
            ok(Wrong == NULL, "sequence %u: %s before the end", i, Wrong);
            Wrong = KtSchedReplay(&Sched, Event);
        }
        ok((Wrong == NULL) == KtSequences[i].Right, "sequence %u: %s", i,
            Wrong != NULL ? Wrong : "nothing wrong");
    }
}

/* ---- Taking turns -------------------------------------------------------------------- */

#define KT_EQUALS 5
#define KT_TURNS  (8 * KT_EQUALS)

/* How many quanta the threads have ended since First; whose, in Order. */
static ULONG KtReadTurns(PETHREAD Threads[], ULONG First, UCHAR Order[KT_TURNS])
{
    TRACE_RECORD Records[TRACE_MAX_RECORDS];
    ULONG Turns = 0;
    ULONG Count;

    for (ULONG i = First; i != KeTraceSequence() && Turns < KT_TURNS; i++) {
        if (!KeTraceRead(i, Records, ARRAYSIZE(Records), &Count) ||
            Records[0].Event != TraceQuantumEnd) {
            continue;
        }
        for (ULONG j = 0; j < KT_EQUALS; j++) {
            if (Records[0].Arguments[0] == TraceP(&Threads[j]->Tcb)) {
                Order[Turns++] = (UCHAR)j;
            }
        }
    }
    return Turns;
}

START_TEST(ke_sched_fair, "scheduler: equals on one processor have a quantum each in turn")
{
    KT_SPINNER Spinners[KT_EQUALS] = {{FALSE, 0}};
    PKTHREAD Self = KeGetCurrentThread();
    PETHREAD Threads[KT_EQUALS];
    UCHAR Order[KT_TURNS];
    ULONG First, Turns = 0;

    KtUseOneProcessor();
    (void)KeSetPriorityThread(Self, 18);
    for (ULONG i = 0; i < KT_EQUALS; i++) {
        Threads[i] = KtStartThread(KtSpinner, &Spinners[i]);
    }
    KeTraceScheduling(TRUE);
    First = KeTraceSequence();
    for (ULONG i = 0; i < KT_LONG / 100 && Turns < KT_TURNS; i++) {
        KtSleep(100);
        Turns = KtReadTurns(Threads, First, Order);
    }
    KeTraceScheduling(FALSE);
    ok_eq(Turns, KT_TURNS);
    for (ULONG i = 1; i < Turns; i++) {
        ok_eq(Order[i], (Order[i - 1] + 1) % KT_EQUALS); /* so no two counts differ by 2 */
    }
    for (ULONG i = 0; i < KT_EQUALS; i++) {
        Spinners[i].Stop = TRUE;
        KtJoinThread(Threads[i]);
    }
    (void)KeSetPriorityThread(Self, Self->BasePriority);
}
