/* SPDX-License-Identifier: MIT */
/*
 * The first process and thread.  The processor that boots runs, from its first
 * moment with a KPCR, as the idle thread of the idle process: they are static,
 * and the boot stack is that thread's stack.
 */
#include "ke/ki.h"
#include "hal.h"

KPROCESS KiIdleProcess;
UCHAR KeNumberProcessors = 1;
KAFFINITY KeActiveProcessors = 1;

static KTHREAD KiBootIdleThread;

extern UCHAR KiBootStack[], KiBootStackEnd[]; /* boot/entry.S */

/* Called with nothing initialised but the KPCR. */
void KiInitializeIdleThread(PKPRCB Prcb)
{
    PKTHREAD Thread = &KiBootIdleThread;

    KiProcessorBlock[Prcb->Number] = Prcb;
    KiInitializeReadyQueues(Prcb);
    InitializeListHead(&Prcb->DpcListHead);
    KeInitializeProcess(&KiIdleProcess, 0, KeActiveProcessors, 0);
    KiIdleProcess.ActiveProcessors = Prcb->SetMember;
    KiInitializeThreadObject(Thread, &KiIdleProcess);
    Thread->InitialStack = KiBootStackEnd;
    Thread->StackLimit = KiBootStack;
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

static ULONG KiReadDirectoryTable(void)
{
    ULONG DirectoryTableBase;

    __asm__ volatile("movl %%cr3, %0" : "=r"(DirectoryTableBase));
    return DirectoryTableBase;
}

/*
 * The idle process has the address space that mm has built by now.  Time starts; interrupts are enabled from here on.  The boot thread remains the
 * idle thread: it may be preempted, but it must not wait.
 */
void KeInitSystem(void)
{
    KiIdleProcess.DirectoryTableBase = KiReadDirectoryTable();
    KeInitializeTrace();
    KiInitializeSharedData();
    KiInitializeTimers();
    KiConnectInterrupt(HalClockVector(), CLOCK_LEVEL, KeUpdateSystemTime);
    KeInitializeClock();
    KiEnableInterrupts();
}
