/* SPDX-License-Identifier: MIT */
/*
 * What kernel32 tells csrss: phase 4 of a process, a thread, an exit.
 *
 * The creator tells, not the child: csrss accepts the child's connection only
 * because it already knows it.  Server: csr/server/basesrv.c.
 */
#include "user/kernel32/base.h"

/* A creator that got a handle through the low bits would be misread: none does. */
static HANDLE BasepMarkedHandle(PBASE_CREATE Create)
{
    ULONG_PTR Handle = (ULONG_PTR)Create->Process;

    if (Create->ImageInformation.SubSystemType == IMAGE_SUBSYSTEM_WINDOWS_GUI) {
        Handle |= BASE_PROCESS_GUI;
        if ((Create->StartupInfo->dwFlags & STARTF_FORCEOFFFEEDBACK) == 0) {
            Handle |= BASE_PROCESS_FEEDBACK;
        }
    }
    return (HANDLE)Handle;
}

NTSTATUS BasepTellCsr(PBASE_CREATE Create)
{
    CSR_API_MSG Message = {0};
    PBASE_CREATEPROCESS_MSG Request = &Message.u.CreateProcess;
    ULONG ProcessId = (ULONG)(ULONG_PTR)Create->ClientId.UniqueProcess;
    NTSTATUS Status;

    Request->ProcessHandle = BasepMarkedHandle(Create);
    Request->ThreadHandle = Create->Thread;
    Request->ClientId = Create->ClientId;
    Request->CreationFlags = Create->Flags;
    Request->PebBaseAddress = Create->Peb;
    NascentTraceEvent(TraceCsrCall, Create->ImageName, NULL, 1, ProcessId);
    Status = CsrClientCallServer(&Message, NULL, BasepCreateProcess, sizeof(*Request));
    NascentTraceEvent(TracePhase4, Create->ImageName, NULL, 5, ProcessId,
        (ULONG)(ULONG_PTR)Create->ClientId.UniqueThread, Request->SequenceNumber,
        (ULONG)(ULONG_PTR)Request->Port, (ULONG)Status);
    return Status;
}

NTSTATUS BasepTellCsrOfThread(HANDLE Thread, const CLIENT_ID *ClientId)
{
    CSR_API_MSG Message;

    Message.u.CreateThread.ThreadHandle = Thread;
    Message.u.CreateThread.ClientId = *ClientId;
    return CsrClientCallServer(
        &Message, NULL, BasepCreateThread, sizeof(Message.u.CreateThread));
}

/* Nothing can be done if it fails: the death of the last thread tells it again. */
VOID BasepTellCsrOfExit(UINT ExitCode)
{
    CSR_API_MSG Message;

    Message.u.ExitProcess.ExitCode = ExitCode;
    (void)CsrClientCallServer(&Message, NULL, BasepExitProcess, sizeof(Message.u.ExitProcess));
}
