/* SPDX-License-Identifier: MIT */
/*
 * Page frames: one MMPFN for every page of memory that the direct map reaches,
 * and two lists of free pages, one of which is known to be zero.
 *
 * Page tables come back empty, so they go to the zeroed list and the next process
 * gets its tables without anybody clearing them.
 */
#include "mm/mi.h"

PMMPFN MiPfnDatabase;
PFN_NUMBER MiHighestPage;
ULONG MiTotalPages;

typedef struct _MI_PAGE_LIST {
    PFN_NUMBER Head; /* 0: empty; page 0 is never free */
    ULONG Count;
} MI_PAGE_LIST;

/* A short lock; guards both lists and the fields of MMPFN that name it. */
static KSPIN_LOCK MiPfnLock = KSPIN_LOCK_INITIALIZER(LockLevelPfn);
static MI_PAGE_LIST MiFreeList;
static MI_PAGE_LIST MiZeroedList;

static void MiPushPage(MI_PAGE_LIST *List, PFN_NUMBER Page, PFN_STATE State)
{
    PMMPFN Pfn = &MiPfnDatabase[Page];

    Pfn->Next = List->Head;
    Pfn->References = 0;
    Pfn->State = State;
    Pfn->Traced = FALSE;
    List->Head = Page;
    List->Count++;
    KasanForbidPage(Page);
}

/* Takes from First, or else from Second; 0 if both are empty. */
static PFN_NUMBER MiPopPage(MI_PAGE_LIST *First, MI_PAGE_LIST *Second, PBOOLEAN IsZero)
{
    MI_PAGE_LIST *List;
    PFN_NUMBER Page;

    KeAcquireShortLock(&MiPfnLock);
    List = First->Head != 0 ? First : Second;
    Page = List->Head;
    if (Page != 0) {
        PMMPFN Pfn = &MiPfnDatabase[Page];

        *IsZero = Pfn->State == PfnZeroed;
        List->Head = Pfn->Next;
        List->Count--;
        Pfn->Next = 0;
        Pfn->References = 1;
        Pfn->State = PfnPrivate;
        KasanAllowPage(Page);
    }
    KeReleaseShortLock(&MiPfnLock);
    return Page;
}

PFN_NUMBER MiAllocateUntracedPage(BOOLEAN Zeroed)
{
    MI_PAGE_LIST *First = Zeroed ? &MiZeroedList : &MiFreeList;
    MI_PAGE_LIST *Second = Zeroed ? &MiFreeList : &MiZeroedList;
    BOOLEAN IsZero = FALSE;
    PFN_NUMBER Page;

    if (KeFaultPoint()) {
        return 0;
    }
    Page = MiPopPage(First, Second, &IsZero);
    if (Page == 0 && MiTrimStacks() + MiTrimPool() != 0) {
        Page = MiPopPage(First, Second, &IsZero);
    }
    if (Page != 0 && Zeroed && !IsZero) {
        KeZeroPage(MmMapPage(Page));
    }
    return Page;
}

static PFN_NUMBER MiAllocateTracedPage(BOOLEAN Zeroed)
{
    PFN_NUMBER Page = MiAllocateUntracedPage(Zeroed);

    if (Page != 0) {
        MiPfnDatabase[Page].Traced = TRUE;
        KeTraceAcquire(ResourcePage, Page);
    }
    return Page;
}

PFN_NUMBER MmAllocateZeroedPage(void)
{
    return MiAllocateTracedPage(TRUE);
}

PFN_NUMBER MmAllocatePage(void)
{
    return MiAllocateTracedPage(FALSE);
}

void MmReferencePage(PFN_NUMBER Page)
{
    PMMPFN Pfn = &MiPfnDatabase[Page];

    if (Pfn->State == PfnReserved) {
        return;
    }
    KeAcquireShortLock(&MiPfnLock);
    ASSERT(Pfn->References != 0);
    Pfn->References++;
    KeReleaseShortLock(&MiPfnLock);
}

static void MiDropReference(PFN_NUMBER Page, MI_PAGE_LIST *List, PFN_STATE State)
{
    PMMPFN Pfn = &MiPfnDatabase[Page];
    BOOLEAN Traced = FALSE;

    if (Pfn->State == PfnReserved) {
        return;
    }
    KeAcquireShortLock(&MiPfnLock);
    if (Pfn->References == 0) {
        KeBugCheckEx(PFN_LIST_CORRUPT, 7, Page, Pfn->State, 0);
    }
    if (--Pfn->References == 0) {
        Traced = Pfn->Traced;
        MiPushPage(List, Page, State);
    }
    KeReleaseShortLock(&MiPfnLock);
    if (Traced) {
        KeTraceRelease(ResourcePage, Page);
    }
}

void MmReleasePage(PFN_NUMBER Page)
{
    MiDropReference(Page, &MiFreeList, PfnFree);
}

void MiReleaseZeroedPage(PFN_NUMBER Page)
{
    MiDropReference(Page, &MiZeroedList, PfnZeroed);
}

/* At boot: a page of usable memory that nothing occupies. */
void MiAddFreePage(PFN_NUMBER Page)
{
    MiPushPage(&MiFreeList, Page, PfnFree);
}

/* Pages kept back in caches count as free: they are given up when pages run out. */
ULONG MmQueryFreePages(void)
{
    return MiFreeList.Count + MiZeroedList.Count + MiCachedStackPages() + MiCachedPoolPages();
}

ULONG MmQueryTotalPages(void)
{
    return MiTotalPages;
}
