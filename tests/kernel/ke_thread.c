/* SPDX-License-Identifier: MIT */
/*
 * Threads: running and ending, suspension counts, priorities, preemption, and
 * attaching to processes.
 */
#include "tests/kernel/kt.h"

static void KtCounter(PVOID Context)
{
    InterlockedIncrement((volatile LONG *)Context);
}

START_TEST(ke_thread, "threads: a hundred run and end; each is signalled when it has")
{
    volatile LONG Count = 0;

    for (LONG i = 1; i <= 100; i++) {
        KtJoinThread(KtStartThread(KtCounter, (PVOID)&Count));
        ok_eq(Count, i);
    }
}

START_TEST(ke_suspend, "suspension: counts, the limit, resuming at zero only")
{
    KT_SPINNER Spinner = {FALSE, 0};
    PETHREAD Thread = KtStartThread(KtSpinner, &Spinner);
    PKTHREAD Tcb = &Thread->Tcb;
    ULONG Previous = 9;

    ok(KtBeginsToTurn(&Spinner), "the thread runs");
    ok_status(KeSuspendThread(Tcb, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 0);
    ok(KtAwaitState(Thread, Waiting), "on its processor the APC has parked it");
    ok(!KtIsTurning(&Spinner), "once suspended it stands");
    ok_status(KeSuspendThread(Tcb, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 1);
    ok_eq(KeResumeThread(Tcb), 2);
    ok(!KtIsTurning(&Spinner), "it needs as many resumes");
    ok_eq(KeResumeThread(Tcb), 1);
    ok(KtBeginsToTurn(&Spinner), "then it runs again");
    ok_eq(KeResumeThread(Tcb), 0);

    for (ULONG i = 0; i < 127; i++) {
        ok_status(KeSuspendThread(Tcb, &Previous), STATUS_SUCCESS);
    }
    ok_status(KeSuspendThread(Tcb, &Previous), STATUS_SUSPEND_COUNT_EXCEEDED);
    ok_eq(Previous, 127);
    KeForceResumeThread(Tcb);
    ok(KtBeginsToTurn(&Spinner), "forced, it runs at once");

    for (ULONG i = 0; i < 50; i++) { /* the APC and its undoing overtake each other */
        ok_status(KeSuspendThread(Tcb, NULL), STATUS_SUCCESS);
        ok_eq(KeResumeThread(Tcb), 1);
    }
    ok(KtBeginsToTurn(&Spinner), "still running");
    ok_status(KeSuspendThread(Tcb, NULL), STATUS_SUCCESS);
    ok_eq(KeResumeThread(Tcb), 1);
    ok_status(KeSuspendThread(Tcb, NULL), STATUS_SUCCESS); /* with the first APC on its way */
    ok(KtAwaitState(Thread, Waiting) && !KtIsTurning(&Spinner), "the resume between is used up");
    ok_eq(KeResumeThread(Tcb), 1);
    ok(KtBeginsToTurn(&Spinner), "by one resume it runs");
    Spinner.Stop = TRUE;
    ok_status(KtWait(Thread, KT_LONG), STATUS_SUCCESS);
    ok_status(KeSuspendThread(Tcb, &Previous), STATUS_THREAD_IS_TERMINATING);
    ok_eq(Tcb->SuspendCount, 0);
    KtJoinThread(Thread);
}

static void KtResumer(PVOID Context)
{
    PETHREAD Thread = CONTAINING_RECORD(Context, ETHREAD, Tcb);

    ok(KtAwaitState(Thread, Waiting), "the thread has parked itself");
    ok_eq(Thread->Tcb.WaitReason, Suspended);
    ok_eq(KeResumeThread(&Thread->Tcb), 1);
}

START_TEST(ke_suspend_self, "suspension: a thread suspends itself until it is resumed")
{
    PETHREAD Helper = KtStartThread(KtResumer, KeGetCurrentThread());
    ULONG Previous = 9;

    ok_status(KeSuspendThread(KeGetCurrentThread(), &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 0);
    ok_eq(KeGetCurrentThread()->SuspendCount, 0);
    KtJoinThread(Helper);
}

START_TEST(ke_priority, "priorities: a better thread preempts, a worse one waits its turn")
{
    KT_SPINNER Spinner = {TRUE, 0};
    volatile LONG Count = 0;
    PKTHREAD Self = KeGetCurrentThread();
    KPRIORITY Base = Self->BasePriority;
    PETHREAD Thread;

    KtUseOneProcessor();
    ok_eq(KeSetPriorityThread(Self, 3), Base);
    ok_eq(KeQueryPriorityThread(Self), 3);
    Thread = KtStartThread(KtCounter, (PVOID)&Count);
    ok_eq(Count, 1); /* better than this thread, it has run to its end */
    KtJoinThread(Thread);

    (void)KeSetPriorityThread(Self, 20);
    Thread = KtStartThread(KtSpinner, &Spinner);
    ok_eq(Thread->Tcb.State, Ready);
    ok_eq(KeSetPriorityThread(&Thread->Tcb, 21), Base);
    ok_eq(Thread->Tcb.State, Terminated); /* preempted this one when it was raised */
    KtJoinThread(Thread);

    Thread = KtStartThread(KtSpinner, &Spinner);
    ok_eq(Thread->Tcb.State, Ready);
    (void)KeSetPriorityThread(Self, 3);
    ok_eq(Thread->Tcb.State, Terminated); /* this one gave way when it was lowered */
    KtJoinThread(Thread);
    (void)KeSetPriorityThread(Self, Base);
}

typedef struct _KT_RANKED {
    KEVENT Go;
    volatile LONG *Turn;
    LONG Came; /* as which one it ran */
} KT_RANKED;

static void KtRanked(PVOID Context)
{
    KT_RANKED *Ranked = Context;

    ok_status(KtWait(&Ranked->Go, KT_LONG), STATUS_SUCCESS);
    Ranked->Came = InterlockedIncrement(Ranked->Turn);
}

/* One of 14 stands by, one of 12 is ready; the first falls to 10, still above this one. */
START_TEST(ke_standby, "priorities: a thread that stands by and falls gives way to a ready one")
{
    PKTHREAD Self = KeGetCurrentThread();
    KPRIORITY Base = Self->BasePriority;
    volatile LONG Turn = 0;
    KT_RANKED Ranked[2];
    PETHREAD Threads[2];
    KIRQL OldIrql;

    KtUseOneProcessor();
    for (ULONG i = 0; i < 2; i++) {
        Ranked[i] = (KT_RANKED){.Turn = &Turn};
        KeInitializeEvent(&Ranked[i].Go, NotificationEvent, FALSE);
        Threads[i] = KtStartThread(KtRanked, &Ranked[i]);
        (void)KtAwaitState(Threads[i], Waiting);
        (void)KeSetPriorityThread(&Threads[i]->Tcb, i == 0 ? 14 : 12);
    }
    (void)KeSetPriorityThread(Self, 9);
    OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL);
    KeSetEvent(&Ranked[0].Go, 0, FALSE);
    KeSetEvent(&Ranked[1].Go, 0, FALSE);
    ok_eq(Threads[0]->Tcb.State, Standby);
    ok_eq(Threads[1]->Tcb.State, Ready);
    (void)KeSetPriorityThread(&Threads[0]->Tcb, 10);
    ok_eq(Threads[1]->Tcb.State, Standby);
    KeLowerIrql(OldIrql);
    for (ULONG i = 0; i < 2; i++) {
        KtJoinThread(Threads[i]);
        ok_eq(Ranked[i].Came, 2 - (LONG)i);
    }
    (void)KeSetPriorityThread(Self, Base);
}

/* The first of two of 12 stands by and is displaced: it has not had its turn. */
START_TEST(ke_displaced, "priorities: who stood by and is displaced is the first of its equals")
{
    static const LONG Order[] = {2, 3, 1}; /* in which the threads run */
    PKTHREAD Self = KeGetCurrentThread();
    KPRIORITY Base = Self->BasePriority;
    volatile LONG Turn = 0;
    KT_RANKED Ranked[3];
    PETHREAD Threads[3];
    KIRQL OldIrql;

    KtUseOneProcessor();
    for (ULONG i = 0; i < 3; i++) {
        Ranked[i] = (KT_RANKED){.Turn = &Turn};
        KeInitializeEvent(&Ranked[i].Go, NotificationEvent, FALSE);
        Threads[i] = KtStartThread(KtRanked, &Ranked[i]);
        (void)KtAwaitState(Threads[i], Waiting);
        (void)KeSetPriorityThread(&Threads[i]->Tcb, i == 2 ? 14 : 12);
    }
    (void)KeSetPriorityThread(Self, 9);
    OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL);
    for (ULONG i = 0; i < 3; i++) {
        KeSetEvent(&Ranked[i].Go, 0, FALSE);
    }
    ok_eq(Threads[0]->Tcb.State, Ready);
    ok_eq(Threads[2]->Tcb.State, Standby);
    KeLowerIrql(OldIrql);
    for (ULONG i = 0; i < 3; i++) {
        KtJoinThread(Threads[i]);
        ok_eq(Ranked[i].Came, Order[i]);
    }
    (void)KeSetPriorityThread(Self, Base);
}

START_TEST(ke_base_priority, "base priorities: relative to the process, saturation, no way out")
{
    PKTHREAD Self = KeGetCurrentThread();
    KPRIORITY Base = Self->Process->BasePriority;
    LONG Old = KeSetBasePriorityThread(Self, 2);

    ok_eq(Old, 0);
    ok_eq(Self->BasePriority, Base + 2);
    ok_eq(KeSetBasePriorityThread(Self, 15), 2);
    ok_eq(Self->BasePriority, 15);
    ok_eq(KeSetBasePriorityThread(Self, -15), 15);
    ok_eq(Self->BasePriority, 1);
    ok_eq(KeSetBasePriorityThread(Self, 14), -15);
    ok_eq(Self->BasePriority, 15);
    (void)KeSetBasePriorityThread(Self, 0);
    ok_eq(Self->BasePriority, Base);
    ok_eq(KeQueryPriorityThread(Self), Base);
}

typedef struct _KT_BOOSTED {
    KEVENT Event;
    KT_SPINNER Spinner;
} KT_BOOSTED;

static void KtBoosted(PVOID Context)
{
    KT_BOOSTED *Boosted = Context;

    ok_status(KtWait(&Boosted->Event, KT_LONG), STATUS_SUCCESS);
    KtSpinner(&Boosted->Spinner);
}

START_TEST(ke_boost, "boosts: by a wait's increment, never into 16, gone after some quanta")
{
    static const struct {
        KPRIORITY Increment, Priority;
    } Cases[] = {{0, 8}, {5, 13}, {15, 15}};
    PKTHREAD Self = KeGetCurrentThread();

    KtUseOneProcessor();
    (void)KeSetPriorityThread(Self, 16); /* so that it sees the others before they run */
    for (ULONG i = 0; i < ARRAYSIZE(Cases); i++) {
        KT_BOOSTED Boosted = {.Spinner = {FALSE, 0}};
        PETHREAD Thread;
        KeInitializeEvent(&Boosted.Event, NotificationEvent, FALSE);
        Thread = KtStartThread(KtBoosted, &Boosted);
        ok(KtAwaitState(Thread, Waiting), "the thread waits");
        KeSetEvent(&Boosted.Event, Cases[i].Increment, FALSE);
        ok_eq(Thread->Tcb.State, Ready);
        ok_eq(Thread->Tcb.Priority, Cases[i].Priority);
        KtSleep(300);
        ok_eq(Thread->Tcb.Priority, Thread->Tcb.BasePriority);
        Boosted.Spinner.Stop = TRUE;
        KtJoinThread(Thread);
    }
    (void)KeSetPriorityThread(Self, Self->BasePriority);
}

static void KtYielder(PVOID Context)
{
    volatile LONG *Turn = Context;

    for (LONG i = 0; i < 100; i++) {
        while (*Turn % 2 == 0) {
            (void)KeYieldExecution();
        }
        ++*Turn;
    }
}

START_TEST(ke_yield, "yielding: two threads take turns")
{
    volatile LONG Turn = 0;
    PETHREAD Thread = KtStartThread(KtYielder, (PVOID)&Turn);

    for (LONG i = 0; i < 100; i++) {
        while (Turn % 2 != 0) {
            (void)KeYieldExecution();
        }
        ++Turn;
    }
    KtJoinThread(Thread);
    ok_eq(Turn, 200);
}

/* To a thread of Base, more or less important than this one; *Status is what is said. */
static BOOLEAN KtYieldTo(KPRIORITY Base, BOOLEAN Delay, NTSTATUS *Status)
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    KT_SPINNER Spinner = {TRUE, 0};
    PETHREAD Thread = KtStartThread(KtSpinner, &Spinner);
    BOOLEAN HasRun;

    (void)KeSetPriorityThread(&Thread->Tcb, Base);
    ok_eq(Thread->Tcb.State, Ready);
    *Status = Delay ? KeDelayExecutionThread(KernelMode, FALSE, &Zero) : KeYieldExecution();
    HasRun = Thread->Tcb.State == Terminated;
    KtJoinThread(Thread);
    return HasRun;
}

START_TEST(ke_yield_status, "yielding: to whomever is ready; a delay of no time is the same")
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    NTSTATUS Status;

    KtUseOneProcessor();
    (void)KeSetPriorityThread(KeGetCurrentThread(), 18); /* which does not decay */
    ok_status(KeYieldExecution(), STATUS_NO_YIELD_PERFORMED);
    ok_status(KeDelayExecutionThread(KernelMode, FALSE, &Zero), STATUS_NO_YIELD_PERFORMED);
    for (ULONG Delay = 0; Delay < 2; Delay++) {
        ok(KtYieldTo(18, (BOOLEAN)Delay, &Status), "an equal has its turn");
        ok_status(Status, STATUS_SUCCESS);
        ok(KtYieldTo(4, (BOOLEAN)Delay, &Status), "so has who is less important");
        ok_status(Status, STATUS_SUCCESS);
    }
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}

START_TEST(ke_quantum, "quanta: threads that never wait share the processor")
{
    KT_SPINNER Spinners[3] = {{FALSE, 0}};
    PETHREAD Threads[3];
    ULONG i;

    KtUseOneProcessor();
    (void)KeSetPriorityThread(KeGetCurrentThread(), 16);
    for (i = 0; i < 3; i++) {
        Threads[i] = KtStartThread(KtSpinner, &Spinners[i]);
    }
    KtSleep(400);
    for (i = 0; i < 3; i++) {
        ok(Spinners[i].Turns != 0, "thread %u had a turn", i);
        Spinners[i].Stop = TRUE;
    }
    for (i = 0; i < 3; i++) {
        KtJoinThread(Threads[i]);
    }
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}
