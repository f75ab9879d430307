/* SPDX-License-Identifier: MIT */
/*
 * apc.exe: user APCs and alerts: when they are delivered, in which order, and
 * what they do to a wait.  subsystem: native
 */
#include "tests/user/threads.h"

#define LOG_SIZE 32

static volatile ULONG Log[LOG_SIZE];
static volatile ULONG Logged;
static volatile ULONG Ready;
static HANDLE Event;

static const LARGE_INTEGER NoTime = {.QuadPart = 0};

static void Sleep1(void)
{
    LARGE_INTEGER Interval = {.QuadPart = -100000LL};

    (void)NtDelayExecution(FALSE, &Interval);
}

static void NTAPI Record(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    if (Argument1 == (PVOID)0x11 && Argument2 == (PVOID)0x22 && Logged < LOG_SIZE) {
        Log[Logged++] = (ULONG)(ULONG_PTR)Context;
    }
}

static NTSTATUS Queue(HANDLE Thread, PNT_APC_ROUTINE Routine, ULONG Number)
{
    return NtQueueApcThread(
        Thread, Routine, (PVOID)(ULONG_PTR)Number, (PVOID)0x11, (PVOID)0x22);
}

static void QueueSelf(ULONG Number)
{
    (void)KtapStatus(Queue(NtCurrentThread(), Record, Number), STATUS_SUCCESS, "an APC");
}

/* The log is First, First + 1, ... up to Count of them; it is emptied. */
static void ExpectLog(ULONG First, ULONG Count, PCSTR Name)
{
    ULONG Right = 0;

    while (Right < Logged && Right < LOG_SIZE && Log[Right] == First + Right) {
        Right++;
    }
    (void)KtapCheck(Right == Count && Logged == Count, "%s", Name);
    Logged = 0;
}

/* ---- The caller's own ---- */

static void TestDelivery(void)
{
    LARGE_INTEGER Timeout = NoTime;

    QueueSelf(1);
    QueueSelf(2);
    QueueSelf(3);
    Sleep1();
    (void)NtYieldExecution();
    ExpectLog(0, 0, "a wait that is not alertable delivers none");
    (void)KtapStatus(NtWaitForSingleObject(Event, FALSE, &Timeout), STATUS_TIMEOUT, "such a wait");
    ExpectLog(0, 0, "neither does a try");
    (void)KtapStatus(NtTestAlert(), STATUS_SUCCESS, "a test delivers them");
    ExpectLog(1, 3, "all, in the order of their coming");
    QueueSelf(4);
    (void)KtapStatus(NtDelayExecution(TRUE, &Timeout), STATUS_USER_APC, "an alertable delay");
    ExpectLog(4, 1, "of no time, too");
    QueueSelf(5);
    QueueSelf(6);
    (void)KtapStatus(
        NtWaitForSingleObject(Event, TRUE, NULL), STATUS_USER_APC, "an alertable wait");
    ExpectLog(5, 2, "delivers all of them and ends once");
    (void)NtSetEvent(Event, NULL);
    QueueSelf(7);
    (void)KtapStatus(NtWaitForSingleObject(Event, TRUE, NULL), STATUS_SUCCESS, "signalled first");
    ExpectLog(0, 0, "so the APC stays");
    (void)KtapStatus(NtTestAlert(), STATUS_SUCCESS, "until there is reason");
    ExpectLog(7, 1, "for it");
}

static void NTAPI Nested(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Record(Context, Argument1, Argument2);
    (void)Queue(NtCurrentThread(), Record, (ULONG)(ULONG_PTR)Context + 1);
    (void)NtTestAlert(); /* delivered within this one */
    Record((PVOID)((ULONG_PTR)Context + 2), Argument1, Argument2);
    (void)Queue(NtCurrentThread(), Record, (ULONG)(ULONG_PTR)Context + 3);
}

static void TestNested(void)
{
    (void)Queue(NtCurrentThread(), Nested, 10);
    (void)NtTestAlert();
    ExpectLog(10, 4, "an APC within an APC, and one behind it");
}

static void TestContinue(void)
{
    static volatile ULONG Rounds;
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};

    Rounds = 0;
    RtlCaptureContext(&Context);
    if (Rounds < 2) {
        if (Rounds == 0) {
            QueueSelf(20);
        } else {
            ExpectLog(0, 0, "NtContinue without test: not delivered");
        }
        Rounds++;
        (void)NtContinue(&Context, Rounds == 2);
    }
    ExpectLog(20, 1, "NtContinue with test: delivered");
}

/* ---- Alerts ---- */

static void TestAlerts(void)
{
    LARGE_INTEGER Timeout = NoTime;
    ULONG Count = 77;

    (void)KtapStatus(NtAlertThread(NtCurrentThread()), STATUS_SUCCESS, "an alert");
    Sleep1();
    (void)KtapStatus(NtTestAlert(), STATUS_ALERTED, "is remembered");
    (void)KtapStatus(NtTestAlert(), STATUS_SUCCESS, "once");
    (void)NtAlertThread(NtCurrentThread());
    (void)NtAlertThread(NtCurrentThread());
    (void)KtapStatus(NtWaitForSingleObject(Event, FALSE, &Timeout), STATUS_TIMEOUT, "only");
    (void)KtapStatus(NtWaitForSingleObject(Event, TRUE, NULL), STATUS_ALERTED, "who asks is told");
    (void)KtapStatus(NtWaitForSingleObject(Event, TRUE, &Timeout), STATUS_TIMEOUT, "once, again");
    (void)NtAlertThread(NtCurrentThread());
    QueueSelf(30);
    (void)KtapStatus(NtDelayExecution(TRUE, &Timeout), STATUS_ALERTED, "an alert goes first");
    ExpectLog(0, 0, "before an APC");
    (void)KtapStatus(NtDelayExecution(TRUE, &Timeout), STATUS_USER_APC, "which is next");
    ExpectLog(30, 1, "to come");
    (void)KtapStatus(
        NtAlertResumeThread(NtCurrentThread(), &Count), STATUS_SUCCESS, "alert and resume");
    (void)KtapEqual(Count, 0, "it was not suspended");
    (void)KtapStatus(NtTestAlert(), STATUS_SUCCESS, "it is the kernel's alert, not user mode's");
    (void)KtapStatus(NtDelayExecution(TRUE, &Timeout), STATUS_ALERTED, "but ends a wait");
}

/* ---- Other threads ---- */

static NTSTATUS NTAPI WaitAlertably(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    Ready = 1;
    return NtWaitForSingleObject(Event, TRUE, NULL);
}

static NTSTATUS NTAPI WaitDeaf(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    Ready = 1;
    return NtWaitForSingleObject(Event, FALSE, NULL);
}

static NTSTATUS NTAPI WaitForTwo(PVOID Parameter)
{
    HANDLE Handles[2] = {Event, NtCurrentThread()};

    UNREFERENCED_PARAMETER(Parameter);
    Ready = 1;
    return NtWaitForMultipleObjects(2, Handles, WaitAny, TRUE, NULL);
}

static NTSTATUS NTAPI LogStart(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    Record((PVOID)43, (PVOID)0x11, (PVOID)0x22);
    return STATUS_SUCCESS;
}

static HANDLE StartWaiter(PUSER_THREAD_START_ROUTINE Routine)
{
    HANDLE Thread;

    Ready = 0;
    Thread = StartThread(Routine, NULL, FALSE);

    while (Ready == 0) {
        Sleep1();
    }
    Sleep1();
    return Thread;
}

static void TestNewThread(void)
{
    HANDLE Thread = StartThread(LogStart, NULL, TRUE);
    ULONG i;

    for (i = 40; i < 43; i++) {
        (void)KtapStatus(Queue(Thread, Record, i), STATUS_SUCCESS, "to a thread that never ran");
    }
    Sleep1();
    ExpectLog(0, 0, "suspended it runs none");
    (void)NtResumeThread(Thread, NULL);
    ExpectEnd(Thread, STATUS_SUCCESS, "resumed");
    ExpectLog(40, 4, "it runs them before its first instruction");
    Thread = StartThread(LogStart, NULL, TRUE);
    (void)Queue(Thread, Record, 44);
    (void)NtTerminateThread(Thread, STATUS_CANCELLED);
    ExpectEnd(Thread, STATUS_CANCELLED, "ended before it ran");
    ExpectLog(0, 0, "its APC went with it");
}

static void TestWaiters(void)
{
    HANDLE Thread = StartWaiter(WaitAlertably);

    (void)Queue(Thread, Record, 50);
    ExpectEnd(Thread, STATUS_USER_APC, "an APC ends an alertable wait");
    ExpectLog(50, 1, "and ran");
    Thread = StartWaiter(WaitForTwo);
    (void)Queue(Thread, Record, 51);
    ExpectEnd(Thread, STATUS_USER_APC, "one for several objects, too");
    ExpectLog(51, 1, "and ran");
    Thread = StartWaiter(WaitAlertably);
    (void)KtapStatus(NtAlertThread(Thread), STATUS_SUCCESS, "an alert");
    ExpectEnd(Thread, STATUS_ALERTED, "ends it as well");
    Thread = StartWaiter(WaitDeaf);
    (void)Queue(Thread, Record, 52);
    (void)NtAlertThread(Thread);
    Sleep1();
    ExpectLog(0, 0, "a deaf one takes no notice");
    (void)NtSetEvent(Event, NULL);
    ExpectEnd(Thread, STATUS_SUCCESS, "of either");
    ExpectLog(0, 0, "whose APC is never run");
}

/* Suspension is not a wait of the program's: APCs stay until it is over. */
static void TestSuspended(void)
{
    HANDLE Thread = StartWaiter(WaitAlertably);
    ULONG Count = 0;

    (void)NtSuspendThread(Thread, NULL);
    (void)Queue(Thread, Record, 60);
    (void)Queue(Thread, Record, 61);
    Sleep1();
    ExpectLog(0, 0, "a suspended thread runs none");
    (void)NtResumeThread(Thread, NULL);
    ExpectEnd(Thread, STATUS_USER_APC, "then its wait ends");
    ExpectLog(60, 2, "by both");
    Thread = StartWaiter(WaitAlertably);
    (void)NtSuspendThread(Thread, NULL);
    (void)KtapStatus(NtAlertResumeThread(Thread, &Count), STATUS_SUCCESS, "alerted and resumed");
    (void)KtapEqual(Count, 1, "it was suspended");
    ExpectEnd(Thread, STATUS_ALERTED, "the alert is what it finds");
}

static void TestHandles(void)
{
    HANDLE Thread = StartThread(LogStart, NULL, TRUE);
    HANDLE Weak = NULL;
    ULONG Count;

    (void)NtDuplicateObject(NtCurrentProcess(), Thread, NtCurrentProcess(), &Weak,
        THREAD_QUERY_INFORMATION, 0, 0);
    (void)KtapStatus(Queue(Weak, Record, 70), STATUS_ACCESS_DENIED, "an APC without the right");
    (void)KtapStatus(NtAlertThread(Weak), STATUS_ACCESS_DENIED, "an alert without it");
    (void)KtapStatus(NtAlertResumeThread(Weak, NULL), STATUS_ACCESS_DENIED, "both without");
    (void)KtapStatus(
        NtAlertResumeThread(Thread, (PULONG)0x80101000), STATUS_ACCESS_VIOLATION, "a bad count");
    (void)KtapStatus(NtResumeThread(Thread, &Count), STATUS_SUCCESS, "it resumed nothing");
    (void)KtapEqual(Count, 1, "before");
    (void)NtWaitForSingleObject(Thread, FALSE, NULL);
    (void)KtapStatus(Queue(Thread, Record, 71), STATUS_UNSUCCESSFUL, "a dead thread takes none");
    (void)KtapStatus(NtAlertThread(Thread), STATUS_SUCCESS, "but an alert, to no effect");
    (void)NtClose(Weak);
    (void)NtClose(Thread);
    Logged = 0;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    (void)NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);
    TestDelivery();
    TestNested();
    TestContinue();
    TestAlerts();
    TestNewThread();
    TestWaiters();
    TestSuspended();
    TestHandles();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
