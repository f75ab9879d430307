/* SPDX-License-Identifier: MIT */
/*
 * Dispatcher objects against a model.  At each of 10^5 steps, chosen by seed=, one
 * of a few threads starts a wait for any or all of some objects, or releases a
 * mutant, or an object is signalled, or a wait is alerted.  The model says who
 * wakes with which status and what state every object then has.
 *
 * The threads are driven in lock step: the next step comes when all of them are
 * asleep, so that whatever the scheduler does there is one right result.
 */
#include "boot.h"
#include "tests/kernel/kt.h"

#define STEPS   100000
#define THREADS 5
#define OBJECTS 6 /* events 0, 1; semaphores 2, 3; mutants 4, 5 */
#define LIMIT   3 /* of the semaphores */
#define NOBODY  (-1)

/* One thread and what the model knows of it. */
typedef struct _KT_STRESS_THREAD {
    PETHREAD Thread;
    KEVENT Command;        /* there is something to do */
    volatile LONG Results; /* how many commands it has finished */
    NTSTATUS Status;       /* of the last */
    enum { KtDoWait, KtDoRelease, KtDoEnd } What;
    ULONG Count; /* objects to wait for, by number; KtDoRelease: the first */
    LONG Numbers[THREAD_WAIT_OBJECTS];
    WAIT_TYPE Type;
    BOOLEAN Block; /* else with a timeout of zero */
    /* The model's: */
    BOOLEAN Waits;
    ULONG Since; /* step at which the wait began: the order of the waiters */
    LONG Expected;
    NTSTATUS ExpectedStatus;
} KT_STRESS_THREAD;

typedef struct _KT_STRESS_OBJECT {
    LONG State;
    LONG Owner; /* of a mutant: thread number */
} KT_STRESS_OBJECT;

static KT_STRESS_THREAD KtThreads[THREADS];
static KT_STRESS_OBJECT KtModel[OBJECTS];
static KEVENT KtEvents[2];
static KSEMAPHORE KtSemaphores[2];
static KMUTANT KtMutants[2];
static PVOID KtObjects[OBJECTS] = {&KtEvents[0], &KtEvents[1], &KtSemaphores[0],
    &KtSemaphores[1], &KtMutants[0], &KtMutants[1]};
static ULONG KtSeed;

static ULONG KtBelow(ULONG Limit)
{
    KtSeed ^= KtSeed << 13;
    KtSeed ^= KtSeed >> 17;
    KtSeed ^= KtSeed << 5;
    return (KtSeed >> 3) % Limit;
}

/* ---- What the threads do ------------------------------------------------------- */

static NTSTATUS KtObey(KT_STRESS_THREAD *Self)
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    PVOID Objects[THREAD_WAIT_OBJECTS];

    if (Self->What == KtDoRelease) {
        return KeReleaseMutant(KtObjects[Self->Numbers[0]], 1, FALSE, FALSE, NULL);
    }
    for (ULONG i = 0; i < Self->Count; i++) {
        Objects[i] = KtObjects[Self->Numbers[i]];
    }
    return Self->Count == 1
        ? KeWaitForSingleObject(
              Objects[0], Executive, KernelMode, TRUE, Self->Block ? NULL : &Zero)
        : KeWaitForMultipleObjects(Self->Count, Objects, Self->Type, Executive, KernelMode, TRUE,
              Self->Block ? NULL : &Zero, NULL);
}

static void KtStressThread(PVOID Context)
{
    KT_STRESS_THREAD *Self = Context;

    for (;;) {
        (void)KeWaitForSingleObject(&Self->Command, Executive, KernelMode, FALSE, NULL);
        if (Self->What == KtDoEnd) {
            return;
        }
        Self->Status = KtObey(Self);
        InterlockedIncrement(&Self->Results);
    }
}

/* ---- The model ------------------------------------------------------------------- */

static BOOLEAN KtIsSignalled(LONG Object, LONG Thread)
{
    return KtModel[Object].State > 0 || (Object >= 4 && KtModel[Object].Owner == Thread);
}

static void KtConsume(LONG Object, LONG Thread)
{
    KT_STRESS_OBJECT *Model = &KtModel[Object];

    if (Object == 1) { /* synchronization event; 0 is a notification event */
        Model->State = 0;
    } else if (Object >= 2) {
        Model->State--;
    }
    if (Object >= 4) {
        Model->Owner = Thread;
    }
}

/* Would the wait of Thread be over now?  Then it consumes what it waits for. */
static BOOLEAN KtTrySatisfy(LONG Thread, LONG Only)
{
    KT_STRESS_THREAD *Self = &KtThreads[Thread];
    ULONG Signalled = 0;

    for (ULONG i = 0; i < Self->Count; i++) {
        LONG Object = Self->Numbers[i];

        if (!KtIsSignalled(Object, Thread) ||
            (Self->Type == WaitAny && Only != NOBODY && Only != Object)) {
            continue;
        }
        Signalled++;
        if (Self->Type == WaitAny) {
            KtConsume(Object, Thread);
            Self->ExpectedStatus = (__force NTSTATUS)i;
            return TRUE;
        }
    }
    if (Self->Type == WaitAny || Signalled != Self->Count) {
        return FALSE;
    }
    for (ULONG i = 0; i < Self->Count; i++) {
        KtConsume(Self->Numbers[i], Thread);
    }
    Self->ExpectedStatus = STATUS_SUCCESS;
    return TRUE;
}

static BOOLEAN KtWaitsFor(const KT_STRESS_THREAD *Self, LONG Object)
{
    for (ULONG i = 0; Self->Waits && i < Self->Count; i++) {
        if (Self->Numbers[i] == Object) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Object is signalled: the waiters in their order, until it is used up. */
static void KtWakeWaiters(LONG Object)
{
    ULONG After = 0;

    while (KtModel[Object].State > 0) {
        LONG Next = NOBODY;

        for (LONG i = 0; i < THREADS; i++) {
            if (KtWaitsFor(&KtThreads[i], Object) && KtThreads[i].Since > After &&
                (Next == NOBODY || KtThreads[i].Since < KtThreads[Next].Since)) {
                Next = i;
            }
        }
        if (Next == NOBODY) {
            return;
        }
        After = KtThreads[Next].Since;
        if (KtTrySatisfy(Next, Object)) {
            KtThreads[Next].Waits = FALSE;
            KtThreads[Next].Expected++;
        }
    }
}

static void KtModelSignal(LONG Object, LONG State)
{
    LONG Old = KtModel[Object].State;

    KtModel[Object].State = State;
    if (Old <= 0 && State > 0) {
        KtWakeWaiters(Object);
    }
}

/* ---- Steps -------------------------------------------------------------------------- */

static void KtGive(KT_STRESS_THREAD *Self)
{
    (void)KeSetEvent(&Self->Command, 0, FALSE);
}

static void KtStepWait(LONG Thread, ULONG Step)
{
    KT_STRESS_THREAD *Self = &KtThreads[Thread];
    LONG First = (LONG)KtBelow(OBJECTS), Stride = KtBelow(2) != 0 ? 1 : 5;

    Self->What = KtDoWait;
    Self->Count = KtBelow(THREAD_WAIT_OBJECTS) + 1;
    Self->Type = Self->Count > 1 && KtBelow(2) != 0 ? WaitAll : WaitAny;
    Self->Block = KtBelow(4) != 0;
    for (ULONG i = 0; i < Self->Count; i++) {
        Self->Numbers[i] = (First + (LONG)i * Stride) % OBJECTS;
    }
    Self->Since = Step;
    if (KtTrySatisfy(Thread, NOBODY)) {
        Self->Expected++;
    } else if (Self->Block) {
        Self->Waits = TRUE;
    } else {
        Self->Expected++;
        Self->ExpectedStatus = STATUS_TIMEOUT;
    }
    KtGive(Self);
}

static void KtStepRelease(LONG Thread)
{
    KT_STRESS_THREAD *Self = &KtThreads[Thread];
    LONG Object = 4 + (LONG)KtBelow(2);

    Self->What = KtDoRelease;
    Self->Numbers[0] = Object;
    Self->Expected++;
    Self->ExpectedStatus = STATUS_MUTANT_NOT_OWNED;
    if (KtModel[Object].Owner == Thread) {
        Self->ExpectedStatus = STATUS_SUCCESS;
        KtModel[Object].Owner = KtModel[Object].State == 0 ? NOBODY : Thread;
        KtModelSignal(Object, KtModel[Object].State + 1);
    }
    KtGive(Self);
}

static void KtStepEvent(LONG Object)
{
    switch (KtBelow(4)) {
    case 0:
        KtModelSignal(Object, 0);
        (void)KeResetEvent(KtObjects[Object]);
        break;
    case 1:
        KtModelSignal(Object, 1);
        KtModel[Object].State = 0;
        (void)KePulseEvent(KtObjects[Object], 0, FALSE);
        break;
    default:
        KtModelSignal(Object, 1);
        (void)KeSetEvent(KtObjects[Object], 0, FALSE);
        break;
    }
}

static BOOLEAN KtStepSemaphore(LONG Object)
{
    LONG Count = (LONG)KtBelow(2) + 1;
    NTSTATUS Expected = STATUS_SEMAPHORE_LIMIT_EXCEEDED;

    if (KtModel[Object].State + Count <= LIMIT) {
        Expected = STATUS_SUCCESS;
        KtModelSignal(Object, KtModel[Object].State + Count);
    }
    return KeReleaseSemaphore(KtObjects[Object], 0, Count, FALSE, NULL) == Expected;
}

static void KtStepAlert(LONG Thread)
{
    KtThreads[Thread].Waits = FALSE;
    KtThreads[Thread].Expected++;
    KtThreads[Thread].ExpectedStatus = STATUS_ALERTED;
    (void)KeAlertThread(&KtThreads[Thread].Thread->Tcb, KernelMode);
}

static BOOLEAN KtStep(ULONG Step)
{
    LONG Thread = (LONG)KtBelow(THREADS), Object = (LONG)KtBelow(4);

    if (KtBelow(3) == 0) {
        if (Object >= 2) {
            return KtStepSemaphore(Object);
        }
        KtStepEvent(Object);
    } else if (KtThreads[Thread].Waits) {
        if (KtBelow(8) == 0) {
            KtStepAlert(Thread);
        }
    } else if (KtBelow(2) == 0) {
        KtStepRelease(Thread);
    } else {
        KtStepWait(Thread, Step);
    }
    return TRUE;
}

/* Lets the threads go to sleep again; FALSE: one has not done what it should. */
static BOOLEAN KtSettle(void)
{
    for (ULONG i = 0; i < THREADS; i++) {
        KT_STRESS_THREAD *Self = &KtThreads[i];

        for (ULONG Tries = 0; Self->Results != Self->Expected ||
             Self->Thread->Tcb.State != Waiting; Tries++) {
            if (Tries == 100 || Self->Results > Self->Expected) {
                return FALSE;
            }
            KtSleep(Tries != 0); /* the first time: just let it run */
        }
        if (Self->Expected != 0 && Self->Status != Self->ExpectedStatus) {
            return FALSE;
        }
    }
    return TRUE;
}

static BOOLEAN KtObjectsAgree(void)
{
    for (ULONG i = 0; i < OBJECTS; i++) {
        if (((PDISPATCHER_HEADER)KtObjects[i])->SignalState != KtModel[i].State) {
            return FALSE;
        }
    }
    return TRUE;
}

static void KtBeginStress(void)
{
    KtSeed = KeBootOptions.Seed != 0 ? KeBootOptions.Seed : 1;
    RtlZeroMemory(KtThreads, sizeof(KtThreads));
    RtlZeroMemory(KtModel, sizeof(KtModel));
    for (ULONG i = 0; i < 2; i++) {
        KeInitializeEvent(&KtEvents[i], (EVENT_TYPE)i, FALSE);
        KeInitializeSemaphore(&KtSemaphores[i], 0, LIMIT);
        KeInitializeMutant(&KtMutants[i], FALSE);
        KtModel[4 + i] = (KT_STRESS_OBJECT){1, NOBODY};
    }
    for (ULONG i = 0; i < THREADS; i++) {
        KeInitializeEvent(&KtThreads[i].Command, SynchronizationEvent, FALSE);
        KtThreads[i].Thread = KtStartThread(KtStressThread, &KtThreads[i]);
        (void)KeSetPriorityThread(&KtThreads[i].Thread->Tcb, 12 + (KPRIORITY)i % 3);
        ok(KtAwaitState(KtThreads[i].Thread, Waiting), "thread %u is ready", i);
    }
}

static void KtEndStress(void)
{
    for (LONG i = 0; i < THREADS; i++) {
        if (KtThreads[i].Waits) {
            KtStepAlert(i);
        }
    }
    ok(KtSettle(), "alerts end the last waits");
    for (ULONG i = 0; i < THREADS; i++) {
        KtThreads[i].What = KtDoEnd;
        KtGive(&KtThreads[i]);
        KtJoinThread(KtThreads[i].Thread);
    }
}

START_TEST(ke_stress, "all kinds of objects against a model; seed= chooses the steps")
{
    ULONG Step = 1;
    BOOLEAN Right = TRUE;

    KtUseOneProcessor(); /* lock step: with more, each step would have to sleep */
    KtBeginStress();
    for (; Right && Step <= STEPS; Step++) {
        Right = KtStep(Step) && KtSettle() && KtObjectsAgree();
    }
    ok(Right, "step %u with seed %u goes otherwise than the model", Step - 1, KeBootOptions.Seed);
    KtEndStress();
}
