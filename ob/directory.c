/* SPDX-License-Identifier: MIT */
/*
 * Object directories: 37 hash buckets of names, under one lock for the whole
 * namespace.  An entry is the object's own name information, so entering a name
 * allocates nothing and cannot fail.
 *
 * Names are compared without regard to case, whatever OBJ_CASE_INSENSITIVE says:
 * NT's default since 5.1 (registry value ObCaseInsensitive).
 *
 * Who refers to whom: the directory to the object (so a named object lives), the
 * object to the directory (so the directory outlives its entries).  Both end
 * when the last handle to an object that is not permanent is closed.
 */
#include "ob/obp.h"

POBJECT_DIRECTORY ObpRootDirectory;
KGUARDED_MUTEX ObpNamespaceLock;

static ULONG ObpHashName(PCUNICODE_STRING Name)
{
    ULONG Hash;

    return NT_SUCCESS(RtlHashUnicodeString(Name, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &Hash))
        ? Hash
        : 0; /* only an unknown algorithm could fail */
}

PVOID ObpFindInDirectory(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name)
{
    ULONG Hash = ObpHashName(Name);
    POBJECT_HEADER_NAME_INFO Entry = Directory->HashBuckets[Hash % OBP_HASH_BUCKETS];

    ASSERT(KeIsGuardedMutexOwned(&ObpNamespaceLock));
    for (; Entry != NULL; Entry = Entry->NextInBucket) {
        if (Entry->Hash == Hash && RtlEqualUnicodeString(&Entry->Name, Name, TRUE)) {
            return ObpBody(ObpHeaderOfName(Entry));
        }
    }
    return NULL;
}

void ObpInsertInDirectory(POBJECT_DIRECTORY Directory, POBJECT_HEADER_NAME_INFO NameInfo)
{
    POBJECT_HEADER_NAME_INFO *Bucket;

    ASSERT(KeIsGuardedMutexOwned(&ObpNamespaceLock));
    NameInfo->Hash = ObpHashName(&NameInfo->Name);
    Bucket = &Directory->HashBuckets[NameInfo->Hash % OBP_HASH_BUCKETS];
    NameInfo->NextInBucket = *Bucket;
    *Bucket = NameInfo;
    NameInfo->Directory = Directory;
    ObReferenceObject(Directory);
    ObReferenceObject(ObpBody(ObpHeaderOfName(NameInfo)));
}

void ObpRemoveFromDirectory(POBJECT_HEADER_NAME_INFO NameInfo)
{
    POBJECT_HEADER_NAME_INFO *Link =
        &NameInfo->Directory->HashBuckets[NameInfo->Hash % OBP_HASH_BUCKETS];

    ASSERT(KeIsGuardedMutexOwned(&ObpNamespaceLock));
    while (*Link != NameInfo) {
        Link = &(*Link)->NextInBucket;
    }
    *Link = NameInfo->NextInBucket;
    NameInfo->NextInBucket = NULL;
    NameInfo->Directory = NULL;
}

/* Looked at again under the lock: somebody may have opened the name meanwhile. */
void ObpDeleteNameCheck(POBJECT_HEADER Header)
{
    POBJECT_HEADER_NAME_INFO NameInfo = ObpNameInfo(Header);
    POBJECT_DIRECTORY Directory = NULL;

    if (NameInfo == NULL) {
        return;
    }
    KeAcquireGuardedMutex(&ObpNamespaceLock);
    if (Header->HandleCount == 0 && NameInfo->Directory != NULL &&
        (Header->Flags & OB_FLAG_PERMANENT) == 0) {
        Directory = NameInfo->Directory;
        ObpRemoveFromDirectory(NameInfo);
    }
    KeReleaseGuardedMutex(&ObpNamespaceLock);
    if (Directory != NULL) {
        ObDereferenceObject(ObpBody(Header));
        ObDereferenceObject(Directory);
    }
}

/*
 * ObCreateDirectory - a permanent directory for the kernel: \Device and the like.
 */
NTSTATUS ObCreateDirectory(PCWSTR Name)
{
    UNICODE_STRING String;
    OBJECT_ATTRIBUTES Attributes;
    PVOID Directory;
    NTSTATUS Status;

    RtlInitUnicodeString(&String, Name);
    InitializeObjectAttributes(&Attributes, &String, OBJ_PERMANENT, NULL, NULL);
    Status = ObCreateObject(KernelMode, ObpDirectoryObjectType,
        (__force OBJECT_ATTRIBUTES __user *)&Attributes, 0, &Directory);
    return NT_SUCCESS(Status) ? ObInsertObject(Directory, 0, NULL) : Status;
}

/* The root is in no directory; ObpLookupName starts from it. */
static NTSTATUS ObpCreateRoot(void)
{
    PVOID Root;
    NTSTATUS Status = ObCreateObject(KernelMode, ObpDirectoryObjectType, NULL, 0, &Root);

    if (NT_SUCCESS(Status)) {
        ObpHeader(Root)->Flags = OB_FLAG_PERMANENT | OB_FLAG_KERNEL_MODE;
        ObpRootDirectory = Root;
    }
    return Status;
}

NTSTATUS ObpInitDirectories(void)
{
    static const PCWSTR Names[] = {L"\\ObjectTypes", L"\\BaseNamedObjects", L"\\??"};
    NTSTATUS Status;

    KeInitializeGuardedMutex(&ObpNamespaceLock, LockLevelDirectory);
    Status = ObpCreateRoot();
    for (ULONG i = 0; NT_SUCCESS(Status) && i < ARRAYSIZE(Names); i++) {
        Status = ObCreateDirectory(Names[i]);
    }
    return Status;
}

NTSTATUS NTAPI NtCreateDirectoryObject(HANDLE __user *DirectoryHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    PVOID Directory;
    NTSTATUS Status = ObCreateObject(
        KeGetPreviousMode(), ObpDirectoryObjectType, ObjectAttributes, 0, &Directory);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObInsertObject(Directory, DesiredAccess, &Handle);
    return ObReturnHandle(DirectoryHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenDirectoryObject(HANDLE __user *DirectoryHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, ObpDirectoryObjectType,
        KeGetPreviousMode(), DesiredAccess, NULL, &Handle);

    return ObReturnHandle(DirectoryHandle, Handle, Status);
}
