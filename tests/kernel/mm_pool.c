/* SPDX-License-Identifier: MIT */
/*
 * Pool, page frames and kernel stacks: what is given out is distinct and usable,
 * and all of it comes back.
 */
#include "tests/kernel/kt.h"
#include "mm/mi.h"

#define KT_TAG    POOL_TAG('T', 'e', 's', 't')
#define KT_BLOCKS 400

/* A cheap pattern that differs between blocks. */
static ULONG KtNextRandom(ULONG *State)
{
    *State = *State * 1664525 + 1013904223;
    return *State >> 8;
}

static BOOLEAN KtIsFilled(const UCHAR *Block, SIZE_T Size, UCHAR Fill)
{
    for (SIZE_T i = 0; i < Size; i++) {
        if (Block[i] != Fill) {
            return FALSE;
        }
    }
    return TRUE;
}

START_TEST(mm_pool, "pool: blocks of every size do not overlap and come back")
{
    static PUCHAR Blocks[KT_BLOCKS];
    static SIZE_T Sizes[KT_BLOCKS];
    ULONG Random = KeBootOptions.Seed + 1;
    BOOLEAN Intact = TRUE;

    memset(Blocks, 0, sizeof(Blocks));
    for (ULONG Round = 0; Round < 4000; Round++) {
        ULONG i = KtNextRandom(&Random) % KT_BLOCKS;

        if (Blocks[i] != NULL) {
            Intact &= KtIsFilled(Blocks[i], Sizes[i], (UCHAR)i);
            ExFreePoolWithTag(Blocks[i], KT_TAG);
        }
        Sizes[i] = KtNextRandom(&Random) % (i % 16 == 0 ? 12000 : 700);
        Blocks[i] = ExAllocatePoolWithTag(NonPagedPool, Sizes[i], KT_TAG);
        Intact &= Blocks[i] != NULL && (ULONG_PTR)Blocks[i] % 8 == 0;
        memset(Blocks[i], (UCHAR)i, Sizes[i]);
    }
    for (ULONG i = 0; i < KT_BLOCKS; i++) {
        if (Blocks[i] != NULL) {
            Intact &= KtIsFilled(Blocks[i], Sizes[i], (UCHAR)i);
            ExFreePoolWithTag(Blocks[i], KT_TAG);
        }
    }
    ok(Intact, "every block kept its contents");
}

START_TEST(mm_pool_limits, "pool: page-sized blocks, zeroing, exhaustion and injected failure")
{
    PUCHAR Page = ExAllocatePoolZero(NonPagedPool, PAGE_SIZE, KT_TAG);
    PUCHAR Large = ExAllocatePoolZero(NonPagedPool, 5 * PAGE_SIZE + 1, KT_TAG);

    ok(Page != NULL && (ULONG_PTR)Page % PAGE_SIZE == 0 && KtIsFilled(Page, PAGE_SIZE, 0),
        "a page is aligned and zero");
    ok(Large != NULL && KtIsFilled(Large, 5 * PAGE_SIZE + 1, 0), "so is a block of six pages");
    ExFreePoolWithTag(Large, KT_TAG);
    ExFreePoolWithTag(Page, KT_TAG);
    ok(ExAllocatePoolWithTag(NonPagedPool, 0x7FFFFFFF, KT_TAG) == NULL, "2 GiB are refused");
    ok(ExAllocatePoolWithTag(NonPagedPool, (MmQueryTotalPages() + 16) << PAGE_SHIFT, KT_TAG) ==
           NULL, "more than there is, too");
    KeArmFault(KeTraceBeginAttempt(), 1);
    ok(ExAllocatePoolWithTag(NonPagedPool, 8, KT_TAG) == NULL, "an injected failure is one");
    KeDisarmFault();
}

START_TEST(mm_page, "page frames: references, zeroed pages, nothing lost")
{
    PFN_NUMBER Page = MmAllocatePage();
    ULONG Free = MmQueryFreePages();

    ok(Page != 0, "a page");
    memset(MmMapPage(Page), 0xAA, PAGE_SIZE);
    MmReferencePage(Page);
    MmReleasePage(Page);
    ok_eq(MmQueryFreePages(), Free);
    MmReleasePage(Page);
    ok_eq(MmQueryFreePages(), Free + 1);
    Page = MmAllocateZeroedPage();
    ok(Page != 0 && KtIsFilled(MmMapPage(Page), PAGE_SIZE, 0), "a zeroed page is zero");
    MmReleasePage(Page);
}

START_TEST(mm_stack, "kernel stacks: usable to the last byte, guarded below")
{
    PUCHAR Tops[40];

    for (ULONG i = 0; i < ARRAYSIZE(Tops); i++) {
        Tops[i] = MmCreateKernelStack();
        if (!ok(Tops[i] != NULL, "stack %u", i)) {
            return;
        }
        memset(Tops[i] - KERNEL_STACK_SIZE, (UCHAR)i, KERNEL_STACK_SIZE);
    }
    ok(MmIsGuardPage(Tops[0] - KERNEL_STACK_SIZE - 1), "the page below is a guard page");
    ok(!MmIsGuardPage(Tops[0] - KERNEL_STACK_SIZE), "the lowest page is not");
    ok(!MmIsAddressValid(Tops[0] - KERNEL_STACK_SIZE - 1), "and not mapped");
    for (ULONG i = 0; i < ARRAYSIZE(Tops); i++) {
        ok(KtIsFilled(Tops[i] - KERNEL_STACK_SIZE, KERNEL_STACK_SIZE, (UCHAR)i), "stack %u", i);
        MmDeleteKernelStack(Tops[i]);
    }
}

START_TEST(mm_wx, "no kernel page is writable and executable, or open to user mode")
{
    ok_eq(MmVerifyProtections(), 0);
    ok(!MmIsAddressValid(NULL), "address 0 is not mapped");
    ok(MmIsAddressValid((PCVOID)KIP0PCRADDRESS), "the KPCR is");
    ok(&((PKPCR)KIP0PCRADDRESS)->SelfPcr->PrcbData == KiProcessorBlock[0],
        "the first processor's, at its NT address");
}

/* Takes pages until there are none, chained through themselves. */
START_TEST(mm_exhaustion, "all of memory taken and given back")
{
    PFN_NUMBER *Last = NULL;
    ULONG Count = 0;
    PFN_NUMBER Page;

    while ((Page = MmAllocatePage()) != 0) {
        PFN_NUMBER *Mapped = MmMapPage(Page);

        *Mapped = Last == NULL ? 0 : MmGetPhysicalAddress(Last) >> PAGE_SHIFT;
        Last = Mapped;
        Count++;
    }
    ok(Count > 500, "%u pages were free", Count);
    ok_eq(MmQueryFreePages(), 0);
    ok(MmCreateKernelStack() == NULL, "then there is no stack");
    ok(ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, KT_TAG) == NULL, "and no pool");
    while (Last != NULL) {
        Page = MmGetPhysicalAddress(Last) >> PAGE_SHIFT;
        Last = *Last == 0 ? NULL : MmMapPage(*Last);
        MmReleasePage(Page);
    }
}
