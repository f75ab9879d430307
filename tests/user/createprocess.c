/* SPDX-License-Identifier: MIT */
/*
 * createprocess.exe: CreateProcessW's parameters, exit codes, inheritance.
 *
 * Without arguments it is the test.  It also is its own child: the first word of
 * the command line after the name says what the child does.
 */
#include "tests/user/csrcounts.h"

#define IMAGE L"C:\\tests\\createprocess.exe"
#define CHILD_WAIT 20000 /* ms; a child that takes longer hangs */

/* ---- The child ---- */

static PCSTR SkipWord(PCSTR Text)
{
    while (*Text != '\0' && *Text != ' ') {
        Text++;
    }
    while (*Text == ' ') {
        Text++;
    }
    return Text;
}

static ULONG ParseHex(PCSTR Text)
{
    ULONG Value = 0;

    for (; (*Text >= '0' && *Text <= '9') || (*Text >= 'a' && *Text <= 'f'); Text++) {
        Value = Value * 16 + (ULONG)(*Text <= '9' ? *Text - '0' : *Text - 'a' + 10);
    }
    return Value;
}

static DWORD WINAPI ExitWithParameter(LPVOID Parameter)
{
    Sleep(10);
    return (DWORD)(ULONG_PTR)Parameter;
}

/* The verbs: what a child does and how it ends. */
static UINT RunChild(PCSTR Verb)
{
    PCSTR Argument = SkipWord(Verb);

    if (strncmp(Verb, "exit ", 5) == 0) {
        return ParseHex(Argument);
    }
    if (strncmp(Verb, "event ", 6) == 0) { /* sets the handle that it is told */
        return SetEvent((HANDLE)(ULONG_PTR)ParseHex(Argument)) ? 0 : GetLastError();
    }
    if (strncmp(Verb, "variable", 8) == 0) {
        CHAR Value[16];

        return GetEnvironmentVariableA("TESTVAR", Value, sizeof(Value)) == 5 &&
               strcmp(Value, "value") == 0;
    }
    if (strncmp(Verb, "directory", 9) == 0) {
        WCHAR Directory[MAX_PATH];

        return GetCurrentDirectoryW(ARRAYSIZE(Directory), Directory);
    }
    if (strncmp(Verb, "lastthread", 10) == 0) { /* the process ends with its last thread */
        (void)CreateThread(NULL, 0, ExitWithParameter, (PVOID)7, 0, NULL);
        ExitThread(6);
    }
    if (strncmp(Verb, "fault", 5) == 0) {
        static volatile UINT *volatile Nowhere = (UINT *)0x10;

        return *Nowhere;
    }
    Sleep(INFINITE); /* "sleep" */
    return 1;
}

/* ---- The parent ---- */

/* 0 or the Win32 error. */
static DWORD StartW(PCWSTR Application, PCWSTR CommandLine, BOOL Inherit, DWORD Flags,
    PVOID Environment, PCWSTR Directory, PROCESS_INFORMATION *Child)
{
    WCHAR Line[MAX_PATH];
    STARTUPINFOW StartupInfo = {.cb = sizeof(StartupInfo)};

    if (CommandLine != NULL) {
        RtlCopyMemory(Line, CommandLine, (wcslen(CommandLine) + 1) * sizeof(WCHAR));
    }
    return CreateProcessW(Application, CommandLine != NULL ? Line : NULL, NULL, NULL, Inherit,
               Flags, Environment, Directory, &StartupInfo, Child)
               ? 0
               : GetLastError();
}

/* Waits for the end, closes, returns the exit code. */
static DWORD Finish(PROCESS_INFORMATION *Child)
{
    DWORD Code = 0xBAD;

    if (WaitForSingleObject(Child->hProcess, CHILD_WAIT) != WAIT_OBJECT_0) {
        (void)TerminateProcess(Child->hProcess, 0xBAD);
    }
    (void)GetExitCodeProcess(Child->hProcess, &Code);
    (void)CloseHandle(Child->hThread);
    (void)CloseHandle(Child->hProcess);
    return Code;
}

static void ExpectExit(PCSTR Name, PCWSTR CommandLine, DWORD Expected)
{
    PROCESS_INFORMATION Child;
    DWORD Error = StartW(NULL, CommandLine, FALSE, 0, NULL, NULL, &Child);

    if (KtapEqual(Error, 0, Name)) {
        (void)KtapEqual(Finish(&Child), Expected, Name);
    }
}

static void TestExitCodes(void)
{
    ExpectExit("exit code 0", IMAGE L" exit 0", 0);
    ExpectExit("exit code 2a", IMAGE L" exit 2a", 0x2A);
    ExpectExit("exit code c0001234", IMAGE L" exit c0001234", 0xC0001234);
    ExpectExit("quoted name", L"\"" IMAGE L"\" exit 3", 3);
    ExpectExit("name without .exe", L"C:\\tests\\createprocess exit 4", 4);
    ExpectExit("name found beside the program", L"createprocess exit 5", 5);
    ExpectExit("the last thread's code", IMAGE L" lastthread", 7);
    ExpectExit("an unhandled fault", IMAGE L" fault", (DWORD)STATUS_ACCESS_VIOLATION);
}

static const struct {
    PCSTR Name;
    PCWSTR Application;
    PCWSTR CommandLine;
    DWORD Flags;
    PCWSTR Directory;
    DWORD Error;
} BadCalls[] = {
    {"detached and with a new console", NULL, IMAGE, DETACHED_PROCESS | CREATE_NEW_CONSOLE, NULL,
        ERROR_INVALID_PARAMETER},
    {"neither name nor command line", NULL, NULL, 0, NULL, ERROR_INVALID_PARAMETER},
    {"new console, not built", NULL, IMAGE, CREATE_NEW_CONSOLE, NULL,
        ERROR_CALL_NOT_IMPLEMENTED},
    {"debugging, not built", NULL, IMAGE, DEBUG_PROCESS, NULL, ERROR_CALL_NOT_IMPLEMENTED},
    {"no such file", NULL, L"C:\\tests\\nothing.exe", 0, NULL, ERROR_FILE_NOT_FOUND},
    {"no such application", L"C:\\tests\\nothing.exe", NULL, 0, NULL, ERROR_FILE_NOT_FOUND},
    {"a directory", L"C:\\tests", NULL, 0, NULL, ERROR_FILE_NOT_FOUND},
    {"a DLL", L"C:\\WINDOWS\\system32\\kernel32.dll", NULL, 0, NULL, ERROR_BAD_EXE_FORMAT},
    {"a native program", L"C:\\programs\\sleeper.exe", NULL, 0, NULL, ERROR_CHILD_NOT_COMPLETE},
    {"no such directory", NULL, IMAGE, 0, L"C:\\nowhere", ERROR_DIRECTORY},
    {"a file as directory", NULL, IMAGE, 0, IMAGE, ERROR_DIRECTORY},
};

static void TestErrors(void)
{
    for (ULONG Index = 0; Index < ARRAYSIZE(BadCalls); Index++) {
        PROCESS_INFORMATION Child;
        DWORD Error = StartW(BadCalls[Index].Application, BadCalls[Index].CommandLine, FALSE,
            BadCalls[Index].Flags, NULL, BadCalls[Index].Directory, &Child);

        (void)KtapEqual(Error, BadCalls[Index].Error, BadCalls[Index].Name);
        if (Error == 0) {
            (void)TerminateProcess(Child.hProcess, 0);
            (void)Finish(&Child);
        }
    }
}

/* The child is told the number of an event's handle and sets it, if it has it. */
static void TryInheritance(BOOL Inherit)
{
    SECURITY_ATTRIBUTES Inheritable = {sizeof(Inheritable), NULL, TRUE};
    HANDLE Event = CreateEventW(&Inheritable, TRUE, FALSE, NULL);
    PROCESS_INFORMATION Child;
    CHAR Narrow[64];
    WCHAR Line[64];
    DWORD Code;

    (void)RtlStringFormat(Narrow, sizeof(Narrow), "C:\\tests\\createprocess.exe event %lx",
        (ULONG)(ULONG_PTR)Event);
    (void)MultiByteToWideChar(CP_ACP, 0, Narrow, -1, Line, ARRAYSIZE(Line));
    if (KtapEqual(StartW(NULL, Line, Inherit, 0, NULL, NULL, &Child), 0, "child with a handle")) {
        Code = Finish(&Child);
        (void)KtapCheck(
            (Code == 0) == Inherit, "the child %s the handle", Inherit ? "has" : "has not");
        (void)KtapEqual(WaitForSingleObject(Event, 0), Inherit ? WAIT_OBJECT_0 : WAIT_TIMEOUT,
            Inherit ? "it is the same event" : "the event was not touched");
    }
    (void)CloseHandle(Event);
}

static void TestEnvironment(void)
{
    static CHAR Ansi[] = "TESTVAR=value\0";
    static WCHAR Unicode[] = L"TESTVAR=value\0";
    PROCESS_INFORMATION Child;

    (void)KtapEqual(
        StartW(NULL, IMAGE L" variable", FALSE, 0, Ansi, NULL, &Child), 0, "ANSI environment");
    (void)KtapEqual(Finish(&Child), 1, "the child sees the variable");
    (void)KtapEqual(StartW(NULL, IMAGE L" variable", FALSE, CREATE_UNICODE_ENVIRONMENT, Unicode,
                        NULL, &Child),
        0, "Unicode environment");
    (void)KtapEqual(Finish(&Child), 1, "the child sees the variable");
    ExpectExit("our environment has no such variable", IMAGE L" variable", 0);
    (void)SetEnvironmentVariableW(L"TESTVAR", L"value");
    ExpectExit("a variable of ours is inherited", IMAGE L" variable", 1);
    (void)SetEnvironmentVariableW(L"TESTVAR", NULL);
}

static void TestSuspended(void)
{
    PROCESS_INFORMATION Child;
    PROCESS_BASIC_INFORMATION Information;
    PVOID Ldr = NULL;

    if (!KtapEqual(StartW(NULL, IMAGE L" exit 9", FALSE, CREATE_SUSPENDED, NULL, NULL, &Child), 0,
            "suspended child")) {
        return;
    }
    (void)KtapEqual(WaitForSingleObject(Child.hProcess, 50), WAIT_TIMEOUT, "it does not run");
    (void)NtQueryInformationProcess(
        Child.hProcess, ProcessBasicInformation, &Information, sizeof(Information), NULL);
    (void)KtapCheck(ReadProcessMemory(Child.hProcess, &Information.PebBaseAddress->Ldr, &Ldr,
                        sizeof(Ldr), NULL) &&
                        Ldr == NULL,
        "PEB.Ldr is still NULL");
    (void)KtapEqual(Information.InheritedFromUniqueProcessId, GetCurrentProcessId(),
        "it knows its creator");
    (void)KtapEqual(ResumeThread(Child.hThread), 1, "its suspend count was 1");
    (void)KtapEqual(Finish(&Child), 9, "it runs when resumed");
}

static void TestTermination(void)
{
    PROCESS_INFORMATION Child;
    DWORD Code = 0;

    if (KtapEqual(
            StartW(NULL, IMAGE L" sleep", FALSE, 0, NULL, NULL, &Child), 0, "sleeping child")) {
        (void)KtapCheck(GetExitCodeProcess(Child.hProcess, &Code) && Code == STILL_ACTIVE,
            "it is STILL_ACTIVE");
        (void)KtapCheck(TerminateProcess(Child.hProcess, 0x77), "it can be terminated");
        (void)KtapEqual(Finish(&Child), 0x77, "its exit code is what was asked for");
    }
}

static void TestDirectory(void)
{
    PROCESS_INFORMATION Child;

    if (KtapEqual(StartW(NULL, IMAGE L" directory", FALSE, 0, NULL, L"C:\\programs", &Child), 0,
            "child in a directory")) {
        (void)KtapEqual(Finish(&Child), wcslen(L"C:\\programs"), "it is there");
    }
}

/* A list without entries: nobody may do anything.  The child inherits none of this. */
static void TestSecurity(void)
{
    ACL Empty;
    SECURITY_DESCRIPTOR Descriptor;
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes), &Descriptor, TRUE};
    WCHAR Line[] = IMAGE L" exit 3";
    STARTUPINFOW StartupInfo = {.cb = sizeof(StartupInfo)};
    PROCESS_INFORMATION Child;
    ULONG Back[16] = {0}, Length = 0;
    DWORD Flags = 0;

    (void)RtlCreateAcl(&Empty, sizeof(Empty), ACL_REVISION);
    (void)RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    (void)RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, &Empty, FALSE);
    if (!KtapCheck(CreateProcessW(NULL, Line, &Attributes, &Attributes, FALSE, 0, NULL, NULL,
                       &StartupInfo, &Child),
            "a child with a descriptor")) {
        return;
    }
    (void)KtapStatus(NtQuerySecurityObject(Child.hProcess, DACL_SECURITY_INFORMATION, Back,
                         sizeof(Back), &Length),
        STATUS_SUCCESS, "the process has it");
    (void)KtapEqual(Length, sizeof(SECURITY_DESCRIPTOR_RELATIVE) + sizeof(ACL), "as it is long");
    (void)KtapStatus(NtQuerySecurityObject(Child.hThread, DACL_SECURITY_INFORMATION, Back,
                         sizeof(Back), &Length),
        STATUS_SUCCESS, "and the thread");
    (void)KtapCheck(memcmp(Back + 5, &Empty, sizeof(Empty)) == 0, "with the same list");
    (void)KtapCheck(GetHandleInformation(Child.hProcess, &Flags) && Flags == HANDLE_FLAG_INHERIT,
        "the handle is inheritable");
    (void)KtapCheck(SetHandleInformation(Child.hProcess,
                        HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE,
                        HANDLE_FLAG_PROTECT_FROM_CLOSE) &&
                        GetHandleInformation(Child.hProcess, &Flags) &&
                        Flags == HANDLE_FLAG_PROTECT_FROM_CLOSE,
        "protected instead");
    (void)KtapCheck(!CloseHandle(Child.hProcess), "it cannot be closed");
    (void)KtapCheck(
        SetHandleInformation(Child.hProcess, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0), "until allowed");
    (void)KtapEqual(Finish(&Child), 3, "the child runs all the same");
}

static NTSTATUS Announce(HANDLE Thread, HANDLE ProcessId, HANDLE ThreadId)
{
    CSR_API_MSG Message = {.u.CreateThread = {Thread, {ProcessId, ThreadId}}};

    return CsrClientCallServer(
        &Message, NULL, BasepCreateThread, sizeof(Message.u.CreateThread));
}

/* csrss believes of a thread only what its handle says. */
static void TestClaims(void)
{
    CLIENT_ID Self = NtCurrentTeb()->ClientId;
    HANDLE Other = (HANDLE)((ULONG_PTR)Self.UniqueThread ^ 0x10000);
    ULONG Counts = CsrCounts();
    HANDLE Thread;

    (void)KtapCheck(DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(),
                        &Thread, 0, FALSE, DUPLICATE_SAME_ACCESS),
        "a handle of this thread");
    (void)KtapStatus(Announce(Thread, Self.UniqueProcess, Other), STATUS_INVALID_CID,
        "it is not another's");
    (void)KtapStatus(Announce(Thread, Other, Self.UniqueThread), STATUS_INVALID_CID,
        "nor one of a process that csrss does not know");
    (void)KtapStatus(Announce(NULL, Self.UniqueProcess, Self.UniqueThread),
        STATUS_INVALID_HANDLE, "nor does it go without");
    (void)KtapEqual(CsrCounts(), Counts, "csrss has taken none of them");
    (void)CloseHandle(Thread);
}

UINT mainCRTStartup(void)
{
    PCSTR Verb = SkipWord(GetCommandLineA());
    ULONG Counts;
    ULONG Handles;

    if (*Verb != '\0') {
        return RunChild(Verb);
    }
    ExpectExit("a first child", IMAGE L" exit 1", 1); /* what is made once is made now */
    Counts = CsrCounts();
    Handles = KtapHandles();
    (void)KtapCheck(Counts != 0, "csrss says what it has");
    TestExitCodes();
    TestErrors();
    TryInheritance(TRUE);
    TryInheritance(FALSE);
    TestEnvironment();
    TestSuspended();
    TestTermination();
    TestDirectory();
    TestSecurity();
    TestClaims();
    for (ULONG Try = 0; Try < 100 && CsrCounts() != Counts; Try++) {
        Sleep(10); /* until the deaths of processes that did not say goodbye reach csrss */
    }
    (void)KtapEqual(CsrCounts(), Counts, "csrss has as many processes and threads as before");
    (void)KtapEqual(KtapHandles(), Handles, "as many handles as before");
    return (UINT)KtapEnd();
}
