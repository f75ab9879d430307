/* SPDX-License-Identifier: MIT */
/*
 * The steps of ke_stress: chooses what a thread does next, by seed=, tells the model,
 * and gives the command.
 */
#include "tests/kernel/stress.h"

static ULONG KtSeed;
static ULONG KtPacket; /* each is another */

void KtSeedSteps(ULONG Seed)
{
    KtSeed = Seed * 2654435761u | 1;
    KtPacket = 0;
}

static ULONG KtBelow(ULONG Limit)
{
    KtSeed ^= KtSeed << 13;
    KtSeed ^= KtSeed >> 17;
    KtSeed ^= KtSeed << 5;
    return (KtSeed >> 3) % Limit;
}

static void KtCommand(KT_STRESS_THREAD *Self, STRESS_OPERATION Operation)
{
    RtlZeroMemory(&Self->Given, sizeof(Self->Given));
    Self->Given.Operation = Operation;
}

/* An operator comes back at once, others may be gone for long. */
static void KtChooseTimeout(KT_STRESS_THREAD *Self)
{
    static const UCHAR Timeouts[] = {StressForever, StressForever, StressForever, StressLong,
        StressForever, StressLong, StressZero, StressPast};

    Self->Given.Timeout = Timeouts[KtIsOperator(Self) ? 6 + KtBelow(2) : KtBelow(8)];
    if (KtBelow(1000) == 0) {
        Self->Given.Timeout = StressShort;
    }
    Self->Given.Alertable = KtBelow(2);
}

/* ---- Waits ------------------------------------------------------------------------- */

/* Most waits are for few of the named objects; a thread or a process now and then. */
static UCHAR KtChooseObject(void)
{
    return (UCHAR)(KtBelow(16) != 0 ? KtBelow(STRESS_WAITABLE)
                                    : STRESS_THREAD0 + KtBelow(STRESS_OBJECTS - STRESS_THREAD0));
}

static void KtAddWaited(KT_STRESS_THREAD *Self, UCHAR Number)
{
    Self->Given.Numbers[Self->Given.Count] = Number;
    Self->Waited[Self->Given.Count] = KtStressObjects[Number].Object;
    Self->Given.Count++;
}

static BOOLEAN KtHasTwice(const KT_STRESS_THREAD *Self)
{
    for (ULONG i = 0; i < Self->Given.Count; i++) {
        for (ULONG j = 0; j < i; j++) {
            if (Self->Given.Numbers[i] == Self->Given.Numbers[j]) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

static void KtStepWait(KT_STRESS_THREAD *Self)
{
    ULONG Count = KtBelow(200) == 0 ? STRESS_MAX_WAIT : 1 + KtBelow(KtBelow(8) == 0 ? 10 : 4);

    KtCommand(Self, StressWait);
    while (Self->Given.Count < Count) {
        KtAddWaited(Self, KtChooseObject());
    }
    Self->Given.WaitType = Count > 1 && KtBelow(2) != 0 ? WaitAll : WaitAny;
    KtChooseTimeout(Self);
    if (Self->Given.WaitType == WaitAll && KtHasTwice(Self)) {
        KtModelFinish(Self, STATUS_INVALID_PARAMETER_MIX, 0);
    } else {
        KtModelWait(Self, KtOnObjects);
    }
}

/* By what has a state that can be signalled so: an event, a semaphore, a mutant. */
static void KtStepSignalAndWait(KT_STRESS_THREAD *Self)
{
    LONG Object = (LONG)KtBelow(StressMutant2 + 1);
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Previous;

    KtCommand(Self, StressSignalAndWait);
    KtAddWaited(Self, KtChooseObject());
    Self->Given.Object = (ULONG)Object;
    Self->Given.WaitType = WaitAny;
    KtChooseTimeout(Self);
    if (Object < StressSemaphore0) {
        KtModelSignal(Object, 1);
    } else if (Object < StressMutant0) {
        Status = KtModelReleaseSemaphore(Object, 1, &Previous);
    } else {
        Status = KtModelReleaseMutant(Object, KtSlotOf(Self), &Previous);
    }
    if (Status == STATUS_SUCCESS) {
        KtModelWait(Self, KtOnObjects);
    } else {
        KtModelFinish(Self, Status, 0);
    }
}

static void KtStepKeyed(KT_STRESS_THREAD *Self)
{
    KtCommand(Self, KtBelow(2) != 0 ? StressWaitKeyed : StressReleaseKeyed);
    Self->Given.Argument = KtBelow(STRESS_KEYS);
    KtChooseTimeout(Self);
    KtModelWait(Self, KtOnKey);
}

/* Alertable, or it would not come back. */
static void KtStepDelay(KT_STRESS_THREAD *Self)
{
    KtCommand(Self, StressDelay);
    KtChooseTimeout(Self);
    if (Self->Given.Timeout <= StressLong) {
        Self->Given.Timeout = StressLong;
        Self->Given.Alertable = TRUE;
    }
    KtModelWait(Self, KtOnTime);
}

/* ---- Objects ------------------------------------------------------------------------ */

static void KtStepEvent(KT_STRESS_THREAD *Self)
{
    LONG Object = (LONG)KtBelow(StressSemaphore0), Old = KtStressObjects[Object].State;
    ULONG Kind = KtBelow(4);

    KtCommand(Self, Kind == 0 ? StressResetEvent : Kind == 1 ? StressPulseEvent : StressSetEvent);
    Self->Given.Object = (ULONG)Object;
    KtModelSignal(Object, Kind != 0);
    if (Kind == 1) {
        KtStressObjects[Object].State = 0;
    }
    KtModelFinish(Self, STATUS_SUCCESS, (ULONG)Old);
}

static void KtStepSemaphore(KT_STRESS_THREAD *Self)
{
    LONG Object = StressSemaphore0 + (LONG)KtBelow(2);
    ULONG Previous = 0;
    NTSTATUS Status;

    KtCommand(Self, StressReleaseSemaphore);
    Self->Given.Object = (ULONG)Object;
    Self->Given.Argument = 1 + KtBelow(KtBelow(16) == 0 ? 4 : 2);
    Status = KtModelReleaseSemaphore(Object, (LONG)Self->Given.Argument, &Previous);
    KtModelFinish(Self, Status, Previous);
}

static void KtStepMutant(KT_STRESS_THREAD *Self)
{
    LONG Object = StressMutant0 + (LONG)KtBelow(3);
    ULONG Previous = 0;
    NTSTATUS Status;

    KtCommand(Self, StressReleaseMutant);
    Self->Given.Object = (ULONG)Object;
    Status = KtModelReleaseMutant(Object, KtSlotOf(Self), &Previous);
    KtModelFinish(Self, Status, Previous);
}

/* Due now, soon, or long after the test. */
static void KtStepTimer(KT_STRESS_THREAD *Self)
{
    LONG Object = StressTimer0 + (LONG)KtBelow(2), Old = KtStressObjects[Object].State;

    KtCommand(Self, KtBelow(4) != 0 ? StressSetTimer : StressCancelTimer);
    Self->Given.Object = (ULONG)Object;
    if (Self->Given.Operation == StressSetTimer) {
        Self->Given.Timeout = KtBelow(500) == 0 ? StressShort
                              : KtBelow(3) == 0 ? StressLong
                                                : StressZero + KtBelow(2);
        KtStressObjects[Object].State = 0;
        KtModelSignal(Object, Self->Given.Timeout != StressLong);
    }
    KtModelFinish(Self, STATUS_SUCCESS, (ULONG)Old);
}

static void KtStepPort(KT_STRESS_THREAD *Self)
{
    LONG Port = StressPort0 + (LONG)KtBelow(2);

    if (KtBelow(2) != 0 && KtStressObjects[Port].State < KT_PACKETS) {
        KtCommand(Self, StressSetPacket);
        Self->Given.Object = (ULONG)Port;
        Self->Given.Argument = ++KtPacket;
        KtModelPacket(Port, KtPacket);
        KtModelFinish(Self, STATUS_SUCCESS, 0);
        return;
    }
    KtCommand(Self, StressRemovePacket);
    Self->Given.Object = (ULONG)Port;
    KtChooseTimeout(Self);
    Self->Given.Alertable = FALSE;
    KtModelWait(Self, KtOnPort);
}

static void KtStepQuery(KT_STRESS_THREAD *Self)
{
    LONG Number = (LONG)KtBelow(StressKeyed);
    const KT_STRESS_OBJECT *Object = &KtStressObjects[Number];
    ULONG Value = (ULONG)Object->State;

    KtCommand(Self, StressQuery);
    Self->Given.Object = (ULONG)Number;
    if (Number >= StressMutant0 && Number <= StressMutant2) {
        Value = Value << 2 | (ULONG)(Object->Owner == KtSlotOf(Self)) << 1 | Object->Abandoned;
    }
    KtModelFinish(Self, STATUS_SUCCESS, Value);
}

static void KtStepReopen(KT_STRESS_THREAD *Self)
{
    KtCommand(Self, StressReopen);
    Self->Given.Object = KtBelow(STRESS_NAMED);
    Self->Given.Argument = KtBelow(2);
    KtModelFinish(
        Self, Self->Given.Argument != 0 ? STATUS_OBJECT_NAME_EXISTS : STATUS_SUCCESS, 0);
}

static void KtStepTestAlert(KT_STRESS_THREAD *Self)
{
    KtCommand(Self, StressTestAlert);
    if (Self->Alerted[UserMode]) {
        Self->Alerted[UserMode] = FALSE;
        KtModelFinish(Self, STATUS_ALERTED, 0);
        return;
    }
    Self->Expected.Apcs += Self->PendingApcs;
    Self->PendingApcs = 0;
    KtModelFinish(Self, STATUS_SUCCESS, 0);
}

/* ---- Other threads --------------------------------------------------------------------- */

/* By Self to Target, which may be Self. */
static void KtStepDisturb(KT_STRESS_THREAD *Self, KT_STRESS_THREAD *Target)
{
    static const UCHAR Operations[] = {
        StressAlert, StressQueueApc, StressAlertResume, StressResume, StressSuspend};
    STRESS_OPERATION Operation = Operations[KtBelow(KtIsOperator(Target) ? 4 : 5)];
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Value = 0;

    KtCommand(Self, Operation);
    Self->Given.Argument = (ULONG)KtSlotOf(Target);
    if (Operation == StressAlert) {
        KtModelAlert(Target, UserMode);
    } else if (Operation == StressQueueApc) {
        KtModelApc(Target);
    } else if (Operation == StressSuspend) {
        Status = KtModelSuspend(Target, &Value);
    } else {
        if (Operation == StressAlertResume) {
            KtModelAlert(Target, KernelMode);
        }
        Value = KtModelResume(Target);
    }
    if (Self == Target && Operation == StressSuspend) {
        Self->On = KtOnItself; /* and finishes when another resumes it */
    } else {
        KtModelFinish(Self, Status, Value);
    }
}

/* The operator of the victim's process starts its successor. */
static void KtStepKillThread(KT_STRESS_THREAD *Self, KT_STRESS_THREAD *Target)
{
    KtCommand(Self, StressKillThread);
    Self->Given.Argument = (ULONG)KtSlotOf(Target);
    KtModelDie(Target);
    KtModelFinish(Self, STATUS_SUCCESS, 0);
    KtGiveCommand(Self);
    KtReplaceThread(KtSlotOf(Target));
}

static void KtStepKillProcess(KT_STRESS_THREAD *Self, LONG Process)
{
    KtCommand(Self, StressKillProcess);
    Self->Given.Argument = (ULONG)Process;
    for (LONG i = 0; i < STRESS_THREADS; i++) {
        KtModelDie(&KtStressThreads[Process * STRESS_THREADS + i]);
    }
    KtModelSignal(STRESS_PROCESS0 + Process, 1);
    KtModelFinish(Self, STATUS_SUCCESS, 0);
    KtGiveCommand(Self);
    KtReplaceProcess(Process);
}

static BOOLEAN KtStepKill(KT_STRESS_THREAD *Self)
{
    KT_STRESS_THREAD *Target = &KtStressThreads[KtBelow(STRESS_SLOTS)];
    LONG Process = KtSlotOf(Target) / STRESS_THREADS;

    if (Process != KtSlotOf(Self) / STRESS_THREADS && KtBelow(8) == 0 &&
        KtModelProcessMayDie(Process)) {
        KtStepKillProcess(Self, Process);
        return TRUE;
    }
    if (Self == Target || KtIsOperator(Target)) {
        return FALSE;
    }
    KtStepKillThread(Self, Target);
    return TRUE;
}

/* ---- The choice -------------------------------------------------------------------------- */

static void KtStepObject(KT_STRESS_THREAD *Self)
{
    static void (*const Steps[])(KT_STRESS_THREAD *Self) = {KtStepEvent, KtStepEvent, KtStepEvent,
        KtStepSemaphore, KtStepSemaphore, KtStepMutant, KtStepMutant, KtStepMutant, KtStepTimer,
        KtStepPort, KtStepKeyed, KtStepTestAlert, KtStepDelay, KtStepQuery, KtStepReopen};

    Steps[KtBelow(ARRAYSIZE(Steps))](Self);
}

/* The command is given before the next step is chosen; a kill gives its own. */
void KtStressStep(LONG *Actor)
{
    KT_STRESS_THREAD *Self = &KtStressThreads[KtBelow(STRESS_SLOTS)];
    KT_STRESS_THREAD *Target = Self;
    ULONG Kind = KtBelow(1000);

    if (Self->On != KtIdle || Self->SuspendCount != 0) { /* an operator acts, mostly upon it */
        Self = &KtStressThreads[KtBelow(STRESS_PROCESSES) * STRESS_THREADS];
        Kind = KtBelow(2) != 0 ? 999 : Kind;
    }
    *Actor = KtSlotOf(Self);
    if (Kind == 0 && KtStepKill(Self)) {
        return;
    }
    if (Kind < 400) {
        KtStepWait(Self);
    } else if (Kind < 460) {
        KtStepSignalAndWait(Self);
    } else if (Kind < 950) {
        KtStepObject(Self);
    } else {
        KtStepDisturb(Self, Target);
    }
    KtGiveCommand(Self);
}

static const CHAR KtTimeoutNames[][8] = {"forever", "long", "short", "zero", "past"};

void KtPrintCommand(LONG Slot)
{
#define KT_NAME(Name) #Name,
    static const PCSTR Names[] = {STRESS_OPERATIONS(KT_NAME)};
    const STRESS_COMMAND *Given = &KtStressThreads[Slot].Given;

    KePrint("# slot %u: %s object %u argument %u timeout %s%s", Slot, Names[Given->Operation],
        Given->Object, Given->Argument, KtTimeoutNames[Given->Timeout],
        Given->Alertable ? " alertable" : "");
    if (Given->Count != 0) {
        KePrint(" for %s of", Given->WaitType == WaitAll ? "all" : "any");
    }
    for (ULONG i = 0; i < Given->Count; i++) {
        KePrint(" %u", Given->Numbers[i]);
    }
    KePrint("\n");
}
