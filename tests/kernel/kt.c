/* SPDX-License-Identifier: MIT */
/*
 * Running the in-kernel tests and printing their results as KTAP, the kernel's
 * dialect of the Test Anything Protocol: a plan, one line a test, diagnostics as
 * comments before it.  See kt.h.
 */
#include "tests/kernel/kt.h"
#include "boot.h"

#define KT_TEST_SECONDS 240 /* a test that checks nothing for so long hangs */

extern const KT_TEST KiTestsStart[], KiTestsEnd[];

/* Of the running test; its helper threads count too. */
static volatile LONG KtFailures;
static volatile LONG KtChecks;
static PCSTR KtSkipReason;
static BOOLEAN KtTwice;
static volatile LONG KtSteps; /* by which a long test shows that it goes on */

static void KtReport(PCSTR File, int Line)
{
    InterlockedIncrement(&KtFailures);
    KePrint("# %s:%d: ", File, Line);
}

BOOLEAN KtCheck(BOOLEAN Condition, PCSTR File, int Line, PCSTR Format, ...)
{
    CHAR Text[160];
    va_list Arguments;

    InterlockedIncrement(&KtChecks);
    if (!Condition) {
        va_start(Arguments, Format);
        (void)RtlStringFormatV(Text, sizeof(Text), Format, Arguments);
        va_end(Arguments);
        KtReport(File, Line);
        KePrint("%s\n", Text);
    }
    return Condition;
}

BOOLEAN KtCheckStatus(NTSTATUS Actual, NTSTATUS Expected, PCSTR File, int Line, PCSTR Text)
{
    InterlockedIncrement(&KtChecks);
    if (Actual != Expected) {
        KtReport(File, Line);
        KePrint("%s: %s (%08x), expected %s (%08x)\n", Text, RtlNtStatusName(Actual),
            (__force ULONG)Actual, RtlNtStatusName(Expected), (__force ULONG)Expected);
    }
    return Actual == Expected;
}

BOOLEAN KtCheckValue(LONG Actual, LONG Expected, PCSTR File, int Line, PCSTR Text)
{
    InterlockedIncrement(&KtChecks);
    if (Actual != Expected) {
        KtReport(File, Line);
        KePrint("%s: %d, expected %d\n", Text, Actual, Expected);
    }
    return Actual == Expected;
}

void KtSkip(PCSTR Reason)
{
    KtSkipReason = Reason;
}

void KtProgress(void)
{
    InterlockedIncrement(&KtSteps);
}

void KtRunTwice(void)
{
    KtTwice = TRUE;
}

/* '*' stands for any text, '?' for one character. */
static BOOLEAN KtMatches(PCSTR Pattern, PCSTR Name)
{
    for (; *Pattern != 0; Pattern++, Name++) {
        if (*Pattern == '*') {
            do {
                if (KtMatches(Pattern + 1, Name)) {
                    return TRUE;
                }
            } while (*Name++ != 0);
            return FALSE;
        }
        if (*Name == 0 || (*Pattern != '?' && *Pattern != *Name)) {
            return FALSE;
        }
    }
    return *Name == 0;
}

/* A test's thread must end as it began: at PASSIVE_LEVEL and holding nothing. */
static void KtTestThread(PVOID Context)
{
    const KT_TEST *Test = Context;

    Test->Routine();
    ok(KeGetCurrentIrql() == PASSIVE_LEVEL, "the test ends at IRQL %u", KeGetCurrentIrql());
    ok(!KeAreApcsDisabled(), "the test ends with APCs disabled or a mutex held");
    ok(!KeIsAttachedProcess(), "the test ends attached to a process");
}

/* FALSE: the test hangs, and with it the suite. */
static BOOLEAN KtRunInThread(const KT_TEST *Test)
{
    PETHREAD Thread = KtStartThread(KtTestThread, (PVOID)Test);
    NTSTATUS Status;
    LONG Done;

    if (Thread == NULL) {
        return ok(FALSE, "no thread for the test");
    }
    do {
        Done = KtChecks + KtSteps;
        Status = KtWait(Thread, KT_TEST_SECONDS * 1000);
    } while (Status != STATUS_SUCCESS && Done != KtChecks + KtSteps);
    ok(Status == STATUS_SUCCESS, "the test has done nothing for %u seconds", KT_TEST_SECONDS);
    ObDereferenceObject(Thread);
    return Status == STATUS_SUCCESS;
}

/* Prints a test's line; FALSE: do not go on. */
static BOOLEAN KtRunTest(const KT_TEST *Test, ULONG Number)
{
    static NASCENT_COUNTERS Before, After; /* too large for a kernel stack */
    BOOLEAN Ended;

    KtFailures = 0;
    KtChecks = 0;
    KtSkipReason = NULL;
    KtTwice = FALSE;
    KtSnapshotCounters(&Before);
    Ended = KtRunInThread(Test);
    if (Ended && KtTwice) {
        KtSnapshotCounters(&Before);
        Ended = KtRunInThread(Test);
    }
    (void)KeSetAffinityProcess(&PsInitialSystemProcess->Pcb, KeActiveProcessors);
    if (Ended) {
        KtSnapshotCounters(&After);
        if (!KtCompareCounters(&Before, &After)) {
            InterlockedIncrement(&KtFailures);
        }
    }
    if (KtFailures == 0 && KtChecks == 0 && KtSkipReason == NULL) {
        ok(FALSE, "%s checks nothing", Test->Name);
    }
    KePrint("%sok %u - %s%s%s\n", KtFailures != 0 ? "not " : "", Number, Test->Name,
        KtSkipReason != NULL ? " # SKIP " : "", KtSkipReason != NULL ? KtSkipReason : "");
    return Ended;
}

BOOLEAN KtRunTests(PCSTR Pattern)
{
    const KT_TEST *Test;
    ULONG Selected = 0;
    ULONG Number = 0;
    ULONG Failed = 0;

    for (Test = KiTestsStart; Test < KiTestsEnd; Test++) {
        Selected += KtMatches(Pattern, Test->Name);
    }
    KePrint("KTAP version 1\n1..%u\n", Selected);
    for (Test = KiTestsStart; Test < KiTestsEnd; Test++) {
        if (!KtMatches(Pattern, Test->Name)) {
            continue;
        }
        KePrint("# %s: %s (%s)\n", Test->Name, Test->Description, Test->File);
        if (!KtRunTest(Test, ++Number)) {
            KePrint("Bail out! %s hangs\n", Test->Name);
            return FALSE;
        }
        Failed += KtFailures != 0;
    }
    KePrint("# %u passed, %u failed\n", Number - Failed, Failed);
    return Selected != 0 && Failed == 0;
}
