/* SPDX-License-Identifier: MIT */
/*
 * Page faults: demand-zero pages, pages of sections, copies on write, guard pages
 * and the growth of user stacks.
 *
 * Everything is decided from the VAD, the page-table entry and, for sections, the
 * prototype, under the address-space lock of the process concerned, which need not
 * be the current one: NtReadVirtualMemory comes through MiResolveFault too.
 */
#include "hal.h"
#include "mm/mi.h"

/* Neighbours that one fault maps along with a page of an image: 32 KiB. */
#define MI_FAULT_AROUND 8u

#define FAULT_WRITE   0x02
#define FAULT_EXECUTE 0x10
#define EFLAGS_AC     0x40000u

static ULONG MiSectionIndex(PMMVAD Vad, ULONG_PTR Va)
{
    return Vad->FirstPage + ((Va - Vad->Start) >> PAGE_SHIFT);
}

static NTSTATUS MiMapPrivatePage(
    PMM_ADDRESS_SPACE Space, PMMPTE Pte, PFN_NUMBER Page, ULONG Protection)
{
    if (Page == 0) {
        return STATUS_NO_MEMORY;
    }
    Space->PageCount++;
    if (Protection & MI_WRITABLE) {
        Protection &= ~MI_COPY; /* it is a copy */
    }
    MiSetValidPte(Pte, Page, Protection);
    return STATUS_SUCCESS;
}

static PFN_NUMBER MiCopyPage(PFN_NUMBER Source)
{
    PFN_NUMBER Page = MmAllocatePage();

    if (Page != 0) {
        KeCopyPage(MmMapPage(Page), MmMapPage(Source));
    }
    return Page;
}

/* A write to a page that is shared until now. */
static NTSTATUS MiCopyOnWrite(
    PMM_ADDRESS_SPACE Space, ULONG_PTR Va, PMMPTE Pte, ULONG Protection)
{
    PFN_NUMBER Shared = Pte->Low >> PAGE_SHIFT;
    PFN_NUMBER Page = MiCopyPage(Shared);
    NTSTATUS Status = MiMapPrivatePage(Space, Pte, Page, Protection);

    if (NT_SUCCESS(Status)) {
        MiFlushPage(Space, Va);
        MmReleasePage(Shared);
    }
    return Status;
}

/*
 * Image pages around Va that need no work: present in the section, no entry yet,
 * in the same VAD and page table.  Touching them later costs no fault.
 */
static void MiMapNeighbours(PMMVAD Vad, ULONG_PTR Va, PMMPTE Pte)
{
    ULONG_PTR First = ALIGN_DOWN_BY(Va, MI_FAULT_AROUND * PAGE_SIZE);

    for (ULONG i = 0; i < MI_FAULT_AROUND; i++) {
        ULONG_PTR Neighbour = First + (i << PAGE_SHIFT);
        PMMPTE Entry = Pte + ((LONG_PTR)(Neighbour - Va) >> PAGE_SHIFT);
        ULONG Prototype;

        if (Neighbour < Vad->Start || Neighbour > Vad->End || Entry->Low != 0) {
            continue;
        }
        Prototype = Vad->ControlArea->Prototypes[MiSectionIndex(Vad, Neighbour)];
        if ((Prototype & (MI_PROTO_PAGE | MI_NOACCESS)) == MI_PROTO_PAGE) {
            MmReferencePage(Prototype >> PAGE_SHIFT);
            MiSetValidPte(Entry, Prototype >> PAGE_SHIFT, Prototype >> MI_KIND_SHIFT);
        }
    }
}

static NTSTATUS MiMapSectionPage(PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Va, PMMPTE Pte,
    MI_ACCESS Access, ULONG Protection)
{
    ULONG Index = MiSectionIndex(Vad, Va);
    PFN_NUMBER Page;

    if (Vad->ControlArea->Prototypes[Index] & MI_PROTO_ZERO) {
        return MiMapPrivatePage(Space, Pte, MmAllocateZeroedPage(), Protection);
    }
    Page = MiGetSectionPage(Vad->ControlArea, Index);
    if (Page == 0) {
        return STATUS_NO_MEMORY;
    }
    if (Access == MiWrite && (Protection & MI_COPY)) {
        return MiMapPrivatePage(Space, Pte, MiCopyPage(Page), Protection);
    }
    MmReferencePage(Page);
    MiSetValidPte(Pte, Page, Protection);
    if (Vad->Type == VadImage) {
        MiMapNeighbours(Vad, Va, Pte);
    }
    return STATUS_SUCCESS;
}

NTSTATUS MiResolveFault(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, MI_ACCESS Access)
{
    PMMVAD Vad = MiFindVad(Space, Va);
    PMMPTE Pte;
    ULONG Protection;

    Va &= MI_FRAME;
    if (Va == MM_SHARED_USER_DATA_VA && Access == MiRead && !Space->Deleted) {
        return STATUS_SUCCESS; /* always mapped, without a VAD */
    }
    if (Vad == NULL || !MiQueryPage(Vad, Va, MiLookupPte(Space, Va), &Protection) ||
        (Protection & MI_NOACCESS)) {
        return STATUS_ACCESS_VIOLATION;
    }
    Pte = MiCreatePte(Space, Va);
    if (Pte == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (Protection & MI_GUARD) {
        MiProtectPage(Space, Vad, Va, Pte, Protection & ~MI_GUARD);
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    if (!MiIsAccessAllowed(Protection, Access)) {
        return STATUS_ACCESS_VIOLATION;
    }
    if (Pte->Low & MI_VALID) {
        return Access == MiWrite && (Protection & MI_COPY)
                   ? MiCopyOnWrite(Space, Va, Pte, Protection)
                   : STATUS_SUCCESS; /* somebody else resolved it meanwhile */
    }
    return Vad->ControlArea == NULL
               ? MiMapPrivatePage(Space, Pte, MmAllocateZeroedPage(), Protection)
               : MiMapSectionPage(Space, Vad, Va, Pte, Access, Protection);
}

/*
 * MiGrowStack - a guard page was touched: if it is the one below the current
 * thread's stack, the page under it becomes the guard.
 *
 * The lowest page of a stack is never made accessible; when the guard would get
 * there, the thread is told while it still has a page to handle it on.
 */
static NTSTATUS MiGrowStack(ULONG_PTR Va)
{
    TEB __user *Teb = (__force TEB __user *)KeGetCurrentThread()->Teb;
    ULONG_PTR Page = Va & MI_FRAME;
    PVOID Guard = (PVOID)(Page - PAGE_SIZE);
    SIZE_T Size = PAGE_SIZE;
    NT_TIB Tib;
    PVOID Bottom;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Teb == NULL || KeIsAttachedProcess() ||
        KiCopyFromUser(&Tib, &Teb->NtTib, sizeof(Tib)) != 0 ||
        KiCopyFromUser(&Bottom, &Teb->DeallocationStack, sizeof(Bottom)) != 0 ||
        Va < (ULONG_PTR)Bottom || Va >= (ULONG_PTR)Tib.StackBase) {
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    if ((ULONG_PTR)Guard < (ULONG_PTR)Bottom + PAGE_SIZE) {
        Status = STATUS_STACK_OVERFLOW;
    } else {
        Status = MmAllocateVirtualMemory(KeGetCurrentProcess(), &Guard, 0, &Size, MEM_COMMIT,
            PAGE_READWRITE | PAGE_GUARD);
    }
    if (KiCopyToUser(&Teb->NtTib.StackLimit, &(PVOID){(PVOID)Page}, sizeof(PVOID)) != 0) {
        Status = STATUS_GUARD_PAGE_VIOLATION;
    }
    return NT_SUCCESS(Status) || Status == STATUS_GUARD_PAGE_VIOLATION ? Status
                                                                       : STATUS_STACK_OVERFLOW;
}

/*
 * A kernel access to user memory from outside the copy helpers, which SMEP or SMAP
 * caught.  The page may be good: resolving the fault would bring it back for ever.
 */
static BOOLEAN MiIsStrayAccess(ULONG ErrorCode, KPROCESSOR_MODE Mode, const KTRAP_FRAME *TrapFrame)
{
    return Mode == KernelMode &&
           ((ErrorCode & FAULT_EXECUTE) ||
               ((HalCpuFeatures & HAL_CPU_SMAP) && !(TrapFrame->EFlags & EFLAGS_AC)));
}

NTSTATUS MmAccessFault(
    ULONG ErrorCode, PVOID Address, KPROCESSOR_MODE Mode, PKTRAP_FRAME TrapFrame)
{
    ULONG_PTR Va = (ULONG_PTR)Address;
    MI_ACCESS Access = (ErrorCode & FAULT_WRITE) ? MiWrite
                       : (ErrorCode & FAULT_EXECUTE) ? MiExecuteAccess
                                                     : MiRead;
    PMM_ADDRESS_SPACE Space;
    NTSTATUS Status;

    if (Va > MM_HIGHEST_USER_ADDRESS || KeGetCurrentIrql() >= DISPATCH_LEVEL ||
        MiIsStrayAccess(ErrorCode, Mode, TrapFrame)) {
        return STATUS_ACCESS_VIOLATION;
    }
    Space = KeGetCurrentProcess()->AddressSpace;
    if (Space == NULL || KeIsGuardedMutexOwned(&Space->Lock)) {
        return STATUS_ACCESS_VIOLATION;
    }
    KeAcquireGuardedMutex(&Space->Lock);
    Status = MiResolveFault(Space, Va, Access);
    KeReleaseGuardedMutex(&Space->Lock);
    if (Status == STATUS_GUARD_PAGE_VIOLATION) {
        Status = MiGrowStack(Va);
    }
    if (KeBootOptions.Trace == TraceLevelFull) {
        KeTrace(TracePageFault, Va, (__force ULONG)Status);
    }
    return Status;
}
