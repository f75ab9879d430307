/* SPDX-License-Identifier: MIT */
/*
 * handles.exe: handles, access rights, and the objects behind them.
 * subsystem: native
 */
#include "tests/user/ktap.h"

static const LARGE_INTEGER Now = {.QuadPart = 0};

static NTSTATUS Poll(HANDLE Handle)
{
    return NtWaitForSingleObject(Handle, FALSE, (PLARGE_INTEGER)&Now);
}

static HANDLE MakeEvent(EVENT_TYPE Type)
{
    HANDLE Event = NULL;

    (void)KtapStatus(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, Type, FALSE), STATUS_SUCCESS,
        "an event");
    return Event;
}

static ACCESS_MASK AccessOf(HANDLE Handle)
{
    OBJECT_BASIC_INFORMATION Information = {0};

    (void)NtQueryObject(
        Handle, ObjectBasicInformation, &Information, sizeof(Information), NULL);
    return Information.GrantedAccess;
}

static void TestClose(void)
{
    HANDLE Event = MakeEvent(NotificationEvent);

    (void)KtapCheck(((ULONG_PTR)Event & 3) == 0, "handles are multiples of 4");
    (void)KtapStatus(NtSetEvent((HANDLE)((ULONG_PTR)Event | 3), NULL), STATUS_SUCCESS,
        "the two low bits do not count");
    (void)KtapStatus(NtClose(Event), STATUS_SUCCESS, "close");
    (void)KtapStatus(NtClose(Event), STATUS_INVALID_HANDLE, "close again");
    (void)KtapStatus(NtSetEvent(Event, NULL), STATUS_INVALID_HANDLE, "use after close");
    (void)KtapStatus(NtClose(NULL), STATUS_INVALID_HANDLE, "close of NULL");
    (void)KtapStatus(NtClose((HANDLE)0x7FFFFFF0), STATUS_INVALID_HANDLE, "far out of range");
}

static void TestAccess(void)
{
    HANDLE Event = MakeEvent(NotificationEvent);
    HANDLE Weak = NULL;

    (void)KtapStatus(NtDuplicateObject(NtCurrentProcess(), Event, NtCurrentProcess(), &Weak,
                         SYNCHRONIZE, 0, 0),
        STATUS_SUCCESS, "a handle that can only wait");
    (void)KtapEqual(AccessOf(Weak), SYNCHRONIZE, "it has just that right");
    (void)KtapStatus(NtSetEvent(Weak, NULL), STATUS_ACCESS_DENIED, "set through it");
    (void)KtapStatus(Poll(Weak), STATUS_TIMEOUT, "wait through it");
    (void)KtapStatus(NtSetEvent(Event, NULL), STATUS_SUCCESS, "set through the other");
    (void)KtapStatus(Poll(Weak), STATUS_SUCCESS, "both are the same event");
    (void)KtapStatus(NtReleaseMutant(Event, NULL), STATUS_OBJECT_TYPE_MISMATCH, "not a mutant");
    (void)NtClose(Weak);
    (void)NtClose(Event);
}

static void TestDuplicate(void)
{
    HANDLE Event = MakeEvent(NotificationEvent);
    HANDLE Copy = NULL;
    OBJECT_DATA_INFORMATION Data = {0};

    (void)KtapStatus(NtDuplicateObject(NtCurrentProcess(), Event, NtCurrentProcess(), &Copy, 0,
                         OBJ_INHERIT, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE),
        STATUS_SUCCESS, "duplicate and close the source");
    (void)KtapStatus(NtClose(Event), STATUS_INVALID_HANDLE, "the source is closed");
    (void)KtapEqual(AccessOf(Copy), EVENT_ALL_ACCESS, "the same access");
    (void)KtapStatus(NtQueryObject(Copy, (OBJECT_INFORMATION_CLASS)ObjectDataInformation, &Data,
                         sizeof(Data), NULL),
        STATUS_SUCCESS, "handle attributes");
    (void)KtapCheck(Data.InheritHandle && !Data.ProtectFromClose, "it is inheritable");
    (void)NtClose(Copy);
    (void)KtapStatus(NtDuplicateObject(NtCurrentProcess(), Event, NtCurrentProcess(), &Copy, 0, 0,
                         DUPLICATE_SAME_ACCESS),
        STATUS_INVALID_HANDLE, "duplicate of nothing");
}

/* Enough for a handle table of two levels. */
static void TestMany(void)
{
    static HANDLE Handles[1500];
    HANDLE Event = MakeEvent(NotificationEvent);
    ULONG Made = 0;
    BOOLEAN Distinct = TRUE;

    while (Made < ARRAYSIZE(Handles) &&
           NT_SUCCESS(NtDuplicateObject(NtCurrentProcess(), Event, NtCurrentProcess(),
               &Handles[Made], 0, 0, DUPLICATE_SAME_ACCESS))) {
        Distinct &= Made == 0 || Handles[Made] != Handles[Made - 1];
        Made++;
    }
    (void)KtapEqual(Made, ARRAYSIZE(Handles), "1,500 handles of one event");
    (void)KtapCheck(Distinct, "each has its own value");
    (void)KtapStatus(NtSetEvent(Handles[Made - 1], NULL), STATUS_SUCCESS, "the last works");
    while (Made != 0 && NT_SUCCESS(NtClose(Handles[Made - 1]))) {
        Made--;
    }
    (void)KtapEqual(Made, 0, "all can be closed");
    (void)NtClose(Event);
}

static NTSTATUS CreateNamed(PCWSTR Path, ULONG Flags, PHANDLE Event)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, Flags, NULL, NULL);
    return NtCreateEvent(Event, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
}

static NTSTATUS OpenNamed(PCWSTR Path, ULONG Flags, PHANDLE Event)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, Flags, NULL, NULL);
    return NtOpenEvent(Event, EVENT_ALL_ACCESS, &Attributes);
}

static void TestNames(void)
{
    HANDLE First = NULL;
    HANDLE Second = NULL;

    (void)KtapStatus(CreateNamed(L"\\TestEvent", 0, &First), STATUS_SUCCESS, "a name");
    (void)KtapStatus(CreateNamed(L"\\TestEvent", 0, &Second), STATUS_OBJECT_NAME_COLLISION,
        "the same name again");
    (void)KtapStatus(CreateNamed(L"\\TestEvent", OBJ_OPENIF, &Second), STATUS_OBJECT_NAME_EXISTS,
        "with OBJ_OPENIF");
    (void)NtClose(Second);
    (void)KtapStatus(OpenNamed(L"\\testevent", OBJ_CASE_INSENSITIVE, &Second), STATUS_SUCCESS,
        "whatever the case");
    (void)NtClose(Second);
    (void)KtapStatus(OpenNamed(L"TestEvent", 0, &Second), STATUS_OBJECT_PATH_SYNTAX_BAD,
        "a path without a root");
    (void)KtapStatus(OpenNamed(L"\\Nowhere\\TestEvent", 0, &Second),
        STATUS_OBJECT_PATH_NOT_FOUND, "a directory that is not there");
    (void)NtClose(First);
    (void)KtapStatus(OpenNamed(L"\\TestEvent", 0, &Second), STATUS_OBJECT_NAME_NOT_FOUND,
        "the name goes with the last handle");
}

static void TestEvents(void)
{
    HANDLE Event = MakeEvent(SynchronizationEvent);
    LONG Previous = 7;

    (void)KtapStatus(Poll(Event), STATUS_TIMEOUT, "not signalled");
    (void)NtSetEvent(Event, &Previous);
    (void)KtapEqual((ULONG_PTR)Previous, 0, "set says that it was not");
    (void)KtapStatus(Poll(Event), STATUS_SUCCESS, "signalled");
    (void)KtapStatus(Poll(Event), STATUS_TIMEOUT, "one wait took it");
    (void)NtClose(Event);
}

static void TestMutantAndSemaphore(void)
{
    HANDLE Mutant = NULL;
    HANDLE Semaphore = NULL;
    LONG Previous = 7;

    (void)KtapStatus(
        NtCreateMutant(&Mutant, MUTEX_ALL_ACCESS, NULL, TRUE), STATUS_SUCCESS, "owned mutant");
    (void)KtapStatus(Poll(Mutant), STATUS_SUCCESS, "its owner may take it again");
    (void)KtapStatus(NtReleaseMutant(Mutant, NULL), STATUS_SUCCESS, "release");
    (void)KtapStatus(NtReleaseMutant(Mutant, NULL), STATUS_SUCCESS, "release");
    (void)KtapStatus(NtReleaseMutant(Mutant, NULL), STATUS_MUTANT_NOT_OWNED, "once too often");
    (void)NtClose(Mutant);

    (void)KtapStatus(NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 2, 1),
        STATUS_INVALID_PARAMETER, "semaphore above its limit");
    (void)KtapStatus(NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 1, 2),
        STATUS_SUCCESS, "semaphore");
    (void)KtapStatus(Poll(Semaphore), STATUS_SUCCESS, "one is there");
    (void)KtapStatus(Poll(Semaphore), STATUS_TIMEOUT, "no more");
    (void)KtapStatus(NtReleaseSemaphore(Semaphore, 2, &Previous), STATUS_SUCCESS, "two more");
    (void)KtapEqual((ULONG_PTR)Previous, 0, "there were none");
    (void)KtapStatus(NtReleaseSemaphore(Semaphore, 1, NULL), STATUS_SEMAPHORE_LIMIT_EXCEEDED,
        "one too many");
    (void)NtClose(Semaphore);
}

static void TestMultiple(void)
{
    HANDLE Events[2] = {MakeEvent(NotificationEvent), MakeEvent(NotificationEvent)};
    LARGE_INTEGER Poll = Now;

    (void)NtSetEvent(Events[1], NULL);
    (void)KtapStatus(NtWaitForMultipleObjects(2, Events, WaitAny, FALSE, &Poll), (NTSTATUS)1,
        "any of two, the second");
    (void)KtapStatus(NtWaitForMultipleObjects(2, Events, WaitAll, FALSE, &Poll), STATUS_TIMEOUT,
        "all of two");
    (void)NtSetEvent(Events[0], NULL);
    (void)KtapStatus(NtWaitForMultipleObjects(2, Events, WaitAll, FALSE, &Poll), STATUS_WAIT_0,
        "all of two, now");
    (void)KtapStatus(NtWaitForMultipleObjects(0, Events, WaitAny, FALSE, &Poll),
        STATUS_INVALID_PARAMETER_1, "none");
    (void)KtapStatus(NtWaitForMultipleObjects(65, Events, WaitAny, FALSE, &Poll),
        STATUS_INVALID_PARAMETER_1, "65");
    (void)NtClose(Events[0]);
    (void)NtClose(Events[1]);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Before = KtapHandles();

    UNREFERENCED_PARAMETER(Peb);
    TestClose();
    TestAccess();
    TestDuplicate();
    TestMany();
    TestNames();
    TestEvents();
    TestMutantAndSemaphore();
    TestMultiple();
    (void)KtapEqual(KtapHandles(), Before, "as many handles as before");
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
