/* SPDX-License-Identifier: MIT */
/*
 * Ob's own: how an object lies in memory, and what the files of ob/ share.
 *
 *   OBJECT_HEADER_NAME_INFO   only if the object was given a name
 *   OBJECT_HEADER
 *   body                      what everybody else means by "the object"
 */
#pragma once
#include "mm.h"
#include "nt/native.h"
#include "ob/header.h"

#define OBP_HASH_BUCKETS   37
#define OBP_MAX_LINKS      32 /* symbolic links followed in one look-up */
#define OBJ_PROTECT_CLOSE  0x00000001 /* NT's handle attribute, in no public header */
#define OBJ_HANDLE_ATTRIBUTES (OBJ_INHERIT | OBJ_PROTECT_CLOSE)
#define TAG_NAME           POOL_TAG('O', 'b', 'N', 'm')
#define TAG_SECURITY       POOL_TAG('O', 'b', 'S', 'd')

typedef struct _OBJECT_DIRECTORY {
    struct _OBJECT_HEADER_NAME_INFO *HashBuckets[OBP_HASH_BUCKETS]; /* namespace lock */
} OBJECT_DIRECTORY, *POBJECT_DIRECTORY;

/* Until it is inserted: what the creator asked for.  Then: namespace lock. */
typedef struct _OBJECT_HEADER_NAME_INFO {
    POBJECT_DIRECTORY Directory; /* where it is, with a reference; NULL: nowhere */
    UNICODE_STRING Name;         /* pool; last component only, once inserted */
    struct _OBJECT_HEADER_NAME_INFO *NextInBucket;
    ULONG Hash;
    HANDLE RootDirectory; /* creator's; meaningless once inserted */
} OBJECT_HEADER_NAME_INFO, *POBJECT_HEADER_NAME_INFO;

_Static_assert(sizeof(OBJECT_HEADER_NAME_INFO) % 8 == 0, "bodies are aligned to 8");

typedef struct _OBJECT_SYMBOLIC_LINK {
    LARGE_INTEGER CreationTime;
    UNICODE_STRING LinkTarget; /* pool; fixed */
} OBJECT_SYMBOLIC_LINK, *POBJECT_SYMBOLIC_LINK;

/* NULL: it has none. */
FORCEINLINE POBJECT_HEADER_NAME_INFO ObpNameInfo(POBJECT_HEADER Header)
{
    return Header->NameInfoOffset == 0
        ? NULL
        : (POBJECT_HEADER_NAME_INFO)((PUCHAR)Header - Header->NameInfoOffset);
}

FORCEINLINE POBJECT_HEADER ObpHeaderOfName(POBJECT_HEADER_NAME_INFO NameInfo)
{
    return (POBJECT_HEADER)(NameInfo + 1);
}

/* ---- types.c ---- */
_Must_inspect_result_ NTSTATUS ObpInitTypes(void);
_Must_inspect_result_ NTSTATUS ObpPublishTypes(void); /* into \ObjectTypes */

/* ---- object.c ---- */
void ObpFreeUnusedName(POBJECT_HEADER_NAME_INFO NameInfo);

/* ---- capture.c: from user memory, or from the kernel's for KernelMode ---- */
_Must_inspect_result_ NTSTATUS ObpCopyIn(
    PVOID Destination, const VOID __user *Source, SIZE_T Length, KPROCESSOR_MODE Mode);
_Must_inspect_result_ NTSTATUS ObpCaptureString(
    UNICODE_STRING __user *Source, KPROCESSOR_MODE Mode, _Out_ PUNICODE_STRING Captured);
void ObpFreeString(PUNICODE_STRING String);

/* ---- descriptor.c: an object's descriptor, self-relative in pool (TAG_SECURITY) ---- */
#define OBP_SECURITY_PARTS 0xF /* SECURITY_INFORMATION: owner, group, DACL, SACL */
_Must_inspect_result_ NTSTATUS ObpCaptureDescriptor(
    const void __user *Source, KPROCESSOR_MODE Mode, _Out_ PSECURITY_DESCRIPTOR *Captured);
/* The parts of New that Information names, the other ones of Old, which may be NULL. */
_Must_inspect_result_ NTSTATUS ObpMergeDescriptors(PSECURITY_DESCRIPTOR Old,
    PSECURITY_DESCRIPTOR New, SECURITY_INFORMATION Information,
    _Out_ PSECURITY_DESCRIPTOR *Merged);
FORCEINLINE void ObpFreeDescriptor(_In_opt_ PSECURITY_DESCRIPTOR Descriptor)
{
    if (Descriptor != NULL) {
        ExFreePoolWithTag(Descriptor, TAG_SECURITY);
    }
}
/* An absolute descriptor of those parts, pointing into Source; Source NULL: empty. */
void ObpSelectParts(PSECURITY_DESCRIPTOR Source, SECURITY_INFORMATION Information,
    _Inout_ PISECURITY_DESCRIPTOR Selected);

/* ---- directory.c: all under the namespace lock ---- */
extern POBJECT_DIRECTORY ObpRootDirectory;
extern KGUARDED_MUTEX ObpNamespaceLock;
PVOID ObpFindInDirectory(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name); /* or NULL */
/* The directory takes a reference on the object and the object one on the directory. */
void ObpInsertInDirectory(POBJECT_DIRECTORY Directory, POBJECT_HEADER_NAME_INFO NameInfo);
/* Both references are then the caller's, to be dropped after the lock. */
void ObpRemoveFromDirectory(POBJECT_HEADER_NAME_INFO NameInfo);
/* Takes the lock: removes the name of an object that has no handle and is not permanent. */
void ObpDeleteNameCheck(POBJECT_HEADER Header);
_Must_inspect_result_ NTSTATUS ObpInitDirectories(void);

/* ---- symlink.c ---- */
void ObpDeleteSymbolicLink(PVOID Object);
/* Target + Rest in a new string. */
_Must_inspect_result_ NTSTATUS ObpResolveLink(
    POBJECT_SYMBOLIC_LINK Link, PCUNICODE_STRING Rest, _Out_ PUNICODE_STRING Name);

/* ---- name.c ---- */
typedef struct _OBP_LOOKUP {
    /* what to look for */
    UNICODE_STRING Name; /* pool, owned by the look-up; replaced at each symbolic link */
    HANDLE RootDirectory;
    ULONG Attributes;
    KPROCESSOR_MODE Mode;
    POBJECT_TYPE Type;   /* NULL: any */
    PVOID ParseContext;
    BOOLEAN ForInsertion; /* devices are not entered, a missing last name is fine */
    /* where it is */
    PVOID Root;      /* object of RootDirectory, referenced */
    BOOLEAN Locked;  /* the namespace lock is held */
    BOOLEAN Followed; /* Name is now where a link led */
    PVOID Object;    /* referenced */
    POBJECT_DIRECTORY Directory; /* not found: the directory it would be in, */
    UNICODE_STRING LastName;     /* and its name there, a part of Name */
} OBP_LOOKUP, *POBP_LOOKUP;

/*
 * ObpLookupName - find Name.  On return, success or not, the namespace may be
 * locked, so that the caller can make a handle or enter a name before anyone
 * else comes; ObpEndLookup must follow in any case.
 */
_Must_inspect_result_ NTSTATUS ObpLookupName(_Inout_ POBP_LOOKUP Lookup);
void ObpEndLookup(POBP_LOOKUP Lookup); /* Object's reference stays with the caller */

/* ---- handle.c ---- */
typedef struct _OBP_NEW_HANDLE {
    OB_OPEN_REASON Reason;
    ULONG Attributes; /* OBJ_INHERIT, OBJ_PROTECT_CLOSE; others are ignored */
    ACCESS_MASK GrantedAccess;
    BOOLEAN Counted; /* result: HandleCount and the open procedure know of it */
} OBP_NEW_HANDLE, *POBP_NEW_HANDLE;

/*
 * On success the handle owns the caller's reference.  On failure the caller drops
 * its locks and calls ObpAbandonHandle, which undoes the count and the reference.
 */
_Must_inspect_result_ NTSTATUS ObpCreateHandle(
    PKPROCESS Process, PVOID Object, POBP_NEW_HANDLE New, _Out_ PHANDLE Handle);
void ObpAbandonHandle(PKPROCESS Process, PVOID Object, const OBP_NEW_HANDLE *New);
/* Asks the type's open procedure and counts one more handle. */
_Must_inspect_result_ NTSTATUS ObpAddHandleCount(
    PKPROCESS Process, POBJECT_HEADER Header, OB_OPEN_REASON Reason, ACCESS_MASK Access);
/* One handle less: close procedure, name, reference. */
void ObpDropHandle(PKPROCESS Process, POBJECT_HEADER Header);
NTSTATUS ObpCloseHandleOf(PKPROCESS Process, HANDLE Handle, KPROCESSOR_MODE Mode);
/* As ObReferenceObjectByHandle, in any process's table and without pseudo-handles. */
_Must_inspect_result_ NTSTATUS ObpReferenceByHandle(PKPROCESS Process, HANDLE Handle,
    ACCESS_MASK DesiredAccess, _In_opt_ POBJECT_TYPE Type, KPROCESSOR_MODE Mode,
    _Out_ PVOID *Object, _Out_opt_ POBJECT_HANDLE_INFORMATION Information);
/* Of Attributes OBJ_INHERIT and OBJ_PROTECT_CLOSE matter. */
FORCEINLINE HANDLE_TABLE_ENTRY ObpMakeEntry(
    POBJECT_HEADER Header, ULONG Attributes, ACCESS_MASK Access)
{
    return (HANDLE_TABLE_ENTRY){
        .Value = (ULONG_PTR)Header | (Attributes & OBJ_INHERIT ? EXHANDLE_INHERIT : 0),
        .GrantedAccess = Access | (Attributes & OBJ_PROTECT_CLOSE ? EXHANDLE_PROTECT : 0),
    };
}

/*
 * Counts one more handle and makes it in Process; consumes a reference, on failure
 * too.  The caller holds no lock.
 */
FORCEINLINE NTSTATUS ObpInsertEntry(PKPROCESS Process, const HANDLE_TABLE_ENTRY *Entry,
    OB_OPEN_REASON Reason, PHANDLE Handle)
{
    POBJECT_HEADER Header = ObpEntryHeader(Entry);
    PHANDLE_TABLE Table = Process->ObjectTable;
    NTSTATUS Status = STATUS_PROCESS_IS_TERMINATING;

    if (Table != NULL) {
        Status = ObpAddHandleCount(
            Process, Header, Reason, Entry->GrantedAccess & ~EXHANDLE_PROTECT);
    }
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(ObpBody(Header));
        return Status;
    }
    *Handle = ExCreateHandle(Table, Entry);
    if (*Handle == NULL) {
        ObpDropHandle(Process, Header);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
}
