/* SPDX-License-Identifier: MIT */
/*
 * Fault injection: makes one acquisition of a resource fail, so that a test can
 * go through a creation and fail each in turn (inc/trace.h).
 *
 * Armed for one creation attempt; only acquisitions by threads that carry its
 * number count.  Event points are the same for events: at one of them a DPC of
 * the test's runs, to end a process there or to switch to another thread.
 * No lock: a test arms and disarms while nobody else does.
 */
#include "ke/ki.h"

BOOLEAN KeFaultArmed;

static struct {
    ULONG Attempt;
    ULONG Acquisition;   /* the one to fail, from 1; 0: none */
    volatile ULONG Seen; /* acquisitions of the attempt since */
} KiFault;

BOOLEAN KeTestFaultPoint(void)
{
    ULONG Number;

    if (KeTraceCurrentAttempt() != KiFault.Attempt) {
        return FALSE;
    }
    Number = InterlockedIncrement(&KiFault.Seen);
    if (Number != KiFault.Acquisition) {
        return FALSE;
    }
    KeTrace(TraceInjected, Number);
    return TRUE;
}

void KeArmFault(ULONG Attempt, ULONG Acquisition)
{
    KeFaultArmed = FALSE;
    KiFault.Attempt = Attempt;
    KiFault.Acquisition = Acquisition;
    KiFault.Seen = 0;
    __atomic_store_n(&KeFaultArmed, TRUE, __ATOMIC_RELEASE);
}

ULONG KeDisarmFault(void)
{
    KeFaultArmed = FALSE;
    return KiFault.Seen;
}

static struct {
    ULONG Attempt;
    ULONG Event; /* from 1 */
    volatile ULONG Seen;
    PKDPC Dpc;
} KiEventPoint;

/* Whatever the recording thread holds: a DPC can be queued at any IRQL. */
void KiCountEvent(void)
{
    if (KeTraceCurrentAttempt() == KiEventPoint.Attempt &&
        InterlockedIncrement(&KiEventPoint.Seen) == KiEventPoint.Event) {
        (void)KeInsertQueueDpc(KiEventPoint.Dpc, NULL, NULL);
    }
}

static void KiWatchEvents(BOOLEAN On)
{
    for (ULONG i = 0; i < TraceEventCount; i++) {
        ULONG Others = KiTraceWatched[i] & ~KI_TRACE_POINT;

        __atomic_store_n(
            &KiTraceWatched[i], (UCHAR)(Others | (On ? KI_TRACE_POINT : 0)), __ATOMIC_RELEASE);
    }
}

void KeArmEventPoint(ULONG Attempt, ULONG Event, PKDPC Dpc)
{
    KiWatchEvents(FALSE);
    KiEventPoint.Attempt = Attempt;
    KiEventPoint.Event = Event;
    KiEventPoint.Dpc = Dpc;
    KiEventPoint.Seen = 0;
    InterlockedOr(&KeTraceResources, TRACE_RESOURCES_POINTS);
    KiWatchEvents(TRUE);
}

ULONG KeDisarmEventPoint(void)
{
    KiWatchEvents(FALSE);
    InterlockedAnd(&KeTraceResources, ~TRACE_RESOURCES_POINTS);
    return KiEventPoint.Seen;
}
