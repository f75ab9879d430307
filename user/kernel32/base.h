/* SPDX-License-Identifier: MIT */
/*
 * kernel32.dll's own declarations.
 *
 * Exports are declared by the stock windows.h, which _KERNEL32_ tells that they
 * are defined here, so the compiler compares each definition with it.
 *
 * Inside, routines return NTSTATUS; only an export turns one into a Win32 error.
 */
#pragma once
#define _KERNEL32_
#include "csr/csrmsg.h"
#include "user/ntdll/ntdll.h"

/* A Win32 error that no NTSTATUS stands for; RtlNtStatusToDosError gives it back. */
#define BASE_WIN32_STATUS(Error) ((NTSTATUS)(0xC0070000u | (ULONG)(Error)))

/* What RTL_USER_PROCESS_PARAMETERS.ConsoleHandle can say instead of a handle. */
#define BASE_CONSOLE_DETACHED  ((HANDLE)(LONG_PTR)-1)
#define BASE_CONSOLE_NO_WINDOW ((HANDLE)(LONG_PTR)-3)

#define BASE_MINIMUM_STACK_RESERVE 0x40000u /* bytes */

/* error.c */
BOOL BaseSetLastNTError(NTSTATUS Status);
BOOL BaseResult(NTSTATUS Status);
PVOID BaseAllocate(SIZE_T Size);
VOID BaseFree(PVOID Block);

/* object.c: what named objects, waits and security attributes have in common */
typedef struct _BASE_OBJECT_NAME {
    WCHAR Path[32 + MAX_PATH];
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
} BASE_OBJECT_NAME, *PBASE_OBJECT_NAME;

POBJECT_ATTRIBUTES BaseFormatObjectAttributes(PBASE_OBJECT_NAME Buffer,
    const SECURITY_ATTRIBUTES *Security, PCWSTR Name);
PLARGE_INTEGER BaseFormatTimeout(PLARGE_INTEGER Timeout, DWORD Milliseconds);
NTSTATUS BaseAnsiName(PCSTR Name, PUNICODE_STRING Unicode);

/* start.S: where the kernel lets new threads begin */
VOID NTAPI BaseProcessStartThunk(VOID);
VOID NTAPI BaseThreadStartThunk(VOID);

/* priority.c: PROCESS_PRIORITY_CLASS_..., 0 if the flags say nothing of it */
UCHAR BasepPriorityClass(ULONG Flags);
NTSTATUS BasepSetPriorityClass(HANDLE Process, UCHAR Class);

/* except.c */
VOID BasepInitializeExceptions(VOID);

/* cmdline.c */
VOID BasepSearchPath(PWSTR Buffer, ULONG Count);
NTSTATUS BasepFindImage(PCWSTR ApplicationName, PWSTR CommandLine, PWSTR Image, ULONG Count);

/* environ.c */
NTSTATUS BasepAnsiEnvironment(PCSTR Ansi, PWSTR *Unicode);

/*
 * One CreateProcess: what was asked and what has been made so far.  Whatever is
 * zero has not been made; BasepUndoCreate relies on that.
 */
typedef struct _BASE_CREATE {
    PCWSTR ApplicationName;
    PWSTR CommandLine;
    const SECURITY_ATTRIBUTES *ProcessSecurity;
    const SECURITY_ATTRIBUTES *ThreadSecurity;
    BOOLEAN InheritHandles;
    ULONG Flags;       /* dwCreationFlags */
    PWSTR Environment; /* Unicode, or NULL for our own */
    PCWSTR CurrentDirectory;
    const STARTUPINFOW *StartupInfo;

    UCHAR PriorityClass;   /* PROCESS_PRIORITY_CLASS_, 0 for the kernel's choice */
    PWSTR OwnEnvironment;  /* allocated, when Environment came as ANSI */
    CHAR ImageName[16];    /* for the trace */
    WCHAR Image[MAX_PATH]; /* full DOS path */
    HANDLE File;
    HANDLE Section;
    SECTION_IMAGE_INFORMATION ImageInformation;
    HANDLE Process;
    PPEB Peb; /* in the child */
    HANDLE Thread;
    CLIENT_ID ClientId;
} BASE_CREATE, *PBASE_CREATE;

/* process.c; exported, though not in any stock header */
BOOL WINAPI CreateProcessInternalW(HANDLE Token, LPCWSTR ApplicationName, LPWSTR CommandLine,
    LPSECURITY_ATTRIBUTES ProcessSecurity, LPSECURITY_ATTRIBUTES ThreadSecurity,
    BOOL InheritHandles, DWORD Flags, LPVOID Environment, LPCWSTR CurrentDirectory,
    LPSTARTUPINFOW StartupInfo, LPPROCESS_INFORMATION Information, PHANDLE RestrictedToken);

/* procimage.c: phase 1, items 3 to 6 */
_Must_inspect_result_ NTSTATUS BasepOpenImage(PBASE_CREATE Create);
/* procparam.c: the rest of phase 2 */
_Must_inspect_result_ NTSTATUS BasePushProcessParameters(PBASE_CREATE Create);
/* procthread.c: phase 3 */
_Must_inspect_result_ NTSTATUS BaseCreateStack(
    HANDLE Process, SIZE_T Commit, SIZE_T Reserve, PINITIAL_TEB InitialTeb);
_Must_inspect_result_ NTSTATUS BasepCreateFirstThread(PBASE_CREATE Create);
/* proccsr.c: phase 4 */
_Must_inspect_result_ NTSTATUS BasepTellCsr(PBASE_CREATE Create);
_Must_inspect_result_ NTSTATUS BasepTellCsrOfThread(HANDLE Thread, const CLIENT_ID *ClientId);
VOID BasepTellCsrOfExit(UINT ExitCode);
