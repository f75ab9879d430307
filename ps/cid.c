/* SPDX-License-Identifier: MIT */
/*
 * From ids to objects: PspCidTable, NtOpenProcess, NtOpenThread.
 *
 * Process and thread ids are handles of one kernel table, so they share a number
 * space and are multiples of 4.  Its entries hold no reference: a look-up takes
 * one only if the object still has any.
 */
#include "ex/handle.h"
#include "ps/psp.h"

/* The object of the type behind Id, referenced; NULL when there is none. */
static PVOID PspLookupCid(HANDLE Id, POBJECT_TYPE Type)
{
    PVOID Object = NULL;
    PHANDLE_TABLE_ENTRY Entry = ExLockHandle(PspCidTable, Id);

    if (Entry == NULL) {
        return NULL;
    }
    PVOID Candidate = (PVOID)(Entry->Value & ~(ULONG_PTR)EXHANDLE_ATTRIBUTES);

    if (ObGetObjectType(Candidate) == Type && ObReferenceObjectSafe(Candidate)) {
        Object = Candidate;
    }
    ExUnlockHandle(Entry);
    return Object;
}

/* STATUS_INVALID_PARAMETER: no such process, as NT says. */
NTSTATUS PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process)
{
    *Process = PspLookupCid(ProcessId, PsProcessType);
    return *Process != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD *Thread)
{
    *Thread = PspLookupCid(ThreadId, PsThreadType);
    return *Thread != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* The thread of a CLIENT_ID; a process id in it, if any, must match. */
static NTSTATUS PspLookupThreadByClientId(const CLIENT_ID *ClientId, PETHREAD *Thread)
{
    NTSTATUS Status = PsLookupThreadByThreadId(ClientId->UniqueThread, Thread);

    if (NT_SUCCESS(Status) && ClientId->UniqueProcess != NULL &&
        (*Thread)->Cid.UniqueProcess != ClientId->UniqueProcess) {
        ObDereferenceObject(*Thread);
        Status = STATUS_INVALID_CID;
    }
    return Status == STATUS_INVALID_PARAMETER ? STATUS_INVALID_CID : Status;
}

static NTSTATUS PspReturnHandle(PVOID Object, ULONG Attributes, ACCESS_MASK DesiredAccess,
    POBJECT_TYPE Type, HANDLE __user *UserHandle)
{
    HANDLE Handle;
    NTSTATUS Status = ObOpenObjectByPointer(
        Object, Attributes, DesiredAccess, Type, KeGetPreviousMode(), &Handle);

    return ObReturnHandle(UserHandle, Handle, Status);
}

/*
 * Both calls name an object by a CLIENT_ID or by a name, not by both and not by
 * neither.  Processes and threads have no names here, so a name is not found.
 */
static NTSTATUS PspCaptureOpen(HANDLE __user *Handle, OBJECT_ATTRIBUTES __user *ObjectAttributes,
    CLIENT_ID __user *ClientId, _Out_ PULONG Attributes, _Out_ PCLIENT_ID Captured)
{
    OBJECT_CAPTURED_ATTRIBUTES Names;
    NTSTATUS Status = MmProbeForWrite(Handle, sizeof(HANDLE), sizeof(HANDLE));

    if (NT_SUCCESS(Status)) {
        Status = ObCaptureAttributes(ObjectAttributes, KeGetPreviousMode(), &Names);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    BOOLEAN Named = Names.Name.Length != 0;

    *Attributes = Names.Attributes;
    ObReleaseAttributes(&Names);
    if (Named == (ClientId != NULL)) {
        return STATUS_INVALID_PARAMETER_MIX;
    }
    if (Named) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    return MmCopyFromUser(Captured, ClientId, sizeof(CLIENT_ID));
}

NTSTATUS NTAPI NtOpenProcess(HANDLE __user *ProcessHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, CLIENT_ID __user *ClientId)
{
    PEPROCESS Process;
    CLIENT_ID Cid;
    ULONG Attributes;
    NTSTATUS Status = PspCaptureOpen(ProcessHandle, ObjectAttributes, ClientId, &Attributes, &Cid);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Cid.UniqueThread != NULL) { /* then it is the thread that names its process */
        PETHREAD Thread;

        Status = PspLookupThreadByClientId(&Cid, &Thread);
        if (NT_SUCCESS(Status)) {
            Process = Thread->ThreadsProcess;
            ObReferenceObject(Process);
            ObDereferenceObject(Thread);
        }
    } else {
        Status = PsLookupProcessByProcessId(Cid.UniqueProcess, &Process);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspReturnHandle(Process, Attributes, DesiredAccess, PsProcessType, ProcessHandle);
        ObDereferenceObject(Process);
    }
    return Status;
}

NTSTATUS NTAPI NtOpenThread(HANDLE __user *ThreadHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, CLIENT_ID __user *ClientId)
{
    PETHREAD Thread;
    CLIENT_ID Cid;
    ULONG Attributes;
    NTSTATUS Status = PspCaptureOpen(ThreadHandle, ObjectAttributes, ClientId, &Attributes, &Cid);

    if (NT_SUCCESS(Status)) {
        Status = PspLookupThreadByClientId(&Cid, &Thread);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspReturnHandle(Thread, Attributes, DesiredAccess, PsThreadType, ThreadHandle);
        ObDereferenceObject(Thread);
    }
    return Status;
}
