/* SPDX-License-Identifier: MIT */
/*
 * Timers as objects: statuses and states, and what becomes of their APCs.  The
 * callers are kernel threads, so the APCs are normal kernel ones.
 */
#include "ex.h"
#include "mm.h"
#include "nt/native.h"
#include "tests/kernel/kt.h"

static NTSTATUS KtSetTimer(HANDLE Timer, ULONG Milliseconds, PKNORMAL_ROUTINE Routine,
    PVOID Context, LONG Period, PBOOLEAN Previous)
{
    LARGE_INTEGER Due = KtMilliseconds(Milliseconds);

    return NtSetTimer(
        Timer, &Due, (PTIMER_APC_ROUTINE)(PVOID)Routine, Context, FALSE, Period, Previous);
}

static HANDLE KtCreateTimer(TIMER_TYPE Type)
{
    HANDLE Timer = NULL;

    ok_status(NtCreateTimer(&Timer, TIMER_ALL_ACCESS, NULL, Type), STATUS_SUCCESS);
    return Timer;
}

START_TEST(ex_timer, "NtSetTimer, NtCancelTimer, NtQueryTimer: states and statuses")
{
    LARGE_INTEGER Past = {.QuadPart = 1}, Zero = {.QuadPart = 0}, Now;
    TIMER_BASIC_INFORMATION Basic;
    HANDLE Timer;
    BOOLEAN State = 9;

    ok_status(NtCreateTimer(&Timer, TIMER_ALL_ACCESS, NULL, 2), STATUS_INVALID_PARAMETER_4);
    Timer = KtCreateTimer(NotificationTimer);
    ok_status(NtQueryTimer(Timer, TimerBasicInformation, &Basic, 16, NULL), STATUS_SUCCESS);
    ok(Basic.RemainingTime.QuadPart < 0 && !Basic.TimerState, "it is not set");
    ok_status(KtSetTimer(Timer, 30, NULL, NULL, -1, &State), STATUS_INVALID_PARAMETER_6);
    ok_status(KtSetTimer(Timer, 30, NULL, NULL, 0, &State), STATUS_SUCCESS);
    ok_eq(State, FALSE);
    ok_status(NtQueryTimer(Timer, TimerBasicInformation, &Basic, 16, NULL), STATUS_SUCCESS);
    ok(Basic.RemainingTime.QuadPart > 0 && Basic.RemainingTime.QuadPart <= 300000, "30 ms");
    ok_status(NtWaitForSingleObject(Timer, FALSE, &Zero), STATUS_TIMEOUT);
    ok_status(NtWaitForSingleObject(Timer, FALSE, NULL), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Timer, FALSE, &Zero), STATUS_SUCCESS);
    ok_status(KtSetTimer(Timer, 10000, NULL, NULL, 0, &State), STATUS_SUCCESS);
    ok_eq(State, TRUE);
    ok_status(NtWaitForSingleObject(Timer, FALSE, &Zero), STATUS_TIMEOUT);
    ok_status(NtCancelTimer(Timer, &State), STATUS_SUCCESS);
    ok_eq(State, FALSE);
    ok_status(NtSetTimer(Timer, &Past, NULL, NULL, TRUE, 0, &State), STATUS_TIMER_RESUME_IGNORED);
    ok_status(NtCancelTimer(Timer, &State), STATUS_SUCCESS);
    ok_eq(State, TRUE);
    KeQuerySystemTime(&Now);
    Now.QuadPart += 300000;
    ok_status(NtSetTimer(Timer, &Now, NULL, NULL, FALSE, 0, NULL), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Timer, FALSE, NULL), STATUS_SUCCESS);
    ok_status(NtClose(Timer), STATUS_SUCCESS);
    ok_status(NtCancelTimer(Timer, NULL), STATUS_INVALID_HANDLE);
}

START_TEST(ex_timer_period, "a periodic synchronization timer wakes its waiter again and again")
{
    HANDLE Timer = KtCreateTimer(SynchronizationTimer);
    ULONGLONG Start = KeQueryInterruptTime();

    ok_status(KtSetTimer(Timer, 20, NULL, NULL, 20, NULL), STATUS_SUCCESS);
    for (ULONG i = 0; i < 5; i++) {
        ok_status(NtWaitForSingleObject(Timer, FALSE, NULL), STATUS_SUCCESS);
    }
    ok(KeQueryInterruptTime() - Start >= 1000000, "five periods of 20 ms");
    ok_status(NtClose(Timer), STATUS_SUCCESS);
}

START_TEST(ex_timer_name, "timers by name")
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\KtTimer");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Timer, Again;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    ok_status(NtCreateTimer(&Timer, TIMER_ALL_ACCESS, &Attributes, NotificationTimer),
        STATUS_SUCCESS);
    ok_status(NtOpenTimer(&Again, TIMER_MODIFY_STATE, &Attributes), STATUS_SUCCESS);
    ok_status(KtSetTimer(Again, 0, NULL, NULL, 0, NULL), STATUS_SUCCESS);
    ok_status(NtClose(Again), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Timer, FALSE, NULL), STATUS_SUCCESS);
    ok_status(NtClose(Timer), STATUS_SUCCESS);
    ok_status(NtOpenTimer(&Again, TIMER_MODIFY_STATE, &Attributes), STATUS_OBJECT_NAME_NOT_FOUND);
}

/* Counts the calls; the time is that of now. */
static void KtCountApc(PVOID Context, PVOID TimeLow, PVOID TimeHigh)
{
    LARGE_INTEGER Time = {.LowPart = (ULONG)TimeLow, .HighPart = (LONG)TimeHigh}, Now;

    KeQuerySystemTime(&Now);
    ok(Now.QuadPart >= Time.QuadPart && Now.QuadPart - Time.QuadPart < 20000000,
        "the APC brings the time");
    InterlockedIncrement((volatile LONG *)Context);
}

START_TEST(ex_timer_apc, "timer APCs: one-shot, periodic, taken back by cancel, set and close")
{
    HANDLE Timer = KtCreateTimer(NotificationTimer);
    volatile LONG Calls = 0;

    ok_status(KtSetTimer(Timer, 20, KtCountApc, (PVOID)&Calls, 0, NULL), STATUS_SUCCESS);
    KtSleep(80);
    ok_eq(Calls, 1);
    ok(IsListEmpty(&KeGetCurrentThread()->ActiveTimerListHead), "a one-shot timer is done");
    ok_status(KtSetTimer(Timer, 10, KtCountApc, (PVOID)&Calls, 20, NULL), STATUS_SUCCESS);
    KtSleep(120);
    ok(Calls >= 3, "a periodic timer called %d times", (int)Calls - 1);
    ok_status(NtCancelTimer(Timer, NULL), STATUS_SUCCESS);
    Calls = 0;
    KeEnterCriticalRegion(); /* what is queued stays queued */
    for (ULONG i = 0; i < 3; i++) {
        ok_status(KtSetTimer(Timer, 0, KtCountApc, (PVOID)&Calls, 0, NULL), STATUS_SUCCESS);
        ok(KeGetCurrentThread()->ApcState.KernelApcPending ||
               !IsListEmpty(&KeGetCurrentThread()->ApcState.ApcListHead[KernelMode]),
            "the APC is queued");
        if (i == 0) {
            ok_status(NtCancelTimer(Timer, NULL), STATUS_SUCCESS);
        }
    }
    ok_status(NtClose(Timer), STATUS_SUCCESS);
    KeLeaveCriticalRegion();
    ok_eq(Calls, 0);
    ok(IsListEmpty(&KeGetCurrentThread()->ActiveTimerListHead), "no association is left");
}

/* Ends with a timer running that is to call it. */
static void KtLeaveTimer(PVOID Context)
{
    static volatile LONG Calls;

    ok_status(KtSetTimer(Context, 20, KtCountApc, (PVOID)&Calls, 20, NULL), STATUS_SUCCESS);
}

START_TEST(ex_timer_thread, "a thread's end cancels the timers that were to call it")
{
    LARGE_INTEGER Timeout = KtMilliseconds(60);
    HANDLE Timer = KtCreateTimer(SynchronizationTimer);

    KtJoinThread(KtStartThread(KtLeaveTimer, Timer));
    ok_status(NtWaitForSingleObject(Timer, FALSE, &Timeout), STATUS_TIMEOUT);
    ok_status(NtClose(Timer), STATUS_SUCCESS);
}

static void KtAwaitTimer(PVOID Context)
{
    ok_status(NtWaitForSingleObject(Context, FALSE, NULL), STATUS_SUCCESS);
}

START_TEST(ex_timer_close, "who waits for a timer is woken though its handle is closed")
{
    HANDLE Timer = KtCreateTimer(NotificationTimer);
    PETHREAD Thread;

    ok_status(KtSetTimer(Timer, 60, NULL, NULL, 0, NULL), STATUS_SUCCESS);
    Thread = KtStartThread(KtAwaitTimer, Timer);
    ok(KtAwaitState(Thread, Waiting), "it waits");
    ok_status(NtClose(Timer), STATUS_SUCCESS);
    KtJoinThread(Thread);
}

/* ---- Set anew while its DPC is on the way -------------------------------------------------- */

#define KT_ATTEMPTS 50

/* A timer whose DPC keeps the others of its processor waiting. */
typedef struct _KT_BLOCKER {
    KTIMER Timer;
    KDPC Dpc;
    volatile BOOLEAN Blocks;
    volatile BOOLEAN Go;
} KT_BLOCKER;

static void KtBlock(PKDPC Dpc, PVOID Context, PVOID TimeLow, PVOID TimeHigh)
{
    KT_BLOCKER *Blocker = Context;
    ULONGLONG End = KeQueryInterruptTime() + 100000000;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(TimeLow);
    UNREFERENCED_PARAMETER(TimeHigh);
    Blocker->Blocks = TRUE;
    while (!Blocker->Go && KeQueryInterruptTime() < End) {
        __builtin_ia32_pause();
    }
}

/*
 * Both timers expire at the first processor's same tick, the blocker first, so that
 * the other's DPC is queued behind; then Timer is set anew.  FALSE: they did not.
 */
static BOOLEAN KtResetLate(HANDLE Timer, KT_BLOCKER *Blocker, volatile LONG *Calls)
{
    LARGE_INTEGER Due = KtMilliseconds(20), Zero = {.QuadPart = 0};
    BOOLEAN Expired = FALSE;

    Blocker->Blocks = Blocker->Go = FALSE;
    (void)KeSetTimer(&Blocker->Timer, Due, 0, &Blocker->Dpc);
    ok_status(KtSetTimer(Timer, 20, KtCountApc, (PVOID)Calls, 0, NULL), STATUS_SUCCESS);
    ok_status(KtWait(&Blocker->Timer, KT_LONG), STATUS_SUCCESS);
    if (NtWaitForSingleObject(Timer, FALSE, &Zero) == STATUS_SUCCESS) {
        while (!Blocker->Blocks && *Calls == 0) {
            __builtin_ia32_pause();
        }
        Expired = *Calls == 0;
    }
    ok_status(KtSetTimer(Timer, 3600000, KtCountApc, (PVOID)Calls, 0, NULL), STATUS_SUCCESS);
    Blocker->Go = TRUE;
    KeFlushQueuedDpcs();
    return Expired;
}

START_TEST(ex_timer_late, "a timer set anew while its DPC waits on another processor calls nobody")
{
    static KT_BLOCKER Blocker;
    HANDLE Timer = KtCreateTimer(NotificationTimer);
    volatile LONG Calls = 0;
    ULONG Late = 0;

    if (KeNumberProcessors > 1) {
        (void)KeSetAffinityThread(KeGetCurrentThread(), 2); /* timers expire on the first */
        KeInitializeTimer(&Blocker.Timer, NotificationTimer);
        KeInitializeDpc(&Blocker.Dpc, KtBlock, &Blocker);
        for (ULONG i = 0; i < KT_ATTEMPTS && Late < 3; i++) {
            Calls = 0;
            if (KtResetLate(Timer, &Blocker, &Calls)) {
                Late++;
                KtSleep(20);
                ok_eq(Calls, 0);
                ok(!IsListEmpty(&KeGetCurrentThread()->ActiveTimerListHead), "it is set");
            }
        }
        ok_eq(Late, 3);
    } else {
        KtSkip("one processor");
    }
    ok_status(NtClose(Timer), STATUS_SUCCESS);
}
