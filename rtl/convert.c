/* SPDX-License-Identifier: MIT */
/*
 * Text between UTF-16, the ANSI code page and numbers.
 *
 * The ANSI code page is ISO 8859-1, so that a byte and its code point are the
 * same number; what does not fit becomes '?'.  NT has code page 1252 or another
 * that an installation chooses.
 */
#include "rtl.h"

NTSTATUS NTAPI RtlUnicodeToMultiByteN(
    PCHAR MultiByte, ULONG MultiByteSize, PULONG BytesWritten, PCWSTR Unicode, ULONG UnicodeSize)
{
    ULONG Count = UnicodeSize / sizeof(WCHAR);

    if (Count > MultiByteSize) {
        Count = MultiByteSize;
    }
    for (ULONG i = 0; i < Count; i++) {
        MultiByte[i] = (CHAR)(Unicode[i] <= 0xFF ? Unicode[i] : '?');
    }
    if (BytesWritten != NULL) {
        *BytesWritten = Count;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlMultiByteToUnicodeN(
    PWSTR Unicode, ULONG UnicodeSize, PULONG BytesWritten, PCSTR MultiByte, ULONG MultiByteSize)
{
    ULONG Count = UnicodeSize / sizeof(WCHAR);

    if (Count > MultiByteSize) {
        Count = MultiByteSize;
    }
    for (ULONG i = 0; i < Count; i++) {
        Unicode[i] = (UCHAR)MultiByte[i];
    }
    if (BytesWritten != NULL) {
        *BytesWritten = Count * sizeof(WCHAR);
    }
    return STATUS_SUCCESS;
}

/* Text being parsed, of either width; reads as zeros at the end. */
typedef struct _RTLP_TEXT {
    PCSTR Narrow; /* zero-terminated, or NULL */
    PCWSTR Wide;
    ULONG WideCount;
} RTLP_TEXT;

static WCHAR RtlpPeek(const RTLP_TEXT *Text)
{
    if (Text->Narrow != NULL) {
        return (UCHAR)*Text->Narrow;
    }
    return Text->WideCount != 0 ? *Text->Wide : 0;
}

/* Only after RtlpPeek has shown a character. */
static void RtlpAdvance(RTLP_TEXT *Text)
{
    if (Text->Narrow != NULL) {
        Text->Narrow++;
    } else {
        Text->Wide++;
        Text->WideCount--;
    }
}

static ULONG RtlpDigitValue(WCHAR Character)
{
    if (Character >= '0' && Character <= '9') {
        return Character - '0';
    }
    Character |= 0x20;
    return Character >= 'a' && Character <= 'f' ? Character - 'a' + 10u : 0xFFFFFFFFu;
}

/* Base 0: skip a prefix and return the base it means; without one, 10. */
static ULONG RtlpTakeBase(RTLP_TEXT *Text)
{
    RTLP_TEXT Ahead = *Text;
    ULONG Base;

    if (RtlpPeek(&Ahead) != '0') {
        return 10;
    }
    RtlpAdvance(&Ahead);
    switch (RtlpPeek(&Ahead)) {
    case 'x':
        Base = 16;
        break;
    case 'o':
        Base = 8;
        break;
    case 'b':
        Base = 2;
        break;
    default:
        return 10;
    }
    RtlpAdvance(&Ahead);
    *Text = Ahead;
    return Base;
}

/* Blanks, sign, prefix, digits; stops at what is no digit.  Overflow wraps, as on NT. */
static NTSTATUS RtlpParseInteger(RTLP_TEXT Text, ULONG Base, PULONG Value)
{
    BOOLEAN Negative = FALSE;
    ULONG Sum = 0;

    if (Base != 0 && Base != 2 && Base != 8 && Base != 10 && Base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    while (RtlpPeek(&Text) != 0 && RtlpPeek(&Text) <= ' ') {
        RtlpAdvance(&Text);
    }
    if (RtlpPeek(&Text) == '-' || RtlpPeek(&Text) == '+') {
        Negative = RtlpPeek(&Text) == '-';
        RtlpAdvance(&Text);
    }
    if (Base == 0) {
        Base = RtlpTakeBase(&Text);
    }
    while (RtlpDigitValue(RtlpPeek(&Text)) < Base) {
        Sum = Sum * Base + RtlpDigitValue(RtlpPeek(&Text));
        RtlpAdvance(&Text);
    }
    *Value = Negative ? 0 - Sum : Sum;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlCharToInteger(PCSTR String, ULONG Base, PULONG Value)
{
    return RtlpParseInteger((RTLP_TEXT){ .Narrow = String }, Base, Value);
}

NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
    RTLP_TEXT Text = { .Wide = String->Buffer, .WideCount = String->Length / sizeof(WCHAR) };

    return RtlpParseInteger(Text, Base, Value);
}
