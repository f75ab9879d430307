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

/* The thread of a CLIENT_ID that names its process, too: INVALID_CID if it is not that one's. */
static NTSTATUS PspLookupProcessThreadByCid(const CLIENT_ID *ClientId, PETHREAD *Thread)
{
    if (!NT_SUCCESS(PsLookupThreadByThreadId(ClientId->UniqueThread, Thread))) {
        return STATUS_INVALID_CID;
    }
    if ((*Thread)->Cid.UniqueProcess != ClientId->UniqueProcess) {
        ObDereferenceObject(*Thread);
        return STATUS_INVALID_CID;
    }
    return STATUS_SUCCESS;
}

/* How NtOpenProcess finds its object: a thread's id, if there is one, names its process. */
static NTSTATUS PspLookupProcess(const CLIENT_ID *ClientId, PVOID *Object)
{
    PEPROCESS Process = NULL;
    PETHREAD Thread;
    NTSTATUS Status;

    if (ClientId->UniqueThread == NULL) {
        Status = PsLookupProcessByProcessId(ClientId->UniqueProcess, &Process);
    } else {
        Status = PspLookupProcessThreadByCid(ClientId, &Thread);
        if (NT_SUCCESS(Status)) {
            Process = Thread->ThreadsProcess;
            ObReferenceObject(Process);
            ObDereferenceObject(Thread);
        }
    }
    *Object = Process;
    return Status;
}

static NTSTATUS PspLookupThread(const CLIENT_ID *ClientId, PVOID *Object)
{
    PETHREAD Thread = NULL;
    NTSTATUS Status = ClientId->UniqueProcess != NULL
        ? PspLookupProcessThreadByCid(ClientId, &Thread)
        : PsLookupThreadByThreadId(ClientId->UniqueThread, &Thread);

    *Object = Thread;
    return Status;
}

/* One of the two kinds. */
typedef struct _PSP_OPEN {
    POBJECT_TYPE *Type;
    NTSTATUS (*Lookup)(const CLIENT_ID *ClientId, PVOID *Object);
} PSP_OPEN;

static const PSP_OPEN PspProcessOpen = {&PsProcessType, PspLookupProcess};
static const PSP_OPEN PspThreadOpen = {&PsThreadType, PspLookupThread};

static NTSTATUS PspCaptureOpen(HANDLE __user *Handle, OBJECT_ATTRIBUTES __user *ObjectAttributes,
    CLIENT_ID __user *ClientId, _Out_ POBJECT_ATTRIBUTES Attributes, _Out_ PCLIENT_ID Cid)
{
    NTSTATUS Status = MmProbeForWrite(Handle, sizeof(HANDLE), sizeof(HANDLE));

    if (NT_SUCCESS(Status)) {
        Status = MmProbeForRead(ObjectAttributes, sizeof(*Attributes), sizeof(ULONG));
    }
    if (NT_SUCCESS(Status)) {
        Status = MmCopyFromUser(Attributes, ObjectAttributes, sizeof(*Attributes));
    }
    if (NT_SUCCESS(Status) && ClientId != NULL) {
        Status = MmProbeForRead(ClientId, sizeof(*Cid), sizeof(ULONG));
        if (NT_SUCCESS(Status)) {
            Status = MmCopyFromUser(Cid, ClientId, sizeof(*Cid));
        }
    }
    return Status;
}

/*
 * PspOpen - both calls: an object by a CLIENT_ID or by a name.
 *
 * PARAMETER_MIX: by both, or by neither.  The OBJECT_ATTRIBUTES must be there, but to
 * a CLIENT_ID nothing in them matters but OBJ_INHERIT, not even their length.
 */
static NTSTATUS PspOpen(const PSP_OPEN *Open, HANDLE __user *UserHandle,
    ACCESS_MASK DesiredAccess, OBJECT_ATTRIBUTES __user *ObjectAttributes,
    CLIENT_ID __user *ClientId)
{
    KPROCESSOR_MODE Mode = KeGetPreviousMode();
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID Cid;
    HANDLE Handle;
    PVOID Object;
    NTSTATUS Status = PspCaptureOpen(UserHandle, ObjectAttributes, ClientId, &Attributes, &Cid);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if ((Attributes.ObjectName != NULL) == (ClientId != NULL)) {
        return STATUS_INVALID_PARAMETER_MIX;
    }
    if (ClientId == NULL) {
        Status = ObOpenObjectByName(
            ObjectAttributes, *Open->Type, Mode, DesiredAccess, NULL, &Handle);
        return ObReturnHandle(UserHandle, Handle, Status);
    }
    Status = Open->Lookup(&Cid, &Object);
    if (NT_SUCCESS(Status)) {
        Status = ObOpenObjectByPointer(Object, Attributes.Attributes & OBJ_INHERIT,
            DesiredAccess, *Open->Type, Mode, &Handle);
        Status = ObReturnHandle(UserHandle, Handle, Status);
        ObDereferenceObject(Object);
    }
    return Status;
}

NTSTATUS NTAPI NtOpenProcess(HANDLE __user *ProcessHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, CLIENT_ID __user *ClientId)
{
    return PspOpen(
        &PspProcessOpen, ProcessHandle, DesiredAccess, ObjectAttributes, ClientId);
}

NTSTATUS NTAPI NtOpenThread(HANDLE __user *ThreadHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, CLIENT_ID __user *ClientId)
{
    return PspOpen(&PspThreadOpen, ThreadHandle, DesiredAccess, ObjectAttributes, ClientId);
}
