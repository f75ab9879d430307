/* SPDX-License-Identifier: MIT */
/*
 * The client side of the Windows subsystem: one connection a process, made by
 * kernel32's attach, and requests over it.
 *
 * The kernel lets a connection through to csrss, but csrss accepts it only from
 * a process that its creator has announced (phase 4).
 * Next: csr/server/.
 */
#include "csr/csrmsg.h"
#include "user/ntdll/ntdllp.h"

#define CSRP_MAXIMUM_NAME 64 /* characters of a port's name */

/* Written once under the loader lock, by kernel32's attach; read by everyone. */
static HANDLE CsrApiPort;
static HANDLE CsrServerProcessId;

static NTSTATUS CsrpMakePortName(PCWSTR ObjectDirectory, PUNICODE_STRING Name)
{
    NTSTATUS Status = RtlAppendUnicodeToString(Name, ObjectDirectory);

    if (NT_SUCCESS(Status)) {
        Status = RtlAppendUnicodeToString(Name, L"\\" CSR_API_PORT);
    }
    return Status;
}

static NTSTATUS CsrpConnect(PUNICODE_STRING PortName)
{
    static const SECURITY_QUALITY_OF_SERVICE Qos = {
        .Length = sizeof(Qos),
        .ImpersonationLevel = SecurityImpersonation,
        .ContextTrackingMode = SECURITY_DYNAMIC_TRACKING,
        .EffectiveOnly = TRUE,
    };
    CSR_API_CONNECTINFO Information = {.Version = CSR_VERSION};
    ULONG Length = sizeof(Information);
    HANDLE Port;
    NTSTATUS Status = NtConnectPort(
        &Port, PortName, (PVOID)(ULONG_PTR)&Qos, NULL, NULL, NULL, &Information, &Length);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    CsrServerProcessId = Information.ServerProcessId;
    CsrApiPort = Port;
    return STATUS_SUCCESS;
}

/*
 * CsrClientConnectToServer - connect this process, once.
 *
 * ServerDllIndex and ConnectionInfo would introduce a further server DLL; there
 * is only the base one, which needs no introduction.  *ServerToServerCall is
 * FALSE: csrss itself does not come here.
 */
NTSTATUS NTAPI CsrClientConnectToServer(PCWSTR ObjectDirectory, ULONG ServerDllIndex,
    PVOID ConnectionInfo, PULONG ConnectionInfoSize, PBOOLEAN ServerToServerCall)
{
    WCHAR Buffer[CSRP_MAXIMUM_NAME];
    UNICODE_STRING Name = {0, sizeof(Buffer), Buffer};
    NTSTATUS Status = STATUS_SUCCESS;

    UNREFERENCED_PARAMETER(ConnectionInfo);
    UNREFERENCED_PARAMETER(ConnectionInfoSize);
    if (ServerDllIndex > BASESRV_SERVERDLL_INDEX) {
        return STATUS_INVALID_PARAMETER;
    }
    if (ServerToServerCall != NULL) {
        *ServerToServerCall = FALSE;
    }
    if (CsrApiPort == NULL) {
        Status = CsrpMakePortName(ObjectDirectory, &Name);
        if (NT_SUCCESS(Status)) {
            Status = CsrpConnect(&Name);
        }
    }
    return Status;
}

/*
 * CsrClientCallServer - a request and its reply, in the same message.
 *
 * The caller fills in the request's own structure, DataLength bytes, and nothing else.
 *
 * A capture buffer, for data that does not fit a message, is not implemented.
 */
NTSTATUS NTAPI CsrClientCallServer(PCSR_API_MSG Message,
    struct _CSR_CAPTURE_BUFFER *CaptureBuffer, ULONG ApiNumber, ULONG DataLength)
{
    NTSTATUS Status;

    if (CaptureBuffer != NULL) {
        return STATUS_NOT_IMPLEMENTED;
    }
    if (DataLength > sizeof(Message->u)) {
        return STATUS_PORT_MESSAGE_TOO_LONG;
    }
    if (CsrApiPort == NULL) {
        return STATUS_PORT_DISCONNECTED;
    }
    /* The kernel fills in the rest of the header. */
    Message->h.DataLength = (USHORT)(CSR_API_MSG_HEADER_LENGTH + DataLength);
    Message->h.TotalLength = (USHORT)(sizeof(Message->h) + Message->h.DataLength);
    Message->h.Type = LPC_NEW_MESSAGE;
    Message->h.DataInfoOffset = 0;
    Message->ApiNumber = ApiNumber;
    Message->ReturnValue = STATUS_UNSUCCESSFUL;
    Status = NtRequestWaitReplyPort(CsrApiPort, &Message->h, &Message->h);
    if (!NT_SUCCESS(Status)) {
        Message->ReturnValue = Status;
    }
    return Message->ReturnValue;
}

/* From now on csrss hears of this thread's death (LPC_CLIENT_DIED). */
NTSTATUS NTAPI CsrNewThread(VOID)
{
    if (CsrApiPort == NULL) {
        return STATUS_PORT_DISCONNECTED;
    }
    return NtRegisterThreadTerminatePort(CsrApiPort);
}

HANDLE NTAPI CsrGetProcessId(VOID)
{
    return CsrServerProcessId;
}
