/* SPDX-License-Identifier: MIT */
/*
 * Objects and memory that an in-kernel stress shares with its processes.
 */
#include "tests/kernel/ktshared.h"
#include "ex.h"
#include "mm/mi.h"

POBJECT_ATTRIBUTES KtShareName(KT_SHARED_NAME *Name, PCSTR Kind, ULONG Number)
{
    CHAR Narrow[48];
    ULONG Bytes;

    (void)RtlStringFormat(Narrow, sizeof(Narrow), "\\BaseNamedObjects\\%s%u", Kind, Number);
    (void)RtlMultiByteToUnicodeN(Name->Text, sizeof(Name->Text), &Bytes, Narrow, strlen(Narrow));
    Name->String = (UNICODE_STRING){(USHORT)Bytes, (USHORT)Bytes, Name->Text};
    InitializeObjectAttributes(&Name->Attributes, &Name->String, 0, NULL, NULL);
    return &Name->Attributes;
}

PVOID KtReferenceBody(HANDLE Handle)
{
    PVOID Body = NULL;

    ok_status(ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Body, NULL),
        STATUS_SUCCESS);
    return Body;
}

PVOID KtMapShared(PCSTR Kind, SIZE_T Size, PHANDLE Section)
{
    LARGE_INTEGER MaximumSize = {.QuadPart = Size};
    PVOID Base = NULL;
    SIZE_T ViewSize = 0;
    KT_SHARED_NAME Name;

    ok_status(NtCreateSection(Section, SECTION_ALL_ACCESS, KtShareName(&Name, Kind, 0),
                  &MaximumSize, PAGE_READWRITE, SEC_COMMIT, NULL), STATUS_SUCCESS);
    ok_status(NtMapViewOfSection(*Section, NtCurrentProcess(), &Base, 0, 0, NULL, &ViewSize,
                  ViewUnmap, 0, PAGE_READWRITE), STATUS_SUCCESS);
    return Base;
}

void KtUnmapShared(PVOID Base, HANDLE Section)
{
    ok_status(NtUnmapViewOfSection(NtCurrentProcess(), Base), STATUS_SUCCESS);
    ok_status(NtClose(Section), STATUS_SUCCESS);
}

BOOLEAN KtPut(PVOID To, const void *From, SIZE_T Length)
{
    return KiCopyToUser((__force void __user *)To, From, Length) == 0;
}

ULONG KtGetUlong(const volatile ULONG *From)
{
    ULONG Value = 0;

    (void)KiCopyFromUser(&Value, (__force const void __user *)From, sizeof(Value));
    return Value;
}
