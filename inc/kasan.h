/* SPDX-License-Identifier: MIT */
/*
 * What mm tells KASAN, the checker of memory accesses in a kernel built with
 * SANITIZE=kernel-address: which bytes of pool and which pages may be touched.
 * In every other build these are nothing.  The other side: sanitize/kernel-address.c.
 */
#pragma once
#include "nt/ntdef.h"

#ifdef NASCENT_KASAN
#define KASAN_ENABLED 1
#define KASAN_REDZONE 16u /* bytes behind a pool block, beside its slack */

/* Pages of shadow for memory up to the page frame Highest: an eighth of it. */
ULONG KasanShadowPages(ULONG Highest);
void KasanInitialize(PVOID Shadow, ULONG Highest);
/* Start and Room are multiples of 8; the first Size bytes may be touched, no more. */
void KasanAllow(PCVOID Start, SIZE_T Size, SIZE_T Room);
void KasanForbidPool(PCVOID Start, SIZE_T Room); /* freed, or never given out */
void KasanForbidPage(ULONG Page);                /* a page frame that is free */
void KasanAllowPage(ULONG Page);
#else
#define KASAN_ENABLED 0
#define KASAN_REDZONE 0u

FORCEINLINE ULONG KasanShadowPages(ULONG Highest)
{
    UNREFERENCED_PARAMETER(Highest);
    return 0;
}

FORCEINLINE void KasanInitialize(PVOID Shadow, ULONG Highest)
{
    UNREFERENCED_PARAMETER(Shadow);
    UNREFERENCED_PARAMETER(Highest);
}

FORCEINLINE void KasanAllow(PCVOID Start, SIZE_T Size, SIZE_T Room)
{
    UNREFERENCED_PARAMETER(Start);
    UNREFERENCED_PARAMETER(Size);
    UNREFERENCED_PARAMETER(Room);
}

FORCEINLINE void KasanForbidPool(PCVOID Start, SIZE_T Room)
{
    UNREFERENCED_PARAMETER(Start);
    UNREFERENCED_PARAMETER(Room);
}

FORCEINLINE void KasanForbidPage(ULONG Page)
{
    UNREFERENCED_PARAMETER(Page);
}

FORCEINLINE void KasanAllowPage(ULONG Page)
{
    UNREFERENCED_PARAMETER(Page);
}
#endif
