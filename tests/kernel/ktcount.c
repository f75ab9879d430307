/* SPDX-License-Identifier: MIT */
/*
 * The leak check of the in-kernel tests: the executive's counters before and
 * after a test, compared entry by entry.
 */
#include "tests/kernel/kt.h"
#include "ex.h"
#include "mm/mi.h"

void KtSnapshotCounters(PNASCENT_COUNTERS Counters)
{
    PsDrainReaper();
    MmPurgeImageCache(); /* what the caches hold depends on what ran before */
    (void)MiTrimStacks();
    (void)MiTrimPool();
    ExQueryCounters(Counters);
}

static BOOLEAN KtCompare(PCSTR What, ULONG Name, ULONG Before, ULONG After)
{
    CHAR Letters[5] = {0};

    if (Before == After) {
        return TRUE;
    }
    memcpy(Letters, &Name, sizeof(Name));
    KePrint("# counters: %s %s was %u, is %u\n", Letters, What, Before, After);
    return FALSE;
}

/* Tags come into being with their first allocation: one that is missing counts 0. */
static BOOLEAN KtCompareTag(const NASCENT_COUNTERS *Before, ULONG Tag, ULONG Allocations, ULONG Bytes)
{
    ULONG i;

    for (i = 0; i < Before->TagCount; i++) {
        if (Before->Tags[i].Tag == Tag) {
            return (BOOLEAN)(
                KtCompare("pool allocations", Tag, Before->Tags[i].Allocations, Allocations) &
                KtCompare("pool bytes", Tag, Before->Tags[i].Bytes, Bytes));
        }
    }
    return KtCompare("pool allocations", Tag, 0, Allocations);
}

BOOLEAN KtCompareCounters(const NASCENT_COUNTERS *Before, const NASCENT_COUNTERS *After)
{
    BOOLEAN Equal = TRUE;
    ULONG i;

    Equal &= KtCompare("free pages", 0, Before->FreePages, After->FreePages);
    Equal &= KtCompare("processes", 0, Before->ProcessCount, After->ProcessCount);
    Equal &= KtCompare("process and thread ids", 0, Before->CidCount, After->CidCount);
    Equal &= KtCompare("handles", 0, Before->HandleCount, After->HandleCount);
    for (i = 0; i < After->TypeCount; i++) {
        ULONG Name = After->Types[i].Name;
        Equal &= KtCompare("objects", Name, Before->Types[i].Objects, After->Types[i].Objects);
        Equal &= KtCompare("handles", Name, Before->Types[i].Handles, After->Types[i].Handles);
    }
    for (i = 0; i < After->TagCount; i++) {
        Equal &= KtCompareTag(
            Before, After->Tags[i].Tag, After->Tags[i].Allocations, After->Tags[i].Bytes);
    }
    return Equal;
}
