/* SPDX-License-Identifier: MIT */
/*
 * exceptport.exe: the exception port, where an exception goes that no handler of
 * the program took.  The parent sits there; its children fault.  subsystem: native
 */
#include "tests/user/child.h"

#define PORT_NAME   L"\\ExceptionTestPort"
#define CHILD_ENDED 0x77

typedef union _TEST_MESSAGE {
    PORT_MESSAGE h;
    LPC_EXCEPTION_MSG Exception;
    UCHAR Bytes[LPC_MAX_MESSAGE_LENGTH];
} TEST_MESSAGE;

static HANDLE Port;
static RTL_USER_PROCESS_INFORMATION Child;

static void StartFaultingChild(void)
{
    (void)KtapStatus(StartChild(L"\\??\\C:\\tests\\exceptport.exe", L"exceptport 00", &Child),
        STATUS_SUCCESS, "a child");
    (void)KtapStatus(NtSetInformationProcess(
                         Child.ProcessHandle, ProcessExceptionPort, &Port, sizeof(Port)),
        STATUS_SUCCESS, "its exception port");
    (void)NtResumeThread(Child.ThreadHandle, NULL);
}

/* The next message about an exception; deaths of children before it are passed over. */
static void ReceiveException(TEST_MESSAGE *Message)
{
    do {
        (void)NtReplyWaitReceivePort(Port, NULL, NULL, &Message->h);
    } while ((Message->h.Type & 0xFF) != LPC_EXCEPTION);
    (void)KtapStatus((NTSTATUS)Message->Exception.ExceptionRecord.ExceptionCode,
        STATUS_ILLEGAL_INSTRUCTION, "the port hears of it");
    (void)KtapCheck(Message->h.ClientId.UniqueProcess == Child.ClientId.UniqueProcess &&
                        Message->h.ClientId.UniqueThread == Child.ClientId.UniqueThread,
        "and by whom");
}

static void Reply(TEST_MESSAGE *Message, NTSTATUS Answer)
{
    Message->Exception.ReturnedStatus = Answer;
    (void)KtapStatus(NtReplyPort(Port, &Message->h), STATUS_SUCCESS, "the answer");
}

static void ExpectEnd(NTSTATUS Status, PCSTR Name)
{
    PROCESS_BASIC_INFORMATION Information = {.ExitStatus = STATUS_PENDING};
    LARGE_INTEGER Timeout = {.QuadPart = CHILD_TIMEOUT};

    (void)KtapStatus(
        NtWaitForSingleObject(Child.ProcessHandle, FALSE, &Timeout), STATUS_SUCCESS, "its end");
    (void)NtQueryInformationProcess(
        Child.ProcessHandle, ProcessBasicInformation, &Information, sizeof(Information), NULL);
    (void)KtapStatus(Information.ExitStatus, Status, Name);
    (void)NtClose(Child.ThreadHandle);
    (void)NtClose(Child.ProcessHandle);
}

/* The thread waits for the answer; its registers are those of the fault. */
static void TestRepaired(void)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
    TEST_MESSAGE Message;

    StartFaultingChild();
    ReceiveException(&Message);
    (void)KtapStatus(NtGetContextThread(Child.ThreadHandle, &Context), STATUS_SUCCESS, "its state");
    (void)KtapEqual(Context.Eip, (ULONG_PTR)Message.Exception.ExceptionRecord.ExceptionAddress,
        "which is at the fault");
    Context.Eip += 2;
    (void)KtapStatus(NtSetContextThread(Child.ThreadHandle, &Context), STATUS_SUCCESS, "repaired");
    Reply(&Message, DBG_CONTINUE);
    ExpectEnd(CHILD_ENDED, "it has gone on");
}

static void TestNotHandled(void)
{
    TEST_MESSAGE Message;

    StartFaultingChild();
    ReceiveException(&Message);
    Reply(&Message, DBG_EXCEPTION_NOT_HANDLED);
    ExpectEnd(STATUS_ILLEGAL_INSTRUCTION, "nobody handles it");
}

static void TestKilled(void)
{
    TEST_MESSAGE Message;

    StartFaultingChild();
    ReceiveException(&Message);
    (void)NtTerminateProcess(Child.ProcessHandle, STATUS_CANCELLED);
    ExpectEnd(STATUS_CANCELLED, "ended while it waits");
    Message.Exception.ReturnedStatus = DBG_CONTINUE;
    (void)KtapCheck(!NT_SUCCESS(NtReplyPort(Port, &Message.h)), "nobody waits for the answer");
}

static void TestPortCloses(void)
{
    TEST_MESSAGE Message;

    StartFaultingChild();
    ReceiveException(&Message);
    (void)NtClose(Port);
    ExpectEnd(STATUS_ILLEGAL_INSTRUCTION, "the port has gone");
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(PORT_NAME);
    OBJECT_ATTRIBUTES Attributes;
    ULONG Number;

    UNREFERENCED_PARAMETER(Peb);
    if (IsTestChild(&Number)) {
        __asm__ volatile("ud2");
        (void)NtTerminateProcess(NtCurrentProcess(), CHILD_ENDED);
    }
    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    (void)KtapStatus(NtCreatePort(&Port, &Attributes, 0, LPC_MAX_MESSAGE_LENGTH, 0),
        STATUS_SUCCESS, "a port");
    TestRepaired();
    TestNotHandled();
    TestKilled();
    TestPortCloses();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
