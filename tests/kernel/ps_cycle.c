/* SPDX-License-Identifier: MIT */
/*
 * Many lives in a row: a thousand processes come and go and leave nothing.
 */
#include "tests/kernel/ktprogram.h"

#define KT_CYCLES 1000

START_TEST(ps_cycle, "1,000 processes come and go; all counters stay equal")
{
    NASCENT_COUNTERS Before, After;
    NTSTATUS ExitStatus = STATUS_PENDING;
    ULONG Done = 0;

    /* The first one leaves the image's control area in the cache. */
    ok_status(KtRunProgram(KT_NULL_PROGRAM, L"null", &ExitStatus), STATUS_SUCCESS);
    KtSnapshotCounters(&Before);
    while (Done < KT_CYCLES &&
        NT_SUCCESS(KtRunProgram(KT_NULL_PROGRAM, L"null", &ExitStatus)) &&
        ExitStatus == STATUS_SUCCESS) {
        Done++;
    }
    ok_eq(Done, KT_CYCLES);
    KtSnapshotCounters(&After);
    ok(KtCompareCounters(&Before, &After), "counters after %u processes", Done);
}
