/* SPDX-License-Identifier: MIT */
/*
 * The system-service tables and the service by which user mode reports its own
 * steps to the trace.  Table 0 is filled by ExInitSystem, which knows the
 * services; table 1 would be win32k's and stays empty.
 */
#include "ke/ki.h"
#include "nt/native.h"

KSERVICE_TABLE_DESCRIPTOR KeServiceDescriptorTable[2];

/* syscall.S tests it; set with trace=full. */
BOOLEAN KiTraceServices;
KSERVICE_TABLE_DESCRIPTOR KiTracedServices[2];

void KiTraceSystemCall(ULONG Number, ULONG_PTR Arguments)
{
    KeTrace(TraceSystemCall, Number, Arguments);
}

/* Kinds as in trace_events.def: may user mode report it? */
static BOOLEAN KiIsUserEvent(ULONG Event)
{
#define SUMMARY      FALSE
#define STEP         FALSE
#define ACQ          FALSE
#define REL          FALSE
#define USER_SUMMARY TRUE
#define USER_STEP    TRUE
    static const BOOLEAN FromUser[] = {
#define TRACE_EVENT(Id, Phase, Kind, Name, Fields) Kind,
#include "trace_events.def"
#undef TRACE_EVENT
    };
#undef SUMMARY
#undef STEP
#undef ACQ
#undef REL
#undef USER_SUMMARY
#undef USER_STEP

    return Event < ARRAYSIZE(FromUser) && FromUser[Event];
}

/*
 * Image names and the like end on a terminal.  Returns the length up to the end of
 * the second string, if there is one; what follows it is not looked at.
 */
static ULONG KiSanitizeText(PCHAR Text)
{
    ULONG Strings = 0;
    ULONG i;

    for (i = 0; i < TRACE_MAX_TEXT - 1 && Strings < 2; i++) {
        if (Text[i] == 0) {
            Strings++;
        } else if (Text[i] < 0x20 || Text[i] > 0x7E) {
            Text[i] = '?';
        }
    }
    if (Strings < 2) {
        Text[i++] = 0;
    }
    return Text[i - 2] == 0 ? i - 1 : i;
}

/*
 * NtTraceEvent - user mode's half of the trace (inc/nt/trace.h).
 *
 * Flags is the event, one of the USER kinds.  TraceCreateBegin begins a new
 * creation attempt, whose number all later records of the thread carry.
 */
NTSTATUS NTAPI NtTraceEvent(HANDLE TraceHandle, ULONG Flags, ULONG FieldSize, void __user *Fields)
{
    NT_TRACE_FIELDS Captured;
    ULONG TextLength;

    UNREFERENCED_PARAMETER(TraceHandle);
    if (!KiIsUserEvent(Flags) || FieldSize != sizeof(Captured)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!KiReadUser(&Captured, Fields, sizeof(Captured))) {
        return STATUS_ACCESS_VIOLATION;
    }
    if (Captured.ArgumentCount > TRACE_MAX_ARGUMENTS) {
        return STATUS_INVALID_PARAMETER;
    }
    TextLength = KiSanitizeText(Captured.Text);
    if (Flags == TraceCreateBegin) {
        (void)KeTraceBeginAttempt();
    }
    KeTraceRecord((TRACE_EVENT_ID)Flags, Captured.ArgumentCount, Captured.Arguments,
        Captured.Text, TextLength);
    return STATUS_SUCCESS;
}
