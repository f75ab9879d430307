/* SPDX-License-Identifier: MIT */
/*
 * Lpc, local procedure calls between processes: what other layers may call.
 */
#pragma once
#include "nt/lpcabi.h"
#include "ob.h"

typedef struct _LPCP_PORT_OBJECT LPCP_PORT_OBJECT, *PLPCP_PORT_OBJECT;

/* What Lpc keeps in every thread; embedded in ETHREAD.  Guarded by the port lock. */
typedef struct _LPC_THREAD {
    CLIENT_ID ClientId;         /* constant */
    LARGE_INTEGER CreateTime;   /* constant */
    KSEMAPHORE ReplySemaphore;  /* released once when the wait below is over */
    LIST_ENTRY ReplyChain;      /* in the table of waiting threads */
    ULONG ReplyMessageId;       /* of the request it waits to be answered; 0: none */
    PLPCP_PORT_OBJECT WaitingOn;  /* connection port the request went to */
    PLPCP_PORT_OBJECT SenderPort; /* port it was sent by; NULL: by the kernel */
    PLPCP_PORT_OBJECT Connecting; /* client port that asks to be connected */
    struct _LPCP_MESSAGE *ReplyMessage; /* the answer, or NULL: there will be none */
    ULONG AnsweringId;          /* request this server thread took and still owes */
    struct _LPCP_MESSAGE *SpareBlock; /* the last message taken; NULL: none; own thread only */
    LIST_ENTRY TerminationPorts; /* exit.c; own thread only */
} LPC_THREAD, *PLPC_THREAD;

/* Ps says where behind a KTHREAD its LPC_THREAD is, in bytes. */
extern ULONG LpcThreadOffset;

extern POBJECT_TYPE LpcPortObjectType;
_Must_inspect_result_ NTSTATUS LpcInitSystem(void);
void LpcInitializeThread(PLPC_THREAD Thread, const CLIENT_ID *ClientId, LARGE_INTEGER CreateTime);
/* Sends LPC_CLIENT_DIED to each registered port, else to ExceptionPort (may be NULL). */
void LpcSendClientDied(PLPC_THREAD Thread, _In_opt_ PVOID ExceptionPort);
/* The thread ends: wakes who waits for its replies, drops what it owes and owns. */
void LpcExitThread(PLPC_THREAD Thread);
/* Sends a datagram from the kernel; Type is an LPC_TYPE. */
_Must_inspect_result_ NTSTATUS LpcRequestPort(PVOID Port, PPORT_MESSAGE Message, ULONG Type);
/* Sends a request and waits for its reply; for exceptions.  Reply into Message. */
_Must_inspect_result_ NTSTATUS LpcRequestWaitReplyPort(
    PVOID Port, PPORT_MESSAGE Message, ULONG Type);
