/* SPDX-License-Identifier: MIT */
/*
 * This processor's translation buffer.  ke/ipi.c knows of the others.
 */
#include "ke/i386/kii386.h"

#define KI_FLUSH_LIMIT 32 /* more pages than these: the whole buffer is cheaper */

/* Entries of kernel pages are global and survive a load of CR3, not a change of PGE. */
static void KiFlushOwnBuffer(void)
{
    ULONG Cr4 = KiReadcr4();

    if (Cr4 & CR4_PGE) {
        KiWritecr4(Cr4 & ~CR4_PGE);
        KiWritecr4(Cr4);
    } else {
        KiWritecr3(KiReadcr3());
    }
}

void KiFlushOwnPages(PCVOID First, ULONG Pages)
{
    if (Pages > KI_FLUSH_LIMIT) {
        KiFlushOwnBuffer();
        return;
    }
    for (ULONG i = 0; i < Pages; i++) {
        __asm__ volatile("invlpg (%0)" : : "r"((ULONG_PTR)First + i * 0x1000) : "memory");
    }
}
