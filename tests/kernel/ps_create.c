/* SPDX-License-Identifier: MIT */
/*
 * NtCreateProcessEx and NtCreateThread from the kernel: each parameter that can be
 * wrong, its NTSTATUS, and that nothing is left behind (the suite compares all
 * counters).  Bad user pointers are tests/user/badptr.c's.
 */
#include "nt/native.h"
#include "tests/kernel/ktprogram.h"

static HANDLE KtOpenSection(void)
{
    PMM_BACKING_FILE Backing;
    PSECTION Section;
    HANDLE Handle = NULL;
    PVOID File;

    if (!ok_status(IoOpenBackingFile(KT_NULL_PROGRAM, &File, &Backing), STATUS_SUCCESS)) {
        return NULL;
    }
    if (ok_status(MmCreateImageSection(Backing, File, &Section), STATUS_SUCCESS)) {
        ok_status(ObInsertObject(Section, SECTION_ALL_ACCESS, &Handle), STATUS_SUCCESS);
    }
    ObDereferenceObject(File);
    return Handle;
}

static NTSTATUS KtCreate(HANDLE Parent, ULONG Flags, HANDLE Section, PHANDLE Process)
{
    return NtCreateProcessEx((HANDLE __user *)Process, PROCESS_ALL_ACCESS, NULL, Parent, Flags,
        Section, NULL, NULL, 0);
}

static HANDLE KtMakeEvent(void)
{
    HANDLE Event = NULL;

    ok_status(NtCreateEvent((HANDLE __user *)&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent,
                  FALSE), STATUS_SUCCESS);
    return Event;
}

START_TEST(ps_create_parameters, "NtCreateProcessEx: each bad parameter has its status")
{
    HANDLE Section = KtOpenSection();
    HANDLE Event = KtMakeEvent();
    HANDLE Self = NtCurrentProcess();
    HANDLE Process;

    ok_status(KtCreate(NULL, 0, Section, &Process), STATUS_INVALID_PARAMETER);
    ok_status(KtCreate((HANDLE)0x7FFC, 0, Section, &Process), STATUS_INVALID_HANDLE);
    ok_status(KtCreate(Event, 0, Section, &Process), STATUS_OBJECT_TYPE_MISMATCH);
    for (ULONG Bit = 5; Bit < 32; Bit++) {
        ok_status(KtCreate(Self, 1u << Bit, Section, &Process), STATUS_INVALID_PARAMETER);
    }
    ok_status(KtCreate(Self, PROCESS_CREATE_FLAGS_LARGE_PAGES, Section, &Process),
        STATUS_NOT_IMPLEMENTED);
    ok_status(KtCreate(Self, 0, (HANDLE)0x7FFC, &Process), STATUS_INVALID_HANDLE);
    ok_status(KtCreate(Self, 0, Event, &Process), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtCreateProcessEx((HANDLE __user *)&Process, PROCESS_ALL_ACCESS, NULL, Self, 0,
                  Section, Event, NULL, 0), STATUS_NOT_IMPLEMENTED);
    ok_status(NtCreateProcessEx((HANDLE __user *)&Process, PROCESS_ALL_ACCESS, NULL, Self, 0,
                  Section, NULL, Event, 0), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtCreateProcessEx((HANDLE __user *)&Process, PROCESS_ALL_ACCESS, NULL, Self, 0,
                  Section, NULL, NULL, 1), STATUS_INVALID_PARAMETER);
    (void)ObCloseHandle(Event, KernelMode);
    (void)ObCloseHandle(Section, KernelMode);
}

START_TEST(ps_create_attributes, "NtCreateProcessEx: attributes the type refuses")
{
    static const ULONG Refused[] = {OBJ_PERMANENT, OBJ_EXCLUSIVE, OBJ_OPENIF};
    HANDLE Section = KtOpenSection();
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Process;

    for (ULONG i = 0; i < ARRAYSIZE(Refused); i++) {
        InitializeObjectAttributes(&Attributes, NULL, Refused[i], NULL, NULL);
        ok_status(NtCreateProcessEx((HANDLE __user *)&Process, PROCESS_ALL_ACCESS,
                      (OBJECT_ATTRIBUTES __user *)&Attributes, NtCurrentProcess(), 0, Section,
                      NULL, NULL, 0), STATUS_INVALID_PARAMETER);
    }
    (void)ObCloseHandle(Section, KernelMode);
}

START_TEST(ps_create_no_thread, "a process without a thread goes with its handle")
{
    HANDLE Section = KtOpenSection();
    PROCESS_BASIC_INFORMATION Basic;
    HANDLE Process;

    if (ok_status(KtCreate(NtCurrentProcess(), 0, Section, &Process), STATUS_SUCCESS)) {
        ok_status(NtQueryInformationProcess(Process, ProcessBasicInformation,
                      (VOID __user *)&Basic, sizeof(Basic), NULL), STATUS_SUCCESS);
        ok_status(Basic.ExitStatus, STATUS_PENDING);
        ok(Basic.UniqueProcessId % 4 == 0, "a process id is a multiple of 4");
        ok(Basic.PebBaseAddress != NULL, "it has a PEB");
        (void)ObCloseHandle(Process, KernelMode);
    }
    (void)ObCloseHandle(Section, KernelMode);
}

START_TEST(ps_create_terminated, "a terminated process takes no thread and no second end")
{
    HANDLE Section = KtOpenSection();
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL, .Eip = 0x401000};
    INITIAL_TEB Teb = {0};
    HANDLE Process, Thread;

    if (ok_status(KtCreate(NtCurrentProcess(), 0, Section, &Process), STATUS_SUCCESS)) {
        ok_status(NtTerminateProcess(Process, STATUS_SUCCESS), STATUS_SUCCESS);
        ok_status(NtTerminateProcess(Process, STATUS_SUCCESS), STATUS_PROCESS_IS_TERMINATING);
        ok_status(NtCreateThread((HANDLE __user *)&Thread, THREAD_ALL_ACCESS, NULL, Process, NULL,
                      (CONTEXT __user *)&Context, (INITIAL_TEB __user *)&Teb, TRUE),
            STATUS_PROCESS_IS_TERMINATING);
        (void)ObCloseHandle(Process, KernelMode);
    }
    (void)ObCloseHandle(Section, KernelMode);
}

START_TEST(ps_thread_parameters, "NtCreateThread: each bad parameter has its status")
{
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
    INITIAL_TEB Teb = {0};
    HANDLE Event = KtMakeEvent();
    HANDLE Thread;
    HANDLE __user *Out = (HANDLE __user *)&Thread;
    CONTEXT __user *UserContext = (CONTEXT __user *)&Context;
    INITIAL_TEB __user *UserTeb = (INITIAL_TEB __user *)&Teb;

    ok_status(NtCreateThread(Out, THREAD_ALL_ACCESS, NULL, NULL, NULL, UserContext, UserTeb, TRUE),
        STATUS_INVALID_HANDLE);
    ok_status(NtCreateThread(Out, THREAD_ALL_ACCESS, NULL, Event, NULL, UserContext, UserTeb, TRUE),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtCreateThread(Out, THREAD_ALL_ACCESS, NULL, NtCurrentProcess(), NULL, NULL, UserTeb,
                  TRUE), STATUS_INVALID_PARAMETER);
    /* The System process has no user mode. */
    ok_status(NtCreateThread(Out, THREAD_ALL_ACCESS, NULL, NtCurrentProcess(), NULL, UserContext,
                  UserTeb, TRUE), STATUS_INVALID_HANDLE);
    (void)ObCloseHandle(Event, KernelMode);
}

/* What the notify routines saw. */
static HANDLE KtNotifiedParent;
static ULONG KtNotifiedCreate, KtNotifiedExit, KtNotifiedThreads;

static void KtProcessNotify(HANDLE ParentId, HANDLE ProcessId, BOOLEAN Create)
{
    UNREFERENCED_PARAMETER(ProcessId);
    KtNotifiedParent = ParentId;
    KtNotifiedCreate += Create;
    KtNotifiedExit += !Create;
}

static void KtThreadNotify(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create)
{
    UNREFERENCED_PARAMETER(ProcessId);
    UNREFERENCED_PARAMETER(ThreadId);
    KtNotifiedThreads += Create ? 1 : 0x100;
}

START_TEST(ps_notify, "notify routines hear of each birth and death once")
{
    NTSTATUS ExitStatus = STATUS_PENDING;

    KtNotifiedCreate = KtNotifiedExit = KtNotifiedThreads = 0;
    ok_status(PsSetCreateProcessNotifyRoutine(KtProcessNotify, FALSE), STATUS_SUCCESS);
    ok_status(PsSetCreateThreadNotifyRoutine(KtThreadNotify), STATUS_SUCCESS);
    ok_status(KtRunProgram(KT_NULL_PROGRAM, L"null", &ExitStatus), STATUS_SUCCESS);
    ok_status(PsRemoveCreateThreadNotifyRoutine(KtThreadNotify), STATUS_SUCCESS);
    ok_status(PsSetCreateProcessNotifyRoutine(KtProcessNotify, TRUE), STATUS_SUCCESS);
    ok_eq(KtNotifiedCreate, 1);
    ok_eq(KtNotifiedExit, 1);
    ok_eq(KtNotifiedThreads, 0x101);
    ok(KtNotifiedParent == PsInitialSystemProcess->UniqueProcessId, "the parent is System");
    ok_status(PsSetCreateProcessNotifyRoutine(KtProcessNotify, TRUE), STATUS_INVALID_PARAMETER);
}
