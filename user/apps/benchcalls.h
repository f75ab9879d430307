/* SPDX-License-Identifier: MIT */
/*
 * bench.exe's rows about one system call or a few: null calls (B1, B2), threads
 * (B7), switches and messages (B8), memory (B9), objects (B10), exceptions (B11).
 *
 * Rows between two processes start bench.exe again as the partner, which gets the
 * row's id and "partner" on its command line and runs until it is terminated.
 */
#pragma once
#include "user/apps/benchlib.h"

#define BENCH_REGION 0x10000u /* bytes of the memory rows */
#define BENCH_PAGE   0x1000u

/* Defines an operation: the body is done Count times while it returns success. */
#define BENCH_LOOP(Name, ...)                                                                  \
    static NTSTATUS Name(ULONG Count)                                                          \
    {                                                                                          \
        NTSTATUS Status = STATUS_SUCCESS;                                                      \
        while (Count-- != 0 && NT_SUCCESS(Status)) {                                           \
            __VA_ARGS__                                                                        \
        }                                                                                      \
        return Status;                                                                         \
    }

/* ---- B1, B2: null system calls; one that probes a pointer ---- */

/* By ntdll's stub: SYSENTER where the processor has it. */
BENCH_LOOP(BenchNullSysenter, (void)NtTestAlert();)
BENCH_LOOP(BenchNullInterrupt, (void)RawSystemCall(NumberNtTestAlert, NULL);)
BENCH_LOOP(BenchQueryTime, LARGE_INTEGER Time; Status = NtQuerySystemTime(&Time);)

/* ---- B7: threads ---- */

static NTSTATUS NTAPI BenchNativeThread(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    RtlExitUserThread(STATUS_SUCCESS);
}

static DWORD WINAPI BenchWin32Thread(LPVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    return 0;
}

BENCH_LOOP(BenchRtlThread, HANDLE Thread;
           Status = RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, BENCH_REGION,
               BENCH_PAGE, BenchNativeThread, NULL, &Thread, NULL);
           if (NT_SUCCESS(Status)) {
               (void)NtWaitForSingleObject(Thread, FALSE, NULL);
               (void)NtClose(Thread);
           })

BENCH_LOOP(BenchCreateThread,
    HANDLE Thread = CreateThread(NULL, 0, BenchWin32Thread, NULL, 0, NULL);
    if (Thread != NULL) {
        (void)WaitForSingleObject(Thread, INFINITE);
        CloseHandle(Thread);
    } else {
        Status = RtlGetLastNtStatus();
    })

/* ---- B8: switches and round trips ---- */

#define BENCH_PORT_NAME L"\\BenchPort"

typedef struct _BENCH_MESSAGE {
    PORT_MESSAGE h;
    ULONG Value;
    UCHAR Rest[LPC_MAX_MESSAGE_LENGTH - sizeof(PORT_MESSAGE) - sizeof(ULONG)];
} BENCH_MESSAGE;

static HANDLE BenchRequest; /* events of the round trip */
static HANDLE BenchReply;
static HANDLE BenchPort;

/* A yield goes to the other thread and comes back when that yields: two switches. */
BENCH_LOOP(BenchYield, (void)NtYieldExecution(); Count -= Count != 0;)

DECLSPEC_NORETURN static DWORD WINAPI BenchYieldForever(LPVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    for (;;) {
        (void)NtYieldExecution();
    }
}

/* What wakes a thread raises its priority for a while; yields need it equal. */
static void BenchLoseBoost(void)
{
    for (ULONG Waits = 0; Waits < 40; Waits++) {
        Sleep(10);
    }
}

static NTSTATUS BenchRunB8a(void)
{
    HANDLE Thread = CreateThread(NULL, 0, BenchYieldForever, NULL, 0, NULL);
    NTSTATUS Status;

    if (Thread == NULL) {
        return BenchFail("B8a", RtlGetLastNtStatus());
    }
    BenchLoseBoost();
    Status = BenchRow("B8a", BenchYield);
    (void)NtTerminateThread(Thread, STATUS_SUCCESS);
    (void)NtWaitForSingleObject(Thread, FALSE, NULL);
    CloseHandle(Thread);
    return Status;
}

static DWORD WINAPI BenchEcho(LPVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    while (NT_SUCCESS(NtWaitForSingleObject(BenchRequest, FALSE, NULL))) {
        (void)NtSetEvent(BenchReply, NULL);
    }
    return 0;
}

BENCH_LOOP(BenchRoundTrip, (void)NtSetEvent(BenchRequest, NULL);
           Status = NtWaitForSingleObject(BenchReply, FALSE, NULL);)

static NTSTATUS BenchMakeEvents(PCWSTR RequestName, PCWSTR ReplyName)
{
    BenchRequest = CreateEventW(NULL, FALSE, FALSE, RequestName);
    BenchReply = CreateEventW(NULL, FALSE, FALSE, ReplyName);
    return BenchRequest != NULL && BenchReply != NULL ? STATUS_SUCCESS : RtlGetLastNtStatus();
}

/* The second thread waits for its next request until the process ends. */
static NTSTATUS BenchPrepareB8c(void)
{
    static BOOLEAN Ready;
    NTSTATUS Status;
    HANDLE Thread;

    if (Ready) {
        return STATUS_SUCCESS;
    }
    Status = BenchMakeEvents(NULL, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Thread = CreateThread(NULL, 0, BenchEcho, NULL, 0, NULL);
    if (Thread == NULL) {
        return RtlGetLastNtStatus();
    }
    Ready = TRUE;
    return NtClose(Thread);
}

static NTSTATUS BenchRunB8c(void)
{
    NTSTATUS Status = BenchPrepareB8c();

    return NT_SUCCESS(Status) ? BenchRow("B8c", BenchRoundTrip) : BenchFail("B8c", Status);
}

/* The partner's events have names; the thread of B8c keeps its own. */
static NTSTATUS BenchPrepareB8d(void)
{
    return BenchMakeEvents(L"BenchRequest", L"BenchReply");
}

/* The reply, which goes out when the next message is received, or NULL. */
static PPORT_MESSAGE BenchServe(BENCH_MESSAGE *Message)
{
    HANDLE Port;

    if ((Message->h.Type & 0xFF) == LPC_REQUEST) {
        return &Message->h;
    }
    if ((Message->h.Type & 0xFF) == LPC_CONNECTION_REQUEST &&
        NT_SUCCESS(NtAcceptConnectPort(&Port, NULL, &Message->h, TRUE, NULL, NULL))) {
        (void)NtCompleteConnectPort(Port);
    }
    return NULL;
}

static void BenchServePort(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(BENCH_PORT_NAME);
    OBJECT_ATTRIBUTES Attributes;
    PPORT_MESSAGE Reply = NULL;
    BENCH_MESSAGE Message;
    HANDLE Connection;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    if (!NT_SUCCESS(NtCreatePort(&Connection, &Attributes, 0, sizeof(Message), 0))) {
        return;
    }
    while (NT_SUCCESS(NtReplyWaitReceivePort(Connection, NULL, Reply, &Message.h))) {
        Reply = BenchServe(&Message);
    }
}

static NTSTATUS BenchPrepareB8e(void)
{
    SECURITY_QUALITY_OF_SERVICE Qos = {
        sizeof(Qos), SecurityImpersonation, SECURITY_DYNAMIC_TRACKING, TRUE};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(BENCH_PORT_NAME);

    return NtConnectPort(&BenchPort, &Name, &Qos, NULL, NULL, NULL, NULL, NULL);
}

BENCH_LOOP(BenchRequestReply, BENCH_MESSAGE Message;
           Message.h = (PORT_MESSAGE){.DataLength = sizeof(ULONG),
               .TotalLength = sizeof(PORT_MESSAGE) + sizeof(ULONG)};
           Message.Value = 0; Status = NtRequestWaitReplyPort(BenchPort, &Message.h, &Message.h);)

static NTSTATUS BenchNothingToPrepare(void)
{
    return STATUS_SUCCESS;
}

/* What the other process of a row does. */
static void BenchBePartner(PCSTR Id)
{
    if (strcmp(Id, "B8b") == 0) {
        (void)BenchYieldForever(NULL);
    } else if (strcmp(Id, "B8e") == 0) {
        BenchServePort();
    } else if (NT_SUCCESS(BenchPrepareB8d())) {
        (void)BenchEcho(NULL);
    }
}

static NTSTATUS BenchWithPartner(
    PCSTR Id, PWSTR CommandLine, NTSTATUS (*Prepare)(void), BENCH_OPERATION Operation)
{
    STARTUPINFOW StartupInfo = {.cb = sizeof(StartupInfo)};
    PROCESS_INFORMATION Partner;
    NTSTATUS Status;

    if (!CreateProcessW(L"C:\\programs\\bench.exe", CommandLine, NULL, NULL, FALSE, 0, NULL,
            NULL, &StartupInfo, &Partner)) {
        return BenchFail(Id, RtlGetLastNtStatus());
    }
    BenchLoseBoost(); /* and time for the partner to get ready */
    Status = Prepare();
    Status = NT_SUCCESS(Status) ? BenchRow(Id, Operation) : BenchFail(Id, Status);
    (void)NtTerminateProcess(Partner.hProcess, STATUS_SUCCESS);
    (void)NtWaitForSingleObject(Partner.hProcess, FALSE, NULL);
    CloseHandle(Partner.hThread);
    CloseHandle(Partner.hProcess);
    return Status;
}

static NTSTATUS BenchRunB8b(void)
{
    WCHAR CommandLine[] = L"bench.exe partner B8b";

    return BenchWithPartner("B8b", CommandLine, BenchNothingToPrepare, BenchYield);
}

static NTSTATUS BenchRunB8d(void)
{
    WCHAR CommandLine[] = L"bench.exe partner B8d";
    HANDLE OldRequest = BenchRequest;
    HANDLE OldReply = BenchReply;
    NTSTATUS Status = BenchWithPartner("B8d", CommandLine, BenchPrepareB8d, BenchRoundTrip);

    BenchRequest = OldRequest;
    BenchReply = OldReply;
    return Status;
}

static NTSTATUS BenchRunB8e(void)
{
    WCHAR CommandLine[] = L"bench.exe partner B8e";

    return BenchWithPartner("B8e", CommandLine, BenchPrepareB8e, BenchRequestReply);
}

/* ---- B9: memory ---- */

static NTSTATUS BenchAllocate(PVOID *Base, ULONG Size)
{
    SIZE_T RegionSize = Size;

    *Base = NULL;
    return NtAllocateVirtualMemory(
        NtCurrentProcess(), Base, 0, &RegionSize, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

static NTSTATUS BenchFree(PVOID Base)
{
    SIZE_T Size = 0;

    return NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
}

/* Each fault with its share of the region's release. */
static NTSTATUS BenchDemandZero(ULONG Count)
{
    PVOID Base;
    NTSTATUS Status = BenchAllocate(&Base, Count * BENCH_PAGE);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (ULONG Page = 0; Page < Count; Page++) {
        *((volatile UCHAR *)Base + Page * BENCH_PAGE) = 1;
    }
    return BenchFree(Base);
}

BENCH_LOOP(BenchAllocateFree, PVOID Base; Status = BenchAllocate(&Base, BENCH_REGION);
           if (NT_SUCCESS(Status)) { Status = BenchFree(Base); })

static NTSTATUS BenchProtect(ULONG Protection)
{
    static PVOID Region;
    PVOID Base;
    SIZE_T Size = BENCH_PAGE;
    ULONG Old;

    if (Region == NULL) {
        NTSTATUS Status = BenchAllocate(&Region, BENCH_REGION);

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        *(volatile UCHAR *)Region = 1;
    }
    Base = Region;
    return NtProtectVirtualMemory(NtCurrentProcess(), &Base, &Size, Protection, &Old);
}

BENCH_LOOP(BenchProtectTwice, Status = BenchProtect(PAGE_READONLY);
           if (NT_SUCCESS(Status)) { Status = BenchProtect(PAGE_READWRITE); })

/* ---- B10: objects ---- */

static HANDLE BenchObject(void)
{
    static HANDLE Event;

    if (Event == NULL) {
        (void)!NT_SUCCESS(
            NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE));
    }
    return Event;
}

BENCH_LOOP(BenchCreateEvent, HANDLE Event;
           Status = NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
           if (NT_SUCCESS(Status)) { Status = NtClose(Event); })
BENCH_LOOP(BenchSetEvent, Status = NtSetEvent(BenchObject(), NULL);)
BENCH_LOOP(BenchDuplicate, HANDLE Event;
           Status = NtDuplicateObject(NtCurrentProcess(), BenchObject(), NtCurrentProcess(),
               &Event, 0, 0, DUPLICATE_SAME_ACCESS);
           if (NT_SUCCESS(Status)) { Status = NtClose(Event); })

BENCH_LOOP(BenchCreateSemaphore, HANDLE Semaphore;
           Status = NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 0, MAXLONG);
           if (NT_SUCCESS(Status)) { Status = NtClose(Semaphore); })

static HANDLE BenchSemaphore(void)
{
    static HANDLE Semaphore;

    if (Semaphore == NULL) {
        (void)!NT_SUCCESS(
            NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 0, MAXLONG));
    }
    return Semaphore;
}

BENCH_LOOP(BenchReleaseSemaphore, Status = NtReleaseSemaphore(BenchSemaphore(), 1, NULL);)

/* ---- B11: exceptions ---- */

/* The head is what FS:0 points to; the rest is for the handler. */
typedef struct _BENCH_FRAME {
    EXCEPTION_REGISTRATION_RECORD Registration;
    ULONG Resume; /* where to go on */
    BOOLEAN Unwind;
} BENCH_FRAME;

static EXCEPTION_DISPOSITION NTAPI BenchHandler(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    BENCH_FRAME *Frame = Establisher;

    UNREFERENCED_PARAMETER(Dispatcher);
    Context->Eip = Frame->Resume;
    if (Frame->Unwind) {
        RtlUnwind(Frame, NULL, Record, NULL);
        (void)NtContinue(Context, FALSE); /* dispatching has been unwound, too */
    }
    return ExceptionContinueExecution;
}

static NTSTATUS BenchFault(ULONG Count, BOOLEAN Unwind)
{
    PTEB Teb = NtCurrentTeb();
    BENCH_FRAME Frame = {.Unwind = Unwind};

    Frame.Registration.Handler = BenchHandler;
    Frame.Registration.Next = (PVOID)Teb->NtTib.ExceptionList;
    Teb->NtTib.ExceptionList = (PVOID)&Frame.Registration;
    while (Count-- != 0) {
        __asm__ volatile("movl $1f, %0\n\tmovl 0x10, %%eax\n1:"
                         : "=m"(Frame.Resume)
                         :
                         : "eax", "memory");
    }
    Teb->NtTib.ExceptionList = (PVOID)Frame.Registration.Next;
    return STATUS_SUCCESS;
}

static NTSTATUS BenchFaultResume(ULONG Count)
{
    return BenchFault(Count, FALSE);
}

static NTSTATUS BenchFaultUnwind(ULONG Count)
{
    return BenchFault(Count, TRUE);
}
