/* SPDX-License-Identifier: MIT */
/*
 * NtGetContextThread and NtSetContextThread.
 *
 * Registers of another thread can be read only by that thread, so a special
 * kernel APC does it there and the caller waits.  It works on a suspended thread
 * too, because special APCs interrupt the wait that parks it.
 */
#include "ps/psp.h"

typedef struct _PSP_CONTEXT_REQUEST {
    KAPC Apc;
    KEVENT Done;
    BOOLEAN Set;
    NTSTATUS Status;
    CONTEXT Context;
} PSP_CONTEXT_REQUEST, *PPSP_CONTEXT_REQUEST;

/* Runs in the thread whose registers are wanted. */
static void PspMoveContext(PPSP_CONTEXT_REQUEST Request)
{
    PKTRAP_FRAME TrapFrame = KeGetUserTrapFrame(KeGetCurrentThread());

    if (Request->Set) {
        KeContextToTrapFrame(TrapFrame, &Request->Context);
    } else {
        KeContextFromTrapFrame(TrapFrame, &Request->Context);
    }
    Request->Status = STATUS_SUCCESS;
}

static void PspGetSetContextSpecialApc(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine,
    PVOID *NormalContext, PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    PPSP_CONTEXT_REQUEST Request = CONTAINING_RECORD(Apc, PSP_CONTEXT_REQUEST, Apc);

    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    PspMoveContext(Request);
    (void)KeSetEvent(&Request->Done, 0, FALSE);
}

static void PspContextRundown(PKAPC Apc)
{
    (void)KeSetEvent(&CONTAINING_RECORD(Apc, PSP_CONTEXT_REQUEST, Apc)->Done, 0, FALSE);
}

/* The request lives in the caller's pool block until Done, so the wait cannot be interrupted. */
static NTSTATUS PspRunContextRequest(PETHREAD Thread, PPSP_CONTEXT_REQUEST Request)
{
    if (Thread == PsGetCurrentThread()) {
        PspMoveContext(Request);
        return Request->Status;
    }
    Request->Status = STATUS_UNSUCCESSFUL; /* what a run-down request reports */
    KeInitializeEvent(&Request->Done, NotificationEvent, FALSE);
    KeInitializeApc(&Request->Apc, &Thread->Tcb, OriginalApcEnvironment,
        PspGetSetContextSpecialApc, PspContextRundown, NULL, KernelMode, NULL);
    if (!KeInsertQueueApc(&Request->Apc, NULL, NULL, 2)) {
        return STATUS_UNSUCCESSFUL;
    }
    (void)KeWaitForSingleObject(&Request->Done, Executive, KernelMode, FALSE, NULL);
    return Request->Status;
}

/*
 * *Length: of the part that the caller has.  Without CONTEXT_EXTENDED_REGISTERS a
 * CONTEXT may end before these.
 */
static NTSTATUS PspCaptureContextOf(
    CONTEXT __user *UserContext, _Out_ PCONTEXT Context, _Out_ PSIZE_T Length)
{
    ULONG Flags;
    NTSTATUS Status =
        MmProbeForRead(UserContext, offsetof(CONTEXT, ExtendedRegisters), sizeof(ULONG));

    if (NT_SUCCESS(Status)) { /* ContextFlags is first, and NULL has no member */
        Status = MmCopyFromUser(&Flags, UserContext, sizeof(Flags));
    }
    if (NT_SUCCESS(Status)) {
        *Length = (Flags & CONTEXT_EXTENDED_REGISTERS) == CONTEXT_EXTENDED_REGISTERS
            ? sizeof(CONTEXT) : offsetof(CONTEXT, ExtendedRegisters);
        Status = MmCopyFromUser(Context, UserContext, *Length);
        Context->ContextFlags = Flags; /* whatever they have become since */
    }
    return Status;
}

static NTSTATUS PspContextOfThread(PETHREAD Thread, CONTEXT __user *UserContext, BOOLEAN Set)
{
    if ((Thread->CrossThreadFlags & CT_SYSTEM_THREAD) != 0) {
        return STATUS_INVALID_HANDLE;
    }
    PPSP_CONTEXT_REQUEST Request = ExAllocatePoolZero(NonPagedPool, sizeof(*Request), TAG_PS);

    if (Request == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Request->Set = Set;
    SIZE_T Length;
    NTSTATUS Status = PspCaptureContextOf(UserContext, &Request->Context, &Length);

    if (NT_SUCCESS(Status)) {
        Status = PspRunContextRequest(Thread, Request);
    }
    if (NT_SUCCESS(Status) && !Set) {
        Status = MmCopyToUser(UserContext, &Request->Context, Length);
    }
    ExFreePoolWithTag(Request, TAG_PS);
    return Status;
}

static NTSTATUS PspContextService(
    HANDLE ThreadHandle, CONTEXT __user *UserContext, ACCESS_MASK Access, BOOLEAN Set)
{
    PVOID Thread;
    NTSTATUS Status = ObReferenceObjectByHandle(
        ThreadHandle, Access, PsThreadType, KeGetPreviousMode(), &Thread, NULL);

    if (NT_SUCCESS(Status)) {
        Status = PspContextOfThread(Thread, UserContext, Set);
        ObDereferenceObject(Thread);
    }
    return Status;
}

NTSTATUS NTAPI NtGetContextThread(HANDLE ThreadHandle, CONTEXT __user *ThreadContext)
{
    return PspContextService(ThreadHandle, ThreadContext, THREAD_GET_CONTEXT, FALSE);
}

NTSTATUS NTAPI NtSetContextThread(HANDLE ThreadHandle, CONTEXT __user *ThreadContext)
{
    return PspContextService(ThreadHandle, ThreadContext, THREAD_SET_CONTEXT, TRUE);
}
