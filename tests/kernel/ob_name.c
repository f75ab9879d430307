/* SPDX-License-Identifier: MIT */
/*
 * Names: syntax, directories, links, collisions, and how long a name lives.
 * Events and directories stand for all kinds of objects.
 */
#include "ex.h"
#include "nt/native.h"
#include "tests/kernel/kt.h"

typedef struct _KT_NAME {
    UNICODE_STRING String;
    OBJECT_ATTRIBUTES Attributes;
} KT_NAME;

/* Attributes for a name, valid while Name is. */
static POBJECT_ATTRIBUTES KtName(KT_NAME *Name, PCWSTR Text, ULONG Attributes, HANDLE Root)
{
    RtlInitUnicodeString(&Name->String, Text);
    InitializeObjectAttributes(&Name->Attributes, &Name->String, Attributes, Root, NULL);
    return &Name->Attributes;
}

static NTSTATUS KtCreateEvent(PCWSTR Text, ULONG Attributes, HANDLE Root, PHANDLE Handle)
{
    KT_NAME Name;

    return NtCreateEvent(Handle, EVENT_ALL_ACCESS, KtName(&Name, Text, Attributes, Root),
        NotificationEvent, FALSE);
}

static NTSTATUS KtOpenEvent(PCWSTR Text, HANDLE Root, PHANDLE Handle)
{
    KT_NAME Name;

    return NtOpenEvent(Handle, EVENT_ALL_ACCESS, KtName(&Name, Text, 0, Root));
}

static NTSTATUS KtCreateDirectory(PCWSTR Text, HANDLE Root, PHANDLE Handle)
{
    KT_NAME Name;

    return NtCreateDirectoryObject(
        Handle, DIRECTORY_ALL_ACCESS, KtName(&Name, Text, 0, Root));
}

static NTSTATUS KtCreateLink(PCWSTR Text, PCWSTR Target, HANDLE Root, PHANDLE Handle)
{
    KT_NAME Name;
    UNICODE_STRING TargetString;

    RtlInitUnicodeString(&TargetString, Target);
    return NtCreateSymbolicLinkObject(
        Handle, SYMBOLIC_LINK_ALL_ACCESS, KtName(&Name, Text, 0, Root), &TargetString);
}

static void KtClose(HANDLE Handle)
{
    ok_status(NtClose(Handle), STATUS_SUCCESS);
}

/* Opens it and closes it again. */
static NTSTATUS KtProbeEvent(PCWSTR Text, HANDLE Root)
{
    HANDLE Handle;
    NTSTATUS Status = KtOpenEvent(Text, Root, &Handle);

    if (NT_SUCCESS(Status)) {
        KtClose(Handle);
    }
    return Status;
}

START_TEST(ob_name_syntax, "names: what is no name, and what is not there")
{
    HANDLE Event;

    ok_status(KtCreateEvent(L"\\BaseNamedObjects\\kt", 0, NULL, &Event), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects\\kt", NULL), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"\\basenamedobjects\\KT", NULL), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"BaseNamedObjects\\kt", NULL), STATUS_OBJECT_PATH_SYNTAX_BAD);
    ok_status(KtProbeEvent(L"", NULL), STATUS_OBJECT_PATH_SYNTAX_BAD);
    ok_status(KtProbeEvent(L"\\\\kt", NULL), STATUS_OBJECT_NAME_INVALID);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects\\\\kt", NULL), STATUS_OBJECT_NAME_INVALID);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects\\", NULL), STATUS_OBJECT_NAME_INVALID);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects\\kt2", NULL), STATUS_OBJECT_NAME_NOT_FOUND);
    ok_status(KtProbeEvent(L"\\Nowhere\\kt", NULL), STATUS_OBJECT_PATH_NOT_FOUND);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects\\kt\\x", NULL), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects", NULL), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(KtProbeEvent(L"\\", NULL), STATUS_OBJECT_TYPE_MISMATCH);
    KtClose(Event);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects\\kt", NULL), STATUS_OBJECT_NAME_NOT_FOUND);
}

START_TEST(ob_name_attributes, "object attributes: wrong lengths, bits and roots")
{
    KT_NAME Name;
    HANDLE Event;
    POBJECT_ATTRIBUTES Attributes = KtName(&Name, L"kt", 0, NULL);

    Attributes->Length--;
    ok_status(NtCreateEvent(&Event, 0, Attributes, NotificationEvent, FALSE),
        STATUS_INVALID_PARAMETER);
    Attributes->Length++;
    Attributes->Attributes = 0x800;
    ok_status(NtCreateEvent(&Event, 0, Attributes, NotificationEvent, FALSE),
        STATUS_INVALID_PARAMETER);
    Attributes->Attributes = OBJ_OPENLINK;
    ok_status(NtCreateEvent(&Event, 0, Attributes, NotificationEvent, FALSE),
        STATUS_INVALID_PARAMETER);
    Attributes->Attributes = OBJ_EXCLUSIVE;
    ok_status(NtCreateEvent(&Event, 0, Attributes, NotificationEvent, FALSE),
        STATUS_NOT_IMPLEMENTED);
    Attributes = KtName(&Name, L"\\kt", 0, NULL);
    Name.String.Length--;
    ok_status(NtCreateEvent(&Event, 0, Attributes, NotificationEvent, FALSE),
        STATUS_OBJECT_NAME_INVALID);
    Attributes = KtName(&Name, L"kt", 0, (HANDLE)0x7FFC);
    ok_status(NtCreateEvent(&Event, 0, Attributes, NotificationEvent, FALSE),
        STATUS_INVALID_HANDLE);
    Attributes->ObjectName = NULL;
    ok_status(NtCreateEvent(&Event, 0, Attributes, NotificationEvent, FALSE),
        STATUS_OBJECT_NAME_INVALID);
    ok_status(NtOpenEvent(&Event, 0, NULL), STATUS_INVALID_PARAMETER);
}

START_TEST(ob_collision, "creating what exists: collision, open-if, wrong type")
{
    HANDLE First, Second;

    ok_status(KtCreateEvent(L"\\BaseNamedObjects\\kt", 0, NULL, &First), STATUS_SUCCESS);
    ok_status(KtCreateEvent(L"\\BaseNamedObjects\\kt", 0, NULL, &Second),
        STATUS_OBJECT_NAME_COLLISION);
    ok_status(KtCreateEvent(L"\\BaseNamedObjects\\KT", OBJ_OPENIF, NULL, &Second),
        STATUS_OBJECT_NAME_EXISTS);
    ok_status(NtSetEvent(Second, NULL), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(First, FALSE, NULL), STATUS_SUCCESS);
    KtClose(First);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects\\kt", NULL), STATUS_SUCCESS);
    ok_status(KtCreateDirectory(L"\\BaseNamedObjects\\kt", NULL, &First),
        STATUS_OBJECT_NAME_COLLISION);
    ok_status(KtCreateEvent(L"\\BaseNamedObjects", OBJ_OPENIF, NULL, &First),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(KtCreateEvent(L"\\BaseNamedObjects\\kt\\x", 0, NULL, &First),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(KtCreateEvent(L"\\", 0, NULL, &First), STATUS_OBJECT_NAME_COLLISION);
    KtClose(Second);
}

START_TEST(ob_directory, "directories: relative names, and who outlives whom")
{
    HANDLE Outer, Inner, Again, Event;

    ok_status(KtCreateDirectory(L"\\kt", NULL, &Outer), STATUS_SUCCESS);
    ok_status(KtCreateDirectory(L"inner", Outer, &Inner), STATUS_SUCCESS);
    ok_status(KtCreateEvent(L"event", 0, Inner, &Event), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"\\kt\\inner\\event", NULL), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"inner\\event", Outer), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"\\event", Inner), STATUS_OBJECT_PATH_SYNTAX_BAD);
    ok_status(KtProbeEvent(L"event", Event), STATUS_INVALID_HANDLE);
    ok_status(KtCreateDirectory(L"", Outer, &Again), STATUS_SUCCESS); /* unnamed */
    KtClose(Again);
    KtClose(Inner); /* loses its name; the event keeps it alive */
    ok_status(KtProbeEvent(L"\\kt\\inner\\event", NULL), STATUS_OBJECT_PATH_NOT_FOUND);
    KtClose(Outer);
    KtClose(Event);
}

START_TEST(ob_symlink, "symbolic links: followed, opened themselves, in a circle")
{
    HANDLE Directory, Link, Chain, Circle, Event;
    UNICODE_STRING Target;
    WCHAR Buffer[16];
    ULONG Length = 0;

    ok_status(KtCreateDirectory(L"\\kt", NULL, &Directory), STATUS_SUCCESS);
    ok_status(KtCreateLink(L"link", L"\\BaseNamedObjects", Directory, &Link), STATUS_SUCCESS);
    ok_status(KtCreateLink(L"chain", L"\\kt\\link", Directory, &Chain), STATUS_SUCCESS);
    ok_status(KtCreateLink(L"circle", L"\\kt\\circle", Directory, &Circle), STATUS_SUCCESS);
    ok_status(KtCreateEvent(L"\\kt\\chain\\event", 0, NULL, &Event), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"\\BaseNamedObjects\\event", NULL), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"link\\event", Directory), STATUS_SUCCESS);
    ok_status(KtProbeEvent(L"\\kt\\circle\\x", NULL), STATUS_OBJECT_NAME_NOT_FOUND);
    Target = (UNICODE_STRING){0, sizeof(Buffer), Buffer};
    ok_status(NtQuerySymbolicLinkObject(Chain, &Target, &Length), STATUS_SUCCESS);
    ok(Length == 16 && Target.Length == 16, "the target is %u bytes long", Length);
    ok(memcmp(Buffer, L"\\kt\\link", 16) == 0, "the target is what was given");
    ok_status(NtQuerySymbolicLinkObject(Link, &Target, &Length), STATUS_BUFFER_TOO_SMALL);
    ok_eq(Length, 34);
    ok_status(NtQuerySymbolicLinkObject(Event, &Target, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    KtClose(Event);
    KtClose(Circle);
    KtClose(Chain);
    KtClose(Link);
    KtClose(Directory);
}

/* Longer than a UNICODE_STRING can hold together: the target and the rest. */
START_TEST(ob_symlink_long, "symbolic links: a name that becomes too long")
{
    static WCHAR Long[20000];
    HANDLE Link;

    for (ULONG i = 0; i < ARRAYSIZE(Long) - 1; i++) {
        Long[i] = L'x';
    }
    Long[0] = L'\\';
    ok_status(KtCreateLink(L"\\kt", Long, NULL, &Link), STATUS_SUCCESS);
    Long[1] = L'k';
    Long[2] = L't';
    Long[3] = L'\\';
    ok_status(KtProbeEvent(Long, NULL), STATUS_NAME_TOO_LONG);
    ok_status(KtProbeEvent(L"\\kt\\x", NULL), STATUS_OBJECT_PATH_NOT_FOUND);
    ok_status(KtCreateLink(L"\\kt2", L"", NULL, &Link), STATUS_INVALID_PARAMETER);
    KtClose(Link);
}

START_TEST(ob_types, "object types live in \\ObjectTypes")
{
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\objecttypes\\Event");
    PVOID Object;

    ok_status(ObReferenceObjectByName(&Name, 0, ObpDirectoryObjectType, NULL, &Object),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(ObReferenceObjectByName(&Name, 0, ObpTypeObjectType, NULL, &Object), STATUS_SUCCESS);
    ok(Object == ExEventObjectType, "the name leads to the type");
    ok(ObGetObjectType(ObpTypeObjectType) == ObpTypeObjectType, "Type is of type Type");
    ObDereferenceObject(Object);
}

START_TEST(ob_unfinished, "each type's Delete takes an object that nobody has filled in yet")
{
    static const PCWSTR Names[] = {L"Directory", L"SymbolicLink", L"Section", L"Process",
        L"Thread", L"Token", L"KeyedEvent", L"Timer", L"Event", L"Semaphore", L"Mutant", L"Port",
        L"Device", L"File", L"IoCompletion"};

    for (ULONG i = 0; i < ARRAYSIZE(Names); i++) {
        WCHAR Path[40];
        UNICODE_STRING Name = {0, sizeof(Path), Path};
        PVOID Type, Object;

        ok_status(RtlAppendUnicodeToString(&Name, L"\\ObjectTypes\\"), STATUS_SUCCESS);
        ok_status(RtlAppendUnicodeToString(&Name, Names[i]), STATUS_SUCCESS);
        ok_status(ObReferenceObjectByName(&Name, 0, NULL, NULL, &Type), STATUS_SUCCESS);
        ok_status(ObCreateObject(KernelMode, Type, NULL, 0, &Object), STATUS_SUCCESS);
        ObDereferenceObject(Object);
        ObDereferenceObject(Type);
    }
}

START_TEST(ob_name_faults, "a named event: each acquisition failed in turn")
{
    ULONG Attempt = KeTraceBeginAttempt();
    NTSTATUS Status = STATUS_UNSUCCESSFUL;
    HANDLE Event = NULL;
    ULONG i;

    for (i = 1; !NT_SUCCESS(Status) && i < 50; i++) {
        KeArmFault(Attempt, i);
        Status = KtCreateEvent(L"\\BaseNamedObjects\\kt", 0, NULL, &Event);
        KeDisarmFault();
        if (!NT_SUCCESS(Status)) {
            ok_status(Status, STATUS_INSUFFICIENT_RESOURCES);
            ok_status(KtProbeEvent(L"\\BaseNamedObjects\\kt", NULL), STATUS_OBJECT_NAME_NOT_FOUND);
        }
    }
    ok(i > 3, "name, object and handle can each fail, not only %u", i - 2);
    ok_status(Status, STATUS_SUCCESS);
    KtClose(Event);
    KeTraceAdoptAttempt(0);
}
