/* SPDX-License-Identifier: MIT */
/*
 * NtDuplicateObject: a second handle to an object, in any process that the
 * caller may open handles in; or only the closing of somebody else's handle.
 *
 * A process's handle table may be used from outside only under its rundown
 * protection: after that STATUS_PROCESS_IS_TERMINATING.
 */
#include "ob/obp.h"

/* A process whose handle table is ours to use until ObpReleaseProcess. */
typedef struct _OBP_PROCESS {
    PVOID Object; /* referenced */
    PKPROCESS Process;
} OBP_PROCESS;

static NTSTATUS ObpReferenceProcess(HANDLE Handle, OBP_PROCESS *Process)
{
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, PROCESS_DUP_HANDLE,
        ObPseudoHandles.ProcessType, KeGetPreviousMode(), &Process->Object, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Process->Process = ObPseudoHandles.ProcessFromObject(Process->Object);
    if (!ObPseudoHandles.AcquireHandleTable(Process->Process)) {
        ObDereferenceObject(Process->Object);
        return STATUS_PROCESS_IS_TERMINATING;
    }
    return STATUS_SUCCESS;
}

static void ObpReleaseProcess(const OBP_PROCESS *Process)
{
    ObPseudoHandles.ReleaseHandleTable(Process->Process);
    ObDereferenceObject(Process->Object);
}

/* In another process -1 means that process; in one's own, what it always means. */
static NTSTATUS ObpReferenceSource(const OBP_PROCESS *Source, HANDLE Handle, PVOID *Object,
    POBJECT_HANDLE_INFORMATION Information)
{
    if (Source->Process == KeGetCurrentProcess()) {
        return ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, Object, Information);
    }
    if (Handle == NtCurrentProcess()) {
        Information->GrantedAccess = ObPseudoHandles.ProcessType->TypeInfo.ValidAccessMask;
        Information->HandleAttributes = 0;
        *Object = Source->Object;
        ObReferenceObject(*Object);
        return STATUS_SUCCESS;
    }
    return ObpReferenceByHandle(
        Source->Process, Handle, 0, NULL, KernelMode, Object, Information);
}

typedef struct _OBP_DUPLICATION {
    HANDLE SourceHandle;
    HANDLE TargetProcess;
    ACCESS_MASK DesiredAccess;
    ULONG Attributes;
    ULONG Options;
} OBP_DUPLICATION;

/* Makes the handle in Target; consumes Object's reference. */
static NTSTATUS ObpDuplicateInto(const OBP_PROCESS *Target, PVOID Object,
    const OBJECT_HANDLE_INFORMATION *Source, const OBP_DUPLICATION *Duplication, PHANDLE Handle)
{
    OBP_NEW_HANDLE New = {
        .Reason = ObDuplicateHandle,
        .Attributes = Duplication->Options & DUPLICATE_SAME_ATTRIBUTES
            ? Source->HandleAttributes
            : Duplication->Attributes,
        .GrantedAccess = Source->GrantedAccess,
    };
    NTSTATUS Status = STATUS_SUCCESS;

    if ((Duplication->Options & DUPLICATE_SAME_ACCESS) == 0) {
        Status = ObMapDesiredAccess(
            ObpHeader(Object)->Type, Duplication->DesiredAccess, &New.GrantedAccess);
    }
    if (NT_SUCCESS(Status)) {
        Status = ObpCreateHandle(Target->Process, Object, &New, Handle);
    }
    if (!NT_SUCCESS(Status)) {
        ObpAbandonHandle(Target->Process, Object, &New);
    }
    return Status;
}

/* Duplicates and tells the caller; a handle that cannot be told is closed again. */
static NTSTATUS ObpDuplicate(const OBP_PROCESS *Source, const OBP_DUPLICATION *Duplication,
    HANDLE __user *TargetHandle)
{
    OBP_PROCESS Target;
    OBJECT_HANDLE_INFORMATION Information;
    HANDLE Handle;
    PVOID Object;
    NTSTATUS Status = ObpReferenceProcess(Duplication->TargetProcess, &Target);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpReferenceSource(Source, Duplication->SourceHandle, &Object, &Information);
    if (NT_SUCCESS(Status)) {
        Status = ObpDuplicateInto(&Target, Object, &Information, Duplication, &Handle);
    }
    if (NT_SUCCESS(Status) && TargetHandle != NULL) {
        Status = MmWriteHandleToUser(TargetHandle, Handle);
        if (!NT_SUCCESS(Status)) {
            (void)ObpCloseHandleOf(Target.Process, Handle, KernelMode);
        }
    }
    ObpReleaseProcess(&Target);
    return Status;
}

/*
 * NtDuplicateObject - without a target process only DUPLICATE_CLOSE_SOURCE makes
 * sense; with one, the source is closed whatever became of the duplicate.
 */
NTSTATUS NTAPI NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle,
    HANDLE TargetProcessHandle, HANDLE __user *TargetHandle, ACCESS_MASK DesiredAccess,
    ULONG HandleAttributes, ULONG Options)
{
    const OBP_DUPLICATION Duplication = {
        SourceHandle, TargetProcessHandle, DesiredAccess, HandleAttributes, Options};
    OBP_PROCESS Source;
    NTSTATUS CloseStatus;
    NTSTATUS Status = ObpReferenceProcess(SourceProcessHandle, &Source);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = STATUS_INVALID_PARAMETER;
    if (TargetProcessHandle != NULL) {
        Status = ObpDuplicate(&Source, &Duplication, TargetHandle);
    }
    if (Options & DUPLICATE_CLOSE_SOURCE) {
        CloseStatus = ObpCloseHandleOf(Source.Process, SourceHandle, KeGetPreviousMode());
        Status = TargetProcessHandle != NULL ? Status : CloseStatus;
    }
    ObpReleaseProcess(&Source);
    return Status;
}
