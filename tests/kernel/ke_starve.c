/* SPDX-License-Identifier: MIT */
/*
 * Starvation relief: whom the balance-set manager boosts, whom not, how many at a
 * time, and for how long.  Most of it without waiting four seconds: the test makes
 * threads look older than they are and does a pass itself.
 */
#include "ke/ki.h"
#include "tests/kernel/kt.h"

#define KT_STARVING  24
#define KT_LOW       4 /* their base priority */
#define KT_HOG       18
#define KT_SELF      19
#define KT_MANY_TICKS (100000000 / KeMaximumIncrement) /* ten seconds */

/*
 * Threads that are ready and stay so: a hog has their processor, the last one.  The
 * test is on the first one, and so is the balance-set manager, below it.
 */
typedef struct _KT_STARVING_THREADS {
    KT_SPINNER Hog;
    KT_SPINNER Spinners[KT_STARVING];
    PETHREAD HogThread;
    PETHREAD Threads[KT_STARVING];
} KT_STARVING_THREADS;

static PETHREAD KtStartOnLast(KT_SPINNER *Spinner, KPRIORITY Priority)
{
    PETHREAD Thread;

    *Spinner = (KT_SPINNER){FALSE, 0};
    Thread = KtStartThread(KtSpinner, Spinner);
    if (Thread != NULL) {
        if (Priority < LOW_REALTIME_PRIORITY) {
            (void)KeSetBasePriorityThread(&Thread->Tcb, Priority - 8);
        } else {
            (void)KeSetPriorityThread(&Thread->Tcb, Priority);
        }
        (void)KeSetAffinityThread(&Thread->Tcb, 1u << (KeNumberProcessors - 1));
    }
    return Thread;
}

static void KtStarve(KT_STARVING_THREADS *All)
{
    KtUseOneProcessor();
    (void)KeSetPriorityThread(KeGetCurrentThread(), KT_SELF);
    All->HogThread = KtStartOnLast(&All->Hog, KT_HOG);
    for (ULONG i = 0; i < KT_STARVING; i++) {
        All->Threads[i] = KtStartOnLast(&All->Spinners[i], KT_LOW);
    }
    for (ULONG i = 0; i < KT_STARVING; i++) {
        ok_eq(All->Threads[i]->Tcb.State, Ready);
    }
}

static void KtEndStarving(KT_STARVING_THREADS *All)
{
    for (ULONG i = 0; i < KT_STARVING; i++) {
        All->Spinners[i].Stop = TRUE;
    }
    All->Hog.Stop = TRUE;
    KtJoinThread(All->HogThread);
    for (ULONG i = 0; i < KT_STARVING; i++) {
        KtJoinThread(All->Threads[i]);
    }
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}

static void KtAge(PETHREAD Thread)
{
    KIRQL OldIrql = KiLockDispatcher();

    Thread->Tcb.WaitTime -= KT_MANY_TICKS;
    KiUnlockDispatcher(OldIrql);
}

static ULONG KtCountPriority(KT_STARVING_THREADS *All, KPRIORITY Priority)
{
    ULONG Count = 0;

    for (ULONG i = 0; i < KT_STARVING; i++) {
        Count += All->Threads[i]->Tcb.Priority == Priority;
    }
    return Count;
}

START_TEST(ke_starve_pass, "starvation: a pass boosts ten that are old enough, and no others")
{
    static KT_STARVING_THREADS All;

    KtStarve(&All);
    KiScanReadyQueues();
    ok_eq(KtCountPriority(&All, KT_LOW), KT_STARVING); /* nobody has waited for long */
    for (ULONG i = 0; i < KT_STARVING; i++) {
        KtAge(All.Threads[i]);
    }
    KiScanReadyQueues();
    ok_eq(KtCountPriority(&All, 15), 10);
    ok_eq(All.Threads[9]->Tcb.Priority, 15); /* first come, first served */
    ok_eq(All.Threads[0]->Tcb.Quantum, 2 * All.Threads[0]->Tcb.QuantumReset);
    ok_eq(All.Threads[0]->Tcb.BasePriority, KT_LOW);
    KiScanReadyQueues();
    ok_eq(KtCountPriority(&All, 15), 20);
    KiScanReadyQueues();
    ok_eq(KtCountPriority(&All, 15), KT_STARVING);
    ok_eq(All.Threads[0]->Tcb.State, Ready); /* the hog is more important still */
    KtEndStarving(&All);
}

START_TEST(ke_starve_bound, "starvation: a pass looks at sixteen threads")
{
    static KT_STARVING_THREADS All;

    KtStarve(&All);
    for (ULONG i = 16; i < KT_STARVING; i++) {
        KtAge(All.Threads[i]);
    }
    KiScanReadyQueues();
    ok_eq(KtCountPriority(&All, KT_LOW), KT_STARVING);
    KtAge(All.Threads[15]);
    KiScanReadyQueues();
    ok_eq(KtCountPriority(&All, 15), 1);
    ok_eq(All.Threads[15]->Tcb.Priority, 15);
    KtEndStarving(&All);
}

START_TEST(ke_starve_realtime, "starvation: threads of priority 15 to 31 are left alone")
{
    static const KPRIORITY Priorities[] = {14, 15, 16, 17};
    static KT_STARVING_THREADS All;

    KtStarve(&All);
    for (ULONG i = 0; i < ARRAYSIZE(Priorities); i++) {
        (void)KeSetPriorityThread(&All.Threads[i]->Tcb, Priorities[i]);
        KtAge(All.Threads[i]);
    }
    KiScanReadyQueues();
    ok_eq(All.Threads[0]->Tcb.Priority, 15);
    for (ULONG i = 1; i < ARRAYSIZE(Priorities); i++) {
        ok_eq(All.Threads[i]->Tcb.Priority, Priorities[i]);
        ok_eq(All.Threads[i]->Tcb.Quantum, All.Threads[i]->Tcb.QuantumReset);
    }
    KtEndStarving(&All);
}

/* ---- The real thing ---------------------------------------------------------------- */

/* What the trace says of a thread since First. */
typedef struct _KT_RELIEF {
    ULONG Boosts;
    ULONG SwitchesBefore; /* to it, before the first boost */
    ULONG SwitchesAfter;
    ULONG QuantaEnded;
    ULONG LastPriority; /* after the last quantum end */
} KT_RELIEF;

static KT_RELIEF KtReadRelief(PKTHREAD Thread, ULONG First)
{
    KT_RELIEF Relief = {.Boosts = 0};
    TRACE_RECORD Records[TRACE_MAX_RECORDS];
    ULONG Count;

    for (ULONG i = First; i != KeTraceSequence(); i++) {
        if (!KeTraceRead(i, Records, ARRAYSIZE(Records), &Count)) {
            continue;
        }
        if (Records[0].Event == TraceStarved && Records[0].Arguments[0] == TraceP(Thread)) {
            Relief.Boosts++;
        } else if (Records[0].Event == TraceContextSwitch &&
                   Records[0].Arguments[0] == TraceP(Thread)) {
            Relief.SwitchesBefore += Relief.Boosts == 0;
            Relief.SwitchesAfter += Relief.Boosts != 0;
        } else if (Records[0].Event == TraceQuantumEnd &&
                   Records[0].Arguments[0] == TraceP(Thread)) {
            Relief.QuantaEnded++;
            Relief.LastPriority = Records[0].Arguments[1];
        }
    }
    return Relief;
}

START_TEST(ke_starve, "starvation: after four seconds a thread runs although a better one never waits")
{
    KT_SPINNER High = {FALSE, 0}, Low = {FALSE, 0};
    PKTHREAD Self = KeGetCurrentThread();
    PETHREAD HighThread, LowThread;
    ULONGLONG Start;
    KT_RELIEF Relief;
    ULONG First;

    KtUseOneProcessor();
    (void)KeSetPriorityThread(Self, KT_SELF);
    KeTraceScheduling(TRUE);
    First = KeTraceSequence();
    HighThread = KtStartThread(KtSpinner, &High);
    (void)KeSetBasePriorityThread(&HighThread->Tcb, 4);
    Start = KeQueryInterruptTime();
    LowThread = KtStartThread(KtSpinner, &Low);
    (void)KeSetBasePriorityThread(&LowThread->Tcb, -4);
    for (ULONG i = 0; i < 200 && Low.Turns == 0; i++) {
        KtSleep(100);
    }
    ok(Low.Turns != 0, "it runs");
    ok(KeQueryInterruptTime() - Start >= 39000000, "but not before its time");
    KtSleep(300);
    KeTraceScheduling(FALSE);
    Relief = KtReadRelief(&LowThread->Tcb, First);
    ok_eq(Relief.Boosts, 1);
    ok_eq(Relief.SwitchesBefore, 0);
    ok(Relief.SwitchesAfter != 0, "the trace shows it");
    ok_eq(Relief.QuantaEnded, 1);
    ok_eq(Relief.LastPriority, LowThread->Tcb.BasePriority);
    ok_eq(LowThread->Tcb.Priority, LowThread->Tcb.BasePriority);
    High.Stop = TRUE;
    Low.Stop = TRUE;
    KtJoinThread(HighThread);
    KtJoinThread(LowThread);
    (void)KeSetPriorityThread(Self, Self->BasePriority);
}
