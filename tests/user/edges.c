/* SPDX-License-Identifier: MIT */
/*
 * edges.exe: every call for every kind of dispatcher object with the right it needs,
 * without it, through a handle of each other kind, and through none; names taken,
 * shared and mistaken; and what becomes of an object when its handle is closed or its
 * waiter killed in the middle of a wait.  subsystem: native
 */
#include "tests/user/ktap.h"


typedef NTSTATUS (*CREATE)(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
typedef NTSTATUS (*CALL)(HANDLE Handle);

static LARGE_INTEGER NoTime = {.QuadPart = 0};

/* ---- The kinds ------------------------------------------------------------------- */

static NTSTATUS CreateEvent_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtCreateEvent(Handle, Access, Attributes, SynchronizationEvent, FALSE);
}

static NTSTATUS OpenEvent_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtOpenEvent(Handle, Access, Attributes);
}

static NTSTATUS CreateSemaphore_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtCreateSemaphore(Handle, Access, Attributes, 0, 0x7FFFFFFF);
}

static NTSTATUS OpenSemaphore_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtOpenSemaphore(Handle, Access, Attributes);
}

static NTSTATUS CreateMutant_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtCreateMutant(Handle, Access, Attributes, TRUE);
}

static NTSTATUS OpenMutant_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtOpenMutant(Handle, Access, Attributes);
}

static NTSTATUS CreateTimer_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtCreateTimer(Handle, Access, Attributes, SynchronizationTimer);
}

static NTSTATUS OpenTimer_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtOpenTimer(Handle, Access, Attributes);
}

static NTSTATUS CreatePort_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtCreateIoCompletion(Handle, Access, Attributes, 0);
}

static NTSTATUS OpenPort_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtOpenIoCompletion(Handle, Access, Attributes);
}

static NTSTATUS CreateKeyed_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtCreateKeyedEvent(Handle, Access, Attributes, 0);
}

static NTSTATUS OpenKeyed_(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes)
{
    return NtOpenKeyedEvent(Handle, Access, Attributes);
}

/* ---- The calls; all return at once ------------------------------------------------------ */

static NTSTATUS Set(HANDLE Handle)
{
    return NtSetEvent(Handle, NULL);
}

static NTSTATUS Pulse(HANDLE Handle)
{
    return NtPulseEvent(Handle, NULL);
}

static NTSTATUS Reset(HANDLE Handle)
{
    return NtResetEvent(Handle, NULL);
}

static NTSTATUS Clear(HANDLE Handle)
{
    return NtClearEvent(Handle);
}

static NTSTATUS QueryEvent(HANDLE Handle)
{
    EVENT_BASIC_INFORMATION Basic;

    return NtQueryEvent(Handle, EventBasicInformation, &Basic, sizeof(Basic), NULL);
}

static NTSTATUS ReleaseOne(HANDLE Handle)
{
    return NtReleaseSemaphore(Handle, 1, NULL);
}

static NTSTATUS QuerySemaphore(HANDLE Handle)
{
    SEMAPHORE_BASIC_INFORMATION Basic;

    return NtQuerySemaphore(Handle, SemaphoreBasicInformation, &Basic, sizeof(Basic), NULL);
}

static NTSTATUS Release(HANDLE Handle)
{
    return NtReleaseMutant(Handle, NULL);
}

static NTSTATUS QueryMutant(HANDLE Handle)
{
    MUTANT_BASIC_INFORMATION Basic;

    return NtQueryMutant(Handle, MutantBasicInformation, &Basic, sizeof(Basic), NULL);
}

static NTSTATUS SetDue(HANDLE Handle)
{
    return NtSetTimer(Handle, &NoTime, NULL, NULL, FALSE, 0, NULL);
}

static NTSTATUS Cancel(HANDLE Handle)
{
    return NtCancelTimer(Handle, NULL);
}

static NTSTATUS QueryTimer(HANDLE Handle)
{
    TIMER_BASIC_INFORMATION Basic;

    return NtQueryTimer(Handle, TimerBasicInformation, &Basic, sizeof(Basic), NULL);
}

static NTSTATUS Put(HANDLE Handle)
{
    return NtSetIoCompletion(Handle, NULL, NULL, STATUS_SUCCESS, 0);
}

static NTSTATUS Take(HANDLE Handle)
{
    PVOID Key, Context;
    IO_STATUS_BLOCK Iosb;

    return NtRemoveIoCompletion(Handle, &Key, &Context, &Iosb, &NoTime);
}

static NTSTATUS QueryPort(HANDLE Handle)
{
    IO_COMPLETION_BASIC_INFORMATION Basic;

    return NtQueryIoCompletion(
        Handle, IoCompletionBasicInformation, &Basic, sizeof(Basic), NULL);
}

static NTSTATUS WaitKeyed(HANDLE Handle)
{
    return NtWaitForKeyedEvent(Handle, NULL, FALSE, &NoTime);
}

static NTSTATUS ReleaseKeyed(HANDLE Handle)
{
    return NtReleaseKeyedEvent(Handle, NULL, FALSE, &NoTime);
}

static NTSTATUS Wait(HANDLE Handle)
{
    return NtWaitForSingleObject(Handle, FALSE, &NoTime);
}

static NTSTATUS WaitAmongTwo(HANDLE Handle)
{
    HANDLE Handles[2] = {Handle, Handle};

    return NtWaitForMultipleObjects(2, Handles, WaitAny, FALSE, &NoTime);
}

static NTSTATUS SignalAndWait(HANDLE Handle)
{
    return NtSignalAndWaitForSingleObject(Handle, NtCurrentThread(), FALSE, &NoTime);
}

static NTSTATUS SignalSelfAndWait(HANDLE Handle)
{
    static HANDLE Event;

    if (Event == NULL) {
        (void)NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, TRUE);
    }
    return NtSignalAndWaitForSingleObject(Event, Handle, FALSE, &NoTime);
}

/* ---- What needs which right -------------------------------------------------------------- */

/* Not in the stock headers, as the other query rights are. */
#define EVENT_QUERY     0x0001
#define SEMAPHORE_QUERY 0x0001

enum { Event, Semaphore, Mutant, Timer, Port, Keyed, KindCount, Waitables = Port };

static const struct {
    PCSTR Name;
    ACCESS_MASK All;
    CREATE Create, Open;
} Kinds[KindCount] = {
    [Event] = {"event", EVENT_ALL_ACCESS, CreateEvent_, OpenEvent_},
    [Semaphore] = {"semaphore", SEMAPHORE_ALL_ACCESS, CreateSemaphore_, OpenSemaphore_},
    [Mutant] = {"mutant", MUTANT_ALL_ACCESS, CreateMutant_, OpenMutant_},
    [Timer] = {"timer", TIMER_ALL_ACCESS, CreateTimer_, OpenTimer_},
    [Port] = {"port", IO_COMPLETION_ALL_ACCESS, CreatePort_, OpenPort_},
    [Keyed] = {"keyed event", KEYEDEVENT_ALL_ACCESS, CreateKeyed_, OpenKeyed_},
};

#define ANY_WAITABLE (-1)

/* In an order in which each of one kind gives what is expected. */
static const struct {
    PCSTR Name;
    LONG Kind;
    ACCESS_MASK Right; /* 0: none */
    CALL Call;
    NTSTATUS Expected; /* with the right */
} Calls[] = {
    {"NtPulseEvent", Event, EVENT_MODIFY_STATE, Pulse, STATUS_SUCCESS},
    {"NtResetEvent", Event, EVENT_MODIFY_STATE, Reset, STATUS_SUCCESS},
    {"NtClearEvent", Event, EVENT_MODIFY_STATE, Clear, STATUS_SUCCESS},
    {"NtQueryEvent", Event, EVENT_QUERY, QueryEvent, STATUS_SUCCESS},
    {"NtSetEvent", Event, EVENT_MODIFY_STATE, Set, STATUS_SUCCESS},
    {"NtQuerySemaphore", Semaphore, SEMAPHORE_QUERY, QuerySemaphore, STATUS_SUCCESS},
    {"NtReleaseSemaphore", Semaphore, SEMAPHORE_MODIFY_STATE, ReleaseOne, STATUS_SUCCESS},
    {"NtQueryMutant", Mutant, MUTANT_QUERY_STATE, QueryMutant, STATUS_SUCCESS},
    {"NtReleaseMutant", Mutant, 0, Release, STATUS_SUCCESS},
    {"NtReleaseMutant again", Mutant, 0, Release, STATUS_MUTANT_NOT_OWNED},
    {"NtQueryTimer", Timer, TIMER_QUERY_STATE, QueryTimer, STATUS_SUCCESS},
    {"NtCancelTimer", Timer, TIMER_MODIFY_STATE, Cancel, STATUS_SUCCESS},
    {"NtSetTimer", Timer, TIMER_MODIFY_STATE, SetDue, STATUS_SUCCESS},
    {"NtRemoveIoCompletion", Port, IO_COMPLETION_MODIFY_STATE, Take, STATUS_TIMEOUT},
    {"NtSetIoCompletion", Port, IO_COMPLETION_MODIFY_STATE, Put, STATUS_SUCCESS},
    {"NtQueryIoCompletion", Port, IO_COMPLETION_QUERY_STATE, QueryPort, STATUS_SUCCESS},
    {"NtWaitForKeyedEvent", Keyed, KEYEDEVENT_WAIT, WaitKeyed, STATUS_TIMEOUT},
    {"NtReleaseKeyedEvent", Keyed, KEYEDEVENT_WAKE, ReleaseKeyed, STATUS_TIMEOUT},
    {"NtWaitForSingleObject", ANY_WAITABLE, SYNCHRONIZE, Wait, STATUS_SUCCESS},
    {"NtWaitForSingleObject, used up", Event, SYNCHRONIZE, Wait, STATUS_TIMEOUT},
    {"NtWaitForSingleObject, used up", Semaphore, SYNCHRONIZE, Wait, STATUS_TIMEOUT},
    {"NtWaitForSingleObject, owned", Mutant, SYNCHRONIZE, Wait, STATUS_SUCCESS},
    {"NtWaitForSingleObject, used up", Timer, SYNCHRONIZE, Wait, STATUS_TIMEOUT},
    {"NtSignalAndWaitForSingleObject", Event, EVENT_MODIFY_STATE, SignalAndWait, STATUS_TIMEOUT},
    {"NtSignalAndWaitForSingleObject", Semaphore, SEMAPHORE_MODIFY_STATE, SignalAndWait,
        STATUS_TIMEOUT},
    {"NtSignalAndWaitForSingleObject", Mutant, 0, SignalAndWait, STATUS_TIMEOUT},
    {"NtWaitForMultipleObjects", Event, SYNCHRONIZE, WaitAmongTwo, STATUS_SUCCESS},
    {"NtWaitForMultipleObjects", Semaphore, SYNCHRONIZE, WaitAmongTwo, STATUS_SUCCESS},
    {"NtWaitForMultipleObjects", Timer, SYNCHRONIZE, WaitAmongTwo, STATUS_TIMEOUT},
    {"NtSignalAndWaitForSingleObject, waiting", Event, SYNCHRONIZE, SignalSelfAndWait,
        STATUS_TIMEOUT},
};

static BOOLEAN Takes(ULONG Index, LONG Kind)
{
    CALL Call = Calls[Index].Call;

    if (Call == SignalAndWait) {
        return Kind <= Mutant;
    }
    return Call == Wait || Call == WaitAmongTwo || Call == SignalSelfAndWait
        ? Kind < Waitables
        : Kind == Calls[Index].Kind;
}

/* Index's call for an object of its kind, with just its right, and with all but it. */
static void TestRight(ULONG Index, HANDLE Full, LONG Kind)
{
    ACCESS_MASK Right = Calls[Index].Right;
    HANDLE Weak = NULL;

    (void)NtDuplicateObject(NtCurrentProcess(), Full, NtCurrentProcess(), &Weak,
        Kinds[Kind].All & ~Right, 0, 0);
    if (Right != 0) {
        (void)KtapStatus(Calls[Index].Call(Weak), STATUS_ACCESS_DENIED, Calls[Index].Name);
    }
    (void)NtClose(Weak);
    (void)KtapStatus(Calls[Index].Call(Weak), STATUS_INVALID_HANDLE, Calls[Index].Name);
    (void)NtDuplicateObject(
        NtCurrentProcess(), Full, NtCurrentProcess(), &Weak, Right, 0, 0);
    (void)KtapStatus(Calls[Index].Call(Weak), Calls[Index].Expected, Calls[Index].Name);
    (void)NtClose(Weak);
}

/* A keyed event cannot be waited for, nor has its handle a right to. */
static NTSTATUS ExpectedMismatch(ULONG Index, LONG Kind)
{
    return Kind == Keyed && Calls[Index].Right == SYNCHRONIZE ? STATUS_ACCESS_DENIED
                                                              : STATUS_OBJECT_TYPE_MISMATCH;
}

static void TestCalls(void)
{
    HANDLE Full[KindCount];

    for (LONG i = 0; i < KindCount; i++) {
        (void)KtapStatus(Kinds[i].Create(&Full[i], Kinds[i].All, NULL), STATUS_SUCCESS,
            Kinds[i].Name);
    }
    for (ULONG n = 0; n < ARRAYSIZE(Calls); n++) {
        for (LONG i = 0; i < KindCount; i++) {
            if (!Takes(n, i)) {
                (void)KtapStatus(
                    Calls[n].Call(Full[i]), ExpectedMismatch(n, i), Calls[n].Name);
            } else if (Calls[n].Kind == i || Calls[n].Kind == ANY_WAITABLE) {
                TestRight(n, Full[i], i);
            }
        }
    }
    for (LONG i = 0; i < KindCount; i++) {
        (void)NtClose(Full[i]);
    }
}

/* ---- Names -------------------------------------------------------------------------------- */

static void TestNames(LONG Kind)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\Edge");
    OBJECT_ATTRIBUTES Named;
    LONG Other = (Kind + 1) % KindCount;
    HANDLE First, Second;

    InitializeObjectAttributes(&Named, &Name, 0, NULL, NULL);
    (void)KtapStatus(Kinds[Kind].Open(&Second, Kinds[Kind].All, &Named),
        STATUS_OBJECT_NAME_NOT_FOUND, "open before it is");
    (void)KtapStatus(
        Kinds[Kind].Create(&First, Kinds[Kind].All, &Named), STATUS_SUCCESS, Kinds[Kind].Name);
    (void)KtapStatus(Kinds[Kind].Create(&Second, Kinds[Kind].All, &Named),
        STATUS_OBJECT_NAME_COLLISION, "the name again");
    (void)KtapStatus(Kinds[Other].Create(&Second, Kinds[Other].All, &Named),
        STATUS_OBJECT_NAME_COLLISION, "for another kind");
    (void)KtapStatus(Kinds[Other].Open(&Second, Kinds[Other].All, &Named),
        STATUS_OBJECT_TYPE_MISMATCH, "opened as another kind");
    (void)KtapStatus(Kinds[Kind].Open(&Second, Kinds[Kind].All | 0x0100, &Named),
        STATUS_ACCESS_DENIED, "with a right that it has not");
    Named.Attributes = OBJ_OPENIF;
    (void)KtapStatus(Kinds[Other].Create(&Second, Kinds[Other].All, &Named),
        STATUS_OBJECT_TYPE_MISMATCH, "OBJ_OPENIF for another kind");
    (void)KtapStatus(Kinds[Kind].Create(&Second, Kinds[Kind].All, &Named),
        STATUS_OBJECT_NAME_EXISTS, "OBJ_OPENIF");
    (void)NtClose(First);
    Named.Attributes = OBJ_CASE_INSENSITIVE;
    (void)KtapStatus(
        Kinds[Kind].Open(&First, GENERIC_ALL, &Named), STATUS_SUCCESS, "the name is still there");
    (void)NtClose(First);
    (void)NtClose(Second);
    (void)KtapStatus(Kinds[Kind].Open(&Second, Kinds[Kind].All, &Named),
        STATUS_OBJECT_NAME_NOT_FOUND, "and now is not");
}

static void TestAttributes(LONG Kind)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_OPENLINK, NULL, NULL);
    (void)KtapStatus(Kinds[Kind].Create(&Handle, Kinds[Kind].All, &Attributes),
        STATUS_INVALID_PARAMETER, "OBJ_OPENLINK is for symbolic links");
    Attributes.Attributes = 0x10000;
    (void)KtapStatus(Kinds[Kind].Create(&Handle, Kinds[Kind].All, &Attributes),
        STATUS_INVALID_PARAMETER, "attributes that nobody knows");
    Attributes.Attributes = 0;
    Attributes.Length--;
    (void)KtapStatus(Kinds[Kind].Create(&Handle, Kinds[Kind].All, &Attributes),
        STATUS_INVALID_PARAMETER, "a wrong length");
    (void)KtapStatus(Kinds[Kind].Open(&Handle, Kinds[Kind].All, NULL),
        STATUS_INVALID_PARAMETER, "opened without attributes");
}

/* ---- In the middle of a wait ------------------------------------------------------------------ */

typedef struct _WAITER {
    HANDLE Handle; /* closed by others meanwhile */
    LONG Kind;
    NTSTATUS Status;
    volatile ULONG Ready;
} WAITER;

static NTSTATUS NTAPI WaitLong(PVOID Parameter)
{
    WAITER *Waiter = Parameter;
    PVOID Key, Context;
    IO_STATUS_BLOCK Iosb;

    Waiter->Ready = 1;
    if (Waiter->Kind == Port) {
        Waiter->Status = NtRemoveIoCompletion(Waiter->Handle, &Key, &Context, &Iosb, NULL);
    } else if (Waiter->Kind == Keyed) {
        Waiter->Status = NtWaitForKeyedEvent(Waiter->Handle, NULL, FALSE, NULL);
    } else {
        Waiter->Status = NtWaitForSingleObject(Waiter->Handle, FALSE, NULL);
    }
    RtlExitUserThread(STATUS_SUCCESS);
    return STATUS_SUCCESS;
}

/* What makes the wait end; the mutant is the caller's. */
static NTSTATUS Signal(LONG Kind, HANDLE Handle)
{
    static const CALL Signals[] = {
        [Event] = Set, [Semaphore] = ReleaseOne, [Mutant] = Release, [Timer] = SetDue, [Port] = Put};

    return Kind == Keyed ? NtReleaseKeyedEvent(Handle, NULL, FALSE, NULL) : Signals[Kind](Handle);
}

static HANDLE StartWaiter(WAITER *Waiter, LONG Kind, HANDLE Handle)
{
    LARGE_INTEGER Short = {.QuadPart = -300000};
    HANDLE Thread = NULL;

    *Waiter = (WAITER){.Handle = Handle, .Kind = Kind, .Status = STATUS_PENDING};
    (void)KtapStatus(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, WaitLong,
                         Waiter, &Thread, NULL), STATUS_SUCCESS, "a waiter");
    while (Waiter->Ready == 0) {
        (void)NtYieldExecution();
    }
    (void)NtDelayExecution(FALSE, &Short); /* it goes on to wait */
    return Thread;
}

static void TestWaiters(LONG Kind)
{
    HANDLE Handle = NULL, Copy = NULL, Thread;
    WAITER Waiter;

    (void)Kinds[Kind].Create(&Handle, Kinds[Kind].All, NULL);
    (void)NtDuplicateObject(NtCurrentProcess(), Handle, NtCurrentProcess(), &Copy, 0, 0,
        DUPLICATE_SAME_ACCESS);
    Thread = StartWaiter(&Waiter, Kind, Copy);
    (void)KtapStatus(NtClose(Copy), STATUS_SUCCESS, "the waiter's handle is closed");
    (void)KtapStatus(Waiter.Status, STATUS_PENDING, "it goes on waiting");
    (void)KtapStatus(Signal(Kind, Handle), STATUS_SUCCESS, "a signal");
    (void)KtapStatus(NtWaitForSingleObject(Thread, FALSE, NULL), STATUS_SUCCESS, "wakes it");
    (void)KtapStatus(Waiter.Status, STATUS_SUCCESS, Kinds[Kind].Name);
    (void)NtClose(Thread);
    if (Kind == Mutant) {
        (void)KtapStatus(Wait(Handle), STATUS_ABANDONED_WAIT_0, "it has ended as the owner");
    }
    Thread = StartWaiter(&Waiter, Kind, Handle);
    (void)KtapStatus(NtTerminateThread(Thread, STATUS_SUCCESS), STATUS_SUCCESS, "a waiter killed");
    (void)KtapStatus(NtWaitForSingleObject(Thread, FALSE, NULL), STATUS_SUCCESS, "ends");
    (void)NtClose(Thread);
    if (Kind != Keyed) {
        (void)KtapStatus(Signal(Kind, Handle), STATUS_SUCCESS, "a signal");
        (void)KtapStatus(Kind == Port ? Take(Handle) : Wait(Handle), STATUS_SUCCESS,
            "is there for the next");
    } else {
        (void)KtapStatus(ReleaseKeyed(Handle), STATUS_TIMEOUT, "nobody is there to be released");
    }
    (void)NtClose(Handle);
}

/* The last handle closed: the waiter has the object alone, and dies with it. */
static void TestAlone(LONG Kind)
{
    HANDLE Handle = NULL, Thread;
    WAITER Waiter;

    (void)Kinds[Kind].Create(&Handle, Kinds[Kind].All, NULL);
    Thread = StartWaiter(&Waiter, Kind, Handle);
    (void)NtClose(Handle);
    (void)NtTerminateThread(Thread, STATUS_SUCCESS);
    (void)KtapStatus(NtWaitForSingleObject(Thread, FALSE, NULL), STATUS_SUCCESS, "the last one");
    (void)NtClose(Thread);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    TestCalls();
    for (LONG i = 0; i < KindCount; i++) {
        TestNames(i);
        TestAttributes(i);
        TestWaiters(i);
        TestAlone(i);
    }
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
