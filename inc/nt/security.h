/* SPDX-License-Identifier: MIT */
/*
 * SIDs, access control lists and security descriptors, as programs see them.
 *
 * A descriptor is either absolute, with pointers, or self-relative, with offsets
 * from its own start; on x86 both have the same length.
 */
#pragma once
#include "nt/ntdef.h"

#ifndef _WIN32

typedef PVOID PSID, PSECURITY_DESCRIPTOR;
typedef ULONG SECURITY_INFORMATION;
typedef USHORT SECURITY_DESCRIPTOR_CONTROL, *PSECURITY_DESCRIPTOR_CONTROL;

#define SID_REVISION             1
#define SID_MAX_SUB_AUTHORITIES  15

typedef struct _SID_IDENTIFIER_AUTHORITY {
    UCHAR Value[6]; /* big-endian */
} SID_IDENTIFIER_AUTHORITY, *PSID_IDENTIFIER_AUTHORITY;

typedef struct _SID {
    UCHAR Revision;
    UCHAR SubAuthorityCount;
    SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
    ULONG SubAuthority[1]; /* SubAuthorityCount of them */
} SID, *PISID;

#define ACL_REVISION     2
#define MIN_ACL_REVISION 2
#define MAX_ACL_REVISION 4

/* Followed by its entries. */
typedef struct _ACL {
    UCHAR AclRevision;
    UCHAR Sbz1;
    USHORT AclSize; /* bytes, this included */
    USHORT AceCount;
    USHORT Sbz2;
} ACL, *PACL;

#define ACCESS_ALLOWED_ACE_TYPE          0x0
#define ACCESS_DENIED_ACE_TYPE           0x1
#define SYSTEM_ALARM_ACE_TYPE            0x3
#define ACCESS_ALLOWED_OBJECT_ACE_TYPE   0x5
#define SYSTEM_ALARM_OBJECT_ACE_TYPE     0x8
#define VALID_INHERIT_FLAGS              0x1F

typedef struct _ACE_HEADER {
    UCHAR AceType;
    UCHAR AceFlags;
    USHORT AceSize;
} ACE_HEADER, *PACE_HEADER;

/* Denying, auditing and alarming entries look the same. */
typedef struct _ACCESS_ALLOWED_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart; /* the SID begins here */
} ACCESS_ALLOWED_ACE, *PACCESS_ALLOWED_ACE;

#define SECURITY_DESCRIPTOR_REVISION 1
#define SE_OWNER_DEFAULTED    0x0001
#define SE_GROUP_DEFAULTED    0x0002
#define SE_DACL_PRESENT       0x0004
#define SE_DACL_DEFAULTED     0x0008
#define SE_SACL_PRESENT       0x0010
#define SE_SACL_DEFAULTED     0x0020
#define SE_DACL_AUTO_INHERITED 0x0400
#define SE_SACL_AUTO_INHERITED 0x0800
#define SE_DACL_PROTECTED     0x1000
#define SE_SACL_PROTECTED     0x2000
#define SE_SELF_RELATIVE      0x8000

typedef struct _SECURITY_DESCRIPTOR_RELATIVE {
    UCHAR Revision;
    UCHAR Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    ULONG Owner; /* offsets; 0: none */
    ULONG Group;
    ULONG Sacl;
    ULONG Dacl;
} SECURITY_DESCRIPTOR_RELATIVE, *PISECURITY_DESCRIPTOR_RELATIVE;

typedef struct _SECURITY_DESCRIPTOR {
    UCHAR Revision;
    UCHAR Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    PSID Owner;
    PSID Group;
    PACL Sacl;
    PACL Dacl;
} SECURITY_DESCRIPTOR, *PISECURITY_DESCRIPTOR;

#define OWNER_SECURITY_INFORMATION 0x1
#define GROUP_SECURITY_INFORMATION 0x2
#define DACL_SECURITY_INFORMATION  0x4
#define SACL_SECURITY_INFORMATION  0x8

#endif
