/* SPDX-License-Identifier: MIT */
/*
 * CSR_THREAD: one for every thread of a Win32 process that csrss was told of.
 *
 * A thread is known by CID and CreateTime together.  Its death comes as a
 * message that may wait in the queue while the CID goes to a new thread; the
 * time tells the two apart.
 *
 * Lock: CsrpLock, held by all callers.
 */
#include "csr/server/csrsrv.h"

static LIST_ENTRY CsrpThreadHash[CSR_HASH_BUCKETS];
static ULONG CsrpThreadCount;
static LIST_ENTRY CsrpFreeThreads; /* for the next one: there will be as many again */

VOID CsrpInitializeThreads(VOID)
{
    for (ULONG Bucket = 0; Bucket < CSR_HASH_BUCKETS; Bucket++) {
        InitializeListHead(&CsrpThreadHash[Bucket]);
    }
    InitializeListHead(&CsrpFreeThreads);
}

ULONG CsrpCountThreads(VOID)
{
    return CsrpThreadCount;
}

static PCSR_THREAD CsrpAllocateThread(VOID)
{
    if (IsListEmpty(&CsrpFreeThreads)) {
        return CsrpAllocate(sizeof(CSR_THREAD));
    }
    return CONTAINING_RECORD(RemoveHeadList(&CsrpFreeThreads), CSR_THREAD, HashLinks);
}

/* One that is in no table; its handle stays open. */
VOID CsrpFreeThread(PCSR_THREAD Thread)
{
    InsertHeadList(&CsrpFreeThreads, &Thread->HashLinks);
}

/*
 * CsrpMakeThread - the structure alone, not yet in any table.
 *
 * STATUS_INVALID_CID: ThreadHandle is another thread's than ClientId says.  On success
 * it owns ThreadHandle; CsrpFreeThread gives the handle back to the caller.
 */
NTSTATUS CsrpMakeThread(HANDLE ThreadHandle, PCLIENT_ID ClientId, PCSR_THREAD *Thread)
{
    NASCENT_THREAD_IDENTITY Identity;
    PCSR_THREAD Made;
    NTSTATUS Status = NtQueryInformationThread(ThreadHandle,
        (THREADINFOCLASS)ThreadNascentIdentity, &Identity, sizeof(Identity), NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Identity.ClientId.UniqueProcess != ClientId->UniqueProcess ||
        Identity.ClientId.UniqueThread != ClientId->UniqueThread) {
        return STATUS_INVALID_CID;
    }
    Made = CsrpAllocateThread();
    if (Made == NULL) {
        return STATUS_NO_MEMORY;
    }
    Made->ClientId = Identity.ClientId;
    Made->CreateTime = Identity.CreateTime;
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
    CsrpFreeThread(Thread);
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
    PCSR_THREAD Thread = CsrpLocateThread(ClientId);

    if (Thread != NULL && Thread->CreateTime.QuadPart == CreateTime.QuadPart) {
        CsrpRemoveThread(Thread);
    } else {
        Process->StrangerDied = TRUE;
    }
}
