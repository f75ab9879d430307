/* SPDX-License-Identifier: MIT */
/*
 * waits.exe: what only user mode sees of timers, signals and waits: user APCs and
 * access rights.  subsystem: native
 */
#include "tests/user/ktap.h"

static LARGE_INTEGER Milliseconds(LONG Count)
{
    return (LARGE_INTEGER){.QuadPart = -10000ll * Count};
}

static ULONG TimerCalls;
static LARGE_INTEGER TimerTime;

static VOID NTAPI CountCalls(PVOID Context, ULONG TimeLow, LONG TimeHigh)
{
    TimerCalls += (ULONG)(ULONG_PTR)Context;
    TimerTime = (LARGE_INTEGER){.LowPart = TimeLow, .HighPart = TimeHigh};
}

static void TestTimerApc(void)
{
    LARGE_INTEGER Due = Milliseconds(20), Long = Milliseconds(2000), Short = Milliseconds(60);
    LARGE_INTEGER Now = {.QuadPart = 0};
    HANDLE Timer = NULL;

    (void)KtapStatus(NtCreateTimer(&Timer, TIMER_ALL_ACCESS, NULL, NotificationTimer),
        STATUS_SUCCESS, "a timer");
    (void)KtapStatus(NtSetTimer(Timer, &Due, CountCalls, (PVOID)1, FALSE, 0, NULL),
        STATUS_SUCCESS, "set with an APC");
    (void)KtapStatus(NtDelayExecution(FALSE, &Short), STATUS_SUCCESS, "a wait not alertable");
    (void)KtapEqual(TimerCalls, 0, "does not let it in");
    (void)KtapStatus(NtDelayExecution(TRUE, &Long), STATUS_USER_APC, "an alertable wait");
    (void)KtapEqual(TimerCalls, 1, "does");
    (void)NtQuerySystemTime(&Now);
    (void)KtapCheck(TimerTime.QuadPart <= Now.QuadPart &&
            TimerTime.QuadPart > Now.QuadPart - 20000000, "with the time it was due");
    (void)KtapStatus(NtSetTimer(Timer, &Due, CountCalls, (PVOID)1, FALSE, 20, NULL),
        STATUS_SUCCESS, "a periodic one");
    while (TimerCalls < 4) {
        (void)NtDelayExecution(TRUE, &Long);
    }
    (void)NtDelayExecution(FALSE, &Short);
    (void)KtapStatus(NtCancelTimer(Timer, NULL), STATUS_SUCCESS, "cancelled with an APC queued");
    (void)KtapStatus(NtDelayExecution(TRUE, &Short), STATUS_SUCCESS, "the APC is gone");
    (void)KtapEqual(TimerCalls, 4, "and was not called");
    (void)KtapStatus(NtSetTimer(Timer, &Due, CountCalls, (PVOID)1, FALSE, 0, NULL),
        STATUS_SUCCESS, "set again");
    (void)NtClose(Timer);
    (void)KtapStatus(NtDelayExecution(TRUE, &Short), STATUS_SUCCESS, "closing stops it");
    (void)KtapEqual(TimerCalls, 4, "and its APC");
}

static void TestSignalAccess(void)
{
    LARGE_INTEGER Zero = Milliseconds(0);
    HANDLE Event = NULL;
    HANDLE Weak = NULL;

    (void)NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);
    (void)NtDuplicateObject(
        NtCurrentProcess(), Event, NtCurrentProcess(), &Weak, SYNCHRONIZE, 0, 0);
    (void)KtapStatus(NtSignalAndWaitForSingleObject(Weak, Event, FALSE, &Zero),
        STATUS_ACCESS_DENIED, "signal through a handle that may only wait");
    (void)KtapStatus(NtSignalAndWaitForSingleObject(Event, Weak, FALSE, &Zero), STATUS_SUCCESS,
        "signal and wait");
    (void)NtClose(Weak);
    (void)NtClose(Event);
}

/* What a helper thread waits for, and how. */
typedef struct _HELPER {
    HANDLE Mutant; /* taken first, if there is one */
    HANDLE Event;
    HANDLE Thread;
    NTSTATUS Status;
} HELPER;

static NTSTATUS NTAPI Help(PVOID Parameter)
{
    HELPER *Helper = Parameter;

    if (Helper->Mutant != NULL) {
        (void)NtWaitForSingleObject(Helper->Mutant, FALSE, NULL);
    }
    Helper->Status = NtWaitForSingleObject(Helper->Event, TRUE, NULL);
    return NtTerminateThread(NtCurrentThread(), STATUS_SUCCESS);
}

static void StartHelper(HELPER *Helper)
{
    LARGE_INTEGER Short = Milliseconds(50);

    Helper->Status = STATUS_PENDING;
    (void)KtapStatus(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, Help, Helper,
                         &Helper->Thread, NULL), STATUS_SUCCESS, "a thread");
    (void)NtDelayExecution(FALSE, &Short); /* until it waits */
}

static void JoinHelper(HELPER *Helper)
{
    (void)KtapStatus(
        NtWaitForSingleObject(Helper->Thread, FALSE, NULL), STATUS_SUCCESS, "it ends");
    (void)NtClose(Helper->Thread);
}

static void TestInterruptedWaits(void)
{
    HELPER Helper = {.Mutant = NULL};

    (void)NtCreateEvent(&Helper.Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);
    StartHelper(&Helper);
    (void)KtapStatus(NtAlertThread(Helper.Thread), STATUS_SUCCESS, "alert one that waits");
    JoinHelper(&Helper);
    (void)KtapStatus(Helper.Status, STATUS_ALERTED, "its wait");
    StartHelper(&Helper);
    (void)KtapStatus(NtQueueApcThread(Helper.Thread, (PNT_APC_ROUTINE)(PVOID)CountCalls,
                         (PVOID)16, NULL, NULL), STATUS_SUCCESS, "an APC to one that waits");
    JoinHelper(&Helper);
    (void)KtapStatus(Helper.Status, STATUS_USER_APC, "its wait");
    (void)KtapEqual(TimerCalls, 20, "the APC ran");
    StartHelper(&Helper);
    (void)NtClose(Helper.Event);
    (void)KtapStatus(Helper.Status, STATUS_PENDING, "closing the handle does not end the wait");
    (void)NtAlertThread(Helper.Thread);
    JoinHelper(&Helper);
}

static void TestKilledWaiter(void)
{
    LARGE_INTEGER Zero = Milliseconds(0), Long = Milliseconds(2000);
    HELPER Helper;

    (void)NtCreateEvent(&Helper.Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);
    (void)NtCreateMutant(&Helper.Mutant, MUTANT_ALL_ACCESS, NULL, FALSE);
    StartHelper(&Helper);
    (void)KtapStatus(NtWaitForSingleObject(Helper.Mutant, FALSE, &Zero), STATUS_TIMEOUT,
        "the thread owns the mutant");
    (void)KtapStatus(
        NtTerminateThread(Helper.Thread, STATUS_SUCCESS), STATUS_SUCCESS, "end it in its wait");
    (void)KtapStatus(NtWaitForSingleObject(Helper.Mutant, FALSE, &Long), STATUS_ABANDONED_WAIT_0,
        "the mutant is abandoned");
    JoinHelper(&Helper);
    (void)KtapStatus(Helper.Status, STATUS_PENDING, "its wait never returned");
    (void)NtSetEvent(Helper.Event, NULL);
    (void)KtapStatus(NtWaitForSingleObject(Helper.Event, FALSE, &Zero), STATUS_SUCCESS,
        "the dead waiter takes no signal");
    (void)NtClose(Helper.Event);
    (void)NtClose(Helper.Mutant);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    TestTimerApc();
    TestSignalAccess();
    TestInterruptedWaits();
    TestKilledWaiter();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
