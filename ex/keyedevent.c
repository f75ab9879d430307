/* SPDX-License-Identifier: MIT */
/*
 * Keyed events: one object on which the threads of a process meet in pairs, a
 * waiter and a releaser with the same key, whichever comes first.  A key is an
 * even number, usually an address.  Nothing is allocated: who must wait stands in
 * the list with a record on its own kernel stack.
 */
#include "ex/exp.h"

/* Guarded by the object's lock; FIFO among those that fit. */
typedef struct _EXP_KEYED_WAITER {
    LIST_ENTRY ListEntry;
    PVOID Key;
    PKPROCESS Process;
    BOOLEAN Releases; /* came by NtReleaseKeyedEvent */
    BOOLEAN Matched;  /* its partner took it off the list and sets Gate */
    KEVENT Gate;
} EXP_KEYED_WAITER, *PEXP_KEYED_WAITER;

typedef struct _KEYED_EVENT {
    KGUARDED_MUTEX Lock;
    LIST_ENTRY WaiterListHead;
} KEYED_EVENT, *PKEYED_EVENT;

POBJECT_TYPE ExKeyedEventObjectType;

NTSTATUS ExpInitKeyedEvents(void)
{
    static const OBJECT_TYPE_INITIALIZER Info = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | KEYEDEVENT_WAIT,
            STANDARD_RIGHTS_WRITE | KEYEDEVENT_WAKE, STANDARD_RIGHTS_EXECUTE,
            KEYEDEVENT_ALL_ACCESS},
        .ValidAccessMask = KEYEDEVENT_ALL_ACCESS,
        .PoolTag = POOL_TAG('K', 'e', 'y', 'e'),
        .BodySize = sizeof(KEYED_EVENT),
    };

    return ObCreateObjectType(L"KeyedEvent", &Info, &ExKeyedEventObjectType);
}

NTSTATUS NTAPI NtCreateKeyedEvent(HANDLE __user *KeyedEventHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, ULONG Flags)
{
    HANDLE Handle = NULL;
    PVOID Object;
    PKEYED_EVENT Event;
    NTSTATUS Status;

    if (Flags != 0) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Status = ObCreateObject(
        KeGetPreviousMode(), ExKeyedEventObjectType, ObjectAttributes, 0, &Object);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Event = Object;
    KeInitializeGuardedMutex(&Event->Lock, LockLevelKeyedEvent);
    InitializeListHead(&Event->WaiterListHead);
    Status = ObInsertObject(Event, DesiredAccess, &Handle);
    return ObReturnHandle(KeyedEventHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenKeyedEvent(HANDLE __user *KeyedEventHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, ExKeyedEventObjectType,
        KeGetPreviousMode(), DesiredAccess, NULL, &Handle);

    return ObReturnHandle(KeyedEventHandle, Handle, Status);
}

/* Lock held: wakes the first that waits for one like Own; FALSE: there is none. */
static BOOLEAN ExpWakePartner(PKEYED_EVENT Event, const EXP_KEYED_WAITER *Own)
{
    PLIST_ENTRY Head = &Event->WaiterListHead;

    for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        PEXP_KEYED_WAITER Other = CONTAINING_RECORD(Entry, EXP_KEYED_WAITER, ListEntry);

        if (Other->Key == Own->Key && Other->Process == Own->Process &&
            Other->Releases != Own->Releases) {
            (void)RemoveEntryList(&Other->ListEntry);
            Other->Matched = TRUE;
            (void)KeSetEvent(&Other->Gate, EVENT_INCREMENT, FALSE);
            return TRUE;
        }
    }
    return FALSE;
}

/* A partner that came before the wait ended counts: then the wait succeeded after all. */
static NTSTATUS ExpEndMeeting(PKEYED_EVENT Event, PEXP_KEYED_WAITER Own, NTSTATUS Status)
{
    KeAcquireGuardedMutex(&Event->Lock);
    if (!Own->Matched) {
        (void)RemoveEntryList(&Own->ListEntry);
    } else {
        Status = STATUS_SUCCESS;
    }
    KeReleaseGuardedMutex(&Event->Lock);
    return Status;
}

static NTSTATUS ExpMeet(
    PKEYED_EVENT Event, PEXP_KEYED_WAITER Own, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    BOOLEAN Met;
    NTSTATUS Status;

    KeAcquireGuardedMutex(&Event->Lock);
    Met = ExpWakePartner(Event, Own);
    if (!Met) {
        InsertTailList(&Event->WaiterListHead, &Own->ListEntry);
    }
    KeReleaseGuardedMutex(&Event->Lock);
    if (Met) {
        return STATUS_SUCCESS;
    }
    Status = KeWaitForSingleObject(
        &Own->Gate, WrKeyedEvent, KeGetPreviousMode(), Alertable, Timeout);
    return Status == STATUS_SUCCESS ? Status : ExpEndMeeting(Event, Own, Status);
}

static NTSTATUS ExpUseKeyedEvent(HANDLE Handle, PVOID Key, BOOLEAN Alertable,
    LARGE_INTEGER __user *Timeout, BOOLEAN Releases)
{
    EXP_KEYED_WAITER Own = {
        .Key = Key, .Process = KeGetCurrentProcess(), .Releases = Releases};
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Limit;
    PVOID Event;
    NTSTATUS Status;

    if (((ULONG_PTR)Key & 1) != 0) {
        return STATUS_INVALID_PARAMETER_1;
    }
    Status = MmCaptureTimeout(Timeout, &Storage, &Limit);
    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(Handle, Releases ? KEYEDEVENT_WAKE : KEYEDEVENT_WAIT,
            ExKeyedEventObjectType, KeGetPreviousMode(), &Event, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeEvent(&Own.Gate, SynchronizationEvent, FALSE);
    Status = ExpMeet(Event, &Own, Alertable, Limit);
    ObDereferenceObject(Event);
    return Status;
}

NTSTATUS NTAPI NtWaitForKeyedEvent(
    HANDLE KeyedEventHandle, PVOID Key, BOOLEAN Alertable, LARGE_INTEGER __user *Timeout)
{
    return ExpUseKeyedEvent(KeyedEventHandle, Key, Alertable, Timeout, FALSE);
}

/* Waits, too: until a waiter with this key has been woken. */
NTSTATUS NTAPI NtReleaseKeyedEvent(
    HANDLE KeyedEventHandle, PVOID Key, BOOLEAN Alertable, LARGE_INTEGER __user *Timeout)
{
    return ExpUseKeyedEvent(KeyedEventHandle, Key, Alertable, Timeout, TRUE);
}
