/* SPDX-License-Identifier: MIT */
/*
 * The bookkeeping of freerun.exe: what a call may return, and what each thread counts
 * of it in the shared memory.  The first thing that is not as it must be is written
 * there, and the thread stops; tests/kernel/ke_free.c looks.
 */
#pragma once
#include "tests/user/shared.h"
#include "tests/freerun.h"

static FREE_MEMORY *Memory;
static HANDLE Objects[FREE_OBJECTS];

#define MILLISECOND 10000ll
#define WAIT_MOST   MAXIMUM_WAIT_OBJECTS
#define FREE_OTHER  FREE_OBJECTS /* in a wait: not one of the objects, but a thread */

/* ---- What is wrong ------------------------------------------------------------------ */

static void Fail(const FREE_SLOT *Self, PCSTR Format, ...) _Printf_(2, 3);

#define Expect(Self, Condition, ...) ((Condition) ? (void)0 : Fail(Self, __VA_ARGS__))

static DECLSPEC_NORETURN void Park(void)
{
    LARGE_INTEGER Hour = {.QuadPart = -3600000 * MILLISECOND};

    for (;;) {
        (void)NtDelayExecution(FALSE, &Hour);
    }
}

/*
 * Does not return, so that all stays as it is.  In a process that is being ended nothing
 * is wrong any more: calls fail because of that.
 */
static void Fail(const FREE_SLOT *Self, PCSTR Format, ...)
{
    BOOLEAN Ending =
        Self >= &Memory->Slots[FREE_MORTAL * FREE_THREADS] && Memory->MortalCondemned;
    LONG Nobody = 0;
    va_list Arguments;

    if (!Ending && __atomic_compare_exchange_n(&Memory->Failed, &Nobody, (LONG)Self->Id, FALSE,
            __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        va_start(Arguments, Format);
        (void)RtlStringFormatV(Memory->Failure, sizeof(Memory->Failure), Format, Arguments);
        va_end(Arguments);
        Memory->Told = TRUE;
    }
    Park();
}

/* ---- Small things ------------------------------------------------------------------- */

/* Returns the sum. */
static LONG Add(volatile LONG *Counter, LONG Amount)
{
    return __atomic_add_fetch(Counter, Amount, __ATOMIC_SEQ_CST);
}

static ULONG Below(FREE_SLOT *Self, ULONG Limit)
{
    ULONG Random = Self->Random;

    Random ^= Random << 13;
    Random ^= Random >> 17;
    Random ^= Random << 5;
    Self->Random = Random;
    return (Random >> 3) % Limit;
}

static LONGLONG InterruptTime(void)
{
    return (LONGLONG)NascentReadTime(&((KUSER_SHARED_DATA *)MM_SHARED_USER_DATA_VA)->InterruptTime);
}

static ULONG SlotOf(const FREE_SLOT *Self)
{
    return (ULONG)(Self - Memory->Slots);
}

/* May be ended by others at any moment: keeps to the objects from FreeForAll on. */
static BOOLEAN IsMortal(ULONG Slot)
{
    return Slot / FREE_THREADS == FREE_MORTAL || Slot % FREE_THREADS == FreeVictim;
}

/*
 * Has this thread been told to end?  The order counts: a slot has a new Id before what
 * said that the old thread was to end is taken back.
 */
static BOOLEAN IsCondemned(ULONG Id)
{
    ULONG Slot = (Id - 1) % FREE_SLOTS;
    const FREE_SLOT *Other = &Memory->Slots[Slot];

    return (Slot / FREE_THREADS == FREE_MORTAL && Memory->MortalCondemned) ||
           Other->Condemned == Id || Other->Id != Id;
}

static BOOLEAN IsMutant(ULONG Object)
{
    return Object >= FreeMutant0 && Object <= FreeMutant2;
}

/* Neither mutants nor tokens: others do not depend on what this thread does next. */
static BOOLEAN IsBare(const FREE_SLOT *Self)
{
    return Self->Tokens == 0 && Self->Depth[0] == 0 && Self->Depth[1] == 0 && Self->Depth[2] == 0;
}

/* The call that comes may change Object, without a chance to count it. */
static void Risk(FREE_SLOT *Self, ULONG Object)
{
    if (Object < FREE_COUNTED) {
        Self->AtRisk |= 1u << Object;
    }
}

static void Settle(FREE_SLOT *Self)
{
    Self->AtRisk = 0;
}

/* What a thread that was ended by others may have given or taken; nobody else does this. */
static void Bury(FREE_SLOT *Dead)
{
    for (ULONG i = 0; i < FREE_COUNTED; i++) {
        if (Dead->AtRisk >> i & 1) {
            (void)Add(&Memory->Counters[i].Doubt, FREE_RISK);
        }
    }
    Dead->AtRisk = 0;
    Dead->AtGate = 0;
    Dead->ThreadId = 0;
    RtlZeroMemory(Dead->Depth, sizeof(Dead->Depth));
}

/* ---- Giving and taking -------------------------------------------------------------- */

static void Give(FREE_SLOT *Self, ULONG Object, LONG Count)
{
    Risk(Self, Object);
    (void)Add(&Memory->Counters[Object].Given, Count);
}

/* How many may have been taken by now. */
static LONG Bound(ULONG Object)
{
    if (Object == FreeTimer0) {
        return (LONG)((InterruptTime() - (LONGLONG)Memory->TimerStart) /
                      (FREE_PERIOD * MILLISECOND)) + 1 + Memory->TimerSets;
    }
    return FreeInitial(Object) + Memory->Counters[Object].Given;
}

static void Count(FREE_SLOT *Self, ULONG Object)
{
    LONG Taken = Add(&Memory->Counters[Object].Taken, 1);
    LONG Most = Bound(Object);

    Expect(Self, Taken <= Most, "object %lu was taken %ld times, given %ld", Object, Taken, Most);
}

/*
 * The wait for a mutant has succeeded.  Its word in the shared memory says who had it:
 * nobody, this thread, or one that has ended and told us so before.
 */
static void TakeMutant(FREE_SLOT *Self, ULONG Object, BOOLEAN Abandoned)
{
    ULONG m = Object - FreeMutant0;
    ULONG Was = (ULONG)Memory->Owners[m];

    if (Was == Self->Id) {
        Expect(Self, !Abandoned && Self->Depth[m] > 0, "mutant %lu: its owner's, abandoned", m);
        Self->Depth[m]++;
        return;
    }
    Expect(Self, Self->Depth[m] == 0, "mutant %lu: %ld times owned, but by %lu", m,
        Self->Depth[m], Was);
    if (Was == 0) {
        Expect(Self, !Abandoned || Object >= FreeForAll, "mutant %lu: nobody abandoned it", m);
        (void)Add(&Memory->Unclear[m], Abandoned);
    } else {
        Expect(Self, IsCondemned(Was), "mutant %lu: owned by %lu as well", m, Was);
        Expect(Self, Abandoned, "mutant %lu: abandoned by %lu, but the status is not", m, Was);
        (void)Add(&Memory->Counters[Object].Given, 1);
        (void)Add(&Memory->Abandoned, 1);
    }
    Memory->Owners[m] = (LONG)Self->Id;
    Self->Depth[m] = 1;
    Count(Self, Object);
}

static void Take(FREE_SLOT *Self, ULONG Object, BOOLEAN Abandoned)
{
    if (IsMutant(Object)) {
        TakeMutant(Self, Object, Abandoned);
        return;
    }
    Expect(Self, !Abandoned, "object %lu cannot be abandoned", Object);
    if (Object < FREE_COUNTED) {
        Count(Self, Object);
    }
    if (Object <= FreeSemaphore2) {
        Self->Tokens++;
    }
}

/* The word goes before the mutant does: it is nobody's when somebody gets the mutant. */
static void PrepareRelease(FREE_SLOT *Self, ULONG Object)
{
    ULONG m = Object - FreeMutant0;

    Expect(Self, (ULONG)Memory->Owners[m] == Self->Id, "mutant %lu: %lu has got it meanwhile", m,
        (ULONG)Memory->Owners[m]);
    if (--Self->Depth[m] == 0) {
        Give(Self, Object, 1);
        Memory->Owners[m] = 0;
    }
}

static void ReleaseMutant(FREE_SLOT *Self, ULONG Object)
{
    LONG Depth = Self->Depth[Object - FreeMutant0];
    LONG Previous = MAXLONG;
    NTSTATUS Status;

    if (Depth == 0) {
        Status = NtReleaseMutant(Objects[Object], NULL);
        Expect(Self, Status == STATUS_MUTANT_NOT_OWNED || Status == STATUS_ABANDONED,
            "object %lu: released by another: %s", Object, RtlNtStatusName(Status));
        return;
    }
    PrepareRelease(Self, Object);
    Status = NtReleaseMutant(Objects[Object], &Previous);
    Expect(Self, Status == STATUS_SUCCESS && Previous == 1 - Depth,
        "object %lu: released: %s, count %ld instead of %ld", Object, RtlNtStatusName(Status),
        Previous, 1 - Depth);
    Settle(Self);
}

/* All that it holds, to one of the three semaphores, where there is always room for them. */
static void ReleaseTokens(FREE_SLOT *Self)
{
    ULONG Object = Below(Self, FreeSemaphore2 + 1);
    LONG Count = Self->Tokens, Previous = -1;
    NTSTATUS Status;

    Give(Self, Object, Count);
    Self->Tokens = 0;
    Status = NtReleaseSemaphore(Objects[Object], Count, &Previous);
    Expect(Self, Status == STATUS_SUCCESS && Previous >= 0 && Previous + Count <= FREE_TOKEN_LIMIT,
        "object %lu: %ld tokens released: %s, count %ld", Object, Count, RtlNtStatusName(Status),
        Previous);
    Settle(Self);
}

static void ReleaseAll(FREE_SLOT *Self)
{
    if (Self->Tokens != 0) {
        ReleaseTokens(Self);
    }
    for (ULONG m = 0; m < FREE_MUTANTS; m++) {
        while (Self->Depth[m] != 0) {
            ReleaseMutant(Self, FreeMutant0 + m);
        }
    }
}

/* ---- Waits ------------------------------------------------------------------------------ */

typedef struct _WAIT {
    ULONG Count;
    HANDLE Other; /* for FREE_OTHER, */
    ULONG OtherId; /* and which thread it is */
    UCHAR Numbers[WAIT_MOST];
    WAIT_TYPE Type;
    BOOLEAN Alertable;
    PLARGE_INTEGER Timeout; /* of Storage; NULL: none */
    LARGE_INTEGER Storage;
    LONGLONG Start;
    LONG Apcs; /* that had run before */
} WAIT;

static ULONG ChooseObject(FREE_SLOT *Self)
{
    ULONG First = IsMortal(SlotOf(Self)) ? FreeForAll : 0;

    return Below(Self, 32) == 0 ? FreeGate : First + Below(Self, FREE_COUNTED - First);
}

/* Mostly none at all: a clock tick is long, above all for those who want what Self holds. */
static void ChooseTimeout(FREE_SLOT *Self, WAIT *Wait)
{
    static const LONGLONG Times[] = {-MILLISECOND, -15 * MILLISECOND, 1, -1};
    ULONG Which = Below(Self, IsBare(Self) ? 32 : 500);

    Wait->Storage.QuadPart = Which < ARRAYSIZE(Times) ? Times[Which] : 0;
    Wait->Timeout = &Wait->Storage;
}

static void BeginWait(FREE_SLOT *Self, WAIT *Wait)
{
    Wait->Start = InterruptTime();
    Wait->Apcs = Self->ApcsDone + Self->OwnApcs;
    for (ULONG i = 0; i < Wait->Count; i++) {
        Risk(Self, Wait->Numbers[i]);
    }
}

/* Of the ends that take nothing. */
static void JudgeEnd(FREE_SLOT *Self, const WAIT *Wait, NTSTATUS Status)
{
    LONG Apcs = Self->ApcsDone + Self->OwnApcs - Wait->Apcs;
    LONG Seen;

    if (Status == STATUS_TIMEOUT) {
        LONGLONG Limit = Wait->Timeout == NULL ? MAXLONGLONG : -Wait->Timeout->QuadPart;
        Expect(Self, InterruptTime() - Wait->Start >= Limit, "a timeout too early");
    } else if (Status == STATUS_USER_APC) {
        Expect(Self, Wait->Alertable && Apcs != 0, "STATUS_USER_APC, and %ld came", Apcs);
    } else if (Status == STATUS_ALERTED) {
        Seen = Add(&Self->AlertsSeen, 1);
        Expect(Self, Wait->Alertable && Seen <= Self->AlertsSent,
            "alerted for the %ldth time, %ld were sent", Seen, Self->AlertsSent);
    } else {
        Fail(Self, "a wait returns %s", RtlNtStatusName(Status));
    }
}

/* A thread is signalled when it has ended, and stays so. */
static void JudgeOther(FREE_SLOT *Self, const WAIT *Wait)
{
    THREAD_BASIC_INFORMATION Basic = {.ExitStatus = STATUS_PENDING};
    LARGE_INTEGER Zero = {.QuadPart = 0};
    NTSTATUS Status = NtWaitForSingleObject(Wait->Other, FALSE, &Zero);

    (void)NtQueryInformationThread(
        Wait->Other, (THREADINFOCLASS)ThreadBasicInformation, &Basic, sizeof(Basic), NULL);
    Expect(Self, Status == STATUS_SUCCESS && Basic.ExitStatus != STATUS_PENDING &&
                     IsCondemned(Wait->OtherId),
        "the end of thread %lu: %s, exit status %s", Wait->OtherId, RtlNtStatusName(Status),
        RtlNtStatusName(Basic.ExitStatus));
}

static void JudgeTaken(FREE_SLOT *Self, const WAIT *Wait, ULONG Number, BOOLEAN Abandoned)
{
    if (Number == FREE_OTHER) {
        JudgeOther(Self, Wait);
    } else {
        Take(Self, Number, Abandoned);
    }
}

/* The whole of what a wait for all, or for one of them, has taken. */
static void JudgeSuccess(FREE_SLOT *Self, const WAIT *Wait, ULONG Index, BOOLEAN Abandoned)
{
    if (Wait->Type == WaitAny) {
        Expect(Self, Index < Wait->Count, "object %lu of %lu", Index, Wait->Count);
        JudgeTaken(Self, Wait, Wait->Numbers[Index], Abandoned);
        return;
    }
    Expect(Self, Index == 0, "a wait for all ends by object %lu", Index);
    for (ULONG i = 0; i < Wait->Count; i++) {
        JudgeTaken(Self, Wait, Wait->Numbers[i], Abandoned && IsMutant(Wait->Numbers[i]));
    }
}

static BOOLEAN EndWait(FREE_SLOT *Self, const WAIT *Wait, NTSTATUS Status)
{
    BOOLEAN Abandoned = Status >= STATUS_ABANDONED_WAIT_0 && Status <= STATUS_ABANDONED_WAIT_63;
    BOOLEAN Succeeded = Abandoned || (Status >= STATUS_WAIT_0 && Status <= STATUS_WAIT_63);
    LONG Apcs = Self->ApcsDone + Self->OwnApcs - Wait->Apcs;

    Expect(Self, Wait->Alertable || Apcs == 0, "%ld APCs came into a wait not alertable", Apcs);
    if (Succeeded) {
        JudgeSuccess(Self, Wait,
            (ULONG)(Status - (Abandoned ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0)), Abandoned);
    } else {
        JudgeEnd(Self, Wait, Status);
    }
    Settle(Self);
    return Succeeded;
}

/* TRUE: it has got what it waited for. */
static BOOLEAN DoWait(FREE_SLOT *Self, WAIT *Wait)
{
    HANDLE Handles[WAIT_MOST];
    NTSTATUS Status;

    for (ULONG i = 0; i < Wait->Count; i++) {
        Handles[i] = Wait->Numbers[i] != FREE_OTHER ? Objects[Wait->Numbers[i]] : Wait->Other;
    }
    BeginWait(Self, Wait);
    if (Wait->Count == 1 && Below(Self, 2) == 0) {
        Status = NtWaitForSingleObject(Handles[0], Wait->Alertable, Wait->Timeout);
    } else {
        Status = NtWaitForMultipleObjects(
            Wait->Count, Handles, Wait->Type, Wait->Alertable, Wait->Timeout);
    }
    return EndWait(Self, Wait, Status);
}

/* Without a limit, until it has succeeded; disturbances are counted and forgotten. */
static void WaitForOne(FREE_SLOT *Self, ULONG Object)
{
    WAIT Wait;

    do {
        Wait = (WAIT){.Count = 1, .Numbers = {(UCHAR)Object}, .Type = WaitAny,
            .Alertable = (BOOLEAN)Below(Self, 2)};
    } while (!DoWait(Self, &Wait));
}
