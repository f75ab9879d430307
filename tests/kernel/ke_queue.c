/* SPDX-License-Identifier: MIT */
/*
 * Queues and I/O completion ports: order, timeouts, how many threads may run, and
 * what becomes of entries and threads when one of them goes.
 */
#include "io.h"
#include "mm.h"
#include "nt/native.h"
#include "tests/kernel/kt.h"

typedef struct _KT_ENTRY {
    LIST_ENTRY ListEntry;
    LONG Number;
} KT_ENTRY;

static LONG KtTakeNumber(PKQUEUE Queue, ULONG Milliseconds)
{
    LARGE_INTEGER Timeout = KtMilliseconds(Milliseconds);
    PLIST_ENTRY Entry;
    NTSTATUS Status = KeRemoveQueue(Queue, KernelMode, &Timeout, &Entry);

    return Status == STATUS_SUCCESS ? CONTAINING_RECORD(Entry, KT_ENTRY, ListEntry)->Number
                                    : -(LONG)(__force ULONG)Status;
}

START_TEST(ke_queue, "queues: first come first served, timeouts, rundown")
{
    KT_ENTRY Entries[4];
    KQUEUE Queue, Other;
    PLIST_ENTRY Left;

    KeInitializeQueue(&Queue, 0);
    KeInitializeQueue(&Other, 5);
    ok_eq(Queue.MaximumCount, KeNumberProcessors);
    for (LONG i = 0; i < 4; i++) {
        Entries[i].Number = i;
        ok_eq(KeInsertQueue(&Queue, &Entries[i].ListEntry), i);
    }
    ok_eq(KeReadStateQueue(&Queue), 4);
    ok_eq(KtTakeNumber(&Queue, 0), 0);
    ok_eq(Queue.CurrentCount, 1);
    ok_eq(KtTakeNumber(&Queue, 10), 1);
    ok_eq(Queue.CurrentCount, 1);
    ok_eq(KtTakeNumber(&Other, 0), -0x102);
    ok(Queue.CurrentCount == 0 && Other.CurrentCount == 1, "the thread changed its queue");
    ok_eq(KtTakeNumber(&Other, 20), -0x102);
    ok_eq(Other.CurrentCount, 1);
    (void)KeInsertQueue(&Other, &Entries[0].ListEntry);
    Other.CurrentCount += 5; /* as if as many had come back from waits */
    ok_eq(KtTakeNumber(&Other, 0), -0x102);
    Other.CurrentCount -= 1;
    ok_eq(KtTakeNumber(&Other, 0), 0);
    Other.CurrentCount = 1;
    Left = KeRundownQueue(&Queue);
    ok(Left == &Entries[2].ListEntry && Left->Flink == &Entries[3].ListEntry &&
           Left->Flink->Flink == Left, "the entries that are left form a ring");
    ok(KeRundownQueue(&Other) == NULL, "nothing is left in the other");
    ok(KeGetCurrentThread()->Queue == NULL, "the thread is free");
}

#define KT_WORKERS 3

typedef struct _KT_WORK {
    KQUEUE Queue;
    KEVENT Hold;           /* a worker that took an entry waits here */
    volatile LONG Taken;   /* entries taken */
    volatile LONG Running; /* workers between two waits */
    volatile LONG Most;
} KT_WORK;

/* Takes entries until it gets number -1; waits for Hold after each. */
static void KtWork(PVOID Context)
{
    KT_WORK *Work = Context;

    while (KtTakeNumber(&Work->Queue, 5000) > 0) {
        LONG Running = InterlockedIncrement(&Work->Running);

        if (Running > Work->Most) {
            Work->Most = Running;
        }
        InterlockedIncrement(&Work->Taken);
        (void)KeYieldExecution(); /* a second one would show now */
        InterlockedDecrement(&Work->Running);
        ok_status(KtWait(&Work->Hold, KT_LONG), STATUS_SUCCESS);
    }
}

START_TEST(ke_queue_limit, "one runs at a time; while it waits the next may take an entry")
{
    static KT_WORK Work;
    static KT_ENTRY Entries[KT_WORKERS], Ends[KT_WORKERS];
    PETHREAD Threads[KT_WORKERS];

    RtlZeroMemory(&Work, sizeof(Work));
    KeInitializeQueue(&Work.Queue, 1);
    KeInitializeEvent(&Work.Hold, NotificationEvent, FALSE);
    for (ULONG i = 0; i < KT_WORKERS; i++) {
        Threads[i] = KtStartThread(KtWork, &Work);
        ok(KtAwaitState(Threads[i], Waiting), "worker %u waits", i);
    }
    ok_eq(Work.Queue.CurrentCount, 0);
    for (LONG i = 0; i < KT_WORKERS; i++) {
        Entries[i].Number = 1;
        (void)KeInsertQueue(&Work.Queue, &Entries[i].ListEntry);
    }
    KtSleep(50);
    ok_eq(Work.Taken, KT_WORKERS);
    ok_eq(Work.Most, 1);
    ok_eq(Work.Queue.CurrentCount, 0);
    (void)KeSetEvent(&Work.Hold, 0, FALSE);
    for (ULONG i = 0; i < KT_WORKERS; i++) {
        Ends[i].Number = -1;
        (void)KeInsertQueue(&Work.Queue, &Ends[i].ListEntry);
    }
    for (ULONG i = 0; i < KT_WORKERS; i++) {
        KtJoinThread(Threads[i]);
    }
    ok_eq(Work.Queue.CurrentCount, 0);
    ok(IsListEmpty(&Work.Queue.ThreadListHead), "threads that ended have left the queue");
    ok(KeRundownQueue(&Work.Queue) == NULL, "nothing is left");
}

static void KtTakeLast(PVOID Context)
{
    InterlockedExchangeAdd((volatile LONG *)((PKQUEUE)Context + 1), KtTakeNumber(Context, 5000));
}

START_TEST(ke_queue_lifo, "of the threads that wait the last one is woken first")
{
    static struct {
        KQUEUE Queue;
        volatile LONG Sum;
    } Work;
    KT_ENTRY First = {.Number = 1}, Second = {.Number = 10};
    PETHREAD Threads[2];

    Work.Sum = 0;
    KeInitializeQueue(&Work.Queue, 2);
    for (ULONG i = 0; i < 2; i++) {
        Threads[i] = KtStartThread(KtTakeLast, &Work);
        ok(KtAwaitState(Threads[i], Waiting), "it waits");
    }
    (void)KeInsertQueue(&Work.Queue, &First.ListEntry);
    KtJoinThread(Threads[1]);
    ok_eq(Work.Sum, 1);
    ok_eq(Threads[0]->Tcb.State, Waiting);
    (void)KeInsertQueue(&Work.Queue, &Second.ListEntry);
    KtJoinThread(Threads[0]);
    ok_eq(Work.Sum, 11);
    ok(KeRundownQueue(&Work.Queue) == NULL, "nothing is left");
}

START_TEST(io_completion, "I/O completion ports: statuses, contents, packets nobody fetched")
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    IO_COMPLETION_BASIC_INFORMATION Basic;
    IO_STATUS_BLOCK Iosb;
    PVOID Key, Apc;
    HANDLE Port;

    ok_status(NtCreateIoCompletion(&Port, IO_COMPLETION_ALL_ACCESS, NULL, 0), STATUS_SUCCESS);
    ok_status(NtRemoveIoCompletion(Port, &Key, &Apc, &Iosb, &Zero), STATUS_TIMEOUT);
    for (ULONG_PTR i = 1; i <= 3; i++) {
        ok_status(NtSetIoCompletion(Port, (PVOID)i, (PVOID)(i * 16), STATUS_NO_SUCH_FILE, i + 7),
            STATUS_SUCCESS);
    }
    ok_status(NtQueryIoCompletion(Port, IoCompletionBasicInformation, &Basic, 4, NULL),
        STATUS_SUCCESS);
    ok_eq(Basic.Depth, 3);
    ok_status(NtQueryIoCompletion(Port, IoCompletionBasicInformation, &Basic, 5, NULL),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_status(NtRemoveIoCompletion(Port, &Key, &Apc, &Iosb, NULL), STATUS_SUCCESS);
    ok(Key == (PVOID)1 && Apc == (PVOID)16 && Iosb.Information == 8, "the first packet");
    ok_status(Iosb.Status, STATUS_NO_SUCH_FILE);
    ok_status(NtWaitForSingleObject(Port, FALSE, &Zero), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtClose(Port), STATUS_SUCCESS);
    ok(KeGetCurrentThread()->Queue == NULL, "the port's end frees the thread");
}
