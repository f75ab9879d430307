/* SPDX-License-Identifier: MIT */
/*
 * Several processors: threads run at the same time; one processor interrupts another;
 * threads on the move lose nothing.  Which processor a thread gets is in
 * ke_smp_place.c, mm_tlb.c has the page tables.
 */
#include "hal.h"
#include "tests/kernel/ktsmp.h"

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

/* ---- All together ---------------------------------------------------------------- */

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
