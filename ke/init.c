/* SPDX-License-Identifier: MIT */
/*
 * The first process and thread.  The processor that boots runs, from its first
 * moment with a KPCR, as the idle thread of the idle process: they are static,
 * and the boot stack is that thread's stack.
 */
#include "ke/ki.h"
#include "hal.h"

KPROCESS KiIdleProcess;
volatile UCHAR KeNumberProcessors = 1;
volatile KAFFINITY KeActiveProcessors = 1;

static KTHREAD KiBootIdleThread;

extern UCHAR KiBootStack[], KiBootStackEnd[]; /* boot/entry.S */

/* Prcb's queues, and Thread as what the processor runs now and when idle. */
void KiInitializeIdle(PKPRCB Prcb, PKTHREAD Thread, PVOID StackLimit, PVOID StackTop)
{
    KiProcessorBlock[Prcb->Number] = Prcb;
    KiInitializeReadyQueues(Prcb);
    InitializeListHead(&Prcb->DpcListHead);
    InterlockedOr(&KiIdleProcess.ActiveProcessors, Prcb->SetMember);
    KiInitializeThreadObject(Thread, &KiIdleProcess);
    Thread->InitialStack = StackTop;
    Thread->StackLimit = StackLimit;
    Thread->NextProcessor = Prcb->Number;
    Thread->IdealProcessor = Prcb->Number;
    Thread->Priority = KI_IDLE_PRIORITY;
    Thread->BasePriority = KI_IDLE_PRIORITY;
    Thread->Affinity = Prcb->SetMember;
    Thread->QuantumReset = KI_DEFAULT_QUANTUM;
    Thread->Quantum = KI_DEFAULT_QUANTUM;
    Thread->SystemThread = TRUE;
    Thread->State = Running;
    InsertTailList(&KiIdleProcess.ThreadListHead, &Thread->ThreadListEntry);
    Prcb->IdleThread = Thread;
    Prcb->CurrentThread = Thread;
}

/* Called with nothing initialised but the KPCR. */
void KiInitializeIdleThread(PKPRCB Prcb)
{
    KeInitializeProcess(&KiIdleProcess, 0, KeActiveProcessors, 0);
    KiInitializeIdle(Prcb, &KiBootIdleThread, KiBootStack, KiBootStackEnd);
}

static ULONG KiReadDirectoryTable(void)
{
    ULONG DirectoryTableBase;

    __asm__ volatile("movl %%cr3, %0" : "=r"(DirectoryTableBase));
    return DirectoryTableBase;
}

/*
 * The idle process has the address space that mm has built by now.  Time starts; the
 * boot thread remains the idle thread: it may be preempted, but it must not wait.
 */
void KeInitSystem(void)
{
    KiDisableInterrupts(); /* the clock's, until all is there that it needs */
    KiIdleProcess.DirectoryTableBase = KiReadDirectoryTable();
    KeInitializeTrace();
    KiInitializeSharedData();
    KiInitializeTimers();
    KiInitializeIpi();
    KiConnectInterrupt(HalClockVector(), CLOCK_LEVEL, KeUpdateSystemTime);
    KeInitializeClock();
    KiEnableInterrupts();
}
