/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous procedure calls, queueing side: a routine to be run in a certain
 * thread.  Three kinds, in the order of delivery:
 *
 *   special kernel  no normal routine; stopped by guarded regions only
 *   normal kernel   one at a time, at PASSIVE_LEVEL; stopped by critical regions
 *   user            in user mode, when the thread waits alertably or is told to
 *
 * The queues are under the thread's ApcQueueLock; what depends on whether the
 * thread is waiting is under the dispatcher lock as well.  Next: deliver.c.
 */
#include "ke/ki.h"

KIRQL KiLockApcQueue(PKTHREAD Thread)
{
    KIRQL OldIrql = KeAcquireSpinLock(&Thread->ApcQueueLock);

    KiLockDispatcherAtDpcLevel();
    return OldIrql;
}

void KiUnlockApcQueue(PKTHREAD Thread, KIRQL OldIrql)
{
    KeReleaseSpinLockFromDpcLevel(&Thread->ApcQueueLock);
    KiUnlockDispatcher(OldIrql);
}

void KeInitializeApc(PKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment,
    PKKERNEL_ROUTINE KernelRoutine, PKRUNDOWN_ROUTINE RundownRoutine,
    PKNORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE Mode, PVOID NormalContext)
{
    Apc->Type = ApcObject;
    Apc->Size = sizeof(KAPC);
    Apc->Thread = Thread;
    Apc->ApcStateIndex = (CCHAR)(
        Environment == CurrentApcEnvironment ? Thread->ApcStateIndex : (ULONG)Environment);
    Apc->KernelRoutine = KernelRoutine;
    Apc->RundownRoutine = RundownRoutine;
    Apc->NormalRoutine = NormalRoutine;
    Apc->ApcMode = NormalRoutine != NULL ? Mode : KernelMode;
    Apc->NormalContext = NormalRoutine != NULL ? NormalContext : NULL;
    Apc->Inserted = FALSE;
}

/* Special kernel APCs go before the normal ones, otherwise first come first served. */
static void KiLinkApc(PKAPC_STATE State, PKAPC Apc)
{
    PLIST_ENTRY Head = &State->ApcListHead[(UCHAR)Apc->ApcMode];
    PLIST_ENTRY Before = Head->Blink;

    if (Apc->NormalRoutine == NULL) {
        while (Before != Head &&
               CONTAINING_RECORD(Before, KAPC, ApcListEntry)->NormalRoutine != NULL) {
            Before = Before->Blink;
        }
    }
    InsertHeadList(Before, &Apc->ApcListEntry);
    Apc->Inserted = TRUE;
}

/* A kernel APC is in Thread's active queue: make the thread notice. */
static void KiNotifyKernelApc(PKTHREAD Thread, PKAPC Apc, KPRIORITY Increment)
{
    BOOLEAN Special = Apc->NormalRoutine == NULL;

    Thread->ApcState.KernelApcPending = TRUE;
    if (Thread == KeGetCurrentThread()) {
        KiPendSoftwareInterrupt(APC_LEVEL);
    } else if (Thread->State == Running) {
        KiRequestRemoteInterrupt(KiProcessorBlock[Thread->NextProcessor], APC_LEVEL);
    } else if (Thread->State == Waiting && Thread->WaitIrql == PASSIVE_LEVEL &&
               Thread->SpecialApcDisable == 0 &&
               (Special || (Thread->KernelApcDisable == 0 &&
                               !Thread->ApcState.KernelApcInProgress))) {
        KiUnwaitThread(Thread, (__force LONG_PTR)STATUS_KERNEL_APC, Increment);
    }
}

/*
 * A user APC ends a wait made for user mode, if that is alertable or must end.  One
 * that must be delivered makes a thread in user mode pass through the kernel.
 */
static void KiNotifyUserApc(PKTHREAD Thread, KPRIORITY Increment)
{
    if (Thread->State == Running && Thread->ApcState.UserApcPending &&
        Thread != KeGetCurrentThread()) {
        KiRequestRemoteInterrupt(KiProcessorBlock[Thread->NextProcessor], APC_LEVEL);
    }
    if (Thread->State == Waiting && Thread->WaitMode == UserMode &&
        (Thread->Alertable || Thread->ApcState.UserApcPending)) {
        Thread->ApcState.UserApcPending = TRUE;
        KiUnwaitThread(Thread, (__force LONG_PTR)STATUS_USER_APC, Increment);
    }
}

BOOLEAN KiInsertQueueApc(PKAPC Apc, KPRIORITY Increment)
{
    PKTHREAD Thread = Apc->Thread;

    if (!Thread->ApcQueueable || Apc->Inserted) {
        return FALSE;
    }
    KiLinkApc(Thread->ApcStatePointer[(UCHAR)Apc->ApcStateIndex], Apc);
    if (Apc->ApcStateIndex != (CCHAR)Thread->ApcStateIndex) {
        return TRUE; /* noticed when the thread changes back to that process */
    }
    if (Apc->ApcMode == KernelMode) {
        KiNotifyKernelApc(Thread, Apc, Increment);
    } else {
        KiNotifyUserApc(Thread, Increment);
    }
    return TRUE;
}

BOOLEAN KeInsertQueueApc(PKAPC Apc, PVOID Argument1, PVOID Argument2, KPRIORITY Increment)
{
    PKTHREAD Thread = Apc->Thread;
    KIRQL OldIrql = KiLockApcQueue(Thread);
    BOOLEAN Inserted;

    if (!Apc->Inserted) {
        Apc->SystemArgument1 = Argument1;
        Apc->SystemArgument2 = Argument2;
    }
    Inserted = KiInsertQueueApc(Apc, Increment);
    KiUnlockApcQueue(Thread, OldIrql);
    return Inserted;
}

BOOLEAN KeInsertQueueUserApcFirst(PKAPC Apc, PVOID Argument1, PVOID Argument2)
{
    PKTHREAD Thread = Apc->Thread;
    KIRQL OldIrql = KiLockApcQueue(Thread);
    BOOLEAN Insert = Thread->ApcQueueable && !Apc->Inserted;
    PKAPC_STATE State = Thread->ApcStatePointer[(UCHAR)Apc->ApcStateIndex];

    ASSERT(Apc->ApcMode == UserMode);
    if (Insert) {
        Apc->SystemArgument1 = Argument1;
        Apc->SystemArgument2 = Argument2;
        InsertHeadList(&State->ApcListHead[UserMode], &Apc->ApcListEntry);
        Apc->Inserted = TRUE;
        State->UserApcPending = TRUE;
        if (Apc->ApcStateIndex == (CCHAR)Thread->ApcStateIndex) {
            KiNotifyUserApc(Thread, 0);
        }
    }
    KiUnlockApcQueue(Thread, OldIrql);
    return Insert;
}

/* An APC on its way to its routines is no longer queued. */
BOOLEAN KeRemoveQueueApc(PKAPC Apc)
{
    PKTHREAD Thread = Apc->Thread;
    KIRQL OldIrql = KiLockApcQueue(Thread);
    BOOLEAN Removed = Apc->Inserted;
    PKAPC_STATE State = Thread->ApcStatePointer[(UCHAR)Apc->ApcStateIndex];

    if (Removed) {
        (void)RemoveEntryList(&Apc->ApcListEntry);
        Apc->Inserted = FALSE;
        if (IsListEmpty(&State->ApcListHead[UserMode])) {
            State->UserApcPending = FALSE;
        }
    }
    KiUnlockApcQueue(Thread, OldIrql);
    return Removed;
}

PLIST_ENTRY KeFlushQueueApc(PKTHREAD Thread, KPROCESSOR_MODE Mode)
{
    KIRQL OldIrql = KiLockApcQueue(Thread);
    PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[(UCHAR)Mode];
    PLIST_ENTRY First = IsListEmpty(Head) ? NULL : Head->Flink;

    for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        CONTAINING_RECORD(Entry, KAPC, ApcListEntry)->Inserted = FALSE;
    }
    (void)RemoveEntryList(Head); /* the entries remain a ring */
    InitializeListHead(Head);
    KiUnlockApcQueue(Thread, OldIrql);
    return First;
}

/* KeTestAlertThread (ke.h) has found something; looked at again with the lock held. */
BOOLEAN KeTakeAlert(PKTHREAD Thread, KPROCESSOR_MODE Mode)
{
    KIRQL OldIrql = KiLockApcQueue(Thread);
    BOOLEAN Alerted = Thread->Alerted[(UCHAR)Mode];

    if (Alerted) {
        Thread->Alerted[(UCHAR)Mode] = FALSE;
    } else if (Mode == UserMode && !IsListEmpty(&Thread->ApcState.ApcListHead[UserMode])) {
        Thread->ApcState.UserApcPending = TRUE;
    }
    KiUnlockApcQueue(Thread, OldIrql);
    return Alerted;
}

/* Ends an alertable wait, now or the next one.  Returns whether it was alerted. */
BOOLEAN KeAlertThread(PKTHREAD Thread, KPROCESSOR_MODE Mode)
{
    KIRQL OldIrql = KiLockApcQueue(Thread);
    BOOLEAN Alerted = Thread->Alerted[(UCHAR)Mode];

    if (!Alerted) {
        if (Thread->State == Waiting && Thread->Alertable && Mode <= Thread->WaitMode) {
            KiUnwaitThread(Thread, (__force LONG_PTR)STATUS_ALERTED, 0);
        } else {
            Thread->Alerted[(UCHAR)Mode] = TRUE;
        }
    }
    KiUnlockApcQueue(Thread, OldIrql);
    return Alerted;
}
