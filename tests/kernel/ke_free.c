/* SPDX-License-Identifier: MIT */
/*
 * ke_free: steps= steps of the threads of three processes, all at the same time, with
 * all dispatcher objects (freerun.h has the parts).  seed= gives each thread its own
 * choices; what comes of them is different each time, and so judged by what must hold
 * in any order.
 *
 * Here is what keeps them going: a gate that is opened and closed, a process that is
 * started again each time it is ended.  A thread that makes no step for a minute hangs;
 * then it is said who waits for what.
 */
#include "boot.h"
#include "ex.h"
#include "mm/mi.h"
#include "tests/kernel/freerun.h"
#include "tests/kernel/ktprogram.h"
#include "tests/kernel/ktshared.h"

#define KT_PROGRAM  L"\\??\\C:\\tests\\freerun.exe"
#define KT_PATIENCE (KT_LONG * 10000ull)
#define KT_AUDITS   10 /* at each look: others go on meanwhile, on their processors */
#define KT_ABOVE    4 /* priority of the test, relative to that of its threads */

static FREE_MEMORY *KtMemory; /* a view in System's user half */
static HANDLE KtSection;
static HANDLE KtHandles[FREE_OBJECTS];
static PEPROCESS KtProcesses[FREE_PROCESSES];
static BOOLEAN KtBroken;
static BOOLEAN KtGateOpen;
static ULONG KtRestarts;
static struct {
    ULONG Steps;
    ULONGLONG Since; /* interrupt time */
} KtSeen[FREE_SLOTS];

static void KtPutUlong(volatile ULONG *To, ULONG Value)
{
    (void)KtPut((PVOID)To, &Value, sizeof(Value));
}

/* ---- Objects ---------------------------------------------------------------------------- */

static NTSTATUS KtCreateObject(ULONG Number, PHANDLE Handle)
{
    KT_SHARED_NAME Name;
    POBJECT_ATTRIBUTES Named = KtShareName(&Name, "Free", Number);

    switch (Number) {
    case FreeSemaphore0 ... FreeSemaphore2:
        return NtCreateSemaphore(
            Handle, SEMAPHORE_ALL_ACCESS, Named, FREE_TOKENS, FREE_TOKEN_LIMIT);
    case FreeSemaphore3:
        return NtCreateSemaphore(Handle, SEMAPHORE_ALL_ACCESS, Named, 0, FREE_LIMIT);
    case FreeMutant0 ... FreeMutant2:
        return NtCreateMutant(Handle, MUTANT_ALL_ACCESS, Named, FALSE);
    case FreeTimer0 ... FreeTimer1:
        return NtCreateTimer(Handle, TIMER_ALL_ACCESS, Named, SynchronizationTimer);
    case FreeGate:
    case FreeAnswer0:
        return NtCreateEvent(Handle, EVENT_ALL_ACCESS, Named, NotificationEvent, FALSE);
    case FreePort:
        return NtCreateIoCompletion(Handle, IO_COMPLETION_ALL_ACCESS, Named, 3);
    case FreeKeyed:
        return NtCreateKeyedEvent(Handle, KEYEDEVENT_ALL_ACCESS, Named, 0);
    default:
        return NtCreateEvent(Handle, EVENT_ALL_ACCESS, Named, SynchronizationEvent, FALSE);
    }
}

static void KtStartTimer(void)
{
    LARGE_INTEGER Due = KtMilliseconds(FREE_PERIOD);
    ULONGLONG Now = KeQueryInterruptTime();

    (void)KtPut(&KtMemory->TimerStart, &Now, sizeof(Now));
    ok_status(NtSetTimer(KtHandles[FreeTimer0], &Due, NULL, NULL, FALSE, FREE_PERIOD, NULL),
        STATUS_SUCCESS);
}

static void KtMakeAll(void)
{
    KtMemory = KtMapShared("FreeMemory", sizeof(*KtMemory), &KtSection);
    for (ULONG i = 0; i < FREE_OBJECTS; i++) {
        ok_status(KtCreateObject(i, &KtHandles[i]), STATUS_SUCCESS);
        KtFreeObjects[i] = KtReferenceBody(KtHandles[i]);
    }
    KtPutUlong(&KtMemory->Seed, KeBootOptions.Seed);
    KtPutUlong(&KtMemory->Steps, (KeBootOptions.Steps + FREE_SLOTS - 1) / FREE_SLOTS);
    KtPutUlong(&KtMemory->GateNumber, 1);
    for (ULONG i = 1; i <= FREE_PACKETS; i++) {
        ok_status(NtSetIoCompletion(KtHandles[FreePort], (PVOID)i, NULL, STATUS_SUCCESS, 0),
            STATUS_SUCCESS);
    }
    KtStartTimer();
}

static void KtDropAll(void)
{
    for (ULONG i = 0; i < FREE_OBJECTS; i++) {
        ObDereferenceObject(KtFreeObjects[i]);
        ok_status(NtClose(KtHandles[i]), STATUS_SUCCESS);
    }
    KtUnmapShared(KtMemory, KtSection);
}

/* ---- Processes ----------------------------------------------------------------------------- */

static void KtStartProcess(ULONG Number)
{
    WCHAR Line[] = L"freerun.exe 0";

    Line[ARRAYSIZE(Line) - 2] = (WCHAR)(L'0' + Number);
    KtBroken |= !ok_status(PsLaunchProgram(KT_PROGRAM, Line, &KtProcesses[Number]), STATUS_SUCCESS);
}

static void KtEndFreeProcess(ULONG Number)
{
    if (KtProcesses[Number] != NULL) {
        KtEndProcess(KtProcesses[Number], STATUS_SUCCESS);
        ObDereferenceObject(KtProcesses[Number]);
        KtProcesses[Number] = NULL;
    }
}

/* Only the mortal process is to end, and only by being told to. */
static void KtTendProcesses(void)
{
    for (ULONG i = 0; i < FREE_PROCESSES; i++) {
        if (KtWait(KtProcesses[i], 0) != STATUS_SUCCESS) {
            continue;
        }
        KtBroken |= !ok(i == FREE_MORTAL && KtProcesses[i]->ExitStatus == STATUS_SUCCESS,
            "process %u ended: %s", i, RtlNtStatusName(KtProcesses[i]->ExitStatus));
        ObDereferenceObject(KtProcesses[i]);
        KtProcesses[i] = NULL;
        KtPutUlong(&KtMemory->ProcessIds[i], 0);
        KtStartProcess(i);
        KtRestarts++;
    }
}

/* ---- Keeping it going ------------------------------------------------------------------------ */

/* Open, it stays so until all who came before have passed. */
static void KtTendGate(void)
{
    for (ULONG i = 0; KtGateOpen && i < FREE_SLOTS; i++) {
        ULONG At = KtFree.Slots[i].AtGate;
        if (At != 0 && At < KtFree.GateNumber) {
            return;
        }
    }
    if (KtGateOpen) {
        (void)KeResetEvent(KtFreeObjects[FreeGate]);
    } else {
        KtPutUlong(&KtMemory->GateNumber, KtFree.GateNumber + 1);
        (void)KeSetEvent(KtFreeObjects[FreeGate], 0, FALSE);
    }
    KtGateOpen = !KtGateOpen;
}

/* While they run, each thread makes steps; afterwards, its phases. */
static void KtTendThreads(void)
{
    ULONGLONG Now = KeQueryInterruptTime();

    for (ULONG i = 0; i < FREE_SLOTS; i++) {
        const FREE_SLOT *Slot = &KtFree.Slots[i];
        ULONG Steps = Slot->Steps + Slot->Phase;
        BOOLEAN Done = Slot->Phase > KtFree.Phase;

        if (Done || KtSeen[i].Since == 0 || KtSeen[i].Steps != Steps) {
            KtSeen[i].Steps = Steps;
            KtSeen[i].Since = Now;
        } else if (Now - KtSeen[i].Since > KT_PATIENCE) {
            KtBroken |= !ok(FALSE, "slot %u hangs", i);
        }
    }
}

/* Does every thread that makes all its steps say that it has finished this phase? */
static BOOLEAN KtIsPhaseOver(void)
{
    for (ULONG i = 0; i < FREE_MORTAL * FREE_THREADS; i++) {
        if (i % FREE_THREADS != FreeVictim && KtFree.Slots[i].Phase <= KtFree.Phase) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A copy of the memory, and what it says. */
static void KtLook(void)
{
    KtProgress();
    KtBroken |= KiCopyFromUser(&KtFree, (__force const void __user *)KtMemory, sizeof(KtFree)) != 0;
    if (KtFree.Told) {
        KtFree.Failure[sizeof(KtFree.Failure) - 1] = 0;
        KtBroken |= !ok(FALSE, "slot %u: %s", ((ULONG)KtFree.Failed - 1) % FREE_SLOTS,
            KtFree.Failure);
    }
    for (ULONG i = 0; !KtBroken && i < KT_AUDITS; i++) {
        KtBroken = !KtAuditFree();
    }
}

static void KtRunPhase(FREE_PHASE Phase)
{
    KtPutUlong(&KtMemory->Phase, Phase);
    RtlZeroMemory(KtSeen, sizeof(KtSeen));
    for (KtLook(); !KtBroken && !KtIsPhaseOver(); KtLook()) {
        if (Phase == FreeRun) {
            KtTendProcesses();
        }
        KtTendGate();
        KtTendThreads();
        KtSleep(1);
    }
}

static void KtReportEnd(void)
{
    ULONG Steps = 0, Threads = 0;

    for (ULONG i = 0; i < FREE_SLOTS; i++) {
        Steps += KtFree.Slots[i].Steps;
        Threads += KtFree.Slots[i].Id / FREE_SLOTS;
    }
    KePrint("# %u steps, %u threads and %u processes ended meanwhile, %d mutants abandoned\n",
        Steps, Threads, KtRestarts, KtFree.Abandoned);
    if (KtBroken) {
        KtReportFree();
        KePrint("# most likely again with: make run CPUS=%u ARGS='trace=off test=ke_free seed=%u "
                "steps=%u'\n", KeNumberProcessors, KeBootOptions.Seed, KeBootOptions.Steps);
    }
}

START_TEST(ke_free, "all dispatcher objects, three processes at the same time: seed=, steps=")
{
    LONG Increment = KeSetBasePriorityThread(KeGetCurrentThread(), KT_ABOVE);

    KtBroken = FALSE;
    KtGateOpen = FALSE;
    KtRestarts = 0;
    KtMakeAll();
    for (ULONG i = 0; !KtBroken && i < FREE_PROCESSES; i++) {
        KtStartProcess(i);
    }
    KtRunPhase(FreeRun);
    if (!KtBroken) {
        KtPutUlong(&KtMemory->MortalCondemned, TRUE);
        KtEndFreeProcess(FREE_MORTAL);
        KtRunPhase(FreeHelp);
        KtRunPhase(FreeTakeApcs);
    }
    if (!KtBroken) {
        KtJudgeFree();
    }
    KtReportEnd();
    for (ULONG i = 0; i < FREE_PROCESSES; i++) {
        KtEndFreeProcess(i);
    }
    KtDropAll();
    (void)KeSetBasePriorityThread(KeGetCurrentThread(), Increment);
}
