/* SPDX-License-Identifier: MIT */
/*
 * Keeping the processor's translation buffer in step with the page tables.
 *
 * Whoever makes an entry weaker calls one of these before the page behind it is
 * released.  With several processors, this is where they are told: the processors
 * in KPROCESS.ActiveProcessors for a user page, all for a kernel page.
 * KeFlushPages (ke/ipi.c) has the protocol.
 */
#include "mm/mi.h"

#define CR4_GLOBAL_PAGES 0x80u

static ULONG MiReadCr3(void)
{
    ULONG Cr3;

    __asm__ volatile("movl %%cr3, %0" : "=r"(Cr3));
    return Cr3;
}

static void MiFlushOwnPage(PCVOID Va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(Va) : "memory");
}

void MiFlushKernelPages(PCVOID Va, ULONG Count)
{
    KeFlushPages(&KeActiveProcessors, Va, Count);
}

/* Loading CR3 drops all user entries, so only the loaded space needs more. */
void MiFlushPages(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, ULONG Count)
{
    if (KeNumberProcessors != 1) {
        KeFlushPages(Space->ActiveProcessors, (PCVOID)Va, Count);
    } else if (MiReadCr3() == Space->Cr3) {
        for (ULONG i = 0; i < Count; i++) {
            MiFlushOwnPage((PCVOID)(Va + (i << PAGE_SHIFT)));
        }
    }
}

void MiFlushPage(PMM_ADDRESS_SPACE Space, ULONG_PTR Va)
{
    MiFlushPages(Space, Va, 1);
}

/* From the loader's tables to the kernel's; nothing of the old ones survives. */
void MiLoadPageTables(ULONG Cr3)
{
    ULONG Cr4;

    __asm__ volatile("movl %0, %%cr3" : : "r"(Cr3) : "memory");
    if (MiGlobal != 0) {
        __asm__ volatile("movl %%cr4, %0" : "=r"(Cr4));
        __asm__ volatile("movl %0, %%cr4" : : "r"(Cr4 | CR4_GLOBAL_PAGES) : "memory");
    }
}
