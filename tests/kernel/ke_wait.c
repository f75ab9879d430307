/* SPDX-License-Identifier: MIT */
/*
 * Waits: for any, for all, with timeouts, and how alerts and APCs end them.
 */
#include "tests/kernel/kt.h"

static NTSTATUS KtWaitMany(
    ULONG Count, PVOID Objects[], WAIT_TYPE Type, ULONG Milliseconds, PKWAIT_BLOCK Blocks)
{
    LARGE_INTEGER Timeout = KtMilliseconds(Milliseconds);

    return KeWaitForMultipleObjects(
        Count, Objects, Type, Executive, KernelMode, FALSE, &Timeout, Blocks);
}

START_TEST(ke_wait_any, "waits for any: the first signalled counts, the rest is left alone")
{
    static KEVENT Events[MAXIMUM_WAIT_OBJECTS];
    static KWAIT_BLOCK Blocks[MAXIMUM_WAIT_OBJECTS];
    static PVOID Objects[MAXIMUM_WAIT_OBJECTS];
    LARGE_INTEGER LongAgo = {.QuadPart = 1};
    ULONG i;

    for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) {
        KeInitializeEvent(&Events[i], SynchronizationEvent, FALSE);
        Objects[i] = &Events[i];
    }
    ok_status(KtWaitMany(3, Objects, WaitAny, 0, NULL), STATUS_TIMEOUT);
    ok_status(KtWaitMany(3, Objects, WaitAny, 20, NULL), STATUS_TIMEOUT);
    KeSetEvent(&Events[2], 0, FALSE);
    KeSetEvent(&Events[1], 0, FALSE);
    ok_status(KtWaitMany(3, Objects, WaitAny, 0, NULL), (__force NTSTATUS)1);
    ok_eq(KeReadStateEvent(&Events[1]), 0);
    ok_eq(KeReadStateEvent(&Events[2]), 1);
    KeSetEvent(&Events[MAXIMUM_WAIT_OBJECTS - 1], 0, FALSE);
    KeClearEvent(&Events[2]);
    ok_status(KtWaitMany(MAXIMUM_WAIT_OBJECTS, Objects, WaitAny, 0, Blocks),
        (__force NTSTATUS)(MAXIMUM_WAIT_OBJECTS - 1));
    ok_status(KtWaitMany(MAXIMUM_WAIT_OBJECTS, Objects, WaitAny, 20, Blocks), STATUS_TIMEOUT);
    ok_status(KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, &LongAgo,
                  NULL), STATUS_TIMEOUT);
    for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) {
        ok(IsListEmpty(&Events[i].Header.WaitListHead), "no wait block is left at object %u", i);
    }
}

typedef struct _KT_WAIT_ALL {
    KEVENT Event;
    KSEMAPHORE Semaphore;
    KMUTANT Mutant;
    NTSTATUS Status;
} KT_WAIT_ALL;

static void KtWaitAllThread(PVOID Context)
{
    KT_WAIT_ALL *All = Context;
    PVOID Objects[] = {&All->Event, &All->Semaphore, &All->Mutant};

    All->Status = KtWaitMany(3, Objects, WaitAll, 5000, NULL);
    if (NT_SUCCESS(All->Status) && All->Status != STATUS_TIMEOUT) {
        ok(All->Mutant.OwnerThread == KeGetCurrentThread(), "the waiter owns the mutant");
        ok_status(KeReleaseMutant(&All->Mutant, 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    }
}

START_TEST(ke_wait_all, "waits for all: nothing is consumed until everything is signalled")
{
    KT_WAIT_ALL All = {.Status = STATUS_PENDING};
    PETHREAD Thread;

    KeInitializeEvent(&All.Event, SynchronizationEvent, FALSE);
    KeInitializeSemaphore(&All.Semaphore, 0, 5);
    KeInitializeMutant(&All.Mutant, TRUE);
    Thread = KtStartThread(KtWaitAllThread, &All);
    ok(KtAwaitState(Thread, Waiting), "the waiter blocks");

    KeSetEvent(&All.Event, 0, FALSE);
    ok_eq(KeReadStateEvent(&All.Event), 1);
    ok_status(KeReleaseSemaphore(&All.Semaphore, 0, 2, FALSE, NULL), STATUS_SUCCESS);
    ok_eq(All.Semaphore.Header.SignalState, 2);
    ok_eq(Thread->Tcb.State, Waiting);
    KeResetEvent(&All.Event);
    ok_status(KeReleaseMutant(&All.Mutant, 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    ok_eq(Thread->Tcb.State, Waiting);
    KeSetEvent(&All.Event, 0, FALSE);
    KtJoinThread(Thread);
    ok_status(All.Status, STATUS_SUCCESS);
    ok_eq(KeReadStateEvent(&All.Event), 0);
    ok_eq(All.Semaphore.Header.SignalState, 1);
    ok_eq(All.Mutant.Header.SignalState, 1);
}

START_TEST(ke_wait_all_abandoned, "waits for all: an abandoned mutant shows in the status")
{
    KT_WAIT_ALL All = {.Status = STATUS_PENDING};
    KMUTANT Mutant;
    KEVENT Event;
    PVOID Objects[] = {&Event, &Mutant};
    PETHREAD Thread;

    KeInitializeEvent(&Event, NotificationEvent, TRUE);
    KeInitializeMutant(&Mutant, TRUE);
    ok_status(KeReleaseMutant(&Mutant, 0, TRUE, FALSE, NULL), STATUS_SUCCESS);
    ok_status(KtWaitMany(2, Objects, WaitAll, 0, NULL), STATUS_ABANDONED_WAIT_0);
    ok_status(KeReleaseMutant(&Mutant, 0, TRUE, FALSE, NULL), STATUS_SUCCESS);
    Objects[0] = &Mutant;
    Objects[1] = &Event;
    ok_status(KtWaitMany(2, Objects, WaitAny, 0, NULL), STATUS_ABANDONED_WAIT_0);
    ok_status(KeReleaseMutant(&Mutant, 0, FALSE, FALSE, NULL), STATUS_SUCCESS);

    KeInitializeEvent(&All.Event, SynchronizationEvent, FALSE);
    KeInitializeSemaphore(&All.Semaphore, 1, 5);
    KeInitializeMutant(&All.Mutant, TRUE);
    Thread = KtStartThread(KtWaitAllThread, &All);
    ok(KtAwaitState(Thread, Waiting), "the waiter blocks");
    ok_status(KeReleaseMutant(&All.Mutant, 0, TRUE, FALSE, NULL), STATUS_SUCCESS);
    KeSetEvent(&All.Event, 0, FALSE);
    KtJoinThread(Thread);
    ok_status(All.Status, STATUS_ABANDONED_WAIT_0);
}

START_TEST(ke_wait_timeout, "timeouts: relative, absolute, past, and never shorter than asked")
{
    KEVENT Event;
    LARGE_INTEGER Timeout;
    ULONGLONG Start;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Start = KeQueryInterruptTime();
    ok_status(KtWait(&Event, 30), STATUS_TIMEOUT);
    ok(KeQueryInterruptTime() - Start >= 300000, "a wait of 30 ms took %u us",
        (ULONG)(KeQueryInterruptTime() - Start) / 10);
    KeQuerySystemTime(&Timeout);
    Timeout.QuadPart += 300000;
    Start = KeQueryInterruptTime();
    ok_status(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Timeout),
        STATUS_TIMEOUT);
    ok(KeQueryInterruptTime() - Start >= 200000, "an absolute wait took %u us",
        (ULONG)(KeQueryInterruptTime() - Start) / 10);
    Timeout.QuadPart = 1; /* the year 1601 */
    ok_status(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Timeout),
        STATUS_TIMEOUT);
    ok(IsListEmpty(&Event.Header.WaitListHead), "no wait block is left");
    Timeout.QuadPart = 0;
    (void)KeRaiseIrqlTo(DISPATCH_LEVEL); /* without blocking, a wait may be made here */
    ok_status(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Timeout),
        STATUS_TIMEOUT);
    KeLowerIrql(PASSIVE_LEVEL);
}

START_TEST(ke_set_event_wait, "KeSetEvent with Wait: nothing comes between the two")
{
    KEVENT Event;

    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeSetEvent(&Event, 0, TRUE);
    ok_eq(KeGetCurrentIrql(), DISPATCH_LEVEL);
    ok_status(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    ok_eq(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeInitializeEvent(&Event, NotificationEvent, TRUE); /* set already: otherwise a short way */
    ok_eq(KeSetEvent(&Event, 0, TRUE), 1);
    ok_eq(KeGetCurrentIrql(), DISPATCH_LEVEL);
    ok_status(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    ok_eq(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void KtAlertableWaiter(PVOID Context)
{
    NTSTATUS *Status = Context;
    LARGE_INTEGER Interval = KtMilliseconds(5000);

    Status[0] = KeDelayExecutionThread(UserMode, TRUE, &Interval);
    Status[1] = KeDelayExecutionThread(UserMode, TRUE, &Interval);
}

START_TEST(ke_alert, "alerts: end an alertable wait, or wait for the next one")
{
    NTSTATUS Status[2] = {STATUS_PENDING, STATUS_PENDING};
    LARGE_INTEGER Interval = KtMilliseconds(20);
    PETHREAD Thread = KtStartThread(KtAlertableWaiter, Status);

    ok(KtAwaitState(Thread, Waiting), "the waiter blocks");
    ok_eq(KeAlertThread(&Thread->Tcb, UserMode), FALSE);
    ok(KtAwaitState(Thread, Waiting), "the waiter waits again");
    ok_eq(KeAlertThread(&Thread->Tcb, KernelMode), FALSE); /* reaches user-mode waits too */
    KtJoinThread(Thread);
    ok_status(Status[0], STATUS_ALERTED);
    ok_status(Status[1], STATUS_ALERTED);

    ok_eq(KeAlertThread(KeGetCurrentThread(), KernelMode), FALSE);
    ok_eq(KeAlertThread(KeGetCurrentThread(), KernelMode), TRUE);
    ok_status(KeDelayExecutionThread(KernelMode, FALSE, &Interval), STATUS_SUCCESS);
    ok_status(KeDelayExecutionThread(KernelMode, TRUE, &Interval), STATUS_ALERTED);
    ok_status(KeDelayExecutionThread(KernelMode, TRUE, &Interval), STATUS_SUCCESS);
    ok_eq(KeTestAlertThread(KernelMode), FALSE);
}

static void KtKernelWaiter(PVOID Context)
{
    LARGE_INTEGER Interval = KtMilliseconds(KT_LONG);

    *(NTSTATUS *)Context = KeDelayExecutionThread(KernelMode, TRUE, &Interval);
}

START_TEST(ke_alert_kernel, "alerts: those for user mode do not end a wait of the kernel's")
{
    NTSTATUS Status = STATUS_PENDING;
    PETHREAD Thread = KtStartThread(KtKernelWaiter, &Status);

    ok(KtAwaitState(Thread, Waiting), "the waiter blocks");
    ok_eq(KeAlertThread(&Thread->Tcb, UserMode), FALSE);
    ok_eq(KeAlertThread(&Thread->Tcb, UserMode), TRUE);
    ok_eq(Thread->Tcb.State, Waiting);
    ok_eq(KeAlertThread(&Thread->Tcb, KernelMode), FALSE);
    ok_status(KtWait(Thread, KT_LONG), STATUS_SUCCESS);
    ok_status(Status, STATUS_ALERTED);
    ok_eq(Thread->Tcb.Alerted[UserMode], TRUE);
    KtJoinThread(Thread);
}
