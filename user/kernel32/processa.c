/* SPDX-License-Identifier: MIT */
/*
 * CreateProcessA: converts its strings and calls CreateProcessW, which see.
 */
#include "user/kernel32/base.h"

typedef struct _BASE_ANSI_CREATE {
    UNICODE_STRING ApplicationName;
    UNICODE_STRING CommandLine;
    UNICODE_STRING CurrentDirectory;
    UNICODE_STRING Desktop;
    UNICODE_STRING Title;
} BASE_ANSI_CREATE, *PBASE_ANSI_CREATE;

static VOID BasepFreeStrings(PBASE_ANSI_CREATE Strings)
{
    RtlFreeUnicodeString(&Strings->ApplicationName);
    RtlFreeUnicodeString(&Strings->CommandLine);
    RtlFreeUnicodeString(&Strings->CurrentDirectory);
    RtlFreeUnicodeString(&Strings->Desktop);
    RtlFreeUnicodeString(&Strings->Title);
}

static NTSTATUS BasepConvertStrings(PBASE_ANSI_CREATE Strings, LPCSTR ApplicationName,
    LPCSTR CommandLine, LPCSTR CurrentDirectory, const STARTUPINFOA *StartupInfo)
{
    NTSTATUS Status = BaseAnsiName(ApplicationName, &Strings->ApplicationName);

    if (NT_SUCCESS(Status)) {
        Status = BaseAnsiName(CommandLine, &Strings->CommandLine);
    }
    if (NT_SUCCESS(Status)) {
        Status = BaseAnsiName(CurrentDirectory, &Strings->CurrentDirectory);
    }
    if (NT_SUCCESS(Status)) {
        Status = BaseAnsiName(StartupInfo->lpDesktop, &Strings->Desktop);
    }
    if (NT_SUCCESS(Status)) {
        Status = BaseAnsiName(StartupInfo->lpTitle, &Strings->Title);
    }
    return Status;
}

BOOL WINAPI CreateProcessA(LPCSTR ApplicationName, LPSTR CommandLine,
    LPSECURITY_ATTRIBUTES ProcessSecurity, LPSECURITY_ATTRIBUTES ThreadSecurity,
    BOOL InheritHandles, DWORD Flags, LPVOID Environment, LPCSTR CurrentDirectory,
    LPSTARTUPINFOA StartupInfo, LPPROCESS_INFORMATION Information)
{
    BASE_ANSI_CREATE Strings = {0};
    STARTUPINFOW StartupInfoW;
    NTSTATUS Status = BasepConvertStrings(
        &Strings, ApplicationName, CommandLine, CurrentDirectory, StartupInfo);
    BOOL Created;

    if (!NT_SUCCESS(Status)) {
        BasepFreeStrings(&Strings);
        return BaseSetLastNTError(Status);
    }
    RtlCopyMemory(&StartupInfoW, StartupInfo, sizeof(StartupInfoW)); /* the same layout */
    StartupInfoW.lpDesktop = Strings.Desktop.Buffer;
    StartupInfoW.lpTitle = Strings.Title.Buffer;
    Created = CreateProcessW(Strings.ApplicationName.Buffer, Strings.CommandLine.Buffer,
        ProcessSecurity, ThreadSecurity, InheritHandles, Flags, Environment,
        Strings.CurrentDirectory.Buffer, &StartupInfoW, Information);
    BasepFreeStrings(&Strings);
    return Created;
}
