/* SPDX-License-Identifier: MIT */
/*
 * What ntdll.dll exports beyond the stock winternl.h: heap, environment, paths,
 * process creation, exceptions, the loader, the client side of csrss.
 *
 * Signatures are NT's.  The few that NT 5.2 does not export say so.  System
 * calls are in inc/nt/native.h, strings and bitmaps in inc/rtl.h; this file
 * includes both, so programs of Nascent include just this one.
 */
#pragma once
#include "nt/native.h"
#include "nt/trace.h"
#include "nt/kuser.h"
#include "rtl.h"

/*
 * winnt.h has NtCurrentTeb as a read through a null pointer in segment FS, which
 * gcc 12 warns about at each use; this one is a plain instruction.
 */
static inline PTEB RtlpCurrentTeb(void)
{
    PTEB Teb;

    __asm__("movl %%fs:0x18, %0" : "=r"(Teb));
    return Teb;
}
#undef NtCurrentTeb
#define NtCurrentTeb()   RtlpCurrentTeb()
#define NtCurrentPeb()   (NtCurrentTeb()->ProcessEnvironmentBlock)
#define RtlGetProcessHeap() (NtCurrentPeb()->ProcessHeap)

#ifndef NT_SUCCESS
#define NT_SUCCESS(Status) ((NTSTATUS)(Status) >= 0)
#endif

#define PAGE_SIZE 0x1000u
#define MM_ALLOCATION_GRANULARITY 0x10000u

/* ---- Heap (heap.c, heapblock.c); create, allocate, free, destroy are in winternl.h ---- */
PVOID NTAPI RtlReAllocateHeap(PVOID Heap, ULONG Flags, PVOID Block, SIZE_T Size);
SIZE_T NTAPI RtlSizeHeap(PVOID Heap, ULONG Flags, PVOID Block);

/* ---- Critical sections (critsec.c) ---- */
NTSTATUS NTAPI RtlInitializeCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(
    PRTL_CRITICAL_SECTION CriticalSection, ULONG SpinCount);
NTSTATUS NTAPI RtlEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
BOOLEAN NTAPI RtlTryEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
NTSTATUS NTAPI RtlLeaveCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
NTSTATUS NTAPI RtlDeleteCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
VOID NTAPI RtlAcquirePebLock(VOID);
VOID NTAPI RtlReleasePebLock(VOID);

/* ---- SIDs that allocate (sid.c) ---- */
NTSTATUS NTAPI RtlAllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY IdentifierAuthority,
    UCHAR SubAuthorityCount, ULONG SubAuthority0, ULONG SubAuthority1, ULONG SubAuthority2,
    ULONG SubAuthority3, ULONG SubAuthority4, ULONG SubAuthority5, ULONG SubAuthority6,
    ULONG SubAuthority7, PSID *Sid);
PVOID NTAPI RtlFreeSid(PSID Sid);

/* ---- Strings that allocate (strings.c); ANSI is Latin-1 ---- */
BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING Destination, PCWSTR Source);
NTSTATUS NTAPI RtlDuplicateUnicodeString(
    ULONG Flags, PCUNICODE_STRING Source, PUNICODE_STRING Destination);
ULONG NTAPI RtlAnsiStringToUnicodeSize(PCANSI_STRING Source);
ULONG NTAPI RtlUnicodeStringToAnsiSize(PCUNICODE_STRING Source);

/* ---- Environment (env.c): a block of "NAME=value\0" ended by an empty string ---- */
NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN CloneCurrent, PWSTR *Environment);
VOID NTAPI RtlDestroyEnvironment(PWSTR Environment);
/* Environment NULL: the process's own.  Value->Length is set even when too small. */
NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(
    PWSTR Environment, PCUNICODE_STRING Name, PUNICODE_STRING Value);
/* Value NULL deletes.  *Environment is replaced when the block has to grow. */
NTSTATUS NTAPI RtlSetEnvironmentVariable(
    PWSTR *Environment, PCUNICODE_STRING Name, PCUNICODE_STRING Value);
/* Bytes, final empty string included.  Not exported by NT 5.2. */
SIZE_T NTAPI RtlEnvironmentSize(PCWSTR Environment);

/* ---- Paths (path.c, search.c, curdir.c) ---- */
typedef enum _RTL_PATH_TYPE {
    RtlPathTypeUnknown,
    RtlPathTypeUncAbsolute,   /* \\server\share */
    RtlPathTypeDriveAbsolute, /* C:\x */
    RtlPathTypeDriveRelative, /* C:x */
    RtlPathTypeRooted,        /* \x */
    RtlPathTypeRelative,      /* x */
    RtlPathTypeLocalDevice,   /* \\.\x and \\?\x and \??\x */
    RtlPathTypeRootLocalDevice,
} RTL_PATH_TYPE;

RTL_PATH_TYPE NTAPI RtlDetermineDosPathNameType_U(PCWSTR Path);
/* Bytes written without the zero, or bytes needed with it, or 0 for a bad name. */
ULONG NTAPI RtlGetFullPathName_U(
    PCWSTR FileName, ULONG BufferLength, PWSTR Buffer, PWSTR *FilePart);
/* Bytes, in the same way. */
ULONG NTAPI RtlGetCurrentDirectory_U(ULONG BufferLength, PWSTR Buffer);
NTSTATUS NTAPI RtlSetCurrentDirectory_U(PUNICODE_STRING Path);
/* Searches the ';'-separated Path; returns bytes as RtlGetFullPathName_U, 0 if not found. */
ULONG NTAPI RtlDosSearchPath_U(PCWSTR Path, PCWSTR FileName, PCWSTR Extension,
    ULONG BufferLength, PWSTR Buffer, PWSTR *FilePart);
BOOLEAN NTAPI RtlDoesFileExists_U(PCWSTR FileName);

/* ---- Process parameters (params.c) and native process creation (process.c) ---- */
NTSTATUS NTAPI RtlCreateProcessParameters(PRTL_USER_PROCESS_PARAMETERS *Parameters,
    PUNICODE_STRING ImagePathName, PUNICODE_STRING DllPath, PUNICODE_STRING CurrentDirectory,
    PUNICODE_STRING CommandLine, PWSTR Environment, PUNICODE_STRING WindowTitle,
    PUNICODE_STRING DesktopInfo, PUNICODE_STRING ShellInfo, PUNICODE_STRING RuntimeData);
NTSTATUS NTAPI RtlDestroyProcessParameters(PRTL_USER_PROCESS_PARAMETERS Parameters);
PRTL_USER_PROCESS_PARAMETERS NTAPI RtlNormalizeProcessParams(
    PRTL_USER_PROCESS_PARAMETERS Parameters);
PRTL_USER_PROCESS_PARAMETERS NTAPI RtlDeNormalizeProcessParams(
    PRTL_USER_PROCESS_PARAMETERS Parameters);
/*
 * Writes a copy of Parameters and its environment into Process and its PEB.
 * Handles in Parameters are the child's.  Not exported by NT 5.2, where
 * kernel32 and ntdll each have their own.
 */
NTSTATUS NTAPI RtlPushProcessParameters(
    HANDLE Process, PPEB RemotePeb, PRTL_USER_PROCESS_PARAMETERS Parameters);

typedef struct _RTL_USER_PROCESS_INFORMATION {
    ULONG Length;
    HANDLE ProcessHandle;
    HANDLE ThreadHandle;
    CLIENT_ID ClientId;
    SECTION_IMAGE_INFORMATION ImageInformation;
} RTL_USER_PROCESS_INFORMATION, *PRTL_USER_PROCESS_INFORMATION;

/* A native process from an NT path, its thread suspended; csrss is not told. */
NTSTATUS NTAPI RtlCreateUserProcess(PUNICODE_STRING ImageFileName, ULONG Attributes,
    PRTL_USER_PROCESS_PARAMETERS Parameters, PVOID ProcessSecurityDescriptor,
    PVOID ThreadSecurityDescriptor, HANDLE ParentProcess, BOOLEAN InheritHandles,
    HANDLE DebugPort, HANDLE ExceptionPort, PRTL_USER_PROCESS_INFORMATION Information);

/* ---- Threads (thread.c) ---- */
typedef NTSTATUS(NTAPI *PUSER_THREAD_START_ROUTINE)(PVOID Parameter);

NTSTATUS NTAPI RtlCreateUserThread(HANDLE Process, PVOID SecurityDescriptor,
    BOOLEAN CreateSuspended, ULONG ZeroBits, SIZE_T MaximumStackSize, SIZE_T CommittedStackSize,
    PUSER_THREAD_START_ROUTINE StartAddress, PVOID Parameter, PHANDLE Thread,
    PCLIENT_ID ClientId);
DECLSPEC_NORETURN VOID NTAPI RtlExitUserThread(NTSTATUS Status);
/*
 * Reserves a stack in Process with a guard page below the committed part; sizes
 * of 0 mean the current image's.  RtlFreeUserStack undoes it.  NT 6's shape of
 * names; in 5.2 kernel32 and ntdll have private ones.
 */
NTSTATUS NTAPI RtlCreateUserStack(HANDLE Process, SIZE_T MaximumStackSize,
    SIZE_T CommittedStackSize, PINITIAL_TEB InitialTeb);
VOID NTAPI RtlFreeUserStack(HANDLE Process, PINITIAL_TEB InitialTeb);
/*
 * The user CONTEXT of a new thread: Eip, and what its thunk takes from EAX and EBX.
 * (NT's routine of this name writes the argument to the stack instead.)
 */
VOID NTAPI RtlInitializeContext(
    PCONTEXT Context, PVOID Eip, ULONG_PTR Eax, ULONG_PTR Ebx, PVOID StackBase);

/* ---- Errors (error.c, doserror.c) ---- */
NTSTATUS NTAPI RtlGetLastNtStatus(VOID);
ULONG NTAPI RtlGetLastWin32Error(VOID);
VOID NTAPI RtlSetLastWin32Error(ULONG Error);
VOID NTAPI RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS Status);
ULONG NTAPI RtlGetNtGlobalFlags(VOID);

/* ---- Exceptions (exception.c, vectored.c); RtlUnwind is in winternl.h ---- */
VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD Record);
DECLSPEC_NORETURN VOID NTAPI RtlRaiseStatus(NTSTATUS Status);
BOOLEAN NTAPI RtlDispatchException(PEXCEPTION_RECORD Record, PCONTEXT Context);
PVOID NTAPI RtlAddVectoredExceptionHandler(ULONG First, PVECTORED_EXCEPTION_HANDLER Handler);
ULONG NTAPI RtlRemoveVectoredExceptionHandler(PVOID Handle);
/* Asked when no handler took an exception; returns EXCEPTION_CONTINUE_EXECUTION or not. */
typedef LONG(NTAPI *PRTL_UNHANDLED_EXCEPTION_FILTER)(struct _EXCEPTION_POINTERS *Pointers);
VOID NTAPI RtlSetUnhandledExceptionFilter(PRTL_UNHANDLED_EXCEPTION_FILTER Filter);

/* ---- Debugger (debug.c) ---- */
/* Formats as inc/rtl.h says, at most 512 bytes, to the debug console. */
ULONG __cdecl DbgPrint(PCSTR Format, ...) _Printf_(1, 2);
VOID NTAPI DbgBreakPoint(VOID);

/* ---- Trace (trace.c): user mode's entries of inc/trace_events.def ---- */
/*
 * Reports Event about Image (NULL: this process's), with Second for a "%t" of
 * the event's fields or NULL, and ArgumentCount ULONGs.  Nascent's own.
 */
VOID __cdecl NascentTraceEvent(
    TRACE_EVENT_ID Event, PCSTR Image, PCSTR Second, ULONG ArgumentCount, ...);
/* The last component of Path in Latin-1, cut to Size bytes; for Image above. */
VOID NTAPI NascentTraceImageName(PCUNICODE_STRING Path, PCHAR Buffer, ULONG Size);

/* ---- Loader (ldr/) ---- */
/* DllPath: ';'-separated directories or NULL for the default. */
NTSTATUS NTAPI LdrLoadDll(
    PCWSTR DllPath, PULONG DllCharacteristics, PCUNICODE_STRING DllName, PVOID *DllHandle);
NTSTATUS NTAPI LdrUnloadDll(PVOID DllHandle);
NTSTATUS NTAPI LdrGetDllHandle(
    PCWSTR DllPath, PULONG DllCharacteristics, PCUNICODE_STRING DllName, PVOID *DllHandle);
/* By Name, or by Ordinal if Name is NULL. */
NTSTATUS NTAPI LdrGetProcedureAddress(
    PVOID DllHandle, PANSI_STRING Name, ULONG Ordinal, PVOID *Address);
NTSTATUS NTAPI LdrDisableThreadCalloutsForDll(PVOID DllHandle);
NTSTATUS NTAPI LdrFindEntryForAddress(PVOID Address, PLDR_DATA_TABLE_ENTRY *Entry);
VOID NTAPI LdrShutdownThread(VOID);
NTSTATUS NTAPI LdrShutdownProcess(VOID);
PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base);

/* ---- Client side of the Windows subsystem (csr/client/); messages: csr/csrmsg.h ---- */
struct _CSR_API_MSG;
struct _CSR_CAPTURE_BUFFER;

/* Connects to <ObjectDirectory>\ApiPort once a process; later calls succeed at once. */
NTSTATUS NTAPI CsrClientConnectToServer(PCWSTR ObjectDirectory, ULONG ServerDllIndex,
    PVOID ConnectionInfo, PULONG ConnectionInfoSize, PBOOLEAN ServerToServerCall);
/*
 * Sends Message as ApiNumber with DataLength bytes of the API's own data and
 * waits; returns, and leaves in the message, the server's status.
 */
NTSTATUS NTAPI CsrClientCallServer(struct _CSR_API_MSG *Message,
    struct _CSR_CAPTURE_BUFFER *CaptureBuffer, ULONG ApiNumber, ULONG DataLength);
/* Has csrss told when this thread dies. */
NTSTATUS NTAPI CsrNewThread(VOID);
HANDLE NTAPI CsrGetProcessId(VOID);
