/* SPDX-License-Identifier: MIT */
/*
 * Phase 3 of a process's birth: NtCreateThread and PspCreateThread.
 *
 * Stages are numbered as in docs/process-creation.md.  Up to the insertion in the
 * process's list a failure dereferences the thread and PspDeleteThread takes it
 * apart.  After it the thread counts, so it is marked dead and allowed to run: it
 * then leaves by the ordinary exit path before reaching user mode, and its
 * creator waits for that.
 *
 * Lock order: the process's rundown protection, then ProcessLock.
 * Read next: ps/start.c (phase 5).
 */
#include "ex/handle.h"
#include "ps/psp.h"

/* What a thread is to be made from. */
typedef struct _PSP_THREAD_CREATION {
    PEPROCESS Process;       /* referenced */
    PKSTART_ROUTINE StartRoutine; /* system thread: its routine */
    PVOID StartContext;
    PCONTEXT Context;        /* user thread: its first registers */
    const INITIAL_TEB *InitialTeb;
    BOOLEAN CreateSuspended;
    PETHREAD Thread;
    BOOLEAN First;           /* of its process */
} PSP_THREAD_CREATION, *PPSP_THREAD_CREATION;

/* Rights every thread has to itself through handle -2. */
#define PSP_THREAD_SELF_ACCESS THREAD_ALL_ACCESS

/* Stage 2: the object, its id, and what LPC keeps in it. */
static NTSTATUS PspBuildThreadObject(
    PPSP_THREAD_CREATION Creation, OBJECT_ATTRIBUTES __user *Attributes)
{
    PVOID Object;
    NTSTATUS Status = ObCreateObject(KeGetPreviousMode(), PsThreadType, Attributes, 0, &Object);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PETHREAD Thread = Object;
    HANDLE_TABLE_ENTRY Entry = {.Object = Thread};

    Creation->Thread = Thread;
    ObReferenceObject(Creation->Process);
    Thread->ThreadsProcess = Creation->Process;
    Thread->ExitStatus = STATUS_PENDING;
    InitializeListHead(&Thread->ThreadListEntry);
    ExInitializeRundownProtection(&Thread->RundownProtect);
    KeQuerySystemTime(&Thread->CreateTime);
    KeTrace(TracePspThreadObject, TraceP(Thread));

    Thread->Cid.UniqueProcess = Creation->Process->UniqueProcessId;
    Thread->Cid.UniqueThread = ExCreateHandle(PspCidTable, &Entry);
    if (Thread->Cid.UniqueThread == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    LpcInitializeThread(&Thread->Lpc, &Thread->Cid, Thread->CreateTime);
    KeTrace(TracePspThreadCid, TraceP(Thread->Cid.UniqueThread));
    return STATUS_SUCCESS;
}

/* Stages 4 to 6 for a user thread: TEB, then KTHREAD with a stack that enters user mode. */
static NTSTATUS PspBuildUserThread(PPSP_THREAD_CREATION Creation)
{
    PETHREAD Thread = Creation->Thread;
    TEB __user *Teb;
    NTSTATUS Status = MmCreateTeb(&Creation->Process->Pcb, Creation->InitialTeb, &Thread->Cid,
        Creation->Process->Peb, &Teb);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Thread->StartAddress = (PVOID)(ULONG_PTR)Creation->Context->Eip;
    Thread->Win32StartAddress = (PVOID)(ULONG_PTR)Creation->Context->Eax;

    Status = KeInitThread(&Thread->Tcb, PspUserThreadStartup, NULL, Thread->StartAddress,
        Creation->Context, (__force PVOID)Teb, &Creation->Process->Pcb);
    if (!NT_SUCCESS(Status)) {
        MmDeleteTeb(&Creation->Process->Pcb, Teb);
    }
    return Status;
}

static NTSTATUS PspBuildSystemThread(PPSP_THREAD_CREATION Creation)
{
    PETHREAD Thread = Creation->Thread;

    Thread->StartAddress = Creation->StartRoutine;
    InterlockedOr(&Thread->CrossThreadFlags, CT_SYSTEM_THREAD);
    NTSTATUS Status = KeInitThread(&Thread->Tcb, PspSystemThreadStartup, Creation->StartRoutine,
        Creation->StartContext, NULL, NULL, &Creation->Process->Pcb);

    Thread->Tcb.SystemThread = TRUE;
    return Status;
}

/* Records name their thread; those of a process's own belong to the attempt that made it. */
static void PspInheritAttempt(PPSP_THREAD_CREATION Creation)
{
    KTHREAD *Tcb = &Creation->Thread->Tcb;

    Tcb->ThreadId = (ULONG)(ULONG_PTR)Creation->Thread->Cid.UniqueThread;
    Tcb->TraceWho = Creation->Process->Pcb.ProcessId / 4 | Tcb->ThreadId / 4 << 16;
    if (Creation->Context != NULL) {
        Tcb->CreationAttempt = Creation->Process->Pcb.CreationAttempt;
        Creation->Thread->LastAttempt = Tcb->CreationAttempt;
    }
}

/*
 * Stage 7: into the process's list, unless the process began to die meanwhile.
 * This is the commit point: the thread counts from here on.
 */
static NTSTATUS PspInsertThread(PPSP_THREAD_CREATION Creation)
{
    PEPROCESS Process = Creation->Process;
    PETHREAD Thread = Creation->Thread;
    NTSTATUS Status = STATUS_SUCCESS;

    PspInheritAttempt(Creation);
    KeAcquireGuardedMutex(&Process->ProcessLock);
    if ((Process->Flags & PSF_PROCESS_DELETE) != 0) {
        Status = STATUS_PROCESS_IS_TERMINATING;
    } else {
        Creation->First = Process->ThreadsEver++ == 0;
        Process->ActiveThreads++;
        InsertTailList(&Process->ThreadListHead, &Thread->ThreadListEntry);
        KeStartThread(&Thread->Tcb);
        KeTrace(TracePspThreadInserted, Process->ActiveThreads);
    }
    KeReleaseGuardedMutex(&Process->ProcessLock);
    return Status;
}

/* Stages 3 to 7 under the process's rundown protection, so that it cannot go meanwhile. */
static NTSTATUS PspBuildThread(PPSP_THREAD_CREATION Creation)
{
    PEPROCESS Process = Creation->Process;

    if (!ExAcquireRundownProtection(&Process->RundownProtect)) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    NTSTATUS Status = Creation->Context != NULL ? PspBuildUserThread(Creation)
                                                : PspBuildSystemThread(Creation);

    if (NT_SUCCESS(Status)) {
        Status = PspInsertThread(Creation);
        if (!NT_SUCCESS(Status)) {
            KeUninitThread(&Creation->Thread->Tcb);
            if (Creation->Thread->Tcb.Teb != NULL) {
                MmDeleteTeb(&Process->Pcb, (__force TEB __user *)Creation->Thread->Tcb.Teb);
            }
        }
    }
    ExReleaseRundownProtection(&Process->RundownProtect);
    return Status;
}

/* Stage 8: "just after the initial thread is created", not in PspCreateProcess. */
static void PspNotifyCreation(PPSP_THREAD_CREATION Creation)
{
    PEPROCESS Process = Creation->Process;

    if (Creation->First && Creation->Context != NULL) {
        InterlockedOr(&Process->Flags, PSF_CREATE_REPORTED);
        KeTrace(TracePspProcessNotify, Process->Pcb.ProcessId, PspCallProcessNotify(Process, TRUE));
    }
    KeTrace(TracePspThreadNotify, Creation->Thread->Tcb.ThreadId,
        PspCallThreadNotify(Creation->Thread, TRUE));
}

/* Stage 10: the out-parameters, written last. */
static NTSTATUS PspReturnThread(
    PETHREAD Thread, HANDLE Handle, HANDLE __user *ThreadHandle, CLIENT_ID __user *ClientId)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (ClientId != NULL) {
        Status = MmCopyToUser(ClientId, &Thread->Cid, sizeof(CLIENT_ID));
    }
    if (NT_SUCCESS(Status)) {
        Status = MmWriteHandleToUser(ThreadHandle, Handle);
    }
    return Status;
}

static void PspTraceThread(PPSP_THREAD_CREATION Creation)
{
    PETHREAD Thread = Creation->Thread;

    if (Creation->Context != NULL && Creation->First) {
        KeTraceNamed(TracePhase3, Creation->Process->ImageFileName, Thread->Tcb.ThreadId,
            TraceP(Thread), TraceP(Thread->Tcb.Teb), TraceP(Thread->Tcb.InitialStack),
            TraceP(Thread->StartAddress), (ULONG)Thread->Tcb.Priority,
            Creation->CreateSuspended);
    } else if (Creation->Context != NULL) {
        KeTrace(TraceThreadMade, Creation->Process->Pcb.ProcessId, Thread->Tcb.ThreadId,
            TraceP(Thread->Tcb.Teb), TraceP(Thread->StartAddress), (ULONG)Thread->Tcb.Priority,
            Creation->CreateSuspended);
    }
}

/*
 * Stages 8 to 10 of an inserted thread.  Two references are added: one the thread
 * itself holds until the reaper has buried it, one for this routine, because
 * ObInsertObject consumes the creator's.
 */
static NTSTATUS PspPublishThread(PPSP_THREAD_CREATION Creation, ACCESS_MASK DesiredAccess,
    HANDLE __user *ThreadHandle, CLIENT_ID __user *ClientId)
{
    PETHREAD Thread = Creation->Thread;
    HANDLE Handle;

    PspNotifyCreation(Creation);
    ObReferenceObject(Thread);
    ObReferenceObject(Thread);
    if (Creation->CreateSuspended) {
        /* Cannot exceed the limit: the thread has never been suspended. */
        (void)!NT_SUCCESS(KeSuspendThread(&Thread->Tcb, NULL));
        if ((Thread->CrossThreadFlags & CT_TERMINATED) != 0) {
            KeForceResumeThread(&Thread->Tcb); /* who ended it did that before we suspended */
        }
    }
    Thread->Tcb.GrantedAccess = PSP_THREAD_SELF_ACCESS;
    NTSTATUS Status = ObInsertObject(Thread, DesiredAccess, &Handle);

    if (NT_SUCCESS(Status)) {
        Status = PspReturnThread(Thread, Handle, ThreadHandle, ClientId);
        if (!NT_SUCCESS(Status)) {
            (void)ObCloseHandle(Handle, KernelMode);
        }
    }
    if (NT_SUCCESS(Status)) {
        PspTraceThread(Creation);
    } else {
        InterlockedOr(&Thread->CrossThreadFlags, CT_DEAD_THREAD);
        KeForceResumeThread(&Thread->Tcb);
    }
    KeReadyThread(&Thread->Tcb);
    if (!NT_SUCCESS(Status)) { /* so that nothing of it remains when the caller hears */
        (void)KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    }
    ObDereferenceObject(Thread);
    return Status;
}

/*
 * PspCreateThread - a thread in Creation->Process.
 *
 * On success its handle and client id have been written.  On failure nothing of it
 * remains.
 * IRQL: PASSIVE_LEVEL.  Locks: none on entry.
 */
static NTSTATUS PspCreateThread(PPSP_THREAD_CREATION Creation,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, ACCESS_MASK DesiredAccess,
    HANDLE __user *ThreadHandle, CLIENT_ID __user *ClientId)
{
    ASSERT_IRQL(PASSIVE_LEVEL);
    KeTrace(TracePspThreadBegin, Creation->Process->Pcb.ProcessId);
    NTSTATUS Status = PspBuildThreadObject(Creation, ObjectAttributes);

    if (NT_SUCCESS(Status)) {
        Status = PspBuildThread(Creation);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspPublishThread(Creation, DesiredAccess, ThreadHandle, ClientId);
    } else if (Creation->Thread != NULL) {
        ObDereferenceObject(Creation->Thread);
    }
    if (!NT_SUCCESS(Status)) {
        KeTrace(TracePspThreadFailed, (__force ULONG)Status);
    }
    return Status;
}

/* Stage 1: the process, for a user thread. */
static NTSTATUS PspReferenceThreadsProcess(HANDLE ProcessHandle, _Out_ PEPROCESS *Process)
{
    KPROCESSOR_MODE Mode = KeGetPreviousMode();
    PVOID Object;

    if (ProcessHandle == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    NTSTATUS Status = ObReferenceObjectByHandle(
        ProcessHandle, PROCESS_CREATE_THREAD, PsProcessType, Mode, &Object, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Object == PsInitialSystemProcess || ((PEPROCESS)Object)->Peb == NULL) {
        /* System has no user mode to run in; nor has a bare process a PEB to give. */
        ObDereferenceObject(Object);
        return STATUS_INVALID_HANDLE;
    }
    *Process = Object;
    return STATUS_SUCCESS;
}

/* Only what ContextFlags names, which is a small part of most. */
static NTSTATUS PspCaptureContext(PCONTEXT Context, CONTEXT __user *User)
{
    NTSTATUS Status = MmProbeForRead(User, sizeof(CONTEXT), sizeof(ULONG));

    if (NT_SUCCESS(Status)) {
        Status = MmCopyFromUser(&Context->ContextFlags, &User->ContextFlags, sizeof(ULONG));
    }
    if (NT_SUCCESS(Status)) {
        ULONG Start = KeContextStart(Context->ContextFlags);
        ULONG End = KeContextEnd(Context->ContextFlags);

        Status = MmCopyFromUser(
            (PUCHAR)Context + Start, (UCHAR __user *)User + Start, End - Start);
    }
    return Status;
}

NTSTATUS NTAPI NtCreateThread(HANDLE __user *ThreadHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE ProcessHandle, CLIENT_ID __user *ClientId,
    CONTEXT __user *ThreadContext, INITIAL_TEB __user *InitialTeb, BOOLEAN CreateSuspended)
{
    PSP_THREAD_CREATION Creation = {.CreateSuspended = CreateSuspended};
    INITIAL_TEB CapturedTeb;
    CONTEXT Context;
    NTSTATUS Status = MmProbeForWrite(ThreadHandle, sizeof(HANDLE), sizeof(HANDLE));

    if (NT_SUCCESS(Status) && ClientId != NULL) {
        Status = MmProbeForWrite(ClientId, sizeof(CLIENT_ID), sizeof(HANDLE));
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ThreadContext == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Creation.Context = &Context;
    Creation.InitialTeb = &CapturedTeb;
    Status = PspCaptureContext(&Context, ThreadContext);
    if (NT_SUCCESS(Status) && (__force ULONG_PTR)InitialTeb % sizeof(ULONG) != 0) {
        Status = STATUS_DATATYPE_MISALIGNMENT;
    }
    if (NT_SUCCESS(Status)) {
        Status = MmCopyFromUser(&CapturedTeb, InitialTeb, sizeof(CapturedTeb));
    }
    if (NT_SUCCESS(Status)) {
        Status = PspReferenceThreadsProcess(ProcessHandle, &Creation.Process);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspCreateThread(
            &Creation, ObjectAttributes, DesiredAccess, ThreadHandle, ClientId);
        ObDereferenceObject(Creation.Process);
    }
    return Status;
}

/*
 * PsCreateSystemThread - a thread of the System process, running kernel code only.
 *
 * On success *Thread holds a reference owned by the caller.  It needs no handle, so
 * unlike NT's this one makes none.
 */
NTSTATUS PsCreateSystemThread(PKSTART_ROUTINE StartRoutine, PVOID StartContext, PETHREAD *Thread)
{
    PSP_THREAD_CREATION Creation = {
        .Process = PsInitialSystemProcess,
        .StartRoutine = StartRoutine,
        .StartContext = StartContext,
    };
    NTSTATUS Status = PspBuildThreadObject(&Creation, NULL);

    if (NT_SUCCESS(Status)) {
        Status = PspBuildThread(&Creation);
    }
    if (!NT_SUCCESS(Status)) {
        if (Creation.Thread != NULL) {
            ObDereferenceObject(Creation.Thread);
        }
        return Status;
    }
    PspNotifyCreation(&Creation);
    ObReferenceObject(Creation.Thread); /* its own, until the reaper */
    Creation.Thread->Tcb.GrantedAccess = PSP_THREAD_SELF_ACCESS;
    KeReadyThread(&Creation.Thread->Tcb);
    *Thread = Creation.Thread;
    return STATUS_SUCCESS;
}
