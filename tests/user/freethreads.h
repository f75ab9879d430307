/* SPDX-License-Identifier: MIT */
/*
 * What the threads of freerun.exe do to each other: APCs, alerts, suspending, ending,
 * waiting for the end, closing the handle that another waits through.
 */
#pragma once
#include "tests/user/freecount.h"

#define STACK_SIZE 0x10000

static ULONG Process;                  /* number of this one */
static HANDLE Threads[FREE_THREADS];   /* as they were started */
static HANDLE Leaving;                 /* a leaver, for its successor */
static PVOID Stacks[FREE_THREADS];     /* of the present threads */
static HANDLE OwnTimers[FREE_THREADS]; /* passed on from each thread to its successor */
static HANDLE Loans[FREE_THREADS];     /* whoever takes one out closes it */

static NTSTATUS NTAPI Work(PVOID Parameter);

/* ---- Who ---------------------------------------------------------------------------- */

typedef struct _OTHER {
    FREE_SLOT *Slot;
    ULONG Id; /* as it was before the handle was opened: once condemned, nothing is sure */
    HANDLE Thread;
} OTHER;

static BOOLEAN OpenOther(ULONG Slot, OTHER *Other)
{
    Other->Slot = &Memory->Slots[Slot];
    Other->Id = Other->Slot->Id;
    Other->Thread = Other->Slot->ThreadId != 0 ? OpenThreadById(Other->Slot->ThreadId) : NULL;
    return Other->Thread != NULL;
}

/* ---- APCs and alerts ------------------------------------------------------------------ */

/* In the order in which each sent them, and in no other thread. */
static void NTAPI TakeApc(PVOID Context, PVOID Sender, PVOID Number)
{
    FREE_SLOT *Self = &Memory->Slots[(ULONG_PTR)Context];
    LONG *Last = &Self->LastFrom[(ULONG_PTR)Sender];
    LONG Done = Add(&Self->ApcsDone, 1);

    Expect(Self, Self->ThreadId == (ULONG)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueThread,
        "an APC for thread %lu runs in another", Self->ThreadId);
    Expect(Self, Done <= Self->ApcsSent, "%ld APCs run, %ld were sent", Done, Self->ApcsSent);
    Expect(Self, (LONG)(ULONG_PTR)Number > *Last, "APC %ld of slot %lu after APC %ld",
        (LONG)(ULONG_PTR)Number, (ULONG)(ULONG_PTR)Sender, *Last);
    *Last = (LONG)(ULONG_PTR)Number;
}

/* One that may be ended by others, before it has counted, sends only to its like. */
static void DoSendApc(FREE_SLOT *Self)
{
    ULONG Slot = Below(Self, FREE_SLOTS);
    NTSTATUS Status;
    OTHER Other;

    if ((IsMortal(SlotOf(Self)) && !IsMortal(Slot)) || !OpenOther(Slot, &Other)) {
        return;
    }
    if (Other.Slot->ApcsSent - Other.Slot->ApcsDone < 50) {
        (void)Add(&Other.Slot->ApcsSent, 1);
        Status = NtQueueApcThread(Other.Thread, TakeApc, (PVOID)(ULONG_PTR)Slot,
            (PVOID)(ULONG_PTR)SlotOf(Self), (PVOID)(ULONG_PTR)++Self->SentTo[Slot]);
        if (Status != STATUS_SUCCESS) {
            Expect(Self, IsCondemned(Other.Id), "an APC: %s", RtlNtStatusName(Status));
            (void)Add(&Other.Slot->ApcsSent, -1);
        }
    }
    (void)NtClose(Other.Thread);
}

static void DoAlertThread(FREE_SLOT *Self)
{
    NTSTATUS Status;
    OTHER Other;

    if (OpenOther(Below(Self, FREE_SLOTS), &Other)) {
        (void)Add(&Other.Slot->AlertsSent, 1);
        Status = NtAlertThread(Other.Thread);
        Expect(Self, Status == STATUS_SUCCESS, "an alert: %s", RtlNtStatusName(Status));
        (void)NtClose(Other.Thread);
    }
}

static void DoTestAlert(FREE_SLOT *Self)
{
    const WAIT Like = {.Alertable = TRUE};
    NTSTATUS Status = NtTestAlert();

    if (Status != STATUS_SUCCESS) {
        JudgeEnd(Self, &Like, Status);
    }
}

static void NTAPI TakeOwnApc(PVOID Context, ULONG TimeLow, LONG TimeHigh)
{
    UNREFERENCED_PARAMETER(TimeLow);
    UNREFERENCED_PARAMETER(TimeHigh);
    (void)Add(&Memory->Slots[(ULONG_PTR)Context].OwnApcs, 1);
}

/* One setting, one APC; or none once the timer is cancelled, if none has come by then. */
static void DoUseOwnTimer(FREE_SLOT *Self)
{
    HANDLE Timer = OwnTimers[SlotOf(Self) % FREE_THREADS];
    LARGE_INTEGER Due = {.QuadPart = -(LONGLONG)Below(Self, 15) * MILLISECOND};
    LARGE_INTEGER Hour = {.QuadPart = -3600000 * MILLISECOND};
    BOOLEAN Cancel = Below(Self, 2) == 0;
    LONG Before = Self->OwnApcs;
    NTSTATUS Status;
    WAIT Wait;

    Status = NtSetTimer(Timer, &Due, (PTIMER_APC_ROUTINE)TakeOwnApc,
        (PVOID)(ULONG_PTR)SlotOf(Self), FALSE, 0, NULL);
    Expect(Self, Status == STATUS_SUCCESS, "its own timer: %s", RtlNtStatusName(Status));
    if (Cancel) {
        Status = NtCancelTimer(Timer, NULL);
        Expect(Self, Status == STATUS_SUCCESS, "cancelled: %s", RtlNtStatusName(Status));
        DoTestAlert(Self);
    }
    while (!Cancel && Self->OwnApcs == Before) {
        Wait = (WAIT){.Alertable = TRUE, .Timeout = &Hour};
        BeginWait(Self, &Wait);
        JudgeEnd(Self, &Wait, NtDelayExecution(TRUE, &Hour));
    }
    Expect(Self, Self->OwnApcs == Before + !Cancel, "%ld APCs of its own timer",
        Self->OwnApcs - Before);
}

/* ---- Suspending ------------------------------------------------------------------------- */

static BOOLEAN Suspend(const FREE_SLOT *Self, const OTHER *Other)
{
    ULONG Previous = 0;
    NTSTATUS Status;

    Status = NtSuspendThread(Other->Thread, &Previous);
    if (Status != STATUS_SUCCESS) {
        Expect(Self, Status == STATUS_THREAD_IS_TERMINATING && IsCondemned(Other->Id),
            "slot %lu suspended: %s", SlotOf(Other->Slot), RtlNtStatusName(Status));
        return FALSE;
    }
    Expect(Self, Previous < FREE_SUSPENSIONS, "slot %lu: suspended %lu times before",
        SlotOf(Other->Slot), Previous);
    return TRUE;
}

static void Resume(FREE_SLOT *Self, const OTHER *Other)
{
    ULONG Previous = 0;
    NTSTATUS Status;

    if (Below(Self, 2) == 0) {
        Status = NtResumeThread(Other->Thread, &Previous);
    } else {
        (void)Add(&Other->Slot->AlertsSent, 1);
        Status = NtAlertResumeThread(Other->Thread, &Previous);
    }
    Expect(Self, Status == STATUS_SUCCESS && Previous <= FREE_SUSPENSIONS &&
                     (Previous != 0 || IsCondemned(Other->Id)),
        "slot %lu resumed: %s, suspended %lu times", SlotOf(Other->Slot), RtlNtStatusName(Status),
        Previous);
}

/*
 * A suspended thread does nothing.  It may be some way from there when NtSuspendThread
 * returns; it is there when its context can be had, as that needs it to stop, too.
 */
static void WatchSuspended(FREE_SLOT *Self, const OTHER *Other)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_CONTROL};
    LARGE_INTEGER Tick = {.QuadPart = -MILLISECOND};
    ULONG Random;

    if (NtGetContextThread(Other->Thread, &Context) != STATUS_SUCCESS) {
        return; /* it is ending */
    }
    Random = Other->Slot->Random;
    if (Below(Self, 8) == 0) {
        (void)NtDelayExecution(FALSE, &Tick);
    } else {
        (void)NtYieldExecution();
    }
    Expect(Self, Other->Slot->Random == Random || IsCondemned(Other->Id),
        "slot %lu runs while it is suspended", SlotOf(Other->Slot));
}

static void DoSuspendThread(FREE_SLOT *Self)
{
    ULONG Slot = Below(Self, FREE_SLOTS);
    ULONG Times = Below(Self, 4) == 0 ? 2 : 1;
    ULONG Done = 0;
    OTHER Other;

    if ((Slot % FREE_THREADS == FreeOperator && !IsMortal(Slot)) || !OpenOther(Slot, &Other)) {
        return;
    }
    while (Done < Times && Suspend(Self, &Other)) {
        Done++;
    }
    if (Done != 0) {
        WatchSuspended(Self, &Other);
    }
    while (Done-- != 0) {
        Resume(Self, &Other);
    }
    (void)NtClose(Other.Thread);
}

/* ---- Ending ------------------------------------------------------------------------------- */

/* The slot's next thread is another one. */
static void Rename(FREE_SLOT *Slot)
{
    Slot->Id = Slot->Id != 0 ? Slot->Id + FREE_SLOTS : SlotOf(Slot) + 1;
}

/* Runs only when its handle is in its place. */
static void StartThread(const FREE_SLOT *Self, ULONG Role)
{
    NTSTATUS Status = RtlCreateUserThread(NtCurrentProcess(), NULL, TRUE, 0, STACK_SIZE, 0, Work,
        (PVOID)(ULONG_PTR)(Process * FREE_THREADS + Role), &Threads[Role], NULL);

    if (NT_SUCCESS(Status)) {
        Status = NtResumeThread(Threads[Role], NULL);
    }
    Expect(Self, NT_SUCCESS(Status), "a new thread: %s", RtlNtStatusName(Status));
}

/* Waits for the end of a thread, without a limit, and removes what it left behind. */
static void BuryThread(FREE_SLOT *Dead, HANDLE Thread)
{
    ULONG Role = SlotOf(Dead) % FREE_THREADS;
    THREAD_BASIC_INFORMATION Basic = {.ExitStatus = STATUS_PENDING};
    NTSTATUS Status = NtWaitForSingleObject(Thread, FALSE, NULL);
    SIZE_T Size = 0;

    (void)NtQueryInformationThread(
        Thread, (THREADINFOCLASS)ThreadBasicInformation, &Basic, sizeof(Basic), NULL);
    Expect(Dead, Status == STATUS_SUCCESS && Basic.ExitStatus == STATUS_SUCCESS,
        "its end: %s, exit status %s", RtlNtStatusName(Status), RtlNtStatusName(Basic.ExitStatus));
    (void)NtClose(Thread);
    if (Stacks[Role] != NULL) {
        (void)NtFreeVirtualMemory(NtCurrentProcess(), &Stacks[Role], &Size, MEM_RELEASE);
        Stacks[Role] = NULL; /* the next one may end before it has told us its own */
    }
    Bury(Dead);
    Rename(Dead);
}

/*
 * The operator's: it alone starts and ends its victim.  Not before that one works: a new
 * thread that ended with the loader's lock would keep all later ones from starting.
 */
static void EndVictim(const FREE_SLOT *Self)
{
    FREE_SLOT *Victim = &Memory->Slots[Process * FREE_THREADS + FreeVictim];
    LARGE_INTEGER Tick = {.QuadPart = -MILLISECOND};
    NTSTATUS Status;

    while (Victim->ThreadId == 0) {
        (void)NtDelayExecution(FALSE, &Tick);
    }
    Victim->Condemned = Victim->Id;
    Status = NtTerminateThread(Threads[FreeVictim], STATUS_SUCCESS);
    Expect(Self, Status == STATUS_SUCCESS, "terminated: %s", RtlNtStatusName(Status));
    BuryThread(Victim, Threads[FreeVictim]);
}

static void DoKillThread(FREE_SLOT *Self)
{
    EndVictim(Self);
    StartThread(Self, FreeVictim);
}

/* The first operator's; the test starts the process again. */
static void DoKillProcess(FREE_SLOT *Self)
{
    ULONG Id = Memory->ProcessIds[FREE_MORTAL];
    HANDLE Handle = Id != 0 ? OpenProcessById(Id) : NULL;
    NTSTATUS Status;

    if (Handle == NULL || Memory->MortalCondemned) {
        return;
    }
    Memory->MortalCondemned = TRUE;
    Status = NtTerminateProcess(Handle, STATUS_SUCCESS);
    Expect(Self, Status == STATUS_SUCCESS, "a process terminated: %s", RtlNtStatusName(Status));
    Status = NtWaitForSingleObject(Handle, FALSE, NULL);
    Expect(Self, Status == STATUS_SUCCESS, "a process's end: %s", RtlNtStatusName(Status));
    (void)NtClose(Handle);
}

/* Its successor begins by waiting for its end. */
static void DoLeave(FREE_SLOT *Self)
{
    if (Self->Tokens != 0) {
        ReleaseTokens(Self);
    }
    Leaving = Threads[FreeLeaver];
    Self->Condemned = Self->Id;
    StartThread(Self, FreeLeaver);
    (void)NtTerminateThread(NtCurrentThread(), STATUS_SUCCESS);
}

/* Alone, or as one of several. */
static void DoAwaitThread(FREE_SLOT *Self)
{
    WAIT Wait = {.Count = 1 + Below(Self, 2), .Numbers = {FREE_OTHER, (UCHAR)ChooseObject(Self)},
        .Type = Below(Self, 2) == 0 ? WaitAll : WaitAny, .Alertable = (BOOLEAN)Below(Self, 2)};
    OTHER Other;

    if (OpenOther(Below(Self, FREE_SLOTS), &Other)) {
        Wait.Other = Other.Thread;
        Wait.OtherId = Other.Id;
        ChooseTimeout(Self, &Wait);
        (void)DoWait(Self, &Wait);
        (void)NtClose(Other.Thread);
    }
}

/* ---- Handles ------------------------------------------------------------------------------- */

/*
 * Waits through a handle that any other thread of the process may close, whether it has
 * set the event or not.  If that comes first, the handle may be another's by then: so nothing but
 * notification events and threads come and go here, which a wait does not change.
 */
static void DoLendHandle(FREE_SLOT *Self)
{
    HANDLE *Loan = &Loans[SlotOf(Self) % FREE_THREADS];
    LARGE_INTEGER Limit = {.QuadPart = -MILLISECOND};
    HANDLE Event = NULL, Old;
    NTSTATUS Status =
        NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);

    Expect(Self, Status == STATUS_SUCCESS, "an event: %s", RtlNtStatusName(Status));
    Old = __atomic_exchange_n(Loan, Event, __ATOMIC_SEQ_CST);
    if (Old != NULL) {
        (void)NtClose(Old); /* of a thread that was ended meanwhile */
    }
    Status = NtWaitForSingleObject(Event, FALSE, &Limit);
    Expect(Self, Status == STATUS_SUCCESS || Status == STATUS_TIMEOUT ||
                     Status == STATUS_INVALID_HANDLE,
        "a loan: %s", RtlNtStatusName(Status));
    if (__atomic_exchange_n(Loan, NULL, __ATOMIC_SEQ_CST) == Event) {
        (void)NtClose(Event);
    }
}

static void DoCloseLoan(FREE_SLOT *Self)
{
    HANDLE Event =
        __atomic_exchange_n(&Loans[Below(Self, FREE_THREADS)], NULL, __ATOMIC_SEQ_CST);
    LONG Previous = -1;
    NTSTATUS Status;

    if (Event != NULL) {
        Status = Below(Self, 2) == 0 ? NtSetEvent(Event, &Previous) : STATUS_SUCCESS;
        Expect(Self, Status == STATUS_SUCCESS && Previous <= 0, "a loan set: %s",
            RtlNtStatusName(Status));
        Status = NtClose(Event); /* now only the wait keeps it */
        Expect(Self, Status == STATUS_SUCCESS, "a loan closed: %s", RtlNtStatusName(Status));
    }
}
