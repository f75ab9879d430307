/* SPDX-License-Identifier: MIT */
/*
 * The reaper: a system thread that buries the dead.
 *
 * A thread cannot free the stack it stands on.  Its last switch hands it over at
 * DISPATCH_LEVEL; a DPC wakes the reaper, which frees the stack and drops the
 * reference the thread held to itself.
 */
#include "ps/psp.h"

static KSPIN_LOCK PspReaperLock = KSPIN_LOCK_INITIALIZER(LockLevelReaper);
static LIST_ENTRY PspReaperList = {&PspReaperList, &PspReaperList}; /* ETHREAD.ReaperLink */
static ULONG PspReaperPending;   /* ending and not yet buried; reaper lock */
static KDPC PspReaperDpc;
static KEVENT PspReaperWake; /* synchronization: there may be work */
static KEVENT PspReaperIdle; /* notification: nothing is pending */

static void PspReaperDpcRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    (void)KeSetEvent(&PspReaperWake, 0, FALSE);
}

/* The current thread is about to be signalled: from now on the drain waits for it. */
void PspAnnounceDeath(void)
{
    KIRQL OldIrql = KeAcquireSpinLock(&PspReaperLock);

    PspReaperPending++;
    KeReleaseSpinLock(&PspReaperLock, OldIrql);
}

/* Ke calls this once a dead thread's stack is no longer in use.  DISPATCH_LEVEL. */
void PspReapThread(PKTHREAD Thread)
{
    PETHREAD Dead = CONTAINING_RECORD(Thread, ETHREAD, Tcb);

    KeAcquireSpinLockAtDpcLevel(&PspReaperLock);
    InsertTailList(&PspReaperList, &Dead->ReaperLink);
    KeReleaseSpinLockFromDpcLevel(&PspReaperLock);
    (void)KeInsertQueueDpc(&PspReaperDpc, NULL, NULL);
}

static PETHREAD PspNextDeadThread(void)
{
    PETHREAD Dead = NULL;
    KIRQL OldIrql = KeAcquireSpinLock(&PspReaperLock);

    if (!IsListEmpty(&PspReaperList)) {
        Dead = CONTAINING_RECORD(RemoveHeadList(&PspReaperList), ETHREAD, ReaperLink);
    }
    KeReleaseSpinLock(&PspReaperLock, OldIrql);
    return Dead;
}

static void PspBuryThread(PETHREAD Dead)
{
    KeTrace(TracePspReaped, TraceP(Dead));
    KeDeleteThreadStack(&Dead->Tcb);
    ObDereferenceObject(Dead);

    KIRQL OldIrql = KeAcquireSpinLock(&PspReaperLock);
    BOOLEAN Idle = --PspReaperPending == 0;

    KeReleaseSpinLock(&PspReaperLock, OldIrql);
    if (Idle) {
        (void)KeSetEvent(&PspReaperIdle, 0, FALSE);
    }
}

static void PspReaper(PVOID Context)
{
    PETHREAD Dead;

    UNREFERENCED_PARAMETER(Context);
    for (;;) {
        (void)KeWaitForSingleObject(&PspReaperWake, Executive, KernelMode, FALSE, NULL);
        while ((Dead = PspNextDeadThread()) != NULL) {
            PspBuryThread(Dead);
        }
    }
}

/* Nothing pending, as seen under the lock. */
static BOOLEAN PspReaperIsIdle(void)
{
    KIRQL OldIrql = KeAcquireSpinLock(&PspReaperLock);
    BOOLEAN Idle = PspReaperPending == 0;

    KeReleaseSpinLock(&PspReaperLock, OldIrql);
    return Idle;
}

/*
 * PsDrainReaper - wait until every thread that has ended so far is buried.
 *
 * Who waited for a thread may run before that thread has switched away for the
 * last time, so a caller that compares counters drains first.
 */
void PsDrainReaper(void)
{
    for (;;) {
        KeClearEvent(&PspReaperIdle);
        if (PspReaperIsIdle()) {
            return;
        }
        (void)KeWaitForSingleObject(&PspReaperIdle, Executive, KernelMode, FALSE, NULL);
    }
}

NTSTATUS PspStartReaper(void)
{
    PETHREAD Thread;

    KeInitializeDpc(&PspReaperDpc, PspReaperDpcRoutine, NULL);
    KeInitializeEvent(&PspReaperWake, SynchronizationEvent, FALSE);
    KeInitializeEvent(&PspReaperIdle, NotificationEvent, FALSE);
    NTSTATUS Status = PsCreateSystemThread(PspReaper, NULL, &Thread);

    if (NT_SUCCESS(Status)) {
        /* It must not lag behind those it buries: one above every normal thread. */
        (void)KeSetPriorityThread(&Thread->Tcb, 16);
        ObDereferenceObject(Thread);
    }
    return Status;
}
