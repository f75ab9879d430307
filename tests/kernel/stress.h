/* SPDX-License-Identifier: MIT */
/*
 * The stress of all dispatcher objects: threads of several processes (stress.exe)
 * make system calls, one a step, and a model says what comes of each.
 *
 *   ke_stress.c    starts and ends the processes, runs the steps
 *   stressstep.c   chooses a step, tells the model, and lets a thread do it
 *   stressmodel.c  the model
 *   stresscheck.c  compares the kernel with it
 *
 * The threads are driven in lock step: a step begins when nothing moves any more,
 * so whatever the scheduler does, on however many processors, one outcome is right.
 */
#pragma once
#include "tests/kernel/kt.h"
#include "tests/stress.h"

#define KT_NOBODY (-1)

/* What a thread is blocked on, as far as the model knows. */
typedef enum _KT_BLOCKED {
    KtIdle, /* waits for its next command */
    KtOnObjects,
    KtOnPort,
    KtOnKey,
    KtOnTime,
    KtOnItself, /* it has suspended itself */
} KT_BLOCKED;

typedef struct _KT_STRESS_THREAD {
    PETHREAD Thread;        /* referenced */
    PKEVENT Command;        /* referenced; set: there is something to do */
    STRESS_COMMAND Given;   /* what it was last told to do */
    PVOID Waited[STRESS_MAX_WAIT]; /* the objects of its wait, as they were then */
    KT_BLOCKED On;
    BOOLEAN Linked;         /* stands in lists; not while suspended */
    BOOLEAN Matched;        /* KtOnKey: its partner came while it was suspended */
    BOOLEAN Alerted[2];
    ULONG SuspendCount;
    ULONG PendingApcs;
    ULONG Since;            /* when it was linked */
    ULONG Arrived;          /* KtOnKey: when its turn began */
    STRESS_RESULT Expected;
} KT_STRESS_THREAD;

#define KT_PACKETS 8

typedef struct _KT_STRESS_OBJECT {
    PVOID Object; /* body, referenced if it has a name */
    LONG State;
    LONG Owner;      /* of a mutant: slot */
    ULONG Taken;     /* of a mutant: when */
    BOOLEAN Abandoned;
    ULONG Packets[KT_PACKETS]; /* of a port; State of them */
} KT_STRESS_OBJECT;

extern KT_STRESS_THREAD KtStressThreads[STRESS_SLOTS];
extern KT_STRESS_OBJECT KtStressObjects[STRESS_OBJECTS];

FORCEINLINE LONG KtSlotOf(const KT_STRESS_THREAD *Self)
{
    return (LONG)(Self - KtStressThreads);
}

/* The first thread of each process never blocks for long: there is always one to give commands. */
FORCEINLINE BOOLEAN KtIsOperator(const KT_STRESS_THREAD *Self)
{
    return KtSlotOf(Self) % STRESS_THREADS == 0;
}

/* ---- stressmodel.c ------------------------------------------------------------------- */

/* Self's command is done. */
void KtModelFinish(KT_STRESS_THREAD *Self, NTSTATUS Status, ULONG Value);
/* Begins what Given says, a wait of any kind, or goes on with it after a suspension. */
void KtModelWait(KT_STRESS_THREAD *Self, KT_BLOCKED On);
/* Changes an object's state and wakes whom that wakes. */
void KtModelSignal(LONG Object, LONG State);
NTSTATUS KtModelReleaseMutant(LONG Object, LONG Slot, PULONG Previous);
NTSTATUS KtModelReleaseSemaphore(LONG Object, LONG Count, PULONG Previous);
void KtModelPacket(LONG Port, ULONG Packet);
void KtModelAlert(KT_STRESS_THREAD *Target, KPROCESSOR_MODE Mode);
void KtModelApc(KT_STRESS_THREAD *Target);
NTSTATUS KtModelSuspend(KT_STRESS_THREAD *Target, PULONG Previous);
ULONG KtModelResume(KT_STRESS_THREAD *Target);
/* The thread is gone, its mutants are abandoned, who waits for it wakes. */
void KtModelDie(KT_STRESS_THREAD *Target);
/* Has the end of a process one outcome, in whichever order its threads end? */
BOOLEAN KtModelProcessMayDie(LONG Process);

/* ---- stressstep.c -------------------------------------------------------------------- */

void KtSeedSteps(ULONG Seed);
/* One step; *Actor: who does something, KT_NOBODY for none. */
void KtStressStep(LONG *Actor);
/* Shows a thread's command: "slot 3: Wait ...". */
void KtPrintCommand(LONG Slot);

/* ---- stresscheck.c -------------------------------------------------------------------- */

/* TRUE: all is as the model says.  Report: prints the first thing that is not. */
BOOLEAN KtStressAgrees(BOOLEAN Report);

/* ---- ke_stress.c ---------------------------------------------------------------------- */

/* Copies Given to the shared memory and wakes the thread. */
void KtGiveCommand(KT_STRESS_THREAD *Self);
/* All results, as the threads have left them. */
BOOLEAN KtReadResults(STRESS_RESULT Results[STRESS_SLOTS]);
/* A thread, or all those of a process, have been told to end: starts new ones. */
void KtReplaceThread(LONG Slot);
void KtReplaceProcess(LONG Process);
