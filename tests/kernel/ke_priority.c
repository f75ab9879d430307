/* SPDX-License-Identifier: MIT */
/*
 * Quanta and boosts: what a wait costs and brings, how a boost decays, who is not
 * boosted; and that going up to real time needs a privilege.
 */
#include "ke/ki.h"
#include "nt/native.h"
#include "tests/kernel/ktprogram.h"

#define KT_SELF 18 /* so that it sees the others before they run */

typedef struct _KT_WAITER {
    KEVENT Event;
    PETHREAD Thread;
    KT_SPINNER Spinner;
} KT_WAITER;

static void KtWaitAndSpin(PVOID Context)
{
    KT_WAITER *Waiter = Context;

    ok_status(KtWait(&Waiter->Event, KT_LONG), STATUS_SUCCESS);
    KtSpinner(&Waiter->Spinner);
}

/* A waiting thread of this base priority (below 16) or priority. */
static PKTHREAD KtStartWaiter(KT_WAITER *Waiter, KPRIORITY Priority)
{
    Waiter->Spinner = (KT_SPINNER){FALSE, 0};
    KeInitializeEvent(&Waiter->Event, NotificationEvent, FALSE);
    Waiter->Thread = KtStartThread(KtWaitAndSpin, Waiter);
    if (Priority < LOW_REALTIME_PRIORITY) {
        (void)KeSetBasePriorityThread(&Waiter->Thread->Tcb, Priority - 8);
    } else {
        (void)KeSetPriorityThread(&Waiter->Thread->Tcb, Priority);
    }
    ok(KtAwaitState(Waiter->Thread, Waiting), "the thread waits");
    return &Waiter->Thread->Tcb;
}

static void KtEndWaiter(KT_WAITER *Waiter)
{
    Waiter->Spinner.Stop = TRUE;
    KtJoinThread(Waiter->Thread);
}

START_TEST(ke_boost_wait, "boosts: whose wait costs quantum and whom it lifts, and to where")
{
    static const struct {
        KPRIORITY Base, Increment, Priority;
        CCHAR Cost; /* of quantum */
    } Cases[] = {
        {8, 0, 8, 1}, {8, 1, 9, 1}, {8, 8, 15, 1}, {1, 2, 3, 1}, {13, 1, 14, 1}, {13, 6, 15, 1},
        {14, 1, 15, 0}, {15, 1, 15, 0}, {16, 1, 16, 0}, {17, 6, 17, 0},
    };
    KT_WAITER Waiter;

    KtUseOneProcessor();
    (void)KeSetPriorityThread(KeGetCurrentThread(), KT_SELF);
    for (ULONG i = 0; i < ARRAYSIZE(Cases); i++) {
        PKTHREAD Thread = KtStartWaiter(&Waiter, Cases[i].Base);
        CCHAR Quantum = Thread->Quantum;

        (void)KeSetEvent(&Waiter.Event, Cases[i].Increment, FALSE);
        ok_eq(Thread->State, Ready);
        ok_eq(Thread->Priority, Cases[i].Priority);
        ok_eq(Thread->Quantum, Quantum - Cases[i].Cost);
        KtEndWaiter(&Waiter);
    }
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}

/* The last unit of a quantum, and a boost by 4. */
START_TEST(ke_boost_spent, "quanta: a wait that takes the last of one ends it; a new priority, too")
{
    KT_WAITER Waiter;
    PKTHREAD Thread;

    KtUseOneProcessor();
    (void)KeSetPriorityThread(KeGetCurrentThread(), KT_SELF);
    Thread = KtStartWaiter(&Waiter, 8);
    Thread->Quantum = 1;
    ok_eq(KeSetPriorityThread(Thread, 12), 8);
    ok_eq(Thread->Quantum, Thread->QuantumReset);
    Thread->Quantum = 1;
    (void)KeSetEvent(&Waiter.Event, 0, FALSE);
    ok_eq(Thread->State, Ready);
    ok_eq(Thread->Priority, 11);
    ok_eq(Thread->Quantum, Thread->QuantumReset);
    Thread->Quantum = 1;
    (void)KeSetBasePriorityThread(Thread, 1);
    ok_eq(Thread->Priority, 9);
    ok_eq(Thread->Quantum, Thread->QuantumReset);
    KtEndWaiter(&Waiter);
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}

START_TEST(ke_boost_disabled, "boosts: a thread, or all of a process, can do without")
{
    PKPROCESS Process = KeGetCurrentThread()->Process;
    KT_WAITER Waiter;
    PKTHREAD Thread;

    KtUseOneProcessor();
    (void)KeSetPriorityThread(KeGetCurrentThread(), KT_SELF);
    Thread = KtStartWaiter(&Waiter, 8);
    ok_eq(KeSetDisableBoostThread(Thread, TRUE), FALSE);
    (void)KeSetEvent(&Waiter.Event, 6, FALSE);
    ok_eq(Thread->Priority, 8);
    ok_eq(KeSetDisableBoostThread(Thread, FALSE), TRUE);
    KtEndWaiter(&Waiter);

    ok_eq(KeSetDisableBoostProcess(Process, TRUE), FALSE);
    Thread = KtStartWaiter(&Waiter, 8);
    (void)KeSetEvent(&Waiter.Event, 6, FALSE);
    ok_eq(Thread->Priority, 8);
    ok_eq(KeSetDisableBoostProcess(Process, FALSE), TRUE);
    ok_eq(Thread->DisableBoost, FALSE);
    KtEndWaiter(&Waiter);
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}

/* The priorities that Thread had after its quantum ends since First; how many. */
static ULONG KtReadDecay(PKTHREAD Thread, ULONG First, ULONG Priorities[], ULONG Limit)
{
    TRACE_RECORD Records[TRACE_MAX_RECORDS];
    ULONG Ends = 0;
    ULONG Count;

    for (ULONG i = First; i != KeTraceSequence() && Ends < Limit; i++) {
        if (KeTraceRead(i, Records, ARRAYSIZE(Records), &Count) &&
            Records[0].Event == TraceQuantumEnd && Records[0].Arguments[0] == TraceP(Thread)) {
            Priorities[Ends++] = Records[0].Arguments[1];
        }
    }
    return Ends;
}

/* Lets a thread that begins with a boost of 6 run and compares what the trace says. */
static void KtCheckDecay(KPRIORITY Priority, const ULONG Expected[], ULONG Count)
{
    ULONG Priorities[16];
    KT_WAITER Waiter;
    PKTHREAD Thread = KtStartWaiter(&Waiter, Priority);
    ULONG First = KeTraceSequence();
    ULONG Ends = 0;

    (void)KeSetEvent(&Waiter.Event, 6, FALSE);
    for (ULONG i = 0; i < 100 && Ends < Count; i++) {
        KtSleep(100);
        Ends = KtReadDecay(Thread, First, Priorities, Count);
    }
    if (ok_eq(Ends, Count)) {
        for (ULONG i = 0; i < Count; i++) {
            ok_eq(Priorities[i], Expected[i]);
        }
    }
    KtEndWaiter(&Waiter);
}

START_TEST(ke_boost_decay, "boosts: go down by one at each quantum end; nothing real-time does")
{
    static const ULONG Down[] = {13, 12, 11, 10, 9, 8, 8, 8};
    static const ULONG Level[] = {16, 16, 16};

    KtUseOneProcessor();
    (void)KeSetPriorityThread(KeGetCurrentThread(), KT_SELF);
    KeTraceScheduling(TRUE);
    KtCheckDecay(8, Down, ARRAYSIZE(Down));
    KtCheckDecay(16, Level, ARRAYSIZE(Level));
    KeTraceScheduling(FALSE);
    (void)KeSetPriorityThread(KeGetCurrentThread(), KeGetCurrentThread()->BasePriority);
}

/* ---- System threads --------------------------------------------------------------------- */

/* Threads of this one's process that have Priority or more. */
static ULONG KtCountAbove(KPRIORITY Priority)
{
    PLIST_ENTRY Head = &KeGetCurrentThread()->Process->ThreadListHead;
    KIRQL OldIrql = KiLockDispatcher();
    ULONG Count = 0;

    for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        Count += CONTAINING_RECORD(Entry, KTHREAD, ThreadListEntry)->Priority >= Priority;
    }
    KiUnlockDispatcher(OldIrql);
    return Count;
}

START_TEST(ke_priority_system, "priorities: System's base does not move its real-time threads")
{
    static const KPRIORITY Bases[] = {4, 13, 24, 31};
    PKPROCESS System = KeGetCurrentThread()->Process;
    KT_WAITER RealTime, Usual;
    ULONG Before = KtCountAbove(LOW_REALTIME_PRIORITY);

    ok(Before >= 2, "the reaper and the balance-set manager are real-time");
    (void)KtStartWaiter(&RealTime, 17);
    (void)KtStartWaiter(&Usual, 9);
    for (ULONG i = 0; i < ARRAYSIZE(Bases); i++) {
        ok_eq(KeSetPriorityProcess(System, Bases[i]), 8);
        ok_eq(RealTime.Thread->Tcb.Priority, 17);
        ok_eq(Usual.Thread->Tcb.Priority, Bases[i] + (Bases[i] < 31));
        ok_eq(KeSetPriorityProcess(System, 8), Bases[i]);
        ok_eq(RealTime.Thread->Tcb.Priority, 17);
        ok_eq(RealTime.Thread->Tcb.BasePriority, 8);
        ok_eq(KtCountAbove(LOW_REALTIME_PRIORITY), Before + 1);
    }
    RealTime.Spinner.Stop = Usual.Spinner.Stop = TRUE; /* before they run above this one */
    (void)KeSetEvent(&RealTime.Event, 0, FALSE);
    (void)KeSetEvent(&Usual.Event, 0, FALSE);
    KtEndWaiter(&RealTime);
    KtEndWaiter(&Usual);
}

/* ---- Privilege ------------------------------------------------------------------------ */

static void KtTryRealTime(HANDLE Process, NTSTATUS Expected)
{
    PROCESS_PRIORITY_CLASS RealTime = {FALSE, PROCESS_PRIORITY_CLASS_REALTIME};
    PROCESS_PRIORITY_CLASS Normal = {FALSE, PROCESS_PRIORITY_CLASS_NORMAL};
    KPRIORITY Priorities[] = {15, 16, 9, 8};

    ok_status(NtSetInformationProcess(Process, ProcessPriorityClass, &RealTime, sizeof(RealTime)),
        Expected);
    ok_status(NtSetInformationProcess(Process, ProcessPriorityClass, &Normal, sizeof(Normal)),
        STATUS_SUCCESS);
    ok_status(NtSetInformationProcess(
        Process, ProcessBasePriority, &Priorities[2], sizeof(KPRIORITY)), Expected);
    ok_status(NtSetInformationProcess(
        Process, ProcessBasePriority, &Priorities[3], sizeof(KPRIORITY)), STATUS_SUCCESS);
    ok_status(NtSetInformationThread(
        NtCurrentThread(), ThreadPriority, &Priorities[1], sizeof(KPRIORITY)), Expected);
    ok_status(NtSetInformationThread(
        NtCurrentThread(), ThreadPriority, &Priorities[0], sizeof(KPRIORITY)), STATUS_SUCCESS);
}

START_TEST(ke_priority_privilege, "priorities: upwards of what is normal only with the privilege")
{
    PEPROCESS System = PsGetCurrentProcess();
    PTOKEN Own = System->Token;
    PEPROCESS Process;
    PVOID Powerless;
    HANDLE Handle;

    if (!ok_status(PsLaunchProgram(KT_NULL_PROGRAM, L"null", &Process), STATUS_SUCCESS)) {
        return;
    }
    ok_status(ObOpenObjectByPointer(Process, 0, PROCESS_SET_INFORMATION, PsProcessType, KernelMode,
                  &Handle), STATUS_SUCCESS);
    ok_status(ObCreateObject(KernelMode, SeTokenObjectType, NULL, 0, &Powerless), STATUS_SUCCESS);
    System->Token = Powerless;
    KtTryRealTime(Handle, STATUS_PRIVILEGE_NOT_HELD);
    System->Token = Own;
    KtTryRealTime(Handle, STATUS_SUCCESS);
    ObDereferenceObject(Powerless);
    ok_status(ObCloseHandle(Handle, KernelMode), STATUS_SUCCESS);
    ok_status(KtWait(Process, KT_LONG), STATUS_SUCCESS);
    ObDereferenceObject(Process);
}
