/* SPDX-License-Identifier: MIT */
/*
 * Sending: datagrams, and requests that wait for their reply.
 */
#include "lpc/lpcp.h"

/*
 * Lock held: the connection port whose queue a message sent through Port goes to,
 * and what the receiver will know the sender by.  NULL: disconnected.
 */
static PLPCP_PORT_OBJECT LpcpDestination(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Message)
{
    PLPCP_PORT_OBJECT Target = LpcpConnectionPortOf(Port);

    if (Target->Closed || (Port->Kind == LpcpClientPort && Port->Peer == NULL)) {
        return NULL;
    }
    Message->PortContext = Port->Kind == LpcpClientPort ? Port->Peer->PortContext : NULL;
    return Target;
}

NTSTATUS LpcpSend(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Message, ULONG Type)
{
    KeAcquireGuardedMutex(&LpcpLock);
    PLPCP_PORT_OBJECT Target = LpcpDestination(Port, Message);

    if (Target != NULL) {
        Message->Header.Type = (SHORT)Type;
        Message->Header.MessageId = LpcpNextMessageId();
        LpcpEnqueue(Target, Message);
    }
    KeReleaseGuardedMutex(&LpcpLock);
    if (Target == NULL) {
        LpcpFreeMessage(Message);
        return STATUS_PORT_DISCONNECTED;
    }
    LpcpWakeReceiver(Target, FALSE);
    return STATUS_SUCCESS;
}

/* The same, then waits.  On success *Reply is the caller's to free. */
static NTSTATUS LpcpSendAndWait(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Message, ULONG Type,
    KPROCESSOR_MODE Mode, _Out_ PLPCP_MESSAGE *Reply)
{
    PLPC_THREAD Thread = LpcpCurrentThread();

    KeAcquireGuardedMutex(&LpcpLock);
    PLPCP_PORT_OBJECT Target = LpcpDestination(Port, Message);

    if (Target != NULL) {
        ULONG MessageId = LpcpNextMessageId();

        Message->Header.Type = (SHORT)Type;
        Message->Header.MessageId = MessageId;
        LpcpBeginWait(Thread, MessageId, Target, Port);
        LpcpEnqueue(Target, Message);
        KeTrace(TraceLpcRequest, TraceP(Target), MessageId);
    }
    KeReleaseGuardedMutex(&LpcpLock);
    if (Target == NULL) {
        LpcpFreeMessage(Message);
        return STATUS_PORT_DISCONNECTED;
    }
    LpcpWakeReceiver(Target, TRUE);
    return LpcpAwaitAnswer(Thread, Mode, Reply);
}

/* A port to send through by a handle: not a connection port, which only receives. */
static NTSTATUS LpcpReferenceSender(HANDLE Handle, _Out_ PLPCP_PORT_OBJECT *Port)
{
    NTSTATUS Status = LpcpReferencePort(Handle, Port);

    if (NT_SUCCESS(Status) && (*Port)->Kind != LpcpClientPort) {
        ObDereferenceObject(*Port);
        return STATUS_INVALID_PORT_HANDLE;
    }
    return Status;
}

/* User mode sends new messages only: the type is the kernel's to say. */
static NTSTATUS LpcpCaptureRequest(
    PORT_MESSAGE __user *User, ULONG MaxLength, _Out_ PLPCP_MESSAGE *Message)
{
    NTSTATUS Status = LpcpCaptureMessage(User, MaxLength, Message);

    if (NT_SUCCESS(Status) && (*Message)->Header.Type != LPC_NEW_MESSAGE) {
        LpcpFreeMessage(*Message);
        return STATUS_INVALID_PARAMETER;
    }
    return Status;
}

NTSTATUS NTAPI NtRequestPort(HANDLE PortHandle, PORT_MESSAGE __user *RequestMessage)
{
    PLPCP_PORT_OBJECT Port;
    PLPCP_MESSAGE Message;
    NTSTATUS Status = LpcpReferenceSender(PortHandle, &Port);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = LpcpCaptureRequest(RequestMessage, Port->MaxMessageLength, &Message);
    if (NT_SUCCESS(Status)) {
        Status = LpcpSend(Port, Message, LPC_DATAGRAM);
    }
    ObDereferenceObject(Port);
    return Status;
}

NTSTATUS NTAPI NtRequestWaitReplyPort(HANDLE PortHandle, PORT_MESSAGE __user *RequestMessage,
    PORT_MESSAGE __user *ReplyMessage)
{
    PLPCP_PORT_OBJECT Port;
    PLPCP_MESSAGE Message;
    PLPCP_MESSAGE Reply;
    NTSTATUS Status = LpcpReferenceSender(PortHandle, &Port);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MmProbeForWrite(ReplyMessage, sizeof(PORT_MESSAGE), sizeof(ULONG));
    if (NT_SUCCESS(Status)) {
        Status = LpcpCaptureRequest(RequestMessage, Port->MaxMessageLength, &Message);
    }
    if (NT_SUCCESS(Status)) {
        Status = LpcpSendAndWait(Port, Message, LPC_REQUEST, KeGetPreviousMode(), &Reply);
    }
    if (Status == STATUS_SUCCESS) {
        Status = LpcpReturnMessage(ReplyMessage, Reply);
        LpcpKeepBlock(Reply);
    }
    ObDereferenceObject(Port);
    return Status;
}

/* ---- For the kernel ------------------------------------------------------------------ */

static PLPCP_MESSAGE LpcpCopyKernelMessage(const PORT_MESSAGE *Source)
{
    PLPCP_MESSAGE Message = LpcpAllocateMessage(Source->DataLength);

    if (Message != NULL) {
        Message->Header = *Source;
        RtlCopyMemory(Message->Data, Source + 1, Source->DataLength);
    }
    return Message;
}

NTSTATUS LpcRequestPort(PVOID Port, PPORT_MESSAGE Message, ULONG Type)
{
    PLPCP_MESSAGE Copy = LpcpCopyKernelMessage(Message);

    return Copy != NULL ? LpcpSend(Port, Copy, Type) : STATUS_NO_MEMORY;
}

/* Message has room for LPC_MAX_MESSAGE_LENGTH bytes of reply. */
NTSTATUS LpcRequestWaitReplyPort(PVOID Port, PPORT_MESSAGE Message, ULONG Type)
{
    PLPCP_MESSAGE Copy = LpcpCopyKernelMessage(Message);
    PLPCP_MESSAGE Reply;

    if (Copy == NULL) {
        return STATUS_NO_MEMORY;
    }
    /* Mode User: a thread that waits for csrss can still be ended. */
    NTSTATUS Status = LpcpSendAndWait(Port, Copy, Type, UserMode, &Reply);

    if (Status == STATUS_SUCCESS) {
        *Message = Reply->Header;
        RtlCopyMemory(Message + 1, Reply->Data, Reply->Header.DataLength);
        LpcpFreeMessage(Reply);
    }
    return Status == STATUS_SUCCESS || !NT_SUCCESS(Status) ? Status : STATUS_UNSUCCESSFUL;
}
