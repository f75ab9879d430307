/* SPDX-License-Identifier: MIT */
/*
 * What the threads of freerun.exe do to the objects by themselves: waits and signals.
 *
 * Without a limit a thread waits only while it holds nothing, and only for what others
 * never stop giving: each such wait has to end.
 */
#pragma once
#include "tests/user/freethreads.h"

/* ---- Waits ---------------------------------------------------------------------------- */

/* Sooner or later everybody gives back what he has taken. */
static void DoWaitForToken(FREE_SLOT *Self)
{
    WAIT Wait;

    do {
        Wait = (WAIT){.Type = WaitAny, .Alertable = (BOOLEAN)Below(Self, 2)};
        for (ULONG i = 0; i <= FreeSemaphore2; i++) { /* all, from any of them on */
            Wait.Numbers[i] = (UCHAR)((i + Self->Random / 8) % (FreeSemaphore2 + 1));
        }
        for (Wait.Count = FreeSemaphore2 + 1; Below(Self, 2) != 0 && Wait.Count < WAIT_MOST;) {
            Wait.Numbers[Wait.Count++] = (UCHAR)Below(Self, FreeSemaphore2 + 1);
        }
    } while (!DoWait(Self, &Wait));
}

/* Operators do not wait for it, so there are always some who produce. */
static void DoWaitForProduct(FREE_SLOT *Self)
{
    WaitForOne(Self, FreeSemaphore3);
}

static void DoWaitForAny(FREE_SLOT *Self)
{
    ULONG Count = Below(Self, 64) == 0 ? WAIT_MOST : 1 + Below(Self, 6);
    WAIT Wait = {.Type = WaitAny, .Alertable = (BOOLEAN)Below(Self, 2)};

    while (Wait.Count < Count) {
        Wait.Numbers[Wait.Count++] = (UCHAR)ChooseObject(Self);
    }
    ChooseTimeout(Self, &Wait);
    (void)DoWait(Self, &Wait);
}

/* One mutant at most, so that it is known which was abandoned. */
static void DoWaitForAll(FREE_SLOT *Self)
{
    ULONG Count = 2 + Below(Self, 3), Seen = 0;
    WAIT Wait = {.Type = WaitAll, .Alertable = (BOOLEAN)Below(Self, 2)};

    for (ULONG i = 0; i < Count; i++) {
        ULONG Object = ChooseObject(Self);
        if ((Seen >> Object & 1) == 0) {
            Seen |= IsMutant(Object) ? (1u << FreeMutant0) * 7 : 1u << Object;
            Wait.Numbers[Wait.Count++] = (UCHAR)Object;
        }
    }
    ChooseTimeout(Self, &Wait);
    (void)DoWait(Self, &Wait);
}

static void DoOwnMutant(FREE_SLOT *Self)
{
    WaitForOne(
        Self, IsMortal(SlotOf(Self)) ? FreeMutant2 : FreeMutant0 + Below(Self, FREE_MUTANTS));
}

/* The test opens the gate and closes it when all who came before are through. */
static void DoPassGate(FREE_SLOT *Self)
{
    Self->AtGate = Memory->GateNumber;
    WaitForOne(Self, FreeGate);
    Self->AtGate = 0;
}

static void DoAwaitPeriod(FREE_SLOT *Self)
{
    WaitForOne(Self, FreeTimer0);
}

/* What it gives back, makes, or releases; and then waits, in one call. */
static void DoSignalAndWait(FREE_SLOT *Self)
{
    WAIT Wait = {.Count = 1, .Numbers = {(UCHAR)ChooseObject(Self)}, .Type = WaitAny,
        .Alertable = (BOOLEAN)Below(Self, 2)};
    ULONG Signal = Self->Tokens != 0 ? Below(Self, FreeSemaphore2 + 1) : FreeSemaphore3;
    NTSTATUS Status;

    for (ULONG m = 0; m < FREE_MUTANTS; m++) {
        Signal = Self->Depth[m] != 0 && Below(Self, 2) == 0 ? FreeMutant0 + m : Signal;
    }
    if (IsMutant(Signal)) {
        PrepareRelease(Self, Signal);
    } else {
        Give(Self, Signal, 1);
        Self->Tokens -= Signal <= FreeSemaphore2;
    }
    ChooseTimeout(Self, &Wait);
    BeginWait(Self, &Wait);
    Status = NtSignalAndWaitForSingleObject(
        Objects[Signal], Objects[Wait.Numbers[0]], Wait.Alertable, Wait.Timeout);
    if (Signal == FreeSemaphore3 && Status == STATUS_SEMAPHORE_LIMIT_EXCEEDED) {
        (void)Add(&Memory->Counters[Signal].Merged, 1);
        Settle(Self);
    } else {
        (void)EndWait(Self, &Wait, Status);
    }
}

/* ---- Signals ---------------------------------------------------------------------------- */

static void DoGiveBack(FREE_SLOT *Self)
{
    ULONG m = IsMortal(SlotOf(Self)) ? FreeMutant2 - FreeMutant0 : Below(Self, FREE_MUTANTS);

    if (Self->Tokens != 0) {
        ReleaseTokens(Self);
    } else {
        ReleaseMutant(Self, FreeMutant0 + m);
    }
}

/* The state before says what it came to. */
static void DoChangeEvent(FREE_SLOT *Self)
{
    ULONG Object = IsMortal(SlotOf(Self)) ? FreeEvent2 : FreeEvent0 + Below(Self, 3);
    ULONG How = Below(Self, 8);
    FREE_COUNTER *Counter;
    LONG Previous = -1;
    NTSTATUS Status;

    Object = Object > FreeEvent1 ? FreeEvent2 : Object;
    Counter = &Memory->Counters[Object];
    if (How == 0) {
        Risk(Self, Object);
        Status = NtResetEvent(Objects[Object], &Previous);
    } else {
        Give(Self, Object, 1);
        Status = How <= 3 && Object == FreeEvent2 ? NtPulseEvent(Objects[Object], &Previous)
                                                  : NtSetEvent(Objects[Object], &Previous);
        (void)Add(&Counter->Merged, Previous);
    }
    Expect(Self, Status == STATUS_SUCCESS && (Previous == 0 || Previous == 1),
        "event %lu: %s, was %ld", Object, RtlNtStatusName(Status), Previous);
    if (How == 0 || (How <= 3 && Object == FreeEvent2)) { /* it was set, and now is not */
        if (Previous != 0) {
            Count(Self, Object);
        } else if (How != 0) {
            (void)Add(&Counter->Doubt, 1); /* a pulse may have met nobody */
        }
    }
    Settle(Self);
}

static void DoProduce(FREE_SLOT *Self)
{
    LONG Count = 1 + (LONG)Below(Self, 3), Previous = -1;
    NTSTATUS Status;

    Give(Self, FreeSemaphore3, Count);
    Status = NtReleaseSemaphore(Objects[FreeSemaphore3], Count, &Previous);
    if (Status == STATUS_SEMAPHORE_LIMIT_EXCEEDED) {
        (void)Add(&Memory->Counters[FreeSemaphore3].Merged, Count);
    } else {
        Expect(Self, Status == STATUS_SUCCESS && Previous >= 0 && Previous + Count <= FREE_LIMIT,
            "%ld released: %s, there were %ld", Count, RtlNtStatusName(Status), Previous);
    }
    Settle(Self);
}

/* Nobody but the first operator sets the periodic timer, seldom: others wait for it. */
static void DoSetTimer(FREE_SLOT *Self)
{
    LARGE_INTEGER Due = {.QuadPart = -FREE_PERIOD * MILLISECOND};
    NTSTATUS Status;

    if (SlotOf(Self) == 0 && Below(Self, 16) == 0) {
        (void)Add(&Memory->TimerSets, 1);
        Status = NtSetTimer(Objects[FreeTimer0], &Due, NULL, NULL, FALSE, FREE_PERIOD, NULL);
    } else if (Below(Self, 3) == 0) {
        Status = NtCancelTimer(Objects[FreeTimer1], NULL);
    } else {
        Due.QuadPart = -(LONGLONG)Below(Self, 20) * MILLISECOND;
        Give(Self, FreeTimer1, 1);
        Status = NtSetTimer(Objects[FreeTimer1], &Due, NULL, NULL, FALSE, 0, NULL);
        Settle(Self);
    }
    Expect(Self, Status == STATUS_SUCCESS, "a timer: %s", RtlNtStatusName(Status));
}

/* What its owner alone can know, and what is always so. */
static void DoQueryObject(FREE_SLOT *Self)
{
    ULONG m = Below(Self, FREE_MUTANTS), s = Below(Self, FREE_SEMAPHORES);
    BOOLEAN Owned = Self->Depth[m] != 0;
    MUTANT_BASIC_INFORMATION Mutant = {0};
    SEMAPHORE_BASIC_INFORMATION Semaphore = {.CurrentCount = -1};

    s = s == FREE_SEMAPHORES - 1 ? FreeSemaphore3 : s;
    (void)NtQueryMutant(
        Objects[FreeMutant0 + m], MutantBasicInformation, &Mutant, sizeof(Mutant), NULL);
    Expect(Self, Mutant.OwnedByCaller == Owned &&
                     (Owned ? Mutant.CurrentCount == 1 - Self->Depth[m] : Mutant.CurrentCount <= 1),
        "mutant %lu: owned %u, count %ld, not %ld times", m, Mutant.OwnedByCaller,
        Mutant.CurrentCount, Self->Depth[m]);
    (void)NtQuerySemaphore(
        Objects[s], SemaphoreBasicInformation, &Semaphore, sizeof(Semaphore), NULL);
    Expect(Self, Semaphore.CurrentCount >= 0 && Semaphore.CurrentCount <= Semaphore.MaximumCount,
        "object %lu: %ld of at most %ld", s, Semaphore.CurrentCount, Semaphore.MaximumCount);
}

static void DoYield(FREE_SLOT *Self)
{
    UNREFERENCED_PARAMETER(Self);
    (void)NtYieldExecution();
}
