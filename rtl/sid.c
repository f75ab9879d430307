/* SPDX-License-Identifier: MIT */
/*
 * Security identifiers: S-1-5-18 is revision 1, authority 5, one sub-authority, 18.
 * Next: acl.c, descriptor.c.
 */
#include "rtl.h"

ULONG NTAPI RtlLengthRequiredSid(ULONG SubAuthorityCount)
{
    return offsetof(SID, SubAuthority) + SubAuthorityCount * sizeof(ULONG);
}

ULONG NTAPI RtlLengthSid(PSID Sid)
{
    return RtlLengthRequiredSid(((PISID)Sid)->SubAuthorityCount);
}

BOOLEAN NTAPI RtlValidSid(PSID Sid)
{
    PISID Id = Sid;

    return Id != NULL && (Id->Revision & 0x0F) == SID_REVISION &&
           Id->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES;
}

BOOLEAN NTAPI RtlEqualSid(PSID Sid1, PSID Sid2)
{
    return ((PISID)Sid1)->SubAuthorityCount == ((PISID)Sid2)->SubAuthorityCount &&
           memcmp(Sid1, Sid2, RtlLengthSid(Sid1)) == 0;
}

NTSTATUS NTAPI RtlCopySid(ULONG Length, PSID Destination, PSID Source)
{
    if (Length < RtlLengthSid(Source)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memcpy(Destination, Source, RtlLengthSid(Source));
    return STATUS_SUCCESS;
}

/* The sub-authorities are the caller's to fill in. */
NTSTATUS NTAPI RtlInitializeSid(
    PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount)
{
    PISID Id = Sid;

    if (SubAuthorityCount > SID_MAX_SUB_AUTHORITIES) {
        return STATUS_INVALID_PARAMETER;
    }
    Id->Revision = SID_REVISION;
    Id->SubAuthorityCount = SubAuthorityCount;
    Id->IdentifierAuthority = *IdentifierAuthority;
    return STATUS_SUCCESS;
}

PULONG NTAPI RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority)
{
    return (PULONG)((PUCHAR)Sid + RtlLengthRequiredSid(SubAuthority));
}

PUCHAR NTAPI RtlSubAuthorityCountSid(PSID Sid)
{
    return &((PISID)Sid)->SubAuthorityCount;
}

PSID_IDENTIFIER_AUTHORITY NTAPI RtlIdentifierAuthoritySid(PSID Sid)
{
    return &((PISID)Sid)->IdentifierAuthority;
}
