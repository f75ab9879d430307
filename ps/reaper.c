/* SPDX-License-Identifier: MIT */
/*
 * The reaper buries the dead.
 *
 * A thread cannot free the stack it stands on, so the thread it switches to does,
 * still at DISPATCH_LEVEL.  Then the reference goes that the dead one held to itself.
 * If that is the last, the object goes too, which takes guarded mutexes: a system
 * thread does that.
 */
#include "ps/psp.h"

static KSPIN_LOCK PspReaperLock = KSPIN_LOCK_INITIALIZER(LockLevelReaper);
static LIST_ENTRY PspReaperList = {&PspReaperList, &PspReaperList}; /* ETHREAD.ReaperLink */
static volatile LONG PspReaperPending; /* ending and not yet buried */
static volatile LONG PspDrainers;      /* who waits until that is 0 */
static KEVENT PspReaperWake; /* synchronization: there may be work */
static KEVENT PspReaperIdle; /* notification: nothing is pending */

/* The current thread is about to be signalled: from now on the drain waits for it. */
void PspAnnounceDeath(void)
{
    (void)InterlockedIncrement(&PspReaperPending);
}

static void PspFinishBurial(void)
{
    if (InterlockedDecrement(&PspReaperPending) == 0 && PspDrainers != 0) {
        (void)KeSetEvent(&PspReaperIdle, 0, FALSE);
    }
}

/* Ke calls this once a dead thread's stack is no longer in use.  DISPATCH_LEVEL. */
void PspReapThread(PKTHREAD Thread)
{
    PETHREAD Dead = CONTAINING_RECORD(Thread, ETHREAD, Tcb);

    KeTrace(TracePspReaped, TraceP(Dead));
    KeDeleteThreadStack(Thread);
    if (ObDereferenceObjectUnlessLast(Dead)) {
        PspFinishBurial();
        return;
    }
    KeAcquireSpinLockAtDpcLevel(&PspReaperLock);
    InsertTailList(&PspReaperList, &Dead->ReaperLink);
    KeReleaseSpinLockFromDpcLevel(&PspReaperLock);
    (void)KeSetEvent(&PspReaperWake, 0, FALSE);
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

static void PspReaper(PVOID Context)
{
    PETHREAD Dead;

    UNREFERENCED_PARAMETER(Context);
    for (;;) {
        (void)KeWaitForSingleObject(&PspReaperWake, Executive, KernelMode, FALSE, NULL);
        while ((Dead = PspNextDeadThread()) != NULL) {
            ObDereferenceObject(Dead);
            PspFinishBurial();
        }
    }
}

/*
 * PsDrainReaper - wait until every thread that has ended so far is buried.
 *
 * Who waited for a thread may run before that thread has switched away for the
 * last time, so a caller that compares counters drains first.
 */
void PsDrainReaper(void)
{
    (void)InterlockedIncrement(&PspDrainers); /* before the look: see PspFinishBurial */
    for (;;) {
        KeClearEvent(&PspReaperIdle);
        if (PspReaperPending == 0) {
            break;
        }
        (void)KeWaitForSingleObject(&PspReaperIdle, Executive, KernelMode, FALSE, NULL);
    }
    (void)InterlockedDecrement(&PspDrainers);
}

NTSTATUS PspStartReaper(void)
{
    PETHREAD Thread;

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
