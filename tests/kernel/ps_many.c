/* SPDX-License-Identifier: MIT */
/*
 * A hundred processes that live at the same time, also in 32 MiB (the suite "boot"
 * of tests/run.py), and what each costs; then as many as memory holds.
 */
#include "tests/kernel/ktprogram.h"

#define KT_SLEEPER   L"\\??\\C:\\programs\\sleeper.exe"
#define KT_PROCESSES 100
#define KT_MOST      4000 /* more than 64 MiB hold */
#define KT_TAG       POOL_TAG('K', 't', 'M', 'a')

static ULONG KtFreePages(void)
{
    static NASCENT_COUNTERS Counters;

    KtSnapshotCounters(&Counters);
    return Counters.FreePages;
}

/* Until each has run to where it sleeps. */
static void KtAwaitSleep(PEPROCESS Process)
{
    PETHREAD Thread = CONTAINING_RECORD(Process->ThreadListHead.Flink, ETHREAD, ThreadListEntry);

    ok(KtAwaitState(Thread, Waiting), "process %u sleeps", Process->Pcb.ProcessId);
}

START_TEST(ps_many, "100 processes at the same time")
{
    static PEPROCESS Processes[KT_PROCESSES];
    ULONG Before = KtFreePages();
    ULONG Count = 0;

    while (Count < KT_PROCESSES &&
           ok_status(PsLaunchProgram(KT_SLEEPER, KT_SLEEPER, &Processes[Count]), STATUS_SUCCESS)) {
        KtAwaitSleep(Processes[Count]);
        Count++;
    }
    KePrint("# %u processes, %u KiB each, %u KiB are still free\n", Count,
        (Before - KtFreePages()) * 4 / (Count != 0 ? Count : 1), KtFreePages() * 4);
    ok_eq(Count, KT_PROCESSES);
    while (Count != 0) {
        Count--;
        KtEndProcess(Processes[Count], STATUS_SUCCESS);
        ObDereferenceObject(Processes[Count]);
    }
}

/* What is left when there is no memory is enough to end them all. */
START_TEST(ps_exhausted, "processes until memory is exhausted, and then their end")
{
    PEPROCESS *Processes =
        ExAllocatePoolWithTag(NonPagedPool, KT_MOST * sizeof(*Processes), KT_TAG);
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Count = 0;

    KtRunTwice(); /* the tables of handles and ids keep their size */
    if (!ok(Processes != NULL, "memory for the list")) {
        return;
    }
    while (Count < KT_MOST && NT_SUCCESS(Status)) {
        Status = PsLaunchProgram(KT_SLEEPER, KT_SLEEPER, &Processes[Count]);
        Count += NT_SUCCESS(Status);
    }
    KePrint("# %u processes, then %s\n", Count, RtlNtStatusName(Status));
    while (Count != 0) {
        Count--;
        KtEndProcess(Processes[Count], STATUS_SUCCESS);
        ObDereferenceObject(Processes[Count]);
    }
    ExFreePoolWithTag(Processes, KT_TAG);
}
