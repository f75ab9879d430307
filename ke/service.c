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

/* Image names and the like end on a terminal. */
static void KiSanitizeText(PCHAR Text, ULONG Length)
{
    ULONG i;

    for (i = 0; i < Length; i++) {
        if (Text[i] != 0 && (Text[i] < 0x20 || Text[i] > 0x7E)) {
            Text[i] = '?';
        }
    }
    Text[Length - 1] = 0;
}

/* Up to the end of the second string, if there is one. */
static ULONG KiTextLength(PCSTR Text)
{
    ULONG First = (ULONG)strnlen(Text, TRACE_MAX_TEXT - 1) + 1;

    if (First >= TRACE_MAX_TEXT || Text[First] == 0) {
        return First;
    }
    return First + (ULONG)strnlen(Text + First, TRACE_MAX_TEXT - 1 - First) + 1;
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
    KiSanitizeText(Captured.Text, TRACE_MAX_TEXT);
    if (Flags == TraceCreateBegin) {
        (void)KeTraceBeginAttempt();
    }
    KeTraceRecord((TRACE_EVENT_ID)Flags, Captured.ArgumentCount, Captured.Arguments,
        Captured.Text, KiTextLength(Captured.Text));
    return STATUS_SUCCESS;
}
