/* SPDX-License-Identifier: MIT */
/*
 * The kernel's part of a process, KPROCESS: a dispatcher object that is signalled
 * when the process has ended, an address space to run threads in, and defaults
 * for its threads.  And attaching: a thread works in the address space of another
 * process for a while.
 */
#include "ke/ki.h"

#define KI_NOT_ATTACHED ((PKPROCESS)1) /* in a saved state: nothing to undo */

/* Process is zeroed memory.  IRQL: any. */
void KeInitializeProcess(
    PKPROCESS Process, CCHAR BasePriority, KAFFINITY Affinity, ULONG DirectoryTableBase)
{
    Process->Header.Type = ProcessObject;
    Process->Header.Size = sizeof(KPROCESS) / sizeof(ULONG);
    InitializeListHead(&Process->Header.WaitListHead);
    Process->DirectoryTableBase = DirectoryTableBase;
    InitializeListHead(&Process->ThreadListHead);
    Process->Affinity = Affinity;
    Process->BasePriority = BasePriority;
    Process->QuantumReset = KI_DEFAULT_QUANTUM;
    KeTrace(TraceKeProcess, TraceP(Process), (ULONG)BasePriority, Affinity);
}

LONG KeSetProcess(PKPROCESS Process, KPRIORITY Increment)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Old = Process->Header.SignalState;

    Process->Header.SignalState = 1;
    if (Old == 0) {
        KiWaitTest(&Process->Header, Increment);
    }
    KiUnlockDispatcher(OldIrql);
    return Old;
}

static void KiMoveApcList(PLIST_ENTRY To, PLIST_ENTRY From)
{
    if (IsListEmpty(From)) {
        InitializeListHead(To);
        return;
    }
    *To = *From;
    To->Flink->Blink = To;
    To->Blink->Flink = To;
    InitializeListHead(From);
}

static void KiMoveApcState(PKAPC_STATE To, PKAPC_STATE From)
{
    *To = *From;
    KiMoveApcList(&To->ApcListHead[KernelMode], &From->ApcListHead[KernelMode]);
    KiMoveApcList(&To->ApcListHead[UserMode], &From->ApcListHead[UserMode]);
}

static void KiSwapProcess(PKPROCESS New, PKPROCESS Old)
{
    KAFFINITY Self = KiCurrentPrcb()->SetMember;

    InterlockedOr(&New->ActiveProcessors, Self);
    if (New->DirectoryTableBase != Old->DirectoryTableBase) {
        KiLoadDirectoryTable(New->DirectoryTableBase);
        KeSetFaultDirectory(New->DirectoryTableBase);
    }
    InterlockedAnd(&Old->ActiveProcessors, ~Self); /* its pages are out of reach only now */
}

/*
 * The APCs queued so far are put aside: they belong to the process the thread
 * leaves.  The outermost attachment keeps them in the thread, so that new ones
 * for the thread's own process can be queued; a nested one in *State.
 */
void KeStackAttachProcess(PKPROCESS Process, PKAPC_STATE State)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PKPROCESS Old = Thread->ApcState.Process;
    BOOLEAN Nested = Thread->ApcStateIndex != OriginalApcEnvironment;
    KIRQL OldIrql;

    if (KeGetCurrentIrql() >= DISPATCH_LEVEL && KiCurrentPrcb()->DpcRoutineActive) {
        KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process, (ULONG_PTR)Old,
            Thread->ApcStateIndex, 1);
    }
    if (Old == Process) {
        State->Process = KI_NOT_ATTACHED;
        return;
    }
    OldIrql = KiLockApcQueue(Thread);
    KiMoveApcState(Nested ? State : &Thread->SavedApcState, &Thread->ApcState);
    if (!Nested) {
        State->Process = NULL;
        Thread->ApcStatePointer[OriginalApcEnvironment] = &Thread->SavedApcState;
        Thread->ApcStatePointer[AttachedApcEnvironment] = &Thread->ApcState;
        Thread->ApcStateIndex = AttachedApcEnvironment;
    }
    Thread->ApcState.Process = Process;
    Thread->ApcState.KernelApcInProgress = FALSE;
    Thread->ApcState.KernelApcPending = FALSE;
    Thread->ApcState.UserApcPending = FALSE;
    KiSwapProcess(Process, Old);
    KiUnlockApcQueue(Thread, OldIrql);
}

/* Back to where KeStackAttachProcess(..., State) came from. */
void KeUnstackDetachProcess(PKAPC_STATE State)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PKPROCESS Old = Thread->ApcState.Process;
    KIRQL OldIrql;

    if (State->Process == KI_NOT_ATTACHED) {
        return;
    }
    OldIrql = KiLockApcQueue(Thread);
    /* Kernel APCs for the other process: lowering IRQL delivers them there. */
    while (Thread->ApcState.KernelApcPending && Thread->SpecialApcDisable == 0 &&
           OldIrql < APC_LEVEL) {
        KiPendSoftwareInterrupt(APC_LEVEL);
        KiUnlockApcQueue(Thread, OldIrql);
        OldIrql = KiLockApcQueue(Thread);
    }
    if (State->Process != NULL) {
        KiMoveApcState(&Thread->ApcState, State);
    } else {
        KiMoveApcState(&Thread->ApcState, &Thread->SavedApcState);
        Thread->SavedApcState.Process = NULL;
        Thread->ApcStatePointer[OriginalApcEnvironment] = &Thread->ApcState;
        Thread->ApcStatePointer[AttachedApcEnvironment] = &Thread->SavedApcState;
        Thread->ApcStateIndex = OriginalApcEnvironment;
    }
    KiSwapProcess(Thread->ApcState.Process, Old);
    if (!IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode])) {
        Thread->ApcState.KernelApcPending = TRUE;
        KiPendSoftwareInterrupt(APC_LEVEL);
    }
    KiUnlockApcQueue(Thread, OldIrql);
}

BOOLEAN KeIsAttachedProcess(void)
{
    return KeGetCurrentThread()->ApcStateIndex != OriginalApcEnvironment;
}
