/* SPDX-License-Identifier: MIT */
/*
 * Waits by handle.  The types say where in the body the dispatcher header is;
 * the waiting is Ke's.
 *
 * Difference from NT: a type without a dispatcher object cannot be waited for
 * (STATUS_OBJECT_TYPE_MISMATCH); NT gives such types an event of their own.
 */
#include "ob/obp.h"

#define TAG_WAIT POOL_TAG('W', 'a', 'i', 't')

/* *Object is referenced; what to wait for is inside it. */
NTSTATUS ObReferenceWaitableByHandle(HANDLE Handle, PVOID *Object, PVOID *Waitable)
{
    NTSTATUS Status = ObReferenceObjectByHandle(
        Handle, SYNCHRONIZE, NULL, KeGetPreviousMode(), Object, NULL);
    POBJECT_TYPE Type;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Type = ObpHeader(*Object)->Type;
    if (!Type->TypeInfo.Waitable) {
        ObDereferenceObject(*Object);
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    *Waitable = (PUCHAR)*Object + Type->TypeInfo.WaitOffset;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtWaitForSingleObject(
    HANDLE Handle, BOOLEAN Alertable, LARGE_INTEGER __user *Timeout)
{
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Limit;
    PVOID Object, Waitable;
    NTSTATUS Status = MmCaptureTimeout(Timeout, &Storage, &Limit);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceWaitableByHandle(Handle, &Object, &Waitable);
    if (NT_SUCCESS(Status)) {
        Status = KeWaitForSingleObject(
            Waitable, UserRequest, KeGetPreviousMode(), Alertable, Limit);
        ObDereferenceObject(Object);
    }
    return Status;
}

/* What NtWaitForMultipleObjects needs, too big to be spread over its callees. */
typedef struct _OBP_WAIT {
    ULONG Count; /* objects referenced so far */
    HANDLE Handles[MAXIMUM_WAIT_OBJECTS];
    PVOID Objects[MAXIMUM_WAIT_OBJECTS];
    PVOID Waitables[MAXIMUM_WAIT_OBJECTS];
    KWAIT_BLOCK Blocks[]; /* as many as handles, if the thread's own do not suffice */
} OBP_WAIT;

static NTSTATUS ObpReferenceAll(OBP_WAIT *Wait, ULONG Count, WAIT_TYPE WaitType)
{
    while (Wait->Count < Count) {
        NTSTATUS Status = ObReferenceWaitableByHandle(Wait->Handles[Wait->Count],
            &Wait->Objects[Wait->Count], &Wait->Waitables[Wait->Count]);

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Wait->Count++;
        for (ULONG i = 0; WaitType == WaitAll && i + 1 < Wait->Count; i++) {
            if (Wait->Objects[i] == Wait->Objects[Wait->Count - 1]) {
                return STATUS_INVALID_PARAMETER_MIX; /* one object twice can never be had */
            }
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS ObpWaitMultiple(OBP_WAIT *Wait, ULONG Count, HANDLE __user *Handles,
    WAIT_TYPE WaitType, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    NTSTATUS Status = MmCopyFromUser(Wait->Handles, Handles, Count * sizeof(HANDLE));

    if (NT_SUCCESS(Status)) {
        Status = ObpReferenceAll(Wait, Count, WaitType);
    }
    if (NT_SUCCESS(Status)) {
        Status = KeWaitForMultipleObjects(Count, Wait->Waitables, WaitType, UserRequest,
            KeGetPreviousMode(), Alertable, Timeout,
            Count > THREAD_WAIT_OBJECTS ? Wait->Blocks : NULL);
    }
    while (Wait->Count != 0) {
        ObDereferenceObject(Wait->Objects[--Wait->Count]);
    }
    return Status;
}

NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG Count, HANDLE __user *Handles, WAIT_TYPE WaitType,
    BOOLEAN Alertable, LARGE_INTEGER __user *Timeout)
{
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Limit;
    OBP_WAIT *Wait;
    NTSTATUS Status;

    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS) {
        return STATUS_INVALID_PARAMETER_1;
    }
    if (WaitType != WaitAll && WaitType != WaitAny) {
        return STATUS_INVALID_PARAMETER_3;
    }
    Status = MmCaptureTimeout(Timeout, &Storage, &Limit);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Wait = ExAllocatePoolWithTag(
        NonPagedPool, sizeof(*Wait) + Count * sizeof(Wait->Blocks[0]), TAG_WAIT);
    if (Wait == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Wait->Count = 0;
    Status = ObpWaitMultiple(Wait, Count, Handles, WaitType, Alertable, Limit);
    ExFreePoolWithTag(Wait, TAG_WAIT);
    return Status;
}
