/* SPDX-License-Identifier: MIT */
/*
 * NtAllocateVirtualMemory: reserving address space (a VAD) and committing pages
 * of it.  Committing costs nothing but an entry: memory comes at the first touch,
 * so more can be committed than there is (NT keeps a commit limit).
 *
 * Giving back is free.c.
 */
#include "mm/mi.h"
#include "nt/native.h"

/* NT has these, Nascent does not. */
#define MI_UNSUPPORTED_TYPES \
    (MEM_RESET | 0x00200000u /* WRITE_WATCH */ | 0x00400000u /* PHYSICAL */ | \
        0x20000000u /* LARGE_PAGES */)

NTSTATUS MiReferenceProcess(
    HANDLE Handle, ACCESS_MASK Access, PVOID *Object, PKPROCESS *Process)
{
    NTSTATUS Status = ObReferenceObjectByHandle(
        Handle, Access, ObUpperRoutines.ProcessType, KeGetPreviousMode(), Object, NULL);

    if (NT_SUCCESS(Status)) {
        *Process = *Object;
        if ((*Process)->AddressSpace == NULL) {
            ObDereferenceObject(*Object);
            Status = STATUS_PROCESS_IS_TERMINATING;
        }
    }
    return Status;
}

/* Pages of a section that is only reserved become part of it for all its views. */
static NTSTATUS MiCommitSection(PMMVAD Vad, ULONG_PTR Start, ULONG_PTR End)
{
    ULONG First = Vad->FirstPage + ((Start - Vad->Start) >> PAGE_SHIFT);

    if (Vad->Type == VadImage || Vad->ControlArea->File != NULL) {
        return STATUS_ALREADY_COMMITTED;
    }
    KeAcquireGuardedMutex(&MiSegmentLock);
    for (ULONG i = 0; i <= (End - Start) >> PAGE_SHIFT; i++) {
        Vad->ControlArea->Prototypes[First + i] |= MI_PROTO_COMMITTED;
    }
    KeReleaseGuardedMutex(&MiSegmentLock);
    return STATUS_SUCCESS;
}

/* Pages that are committed already get the protection, as on NT. */
NTSTATUS MiCommitRange(PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Start, ULONG_PTR End,
    ULONG Protection)
{
    BOOLEAN Committed = Vad->MemCommit && Vad->Protection == Protection; /* without an entry */
    PMMPTE Pte = NULL;

    if (Vad->Type != VadPrivate) {
        return MiCommitSection(Vad, Start, End);
    }
    if (Start < Vad->Lowest) {
        Vad->Lowest = Start;
    }
    if (!MiCreateTables(Space, Start, End)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (ULONG_PTR Va = Start; Va <= End; Va += PAGE_SIZE) {
        Pte = MiNextPte(Space, Va, Pte);
        if (Pte->Low != 0) {
            MiProtectPage(Space, Vad, Va, Pte, Protection);
        } else if (!Committed) {
            MiSetPte(Pte, MiCommittedEntry(Protection), 0);
        }
    }
    return STATUS_SUCCESS;
}

/* A new private VAD at *Base (rounded to 64 KiB), or anywhere if it is NULL. */
static NTSTATUS MiReserve(PMM_ADDRESS_SPACE Space, PVOID *Base, ULONG_PTR ZeroBits, PSIZE_T Size,
    ULONG AllocationType, ULONG Protection)
{
    ULONG_PTR Start = ALIGN_DOWN_BY(*Base, MM_ALLOCATION_GRANULARITY);
    ULONG_PTR End = ((ULONG_PTR)*Base + *Size - 1) | (PAGE_SIZE - 1);
    MMVAD Vad = {.Type = VadPrivate, .Protection = (UCHAR)Protection};

    if (*Base == NULL) {
        Start = MiFindFreeRange(Space, End + 1, MiHighestByZeroBits(ZeroBits),
            (AllocationType & MEM_TOP_DOWN) != 0, MM_ALLOCATION_GRANULARITY);
        End += Start;
        if (Start == 0) {
            return STATUS_NO_MEMORY;
        }
    } else if (Start == 0) {
        return STATUS_INVALID_PARAMETER_2; /* the first 64 KiB are nobody's */
    } else if (End > MI_HIGHEST_VAD_ADDRESS || !MiIsRangeFree(Space, Start, End)) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    Vad.Start = Start;
    Vad.End = End;
    Vad.MemCommit = (AllocationType & MEM_COMMIT) != 0;
    Vad.Lowest = Vad.MemCommit ? Start : End + 1;
    if (MiInsertVad(Space, &Vad) == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *Base = (PVOID)Start;
    *Size = End + 1 - Start;
    return STATUS_SUCCESS;
}

/* Commits pages of a VAD that exists. */
static NTSTATUS MiCommit(PMM_ADDRESS_SPACE Space, PVOID *Base, PSIZE_T Size, ULONG Protection)
{
    ULONG_PTR Start = (ULONG_PTR)*Base & MI_FRAME;
    ULONG_PTR End = ((ULONG_PTR)*Base + *Size - 1) | (PAGE_SIZE - 1);
    PMMVAD Vad = MiFindVad(Space, Start);
    NTSTATUS Status;

    if (Vad == NULL || Vad->End < End) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    if (Vad->NoChange) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    Status = MiCommitRange(Space, Vad, Start, End, Protection);
    *Base = (PVOID)Start;
    *Size = End + 1 - Start;
    return Status;
}

static NTSTATUS MiCheckAllocation(PVOID Base, ULONG_PTR ZeroBits, SIZE_T Size, ULONG Type)
{
    if (ZeroBits > MI_MAXIMUM_ZERO_BITS) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (Type & MI_UNSUPPORTED_TYPES) {
        return STATUS_NOT_IMPLEMENTED;
    }
    if ((Type & ~(MEM_COMMIT | MEM_RESERVE | MEM_TOP_DOWN)) != 0 ||
        (Type & (MEM_COMMIT | MEM_RESERVE)) == 0) {
        return STATUS_INVALID_PARAMETER_5;
    }
    if ((ULONG_PTR)Base > MM_HIGHEST_USER_ADDRESS) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (Size == 0 || Size - 1 > MM_HIGHEST_USER_ADDRESS - (ULONG_PTR)Base) {
        return STATUS_INVALID_PARAMETER_4;
    }
    return STATUS_SUCCESS;
}

/* What MiCheckAllocation has passed.  Takes the address-space lock. */
static NTSTATUS MiAllocateVirtualMemory(PKPROCESS Process, PVOID *Base, ULONG_PTR ZeroBits,
    PSIZE_T Size, ULONG AllocationType, ULONG Protect)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    ULONG Protection = MiProtectionFromWin32(Protect);
    NTSTATUS Status;

    if (Protection == MI_INVALID_PROTECTION ||
        (Protection & (MI_WRITABLE | MI_COPY)) == (MI_WRITABLE | MI_COPY)) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    KeAcquireGuardedMutex(&Space->Lock);
    if (Space->Deleted) {
        Status = STATUS_PROCESS_IS_TERMINATING;
    } else if ((AllocationType & MEM_RESERVE) || *Base == NULL) {
        Status = MiReserve(Space, Base, ZeroBits, Size, AllocationType, Protection);
    } else {
        Status = MiCommit(Space, Base, Size, Protection);
    }
    KeReleaseGuardedMutex(&Space->Lock);
    return Status;
}

/* MmAllocateVirtualMemory - NtAllocateVirtualMemory behind its captured parameters. */
NTSTATUS MmAllocateVirtualMemory(PKPROCESS Process, PVOID *Base, ULONG_PTR ZeroBits, PSIZE_T Size,
    ULONG AllocationType, ULONG Protect)
{
    NTSTATUS Status = MiCheckAllocation(*Base, ZeroBits, *Size, AllocationType);

    return NT_SUCCESS(Status)
               ? MiAllocateVirtualMemory(Process, Base, ZeroBits, Size, AllocationType, Protect)
               : Status;
}

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID __user *BaseAddress,
    ULONG_PTR ZeroBits, SIZE_T __user *RegionSize, ULONG AllocationType, ULONG Protect)
{
    PVOID Base, Object;
    SIZE_T Size;
    PKPROCESS Process;
    NTSTATUS Status = MiCaptureRange(BaseAddress, RegionSize, &Base, &Size);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiCheckAllocation(Base, ZeroBits, Size, AllocationType);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiReferenceProcess(ProcessHandle, PROCESS_VM_OPERATION, &Object, &Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiAllocateVirtualMemory(
        Process, &Base, ZeroBits, &Size, AllocationType, Protect);
    ObDereferenceObject(Object);
    return NT_SUCCESS(Status) ? MiReturnRange(BaseAddress, RegionSize, NULL, Base, Size, 0)
                              : Status;
}
