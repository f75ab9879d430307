/* SPDX-License-Identifier: MIT */
/*
 * Every acquisition of one creation fails in turn.
 *
 * The first round fails the first page, pool block, handle... that the creation
 * takes, the next round the second, until a round ends without its fault having
 * been reached.  Each must end in a status, leave every counter as it was, and
 * not disturb the next creation.
 */
#include "tests/kernel/ktprogram.h"

#define KT_MAX_ACQUISITIONS 5000 /* far more than a creation takes */

/* One round; TRUE: its fault fired. */
static BOOLEAN KtCreateWithFault(ULONG Acquisition)
{
    NASCENT_COUNTERS Before, After;
    NTSTATUS ExitStatus = STATUS_SUCCESS;

    KtSnapshotCounters(&Before);
    KeArmFault(KeTraceBeginAttempt(), Acquisition);
    NTSTATUS Status = KtRunProgram(KT_NULL_PROGRAM, L"null", &ExitStatus);
    BOOLEAN Fired = KeDisarmFault() >= Acquisition;

    KtSnapshotCounters(&After);
    ok(KtCompareCounters(&Before, &After), "counters after acquisition %u failed (%s, %s)",
        Acquisition, RtlNtStatusName(Status), RtlNtStatusName(ExitStatus));
    if (!Fired) {
        ok_status(Status, STATUS_SUCCESS);
        ok_status(ExitStatus, STATUS_SUCCESS);
    }
    return Fired;
}

START_TEST(ps_fault, "every acquisition of one creation failed in turn")
{
    NTSTATUS ExitStatus = STATUS_PENDING;
    ULONG Acquisition = 1;

    ok_status(KtRunProgram(KT_NULL_PROGRAM, L"null", &ExitStatus), STATUS_SUCCESS);
    while (Acquisition < KT_MAX_ACQUISITIONS && KtCreateWithFault(Acquisition)) {
        if (!ok(NT_SUCCESS(KtRunProgram(KT_NULL_PROGRAM, L"null", &ExitStatus)) &&
                    ExitStatus == STATUS_SUCCESS,
                "the creation after fault %u works", Acquisition)) {
            break;
        }
        Acquisition++;
    }
    KePrint("# %u acquisitions failed in turn\n", Acquisition - 1);
    ok(Acquisition > 50, "a creation takes more than 50 acquisitions, got %u", Acquisition);
    ok(Acquisition < KT_MAX_ACQUISITIONS, "the sweep came to its end");
}
