/* SPDX-License-Identifier: MIT */
/*
 * createfault.exe: every acquisition of one CreateProcessW fails in turn: the
 * creator's, csrss's on its behalf, and those of the child's loader.
 *
 * Each time either CreateProcessW reports an error or the child ends with one;
 * then there are as many processes, threads and handles as before, in the kernel
 * and in csrss, and the next creation works.
 */
#include "tests/user/csrcounts.h"

#define MOST_ACQUISITIONS 2000 /* far more than a creation takes */
#define CHILD_WAIT        20000 /* ms */
#define NO_PROCESS        0xFFFFFFFE

typedef struct _COUNTS {
    ULONG Processes;
    ULONG Ids;
    ULONG Handles;
    ULONG Csrss; /* its processes in the high half, its threads in the low half */
} COUNTS;

static COUNTS Count(void)
{
    COUNTS Counts = {.Csrss = CsrCounts()};
    const NASCENT_COUNTERS *Counters = KtapCounters();

    Counts.Processes = Counters->ProcessCount;
    Counts.Ids = Counters->CidCount;
    Counts.Handles = Counters->HandleCount;
    return Counts;
}

/* What is counted when nothing has changed for a while. */
static COUNTS CountAtRest(void)
{
    COUNTS Counts = Count();

    for (ULONG Same = 0; Same < 10; Same++) {
        COUNTS Now;

        Sleep(10);
        Now = Count();
        if (memcmp(&Now, &Counts, sizeof(Now)) != 0) {
            Counts = Now;
            Same = 0;
        }
    }
    return Counts;
}

/* csrss hears of deaths a little later; that long it may take. */
static BOOLEAN IsAsBefore(const COUNTS *Before)
{
    COUNTS Now = {0};

    for (ULONG Try = 0; Try < 100; Try++) {
        Now = Count();
        if (memcmp(&Now, Before, sizeof(Now)) == 0) {
            return TRUE;
        }
        Sleep(10);
    }
    KtapPrint("    # processes %lu, were %lu; ids %lu, %lu; handles %lu, %lu; csrss %lx, %lx\n",
        Now.Processes, Before->Processes, Now.Ids, Before->Ids, Now.Handles, Before->Handles,
        Now.Csrss, Before->Csrss);
    return FALSE;
}

/* The child's exit code; or NO_PROCESS, and why is in GetLastError. */
static DWORD RunChild(void)
{
    WCHAR CommandLine[] = L"C:\\programs\\benchk32.exe";
    STARTUPINFOW Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Process;
    DWORD ExitCode = STILL_ACTIVE;

    if (!CreateProcessW(
            NULL, CommandLine, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Process)) {
        return NO_PROCESS;
    }
    (void)WaitForSingleObject(Process.hProcess, CHILD_WAIT);
    (void)GetExitCodeProcess(Process.hProcess, &ExitCode);
    (void)TerminateProcess(Process.hProcess, 1);
    (void)CloseHandle(Process.hThread);
    (void)CloseHandle(Process.hProcess);
    return ExitCode;
}

/* One round; FALSE: the fault was not reached, or something is wrong. */
static BOOLEAN RunWithFault(ULONG Acquisition, const COUNTS *Before)
{
    DWORD ExitCode, Error;
    ULONG Seen = 0;

    (void)NtSetInformationThread(NtCurrentThread(),
        (THREADINFOCLASS)ThreadNascentFailAcquisition, &Acquisition, sizeof(Acquisition));
    SetLastError(0);
    ExitCode = RunChild();
    Error = GetLastError();
    (void)NtQueryInformationThread(NtCurrentThread(),
        (THREADINFOCLASS)ThreadNascentFailAcquisition, &Seen, sizeof(Seen), NULL);
    if (Seen < Acquisition) {
        (void)KtapEqual(ExitCode, 0, "without a fault the child ends well");
        return FALSE;
    }
    if (ExitCode == STILL_ACTIVE || (ExitCode == NO_PROCESS && Error == 0)) {
        return KtapCheck(FALSE, "fault %lu: exit code %lx, error %lu", Acquisition, ExitCode, Error);
    }
    if (!IsAsBefore(Before)) {
        return KtapCheck(FALSE, "fault %lu: something is left (exit code %lx, error %lu)",
            Acquisition, ExitCode, Error);
    }
    ExitCode = RunChild();
    return ExitCode == 0 ||
           KtapCheck(FALSE, "fault %lu: the next child's exit code is %lx", Acquisition, ExitCode);
}

UINT mainCRTStartup(void)
{
    ULONG Acquisition = 1;
    COUNTS Before;

    (void)KtapEqual(RunChild(), 0, "a first child"); /* what is made once is made now */
    Before = CountAtRest();
    while (Acquisition < MOST_ACQUISITIONS && RunWithFault(Acquisition, &Before)) {
        Acquisition++;
    }
    KtapPrint("    # %lu acquisitions failed in turn\n", Acquisition - 1);
    (void)KtapCheck(Acquisition > 50, "a creation takes more than 50 acquisitions");
    return (UINT)KtapEnd();
}
