/* SPDX-License-Identifier: MIT */
/*
 * scheduling.exe: priorities, processors and boosts through kernel32, and the
 * statuses of the services behind it.
 */
#include "tests/user/ktap.h"

static THREAD_BASIC_INFORMATION Ask(HANDLE Thread)
{
    THREAD_BASIC_INFORMATION Information = {.Priority = -1};

    (void)NtQueryInformationThread(
        Thread, ThreadBasicInformation, &Information, sizeof(Information), NULL);
    return Information;
}

static LONG ProcessBase(void)
{
    PROCESS_BASIC_INFORMATION Information = {.BasePriority = -1};

    (void)NtQueryInformationProcess(NtCurrentProcess(), ProcessBasicInformation, &Information,
        sizeof(Information), NULL);
    return Information.BasePriority;
}

/* The thread that is looked at never gets there: its priority is what was set last. */
static DWORD WINAPI Return(LPVOID Parameter)
{
    return (DWORD)(ULONG_PTR)Parameter;
}

static const struct {
    DWORD Class;
    LONG Base;
    LONG Lowest, Highest; /* saturated */
} Classes[] = {
    {IDLE_PRIORITY_CLASS, 4, 1, 15},
    {BELOW_NORMAL_PRIORITY_CLASS, 6, 1, 15},
    {ABOVE_NORMAL_PRIORITY_CLASS, 10, 1, 15},
    {HIGH_PRIORITY_CLASS, 13, 1, 15},
    {REALTIME_PRIORITY_CLASS, 24, 16, 31},
    {NORMAL_PRIORITY_CLASS, 8, 1, 15},
};

static void TestPriority(HANDLE Thread, LONG Relative, LONG Expected)
{
    (void)KtapCheck(SetThreadPriority(Thread, Relative), "priority %ld", Relative);
    (void)KtapEqual((ULONG)Ask(Thread).Priority, (ULONG)Expected, "is what it comes to");
    (void)KtapEqual((ULONG)GetThreadPriority(Thread), (ULONG)Relative, "and read as set");
}

/* All classes, and in each what threads can be; a thread moves with its process. */
static void TestClasses(HANDLE Thread)
{
    HANDLE Process = GetCurrentProcess();
    HANDLE Critical = CreateThread(NULL, 0, Return, NULL, CREATE_SUSPENDED, NULL);

    (void)SetThreadPriority(Critical, THREAD_PRIORITY_TIME_CRITICAL);
    (void)KtapEqual(GetPriorityClass(Process), NORMAL_PRIORITY_CLASS, "normal at first");
    for (ULONG i = 0; i < ARRAYSIZE(Classes); i++) {
        LONG Base = Classes[i].Base;

        (void)SetThreadPriority(Thread, 1);
        (void)KtapCheck(SetPriorityClass(Process, Classes[i].Class), "class %lx", Classes[i].Class);
        (void)KtapEqual(GetPriorityClass(Process), Classes[i].Class, "is set");
        (void)KtapEqual((ULONG)ProcessBase(), (ULONG)Base, "has its base");
        (void)KtapEqual((ULONG)Ask(Thread).Priority, (ULONG)Base + 1, "threads follow");
        (void)KtapEqual(
            (ULONG)Ask(Critical).Priority, (ULONG)Classes[i].Highest, "saturated ones, too");
        for (LONG Relative = -2; Relative <= 2; Relative++) {
            TestPriority(Thread, Relative, Base + Relative);
        }
        TestPriority(Thread, THREAD_PRIORITY_IDLE, Classes[i].Lowest);
        TestPriority(Thread, THREAD_PRIORITY_TIME_CRITICAL, Classes[i].Highest);
        (void)KtapEqual(SetThreadPriority(Thread, 5),
            Classes[i].Class == REALTIME_PRIORITY_CLASS, "5 in the real-time class alone");
        (void)KtapCheck(!SetThreadPriority(Thread, 7), "7 nowhere");
    }
    (void)SetThreadPriority(Thread, 0);
    (void)KtapCheck(!SetPriorityClass(Process, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
        "no class");
    (void)KtapCheck(!SetPriorityClass(Process, IDLE_PRIORITY_CLASS | HIGH_PRIORITY_CLASS),
        "two classes");
    (void)TerminateThread(Critical, 0);
    (void)CloseHandle(Critical);
}

static NTSTATUS SetProcess(PROCESSINFOCLASS Class, ULONG Value)
{
    return NtSetInformationProcess(NtCurrentProcess(), Class, &Value, sizeof(Value));
}

static NTSTATUS SetThread(HANDLE Thread, THREADINFOCLASS Class, ULONG Value)
{
    return NtSetInformationThread(Thread, Class, &Value, sizeof(Value));
}

static void TestNumbers(HANDLE Thread)
{
    static const ULONG Bad[] = {0, 32, 0x80000000};

    for (ULONG i = 0; i < ARRAYSIZE(Bad); i++) {
        (void)KtapStatus(SetThread(Thread, ThreadPriority, Bad[i]), STATUS_INVALID_PARAMETER,
            "a thread's priority out of range");
        (void)KtapStatus(SetProcess(ProcessBasePriority, Bad[i]), STATUS_INVALID_PARAMETER,
            "a process's priority out of range");
    }
    (void)KtapStatus(SetThread(Thread, ThreadPriority, 31), STATUS_SUCCESS, "priority 31");
    (void)KtapEqual((ULONG)Ask(Thread).Priority, 31, "is set");
    (void)KtapEqual((ULONG)Ask(Thread).BasePriority, 0, "beside the base");
    (void)KtapStatus(SetProcess(ProcessBasePriority, 11), STATUS_SUCCESS, "process at 11");
    (void)KtapEqual((ULONG)Ask(Thread).Priority, 11, "its threads, too");
    (void)KtapEqual(GetPriorityClass(GetCurrentProcess()), NORMAL_PRIORITY_CLASS, "not the class");
    (void)KtapStatus(SetProcess(ProcessBasePriority, 8), STATUS_SUCCESS, "and back");
}

static void TestAffinity(HANDLE Thread)
{
    HANDLE Process = GetCurrentProcess();
    DWORD_PTR Mask = 0, System = 0;

    (void)KtapCheck(GetProcessAffinityMask(Process, &Mask, &System), "affinity of the process");
    (void)KtapCheck(Mask == System && (Mask & 1) != 0, "all processors");
    (void)KtapCheck(!SetProcessAffinityMask(Process, 0), "none");
    (void)KtapCheck(!SetProcessAffinityMask(Process, System + 1), "one that is not there");
    (void)KtapEqual(SetThreadAffinityMask(Thread, 1), Mask, "a thread on the first; before, all");
    (void)KtapEqual(SetThreadAffinityMask(Thread, Mask), 1, "on all; before, the first");
    (void)KtapEqual(SetThreadAffinityMask(Thread, 0), 0, "on none");
    (void)KtapCheck(SetProcessAffinityMask(Process, 1), "the process on the first");
    (void)KtapEqual(Ask(Thread).AffinityMask, 1, "its threads, too");
    (void)KtapEqual(SetThreadAffinityMask(Thread, 2), 0, "a thread has to stay inside");
    (void)KtapCheck(SetProcessAffinityMask(Process, Mask), "the process on all again");
    (void)KtapEqual(Ask(Thread).AffinityMask, Mask, "its threads, too");
}

static void TestIdealProcessor(HANDLE Thread)
{
    DWORD Old = SetThreadIdealProcessor(Thread, 0);

    (void)KtapCheck(Old < 8, "there is an ideal processor");
    (void)KtapEqual(SetThreadIdealProcessor(Thread, MAXIMUM_PROCESSORS), 0, "asked for only");
    (void)KtapEqual(SetThreadIdealProcessor(Thread, NtCurrentPeb()->NumberOfProcessors), 0,
        "one that is not there");
    (void)KtapEqual(SetThreadIdealProcessor(Thread, Old), 0, "and not changed");
    (void)KtapEqual(SetThreadIdealProcessor(Thread, MAXIMUM_PROCESSORS + 1), (DWORD)-1,
        "too large a number");
    (void)KtapEqual(SetThreadIdealProcessor(Thread, MAXIMUM_PROCESSORS), Old, "changes nothing");
}

/* ---- What the TEB says -------------------------------------------------------------- */

#define NO_PROCESSOR 0x5A

static DWORD WINAPI ReadIdealProcessor(LPVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    return NtCurrentTeb()->IdealProcessor;
}

/* Of a thread of another process, or of this one. */
static BYTE PeekIdealProcessor(HANDLE Process, HANDLE Thread)
{
    PTEB Teb = Ask(Thread).TebBaseAddress;
    BYTE Value = NO_PROCESSOR;

    (void)ReadProcessMemory(Process, &Teb->IdealProcessor, &Value, sizeof(Value), NULL);
    return Value;
}

static void PokeIdealProcessor(HANDLE Process, HANDLE Thread)
{
    PTEB Teb = Ask(Thread).TebBaseAddress;
    BYTE Value = NO_PROCESSOR;

    (void)WriteProcessMemory(Process, &Teb->IdealProcessor, &Value, sizeof(Value), NULL);
}

static void TestSetInTeb(HANDLE Process, HANDLE Thread, PCSTR Whose)
{
    DWORD Last = NtCurrentPeb()->NumberOfProcessors - 1;

    PokeIdealProcessor(Process, Thread);
    (void)KtapEqual(PeekIdealProcessor(Process, Thread), NO_PROCESSOR, Whose);
    (void)SetThreadIdealProcessor(Thread, 0);
    (void)KtapEqual(PeekIdealProcessor(Process, Thread), 0, "the first processor");
    (void)SetThreadIdealProcessor(Thread, Last);
    (void)KtapEqual(PeekIdealProcessor(Process, Thread), Last, "the last one");
}

static void TestIdealProcessorInTeb(void)
{
    STARTUPINFOW Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    HANDLE Thread = CreateThread(NULL, 0, ReadIdealProcessor, NULL, CREATE_SUSPENDED, NULL);
    DWORD Ideal = SetThreadIdealProcessor(Thread, MAXIMUM_PROCESSORS);
    DWORD Code = NO_PROCESSOR;

    PokeIdealProcessor(GetCurrentProcess(), Thread);
    (void)ResumeThread(Thread);
    (void)WaitForSingleObject(Thread, INFINITE);
    (void)GetExitCodeThread(Thread, &Code);
    (void)KtapEqual(Code, Ideal, "a thread that starts finds it in its TEB");
    (void)KtapEqual(SetThreadIdealProcessor(Thread, 0), Ideal, "one that has ended has no TEB");
    (void)CloseHandle(Thread);
    TestSetInTeb(GetCurrentProcess(), GetCurrentThread(), "in the own TEB");
    if (KtapCheck(CreateProcessW(L"C:\\programs\\hello.exe", NULL, NULL, NULL, FALSE,
            CREATE_SUSPENDED, NULL, NULL, &Startup, &Child), "a child")) {
        TestSetInTeb(Child.hProcess, Child.hThread, "in a child's TEB");
        (void)TerminateProcess(Child.hProcess, 0);
        (void)WaitForSingleObject(Child.hProcess, INFINITE);
        (void)CloseHandle(Child.hThread);
        (void)CloseHandle(Child.hProcess);
    }
}

static void TestBoosts(HANDLE Thread)
{
    HANDLE Process = GetCurrentProcess();
    BOOL Disabled = TRUE;
    HANDLE Later;

    (void)KtapCheck(
        GetThreadPriorityBoost(Thread, &Disabled) && !Disabled, "a thread is boosted");
    (void)KtapCheck(SetThreadPriorityBoost(Thread, TRUE), "not any more");
    (void)KtapCheck(GetThreadPriorityBoost(Thread, &Disabled) && Disabled, "it says so");
    (void)KtapCheck(
        GetProcessPriorityBoost(Process, &Disabled) && !Disabled, "the process is another matter");
    (void)KtapCheck(SetProcessPriorityBoost(Process, TRUE), "no boosts in the process");
    Later = CreateThread(NULL, 0, Return, NULL, CREATE_SUSPENDED, NULL);
    (void)KtapCheck(
        GetThreadPriorityBoost(Later, &Disabled) && Disabled, "a later thread has none either");
    (void)KtapCheck(SetProcessPriorityBoost(Process, FALSE), "boosts again");
    (void)KtapCheck(GetThreadPriorityBoost(Thread, &Disabled) && !Disabled, "of all threads");
    (void)TerminateThread(Later, 0);
    (void)CloseHandle(Later);
}

/* The handle must allow it, the length must be right. */
static void TestRights(HANDLE Thread)
{
    ULONG Value = 1;
    HANDLE Weak = NULL;

    (void)NtDuplicateObject(NtCurrentProcess(), Thread, NtCurrentProcess(), &Weak,
        THREAD_QUERY_INFORMATION, 0, 0);
    (void)KtapStatus(SetThread(Weak, ThreadPriority, 8), STATUS_ACCESS_DENIED, "a weak handle");
    (void)KtapCheck(!SetThreadPriority(Weak, 0) && GetLastError() == ERROR_ACCESS_DENIED,
        "as Win32 sees it");
    (void)KtapEqual((ULONG)GetThreadPriority(Weak), 0, "asking is allowed");
    (void)NtClose(Weak);
    (void)KtapEqual((ULONG)GetThreadPriority((HANDLE)(LONG_PTR)0x7FF0),
        THREAD_PRIORITY_ERROR_RETURN, "no handle");
    (void)KtapStatus(NtSetInformationThread(Thread, ThreadPriorityBoost, &Value, 1),
        STATUS_INFO_LENGTH_MISMATCH, "a wrong length");
    (void)KtapStatus(NtSetInformationProcess(NtCurrentProcess(), ProcessAffinityMask, &Value, 8),
        STATUS_INFO_LENGTH_MISMATCH, "a wrong length");
}

static DWORD WINAPI TakeTurns(LPVOID Parameter)
{
    volatile LONG *Turn = Parameter;

    while (*Turn < 20) {
        if (*Turn % 2 != 0) {
            ++*Turn;
        }
        (void)SwitchToThread();
    }
    return 0;
}

static void TestYield(void)
{
    volatile LONG Turn = 0;
    HANDLE Other = CreateThread(NULL, 0, TakeTurns, (LPVOID)&Turn, 0, NULL);

    while (Turn < 20) {
        if (Turn % 2 == 0) {
            ++Turn;
        }
        (void)SwitchToThread();
    }
    (void)KtapEqual(WaitForSingleObject(Other, 10000), WAIT_OBJECT_0, "two threads take turns");
    (void)CloseHandle(Other);
}

UINT mainCRTStartup(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Return, NULL, CREATE_SUSPENDED, NULL);

    TestClasses(Thread);
    TestNumbers(Thread);
    TestAffinity(Thread);
    TestIdealProcessor(Thread);
    TestIdealProcessorInTeb();
    TestBoosts(Thread);
    TestRights(Thread);
    (void)KtapEqual(ResumeThread(Thread), 1, "it ends");
    (void)KtapEqual(WaitForSingleObject(Thread, 10000), WAIT_OBJECT_0, "after all that");
    (void)CloseHandle(Thread);
    TestYield();
    return (UINT)KtapEnd();
}
