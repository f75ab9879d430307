/* SPDX-License-Identifier: MIT */
/*
 * Phase 7: a thread ends, and with the last one its process.
 *
 * PspExitThread runs in the dying thread and does not return.  Its stages are
 * numbered as in docs/process-creation.md and follow NT's order: nobody who waits
 * for the process is woken before its handles are closed and its memory is gone,
 * and the process is signalled before its last thread.
 *
 * Lock order: ProcessLock alone; never held over a wait.
 * Read next: ps/reaper.c, ps/delete.c.
 */
#include "ps/psp.h"

/* Stage 1: states in which a thread must not end. */
static void PspCheckExitState(PETHREAD Thread)
{
    if (KeIsAttachedProcess()) {
        KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Thread, 0, 0, 0);
    }
    if (KeAreApcsDisabled()) {
        KeBugCheckEx(KERNEL_APC_PENDING_DURING_EXIT, (ULONG_PTR)Thread,
            (ULONG)Thread->Tcb.KernelApcDisable, 0, 0);
    }
}

/* A thread of the list that is still on its way out, referenced; NULL: none. */
static PETHREAD PspFindUnfinishedThread(PEPROCESS Process)
{
    PETHREAD Thread = NULL;

    while ((Thread = PspGetNextProcessThread(Process, Thread)) != NULL) {
        if (Thread != PsGetCurrentThread() && Thread->Tcb.Header.SignalState == 0) {
            break;
        }
    }
    return Thread;
}

/*
 * Stage 3: leave the count of active threads.  TRUE: this was the last one; then the
 * process takes its exit status and all the others have finished.
 */
static BOOLEAN PspLeaveProcess(PEPROCESS Process, NTSTATUS ExitStatus)
{
    PETHREAD Other;

    KeAcquireGuardedMutex(&Process->ProcessLock);
    BOOLEAN Last = --Process->ActiveThreads == 0;

    if (Last) {
        InterlockedOr(&Process->Flags, PSF_PROCESS_DELETE | PSF_PROCESS_EXITING);
        if (ExitStatus == STATUS_THREAD_IS_TERMINATING && Process->ExitStatus == STATUS_PENDING) {
            Process->ExitStatus = Process->LastThreadExitStatus;
        } else {
            Process->ExitStatus = ExitStatus;
        }
    } else if (ExitStatus != STATUS_THREAD_IS_TERMINATING) {
        Process->LastThreadExitStatus = ExitStatus;
    }
    KeReleaseGuardedMutex(&Process->ProcessLock);

    while (Last && (Other = PspFindUnfinishedThread(Process)) != NULL) {
        (void)KeWaitForSingleObject(Other, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Other);
    }
    return Last;
}

/* Stage 5: tell the ports that asked for it, or else csrss through the exception port. */
static void PspReportDeath(PETHREAD Thread)
{
    PVOID Port = Thread->ThreadsProcess->ExceptionPort;

    if ((Thread->CrossThreadFlags & CT_SYSTEM_THREAD) == 0) {
        KeTrace(TracePspClientDied, TraceP(Port));
        LpcSendClientDied(&Thread->Lpc, Port);
    }
}

/* Stage 7: the user stack, if the thread asked for that, and the TEB. */
static void PspFreeUserThread(PETHREAD Thread)
{
    PEPROCESS Process = Thread->ThreadsProcess;
    TEB __user *Teb = (__force TEB __user *)Thread->Tcb.Teb;
    BOOLEAN FreeStack = FALSE;
    PVOID Stack = NULL;
    SIZE_T Size = 0;

    if (Teb == NULL) {
        return;
    }
    NTSTATUS Status = MmCopyFromUser(&FreeStack, &Teb->FreeStackOnTermination, sizeof(FreeStack));

    if (NT_SUCCESS(Status) && FreeStack) {
        Status = MmCopyFromUser(&Stack, &Teb->DeallocationStack, sizeof(Stack));
        if (NT_SUCCESS(Status)) {
            /* The program may have put nonsense there; then nothing is freed. */
            (void)!NT_SUCCESS(MmFreeVirtualMemory(&Process->Pcb, &Stack, &Size, MEM_RELEASE));
        }
    }
    Thread->Tcb.Teb = NULL;
    MmDeleteTeb(&Process->Pcb, Teb);
}

/* Stage 9, last thread: notification, handles, section. */
static void PspExitProcess(PEPROCESS Process)
{
    KeQuerySystemTime(&Process->ExitTime);
    if ((Process->Flags & PSF_CREATE_REPORTED) != 0) {
        (void)PspCallProcessNotify(Process, FALSE);
    }
    ExWaitForRundownProtectionRelease(&Process->RundownProtect);
    KeTrace(TracePspExitTable, Process->Pcb.ProcessId);
    ObKillProcess(&Process->Pcb);
    if (Process->SectionObject != NULL) {
        ObDereferenceObject(Process->SectionObject);
        Process->SectionObject = NULL;
    }
}

/* Stage 10: no more APCs; those already queued are run down, a kernel one is a bug. */
static void PspRundownApcs(PETHREAD Thread)
{
    Thread->Tcb.ApcQueueable = FALSE;
    KeForceResumeThread(&Thread->Tcb);
    PLIST_ENTRY First = KeFlushQueueApc(&Thread->Tcb, UserMode);

    if (First != NULL) {
        PLIST_ENTRY Entry = First;
        do {
            PKAPC Apc = CONTAINING_RECORD(Entry, KAPC, ApcListEntry);
            Entry = Entry->Flink;
            if (Apc->RundownRoutine != NULL) {
                Apc->RundownRoutine(Apc);
            }
        } while (Entry != First);
    }
    /* The flush above had the queues' lock, so nobody is still putting one there. */
    if (!IsListEmpty(&Thread->Tcb.ApcState.ApcListHead[KernelMode])) {
        KeBugCheckEx(KERNEL_APC_PENDING_DURING_EXIT, (ULONG_PTR)Thread, 0, 0, 0);
    }
}

/* Stage 11, last thread: the address space goes, then who waits for the process wakes. */
static void PspFinishProcess(PEPROCESS Process)
{
    (void)MmCleanProcessAddressSpace(&Process->Pcb);
    InterlockedOr(&Process->Flags, PSF_VM_DELETED);
    KeTraceNamed(TracePhase7, Process->ImageFileName, Process->Pcb.ProcessId,
        (__force ULONG)Process->ExitStatus, Process->ThreadsEver,
        (ULONG)((ULONGLONG)(Process->ExitTime.QuadPart - Process->CreateTime.QuadPart) / 10000));
    (void)KeSetProcess(&Process->Pcb, 0);
}

/*
 * PspExitThread - the current thread ends.
 *
 * IRQL: PASSIVE_LEVEL, no APCs disabled, not attached, no locks.
 */
DECLSPEC_NORETURN void PspExitThread(NTSTATUS ExitStatus)
{
    PETHREAD Thread = PsGetCurrentThread();
    PEPROCESS Process = Thread->ThreadsProcess;

    ASSERT_IRQL(PASSIVE_LEVEL);
    PspCheckExitState(Thread);
    InterlockedOr(&Thread->CrossThreadFlags, CT_TERMINATED);
    /* Its end belongs to its own process's life, whatever it created last. */
    KeTraceAdoptAttempt(Process->Pcb.CreationAttempt);

    /* Stage 2: whoever is about to send this thread something finishes first. */
    ExWaitForRundownProtectionRelease(&Thread->RundownProtect);
    (void)PspCallThreadNotify(Thread, FALSE);

    BOOLEAN Last = PspLeaveProcess(Process, ExitStatus);

    KeTrace(TracePspExitBegin, Thread->Tcb.ThreadId, (__force ULONG)ExitStatus);
    /* Stage 4: some processes the system does not outlive. */
    if (Last && (Process->Flags & PSF_BREAK_ON_TERMINATION) != 0) {
        KeBugCheckEx(CRITICAL_PROCESS_DIED, (ULONG_PTR)Process, 0, 0, 0);
    }
    PspReportDeath(Thread);
    /* Stage 6: no timer calls it any more, owned mutants are abandoned. */
    ExRundownTimers();
    KeRundownThread();
    PspFreeUserThread(Thread);

    /* Stage 8: nobody waits for a reply of ours; the exit status becomes readable. */
    LpcExitThread(&Thread->Lpc);
    Thread->ExitStatus = ExitStatus;
    KeQuerySystemTime(&Thread->ExitTime);
    if (Last) {
        PspExitProcess(Process);
    }
    PspRundownApcs(Thread);
    PspAnnounceDeath(); /* before those who wait for the process can run */
    if (Last) {
        PspFinishProcess(Process);
    }
    KeTerminateThread(0); /* stage 12: signalled; the reaper frees the kernel stack */
}

/* PsTerminateSystemThread - how a system thread ends itself with a status. */
DECLSPEC_NORETURN void PsTerminateSystemThread(NTSTATUS ExitStatus)
{
    PspExitThread(ExitStatus);
}
