/* SPDX-License-Identifier: MIT */
/*
 * NtSignalAndWaitForSingleObject: sets an event, releases a mutant or a semaphore
 * and waits for something else, in one step.  Whoever the signal wakes finds this
 * thread waiting already, so that a PulseEvent in answer is not lost.
 */
#include "ex/exp.h"
#include "ob.h"

/* On success the dispatcher lock is held until the caller's next wait. */
static NTSTATUS ExpSignal(PVOID Object, POBJECT_TYPE Type)
{
    if (Type == ExEventObjectType) {
        (void)KeSetEvent(Object, EVENT_INCREMENT, TRUE);
        return STATUS_SUCCESS;
    }
    return Type == ExMutantObjectType
        ? KeReleaseMutant(Object, MUTANT_INCREMENT, FALSE, TRUE, NULL)
        : KeReleaseSemaphore(Object, SEMAPHORE_INCREMENT, 1, TRUE, NULL);
}

/* May the handle signal Object?  A mutant asks for no right but to own it. */
static NTSTATUS ExpCheckSignal(POBJECT_TYPE Type, ACCESS_MASK Granted, KPROCESSOR_MODE Mode)
{
    ACCESS_MASK Needed;

    /* NOLINTNEXTLINE(bugprone-branch-clone): two rights that happen to be one number */
    if (Type == ExEventObjectType) {
        Needed = EVENT_MODIFY_STATE;
    } else if (Type == ExSemaphoreObjectType) {
        Needed = SEMAPHORE_MODIFY_STATE;
    } else if (Type == ExMutantObjectType) {
        Needed = 0;
    } else {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return Mode == UserMode && (Needed & ~Granted) != 0 ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

static NTSTATUS ExpSignalAndWait(
    PVOID Signal, HANDLE WaitHandle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    PVOID Object, Waitable;
    NTSTATUS Status = ObReferenceWaitableByHandle(WaitHandle, &Object, &Waitable);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ExpSignal(Signal, ObGetObjectType(Signal));
    if (Status == STATUS_SUCCESS) { /* STATUS_ABANDONED is none */
        Status = KeWaitForSingleObject(
            Waitable, UserRequest, KeGetPreviousMode(), Alertable, Timeout);
    }
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS NTAPI NtSignalAndWaitForSingleObject(
    HANDLE SignalHandle, HANDLE WaitHandle, BOOLEAN Alertable, LARGE_INTEGER __user *Timeout)
{
    KPROCESSOR_MODE Mode = KeGetPreviousMode();
    OBJECT_HANDLE_INFORMATION Handle;
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Limit;
    PVOID Signal;
    NTSTATUS Status = MmCaptureTimeout(Timeout, &Storage, &Limit);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(SignalHandle, 0, NULL, Mode, &Signal, &Handle);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ExpCheckSignal(ObGetObjectType(Signal), Handle.GrantedAccess, Mode);
    if (NT_SUCCESS(Status)) {
        Status = ExpSignalAndWait(Signal, WaitHandle, Alertable, Limit);
    }
    ObDereferenceObject(Signal);
    return Status;
}
