/* SPDX-License-Identifier: MIT */
/*
 * Counted strings that own a buffer from the process heap.
 *
 * The routines that need no memory are in rtl/unicode.c and rtl/convert.c.
 */
#include "user/ntdll/ntdllp.h"

/* Bytes of the result, its final zero included. */
ULONG NTAPI RtlAnsiStringToUnicodeSize(PCANSI_STRING Source)
{
    return ((ULONG)Source->Length + 1) * sizeof(WCHAR);
}

ULONG NTAPI RtlUnicodeStringToAnsiSize(PCUNICODE_STRING Source)
{
    return Source->Length / sizeof(WCHAR) + 1;
}

BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING Destination, PCWSTR Source)
{
    SIZE_T Size = (wcslen(Source) + 1) * sizeof(WCHAR);

    if (Size > UNICODE_STRING_MAX_BYTES) {
        return FALSE;
    }
    Destination->Buffer = RtlpAllocate(Size);
    if (Destination->Buffer == NULL) {
        return FALSE;
    }
    memcpy(Destination->Buffer, Source, Size);
    Destination->MaximumLength = (USHORT)Size;
    Destination->Length = (USHORT)(Size - sizeof(WCHAR));
    return TRUE;
}

/* A copy with a buffer of its own, always zero-terminated; Flags as NT's are ignored. */
NTSTATUS NTAPI RtlDuplicateUnicodeString(
    ULONG Flags, PCUNICODE_STRING Source, PUNICODE_STRING Destination)
{
    UNREFERENCED_PARAMETER(Flags);
    if (Source->Length > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    Destination->Buffer = RtlpAllocate(Source->Length + sizeof(WCHAR));
    if (Destination->Buffer == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (Source->Length != 0) {
        memcpy(Destination->Buffer, Source->Buffer, Source->Length);
    }
    Destination->Buffer[Source->Length / sizeof(WCHAR)] = 0;
    Destination->Length = Source->Length;
    Destination->MaximumLength = Source->Length + sizeof(WCHAR);
    return STATUS_SUCCESS;
}

VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING String)
{
    RtlpFree(String->Buffer);
    memset(String, 0, sizeof(*String));
}

VOID NTAPI RtlFreeAnsiString(PANSI_STRING String)
{
    RtlpFree(String->Buffer);
    memset(String, 0, sizeof(*String));
}

NTSTATUS NTAPI RtlAnsiStringToUnicodeString(
    PUNICODE_STRING Destination, PCANSI_STRING Source, BOOLEAN Allocate)
{
    ULONG Size = RtlAnsiStringToUnicodeSize(Source);
    ULONG Written;

    if (Size > UNICODE_STRING_MAX_BYTES) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (Allocate) {
        Destination->Buffer = RtlpAllocate(Size);
        if (Destination->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        Destination->MaximumLength = (USHORT)Size;
    } else if (Size > Destination->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    (void)RtlMultiByteToUnicodeN(
        Destination->Buffer, Size, &Written, Source->Buffer, Source->Length);
    Destination->Length = (USHORT)Written;
    Destination->Buffer[Written / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeStringToAnsiString(
    PANSI_STRING Destination, PCUNICODE_STRING Source, BOOLEAN Allocate)
{
    ULONG Size = RtlUnicodeStringToAnsiSize(Source);
    ULONG Written;

    if (Allocate) {
        Destination->Buffer = RtlpAllocate(Size);
        if (Destination->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        Destination->MaximumLength = (USHORT)Size;
    } else if (Size > Destination->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    (void)RtlUnicodeToMultiByteN(
        Destination->Buffer, Size - 1, &Written, Source->Buffer, Source->Length);
    Destination->Length = (USHORT)Written;
    Destination->Buffer[Written] = 0;
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI RtlCreateUnicodeStringFromAsciiz(PUNICODE_STRING Destination, LPCSTR Source)
{
    ANSI_STRING Ansi;

    RtlInitAnsiString(&Ansi, Source);
    return NT_SUCCESS(RtlAnsiStringToUnicodeString(Destination, &Ansi, TRUE));
}
