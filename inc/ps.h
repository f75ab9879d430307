/* SPDX-License-Identifier: MIT */
/*
 * Ps, processes and threads: EPROCESS and ETHREAD and what other layers may call.
 * ps/psp.h is private.  Reading order: ps/create.c, ps/thread.c, ps/start.c,
 * ps/exit.c.
 */
#pragma once
#include "ex.h"
#include "io.h"
#include "lpc.h"
#include "mm.h"
#include "se.h"

/* EPROCESS.Flags, NT's bits; changed with interlocked operations. */
#define PSF_CREATE_REPORTED      0x00000001 /* process-create notification done */
#define PSF_NO_DEBUG_INHERIT     0x00000002
#define PSF_PROCESS_EXITING      0x00000004
#define PSF_PROCESS_DELETE       0x00000008 /* no new threads */
#define PSF_VM_DELETED           0x00000020
#define PSF_BREAK_ON_TERMINATION 0x00002000
#define PSF_OVERRIDE_ADDRESS_SPACE 0x00020000
#define PSF_HAS_ADDRESS_SPACE    0x00040000

/*
 * Guards: [p] ProcessLock, [l] the process-list lock, [i] interlocked, [c] constant
 * once the process has a handle; the rest belongs to its layer.
 */
typedef struct _EPROCESS {
    KPROCESS Pcb;
    KGUARDED_MUTEX ProcessLock;
    LARGE_INTEGER CreateTime;         /* [c] */
    LARGE_INTEGER ExitTime;           /* [p] */
    EX_RUNDOWN_REF RundownProtect;    /* held by who uses its handles or address space */
    HANDLE UniqueProcessId;           /* [c] entry of PspCidTable */
    LIST_ENTRY ActiveProcessLinks;    /* [l] PsActiveProcessHead; empty if not in it */
    PVOID DebugPort;                  /* always NULL: no debug objects yet */
    PVOID ExceptionPort;              /* [p] set once */
    PTOKEN Token;                     /* [c] */
    PSECTION SectionObject;           /* dropped by the last thread's exit */
    PVOID SectionBaseAddress;         /* [c] */
    HANDLE InheritedFromUniqueProcessId; /* [c] */
    CHAR ImageFileName[16];           /* [c] at most 15 characters and a zero */
    LIST_ENTRY ThreadListHead;        /* [p] ETHREAD.ThreadListEntry */
    ULONG ActiveThreads;              /* [p] */
    ULONG ThreadsEver;                /* [p] */
    ULONG DefaultHardErrorProcessing;
    NTSTATUS LastThreadExitStatus;    /* [p] */
    PEB __user *Peb;                  /* [c] */
    volatile ULONG Flags;             /* [i] PSF_... */
    NTSTATUS ExitStatus;              /* [p] STATUS_PENDING while it runs */
    UCHAR PriorityClass;
    ULONG SessionId;
    MM_ADDRESS_SPACE Vm;
} EPROCESS, *PEPROCESS;

/* ETHREAD.CrossThreadFlags, NT's bits; changed with interlocked operations. */
#define CT_TERMINATED           0x00000001
#define CT_DEAD_THREAD          0x00000002 /* made in vain: runs only to exit */
#define CT_HIDE_FROM_DEBUGGER   0x00000004
#define CT_SYSTEM_THREAD        0x00000010
#define CT_BREAK_ON_TERMINATION 0x00000040

typedef struct _ETHREAD {
    KTHREAD Tcb;
    LARGE_INTEGER CreateTime;
    LARGE_INTEGER ExitTime;
    NTSTATUS ExitStatus;           /* STATUS_PENDING while it runs */
    LIST_ENTRY ReaperLink;
    CLIENT_ID Cid;                 /* [c] */
    LPC_THREAD Lpc;
    PEPROCESS ThreadsProcess;      /* [c] referenced */
    PVOID StartAddress;            /* [c] user: first Eip; system: routine */
    PVOID Win32StartAddress;
    LIST_ENTRY ThreadListEntry;    /* [p] of its process; empty if not in it */
    EX_RUNDOWN_REF RundownProtect; /* held by who sends it APCs */
    volatile ULONG CrossThreadFlags; /* [i] CT_... */
    KAPC ExitApc;                  /* so that ending a thread needs no memory */
    ULONG LastAttempt;             /* creation attempt that already made a process */
} ETHREAD, *PETHREAD;

extern POBJECT_TYPE PsProcessType;
extern POBJECT_TYPE PsThreadType;
extern PEPROCESS PsInitialSystemProcess;

FORCEINLINE PETHREAD PsGetCurrentThread(void)
{
    return CONTAINING_RECORD(KeGetCurrentThread(), ETHREAD, Tcb);
}

/* The process the current thread is attached to. */
FORCEINLINE PEPROCESS PsGetCurrentProcess(void)
{
    return CONTAINING_RECORD(KeGetCurrentProcess(), EPROCESS, Pcb);
}

/* ---- Start (ps/init.c, ps/sysdll.c, ps/launch.c) ----------------------------------- */

/* Types, CID table, the System process, and its first thread, which runs Phase1. */
_Must_inspect_result_ NTSTATUS PsInitSystem(PKSTART_ROUTINE Phase1);
/* Maps ntdll and finds its entry points; on failure *Which says what was missing. */
_Must_inspect_result_ NTSTATUS PsLocateSystemDll(_Out_ const CHAR **Which);

/*
 * PsLaunchProgram - a native process made by the kernel itself: smss, test programs.
 *
 * Path is an NT path such as \SystemRoot\system32\smss.exe.  The process starts
 * with standard handles on the console.  *Process: referenced.
 */
_Must_inspect_result_ NTSTATUS PsLaunchProgram(
    PCWSTR Path, PCWSTR CommandLine, _Out_ PEPROCESS *Process);

/* ---- Threads of the kernel (ps/thread.c) ---------------------------------------------- */

_Must_inspect_result_ NTSTATUS PsCreateSystemThread(
    PKSTART_ROUTINE StartRoutine, PVOID StartContext, _Out_ PETHREAD *Thread);
DECLSPEC_NORETURN void PsTerminateSystemThread(NTSTATUS ExitStatus);

/* ---- Freezing (ps/suspend.c) ------------------------------------------------------------- */

void PsFreezeProcess(PEPROCESS Process);
void PsThawProcess(PEPROCESS Process);

/* ---- Look-up (ps/cid.c) ------------------------------------------------------------------ */

_Must_inspect_result_ NTSTATUS PsLookupProcessByProcessId(
    HANDLE ProcessId, _Out_ PEPROCESS *Process);
_Must_inspect_result_ NTSTATUS PsLookupThreadByThreadId(HANDLE ThreadId, _Out_ PETHREAD *Thread);

/* ---- Notify routines (ps/notify.c) ----------------------------------------------------------- */

typedef void (*PCREATE_PROCESS_NOTIFY_ROUTINE)(HANDLE ParentId, HANDLE ProcessId, BOOLEAN Create);
typedef void (*PCREATE_THREAD_NOTIFY_ROUTINE)(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create);
#define PSP_MAX_NOTIFY 8
_Must_inspect_result_ NTSTATUS PsSetCreateProcessNotifyRoutine(
    PCREATE_PROCESS_NOTIFY_ROUTINE Routine, BOOLEAN Remove);
_Must_inspect_result_ NTSTATUS PsSetCreateThreadNotifyRoutine(
    PCREATE_THREAD_NOTIFY_ROUTINE Routine);
_Must_inspect_result_ NTSTATUS PsRemoveCreateThreadNotifyRoutine(
    PCREATE_THREAD_NOTIFY_ROUTINE Routine);

/* ---- Exit (ps/exit.c, ps/reaper.c) ---------------------------------------------------------------- */

DECLSPEC_NORETURN void PspExitThread(NTSTATUS ExitStatus);
void PsDrainReaper(void); /* waits until every dead thread has been buried */
