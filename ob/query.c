/* SPDX-License-Identifier: MIT */
/*
 * NtQueryObject: what an object and a handle are, an object's full name, its type.
 *
 * A buffer of the wrong size gives STATUS_INFO_LENGTH_MISMATCH and, where the
 * caller asked for it, the length that is needed.
 */
#include "ob/obp.h"

/* winternl.h calls it PUBLIC_OBJECT_TYPE_INFORMATION and hides all but the name. */
typedef struct _OBJECT_TYPE_INFORMATION {
    UNICODE_STRING TypeName;
    ULONG TotalNumberOfObjects;
    ULONG TotalNumberOfHandles;
    ULONG UnusedTotals[4];
    ULONG HighWaterMarks[6];
    ULONG InvalidAttributes;
    GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    BOOLEAN SecurityRequired;
    BOOLEAN MaintainHandleCount;
    ULONG PoolType;
    ULONG DefaultPagedPoolCharge;
    ULONG DefaultNonPagedPoolCharge;
} OBJECT_TYPE_INFORMATION;
_Static_assert(sizeof(OBJECT_TYPE_INFORMATION) == 0x60, "NT layout");
_Static_assert(sizeof(OBJECT_BASIC_INFORMATION) == 0x38, "NT layout");

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

/* A terminated copy in pool; an empty string for an object without a name. */
static NTSTATUS ObpQueryName(PVOID Object, PUNICODE_STRING Name)
{
    POBJECT_HEADER Header = ObpHeader(Object);
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Length;

    *Name = (UNICODE_STRING){0, 0, NULL};
    KeAcquireGuardedMutex(&ObpNamespaceLock);
    Length = ObpBuildName(Header, NULL, 0);
    if (Length + sizeof(WCHAR) > UNICODE_STRING_MAX_BYTES) {
        Status = STATUS_NAME_TOO_LONG;
    } else if (Length != 0) {
        Name->Buffer = ExAllocatePoolWithTag(PagedPool, Length + sizeof(WCHAR), TAG_NAME);
        Status = Name->Buffer != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Name->Buffer != NULL) {
        (void)ObpBuildName(Header, Name->Buffer, Length);
        Name->Buffer[Length / sizeof(WCHAR)] = 0;
        Name->Length = (USHORT)Length;
        Name->MaximumLength = (USHORT)(Length + sizeof(WCHAR));
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

static NTSTATUS ObpQueryType(OBP_QUERY *Query)
{
    POBJECT_TYPE Type = ObpHeader(Query->Object)->Type;
    OBJECT_TYPE_INFORMATION Information = {
        .TotalNumberOfObjects = (ULONG)Type->TotalNumberOfObjects,
        .TotalNumberOfHandles = (ULONG)Type->TotalNumberOfHandles,
        .InvalidAttributes = Type->TypeInfo.InvalidAttributes,
        .GenericMapping = Type->TypeInfo.GenericMapping,
        .ValidAccessMask = Type->TypeInfo.ValidAccessMask,
    };

    return ObpCopyWithName(Query, &Information.TypeName, sizeof(Information), &Type->Name);
}

static NTSTATUS ObpQueryHandleData(OBP_QUERY *Query)
{
    OBJECT_DATA_INFORMATION Information = {
        .InheritHandle = (Query->Handle.HandleAttributes & OBJ_INHERIT) != 0,
        .ProtectFromClose = (Query->Handle.HandleAttributes & OBJ_PROTECT_CLOSE) != 0,
    };

    return ObpCopyExact(Query, &Information, sizeof(Information));
}

static NTSTATUS ObpAnswer(OBP_QUERY *Query, OBJECT_INFORMATION_CLASS InformationClass)
{
    switch (InformationClass) {
    case ObjectBasicInformation:
        return ObpQueryBasic(Query);
    case ObjectNameInformation:
        return ObpQueryNameInformation(Query);
    case ObjectTypeInformation:
        return ObpQueryType(Query);
    case ObjectDataInformation:
        return ObpQueryHandleData(Query);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS NTAPI NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    OBP_QUERY Query = {.Buffer = Information, .Length = Length};
    NTSTATUS Status = ObReferenceObjectByHandle(
        Handle, 0, NULL, KeGetPreviousMode(), &Query.Object, &Query.Handle);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpAnswer(&Query, InformationClass);
    if (ReturnLength != NULL && Query.Needed != 0) {
        NTSTATUS WriteStatus = MmWriteUlongToUser(ReturnLength, Query.Needed);

        Status = NT_SUCCESS(WriteStatus) ? Status : WriteStatus;
    }
    ObDereferenceObject(Query.Object);
    return Status;
}
