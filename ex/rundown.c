/* SPDX-License-Identifier: MIT */
/*
 * Rundown protection: many may use a thing until its owner wants it gone.  From
 * then on nobody new gets in, and the owner waits until the last user has left.
 *
 * Count is 2 for each user; bit 0 says that the owner is waiting or has waited.
 * EPROCESS.RundownProtect guards handle table and address space this way.
 */
#include "ex/exp.h"

#define RUNDOWN_ACTIVE 1u
#define RUNDOWN_USER   2u

void ExInitializeRundownProtection(PEX_RUNDOWN_REF Ref)
{
    Ref->Count = 0;
    Ref->Waiter = NULL;
}

BOOLEAN ExAcquireRundownProtection(PEX_RUNDOWN_REF Ref)
{
    ULONG Old = Ref->Count;

    while ((Old & RUNDOWN_ACTIVE) == 0) {
        ULONG Seen = InterlockedCompareExchange(&Ref->Count, Old + RUNDOWN_USER, Old);

        if (Seen == Old) {
            return TRUE;
        }
        Old = Seen;
    }
    return FALSE;
}

void ExReleaseRundownProtection(PEX_RUNDOWN_REF Ref)
{
    ULONG Left = InterlockedExchangeAdd(&Ref->Count, -RUNDOWN_USER) - RUNDOWN_USER;

    ASSERT(Left < (ULONG)-RUNDOWN_USER);
    if (Left == RUNDOWN_ACTIVE) {
        (void)KeSetEvent(Ref->Waiter, 0, FALSE);
    }
}

/*
 * ExWaitForRundownProtectionRelease - no new user from here on, no old one after
 * the return.  Again later: returns at once.
 *
 * Waiter is set before the bit that makes a releasing thread look at it.
 * IRQL: PASSIVE_LEVEL or APC_LEVEL.
 */
void ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF Ref)
{
    KEVENT Event;
    ULONG Old;

    ASSERT_IRQL_AT_MOST(APC_LEVEL);
    if (Ref->Count == RUNDOWN_ACTIVE) {
        return;
    }
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Ref->Waiter = &Event;
    Old = InterlockedOr(&Ref->Count, RUNDOWN_ACTIVE);
    ASSERT((Old & RUNDOWN_ACTIVE) == 0);
    if (Old >= RUNDOWN_USER) {
        (void)KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    }
}
