/* SPDX-License-Identifier: MIT */
/*
 * CSR_PROCESS: what csrss keeps of a Win32 process, from BasepCreateProcess to
 * the death of its last thread.
 *
 * The process's exception port becomes csrss's API port here, which is how the
 * kernel comes to tell csrss of every thread that dies in it.
 *
 * Lock: CsrpLock, held by the callers of all but CsrDereferenceProcess.
 */
#include "csr/server/csrsrv.h"

static LIST_ENTRY CsrpProcessHash[CSR_HASH_BUCKETS];
static ULONG CsrpProcessCount;
static ULONG CsrpLastSequenceNumber;

VOID CsrpInitializeProcesses(VOID)
{
    for (ULONG Bucket = 0; Bucket < CSR_HASH_BUCKETS; Bucket++) {
        InitializeListHead(&CsrpProcessHash[Bucket]);
    }
}

ULONG CsrpCountProcesses(VOID)
{
    return CsrpProcessCount;
}

static PCSR_PROCESS CsrpMakeProcess(HANDLE ProcessHandle, PCLIENT_ID ClientId)
{
    PCSR_PROCESS Process = CsrpAllocate(sizeof(*Process));

    if (Process != NULL) {
        InitializeListHead(&Process->ThreadList);
        Process->ClientId = *ClientId;
        Process->ProcessHandle = ProcessHandle;
        Process->ShutdownLevel = CSR_SHUTDOWN_LEVEL;
    }
    return Process;
}

/* Nothing can fail any more. */
static VOID CsrpInsertProcess(PCSR_PROCESS Process, PCSR_THREAD Thread)
{
    Process->SequenceNumber = ++CsrpLastSequenceNumber;
    InsertHeadList(
        &CsrpProcessHash[CSR_HASH(Process->ClientId.UniqueProcess)], &Process->HashLinks);
    CsrpProcessCount++;
    CsrpInsertThread(Process, Thread);
}

/*
 * The kernel refuses the port for a process that is already dying; and a death
 * after this sends its message, which the API thread cannot act on before the
 * lock is free and the process in the table.  So none is missed.
 */
static NTSTATUS CsrpAttachProcess(PCSR_PROCESS Process, PCSR_THREAD Thread)
{
    NTSTATUS Status = NtSetInformationProcess(
        Process->ProcessHandle, ProcessExceptionPort, &CsrApiPort, sizeof(CsrApiPort));

    if (NT_SUCCESS(Status)) {
        (void)NtQuerySystemTime(&Process->AttachTime);
        CsrpInsertProcess(Process, Thread);
    }
    return Status;
}

/*
 * CsrCreateProcess - take a new process and its first thread into the subsystem.
 *
 * On success csrss owns both handles; on failure nothing has changed and they
 * are still the caller's.
 */
NTSTATUS CsrCreateProcess(
    HANDLE ProcessHandle, HANDLE ThreadHandle, PCLIENT_ID ClientId, PULONG SequenceNumber)
{
    PCSR_PROCESS Process = CsrpMakeProcess(ProcessHandle, ClientId);
    PCSR_THREAD Thread;
    NTSTATUS Status;

    if (Process == NULL) {
        return STATUS_NO_MEMORY;
    }
    Status = CsrpMakeThread(ThreadHandle, ClientId, &Thread);
    if (!NT_SUCCESS(Status)) {
        CsrpFree(Process);
        return Status;
    }
    Status = CsrpAttachProcess(Process, Thread);
    if (!NT_SUCCESS(Status)) {
        CsrpFreeThread(Thread);
        CsrpFree(Process);
        return Status;
    }
    *SequenceNumber = Process->SequenceNumber;
    NascentTraceEvent(TraceCsrProcessMade, NULL, NULL, 2, (ULONG)(ULONG_PTR)ClientId->UniqueProcess,
        *SequenceNumber);
    return STATUS_SUCCESS;
}

static VOID CsrpDeleteProcess(PCSR_PROCESS Process)
{
    ULONG ProcessId = (ULONG)(ULONG_PTR)Process->ClientId.UniqueProcess;

    (void)RemoveEntryList(&Process->HashLinks);
    CsrpProcessCount--;
    if (Process->ClientPort != NULL) {
        (void)NtClose(Process->ClientPort);
    }
    (void)NtClose(Process->ProcessHandle);
    CsrpFree(Process);
    NascentTraceEvent(TraceCsrProcessGone, NULL, NULL, 1, ProcessId);
}

VOID CsrpDropReference(PCSR_PROCESS Process)
{
    if (--Process->ReferenceCount == 0) {
        CsrpDeleteProcess(Process);
    }
}

VOID CsrDereferenceProcess(PCSR_PROCESS Process)
{
    CsrpLockStructures();
    CsrpDropReference(Process);
    CsrpUnlockStructures();
}

/* NULL for a process csrss does not know. */
PCSR_PROCESS CsrpFindProcess(HANDLE ProcessId)
{
    PLIST_ENTRY Head = &CsrpProcessHash[CSR_HASH(ProcessId)];

    for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        PCSR_PROCESS Process = CONTAINING_RECORD(Entry, CSR_PROCESS, HashLinks);

        if (Process->ClientId.UniqueProcess == ProcessId) {
            return Process;
        }
    }
    return NULL;
}

/* Forgets all threads; Process itself goes with the caller's reference. */
VOID CsrDestroyProcess(PCSR_PROCESS Process)
{
    while (!IsListEmpty(&Process->ThreadList)) {
        CsrpRemoveThread(CONTAINING_RECORD(Process->ThreadList.Flink, CSR_THREAD, ProcessLinks));
    }
}

/*
 * CsrpProcessMayBeOver - after the death of any of its threads.
 *
 * A thread may have died before csrss was told that it exists, and then is in the
 * list for ever; or it was never in it.  The process's exit status settles it: its
 * last thread sets that before it sends its message.
 */
VOID CsrpProcessMayBeOver(PCSR_PROCESS Process)
{
    PROCESS_BASIC_INFORMATION Information;
    NTSTATUS Status;

    if (Process->WillReport != 0) {
        return;
    }
    Status = NtQueryInformationProcess(Process->ProcessHandle, ProcessBasicInformation,
        &Information, sizeof(Information), NULL);

    if (NT_SUCCESS(Status) && Information.ExitStatus != STATUS_PENDING) {
        CsrDestroyProcess(Process);
    }
}
