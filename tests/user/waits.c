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

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    TestTimerApc();
    TestSignalAccess();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
