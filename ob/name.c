/* SPDX-License-Identifier: MIT */
/*
 * Names: the walk from the root, or from a RootDirectory handle, to an object.
 *
 *   directory      its entry for the next component
 *   symbolic link  start again with the link's target and the rest of the name
 *   other          the type's ParseProcedure continues: devices and files
 *
 * The namespace lock is held during the walk and stays held when the object was
 * found (or not) in a directory, so that what the caller does next is one step
 * with it.  It is dropped before a ParseProcedure is called.
 *
 * A rest of a name begins with its backslash, so that "\a" and "\a\" differ.
 */
#include "ob/obp.h"

static void ObpAdvance(PUNICODE_STRING String, USHORT Bytes)
{
    String->Buffer += Bytes / sizeof(WCHAR);
    String->Length -= Bytes;
    String->MaximumLength = String->Length;
}

static BOOLEAN ObpStartsWithBackslash(PCUNICODE_STRING String)
{
    return String->Length != 0 && String->Buffer[0] == L'\\';
}

/* Takes one component off Rest.  FALSE: it is empty, as in "\a\\b" or "\a\". */
static BOOLEAN ObpNextComponent(PUNICODE_STRING Rest, PUNICODE_STRING Component)
{
    USHORT Length = 0;

    if (ObpStartsWithBackslash(Rest)) {
        ObpAdvance(Rest, sizeof(WCHAR));
    }
    while (Length < Rest->Length && Rest->Buffer[Length / sizeof(WCHAR)] != L'\\') {
        Length += sizeof(WCHAR);
    }
    *Component = (UNICODE_STRING){Length, Length, Rest->Buffer};
    ObpAdvance(Rest, Length);
    return Length != 0;
}

static void ObpUnlockLookup(POBP_LOOKUP Lookup)
{
    if (Lookup->Locked) {
        KeReleaseGuardedMutex(&ObpNamespaceLock);
        Lookup->Locked = FALSE;
    }
}

static NTSTATUS ObpFollowLink(POBP_LOOKUP Lookup, PVOID Link, PCUNICODE_STRING Rest)
{
    UNICODE_STRING NewName;
    NTSTATUS Status = ObpResolveLink(Link, Rest, &NewName);

    if (NT_SUCCESS(Status)) {
        ObpFreeString(&Lookup->Name);
        Lookup->Name = NewName;
        Lookup->Followed = TRUE;
    }
    return Status;
}

static NTSTATUS ObpParse(POBP_LOOKUP Lookup, PVOID Object, PUNICODE_STRING Rest)
{
    NTSTATUS Status;

    if (ObpStartsWithBackslash(Rest)) {
        ObpAdvance(Rest, sizeof(WCHAR));
    }
    ObReferenceObject(Object);
    ObpUnlockLookup(Lookup);
    Status = ObpHeader(Object)->Type->TypeInfo.ParseProcedure(Object, Lookup->Type, Lookup->Mode,
        Lookup->Attributes, Rest, Lookup->ParseContext, &Lookup->Object);
    ObDereferenceObject(Object);
    if (!NT_SUCCESS(Status)) {
        Lookup->Object = NULL;
    }
    return Status;
}

/* The walk came to something that is not a directory, or to the end of the name. */
static NTSTATUS ObpArrive(POBP_LOOKUP Lookup, PVOID Object, PUNICODE_STRING Rest)
{
    POBJECT_TYPE Type = ObpHeader(Object)->Type;
    BOOLEAN IsWanted = Rest->Length == 0 && Lookup->Type == Type;

    if (Type == ObpSymbolicLinkObjectType && !IsWanted
        && (Rest->Length != 0 || (Lookup->Attributes & OBJ_OPENLINK) == 0)) {
        return ObpFollowLink(Lookup, Object, Rest);
    }
    if (Type->TypeInfo.ParseProcedure != NULL && !IsWanted && !Lookup->ForInsertion) {
        return ObpParse(Lookup, Object, Rest);
    }
    if (Rest->Length != 0) {
        return STATUS_OBJECT_TYPE_MISMATCH; /* it has nothing inside */
    }
    ObReferenceObject(Object);
    Lookup->Object = Object;
    return STATUS_SUCCESS;
}

/* From Object down; Rest is empty or begins with a component, which may have a backslash. */
static NTSTATUS ObpWalk(POBP_LOOKUP Lookup, PVOID Object, PUNICODE_STRING Rest)
{
    while (ObpHeader(Object)->Type == ObpDirectoryObjectType && Rest->Length != 0) {
        UNICODE_STRING Component;
        PVOID Next;

        if (!ObpNextComponent(Rest, &Component)) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        Next = ObpFindInDirectory(Object, &Component);
        if (Next == NULL && Rest->Length != 0) {
            return STATUS_OBJECT_PATH_NOT_FOUND;
        }
        if (Next == NULL) {
            Lookup->Directory = Object;
            Lookup->LastName = Component;
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        Object = Next;
    }
    return ObpArrive(Lookup, Object, Rest);
}

/* One walk of Name, which begins with a backslash if, and only if, there is no Root. */
static NTSTATUS ObpWalkFrom(POBP_LOOKUP Lookup, PVOID Root)
{
    UNICODE_STRING Rest = Lookup->Name;

    if (ObpStartsWithBackslash(&Rest) != (Root == NULL)) {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    if (Root != NULL) {
        return ObpWalk(Lookup, Root, &Rest);
    }
    ObpAdvance(&Rest, sizeof(WCHAR));
    return ObpStartsWithBackslash(&Rest) ? STATUS_OBJECT_NAME_INVALID
                                         : ObpWalk(Lookup, ObpRootDirectory, &Rest);
}

/* Names are looked up only in what can hold them: INVALID_HANDLE for other roots. */
static NTSTATUS ObpReferenceRoot(POBP_LOOKUP Lookup)
{
    POBJECT_TYPE Type;
    NTSTATUS Status;

    if (Lookup->RootDirectory == NULL) {
        return STATUS_SUCCESS;
    }
    Status = ObReferenceObjectByHandle(
        Lookup->RootDirectory, 0, NULL, Lookup->Mode, &Lookup->Root, NULL);
    if (!NT_SUCCESS(Status)) {
        Lookup->Root = NULL;
        return Status;
    }
    Type = ObpHeader(Lookup->Root)->Type;
    return Type == ObpDirectoryObjectType || Type->TypeInfo.ParseProcedure != NULL
        ? STATUS_SUCCESS
        : STATUS_INVALID_HANDLE;
}

/*
 * Links that lead to each other end with OBJECT_NAME_NOT_FOUND.  The lock is
 * held throughout, so that a link's target cannot change between two walks.
 */
NTSTATUS ObpLookupName(POBP_LOOKUP Lookup)
{
    NTSTATUS Status = ObpReferenceRoot(Lookup);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeAcquireGuardedMutex(&ObpNamespaceLock);
    Lookup->Locked = TRUE;
    for (ULONG Links = 0; Links <= OBP_MAX_LINKS; Links++) {
        Lookup->Followed = FALSE;
        Status = ObpWalkFrom(Lookup, Links == 0 ? Lookup->Root : NULL);
        if (!NT_SUCCESS(Status) || !Lookup->Followed) {
            return Status;
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

void ObpEndLookup(POBP_LOOKUP Lookup)
{
    ObpUnlockLookup(Lookup);
    ObpFreeString(&Lookup->Name);
    if (Lookup->Root != NULL) {
        ObDereferenceObject(Lookup->Root);
    }
}

/* The directory does not own the name's buffer: it passes to the object. */
static void ObpEnterName(POBP_LOOKUP Lookup, POBJECT_HEADER_NAME_INFO NameInfo)
{
    NameInfo->Name = Lookup->Name;
    NameInfo->Name.Length = Lookup->LastName.Length;
    RtlMoveMemory(NameInfo->Name.Buffer, Lookup->LastName.Buffer, Lookup->LastName.Length);
    Lookup->Name = (UNICODE_STRING){0, 0, NULL};
    ObpInsertInDirectory(Lookup->Directory, NameInfo);
}

/* Somebody has the name: Object is his, if OBJ_OPENIF allows that and the types agree. */
static NTSTATUS ObpTakeExisting(POBP_LOOKUP Lookup)
{
    if ((Lookup->Attributes & OBJ_OPENIF) == 0) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    if (ObpHeader(Lookup->Object)->Type != Lookup->Type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return STATUS_OBJECT_NAME_EXISTS;
}

/*
 * Gives Object its name, or finds the object that has it (Lookup->Object,
 * STATUS_OBJECT_NAME_EXISTS).  After success the namespace is still locked.
 */
static NTSTATUS ObpFindOrEnter(POBP_LOOKUP Lookup, PVOID Object)
{
    NTSTATUS Status = ObpLookupName(Lookup);

    if (NT_SUCCESS(Status)) {
        return ObpTakeExisting(Lookup);
    }
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND && Lookup->Directory != NULL) {
        ObpEnterName(Lookup, ObpNameInfo(ObpHeader(Object)));
        return STATUS_SUCCESS;
    }
    return Status;
}

/*
 * The named half of ObInsertObject: name and handle in one step under the lock.
 * A handle that cannot be made takes the new name with it.
 */
static __attribute__((noinline)) NTSTATUS ObpInsertNamed(
    PVOID Object, POBP_NEW_HANDLE New, PHANDLE Handle)
{
    POBJECT_HEADER Header = ObpHeader(Object);
    POBJECT_HEADER_NAME_INFO NameInfo = ObpNameInfo(Header);
    OBP_LOOKUP Lookup = {
        .Name = NameInfo->Name,
        .RootDirectory = NameInfo->RootDirectory,
        .Attributes = Header->Attributes,
        .Mode = Header->Flags & OB_FLAG_KERNEL_MODE ? KernelMode : UserMode,
        .Type = Header->Type,
        .ForInsertion = TRUE,
    };
    NTSTATUS Status, HandleStatus = STATUS_SUCCESS;
    PVOID Target;

    NameInfo->Name = (UNICODE_STRING){0, 0, NULL};
    Status = ObpFindOrEnter(&Lookup, Object);
    Target = Lookup.Object != NULL ? Lookup.Object : Object;
    if (NT_SUCCESS(Status) && Handle != NULL) {
        ObReferenceObject(Target);
        HandleStatus = ObpCreateHandle(KeGetCurrentProcess(), Target, New, Handle);
    }
    ObpEndLookup(&Lookup);
    if (!NT_SUCCESS(HandleStatus)) {
        ObpAbandonHandle(KeGetCurrentProcess(), Target, New);
        Header->Flags &= (UCHAR)~OB_FLAG_PERMANENT;
        ObpDeleteNameCheck(Header);
    }
    if (Lookup.Object != NULL) {
        ObDereferenceObject(Lookup.Object);
    }
    return NT_SUCCESS(HandleStatus) ? Status : HandleStatus;
}

/* The handle takes the creator's reference over: somebody may close it at once. */
FORCEINLINE NTSTATUS ObpInsertUnnamed(POBJECT_HEADER Header, ACCESS_MASK Access, PHANDLE Handle)
{
    const HANDLE_TABLE_ENTRY Entry = ObpMakeEntry(Header, Header->Attributes, Access);

    if (Handle == NULL) {
        ObDereferenceObject(ObpBody(Header));
        return STATUS_INVALID_PARAMETER;
    }
    return ObpInsertEntry(KeGetCurrentProcess(), &Entry, ObCreateHandle, Handle);
}

NTSTATUS ObInsertObject(PVOID Object, ACCESS_MASK DesiredAccess, PHANDLE Handle)
{
    POBJECT_HEADER Header = ObpHeader(Object);
    OBP_NEW_HANDLE New = {.Reason = ObCreateHandle, .Attributes = Header->Attributes};
    NTSTATUS Status = ObMapDesiredAccess(Header->Type, DesiredAccess, &New.GrantedAccess);

    ASSERT(Header->Flags & OB_FLAG_CREATE_INFO);
    Header->Flags &= (UCHAR)~OB_FLAG_CREATE_INFO;
    if (NT_SUCCESS(Status) && Header->NameInfoOffset == 0) {
        return ObpInsertUnnamed(Header, New.GrantedAccess, Handle);
    }
    if (NT_SUCCESS(Status)) {
        Status = ObpInsertNamed(Object, &New, Handle);
    }
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS ObReferenceObjectByName(PCUNICODE_STRING Name, ULONG Attributes, POBJECT_TYPE Type,
    PVOID ParseContext, PVOID *Object)
{
    OBP_LOOKUP Lookup = {
        .Attributes = Attributes,
        .Mode = KernelMode,
        .Type = Type,
        .ParseContext = ParseContext,
    };
    NTSTATUS Status =
        ObpCaptureString((__force UNICODE_STRING __user *)Name, KernelMode, &Lookup.Name);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpLookupName(&Lookup);
    ObpEndLookup(&Lookup);
    if (NT_SUCCESS(Status) && Type != NULL && ObpHeader(Lookup.Object)->Type != Type) {
        ObDereferenceObject(Lookup.Object);
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    *Object = Lookup.Object;
    return Status;
}

/* The object is found; while the namespace is locked, so its name cannot go. */
static NTSTATUS ObpOpenFound(
    POBP_LOOKUP Lookup, ACCESS_MASK DesiredAccess, POBP_NEW_HANDLE New, PHANDLE Handle)
{
    POBJECT_TYPE Type = ObpHeader(Lookup->Object)->Type;
    NTSTATUS Status;

    if (Lookup->Type != NULL && Type != Lookup->Type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    Status = ObMapDesiredAccess(Type, DesiredAccess, &New->GrantedAccess);
    return NT_SUCCESS(Status)
        ? ObpCreateHandle(KeGetCurrentProcess(), Lookup->Object, New, Handle)
        : Status;
}

NTSTATUS ObOpenObjectByName(OBJECT_ATTRIBUTES __user *ObjectAttributes, POBJECT_TYPE Type,
    KPROCESSOR_MODE Mode, ACCESS_MASK DesiredAccess, PVOID ParseContext, PHANDLE Handle)
{
    OBJECT_CAPTURED_ATTRIBUTES Captured;
    OBP_NEW_HANDLE New = {.Reason = ObOpenHandle};
    OBP_LOOKUP Lookup;
    NTSTATUS Status = ObjectAttributes != NULL
        ? ObCaptureAttributes(ObjectAttributes, Mode, &Captured)
        : STATUS_INVALID_PARAMETER;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Lookup = (OBP_LOOKUP){
        .Name = Captured.Name,
        .RootDirectory = Captured.RootDirectory,
        .Attributes = Captured.Attributes,
        .Mode = Mode,
        .Type = Type,
        .ParseContext = ParseContext,
    };
    Status = ObpLookupName(&Lookup);
    if (NT_SUCCESS(Status)) {
        New.Attributes = Lookup.Attributes;
        Status = ObpOpenFound(&Lookup, DesiredAccess, &New, Handle);
    }
    ObpEndLookup(&Lookup);
    if (!NT_SUCCESS(Status) && Lookup.Object != NULL) {
        ObpAbandonHandle(KeGetCurrentProcess(), Lookup.Object, &New);
    }
    return Status;
}
