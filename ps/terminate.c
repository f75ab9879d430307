/* SPDX-License-Identifier: MIT */
/*
 * Ending threads and processes from outside: NtTerminateThread, NtTerminateProcess.
 *
 * A thread is never killed where it stands: it is told by APC and ends itself on
 * its way back to user mode, when it holds nothing of the kernel's.
 * Read next: ps/exit.c.
 */
#include "ps/psp.h"

/* The APC was dropped unused: the thread was already past delivering any. */
static void PspExitApcRundown(PKAPC Apc)
{
    UNREFERENCED_PARAMETER(Apc);
}

/* Never runs: PsExitSpecialApc does not return when it is a user APC's turn. */
static void PspExitUserRoutine(PVOID NormalContext, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
}

/* Kernel routine of both forms of the APC; Argument2 says which one this is. */
static void PsExitSpecialApc(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
    PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    UNREFERENCED_PARAMETER(Apc);
    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(SystemArgument1);
    if (*SystemArgument2 != NULL) {
        KeLowerIrql(PASSIVE_LEVEL);
        PspExitThread((__force NTSTATUS)(LONG_PTR)*NormalContext);
    }
}

/*
 * PspExitNormalApc - the kernel APC's normal routine: come back as a user APC.
 *
 * It reaches the thread wherever it is, also in a wait; but death must happen on
 * the way to user mode.  So the same APC is queued again, first of the user APCs.
 */
static void PspExitNormalApc(PVOID NormalContext, PVOID Argument1, PVOID Argument2)
{
    PETHREAD Thread = PsGetCurrentThread();

    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KeTrace(TracePspExitApc, Thread->Tcb.ThreadId);
    KeInitializeApc(&Thread->ExitApc, &Thread->Tcb, OriginalApcEnvironment, PsExitSpecialApc,
        PspExitApcRundown, PspExitUserRoutine, UserMode, NormalContext);
    /* Refused only when the thread is ending already. */
    (void)KeInsertQueueUserApcFirst(&Thread->ExitApc, NULL, Thread);
}

/*
 * PspTerminateThreadByPointer - make a thread end with ExitStatus.
 *
 * The calling thread ends at once and does not return.  ACCESS_DENIED: a system
 * thread ends only itself.  A second call is a success that changes nothing.
 */
NTSTATUS PspTerminateThreadByPointer(PETHREAD Thread, NTSTATUS ExitStatus)
{
    if ((Thread->CrossThreadFlags & CT_BREAK_ON_TERMINATION) != 0) {
        KeBugCheckEx(CRITICAL_OBJECT_TERMINATION, ThreadObject, (ULONG_PTR)Thread, 0, 0);
    }
    if (Thread == PsGetCurrentThread()) {
        InterlockedOr(&Thread->CrossThreadFlags, CT_TERMINATED);
        PspExitThread(ExitStatus);
    }
    if ((Thread->CrossThreadFlags & CT_SYSTEM_THREAD) != 0) {
        return STATUS_ACCESS_DENIED;
    }
    if ((InterlockedOr(&Thread->CrossThreadFlags, CT_TERMINATED) & CT_TERMINATED) != 0) {
        return STATUS_SUCCESS;
    }
    KeInitializeApc(&Thread->ExitApc, &Thread->Tcb, OriginalApcEnvironment, PsExitSpecialApc,
        PspExitApcRundown, PspExitNormalApc, KernelMode, (PVOID)(__force LONG_PTR)ExitStatus);
    if (!KeInsertQueueApc(&Thread->ExitApc, NULL, NULL, 2)) {
        return STATUS_UNSUCCESSFUL;
    }
    KeForceResumeThread(&Thread->Tcb);
    return STATUS_SUCCESS;
}

/*
 * PspGetNextProcessThread - the thread after Thread (NULL: the first), referenced.
 *
 * Drops the reference of the one given.  A thread stays in the list until its
 * Delete routine, so one that is referenced still knows its successor.
 */
PETHREAD PspGetNextProcessThread(PEPROCESS Process, PETHREAD Thread)
{
    PETHREAD Found = NULL;

    KeAcquireGuardedMutex(&Process->ProcessLock);
    PLIST_ENTRY Entry = Thread != NULL ? Thread->ThreadListEntry.Flink
                                       : Process->ThreadListHead.Flink;

    for (; Entry != &Process->ThreadListHead && Found == NULL; Entry = Entry->Flink) {
        PETHREAD Candidate = CONTAINING_RECORD(Entry, ETHREAD, ThreadListEntry);
        if (ObReferenceObjectSafe(Candidate)) {
            Found = Candidate;
        }
    }
    KeReleaseGuardedMutex(&Process->ProcessLock);
    if (Thread != NULL) {
        ObDereferenceObject(Thread);
    }
    return Found;
}

/* Ends every thread of a process but the caller's; NOTHING_TO_TERMINATE if it has none at all. */
static NTSTATUS PspTerminateAllThreads(PEPROCESS Process, NTSTATUS ExitStatus)
{
    NTSTATUS Status = STATUS_NOTHING_TO_TERMINATE;
    PETHREAD Thread = NULL;

    while ((Thread = PspGetNextProcessThread(Process, Thread)) != NULL) {
        Status = STATUS_SUCCESS;
        if (Thread != PsGetCurrentThread()) {
            /* One that is ending already needs no telling. */
            (void)!NT_SUCCESS(PspTerminateThreadByPointer(Thread, ExitStatus));
        }
    }
    return Status;
}

static NTSTATUS PspReferenceToTerminate(HANDLE ProcessHandle, _Out_ PEPROCESS *Process)
{
    PVOID Object;

    if (ProcessHandle == NULL) {
        *Process = PsGetCurrentProcess();
        ObReferenceObject(*Process);
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_TERMINATE, PsProcessType,
        KeGetPreviousMode(), &Object, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Process = Object;
    if (*Process == PsInitialSystemProcess) {
        ObDereferenceObject(Object);
        return STATUS_ACCESS_DENIED; /* its threads are system threads */
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus)
{
    PEPROCESS Process;
    NTSTATUS Status = PspReferenceToTerminate(ProcessHandle, &Process);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if ((Process->Flags & PSF_BREAK_ON_TERMINATION) != 0) {
        KeBugCheckEx(CRITICAL_OBJECT_TERMINATION, ProcessObject, (ULONG_PTR)Process, 0, 0);
    }
    KeTrace(TracePspTerminate, Process->Pcb.ProcessId, (__force ULONG)ExitStatus);
    if (!ExAcquireRundownProtection(&Process->RundownProtect)) {
        ObDereferenceObject(Process);
        return STATUS_PROCESS_IS_TERMINATING;
    }
    if (ProcessHandle != NULL) {
        KeAcquireGuardedMutex(&Process->ProcessLock);
        InterlockedOr(&Process->Flags, PSF_PROCESS_DELETE);
        KeReleaseGuardedMutex(&Process->ProcessLock);
    }
    Status = PspTerminateAllThreads(Process, ExitStatus);
    ExReleaseRundownProtection(&Process->RundownProtect);

    BOOLEAN Self = Process == PsGetCurrentProcess();

    if (ProcessHandle != NULL && !Self && Status == STATUS_NOTHING_TO_TERMINATE) {
        ExWaitForRundownProtectionRelease(&Process->RundownProtect);
        ObKillProcess(&Process->Pcb); /* no thread will do it */
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Process); /* the calling thread keeps its own process */
    if (ProcessHandle != NULL && Self) {
        return PspTerminateThreadByPointer(PsGetCurrentThread(), ExitStatus);
    }
    return ProcessHandle == NULL ? STATUS_SUCCESS : Status;
}

NTSTATUS NTAPI NtTerminateThread(HANDLE ThreadHandle, NTSTATUS ExitStatus)
{
    PVOID Thread;

    if (ThreadHandle == NULL) {
        if (PsGetCurrentProcess()->ActiveThreads == 1) {
            return STATUS_CANT_TERMINATE_SELF;
        }
        return PspTerminateThreadByPointer(PsGetCurrentThread(), ExitStatus);
    }
    NTSTATUS Status = ObReferenceObjectByHandle(
        ThreadHandle, THREAD_TERMINATE, PsThreadType, KeGetPreviousMode(), &Thread, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    BOOLEAN Self = Thread == PsGetCurrentThread();

    if (Self) {
        ObDereferenceObject(Thread); /* it keeps one of its own */
    }
    Status = PspTerminateThreadByPointer(Thread, ExitStatus);
    ObDereferenceObject(Thread);
    return Status;
}

/* What Ke calls when nobody handled a user exception. */
DECLSPEC_NORETURN void PspTerminateCurrentProcess(NTSTATUS Status)
{
    PEPROCESS Process = PsGetCurrentProcess();

    KeTrace(TracePspTerminate, Process->Pcb.ProcessId, (__force ULONG)Status);
    if (ExAcquireRundownProtection(&Process->RundownProtect)) {
        KeAcquireGuardedMutex(&Process->ProcessLock);
        InterlockedOr(&Process->Flags, PSF_PROCESS_DELETE);
        KeReleaseGuardedMutex(&Process->ProcessLock);
        (void)!NT_SUCCESS(PspTerminateAllThreads(Process, Status));
        ExReleaseRundownProtection(&Process->RundownProtect);
    }
    PspExitThread(Status);
}
