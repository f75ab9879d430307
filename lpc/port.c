/* SPDX-License-Identifier: MIT */
/*
 * Ports: the object type, NtCreatePort, and what happens when the last handle of
 * a port goes.
 */
#include "lpc/lpcp.h"

POBJECT_TYPE LpcPortObjectType;
ULONG LpcThreadOffset;
KGUARDED_MUTEX LpcpLock;

PLPC_THREAD LpcpCurrentThread(void)
{
    return (PLPC_THREAD)((PUCHAR)KeGetCurrentThread() + LpcThreadOffset);
}

PLPCP_PORT_OBJECT LpcpConnectionPortOf(PLPCP_PORT_OBJECT Port)
{
    return Port->Kind == LpcpConnectionPort ? Port : Port->ConnectionPort;
}

/* Lock held. */
static void LpcpCloseConnectionPort(PLPCP_PORT_OBJECT Port)
{
    while (!IsListEmpty(&Port->Queue)) {
        LpcpFreeMessage(CONTAINING_RECORD(RemoveHeadList(&Port->Queue), LPCP_MESSAGE, Entry));
    }
    LpcpAbandonWaiters(Port, NULL);
}

/* Lock held: the client is gone; the server hears of it through its queue. */
static void LpcpReportClosed(PLPCP_PORT_OBJECT Client, PLPCP_PORT_OBJECT Server)
{
    PLPCP_MESSAGE Message = Client->Reserve;

    if (Message == NULL || Client->ConnectionPort->Closed) {
        return;
    }
    Client->Reserve = NULL;
    Message->PortContext = Server->PortContext;
    Message->Header.Type = LPC_PORT_CLOSED;
    LpcpEnqueue(Client->ConnectionPort, Message);
    LpcpWakeReceiver(Client->ConnectionPort, FALSE);
}

/* Lock held: parts a pair. */
static void LpcpDisconnect(PLPCP_PORT_OBJECT Port)
{
    PLPCP_PORT_OBJECT Peer = Port->Peer;

    if (Peer == NULL) {
        return;
    }
    Port->Peer = NULL;
    Peer->Peer = NULL;
    if (Port->Kind == LpcpClientPort) {
        LpcpReportClosed(Port, Peer);
    } else {
        LpcpAbandonWaiters(NULL, Peer);
    }
}

static void LpcpClosePort(
    PKPROCESS Process, PVOID Object, ULONG ProcessHandleCount, ULONG SystemHandleCount)
{
    PLPCP_PORT_OBJECT Port = Object;

    UNREFERENCED_PARAMETER(Process);
    UNREFERENCED_PARAMETER(ProcessHandleCount);
    if (SystemHandleCount != 0) {
        return;
    }
    KeAcquireGuardedMutex(&LpcpLock);
    Port->Closed = TRUE;
    if (Port->Kind == LpcpConnectionPort) {
        LpcpCloseConnectionPort(Port);
    } else {
        LpcpDisconnect(Port);
    }
    KeReleaseGuardedMutex(&LpcpLock);
}

/* Also for a port that never had a handle, and for one whose making failed half-way. */
static void LpcpDeletePort(PVOID Object)
{
    PLPCP_PORT_OBJECT Port = Object;

    KeAcquireGuardedMutex(&LpcpLock);
    LpcpDisconnect(Port);
    KeReleaseGuardedMutex(&LpcpLock);
    if (Port->Reserve != NULL) {
        LpcpFreeMessage(Port->Reserve);
    }
    if (Port->ConnectionPort != NULL) {
        ObDereferenceObject(Port->ConnectionPort);
    }
}

static const OBJECT_TYPE_INITIALIZER LpcpPortTypeInfo = {
    .InvalidAttributes = OBJ_PERMANENT | OBJ_OPENIF | OBJ_EXCLUSIVE,
    .GenericMapping =
        {
            .GenericRead = STANDARD_RIGHTS_READ | PORT_CONNECT,
            .GenericWrite = STANDARD_RIGHTS_WRITE | DELETE,
            .GenericAll = PORT_ALL_ACCESS,
        },
    .ValidAccessMask = PORT_ALL_ACCESS,
    .PoolTag = POOL_TAG('P', 'o', 'r', 't'),
    .BodySize = sizeof(LPCP_PORT_OBJECT),
    .CloseProcedure = LpcpClosePort,
    .DeleteProcedure = LpcpDeletePort,
};

NTSTATUS LpcInitSystem(void)
{
    KeInitializeGuardedMutex(&LpcpLock, LockLevelPort);
    LpcpInitializeMessages();
    return ObCreateObjectType(L"Port", &LpcpPortTypeInfo, &LpcPortObjectType);
}

NTSTATUS LpcpReferencePort(HANDLE Handle, PLPCP_PORT_OBJECT *Port)
{
    PVOID Object;
    NTSTATUS Status = ObReferenceObjectByHandle(
        Handle, 0, LpcPortObjectType, KeGetPreviousMode(), &Object, NULL);

    if (NT_SUCCESS(Status)) {
        *Port = Object;
    }
    return Status;
}

NTSTATUS LpcpCreatePairPort(
    LPCP_PORT_KIND Kind, PLPCP_PORT_OBJECT ConnectionPort, PLPCP_PORT_OBJECT *Port)
{
    PVOID Object;
    NTSTATUS Status = ObCreateObject(KernelMode, LpcPortObjectType, NULL, 0, &Object);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Port = Object;
    (*Port)->Kind = Kind;
    (*Port)->MaxMessageLength = ConnectionPort->MaxMessageLength;
    ObReferenceObject(ConnectionPort);
    (*Port)->ConnectionPort = ConnectionPort;
    if (Kind == LpcpClientPort) {
        (*Port)->Reserve = LpcpAllocateMessage(0);
        if ((*Port)->Reserve == NULL) {
            ObDereferenceObject(*Port);
            return STATUS_NO_MEMORY;
        }
    }
    return STATUS_SUCCESS;
}

/* A name makes it a port to connect to; without one nobody could find it. */
NTSTATUS NTAPI NtCreatePort(HANDLE __user *PortHandle, OBJECT_ATTRIBUTES __user *ObjectAttributes,
    ULONG MaxConnectionInfoLength, ULONG MaxMessageLength, ULONG MaxPoolUsage)
{
    PVOID Object;
    HANDLE Handle;

    UNREFERENCED_PARAMETER(MaxPoolUsage); /* a hint to NT's zone allocator */
    NTSTATUS Status = MmProbeForWrite(PortHandle, sizeof(HANDLE), sizeof(HANDLE));

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (MaxConnectionInfoLength > LPC_MAX_DATA_LENGTH) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (MaxMessageLength > LPC_MAX_MESSAGE_LENGTH) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Status = ObCreateObject(KeGetPreviousMode(), LpcPortObjectType, ObjectAttributes, 0, &Object);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PLPCP_PORT_OBJECT Port = Object;

    Port->Kind = LpcpConnectionPort;
    Port->MaxMessageLength = MaxMessageLength;
    Port->MaxConnectionInfoLength = MaxConnectionInfoLength;
    Port->Creator = LpcpCurrentThread()->ClientId.UniqueProcess;
    InitializeListHead(&Port->Queue);
    KeInitializeSemaphore(&Port->QueueSemaphore, 0, 0x7FFFFFFF);

    Status = ObInsertObject(Port, PORT_ALL_ACCESS, &Handle);
    return ObReturnHandle(PortHandle, Handle, Status);
}
