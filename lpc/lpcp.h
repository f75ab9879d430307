/* SPDX-License-Identifier: MIT */
/*
 * Lpc's own: ports, messages and the table of threads that wait for an answer.
 *
 * A server makes a named connection port and receives everything there.  Each
 * connection is a pair of communication ports: the client sends through its one,
 * the server's one carries the context the server gave it.  One lock guards all
 * of it; nobody waits or touches user memory while holding it.
 *
 * Reading order: port.c, message.c, connect.c, request.c, receive.c, exit.c.
 */
#pragma once
#include "lpc.h"
#include "mm.h"
#include "nt/native.h"

#define TAG_LPC POOL_TAG('L', 'p', 'c', ' ')

typedef enum _LPCP_PORT_KIND {
    LpcpConnectionPort = 1, /* named; has the queue */
    LpcpClientPort,
    LpcpServerPort,
} LPCP_PORT_KIND;

typedef struct _LPCP_MESSAGE {
    LIST_ENTRY Entry; /* in a queue, or in LPC_THREAD.TerminationPorts */
    union {
        PVOID PortContext; /* in a queue: what the receiver knows the sender by */
        PLPCP_PORT_OBJECT TerminationPort; /* the port that will be told; referenced */
    };
    ULONG Attempt;     /* creation attempt of the sender, for the trace */
    ULONG Room;        /* bytes at Data */
    PORT_MESSAGE Header;
    UCHAR Data[]; /* Header.DataLength bytes */
} LPCP_MESSAGE, *PLPCP_MESSAGE;

/* Guarded by LpcpLock; [c] constant once there is a handle. */
struct _LPCP_PORT_OBJECT {
    UCHAR Kind;                  /* [c] LPCP_PORT_KIND */
    BOOLEAN Closed;              /* last handle gone */
    ULONG MaxMessageLength;      /* [c] bytes, header included */
    ULONG MaxConnectionInfoLength; /* [c] bytes */
    PVOID PortContext;           /* server port: the server's name for the client */
    PLPCP_PORT_OBJECT ConnectionPort; /* [c] of a pair: referenced */
    PLPCP_PORT_OBJECT Peer;      /* of a pair: the other; NULL when disconnected */
    ULONG AcceptedId;            /* server port: connection request not completed yet */
    HANDLE Creator;              /* [c] connection port: the server's process id */
    PLPCP_MESSAGE Reserve;       /* client port: LPC_PORT_CLOSED, kept ready;
                                    server port: the answer, until completed */
    LIST_ENTRY Queue;            /* connection port: messages to receive */
    KSEMAPHORE QueueSemaphore;   /* counts them */
};

extern KGUARDED_MUTEX LpcpLock;

/* ---- Messages (message.c) --------------------------------------------------------- */

/* A message with room for Length data bytes, or NULL. */
PLPCP_MESSAGE LpcpAllocateMessage(ULONG DataLength);
void LpcpFreeMessage(PLPCP_MESSAGE Message);
/* A user's message in pool: PORT_MESSAGE_TOO_LONG, INVALID_PARAMETER, ACCESS_VIOLATION. */
_Must_inspect_result_ NTSTATUS LpcpCaptureMessage(
    PORT_MESSAGE __user *User, ULONG MaxLength, _Out_ PLPCP_MESSAGE *Message);
/* Frees it; but the calling thread's next message, LpcpCaptureMessage, may get its block. */
void LpcpKeepBlock(PLPCP_MESSAGE Message);
void LpcpFreeSpareBlock(PLPC_THREAD Thread);
_Must_inspect_result_ NTSTATUS LpcpReturnMessage(
    PORT_MESSAGE __user *User, const LPCP_MESSAGE *Message);
/*
 * Lock held: stamps the sender on it and appends it to a connection port's queue.
 * Then, best without the lock, which the receiver takes: LpcpWakeReceiver; Wait: the
 * caller waits next, as for KeReleaseSemaphore.
 */
void LpcpEnqueue(PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Message);
void LpcpWakeReceiver(PLPCP_PORT_OBJECT Port, BOOLEAN Wait);
ULONG LpcpNextMessageId(void);

/* ---- Threads waiting for an answer (message.c); lock held ---------------------------- */

void LpcpBeginWait(PLPC_THREAD Thread, ULONG MessageId, PLPCP_PORT_OBJECT WaitingOn,
    _In_opt_ PLPCP_PORT_OBJECT SenderPort);
void LpcpEndWait(PLPC_THREAD Thread); /* out of the table */
/* The thread that waits on Port (NULL: any) for the answer to MessageId, or NULL. */
PLPC_THREAD LpcpFindWaiter(PLPCP_PORT_OBJECT Port, ULONG MessageId);
/*
 * Out of the table; Reply NULL: there is no answer.  Must be followed by LpcpWakeSender,
 * with or without the lock: the thread does not end before.  Wait as for LpcpWakeReceiver.
 */
void LpcpAnswer(PLPC_THREAD Thread, _In_opt_ PLPCP_MESSAGE Reply);
void LpcpWakeSender(PLPC_THREAD Thread, BOOLEAN Wait);
/* No answer for anyone who waits on WaitingOn (or NULL) or through SenderPort (or NULL). */
void LpcpAbandonWaiters(_In_opt_ PLPCP_PORT_OBJECT WaitingOn, _In_opt_ PLPCP_PORT_OBJECT SenderPort);
/*
 * Lock not held: sleeps until answered.  The reply (caller frees), or NULL with
 * PORT_DISCONNECTED or, for a wait that was interrupted, USER_APC or ALERTED.
 */
NTSTATUS LpcpAwaitAnswer(
    PLPC_THREAD Thread, KPROCESSOR_MODE Mode, _Out_ PLPCP_MESSAGE *Reply);

/* ---- Sending (request.c) ---------------------------------------------------------------- */

/* Takes the message over: on failure, which is PORT_DISCONNECTED, it is freed. */
_Must_inspect_result_ NTSTATUS LpcpSend(
    PLPCP_PORT_OBJECT Port, PLPCP_MESSAGE Message, ULONG Type);

/* ---- Ports (port.c) --------------------------------------------------------------------- */

_Must_inspect_result_ NTSTATUS LpcpReferencePort(HANDLE Handle, _Out_ PLPCP_PORT_OBJECT *Port);
/* A port of a pair, unconnected, with one reference. */
_Must_inspect_result_ NTSTATUS LpcpCreatePairPort(
    LPCP_PORT_KIND Kind, PLPCP_PORT_OBJECT ConnectionPort, _Out_ PLPCP_PORT_OBJECT *Port);
/* The current process's connection port that a pending connection request went to. */
_Must_inspect_result_ NTSTATUS LpcpReferenceRequestedPort(
    ULONG MessageId, _Out_ PLPCP_PORT_OBJECT *Port);
/* The connection port behind any port. */
PLPCP_PORT_OBJECT LpcpConnectionPortOf(PLPCP_PORT_OBJECT Port);
PLPC_THREAD LpcpCurrentThread(void);

/* ---- Termination ports (exit.c) ------------------------------------------------------------ */

void LpcpInitializeMessages(void);
