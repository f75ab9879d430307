/* SPDX-License-Identifier: MIT */
/*
 * Handles: what the entries of a process's handle table mean.
 *
 * An entry holds the address of the object's header, the access that was granted
 * when it was made, and three attributes in spare bits.  It owns one pointer
 * reference and one handle count.  Access is checked when a handle is made and
 * when it is used by user mode; kernel mode is trusted.
 *
 * Handles of kernel callers go to the current process's table too.
 *
 * Next: duplicate.c, process.c (inheritance and the end of a process).
 */
#include "ob/obp.h"

NTSTATUS ObpAddHandleCount(
    PKPROCESS Process, POBJECT_HEADER Header, OB_OPEN_REASON Reason, ACCESS_MASK Access)
{
    POBJECT_TYPE Type = Header->Type;

    if (Type->TypeInfo.OpenProcedure != NULL) {
        NTSTATUS Status =
            Type->TypeInfo.OpenProcedure(Reason, Process, ObpBody(Header), Access);

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    InterlockedIncrement(&Header->HandleCount);
    InterlockedIncrement(&Type->TotalNumberOfHandles);
    return STATUS_SUCCESS;
}

FORCEINLINE void ObpDrop(PKPROCESS Process, POBJECT_HEADER Header)
{
    POBJECT_TYPE Type = Header->Type;
    LONG Left = InterlockedDecrement(&Header->HandleCount);

    InterlockedDecrement(&Type->TotalNumberOfHandles);
    if (Type->TypeInfo.CloseProcedure != NULL) {
        Type->TypeInfo.CloseProcedure(Process, ObpBody(Header), 0, (ULONG)Left);
    }
    if (Left == 0 && Header->NameInfoOffset != 0) {
        ObpDeleteNameCheck(Header);
    }
    ObDereferenceObject(ObpBody(Header));
}

void ObpDropHandle(PKPROCESS Process, POBJECT_HEADER Header)
{
    ObpDrop(Process, Header);
}

NTSTATUS ObpCreateHandle(
    PKPROCESS Process, PVOID Object, POBP_NEW_HANDLE New, PHANDLE Handle)
{
    POBJECT_HEADER Header = ObpHeader(Object);
    HANDLE_TABLE_ENTRY Entry = ObpMakeEntry(Header, New->Attributes, New->GrantedAccess);
    NTSTATUS Status;

    if (Process->ObjectTable == NULL) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    Status = ObpAddHandleCount(Process, Header, New->Reason, New->GrantedAccess);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    New->Counted = TRUE; /* before the entry: the handle may be closed at once */
    *Handle = ExCreateHandle(Process->ObjectTable, &Entry);
    return *Handle != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

void ObpAbandonHandle(PKPROCESS Process, PVOID Object, const OBP_NEW_HANDLE *New)
{
    if (New->Counted) {
        ObpDropHandle(Process, ObpHeader(Object));
    } else {
        ObDereferenceObject(Object);
    }
}

static NTSTATUS ObpCheckUse(POBJECT_TYPE Actual, ACCESS_MASK Granted, POBJECT_TYPE Wanted,
    ACCESS_MASK Desired, KPROCESSOR_MODE Mode)
{
    if (Wanted != NULL && Wanted != Actual) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return Mode == UserMode && (Desired & ~Granted) != 0 ? STATUS_ACCESS_DENIED
                                                        : STATUS_SUCCESS;
}

static void ObpDescribeEntry(
    const HANDLE_TABLE_ENTRY *Entry, POBJECT_HANDLE_INFORMATION Information)
{
    Information->GrantedAccess = Entry->GrantedAccess & ~EXHANDLE_PROTECT;
    Information->HandleAttributes = (Entry->Value & EXHANDLE_INHERIT ? OBJ_INHERIT : 0)
        | (Entry->GrantedAccess & EXHANDLE_PROTECT ? OBJ_PROTECT_CLOSE : 0);
}

NTSTATUS ObpReferenceByHandle(PKPROCESS Process, HANDLE Handle, ACCESS_MASK DesiredAccess,
    POBJECT_TYPE Type, KPROCESSOR_MODE Mode, PVOID *Object,
    POBJECT_HANDLE_INFORMATION Information)
{
    PHANDLE_TABLE Table = Process->ObjectTable;
    PHANDLE_TABLE_ENTRY Entry = Table != NULL ? ExLockHandle(Table, Handle) : NULL;
    POBJECT_HEADER Header;
    NTSTATUS Status;

    if (Entry == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    Header = ObpEntryHeader(Entry);
    Status = ObpCheckUse(
        Header->Type, Entry->GrantedAccess & ~EXHANDLE_PROTECT, Type, DesiredAccess, Mode);
    if (Information != NULL) {
        ObpDescribeEntry(Entry, Information);
    }
    if (NT_SUCCESS(Status)) {
        *Object = ObpReferenceEntry(Entry);
    }
    ExUnlockHandle(Entry);
    return Status;
}

/* -1 and -2: always open, never in a table. */
FORCEINLINE NTSTATUS ObpReferencePseudoHandle(HANDLE Handle, ACCESS_MASK DesiredAccess,
    POBJECT_TYPE Type, KPROCESSOR_MODE Mode, PVOID *Object,
    POBJECT_HANDLE_INFORMATION Information)
{
    ACCESS_MASK Granted = 0;
    PVOID Body = NULL;
    NTSTATUS Status;

    if (Handle == NtCurrentProcess()) {
        Body = KeGetCurrentProcess();
        Granted = ((PKPROCESS)Body)->GrantedAccess;
    } else if (Handle == NtCurrentThread()) {
        Body = KeGetCurrentThread();
        Granted = ((PKTHREAD)Body)->GrantedAccess;
    }
    if (Granted == 0) { /* or no object: an idle thread, early at boot */
        return STATUS_INVALID_HANDLE;
    }
    if (Information != NULL) {
        *Information = (OBJECT_HANDLE_INFORMATION){.GrantedAccess = Granted};
    }
    Status = ObpCheckUse(ObpHeader(Body)->Type, Granted, Type, DesiredAccess, Mode);
    if (NT_SUCCESS(Status)) {
        ObReferenceObject(Body);
        *Object = Body;
    }
    return Status;
}

NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE Type,
    KPROCESSOR_MODE Mode, PVOID *Object, POBJECT_HANDLE_INFORMATION Information)
{
    return (LONG_PTR)Handle < 0
        ? ObpReferencePseudoHandle(Handle, DesiredAccess, Type, Mode, Object, Information)
        : ObpReferenceByHandle(
              KeGetCurrentProcess(), Handle, DesiredAccess, Type, Mode, Object, Information);
}

NTSTATUS ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, ACCESS_MASK DesiredAccess,
    POBJECT_TYPE Type, KPROCESSOR_MODE Mode, PHANDLE Handle)
{
    OBP_NEW_HANDLE New = {.Reason = ObOpenHandle, .Attributes = HandleAttributes};
    NTSTATUS Status = ObReferenceObjectByPointer(Object, DesiredAccess, Type, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObMapDesiredAccess(ObpHeader(Object)->Type, DesiredAccess, &New.GrantedAccess);
    if (NT_SUCCESS(Status)) {
        Status = ObpCreateHandle(KeGetCurrentProcess(), Object, &New, Handle);
    }
    if (!NT_SUCCESS(Status)) {
        ObpAbandonHandle(KeGetCurrentProcess(), Object, &New);
    }
    return Status;
}

FORCEINLINE NTSTATUS ObpClose(PKPROCESS Process, HANDLE Handle, KPROCESSOR_MODE Mode)
{
    PHANDLE_TABLE Table = Process->ObjectTable;
    PHANDLE_TABLE_ENTRY Entry = Table != NULL ? ExLockHandle(Table, Handle) : NULL;
    POBJECT_HEADER Header;

    if (Entry == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    if (Mode == UserMode && (Entry->GrantedAccess & EXHANDLE_PROTECT) != 0) {
        ExUnlockHandle(Entry);
        return STATUS_HANDLE_NOT_CLOSABLE;
    }
    Header = ObpEntryHeader(Entry);
    ExRemoveLockedHandle(Table, Handle, Entry);
    ObpDrop(Process, Header);
    return STATUS_SUCCESS;
}

NTSTATUS ObpCloseHandleOf(PKPROCESS Process, HANDLE Handle, KPROCESSOR_MODE Mode)
{
    return ObpClose(Process, Handle, Mode);
}

/* The pseudo-handles have no entry: STATUS_INVALID_HANDLE, as in NT 5.2. */
NTSTATUS ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE Mode)
{
    return ObpCloseHandleOf(KeGetCurrentProcess(), Handle, Mode);
}

NTSTATUS NTAPI NtClose(HANDLE Handle)
{
    return ObpClose(KeGetCurrentProcess(), Handle, KeGetPreviousMode());
}
