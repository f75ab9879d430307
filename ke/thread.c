/* SPDX-License-Identifier: MIT */
/*
 * The life of a thread as the kernel core sees it: KeInitThread builds it,
 * KeStartThread makes it its process's, KeReadyThread runs it, KeTerminateThread
 * ends it, and the thread that runs next frees the stack it ended on.
 *
 * Ps builds the ETHREAD around this (ps/thread.c); the first frame on the stack
 * is made by i386/context.c.
 */
#include "ke/ki.h"

static void KiInitializeThreadApcs(PKTHREAD Thread, PKPROCESS Process)
{
    KeInitializeSpinLock(&Thread->ApcQueueLock, LockLevelApcQueue);
    InitializeListHead(&Thread->ApcState.ApcListHead[KernelMode]);
    InitializeListHead(&Thread->ApcState.ApcListHead[UserMode]);
    Thread->ApcState.Process = Process;
    Thread->ApcStatePointer[OriginalApcEnvironment] = &Thread->ApcState;
    Thread->ApcStatePointer[AttachedApcEnvironment] = &Thread->SavedApcState;
    Thread->ApcQueueable = TRUE;
    KiInitializeSuspend(Thread);
}

/* Everything but the stack; also for the idle thread.  Thread is zeroed. */
void KiInitializeThreadObject(PKTHREAD Thread, PKPROCESS Process)
{
    Thread->Header.Type = ThreadObject;
    Thread->Header.Size = sizeof(KTHREAD) / sizeof(ULONG);
    InitializeListHead(&Thread->Header.WaitListHead);
    InitializeListHead(&Thread->MutantListHead);
    InitializeListHead(&Thread->ActiveTimerListHead);
    Thread->ServiceTable = KiTraceServices ? KiTracedServices : KeServiceDescriptorTable;
    Thread->Process = Process;
    KiInitializeThreadApcs(Thread, Process);
    KeInitializeTimer(&Thread->Timer, NotificationTimer);
    Thread->State = Initialized;
}

NTSTATUS KeInitThread(PKTHREAD Thread, PKSYSTEM_ROUTINE SystemRoutine, PVOID StartRoutine,
    PVOID StartContext, PCONTEXT Context, PVOID Teb, PKPROCESS Process)
{
    ASSERT(Thread->Header.Type == 0); /* zeroed memory */
    Thread->InitialStack = MmCreateKernelStack();
    if (Thread->InitialStack == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Thread->StackLimit = (PUCHAR)Thread->InitialStack - KI_KERNEL_STACK_SIZE;
    KiInitializeThreadObject(Thread, Process);
    Thread->Teb = Teb;
    Thread->PreviousMode = Context != NULL ? UserMode : KernelMode;
    KeTrace(TraceKeThread, TraceP(Thread), TraceP(Thread->InitialStack));
    KiInitializeContextThread(Thread, SystemRoutine, StartRoutine, StartContext, Context);
    KeTrace(TraceKeContext, TraceP(Thread->KernelStack), TraceP(KiThreadStartup));
    return STATUS_SUCCESS;
}

void KeUninitThread(PKTHREAD Thread)
{
    ASSERT(Thread->State == Initialized);
    KeDeleteThreadStack(Thread);
}

void KeDeleteThreadStack(PKTHREAD Thread)
{
    if (Thread->InitialStack != NULL) {
        MmDeleteKernelStack(Thread->InitialStack);
        Thread->InitialStack = NULL;
    }
}

/* Takes over the process's defaults and enters its list. */
void KeStartThread(PKTHREAD Thread)
{
    PKPROCESS Process = Thread->Process;
    KIRQL OldIrql = KiLockDispatcher();
    static UCHAR NextIdealProcessor; /* dispatcher lock */

    Thread->BasePriority = Process->BasePriority;
    Thread->Priority = Process->BasePriority;
    Thread->QuantumReset = Process->QuantumReset;
    Thread->Quantum = Process->QuantumReset;
    Thread->DisableBoost = Process->DisableBoost;
    Thread->Affinity = Process->Affinity;
    Thread->UserAffinity = Process->Affinity;
    Thread->IdealProcessor = NextIdealProcessor;
    NextIdealProcessor = (UCHAR)((NextIdealProcessor + 1) % KeNumberProcessors);
    InsertTailList(&Process->ThreadListHead, &Thread->ThreadListEntry);
    KiUnlockDispatcher(OldIrql);
}

void KeReadyThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockDispatcher();

    ASSERT(Thread->State == Initialized);
    KiReadyThread(Thread);
    KiUnlockDispatcher(OldIrql);
}

/*
 * Who waits for the thread may run as soon as the lock is free, that is, when the
 * thread has left its stack: the lock goes with the switch, and it is
 * KiFinishSwitch, on the next thread's stack, that tells the reaper.
 */
void KeTerminateThread(KPRIORITY Increment)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PKPRCB Prcb;

    ASSERT(IsListEmpty(&Thread->MutantListHead) && Thread->HeldMutexes.Count == 0);
    (void)KiLockDispatcher();
    Prcb = KiCurrentPrcb();
    KiLeaveQueue(Thread);
    Thread->Header.SignalState = 1;
    KiWaitTest(&Thread->Header, Increment);
    (void)RemoveEntryList(&Thread->ThreadListEntry);
    Thread->State = Terminated;
    if (Prcb->NpxThread == Thread) {
        Prcb->NpxThread = NULL; /* what the FPU holds is nobody's */
    }
    Prcb->DeadThread = Thread;
    KiSwapThread(Thread);
    __builtin_unreachable();
}
