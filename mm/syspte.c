/* SPDX-License-Identifier: MIT */
/*
 * System PTEs: the range B0000000-BFFFFFFF, handed out by the page for what the
 * direct map cannot do: stacks with a guard page, pool blocks longer than a page,
 * device registers.
 *
 * A bitmap says what is taken; page tables come and go with what they map.  The
 * directory is shared by all processes, so a table is visible to all at once.
 */
#include "mm/mi.h"

#define MI_SYSTEM_TABLES (MI_SYSTEM_PTE_COUNT / MI_PTE_COUNT)

static KSPIN_LOCK MiSystemPteLock = KSPIN_LOCK_INITIALIZER(LockLevelSystemPte);
/* All guarded by the lock. */
static ULONG MiSystemPteBits[MI_SYSTEM_PTE_COUNT / 32];
static RTL_BITMAP MiSystemPteMap = {MI_SYSTEM_PTE_COUNT, MiSystemPteBits};
static ULONG MiSystemPteHint; /* no clear bit below it */
static USHORT MiTableUse[MI_SYSTEM_TABLES]; /* reserved entries of each table */

static PMMPTE MiSystemPde(ULONG Index)
{
    return &MiKernelDirectory[MiPdeIndex(MI_SYSTEM_PTES) + Index / MI_PTE_COUNT];
}

PMMPTE MiSystemPte(PCVOID Address)
{
    ULONG Index = ((ULONG_PTR)Address - MI_SYSTEM_PTES) >> PAGE_SHIFT;

    return &MiTableOf(MiSystemPde(Index))[Index % MI_PTE_COUNT];
}

static BOOLEAN MiIsSystemPteAddress(PCVOID Address)
{
    return (ULONG_PTR)Address - MI_SYSTEM_PTES < MI_SYSTEM_PTE_COUNT * PAGE_SIZE;
}

/* Adds to the use of the tables under [Index, Index + Count).  Lock held. */
static void MiCountTables(ULONG Index, ULONG Count, LONG Add)
{
    for (ULONG i = Index; i < Index + Count; i++) {
        MiTableUse[i / MI_PTE_COUNT] = (USHORT)(MiTableUse[i / MI_PTE_COUNT] + Add);
    }
}

/* Gives the address range back; tables that map nothing any more go too. */
void MiReleaseSystemPtes(PVOID Base, ULONG Count)
{
    ULONG Index = ((ULONG_PTR)Base - MI_SYSTEM_PTES) >> PAGE_SHIFT;
    KIRQL OldIrql = KeAcquireSpinLock(&MiSystemPteLock);

    RtlClearBits(&MiSystemPteMap, Index, Count);
    MiCountTables(Index, Count, -1);
    if (Index < MiSystemPteHint) {
        MiSystemPteHint = Index;
    }
    for (ULONG Table = Index / MI_PTE_COUNT; Table <= (Index + Count - 1) / MI_PTE_COUNT; Table++) {
        PMMPTE Pde = MiSystemPde(Table * MI_PTE_COUNT);

        if (MiTableUse[Table] == 0 && (Pde->Low & MI_VALID)) {
            PFN_NUMBER Page = Pde->Low >> PAGE_SHIFT;

            MiWritePte(Pde, 0, 0);
            MiFlushKernelPages((PCVOID)(MI_SYSTEM_PTES + Table * MI_TABLE_SPAN), 1);
            MiReleaseZeroedPage(Page);
        }
    }
    KeReleaseSpinLock(&MiSystemPteLock, OldIrql);
}

/* Makes the table over one entry.  Somebody else may make it at the same time. */
static BOOLEAN MiMakeSystemTable(ULONG Index)
{
    PMMPTE Pde = MiSystemPde(Index);
    PFN_NUMBER Page;
    KIRQL OldIrql;

    if (Pde->Low & MI_VALID) {
        return TRUE;
    }
    Page = MiAllocateUntracedPage(TRUE);
    if (Page == 0) {
        return FALSE;
    }
    OldIrql = KeAcquireSpinLock(&MiSystemPteLock);
    if (!(Pde->Low & MI_VALID)) {
        MiWritePte(Pde, Page << PAGE_SHIFT | MI_VALID | MI_WRITE | MI_ACCESSED, MiNxHigh);
        Page = 0;
    }
    KeReleaseSpinLock(&MiSystemPteLock, OldIrql);
    if (Page != 0) {
        MiReleaseZeroedPage(Page);
    }
    return TRUE;
}

PVOID MiReserveSystemPtes(ULONG Count)
{
    KIRQL OldIrql = KeAcquireSpinLock(&MiSystemPteLock);
    ULONG Index = RtlFindClearBitsAndSet(&MiSystemPteMap, Count, MiSystemPteHint);
    PVOID Base = (PVOID)(MI_SYSTEM_PTES + (Index << PAGE_SHIFT));

    if (Index != RTL_BITMAP_NOT_FOUND) {
        MiCountTables(Index, Count, 1);
        if (Index == MiSystemPteHint) {
            MiSystemPteHint += Count;
        }
    }
    KeReleaseSpinLock(&MiSystemPteLock, OldIrql);
    if (Index == RTL_BITMAP_NOT_FOUND) {
        return NULL;
    }
    for (ULONG i = Index & ~(MI_PTE_COUNT - 1u); i < Index + Count; i += MI_PTE_COUNT) {
        if (!MiMakeSystemTable(i)) {
            MiReleaseSystemPtes(Base, Count);
            return NULL;
        }
    }
    return Base;
}

/* One flush for all of them: the frame numbers stay in the entries until then. */
void MiUnmapSystemPages(PVOID Base, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        PMMPTE Pte = MiSystemPte((PUCHAR)Base + (i << PAGE_SHIFT));

        MiWritePte(Pte, Pte->Low & MI_FRAME, 0);
    }
    MiFlushKernelPages(Base, Count);
    for (ULONG i = 0; i < Count; i++) {
        PMMPTE Pte = MiSystemPte((PUCHAR)Base + (i << PAGE_SHIFT));
        PFN_NUMBER Page = Pte->Low >> PAGE_SHIFT;

        MiWritePte(Pte, 0, 0);
        MmReleasePage(Page);
    }
}

BOOLEAN MiMapSystemPages(PVOID Base, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        PFN_NUMBER Page = MiAllocateUntracedPage(FALSE);

        if (Page == 0) {
            MiUnmapSystemPages(Base, i);
            return FALSE;
        }
        MiWritePte(MiSystemPte((PUCHAR)Base + (i << PAGE_SHIFT)), Page << PAGE_SHIFT | MI_VALID |
            MI_WRITE | MI_ACCESSED | MI_DIRTY | MiGlobal, MiNxHigh);
    }
    return TRUE;
}

PVOID MmAllocatePermanent(SIZE_T Size)
{
    ULONG Count = BYTES_TO_PAGES(Size);
    PVOID Base = MiReserveSystemPtes(Count);

    if (Base != NULL && !MiMapSystemPages(Base, Count)) {
        MiReleaseSystemPtes(Base, Count);
        return NULL;
    }
    return Base == NULL ? NULL : memset(Base, 0, Count << PAGE_SHIFT);
}

/* Device registers, for good; the offset into the page is kept. */
PVOID MmMapIoSpace(ULONG Physical, SIZE_T Length)
{
    ULONG Offset = Physical % PAGE_SIZE;
    ULONG Count = BYTES_TO_PAGES(Offset + Length);
    PUCHAR Base;

    if (Length == 0 || Length - 1 > 0xFFFFFFFFu - Physical) {
        return NULL;
    }
    Base = MiReserveSystemPtes(Count);
    for (ULONG i = 0; Base != NULL && i < Count; i++) {
        MiWritePte(MiSystemPte(Base + (i << PAGE_SHIFT)),
            ((Physical & MI_FRAME) + (i << PAGE_SHIFT)) | MI_VALID | MI_WRITE | MI_UNCACHED |
                MI_ACCESSED | MI_DIRTY | MiGlobal,
            MiNxHigh);
    }
    return Base == NULL ? NULL : Base + Offset;
}

BOOLEAN MmIsGuardPage(PCVOID Address)
{
    return MiKernelDirectory != NULL && MiIsSystemPteAddress(Address) &&
           MiTableOf(MiSystemPde(((ULONG_PTR)Address - MI_SYSTEM_PTES) >> PAGE_SHIFT)) != NULL &&
           MiSystemPte(Address)->Low == MI_GUARD;
}
