/* SPDX-License-Identifier: MIT */
/*
 * Timers as objects.  Besides being signalled, one can queue an APC to the thread
 * that set it: Ke's timer queues a DPC, the DPC the APC.
 *
 * A timer with an APC is associated with that thread: it is in the thread's list,
 * so that the thread's end finds it.  The association ends when a one-shot timer's
 * APC is delivered, with the next setting, NtCancelTimer, the last handle and the
 * thread; an APC still queued is taken back.
 *
 * References: one for the association, one for the queued APC.
 */
#include "ex/exp.h"

typedef struct _ETIMER {
    KTIMER KeTimer;
    KDPC Dpc;
    KAPC Apc;
    PKTHREAD Thread;     /* associated, or NULL; ExpTimerLock */
    LIST_ENTRY ListEntry; /* in its ActiveTimerListHead; ExpTimerLock */
    LONG Period;         /* milliseconds; 0: one-shot; ExpTimerLock */
    ULONGLONG FirstDue;  /* interrupt time; ExpTimerLock */
} ETIMER, *PETIMER;

POBJECT_TYPE ExTimerObjectType;

/* All associations of timers with threads. */
static KSPIN_LOCK ExpTimerLock = KSPIN_LOCK_INITIALIZER(LockLevelTimer);

static void ExpDropReferences(PETIMER Timer, ULONG References)
{
    while (References-- != 0) {
        ObDereferenceObject(Timer);
    }
}

/* Lock held.  Returns how many references the caller drops after the lock. */
static ULONG ExpDisassociateTimer(PETIMER Timer)
{
    if (Timer->Thread == NULL) {
        return 0;
    }
    (void)RemoveEntryList(&Timer->ListEntry);
    Timer->Thread = NULL;
    return KeRemoveQueueApc(&Timer->Apc) ? 2 : 1;
}

static void ExpRundownTimerApc(PKAPC Apc)
{
    ObDereferenceObject(CONTAINING_RECORD(Apc, ETIMER, Apc));
}

/* Kernel routine: another thread may have set the timer anew since the APC left the queue. */
static void ExpDeliverTimerApc(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
    PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    PETIMER Timer = CONTAINING_RECORD(Apc, ETIMER, Apc);
    KIRQL OldIrql = KeAcquireSpinLock(&ExpTimerLock);
    ULONG References = 1;

    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    if (Timer->Thread == KeGetCurrentThread() && Timer->Period == 0) {
        References += ExpDisassociateTimer(Timer);
    }
    KeReleaseSpinLock(&ExpTimerLock, OldIrql);
    ExpDropReferences(Timer, References);
}

/*
 * The APC's arguments are the time, low and high half.  One still queued stays as it is.
 *
 * The timer may have been set anew by another processor since this DPC was queued:
 * cancelling a timer does not wait for its DPC.  Such a late one is known by that
 * the present setting is not due yet; if it is, the APC is, whoever brings it.
 */
static void ExpTimerDpc(PKDPC Dpc, PVOID Context, PVOID TimeLow, PVOID TimeHigh)
{
    PETIMER Timer = Context;

    UNREFERENCED_PARAMETER(Dpc);
    KeAcquireSpinLockAtDpcLevel(&ExpTimerLock);
    if (Timer->Thread != NULL && KeQueryInterruptTime() >= Timer->FirstDue) {
        ObReferenceObject(Timer);
        if (!KeInsertQueueApc(&Timer->Apc, TimeLow, TimeHigh, TIMER_APC_INCREMENT)) {
            ObDereferenceObject(Timer); /* not the last: the association has one */
        }
    }
    KeReleaseSpinLockFromDpcLevel(&ExpTimerLock);
}

/* The last handle goes: nobody can cancel the APC any more.  Who waits goes on waiting. */
static void ExpCloseTimer(
    PKPROCESS Process, PVOID Object, ULONG ProcessHandleCount, ULONG SystemHandleCount)
{
    KIRQL OldIrql;
    ULONG References;

    UNREFERENCED_PARAMETER(Process);
    UNREFERENCED_PARAMETER(ProcessHandleCount);
    if (SystemHandleCount == 0) {
        OldIrql = KeAcquireSpinLock(&ExpTimerLock);
        References = ExpDisassociateTimer(Object);
        KeReleaseSpinLock(&ExpTimerLock, OldIrql);
        ExpDropReferences(Object, References);
    }
}

static void ExpDeleteTimer(PVOID Object)
{
    PETIMER Timer = Object;

    ASSERT(Timer->Thread == NULL);
    (void)KeCancelTimer(&Timer->KeTimer);
    KeFlushQueuedDpcs();
}

NTSTATUS ExpInitTimers(void)
{
    static const OBJECT_TYPE_INITIALIZER Info = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | TIMER_QUERY_STATE,
            STANDARD_RIGHTS_WRITE | TIMER_MODIFY_STATE, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
            TIMER_ALL_ACCESS},
        .ValidAccessMask = TIMER_ALL_ACCESS,
        .PoolTag = POOL_TAG('T', 'i', 'm', 'e'),
        .BodySize = sizeof(ETIMER),
        .Waitable = TRUE,
        .CloseProcedure = ExpCloseTimer,
        .DeleteProcedure = ExpDeleteTimer,
    };

    return ObCreateObjectType(L"Timer", &Info, &ExTimerObjectType);
}

/* A timer of the current thread's list without its association; NULL: the list is empty. */
static PETIMER ExpTakeThreadTimer(PKTHREAD Thread, PULONG References)
{
    KIRQL OldIrql = KeAcquireSpinLock(&ExpTimerLock);
    PETIMER Timer = NULL;

    if (!IsListEmpty(&Thread->ActiveTimerListHead)) {
        Timer = CONTAINING_RECORD(Thread->ActiveTimerListHead.Flink, ETIMER, ListEntry);
        (void)KeCancelTimer(&Timer->KeTimer);
        *References = ExpDisassociateTimer(Timer);
    }
    KeReleaseSpinLock(&ExpTimerLock, OldIrql);
    return Timer;
}

/* The current thread ends: the timers that were to call it are cancelled. */
void ExRundownTimers(void)
{
    ULONG References;
    PETIMER Timer;

    while ((Timer = ExpTakeThreadTimer(KeGetCurrentThread(), &References)) != NULL) {
        ExpDropReferences(Timer, References);
    }
}

NTSTATUS NTAPI NtCreateTimer(HANDLE __user *TimerHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, TIMER_TYPE TimerType)
{
    HANDLE Handle = NULL;
    PVOID Object;
    PETIMER Timer;
    NTSTATUS Status;

    if (TimerType != NotificationTimer && TimerType != SynchronizationTimer) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Status = ObCreateObject(
        KeGetPreviousMode(), ExTimerObjectType, ObjectAttributes, 0, &Object);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Timer = Object;
    KeInitializeTimer(&Timer->KeTimer, TimerType);
    KeInitializeDpc(&Timer->Dpc, ExpTimerDpc, Timer);
    Status = ObInsertObject(Timer, DesiredAccess, &Handle);
    return ObReturnHandle(TimerHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenTimer(HANDLE __user *TimerHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, ExTimerObjectType,
        KeGetPreviousMode(), DesiredAccess, NULL, &Handle);

    return ObReturnHandle(TimerHandle, Handle, Status);
}

/* Lock held: Routine is to be called in the current thread. */
static void ExpAssociateTimer(PETIMER Timer, PKNORMAL_ROUTINE Routine, PVOID Context)
{
    PKTHREAD Thread = KeGetCurrentThread();

    ObReferenceObject(Timer);
    KeInitializeApc(&Timer->Apc, Thread, CurrentApcEnvironment, ExpDeliverTimerApc,
        ExpRundownTimerApc, Routine, KeGetPreviousMode(), Context);
    Timer->Thread = Thread;
    InsertTailList(&Thread->ActiveTimerListHead, &Timer->ListEntry);
}

/* Stops Timer and, unless DueTime is NULL, sets it anew.  Was it signalled before? */
static BOOLEAN ExpChangeTimer(PETIMER Timer, PLARGE_INTEGER DueTime, LONG Period,
    PKNORMAL_ROUTINE Routine, PVOID Context)
{
    KIRQL OldIrql = KeAcquireSpinLock(&ExpTimerLock);
    ULONG References = ExpDisassociateTimer(Timer);
    BOOLEAN Signalled = Timer->KeTimer.Header.SignalState != 0;

    (void)KeCancelTimer(&Timer->KeTimer);
    if (DueTime != NULL) {
        Timer->Period = Period;
        Timer->FirstDue = KiComputeDueTime(DueTime->QuadPart);
        if (Routine != NULL) {
            ExpAssociateTimer(Timer, Routine, Context);
        }
        (void)KeSetTimer(
            &Timer->KeTimer, *DueTime, Period, Routine != NULL ? &Timer->Dpc : NULL);
    }
    KeReleaseSpinLock(&ExpTimerLock, OldIrql);
    ExpDropReferences(Timer, References);
    return Signalled;
}

static NTSTATUS ExpReturnState(BOOLEAN __user *State, BOOLEAN Signalled)
{
    return State != NULL ? MmCopyToUser(State, &Signalled, sizeof(Signalled)) : STATUS_SUCCESS;
}

/* There is no sleeping machine to wake: ResumeTimer earns STATUS_TIMER_RESUME_IGNORED. */
NTSTATUS NTAPI NtSetTimer(HANDLE TimerHandle, LARGE_INTEGER __user *DueTime,
    PTIMER_APC_ROUTINE TimerApcRoutine, PVOID TimerContext, BOOLEAN ResumeTimer, LONG Period,
    BOOLEAN __user *PreviousState)
{
    LARGE_INTEGER Due;
    BOOLEAN Signalled;
    PVOID Timer;
    NTSTATUS Status = MmCopyFromUser(&Due, DueTime, sizeof(Due));

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Period < 0) {
        return STATUS_INVALID_PARAMETER_6;
    }
    Status = ObReferenceObjectByHandle(TimerHandle, TIMER_MODIFY_STATE, ExTimerObjectType,
        KeGetPreviousMode(), &Timer, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Signalled = ExpChangeTimer(
        Timer, &Due, Period, (PKNORMAL_ROUTINE)(PVOID)TimerApcRoutine, TimerContext);
    ObDereferenceObject(Timer);
    Status = ExpReturnState(PreviousState, Signalled);
    return NT_SUCCESS(Status) && ResumeTimer ? STATUS_TIMER_RESUME_IGNORED : Status;
}

/* The signal state stays as it is. */
NTSTATUS NTAPI NtCancelTimer(HANDLE TimerHandle, BOOLEAN __user *CurrentState)
{
    BOOLEAN Signalled;
    PVOID Timer;
    NTSTATUS Status = ObReferenceObjectByHandle(TimerHandle, TIMER_MODIFY_STATE,
        ExTimerObjectType, KeGetPreviousMode(), &Timer, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Signalled = ExpChangeTimer(Timer, NULL, 0, NULL, NULL);
    ObDereferenceObject(Timer);
    return ExpReturnState(CurrentState, Signalled);
}

/* As in NT, the remaining time of a timer that is not set is minus the time since boot. */
static void ExpFillTimer(PVOID Object, PVOID Information)
{
    PETIMER Timer = Object;
    PTIMER_BASIC_INFORMATION Basic = Information;

    Basic->RemainingTime.QuadPart =
        (LONGLONG)(KeQueryTimerDueTime(&Timer->KeTimer) - KeQueryInterruptTime());
    Basic->TimerState = Timer->KeTimer.Header.SignalState != 0;
}

NTSTATUS NTAPI NtQueryTimer(HANDLE TimerHandle, TIMER_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    const EXP_OBJECT_QUERY Query = {
        ExTimerObjectType, TIMER_QUERY_STATE, sizeof(TIMER_BASIC_INFORMATION), ExpFillTimer};

    return ExpQueryObject(
        &Query, TimerHandle, InformationClass, Information, Length, ReturnLength);
}
