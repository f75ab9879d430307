/* SPDX-License-Identifier: MIT */
/*
 * Reporting user mode's steps to the kernel's trace (phases 1, 4 and 6).
 */
#include "user/ntdll/ntdllp.h"

/* Appends String to Text, cut to what is left; returns the new length, zero included. */
static ULONG RtlpAppendTraceText(PNT_TRACE_FIELDS Fields, ULONG Length, PCSTR String)
{
    while (*String != 0 && Length < TRACE_MAX_TEXT - 1) {
        Fields->Text[Length++] = *String++;
    }
    if (Length < TRACE_MAX_TEXT) {
        Fields->Text[Length++] = 0;
    }
    return Length;
}

VOID NTAPI NascentTraceImageName(PCUNICODE_STRING Path, PCHAR Buffer, ULONG Size)
{
    ULONG End = Path->Length / sizeof(WCHAR);
    ULONG Start = End;
    ULONG Written;

    while (Start > 0 && Path->Buffer[Start - 1] != L'\\') {
        Start--;
    }
    (void)RtlUnicodeToMultiByteN(
        Buffer, Size - 1, &Written, Path->Buffer + Start, (End - Start) * sizeof(WCHAR));
    Buffer[Written] = 0;
}

/* Before the loader has normalised the parameters the process has no name yet. */
static VOID RtlpOwnImageName(PCHAR Buffer, ULONG Size)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;

    Buffer[0] = 0;
    if (Parameters != NULL && (Parameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED) != 0) {
        NascentTraceImageName(&Parameters->ImagePathName, Buffer, Size);
    }
}

VOID __cdecl NascentTraceEvent(
    TRACE_EVENT_ID Event, PCSTR Image, PCSTR Second, ULONG ArgumentCount, ...)
{
    NT_TRACE_FIELDS Fields;
    CHAR Own[TRACE_MAX_TEXT];
    ULONG Length;
    va_list Arguments;

    if (Image == NULL) {
        RtlpOwnImageName(Own, sizeof(Own));
        Image = Own;
    }
    Length = RtlpAppendTraceText(&Fields, 0, Image);
    (void)RtlpAppendTraceText(&Fields, Length, Second != NULL ? Second : "");
    Fields.ArgumentCount
        = ArgumentCount < TRACE_MAX_ARGUMENTS ? ArgumentCount : TRACE_MAX_ARGUMENTS;
    va_start(Arguments, ArgumentCount);
    for (ULONG i = 0; i < Fields.ArgumentCount; i++) {
        Fields.Arguments[i] = va_arg(Arguments, ULONG);
    }
    va_end(Arguments);
    /* Nobody looks behind the second string and the last argument. */
    (void)NtTraceEvent(NULL, Event, sizeof(Fields), &Fields);
}
