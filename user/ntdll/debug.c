/* SPDX-License-Identifier: MIT */
/*
 * Talking to whoever watches: text on the system's debug console, breakpoints.
 */
#include "user/ntdll/ntdllp.h"

#define RTLP_DEBUG_TEXT 512 /* characters of one DbgPrint, as on NT */

ULONG __cdecl DbgPrint(PCSTR Format, ...)
{
    CHAR Text[RTLP_DEBUG_TEXT];
    WCHAR Wide[RTLP_DEBUG_TEXT];
    UNICODE_STRING String = {.MaximumLength = sizeof(Wide), .Buffer = Wide};
    ULONG Written;
    va_list Arguments;

    va_start(Arguments, Format);
    (void)RtlStringFormatV(Text, sizeof(Text), Format, Arguments);
    va_end(Arguments);
    (void)RtlMultiByteToUnicodeN(Wide, sizeof(Wide), &Written, Text, strlen(Text));
    String.Length = (USHORT)Written;
    return (ULONG)NtDisplayString(&String);
}

VOID NTAPI DbgBreakPoint(VOID)
{
    __asm__ volatile("int3");
}
