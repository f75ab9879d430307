/* SPDX-License-Identifier: MIT */
/*
 * Events: a notification event stays signalled until it is reset and lets every
 * waiter go, a synchronization event lets one go and resets itself.
 */
#include "ke/ki.h"

void KeInitializeEvent(PKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    Event->Header.Type = (UCHAR)Type; /* EventNotificationObject + type */
    Event->Header.Absolute = 0;
    Event->Header.Size = sizeof(KEVENT) / sizeof(ULONG);
    Event->Header.Inserted = 0;
    Event->Header.SignalState = State;
    InitializeListHead(&Event->Header.WaitListHead);
}

static __attribute__((noinline)) LONG KiSetEvent(
    PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Old = Event->Header.SignalState;

    Event->Header.SignalState = 1;
    if (Old == 0 && !IsListEmpty(&Event->Header.WaitListHead)) {
        KiWaitTest(&Event->Header, Increment);
    }
    KiUnlockDispatcherOrWait(OldIrql, Wait);
    return Old;
}

/*
 * KeSetEvent - returns the old state.
 *
 * A notification event that is set already needs no lock: the set takes place at
 * the moment of the look and changes nothing.  The barrier puts that moment after
 * all the caller did before, so that whoever sees the event set finds it done.
 * (A synchronization event is different: it is 1 for a moment while one set is
 * handed to a waiter, and a second set must not be taken for the same.)
 */
LONG KeSetEvent(PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    if (Event->Header.Type == EventNotificationObject && !Wait) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (__atomic_load_n(&Event->Header.SignalState, __ATOMIC_RELAXED) != 0) {
            return 1;
        }
    }
    return KiSetEvent(Event, Increment, Wait);
}

LONG KeResetEvent(PKEVENT Event)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Old = Event->Header.SignalState;

    Event->Header.SignalState = 0;
    KiUnlockDispatcher(OldIrql);
    return Old;
}

/* Wakes who waits now and leaves the event reset. */
LONG KePulseEvent(PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Old = Event->Header.SignalState;

    Event->Header.SignalState = 1;
    if (Old == 0) {
        KiWaitTest(&Event->Header, Increment);
    }
    Event->Header.SignalState = 0;
    KiUnlockDispatcherOrWait(OldIrql, Wait);
    return Old;
}

/* Without the lock: one store, for callers that do not need the old state. */
void KeClearEvent(PKEVENT Event)
{
    __atomic_store_n(&Event->Header.SignalState, 0, __ATOMIC_RELEASE);
}

LONG KeReadStateEvent(PKEVENT Event)
{
    return __atomic_load_n(&Event->Header.SignalState, __ATOMIC_ACQUIRE);
}
