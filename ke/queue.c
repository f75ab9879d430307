/* SPDX-License-Identifier: MIT */
/*
 * Queues: a list of entries and the threads that work on them, of which no more
 * than MaximumCount are to run at a time.  CurrentCount is how many do: a thread
 * that has taken an entry belongs to the queue, and while it waits for something
 * else it does not count, so that another may take an entry meanwhile (wait.c and
 * signal.c call KiLeaveQueueToWait and count it again).
 *
 * Entries are taken first come first served; of the threads that wait, the last
 * comes first, because its stack is still in the cache.  A thread that is woken
 * with an entry finds its address in WaitStatus.
 */
#include "ke/ki.h"

/* Limit 0: as many threads as there are processors. */
void KeInitializeQueue(PKQUEUE Queue, ULONG Limit)
{
    Queue->Header.Type = QueueObject;
    Queue->Header.Absolute = 0;
    Queue->Header.Size = sizeof(KQUEUE) / sizeof(ULONG);
    Queue->Header.Inserted = 0;
    Queue->Header.SignalState = 0; /* entries in the list */
    InitializeListHead(&Queue->Header.WaitListHead);
    InitializeListHead(&Queue->EntryListHead);
    InitializeListHead(&Queue->ThreadListHead);
    Queue->CurrentCount = 0;
    Queue->MaximumCount = Limit != 0 ? Limit : KeNumberProcessors;
}

static PLIST_ENTRY KiTakeEntry(PKQUEUE Queue)
{
    PLIST_ENTRY Entry = RemoveHeadList(&Queue->EntryListHead);

    Entry->Flink = NULL;
    Queue->Header.SignalState--;
    return Entry;
}

static void KiWakeWithEntry(PKQUEUE Queue, PLIST_ENTRY Entry)
{
    PKWAIT_BLOCK Block =
        CONTAINING_RECORD(Queue->Header.WaitListHead.Blink, KWAIT_BLOCK, WaitListEntry);

    KiUnwaitThread(Block->Thread, (LONG_PTR)Entry, 0);
}

void KiLeaveQueueToWait(PKQUEUE Queue)
{
    Queue->CurrentCount--;
    if (Queue->CurrentCount < Queue->MaximumCount && !IsListEmpty(&Queue->EntryListHead) &&
        !IsListEmpty(&Queue->Header.WaitListHead)) {
        KiWakeWithEntry(Queue, KiTakeEntry(Queue));
    }
}

void KiLeaveQueue(PKTHREAD Thread)
{
    PKQUEUE Queue = Thread->Queue;

    if (Queue != NULL) {
        (void)RemoveEntryList(&Thread->QueueListEntry);
        Thread->Queue = NULL;
        KiLeaveQueueToWait(Queue);
    }
}

/* Returns how many entries were in the list before. */
LONG KeInsertQueue(PKQUEUE Queue, PLIST_ENTRY Entry)
{
    KIRQL OldIrql = KiLockDispatcher();
    LONG Old = Queue->Header.SignalState;

    if (Queue->CurrentCount < Queue->MaximumCount && !IsListEmpty(&Queue->Header.WaitListHead)) {
        Entry->Flink = NULL;
        KiWakeWithEntry(Queue, Entry);
    } else {
        InsertTailList(&Queue->EntryListHead, Entry);
        Queue->Header.SignalState++;
    }
    KiUnlockDispatcher(OldIrql);
    return Old;
}

/* A thread belongs to one queue, the last it took something from. */
void KiJoinQueue(PKTHREAD Thread, PKQUEUE Queue)
{
    if (Thread->Queue != Queue) {
        KiLeaveQueue(Thread);
        Thread->Queue = Queue;
        InsertTailList(&Queue->ThreadListHead, &Thread->QueueListEntry);
        Queue->CurrentCount++;
    }
}

/* The calling thread, which belongs to Queue and counts; NULL: it has to wait. */
PLIST_ENTRY KiTryRemoveQueue(PKQUEUE Queue)
{
    return Queue->CurrentCount <= Queue->MaximumCount && !IsListEmpty(&Queue->EntryListHead)
        ? KiTakeEntry(Queue)
        : NULL;
}

LONG KeReadStateQueue(PKQUEUE Queue)
{
    return __atomic_load_n(&Queue->Header.SignalState, __ATOMIC_ACQUIRE);
}

/*
 * The queue goes: its threads belong to none, nobody waits.  Returns the entries
 * that are left as a ring without head, or NULL.
 */
PLIST_ENTRY KeRundownQueue(PKQUEUE Queue)
{
    KIRQL OldIrql = KiLockDispatcher();
    PLIST_ENTRY First = NULL;

    ASSERT(IsListEmpty(&Queue->Header.WaitListHead));
    while (!IsListEmpty(&Queue->ThreadListHead)) {
        PLIST_ENTRY Entry = RemoveHeadList(&Queue->ThreadListHead);
        CONTAINING_RECORD(Entry, KTHREAD, QueueListEntry)->Queue = NULL;
    }
    if (!IsListEmpty(&Queue->EntryListHead)) {
        First = Queue->EntryListHead.Flink;
        (void)RemoveEntryList(&Queue->EntryListHead);
        InitializeListHead(&Queue->EntryListHead);
    }
    KiUnlockDispatcher(OldIrql);
    return First;
}
