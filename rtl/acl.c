/* SPDX-License-Identifier: MIT */
/*
 * Access control lists: a header and AceCount entries of different lengths, in
 * AclSize bytes.  Nothing here looks beyond those, whatever the entries say; that
 * AclSize bytes are there is the caller's to know.
 */
#include "rtl.h"

#define RTLP_ACE_ALIGNMENT 4

/* Bytes from an entry's start to its SID; 0: a type that this does not know. */
static ULONG RtlpSidOffset(const ACE_HEADER *Ace)
{
    static const ULONG GuidSize = 16;
    ULONG Guids;

    if (Ace->AceType <= SYSTEM_ALARM_ACE_TYPE) {
        return offsetof(ACCESS_ALLOWED_ACE, SidStart);
    }
    if (Ace->AceType < ACCESS_ALLOWED_OBJECT_ACE_TYPE ||
        Ace->AceType > SYSTEM_ALARM_OBJECT_ACE_TYPE) {
        return 0;
    }
    /* After the mask, flags: which of two identifiers are there? */
    Guids = Ace->AceSize >= sizeof(ULONG) * 3 ? ((const ULONG *)Ace)[2] & 3 : 0;
    return sizeof(ULONG) * 3 + ((Guids & 1) + (Guids >> 1)) * GuidSize;
}

/* Ace->AceSize bytes are there. */
static BOOLEAN RtlpIsAceValid(PACE_HEADER Ace)
{
    ULONG Offset = RtlpSidOffset(Ace);
    PISID Sid = (PISID)((PUCHAR)Ace + Offset);

    if (Offset == 0) {
        return TRUE;
    }
    return Ace->AceSize >= Offset + RtlLengthRequiredSid(1) && RtlValidSid(Sid) &&
           Ace->AceSize >= Offset + RtlLengthSid(Sid);
}

/* The end of an entry that is wholly inside the list, or NULL. */
static PUCHAR RtlpNextAce(PACL Acl, PUCHAR Ace)
{
    PUCHAR End = (PUCHAR)Acl + Acl->AclSize;
    ULONG Size;

    if (Ace + sizeof(ACE_HEADER) > End) {
        return NULL;
    }
    Size = ((PACE_HEADER)Ace)->AceSize;
    return Size >= sizeof(ACE_HEADER) && Size % RTLP_ACE_ALIGNMENT == 0 &&
                   Size <= (ULONG)(End - Ace)
               ? Ace + Size
               : NULL;
}

static BOOLEAN RtlpIsAclHeaderValid(const ACL *Acl)
{
    return Acl->AclRevision >= MIN_ACL_REVISION && Acl->AclRevision <= MAX_ACL_REVISION &&
           Acl->AclSize >= sizeof(ACL);
}

BOOLEAN NTAPI RtlValidAcl(PACL Acl)
{
    PUCHAR Ace = (PUCHAR)(Acl + 1);

    if (Acl == NULL || !RtlpIsAclHeaderValid(Acl)) {
        return FALSE;
    }
    for (ULONG i = 0; i < Acl->AceCount; i++) {
        PUCHAR Next = RtlpNextAce(Acl, Ace);

        if (Next == NULL || !RtlpIsAceValid((PACE_HEADER)Ace)) {
            return FALSE;
        }
        Ace = Next;
    }
    return TRUE;
}

NTSTATUS NTAPI RtlCreateAcl(PACL Acl, ULONG AclLength, ULONG AclRevision)
{
    if (AclLength < sizeof(ACL)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (AclRevision < MIN_ACL_REVISION || AclRevision > MAX_ACL_REVISION ||
        AclLength > 0xFFFF) {
        return STATUS_INVALID_PARAMETER;
    }
    *Acl = (ACL){
        .AclRevision = (UCHAR)AclRevision,
        .AclSize = (USHORT)(AclLength & ~(RTLP_ACE_ALIGNMENT - 1u)),
    };
    return STATUS_SUCCESS;
}

/* FALSE: the list is damaged.  *FirstFree NULL: it is full. */
BOOLEAN NTAPI RtlFirstFreeAce(PACL Acl, PVOID *FirstFree)
{
    PUCHAR Ace = (PUCHAR)(Acl + 1);

    *FirstFree = NULL;
    for (ULONG i = 0; i < Acl->AceCount; i++) {
        Ace = RtlpNextAce(Acl, Ace);
        if (Ace == NULL) {
            return FALSE;
        }
    }
    if (Ace < (PUCHAR)Acl + Acl->AclSize) {
        *FirstFree = Ace;
    }
    return TRUE;
}

NTSTATUS NTAPI RtlGetAce(PACL Acl, ULONG AceIndex, PVOID *Ace)
{
    PUCHAR Entry = (PUCHAR)(Acl + 1);

    if (!RtlpIsAclHeaderValid(Acl) || AceIndex >= Acl->AceCount) {
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG i = 0; i < AceIndex && Entry != NULL; i++) {
        Entry = RtlpNextAce(Acl, Entry);
    }
    if (Entry == NULL || RtlpNextAce(Acl, Entry) == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    *Ace = Entry;
    return STATUS_SUCCESS;
}

static NTSTATUS RtlpAddAce(
    PACL Acl, ULONG Revision, UCHAR Type, ULONG Flags, ACCESS_MASK Mask, PSID Sid)
{
    PACCESS_ALLOWED_ACE Ace;
    PVOID Free;
    ULONG Size;

    if (!RtlValidSid(Sid)) {
        return STATUS_INVALID_SID;
    }
    if (Acl->AclRevision > MAX_ACL_REVISION || Revision > MAX_ACL_REVISION) {
        return STATUS_REVISION_MISMATCH;
    }
    if (Flags & ~(ULONG)VALID_INHERIT_FLAGS) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!RtlFirstFreeAce(Acl, &Free)) {
        return STATUS_INVALID_ACL;
    }
    Size = offsetof(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(Sid);
    if (Free == NULL || Size > (ULONG)((PUCHAR)Acl + Acl->AclSize - (PUCHAR)Free)) {
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    }
    Ace = Free;
    Ace->Header = (ACE_HEADER){Type, (UCHAR)Flags, (USHORT)Size};
    Ace->Mask = Mask;
    memcpy(&Ace->SidStart, Sid, RtlLengthSid(Sid));
    Acl->AceCount++;
    Acl->AclRevision = Revision > Acl->AclRevision ? (UCHAR)Revision : Acl->AclRevision;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAddAccessAllowedAceEx(
    PACL Acl, ULONG AceRevision, ULONG AceFlags, ACCESS_MASK AccessMask, PSID Sid)
{
    return RtlpAddAce(Acl, AceRevision, ACCESS_ALLOWED_ACE_TYPE, AceFlags, AccessMask, Sid);
}

NTSTATUS NTAPI RtlAddAccessAllowedAce(
    PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    return RtlpAddAce(Acl, AceRevision, ACCESS_ALLOWED_ACE_TYPE, 0, AccessMask, Sid);
}

NTSTATUS NTAPI RtlAddAccessDeniedAce(
    PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    return RtlpAddAce(Acl, AceRevision, ACCESS_DENIED_ACE_TYPE, 0, AccessMask, Sid);
}
