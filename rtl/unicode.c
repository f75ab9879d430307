/* SPDX-License-Identifier: MIT */
/*
 * Counted UTF-16 strings: initialise, compare, copy, append, hash.
 *
 * Case folding is exact for U+0000..U+00FF and the identity above, where NT
 * uses a table with the simple mappings of all of the BMP.
 *
 * Next: convert.c, which leaves UTF-16.
 */
#include "rtl.h"

#define RTLP_HASH_MULTIPLIER 65599

VOID NTAPI RtlInitAnsiString(PANSI_STRING Destination, PCSTR Source)
{
    SIZE_T Length = Source != NULL ? strnlen(Source, 0xFFFE) : 0;

    Destination->Length = (USHORT)Length;
    Destination->MaximumLength = (USHORT)(Source != NULL ? Length + 1 : 0);
    Destination->Buffer = (PCHAR)Source;
}

VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING Destination, PCWSTR Source)
{
    SIZE_T Length = Source != NULL ? wcslen(Source) * sizeof(WCHAR) : 0;
    const SIZE_T Limit = UNICODE_STRING_MAX_BYTES - sizeof(WCHAR);

    if (Length > Limit) {
        Length = Limit;
    }
    Destination->Length = (USHORT)Length;
    Destination->MaximumLength = (USHORT)(Source != NULL ? Length + sizeof(WCHAR) : 0);
    Destination->Buffer = (PWSTR)Source;
}

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR Character)
{
    if (Character < 'a') {
        return Character;
    }
    if (Character <= 'z') {
        return (WCHAR)(Character - 0x20);
    }
    if (Character >= 0xE0 && Character <= 0xFE && Character != 0xF7) {
        return (WCHAR)(Character - 0x20);
    }
    return Character == 0xFF ? 0x0178 : Character; /* y with diaeresis */
}

WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR Character)
{
    if (Character < 'A') {
        return Character;
    }
    if (Character <= 'Z') {
        return (WCHAR)(Character + 0x20);
    }
    if (Character >= 0xC0 && Character <= 0xDE && Character != 0xD7) {
        return (WCHAR)(Character + 0x20);
    }
    return Character == 0x0178 ? 0xFF : Character;
}

/* Difference of the first characters that differ within Count, or 0. */
static LONG RtlpCompareCharacters(
    PCWSTR First, PCWSTR Second, ULONG Count, BOOLEAN CaseInsensitive)
{
    for (ULONG i = 0; i < Count; i++) {
        WCHAR One = First[i];
        WCHAR Two = Second[i];

        if (One != Two && CaseInsensitive) {
            One = RtlUpcaseUnicodeChar(One);
            Two = RtlUpcaseUnicodeChar(Two);
        }
        if (One != Two) {
            return (LONG)One - (LONG)Two;
        }
    }
    return 0;
}

LONG NTAPI RtlCompareUnicodeString(
    PCUNICODE_STRING First, PCUNICODE_STRING Second, BOOLEAN CaseInsensitive)
{
    USHORT Common = First->Length < Second->Length ? First->Length : Second->Length;
    LONG Order = RtlpCompareCharacters(
        First->Buffer, Second->Buffer, Common / sizeof(WCHAR), CaseInsensitive);

    return Order != 0 ? Order : (LONG)First->Length - (LONG)Second->Length;
}

BOOLEAN NTAPI RtlEqualUnicodeString(
    PCUNICODE_STRING First, PCUNICODE_STRING Second, BOOLEAN CaseInsensitive)
{
    return First->Length == Second->Length
        && RtlCompareUnicodeString(First, Second, CaseInsensitive) == 0;
}

BOOLEAN NTAPI RtlPrefixUnicodeString(
    PCUNICODE_STRING First, PCUNICODE_STRING Second, BOOLEAN CaseInsensitive)
{
    return First->Length <= Second->Length
        && RtlpCompareCharacters(First->Buffer, Second->Buffer, First->Length / sizeof(WCHAR),
               CaseInsensitive) == 0;
}

/* Add a terminator if the buffer has room; Length never counts it. */
static void RtlpTerminate(PUNICODE_STRING String)
{
    if ((ULONG)String->Length + sizeof(WCHAR) <= String->MaximumLength) {
        String->Buffer[String->Length / sizeof(WCHAR)] = 0;
    }
}

VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    USHORT Length = Source != NULL ? Source->Length : 0;

    if (Length > Destination->MaximumLength) {
        Length = Destination->MaximumLength & ~1;
    }
    if (Length != 0) {
        memmove(Destination->Buffer, Source->Buffer, Length);
    }
    Destination->Length = Length;
    RtlpTerminate(Destination);
}

NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    UNICODE_STRING String;

    if (Source != NULL && wcslen(Source) * sizeof(WCHAR) > Destination->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlInitUnicodeString(&String, Source);
    return RtlAppendUnicodeStringToString(Destination, &String);
}

NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    if ((ULONG)Destination->Length + Source->Length > Destination->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (Source->Length != 0) {
        memmove((PUCHAR)Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
        Destination->Length = (USHORT)(Destination->Length + Source->Length);
    }
    RtlpTerminate(Destination);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlHashUnicodeString(
    PCUNICODE_STRING String, BOOLEAN CaseInsensitive, ULONG HashAlgorithm, PULONG HashValue)
{
    ULONG Hash = 0;

    if (HashAlgorithm > HASH_STRING_ALGORITHM_X65599) {
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG i = 0; i < String->Length / sizeof(WCHAR); i++) {
        WCHAR Character = String->Buffer[i];

        Hash = Hash * RTLP_HASH_MULTIPLIER
            + (CaseInsensitive ? RtlUpcaseUnicodeChar(Character) : Character);
    }
    *HashValue = Hash;
    return STATUS_SUCCESS;
}
