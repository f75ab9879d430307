/* SPDX-License-Identifier: MIT */
/*
 * smss starts programs: csrss, then the one of its command line.
 *
 * A native image just runs; a Win32 one is reported to csrss first, while its
 * thread is still suspended, as every Win32 program is by its creator.
 */
#include "user/smss/smss.h"

static NTSTATUS SmpMakeParameters(PSMP_SESSION Session, PUNICODE_STRING Image,
    PUNICODE_STRING CommandLine, PRTL_USER_PROCESS_PARAMETERS *Parameters)
{
    UNICODE_STRING Directory = RTL_CONSTANT_STRING(L"C:\\");
    UNICODE_STRING DllPath = RTL_CONSTANT_STRING(L"C:\\WINDOWS\\system32;C:\\programs;C:\\tests");
    NTSTATUS Status = RtlCreateProcessParameters(Parameters, Image, &DllPath, &Directory,
        CommandLine, Session->Environment, Image, NULL, NULL, NULL);

    if (NT_SUCCESS(Status)) {
        (*Parameters)->ConsoleHandle = Session->Console;
        (*Parameters)->StandardInput = Session->Console;
        (*Parameters)->StandardOutput = Session->Console;
        (*Parameters)->StandardError = Session->Console;
    }
    return Status;
}

/* The thread is suspended.  Handles are inherited: the console is one. */
NTSTATUS SmpCreateProcess(PSMP_SESSION Session, PUNICODE_STRING Image,
    PUNICODE_STRING CommandLine, HANDLE ExceptionPort, PRTL_USER_PROCESS_INFORMATION Information)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    UNICODE_STRING NtImage;
    NTSTATUS Status = SmpMakeParameters(Session, Image, CommandLine, &Parameters);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (RtlDosPathNameToNtPathName_U(Image->Buffer, &NtImage, NULL, NULL)) {
        Status = RtlCreateUserProcess(&NtImage, OBJ_CASE_INSENSITIVE, Parameters, NULL, NULL, NULL,
            TRUE, NULL, ExceptionPort, Information);
        RtlFreeUnicodeString(&NtImage);
    } else {
        Status = STATUS_OBJECT_NAME_INVALID;
    }
    (void)RtlDestroyProcessParameters(Parameters);
    return Status;
}

/* Ends it unless it has ended by itself, and lets go of it. */
VOID SmpEndProcess(PRTL_USER_PROCESS_INFORMATION Information, NTSTATUS Status)
{
    (void)NtTerminateProcess(Information->ProcessHandle, Status);
    (void)NtWaitForSingleObject(Information->ProcessHandle, FALSE, NULL);
    (void)NtClose(Information->ThreadHandle);
    (void)NtClose(Information->ProcessHandle);
}

/* The first word; a name without drive or leading '\' is below C:\. */
static VOID SmpProgramPath(PCUNICODE_STRING CommandLine, PUNICODE_STRING Path)
{
    BOOLEAN Quoted = CommandLine->Length != 0 && CommandLine->Buffer[0] == L'"';
    ULONG Count = CommandLine->Length / sizeof(WCHAR);
    ULONG Start = Quoted ? 1 : 0;
    ULONG End = Start;
    UNICODE_STRING Word;

    while (End < Count && CommandLine->Buffer[End] != (Quoted ? L'"' : L' ')) {
        End++;
    }
    Word.Buffer = CommandLine->Buffer + Start;
    Word.Length = (USHORT)((End - Start) * sizeof(WCHAR));
    Word.MaximumLength = Word.Length;
    Path->Length = 0;
    if (Word.Length < 2 * sizeof(WCHAR) || (Word.Buffer[1] != L':' && Word.Buffer[0] != L'\\')) {
        (void)!RtlAppendUnicodeToString(Path, L"C:\\");
    }
    /* A name that does not fit the room is not found, and that is reported. */
    (void)!RtlAppendUnicodeStringToString(Path, &Word);
    Path->Buffer[Path->Length / sizeof(WCHAR)] = L'\0';
}

/*
 * Waits for the program, but not beyond the end of csrss: without it a Win32
 * program cannot even exit.  NT stops the machine then (C000021A).
 */
static NTSTATUS SmpWaitForProgram(PSMP_SESSION Session, HANDLE Program)
{
    HANDLE Objects[] = {Program, Session->CsrProcess};
    PROCESS_BASIC_INFORMATION Information;
    NTSTATUS Status =
        NtWaitForMultipleObjects(ARRAYSIZE(Objects), Objects, WaitAny, FALSE, NULL);

    if (Status != STATUS_WAIT_0) {
        return NT_SUCCESS(Status) ? STATUS_SYSTEM_PROCESS_TERMINATED : Status;
    }
    Status = NtQueryInformationProcess(
        Program, ProcessBasicInformation, &Information, sizeof(Information), NULL);
    return NT_SUCCESS(Status) ? Information.ExitStatus : Status;
}

/* Returns the program's exit status, or why there was none. */
NTSTATUS SmpRunProgram(PSMP_SESSION Session, PCUNICODE_STRING CommandLine)
{
    UNICODE_STRING Line = *CommandLine;
    WCHAR Buffer[128];
    UNICODE_STRING Path = {.MaximumLength = sizeof(Buffer) - sizeof(WCHAR), .Buffer = Buffer};
    RTL_USER_PROCESS_INFORMATION Program;
    NTSTATUS Status;

    SmpProgramPath(CommandLine, &Path);
    Status = SmpCreateProcess(Session, &Path, &Line, NULL, &Program);
    if (!NT_SUCCESS(Status)) {
        SmpReport("cannot start", &Path, Status);
        return Status;
    }
    if (Program.ImageInformation.SubSystemType != IMAGE_SUBSYSTEM_NATIVE) {
        Status = SmpTellSubsystem(Session, &Program, &Path);
    }
    if (NT_SUCCESS(Status)) {
        Status = NtResumeThread(Program.ThreadHandle, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        SmpReport("csrss did not take", &Path, Status);
        SmpEndProcess(&Program, Status);
        return Status;
    }
    Status = SmpWaitForProgram(Session, Program.ProcessHandle);
    SmpEndProcess(&Program, Status);
    return Status;
}
