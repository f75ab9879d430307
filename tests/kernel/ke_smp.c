/* SPDX-License-Identifier: MIT */
/*
 * Several processors: threads run at the same time, keep to their affinity, and are
 * given the processors in the order of their priorities; one processor interrupts
 * another; threads on the move lose nothing.  mm_tlb.c has the page tables.
 */
#include "hal.h"
#include "ke/ki.h"
#include "tests/kernel/kt.h"

#define KT_ROUNDS 200

static BOOLEAN KtHasProcessors(void)
{
    if (KeNumberProcessors == 1) {
        KtSkip("one processor");
        return FALSE;
    }
    return TRUE;
}

static ULONG KtCurrentProcessor(void)
{
    KIRQL OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL);
    ULONG Number = KeGetCurrentPrcb()->Number;

    KeLowerIrql(OldIrql);
    return Number;
}

/* FALSE: *Value does not reach Wanted.  Does not give up the processor. */
static BOOLEAN KtSpinUntil(const volatile LONG *Value, LONG Wanted)
{
    ULONGLONG End = KeQueryInterruptTime() + KT_LONG * 10000ull;

    while (*Value < Wanted && KeQueryInterruptTime() < End) {
        __builtin_ia32_pause();
    }
    return *Value >= Wanted;
}

static BOOLEAN KtSleepUntil(const volatile LONG *Value, LONG Wanted)
{
    for (ULONG i = 0; i < KT_LONG / 10 && *Value < Wanted; i++) {
        KtSleep(10);
    }
    return *Value >= Wanted;
}

/* ---- At the same time --------------------------------------------------------------- */

typedef struct _KT_MEETING {
    volatile LONG Arrived;
    volatile LONG Seen; /* by how many all were seen */
    volatile ULONG Where; /* processors they were on */
} KT_MEETING;

/* Nobody waits or yields: all can arrive only if each has a processor. */
static void KtAttend(PVOID Context)
{
    KT_MEETING *Meeting = Context;

    InterlockedIncrement(&Meeting->Arrived);
    if (KtSpinUntil(&Meeting->Arrived, KeNumberProcessors)) {
        KIRQL OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL);
        InterlockedOr(&Meeting->Where, KeGetCurrentPrcb()->SetMember);
        InterlockedIncrement(&Meeting->Seen);
        ok(KtSpinUntil(&Meeting->Seen, KeNumberProcessors), "nobody leaves before the last");
        KeLowerIrql(OldIrql);
    }
}

START_TEST(ke_smp_parallel, "processors: as many threads run at the same time")
{
    KT_MEETING Meeting = {0, 0, 0};
    PETHREAD Threads[MAXIMUM_PROCESSORS];

    if (!KtHasProcessors()) {
        return;
    }
    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        Threads[i] = KtStartThread(KtAttend, &Meeting);
    }
    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        KtJoinThread(Threads[i]);
    }
    ok_eq(Meeting.Seen, KeNumberProcessors);
    ok_eq(Meeting.Where, KeActiveProcessors);
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

/* ---- Interrupts from one to another ---------------------------------------------------------- */

typedef struct _KT_CALL {
    KDPC Dpc;
    volatile LONG Done;
    volatile ULONG Processor;
} KT_CALL;

static void KtCalled(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KT_CALL *Call = Context;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    Call->Processor = KeGetCurrentPrcb()->Number;
    InterlockedIncrement(&Call->Done);
}

START_TEST(ke_smp_ipi, "interrupts between processors: a DPC runs on the one it is meant for")
{
    ULONGLONG Shortest = ~0ull;
    KT_CALL Call = {.Done = 0};

    if (!KtHasProcessors()) {
        return;
    }
    KeInitializeDpc(&Call.Dpc, KtCalled, &Call);
    for (LONG i = 1; i <= KT_ROUNDS; i++) {
        UCHAR Target = (UCHAR)(i % KeNumberProcessors);
        ULONGLONG Start = HalQueryTsc();

        KeSetTargetProcessorDpc(&Call.Dpc, Target);
        ok(KeInsertQueueDpc(&Call.Dpc, NULL, NULL), "it is free");
        ok(KtSpinUntil(&Call.Done, i), "processor %u answers", Target);
        ok_eq(Call.Processor, Target);
        Start = HalQueryTsc() - Start;
        Shortest = Start < Shortest ? Start : Shortest;
    }
    KePrint("# shortest round: %u ticks of the TSC\n", (ULONG)Shortest);
}

/* ---- Two sets at a time ----------------------------------------------------------------- */

typedef struct _KT_SETTERS {
    KEVENT Event;
    volatile LONG Round; /* both set the event when it grows */
    volatile LONG Set;   /* by the other one */
    volatile LONG Woken;
    volatile BOOLEAN Stop;
} KT_SETTERS;

static void KtSetOften(PVOID Context)
{
    KT_SETTERS *Setters = Context;

    for (LONG Round = 1; KtSpinUntil(&Setters->Round, Round) && !Setters->Stop; Round++) {
        (void)KeSetEvent(&Setters->Event, 0, FALSE);
        Setters->Set = Round;
    }
}

static void KtBeWoken(PVOID Context)
{
    KT_SETTERS *Setters = Context;

    while (!Setters->Stop) {
        ok_status(KtWait(&Setters->Event, KT_LONG), STATUS_SUCCESS);
        InterlockedIncrement(&Setters->Woken);
    }
}

START_TEST(ke_smp_set, "a synchronization event set by two at once wakes two")
{
    KT_SETTERS Setters = {.Round = 0};
    PETHREAD Other, Waiters[2];
    BOOLEAN Both = TRUE;

    if (KeNumberProcessors < 4) { /* nobody below gives up the processor to another */
        KtSkip("fewer than four processors");
        return;
    }
    KeInitializeEvent(&Setters.Event, SynchronizationEvent, FALSE);
    for (ULONG i = 0; i < 2; i++) {
        Waiters[i] = KtStartThread(KtBeWoken, &Setters);
    }
    Other = KtStartThread(KtSetOften, &Setters);
    for (LONG Round = 1; Round <= KT_ROUNDS && Both; Round++) {
        while (Waiters[0]->Tcb.State != Waiting || Waiters[1]->Tcb.State != Waiting) {
            __builtin_ia32_pause();
        }
        Setters.Round = Round;
        (void)KeSetEvent(&Setters.Event, 0, FALSE);
        Both = KtSpinUntil(&Setters.Set, Round) && KtSpinUntil(&Setters.Woken, 2 * Round);
    }
    ok(Both, "two sets woke two in each round, %d of %d", Setters.Woken, 2 * Setters.Round);
    Setters.Stop = TRUE;
    InterlockedIncrement(&Setters.Round);
    for (ULONG i = 0; i < 2; i++) {
        while (KtWait(Waiters[i], 10) == STATUS_TIMEOUT) {
            (void)KeSetEvent(&Setters.Event, 0, FALSE);
        }
        KtJoinThread(Waiters[i]);
    }
    KtJoinThread(Other);
}

/* ---- All together ------------------------------------------------------------------------------ */

typedef struct _KT_CROWD {
    KGUARDED_MUTEX Mutex;
    KSEMAPHORE Semaphore;
    volatile LONG Inside;
    volatile LONG Total; /* the mutex */
    PETHREAD Threads[2 * MAXIMUM_PROCESSORS];
    volatile BOOLEAN Go;
} KT_CROWD;

static void KtJostle(PVOID Context)
{
    KT_CROWD *Crowd = Context;
    ULONG Random = (ULONG)(ULONG_PTR)KeGetCurrentThread() + KeBootOptions.Seed;

    for (ULONG i = 0; i < KT_ROUNDS; i++) {
        ULONG Mask = (Random = Random * 1664525 + 1013904223) >> 16 & KeActiveProcessors;
        PETHREAD Other = Crowd->Threads[Random % (2u * KeNumberProcessors)];

        if (Crowd->Go && Mask != 0) {
            (void)KeSetAffinityThread(&Other->Tcb, Mask);
            (void)KeSetPriorityThread(&Other->Tcb, 4 + (LONG)(Random >> 28) % 8);
        }
        ok_status(KtWait(&Crowd->Semaphore, KT_LONG), STATUS_SUCCESS);
        KeAcquireGuardedMutex(&Crowd->Mutex);
        ok_eq(InterlockedIncrement(&Crowd->Inside), 1);
        Crowd->Total++;
        InterlockedDecrement(&Crowd->Inside);
        KeReleaseGuardedMutex(&Crowd->Mutex);
        ok_status(KeReleaseSemaphore(&Crowd->Semaphore, (LONG)(Random >> 30), 1, FALSE, NULL),
            STATUS_SUCCESS);
    }
}

/* As long as it takes, if the crowd gets on. */
static void KtAwaitJostler(KT_CROWD *Crowd, PETHREAD Thread)
{
    NTSTATUS Status;
    LONG Total;

    do {
        Total = Crowd->Total;
        Status = KtWait(Thread, KT_LONG);
    } while (Status == STATUS_TIMEOUT && Crowd->Total != Total);
    ok_status(Status, STATUS_SUCCESS);
}

START_TEST(ke_smp_crowd, "threads moved about while they wait, own and signal lose nothing")
{
    static KT_CROWD Crowd;
    ULONG Count = 2u * KeNumberProcessors;

    if (!KtHasProcessors()) {
        return;
    }
    Crowd = (KT_CROWD){.Total = 0};
    KeInitializeGuardedMutex(&Crowd.Mutex, LockLevelConsole);
    KeInitializeSemaphore(&Crowd.Semaphore, (LONG)KeNumberProcessors, (LONG)Count);
    for (ULONG i = 0; i < Count; i++) {
        Crowd.Threads[i] = KtStartThread(KtJostle, &Crowd);
    }
    Crowd.Go = TRUE;
    for (ULONG i = 0; i < Count; i++) {
        KtAwaitJostler(&Crowd, Crowd.Threads[i]);
    }
    for (ULONG i = 0; i < Count; i++) { /* until now somebody might have moved them */
        ObDereferenceObject(Crowd.Threads[i]);
    }
    ok_eq(Crowd.Total, KT_ROUNDS * Count);
}
