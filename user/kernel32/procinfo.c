/* SPDX-License-Identifier: MIT */
/*
 * What one can ask and change about processes, and what a process knows of itself.
 */
#include "user/kernel32/base.h"

HANDLE WINAPI GetCurrentProcess(VOID)
{
    return NtCurrentProcess();
}

DWORD WINAPI GetCurrentProcessId(VOID)
{
    return (DWORD)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueProcess;
}

/* Not found by a process id is an invalid parameter to Win32. */
HANDLE WINAPI OpenProcess(DWORD DesiredAccess, BOOL Inherit, DWORD ProcessId)
{
    CLIENT_ID ClientId = {(HANDLE)(ULONG_PTR)ProcessId, NULL};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, Inherit ? OBJ_INHERIT : 0, NULL, NULL);
    Status = NtOpenProcess(&Handle, DesiredAccess, &Attributes, &ClientId);
    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return NULL;
    }
    return Handle;
}

static BOOL BasepQueryProcess(HANDLE Process, PROCESS_BASIC_INFORMATION *Information)
{
    return BaseResult(NtQueryInformationProcess(
        Process, ProcessBasicInformation, Information, sizeof(*Information), NULL));
}

BOOL WINAPI GetExitCodeProcess(HANDLE Process, LPDWORD ExitCode)
{
    PROCESS_BASIC_INFORMATION Information;

    if (!BasepQueryProcess(Process, &Information)) {
        return FALSE;
    }
    *ExitCode = (DWORD)Information.ExitStatus;
    return TRUE;
}

DWORD WINAPI GetProcessId(HANDLE Process)
{
    PROCESS_BASIC_INFORMATION Information;

    return BasepQueryProcess(Process, &Information) ? (DWORD)Information.UniqueProcessId : 0;
}

static VOID BasepNarrowStartupInfo(const STARTUPINFOW *Wide, LPSTARTUPINFOA Narrow)
{
    RtlCopyMemory(Narrow, Wide, sizeof(*Narrow)); /* the same layout */
    Narrow->lpReserved = NULL;
    Narrow->lpDesktop = NULL;
    Narrow->lpTitle = NULL; /* the creator's strings are UTF-16: GetStartupInfoW has them */
}

/* The creator's STARTUPINFO, out of the process parameters. */
VOID WINAPI GetStartupInfoW(LPSTARTUPINFOW Info)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;

    RtlZeroMemory(Info, sizeof(*Info));
    Info->cb = sizeof(*Info);
    Info->lpReserved = Parameters->ShellInfo.Buffer;
    Info->lpDesktop = Parameters->DesktopInfo.Buffer;
    Info->lpTitle = Parameters->WindowTitle.Buffer;
    Info->dwX = Parameters->StartingX;
    Info->dwY = Parameters->StartingY;
    Info->dwXSize = Parameters->CountX;
    Info->dwYSize = Parameters->CountY;
    Info->dwXCountChars = Parameters->CountCharsX;
    Info->dwYCountChars = Parameters->CountCharsY;
    Info->dwFillAttribute = Parameters->FillAttribute;
    Info->dwFlags = Parameters->WindowFlags;
    Info->wShowWindow = (WORD)Parameters->ShowWindowFlags;
    Info->cbReserved2 = Parameters->RuntimeData.Length;
    Info->lpReserved2 = (LPBYTE)Parameters->RuntimeData.Buffer;
    Info->hStdInput = Parameters->StandardInput;
    Info->hStdOutput = Parameters->StandardOutput;
    Info->hStdError = Parameters->StandardError;
}

VOID WINAPI GetStartupInfoA(LPSTARTUPINFOA Info)
{
    STARTUPINFOW Wide;

    GetStartupInfoW(&Wide);
    BasepNarrowStartupInfo(&Wide, Info);
}

LPWSTR WINAPI GetCommandLineW(VOID)
{
    return NtCurrentPeb()->ProcessParameters->CommandLine.Buffer;
}

/* Converted once; two first callers at once convert twice and one copy stays. */
LPSTR WINAPI GetCommandLineA(VOID)
{
    static PVOID CommandLine;
    ANSI_STRING Ansi;

    if (CommandLine == NULL &&
        NT_SUCCESS(RtlUnicodeStringToAnsiString(
            &Ansi, &NtCurrentPeb()->ProcessParameters->CommandLine, TRUE)) &&
        InterlockedCompareExchangePointer(&CommandLine, Ansi.Buffer, NULL) != NULL) {
        RtlFreeAnsiString(&Ansi);
    }
    return CommandLine;
}
