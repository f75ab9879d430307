/* SPDX-License-Identifier: MIT */
/*
 * lpc.exe: ports, with client and server in one process.  subsystem: native
 *
 * The server thread answers a request with its first ULONG plus one, or with as many
 * bytes as that says, by turns at once and with its next receive; it refuses
 * connections whose information says so, and ends when it is asked to.
 */
#include "tests/user/ktap.h"

#define PORT_NAME   L"\\LpcTestPort"
#define MAX_MESSAGE 0x80
#define REFUSE_ME   0x5EF05E
#define ANSWER      0x10000 /* plus the length that the reply shall have */
#define MAX_DATA    (MAX_MESSAGE - sizeof(PORT_MESSAGE))

typedef struct _TEST_MESSAGE {
    PORT_MESSAGE h;
    ULONG Value;
    UCHAR Rest[LPC_MAX_MESSAGE_LENGTH - sizeof(PORT_MESSAGE) - sizeof(ULONG)];
} TEST_MESSAGE;

static HANDLE ConnectionPort;
static HANDLE ServerPort;
static volatile LONG DiedMessages;
static volatile LONG ClosedMessages;
static volatile LONG Datagrams;
static CLIENT_ID DiedClient;

/* ---- Server ---- */

static void Accept(TEST_MESSAGE *Message)
{
    BOOLEAN Refuse = Message->h.DataLength >= sizeof(ULONG) && Message->Value == REFUSE_ME;
    HANDLE Port;

    Message->Value = 0xACCE97;
    if (NT_SUCCESS(NtAcceptConnectPort(
            &Port, (PVOID)0xC0FFEE, &Message->h, !Refuse, NULL, NULL)) &&
        !Refuse) {
        ServerPort = Port;
        (void)NtCompleteConnectPort(Port);
    }
}

static void Answer(TEST_MESSAGE *Message)
{
    if (!(Message->Value & ANSWER)) {
        Message->Value++;
        return;
    }
    Message->h.DataLength = (USHORT)Message->Value;
    Message->h.TotalLength = (USHORT)(sizeof(PORT_MESSAGE) + Message->h.DataLength);
    for (ULONG i = sizeof(ULONG); i < Message->h.DataLength; i++) {
        Message->Rest[i - sizeof(ULONG)] = (UCHAR)i;
    }
}

/* The reply that is still to be sent, or NULL. */
static PPORT_MESSAGE Serve(TEST_MESSAGE *Message)
{
    static ULONG Requests;

    switch (Message->h.Type & 0xFF) {
    case LPC_CONNECTION_REQUEST:
        Accept(Message);
        break;
    case LPC_REQUEST:
        Answer(Message);
        if (Requests++ % 2 == 0) {
            return &Message->h;
        }
        (void)NtReplyPort(ConnectionPort, &Message->h);
        break;
    case LPC_DATAGRAM:
        InterlockedIncrement(&Datagrams);
        break;
    case LPC_PORT_CLOSED:
        InterlockedIncrement(&ClosedMessages);
        break;
    case LPC_CLIENT_DIED:
        DiedClient = Message->h.ClientId;
        InterlockedIncrement(&DiedMessages);
        break;
    }
    return NULL;
}

static NTSTATUS NTAPI Server(PVOID Parameter)
{
    PPORT_MESSAGE Reply = NULL;
    TEST_MESSAGE Message;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Parameter);
    do {
        Status = NtReplyWaitReceivePort(ConnectionPort, NULL, Reply, &Message.h);
        Reply = NT_SUCCESS(Status) ? Serve(&Message) : NULL;
    } while (NT_SUCCESS(Status) || Status == STATUS_REPLY_MESSAGE_MISMATCH); /* the client died */
    RtlExitUserThread(STATUS_SUCCESS);
}

static NTSTATUS StartServer(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(PORT_NAME);
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Thread;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    Status = NtCreatePort(&ConnectionPort, &Attributes, sizeof(ULONG), MAX_MESSAGE, 0);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlCreateUserThread(
        NtCurrentProcess(), NULL, FALSE, 0, 0, 0, Server, NULL, &Thread, NULL);
    return NT_SUCCESS(Status) ? NtClose(Thread) : Status;
}

/* ---- Client ---- */

static NTSTATUS Connect(PCWSTR PortName, ULONG *Information, HANDLE *Port)
{
    SECURITY_QUALITY_OF_SERVICE Qos = {
        sizeof(Qos), SecurityImpersonation, SECURITY_DYNAMIC_TRACKING, TRUE};
    ULONG Length = sizeof(*Information);
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, PortName);
    return NtConnectPort(Port, &Name, &Qos, NULL, NULL, NULL, Information, &Length);
}

static void Prepare(TEST_MESSAGE *Message, ULONG DataLength)
{
    RtlZeroMemory(Message, sizeof(*Message));
    Message->h.DataLength = (USHORT)DataLength;
    Message->h.TotalLength = (USHORT)(sizeof(PORT_MESSAGE) + DataLength);
}

/* The server thread runs while this one sleeps. */
static void LetServerRun(void)
{
    LARGE_INTEGER Delay = {.QuadPart = -50 * 10000LL};

    (void)NtDelayExecution(FALSE, &Delay);
}

static HANDLE TestConnection(void)
{
    ULONG Information = 1;
    HANDLE Port = NULL;

    (void)KtapStatus(Connect(L"\\NoSuchPort", &Information, &Port), STATUS_OBJECT_NAME_NOT_FOUND,
        "a port that is not there");
    Information = REFUSE_ME;
    (void)KtapStatus(Connect(PORT_NAME, &Information, &Port), STATUS_PORT_CONNECTION_REFUSED,
        "a connection that is refused");
    Information = 1;
    (void)KtapStatus(
        Connect(PORT_NAME, &Information, &Port), STATUS_SUCCESS, "one that is accepted");
    (void)KtapEqual(Information, 0xACCE97, "the server's information comes back");
    return Port;
}

static void TestRequests(HANDLE Port)
{
    TEST_MESSAGE Message;
    BOOLEAN AllRight = TRUE;

    for (ULONG Round = 0; Round < 1000; Round++) {
        Prepare(&Message, sizeof(ULONG));
        Message.Value = Round;
        AllRight &= NT_SUCCESS(NtRequestWaitReplyPort(Port, &Message.h, &Message.h)) &&
                    Message.Value == Round + 1;
    }
    (void)KtapCheck(AllRight, "1,000 requests are answered");
    (void)KtapEqual((ULONG)(Message.h.Type & 0xFF), LPC_REPLY, "what comes is a reply");
    Prepare(&Message, MAX_MESSAGE - sizeof(PORT_MESSAGE) + 1);
    (void)KtapStatus(NtRequestWaitReplyPort(Port, &Message.h, &Message.h),
        STATUS_PORT_MESSAGE_TOO_LONG, "a message that is too long");
    Prepare(&Message, sizeof(ULONG));
    (void)KtapStatus(NtReplyPort(ConnectionPort, &Message.h), STATUS_REPLY_MESSAGE_MISMATCH,
        "a reply that nobody waits for");
    (void)KtapStatus(NtRequestPort(Port, &Message.h), STATUS_SUCCESS, "a datagram");
    LetServerRun();
    (void)KtapEqual((ULONG)Datagrams, 1, "the server got it");
    (void)KtapStatus(NtRequestWaitReplyPort(NULL, &Message.h, &Message.h), STATUS_INVALID_HANDLE,
        "no port");
}

/* Requests and replies of all lengths: the block of the one is used for the other. */
static void TestLengths(HANDLE Port)
{
    TEST_MESSAGE Message;
    BOOLEAN AllRight = TRUE;

    for (ULONG Ask = sizeof(ULONG); Ask <= MAX_DATA; Ask += 9) {
        for (ULONG Get = sizeof(ULONG); Get <= MAX_DATA; Get += 5) {
            Prepare(&Message, Ask);
            Message.Value = ANSWER + Get;
            AllRight &= NT_SUCCESS(NtRequestWaitReplyPort(Port, &Message.h, &Message.h)) &&
                        Message.h.DataLength == Get && Message.Value == ANSWER + Get;
            for (ULONG i = sizeof(ULONG); i < Get; i++) {
                AllRight &= Message.Rest[i - sizeof(ULONG)] == (UCHAR)i;
            }
        }
    }
    (void)KtapCheck(AllRight, "replies shorter and longer than their requests");
}

static volatile LONG Askers;

static NTSTATUS NTAPI AskForEver(PVOID Parameter)
{
    TEST_MESSAGE Message;
    NTSTATUS Status;

    Askers++;
    do {
        Prepare(&Message, sizeof(ULONG));
        Status = NtRequestWaitReplyPort((HANDLE)Parameter, &Message.h, &Message.h);
    } while (NT_SUCCESS(Status));
    return Status;
}

/*
 * A client may die before, while and after it is answered.  Not earlier: whoever is
 * killed while it starts may own the loader's lock, and then no thread starts any more.
 */
static void TestKilledClients(HANDLE Port)
{
    BOOLEAN AllRight = TRUE;

    for (ULONG Round = 0; Round < 200; Round++) {
        HANDLE Thread;

        AllRight &= NT_SUCCESS(RtlCreateUserThread(
            NtCurrentProcess(), NULL, FALSE, 0, 0, 0, AskForEver, Port, &Thread, NULL));
        while (AllRight && Askers == (LONG)Round) {
            (void)NtYieldExecution();
        }
        for (ULONG i = 0; i < Round % 16; i++) {
            (void)NtYieldExecution();
        }
        AllRight &= NT_SUCCESS(NtTerminateThread(Thread, STATUS_SUCCESS)) &&
                    NtWaitForSingleObject(Thread, FALSE, NULL) == STATUS_SUCCESS;
        (void)NtClose(Thread);
    }
    (void)KtapCheck(AllRight, "200 clients that are killed at it");
}

static NTSTATUS NTAPI DyingThread(PVOID Parameter)
{
    RtlExitUserThread(NtRegisterThreadTerminatePort((HANDLE)Parameter));
}

static void TestClientDied(HANDLE Port)
{
    CLIENT_ID ClientId;
    HANDLE Thread = NULL;

    (void)KtapStatus(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, DyingThread,
                         Port, &Thread, &ClientId),
        STATUS_SUCCESS, "a thread that registers the port and dies");
    (void)NtWaitForSingleObject(Thread, FALSE, NULL);
    LetServerRun();
    (void)KtapEqual((ULONG)DiedMessages, 1, "LPC_CLIENT_DIED comes, once");
    (void)KtapEqual((ULONG_PTR)DiedClient.UniqueThread, (ULONG_PTR)ClientId.UniqueThread,
        "it names the thread");
    (void)NtClose(Thread);
}

static void TestEnd(HANDLE Port)
{
    HANDLE Second = NULL;
    TEST_MESSAGE Message;
    ULONG Information = 1;
    HANDLE First = ServerPort;

    (void)KtapStatus(
        Connect(PORT_NAME, &Information, &Second), STATUS_SUCCESS, "a second connection");
    (void)NtClose(Second);
    LetServerRun();
    (void)KtapEqual((ULONG)ClosedMessages, 1, "LPC_PORT_CLOSED when the client closes it");
    (void)NtClose(ServerPort);
    (void)NtClose(First); /* the server's end of the first */
    Prepare(&Message, sizeof(ULONG));
    (void)KtapStatus(NtRequestWaitReplyPort(Port, &Message.h, &Message.h),
        STATUS_PORT_DISCONNECTED, "a request after the server has gone");
    (void)NtClose(Port);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    HANDLE Port;

    UNREFERENCED_PARAMETER(Peb);
    if (KtapStatus(StartServer(), STATUS_SUCCESS, "a port and its server")) {
        Port = TestConnection();
        TestRequests(Port);
        TestLengths(Port);
        TestKilledClients(Port);
        TestLengths(Port);
        TestClientDied(Port);
        TestEnd(Port);
    }
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
