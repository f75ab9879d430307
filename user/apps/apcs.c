/* SPDX-License-Identifier: MIT */
/*
 * apcs.exe: when user APCs run.  The chapter docs/apcs.md explains its output:
 *
 *   make run ARGS='run=programs\apcs.exe'
 */
#include <windows.h>

static void Print(const char *Text)
{
    DWORD Written;

    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), Text, (DWORD)lstrlenA(Text), &Written, NULL);
}

static VOID NTAPI SayNumber(ULONG_PTR Number)
{
    char Text[] = "    APC ? runs\n";

    Text[8] = (char)('0' + Number);
    Print(Text);
}

static DWORD WINAPI OtherThread(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    Print("    the thread's own routine runs\n");
    return 0;
}

static BOOL QueueToMyself(void)
{
    if (!QueueUserAPC(SayNumber, GetCurrentThread(), 1) ||
        !QueueUserAPC(SayNumber, GetCurrentThread(), 2)) {
        return FALSE;
    }
    Print("APCs 1 and 2 are queued.\n");
    Sleep(20);
    Print("Sleep has returned: that wait was not alertable.\n");
    if (SleepEx(INFINITE, TRUE) != WAIT_IO_COMPLETION) {
        return FALSE;
    }
    Print("SleepEx has returned WAIT_IO_COMPLETION.\n");
    return TRUE;
}

/* A thread runs what is queued to it before its first own instruction. */
static BOOL QueueToNewThread(void)
{
    HANDLE Thread = CreateThread(NULL, 0, OtherThread, NULL, CREATE_SUSPENDED, NULL);

    if (Thread == NULL || !QueueUserAPC(SayNumber, Thread, 3)) {
        return FALSE;
    }
    Print("APC 3 is queued to a thread that has not started.\n");
    ResumeThread(Thread);
    return WaitForSingleObject(Thread, INFINITE) == WAIT_OBJECT_0;
}

int mainCRTStartup(void)
{
    return QueueToMyself() && QueueToNewThread() ? 0 : 1;
}
