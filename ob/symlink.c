/* SPDX-License-Identifier: MIT */
/*
 * Symbolic links: a name that stands for another.  A look-up that comes to one
 * starts again from the root with the target and what was left of the name.
 */
#include "ob/obp.h"

void ObpDeleteSymbolicLink(PVOID Object)
{
    POBJECT_SYMBOLIC_LINK Link = Object;

    ObpFreeString(&Link->LinkTarget);
}

/* STATUS_NAME_TOO_LONG when both together do not fit a UNICODE_STRING. */
NTSTATUS ObpResolveLink(
    POBJECT_SYMBOLIC_LINK Link, PCUNICODE_STRING Rest, PUNICODE_STRING Name)
{
    ULONG Length = Link->LinkTarget.Length + Rest->Length;

    if (Length > UNICODE_STRING_MAX_BYTES) {
        return STATUS_NAME_TOO_LONG;
    }
    Name->Buffer = ExAllocatePoolWithTag(PagedPool, Length, TAG_NAME);
    if (Name->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Name->Length = 0;
    Name->MaximumLength = (USHORT)Length;
    RtlCopyUnicodeString(Name, &Link->LinkTarget);
    return RtlAppendUnicodeStringToString(Name, Rest);
}

/* Consumes Target: it is the object's, or gone. */
static NTSTATUS ObpCreateLinkObject(KPROCESSOR_MODE Mode,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, PUNICODE_STRING Target, PVOID *Object)
{
    POBJECT_SYMBOLIC_LINK Link;
    NTSTATUS Status =
        ObCreateObject(Mode, ObpSymbolicLinkObjectType, ObjectAttributes, 0, Object);

    if (!NT_SUCCESS(Status)) {
        ObpFreeString(Target);
        return Status;
    }
    Link = *Object;
    Link->LinkTarget = *Target;
    KeQuerySystemTime(&Link->CreationTime);
    return STATUS_SUCCESS;
}

/*
 * ObCreateSymbolicLink - a permanent link for the kernel: \SystemRoot, \??\C:.
 */
NTSTATUS ObCreateSymbolicLink(PCWSTR Name, PCWSTR Target)
{
    UNICODE_STRING NameString, TargetString, Captured;
    OBJECT_ATTRIBUTES Attributes;
    PVOID Link;
    NTSTATUS Status;

    RtlInitUnicodeString(&TargetString, Target);
    Status = ObpCaptureString(
        (__force UNICODE_STRING __user *)&TargetString, KernelMode, &Captured);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&NameString, Name);
    InitializeObjectAttributes(&Attributes, &NameString, OBJ_PERMANENT, NULL, NULL);
    Status = ObpCreateLinkObject(
        KernelMode, (__force OBJECT_ATTRIBUTES __user *)&Attributes, &Captured, &Link);
    return NT_SUCCESS(Status) ? ObInsertObject(Link, 0, NULL) : Status;
}

NTSTATUS NTAPI NtCreateSymbolicLinkObject(HANDLE __user *LinkHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, UNICODE_STRING __user *LinkTarget)
{
    KPROCESSOR_MODE Mode = KeGetPreviousMode();
    HANDLE Handle = NULL;
    UNICODE_STRING Target;
    PVOID Link;
    NTSTATUS Status = ObpCaptureString(LinkTarget, Mode, &Target);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Target.Length == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObpCreateLinkObject(Mode, ObjectAttributes, &Target, &Link);
    if (NT_SUCCESS(Status)) {
        Status = ObInsertObject(Link, DesiredAccess, &Handle);
    }
    return ObReturnHandle(LinkHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenSymbolicLinkObject(HANDLE __user *LinkHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, ObpSymbolicLinkObjectType,
        KeGetPreviousMode(), DesiredAccess, NULL, &Handle);

    return ObReturnHandle(LinkHandle, Handle, Status);
}

/* The target into the buffer of the caller's string, then the string's new length. */
static NTSTATUS ObpCopyTarget(POBJECT_SYMBOLIC_LINK Link, UNICODE_STRING __user *User)
{
    UNICODE_STRING String;
    NTSTATUS Status = MmCopyFromUser(&String, User, sizeof(String));

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (String.MaximumLength < Link->LinkTarget.Length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    Status = MmCopyToUser(
        (__force void __user *)String.Buffer, Link->LinkTarget.Buffer, Link->LinkTarget.Length);
    String.Length = Link->LinkTarget.Length;
    return NT_SUCCESS(Status) ? MmCopyToUser(User, &String, sizeof(String)) : Status;
}

/* ReturnedLength, in bytes, is set as well when the buffer is too small. */
NTSTATUS NTAPI NtQuerySymbolicLinkObject(
    HANDLE LinkHandle, UNICODE_STRING __user *LinkTarget, ULONG __user *ReturnedLength)
{
    PVOID Object;
    POBJECT_SYMBOLIC_LINK Link;
    NTSTATUS Status = ObReferenceObjectByHandle(LinkHandle, SYMBOLIC_LINK_QUERY,
        ObpSymbolicLinkObjectType, KeGetPreviousMode(), &Object, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Link = Object;
    Status = ObpCopyTarget(Link, LinkTarget);
    if (ReturnedLength != NULL && (NT_SUCCESS(Status) || Status == STATUS_BUFFER_TOO_SMALL)) {
        NTSTATUS WriteStatus = MmWriteUlongToUser(ReturnedLength, Link->LinkTarget.Length);

        Status = NT_SUCCESS(WriteStatus) ? Status : WriteStatus;
    }
    ObDereferenceObject(Object);
    return Status;
}
