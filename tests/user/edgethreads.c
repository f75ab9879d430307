/* SPDX-License-Identifier: MIT */
/*
 * edgethreads.exe: each call for a thread with the right it needs, without it,
 * through handles of other kinds; for one that has ended and for one of the kernel's;
 * counts at their limits; pointers that are wrong in one way.  subsystem: native
 */
#include "tests/user/edges.h"

#define LIMIT        127 /* of suspensions */
#define THREAD_ALERT 0x4 /* not in the stock headers */

static const LARGE_INTEGER NoTime = {.QuadPart = 0};

static NTSTATUS NTAPI EndAtOnce(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    return STATUS_SUCCESS;
}

static HANDLE StartSuspended(PCLIENT_ID Id)
{
    HANDLE Thread = NULL;

    (void)KtapStatus(RtlCreateUserThread(NtCurrentProcess(), NULL, TRUE, 0, 0, 0, EndAtOnce, NULL,
                         &Thread, Id), STATUS_SUCCESS, "a thread");
    return Thread;
}

static void Join(HANDLE Thread)
{
    (void)KtapStatus(NtWaitForSingleObject(Thread, FALSE, NULL), STATUS_SUCCESS, "its end");
}

/* ---- The calls ------------------------------------------------------------------- */

static NTSTATUS Suspend(HANDLE Thread)
{
    return NtSuspendThread(Thread, NULL);
}

static NTSTATUS Resume(HANDLE Thread)
{
    return NtResumeThread(Thread, NULL);
}

static NTSTATUS Alert(HANDLE Thread)
{
    return NtAlertThread(Thread);
}

static NTSTATUS AlertResume(HANDLE Thread)
{
    return NtAlertResumeThread(Thread, NULL);
}

static NTSTATUS GetContext(HANDLE Thread)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};

    return NtGetContextThread(Thread, &Context);
}

static NTSTATUS SetContext(HANDLE Thread)
{
    CONTEXT Context = {.ContextFlags = 0}; /* nothing of it */

    return NtSetContextThread(Thread, &Context);
}

static void NTAPI IgnoreApc(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
}

static NTSTATUS QueueApc(HANDLE Thread)
{
    return NtQueueApcThread(Thread, IgnoreApc, NULL, NULL, NULL);
}

static NTSTATUS Query(HANDLE Thread)
{
    THREAD_BASIC_INFORMATION Basic;

    return NtQueryInformationThread(
        Thread, ThreadBasicInformation, &Basic, sizeof(Basic), NULL);
}

static NTSTATUS Set(HANDLE Thread)
{
    LONG Increment = 0;

    return NtSetInformationThread(Thread, ThreadBasePriority, &Increment, sizeof(Increment));
}

static NTSTATUS Wait(HANDLE Thread)
{
    LARGE_INTEGER Timeout = NoTime;

    return NtWaitForSingleObject(Thread, FALSE, &Timeout);
}

static NTSTATUS Terminate(HANDLE Thread)
{
    return NtTerminateThread(Thread, STATUS_CANCELLED);
}

/* In an order in which a thread that was created suspended stays so up to the last. */
static const EDGE Edges[] = {
    {"NtSuspendThread", THREAD_SUSPEND_RESUME, Suspend, STATUS_SUCCESS,
        STATUS_THREAD_IS_TERMINATING},
    {"NtResumeThread", THREAD_SUSPEND_RESUME, Resume, STATUS_SUCCESS, STATUS_SUCCESS},
    {"NtSuspendThread", THREAD_SUSPEND_RESUME, Suspend, STATUS_SUCCESS,
        STATUS_THREAD_IS_TERMINATING},
    {"NtAlertResumeThread", THREAD_SUSPEND_RESUME, AlertResume, STATUS_SUCCESS, STATUS_SUCCESS},
    {"NtAlertThread", THREAD_ALERT, Alert, STATUS_SUCCESS, STATUS_SUCCESS},
    {"NtGetContextThread", THREAD_GET_CONTEXT, GetContext, STATUS_SUCCESS, STATUS_UNSUCCESSFUL},
    {"NtSetContextThread", THREAD_SET_CONTEXT, SetContext, STATUS_SUCCESS, STATUS_UNSUCCESSFUL},
    {"NtQueueApcThread", THREAD_SET_CONTEXT, QueueApc, STATUS_SUCCESS, STATUS_UNSUCCESSFUL},
    {"NtQueryInformationThread", THREAD_QUERY_INFORMATION, Query, STATUS_SUCCESS, STATUS_SUCCESS},
    {"NtSetInformationThread", THREAD_SET_INFORMATION, Set, STATUS_SUCCESS, STATUS_SUCCESS},
    {"NtWaitForSingleObject", SYNCHRONIZE, Wait, STATUS_TIMEOUT, STATUS_SUCCESS},
    {"NtTerminateThread", THREAD_TERMINATE, Terminate, STATUS_SUCCESS, STATUS_SUCCESS},
};

static void TestEdges(void)
{
    HANDLE Thread = StartSuspended(NULL);

    for (ULONG i = 0; i < ARRAYSIZE(Edges); i++) {
        if (Edges[i].Call != Wait) {
            TryKinds(&Edges[i], NtCurrentProcess());
        }
        if (Edges[i].Call != Terminate) { /* to which NULL is the caller */
            (void)KtapStatus(Edges[i].Call(NULL), STATUS_INVALID_HANDLE, Edges[i].Name);
        }
        TryRights(&Edges[i], Thread, THREAD_ALL_ACCESS, Edges[i].Expected);
    }
    Join(Thread);
    for (ULONG i = 0; i < ARRAYSIZE(Edges); i++) {
        TryRights(&Edges[i], Thread, THREAD_ALL_ACCESS, Edges[i].Later);
    }
    (void)NtClose(Thread);
}

/* The System process has id 4; its threads have no user mode, and end themselves only. */
static void TestSystemThread(void)
{
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID Id = {(HANDLE)4, (HANDLE)4};
    HANDLE Thread = NULL;
    NTSTATUS Status = STATUS_INVALID_CID;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    while (Status == STATUS_INVALID_CID && (ULONG_PTR)Id.UniqueThread < 100) {
        Id.UniqueThread = (PUCHAR)Id.UniqueThread + 4;
        Status = NtOpenThread(&Thread, THREAD_ALL_ACCESS, &Attributes, &Id);
    }
    if (KtapStatus(Status, STATUS_SUCCESS, "a system thread")) {
        (void)KtapStatus(GetContext(Thread), STATUS_INVALID_HANDLE, "its context");
        (void)KtapStatus(SetContext(Thread), STATUS_INVALID_HANDLE, "its context, set");
        (void)KtapStatus(QueueApc(Thread), STATUS_INVALID_HANDLE, "a user APC");
        (void)KtapStatus(Terminate(Thread), STATUS_ACCESS_DENIED, "its end");
        (void)KtapStatus(Query(Thread), STATUS_SUCCESS, "but one may ask about it");
        (void)NtClose(Thread);
    }
}

/* ---- Counts ------------------------------------------------------------------------- */

/* Of a thread that is suspended, and stays so. */
static void ExpectCount(HANDLE Thread, ULONG Expected, PCSTR Name)
{
    ULONG Previous = 999;

    (void)NtSuspendThread(Thread, &Previous);
    (void)NtResumeThread(Thread, NULL);
    (void)KtapEqual(Previous, Expected, Name);
}

static void TestCounts(void)
{
    HANDLE Thread = StartSuspended(NULL);
    ULONG Previous = 999, Wrong = 0;

    for (ULONG i = 1; i < LIMIT; i++) {
        Wrong += NtSuspendThread(Thread, &Previous) != STATUS_SUCCESS || Previous != i;
    }
    (void)KtapEqual(Wrong, 0, "suspended up to the limit, each with the count before");
    for (ULONG i = 0; i < 2; i++) {
        (void)KtapStatus(
            NtSuspendThread(Thread, NULL), STATUS_SUSPEND_COUNT_EXCEEDED, "and not beyond");
    }
    for (ULONG i = LIMIT; i > 1; i--) {
        Wrong += NtResumeThread(Thread, &Previous) != STATUS_SUCCESS || Previous != i;
    }
    (void)KtapEqual(Wrong, 0, "resumed as often");
    (void)KtapStatus(NtAlertResumeThread(Thread, &Previous), STATUS_SUCCESS, "the last time");
    (void)KtapEqual(Previous, 1, "is the one that lets it run");
    Join(Thread);
    (void)KtapStatus(NtResumeThread(Thread, &Previous), STATUS_SUCCESS, "one that has ended");
    (void)KtapEqual(Previous, 0, "has none");
    (void)NtClose(Thread);
    (void)KtapStatus(NtResumeThread(NtCurrentThread(), &Previous), STATUS_SUCCESS, "one that runs");
    (void)KtapEqual(Previous, 0, "has none");
}

/* A count that cannot be returned: nothing has happened. */
static void TestCountPointers(void)
{
    HANDLE Thread = StartSuspended(NULL);
    PLACE Places[PLACES];

    GetPlaces(Places, sizeof(ULONG), STATUS_DATATYPE_MISALIGNMENT);
    for (ULONG i = 1; i < PLACES; i++) { /* NULL is allowed */
        PULONG Count = Places[i].Address;

        (void)KtapStatus(NtSuspendThread(Thread, Count), Places[i].Expected, Places[i].Name);
        (void)KtapStatus(NtResumeThread(Thread, Count), Places[i].Expected, Places[i].Name);
        (void)KtapStatus(NtAlertResumeThread(Thread, Count), Places[i].Expected, Places[i].Name);
        ExpectCount(Thread, 1, "the count is as it was");
    }
    (void)Terminate(Thread);
    Join(Thread);
    (void)NtClose(Thread);
}

/* ---- Contexts ------------------------------------------------------------------------- */

static void TestContextPointers(void)
{
    HANDLE Thread = StartSuspended(NULL);
    PLACE Places[PLACES];

    GetPlaces(Places, sizeof(CONTEXT), STATUS_DATATYPE_MISALIGNMENT);
    Places[2].Address = LastPage + PAGE_SIZE; /* nothing of it is there */
    for (ULONG i = 0; i < PLACES; i++) {
        (void)KtapStatus(
            NtGetContextThread(Thread, Places[i].Address), Places[i].Expected, Places[i].Name);
        (void)KtapStatus(NtSetContextThread(Thread, Places[i].Address),
            Places[i].Address == ReadOnlyPage ? STATUS_SUCCESS : Places[i].Expected,
            Places[i].Name);
    }
    (void)Terminate(Thread);
    Join(Thread);
    (void)NtClose(Thread);
}

/* Without CONTEXT_EXTENDED_REGISTERS the structure may end before these. */
static void TestShortContext(HANDLE Thread, PCSTR Name)
{
    PCONTEXT Short = (PCONTEXT)(LastPage + PAGE_SIZE - offsetof(CONTEXT, ExtendedRegisters));

    Short->ContextFlags = CONTEXT_FULL | CONTEXT_FLOATING_POINT | CONTEXT_DEBUG_REGISTERS;
    (void)KtapStatus(NtGetContextThread(Thread, Short), STATUS_SUCCESS, Name);
    (void)KtapEqual(Short->SegCs, 0x1B, "up to where it ends");
    Short->ContextFlags = 0;
    (void)KtapStatus(NtSetContextThread(Thread, Short), STATUS_SUCCESS, Name);
    Short->ContextFlags = CONTEXT_EXTENDED_REGISTERS;
    (void)KtapStatus(NtGetContextThread(Thread, Short), STATUS_ACCESS_VIOLATION, Name);
    (void)KtapStatus(NtSetContextThread(Thread, Short), STATUS_ACCESS_VIOLATION, Name);
    Short = (PCONTEXT)((PUCHAR)Short + sizeof(ULONG));
    Short->ContextFlags = CONTEXT_CONTROL;
    (void)KtapStatus(NtGetContextThread(Thread, Short), STATUS_ACCESS_VIOLATION, Name);
}

static void TestShortContexts(void)
{
    HANDLE Thread = StartSuspended(NULL);

    TestShortContext(Thread, "a short context");
    TestShortContext(NtCurrentThread(), "the caller's own");
    (void)Terminate(Thread);
    Join(Thread);
    (void)NtClose(Thread);
}

/* ---- Opening ----------------------------------------------------------------------------- */

static NTSTATUS Open(ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes, HANDLE ProcessId,
    HANDLE ThreadId)
{
    CLIENT_ID Id = {ProcessId, ThreadId};
    HANDLE Thread = NULL;
    NTSTATUS Status = NtOpenThread(&Thread, Access, Attributes, &Id);

    if (NT_SUCCESS(Status)) {
        (void)NtClose(Thread);
    }
    return Status;
}

static void TestOpen(void)
{
    PTEB Teb = NtCurrentTeb();
    HANDLE Process = Teb->ClientId.UniqueProcess, Self = Teb->ClientId.UniqueThread;
    OBJECT_ATTRIBUTES None;

    InitializeObjectAttributes(&None, NULL, 0, NULL, NULL);
    (void)KtapStatus(Open(THREAD_ALERT, &None, Process, Self), STATUS_SUCCESS, "by both ids");
    (void)KtapStatus(Open(THREAD_ALERT, &None, NULL, Self), STATUS_SUCCESS, "by the thread's");
    (void)KtapStatus(
        Open(THREAD_ALERT, &None, (HANDLE)4, Self), STATUS_INVALID_CID, "of another process");
    (void)KtapStatus(
        Open(THREAD_ALERT, &None, Process, (HANDLE)0x7FF0), STATUS_INVALID_CID, "of none");
    (void)KtapStatus(Open(THREAD_ALERT, &None, Process, NULL), STATUS_INVALID_CID, "no thread");
    (void)KtapStatus(Open(THREAD_ALERT, &None, NULL, (HANDLE)0x7FF0), STATUS_INVALID_PARAMETER,
        "an id that nobody has");
    (void)KtapStatus(Open(THREAD_ALERT, &None, NULL, Process), STATUS_INVALID_PARAMETER,
        "the id of a process");
    (void)KtapStatus(Open(GENERIC_ALL, &None, NULL, Self), STATUS_SUCCESS, "all that there is");
    (void)KtapStatus(Open(0x400, &None, NULL, Self), STATUS_ACCESS_DENIED, "a right too many");
    (void)KtapStatus(
        Open(THREAD_ALERT, NULL, NULL, Self), STATUS_ACCESS_VIOLATION, "no attributes");
    (void)KtapStatus(Open(THREAD_ALERT, (PVOID)(LastPage + 2), NULL, Self),
        STATUS_DATATYPE_MISALIGNMENT, "attributes at an odd place");
    (void)KtapStatus(
        Open(THREAD_ALERT, IN_KERNEL, NULL, Self), STATUS_ACCESS_VIOLATION, "in the kernel");
    None.Length = 0;
    None.Attributes = 0xFFFF;
    (void)KtapStatus(
        Open(THREAD_ALERT, &None, NULL, Self), STATUS_SUCCESS, "attributes that do not matter");
}

static void TestOpenNames(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\EdgeThread"), Empty = {0};
    OBJECT_ATTRIBUTES Named;
    CLIENT_ID Id = NtCurrentTeb()->ClientId;
    HANDLE Thread = NULL, Event = NULL;

    InitializeObjectAttributes(&Named, NULL, 0, NULL, NULL);
    (void)KtapStatus(NtOpenThread(&Thread, THREAD_ALERT, &Named, NULL),
        STATUS_INVALID_PARAMETER_MIX, "neither a name nor an id");
    Named.ObjectName = &Name;
    (void)KtapStatus(NtOpenThread(&Thread, THREAD_ALERT, &Named, &Id),
        STATUS_INVALID_PARAMETER_MIX, "both");
    (void)KtapStatus(NtOpenThread(&Thread, THREAD_ALERT, &Named, NULL),
        STATUS_OBJECT_NAME_NOT_FOUND, "a name that is not");
    (void)NtCreateEvent(&Event, EVENT_ALL_ACCESS, &Named, NotificationEvent, FALSE);
    (void)KtapStatus(NtOpenThread(&Thread, THREAD_ALERT, &Named, NULL),
        STATUS_OBJECT_TYPE_MISMATCH, "an event's");
    (void)NtClose(Event);
    Named.ObjectName = &Empty;
    (void)KtapStatus(NtOpenThread(&Thread, THREAD_ALERT, &Named, &Id),
        STATUS_INVALID_PARAMETER_MIX, "an empty one and an id");
}

static void TestOpenPointers(void)
{
    CLIENT_ID Self = NtCurrentTeb()->ClientId;
    OBJECT_ATTRIBUTES None;
    PLACE Places[PLACES];
    HANDLE Thread;

    InitializeObjectAttributes(&None, NULL, 0, NULL, NULL);
    GetPlaces(Places, sizeof(HANDLE), STATUS_DATATYPE_MISALIGNMENT);
    for (ULONG i = 0; i < PLACES; i++) {
        (void)KtapStatus(NtOpenThread(Places[i].Address, THREAD_ALERT, &None, &Self),
            Places[i].Expected, Places[i].Name);
    }
    (void)KtapStatus(NtOpenThread(&Thread, THREAD_ALERT, &None, IN_KERNEL),
        STATUS_ACCESS_VIOLATION, "a client id in the kernel");
    (void)KtapStatus(NtOpenThread(&Thread, THREAD_ALERT, &None, (PVOID)(LastPage + 2)),
        STATUS_DATATYPE_MISALIGNMENT, "at an odd place");
}

/* ---- The rest -------------------------------------------------------------------------------- */

static void TestDelays(void)
{
    LARGE_INTEGER None = NoTime;
    NTSTATUS Status = NtDelayExecution(FALSE, &None);

    (void)KtapCheck(Status == STATUS_SUCCESS || Status == STATUS_NO_YIELD_PERFORMED, "no delay");
    Status = NtYieldExecution();
    (void)KtapCheck(Status == STATUS_SUCCESS || Status == STATUS_NO_YIELD_PERFORMED, "a yield");
    (void)KtapStatus(NtDelayExecution(FALSE, NULL), STATUS_ACCESS_VIOLATION, "no interval");
    (void)KtapStatus(NtDelayExecution(FALSE, IN_KERNEL), STATUS_ACCESS_VIOLATION, "the kernel's");
    None.QuadPart = INT64_MIN; /* for ever, but for the alert */
    (void)NtAlertThread(NtCurrentThread());
    (void)KtapStatus(NtDelayExecution(TRUE, &None), STATUS_ALERTED, "an alert ends it");
    (void)KtapStatus(NtQueueApcThread(NtCurrentThread(), NULL, NULL, NULL, NULL), STATUS_SUCCESS,
        "an APC without a routine");
    None.QuadPart = 0;
    (void)KtapCheck(NtDelayExecution(TRUE, &None) != STATUS_USER_APC, "is none of user mode's");
}

static void TestTerminatePort(void)
{
    OBJECT_ATTRIBUTES None;
    HANDLE Port = NULL, Event = NULL;

    InitializeObjectAttributes(&None, NULL, 0, NULL, NULL);
    (void)NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    (void)KtapStatus(NtCreatePort(&Port, &None, 0, 64, 0), STATUS_SUCCESS, "a port");
    (void)KtapStatus(NtRegisterThreadTerminatePort(NULL), STATUS_INVALID_HANDLE, "no port");
    (void)KtapStatus(
        NtRegisterThreadTerminatePort(Event), STATUS_OBJECT_TYPE_MISMATCH, "an event");
    (void)KtapStatus(NtRegisterThreadTerminatePort(Port), STATUS_SUCCESS, "a port");
    (void)NtClose(Event);
    (void)NtClose(Port);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Handles;

    UNREFERENCED_PARAMETER(Peb);
    MakePlaces();
    Handles = KtapHandles();
    TestEdges();
    TestSystemThread();
    TestCounts();
    TestCountPointers();
    TestContextPointers();
    TestShortContexts();
    TestOpen();
    TestOpenNames();
    TestOpenPointers();
    TestDelays();
    TestTerminatePort();
    (void)KtapStatus(NtTerminateThread(NULL, 0), STATUS_CANT_TERMINATE_SELF, "the only thread");
    (void)KtapEqual(KtapHandles(), Handles, "as many handles as before");
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
