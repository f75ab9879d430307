/* SPDX-License-Identifier: MIT */
/*
 * Kill points: whoever takes part in a creation is terminated at every event of it.
 *
 * A DPC at the Nth event of an attempt (ke/fault.c) wakes a thread of the highest
 * priority, which ends the victim there and then.  Whatever is left must come to
 * an end when told to, every counter must be as it was, and the next creation must
 * work.  seed= moves the events that the strides hit.
 */
#include "boot.h"
#include "nt/native.h"
#include "tests/kernel/ktprogram.h"

#define KT_LAST_PROCESS_ID 0x4000
#define KT_MAX_EVENTS      20000

/* One round: who dies at which event of which creation. */
typedef struct _KT_KILL {
    KDPC Dpc;
    KEVENT Reached;
    KEVENT Done;
    PCSTR Victim; /* image file name */
    BOOLEAN Over; /* the killer is only to end */
} KT_KILL, *PKT_KILL;

static void KtReached(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KeSetEvent(&((PKT_KILL)Context)->Reached, 0, FALSE);
}

/* Calls Routine for each process with a client id but System. */
static void KtForEachProcess(void (*Routine)(PEPROCESS Process, PVOID Context), PVOID Context)
{
    for (ULONG_PTR Id = 8; Id < KT_LAST_PROCESS_ID; Id += 4) {
        PEPROCESS Process;

        if (NT_SUCCESS(PsLookupProcessByProcessId((HANDLE)Id, &Process))) {
            if (Process != PsInitialSystemProcess) {
                Routine(Process, Context);
            }
            ObDereferenceObject(Process);
        }
    }
}

/* Half-built processes are found, too, and a handle to one is as good as any. */
static void KtTerminate(PEPROCESS Process)
{
    HANDLE Handle;

    if (NT_SUCCESS(ObOpenObjectByPointer(
            Process, 0, PROCESS_TERMINATE, PsProcessType, KernelMode, &Handle))) {
        (void)!NT_SUCCESS(NtTerminateProcess(Handle, STATUS_CONTROL_C_EXIT));
        (void)ObCloseHandle(Handle, KernelMode);
    }
}

static void KtTerminateVictim(PEPROCESS Process, PVOID Context)
{
    if (strcmp(Process->ImageFileName, Context) == 0) {
        KtTerminate(Process);
    }
}

static void KtKiller(PVOID Context)
{
    PKT_KILL Kill = Context;

    KeSetPriorityThread(KeGetCurrentThread(), 31);
    KeSetEvent(&Kill->Done, 0, FALSE); /* ready */
    KtWait(&Kill->Reached, KT_LONG);
    if (!Kill->Over) {
        KtForEachProcess(KtTerminateVictim, (PVOID)Kill->Victim);
    }
}

static void KtTerminateSurvivor(PEPROCESS Process, PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    KtTerminate(Process);
    if (Process->ThreadsEver != 0) {
        ok_status(KtWait(Process, KT_LONG), STATUS_SUCCESS);
    }
}

/* What is run, which of its creations is disturbed, and how it ends undisturbed. */
typedef struct _KT_SCENARIO {
    PCWSTR Path;
    PCWSTR CommandLine;
    ULONG Creation; /* 1: the first process itself, 4: hello.exe by way of csrss */
} KT_SCENARIO;

static const KT_SCENARIO KtNative = {KT_NULL_PROGRAM, L"null", 1};
static const KT_SCENARIO KtWin32 = {
    L"\\SystemRoot\\system32\\smss.exe", L"smss.exe C:\\programs\\parent.exe", 4};

/* Runs it to its end; whoever lives on without the victim is ended. */
static void KtRunScenario(const KT_SCENARIO *Scenario)
{
    PEPROCESS Process;
    NTSTATUS Status = PsLaunchProgram(Scenario->Path, Scenario->CommandLine, &Process);

    if (NT_SUCCESS(Status)) {
        ok_status(KtWait(Process, KT_LONG), STATUS_SUCCESS);
        ObDereferenceObject(Process);
    }
    KtForEachProcess(KtTerminateSurvivor, NULL);
}

/* TRUE: the creation has that many events, and nothing was left of this one. */
static BOOLEAN KtKillAt(const KT_SCENARIO *Scenario, PCSTR Victim, ULONG Event)
{
    static NASCENT_COUNTERS Before, After;
    KT_KILL Kill = {.Victim = Victim};
    BOOLEAN Reached;

    KtSnapshotCounters(&Before);
    KeInitializeEvent(&Kill.Reached, NotificationEvent, FALSE);
    KeInitializeEvent(&Kill.Done, NotificationEvent, FALSE);
    KeInitializeDpc(&Kill.Dpc, KtReached, &Kill);
    PETHREAD Killer = KtStartThread(KtKiller, &Kill);

    KtWait(&Kill.Done, KT_LONG);
    KeArmEventPoint(KeTraceBeginAttempt() + Scenario->Creation - 1, Event, &Kill.Dpc);
    KtRunScenario(Scenario);
    Reached = KeDisarmEventPoint() >= Event;
    Kill.Over = !Reached;
    KeSetEvent(&Kill.Reached, 0, FALSE);
    KtJoinThread(Killer);
    KtForEachProcess(KtTerminateSurvivor, NULL);
    KtSnapshotCounters(&After);
    return ok(KtCompareCounters(&Before, &After), "counters after %s died at event %u", Victim,
               Event) && Reached;
}

static void KtKillAtEach(const KT_SCENARIO *Scenario, PCSTR Victim, ULONG Stride)
{
    ULONG Event = 1 + KeBootOptions.Seed % Stride;
    NTSTATUS ExitStatus = STATUS_PENDING;

    ok_status(KtRunProgram(Scenario->Path, Scenario->CommandLine, &ExitStatus), STATUS_SUCCESS);
    while (Event < KT_MAX_EVENTS && KtKillAt(Scenario, Victim, Event)) {
        Event += Stride;
    }
    KePrint("# %s ended at each of %u events, in steps of %u\n", Victim, Event, Stride);
    ok(Event > 100, "a creation has more than 100 events, got %u", Event);
    ok_status(KtRunProgram(Scenario->Path, Scenario->CommandLine, &ExitStatus), STATUS_SUCCESS);
    ok_status(ExitStatus, STATUS_SUCCESS);
}

START_TEST(ps_kill_native, "a native process is terminated at every event of its creation")
{
    KtKillAtEach(&KtNative, "benchnull.exe", 1);
}

START_TEST(ps_kill_child, "a Win32 child is terminated at events of its creation")
{
    KtKillAtEach(&KtWin32, "hello.exe", 2);
}

START_TEST(ps_kill_creator, "the creator is terminated at events of a creation")
{
    KtKillAtEach(&KtWin32, "parent.exe", 2);
}

START_TEST(ps_kill_csrss, "csrss is terminated at events of a creation")
{
    KtKillAtEach(&KtWin32, "csrss.exe", 2);
}

START_TEST(ps_kill_smss, "smss is terminated at events of a creation")
{
    KtKillAtEach(&KtWin32, "smss.exe", 2);
}
