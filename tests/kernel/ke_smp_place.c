/* SPDX-License-Identifier: MIT */
/*
 * Several processors, and which of them a thread gets: by its affinity, of the idle ones
 * by its ideal processor, of the busy ones by its priority.
 */
#include "ke/ki.h"
#include "tests/kernel/ktsmp.h"

static ULONG KtCurrentProcessor(void)
{
    KIRQL OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL);
    ULONG Number = KeGetCurrentPrcb()->Number;

    KeLowerIrql(OldIrql);
    return Number;
}

static BOOLEAN KtSleepUntil(const volatile LONG *Value, LONG Wanted)
{
    for (ULONG i = 0; i < KT_LONG / 10 && *Value < Wanted; i++) {
        KtSleep(10);
    }
    return *Value >= Wanted;
}

/* ---- Affinity -------------------------------------------------------------------------- */

typedef struct _KT_RUNNER {
    volatile BOOLEAN Stop;
    volatile ULONG Processor;
    volatile LONG Turns;
} KT_RUNNER;

static void KtRunner(PVOID Context)
{
    KT_RUNNER *Runner = Context;

    while (!Runner->Stop) {
        Runner->Processor = KtCurrentProcessor();
        Runner->Turns++;
    }
}

/* Two turns: the first may have begun before. */
static BOOLEAN KtTurns(KT_RUNNER *Runner)
{
    return KtSpinUntil(&Runner->Turns, Runner->Turns + 2);
}

START_TEST(ke_smp_affinity, "affinity: takes effect at once, on the running thread and others")
{
    PKTHREAD Self = KeGetCurrentThread();
    KT_RUNNER Runner = {FALSE, 0, 0};
    PETHREAD Thread;

    if (!KtHasProcessors()) {
        return;
    }
    for (ULONG i = 0; i < KT_ROUNDS; i++) {
        ULONG Processor = i % KeNumberProcessors;

        (void)KeSetAffinityThread(Self, 1u << Processor);
        ok_eq(KtCurrentProcessor(), Processor);
    }
    (void)KeSetAffinityThread(Self, 1);
    Thread = KtStartThread(KtRunner, &Runner);
    for (ULONG i = 1; i < KT_ROUNDS; i++) {
        ULONG Processor = 1 + i % (KeNumberProcessors - 1u);

        (void)KeSetAffinityThread(&Thread->Tcb, 1u << Processor);
        ok(KtTurns(&Runner), "it goes on");
        ok_eq(Runner.Processor, Processor);
    }
    Runner.Stop = TRUE;
    KtJoinThread(Thread);
    ok_eq(KeSetAffinityThread(Self, KeActiveProcessors), 1);
}

typedef struct _KT_MOVED {
    KEVENT Go;
    ULONG Processor; /* where it ran */
} KT_MOVED;

static void KtMoved(PVOID Context)
{
    KT_MOVED *Moved = Context;

    ok_status(KtWait(&Moved->Go, KT_LONG), STATUS_SUCCESS);
    Moved->Processor = KtCurrentProcessor();
}

START_TEST(ke_smp_standby, "affinity: a thread that stands by goes where it may run")
{
    KT_MOVED Moved = {.Processor = 0};
    PETHREAD Thread;
    KIRQL OldIrql;

    if (!KtHasProcessors()) {
        return;
    }
    (void)KeSetAffinityThread(KeGetCurrentThread(), 1);
    KeInitializeEvent(&Moved.Go, NotificationEvent, FALSE);
    Thread = KtStartThread(KtMoved, &Moved);
    ok(KtAwaitState(Thread, Waiting), "it waits");
    (void)KeSetAffinityThread(&Thread->Tcb, 1);
    (void)KeSetPriorityThread(&Thread->Tcb, 20);
    OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL); /* it cannot be switched to here */
    KeSetEvent(&Moved.Go, 0, FALSE);
    ok_eq(Thread->Tcb.State, Standby);
    ok_eq(Thread->Tcb.NextProcessor, 0);
    (void)KeSetAffinityThread(&Thread->Tcb, 2);
    ok(KeGetCurrentPrcb()->NextThread != &Thread->Tcb, "not for this processor any more");
    KeLowerIrql(OldIrql);
    KtJoinThread(Thread);
    ok_eq(Moved.Processor, 1);
    (void)KeSetAffinityThread(KeGetCurrentThread(), KeActiveProcessors);
}

/* ---- Which of the idle ones ------------------------------------------------------------ */

static void KtWaitTwice(PVOID Context)
{
    PKEVENT Events = Context;

    ok_status(KtWait(&Events[0], KT_LONG), STATUS_SUCCESS);
    ok_status(KtWait(&Events[1], KT_LONG), STATUS_SUCCESS);
}

/* Does every processor but this one have nothing to do?  Dispatcher lock held. */
static BOOLEAN KtOthersAreIdle(void)
{
    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        PKPRCB Prcb = KiProcessorBlock[i];

        if (Prcb != KiCurrentPrcb() &&
            (Prcb->CurrentThread != Prcb->IdleThread || Prcb->NextThread != NULL)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Ends the wait for Event at a moment when all others are idle; to where the thread goes. */
static ULONG KtWakeAmongIdle(PKTHREAD Thread, PKEVENT Event)
{
    for (ULONG Try = 0; Try < KT_LONG / 10; Try++) {
        KIRQL OldIrql = KiLockDispatcher();
        BOOLEAN Now = KtOthersAreIdle() && Thread->State == Waiting &&
                      Thread->WaitBlockList->Object == Event;
        ULONG Processor;

        if (Now) {
            Event->Header.SignalState = 1;
            KiWaitTest(&Event->Header, 0);
        }
        Processor = Thread->NextProcessor;
        KiUnlockDispatcher(OldIrql);
        if (Now) {
            return Processor;
        }
        KtSleep(10);
    }
    return MAXIMUM_PROCESSORS;
}

START_TEST(ke_smp_ideal, "of idle processors the ideal one is taken, or else the last one")
{
    KEVENT Events[2];

    if (!KtHasProcessors()) {
        return;
    }
    (void)KeSetAffinityThread(KeGetCurrentThread(), 1);
    for (ULONG i = 1; i < KeNumberProcessors; i++) {
        ULONG Ideal = 1 + i % (KeNumberProcessors - 1u);
        PETHREAD Thread;

        KeInitializeEvent(&Events[0], NotificationEvent, FALSE);
        KeInitializeEvent(&Events[1], NotificationEvent, FALSE);
        Thread = KtStartThread(KtWaitTwice, Events);
        (void)KeSetIdealProcessorThread(&Thread->Tcb, i);
        ok_eq(KtWakeAmongIdle(&Thread->Tcb, &Events[0]), i);
        (void)KtAwaitState(Thread, Waiting);
        if (KeNumberProcessors == 2) {
            KeSetEvent(&Events[1], 0, FALSE);
        } else { /* not allowed any more, its ideal one does not count */
            (void)KeSetIdealProcessorThread(&Thread->Tcb, Ideal);
            (void)KeSetAffinityThread(&Thread->Tcb, KeActiveProcessors & ~(1u << Ideal));
            ok_eq(KtWakeAmongIdle(&Thread->Tcb, &Events[1]), i);
        }
        KtJoinThread(Thread);
    }
    (void)KeSetAffinityThread(KeGetCurrentThread(), KeActiveProcessors);
}

/* ---- Priorities -------------------------------------------------------------------------- */

/* One more or fewer than there are processors, at a priority of their own. */
static ULONG KtStartRunners(
    KT_RUNNER Runners[], PETHREAD Threads[], ULONG Count, KPRIORITY Priority)
{
    ULONG Started = 0;

    for (ULONG i = 0; i < Count; i++) {
        Runners[i] = (KT_RUNNER){FALSE, 0, 0};
        Threads[i] = KtStartThread(KtRunner, &Runners[i]);
        if (Threads[i] != NULL) {
            (void)KeSetPriorityThread(&Threads[i]->Tcb, Priority);
            Started++;
        }
    }
    return Started;
}

static void KtStopRunners(KT_RUNNER Runners[], PETHREAD Threads[], ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        Runners[i].Stop = TRUE;
    }
    for (ULONG i = 0; i < Count; i++) {
        KtJoinThread(Threads[i]);
    }
}

START_TEST(ke_smp_priority, "priorities: none runs while a better one is ready anywhere")
{
    static KT_RUNNER High[MAXIMUM_PROCESSORS], Low[MAXIMUM_PROCESSORS];
    PETHREAD HighThreads[MAXIMUM_PROCESSORS], LowThreads[MAXIMUM_PROCESSORS];
    ULONG Count = KeNumberProcessors;
    LONG Turns[MAXIMUM_PROCESSORS];
    ULONG Running = 0;

    if (!KtHasProcessors()) {
        return;
    }
    (void)KeSetPriorityThread(KeGetCurrentThread(), 20);
    ok_eq(KtStartRunners(Low, LowThreads, Count, 17), Count);
    ok_eq(KtStartRunners(High, HighThreads, Count, 18), Count);
    for (ULONG i = 0; i < Count; i++) {
        ok(KtSleepUntil(&High[i].Turns, 2), "the better thread %u runs", i);
    }
    for (ULONG i = 0; i < Count; i++) {
        ok_eq(LowThreads[i]->Tcb.State, Ready);
        Turns[i] = Low[i].Turns;
    }
    KtSleep(100);
    for (ULONG i = 0; i < Count; i++) {
        ok_eq(Low[i].Turns, Turns[i]);
    }
    KtStopRunners(High, HighThreads, 1); /* its processor takes one of the others */
    for (ULONG Try = 0; Running == 0 && Try < KT_LONG / 10; Try++) {
        KtSleep(10);
        for (ULONG i = 0; i < Count; i++) {
            Running += Low[i].Turns != Turns[i];
        }
    }
    ok(Running != 0, "a processor that is free takes a thread");
    KtStopRunners(High + 1, HighThreads + 1, Count - 1);
    KtStopRunners(Low, LowThreads, Count);
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}

/* ---- Whom a yield leaves behind ---------------------------------------------------------- */

#define KT_LOW    9
#define KT_MIDDLE 12
#define KT_HIGH   17
#define KT_SECOND 2u /* the second processor */

typedef struct _KT_YIELD {
    KEVENT Go; /* for the middle one */
    volatile BOOLEAN Stop;
} KT_YIELD;

static void KtYielder(PVOID Context)
{
    KT_YIELD *Yield = Context;

    while (!Yield->Stop) {
        (void)KeYieldExecution(); /* to whom ever, so to the low one, too */
    }
}

static void KtAwaitGo(PVOID Context)
{
    KT_YIELD *Yield = Context;

    while (!Yield->Stop) {
        ok_status(KtWait(&Yield->Go, KT_LONG), STATUS_SUCCESS);
    }
}

static PETHREAD KtStartOnSecond(PKSTART_ROUTINE Routine, KT_YIELD *Yield, KPRIORITY Priority)
{
    PETHREAD Thread = KtStartThread(Routine, Yield);

    (void)KeSetAffinityThread(&Thread->Tcb, KT_SECOND);
    (void)KeSetPriorityThread(&Thread->Tcb, Priority);
    return Thread;
}

/*
 * This thread, the low one, yields on the second processor, where the high one is ready
 * and the middle one stands by, and can go on elsewhere.  FALSE: it did not come to that.
 */
static BOOLEAN KtYieldBetween(KT_YIELD *Yield, PETHREAD High)
{
    KIRQL OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL);
    BOOLEAN Fits = KeGetCurrentPrcb()->Number == 1 && High->Tcb.State == Ready;

    if (Fits) {
        KeGetCurrentThread()->Affinity = KeActiveProcessors; /* and nobody looks who is better */
        (void)KeSetEvent(&Yield->Go, 0, FALSE);
        (void)KeYieldExecution();
    }
    KeLowerIrql(OldIrql);
    return Fits;
}

START_TEST(ke_smp_yield, "a yield between one that stands by and a better one that is ready")
{
    PKTHREAD Self = KeGetCurrentThread();
    KT_YIELD Yield = {.Stop = FALSE};
    PETHREAD Middle, High;
    KPRIORITY Priority;
    ULONG Times = 0;

    if (!KtHasProcessors()) {
        return;
    }
    Priority = KeSetPriorityThread(Self, KT_LOW);
    KeInitializeEvent(&Yield.Go, SynchronizationEvent, FALSE);
    Middle = KtStartOnSecond(KtAwaitGo, &Yield, KT_MIDDLE);
    High = KtStartOnSecond(KtYielder, &Yield, KT_HIGH);
    for (ULONG Try = 0; Try < KT_ROUNDS && Times < KT_ROUNDS / 10; Try++) {
        ok(KtAwaitState(Middle, Waiting), "the middle one waits");
        (void)KeSetAffinityThread(Self, KT_SECOND);
        Times += KtYieldBetween(&Yield, High);
    }
    ok(Times != 0, "it came to that %u times", Times);
    Yield.Stop = TRUE;
    (void)KeSetEvent(&Yield.Go, 0, FALSE);
    KtJoinThread(High);
    KtJoinThread(Middle);
    (void)KeSetPriorityThread(Self, Priority);
    (void)KeSetAffinityThread(Self, KeActiveProcessors);
}
