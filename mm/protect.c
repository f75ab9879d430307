/* SPDX-License-Identifier: MIT */
/*
 * Protections: NT's PAGE_ constants and the compact form in page-table entries;
 * what a page's protection is now; changing it (NtProtectVirtualMemory).
 */
#include "mm/mi.h"
#include "nt/native.h"

/* By bit number of the PAGE_ constant. */
static const UCHAR MiKinds[8] = {
    MI_NOACCESS,
    0,
    MI_WRITABLE,
    MI_WRITABLE | MI_COPY,
    MI_EXECUTE | MI_COPY,
    MI_EXECUTE,
    MI_EXECUTE | MI_WRITABLE,
    MI_EXECUTE | MI_WRITABLE | MI_COPY,
};

static const UCHAR MiWin32Kinds[8] = {
    [0] = PAGE_READONLY,
    [MI_EXECUTE] = PAGE_EXECUTE_READ,
    [MI_WRITABLE] = PAGE_READWRITE,
    [MI_EXECUTE | MI_WRITABLE] = PAGE_EXECUTE_READWRITE,
    [MI_COPY] = PAGE_READONLY,
    [MI_EXECUTE | MI_COPY] = PAGE_EXECUTE,
    [MI_WRITABLE | MI_COPY] = PAGE_WRITECOPY,
    [MI_EXECUTE | MI_WRITABLE | MI_COPY] = PAGE_EXECUTE_WRITECOPY,
};

ULONG MiProtectionFromWin32(ULONG Protect)
{
    ULONG Base = Protect & 0xFF;
    ULONG Protection;

    if ((Protect & ~(0xFFu | PAGE_GUARD | PAGE_NOCACHE)) != 0 || Base == 0 ||
        (Base & (Base - 1)) != 0 || (Base == PAGE_NOACCESS && Protect != Base)) {
        return MI_INVALID_PROTECTION;
    }
    Protection = MiKinds[__builtin_ctz(Base)];
    Protection |= (Protect & PAGE_GUARD) ? MI_GUARD : 0;
    return Protection | ((Protect & PAGE_NOCACHE) ? MI_NOCACHE : 0);
}

ULONG MiProtectionToWin32(ULONG Protection)
{
    ULONG Protect = (Protection & MI_NOACCESS) ? PAGE_NOACCESS : MiWin32Kinds[Protection & MI_KIND];

    Protect |= (Protection & MI_GUARD) ? PAGE_GUARD : 0;
    return Protect | ((Protection & MI_NOCACHE) ? PAGE_NOCACHE : 0);
}

BOOLEAN MiIsAccessAllowed(ULONG Protection, MI_ACCESS Access)
{
    switch (Access) {
    case MiWrite:
        return (Protection & MI_WRITABLE) != 0;
    case MiExecuteAccess:
        return (Protection & MI_EXECUTE) != 0 || MiNxHigh == 0;
    default:
        return TRUE;
    }
}

/* What a section says of a page of a view that has no entry of its own. */
static BOOLEAN MiQueryPrototype(PMMVAD Vad, ULONG_PTR Va, PULONG Protection)
{
    ULONG Index = Vad->FirstPage + ((Va - Vad->Start) >> PAGE_SHIFT);
    ULONG Prototype = Vad->ControlArea->Prototypes[Index];

    *Protection = Vad->Protection;
    if (Vad->Type == VadImage) {
        *Protection = (Prototype >> MI_KIND_SHIFT & MI_KIND) | (Prototype & MI_NOACCESS);
    }
    return (Prototype & MI_PROTO_COMMITTED) != 0;
}

BOOLEAN MiQueryPage(PMMVAD Vad, ULONG_PTR Va, const MMPTE *Pte, PULONG Protection)
{
    ULONG Low = Pte == NULL ? 0 : Pte->Low;

    *Protection = Low >> MI_KIND_SHIFT & MI_KIND;
    if (Low & MI_VALID) {
        *Protection |= (Low & MI_UNCACHED) ? MI_NOCACHE : 0;
        return TRUE;
    }
    if (Low != 0) {
        *Protection |= Low & MI_SOFT_FLAGS;
        return (Low & MI_SOFT_COMMITTED) != 0;
    }
    if (Vad->ControlArea != NULL) {
        return MiQueryPrototype(Vad, Va, Protection);
    }
    *Protection = Vad->Protection;
    return Vad->MemCommit;
}

/* Who writes to a page of an image without owning it must get a copy first. */
static ULONG MiAdjustCopy(PMMVAD Vad, ULONG_PTR Va, ULONG Low, ULONG Protection)
{
    ULONG Index = Vad->FirstPage + ((Va - Vad->Start) >> PAGE_SHIFT);
    BOOLEAN HasPage = (Low & (MI_VALID | MI_SOFT_PAGE)) != 0;

    if (!(Protection & MI_WRITABLE)) {
        return Protection;
    }
    if (Vad->Type == VadPrivate ||
        (HasPage && MiPfnDatabase[Low >> PAGE_SHIFT].State == PfnPrivate)) {
        return Protection & ~MI_COPY;
    }
    if (Vad->Type == VadImage && !(Vad->ControlArea->Prototypes[Index] & MI_PROTO_SHARED)) {
        return Protection | MI_COPY;
    }
    return Protection;
}

/* TRUE: the caller flushes, because the old entry may be in translation buffers. */
static BOOLEAN MiChangeProtection(PMMVAD Vad, ULONG_PTR Va, PMMPTE Pte, ULONG Protection)
{
    ULONG Low = Pte->Low;
    BOOLEAN HasPage = (Low & (MI_VALID | MI_SOFT_PAGE)) != 0;

    Protection = MiAdjustCopy(Vad, Va, Low, Protection);
    if (HasPage && !(Protection & (MI_GUARD | MI_NOACCESS))) {
        MiSetValidPte(Pte, Low >> PAGE_SHIFT, Protection);
    } else {
        MiSetPte(
            Pte, (HasPage ? (Low & MI_FRAME) | MI_SOFT_PAGE : 0) | MiCommittedEntry(Protection), 0);
    }
    return (Low & MI_VALID) != 0;
}

void MiProtectPage(
    PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Va, PMMPTE Pte, ULONG Protection)
{
    if (MiChangeProtection(Vad, Va, Pte, Protection)) {
        MiFlushPage(Space, Va);
    }
}

/* One flush for all: the other processors are told once. */
static void MiProtectPages(
    PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Start, ULONG_PTR End, ULONG Protection)
{
    ULONG_PTR First = 0, Last = 0;
    PMMPTE Pte = NULL;

    for (ULONG_PTR Va = Start; Va <= End; Va += PAGE_SIZE) {
        Pte = MiNextPte(Space, Va, Pte);
        if (MiChangeProtection(Vad, Va, Pte, Protection)) {
            First = First == 0 ? Va : First;
            Last = Va;
        }
    }
    if (First != 0) {
        MiFlushPages(Space, First, ((Last - First) >> PAGE_SHIFT) + 1);
    }
}

/* May pages of the VAD have this protection at all? */
static NTSTATUS MiCheckNewProtection(PMMVAD Vad, ULONG Protection)
{
    if (Vad->NoChange) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if (Vad->Type == VadPrivate && (Protection & MI_WRITABLE) && (Protection & MI_COPY)) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (Vad->Type == VadData && (Protection & MI_WRITABLE) && !(Protection & MI_COPY) &&
        (Vad->Protection & (MI_WRITABLE | MI_COPY)) != MI_WRITABLE) {
        return STATUS_SECTION_PROTECTION; /* the view was not mapped for writing */
    }
    if (Vad->Type == VadData && (Protection & MI_EXECUTE) && !(Vad->Protection & MI_EXECUTE)) {
        return STATUS_SECTION_PROTECTION;
    }
    return STATUS_SUCCESS;
}

/* All page tables there and all pages committed?  *OldProtection: of the first page. */
static NTSTATUS MiPrepareProtect(PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Start,
    ULONG_PTR End, PULONG OldProtection)
{
    PMMPTE Pte = NULL;
    ULONG Protection;

    if (!MiCreateTables(Space, Start, End)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (ULONG_PTR Va = Start; Va <= End; Va += PAGE_SIZE) {
        Pte = MiNextPte(Space, Va, Pte);
        if (!MiQueryPage(Vad, Va, Pte, &Protection)) {
            return STATUS_NOT_COMMITTED;
        }
        *OldProtection = Va == Start ? Protection : *OldProtection;
    }
    return STATUS_SUCCESS;
}

/* Start and End are page-rounded; all or nothing. */
static NTSTATUS MiProtectRange(PMM_ADDRESS_SPACE Space, ULONG_PTR Start, ULONG_PTR End,
    ULONG Protection, PULONG OldProtect)
{
    PMMVAD Vad = MiFindVad(Space, Start);
    ULONG OldProtection = 0;
    NTSTATUS Status;

    if (Vad == NULL || Vad->End < End) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    Status = MiCheckNewProtection(Vad, Protection);
    if (NT_SUCCESS(Status)) {
        Status = MiPrepareProtect(Space, Vad, Start, End, &OldProtection);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    MiProtectPages(Space, Vad, Start, End, Protection);
    *OldProtect = MiProtectionToWin32(OldProtection);
    return STATUS_SUCCESS;
}

static NTSTATUS MiProtectVirtualMemory(
    PKPROCESS Process, PVOID *Base, PSIZE_T Size, ULONG Protection, PULONG OldProtect)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    ULONG_PTR Start = (ULONG_PTR)*Base & MI_FRAME;
    ULONG_PTR End = ((ULONG_PTR)*Base + *Size - 1) | (PAGE_SIZE - 1);
    NTSTATUS Status = STATUS_PROCESS_IS_TERMINATING;

    KeAcquireGuardedMutex(&Space->Lock);
    if (!Space->Deleted) {
        Status = MiProtectRange(Space, Start, End, Protection, OldProtect);
    }
    KeReleaseGuardedMutex(&Space->Lock);
    *Base = (PVOID)Start;
    *Size = End + 1 - Start;
    return Status;
}

NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID __user *BaseAddress,
    SIZE_T __user *RegionSize, ULONG NewProtect, ULONG __user *OldProtect)
{
    ULONG Protection = MiProtectionFromWin32(NewProtect);
    ULONG Old = 0;
    PVOID Base, Object;
    SIZE_T Size;
    PKPROCESS Process;
    NTSTATUS Status;

    if (Protection == MI_INVALID_PROTECTION) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    Status = MiCaptureRange(BaseAddress, RegionSize, &Base, &Size);
    if (NT_SUCCESS(Status)) {
        Status = MmProbeForWrite(OldProtect, sizeof(ULONG), sizeof(ULONG));
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if ((ULONG_PTR)Base > MM_HIGHEST_USER_ADDRESS) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (Size == 0 || Size - 1 > MM_HIGHEST_USER_ADDRESS - (ULONG_PTR)Base) {
        return STATUS_INVALID_PARAMETER_3;
    }
    Status = MiReferenceProcess(ProcessHandle, PROCESS_VM_OPERATION, &Object, &Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiProtectVirtualMemory(Process, &Base, &Size, Protection, &Old);
    ObDereferenceObject(Object);
    return NT_SUCCESS(Status) ? MiReturnRange(BaseAddress, RegionSize, OldProtect, Base, Size, Old)
                              : Status;
}
