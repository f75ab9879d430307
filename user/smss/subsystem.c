/* SPDX-License-Identifier: MIT */
/*
 * smss and csrss: start it, wait until it is ready, tell it of the first
 * program, end it.
 *
 * csrss's exception port is \SmApiPort, so if it dies before it connects its
 * death arrives where smss waits for the connection, and nobody waits forever.
 */
#include "user/smss/smss.h"

/* Takes connection requests until csrss's comes, and refuses all others. */
static NTSTATUS SmpAwaitConnection(
    PSMP_SESSION Session, const CLIENT_ID *Expected, PSB_CONNECTION_INFO Info)
{
    CSR_PORT_BUFFER Message;
    HANDLE Port;

    for (;;) {
        NTSTATUS Status = NtReplyWaitReceivePort(Session->SmApiPort, NULL, NULL, &Message.h);
        BOOLEAN IsCsr = Message.h.ClientId.UniqueProcess == Expected->UniqueProcess;
        ULONG Type = Message.h.Type & 0xFF;

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Type == LPC_CLIENT_DIED && IsCsr) {
            return STATUS_SYSTEM_PROCESS_TERMINATED;
        }
        if (Type != LPC_CONNECTION_REQUEST) {
            continue;
        }
        *Info = Message.Sb.ConnectionRequest;
        Status = NtAcceptConnectPort(&Port, NULL, &Message.h, IsCsr, NULL, NULL);
        if (NT_SUCCESS(Status) && IsCsr) {
            return NtCompleteConnectPort(Port);
        }
    }
}

static NTSTATUS SmpConnectBack(PSMP_SESSION Session, PSB_CONNECTION_INFO Info)
{
    SECURITY_QUALITY_OF_SERVICE Qos = {
        sizeof(Qos), SecurityIdentification, SECURITY_STATIC_TRACKING, TRUE};
    UNICODE_STRING Name;

    Info->SbApiPortName[ARRAYSIZE(Info->SbApiPortName) - 1] = L'\0';
    RtlInitUnicodeString(&Name, Info->SbApiPortName);
    return NtConnectPort(&Session->CsrPort, &Name, &Qos, NULL, NULL, NULL, NULL, NULL);
}

/* On failure the caller still calls SmpStopSubsystem. */
NTSTATUS SmpStartSubsystem(PSMP_SESSION Session)
{
    UNICODE_STRING Image = RTL_CONSTANT_STRING(L"C:\\WINDOWS\\system32\\csrss.exe");
    RTL_USER_PROCESS_INFORMATION Csr;
    SB_CONNECTION_INFO Info;
    NTSTATUS Status = SmpCreateProcess(Session, &Image, &Image, Session->SmApiPort, &Csr);

    if (!NT_SUCCESS(Status)) {
        SmpReport("cannot start", &Image, Status);
        return Status;
    }
    Session->CsrProcess = Csr.ProcessHandle;
    Status = NtResumeThread(Csr.ThreadHandle, NULL);
    (void)NtClose(Csr.ThreadHandle);
    if (NT_SUCCESS(Status)) {
        Status = SmpAwaitConnection(Session, &Csr.ClientId, &Info);
    }
    if (NT_SUCCESS(Status)) {
        Status = SmpConnectBack(Session, &Info);
    }
    if (!NT_SUCCESS(Status)) {
        SmpReport("no connection with", &Image, Status);
    }
    return Status;
}

static NTSTATUS SmpDuplicateToSubsystem(PSMP_SESSION Session, HANDLE Ours, PHANDLE Theirs)
{
    return NtDuplicateObject(NtCurrentProcess(), Ours, Session->CsrProcess, Theirs, 0, 0,
        DUPLICATE_SAME_ACCESS);
}

static VOID SmpCloseInSubsystem(PSMP_SESSION Session, HANDLE Theirs)
{
    (void)NtDuplicateObject(Session->CsrProcess, Theirs, NULL, NULL, 0, 0, DUPLICATE_CLOSE_SOURCE);
}

/* csrss owns the handles in the message as soon as it has answered. */
static NTSTATUS SmpCallSubsystem(PSMP_SESSION Session, PSB_API_MSG Message)
{
    NTSTATUS Status;

    Message->h.DataLength = sizeof(*Message) - sizeof(Message->h);
    Message->h.TotalLength = sizeof(*Message);
    Message->ApiNumber = SbCreateSession;
    Status = NtRequestWaitReplyPort(Session->CsrPort, &Message->h, &Message->h);
    if (!NT_SUCCESS(Status)) {
        SmpCloseInSubsystem(Session, Message->u.CreateSession.ThreadHandle);
        SmpCloseInSubsystem(Session, Message->u.CreateSession.ProcessHandle);
        return Status;
    }
    return Message->ReturnedStatus;
}

static VOID SmpTracePhase4(
    const SB_CREATE_SESSION_MSG *Request, PCUNICODE_STRING Image, NTSTATUS Status)
{
    CHAR Name[32];

    NascentTraceImageName(Image, Name, sizeof(Name));
    NascentTraceEvent(TracePhase4, Name, NULL, 5, (ULONG)(ULONG_PTR)Request->ClientId.UniqueProcess,
        (ULONG)(ULONG_PTR)Request->ClientId.UniqueThread, Request->SequenceNumber,
        (ULONG)(ULONG_PTR)Request->Port, (ULONG)Status);
}

/* Phase 4 of the first program of the session, which no Win32 process made. */
NTSTATUS SmpTellSubsystem(
    PSMP_SESSION Session, PRTL_USER_PROCESS_INFORMATION Program, PCUNICODE_STRING Image)
{
    SB_API_MSG Message = {0};
    PSB_CREATE_SESSION_MSG Request = &Message.u.CreateSession;
    NTSTATUS Status =
        SmpDuplicateToSubsystem(Session, Program->ProcessHandle, &Request->ProcessHandle);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = SmpDuplicateToSubsystem(Session, Program->ThreadHandle, &Request->ThreadHandle);
    if (!NT_SUCCESS(Status)) {
        SmpCloseInSubsystem(Session, Request->ProcessHandle);
        return Status;
    }
    Request->ClientId = Program->ClientId;
    Status = SmpCallSubsystem(Session, &Message);
    SmpTracePhase4(Request, Image, Status);
    return Status;
}

/*
 * csrss is ended from outside rather than asked: a request could wait behind
 * whatever it does at the moment, and csrss has nothing to save.
 */
VOID SmpStopSubsystem(PSMP_SESSION Session)
{
    if (Session->CsrProcess != NULL) {
        (void)NtTerminateProcess(Session->CsrProcess, STATUS_SUCCESS);
        (void)NtWaitForSingleObject(Session->CsrProcess, FALSE, NULL);
        (void)NtClose(Session->CsrProcess);
    }
    if (Session->CsrPort != NULL) {
        (void)NtClose(Session->CsrPort);
    }
}
