/* SPDX-License-Identifier: MIT */
/*
 * Services on a thread by handle: suspend, resume, alert, user APCs.  Those on all
 * threads of a process, and freezing them for a debugger's sake.
 *
 * The mechanisms are Ke's; here the handle is checked and the count returned.
 */
#include "ps/psp.h"

/* Threads that nobody stops any more: who waits for their end would not see it. */
#define PSP_ENDING (CT_TERMINATED | CT_DEAD_THREAD)

static NTSTATUS PspReferenceThread(HANDLE Handle, ACCESS_MASK Access, _Out_ PETHREAD *Thread)
{
    PVOID Object;
    NTSTATUS Status = ObReferenceObjectByHandle(
        Handle, Access, PsThreadType, KeGetPreviousMode(), &Object, NULL);

    if (NT_SUCCESS(Status)) {
        *Thread = Object;
    }
    return Status;
}

/* The previous count is optional; writing it is the last thing a service does. */
static NTSTATUS PspReturnCount(ULONG __user *Previous, ULONG Count)
{
    return Previous != NULL ? MmWriteUlongToUser(Previous, Count) : STATUS_SUCCESS;
}

static NTSTATUS PspProbeCount(ULONG __user *Previous)
{
    return Previous != NULL ? MmProbeForWrite(Previous, sizeof(ULONG), sizeof(ULONG))
                            : STATUS_SUCCESS;
}

/* Normal kernel APCs, that of suspension among them, are disabled. */
static NTSTATUS PspSuspendUnlessTerminating(PETHREAD Thread, _Out_ PULONG Previous)
{
    if (!ExAcquireRundownProtection(&Thread->RundownProtect)) {
        return STATUS_THREAD_IS_TERMINATING;
    }
    NTSTATUS Status = (Thread->CrossThreadFlags & PSP_ENDING) != 0
        ? STATUS_THREAD_IS_TERMINATING : KeSuspendThread(&Thread->Tcb, Previous);

    if ((Thread->CrossThreadFlags & PSP_ENDING) != 0 && NT_SUCCESS(Status)) {
        KeForceResumeThread(&Thread->Tcb); /* it was told to end between the two */
        Status = STATUS_THREAD_IS_TERMINATING;
    }
    ExReleaseRundownProtection(&Thread->RundownProtect);
    return Status;
}

/*
 * PspSuspendThread - STATUS_THREAD_IS_TERMINATING once it is; SUSPEND_COUNT_EXCEEDED at 127.
 *
 * A thread that suspends itself stops at the end of the region and not before it has
 * looked whether it was told to end: nobody else would resume it then.
 * tests/model/suspend.pml shows why.
 */
static NTSTATUS PspSuspendThread(PETHREAD Thread, _Out_ PULONG Previous)
{
    NTSTATUS Status;

    KeEnterCriticalRegion();
    Status = PspSuspendUnlessTerminating(Thread, Previous);
    KeLeaveCriticalRegion();
    return Status;
}

/* A thread that is ending, or suspended as often as can be, is left as it is. */
static void PspSuspendOneOfMany(PETHREAD Thread)
{
    ULONG Previous;

    (void)!NT_SUCCESS(PspSuspendUnlessTerminating(Thread, &Previous));
}

static void PspResumeOneOfMany(PETHREAD Thread)
{
    KeTrace(TracePspResume, Thread->Tcb.ThreadId, KeResumeThread(&Thread->Tcb));
}

/*
 * PspForEachThread - Routine for every thread that the process has now.
 *
 * PROCESS_IS_TERMINATING after its last one.  A caller that suspends its own process
 * stops at the end of the region: then all others have been told to, and it holds
 * nothing that an exit would wait for.
 */
static NTSTATUS PspForEachThread(HANDLE ProcessHandle, void (*Routine)(PETHREAD Thread))
{
    PVOID Object;
    NTSTATUS Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_SUSPEND_RESUME,
        PsProcessType, KeGetPreviousMode(), &Object, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PEPROCESS Process = Object;
    PETHREAD Thread = NULL;

    KeEnterCriticalRegion();
    if (ExAcquireRundownProtection(&Process->RundownProtect)) {
        while ((Thread = PspGetNextProcessThread(Process, Thread)) != NULL) {
            Routine(Thread);
        }
        ExReleaseRundownProtection(&Process->RundownProtect);
    } else {
        Status = STATUS_PROCESS_IS_TERMINATING;
    }
    KeLeaveCriticalRegion();
    ObDereferenceObject(Process);
    return Status;
}

/*
 * PsFreezeProcess - stops all threads of a process but the caller.
 *
 * Until it calls PsThawProcess, the caller cannot be stopped itself.  Threads that the
 * process is given meanwhile run.
 */
void PsFreezeProcess(PEPROCESS Process)
{
    PETHREAD Thread = NULL;

    KeEnterCriticalRegion();
    while ((Thread = PspGetNextProcessThread(Process, Thread)) != NULL) {
        if (Thread != PsGetCurrentThread() && KeFreezeThread(&Thread->Tcb) &&
            (Thread->CrossThreadFlags & CT_TERMINATED) != 0) {
            KeForceResumeThread(&Thread->Tcb); /* it was told to end, and will */
        }
    }
}

/* Undoes one PsFreezeProcess of the same caller. */
void PsThawProcess(PEPROCESS Process)
{
    PETHREAD Thread = NULL;

    while ((Thread = PspGetNextProcessThread(Process, Thread)) != NULL) {
        KeThawThread(&Thread->Tcb);
    }
    KeLeaveCriticalRegion();
}

NTSTATUS NTAPI NtSuspendThread(HANDLE ThreadHandle, ULONG __user *PreviousSuspendCount)
{
    PETHREAD Thread;
    ULONG Previous;
    NTSTATUS Status = PspProbeCount(PreviousSuspendCount);

    if (NT_SUCCESS(Status)) {
        Status = PspReferenceThread(ThreadHandle, THREAD_SUSPEND_RESUME, &Thread);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspSuspendThread(Thread, &Previous);
        ObDereferenceObject(Thread);
    }
    return NT_SUCCESS(Status) ? PspReturnCount(PreviousSuspendCount, Previous) : Status;
}

NTSTATUS NTAPI NtResumeThread(HANDLE ThreadHandle, ULONG __user *PreviousSuspendCount)
{
    PETHREAD Thread;
    ULONG Previous;
    NTSTATUS Status = PspProbeCount(PreviousSuspendCount);

    if (NT_SUCCESS(Status)) {
        Status = PspReferenceThread(ThreadHandle, THREAD_SUSPEND_RESUME, &Thread);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Previous = KeResumeThread(&Thread->Tcb);
    KeTrace(TracePspResume, Thread->Tcb.ThreadId, Previous);
    ObDereferenceObject(Thread);
    return PspReturnCount(PreviousSuspendCount, Previous);
}

NTSTATUS NTAPI NtSuspendProcess(HANDLE ProcessHandle)
{
    return PspForEachThread(ProcessHandle, PspSuspendOneOfMany);
}

/* Each of its threads once, also one that was suspended by itself. */
NTSTATUS NTAPI NtResumeProcess(HANDLE ProcessHandle)
{
    return PspForEachThread(ProcessHandle, PspResumeOneOfMany);
}

NTSTATUS NTAPI NtAlertThread(HANDLE ThreadHandle)
{
    PETHREAD Thread;
    NTSTATUS Status = PspReferenceThread(ThreadHandle, THREAD_ALERT, &Thread);

    if (NT_SUCCESS(Status)) {
        (void)KeAlertThread(&Thread->Tcb, KeGetPreviousMode());
        ObDereferenceObject(Thread);
    }
    return Status;
}

NTSTATUS NTAPI NtAlertResumeThread(HANDLE ThreadHandle, ULONG __user *PreviousSuspendCount)
{
    PETHREAD Thread;
    ULONG Previous;
    NTSTATUS Status = PspProbeCount(PreviousSuspendCount);

    if (NT_SUCCESS(Status)) {
        Status = PspReferenceThread(ThreadHandle, THREAD_SUSPEND_RESUME, &Thread);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Previous = KeAlertResumeThread(&Thread->Tcb);
    ObDereferenceObject(Thread);
    return PspReturnCount(PreviousSuspendCount, Previous);
}

NTSTATUS NTAPI NtTestAlert(void)
{
    return KeTestAlertThread(KeGetPreviousMode()) ? STATUS_ALERTED : STATUS_SUCCESS;
}

static void PspFreeApc(PKAPC Apc)
{
    ExFreePoolWithTag(Apc, TAG_PS);
}

/* The APC's storage goes before its user routine is entered. */
static void PspQueueApcSpecialApc(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine,
    PVOID *NormalContext, PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    PspFreeApc(Apc);
}

static NTSTATUS PspQueueUserApc(
    PETHREAD Thread, PNT_APC_ROUTINE Routine, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    if ((Thread->CrossThreadFlags & CT_SYSTEM_THREAD) != 0) {
        return STATUS_INVALID_HANDLE; /* it has no user mode to run it in */
    }
    PKAPC Apc = ExAllocatePoolWithTag(NonPagedPool, sizeof(KAPC), TAG_PS);

    if (Apc == NULL) {
        return STATUS_NO_MEMORY;
    }
    KeInitializeApc(Apc, &Thread->Tcb, OriginalApcEnvironment, PspQueueApcSpecialApc, PspFreeApc,
        (PKNORMAL_ROUTINE)(PVOID)Routine, UserMode, Context);
    if (!KeInsertQueueApc(Apc, Argument1, Argument2, 0)) {
        PspFreeApc(Apc);
        return STATUS_UNSUCCESSFUL;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtQueueApcThread(HANDLE ThreadHandle, PNT_APC_ROUTINE ApcRoutine, PVOID Context,
    PVOID Argument1, PVOID Argument2)
{
    PETHREAD Thread;
    NTSTATUS Status = PspReferenceThread(ThreadHandle, THREAD_SET_CONTEXT, &Thread);

    if (NT_SUCCESS(Status)) {
        Status = PspQueueUserApc(Thread, ApcRoutine, Context, Argument1, Argument2);
        ObDereferenceObject(Thread);
    }
    return Status;
}
