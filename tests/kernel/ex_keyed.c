/* SPDX-License-Identifier: MIT */
/*
 * Keyed events: pairs by key, in order, whoever comes first.
 */
#include "ex.h"
#include "mm.h"
#include "nt/native.h"
#include "tests/kernel/kt.h"

typedef struct _KT_KEYED {
    HANDLE Event;
    volatile LONG Order; /* how many waiters have been woken */
} KT_KEYED;

typedef struct _KT_KEYED_WAITER {
    KT_KEYED *Keyed;
    ULONG_PTR Key;
    LONG Woken; /* as which one */
} KT_KEYED_WAITER;

static void KtWaitKeyed(PVOID Context)
{
    KT_KEYED_WAITER *Waiter = Context;

    ok_status(NtWaitForKeyedEvent(Waiter->Keyed->Event, (PVOID)Waiter->Key, FALSE, NULL),
        STATUS_SUCCESS);
    Waiter->Woken = InterlockedIncrement(&Waiter->Keyed->Order);
}

static void KtReleaseKeyed(PVOID Context)
{
    KT_KEYED_WAITER *Waiter = Context;

    ok_status(NtReleaseKeyedEvent(Waiter->Keyed->Event, (PVOID)Waiter->Key, FALSE, NULL),
        STATUS_SUCCESS);
}

START_TEST(ex_keyed, "keyed events: statuses, and a release that waits for its waiter")
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    KT_KEYED Keyed = {.Order = 0};
    KT_KEYED_WAITER Releaser = {&Keyed, 0x40, 0};
    PETHREAD Thread;

    ok_status(NtCreateKeyedEvent(&Keyed.Event, KEYEDEVENT_ALL_ACCESS, NULL, 1),
        STATUS_INVALID_PARAMETER_4);
    ok_status(NtCreateKeyedEvent(&Keyed.Event, KEYEDEVENT_ALL_ACCESS, NULL, 0), STATUS_SUCCESS);
    ok_status(NtWaitForKeyedEvent(Keyed.Event, (PVOID)1, FALSE, &Zero),
        STATUS_INVALID_PARAMETER_1);
    ok_status(NtReleaseKeyedEvent(Keyed.Event, (PVOID)3, FALSE, &Zero),
        STATUS_INVALID_PARAMETER_1);
    ok_status(NtWaitForKeyedEvent(Keyed.Event, NULL, FALSE, &Zero), STATUS_TIMEOUT);
    ok_status(NtReleaseKeyedEvent(Keyed.Event, NULL, FALSE, &Zero), STATUS_TIMEOUT);
    ok_status(NtWaitForSingleObject(Keyed.Event, FALSE, &Zero), STATUS_OBJECT_TYPE_MISMATCH);
    Thread = KtStartThread(KtReleaseKeyed, &Releaser);
    ok(KtAwaitState(Thread, Waiting), "the releaser waits for a waiter");
    ok_status(NtReleaseKeyedEvent(Keyed.Event, (PVOID)0x40, FALSE, &Zero), STATUS_TIMEOUT);
    ok_status(NtWaitForKeyedEvent(Keyed.Event, (PVOID)0x42, FALSE, &Zero), STATUS_TIMEOUT);
    ok_status(NtWaitForKeyedEvent(Keyed.Event, (PVOID)0x40, FALSE, &Zero), STATUS_SUCCESS);
    KtJoinThread(Thread);
    ok_status(NtClose(Keyed.Event), STATUS_SUCCESS);
}

START_TEST(ex_keyed_order, "each release wakes one waiter of its key, first come first served")
{
    KT_KEYED Keyed = {.Order = 0};
    KT_KEYED_WAITER Waiters[6];
    PETHREAD Threads[ARRAYSIZE(Waiters)];

    ok_status(NtCreateKeyedEvent(&Keyed.Event, KEYEDEVENT_ALL_ACCESS, NULL, 0), STATUS_SUCCESS);
    for (ULONG i = 0; i < ARRAYSIZE(Waiters); i++) {
        Waiters[i] = (KT_KEYED_WAITER){&Keyed, i % 2 * 8, 0};
        Threads[i] = KtStartThread(KtWaitKeyed, &Waiters[i]);
        ok(KtAwaitState(Threads[i], Waiting), "waiter %u waits", i);
    }
    for (LONG n = 0; n < (LONG)ARRAYSIZE(Waiters); n++) {
        ULONG i = (ULONG)(n < 3 ? 2 * n + 1 : 2 * (n - 3)); /* 1 3 5, then 0 2 4 */

        ok_status(NtReleaseKeyedEvent(Keyed.Event, (PVOID)Waiters[i].Key, FALSE, NULL),
            STATUS_SUCCESS);
        KtJoinThread(Threads[i]);
        ok_eq(Waiters[i].Woken, n + 1);
    }
    ok_status(NtClose(Keyed.Event), STATUS_SUCCESS);
}

/* In the address space, and with the handles, of a process that has no thread. */
static void KtWaitElsewhere(PEPROCESS Process, PVOID Event, PVOID Key)
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    KAPC_STATE State;
    HANDLE Handle;

    KeStackAttachProcess(&Process->Pcb, &State);
    if (ok_status(ObOpenObjectByPointer(Event, 0, KEYEDEVENT_ALL_ACCESS, ExKeyedEventObjectType,
                      KernelMode, &Handle), STATUS_SUCCESS)) {
        ok_status(NtWaitForKeyedEvent(Handle, Key, FALSE, &Zero), STATUS_TIMEOUT);
        ok_status(ObCloseHandle(Handle, KernelMode), STATUS_SUCCESS);
    }
    KeUnstackDetachProcess(&State);
}

START_TEST(ex_keyed_process, "keyed events: the same key of another process is another one")
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    KT_KEYED Keyed = {.Order = 0};
    KT_KEYED_WAITER Releaser = {&Keyed, 0x40, 0};
    PVOID Event, Process;
    HANDLE Handle;
    PETHREAD Thread;

    ok_status(NtCreateProcessEx(&Handle, PROCESS_ALL_ACCESS, NULL, NtCurrentProcess(), 0, NULL,
                  NULL, NULL, 0), STATUS_SUCCESS);
    ok_status(ObReferenceObjectByHandle(Handle, 0, PsProcessType, KernelMode, &Process, NULL),
        STATUS_SUCCESS);
    ok_status(NtCreateKeyedEvent(&Keyed.Event, KEYEDEVENT_ALL_ACCESS, NULL, 0), STATUS_SUCCESS);
    ok_status(ObReferenceObjectByHandle(
        Keyed.Event, 0, ExKeyedEventObjectType, KernelMode, &Event, NULL), STATUS_SUCCESS);
    Thread = KtStartThread(KtReleaseKeyed, &Releaser);
    ok(KtAwaitState(Thread, Waiting), "the releaser waits for a waiter");
    KtWaitElsewhere(Process, Event, (PVOID)0x40);
    ok_eq(Thread->Tcb.State, Waiting);
    ok_status(NtWaitForKeyedEvent(Keyed.Event, (PVOID)0x40, FALSE, &Zero), STATUS_SUCCESS);
    KtJoinThread(Thread);
    ObDereferenceObject(Event);
    ObDereferenceObject(Process);
    ok_status(NtClose(Keyed.Event), STATUS_SUCCESS);
    ok_status(NtClose(Handle), STATUS_SUCCESS);
}

static void KtWaitKeyedAlertable(PVOID Context)
{
    KT_KEYED_WAITER *Waiter = Context;

    ok_status(NtWaitForKeyedEvent(Waiter->Keyed->Event, (PVOID)Waiter->Key, TRUE, NULL),
        STATUS_SUCCESS);
}

typedef struct _KT_LATE_RELEASER {
    KEVENT Go;
    KT_KEYED_WAITER Meeting;
} KT_LATE_RELEASER;

static void KtReleaseKeyedLate(PVOID Context)
{
    KT_LATE_RELEASER *Releaser = Context;

    ok_status(KtWait(&Releaser->Go, KT_LONG), STATUS_SUCCESS);
    KtReleaseKeyed(&Releaser->Meeting);
}

/* Sleeps until the thread, which has been woken, wants the mutex that this one holds. */
static void KtAwaitMutex(PETHREAD Thread, const KGUARDED_MUTEX *Mutex)
{
    while (Thread->Tcb.State != Waiting ||
           Thread->Tcb.WaitBlockList->Object != &Mutex->Gate.Header) {
        KtSleep(10);
    }
}

/* The waiter's wait is over, but the releaser comes first to what both need then. */
START_TEST(ex_keyed_late, "keyed events: a partner that comes when the wait has just ended counts")
{
    KT_KEYED Keyed = {.Order = 0};
    KT_LATE_RELEASER Late = {.Meeting = {&Keyed, 0x40, 0}};
    PETHREAD Waiter, Releaser;
    PVOID Event; /* it begins with the lock of its list */

    ok_status(NtCreateKeyedEvent(&Keyed.Event, KEYEDEVENT_ALL_ACCESS, NULL, 0), STATUS_SUCCESS);
    ok_status(ObReferenceObjectByHandle(
        Keyed.Event, 0, ExKeyedEventObjectType, KernelMode, &Event, NULL), STATUS_SUCCESS);
    KeInitializeEvent(&Late.Go, SynchronizationEvent, FALSE);
    Waiter = KtStartThread(KtWaitKeyedAlertable, &Late.Meeting);
    Releaser = KtStartThread(KtReleaseKeyedLate, &Late);
    ok(KtAwaitState(Waiter, Waiting) && KtAwaitState(Releaser, Waiting), "both wait");
    KeAcquireGuardedMutex(Event);
    (void)KeSetEvent(&Late.Go, 0, FALSE);
    KtAwaitMutex(Releaser, Event);
    (void)KeAlertThread(&Waiter->Tcb, KernelMode);
    KtAwaitMutex(Waiter, Event);
    KeReleaseGuardedMutex(Event);
    KtJoinThread(Releaser);
    KtJoinThread(Waiter);
    ObDereferenceObject(Event);
    ok_status(NtClose(Keyed.Event), STATUS_SUCCESS);
}
