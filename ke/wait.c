/* SPDX-License-Identifier: MIT */
/*
 * Waiting for dispatcher objects.  A wait is a ring of wait blocks, one an
 * object and one for the timeout, each also in its object's list; signal.c walks
 * those lists.  All of it is under the dispatcher lock.
 *
 * A wait can end early: a kernel APC for the thread ends it with
 * STATUS_KERNEL_APC, which no caller sees, because the APC is delivered by the
 * return to the caller's IRQL and the wait then starts again with the same due
 * time.  An alert or a user APC ends it for good if the caller allows.
 */
#include "ke/ki.h"

/* The status of a wait, or the address of what a queue's thread was woken with? */
#define KI_IS_QUEUE_ENTRY(Status) ((__force ULONG_PTR)(Status) >= 0x80000000)

/* The parameters that every attempt of one wait shares. */
typedef struct _KI_WAIT {
    KWAIT_REASON Reason;
    KPROCESSOR_MODE Mode;
    BOOLEAN Alertable;
    BOOLEAN HasTimeout;
    ULONGLONG DueTime; /* interrupt time; 0: do not block */
} KI_WAIT, *PKI_WAIT;

FORCEINLINE void KiInitializeWait(PKI_WAIT Wait, KWAIT_REASON Reason, KPROCESSOR_MODE Mode,
    BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    Wait->Reason = Reason;
    Wait->Mode = Mode;
    Wait->Alertable = Alertable;
    Wait->HasTimeout = Timeout != NULL;
    if (Timeout != NULL) {
        Wait->DueTime = Timeout->QuadPart == 0 ? 0 : KiComputeDueTime(Timeout->QuadPart);
    }
}

/* Takes the dispatcher lock, or has it since KeSetEvent(..., Wait = TRUE). */
FORCEINLINE void KiBeginWait(PKTHREAD Thread)
{
    if (Thread->WaitNext) {
        Thread->WaitNext = FALSE;
    } else {
        KIRQL OldIrql = KiLockDispatcher();
        Thread->WaitIrql = OldIrql;
    }
}

FORCEINLINE NTSTATUS KiEndWait(PKTHREAD Thread, NTSTATUS Status)
{
    KiUnlockDispatcher(Thread->WaitIrql);
    return Status;
}

/* What ends a wait before it begins; STATUS_SUCCESS: nothing. */
static NTSTATUS KiTestAlert(PKTHREAD Thread, const KI_WAIT *Wait)
{
    if (!Wait->Alertable) {
        return Wait->Mode == UserMode && Thread->ApcState.UserApcPending ? STATUS_USER_APC
                                                                         : STATUS_SUCCESS;
    }
    if (Thread->Alerted[(UCHAR)Wait->Mode]) {
        Thread->Alerted[(UCHAR)Wait->Mode] = FALSE;
        return STATUS_ALERTED;
    }
    if (Wait->Mode == UserMode && !IsListEmpty(&Thread->ApcState.ApcListHead[UserMode])) {
        Thread->ApcState.UserApcPending = TRUE;
        return STATUS_USER_APC;
    }
    if (Thread->Alerted[KernelMode]) {
        Thread->Alerted[KernelMode] = FALSE;
        return STATUS_ALERTED;
    }
    return STATUS_SUCCESS;
}

/*
 * No object is signalled: may the thread block?  STATUS_KERNEL_APC says try again
 * because an APC arrived that lowering IRQL will deliver.
 */
FORCEINLINE NTSTATUS KiMayBlock(PKTHREAD Thread, const KI_WAIT *Wait)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (__builtin_expect(Thread->ApcState.KernelApcPending, 0) && Thread->SpecialApcDisable == 0 &&
        Thread->WaitIrql < APC_LEVEL) {
        KiPendSoftwareInterrupt(APC_LEVEL);
        return STATUS_KERNEL_APC;
    }
    if (Wait->Alertable || Wait->Mode == UserMode) {
        Status = KiTestAlert(Thread, Wait);
    }
    if (Status == STATUS_SUCCESS && Wait->HasTimeout && Wait->DueTime == 0) {
        Status = STATUS_TIMEOUT;
    }
    return Status;
}

FORCEINLINE void KiLinkWaitBlock(
    PKTHREAD Thread, PKWAIT_BLOCK Block, PDISPATCHER_HEADER Object, ULONG Key, WAIT_TYPE Type)
{
    Block->Thread = Thread;
    Block->Object = Object;
    Block->WaitKey = (USHORT)Key;
    Block->WaitType = (USHORT)Type;
    InsertTailList(&Object->WaitListHead, &Block->WaitListEntry);
}

/* Starts the timeout and closes the ring; FALSE: it is over already. */
FORCEINLINE BOOLEAN KiLinkTimeout(PKTHREAD Thread, const KI_WAIT *Wait, PKWAIT_BLOCK Last)
{
    PKWAIT_BLOCK Block = &Thread->WaitBlock[TIMER_WAIT_BLOCK];

    Last->NextWaitBlock = Thread->WaitBlockList;
    if (!Wait->HasTimeout) {
        return TRUE;
    }
    if (!KiInsertTimer(&Thread->Timer, Wait->DueTime)) {
        return FALSE;
    }
    Thread->Timer.Header.SignalState = 0;
    KiLinkWaitBlock(
        Thread, Block, &Thread->Timer.Header, (__force ULONG)STATUS_TIMEOUT, WaitAny);
    Last->NextWaitBlock = Block;
    Block->NextWaitBlock = Thread->WaitBlockList;
    return TRUE;
}

static void KiUnlinkObjects(PKTHREAD Thread)
{
    PKWAIT_BLOCK Block = Thread->WaitBlockList;

    do {
        (void)RemoveEntryList(&Block->WaitListEntry);
        Block = Block->NextWaitBlock;
    } while (Block != Thread->WaitBlockList);
}

/* Gives up the processor; returns, with the lock released, when the wait has ended. */
static NTSTATUS KiCommitWait(PKTHREAD Thread, const KI_WAIT *Wait)
{
    NTSTATUS Status;

    ASSERT(Thread != KiCurrentPrcb()->IdleThread);
    if (Thread->WaitIrql >= DISPATCH_LEVEL) {
        KeBugCheckEx(ATTEMPTED_SWITCH_FROM_DPC, (ULONG_PTR)Thread,
            (ULONG_PTR)Thread->WaitBlockList->Object, Thread->WaitIrql, 0);
    }
    Thread->WaitReason = (UCHAR)Wait->Reason;
    Thread->WaitMode = Wait->Mode;
    Thread->Alertable = Wait->Alertable;
    Thread->State = Waiting;
    if (Thread->Queue != NULL) {
        KiLeaveQueueToWait(Thread->Queue);
    }
    KiSwapThread(Thread);
    Status = (__force NTSTATUS)Thread->WaitStatus; /* an APC that is delivered next may wait */
    KiFinishSwitch(Thread, Thread->WaitIrql);
    return Status;
}

/* IRQL: at most APC_LEVEL, or DISPATCH_LEVEL with a timeout of zero. */
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON Reason, KPROCESSOR_MODE Mode,
    BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PKWAIT_BLOCK Block = &Thread->WaitBlock[0];
    KI_WAIT Wait;
    NTSTATUS Status;

    KiNoteWait(Thread, Object, Timeout, __builtin_return_address(0));
    KiInitializeWait(&Wait, Reason, Mode, Alertable, Timeout);
    do {
        KiBeginWait(Thread);
        if (KiIsSignaled(Object, Thread)) {
            return KiEndWait(Thread, KiSatisfyWait(Object, Thread));
        }
        Status = KiMayBlock(Thread, &Wait);
        if (Status != STATUS_SUCCESS) {
            (void)KiEndWait(Thread, Status);
            continue;
        }
        Thread->WaitBlockList = Block;
        KiLinkWaitBlock(Thread, Block, Object, 0, WaitAny);
        if (!KiLinkTimeout(Thread, &Wait, Block)) {
            (void)RemoveEntryList(&Block->WaitListEntry);
            return KiEndWait(Thread, STATUS_TIMEOUT);
        }
        Status = KiCommitWait(Thread, &Wait);
    } while (Status == STATUS_KERNEL_APC);
    return Status;
}

/* TRUE if a wait for any is satisfied at once, with its Status. */
static BOOLEAN KiTryWaitAny(ULONG Count, PVOID Objects[], PKTHREAD Thread, NTSTATUS *Status)
{
    for (ULONG i = 0; i < Count; i++) {
        if (KiIsSignaled(Objects[i], Thread)) {
            *Status = KiSatisfyWait(Objects[i], Thread);
            if (NT_SUCCESS(*Status)) {
                *Status |= (__force NTSTATUS)i;
            }
            return TRUE;
        }
    }
    return FALSE;
}

/* The same for a wait for all: nothing is consumed unless everything is. */
static BOOLEAN KiTryWaitAll(ULONG Count, PVOID Objects[], PKTHREAD Thread, NTSTATUS *Status)
{
    for (ULONG i = 0; i < Count; i++) {
        if (!KiIsSignaled(Objects[i], Thread)) {
            return FALSE;
        }
        if (((PDISPATCHER_HEADER)Objects[i])->SignalState == MINLONG) {
            *Status = STATUS_MUTANT_LIMIT_EXCEEDED; /* signal.c says when */
            return TRUE;
        }
    }
    *Status = STATUS_SUCCESS;
    for (ULONG i = 0; i < Count; i++) {
        *Status |= KiSatisfyWait(Objects[i], Thread);
    }
    return TRUE;
}

/*
 * For WaitAll the objects must differ, as NtWaitForMultipleObjects demands.
 * IRQL: as for one object.
 */
NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Objects[], WAIT_TYPE Type,
    KWAIT_REASON Reason, KPROCESSOR_MODE Mode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
    PKWAIT_BLOCK WaitBlocks)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PKWAIT_BLOCK Blocks = WaitBlocks != NULL ? WaitBlocks : Thread->WaitBlock;
    KI_WAIT Wait;
    NTSTATUS Status;

    KiNoteWait(Thread, Objects[0], Timeout, __builtin_return_address(0));
    ASSERT(Count != 0 && Count <= (WaitBlocks ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS));
    KiInitializeWait(&Wait, Reason, Mode, Alertable, Timeout);
    do {
        KiBeginWait(Thread);
        if (Type == WaitAny ? KiTryWaitAny(Count, Objects, Thread, &Status)
                            : KiTryWaitAll(Count, Objects, Thread, &Status)) {
            return KiEndWait(Thread, Status);
        }
        Status = KiMayBlock(Thread, &Wait);
        if (Status != STATUS_SUCCESS) {
            (void)KiEndWait(Thread, Status);
            continue;
        }
        Thread->WaitBlockList = Blocks;
        for (ULONG i = 0; i < Count; i++) {
            KiLinkWaitBlock(Thread, &Blocks[i], Objects[i], Type == WaitAny ? i : 0, Type);
            Blocks[i].NextWaitBlock = &Blocks[i + 1 < Count ? i + 1 : 0];
        }
        if (!KiLinkTimeout(Thread, &Wait, &Blocks[Count - 1])) {
            KiUnlinkObjects(Thread);
            return KiEndWait(Thread, STATUS_TIMEOUT);
        }
        Status = KiCommitWait(Thread, &Wait);
    } while (Status == STATUS_KERNEL_APC);
    return Status;
}

/*
 * KeRemoveQueue - a wait for the next entry, also for the right to run.  The
 * thread belongs to Queue from now on.
 */
NTSTATUS KeRemoveQueue(
    PKQUEUE Queue, KPROCESSOR_MODE Mode, PLARGE_INTEGER Timeout, PLIST_ENTRY *Entry)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PKWAIT_BLOCK Block = &Thread->WaitBlock[0];
    KI_WAIT Wait;
    NTSTATUS Status;

    KiNoteWait(Thread, Queue, Timeout, __builtin_return_address(0));
    KiInitializeWait(&Wait, WrQueue, Mode, FALSE, Timeout);
    do {
        KiBeginWait(Thread);
        KiJoinQueue(Thread, Queue);
        *Entry = KiTryRemoveQueue(Queue);
        Status = *Entry != NULL ? STATUS_SUCCESS : KiMayBlock(Thread, &Wait);
        if (*Entry != NULL || Status != STATUS_SUCCESS) {
            (void)KiEndWait(Thread, Status);
            continue;
        }
        Thread->WaitBlockList = Block;
        KiLinkWaitBlock(Thread, Block, &Queue->Header, 0, WaitAny);
        if (!KiLinkTimeout(Thread, &Wait, Block)) {
            (void)RemoveEntryList(&Block->WaitListEntry);
            return KiEndWait(Thread, STATUS_TIMEOUT);
        }
        Status = KiCommitWait(Thread, &Wait);
        if (KI_IS_QUEUE_ENTRY(Status)) {
            *Entry = (PLIST_ENTRY)(__force ULONG_PTR)Status;
            Status = STATUS_SUCCESS;
        }
    } while (Status == STATUS_KERNEL_APC);
    return Status;
}

/* A wait for nothing but the time.  An interval of zero gives up the processor. */
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE Mode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PKWAIT_BLOCK Block = &Thread->WaitBlock[TIMER_WAIT_BLOCK];
    KI_WAIT Wait;
    NTSTATUS Status;

    KiNoteWait(Thread, &Thread->Timer, Interval, __builtin_return_address(0));
    KiInitializeWait(&Wait, DelayExecution, Mode, Alertable, Interval);
    do {
        KiBeginWait(Thread);
        Status = KiMayBlock(Thread, &Wait);
        if (Status != STATUS_SUCCESS) {
            (void)KiEndWait(Thread, Status);
            continue;
        }
        Thread->WaitBlockList = Block;
        if (!KiLinkTimeout(Thread, &Wait, Block)) {
            return KiEndWait(Thread, STATUS_SUCCESS);
        }
        Status = KiCommitWait(Thread, &Wait);
    } while (Status == STATUS_KERNEL_APC);
    if (Status != STATUS_TIMEOUT) {
        return Status;
    }
    return Interval->QuadPart == 0 ? KeYieldExecution() : STATUS_SUCCESS;
}
