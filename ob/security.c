/* SPDX-License-Identifier: MIT */
/*
 * An object's security descriptor: given at creation, read by NtQuerySecurityObject,
 * changed by NtSetSecurityObject.  Nothing is checked against it.
 *
 * The namespace lock guards OBJECT_HEADER.SecurityDescriptor.  A descriptor is never
 * changed in place: a new one takes its place.  An object without one costs nothing.
 */
#include "ob/obp.h"

/* ---- Query ------------------------------------------------------------------------- */

static ACCESS_MASK ObpQueryAccess(SECURITY_INFORMATION Information)
{
    const SECURITY_INFORMATION Plain = OWNER_SECURITY_INFORMATION |
        GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;

    return (Information & Plain ? READ_CONTROL : 0) |
           (Information & SACL_SECURITY_INFORMATION ? ACCESS_SYSTEM_SECURITY : 0);
}

/* A copy of the parts in pool, *Length bytes; TOO_SMALL if that is more than it was. */
static NTSTATUS ObpCopySecurity(POBJECT_HEADER Header, SECURITY_INFORMATION Information,
    PULONG Length, PVOID *Copy)
{
    SECURITY_DESCRIPTOR Parts = {.Revision = 0};
    ULONG Given = *Length;
    NTSTATUS Status = STATUS_BUFFER_TOO_SMALL;

    *Copy = NULL;
    KeAcquireGuardedMutex(&ObpNamespaceLock);
    ObpSelectParts(Header->SecurityDescriptor, Information, &Parts);
    *Length = RtlLengthSecurityDescriptor(&Parts);
    if (*Length <= Given) {
        *Copy = ExAllocatePoolWithTag(PagedPool, *Length, TAG_SECURITY);
        Status = *Copy != NULL ? RtlMakeSelfRelativeSD(&Parts, *Copy, Length)
                               : STATUS_INSUFFICIENT_RESOURCES;
    }
    KeReleaseGuardedMutex(&ObpNamespaceLock);
    return Status;
}

/* A nameless object without a descriptor has an empty one. */
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
    void __user *SecurityDescriptor, ULONG Length, ULONG __user *LengthNeeded)
{
    ULONG Needed = Length;
    NTSTATUS WriteStatus, Status;
    PVOID Object, Copy;

    Status = ObReferenceObjectByHandle(Handle, ObpQueryAccess(SecurityInformation), NULL,
        KeGetPreviousMode(), &Object, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpCopySecurity(ObpHeader(Object), SecurityInformation, &Needed, &Copy);
    ObDereferenceObject(Object);
    WriteStatus = MmWriteUlongToUser(LengthNeeded, Needed);
    if (NT_SUCCESS(WriteStatus) && NT_SUCCESS(Status)) {
        WriteStatus = MmCopyToUser(SecurityDescriptor, Copy, Needed);
    }
    ObpFreeDescriptor(Copy);
    return NT_SUCCESS(WriteStatus) ? Status : WriteStatus;
}

/* ---- Set --------------------------------------------------------------------------- */

static ACCESS_MASK ObpSetAccess(SECURITY_INFORMATION Information)
{
    const SECURITY_INFORMATION Owners = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION;

    return (Information & Owners ? WRITE_OWNER : 0) |
           (Information & DACL_SECURITY_INFORMATION ? WRITE_DAC : 0) |
           (Information & SACL_SECURITY_INFORMATION ? ACCESS_SYSTEM_SECURITY : 0);
}

/* An owner and a group can be changed but not taken away. */
static NTSTATUS ObpCheckNewParts(
    PISECURITY_DESCRIPTOR_RELATIVE New, SECURITY_INFORMATION Information)
{
    return ((Information & OWNER_SECURITY_INFORMATION) && New->Owner == 0) ||
                   ((Information & GROUP_SECURITY_INFORMATION) && New->Group == 0)
               ? STATUS_INVALID_SECURITY_DESCR
               : STATUS_SUCCESS;
}

/* Only where an access check would look: nameless objects mostly have no security. */
static BOOLEAN ObpMayHaveSecurity(POBJECT_HEADER Header)
{
    return Header->SecurityDescriptor != NULL || Header->NameInfoOffset != 0 ||
           Header->Type->TypeInfo.SecurityRequired;
}

static NTSTATUS ObpReplaceSecurity(
    POBJECT_HEADER Header, SECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR New)
{
    PSECURITY_DESCRIPTOR Old = NULL, Merged;
    NTSTATUS Status = STATUS_NO_SECURITY_ON_OBJECT;

    KeAcquireGuardedMutex(&ObpNamespaceLock);
    if (ObpMayHaveSecurity(Header)) {
        Status = ObpMergeDescriptors(Header->SecurityDescriptor, New, Information, &Merged);
    }
    if (NT_SUCCESS(Status)) {
        Old = Header->SecurityDescriptor;
        Header->SecurityDescriptor = Merged;
    }
    KeReleaseGuardedMutex(&ObpNamespaceLock);
    ObpFreeDescriptor(Old);
    return Status;
}

static NTSTATUS ObpSetSecurity(
    POBJECT_HEADER Header, SECURITY_INFORMATION Information, const void __user *Source)
{
    PSECURITY_DESCRIPTOR New;
    NTSTATUS Status = ObpCaptureDescriptor(Source, KeGetPreviousMode(), &New);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpCheckNewParts(New, Information);
    if (NT_SUCCESS(Status)) {
        Status = ObpReplaceSecurity(Header, Information, New);
    }
    ObpFreeDescriptor(New);
    return Status;
}

/* Any owner will do: System has SeRestorePrivilege, with which NT asks no further. */
NTSTATUS NTAPI NtSetSecurityObject(
    HANDLE Handle, SECURITY_INFORMATION SecurityInformation, void __user *SecurityDescriptor)
{
    PVOID Object;
    NTSTATUS Status;

    if (SecurityDescriptor == NULL) {
        return STATUS_ACCESS_VIOLATION;
    }
    Status = ObReferenceObjectByHandle(Handle, ObpSetAccess(SecurityInformation), NULL,
        KeGetPreviousMode(), &Object, NULL);
    if (NT_SUCCESS(Status)) {
        Status = ObpSetSecurity(ObpHeader(Object), SecurityInformation, SecurityDescriptor);
        ObDereferenceObject(Object);
    }
    return Status;
}
