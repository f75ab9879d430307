/* SPDX-License-Identifier: MIT */
/*
 * IRQL, spin locks, guarded mutexes, and attaching to another process.  That a
 * lock taken out of order stops the system cannot be tested from inside.
 */
#include "tests/kernel/kt.h"

static BOOLEAN KtInterruptsEnabled(void)
{
    BOOLEAN Enabled = KeDisableInterrupts();

    KeRestoreInterrupts(Enabled);
    return Enabled;
}

START_TEST(ke_irql, "IRQL: levels nest; from DEVICE_LEVEL on interrupts are off")
{
    static const KIRQL Levels[] = {APC_LEVEL, DISPATCH_LEVEL, DEVICE_LEVEL, CLOCK_LEVEL, HIGH_LEVEL};
    KIRQL Old[ARRAYSIZE(Levels)];
    ULONG i;

    ok_eq(KeGetCurrentIrql(), PASSIVE_LEVEL);
    for (i = 0; i < ARRAYSIZE(Levels); i++) {
        Old[i] = KeRaiseIrqlTo(Levels[i]);
        ok_eq(Old[i], i == 0 ? PASSIVE_LEVEL : Levels[i - 1]);
        ok_eq(KeGetCurrentIrql(), Levels[i]);
        ok_eq(KtInterruptsEnabled(), Levels[i] < DEVICE_LEVEL);
    }
    while (i-- != 0) {
        KeLowerIrql(Old[i]);
        ok_eq(KeGetCurrentIrql(), Old[i]);
        ok_eq(KtInterruptsEnabled(), Old[i] < DEVICE_LEVEL);
    }
}

START_TEST(ke_spinlock, "spin locks: raise to DISPATCH_LEVEL, nest by level")
{
    KSPIN_LOCK Outer, Inner;
    KIRQL OuterIrql, InnerIrql;

    KeInitializeSpinLock(&Outer, LockLevelObject);
    KeInitializeSpinLock(&Inner, LockLevelPfn);
    OuterIrql = KeAcquireSpinLock(&Outer);
    ok_eq(OuterIrql, PASSIVE_LEVEL);
    ok_eq(KeGetCurrentIrql(), DISPATCH_LEVEL);
    InnerIrql = KeAcquireSpinLock(&Inner);
    ok_eq(InnerIrql, DISPATCH_LEVEL);
    ok(Outer.Lock != 0 && Inner.Lock != 0, "both are held");
    KeReleaseSpinLock(&Inner, InnerIrql);
    ok_eq(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeReleaseSpinLock(&Outer, OuterIrql);
    ok_eq(KeGetCurrentIrql(), PASSIVE_LEVEL);
    ok(Outer.Lock == 0 && Inner.Lock == 0, "both are free");
}

typedef struct _KT_MUTEX {
    KGUARDED_MUTEX Mutex;
    KEVENT Start;
    volatile LONG Inside;
    LONG Total;
} KT_MUTEX;

static void KtMutexUser(PVOID Context)
{
    KT_MUTEX *Test = Context;

    ok_status(KtWait(&Test->Start, KT_LONG), STATUS_SUCCESS);
    for (ULONG i = 0; i < 50; i++) {
        KeAcquireGuardedMutex(&Test->Mutex);
        ok(KeIsGuardedMutexOwned(&Test->Mutex), "the holder owns it");
        ok_eq(InterlockedIncrement(&Test->Inside), 1);
        Test->Total++;
        (void)KeYieldExecution(); /* lets the others run into it */
        InterlockedDecrement(&Test->Inside);
        KeReleaseGuardedMutex(&Test->Mutex);
    }
}

#define USERS 4

START_TEST(ke_guarded_mutex, "guarded mutexes: one owner among contenders, no APCs for it")
{
    static KT_MUTEX Test;
    PETHREAD Threads[USERS];
    LONG i;

    Test.Inside = 0;
    Test.Total = 0;
    KeInitializeGuardedMutex(&Test.Mutex, LockLevelConsole);
    KeInitializeEvent(&Test.Start, NotificationEvent, FALSE);
    for (i = 0; i < USERS; i++) {
        Threads[i] = KtStartThread(KtMutexUser, &Test);
    }
    ok(!KeIsGuardedMutexOwned(&Test.Mutex), "a new one is free");
    KeAcquireGuardedMutex(&Test.Mutex);
    ok(KeAreApcsDisabled(), "its owner is in a guarded region");
    KeSetEvent(&Test.Start, 0, FALSE);
    for (i = 0; i < 100 && Test.Mutex.Count != USERS * GUARDED_MUTEX_WAITER; i++) {
        KtSleep(10);
    }
    ok_eq(Test.Mutex.Count, USERS * GUARDED_MUTEX_WAITER); /* all wait */
    KeReleaseGuardedMutex(&Test.Mutex);
    ok(!KeAreApcsDisabled(), "the region ends with it");
    for (i = 0; i < USERS; i++) {
        KtJoinThread(Threads[i]);
    }
    ok_eq(Test.Total, 50 * USERS);
    ok_eq(Test.Mutex.Count, GUARDED_MUTEX_FREE);
}

static volatile LONG KtDelivered;

static void KtApcRoutine(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
    PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    UNREFERENCED_PARAMETER(Apc);
    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    InterlockedIncrement(&KtDelivered);
}

START_TEST(ke_attach, "attaching: APCs for the thread's own process wait for its return")
{
    PKTHREAD Self = KeGetCurrentThread();
    PKPROCESS Own = KeGetCurrentProcess();
    KAPC_STATE State, Nested;
    KAPC OwnApc, OtherApc;

    KtDelivered = 0;
    KeStackAttachProcess(Own, &State);
    ok(!KeIsAttachedProcess(), "attaching to one's own process is nothing");
    KeUnstackDetachProcess(&State);

    KeInitializeApc(&OwnApc, Self, OriginalApcEnvironment, KtApcRoutine, NULL, NULL, KernelMode,
        NULL);
    KeStackAttachProcess(&KiIdleProcess, &State);
    ok(KeIsAttachedProcess(), "attached");
    ok(KeGetCurrentProcess() == &KiIdleProcess, "to that process");
    KeInitializeApc(&OtherApc, Self, CurrentApcEnvironment, KtApcRoutine, NULL, NULL, KernelMode,
        NULL);
    ok(KeInsertQueueApc(&OwnApc, NULL, NULL, 0), "an APC for the own process is queued");
    ok_eq(KtDelivered, 0);
    ok(KeInsertQueueApc(&OtherApc, NULL, NULL, 0), "one for this process");
    ok_eq(KtDelivered, 1);
    KeStackAttachProcess(Own, &Nested);
    ok(KeGetCurrentProcess() == Own, "attached once more, back to the own process");
    KeUnstackDetachProcess(&Nested);
    ok(KeGetCurrentProcess() == &KiIdleProcess, "detached once");
    ok_eq(KtDelivered, 1);
    KeUnstackDetachProcess(&State);
    ok(KeGetCurrentProcess() == Own && !KeIsAttachedProcess(), "detached");
    ok_eq(KtDelivered, 2);
}
