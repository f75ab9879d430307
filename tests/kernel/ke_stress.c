/* SPDX-License-Identifier: MIT */
/*
 * ke_stress: steps= steps, chosen by seed=, between the threads of several processes;
 * after each everything is as the model says (stress.h has the parts).
 *
 * With one processor the test runs below its threads, so that a step is over when the
 * call that began it returns.  With more it spins meanwhile on a processor of its own.
 */
#include "boot.h"
#include "ex.h"
#include "mm/mi.h"
#include "nt/native.h"
#include "tests/kernel/ktprogram.h"
#include "tests/kernel/ktshared.h"
#include "tests/kernel/stress.h"

#define KT_PROGRAM  L"\\??\\C:\\tests\\stress.exe"
#define KT_PATIENCE (KT_LONG * 10000ull) /* a step that takes longer is one that hangs */
#define KT_BELOW    (-4)               /* priority of the test, relative to the base of */
#define KT_ABOVE    4                  /* all processes, and of its threads */

static STRESS_MEMORY *KtMemory; /* a view in System's user half */
static HANDLE KtHandles[STRESS_NAMED + STRESS_SLOTS];
static HANDLE KtSection;
static PEPROCESS KtProcesses[STRESS_PROCESSES];
static BOOLEAN KtBroken; /* something took too long; no more steps */

/* ---- Shared memory ------------------------------------------------------------------ */

BOOLEAN KtReadResults(STRESS_RESULT Results[STRESS_SLOTS])
{
    return KiCopyFromUser(Results, (__force const void __user *)KtMemory->Results,
               STRESS_SLOTS * sizeof(*Results)) == 0;
}

/*
 * Mostly the test and the thread it commands share a processor, and every so often they
 * go on to the next.  Who is woken runs where it last was told something: wake-ups cross
 * processors, but a step needs two processors of the host only if it wakes somebody.
 */
static void KtPlace(KT_STRESS_THREAD *Self)
{
    static ULONG Turn;
    ULONG Here = ++Turn / 256 % KeNumberProcessors;

    if (KeNumberProcessors != 1) {
        if (Turn % 256 == 0) {
            (void)KeSetAffinityThread(KeGetCurrentThread(), 1u << Here);
        }
        (void)KeSetAffinityThread(&Self->Thread->Tcb,
            1u << (Turn % 32 != 31 ? Here : (Here + 1) % KeNumberProcessors));
    }
}

void KtGiveCommand(KT_STRESS_THREAD *Self)
{
    KtPlace(Self);
    (void)KtPut(&KtMemory->Commands[KtSlotOf(Self)], &Self->Given, sizeof(Self->Given));
    (void)KeSetEvent(Self->Command, 0, FALSE);
}

/* ---- Waiting until nothing moves ------------------------------------------------------ */

/* One more look; FALSE: it has taken too long. */
static BOOLEAN KtLookAgain(ULONGLONG Start, ULONG Looks)
{
    if (KeQueryInterruptTime() - Start > KT_PATIENCE) {
        KtBroken = TRUE;
        return FALSE;
    }
    if (Looks % 20000 == 19999) {
        KtSleep(1); /* the reaper has work, or a timeout is to pass */
    }
    return TRUE;
}

static BOOLEAN KtSettle(void)
{
    ULONGLONG Start = KeQueryInterruptTime();

    for (ULONG Looks = 0; !KtStressAgrees(FALSE); Looks++) {
        if (!KtLookAgain(Start, Looks)) {
            return FALSE;
        }
    }
    return TRUE;
}

static BOOLEAN KtAwaitUlong(const volatile ULONG *Shared)
{
    ULONGLONG Start = KeQueryInterruptTime();
    ULONG Looks = 0;

    while (KtGetUlong(Shared) == 0 && KtLookAgain(Start, Looks)) {
        Looks++;
    }
    return KtGetUlong(Shared) != 0;
}

/* ---- Threads and processes --------------------------------------------------------------- */

/* The slot's thread has begun to run: it becomes the object of its number. */
static void KtAdoptThread(LONG Slot)
{
    KT_STRESS_THREAD *Self = &KtStressThreads[Slot];
    PETHREAD Thread;
    ULONG Id;

    if (!KtAwaitUlong(&KtMemory->ThreadIds[Slot])) {
        return;
    }
    Id = KtGetUlong(&KtMemory->ThreadIds[Slot]);
    if (ok_status(PsLookupThreadByThreadId((HANDLE)Id, &Thread), STATUS_SUCCESS)) {
        Self->Thread = Thread;
        KtStressObjects[STRESS_THREAD0 + Slot].Object = Thread;
        KtStressObjects[STRESS_THREAD0 + Slot].State = 0;
        (void)KeSetBasePriorityThread(&Thread->Tcb, KT_ABOVE + Slot % 3);
    }
}

/* The old thread has ended; its slot is as for a new one. */
static void KtBuryThread(LONG Slot)
{
    static const STRESS_RESULT None = {0};
    static const ULONG Nobody = 0;
    KT_STRESS_THREAD *Self = &KtStressThreads[Slot];
    PKEVENT Command = Self->Command;

    if (Self->Thread != NULL) {
        KtBroken |= KtWait(Self->Thread, KT_LONG) != STATUS_SUCCESS;
        ObDereferenceObject(Self->Thread);
    }
    RtlZeroMemory(Self, sizeof(*Self));
    Self->Command = Command;
    (void)KtPut(&KtMemory->Results[Slot], &None, sizeof(None));
    (void)KtPut((PVOID)&KtMemory->ThreadIds[Slot], &Nobody, sizeof(Nobody));
}

/* Until Self has done what it was last told. */
static BOOLEAN KtAwaitResult(KT_STRESS_THREAD *Self)
{
    volatile ULONG *Results = &KtMemory->Results[KtSlotOf(Self)].Results;
    ULONGLONG Start = KeQueryInterruptTime();
    ULONG Looks = 0;

    while (KtGetUlong(Results) != Self->Expected.Results && KtLookAgain(Start, Looks)) {
        Looks++;
    }
    return !KtBroken;
}

void KtReplaceThread(LONG Slot)
{
    KT_STRESS_THREAD *Operator = &KtStressThreads[Slot / STRESS_THREADS * STRESS_THREADS];

    KtBuryThread(Slot);
    if (!KtAwaitResult(Operator)) { /* it may be the one that has killed */
        return;
    }
    RtlZeroMemory(&Operator->Given, sizeof(Operator->Given));
    Operator->Given.Operation = StressStartThread;
    Operator->Given.Argument = (ULONG)Slot;
    KtModelFinish(Operator, STATUS_SUCCESS, 0);
    KtGiveCommand(Operator);
    KtAdoptThread(Slot);
}

static void KtStartProcess(LONG Number)
{
    KT_STRESS_OBJECT *Object = &KtStressObjects[STRESS_PROCESS0 + Number];
    WCHAR Line[] = L"stress.exe 0";

    Line[ARRAYSIZE(Line) - 2] = (WCHAR)(L'0' + Number);
    if (!ok_status(PsLaunchProgram(KT_PROGRAM, Line, &KtProcesses[Number]), STATUS_SUCCESS)) {
        KtBroken = TRUE;
        return;
    }
    Object->Object = KtProcesses[Number];
    Object->State = 0;
    for (LONG i = 0; i < STRESS_THREADS; i++) {
        KtAdoptThread(Number * STRESS_THREADS + i);
    }
}

/* Told to end, all of it is awaited; what it left to others stays. */
static void KtBuryProcess(LONG Number)
{
    for (LONG i = 0; i < STRESS_THREADS; i++) {
        KtBuryThread(Number * STRESS_THREADS + i);
    }
    ObDereferenceObject(KtProcesses[Number]);
    KtProcesses[Number] = NULL;
}

void KtReplaceProcess(LONG Process)
{
    KtBuryProcess(Process);
    KtStartProcess(Process);
}

/* ---- Names ------------------------------------------------------------------------------- */

static NTSTATUS KtCreateObject(ULONG Number, PHANDLE Handle)
{
    KT_SHARED_NAME Name;
    POBJECT_ATTRIBUTES Named = KtShareName(&Name, "Stress", Number);

    if (Number < StressSemaphore0) {
        return NtCreateEvent(Handle, EVENT_ALL_ACCESS, Named, Number / StressEvent2, FALSE);
    } else if (Number < StressMutant0) {
        return NtCreateSemaphore(
            Handle, SEMAPHORE_ALL_ACCESS, Named, 0, STRESS_SEMAPHORE_LIMIT);
    } else if (Number < StressTimer0) {
        return NtCreateMutant(Handle, MUTANT_ALL_ACCESS, Named, FALSE);
    } else if (Number < StressPort0) {
        return NtCreateTimer(Handle, TIMER_ALL_ACCESS, Named, Number - StressTimer0);
    } else if (Number < StressKeyed) {
        return NtCreateIoCompletion(
            Handle, IO_COMPLETION_ALL_ACCESS, Named, 1 + Number - StressPort0);
    }
    return NtCreateKeyedEvent(Handle, KEYEDEVENT_ALL_ACCESS, Named, 0);
}

static void KtMakeObjects(void)
{
    RtlZeroMemory(KtStressObjects, sizeof(KtStressObjects));
    for (ULONG i = 0; i < STRESS_NAMED; i++) {
        ok_status(KtCreateObject(i, &KtHandles[i]), STATUS_SUCCESS);
        KtStressObjects[i].Object = KtReferenceBody(KtHandles[i]);
        KtStressObjects[i].Owner = KT_NOBODY;
        KtStressObjects[i].State = i >= StressMutant0 && i <= StressMutant2;
    }
    for (ULONG i = 0; i < STRESS_SLOTS; i++) {
        PHANDLE Handle = &KtHandles[STRESS_NAMED + i];
        KT_SHARED_NAME Name;

        ok_status(NtCreateEvent(Handle, EVENT_ALL_ACCESS, KtShareName(&Name, "StressCommand", i),
                      SynchronizationEvent, FALSE), STATUS_SUCCESS);
        KtStressThreads[i].Command = KtReferenceBody(*Handle);
    }
}

/* ---- The whole ----------------------------------------------------------------------------- */

static void KtBeginStress(void)
{
    KtBroken = FALSE;
    RtlZeroMemory(KtStressThreads, sizeof(KtStressThreads));
    KtMakeObjects();
    KtMemory = KtMapShared("StressMemory", sizeof(*KtMemory), &KtSection);
    for (LONG i = 0; !KtBroken && i < STRESS_PROCESSES; i++) {
        KtStartProcess(i);
    }
    ok(!KtBroken && KtSettle(), "the processes have started");
}

static void KtEndStress(void)
{
    for (LONG i = 0; i < STRESS_PROCESSES; i++) {
        if (KtProcesses[i] != NULL) {
            KtEndProcess(KtProcesses[i], STATUS_SUCCESS);
            KtBuryProcess(i);
        }
    }
    for (ULONG i = 0; i < STRESS_NAMED; i++) {
        ObDereferenceObject(KtStressObjects[i].Object);
    }
    for (ULONG i = 0; i < STRESS_SLOTS; i++) {
        ObDereferenceObject(KtStressThreads[i].Command);
    }
    for (ULONG i = 0; i < ARRAYSIZE(KtHandles); i++) {
        ok_status(NtClose(KtHandles[i]), STATUS_SUCCESS);
    }
    KtUnmapShared(KtMemory, KtSection);
}

/* What went wrong, and the command that does it again. */
static void KtReportStep(ULONG Step, LONG Actor)
{
    KePrint("# step %u of seed %u:\n", Step, KeBootOptions.Seed);
    KtPrintCommand(Actor);
    (void)KtStressAgrees(TRUE);
    for (LONG i = 0; i < STRESS_SLOTS; i++) {
        const KT_STRESS_THREAD *Self = &KtStressThreads[i];

        if (i != Actor && (Self->On != KtIdle || Self->SuspendCount != 0)) {
            KePrint("# blocked%s: ", Self->SuspendCount != 0 ? ", suspended" : "");
            KtPrintCommand(i);
        }
    }
    KePrint("# repeat with: make run CPUS=%u ARGS='trace=off test=ke_stress seed=%u steps=%u'\n",
        KeNumberProcessors, KeBootOptions.Seed, Step);
}

START_TEST(ke_stress, "all dispatcher objects, three processes, against a model: seed=, steps=")
{
    LONG Increment = KeSetBasePriorityThread(KeGetCurrentThread(), KT_BELOW);
    BOOLEAN Right = TRUE;
    LONG Actor = 0;
    ULONG Step = 0;

    KtSeedSteps(KeBootOptions.Seed);
    KtBeginStress();
    while (Right && !KtBroken && Step < KeBootOptions.Steps) {
        Step++;
        KtProgress();
        KtStressStep(&Actor);
        Right = KtSettle();
    }
    if (!ok(Right && !KtBroken, "%u steps go as the model says", Step)) {
        KtReportStep(Step, Actor);
    }
    KtEndStress();
    (void)KeSetBasePriorityThread(KeGetCurrentThread(), Increment);
}
