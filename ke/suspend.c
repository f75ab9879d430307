/* SPDX-License-Identifier: MIT */
/*
 * Suspending threads.  A thread is not stopped from outside: a kernel APC built
 * into it makes it wait, at a point where it holds no lock, for a semaphore that
 * the last resume releases.  A thread suspended before its first instruction in
 * user mode is parked by the same APC on its way there.
 */
#include "ke/ki.h"

static void KiSuspendNop(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
    PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    UNREFERENCED_PARAMETER(Apc);
    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
}

static void KiSuspendThread(PVOID NormalContext, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    (void)KeWaitForSingleObject(
        &KeGetCurrentThread()->SuspendSemaphore, Suspended, KernelMode, FALSE, NULL);
}

void KiInitializeSuspend(PKTHREAD Thread)
{
    KeInitializeApc(&Thread->SuspendApc, Thread, OriginalApcEnvironment, KiSuspendNop, NULL,
        KiSuspendThread, KernelMode, NULL);
    KeInitializeSemaphore(&Thread->SuspendSemaphore, 0, 2);
}

static BOOLEAN KiIsSuspended(PKTHREAD Thread)
{
    return Thread->SuspendCount != 0 || Thread->FreezeCount != 0;
}

/* The first suspension.  Both locks held. */
static void KiStopThread(PKTHREAD Thread)
{
    ASSERT(!Thread->SuspendApc.Inserted); /* only while the thread shall stop */
    (void)KiInsertQueueApc(&Thread->SuspendApc, 0);
}

/* Unless it has obeyed, the order to stop is withdrawn: so it is for most new threads. */
static void KiContinueThread(PKTHREAD Thread)
{
    PKAPC_STATE State = Thread->ApcStatePointer[OriginalApcEnvironment];

    if (!Thread->SuspendApc.Inserted) {
        Thread->SuspendSemaphore.Header.SignalState++;
        KiWaitTest(&Thread->SuspendSemaphore.Header, 0);
        return;
    }
    (void)RemoveEntryList(&Thread->SuspendApc.ApcListEntry);
    Thread->SuspendApc.Inserted = FALSE;
    if (IsListEmpty(&State->ApcListHead[KernelMode])) {
        State->KernelApcPending = FALSE;
    }
}

NTSTATUS KeSuspendThread(PKTHREAD Thread, PULONG PreviousCount)
{
    KIRQL OldIrql = KiLockApcQueue(Thread);
    NTSTATUS Status = STATUS_SUCCESS;

    if (PreviousCount != NULL) {
        *PreviousCount = (ULONG)Thread->SuspendCount;
    }
    if (Thread->SuspendCount == MAXIMUM_SUSPEND_COUNT) {
        Status = STATUS_SUSPEND_COUNT_EXCEEDED;
    } else if (!Thread->ApcQueueable) {
        Status = STATUS_THREAD_IS_TERMINATING;
    } else {
        if (!KiIsSuspended(Thread)) {
            KiStopThread(Thread);
        }
        Thread->SuspendCount++;
    }
    KiUnlockApcQueue(Thread, OldIrql);
    return Status;
}

/* Returns the count before; both locks held. */
static ULONG KiResumeThread(PKTHREAD Thread)
{
    ULONG Previous = (ULONG)Thread->SuspendCount;

    if (Previous != 0) {
        Thread->SuspendCount--;
        if (!KiIsSuspended(Thread)) {
            KiContinueThread(Thread);
        }
    }
    return Previous;
}

ULONG KeResumeThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockApcQueue(Thread);
    ULONG Previous = KiResumeThread(Thread);

    KiUnlockApcQueue(Thread, OldIrql);
    return Previous;
}

/* KeAlertThread and KeResumeThread in one. */
ULONG KeAlertResumeThread(PKTHREAD Thread)
{
    (void)KeAlertThread(Thread, KernelMode);
    return KeResumeThread(Thread);
}

/*
 * Freezing is the kernel's own suspending: it has a count of its own, so that neither
 * lets run what the other has stopped.  FALSE: the thread is ending, and goes on.
 */
BOOLEAN KeFreezeThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockApcQueue(Thread);
    BOOLEAN Freeze = Thread->ApcQueueable;

    if (Freeze) {
        if (!KiIsSuspended(Thread)) {
            KiStopThread(Thread);
        }
        ASSERT(Thread->FreezeCount != MAXIMUM_SUSPEND_COUNT);
        Thread->FreezeCount++;
    }
    KiUnlockApcQueue(Thread, OldIrql);
    return Freeze;
}

/* One that is not frozen, since it was made later or told to end, is left as it is. */
void KeThawThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockApcQueue(Thread);

    if (Thread->FreezeCount != 0) {
        Thread->FreezeCount--;
        if (!KiIsSuspended(Thread)) {
            KiContinueThread(Thread);
        }
    }
    KiUnlockApcQueue(Thread, OldIrql);
}

void KeForceResumeThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockApcQueue(Thread);

    if (KiIsSuspended(Thread)) {
        Thread->SuspendCount = 0;
        Thread->FreezeCount = 0;
        KiContinueThread(Thread);
    }
    KiUnlockApcQueue(Thread, OldIrql);
}
