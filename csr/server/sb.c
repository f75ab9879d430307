/* SPDX-License-Identifier: MIT */
/*
 * \Windows\SbApiPort: smss tells of the first process of a session.
 *
 * That process has no Win32 creator that could send BasepCreateProcess, so
 * smss, which made it, duplicates its handles into csrss and says so here.
 */
#include "csr/server/csrsrv.h"

/* smss started us, so it is the process our own was made by. */
static BOOLEAN CsrpIsSm(const CLIENT_ID *ClientId)
{
    PROCESS_BASIC_INFORMATION Own;
    NTSTATUS Status = NtQueryInformationProcess(
        NtCurrentProcess(), ProcessBasicInformation, &Own, sizeof(Own), NULL);

    return NT_SUCCESS(Status) &&
           Own.InheritedFromUniqueProcessId == (ULONG_PTR)ClientId->UniqueProcess;
}

static VOID CsrpHandleSbConnection(PSB_API_MSG Message)
{
    BOOLEAN Accept = CsrpIsSm(&Message->h.ClientId);
    HANDLE Port;
    NTSTATUS Status = CsrAnswerConnection(&Port, &Message->h, Accept);

    /* The port stays open as long as csrss lives. */
    if (NT_SUCCESS(Status) && Accept) {
        (void)NtCompleteConnectPort(Port);
    }
}

static NTSTATUS CsrSbCreateSession(PSB_CREATE_SESSION_MSG Request)
{
    NTSTATUS Status;

    CsrpLockStructures();
    Status = CsrCreateProcess(Request->ProcessHandle, Request->ThreadHandle,
        &Request->ClientId, &Request->SequenceNumber);
    CsrpUnlockStructures();
    if (!NT_SUCCESS(Status)) {
        (void)NtClose(Request->ThreadHandle);
        (void)NtClose(Request->ProcessHandle);
    }
    Request->Port = CsrApiPort;
    return Status;
}

static VOID CsrpHandleSbRequest(PSB_API_MSG Message)
{
    ULONG Needed = FIELD_OFFSET(SB_API_MSG, u) + sizeof(SB_CREATE_SESSION_MSG);

    if (Message->h.TotalLength < Needed) {
        Message->ReturnedStatus = STATUS_INVALID_PARAMETER;
    } else if (Message->ApiNumber == SbCreateSession) {
        Message->ReturnedStatus = CsrSbCreateSession(&Message->u.CreateSession);
    } else {
        Message->ReturnedStatus = STATUS_NOT_IMPLEMENTED;
    }
    CsrReply(CsrSbApiPort, &Message->h);
}

NTSTATUS NTAPI CsrSbApiRequestThread(PVOID Parameter)
{
    CSR_PORT_BUFFER Message;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Parameter);
    for (;;) {
        Status = NtReplyWaitReceivePort(CsrSbApiPort, NULL, NULL, &Message.h);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        switch (Message.h.Type & 0xFF) {
        case LPC_CONNECTION_REQUEST:
            CsrpHandleSbConnection(&Message.Sb);
            break;
        case LPC_REQUEST:
            CsrpHandleSbRequest(&Message.Sb);
            break;
        default:
            break;
        }
    }
}
