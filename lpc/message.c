/* SPDX-License-Identifier: MIT */
/*
 * Messages in pool, queues, and the table of threads that wait for an answer.
 *
 * A waiting thread is found by the id of its request, which is unique, so the
 * cost of an answer does not grow with the number of clients.
 */
#include "lpc/lpcp.h"

#define LPCP_WAIT_BUCKETS 64 /* ids are consecutive: they spread evenly */

static LIST_ENTRY LpcpWaiters[LPCP_WAIT_BUCKETS]; /* LPC_THREAD.ReplyChain; port lock */
static ULONG LpcpLastMessageId;                   /* port lock */

void LpcpInitializeMessages(void)
{
    for (ULONG i = 0; i < LPCP_WAIT_BUCKETS; i++) {
        InitializeListHead(&LpcpWaiters[i]);
    }
}

/* What is not filled in here LpcpEnqueue does. */
PLPCP_MESSAGE LpcpAllocateMessage(ULONG DataLength)
{
    PLPCP_MESSAGE Message =
        ExAllocatePoolWithTag(PagedPool, sizeof(LPCP_MESSAGE) + DataLength, TAG_LPC);

    if (Message != NULL) {
        Message->PortContext = NULL;
        Message->Room = DataLength;
        Message->Header.DataLength = (USHORT)DataLength;
        Message->Header.TotalLength = (USHORT)(DataLength + sizeof(PORT_MESSAGE));
        Message->Header.Type = LPC_NEW_MESSAGE;
        Message->Header.DataInfoOffset = 0;
        Message->Header.MessageId = 0;
        Message->Header.ClientViewSize = 0;
    }
    return Message;
}

void LpcpFreeMessage(PLPCP_MESSAGE Message)
{
    ExFreePoolWithTag(Message, TAG_LPC);
}

/*
 * A server answers in the block of the request, and a client asks again in that of
 * the answer: a conversation allocates once.
 */
void LpcpKeepBlock(PLPCP_MESSAGE Message)
{
    PLPC_THREAD Thread = LpcpCurrentThread();

    LpcpFreeSpareBlock(Thread);
    Thread->SpareBlock = Message;
}

void LpcpFreeSpareBlock(PLPC_THREAD Thread)
{
    if (Thread->SpareBlock != NULL) {
        LpcpFreeMessage(Thread->SpareBlock);
        Thread->SpareBlock = NULL;
    }
}

static PLPCP_MESSAGE LpcpTakeBlock(ULONG DataLength)
{
    PLPC_THREAD Thread = LpcpCurrentThread();
    PLPCP_MESSAGE Message = Thread->SpareBlock;

    if (Message == NULL || Message->Room < DataLength) {
        return LpcpAllocateMessage(DataLength);
    }
    Thread->SpareBlock = NULL;
    return Message;
}

/* The lengths were read before; DataLength is not read twice. */
static NTSTATUS LpcpCaptureRest(PORT_MESSAGE __user *User, PLPCP_MESSAGE Message)
{
    ULONG Skipped = FIELD_OFFSET(PORT_MESSAGE, Type);
    NTSTATUS Status = MmCopyFromUser(&Message->Header.Type, (const UCHAR __user *)User + Skipped,
        sizeof(PORT_MESSAGE) - Skipped + Message->Header.DataLength);

    if (NT_SUCCESS(Status) && Message->Header.DataInfoOffset != 0) {
        Status = STATUS_INVALID_PARAMETER; /* no views to describe */
    }
    return Status;
}

NTSTATUS LpcpCaptureMessage(PORT_MESSAGE __user *User, ULONG MaxLength, PLPCP_MESSAGE *Message)
{
    struct {
        USHORT Data;
        USHORT Total;
    } Length;
    NTSTATUS Status = MmCopyFromUser(&Length, User, sizeof(Length));

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Length.Total > MaxLength || Length.Data + sizeof(PORT_MESSAGE) > Length.Total) {
        return STATUS_PORT_MESSAGE_TOO_LONG;
    }
    *Message = LpcpTakeBlock(Length.Data);
    if (*Message == NULL) {
        return STATUS_NO_MEMORY;
    }
    (*Message)->Header.DataLength = Length.Data;
    (*Message)->Header.TotalLength = Length.Total;
    Status = LpcpCaptureRest(User, *Message);
    if (!NT_SUCCESS(Status)) {
        LpcpFreeMessage(*Message);
    }
    return Status;
}

NTSTATUS LpcpReturnMessage(PORT_MESSAGE __user *User, const LPCP_MESSAGE *Message)
{
    ASSERT(Message->Header.DataLength <= Message->Room);
    return MmCopyToUser(User, &Message->Header, sizeof(PORT_MESSAGE) + Message->Header.DataLength);
}

ULONG LpcpNextMessageId(void)
{
    LpcpLastMessageId++;
    if (LpcpLastMessageId == 0) { /* 0 means "waits for none" */
        LpcpLastMessageId = 1;
    }
    return LpcpLastMessageId;
}

void LpcpEnqueue(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Message)
{
    Message->Header.ClientId = LpcpCurrentThread()->ClientId;
    Message->Attempt = KeTraceCurrentAttempt();
    InsertTailList(&Port->Queue, &Message->Entry);
}

void LpcpWakeReceiver(PLPCP_PORT_OBJECT Port, BOOLEAN Wait)
{
    /* The limit cannot be reached: each count is a message in memory. */
    (void)!NT_SUCCESS(KeReleaseSemaphore(&Port->QueueSemaphore, 1, 1, Wait, NULL));
}

void LpcpBeginWait(PLPC_THREAD Thread, ULONG MessageId, PLPCP_PORT_OBJECT WaitingOn,
    PLPCP_PORT_OBJECT SenderPort)
{
    Thread->ReplyMessageId = MessageId;
    Thread->ReplyMessage = NULL;
    Thread->WaitingOn = WaitingOn;
    Thread->SenderPort = SenderPort;
    InsertTailList(&LpcpWaiters[MessageId % LPCP_WAIT_BUCKETS], &Thread->ReplyChain);
}

void LpcpEndWait(PLPC_THREAD Thread)
{
    RemoveEntryList(&Thread->ReplyChain);
    InitializeListHead(&Thread->ReplyChain);
    Thread->ReplyMessageId = 0;
    Thread->WaitingOn = NULL;
    Thread->SenderPort = NULL;
}

PLPC_THREAD LpcpFindWaiter(PLPCP_PORT_OBJECT Port, ULONG MessageId)
{
    PLIST_ENTRY Bucket = &LpcpWaiters[MessageId % LPCP_WAIT_BUCKETS];

    for (PLIST_ENTRY Entry = Bucket->Flink; Entry != Bucket; Entry = Entry->Flink) {
        PLPC_THREAD Thread = CONTAINING_RECORD(Entry, LPC_THREAD, ReplyChain);
        if (Thread->ReplyMessageId == MessageId && (Port == NULL || Thread->WaitingOn == Port)) {
            return Thread;
        }
    }
    return NULL;
}

void LpcpAnswer(PLPC_THREAD Thread, PLPCP_MESSAGE Reply)
{
    LpcpEndWait(Thread);
    Thread->ReplyMessage = Reply;
}

void LpcpWakeSender(PLPC_THREAD Thread, BOOLEAN Wait)
{
    /* It waits for one answer at a time, so the limit of 1 is not exceeded. */
    (void)!NT_SUCCESS(KeReleaseSemaphore(&Thread->ReplySemaphore, 1, 1, Wait, NULL));
}

void LpcpAbandonWaiters(PLPCP_PORT_OBJECT WaitingOn, PLPCP_PORT_OBJECT SenderPort)
{
    for (ULONG i = 0; i < LPCP_WAIT_BUCKETS; i++) {
        PLIST_ENTRY Entry = LpcpWaiters[i].Flink;
        while (Entry != &LpcpWaiters[i]) {
            PLPC_THREAD Thread = CONTAINING_RECORD(Entry, LPC_THREAD, ReplyChain);
            Entry = Entry->Flink;
            if ((WaitingOn != NULL && Thread->WaitingOn == WaitingOn) ||
                (SenderPort != NULL && Thread->SenderPort == SenderPort)) {
                LpcpAnswer(Thread, NULL);
                LpcpWakeSender(Thread, FALSE);
            }
        }
    }
}

/*
 * An interrupted wait races with the answer: whoever gets the lock first decides.
 * Who answered first is about to wake this thread, which must not end before.
 */
static void LpcpCancelWait(PLPC_THREAD Thread)
{
    KeAcquireGuardedMutex(&LpcpLock);
    BOOLEAN Answered = Thread->ReplyMessageId == 0;

    if (!Answered) {
        LpcpEndWait(Thread);
    }
    KeReleaseGuardedMutex(&LpcpLock);
    if (!Answered) {
        return;
    }
    (void)KeWaitForSingleObject(&Thread->ReplySemaphore, WrLpcReply, KernelMode, FALSE, NULL);
    if (Thread->ReplyMessage != NULL) {
        LpcpFreeMessage(Thread->ReplyMessage);
        Thread->ReplyMessage = NULL;
    }
}

NTSTATUS LpcpAwaitAnswer(PLPC_THREAD Thread, KPROCESSOR_MODE Mode, PLPCP_MESSAGE *Reply)
{
    *Reply = NULL;
    NTSTATUS Status =
        KeWaitForSingleObject(&Thread->ReplySemaphore, WrLpcReply, Mode, FALSE, NULL);

    if (Status != STATUS_SUCCESS) {
        LpcpCancelWait(Thread);
        return Status;
    }
    *Reply = Thread->ReplyMessage; /* no longer in the table: nobody else writes it */
    Thread->ReplyMessage = NULL;
    return *Reply != NULL ? STATUS_SUCCESS : STATUS_PORT_DISCONNECTED;
}
