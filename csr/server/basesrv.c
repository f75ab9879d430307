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

/* Is this a handle of the thread that the message names? */
static NTSTATUS CsrpCheckThread(HANDLE Thread, PCLIENT_ID Claimed)
{
    THREAD_BASIC_INFORMATION Information;
    NTSTATUS Status = NtQueryInformationThread(
        Thread, ThreadBasicInformation, &Information, sizeof(Information), NULL);

    if (NT_SUCCESS(Status) && (Information.ClientId.UniqueProcess != Claimed->UniqueProcess ||
                                  Information.ClientId.UniqueThread != Claimed->UniqueThread)) {
        Status = STATUS_INVALID_CID;
    }
    return Status;
}

/* Are these handles of the process and the thread that the message names? */
static NTSTATUS CsrpCheckIdentity(HANDLE Process, HANDLE Thread, PCLIENT_ID Claimed)
{
    PROCESS_BASIC_INFORMATION Information;
    NTSTATUS Status = NtQueryInformationProcess(
        Process, ProcessBasicInformation, &Information, sizeof(Information), NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Information.UniqueProcessId != (ULONG_PTR)Claimed->UniqueProcess) {
        return STATUS_INVALID_CID;
    }
    return CsrpCheckThread(Thread, Claimed);
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
    Status = CsrpCheckIdentity(NewProcess, NewThread, &Request->ClientId);
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
    PCSR_PROCESS Target = CsrReferenceProcessById(Request->ClientId.UniqueProcess);
    PCSR_THREAD Thread;
    HANDLE NewThread;
    NTSTATUS Status;

    if (Target == NULL) {
        return STATUS_INVALID_CID;
    }
    Status = CsrpTakeHandle(Process, Request->ThreadHandle, &NewThread);
    if (NT_SUCCESS(Status)) {
        Status = CsrpCheckThread(NewThread, &Request->ClientId);
        if (NT_SUCCESS(Status)) {
            Status = CsrpMakeThread(NewThread, &Request->ClientId, &Thread);
        }
        if (!NT_SUCCESS(Status)) {
            (void)NtClose(NewThread);
        }
    }
    if (NT_SUCCESS(Status)) {
        CsrpLockStructures();
        CsrpInsertThread(Target, Thread);
        CsrpUnlockStructures();
    }
    CsrDereferenceProcess(Target);
    return Status;
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
