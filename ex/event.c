/* SPDX-License-Identifier: MIT */
/*
 * Events as objects: Ke's KEVENT with a name, handles and access rights.
 *
 * mutant.c and semaphore.c do the same for their kinds.
 */
#include "ex/exp.h"
#include "ob/header.h"

POBJECT_TYPE ExEventObjectType;

NTSTATUS ExpInitEvents(void)
{
    static const OBJECT_TYPE_INITIALIZER Info = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | EVENT_QUERY_STATE,
            STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
            EVENT_ALL_ACCESS},
        .ValidAccessMask = EVENT_ALL_ACCESS,
        .PoolTag = POOL_TAG('E', 'v', 'e', 'n'),
        .BodySize = sizeof(KEVENT),
        .Waitable = TRUE,
    };

    return ObCreateObjectType(L"Event", &Info, &ExEventObjectType);
}

NTSTATUS NTAPI NtCreateEvent(HANDLE __user *EventHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, EVENT_TYPE EventType, BOOLEAN InitialState)
{
    HANDLE Handle = NULL;
    PVOID Event;
    NTSTATUS Status;

    if (EventType != NotificationEvent && EventType != SynchronizationEvent) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObCreateObject(
        KeGetPreviousMode(), ExEventObjectType, ObjectAttributes, 0, &Event);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeEvent(Event, EventType, InitialState);
    Status = ObInsertObject(Event, DesiredAccess, &Handle);
    return ObReturnHandle(EventHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenEvent(HANDLE __user *EventHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, ExEventObjectType,
        KeGetPreviousMode(), DesiredAccess, NULL, &Handle);

    return ObReturnHandle(EventHandle, Handle, Status);
}

typedef LONG EXP_EVENT_CHANGE(PKEVENT Event);

static LONG ExpSetEvent(PKEVENT Event)
{
    return KeSetEvent(Event, EVENT_INCREMENT, FALSE);
}

static LONG ExpPulseEvent(PKEVENT Event)
{
    return KePulseEvent(Event, EVENT_INCREMENT, FALSE);
}

/*
 * In line, so that Change is known.  As on NT the change stays even when
 * PreviousState cannot be written.
 */
FORCEINLINE NTSTATUS ExpChangeEvent(
    HANDLE EventHandle, LONG __user *PreviousState, EXP_EVENT_CHANGE *Change)
{
    PVOID Event;
    LONG Previous;
    NTSTATUS Status = ObReferenceCallersObject(
        EventHandle, EVENT_MODIFY_STATE, ExEventObjectType, &Event);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Previous = Change(Event);
    ObDereferenceObject(Event);
    return PreviousState != NULL
               ? MmWriteUlongToUser((ULONG __user *)PreviousState, (ULONG)Previous)
               : STATUS_SUCCESS;
}

NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, LONG __user *PreviousState)
{
    return ExpChangeEvent(EventHandle, PreviousState, ExpSetEvent);
}

NTSTATUS NTAPI NtResetEvent(HANDLE EventHandle, LONG __user *PreviousState)
{
    return ExpChangeEvent(EventHandle, PreviousState, KeResetEvent);
}

NTSTATUS NTAPI NtPulseEvent(HANDLE EventHandle, LONG __user *PreviousState)
{
    return ExpChangeEvent(EventHandle, PreviousState, ExpPulseEvent);
}

NTSTATUS NTAPI NtClearEvent(HANDLE EventHandle)
{
    return NtResetEvent(EventHandle, NULL);
}

static void ExpFillEvent(PVOID Object, PVOID Information)
{
    PKEVENT Event = Object;

    *(PEVENT_BASIC_INFORMATION)Information = (EVENT_BASIC_INFORMATION){
        .EventType = Event->Header.Type,
        .EventState = KeReadStateEvent(Event),
    };
}

NTSTATUS NTAPI NtQueryEvent(HANDLE EventHandle, EVENT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    const EXP_OBJECT_QUERY Query = {
        ExEventObjectType, EVENT_QUERY_STATE, sizeof(EVENT_BASIC_INFORMATION), ExpFillEvent};

    return ExpQueryObject(
        &Query, EventHandle, InformationClass, Information, Length, ReturnLength);
}
