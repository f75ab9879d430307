/* SPDX-License-Identifier: MIT */
/*
 * What every test program prints with: KTAP, indented by four spaces because the
 * kernel's suite runs the program as one of its tests.
 *
 * Lines go out by NtDisplayString, so native programs can use it, too.  The
 * program's exit status is what KtapEnd returns: the number of checks in the high
 * word, of failures in the low one, so that one which ends early does not pass.
 */
#pragma once
#include "user/ntdll/ntdll.h"

static ULONG KtapChecks;
static ULONG KtapFailures;

static inline void KtapPrintV(PCSTR Format, va_list Arguments) _Printf_(1, 0);
static inline void KtapPrint(PCSTR Format, ...) _Printf_(1, 2);
static inline BOOLEAN KtapCheck(BOOLEAN Passed, PCSTR Format, ...) _Printf_(2, 3);

static inline void KtapPrintV(PCSTR Format, va_list Arguments)
{
    static CHAR Narrow[256];
    static WCHAR Wide[256];
    UNICODE_STRING Line = {.MaximumLength = sizeof(Wide), .Buffer = Wide};
    ULONG Bytes;

    (void)RtlStringFormatV(Narrow, sizeof(Narrow), Format, Arguments);
    (void)RtlMultiByteToUnicodeN(Wide, sizeof(Wide), &Bytes, Narrow, strlen(Narrow));
    Line.Length = (USHORT)Bytes;
    (void)NtDisplayString(&Line);
}

static inline void KtapPrint(PCSTR Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    KtapPrintV(Format, Arguments);
    va_end(Arguments);
}

/* One result; returns Passed. */
static inline BOOLEAN KtapCheck(BOOLEAN Passed, PCSTR Format, ...)
{
    CHAR Name[128];
    va_list Arguments;

    va_start(Arguments, Format);
    (void)RtlStringFormatV(Name, sizeof(Name), Format, Arguments);
    va_end(Arguments);
    KtapFailures += !Passed;
    KtapPrint("    %sok %lu - %s\n", Passed ? "" : "not ", ++KtapChecks, Name);
    return Passed;
}

static inline BOOLEAN KtapEqual(ULONG_PTR Actual, ULONG_PTR Expected, PCSTR Name)
{
    BOOLEAN Passed = KtapCheck(Actual == Expected, "%s", Name);

    if (!Passed) {
        KtapPrint("    # got %08lx, expected %08lx\n", (ULONG)Actual, (ULONG)Expected);
    }
    return Passed;
}

static inline BOOLEAN KtapStatus(NTSTATUS Actual, NTSTATUS Expected, PCSTR Name)
{
    BOOLEAN Passed = KtapCheck(Actual == Expected, "%s: %s", Name, RtlNtStatusName(Expected));

    if (!Passed) {
        KtapPrint("    # got %s (%08lx)\n", RtlNtStatusName(Actual), (ULONG)Actual);
    }
    return Passed;
}

/* The plan comes last, as TAP allows: the number is known then. */
static inline NTSTATUS KtapEnd(void)
{
    KtapPrint("    1..%lu\n", KtapChecks);
    return (NTSTATUS)(KtapChecks << 16 | KtapFailures);
}

/*
 * The handles of this process.  Not those of all: who launched it, or a process that
 * has just ended, may be closing some of its own on another processor.
 */
static inline ULONG KtapHandles(void)
{
    ULONG Count = 0;

    (void)NtQueryInformationProcess(
        NtCurrentProcess(), ProcessHandleCount, &Count, sizeof(Count), NULL);
    return Count;
}

/* Free pages, handles and so on, for comparisons before and after. */
static inline const NASCENT_COUNTERS *KtapCounters(void)
{
    static NASCENT_COUNTERS Counters;

    (void)NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)SystemNascentCounters, &Counters,
        sizeof(Counters), NULL);
    return &Counters;
}
