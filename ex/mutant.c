/* SPDX-License-Identifier: MIT */
/*
 * Mutants as objects: locks that a thread owns and may take again; a thread that
 * ends gives up its mutants, and the next owner is told (STATUS_ABANDONED).
 */
#include "ex/exp.h"

POBJECT_TYPE ExMutantObjectType;

/* The owner's list must not point to it; another status: there was none. */
static void ExpDeleteMutant(PVOID Object)
{
    NTSTATUS Status = KeReleaseMutant(Object, MUTANT_INCREMENT, TRUE, FALSE, NULL);

    UNREFERENCED_PARAMETER(Status);
}

NTSTATUS ExpInitMutants(void)
{
    static const OBJECT_TYPE_INITIALIZER Info = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE, STANDARD_RIGHTS_WRITE,
            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, MUTANT_ALL_ACCESS},
        .ValidAccessMask = MUTANT_ALL_ACCESS,
        .PoolTag = POOL_TAG('M', 'u', 't', 'a'),
        .BodySize = sizeof(KMUTANT),
        .Waitable = TRUE,
        .DeleteProcedure = ExpDeleteMutant,
    };

    return ObCreateObjectType(L"Mutant", &Info, &ExMutantObjectType);
}

NTSTATUS NTAPI NtCreateMutant(HANDLE __user *MutantHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, BOOLEAN InitialOwner)
{
    HANDLE Handle = NULL;
    PVOID Mutant;
    NTSTATUS Status = ObCreateObject(
        KeGetPreviousMode(), ExMutantObjectType, ObjectAttributes, 0, &Mutant);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeMutant(Mutant, InitialOwner);
    Status = ObInsertObject(Mutant, DesiredAccess, &Handle);
    return ObReturnHandle(MutantHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenMutant(HANDLE __user *MutantHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, ExMutantObjectType,
        KeGetPreviousMode(), DesiredAccess, NULL, &Handle);

    return ObReturnHandle(MutantHandle, Handle, Status);
}

/* Owning it is the right to release it: no access is asked for. */
NTSTATUS NTAPI NtReleaseMutant(HANDLE MutantHandle, LONG __user *PreviousCount)
{
    PVOID Mutant;
    LONG Previous;
    NTSTATUS Status = ObReferenceObjectByHandle(
        MutantHandle, 0, ExMutantObjectType, KeGetPreviousMode(), &Mutant, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = KeReleaseMutant(Mutant, MUTANT_INCREMENT, FALSE, FALSE, &Previous);
    ObDereferenceObject(Mutant);
    return Status == STATUS_SUCCESS && PreviousCount != NULL
        ? MmWriteUlongToUser((ULONG __user *)PreviousCount, (ULONG)Previous)
        : Status;
}

static void ExpFillMutant(PVOID Object, PVOID Information)
{
    PKMUTANT Mutant = Object;

    *(PMUTANT_BASIC_INFORMATION)Information = (MUTANT_BASIC_INFORMATION){
        .CurrentCount = Mutant->Header.SignalState,
        .OwnedByCaller = Mutant->OwnerThread == KeGetCurrentThread(),
        .AbandonedState = Mutant->Abandoned,
    };
}

NTSTATUS NTAPI NtQueryMutant(HANDLE MutantHandle, MUTANT_INFORMATION_CLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    const EXP_OBJECT_QUERY Query = {
        ExMutantObjectType, MUTANT_QUERY_STATE, sizeof(MUTANT_BASIC_INFORMATION), ExpFillMutant};

    return ExpQueryObject(
        &Query, MutantHandle, InformationClass, Information, Length, ReturnLength);
}
