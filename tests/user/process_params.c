/* SPDX-License-Identifier: MIT */
/*
 * process_params.exe: each bad parameter of NtCreateProcessEx and of
 * NtCreateThread, and the status that it gives.  subsystem: native
 */
#include "tests/user/ktap.h"

#define BAD_POINTER ((PVOID)0x80000000)
#define NO_HANDLE   ((HANDLE)0x7FF0)

static HANDLE Event;        /* an object of the wrong type */
static HANDLE ImageSection;
static HANDLE DataSection;  /* not of an image */
static HANDLE WeakSection;  /* the image, without the right to map it for execution */
static HANDLE WeakProcess;  /* this process, with the right to query it only */

/* ---- Preparation ---- */

static NTSTATUS OpenImageSection(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\programs\\sleeper.exe");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE File;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&File, FILE_READ_DATA | FILE_EXECUTE | SYNCHRONIZE, &Attributes, &Iosb,
        FILE_SHARE_READ, FILE_SYNCHRONOUS_IO_NONALERT);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = NtCreateSection(
        &ImageSection, SECTION_ALL_ACCESS, NULL, NULL, PAGE_EXECUTE, SEC_IMAGE, File);
    (void)NtClose(File);
    return Status;
}

static NTSTATUS Weaken(HANDLE Handle, ACCESS_MASK Access, PHANDLE Weak)
{
    return NtDuplicateObject(
        NtCurrentProcess(), Handle, NtCurrentProcess(), Weak, Access, 0, 0);
}

static NTSTATUS MakeObjects(void)
{
    LARGE_INTEGER Size = {.QuadPart = PAGE_SIZE};
    NTSTATUS Status =
        NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);

    if (NT_SUCCESS(Status)) {
        Status = OpenImageSection();
    }
    if (NT_SUCCESS(Status)) {
        Status = NtCreateSection(
            &DataSection, SECTION_ALL_ACCESS, NULL, &Size, PAGE_READWRITE, SEC_COMMIT, NULL);
    }
    if (NT_SUCCESS(Status)) {
        Status = Weaken(ImageSection, SECTION_MAP_READ | SECTION_QUERY, &WeakSection);
    }
    if (NT_SUCCESS(Status)) {
        Status = Weaken(NtCurrentProcess(), PROCESS_QUERY_INFORMATION, &WeakProcess);
    }
    return Status;
}

/* ---- NtCreateProcessEx ---- */

typedef struct _PROCESS_CASE {
    PCSTR Name;
    NTSTATUS Expected;
    PVOID ProcessHandle; /* 1: a good one */
    POBJECT_ATTRIBUTES Attributes;
    PHANDLE Parent; /* NULL: this process */
    ULONG Flags;
    PHANDLE Section; /* NULL: the image */
    PHANDLE DebugPort;
    PHANDLE ExceptionPort;
    ULONG JobMemberLevel;
} PROCESS_CASE;

#define GOOD ((PVOID)1)

static HANDLE None;
static HANDLE Invalid = NO_HANDLE;
static OBJECT_ATTRIBUTES Permanent = {.Length = sizeof(Permanent), .Attributes = OBJ_PERMANENT};
static OBJECT_ATTRIBUTES Exclusive = {.Length = sizeof(Exclusive), .Attributes = OBJ_EXCLUSIVE};
static OBJECT_ATTRIBUTES OpenIf = {.Length = sizeof(OpenIf), .Attributes = OBJ_OPENIF};
static OBJECT_ATTRIBUTES WrongLength = {.Length = 4};

static const PROCESS_CASE ProcessCases[] = {
    {"process: ProcessHandle NULL", STATUS_ACCESS_VIOLATION, .ProcessHandle = NULL},
    {"process: ProcessHandle in the kernel", STATUS_ACCESS_VIOLATION,
        .ProcessHandle = BAD_POINTER},
    {"process: ObjectAttributes in the kernel", STATUS_ACCESS_VIOLATION, GOOD,
        .Attributes = BAD_POINTER},
    {"process: ObjectAttributes of a wrong length", STATUS_INVALID_PARAMETER, GOOD,
        .Attributes = &WrongLength},
    {"process: OBJ_PERMANENT", STATUS_INVALID_PARAMETER, GOOD, .Attributes = &Permanent},
    {"process: OBJ_EXCLUSIVE", STATUS_INVALID_PARAMETER, GOOD, .Attributes = &Exclusive},
    {"process: OBJ_OPENIF", STATUS_INVALID_PARAMETER, GOOD, .Attributes = &OpenIf},
    {"process: no parent", STATUS_INVALID_PARAMETER, GOOD, .Parent = &None},
    {"process: parent no handle", STATUS_INVALID_HANDLE, GOOD, .Parent = &Invalid},
    {"process: parent an event", STATUS_OBJECT_TYPE_MISMATCH, GOOD, .Parent = &Event},
    {"process: parent without PROCESS_CREATE_PROCESS", STATUS_ACCESS_DENIED, GOOD,
        .Parent = &WeakProcess},
    {"process: unknown flag", STATUS_INVALID_PARAMETER, GOOD, .Flags = 0x20},
    {"process: all unknown flags", STATUS_INVALID_PARAMETER, GOOD, .Flags = 0xFFFFFFE0},
    {"process: address space overridden, not built", STATUS_NOT_IMPLEMENTED, GOOD,
        .Flags = PROCESS_CREATE_FLAGS_OVERRIDE_ADDRESS_SPACE},
    {"process: clone, not built", STATUS_NOT_IMPLEMENTED, GOOD, .Section = &None},
    {"process: section no handle", STATUS_INVALID_HANDLE, GOOD, .Section = &Invalid},
    {"process: section an event", STATUS_OBJECT_TYPE_MISMATCH, GOOD, .Section = &Event},
    {"process: section without SECTION_MAP_EXECUTE", STATUS_ACCESS_DENIED, GOOD,
        .Section = &WeakSection},
    {"process: section of no image", STATUS_SECTION_NOT_IMAGE, GOOD, .Section = &DataSection},
    {"process: debug port, not built", STATUS_NOT_IMPLEMENTED, GOOD, .DebugPort = &Event},
    {"process: exception port no handle", STATUS_INVALID_HANDLE, GOOD,
        .ExceptionPort = &Invalid},
    {"process: exception port an event", STATUS_OBJECT_TYPE_MISMATCH, GOOD,
        .ExceptionPort = &Event},
    {"process: job level without a job", STATUS_INVALID_PARAMETER, GOOD, .JobMemberLevel = 1},
};

static HANDLE HandleOf(const HANDLE *Place, HANDLE Default)
{
    return Place != NULL ? *Place : Default;
}

static void TryProcess(const PROCESS_CASE *Case)
{
    HANDLE Process = NULL;
    PHANDLE Out = Case->ProcessHandle == GOOD ? &Process : Case->ProcessHandle;
    NTSTATUS Status = NtCreateProcessEx(Out, PROCESS_ALL_ACCESS, Case->Attributes,
        HandleOf(Case->Parent, NtCurrentProcess()), Case->Flags,
        HandleOf(Case->Section, ImageSection), HandleOf(Case->DebugPort, NULL),
        HandleOf(Case->ExceptionPort, NULL), Case->JobMemberLevel);

    (void)KtapStatus(Status, Case->Expected, Case->Name);
    if (Process != NULL) {
        (void)KtapCheck(FALSE, "%s: no handle comes back", Case->Name);
        (void)NtClose(Process);
    }
}

/* ---- NtCreateThread ---- */

typedef struct _THREAD_CASE {
    PCSTR Name;
    NTSTATUS Expected;
    PVOID ThreadHandle;
    POBJECT_ATTRIBUTES Attributes;
    PHANDLE Process; /* NULL: the new one */
    PVOID ClientId;
    PVOID Context;
    PVOID InitialTeb;
} THREAD_CASE;

static HANDLE DeadProcess;
static HANDLE NoThreadProcess; /* without the right to create a thread */

static const THREAD_CASE ThreadCases[] = {
    {"thread: ThreadHandle NULL", STATUS_ACCESS_VIOLATION, NULL, NULL, NULL, GOOD, GOOD, GOOD},
    {"thread: ThreadHandle in the kernel", STATUS_ACCESS_VIOLATION, BAD_POINTER, NULL, NULL, GOOD,
        GOOD, GOOD},
    {"thread: ObjectAttributes in the kernel", STATUS_ACCESS_VIOLATION, GOOD, BAD_POINTER, NULL,
        GOOD, GOOD, GOOD},
    {"thread: ObjectAttributes of a wrong length", STATUS_INVALID_PARAMETER, GOOD, &WrongLength,
        NULL, GOOD, GOOD, GOOD},
    {"thread: no process", STATUS_INVALID_HANDLE, GOOD, NULL, &None, GOOD, GOOD, GOOD},
    {"thread: process no handle", STATUS_INVALID_HANDLE, GOOD, NULL, &Invalid, GOOD, GOOD, GOOD},
    {"thread: process an event", STATUS_OBJECT_TYPE_MISMATCH, GOOD, NULL, &Event, GOOD, GOOD,
        GOOD},
    {"thread: process without PROCESS_CREATE_THREAD", STATUS_ACCESS_DENIED, GOOD, NULL,
        &NoThreadProcess, GOOD, GOOD, GOOD},
    {"thread: process that has ended", STATUS_PROCESS_IS_TERMINATING, GOOD, NULL, &DeadProcess,
        GOOD, GOOD, GOOD},
    {"thread: ClientId in the kernel", STATUS_ACCESS_VIOLATION, GOOD, NULL, NULL, BAD_POINTER,
        GOOD, GOOD},
    {"thread: no context", STATUS_INVALID_PARAMETER, GOOD, NULL, NULL, GOOD, NULL, GOOD},
    {"thread: context in the kernel", STATUS_ACCESS_VIOLATION, GOOD, NULL, NULL, GOOD,
        BAD_POINTER, GOOD},
    {"thread: no InitialTeb", STATUS_ACCESS_VIOLATION, GOOD, NULL, NULL, GOOD, GOOD, NULL},
    {"thread: InitialTeb in the kernel", STATUS_ACCESS_VIOLATION, GOOD, NULL, NULL, GOOD, GOOD,
        BAD_POINTER},
};

static PVOID PointerOf(PVOID Asked, PVOID Good)
{
    return Asked == GOOD ? Good : Asked;
}

static void TryThread(const THREAD_CASE *Case, HANDLE Process)
{
    HANDLE Thread = NULL;
    CLIENT_ID ClientId;
    INITIAL_TEB InitialTeb = {0};
    CONTEXT Context;
    NTSTATUS Status;

    RtlInitializeContext(&Context, (PVOID)0x00401000, 0, 0, (PVOID)0x00200000);
    Status = NtCreateThread(PointerOf(Case->ThreadHandle, &Thread), THREAD_ALL_ACCESS,
        Case->Attributes, HandleOf(Case->Process, Process), PointerOf(Case->ClientId, &ClientId),
        PointerOf(Case->Context, &Context), PointerOf(Case->InitialTeb, &InitialTeb), TRUE);
    (void)KtapStatus(Status, Case->Expected, Case->Name);
    if (Thread != NULL) {
        (void)KtapCheck(FALSE, "%s: no handle comes back", Case->Name);
        (void)NtTerminateThread(Thread, STATUS_SUCCESS);
        (void)NtClose(Thread);
    }
}

static NTSTATUS MakeProcess(PHANDLE Process)
{
    return NtCreateProcessEx(Process, PROCESS_ALL_ACCESS, NULL, NtCurrentProcess(), 0,
        ImageSection, NULL, NULL, 0);
}

/* A process that ends before it had a thread. */
static NTSTATUS MakeDeadProcess(void)
{
    NTSTATUS Status = MakeProcess(&DeadProcess);

    return NT_SUCCESS(Status) ? NtTerminateProcess(DeadProcess, STATUS_SUCCESS) : Status;
}

static void TryThreads(void)
{
    HANDLE Process;
    NTSTATUS Status = MakeProcess(&Process);

    if (NT_SUCCESS(Status)) {
        Status = MakeDeadProcess();
    }
    if (NT_SUCCESS(Status)) {
        Status = Weaken(Process, PROCESS_QUERY_INFORMATION, &NoThreadProcess);
    }
    if (!KtapStatus(Status, STATUS_SUCCESS, "processes for threads")) {
        return;
    }
    for (ULONG Index = 0; Index < ARRAYSIZE(ThreadCases); Index++) {
        TryThread(&ThreadCases[Index], Process);
    }
    (void)NtTerminateProcess(Process, STATUS_SUCCESS);
    (void)NtClose(NoThreadProcess);
    (void)NtClose(DeadProcess);
    (void)NtClose(Process);
}

/* The System process has id 4, and no user mode for a thread to run in. */
static void TrySystemProcess(void)
{
    CLIENT_ID ClientId = {(HANDLE)4, NULL};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE System;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    Status = NtOpenProcess(&System, PROCESS_CREATE_THREAD, &Attributes, &ClientId);
    if (!KtapStatus(Status, STATUS_SUCCESS, "System opened")) {
        return;
    }
    TryThread(&(THREAD_CASE){"thread: in System", STATUS_INVALID_HANDLE, GOOD, NULL, &System, GOOD,
                  GOOD, GOOD},
        NULL);
    (void)NtClose(System);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG HandlesBefore;

    UNREFERENCED_PARAMETER(Peb);
    if (KtapStatus(MakeObjects(), STATUS_SUCCESS, "preparation")) {
        HandlesBefore = KtapHandles();
        for (ULONG Index = 0; Index < ARRAYSIZE(ProcessCases); Index++) {
            TryProcess(&ProcessCases[Index]);
        }
        TryThreads();
        TrySystemProcess();
        KtapEqual(KtapHandles(), HandlesBefore, "as many handles as before");
    }
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
