/* SPDX-License-Identifier: MIT */
/*
 * Timers, DPCs and the clock.
 */
#include "ke/ki.h"
#include "tests/kernel/kt.h"

typedef struct _KT_DPC {
    KDPC Dpc;
    KEVENT Done;
    volatile LONG Count;
    KIRQL Irql;
    PVOID Argument1;
    PVOID Argument2;
} KT_DPC;

static void KtDpcRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KT_DPC *Test = Context;

    ok(Dpc == &Test->Dpc, "the routine gets its DPC");
    Test->Irql = KeGetCurrentIrql();
    Test->Argument1 = Argument1;
    Test->Argument2 = Argument2;
    InterlockedIncrement(&Test->Count);
    KeSetEvent(&Test->Done, 0, FALSE);
}

static void KtInitializeDpc(KT_DPC *Test)
{
    RtlZeroMemory(Test, sizeof(*Test));
    KeInitializeDpc(&Test->Dpc, KtDpcRoutine, Test);
    KeInitializeEvent(&Test->Done, SynchronizationEvent, FALSE);
}

START_TEST(ke_dpc, "DPCs: run at DISPATCH_LEVEL when IRQL falls, once while queued")
{
    KT_DPC Test;
    KIRQL OldIrql;

    KtInitializeDpc(&Test);
    ok(KeInsertQueueDpc(&Test.Dpc, (PVOID)1, (PVOID)2), "a DPC can be queued");
    ok_eq(Test.Count, 1); /* at PASSIVE_LEVEL it runs at once */
    ok_eq(Test.Irql, DISPATCH_LEVEL);
    ok(Test.Argument1 == (PVOID)1 && Test.Argument2 == (PVOID)2, "it gets its arguments");

    OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL);
    ok(KeInsertQueueDpc(&Test.Dpc, (PVOID)3, NULL), "it can be queued again");
    ok(!KeInsertQueueDpc(&Test.Dpc, (PVOID)4, NULL), "but not twice");
    ok_eq(Test.Count, 1);
    KeLowerIrql(OldIrql);
    ok_eq(Test.Count, 2);
    ok(Test.Argument1 == (PVOID)3, "the first arguments stay");

    OldIrql = KeRaiseIrqlTo(HIGH_LEVEL); /* as from an interrupt handler */
    ok(KeInsertQueueDpc(&Test.Dpc, NULL, NULL), "it can be queued with interrupts off");
    ok_eq(Test.Count, 2);
    KeLowerIrql(OldIrql);
    ok_eq(Test.Count, 3);
}

START_TEST(ke_timer, "timers: one-shot, cancelled, past, absolute, with a DPC")
{
    LARGE_INTEGER Due = KtMilliseconds(20);
    ULONGLONG Start = KeQueryInterruptTime();
    KTIMER Timer;
    KT_DPC Test;

    KtInitializeDpc(&Test);
    KeInitializeTimer(&Timer, NotificationTimer);
    ok(!KeSetTimer(&Timer, Due, 0, &Test.Dpc), "the timer was not set");
    ok_status(KtWait(&Timer, 0), STATUS_TIMEOUT);
    ok_status(KtWait(&Timer, KT_LONG), STATUS_SUCCESS);
    ok(KeQueryInterruptTime() - Start >= 200000, "the timer does not fire early");
    ok_status(KtWait(&Timer, 0), STATUS_SUCCESS); /* stays signalled */
    ok_status(KtWait(&Test.Done, KT_LONG), STATUS_SUCCESS);
    ok_eq(Test.Count, 1);
    ok(!KeCancelTimer(&Timer), "it is no longer set");

    KeInitializeTimer(&Timer, SynchronizationTimer);
    (void)KeSetTimer(&Timer, Due, 0, &Test.Dpc);
    ok(KeSetTimer(&Timer, Due, 0, NULL), "setting it again says that it was set");
    ok(KeCancelTimer(&Timer), "it can be cancelled");
    ok_status(KtWait(&Timer, 50), STATUS_TIMEOUT);
    ok_eq(Test.Count, 1);

    Due.QuadPart = 1;
    (void)KeSetTimer(&Timer, Due, 0, NULL);
    ok_status(KtWait(&Timer, 0), STATUS_SUCCESS);
    ok_status(KtWait(&Timer, 0), STATUS_TIMEOUT); /* consumed */
    KeQuerySystemTime(&Due);
    Due.QuadPart += 200000;
    (void)KeSetTimer(&Timer, Due, 0, NULL);
    ok_status(KtWait(&Timer, KT_LONG), STATUS_SUCCESS);
}

START_TEST(ke_timer_periodic, "timers: periodic ones go on until they are cancelled")
{
    LARGE_INTEGER Due = KtMilliseconds(10);
    KTIMER Timer;
    LONG Count;
    KT_DPC Test;

    KtInitializeDpc(&Test);
    KeInitializeTimer(&Timer, SynchronizationTimer);
    (void)KeSetTimer(&Timer, Due, 20, &Test.Dpc);
    for (ULONG i = 0; i < 4; i++) {
        ok_status(KtWait(&Timer, KT_LONG), STATUS_SUCCESS);
    }
    ok(KeCancelTimer(&Timer), "a periodic timer stays set");
    Count = Test.Count;
    ok(Count >= 4, "its DPC ran %d times", Count);
    KtSleep(50);
    ok_eq(Test.Count, Count);
}

/* The next due time follows the last one, not the moment at which it was noticed. */
START_TEST(ke_timer_phase, "timers: a periodic one does not drift")
{
    LARGE_INTEGER Due = KtMilliseconds(13);
    ULONGLONG First;
    KTIMER Timer;

    KeInitializeTimer(&Timer, SynchronizationTimer);
    (void)KeSetTimer(&Timer, Due, 1000, NULL);
    First = KeQueryTimerDueTime(&Timer);
    for (ULONG i = 0; i < 2; i++) {
        ok_status(KtWait(&Timer, KT_LONG), STATUS_SUCCESS);
        ok_eq((ULONG)((KeQueryTimerDueTime(&Timer) - First) % 10000000), 0);
    }
    ok(KeCancelTimer(&Timer), "it is still set");
}

/* After 512 lists of 2^17 * 100 ns, 6.7 s, the same one is in use again. */
START_TEST(ke_timer_list, "timers: one does not wait for a later one of its list")
{
    const ULONGLONG Round = 512ull << 17;
    KTIMER Early, Late;
    ULONGLONG Due;
    KIRQL OldIrql;

    KeInitializeTimer(&Early, NotificationTimer);
    KeInitializeTimer(&Late, NotificationTimer);
    OldIrql = KiLockDispatcher();
    Due = KeQueryInterruptTime() + 500000;
    ok(KiInsertTimer(&Late, Due + Round) && KiInsertTimer(&Early, Due), "both are set");
    KiUnlockDispatcher(OldIrql);
    ok_status(KtWait(&Early, 3000), STATUS_SUCCESS); /* sooner than Late, later than Early */
    ok_eq(Late.Header.SignalState, 0);
    ok(KeCancelTimer(&Late), "the later one is still set");
}

#define TIMERS 300

START_TEST(ke_timer_many, "timers: many at once expire, in the order of their due times")
{
    static KTIMER Timers[TIMERS];
    LARGE_INTEGER Due;
    ULONG i;

    for (i = 0; i < TIMERS; i++) {
        KeInitializeTimer(&Timers[i], NotificationTimer);
        Due.QuadPart = -10000ll * (10 + (i * 7919) % TIMERS);
        ok(!KeSetTimer(&Timers[i], Due, 0, NULL), "timer %u is set", i);
    }
    KtSleep(100);
    for (i = 0; i < TIMERS; i++) {
        BOOLEAN Fired = Timers[i].Header.SignalState == 1;
        ok(Fired || 10 + (i * 7919) % TIMERS > 90, "timer %u is late", i);
        ok(!Fired || Timers[i].DueTime.QuadPart <= KeQueryInterruptTime(), "timer %u is early", i);
    }
    KtSleep(300);
    for (i = 0; i < TIMERS; i++) {
        ok(Timers[i].Header.SignalState == 1, "timer %u has fired", i);
        ok(!KeCancelTimer(&Timers[i]), "timer %u is not set any more", i);
    }
}

/* Both clocks at one moment: no tick in between. */
static ULONGLONG KtReadClocks(PLARGE_INTEGER SystemTime)
{
    KIRQL OldIrql = KeRaiseIrqlTo(CLOCK_LEVEL);
    ULONGLONG InterruptTime = KeQueryInterruptTime();

    KeQuerySystemTime(SystemTime);
    KeLowerIrql(OldIrql);
    return InterruptTime;
}

START_TEST(ke_clock, "the clock: both times and the counter advance together")
{
    LARGE_INTEGER System, SystemLater;
    ULONGLONG Interrupt, Frequency, Counter;
    LONGLONG Elapsed;

    Interrupt = KtReadClocks(&System);
    Counter = KeQueryPerformanceCounter(&Frequency);
    KtSleep(100);
    Interrupt = KtReadClocks(&SystemLater) - Interrupt;
    Elapsed = SystemLater.QuadPart - System.QuadPart;
    ok(Elapsed == (LONGLONG)Interrupt, "both clocks advance by the same");
    ok(Elapsed >= 1000000 && Elapsed < 50000000, "100 ms of system time are %u us",
        (ULONG)(Elapsed / 10));
    ok(KeQueryPerformanceCounter(NULL) > Counter, "the performance counter advances");
    ok(Frequency >= 1000000, "its frequency is %u Hz", (ULONG)Frequency);
    ok(System.QuadPart > 0x01BF53EB256D4000ll, "the date is after the year 1999");
}
