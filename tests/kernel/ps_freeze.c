/* SPDX-License-Identifier: MIT */
/*
 * Freezing: it has nothing to do with the counts of suspensions, holds all threads of
 * a process but the one that asks, and keeps none from being ended.
 */
#include "tests/kernel/ktprogram.h"

#define KT_SELF 18

START_TEST(ps_freeze_count, "freezing: a count of its own, beside that of suspensions")
{
    KT_SPINNER Spinner = {FALSE, 0};
    PETHREAD Thread = KtStartThread(KtSpinner, &Spinner);
    PKTHREAD Tcb = &Thread->Tcb;
    ULONG Previous = 9;

    ok(KeFreezeThread(Tcb), "it can be frozen");
    ok(KtAwaitState(Thread, Waiting), "on its processor the APC has parked it");
    ok(!KtIsTurning(&Spinner), "frozen it stands");
    ok_eq(KeResumeThread(Tcb), 0);
    ok(!KtIsTurning(&Spinner), "whatever is resumed");
    ok_status(KeSuspendThread(Tcb, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 0);
    ok_eq(KeResumeThread(Tcb), 1);
    ok(!KtIsTurning(&Spinner), "that was the suspension's end");
    ok_status(KeSuspendThread(Tcb, NULL), STATUS_SUCCESS);
    ok(KeFreezeThread(Tcb), "twice");
    KeThawThread(Tcb);
    KeThawThread(Tcb);
    ok(!KtIsTurning(&Spinner), "thawed it is still suspended");
    ok_eq(KeResumeThread(Tcb), 1);
    ok(KtBeginsToTurn(&Spinner), "now it runs");
    KeThawThread(Tcb);
    for (ULONG i = 0; i < 50; i++) { /* the APC and its undoing overtake each other */
        ok(KeFreezeThread(Tcb), "again");
        KeThawThread(Tcb);
    }
    ok(KtBeginsToTurn(&Spinner), "still running");
    ok(KeFreezeThread(Tcb), "once more");
    ok_status(KeSuspendThread(Tcb, NULL), STATUS_SUCCESS);
    KeForceResumeThread(Tcb);
    ok(Tcb->FreezeCount == 0 && Tcb->SuspendCount == 0, "both counts are forgotten");
    ok(KtBeginsToTurn(&Spinner), "forced, it runs");
    Spinner.Stop = TRUE;
    KtJoinThread(Thread);
}

START_TEST(ps_freeze_all, "freezing: all threads of the caller's process stand, but it runs")
{
    KT_SPINNER Spinners[3] = {{FALSE, 0}};
    PETHREAD Threads[ARRAYSIZE(Spinners)];

    for (ULONG i = 0; i < ARRAYSIZE(Spinners); i++) {
        Threads[i] = KtStartThread(KtSpinner, &Spinners[i]);
    }
    PsFreezeProcess(PsGetCurrentProcess());
    ok_eq(KeGetCurrentThread()->FreezeCount, 0);
    for (ULONG i = 0; i < ARRAYSIZE(Spinners); i++) {
        ok(KtAwaitState(Threads[i], Waiting), "it stands");
        ok_eq(Threads[i]->Tcb.WaitReason, Suspended);
        ok_eq(Threads[i]->Tcb.FreezeCount, 1);
    }
    PsThawProcess(PsGetCurrentProcess());
    for (ULONG i = 0; i < ARRAYSIZE(Spinners); i++) {
        ok_eq(Threads[i]->Tcb.FreezeCount, 0);
        ok(KtBeginsToTurn(&Spinners[i]), "it runs again");
        Spinners[i].Stop = TRUE;
        KtJoinThread(Threads[i]);
    }
}

/* The program has not run yet: this thread is more important, and has the processor. */
static PEPROCESS KtLaunchFrozen(void)
{
    PEPROCESS Process;
    PETHREAD Thread;

    if (!ok_status(PsLaunchProgram(KT_NULL_PROGRAM, L"null", &Process), STATUS_SUCCESS)) {
        return NULL;
    }
    PsFreezeProcess(Process);
    Thread = CONTAINING_RECORD(Process->ThreadListHead.Flink, ETHREAD, ThreadListEntry);
    ok(KtAwaitState(Thread, Waiting), "it stands");
    ok_eq(Thread->Tcb.WaitReason, Suspended);
    ok_status(KtWait(Process, 100), STATUS_TIMEOUT);
    return Process;
}

START_TEST(ps_freeze_program, "freezing: a program goes on when it is thawed, and ends if it must")
{
    PEPROCESS Process;

    KtUseOneProcessor();
    (void)KeSetPriorityThread(KeGetCurrentThread(), KT_SELF);
    Process = KtLaunchFrozen();
    if (Process != NULL) {
        PsThawProcess(Process);
        ok_status(KtWait(Process, KT_LONG), STATUS_SUCCESS);
        ok_status(Process->ExitStatus, STATUS_SUCCESS);
        ObDereferenceObject(Process);
    }
    Process = KtLaunchFrozen();
    if (Process != NULL) {
        KtEndProcess(Process, STATUS_ABANDONED);
        ok_status(Process->ExitStatus, STATUS_ABANDONED);
        PsThawProcess(Process);
        ObDereferenceObject(Process);
    }
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}
