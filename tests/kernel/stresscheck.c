/* SPDX-License-Identifier: MIT */
/*
 * Does the kernel agree with the model of ke_stress?  What the threads have returned,
 * what each is blocked on, the state of every object, and who stands in its list in
 * which order.
 */
#include "ke/ki.h"
#include "tests/kernel/stress.h"

static BOOLEAN KtReport; /* print what differs */

static BOOLEAN KtIs(PCSTR What, LONG Number, ULONG Actual, ULONG Expected)
{
    if (Actual != Expected && KtReport) {
        KePrint("# %s %d: is %08x, the model says %08x\n", What, Number, Actual, Expected);
    }
    return Actual == Expected;
}

static BOOLEAN KtResultsAgree(void)
{
    STRESS_RESULT Results[STRESS_SLOTS];

    if (!KtReadResults(Results)) {
        return FALSE;
    }
    for (LONG i = 0; i < STRESS_SLOTS; i++) {
        const KT_STRESS_THREAD *Self = &KtStressThreads[i];
        const STRESS_RESULT *Expected = &Self->Expected;

        if (!KtIs("existence of slot", i, Self->Thread != NULL, TRUE) ||
            !KtIs("commands done by slot", i, Results[i].Results, Expected->Results) ||
            !KtIs("status of slot", i, (ULONG)Results[i].Status, (ULONG)Expected->Status) ||
            !KtIs("value of slot", i, Results[i].Value, Expected->Value) ||
            !KtIs("APCs of slot", i, Results[i].Apcs, Expected->Apcs) ||
            !KtIs("state of slot", i, Self->Thread->Tcb.State, Waiting)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- What a thread waits for; from here on the dispatcher lock is held -------------- */

static BOOLEAN KtWaitBlocksAgree(LONG Slot)
{
    const KT_STRESS_THREAD *Self = &KtStressThreads[Slot];
    PKWAIT_BLOCK Block = Self->Thread->Tcb.WaitBlockList;

    for (ULONG i = 0; i < Self->Given.Count; i++, Block = Block->NextWaitBlock) {
        if (!KtIs("object waited for by slot", Slot, (ULONG_PTR)Block->Object,
                (ULONG_PTR)Self->Waited[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

static BOOLEAN KtThreadAgrees(LONG Slot)
{
    const KT_STRESS_THREAD *Self = &KtStressThreads[Slot];
    PKTHREAD Tcb = &Self->Thread->Tcb;
    PVOID Object = Tcb->WaitBlockList->Object;

    if (!KtIs("suspensions of slot", Slot, (ULONG)Tcb->SuspendCount, Self->SuspendCount) ||
        !KtIs("alert of slot", Slot, Tcb->Alerted[UserMode], Self->Alerted[UserMode]) ||
        !KtIs("kernel alert of slot", Slot, Tcb->Alerted[KernelMode], Self->Alerted[KernelMode]) ||
        !KtIs("no queued APC of slot", Slot, IsListEmpty(&Tcb->ApcState.ApcListHead[UserMode]),
            Self->PendingApcs == 0)) {
        return FALSE;
    }
    if (Self->SuspendCount != 0) {
        return KtIs("parking of slot", Slot, (ULONG_PTR)Object, (ULONG_PTR)&Tcb->SuspendSemaphore);
    }
    switch (Self->On) {
    case KtOnObjects:
        return KtWaitBlocksAgree(Slot);
    case KtOnPort:
        return KtIs("port of slot", Slot, (ULONG_PTR)Object,
            (ULONG_PTR)KtStressObjects[Self->Given.Object].Object);
    case KtOnKey:
        return KtIs("wait reason of slot", Slot, Tcb->WaitReason, WrKeyedEvent);
    case KtOnTime:
        return KtIs("wait reason of slot", Slot, Tcb->WaitReason, DelayExecution);
    default:
        return KtIs("idleness of slot", Slot, (ULONG_PTR)Object, (ULONG_PTR)Self->Command);
    }
}

/* ---- Objects --------------------------------------------------------------------------- */

/* The waiter that comes after the one linked at Since. */
static const KT_STRESS_THREAD *KtNextWaiter(LONG Number, ULONG Since)
{
    const KT_STRESS_THREAD *Next = NULL;

    for (LONG i = 0; i < STRESS_SLOTS; i++) {
        const KT_STRESS_THREAD *Self = &KtStressThreads[i];
        BOOLEAN Waits = Self->On == KtOnPort && (LONG)Self->Given.Object == Number;

        for (ULONG n = 0; Self->On == KtOnObjects && n < Self->Given.Count; n++) {
            Waits |= Self->Waited[n] == KtStressObjects[Number].Object;
        }
        if (Waits && Self->Linked && Self->Since > Since &&
            (Next == NULL || Self->Since < Next->Since)) {
            Next = Self;
        }
    }
    return Next;
}

/* How often one waiter stands in the list. */
static ULONG KtCountBlocks(const KT_STRESS_THREAD *Self, LONG Number)
{
    ULONG Count = Self->On == KtOnPort;

    for (ULONG n = 0; Self->On == KtOnObjects && n < Self->Given.Count; n++) {
        Count += Self->Waited[n] == KtStressObjects[Number].Object;
    }
    return Count;
}

static BOOLEAN KtWaitersAgree(LONG Number, PDISPATCHER_HEADER Header)
{
    PLIST_ENTRY Entry = Header->WaitListHead.Flink;
    const KT_STRESS_THREAD *Self = NULL;

    while ((Self = KtNextWaiter(Number, Self != NULL ? Self->Since : 0)) != NULL) {
        for (ULONG n = KtCountBlocks(Self, Number); n != 0; n--, Entry = Entry->Flink) {
            PKWAIT_BLOCK Block = CONTAINING_RECORD(Entry, KWAIT_BLOCK, WaitListEntry);

            if (Entry == &Header->WaitListHead) {
                return KtIs("first that does not wait for object", Number, 0,
                    (ULONG)KtSlotOf(Self));
            }
            if (!KtIs("waiter of object", Number, (ULONG_PTR)Block->Thread,
                    (ULONG_PTR)&Self->Thread->Tcb)) {
                return FALSE;
            }
        }
    }
    return KtIs("end of the waiters of object", Number, (ULONG_PTR)Entry,
        (ULONG_PTR)&Header->WaitListHead);
}

static BOOLEAN KtObjectAgrees(LONG Number)
{
    const KT_STRESS_OBJECT *Object = &KtStressObjects[Number];
    PDISPATCHER_HEADER Header = Object->Object;

    if (Number == StressKeyed) {
        return TRUE; /* has no state but its waiters */
    }
    if (!KtIs("state of object", Number, (ULONG)Header->SignalState, (ULONG)Object->State) ||
        !KtWaitersAgree(Number, Header)) {
        return FALSE;
    }
    if (Number >= StressMutant0 && Number <= StressMutant2) {
        const KMUTANT *Mutant = Object->Object;
        PKTHREAD Owner =
            Object->Owner != KT_NOBODY ? &KtStressThreads[Object->Owner].Thread->Tcb : NULL;

        return KtIs("owner of object", Number, (ULONG_PTR)Mutant->OwnerThread, (ULONG_PTR)Owner) &&
               KtIs("abandoned object", Number, Mutant->Abandoned, Object->Abandoned);
    }
    return TRUE;
}

/* The results are looked at first, without the lock: mostly something still moves. */
BOOLEAN KtStressAgrees(BOOLEAN Report)
{
    BOOLEAN Agrees;
    KIRQL OldIrql;

    KtReport = Report;
    if (!KtResultsAgree()) {
        return FALSE;
    }
    OldIrql = KiLockDispatcher();
    Agrees = TRUE;
    for (LONG i = 0; Agrees && i < STRESS_SLOTS; i++) {
        Agrees = KtStressThreads[i].Thread->Tcb.State == Waiting && KtThreadAgrees(i);
    }
    for (LONG i = 0; Agrees && i < STRESS_OBJECTS; i++) {
        Agrees = KtObjectAgrees(i);
    }
    KiUnlockDispatcher(OldIrql);
    return Agrees;
}
