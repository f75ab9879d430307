/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks: three pages with an unmapped guard page below, which turns an
 * overflow into a double fault instead of damage next door.
 *
 * A few stacks of ended threads are kept whole, so that creating a thread need not
 * touch page tables.  They count as free memory and are given up under pressure.
 */
#include "mm/mi.h"

#define MI_STACK_PAGES (KERNEL_STACK_SIZE >> PAGE_SHIFT)
#define MI_STACK_CACHE 16u

static KSPIN_LOCK MiStackLock = KSPIN_LOCK_INITIALIZER(LockLevelSystemPte);
static PVOID MiStackCache[MI_STACK_CACHE]; /* tops; the lock */
static ULONG MiStackCount;

static PVOID MiPopStack(void)
{
    PVOID Top;

    KeAcquireShortLock(&MiStackLock);
    Top = MiStackCount == 0 ? NULL : MiStackCache[--MiStackCount];
    KeReleaseShortLock(&MiStackLock);
    return Top;
}

static BOOLEAN MiPushStack(PVOID Top)
{
    BOOLEAN Kept;

    KeAcquireShortLock(&MiStackLock);
    Kept = MiStackCount < MI_STACK_CACHE;
    if (Kept) {
        MiStackCache[MiStackCount++] = Top;
    }
    KeReleaseShortLock(&MiStackLock);
    return Kept;
}

static PVOID MiBuildStack(void)
{
    PUCHAR Guard = MiReserveSystemPtes(MI_STACK_PAGES + 1);

    if (Guard == NULL) {
        return NULL;
    }
    if (!MiMapSystemPages(Guard + PAGE_SIZE, MI_STACK_PAGES)) {
        MiReleaseSystemPtes(Guard, MI_STACK_PAGES + 1);
        return NULL;
    }
    MiWritePte(MiSystemPte(Guard), MI_GUARD, 0);
    return Guard + PAGE_SIZE + KERNEL_STACK_SIZE;
}

static void MiDestroyStack(PVOID Top)
{
    PUCHAR Guard = (PUCHAR)Top - KERNEL_STACK_SIZE - PAGE_SIZE;

    MiWritePte(MiSystemPte(Guard), 0, 0);
    MiUnmapSystemPages(Guard + PAGE_SIZE, MI_STACK_PAGES);
    MiReleaseSystemPtes(Guard, MI_STACK_PAGES + 1);
}

PVOID MmCreateKernelStack(void)
{
    PVOID Top;

    if (KeFaultPoint()) {
        return NULL;
    }
    Top = MiPopStack();
    if (Top == NULL) {
        Top = MiBuildStack();
    }
    if (Top != NULL) {
        KeTraceAcquire(ResourceSystemPte, (ULONG_PTR)Top);
    }
    return Top;
}

void MmDeleteKernelStack(PVOID Top)
{
    KeTraceRelease(ResourceSystemPte, (ULONG_PTR)Top);
    if (!MiPushStack(Top)) {
        MiDestroyStack(Top);
    }
}

ULONG MiTrimStacks(void)
{
    ULONG Pages = 0;
    PVOID Top;

    while ((Top = MiPopStack()) != NULL) {
        MiDestroyStack(Top);
        Pages += MI_STACK_PAGES;
    }
    return Pages;
}

ULONG MiCachedStackPages(void)
{
    return MiStackCount * MI_STACK_PAGES;
}
