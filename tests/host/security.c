/* SPDX-License-Identifier: MIT */
/*
 * rtl/sid.c, acl.c and descriptor.c: descriptors built and taken apart again, then
 * damaged at random, in exactly as many bytes as they have, for the sanitizer.
 */
#include "ktap.h"
#include "rtl.h"
#include <stdlib.h>

#define DAMAGED 200000
#define PARTS   (OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION)

static SID_IDENTIFIER_AUTHORITY NtAuthority = {{0, 0, 0, 0, 0, 5}};

/* S-1-5-A[-B]; Count sub-authorities. */
static PSID MakeSid(UCHAR Count, ULONG First, ULONG Second)
{
    PSID Sid = malloc(RtlLengthRequiredSid(Count));

    (void)RtlInitializeSid(Sid, &NtAuthority, Count);
    *RtlSubAuthoritySid(Sid, 0) = First;
    if (Count > 1) {
        *RtlSubAuthoritySid(Sid, 1) = Second;
    }
    return Sid;
}

static void TestSids(void)
{
    PSID System = MakeSid(1, 18, 0), Users = MakeSid(2, 32, 545);
    UCHAR Copy[16];

    CHECK(RtlLengthSid(System) == 12 && RtlLengthSid(Users) == 16);
    CHECK(RtlValidSid(System) && !RtlValidSid(NULL));
    CHECK(RtlEqualSid(System, System) && !RtlEqualSid(System, Users));
    CHECK(RtlCopySid(15, Copy, Users) == STATUS_BUFFER_TOO_SMALL);
    CHECK(RtlCopySid(16, Copy, Users) == STATUS_SUCCESS && RtlEqualSid(Copy, Users));
    CHECK(RtlInitializeSid(Copy, &NtAuthority, 16) == STATUS_INVALID_PARAMETER);
    *RtlSubAuthorityCountSid(Copy) = 16;
    CHECK(!RtlValidSid(Copy));
    CHECK(RtlIdentifierAuthoritySid(Users)->Value[5] == 5);
    free(System);
    free(Users);
}

static void TestAcls(void)
{
    PSID Users = MakeSid(2, 32, 545);
    ULONG Space[(sizeof(ACL) + 2 * 24) / sizeof(ULONG)];
    PACL Acl = (PACL)Space;
    PVOID Ace;

    CHECK(RtlCreateAcl(Acl, sizeof(ACL) - 1, ACL_REVISION) == STATUS_BUFFER_TOO_SMALL);
    CHECK(RtlCreateAcl(Acl, sizeof(Space), 1) == STATUS_INVALID_PARAMETER);
    CHECK(RtlCreateAcl(Acl, 0x10000, ACL_REVISION) == STATUS_INVALID_PARAMETER);
    CHECK(RtlCreateAcl(Acl, sizeof(Space), ACL_REVISION) == STATUS_SUCCESS);
    CHECK(RtlValidAcl(Acl) && RtlGetAce(Acl, 0, &Ace) == STATUS_INVALID_PARAMETER);
    CHECK(RtlAddAccessAllowedAce(Acl, ACL_REVISION, 1, Users) == STATUS_SUCCESS);
    CHECK(RtlAddAccessAllowedAceEx(Acl, ACL_REVISION, 0x20, 1, Users) ==
          STATUS_INVALID_PARAMETER);
    CHECK(RtlAddAccessDeniedAce(Acl, 5, 2, Users) == STATUS_REVISION_MISMATCH);
    CHECK(RtlAddAccessDeniedAce(Acl, ACL_REVISION, 2, Users) == STATUS_SUCCESS);
    CHECK(RtlFirstFreeAce(Acl, &Ace) && Ace == NULL);
    CHECK(RtlAddAccessDeniedAce(Acl, ACL_REVISION, 2, Users) ==
          STATUS_ALLOTTED_SPACE_EXCEEDED);
    CHECK(RtlGetAce(Acl, 1, &Ace) == STATUS_SUCCESS && ((PACCESS_ALLOWED_ACE)Ace)->Mask == 2);
    CHECK(RtlGetAce(Acl, 2, &Ace) == STATUS_INVALID_PARAMETER);
    CHECK(RtlValidAcl(Acl));
    Acl->AceCount = 3;
    CHECK(!RtlValidAcl(Acl) && !RtlFirstFreeAce(Acl, &Ace));
    free(Users);
}

/* Exactly *Length bytes. */
static PUCHAR MakeDescriptor(PULONG Length)
{
    PSID System = MakeSid(1, 18, 0), Users = MakeSid(2, 32, 545);
    SECURITY_DESCRIPTOR Absolute;
    ULONG Space[32] = {0};
    PUCHAR Relative;

    CHECK(RtlCreateAcl((PACL)Space, sizeof(Space), ACL_REVISION) == STATUS_SUCCESS);
    CHECK(RtlAddAccessAllowedAce((PACL)Space, ACL_REVISION, 1, Users) == STATUS_SUCCESS);
    CHECK(RtlAddAccessDeniedAce((PACL)Space, ACL_REVISION, 2, System) == STATUS_SUCCESS);
    CHECK(RtlCreateSecurityDescriptor(&Absolute, 2) == STATUS_UNKNOWN_REVISION);
    CHECK(RtlCreateSecurityDescriptor(&Absolute, 1) == STATUS_SUCCESS);
    CHECK(RtlSetOwnerSecurityDescriptor(&Absolute, System, TRUE) == STATUS_SUCCESS);
    CHECK(RtlSetGroupSecurityDescriptor(&Absolute, Users, FALSE) == STATUS_SUCCESS);
    CHECK(RtlSetDaclSecurityDescriptor(&Absolute, TRUE, (PACL)Space, FALSE) == STATUS_SUCCESS);
    CHECK(RtlSetSaclSecurityDescriptor(&Absolute, TRUE, NULL, TRUE) == STATUS_SUCCESS);
    CHECK(RtlValidSecurityDescriptor(&Absolute));
    *Length = 0;
    CHECK(RtlAbsoluteToSelfRelativeSD(&Absolute, NULL, Length) == STATUS_BUFFER_TOO_SMALL);
    CHECK(*Length == RtlLengthSecurityDescriptor(&Absolute));
    Relative = malloc(*Length);
    CHECK(RtlAbsoluteToSelfRelativeSD(&Absolute, Relative, Length) == STATUS_SUCCESS);
    free(System);
    free(Users);
    return Relative;
}

static void TestDescriptors(void)
{
    SECURITY_DESCRIPTOR_CONTROL Control;
    BOOLEAN Defaulted, Present;
    ULONG Length, Again, Revision;
    PUCHAR Relative = MakeDescriptor(&Length), Copy = malloc(Length);
    PSID Owner;
    PACL Acl;

    CHECK(RtlValidSecurityDescriptor(Relative));
    CHECK(RtlValidRelativeSecurityDescriptor(Relative, Length, PARTS));
    CHECK(!RtlValidRelativeSecurityDescriptor(Relative, Length - 1, 0));
    CHECK(RtlGetOwnerSecurityDescriptor(Relative, &Owner, &Defaulted) == STATUS_SUCCESS);
    CHECK(*RtlSubAuthoritySid(Owner, 0) == 18 && Defaulted);
    CHECK(RtlGetGroupSecurityDescriptor(Relative, &Owner, &Defaulted) == STATUS_SUCCESS);
    CHECK(*RtlSubAuthoritySid(Owner, 1) == 545 && !Defaulted);
    CHECK(RtlGetDaclSecurityDescriptor(Relative, &Present, &Acl, &Defaulted) == STATUS_SUCCESS);
    CHECK(Present && Acl->AceCount == 2 && !Defaulted);
    CHECK(RtlGetSaclSecurityDescriptor(Relative, &Present, &Acl, &Defaulted) == STATUS_SUCCESS);
    CHECK(Present && Acl == NULL && Defaulted);
    CHECK(RtlGetControlSecurityDescriptor(Relative, &Control, &Revision) == STATUS_SUCCESS);
    CHECK(Revision == 1 && (Control & SE_SELF_RELATIVE));
    CHECK(RtlSetOwnerSecurityDescriptor(Relative, NULL, FALSE) ==
          STATUS_INVALID_SECURITY_DESCR);
    Again = Length;
    CHECK(RtlAbsoluteToSelfRelativeSD(Relative, Copy, &Again) == STATUS_BAD_DESCRIPTOR_FORMAT);
    CHECK(RtlMakeSelfRelativeSD(Relative, Copy, &Again) == STATUS_SUCCESS);
    CHECK(Again == Length && memcmp(Relative, Copy, Length) == 0);
    free(Relative);
    free(Copy);
}

/* What is found valid can be measured and copied, and is valid still. */
static void TestDamage(void)
{
    ULONG Seed = 1, Length, Valid = 0;
    PUCHAR Good = MakeDescriptor(&Length);
    PUCHAR Bad = malloc(Length), Copy = malloc(Length * 4);

    for (ULONG i = 0; i < DAMAGED; i++) {
        ULONG Size = Length * 4;

        memcpy(Bad, Good, Length);
        for (ULONG n = KtapRandom(&Seed) % 3 + 1; n > 0; n--) {
            ULONG Limit = KtapRandom(&Seed) % 4 != 0 ? 0x50 : 0x100;

            Bad[KtapRandom(&Seed) % Length] = (UCHAR)(KtapRandom(&Seed) % Limit);
        }
        if (!RtlValidRelativeSecurityDescriptor(Bad, Length, 0)) {
            continue;
        }
        Valid++;
        CHECK(RtlValidSecurityDescriptor(Bad));
        CHECK(RtlMakeSelfRelativeSD(Bad, Copy, &Size) == STATUS_SUCCESS);
        CHECK(RtlValidRelativeSecurityDescriptor(Copy, Size, 0));
    }
    CHECK(Valid > DAMAGED / 20 && Valid < DAMAGED / 4 * 3);
    free(Good);
    free(Bad);
    free(Copy);
}

const KTAP_TEST KtapTests[] = {
    { "security: SIDs", TestSids },
    { "security: access control lists", TestAcls },
    { "security: descriptors, both forms", TestDescriptors },
    { "security: 200000 damaged descriptors", TestDamage },
    { NULL, NULL },
};
