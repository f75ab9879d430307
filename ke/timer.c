/* SPDX-License-Identifier: MIT */
/*
 * Timers, and the timeouts of waits, which are timers too.  They are hashed by
 * due time into buckets of 13 ms, each sorted; a timer set later usually goes to
 * the end of its bucket, so that setting one does not get slower with many.
 *
 * The clock interrupt only looks whether a bucket it passes has timers; the DPC
 * that it then queues expires them under the dispatcher lock.
 */
#include "ke/ki.h"

#define KI_TIMER_BUCKETS 512
#define KI_TIMER_SHIFT   17 /* 2^17 * 100 ns a bucket */
#define KI_TIMER_LAG     8  /* buckets the hand may stay behind */

static LIST_ENTRY KiTimerTable[KI_TIMER_BUCKETS];
static ULONG KiTimerHand;  /* bucket number up to which all is done; dispatcher lock */
static ULONG KiTimerCount; /* timers in the table; dispatcher lock */
static KDPC KiTimerDpc;

FORCEINLINE ULONG KiTimerBucket(ULONGLONG Time)
{
    return (ULONG)(Time >> KI_TIMER_SHIFT);
}

/* An absolute Timeout is converted by the difference of the clocks as of now. */
ULONGLONG KiComputeDueTime(LONGLONG Timeout)
{
    ULONGLONG Now = KeQueryInterruptTime();
    LARGE_INTEGER SystemTime;

    if (Timeout <= 0) {
        return Now - (ULONGLONG)Timeout;
    }
    KeQuerySystemTime(&SystemTime);
    if (Timeout <= SystemTime.QuadPart) {
        return 1; /* long ago, but not the zero that means "do not block" */
    }
    return Now + (ULONGLONG)(Timeout - SystemTime.QuadPart);
}

static void KiLinkTimer(PKTIMER Timer, ULONGLONG DueTime)
{
    PLIST_ENTRY Head = &KiTimerTable[KiTimerBucket(DueTime) % KI_TIMER_BUCKETS];
    PLIST_ENTRY Before = Head->Blink;

    while (Before != Head &&
           CONTAINING_RECORD(Before, KTIMER, TimerListEntry)->DueTime.QuadPart > DueTime) {
        Before = Before->Blink;
    }
    InsertHeadList(Before, &Timer->TimerListEntry);
    Timer->DueTime.QuadPart = DueTime;
    Timer->Header.Inserted = TRUE;
    KiTimerCount++;
}

BOOLEAN KiInsertTimer(PKTIMER Timer, ULONGLONG DueTime)
{
    if (DueTime <= KeQueryInterruptTime()) {
        return FALSE;
    }
    KiLinkTimer(Timer, DueTime);
    return TRUE;
}

void KiRemoveTimer(PKTIMER Timer)
{
    (void)RemoveEntryList(&Timer->TimerListEntry);
    Timer->Header.Inserted = FALSE;
    KiTimerCount--;
}

/*
 * A period after it was due, or after now if that has passed, too.  Only one reading of
 * the clock counts: many ticks may come at once.
 */
static void KiRestartTimer(PKTIMER Timer)
{
    ULONGLONG Period = Timer->Period * 10000ull;
    ULONGLONG Due = Timer->DueTime.QuadPart + Period;
    ULONGLONG Now = KeQueryInterruptTime();

    KiLinkTimer(Timer, Due > Now ? Due : Now + Period);
}

/* Timer is due and in no list.  Dispatcher lock held. */
static void KiSignalTimer(PKTIMER Timer)
{
    Timer->Header.SignalState = 1;
    KiWaitTest(&Timer->Header, 0);
    if (Timer->Period != 0) {
        KiRestartTimer(Timer);
    }
    if (Timer->Dpc != NULL) {
        LARGE_INTEGER Time;
        KeQuerySystemTime(&Time);
        (void)KeInsertQueueDpc(Timer->Dpc, (PVOID)Time.LowPart, (PVOID)(ULONG)Time.HighPart);
    }
}

static void KiExpireBucket(PLIST_ENTRY Head, ULONGLONG Now)
{
    while (!IsListEmpty(Head)) {
        PKTIMER Timer = CONTAINING_RECORD(Head->Flink, KTIMER, TimerListEntry);
        if (Timer->DueTime.QuadPart > Now) {
            break;
        }
        KiRemoveTimer(Timer);
        KiSignalTimer(Timer);
    }
}

static void KiExpireTimers(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KIRQL OldIrql = KiLockDispatcher();
    ULONGLONG Now = KeQueryInterruptTime();
    ULONG Last = KiTimerBucket(Now);
    ULONG Bucket = KiTimerHand;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    if (Last - Bucket >= KI_TIMER_BUCKETS) {
        Bucket = Last - KI_TIMER_BUCKETS + 1;
    }
    for (; Bucket != Last + 1; Bucket++) {
        KiExpireBucket(&KiTimerTable[Bucket % KI_TIMER_BUCKETS], Now);
    }
    KiTimerHand = Last;
    KiUnlockDispatcher(OldIrql);
}

/*
 * Called by the clock interrupt, without the lock: a bucket's emptiness is one
 * word.  A false alarm costs a DPC; a timer inserted just now is seen next tick.
 */
static BOOLEAN KiTimersDue(ULONGLONG InterruptTime)
{
    ULONG Last = KiTimerBucket(InterruptTime);
    ULONG Bucket = KiTimerHand;

    if (KiTimerCount == 0) {
        return FALSE;
    }
    if (Last - Bucket > KI_TIMER_LAG) {
        return TRUE;
    }
    for (; Bucket != Last + 1; Bucket++) {
        if (!IsListEmpty(&KiTimerTable[Bucket % KI_TIMER_BUCKETS])) {
            return TRUE;
        }
    }
    return FALSE;
}

void KiCheckTimers(ULONGLONG InterruptTime)
{
    if (KiTimersDue(InterruptTime)) {
        (void)KeInsertQueueDpc(&KiTimerDpc, NULL, NULL);
    }
}

void KiInitializeTimers(void)
{
    for (ULONG i = 0; i < KI_TIMER_BUCKETS; i++) {
        InitializeListHead(&KiTimerTable[i]);
    }
    KeInitializeDpc(&KiTimerDpc, KiExpireTimers, NULL);
}

void KeInitializeTimer(PKTIMER Timer, TIMER_TYPE Type)
{
    Timer->Header.Type = (UCHAR)(TimerNotificationObject + Type);
    Timer->Header.Absolute = FALSE;
    Timer->Header.Size = sizeof(KTIMER) / sizeof(ULONG);
    Timer->Header.Inserted = FALSE;
    Timer->Header.SignalState = 0;
    InitializeListHead(&Timer->Header.WaitListHead);
    Timer->DueTime.QuadPart = 0;
    Timer->Dpc = NULL;
    Timer->Period = 0;
}

/*
 * Negative DueTime: relative.  One that has passed signals at once.  Returns
 * whether the timer was set already; that setting is forgotten.
 */
BOOLEAN KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    KIRQL OldIrql = KiLockDispatcher();
    BOOLEAN WasSet = Timer->Header.Inserted;
    ULONGLONG Due = KiComputeDueTime(DueTime.QuadPart);

    if (WasSet) {
        KiRemoveTimer(Timer);
    }
    Timer->Header.Absolute = DueTime.QuadPart > 0;
    Timer->Header.SignalState = 0;
    Timer->Dpc = Dpc;
    Timer->Period = Period;
    if (!KiInsertTimer(Timer, Due)) {
        Timer->DueTime.QuadPart = Due;
        KiSignalTimer(Timer);
    }
    KiUnlockDispatcher(OldIrql);
    return WasSet;
}

/* Returns whether it was set.  Its DPC may be queued already. */
BOOLEAN KeCancelTimer(PKTIMER Timer)
{
    KIRQL OldIrql = KiLockDispatcher();
    BOOLEAN WasSet = Timer->Header.Inserted;

    if (WasSet) {
        KiRemoveTimer(Timer);
    }
    KiUnlockDispatcher(OldIrql);
    return WasSet;
}

ULONGLONG KeQueryTimerDueTime(PKTIMER Timer)
{
    KIRQL OldIrql = KiLockDispatcher();
    ULONGLONG DueTime = Timer->Header.Inserted ? Timer->DueTime.QuadPart : 0;

    KiUnlockDispatcher(OldIrql);
    return DueTime;
}
