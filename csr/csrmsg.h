/* SPDX-License-Identifier: MIT */
/*
 * What the Windows subsystem and its clients say to each other by LPC.
 *
 *   \SmApiPort          smss.  csrss connects when its own ports are ready; the
 *                       connection information names the port smss shall use.
 *   \Windows\SbApiPort  csrss.  smss tells it of the first process of a session.
 *   \Windows\ApiPort    csrss.  Every Win32 process connects from kernel32's
 *                       attach and then makes requests.  The port is also the
 *                       exception port of every Win32 process: LPC_CLIENT_DIED
 *                       and LPC_EXCEPTION arrive here from the kernel.
 *
 * Handles in a message are the sender's unless a comment says otherwise.  The
 * sender's identity is PORT_MESSAGE.ClientId, which the kernel fills in.
 *
 * Client half: csr/client/.  Server half: csr/server/.
 */
#pragma once
#include "nt/lpcabi.h"
#include "nt/peb.h"

#define SM_API_PORT_NAME L"\\SmApiPort"
#define CSR_DIRECTORY    L"\\Windows"
#define CSR_API_PORT     L"ApiPort"   /* within CSR_DIRECTORY */
#define CSR_SB_PORT      L"SbApiPort" /* within CSR_DIRECTORY */
#define CSR_API_PORT_NAME CSR_DIRECTORY L"\\" CSR_API_PORT
#define CSR_SB_PORT_NAME  CSR_DIRECTORY L"\\" CSR_SB_PORT

/* csrss makes this directory; Win32 programs' named objects live in it. */
#define BASE_NAMED_OBJECTS L"\\BaseNamedObjects"

/* A request's number: server DLL in the high word, routine in the low word. */
#define CSRSRV_SERVERDLL_INDEX  0
#define BASESRV_SERVERDLL_INDEX 1
#define CSR_MAKE_API_NUMBER(DllIndex, Api) (((ULONG)(DllIndex) << 16) | (ULONG)(Api))
#define CSR_API_NUMBER_TO_DLL(ApiNumber)   ((ULONG)(ApiNumber) >> 16)

typedef enum _CSR_API_NUMBER {
    /* Nascent's own: how many CSR_PROCESS and CSR_THREAD there are (tests). */
    CsrpQueryCounts = CSR_MAKE_API_NUMBER(CSRSRV_SERVERDLL_INDEX, 0x80),

    BasepCreateProcess = CSR_MAKE_API_NUMBER(BASESRV_SERVERDLL_INDEX, 0),
    BasepCreateThread = CSR_MAKE_API_NUMBER(BASESRV_SERVERDLL_INDEX, 1),
    BasepExitProcess = CSR_MAKE_API_NUMBER(BASESRV_SERVERDLL_INDEX, 3),
} CSR_API_NUMBER;

/* The low bits of BASE_CREATEPROCESS_MSG.ProcessHandle, which handles leave free. */
#define BASE_PROCESS_FEEDBACK 0x1 /* show the starting cursor */
#define BASE_PROCESS_GUI      0x2

typedef struct _BASE_CREATEPROCESS_MSG {
    HANDLE ProcessHandle; /* with BASE_PROCESS_ bits */
    HANDLE ThreadHandle;
    CLIENT_ID ClientId;
    ULONG CreationFlags; /* CreateProcess's dwCreationFlags */
    PPEB PebBaseAddress; /* in the new process */
    ULONG SequenceNumber; /* reply: csrss's number of the process */
    HANDLE Port;          /* reply: csrss's exception port of it (its own handle) */
} BASE_CREATEPROCESS_MSG, *PBASE_CREATEPROCESS_MSG;

typedef struct _BASE_CREATETHREAD_MSG {
    HANDLE ThreadHandle;
    CLIENT_ID ClientId;
} BASE_CREATETHREAD_MSG, *PBASE_CREATETHREAD_MSG;

typedef struct _BASE_EXITPROCESS_MSG {
    ULONG ExitCode;
} BASE_EXITPROCESS_MSG, *PBASE_EXITPROCESS_MSG;

typedef struct _CSR_QUERY_COUNTS_MSG {
    ULONG ProcessCount; /* csrss itself not counted */
    ULONG ThreadCount;
} CSR_QUERY_COUNTS_MSG, *PCSR_QUERY_COUNTS_MSG;

/* NtConnectPort's connection information on \Windows\ApiPort, both ways. */
typedef struct _CSR_API_CONNECTINFO {
    ULONG Version;          /* in: CSR_VERSION */
    HANDLE ServerProcessId; /* out */
} CSR_API_CONNECTINFO, *PCSR_API_CONNECTINFO;

#define CSR_VERSION 0x10000

typedef struct _CSR_API_MSG {
    PORT_MESSAGE h;
    union {
        CSR_API_CONNECTINFO ConnectionRequest;
        struct {
            ULONG ApiNumber;      /* CSR_API_NUMBER */
            NTSTATUS ReturnValue; /* reply */
            union {
                BASE_CREATEPROCESS_MSG CreateProcess;
                BASE_CREATETHREAD_MSG CreateThread;
                BASE_EXITPROCESS_MSG ExitProcess;
                CSR_QUERY_COUNTS_MSG QueryCounts;
            } u;
        };
    };
} CSR_API_MSG, *PCSR_API_MSG;

/* Bytes of a request before its own structure: CsrClientCallServer adds them. */
#define CSR_API_MSG_HEADER_LENGTH (FIELD_OFFSET(CSR_API_MSG, u) - sizeof(PORT_MESSAGE))

/* Connection information on \SmApiPort: who connects and how to talk back. */
typedef struct _SB_CONNECTION_INFO {
    ULONG SubsystemType; /* IMAGE_SUBSYSTEM_ */
    WCHAR SbApiPortName[64];
} SB_CONNECTION_INFO, *PSB_CONNECTION_INFO;

typedef enum _SB_API_NUMBER {
    SbCreateSession,
} SB_API_NUMBER;

/* The two handles are already csrss's: smss has duplicated them into it. */
typedef struct _SB_CREATE_SESSION_MSG {
    ULONG SessionId;
    HANDLE ProcessHandle;
    HANDLE ThreadHandle;
    CLIENT_ID ClientId;
    ULONG SequenceNumber; /* reply, as in BASE_CREATEPROCESS_MSG */
    HANDLE Port;          /* reply */
} SB_CREATE_SESSION_MSG, *PSB_CREATE_SESSION_MSG;

typedef struct _SB_API_MSG {
    PORT_MESSAGE h;
    union {
        SB_CONNECTION_INFO ConnectionRequest;
        struct {
            ULONG ApiNumber; /* SB_API_NUMBER */
            NTSTATUS ReturnedStatus;
            union {
                SB_CREATE_SESSION_MSG CreateSession;
            } u;
        };
    };
} SB_API_MSG, *PSB_API_MSG;

_Static_assert(sizeof(CSR_API_MSG) <= LPC_MAX_MESSAGE_LENGTH, "fits a port message");
_Static_assert(sizeof(SB_API_MSG) <= LPC_MAX_MESSAGE_LENGTH, "fits a port message");

/* A buffer for whatever the ports may deliver. */
typedef union _CSR_PORT_BUFFER {
    PORT_MESSAGE h;
    CSR_API_MSG Api;
    SB_API_MSG Sb;
    LPC_EXCEPTION_MSG Exception;
    LPC_CLIENT_DIED_MSG ClientDied;
    UCHAR Room[LPC_MAX_MESSAGE_LENGTH];
} CSR_PORT_BUFFER, *PCSR_PORT_BUFFER;
