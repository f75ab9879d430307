/* SPDX-License-Identifier: MIT */
/*
 * Requests of kernel32 to csrss: a process, a thread, an exit.
 *
 * Handles in a request are the sender's.  csrss duplicates them with the access
 * it needs; a sender can thus not make it act on anything it could not itself.
 */
#include "csr/server/csrsrv.h"

static NTSTATUS CsrpTakeHandle(PCSR_PROCESS Sender, HANDLE Theirs, PHANDLE Ours)
{
    return NtDuplicateObject(Sender->ProcessHandle, Theirs, NtCurrentProcess(), Ours, 0, 0,
        DUPLICATE_SAME_ACCESS);
}

/* Is this a handle of the process that the message names? */
static NTSTATUS CsrpCheckProcess(HANDLE Process, PCLIENT_ID Claimed)
{
    PROCESS_BASIC_INFORMATION Information;
    NTSTATUS Status = NtQueryInformationProcess(
        Process, ProcessBasicInformation, &Information, sizeof(Information), NULL);

    if (NT_SUCCESS(Status) && Information.UniqueProcessId != (ULONG_PTR)Claimed->UniqueProcess) {
        Status = STATUS_INVALID_CID;
    }
    return Status;
}

NTSTATUS BaseSrvCreateProcess(PCSR_PROCESS Process, PCSR_API_MSG Message)
{
    PBASE_CREATEPROCESS_MSG Request = &Message->u.CreateProcess;
    HANDLE Theirs = (HANDLE)((ULONG_PTR)Request->ProcessHandle & ~(ULONG_PTR)3);
    HANDLE NewProcess;
    HANDLE NewThread;
    NTSTATUS Status = CsrpTakeHandle(Process, Theirs, &NewProcess);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = CsrpTakeHandle(Process, Request->ThreadHandle, &NewThread);
    if (!NT_SUCCESS(Status)) {
        (void)NtClose(NewProcess);
        return Status;
    }
    Status = CsrpCheckProcess(NewProcess, &Request->ClientId);
    if (NT_SUCCESS(Status)) {
        Status = CsrCreateProcess(
            NewProcess, NewThread, &Request->ClientId, &Request->SequenceNumber);
    }
    if (!NT_SUCCESS(Status)) {
        (void)NtClose(NewThread);
        (void)NtClose(NewProcess);
        return Status;
    }
    Request->Port = CsrApiPort;
    return STATUS_SUCCESS;
}

/* A thread of the sender's, or one that it makes in another Win32 process. */
NTSTATUS BaseSrvCreateThread(PCSR_PROCESS Process, PCSR_API_MSG Message)
{
    PBASE_CREATETHREAD_MSG Request = &Message->u.CreateThread;
    PCSR_PROCESS Target = Process;
    PCSR_THREAD Thread;
    HANDLE NewThread;
    NTSTATUS Status;

    if (Request->ClientId.UniqueProcess != Process->ClientId.UniqueProcess) {
        Target = CsrpFindProcess(Request->ClientId.UniqueProcess);
    }
    if (Target == NULL) {
        return STATUS_INVALID_CID;
    }
    Status = CsrpTakeHandle(Process, Request->ThreadHandle, &NewThread);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = CsrpMakeThread(NewThread, &Request->ClientId, &Thread);
    if (!NT_SUCCESS(Status)) {
        (void)NtClose(NewThread);
        return Status;
    }
    CsrpInsertThread(Target, Thread);
    return STATUS_SUCCESS;
}

/*
 * The sender is in ExitProcess and alone.  Forgetting it now, before its last
 * thread dies, means that whoever waits for it finds csrss's handles closed.
 */
NTSTATUS BaseSrvExitProcess(PCSR_PROCESS Process, PCSR_API_MSG Message)
{
    UNREFERENCED_PARAMETER(Message);
    CsrDestroyProcess(Process);
    return STATUS_SUCCESS;
}
