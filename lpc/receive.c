/* SPDX-License-Identifier: MIT */
/*
 * The server's side: receiving from the connection port's queue, and replying.
 *
 * While a server thread works on a request its trace records carry the creation
 * attempt of the client, so csrss's part in a process's birth is found under the
 * number of that birth.
 */
#include "lpc/lpcp.h"

/*
 * Hands a reply to the thread that waits for it; takes the message over.  The client
 * is woken when the lock is free, because it may run at once.  Wait: if that succeeds, the
 * caller waits next.
 */
static NTSTATUS LpcpReply(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Reply, BOOLEAN Wait)
{
    PLPC_THREAD Server = LpcpCurrentThread();
    NTSTATUS Status = STATUS_REPLY_MESSAGE_MISMATCH;

    KeAcquireGuardedMutex(&LpcpLock);
    PLPC_THREAD Client = LpcpFindWaiter(LpcpConnectionPortOf(Port), Reply->Header.MessageId);

    if (Client != NULL && Client->Connecting == NULL &&
        Client->ClientId.UniqueThread == Reply->Header.ClientId.UniqueThread) {
        if (Server->AnsweringId == Reply->Header.MessageId) {
            Server->AnsweringId = 0;
        }
        Reply->Header.Type = LPC_REPLY;
        Reply->Header.ClientId = Server->ClientId;
        LpcpAnswer(Client, Reply);
        Status = STATUS_SUCCESS;
    }
    KeReleaseGuardedMutex(&LpcpLock);
    if (NT_SUCCESS(Status)) {
        LpcpWakeSender(Client, Wait);
    } else {
        LpcpFreeMessage(Reply);
    }
    return Status;
}

static NTSTATUS LpcpReplyFromUser(
    PLPCP_PORT_OBJECT Port, PORT_MESSAGE __user *ReplyMessage, BOOLEAN Wait)
{
    PLPCP_MESSAGE Reply;
    NTSTATUS Status = LpcpCaptureMessage(ReplyMessage, Port->MaxMessageLength, &Reply);

    KeTraceAdoptAttempt(0);
    return NT_SUCCESS(Status) ? LpcpReply(Port, Reply, Wait) : Status;
}

NTSTATUS NTAPI NtReplyPort(HANDLE PortHandle, PORT_MESSAGE __user *ReplyMessage)
{
    PLPCP_PORT_OBJECT Port;
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Port);

    if (NT_SUCCESS(Status)) {
        Status = LpcpReplyFromUser(Port, ReplyMessage, FALSE);
        ObDereferenceObject(Port);
    }
    return Status;
}

/* The oldest message of the queue, after a wait if there is none. */
static NTSTATUS LpcpDequeue(PLPCP_PORT_OBJECT Port, _Out_ PLPCP_MESSAGE *Message)
{
    NTSTATUS Status = KeWaitForSingleObject(
        &Port->QueueSemaphore, WrLpcReceive, KeGetPreviousMode(), FALSE, NULL);

    if (Status != STATUS_SUCCESS) {
        return Status;
    }
    KeAcquireGuardedMutex(&LpcpLock);
    if (IsListEmpty(&Port->Queue)) { /* closed by another thread, which emptied it */
        Status = STATUS_PORT_DISCONNECTED;
    } else {
        *Message = CONTAINING_RECORD(RemoveHeadList(&Port->Queue), LPCP_MESSAGE, Entry);
        if ((*Message)->Header.Type == LPC_REQUEST || (*Message)->Header.Type == LPC_EXCEPTION) {
            LpcpCurrentThread()->AnsweringId = (*Message)->Header.MessageId;
        }
    }
    KeReleaseGuardedMutex(&LpcpLock);
    return Status;
}

/* The receiver's buffer was bad: the message goes back to where it was. */
static void LpcpPutBack(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Message)
{
    KeAcquireGuardedMutex(&LpcpLock);
    LpcpCurrentThread()->AnsweringId = 0;
    BOOLEAN Closed = Port->Closed;

    if (!Closed) {
        InsertHeadList(&Port->Queue, &Message->Entry);
        (void)!NT_SUCCESS(KeReleaseSemaphore(&Port->QueueSemaphore, 0, 1, FALSE, NULL));
    }
    KeReleaseGuardedMutex(&LpcpLock);
    if (Closed) {
        LpcpFreeMessage(Message);
    }
}

static NTSTATUS LpcpReceive(PLPCP_PORT_OBJECT Port, PVOID __user *PortContext,
    PORT_MESSAGE __user *ReceiveMessage)
{
    PLPCP_MESSAGE Message;
    NTSTATUS Status = LpcpDequeue(Port, &Message);

    if (Status != STATUS_SUCCESS) {
        return Status;
    }
    if (PortContext != NULL) {
        Status = MmCopyToUser(PortContext, &Message->PortContext, sizeof(PVOID));
    }
    if (NT_SUCCESS(Status)) {
        Status = LpcpReturnMessage(ReceiveMessage, Message);
    }
    if (!NT_SUCCESS(Status)) {
        LpcpPutBack(Port, Message);
        return Status;
    }
    KeTraceAdoptAttempt(Message->Attempt);
    KeTrace(TraceLpcReceive, TraceP(Port), Message->Header.MessageId);
    if (Message->Header.Type == LPC_REQUEST) {
        LpcpKeepBlock(Message);
    } else {
        LpcpFreeMessage(Message);
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtReplyWaitReceivePort(HANDLE PortHandle, PVOID __user *PortContext,
    PORT_MESSAGE __user *ReplyMessage, PORT_MESSAGE __user *ReceiveMessage)
{
    PLPCP_PORT_OBJECT Port;
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Port);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PLPCP_PORT_OBJECT Queue = LpcpConnectionPortOf(Port);

    if (Port->Kind == LpcpClientPort) {
        Status = STATUS_INVALID_PORT_HANDLE; /* a client has no queue to receive from */
    }
    if (NT_SUCCESS(Status)) {
        Status = MmProbeForWrite(ReceiveMessage, sizeof(PORT_MESSAGE), sizeof(ULONG));
    }
    if (NT_SUCCESS(Status) && ReplyMessage != NULL) {
        Status = LpcpReplyFromUser(Port, ReplyMessage, TRUE);
    }
    if (NT_SUCCESS(Status)) {
        KeTraceAdoptAttempt(0);
        Status = LpcpReceive(Queue, PortContext, ReceiveMessage);
    }
    ObDereferenceObject(Port);
    return Status;
}
