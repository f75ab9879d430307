/* SPDX-License-Identifier: MIT */
/*
 * Security descriptors of objects: what is given is kept and comes back, in parts,
 * and costs nothing afterwards.  Descriptors that lie come from user mode:
 * tests/user/security.c.
 */
#include "ex.h"
#include "mm.h"
#include "nt/native.h"
#include "se.h"
#include "tests/kernel/kt.h"

#define ALL_PARTS                                                                              \
    (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION |     \
        SACL_SECURITY_INFORMATION)

/* A descriptor with all that it points to. */
typedef struct _KT_SECURITY {
    SECURITY_DESCRIPTOR Descriptor;
    struct {
        SID Sid;
    } Owner, Group;
    union {
        ACL Acl;
        UCHAR Space[0x40];
    } Dacl;
} KT_SECURITY;

static void KtMakeSid(PSID Sid, ULONG SubAuthority)
{
    static SID_IDENTIFIER_AUTHORITY Nt = {{0, 0, 0, 0, 0, 5}};

    ok_status(RtlInitializeSid(Sid, &Nt, 1), STATUS_SUCCESS);
    *RtlSubAuthoritySid(Sid, 0) = SubAuthority;
}

/* Owner S-1-5-Rid, group S-1-5-(Rid + 1), who gets Rid as his access. */
static PSECURITY_DESCRIPTOR KtMakeSecurity(KT_SECURITY *Security, ULONG Rid)
{
    PSECURITY_DESCRIPTOR Descriptor = &Security->Descriptor;

    memset(Security, 0, sizeof(*Security)); /* what a list does not use comes back, too */

    KtMakeSid(&Security->Owner.Sid, Rid);
    KtMakeSid(&Security->Group.Sid, Rid + 1);
    ok_status(RtlCreateAcl(&Security->Dacl.Acl, sizeof(Security->Dacl), ACL_REVISION),
        STATUS_SUCCESS);
    ok_status(RtlAddAccessAllowedAce(
                  &Security->Dacl.Acl, ACL_REVISION, Rid, &Security->Group.Sid),
        STATUS_SUCCESS);
    ok_status(RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION),
        STATUS_SUCCESS);
    ok_status(RtlSetOwnerSecurityDescriptor(Descriptor, &Security->Owner.Sid, TRUE),
        STATUS_SUCCESS);
    ok_status(RtlSetGroupSecurityDescriptor(Descriptor, &Security->Group.Sid, FALSE),
        STATUS_SUCCESS);
    ok_status(RtlSetDaclSecurityDescriptor(Descriptor, TRUE, &Security->Dacl.Acl, FALSE),
        STATUS_SUCCESS);
    return Descriptor;
}

static NTSTATUS KtSecureEvent(
    PCWSTR Text, PSECURITY_DESCRIPTOR Descriptor, ACCESS_MASK Access, PHANDLE Event)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(
        &Attributes, Text != NULL ? &Name : NULL, 0, NULL, Descriptor);
    return NtCreateEvent(Event, Access, &Attributes, NotificationEvent, FALSE);
}

/* Does the event have exactly what KtMakeSecurity makes of these two numbers? */
static void KtExpectSecurity(HANDLE Event, ULONG OwnerRid, ULONG DaclRid)
{
    ULONG_PTR Buffer[64];
    KT_SECURITY Owner, Dacl;
    ULONG Length = 0, Expected;

    (void)KtMakeSecurity(&Owner, OwnerRid);
    (void)KtMakeSecurity(&Dacl, DaclRid);
    ok_status(RtlSetDaclSecurityDescriptor(&Owner.Descriptor, TRUE, &Dacl.Dacl.Acl, FALSE),
        STATUS_SUCCESS);
    Expected = RtlLengthSecurityDescriptor(&Owner.Descriptor);
    ok_status(NtQuerySecurityObject(Event, ALL_PARTS, Buffer, sizeof(Buffer), &Length),
        STATUS_SUCCESS);
    ok_eq(Length, Expected);
    ok(RtlValidRelativeSecurityDescriptor(Buffer, Length,
           OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION),
        "what comes back is valid");
    if (Length == Expected) {
        ULONG_PTR Wanted[64];

        ok_status(RtlMakeSelfRelativeSD(&Owner.Descriptor, Wanted, &Expected), STATUS_SUCCESS);
        ok(RtlEqualMemory(Buffer, Wanted, Length), "and is what was given");
    }
}

START_TEST(ob_security, "security descriptors: kept and returned, whole and in parts")
{
    ULONG_PTR Buffer[64];
    PISECURITY_DESCRIPTOR_RELATIVE Relative = (PISECURITY_DESCRIPTOR_RELATIVE)Buffer;
    KT_SECURITY Security;
    ULONG Length = 0;
    HANDLE Event, Second;

    ok_status(KtSecureEvent(NULL, KtMakeSecurity(&Security, 100), MAXIMUM_ALLOWED, &Event),
        STATUS_SUCCESS);
    KtExpectSecurity(Event, 100, 100);
    ok_status(NtQuerySecurityObject(Event, ALL_PARTS, Buffer, 0, &Length),
        STATUS_BUFFER_TOO_SMALL);
    ok_eq(Length, RtlLengthSecurityDescriptor(&Security.Descriptor));
    ok_status(NtQuerySecurityObject(Event, ALL_PARTS, Buffer, Length - 1, &Length),
        STATUS_BUFFER_TOO_SMALL);
    ok_status(NtQuerySecurityObject(
                  Event, OWNER_SECURITY_INFORMATION, Buffer, sizeof(Buffer), &Length),
        STATUS_SUCCESS);
    ok_eq(Length, sizeof(*Relative) + RtlLengthRequiredSid(1));
    ok_eq(Relative->Control, SE_SELF_RELATIVE | SE_OWNER_DEFAULTED);
    ok(Relative->Owner != 0 && Relative->Group == 0 && Relative->Dacl == 0, "the owner alone");
    /* Self-relative is as good, and a second handle sees the same. */
    ok_status(NtQuerySecurityObject(Event, ALL_PARTS, Buffer, sizeof(Buffer), &Length),
        STATUS_SUCCESS);
    ok_status(KtSecureEvent(NULL, Buffer, MAXIMUM_ALLOWED, &Second), STATUS_SUCCESS);
    KtExpectSecurity(Second, 100, 100);
    ok_status(NtClose(Second), STATUS_SUCCESS);
    ok_status(NtDuplicateObject(NtCurrentProcess(), Event, NtCurrentProcess(), &Second, 0, 0,
                  DUPLICATE_SAME_ACCESS),
        STATUS_SUCCESS);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    KtExpectSecurity(Second, 100, 100);
    ok_status(NtClose(Second), STATUS_SUCCESS);
}

START_TEST(ob_security_set, "NtSetSecurityObject replaces the parts it names")
{
    KT_SECURITY First, Second;
    OBJECT_BASIC_INFORMATION Basic;
    ULONG Length;
    HANDLE Event;

    ok_status(KtSecureEvent(NULL, KtMakeSecurity(&First, 100), MAXIMUM_ALLOWED, &Event),
        STATUS_SUCCESS);
    (void)KtMakeSecurity(&Second, 200);
    ok_status(NtSetSecurityObject(Event, DACL_SECURITY_INFORMATION, &Second.Descriptor),
        STATUS_SUCCESS);
    KtExpectSecurity(Event, 100, 200);
    ok_status(NtSetSecurityObject(Event, OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION,
                  &Second.Descriptor),
        STATUS_SUCCESS);
    KtExpectSecurity(Event, 200, 200);
    ok_status(NtSetSecurityObject(Event, 0, &First.Descriptor), STATUS_SUCCESS);
    KtExpectSecurity(Event, 200, 200);
    ok_status(RtlSetOwnerSecurityDescriptor(&First.Descriptor, NULL, FALSE), STATUS_SUCCESS);
    ok_status(NtSetSecurityObject(Event, OWNER_SECURITY_INFORMATION, &First.Descriptor),
        STATUS_INVALID_SECURITY_DESCR);
    ok_status(NtSetSecurityObject(Event, OWNER_SECURITY_INFORMATION, NULL),
        STATUS_ACCESS_VIOLATION);
    KtExpectSecurity(Event, 200, 200);
    ok_status(NtQueryObject(Event, ObjectBasicInformation, &Basic, sizeof(Basic), &Length),
        STATUS_SUCCESS);
    ok_eq(Basic.SecurityDescriptorLength, RtlLengthSecurityDescriptor(&Second.Descriptor));
    ok_status(NtClose(Event), STATUS_SUCCESS);
}

START_TEST(ob_security_none, "objects without a descriptor, and which of them may get one")
{
    static const PCWSTR Name = L"\\BaseNamedObjects\\kt";
    SECURITY_DESCRIPTOR_RELATIVE Empty;
    KT_SECURITY Security;
    ULONG Length = 0;
    HANDLE Event;

    ok_status(KtSecureEvent(NULL, NULL, MAXIMUM_ALLOWED, &Event), STATUS_SUCCESS);
    ok_status(NtQuerySecurityObject(Event, ALL_PARTS, &Empty, sizeof(Empty), &Length),
        STATUS_SUCCESS);
    ok_eq(Length, sizeof(Empty));
    ok_eq(Empty.Control, SE_SELF_RELATIVE);
    ok_eq(Empty.Owner | Empty.Group | Empty.Sacl | Empty.Dacl, 0);
    ok_status(NtSetSecurityObject(
                  Event, DACL_SECURITY_INFORMATION, KtMakeSecurity(&Security, 100)),
        STATUS_NO_SECURITY_ON_OBJECT);
    ok_status(NtClose(Event), STATUS_SUCCESS);

    ok_status(KtSecureEvent(Name, NULL, MAXIMUM_ALLOWED, &Event), STATUS_SUCCESS);
    ok_status(NtSetSecurityObject(Event, ALL_PARTS & ~SACL_SECURITY_INFORMATION,
                  &Security.Descriptor),
        STATUS_SUCCESS);
    KtExpectSecurity(Event, 100, 100);
    ok_status(NtClose(Event), STATUS_SUCCESS);
}

START_TEST(ob_security_faults, "an event with a descriptor: each acquisition failed in turn")
{
    static const PCWSTR Name = L"\\BaseNamedObjects\\kt";
    ULONG Attempt = KeTraceBeginAttempt();
    NTSTATUS Status = STATUS_UNSUCCESSFUL;
    KT_SECURITY First, Second;
    HANDLE Event = NULL;
    ULONG i;

    (void)KtMakeSecurity(&First, 100);
    (void)KtMakeSecurity(&Second, 200);
    for (i = 1; !NT_SUCCESS(Status) && i < 50; i++) {
        KeArmFault(Attempt, i);
        Status = KtSecureEvent(Name, &First.Descriptor, MAXIMUM_ALLOWED, &Event);
        KeDisarmFault();
        if (!NT_SUCCESS(Status)) {
            ok_status(Status, STATUS_INSUFFICIENT_RESOURCES);
        }
    }
    ok(i > 4, "name, object, descriptor and handle can each fail, not only %u", i - 2);
    Status = STATUS_UNSUCCESSFUL;
    for (i = 1; !NT_SUCCESS(Status) && i < 50; i++) {
        KtExpectSecurity(Event, 100, 100);
        KeArmFault(Attempt, i);
        Status = NtSetSecurityObject(Event, ALL_PARTS, &Second.Descriptor);
        KeDisarmFault();
    }
    ok(i > 3, "the copy and the merged descriptor can fail, not only %u", i - 2);
    ok_status(Status, STATUS_SUCCESS);
    KtExpectSecurity(Event, 200, 200);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    KeTraceAdoptAttempt(0);
}

/* ---- What NtQueryObject says of all kinds ------------------------------------------ */

static void KtExpectName(HANDLE Handle, PCWSTR Expected)
{
    ULONG_PTR Buffer[64];
    PUNICODE_STRING Name = (PUNICODE_STRING)Buffer;
    UNICODE_STRING String;
    ULONG Length = 0;

    RtlInitUnicodeString(&String, Expected);
    ok_status(NtQueryObject(Handle, ObjectNameInformation, Buffer, sizeof(Buffer), &Length),
        STATUS_SUCCESS);
    ok(RtlEqualUnicodeString(Name, &String, TRUE), "the name is %pZ, not %pZ", Name, &String);
    ok_eq(Length, sizeof(*Name) + (String.Length != 0 ? String.MaximumLength : 0));
}

static HANDLE KtOpenFileName(PCWSTR Path)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Block;
    HANDLE File = NULL;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    ok_status(NtOpenFile(&File, FILE_READ_ATTRIBUTES, &Attributes, &Block, 0, 0),
        STATUS_SUCCESS);
    return File;
}

START_TEST(ob_query_name, "NtQueryObject: full names of files, links, directories, the root")
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;

    Handle = KtOpenFileName(L"\\SystemRoot\\System32\\NTDLL.dll");
    KtExpectName(Handle, L"\\Device\\Ramdisk\\windows\\system32\\ntdll.dll");
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    Handle = KtOpenFileName(L"\\??\\C:\\");
    KtExpectName(Handle, L"\\Device\\Ramdisk\\");
    ok_status(NtClose(Handle), STATUS_SUCCESS);

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    RtlInitUnicodeString(&Name, L"\\SystemRoot");
    ok_status(NtOpenSymbolicLinkObject(&Handle, SYMBOLIC_LINK_QUERY, &Attributes),
        STATUS_SUCCESS);
    KtExpectName(Handle, L"\\SystemRoot");
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    RtlInitUnicodeString(&Name, L"\\BaseNamedObjects");
    ok_status(NtOpenDirectoryObject(&Handle, DIRECTORY_QUERY, &Attributes), STATUS_SUCCESS);
    KtExpectName(Handle, L"\\BaseNamedObjects");
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    RtlInitUnicodeString(&Name, L"\\");
    ok_status(NtOpenDirectoryObject(&Handle, DIRECTORY_QUERY, &Attributes), STATUS_SUCCESS);
    KtExpectName(Handle, L"\\");
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    KtExpectName(NtCurrentProcess(), L"");
    KtExpectName(NtCurrentThread(), L"");
}

START_TEST(ob_query_types, "NtQueryObject: all types, one behind the other")
{
    ULONG Needed = 0, Length, Found = 0;
    POBJECT_TYPES_INFORMATION Types;
    POBJECT_TYPE_INFORMATION Type;

    ok_status(NtQueryObject(NULL, ObjectTypesInformation, NULL, 0, &Needed),
        STATUS_INFO_LENGTH_MISMATCH);
    Types = ExAllocatePoolZero(PagedPool, Needed, POOL_TAG('K', 't', 'O', 'b'));
    if (!ok(Types != NULL, "no memory")) {
        return;
    }
    ok_status(NtQueryObject(NULL, ObjectTypesInformation, Types, Needed - 1, NULL),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_status(NtQueryObject(NULL, ObjectTypesInformation, Types, Needed, &Length),
        STATUS_SUCCESS);
    ok_eq(Length, Needed);
    ok_eq(Types->NumberOfTypes, ObQueryTypes(0, NULL));
    Type = (POBJECT_TYPE_INFORMATION)(Types + 1);
    for (ULONG i = 0; i < Types->NumberOfTypes; i++) {
        ok((PVOID)Type->TypeName.Buffer == Type + 1, "the name of type %u is behind it", i);
        if (RtlEqualUnicodeString(&Type->TypeName, &ExEventObjectType->Name, FALSE)) {
            ok_eq(Type->ValidAccessMask, EVENT_ALL_ACCESS);
            ok_eq(Type->TotalNumberOfObjects, ExEventObjectType->TotalNumberOfObjects);
            Found++;
        }
        Found += Type->SecurityRequired;
        Type = (POBJECT_TYPE_INFORMATION)((PUCHAR)(Type + 1) +
            ((Type->TypeName.MaximumLength + 3) & ~3u));
    }
    ok_eq((PUCHAR)Type - (PUCHAR)Types, Needed);
    ok_eq(Found, 1 + 3); /* processes, threads and tokens always have security */
    ExFreePoolWithTag(Types, POOL_TAG('K', 't', 'O', 'b'));
}

START_TEST(ob_handle_flags, "NtSetInformationObject: inheritance and protection of a handle")
{
    OBJECT_DATA_INFORMATION Flags = {TRUE, TRUE}, Read;
    HANDLE Event;

    ok_status(KtSecureEvent(NULL, NULL, SYNCHRONIZE, &Event), STATUS_SUCCESS);
    ok_status(NtSetInformationObject(Event, ObjectHandleFlagInformation, &Flags, sizeof(Flags)),
        STATUS_SUCCESS);
    ok_status(NtQueryObject(Event, ObjectHandleFlagInformation, &Read, sizeof(Read), NULL),
        STATUS_SUCCESS);
    ok(Read.InheritHandle && Read.ProtectFromClose, "both are set");
    ok_status(ObCloseHandle(Event, UserMode), STATUS_HANDLE_NOT_CLOSABLE);
    Flags.ProtectFromClose = FALSE;
    ok_status(NtSetInformationObject(Event, ObjectHandleFlagInformation, &Flags, sizeof(Flags)),
        STATUS_SUCCESS);
    ok_status(NtQueryObject(Event, ObjectHandleFlagInformation, &Read, sizeof(Read), NULL),
        STATUS_SUCCESS);
    ok(Read.InheritHandle && !Read.ProtectFromClose, "one is left");
    ok_status(NtSetInformationObject(Event, ObjectHandleFlagInformation, &Flags, 1),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_status(NtSetInformationObject(Event, ObjectBasicInformation, &Flags, sizeof(Flags)),
        STATUS_INVALID_INFO_CLASS);
    ok_status(ObCloseHandle(Event, UserMode), STATUS_SUCCESS);
    ok_status(NtSetInformationObject(Event, ObjectHandleFlagInformation, &Flags, sizeof(Flags)),
        STATUS_INVALID_HANDLE);
    ok_status(NtSetInformationObject(
                  NtCurrentProcess(), ObjectHandleFlagInformation, &Flags, sizeof(Flags)),
        STATUS_INVALID_HANDLE);
}
