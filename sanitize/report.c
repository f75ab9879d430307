/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a sanitizer's report: a bugcheck, whose stack shows the way that
 * led to it, or a count where a test asked for the report.  Needs nothing but the
 * console, so that it works from the first instruction to the last.
 */
#include "sanitize/sanitize.h"

static volatile LONG SanReporting; /* nested reports are about the printing */
static PKTHREAD SanExpectingThread;
static ULONG SanExpectedReports;

void SanExpectReports(void)
{
    SanExpectedReports = 0;
    SanExpectingThread = KeGetCurrentThread();
}

ULONG SanEndExpectation(void)
{
    SanExpectingThread = NULL;
    return SanExpectedReports;
}

BOOLEAN SanBeginReport(void)
{
    return InterlockedExchange(&SanReporting, 1) == 0;
}

void SanEndReport(ULONG_PTR Caller)
{
    if (SanExpectingThread == NULL || SanExpectingThread != KeGetCurrentThread()) {
        KeBugCheckEx(NASCENT_SANITIZER, Caller, 0, 0, 0);
    }
    SanExpectedReports++;
    InterlockedExchange(&SanReporting, 0);
}
