/* SPDX-License-Identifier: MIT */
/*
 * SIDs on the process heap; the routines that need no heap are in rtl/sid.c.
 */
#include "user/ntdll/ntdllp.h"

NTSTATUS NTAPI RtlAllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY IdentifierAuthority,
    UCHAR SubAuthorityCount, ULONG SubAuthority0, ULONG SubAuthority1, ULONG SubAuthority2,
    ULONG SubAuthority3, ULONG SubAuthority4, ULONG SubAuthority5, ULONG SubAuthority6,
    ULONG SubAuthority7, PSID *Sid)
{
    const ULONG SubAuthorities[8] = {SubAuthority0, SubAuthority1, SubAuthority2,
        SubAuthority3, SubAuthority4, SubAuthority5, SubAuthority6, SubAuthority7};
    PISID Id;

    if (SubAuthorityCount > ARRAYSIZE(SubAuthorities)) {
        return STATUS_INVALID_SID;
    }
    Id = RtlAllocateHeap(RtlGetProcessHeap(), 0, RtlLengthRequiredSid(SubAuthorityCount));
    if (Id == NULL) {
        return STATUS_NO_MEMORY;
    }
    Id->Revision = SID_REVISION;
    Id->SubAuthorityCount = SubAuthorityCount;
    Id->IdentifierAuthority = *IdentifierAuthority;
    memcpy(Id->SubAuthority, SubAuthorities, SubAuthorityCount * sizeof(ULONG));
    *Sid = Id;
    return STATUS_SUCCESS;
}

/* Always NULL, as NT's. */
PVOID NTAPI RtlFreeSid(PSID Sid)
{
    (void)RtlFreeHeap(RtlGetProcessHeap(), 0, Sid);
    return NULL;
}
