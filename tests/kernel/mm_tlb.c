/* SPDX-License-Identifier: MIT */
/*
 * Page tables and several processors: while threads touch a page on all of them, one
 * takes it away or makes it read-only.  After its call has returned no processor may
 * get at the page by an old translation.
 */
#include "ke.h"
#include "nt/native.h"
#include "tests/kernel/kt.h"

#define KtSelf    NtCurrentProcess()
#define KT_ROUNDS 300

typedef struct _KT_PAGE {
    PVOID Address;
    volatile LONG Gone; /* the page with this number, and all before, are freed */
    volatile BOOLEAN Stop;
    volatile LONG Touches;
    volatile LONG Faults;
    volatile LONG Stale;
} KT_PAGE;

/* A page that was gone before the copy began must not be read by it. */
static void KtToucher(PVOID Context)
{
    KT_PAGE *Page = Context;

    while (!Page->Stop) {
        LONG Gone = Page->Gone;
        LONG Value;

        if (KiCopyFromUser(&Value, (const void __user *)Page->Address, sizeof(Value)) != 0) {
            InterlockedIncrement(&Page->Faults);
            continue;
        }
        InterlockedIncrement(&Page->Touches);
        if (Value != 0 && Value <= Gone) { /* 0: a new one, not yet numbered */
            InterlockedIncrement(&Page->Stale);
        }
    }
}

static void KtWriter(PVOID Context)
{
    KT_PAGE *Page = Context;
    LONG Value = 0;

    while (!Page->Stop) {
        Value++;
        InterlockedIncrement(
            KiCopyToUser((void __user *)Page->Address, &Value, sizeof(Value)) == 0
                ? &Page->Touches
                : &Page->Faults);
    }
}

/* One a processor, tied to it, so that each has a translation of its own. */
static void KtStartOnAll(PKSTART_ROUTINE Routine, KT_PAGE *Page, PETHREAD Threads[])
{
    for (ULONG i = 1; i < KeNumberProcessors; i++) {
        Threads[i] = KtStartThread(Routine, Page);
        if (Threads[i] != NULL) {
            (void)KeSetAffinityThread(&Threads[i]->Tcb, 1u << i);
        }
    }
}

static void KtStopOnAll(KT_PAGE *Page, PETHREAD Threads[])
{
    Page->Stop = TRUE;
    for (ULONG i = 1; i < KeNumberProcessors; i++) {
        KtJoinThread(Threads[i]);
    }
}

/* Until the others have touched the page again, or not for a while. */
static void KtAwaitTouch(KT_PAGE *Page)
{
    ULONGLONG End = KeQueryInterruptTime() + 200000;
    LONG Touches = Page->Touches;

    while (Page->Touches - Touches < KeNumberProcessors && KeQueryInterruptTime() < End) {
        __builtin_ia32_pause();
    }
}

static BOOLEAN KtBeginPage(KT_PAGE *Page)
{
    SIZE_T Size = PAGE_SIZE;

    if (KeNumberProcessors == 1) {
        KtSkip("one processor");
        return FALSE;
    }
    (void)KeSetAffinityThread(KeGetCurrentThread(), 1);
    return ok_status(NtAllocateVirtualMemory(
                         KtSelf, &Page->Address, 0, &Size, MEM_RESERVE, PAGE_READWRITE),
        STATUS_SUCCESS);
}

static void KtEndPage(KT_PAGE *Page)
{
    SIZE_T Size = 0;

    ok_status(NtFreeVirtualMemory(KtSelf, &Page->Address, &Size, MEM_RELEASE), STATUS_SUCCESS);
}

START_TEST(mm_tlb_free, "TLB: a page freed here is gone on every processor")
{
    KT_PAGE Page = {.Address = NULL};
    PETHREAD Threads[MAXIMUM_PROCESSORS];
    SIZE_T Size = PAGE_SIZE;

    if (!KtBeginPage(&Page)) {
        return;
    }
    KtStartOnAll(KtToucher, &Page, Threads);
    for (LONG i = 1; i <= KT_ROUNDS; i++) {
        ok_status(NtAllocateVirtualMemory(
                      KtSelf, &Page.Address, 0, &Size, MEM_COMMIT, PAGE_READWRITE),
            STATUS_SUCCESS);
        ok_eq(KiCopyToUser((void __user *)Page.Address, &i, sizeof(i)), 0);
        KtAwaitTouch(&Page);
        ok_status(NtFreeVirtualMemory(KtSelf, &Page.Address, &Size, MEM_DECOMMIT),
            STATUS_SUCCESS);
        Page.Gone = i;
    }
    KtStopOnAll(&Page, Threads);
    ok(Page.Touches > 0, "the page was read");
    ok(Page.Faults > 0, "and missed");
    ok_eq(Page.Stale, 0);
    KtEndPage(&Page);
}

static LONG KtReadPage(KT_PAGE *Page)
{
    LONG Value = -1;

    ok_eq(KiCopyFromUser(&Value, (const void __user *)Page->Address, sizeof(Value)), 0);
    return Value;
}

START_TEST(mm_tlb_protect, "TLB: a page made read-only here is written by no processor")
{
    KT_PAGE Page = {.Address = NULL};
    PETHREAD Threads[MAXIMUM_PROCESSORS];
    SIZE_T Size = PAGE_SIZE;
    ULONG Old;

    if (!KtBeginPage(&Page)) {
        return;
    }
    ok_status(
        NtAllocateVirtualMemory(KtSelf, &Page.Address, 0, &Size, MEM_COMMIT, PAGE_READWRITE),
        STATUS_SUCCESS);
    KtStartOnAll(KtWriter, &Page, Threads);
    for (LONG i = 1; i <= KT_ROUNDS; i++) {
        LONG Value;

        KtAwaitTouch(&Page);
        ok_status(NtProtectVirtualMemory(KtSelf, &Page.Address, &Size, PAGE_READONLY, &Old),
            STATUS_SUCCESS);
        Value = KtReadPage(&Page);
        for (ULONG j = 0; j < 20; j++) {
            ok_eq(KtReadPage(&Page), Value);
        }
        ok_status(NtProtectVirtualMemory(KtSelf, &Page.Address, &Size, PAGE_READWRITE, &Old),
            STATUS_SUCCESS);
    }
    KtStopOnAll(&Page, Threads);
    ok(Page.Touches > 0, "the page was written");
    ok(Page.Faults > 0, "and not when it was read-only");
    KtEndPage(&Page);
}

/* ---- Many pages ------------------------------------------------------------------------ */

#define KT_PAGES 64

/* Changes in a range of pages take as many requests as there are calls, not pages. */
static void KtChangeRange(KT_PAGE *Page)
{
    SIZE_T Size = KT_PAGES * PAGE_SIZE, Half = Size / 2;
    ULONG Old, Before;

    for (ULONG i = 0; i < KT_PAGES; i++) {
        LONG Value = 1;

        ok_eq(KiCopyToUser((PUCHAR)Page->Address + i * PAGE_SIZE, &Value, sizeof(Value)), 0);
    }
    Before = KiFlushRequests;
    ok_status(NtProtectVirtualMemory(KtSelf, &Page->Address, &Size, PAGE_READONLY, &Old),
        STATUS_SUCCESS);
    ok_status(NtProtectVirtualMemory(KtSelf, &Page->Address, &Size, PAGE_READWRITE, &Old),
        STATUS_SUCCESS);
    ok_status(NtFreeVirtualMemory(KtSelf, &Page->Address, &Half, MEM_DECOMMIT), STATUS_SUCCESS);
    Before = KiFlushRequests - Before;
    ok((Before != 0) == (KeNumberProcessors > 1) && Before < KT_PAGES / 2,
        "%u pages, 3 calls: %u requests", KT_PAGES, Before); /* some may be of others */
}

START_TEST(mm_tlb_range, "TLB: a change of many pages is one request to the other processors")
{
    KT_PAGE Page = {.Address = NULL};
    PETHREAD Threads[MAXIMUM_PROCESSORS];
    SIZE_T Size = KT_PAGES * PAGE_SIZE, All = 0;

    ok_status(NtAllocateVirtualMemory(KtSelf, &Page.Address, 0, &Size, MEM_RESERVE | MEM_COMMIT,
                  PAGE_READWRITE),
        STATUS_SUCCESS);
    KtStartOnAll(KtToucher, &Page, Threads);
    while (KeNumberProcessors > 1 && Page.Touches == 0) {
        KtSleep(10);
    }
    KtChangeRange(&Page);
    KtStopOnAll(&Page, Threads);
    ok_status(NtFreeVirtualMemory(KtSelf, &Page.Address, &All, MEM_RELEASE), STATUS_SUCCESS);
}
