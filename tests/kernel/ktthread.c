/* SPDX-License-Identifier: MIT */
/*
 * What tests need of threads and time.
 */
#include "tests/kernel/kt.h"

PETHREAD KtStartThread(PKSTART_ROUTINE Routine, PVOID Context)
{
    PETHREAD Thread;
    NTSTATUS Status = PsCreateSystemThread(Routine, Context, &Thread);

    return ok_status(Status, STATUS_SUCCESS) ? Thread : NULL;
}

void KtJoinThread(PETHREAD Thread)
{
    if (Thread != NULL) {
        ok_status(KtWait(Thread, KT_LONG), STATUS_SUCCESS);
        ObDereferenceObject(Thread);
    }
}

BOOLEAN KtAwaitState(PETHREAD Thread, KTHREAD_STATE State)
{
    for (ULONG i = 0; i < KT_LONG / 10 && Thread->Tcb.State != State; i++) {
        KtSleep(10);
    }
    return Thread->Tcb.State == State;
}

void KtSpinner(PVOID Context)
{
    KT_SPINNER *Spinner = Context;

    while (!Spinner->Stop) {
        Spinner->Turns++;
    }
}

BOOLEAN KtIsTurning(KT_SPINNER *Spinner)
{
    ULONG Turns = Spinner->Turns;

    KtSleep(60);
    return Spinner->Turns != Turns;
}

/* Its processor may be one that the host has not let run for a while. */
BOOLEAN KtBeginsToTurn(KT_SPINNER *Spinner)
{
    ULONG Turns = Spinner->Turns;

    for (ULONG i = 0; i < KT_LONG / 10 && Spinner->Turns == Turns; i++) {
        KtSleep(10);
    }
    return Spinner->Turns != Turns;
}

void KtUseOneProcessor(void)
{
    (void)KeSetAffinityProcess(&PsInitialSystemProcess->Pcb, 1);
}

LARGE_INTEGER KtMilliseconds(ULONG Milliseconds)
{
    return (LARGE_INTEGER){.QuadPart = -10000ll * Milliseconds};
}

void KtSleep(ULONG Milliseconds)
{
    LARGE_INTEGER Interval = KtMilliseconds(Milliseconds);

    (void)KeDelayExecutionThread(KernelMode, FALSE, &Interval);
}

NTSTATUS KtWait(PVOID Object, ULONG Milliseconds)
{
    LARGE_INTEGER Timeout = KtMilliseconds(Milliseconds);

    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &Timeout);
}
