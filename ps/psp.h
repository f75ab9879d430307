/* SPDX-License-Identifier: MIT */
/*
 * Ps's own: what the files of ps/ share.
 */
#pragma once
#include "nt/native.h"
#include "ps.h"

#define TAG_PS POOL_TAG('P', 's', 'x', ' ')

extern PHANDLE_TABLE PspCidTable;
extern LIST_ENTRY PsActiveProcessHead;
extern KGUARDED_MUTEX PspProcessListLock;
extern ULONG PspProcessCount;

/* ntdll, the same in every process (ps/sysdll.c). */
extern PSECTION PspSystemDllSection;
extern PVOID PspSystemDllBase;
extern PVOID PspLdrInitializeThunk;
_Must_inspect_result_ NTSTATUS PspMapSystemDll(PEPROCESS Process);

_Must_inspect_result_ NTSTATUS PspCreateProcess(HANDLE __user *ProcessHandle,
    ACCESS_MASK DesiredAccess, OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE ParentHandle,
    ULONG Flags, HANDLE SectionHandle, HANDLE DebugPort, HANDLE ExceptionPort,
    ULONG JobMemberLevel);
_Must_inspect_result_ NTSTATUS PspCreateSystemProcess(_Out_ PEPROCESS *Process);
void PspSetPriorityClass(PEPROCESS Process, UCHAR Class);

/* Object-type routines (ps/delete.c). */
void PspDeleteProcess(PVOID Object);
void PspDeleteThread(PVOID Object);

/* First routines of threads (ps/start.c); they run on the thread's kernel stack. */
void PspUserThreadStartup(PVOID StartRoutine, PVOID StartContext);
void PspSystemThreadStartup(PVOID StartRoutine, PVOID StartContext);
/* The TEB says it, too.  In the thread's address space. */
void PspWriteIdealProcessor(PETHREAD Thread);

/* Notification (ps/notify.c); return how many routines were called. */
ULONG PspCallProcessNotify(PEPROCESS Process, BOOLEAN Create);
ULONG PspCallThreadNotify(PETHREAD Thread, BOOLEAN Create);
void PspInitializeNotify(void);

/* Ends a thread: at once if it is the caller's own, else by APC (ps/terminate.c). */
_Must_inspect_result_ NTSTATUS PspTerminateThreadByPointer(PETHREAD Thread, NTSTATUS ExitStatus);
/* Next thread of a process that can still be referenced; drops the one given. */
PETHREAD PspGetNextProcessThread(PEPROCESS Process, _In_opt_ PETHREAD Thread);
DECLSPEC_NORETURN void PspTerminateCurrentProcess(NTSTATUS Status);

/* Dead threads (ps/reaper.c). */
_Must_inspect_result_ NTSTATUS PspStartReaper(void);
void PspAnnounceDeath(void);
void PspReapThread(PKTHREAD Thread);

/* Sends an exception to the process's exception port (ps/exception.c). */
BOOLEAN PspForwardException(PEXCEPTION_RECORD Record);
