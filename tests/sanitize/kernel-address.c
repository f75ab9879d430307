/* SPDX-License-Identifier: MIT */
/*
 * Does KASAN see what it should?  Each access here is wrong on purpose; none
 * damages anything, because a freed block is only read and the bytes behind a
 * block are slack.  Only in a kernel built with SANITIZE=kernel-address.
 */
#include "sanitize/sanitize.h"
#include "tests/kernel/kt.h"

#define KT_TAG POOL_TAG('K', 'A', 's', 'a')

static volatile UCHAR KtByte; /* keeps the results alive */

/* Reports of reading the byte at Address.  Not inline: the compiler would see through it. */
static __attribute__((noinline)) ULONG KtRead(const volatile UCHAR *Address)
{
    SanExpectReports();
    KtByte = *Address;
    return SanEndExpectation();
}

static __attribute__((noinline)) ULONG KtWrite(volatile UCHAR *Address)
{
    SanExpectReports();
    *Address = 0;
    return SanEndExpectation();
}

/* Blocks of whole pages are looked at behind their end only: no header comes before. */
static void KtTestBlock(SIZE_T Size)
{
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPool, Size, KT_TAG);

    if (!ok(Block != NULL, "a block of %u bytes", Size)) {
        return;
    }
    ok_eq(KtRead(Block), 0);
    ok_eq(KtWrite(Block + Size - 1), 0);
    ok_eq(KtWrite(Block + Size), 1);
    ok_eq(KtRead(Block + Size), 1);
    ok(Size >= PAGE_SIZE / 2 || KtRead(Block - 1) == 1, "the byte before is a header");
    ExFreePoolWithTag(Block, KT_TAG);
    ok(Size > PAGE_SIZE || KtRead(Block) == 1, "a freed block of %u bytes was read", Size);
}

START_TEST(san_pool, "KASAN: out of bounds by one, before and behind, and use after free")
{
    static const USHORT Sizes[] = {1, 7, 8, 13, 24, 100, 2000, 3000, 4095, 5000};

    for (ULONG i = 0; i < ARRAYSIZE(Sizes); i++) {
        KtTestBlock(Sizes[i]);
    }
}

START_TEST(san_copy, "KASAN: copies and fills that run over the end")
{
    PUCHAR Block = ExAllocatePoolZero(NonPagedPool, 40, KT_TAG);
    UCHAR Copy[48];
    volatile SIZE_T Length = 41;

    if (!ok(Block != NULL, "a block")) {
        return;
    }
    SanExpectReports();
    memcpy(Copy, Block, Length);
    ok_eq(SanEndExpectation(), 1);
    SanExpectReports();
    memset(Block, 0, Length);
    ok_eq(SanEndExpectation(), 1);
    SanExpectReports();
    memmove(Block + 1, Block, Length - 1);
    ok_eq(SanEndExpectation(), 1);
    KtByte = Copy[0];
    ExFreePoolWithTag(Block, KT_TAG);
}

START_TEST(san_page, "KASAN: a page frame after its release")
{
    PFN_NUMBER Page = MmAllocatePage();
    PUCHAR Mapped = MmMapPage(Page);

    ok_eq(KtWrite(Mapped), 0);
    MmReleasePage(Page);
    ok_eq(KtRead(Mapped), 1);
}
