/* SPDX-License-Identifier: MIT */
/*
 * The event round trip between two processors, for bench.exe: `bench=pair`.
 *
 * Here time is the clock's, in nanoseconds, since instructions of two processors
 * cannot be counted in step.  So the figures differ from host to host, and what
 * says something is their ratio: P1 has both threads on the first processor, P2
 * one on each, with an interrupt between processors for every wake-up.
 */
#pragma once
#include "user/apps/benchcalls.h"

#define PAIR_ROUNDS 500u

static NTSTATUS BenchKeepTo(HANDLE Thread, KAFFINITY Processors)
{
    return NtSetInformationThread(
        Thread, ThreadAffinityMask, &Processors, sizeof(Processors));
}

static NTSTATUS BenchPairBatch(ULONG *Nanoseconds)
{
    LARGE_INTEGER Start, End, Frequency;
    NTSTATUS Status;

    QueryPerformanceFrequency(&Frequency);
    QueryPerformanceCounter(&Start);
    Status = BenchRoundTrip(PAIR_ROUNDS);
    QueryPerformanceCounter(&End);
    *Nanoseconds = (ULONG)((ULONGLONG)(End.QuadPart - Start.QuadPart) * 1000000 /
                           (ULONGLONG)Frequency.QuadPart * 1000 / PAIR_ROUNDS);
    return Status;
}

static NTSTATUS BenchPairRow(PCSTR Id, HANDLE Partner, KAFFINITY Processors)
{
    ULONG Values[BATCHES] = {0};
    NTSTATUS Status = BenchKeepTo(Partner, Processors);

    for (LONG Batch = -WARM_UP_BATCHES; NT_SUCCESS(Status) && Batch < BATCHES; Batch++) {
        Status = BenchPairBatch(&Values[Batch < 0 ? 0 : Batch]);
    }
    if (!NT_SUCCESS(Status)) {
        return BenchFail(Id, Status);
    }
    BenchSort(Values, BATCHES);
    BenchPrint("bench %s %lu %lu %lu\n", Id, Values[BATCHES / 2], Values[0], Values[BATCHES - 1]);
    return STATUS_SUCCESS;
}

/* The partner waits for its next request until the process ends. */
static NTSTATUS BenchRunPair(void)
{
    NTSTATUS Status = BenchMakeEvents(NULL, NULL);
    HANDLE Partner = NT_SUCCESS(Status) ? CreateThread(NULL, 0, BenchEcho, NULL, 0, NULL) : NULL;

    if (Partner == NULL) {
        return BenchFail("pair", RtlGetLastNtStatus());
    }
    Status = BenchKeepTo(NtCurrentThread(), 1);
    if (NT_SUCCESS(Status)) {
        Status = BenchPairRow("P1", Partner, 1);
    }
    if (NT_SUCCESS(Status)) {
        Status = BenchPairRow("P2", Partner, 2);
    }
    CloseHandle(Partner);
    return Status;
}
