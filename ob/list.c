/* SPDX-License-Identifier: MIT */
/*
 * NtQueryDirectoryObject: the names in a directory, with their types.
 *
 * The answer is put together in pool, because the namespace is locked meanwhile:
 * entries, an empty one, then the characters that they point to.  Entries are
 * numbered in the order of the hash buckets; Context is the number of the next.
 */
#include "ob/obp.h"

#define TAG_LIST       POOL_TAG('O', 'b', 'L', 's')
#define OBP_LIST_LIMIT 0x10000 /* bytes that one call returns at most */

typedef OBJECT_DIRECTORY_INFORMATION ENTRY;

/* One request; Buffer is ours, the pointers in it are for the caller's UserBuffer. */
typedef struct _OBP_LIST {
    POBJECT_DIRECTORY Directory;
    PUCHAR Buffer;
    ULONG_PTR UserBuffer;
    ULONG Length;
    ULONG First;  /* number of the first entry to give */
    ULONG Limit;  /* how many entries at most */
    ULONG Count;  /* how many fit */
    ULONG Needed; /* bytes for them; if none fits: for the first */
    ULONG Tail;   /* where the next characters go */
    BOOLEAN More;
} OBP_LIST;

/* Characters and zeros of an entry. */
static ULONG ObpListSize(POBJECT_HEADER_NAME_INFO Info)
{
    return Info->Name.Length + ObpHeaderOfName(Info)->Type->Name.Length + 2 * sizeof(WCHAR);
}

/* First pass: counts.  FALSE: no more. */
static BOOLEAN ObpMeasureEntry(OBP_LIST *List, POBJECT_HEADER_NAME_INFO Info)
{
    ULONG Size = List->Needed + sizeof(ENTRY) + ObpListSize(Info);

    if (List->Count == List->Limit || Size > List->Length) {
        List->More = TRUE;
        List->Needed = List->Count == 0 ? Size : List->Needed;
        return FALSE;
    }
    List->Needed = Size;
    List->Count++;
    return TRUE;
}

static UNICODE_STRING ObpListString(OBP_LIST *List, PCUNICODE_STRING String)
{
    UNICODE_STRING User = {String->Length, String->Length + sizeof(WCHAR),
        (PWSTR)(List->UserBuffer + List->Tail)};

    RtlCopyMemory(List->Buffer + List->Tail, String->Buffer, String->Length);
    List->Tail += User.MaximumLength; /* the pool is zeroed */
    return User;
}

/* Second pass: writes.  Count goes up again to what it was. */
static BOOLEAN ObpWriteEntry(OBP_LIST *List, POBJECT_HEADER_NAME_INFO Info)
{
    ENTRY *Entry = (ENTRY *)List->Buffer + List->Count;

    if (List->Count == List->Limit) {
        return FALSE;
    }
    Entry->Name = ObpListString(List, &Info->Name);
    Entry->TypeName = ObpListString(List, &ObpHeaderOfName(Info)->Type->Name);
    List->Count++;
    return TRUE;
}

static void ObpForEachEntry(
    OBP_LIST *List, BOOLEAN (*Routine)(OBP_LIST *List, POBJECT_HEADER_NAME_INFO Info))
{
    ULONG Number = 0;

    for (ULONG Bucket = 0; Bucket < OBP_HASH_BUCKETS; Bucket++) {
        POBJECT_HEADER_NAME_INFO Info = List->Directory->HashBuckets[Bucket];

        for (; Info != NULL; Info = Info->NextInBucket) {
            if (Number++ >= List->First && !Routine(List, Info)) {
                return;
            }
        }
    }
}

/* What the call returns; a single entry that does not fit is the only failure. */
static NTSTATUS ObpListStatus(const OBP_LIST *List, BOOLEAN Single)
{
    if (List->More && List->Count == 0 && Single) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (List->Count == 0 && !List->More) {
        return STATUS_NO_MORE_ENTRIES;
    }
    return List->More && !Single ? STATUS_MORE_ENTRIES : STATUS_SUCCESS;
}

static void ObpFillList(OBP_LIST *List)
{
    List->Needed = sizeof(ENTRY); /* the empty one at the end */
    KeAcquireGuardedMutex(&ObpNamespaceLock);
    ObpForEachEntry(List, ObpMeasureEntry);
    List->Tail = (List->Count + 1) * sizeof(ENTRY);
    List->Limit = List->Count;
    List->Count = 0;
    if (List->Limit != 0) {
        ObpForEachEntry(List, ObpWriteEntry);
    }
    KeReleaseGuardedMutex(&ObpNamespaceLock);
}

static NTSTATUS ObpReturnList(
    const OBP_LIST *List, void __user *Buffer, ULONG __user *Context, ULONG __user *ReturnLength)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (List->Count != 0) {
        Status = MmCopyToUser(Buffer, List->Buffer, List->Needed);
    }
    if (NT_SUCCESS(Status)) {
        Status = MmWriteUlongToUser(Context, List->First + List->Count);
    }
    return NT_SUCCESS(Status) && ReturnLength != NULL
        ? MmWriteUlongToUser(ReturnLength, List->Needed)
        : Status;
}

/*
 * STATUS_MORE_ENTRIES says call again with the same Context, STATUS_NO_MORE_ENTRIES
 * that there is nothing (left).  *ReturnLength: bytes written, or needed.
 */
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE DirectoryHandle, void __user *Buffer, ULONG Length,
    BOOLEAN ReturnSingleEntry, BOOLEAN RestartScan, ULONG __user *Context,
    ULONG __user *ReturnLength)
{
    OBP_LIST List = {
        .UserBuffer = (__force ULONG_PTR)Buffer,
        .Length = Length < OBP_LIST_LIMIT ? Length : OBP_LIST_LIMIT,
        .Limit = ReturnSingleEntry ? 1 : ~0u,
    };
    NTSTATUS WriteStatus, Status = MmCopyFromUser(&List.First, Context, sizeof(List.First));
    PVOID Directory;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    List.First = RestartScan ? 0 : List.First;
    Status = ObReferenceObjectByHandle(DirectoryHandle, DIRECTORY_QUERY, ObpDirectoryObjectType,
        KeGetPreviousMode(), &Directory, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    List.Directory = Directory;
    List.Buffer = ExAllocatePoolZero(PagedPool, List.Length + sizeof(ENTRY), TAG_LIST);
    if (List.Buffer == NULL) {
        ObDereferenceObject(Directory);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ObpFillList(&List);
    Status = ObpListStatus(&List, ReturnSingleEntry);
    WriteStatus = ObpReturnList(&List, Buffer, Context, ReturnLength);
    ExFreePoolWithTag(List.Buffer, TAG_LIST);
    ObDereferenceObject(Directory);
    return NT_SUCCESS(WriteStatus) ? Status : WriteStatus;
}
