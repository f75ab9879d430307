/* SPDX-License-Identifier: MIT */
/*
 * CSR_THREAD: one for every thread of a Win32 process that csrss was told of.
 *
 * A thread is known by CID and CreateTime together.  Its death comes as a
 * message that may wait in the queue while the CID goes to a new thread; the
 * time tells the two apart.
 *
 * Lock: CsrpLock, held by the callers of the Csrp routines.
 */
#include "csr/server/csrsrv.h"

static LIST_ENTRY CsrpThreadHash[CSR_HASH_BUCKETS];
static ULONG CsrpThreadCount;

VOID CsrpInitializeThreads(VOID)
{
    for (ULONG Bucket = 0; Bucket < CSR_HASH_BUCKETS; Bucket++) {
        InitializeListHead(&CsrpThreadHash[Bucket]);
    }
}

ULONG CsrpCountThreads(VOID)
{
    return CsrpThreadCount;
}

/*
 * CsrpMakeThread - the structure alone, not yet in any table.
 *
 * On success it owns ThreadHandle; CsrpFree without CsrpRemoveThread gives the
 * handle back to the caller.
 */
NTSTATUS CsrpMakeThread(HANDLE ThreadHandle, PCLIENT_ID ClientId, PCSR_THREAD *Thread)
{
    KERNEL_USER_TIMES Times;
    PCSR_THREAD Made;
    NTSTATUS Status =
        NtQueryInformationThread(ThreadHandle, ThreadTimes, &Times, sizeof(Times), NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Made = CsrpAllocate(sizeof(*Made));
    if (Made == NULL) {
        return STATUS_NO_MEMORY;
    }
    Made->ClientId = *ClientId;
    Made->CreateTime.LowPart = Times.CreateTime.dwLowDateTime;
    Made->CreateTime.HighPart = (LONG)Times.CreateTime.dwHighDateTime;
    Made->ThreadHandle = ThreadHandle;
    *Thread = Made;
    return STATUS_SUCCESS;
}

/* Takes the thread's reference to Process. */
VOID CsrpInsertThread(PCSR_PROCESS Process, PCSR_THREAD Thread)
{
    Thread->Process = Process;
    Process->ReferenceCount++;
    Thread->WillReport = !Process->StrangerDied &&
                         Thread->CreateTime.QuadPart > Process->AttachTime.QuadPart;
    Process->WillReport += Thread->WillReport;
    InsertTailList(&Process->ThreadList, &Thread->ProcessLinks);
    InsertHeadList(
        &CsrpThreadHash[CSR_HASH(Thread->ClientId.UniqueThread)], &Thread->HashLinks);
    CsrpThreadCount++;
}

/* Undoes CsrpInsertThread and CsrpMakeThread; the process may go with it. */
VOID CsrpRemoveThread(PCSR_THREAD Thread)
{
    (void)RemoveEntryList(&Thread->ProcessLinks);
    (void)RemoveEntryList(&Thread->HashLinks);
    CsrpThreadCount--;
    Thread->Process->WillReport -= Thread->WillReport;
    (void)NtClose(Thread->ThreadHandle);
    CsrpDropReference(Thread->Process);
    CsrpFree(Thread);
}

PCSR_THREAD CsrpLocateThread(const CLIENT_ID *ClientId)
{
    PLIST_ENTRY Head = &CsrpThreadHash[CSR_HASH(ClientId->UniqueThread)];

    for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        PCSR_THREAD Thread = CONTAINING_RECORD(Entry, CSR_THREAD, HashLinks);

        if (Thread->ClientId.UniqueThread == ClientId->UniqueThread &&
            Thread->ClientId.UniqueProcess == ClientId->UniqueProcess) {
            return Thread;
        }
    }
    return NULL;
}

/* There may be none such, or it is a later one with the same CID. */
VOID CsrDestroyThread(
    PCSR_PROCESS Process, const CLIENT_ID *ClientId, LARGE_INTEGER CreateTime)
{
    PCSR_THREAD Thread;

    CsrpLockStructures();
    Thread = CsrpLocateThread(ClientId);
    if (Thread != NULL && Thread->CreateTime.QuadPart == CreateTime.QuadPart) {
        CsrpRemoveThread(Thread);
    } else {
        Process->StrangerDied = TRUE;
    }
    CsrpUnlockStructures();
}
