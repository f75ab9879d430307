/* SPDX-License-Identifier: MIT */
/*
 * parallel.exe: threads of one program on all processors at once.  subsystem: native
 *
 * They share a lock, a heap and an address space, keep a number each in the FPU,
 * send APCs to one another and suspend one another; nothing may get lost.  Threads
 * that never enter the kernel are suspended, looked at and ended from outside.  The
 * program ends while some of them still run.
 */
#include "tests/user/ktap.h"

#define ALL_ROUNDS  400 /* of all workers together: each round costs the others too */
#define MAX_WORKERS 16
#define KILLED      20

static ULONG Workers, Rounds;
static HANDLE Threads[MAX_WORKERS];
static RTL_CRITICAL_SECTION Lock;
static ULONG Counter; /* the lock */
static volatile LONG ApcsSent, ApcsRun, Wrong;
static volatile LONG Finished;
static volatile LONG Spins[MAX_WORKERS];

static void Expect(BOOLEAN Right, ULONG Line)
{
    if (!Right) {
        (void)InterlockedIncrement(&Wrong);
        KtapPrint("    # line %lu\n", Line);
    }
}

#define EXPECT(Condition) Expect((Condition) != 0, __LINE__)

static HANDLE Start(PUSER_THREAD_START_ROUTINE Routine, ULONG Number)
{
    HANDLE Thread = NULL;

    if (!NT_SUCCESS(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, Routine,
            (PVOID)(ULONG_PTR)Number, &Thread, NULL))) {
        EXPECT(FALSE);
    }
    return Thread;
}

static void Sleep10(void)
{
    LARGE_INTEGER Interval = {.QuadPart = -100000};

    (void)NtDelayExecution(FALSE, &Interval);
}

/* FALSE: it does not end within half a minute. */
static BOOLEAN Join(HANDLE Thread)
{
    LARGE_INTEGER Timeout = {.QuadPart = -300000000};
    NTSTATUS Status = NtWaitForSingleObject(Thread, FALSE, &Timeout);

    (void)NtClose(Thread);
    return Status == STATUS_WAIT_0;
}

/* ---- Workers ---- */

static void NTAPI CountApc(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    (void)InterlockedIncrement(&ApcsRun);
}

/* The number stays in the FPU's first register all the time. */
static void LoadNumber(LONG Number)
{
    __asm__ volatile("fninit; fildl %0" : : "m"(Number));
}

static LONG StoredNumber(void)
{
    LONG Number;

    __asm__ volatile("fistl %0" : "=m"(Number));
    return Number;
}

static void UseMemory(ULONG Number)
{
    SIZE_T Size = 3 * PAGE_SIZE;
    ULONG *Base = NULL;
    ULONG Old;

    EXPECT(NT_SUCCESS(NtAllocateVirtualMemory(
        NtCurrentProcess(), (PVOID *)&Base, 0, &Size, MEM_COMMIT, PAGE_READWRITE)));
    if (Base == NULL) {
        return;
    }
    Base[0] = Number;
    Base[2 * PAGE_SIZE / sizeof(ULONG)] = ~Number;
    EXPECT(NT_SUCCESS(NtProtectVirtualMemory(
        NtCurrentProcess(), (PVOID *)&Base, &Size, PAGE_READONLY, &Old)));
    EXPECT(Base[0] == Number && Base[2 * PAGE_SIZE / sizeof(ULONG)] == ~Number);
    Size = 0;
    EXPECT(NT_SUCCESS(
        NtFreeVirtualMemory(NtCurrentProcess(), (PVOID *)&Base, &Size, MEM_RELEASE)));
}

static void UseHeap(ULONG Number)
{
    ULONG Words = 4 + Number % 60;
    ULONG *Block = RtlAllocateHeap(NtCurrentPeb()->ProcessHeap, 0, Words * sizeof(ULONG));
    ULONG i;

    EXPECT(Block != NULL);
    for (i = 0; Block != NULL && i < Words; i++) {
        Block[i] = Number + i;
    }
    (void)NtYieldExecution();
    for (i = 0; Block != NULL && i < Words; i++) {
        EXPECT(Block[i] == Number + i);
    }
    EXPECT(RtlFreeHeap(NtCurrentPeb()->ProcessHeap, 0, Block));
}

/* Something that another worker has to bear; by then it may have ended. */
static void DisturbOther(ULONG Random)
{
    HANDLE Other = Threads[Random % Workers];

    if (Random & 0x100) {
        if (NT_SUCCESS(NtQueueApcThread(Other, CountApc, NULL, NULL, NULL))) {
            (void)InterlockedIncrement(&ApcsSent);
        }
    } else if (Other != Threads[0] && NT_SUCCESS(NtSuspendThread(Other, NULL))) {
        (void)NtYieldExecution();
        EXPECT(NT_SUCCESS(NtResumeThread(Other, NULL)));
    }
}

static NTSTATUS NTAPI Worker(PVOID Parameter)
{
    ULONG Number = (ULONG)(ULONG_PTR)Parameter;
    ULONG Random = Number * 7919;
    ULONG i;

    LoadNumber((LONG)Number + 1000);
    for (i = 0; i < Rounds; i++) {
        Random = Random * 1664525 + 1013904223;
        (void)RtlEnterCriticalSection(&Lock);
        Counter++;
        (void)RtlLeaveCriticalSection(&Lock);
        UseHeap(Random >> 8);
        UseMemory(Random);
        if (Number == 0) { /* one, so that no two suspend each other for ever */
            DisturbOther(Random >> 16);
        }
        (void)NtTestAlert();
        EXPECT(StoredNumber() == (LONG)Number + 1000);
    }
    (void)InterlockedIncrement(&Finished);
    while (Finished != (LONG)Workers) { /* the last APCs come in here */
        (void)NtTestAlert();
        Sleep10();
    }
    (void)NtTestAlert();
    RtlExitUserThread(STATUS_SUCCESS);
}

static void TestWorkers(void)
{
    ULONG i;
    BOOLEAN Ended = TRUE;

    (void)RtlInitializeCriticalSection(&Lock);
    for (i = 1; i < Workers; i++) {
        Threads[i] = Start(Worker, i);
    }
    Threads[0] = Start(Worker, 0);
    for (i = 0; i < Workers; i++) {
        Ended &= Join(Threads[i]);
    }
    (void)KtapCheck(Ended, "%lu workers end", Workers);
    (void)KtapEqual(Counter, Workers * Rounds, "the lock lets one in at a time");
    (void)KtapEqual((ULONG)ApcsRun, (ULONG)ApcsSent, "every APC that was taken runs");
    (void)KtapEqual((ULONG)Wrong, 0, "memory, heap and FPU are each thread's own");
}

/* ---- Threads that stay in user mode ---- */

static NTSTATUS NTAPI Spinner(PVOID Parameter)
{
    volatile LONG *Spin = &Spins[(ULONG_PTR)Parameter];

    while (*Spin >= 0) { /* for ever, as it counts */
        *Spin = (*Spin + 1) & 0x7FFFFFFF;
    }
    return STATUS_SUCCESS;
}

static BOOLEAN Spinning(ULONG Number)
{
    LONG Before = Spins[Number];
    ULONG i;

    for (i = 0; i < 100 && Spins[Number] == Before; i++) {
        Sleep10();
    }
    return Spins[Number] != Before;
}

/* NtGetContextThread waits for the thread's processor, so from then on it stands. */
static void TestSuspend(void)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_CONTROL};
    HANDLE Thread = Start(Spinner, 0);
    ULONG Moved = 0;
    ULONG i;

    for (i = 0; i < KILLED; i++) {
        LONG Spin;

        EXPECT(Spinning(0));
        EXPECT(NT_SUCCESS(NtSuspendThread(Thread, NULL)));
        EXPECT(NT_SUCCESS(NtGetContextThread(Thread, &Context)));
        Spin = Spins[0];
        Sleep10();
        Moved += Spins[0] != Spin;
        EXPECT(NT_SUCCESS(NtResumeThread(Thread, NULL)));
    }
    (void)KtapEqual(Moved, 0, "a suspended thread whose context was read stands");
    EXPECT(NT_SUCCESS(NtTerminateThread(Thread, STATUS_SUCCESS)));
    (void)KtapCheck(Join(Thread), "and is ended from outside");
}

static void TestTerminate(void)
{
    ULONG Ended = 0;
    ULONG i;

    for (i = 0; i < KILLED; i++) {
        HANDLE Thread = Start(Spinner, 1);

        EXPECT(Spinning(1));
        EXPECT(NT_SUCCESS(NtTerminateThread(Thread, STATUS_SUCCESS)));
        Ended += Join(Thread);
    }
    (void)KtapEqual(Ended, KILLED, "threads that never enter the kernel can be ended");
}

/* ---- Processors ---- */

static ULONG TestProcessors(void)
{
    SYSTEM_BASIC_INFORMATION Basic;
    KAFFINITY Affinity;
    NTSTATUS Status =
        NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof(Basic), NULL);
    ULONG Count = (UCHAR)Basic.NumberOfProcessors;

    (void)KtapStatus(Status, STATUS_SUCCESS, "SystemBasicInformation");
    (void)KtapEqual(Count, NtCurrentPeb()->NumberOfProcessors, "as many processors as in the PEB");
    Affinity = (1u << Count) - 1;
    (void)KtapStatus(NtSetInformationThread(NtCurrentThread(), ThreadAffinityMask, &Affinity,
                         sizeof(Affinity)), STATUS_SUCCESS, "affinity to all");
    Affinity <<= 1;
    (void)KtapStatus(NtSetInformationThread(NtCurrentThread(), ThreadAffinityMask, &Affinity,
                         sizeof(Affinity)), STATUS_INVALID_PARAMETER, "affinity to one too many");
    return Count;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG i;

    UNREFERENCED_PARAMETER(Peb);
    Workers = 2 * TestProcessors();
    Rounds = ALL_ROUNDS / Workers;
    TestWorkers();
    TestSuspend();
    TestTerminate();
    (void)KtapEqual((ULONG)Wrong, 0, "no call failed");
    for (i = 0; i < Workers; i++) {
        (void)NtClose(Start(Spinner, i)); /* they die with the process */
    }
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
