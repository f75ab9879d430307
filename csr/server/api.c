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
        Process->WillReport += !Thread->WillReport;
        Thread->WillReport = TRUE; /* it lives, which nobody could know before */
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
    PCSR_PROCESS Process;

    CsrpLockStructures();
    Process = CsrpFindProcess(Message->PortMsg.ClientId.UniqueProcess);
    if (Process != NULL) { /* else ended by BasepExitProcess before */
        Process->ReferenceCount++;
        CsrDestroyThread(Process, &Message->PortMsg.ClientId, Message->CreateTime);
        CsrpProcessMayBeOver(Process);
        CsrpDropReference(Process);
    }
    CsrpUnlockStructures();
}

static NTSTATUS CsrSrvQueryCounts(PCSR_PROCESS Process, PCSR_API_MSG Message)
{
    UNREFERENCED_PARAMETER(Process);
    Message->u.QueryCounts.ProcessCount = CsrpCountProcesses();
    Message->u.QueryCounts.ThreadCount = CsrpCountThreads();
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

/* What the sender is told; TRUE: nothing but *Process holds its CSR_PROCESS any more. */
static BOOLEAN CsrpAnswerRequest(PCSR_API_MSG Message, PCSR_PROCESS *Sender)
{
    PCSR_PROCESS Process = CsrpFindProcess(Message->h.ClientId.UniqueProcess);

    if (Process == NULL) {
        Message->ReturnValue = STATUS_INVALID_CID;
        return FALSE;
    }
    Process->ReferenceCount++;
    Message->ReturnValue = CsrpCallApi(Process, Message);
    *Sender = Process;
    if (Process->ReferenceCount == 1) {
        return TRUE;
    }
    Process->ReferenceCount--;
    return FALSE;
}

/*
 * Returns the reply, to be sent when the next message is received.  But it goes out
 * before the last reference to the sender's CSR_PROCESS, which closes the port over
 * which the sender waits for it; then there is none to return.
 */
static PPORT_MESSAGE CsrpHandleRequest(PCSR_API_MSG Message)
{
    PCSR_PROCESS Process;
    BOOLEAN Last;

    if (Message->h.DataLength < CSR_API_MSG_HEADER_LENGTH) {
        Message->h.DataLength = CSR_API_MSG_HEADER_LENGTH;
        Message->h.TotalLength = sizeof(PORT_MESSAGE) + CSR_API_MSG_HEADER_LENGTH;
        Message->ReturnValue = STATUS_INVALID_PARAMETER;
        return &Message->h;
    }
    CsrpLockStructures();
    Last = CsrpAnswerRequest(Message, &Process);
    CsrpUnlockStructures();
    if (!Last) {
        return &Message->h;
    }
    CsrReply(CsrApiPort, &Message->h);
    CsrDereferenceProcess(Process);
    return NULL;
}

/* The subsystem has no debugger of its own to offer: the process ends. */
static PPORT_MESSAGE CsrpHandleException(PLPC_EXCEPTION_MSG Message)
{
    Message->ReturnedStatus = DBG_EXCEPTION_NOT_HANDLED;
    return &Message->PortMsg;
}

/* The reply that is still to be sent, or NULL. */
static PPORT_MESSAGE CsrpDispatch(PCSR_PORT_BUFFER Message)
{
    switch (Message->h.Type & 0xFF) {
    case LPC_CONNECTION_REQUEST:
        CsrApiHandleConnectionRequest(&Message->Api);
        break;
    case LPC_CLIENT_DIED:
        CsrpHandleClientDied(&Message->ClientDied);
        break;
    case LPC_EXCEPTION:
        return CsrpHandleException(&Message->Exception);
    case LPC_REQUEST:
        return CsrpHandleRequest(&Message->Api);
    default: /* a datagram, or a client's port that closed: nobody waits */
        break;
    }
    return NULL;
}

/* Returns only when the port is unusable, and csrss with it. */
NTSTATUS NTAPI CsrApiRequestThread(PVOID Parameter)
{
    CSR_PORT_BUFFER Message;
    PPORT_MESSAGE Reply = NULL;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Parameter);
    for (;;) {
        Status = NtReplyWaitReceivePort(CsrApiPort, NULL, Reply, &Message.h);
        if (NT_SUCCESS(Status)) {
            Reply = CsrpDispatch(&Message);
        } else if (Reply != NULL) {
            CsrReply(CsrApiPort, Reply); /* nothing has been received instead */
            Reply = NULL;
        } else {
            break;
        }
    }
    (void)NtTerminateProcess(NtCurrentProcess(), Status);
    return Status;
}
