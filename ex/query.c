/* SPDX-License-Identifier: MIT */
/*
 * The frame of NtQueryEvent, NtQueryMutant and so on: one information class, of
 * one exact length.  What is read is a snapshot: a word or two that may change
 * before the caller sees them, so no lock is taken.
 */
#include "ex/exp.h"

NTSTATUS ExpQueryObject(const EXP_OBJECT_QUERY *Query, HANDLE Handle, ULONG InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    ULONGLONG Answer[EXP_MAX_QUERY / sizeof(ULONGLONG)] = {0};
    PVOID Object;
    NTSTATUS Status;

    if (InformationClass != 0) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != Query->Length) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = ObReferenceObjectByHandle(
        Handle, Query->Access, Query->Type, KeGetPreviousMode(), &Object, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Query->Fill(Object, Answer);
    ObDereferenceObject(Object);
    Status = MmCopyToUser(Information, Answer, Length);
    return NT_SUCCESS(Status) && ReturnLength != NULL ? MmWriteUlongToUser(ReturnLength, Length)
                                                      : Status;
}
