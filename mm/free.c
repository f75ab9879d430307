/* SPDX-License-Identifier: MIT */
/*
 * NtFreeVirtualMemory: decommitting pages and releasing address space, the whole
 * of a VAD or a part of it.
 */
#include "mm/mi.h"
#include "nt/native.h"

/* The tables are all there. */
static void MiMarkDecommitted(PMM_ADDRESS_SPACE Space, ULONG_PTR Start, ULONG_PTR End)
{
    PMMPTE Pte = NULL;

    for (ULONG_PTR Va = Start; Va <= End; Va += PAGE_SIZE) {
        Pte = MiNextPte(Space, Va, Pte);
        if (Va == Start || MiPteIndex(Va) == 0) {
            ULONG_PTR Last = Va | (MI_TABLE_SPAN - 1);

            MiInvalidatePtes(
                Space, Va, Pte, (((Last < End ? Last : End) - Va) >> PAGE_SHIFT) + 1);
        }
        MiEmptyPte(Space, Va, Pte);
        MiSetPte(Pte, MI_SOFT_DECOMMITTED, 0);
    }
}

/*
 * Pages stop being committed.  Where the VAD says that pages without an entry are
 * committed, each needs one that says it is not.
 */
static NTSTATUS MiDecommit(
    PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Start, ULONG_PTR End)
{
    if (Start == Vad->Start && End == Vad->End) {
        Vad->MemCommit = FALSE;
    }
    if (!Vad->MemCommit) {
        MiDeletePtes(Space, Start, End);
        return STATUS_SUCCESS;
    }
    if (!MiCreateTables(Space, Start, End)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    MiMarkDecommitted(Space, Start, End);
    return STATUS_SUCCESS;
}

/* Cuts [Start, End] out of a VAD; a hole in the middle leaves two VADs. */
static NTSTATUS MiRelease(PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Start, ULONG_PTR End)
{
    MMVAD Rest = *Vad;
    ULONG_PTR OldEnd = Vad->End;

    if (Start == Vad->Start && End == Vad->End) {
        MiDeleteVad(Space, Vad);
        return STATUS_SUCCESS;
    }
    MiForgetHints(Space, Vad);
    if (Start == Vad->Start) {
        Vad->Start = End + 1; /* its place in the tree stays the same */
    } else {
        Vad->End = Start - 1;
    }
    if (Start != Rest.Start && End != OldEnd) {
        Rest.Start = End + 1;
        if (MiInsertVad(Space, &Rest) == NULL) {
            Vad->End = OldEnd;
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    MiDeletePtes(Space, Start, End);
    return STATUS_SUCCESS;
}

/* Size 0 means the whole VAD, and Base must then be its start. */
static NTSTATUS MiFree(PMM_ADDRESS_SPACE Space, PVOID *Base, PSIZE_T Size, ULONG FreeType)
{
    ULONG_PTR Start = (ULONG_PTR)*Base & MI_FRAME;
    ULONG_PTR End = ((ULONG_PTR)*Base + *Size - 1) | (PAGE_SIZE - 1);
    PMMVAD Vad = MiFindVad(Space, Start);
    NTSTATUS Status;

    if (Vad == NULL) {
        return STATUS_MEMORY_NOT_ALLOCATED;
    }
    if (Vad->Type != VadPrivate) {
        return STATUS_UNABLE_TO_DELETE_SECTION;
    }
    if (Vad->NoChange) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if (*Size == 0) {
        if (Start != Vad->Start) {
            return STATUS_FREE_VM_NOT_AT_BASE;
        }
        End = Vad->End;
    }
    if (End > Vad->End) {
        return STATUS_UNABLE_TO_FREE_VM;
    }
    Status = FreeType == MEM_RELEASE ? MiRelease(Space, Vad, Start, End)
                                     : MiDecommit(Space, Vad, Start, End);
    *Base = (PVOID)Start;
    *Size = End + 1 - Start;
    return Status;
}

NTSTATUS MmFreeVirtualMemory(PKPROCESS Process, PVOID *Base, PSIZE_T Size, ULONG FreeType)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    NTSTATUS Status = STATUS_PROCESS_IS_TERMINATING;

    if (FreeType != MEM_DECOMMIT && FreeType != MEM_RELEASE) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if ((ULONG_PTR)*Base > MM_HIGHEST_USER_ADDRESS) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (*Size > MM_HIGHEST_USER_ADDRESS + 1 - (ULONG_PTR)*Base) {
        return STATUS_INVALID_PARAMETER_3;
    }
    KeAcquireGuardedMutex(&Space->Lock);
    if (!Space->Deleted) {
        Status = MiFree(Space, Base, Size, FreeType);
    }
    KeReleaseGuardedMutex(&Space->Lock);
    return Status;
}

NTSTATUS NTAPI NtFreeVirtualMemory(
    HANDLE ProcessHandle, PVOID __user *BaseAddress, SIZE_T __user *RegionSize, ULONG FreeType)
{
    PVOID Base, Object;
    SIZE_T Size;
    PKPROCESS Process;
    NTSTATUS Status;

    if (FreeType != MEM_DECOMMIT && FreeType != MEM_RELEASE) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Status = MiCaptureRange(BaseAddress, RegionSize, &Base, &Size);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiReferenceProcess(ProcessHandle, PROCESS_VM_OPERATION, &Object, &Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MmFreeVirtualMemory(Process, &Base, &Size, FreeType);
    ObDereferenceObject(Object);
    return NT_SUCCESS(Status) ? MiReturnRange(BaseAddress, RegionSize, NULL, Base, Size, 0)
                              : Status;
}
