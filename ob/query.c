/* SPDX-License-Identifier: MIT */
/*
 * NtQueryObject: what an object and a handle are, an object's full name, its type,
 * all types; NtSetInformationObject: the two flags of a handle.
 *
 * A buffer of the wrong size gives STATUS_INFO_LENGTH_MISMATCH and, where the
 * caller asked for it, the length that is needed.
 */
#include "ob/obp.h"

/* One request, with its answer's length. */
typedef struct _OBP_QUERY {
    PVOID Object;
    OBJECT_HANDLE_INFORMATION Handle;
    void __user *Buffer;
    ULONG Length;
    ULONG Needed;
} OBP_QUERY;

/*
 * The full name, upwards from the object; 0 bytes when it has none.  Buffer NULL:
 * only its length.  The namespace is locked.
 */
static ULONG ObpBuildName(POBJECT_HEADER Header, PWSTR Buffer, ULONG Length)
{
    ULONG Total = 0;

    for (;;) {
        POBJECT_HEADER_NAME_INFO NameInfo = ObpNameInfo(Header);

        if (NameInfo == NULL || NameInfo->Directory == NULL) {
            break;
        }
        Total += NameInfo->Name.Length + sizeof(WCHAR);
        if (Buffer != NULL) {
            PWSTR Component = Buffer + (Length - Total) / sizeof(WCHAR);

            Component[0] = L'\\';
            RtlCopyMemory(Component + 1, NameInfo->Name.Buffer, NameInfo->Name.Length);
        }
        Header = ObpHeader(NameInfo->Directory);
    }
    if (Total == 0 && Header == ObpHeader(ObpRootDirectory)) {
        Total = sizeof(WCHAR);
        if (Buffer != NULL) {
            Buffer[0] = L'\\';
        }
    }
    return Total;
}

/* A backslash and Tail behind a name of Length bytes, and a zero behind that. */
static void ObpAppendTail(PUNICODE_STRING Name, ULONG Length, PCUNICODE_STRING Tail)
{
    PWSTR End = Name->Buffer + Length / sizeof(WCHAR);

    if (Tail->Buffer != NULL) {
        *End++ = L'\\';
        RtlCopyMemory(End, Tail->Buffer, Tail->Length);
    }
    Name->Buffer[Name->Length / sizeof(WCHAR)] = 0;
}

/* A terminated copy in pool; an empty string for an object without a name. */
static NTSTATUS ObpQueryName(PVOID Object, PUNICODE_STRING Name)
{
    POBJECT_TYPE Type = ObpHeader(Object)->Type;
    UNICODE_STRING Tail = {0, 0, NULL};
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Length, Total;

    *Name = (UNICODE_STRING){0, 0, NULL};
    if (Type->TypeInfo.QueryNameProcedure != NULL) {
        Type->TypeInfo.QueryNameProcedure(Object, &Object, &Tail);
    }
    KeAcquireGuardedMutex(&ObpNamespaceLock);
    Length = ObpBuildName(ObpHeader(Object), NULL, 0);
    Total = Length + (Tail.Buffer != NULL ? sizeof(WCHAR) + Tail.Length : 0);
    if (Total + sizeof(WCHAR) > UNICODE_STRING_MAX_BYTES) {
        Status = STATUS_NAME_TOO_LONG;
    } else if (Total != 0) {
        Name->Buffer = ExAllocatePoolWithTag(PagedPool, Total + sizeof(WCHAR), TAG_NAME);
        Status = Name->Buffer != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Name->Buffer != NULL) {
        Name->Length = (USHORT)Total;
        Name->MaximumLength = (USHORT)(Total + sizeof(WCHAR));
        (void)ObpBuildName(ObpHeader(Object), Name->Buffer, Length);
        ObpAppendTail(Name, Length, &Tail);
    }
    KeReleaseGuardedMutex(&ObpNamespaceLock);
    return Status;
}

/* The fixed part Size bytes long, then the string that its first member describes. */
static NTSTATUS ObpCopyWithName(
    OBP_QUERY *Query, PUNICODE_STRING Information, ULONG Size, PCUNICODE_STRING Name)
{
    UCHAR __user *Text = (UCHAR __user *)Query->Buffer + Size;
    NTSTATUS Status;

    Query->Needed = Size + Name->MaximumLength;
    if (Query->Length < Query->Needed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    *Information = *Name;
    Information->Buffer = Name->Buffer != NULL ? (PWSTR)(__force PVOID)Text : NULL;
    Status = MmCopyToUser(Text, Name->Buffer, Name->MaximumLength);
    return NT_SUCCESS(Status) ? MmCopyToUser(Query->Buffer, Information, Size) : Status;
}

static NTSTATUS ObpCopyExact(OBP_QUERY *Query, PCVOID Information, ULONG Size)
{
    Query->Needed = Size;
    return Query->Length == Size ? MmCopyToUser(Query->Buffer, Information, Size)
                                 : STATUS_INFO_LENGTH_MISMATCH;
}

static NTSTATUS ObpQueryBasic(OBP_QUERY *Query)
{
    POBJECT_HEADER Header = ObpHeader(Query->Object);
    OBJECT_BASIC_INFORMATION Information = {
        .Attributes = Query->Handle.HandleAttributes
            | (Header->Flags & OB_FLAG_PERMANENT ? OBJ_PERMANENT : 0),
        .GrantedAccess = Query->Handle.GrantedAccess,
        .HandleCount = (ULONG)Header->HandleCount,
        .PointerCount = (ULONG)Header->PointerCount - 1, /* not the one held here */
        .TypeInformationLength =
            sizeof(OBJECT_TYPE_INFORMATION) + Header->Type->Name.MaximumLength,
    };

    KeAcquireGuardedMutex(&ObpNamespaceLock);
    Information.NameInformationLength = ObpBuildName(Header, NULL, 0);
    if (Header->SecurityDescriptor != NULL && (Information.GrantedAccess & READ_CONTROL)) {
        Information.SecurityDescriptorLength =
            RtlLengthSecurityDescriptor(Header->SecurityDescriptor);
    }
    KeReleaseGuardedMutex(&ObpNamespaceLock);
    if (Information.NameInformationLength != 0) {
        Information.NameInformationLength += sizeof(OBJECT_NAME_INFORMATION) + sizeof(WCHAR);
    }
    if (Header->Type == ObpSymbolicLinkObjectType) {
        Information.CreateTime = ((POBJECT_SYMBOLIC_LINK)Query->Object)->CreationTime;
    }
    return ObpCopyExact(Query, &Information, sizeof(Information));
}

static NTSTATUS ObpQueryNameInformation(OBP_QUERY *Query)
{
    OBJECT_NAME_INFORMATION Information;
    UNICODE_STRING Name;
    NTSTATUS Status = ObpQueryName(Query->Object, &Name);

    if (NT_SUCCESS(Status)) {
        Status = ObpCopyWithName(Query, &Information.Name, sizeof(Information), &Name);
        ObpFreeString(&Name);
    }
    return Status;
}

static OBJECT_TYPE_INFORMATION ObpDescribeType(POBJECT_TYPE Type)
{
    return (OBJECT_TYPE_INFORMATION){
        .TotalNumberOfObjects = (ULONG)Type->TotalNumberOfObjects,
        .TotalNumberOfHandles = (ULONG)Type->TotalNumberOfHandles,
        .InvalidAttributes = Type->TypeInfo.InvalidAttributes,
        .GenericMapping = Type->TypeInfo.GenericMapping,
        .ValidAccessMask = Type->TypeInfo.ValidAccessMask,
        .SecurityRequired = Type->TypeInfo.SecurityRequired,
    };
}

static NTSTATUS ObpQueryType(OBP_QUERY *Query)
{
    POBJECT_TYPE Type = ObpHeader(Query->Object)->Type;
    OBJECT_TYPE_INFORMATION Information = ObpDescribeType(Type);

    return ObpCopyWithName(Query, &Information.TypeName, sizeof(Information), &Type->Name);
}

/* One type at Query->Buffer, which moves on to where the next one goes. */
static NTSTATUS ObpAppendType(OBP_QUERY *Query, POBJECT_TYPE Type)
{
    OBJECT_TYPE_INFORMATION Information = ObpDescribeType(Type);
    NTSTATUS Status =
        ObpCopyWithName(Query, &Information.TypeName, sizeof(Information), &Type->Name);
    ULONG Size = (Query->Needed + 3) & ~3u;

    Query->Buffer = (UCHAR __user *)Query->Buffer + Size;
    Query->Length -= Size < Query->Length ? Size : Query->Length;
    return Status;
}

/* The number of types, then all of them in the order they were made. */
static NTSTATUS ObpQueryTypes(OBP_QUERY *Query)
{
    POBJECT_TYPE Types[NASCENT_COUNTER_TYPES];
    OBJECT_TYPES_INFORMATION Information = {ObQueryTypes(ARRAYSIZE(Types), Types)};
    ULONG Needed = sizeof(Information);
    NTSTATUS Status;

    for (ULONG i = 0; i < Information.NumberOfTypes; i++) {
        Needed += (sizeof(OBJECT_TYPE_INFORMATION) + Types[i]->Name.MaximumLength + 3) & ~3u;
    }
    Query->Needed = Needed;
    if (Query->Length < Needed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = MmCopyToUser(Query->Buffer, &Information, sizeof(Information));
    Query->Buffer = (UCHAR __user *)Query->Buffer + sizeof(Information);
    Query->Length -= sizeof(Information);
    for (ULONG i = 0; NT_SUCCESS(Status) && i < Information.NumberOfTypes; i++) {
        Status = ObpAppendType(Query, Types[i]);
    }
    Query->Needed = Needed;
    return Status;
}

static NTSTATUS ObpQueryHandleData(OBP_QUERY *Query)
{
    OBJECT_DATA_INFORMATION Information = {
        .InheritHandle = (Query->Handle.HandleAttributes & OBJ_INHERIT) != 0,
        .ProtectFromClose = (Query->Handle.HandleAttributes & OBJ_PROTECT_CLOSE) != 0,
    };

    return ObpCopyExact(Query, &Information, sizeof(Information));
}

/* Of an object; ObjectTypesInformation needs none. */
static NTSTATUS ObpAnswer(OBP_QUERY *Query, OBJECT_INFORMATION_CLASS InformationClass)
{
    switch (InformationClass) {
    case ObjectBasicInformation:
        return ObpQueryBasic(Query);
    case ObjectNameInformation:
        return ObpQueryNameInformation(Query);
    case ObjectTypeInformation:
        return ObpQueryType(Query);
    case ObjectHandleFlagInformation:
        return ObpQueryHandleData(Query);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS NTAPI NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    OBP_QUERY Query = {.Buffer = Information, .Length = Length};
    NTSTATUS Status;

    if (InformationClass == ObjectTypesInformation) {
        Status = ObpQueryTypes(&Query);
    } else {
        Status = ObReferenceObjectByHandle(
            Handle, 0, NULL, KeGetPreviousMode(), &Query.Object, &Query.Handle);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Status = ObpAnswer(&Query, InformationClass);
        ObDereferenceObject(Query.Object);
    }
    if (ReturnLength != NULL && Query.Needed != 0) {
        NTSTATUS WriteStatus = MmWriteUlongToUser(ReturnLength, Query.Needed);

        Status = NT_SUCCESS(WriteStatus) ? Status : WriteStatus;
    }
    return Status;
}

/* Only of handles in the table: the pseudo-handles have no flags. */
NTSTATUS NTAPI NtSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length)
{
    PHANDLE_TABLE Table = KeGetCurrentProcess()->ObjectTable;
    OBJECT_DATA_INFORMATION Flags;
    PHANDLE_TABLE_ENTRY Entry;
    NTSTATUS Status;

    if (InformationClass != ObjectHandleFlagInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(Flags)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = MmCopyFromUser(&Flags, Information, sizeof(Flags));
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Entry = Table != NULL ? ExLockHandle(Table, Handle) : NULL;
    if (Entry == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    Entry->Value &= ~(ULONG_PTR)EXHANDLE_INHERIT;
    Entry->Value |= Flags.InheritHandle ? EXHANDLE_INHERIT : 0;
    Entry->GrantedAccess &= ~(ACCESS_MASK)EXHANDLE_PROTECT;
    Entry->GrantedAccess |= Flags.ProtectFromClose ? EXHANDLE_PROTECT : 0;
    ExUnlockHandle(Entry);
    return STATUS_SUCCESS;
}
