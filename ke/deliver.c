/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous procedure calls, receiving side: delivery in the thread's own
 * context at APC_LEVEL, and the regions that hold it off.  The rules are in
 * apc.c; a user APC continues in i386/userapc.c.
 */
#include "ke/ki.h"

/* Unlinks Apc and copies it: its kernel routine may free it.  Queue lock held. */
static KAPC KiTakeApc(PKAPC Apc)
{
    (void)RemoveEntryList(&Apc->ApcListEntry);
    Apc->Inserted = FALSE;
    return *Apc;
}

/* Runs both routines of a kernel APC; the normal one, if any is left, at PASSIVE_LEVEL. */
static void KiRunKernelApc(PKTHREAD Thread, PKAPC Apc, KAPC Copy)
{
    Copy.KernelRoutine(Apc, &Copy.NormalRoutine, &Copy.NormalContext, &Copy.SystemArgument1,
        &Copy.SystemArgument2);
    if (Copy.NormalRoutine == NULL) {
        return;
    }
    Thread->ApcState.KernelApcInProgress = TRUE;
    KeLowerIrql(PASSIVE_LEVEL);
    Copy.NormalRoutine(Copy.NormalContext, Copy.SystemArgument1, Copy.SystemArgument2);
    (void)KeRaiseIrqlTo(APC_LEVEL);
    Thread->ApcState.KernelApcInProgress = FALSE;
}

/* Runs the kernel APCs that the thread's regions let through. */
static void KiDeliverKernelApcs(PKTHREAD Thread)
{
    PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[KernelMode];
    PKAPC Apc;
    KAPC Copy;
    KIRQL OldIrql;

    /* Not a plain store: who queues one afterwards must not have it overwritten. */
    (void)InterlockedExchange(&Thread->ApcState.KernelApcPending, FALSE);
    while (!IsListEmpty(Head)) {
        OldIrql = KeAcquireSpinLock(&Thread->ApcQueueLock);
        Apc = CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry);
        if (IsListEmpty(Head) || (Apc->NormalRoutine != NULL &&
                                     (Thread->ApcState.KernelApcInProgress ||
                                         Thread->KernelApcDisable != 0))) {
            KeReleaseSpinLock(&Thread->ApcQueueLock, OldIrql);
            return;
        }
        Copy = KiTakeApc(Apc);
        KeReleaseSpinLock(&Thread->ApcQueueLock, OldIrql);
        KiRunKernelApc(Thread, Apc, Copy);
    }
}

/* One user APC: its kernel routine here, then its normal routine in user mode. */
static void KiDeliverUserApc(PKTHREAD Thread, PKTRAP_FRAME TrapFrame)
{
    PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[UserMode];
    KIRQL OldIrql = KeAcquireSpinLock(&Thread->ApcQueueLock);
    PKAPC Apc = CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry);
    KAPC Copy;

    Thread->ApcState.UserApcPending = FALSE;
    if (IsListEmpty(Head)) {
        KeReleaseSpinLock(&Thread->ApcQueueLock, OldIrql);
        return;
    }
    Copy = KiTakeApc(Apc);
    KeReleaseSpinLock(&Thread->ApcQueueLock, OldIrql);
    Copy.KernelRoutine(Apc, &Copy.NormalRoutine, &Copy.NormalContext, &Copy.SystemArgument1,
        &Copy.SystemArgument2);
    if (Copy.NormalRoutine == NULL) {
        (void)KeTestAlertThread(UserMode);
        return;
    }
    KiInitializeUserApc(TrapFrame, (PVOID)(ULONG_PTR)Copy.NormalRoutine, Copy.NormalContext,
        Copy.SystemArgument1, Copy.SystemArgument2);
}

void KiDeliverApc(KPROCESSOR_MODE Mode, PKTRAP_FRAME TrapFrame)
{
    PKTHREAD Thread = KeGetCurrentThread();

    ASSERT_IRQL(APC_LEVEL);
    if (Thread->SpecialApcDisable != 0) {
        return; /* the end of the guarded region comes back to it */
    }
    KiDeliverKernelApcs(Thread);
    if (Mode == UserMode && Thread->ApcState.UserApcPending) {
        KiDeliverUserApc(Thread, TrapFrame);
    }
}

void KiCheckKernelApcs(PKTHREAD Thread)
{
    Thread->ApcState.KernelApcPending = TRUE;
    KeRequestSoftwareInterrupt(APC_LEVEL);
}

void KeEnterCriticalRegion(void)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KiNoteRegion(Thread, __builtin_return_address(0));
    Thread->KernelApcDisable--;
}

void KeLeaveCriticalRegion(void)
{
    PKTHREAD Thread = KeGetCurrentThread();

    ASSERT(Thread->KernelApcDisable < 0);
    if (++Thread->KernelApcDisable == 0 && Thread->SpecialApcDisable == 0 &&
        !IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode])) {
        KiCheckKernelApcs(Thread);
    }
}

void KeEnterGuardedRegion(void)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KiNoteRegion(Thread, __builtin_return_address(0));
    Thread->SpecialApcDisable--;
}

void KeLeaveGuardedRegion(void)
{
    PKTHREAD Thread = KeGetCurrentThread();

    ASSERT(Thread->SpecialApcDisable < 0);
    if (++Thread->SpecialApcDisable == 0 &&
        !IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode])) {
        KiCheckKernelApcs(Thread);
    }
}

BOOLEAN KeAreApcsDisabled(void)
{
    PKTHREAD Thread = KeGetCurrentThread();

    return Thread->KernelApcDisable != 0 || Thread->SpecialApcDisable != 0;
}
