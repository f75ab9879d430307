/* SPDX-License-Identifier: MIT */
/*
 * The trace of one life: the steps of creation and exit happen, in NT's order, and
 * what was acquired on the way is released.
 */
#include "tests/kernel/ktprogram.h"

/* Every step of a native program's life but the user-mode ones of phase 4. */
static const USHORT KtLife[] = {
    TracePspCreateBegin, TracePspObject, TracePspSection, TraceMmAddressSpace, TraceKeProcess,
    TraceSeToken, TraceObTable, TraceMmImageMapped, TracePspSystemDll, TracePspCid, TraceMmPeb,
    TracePspInserted, TracePspAccess, TracePhase2,
    TracePspThreadBegin, TracePspThreadObject, TracePspThreadCid, TraceMmTeb, TraceKeThread,
    TraceKeContext, TracePspThreadInserted, TracePspProcessNotify, TracePspThreadNotify,
    TracePhase3,
    TraceKiStartup, TracePspStartup, TracePspUserApc, TracePhase5,
    TraceLdrBegin, TraceLdrHeap, TracePhase6,
    TracePspTerminate, TracePspExitBegin, TracePspClientDied, TraceMmTebGone, TracePspExitTable,
    TraceMmCleaned, TracePhase7, TracePspReaped, TracePspThreadDeleted, TracePspProcessDeleted,
};

/* The next event at or after *Sequence; FALSE at the end. */
static BOOLEAN KtNextEvent(PULONG Sequence, ULONG End, TRACE_RECORD Records[16])
{
    ULONG Count;

    while (*Sequence != End) {
        if (KeTraceRead(*Sequence, Records, 16, &Count)) {
            *Sequence += Count;
            return TRUE;
        }
        (*Sequence)++;
    }
    return FALSE;
}

/* Runs a program and returns the numbers of the records made meanwhile. */
static void KtTraceLife(PULONG First, PULONG End)
{
    NTSTATUS ExitStatus = STATUS_PENDING;

    *First = KeTraceSequence();
    ok_status(KtRunProgram(KT_NULL_PROGRAM, L"null", &ExitStatus), STATUS_SUCCESS);
    PsDrainReaper();
    *End = KeTraceSequence();
}

START_TEST(ps_event_order, "creation and exit emit the right events in the right order")
{
    TRACE_RECORD Records[16];
    ULONG Sequence, End;
    ULONG Reached = 0;

    KtTraceLife(&Sequence, &End);
    while (Reached < ARRAYSIZE(KtLife) && KtNextEvent(&Sequence, End, Records)) {
        if (Records[0].Event == KtLife[Reached]) {
            Reached++;
        }
    }
    ok(Reached == ARRAYSIZE(KtLife), "step %u of %u, event %u, did not come in its place",
        Reached + 1, (ULONG)ARRAYSIZE(KtLife),
        Reached < ARRAYSIZE(KtLife) ? KtLife[Reached] : 0u);
}

START_TEST(ps_event_once, "each phase is reported once")
{
    static const USHORT Phases[] = {
        TracePhase2, TracePhase3, TracePhase5, TracePhase6, TracePhase7};
    ULONG Seen[ARRAYSIZE(Phases)] = {0};
    TRACE_RECORD Records[16];
    ULONG Sequence, End;

    KtTraceLife(&Sequence, &End);
    while (KtNextEvent(&Sequence, End, Records)) {
        for (ULONG i = 0; i < ARRAYSIZE(Phases); i++) {
            Seen[i] += Records[0].Event == Phases[i];
        }
    }
    for (ULONG i = 0; i < ARRAYSIZE(Phases); i++) {
        ok_eq(Seen[i], 1);
    }
}

/* Sums acquisitions less releases by kind, and a hash of what they were about. */
typedef struct _KT_BALANCE {
    LONG Count[TraceResourceCount];
    ULONG Sum[TraceResourceCount]; /* of ids: equal multisets have equal sums */
    ULONG Acquisitions;
} KT_BALANCE;

static void KtBalance(const TRACE_RECORD *Record, KT_BALANCE *Balance)
{
    ULONG Resource = Record->Arguments[0];
    ULONG Id = Record->Arguments[1];

    if (Resource >= TraceResourceCount) {
        return;
    }
    if (Record->Event == TraceAcquired) {
        Balance->Count[Resource]++;
        Balance->Sum[Resource] += Id * 2654435761u;
        Balance->Acquisitions++;
    } else if (Record->Event == TraceReleased) {
        Balance->Count[Resource]--;
        Balance->Sum[Resource] -= Id * 2654435761u;
    }
}

START_TEST(ps_event_balance, "what one life acquires is what it releases")
{
    KT_BALANCE Balance = {0};
    TRACE_RECORD Records[16];
    ULONG Sequence, End;

    KtTraceLife(&Sequence, &End); /* caches the image */
    InterlockedOr(&KeTraceResources, TRACE_RESOURCES_TEST);
    KtTraceLife(&Sequence, &End);
    InterlockedAnd(&KeTraceResources, ~TRACE_RESOURCES_TEST);
    while (KtNextEvent(&Sequence, End, Records)) {
        KtBalance(&Records[0], &Balance);
    }
    ok(Balance.Acquisitions > 50, "a life acquires much: %u", Balance.Acquisitions);
    for (ULONG i = 0; i < TraceResourceCount; i++) {
        ok_eq(Balance.Count[i], 0);
        ok_eq(Balance.Sum[i], 0);
    }
}
