/* SPDX-License-Identifier: MIT */
/*
 * Security descriptors: owner, group, and two lists, absolute or self-relative.
 * The routines take either form unless they say otherwise, and trust the pointers
 * or offsets; RtlValidRelativeSecurityDescriptor is the one that trusts nothing.
 */
#include "rtl.h"

_Static_assert(sizeof(void *) != 4 ||
        sizeof(SECURITY_DESCRIPTOR) == sizeof(SECURITY_DESCRIPTOR_RELATIVE), "NT layout");

#define ALIGN_PART(Length) (((Length) + 3) & ~3u)

static PVOID RtlpPart(PISECURITY_DESCRIPTOR Descriptor, PVOID Pointer, ULONG Offset)
{
    if ((Descriptor->Control & SE_SELF_RELATIVE) == 0) {
        return Pointer;
    }
    return Offset != 0 ? (PUCHAR)Descriptor + Offset : NULL;
}

#define RTLP_PART(Descriptor, Field)                                                           \
    RtlpPart((Descriptor), (Descriptor)->Field,                                                \
        ((PISECURITY_DESCRIPTOR_RELATIVE)(Descriptor))->Field)

static PACL RtlpDacl(PISECURITY_DESCRIPTOR Descriptor)
{
    return Descriptor->Control & SE_DACL_PRESENT ? RTLP_PART(Descriptor, Dacl) : NULL;
}

static PACL RtlpSacl(PISECURITY_DESCRIPTOR Descriptor)
{
    return Descriptor->Control & SE_SACL_PRESENT ? RTLP_PART(Descriptor, Sacl) : NULL;
}

static ULONG RtlpSidSize(PSID Sid)
{
    return Sid != NULL ? RtlLengthSid(Sid) : 0;
}

static ULONG RtlpAclSize(const ACL *Acl)
{
    return Acl != NULL ? ALIGN_PART(Acl->AclSize) : 0;
}

NTSTATUS NTAPI RtlCreateSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Revision)
{
    if (Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *(PISECURITY_DESCRIPTOR)SecurityDescriptor =
        (SECURITY_DESCRIPTOR){.Revision = SECURITY_DESCRIPTOR_REVISION};
    return STATUS_SUCCESS;
}

/* ---- Setting: absolute descriptors only, and the parts stay the caller's ----------- */

static NTSTATUS RtlpCheckAbsolute(const SECURITY_DESCRIPTOR *Descriptor)
{
    if (Descriptor->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    return Descriptor->Control & SE_SELF_RELATIVE ? STATUS_INVALID_SECURITY_DESCR
                                                  : STATUS_SUCCESS;
}

static void RtlpSetControl(PISECURITY_DESCRIPTOR Descriptor, ULONG Bit, BOOLEAN Set)
{
    Descriptor->Control = (SECURITY_DESCRIPTOR_CONTROL)(
        Set ? Descriptor->Control | Bit : Descriptor->Control & ~Bit);
}

NTSTATUS NTAPI RtlSetOwnerSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Owner, BOOLEAN OwnerDefaulted)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;
    NTSTATUS Status = RtlpCheckAbsolute(Descriptor);

    if (NT_SUCCESS(Status)) {
        Descriptor->Owner = Owner;
        RtlpSetControl(Descriptor, SE_OWNER_DEFAULTED, OwnerDefaulted);
    }
    return Status;
}

NTSTATUS NTAPI RtlSetGroupSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Group, BOOLEAN GroupDefaulted)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;
    NTSTATUS Status = RtlpCheckAbsolute(Descriptor);

    if (NT_SUCCESS(Status)) {
        Descriptor->Group = Group;
        RtlpSetControl(Descriptor, SE_GROUP_DEFAULTED, GroupDefaulted);
    }
    return Status;
}

/* Present with a list of NULL: everybody may do everything. */
NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
    BOOLEAN DaclPresent, PACL Dacl, BOOLEAN DaclDefaulted)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;
    NTSTATUS Status = RtlpCheckAbsolute(Descriptor);

    if (NT_SUCCESS(Status)) {
        RtlpSetControl(Descriptor, SE_DACL_PRESENT, DaclPresent);
    }
    if (NT_SUCCESS(Status) && DaclPresent) {
        Descriptor->Dacl = Dacl;
        RtlpSetControl(Descriptor, SE_DACL_DEFAULTED, DaclDefaulted);
    }
    return Status;
}

NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
    BOOLEAN SaclPresent, PACL Sacl, BOOLEAN SaclDefaulted)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;
    NTSTATUS Status = RtlpCheckAbsolute(Descriptor);

    if (NT_SUCCESS(Status)) {
        RtlpSetControl(Descriptor, SE_SACL_PRESENT, SaclPresent);
    }
    if (NT_SUCCESS(Status) && SaclPresent) {
        Descriptor->Sacl = Sacl;
        RtlpSetControl(Descriptor, SE_SACL_DEFAULTED, SaclDefaulted);
    }
    return Status;
}

/* ---- Getting ------------------------------------------------------------------------ */

NTSTATUS NTAPI RtlGetOwnerSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor, PSID *Owner, PBOOLEAN OwnerDefaulted)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;

    if (Descriptor->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Owner = RTLP_PART(Descriptor, Owner);
    *OwnerDefaulted = (Descriptor->Control & SE_OWNER_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetGroupSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor, PSID *Group, PBOOLEAN GroupDefaulted)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;

    if (Descriptor->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Group = RTLP_PART(Descriptor, Group);
    *GroupDefaulted = (Descriptor->Control & SE_GROUP_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

/* Dacl and DaclDefaulted are set only if it is present. */
NTSTATUS NTAPI RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
    PBOOLEAN DaclPresent, PACL *Dacl, PBOOLEAN DaclDefaulted)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;

    if (Descriptor->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *DaclPresent = (Descriptor->Control & SE_DACL_PRESENT) != 0;
    if (*DaclPresent) {
        *Dacl = RtlpDacl(Descriptor);
        *DaclDefaulted = (Descriptor->Control & SE_DACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
    PBOOLEAN SaclPresent, PACL *Sacl, PBOOLEAN SaclDefaulted)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;

    if (Descriptor->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *SaclPresent = (Descriptor->Control & SE_SACL_PRESENT) != 0;
    if (*SaclPresent) {
        *Sacl = RtlpSacl(Descriptor);
        *SaclDefaulted = (Descriptor->Control & SE_SACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetControlSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
    PSECURITY_DESCRIPTOR_CONTROL Control, PULONG Revision)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;

    *Revision = Descriptor->Revision;
    if (Descriptor->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Control = Descriptor->Control;
    return STATUS_SUCCESS;
}

/* ---- As a whole ---------------------------------------------------------------------- */

ULONG NTAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;

    return sizeof(SECURITY_DESCRIPTOR_RELATIVE) + RtlpSidSize(RTLP_PART(Descriptor, Owner)) +
           RtlpSidSize(RTLP_PART(Descriptor, Group)) + RtlpAclSize(RtlpSacl(Descriptor)) +
           RtlpAclSize(RtlpDacl(Descriptor));
}

BOOLEAN NTAPI RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    PISECURITY_DESCRIPTOR Descriptor = SecurityDescriptor;
    PSID Owner, Group;
    PACL Sacl, Dacl;

    if (Descriptor == NULL || Descriptor->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return FALSE;
    }
    Owner = RTLP_PART(Descriptor, Owner);
    Group = RTLP_PART(Descriptor, Group);
    Sacl = RtlpSacl(Descriptor);
    Dacl = RtlpDacl(Descriptor);
    return (Owner == NULL || RtlValidSid(Owner)) && (Group == NULL || RtlValidSid(Group)) &&
           (Sacl == NULL || RtlValidAcl(Sacl)) && (Dacl == NULL || RtlValidAcl(Dacl));
}

/* The part at Offset begins behind the header and inside Length: how much may it take? */
static ULONG RtlpRoom(ULONG Offset, ULONG Length)
{
    return Offset >= sizeof(SECURITY_DESCRIPTOR_RELATIVE) && Offset % 4 == 0 && Offset < Length
               ? Length - Offset
               : 0;
}

static BOOLEAN RtlpIsSidInside(PUCHAR Start, ULONG Offset, ULONG Length, BOOLEAN Required)
{
    ULONG Room = RtlpRoom(Offset, Length);

    if (Offset == 0) {
        return !Required;
    }
    return Room >= RtlLengthRequiredSid(0) && RtlValidSid(Start + Offset) &&
           Room >= RtlLengthSid(Start + Offset);
}

static BOOLEAN RtlpIsAclInside(PUCHAR Start, ULONG Offset, ULONG Length)
{
    ULONG Room = RtlpRoom(Offset, Length);

    return Offset == 0 || (Room >= sizeof(ACL) && ((PACL)(Start + Offset))->AclSize <= Room &&
                              RtlValidAcl((PACL)(Start + Offset)));
}

/* Of a self-relative one in Length bytes, from anywhere; required parts must be there. */
BOOLEAN NTAPI RtlValidRelativeSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
    ULONG SecurityDescriptorLength, SECURITY_INFORMATION RequiredInformation)
{
    PISECURITY_DESCRIPTOR_RELATIVE Relative = SecurityDescriptor;
    const ULONG Length = SecurityDescriptorLength;
    PUCHAR Start = SecurityDescriptor;
    ULONG Control;

    if (Length < sizeof(*Relative) || Relative->Revision != SECURITY_DESCRIPTOR_REVISION ||
        (Relative->Control & SE_SELF_RELATIVE) == 0) {
        return FALSE;
    }
    Control = Relative->Control;
    if (((RequiredInformation & DACL_SECURITY_INFORMATION) && !(Control & SE_DACL_PRESENT)) ||
        ((RequiredInformation & SACL_SECURITY_INFORMATION) && !(Control & SE_SACL_PRESENT))) {
        return FALSE;
    }
    return RtlpIsSidInside(Start, Relative->Owner, Length,
               (RequiredInformation & OWNER_SECURITY_INFORMATION) != 0) &&
           RtlpIsSidInside(Start, Relative->Group, Length,
               (RequiredInformation & GROUP_SECURITY_INFORMATION) != 0) &&
           (!(Control & SE_DACL_PRESENT) || RtlpIsAclInside(Start, Relative->Dacl, Length)) &&
           (!(Control & SE_SACL_PRESENT) || RtlpIsAclInside(Start, Relative->Sacl, Length));
}

/* Size is the part's in the copy, Length what is there of it.  Returns its offset. */
static ULONG RtlpAppend(PUCHAR Start, PULONG End, const void *Part, ULONG Length, ULONG Size)
{
    ULONG Offset = *End;

    if (Part == NULL) {
        return 0;
    }
    memcpy(Start + Offset, Part, Length);
    memset(Start + Offset + Length, 0, Size - Length);
    *End += Size;
    return Offset;
}

/*
 * RtlMakeSelfRelativeSD - a self-relative copy of either form.
 *
 * *Length: of the buffer, in; what is needed, out.  STATUS_BUFFER_TOO_SMALL.
 */
NTSTATUS NTAPI RtlMakeSelfRelativeSD(PSECURITY_DESCRIPTOR SecurityDescriptor,
    PSECURITY_DESCRIPTOR SelfRelativeSD, PULONG Length)
{
    PISECURITY_DESCRIPTOR Source = SecurityDescriptor;
    PSID Owner = RTLP_PART(Source, Owner), Group = RTLP_PART(Source, Group);
    PACL Sacl = RtlpSacl(Source), Dacl = RtlpDacl(Source);
    SECURITY_DESCRIPTOR_RELATIVE Relative = {
        .Revision = Source->Revision,
        .Sbz1 = Source->Sbz1,
        .Control = Source->Control | SE_SELF_RELATIVE,
    };
    ULONG Needed = RtlLengthSecurityDescriptor(Source);
    ULONG Given = *Length, End = sizeof(Relative);
    PUCHAR Target = SelfRelativeSD;

    *Length = Needed;
    if (Given < Needed) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    Relative.Sacl = RtlpAppend(
        Target, &End, Sacl, Sacl != NULL ? Sacl->AclSize : 0, RtlpAclSize(Sacl));
    Relative.Dacl = RtlpAppend(
        Target, &End, Dacl, Dacl != NULL ? Dacl->AclSize : 0, RtlpAclSize(Dacl));
    Relative.Owner = RtlpAppend(Target, &End, Owner, RtlpSidSize(Owner), RtlpSidSize(Owner));
    Relative.Group = RtlpAppend(Target, &End, Group, RtlpSidSize(Group), RtlpSidSize(Group));
    memcpy(Target, &Relative, sizeof(Relative));
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR AbsoluteSD,
    PSECURITY_DESCRIPTOR SelfRelativeSD, PULONG Length)
{
    if (((PISECURITY_DESCRIPTOR)AbsoluteSD)->Control & SE_SELF_RELATIVE) {
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    }
    return RtlMakeSelfRelativeSD(AbsoluteSD, SelfRelativeSD, Length);
}
