/* SPDX-License-Identifier: MIT */
/*
 * Pool blocks of whole pages, and the count of live blocks by tag.
 *
 * A block of one page lies in the direct map, a longer one in system PTE space.
 * They need no header: tag and length are in the page frame database.
 */
#include "mm/mi.h"

/* Open addressing, nothing is ever removed; pool lock. */
MI_TAG MiTags[MI_TAG_SLOTS];

MI_TAG *MiFindTag(ULONG Tag)
{
    ULONG Slot = MiTagSlot(Tag);

    for (ULONG i = 0; i < MI_TAG_SLOTS; i++) {
        MI_TAG *Entry = &MiTags[(Slot + i) % MI_TAG_SLOTS];

        if (Entry->Tag == Tag || Entry->Tag == 0) {
            Entry->Tag = Tag;
            return Entry;
        }
    }
    KeBugCheckEx(BAD_POOL_CALLER, 0x99, Tag, 0, 0); /* more tags than the source has */
}

ULONG MmQueryPoolTags(ULONG Max, ULONG Tags[], ULONG Allocations[], ULONG Bytes[])
{
    ULONG Count = 0;

    for (ULONG i = 0; i < MI_TAG_SLOTS && Count < Max; i++) {
        if (MiTags[i].Tag != 0) {
            Tags[Count] = MiTags[i].Tag;
            Allocations[Count] = MiTags[i].Allocations;
            Bytes[Count] = MiTags[i].Bytes;
            Count++;
        }
    }
    return Count;
}

static void MiCountBigBlock(ULONG Tag, LONG Pages, PKSPIN_LOCK Lock)
{
    KeAcquireShortLock(Lock);
    MiCountTag(Tag, Pages > 0 ? 1 : -1, Pages * (LONG)PAGE_SIZE);
    KeReleaseShortLock(Lock);
}

static PVOID MiAllocateBigPages(ULONG Pages)
{
    PVOID Base;

    if (Pages == 1) {
        PFN_NUMBER Page = MiAllocateUntracedPage(FALSE);

        return Page == 0 ? NULL : MmMapPage(Page);
    }
    Base = MiReserveSystemPtes(Pages);
    if (Base != NULL && !MiMapSystemPages(Base, Pages)) {
        MiReleaseSystemPtes(Base, Pages);
        Base = NULL;
    }
    return Base;
}

/* The page frame under an address that is mapped; NULL if it is no big block's. */
static PMMPFN MiBigPoolPfn(PVOID Address)
{
    ULONG_PTR Va = (ULONG_PTR)Address;
    PFN_NUMBER Page = (Va - KERNEL_BASE) >> PAGE_SHIFT;

    if (Va >= MI_SYSTEM_PTES) {
        Page = MmIsAddressValid(Address) ? MiSystemPte(Address)->Low >> PAGE_SHIFT : 0;
    }
    return Page == 0 || Page > MiHighestPage || MiPfnDatabase[Page].State != PfnPrivate
               ? NULL
               : &MiPfnDatabase[Page];
}

PVOID MiAllocateBigPool(SIZE_T Size, ULONG Tag, PKSPIN_LOCK Lock)
{
    ULONG Pages = BYTES_TO_PAGES(Size);
    PUCHAR Block = Size > MI_SYSTEM_PTE_COUNT * PAGE_SIZE ? NULL : MiAllocateBigPages(Pages);

    if (Block == NULL) {
        return NULL;
    }
    MiBigPoolPfn(Block)->Tag = Tag;
    if (Pages > 1) {
        MiBigPoolPfn(Block + PAGE_SIZE)->Pages = Pages;
    }
    KasanAllow(Block, Size, Pages << PAGE_SHIFT);
    MiCountBigBlock(Tag, (LONG)Pages, Lock);
    return Block;
}

void MiFreeBigPool(PVOID Block, ULONG Tag, PKSPIN_LOCK Lock)
{
    PMMPFN Pfn = MiBigPoolPfn(Block);
    BOOLEAN Mapped = (ULONG_PTR)Block >= MI_SYSTEM_PTES;
    ULONG Pages;

    if (Pfn == NULL || Pfn->Tag != Tag) {
        KeBugCheckEx(BAD_POOL_CALLER, 0xA, (ULONG_PTR)Block, Pfn == NULL ? 0 : Pfn->Tag, Tag);
    }
    Pages = Mapped ? MiBigPoolPfn((PUCHAR)Block + PAGE_SIZE)->Pages : 1;
    MiCountBigBlock(Tag, -(LONG)Pages, Lock);
    Pfn->Tag = 0;
    if (Mapped) {
        MiUnmapSystemPages(Block, Pages);
        MiReleaseSystemPtes(Block, Pages);
    } else {
        MmReleasePage((PFN_NUMBER)(Pfn - MiPfnDatabase));
    }
}
