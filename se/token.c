/* SPDX-License-Identifier: MIT */
/*
 * Tokens: who a process is and what it may do.  In this version there is one
 * account, Local System (S-1-5-18), with every privilege held and enabled; each
 * process has its own copy of the token, as on NT.
 */
#include "se.h"
#include "mm.h"

#define SID_REVISION                1
#define SECURITY_LOCAL_SYSTEM_RID   18
#define SE_MAXIMUM_PRIVILEGE        28
#define SEP_ALL_PRIVILEGES \
    ((1ull << (SE_MAXIMUM_PRIVILEGE + 1)) - (1ull << SE_CREATE_TOKEN_PRIVILEGE))
#define SEP_SYSTEM_LUID             0x3E7 /* SYSTEM_LUID: the logon session of the system */

enum { TokenPrimary = 1, TokenImpersonation = 2 };

/* A SID with one sub-authority, laid out as NT's. */
typedef struct _SEP_SID {
    UCHAR Revision;
    UCHAR SubAuthorityCount;
    UCHAR IdentifierAuthority[6]; /* big-endian */
    ULONG SubAuthority[1];
} SEP_SID;

/* Fixed once it is made, so it needs no lock. */
struct _TOKEN {
    ULONGLONG TokenId;
    ULONGLONG AuthenticationId; /* logon session */
    ULONG TokenType;
    SEP_SID User;
    ULONGLONG PrivilegesHeld; /* bit n: privilege n */
    ULONGLONG PrivilegesEnabled;
};

POBJECT_TYPE SeTokenObjectType;
PTOKEN SeSystemToken;
static volatile ULONG SepLastTokenId;

static NTSTATUS SepCreateTokenType(void)
{
    static const OBJECT_TYPE_INITIALIZER Info = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | TOKEN_QUERY_ACCESS,
            STANDARD_RIGHTS_WRITE | 0x00E0, /* adjust privileges, groups, defaults */
            STANDARD_RIGHTS_EXECUTE, TOKEN_ALL_ACCESS_MASK},
        .ValidAccessMask = TOKEN_ALL_ACCESS_MASK,
        .PoolTag = POOL_TAG('T', 'o', 'k', 'e'),
        .BodySize = sizeof(TOKEN),
        .SecurityRequired = TRUE,
    };

    return ObCreateObjectType(L"Token", &Info, &SeTokenObjectType);
}

static NTSTATUS SepAllocateToken(PTOKEN *Token)
{
    PVOID Object;
    NTSTATUS Status = ObCreateObject(KernelMode, SeTokenObjectType, NULL, 0, &Object);

    if (NT_SUCCESS(Status)) {
        *Token = Object;
        (*Token)->TokenId = InterlockedIncrement(&SepLastTokenId);
        (*Token)->TokenType = TokenPrimary;
    }
    return Status;
}

NTSTATUS SeInitSystem(void)
{
    NTSTATUS Status = SepCreateTokenType();

    if (NT_SUCCESS(Status)) {
        Status = SepAllocateToken(&SeSystemToken);
    }
    if (NT_SUCCESS(Status)) {
        SeSystemToken->AuthenticationId = SEP_SYSTEM_LUID;
        SeSystemToken->User = (SEP_SID){SID_REVISION, 1, {0, 0, 0, 0, 0, 5},
            {SECURITY_LOCAL_SYSTEM_RID}};
        SeSystemToken->PrivilegesHeld = SEP_ALL_PRIVILEGES;
        SeSystemToken->PrivilegesEnabled = SEP_ALL_PRIVILEGES;
    }
    return Status;
}

NTSTATUS SeDuplicatePrimaryToken(PTOKEN Source, PTOKEN *Token)
{
    NTSTATUS Status = SepAllocateToken(Token);

    if (NT_SUCCESS(Status)) {
        (*Token)->AuthenticationId = Source->AuthenticationId;
        (*Token)->User = Source->User;
        (*Token)->PrivilegesHeld = Source->PrivilegesHeld;
        (*Token)->PrivilegesEnabled = Source->PrivilegesEnabled;
    }
    return Status;
}

BOOLEAN SeTokenHasPrivilege(PTOKEN Token, ULONG Privilege)
{
    return Privilege <= SE_MAXIMUM_PRIVILEGE
        && (Token->PrivilegesHeld & Token->PrivilegesEnabled & 1ull << Privilege) != 0;
}
