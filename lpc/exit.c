/* SPDX-License-Identifier: MIT */
/*
 * A thread's beginning and end as LPC sees them: LPC_CLIENT_DIED, termination
 * ports, and requests that will now never be answered.
 */
#include "lpc/lpcp.h"

#define LPCP_RETRY_INTERVAL (-10 * 10000LL) /* 10 ms, relative, in 100 ns */

void LpcInitializeThread(PLPC_THREAD Thread, const CLIENT_ID *ClientId, LARGE_INTEGER CreateTime)
{
    Thread->ClientId = *ClientId;
    Thread->CreateTime = CreateTime;
    KeInitializeSemaphore(&Thread->ReplySemaphore, 0, 1);
    InitializeListHead(&Thread->ReplyChain);
    InitializeListHead(&Thread->TerminationPorts);
}

/*
 * The message must not be lost: a server that never hears of a death keeps the
 * dead process for ever.  So for want of memory it is tried again, as NT does.
 */
static void LpcpReportDeath(PLPC_THREAD Thread, PVOID Port)
{
    LPC_CLIENT_DIED_MSG Message = {
        .PortMsg.DataLength = sizeof(Message) - sizeof(PORT_MESSAGE),
        .PortMsg.TotalLength = sizeof(Message),
        .CreateTime = Thread->CreateTime,
    };
    LARGE_INTEGER Interval = {.QuadPart = LPCP_RETRY_INTERVAL};

    while (LpcRequestPort(Port, &Message.PortMsg, LPC_CLIENT_DIED) == STATUS_NO_MEMORY) {
        (void)KeDelayExecutionThread(KernelMode, FALSE, &Interval);
    }
}

/* What NtRegisterThreadTerminatePort has kept is sent as it is: that cannot fail. */
static void LpcpSendRegistered(PLPC_THREAD Thread)
{
    while (!IsListEmpty(&Thread->TerminationPorts)) {
        PLPCP_MESSAGE Message = CONTAINING_RECORD(
            RemoveHeadList(&Thread->TerminationPorts), LPCP_MESSAGE, Entry);
        PLPCP_PORT_OBJECT Port = Message->TerminationPort;

        (void)!NT_SUCCESS(LpcpSend(Port, Message, LPC_CLIENT_DIED)); /* disconnected: fine */
        ObDereferenceObject(Port);
    }
}

void LpcSendClientDied(PLPC_THREAD Thread, PVOID ExceptionPort)
{
    if (!IsListEmpty(&Thread->TerminationPorts)) {
        LpcpSendRegistered(Thread);
    } else if (ExceptionPort != NULL) {
        LpcpReportDeath(Thread, ExceptionPort);
    }
}

/* A server thread that dies owing a reply: its client must not wait for ever. */
void LpcExitThread(PLPC_THREAD Thread)
{
    LpcpFreeSpareBlock(Thread);
    if (Thread->AnsweringId == 0) {
        return;
    }
    KeAcquireGuardedMutex(&LpcpLock);
    PLPC_THREAD Client = LpcpFindWaiter(NULL, Thread->AnsweringId);

    if (Client != NULL) {
        LpcpAnswer(Client, NULL);
        LpcpWakeSender(Client, FALSE);
    }
    Thread->AnsweringId = 0;
    KeReleaseGuardedMutex(&LpcpLock);
}

/* The message is made now, when the caller can still be told that there is no memory. */
NTSTATUS NTAPI NtRegisterThreadTerminatePort(HANDLE PortHandle)
{
    PLPC_THREAD Thread = LpcpCurrentThread();
    PLPCP_MESSAGE Message =
        LpcpAllocateMessage(sizeof(LPC_CLIENT_DIED_MSG) - sizeof(PORT_MESSAGE));

    if (Message == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Message->TerminationPort);

    if (!NT_SUCCESS(Status)) {
        LpcpFreeMessage(Message);
        return Status;
    }
    *(LARGE_INTEGER *)Message->Data = Thread->CreateTime;
    InsertTailList(&Thread->TerminationPorts, &Message->Entry);
    return STATUS_SUCCESS;
}
