/* SPDX-License-Identifier: MIT */
/*
 * Measuring, for bench.exe.
 *
 * Time is the TSC, which under QEMU's instruction counting is the number of
 * guest instructions.  A series is two warm-up batches and eleven that count;
 * a batch is as many operations as make a million instructions.  A series in
 * which the machine was idle is worth nothing, since idle time counts too, and
 * is reported as a failure.
 */
#pragma once
#include "user/apps/rawcall.h"

#define BATCHES         11
#define WARM_UP_BATCHES 2
#define BATCH_LENGTH    1000000u /* instructions */
#define BENCH_WAS_IDLE  STATUS_UNSUCCESSFUL

/* Does the operation Count times. */
typedef NTSTATUS (*BENCH_OPERATION)(ULONG Count);

typedef struct _BENCH_RESULT {
    ULONG Median;
    ULONG Minimum;
    ULONG Maximum;
} BENCH_RESULT;

static NASCENT_COUNTERS BenchCounters;

/* ---- Output ---- */

static void BenchPrint(PCSTR Format, ...) _Printf_(1, 2);
static void BenchPrint(PCSTR Format, ...)
{
    CHAR Line[128];
    DWORD Written;
    va_list Arguments;

    va_start(Arguments, Format);
    (void)RtlStringFormatV(Line, sizeof(Line), Format, Arguments);
    va_end(Arguments);
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), Line, (DWORD)strlen(Line), &Written, NULL);
}

static NTSTATUS BenchFail(PCSTR Id, NTSTATUS Status)
{
    BenchPrint("bench %s failed: %s\n", Id,
        Status == BENCH_WAS_IDLE ? "the machine was idle during the series"
                                 : RtlNtStatusName(Status));
    return Status;
}

/* ---- Measuring ---- */

static inline ULONG BenchClock(void)
{
    ULONG Low;
    ULONG High;

    __asm__ volatile("rdtsc" : "=a"(Low), "=d"(High)::"memory");
    return Low; /* no batch is longer than 4 G instructions */
}

static const NASCENT_COUNTERS *BenchReadCounters(void)
{
    (void)NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)SystemNascentCounters,
        &BenchCounters, sizeof(BenchCounters), NULL);
    return &BenchCounters;
}

static void BenchSort(ULONG *Values, ULONG Count)
{
    for (ULONG Index = 1; Index < Count; Index++) {
        ULONG Value = Values[Index];
        ULONG Place = Index;

        for (; Place > 0 && Values[Place - 1] > Value; Place--) {
            Values[Place] = Values[Place - 1];
        }
        Values[Place] = Value;
    }
}

static NTSTATUS BenchBatch(BENCH_OPERATION Operation, ULONG Count, ULONG *PerOperation)
{
    ULONG Start = BenchClock();
    NTSTATUS Status = Operation(Count);

    *PerOperation = (BenchClock() - Start + Count / 2) / Count;
    return Status;
}

/* How many operations make a batch: a first few say what one costs. */
static NTSTATUS BenchCalibrate(BENCH_OPERATION Operation, ULONG *Count)
{
    ULONG Cost = 0;
    NTSTATUS Status = BenchBatch(Operation, 1, &Cost); /* the first is not typical */

    if (NT_SUCCESS(Status)) {
        Status = BenchBatch(Operation, 4, &Cost);
    }
    *Count = BATCH_LENGTH / (Cost != 0 ? Cost : 1) + 1;
    return Status;
}

static NTSTATUS BenchMeasure(BENCH_OPERATION Operation, BENCH_RESULT *Result)
{
    ULONG Values[BATCHES];
    ULONG Count;
    ULONG IdleTicks = 0;
    NTSTATUS Status = BenchCalibrate(Operation, &Count);

    for (LONG Batch = -WARM_UP_BATCHES; NT_SUCCESS(Status) && Batch < BATCHES; Batch++) {
        if (Batch == 0) {
            IdleTicks = BenchReadCounters()->IdleTicks;
        }
        Status = BenchBatch(Operation, Count, &Values[Batch < 0 ? 0 : Batch]);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (BenchReadCounters()->IdleTicks != IdleTicks) {
        return BENCH_WAS_IDLE;
    }
    BenchSort(Values, BATCHES);
    Result->Median = Values[BATCHES / 2];
    Result->Minimum = Values[0];
    Result->Maximum = Values[BATCHES - 1];
    return STATUS_SUCCESS;
}

static NTSTATUS BenchRow(PCSTR Id, BENCH_OPERATION Operation)
{
    BENCH_RESULT Result;
    NTSTATUS Status = BenchMeasure(Operation, &Result);

    if (!NT_SUCCESS(Status)) {
        return BenchFail(Id, Status);
    }
    BenchPrint(
        "bench %s %lu %lu %lu\n", Id, Result.Median, Result.Minimum, Result.Maximum);
    return STATUS_SUCCESS;
}
