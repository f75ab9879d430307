/* SPDX-License-Identifier: MIT */
/*
 * NtReadVirtualMemory and NtWriteVirtualMemory: copying between two processes
 * page by page through the direct map, attached to neither.
 */
#include "mm/mi.h"
#include "nt/native.h"

/*
 * MiPinPage - the page behind a user address, made present, with a reference, so
 * that it stays whatever its process does to it.
 */
static NTSTATUS MiPinPage(
    PKPROCESS Process, ULONG_PTR Va, MI_ACCESS Access, PFN_NUMBER *Page)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    NTSTATUS Status;

    KeAcquireGuardedMutex(&Space->Lock);
    Status = MiResolveFault(Space, Va, Access);
    if (NT_SUCCESS(Status)) {
        *Page = MiLookupPte(Space, Va)->Low >> PAGE_SHIFT;
        MmReferencePage(*Page);
    }
    KeReleaseGuardedMutex(&Space->Lock);
    return Status;
}

/* Copies at most what is left of either page. */
static NTSTATUS MiCopyPiece(PKPROCESS From, ULONG_PTR FromAddress, PKPROCESS To,
    ULONG_PTR ToAddress, SIZE_T Length)
{
    PFN_NUMBER Source, Target;
    NTSTATUS Status = MiPinPage(From, FromAddress, MiRead, &Source);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiPinPage(To, ToAddress, MiWrite, &Target);
    if (NT_SUCCESS(Status)) {
        RtlMoveMemory((PUCHAR)MmMapPage(Target) + ToAddress % PAGE_SIZE,
            (PUCHAR)MmMapPage(Source) + FromAddress % PAGE_SIZE, Length);
        MmReleasePage(Target);
    }
    MmReleasePage(Source);
    return Status;
}

static BOOLEAN MiIsRangeInUserSpace(ULONG_PTR Address, SIZE_T Length)
{
    return Address <= MM_USER_PROBE_ADDRESS && Length <= MM_USER_PROBE_ADDRESS - Address;
}

/* *Copied is always set; what was copied before a bad page stays copied. */
static NTSTATUS MiCopyVirtualMemory(PKPROCESS From, ULONG_PTR Source, PKPROCESS To,
    ULONG_PTR Target, SIZE_T Length, PSIZE_T Copied)
{
    SIZE_T Piece;

    for (*Copied = 0; *Copied < Length; *Copied += Piece) {
        SIZE_T Offset = (Source + *Copied) % PAGE_SIZE > (Target + *Copied) % PAGE_SIZE
                            ? (Source + *Copied) % PAGE_SIZE
                            : (Target + *Copied) % PAGE_SIZE;

        Piece = Length - *Copied < PAGE_SIZE - Offset ? Length - *Copied : PAGE_SIZE - Offset;
        if (!NT_SUCCESS(MiCopyPiece(From, Source + *Copied, To, Target + *Copied, Piece))) {
            return From->AddressSpace->Deleted || To->AddressSpace->Deleted
                       ? STATUS_PROCESS_IS_TERMINATING
                       : STATUS_PARTIAL_COPY;
        }
    }
    return STATUS_SUCCESS;
}

/* The part both services share; Write: from the caller to the process. */
static NTSTATUS MiReadWrite(HANDLE ProcessHandle, PVOID BaseAddress, void __user *Buffer,
    SIZE_T Length, SIZE_T __user *Returned, BOOLEAN Write)
{
    PKPROCESS Self = KeGetCurrentProcess();
    ULONG_PTR Local = (__force ULONG_PTR)Buffer;
    ULONG_PTR Remote = (ULONG_PTR)BaseAddress;
    SIZE_T Copied = 0;
    PVOID Object;
    PKPROCESS Process;
    NTSTATUS Status = STATUS_SUCCESS;

    if (!MiIsRangeInUserSpace(Remote, Length) || !MiIsRangeInUserSpace(Local, Length)) {
        return STATUS_ACCESS_VIOLATION;
    }
    if (Returned != NULL) {
        Status = MmProbeForWrite(Returned, sizeof(SIZE_T), sizeof(ULONG));
    }
    if (NT_SUCCESS(Status)) {
        Status = MiReferenceProcess(
            ProcessHandle, Write ? PROCESS_VM_WRITE : PROCESS_VM_READ, &Object, &Process);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = Write ? MiCopyVirtualMemory(Self, Local, Process, Remote, Length, &Copied)
                   : MiCopyVirtualMemory(Process, Remote, Self, Local, Length, &Copied);
    ObDereferenceObject(Object);
    if (Returned != NULL && !NT_SUCCESS(MmCopyToUser(Returned, &Copied, sizeof(Copied)))) {
        Status = STATUS_ACCESS_VIOLATION;
    }
    return Status;
}

NTSTATUS NTAPI NtReadVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, void __user *Buffer,
    SIZE_T NumberOfBytes, SIZE_T __user *NumberOfBytesRead)
{
    return MiReadWrite(
        ProcessHandle, BaseAddress, Buffer, NumberOfBytes, NumberOfBytesRead, FALSE);
}

NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, void __user *Buffer,
    SIZE_T NumberOfBytes, SIZE_T __user *NumberOfBytesWritten)
{
    return MiReadWrite(
        ProcessHandle, BaseAddress, Buffer, NumberOfBytes, NumberOfBytesWritten, TRUE);
}
