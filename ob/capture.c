/* SPDX-License-Identifier: MIT */
/*
 * OBJECT_ATTRIBUTES and names taken out of the caller's memory, once.
 *
 * Kernel code asks with KernelMode while the thread's previous mode may be User
 * (it is inside somebody's system call), so the mode is a parameter here and mm's
 * helpers, which go by the previous mode, are used for user memory only.
 */
#include "ob/obp.h"

NTSTATUS ObpCopyIn(
    PVOID Destination, const void __user *Source, SIZE_T Length, KPROCESSOR_MODE Mode)
{
    if (Mode == KernelMode) {
        RtlCopyMemory(Destination, (__force PCVOID)Source, Length);
        return STATUS_SUCCESS;
    }
    return MmCopyFromUser(Destination, Source, Length);
}

/* The characters follow a string that is already captured; Captured owns the copy. */
static NTSTATUS ObpCaptureBuffer(
    const UNICODE_STRING *Source, KPROCESSOR_MODE Mode, PUNICODE_STRING Captured)
{
    PWSTR Buffer = ExAllocatePoolWithTag(PagedPool, Source->Length, TAG_NAME);
    NTSTATUS Status;

    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = ObpCopyIn(Buffer, (__force const void __user *)Source->Buffer, Source->Length, Mode);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Buffer, TAG_NAME);
        return Status;
    }
    *Captured = (UNICODE_STRING){Source->Length, Source->Length, Buffer};
    return STATUS_SUCCESS;
}

/* STATUS_OBJECT_NAME_INVALID when half a character is left over. */
NTSTATUS ObpCaptureString(
    UNICODE_STRING __user *Source, KPROCESSOR_MODE Mode, PUNICODE_STRING Captured)
{
    UNICODE_STRING String;
    NTSTATUS Status = ObpCopyIn(&String, Source, sizeof(String), Mode);

    *Captured = (UNICODE_STRING){0, 0, NULL};
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (String.Length % sizeof(WCHAR) != 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (String.Length == 0) {
        return STATUS_SUCCESS;
    }
    return ObpCaptureBuffer(&String, Mode, Captured);
}

void ObpFreeString(PUNICODE_STRING String)
{
    if (String->Buffer != NULL) {
        ExFreePoolWithTag(String->Buffer, TAG_NAME);
        *String = (UNICODE_STRING){0, 0, NULL};
    }
}

/*
 * ObpCaptureGiven - the attributes are there; Captured is empty.
 *
 * DATATYPE_MISALIGNMENT for attributes at an odd place, INVALID_PARAMETER for a
 * wrong length or unknown attributes, OBJECT_NAME_INVALID for a root without a name.
 * OBJ_KERNEL_HANDLE is not for user mode and dropped.
 */
static __attribute__((noinline)) NTSTATUS ObpCaptureGiven(
    OBJECT_ATTRIBUTES __user *ObjectAttributes, KPROCESSOR_MODE Mode,
    POBJECT_CAPTURED_ATTRIBUTES Captured)
{
    OBJECT_ATTRIBUTES Attributes;

    if (Mode == UserMode && (__force ULONG_PTR)ObjectAttributes % sizeof(ULONG) != 0) {
        return STATUS_DATATYPE_MISALIGNMENT;
    }
    NTSTATUS Status = ObpCopyIn(&Attributes, ObjectAttributes, sizeof(Attributes), Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Attributes.Length != sizeof(Attributes)
        || (Attributes.Attributes & ~OBJ_VALID_ATTRIBUTES) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Attributes.ObjectName == NULL && Attributes.RootDirectory != NULL) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Captured->RootDirectory = Attributes.RootDirectory;
    Captured->SecurityDescriptor = Attributes.SecurityDescriptor;
    Captured->Attributes = Attributes.Attributes;
    if (Mode == UserMode) {
        Captured->Attributes &= ~OBJ_KERNEL_HANDLE;
    }
    if (Attributes.ObjectName == NULL) {
        return STATUS_SUCCESS;
    }
    return ObpCaptureString(
        (__force UNICODE_STRING __user *)Attributes.ObjectName, Mode, &Captured->Name);
}

/* ObjectAttributes NULL gives empty ones. */
NTSTATUS ObCaptureAttributes(OBJECT_ATTRIBUTES __user *ObjectAttributes, KPROCESSOR_MODE Mode,
    POBJECT_CAPTURED_ATTRIBUTES Captured)
{
    *Captured = (OBJECT_CAPTURED_ATTRIBUTES){.Attributes = 0};
    return ObjectAttributes == NULL ? STATUS_SUCCESS
                                    : ObpCaptureGiven(ObjectAttributes, Mode, Captured);
}

void ObReleaseAttributes(POBJECT_CAPTURED_ATTRIBUTES Captured)
{
    ObpFreeString(&Captured->Name);
}

/*
 * ObReturnHandle - the last act of a service that makes a handle.
 *
 * NT leaves the handle open when the caller's variable cannot be written; here
 * it is closed again, so that a failed call leaves nothing behind.
 */
NTSTATUS ObReturnHandle(HANDLE __user *User, HANDLE Handle, NTSTATUS Status)
{
    NTSTATUS WriteStatus;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    WriteStatus = MmWriteHandleToUser(User, Handle);
    if (!NT_SUCCESS(WriteStatus)) {
        (void)ObCloseHandle(Handle, KernelMode);
        return WriteStatus;
    }
    return Status;
}
