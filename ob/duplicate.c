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
    PVOID Object; /* referenced; NULL: our own, which does not end while we are in it */
    PKPROCESS Process;
} OBP_PROCESS;

static __attribute__((noinline)) NTSTATUS ObpReferenceOther(HANDLE Handle, OBP_PROCESS *Process)
{
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, PROCESS_DUP_HANDLE,
        ObUpperRoutines.ProcessType, KeGetPreviousMode(), &Process->Object, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Process->Process = Process->Object;
    if (!ObUpperRoutines.AcquireHandleTable(Process->Process)) {
        ObDereferenceObject(Process->Object);
        return STATUS_PROCESS_IS_TERMINATING;
    }
    return STATUS_SUCCESS;
}

FORCEINLINE NTSTATUS ObpReferenceProcess(HANDLE Handle, OBP_PROCESS *Process)
{
    if (__builtin_expect(Handle != NtCurrentProcess(), FALSE)) {
        OBP_PROCESS Other; /* so that *Process has no address and stays in registers */
        NTSTATUS Status = ObpReferenceOther(Handle, &Other);

        if (NT_SUCCESS(Status)) {
            *Process = Other;
        }
        return Status;
    }
    *Process = (OBP_PROCESS){.Object = NULL, .Process = KeGetCurrentProcess()};
    if (KeGetPreviousMode() != KernelMode &&
        (Process->Process->GrantedAccess & PROCESS_DUP_HANDLE) == 0) {
        return STATUS_ACCESS_DENIED;
    }
    return STATUS_SUCCESS;
}

FORCEINLINE void ObpReleaseProcess(const OBP_PROCESS *Process)
{
    if (Process->Object != NULL) {
        ObUpperRoutines.ReleaseHandleTable(Process->Process);
        ObDereferenceObject(Process->Object);
    }
}

/* Copies the source's entry and references its object. */
FORCEINLINE NTSTATUS ObpTakeEntry(PKPROCESS Process, HANDLE Handle, PHANDLE_TABLE_ENTRY Copy)
{
    PHANDLE_TABLE Table = Process->ObjectTable;
    PHANDLE_TABLE_ENTRY Entry = Table != NULL ? ExLockHandle(Table, Handle) : NULL;

    if (Entry == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    (void)ObpReferenceEntry(Entry);
    *Copy = *Entry;
    Copy->Value &= ~(ULONG_PTR)EXHANDLE_LOCK;
    ExUnlockHandle(Entry);
    return STATUS_SUCCESS;
}

/*
 * The source is -1 or -2: the entry that it would have.  In another process -1
 * means that process; in one's own both mean what they always do.
 */
static __attribute__((noinline)) NTSTATUS ObpTakePseudoEntry(
    OBP_PROCESS Source, HANDLE Handle, PHANDLE_TABLE_ENTRY Entry)
{
    OBJECT_HANDLE_INFORMATION Information = {
        .GrantedAccess = ObUpperRoutines.ProcessType->TypeInfo.ValidAccessMask};
    PVOID Object = Source.Object;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Source.Process == KeGetCurrentProcess()) {
        Status = ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, &Information);
    } else if (Handle == NtCurrentProcess()) {
        ObReferenceObject(Object);
    } else {
        Status = STATUS_INVALID_HANDLE;
    }
    if (NT_SUCCESS(Status)) {
        Entry->Value = (ULONG_PTR)ObpHeader(Object);
        Entry->GrantedAccess = Information.GrantedAccess;
    }
    return Status;
}

/* Makes of the source's entry what the target's is to be. */
FORCEINLINE NTSTATUS ObpChangeEntry(
    PHANDLE_TABLE_ENTRY Entry, ACCESS_MASK DesiredAccess, ULONG Attributes, ULONG Options)
{
    ACCESS_MASK Protect = Entry->GrantedAccess & EXHANDLE_PROTECT;
    ACCESS_MASK Granted = Entry->GrantedAccess & ~EXHANDLE_PROTECT;
    NTSTATUS Status = STATUS_SUCCESS;

    if ((Options & DUPLICATE_SAME_ATTRIBUTES) == 0) {
        Entry->Value = (ULONG_PTR)ObpEntryHeader(Entry)
            | (Attributes & OBJ_INHERIT ? EXHANDLE_INHERIT : 0);
        Protect = Attributes & OBJ_PROTECT_CLOSE ? EXHANDLE_PROTECT : 0;
    }
    if ((Options & DUPLICATE_SAME_ACCESS) == 0) {
        Status = ObMapDesiredAccess(ObpEntryHeader(Entry)->Type, DesiredAccess, &Granted);
    }
    Entry->GrantedAccess = Granted | Protect;
    return Status;
}

typedef struct _OBP_DUPLICATION {
    HANDLE SourceHandle;
    HANDLE __user *TargetHandle;
    ACCESS_MASK DesiredAccess;
    ULONG Attributes;
    ULONG Options;
} OBP_DUPLICATION;

/* Duplicates and tells the caller; a handle that cannot be told is closed again. */
FORCEINLINE NTSTATUS ObpDuplicate(
    OBP_PROCESS Source, PKPROCESS Target, const OBP_DUPLICATION *Duplication)
{
    HANDLE_TABLE_ENTRY Entry;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    if ((LONG_PTR)Duplication->SourceHandle >= 0) {
        Status = ObpTakeEntry(Source.Process, Duplication->SourceHandle, &Entry);
    } else {
        HANDLE_TABLE_ENTRY Pseudo = {.Value = 0};

        Status = ObpTakePseudoEntry(Source, Duplication->SourceHandle, &Pseudo);
        Entry = Pseudo;
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpChangeEntry(&Entry, Duplication->DesiredAccess, Duplication->Attributes,
        Duplication->Options);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(ObpBody(ObpEntryHeader(&Entry)));
        return Status;
    }
    Status = ObpInsertEntry(Target, &Entry, ObDuplicateHandle, &Handle);
    if (NT_SUCCESS(Status) && Duplication->TargetHandle != NULL) {
        Status = MmWriteHandleToUser(Duplication->TargetHandle, Handle);
        if (!NT_SUCCESS(Status)) {
            (void)ObpCloseHandleOf(Target, Handle, KernelMode);
        }
    }
    return Status;
}

/* The target is another process than the source. */
static __attribute__((noinline)) NTSTATUS ObpDuplicateAcross(
    OBP_PROCESS Source, HANDLE TargetProcess, OBP_DUPLICATION Duplication)
{
    OBP_PROCESS Target;
    NTSTATUS Status = ObpReferenceProcess(TargetProcess, &Target);

    if (NT_SUCCESS(Status)) {
        Status = ObpDuplicate(Source, Target.Process, &Duplication);
        ObpReleaseProcess(&Target);
    }
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
        SourceHandle, TargetHandle, DesiredAccess, HandleAttributes, Options};
    OBP_PROCESS Source;
    NTSTATUS CloseStatus;
    NTSTATUS Status = ObpReferenceProcess(SourceProcessHandle, &Source);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (__builtin_expect(TargetProcessHandle == SourceProcessHandle, TRUE)) {
        Status = ObpDuplicate(Source, Source.Process, &Duplication);
    } else if (TargetProcessHandle != NULL) {
        Status = ObpDuplicateAcross(Source, TargetProcessHandle, Duplication);
    } else {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (__builtin_expect((Options & DUPLICATE_CLOSE_SOURCE) != 0, FALSE)) {
        CloseStatus = ObpCloseHandleOf(Source.Process, SourceHandle, KeGetPreviousMode());
        Status = TargetProcessHandle != NULL ? Status : CloseStatus;
    }
    ObpReleaseProcess(&Source);
    return Status;
}
