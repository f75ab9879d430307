/* SPDX-License-Identifier: MIT */
/*
 * A thread's beginning and end as LPC sees them: LPC_CLIENT_DIED, termination
 * ports, and requests that will now never be answered.
 */
#include "lpc/lpcp.h"

/* One NtRegisterThreadTerminatePort. */
typedef struct _LPCP_TERMINATION_PORT {
    LIST_ENTRY Links;       /* LPC_THREAD.TerminationPorts; that thread only */
    PLPCP_PORT_OBJECT Port; /* referenced */
} LPCP_TERMINATION_PORT, *PLPCP_TERMINATION_PORT;

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

void LpcSendClientDied(PLPC_THREAD Thread, PVOID ExceptionPort)
{
    if (IsListEmpty(&Thread->TerminationPorts)) {
        if (ExceptionPort != NULL) {
            LpcpReportDeath(Thread, ExceptionPort);
        }
        return;
    }
    while (!IsListEmpty(&Thread->TerminationPorts)) {
        PLPCP_TERMINATION_PORT Termination = CONTAINING_RECORD(
            RemoveHeadList(&Thread->TerminationPorts), LPCP_TERMINATION_PORT, Links);

        LpcpReportDeath(Thread, Termination->Port);
        ObDereferenceObject(Termination->Port);
        ExFreePoolWithTag(Termination, TAG_LPC);
    }
}

/* A server thread that dies owing a reply: its client must not wait for ever. */
void LpcExitThread(PLPC_THREAD Thread)
{
    LpcpFreeReplyBlock(Thread);
    if (Thread->AnsweringId == 0) {
        return;
    }
    KeAcquireGuardedMutex(&LpcpLock);
    PLPC_THREAD Client = LpcpFindWaiter(NULL, Thread->AnsweringId);

    if (Client != NULL) {
        LpcpAnswer(Client, NULL);
        LpcpWakeSender(Client);
    }
    Thread->AnsweringId = 0;
    KeReleaseGuardedMutex(&LpcpLock);
}

NTSTATUS NTAPI NtRegisterThreadTerminatePort(HANDLE PortHandle)
{
    PLPCP_TERMINATION_PORT Termination =
        ExAllocatePoolWithTag(PagedPool, sizeof(LPCP_TERMINATION_PORT), TAG_LPC);

    if (Termination == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Termination->Port);

    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Termination, TAG_LPC);
        return Status;
    }
    InsertTailList(&LpcpCurrentThread()->TerminationPorts, &Termination->Links);
    return STATUS_SUCCESS;
}
