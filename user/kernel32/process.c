/* SPDX-License-Identifier: MIT */
/*
 * CreateProcess: the creator's side of a process's birth.
 *
 * The stages below carry the numbers of docs/process-creation.md: phase 1 opens
 * the image and makes a section, phases 2 and 3 ask the kernel for a process and
 * a thread, phase 4 tells csrss, and with NtResumeThread the child goes its own
 * way.  The thread is always made suspended: csrss must know it before it runs.
 *
 * What fails undoes what was done.  Next: cmdline.c, procimage.c, procparam.c,
 * procthread.c, proccsr.c, and for the kernel's side ps/create.c.
 */
#include "user/kernel32/base.h"

/* Debug objects and consoles of one's own are not built. */
#define BASE_FLAGS_NOT_BUILT (DEBUG_PROCESS | DEBUG_ONLY_THIS_PROCESS | CREATE_NEW_CONSOLE)

/* Phase 1, item 1: parameters. */
static NTSTATUS BasepCheckRequest(PBASE_CREATE Create)
{
    ULONG Detached = DETACHED_PROCESS | CREATE_NEW_CONSOLE;

    if ((Create->Flags & Detached) == Detached || Create->StartupInfo == NULL ||
        (Create->ApplicationName == NULL && Create->CommandLine == NULL)) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Create->Flags & BASE_FLAGS_NOT_BUILT) != 0) {
        return BASE_WIN32_STATUS(ERROR_CALL_NOT_IMPLEMENTED);
    }
    Create->PriorityClass = BasepPriorityClass(Create->Flags);
    if (Create->Environment != NULL && (Create->Flags & CREATE_UNICODE_ENVIRONMENT) == 0) {
        NTSTATUS Status =
            BasepAnsiEnvironment((PCSTR)Create->Environment, &Create->OwnEnvironment);

        Create->Environment = Create->OwnEnvironment;
        return Status;
    }
    return STATUS_SUCCESS;
}

static VOID BasepNameForTrace(PBASE_CREATE Create)
{
    UNICODE_STRING Path;

    RtlInitUnicodeString(&Path, Create->Image);
    NascentTraceImageName(&Path, Create->ImageName, sizeof(Create->ImageName));
    NascentTraceEvent(TraceCreateBegin, Create->ImageName, NULL, 0);
}

/* Phase 2: the process object, and what its creator adds to it. */
static NTSTATUS BasepCreateProcessObject(PBASE_CREATE Create)
{
    BASE_OBJECT_NAME Buffer;
    POBJECT_ATTRIBUTES Attributes =
        BaseFormatObjectAttributes(&Buffer, Create->ProcessSecurity, NULL);
    ULONG Flags = 0;
    NTSTATUS Status;

    if (Create->InheritHandles) {
        Flags |= PROCESS_CREATE_FLAGS_INHERIT_HANDLES;
    }
    if ((Create->Flags & CREATE_BREAKAWAY_FROM_JOB) != 0) {
        Flags |= PROCESS_CREATE_FLAGS_BREAKAWAY;
    }
    Status = NtCreateProcessEx(&Create->Process, PROCESS_ALL_ACCESS, Attributes,
        NtCurrentProcess(), Flags, Create->Section, NULL, NULL, 0);
    if (NT_SUCCESS(Status)) {
        /* The kernel leaves the new PEB's address here for exactly this. */
        Create->Peb = NtCurrentTeb()->NtTib.ArbitraryUserPointer;
    }
    return Status;
}

static NTSTATUS BasepSetAttributes(PBASE_CREATE Create)
{
    ULONG HardErrors = 1;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Create->PriorityClass != 0) { /* else it stays as the kernel made it */
        Status = BasepSetPriorityClass(Create->Process, Create->PriorityClass);
    }
    if (NT_SUCCESS(Status) && (Create->Flags & CREATE_DEFAULT_ERROR_MODE) != 0) {
        Status = NtSetInformationProcess(
            Create->Process, ProcessDefaultHardErrorMode, &HardErrors, sizeof(HardErrors));
    }
    return Status;
}

static NTSTATUS BasepCreate(PBASE_CREATE Create)
{
    NTSTATUS Status = BasepCheckRequest(Create);

    if (NT_SUCCESS(Status)) { /* phase 1, item 2 */
        Status = BasepFindImage(Create->ApplicationName, Create->CommandLine, Create->Image,
            ARRAYSIZE(Create->Image));
    }
    if (NT_SUCCESS(Status)) { /* phase 1, items 3 to 6 */
        BasepNameForTrace(Create);
        Status = BasepOpenImage(Create);
    }
    if (NT_SUCCESS(Status)) {
        Status = BasepCreateProcessObject(Create);
    }
    if (NT_SUCCESS(Status)) {
        Status = BasepSetAttributes(Create);
    }
    if (NT_SUCCESS(Status)) {
        Status = BasePushProcessParameters(Create);
    }
    if (NT_SUCCESS(Status)) {
        Status = BasepCreateFirstThread(Create);
    }
    if (NT_SUCCESS(Status)) {
        Status = BasepTellCsr(Create);
    }
    if (NT_SUCCESS(Status) && (Create->Flags & CREATE_SUSPENDED) == 0) {
        Status = NtResumeThread(Create->Thread, NULL);
    }
    return Status;
}

/* The child dies with the creator's reason as its exit status. */
static VOID BasepUndoCreate(PBASE_CREATE Create, NTSTATUS Status)
{
    if (Create->Process != NULL) {
        (void)NtTerminateProcess(Create->Process, Status);
        (void)NtClose(Create->Process);
    }
    if (Create->Thread != NULL) {
        (void)NtClose(Create->Thread);
    }
}

/* Only the two handles outlive the call. */
static VOID BasepReleaseCreate(PBASE_CREATE Create)
{
    if (Create->Section != NULL) {
        (void)NtClose(Create->Section);
    }
    if (Create->File != NULL) {
        (void)NtClose(Create->File);
    }
    BaseFree(Create->OwnEnvironment);
}

static BOOL BasepRunCreate(PBASE_CREATE Create, LPPROCESS_INFORMATION Information)
{
    NTSTATUS Status = BasepCreate(Create);

    BasepReleaseCreate(Create);
    if (!NT_SUCCESS(Status)) {
        BasepUndoCreate(Create, Status);
        return BaseSetLastNTError(Status);
    }
    Information->hProcess = Create->Process;
    Information->hThread = Create->Thread;
    Information->dwProcessId = (DWORD)(ULONG_PTR)Create->ClientId.UniqueProcess;
    Information->dwThreadId = (DWORD)(ULONG_PTR)Create->ClientId.UniqueThread;
    return TRUE;
}

/*
 * CreateProcessInternalW - what CreateProcessW, CreateProcessA and NT's other
 * ways all come to.  A token would be the new process's; tokens of users are
 * not built, so both token parameters must be NULL.
 */
BOOL WINAPI CreateProcessInternalW(HANDLE Token, LPCWSTR ApplicationName, LPWSTR CommandLine,
    LPSECURITY_ATTRIBUTES ProcessSecurity, LPSECURITY_ATTRIBUTES ThreadSecurity,
    BOOL InheritHandles, DWORD Flags, LPVOID Environment, LPCWSTR CurrentDirectory,
    LPSTARTUPINFOW StartupInfo, LPPROCESS_INFORMATION Information, PHANDLE RestrictedToken)
{
    BASE_CREATE Create = {
        .ApplicationName = ApplicationName,
        .CommandLine = CommandLine,
        .ProcessSecurity = ProcessSecurity,
        .ThreadSecurity = ThreadSecurity,
        .InheritHandles = InheritHandles != FALSE,
        .Flags = Flags,
        .Environment = Environment,
        .CurrentDirectory = CurrentDirectory,
        .StartupInfo = StartupInfo,
    };

    if (Token != NULL || RestrictedToken != NULL) {
        return BaseSetLastNTError(STATUS_NOT_IMPLEMENTED);
    }
    RtlZeroMemory(Information, sizeof(*Information));
    return BasepRunCreate(&Create, Information);
}

BOOL WINAPI CreateProcessW(LPCWSTR ApplicationName, LPWSTR CommandLine,
    LPSECURITY_ATTRIBUTES ProcessSecurity, LPSECURITY_ATTRIBUTES ThreadSecurity,
    BOOL InheritHandles, DWORD Flags, LPVOID Environment, LPCWSTR CurrentDirectory,
    LPSTARTUPINFOW StartupInfo, LPPROCESS_INFORMATION Information)
{
    return CreateProcessInternalW(NULL, ApplicationName, CommandLine, ProcessSecurity,
        ThreadSecurity, InheritHandles, Flags, Environment, CurrentDirectory, StartupInfo,
        Information, NULL);
}
