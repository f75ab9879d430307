/* SPDX-License-Identifier: MIT */
/*
 * Se, security: tokens and privileges.  In this version there is one account,
 * the System: its token is made at boot and every process has a duplicate.
 */
#pragma once
#include "ob.h"

typedef struct _TOKEN TOKEN, *PTOKEN;

#define SE_CREATE_TOKEN_PRIVILEGE        2
#define SE_ASSIGN_PRIMARY_TOKEN_PRIVILEGE 3
#define SE_LOCK_MEMORY_PRIVILEGE         4
#define SE_SHUTDOWN_PRIVILEGE            19
#define SE_DEBUG_PRIVILEGE               20
#define SE_INCREASE_BASE_PRIORITY_PRIVILEGE 14

#define TOKEN_ASSIGN_PRIMARY_ACCESS 0x0001
#define TOKEN_DUPLICATE_ACCESS      0x0002
#define TOKEN_QUERY_ACCESS          0x0008
#define TOKEN_ALL_ACCESS_MASK       0x000F01FF

extern POBJECT_TYPE SeTokenObjectType;
extern PTOKEN SeSystemToken; /* the boot token */

_Must_inspect_result_ NTSTATUS SeInitSystem(void);
/* A primary token with the same user and privileges; one reference. */
_Must_inspect_result_ NTSTATUS SeDuplicatePrimaryToken(PTOKEN Source, _Out_ PTOKEN *Token);
BOOLEAN SeTokenHasPrivilege(PTOKEN Token, ULONG Privilege); /* held and enabled */
