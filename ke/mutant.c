/* SPDX-License-Identifier: MIT */
/*
 * Mutants: what Win32 calls a mutex.  The signal state is 1 when free and goes
 * down by one with each acquisition of its owner.  A thread that ends abandons
 * the mutants it owns; the next owner learns of that from its wait's status.
 */
#include "ke/ki.h"

void KeInitializeMutant(PKMUTANT Mutant, BOOLEAN InitialOwner)
{
    PKTHREAD Thread = KeGetCurrentThread();

    Mutant->Header.Type = MutantObject;
    Mutant->Header.Absolute = 0;
    Mutant->Header.Size = sizeof(KMUTANT) / sizeof(ULONG);
    Mutant->Header.Inserted = 0;
    Mutant->Header.SignalState = 1;
    InitializeListHead(&Mutant->Header.WaitListHead);
    Mutant->OwnerThread = NULL;
    Mutant->Abandoned = FALSE;
    Mutant->ApcDisable = 0;
    if (InitialOwner) {
        KIRQL OldIrql = KiLockDispatcher();
        (void)KiSatisfyWait(&Mutant->Header, Thread);
        KiUnlockDispatcher(OldIrql);
    }
}

/* Takes it from its owner and gives it to the first waiter.  Dispatcher lock held. */
static void KiFreeMutant(PKMUTANT Mutant, KPRIORITY Increment)
{
    PKTHREAD Owner = Mutant->OwnerThread;

    (void)RemoveEntryList(&Mutant->MutantListEntry);
    Owner->KernelApcDisable += Mutant->ApcDisable;
    Mutant->OwnerThread = NULL;
    Mutant->Header.SignalState = 1;
    KiWaitTest(&Mutant->Header, Increment);
}

/*
 * Not by its owner: STATUS_MUTANT_NOT_OWNED, or STATUS_ABANDONED (which is no error to
 * NT_SUCCESS) if nobody has taken it since its owner ended.
 */
NTSTATUS KeReleaseMutant(
    PKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandon, BOOLEAN Wait, PLONG Previous)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Old = Mutant->Header.SignalState;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Abandon ? Mutant->OwnerThread == NULL : Mutant->OwnerThread != KeGetCurrentThread()) {
        Status = Mutant->Abandoned ? STATUS_ABANDONED : STATUS_MUTANT_NOT_OWNED;
    } else if (Abandon || Old == 0) {
        Mutant->Abandoned = Abandon;
        KiFreeMutant(Mutant, Increment);
    } else {
        Mutant->Header.SignalState = Old + 1;
    }
    KiUnlockDispatcherOrWait(OldIrql, Wait && Status == STATUS_SUCCESS);
    if (Status == STATUS_SUCCESS && Previous != NULL) {
        *Previous = Old;
    }
    return Status;
}

void KeRundownThread(void)
{
    PKTHREAD Thread = KeGetCurrentThread();
    KIRQL OldIrql = KiLockDispatcher();

    while (!IsListEmpty(&Thread->MutantListHead)) {
        PKMUTANT Mutant =
            CONTAINING_RECORD(Thread->MutantListHead.Flink, KMUTANT, MutantListEntry);
        if (Mutant->ApcDisable != 0) {
            KeBugCheckEx(
                THREAD_TERMINATE_HELD_MUTEX, (ULONG_PTR)Thread, (ULONG_PTR)Mutant, 0, 0);
        }
        Mutant->Abandoned = TRUE;
        KiFreeMutant(Mutant, 0);
    }
    KiUnlockDispatcher(OldIrql);
}
