/* SPDX-License-Identifier: MIT */
/*
 * freerun.exe N: process N of the in-kernel test ke_free.  subsystem: native
 *
 * Its threads do, each by a seed of its own and all at the same time, whatever can be
 * done with the objects they share with those of the other processes.  What a call
 * returned is counted and judged at once (freecount.h).
 *
 * Without a limit a thread waits only while it holds nothing, and only for what others
 * never stop giving: each such wait has to end.  What they do to each other is in
 * freethreads.h.
 */
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
    WaitForOne(Self, IsMortal(SlotOf(Self)) ? FreeMutant2 : FreeMutant0 + Below(Self, FREE_MUTANTS));
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

/* ---- In pairs ------------------------------------------------------------------------------ */

/* The two sides of Process's keyed events must come out even. */
static NTSTATUS UseKey(FREE_SLOT *Self, ULONG Side, ULONG Key, const WAIT *Wait)
{
    FREE_MEETINGS *Meetings = &Memory->Meetings[Process];
    LONG Done;
    NTSTATUS Status;

    (void)Add(&Meetings->Begun[Side], 1);
    Status = (Side == 0 ? NtWaitForKeyedEvent : NtReleaseKeyedEvent)(
        Objects[FreeKeyed], (PVOID)(ULONG_PTR)Key, Wait->Alertable, Wait->Timeout);
    if (Status != STATUS_SUCCESS) {
        (void)Add(&Meetings->Begun[Side], -1);
        return Status;
    }
    Done = Add(&Meetings->Done[Side], 1);
    Expect(Self, Done <= Meetings->Begun[!Side], "keyed event: %ld met %ld (side %lu)", Done,
        Meetings->Begun[!Side], Side);
    return Status;
}

static void DoUseKeyed(FREE_SLOT *Self)
{
    WAIT Wait = {.Alertable = (BOOLEAN)Below(Self, 2)};
    NTSTATUS Status;

    if (SlotOf(Self) % FREE_THREADS == FreeVictim && Process != FREE_MORTAL) {
        return; /* it could end before it has counted */
    }
    ChooseTimeout(Self, &Wait);
    BeginWait(Self, &Wait);
    Status = UseKey(Self, Below(Self, 2), 2 + 2 * Below(Self, 2), &Wait);
    if (Status != STATUS_SUCCESS) {
        JudgeEnd(Self, &Wait, Status);
    }
}

static void Meet(FREE_SLOT *Self, LONG Ticket)
{
    const WAIT Forever = {.Alertable = FALSE};
    NTSTATUS Status = UseKey(Self, Ticket & 1, 0x1000 + (ULONG)(Ticket & ~1), &Forever);

    Expect(Self, Status == STATUS_SUCCESS, "a meeting: %s", RtlNtStatusName(Status));
}

/* Who has an even number waits for the next. */
static void DoMeetPartner(FREE_SLOT *Self)
{
    Meet(Self, Add(&Memory->Meetings[Process].Tickets, 1) - 1);
}

static void CompleteMeeting(FREE_SLOT *Self)
{
    LONG Ticket = Memory->Meetings[Process].Tickets;

    if ((Ticket & 1) != 0 && __atomic_compare_exchange_n(&Memory->Meetings[Process].Tickets,
            &Ticket, Ticket + 1, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        Meet(Self, Ticket);
    }
}

/*
 * Asks and waits in one call, so that the answer, a pulse, finds it waiting.  Only a
 * kernel APC could make it miss that one, and nobody sends any to an operator.
 */
static void DoAskQuestion(FREE_SLOT *Self)
{
    ULONG Channel = SlotOf(Self) != 0;
    NTSTATUS Status;

    (void)Add(&Memory->Questions, 1);
    Status = NtSignalAndWaitForSingleObject(
        Objects[FreeQuestion0 + Channel], Objects[FreeAnswer0 + Channel], FALSE, NULL);
    Expect(Self, Status == STATUS_SUCCESS, "an answer: %s", RtlNtStatusName(Status));
    Expect(Self, Memory->Answers <= Memory->Questions, "%ld answers to %ld questions",
        Memory->Answers, Memory->Questions);
}

static void DoAnswerQuestion(FREE_SLOT *Self)
{
    HANDLE Questions[2] = {Objects[FreeQuestion0], Objects[FreeQuestion1]};
    LARGE_INTEGER Zero = {.QuadPart = 0};
    LONG Previous = -1;
    NTSTATUS Status = NtWaitForMultipleObjects(2, Questions, WaitAny, FALSE, &Zero);

    if (Status != STATUS_TIMEOUT) {
        Expect(Self, Status == 0 || Status == 1, "a question: %s", RtlNtStatusName(Status));
        (void)Add(&Memory->Answers, 1);
        Status = NtPulseEvent(Objects[FreeAnswer0 + Status], &Previous);
        Expect(Self, Status == STATUS_SUCCESS && Previous == 0, "a pulse: %s, was %ld",
            RtlNtStatusName(Status), Previous);
    }
}

/* There are fewer packets than threads; who gets one puts it back. */
static void DoPassPacket(FREE_SLOT *Self)
{
    PVOID Key = NULL, Context = NULL;
    IO_STATUS_BLOCK Iosb;
    ULONG Packet;
    NTSTATUS Status = NtRemoveIoCompletion(Objects[FreePort], &Key, &Context, &Iosb, NULL);

    Packet = (ULONG)(ULONG_PTR)Key - 1;
    Expect(Self, Status == STATUS_SUCCESS && Packet < FREE_PACKETS, "packet %lu: %s", Packet + 1,
        RtlNtStatusName(Status));
    Expect(Self, Memory->Packets[Packet] == 0, "packet %lu: %ld has it as well", Packet + 1,
        Memory->Packets[Packet]);
    Memory->Packets[Packet] = (LONG)Self->Id;
    DoWaitForAny(Self);
    Memory->Packets[Packet] = 0;
    Status = NtSetIoCompletion(Objects[FreePort], Key, NULL, STATUS_SUCCESS, 0);
    Expect(Self, Status == STATUS_SUCCESS, "a packet: %s", RtlNtStatusName(Status));
}

/* ---- Steps ----------------------------------------------------------------------------------- */

enum {
    WhoBare = 1, /* who holds nothing */
    WhoImmortal = 2,
    WhoOperator = 4,
    WhoNoOperator = 8,
    WhoFirst = 16, /* the first operator */
    WhoLeaver = 32,
};

#define FREE_DECLARE(Name) [Free##Name] = Do##Name,
static void (*const Routines[])(FREE_SLOT *) = {FREE_OPERATIONS(FREE_DECLARE)};

/* How often, and by whom.  What takes a clock tick is rare. */
static ULONG AllWeights;
static const struct {
    USHORT Weight;
    USHORT Who;
} Chances[FREE_OPERATION_COUNT] = {
    [FreeWaitForToken] = {6000, WhoBare | WhoImmortal},
    [FreeWaitForProduct] = {4000, WhoBare | WhoNoOperator},
    [FreeWaitForAny] = {8000, 0},
    [FreeWaitForAll] = {8000, 0},
    [FreeGiveBack] = {6000, 0},
    [FreeChangeEvent] = {6000, 0},
    [FreeProduce] = {3000, 0},
    [FreePassGate] = {300, WhoBare},
    [FreeAwaitPeriod] = {150, WhoBare},
    [FreeMeetPartner] = {1500, WhoBare | WhoImmortal},
    [FreeAskQuestion] = {3000, WhoBare | WhoImmortal | WhoOperator},
    [FreeAnswerQuestion] = {3000, WhoImmortal},
    [FreeOwnMutant] = {3000, WhoBare},
    [FreePassPacket] = {3000, WhoBare | WhoImmortal},
    [FreeUseOwnTimer] = {300, WhoBare},
    [FreeAwaitThread] = {1500, 0},
    [FreeSignalAndWait] = {5000, 0},
    [FreeUseKeyed] = {2000, 0},
    [FreeSendApc] = {2500, 0},
    [FreeAlertThread] = {1500, 0},
    [FreeTestAlert] = {1000, 0},
    [FreeSuspendThread] = {4000, WhoImmortal | WhoOperator},
    [FreeKillThread] = {800, WhoBare | WhoOperator},
    [FreeKillProcess] = {150, WhoBare | WhoFirst},
    [FreeLendHandle] = {400, 0},
    [FreeCloseLoan] = {2500, 0},
    [FreeQueryObject] = {1000, 0},
    [FreeSetTimer] = {1000, 0},
    [FreeYield] = {500, 0},
    [FreeLeave] = {400, WhoLeaver},
};

static BOOLEAN IsFor(const FREE_SLOT *Self, ULONG Who)
{
    ULONG Slot = SlotOf(Self), Role = Slot % FREE_THREADS;
    ULONG Is = (IsBare(Self) ? WhoBare : 0) | (IsMortal(Slot) ? 0 : WhoImmortal) |
               (Role == FreeOperator ? WhoOperator : WhoNoOperator) | (Slot == 0 ? WhoFirst : 0) |
               (Role == FreeLeaver ? WhoLeaver : 0);

    return (Who & ~Is) == 0;
}

static void Step(FREE_SLOT *Self)
{
    ULONG Choice = Below(Self, AllWeights);
    ULONG Operation = 0;

    while (Choice >= Chances[Operation].Weight) {
        Choice -= Chances[Operation++].Weight;
    }
    if (!IsFor(Self, Chances[Operation].Who)) {
        return; /* another time */
    }
    Self->Operation = Operation;
    Self->Steps++;
    Routines[Operation](Self);
    if (IsBare(Self)) {
        Self->Patience = 1 + Below(Self, 8);
    } else if (--Self->Patience == 0) {
        ReleaseAll(Self);
    }
}

/* ---- Threads ---------------------------------------------------------------------------------- */

/* Others may still wait for what somebody has to do now and then. */
static void HelpOthers(FREE_SLOT *Self)
{
    LARGE_INTEGER Tick = {.QuadPart = -MILLISECOND};

    while (Memory->Phase == FreeRun) {
        DoAnswerQuestion(Self);
        CompleteMeeting(Self);
        (void)NtDelayExecution(FALSE, &Tick);
    }
}

static void AwaitPhase(ULONG Phase)
{
    LARGE_INTEGER Tick = {.QuadPart = -MILLISECOND};

    while (Memory->Phase < Phase) {
        (void)NtDelayExecution(FALSE, &Tick);
    }
}

/* All steps are done; the phases are those of FREE_PHASE. */
static DECLSPEC_NORETURN void Finish(FREE_SLOT *Self)
{
    ReleaseAll(Self);
    Self->Phase = FreeRun + 1;
    HelpOthers(Self);
    if (SlotOf(Self) % FREE_THREADS == FreeOperator) {
        EndVictim(Self);
    }
    Self->Phase = FreeHelp + 1;
    AwaitPhase(FreeTakeApcs);
    DoTestAlert(Self); /* may be told of an alert instead */
    DoTestAlert(Self);
    Self->Phase = FreeTakeApcs + 1;
    Park();
}

static void MakeOwnTimer(const FREE_SLOT *Self)
{
    HANDLE *Timer = &OwnTimers[SlotOf(Self) % FREE_THREADS];
    NTSTATUS Status = STATUS_SUCCESS;

    if (*Timer == NULL) {
        Status = NtCreateTimer(Timer, TIMER_ALL_ACCESS, NULL, NotificationTimer);
    }
    Expect(Self, Status == STATUS_SUCCESS, "its own timer: %s", RtlNtStatusName(Status));
}

static NTSTATUS NTAPI Work(PVOID Parameter)
{
    FREE_SLOT *Self = &Memory->Slots[(ULONG_PTR)Parameter];
    BOOLEAN Mortal = IsMortal(SlotOf(Self));

    if (Leaving != NULL && SlotOf(Self) % FREE_THREADS == FreeLeaver) {
        BuryThread(Self, Leaving);
    }
    Self->Random = (Memory->Seed * 2654435761u + Self->Id) * 2246822519u | 1;
    Self->Patience = 1;
    Stacks[SlotOf(Self) % FREE_THREADS] = NtCurrentTeb()->DeallocationStack;
    MakeOwnTimer(Self);
    Self->ThreadId = (ULONG)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueThread;
    while (Memory->Phase == FreeRun && (Mortal || Self->Steps < Memory->Steps)) {
        Step(Self);
    }
    if (Mortal) {
        Park();
    }
    Finish(Self);
}

/* ---- The process ------------------------------------------------------------------------------- */

static NTSTATUS OpenObject(ULONG Number, PHANDLE Handle)
{
    SHARED_NAME Name;
    POBJECT_ATTRIBUTES Named = MakeSharedName(&Name, "Free", Number);

    if (Number <= FreeSemaphore2 || Number == FreeSemaphore3) {
        return NtOpenSemaphore(Handle, SEMAPHORE_ALL_ACCESS, Named);
    } else if (IsMutant(Number)) {
        return NtOpenMutant(Handle, MUTANT_ALL_ACCESS, Named);
    } else if (Number == FreeTimer0 || Number == FreeTimer1) {
        return NtOpenTimer(Handle, TIMER_ALL_ACCESS, Named);
    } else if (Number == FreePort) {
        return NtOpenIoCompletion(Handle, IO_COMPLETION_ALL_ACCESS, Named);
    } else if (Number == FreeKeyed) {
        return NtOpenKeyedEvent(Handle, KEYEDEVENT_ALL_ACCESS, Named);
    }
    return NtOpenEvent(Handle, EVENT_ALL_ACCESS, Named);
}

/* The threads of the process that was ended before this one, if any, are as the dead are. */
static void BuryPredecessors(void)
{
    for (ULONG i = 0; i < FREE_THREADS; i++) {
        FREE_SLOT *Slot = &Memory->Slots[Process * FREE_THREADS + i];

        Bury(Slot);
        Rename(Slot);
    }
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    NTSTATUS Status = MapShared("FreeMemory", (PVOID *)&Memory);

    for (ULONG i = 0; NT_SUCCESS(Status) && i < FREE_OBJECTS; i++) {
        Status = OpenObject(i, &Objects[i]);
    }
    if (!NT_SUCCESS(Status)) {
        (void)NtTerminateProcess(NtCurrentProcess(), Status);
    }
    for (ULONG i = 0; i < FREE_OPERATION_COUNT; i++) {
        AllWeights += Chances[i].Weight;
    }
    Process = SharedNumber(Peb);
    BuryPredecessors();
    for (ULONG i = FreeWorker; i < FREE_THREADS; i++) {
        StartThread(&Memory->Slots[Process * FREE_THREADS], i);
    }
    if (Process == FREE_MORTAL) {
        Memory->MortalCondemned = FALSE;
    }
    Memory->ProcessIds[Process] = (ULONG)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueProcess;
    (void)Work((PVOID)(ULONG_PTR)(Process * FREE_THREADS));
}
