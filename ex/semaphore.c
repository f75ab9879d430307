/* SPDX-License-Identifier: MIT */
/*
 * Semaphores as objects.
 */
#include "ex/exp.h"
#include "ob/header.h"

POBJECT_TYPE ExSemaphoreObjectType;

NTSTATUS ExpInitSemaphores(void)
{
    static const OBJECT_TYPE_INITIALIZER Info = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | SEMAPHORE_QUERY_STATE,
            STANDARD_RIGHTS_WRITE | SEMAPHORE_MODIFY_STATE,
            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, SEMAPHORE_ALL_ACCESS},
        .ValidAccessMask = SEMAPHORE_ALL_ACCESS,
        .PoolTag = POOL_TAG('S', 'e', 'm', 'a'),
        .BodySize = sizeof(KSEMAPHORE),
        .Waitable = TRUE,
    };

    return ObCreateObjectType(L"Semaphore", &Info, &ExSemaphoreObjectType);
}

NTSTATUS NTAPI NtCreateSemaphore(HANDLE __user *SemaphoreHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, LONG InitialCount, LONG MaximumCount)
{
    HANDLE Handle = NULL;
    PVOID Semaphore;
    NTSTATUS Status;

    if (MaximumCount <= 0 || InitialCount < 0 || InitialCount > MaximumCount) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObCreateObject(
        KeGetPreviousMode(), ExSemaphoreObjectType, ObjectAttributes, 0, &Semaphore);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeSemaphore(Semaphore, InitialCount, MaximumCount);
    Status = ObInsertObject(Semaphore, DesiredAccess, &Handle);
    return ObReturnHandle(SemaphoreHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenSemaphore(HANDLE __user *SemaphoreHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, ExSemaphoreObjectType,
        KeGetPreviousMode(), DesiredAccess, NULL, &Handle);

    return ObReturnHandle(SemaphoreHandle, Handle, Status);
}

NTSTATUS NTAPI NtReleaseSemaphore(
    HANDLE SemaphoreHandle, LONG ReleaseCount, LONG __user *PreviousCount)
{
    PVOID Semaphore;
    LONG Previous;
    NTSTATUS Status;

    if (ReleaseCount <= 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObReferenceCallersObject(
        SemaphoreHandle, SEMAPHORE_MODIFY_STATE, ExSemaphoreObjectType, &Semaphore);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = KeReleaseSemaphore(Semaphore, SEMAPHORE_INCREMENT, ReleaseCount, FALSE, &Previous);
    ObDereferenceObject(Semaphore);
    return NT_SUCCESS(Status) && PreviousCount != NULL
        ? MmWriteUlongToUser((ULONG __user *)PreviousCount, (ULONG)Previous)
        : Status;
}

static void ExpFillSemaphore(PVOID Object, PVOID Information)
{
    PKSEMAPHORE Semaphore = Object;

    *(PSEMAPHORE_BASIC_INFORMATION)Information = (SEMAPHORE_BASIC_INFORMATION){
        .CurrentCount = Semaphore->Header.SignalState,
        .MaximumCount = Semaphore->Limit,
    };
}

NTSTATUS NTAPI NtQuerySemaphore(HANDLE SemaphoreHandle,
    SEMAPHORE_INFORMATION_CLASS InformationClass, void __user *Information, ULONG Length,
    ULONG __user *ReturnLength)
{
    const EXP_OBJECT_QUERY Query = {ExSemaphoreObjectType, SEMAPHORE_QUERY_STATE,
        sizeof(SEMAPHORE_BASIC_INFORMATION), ExpFillSemaphore};

    return ExpQueryObject(
        &Query, SemaphoreHandle, InformationClass, Information, Length, ReturnLength);
}
