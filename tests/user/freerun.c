/* SPDX-License-Identifier: MIT */
/*
 * freerun.exe N: process N of the in-kernel test ke_free.  subsystem: native
 *
 * Its threads do, each by a seed of its own and all at the same time, whatever can be
 * done with the objects they share with those of the other processes.  What a call
 * returned is counted and judged at once (freecount.h).
 *
 * Waits and signals are in freecalls.h, what threads do to each other in freethreads.h.
 */
#include "tests/user/freecalls.h"

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

/* ---- Threads --------------------------------------------------------------------- */

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

/* ---- The process ----------------------------------------------------------------- */

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
