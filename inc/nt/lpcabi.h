/* SPDX-License-Identifier: MIT */
/*
 * Messages of local procedure calls: the header every message starts with and
 * the few the kernel itself sends.  The lpc/ layer moves them; csr/ talks in them.
 */
#pragma once
#include "nt/context.h"

/* The low byte of PORT_MESSAGE.Type. */
typedef enum _LPC_TYPE {
    LPC_NEW_MESSAGE = 0,
    LPC_REQUEST = 1,
    LPC_REPLY = 2,
    LPC_DATAGRAM = 3,
    LPC_LOST_REPLY = 4,
    LPC_PORT_CLOSED = 5,
    LPC_CLIENT_DIED = 6,
    LPC_EXCEPTION = 7,
    LPC_DEBUG_EVENT = 8,
    LPC_ERROR_EVENT = 9,
    LPC_CONNECTION_REQUEST = 10,
} LPC_TYPE;

typedef struct _PORT_MESSAGE {
    USHORT DataLength;  /* bytes after this header */
    USHORT TotalLength; /* with this header */
    SHORT Type;
    SHORT DataInfoOffset;
    CLIENT_ID ClientId; /* of the sender; filled in by the kernel */
    ULONG MessageId;    /* names the request a reply answers */
    ULONG ClientViewSize;
} PORT_MESSAGE, *PPORT_MESSAGE;

/* TotalLength of the largest message, header included (NT: 256 + sizes; [N]). */
#define LPC_MAX_MESSAGE_LENGTH 0x148
#define LPC_MAX_DATA_LENGTH    (LPC_MAX_MESSAGE_LENGTH - sizeof(PORT_MESSAGE))

/* What a port that registered for a thread's death is told. */
typedef struct _LPC_CLIENT_DIED_MSG {
    PORT_MESSAGE PortMsg;
    LARGE_INTEGER CreateTime; /* of the dead thread: CIDs are reused */
} LPC_CLIENT_DIED_MSG, *PLPC_CLIENT_DIED_MSG;

/* What an exception port is asked on the second chance; ReturnedStatus answers. */
typedef struct _LPC_EXCEPTION_MSG {
    PORT_MESSAGE PortMsg;
    ULONG ApiNumber; /* 0: an exception */
    NTSTATUS ReturnedStatus; /* DBG_CONTINUE or DBG_EXCEPTION_NOT_HANDLED */
    EXCEPTION_RECORD ExceptionRecord;
} LPC_EXCEPTION_MSG, *PLPC_EXCEPTION_MSG;

typedef struct _PORT_VIEW {
    ULONG Length;
    HANDLE SectionHandle;
    ULONG SectionOffset;
    ULONG ViewSize;
    PVOID ViewBase;
    PVOID ViewRemoteBase;
} PORT_VIEW, *PPORT_VIEW;

typedef struct _REMOTE_PORT_VIEW {
    ULONG Length;
    ULONG ViewSize;
    PVOID ViewBase;
} REMOTE_PORT_VIEW, *PREMOTE_PORT_VIEW;

#define PORT_CONNECT    0x0001
#define PORT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x1)
