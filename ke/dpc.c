/* SPDX-License-Identifier: MIT */
/*
 * Deferred procedure calls: what an interrupt handler leaves to DISPATCH_LEVEL.
 * Each processor has a queue, emptied by its DISPATCH_LEVEL interrupt or its
 * idle loop.
 *
 * Interrupt handlers queue DPCs whatever the interrupted code holds, so the lock
 * of the queue stands outside the order of locks: it is taken with interrupts
 * off only, and nothing is taken under it.
 */
#include "ke/ki.h"

#define KI_ANY_PROCESSOR 0xFF /* the one that queues it */

void KeInitializeDpc(PKDPC Dpc, PKDEFERRED_ROUTINE Routine, PVOID Context)
{
    Dpc->Type = DpcObject;
    Dpc->Importance = 1;
    Dpc->Inserted = FALSE;
    Dpc->Number = KI_ANY_PROCESSOR;
    Dpc->DeferredRoutine = Routine;
    Dpc->DeferredContext = Context;
}

void KeSetTargetProcessorDpc(PKDPC Dpc, UCHAR Number)
{
    ASSERT(Number < KeNumberProcessors);
    Dpc->Number = Number;
}

/* FALSE: it is queued already, with its earlier arguments. */
BOOLEAN KeInsertQueueDpc(PKDPC Dpc, PVOID Argument1, PVOID Argument2)
{
    BOOLEAN Enabled = KeDisableInterrupts();
    PKPRCB Self = KiCurrentPrcb();
    PKPRCB Prcb = Dpc->Number == KI_ANY_PROCESSOR ? Self : KiProcessorBlock[Dpc->Number];
    BOOLEAN Inserted = FALSE;

    if (!InterlockedExchange(&Dpc->Inserted, TRUE)) {
        Dpc->SystemArgument1 = Argument1;
        Dpc->SystemArgument2 = Argument2;
        KiTakeLock(&Prcb->DpcLock);
        InsertTailList(&Prcb->DpcListHead, &Dpc->DpcListEntry);
        KiDropLock(&Prcb->DpcLock);
        if (Prcb == Self) {
            KiPendSoftwareInterrupt(DISPATCH_LEVEL);
        } else {
            KiRequestRemoteInterrupt(Prcb, DISPATCH_LEVEL);
        }
        Inserted = TRUE;
    }
    KeRestoreInterrupts(Enabled);
    return Inserted;
}

/* Takes the first DPC; its memory is the owner's again, hence the copy. */
static BOOLEAN KiRemoveDpc(PKPRCB Prcb, PKDPC Copy, PKDPC *Dpc)
{
    BOOLEAN Found;

    KiDisableInterrupts();
    KiTakeLock(&Prcb->DpcLock);
    Found = !IsListEmpty(&Prcb->DpcListHead);
    if (Found) {
        *Dpc = CONTAINING_RECORD(RemoveHeadList(&Prcb->DpcListHead), KDPC, DpcListEntry);
        *Copy = **Dpc;
        (*Dpc)->Inserted = FALSE;
    }
    KiDropLock(&Prcb->DpcLock);
    KiEnableInterrupts();
    return Found;
}

/* DISPATCH_LEVEL, interrupts on. */
void KiRetireDpcList(PKPRCB Prcb)
{
    KDPC Copy;
    PKDPC Dpc;

    if (IsListEmpty(&Prcb->DpcListHead)) {
        return;
    }
    Prcb->DpcRoutineActive = TRUE;
    while (KiRemoveDpc(Prcb, &Copy, &Dpc)) {
        KiNoteDpc(Copy.DeferredRoutine);
        Copy.DeferredRoutine(
            Dpc, Copy.DeferredContext, Copy.SystemArgument1, Copy.SystemArgument2);
        ASSERT_IRQL(DISPATCH_LEVEL);
    }
    KiNoteDpc(NULL);
    Prcb->DpcRoutineActive = FALSE;
}

/* Below DISPATCH_LEVEL: this processor's queue is empty then, others may be at work. */
void KeFlushQueuedDpcs(void)
{
    ASSERT_IRQL_AT_MOST(APC_LEVEL);
    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        PKPRCB Prcb = KiProcessorBlock[i];

        /* In this order: DpcRoutineActive is set before an entry leaves the list. */
        while (!IsListEmpty(&Prcb->DpcListHead) || Prcb->DpcRoutineActive) {
            (void)!NT_SUCCESS(KeYieldExecution());
        }
    }
}
