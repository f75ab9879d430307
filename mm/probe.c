/* SPDX-License-Identifier: MIT */
/*
 * User memory, for every layer: copies that check the range and survive faults,
 * probes of out-parameters, and copies of the structures many services take.
 *
 * A service reads each field once, into the kernel, and judges the copy: what the
 * user changes afterwards no longer matters.
 */
#include "mm/mi.h"

#define STRING_TAG POOL_TAG('U', 's', 't', 'r')

/* Kernel callers may pass kernel addresses. */
static BOOLEAN MiIsUserRange(const void __user *Address, SIZE_T Length)
{
    ULONG_PTR Start = (__force ULONG_PTR)Address;

    return (Length <= MM_USER_PROBE_ADDRESS && Start <= MM_USER_PROBE_ADDRESS - Length) ||
           KeGetPreviousMode() == KernelMode;
}

NTSTATUS MmCopyFromUser(void *Destination, const void __user *Source, SIZE_T Length)
{
    if (!MiIsUserRange(Source, Length)) {
        return STATUS_ACCESS_VIOLATION;
    }
    SIZE_T Left = Length == sizeof(ULONG) ? KiReadUserWord(Destination, Source)
                                          : KiCopyFromUser(Destination, Source, Length);

    return Left == 0 ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS MmCopyToUser(void __user *Destination, const void *Source, SIZE_T Length)
{
    if (!MiIsUserRange(Destination, Length)) {
        return STATUS_ACCESS_VIOLATION;
    }
    SIZE_T Left = Length == sizeof(ULONG)
                      ? KiWriteUserWord(Destination, *(const ULONG *)Source)
                      : KiCopyToUser(Destination, Source, Length);

    return Left == 0 ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS MmProbeForRead(const void __user *Address, SIZE_T Length, ULONG Alignment)
{
    if (Length == 0) {
        return STATUS_SUCCESS;
    }
    if ((__force ULONG_PTR)Address % Alignment != 0 && KeGetPreviousMode() != KernelMode) {
        return STATUS_DATATYPE_MISALIGNMENT;
    }
    return MiIsUserRange(Address, Length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS MmProbeForWrite(void __user *Address, SIZE_T Length, ULONG Alignment)
{
    NTSTATUS Status = MmProbeForRead(Address, Length, Alignment);
    ULONG_PTR Va = (__force ULONG_PTR)Address; /* not a pointer: it may wrap, and then fails */
    ULONG_PTR End = Length <= Alignment ? Va + 1 : Va + Length; /* a word is in one page */

    if (!NT_SUCCESS(Status) || Length == 0) {
        return Status;
    }
    do {
        if (KiTouchUser((void __user *)Va) != 0) {
            return STATUS_ACCESS_VIOLATION;
        }
        Va = (Va & MI_FRAME) + PAGE_SIZE;
    } while (Va < End);
    return STATUS_SUCCESS;
}

NTSTATUS MmWriteUlongToUser(ULONG __user *Address, ULONG Value)
{
    if (!MiIsUserRange(Address, sizeof(Value)) || KiWriteUserWord(Address, Value) != 0) {
        return STATUS_ACCESS_VIOLATION;
    }
    return STATUS_SUCCESS;
}

NTSTATUS MmWriteHandleToUser(HANDLE __user *Address, HANDLE Value)
{
    return MmWriteUlongToUser((ULONG __user *)Address, (ULONG)(ULONG_PTR)Value);
}

NTSTATUS MmCaptureTimeout(
    LARGE_INTEGER __user *User, PLARGE_INTEGER Storage, PLARGE_INTEGER *Timeout)
{
    NTSTATUS Status;

    *Timeout = NULL;
    if (User == NULL) {
        return STATUS_SUCCESS;
    }
    Status = MmProbeForRead(User, sizeof(*User), sizeof(ULONG));
    if (NT_SUCCESS(Status)) {
        Status = MmCopyFromUser(Storage, User, sizeof(*User));
    }
    if (NT_SUCCESS(Status)) {
        *Timeout = Storage;
    }
    return Status;
}

NTSTATUS MmCaptureUnicodeString(UNICODE_STRING __user *User, PUNICODE_STRING Captured)
{
    UNICODE_STRING Copy;
    NTSTATUS Status = MmCopyFromUser(&Copy, User, sizeof(Copy));

    *Captured = (UNICODE_STRING){0};
    if (!NT_SUCCESS(Status) || Copy.Length == 0) {
        return Status;
    }
    if (Copy.Length % sizeof(WCHAR) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Captured->Buffer = ExAllocatePoolWithTag(PagedPool, Copy.Length, STRING_TAG);
    if (Captured->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Captured->Length = Captured->MaximumLength = Copy.Length;
    Status = MmCopyFromUser(
        Captured->Buffer, (__force const void __user *)Copy.Buffer, Copy.Length);
    if (!NT_SUCCESS(Status)) {
        MmReleaseUnicodeString(Captured);
    }
    return Status;
}

void MmReleaseUnicodeString(PUNICODE_STRING Captured)
{
    if (Captured->Buffer != NULL) {
        ExFreePoolWithTag(Captured->Buffer, STRING_TAG);
    }
    *Captured = (UNICODE_STRING){0};
}

/* Reads an in-out parameter of a ULONG's size and sees whether it can be written. */
static NTSTATUS MiCaptureInOut(void __user *User, PVOID Value)
{
    NTSTATUS Status = MmProbeForRead(User, sizeof(ULONG), sizeof(ULONG));

    if (NT_SUCCESS(Status) && (KiReadUserWord(Value, User) != 0 || KiTouchUser(User) != 0)) {
        Status = STATUS_ACCESS_VIOLATION;
    }
    return Status;
}

NTSTATUS MiCaptureRange(
    PVOID __user *UserBase, SIZE_T __user *UserSize, PVOID *Base, PSIZE_T Size)
{
    NTSTATUS Status = MiCaptureInOut(UserBase, Base);

    return NT_SUCCESS(Status) ? MiCaptureInOut(UserSize, Size) : Status;
}

NTSTATUS MiReturnRange(PVOID __user *UserBase, SIZE_T __user *UserSize, ULONG __user *UserValue,
    PVOID Base, SIZE_T Size, ULONG Value)
{
    NTSTATUS Status = MmWriteUlongToUser((ULONG __user *)UserSize, Size);

    if (NT_SUCCESS(Status)) {
        Status = MmWriteHandleToUser((HANDLE __user *)UserBase, Base);
    }
    if (NT_SUCCESS(Status) && UserValue != NULL) {
        Status = MmWriteUlongToUser(UserValue, Value);
    }
    return Status;
}
