/* SPDX-License-Identifier: MIT */
/*
 * A process's handle table at both ends of its life: made empty or with what the
 * parent lets it inherit, and swept when the process ends.
 */
#include "ob/obp.h"

/* Copies an entry that is to be inherited and references its object. */
static BOOLEAN ObpTakeInheritable(HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry, PVOID Context)
{
    PHANDLE_TABLE_ENTRY Copy = Context;

    UNREFERENCED_PARAMETER(Handle);
    if ((Entry->Value & EXHANDLE_INHERIT) == 0) {
        return FALSE;
    }
    (void)ObpReferenceEntry(Entry);
    *Copy = *Entry;
    Copy->Value &= ~(ULONG_PTR)EXHANDLE_LOCK;
    return TRUE;
}

/* Makes the same entry in the child's table; consumes the reference. */
static NTSTATUS ObpInheritHandle(PKPROCESS Child, PHANDLE_TABLE Table, HANDLE Handle,
    const HANDLE_TABLE_ENTRY *Entry, PULONG Count)
{
    POBJECT_HEADER Header = ObpEntryHeader(Entry);
    NTSTATUS Status = ObpAddHandleCount(
        Child, Header, ObInheritHandle, Entry->GrantedAccess & ~EXHANDLE_PROTECT);

    if (!NT_SUCCESS(Status)) { /* the type does not want it inherited: the child goes without */
        ObDereferenceObject(ObpBody(Header));
        return STATUS_SUCCESS;
    }
    if (!ExCreateHandleAt(Table, Handle, Entry)) {
        ObpDropHandle(Child, Header);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ++*Count;
    return STATUS_SUCCESS;
}

/*
 * Duplicates what may be inherited at the same handle values.  On failure the
 * caller sweeps what was made so far.
 */
static NTSTATUS ObpInheritTable(
    PKPROCESS Parent, PKPROCESS Child, PHANDLE_TABLE Table, PULONG Count)
{
    NTSTATUS Status = STATUS_SUCCESS;
    HANDLE Handle = NULL;
    HANDLE_TABLE_ENTRY Entry;

    if (!ObUpperRoutines.AcquireHandleTable(Parent)) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    while (NT_SUCCESS(Status)
        && ExNextHandle(Parent->ObjectTable, &Handle, ObpTakeInheritable, &Entry)) {
        Status = ObpInheritHandle(Child, Table, Handle, &Entry, Count);
    }
    ObUpperRoutines.ReleaseHandleTable(Parent);
    return Status;
}

static void ObpSweepHandle(HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry, PVOID Context)
{
    UNREFERENCED_PARAMETER(Handle);
    ObpDropHandle(Context, ObpEntryHeader(Entry));
}

static void ObpDestroyTable(PKPROCESS Process, PHANDLE_TABLE Table)
{
    ExSweepHandleTable(Table, ObpSweepHandle, Process);
    ExDestroyHandleTable(Table);
}

NTSTATUS ObInitProcess(PKPROCESS Parent, PKPROCESS Process, PULONG Inherited)
{
    PHANDLE_TABLE Table = ExCreateHandleTable(FALSE);
    NTSTATUS Status = STATUS_SUCCESS;

    *Inherited = 0;
    if (Table == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Parent != NULL) {
        Status = ObpInheritTable(Parent, Process, Table, Inherited);
    }
    if (!NT_SUCCESS(Status)) {
        ObpDestroyTable(Process, Table);
        return Status;
    }
    Process->ObjectTable = Table;
    return STATUS_SUCCESS;
}

/* Close routines see the process without a table: nobody makes a handle in it now. */
void ObKillProcess(PKPROCESS Process)
{
    PHANDLE_TABLE Table = InterlockedExchange(&Process->ObjectTable, NULL);

    ASSERT_IRQL_AT_MOST(APC_LEVEL);
    if (Table != NULL) {
        ObpDestroyTable(Process, Table);
    }
}

ULONG ObQueryHandleCount(PKPROCESS Process)
{
    ULONG Count;

    if (!ObUpperRoutines.AcquireHandleTable(Process)) {
        return 0;
    }
    Count = ExQueryHandleCount(Process->ObjectTable);
    ObUpperRoutines.ReleaseHandleTable(Process);
    return Count;
}
