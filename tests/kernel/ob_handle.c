/* SPDX-License-Identifier: MIT */
/*
 * Handles: reference, access, close, duplicate, inherit; references; waits and
 * queries by handle.
 */
#include "nt/native.h"
#include "ob/obp.h"
#include "tests/kernel/kt.h"

#define NO_SUCH_HANDLE ((HANDLE)0x7FFC)
#define SECOND_WAS_SET ((__force NTSTATUS)1) /* STATUS_WAIT_0 + 1 */

static HANDLE KtEvent(ACCESS_MASK Access, ULONG Attributes)
{
    OBJECT_ATTRIBUTES ObjectAttributes;
    HANDLE Handle = NULL;

    InitializeObjectAttributes(&ObjectAttributes, NULL, Attributes, NULL, NULL);
    ok_status(NtCreateEvent(&Handle, Access, &ObjectAttributes, NotificationEvent, FALSE),
        STATUS_SUCCESS);
    return Handle;
}

/* References as a user-mode caller would, and drops the reference again. */
static NTSTATUS KtTryAs(KPROCESSOR_MODE Mode, HANDLE Handle, ACCESS_MASK Access, POBJECT_TYPE Type)
{
    PVOID Object;
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, Access, Type, Mode, &Object, NULL);

    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(Object);
    }
    return Status;
}

START_TEST(ob_handle, "handles: what they give access to, and what they do not")
{
    HANDLE Event = KtEvent(EVENT_QUERY_STATE, 0);

    ok_status(KtTryAs(UserMode, Event, EVENT_QUERY_STATE, ExEventObjectType), STATUS_SUCCESS);
    ok_status(KtTryAs(UserMode, Event, EVENT_MODIFY_STATE, NULL), STATUS_ACCESS_DENIED);
    ok_status(KtTryAs(KernelMode, Event, EVENT_MODIFY_STATE, NULL), STATUS_SUCCESS);
    ok_status(KtTryAs(UserMode, Event, 0, ExMutantObjectType), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(KtTryAs(UserMode, NULL, 0, NULL), STATUS_INVALID_HANDLE);
    ok_status(KtTryAs(UserMode, NO_SUCH_HANDLE, 0, NULL), STATUS_INVALID_HANDLE);
    ok_status(KtTryAs(UserMode, (HANDLE)-3, 0, NULL), STATUS_INVALID_HANDLE);
    ok_status(KtTryAs(UserMode, NtCurrentProcess(), 0, PsProcessType), STATUS_SUCCESS);
    ok_status(KtTryAs(UserMode, NtCurrentThread(), 0, PsThreadType), STATUS_SUCCESS);
    ok_status(KtTryAs(UserMode, NtCurrentThread(), 0, PsProcessType),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    ok_status(NtClose(Event), STATUS_INVALID_HANDLE);
    ok_status(NtClose(NULL), STATUS_INVALID_HANDLE);
    ok_status(NtClose(NtCurrentProcess()), STATUS_INVALID_HANDLE);
}

START_TEST(ob_access, "access masks: generic rights, all valid ones, foreign bits")
{
    ACCESS_MASK Granted = 0;
    HANDLE Event;

    ok_status(ObMapDesiredAccess(ExEventObjectType, GENERIC_ALL, &Granted), STATUS_SUCCESS);
    ok_eq(Granted, EVENT_ALL_ACCESS);
    ok_status(ObMapDesiredAccess(ExEventObjectType, GENERIC_READ, &Granted), STATUS_SUCCESS);
    ok_eq(Granted, READ_CONTROL | EVENT_QUERY_STATE);
    ok_status(ObMapDesiredAccess(ExEventObjectType, MAXIMUM_ALLOWED, &Granted), STATUS_SUCCESS);
    ok_eq(Granted, EVENT_ALL_ACCESS);
    ok_status(NtCreateEvent(&Event, 0x0100, NULL, NotificationEvent, FALSE),
        STATUS_ACCESS_DENIED);
    ok_status(ObMapDesiredAccess(ExEventObjectType, ACCESS_SYSTEM_SECURITY, &Granted),
        STATUS_SUCCESS); /* to read the SACL: System has SeSecurityPrivilege */
    ok_eq(Granted, ACCESS_SYSTEM_SECURITY);
}

START_TEST(ob_reference, "reference counts of an object, its handle, its name")
{
    PVOID Event;
    HANDLE Handle;

    ok_status(ObCreateObject(KernelMode, ExEventObjectType, NULL, 0, &Event), STATUS_SUCCESS);
    KeInitializeEvent(Event, NotificationEvent, FALSE);
    ok_eq(ObGetPointerCount(Event), 1);
    ok_eq(ObGetHandleCount(Event), 0);
    ok(ObReferenceObjectSafe(Event), "a live object can be referenced");
    ok_status(ObInsertObject(Event, EVENT_ALL_ACCESS, &Handle), STATUS_SUCCESS);
    ok_eq(ObGetPointerCount(Event), 2); /* this one and the handle's */
    ok_eq(ObGetHandleCount(Event), 1);
    ok_status(ObReferenceObjectByPointer(Event, 0, ExMutantObjectType, KernelMode),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    ok_eq(ObGetPointerCount(Event), 1);
    ok_status(ObOpenObjectByPointer(Event, 0, SYNCHRONIZE, NULL, KernelMode, &Handle),
        STATUS_SUCCESS);
    ObDereferenceObject(Event);
    ok_status(KtTryAs(UserMode, Handle, SYNCHRONIZE, NULL), STATUS_SUCCESS);
    ok_status(NtClose(Handle), STATUS_SUCCESS);
}

static NTSTATUS KtDuplicate(
    HANDLE Source, PHANDLE Target, ACCESS_MASK Access, ULONG Attributes, ULONG Options)
{
    return NtDuplicateObject(
        NtCurrentProcess(), Source, NtCurrentProcess(), Target, Access, Attributes, Options);
}

/* The handle's access and attributes, as NtQueryObject tells them. */
static void KtExpect(HANDLE Handle, ACCESS_MASK Access, ULONG Attributes)
{
    OBJECT_BASIC_INFORMATION Information;

    if (ok_status(NtQueryObject(Handle, ObjectBasicInformation, &Information,
                      sizeof(Information), NULL),
            STATUS_SUCCESS)) {
        ok_eq(Information.GrantedAccess, Access);
        ok_eq(Information.Attributes, Attributes);
    }
}

START_TEST(ob_duplicate, "duplicates: access, attributes, closing the source")
{
    HANDLE Source = KtEvent(EVENT_ALL_ACCESS, OBJ_INHERIT);
    HANDLE Copy, Protected;

    ok_status(KtDuplicate(Source, &Copy, SYNCHRONIZE, 0, 0), STATUS_SUCCESS);
    KtExpect(Copy, SYNCHRONIZE, 0);
    ok_status(KtDuplicate(Source, &Protected, 0, OBJ_PROTECT_CLOSE, DUPLICATE_SAME_ACCESS),
        STATUS_SUCCESS);
    KtExpect(Protected, EVENT_ALL_ACCESS, OBJ_PROTECT_CLOSE);
    ok_status(ObCloseHandle(Protected, UserMode), STATUS_HANDLE_NOT_CLOSABLE);
    ok_status(ObCloseHandle(Protected, KernelMode), STATUS_SUCCESS);
    ok_status(ObCloseHandle(Copy, UserMode), STATUS_SUCCESS);
    ok_status(KtDuplicate(Source, &Copy, 0, 0,
                  DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES | DUPLICATE_CLOSE_SOURCE),
        STATUS_SUCCESS);
    KtExpect(Copy, EVENT_ALL_ACCESS, OBJ_INHERIT);
    ok_status(NtClose(Source), STATUS_INVALID_HANDLE);
    ok_status(KtDuplicate(Copy, &Source, 0x0100, 0, 0), STATUS_ACCESS_DENIED);
    ok_status(KtDuplicate(NO_SUCH_HANDLE, &Source, 0, 0, DUPLICATE_SAME_ACCESS),
        STATUS_INVALID_HANDLE);
    ok_status(NtDuplicateObject(Copy, Copy, NtCurrentProcess(), &Source, 0, 0, 0),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtDuplicateObject(NtCurrentProcess(), Copy, NULL, NULL, 0, 0, 0),
        STATUS_INVALID_PARAMETER);
    ok_status(NtDuplicateObject(NtCurrentProcess(), Copy, NO_SUCH_HANDLE, &Source, 0, 0,
                  DUPLICATE_SAME_ACCESS),
        STATUS_INVALID_HANDLE);
    ok_status(NtDuplicateObject(NtCurrentProcess(), Copy, NULL, NULL, 0, 0,
                  DUPLICATE_CLOSE_SOURCE),
        STATUS_SUCCESS);
    ok_status(NtClose(Copy), STATUS_INVALID_HANDLE);
}

START_TEST(ob_duplicate_pseudo, "duplicating -1 and -2 gives handles that stay")
{
    HANDLE Handle;

    ok_status(KtDuplicate(NtCurrentProcess(), &Handle, 0, 0, DUPLICATE_SAME_ACCESS),
        STATUS_SUCCESS);
    ok_status(KtTryAs(UserMode, Handle, PROCESS_DUP_HANDLE, PsProcessType), STATUS_SUCCESS);
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    ok_status(KtDuplicate(NtCurrentThread(), &Handle, 0, 0, DUPLICATE_SAME_ACCESS),
        STATUS_SUCCESS);
    ok_status(KtTryAs(UserMode, Handle, 0, PsThreadType), STATUS_SUCCESS);
    ok_status(NtClose(Handle), STATUS_SUCCESS);
}

/* A process as far as Ob is concerned: something with a handle table. */
static KPROCESS KtChild;

static NTSTATUS KtTryInChild(HANDLE Handle, ACCESS_MASK Access)
{
    OBJECT_HANDLE_INFORMATION Information;
    PVOID Object;
    NTSTATUS Status = ObpReferenceByHandle(
        &KtChild, Handle, Access, ExEventObjectType, UserMode, &Object, &Information);

    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(Object);
    }
    return Status;
}

START_TEST(ob_inherit, "inheritance: same values, same access, only what is marked")
{
    HANDLE Kept = KtEvent(SYNCHRONIZE, OBJ_INHERIT);
    HANDLE Private = KtEvent(EVENT_ALL_ACCESS, 0);
    HANDLE Last = KtEvent(EVENT_ALL_ACCESS, OBJ_INHERIT);
    ULONG Inherited = 0;

    ok_status(ObInitProcess(KeGetCurrentProcess(), &KtChild, &Inherited), STATUS_SUCCESS);
    ok_eq(Inherited, 2);
    ok_eq(ExQueryHandleCount(KtChild.ObjectTable), 2);
    ok_status(KtTryInChild(Kept, SYNCHRONIZE), STATUS_SUCCESS);
    ok_status(KtTryInChild(Kept, EVENT_MODIFY_STATE), STATUS_ACCESS_DENIED);
    ok_status(KtTryInChild(Private, 0), STATUS_INVALID_HANDLE);
    ok_status(NtClose(Last), STATUS_SUCCESS);
    ok_status(KtTryInChild(Last, EVENT_MODIFY_STATE), STATUS_SUCCESS);
    ObKillProcess(&KtChild);
    ok(KtChild.ObjectTable == NULL, "the table is gone");
    ObKillProcess(&KtChild);
    ok_status(KtTryInChild(Kept, 0), STATUS_INVALID_HANDLE);
    ok_status(NtClose(Kept), STATUS_SUCCESS);
    ok_status(NtClose(Private), STATUS_SUCCESS);
}

START_TEST(ob_inherit_faults, "inheritance: each acquisition failed in turn")
{
    ULONG Attempt = KeTraceBeginAttempt();
    HANDLE First = KtEvent(SYNCHRONIZE, OBJ_INHERIT);
    HANDLE Second = KtEvent(SYNCHRONIZE, OBJ_INHERIT);
    NTSTATUS Status = STATUS_UNSUCCESSFUL;
    ULONG Inherited = 0;
    ULONG i;

    for (i = 1; !NT_SUCCESS(Status) && i < 50; i++) {
        KeArmFault(Attempt, i);
        Status = ObInitProcess(KeGetCurrentProcess(), &KtChild, &Inherited);
        KeDisarmFault();
        ok(NT_SUCCESS(Status) || KtChild.ObjectTable == NULL, "a failure leaves no table");
    }
    ok(i > 4, "table, leaf and two handles can fail, not only %u", i - 2);
    ok_eq(Inherited, 2);
    ObKillProcess(&KtChild);
    ok_status(NtClose(First), STATUS_SUCCESS);
    ok_status(NtClose(Second), STATUS_SUCCESS);
    KeTraceAdoptAttempt(0);
}

START_TEST(ob_wait, "waits by handle: what can be waited for, and how many")
{
    HANDLE Event = KtEvent(EVENT_ALL_ACCESS, 0);
    HANDLE Other = KtEvent(EVENT_ALL_ACCESS, 0);
    HANDLE Handles[MAXIMUM_WAIT_OBJECTS + 1] = {Event, Other};
    LARGE_INTEGER None = {.QuadPart = 0};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Directory;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    ok_status(NtCreateDirectoryObject(&Directory, 0, &Attributes), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Event, FALSE, &None), STATUS_TIMEOUT);
    ok_status(NtSetEvent(Other, NULL), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Other, FALSE, &None), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Directory, FALSE, &None), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtWaitForSingleObject(NO_SUCH_HANDLE, FALSE, &None), STATUS_INVALID_HANDLE);
    ok_status(NtWaitForMultipleObjects(2, Handles, WaitAny, FALSE, &None), SECOND_WAS_SET);
    ok_status(NtWaitForMultipleObjects(2, Handles, WaitAll, FALSE, &None), STATUS_TIMEOUT);
    ok_status(NtWaitForMultipleObjects(0, Handles, WaitAny, FALSE, &None),
        STATUS_INVALID_PARAMETER_1);
    ok_status(NtWaitForMultipleObjects(65, Handles, WaitAny, FALSE, &None),
        STATUS_INVALID_PARAMETER_1);
    ok_status(NtWaitForMultipleObjects(2, Handles, 2, FALSE, &None), STATUS_INVALID_PARAMETER_3);
    Handles[2] = Other;
    ok_status(NtWaitForMultipleObjects(3, Handles, WaitAll, FALSE, &None),
        STATUS_INVALID_PARAMETER_MIX);
    ok_status(NtWaitForMultipleObjects(4, Handles, WaitAny, FALSE, &None), STATUS_INVALID_HANDLE);
    for (ULONG i = 2; i < MAXIMUM_WAIT_OBJECTS; i++) {
        Handles[i] = Event;
    }
    ok_status(NtWaitForMultipleObjects(64, Handles, WaitAny, FALSE, &None), SECOND_WAS_SET);
    ok_status(NtClose(Directory), STATUS_SUCCESS);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    ok_status(NtClose(Other), STATUS_SUCCESS);
}

START_TEST(ob_query, "NtQueryObject: names, types, lengths")
{
    static UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\kt");
    ULONG_PTR Buffer[64];
    PUNICODE_STRING Name = (PUNICODE_STRING)Buffer;
    OBJECT_DATA_INFORMATION Data;
    OBJECT_ATTRIBUTES Attributes;
    ULONG Length = 0;
    HANDLE Event;

    InitializeObjectAttributes(&Attributes, &Path, OBJ_INHERIT, NULL, NULL);
    ok_status(NtCreateEvent(&Event, SYNCHRONIZE, &Attributes, NotificationEvent, FALSE),
        STATUS_SUCCESS);
    ok_status(NtQueryObject(Event, ObjectNameInformation, Buffer, sizeof(Buffer), &Length),
        STATUS_SUCCESS);
    ok(RtlEqualUnicodeString(Name, &Path, FALSE), "the name is %pZ", Name);
    ok_eq(Length, sizeof(*Name) + Path.MaximumLength);
    ok_status(NtQueryObject(Event, ObjectNameInformation, Buffer, Length - 1, &Length),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_status(NtQueryObject(Event, ObjectTypeInformation, Buffer, sizeof(Buffer), &Length),
        STATUS_SUCCESS);
    ok(RtlEqualUnicodeString(Name, &ExEventObjectType->Name, FALSE), "the type is %pZ", Name);
    ok_status(NtQueryObject(Event, ObjectDataInformation, &Data, sizeof(Data), NULL),
        STATUS_SUCCESS);
    ok(Data.InheritHandle && !Data.ProtectFromClose, "the handle is inherited, not protected");
    ok_status(NtQueryObject(Event, ObjectBasicInformation, Buffer, 0, &Length),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_eq(Length, sizeof(OBJECT_BASIC_INFORMATION));
    ok_status(NtQueryObject(Event, 99, Buffer, 0, NULL), STATUS_INVALID_INFO_CLASS);
    ok_status(NtQueryObject(NtCurrentProcess(), ObjectNameInformation, Buffer, sizeof(Buffer),
                  &Length),
        STATUS_SUCCESS);
    ok_eq(Name->Length, 0);
    ok_status(NtClose(Event), STATUS_SUCCESS);
}
