/* SPDX-License-Identifier: MIT */
/*
 * Object types.  A type is itself an object, of type Type, and is found in
 * \ObjectTypes; the first one is its own type.  Types are never deleted.
 */
#include "ob/obp.h"

#define TAG_TYPE POOL_TAG('O', 'b', 'T', 'y')

POBJECT_TYPE ObpTypeObjectType;
POBJECT_TYPE ObpDirectoryObjectType;
POBJECT_TYPE ObpSymbolicLinkObjectType;

/* Filled only while the kernel starts, on one thread. */
static POBJECT_TYPE ObpTypes[NASCENT_COUNTER_TYPES];
static ULONG ObpTypeCount;
static BOOLEAN ObpTypesPublished;

/* A name is not in any directory until ObpPublishType: the types come first. */
static POBJECT_TYPE ObpAllocateType(PCWSTR Name)
{
    ULONG NameOffset = sizeof(OBJECT_HEADER_NAME_INFO);
    POBJECT_HEADER_NAME_INFO NameInfo = ExAllocatePoolZero(NonPagedPool,
        NameOffset + sizeof(OBJECT_HEADER) + sizeof(OBJECT_TYPE), TAG_TYPE);
    POBJECT_HEADER Header;
    POBJECT_TYPE Type;

    if (NameInfo == NULL) {
        return NULL;
    }
    Header = ObpHeaderOfName(NameInfo);
    Type = ObpBody(Header);
    RtlInitUnicodeString(&Type->Name, Name);
    NameInfo->Name = Type->Name; /* both point to the caller's constant */
    Header->PointerCount = 1;
    Header->NameInfoOffset = (UCHAR)NameOffset;
    Header->Flags = OB_FLAG_PERMANENT | OB_FLAG_KERNEL_MODE;
    Header->Type = ObpTypeObjectType != NULL ? ObpTypeObjectType : Type;
    Header->Type->TotalNumberOfObjects++;
    return Type;
}

static NTSTATUS ObpPublishType(POBJECT_TYPE Type)
{
    static const UNICODE_STRING TypesName = RTL_CONSTANT_STRING(L"\\ObjectTypes");
    PVOID Directory;
    NTSTATUS Status =
        ObReferenceObjectByName(&TypesName, 0, ObpDirectoryObjectType, NULL, &Directory);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeAcquireGuardedMutex(&ObpNamespaceLock);
    ObpInsertInDirectory(Directory, ObpNameInfo(ObpHeader(Type)));
    KeReleaseGuardedMutex(&ObpNamespaceLock);
    ObDereferenceObject(Directory);
    return STATUS_SUCCESS;
}

/*
 * ObCreateObjectType - a new kind of object.  Only while the kernel starts.
 *
 * Name must stay: it is not copied.
 */
NTSTATUS ObCreateObjectType(
    PCWSTR Name, const OBJECT_TYPE_INITIALIZER *Info, POBJECT_TYPE *NewType)
{
    POBJECT_TYPE Type;

    if (ObpTypeCount == ARRAYSIZE(ObpTypes)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Type = ObpAllocateType(Name);
    if (Type == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Type->TypeInfo = *Info;
    Type->Index = ObpTypeCount;
    ObpTypes[ObpTypeCount++] = Type;
    *NewType = Type;
    return ObpTypesPublished ? ObpPublishType(Type) : STATUS_SUCCESS;
}

NTSTATUS ObpInitTypes(void)
{
    static const OBJECT_TYPE_INITIALIZER TypeInfo = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE, STANDARD_RIGHTS_EXECUTE,
            STANDARD_RIGHTS_REQUIRED | 1},
        .ValidAccessMask = STANDARD_RIGHTS_REQUIRED | 1,
        .PoolTag = TAG_TYPE,
        .BodySize = sizeof(OBJECT_TYPE),
    };
    static const OBJECT_TYPE_INITIALIZER DirectoryInfo = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
            STANDARD_RIGHTS_WRITE | DIRECTORY_CREATE_OBJECT | DIRECTORY_CREATE_SUBDIRECTORY,
            STANDARD_RIGHTS_EXECUTE | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
            DIRECTORY_ALL_ACCESS},
        .ValidAccessMask = DIRECTORY_ALL_ACCESS,
        .PoolTag = POOL_TAG('D', 'i', 'r', 'e'),
        .BodySize = sizeof(OBJECT_DIRECTORY),
    };
    static const OBJECT_TYPE_INITIALIZER LinkInfo = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | SYMBOLIC_LINK_QUERY, STANDARD_RIGHTS_WRITE,
            STANDARD_RIGHTS_EXECUTE | SYMBOLIC_LINK_QUERY, SYMBOLIC_LINK_ALL_ACCESS},
        .ValidAccessMask = SYMBOLIC_LINK_ALL_ACCESS,
        .PoolTag = POOL_TAG('S', 'y', 'm', 'b'),
        .BodySize = sizeof(OBJECT_SYMBOLIC_LINK),
        .DeleteProcedure = ObpDeleteSymbolicLink,
    };
    NTSTATUS Status = ObCreateObjectType(L"Type", &TypeInfo, &ObpTypeObjectType);

    if (NT_SUCCESS(Status)) {
        Status = ObCreateObjectType(L"Directory", &DirectoryInfo, &ObpDirectoryObjectType);
    }
    if (NT_SUCCESS(Status)) {
        Status = ObCreateObjectType(L"SymbolicLink", &LinkInfo, &ObpSymbolicLinkObjectType);
    }
    return Status;
}

NTSTATUS ObpPublishTypes(void)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; NT_SUCCESS(Status) && i < ObpTypeCount; i++) {
        Status = ObpPublishType(ObpTypes[i]);
    }
    ObpTypesPublished = TRUE;
    return Status;
}

ULONG ObQueryTypes(ULONG Max, POBJECT_TYPE Types[])
{
    ULONG Count = ObpTypeCount < Max ? ObpTypeCount : Max;

    for (ULONG i = 0; i < Count; i++) {
        Types[i] = ObpTypes[i];
    }
    return ObpTypeCount;
}

#define OBP_GENERIC_RIGHTS                                                                     \
    (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL | MAXIMUM_ALLOWED)

static __attribute__((noinline)) ACCESS_MASK ObpMapGenericRights(
    POBJECT_TYPE Type, ACCESS_MASK Desired)
{
    const GENERIC_MAPPING *Mapping = &Type->TypeInfo.GenericMapping;
    ACCESS_MASK Access = Desired & ~OBP_GENERIC_RIGHTS;

    Access |= Desired & GENERIC_READ ? Mapping->GenericRead : 0;
    Access |= Desired & GENERIC_WRITE ? Mapping->GenericWrite : 0;
    Access |= Desired & GENERIC_EXECUTE ? Mapping->GenericExecute : 0;
    Access |= Desired & GENERIC_ALL ? Mapping->GenericAll : 0;
    Access |= Desired & MAXIMUM_ALLOWED ? Type->TypeInfo.ValidAccessMask : 0;
    return Access;
}

NTSTATUS ObMapDesiredAccess(POBJECT_TYPE Type, ACCESS_MASK Desired, PACCESS_MASK Granted)
{
    const ACCESS_MASK Valid =
        Type->TypeInfo.ValidAccessMask | STANDARD_RIGHTS_ALL | ACCESS_SYSTEM_SECURITY
        | OBP_GENERIC_RIGHTS;

    if (Desired & ~Valid) {
        return STATUS_ACCESS_DENIED;
    }
    *Granted = Desired & OBP_GENERIC_RIGHTS ? ObpMapGenericRights(Type, Desired) : Desired;
    return STATUS_SUCCESS;
}
