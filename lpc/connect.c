/* SPDX-License-Identifier: MIT */
/*
 * Making a connection, in four steps on two sides:
 *
 *   client  NtConnectPort          queues LPC_CONNECTION_REQUEST and waits
 *   server  NtReplyWaitReceivePort gets it
 *   server  NtAcceptConnectPort    refuses, or makes the server port and pairs it
 *   server  NtCompleteConnectPort  wakes the client
 *
 * Views, by which a connection shares a section, are not built.
 */
#include "lpc/lpcp.h"

/* ---- Client -------------------------------------------------------------------------- */

/* The user's parameters, in the kernel. */
typedef struct _LPCP_CONNECT {
    PLPCP_PORT_OBJECT Server; /* connection port, referenced */
    PLPCP_PORT_OBJECT Client; /* the new port */
    PLPCP_MESSAGE Request;
    PLPCP_MESSAGE Reply;
} LPCP_CONNECT, *PLPCP_CONNECT;

static NTSTATUS LpcpFindServer(UNICODE_STRING __user *PortName, _Out_ PLPCP_PORT_OBJECT *Server)
{
    UNICODE_STRING Name;
    PVOID Object;
    NTSTATUS Status = MmCaptureUnicodeString(PortName, &Name);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByName(
        &Name, OBJ_CASE_INSENSITIVE, LpcPortObjectType, NULL, &Object);
    MmReleaseUnicodeString(&Name);
    if (NT_SUCCESS(Status)) {
        *Server = Object; /* only connection ports have names */
    }
    return Status;
}

static NTSTATUS LpcpCaptureConnectionInfo(
    PLPCP_CONNECT Connect, void __user *Info, ULONG __user *InfoLength)
{
    ULONG Length = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    if (InfoLength != NULL) {
        Status = MmCopyFromUser(&Length, InfoLength, sizeof(Length));
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Length > Connect->Server->MaxConnectionInfoLength) {
        return STATUS_INVALID_PARAMETER;
    }
    Connect->Request = LpcpAllocateMessage(Length);
    if (Connect->Request == NULL) {
        return STATUS_NO_MEMORY;
    }
    Status = MmCopyFromUser(Connect->Request->Data, Info, Length);
    if (!NT_SUCCESS(Status)) {
        LpcpFreeMessage(Connect->Request);
    }
    return Status;
}

/* Queues the request, sleeps until the server has decided.  Consumes the request. */
static NTSTATUS LpcpAwaitConnection(PLPCP_CONNECT Connect)
{
    PLPC_THREAD Thread = LpcpCurrentThread();
    NTSTATUS Status = STATUS_SUCCESS;

    KeAcquireGuardedMutex(&LpcpLock);
    if (Connect->Server->Closed) {
        Status = STATUS_PORT_CONNECTION_REFUSED;
    } else {
        ULONG MessageId = LpcpNextMessageId();

        Connect->Request->Header.Type = LPC_CONNECTION_REQUEST;
        Connect->Request->Header.MessageId = MessageId;
        Thread->Connecting = Connect->Client;
        LpcpBeginWait(Thread, MessageId, Connect->Server, Connect->Client);
        LpcpEnqueue(Connect->Server, Connect->Request);
    }
    KeReleaseGuardedMutex(&LpcpLock);
    if (!NT_SUCCESS(Status)) {
        LpcpFreeMessage(Connect->Request);
        return Status;
    }
    LpcpWakeReceiver(Connect->Server, TRUE);
    Status = LpcpAwaitAnswer(Thread, KeGetPreviousMode(), &Connect->Reply);

    KeAcquireGuardedMutex(&LpcpLock);
    Thread->Connecting = NULL;
    BOOLEAN Connected = Connect->Client->Peer != NULL;

    KeReleaseGuardedMutex(&LpcpLock);
    if (Status == STATUS_PORT_DISCONNECTED || (Status == STATUS_SUCCESS && !Connected)) {
        Status = STATUS_PORT_CONNECTION_REFUSED;
    }
    return Status;
}

/* What the server said, cut to the room the client has; lengths last. */
static NTSTATUS LpcpReturnConnection(PLPCP_CONNECT Connect, ULONG __user *MaxMessageLength,
    void __user *Info, ULONG __user *InfoLength)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (InfoLength != NULL && Connect->Reply != NULL) {
        ULONG Room;

        Status = MmCopyFromUser(&Room, InfoLength, sizeof(Room));
        if (NT_SUCCESS(Status)) {
            ULONG Length = Connect->Reply->Header.DataLength;
            Length = Length < Room ? Length : Room;
            Status = MmCopyToUser(Info, Connect->Reply->Data, Length);
            if (NT_SUCCESS(Status)) {
                Status = MmWriteUlongToUser(InfoLength, Length);
            }
        }
    }
    if (NT_SUCCESS(Status) && MaxMessageLength != NULL) {
        Status = MmWriteUlongToUser(MaxMessageLength, Connect->Client->MaxMessageLength);
    }
    return Status;
}

/* The client's handle; consumes the creator's reference of the client port. */
static NTSTATUS LpcpPublishClient(PLPCP_CONNECT Connect, HANDLE __user *PortHandle)
{
    HANDLE Handle;
    NTSTATUS Status = ObInsertObject(Connect->Client, PORT_ALL_ACCESS, &Handle);

    return ObReturnHandle(PortHandle, Handle, Status);
}

static NTSTATUS LpcpConnect(PLPCP_CONNECT Connect, HANDLE __user *PortHandle,
    ULONG __user *MaxMessageLength, void __user *Info, ULONG __user *InfoLength)
{
    NTSTATUS Status = LpcpCreatePairPort(LpcpClientPort, Connect->Server, &Connect->Client);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = LpcpCaptureConnectionInfo(Connect, Info, InfoLength);
    if (NT_SUCCESS(Status)) {
        Status = LpcpAwaitConnection(Connect);
    }
    NTSTATUS Returned = STATUS_SUCCESS;

    if (Status == STATUS_SUCCESS || Status == STATUS_PORT_CONNECTION_REFUSED) {
        Returned = LpcpReturnConnection(Connect, MaxMessageLength, Info, InfoLength);
    }
    if (Connect->Reply != NULL) {
        LpcpFreeMessage(Connect->Reply);
    }
    if (Status == STATUS_SUCCESS && NT_SUCCESS(Returned)) {
        return LpcpPublishClient(Connect, PortHandle);
    }
    ObDereferenceObject(Connect->Client);
    return Status == STATUS_SUCCESS ? Returned : Status;
}

NTSTATUS NTAPI NtConnectPort(HANDLE __user *PortHandle, UNICODE_STRING __user *PortName,
    void __user *SecurityQos, PORT_VIEW __user *ClientView, REMOTE_PORT_VIEW __user *ServerView,
    ULONG __user *MaxMessageLength, void __user *ConnectionInformation,
    ULONG __user *ConnectionInformationLength)
{
    LPCP_CONNECT Connect = {};

    UNREFERENCED_PARAMETER(SecurityQos); /* nobody impersonates yet */
    if (ClientView != NULL || ServerView != NULL) {
        return STATUS_NOT_IMPLEMENTED;
    }
    NTSTATUS Status = MmProbeForWrite(PortHandle, sizeof(HANDLE), sizeof(HANDLE));

    if (NT_SUCCESS(Status)) {
        Status = LpcpFindServer(PortName, &Connect.Server);
    }
    if (NT_SUCCESS(Status)) {
        Status = LpcpConnect(&Connect, PortHandle, MaxMessageLength, ConnectionInformation,
            ConnectionInformationLength);
        ObDereferenceObject(Connect.Server);
    }
    return Status;
}

/* ---- Server --------------------------------------------------------------------------- */

/* Only the process that made a port may decide about its connections. */
NTSTATUS LpcpReferenceRequestedPort(ULONG MessageId, PLPCP_PORT_OBJECT *Port)
{
    NTSTATUS Status = STATUS_REPLY_MESSAGE_MISMATCH;

    KeAcquireGuardedMutex(&LpcpLock);
    PLPC_THREAD Client = LpcpFindWaiter(NULL, MessageId);

    if (Client != NULL && Client->Connecting != NULL &&
        Client->WaitingOn->Creator == LpcpCurrentThread()->ClientId.UniqueProcess) {
        *Port = Client->WaitingOn;
        ObReferenceObject(*Port);
        Status = STATUS_SUCCESS;
    }
    KeReleaseGuardedMutex(&LpcpLock);
    return Status;
}

/* Wakes the client of a request with the server's message; it looks at its port's Peer. */
static NTSTATUS LpcpRefuse(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Answer)
{
    KeAcquireGuardedMutex(&LpcpLock);
    PLPC_THREAD Client = LpcpFindWaiter(Port, Answer->Header.MessageId);
    BOOLEAN Found = Client != NULL && Client->Connecting != NULL;

    if (Found) {
        LpcpAnswer(Client, Answer);
        LpcpWakeSender(Client, FALSE);
    }
    KeReleaseGuardedMutex(&LpcpLock);
    if (!Found) {
        LpcpFreeMessage(Answer);
    }
    return Found ? STATUS_SUCCESS : STATUS_REPLY_MESSAGE_MISMATCH;
}

/* Pairs the ports.  The answer waits in the server port until NtCompleteConnectPort. */
static NTSTATUS LpcpPair(PLPCP_PORT_OBJECT Server, PLPCP_MESSAGE Answer)
{
    NTSTATUS Status = STATUS_REPLY_MESSAGE_MISMATCH;

    KeAcquireGuardedMutex(&LpcpLock);
    PLPC_THREAD Client = LpcpFindWaiter(Server->ConnectionPort, Answer->Header.MessageId);

    if (Client != NULL && Client->Connecting != NULL && Client->Connecting->Peer == NULL) {
        Server->Peer = Client->Connecting;
        Client->Connecting->Peer = Server;
        Server->AcceptedId = Answer->Header.MessageId;
        Server->Reserve = Answer; /* freed with the port if it never completes */
        Status = STATUS_SUCCESS;
    }
    KeReleaseGuardedMutex(&LpcpLock);
    if (!NT_SUCCESS(Status)) {
        LpcpFreeMessage(Answer);
    }
    return Status;
}

/* Consumes the answer.  On success the new port's handle has been written. */
static NTSTATUS LpcpAccept(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Answer, PVOID PortContext,
    HANDLE __user *PortHandle)
{
    PLPCP_PORT_OBJECT Server;
    HANDLE Handle;
    NTSTATUS Status = LpcpCreatePairPort(LpcpServerPort, Port, &Server);

    if (!NT_SUCCESS(Status)) {
        LpcpFreeMessage(Answer);
        return Status;
    }
    Status = LpcpPair(Server, Answer);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Server);
        return Status;
    }
    ObReferenceObject(Server);
    Status = ObInsertObject(Server, PORT_ALL_ACCESS, &Handle);
    if (NT_SUCCESS(Status)) {
        Server->PortContext = PortContext != NULL ? PortContext : Handle;
    }
    ObDereferenceObject(Server);
    return ObReturnHandle(PortHandle, Handle, Status);
}

NTSTATUS NTAPI NtAcceptConnectPort(HANDLE __user *PortHandle, PVOID PortContext,
    PORT_MESSAGE __user *ConnectionRequest, BOOLEAN AcceptConnection,
    PORT_VIEW __user *ServerView, REMOTE_PORT_VIEW __user *ClientView)
{
    PLPCP_PORT_OBJECT Port;
    PLPCP_MESSAGE Answer;

    if (ServerView != NULL || ClientView != NULL) {
        return STATUS_NOT_IMPLEMENTED;
    }
    NTSTATUS Status = MmProbeForWrite(PortHandle, sizeof(HANDLE), sizeof(HANDLE));

    if (NT_SUCCESS(Status)) {
        Status = LpcpCaptureMessage(ConnectionRequest, LPC_MAX_MESSAGE_LENGTH, &Answer);
    }
    if (NT_SUCCESS(Status)) {
        Status = LpcpReferenceRequestedPort(Answer->Header.MessageId, &Port);
        if (!NT_SUCCESS(Status)) {
            LpcpFreeMessage(Answer);
        }
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = AcceptConnection ? LpcpAccept(Port, Answer, PortContext, PortHandle)
                              : LpcpRefuse(Port, Answer);
    ObDereferenceObject(Port);
    return Status;
}

NTSTATUS NTAPI NtCompleteConnectPort(HANDLE PortHandle)
{
    PLPCP_PORT_OBJECT Port;
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Port);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeAcquireGuardedMutex(&LpcpLock);
    PLPC_THREAD Client = NULL;

    if (Port->Kind == LpcpServerPort && Port->AcceptedId != 0) {
        Client = LpcpFindWaiter(Port->ConnectionPort, Port->AcceptedId);
        Port->AcceptedId = 0;
    } else {
        Status = STATUS_INVALID_PORT_HANDLE;
    }
    if (Client != NULL) { /* else it died meanwhile; the server will hear */
        LpcpAnswer(Client, Port->Reserve);
        LpcpWakeSender(Client, FALSE);
        Port->Reserve = NULL;
    }
    KeReleaseGuardedMutex(&LpcpLock);
    ObDereferenceObject(Port);
    return Status;
}
