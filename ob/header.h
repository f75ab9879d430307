/* SPDX-License-Identifier: MIT */
/*
 * What lies before every object, and the road from a handle to a reference, which
 * nearly every system service takes: in line, because many do less than a call of it
 * would cost.
 */
#pragma once
#include "ex/handle.h"

/* OBJECT_HEADER.Flags, NT's values */
#define OB_FLAG_CREATE_INFO 0x01 /* not inserted yet: Attributes are the creator's */
#define OB_FLAG_KERNEL_MODE 0x02 /* made for the kernel: its handles are trusted */
#define OB_FLAG_PERMANENT   0x10

typedef struct _OBJECT_HEADER {
    volatile LONG PointerCount;
    volatile LONG HandleCount; /* each is a pointer reference as well */
    POBJECT_TYPE Type;
    UCHAR NameInfoOffset; /* bytes before the header; 0: unnamed */
    UCHAR HandleInfoOffset;
    UCHAR QuotaInfoOffset;
    UCHAR Flags;      /* OB_FLAG_...; once inserted: namespace lock */
    ULONG Attributes; /* captured create information */
    PVOID SecurityDescriptor; /* pool, self-relative; NULL: none; namespace lock */
} OBJECT_HEADER, *POBJECT_HEADER;
_Static_assert(sizeof(OBJECT_HEADER) == 0x18, "NT 5.2: the body follows at 18");

FORCEINLINE POBJECT_HEADER ObpHeader(PVOID Object)
{
    return (POBJECT_HEADER)Object - 1;
}

FORCEINLINE PVOID ObpBody(POBJECT_HEADER Header)
{
    return Header + 1;
}

/* An entry is the header's address with attribute bits. */
FORCEINLINE POBJECT_HEADER ObpEntryHeader(const HANDLE_TABLE_ENTRY *Entry)
{
    return (POBJECT_HEADER)(Entry->Value & ~(ULONG_PTR)EXHANDLE_ATTRIBUTES);
}

/* References the object of a locked entry: the entry's own reference keeps it alive. */
FORCEINLINE PVOID ObpReferenceEntry(const HANDLE_TABLE_ENTRY *Entry)
{
    POBJECT_HEADER Header = ObpEntryHeader(Entry);

    ASSERT(Header->PointerCount > 0);
    (void)InterlockedIncrement(&Header->PointerCount);
    return ObpBody(Header);
}

/*
 * ObReferenceCallersObject - ObReferenceObjectByHandle for the caller of a system
 * service: its process, its mode, a certain type.
 *
 * The straight road; whoever falls off it, be it with a pseudo-handle, goes the
 * long way, which finds out why.
 */
FORCEINLINE _Must_inspect_result_ NTSTATUS ObReferenceCallersObject(
    HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE Type, PVOID *Object)
{
    PHANDLE_TABLE Table = KeGetCurrentProcess()->ObjectTable;
    PHANDLE_TABLE_ENTRY Entry;

    if (Table != NULL && (Entry = ExLockHandle(Table, Handle)) != NULL) {
        POBJECT_HEADER Header = ObpEntryHeader(Entry);
        BOOLEAN Right = Header->Type == Type && (DesiredAccess & ~Entry->GrantedAccess) == 0;

        if (Right) {
            *Object = ObpReferenceEntry(Entry);
        }
        ExUnlockHandle(Entry);
        if (Right) {
            return STATUS_SUCCESS;
        }
    }
    return ObReferenceObjectByHandle(
        Handle, DesiredAccess, Type, KeGetPreviousMode(), Object, NULL);
}
