/* SPDX-License-Identifier: MIT */
/*
 * What an in-kernel stress gives the processes that it starts: named objects in
 * \BaseNamedObjects, and a section of memory, of which it has a view in System's user
 * half.  tests/user/shared.h is the other side.
 */
#pragma once
#include "nt/native.h"
#include "tests/kernel/kt.h"

typedef struct _KT_SHARED_NAME {
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING String;
    WCHAR Text[48];
} KT_SHARED_NAME;

POBJECT_ATTRIBUTES KtShareName(KT_SHARED_NAME *Name, PCSTR Kind, ULONG Number);
/* The object of a handle, referenced; NULL after a failure, which is reported. */
PVOID KtReferenceBody(HANDLE Handle);
/* A new section of zeroes named Kind0, mapped; user memory, to be used by the two below. */
PVOID KtMapShared(PCSTR Kind, SIZE_T Size, PHANDLE Section);
/* The view and the handle. */
void KtUnmapShared(PVOID Base, HANDLE Section);
BOOLEAN KtPut(PVOID To, const void *From, SIZE_T Length);
ULONG KtGetUlong(const volatile ULONG *From);
