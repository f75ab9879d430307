/* SPDX-License-Identifier: MIT */
/*
 * stress.exe N: process N of the in-kernel test ke_stress.  subsystem: native
 *
 * Its threads do what the test puts into the shared memory, each when its own event
 * is set, and leave there what the system calls returned.  They judge nothing.
 */
#include "tests/user/shared.h"
#include "tests/stress.h"

static STRESS_MEMORY *Memory;
static HANDLE Objects[STRESS_NAMED];

/* ---- Names ----------------------------------------------------------------------- */

/* By opening it, or by creating it although it is there. */
static NTSTATUS OpenObject(ULONG Number, BOOLEAN Create, PHANDLE Handle)
{
    SHARED_NAME Name;
    POBJECT_ATTRIBUTES Named = MakeSharedName(&Name, "Stress", Number);

    if (Number <= StressEvent2 + 1) {
        return Create ? NtCreateEvent(Handle, EVENT_ALL_ACCESS, Named, NotificationEvent, FALSE)
                      : NtOpenEvent(Handle, EVENT_ALL_ACCESS, Named);
    } else if (Number <= StressSemaphore1) {
        return Create ? NtCreateSemaphore(Handle, SEMAPHORE_ALL_ACCESS, Named, 0, 1)
                      : NtOpenSemaphore(Handle, SEMAPHORE_ALL_ACCESS, Named);
    } else if (Number <= StressMutant2) {
        return Create ? NtCreateMutant(Handle, MUTANT_ALL_ACCESS, Named, TRUE)
                      : NtOpenMutant(Handle, MUTANT_ALL_ACCESS, Named);
    } else if (Number <= StressTimer1) {
        return Create ? NtCreateTimer(Handle, TIMER_ALL_ACCESS, Named, NotificationTimer)
                      : NtOpenTimer(Handle, TIMER_ALL_ACCESS, Named);
    } else if (Number <= StressPort1) {
        return Create ? NtCreateIoCompletion(Handle, IO_COMPLETION_ALL_ACCESS, Named, 1)
                      : NtOpenIoCompletion(Handle, IO_COMPLETION_ALL_ACCESS, Named);
    }
    return Create ? NtCreateKeyedEvent(Handle, KEYEDEVENT_ALL_ACCESS, Named, 0)
                  : NtOpenKeyedEvent(Handle, KEYEDEVENT_ALL_ACCESS, Named);
}

/* Threads and processes are opened anew each time: they come and go. */
static HANDLE OpenSlot(ULONG Slot)
{
    return OpenThreadById(Memory->ThreadIds[Slot]);
}

static HANDLE OpenNumber(ULONG Process)
{
    return OpenProcessById(Memory->ProcessIds[Process]);
}

/* ---- Operations -------------------------------------------------------------------- */

static PLARGE_INTEGER TimeoutOf(const STRESS_COMMAND *Command, PLARGE_INTEGER Storage)
{
    static const LONGLONG Times[] = {
        [StressLong] = -36000000000ll, [StressShort] = -20000, [StressPast] = 1};

    if (Command->Timeout == StressForever) {
        return NULL;
    }
    Storage->QuadPart = Command->Timeout == StressZero ? 0 : Times[Command->Timeout];
    return Storage;
}

static NTSTATUS Wait(const STRESS_COMMAND *Command)
{
    HANDLE Handles[STRESS_MAX_WAIT];
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Timeout = TimeoutOf(Command, &Storage);
    NTSTATUS Status;

    for (ULONG i = 0; i < Command->Count; i++) {
        LONG Number = Command->Numbers[i];

        Handles[i] = Number < STRESS_NAMED      ? Objects[Number]
                     : Number < STRESS_PROCESS0 ? OpenSlot((ULONG)(Number - STRESS_THREAD0))
                                                : OpenNumber((ULONG)(Number - STRESS_PROCESS0));
    }
    if (Command->Operation == StressSignalAndWait) {
        Status = NtSignalAndWaitForSingleObject(
            Objects[Command->Object], Handles[0], (BOOLEAN)Command->Alertable, Timeout);
    } else if (Command->Count == 1) {
        Status = NtWaitForSingleObject(Handles[0], (BOOLEAN)Command->Alertable, Timeout);
    } else {
        Status = NtWaitForMultipleObjects(Command->Count, Handles, (WAIT_TYPE)Command->WaitType,
            (BOOLEAN)Command->Alertable, Timeout);
    }
    for (ULONG i = 0; i < Command->Count; i++) {
        if ((LONG)Command->Numbers[i] >= STRESS_NAMED) {
            (void)NtClose(Handles[i]);
        }
    }
    return Status;
}

static NTSTATUS RemovePacket(const STRESS_COMMAND *Command, PULONG Value)
{
    LARGE_INTEGER Storage;
    IO_STATUS_BLOCK Iosb;
    PVOID Key = NULL, Context = NULL;
    NTSTATUS Status = NtRemoveIoCompletion(
        Objects[Command->Object], &Key, &Context, &Iosb, TimeoutOf(Command, &Storage));

    *Value = (ULONG)(ULONG_PTR)Key;
    return Status;
}

static NTSTATUS MeetKeyed(const STRESS_COMMAND *Command)
{
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Timeout = TimeoutOf(Command, &Storage);
    PVOID Key = (PVOID)(ULONG_PTR)(2 * Command->Argument);

    return Command->Operation == StressWaitKeyed
        ? NtWaitForKeyedEvent(Objects[StressKeyed], Key, (BOOLEAN)Command->Alertable, Timeout)
        : NtReleaseKeyedEvent(Objects[StressKeyed], Key, (BOOLEAN)Command->Alertable, Timeout);
}

static NTSTATUS UseTimer(const STRESS_COMMAND *Command, PULONG Value)
{
    HANDLE Timer = Objects[Command->Object];
    LARGE_INTEGER Due = {.QuadPart = 0};
    BOOLEAN State = FALSE;
    NTSTATUS Status;

    (void)TimeoutOf(Command, &Due);
    Status = Command->Operation == StressSetTimer
        ? NtSetTimer(Timer, &Due, NULL, NULL, FALSE, 0, &State)
        : NtCancelTimer(Timer, &State);
    *Value = State;
    return Status;
}

static NTSTATUS Query(ULONG Number, PULONG Value)
{
    union {
        EVENT_BASIC_INFORMATION Event;
        SEMAPHORE_BASIC_INFORMATION Semaphore;
        MUTANT_BASIC_INFORMATION Mutant;
        TIMER_BASIC_INFORMATION Timer;
        IO_COMPLETION_BASIC_INFORMATION Port;
    } Basic = {0};
    HANDLE Handle = Objects[Number];
    NTSTATUS Status;

    if (Number <= StressEvent2 + 1) {
        Status = NtQueryEvent(Handle, EventBasicInformation, &Basic, sizeof(Basic.Event), NULL);
        *Value = (ULONG)Basic.Event.EventState;
    } else if (Number <= StressSemaphore1) {
        Status = NtQuerySemaphore(
            Handle, SemaphoreBasicInformation, &Basic, sizeof(Basic.Semaphore), NULL);
        *Value = (ULONG)Basic.Semaphore.CurrentCount;
    } else if (Number <= StressMutant2) {
        Status = NtQueryMutant(Handle, MutantBasicInformation, &Basic, sizeof(Basic.Mutant), NULL);
        *Value = (ULONG)Basic.Mutant.CurrentCount << 2 | Basic.Mutant.OwnedByCaller << 1 |
                 Basic.Mutant.AbandonedState;
    } else if (Number <= StressTimer1) {
        Status = NtQueryTimer(Handle, TimerBasicInformation, &Basic, sizeof(Basic.Timer), NULL);
        *Value = Basic.Timer.TimerState;
    } else {
        Status = NtQueryIoCompletion(
            Handle, IoCompletionBasicInformation, &Basic, sizeof(Basic.Port), NULL);
        *Value = (ULONG)Basic.Port.Depth;
    }
    return Status;
}

/* The handle goes, though others of this process may be waiting through it. */
static NTSTATUS Reopen(const STRESS_COMMAND *Command)
{
    (void)NtClose(Objects[Command->Object]);
    return OpenObject(Command->Object, Command->Argument != 0, &Objects[Command->Object]);
}

static void NTAPI CountApc(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    Memory->Results[(ULONG_PTR)Context].Apcs++;
}

static NTSTATUS DisturbThread(const STRESS_COMMAND *Command, PULONG Value)
{
    HANDLE Thread = OpenSlot(Command->Argument);
    NTSTATUS Status;

    switch (Command->Operation) {
    case StressAlert:
        Status = NtAlertThread(Thread);
        break;
    case StressAlertResume:
        Status = NtAlertResumeThread(Thread, Value);
        break;
    case StressQueueApc:
        Status = NtQueueApcThread(
            Thread, CountApc, (PVOID)(ULONG_PTR)Command->Argument, NULL, NULL);
        break;
    case StressSuspend:
        Status = NtSuspendThread(Thread, Value);
        break;
    case StressResume:
        Status = NtResumeThread(Thread, Value);
        break;
    default:
        Status = NtTerminateThread(Thread, STATUS_SUCCESS);
        break;
    }
    (void)NtClose(Thread);
    return Status;
}

static NTSTATUS KillProcess(ULONG Process)
{
    HANDLE Handle = OpenNumber(Process);
    NTSTATUS Status = NtTerminateProcess(Handle, STATUS_SUCCESS);

    (void)NtClose(Handle);
    return Status;
}

static NTSTATUS NTAPI Worker(PVOID Parameter);

static NTSTATUS StartWorker(ULONG Slot)
{
    HANDLE Thread;
    NTSTATUS Status = RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, Worker,
        (PVOID)(ULONG_PTR)Slot, &Thread, NULL);

    if (NT_SUCCESS(Status)) {
        (void)NtClose(Thread);
    }
    return Status;
}

static NTSTATUS ChangeObject(const STRESS_COMMAND *Command, PULONG Value)
{
    HANDLE Handle = Objects[Command->Object];

    switch (Command->Operation) {
    case StressSetEvent:
        return NtSetEvent(Handle, (PLONG)Value);
    case StressResetEvent:
        return NtResetEvent(Handle, (PLONG)Value);
    case StressPulseEvent:
        return NtPulseEvent(Handle, (PLONG)Value);
    case StressReleaseSemaphore:
        return NtReleaseSemaphore(Handle, (LONG)Command->Argument, (PLONG)Value);
    case StressReleaseMutant:
        return NtReleaseMutant(Handle, (PLONG)Value);
    case StressSetPacket:
        return NtSetIoCompletion(
            Handle, (PVOID)(ULONG_PTR)Command->Argument, NULL, STATUS_SUCCESS, 0);
    default:
        return UseTimer(Command, Value);
    }
}

static NTSTATUS Obey(const STRESS_COMMAND *Command, PULONG Value)
{
    LARGE_INTEGER Storage;
    NTSTATUS Status;

    switch (Command->Operation) {
    case StressWait:
    case StressSignalAndWait:
        return Wait(Command);
    case StressRemovePacket:
        return RemovePacket(Command, Value);
    case StressWaitKeyed:
    case StressReleaseKeyed:
        return MeetKeyed(Command);
    case StressDelay:
        Status = NtDelayExecution(
            (BOOLEAN)Command->Alertable, TimeoutOf(Command, &Storage));
        return Status == STATUS_NO_YIELD_PERFORMED ? STATUS_SUCCESS : Status;
    case StressTestAlert:
        return NtTestAlert();
    case StressQuery:
        return Query(Command->Object, Value);
    case StressReopen:
        return Reopen(Command);
    case StressKillProcess:
        return KillProcess(Command->Argument);
    case StressStartThread:
        return StartWorker(Command->Argument);
    default:
        return Command->Operation >= StressAlert ? DisturbThread(Command, Value)
                                                 : ChangeObject(Command, Value);
    }
}

/* ---- Threads ------------------------------------------------------------------------- */

static NTSTATUS NTAPI Worker(PVOID Parameter)
{
    ULONG Slot = (ULONG)(ULONG_PTR)Parameter;
    STRESS_RESULT *Result = &Memory->Results[Slot];
    HANDLE Event = NULL;
    SHARED_NAME Name;

    (void)NtOpenEvent(&Event, EVENT_ALL_ACCESS, MakeSharedName(&Name, "StressCommand", Slot));
    Memory->ThreadIds[Slot] = (ULONG)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueThread;
    while (NtWaitForSingleObject(Event, FALSE, NULL) == STATUS_SUCCESS) {
        STRESS_COMMAND Command = Memory->Commands[Slot];
        ULONG Value = 0;
        NTSTATUS Status = Obey(&Command, &Value);

        Result->Status = Status;
        Result->Value = NT_SUCCESS(Status) ? Value : 0;
        Result->Results++; /* last: the test looks at it first */
    }
    return NtTerminateProcess(NtCurrentProcess(), STATUS_UNSUCCESSFUL);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Self = SharedNumber(Peb);
    NTSTATUS Status = MapShared("StressMemory", (PVOID *)&Memory);

    for (ULONG i = 0; NT_SUCCESS(Status) && i < STRESS_NAMED; i++) {
        Status = OpenObject(i, FALSE, &Objects[i]);
    }
    for (ULONG i = 1; NT_SUCCESS(Status) && i < STRESS_THREADS; i++) {
        Status = StartWorker(Self * STRESS_THREADS + i);
    }
    if (NT_SUCCESS(Status)) {
        Memory->ProcessIds[Self] = (ULONG)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueProcess;
        (void)Worker((PVOID)(ULONG_PTR)(Self * STRESS_THREADS));
    }
    (void)NtTerminateProcess(NtCurrentProcess(), Status);
}
