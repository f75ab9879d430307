/* SPDX-License-Identifier: MIT */
/*
 * csrss.exe's own structures: what it knows of every Win32 process and thread.
 *
 * A CSR_PROCESS lives as long as it has references: one for each CSR_THREAD,
 * and one for whoever is working with it.  The last one closes csrss's handles,
 * and until then the kernel's EPROCESS stays, too, alive or not.
 *
 * CsrpLock guards both hash tables, the lists, the counts and all reference
 * counts; a request and a death are dealt with under it as a whole.  Handles in a
 * structure do not change after it is in its table, except ClientPort, which only
 * the API thread touches.
 *
 * Read process.c, thread.c, then api.c and basesrv.c.
 */
#pragma once
#include "csr/csrmsg.h"
#include "user/ntdll/ntdll.h"

#define CSR_SHUTDOWN_LEVEL 0x280 /* NT's default: applications end in this round */

/* CIDs are multiples of 4; with this many buckets a lookup does not grow slower. */
#define CSR_HASH_BUCKETS 1024
#define CSR_HASH(UniqueId) (((ULONG_PTR)(UniqueId) >> 2) & (CSR_HASH_BUCKETS - 1))

typedef struct _CSR_PROCESS {
    LIST_ENTRY HashLinks;  /* by process id */
    LIST_ENTRY ThreadList; /* CSR_THREAD.ProcessLinks */
    CLIENT_ID ClientId;    /* of the process and its first thread */
    HANDLE ProcessHandle;  /* PROCESS_ALL_ACCESS, csrss's own */
    HANDLE ClientPort;     /* csrss's end of the connection, or NULL */
    ULONG ReferenceCount;
    ULONG SequenceNumber;
    ULONG ShutdownLevel;
    LARGE_INTEGER AttachTime; /* deaths before this were not reported */
    BOOLEAN StrangerDied;  /* a thread reported its death that was not in ThreadList */
    ULONG WillReport;      /* threads in it that will */
} CSR_PROCESS, *PCSR_PROCESS;

typedef struct _CSR_THREAD {
    LIST_ENTRY HashLinks; /* by thread id; of a free one: CsrpFreeThreads */
    LIST_ENTRY ProcessLinks;
    PCSR_PROCESS Process;
    CLIENT_ID ClientId;
    LARGE_INTEGER CreateTime; /* tells it from a later thread with the same CID */
    HANDLE ThreadHandle;
    BOOLEAN WillReport;       /* its death; FALSE: perhaps it was dead before */
} CSR_THREAD, *PCSR_THREAD;

extern HANDLE CsrApiPort;
extern HANDLE CsrSbApiPort;
extern RTL_CRITICAL_SECTION CsrpLock;

/* main.c */
VOID CsrpLockStructures(VOID);
VOID CsrpUnlockStructures(VOID);
PVOID CsrpAllocate(SIZE_T Size);
VOID CsrpFree(PVOID Block);

/* process.c; CsrpLock held, unless said */
VOID CsrpInitializeProcesses(VOID);
_Must_inspect_result_ NTSTATUS CsrCreateProcess(HANDLE ProcessHandle, HANDLE ThreadHandle,
    PCLIENT_ID ClientId, PULONG SequenceNumber);
VOID CsrDestroyProcess(PCSR_PROCESS Process);
VOID CsrpProcessMayBeOver(PCSR_PROCESS Process);
PCSR_PROCESS CsrpFindProcess(HANDLE ProcessId); /* not referenced */
VOID CsrDereferenceProcess(PCSR_PROCESS Process); /* takes the lock itself */
VOID CsrpDropReference(PCSR_PROCESS Process);
ULONG CsrpCountProcesses(VOID);

/* thread.c; CsrpLock held */
VOID CsrpInitializeThreads(VOID);
_Must_inspect_result_ NTSTATUS CsrpMakeThread(
    HANDLE ThreadHandle, PCLIENT_ID ClientId, PCSR_THREAD *Thread);
VOID CsrpFreeThread(PCSR_THREAD Thread);
VOID CsrpInsertThread(PCSR_PROCESS Process, PCSR_THREAD Thread);
VOID CsrpRemoveThread(PCSR_THREAD Thread);
PCSR_THREAD CsrpLocateThread(const CLIENT_ID *ClientId);
VOID CsrDestroyThread(
    PCSR_PROCESS Process, const CLIENT_ID *ClientId, LARGE_INTEGER CreateTime);
ULONG CsrpCountThreads(VOID);

/* reply.c */
VOID CsrReply(HANDLE Port, PPORT_MESSAGE Message);
NTSTATUS CsrAnswerConnection(PHANDLE Port, PPORT_MESSAGE Request, BOOLEAN Accept);

/* api.c, sb.c: the two threads */
NTSTATUS NTAPI CsrApiRequestThread(PVOID Parameter);
NTSTATUS NTAPI CsrSbApiRequestThread(PVOID Parameter);

/* basesrv.c: requests of kernel32; CsrpLock held, Process is the sender's, referenced */
NTSTATUS BaseSrvCreateProcess(PCSR_PROCESS Process, PCSR_API_MSG Message);
NTSTATUS BaseSrvCreateThread(PCSR_PROCESS Process, PCSR_API_MSG Message);
NTSTATUS BaseSrvExitProcess(PCSR_PROCESS Process, PCSR_API_MSG Message);
