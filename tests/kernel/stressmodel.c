/* SPDX-License-Identifier: MIT */
/*
 * The model of ke_stress: what each call does to objects, waits, alerts, APCs and
 * suspensions, by what NT documents.  It knows nothing of lists or locks.
 */
#include "tests/kernel/stress.h"

KT_STRESS_THREAD KtStressThreads[STRESS_SLOTS];
KT_STRESS_OBJECT KtStressObjects[STRESS_OBJECTS];

static ULONG KtClock; /* the order of everything that has one */

void KtModelFinish(KT_STRESS_THREAD *Self, NTSTATUS Status, ULONG Value)
{
    Self->On = KtIdle;
    Self->Linked = FALSE;
    Self->Matched = FALSE;
    Self->Expected.Results++;
    Self->Expected.Status = (__force LONG)Status;
    Self->Expected.Value = Value;
}

/* ---- Objects ---------------------------------------------------------------------- */

static BOOLEAN KtIsMutant(LONG Object)
{
    return Object >= StressMutant0 && Object <= StressMutant2;
}

/* A thread or process that has been replaced since is signalled for good. */
static BOOLEAN KtIsReplaced(const KT_STRESS_THREAD *Self, ULONG Index)
{
    return Self->Waited[Index] != KtStressObjects[Self->Given.Numbers[Index]].Object;
}

static BOOLEAN KtIsSignalled(const KT_STRESS_THREAD *Self, ULONG Index)
{
    LONG Object = Self->Given.Numbers[Index];

    return KtIsReplaced(Self, Index) || KtStressObjects[Object].State > 0 ||
           (KtIsMutant(Object) && KtStressObjects[Object].Owner == KtSlotOf(Self));
}

static NTSTATUS KtTakeMutant(KT_STRESS_OBJECT *Mutant, LONG Slot)
{
    BOOLEAN Abandoned = Mutant->Abandoned;

    if (--Mutant->State != 0) {
        return STATUS_SUCCESS;
    }
    Mutant->Owner = Slot;
    Mutant->Taken = ++KtClock;
    Mutant->Abandoned = FALSE;
    return Abandoned ? STATUS_ABANDONED : STATUS_SUCCESS;
}

static NTSTATUS KtConsume(const KT_STRESS_THREAD *Self, ULONG Index)
{
    LONG Number = Self->Given.Numbers[Index];
    KT_STRESS_OBJECT *Object = &KtStressObjects[Number];

    if (KtIsMutant(Number)) {
        return KtTakeMutant(Object, KtSlotOf(Self));
    }
    if (Number == StressSemaphore0 || Number == StressSemaphore1) {
        Object->State--;
    } else if (Number == StressEvent2 || Number == StressEvent2 + 1 || Number == StressTimer1) {
        Object->State = 0;
    }
    return STATUS_SUCCESS;
}

/* Ends the wait of Self if it can; Only: of a wait for any, just this object counts. */
static BOOLEAN KtTrySatisfy(KT_STRESS_THREAD *Self, LONG Only)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; i < Self->Given.Count; i++) {
        BOOLEAN Counts = Only == KT_NOBODY || Self->Given.Numbers[i] == Only;

        if (Self->Given.WaitType == WaitAll && !KtIsSignalled(Self, i)) {
            return FALSE;
        }
        if (Self->Given.WaitType == WaitAny && Counts && KtIsSignalled(Self, i)) {
            KtModelFinish(Self, (__force NTSTATUS)(i | (__force ULONG)KtConsume(Self, i)), 0);
            return TRUE;
        }
    }
    if (Self->Given.WaitType == WaitAny) {
        return FALSE;
    }
    for (ULONG i = 0; i < Self->Given.Count; i++) {
        Status |= KtConsume(Self, i);
    }
    KtModelFinish(Self, Status, 0);
    return TRUE;
}

static BOOLEAN KtWaitsFor(const KT_STRESS_THREAD *Self, LONG Object)
{
    for (ULONG i = 0; Self->On == KtOnObjects && Self->Linked && i < Self->Given.Count; i++) {
        if (Self->Given.Numbers[i] == Object && !KtIsReplaced(Self, i)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The waiters in their order, until the object is used up. */
void KtModelSignal(LONG Object, LONG State)
{
    LONG Old = KtStressObjects[Object].State;
    ULONG After = 0;

    KtStressObjects[Object].State = State;
    while (Old <= 0 && KtStressObjects[Object].State > 0) {
        KT_STRESS_THREAD *Next = NULL;

        for (LONG i = 0; i < STRESS_SLOTS; i++) {
            KT_STRESS_THREAD *Self = &KtStressThreads[i];

            if (KtWaitsFor(Self, Object) && Self->Since > After &&
                (Next == NULL || Self->Since < Next->Since)) {
                Next = Self;
            }
        }
        if (Next == NULL) {
            return;
        }
        After = Next->Since;
        (void)KtTrySatisfy(Next, Object);
    }
}

NTSTATUS KtModelReleaseMutant(LONG Object, LONG Slot, PULONG Previous)
{
    KT_STRESS_OBJECT *Mutant = &KtStressObjects[Object];

    if (Mutant->Owner != Slot) {
        return Mutant->Abandoned ? STATUS_ABANDONED : STATUS_MUTANT_NOT_OWNED;
    }
    *Previous = (ULONG)Mutant->State;
    if (Mutant->State != 0) {
        Mutant->State++;
        return STATUS_SUCCESS;
    }
    Mutant->Owner = KT_NOBODY;
    KtModelSignal(Object, 1);
    return STATUS_SUCCESS;
}

NTSTATUS KtModelReleaseSemaphore(LONG Object, LONG Count, PULONG Previous)
{
    LONG Old = KtStressObjects[Object].State;

    if (Old + Count > STRESS_SEMAPHORE_LIMIT) {
        return STATUS_SEMAPHORE_LIMIT_EXCEEDED;
    }
    *Previous = (ULONG)Old;
    KtModelSignal(Object, Old + Count);
    return STATUS_SUCCESS;
}

/* ---- Ports and keyed events --------------------------------------------------------- */

static BOOLEAN KtTryPort(KT_STRESS_THREAD *Self)
{
    KT_STRESS_OBJECT *Port = &KtStressObjects[Self->Given.Object];

    if (Port->State == 0) {
        return FALSE;
    }
    KtModelFinish(Self, STATUS_SUCCESS, Port->Packets[0]);
    Port->State--;
    for (LONG i = 0; i < Port->State; i++) {
        Port->Packets[i] = Port->Packets[i + 1];
    }
    return TRUE;
}

/* To the thread that has waited least, if there is one. */
void KtModelPacket(LONG Port, ULONG Packet)
{
    KT_STRESS_THREAD *Last = NULL;

    for (LONG i = 0; i < STRESS_SLOTS; i++) {
        KT_STRESS_THREAD *Self = &KtStressThreads[i];

        if (Self->On == KtOnPort && Self->Linked && (LONG)Self->Given.Object == Port &&
            (Last == NULL || Self->Since > Last->Since)) {
            Last = Self;
        }
    }
    if (Last != NULL) {
        KtModelFinish(Last, STATUS_SUCCESS, Packet);
    } else {
        KtStressObjects[Port].Packets[KtStressObjects[Port].State++] = Packet;
    }
}

/* The first of Self's process that came for the same key from the other side. */
static KT_STRESS_THREAD *KtFindPartner(const KT_STRESS_THREAD *Self)
{
    LONG First = KtSlotOf(Self) / STRESS_THREADS * STRESS_THREADS;
    KT_STRESS_THREAD *Found = NULL;

    for (LONG i = First; i < First + STRESS_THREADS; i++) {
        KT_STRESS_THREAD *Other = &KtStressThreads[i];

        if (Other != Self && Other->On == KtOnKey && !Other->Matched &&
            Other->Given.Argument == Self->Given.Argument &&
            Other->Given.Operation != Self->Given.Operation &&
            (Found == NULL || Other->Arrived < Found->Arrived)) {
            Found = Other;
        }
    }
    return Found;
}

static BOOLEAN KtTryKey(KT_STRESS_THREAD *Self)
{
    KT_STRESS_THREAD *Partner = Self->Arrived == 0 ? KtFindPartner(Self) : NULL;

    if (Self->Matched || Partner != NULL) {
        KtModelFinish(Self, STATUS_SUCCESS, 0);
    }
    if (Partner != NULL && Partner->Linked) {
        KtModelFinish(Partner, STATUS_SUCCESS, 0);
    } else if (Partner != NULL) {
        Partner->Matched = TRUE; /* it learns of it when it is resumed */
    }
    if (Self->Arrived == 0) {
        Self->Arrived = ++KtClock;
    }
    return Self->On == KtIdle;
}

/* ---- Waits --------------------------------------------------------------------------- */

static NTSTATUS KtRunApcs(KT_STRESS_THREAD *Self)
{
    Self->Expected.Apcs += Self->PendingApcs;
    Self->PendingApcs = 0;
    return STATUS_USER_APC;
}

/* What ends a wait at once though nothing has satisfied it; STATUS_PENDING: nothing. */
static NTSTATUS KtInterruption(KT_STRESS_THREAD *Self)
{
    BOOLEAN Alertable = Self->Given.Alertable != 0;

    if (Alertable && Self->Alerted[UserMode]) {
        Self->Alerted[UserMode] = FALSE;
        return STATUS_ALERTED;
    }
    if (Alertable && Self->PendingApcs != 0) {
        return KtRunApcs(Self);
    }
    if (Alertable && Self->Alerted[KernelMode]) {
        Self->Alerted[KernelMode] = FALSE;
        return STATUS_ALERTED;
    }
    if (Self->Given.Timeout >= StressShort) {
        return Self->On == KtOnTime ? STATUS_SUCCESS : STATUS_TIMEOUT;
    }
    return STATUS_PENDING;
}

static BOOLEAN KtTry(KT_STRESS_THREAD *Self)
{
    switch (Self->On) {
    case KtOnObjects:
        return KtTrySatisfy(Self, KT_NOBODY);
    case KtOnPort:
        return KtTryPort(Self);
    case KtOnKey:
        return KtTryKey(Self);
    default:
        return FALSE;
    }
}

void KtModelWait(KT_STRESS_THREAD *Self, KT_BLOCKED On)
{
    NTSTATUS Status;

    if (Self->On == KtIdle) {
        Self->Arrived = 0;
    }
    Self->On = On;
    if (KtTry(Self)) {
        return;
    }
    Status = KtInterruption(Self);
    if (Status != STATUS_PENDING) {
        KtModelFinish(Self, Status, 0);
    } else {
        Self->Linked = TRUE;
        Self->Since = ++KtClock;
    }
}

/* ---- What threads do to each other ----------------------------------------------------- */

static BOOLEAN KtIsAlertable(const KT_STRESS_THREAD *Target)
{
    return Target->On != KtIdle && Target->Linked && Target->Given.Alertable;
}

void KtModelAlert(KT_STRESS_THREAD *Target, KPROCESSOR_MODE Mode)
{
    if (Target->Alerted[(UCHAR)Mode]) {
        return;
    }
    if (KtIsAlertable(Target)) {
        KtModelFinish(Target, STATUS_ALERTED, 0);
    } else {
        Target->Alerted[(UCHAR)Mode] = TRUE;
    }
}

void KtModelApc(KT_STRESS_THREAD *Target)
{
    Target->PendingApcs++;
    if (KtIsAlertable(Target)) {
        KtModelFinish(Target, KtRunApcs(Target), 0);
    }
}

/* A suspended thread stands in no list, and its place is lost. */
NTSTATUS KtModelSuspend(KT_STRESS_THREAD *Target, PULONG Previous)
{
    if (Target->SuspendCount == 127) {
        return STATUS_SUSPEND_COUNT_EXCEEDED;
    }
    *Previous = Target->SuspendCount++;
    Target->Linked = FALSE;
    return STATUS_SUCCESS;
}

ULONG KtModelResume(KT_STRESS_THREAD *Target)
{
    ULONG Previous = Target->SuspendCount;

    if (Previous != 0 && --Target->SuspendCount == 0) {
        if (Target->On == KtOnItself) {
            KtModelFinish(Target, STATUS_SUCCESS, 0);
        } else if (Target->On != KtIdle) {
            KtModelWait(Target, Target->On);
        }
    }
    return Previous;
}

/* The mutant that Slot has owned longest, or KT_NOBODY. */
static LONG KtOldestMutant(LONG Slot)
{
    LONG Oldest = KT_NOBODY;

    for (LONG i = StressMutant0; i <= StressMutant2; i++) {
        if (KtStressObjects[i].Owner == Slot &&
            (Oldest == KT_NOBODY || KtStressObjects[i].Taken < KtStressObjects[Oldest].Taken)) {
            Oldest = i;
        }
    }
    return Oldest;
}

void KtModelDie(KT_STRESS_THREAD *Target)
{
    LONG Slot = KtSlotOf(Target), Mutant;

    if (Target->SuspendCount != 0) {
        (void)KtTry(Target); /* made to go on, its wait takes what is there; then it ends */
    }
    Target->On = KtIdle;
    Target->Linked = FALSE;
    Target->Matched = FALSE;
    while ((Mutant = KtOldestMutant(Slot)) != KT_NOBODY) {
        KtStressObjects[Mutant].Owner = KT_NOBODY;
        KtStressObjects[Mutant].Abandoned = TRUE;
        KtModelSignal(Mutant, 1);
    }
    KtModelSignal(STRESS_THREAD0 + Slot, 1);
}

/* Does anybody wait for Object, or only one of those that are to die? */
static BOOLEAN KtIsWaitedFor(LONG Object, LONG First, LONG Count, BOOLEAN ByTheDying)
{
    for (LONG i = 0; i < STRESS_SLOTS; i++) {
        if ((i >= First && i < First + Count) == ByTheDying &&
            KtWaitsFor(&KtStressThreads[i], Object)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Does one of the dying wait for what the end of Slot, one of them, signals? */
static BOOLEAN KtIsEntangled(LONG Slot, LONG First, LONG Count)
{
    for (LONG i = StressMutant0; i <= StressMutant2; i++) {
        if (KtStressObjects[i].Owner == Slot && KtIsWaitedFor(i, First, Count, TRUE)) {
            return TRUE;
        }
    }
    return KtIsWaitedFor(STRESS_THREAD0 + Slot, First, Count, TRUE);
}

/* Of several that end at the same time, at most one may concern somebody else. */
BOOLEAN KtModelProcessMayDie(LONG Process)
{
    LONG First = Process * STRESS_THREADS;
    LONG Concerning =
        KtIsWaitedFor(STRESS_PROCESS0 + Process, First, STRESS_THREADS, FALSE);

    for (LONG i = First; i < First + STRESS_THREADS; i++) {
        BOOLEAN GoesOn = KtStressThreads[i].SuspendCount != 0 && KtStressThreads[i].On != KtIdle;

        if (GoesOn || KtIsEntangled(i, First, STRESS_THREADS)) {
            return FALSE;
        }
        Concerning += KtOldestMutant(i) != KT_NOBODY ||
                      KtIsWaitedFor(STRESS_THREAD0 + i, First, STRESS_THREADS, FALSE);
    }
    return Concerning <= 1;
}
