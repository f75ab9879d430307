/* SPDX-License-Identifier: MIT */
/*
 * suspend.exe: NtSuspendProcess and NtResumeProcess on a child that has threads of
 * several kinds, each of which counts its turns in memory that the parent reads: all
 * stand, or all go on; the counts are each thread's own.  subsystem: native
 */
#include "tests/user/child.h"
#include "tests/user/threads.h"

#define THREADS 4 /* the child's first is one of them */
#define LATER   4 /* the number of one that is made while the others stand */
#define ROUNDS  60
#define LIMIT   127

typedef enum _COMMAND {
    Work,
    Churn,       /* make threads that end */
    SuspendSelf, /* its own process */
} COMMAND;

/* The child's; the parent's copy is at the same address. */
static volatile struct {
    ULONG Ready;
    ULONG Turns[THREADS + 1];
    CLIENT_ID Ids[THREADS + 1];
    COMMAND Command;
    NTSTATUS Result; /* of SuspendSelf; STATUS_PENDING before it returns */
} Shared = {.Result = STATUS_PENDING};

static void SleepFor(ULONG Milliseconds)
{
    LARGE_INTEGER Interval = {.QuadPart = -10000LL * Milliseconds};

    (void)NtDelayExecution(FALSE, &Interval);
}

/* ---- The child ------------------------------------------------------------------ */

static NTSTATUS NTAPI EndAtOnce(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    return STATUS_SUCCESS;
}

static void Obey(void)
{
    HANDLE Thread;

    switch (Shared.Command) {
    case Work:
        break;
    case Churn:
        if (NT_SUCCESS(RtlCreateUserThread(
                NtCurrentProcess(), NULL, FALSE, 0, 0, 0, EndAtOnce, NULL, &Thread, NULL))) {
            (void)NtClose(Thread);
        }
        break;
    case SuspendSelf:
        Shared.Command = Work;
        Shared.Result = NtSuspendProcess(NtCurrentProcess());
        break;
    }
}

/* The first obeys, the second never enters the kernel, the others wait in it. */
static NTSTATUS NTAPI Worker(PVOID Parameter)
{
    ULONG Number = (ULONG)(ULONG_PTR)Parameter;

    Shared.Ids[Number] = NtCurrentTeb()->ClientId;
    (void)InterlockedIncrement((volatile LONG *)&Shared.Ready);
    for (;;) {
        Shared.Turns[Number]++;
        if (Number == 0) {
            Obey();
        }
        if (Number != 1) {
            SleepFor(1);
        }
    }
    return STATUS_SUCCESS;
}

static void RunAsChild(void)
{
    HANDLE Thread;

    for (ULONG_PTR i = 1; i < THREADS; i++) {
        if (!NT_SUCCESS(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, Worker,
                (PVOID)i, &Thread, NULL))) {
            (void)NtTerminateProcess(NtCurrentProcess(), STATUS_UNSUCCESSFUL);
        }
    }
    (void)Worker((PVOID)0);
}

/* ---- The parent's view of it -------------------------------------------------------- */

static RTL_USER_PROCESS_INFORMATION Child;
static HANDLE Threads[THREADS + 1];
static ULONG Count; /* of them */

static ULONG Turns(ULONG Number)
{
    ULONG Value = 0;

    (void)NtReadVirtualMemory(Child.ProcessHandle, (PVOID)(ULONG_PTR)&Shared.Turns[Number],
        &Value, sizeof(Value), NULL);
    return Value;
}

static void Order(COMMAND Command)
{
    (void)KtapStatus(NtWriteVirtualMemory(Child.ProcessHandle, (PVOID)(ULONG_PTR)&Shared.Command,
                         &Command, sizeof(Command), NULL), STATUS_SUCCESS, "the child is told");
}

static NTSTATUS Result(void)
{
    NTSTATUS Status = STATUS_UNSUCCESSFUL;

    (void)NtReadVirtualMemory(Child.ProcessHandle, (PVOID)(ULONG_PTR)&Shared.Result, &Status,
        sizeof(Status), NULL);
    return Status;
}

static void AwaitReady(ULONG Number)
{
    ULONG Ready = 0;

    for (ULONG i = 0; i < 3000 && Ready < Number; i++) {
        SleepFor(10);
        (void)NtReadVirtualMemory(Child.ProcessHandle, (PVOID)(ULONG_PTR)&Shared.Ready, &Ready,
            sizeof(Ready), NULL);
    }
    (void)KtapEqual(Ready, Number, "the child's threads run");
}

static void OpenThreads(void)
{
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID Ids[THREADS];

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    (void)NtReadVirtualMemory(
        Child.ProcessHandle, (PVOID)(ULONG_PTR)Shared.Ids, Ids, sizeof(Ids), NULL);
    for (Count = 0; Count < THREADS; Count++) {
        (void)KtapStatus(NtOpenThread(&Threads[Count], THREAD_ALL_ACCESS, &Attributes, &Ids[Count]),
            STATUS_SUCCESS, "one of them");
    }
}

static void Start(void)
{
    (void)KtapStatus(StartChild(L"\\??\\C:\\tests\\suspend.exe", L"suspend 01", &Child),
        STATUS_SUCCESS, "a child");
    (void)NtResumeThread(Child.ThreadHandle, NULL);
    AwaitReady(THREADS);
    OpenThreads();
}

static void Finish(NTSTATUS Status)
{
    PROCESS_BASIC_INFORMATION Basic = {.ExitStatus = STATUS_PENDING};
    LARGE_INTEGER Timeout = {.QuadPart = CHILD_TIMEOUT};

    (void)KtapStatus(NtTerminateProcess(Child.ProcessHandle, Status), STATUS_SUCCESS, "terminated");
    (void)KtapStatus(NtWaitForSingleObject(Child.ProcessHandle, FALSE, &Timeout), STATUS_SUCCESS,
        "it ends");
    (void)NtQueryInformationProcess(
        Child.ProcessHandle, ProcessBasicInformation, &Basic, sizeof(Basic), NULL);
    (void)KtapStatus(Basic.ExitStatus, Status, "as it was told");
}

static void Forget(void)
{
    while (Count != 0) {
        (void)NtClose(Threads[--Count]);
    }
    (void)NtClose(Child.ThreadHandle);
    (void)NtClose(Child.ProcessHandle);
}

/* A thread whose registers have been read has entered the kernel, and stays if suspended. */
static void ExpectStanding(ULONG Number)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_CONTROL};
    NTSTATUS Status = NtGetContextThread(Threads[Number], &Context);
    ULONG Before = Turns(Number);

    SleepFor(20);
    (void)KtapCheck(NT_SUCCESS(Status) && Turns(Number) == Before, "thread %lu stands", Number);
}

static void ExpectRunning(ULONG Number)
{
    ULONG Before = Turns(Number);

    for (ULONG i = 0; i < 3000 && Turns(Number) == Before; i++) {
        SleepFor(10);
    }
    (void)KtapCheck(Turns(Number) != Before, "thread %lu runs", Number);
}

static void ExpectAll(void (*Expect)(ULONG Number))
{
    for (ULONG i = 0; i < Count; i++) {
        Expect(i);
    }
}

static ULONG SuspendCount(ULONG Number)
{
    ULONG Previous = 999;

    (void)NtSuspendThread(Threads[Number], &Previous);
    (void)NtResumeThread(Threads[Number], NULL);
    return Previous;
}

static void ExpectCounts(ULONG First, ULONG Others)
{
    (void)KtapEqual(SuspendCount(0), First, "the first thread's count");
    for (ULONG i = 1; i < Count; i++) {
        (void)KtapEqual(SuspendCount(i), Others, "another's");
    }
}

static void SuspendAll(NTSTATUS Expected)
{
    (void)KtapStatus(NtSuspendProcess(Child.ProcessHandle), Expected, "NtSuspendProcess");
}

static void ResumeAll(NTSTATUS Expected)
{
    (void)KtapStatus(NtResumeProcess(Child.ProcessHandle), Expected, "NtResumeProcess");
}

/* ---- The tests --------------------------------------------------------------------------- */

static void TestNesting(void)
{
    ExpectAll(ExpectRunning);
    ResumeAll(STATUS_SUCCESS); /* nothing to do */
    ExpectCounts(0, 0);
    SuspendAll(STATUS_SUCCESS);
    ExpectAll(ExpectStanding);
    SuspendAll(STATUS_SUCCESS);
    ExpectCounts(2, 2);
    ResumeAll(STATUS_SUCCESS);
    ExpectAll(ExpectStanding);
    ExpectCounts(1, 1);
    ResumeAll(STATUS_SUCCESS);
    ExpectCounts(0, 0);
    ExpectAll(ExpectRunning);
}

/* A thread that is suspended by itself, too, is resumed with the process. */
static void TestMixed(void)
{
    (void)NtSuspendThread(Threads[0], NULL);
    SuspendAll(STATUS_SUCCESS);
    ExpectCounts(2, 1);
    ResumeAll(STATUS_SUCCESS);
    ExpectCounts(1, 0);
    ExpectStanding(0);
    ExpectRunning(1);
    ResumeAll(STATUS_SUCCESS);
    ExpectRunning(0);
    SuspendAll(STATUS_SUCCESS);
    (void)NtResumeThread(Threads[0], NULL);
    ExpectCounts(0, 1);
    ExpectRunning(0);
    ExpectStanding(1);
    ResumeAll(STATUS_SUCCESS);
}

/* At the limit the thread is left as it is, and the call goes on with the others. */
static void TestLimit(void)
{
    ULONG Previous = 0;

    for (ULONG i = 0; i < LIMIT; i++) {
        (void)NtSuspendThread(Threads[0], NULL);
    }
    (void)KtapStatus(NtSuspendThread(Threads[0], &Previous), STATUS_SUSPEND_COUNT_EXCEEDED,
        "as often as can be");
    SuspendAll(STATUS_SUCCESS);
    ExpectAll(ExpectStanding);
    (void)KtapEqual(SuspendCount(1), 1, "the second thread's count");
    ResumeAll(STATUS_SUCCESS);
    (void)KtapEqual(SuspendCount(0), LIMIT - 1, "the first thread's");
    ExpectRunning(1);
    for (ULONG i = 0; i < LIMIT - 1; i++) {
        (void)NtResumeThread(Threads[0], NULL);
    }
    ExpectRunning(0);
}

static void TestLaterThread(void)
{
    SuspendAll(STATUS_SUCCESS);
    (void)KtapStatus(RtlCreateUserThread(Child.ProcessHandle, NULL, FALSE, 0, 0, 0, Worker,
                         (PVOID)LATER, &Threads[LATER], NULL), STATUS_SUCCESS, "one more");
    ExpectRunning(LATER);
    ExpectAll(ExpectStanding);
    Count++;
    SuspendAll(STATUS_SUCCESS);
    (void)KtapEqual(SuspendCount(LATER), 1, "its count");
    ResumeAll(STATUS_SUCCESS);
    ExpectRunning(LATER);
    ExpectStanding(0);
    ResumeAll(STATUS_SUCCESS);
    ExpectAll(ExpectRunning);
}

static void AwaitSelfSuspended(void)
{
    Order(SuspendSelf);
    for (ULONG i = 0; i < Count; i++) {
        for (ULONG Tries = 0; Tries < 3000 && SuspendCount(i) == 0; Tries++) {
            SleepFor(10);
        }
    }
    ExpectCounts(1, 1);
    ExpectAll(ExpectStanding);
    (void)KtapStatus(Result(), STATUS_PENDING, "its call has not returned");
}

static void TestSelf(void)
{
    AwaitSelfSuspended();
    ResumeAll(STATUS_SUCCESS);
    ExpectAll(ExpectRunning);
    (void)KtapStatus(Result(), STATUS_SUCCESS, "its call");
}

static NTSTATUS NTAPI SuspendAndResume(PVOID Parameter)
{
    NTSTATUS Status = STATUS_SUCCESS;

    UNREFERENCED_PARAMETER(Parameter);
    for (ULONG i = 0; i < ROUNDS && NT_SUCCESS(Status); i++) {
        Status = NtSuspendProcess(Child.ProcessHandle);
        if (NT_SUCCESS(Status)) {
            Status = NtResumeProcess(Child.ProcessHandle);
        }
    }
    return Status;
}

static NTSTATUS NTAPI SuspendUntilDead(PVOID Parameter)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Parameter);
    do {
        Status = NtSuspendProcess(Child.ProcessHandle);
    } while (Status == STATUS_SUCCESS);
    return Status;
}

/* Threads come and go meanwhile; what is suspended is resumed as often. */
static void TestAtOnce(void)
{
    HANDLE Helpers[2];

    Order(Churn);
    for (ULONG i = 0; i < ARRAYSIZE(Helpers); i++) {
        Helpers[i] = StartThread(SuspendAndResume, NULL, FALSE);
    }
    for (ULONG i = 0; i < ARRAYSIZE(Helpers); i++) {
        ExpectEnd(Helpers[i], STATUS_SUCCESS, "what it met last");
    }
    Order(Work);
    ExpectCounts(0, 0);
    ExpectAll(ExpectRunning);
}

static void ExpectDead(void)
{
    SuspendAll(STATUS_PROCESS_IS_TERMINATING);
    ResumeAll(STATUS_PROCESS_IS_TERMINATING);
    (void)KtapStatus(
        NtSuspendThread(Threads[0], NULL), STATUS_THREAD_IS_TERMINATING, "its first thread");
}

static void TestEnds(void)
{
    HANDLE Helper;

    SuspendAll(STATUS_SUCCESS);
    SuspendAll(STATUS_SUCCESS);
    Finish(STATUS_CANCELLED);
    ExpectDead();
    Forget();
    Start();
    AwaitSelfSuspended();
    Finish(STATUS_ABANDONED);
    Forget();
    Start();
    Order(Churn);
    Helper = StartThread(SuspendUntilDead, NULL, FALSE);
    Finish(STATUS_CONTROL_C_EXIT);
    ExpectEnd(Helper, STATUS_PROCESS_IS_TERMINATING, "what it met last");
    Forget();
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Number;

    UNREFERENCED_PARAMETER(Peb);
    if (IsTestChild(&Number)) {
        RunAsChild();
    }
    Start();
    TestNesting();
    TestMixed();
    TestLimit();
    TestLaterThread();
    TestSelf();
    TestAtOnce();
    TestEnds();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
