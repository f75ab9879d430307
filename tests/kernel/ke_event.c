/* SPDX-License-Identifier: MIT */
/*
 * Events, semaphores and mutants: what each call and each satisfied wait does to
 * the object.
 */
#include "tests/kernel/kt.h"

START_TEST(ke_event, "events: set, reset, pulse, and what a wait consumes")
{
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    ok_eq(KeReadStateEvent(&Event), 0);
    ok_status(KtWait(&Event, 0), STATUS_TIMEOUT);
    ok_eq(KeSetEvent(&Event, 0, FALSE), 0);
    ok_eq(KeSetEvent(&Event, 0, FALSE), 1);
    ok_status(KtWait(&Event, 0), STATUS_SUCCESS);
    ok_status(KtWait(&Event, 0), STATUS_SUCCESS);
    ok_eq(KeResetEvent(&Event), 1);
    ok_eq(KeResetEvent(&Event), 0);
    ok_eq(KePulseEvent(&Event, 0, FALSE), 0);
    ok_eq(KeReadStateEvent(&Event), 0);

    KeInitializeEvent(&Event, SynchronizationEvent, TRUE);
    ok_status(KtWait(&Event, 0), STATUS_SUCCESS);
    ok_status(KtWait(&Event, 0), STATUS_TIMEOUT);
    KeSetEvent(&Event, 0, FALSE);
    KeClearEvent(&Event);
    ok_eq(KeReadStateEvent(&Event), 0);
}

typedef struct _KT_WAITER {
    PVOID Object;
    volatile LONG *Woken;
    NTSTATUS Status;
} KT_WAITER;

static void KtWaiter(PVOID Context)
{
    KT_WAITER *Waiter = Context;

    Waiter->Status = KtWait(Waiter->Object, KT_LONG);
    InterlockedIncrement(Waiter->Woken);
}

#define WAITERS 3

/* WAITERS threads wait for Object; returns when they do. */
static void KtStartWaiters(
    PVOID Object, volatile LONG *Woken, KT_WAITER Waiters[], PETHREAD Threads[])
{
    for (ULONG i = 0; i < WAITERS; i++) {
        Waiters[i] = (KT_WAITER){Object, Woken, STATUS_PENDING};
        Threads[i] = KtStartThread(KtWaiter, &Waiters[i]);
        ok(KtAwaitState(Threads[i], Waiting), "waiter %u blocks", i);
    }
}

static void KtJoinWaiters(KT_WAITER Waiters[], PETHREAD Threads[])
{
    for (ULONG i = 0; i < WAITERS; i++) {
        KtJoinThread(Threads[i]);
        ok_status(Waiters[i].Status, STATUS_SUCCESS);
    }
}

START_TEST(ke_event_wake, "events: how many waiters each kind wakes, in which order")
{
    KT_WAITER Waiters[WAITERS];
    PETHREAD Threads[WAITERS];
    volatile LONG Woken = 0;
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KtStartWaiters(&Event, &Woken, Waiters, Threads);
    KePulseEvent(&Event, 0, FALSE);
    KtJoinWaiters(Waiters, Threads);
    ok_eq(Woken, WAITERS);
    ok_eq(KeReadStateEvent(&Event), 0);

    Woken = 0;
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KtStartWaiters(&Event, &Woken, Waiters, Threads);
    for (LONG i = 0; i < WAITERS; i++) {
        KeSetEvent(&Event, 0, FALSE);
        ok_status(KtWait(Threads[i], KT_LONG), STATUS_SUCCESS);
        ok_eq(Woken, i + 1);
        ok_eq(KeReadStateEvent(&Event), 0);
    }
    KtJoinWaiters(Waiters, Threads);
}

START_TEST(ke_semaphore, "semaphores: counting, limit, waking several at once")
{
    KT_WAITER Waiters[WAITERS];
    PETHREAD Threads[WAITERS];
    volatile LONG Woken = 0;
    KSEMAPHORE Semaphore;
    LONG Previous = -1;

    KeInitializeSemaphore(&Semaphore, 1, 4);
    ok_status(KtWait(&Semaphore, 0), STATUS_SUCCESS);
    ok_status(KtWait(&Semaphore, 0), STATUS_TIMEOUT);
    ok_status(KeReleaseSemaphore(&Semaphore, 0, 3, FALSE, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 0);
    ok_status(KeReleaseSemaphore(&Semaphore, 0, 2, FALSE, &Previous), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    ok_status(KeReleaseSemaphore(&Semaphore, 0, 0x7FFFFFFF, FALSE, NULL), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    ok_status(KeReleaseSemaphore(&Semaphore, 0, -1, FALSE, NULL), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    ok_eq(Semaphore.Header.SignalState, 3);

    KeInitializeSemaphore(&Semaphore, 0, 10);
    KtStartWaiters(&Semaphore, &Woken, Waiters, Threads);
    ok_status(KeReleaseSemaphore(&Semaphore, 0, WAITERS + 1, FALSE, &Previous), STATUS_SUCCESS);
    KtJoinWaiters(Waiters, Threads);
    ok_eq(Semaphore.Header.SignalState, 1);
}

static void KtMutantOwner(PVOID Context)
{
    KMUTANT *Mutants = Context;

    ok_status(KtWait(&Mutants[0], 0), STATUS_SUCCESS);
    ok_status(KtWait(&Mutants[1], 0), STATUS_SUCCESS);
    ok_status(KtWait(&Mutants[1], 0), STATUS_SUCCESS);
} /* ends without releasing */

static void KtMutantStranger(PVOID Context)
{
    KMUTANT *Mutant = Context;

    ok_status(KeReleaseMutant(Mutant, 0, FALSE, FALSE, NULL), STATUS_MUTANT_NOT_OWNED);
    ok_status(KtWait(Mutant, 0), STATUS_TIMEOUT);
}

START_TEST(ke_mutant, "mutants: recursion, ownership, abandonment by a thread's end")
{
    KMUTANT Mutants[2];
    LONG Previous = -9;

    KeInitializeMutant(&Mutants[0], TRUE);
    ok_status(KtWait(&Mutants[0], 0), STATUS_SUCCESS);
    ok_eq(Mutants[0].Header.SignalState, -1);
    KtJoinThread(KtStartThread(KtMutantStranger, &Mutants[0]));
    ok_status(KeReleaseMutant(&Mutants[0], 0, FALSE, FALSE, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, -1);
    ok_status(KeReleaseMutant(&Mutants[0], 0, FALSE, FALSE, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 0);
    ok_status(KeReleaseMutant(&Mutants[0], 0, FALSE, FALSE, NULL), STATUS_MUTANT_NOT_OWNED);

    KeInitializeMutant(&Mutants[1], FALSE);
    KtJoinThread(KtStartThread(KtMutantOwner, Mutants));
    ok_status(KtWait(&Mutants[1], 0), STATUS_ABANDONED);
    ok_eq(Mutants[1].Abandoned, FALSE);
    ok_status(KtWait(&Mutants[1], 0), STATUS_SUCCESS);
    ok_status(KeReleaseMutant(&Mutants[1], 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    ok_status(KeReleaseMutant(&Mutants[1], 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    ok_status(KtWait(&Mutants[1], 0), STATUS_SUCCESS);
    ok_status(KeReleaseMutant(&Mutants[1], 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    ok_status(KtWait(&Mutants[0], 0), STATUS_ABANDONED);
    ok_status(KeReleaseMutant(&Mutants[0], 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
}

START_TEST(ke_mutant_region, "mutants of the kernel's own: their owner is in a critical region")
{
    KMUTANT Mutant;

    KeInitializeMutant(&Mutant, FALSE);
    Mutant.ApcDisable = 1;
    for (ULONG Times = 0; Times < 2; Times++) { /* entered once, however often it is taken */
        ok_status(KtWait(&Mutant, 0), STATUS_SUCCESS);
        ok_eq(KeGetCurrentThread()->KernelApcDisable, -1);
    }
    ok_status(KeReleaseMutant(&Mutant, 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    ok_eq(KeGetCurrentThread()->KernelApcDisable, -1);
    ok_status(KeReleaseMutant(&Mutant, 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    ok(!KeAreApcsDisabled(), "with the last release it has left it");
}

START_TEST(ke_mutant_limit, "mutants: taken too often, and released after their owner's end")
{
    KMUTANT Mutant;
    KEVENT Event;
    PVOID Objects[] = {&Event, &Mutant};
    PVOID Third[] = {&Event, &Event, &Mutant};
    LARGE_INTEGER Zero = {.QuadPart = 0};

    KeInitializeMutant(&Mutant, TRUE);
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Mutant.Header.SignalState = MINLONG + 1; /* as if taken 2^31 times */
    ok_status(KtWait(&Mutant, 0), STATUS_SUCCESS);
    ok_eq(Mutant.Header.SignalState, MINLONG);
    ok_status(KtWait(&Mutant, 0), STATUS_MUTANT_LIMIT_EXCEEDED);
    for (WAIT_TYPE Type = WaitAll; Type <= WaitAny; Type++) {
        ok_status(KeWaitForMultipleObjects(1, &Objects[1], Type, Executive, KernelMode, FALSE,
                      &Zero, NULL), STATUS_MUTANT_LIMIT_EXCEEDED);
        ok_status(KeWaitForMultipleObjects(2, Objects, Type, Executive, KernelMode, FALSE, &Zero,
                      NULL), Type == WaitAny ? STATUS_MUTANT_LIMIT_EXCEEDED : STATUS_TIMEOUT);
    }
    ok_status(KeWaitForMultipleObjects(3, Third, WaitAny, Executive, KernelMode, FALSE, &Zero,
                  NULL), STATUS_MUTANT_LIMIT_EXCEEDED); /* its index is not part of an error */
    KeInitializeEvent(&Event, SynchronizationEvent, TRUE);
    ok_status(KeWaitForMultipleObjects(2, Objects, WaitAll, Executive, KernelMode, FALSE, &Zero,
                  NULL), STATUS_MUTANT_LIMIT_EXCEEDED);
    ok_eq(KeReadStateEvent(&Event), 1); /* all or none */
    ok_eq(Mutant.Header.SignalState, MINLONG);
    ok_status(KeReleaseMutant(&Mutant, 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    ok_eq(Mutant.Header.SignalState, MINLONG + 1);
    ok_status(KeReleaseMutant(&Mutant, 0, TRUE, FALSE, NULL), STATUS_SUCCESS);
    ok_eq(Mutant.Header.SignalState, 1);
    ok_status(KeReleaseMutant(&Mutant, 0, FALSE, FALSE, NULL), STATUS_ABANDONED);
    ok_status(KtWait(&Mutant, 0), STATUS_ABANDONED);
    ok_status(KeReleaseMutant(&Mutant, 0, FALSE, FALSE, NULL), STATUS_SUCCESS);
    ok_status(KeReleaseMutant(&Mutant, 0, FALSE, FALSE, NULL), STATUS_MUTANT_NOT_OWNED);
}
