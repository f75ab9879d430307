/* SPDX-License-Identifier: MIT */
/*
 * edgeprocesses.exe: each call for a process with the right it needs, without it,
 * through handles of other kinds; for a process that has ended; opening; creating
 * processes and threads from pointers that are wrong in one way.  subsystem: native
 */
#include "tests/user/edges.h"

static HANDLE Image, Data; /* sections */
static PVOID Memory;       /* in the process that is tried */
static PVOID View;

/* ---- Preparation ------------------------------------------------------------------- */

static void OpenSections(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\programs\\sleeper.exe");
    LARGE_INTEGER Size = {.QuadPart = PAGE_SIZE};
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE File = NULL;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    (void)NtOpenFile(&File, FILE_READ_DATA | FILE_EXECUTE | SYNCHRONIZE, &Attributes, &Iosb,
        FILE_SHARE_READ, FILE_SYNCHRONOUS_IO_NONALERT);
    (void)KtapStatus(NtCreateSection(&Image, SECTION_ALL_ACCESS, NULL, NULL, PAGE_EXECUTE,
                         SEC_IMAGE, File), STATUS_SUCCESS, "an image");
    (void)KtapStatus(NtCreateSection(&Data, SECTION_ALL_ACCESS, NULL, &Size, PAGE_READWRITE,
                         SEC_COMMIT, NULL), STATUS_SUCCESS, "a section");
    (void)NtClose(File);
}

/* Without threads. */
static HANDLE MakeProcess(void)
{
    HANDLE Process = NULL;

    (void)KtapStatus(NtCreateProcessEx(&Process, PROCESS_ALL_ACCESS, NULL, NtCurrentProcess(), 0,
                         Image, NULL, NULL, 0), STATUS_SUCCESS, "a process");
    return Process;
}

/* ---- The calls --------------------------------------------------------------------------- */

static NTSTATUS Suspend(HANDLE Process)
{
    return NtSuspendProcess(Process);
}

static NTSTATUS Resume(HANDLE Process)
{
    return NtResumeProcess(Process);
}

static NTSTATUS Query(HANDLE Process)
{
    PROCESS_BASIC_INFORMATION Basic;

    return NtQueryInformationProcess(
        Process, ProcessBasicInformation, &Basic, sizeof(Basic), NULL);
}

static NTSTATUS Set(HANDLE Process)
{
    ULONG Mode = 1;

    return NtSetInformationProcess(Process, ProcessDefaultHardErrorMode, &Mode, sizeof(Mode));
}

static NTSTATUS Allocate(HANDLE Process)
{
    SIZE_T Size = PAGE_SIZE;

    Memory = NULL;
    return NtAllocateVirtualMemory(
        Process, &Memory, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

static NTSTATUS Protect(HANDLE Process)
{
    PVOID Base = Memory;
    SIZE_T Size = PAGE_SIZE;
    ULONG Old;

    return NtProtectVirtualMemory(Process, &Base, &Size, PAGE_READWRITE, &Old);
}

static NTSTATUS QueryMemory(HANDLE Process)
{
    MEMORY_BASIC_INFORMATION Basic;

    return NtQueryVirtualMemory(
        Process, Memory, MemoryBasicInformation, &Basic, sizeof(Basic), NULL);
}

static NTSTATUS Read(HANDLE Process)
{
    ULONG Value;

    return NtReadVirtualMemory(Process, Memory, &Value, sizeof(Value), NULL);
}

static NTSTATUS Write(HANDLE Process)
{
    ULONG Value = 1;

    return NtWriteVirtualMemory(Process, Memory, &Value, sizeof(Value), NULL);
}

static NTSTATUS Free(HANDLE Process)
{
    PVOID Base = Memory;
    SIZE_T Size = 0;

    return NtFreeVirtualMemory(Process, &Base, &Size, MEM_RELEASE);
}

static NTSTATUS Map(HANDLE Process)
{
    SIZE_T Size = 0;

    View = NULL;
    return NtMapViewOfSection(
        Data, Process, &View, 0, 0, NULL, &Size, ViewUnmap, 0, PAGE_READWRITE);
}

static NTSTATUS Unmap(HANDLE Process)
{
    return NtUnmapViewOfSection(Process, View);
}

/* To the process, and the copy in it closed from outside. */
static NTSTATUS DuplicateTo(HANDLE Process)
{
    HANDLE Copy = NULL;
    NTSTATUS Status = NtDuplicateObject(
        NtCurrentProcess(), Data, Process, &Copy, 0, 0, DUPLICATE_SAME_ACCESS);

    return NT_SUCCESS(Status)
        ? NtDuplicateObject(Process, Copy, NULL, NULL, 0, 0, DUPLICATE_CLOSE_SOURCE) : Status;
}

/* The pseudo-handle of the process in it. */
static NTSTATUS DuplicateFrom(HANDLE Process)
{
    HANDLE Copy = NULL;
    NTSTATUS Status = NtDuplicateObject(Process, NtCurrentProcess(), NtCurrentProcess(), &Copy,
        PROCESS_QUERY_INFORMATION, 0, 0);

    return NT_SUCCESS(Status) ? NtClose(Copy) : Status;
}

static NTSTATUS EndChild(HANDLE Child, NTSTATUS Status)
{
    if (NT_SUCCESS(Status)) {
        (void)NtTerminateProcess(Child, STATUS_SUCCESS);
        (void)NtClose(Child);
    }
    return Status;
}

static NTSTATUS CreateChild(HANDLE Process)
{
    HANDLE Child = NULL;

    return EndChild(Child, NtCreateProcess(&Child, PROCESS_ALL_ACCESS, NULL, Process, TRUE, Image,
                               NULL, NULL));
}

static NTSTATUS CreateChildEx(HANDLE Process)
{
    HANDLE Child = NULL;
    NTSTATUS Status = NtCreateProcessEx(&Child, PROCESS_ALL_ACCESS, NULL, Process,
        PROCESS_CREATE_FLAGS_INHERIT_HANDLES, Image, NULL, NULL, 0);

    return EndChild(Child, Status);
}

/* It is never let run. */
static NTSTATUS CreateThread_(HANDLE Process)
{
    CONTEXT Context;
    INITIAL_TEB Stack = {0};
    HANDLE Thread = NULL;
    NTSTATUS Status;

    RtlInitializeContext(&Context, (PVOID)0x00401000, 0, 0, (PVOID)0x00200000);
    Status = NtCreateThread(
        &Thread, THREAD_ALL_ACCESS, NULL, Process, NULL, &Context, &Stack, TRUE);
    if (NT_SUCCESS(Status)) {
        (void)NtClose(Thread);
    }
    return Status;
}

static NTSTATUS Terminate(HANDLE Process)
{
    return NtTerminateProcess(Process, STATUS_CANCELLED);
}

/* NtTerminateProcess last: its thread then ends, and the process with it. */
static const EDGE Edges[] = {
    {"NtSuspendProcess", PROCESS_SUSPEND_RESUME, Suspend, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtResumeProcess", PROCESS_SUSPEND_RESUME, Resume, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtQueryInformationProcess", PROCESS_QUERY_INFORMATION, Query, STATUS_SUCCESS,
        STATUS_SUCCESS},
    {"NtSetInformationProcess", PROCESS_SET_INFORMATION, Set, STATUS_SUCCESS, STATUS_SUCCESS},
    {"NtAllocateVirtualMemory", PROCESS_VM_OPERATION, Allocate, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtProtectVirtualMemory", PROCESS_VM_OPERATION, Protect, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtQueryVirtualMemory", PROCESS_QUERY_INFORMATION, QueryMemory, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtWriteVirtualMemory", PROCESS_VM_WRITE, Write, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtReadVirtualMemory", PROCESS_VM_READ, Read, STATUS_SUCCESS, STATUS_PROCESS_IS_TERMINATING},
    {"NtFreeVirtualMemory", PROCESS_VM_OPERATION, Free, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtMapViewOfSection", PROCESS_VM_OPERATION, Map, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtUnmapViewOfSection", PROCESS_VM_OPERATION, Unmap, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtDuplicateObject, there", PROCESS_DUP_HANDLE, DuplicateTo, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtDuplicateObject, back", PROCESS_DUP_HANDLE, DuplicateFrom, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtCreateProcess", PROCESS_CREATE_PROCESS, CreateChild, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtCreateProcessEx", PROCESS_CREATE_PROCESS, CreateChildEx, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtCreateThread", PROCESS_CREATE_THREAD, CreateThread_, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
    {"NtTerminateProcess", PROCESS_TERMINATE, Terminate, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING},
};

/* What NULL stands for, where it is not just no handle. */
static NTSTATUS ExpectedOfNull(const EDGE *Edge)
{
    return Edge->Call == CreateChild || Edge->Call == CreateChildEx || Edge->Call == DuplicateTo
        ? STATUS_INVALID_PARAMETER : STATUS_INVALID_HANDLE;
}

static void TestEdges(void)
{
    HANDLE Process = MakeProcess();

    for (ULONG i = 0; i < ARRAYSIZE(Edges); i++) {
        TryKinds(&Edges[i], NtCurrentThread());
        if (Edges[i].Call != Terminate) { /* to which NULL is the caller's */
            (void)KtapStatus(Edges[i].Call(NULL), ExpectedOfNull(&Edges[i]), Edges[i].Name);
        }
        TryRights(&Edges[i], Process, PROCESS_ALL_ACCESS, Edges[i].Expected);
    }
    (void)KtapStatus(NtWaitForSingleObject(Process, FALSE, NULL), STATUS_SUCCESS, "its end");
    for (ULONG i = 0; i < ARRAYSIZE(Edges); i++) {
        TryRights(&Edges[i], Process, PROCESS_ALL_ACCESS, Edges[i].Later);
    }
    (void)NtClose(Process);
}

/* ---- Opening ------------------------------------------------------------------------------ */

static NTSTATUS Open(ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes, HANDLE ProcessId,
    HANDLE ThreadId)
{
    CLIENT_ID Id = {ProcessId, ThreadId};
    HANDLE Process = NULL;
    NTSTATUS Status = NtOpenProcess(&Process, Access, Attributes, &Id);

    if (NT_SUCCESS(Status)) {
        (void)NtClose(Process);
    }
    return Status;
}

#define ASK PROCESS_QUERY_INFORMATION

static void TestOpen(void)
{
    CLIENT_ID Self = NtCurrentTeb()->ClientId;
    HANDLE Process = Self.UniqueProcess, Thread = Self.UniqueThread;
    OBJECT_ATTRIBUTES None;

    InitializeObjectAttributes(&None, NULL, 0, NULL, NULL);
    (void)KtapStatus(Open(ASK, &None, Process, NULL), STATUS_SUCCESS, "by its id");
    (void)KtapStatus(Open(ASK, &None, Process, Thread), STATUS_SUCCESS, "by a thread's, too");
    (void)KtapStatus(Open(ASK, &None, NULL, Thread), STATUS_INVALID_CID, "by this alone");
    (void)KtapStatus(Open(ASK, &None, (HANDLE)4, Thread), STATUS_INVALID_CID, "of another");
    (void)KtapStatus(Open(ASK, &None, Process, (HANDLE)0x7FF0), STATUS_INVALID_CID, "of none");
    (void)KtapStatus(
        Open(ASK, &None, (HANDLE)0x7FF0, NULL), STATUS_INVALID_PARAMETER, "nobody's id");
    (void)KtapStatus(Open(ASK, &None, Thread, NULL), STATUS_INVALID_PARAMETER, "a thread's id");
    (void)KtapStatus(Open(ASK, &None, NULL, NULL), STATUS_INVALID_PARAMETER, "no id");
    (void)KtapStatus(Open(GENERIC_ALL, &None, Process, NULL), STATUS_SUCCESS, "all that there is");
    (void)KtapStatus(Open(0x1000, &None, Process, NULL), STATUS_ACCESS_DENIED, "a right too many");
    (void)KtapStatus(Open(ASK, NULL, Process, NULL), STATUS_ACCESS_VIOLATION, "no attributes");
    (void)KtapStatus(Open(ASK, (PVOID)(LastPage + 2), Process, NULL),
        STATUS_DATATYPE_MISALIGNMENT, "attributes at an odd place");
    (void)KtapStatus(Open(ASK, IN_KERNEL, Process, NULL), STATUS_ACCESS_VIOLATION, "the kernel's");
}

static void TestOpenPointers(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\EdgeProcess");
    CLIENT_ID Id = {NtCurrentTeb()->ClientId.UniqueProcess, NULL};
    OBJECT_ATTRIBUTES Attributes;
    PLACE Places[PLACES];
    HANDLE Process;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    GetPlaces(Places, sizeof(HANDLE), STATUS_DATATYPE_MISALIGNMENT);
    for (ULONG i = 0; i < PLACES; i++) {
        (void)KtapStatus(NtOpenProcess(Places[i].Address, ASK, &Attributes, &Id),
            Places[i].Expected, Places[i].Name);
    }
    (void)KtapStatus(NtOpenProcess(&Process, ASK, &Attributes, IN_KERNEL), STATUS_ACCESS_VIOLATION,
        "a client id in the kernel");
    (void)KtapStatus(NtOpenProcess(&Process, ASK, &Attributes, (PVOID)(LastPage + 2)),
        STATUS_DATATYPE_MISALIGNMENT, "at an odd place");
    (void)KtapStatus(NtOpenProcess(&Process, ASK, &Attributes, NULL),
        STATUS_INVALID_PARAMETER_MIX, "neither a name nor an id");
    Attributes.ObjectName = &Name;
    (void)KtapStatus(
        NtOpenProcess(&Process, ASK, &Attributes, &Id), STATUS_INVALID_PARAMETER_MIX, "both");
    (void)KtapStatus(NtOpenProcess(&Process, ASK, &Attributes, NULL),
        STATUS_OBJECT_NAME_NOT_FOUND, "a name that is not");
}

/* A process that was created with a name can be opened by it. */
static void TestOpenNamed(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\EdgeProcess");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Process = NULL, Again = NULL, Thread = NULL;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    (void)KtapStatus(NtCreateProcessEx(&Process, PROCESS_ALL_ACCESS, &Attributes,
                         NtCurrentProcess(), 0, Image, NULL, NULL, 0), STATUS_SUCCESS, "named");
    (void)KtapStatus(NtOpenProcess(&Again, ASK, &Attributes, NULL), STATUS_SUCCESS, "found");
    (void)KtapStatus(Query(Again), STATUS_SUCCESS, "with the right that was asked for");
    (void)KtapStatus(Set(Again), STATUS_ACCESS_DENIED, "and no other");
    (void)NtClose(Again);
    (void)KtapStatus(
        NtOpenThread(&Thread, 1, &Attributes, NULL), STATUS_OBJECT_TYPE_MISMATCH, "no thread");
    (void)KtapStatus(NtCreateProcessEx(&Again, PROCESS_ALL_ACCESS, &Attributes, NtCurrentProcess(),
                         0, Image, NULL, NULL, 0), STATUS_OBJECT_NAME_COLLISION, "the name again");
    (void)Terminate(Process);
    (void)NtClose(Process);
    (void)KtapStatus(NtOpenProcess(&Again, ASK, &Attributes, NULL), STATUS_OBJECT_NAME_NOT_FOUND,
        "gone with the last handle");
}

/* ---- Creating -------------------------------------------------------------------------------- */

static void TestCreateProcess(void)
{
    PLACE Places[PLACES];
    HANDLE Process = NULL;

    GetPlaces(Places, sizeof(HANDLE), STATUS_DATATYPE_MISALIGNMENT);
    for (ULONG i = 0; i < PLACES; i++) {
        (void)KtapStatus(NtCreateProcessEx(Places[i].Address, PROCESS_ALL_ACCESS, NULL,
                             NtCurrentProcess(), 0, Image, NULL, NULL, 0),
            Places[i].Expected, Places[i].Name);
    }
    (void)KtapStatus(NtCreateProcessEx(&Process, PROCESS_ALL_ACCESS, (PVOID)(LastPage + 2),
                         NtCurrentProcess(), 0, Image, NULL, NULL, 0),
        STATUS_DATATYPE_MISALIGNMENT, "attributes at an odd place");
    (void)KtapStatus(NtCreateProcessEx(&Process, PROCESS_ALL_ACCESS | 0x1000, NULL,
                         NtCurrentProcess(), 0, Image, NULL, NULL, 0),
        STATUS_ACCESS_DENIED, "a right too many");
    (void)KtapStatus(NtCreateProcessEx(&Process, PROCESS_TERMINATE, NULL, NtCurrentProcess(), 0,
                         Image, NULL, NULL, 0), STATUS_SUCCESS, "one right");
    (void)KtapStatus(Query(Process), STATUS_ACCESS_DENIED, "allows no other call");
    (void)KtapStatus(Terminate(Process), STATUS_SUCCESS, "than that one");
    (void)NtClose(Process);
}

/* The parameters of NtCreateThread that point somewhere, and what is to be there. */
typedef enum _POINTER { ThreadHandle, Attributes_, ClientId, Context_, InitialTeb } POINTER;

static NTSTATUS CreateWith(HANDLE Process, POINTER Which, PVOID Address, ACCESS_MASK Access)
{
    HANDLE Thread = NULL;
    CLIENT_ID Id;
    CONTEXT Context;
    INITIAL_TEB Stack = {0};
    OBJECT_ATTRIBUTES Attributes;
    PVOID Pointers[] = {&Thread, &Attributes, &Id, &Context, &Stack};
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    RtlInitializeContext(&Context, (PVOID)0x00401000, 0, 0, (PVOID)0x00200000);
    if (Address != NULL) {
        Pointers[Which] = Address;
    }
    Status = NtCreateThread(Pointers[ThreadHandle], Access, Pointers[Attributes_], Process,
        Pointers[ClientId], Pointers[Context_], Pointers[InitialTeb], TRUE);
    if (NT_SUCCESS(Status)) {
        (void)NtTerminateThread(Thread, STATUS_SUCCESS);
        (void)NtClose(Thread);
    }
    return Status;
}

static void TestCreateThread(void)
{
    HANDLE Process = MakeProcess();

    (void)KtapStatus(CreateThread_(Process), STATUS_SUCCESS, "a thread that keeps it alive");
    for (POINTER i = ThreadHandle; i <= InitialTeb; i++) {
        (void)KtapStatus(CreateWith(Process, i, LastPage + 2, THREAD_TERMINATE),
            STATUS_DATATYPE_MISALIGNMENT, "at an odd place");
        (void)KtapStatus(CreateWith(Process, i, LastPage + PAGE_SIZE, THREAD_TERMINATE),
            STATUS_ACCESS_VIOLATION, "where nothing is");
    }
    (void)KtapStatus(CreateWith(Process, ThreadHandle, ReadOnlyPage, THREAD_TERMINATE),
        STATUS_ACCESS_VIOLATION, "a handle on a read-only page");
    (void)KtapStatus(CreateWith(Process, ClientId, ReadOnlyPage, THREAD_TERMINATE),
        STATUS_ACCESS_VIOLATION, "a client id there");
    (void)KtapStatus(CreateWith(Process, ThreadHandle, NULL, THREAD_TERMINATE | 0x400),
        STATUS_ACCESS_DENIED, "a right too many");
    (void)KtapStatus(
        CreateWith(Process, ThreadHandle, NULL, THREAD_TERMINATE), STATUS_SUCCESS, "one right");
    (void)Terminate(Process);
    (void)NtWaitForSingleObject(Process, FALSE, NULL);
    (void)NtClose(Process);
}

/* It makes a stack first; without a right for the rest this must go again. */
static void TestRtlCreateUserThread(void)
{
    static const ACCESS_MASK Needed[] = {PROCESS_VM_OPERATION, PROCESS_CREATE_THREAD};
    HANDLE Process = MakeProcess(), Weak, Thread = NULL;

    for (ULONG i = 0; i < ARRAYSIZE(Needed); i++) {
        Weak = Weaken(Process, PROCESS_ALL_ACCESS & ~Needed[i]);
        (void)KtapStatus(RtlCreateUserThread(Weak, NULL, TRUE, 0, 0, 0, (PVOID)0x00401000, NULL,
                             &Thread, NULL), STATUS_ACCESS_DENIED, "RtlCreateUserThread");
        (void)NtClose(Weak);
    }
    (void)KtapStatus(RtlCreateUserThread(NtCurrentThread(), NULL, TRUE, 0, 0, 0,
                         (PVOID)0x00401000, NULL, &Thread, NULL), STATUS_OBJECT_TYPE_MISMATCH,
        "in a thread");
    Weak = Weaken(Process, Needed[0] | Needed[1]);
    (void)KtapStatus(RtlCreateUserThread(Weak, NULL, TRUE, 0, 0, 0, (PVOID)0x00401000, NULL,
                         &Thread, NULL), STATUS_SUCCESS, "with just the rights");
    (void)NtClose(Weak);
    (void)NtClose(Thread);
    (void)Terminate(Process);
    (void)NtWaitForSingleObject(Process, FALSE, NULL);
    (void)NtClose(Process);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Handles;

    UNREFERENCED_PARAMETER(Peb);
    MakePlaces();
    OpenSections();
    Handles = KtapHandles();
    TestEdges();
    TestOpen();
    TestOpenPointers();
    TestOpenNamed();
    TestCreateProcess();
    TestCreateThread();
    TestRtlCreateUserThread();
    (void)KtapStatus(NtTerminateProcess(NULL, STATUS_CANCELLED), STATUS_SUCCESS, "the others");
    (void)KtapEqual(KtapHandles(), Handles, "as many handles as before");
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
