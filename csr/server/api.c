/* SPDX-License-Identifier: MIT */
/*
 * \Windows\ApiPort: one thread answers clients and hears of their deaths.
 *
 * Each message is answered before the next is received, in the order in which
 * they came: a thread's CLIENT_DIED is always behind the requests it made.
 */
#include "csr/server/csrsrv.h"

/*
 * Only a thread that csrss was told of may connect.  That is why a Win32 image
 * started by plain NtCreateProcessEx fails in kernel32's attach.
 */
static PCSR_PROCESS CsrpReferenceConnecting(const CLIENT_ID *ClientId)
{
    PCSR_PROCESS Process = NULL;
    PCSR_THREAD Thread;

    CsrpLockStructures();
    Thread = CsrpLocateThread(ClientId);
    if (Thread != NULL && Thread->Process->ClientPort == NULL) {
        Process = Thread->Process;
        Process->ReferenceCount++;
    }
    CsrpUnlockStructures();
    return Process;
}

static VOID CsrApiHandleConnectionRequest(PCSR_API_MSG Message)
{
    PCSR_PROCESS Process = CsrpReferenceConnecting(&Message->h.ClientId);
    BOOLEAN Accept = Process != NULL && Message->ConnectionRequest.Version == CSR_VERSION;
    HANDLE Port = NULL;
    NTSTATUS Status;

    Message->ConnectionRequest.ServerProcessId = NtCurrentTeb()->ClientId.UniqueProcess;
    Status = CsrAnswerConnection(&Port, &Message->h, Accept);
    if (NT_SUCCESS(Status) && Accept) {
        Process->ClientPort = Port;
        (void)NtCompleteConnectPort(Port);
    }
    if (Process != NULL) {
        CsrDereferenceProcess(Process);
    }
}

static VOID CsrpHandleClientDied(PLPC_CLIENT_DIED_MSG Message)
{
    PCSR_PROCESS Process = CsrReferenceProcessById(Message->PortMsg.ClientId.UniqueProcess);

    if (Process == NULL) {
        return; /* ended by BasepExitProcess before */
    }
    (void)CsrDestroyThread(&Message->PortMsg.ClientId, Message->CreateTime);
    CsrpProcessMayBeOver(Process);
    CsrDereferenceProcess(Process);
}

static NTSTATUS CsrSrvQueryCounts(PCSR_PROCESS Process, PCSR_API_MSG Message)
{
    UNREFERENCED_PARAMETER(Process);
    CsrpLockStructures();
    Message->u.QueryCounts.ProcessCount = CsrpCountProcesses();
    Message->u.QueryCounts.ThreadCount = CsrpCountThreads();
    CsrpUnlockStructures();
    return STATUS_SUCCESS;
}

static const struct {
    ULONG ApiNumber;
    ULONG Length; /* of the request's own structure */
    NTSTATUS (*Routine)(PCSR_PROCESS Process, PCSR_API_MSG Message);
} CsrpApis[] = {
    {CsrpQueryCounts, sizeof(CSR_QUERY_COUNTS_MSG), CsrSrvQueryCounts},
    {BasepCreateProcess, sizeof(BASE_CREATEPROCESS_MSG), BaseSrvCreateProcess},
    {BasepCreateThread, sizeof(BASE_CREATETHREAD_MSG), BaseSrvCreateThread},
    {BasepExitProcess, sizeof(BASE_EXITPROCESS_MSG), BaseSrvExitProcess},
};

static NTSTATUS CsrpCallApi(PCSR_PROCESS Process, PCSR_API_MSG Message)
{
    for (ULONG Index = 0; Index < ARRAYSIZE(CsrpApis); Index++) {
        if (CsrpApis[Index].ApiNumber != Message->ApiNumber) {
            continue;
        }
        if (Message->h.DataLength < CSR_API_MSG_HEADER_LENGTH + CsrpApis[Index].Length) {
            return STATUS_INVALID_PARAMETER;
        }
        return CsrpApis[Index].Routine(Process, Message);
    }
    return STATUS_NOT_IMPLEMENTED;
}

/*
 * The reply goes out before the sender's CSR_PROCESS is let go: its last
 * reference closes the port over which the sender waits for the reply.
 */
static VOID CsrpHandleRequest(PCSR_API_MSG Message)
{
    PCSR_PROCESS Process = CsrReferenceProcessById(Message->h.ClientId.UniqueProcess);

    if (Message->h.DataLength < CSR_API_MSG_HEADER_LENGTH) {
        Message->h.DataLength = CSR_API_MSG_HEADER_LENGTH;
        Message->h.TotalLength = sizeof(PORT_MESSAGE) + CSR_API_MSG_HEADER_LENGTH;
        Message->ReturnValue = STATUS_INVALID_PARAMETER;
    } else if (Process == NULL) {
        Message->ReturnValue = STATUS_INVALID_CID;
    } else {
        Message->ReturnValue = CsrpCallApi(Process, Message);
    }
    CsrReply(CsrApiPort, &Message->h);
    if (Process != NULL) {
        CsrDereferenceProcess(Process);
    }
}

/* The subsystem has no debugger of its own to offer: the process ends. */
static VOID CsrpHandleException(PLPC_EXCEPTION_MSG Message)
{
    Message->ReturnedStatus = DBG_EXCEPTION_NOT_HANDLED;
    CsrReply(CsrApiPort, &Message->PortMsg);
}

static VOID CsrpDispatch(PCSR_PORT_BUFFER Message)
{
    switch (Message->h.Type & 0xFF) {
    case LPC_CONNECTION_REQUEST:
        CsrApiHandleConnectionRequest(&Message->Api);
        break;
    case LPC_CLIENT_DIED:
        CsrpHandleClientDied(&Message->ClientDied);
        break;
    case LPC_EXCEPTION:
        CsrpHandleException(&Message->Exception);
        break;
    case LPC_REQUEST:
        CsrpHandleRequest(&Message->Api);
        break;
    default: /* a datagram, or a client's port that closed: nobody waits */
        break;
    }
}

/* Returns only when the port is unusable, and csrss with it. */
NTSTATUS NTAPI CsrApiRequestThread(PVOID Parameter)
{
    CSR_PORT_BUFFER Message;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Parameter);
    for (;;) {
        Status = NtReplyWaitReceivePort(CsrApiPort, NULL, NULL, &Message.h);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        CsrpDispatch(&Message);
    }
    (void)NtTerminateProcess(NtCurrentProcess(), Status);
    return Status;
}
