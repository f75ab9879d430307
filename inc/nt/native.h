/* SPDX-License-Identifier: MIT */
/*
 * Prototypes of every system service, for the kernel that implements them and
 * for user mode that calls them.  In user mode the ones that winternl.h declares
 * too are thereby compared with it by the compiler.
 *
 * Pointers are marked __user: in the kernel they go through mm's probe-and-copy
 * helpers and are never dereferenced.  Grouped by layer; parameters as in NT 5.2.
 */
#pragma once
#include "nt/context.h"
#include "nt/info.h"
#include "nt/lpcabi.h"
#include "nt/objinfo.h"
#include "nt/security.h"
#include "nt/teb.h"

#ifdef _WIN32
#define NTSERVICE NTSTATUS NTAPI
#else
#define NTSERVICE _Must_inspect_result_ NTSTATUS NTAPI
typedef PVOID PIO_APC_ROUTINE;
#endif

/* Ps */
NTSERVICE NtCreateProcess(HANDLE __user *ProcessHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE ParentProcess, BOOLEAN InheritObjectTable,
    HANDLE SectionHandle, HANDLE DebugPort, HANDLE ExceptionPort);
NTSERVICE NtCreateProcessEx(HANDLE __user *ProcessHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE ParentProcess, ULONG Flags,
    HANDLE SectionHandle, HANDLE DebugPort, HANDLE ExceptionPort, ULONG JobMemberLevel);
NTSERVICE NtCreateThread(HANDLE __user *ThreadHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE ProcessHandle, CLIENT_ID __user *ClientId,
    CONTEXT __user *ThreadContext, INITIAL_TEB __user *InitialTeb, BOOLEAN CreateSuspended);
NTSERVICE NtOpenProcess(HANDLE __user *ProcessHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, CLIENT_ID __user *ClientId);
NTSERVICE NtOpenThread(HANDLE __user *ThreadHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, CLIENT_ID __user *ClientId);
NTSERVICE NtTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus);
NTSERVICE NtTerminateThread(HANDLE ThreadHandle, NTSTATUS ExitStatus);
NTSERVICE NtSuspendThread(HANDLE ThreadHandle, ULONG __user *PreviousSuspendCount);
NTSERVICE NtResumeThread(HANDLE ThreadHandle, ULONG __user *PreviousSuspendCount);
NTSERVICE NtSuspendProcess(HANDLE ProcessHandle);
NTSERVICE NtResumeProcess(HANDLE ProcessHandle);
NTSERVICE NtAlertThread(HANDLE ThreadHandle);
NTSERVICE NtAlertResumeThread(HANDLE ThreadHandle, ULONG __user *PreviousSuspendCount);
NTSERVICE NtTestAlert(void);
NTSERVICE NtQueueApcThread(HANDLE ThreadHandle, PNT_APC_ROUTINE ApcRoutine, PVOID Context,
    PVOID Argument1, PVOID Argument2);
NTSERVICE NtGetContextThread(HANDLE ThreadHandle, CONTEXT __user *ThreadContext);
NTSERVICE NtSetContextThread(HANDLE ThreadHandle, CONTEXT __user *ThreadContext);
NTSERVICE NtQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength);
NTSERVICE NtSetInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS InformationClass,
    void __user *Information, ULONG Length);
NTSERVICE NtQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength);
NTSERVICE NtSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS InformationClass,
    void __user *Information, ULONG Length);
NTSERVICE NtRegisterThreadTerminatePort(HANDLE PortHandle);

/* Ke */
NTSERVICE NtContinue(CONTEXT __user *Context, BOOLEAN TestAlert);
NTSERVICE NtRaiseException(
    EXCEPTION_RECORD __user *ExceptionRecord, CONTEXT __user *Context, BOOLEAN FirstChance);
NTSERVICE NtDelayExecution(BOOLEAN Alertable, LARGE_INTEGER __user *DelayInterval);
NTSERVICE NtYieldExecution(void);
NTSERVICE NtTraceEvent(HANDLE TraceHandle, ULONG Flags, ULONG FieldSize, void __user *Fields);

/* Mm */
NTSERVICE NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID __user *BaseAddress,
    ULONG_PTR ZeroBits, SIZE_T __user *RegionSize, ULONG AllocationType, ULONG Protect);
NTSERVICE NtFreeVirtualMemory(
    HANDLE ProcessHandle, PVOID __user *BaseAddress, SIZE_T __user *RegionSize, ULONG FreeType);
NTSERVICE NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID __user *BaseAddress,
    SIZE_T __user *RegionSize, ULONG NewProtect, ULONG __user *OldProtect);
NTSERVICE NtQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress,
    MEMORY_INFORMATION_CLASS InformationClass, void __user *Information, SIZE_T Length,
    SIZE_T __user *ReturnLength);
NTSERVICE NtReadVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, void __user *Buffer,
    SIZE_T NumberOfBytes, SIZE_T __user *NumberOfBytesRead);
NTSERVICE NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, void __user *Buffer,
    SIZE_T NumberOfBytes, SIZE_T __user *NumberOfBytesWritten);
NTSERVICE NtCreateSection(HANDLE __user *SectionHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, LARGE_INTEGER __user *MaximumSize,
    ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle);
NTSERVICE NtOpenSection(HANDLE __user *SectionHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID __user *BaseAddress,
    ULONG_PTR ZeroBits, SIZE_T CommitSize, LARGE_INTEGER __user *SectionOffset,
    SIZE_T __user *ViewSize, SECTION_INHERIT InheritDisposition, ULONG AllocationType,
    ULONG Win32Protect);
NTSERVICE NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress);
NTSERVICE NtQuerySection(HANDLE SectionHandle, SECTION_INFORMATION_CLASS InformationClass,
    void __user *Information, SIZE_T Length, SIZE_T __user *ReturnLength);

/* Ob */
NTSERVICE NtClose(HANDLE Handle);
NTSERVICE NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle,
    HANDLE TargetProcessHandle, HANDLE __user *TargetHandle, ACCESS_MASK DesiredAccess,
    ULONG HandleAttributes, ULONG Options);
NTSERVICE NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength);
NTSERVICE NtSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length);
NTSERVICE NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
    void __user *SecurityDescriptor, ULONG Length, ULONG __user *LengthNeeded);
NTSERVICE NtSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
    void __user *SecurityDescriptor);
NTSERVICE NtCreateDirectoryObject(HANDLE __user *DirectoryHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtOpenDirectoryObject(HANDLE __user *DirectoryHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtQueryDirectoryObject(HANDLE DirectoryHandle, void __user *Buffer, ULONG Length,
    BOOLEAN ReturnSingleEntry, BOOLEAN RestartScan, ULONG __user *Context,
    ULONG __user *ReturnLength);
NTSERVICE NtMakePermanentObject(HANDLE Handle);
NTSERVICE NtMakeTemporaryObject(HANDLE Handle);
NTSERVICE NtCreateSymbolicLinkObject(HANDLE __user *LinkHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, UNICODE_STRING __user *LinkTarget);
NTSERVICE NtOpenSymbolicLinkObject(HANDLE __user *LinkHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtQuerySymbolicLinkObject(
    HANDLE LinkHandle, UNICODE_STRING __user *LinkTarget, ULONG __user *ReturnedLength);
NTSERVICE NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, LARGE_INTEGER __user *Timeout);
NTSERVICE NtWaitForMultipleObjects(ULONG Count, HANDLE __user *Handles, WAIT_TYPE WaitType,
    BOOLEAN Alertable, LARGE_INTEGER __user *Timeout);

/* Ex */
NTSERVICE NtCreateEvent(HANDLE __user *EventHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, EVENT_TYPE EventType, BOOLEAN InitialState);
NTSERVICE NtOpenEvent(HANDLE __user *EventHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtSetEvent(HANDLE EventHandle, LONG __user *PreviousState);
NTSERVICE NtResetEvent(HANDLE EventHandle, LONG __user *PreviousState);
NTSERVICE NtClearEvent(HANDLE EventHandle);
NTSERVICE NtPulseEvent(HANDLE EventHandle, LONG __user *PreviousState);
NTSERVICE NtQueryEvent(HANDLE EventHandle, EVENT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength);
NTSERVICE NtCreateMutant(HANDLE __user *MutantHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, BOOLEAN InitialOwner);
NTSERVICE NtOpenMutant(HANDLE __user *MutantHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtReleaseMutant(HANDLE MutantHandle, LONG __user *PreviousCount);
NTSERVICE NtQueryMutant(HANDLE MutantHandle, MUTANT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength);
NTSERVICE NtCreateSemaphore(HANDLE __user *SemaphoreHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, LONG InitialCount, LONG MaximumCount);
NTSERVICE NtOpenSemaphore(HANDLE __user *SemaphoreHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtReleaseSemaphore(
    HANDLE SemaphoreHandle, LONG ReleaseCount, LONG __user *PreviousCount);
NTSERVICE NtQuerySemaphore(HANDLE SemaphoreHandle, SEMAPHORE_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength);
NTSERVICE NtCreateTimer(HANDLE __user *TimerHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, TIMER_TYPE TimerType);
NTSERVICE NtOpenTimer(HANDLE __user *TimerHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtSetTimer(HANDLE TimerHandle, LARGE_INTEGER __user *DueTime,
    PTIMER_APC_ROUTINE TimerApcRoutine, PVOID TimerContext, BOOLEAN ResumeTimer, LONG Period,
    BOOLEAN __user *PreviousState);
NTSERVICE NtCancelTimer(HANDLE TimerHandle, BOOLEAN __user *CurrentState);
NTSERVICE NtQueryTimer(HANDLE TimerHandle, TIMER_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength);
NTSERVICE NtCreateKeyedEvent(HANDLE __user *KeyedEventHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, ULONG Flags);
NTSERVICE NtOpenKeyedEvent(HANDLE __user *KeyedEventHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtWaitForKeyedEvent(
    HANDLE KeyedEventHandle, PVOID Key, BOOLEAN Alertable, LARGE_INTEGER __user *Timeout);
NTSERVICE NtReleaseKeyedEvent(
    HANDLE KeyedEventHandle, PVOID Key, BOOLEAN Alertable, LARGE_INTEGER __user *Timeout);
NTSERVICE NtSignalAndWaitForSingleObject(
    HANDLE SignalHandle, HANDLE WaitHandle, BOOLEAN Alertable, LARGE_INTEGER __user *Timeout);
NTSERVICE NtQuerySystemTime(LARGE_INTEGER __user *SystemTime);
NTSERVICE NtQueryPerformanceCounter(
    LARGE_INTEGER __user *PerformanceCounter, LARGE_INTEGER __user *PerformanceFrequency);
NTSERVICE NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength);
NTSERVICE NtDisplayString(UNICODE_STRING __user *String);
NTSERVICE NtRaiseHardError(NTSTATUS ErrorStatus, ULONG NumberOfParameters,
    ULONG UnicodeStringParameterMask, ULONG_PTR __user *Parameters, ULONG ValidResponseOptions,
    ULONG __user *Response);
#ifdef _WIN32
NTSERVICE NtShutdownSystem(ULONG Action);
#else
NTSERVICE NtShutdownSystem(SHUTDOWN_ACTION Action);
#endif

/* Io */
NTSERVICE NtOpenFile(HANDLE __user *FileHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, IO_STATUS_BLOCK __user *IoStatusBlock,
    ULONG ShareAccess, ULONG OpenOptions);
NTSERVICE NtCreateFile(HANDLE __user *FileHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, IO_STATUS_BLOCK __user *IoStatusBlock,
    LARGE_INTEGER __user *AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
    ULONG CreateDisposition, ULONG CreateOptions, void __user *EaBuffer, ULONG EaLength);
NTSERVICE NtReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
    IO_STATUS_BLOCK __user *IoStatusBlock, void __user *Buffer, ULONG Length,
    LARGE_INTEGER __user *ByteOffset, ULONG __user *Key);
NTSERVICE NtWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext, IO_STATUS_BLOCK __user *IoStatusBlock, void __user *Buffer, ULONG Length,
    LARGE_INTEGER __user *ByteOffset, ULONG __user *Key);
NTSERVICE NtQueryInformationFile(HANDLE FileHandle, IO_STATUS_BLOCK __user *IoStatusBlock,
    void __user *Information, ULONG Length, FILE_INFORMATION_CLASS InformationClass);
NTSERVICE NtSetInformationFile(HANDLE FileHandle, IO_STATUS_BLOCK __user *IoStatusBlock,
    void __user *Information, ULONG Length, FILE_INFORMATION_CLASS InformationClass);
NTSERVICE NtQueryAttributesFile(
    OBJECT_ATTRIBUTES __user *ObjectAttributes, FILE_BASIC_INFORMATION __user *Information);

NTSERVICE NtCreateIoCompletion(HANDLE __user *IoCompletionHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, ULONG Count);
NTSERVICE NtOpenIoCompletion(HANDLE __user *IoCompletionHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes);
NTSERVICE NtSetIoCompletion(HANDLE IoCompletionHandle, PVOID KeyContext, PVOID ApcContext,
    NTSTATUS IoStatus, ULONG_PTR IoStatusInformation);
NTSERVICE NtRemoveIoCompletion(HANDLE IoCompletionHandle, PVOID __user *KeyContext,
    PVOID __user *ApcContext, IO_STATUS_BLOCK __user *IoStatusBlock,
    LARGE_INTEGER __user *Timeout);
NTSERVICE NtQueryIoCompletion(HANDLE IoCompletionHandle,
    IO_COMPLETION_INFORMATION_CLASS InformationClass, void __user *Information, ULONG Length,
    ULONG __user *ReturnLength);

/* Lpc */
NTSERVICE NtCreatePort(HANDLE __user *PortHandle, OBJECT_ATTRIBUTES __user *ObjectAttributes,
    ULONG MaxConnectionInfoLength, ULONG MaxMessageLength, ULONG MaxPoolUsage);
NTSERVICE NtConnectPort(HANDLE __user *PortHandle, UNICODE_STRING __user *PortName,
    void __user *SecurityQos, PORT_VIEW __user *ClientView, REMOTE_PORT_VIEW __user *ServerView,
    ULONG __user *MaxMessageLength, void __user *ConnectionInformation,
    ULONG __user *ConnectionInformationLength);
NTSERVICE NtAcceptConnectPort(HANDLE __user *PortHandle, PVOID PortContext,
    PORT_MESSAGE __user *ConnectionRequest, BOOLEAN AcceptConnection,
    PORT_VIEW __user *ServerView, REMOTE_PORT_VIEW __user *ClientView);
NTSERVICE NtCompleteConnectPort(HANDLE PortHandle);
NTSERVICE NtReplyWaitReceivePort(HANDLE PortHandle, PVOID __user *PortContext,
    PORT_MESSAGE __user *ReplyMessage, PORT_MESSAGE __user *ReceiveMessage);
NTSERVICE NtReplyPort(HANDLE PortHandle, PORT_MESSAGE __user *ReplyMessage);
NTSERVICE NtRequestPort(HANDLE PortHandle, PORT_MESSAGE __user *RequestMessage);
NTSERVICE NtRequestWaitReplyPort(HANDLE PortHandle, PORT_MESSAGE __user *RequestMessage,
    PORT_MESSAGE __user *ReplyMessage);
