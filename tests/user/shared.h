/* SPDX-License-Identifier: MIT */
/*
 * What the processes of a stress find of the in-kernel test that started them: named
 * objects in \BaseNamedObjects and a section of memory.  tests/kernel/ktshared.h is
 * the other side.
 */
#pragma once
#include "tests/user/ktap.h"

typedef struct _SHARED_NAME {
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING String;
    WCHAR Text[48];
} SHARED_NAME;

static inline POBJECT_ATTRIBUTES MakeSharedName(SHARED_NAME *Name, PCSTR Kind, ULONG Number)
{
    CHAR Narrow[48];
    ULONG Bytes;

    (void)RtlStringFormat(Narrow, sizeof(Narrow), "\\BaseNamedObjects\\%s%lu", Kind, Number);
    (void)RtlMultiByteToUnicodeN(Name->Text, sizeof(Name->Text), &Bytes, Narrow, strlen(Narrow));
    Name->String = (UNICODE_STRING){(USHORT)Bytes, (USHORT)Bytes, Name->Text};
    InitializeObjectAttributes(&Name->Attributes, &Name->String, OBJ_OPENIF, NULL, NULL);
    return &Name->Attributes;
}

/* A view of the section of this name. */
static inline NTSTATUS MapShared(PCSTR Kind, PVOID *Base)
{
    SIZE_T Size = 0;
    HANDLE Section = NULL;
    SHARED_NAME Name;
    NTSTATUS Status = NtOpenSection(&Section, SECTION_ALL_ACCESS, MakeSharedName(&Name, Kind, 0));

    if (NT_SUCCESS(Status)) {
        Status = NtMapViewOfSection(Section, NtCurrentProcess(), Base, 0, 0, NULL, &Size,
            ViewUnmap, 0, PAGE_READWRITE);
        (void)NtClose(Section);
    }
    return Status;
}

/* The digit at the end of the command line: which of the processes this is. */
static inline ULONG SharedNumber(PPEB Peb)
{
    PCUNICODE_STRING Line = &Peb->ProcessParameters->CommandLine;

    return (ULONG)(Line->Buffer[Line->Length / sizeof(WCHAR) - 1] - L'0');
}

/* Whose thread has this id; NULL: there is none any more. */
static inline HANDLE OpenThreadById(ULONG ThreadId)
{
    CLIENT_ID Id = {NULL, (HANDLE)(ULONG_PTR)ThreadId};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle = NULL;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    (void)NtOpenThread(&Handle, THREAD_ALL_ACCESS, &Attributes, &Id);
    return Handle;
}

static inline HANDLE OpenProcessById(ULONG ProcessId)
{
    CLIENT_ID Id = {(HANDLE)(ULONG_PTR)ProcessId, NULL};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle = NULL;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    (void)NtOpenProcess(&Handle, PROCESS_ALL_ACCESS, &Attributes, &Id);
    return Handle;
}
