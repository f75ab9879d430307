/* SPDX-License-Identifier: MIT */
/*
 * A process's handle table at both ends of its life: made empty or with what the
 * parent lets it inherit, and swept when the process ends.
 */
#include "ob/obp.h"

typedef struct _OBP_INHERITANCE {
    PKPROCESS Child;
    PHANDLE_TABLE Table;
    ULONG Count;
    POBJECT_HEADER Unfinished; /* counted, but there was no memory for its entry */
} OBP_INHERITANCE;

/* One entry of the parent, whose table is locked; so undoing waits until later. */
static BOOLEAN ObpInheritHandle(HANDLE Handle, PHANDLE_TABLE_ENTRY Entry, PVOID Context)
{
    OBP_INHERITANCE *Inheritance = Context;
    POBJECT_HEADER Header = ObpEntryHeader(Entry);
    NTSTATUS Status;

    if ((Entry->Value & EXHANDLE_INHERIT) == 0) {
        return TRUE;
    }
    Status = ObpAddHandleCount(Inheritance->Child, Header, ObInheritHandle,
        Entry->GrantedAccess & ~EXHANDLE_PROTECT);
    if (!NT_SUCCESS(Status)) {
        return TRUE; /* the type does not want it inherited: the child goes without */
    }
    ObReferenceObject(ObpBody(Header));
    if (!ExCreateHandleAt(Inheritance->Table, Handle, Entry)) {
        Inheritance->Unfinished = Header;
        return FALSE;
    }
    Inheritance->Count++;
    return TRUE;
}

/*
 * Duplicates what may be inherited at the same handle values.  On failure the
 * caller sweeps what was made so far.
 */
static NTSTATUS ObpInheritTable(PKPROCESS Parent, OBP_INHERITANCE *Inheritance)
{
    if (!ObPseudoHandles.AcquireHandleTable(Parent)) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    (void)ExEnumerateHandles(Parent->ObjectTable, ObpInheritHandle, Inheritance);
    ObPseudoHandles.ReleaseHandleTable(Parent);
    if (Inheritance->Unfinished != NULL) {
        ObpDropHandle(Inheritance->Child, Inheritance->Unfinished);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
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
    OBP_INHERITANCE Inheritance = {.Child = Process, .Table = ExCreateHandleTable(FALSE)};
    NTSTATUS Status = STATUS_SUCCESS;

    if (Inheritance.Table == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Parent != NULL) {
        Status = ObpInheritTable(Parent, &Inheritance);
    }
    if (!NT_SUCCESS(Status)) {
        ObpDestroyTable(Process, Inheritance.Table);
        return Status;
    }
    Process->ObjectTable = Inheritance.Table;
    *Inherited = Inheritance.Count;
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

    if (!ObPseudoHandles.AcquireHandleTable(Process)) {
        return 0;
    }
    Count = ExQueryHandleCount(Process->ObjectTable);
    ObPseudoHandles.ReleaseHandleTable(Process);
    return Count;
}
