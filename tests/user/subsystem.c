/* SPDX-License-Identifier: MIT */
/*
 * subsystem.exe: what csrss keeps of threads and processes, of those too that it was
 * not told of, or too late.  It hears of each death before whoever waits for it does,
 * so its counts are right at once.
 *
 * Without arguments it is the test; "subsystem N" is a child that has a certain way
 * to end.
 */
#include "tests/user/child.h"
#include "tests/user/csrcounts.h"

#define IMAGE        L"C:\\tests\\subsystem.exe"
#define ONE_PROCESS  0x10001u /* with one thread, as CsrCounts has it */
#define CHILD_STATUS 0x77

/* ---- Threads ------------------------------------------------------------------------ */

static DWORD WINAPI Return(LPVOID Parameter)
{
    return (DWORD)(ULONG_PTR)Parameter;
}

static NTSTATUS NTAPI End(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    return NtTerminateThread(NtCurrentThread(), STATUS_SUCCESS);
}

/* A thread that csrss is not told of; suspended. */
static HANDLE StartStranger(HANDLE Process, PCLIENT_ID ClientId)
{
    HANDLE Thread = NULL;

    (void)!NT_SUCCESS(
        RtlCreateUserThread(Process, NULL, TRUE, 0, 0, 0, End, NULL, &Thread, ClientId));
    return Thread;
}

static void KillThread(HANDLE Thread)
{
    (void)NtTerminateThread(Thread, STATUS_CANCELLED);
    (void)NtWaitForSingleObject(Thread, FALSE, NULL);
}

static NTSTATUS TellOfThread(HANDLE Thread, const CLIENT_ID *ClientId)
{
    CSR_API_MSG Message = {0};

    Message.u.CreateThread.ThreadHandle = Thread;
    Message.u.CreateThread.ClientId = *ClientId;
    return CsrClientCallServer(
        &Message, NULL, BasepCreateThread, sizeof(Message.u.CreateThread));
}

/* One that csrss learns of when it is dead already: it stays with its process. */
static NTSTATUS MakeGhost(void)
{
    CLIENT_ID ClientId;
    HANDLE Thread = StartStranger(NtCurrentProcess(), &ClientId);
    NTSTATUS Status;

    KillThread(Thread);
    Status = TellOfThread(Thread, &ClientId);
    (void)NtClose(Thread);
    return Status;
}

static void TestThreads(PCSTR When)
{
    ULONG Before = CsrCounts();
    HANDLE Thread = CreateThread(NULL, 0, Return, NULL, CREATE_SUSPENDED, NULL);

    (void)KtapEqual(CsrCounts(), Before + 1, When);
    (void)ResumeThread(Thread);
    (void)WaitForSingleObject(Thread, INFINITE);
    (void)KtapEqual(CsrCounts(), Before, "one that has returned is gone");
    (void)CloseHandle(Thread);
    Thread = CreateThread(NULL, 0, Return, NULL, CREATE_SUSPENDED, NULL);
    KillThread(Thread);
    (void)KtapEqual(CsrCounts(), Before, "one that is killed before it has run, too");
    (void)CloseHandle(Thread);
}

static void TestStranger(void)
{
    ULONG Before = CsrCounts();
    CLIENT_ID ClientId;
    HANDLE Thread = StartStranger(NtCurrentProcess(), &ClientId);

    (void)KtapEqual(CsrCounts(), Before, "a thread that csrss does not know");
    (void)NtResumeThread(Thread, NULL);
    (void)NtWaitForSingleObject(Thread, FALSE, NULL);
    (void)KtapEqual(CsrCounts(), Before, "nor that it has ended");
    (void)NtClose(Thread);
}

/* What csrss refuses, and nothing has changed. */
static void TestRefusals(void)
{
    ULONG Before = CsrCounts();
    CSR_API_MSG Message = {0};
    CLIENT_ID ClientId, Other = {(HANDLE)0x7FF0, (HANDLE)0x7FF4};
    HANDLE Thread = StartStranger(NtCurrentProcess(), &ClientId);

    (void)KtapStatus(TellOfThread(NULL, &ClientId), STATUS_INVALID_HANDLE, "no thread");
    (void)KtapStatus(TellOfThread(NtCurrentProcess(), &ClientId), STATUS_OBJECT_TYPE_MISMATCH,
        "a process instead");
    (void)KtapStatus(TellOfThread(Thread, &Other), STATUS_INVALID_CID, "a process unknown to it");
    Other.UniqueProcess = ClientId.UniqueProcess;
    (void)KtapStatus(TellOfThread(Thread, &Other), STATUS_INVALID_CID, "another thread's number");
    (void)KtapStatus(CsrClientCallServer(&Message, NULL, BasepCreateThread, 0),
        STATUS_INVALID_PARAMETER, "too short a message");
    (void)KtapStatus(CsrClientCallServer(&Message, NULL, BasepCreateThread + 0x70, 0),
        STATUS_NOT_IMPLEMENTED, "a request that there is not");
    (void)KtapEqual(CsrCounts(), Before, "nothing has changed");
    KillThread(Thread);
    (void)NtClose(Thread);
}

/* ---- Children ------------------------------------------------------------------------- */

enum {
    GhostAndTerminate,
    GhostAndExit,
    GhostAndWait,
    GhostAndLastThread,
    LeaveOther,
    LeaveStranger,
    LeaveStrangerBefore,
    Ways
};

static const PCSTR WayNames[] = {
    "a dead thread is told of; the process terminates itself",
    "a dead thread is told of; ExitProcess",
    "a dead thread is told of; the process is killed",
    "a dead thread is told of; the last living one returns",
    "the first thread leaves another one behind",
    "the first thread leaves one behind that csrss does not know",
    "one that csrss does not know ends first",
};

static DWORD WINAPI SleepAndReturn(LPVOID Parameter)
{
    Sleep(30);
    return (DWORD)(ULONG_PTR)Parameter;
}

static NTSTATUS NTAPI SleepAndEnd(PVOID Parameter)
{
    LARGE_INTEGER Interval = {.QuadPart = -300000};

    UNREFERENCED_PARAMETER(Parameter);
    (void)NtDelayExecution(FALSE, &Interval);
    return NtTerminateThread(NtCurrentThread(), CHILD_STATUS);
}

static UINT RunWay(ULONG Way)
{
    CLIENT_ID ClientId;
    HANDLE Thread;

    if (Way <= GhostAndLastThread && !NT_SUCCESS(MakeGhost())) {
        return 1;
    }
    switch (Way) {
    case GhostAndTerminate:
        (void)NtTerminateProcess(NtCurrentProcess(), CHILD_STATUS);
        break;
    case GhostAndWait:
        Sleep(INFINITE);
        break;
    case GhostAndLastThread:
    case LeaveOther:
        (void)CreateThread(NULL, 0, SleepAndReturn, (LPVOID)CHILD_STATUS, 0, NULL);
        (void)NtTerminateThread(NtCurrentThread(), 2);
        break;
    case LeaveStranger:
        (void)!NT_SUCCESS(RtlCreateUserThread(
            NtCurrentProcess(), NULL, FALSE, 0, 0, 0, SleepAndEnd, NULL, &Thread, &ClientId));
        (void)NtTerminateThread(NtCurrentThread(), 2);
        break;
    case LeaveStrangerBefore:
        KillThread(StartStranger(NtCurrentProcess(), &ClientId));
        (void)NtTerminateProcess(NtCurrentProcess(), CHILD_STATUS);
        break;
    default:
        break;
    }
    return CHILD_STATUS;
}

/* The one that would wait for ever is ended when it has told csrss of its dead thread. */
static void KillWaiting(HANDLE Process, ULONG Before)
{
    for (ULONG Try = 0; Try < 1000 && CsrCounts() != Before + ONE_PROCESS + 1; Try++) {
        Sleep(10);
    }
    (void)KtapEqual(CsrCounts(), Before + ONE_PROCESS + 1, "csrss counts the dead thread");
    (void)TerminateProcess(Process, CHILD_STATUS);
}

static void TestWay(ULONG Way)
{
    STARTUPINFOW Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    ULONG Before = CsrCounts();
    DWORD Code = 0;
    WCHAR Line[64];

    FormatWide(Line, ARRAYSIZE(Line), "%s %02lu", "subsystem.exe", Way);
    if (!KtapCheck(CreateProcessW(IMAGE, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup,
            &Child), "%s", WayNames[Way])) {
        return;
    }
    if (Way == GhostAndWait) {
        KillWaiting(Child.hProcess, Before);
    }
    (void)KtapEqual(WaitForSingleObject(Child.hProcess, 30000), WAIT_OBJECT_0, "it ends");
    (void)GetExitCodeProcess(Child.hProcess, &Code);
    (void)KtapEqual(Code, CHILD_STATUS, "in its way");
    (void)KtapEqual(CsrCounts(), Before, "csrss keeps nothing of it");
    (void)CloseHandle(Child.hThread);
    (void)CloseHandle(Child.hProcess);
}

/* Ended before it runs. */
static void TestNeverRun(void)
{
    STARTUPINFOW Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    ULONG Before = CsrCounts();

    (void)KtapCheck(CreateProcessW(IMAGE, NULL, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL,
        &Startup, &Child), "a child that is to wait");
    (void)KtapEqual(CsrCounts(), Before + ONE_PROCESS, "is known");
    (void)TerminateProcess(Child.hProcess, 0);
    (void)WaitForSingleObject(Child.hProcess, INFINITE);
    (void)KtapEqual(CsrCounts(), Before, "killed, it is not");
    (void)CloseHandle(Child.hThread);
    (void)CloseHandle(Child.hProcess);
}

static NTSTATUS TellOfProcess(PRTL_USER_PROCESS_INFORMATION Child)
{
    CSR_API_MSG Message = {0};

    Message.u.CreateProcess.ProcessHandle = Child->ProcessHandle;
    Message.u.CreateProcess.ThreadHandle = Child->ThreadHandle;
    Message.u.CreateProcess.ClientId = Child->ClientId;
    return CsrClientCallServer(
        &Message, NULL, BasepCreateProcess, sizeof(Message.u.CreateProcess));
}

/* csrss is told of a process whose first thread is dead: it will never say so. */
static void TestDeadBefore(void)
{
    RTL_USER_PROCESS_INFORMATION Child;
    CLIENT_ID ClientId;
    ULONG Before = CsrCounts();
    HANDLE Thread, Another;

    (void)KtapStatus(StartChild(L"\\??\\" IMAGE, L"subsystem.exe", &Child), STATUS_SUCCESS,
        "a process that csrss does not know");
    Thread = StartStranger(Child.ProcessHandle, &ClientId);
    KillThread(Child.ThreadHandle);
    (void)KtapStatus(TellOfProcess(&Child), STATUS_SUCCESS, "it is told when a thread is dead");
    (void)KtapEqual(CsrCounts(), Before + ONE_PROCESS, "and believes it");
    (void)KtapStatus(TellOfProcess(&Child), STATUS_PORT_ALREADY_SET, "twice it does not");
    Another = StartStranger(Child.ProcessHandle, &ClientId);
    KillThread(Another);
    (void)KtapEqual(CsrCounts(), Before + ONE_PROCESS, "another one's death does not settle it");
    (void)NtTerminateProcess(Child.ProcessHandle, CHILD_STATUS);
    (void)NtWaitForSingleObject(Child.ProcessHandle, FALSE, NULL);
    (void)KtapEqual(CsrCounts(), Before, "the last thread's death settles it");
    (void)KtapStatus(TellOfProcess(&Child), STATUS_PROCESS_IS_TERMINATING, "too late");
    (void)KtapEqual(CsrCounts(), Before, "changes nothing");
    (void)NtClose(Another);
    (void)NtClose(Thread);
    (void)NtClose(Child.ThreadHandle);
    (void)NtClose(Child.ProcessHandle);
}

UINT mainCRTStartup(void)
{
    ULONG Way;

    if (IsTestChild(&Way)) {
        return RunWay(Way);
    }
    (void)KtapCheck(CsrCounts() != 0, "csrss says what it has");
    TestThreads("a thread is counted");
    TestStranger();
    TestThreads("a thread after a stranger is counted");
    TestRefusals();
    TestNeverRun();
    for (Way = 0; Way < Ways; Way++) {
        TestWay(Way);
    }
    TestDeadBefore();
    return (UINT)KtapEnd();
}
