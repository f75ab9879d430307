/* SPDX-License-Identifier: MIT */
/*
 * smss.exe, the session manager: the first user process, made by the kernel.
 *
 * It starts the Windows subsystem, then one program, and waits for it:
 *
 *     smss.exe [PROGRAM [ARGUMENTS]]     default C:\programs\parent.exe
 *
 * Its exit status is the program's, and when it ends the kernel ends the
 * demonstration.  Next: subsystem.c (csrss), program.c.
 */
#include "user/smss/smss.h"

#define SMP_DEFAULT_PROGRAM L"C:\\programs\\parent.exe"

static const struct {
    PCWSTR Name;
    PCWSTR Value;
} SmpVariables[] = {
    {L"ComSpec", L"C:\\WINDOWS\\system32\\cmd.exe"},
    {L"OS", L"Windows_NT"},
    {L"Path", L"C:\\WINDOWS\\system32;C:\\WINDOWS;C:\\programs"},
    {L"PATHEXT", L".COM;.EXE;.BAT;.CMD"},
    {L"SystemDrive", L"C:"},
    {L"SystemRoot", L"C:\\WINDOWS"},
    {L"windir", L"C:\\WINDOWS"},
};

/* The console may not be open yet, so this goes through NtDisplayString. */
VOID SmpReport(PCSTR What, PCUNICODE_STRING Name, NTSTATUS Status)
{
    CHAR Line[160];
    WCHAR Wide[160];
    UNICODE_STRING Text = {.MaximumLength = sizeof(Wide), .Buffer = Wide};
    ULONG Bytes;

    (void)RtlStringFormat(Line, sizeof(Line), "smss: %s %pZ: %s (%08lx)\n", What, (PVOID)Name,
        RtlNtStatusName(Status), (ULONG)Status);
    (void)RtlMultiByteToUnicodeN(Wide, sizeof(Wide), &Bytes, Line, strlen(Line));
    Text.Length = (USHORT)Bytes;
    (void)NtDisplayString(&Text);
}

static NTSTATUS SmpCreateEnvironment(PWSTR *Environment)
{
    NTSTATUS Status = RtlCreateEnvironment(FALSE, Environment);

    for (ULONG Index = 0; NT_SUCCESS(Status) && Index < ARRAYSIZE(SmpVariables); Index++) {
        UNICODE_STRING Name;
        UNICODE_STRING Value;

        RtlInitUnicodeString(&Name, SmpVariables[Index].Name);
        RtlInitUnicodeString(&Value, SmpVariables[Index].Value);
        Status = RtlSetEnvironmentVariable(Environment, &Name, &Value);
    }
    return Status;
}

static NTSTATUS SmpOpenConsole(PHANDLE Console)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Console");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(
        &Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_INHERIT, NULL, NULL);
    return NtOpenFile(Console, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &Attributes, &Iosb,
        FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS SmpCreatePort(PHANDLE Port)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(SM_API_PORT_NAME);
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtCreatePort(
        Port, &Attributes, sizeof(SB_CONNECTION_INFO), LPC_MAX_MESSAGE_LENGTH, 0);
}

static NTSTATUS SmpInitialize(PSMP_SESSION Session)
{
    NTSTATUS Status = SmpCreateEnvironment(&Session->Environment);

    if (NT_SUCCESS(Status)) {
        Status = SmpOpenConsole(&Session->Console);
    }
    if (NT_SUCCESS(Status)) {
        Status = SmpCreatePort(&Session->SmApiPort);
    }
    return Status;
}

/* What follows the first word, which is smss.exe itself; quotes keep blanks. */
static UNICODE_STRING SmpOwnArguments(VOID)
{
    UNICODE_STRING Line = NtCurrentPeb()->ProcessParameters->CommandLine;
    UNICODE_STRING Rest;
    ULONG Count = Line.Length / sizeof(WCHAR);
    ULONG Index = 0;
    BOOLEAN Quoted = FALSE;

    while (Index < Count && (Quoted || Line.Buffer[Index] != L' ')) {
        Quoted ^= Line.Buffer[Index] == L'"';
        Index++;
    }
    while (Index < Count && Line.Buffer[Index] == L' ') {
        Index++;
    }
    Rest.Buffer = Line.Buffer + Index;
    Rest.Length = (USHORT)((Count - Index) * sizeof(WCHAR));
    Rest.MaximumLength = Rest.Length;
    if (Rest.Length == 0) {
        RtlInitUnicodeString(&Rest, SMP_DEFAULT_PROGRAM);
    }
    return Rest;
}

static NTSTATUS SmpMain(VOID)
{
    static const UNICODE_STRING Nothing = RTL_CONSTANT_STRING(L"");
    SMP_SESSION Session = {0};
    UNICODE_STRING Arguments = SmpOwnArguments();
    NTSTATUS Status = SmpInitialize(&Session);

    if (!NT_SUCCESS(Status)) {
        SmpReport("cannot initialise", &Nothing, Status);
        return Status;
    }
    Status = SmpStartSubsystem(&Session);
    if (NT_SUCCESS(Status)) {
        Status = SmpRunProgram(&Session, &Arguments);
    }
    SmpStopSubsystem(&Session);
    return Status;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    (void)NtTerminateProcess(NtCurrentProcess(), SmpMain());
}
