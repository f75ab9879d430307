/* SPDX-License-Identifier: MIT */
/*
 * Vectored exception handlers: a list for the whole process, asked before the
 * SEH chain of the thread.
 *
 * A handler is called without the lock, which it may want itself; its entry is
 * kept by a reference meanwhile, so that removing it from within is safe.
 */
#include "user/ntdll/ntdllp.h"

typedef struct _RTLP_VECTORED_HANDLER {
    LIST_ENTRY Links;
    PVECTORED_EXCEPTION_HANDLER Handler;
    LONG References; /* 1 for the list, 1 for each call in progress */
    BOOLEAN Removed;
} RTLP_VECTORED_HANDLER, *PRTLP_VECTORED_HANDLER;

/* Guards the list and every entry's References and Removed. */
static RTL_CRITICAL_SECTION RtlpVectoredLock;
static LIST_ENTRY RtlpVectoredList;

NTSTATUS RtlpInitializeVectoredHandlers(VOID)
{
    InitializeListHead(&RtlpVectoredList);
    return RtlInitializeCriticalSection(&RtlpVectoredLock);
}

PVOID NTAPI RtlAddVectoredExceptionHandler(ULONG First, PVECTORED_EXCEPTION_HANDLER Handler)
{
    PRTLP_VECTORED_HANDLER Entry = RtlpAllocate(sizeof(*Entry));

    if (Entry == NULL) {
        return NULL;
    }
    Entry->Handler = Handler;
    Entry->References = 1;
    Entry->Removed = FALSE;
    RtlEnterCriticalSection(&RtlpVectoredLock);
    if (First != 0) {
        InsertHeadList(&RtlpVectoredList, &Entry->Links);
    } else {
        InsertTailList(&RtlpVectoredList, &Entry->Links);
    }
    RtlLeaveCriticalSection(&RtlpVectoredLock);
    return Entry;
}

/* With the lock held. */
static VOID RtlpDereferenceHandler(PRTLP_VECTORED_HANDLER Entry)
{
    if (--Entry->References == 0) {
        RemoveEntryList(&Entry->Links);
        RtlpFree(Entry);
    }
}

/* Returns non-zero if Handle is a registered handler. */
ULONG NTAPI RtlRemoveVectoredExceptionHandler(PVOID Handle)
{
    ULONG Found = 0;

    RtlEnterCriticalSection(&RtlpVectoredLock);
    for (PLIST_ENTRY Link = RtlpVectoredList.Flink; Link != &RtlpVectoredList;
         Link = Link->Flink) {
        PRTLP_VECTORED_HANDLER Entry = CONTAINING_RECORD(Link, RTLP_VECTORED_HANDLER, Links);
        if (Entry == Handle && !Entry->Removed) {
            Entry->Removed = TRUE;
            RtlpDereferenceHandler(Entry);
            Found = 1;
            break;
        }
    }
    RtlLeaveCriticalSection(&RtlpVectoredLock);
    return Found;
}

BOOLEAN RtlpCallVectoredHandlers(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    EXCEPTION_POINTERS Pointers = {Record, Context};
    BOOLEAN Continue = FALSE;

    /* Empty, or not yet initialised: an exception this early must not make it worse. */
    if (RtlpVectoredList.Flink == NULL || IsListEmpty(&RtlpVectoredList)) {
        return FALSE;
    }
    RtlEnterCriticalSection(&RtlpVectoredLock);
    PLIST_ENTRY Link = RtlpVectoredList.Flink;
    while (Link != &RtlpVectoredList && !Continue) {
        PRTLP_VECTORED_HANDLER Entry = CONTAINING_RECORD(Link, RTLP_VECTORED_HANDLER, Links);
        BOOLEAN Removed = Entry->Removed;
        Entry->References++;
        RtlLeaveCriticalSection(&RtlpVectoredLock);
        if (!Removed) {
            Continue = Entry->Handler(&Pointers) == EXCEPTION_CONTINUE_EXECUTION;
        }
        RtlEnterCriticalSection(&RtlpVectoredLock);
        Link = Link->Flink;
        RtlpDereferenceHandler(Entry);
    }
    RtlLeaveCriticalSection(&RtlpVectoredLock);
    return Continue;
}
