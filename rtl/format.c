/* SPDX-License-Identifier: MIT */
/*
 * Formatted printing.  RtlFormatV knows no device: each character goes to a
 * callback, which the serial port, the bugcheck screen and buffers provide.  It
 * neither allocates nor locks, so it works at any IRQL and while crashing.
 *
 * inc/rtl.h lists the conversions.
 */
#include "rtl.h"

#define RTLP_NO_PRECISION   (-1)
#define RTLP_MAXIMUM_FIELD  4096 /* widths and precisions from hostile text */
#define RTLP_NUMBER_DIGITS  24   /* 64 bits in octal take 22 */

/* Where the text goes, and how much has gone. */
typedef struct _RTLP_SINK {
    PRTL_FORMAT_PUT Put;
    void *Context;
    ULONG Count;
} RTLP_SINK;

/* One conversion, as parsed from between % and its letter. */
typedef struct _RTLP_CONVERSION {
    BOOLEAN Left;      /* - */
    BOOLEAN Zero;      /* 0 */
    BOOLEAN Alternate; /* # */
    CHAR Sign;         /* '+', ' ' or 0: what stands for no minus */
    LONG Width;
    LONG Precision;
    LONG Size; /* bytes of an integer argument */
    BOOLEAN Wide; /* l or w before s, c or Z */
} RTLP_CONVERSION;

static void RtlpPut(RTLP_SINK *Sink, CHAR Character)
{
    Sink->Put(Sink->Context, Character);
    Sink->Count++;
}

static void RtlpPutMany(RTLP_SINK *Sink, CHAR Character, LONG Count)
{
    while (Count-- > 0) {
        RtlpPut(Sink, Character);
    }
}

/* Text of one of two widths, padded with blanks; characters above U+00FF show as '?'. */
static void RtlpPutText(
    RTLP_SINK *Sink, const RTLP_CONVERSION *How, PCSTR Narrow, PCWSTR Wide, LONG Length)
{
    LONG Padding = How->Width - Length;

    if (!How->Left) {
        RtlpPutMany(Sink, ' ', Padding);
    }
    for (LONG i = 0; i < Length; i++) {
        if (Wide == NULL) {
            RtlpPut(Sink, Narrow[i]);
        } else {
            RtlpPut(Sink, (CHAR)(Wide[i] <= 0xFF ? Wide[i] : '?'));
        }
    }
    if (How->Left) {
        RtlpPutMany(Sink, ' ', Padding);
    }
}

/* How much of a string a conversion shows; reads no further than its precision. */
static LONG RtlpTextLength(const RTLP_CONVERSION *How, PCSTR Narrow, PCWSTR Wide)
{
    LONG Limit = How->Precision == RTLP_NO_PRECISION ? INT32_MAX : How->Precision;
    LONG Length = 0;

    while (Length < Limit && (Wide != NULL ? Wide[Length] != 0 : Narrow[Length] != 0)) {
        Length++;
    }
    return Length;
}

static void RtlpPutString(RTLP_SINK *Sink, const RTLP_CONVERSION *How, const void *String)
{
    PCWSTR Wide = How->Wide ? String : NULL;
    PCSTR Narrow = String;

    if (String == NULL) {
        Narrow = "(null)";
    }
    RtlpPutText(Sink, How, Narrow, Wide, RtlpTextLength(How, Narrow, Wide));
}

static void RtlpPutCounted(RTLP_SINK *Sink, const RTLP_CONVERSION *How, PCUNICODE_STRING String)
{
    LONG Length;

    if (String == NULL || (String->Buffer == NULL && String->Length != 0)) {
        RtlpPutText(Sink, How, "(null)", NULL, 6);
        return;
    }
    Length = String->Length / (LONG)sizeof(WCHAR);
    if (How->Precision != RTLP_NO_PRECISION && How->Precision < Length) {
        Length = How->Precision;
    }
    RtlpPutText(Sink, How, NULL, String->Buffer != NULL ? String->Buffer : L"", Length);
}

/* Digits of Value, lowest first; returns how many.  Zero has none. */
static LONG RtlpDigits(CHAR *Digits, ULONGLONG Value, ULONG Base, CHAR Letter)
{
    LONG Count = 0;

    for (; Value != 0; Value /= Base) {
        ULONG Digit = (ULONG)(Value % Base);

        Digits[Count++] = (CHAR)(Digit < 10 ? '0' + Digit : Letter + (Digit - 10));
    }
    return Count;
}

/* Prefix is the sign or "0x"; zeros come between it and the digits. */
static void RtlpPutNumber(RTLP_SINK *Sink, const RTLP_CONVERSION *How, PCSTR Prefix,
    ULONGLONG Value, ULONG Base, CHAR Letter)
{
    CHAR Digits[RTLP_NUMBER_DIGITS];
    LONG Count = RtlpDigits(Digits, Value, Base, Letter);
    LONG PrefixLength = (LONG)strlen(Prefix);
    LONG Wanted = How->Precision == RTLP_NO_PRECISION ? 1 : How->Precision;
    LONG Zeros = Wanted > Count ? Wanted - Count : 0;
    LONG Padding = How->Width - PrefixLength - Zeros - Count;

    if (How->Zero && !How->Left && How->Precision == RTLP_NO_PRECISION && Padding > 0) {
        Zeros += Padding;
        Padding = 0;
    }
    if (!How->Left) {
        RtlpPutMany(Sink, ' ', Padding);
    }
    for (; *Prefix != 0; Prefix++) {
        RtlpPut(Sink, *Prefix);
    }
    RtlpPutMany(Sink, '0', Zeros);
    while (Count-- > 0) {
        RtlpPut(Sink, Digits[Count]);
    }
    if (How->Left) {
        RtlpPutMany(Sink, ' ', Padding);
    }
}

static void RtlpPutSigned(RTLP_SINK *Sink, const RTLP_CONVERSION *How, LONGLONG Value)
{
    CHAR Sign[2] = { Value < 0 ? '-' : How->Sign, 0 };
    ULONGLONG Magnitude = Value < 0 ? 0 - (ULONGLONG)Value : (ULONGLONG)Value;

    RtlpPutNumber(Sink, How, Sign, Magnitude, 10, 'a');
}

static void RtlpPutUnsigned(
    RTLP_SINK *Sink, const RTLP_CONVERSION *How, CHAR Letter, ULONGLONG Value)
{
    PCSTR Prefix = "";

    switch (Letter) {
    case 'u':
        RtlpPutNumber(Sink, How, "", Value, 10, 'a');
        break;
    case 'o':
        RtlpPutNumber(Sink, How, How->Alternate && Value != 0 ? "0" : "", Value, 8, 'a');
        break;
    default:
        if (How->Alternate && Value != 0) {
            Prefix = Letter == 'X' ? "0X" : "0x";
        }
        RtlpPutNumber(Sink, How, Prefix, Value, 16, Letter == 'X' ? 'A' : 'a');
        break;
    }
}

static PCSTR RtlpParseFlags(PCSTR Format, RTLP_CONVERSION *How)
{
    for (;; Format++) {
        switch (*Format) {
        case '-':
            How->Left = TRUE;
            break;
        case '0':
            How->Zero = TRUE;
            break;
        case '#':
            How->Alternate = TRUE;
            break;
        case '+':
            How->Sign = '+';
            break;
        case ' ':
            How->Sign = How->Sign == 0 ? ' ' : How->Sign;
            break;
        default:
            return Format;
        }
    }
}

static PCSTR RtlpParseNumber(PCSTR Format, LONG *Number)
{
    *Number = 0;
    while (*Format >= '0' && *Format <= '9') {
        *Number = *Number * 10 + (*Format++ - '0');
        if (*Number > RTLP_MAXIMUM_FIELD) {
            *Number = RTLP_MAXIMUM_FIELD;
        }
    }
    return Format;
}

static PCSTR RtlpParseSize(PCSTR Format, RTLP_CONVERSION *How)
{
    switch (*Format) {
    case 'h':
        How->Size = Format[1] == 'h' ? 1 : 2;
        return Format + (Format[1] == 'h' ? 2 : 1);
    case 'l':
        How->Wide = TRUE;
        How->Size = Format[1] == 'l' ? 8 : 4;
        return Format + (Format[1] == 'l' ? 2 : 1);
    case 'w':
        How->Wide = TRUE;
        return Format + 1;
    case 'z':
        How->Size = sizeof(SIZE_T);
        return Format + 1;
    default:
        return Format;
    }
}

/* A va_list that can be handed down and advanced by the callee. */
typedef struct _RTLP_ARGUMENTS {
    va_list List;
} RTLP_ARGUMENTS;

/* Width or precision: digits, or * for an argument. */
static PCSTR RtlpParseField(PCSTR Format, LONG *Number, RTLP_ARGUMENTS *Arguments)
{
    LONG Value;

    if (*Format != '*') {
        return RtlpParseNumber(Format, Number);
    }
    Value = va_arg(Arguments->List, int);
    if (Value > RTLP_MAXIMUM_FIELD) {
        Value = RTLP_MAXIMUM_FIELD;
    }
    *Number = Value < -RTLP_MAXIMUM_FIELD ? -RTLP_MAXIMUM_FIELD : Value;
    return Format + 1;
}

static PCSTR RtlpParse(PCSTR Format, RTLP_CONVERSION *How, RTLP_ARGUMENTS *Arguments)
{
    *How = (RTLP_CONVERSION){ .Precision = RTLP_NO_PRECISION, .Size = 4 };
    Format = RtlpParseFlags(Format, How);
    Format = RtlpParseField(Format, &How->Width, Arguments);
    if (How->Width < 0) {
        How->Left = TRUE; /* a negative * means the flag - */
        How->Width = -How->Width;
    }
    if (*Format == '.') {
        Format = RtlpParseField(Format + 1, &How->Precision, Arguments);
        if (How->Precision < 0) {
            How->Precision = RTLP_NO_PRECISION;
        }
    }
    return RtlpParseSize(Format, How);
}

static ULONGLONG RtlpTakeUnsigned(const RTLP_CONVERSION *How, RTLP_ARGUMENTS *Arguments)
{
    ULONG Value;

    if (How->Size == 8) {
        return va_arg(Arguments->List, unsigned long long);
    }
    Value = va_arg(Arguments->List, unsigned int);
    return How->Size == 4 ? Value : Value & ((1u << (How->Size * 8)) - 1);
}

static LONGLONG RtlpTakeSigned(const RTLP_CONVERSION *How, RTLP_ARGUMENTS *Arguments)
{
    LONG Value;

    if (How->Size == 8) {
        return va_arg(Arguments->List, long long);
    }
    Value = va_arg(Arguments->List, int);
    switch (How->Size) {
    case 1:
        return (signed char)Value;
    case 2:
        return (SHORT)Value;
    default:
        return Value;
    }
}

/* %p, or %pZ for a counted string; returns what follows it. */
static PCSTR RtlpPutPointer(
    RTLP_SINK *Sink, RTLP_CONVERSION *How, PCSTR Format, const void *Pointer)
{
    if (*Format == 'Z') {
        RtlpPutCounted(Sink, How, Pointer);
        return Format + 1;
    }
    How->Precision = 2 * sizeof(Pointer);
    RtlpPutNumber(Sink, How, "", (ULONG_PTR)Pointer, 16, 'a');
    return Format;
}

/* Carry out one conversion; Format is at its letter.  Returns what follows it. */
static PCSTR RtlpConvert(
    RTLP_SINK *Sink, RTLP_CONVERSION *How, PCSTR Format, RTLP_ARGUMENTS *Arguments)
{
    CHAR Letter = *Format++;
    WCHAR Character;

    switch (Letter) {
    case 'd':
    case 'i':
        RtlpPutSigned(Sink, How, RtlpTakeSigned(How, Arguments));
        return Format;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        RtlpPutUnsigned(Sink, How, Letter, RtlpTakeUnsigned(How, Arguments));
        return Format;
    case 'p':
        return RtlpPutPointer(Sink, How, Format, va_arg(Arguments->List, void *));
    case 'c':
        Character = (WCHAR)va_arg(Arguments->List, int);
        if (!How->Wide) {
            Character = (UCHAR)Character;
        }
        RtlpPutText(Sink, How, NULL, &Character, 1);
        return Format;
    case 'S':
        How->Wide = TRUE;
        RtlpPutString(Sink, How, va_arg(Arguments->List, const void *));
        return Format;
    case 's':
        RtlpPutString(Sink, How, va_arg(Arguments->List, const void *));
        return Format;
    case 'Z':
        RtlpPutCounted(Sink, How, va_arg(Arguments->List, PCUNICODE_STRING));
        return Format;
    case '%':
        RtlpPut(Sink, '%');
        return Format;
    case 0:
        return Format - 1; /* the format ends in the middle of a conversion */
    default:
        RtlpPut(Sink, Letter); /* unknown: show it, take no argument */
        return Format;
    }
}

ULONG RtlFormatV(PRTL_FORMAT_PUT Put, void *Context, PCSTR Format, va_list Arguments)
{
    RTLP_SINK Sink = { .Put = Put, .Context = Context };
    RTLP_ARGUMENTS Copy;

    va_copy(Copy.List, Arguments);
    while (*Format != 0) {
        RTLP_CONVERSION How;

        if (*Format != '%') {
            RtlpPut(&Sink, *Format++);
            continue;
        }
        Format = RtlpParse(Format + 1, &How, &Copy);
        Format = RtlpConvert(&Sink, &How, Format, &Copy);
    }
    va_end(Copy.List);
    return Sink.Count;
}

/* A buffer that takes what fits and leaves room for the terminator. */
typedef struct _RTLP_BUFFER {
    PCHAR Next;
    PCHAR Last;
} RTLP_BUFFER;

static void RtlpPutInBuffer(void *Context, CHAR Character)
{
    RTLP_BUFFER *Buffer = Context;

    if (Buffer->Next < Buffer->Last) {
        *Buffer->Next++ = Character;
    }
}

ULONG RtlStringFormatV(PCHAR Buffer, SIZE_T Size, PCSTR Format, va_list Arguments)
{
    RTLP_BUFFER Target = { .Next = Buffer, .Last = Size != 0 ? Buffer + Size - 1 : Buffer };
    ULONG Length = RtlFormatV(RtlpPutInBuffer, &Target, Format, Arguments);

    if (Size != 0) {
        *Target.Next = 0;
    }
    return Length;
}

ULONG RtlStringFormat(PCHAR Buffer, SIZE_T Size, PCSTR Format, ...)
{
    va_list Arguments;
    ULONG Length;

    va_start(Arguments, Format);
    Length = RtlStringFormatV(Buffer, Size, Format, Arguments);
    va_end(Arguments);
    return Length;
}
